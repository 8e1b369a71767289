/*
 * Numbers and JSON strings as text into a buffer, the same bytes on every machine.
 * Out of memory is remembered in the buffer, as by the other lep_buf_add's.
 */
#ifndef LEP_BASE_TEXT_H
#define LEP_BASE_TEXT_H

#include <stddef.h>

#include "base/mem.h"

/* With quotes; control characters escaped; a byte that is not part of valid
 * UTF-8 (RFC 3629) becomes the four characters \xNN, the backslash escaped. */
void lep_text_json(struct lep_buf *b, const char *s, size_t len);

/* The shortest decimal that reads back as v (0.9907 stays 0.9907); whole
 * numbers below 1e15 without exponent; what is not finite is null. */
void lep_text_number(struct lep_buf *b, double v);
/* The same for a float: the shortest that reads back as this float. */
void lep_text_float(struct lep_buf *b, float v);

/* Bytes of the UTF-8 character at s (1..4, at most len), or 0 if it is none:
 * overlong forms, surrogates and what lies above U+10FFFF are none. */
size_t lep_text_utf8(const char *s, size_t len);

#endif
