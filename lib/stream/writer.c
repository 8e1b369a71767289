/* Writer: frames in order, each checksummed before its first byte goes out. */
#include "stream/writer.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/utf8.h"
#include "stream/wire.h"

struct lep_writer {
	struct lep_output *out;
	const struct lep_head *head;
	uint32_t head_crc;
	uint32_t headers_crc; /* over all frame headers so far */
	uint64_t sequence;
	uint64_t records;
	uint64_t length;      /* bytes of the segment so far */
	uint64_t frames;      /* RECS so far */
	uint64_t last_index;  /* offset of the last INDEX, 0: none */
	size_t indexed;       /* entries waiting for the next one */
	unsigned char *index; /* payload of the next one, written in place */
	struct lep_buf front; /* entries and keys of the frame at hand */
	int closed;           /* END or ABORT is out, or the output failed */
};

static const unsigned char zeros[64];

static size_t padding(uint64_t n)
{
	return (size_t)(lep_wire_padded(n) - n);
}

/* A part of a payload: bytes and the zeros behind them. */
struct slice {
	const void *data;
	size_t bytes;
};

static uint32_t slice_crc(uint32_t crc, const struct slice *s)
{
	return lep_crc32c(lep_crc32c(crc, s->data, s->bytes), zeros, padding(s->bytes));
}

static int slice_write(struct lep_writer *w, const struct slice *s, struct lep_error *e)
{
	int status = lep_output_write(w->out, s->data, s->bytes, e);

	return status ? status : lep_output_write(w->out, zeros, padding(s->bytes), e);
}

/* The header of a frame whose payload and payload_crc are filled in. */
static int put_header(struct lep_writer *w, struct lep_wire *wire, struct lep_error *e)
{
	unsigned char bytes[LEP_WIRE_HEADER];

	wire->sequence = w->sequence++;
	wire->head_crc = w->head_crc;
	wire->first = w->records;
	lep_wire_format(bytes, wire);
	w->headers_crc = lep_crc32c(w->headers_crc, bytes, sizeof(bytes));
	w->length += sizeof(bytes) + lep_wire_padded(wire->payload);
	return lep_output_write(w->out, bytes, sizeof(bytes), e);
}

/* A frame whose payload is one slice. */
static int put_frame(struct lep_writer *w, enum lep_wire_type type, const void *data, size_t bytes,
	struct lep_error *e)
{
	struct slice s = {data, bytes};
	struct lep_wire wire = {.type = type, .payload = bytes, .payload_crc = slice_crc(0, &s)};
	int status;

	if (type == LEP_WIRE_HEAD)
		w->head_crc = wire.payload_crc;
	status = put_header(w, &wire, e);
	return status ? status : slice_write(w, &s, e);
}

int lep_writer_new(struct lep_writer **writer, struct lep_output *out, const struct lep_head *head,
	struct lep_error *e)
{
	struct lep_writer *w = lep_alloc(1, sizeof(*w));
	struct lep_buf text = {0};
	int status;

	*writer = NULL;
	if (!w)
		return lep_fail_nomem(e, 0);
	w->out = out;
	w->head = head;
	w->index = lep_alloc(LEP_WIRE_INDEX_HEADER + LEP_WIRE_INDEX_MAX * LEP_WIRE_INDEX_ENTRY, 1);
	status = w->index ? lep_head_format(head, &text, e) : lep_fail_nomem(e, 0);
	if (!status)
		status = put_frame(w, LEP_WIRE_HEAD, text.data, text.len, e);
	lep_buf_release(&text);
	if (status) {
		lep_writer_free(w);
		return status;
	}
	*writer = w;
	return 0;
}

void lep_writer_free(struct lep_writer *w)
{
	if (!w)
		return;
	lep_buf_release(&w->front);
	lep_free(w->index);
	lep_free(w);
}

/* INDEX of the frames since the last one. */
static int put_index(struct lep_writer *w, struct lep_error *e)
{
	uint64_t at = w->length;
	int status;

	lep_put64(w->index, w->last_index);
	status = put_frame(w, LEP_WIRE_INDX, w->index,
		LEP_WIRE_INDEX_HEADER + w->indexed * LEP_WIRE_INDEX_ENTRY, e);
	w->last_index = at;
	w->indexed = 0;
	return status;
}

