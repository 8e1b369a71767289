/* lib/cli/options.c: parsing and provenance. */
#include "check.h"

#include <string.h>

#include "cli/options.h"

static const char *const colours[] = { "red", "green", NULL };

static struct values {
	const char *output;
	int64_t count;
	uint64_t seed, memory;
	double rate;
	int quiet, verbose, colour;
	struct lep_list list;
} o;

static const struct lep_option options[] = {
	LEP_OPTION_OUTPUT(&o.output),
	LEP_OPTION_QUIET(&o.quiet),
	LEP_OPTION_VERBOSE(&o.verbose),
	LEP_OPTION_SEED(&o.seed),
	LEP_INT('n', "count", "N", &o.count, -5, 100, LEP_OPT_RESULT, "a number"),
	LEP_NUMBER(0, "rate", "R", &o.rate, 0, 1, LEP_OPT_RESULT | LEP_OPT_ABOVE, "a rate"),
	LEP_LIST('l', "list", "TEXT", &o.list, LEP_OPT_RESULT, "texts"),
	LEP_CHOICE(0, "colour", colours, &o.colour, LEP_OPT_RESULT, "a colour"),
	LEP_SIZE(0, "memory", &o.memory, 0, "a size"),
};

static const struct lep_program program = {
	.name = "x",
	.summary = "Nothing.",
	.usage = (const char *const[]){ "[file ...]", NULL },
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
};

static struct lep_operands ops;
static struct lep_error e;

/* Words apart by blanks; "%" stands for an empty one. */
static int parse(const char *line)
{
	static char text[512], name[] = "x";
	static char *argv[32];
	int argc = 1;
	char *p;

	lep_operands_release(&ops);
	o = (struct values){ 0 };
	memcpy(text, line, strlen(line) + 1);
	argv[0] = name;
	for (p = text; *p; argc++) {
		argv[argc] = p;
		p += strcspn(p, " ");
		if (*p)
			*p++ = '\0';
		if (!strcmp(argv[argc], "%"))
			*argv[argc] = '\0';
	}
	argv[argc] = NULL;
	return lep_options_parse(&program, argc, argv, &ops, &e);
}

static void test_forms(void)
{
	CHECK(parse("-n 5 --rate=0.5 -qvv -lone --list two -o f") == LEP_OPTIONS_RUN);
	CHECK(o.count == 5 && o.rate == 0.5 && o.quiet == 1 && o.verbose == 2);
	CHECK(o.list.n == 2 && !strcmp(o.list.item[0], "one") && !strcmp(o.list.item[1], "two"));
	CHECK(!strcmp(o.output, "f") && ops.n == 0);
	CHECK(parse("-vn-5 --memory 64K --seed 18446744073709551615 --colour green") == 0);
	CHECK(o.verbose == 1 && o.count == -5 && o.memory == 65536 && o.seed == UINT64_MAX && o.colour == 1);
	CHECK(lep_option_given(&ops, &o.seed) == 1 && lep_option_given(&ops, &o.rate) == 0);
	CHECK(parse("--memory 2G -n1 -n2") == 0);
	CHECK(o.memory == (uint64_t)2 << 30 && o.count == 2);
}

static void test_operands(void)
{
	CHECK(parse("a - -q b -- -v --x") == 0);
	CHECK(ops.n == 5 && o.quiet && !o.verbose);
	CHECK(!strcmp(ops.name[0], "a") && !strcmp(ops.name[1], "-") && !strcmp(ops.name[2], "b"));
	CHECK(!strcmp(ops.name[3], "-v") && !strcmp(ops.name[4], "--x"));
	CHECK(parse("-o -- -q") == 0);
	CHECK(!strcmp(o.output, "--") && o.quiet);
}

static void test_requests(void)
{
	CHECK(parse("a --help --nonsense") == LEP_OPTIONS_HELP);
	CHECK(parse("-qh") == LEP_OPTIONS_HELP);
	CHECK(parse("--version") == LEP_OPTIONS_VERSION);
	CHECK(parse("--completion=zsh") == LEP_OPTIONS_COMPLETION && !strcmp(ops.completion, "zsh"));
	CHECK(parse("--completion fish") == LEP_OPTIONS_COMPLETION && !strcmp(ops.completion, "fish"));
}

