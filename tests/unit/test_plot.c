/*
 * The drawing surface, the font and the grid of predictions: sizes, clipping,
 * exact pixels, and one digest, so that a change of bytes is a decision.
 */
#include "plot/predictions.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plot/font.h"

#include "check.h"

static uint32_t pixel(const struct lep_canvas *c, int64_t x, int64_t y)
{
	const uint8_t *p = c->pixels + (y * c->width + x) * 3;

	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static int64_t count_colour(const struct lep_canvas *c, uint32_t colour)
{
	int64_t n = 0;

	for (int64_t i = 0; i < c->width * c->height; i++)
		n += pixel(c, i, 0) == colour;
	return n;
}

/* FNV-1a */
static uint64_t digest(const struct lep_canvas *c)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (int64_t i = 0; i < c->width * c->height * 3; i++)
		h = (h ^ c->pixels[i]) * 0x100000001b3u;
	return h;
}

static void canvas_sizes(void)
{
	static const int64_t bad[][2] = {
	        {0, 1}, {1, 0}, {-1, 5}, {LEP_CANVAS_MAX + 1, 1}, {INT64_MAX, INT64_MAX}};
	struct lep_canvas c;
	struct lep_error e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(lep_canvas_init(&c, bad[i][0], bad[i][1], 0, &e) == LEP_ERR_USAGE);
		CHECK(c.pixels == NULL);
		lep_canvas_release(&c);
	}
	CHECK(lep_canvas_init(&c, 3, 2, 0x123456, &e) == LEP_OK);
	CHECK(count_colour(&c, 0x123456) == 6);
	lep_canvas_release(&c);
}

static void canvas_clips(void)
{
	static const uint8_t gray[4] = {10, 20, 30, 40};
	struct lep_bitmap b = {gray, 2, 2, 1};
	struct lep_canvas c;

	CHECK(lep_canvas_init(&c, 8, 6, 0xffffff, NULL) == LEP_OK);
	lep_canvas_fill(&c, -5, -5, 7, 6, 0xff0000);
	CHECK(count_colour(&c, 0xff0000) == 2);
	CHECK(pixel(&c, 1, 0) == 0xff0000 && pixel(&c, 2, 0) == 0xffffff);
	lep_canvas_fill(&c, 7, 5, INT64_MAX, INT64_MAX, 0x0000ff);
	CHECK(count_colour(&c, 0x0000ff) == 1);
	lep_canvas_fill(&c, INT64_MIN, 0, INT64_MAX, 1, 0);
	lep_canvas_fill(&c, 0, 0, -1, 3, 0);
	lep_canvas_fill(&c, 8, 0, 3, 3, 0);
	lep_canvas_outline(&c, 0, 0, 0, 5, 0);
	CHECK(count_colour(&c, 0) == 0);
	lep_canvas_enlarge(&c, 5, 3, &b, 2);
	CHECK(pixel(&c, 5, 3) == 0x0a0a0a && pixel(&c, 6, 4) == 0x0a0a0a);
	CHECK(pixel(&c, 7, 3) == 0x141414 && pixel(&c, 5, 5) == 0x1e1e1e);
	CHECK(pixel(&c, 7, 5) == 0x282828 && pixel(&c, 4, 3) == 0xffffff);
	lep_canvas_enlarge(&c, -3, -3, &b, 2);
	CHECK(pixel(&c, 0, 0) == 0x282828);
	lep_canvas_release(&c);
}

static void canvas_ignores_what_is_no_picture(void)
{
	static const uint8_t bytes[16];
	static const struct lep_bitmap bad[] = {{NULL, 2, 2, 1}, {bytes, 0, 2, 1}, {bytes, 2, 0, 3},
	        {bytes, -2, 2, 1}, {bytes, 2, 2, 4}, {bytes, 2, 2, 0},
	        {bytes, INT64_MAX, INT64_MAX, 3}, {bytes, (int64_t)1 << 30, (int64_t)1 << 30, 1}};
	struct lep_canvas c;

	CHECK(lep_canvas_init(&c, 4, 4, 0xffffff, NULL) == LEP_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(!lep_bitmap_usable(&bad[i]));
		lep_canvas_enlarge(&c, 0, 0, &bad[i], 1);
		lep_canvas_reduce(&c, 0, 0, &bad[i], 1, 1);
	}
	CHECK(count_colour(&c, 0xffffff) == 16);
	lep_canvas_release(&c);
}

