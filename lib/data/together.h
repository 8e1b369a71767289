/*
 * Streams of the same records side by side: what several models said of one set of
 * data. As long as the streams go in the same order they are read in lockstep, a
 * frame of each in memory, and keys may repeat. From the first record on where one
 * of them differs, what is left of it is held, and found by key, which must be
 * unique there.
 *
 * The first stream comes with all its fields, of the others come those with the role
 * output or target: no picture is held twice. All must have the same records:
 * one that is missing anywhere is LEP_ERR_DATA naming it.
 */
#ifndef LEP_DATA_TOGETHER_H
#define LEP_DATA_TOGETHER_H

#include "stream/reader.h"

struct lep_together;

/* Reads the HEADs. paths are borrowed until close; "-" is standard input. */
int lep_together_open(struct lep_together **out, const char *const *path, size_t n,
	const struct lep_reader_options *reader, struct lep_error *e) LEP_MUST_USE;
void lep_together_close(struct lep_together *t);   /* NULL is legal */

/* Of stream k, as its frames come here; borrowed until close. */
const struct lep_head *lep_together_head(const struct lep_together *t, size_t k);
const char *lep_together_name(const struct lep_together *t, size_t k);
/* Whether stream k had to be held. */
int lep_together_is_held(const struct lep_together *t, size_t k);

/* The next record of all: 1, or 0 at the proper end of all, or a negative status. */
int lep_together_next(struct lep_together *t, struct lep_error *e) LEP_MUST_USE;
/* Its frame in stream k and its number there, valid until the next call. */
const struct lep_frame *lep_together_record(const struct lep_together *t, size_t k, size_t *at);
/* Whether it is the last one of the first stream's frame. */
int lep_together_ends_frame(const struct lep_together *t);
uint64_t lep_together_records(const struct lep_together *t);

#endif
