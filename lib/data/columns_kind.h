/*
 * Between columns.c, which goes from operand to operand, and the readers of the
 * formats, which make rows of one.
 */
#ifndef LEP_DATA_COLUMNS_KIND_H
#define LEP_DATA_COLUMNS_KIND_H

#include "data/columns.h"
#include "data/csv.h"

struct lep_columns_input {
	const char *name;
	struct lep_bytes *bytes;   /* NULL: to be opened when its turn comes */
	int kept;                  /* bytes wait or are spooled: not opened again */
};

struct lep_columns {
	const struct lep_columns_options *o;
	struct lep_columns_input *input;
	size_t ninput, at;
	int open;                  /* the one at `at` was begun */
	int is_ahead;              /* the next row was read already */
	struct lep_row ahead;
	lep_wait_fn *wait;
	void *wait_ctx;

	struct lep_cell *cell;
	struct lep_csv *csv;
	size_t *place;             /* of each wanted column in a row of csv; SIZE_MAX: absent */
	size_t nplace;             /* columns of a row */
	struct lep_buf names;      /* of csv: the first row, each name with its NUL */
	uint64_t line;             /* lines that were read */
	size_t taken;              /* bytes of the line before, still to be passed over */
	int done;                  /* whole: the file was given */
	struct lep_buf text;       /* a line in parts, a whole file */
	struct lep_buf cells;      /* of JSON: texts without their escapes */
	struct lep_buf cause;
};

struct lep_columns_reader {
	int (*start)(struct lep_columns *c, struct lep_bytes *b, struct lep_error *e); /* may be NULL */
	/* A row, place and file already set: 1, 0 at the end of this input. */
	int (*next)(struct lep_columns *c, struct lep_bytes *b, struct lep_row *row, struct lep_error *e);
};

extern const struct lep_columns_reader lep_columns_lines, lep_columns_whole, lep_columns_csv, lep_columns_jsonl;

/*
 * The next line, without its end, borrowed until the next call: 1, 0 at the end
 * of the input; *too_long where it was passed over for its length. A byte order
 * mark before the first line is passed over.
 */
int lep_columns_line(struct lep_columns *c, struct lep_bytes *b, const char **line, size_t *len, int *too_long,
	struct lep_error *e);

/* Where the wanted columns of csv are, by names. */
int lep_columns_find(struct lep_columns *c, const char *file, struct lep_error *e);

/* The row has a cause instead of cells; 1, or LEP_ERR_NOMEM. */
int lep_columns_bad(struct lep_columns *c, struct lep_row *row, struct lep_error *e, const char *fmt, ...)
	LEP_PRINTF(4, 5);

#endif
