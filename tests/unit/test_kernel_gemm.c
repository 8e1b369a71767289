/* The matrix product against its naive twin, to the byte, on every
 * instruction set: all shapes around the tiles' edges, packed and plain. */
#include "kernel_test.h"

static struct room got, want;
static lep_real a_store[ROOM_MAX], b_store[ROOM_MAX], packed[ROOM_MAX], bias[512], start[ROOM_MAX];

struct shape {
	size_t m, n, nseg, len;
	ptrdiff_t step;
	int accumulate, with_bias, relu;
};

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
	ptrdiff_t row[64], crow[64], off[64];
	lep_real *out;
	struct lep_gemm g = {.m = s->m, .a = a_store, .row = row, .crow = crow, .nseg = s->nseg, .off = off, .len = s->len,
		.step = s->step, .b = b_store + 1, .ldb = ldb, .n = s->n,
		.accumulate = s->accumulate, .bias = s->with_bias ? bias : NULL, .relu = s->relu};

	numbers(a_store, 20000);
	numbers(b_store, k * ldb + 1);
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
		for (int p = 0; p < 2; p++) {
			g.b = b_store + 1;
			g.ldb = ldb;
			g.packed = p;
			if (p) {
				CHECK(isas[t]->pack_size(k, s->n) <= ROOM_MAX);
				isas[t]->pack(packed, b_store + 1, k, s->n, (ptrdiff_t)ldb, 1);
				g.b = packed;
				g.ldb = 0;
			}
			out = room_open(&got, s->m * ldc, 1);
			memcpy(out, start, s->m * ldc * sizeof(*out));
			g.c = out;
			isas[t]->gemm(&g);
			CHECKF(same_bytes(got.p, want.p, s->m * ldc) && room_intact(&got),
				"%s %s m %zu n %zu segments %zu of %zu step %td acc %d bias %d relu %d",
				isas[t]->name, p ? "packed" : "plain", s->m, s->n, s->nseg, s->len,
				s->step, s->accumulate, s->with_bias, s->relu);
		}
	}
}

static void shapes(void)
{
	static const size_t ns[] = {1, 3, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 80, 100, 128, 130};
	static const size_t ms[] = {1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 25, 29};
	static const struct { size_t nseg, len; ptrdiff_t step; } ks[] = {
		{1, 1, 1}, {9, 1, 1}, {1, 37, 1}, {3, 5, 2}, {9, 3, 1}, {2, 2, 9}, {60, 10, 3}};
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

static void nothing_to_sum(void)
{
	struct shape s = {3, 18, 0, 4, 1, 1, 1, 1};

	one_shape(&s);
	s.accumulate = 0;
	one_shape(&s);
	s = (struct shape){3, 18, 2, 0, 1, 0, 0, 0};
	one_shape(&s);
}

static void transposed_pack(void)
{
	const size_t k = 37, n = 70;
	lep_real t[37 * 70], other[37 * 96];

	numbers(b_store, k * n);
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < n; j++)
			t[j * k + i] = b_store[i * n + j];
	for (size_t i = 0; i < isa_count; i++) {
		size_t size = isas[i]->pack_size(k, n);

		CHECK(size <= sizeof(other) / sizeof(*other));
		isas[i]->pack(packed, b_store, k, n, (ptrdiff_t)n, 1);
		isas[i]->pack(other, t, k, n, 1, (ptrdiff_t)k);
		CHECK(memcmp(packed, other, size * sizeof(*other)) == 0);
	}
}

int main(void)
{
	find_isas();
	RUN(shapes);
	RUN(nothing_to_sum);
	RUN(transposed_pack);
	return CHECK_END();
}
