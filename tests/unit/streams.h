/*
 * Small streams for tests: a header with every kind of field, records that a
 * formula gives, bytes in memory.
 */
#ifndef LEP_TESTS_STREAMS_H
#define LEP_TESTS_STREAMS_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream/frame.h"
#include "stream/reader.h"
#include "stream/writer.h"

static inline struct lep_shape shape_of(int rank, int64_t a, int64_t b, int64_t c)
{
	struct lep_shape s = {.rank = rank, .extent = {a, b, c}};

	return s;
}

static inline struct lep_table *table_of(const char *const *names, size_t n)
{
	struct lep_table *t = lep_table_new();

	for (size_t i = 0; t && i < n; i++)
		if (lep_table_add(t, names[i], strlen(names[i])) < 0)
			abort();
	return t;
}

/* image u8 2x3x1, samples f32 * x 2, note text, label i32 with the names, 0-size. */
static inline void small_head(struct lep_head *h, const char *const *names, size_t n)
{
	struct lep_table *t = table_of(names, n);
	struct lep_shape image = shape_of(3, 2, 3, 1), samples = shape_of(2, LEP_VARIES, 2, 0),
			 none = shape_of(2, 0, 4, 0);
	struct lep_error e;

	lep_head_init(h);
	if (lep_head_note(h, "provenance", "mkstream 1", &e) ||
		lep_head_add(h, 0, "image", LEP_ROLE_INPUT, LEP_U8, &image, NULL, "scale 1/255", &e) < 0 ||
		lep_head_add(h, 0, "samples", LEP_ROLE_INPUT, LEP_F32, &samples, NULL, NULL, &e) < 0 ||
		lep_head_add(h, 0, "note", LEP_ROLE_OTHER, LEP_TEXT, NULL, NULL, NULL, &e) < 0 ||
		lep_head_add(h, 0, "none", LEP_ROLE_OTHER, LEP_I16, &none, NULL, NULL, &e) < 0 ||
		lep_head_add(h, 0, "label", LEP_ROLE_TARGET, LEP_I32, NULL, t, NULL, &e) < 0)
		abort();
	lep_table_free(t);
}

/* Record i of small_head; every fifth is bad. */
static inline void small_record(struct lep_builder *b, size_t i, size_t names)
{
	unsigned char image[6], label[4], samples[4 * 2 * 3];
	struct lep_shape shape = shape_of(2, (int64_t)(i % 4), 2, 0);
	char key[32], note[32];
	float v[6];
	struct lep_error e;

	snprintf(key, sizeof(key), "r%zu", i);
	snprintf(note, sizeof(note), "%.*s\xc3\xa9", (int)(i % 7), "abcdefg");
	for (size_t k = 0; k < 6; k++) {
		image[k] = (unsigned char)(i * 7 + k);
		v[k] = (float)i + (float)k / 8;
	}
	lep_from_f32(samples, LEP_F32, v, 6);
	lep_put32(label, (uint32_t)((int)(i % (names + 1)) - 1));
	if (lep_builder_record(b, key, strlen(key), &e))
		abort();
	if (i % 5 == 4) {
		if (lep_builder_bad(b, "broken picture", &e))
			abort();
		return;
	}
	if (lep_builder_set(b, 0, NULL, image, 6, &e) ||
		lep_builder_set(b, 1, &shape, samples, (i % 4) * 8, &e) ||
		lep_builder_set(b, 2, NULL, note, strlen(note), &e) ||
		lep_builder_set(b, 4, NULL, label, 4, &e))
		abort();
}

/* One segment of n records in frames of `pack`, onto out. */
static inline void small_segment(struct lep_output *out, const char *const *names, size_t nnames,
	size_t from, size_t n, size_t pack)
{
	struct lep_builder *b;
	struct lep_writer *w;
	struct lep_frame frame;
	struct lep_head h;
	struct lep_error e;

	small_head(&h, names, nnames);
	if (lep_builder_new(&b, &h, &e) || lep_writer_new(&w, out, &h, &e))
		abort();
	for (size_t i = 0; i < n; i++) {
		small_record(b, from + i, nnames);
		if (lep_builder_count(b) < pack && i + 1 < n)
			continue;
		if (lep_builder_frame(b, &frame, &e) || lep_writer_frame(w, &frame, &e))
			abort();
		lep_builder_clear(b);
	}
	if (lep_writer_end(w, &e))
		abort();
	lep_writer_free(w);
	lep_builder_free(b);
	lep_head_release(&h);
}

/* A stream of one segment that goes to a file a record a frame: fill in head with
 * lep_head_add after begin, then open; fill in builder and call add for each record. */
struct stream_file {
	struct lep_head head;
	struct lep_builder *builder;
	struct lep_writer *writer;
	struct lep_output *out;
};

static inline void stream_begin(struct stream_file *s)
{
	*s = (struct stream_file){0};
	lep_head_init(&s->head);
}

static inline void stream_open(struct stream_file *s, const char *path)
{
	struct lep_error e;

	if (lep_output_open(&s->out, path, &e) || lep_builder_new(&s->builder, &s->head, &e) ||
		lep_writer_new(&s->writer, s->out, &s->head, &e))
		abort();
}

static inline void stream_add(struct stream_file *s)
{
	struct lep_frame frame;
	struct lep_error e;

	if (lep_builder_frame(s->builder, &frame, &e) || lep_writer_frame(s->writer, &frame, &e))
		abort();
	lep_builder_clear(s->builder);
}

static inline void stream_close(struct stream_file *s)
{
	struct lep_error e;

	if (lep_writer_end(s->writer, &e) || lep_output_commit(s->out, &e))
		abort();
	lep_writer_free(s->writer);
	lep_builder_free(s->builder);
	lep_output_free(s->out);
	lep_head_release(&s->head);
}

/* A fresh path under the build's temporary folder. */
static inline const char *temp_path(char buf[128])
{
	const char *dir = getenv("TMPDIR");
	int fd;

	snprintf(buf, 128, "%.100s/lep-test-XXXXXX", dir && dir[0] ? dir : "/tmp");
	fd = mkstemp(buf);
	if (fd < 0)
		abort();
	close(fd);
	return buf;
}

/* All of a file. */
static inline struct lep_buf slurp(const char *path)
{
	struct lep_buf b = {0};
	FILE *f = fopen(path, "rb");
	char chunk[4096];
	size_t n;

	if (!f)
		abort();
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		lep_buf_add(&b, chunk, n);
	fclose(f);
	return b;
}

static inline void spit(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(data, 1, len, f) != len || fclose(f))
		abort();
}

/* Segments of the two usual tables; the bytes, to be released. */
static inline struct lep_buf small_stream(int segments, size_t n, size_t pack)
{
	static const char *const one[] = {"cat", "dog", "owl"};
	static const char *const two[] = {"owl", "cat"};
	struct lep_output *out;
	struct lep_error e;
	struct lep_buf b;
	char path[128];

	temp_path(path);
	if (lep_output_open(&out, path, &e))
		abort();
	for (int i = 0; i < segments; i++)
		small_segment(out, i ? two : one, i ? 2 : 3, (size_t)i * n, n, pack);
	if (lep_output_commit(out, &e))
		abort();
	lep_output_free(out);
	b = slurp(path);
	unlink(path);
	return b;
}

#endif
