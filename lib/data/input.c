/* Operands one behind the other. */
#include "data/input.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/array.h"
#include "data/bytes.h"
#include "data/idx.h"
#include "stream/agree.h"

/* One operand, opened: exactly one of reader, set and arrays. */
struct input {
	struct lep_reader *reader;
	struct lep_dataset *set;
	struct lep_array_set *arrays;
	struct lep_id_map *maps;  /* onto the head; NULL: none needed */
	uint64_t first, n;        /* where random */
};

struct lep_input {
	const struct lep_input_options *o;
	struct lep_reader_options reader; /* its record count is checked over all */
	int is_array;             /* the first operand */
	struct lep_head head;
	size_t npath;             /* inputs that there are to be */
	size_t at;                /* the one that is being read */
	struct input *input;      /* npath where random, else one */
	uint64_t count;           /* where random */
	uint64_t passed;          /* records of an array that are behind us */
	uint64_t given;           /* records handed out */
	struct lep_column *column; /* of a frame whose ids were mapped */
	struct lep_buf *ids;       /* one a field */
};

static const char *path_of(const struct lep_input *s, size_t i)
{
	return i < s->o->npath ? s->o->path[i] : "-";
}

static int is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

static enum lep_input_format format_of(const unsigned char *p, int64_t n)
{
	if (n > 0 && lep_npy_is(p, (size_t)n))
		return LEP_INPUT_NPY;
	return n > 0 && lep_idx_is(p, (size_t)n) ? LEP_INPUT_IDX : LEP_INPUT_STREAM;
}

/* What the first bytes say, where looking at them takes nothing away. */
static int sniff(enum lep_input_format *format, const char *path, struct lep_error *e)
{
	struct lep_bytes *b = NULL;
	unsigned char first[8];
	const unsigned char *p = first;
	int64_t n = 0;
	struct stat st;

	if (is_stdin(path))
		n = pread(STDIN_FILENO, first, sizeof(first), 0);
	else if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		n = lep_bytes_open(&b, path, e);
		if (n == 0)
			n = lep_bytes_peek(b, &p, sizeof(first), e);
		if (n < 0) {
			lep_bytes_close(b);
			return (int)n;
		}
	}
	*format = format_of(p, n);
	lep_bytes_close(b);
	return 0;
}

/* What lep_bytes gives, which sees through gzip, as an array. */
static int load_idx(struct lep_npy *a, struct lep_bytes *b, struct lep_error *e)
{
	struct lep_buf data = {0};
	struct lep_idx idx;
	int r = lep_idx_head(&idx, b, e);

	if (r)
		return r;
	r = lep_idx_read(&idx, b, &data, (uint64_t)lep_shape_count(&idx.shape), e);
	if (!r) {
		/* a buffer's memory is freed as any other */
		*a = (struct lep_npy){.dtype = idx.dtype, .shape = idx.shape, .data = data.data,
			.bytes = data.len, .owned = data.data};
		return 0;
	}
	lep_buf_release(&data);
	return r;
}

static int load_npy(struct lep_npy *a, struct lep_bytes *b, struct lep_error *e)
{
	struct lep_buf data = {0};
	int64_t n = lep_bytes_read(b, &data, UINT64_MAX, e);
	int r = n < 0 ? (int)n : lep_npy_parse(a, data.data, data.len, lep_bytes_name(b), e);

	if (!r && !a->owned)
		a->owned = data.data;
	else
		lep_buf_release(&data);
	return r;
}

static int add_array(struct lep_array_set *set, enum lep_input_format format, const char *name,
	const char *path, struct lep_error *e)
{
	struct lep_npy a = {0};
	const unsigned char *p;
	struct lep_bytes *b;
	int64_t n = 0;
	int r = lep_bytes_open(&b, path, e);

	if (r)
		return r;
	if (format == LEP_INPUT_AUTO) {
		n = lep_bytes_peek(b, &p, 8, e);
		format = format_of(p, n);
	}
	if (n < 0)
		r = (int)n;
	else if (format == LEP_INPUT_STREAM)
		r = lep_fail(e, LEP_ERR_DATA, "%s: neither .npy nor IDX", lep_bytes_shown(path));
	else
		r = format == LEP_INPUT_NPY ? load_npy(&a, b, e) : load_idx(&a, b, e);
	lep_bytes_close(b);
	return r ? r : lep_array_set_add(set, name, &a, lep_bytes_shown(path), e);
}

