/*
 * Large matrix products: blocks of k and of rows sized for the caches, one
 * panel of B at a time, on the table's gemm. A block of A is copied together
 * first: in a large matrix its rows are pages apart.
 */
#include "kernel/kernel.h"

#include <string.h>

#define BLOCK_K 512 /* steps: a panel of 64 columns of it is 128 KiB */
#define BLOCK_M 48  /* rows, a multiple of the tiles' 6 */
#define LD (BLOCK_K + 16) /* apart in the copy, so that rows do not share cache sets */

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One block of C: rows [i, i + m), columns [j, j + n), steps [k, k + kn); a is
 * the copy of that part of A. */
static void block(const struct lep_kernels *t, const struct lep_matmul *p, const lep_real *a,
	size_t i, size_t m, size_t j, size_t n, size_t k, size_t kn)
{
	static const ptrdiff_t zero = 0;
	const lep_real *rows[BLOCK_M];
	lep_real *c[BLOCK_M];
	const int last = k + kn == p->k;
	struct lep_gemm g = {.m = m, .rows = rows, .nseg = 1, .off = &zero, .len = kn, .step = 1,
		.packed = 0, .n = n, .c = c, .accumulate = p->accumulate || k > 0,
		.bias = last && p->bias ? p->bias + j : NULL, .relu = last && p->relu};
	size_t r;

	for (r = 0; r < m; r++) {
		rows[r] = a + r * LD;
		c[r] = p->c + (i + r) * p->ldc + j;
	}
	if (p->packed) {
		/* a panel is itself a packed matrix, and so is any run of its rows */
		g.packed = 1;
		g.b = p->b + j * p->k + k * ((n + 15) / 16 * 16);
	} else {
		g.b = p->b + k * p->ldb + j;
		g.ldb = p->ldb;
	}
	t->gemm(&g);
}

void lep_matmul(const struct lep_kernels *t, const struct lep_matmul *p)
{
	lep_real a[BLOCK_M * LD];
	size_t i, j, k = 0, m, n, r, kn;

	do {
		/* equal blocks: none is left too short to be worth its trip through C */
		size_t left = (p->k - k + BLOCK_K - 1) / BLOCK_K;

		kn = left > 1 ? (p->k - k + left - 1) / left : p->k - k;
		for (i = 0; i < p->m; i += m) {
			m = min_size(p->m - i, BLOCK_M);
			for (r = 0; r < m; r++)
				memcpy(a + r * LD, p->a + (i + r) * p->lda + k, kn * sizeof(*a));
			for (j = 0; j < p->n; j += n) {
				n = min_size(p->n - j, t->panel);
				block(t, p, a, i, m, j, n, k, kn);
			}
		}
		k += kn;
	} while (k < p->k);
}
