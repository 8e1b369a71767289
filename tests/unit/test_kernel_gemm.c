/* The matrix product against its naive twin, to the byte, on every
 * instruction set: all shapes around the tiles' edges; B plain, packed, and a part
 * of what is packed. */
#include "kernel_test.h"

static struct room got, want;
static lep_real a_store[ROOM_MAX], b_store[ROOM_MAX], packed[ROOM_MAX], bias[512], start[ROOM_MAX];

struct shape {
	size_t m, n, nseg, len;
	ptrdiff_t step;
	int accumulate, with_bias, relu;
};

/* Rows of a packed B before and behind those that are used. */
enum { BEFORE = 3, BEHIND = 2 };
enum { PLAIN, PACKED, PART };
static const char *const kinds[] = {"plain", "packed", "part"};

static void naive(const struct lep_gemm *g)
{
	for (size_t r = 0; r < g->m; r++) {
		const lep_real *a = g->a + (g->row ? g->row[r] : (ptrdiff_t)(r * g->lda));

		for (size_t j = 0; j < g->n; j++) {
			lep_real *c = g->c + (g->crow ? g->crow[r] : (ptrdiff_t)(r * g->ldc)) + j;
			lep_real s = g->accumulate ? *c : 0;

			for (size_t k = 0; k < g->nseg; k++)
				for (size_t t = 0; t < g->len; t++)
					s = REAL_FMA(a[g->off[k] + (ptrdiff_t)t * g->step],
						g->b[(k * g->len + t) * g->ldb + j], s);
			if (g->bias)
				s += g->bias[j];
			if (g->relu)
				s = 0 > s ? 0 : s;
			*c = s;
		}
	}
}

static void one_shape(const struct shape *s)
{
	const size_t k = s->nseg * s->len, ldb = s->n + 3, ldc = s->n + 1;
	ptrdiff_t row[2050], crow[2050], off[64];
	lep_real *out;
	struct lep_gemm g = {.m = s->m, .a = a_store, .row = row, .crow = crow, .nseg = s->nseg, .off = off, .len = s->len,
		.step = s->step, .b = b_store + 1 + BEFORE * ldb, .ldb = ldb, .n = s->n,
		.accumulate = s->accumulate, .bias = s->with_bias ? bias : NULL, .relu = s->relu};

	numbers(a_store, 20000);
	numbers(b_store, (BEFORE + k + BEHIND) * ldb + 1);
	numbers(bias, s->n);
	numbers(start, s->m * ldc);
	for (size_t i = 0; i < s->m; i++) {
		row[i] = (ptrdiff_t)(5 * ((i * 7) % s->m));
		crow[i] = (ptrdiff_t)((s->m - 1 - i) * ldc);
	}
	for (size_t i = 0; i < s->nseg; i++)
		off[i] = (ptrdiff_t)((i * 13) % s->nseg * 11);

	out = room_open(&want, s->m * ldc, 1);
	memcpy(out, start, s->m * ldc * sizeof(*out));
	g.c = out;
	naive(&g);
	for (size_t t = 0; t < isa_count; t++) {
		for (int p = PLAIN; p <= PART; p++) {
			const size_t before = p == PART ? BEFORE : 0, rows = p == PART ? BEFORE + k + BEHIND : k;

			g.b = b_store + 1 + BEFORE * ldb;
			g.ldb = ldb;
			g.packed = p != PLAIN;
			g.from = before;
			g.of = p == PART ? rows : 0;
			if (g.packed) {
				CHECK(isas[t]->pack_size(rows, s->n) <= ROOM_MAX);
				isas[t]->pack(packed, g.b - before * ldb, rows, s->n, (ptrdiff_t)ldb, 1);
				g.b = packed;
				g.ldb = 0;
			}
			out = room_open(&got, s->m * ldc, 1);
			memcpy(out, start, s->m * ldc * sizeof(*out));
			g.c = out;
			isas[t]->gemm(&g);
			CHECKF(same_bytes(got.p, want.p, s->m * ldc) && room_intact(&got),
				"%s %s m %zu n %zu segments %zu of %zu step %td acc %d bias %d relu %d",
				isas[t]->name, kinds[p], s->m, s->n, s->nseg, s->len,
				s->step, s->accumulate, s->with_bias, s->relu);
		}
	}
}

