/* The join: held and merged sides find the same, many keys, any framing, memory
 * that does not grow with what is merged. */
#include "check.h"
#include "streams.h"

#include "data/join.h"
#include "stream/writer.h"

static struct lep_error error;

/* A stream of f32 [2] `name`: for each i below n for which i % step == 0 a record
 * of key FORMAT(i) and values i, i / 2; `copies` of each. */
static void write_stream(char path[128], const char *name, int n, int step, int copies, size_t pack)
{
	struct lep_shape s = shape_of(1, 2, 0, 0);
	struct lep_builder *b;
	struct lep_output *out;
	struct lep_writer *w;
	struct lep_frame frame;
	struct lep_head h;
	int status;

	temp_path(path);
	lep_head_init(&h);
	status = lep_output_open(&out, path, &error);
	status |= lep_head_add(&h, 0, name, LEP_ROLE_INPUT, LEP_F32, &s, NULL, NULL, &error) < 0;
	status |= lep_builder_new(&b, &h, &error) | lep_writer_new(&w, out, &h, &error);
	for (int i = 0; i < n * copies && !status; i++) {
		float values[2] = {(float)(i / copies), (float)(i / copies) / 2};
		unsigned char bytes[8];
		char key[32];

		if (i / copies % step == 0) {
			snprintf(key, sizeof(key), "key-%06d", i / copies);
			lep_from_f32(bytes, LEP_F32, values, 2);
			status = lep_builder_record(b, key, strlen(key), &error) | lep_builder_set(b, 0, NULL, bytes, 8, &error);
		}
		if (!status && (lep_builder_count(b) >= pack || i + 1 == n * copies)) {
			status = lep_builder_frame(b, &frame, &error) | lep_writer_frame(w, &frame, &error);
			lep_builder_clear(b);
		}
	}
	if (status || lep_writer_end(w, &error) || lep_output_commit(out, &error))
		abort();
	lep_writer_free(w);
	lep_builder_free(b);
	lep_head_release(&h);
	lep_output_free(out);
}

/* Whether the value of field f, the number `want` and its half, is there. */
static int is(const struct lep_join *j, const struct lep_head *h, const struct lep_frame *fr, size_t f, size_t i,
	double want)
{
	double v[2];

	(void)j;
	lep_to_f64(v, LEP_F32, lep_frame_value(h, fr, f, i, NULL, NULL), 2);
	return v[0] == want && v[1] == want / 2;
}

/* All of a join of two streams, of which every third and every `step`-th key is
 * there; the records that came out, -1 for a wrong one. */
static int run_all(struct lep_join_options *o, int step, int copies)
{
	struct lep_join *j;
	struct lep_frame fr;
	int n = 0, status = lep_join_open(&j, o, &error), expected = 0;

	if (status)
		return status;
	while ((status = lep_join_next(j, &fr, &error)) > 0) {
		for (size_t i = 0; i < fr.n; i++) {
			const struct lep_head *h = lep_join_head(j);
			char key[32];

			/* The next of those that both have, `copies` times. */
			if (n % copies == 0)
				for (expected += n > 0; expected % 3 || (!o->left && expected % step);)
					expected++;
			snprintf(key, sizeof(key), "key-%06d", expected);
			if (fr.entry[i].key_len != strlen(key) || memcmp(fr.entry[i].key, key, strlen(key)) != 0 ||
				!is(j, h, &fr, 0, i, expected) || !is(j, h, &fr, 1, i, expected % step ? 0 : expected) ||
				fr.first + i != (uint64_t)n)
				status = -1;
			n++;
		}
		if (status < 0)
			break;
	}
	if (!status && lep_join_counts(j)->out != (uint64_t)n)
		status = -1;
	lep_join_close(j);
	return status < 0 ? -1 : n;
}

