/* HEAD: text to struct and back, every line that must be refused, tables. */
#include "check.h"

#include <string.h>

#include "stream/head.h"

static const char example[] =
	"kind model\n"
	"provenance lep-train 0.1.0 -e 5\n"
	"network conv 32 3x3 relu\n"
	"network\n"
	"network dense classes softmax\n"
	"arithmetic 1\n"
	"expect image\nrole input\ndtype u8\nextents 28 28 1\nrecipe gray; resize 28 28\n"
	"expect label\nrole target\ndtype i32\ntable 1\n"
	"field label\nrole other\ndtype i32\nextents * 3\ntable 1\n"
	"field conv1.w\nrole other\ndtype f32\nextents 32 3 3 1\n"
	"field words in Zürich\nrole other\ndtype i32\ntable 2\n"
	"names 1 2\nentry cat\nentry dog\n"
	"names 2 4\nentry\nentry  leading space\nentry a\\\\b\\nc\\x01\\xff\nentry é\n";

static void there_and_back(void)
{
	struct lep_buf out = {0}, again = {0};
	struct lep_head h, copy;
	struct lep_error e;
	size_t at = 0;

	CHECKF(lep_head_parse(&h, example, strlen(example), &e) == 0, "%s", e.text);
	CHECK(h.kind == LEP_KIND_MODEL && h.nnote == 5 && h.nexpect == 2 && h.nfield == 3);
	CHECK(strcmp(lep_head_note_get(&h, "network", &at), "conv 32 3x3 relu") == 0);
	CHECK(strcmp(lep_head_note_get(&h, "network", &at), "") == 0);
	CHECK(strcmp(lep_head_note_get(&h, "network", &at), "dense classes softmax") == 0);
	CHECK(!lep_head_note_get(&h, "network", &at) && !lep_head_note_get(&h, "none", NULL));
	CHECK(lep_head_find(&h, "conv1.w") == 1 && lep_head_find(&h, "image") == -1);
	CHECK(lep_head_find_expect(&h, "image") == 0 && lep_head_find_expect_role(&h, LEP_ROLE_TARGET) == 1);
	CHECK(lep_head_find_role(&h, LEP_ROLE_INPUT) == -1 && lep_head_find_role(&h, LEP_ROLE_OTHER) == 0);
	CHECK(h.field[0].shape.rank == 2 && h.field[0].shape.extent[0] == LEP_VARIES);
	CHECK(h.field[0].table == h.expect[1].table && h.field[0].table->n == 2);
	CHECK(lep_table_find(h.field[2].table, "", 0) == 0);
	CHECK(lep_table_find(h.field[2].table, "a\\b\nc\1\xff", 7) == 2);
	CHECK(lep_head_format(&h, &out, &e) == 0);
	CHECKF(strcmp(out.data, example) == 0, "%s", out.data);
	CHECK(lep_head_copy(&copy, &h, &e) == 0);
	lep_head_release(&h);
	CHECK(lep_head_format(&copy, &again, &e) == 0 && strcmp(again.data, example) == 0);
	lep_head_release(&copy);
	lep_buf_release(&out);
	lep_buf_release(&again);
}

