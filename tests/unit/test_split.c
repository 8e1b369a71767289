/* The rule of splits: whole and complementary, exact, stratified, groups kept,
 * independent of the order of records and of frames, stable when data grow. */
#include "check.h"

#include <string.h>

#include "data/split.h"

struct sample {
	char key[32];
	int label, group;
};

#define MOST 2000

static struct lep_head head;
static struct lep_error error;

static void make_head(int classes)
{
	struct lep_table *t = lep_table_new();
	char name[16];
	int r = 0;

	for (int i = 0; i < classes; i++) {
		int n = snprintf(name, sizeof(name), "c%d", i);

		r |= lep_table_add(t, name, (size_t)n) < 0;
	}
	lep_head_init(&head);
	r |= lep_head_add(&head, 0, "label", LEP_ROLE_TARGET, LEP_I32, &(struct lep_shape){0}, classes ? t : NULL,
		NULL, &error) < 0;
	r |= lep_head_add(&head, 0, "group", LEP_ROLE_OTHER, LEP_I32, &(struct lep_shape){0}, NULL, NULL, &error) < 0;
	lep_table_free(t);
	if (r)
		abort();
}

/* The parts of these samples, `pack` in a frame. */
static int split(const struct sample *s, size_t n, const char *shares, const char *by, uint64_t seed,
	size_t pack, uint8_t *part)
{
	double share[LEP_PARTS_MAX];
	int parts = lep_shares_parse(share, shares, &error), r;
	struct lep_splitter *splitter;
	struct lep_builder *b;
	struct lep_frame fr;

	r = parts < 0 ? parts : lep_builder_new(&b, &head, &error);
	if (r)
		return r;
	r = lep_splitter_new(&splitter, &head, by, seed, &error);
	for (size_t i = 0; i < n && !r; i++) {
		unsigned char v[4];

		r = lep_builder_record(b, s[i].key, strlen(s[i].key), &error);
		lep_put32(v, (uint32_t)s[i].label);
		if (!r)
			r = lep_builder_set(b, 0, NULL, v, 4, &error);
		lep_put32(v, (uint32_t)s[i].group);
		if (!r)
			r = lep_builder_set(b, 1, NULL, v, 4, &error);
		if (r || (lep_builder_count(b) < pack && i + 1 < n))
			continue;
		r = lep_builder_frame(b, &fr, &error);
		if (!r)
			r = lep_splitter_add(splitter, &fr, 0, fr.n, &error);
		lep_builder_clear(b);
	}
	if (!r)
		r = lep_splitter_finish(splitter, share, parts, part, &error);
	lep_splitter_free(splitter);
	lep_builder_free(b);
	return r;
}

static struct sample sample[MOST], other[MOST];
static uint8_t part[MOST], again[MOST];

static void fill(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		snprintf(sample[i].key, sizeof(sample[i].key), "%zu/%zu.png", i % 7, i);
		sample[i].label = (int)(i * i % 11 % 4);
		sample[i].group = (int)(i / 13);
	}
}

static size_t count(size_t n, int p, int label)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		k += part[i] == p && (label < 0 || sample[i].label == label);
	return k;
}

static void test_exact_and_stratified(void)
{
	static const struct {
		const char *text;
		int n;
		double share[5];
	} cases[] = {
		{"90/10", 2, {0.9, 0.1}},
		{"1/1/1", 3, {1.0 / 3, 1.0 / 3, 1.0 / 3}},
		{"20/20/20/20/20", 5, {0.2, 0.2, 0.2, 0.2, 0.2}},
		{"0.7/0.2/0.1", 3, {0.7, 0.2, 0.1}},
	};

	make_head(4);
	fill(1003);
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		CHECK(split(sample, 1003, cases[c].text, NULL, 5, 8, part) == 0);
		for (int p = 0; p < cases[c].n; p++) {
			double total = 0;

			for (int label = 0; label < 4; label++) {
				size_t of = 0, k = count(1003, p, label);
				double want;

				for (size_t i = 0; i < 1003; i++)
					of += sample[i].label == label;
				want = cases[c].share[p] * (double)of;
				CHECKF((double)k > want - 2 && (double)k < want + 2, "%zu, not %g", k, want);
				total += (double)k;
			}
			CHECK(total > cases[c].share[p] * 1003 - 1.01 && total < cases[c].share[p] * 1003 + 1.01);
		}
	}
	lep_head_release(&head);
}