static void check_many_keys(void)
{
	char first[128], other[128];
	const char *path[2] = {first, other};
	struct lep_join_options o = {.path = path, .npath = 2, .limit = 1 << 20};

	write_stream(first, "x", 30000, 3, 2, 7);
	write_stream(other, "y", 30000, 2, 1, 64);
	for (int sorted = 0; sorted < 2; sorted++)
		for (int left = 0; left < 2; left++)
			for (size_t pack = 0; pack < 6; pack += 5) {
				int want = left ? 20000 : 10000, got;

				o.sorted = sorted;
				o.left = left;
				o.pack = pack;
				got = run_all(&o, 2, 2);
				CHECKF(got == want, "sorted %d left %d pack %zu: %d: %s", sorted, left, pack, got, error.text);
			}
	unlink(first);
	unlink(other);
}

/* Beyond the first frames of each, a merge asks for no more memory, however long
 * the streams are. */
static void check_merge_is_constant(void)
{
	char first[128], other[128];
	const char *path[2] = {first, other};
	struct lep_join_options o = {.path = path, .npath = 2, .sorted = 1};
	struct lep_join *j;
	struct lep_frame fr;
	uint64_t before = 0;
	int status, frames = 0;

	write_stream(first, "x", 20000, 1, 1, 10);
	write_stream(other, "y", 20000, 1, 1, 16);
	CHECK(lep_join_open(&j, &o, &error) == 0);
	while ((status = lep_join_next(j, &fr, &error)) > 0)
		if (++frames == 100)
			before = lep_mem_allocations();
	CHECK(status == 0 && frames == 2000);
	CHECKF(lep_mem_allocations() == before, "%llu allocations", (unsigned long long)(lep_mem_allocations() - before));
	lep_join_close(j);
	unlink(first);
	unlink(other);
}

static void check_one_stream_passes_through(void)
{
	char first[128];
	const char *path[1] = {first};
	struct lep_join_options o = {.path = path, .npath = 1};
	struct lep_join *j;
	struct lep_frame fr;
	int n = 0;

	write_stream(first, "x", 100, 1, 1, 8);
	CHECK(lep_join_open(&j, &o, &error) == 0);
	CHECK(lep_join_head(j)->nfield == 1);
	while (lep_join_next(j, &fr, &error) > 0)
		n += (int)fr.n;
	CHECK(n == 100 && lep_join_counts(j)->alone == 0);
	lep_join_close(j);
	unlink(first);
}

static void note(void *ctx, enum lep_join_note kind, const char *text)
{
	struct lep_buf *b = ctx;

	lep_buf_addf(b, "%s: %s\n", kind == LEP_JOIN_NOTE_ALONE ? "alone" : "bad", text);
}

static void check_counts_and_notes(void)
{
	char first[128], other[128];
	const char *path[2] = {first, other};
	struct lep_buf notes = {0};
	struct lep_join_options o = {.path = path, .npath = 2, .note = note, .ctx = &notes};
	struct lep_join_side_counts s;
	struct lep_join *j;
	struct lep_frame fr;

	write_stream(first, "x", 4, 1, 1, 1);
	write_stream(other, "y", 9, 2, 1, 1);
	for (o.sorted = 0; o.sorted < 2; o.sorted++) {
		lep_buf_clear(&notes);
		CHECK(lep_join_open(&j, &o, &error) == 0);
		while (lep_join_next(j, &fr, &error) > 0)
			;
		s = lep_join_side_counts(j, 0);
		CHECK(strcmp(s.name, other) == 0);
		CHECKF(s.records == 5 && s.used == 2 && s.missing == 2, "%llu %llu %llu", (unsigned long long)s.records,
			(unsigned long long)s.used, (unsigned long long)s.missing);
		CHECK(lep_join_counts(j)->records == 4 && lep_join_counts(j)->alone == 2 && lep_join_counts(j)->out == 2);
		CHECK(notes.len && strstr(notes.data, "key-000001") && strstr(notes.data, "key-000003"));
		CHECK(!strstr(notes.data, "key-000002") && !strstr(notes.data, "bad: "));
		lep_join_close(j);
	}
	lep_buf_release(&notes);
	unlink(first);
	unlink(other);
}

int main(void)
{
	RUN(check_many_keys);
	RUN(check_merge_is_constant);
	RUN(check_one_stream_passes_through);
	RUN(check_counts_and_notes);
	return CHECK_END();
}
