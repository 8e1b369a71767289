/* Large matrix products against a naive twin, to the byte, on every
 * instruction set and any number of threads: sizes around the blocks' edges, B
 * packed and plain, A as it is and turned. */
#include "kernel_test.h"

static struct room got, want;
static lep_real a_store[ROOM_MAX], turned[ROOM_MAX], b_store[ROOM_MAX], packed[ROOM_MAX], scratch[ROOM_MAX],
	start[ROOM_MAX], bias[1024];
static struct lep_threads *pools[3]; /* of 1, 2 and 5 threads */

struct size {
	size_t m, n, k;
	int accumulate, with_bias, relu;
};

static void naive(const struct size *s, lep_real *c)
{
	for (size_t i = 0; i < s->m; i++) {
		for (size_t j = 0; j < s->n; j++) {
			lep_real y = s->accumulate ? c[i * s->n + j] : 0;

			for (size_t t = 0; t < s->k; t++)
				y = REAL_FMA(a_store[i * s->k + t], b_store[t * s->n + j], y);
			if (s->with_bias)
				y += bias[j];
			c[i * s->n + j] = s->relu && 0 > y ? 0 : y;
		}
	}
}

/* pool NULL: in this thread alone. */
static void product(const struct size *s, const struct lep_kernels *k, int is_packed, int is_turned,
	struct lep_threads *pool)
{
	struct lep_matmul p = {.m = s->m, .n = s->n, .k = s->k, .a = is_turned ? turned : a_store,
		.lda = is_turned ? s->m : s->k, .a_turned = is_turned, .b = is_packed ? packed : b_store,
		.ldb = s->n, .packed = is_packed, .ldc = s->n, .accumulate = s->accumulate,
		.bias = s->with_bias ? bias : NULL, .relu = s->relu};

	p.c = room_open(&got, s->m * s->n, 1);
	memcpy(p.c, start, s->m * s->n * sizeof(*p.c));
	if (pool)
		lep_matmul_pool(k, &p, pool, is_packed ? NULL : scratch);
	else
		lep_matmul(k, &p);
	CHECKF(same_bytes(got.p, want.p, s->m * s->n) && room_intact(&got),
		"%s: %zu x %zu x %zu, packed %d, turned %d, threads %d", k->name, s->m, s->n, s->k, is_packed,
		is_turned, pool ? lep_threads_count(pool) : 0);
}

static void one_size(const struct size *s)
{
	numbers(a_store, s->m * s->k);
	numbers(b_store, s->k * s->n);
	numbers(start, s->m * s->n);
	numbers(bias, s->n);
	for (size_t i = 0; i < s->m; i++)
		for (size_t t = 0; t < s->k; t++)
			turned[t * s->m + i] = a_store[i * s->k + t];
	memcpy(room_open(&want, s->m * s->n, 0), start, s->m * s->n * sizeof(lep_real));
	naive(s, want.p);
	for (size_t t = 0; t < isa_count; t++) {
		if (isas[t]->pack_size(s->k, s->n) > ROOM_MAX)
			abort();
		for (int way = 0; way < 4; way++) {
			isas[t]->pack(packed, b_store, s->k, s->n, (ptrdiff_t)s->n, 1);
			product(s, isas[t], way & 1, way >> 1, NULL);
			for (size_t i = 0; i < 3; i++)
				product(s, isas[t], way & 1, way >> 1, pools[i]);
		}
	}
}

static void sizes(void)
{
	static const struct size all[] = {
		{1, 1, 1, 0, 1, 1}, {3, 70, 700, 1, 1, 0}, {250, 65, 330, 0, 1, 1}, {241, 16, 321, 1, 0, 0},
		{7, 200, 0, 0, 1, 0}, {400, 130, 64, 0, 0, 1}, {25, 90, 1152, 1, 1, 1}, {193, 64, 513, 0, 1, 0},
		{5, 300, 96, 1, 0, 1}, {0, 20, 5, 0, 0, 0}, {40, 20, 2100, 1, 1, 1}, {67, 17, 1030, 0, 0, 1}, {140, 300, 210, 1, 1, 1},
		/* wide enough that threads share columns */
		{30, 650, 70, 1, 1, 1}, {200, 514, 40, 0, 1, 0}};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		one_size(all + i);
}

int main(void)
{
	static const int threads[3] = {1, 2, 5};

	find_isas();
	for (size_t i = 0; i < 3; i++)
		if (lep_threads_new(&pools[i], threads[i], NULL))
			return EXIT_FAILURE;
	RUN(sizes);
	for (size_t i = 0; i < 3; i++)
		lep_threads_free(pools[i]);
	return CHECK_END();
}