static void test_order_and_frames_play_no_role(void)
{
	make_head(4);
	fill(500);
	CHECK(split(sample, 500, "80/20", NULL, 1, 1, part) == 0);
	CHECK(split(sample, 500, "80/20", NULL, 1, 64, again) == 0);
	CHECK(memcmp(part, again, 500) == 0);
	for (size_t i = 0; i < 500; i++)
		other[i] = sample[499 - i];
	CHECK(split(other, 500, "80/20", NULL, 1, 7, again) == 0);
	for (size_t i = 0; i < 500; i++)
		CHECK(part[i] == again[499 - i]);
	CHECK(split(sample, 500, "80/20", NULL, 2, 1, again) == 0);
	CHECK(memcmp(part, again, 500) != 0);
	lep_head_release(&head);
}

static void test_growing_moves_few(void)
{
	size_t moved = 0;

	make_head(4);
	fill(1001);
	CHECK(split(sample, 1000, "90/10", NULL, 1, 1, part) == 0);
	CHECK(split(sample, 1001, "90/10", NULL, 1, 1, again) == 0);
	for (size_t i = 0; i < 1000; i++)
		moved += part[i] != again[i];
	CHECKF(moved <= 8, "%zu moved", moved);
	lep_head_release(&head);
}

static void test_equal_keys(void)
{
	make_head(0);
	fill(1000);
	for (size_t i = 0; i < 1000; i++)
		sample[i].key[0] = '\0';
	CHECK(split(sample, 1000, "50/50", NULL, 1, 1, part) == 0);
	CHECK(count(1000, 0, -1) == 500);
	/* at random, not the first half */
	CHECK(memchr(part, 1, 50) && memchr(part + 950, 0, 50));
	CHECK(split(sample, 1000, "50/50", "key", 1, 1, part) == 0);
	CHECK(count(1000, 0, -1) == 1000 || count(1000, 1, -1) == 1000);
	lep_head_release(&head);
}

static void test_groups(void)
{
	make_head(4);
	fill(1300);
	CHECK(split(sample, 1300, "80/20", "group", 1, 1, part) == 0);
	for (size_t i = 0; i < 1300; i++)
		CHECK(part[i] == part[i / 13 * 13]);
	CHECK(count(1300, 1, -1) >= 247 && count(1300, 1, -1) <= 273);
	CHECK(split(sample, 1300, "60/40", "folder", 1, 1, part) == 0);
	for (size_t i = 0; i < 1300; i++)
		CHECK(part[i] == part[i % 7]);
	CHECK(split(sample, 10, "80/20", "nothing", 1, 1, part) == LEP_ERR_USAGE);
	CHECK(strcmp(error.text, "no field 'nothing' to split by") == 0);
	lep_head_release(&head);
}

static void test_small(void)
{
	make_head(4);
	fill(3);
	CHECK(split(sample, 0, "90/10", NULL, 1, 1, part) == 0);
	CHECK(split(sample, 1, "90/10", NULL, 1, 1, part) == 0 && part[0] == 0);
	CHECK(split(sample, 1, "1/99", NULL, 1, 1, part) == 0 && part[0] == 1);
	sample[0].label = sample[1].label = -1; /* no class is one, too */
	CHECK(split(sample, 2, "1/1", NULL, 1, 1, part) == 0 && part[0] != part[1]);
	lep_head_release(&head);
}

static void test_shares(void)
{
	static const char *const bad[] = {"", "90", "90/", "/10", "90/x", "90/0", "-1/2", "90/10/", "1e3/1", "9 /1"};
	double share[LEP_PARTS_MAX];

	CHECK(lep_shares_parse(share, "90/10", &error) == 2 && share[0] == 90 && share[1] == 10);
	CHECK(lep_shares_parse(share, "0.25/.75", &error) == 2 && share[0] == 0.25 && share[1] == 0.75);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECKF(lep_shares_parse(share, bad[i], &error) == LEP_ERR_USAGE, "%s", bad[i]);
}

int main(void)
{
	RUN(test_exact_and_stratified);
	RUN(test_order_and_frames_play_no_role);
	RUN(test_growing_moves_few);
	RUN(test_equal_keys);
	RUN(test_groups);
	RUN(test_small);
	RUN(test_shares);
	return CHECK_END();
}
