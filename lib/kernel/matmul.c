/*
 * Large matrix products on the table's gemm, blocked for the caches: a block of
 * A (struct extent) is copied together, for in a large matrix its rows are pages
 * apart, and stays in the second cache while the panels of B pass by it, each used
 * by all rows of the block. Longer blocks mean fewer trips through C, higher ones
 * fewer trips through B.
 */
#include "kernel/kernel.h"

#include <string.h>

#define STEPS_MAX 1024 /* of a block of A */
#define BLOCK_MAX ((192 + GAP) * (512 + GAP)) /* elements of the largest, either way round */
#define COPY_K 256  /* steps where B is packed on the way: its panel shares the first cache with A */
#define COPY_M 132  /* and rows: no fewer than a task of a gradient has, or B is packed twice */
#define COPY_MIN 64 /* fewer rows of B are read where they are */
#define PANEL 64    /* columns of the widest panel */
#define TILE 6      /* rows of the widest register tiles; threads cut at multiples */
#define GAP 16      /* between rows of the copy, so that they do not share cache sets */
#define AHEAD 2     /* rows fetched while one is copied */
#define SEGMENT 32  /* steps between two looks ahead to the next panel */

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Rows and steps of a block of A; rows are a multiple of TILE. */
struct extent {
	size_t rows, steps;
};

/* By the width of a panel; each was measured, and fills half a second cache and more. */
static struct extent extent_of(const struct lep_kernels *t)
{
	return t->panel == PANEL ? (struct extent){192, 512} : (struct extent){66, STEPS_MAX};
}

/* A block of A, or its copy: element (r, t) at a[r * row + t * step]. */
struct block_a {
	const lep_real *a;
	size_t row, step;
};

/* m rows, kn steps. A turned A is copied as it lies: the rows of a tile are
 * neighbours there. */
static void copy_a(const struct lep_matmul *p, struct block_a *b, lep_real *to, size_t m, size_t kn)
{
	const size_t rows = p->a_turned ? kn : m, len = p->a_turned ? m : kn;
	const size_t ld = len + GAP;

	for (size_t r = 0; r < rows; r++) {
		if (r + AHEAD < rows)
			for (size_t c = 0; c < len; c += 64 / sizeof(*to))
				__builtin_prefetch(b->a + (r + AHEAD) * p->lda + c);
		memcpy(to + r * ld, b->a + r * p->lda, len * sizeof(*to));
	}
	b->a = to;
	b->row = p->a_turned ? 1 : ld;
	b->step = p->a_turned ? ld : 1;
}

/* Columns [j, j + n) of a panel, from step k on: a panel is itself a packed
 * matrix, and so is any run of its rows. */
static const lep_real *panel(const struct lep_matmul *p, size_t j, size_t n, size_t k)
{
	return p->packed ? p->b + j * p->k + k * ((n + 15) / 16 * 16) : p->b + k * p->ldb + j;
}

/* Rows [i, i + m), columns [j, j + n), steps [k, k + kn). The panel that comes
 * next is fetched meanwhile, a little at a time: a burst would hold up this one.
 * A plain B is packed at b_copy first, unless that is NULL. */
static void block(const struct lep_kernels *t, const struct lep_matmul *p, const struct block_a *a, size_t i,
	size_t m, size_t j, size_t n, size_t k, size_t kn, lep_real *b_copy)
{
	ptrdiff_t off[STEPS_MAX / SEGMENT] = {0};
	const int last = k + kn == p->k;
	const size_t after = j + n < p->n ? j + n : i + m < p->m ? 0 : p->n, width = min_size(p->n - after, t->panel);
	struct lep_gemm g = {.m = m, .a = a->a, .lda = a->row, .nseg = 1, .off = off, .len = kn,
		.step = (ptrdiff_t)a->step, .b = panel(p, j, n, k), .ldb = p->ldb, .packed = p->packed, .n = n,
		.c = p->c + i * p->ldc + j, .ldc = p->ldc, .accumulate = p->accumulate || k > 0,
		.bias = last && p->bias ? p->bias + j : NULL, .relu = last && p->relu};

	if (p->packed && kn % SEGMENT == 0) {
		g.nseg = kn / SEGMENT;
		g.len = SEGMENT;
		for (size_t s = 0; s < g.nseg; s++)
			off[s] = (ptrdiff_t)(s * SEGMENT * a->step);
		if (after < p->n) {
			g.next = panel(p, after, width, k);
			g.next_bytes = kn * ((width + 15) / 16 * 16) * sizeof(lep_real);
		}
	}
	if (b_copy) {
		t->pack(b_copy, g.b, kn, n, (ptrdiff_t)p->ldb, 1);
		g.b = b_copy;
		g.packed = 1;
	}
	t->gemm(&g);
}

