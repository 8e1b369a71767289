/*
 * Samples decoded to pictures of one size, on several threads, handed on in
 * their order. Memory: three groups of samples (one being read, one decoded, one
 * handed on), each of a few megabytes, or of as many samples as there are
 * threads where pictures are larger.
 *
 * Input that may have to be waited for is never waited for while a sample that
 * has arrived is not handed on.
 */
#ifndef LEP_DATA_PICTURES_H
#define LEP_DATA_PICTURES_H

#include "data/image.h"
#include "data/recipe.h"
#include "data/sample.h"

struct lep_pictures {
	struct lep_samples *samples;
	int threads;
	/* channels 0: those of the first picture, and colour where the first is gray
	 * is an error; width 0: the size of the first, and another one is an error. */
	struct lep_recipe recipe;
	enum lep_flip flip;    /* at last: no part of the recipe, for the network is to see it so */
	int as_float;          /* pixels are floats, the recipe's scale applied; else u8 */
	int first_must_be_good; /* where the first picture settles something */
	/* Set by the first picture: */
	int same_size, same_gray;

	/*
	 * Every sample, in order, from one thread at a time. pixels are height x
	 * width x channels, NULL if cause says why there are none. A negative status
	 * ends the run.
	 */
	int (*sink)(void *ctx, const struct lep_buf *arena, const struct lep_sample *sample, const void *pixels,
		const char *cause, struct lep_error *e);
	/* All that was handed on is to leave now, for the input is waited for. */
	lep_wait_fn *flush;
	void *ctx;
};

/* All samples, to the end or the first error (what stood before it is handed on). */
int lep_pictures_run(struct lep_pictures *p, struct lep_error *e) LEP_MUST_USE;

#endif
