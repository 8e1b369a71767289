/* Frames built record by record, each field growing in its own block. */
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "stream/frame.h"
#include "stream/wire.h"

/* Aligned growable bytes: kernels read the columns where they are. */
struct grown {
	unsigned char *data;
	size_t len, cap;
};

struct part {
	size_t size;          /* of a fixed value; 0 where values differ in size */
	size_t lengths;       /* extents a record that vary (text: 1) */
	struct grown data;
	struct grown extent;  /* int64_t, n x lengths */
	struct grown offset;  /* size_t, n + 1 */
};

/* Keys and causes lie in one buffer that moves as it grows, so offsets. */
struct record {
	size_t key, cause;
	uint32_t key_len, cause_len;
	int bad;
};

struct lep_builder {
	const struct lep_head *head;
	size_t n;
	struct lep_buf strings;
	struct lep_buf scratch;
	struct grown record;  /* struct record */
	struct grown entry;   /* struct lep_entry, made by lep_builder_frame */
	struct lep_column *column;
	struct part *part;
};

/* Room for `more` bytes behind len; a valid pointer for none too. */
static int reserve(struct grown *g, size_t more, struct lep_error *e)
{
	size_t need, cap;
	unsigned char *p;

	if (__builtin_add_overflow(g->len, more, &need) || need > SIZE_MAX / 4)
		return lep_fail_nomem(e, (double)more);
	if (g->data && need <= g->cap)
		return 0;
	cap = g->cap ? g->cap : LEP_ALIGN;
	while (cap < need)
		cap *= 2;
	p = lep_grow(g->data, g->len, cap, 1);
	if (!p)
		return lep_fail_nomem(e, (double)cap);
	g->data = p;
	g->cap = cap;
	return 0;
}

int lep_builder_new(struct lep_builder **out, const struct lep_head *head, struct lep_error *e)
{
	struct lep_builder *b = lep_alloc(1, sizeof(*b));

	*out = NULL;
	if (!b)
		return lep_fail_nomem(e, 0);
	b->head = head;
	b->part = lep_alloc(head->nfield, sizeof(*b->part));
	b->column = lep_alloc(head->nfield, sizeof(*b->column));
	if (!b->part || !b->column) {
		lep_builder_free(b);
		return lep_fail_nomem(e, 0);
	}
	for (size_t f = 0; f < head->nfield; f++) {
		const struct lep_field *field = &head->field[f];

		if (field->dtype == LEP_TEXT)
			b->part[f].lengths = 1;
		else
			b->part[f].lengths = (size_t)lep_shape_varying(&field->shape);
		if (!b->part[f].lengths)
			b->part[f].size = (size_t)lep_shape_count(&field->shape) * lep_dtype_size(field->dtype);
	}
	*out = b;
	return 0;
}

void lep_builder_free(struct lep_builder *b)
{
	if (!b)
		return;
	for (size_t f = 0; b->part && f < b->head->nfield; f++) {
		lep_free(b->part[f].data.data);
		lep_free(b->part[f].extent.data);
		lep_free(b->part[f].offset.data);
	}
	lep_free(b->part);
	lep_free(b->column);
	lep_free(b->record.data);
	lep_free(b->entry.data);
	lep_buf_release(&b->strings);
	lep_buf_release(&b->scratch);
	lep_free(b);
}

void lep_builder_clear(struct lep_builder *b)
{
	b->n = 0;
	b->record.len = 0;
	lep_buf_clear(&b->strings);
	for (size_t f = 0; f < b->head->nfield; f++)
		b->part[f].data.len = b->part[f].extent.len = b->part[f].offset.len = 0;
}

size_t lep_builder_count(const struct lep_builder *b)
{
	return b->n;
}

static struct record *last(struct lep_builder *b)
{
	return (struct record *)(void *)b->record.data + (b->n - 1);
}

static size_t *offsets(struct part *p)
{
	return (size_t *)(void *)p->offset.data;
}

