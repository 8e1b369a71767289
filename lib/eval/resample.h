/*
 * Sums over records, and intervals of what follows from them by resampling: the
 * percentile bootstrap of Efron (1979), as Koehn (2004) uses it for BLEU. A resample
 * draws as many records as there are, with replacement; the 95 % interval leaves out
 * a fortieth of the resamples' values at either end.
 *
 * Memory does not grow with the records: up to LEP_RESAMPLE_UNITS are kept one by
 * one, of more 2, 4, 8, ... consecutive ones are summed up and drawn together.
 */
#ifndef LEP_EVAL_RESAMPLE_H
#define LEP_EVAL_RESAMPLE_H

#include "base/mem.h"

#define LEP_RESAMPLE_UNITS 8192

/* A value that follows from sums: 1, or 0 where it is undefined. */
typedef int lep_value_fn(const double *sum, int which, double *value);

struct lep_bounds {
	int known;
	double lower, upper;
};

struct lep_resample {
	size_t width;        /* sums */
	double *total;       /* of all records, in their order */
	/* private */
	double *unit;        /* units x width */
	size_t units, room;
	uint64_t per;        /* records of a unit */
	uint64_t in_last;    /* records of the last one */
};

int lep_resample_init(struct lep_resample *r, size_t width, struct lep_error *e) LEP_MUST_USE;
void lep_resample_release(struct lep_resample *r); /* of zeros is legal */

/* One record's share of the sums. */
int lep_resample_add(struct lep_resample *r, const double *share, struct lep_error *e) LEP_MUST_USE;

/*
 * The intervals of n values, which[i] into bounds[i]; resamples in which a value is
 * undefined are left out for it. Not known: of fewer than two units, no resamples, or
 * where none has a value. The draws depend on the seed and the number of units alone.
 */
int lep_resample_bounds(const struct lep_resample *r, uint64_t resamples, uint64_t seed, lep_value_fn *value,
	const int *which, size_t n, struct lep_bounds *bounds, struct lep_error *e) LEP_MUST_USE;

#endif
