/*
 * The matrix product all others stand on: register tiles of MR rows by NV
 * vectors, rows of A and C anywhere, B in packed panels or plain rows.
 *
 * A tile keeps its MR * NV sums in registers over the whole reduction: per
 * step NV loads of B and MR broadcasts of A feed MR * NV multiply-adds. The
 * tile shapes (TILE_TABLE) keep at least twelve sums going, which hides the
 * latency of the multiply-add, and fit the registers: 32 zmm, 16 ymm.
 */
#include "kernel/isa/isa.h"

#define CHUNK 256 /* steps of the reduction that are flattened at a time */

/* What a tile needs to know besides its rows. */
struct run {
	size_t nseg, len;
	const ptrdiff_t *off;
	ptrdiff_t step;
	size_t ldb;
	int accumulate, relu;
	const char *next; /* fetched meanwhile: `lines` lines of the cache each segment */
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
#define LAST_STORE(p, v) vf_store_n(p, v, last)
#else
#define LAST_LOAD(p) vf_load_upto(p, last)
#define LAST_STORE(p, v) vf_store_upto(p, v, last)
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
		s##i##_##j = PART_LOAD(c[i], j);
#define SUM_STEP(i, j) \
	if (nv > j) \
		s##i##_##j = vf_fma(x, b##j, s##i##_##j);
#define SUM_BIAS(i, j) \
	if (nv > j) \
		s##i##_##j = vf_add(s##i##_##j, bias##j);
#define SUM_RELU(i, j) \
	if (nv > j) \
		s##i##_##j = vf_max(vf_zero(), s##i##_##j);
#define SUM_STORE(i, j) \
	if (nv > j + 1) \
		vf_store(c[i] + j * VL, s##i##_##j); \
	else if (nv == j + 1) \
		LAST_STORE(c[i] + j * VL, s##i##_##j);

#define ROW_DO(i, X) \
	if (mr > i) { \
		ROW_EACH(i, X) \
	}
#define ROW_ZERO(i) ROW_DO(i, SUM_ZERO)
#define ROW_LOAD(i) ROW_DO(i, SUM_LOAD)
#define ROW_BIAS(i) ROW_DO(i, SUM_BIAS)
#define ROW_RELU(i) ROW_DO(i, SUM_RELU)
#define ROW_STORE(i) ROW_DO(i, SUM_STORE)
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

#define STEP \
	do { \
		LOAD_B \
		ROWS(ROW_STEP) \
		b += ldb; \
	} while (0)

/* c[i] and bias point at the tile's first column; last: valid columns of the
 * last vector, 1 to 16. mr and nv are constants where this is expanded. */
SIMD void tile(const int mr, const int nv, const struct run *r, const lep_real *const *rows,
	const lep_real *b, lep_real *const *c, const lep_real *bias, size_t last)
{
	const size_t ldb = r->ldb;
	const char *next = r->next;
	size_t s, t;
	ROWS(ROW_POINTER)
	ROWS(ROW_SUMS)

	ROWS(ROW_START)
	if (r->accumulate) {
		ROWS(ROW_LOAD)
	} else {
		ROWS(ROW_ZERO)
	}
	if (r->len == 1) {
		for (s = 0; s < r->nseg; s++) {
			const ptrdiff_t o = r->off[s];

			STEP;
		}
	} else {
		const ptrdiff_t step = r->step;

		for (s = 0; s < r->nseg; s++) {
			ptrdiff_t o = r->off[s];

			for (t = r->lines; t > 0; t--, next += 64)
				__builtin_prefetch(next, 0, 2);
			for (t = r->len; t > 0; t--) {
				STEP;
				o += step;
			}
		}
	}
	if (bias) {
		LOAD_BIAS
		ROWS(ROW_BIAS)
	}
	if (r->relu) {
		ROWS(ROW_RELU)
	}
	ROWS(ROW_STORE)
}

typedef void tile_fn(const struct run *r, const lep_real *const *rows, const lep_real *b,
	lep_real *const *c, const lep_real *bias, size_t last);

#define TILE(mr, nv) \
	static void tile_##mr##_##nv(const struct run *r, const lep_real *const *rows, \
		const lep_real *b, lep_real *const *c, const lep_real *bias, size_t last) \
	{ \
		tile(mr, nv, r, rows, b, c, bias, last); \
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

/* Where n rows of A, of C begin, from row r on: tiles are short, so it counts. */
static void a_rows(const struct lep_gemm *g, const lep_real **to, size_t r, size_t n)
{
	const lep_real *a = g->a + r * g->lda;

	if (g->row)
		for (size_t i = 0; i < n; i++)
			to[i] = g->a + g->row[r + i];
	else
		for (size_t i = 0; i < n; i++, a += g->lda)
			to[i] = a;
}

static void c_rows(const struct lep_gemm *g, lep_real **to, size_t r, size_t n, size_t j)
{
	lep_real *c = g->c + j;

	if (g->crow)
		for (size_t i = 0; i < n; i++)
			to[i] = c + g->crow[r + i];
	else
		for (size_t i = 0; i < n; i++)
			to[i] = c + (r + i) * g->ldc;
}

/* Columns [j, j + width) of all rows; width <= SIMD_PANEL. The rows are cut
 * into equal tiles, so that none is left with too few sums to keep busy. */
static void columns(const struct lep_gemm *g, struct run *r, const lep_real *b, size_t j,
	size_t width, int with_bias)
{
	size_t nv = (width + VL - 1) / VL;
	size_t last = width - (nv - 1) * VL;
	size_t ntiles = (g->m + tile_rows[nv] - 1) / tile_rows[nv];
	/* where a tile takes long, fetch the next one's results meanwhile */
	const int fetch = r->nseg * r->len >= 64;
	const size_t each = g->m / ntiles, more = g->m % ntiles;
	size_t i, v, t, done = 0;
	const lep_real *a[14];
	lep_real *c[2][14];

	r->next = (const char *)(g->next ? g->next : b);
	r->lines = g->next ? (g->next_bytes / 64 + ntiles * r->nseg - 1) / (ntiles * r->nseg) : 0;
	c_rows(g, c[0], 0, each + (more > 0), j);
	for (t = 0; t < ntiles; t++) {
		const size_t n = each + (t < more), then = t + 1 < ntiles ? each + (t + 1 < more) : 0;

		a_rows(g, a, done, n);
		c_rows(g, c[~t & 1], done + n, then, j);
		for (i = 0; i < then && fetch; i++)
			for (v = 0; v < width; v += 16)
				__builtin_prefetch(c[~t & 1][i] + v, 1);
		tiles[nv][n](r, a, b, c[t & 1], with_bias && g->bias ? g->bias + j : NULL, last);
		r->next += r->nseg * r->lines * 64;
		done += n;
	}
}

/*
 * Steps [k, k + count) of the reduction, listed one by one in off: for short
 * segments, and for a plain B whose last columns do not fill a vector, where
 * they are copied into a panel of their own.
 */
static void flat_chunk(const struct lep_gemm *g, const ptrdiff_t *off, size_t k, size_t count)
{
	const size_t total = g->nseg * g->len;
	const int is_last = k + count == total;
	struct run r = {count, 1, off, 0, g->ldb, k > 0 || g->accumulate, is_last && g->relu, NULL, 0};
	lep_real pad[CHUNK * VL];
	size_t i, j, width;

	for (j = 0; j < g->n; j += width) {
		width = min_size(g->n - j, SIMD_PANEL);
		if (g->packed) {
			r.ldb = (width + VL - 1) / VL * VL;
			columns(g, &r, g->b + j * total + k * r.ldb, j, width, is_last);
		} else if (width >= VL) {
			width -= width % VL;
			r.ldb = g->ldb;
			columns(g, &r, g->b + k * g->ldb + j, j, width, is_last);
		} else {
			for (i = 0; i < count; i++)
				vf_store(pad + i * VL, vf_load_n(g->b + (k + i) * g->ldb + j, width));
			r.ldb = VL;
			columns(g, &r, pad, j, width, is_last);
		}
	}
}

static void flat(const struct lep_gemm *g)
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
		flat_chunk(g, off, k, count);
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

void ISA(gemm)(const struct lep_gemm *g)
{
	struct run r = {g->nseg, g->len, g->off, g->step, g->ldb, g->accumulate, g->relu, NULL, 0};
	size_t j, width;

	if (g->m == 0 || g->n == 0)
		return;
	if (g->nseg == 0 || g->len == 0) {
		empty(g);
		return;
	}
	if ((!g->packed && g->n % VL != 0) || (g->len > 1 && g->len < 4 && g->nseg > 1)) {
		flat(g);
		return;
	}
	for (j = 0; j < g->n; j += width) {
		width = min_size(g->n - j, SIMD_PANEL);
		if (g->packed)
			r.ldb = (width + VL - 1) / VL * VL;
		columns(g, &r, g->packed ? g->b + j * g->nseg * g->len : g->b + j, j, width, 1);
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