/* NAME=FILE operands as fields of one set. */
static int add_joined(struct lep_input *s, struct lep_array_set *set, struct lep_error *e)
{
	int r = 0;

	for (size_t i = 0; i < s->o->npath && !r; i++) {
		const char *is = strchr(s->o->path[i], '=');
		char *name;

		if (!is || is == s->o->path[i])
			return lep_fail(e, LEP_ERR_USAGE, "'%s' is not NAME=FILE", s->o->path[i]);
		name = lep_strndup(s->o->path[i], (size_t)(is - s->o->path[i]));
		if (!name)
			return lep_fail_nomem(e, 0);
		r = add_array(set, s->o->format, name, is + 1, e);
		lep_free(name);
	}
	return r;
}

static int open_arrays(struct lep_input *s, struct input *in, enum lep_input_format format,
	const char *path, struct lep_error *e)
{
	in->arrays = lep_array_set_new();
	if (!in->arrays)
		return lep_fail_nomem(e, 0);
	if (s->o->join)
		return add_joined(s, in->arrays, e);
	return add_array(in->arrays, format, s->o->name ? s->o->name : "data", path, e);
}

static const struct lep_head *head_of(const struct input *in)
{
	return in->reader ? lep_reader_head(in->reader) :
		in->set ? lep_dataset_head(in->set) : lep_array_set_head(in->arrays);
}

static int open_input(struct lep_input *s, size_t i, struct input *in, struct lep_error *e)
{
	const char *path = path_of(s, i);
	enum lep_input_format format = s->o->format;
	int r = 0;

	if (format == LEP_INPUT_AUTO && !s->o->join)
		r = sniff(&format, path, e);
	if (r)
		return r;
	if (s->o->join || format != LEP_INPUT_STREAM)
		r = open_arrays(s, in, format, path, e);
	else if (s->o->random)
		r = lep_dataset_open(&in->set, path, &s->reader, s->o->limit, e);
	else
		r = lep_reader_open(&in->reader, path, &s->reader, e);
	if (r)
		return r;
	if (i == 0) {
		s->is_array = in->arrays != NULL;
		return lep_head_copy(&s->head, head_of(in), e);
	}
	r = lep_head_agree(&s->head, head_of(in), &in->maps, e);
	return r ? lep_fail_at(e, "%s", lep_bytes_shown(path)) : 0;
}

static void close_input(struct lep_input *s, struct input *in)
{
	lep_id_maps_free(in->maps, s->head.nfield);
	lep_reader_close(in->reader);
	lep_dataset_close(in->set);
	lep_array_set_free(in->arrays);
	*in = (struct input){0};
}

/* All operands were read: as many records as there must be? */
static int finish(const struct lep_input *s, uint64_t n, struct lep_error *e)
{
	if (!s->o->reader.have_records || s->o->reader.records == n)
		return 0;
	return lep_fail(e, LEP_ERR_DATA, "%s: %" PRIu64 " records, not the %" PRIu64 " there must be",
		lep_input_name(s), n, s->o->reader.records);
}

static int open_all(struct lep_input *s, struct lep_error *e)
{
	for (size_t i = 0; i < s->npath; i++) {
		struct input *in = &s->input[i];
		int r = open_input(s, i, in, e);

		if (r)
			return r;
		in->first = s->count;
		in->n = in->set ? lep_dataset_count(in->set) : lep_array_set_count(in->arrays);
		s->count += in->n;
	}
	return finish(s, s->count, e);
}

int lep_input_open(struct lep_input **out, const struct lep_input_options *o, struct lep_error *e)
{
	struct lep_input *s = lep_alloc(1, sizeof(*s));
	int r;

	*out = NULL;
	if (!s)
		return lep_fail_nomem(e, sizeof(*s));
	s->o = o;
	s->reader = o->reader;
	s->reader.have_records = 0;
	s->npath = o->join || o->npath == 0 ? 1 : o->npath;
	lep_head_init(&s->head);
	s->input = lep_alloc(o->random ? s->npath : 1, sizeof(*s->input));
	if (!s->input)
		r = lep_fail_nomem(e, 0);
	else
		r = o->random ? open_all(s, e) : open_input(s, 0, s->input, e);
	if (!r) {
		s->column = lep_alloc(s->head.nfield, sizeof(*s->column));
		s->ids = lep_alloc(s->head.nfield, sizeof(*s->ids));
		if (!s->column || !s->ids)
			r = lep_fail_nomem(e, 0);
	}
	if (r) {
		lep_input_close(s);
		return r;
	}
	*out = s;
	return 0;
}

