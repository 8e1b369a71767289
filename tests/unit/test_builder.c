/* The builder: values set, refused, left out, marked bad, copied. */
#include "check.h"
#include "streams.h"

static struct lep_head head;

static void wrong_values(void)
{
	struct lep_shape s = shape_of(2, 2, 3, 0), good = shape_of(2, 1, 2, 0);
	struct lep_builder *b;
	struct lep_error e;
	char key[LEP_KEY_MAX + 1], buf[16] = {0};

	CHECK(lep_builder_new(&b, &head, &e) == 0);
	CHECK(lep_builder_set(b, 0, NULL, buf, 6, &e) == LEP_ERR_USAGE);
	CHECK(lep_builder_bad(b, "x", &e) == LEP_ERR_USAGE);
	memset(key, 'k', sizeof(key));
	CHECK(lep_builder_record(b, key, sizeof(key), &e) == LEP_ERR_DATA);
	CHECK(lep_builder_count(b) == 0);
	CHECK(lep_builder_record(b, key, LEP_KEY_MAX, &e) == 0);
	CHECK(lep_builder_set(b, 0, NULL, buf, 5, &e) == LEP_ERR_USAGE);
	CHECK(lep_builder_set(b, 1, &s, buf, 8, &e) == LEP_ERR_DATA);
	CHECKF(strcmp(e.text, "field 'samples': a value of 2x3 where *x2 is declared") == 0, "%s", e.text);
	CHECK(lep_builder_set(b, 1, &good, buf, 7, &e) == LEP_ERR_USAGE);
	CHECK(lep_builder_set(b, 1, NULL, buf, 8, &e) == LEP_ERR_USAGE);
	CHECK(lep_builder_set(b, 2, NULL, "\xff", 1, &e) == LEP_ERR_DATA);
	CHECK(!lep_builder_room(b, 1) && lep_builder_room(b, 0));
	lep_builder_free(b);
	lep_builder_free(NULL);
}

/* Set twice, room, bad after values, nothing set, a key that is no UTF-8. */
static void last_word_counts(void)
{
	struct lep_shape two = shape_of(2, 2, 2, 0), one = shape_of(2, 1, 2, 0), got;
	float v[4] = {1, 2, 3, 4};
	struct lep_builder *b;
	struct lep_frame fr;
	struct lep_error e;
	size_t len;

	CHECK(lep_builder_new(&b, &head, &e) == 0);
	CHECK(lep_builder_record(b, "a\xff", 2, &e) == 0);
	CHECK(lep_builder_set(b, 1, &two, v, 16, &e) == 0 && lep_builder_set(b, 1, &one, v + 2, 8, &e) == 0);
	memcpy(lep_builder_room(b, 0), "abcdef", 6);
	CHECK(lep_builder_record(b, "b", 1, &e) == 0);
	CHECK(lep_builder_set(b, 0, NULL, "ghijkl", 6, &e) == 0 && lep_builder_set(b, 1, &two, v, 16, &e) == 0);
	CHECK(lep_builder_bad(b, "first", &e) == 0 && lep_builder_bad(b, "no: \xfe", &e) == 0);
	CHECK(lep_builder_set(b, 0, NULL, "ghijkl", 6, &e) == LEP_ERR_USAGE);
	CHECK(lep_builder_record(b, "", 0, &e) == 0);
	CHECK(lep_builder_frame(b, &fr, &e) == 0 && fr.n == 3);
	CHECK(fr.entry[0].key_len == 5 && memcmp(fr.entry[0].key, "a\\xff", 5) == 0);
	CHECK(fr.entry[1].bad && fr.entry[1].cause_len == 8 && memcmp(fr.entry[1].cause, "no: \\xfe", 8) == 0);
	CHECK(fr.entry[2].key_len == 0 && !fr.entry[2].bad);
	CHECK(memcmp(fr.column[0].data, "abcdef\0\0\0\0\0\0\0\0\0\0\0\0", 18) == 0);
	CHECK(fr.column[1].bytes == 8);
	CHECK(memcmp(lep_frame_value(&head, &fr, 1, 0, &len, &got), v + 2, 8) == 0 && got.extent[0] == 1);
	lep_frame_value(&head, &fr, 1, 1, &len, &got);
	CHECK(len == 0 && got.extent[0] == 0);
	/* A buffer used again holds nothing of before. */
	lep_builder_clear(b);
	CHECK(lep_builder_count(b) == 0 && lep_builder_record(b, "c", 1, &e) == 0);
	CHECK(lep_builder_frame(b, &fr, &e) == 0 && memcmp(fr.column[0].data, "\0\0\0\0\0", 6) == 0);
	lep_builder_free(b);
}

static void copies(void)
{
	static const int some[] = {-1, 2, 1}; /* of a head without image */
	struct lep_builder *from, *to;
	struct lep_frame a, b;
	struct lep_head other;
	struct lep_error e;
	int map[3];

	CHECK(lep_head_copy(&other, &head, &e) == 0);
	lep_head_drop(&other, 4);
	lep_head_drop(&other, 3);
	CHECK(other.nfield == 3);
	map[0] = -1;
	map[1] = some[2];
	map[2] = some[1];
	CHECK(lep_builder_new(&from, &head, &e) == 0 && lep_builder_new(&to, &other, &e) == 0);
	for (size_t i = 0; i < 10; i++)
		small_record(from, i, 3);
	CHECK(lep_builder_frame(from, &a, &e) == 0);
	for (size_t i = 0; i < 10; i++)
		CHECK(lep_builder_copy(to, &head, &a, 9 - i, map, &e) == 0);
	CHECK(lep_builder_frame(to, &b, &e) == 0 && b.n == 10);
	for (size_t i = 0; i < 10; i++) {
		size_t n, m;
		const void *x = lep_frame_value(&head, &a, 1, 9 - i, &n, NULL), *y = lep_frame_value(&other, &b, 1, i, &m, NULL);

		CHECK(n == m && memcmp(x, y, n) == 0 && a.entry[9 - i].bad == b.entry[i].bad);
		CHECK(a.entry[9 - i].cause_len == b.entry[i].cause_len);
	}
	for (size_t i = 0; i < b.column[0].bytes; i++)
		CHECK(b.column[0].data[i] == 0);
	lep_builder_free(from);
	lep_builder_free(to);
	lep_head_release(&other);
}

int main(void)
{
	static const char *const names[] = {"cat", "dog", "owl"};

	small_head(&head, names, 3);
	RUN(wrong_values);
	RUN(last_word_counts);
	RUN(copies);
	lep_head_release(&head);
	return CHECK_END();
}
