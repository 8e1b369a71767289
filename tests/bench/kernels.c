/*
 * Kernels against this machine's limits: the multiply-add peak and the memory
 * bandwidth, measured in the same minute, and against OpenBLAS where there is
 * one. Every round measures the peak first and then each kernel for a moment;
 * the best round of each counts. A kernel above the peak fails the run, for
 * then the peak was not one.
 *
 *   kernels [--json] [--cpu] [--isa NAME] [--rounds N] [--only TEXT]
 *
 * --cpu counts processor time instead of the clock's, for a look on a machine
 * that has other work; what several threads do means nothing then.
 */
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/mem.h"
#include "kernel/kernel.h"

static const struct lep_kernels *K;

/* ---- the machine ---- */

static clockid_t which_clock = CLOCK_MONOTONIC;

static double now(void)
{
	struct timespec t;

	clock_gettime(which_clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static float sink;

/* count rounds of 16 independent multiply-adds of a register's lanes */
#ifdef __x86_64__
__attribute__((target("avx512f"))) static void peak_avx512(long count)
{
	__m512 s[16], a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(1.0f);
	float out[16];

#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define ZERO(i) s[i] = _mm512_set1_ps((float)i);
#define STEP(i) s[i] = _mm512_fmadd_ps(s[i], a, b);
#define ADD(i) s[0] = _mm512_add_ps(s[0], s[i]);
	EACH(ZERO)
	while (count-- > 0) {
		EACH(STEP)
	}
	EACH(ADD)
	_mm512_storeu_ps(out, s[0]);
	sink = out[0];
}
#undef ZERO
#undef STEP
#undef ADD

__attribute__((target("avx2,fma"))) static void peak_avx2(long count)
{
	__m256 s[16], a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(1.0f);
	float out[8];

#define EACH12(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define ZERO(i) s[i] = _mm256_set1_ps((float)i);
#define STEP(i) s[i] = _mm256_fmadd_ps(s[i], a, b);
#define ADD(i) s[0] = _mm256_add_ps(s[0], s[i]);
	EACH12(ZERO)
	while (count-- > 0) {
		EACH12(STEP)
	}
	EACH12(ADD)
	_mm256_storeu_ps(out, s[0]);
	sink = out[0];
}
#endif

/* operations a round does, 0 if we know no peak of this table */
static double peak_ops(void)
{
#ifdef __x86_64__
	if (K->width == 16)
		return 16 * 16 * 2;
	if (K->width == 8)
		return 12 * 8 * 2;
#endif
	return 0;
}

static void peak_once(long count)
{
#ifdef __x86_64__
	if (K->width == 16)
		peak_avx512(count);
	else if (K->width == 8)
		peak_avx2(count);
#endif
	(void)count;
}

static size_t thread_count;
static double thread_rate[64];

static void *peak_thread(void *arg)
{
	double start = now(), t0, t1 = start, best = 0;

	do {
		t0 = t1;
		peak_once(500000);
		t1 = now();
		best = fmax(best, 500000 * peak_ops() / (t1 - t0));
	} while (t1 - start < 0.05);
	*(double *)arg = best;
	return NULL;
}

/* operations a second, of one thread or of all at once: the best short while
 * (about 1 ms) of 50 ms, as the kernels are timed too */
static double peak(size_t threads)
{
	pthread_t t[64];
	double sum = 0;

	for (size_t i = 1; i < threads; i++)
		if (pthread_create(t + i, NULL, peak_thread, thread_rate + i) != 0)
			exit(EXIT_FAILURE);
	peak_thread(thread_rate);
	for (size_t i = 0; i < threads; i++) {
		if (i > 0)
			pthread_join(t[i], NULL);
		sum += thread_rate[i];
	}
	return sum;
}

/* ---- what is measured ---- */

enum bound { OPERATIONS, MEMORY, CACHE };

struct job {
	const char *name;
	enum bound bound;
	double work;      /* operations or bytes a call */
	size_t threads;
	void (*run)(const struct job *j);
	void (*rival)(const struct job *j); /* OpenBLAS on the same job, or NULL */
	int size;         /* of matrices */
	int layer, pass;  /* of convolutions */
	double best, best_rival;
};

static float *buf[6];  /* 24 MiB each, of small numbers */
#define BUF_REALS ((size_t)6 << 20)

typedef void sgemm_fn(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
	int lda, const float *b, int ldb, float beta, float *c, int ldc);
static sgemm_fn *blas_sgemm;
static void (*blas_threads)(int);

struct rows {
	struct lep_matmul p;
	pthread_t thread;
};

static void *matmul_rows(void *arg)
{
	lep_matmul(K, &((struct rows *)arg)->p);
	return NULL;
}

static void run_matmul(const struct job *j)
{
	const size_t n = (size_t)j->size, each = n / j->threads;
	struct rows r[64];

	K->pack(buf[3], buf[1], n, n, (ptrdiff_t)n, 1);
	for (size_t i = 0; i < j->threads; i++) {
		const size_t from = i * each, to = i + 1 == j->threads ? n : from + each;

		r[i].p = (struct lep_matmul){.m = to - from, .n = n, .k = n, .a = buf[0] + from * n,
			.lda = n, .b = buf[3], .packed = 1, .c = buf[2] + from * n, .ldc = n};
		if (i > 0 && pthread_create(&r[i].thread, NULL, matmul_rows, r + i) != 0)
			exit(EXIT_FAILURE);
	}
	matmul_rows(r);
	for (size_t i = 1; i < j->threads; i++)
		pthread_join(r[i].thread, NULL);
}

static void blas_matmul(const struct job *j)
{
	const int n = j->size;

	blas_threads((int)j->threads);
	blas_sgemm(101, 111, 111, n, n, n, 1, buf[0], n, buf[1], n, 0, buf[2], n);
}

/* The convolutions of the digits network: square pictures, 3x3, valid. */
static const struct layer {
	size_t in, cin, cout;
} layers[] = {{28, 1, 32}, {13, 32, 64}, {5, 64, 64}};
#define SAMPLES 2

enum pass { FORWARD, DATA, WEIGHTS };

static struct conv {
	struct lep_gemm g;
	ptrdiff_t *row, *off;
	float *b;
} convs[3][3];

static double conv_setup(int layer, int pass)
{
	const struct layer *l = layers + layer;
	struct conv *v = &convs[layer][pass];
	const size_t out = l->in - 2, padded = out + 4;
	const size_t positions = pass == DATA ? l->in : out;
	const size_t width = pass == DATA ? padded : l->in;
	const size_t len = pass == DATA ? l->cout : l->cin;
	struct lep_gemm *g = &v->g;
	size_t i, k;

	*g = (struct lep_gemm){.step = 1, .n = pass == DATA ? l->cin : l->cout};
	g->m = pass == WEIGHTS ? 9 * l->cin : SAMPLES * positions * positions;
	g->nseg = pass == WEIGHTS ? SAMPLES * out : 9;
	g->len = pass == WEIGHTS ? out : len;
	k = g->nseg * g->len;
	v->row = lep_alloc(g->m, sizeof(*v->row));
	v->off = lep_alloc(g->nseg, sizeof(*v->off));
	v->b = lep_alloc(K->pack_size(k, g->n), sizeof(*v->b));
	if (!v->row || !v->off || !v->b)
		exit(EXIT_FAILURE);
	for (i = 0; i < g->m; i++) {
		size_t p = i % (positions * positions), s = i / (positions * positions);

		if (pass == WEIGHTS)
			v->row[i] = (ptrdiff_t)((i / l->cin / 3 * l->in + i / l->cin % 3) * l->cin + i % l->cin);
		else
			v->row[i] = (ptrdiff_t)(((s * width + p / positions) * width + p % positions) * len);
	}
	for (i = 0; i < g->nseg; i++) {
		if (pass == WEIGHTS)
			v->off[i] = (ptrdiff_t)((i / out * l->in + i % out) * l->in * l->cin);
		else
			v->off[i] = (ptrdiff_t)((i / 3 * width + i % 3) * len);
	}
	if (pass == WEIGHTS) {
		g->step = (ptrdiff_t)l->cin;
		g->b = buf[1];
		g->ldb = l->cout;
		g->accumulate = 1;
	} else {
		K->pack(v->b, buf[1], k, g->n, (ptrdiff_t)g->n, 1);
		g->b = v->b;
		g->packed = 1;
		g->relu = pass == FORWARD;
		g->bias = pass == FORWARD ? buf[1] : NULL;
	}
	g->a = buf[0];
	g->row = v->row;
	g->c = buf[2];
	g->ldc = g->n;
	g->off = v->off;
	return 2.0 * (double)g->m * (double)g->n * (double)k;
}

static void run_conv(const struct job *j)
{
	K->gemm(&convs[j->layer][j->pass].g);
}

#define ROWS 256
#define COLUMNS 1000

static void run_softmax(const struct job *j)
{
	(void)j;
	K->softmax_forward(buf[2], buf[0], ROWS, COLUMNS, COLUMNS);
}

static void run_gelu(const struct job *j)
{
	(void)j;
	K->act_forward(LEP_ACT_GELU, 0, buf[2], buf[0], ROWS * COLUMNS);
}

static void run_adam(const struct job *j)
{
	static const struct lep_step s = {.lr = 1e-3f, .scale = 1, .mu = 0.9f, .beta2 = 0.999f,
		.eps = 1e-8f, .correct1 = 0.5, .correct2 = 0.5};

	(void)j;
	K->adam(&s, buf[2], buf[0], buf[4], buf[5], BUF_REALS);
}

static void run_pool(const struct job *j)
{
	static const struct lep_pool p = {26, 26, 32, 13, 13, 2, 2, 2, 2, 0, 0};

	(void)j;
	K->maxpool_forward(&p, buf[2], (uint16_t *)(void *)buf[3], buf[0]);
}

static void run_pool_back(const struct job *j)
{
	static const struct lep_pool p = {26, 26, 32, 13, 13, 2, 2, 2, 2, 0, 0};

	(void)j;
	K->maxpool_backward(&p, buf[2], buf[0], (uint16_t *)(void *)buf[3], buf[1]);
}

typedef uint64_t pair __attribute__((vector_size(16)));

static void run_read(const struct job *j)
{
	pair a = {0}, b = {0}, c = {0}, d = {0};

	(void)j;
	for (int i = 0; i < 6; i++) {
		const pair *p = (const pair *)(const void *)buf[i];

		for (size_t n = 0; n < BUF_REALS / 4; n += 4) {
			a ^= p[n];
			b ^= p[n + 1];
			c ^= p[n + 2];
			d ^= p[n + 3];
		}
	}
	a ^= b ^ c ^ d;
	sink += (float)(a[0] ^ a[1]);
}

static void run_copy(const struct job *j)
{
	(void)j;
	memcpy(buf[2], buf[0], BUF_REALS * sizeof(float));
}

#define SMALL ((size_t)96 << 10)

static void run_cache(const struct job *j)
{
	(void)j;
	K->scale(buf[2], 0.5f, buf[0], SMALL / sizeof(float));
}

#define CONV(n, l, p) {.name = n, .run = run_conv, .layer = l, .pass = p}
#define PICTURE (26.0 * 26 * 32)
static struct job jobs[] = {
	{.name = "memory, read", .bound = MEMORY, .run = run_read, .work = 6.0 * (double)BUF_REALS * 4},
	{.name = "memory, copy (both ways)", .bound = MEMORY, .run = run_copy,
		.work = 2.0 * (double)BUF_REALS * 4},
	{.name = "cache, 96 KiB to 96 KiB", .bound = CACHE, .run = run_cache, .work = 2.0 * SMALL},
	{.name = "matmul 1024", .run = run_matmul, .rival = blas_matmul, .size = 1024},
	{.name = "matmul 2048", .run = run_matmul, .rival = blas_matmul, .size = 2048},
	{.name = "matmul 1024, all threads", .run = run_matmul, .rival = blas_matmul, .size = 1024,
		.threads = 64},
	{.name = "matmul 2048, all threads", .run = run_matmul, .rival = blas_matmul, .size = 2048,
		.threads = 64},
	CONV("conv 28x28x1 to 32, forward", 0, FORWARD),
	CONV("conv 28x28x1 to 32, weights", 0, WEIGHTS),
	CONV("conv 13x13x32 to 64, forward", 1, FORWARD),
	CONV("conv 13x13x32 to 64, data", 1, DATA),
	CONV("conv 13x13x32 to 64, weights", 1, WEIGHTS),
	CONV("conv 5x5x64 to 64, forward", 2, FORWARD),
	CONV("conv 5x5x64 to 64, data", 2, DATA),
	CONV("conv 5x5x64 to 64, weights", 2, WEIGHTS),
	{.name = "maxpool 26x26x32", .bound = CACHE, .run = run_pool, .work = PICTURE * (4 + 1 + 0.5)},
	{.name = "maxpool 26x26x32, backward", .bound = CACHE, .run = run_pool_back,
		.work = PICTURE * (4 + 2 + 0.5)},
	{.name = "softmax 256x1000", .bound = CACHE, .run = run_softmax, .work = ROWS * COLUMNS * 8.0},
	{.name = "gelu 256000", .bound = CACHE, .run = run_gelu, .work = ROWS * COLUMNS * 8.0},
	{.name = "adam 6M", .bound = MEMORY, .run = run_adam, .work = (double)BUF_REALS * 28},
};
#define JOBS (sizeof(jobs) / sizeof(*jobs))

/* best rate over at least 15 ms and at least one call */
static double measure(const struct job *j, void (*run)(const struct job *))
{
	double best = 0, start = now(), t0, t1 = start;
	int calls = 0, i;

	/* calls shorter than 1 ms are timed together */
	do {
		int batch = calls == 0 ? 1 : best * 1e-3 > j->work ? 1 + (int)(best * 1e-3 / j->work) : 1;
		double rate;

		t0 = t1;
		for (i = 0; i < batch; i++)
			run(j);
		t1 = now();
		calls += batch;
		rate = j->work * batch / (t1 - t0);
		best = rate > best ? rate : best;
	} while (t1 - start < 0.015);
	return best;
}

static double peak1, peakn;

static double limit(const struct job *j)
{
	if (j->bound == MEMORY)
		return fmax(jobs[0].best, jobs[1].best);
	if (j->bound == CACHE)
		return jobs[2].best;
	return j->threads > 1 ? peakn : peak1;
}

static void print(int json)
{
	static const char *const bounds[] = {"peak", "memory", "cache"};

	if (json)
		printf("{\"isa\": \"%s\", \"threads\": %zu, \"peak_1\": %.4g, \"peak_all\": %.4g, "
		       "\"kernels\": [", K->name, thread_count, peak1, peakn);
	else
		printf("%s, %zu threads\nmultiply-add peak  %.1f GFLOP/s one thread, %.1f all\n",
			K->name, thread_count, peak1 / 1e9, peakn / 1e9);
	for (size_t i = 0, n = 0; i < JOBS; i++) {
		const struct job *j = jobs + i;
		const double part = limit(j) > 0 ? j->best / limit(j) : 0;
		const double rival = j->best_rival > 0 ? j->best / j->best_rival : 0;

		if (j->best == 0)
			continue;
		if (json)
			printf("%s\n{\"name\": \"%s\", \"rate\": %.4g, \"unit\": \"%s\", \"limit\": \"%s\", "
			       "\"of_limit\": %.3f, \"of_openblas\": %.3f}", n++ ? "," : "", j->name, j->best,
				j->bound != OPERATIONS ? "B/s" : "FLOP/s", bounds[j->bound], part, rival);
		else
			printf("%-32s %8.1f %-8s %5.2f of %s", j->name, j->best / 1e9,
				j->bound != OPERATIONS ? "GB/s" : "GFLOP/s", part,
				bounds[j->bound]);
		if (!json && rival > 0)
			printf(", %.2f of OpenBLAS", rival);
		if (!json)
			printf("\n");
	}
	if (json)
		printf("\n]}\n");
}

static void prepare(void)
{
	void *lib = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	size_t i, n;

	if (lib) {
		/* POSIX promises that the cast works */
		*(void **)&blas_sgemm = dlsym(lib, "cblas_sgemm");
		*(void **)&blas_threads = dlsym(lib, "openblas_set_num_threads");
	}
	for (i = 0; i < 6; i++) {
		buf[i] = lep_alloc(BUF_REALS, sizeof(float));
		if (!buf[i])
			exit(EXIT_FAILURE);
		for (n = 0; n < BUF_REALS; n++)
			buf[i][n] = (float)((uint32_t)n * 2654435761u >> 8) * 0x1p-24f - 0.5f;
	}
	for (i = 0; i < JOBS; i++) {
		struct job *j = jobs + i;

		j->threads = j->threads ? thread_count : 1;
		if (j->size)
			j->work = 2.0 * j->size * j->size * j->size;
		if (j->run == run_conv)
			j->work = conv_setup(j->layer, j->pass);
	}
}

int main(int argc, char **argv)
{
	const char *isa = getenv("LEP_ISA"), *only = "";
	int json = 0, rounds = 10, failed = 0, i;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = 1;
		else if (strcmp(argv[i], "--cpu") == 0)
			which_clock = CLOCK_THREAD_CPUTIME_ID;
		else if (strcmp(argv[i], "--isa") == 0 && i + 1 < argc)
			isa = argv[++i];
		else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
			rounds = (int)strtol(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
			only = argv[++i];
		else
			return 2;
	}
	K = lep_kernels_select(isa, NULL);
	if (!K) {
		fprintf(stderr, "kernels: no instruction set %s\n", isa);
		return 2;
	}
	thread_count = cpus < 1 ? 1 : cpus > 64 ? 64 : (size_t)cpus;
	prepare();
	for (i = 0; i < rounds; i++) {
		for (size_t n = 0; n < JOBS; n++) {
			struct job *j = jobs + n;
			double rate;

			if (n % 6 == 0) {
				peak1 = fmax(peak1, peak_ops() > 0 ? peak(1) : 0);
				peakn = fmax(peakn, peak_ops() > 0 ? peak(thread_count) : 0);
			}
			if (n > 2 && !strstr(j->name, only))
				continue;
			rate = measure(j, j->run);
			j->best = fmax(j->best, rate);
			if (j->rival && blas_sgemm && blas_threads)
				j->best_rival = fmax(j->best_rival, measure(j, j->rival));
		}
	}
	print(json);
	for (size_t n = 0; n < JOBS; n++) {
		if (jobs[n].bound == OPERATIONS && peak1 > 0 && jobs[n].best > limit(jobs + n)) {
			fprintf(stderr, "kernels: %s: above the peak that was measured\n", jobs[n].name);
			failed = 1;
		}
	}
	return failed;
}
