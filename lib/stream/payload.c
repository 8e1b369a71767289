/* RECS payloads: bounds, padding, keys, lengths and ids, checked in one pass. */
#include "stream/payload.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

/* Lengths are used where they lie. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "streams are mapped as they are");

struct cursor {
	const unsigned char *payload;
	uint64_t at, len;
	uint64_t end;  /* of the last block that has bytes, without padding */
	struct lep_error *e;
};

/* Lengths a record: one for text, else one a varying extent. */
static size_t lengths_of(const struct lep_field *f)
{
	return f->dtype == LEP_TEXT ? 1 : (size_t)lep_shape_varying(&f->shape);
}

size_t lep_payload_room(const struct lep_head *head, size_t n)
{
	size_t room = n * sizeof(struct lep_entry) + head->nfield * sizeof(struct lep_column);

	for (size_t f = 0; f < head->nfield; f++)
		if (lengths_of(&head->field[f]))
			room += (n + 1) * sizeof(size_t);
	return room;
}

/* The next block: its start, or NULL if the payload is too short for it. */
static const unsigned char *block(struct cursor *c, uint64_t bytes)
{
	const unsigned char *p = c->payload + c->at;
	uint64_t padded = lep_wire_padded(bytes);

	if (bytes > c->len - c->at) {
		lep_fail(c->e, LEP_ERR_DATA, "a frame of %" PRIu64 " bytes is too short for its records", c->len);
		return NULL;
	}
	/* The last block may end the payload; then its padding is the frame's. */
	for (uint64_t i = bytes; i < padded; i++)
		if (p[i]) {
			lep_fail(c->e, LEP_ERR_DATA, "padding is not zero");
			return NULL;
		}
	if (bytes)
		c->end = c->at + bytes;
	c->at += padded < c->len - c->at ? padded : c->len - c->at;
	return p;
}

static int bad_record(struct cursor *c, const struct lep_frame *fr, size_t i, const char *cause)
{
	return lep_fail(c->e, LEP_ERR_DATA, "record %" PRIu64 ": %s", fr->first + i, cause);
}

static int bad_value(struct cursor *c, const struct lep_frame *fr, size_t i, const struct lep_field *f,
	const char *cause)
{
	return lep_fail(c->e, LEP_ERR_DATA, "record %" PRIu64 ": field '%s': %s", fr->first + i, f->name, cause);
}

static int parse_entries(struct cursor *c, struct lep_entry *entry, const struct lep_frame *fr)
{
	const unsigned char *p = block(c, fr->n * LEP_WIRE_ENTRY), *s;
	uint64_t strings = 0;
	const char *at;

	if (!p)
		return LEP_ERR_DATA;
	for (size_t i = 0; i < fr->n; i++, p += LEP_WIRE_ENTRY) {
		uint32_t status = lep_get32(p);

		entry[i].bad = status == 1;
		entry[i].key_len = lep_get32(p + 4);
		entry[i].cause_len = lep_get32(p + 8);
		if (status > 1 || lep_get32(p + 12) || (!status && entry[i].cause_len))
			return bad_record(c, fr, i, "a status that has no meaning");
		if (entry[i].key_len > LEP_KEY_MAX || entry[i].cause_len > LEP_CAUSE_MAX)
			return bad_record(c, fr, i, "key or cause over 4096 bytes");
		strings += entry[i].key_len + entry[i].cause_len;
	}
	s = block(c, strings);
	if (!s)
		return LEP_ERR_DATA;
	at = (const char *)s;
	for (size_t i = 0; i < fr->n; i++) {
		entry[i].key = at;
		entry[i].cause = at + entry[i].key_len;
		at = entry[i].cause + entry[i].cause_len;
		if (lep_utf8_valid(entry[i].key, entry[i].key_len) != entry[i].key_len ||
			lep_utf8_valid(entry[i].cause, entry[i].cause_len) != entry[i].cause_len)
			return bad_record(c, fr, i, "key or cause is not UTF-8");
	}
	return 0;
}

/* Extents and offsets of a field whose values differ in size; the bytes of all
 * its values into *bytes. */
static int parse_lengths(struct cursor *c, struct lep_column *col, size_t *offset,
	const struct lep_frame *fr, const struct lep_field *f, uint64_t *bytes)
{
	size_t k = lengths_of(f);
	const unsigned char *p;
	uint64_t sum = 0;

	if (k > (c->len / 8) / fr->n) {
		lep_fail(c->e, LEP_ERR_DATA, "a frame of %" PRIu64 " bytes is too short for its records", c->len);
		return LEP_ERR_DATA;
	}
	p = block(c, (uint64_t)fr->n * k * 8);
	if (!p)
		return LEP_ERR_DATA;
	col->extent = (const int64_t *)(const void *)p;
	col->offset = offset;
	for (size_t i = 0; i < fr->n; i++) {
		const int64_t *extent = col->extent + i * k;
		struct lep_shape shape = f->shape;
		int64_t count;

		if (f->dtype == LEP_TEXT) {
			shape.rank = 1;
			shape.extent[0] = extent[0];
		}
		for (int d = 0, v = 0; d < shape.rank && f->dtype != LEP_TEXT; d++)
			if (shape.extent[d] == LEP_VARIES)
				shape.extent[d] = extent[v++];
		for (size_t v = 0; v < k; v++)
			if (extent[v] < 0 || (fr->entry[i].bad && extent[v]))
				return bad_value(c, fr, i, f, "an extent that cannot be");
		count = lep_shape_count(&shape);
		if (count < 0)
			return bad_value(c, fr, i, f, "too many elements");
		offset[i] = (size_t)sum;
		sum += fr->entry[i].bad ? 0 : (uint64_t)count * lep_dtype_size(f->dtype);
		if (sum > c->len)
			return bad_value(c, fr, i, f, "does not fit its frame");
	}
	offset[fr->n] = (size_t)sum;
	*bytes = sum;
	return 0;
}

