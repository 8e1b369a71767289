/*
 * Large matrix products on the table's gemm, blocked for the caches: a panel of B
 * stays in the second cache while all rows of a block of A (struct extent) pass by
 * it, six at a time, which are read where they are. Longer blocks mean fewer trips
 * through C, which for a large matrix is in memory; higher ones fewer through B.
 *
 * A turned A has its rows side by side and its steps pages apart, so its blocks are
 * copied into the order they are read in.
 */
#include "kernel/kernel.h"

#include <string.h>

#define GAP 16        /* between tiles of a copy, so that they do not share cache sets */
#define ROWS_MAX 192  /* rows of a turned block of A, */
#define TURNED_MAX (ROWS_MAX / LEP_TILE_ROWS * (LEP_TILE_ROWS * 512 + GAP) + LEP_TILE_ROWS) /* elements copied */
#define COPY_M 132    /* rows of a block where B is copied, too, */
#define COPY_K 192    /* steps, */
#define COPY_N 256    /* and columns: all of it fits the second cache */
#define COPY_MIN 64   /* fewer rows of B are read where they are */
#define PANEL 64      /* columns of the widest panel */
#define AHEAD 2       /* rows fetched while one is copied */
#define PIECE 8       /* a tile's rows and what makes them a register */
#define LOOP 64       /* the kernel likes multiples */

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Rows and steps of a block of A; rows are a multiple of LEP_TILE_ROWS. */
struct extent {
	size_t rows, steps;
};

/* Of a packed B, by the width of its panels; each was measured. */
static struct extent extent_of(const struct lep_kernels *t, int turned)
{
	if (t->panel == PANEL)
		return turned ? (struct extent){192, 512} : (struct extent){384, 2048};
	return (struct extent){66, 1024};
}

static void fetch(const lep_real *p, size_t n)
{
	for (size_t i = 0; i < n; i += 64 / sizeof(*p))
		__builtin_prefetch(p + i);
}

/*
 * Of a turned A, whose steps lie in rows: the rows of a tile by steps, so that a
 * tile reads on and on. What is copied beyond a tile's rows, in one piece with
 * them, the next step overwrites.
 */
static void copy_turned(struct lep_gemm *g, size_t lda, lep_real *to, ptrdiff_t *row)
{
	const size_t ld = LEP_TILE_ROWS * g->len + GAP;

	for (size_t t = 0; t < g->len; t++) {
		const lep_real *from = g->a + t * lda;
		lep_real *step = to + t * LEP_TILE_ROWS;
		size_t r;

		if (t + AHEAD < g->len)
			fetch(from + AHEAD * lda, g->m);
		for (r = 0; r + PIECE <= g->m; r += LEP_TILE_ROWS, step += ld)
			memcpy(step, from + r, PIECE * sizeof(*to));
		for (; r < g->m; r += LEP_TILE_ROWS, step += ld)
			memcpy(step, from + r, min_size(g->m - r, LEP_TILE_ROWS) * sizeof(*to));
	}
	for (size_t r = 0; r < g->m; r++)
		row[r] = (ptrdiff_t)(r / LEP_TILE_ROWS * ld + r % LEP_TILE_ROWS);
	g->a = to;
	g->row = row;
	g->step = LEP_TILE_ROWS;
}

/* Columns from j and steps from k on, g->n and g->len of them, `rows` rows at a time.
 * g has B and where its steps lie. */
static void block(const struct lep_kernels *t, const struct lep_matmul *p, struct lep_gemm g, size_t rows, size_t j,
	size_t k)
{
	const int last = k + g.len == p->k;
	lep_real copy[TURNED_MAX];
	ptrdiff_t row[ROWS_MAX];

	g.ldc = p->ldc;
	g.accumulate = p->accumulate || k > 0;
	g.bias = last && p->bias ? p->bias + j : NULL;
	g.relu = last && p->relu;
	for (size_t i = 0; i < p->m; i += g.m) {
		g.m = min_size(p->m - i, rows);
		g.a = p->a_turned ? p->a + k * p->lda + i : p->a + i * p->lda + k;
		g.row = NULL;
		g.lda = p->a_turned ? 1 : p->lda;
		g.step = p->a_turned ? (ptrdiff_t)p->lda : 1;
		g.c = p->c + i * p->ldc + j;
		/* What is used once is used where it is. */
		if (p->a_turned && g.n > t->panel)
			copy_turned(&g, p->lda, copy, row);
		t->gemm(&g);
	}
}

