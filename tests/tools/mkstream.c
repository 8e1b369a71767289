/*
 * mkstream NAME: a small stream of that name on standard output, written by the
 * library's writer; without a name, their list. mkstream frames N SIZE writes N
 * frames of one f32 record of SIZE values each, for measurements.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/streams.h"

static void check(int status, const struct lep_error *e)
{
	if (status >= 0)
		return;
	fprintf(stderr, "mkstream: %s\n", e->text);
	exit(1);
}

static const char *const pets[] = {"cat", "dog", "owl"};
static const char *const fewer[] = {"owl", "cat"};

/* u8 2x2 in one frame of three records. */
static void fixed(struct lep_output *out)
{
	struct lep_shape s = shape_of(2, 2, 2, 0);
	struct lep_builder *b;
	struct lep_writer *w;
	struct lep_frame frame;
	struct lep_head h;
	struct lep_error e;

	lep_head_init(&h);
	check(lep_head_add(&h, 0, "image", LEP_ROLE_INPUT, LEP_U8, &s, NULL, NULL, &e), &e);
	check(lep_builder_new(&b, &h, &e), &e);
	check(lep_writer_new(&w, out, &h, &e), &e);
	for (int i = 0; i < 3; i++) {
		char key[] = {'k', (char)('0' + i)}, value[] = {(char)i, 1, 2, 3};

		check(lep_builder_record(b, key, 2, &e), &e);
		check(lep_builder_set(b, 0, NULL, value, 4, &e), &e);
	}
	check(lep_builder_frame(b, &frame, &e), &e);
	check(lep_writer_frame(w, &frame, &e), &e);
	check(lep_writer_end(w, &e), &e);
	lep_writer_free(w);
	lep_builder_free(b);
	lep_head_release(&h);
}

/* Every kind of field, bad records, several frames. */
static void mixed(struct lep_output *out)
{
	small_segment(out, pets, 3, 0, 11, 4);
}

static void segments(struct lep_output *out)
{
	small_segment(out, pets, 3, 0, 7, 3);
	small_segment(out, fewer, 2, 7, 7, 1);
	small_segment(out, pets, 3, 0, 0, 1);
}

static void none(struct lep_output *out)
{
	small_segment(out, pets, 3, 0, 0, 1);
}

/* More frames than one INDEX holds. */
static void many(struct lep_output *out)
{
	small_segment(out, pets, 3, 0, 5000, 1);
}

/* No fields, keys that repeat. */
static void bare(struct lep_output *out)
{
	struct lep_builder *b;
	struct lep_writer *w;
	struct lep_frame frame;
	struct lep_head h;
	struct lep_error e;

	lep_head_init(&h);
	check(lep_builder_new(&b, &h, &e), &e);
	check(lep_writer_new(&w, out, &h, &e), &e);
	for (int i = 0; i < 2; i++)
		check(lep_builder_record(b, "same", 4, &e), &e);
	check(lep_builder_frame(b, &frame, &e), &e);
	check(lep_writer_frame(w, &frame, &e), &e);
	check(lep_writer_end(w, &e), &e);
	lep_writer_free(w);
	lep_builder_free(b);
	lep_head_release(&h);
}

static void aborted(struct lep_output *out)
{
	struct lep_writer *w;
	struct lep_head h;
	struct lep_error e;

	small_head(&h, pets, 3);
	check(lep_writer_new(&w, out, &h, &e), &e);
	lep_writer_abort(w, out, "lep-preprocess: x.png: truncated PNG");
	lep_writer_free(w);
	lep_head_release(&h);
}

static void abort_alone(struct lep_output *out)
{
	lep_writer_abort(NULL, out, "lep-preprocess: x.tar: No such file or directory");
}

static const struct {
	const char *name;
	void (*write)(struct lep_output *out);
} streams[] = {
	{"fixed", fixed},
	{"mixed", mixed},
	{"segments", segments},
	{"none", none},
	{"many", many},
	{"bare", bare},
	{"aborted", aborted},
	{"abort-alone", abort_alone},
};

static void frames(struct lep_output *out, size_t n, int64_t size)
{
	struct lep_shape s = shape_of(1, size, 0, 0);
	struct lep_builder *b;
	struct lep_writer *w;
	struct lep_frame frame;
	struct lep_head h;
	struct lep_error e;
	float *v;

	lep_head_init(&h);
	check(lep_head_add(&h, 0, "x", LEP_ROLE_INPUT, LEP_F32, &s, NULL, NULL, &e), &e);
	check(lep_builder_new(&b, &h, &e), &e);
	check(lep_writer_new(&w, out, &h, &e), &e);
	check(lep_builder_record(b, "k", 1, &e), &e);
	v = lep_builder_room(b, 0);
	for (int64_t i = 0; i < size; i++)
		v[i] = (float)i;
	check(lep_builder_frame(b, &frame, &e), &e);
	for (size_t i = 0; i < n; i++)
		check(lep_writer_frame(w, &frame, &e), &e);
	check(lep_writer_end(w, &e), &e);
	lep_writer_free(w);
	lep_builder_free(b);
	lep_head_release(&h);
}

int main(int argc, char **argv)
{
	struct lep_output *out;
	struct lep_error e;
	size_t i = 0;

	if (argc < 2) {
		for (i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
			puts(streams[i].name);
		return 0;
	}
	check(lep_output_open(&out, NULL, &e), &e);
	if (argc == 4 && strcmp(argv[1], "frames") == 0) {
		frames(out, strtoul(argv[2], NULL, 10), strtol(argv[3], NULL, 10));
	} else {
		while (i < sizeof(streams) / sizeof(streams[0]) && strcmp(streams[i].name, argv[1]) != 0)
			i++;
		if (i == sizeof(streams) / sizeof(streams[0])) {
			fprintf(stderr, "mkstream: no stream '%s'\n", argv[1]);
			return 2;
		}
		streams[i].write(out);
	}
	check(lep_output_commit(out, &e), &e);
	lep_output_free(out);
	return 0;
}
