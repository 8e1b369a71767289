/* Rows bound by what they move: the limits themselves, vectors, functions of
 * single values, optimisers. */
#include "bench.h"

#include <string.h>

/* ---- the machine ---- */

typedef uint64_t pair __attribute__((vector_size(16)));

static volatile uint64_t sink;

/* Of four arrays a line in turn: one alone would wait for its next. */
static void read_arrays(size_t from, size_t to)
{
	pair sum[4] = {{0}};

	for (size_t n = from; n < to; n += 16) {
		for (int i = 0; i < 4; i++) {
			const pair *p = (const pair *)(const void *)(bench_buf[i] + n);

			sum[0] ^= p[0];
			sum[1] ^= p[1];
			sum[2] ^= p[2];
			sum[3] ^= p[3];
		}
	}
	sum[0] ^= sum[1] ^ sum[2] ^ sum[3];
	sink = sum[0][0] ^ sum[0][1];
}

static void read_one(const struct bench_job *j)
{
	(void)j;
	read_arrays(0, BENCH_REALS);
}

static void read_part(void *ctx, int task, int thread)
{
	(void)ctx;
	(void)thread;
	read_arrays(BENCH_REALS / bench_threads * (size_t)task / 16 * 16,
		BENCH_REALS / bench_threads * (size_t)(task + 1) / 16 * 16);
}

static void read_all(const struct bench_job *j)
{
	(void)j;
	lep_threads_run(bench_pool, (int)bench_threads, read_part, NULL);
}

static void copy(const struct bench_job *j)
{
	(void)j;
	memcpy(bench_buf[2], bench_buf[0], BENCH_REALS * sizeof(float));
}

/* Read four arrays and write three of them back, as Adam does. */
static void update(const struct bench_job *j)
{
	pair *a = (pair *)(void *)bench_buf[2], *b = (pair *)(void *)bench_buf[4], *c = (pair *)(void *)bench_buf[5];
	const pair *g = (const pair *)(const void *)bench_buf[0];

	(void)j;
	for (size_t n = 0; n < BENCH_REALS / 4; n++) {
		a[n] ^= g[n] & 1;
		b[n] ^= g[n] & 1;
		c[n] ^= g[n] & 1;
	}
}

static void scale(const struct bench_job *j)
{
	(void)j;
	bench_k->scale(bench_buf[2], 0.5f, bench_buf[0], BENCH_SMALL);
}

static void axpy(const struct bench_job *j)
{
	(void)j;
	bench_k->axpy(bench_buf[2], 1e-6f, bench_buf[0], BENCH_SMALL);
}

#define LARGE(n) ((double)(n) * (double)BENCH_REALS)
struct bench_job bench_jobs_machine[] = {
	{.name = "memory, read, one thread", .run = read_one, .bytes = LARGE(16), .where = IN_MEMORY},
	{.name = "memory, read, all threads", .run = read_all, .bytes = LARGE(16), .where = IN_MEMORY, .all = 1},
	{.name = "memory, copy, both ways", .run = copy, .bytes = LARGE(8), .where = IN_MEMORY},
	{.name = "memory, update of 3 among 4", .run = update, .bytes = LARGE(28), .where = IN_MEMORY},
	{.name = "cache, 96 KiB to 96 KiB", .run = scale, .bytes = 8.0 * (double)BENCH_SMALL},
	{.name = "cache, 96 KiB onto 96 KiB (axpy)", .run = axpy, .bytes = 12.0 * (double)BENCH_SMALL},
	{0},
};

/* ---- vectors ---- */

#define N BENCH_SMALL
#define A (bench_buf[0])
#define B (bench_buf[1])
#define Y (bench_buf[2])
#define VECTOR(name, call) \
	static void vec_##name(const struct bench_job *j) \
	{ \
		(void)j; \
		call; \
	}

VECTOR(fill, bench_k->fill(Y, 1, N))
VECTOR(add, bench_k->add(Y, A, B, N))
VECTOR(sub, bench_k->sub(Y, A, B, N))
VECTOR(mul, bench_k->mul(Y, A, B, N))
VECTOR(mul_add, bench_k->mul_add(bench_buf[4], A, B, N))
VECTOR(add_row, bench_k->add_row(Y, A, B, N / 64, 64))
VECTOR(dot, sink = (uint64_t)(bench_k->dot(A, B, N) > 0))
VECTOR(sum, sink = (uint64_t)(bench_k->sum(A, N) > 0))
VECTOR(max, sink = (uint64_t)(bench_k->max(A, N) > 0))
VECTOR(sum_squares, sink = (uint64_t)(bench_k->sum_squares(A, N) > 0))
VECTOR(col_sums, bench_k->col_sums(Y, A, N / 64, 64, 64, 0))
VECTOR(pack, bench_k->pack(Y, A, 384, 64, 64, 1))
VECTOR(pack_turned, bench_k->pack(Y, A, 384, 64, 1, 384))

static uint8_t bytes[BENCH_SMALL];
static float table[256];
static int32_t ids[BENCH_SMALL / 64];

