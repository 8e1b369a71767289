/* lib/cli/json.c */
#include "check.h"

#include <math.h>
#include <string.h>

#include "cli/json.h"

static void test_structure(void)
{
	struct lep_buf b = { 0 };
	struct lep_json j = { .buf = &b };

	lep_json_object(&j);
	lep_json_key(&j, "accuracy");
	lep_json_number(&j, 0.9907);
	lep_json_key(&j, "list");
	lep_json_array(&j);
	lep_json_int(&j, -3);
	lep_json_uint(&j, UINT64_MAX);
	lep_json_object(&j);
	lep_json_close(&j);
	lep_json_array(&j);
	lep_json_close(&j);
	lep_json_close(&j);
	lep_json_key(&j, "nan");
	lep_json_number(&j, NAN);
	lep_json_key(&j, "f");
	lep_json_float(&j, 0.1f);
	lep_json_key(&j, "yes");
	lep_json_bool(&j, 1);
	lep_json_key(&j, "no");
	lep_json_null(&j);
	lep_json_close(&j);
	CHECKF(!strcmp(b.data, "{\"accuracy\": 0.9907, \"list\": [-3, 18446744073709551615, {}, []], "
		"\"nan\": null, \"f\": 0.1, \"yes\": true, \"no\": null}"), "%s", b.data);
	lep_buf_release(&b);
}

static void test_text(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "a\"b\\c\n\t\x01\x7f", "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\"" },
		{ "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"" },
		{ "\xff\xc3", "\"\\\\xff\\\\xc3\"" },
		{ "\xc0\xaf", "\"\\\\xc0\\\\xaf\"" },           /* overlong */
		{ "\xed\xa0\x80", "\"\\\\xed\\\\xa0\\\\x80\"" }, /* a surrogate */
		{ "", "\"\"" },
	};
	struct lep_buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lep_json j = { .buf = &b };

		lep_buf_clear(&b);
		lep_json_text(&j, cases[i].in);
		CHECKF(!strcmp(b.data, cases[i].out), "%s", b.data);
	}
	lep_buf_clear(&b);
	lep_json_textn(&(struct lep_json){ .buf = &b }, "a\0b", 3);
	CHECKF(!strcmp(b.data, "\"a\\u0000b\""), "%s", b.data);
	lep_buf_release(&b);
}

static void test_depth(void)
{
	struct lep_buf b = { 0 };
	struct lep_json j = { .buf = &b };
	int i;

	for (i = 0; i <= LEP_JSON_DEPTH; i++)
		lep_json_array(&j);
	CHECK(b.failed);
	lep_buf_release(&b);
}

int main(void)
{
	RUN(test_structure);
	RUN(test_text);
	RUN(test_depth);
	return CHECK_END();
}
