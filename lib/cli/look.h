/*
 * The parts of lep-cat that give out no records: single things of a header,
 * verification, and what can be recovered.
 */
#ifndef LEP_CLI_LOOK_H
#define LEP_CLI_LOOK_H

#include "base/output.h"
#include "stream/head.h"

/* One thing a line: the table's names of a field, the notes of a key, or, where
 * both are NULL, a model's network text. Lines are as they are in the file, for
 * programs; a vocabulary of text is spelled as in HEAD, for its entries may hold
 * line ends. Nothing to print is LEP_ERR_DATA, an unknown field LEP_ERR_USAGE. */
int lep_look(struct lep_output *out, const struct lep_head *h, const char *file, const char *table,
	const char *note, struct lep_error *e) LEP_MUST_USE;

/* Read each of the streams (none: standard input) to its end. With -v says what
 * was there. Goes on after a bad one, having said what is wrong with it; the
 * last bad one's error is returned. */
int lep_look_check(const char *const *path, size_t n, int force, struct lep_error *e) LEP_MUST_USE;

/* Recover each onto out. 0, or 1 if records were lost: then e says how many (of
 * earlier operands it has been said). */
int lep_look_recover(struct lep_output *out, const char *const *path, size_t n, struct lep_error *e) LEP_MUST_USE;

#endif
