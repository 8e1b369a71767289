/* The formats that lep-cat writes. */
#include "cli/sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/show.h"
#include "data/export.h"
#include "data/npy.h"
#include "data/values.h"

#define TEXT_BUFFER ((size_t)64 << 10)

struct lep_sink {
	const struct lep_sink_options *o;
	const struct lep_head *head;
	struct lep_output *out;
	const struct format *format;
	struct lep_buf text;          /* not handed to out yet */
	uint64_t records;
	/* stream */
	struct lep_writer *writer;
	struct lep_builder *builder;
	int *map;
	/* npy, png */
	size_t field;
	struct lep_shape shape;       /* npy: of the first record */
	int folder;
	struct lep_buf name;
	struct lep_table *names;      /* files written */
};

struct format {
	int (*begin)(struct lep_sink *, struct lep_error *);
	int (*record)(struct lep_sink *, const struct lep_frame *, size_t, uint64_t, struct lep_error *);
	int (*end)(struct lep_sink *, struct lep_error *);
	int refuses_bad; /* a bad record has no place in it */
};

/* Text to the output once there is enough, or at the end. */
static int give(struct lep_sink *s, size_t enough, struct lep_error *e)
{
	int r;

	if (s->text.failed)
		return lep_fail_nomem(e, 0);
	if (s->text.len < enough || s->text.len == 0)
		return 0;
	r = lep_output_write(s->out, s->text.data, s->text.len, e);
	lep_buf_clear(&s->text);
	return r;
}

/* Streams. */

static int stream_begin(struct lep_sink *s, struct lep_error *e)
{
	int r;

	s->map = lep_alloc(s->head->nfield, sizeof(*s->map));
	if (!s->map)
		return lep_fail_nomem(e, 0);
	for (size_t f = 0; f < s->head->nfield; f++)
		s->map[f] = (int)f;
	r = lep_builder_new(&s->builder, s->head, e);
	return r ? r : lep_writer_new(&s->writer, s->out, s->head, e);
}

static int stream_flush(struct lep_sink *s, struct lep_error *e)
{
	struct lep_frame fr;
	int r;

	if (lep_builder_count(s->builder) == 0)
		return 0;
	r = lep_builder_frame(s->builder, &fr, e);
	if (!r)
		r = lep_writer_frame(s->writer, &fr, e);
	lep_builder_clear(s->builder);
	return r;
}

static int stream_record(struct lep_sink *s, const struct lep_frame *fr, size_t i, uint64_t number,
	struct lep_error *e)
{
	int r = lep_builder_copy(s->builder, s->head, fr, i, s->map, e);

	(void)number;
	if (!r && s->o->pack && lep_builder_count(s->builder) >= s->o->pack)
		r = stream_flush(s, e);
	return r;
}

static int stream_end(struct lep_sink *s, struct lep_error *e)
{
	int r = stream_flush(s, e);

	return r ? r : lep_writer_end(s->writer, e);
}

/* For people. */

static int print_begin(struct lep_sink *s, struct lep_error *e)
{
	lep_show_head(&s->text, s->head, s->o->file);
	return give(s, TEXT_BUFFER, e);
}

static int print_record(struct lep_sink *s, const struct lep_frame *fr, size_t i, uint64_t number,
	struct lep_error *e)
{
	if (s->o->limit >= 0 && s->records > (uint64_t)s->o->limit)
		return 0;
	lep_show_record(&s->text, s->head, fr, i, number, s->o->values);
	return give(s, TEXT_BUFFER, e);
}

static int print_end(struct lep_sink *s, struct lep_error *e)
{
	(void)e;
	if (s->head->kind == LEP_KIND_DATA) {
		lep_buf_addf(&s->text, "%" PRIu64 " %s", s->records, s->records == 1 ? "record" : "records");
		if (s->o->limit >= 0 && s->records > (uint64_t)s->o->limit)
			lep_buf_addf(&s->text, ", the first %" PRId64 " shown", s->o->limit);
		lep_buf_addc(&s->text, '\n');
	}
	return 0;
}

/* JSON. */

static int json_end(struct lep_sink *s, struct lep_error *e)
{
	(void)e;
	lep_show_head_json(&s->text, s->head, s->o->file, (int64_t)s->records);
	return 0;
}

static int jsonl_record(struct lep_sink *s, const struct lep_frame *fr, size_t i, uint64_t number,
	struct lep_error *e)
{
	lep_show_record_json(&s->text, s->head, fr, i, number, s->o->values);
	return give(s, TEXT_BUFFER, e);
}

/* CSV and TSV. */

static char separator(const struct lep_sink *s)
{
	return s->o->format == LEP_SINK_TSV ? '\t' : ',';
}

