/*
 * PNG in every colour type, depth, interlacing and transparency against values
 * worked out here in floating point; damage; PNG out.
 */
#include "check.h"

#include <math.h>

#include "data/image.h"
#include "pictures.h"

static struct lep_error err;

static const uint8_t background[3] = {200, 30, 90};

/* Samples of one pixel as fractions of their maximum, and its alpha. */
static void pixel(const struct make_png *m, const uint16_t *s, double c[3], double *alpha,
	uint32_t *max)
{
	int colour = m->type == PNG_COLOR_TYPE_RGB || m->type == PNG_COLOR_TYPE_RGB_ALPHA;

	*max = (1u << m->depth) - 1;
	*alpha = 1;
	if (m->type == PNG_COLOR_TYPE_PALETTE) {
		*max = 255;
		c[0] = m->palette[s[0]].red / 255.0;
		c[1] = m->palette[s[0]].green / 255.0;
		c[2] = m->palette[s[0]].blue / 255.0;
		if (s[0] < m->alpha_count)
			*alpha = m->alphas[s[0]] / 255.0;
		return;
	}
	for (int k = 0; k < 3; k++)
		c[k] = s[colour ? k : 0] / (double)*max;
	if (m->type & PNG_COLOR_MASK_ALPHA)
		*alpha = s[colour ? 3 : 1] / (double)*max;
	if (m->has_key && (colour ? s[0] == m->key.red && s[1] == m->key.green && s[2] == m->key.blue
	                          : s[0] == m->key.gray))
		*alpha = 0;
}

static uint8_t to_gray(const uint8_t c[3])
{
	return (uint8_t)((19595 * c[0] + 38470 * c[1] + 7471 * c[2] + 32768) >> 16);
}

static void expect(const struct make_png *m, const uint16_t *s, int channels, uint8_t out[3])
{
	int gray = !(m->type & PNG_COLOR_MASK_COLOR);
	uint8_t on[3] = {background[0], background[1], background[2]};
	double c[3], a;
	uint32_t max;

	if (gray && channels == 1)
		on[0] = on[1] = on[2] = to_gray(background);
	pixel(m, s, c, &a, &max);
	for (int k = 0; k < 3; k++)
		out[k] = (uint8_t)floor(255 * (c[k] * a + on[k] / 255.0 * (1 - a)) + 0.5 + 1e-9);
	if (channels == 1 && !gray)
		out[0] = to_gray(out);
}

static void check_pixels(struct lep_decoder *d, const struct make_png *m,
	const struct lep_buf *file, int channels)
{
	struct lep_decode_options o = {.channels = channels};
	int gray = !(m->type & PNG_COLOR_MASK_COLOR), n = channels ? channels : gray ? 1 : 3;
	size_t per = (size_t)png_samples(m->type);
	struct lep_image im = {0};

	memcpy(o.background, background, 3);
	CHECKF(lep_decoder_run(d, &im, file->data, file->len, &o, &err) == 0, "%s", err.text);
	CHECK(im.width == m->width && im.height == m->height && im.channels == n);
	for (size_t i = 0; i < (size_t)m->width * m->height; i++) {
		uint8_t want[3];

		expect(m, m->samples + i * per, n, want);
		for (int k = 0; k < n; k++)
			CHECKF(im.pixels[i * (size_t)n + (size_t)k] == want[k],
			       "type %d depth %d interlaced %d %ux%u key %d pixel %zu.%d: %d, not %d",
			       m->type, m->depth, m->interlaced, m->width, m->height, m->has_key, i, k,
			       im.pixels[i * (size_t)n + (size_t)k], want[k]);
	}
	lep_image_release(&im);
}

