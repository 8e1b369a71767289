/* Ids of a text field back into the text they stand for. */
#ifndef LEP_EVAL_DETOKENISE_H
#define LEP_EVAL_DETOKENISE_H

#include "stream/head.h"

/* Whether a field holds text: UTF-8, or ids of a vocabulary with a recipe that says so. */
int lep_field_is_text(const struct lep_field *f);

/*
 * Appends the text of n ids (i32, little-endian) of a field of ids: tokens of words
 * are joined by blanks, others stand one behind the other; ids outside the table and
 * the mark <end> are passed over.
 */
void lep_detokenise(struct lep_buf *out, const struct lep_field *f, const unsigned char *ids, size_t n);

#endif
