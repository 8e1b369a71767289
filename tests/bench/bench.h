/*
 * What the benchmarks share. `bench` measures one thing at a time and prints
 * rows, tab-separated; tests/bench/run calls it and the programs, and lays out.
 *
 * A row: name, value, unit, limit, fraction of it, rival, ratio to it, bar.
 * What does not apply is "-". A bar is "fraction>=0.75", "ratio>=1", "value<=100"
 * or several of them with blanks between.
 */
#ifndef LEP_TESTS_BENCH_H
#define LEP_TESTS_BENCH_H

#include <stdint.h>
#include <stdlib.h>

#include "kernel/kernel.h"

/* ---- main.c ---- */

/* Seconds of the clock in use. */
double bench_now(void);
/* From here on the time of this thread alone, for a look on a busy machine. */
void bench_use_cpu_time(void);
/* Complain ("bench: ...") and exit 1. */
_Noreturn void bench_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Zeroed memory or bench_die. */
void *bench_alloc(size_t n, size_t size);

struct bench_row {
	const char *name, *unit;
	double value;
	const char *limit;   /* NULL: none */
	double fraction;
	const char *rival;   /* NULL: none */
	double ratio;
	const char *bar;     /* NULL: none */
};
void bench_print(const struct bench_row *r);

/* ---- the machine: peak.c ---- */

/*
 * Floating-point operations a second that multiply-adds on independent sums in
 * registers reach, over `seconds`, of `threads` threads at once: on the
 * registers of this table, for the portable one on its vector code. A table
 * that is unknown to us has none (0).
 */
double bench_peak(const struct lep_kernels *k, size_t threads, double seconds);
/* Lanes of vector instructions of all kinds that one thread starts in a second:
 * not below half of bench_peak, and twice that where additions and comparisons
 * have units of their own. */
double bench_instructions(const struct lep_kernels *k, double seconds);
/* Whether it is many instructions on this table, so that the peak says nothing
 * about kernels of other arithmetic. */
int bench_fma_is_emulated(const struct lep_kernels *k);

/* ---- others on the same job: rival.c ---- */

struct bench_rival {
	const char *name;    /* "OpenBLAS SkylakeX" */
	/* c = a b, n x n, row-major */
	void (*product)(const float *a, const float *b, float *c, int n, int threads);
};
/* Those that are installed, for what k computes with; ends with a NULL name. */
#define BENCH_RIVALS 2
const struct bench_rival *bench_rivals(const struct lep_kernels *k);

/* ---- kernels: kernels.c, with the rows of jobs_*.c ---- */

#define BENCH_ROUNDS 100 /* at most */

enum bench_where { IN_CACHE, IN_MEMORY };

struct bench_job {
	const char *name;
	void (*run)(const struct bench_job *j);
	/* Arithmetic instructions of a call, in lanes: a fused multiply-add is one, and
	 * a division is one though it takes several's time. */
	double slots;
	double bytes;             /* moved to and fro in a call; 0: of no interest */
	enum bench_where where;   /* they lie */
	int all;                  /* threads, else one */
	int rival_size;           /* of the product that rivals do too */
	const char *bar;
	int arg[3];               /* for run */
	double (*setup)(const struct bench_job *j); /* gives slots, where they need counting */
	double best;              /* calls a second */
	double ratio[BENCH_RIVALS][BENCH_ROUNDS]; /* to a rival, in the same moment */
};

extern struct bench_job bench_jobs_machine[], bench_jobs_gemm[], bench_jobs_values[], bench_jobs_layers[];

/* What the rows compute with, and on: BENCH_BUFS arrays of small numbers. */
extern const struct lep_kernels *bench_k;
extern struct lep_threads *bench_pool;
extern size_t bench_threads;
#define BENCH_BUFS 6
#define BENCH_REALS ((size_t)6 << 20)
extern float *bench_buf[BENCH_BUFS];
/* Values of an array that lies in the second cache. */
#define BENCH_SMALL ((size_t)24 << 10)

int bench_kernels(int argc, char **argv);

/* ---- parts of programs ---- */

int bench_peak_main(int argc, char **argv);
int bench_latency(int argc, char **argv);
int bench_decode(int argc, char **argv);
int bench_start(int argc, char **argv);

#endif