static void canvas_reduces_by_area(void)
{
	/* 3 x 2 to 2 x 1: the middle column counts half to each side */
	static const uint8_t rgb[18] = {255, 0, 0, /**/ 0, 90, 0, /**/ 0, 0, 30, /**/ 255, 0, 0,
	        /**/ 0, 90, 0, /**/ 0, 0, 60};
	static const uint8_t gray[4] = {1, 2, 3, 4};
	struct lep_bitmap b = {rgb, 3, 2, 3}, g = {gray, 2, 2, 1};
	struct lep_canvas c;

	CHECK(lep_canvas_init(&c, 2, 2, 0, NULL) == LEP_OK);
	lep_canvas_reduce(&c, 0, 0, &b, 2, 1);
	CHECK(pixel(&c, 0, 0) == 0xaa1e00);
	CHECK(pixel(&c, 1, 0) == 0x001e1e);
	lep_canvas_reduce(&c, 0, 1, &g, 1, 1); /* 2.5 */
	CHECK(pixel(&c, 0, 1) == 0x030303);
	lep_canvas_reduce(&c, 0, 0, &g, 2, 2);
	CHECK(pixel(&c, 0, 0) == 0x010101 && pixel(&c, 1, 1) == 0x040404);
	lep_canvas_release(&c);
}

static void font_glyphs_differ(void)
{
	struct lep_canvas all[95];
	char text[1];

	for (int i = 0; i < 95; i++) {
		text[0] = (char)(32 + i);
		CHECK(lep_canvas_init(&all[i], 12, LEP_FONT_HEIGHT, 0, NULL) == LEP_OK);
		lep_font_draw(&all[i], 0, 0, text, 1, 1, 0xffffff);
		CHECKF((count_colour(&all[i], 0xffffff) > 0) == (i > 0), "'%c'", 32 + i);
		CHECKF(lep_font_width(text, 1, 1) <= 9, "'%c'", 32 + i);
		for (int k = 0; k < i; k++)
			CHECKF(memcmp(all[k].pixels, all[i].pixels, 12 * LEP_FONT_HEIGHT * 3) != 0,
			        "'%c' and '%c'", 32 + k, 32 + i);
	}
	for (int i = 0; i < 95; i++)
		lep_canvas_release(&all[i]);
}

static void font_measures(void)
{
	CHECK(lep_font_width("", 0, 1) == 0);
	CHECK(lep_font_width("l", 1, 1) == 1);
	CHECK(lep_font_width("08", 2, 1) == 11);
	CHECK(lep_font_width("08", 2, 3) == 33);
}