static void refused(void)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "header line 1: is not `kind ...`"},
		{"kind", "header line 1: has no end"},
		{"field x\n", "header line 1: is not `kind ...`"},
		{"kind thing\n", "header line 1: unknown kind"},
		{"kind data\nkind data\n", "header line 2: out of place"},
		{"kind data\n\n", "header line 2: does not begin with a key"},
		{"kind data\nKey x\n", "header line 2: does not begin with a key"},
		{"kind data\nnote x\\y\n", "header line 2: has an unknown escape behind a backslash"},
		{"kind data\nnote x\\x00\n", "header line 2: has an unknown escape behind a backslash"},
		{"kind data\nnote x\\xAB\n", "header line 2: has an unknown escape behind a backslash"},
		{"kind data\nnote x\\\n", "header line 2: has an unknown escape behind a backslash"},
		{"kind data\nnote \xff\n", "header line 2: is no UTF-8 text"},
		{"kind data\nrole input\n", "header line 2: out of place"},
		{"kind data\nfield x\nrole input\n", "header line 3: field 'x' ends without role or dtype"},
		{"kind data\nfield x\nrole me\n", "header line 3: unknown role"},
		{"kind data\nfield x\nrole input\nrole input\n", "header line 4: a second line of that key in one field"},
		{"kind data\nfield x\ndtype f31\n", "header line 3: unknown dtype"},
		{"kind data\nfield x\nextents 1  2\n", "header line 3: an extent is a number up to 2^40 or `*`"},
		{"kind data\nfield x\nextents 01\n", "header line 3: an extent is a number up to 2^40 or `*`"},
		{"kind data\nfield x\nextents -1\n", "header line 3: an extent is a number up to 2^40 or `*`"},
		{"kind data\nfield x\nextents 1099511627777\n", "header line 3: an extent is a number up to 2^40 or `*`"},
		{"kind data\nfield x\nextents 99999999999999999999999\n",
			"header line 3: an extent is a number up to 2^40 or `*`"},
		{"kind data\nfield x\nextents\n", "header line 3: an extent is a number up to 2^40 or `*`"},
		{"kind data\nfield x\nextents 1,2\n", "header line 3: extents are separated by one space"},
		{"kind data\nfield x\nextents 1 1 1 1 1 1 1 1 1\n", "header line 3: more than 8 extents"},
		{"kind data\nfield x\nrole input\ndtype u8\nextents 1048576 1048577\n",
			"header line 5: field 'x': too many elements"},
		{"kind data\nfield x\nrole input\ndtype text\nextents 1\n", "header line 5: field 'x': text has no extents"},
		{"kind data\nfield x\nrole input\ndtype u8\nfield x\n", "header line 5: a second field of that name"},
		{"kind data\nfield x\nrole input\ndtype i32\ntable 2\n",
			"header line 5: tables are numbered from 1 in the order they are first named"},
		{"kind data\nfield x\nrole input\ndtype i32\ntable 0\n",
			"header line 5: tables are numbered from 1 in the order they are first named"},
		{"kind data\nfield x\nrole input\ndtype i32\ntable 1\n", "header: table 1 is missing"},
		{"kind data\nnames 1 0\n", "header line 2: tables come in the order of their numbers, each named by a field"},
		{"kind data\nfield x\nrole input\ndtype i32\ntable 1\nnames 1\n",
			"header line 6: a table begins with its number and its count"},
		{"kind data\nfield x\nrole input\ndtype i32\ntable 1\nnames 1 2\nentry a\n",
			"header line 7: a table has fewer entries than it says"},
		{"kind data\nfield x\nrole input\ndtype i32\ntable 1\nnames 1 2\nentry a\nentry a\n",
			"header line 8: a second entry of that name"},
		{"kind data\nfield x\nrole input\ndtype i32\ntable 1\nnames 1 1\nentry a\nentry b\n",
			"header line 8: out of place"},
		{"kind data\nfield x\nrole input\ndtype i32\ntable 1\nnames 1 1\nentry a\nfield y\n",
			"header line 8: a field behind the tables"},
		{"kind data\nfield x\nrole input\ndtype i32\ntable 1\nnames 1 1\nentry a\nlater 1\n",
			"header line 8: out of place"},
		{"kind data\nfield  x\nrole input\ndtype u8\n",
			"header line 4: field ' x': names have 1 to 255 bytes of UTF-8, no control character, no space at either end"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lep_head h;
		struct lep_error e;
		int status = lep_head_parse(&h, cases[i].text, strlen(cases[i].text), &e);

		CHECKF(status == LEP_ERR_DATA && e.status == LEP_ERR_DATA, "%s", cases[i].text);
		CHECKF(strcmp(e.text, cases[i].says) == 0, "%s", e.text);
		CHECK(h.nfield == 0 && !h.field);
	}
}

/* A later minor version may say more of a field; that is skipped. */
static void unknown_keys(void)
{
	static const char text[] = "kind data\nfield x\nunit metre\nrole input\ndtype u8\n";
	struct lep_buf out = {0};
	struct lep_head h;
	struct lep_error e;

	CHECK(lep_head_parse(&h, text, strlen(text), &e) == 0);
	CHECK(lep_head_format(&h, &out, &e) == 0);
	CHECK(strcmp(out.data, "kind data\nfield x\nrole input\ndtype u8\n") == 0);
	lep_head_release(&h);
	lep_buf_release(&out);
}

