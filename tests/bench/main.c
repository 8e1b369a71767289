/*
 * bench: measurements that need C. `tests/bench/run` is what people call.
 */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

static clockid_t which_clock = CLOCK_MONOTONIC;

double bench_now(void)
{
	struct timespec t;

	clock_gettime(which_clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void bench_use_cpu_time(void)
{
	which_clock = CLOCK_THREAD_CPUTIME_ID;
}

void bench_die(const char *fmt, ...)
{
	va_list ap;

	fputs("bench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

void *bench_alloc(size_t n, size_t size)
{
	void *p = lep_alloc(n, size);

	if (!p)
		bench_die("out of memory");
	return p;
}

static void number(const char *name, double x)
{
	if (name)
		printf("\t%.4g", x);
	else
		fputs("\t-", stdout);
}

void bench_print(const struct bench_row *r)
{
	printf("%s\t%.5g\t%s\t%s", r->name, r->value, r->unit, r->limit ? r->limit : "-");
	number(r->limit, r->fraction);
	printf("\t%s", r->rival ? r->rival : "-");
	number(r->rival, r->ratio);
	printf("\t%s\n", r->bar ? r->bar : "-");
	fflush(stdout);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{"kernels", bench_kernels, "[--isa NAME] [--rounds N] [--window MS] [--only TEXT] [--cpu] [--list]"},
	{"peak", bench_peak_main, "ISA THREADS [ROUNDS [WINDOW-MS]]: GFLOP/s"},
	{"latency", bench_latency, "MODEL STREAM: microseconds of one record, in this process"},
	{"decode", bench_decode, "TAR: pictures a second of the bare libpng or libjpeg, from memory"},
	{"start", bench_start, "PROGRAM [ARGUMENT...]: milliseconds from its start to its end"},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(stderr, "%s bench %s %s\n", i ? "      " : "usage:", commands[i].name, commands[i].usage);
	return 2;
}