/* Everything the font has no glyph for is a box as wide as this one. */
static void font_counts_code_points(void)
{
	static const struct {
		const char *text;
		int boxes;
	} cases[] = {{"\x01", 1}, {"\x7f", 1}, {"\xc3\xa9", 1}, {"\xe2\x82\xac", 1},
	        {"\xf0\x9f\x98\x80", 1}, {"\xff", 1}, {"\xc3", 1}, {"\xe2\x82", 2}, {"\xc0\x80", 2},
	        {"\xed\xa0\x80", 3}, {"\xf4\x90\x80\x80", 4}, {"\xc3\xa9\x80\xc3\xa9", 3}};
	int64_t box = lep_font_width("\x01", 1, 1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECKF(lep_font_width(cases[i].text, strlen(cases[i].text), 1) ==
		                cases[i].boxes * (box + 1) - 1,
		        "case %zu", i);
	CHECK(lep_font_width("\xe2\x80\xa6", 3, 1) != box); /* the ellipsis has its own */
}

static void font_fits(void)
{
	const char *text = "automobile \xc3\xa9tage";
	struct lep_buf b = {0};
	size_t n = strlen(text);
	int64_t full = lep_font_width(text, n, 2);

	CHECK(lep_font_fit(&b, text, n, full, 2, NULL) == LEP_OK);
	CHECK(b.len == n && memcmp(b.data, text, n) == 0);
	for (int64_t width = full - 1; width >= 14; width--) {
		lep_buf_clear(&b);
		CHECK(lep_font_fit(&b, text, n, width, 2, NULL) == LEP_OK);
		CHECK(lep_font_width(b.data, b.len, 2) <= width);
		CHECK(b.len >= 3 && memcmp(b.data + b.len - 3, "\xe2\x80\xa6", 3) == 0);
		CHECK(memcmp(b.data, text, b.len - 3) == 0);
		CHECK(b.len < 4 || b.data[b.len - 4] != ' ');
		CHECK(b.len < 4 || (unsigned char)b.data[b.len - 4] != 0xc3);
	}
	lep_buf_clear(&b);
	CHECK(lep_font_fit(&b, text, n, -5, 1, NULL) == LEP_OK);
	CHECK(b.len == 3);
	lep_buf_release(&b);
}

static uint8_t ramp[32 * 32 * 3];

static struct lep_prediction cell(int side, int channels, const char *predicted, const char *truth)
{
	for (size_t i = 0; i < sizeof(ramp); i++)
		ramp[i] = (uint8_t)(i * 5);
	return (struct lep_prediction){{ramp, side, side, channels}, predicted, truth, 0.984};
}

static int draw(struct lep_canvas *c, const struct lep_prediction *p, size_t n)
{
	struct lep_error e;

	return lep_predictions_draw(c, p, n, 5, 5, &e);
}

static void predictions_shape(void)
{
	struct lep_prediction p[26];
	struct lep_canvas c;
	int64_t one_row;

	for (int i = 0; i < 26; i++)
		p[i] = cell(28, 1, "7", "7");
	CHECK(draw(&c, p, 26) == LEP_OK); /* 25 are drawn; 28 x 4 = 112 */
	CHECK(c.width == 5 * (112 + 16) + 16);
	lep_canvas_release(&c);
	CHECK(draw(&c, p, 5) == LEP_OK);
	one_row = c.height;
	lep_canvas_release(&c);
	CHECK(draw(&c, p, 6) == LEP_OK);
	CHECK(c.width == 5 * (112 + 16) + 16 && c.height > one_row + 112);
	lep_canvas_release(&c);
	CHECK(draw(&c, p, 2) == LEP_OK);
	CHECK(c.width == 2 * (112 + 16) + 16 && c.height == one_row);
	lep_canvas_release(&c);
	p[1] = cell(28, 1, "automobile", "automobile"); /* a second line for all */
	CHECK(draw(&c, p, 2) == LEP_OK);
	CHECK(c.height > one_row);
	lep_canvas_release(&c);
}

static void predictions_colours(void)
{
	static const struct {
		const char *predicted, *truth;
		uint32_t colour;
	} cases[] = {{"cat", "cat", LEP_PREDICTIONS_RIGHT}, {"cat", "dog", LEP_PREDICTIONS_WRONG},
	        {"cat", NULL, LEP_PREDICTIONS_UNKNOWN}, {NULL, "dog", LEP_PREDICTIONS_WRONG},
	        {NULL, NULL, LEP_PREDICTIONS_UNKNOWN}, {"", "", LEP_PREDICTIONS_RIGHT}};
	static const uint32_t colours[] = {
	        LEP_PREDICTIONS_RIGHT, LEP_PREDICTIONS_WRONG, LEP_PREDICTIONS_UNKNOWN};
	struct lep_canvas c;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lep_prediction p = cell(28, 1, cases[i].predicted, cases[i].truth);

		CHECK(draw(&c, &p, 1) == LEP_OK);
		for (size_t k = 0; k < 3; k++)
			CHECKF((count_colour(&c, colours[k]) > 0) ==
			                (cases[i].colour == colours[k]),
			        "case %zu colour %zu", i, k);
		lep_canvas_release(&c);
	}
}

