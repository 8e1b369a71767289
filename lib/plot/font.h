/*
 * A small proportional bitmap font: ASCII 32 to 126, and an ellipsis (U+2026).
 * Every other code point, and every byte that is not UTF-8, is one box. Text
 * is UTF-8 of n bytes, borrowed for the call; scale 1, 2, ... draws each dot
 * as a square of that side.
 */
#ifndef LEP_PLOT_FONT_H
#define LEP_PLOT_FONT_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/status.h"
#include "plot/canvas.h"

#define LEP_FONT_HEIGHT 12 /* rows of a glyph at scale 1, the descenders' 3 among them */
#define LEP_FONT_ASCENT 9  /* rows above the base line: the height of a capital */

/* The width in pixels of the text as drawn, without the gap behind it. */
int64_t lep_font_width(const char *text, size_t n, int scale);

/* The text with its upper left corner at (x, y); clipped by the canvas. */
void lep_font_draw(struct lep_canvas *c, int64_t x, int64_t y, const char *text, size_t n,
	int scale, uint32_t colour);

/*
 * Append to out as much of the text as is at most width pixels wide: all of it,
 * or its beginning and an ellipsis (at least that, however narrow). Cuts
 * between code points. 0, or LEP_ERR_NOMEM.
 */
int lep_font_fit(struct lep_buf *out, const char *text, size_t n, int64_t width, int scale,
	struct lep_error *e);

#endif
