/*
 * A surface of 8-bit RGB to draw on: rectangles and pictures, clipped to the
 * surface. Integer arithmetic only, so the same calls give the same bytes
 * everywhere. Colours are 0xRRGGBB; x grows to the right, y down.
 *
 * Pictures and colours are borrowed for the call; the pixels belong to the
 * canvas until lep_canvas_release.
 */
#ifndef LEP_PLOT_CANVAS_H
#define LEP_PLOT_CANVAS_H

#include <stdint.h>

#include "base/status.h"

/* The longest side of a canvas; a larger one is refused. */
#define LEP_CANVAS_MAX 16384

struct lep_canvas {
	uint8_t *pixels; /* height x width x 3 */
	int64_t width;
	int64_t height;
};

/* Somebody else's pixels: height x width x channels, channels 1 (gray) or 3 (RGB). */
struct lep_bitmap {
	const uint8_t *pixels;
	int64_t width;
	int64_t height;
	int channels;
};

/* width x height pixels of one colour; both from 1 to LEP_CANVAS_MAX. */
int lep_canvas_init(
	struct lep_canvas *c, int64_t width, int64_t height, uint32_t colour, struct lep_error *e);
void lep_canvas_release(struct lep_canvas *c);

/* A filled rectangle; w or h <= 0 draws nothing. */
void lep_canvas_fill(
	struct lep_canvas *c, int64_t x, int64_t y, int64_t w, int64_t h, uint32_t colour);

/* The one-pixel outline just inside the rectangle. */
void lep_canvas_outline(
	struct lep_canvas *c, int64_t x, int64_t y, int64_t w, int64_t h, uint32_t colour);

/* Nonzero if the bitmap has pixels: a pointer, sides >= 1 whose byte count
 * fits, and 1 or 3 channels. */
int lep_bitmap_usable(const struct lep_bitmap *b);

/* The bitmap with each pixel drawn as a factor x factor square (factor >= 1).
 * A bitmap that is not usable draws nothing. */
void lep_canvas_enlarge(
	struct lep_canvas *c, int64_t x, int64_t y, const struct lep_bitmap *b, int64_t factor);

/* The bitmap reduced to w x h (each from 1 to the bitmap's own side) by area
 * average, rounded to nearest. A bitmap that is not usable, or a larger w or
 * h, draws nothing. */
void lep_canvas_reduce(struct lep_canvas *c, int64_t x, int64_t y, const struct lep_bitmap *b,
	int64_t w, int64_t h);

#endif