/* Slice k of the payload: entries, strings, then lengths and data of each field. */
static struct slice slice_of(const struct lep_writer *w, const struct lep_frame *fr, size_t k)
{
	size_t entries = fr->n * LEP_WIRE_ENTRY, f;
	const struct lep_field *field;
	const struct lep_column *col;

	if (k == 0)
		return (struct slice){w->front.data, entries};
	if (k == 1)
		return (struct slice){w->front.data + entries, w->front.len - entries};
	f = (k - 2) / 2;
	field = &w->head->field[f];
	col = &fr->column[f];
	if (k & 1)
		return (struct slice){col->data, col->bytes};
	if (!col->extent)
		return (struct slice){NULL, 0};
	return (struct slice){col->extent,
		fr->n * 8 * (field->dtype == LEP_TEXT ? 1 : (size_t)lep_shape_varying(&field->shape))};
}

/* What a frame of ours must satisfy; a caller's mistake, never bad input. */
static int check_frame(const struct lep_writer *w, const struct lep_frame *fr, struct lep_error *e)
{
	for (size_t f = 0; f < w->head->nfield; f++) {
		const struct lep_field *field = &w->head->field[f];
		const struct lep_column *col = &fr->column[f];
		int varies = field->dtype == LEP_TEXT || lep_shape_varying(&field->shape) > 0;
		size_t bytes;

		if (varies)
			bytes = col->extent && col->offset ? col->offset[fr->n] - col->offset[0] : SIZE_MAX;
		else
			bytes = (size_t)lep_shape_count(&field->shape) * lep_dtype_size(field->dtype) * fr->n;
		if (col->bytes != bytes || varies != (col->extent != NULL))
			return lep_fail(e, LEP_ERR_USAGE, "field '%s': a frame that does not fit the header",
				field->name);
	}
	return 0;
}

static int put_front(struct lep_writer *w, const struct lep_frame *fr, struct lep_error *e)
{
	lep_buf_clear(&w->front);
	for (size_t i = 0; i < fr->n; i++) {
		const struct lep_entry *entry = &fr->entry[i];
		unsigned char bytes[LEP_WIRE_ENTRY] = {0};

		if (entry->key_len > LEP_KEY_MAX || entry->cause_len > LEP_CAUSE_MAX)
			return lep_fail(e, LEP_ERR_USAGE, "a key or cause over %d bytes", LEP_KEY_MAX);
		lep_put32(bytes, entry->bad ? 1 : 0);
		lep_put32(bytes + 4, entry->key_len);
		lep_put32(bytes + 8, entry->bad ? entry->cause_len : 0);
		lep_buf_add(&w->front, bytes, sizeof(bytes));
	}
	for (size_t i = 0; i < fr->n; i++) {
		lep_buf_add(&w->front, fr->entry[i].key, fr->entry[i].key_len);
		if (fr->entry[i].bad)
			lep_buf_add(&w->front, fr->entry[i].cause, fr->entry[i].cause_len);
	}
	return w->front.failed ? lep_fail_nomem(e, 0) : 0;
}

static uint32_t payload_crc(const struct lep_writer *w, const struct lep_frame *fr)
{
	uint32_t crc = 0;

	for (size_t k = 0; k < 2 + 2 * w->head->nfield; k++) {
		struct slice s = slice_of(w, fr, k);

		crc = slice_crc(crc, &s);
	}
	return crc;
}

/* Whether a payload of so many bytes will be the one that was read: entries and
 * strings are compared, values lie in the place they had there or were changed. */
static int is_as_read(const struct lep_writer *w, const struct lep_frame *fr, uint64_t bytes)
{
	uint64_t at = 0;

	if (!fr->payload || bytes != fr->payload_bytes)
		return 0;
	for (size_t k = 0; k < 2 + 2 * w->head->nfield; k++) {
		struct slice s = slice_of(w, fr, k);

		if (s.bytes && (k < 2 ? memcmp(s.data, fr->payload + at, s.bytes) != 0 : s.data != fr->payload + at))
			return 0;
		at += lep_wire_padded(s.bytes);
	}
	return 1;
}

