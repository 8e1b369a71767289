/*
 * Where a reader's bytes come from: a file, memory, a pipe read ahead, any of
 * them through gzip. One position, forward only. A file is read, not mapped: a
 * page that is touched once costs more than its copy, ten times as much where a
 * machine's page tables are emulated.
 */
#ifndef LEP_STREAM_SOURCE_H
#define LEP_STREAM_SOURCE_H

#include "stream/reader.h"

struct lep_source;

/* path NULL or "-" is standard input. options are copied and may be NULL. */
int lep_source_open(struct lep_source **out, const char *path,
	const struct lep_reader_options *options, struct lep_error *e) LEP_MUST_USE;
int lep_source_open_memory(struct lep_source **out, const void *data, size_t len, const char *name,
	struct lep_error *e) LEP_MUST_USE;
void lep_source_close(struct lep_source *s);

const char *lep_source_name(const struct lep_source *s);
/* Bytes before the position. */
uint64_t lep_source_position(const struct lep_source *s);

/*
 * The next n bytes, or as many as there are before the end of input: *data
 * points at *have of them, valid until the next call. 64-byte aligned wherever
 * the position is a multiple of 64. A regular file that ends before it did when it
 * was opened is LEP_ERR_DATA.
 */
int lep_source_need(struct lep_source *s, size_t n, const unsigned char **data, size_t *have,
	struct lep_error *e) LEP_MUST_USE;
/* The same for who can use the first bytes before the last are here: at least `least` of n. */
int lep_source_some(struct lep_source *s, size_t n, size_t least, const unsigned char **data, size_t *have,
	struct lep_error *e) LEP_MUST_USE;
/* lep_source_need without waiting; *end tells that no more will come. An error counts
 * as the end: the next lep_source_need reports it. */
void lep_source_peek(struct lep_source *s, size_t n, const unsigned char **data, size_t *have, int *end);
/* Move on by n bytes that lep_source_need gave. */
void lep_source_skip(struct lep_source *s, size_t n);

/* All of it from its first byte to its last, where it lies in memory or, now, a
 * regular file is mapped; else NULL. */
const unsigned char *lep_source_whole(struct lep_source *s, size_t *len);
/* The descriptor of a regular file, whose bytes these are, each at its position, and
 * for which one never waits; else -1. */
int lep_source_file(const struct lep_source *s);
/*
 * Of a regular file a little more of the n bytes that begin `from` bytes behind the
 * position: as many as are here by now, *have, at *data, until the next call. What
 * lep_source_need gave stays where it is; the next call of that must be behind a
 * skip of `from`.
 */
void lep_source_ahead(struct lep_source *s, size_t from, size_t n, const unsigned char **data, size_t *have);
/* LEP_ERR_DATA if the mapped file has become shorter. */
int lep_source_check(struct lep_source *s, struct lep_error *e) LEP_MUST_USE;

#endif