/* No ink of a caption outside its own column, however long the names. */
static void predictions_keep_to_their_cells(void)
{
	char name[600];
	struct lep_prediction p[3];
	struct lep_canvas c;

	memset(name, 'W', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	p[0] = p[2] = cell(32, 3, "cat", "cat");
	p[1] = cell(32, 3, name, "dog");
	p[1].truth = name + 1;
	CHECK(draw(&c, p, 3) == LEP_OK);
	for (int64_t y = 0; y < c.height; y++)
		for (int64_t x = 0; x < c.width; x++)
			if (pixel(&c, x, y) == LEP_PREDICTIONS_WRONG)
				CHECKF(x >= 16 + 144 - 4 && x < 16 + 144 + 128 + 4, "x %d", (int)x);
	CHECK(count_colour(&c, LEP_PREDICTIONS_WRONG) > 100);
	lep_canvas_release(&c);
}

static void predictions_of_odd_pictures(void)
{
	static uint8_t wide[3000];
	struct lep_prediction p[6];
	struct lep_canvas c;

	for (int i = 0; i < 6; i++)
		p[i] = cell(28, 1, "7", NULL);
	p[0].picture.width = 0;
	p[1].picture.pixels = NULL;
	p[2].picture = (struct lep_bitmap){wide, 3000, 1, 1};
	p[3].picture = (struct lep_bitmap){wide, 1, 1000, 3};
	p[4].picture = (struct lep_bitmap){wide, INT64_MAX, INT64_MAX, 3};
	p[5].picture = (struct lep_bitmap){wide, 1, 1, 1};
	p[0].probability = NAN;
	p[1].probability = -1;
	p[2].probability = INFINITY;
	CHECK(draw(&c, p, 6) == LEP_OK);
	CHECK(c.width == 5 * (128 + 16) + 16);
	CHECK(count_colour(&c, 0) == 128 + 128 + 128 * 128);
	lep_canvas_release(&c);
}

static void predictions_refuse(void)
{
	static const int bad[][2] = {{0, 5}, {5, 0}, {-1, 5}, {65, 5}, {5, 1000000}};
	struct lep_prediction p = cell(28, 1, "7", "7");
	struct lep_canvas c;
	struct lep_error e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(lep_predictions_draw(&c, &p, 1, bad[i][0], bad[i][1], &e) == LEP_ERR_USAGE);
		CHECK(c.pixels == NULL);
	}
	CHECK(lep_predictions_draw(&c, &p, 0, 5, 5, &e) == LEP_ERR_USAGE);
	CHECK(strcmp(e.text, "no pictures to draw") == 0);
}

static void predictions_bytes(void)
{
	struct lep_prediction p[4];
	struct lep_canvas c;

	p[0] = cell(28, 1, "automobile", "automobile");
	p[1] = cell(32, 3, "cat", "dog");
	p[2] = cell(30, 1, "ship", NULL);
	p[3] = cell(9, 3, "a rather longer name of a class", "\xc3\xa9tage");
	CHECK(lep_predictions_draw(&c, p, 4, 2, 2, NULL) == LEP_OK);
	CHECKF(digest(&c) == 0x8b4d85e031c7a644u, "%016llx", (unsigned long long)digest(&c));
	lep_canvas_release(&c);
}

int main(void)
{
	RUN(canvas_sizes);
	RUN(canvas_clips);
	RUN(canvas_ignores_what_is_no_picture);
	RUN(canvas_reduces_by_area);
	RUN(font_glyphs_differ);
	RUN(font_measures);
	RUN(font_counts_code_points);
	RUN(font_fits);
	RUN(predictions_shape);
	RUN(predictions_colours);
	RUN(predictions_keep_to_their_cells);
	RUN(predictions_of_odd_pictures);
	RUN(predictions_refuse);
	RUN(predictions_bytes);
	return CHECK_END();
}
