/* The description's syntax: statements, blocks, names, and what is refused. */
#include "nn/syntax.h"

#include <string.h>

#include "check.h"

static void canonical_text(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"dense 10", "dense 10\n"},
		{"# c\n\n  conv 32  3x3 relu # more\nflatten;dense 5;;", "conv 32 3x3 relu\nflatten\ndense 5\n"},
		{"e = embed 128", "e = embed 128\n"},
		{"repeat 2 { relu; residual { dense 3 } { dense 3 } }; relu",
			"repeat 2 {\n    relu\n    residual {\n        dense 3\n    } {\n        dense 3\n    }\n}\nrelu\n"},
		{"residual { relu }\n\n{ relu }\nrelu", "residual {\n    relu\n} {\n    relu\n}\nrelu\n"},
		{"repeat 1 {}", "repeat 1 {\n}\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lep_block b;
		struct lep_error e;
		struct lep_buf text = {0};

		CHECKF(lep_syntax_parse(&b, cases[i].in, "t", &e) == 0, "%s", e.text);
		lep_syntax_format(&b, &text);
		CHECKF(strcmp(text.data, cases[i].out) == 0, "case %zu gives\n%s", i, text.data);
		lep_syntax_release(&b);
		/* What was formatted reads back as itself. */
		CHECK(lep_syntax_parse(&b, cases[i].out, "t", &e) == 0);
		lep_buf_clear(&text);
		lep_syntax_format(&b, &text);
		CHECK(strcmp(text.data, cases[i].out) == 0);
		lep_syntax_release(&b);
		lep_buf_release(&text);
	}
}

static void refused(void)
{
	static const struct {
		const char *in, *message;
	} cases[] = {
		{"", "t: the description is empty"},
		{"# only\n", "t: the description is empty"},
		{"relu\n}", "t: line 2: '}' without its '{'"},
		{"repeat 2 {\nrelu", "t: line 1: '{' without its '}'"},
		{"{ relu }", "t: line 1: '{' without a word before it"},
		{"a = ", "t: line 1: a name and '=' without a layer"},
		{"a b = relu", "t: line 1: '=' belongs behind one name at the start of a line"},
		{"repeat 2 { relu } relu", "t: line 1: words behind '}': a ';' or a new line is missing"},
		{"re\x01lu", "t: line 1: control character"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lep_block b;
		struct lep_error e;

		CHECKF(lep_syntax_parse(&b, cases[i].in, "t", &e) == LEP_ERR_DATA, "case %zu", i);
		CHECKF(strcmp(e.text, cases[i].message) == 0, "case %zu says: %s", i, e.text);
	}
}

static void deep_nesting_is_refused(void)
{
	char text[4096] = "";
	struct lep_block b;
	struct lep_error e;

	for (int i = 0; i < 100; i++)
		strncat(text, "repeat 1 {", sizeof(text) - strlen(text) - 1);
	CHECK(lep_syntax_parse(&b, text, "t", &e) == LEP_ERR_DATA);
	CHECK(strcmp(e.text, "t: line 1: blocks are nested too deeply") == 0);
}

int main(void)
{
	RUN(canonical_text);
	RUN(refused);
	RUN(deep_nesting_is_refused);
	return CHECK_END();
}