int lep_builder_record(struct lep_builder *b, const char *key, size_t key_len, struct lep_error *e)
{
	struct record *r;
	int status = 0;

	lep_buf_clear(&b->scratch);
	lep_utf8_escape(&b->scratch, key, key_len);
	if (b->scratch.failed)
		return lep_fail_nomem(e, (double)key_len);
	if (b->scratch.len > LEP_KEY_MAX)
		return lep_fail(e, LEP_ERR_DATA, "%.60s...: a key of %zu bytes, more than %d",
			b->scratch.data, b->scratch.len, LEP_KEY_MAX);
	/* All room first, so that a failure leaves the builder as it was. */
	status = reserve(&b->record, sizeof(*r), e);
	for (size_t f = 0; f < b->head->nfield && !status; f++) {
		struct part *p = &b->part[f];

		status = reserve(&p->data, p->size, e);
		if (!status && p->lengths)
			status = reserve(&p->extent, p->lengths * sizeof(int64_t), e);
		if (!status && p->lengths)
			status = reserve(&p->offset, 2 * sizeof(size_t), e);
	}
	if (!status && lep_buf_reserve(&b->strings, b->scratch.len))
		status = lep_fail_nomem(e, (double)b->scratch.len);
	if (status)
		return status;
	b->n++;
	b->record.len += sizeof(*r);
	r = last(b);
	*r = (struct record){.key = b->strings.len, .key_len = (uint32_t)b->scratch.len};
	lep_buf_add(&b->strings, b->scratch.data, b->scratch.len);
	for (size_t f = 0; f < b->head->nfield; f++) {
		struct part *p = &b->part[f];

		if (!p->lengths) {
			memset(p->data.data + p->data.len, 0, p->size);
			p->data.len += p->size;
			continue;
		}
		memset(p->extent.data + p->extent.len, 0, p->lengths * sizeof(int64_t));
		p->extent.len += p->lengths * sizeof(int64_t);
		p->offset.len = b->n * sizeof(size_t);
		offsets(p)[b->n - 1] = p->data.len;
		offsets(p)[b->n] = p->data.len;
	}
	return 0;
}

static int wrong(struct lep_builder *b, size_t field, struct lep_error *e, const char *cause)
{
	return lep_fail(e, LEP_ERR_USAGE, "field '%s': %s", b->head->field[field].name, cause);
}

/* The value of the last record of a field whose values differ in size. */
static int set_varying(struct lep_builder *b, size_t field, const struct lep_shape *shape,
	const void *data, size_t len, struct lep_error *e)
{
	const struct lep_field *f = &b->head->field[field];
	struct part *p = &b->part[field];
	int64_t *extent = (int64_t *)(void *)p->extent.data + (b->n - 1) * p->lengths;
	size_t start = offsets(p)[b->n - 1];

	p->data.len = start;
	if (reserve(&p->data, len, e))
		return LEP_ERR_NOMEM;
	if (len)
		memcpy(p->data.data + start, data, len);
	p->data.len = offsets(p)[b->n] = start + len;
	if (f->dtype == LEP_TEXT) {
		*extent = (int64_t)len;
		return 0;
	}
	for (int d = 0; d < shape->rank; d++)
		if (f->shape.extent[d] == LEP_VARIES)
			*extent++ = shape->extent[d];
	return 0;
}

int lep_builder_set(struct lep_builder *b, size_t field, const struct lep_shape *shape,
	const void *data, size_t len, struct lep_error *e)
{
	const struct lep_field *f = &b->head->field[field];
	struct part *p = &b->part[field];
	int64_t count;

	if (b->n == 0 || last(b)->bad)
		return wrong(b, field, e, "a value without a good record");
	if (f->dtype == LEP_TEXT) {
		if (lep_utf8_valid(data, len) != len)
			return lep_fail(e, LEP_ERR_DATA, "field '%s': text is not UTF-8", f->name);
		return set_varying(b, field, NULL, data, len, e);
	}
	if (shape && !lep_shape_fits(&f->shape, shape)) {
		char has[LEP_SHAPE_TEXT_MAX], wants[LEP_SHAPE_TEXT_MAX];

		return lep_fail(e, LEP_ERR_DATA, "field '%s': a value of %s where %s is declared", f->name,
			lep_shape_text(has, shape, "x"), lep_shape_text(wants, &f->shape, "x"));
	}
	if (!p->lengths) {
		if (len != p->size)
			return wrong(b, field, e, "a value of another size than its shape");
		if (len)
			memcpy(p->data.data + p->data.len - len, data, len);
		return 0;
	}
	count = shape ? lep_shape_count(shape) : -1;
	if (count < 0 || (size_t)count * lep_dtype_size(f->dtype) != len)
		return wrong(b, field, e, "a value of another size than its shape");
	return set_varying(b, field, shape, data, len, e);
}

void *lep_builder_room(struct lep_builder *b, size_t field)
{
	struct part *p = &b->part[field];

	if (b->n == 0 || p->lengths)
		return NULL;
	return p->data.data + p->data.len - p->size;
}

