/* Myers' bit vectors, a few blocks at a time over the whole of the other sequence. */
#include "eval/distance.h"

#include <string.h>

#define ROWS 64
#define GROUP 4

void lep_distance_release(struct lep_distance *d)
{
	lep_buf_release(&d->mask);
	lep_buf_release(&d->step);
}

/*
 * The rows of up to GROUP blocks against all of b. mask has GROUP words a symbol: the
 * rows where it stands. step[j], in and out, is by how much the table grows from
 * column j to j + 1, above the blocks and then in their last row, which is number
 * `last` of the last block. The sum of those is returned. Several blocks at a time,
 * because the steps of one wait for each other and those of the next need not.
 */
static inline int64_t blocks(const uint64_t *mask, const uint32_t *b, size_t nb, signed char *step, int count,
	int last)
{
	/* Rows where the column grows, or falls. */
	uint64_t up[GROUP] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}, down[GROUP] = {0};
	int64_t sum = 0;

	for (size_t j = 0; j < nb; j++) {
		const uint64_t *m = mask + (size_t)b[j] * GROUP;
		uint64_t falls = step[j] < 0, grows = step[j] > 0;

#pragma GCC unroll 4
		for (int k = 0; k < count; k++) {
			uint64_t equal = m[k] | falls, vertical = m[k] | down[k];
			uint64_t horizontal = (((equal & up[k]) + up[k]) ^ up[k]) | equal;
			uint64_t h_up = down[k] | ~(horizontal | up[k]), h_down = up[k] & horizontal;
			int end = k + 1 < count ? ROWS - 1 : last;

			up[k] = h_down << 1 | falls;
			down[k] = h_up << 1 | grows;
			grows = h_up >> end & 1;
			falls = h_down >> end & 1;
			h_up = down[k];
			down[k] &= vertical;
			up[k] |= ~(vertical | h_up);
		}
		step[j] = (signed char)((int)grows - (int)falls);
		sum += step[j];
	}
	return sum;
}

static int room(struct lep_distance *d, const uint32_t *a, size_t na, const uint32_t *b, size_t nb,
	struct lep_error *e)
{
	size_t symbols = 0, have = d->mask.len / (GROUP * sizeof(uint64_t));

	for (size_t i = 0; i < na; i++)
		symbols = a[i] >= symbols ? a[i] + (size_t)1 : symbols;
	for (size_t j = 0; j < nb; j++)
		symbols = b[j] >= symbols ? b[j] + (size_t)1 : symbols;
	/* The masks are zeros between calls. */
	if (symbols > have)
		lep_buf_addz(&d->mask, (symbols - have) * GROUP * sizeof(uint64_t));
	lep_buf_clear(&d->step);
	if (d->mask.failed || lep_buf_reserve(&d->step, nb))
		return lep_fail_nomem(e, (double)symbols * GROUP * sizeof(uint64_t) + (double)nb);
	return 0;
}

int lep_distance_get(struct lep_distance *d, const uint32_t *a, size_t na, const uint32_t *b, size_t nb,
	uint64_t *distance, struct lep_error *e)
{
	int64_t sum = 0;
	uint64_t *mask;
	signed char *step;

	while (na && nb && a[0] == b[0])
		a++, b++, na--, nb--;
	while (na && nb && a[na - 1] == b[nb - 1])
		na--, nb--;
	if (na > nb) {
		const uint32_t *other = a;
		size_t n = na;

		a = b;
		na = nb;
		b = other;
		nb = n;
	}
	*distance = nb;
	if (na == 0)
		return 0;
	if (room(d, a, na, b, nb, e))
		return LEP_ERR_NOMEM;
	mask = (uint64_t *)(void *)d->mask.data;
	step = (signed char *)d->step.data;
	memset(step, 1, nb);
	for (size_t from = 0; from < na; from += GROUP * ROWS) {
		size_t rows = na - from < GROUP * ROWS ? na - from : GROUP * ROWS;

		for (size_t i = 0; i < rows; i++)
			mask[(size_t)a[from + i] * GROUP + i / ROWS] |= (uint64_t)1 << i % ROWS;
		/* The usual count as a constant: the words stay in registers. */
		if (rows > (GROUP - 1) * ROWS)
			sum = blocks(mask, b, nb, step, GROUP, (int)((rows - 1) % ROWS));
		else
			sum = blocks(mask, b, nb, step, (int)((rows - 1) / ROWS) + 1, (int)((rows - 1) % ROWS));
		for (size_t i = 0; i < rows; i++)
			mask[(size_t)a[from + i] * GROUP + i / ROWS] = 0;
	}
	*distance = (uint64_t)((int64_t)na + sum);
	return 0;
}