static void one_type(int type, int depth, int transparent)
{
	static const uint32_t sizes[][2] = {{1, 1}, {2, 3}, {9, 1}, {1, 9}, {4, 4}, {17, 13}, {33, 8}};
	uint16_t samples[33 * 17 * 4];
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0};
	png_color palette[256];
	uint8_t alphas[256];

	for (int i = 0; i < 256; i++) {
		palette[i] = (png_color){(uint8_t)pictures_random(), (uint8_t)pictures_random(),
		                         (uint8_t)pictures_random()};
		alphas[i] = (uint8_t)(i % 3 ? pictures_random() : 0);
	}
	for (size_t k = 0; k < 2 * sizeof sizes / sizeof sizes[0]; k++) {
		struct make_png m = {.type = type, .depth = depth, .interlaced = (int)(k & 1),
		                     .width = sizes[k / 2][0], .height = sizes[k / 2][1],
		                     .samples = samples};
		size_t n = m.width * m.height * (size_t)png_samples(type);

		for (size_t i = 0; i < n; i++) {
			samples[i] = (uint16_t)(pictures_random() & ((1u << depth) - 1));
			if (pictures_random() % 5 == 0) /* the ends matter, for alpha above all */
				samples[i] = (uint16_t)(pictures_random() % 2 ? (1u << depth) - 1 : 0);
		}
		if (type == PNG_COLOR_TYPE_PALETTE) {
			m.palette = palette;
			m.colours = 1 << depth;
			m.alphas = transparent ? alphas : NULL;
			m.alpha_count = transparent ? (m.colours + 1) / 2 : 0;
		} else if (transparent) {
			const uint16_t *s = samples + n / (size_t)png_samples(type) / 2 *
			                    (size_t)png_samples(type);

			m.has_key = 1;
			m.key = type == PNG_COLOR_TYPE_GRAY ?
			        (png_color_16){.gray = s[0]} :
			        (png_color_16){.red = s[0], .green = s[1], .blue = s[2]};
		}
		make_png(&file, &m);
		check_pixels(d, &m, &file, 0);
		check_pixels(d, &m, &file, 1);
		check_pixels(d, &m, &file, 3);
	}
	lep_buf_release(&file);
	lep_decoder_free(d);
}

static void all_types(void)
{
	static const struct {
		const char *name;
		int type, depth, transparent;
	} t[] = {
		{"gray 1", 0, 1, 0}, {"gray 2", 0, 2, 0}, {"gray 4", 0, 4, 0}, {"gray 8", 0, 8, 0},
		{"gray 16", 0, 16, 0}, {"gray 1 key", 0, 1, 1}, {"gray 2 key", 0, 2, 1},
		{"gray 4 key", 0, 4, 1}, {"gray 8 key", 0, 8, 1}, {"gray 16 key", 0, 16, 1},
		{"rgb 8", 2, 8, 0}, {"rgb 16", 2, 16, 0}, {"rgb 8 key", 2, 8, 1},
		{"rgb 16 key", 2, 16, 1}, {"palette 1", 3, 1, 0}, {"palette 2", 3, 2, 0},
		{"palette 4", 3, 4, 0}, {"palette 8", 3, 8, 0}, {"palette 1 tRNS", 3, 1, 1},
		{"palette 2 tRNS", 3, 2, 1}, {"palette 4 tRNS", 3, 4, 1}, {"palette 8 tRNS", 3, 8, 1},
		{"gray alpha 8", 4, 8, 0}, {"gray alpha 16", 4, 16, 0}, {"rgba 8", 6, 8, 0},
		{"rgba 16", 6, 16, 0},
	};

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		CHECK_CASE(t[i].name, one_type(t[i].type, t[i].depth, t[i].transparent));
}

/* 12 x 10, a little of everything a decoder goes through */
static void small(struct lep_buf *file, int type, int interlaced)
{
	static const png_color palette[4] = {{1, 2, 3}, {90, 80, 70}, {255, 0, 9}, {4, 200, 100}};
	static const uint8_t alphas[2] = {0, 128};
	uint16_t samples[120 * 4];
	struct make_png m = {.type = type, .depth = 8, .interlaced = interlaced, .width = 12,
	                     .height = 10, .samples = samples};

	for (int i = 0; i < 480; i++)
		samples[i] = (uint16_t)(pictures_random() & 255);
	if (type == PNG_COLOR_TYPE_PALETTE) {
		m.depth = 2;
		m.palette = palette;
		m.colours = 4;
		m.alphas = alphas;
		m.alpha_count = 2;
		for (int i = 0; i < 120; i++)
			samples[i] &= 3;
	}
	make_png(file, &m);
}

static const int small_types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_RGB,
	PNG_COLOR_TYPE_PALETTE, PNG_COLOR_TYPE_RGB_ALPHA};

/* Cut bytes are copied to their own allocation, so that a sanitizer sees any
 * step beyond. */
static int decode_copy(struct lep_decoder *d, const void *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct lep_image im = {0};
	int rc;

	memcpy(copy, data, len);
	err.text[0] = '\0';
	rc = lep_decoder_run(d, &im, copy, len, NULL, &err);
	if (rc && im.width)
		rc = 1; /* not as documented */
	lep_image_release(&im);
	free(copy);
	return rc;
}