static int rows_begin(struct lep_sink *s, struct lep_error *e)
{
	return lep_rows_head(&s->text, s->head, separator(s), e);
}

static int rows_record(struct lep_sink *s, const struct lep_frame *fr, size_t i, uint64_t number,
	struct lep_error *e)
{
	(void)number;
	lep_rows_add(&s->text, s->head, fr, i, separator(s));
	return give(s, TEXT_BUFFER, e);
}

/* One field: npy and png. */

static int find_field(struct lep_sink *s, struct lep_error *e)
{
	int f = lep_head_find(s->head, s->o->field);

	if (f < 0)
		return lep_fail(e, LEP_ERR_USAGE, "no field '%s'", s->o->field);
	s->field = (size_t)f;
	return 0;
}

/* The head of the array, for records of this shape. */
static int npy_head(struct lep_sink *s, const struct lep_shape *shape, struct lep_error *e)
{
	struct lep_shape all = {.rank = shape->rank + 1, .extent = {s->o->count}};

	if (shape->rank == LEP_RANK_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "field '%s' has no room for one more dimension", s->o->field);
	memcpy(all.extent + 1, shape->extent, (size_t)shape->rank * sizeof(all.extent[0]));
	s->shape = *shape;
	return lep_npy_write_head(&s->text, s->head->field[s->field].dtype, &all, e);
}

static int npy_begin(struct lep_sink *s, struct lep_error *e)
{
	const struct lep_field *field;
	int r = find_field(s, e);

	if (r)
		return r;
	field = &s->head->field[s->field];
	if (field->dtype == LEP_TEXT)
		return lep_fail(e, LEP_ERR_USAGE, "field '%s' is text: .npy holds numbers", s->o->field);
	return lep_shape_varying(&field->shape) ? 0 : npy_head(s, &field->shape, e);
}

static int npy_record(struct lep_sink *s, const struct lep_frame *fr, size_t i, uint64_t number,
	struct lep_error *e)
{
	char text[LEP_SHAPE_TEXT_MAX], first[LEP_SHAPE_TEXT_MAX];
	enum lep_dtype t = s->head->field[s->field].dtype;
	struct lep_shape shape;
	size_t len;
	const unsigned char *p = lep_frame_value(s->head, fr, s->field, i, &len, &shape);
	int r = 0;

	if (s->records == 1 && lep_shape_varying(&s->head->field[s->field].shape))
		r = npy_head(s, &shape, e);
	if (!r && !lep_shape_equal(&shape, &s->shape))
		r = lep_fail(e, LEP_ERR_DATA, "record %" PRIu64 ": field '%s' is %s, the first record's is %s",
			number, s->o->field, lep_shape_text(text, &shape, "x"), lep_shape_text(first, &s->shape, "x"));
	if (r)
		return r;
	if (t == LEP_BF16)
		for (size_t k = 0; k < len; k += 2) {
			lep_buf_addz(&s->text, 2);
			lep_buf_add(&s->text, p + k, 2);
		}
	else
		lep_buf_add(&s->text, p, len);
	return give(s, TEXT_BUFFER, e);
}

static int npy_end(struct lep_sink *s, struct lep_error *e)
{
	struct lep_shape none = s->head->field[s->field].shape;

	if (s->records || !lep_shape_varying(&none))
		return 0;
	for (int d = 0; d < none.rank; d++)
		none.extent[d] = none.extent[d] == LEP_VARIES ? 0 : none.extent[d];
	return npy_head(s, &none, e);
}

static int png_begin(struct lep_sink *s, struct lep_error *e)
{
	int r = find_field(s, e);

	if (r || !s->o->folder)
		return r;
	s->names = lep_table_new();
	if (!s->names)
		return lep_fail_nomem(e, 0);
	s->folder = lep_folder_open(s->o->folder, e);
	return s->folder < 0 ? s->folder : 0;
}

/* A name that no record before had. */
static int png_name(struct lep_sink *s, const struct lep_entry *entry, struct lep_error *e)
{
	char suffix[40] = ".png";

	for (unsigned n = 2;; n++) {
		int64_t have = (int64_t)s->names->n;

		lep_folder_name(&s->name, entry->key, entry->key_len, suffix);
		if (s->name.failed)
			return lep_fail_nomem(e, 0);
		if (lep_table_add(s->names, s->name.data, s->name.len) == have)
			return 0;
		if (n == 0)
			return lep_fail(e, LEP_ERR_DATA, "%s: too many records of one key", s->name.data);
		(void)snprintf(suffix, sizeof(suffix), "-%u.png", n);
	}
}

static int png_record(struct lep_sink *s, const struct lep_frame *fr, size_t i, uint64_t number,
	struct lep_error *e)
{
	int r;

