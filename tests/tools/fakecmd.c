/* A program with one option of each kind, that prints what it was told: the
 * subject of tests/cli/options.bats. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/stop.h"
#include "cli/cli.h"

static const char *const colours[] = { "red", "green", "blue", NULL };

static struct {
	const char *output, *text;
	int64_t threads, count;
	uint64_t seed, memory;
	double rate;
	int quiet, verbose, colour, provenance, hidden, force;
	struct lep_list list;
} o;

static const struct lep_option options[] = {
	LEP_OPTION_OUTPUT(&o.output),
	LEP_OPTION_THREADS(&o.threads),
	LEP_OPTION_QUIET(&o.quiet),
	LEP_OPTION_VERBOSE(&o.verbose),
	LEP_OPTION_SEED(&o.seed),
	LEP_OPTION_PROVENANCE(&o.provenance),
	LEP_OPTION_FORCE(&o.force),
	LEP_INT('n', "count", "N", &o.count, -5, 100, LEP_OPT_RESULT, "a number"),
	LEP_NUMBER(0, "rate", "RATE", &o.rate, 0, 1, LEP_OPT_RESULT | LEP_OPT_ABOVE, "a rate"),
	LEP_TEXT(0, "text", "TEXT", &o.text, LEP_OPT_RESULT, "a text: it's [any] one"),
	LEP_LIST('l', "list", "TEXT", &o.list, LEP_OPT_RESULT, "one more text"),
	LEP_CHOICE(0, "colour", colours, &o.colour, LEP_OPT_RESULT, "a colour"),
	LEP_SIZE(0, "memory", &o.memory, 0, "a size"),
	LEP_FLAG(0, "hidden", &o.hidden, LEP_OPT_HIDDEN, "not shown"),
};

static const struct lep_program program = {
	.name = "fakecmd",
	.summary = "Print what was asked for.",
	.usage = (const char *const[]){ "[-qv] [-n N] [-l TEXT] [file ...]", NULL },
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.example = "fakecmd -n 3 file",
};

static int print_all(const struct lep_operands *ops, struct lep_error *e)
{
	struct lep_buf line = { 0 };
	size_t i;

	lep_provenance(ops, o.provenance, &line);
	printf("%s\n", line.data ? line.data : "(none)");
	lep_buf_release(&line);
	printf("count %lld rate %g text %s colour %d memory %llu quiet %d verbose %d\n",
		(long long)o.count, o.rate, o.text ? o.text : "(none)", o.colour,
		(unsigned long long)o.memory, o.quiet, o.verbose);
	for (i = 0; i < ops->n; i++)
		printf("operand %s\n", ops->name[i]);
	lep_warn("a warning");
	lep_explain(1, "an explanation");
	lep_say("a note");
	printf("threads %d\n", lep_cli_threads(o.threads, e));
	return 0;
}

static int wait_for_signal(struct lep_error *e)
{
	int status = 0;

	fputs("ready\n", stdout);
	fflush(stdout);
	while (!status) {
		usleep(10000);
		status = lep_stop_check(e);
	}
	return status;
}

/* Map a file, cut it, look at it. */
static int shrink(const char *path)
{
	FILE *f = fopen(path, "w+");
	volatile char *p;
	int seen;

	if (!f || ftruncate(fileno(f), 8192))
		return 0;
	p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fileno(f), 0);
	if (p == MAP_FAILED || ftruncate(fileno(f), 0))
		return 0;
	seen = p[4096];
	return seen;
}

/* Words by which the tests choose what happens. */
static int run(const struct lep_operands *ops, struct lep_error *e)
{
	const char *first = ops->n ? ops->name[0] : "";
	int n;

	if (!strcmp(first, "wait"))
		return wait_for_signal(e);
	if (!strcmp(first, "shrink") && ops->n == 2)
		return shrink(ops->name[1]);
	if (!strcmp(first, "fail"))
		return lep_fail(e, LEP_ERR_DATA, "file: place: cause\033[31m");
	if (!strcmp(first, "unmet"))
		return lep_fail(e, LEP_ERR_UNMET, "accuracy is 0.5");
	if (!strcmp(first, "threads")) {
		n = lep_cli_threads(o.threads, e);
		return n < 0 ? n : printf("%d\n", n) * 0;
	}
	if (!strcmp(first, "terminal"))
		return lep_cli_check_output(o.output, o.force, e);
	if (!strcmp(first, "silent"))
		return 0;
	return print_all(ops, e);
}

int main(int argc, char **argv)
{
	struct lep_operands ops;
	struct lep_error e;
	int rc = lep_cli_start(&program, argc, argv, &ops);

	if (rc >= 0)
		return rc;
	return lep_cli_end(run(&ops, &e), &e);
}