static void adding(void)
{
	struct lep_shape s = {.rank = 1, .extent = {3}}, big = {.rank = 2, .extent = {LEP_ELEMENTS_MAX, 2}};
	struct lep_buf out = {0};
	struct lep_head h;
	struct lep_error e;
	char name[300];

	lep_head_init(&h);
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		CHECK(lep_head_add(&h, 0, name, LEP_ROLE_OTHER, LEP_F32, &s, NULL, NULL, &e) == i);
	}
	CHECK(lep_head_add(&h, 0, "f3", LEP_ROLE_OTHER, LEP_F32, &s, NULL, NULL, &e) == LEP_ERR_USAGE);
	CHECK(lep_head_add(&h, 1, "f3", LEP_ROLE_OTHER, LEP_F32, &s, NULL, NULL, &e) == 0);
	CHECK(lep_head_add(&h, 0, "", LEP_ROLE_OTHER, LEP_F32, &s, NULL, NULL, &e) == LEP_ERR_USAGE);
	CHECK(lep_head_add(&h, 0, "a\nb", LEP_ROLE_OTHER, LEP_F32, &s, NULL, NULL, &e) == LEP_ERR_USAGE);
	CHECK(lep_head_add(&h, 0, "big", LEP_ROLE_OTHER, LEP_F32, &big, NULL, NULL, &e) == LEP_ERR_USAGE);
	memset(name, 'x', 256);
	name[256] = '\0';
	CHECK(lep_head_add(&h, 0, name, LEP_ROLE_OTHER, LEP_F32, &s, NULL, NULL, &e) == LEP_ERR_USAGE);
	name[255] = '\0';
	CHECK(lep_head_add(&h, 0, name, LEP_ROLE_OTHER, LEP_F32, &s, NULL, NULL, &e) == 9);
	for (int i = 0; i < 7; i++)
		lep_head_drop(&h, 1);
	CHECK(h.nfield == 3 && lep_head_find(&h, "f8") == 1);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		CHECK(lep_head_add(&h, 0, name, LEP_ROLE_OTHER, LEP_F32, &s, NULL, NULL, &e) == 3 + i);
	}
	CHECK(lep_head_note(&h, "field", "x", &e) == 0);
	CHECK(lep_head_format(&h, &out, &e) == LEP_ERR_USAGE);
	lep_buf_release(&out);
	lep_head_release(&h);
}

/* Equal tables are written once, however many there are in memory. */
static void equal_tables(void)
{
	struct lep_buf out = {0};
	struct lep_head h;
	struct lep_error e;

	lep_head_init(&h);
	for (int i = 0; i < 2; i++) {
		struct lep_table *t = lep_table_new();

		CHECK(t && lep_table_add(t, "a", 1) == 0);
		CHECK(lep_head_add(&h, 0, i ? "y" : "x", LEP_ROLE_OTHER, LEP_I32, NULL, t, NULL, &e) == i);
		lep_table_free(t);
	}
	CHECK(lep_head_format(&h, &out, &e) == 0);
	CHECK(strcmp(out.data, "kind data\nfield x\nrole other\ndtype i32\ntable 1\nfield y\nrole other\ndtype i32\n"
		"table 1\nnames 1 1\nentry a\n") == 0);
	lep_head_release(&h);
	lep_buf_release(&out);
}

static void tables(void)
{
	struct lep_table *t = lep_table_new();
	char name[16];

	CHECK(t && lep_table_find(t, "x", 1) == -1);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", 999 - i);
		CHECK(lep_table_add(t, name, strlen(name)) == i);
	}
	CHECK(lep_table_add(t, "n5", 2) == 994 && t->n == 1000);
	CHECK(lep_table_add(t, "a\0b", 3) == LEP_ERR_USAGE);
	CHECK(lep_table_sort(t) == 0);
	CHECK(strcmp(t->entry[0], "n0") == 0 && strcmp(t->entry[2], "n10") == 0 && strcmp(t->entry[999], "n999") == 0);
	for (size_t i = 0; i < t->n; i++)
		CHECK(lep_table_find(t, t->entry[i], t->length[i]) == (int64_t)i);
	CHECK(lep_table_find(t, "\xc3\xa9", 2) == -1);
	lep_table_free(t);
}

int main(void)
{
	RUN(there_and_back);
	RUN(refused);
	RUN(unknown_keys);
	RUN(adding);
	RUN(equal_tables);
	RUN(tables);
	return CHECK_END();
}