static void cut_anywhere(void)
{
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0};

	for (int k = 0; k < 8; k++) {
		small(&file, small_types[k / 2], k & 1);
		for (size_t n = 0; n < file.len; n++) {
			CHECKF(decode_copy(d, file.data, n) == LEP_ERR_DATA, "type %d cut at %zu",
			       small_types[k / 2], n);
			CHECKF(strstr(err.text, n ? "truncated PNG" : "empty"), "cut at %zu: %s", n,
			       err.text);
		}
		CHECK(decode_copy(d, file.data, file.len) == 0);
	}
	lep_buf_release(&file);
	lep_decoder_free(d);
}

static void one_bit(void)
{
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0};

	for (int k = 0; k < 8; k++) {
		small(&file, small_types[k / 2], k & 1);
		for (size_t i = 0; i < file.len * 8; i++) {
			file.data[i / 8] = (char)(file.data[i / 8] ^ 1 << i % 8);
			CHECKF(decode_copy(d, file.data, file.len) == LEP_ERR_DATA && err.text[0],
			       "type %d bit %zu", small_types[k / 2], i);
			file.data[i / 8] = (char)(file.data[i / 8] ^ 1 << i % 8);
		}
		CHECK(decode_copy(d, file.data, file.len) == 0);
	}
	lep_buf_release(&file);
	lep_decoder_free(d);
}

/* Random damage with right CRCs, so that it gets further in. */
static void mutations(void)
{
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0};

	for (int k = 0; k < 4000; k++) {
		uint8_t *p;
		size_t at = 8;

		small(&file, small_types[k % 4], k / 4 & 1);
		p = (uint8_t *)file.data;
		for (uint32_t n = 1 + pictures_random() % 4; n > 0; n--)
			p[8 + pictures_random() % (file.len - 8)] = (uint8_t)pictures_random();
		while (k % 2 && file.len - at >= 12) {
			uint32_t n = (uint32_t)p[at] << 24 | (uint32_t)p[at + 1] << 16 |
			             (uint32_t)p[at + 2] << 8 | p[at + 3];

			if (n > file.len - at - 12)
				break;
			if (n >= 4 && n < 65536)
				png_patch(p + at, 0, (uint32_t)p[at + 8] << 24 | (uint32_t)p[at + 9] << 16 |
				          (uint32_t)p[at + 10] << 8 | p[at + 11]);
			at += 12 + n;
		}
		CHECK(decode_copy(d, file.data, file.len) <= 0);
	}
	lep_buf_release(&file);
	lep_decoder_free(d);
}

static void false_sizes(void)
{
	static const struct {
		uint32_t w, h;
		const char *text;
	} t[] = {
		{100000, 100000, "picture is 100000 x 100000, limit is 268435456 pixels"},
		{40000, 40000, "picture is 40000 x 40000, limit is"},
		{0x7fffffff, 0x7fffffff, "picture is 2147483647 x 2147483647, limit is"},
		{16000, 16000, "bytes cannot hold it"},
		{12, 11, "not enough image data"},
		{12, 9, ""}, {11, 10, ""}, {13, 10, ""}, {0, 10, ""}, {12, 0, ""},
		{0xffffffff, 1, ""},
	};
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0};

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		small(&file, PNG_COLOR_TYPE_RGB, 0);
		png_patch((uint8_t *)file.data + 8, 0, t[i].w);
		png_patch((uint8_t *)file.data + 8, 4, t[i].h);
		CHECKF(decode_copy(d, file.data, file.len) == LEP_ERR_DATA, "%u x %u", t[i].w, t[i].h);
		CHECKF(strstr(err.text, t[i].text), "%u x %u: %s", t[i].w, t[i].h, err.text);
	}
	lep_buf_release(&file);
	lep_decoder_free(d);
}