/* A slice of a frame: that which still is where it was read may be a piece of a file. */
static int slice_lend(struct lep_writer *w, const struct lep_frame *fr, const struct slice *s, struct lep_error *e)
{
	const unsigned char *p = s->data;
	int status;

	if (!fr->payload || fr->file < 0 || p < fr->payload || p >= fr->payload + fr->payload_bytes)
		return slice_write(w, s, e);
	status = lep_output_lend(w->out, p, s->bytes, fr->file, fr->file_at + (uint64_t)(p - fr->payload), e);
	return status ? status : lep_output_write(w->out, zeros, padding(s->bytes), e);
}

static int put_records(struct lep_writer *w, const struct lep_frame *fr, struct lep_error *e)
{
	struct lep_wire wire = {.type = LEP_WIRE_RECS, .records = fr->n};
	size_t slices = 2 + 2 * w->head->nfield;
	uint64_t at = 0, offset = w->length;
	int status;

	for (size_t k = 0; k < slices; k++) {
		struct slice s = slice_of(w, fr, k);

		/* Only the last block that has bytes ends without its padding. */
		if (s.bytes) {
			wire.payload = at + s.bytes;
			at += lep_wire_padded(s.bytes);
		}
	}
	wire.payload_crc = is_as_read(w, fr, wire.payload) ? fr->payload_crc : payload_crc(w, fr);
	status = put_header(w, &wire, e);
	for (size_t k = 0; k < slices && !status; k++) {
		struct slice s = slice_of(w, fr, k);

		status = slice_lend(w, fr, &s, e);
	}
	if (status)
		return status;
	lep_put64(w->index + LEP_WIRE_INDEX_HEADER + w->indexed * LEP_WIRE_INDEX_ENTRY, offset);
	lep_put64(w->index + LEP_WIRE_INDEX_HEADER + w->indexed * LEP_WIRE_INDEX_ENTRY + 8, w->records);
	w->indexed++;
	w->frames++;
	w->records += fr->n;
	return w->indexed == LEP_WIRE_INDEX_MAX ? put_index(w, e) : 0;
}

int lep_writer_frame(struct lep_writer *w, const struct lep_frame *fr, struct lep_error *e)
{
	int status;

	if (w->closed)
		return lep_fail(e, LEP_ERR_USAGE, "the segment is closed");
	if (fr->n == 0)
		return 0;
	status = check_frame(w, fr, e);
	if (!status)
		status = put_front(w, fr, e);
	if (status)
		return status;
	status = put_records(w, fr, e);
	/* Part of a frame may be out: nothing sensible can follow it. */
	w->closed = status != 0;
	return status;
}

int lep_writer_flush(struct lep_writer *w, struct lep_error *e)
{
	return lep_output_flush(w->out, e);
}

int lep_writer_end(struct lep_writer *w, struct lep_error *e)
{
	unsigned char payload[64];
	struct lep_wire_end end;
	int status = 0;

	if (w->closed)
		return lep_fail(e, LEP_ERR_USAGE, "the segment is closed");
	w->closed = 1;
	if (w->indexed && w->frames > 1)
		status = put_index(w, e);
	if (status)
		return status;
	end.records = w->records;
	end.length = w->length + LEP_WIRE_END_FRAME;
	end.index = w->last_index;
	end.headers_crc = w->headers_crc;
	lep_wire_end_format(payload, &end);
	status = put_frame(w, LEP_WIRE_ENDS, payload, LEP_WIRE_END, e);
	return status ? status : lep_output_flush(w->out, e);
}

void lep_writer_abort(struct lep_writer *w, struct lep_output *out, const char *cause)
{
	struct lep_writer none = {.out = out};
	struct lep_buf payload = {0};
	struct lep_buf text = {0};

	if (!w)
		w = &none;
	if (w->closed)
		return;
	w->closed = 1;
	lep_utf8_escape(&text, cause, strlen(cause));
	lep_buf_addz(&payload, 4);
	lep_buf_add(&payload, text.data, lep_utf8_cut(text.data, text.len, LEP_CAUSE_MAX));
	/* The program is failing already, with the first cause. */
	if (!payload.failed && !text.failed && !put_frame(w, LEP_WIRE_ABRT, payload.data, payload.len, NULL))
		(void)!lep_output_flush(w->out, NULL);
	lep_buf_release(&payload);
	lep_buf_release(&text);
}

uint64_t lep_writer_records(const struct lep_writer *w)
{
	return w->records;
}
