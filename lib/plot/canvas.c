/*
 * The drawing surface: every call clips to it first, so that no later loop
 * needs to ask.
 */
#include "plot/canvas.h"

#include <stddef.h>

#include "base/mem.h"

/* Sides of a bitmap are below 2^30 (and its pixels below 2^50), so that sums
 * of 255 x area fit 64 bits with room to spare. */
#define SIDE_MAX ((int64_t)1 << 30)
#define AREA_MAX ((int64_t)1 << 50)

int lep_canvas_init(
	struct lep_canvas *c, int64_t width, int64_t height, uint32_t colour, struct lep_error *e)
{
	*c = (struct lep_canvas){0};
	if (width < 1 || height < 1 || width > LEP_CANVAS_MAX || height > LEP_CANVAS_MAX)
		return lep_fail(e, LEP_ERR_USAGE,
			"a picture of %lld x %lld pixels: sides go from 1 to %d", (long long)width,
			(long long)height, LEP_CANVAS_MAX);
	c->pixels = lep_alloc((size_t)(width * height), 3);
	if (!c->pixels)
		return lep_fail_nomem(e, (double)(width * height) * 3);
	c->width = width;
	c->height = height;
	lep_canvas_fill(c, 0, 0, width, height, colour);
	return LEP_OK;
}

void lep_canvas_release(struct lep_canvas *c)
{
	lep_free(c->pixels);
	*c = (struct lep_canvas){0};
}

/* Cut [*from, *to) to [0, limit); nonzero if something is left. */
static int clip(int64_t start, int64_t length, int64_t limit, int64_t *from, int64_t *to)
{
	int64_t end;

	if (length <= 0 || start >= limit)
		return 0;
	if (__builtin_add_overflow(start, length, &end) || end > limit)
		end = limit;
	*from = start < 0 ? 0 : start;
	*to = end;
	return *from < *to;
}

static void put(struct lep_canvas *c, int64_t x, int64_t y, uint32_t colour)
{
	uint8_t *p = c->pixels + (y * c->width + x) * 3;

	p[0] = (uint8_t)(colour >> 16);
	p[1] = (uint8_t)(colour >> 8);
	p[2] = (uint8_t)colour;
}

void lep_canvas_fill(
	struct lep_canvas *c, int64_t x, int64_t y, int64_t w, int64_t h, uint32_t colour)
{
	int64_t x0, x1, y0, y1, i, j;

	if (!clip(x, w, c->width, &x0, &x1) || !clip(y, h, c->height, &y0, &y1))
		return;
	for (j = y0; j < y1; j++)
		for (i = x0; i < x1; i++)
			put(c, i, j, colour);
}

void lep_canvas_outline(
	struct lep_canvas *c, int64_t x, int64_t y, int64_t w, int64_t h, uint32_t colour)
{
	if (w < 1 || h < 1)
		return;
	lep_canvas_fill(c, x, y, w, 1, colour);
	lep_canvas_fill(c, x, y + h - 1, w, 1, colour);
	lep_canvas_fill(c, x, y, 1, h, colour);
	lep_canvas_fill(c, x + w - 1, y, 1, h, colour);
}

int lep_bitmap_usable(const struct lep_bitmap *b)
{
	return b->pixels && b->width >= 1 && b->height >= 1 && b->width <= SIDE_MAX &&
	       b->height <= SIDE_MAX && b->width <= AREA_MAX / b->height &&
	       (b->channels == 1 || b->channels == 3);
}

static uint32_t bitmap_colour(const struct lep_bitmap *b, int64_t x, int64_t y)
{
	const uint8_t *p = b->pixels + (y * b->width + x) * b->channels;

	if (b->channels == 1)
		return (uint32_t)p[0] * 0x010101u;
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

void lep_canvas_enlarge(
	struct lep_canvas *c, int64_t x, int64_t y, const struct lep_bitmap *b, int64_t factor)
{
	int64_t x0, x1, y0, y1, i, j;

	if (!lep_bitmap_usable(b) || factor < 1 || factor > SIDE_MAX)
		return;
	if (!clip(x, b->width * factor, c->width, &x0, &x1) ||
		!clip(y, b->height * factor, c->height, &y0, &y1))
		return;
	for (j = y0; j < y1; j++)
		for (i = x0; i < x1; i++)
			put(c, i, j, bitmap_colour(b, (i - x) / factor, (j - y) / factor));
}

/*
 * The mean colour of what the pixel (i, j) of a w x h reduction covers:
 * [i * W, (i + 1) * W) / w across, likewise down. In units of 1/w and 1/h
 * every overlap is a whole number and all of them together make W x H.
 */
static uint32_t area_mean(const struct lep_bitmap *b, int64_t i, int64_t j, int64_t w, int64_t h)
{
	int64_t left = i * b->width, right = left + b->width;
	int64_t top = j * b->height, bottom = top + b->height;
	uint64_t sum[3] = {0}, area = (uint64_t)b->width * (uint64_t)b->height;
	uint32_t colour = 0;

	for (int64_t y = top / h; y * h < bottom; y++) {
		int64_t y0 = y * h > top ? y * h : top;
		int64_t y1 = (y + 1) * h < bottom ? (y + 1) * h : bottom;

		for (int64_t x = left / w; x * w < right; x++) {
			int64_t x0 = x * w > left ? x * w : left;
			int64_t x1 = (x + 1) * w < right ? (x + 1) * w : right;
			uint64_t weight = (uint64_t)(x1 - x0) * (uint64_t)(y1 - y0);
			uint32_t p = bitmap_colour(b, x, y);

			sum[0] += weight * (p >> 16);
			sum[1] += weight * (p >> 8 & 0xff);
			sum[2] += weight * (p & 0xff);
		}
	}
	for (int k = 0; k < 3; k++)
		colour = colour << 8 | (uint32_t)((sum[k] + area / 2) / area);
	return colour;
}

void lep_canvas_reduce(struct lep_canvas *c, int64_t x, int64_t y, const struct lep_bitmap *b,
	int64_t w, int64_t h)
{
	int64_t x0, x1, y0, y1, i, j;

	if (!lep_bitmap_usable(b) || w > b->width || h > b->height)
		return;
	if (!clip(x, w, c->width, &x0, &x1) || !clip(y, h, c->height, &y0, &y1))
		return;
	for (j = y0; j < y1; j++)
		for (i = x0; i < x1; i++)
			put(c, i, j, area_mean(b, i - x, j - y, w, h));
}
