/*
 * Kernels against this machine's limits, measured in the same minute. Every
 * round measures each kernel for a window, and the peak several times between
 * them; the best round of each counts, and of a product's ratios to its rivals the
 * median, round by round, for clocks change within a run. What binds a kernel is
 * whichever takes longer at the measured limits: its arithmetic or its bytes. A
 * kernel above the peak fails the run, for then the peak was not one.
 */
#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PEAK_EVERY = 8 }; /* kernels between two looks at the peak */
#define REST 2000        /* microseconds; longer than a rival's threads spin */

const struct lep_kernels *bench_k;
struct lep_threads *bench_pool;
size_t bench_threads;
float *bench_buf[BENCH_BUFS];

static struct bench_job *const groups[] = {bench_jobs_machine, bench_jobs_gemm, bench_jobs_values, bench_jobs_layers};
#define GROUPS (sizeof(groups) / sizeof(*groups))

static struct {
	const char *isa, *only;
	int rounds;
	double window;
} o = {NULL, "", 10, 0.05};

static const struct bench_rival *rivals;
static double peak1, peakn, instructions;

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double max(double a, double b)
{
	return a > b ? a : b;
}

/* Calls a second, over a window and at least one call. */
static double measure(const struct bench_job *j, const struct bench_rival *rival)
{
	const int threads = j->all ? (int)bench_threads : 1;
	double start, passed = 0, calls = 0, batch = 1;

	if (j->rival_size)
		usleep(REST);
	start = bench_now();
	do {
		for (double i = 0; i < batch; i++) {
			if (rival)
				rival->product(bench_buf[0], bench_buf[1], bench_buf[2], j->rival_size, threads);
			else
				j->run(j);
		}
		calls += batch;
		passed = bench_now() - start;
		/* the clock is asked every fiftieth of the window */
		batch = max(1, calls / (passed + 1e-9) * o.window / 50);
	} while (passed < o.window);
	return calls / passed;
}

static void measure_peaks(void)
{
	peak1 = max(peak1, bench_peak(bench_k, 1, o.window));
	peakn = max(peakn, bench_peak(bench_k, bench_threads, o.window));
	instructions = max(instructions, bench_instructions(bench_k, o.window));
}

/* The rows that limits come from are always measured. Where multiply-adds are
 * emulated only products are, and not those that take too long. */
static int is_wanted(const struct bench_job *j, size_t group)
{
	if (group == 0)
		return 1;
	if (group > 1 && bench_fma_is_emulated(bench_k))
		return 0;
	return strstr(j->name, o.only) && 2 * j->slots < 0.5 * (j->all ? peakn : peak1);
}

static void run_round(int round)
{
	double rate;
	int n = 0;

	for (size_t g = 0; g < GROUPS; g++) {
		for (struct bench_job *j = groups[g]; j->name; j++) {
			if (n % PEAK_EVERY == 0)
				measure_peaks();
			if (!is_wanted(j, g))
				continue;
			n++;
			rate = measure(j, NULL);
			j->best = max(j->best, rate);
			for (int i = 0; j->rival_size && rivals[i].name; i++)
				j->ratio[i][round] = rate / measure(j, &rivals[i]);
		}
	}
}

static double median(const double *from, size_t n)
{
	double x[BENCH_ROUNDS];

	memcpy(x, from, n * sizeof(*x));
	qsort(x, n, sizeof(*x), compare);
	return (x[(n - 1) / 2] + x[n / 2]) / 2;
}

/* Bytes a second, the best of the rows that move `where`. */
static double bandwidth(enum bench_where where)
{
	double best = 0;

	for (const struct bench_job *j = bench_jobs_machine; j->name; j++)
		if (j->where == where && !j->all)
			best = max(best, j->best * j->bytes);
	return best;
}

/* 1 if it is above a peak. What counts no bytes is all multiply-adds, and shown
 * as such; the arithmetic of the rest is instructions of any kind. */
