/*
 * The matrix product all others stand on: register tiles of MR rows by NV
 * vectors, rows of A and C anywhere, B in packed panels or plain rows.
 *
 * A tile keeps its MR * NV sums in registers over the whole reduction: per
 * step NV loads of B and MR broadcasts of A feed MR * NV multiply-adds. The
 * tile shapes (TILE_TABLE) keep at least twelve sums going, which hides the
 * latency of the multiply-add, and fit the registers: 32 zmm, 16 ymm.
 *
 * On narrow registers what counts besides is instructions: where another thread
 * takes half of what a core can begin, there are three a cycle, and a step of
 * 6 x 16 with its loop is 23 for twelve multiply-adds. Hence SIMD_FOURS: four
 * steps at a time, and the strides that matter are constants, 20.75.
 */
#include "kernel/isa/isa.h"

#define CHUNK 512     /* steps of the reduction that are flattened at a time */
#define LOOP 32       /* steps of a loop whose end processors foresee; twice as many, four at a time */
#define FETCH_MIN 64  /* steps that are worth fetching results meanwhile */
#define FETCH (SIMD_FOURS ? 256 : 64) /* and how many before the end: measured */
#define LOOPS_MAX 128 /* so many of them that a longer reduction is one */
#define ROWS_MAX 1024 /* rows whose places are found at a time */
#define TILE_MAX 14   /* rows of the highest tile */

/* What a tile needs to know besides its rows. */
struct run {
	size_t nseg, len;
	const ptrdiff_t *off;
	ptrdiff_t step;
	size_t ldb;
	int accumulate, relu;
	size_t fetch; /* segment when results are fetched; nseg: they are not */
	const char *next; /* panel of B, fetched meanwhile: `lines` lines of the cache each segment */
	size_t lines;
};

#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)

#if SIMD_PANEL == 64
#define ROW_SUMS(i) vf s##i##_0, s##i##_1, s##i##_2, s##i##_3;
#define ROW_EACH(i, X) X(i, 0) X(i, 1) X(i, 2) X(i, 3)
#else
#define ROW_SUMS(i) vf s##i##_0;
#define ROW_EACH(i, X) X(i, 0)
#endif

/* The last vector of a tile may be short: a mask costs AVX-512 nothing, others
 * better ask first. */
#if SIMD_PANEL == 64
#define LAST_LOAD(p) vf_load_n(p, last)
#else
#define LAST_LOAD(p) vf_load_upto(p, last)
#endif
/* clang would load the whole column of A first, and spill half of it. */
#if SIMD_PANEL == 64 && defined(__clang__)
#define STAY(x) __asm__ volatile("" : "+v"(x))
#else
#define STAY(x) (void)0
#endif
#define PART_LOAD(p, j) (j == nv - 1 ? LAST_LOAD((p) + j * VL) : vf_load((p) + j * VL))

#define SUM_ZERO(i, j) \
	if (nv > j) \
		s##i##_##j = vf_zero();
#define SUM_LOAD(i, j) \
	if (nv > j) \
		s##i##_##j = PART_LOAD(c[i] + at, j);
