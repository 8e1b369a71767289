/*
 * Changes to the fields of a stream: which are kept, their names, roles and
 * tables. Values stay as they are; only what gets a table becomes i32.
 */
#ifndef LEP_DATA_EDIT_H
#define LEP_DATA_EDIT_H

#include "stream/frame.h"

/* Names and texts as on the command line. All name fields as they were called
 * in the input; a field that is not there is LEP_ERR_USAGE. */
struct lep_edit_options {
	const char *const *drop, *const *keep;  /* NAME */
	size_t ndrop, nkeep;                    /* keep: none but these, in this order */
	const char *const *rename;              /* OLD=NEW */
	size_t nrename;
	const char *const *role;                /* NAME=input|target|output|other */
	size_t nrole;
	const char *const *classes;             /* NAME=FILE: the table's names, one a line */
	size_t nclasses;
};

struct lep_edit;

/* head is borrowed and must outlive the edit. */
int lep_edit_new(struct lep_edit **out, const struct lep_edit_options *o, const struct lep_head *head,
	struct lep_error *e) LEP_MUST_USE;
void lep_edit_free(struct lep_edit *edit);

/* What comes out; owned by the edit. Notes may be added before it is used. */
struct lep_head *lep_edit_head(struct lep_edit *edit);

/* frame as it comes out, in place; its columns are borrowed from what went in
 * and from the edit, until the next call. Ids outside a new table are
 * LEP_ERR_DATA. */
int lep_edit_frame(struct lep_edit *edit, struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

/* Names, one a line, added to t. An empty line and a NUL are LEP_ERR_DATA, and,
 * unless again is nonzero, a name that is there already. */
int lep_table_load(struct lep_table *t, const char *path, int again, struct lep_error *e) LEP_MUST_USE;

#endif