static int check_ids(struct cursor *c, const struct lep_frame *fr, const struct lep_column *col,
	const struct lep_field *f, size_t names)
{
	size_t size = col->bytes / fr->n;

	for (size_t i = 0; i < fr->n; i++) {
		size_t from = col->offset ? col->offset[i] : i * size;
		size_t to = col->offset ? col->offset[i + 1] : from + size;

		for (; from < to && !fr->entry[i].bad; from += 4) {
			int32_t id = (int32_t)lep_get32(col->data + from);

			if (id < -1 || (id >= 0 && (size_t)id >= names))
				return lep_fail(c->e, LEP_ERR_DATA,
					"record %" PRIu64 ": field '%s': id %" PRId32 " is not in its table of %zu",
					fr->first + i, f->name, id, names);
		}
	}
	return 0;
}

static int check_text(struct cursor *c, const struct lep_frame *fr, const struct lep_column *col,
	const struct lep_field *f)
{
	for (size_t i = 0; i < fr->n; i++) {
		size_t len = col->offset[i + 1] - col->offset[i];

		if (lep_utf8_valid((const char *)col->data + col->offset[i], len) != len)
			return bad_value(c, fr, i, f, "is not UTF-8");
	}
	return 0;
}

/* Fixed values of bad records are zeros. */
static int check_bad(struct cursor *c, const struct lep_frame *fr, const struct lep_column *col,
	const struct lep_field *f)
{
	size_t size = col->bytes / fr->n;

	for (size_t i = 0; i < fr->n; i++)
		for (size_t k = 0; fr->entry[i].bad && k < size; k++)
			if (col->data[i * size + k])
				return bad_value(c, fr, i, f, "a bad record whose value is not zero");
	return 0;
}

static int parse_column(struct cursor *c, struct lep_column *col, size_t *offset,
	const struct lep_frame *fr, const struct lep_field *f, const struct lep_id_map *map)
{
	uint64_t bytes = 0;
	int status;

	*col = (struct lep_column){0};
	if (lengths_of(f)) {
		status = parse_lengths(c, col, offset, fr, f, &bytes);
		if (status)
			return status;
	} else {
		uint64_t size = (uint64_t)lep_shape_count(&f->shape) * lep_dtype_size(f->dtype);

		if (size && fr->n > (c->len - c->at) / size)
			return lep_fail(c->e, LEP_ERR_DATA, "a frame of %" PRIu64 " bytes is too short for its records",
				c->len);
		bytes = fr->n * size;
	}
	col->data = block(c, bytes);
	if (!col->data)
		return LEP_ERR_DATA;
	col->bytes = (size_t)bytes;
	if (f->dtype == LEP_TEXT)
		return check_text(c, fr, col, f);
	status = col->offset ? 0 : check_bad(c, fr, col, f);
	if (!status && lep_field_has_ids(f))
		status = check_ids(c, fr, col, f, map && map->to ? map->n : f->table->n);
	return status;
}

int lep_payload_parse(struct lep_frame *frame, struct lep_column **columns, void *room,
	const struct lep_head *head, const struct lep_id_map *maps, const struct lep_wire *w,
	const unsigned char *payload, struct lep_error *e)
{
	struct cursor c = {.payload = payload, .len = w->payload, .e = e};
	struct lep_entry *entry = room;
	struct lep_column *column = (struct lep_column *)(entry + w->records);
	size_t *offset = (size_t *)(column + head->nfield);
	int status;

	frame->n = (size_t)w->records;
	frame->first = w->first;
	frame->entry = entry;
	frame->column = column;
	frame->payload = NULL;
	*columns = column;
	status = parse_entries(&c, entry, frame);
	for (size_t f = 0; f < head->nfield && !status; f++) {
		status = parse_column(&c, &column[f], offset, frame, &head->field[f],
			maps ? &maps[f] : NULL);
		if (lengths_of(&head->field[f]))
			offset += frame->n + 1;
	}
	if (!status && c.end != c.len)
		status = lep_fail(e, LEP_ERR_DATA, "a frame of %" PRIu64 " bytes is too long for its records", c.len);
	return status;
}

size_t lep_payload_ids_room(const struct lep_head *head, const struct lep_frame *frame,
	const struct lep_id_map *maps)
{
	size_t room = 0;

	for (size_t f = 0; maps && f < head->nfield; f++)
		if (maps[f].to)
			room += lep_round_up(frame->column[f].bytes, LEP_ALIGN);
	return room;
}

void lep_payload_map_ids(const struct lep_head *head, const struct lep_frame *frame,
	struct lep_column *columns, const struct lep_id_map *maps, void *room)
{
	unsigned char *next = room;

	for (size_t f = 0; maps && f < head->nfield; f++) {
		struct lep_column *col = &columns[f];
		union { const unsigned char *in; unsigned char *out; } place = {.in = col->data};
		unsigned char *out = room ? next : place.out;
		size_t fixed = col->offset ? 0 : col->bytes / frame->n;

		if (!maps[f].to)
			continue;
		for (size_t k = 0; k < col->bytes; k += 4) {
			int32_t id = (int32_t)lep_get32(col->data + k);

			/* A bad record's zeros are no ids, and stay. */
			if (id >= 0 && !(fixed && frame->entry[k / fixed].bad))
				id = maps[f].to[id];
			lep_put32(out + k, (uint32_t)id);
		}
		col->data = out;
		next += room ? lep_round_up(col->bytes, LEP_ALIGN) : 0;
	}
}
