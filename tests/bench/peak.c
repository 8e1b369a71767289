/* What registers alone can do: the multiply-add peak, and how many vector
 * instructions of all kinds start in a second. */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "kernel/isa/simd.h" /* compiled here for the baseline: the portable path */

#define EACH4(X) X(0) X(1) X(2) X(3)
#define EACH6(X) EACH4(X) X(4) X(5)
#define EACH12(X) EACH6(X) X(6) X(7) X(8) X(9) X(10) X(11)
#define EACH16(X) EACH12(X) X(12) X(13) X(14) X(15)

static volatile float sink;

/*
 * Each does `count` rounds; sums go to s a + b, which is 2 after a while. A
 * round of the mixed ones is four multiply-adds and twelve short instructions,
 * an addition of integers and an exclusive or on each of six more registers:
 * some processors have units for those besides the multipliers.
 */
#ifdef __x86_64__
#define ZERO(i) FLOATS s##i = OP(set1_ps)((float)i);
#define STEP(i) s##i = OP(fmadd_ps)(s##i, a, b);
#define ADD(i) s0 = OP(add_ps)(s0, s##i);
#define INT(i) INTS t##i = OP(set1_epi32)(i);
#define SHORT(i) t##i = XOR(OP(add_epi32)(t##i, c), d);
#define JOIN(i) t0 = XOR(t0, t##i);
#define LOOPS(name, isa, EACH) \
	__attribute__((target(isa))) static void name(long count) \
	{ \
		const FLOATS a = OP(set1_ps)(0.5f), b = OP(set1_ps)(1.0f); \
		EACH(ZERO) \
\
		while (count-- > 0) { \
			EACH(STEP) \
		} \
		EACH(ADD) \
		sink = OP(cvtss_f32)(s0); \
	} \
	__attribute__((target(isa))) static void name##_mixed(long count) \
	{ \
		const FLOATS a = OP(set1_ps)(0.5f), b = OP(set1_ps)(1.0f); \
		const INTS c = OP(set1_epi32)(3), d = OP(set1_epi32)(5); \
		EACH4(ZERO) \
		EACH6(INT) \
\
		while (count-- > 0) { \
			EACH4(STEP) \
			EACH6(SHORT) \
		} \
		EACH4(ADD) \
		EACH6(JOIN) \
		sink = OP(cvtss_f32)(s0) + (float)FIRST(t0); \
	}

#define FLOATS __m512
#define INTS __m512i
#define OP(name) _mm512_##name
#define XOR _mm512_xor_si512
#define FIRST _mm512_cvtsi512_si32
LOOPS(avx512, "avx512f", EACH16)
#undef FLOATS
#undef INTS
#undef OP
#undef XOR
#undef FIRST

#define FLOATS __m256
#define INTS __m256i
#define OP(name) _mm256_##name
#define XOR _mm256_xor_si256
#define FIRST _mm256_cvtsi256_si32
LOOPS(avx2, "avx2,fma", EACH12)
#undef ZERO
#undef STEP
#undef ADD
#endif

/* Sixteen lanes are four registers of most processors: sixteen sums. */
#define ZERO(i) vf s##i = vf_set1((float)i);
#define STEP(i) s##i = vf_fma(s##i, a, b);
#define ADD(i) s0 = vf_add(s0, s##i);
static void portable(long count)
{
	const vf a = vf_set1(0.5f), b = vf_set1(1.0f);
	EACH4(ZERO)

	while (count-- > 0) {
		EACH4(STEP)
	}
	EACH4(ADD)
	sink = vf_hsum(s0);
}

static const struct peak {
	const char *isa;
	void (*run)(long count);
	double operations; /* a round */
	void (*mixed)(long count);
	double lanes;      /* of its round's instructions */
} peaks[] = {
#ifdef __x86_64__
	{"avx512", avx512, 16 * 16 * 2, avx512_mixed, 16 * 16},
	{"avx2", avx2, 12 * 8 * 2, avx2_mixed, 16 * 8},
#endif
	{"portable", portable, 4 * 16 * 2, portable, 4 * 16},
};

int bench_fma_is_emulated(const struct lep_kernels *k)
{
#if defined(QUARTER_NEON) || defined(__FMA__)
	(void)k;
	return 0;
#else
	return strcmp(k->name, "portable") == 0;
#endif
}

struct runner {
	pthread_t thread;
	void (*run)(long count);
	double a_round, seconds, rate;
};

static void *run(void *arg)
{
	struct runner *r = arg;
	const double start = bench_now();
	double passed, rounds = 0;

	do {
		r->run(10000);
		rounds += 10000;
		passed = bench_now() - start;
	} while (passed < r->seconds);
	r->rate = rounds * r->a_round / passed;
	return NULL;
}

static const struct peak *find(const struct lep_kernels *k)
{
	for (size_t i = 0; i < sizeof(peaks) / sizeof(*peaks); i++)
		if (strcmp(peaks[i].isa, k->name) == 0)
			return &peaks[i];
	return NULL;
}

double bench_peak(const struct lep_kernels *k, size_t threads, double seconds)
{
	const struct peak *peak = find(k);
	struct runner r[64] = {{0}};
	double sum = 0;

	if (!peak)
		return 0;
	if (threads > 64)
		threads = 64;
	for (size_t t = 0; t < threads; t++)
		r[t] = (struct runner){.run = peak->run, .a_round = peak->operations, .seconds = seconds};
	for (size_t t = 1; t < threads; t++)
		if (pthread_create(&r[t].thread, NULL, run, r + t) != 0)
			bench_die("cannot start a thread");
	run(r);
	for (size_t t = 0; t < threads; t++) {
		if (t > 0)
			pthread_join(r[t].thread, NULL);
		sum += r[t].rate;
	}
	return sum;
}

double bench_instructions(const struct lep_kernels *k, double seconds)
{
	const struct peak *peak = find(k);
	struct runner r = {.seconds = seconds};

	if (!peak)
		return 0;
	r.run = peak->mixed;
	r.a_round = peak->lanes;
	run(&r);
	return r.rate;
}

int bench_peak_main(int argc, char **argv)
{
	const struct lep_kernels *k = argc > 2 ? lep_kernels_select(argv[1], NULL) : NULL;
	const int threads = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
	const int rounds = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 10;
	const double window = argc > 4 ? strtod(argv[4], NULL) * 1e-3 : 0.05;
	double best = 0;

	if (!k || threads < 1 || rounds < 1 || !(window > 0))
		bench_die("peak: an instruction set of this processor and a number of threads, please");
	for (int i = 0; i < rounds; i++) {
		const double rate = bench_peak(k, (size_t)threads, window);

		best = rate > best ? rate : best;
	}
	printf("%.5g\n", best / 1e9);
	return 0;
}