static void test_refused(void)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{ "--foo", "unknown option '--foo'" },
		{ "--foo=3", "unknown option '--foo'" },
		{ "--outp f", "unknown option '--outp'" },
		{ "-qx", "unknown option '-x'" },
		{ "--quiet=1", "option '--quiet' takes no argument" },
		{ "-n", "option '-n' needs an argument" },
		{ "--count", "option '--count' needs an argument" },
		{ "--count=", "option '--count': '' is not a whole number" },
		{ "-n 5x", "option '-n': '5x' is not a whole number" },
		{ "-n 0x5", "option '-n': '0x5' is not a whole number" },
		{ "-n +5", "option '-n': '+5' is not a whole number" },
		{ "-n --5", "option '-n': '--5' is not a whole number" },
		{ "-n 99999999999999999999", "option '-n': '99999999999999999999' is not a whole number" },
		{ "-n 101", "option '-n': 101 is not at least -5 and at most 100" },
		{ "-n -6", "option '-n': -6 is not at least -5 and at most 100" },
		{ "--rate 0", "option '--rate': 0 is not above 0 and at most 1" },
		{ "--rate nan", "option '--rate': 'nan' is not a number" },
		{ "--rate 0x1p-1", "option '--rate': '0x1p-1' is not a number" },
		{ "--rate 1e999", "option '--rate': '1e999' is not a number" },
		{ "--seed -1", "option '--seed': '-1' is not a whole number from 0 to 18446744073709551615" },
		{ "--seed 18446744073709551616",
			"option '--seed': '18446744073709551616' is not a whole number from 0 to 18446744073709551615" },
		{ "--colour re", "option '--colour': 're' is none of red, green" },
		{ "--memory 1X", "option '--memory': '1X' is not a size such as 4096, 64K, 1M or 2G" },
		{ "--memory 17179869184G", "option '--memory': '17179869184G' is not a size such as 4096, 64K, 1M or 2G" },
		{ "--memory %", "option '--memory': '' is not a size such as 4096, 64K, 1M or 2G" },
		{ "--\033[31m", "unknown option '--\\x1b[31m'" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECKF(parse(cases[i].line) == LEP_ERR_USAGE, "%s", cases[i].line);
		CHECKF(!strcmp(e.text, cases[i].text), "%s: %s", cases[i].line, e.text);
	}
}

static void test_provenance(void)
{
	struct lep_buf b = { 0 };

	CHECK(parse("-q -l a -o secret --rate 1e-1 -n 7 -l b'c --seed=1 file") == 0);
	lep_provenance(&ops, LEP_PROVENANCE_SHORT, &b);
	CHECKF(!strcmp(b.data, "x " LEP_VERSION " --seed 1 --count 7 --rate 0.1 --list a --list 'b'\\''c'"), "%s",
		b.data);
	lep_buf_clear(&b);
	lep_provenance(&ops, LEP_PROVENANCE_NONE, &b);
	CHECK(b.len == 0);
	CHECK(parse("-q a\nb") == 0);
	lep_provenance(&ops, LEP_PROVENANCE_FULL, &b);
	CHECKF(!strcmp(b.data, "x " LEP_VERSION " # x -q $'a\\x0ab'"), "%s", b.data);
	lep_buf_release(&b);
}

static void test_table(void)
{
	struct lep_option two[] = { LEP_OPTION_QUIET(&o.quiet), LEP_OPTION_VERBOSE(&o.verbose) };
	struct lep_program p = program;

	CHECK(lep_options_check(&program, &e) == 0);
	p.options = two;
	p.noptions = 2;
	CHECK(lep_options_check(&p, &e) == 0);
	two[1].letter = 'q';
	CHECK(lep_options_check(&p, &e) == LEP_ERR_USAGE);
	two[1].letter = 'v';
	two[1].name = "version";
	CHECK(lep_options_check(&p, &e) == LEP_ERR_USAGE);
	two[1].name = "verbose";
	two[1].help = "";
	CHECK(lep_options_check(&p, &e) == LEP_ERR_USAGE);
}

static void test_help(void)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };
	struct lep_buf b = { 0 };
	size_t i;

	lep_options_help(&program, &b);
	CHECK(strstr(b.data, "Usage: x [file ...]\nNothing.\n\nOptions:\n  -o, --output FILE "));
	CHECK(strstr(b.data, "      --colour red|green  a colour\n"));
	CHECK(strstr(b.data, "  -h, --help              print this help\n"));
	for (i = 0; i < 3; i++) {
		lep_buf_clear(&b);
		CHECK(lep_options_completion(&program, shells[i], &b, &e) == 0 && strstr(b.data, "colour"));
	}
	CHECK(lep_options_completion(&program, "csh", &b, &e) == LEP_ERR_USAGE);
	lep_buf_release(&b);
}

int main(void)
{
	RUN(test_forms);
	RUN(test_operands);
	RUN(test_requests);
	RUN(test_refused);
	RUN(test_provenance);
	RUN(test_table);
	RUN(test_help);
	lep_operands_release(&ops);
	return CHECK_END();
}
