/*
 * Text as symbols for counting: its characters, or its tokens numbered by first
 * occurrence. Text that is no UTF-8 is taken as it comes: a stray byte is a
 * character of its own.
 *
 * A blank is what Unicode calls white space, and U+001C to U+001F: tab, line feed,
 * vertical tab, form feed, carriage return, space, U+0085, U+00A0, U+1680, U+2000 to
 * U+200A, U+2028, U+2029, U+202F, U+205F, U+3000.
 */
#ifndef LEP_EVAL_TOKENS_H
#define LEP_EVAL_TOKENS_H

#include "base/mem.h"

enum lep_tokenizer {
	LEP_TOKENIZE_NONE,  /* the tokens given: what stands between blanks */
	LEP_TOKENIZE_13A    /* by the rules of mteval-v13a, as sacreBLEU's 13a */
};

/* sacreBLEU's names, for a table of choices; ends with NULL. */
extern const char *const lep_tokenizer_names[];

/* Symbols of one text, in one of two ways. */
struct lep_symbols {
	struct lep_buf id;  /* uint32_t */
	size_t n;
};

static inline const uint32_t *lep_symbols_id(const struct lep_symbols *s)
{
	return (const uint32_t *)(const void *)s->id.data;
}

void lep_symbols_release(struct lep_symbols *s);

/* The characters of a text as code points (a stray byte is 0x110000 + byte), all
 * of them, or without blanks. 0 or LEP_ERR_NOMEM. */
int lep_symbols_characters(struct lep_symbols *out, const char *s, size_t len, int blanks,
	struct lep_error *e) LEP_MUST_USE;

/* The part of *len bytes at the returned place that has no blank at either end. */
const char *lep_text_trim(const char *s, size_t *len);

/* Appends to out the text with blanks between its tokens, by the rules of 13a:
 *
 * 1. Trailing blanks go; `<skipped>` and a hyphen before a line feed go, line feeds
 *    become blanks, &quot; &amp; &lt; &gt; the characters they stand for.
 * 2. Each of the ASCII characters that are neither letters nor digits nor ' , - . is
 *    a token, and so is . or , unless it stands between digits, and - behind a digit.
 */
void lep_text_13a(struct lep_buf *out, const char *s, size_t len);

/* Numbers for tokens. Memory kept from call to call; {0} is a valid one. */
struct lep_numbering {
	struct lep_buf slot, token;
	struct lep_buf text[2];  /* the texts, tokenised */
	size_t n, mask;
};

void lep_numbering_release(struct lep_numbering *v);

/* Two texts, each below 2^30 bytes, with equal numbers for equal tokens. 0 or LEP_ERR_NOMEM. */
int lep_symbols_tokens(struct lep_numbering *v, enum lep_tokenizer t, const char *const text[2],
	const size_t len[2], struct lep_symbols out[2], struct lep_error *e) LEP_MUST_USE;

#endif
