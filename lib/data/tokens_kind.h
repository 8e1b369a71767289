/*
 * One tokeniser: how clean text (valid UTF-8 without NUL) is cut into units, what
 * ids a unit has, and how a vocabulary comes of counted units. tokens.c holds the
 * table of them, in the order of enum lep_tokens; one file each.
 */
#ifndef LEP_DATA_TOKENS_KIND_H
#define LEP_DATA_TOKENS_KIND_H

#include "data/tokens.h"

/* Units and how often each came. */
struct lep_counts {
	struct lep_table *unit;
	struct lep_buf count;      /* uint64_t, one a unit */
};

static inline uint64_t *lep_counts_of(const struct lep_counts *c)
{
	return (uint64_t *)(void *)c->count.data;
}

struct lep_bpe;

struct lep_encoder {
	struct lep_text_recipe recipe;
	const struct lep_tokens_kind *kind;
	struct lep_table *table;
	int32_t unknown, end;      /* their ids; -1 */
	struct lep_buf clean;
	struct lep_bpe *bpe;       /* of that tokeniser alone */
	struct lep_token_counts counts;
};

struct lep_tokens_kind {
	int unknown;               /* the table has <unknown> */
	int bytes;                 /* the table begins with the 256 bytes */
	const char *between;       /* units, in decoded text */

	/* The first unit of s: its bytes, and where it begins into *at; 0: none. */
	size_t (*next)(const char *s, size_t len, size_t *at);
	/* The ids of a unit, appended. */
	int (*encode)(struct lep_encoder *enc, const char *unit, size_t len, struct lep_buf *out);
	/* Entries of counted units, behind what every table has, until it has `most`;
	 * NULL: there is nothing to learn. LEP_ERR_NOMEM. */
	int (*learn)(struct lep_table *t, struct lep_counts *c, size_t most, uint64_t least);
	/* What an encoder needs beyond that; may be NULL. */
	int (*start)(struct lep_encoder *enc, struct lep_error *e);
};

const struct lep_tokens_kind *lep_tokens_kind(enum lep_tokens t);

extern const struct lep_tokens_kind lep_tokens_bytes, lep_tokens_chars, lep_tokens_words, lep_tokens_bpe;

/* One id a unit, by name. */
int lep_tokens_find(struct lep_encoder *enc, const char *unit, size_t len, struct lep_buf *out);

/* Numbers of the units that occur at least `least` times, the most frequent
 * first, ties by bytes: how many into *n; NULL: no memory. Caller frees. */
uint32_t *lep_counts_order(const struct lep_counts *c, uint64_t least, size_t *n);

/* Cleaned text: *s and *len change to it where it differs. The cause alone. */
int lep_tokens_clean(const struct lep_text_recipe *r, struct lep_buf *room, const char **s, size_t *len,
	struct lep_error *e);

/* The 256 bytes, into an empty table; whether a table begins so. */
int lep_tokens_add_bytes(struct lep_table *t);
int lep_tokens_has_bytes(const struct lep_table *t);

/* Bytes of an apostrophe (U+0027, U+2019) at s, or 0. */
static inline size_t lep_apostrophe(const char *s, size_t len)
{
	if (s[0] == '\'')
		return 1;
	return len >= 3 && s[0] == '\xe2' && s[1] == '\x80' && s[2] == '\x99' ? 3 : 0;
}

/* bpe: what its encoder holds is released. */
void lep_bpe_free(struct lep_bpe *b);

#endif
