/*
 * Values as text and in numbers of a few words: what lep-cat prints and writes
 * as CSV.
 */
#ifndef LEP_DATA_VALUES_H
#define LEP_DATA_VALUES_H

#include "stream/frame.h"

/* One element: integers exactly, floats as the shortest text that reads back,
 * "nan", "inf", "-inf". Not for text. */
void lep_value_text(struct lep_buf *out, enum lep_dtype t, const void *element);

/* Bytes for people: control characters (C0, DEL, C1) and what is not UTF-8 come
 * as \n, \t, \xNN; a backslash doubled. */
void lep_value_show(struct lep_buf *out, const void *s, size_t len);

/* The name of the id at p, or NULL for none (-1, or outside the table). */
const char *lep_value_id(const struct lep_field *f, const void *p, size_t *len);

struct lep_stats {
	uint64_t n;          /* elements that are numbers: not NaN */
	uint64_t nan;
	double min, max;     /* of those; 0 where there are none */
	double mean;         /* sum in order, in double */
};

void lep_stats_of(struct lep_stats *s, enum lep_dtype t, const void *values, size_t count);

/*
 * Rows of CSV (separator ',') or TSV ('\t'): the column `key`, then one a scalar
 * field, and NAME[0], NAME[1], ... for the elements of others, row-major. Ids
 * are written by name, no id and the values of a bad record as nothing. CSV
 * quotes as RFC 4180 (lines end in LF); TSV writes \t \n \r \\. Ids of text are
 * one column, the text. Another field whose extents vary, or of more than
 * LEP_COLUMNS_MAX elements, is LEP_ERR_USAGE.
 */
#define LEP_COLUMNS_MAX ((int64_t)1 << 20)
int lep_rows_head(struct lep_buf *out, const struct lep_head *h, char separator, struct lep_error *e) LEP_MUST_USE;
void lep_rows_add(struct lep_buf *out, const struct lep_head *h, const struct lep_frame *fr, size_t i,
	char separator);

#endif