void lep_matmul(const struct lep_kernels *t, const struct lep_matmul *p)
{
	lep_real b_copy[COPY_K * COPY_N];
	/* rows of a plain B are far apart, and few rows of A are not worth bringing them together */
	const int packs = !p->packed && p->k >= COPY_MIN && p->m >= 4 * LEP_TILE_ROWS;
	const struct extent most = packs ? (struct extent){COPY_M, COPY_K} : extent_of(t, p->a_turned);
	const ptrdiff_t off = 0;
	struct lep_gemm g = {.nseg = 1, .off = &off, .ldb = p->ldb, .packed = p->packed || packs};
	size_t j, k = 0;

	do {
		/* equal blocks: none is left too short to be worth its trip through C */
		size_t left = (p->k - k + most.steps - 1) / most.steps;

		g.len = left > 1 ? ((p->k - k) / left + LOOP - 1) / LOOP * LOOP : p->k - k;
		for (j = 0; j < p->n; j += g.n) {
			g.n = min_size(p->n - j, packs ? COPY_N : p->n);
			if (packs) {
				t->pack(b_copy, p->b + k * p->ldb + j, g.len, g.n, (ptrdiff_t)p->ldb, 1);
				g.b = b_copy;
			} else if (p->packed) {
				g.b = p->b;
				g.from = k;
				g.of = p->k;
			} else {
				g.b = p->b + k * p->ldb;
			}
			block(t, p, g, most.rows, j, k);
		}
		k += g.len;
	} while (k < p->k);
}

/* ---- on a pool ---- */

#define WIDE 4    /* panels a thread, from which columns are shared out */
#define COLUMN 16 /* columns that are packed as one, whatever the panel */

struct shared {
	const struct lep_kernels *t;
	struct lep_matmul p;
	lep_real *packed; /* room for B */
	size_t tasks, unit; /* of how many rows or columns the parts are made */
};

/* Where a task's part of `count` begins; the next task's is where it ends. */
static size_t begins(const struct shared *s, size_t count, int task)
{
	const size_t units = (count + s->unit - 1) / s->unit;

	return min_size(units * (size_t)task / s->tasks * s->unit, count);
}

/* Packing goes by rows of B, as they lie in memory. */
static void pack_task(void *ctx, int task, int thread)
{
	const struct shared *s = ctx;
	const struct lep_matmul *p = &s->p;
	const size_t from = begins(s, p->k, task), to = begins(s, p->k, task + 1);
	size_t j, n;

	(void)thread;
	for (j = 0; j < p->n; j += n) {
		n = min_size(p->n - j, s->t->panel);
		s->t->pack(s->packed + j * p->k + from * ((n + COLUMN - 1) / COLUMN * COLUMN), p->b + from * p->ldb + j,
			to - from, n, (ptrdiff_t)p->ldb, 1);
	}
}

static void rows_task(void *ctx, int task, int thread)
{
	const struct shared *s = ctx;
	const size_t from = begins(s, s->p.m, task);
	struct lep_matmul p = s->p;

	(void)thread;
	p.m = begins(s, s->p.m, task + 1) - from;
	p.a += p.a_turned ? from : from * p.lda;
	p.c += from * p.ldc;
	lep_matmul(s->t, &p);
}

static void columns_task(void *ctx, int task, int thread)
{
	const struct shared *s = ctx;
	const size_t from = begins(s, s->p.n, task);
	struct lep_matmul p = s->p;

	(void)thread;
	p.n = begins(s, s->p.n, task + 1) - from;
	p.c += from;
	if (p.bias)
		p.bias += from;
	if (p.packed) {
		p.b += from * p.k;
	} else {
		s->t->pack(s->packed + from * p.k, p.b + from, p.k, p.n, (ptrdiff_t)p.ldb, 1);
		p.b = s->packed + from * p.k;
		p.packed = 1;
	}
	lep_matmul(s->t, &p);
}

/*
 * Columns, where every thread has enough: it packs its own, so threads neither wait
 * for each other nor read what another one has just written, which where caches are
 * apart costs as much as memory. Else rows, and before them B is packed by all; of a
 * low C columns again.
 */
void lep_matmul_pool(const struct lep_kernels *t, const struct lep_matmul *p, struct lep_threads *pool,
	lep_real *scratch)
{
	const size_t threads = (size_t)lep_threads_count(pool), panels = (p->n + t->panel - 1) / t->panel;
	const size_t share = (p->m + threads - 1) / threads, most = extent_of(t, p->a_turned).rows;
	struct shared s = {.t = t, .p = *p, .packed = scratch};

	if (panels >= WIDE * threads || (share < WIDE * LEP_TILE_ROWS && panels > 1)) {
		s.unit = p->packed ? t->panel : COLUMN;
		s.tasks = min_size(panels, threads);
		lep_threads_run(pool, (int)s.tasks, columns_task, &s);
		return;
	}
	if (!p->packed) {
		s.unit = 1;
		s.tasks = p->k * p->n / 16384 + 1; /* about 64 KiB each */
		lep_threads_run(pool, (int)s.tasks, pack_task, &s);
		s.p.b = scratch;
		s.p.packed = 1;
	}
	s.unit = LEP_TILE_ROWS;
	s.tasks = threads * ((share + most - 1) / most);
	lep_threads_run(pool, (int)s.tasks, rows_task, &s);
}
