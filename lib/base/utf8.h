/*
 * UTF-8 as in RFC 3629: shortest forms only, no surrogates, up to U+10FFFF.
 */
#ifndef LEP_BASE_UTF8_H
#define LEP_BASE_UTF8_H

#include <stddef.h>

#include "base/mem.h"

/* Bytes of the sequence at s (1 to 4, at most len), or 0 if it is none. */
size_t lep_utf8_sequence(const char *s, size_t len);

/* Bytes at the start of s that are UTF-8: len if all of it is. */
size_t lep_utf8_valid(const char *s, size_t len);

/* The longest start of s of at most max bytes that cuts no sequence in two. */
size_t lep_utf8_cut(const char *s, size_t len, size_t max);

/* Append s with bytes that are no UTF-8 written \xNN. */
void lep_utf8_escape(struct lep_buf *out, const char *s, size_t len);

#endif