void lep_input_close(struct lep_input *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->input && i < (s->o->random ? s->npath : 1); i++)
		close_input(s, &s->input[i]);
	for (size_t f = 0; s->ids && f < s->head.nfield; f++)
		lep_buf_release(&s->ids[f]);
	lep_free(s->ids);
	lep_free(s->column);
	lep_free(s->input);
	lep_head_release(&s->head);
	lep_free(s);
}

int lep_input_is_array(const struct lep_input *s)
{
	return s->is_array;
}

const struct lep_head *lep_input_head(const struct lep_input *s)
{
	return &s->head;
}

const char *lep_input_name(const struct lep_input *s)
{
	return lep_bytes_shown(path_of(s, s->at < s->npath ? s->at : s->npath - 1));
}

uint64_t lep_input_count(const struct lep_input *s)
{
	return s->count;
}

/* Ids of one column as the first operand's. */
static int map_column(struct lep_input *s, const struct lep_id_map *m, size_t f,
	struct lep_frame *frame, struct lep_error *e)
{
	const struct lep_column *c = &frame->column[f];
	struct lep_buf *b = &s->ids[f];

	lep_buf_clear(b);
	lep_buf_add(b, c->data, c->bytes);
	if (b->failed)
		return lep_fail_nomem(e, (double)c->bytes);
	for (size_t at = 0; at + 4 <= b->len; at += 4) {
		int32_t id = (int32_t)lep_get32(b->data + at);

		if (id == -1)
			continue;
		if (id < 0 || (size_t)id >= m->n)
			return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': id %d is not in its table",
				lep_input_name(s), s->head.field[f].name, id);
		lep_put32(b->data + at, (uint32_t)m->to[id]);
	}
	s->column[f].data = (const unsigned char *)b->data;
	return 0;
}

static int map_frame(struct lep_input *s, const struct input *in, struct lep_frame *frame,
	struct lep_error *e)
{
	if (!in->maps)
		return 0;
	memcpy(s->column, frame->column, s->head.nfield * sizeof(*s->column));
	for (size_t f = 0; f < s->head.nfield; f++) {
		int r = in->maps[f].to ? map_column(s, &in->maps[f], f, frame, e) : 0;

		if (r)
			return r;
	}
	frame->column = s->column;
	return 0;
}

/* The next frame of one input: 1, 0 at its end. */
static int next_of(struct lep_input *s, struct input *in, struct lep_frame *frame, struct lep_error *e)
{
	uint64_t left;
	size_t n;
	int r;

	if (in->reader)
		return lep_reader_next(in->reader, frame, e);
	left = lep_array_set_count(in->arrays) - s->passed;
	n = s->o->pack ? s->o->pack : 1;
	n = left < n ? (size_t)left : n;
	if (n == 0)
		return 0;
	r = lep_array_set_frame(in->arrays, s->passed, n, frame, e);
	s->passed += n;
	return r ? r : 1;
}

int lep_input_next(struct lep_input *s, struct lep_frame *frame, struct lep_error *e)
{
	struct input *in = s->input;
	int r = 0;

	while (s->at < s->npath) {
		r = next_of(s, in, frame, e);
		if (r > 0)
			r = map_frame(s, in, frame, e);
		else if (r == 0) {
			close_input(s, in);
			s->passed = 0;
			s->at++;
			if (s->at == s->npath)
				return finish(s, s->given, e);
			r = open_input(s, s->at, in, e);
			if (!r)
				continue;
		}
		if (r)
			return r;
		frame->first = s->given;
		s->given += frame->n;
		return 1;
	}
	return 0;
}

int lep_input_ahead(struct lep_input *s)
{
	return s->input->reader ? lep_reader_ahead(s->input->reader) : 0;
}

int lep_input_record(struct lep_input *s, uint64_t i, struct lep_frame *frame, size_t *at,
	struct lep_error *e)
{
	const struct lep_frame *fr;
	struct input *in;
	int r;

	/* Neighbours are usually asked for one after the other. */
	while (s->at && i < s->input[s->at].first)
		s->at--;
	while (s->at + 1 < s->npath && i >= s->input[s->at].first + s->input[s->at].n)
		s->at++;
	in = &s->input[s->at];
	*at = 0;
	if (in->arrays) {
		r = lep_array_set_frame(in->arrays, i - in->first, 1, frame, e);
	} else {
		r = lep_dataset_record(in->set, i - in->first, &fr, at, e);
		if (!r)
			*frame = *fr;
	}
	if (r)
		return r;
	frame->first = i - *at;
	return map_frame(s, in, frame, e);
}
