/* Rows that are bound by arithmetic: matrix products, and the convolutions and
 * dense layers of the digits network as its layers ask for them. */
#include "bench.h"

static void matmul(const struct bench_job *j)
{
	const size_t n = (size_t)j->rival_size;
	const struct lep_matmul p = {.m = n, .n = n, .k = n, .a = bench_buf[0], .lda = n, .b = bench_buf[1], .ldb = n,
		.c = bench_buf[2], .ldc = n};
	static struct lep_threads *alone;

	if (!alone && lep_threads_new(&alone, 1, NULL))
		bench_die("cannot start threads");
	lep_matmul_pool(bench_k, &p, j->all ? bench_pool : alone, bench_buf[3]);
}

static double count_matmul(const struct bench_job *j)
{
	return (double)j->rival_size * j->rival_size * j->rival_size;
}

/* The convolutions of the digits network: square pictures, 3x3, valid. */
static const struct layer {
	size_t in, cin, cout;
} layers[] = {{28, 1, 32}, {13, 32, 64}, {5, 64, 64}};
#define SAMPLES 2

enum pass { FORWARD, DATA, WEIGHTS };

static struct lep_gemm convs[3][3];

/* As lib/nn/layer_conv.c has it. */
static double set_conv(const struct bench_job *j)
{
	const struct layer *l = layers + j->arg[0];
	const int pass = j->arg[1];
	struct lep_gemm *g = &convs[j->arg[0]][pass];
	const size_t out = l->in - 2, padded = out + 4;
	const size_t positions = pass == DATA ? l->in : out, width = pass == DATA ? padded : l->in;
	const size_t len = pass == DATA ? l->cout : l->cin;
	ptrdiff_t *row, *off;
	float *b;
	size_t i, k;

	*g = (struct lep_gemm){.step = 1, .n = pass == DATA ? l->cin : l->cout};
	g->m = pass == WEIGHTS ? 9 * l->cin : SAMPLES * positions * positions;
	g->nseg = pass == WEIGHTS ? SAMPLES * out : 9;
	g->len = pass == WEIGHTS ? out : len;
	k = g->nseg * g->len;
	row = bench_alloc(g->m, sizeof(*row));
	off = bench_alloc(g->nseg, sizeof(*off));
	for (i = 0; i < g->m; i++) {
		size_t p = i % (positions * positions), s = i / (positions * positions);

		if (pass == WEIGHTS)
			row[i] = (ptrdiff_t)((i / l->cin / 3 * l->in + i / l->cin % 3) * l->cin + i % l->cin);
		else
			row[i] = (ptrdiff_t)(((s * width + p / positions) * width + p % positions) * len);
	}
	for (i = 0; i < g->nseg; i++) {
		if (pass == WEIGHTS)
			off[i] = (ptrdiff_t)((i / out * l->in + i % out) * l->in * l->cin);
		else
			off[i] = (ptrdiff_t)((i / 3 * width + i % 3) * len);
	}
	if (pass == WEIGHTS) {
		g->step = (ptrdiff_t)l->cin;
		g->b = bench_buf[1];
		g->ldb = l->cout;
		g->accumulate = 1;
	} else {
		b = bench_alloc(bench_k->pack_size(k, g->n), sizeof(*b));
		bench_k->pack(b, bench_buf[1], k, g->n, (ptrdiff_t)g->n, 1);
		g->b = b;
		g->packed = 1;
		g->relu = pass == FORWARD;
		g->bias = pass == FORWARD ? bench_buf[1] : NULL;
	}
	g->a = bench_buf[0];
	g->row = row;
	g->off = off;
	g->c = bench_buf[2];
	g->ldc = g->n;
	return (double)g->m * (double)g->n * (double)k;
}

static void conv(const struct bench_job *j)
{
	bench_k->gemm(&convs[j->arg[0]][j->arg[1]]);
}

#define CONV(what, l, p) {.name = "conv " what, .run = conv, .setup = set_conv, .arg = {l, p}}
#define MATMUL(what, n, a) {.name = "matmul " what, .run = matmul, .setup = count_matmul, .rival_size = n, .all = a, \
	.bar = "fraction>=0.75 ratio>=1"}

struct bench_job bench_jobs_gemm[] = {
	MATMUL("1024, one thread", 1024, 0),
	MATMUL("2048, one thread", 2048, 0),
	MATMUL("1024, all threads", 1024, 1),
	MATMUL("2048, all threads", 2048, 1),
	CONV("28x28x1 to 32, forward", 0, FORWARD),
	CONV("28x28x1 to 32, weights", 0, WEIGHTS),
	CONV("13x13x32 to 64, forward", 1, FORWARD),
	CONV("13x13x32 to 64, data", 1, DATA),
	CONV("13x13x32 to 64, weights", 1, WEIGHTS),
	CONV("5x5x64 to 64, forward", 2, FORWARD),
	CONV("5x5x64 to 64, data", 2, DATA),
	CONV("5x5x64 to 64, weights", 2, WEIGHTS),
	{0},
};
