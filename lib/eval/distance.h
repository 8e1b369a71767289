/*
 * Levenshtein's distance: the least number of symbols to be put in, taken out or
 * replaced to make one sequence of the other.
 */
#ifndef LEP_EVAL_DISTANCE_H
#define LEP_EVAL_DISTANCE_H

#include "base/mem.h"

/* Memory kept from call to call; {0} is a valid one. */
struct lep_distance {
	struct lep_buf mask, step;
};

void lep_distance_release(struct lep_distance *d);

/*
 * By Myers (1999), "A fast bit-vector algorithm for approximate string matching
 * based on dynamic programming", 64 rows of the table at a time: na * nb / 64 steps,
 * memory as na + nb + the largest symbol, which is below 2^24. 0 or LEP_ERR_NOMEM.
 */
int lep_distance_get(struct lep_distance *d, const uint32_t *a, size_t na, const uint32_t *b, size_t nb,
	uint64_t *distance, struct lep_error *e) LEP_MUST_USE;

#endif
