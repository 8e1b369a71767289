/* The bootstrap over records, or runs of them. */
#include "eval/resample.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define ROOM_AT_FIRST 64

int lep_resample_init(struct lep_resample *r, size_t width, struct lep_error *e)
{
	*r = (struct lep_resample){.width = width, .per = 1, .room = ROOM_AT_FIRST};
	r->total = lep_alloc(width, sizeof(*r->total));
	r->unit = lep_alloc(r->room, width * sizeof(*r->unit));
	if (r->total && r->unit)
		return 0;
	lep_resample_release(r);
	return lep_fail_nomem(e, 0);
}

void lep_resample_release(struct lep_resample *r)
{
	lep_free(r->total);
	lep_free(r->unit);
	*r = (struct lep_resample){0};
}

static void add(double *to, const double *share, size_t width)
{
	for (size_t i = 0; i < width; i++)
		to[i] += share[i];
}

/* Neighbours become one. */
static void halve(struct lep_resample *r)
{
	size_t w = r->width;

	for (size_t i = 0; i < r->units / 2; i++) {
		memmove(r->unit + i * w, r->unit + 2 * i * w, w * sizeof(*r->unit));
		add(r->unit + i * w, r->unit + (2 * i + 1) * w, w);
	}
	r->units /= 2;
	r->per *= 2;
	r->in_last = r->per;
}

/* Another unit, of zeros. */
static int append(struct lep_resample *r, struct lep_error *e)
{
	if (r->units == LEP_RESAMPLE_UNITS)
		halve(r);
	if (r->units == r->room) {
		size_t one = r->width * sizeof(double);
		double *p = lep_grow(r->unit, r->room * one, 2 * r->room, one);

		if (!p)
			return lep_fail_nomem(e, 2.0 * (double)r->room * (double)one);
		r->unit = p;
		r->room *= 2;
	}
	memset(r->unit + r->units * r->width, 0, r->width * sizeof(*r->unit));
	r->units++;
	r->in_last = 0;
	return 0;
}

int lep_resample_add(struct lep_resample *r, const double *share, struct lep_error *e)
{
	int rc = r->units && r->in_last < r->per ? 0 : append(r, e);

	if (rc)
		return rc;
	add(r->total, share, r->width);
	add(r->unit + (r->units - 1) * r->width, share, r->width);
	r->in_last++;
	return 0;
}

/* The sums of one resample: as many draws as there are units, four to a block of
 * random words; a word times their number gives one of them, evenly to 2^-19. */
static void draw(const struct lep_resample *r, uint64_t seed, uint64_t resample, double *sum)
{
	uint32_t word[4];

	memset(sum, 0, r->width * sizeof(*sum));
	for (size_t i = 0; i < r->units; i++) {
		if (i % 4 == 0)
			lep_random_block(word, seed, LEP_RANDOM_SAMPLE, resample, i / 4);
		add(sum, r->unit + (size_t)((uint64_t)word[i % 4] * r->units >> 32) * r->width, r->width);
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int lep_resample_bounds(const struct lep_resample *r, uint64_t resamples, uint64_t seed, lep_value_fn *value,
	const int *which, size_t n, struct lep_bounds *bounds, struct lep_error *e)
{
	double *values, *sum;
	size_t *known, room = 0;

	memset(bounds, 0, n * sizeof(*bounds));
	if (r->units < 2 || resamples == 0 || n == 0)
		return 0;
	if (lep_mul_overflow((size_t)resamples, n, &room))
		return lep_fail_nomem(e, 0);
	values = lep_alloc(room, sizeof(*values));
	sum = lep_alloc(r->width, sizeof(*sum));
	known = lep_alloc(n, sizeof(*known));
	if (values && sum && known)
		for (uint64_t k = 0; k < resamples; k++) {
			draw(r, seed, k, sum);
			for (size_t i = 0; i < n; i++)
				known[i] += (size_t)value(sum, which[i], &values[i * resamples + known[i]]);
		}
	for (size_t i = 0; values && sum && known && i < n; i++) {
		double *v = values + i * resamples;

		if (known[i] == 0)
			continue;
		qsort(v, known[i], sizeof(*v), ascending);
		bounds[i] = (struct lep_bounds){1, v[known[i] / 40], v[known[i] - 1 - known[i] / 40]};
	}
	n = values && sum && known;
	lep_free(values);
	lep_free(sum);
	lep_free(known);
	return n ? 0 : lep_fail_nomem(e, (double)room * sizeof(*values));
}
