/*
 * Rows of CSV (RFC 4180: quotes, doubled quotes, line ends inside quotes, CR LF
 * or LF) and TSV (no quoting: a tab ends a field, LF or CR LF a row), read
 * forward.
 */
#ifndef LEP_DATA_CSV_H
#define LEP_DATA_CSV_H

#include "data/bytes.h"

#define LEP_CSV_ROW_MAX ((size_t)16 << 20)
#define LEP_CSV_FIELDS_MAX 65536

struct lep_csv_row {
	size_t n;
	const char *const *field;  /* n NUL-terminated texts (a NUL inside is LEP_ERR_DATA, if not allowed) */
	const size_t *length;
	uint64_t line;             /* of the file, from 1, where the row begins */
};

struct lep_csv;

/* b is borrowed. delimiter 0: a tab if the first line has one outside of quotes,
 * else a comma. A byte order mark is passed over. */
int lep_csv_new(struct lep_csv **out, struct lep_bytes *b, char delimiter, struct lep_error *e) LEP_MUST_USE;
void lep_csv_free(struct lep_csv *c);
/* NUL bytes are bytes like others. */
void lep_csv_allow_nul(struct lep_csv *c);
/* 1, 0 at the end, negative with "file: line N: cause". Empty lines are passed
 * over. Valid until the next call. */
int lep_csv_next(struct lep_csv *c, struct lep_csv_row *row, struct lep_error *e) LEP_MUST_USE;

/* The number of the line that the next row begins in. */
uint64_t lep_csv_line(const struct lep_csv *c);
/*
 * The same for a row that somebody else took from the input: bytes from the beginning
 * of line `line` that hold a row with its line end, or all that is left of the input.
 * 1, 0 for an empty line, negative.
 */
int lep_csv_row_at(struct lep_csv *c, const unsigned char *p, size_t n, uint64_t line, struct lep_csv_row *row,
	struct lep_error *e) LEP_MUST_USE;

#endif
