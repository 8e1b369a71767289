/*
 * Bytes within one line of UTF-8, as HEAD spells values: `\\` is a backslash,
 * `\n` a line feed, `\xNN` any byte but 00.
 */
#ifndef LEP_STREAM_ESCAPE_H
#define LEP_STREAM_ESCAPE_H

#include "base/mem.h"

/* Appends s with a backslash, control characters and what is no UTF-8 escaped. */
void lep_escape(struct lep_buf *out, const char *s, size_t len);

/* Appends what s stands for; NULL, or what is wrong with it ("is no UTF-8 text"). */
const char *lep_unescape(struct lep_buf *out, const char *s, size_t len);

#endif
