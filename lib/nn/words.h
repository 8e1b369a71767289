/* Numbers in the text of options and description lines, checked. */
#ifndef LEP_NN_WORDS_H
#define LEP_NN_WORDS_H

#include <stddef.h>

/* All len bytes at s as a decimal number (digits, sign, point, exponent; no
 * blanks, no hexadecimal, no "inf"): 1 and *out is finite, or 0. */
int lep_words_number(const char *s, size_t len, double *out);

/* The next part of s up to sep or the end: its start, with *len, and *rest behind
 * the separator, NULL behind the last. */
const char *lep_words_part(const char *s, char sep, size_t *len, const char **rest);

/* Whether the len bytes at s are the word w. */
int lep_words_is(const char *s, size_t len, const char *w);

#endif
