/*
 * Which records of a stream are wanted, and in which order. The steps are
 * always these, whatever the order of options:
 *
 *	1. part: of a split of all records (data/split.h)
 *	2. key, glob, where, bad: each says yes or no of a record by itself
 *	3. shard: every n-th of those that are left
 *	4. range: by position among those that are left
 *	5. sample: so many at random, order kept
 *	6. shuffle
 *	7. head, tail
 *
 * A selection without part, sample, shuffle, tail and positions from the end is
 * made frame by frame; others need access in any order.
 */
#ifndef LEP_DATA_SELECT_H
#define LEP_DATA_SELECT_H

#include "data/input.h"

enum lep_select_bad { LEP_SELECT_KEEP, LEP_SELECT_SKIP, LEP_SELECT_ONLY };

/* Strings are borrowed while the selection lives. Negative counts: none. */
struct lep_select_options {
	const char *shares;  /* "90/10" */
	int64_t part;        /* from 1; -k: all but k */
	const char *by;
	const struct lep_table *keys;  /* NULL: any */
	const char *const *glob;   /* any of them: * ? [a-z] [!a-z] \x, on the whole key */
	size_t nglob;
	const char *const *where;  /* all of them: FIELD OP VALUE, see lep_where_parse */
	size_t nwhere;
	enum lep_select_bad bad;
	int64_t shard, shards;     /* shards 0: none; shard from 1 */
	int have_range;
	int64_t from, to;          /* half open; negative: from the end; to INT64_MAX: no end */
	int64_t sample, head, tail;
	int shuffle;
	uint64_t seed;
};

struct lep_select;

/* "100:200", ":10", "-5:", "7" (one record). */
int lep_range_parse(const char *text, int64_t *from, int64_t *to, struct lep_error *e) LEP_MUST_USE;
/* "2/8" */
int lep_shard_parse(const char *text, int64_t *shard, int64_t *shards, struct lep_error *e) LEP_MUST_USE;

/* Whether access in any order is needed. */
int lep_select_is_random(const struct lep_select_options *o);

/* head is borrowed and must outlive the selection. */
int lep_select_new(struct lep_select **out, const struct lep_select_options *o,
	const struct lep_head *head, struct lep_error *e) LEP_MUST_USE;
void lep_select_free(struct lep_select *s);

/* Frame by frame: keep[i] of a frame's n records; how many are kept. */
int64_t lep_select_frame(struct lep_select *s, const struct lep_frame *fr, uint8_t *keep,
	struct lep_error *e) LEP_MUST_USE;
/* Whether no further record can be wanted. */
int lep_select_done(const struct lep_select *s);

/* In any order: the numbers of the wanted records of a source, in order; the
 * caller frees. Reads all of the source. */
int lep_select_order(struct lep_select *s, struct lep_input *input, uint64_t **order, size_t *n,
	struct lep_error *e) LEP_MUST_USE;

/* Keys asked for that did not come so far. */
size_t lep_select_missing(const struct lep_select *s);

#endif