static void shapes(void)
{
	static const size_t ns[] = {1, 3, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 80, 100, 128, 130};
	static const size_t ms[] = {1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 25, 29};
	static const struct { size_t nseg, len; ptrdiff_t step; } ks[] = {
		{1, 1, 1}, {9, 1, 1}, {1, 37, 1}, {3, 5, 2}, {9, 3, 1}, {2, 2, 9}, {60, 10, 3}, {1, 96, 2}, {1, 64, 1},
		{1, 35, LEP_TILE_ROWS}, {2, 7, LEP_TILE_ROWS}};
	unsigned flags = 0;

	for (size_t i = 0; i < sizeof(ns) / sizeof(*ns); i++) {
		for (size_t j = 0; j < sizeof(ms) / sizeof(*ms); j++) {
			for (size_t k = 0; k < sizeof(ks) / sizeof(*ks); k++) {
				struct shape s = {ms[j], ns[i], ks[k].nseg, ks[k].len, ks[k].step,
					(int)(flags & 1), (int)(flags >> 1 & 1), (int)(flags >> 2 & 1)};

				flags = flags * 5 + 3;
				one_shape(&s);
				if (check_failed_here)
					return;
			}
		}
	}
}

/* More rows than are found at a time. */
static void many_rows(void)
{
	static const struct shape all[] = {{1031, 20, 1, 64, 1, 0, 1, 1}, {1024, 33, 3, 5, 2, 1, 0, 0},
		{2050, 5, 9, 1, 1, 0, 1, 0}};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		one_shape(all + i);
}

static void nothing_to_sum(void)
{
	struct shape s = {3, 18, 0, 4, 1, 1, 1, 1};

	one_shape(&s);
	s.accumulate = 0;
	one_shape(&s);
	s = (struct shape){3, 18, 2, 0, 1, 0, 0, 0};
	one_shape(&s);
}

/* Straight, turned, and with strides of neither kind, against the definition. */
static void packs(void)
{
	static const size_t ks[] = {1, 13, 16, 33, 150}, ns[] = {1, 16, 31, 64, 70, 130};
	static lep_real want_packed[ROOM_MAX], from[3][ROOM_MAX];

	for (size_t a = 0; a < sizeof(ks) / sizeof(*ks); a++) {
		for (size_t b = 0; b < sizeof(ns) / sizeof(*ns); b++) {
			const size_t k = ks[a], n = ns[b];
			const ptrdiff_t row[3] = {(ptrdiff_t)n + 2, 1, 2 * (ptrdiff_t)n}, column[3] = {1, (ptrdiff_t)k + 1, 2};

			numbers(b_store, k * n);
			for (size_t i = 0; i < k; i++)
				for (size_t j = 0; j < n; j++)
					for (int w = 0; w < 3; w++)
						from[w][(ptrdiff_t)i * row[w] + (ptrdiff_t)j * column[w]] = b_store[i * n + j];
			for (size_t t = 0; t < isa_count; t++) {
				const size_t size = isas[t]->pack_size(k, n);
				size_t j, c, at = 0;

				for (j = 0; j < n; j += isas[t]->panel)
					for (size_t i = 0; i < k; i++)
						for (c = j; c < j + isas[t]->panel && c < (n + 15) / 16 * 16; c++)
							want_packed[at++] = c < n ? b_store[i * n + c] : 0;
				CHECK(at == size);
				for (int w = 0; w < 3; w++) {
					isas[t]->pack(room_open(&got, size, 1), from[w], k, n, row[w], column[w]);
					CHECKF(same_bytes(got.p, want_packed, size) && room_intact(&got), "%s: %zu x %zu, way %d",
						isas[t]->name, k, n, w);
				}
			}
		}
	}
}

int main(void)
{
	find_isas();
	RUN(shapes);
	RUN(many_rows);
	RUN(nothing_to_sum);
	RUN(packs);
	return CHECK_END();
}
