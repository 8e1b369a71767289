/* base/text.h: strings and shortest numbers. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "check.h"

static void number(double v, const char *want)
{
	struct lep_buf b = {0};

	lep_text_number(&b, v);
	CHECKF(b.data && !strcmp(b.data, want), "%.17g gave %s, not %s", v, b.data, want);
	lep_buf_release(&b);
}

static void single(float v, const char *want)
{
	struct lep_buf b = {0};

	lep_text_float(&b, v);
	CHECKF(b.data && !strcmp(b.data, want), "%.9g gave %s, not %s", (double)v, b.data, want);
	lep_buf_release(&b);
}

static void string(const char *s, const char *want)
{
	struct lep_buf b = {0};

	lep_text_json(&b, s, strlen(s));
	CHECKF(b.data && !strcmp(b.data, want), "gave %s, not %s", b.data, want);
	lep_buf_release(&b);
}

int main(void)
{
	CHECK_CASE("0.9907", number(0.9907, "0.9907"));
	CHECK_CASE("0", number(0, "0"));
	CHECK_CASE("1", number(1, "1"));
	CHECK_CASE("100000000", number(1e8, "100000000"));
	CHECK_CASE("1/3", number(1.0 / 3, "0.3333333333333333"));
	CHECK_CASE("0.1+0.2", number(0.1 + 0.2, "0.30000000000000004"));
	CHECK_CASE("tiny", number(1e-7, "1e-07"));
	CHECK_CASE("not a number", number((double)NAN, "null"));
	CHECK_CASE("infinite", number((double)INFINITY, "null"));
	CHECK_CASE("float 0.1", single(0.1f, "0.1"));
	CHECK_CASE("float 1/3", single(1.0f / 3, "0.33333334"));
	CHECK_CASE("float 16777216", single(16777216.0f, "16777216"));
	CHECK_CASE("plain", string("cat", "\"cat\""));
	CHECK_CASE("quotes", string("a\"b\\c", "\"a\\\"b\\\\c\""));
	CHECK_CASE("control", string("a\n\t\x01", "\"a\\n\\t\\u0001\""));
	CHECK_CASE("UTF-8", string("\xc3\xa9\xf0\x9f\x90\x88", "\"\xc3\xa9\xf0\x9f\x90\x88\""));
	CHECK_CASE("not UTF-8", string("a\xff" "b\xc0\x80", "\"a\\\\xffb\\\\xc0\\\\x80\""));
	CHECK_CASE("surrogate", string("\xed\xa0\x80", "\"\\\\xed\\\\xa0\\\\x80\""));
	return CHECK_END();
}