void lep_matmul(const struct lep_kernels *t, const struct lep_matmul *p)
{
	lep_real copy[BLOCK_MAX], b_copy[COPY_K * PANEL];
	/* rows of a plain B are far apart, and few rows of A are not worth bringing them together */
	const int packs = !p->packed && p->k >= COPY_MIN && p->m >= 4 * TILE;
	const struct extent most = packs ? (struct extent){COPY_M, COPY_K} : extent_of(t);
	size_t i, j, k = 0, m, n, kn;

	do {
		/* equal blocks: none is left too short to be worth its trip through C */
		size_t left = (p->k - k + most.steps - 1) / most.steps;

		kn = left > 1 ? ((p->k - k) / left + SEGMENT - 1) / SEGMENT * SEGMENT : p->k - k;
		for (i = 0; i < p->m; i += m) {
			struct block_a a = {p->a_turned ? p->a + k * p->lda + i : p->a + i * p->lda + k,
				p->a_turned ? 1 : p->lda, p->a_turned ? p->lda : 1};

			m = min_size(p->m - i, most.rows);
			/* What is used once is used where it is. */
			if (p->n > t->panel)
				copy_a(p, &a, copy, m, kn);
			for (j = 0; j < p->n; j += n) {
				n = min_size(p->n - j, t->panel);
				block(t, p, &a, i, m, j, n, k, kn, packs ? b_copy : NULL);
			}
		}
		k += kn;
	} while (k < p->k);
}

/* ---- on a pool ---- */

struct shared {
	const struct lep_kernels *t;
	struct lep_matmul p;
	const lep_real *b;
	lep_real *packed;
	size_t tasks;
	int by_columns;
};

/* Packing goes by rows of B, as they lie in memory. */
static void pack_task(void *ctx, int task, int thread)
{
	const struct shared *s = ctx;
	const struct lep_matmul *p = &s->p;
	const size_t from = p->k * (size_t)task / s->tasks, to = p->k * ((size_t)task + 1) / s->tasks;
	size_t j, n;

	(void)thread;
	for (j = 0; j < p->n; j += n) {
		n = min_size(p->n - j, s->t->panel);
		s->t->pack(s->packed + j * p->k + from * ((n + 15) / 16 * 16), s->b + from * p->ldb + j, to - from, n,
			(ptrdiff_t)p->ldb, 1);
	}
}

/* The part of `count` units that belongs to a task, in elements. */
static size_t cut(const struct shared *s, size_t unit, size_t count, int task)
{
	const size_t units = (count + unit - 1) / unit;

	return min_size(units * (size_t)task / s->tasks * unit, count);
}

static void product_task(void *ctx, int task, int thread)
{
	const struct shared *s = ctx;
	const size_t unit = s->by_columns ? s->t->panel : TILE, count = s->by_columns ? s->p.n : s->p.m;
	const size_t from = cut(s, unit, count, task), len = cut(s, unit, count, task + 1) - from;
	struct lep_matmul p = s->p;

	(void)thread;
	if (s->by_columns) {
		p.n = len;
		p.b += from * p.k;
		p.c += from;
		if (p.bias)
			p.bias += from;
	} else {
		p.m = len;
		p.a += p.a_turned ? from : from * p.lda;
		p.c += from * p.ldc;
	}
	lep_matmul(s->t, &p);
}

void lep_matmul_pool(const struct lep_kernels *t, const struct lep_matmul *p, struct lep_threads *pool,
	lep_real *scratch)
{
	const size_t threads = (size_t)lep_threads_count(pool), panels = (p->n + t->panel - 1) / t->panel;
	const size_t share = (p->m + threads - 1) / threads;
	struct shared s = {.t = t, .p = *p, .b = p->b, .packed = scratch};

	if (!p->packed) {
		/* rows of B that make about 64 KiB a task */
		s.tasks = p->k * p->n / 16384 + 1;
		lep_threads_run(pool, (int)s.tasks, pack_task, &s);
		s.p.b = scratch;
		s.p.packed = 1;
	}
	/* Rows, the same number for each thread; columns where there are too few. */
	s.by_columns = share < 4 * TILE && panels > 1;
	s.tasks = s.by_columns ? min_size(panels, threads) : threads * ((share + extent_of(t).rows - 1) / extent_of(t).rows);
	lep_threads_run(pool, (int)s.tasks, product_task, &s);
}
