/*
 * The grid of predictions: sizes first, from all cells, then the drawing.
 */
#include "plot/predictions.h"

#include <string.h>

#include "base/mem.h"
#include "plot/font.h"

enum {
	SIDE = 128,    /* the longest side of a drawn picture */
	SIDE_MIN = 96, /* the narrowest cell: room for a caption */
	MARGIN = 16,   /* around the grid, and between columns */
	OVERHANG = 4,  /* how far a caption may reach beyond its cell, each side */
	ROW_GAP = 18,  /* between a caption and the next picture */
	TEXT_GAP = 7,  /* between a picture and its caption */
	LINE = 15,     /* from one line of a caption to the next */
	SCALE = 1      /* of the font */
};

#define WHITE 0xffffffu
#define FRAME 0xd0d7deu

/* What the cells have in common. */
struct layout {
	int64_t rows, columns;
	int64_t width, height; /* of the place for a picture */
	int lines;             /* of a caption */
};

struct size {
	int64_t width, height, factor; /* factor 0: reduced */
};

/* The size a picture is drawn in; of one that is not usable, a square. */
static struct size drawn_size(const struct lep_bitmap *b)
{
	struct size s = {SIDE_MIN, SIDE_MIN, 1};
	int64_t longer = b->width > b->height ? b->width : b->height;

	if (!lep_bitmap_usable(b))
		return s;
	if (longer <= SIDE) {
		s.factor = SIDE / longer;
		s.width = b->width * s.factor;
		s.height = b->height * s.factor;
		return s;
	}
	s.factor = 0;
	s.width = (b->width * SIDE + longer / 2) / longer;
	s.height = (b->height * SIDE + longer / 2) / longer;
	s.width = s.width ? s.width : 1;
	s.height = s.height ? s.height : 1;
	return s;
}

/* " 98%", or nothing where there is no probability. */
static void add_percent(struct lep_buf *b, double probability)
{
	double p = probability * 100;

	if (p >= 0 && p <= 100)
		lep_buf_addf(b, " %d%%", (int)(p + 0.5));
}

/* The text fitted to width, with what must stay before and behind it. */
static int add_fitted(struct lep_buf *b, const char *before, const char *text, const char *behind,
	int64_t width, struct lep_error *e)
{
	int64_t room = width -
		       (*before ? lep_font_width(before, strlen(before), SCALE) + SCALE : 0) -
		       (*behind ? lep_font_width(behind, strlen(behind), SCALE) + SCALE : 0);
	int status;

	lep_buf_adds(b, before);
	status = lep_font_fit(b, text, strlen(text), room, SCALE, e);
	lep_buf_adds(b, behind);
	if (status == LEP_OK && b->failed)
		return lep_fail_nomem(e, 0);
	return status;
}

/* A caption on one line, whatever its length. */
static void add_caption(struct lep_buf *b, const struct lep_prediction *p)
{
	lep_buf_adds(b, p->predicted ? p->predicted : "?");
	add_percent(b, p->probability);
	if (p->truth) {
		lep_buf_adds(b, " (");
		lep_buf_adds(b, p->truth);
		lep_buf_addc(b, ')');
	}
}

static int layout_init(
	struct layout *l, const struct lep_prediction *cells, size_t count, struct lep_error *e)
{
	struct lep_buf b = {0};
	int64_t longest = 0;
	int any_truth = 0;

	l->width = SIDE_MIN;
	l->height = 1;
	for (size_t i = 0; i < count; i++) {
		struct size s = drawn_size(&cells[i].picture);
		int64_t width;

		l->width = s.width > l->width ? s.width : l->width;
		l->height = s.height > l->height ? s.height : l->height;
		lep_buf_clear(&b);
		add_caption(&b, &cells[i]);
		if (b.failed)
			break;
		width = lep_font_width(b.data, b.len, SCALE);
		longest = width > longest ? width : longest;
		any_truth |= cells[i].truth != NULL;
	}
	l->lines = any_truth && longest > l->width + 2 * OVERHANG ? 2 : 1;
	if (b.failed) {
		lep_buf_release(&b);
		return lep_fail_nomem(e, 0);
	}
	lep_buf_release(&b);
	return LEP_OK;
}

static void draw_centred(
	struct lep_canvas *c, int64_t middle, int64_t y, const struct lep_buf *b, uint32_t colour)
{
	int64_t x = middle - lep_font_width(b->data, b->len, SCALE) / 2;

