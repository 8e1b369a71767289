/*
 * Bytes of a file, a pipe or standard input in one direction, gzip seen
 * through, nothing mapped: a file that shrinks is a short file. What is no
 * regular file can be spooled, to be read a second time.
 *
 * Errors name the file: "mnist.tar: cause".
 */
#ifndef LEP_DATA_BYTES_H
#define LEP_DATA_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/status.h"

struct lep_bytes;

/* What messages call a path: standard input, NULL or "-", is "<stdin>". */
const char *lep_bytes_shown(const char *path);

/* A folder is LEP_ERR_IO. */
int lep_bytes_open(struct lep_bytes **out, const char *path, struct lep_error *e) LEP_MUST_USE;
void lep_bytes_close(struct lep_bytes *b); /* NULL is legal */
const char *lep_bytes_name(const struct lep_bytes *b);

/* Called before a read that would block; a negative status ends the reading. */
typedef int lep_wait_fn(void *ctx, struct lep_error *e);
void lep_bytes_on_wait(struct lep_bytes *b, lep_wait_fn *fn, void *ctx);

/* Whether reading may block: neither a regular file nor spooled. */
int lep_bytes_waits(const struct lep_bytes *b);

/*
 * Read all of what waits, so that it can be rewound: `limit` bytes are kept in
 * memory, those beyond go to the end of the file spill_fd (lep_spill_open of stream/reader.h,
 * borrowed; -1: more than limit is an error). Before the first read only.
 */
int lep_bytes_spool(struct lep_bytes *b, size_t limit, int spill_fd, struct lep_error *e) LEP_MUST_USE;

/* Back to the beginning; LEP_ERR_USAGE for what waits. */
int lep_bytes_rewind(struct lep_bytes *b, struct lep_error *e) LEP_MUST_USE;

#define LEP_PEEK_MAX ((size_t)64 << 10)

/* The next `want` bytes (up to LEP_PEEK_MAX), or fewer at the end of the input:
 * how many, or a negative status. *p is borrowed until the next call. */
int64_t lep_bytes_peek(struct lep_bytes *b, const unsigned char **p, size_t want, struct lep_error *e) LEP_MUST_USE;
/* What is there without reading again, at least one byte; 0 at the end. */
int64_t lep_bytes_some(struct lep_bytes *b, const unsigned char **p, struct lep_error *e) LEP_MUST_USE;
/* Moves past n bytes that were peeked at. */
void lep_bytes_take(struct lep_bytes *b, size_t n);

/* n bytes appended to out, or fewer at the end of the input: how many. Memory
 * grows as bytes arrive, whatever n claims. */
int64_t lep_bytes_read(struct lep_bytes *b, struct lep_buf *out, uint64_t n, struct lep_error *e) LEP_MUST_USE;
/* 1, or 0 where the input ends before n bytes more. */
int lep_bytes_skip(struct lep_bytes *b, uint64_t n, struct lep_error *e) LEP_MUST_USE;
/* Where nothing more is wanted: the rest of a pipe is read, or its writer would
 * die of it, and that of gzip, whose checksum stands at its end. */
int lep_bytes_finish(struct lep_bytes *b, struct lep_error *e) LEP_MUST_USE;

#endif