/* Width and height of which the limit is asked for */
static void stated_limit(void)
{
	struct lep_decode_options o = {.max_pixels = 119};
	struct lep_image im = {0};
	struct lep_buf file = {0};

	small(&file, PNG_COLOR_TYPE_RGB, 0);
	CHECK(lep_image_decode(&im, file.data, file.len, &o, &err) == LEP_ERR_DATA);
	CHECKF(!strcmp(err.text, "picture is 12 x 10, limit is 119 pixels"), "%s", err.text);
	o.max_pixels = 120;
	CHECK(lep_image_decode(&im, file.data, file.len, &o, &err) == 0);
	o.channels = 2;
	CHECK(lep_image_decode(&im, file.data, file.len, &o, &err) == LEP_ERR_USAGE);
	CHECK(im.width == 0);
	lep_image_release(&im);
	lep_buf_release(&file);
}

/* A value that the palette does not have */
static void beyond_palette(void)
{
	static const png_color palette[3] = {{1, 2, 3}, {90, 80, 70}, {255, 0, 9}};
	uint16_t samples[4] = {0, 1, 2, 2};
	struct make_png m = {.type = PNG_COLOR_TYPE_PALETTE, .depth = 8, .width = 2, .height = 2,
	                     .samples = samples, .palette = palette, .colours = 3};
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0};

	make_png(&file, &m);
	CHECK(decode_copy(d, file.data, file.len) == 0);
	samples[2] = 3;
	make_png(&file, &m);
	CHECK(decode_copy(d, file.data, file.len) == LEP_ERR_DATA);
	lep_buf_release(&file);
	lep_decoder_free(d);
}

static void other_types(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *text;
	} t[] = {
		{"GIF89a", 6, "not a PNG or JPEG but GIF (starts with 47 49 46 38)"},
		{"BM", 2, "not a PNG or JPEG but BMP (starts with 42 4d)"},
		{"hello", 5, "not a PNG or JPEG (starts with 68 65 6c 6c)"},
		{"", 0, "not a PNG or JPEG (empty)"},
		{"\x89PNG\n\x1a\n\0\0\0\rIHDR", 15, "PNG: "}, /* CR LF lost */
	};
	struct lep_decoder *d = lep_decoder_new();

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		CHECK(decode_copy(d, t[i].bytes, t[i].n) == LEP_ERR_DATA);
		CHECKF(strstr(err.text, t[i].text) == err.text, "%s", err.text);
	}
	lep_decoder_free(d);
}

static void write_and_read(void)
{
	uint8_t pixels[31 * 7 * 3];
	struct lep_image im = {0};

	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)(i % 50 < 25 ? i : pictures_random());
	for (int c = 1; c <= 3; c += 2) {
		struct lep_buf a = {0}, b = {0};

		lep_buf_adds(&a, "before");
		CHECK(lep_png_write(&a, pixels, 31, 7, c, &err) == 0);
		CHECK(lep_png_write(&b, pixels, 31, 7, c, &err) == 0);
		CHECK(a.len == b.len + 6 && memcmp(a.data + 6, b.data, b.len) == 0);
		CHECK(memcmp(a.data, "before", 6) == 0);
		CHECKF(lep_image_decode(&im, b.data, b.len, NULL, &err) == 0, "%s", err.text);
		CHECK(im.width == 31 && im.height == 7 && im.channels == c);
		CHECK(memcmp(im.pixels, pixels, 31 * 7 * (size_t)c) == 0);
		CHECK(lep_png_write(&b, pixels, 0, 7, c, &err) == LEP_ERR_USAGE);
		CHECK(lep_png_write(&b, pixels, 1, 7, 2, &err) == LEP_ERR_USAGE);
		CHECK(a.len == b.len + 6);
		lep_buf_release(&a);
		lep_buf_release(&b);
	}
	lep_image_release(&im);
}

/* Rows so long that they do not fit the block libpng gets its memory from */
static void wide_picture(void)
{
	enum { W = 40000, H = 3 };
	uint16_t *samples = calloc(W * H * 4, 2);
	struct make_png m = {.type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 16, .interlaced = 1,
	                     .width = W, .height = H, .samples = samples};
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0};

	for (int i = 0; i < W * H * 4; i++)
		samples[i] = (uint16_t)pictures_random();
	make_png(&file, &m);
	check_pixels(d, &m, &file, 0);
	lep_buf_release(&file);
	lep_decoder_free(d);
	free(samples);
}

int main(void)
{
	all_types();
	RUN(wide_picture);
	RUN(cut_anywhere);
	RUN(one_bit);
	RUN(mutations);
	RUN(false_sizes);
	RUN(stated_limit);
	RUN(beyond_palette);
	RUN(other_types);
	RUN(write_and_read);
	return CHECK_END();
}