	lep_font_draw(c, x, y, b->data, b->len, SCALE, colour);
}

/* The caption of one cell, its first line's top at y, centred about middle. */
static int draw_caption(struct lep_canvas *c, const struct layout *l,
	const struct lep_prediction *p, int64_t middle, int64_t y, struct lep_error *e)
{
	const char *predicted = p->predicted ? p->predicted : "?";
	int64_t width = l->width + 2 * OVERHANG;
	struct lep_buf text = {0}, percent = {0};
	uint32_t colour = LEP_PREDICTIONS_UNKNOWN;
	int status;

	if (p->truth)
		colour = p->predicted && strcmp(p->predicted, p->truth) == 0
				 ? LEP_PREDICTIONS_RIGHT
				 : LEP_PREDICTIONS_WRONG;
	add_percent(&percent, p->probability);
	if (p->truth && l->lines == 1) /* layout_init saw to it that this fits */
		lep_buf_addf(&percent, " (%s)", p->truth);
	status = add_fitted(&text, "", predicted, percent.data ? percent.data : "", width, e);
	if (status == LEP_OK && percent.failed)
		status = lep_fail_nomem(e, 0);
	if (status == LEP_OK)
		draw_centred(c, middle, y, &text, colour);
	if (status == LEP_OK && p->truth && l->lines == 2) {
		lep_buf_clear(&text);
		status = add_fitted(&text, "(", p->truth, ")", width, e);
		if (status == LEP_OK)
			draw_centred(c, middle, y + LINE, &text, colour);
	}
	lep_buf_release(&percent);
	lep_buf_release(&text);
	return status;
}

/* The picture in the middle of the place whose upper left corner is (x, y). */
static void draw_picture(struct lep_canvas *c, const struct layout *l, const struct lep_bitmap *b,
	int64_t x, int64_t y)
{
	struct size s = drawn_size(b);

	x += (l->width - s.width) / 2;
	y += (l->height - s.height) / 2;
	/* a frame outside the picture, so that a white one ends somewhere */
	lep_canvas_outline(c, x - 1, y - 1, s.width + 2, s.height + 2, FRAME);
	if (s.factor)
		lep_canvas_enlarge(c, x, y, b, s.factor);
	else
		lep_canvas_reduce(c, x, y, b, s.width, s.height);
}

int lep_predictions_draw(struct lep_canvas *c, const struct lep_prediction *cells, size_t count,
	int rows, int columns, struct lep_error *e)
{
	struct layout l = {0};
	int64_t row_height;
	int status;

	*c = (struct lep_canvas){0};
	if (rows < 1 || columns < 1 || rows > LEP_PREDICTIONS_MAX || columns > LEP_PREDICTIONS_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "%d rows of %d columns: both go from 1 to %d",
			rows, columns, LEP_PREDICTIONS_MAX);
	if (count == 0)
		return lep_fail(e, LEP_ERR_USAGE, "no pictures to draw");
	if (count > (size_t)rows * (size_t)columns)
		count = (size_t)rows * (size_t)columns;
	l.columns = count < (size_t)columns ? (int64_t)count : columns;
	l.rows = ((int64_t)count + l.columns - 1) / l.columns;
	status = layout_init(&l, cells, count, e);
	if (status != LEP_OK)
		return status;
	row_height = l.height + TEXT_GAP + (l.lines - 1) * LINE + LEP_FONT_HEIGHT + ROW_GAP;
	/* below the last row its gap gives way to the margin; the letters' descent counts to it */
	status = lep_canvas_init(c, l.columns * (l.width + MARGIN) + MARGIN,
		l.rows * row_height - ROW_GAP - (LEP_FONT_HEIGHT - LEP_FONT_ASCENT) + 2 * MARGIN,
		WHITE, e);
	for (size_t i = 0; status == LEP_OK && i < count; i++) {
		int64_t x = MARGIN + (int64_t)i % l.columns * (l.width + MARGIN);
		int64_t y = MARGIN + (int64_t)i / l.columns * row_height;

		draw_picture(c, &l, &cells[i].picture, x, y);
		status =
			draw_caption(c, &l, &cells[i], x + l.width / 2, y + l.height + TEXT_GAP, e);
	}
	if (status != LEP_OK)
		lep_canvas_release(c);
	return status;
}