	if (!s->o->folder && s->records > 1)
		return lep_fail(e, LEP_ERR_USAGE, "more than one record: give a folder with -o, or select one");
	if (lep_export_png(&s->text, s->head, fr, i, s->field, e))
		return lep_fail_at(e, "record %" PRIu64, number);
	if (!s->o->folder)
		return 0;
	r = png_name(s, &fr->entry[i], e);
	if (!r && lep_folder_save(s->folder, s->name.data, s->text.data, s->text.len, e))
		r = lep_fail_at(e, "%s", s->o->folder);
	lep_buf_clear(&s->text);
	return r;
}

static int png_end(struct lep_sink *s, struct lep_error *e)
{
	if (s->records == 0 && !s->o->folder)
		return lep_fail(e, LEP_ERR_DATA, "no record, so no picture");
	return 0;
}

static const struct format formats[] = {
	[LEP_SINK_STREAM] = {stream_begin, stream_record, stream_end, 0},
	[LEP_SINK_PRINT] = {print_begin, print_record, print_end, 0},
	[LEP_SINK_JSON] = {NULL, NULL, json_end, 0},
	[LEP_SINK_JSONL] = {NULL, jsonl_record, NULL, 0},
	[LEP_SINK_CSV] = {rows_begin, rows_record, NULL, 1},
	[LEP_SINK_TSV] = {rows_begin, rows_record, NULL, 1},
	[LEP_SINK_NPY] = {npy_begin, npy_record, npy_end, 1},
	[LEP_SINK_PNG] = {png_begin, png_record, png_end, 1},
	[LEP_SINK_NOTHING] = {NULL, NULL, NULL, 0},
};

int lep_sink_new(struct lep_sink **out, const struct lep_sink_options *o, struct lep_output *output,
	const struct lep_head *head, struct lep_error *e)
{
	struct lep_sink *s = lep_alloc(1, sizeof(*s));
	int r;

	*out = NULL;
	if (!s)
		return lep_fail_nomem(e, sizeof(*s));
	s->o = o;
	s->head = head;
	s->out = output;
	s->format = &formats[o->format];
	s->folder = -1;
	r = s->format->begin ? s->format->begin(s, e) : 0;
	if (r) {
		lep_sink_free(s);
		return r;
	}
	*out = s;
	return 0;
}

void lep_sink_free(struct lep_sink *s)
{
	if (!s)
		return;
	lep_writer_free(s->writer);
	lep_builder_free(s->builder);
	lep_free(s->map);
	lep_buf_release(&s->text);
	lep_buf_release(&s->name);
	lep_table_free(s->names);
	if (s->folder >= 0)
		close(s->folder);
	lep_free(s);
}

int lep_sink_record(struct lep_sink *s, const struct lep_frame *fr, size_t i, uint64_t number,
	struct lep_error *e)
{
	const struct lep_entry *entry = &fr->entry[i];

	if (entry->bad && s->format->refuses_bad && !s->o->bad_too)
		return lep_fail(e, LEP_ERR_DATA, "record %" PRIu64 " (%.*s) is bad: %.*s (see --bad)", number,
			(int)entry->key_len, entry->key_len ? entry->key : "", (int)entry->cause_len,
			entry->cause_len ? entry->cause : "");
	s->records++;
	return s->format->record ? s->format->record(s, fr, i, number, e) : 0;
}

int lep_sink_frame(struct lep_sink *s, const struct lep_frame *fr, uint64_t first, struct lep_error *e)
{
	int r = 0;

	if (s->writer && !s->o->pack) {
		s->records += fr->n;
		return lep_writer_frame(s->writer, fr, e);
	}
	for (size_t i = 0; i < fr->n && !r; i++)
		r = lep_sink_record(s, fr, i, first + i, e);
	return r;
}

int lep_sink_boundary(struct lep_sink *s, struct lep_error *e)
{
	return s->writer && !s->o->pack ? stream_flush(s, e) : 0;
}

int lep_sink_flush(struct lep_sink *s, struct lep_error *e)
{
	int r = s->out ? give(s, 0, e) : 0;

	return r || !s->out ? r : lep_output_flush(s->out, e);
}

int lep_sink_end(struct lep_sink *s, struct lep_error *e)
{
	int r = s->format->end ? s->format->end(s, e) : 0;

	return r ? r : give(s, 0, e);
}

void lep_sink_abort(struct lep_sink *s, struct lep_output *out, const char *cause)
{
	if (s ? s->writer != NULL : out != NULL)
		lep_writer_abort(s ? s->writer : NULL, out, cause);
	else if (s && s->o->format != LEP_SINK_PNG) /* which may be one record too many */
		(void)!lep_sink_flush(s, NULL);
}
