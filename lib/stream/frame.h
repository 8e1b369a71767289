/*
 * Records in memory, as the frames of a stream carry them: each field's values
 * of all records lie together. A frame borrows or owns its bytes; who reads one
 * need not care.
 */
#ifndef LEP_STREAM_FRAME_H
#define LEP_STREAM_FRAME_H

#include "stream/head.h"

struct lep_entry {
	const char *key;     /* not NUL-terminated, UTF-8, may be empty */
	uint32_t key_len;
	uint32_t cause_len;
	const char *cause;   /* of a bad record */
	int bad;
};

struct lep_column {
	const unsigned char *data;
	size_t bytes;
	/* Only where extents vary, or of text; else NULL: */
	const int64_t *extent;   /* n x (number of varying extents); for text its byte length */
	const size_t *offset;    /* n + 1 byte offsets into data */
};

struct lep_frame {
	size_t n;                     /* records */
	uint64_t first;               /* number of the first one in its segment */
	const struct lep_entry *entry; /* n */
	const struct lep_column *column; /* one a field of the head */
	/* As a reader found it, else NULL: a writer does not compute the checksum of
	 * what still is where it was read. */
	const unsigned char *payload;
	uint64_t payload_bytes;       /* without padding */
	uint32_t payload_crc;
	int file;                     /* descriptor of the regular file where it lies, */
	uint64_t file_at;             /* and the place, or -1: see lep_output_lend */
};

/* Value of field f of record i: its bytes, their number into *len, its shape
 * (extents filled in) into *shape; len and shape may be NULL. */
const void *lep_frame_value(const struct lep_head *h, const struct lep_frame *fr, size_t f, size_t i,
	size_t *len, struct lep_shape *shape);

/*
 * Builds frames record by record:
 *
 *	lep_builder_record(b, key, key_len, e);
 *	lep_builder_set(b, field, &shape, data, e);   for each field
 *	...
 *	lep_builder_frame(b, &frame, e);   borrowed until the next clear
 *	lep_builder_clear(b);
 *
 * A field that was not set is zeros (or empty); a bad record is all zeros.
 */
struct lep_builder;

/* head is borrowed and must outlive the builder. */
int lep_builder_new(struct lep_builder **out, const struct lep_head *head, struct lep_error *e) LEP_MUST_USE;
void lep_builder_free(struct lep_builder *b);
void lep_builder_clear(struct lep_builder *b);
size_t lep_builder_count(const struct lep_builder *b);
/* A key over LEP_KEY_MAX is LEP_ERR_DATA; bytes that are not UTF-8 are stored as \xNN. */
int lep_builder_record(struct lep_builder *b, const char *key, size_t key_len, struct lep_error *e) LEP_MUST_USE;
/* shape may be NULL where no extent varies; for text shape is NULL and len the bytes. */
int lep_builder_set(struct lep_builder *b, size_t field, const struct lep_shape *shape,
	const void *data, size_t len, struct lep_error *e) LEP_MUST_USE;
/* Room for a value to be written in place (fixed extents only), zeroed. Valid
 * until the next call on b; NULL if out of memory. */
void *lep_builder_room(struct lep_builder *b, size_t field);
/* Marks the current record bad: its values become zeros. */
int lep_builder_bad(struct lep_builder *b, const char *cause, struct lep_error *e) LEP_MUST_USE;
/* A whole record of another frame whose fields map[f] (or -1: leave unset) gives
 * source field of field f. */
int lep_builder_copy(struct lep_builder *b, const struct lep_head *from_head,
	const struct lep_frame *from, size_t i, const int *map, struct lep_error *e) LEP_MUST_USE;
/* n good records whose fields are all of fixed extents: their keys one behind the other,
 * which are UTF-8 of at most LEP_KEY_MAX bytes, and each field's values. */
int lep_builder_append(struct lep_builder *b, size_t n, const char *keys, const uint32_t *key_len,
	const void *const *value, struct lep_error *e) LEP_MUST_USE;
int lep_builder_frame(struct lep_builder *b, struct lep_frame *out, struct lep_error *e) LEP_MUST_USE;

#endif
