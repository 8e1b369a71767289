/*
 * Rows of named columns, whatever they come in: CSV, TSV, JSON Lines; and, as
 * rows of one nameless column, lines and whole files. Several operands are read
 * one behind the other. Limits: a line or row of LEP_LINE_MAX bytes, a whole file
 * of LEP_WHOLE_MAX.
 *
 *	lines   LF or CR LF ends one; an empty line is a row; the last needs no end
 *	whole   a file is a row
 *	csv     RFC 4180, the first row holds the names; empty lines are passed over
 *	tsv     the same without quotes
 *	jsonl   an object a line, its keys are the names; empty lines are passed over
 */
#ifndef LEP_DATA_COLUMNS_H
#define LEP_DATA_COLUMNS_H

#include "data/bytes.h"

#define LEP_LINE_MAX ((size_t)16 << 20)
#define LEP_WHOLE_MAX ((size_t)1 << 30)

enum lep_columns_format {
	LEP_COLUMNS_AUTO,
	LEP_COLUMNS_LINES,
	LEP_COLUMNS_WHOLE,
	LEP_COLUMNS_CSV,
	LEP_COLUMNS_TSV,
	LEP_COLUMNS_JSONL,
	LEP_COLUMNS_COUNT
};
extern const char *const lep_columns_names[]; /* "auto", "lines", ...; ends with NULL */

/* Whether rows of the format have names. */
static inline int lep_columns_named(enum lep_columns_format f)
{
	return f >= LEP_COLUMNS_CSV;
}

/* The format that all operands' names end in (.csv, .tsv, .jsonl, .ndjson; behind
 * it .gz): lines for other names; LEP_ERR_USAGE where they differ. */
int lep_columns_guess(enum lep_columns_format *format, const char *const *operand, size_t n,
	struct lep_error *e) LEP_MUST_USE;
/* The place of a column by its number, from 1: 0 is the first; SIZE_MAX: it is none. */
size_t lep_columns_number(const char *text);
/* Whether a name ends in one of these, or in .txt. */
int lep_columns_is_text(const char *operand);

enum lep_cell_kind {
	LEP_CELL_ABSENT,   /* the row has no such column */
	LEP_CELL_NULL,     /* JSON's null */
	LEP_CELL_TEXT,
	LEP_CELL_NUMBER,   /* JSON's, as it is spelled there */
	LEP_CELL_WORD      /* true or false */
};

struct lep_cell {
	enum lep_cell_kind kind;
	const char *text;  /* any bytes, not NUL-terminated */
	size_t len;
};

struct lep_row {
	const struct lep_cell *cell; /* one for each column that was asked for */
	const char *file;
	uint64_t line;               /* of the file, from 1, where the row begins; 0: a whole file */
	const char *cause;           /* why there are no cells; NULL: there are */
};

struct lep_columns_options {
	const char *const *operand;  /* none, or "-": standard input */
	size_t noperand;
	enum lep_columns_format format; /* not auto */
	int no_header;               /* csv, tsv: the first row is one like the others; columns are
	                              * numbers from 1 */
	/* The columns that are wanted; of lines and whole files the first is the text. */
	const char *const *column;
	const uint8_t *optional;     /* may be absent from a header; NULL: none may */
	size_t ncolumn;
	int twice;                   /* lep_columns_rewind will be called: spool what waits */
	size_t spool_limit;
	int spill_fd;                /* as for lep_bytes_spool */
};

struct lep_columns;

/* Borrowed until close: o. A file that is not there is an error here, a column
 * that is not there when its file's turn comes. */
int lep_columns_open(struct lep_columns **out, const struct lep_columns_options *o, struct lep_error *e) LEP_MUST_USE;
void lep_columns_close(struct lep_columns *c);

/* Whether column i is in the first operand, which is opened for its header; of
 * JSON Lines, where there is none, it is said to be. 1, 0, or negative. */
int lep_columns_present(struct lep_columns *c, size_t i, struct lep_error *e) LEP_MUST_USE;

/* Whether the first row of JSON Lines has a value, null or not, for column i: the row is
 * read ahead. 1 where there is no row. */
int lep_columns_begins(struct lep_columns *c, size_t i, struct lep_error *e) LEP_MUST_USE;

/* Called before input is waited for. */
void lep_columns_on_wait(struct lep_columns *c, lep_wait_fn *fn, void *ctx);

/* 1, 0 at the end, negative with "file: line N: cause". A row that cannot be
 * understood while those behind it can (too few columns, a line too long, broken
 * JSON) has a cause. Valid until the next call. */
int lep_columns_next(struct lep_columns *c, struct lep_row *row, struct lep_error *e) LEP_MUST_USE;

/* The names in the first row of CSV or TSV, n texts one behind the other, borrowed until the
 * next operand; none of an empty file. Then the wanted columns of o may be changed: choose
 * looks for them. */
int lep_columns_names_of(struct lep_columns *c, const char **names, size_t *n, struct lep_error *e) LEP_MUST_USE;
int lep_columns_choose(struct lep_columns *c, struct lep_error *e) LEP_MUST_USE;

/*
 * For who takes rows of CSV and TSV from the input by blocks (prepare_table.c). begin: the
 * operand whose turn it is is opened, behind its names: 1 with *b, the line its next row
 * begins in, and where the wanted columns are among how many; 0 where none is left. The
 * number of columns is 0 where the first row will tell: then that comes by
 * lep_columns_next. row_at: a row from a block as lep_columns_next would have given it,
 * 0 for an empty line. end: the operand was read to its end.
 */
struct lep_columns_block {
	struct lep_bytes *bytes;
	uint64_t line;
	const size_t *place;       /* of each wanted column; SIZE_MAX: absent */
	size_t nplace;
	char delimiter;
};
int lep_columns_begin(struct lep_columns *c, struct lep_columns_block *b, struct lep_error *e) LEP_MUST_USE;
int lep_columns_row_at(struct lep_columns *c, const unsigned char *p, size_t n, uint64_t line, struct lep_row *row,
	struct lep_error *e) LEP_MUST_USE;
void lep_columns_end(struct lep_columns *c);
/* Whether no operand has to be waited for. */
int lep_columns_is_there(const struct lep_columns *c);

int lep_columns_rewind(struct lep_columns *c, struct lep_error *e) LEP_MUST_USE;

#endif
