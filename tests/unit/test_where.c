/* Patterns of keys, ranges, shards, tests of a record. */
#include "check.h"

#include <string.h>

#include "data/export.h"
#include "data/select.h"
#include "data/values.h"
#include "data/where.h"

static void test_glob(void)
{
	static const struct {
		const char *pattern, *text;
		int matches;
	} cases[] = {
		{"", "", 1}, {"", "a", 0}, {"a", "a", 1}, {"a", "", 0}, {"*", "", 1}, {"*", "any/thing", 1},
		{"a*c", "abbc", 1}, {"a*c", "abcd", 0}, {"*.png", "x/y.png", 1}, {"*.png", "x.png.gz", 0},
		{"?", "\xc3\xa9", 1}, {"?", "ab", 0}, {"??", "\xc3\xa9", 0}, {"[a-c]x", "bx", 1},
		{"[!a-c]x", "bx", 0}, {"[!a-c]x", "dx", 1}, {"[]]", "]", 1}, {"[", "[", 0}, {"[ab", "a", 0},
		{"\\*", "*", 1}, {"\\*", "a", 0}, {"a**b", "ab", 1}, {"*a*b*c*", "xxaxxbxxcxx", 1},
		{"*[a]*[b]", "aab", 1}, {"test/7/*", "test/7/1.png", 1}, {"?", "\xff", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECKF(lep_glob_match(cases[i].pattern, cases[i].text, strlen(cases[i].text)) == cases[i].matches,
			"'%s' '%s'", cases[i].pattern, cases[i].text);
}

/* Many stars must not take exponential time. */
static void test_glob_blow_up(void)
{
	char text[4001];

	memset(text, 'a', 4000);
	text[4000] = 'c';
	CHECK(!lep_glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text, sizeof(text)));
}

static void test_range(void)
{
	static const char *const bad[] = {"", ":x", "x", "1:2:3", "1-2", "99999999999999999999", "-"};
	struct lep_error e;
	int64_t from, to;

	CHECK(lep_range_parse("100:200", &from, &to, &e) == 0 && from == 100 && to == 200);
	CHECK(lep_range_parse(":10", &from, &to, &e) == 0 && from == 0 && to == 10);
	CHECK(lep_range_parse("-5:", &from, &to, &e) == 0 && from == -5 && to == INT64_MAX);
	CHECK(lep_range_parse("7", &from, &to, &e) == 0 && from == 7 && to == 8);
	CHECK(lep_range_parse("-1", &from, &to, &e) == 0 && from == -1 && to == INT64_MAX);
	CHECK(lep_range_parse(":", &from, &to, &e) == 0 && from == 0 && to == INT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECKF(lep_range_parse(bad[i], &from, &to, &e) == LEP_ERR_USAGE,
			"%s", bad[i]);
	CHECK(lep_shard_parse("2/8", &from, &to, &e) == 0 && from == 2 && to == 8);
	CHECK(lep_shard_parse("0/8", &from, &to, &e) == LEP_ERR_USAGE);
	CHECK(lep_shard_parse("9/8", &from, &to, &e) == LEP_ERR_USAGE);
	CHECK(lep_shard_parse("1", &from, &to, &e) == LEP_ERR_USAGE);
}

static void test_where(void)
{
	static const struct {
		const char *test;
		int passes; /* -1: refused */
	} cases[] = {
		{"x=0.5", 1}, {"x!=0.5", 0}, {"x<1", 1}, {"x>=0.5", 1}, {"x>5e-1", 0}, {"x<=-1", 0},
		{"label=cat", 0}, {"label=dog", 1}, {"label!=cat", 1}, {"label=none", 0}, {"label=cow", -1},
		{"label<dog", -1}, {"t=a=b", 1}, {"t!=a=b", 0}, {"t<x", -1}, {"y=1", -1}, {"x", -1}, {"x=", -1},
		{"x=one", -1}, {"v=1", -1}, {"=1", -1},
	};
	struct lep_table *t = lep_table_new();
	struct lep_builder *b = NULL;
	struct lep_frame fr;
	struct lep_head h;
	struct lep_error e;
	unsigned char v[4];
	float x = 0.5f;

	lep_head_init(&h);
	CHECK(lep_table_add(t, "cat", 3) == 0 && lep_table_add(t, "dog", 3) == 1);
	CHECK(lep_head_add(&h, 0, "x", LEP_ROLE_INPUT, LEP_F32, &(struct lep_shape){0}, NULL, NULL, &e) == 0);
	CHECK(lep_head_add(&h, 0, "label", LEP_ROLE_TARGET, LEP_I32, &(struct lep_shape){0}, t, NULL, &e) == 1);
	CHECK(lep_head_add(&h, 0, "t", LEP_ROLE_OTHER, LEP_TEXT, &(struct lep_shape){0}, NULL, NULL, &e) == 2);
	CHECK(lep_head_add(&h, 0, "v", LEP_ROLE_OTHER, LEP_U8, &(struct lep_shape){1, {3}}, NULL, NULL, &e) == 3);
	CHECK(lep_builder_new(&b, &h, &e) == 0 && lep_builder_record(b, "k", 1, &e) == 0);
	lep_from_f32(v, LEP_F32, &x, 1);
	CHECK(lep_builder_set(b, 0, NULL, v, 4, &e) == 0);
	lep_put32(v, 1);
	CHECK(lep_builder_set(b, 1, NULL, v, 4, &e) == 0);
	CHECK(lep_builder_set(b, 2, NULL, "a=b", 3, &e) == 0);
	CHECK(lep_builder_frame(b, &fr, &e) == 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lep_where w;
		int r = lep_where_parse(&w, cases[i].test, &h, &e);

		CHECKF(cases[i].passes < 0 ? r == LEP_ERR_USAGE : r == 0, "%s", cases[i].test);
		CHECKF(r || lep_where_test(&w, &h, &fr, 0) == cases[i].passes, "%s", cases[i].test);
	}
	lep_builder_free(b);
	lep_head_release(&h);
	lep_table_free(t);
}

static void test_names(void)
{
	static const struct {
		const char *key, *name;
	} cases[] = {
		{"a/b.jpg", "a/b.jpg.png"}, {"b.png", "b.png"}, {"../../etc/passwd", "__/__/etc/passwd.png"},
		{"/abs", "abs.png"}, {"", "record.png"}, {"./././x", "x.png"}, {"//", "record.png"},
		{"a\nb", "a_b.png"}, {"..", "__.png"}, {"\xc3\xa9", "\xc3\xa9.png"},
	};
	struct lep_buf b = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lep_folder_name(&b, cases[i].key, strlen(cases[i].key), ".png");
		CHECKF(strcmp(b.data, cases[i].name) == 0, "%s", b.data);
	}
	lep_buf_release(&b);
}

static void test_shown(void)
{
	static const char in[] = "a\x1b[31m\n\\\xff\xc2\x9b" "5\xc3\xa9\x7f";
	struct lep_buf b = {0};

	lep_value_show(&b, in, sizeof(in) - 1);
	CHECKF(strcmp(b.data, "a\\x1b[31m\\n\\\\\\xff\\xc2\\x9b5\xc3\xa9\\x7f") == 0, "%s", b.data);
	lep_buf_release(&b);
}

static void test_stats(void)
{
	static const float x[] = {3, -1, 2};
	unsigned char v[16] = {0, 0, 0xc0, 0x7f}; /* NaN */
	struct lep_stats s;

	lep_from_f32(v + 4, LEP_F32, x, 3);
	lep_stats_of(&s, LEP_F32, v, 4);
	CHECK(s.n == 3 && s.nan == 1 && s.min == -1 && s.max == 3 && s.mean == 4.0 / 3);
	lep_stats_of(&s, LEP_F32, v, 1);
	CHECK(s.n == 0 && s.nan == 1 && s.min == 0 && s.max == 0 && s.mean == 0);
	lep_stats_of(&s, LEP_F32, v, 0);
	CHECK(s.n == 0 && s.nan == 0);
}

int main(void)
{
	RUN(test_glob);
	RUN(test_glob_blow_up);
	RUN(test_range);
	RUN(test_where);
	RUN(test_names);
	RUN(test_shown);
	RUN(test_stats);
	return CHECK_END();
}
