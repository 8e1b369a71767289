/* Columns of CSV and TSV. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/columns_kind.h"

size_t lep_columns_number(const char *text)
{
	size_t v = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || v > LEP_CSV_FIELDS_MAX)
			return SIZE_MAX;
		v = v * 10 + (size_t)(*p - '0');
	}
	return v && v <= LEP_CSV_FIELDS_MAX ? v - 1 : SIZE_MAX;
}

/* The name of a column, and where the next one's is. */
static const char *next_name(const char *name)
{
	return name + strlen(name) + 1;
}

/* The names there are, as many as go into a line, for a message. */
static int no_column(const struct lep_columns *c, const char *file, const char *name, struct lep_error *e)
{
	const char *at = c->names.data;
	char names[160];
	size_t len = 0;

	for (size_t k = 0; k < c->nplace; k++, at = next_name(at)) {
		if (len + strlen(at) + 12 > sizeof(names)) {
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s...", k ? ", " : "");
			break;
		}
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s'%s'", k ? ", " : "", at);
	}
	return lep_fail(e, LEP_ERR_DATA, "%s: no column '%s' among %.*s", file, name, (int)len, names);
}

/* Where the wanted columns are, by the names in the first row. */
int lep_columns_find(struct lep_columns *c, const char *file, struct lep_error *e)
{
	for (size_t i = 0; i < c->o->ncolumn; i++) {
		const char *name = c->o->column[i], *at = c->names.data;

		c->place[i] = SIZE_MAX;
		for (size_t k = 0; k < c->nplace; k++, at = next_name(at)) {
			if (strcmp(at, name) != 0)
				continue;
			if (c->place[i] != SIZE_MAX)
				return lep_fail(e, LEP_ERR_DATA, "%s: two columns are named '%s'", file, name);
			c->place[i] = k;
		}
		if (c->place[i] == SIZE_MAX && !(c->o->optional && c->o->optional[i]))
			return no_column(c, file, name, e);
	}
	return 0;
}

/* The first row. What stands behind a NUL is no part of a name. */
static int take_names(struct lep_columns *c, const struct lep_csv_row *head, const char *file, struct lep_error *e)
{
	c->nplace = head->n;
	lep_buf_clear(&c->names);
	for (size_t k = 0; k < head->n; k++) {
		lep_buf_adds(&c->names, head->field[k]);
		lep_buf_addc(&c->names, '\0');
	}
	return c->names.failed ? lep_fail_nomem(e, 0) : lep_columns_find(c, file, e);
}

static int start(struct lep_columns *c, struct lep_bytes *b, struct lep_error *e)
{
	struct lep_csv_row head;
	int status = lep_csv_new(&c->csv, b, c->o->format == LEP_COLUMNS_TSV ? '\t' : ',', e);

	if (status)
		return status;
	lep_csv_allow_nul(c->csv);
	if (!c->o->no_header) {
		status = lep_csv_next(c->csv, &head, e);
		/* An empty file has no rows, and need not have names. */
		for (size_t i = 0; !status && i < c->o->ncolumn; i++)
			c->place[i] = 0;
		return status > 0 ? take_names(c, &head, lep_bytes_name(b), e) : status;
	}
	c->nplace = 0;
	for (size_t i = 0; i < c->o->ncolumn; i++) {
		c->place[i] = lep_columns_number(c->o->column[i]);
		if (c->place[i] == SIZE_MAX)
			return lep_fail(e, LEP_ERR_USAGE, "'%s' is no column's number, from 1 to %d", c->o->column[i],
				LEP_CSV_FIELDS_MAX);
	}
	return 0;
}

/* A row of the file as one of cells. */
static int give(struct lep_columns *c, const struct lep_csv_row *at, struct lep_row *row, struct lep_error *e)
{
	struct lep_csv_row r = *at;

	row->line = r.line;
	/* Without a header the first row says how many there are. */
	for (size_t i = 0; !c->nplace && i < c->o->ncolumn; i++)
		if (c->place[i] >= r.n)
			return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: no column %zu among %zu", row->file,
				(unsigned long long)r.line, c->place[i] + 1, r.n);
	if (!c->nplace)
		c->nplace = r.n;
	if (r.n != c->nplace)
		return lep_columns_bad(c, row, e, "%zu column%s, where the first row has %zu", r.n, r.n == 1 ? "" : "s",
			c->nplace);
	for (size_t i = 0; i < c->o->ncolumn; i++) {
		size_t k = c->place[i];

		c->cell[i] = (struct lep_cell){0};
		if (k != SIZE_MAX)
			c->cell[i] = (struct lep_cell){LEP_CELL_TEXT, r.field[k], r.length[k]};
	}
	return 1;
}

static int next(struct lep_columns *c, struct lep_bytes *b, struct lep_row *row, struct lep_error *e)
{
	struct lep_csv_row r;
	int status = lep_csv_next(c->csv, &r, e);

	(void)b;
	return status > 0 ? give(c, &r, row, e) : status;
}

int lep_columns_row_at(struct lep_columns *c, const unsigned char *p, size_t n, uint64_t line, struct lep_row *row,
	struct lep_error *e)
{
	struct lep_csv_row r;
	int status = lep_csv_row_at(c->csv, p, n, line, &r, e);

	if (status <= 0)
		return status;
	*row = (struct lep_row){.cell = c->cell, .file = lep_bytes_name(c->input[c->at].bytes)};
	return give(c, &r, row, e);
}

const struct lep_columns_reader lep_columns_csv = {.start = start, .next = next};
