/*
 * Text to ids and back, as a text recipe says, with the vocabulary as table.
 *
 * Every text is cleaned first: bytes that are no UTF-8, and NUL, are refused or
 * become U+FFFD each, capitals become small letters where the recipe says so.
 * Then a tokeniser (data/tokens_kind.h) cuts it. Tables hold
 *
 *	bytes   256 entries, the bytes
 *	chars   <unknown>, then characters, sorted
 *	words   <unknown>, then words, the most frequent first
 *	bpe     256 bytes, then pieces in the order of their making: the id of a
 *	        piece is its rank, and the table alone encodes and decodes
 *
 * and last <end>, where there is an end. No entry holds a NUL: that of byte 0 is
 * the four characters `\x00`.
 */
#ifndef LEP_DATA_TOKENS_H
#define LEP_DATA_TOKENS_H

#include "data/recipe.h"
#include "stream/head.h"

#define LEP_TOKEN_UNKNOWN "<unknown>"
#define LEP_TOKEN_END "<end>"

/* LEP_ERR_DATA with the cause alone for bytes that the recipe refuses. */
int lep_text_check(const struct lep_text_recipe *recipe, const char *text, size_t len, struct lep_error *e) LEP_MUST_USE;

struct lep_encoder;

/* recipe is copied, the table shared. A table that does not fit the recipe is
 * LEP_ERR_DATA. */
int lep_encoder_new(struct lep_encoder **out, const struct lep_text_recipe *recipe, struct lep_table *table,
	struct lep_error *e) LEP_MUST_USE;
void lep_encoder_free(struct lep_encoder *enc);

/* The ids of a text, i32, appended to out. LEP_ERR_DATA with the cause alone for
 * bytes that the recipe refuses. */
int lep_encoder_run(struct lep_encoder *enc, const char *text, size_t len, struct lep_buf *out,
	struct lep_error *e) LEP_MUST_USE;

/* What was encoded so far. */
struct lep_token_counts {
	uint64_t ids, unknowns; /* <unknown> among the ids */
	uint64_t strange;       /* texts that hold something, all of it <unknown> */
};
struct lep_token_counts lep_encoder_counts(const struct lep_encoder *enc);

/*
 * The text of n ids (i32, little-endian), appended to out. Exact for bytes, chars
 * and bpe, but for <unknown>, which gives U+FFFD; bytes and bpe may stop within a
 * character. Words are parted by one blank. <end> gives nothing. before is the
 * id whose text stands before, -1 for none: ids decoded one by one give the same
 * text as all at once. out remembers lack of memory.
 */
void lep_text_decode(struct lep_buf *out, const struct lep_text_recipe *recipe, const struct lep_table *table,
	const void *ids, size_t n, int32_t before);

/* Whether the field holds text as ids (i32 [*], a table, a recipe of text, which
 * goes to *recipe). */
int lep_field_has_text(const struct lep_field *f, struct lep_text_recipe *recipe);

#endif