#define SUM_STEP(i, j) \
	if (nv > j) \
		vf_fma_onto(&s##i##_##j, x, b##j);
#define SUM_BIAS(i, j) \
	if (nv > j) \
		s##i##_##j = vf_add(s##i##_##j, bias##j);
#define SUM_RELU(i, j) \
	if (nv > j) \
		s##i##_##j = vf_max(vf_zero(), s##i##_##j);
#define SUM_FETCH(i, j) \
	if (nv > j) { \
		__builtin_prefetch(c[i] + at + j * VL, 1); \
		__builtin_prefetch(c[mr + i] + at + j * VL, 1); \
	}
#define SUM_STORE(i, j) \
	if (nv > j) \
		vf_store(c[i] + at + j * VL, s##i##_##j);
#define SUM_STORE_PART(i, j) \
	if (nv > j + 1) \
		vf_store(c[i] + at + j * VL, s##i##_##j); \
	else if (nv == j + 1) \
		vf_store_n(c[i] + at + j * VL, s##i##_##j, last);

#define ROW_DO(i, X) \
	if (mr > i) { \
		ROW_EACH(i, X) \
	}
#define ROW_ZERO(i) ROW_DO(i, SUM_ZERO)
#define ROW_LOAD(i) ROW_DO(i, SUM_LOAD)
#define ROW_BIAS(i) ROW_DO(i, SUM_BIAS)
#define ROW_RELU(i) ROW_DO(i, SUM_RELU)
#define ROW_STORE(i) ROW_DO(i, SUM_STORE)
#define ROW_STORE_PART(i) ROW_DO(i, SUM_STORE_PART)
#define ROW_FETCH(i) ROW_DO(i, SUM_FETCH)
#define ROW_START(i) \
	if (mr > i) \
		a##i = rows[i];
#define ROW_STEP(i) \
	if (mr > i) { \
		vf x = vf_set1(a##i[o]); \
		STAY(x); \
		ROW_EACH(i, SUM_STEP) \
	}
#define ROW_POINTER(i) const lep_real *a##i = NULL;

#if SIMD_PANEL == 64
#define LOAD_B \
	const vf b0 = vf_load(b), b1 = nv > 1 ? vf_load(b + VL) : vf_zero(), \
		 b2 = nv > 2 ? vf_load(b + 2 * VL) : vf_zero(), \
		 b3 = nv > 3 ? vf_load(b + 3 * VL) : vf_zero();
#define LOAD_BIAS \
	const vf bias0 = PART_LOAD(bias, 0), bias1 = nv > 1 ? PART_LOAD(bias, 1) : vf_zero(), \
		 bias2 = nv > 2 ? PART_LOAD(bias, 2) : vf_zero(), \
		 bias3 = nv > 3 ? PART_LOAD(bias, 3) : vf_zero();
#else
#define LOAD_B const vf b0 = vf_load(b);
#define LOAD_BIAS const vf bias0 = PART_LOAD(bias, 0);
#endif

#define STEP(dx, db) \
	do { \
		LOAD_B \
		ROWS(ROW_STEP) \
		o += dx; \
		b += db; \
	} while (0)
#if SIMD_FOURS
/* A compiler would load a step's operands during the one before it, and then move
 * sums about to make room. */
#define NEXT_STEP(dx, db) \
	do { \
		STEP(dx, db); \
		__asm__ volatile("" ::: "memory"); \
	} while (0)
#define STEPS(dx, db) \
	do { \
		for (t = r->len / 4; t > 0; t--) { \
			NEXT_STEP(dx, db); \
			NEXT_STEP(dx, db); \
			NEXT_STEP(dx, db); \
			NEXT_STEP(dx, db); \
		} \
		for (t = r->len % 4; t > 0; t--) \
			STEP(dx, db); \
	} while (0)
#define STEPS_OF(a_stride, b_stride) (step == (a_stride) && ldb == (size_t)(b_stride))
#else
#define STEPS(dx, db) \
	for (t = r->len; t > 0; t--) \
		STEP(dx, db)
#define STEPS_OF(a_stride, b_stride) 0
#endif

/*
 * n tiles, one below the other. Their first column is c[i][at] and bias[0]; last:
 * valid columns of the last vector, 1 to 16. Before its end each fetches
 * its own results and those of the next, which B would drive out of the cache if
 * it were earlier. mr and nv are constants where this is expanded.
 */
SIMD void tile(const int mr, const int nv, size_t n, const struct run *r, const lep_real *const *rows,
	const lep_real *top, lep_real *const *c, size_t at, const lep_real *bias, size_t last)
{
	const size_t ldb = r->ldb, nseg = r->nseg;
	const ptrdiff_t step = r->step, *off = r->off;
	const char *next = r->next;
	const size_t fetch = r->fetch;
	size_t s, t;
	ROWS(ROW_POINTER)
	ROWS(ROW_SUMS)

	for (; n > 0; n--, rows += mr, c += mr) {
		const lep_real *b = top;

		ROWS(ROW_START)
		if (r->accumulate) {
			ROWS(ROW_LOAD)
		} else {
			ROWS(ROW_ZERO)
		}
		if (r->len == 1) {
			for (s = 0; s < nseg; s++) {
				ptrdiff_t o = off[s];

				STEP(0, ldb);
			}
		} else {
			for (s = 0; s < nseg; s++) {
				ptrdiff_t o = off[s];

				if (s == fetch) {
					ROWS(ROW_FETCH)
				}
				for (t = r->lines; t > 0; t--, next += 64)
					__builtin_prefetch(next, 0, 2);
				if (STEPS_OF(1, nv * VL))
					STEPS(1, nv * VL);
				else if (STEPS_OF(LEP_TILE_ROWS, nv * VL))
					STEPS(LEP_TILE_ROWS, nv * VL);
				else
					STEPS(step, ldb);
			}
		}
		if (bias) {
			LOAD_BIAS
			ROWS(ROW_BIAS)
		}
		if (r->relu) {
			ROWS(ROW_RELU)
		}
		if (last == VL) {
			ROWS(ROW_STORE)
		} else {
			ROWS(ROW_STORE_PART)
		}
	}
}

typedef void tile_fn(size_t n, const struct run *r, const lep_real *const *rows, const lep_real *b,
	lep_real *const *c, size_t at, const lep_real *bias, size_t last);

#define TILE(mr, nv) \
	static void tile_##mr##_##nv(size_t n, const struct run *r, const lep_real *const *rows, \
		const lep_real *b, lep_real *const *c, size_t at, const lep_real *bias, size_t last) \
	{ \
		tile(mr, nv, n, r, rows, b, c, at, bias, last); \
	}

/* The shape of a tile changes no byte; a build with a sanitizer has few, for it
 * would take minutes to compile all. */
#if defined(SIMD_SANITIZED)
TILE(1, 1) TILE(2, 1)
#if SIMD_PANEL == 64
TILE(1, 2) TILE(2, 2) TILE(1, 3) TILE(2, 3) TILE(1, 4) TILE(2, 4)
#endif

static tile_fn *const tiles[5][3] = {
	[1] = {NULL, tile_1_1, tile_2_1},
#if SIMD_PANEL == 64
	[2] = {NULL, tile_1_2, tile_2_2},
	[3] = {NULL, tile_1_3, tile_2_3},
	[4] = {NULL, tile_1_4, tile_2_4},
#endif
};
static const size_t tile_rows[5] = {0, 2, 2, 2, 2};
#elif SIMD_PANEL == 64
TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1) TILE(7, 1) TILE(8, 1)
TILE(9, 1) TILE(10, 1) TILE(11, 1) TILE(12, 1) TILE(13, 1) TILE(14, 1)
TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2) TILE(7, 2) TILE(8, 2)
TILE(9, 2) TILE(10, 2) TILE(11, 2) TILE(12, 2)
TILE(1, 3) TILE(2, 3) TILE(3, 3) TILE(4, 3) TILE(5, 3) TILE(6, 3) TILE(7, 3) TILE(8, 3)
TILE(1, 4) TILE(2, 4) TILE(3, 4) TILE(4, 4) TILE(5, 4) TILE(6, 4)

static tile_fn *const tiles[5][15] = {
	[1] = {NULL, tile_1_1, tile_2_1, tile_3_1, tile_4_1, tile_5_1, tile_6_1, tile_7_1,
		tile_8_1, tile_9_1, tile_10_1, tile_11_1, tile_12_1, tile_13_1, tile_14_1},
	[2] = {NULL, tile_1_2, tile_2_2, tile_3_2, tile_4_2, tile_5_2, tile_6_2, tile_7_2,
		tile_8_2, tile_9_2, tile_10_2, tile_11_2, tile_12_2},
	[3] = {NULL, tile_1_3, tile_2_3, tile_3_3, tile_4_3, tile_5_3, tile_6_3, tile_7_3,
		tile_8_3},
	[4] = {NULL, tile_1_4, tile_2_4, tile_3_4, tile_4_4, tile_5_4, tile_6_4},
};
static const size_t tile_rows[5] = {0, 14, 12, 8, 6};
#else
TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1)

static tile_fn *const tiles[2][7] = {
	[1] = {NULL, tile_1_1, tile_2_1, tile_3_1, tile_4_1, tile_5_1, tile_6_1},
};
static const size_t tile_rows[2] = {0, 6};
#endif

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static lep_real *c_row(const struct lep_gemm *g, size_t r)
{
	return g->c + (g->crow ? g->crow[r] : (ptrdiff_t)(r * g->ldc));
}

/* Where the rows begin, once for all panels: tiles are short, so it counts. Tiles
 * look ahead to the rows of C behind their own. */
struct rows {
	size_t m;
	const lep_real *a[ROWS_MAX];
	lep_real *c[ROWS_MAX + TILE_MAX];
};

static void find_rows(struct rows *to, const struct lep_gemm *g, size_t from)
{
	size_t i;

	to->m = min_size(g->m - from, ROWS_MAX);
	for (i = 0; i < to->m; i++)
		to->a[i] = g->a + (g->row ? g->row[from + i] : (ptrdiff_t)((from + i) * g->lda));
	for (i = 0; i < to->m; i++)
		to->c[i] = c_row(g, from + i);
	for (; i < to->m + TILE_MAX; i++)
		to->c[i] = to->c[to->m - 1];
}

/* Elements of a row of the panel that begins at column j. */
static size_t panel_row(const struct lep_gemm *g, size_t j)
{
	return (min_size(g->n - j, SIMD_PANEL) + VL - 1) / VL * VL;
}

/* Its step k. */
static const lep_real *panel(const struct lep_gemm *g, size_t j, size_t k)
{
	return g->b + j * (g->of ? g->of : g->nseg * g->len) + (g->from + k) * panel_row(g, j);
}

/* Columns [j, j + width) of all rows; width <= SIMD_PANEL. The rows are cut
 * into equal tiles, so that none is left with too few sums to keep busy. `ahead`:
 * while they pass by, the next panel is fetched, a little with each segment, for a
 * burst would hold up this one. */
static void columns(const struct lep_gemm *g, const struct rows *rows, struct run *r, const lep_real *b,
	size_t j, size_t width, int with_bias, int ahead)
{
	const size_t nv = (width + VL - 1) / VL, last = width - (nv - 1) * VL;
	const size_t ntiles = (rows->m + tile_rows[nv] - 1) / tile_rows[nv];
	const size_t each = rows->m / ntiles, more = rows->m % ntiles;
	const lep_real *bias = with_bias && g->bias ? g->bias + j : NULL;
	const size_t done = more * (each + 1);

	r->fetch = r->nseg * r->len < FETCH_MIN ? r->nseg : r->nseg - min_size((FETCH + r->len - 1) / r->len, r->nseg);
	r->next = (const char *)b;
	r->lines = 0;
	if (ahead && j + width < g->n) {
		size_t lines = r->nseg * r->len * panel_row(g, j + width) * sizeof(*b) / 64;

		r->next = (const char *)panel(g, j + width, 0);
		r->lines = (lines + ntiles * r->nseg - 1) / (ntiles * r->nseg);
	}
	if (more > 0) {
		tiles[nv][each + 1](more, r, rows->a, b, rows->c, j, bias, last);
		r->next += more * r->nseg * r->lines * 64;
	}
	tiles[nv][each](ntiles - more, r, rows->a + done, b, rows->c + done, j, bias, last);
}

/*
 * Steps [k, k + count) of the reduction, listed one by one in off: for short
 * segments, and for a plain B whose last columns do not fill a vector, where
 * they are copied into a panel of their own.
 */
static void flat_chunk(const struct lep_gemm *g, const struct rows *rows, const ptrdiff_t *off, size_t k, size_t count)
{
	const size_t total = g->nseg * g->len;
	const int is_last = k + count == total;
	struct run r = {count, 1, off, 0, g->ldb, k > 0 || g->accumulate, is_last && g->relu, 0, NULL, 0};
	lep_real pad[CHUNK * VL];
	size_t i, j, width;

	for (j = 0; j < g->n; j += width) {
		width = min_size(g->n - j, SIMD_PANEL);
		if (g->packed) {
			r.ldb = panel_row(g, j);
			columns(g, rows, &r, panel(g, j, k), j, width, is_last, 0);
		} else if (width >= VL) {
			width -= width % VL;
			r.ldb = g->ldb;
			columns(g, rows, &r, g->b + k * g->ldb + j, j, width, is_last, 0);
		} else {
			for (i = 0; i < count; i++)
				vf_store(pad + i * VL, vf_load_n(g->b + (k + i) * g->ldb + j, width));
			r.ldb = VL;
			columns(g, rows, &r, pad, j, width, is_last, 0);
		}
	}
}

static void flat(const struct lep_gemm *g, const struct rows *rows)
{
	const size_t total = g->nseg * g->len;
	ptrdiff_t off[CHUNK], o = g->off[0];
	size_t k, s = 0, t = 0, count;

	for (k = 0; k < total; k += count) {
		for (count = 0; count < CHUNK && k + count < total; count++) {
			off[count] = o;
			o += g->step;
			if (++t == g->len) {
				t = 0;
				s++;
				o = s < g->nseg ? g->off[s] : 0;
			}
		}
		flat_chunk(g, rows, off, k, count);
	}
}

/* A sum of nothing. */
static void empty(const struct lep_gemm *g)
{
	for (size_t i = 0; i < g->m; i++) {
		for (size_t j = 0; j < g->n; j++) {
			lep_real y = g->accumulate ? c_row(g, i)[j] : 0;

			y = g->bias ? y + g->bias[j] : y;
			c_row(g, i)[j] = g->relu && 0 > y ? 0 : y;
		}
	}
}

static void straight(const struct lep_gemm *g, const struct rows *rows)
{
	struct run r = {g->nseg, g->len, g->off, g->step, g->ldb, g->accumulate, g->relu, 0, NULL, 0};
	const size_t loop = SIMD_FOURS && g->len % (2 * LOOP) == 0 ? 2 * LOOP : LOOP;
	/* and so ahead: the panels of a convolution, which has many segments, are near from its last row */
	const int cut = g->nseg == 1 && g->len > loop && g->len <= LOOPS_MAX * loop && g->len % loop == 0;
	ptrdiff_t off[LOOPS_MAX];
	size_t j, width;

	if (cut) {
		r.nseg = g->len / loop;
		r.len = loop;
		r.off = off;
		for (j = 0; j < r.nseg; j++)
			off[j] = g->off[0] + (ptrdiff_t)(j * loop) * g->step;
	}
	for (j = 0; j < g->n; j += width) {
		width = min_size(g->n - j, SIMD_PANEL);
		if (g->packed)
			r.ldb = panel_row(g, j);
		columns(g, rows, &r, g->packed ? panel(g, j, 0) : g->b + j, j, width, 1, cut && g->packed);
	}
}

void ISA(gemm)(const struct lep_gemm *g)
{
	struct rows rows;

	if (g->m == 0 || g->n == 0)
		return;
	if (g->nseg == 0 || g->len == 0) {
		empty(g);
		return;
	}
	for (size_t i = 0; i < g->m; i += rows.m) {
		find_rows(&rows, g, i);
		if ((!g->packed && g->n % VL != 0) || (g->len > 1 && g->len < 4 && g->nseg > 1))
			flat(g, &rows);
		else
			straight(g, &rows);
	}
}

size_t ISA(pack_size)(size_t k, size_t n)
{
	return k * ((n + VL - 1) / VL * VL);
}

/* k rows of one panel whose columns lie side by side. What another panel will
 * want of the same rows is fetched already. */
static void pack_straight(lep_real *dst, const lep_real *src, size_t k, size_t width, ptrdiff_t row_stride)
{
	const size_t ld = (width + VL - 1) / VL * VL;
	size_t i, j;

	for (i = 0; i < k; i++, dst += ld, src += row_stride) {
		for (j = 0; j < ld; j += VL)
			__builtin_prefetch((const char *)src + (width + j) * sizeof(*src));
		for (j = 0; j + VL <= width; j += VL)
			vf_store(dst + j, vf_load(src + j));
		if (j < width)
			vf_store(dst + j, vf_load_n(src + j, width - j));
	}
}

static void pack_any(lep_real *dst, const lep_real *src, size_t k, size_t width, ptrdiff_t row_stride,
	ptrdiff_t col_stride)
{
	const size_t ld = (width + VL - 1) / VL * VL;
	size_t i, j;

	for (i = 0; i < k; i++)
		for (j = 0; j < ld; j++)
			*dst++ = j < width ? src[(ptrdiff_t)i * row_stride + (ptrdiff_t)j * col_stride] : 0;
}

void ISA(pack)(lep_real *dst, const lep_real *src, size_t k, size_t n, ptrdiff_t row_stride,
	ptrdiff_t col_stride)
{
	size_t j, width, ld;

	for (j = 0; j < n; j += width) {
		width = min_size(n - j, SIMD_PANEL);
		ld = (width + VL - 1) / VL * VL;
		if (col_stride == 1)
			pack_straight(dst, src, k, width, row_stride);
		else if (row_stride == 1 && col_stride > 1)
			ISA(transpose)(dst, ld, src, (size_t)col_stride, width, k);
		else
			pack_any(dst, src, k, width, row_stride, col_stride);
		dst += k * ld;
		src += (ptrdiff_t)width * col_stride;
	}
}
