/*
 * Tests of one record: FIELD OP VALUE with = != < <= > >=, and patterns of keys.
 *
 * VALUE is the name of an id where the field has a table (= and != only; "none"
 * without such a name is no id), else text (= and !=) or a number, compared as
 * double. The field holds one element a record.
 */
#ifndef LEP_DATA_WHERE_H
#define LEP_DATA_WHERE_H

#include "stream/frame.h"

struct lep_where {
	size_t field;
	int op;            /* private */
	int64_t id;        /* where the field has a table */
	double number;
	const char *text;  /* borrowed from the text given */
};

/* LEP_ERR_USAGE for an unknown field, a name that is not in the table, ... */
int lep_where_parse(struct lep_where *w, const char *text, const struct lep_head *head,
	struct lep_error *e) LEP_MUST_USE;
/* Bad records never pass. */
int lep_where_test(const struct lep_where *w, const struct lep_head *head, const struct lep_frame *fr,
	size_t i);

/* Whether s matches the whole pattern: * any bytes, ? one UTF-8 character, [a-c]
 * and [!a-c] one byte, \ takes the next byte as it is. */
int lep_glob_match(const char *pattern, const char *s, size_t len);

#endif