static int print_job(const struct bench_job *j)
{
	const int multiplies = j->bytes <= 0;
	const double by_arithmetic = multiplies ? 2 * j->slots / (j->all ? peakn : peak1) : j->slots / instructions;
	const double by_bytes = multiplies ? 0 : j->bytes / bandwidth(j->where);
	const int binds = by_arithmetic > by_bytes;
	struct bench_row r = {.name = j->name, .unit = multiplies ? "GFLOP/s" : "GB/s",
		.value = j->best * (multiplies ? 2 * j->slots : j->bytes) / 1e9,
		.limit = multiplies ? "arithmetic" : binds ? "instructions" : j->where == IN_CACHE ? "cache" : "memory",
		.fraction = j->best * (binds ? by_arithmetic : by_bytes),
		/* bars are for the best this machine has */
		.bar = bench_k == lep_kernels_select(NULL, NULL) ? j->bar : NULL};

	if (j->all && !binds)
		r.limit = NULL;
	if (j->rival_size && rivals[0].name) {
		r.rival = rivals[0].name;
		r.ratio = median(j->ratio[0], (size_t)o.rounds);
	}
	bench_print(&r);
	/* the bar is for the first */
	r.bar = NULL;
	for (int i = 1; j->rival_size && r.rival && rivals[i].name; i++) {
		r.rival = rivals[i].name;
		r.ratio = median(j->ratio[i], (size_t)o.rounds);
		bench_print(&r);
	}
	if (!binds || r.fraction <= 1)
		return 0;
	fprintf(stderr, "bench: %s: above the peak that was measured: %.4g of it\n", j->name, r.fraction);
	return 1;
}

static int print_all(void)
{
	int failed = 0;

	if (peak1 > 0) {
		bench_print(&(struct bench_row){.name = "multiply-add peak, one thread", .value = peak1 / 1e9,
			.unit = "GFLOP/s"});
		bench_print(&(struct bench_row){.name = "multiply-add peak, all threads", .value = peakn / 1e9,
			.unit = "GFLOP/s"});
		bench_print(&(struct bench_row){.name = "vector instructions, one thread", .value = instructions / 1e9,
			.unit = "G lanes/s"});
	}
	for (size_t g = 0; g < GROUPS; g++)
		for (const struct bench_job *j = groups[g]; j->name; j++)
			if (j->best > 0)
				failed |= print_job(j);
	return failed;
}

static void prepare(void)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	bench_threads = cpus < 1 ? 1 : cpus > 64 ? 64 : (size_t)cpus;
	if (lep_threads_new(&bench_pool, (int)bench_threads, NULL))
		bench_die("cannot start threads");
	for (size_t i = 0; i < BENCH_BUFS; i++) {
		bench_buf[i] = bench_alloc(BENCH_REALS, sizeof(float));
		for (size_t n = 0; n < BENCH_REALS; n++)
			bench_buf[i][n] = (float)((uint32_t)n * 2654435761u >> 8) * 0x1p-24f - 0.5f;
	}
	for (size_t g = 0; g < GROUPS; g++)
		for (struct bench_job *j = groups[g]; j->name; j++)
			if (j->setup)
				j->slots = j->setup(j);
	rivals = bench_rivals(bench_k);
}

static void list(void)
{
	for (size_t g = 0; g < GROUPS; g++)
		for (const struct bench_job *j = groups[g]; j->name; j++)
			puts(j->name);
}

static void take_options(int argc, char **argv)
{
	o.isa = getenv("LEP_ISA");
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--cpu") == 0)
			bench_use_cpu_time();
		else if (strcmp(argv[i], "--list") == 0)
			list(), exit(EXIT_SUCCESS);
		else if (value && strcmp(argv[i], "--isa") == 0)
			o.isa = argv[++i];
		else if (value && strcmp(argv[i], "--only") == 0)
			o.only = argv[++i];
		else if (value && strcmp(argv[i], "--rounds") == 0)
			o.rounds = (int)strtol(argv[++i], NULL, 10);
		else if (value && strcmp(argv[i], "--window") == 0)
			o.window = strtod(argv[++i], NULL) * 1e-3;
		else
			bench_die("kernels: option %s is not known, or lacks its value", argv[i]);
	}
	if (o.rounds < 1 || o.rounds > BENCH_ROUNDS || !(o.window > 0 && o.window <= 10))
		bench_die("kernels: --rounds from 1 to 100, --window from 1 to 10000");
}

int bench_kernels(int argc, char **argv)
{
	struct lep_error e = {0};

	take_options(argc, argv);
	bench_k = lep_kernels_select(o.isa, &e);
	if (!bench_k)
		bench_die("%s", e.text);
	prepare();
	measure_peaks();
	for (int i = 0; i < o.rounds; i++)
		run_round(i);
	return print_all();
}