int lep_builder_bad(struct lep_builder *b, const char *cause, struct lep_error *e)
{
	size_t len;

	if (b->n == 0)
		return lep_fail(e, LEP_ERR_USAGE, "no record to be marked bad");
	lep_buf_clear(&b->scratch);
	lep_utf8_escape(&b->scratch, cause, strlen(cause));
	if (b->scratch.failed || lep_buf_reserve(&b->strings, b->scratch.len))
		return lep_fail_nomem(e, 0);
	len = lep_utf8_cut(b->scratch.data, b->scratch.len, LEP_CAUSE_MAX);
	b->strings.len = last(b)->key + last(b)->key_len;
	last(b)->bad = 1;
	last(b)->cause = b->strings.len;
	last(b)->cause_len = (uint32_t)len;
	lep_buf_add(&b->strings, b->scratch.data, len);
	for (size_t f = 0; f < b->head->nfield; f++) {
		struct part *p = &b->part[f];

		if (!p->lengths) {
			memset(p->data.data + p->data.len - p->size, 0, p->size);
			continue;
		}
		memset(p->extent.data + p->extent.len - p->lengths * sizeof(int64_t), 0,
			p->lengths * sizeof(int64_t));
		p->data.len = offsets(p)[b->n] = offsets(p)[b->n - 1];
	}
	return 0;
}

/* A string of an entry as lep_builder_bad takes it. */
static int copy_bad(struct lep_builder *b, const struct lep_entry *entry, struct lep_error *e)
{
	char *cause = lep_strndup(entry->cause_len ? entry->cause : "", entry->cause_len);
	int status = cause ? lep_builder_bad(b, cause, e) : lep_fail_nomem(e, entry->cause_len);

	lep_free(cause);
	return status;
}

int lep_builder_copy(struct lep_builder *b, const struct lep_head *from_head,
	const struct lep_frame *from, size_t i, const int *map, struct lep_error *e)
{
	const struct lep_entry *entry = &from->entry[i];
	int status = lep_builder_record(b, entry->key, entry->key_len, e);

	if (status || entry->bad)
		return status ? status : copy_bad(b, entry, e);
	for (size_t f = 0; f < b->head->nfield && !status; f++) {
		struct lep_shape shape;
		const void *value;
		size_t len;

		if (map[f] < 0)
			continue;
		value = lep_frame_value(from_head, from, (size_t)map[f], i, &len, &shape);
		status = lep_builder_set(b, f, &shape, value, len, e);
	}
	return status;
}

int lep_builder_append(struct lep_builder *b, size_t n, const char *keys, const uint32_t *key_len,
	const void *const *value, struct lep_error *e)
{
	size_t at = b->strings.len, bytes = 0;
	struct record *r;
	int status = reserve(&b->record, n * sizeof(*r), e);

	for (size_t f = 0; f < b->head->nfield && !status; f++)
		status = b->part[f].lengths ? wrong(b, f, e, "values that differ in size") :
			reserve(&b->part[f].data, n * b->part[f].size, e);
	if (status)
		return status;
	r = (struct record *)(void *)(b->record.data + b->record.len);
	for (size_t i = 0; i < n; i++) {
		r[i] = (struct record){.key = at + bytes, .key_len = key_len[i]};
		bytes += key_len[i];
	}
	lep_buf_add(&b->strings, keys, bytes);
	if (b->strings.failed)
		return lep_fail_nomem(e, (double)bytes);
	b->record.len += n * sizeof(*r);
	b->n += n;
	for (size_t f = 0; f < b->head->nfield; f++) {
		struct part *p = &b->part[f];

		if (p->size)
			memcpy(p->data.data + p->data.len, value[f], n * p->size);
		p->data.len += n * p->size;
	}
	return 0;
}

int lep_builder_frame(struct lep_builder *b, struct lep_frame *out, struct lep_error *e)
{
	const struct record *r = (const struct record *)(const void *)b->record.data;
	struct lep_entry *entry;

	b->entry.len = 0;
	if (reserve(&b->entry, b->n * sizeof(*entry), e))
		return LEP_ERR_NOMEM;
	entry = (struct lep_entry *)(void *)b->entry.data;
	for (size_t i = 0; i < b->n; i++)
		entry[i] = (struct lep_entry){
			.key = b->strings.data + r[i].key,
			.key_len = r[i].key_len,
			.cause = b->strings.data + r[i].cause,
			.cause_len = r[i].cause_len,
			.bad = r[i].bad,
		};
	for (size_t f = 0; f < b->head->nfield; f++) {
		struct part *p = &b->part[f];

		b->column[f] = (struct lep_column){.data = p->data.data, .bytes = p->data.len};
		if (p->lengths) {
			b->column[f].extent = (const int64_t *)(const void *)p->extent.data;
			b->column[f].offset = offsets(p);
		}
	}
	*out = (struct lep_frame){.n = b->n, .entry = entry, .column = b->column};
	return 0;
}

