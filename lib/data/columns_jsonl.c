/* Columns of JSON Lines: the keys of an object a line. */
#include "data/columns_kind.h"
#include "data/json_read.h"

static int is_blank(const char *s, size_t len)
{
	while (len && (*s == ' ' || *s == '\t' || *s == '\r')) {
		s++;
		len--;
	}
	return !len;
}

static int next(struct lep_columns *c, struct lep_bytes *b, struct lep_row *row, struct lep_error *e)
{
	struct lep_error cause;
	const char *line;
	size_t len;
	int too_long, status;

	do {
		status = lep_columns_line(c, b, &line, &len, &too_long, e);
		if (status <= 0)
			return status;
	} while (!too_long && is_blank(line, len));
	row->line = c->line;
	if (too_long)
		return lep_columns_bad(c, row, e, "a line of more than %zu bytes", LEP_LINE_MAX);
	status = lep_json_object_read(line, len, c->o->column, c->o->ncolumn, c->cell, &c->cells, &cause);
	if (status == LEP_ERR_NOMEM)
		return lep_fail_nomem(e, 0);
	return status ? lep_columns_bad(c, row, e, "%s", cause.text) : 1;
}

const struct lep_columns_reader lep_columns_jsonl = {.next = next};
