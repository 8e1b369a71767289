/*
 * Rows of CSV and TSV from memory, read by many threads: what is usual about a row is
 * done here, on its bytes; a row with anything else about it (bad, of an unknown
 * class) is odd, and left to who reads rows one by one, so that there is one place that
 * judges them.
 */
#ifndef LEP_DATA_TABLE_ROWS_H
#define LEP_DATA_TABLE_ROWS_H

#include "data/prepare_text_job.h"

struct lep_table_odd {
	size_t good;               /* good rows of the chunk before it */
	size_t at, len;            /* its bytes */
	uint64_t line;
};

/* Whole rows, and what a task made of them. */
struct lep_table_chunk {
	const unsigned char *p;    /* the last byte ends a line */
	size_t n;
	uint64_t line;             /* where the first row begins */

	size_t rows;               /* good ones */
	size_t unlabelled;
	struct lep_buf *field;     /* one a field: of the first pass the numbers to be measured, double,
	                            * NaN for a missing one; of the last the values */
	struct lep_buf key, key_len; /* of the last pass; key_len: uint32_t */
	struct lep_buf odd;
	int failed;                /* no memory */
};

struct lep_table_rows;

/* What is wanted of rows like those of b; last: of the last pass, else of the first.
 * Borrowed: the job, b's places. */
int lep_table_rows_new(struct lep_table_rows **out, const struct lep_text_job *j, const struct lep_columns_block *b,
	int last, int threads, struct lep_error *e) LEP_MUST_USE;
void lep_table_rows_free(struct lep_table_rows *t);

/* Fills in what a task makes; thread tells whose scratch memory. */
void lep_table_rows_run(struct lep_table_rows *t, struct lep_table_chunk *chunk, int thread);

/* Classes and categories of good rows of the first pass: calls add for each that thread
 * saw in a cell. */
int lep_table_rows_levels(struct lep_table_rows *t,
	int (*add)(void *ctx, size_t cell, const char *text, size_t len, struct lep_error *e), void *ctx,
	struct lep_error *e) LEP_MUST_USE;

/* Behind the line end of the row of CSV at p; NULL: its end is not in p..end. */
const unsigned char *lep_table_row_end(const unsigned char *p, const unsigned char *end, char delimiter);

#endif
