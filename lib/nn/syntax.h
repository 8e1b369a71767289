/*
 * The network description as written: statements of words and blocks. What the
 * words mean is the layers' business.
 */
#ifndef LEP_NN_SYNTAX_H
#define LEP_NN_SYNTAX_H

#include "base/mem.h"
#include "base/status.h"

#define LEP_TEXT_MAX ((size_t)1 << 20)   /* bytes of a description */
#define LEP_NESTING_MAX 16

struct lep_block {
	size_t n;
	struct lep_stmt *stmt;
};

struct lep_stmt {
	char *name;               /* of `NAME =`, or NULL */
	size_t nword;             /* at least 1: word[0] is the layer */
	char **word;
	size_t nblock;
	struct lep_block *block;
	int line;                 /* from 1 */
	int flat;                 /* never written: its blocks make no scope of their own */
};

/* name stands in messages. On failure *out is empty. */
int lep_syntax_parse(struct lep_block *out, const char *text, const char *name, struct lep_error *e) LEP_MUST_USE;
void lep_syntax_release(struct lep_block *b);
/* Canonical text: one statement a line, single blanks, blocks in braces, indented. */
void lep_syntax_format(const struct lep_block *b, struct lep_buf *out);

#endif
