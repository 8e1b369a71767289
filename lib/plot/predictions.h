/*
 * A grid of pictures with what was predicted for each below it, as articles on
 * machine learning show them: "cat 98% (dog)", the predicted name, its
 * probability and the true name; green where they agree, red where they do
 * not, gray where the true one is not known.
 */
#ifndef LEP_PLOT_PREDICTIONS_H
#define LEP_PLOT_PREDICTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "plot/canvas.h"

/* The most rows, and the most columns. */
#define LEP_PREDICTIONS_MAX 64

#define LEP_PREDICTIONS_RIGHT 0x1a7f37u
#define LEP_PREDICTIONS_WRONG 0xcf222eu
#define LEP_PREDICTIONS_UNKNOWN 0x424a53u

/* One picture; everything is borrowed for the call. */
struct lep_prediction {
	struct lep_bitmap picture; /* one that is not usable is drawn as an empty frame */
	const char *predicted;     /* UTF-8; NULL: nothing was predicted */
	const char *truth;         /* NULL: not known */
	double probability;        /* 0 to 1; NAN: none */
};

/*
 * Draw the first rows x columns of the count cells, row by row; fewer cells
 * give fewer rows, and fewer columns where not even one row is full. A picture
 * is enlarged by the largest whole factor that keeps its longer side within
 * 128 pixels, or reduced to that. Captions stand on one line if all of them
 * fit so, else the true name has a line of its own; a name too long for its
 * line ends in an ellipsis, the probability stays.
 *
 * *c is initialised here; the caller releases it. LEP_ERR_USAGE for rows or
 * columns outside 1 to LEP_PREDICTIONS_MAX or no cells.
 */
int lep_predictions_draw(struct lep_canvas *c, const struct lep_prediction *cells, size_t count,
	int rows, int columns, struct lep_error *e);

#endif
