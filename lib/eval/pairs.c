/* Lines of two files. */
#include "eval/pairs.h"

#include <string.h>

#include "base/utf8.h"
#include "stream/wire.h"

int lep_pairs_open(struct lep_pairs *p, const char *reference, const char *hypothesis, struct lep_error *e)
{
	int rc = 0;

	*p = (struct lep_pairs){.path = {reference ? reference : "-", hypothesis ? hypothesis : "-"}};
	for (int k = 0; k < 2 && !rc; k++) {
		p->name[k] = strcmp(p->path[k], "-") != 0 ? p->path[k] : "<stdin>";
		p->options[k] = (struct lep_columns_options){.operand = &p->path[k], .noperand = 1,
			.format = LEP_COLUMNS_LINES, .ncolumn = 1};
		rc = lep_columns_open(&p->file[k], &p->options[k], e);
	}
	if (rc)
		lep_pairs_close(p);
	return rc;
}

void lep_pairs_close(struct lep_pairs *p)
{
	lep_columns_close(p->file[0]);
	lep_columns_close(p->file[1]);
	*p = (struct lep_pairs){0};
}

/* A line that can be compared: 1, or 0 at the end of the file. */
static int read_line(struct lep_columns *file, struct lep_row *row, struct lep_error *e)
{
	/* What a stream's first frame gives as a line. */
	size_t magic = 4, valid;
	int rc = lep_columns_next(file, row, e);

	if (rc <= 0)
		return rc;
	if (row->cause || row->cell->len > LEP_TEXT_SCORE_MAX)
		return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: more than %zu bytes", row->file,
			(unsigned long long)row->line, LEP_TEXT_SCORE_MAX);
	valid = lep_utf8_valid(row->cell->text, row->cell->len);
	if (valid == row->cell->len)
		return 1;
	if (row->line == 1 && row->cell->len >= magic && !memcmp(row->cell->text, lep_wire_magic, magic))
		return lep_fail(e, LEP_ERR_DATA, "%s: a tensor stream, where lines of text are expected "
			"beside --reference", row->file);
	return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: byte %zu is no UTF-8", row->file,
		(unsigned long long)row->line, valid + 1);
}

/* One has a line more than the pairs there are, and perhaps others. */
static int fail_lengths(struct lep_pairs *p, int longer, struct lep_error *e)
{
	unsigned long long lines = p->lines + 1;
	struct lep_row row;
	int rc;

	while ((rc = lep_columns_next(p->file[longer], &row, e)) > 0)
		lines++;
	return rc ? rc : lep_fail(e, LEP_ERR_DATA, "%s has %llu lines, but %s has %llu", p->name[longer], lines,
		p->name[!longer], (unsigned long long)p->lines);
}

int lep_pairs_next(struct lep_pairs *p, struct lep_score *s, struct lep_error *e)
{
	struct lep_row row[2];
	int got[2], rc;

	for (int k = 0; k < 2; k++) {
		got[k] = read_line(p->file[k], &row[k], e);
		if (got[k] < 0)
			return got[k];
	}
	if (got[0] != got[1])
		return fail_lengths(p, got[1], e);
	if (!got[0])
		return 0;
	p->lines++;
	rc = lep_score_add_text(s, row[0].cell->text, row[0].cell->len, row[1].cell->text, row[1].cell->len, e);
	return rc ? rc : 1;
}