static double set_lookup(const struct bench_job *j)
{
	for (size_t i = 0; i < N; i++)
		bytes[i] = (uint8_t)(i * 37);
	for (size_t i = 0; i < N / 64; i++)
		ids[i] = (int32_t)(i * 97 % (N / 64));
	return j->slots;
}

VECTOR(scale_u8, bench_k->scale_u8(Y, bytes, table, N, 1))
VECTOR(gather, bench_k->gather(Y, A, ids, N / 64, 64))
VECTOR(scatter_add, bench_k->scatter_add(bench_buf[4], A, ids, N / 64, 64))

/* ---- functions ---- */

static void act(const struct bench_job *j)
{
	bench_k->act_forward((enum lep_act)j->arg[0], 0.1f, Y, A, N);
}

static void act_back(const struct bench_job *j)
{
	bench_k->act_backward((enum lep_act)j->arg[0], 0.1f, Y, A, B, B, N, 0);
}

/* ---- optimisers ---- */

static const struct lep_step step = {.lr = 1e-9f, .scale = 1, .mu = 0.9f, .beta2 = 0.999f, .eps = 1e-8f,
	.correct1 = 0.5, .correct2 = 0.5};

static void sgd(const struct bench_job *j)
{
	(void)j;
	bench_k->sgd(&step, bench_buf[2], A, bench_buf[4], BENCH_REALS);
}

static void adam(const struct bench_job *j)
{
	(void)j;
	bench_k->adam(&step, bench_buf[2], A, bench_buf[4], bench_buf[5], BENCH_REALS);
}

static void rmsprop(const struct bench_job *j)
{
	(void)j;
	bench_k->rmsprop(&step, bench_buf[2], A, bench_buf[5], BENCH_REALS);
}

/* s instructions and b bytes a value */
#define SMALL(s, b) .slots = (s) * (double)BENCH_SMALL, .bytes = (b) * (double)BENCH_SMALL
#define VEC(n, text, s, b) {.name = text, .run = vec_##n, SMALL(s, b)}
#define ACT(n, k, s) {.name = n, .run = act, .arg = {k}, SMALL(s, 8)}
#define BACK(n, k, s, b) {.name = n ", backward", .run = act_back, .arg = {k}, SMALL(s, b)}
#define OPT(n, text, s, b) {.name = text, .run = n, .slots = LARGE(s), .bytes = LARGE(b), .where = IN_MEMORY}

struct bench_job bench_jobs_values[] = {
	VEC(fill, "fill", 0, 4),
	VEC(add, "add", 1, 12),
	VEC(sub, "sub", 1, 12),
	VEC(mul, "mul", 1, 12),
	VEC(mul_add, "mul_add", 1, 16),
	VEC(add_row, "add_row, rows of 64", 1, 8),
	VEC(dot, "dot", 1, 8),
	VEC(sum, "sum", 1, 4),
	VEC(max, "max", 1, 4),
	VEC(sum_squares, "sum of squares, in double", 3, 4),
	VEC(col_sums, "column sums, rows of 64", 1, 4),
	VEC(pack, "pack 384x64", 0, 8),
	VEC(pack_turned, "pack 384x64, turned", 0, 8),
	{.name = "scale_u8, one channel", .run = vec_scale_u8, .setup = set_lookup, SMALL(0, 5)},
	{.name = "gather, rows of 64", .run = vec_gather, .setup = set_lookup, SMALL(0, 8)},
	{.name = "scatter_add, rows of 64", .run = vec_scatter_add, .setup = set_lookup, SMALL(1, 12)},
	ACT("relu", LEP_ACT_RELU, 1),
	ACT("leaky_relu", LEP_ACT_LEAKY_RELU, 3),
	ACT("elu", LEP_ACT_ELU, 19),
	ACT("sigmoid", LEP_ACT_SIGMOID, 22),
	ACT("tanh", LEP_ACT_TANH, 31),
	ACT("gelu", LEP_ACT_GELU, 41),
	ACT("silu", LEP_ACT_SILU, 23),
	ACT("softplus", LEP_ACT_SOFTPLUS, 48),
	ACT("exp", LEP_ACT_EXP, 15),
	ACT("log", LEP_ACT_LOG, 30),
	BACK("relu", LEP_ACT_RELU, 2, 12),
	BACK("leaky_relu", LEP_ACT_LEAKY_RELU, 3, 12),
	BACK("elu", LEP_ACT_ELU, 4, 12),
	BACK("sigmoid", LEP_ACT_SIGMOID, 3, 12),
	BACK("tanh", LEP_ACT_TANH, 2, 12),
	BACK("gelu", LEP_ACT_GELU, 23, 12),
	BACK("silu", LEP_ACT_SILU, 8, 12),
	BACK("softplus", LEP_ACT_SOFTPLUS, 23, 12),
	BACK("exp", LEP_ACT_EXP, 1, 12),
	OPT(sgd, "sgd with momentum, 6 million", 3, 20),
	OPT(adam, "adam, 6 million", 14, 28),
	OPT(rmsprop, "rmsprop, 6 million", 9, 20),
	{0},
};
