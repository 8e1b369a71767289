/* Rows of text: which of them count, and what is wrong with the others. */
#include <stdio.h>
#include <string.h>

#include "data/prepare_text_job.h"

/* "log.txt: line 17: cause", as errors begin. */
static int at_row(const struct lep_row *row, const char *cause, struct lep_error *e)
{
	if (row->line)
		return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: %s", row->file, (unsigned long long)row->line, cause);
	return lep_fail(e, LEP_ERR_DATA, "%s: %s", row->file, cause);
}

static void note(const struct lep_text_job *j, const struct lep_row *row, const char *cause)
{
	struct lep_error text;

	if (!j->p->note)
		return;
	at_row(row, cause, &text);
	j->p->note(j->p->ctx, text.text);
}

/* What is wrong with a cell of text, into e as a cause alone. */
static int check_text(const struct lep_text_field *f, const struct lep_cell *cell, struct lep_error *e)
{
	static const char *const is[] = {
		[LEP_CELL_NULL] = "null", [LEP_CELL_NUMBER] = "a number", [LEP_CELL_WORD] = "true or false",
	};
	int status;

	if (cell->kind == LEP_CELL_ABSENT)
		return f->optional ? 0 : lep_fail(e, LEP_ERR_DATA, "no '%s'", f->column);
	if (cell->kind != LEP_CELL_TEXT)
		return lep_fail(e, LEP_ERR_DATA, "'%s' is %s, not a text", f->column, is[cell->kind]);
	status = lep_text_check(&f->recipe, cell->text, cell->len, e);
	if (status && f->column)
		lep_fail_at(e, "'%s'", f->column);
	return status;
}

static int check_label(const struct lep_text_field *f, const struct lep_cell *cell, struct lep_error *e)
{
	if (cell->kind == LEP_CELL_ABSENT && !f->optional)
		return lep_fail(e, LEP_ERR_DATA, "no '%s'", f->column);
	if (cell->len && memchr(cell->text, 0, cell->len))
		return lep_fail(e, LEP_ERR_DATA, "'%s': a NUL byte", f->column);
	return 0;
}

/* What is wrong with the cells of field f. */
static int check_field(const struct lep_text_job *j, size_t f, const struct lep_cell *cell, struct lep_error *e)
{
	const struct lep_text_field *field = &j->p->field[f];

	switch (field->part) {
	case LEP_PART_LABEL:
		return check_label(field, cell, e);
	case LEP_PART_CATEGORY:
		return lep_category_check(field->column, field->missing_fails, cell, e);
	case LEP_PART_NUMBERS:
	case LEP_PART_TARGET_NUMBERS:
		return lep_features_check(&field->features, cell, e);
	default:
		return check_text(field, cell, e);
	}
}

/* What a row is good for: 0, LEP_ERR_DATA with the cause alone in e. */
static int check_row(const struct lep_text_job *j, const struct lep_row *row, struct lep_error *e)
{
	const struct lep_prepare_text *p = j->p;
	const struct lep_cell *key = j->key == SIZE_MAX ? NULL : &row->cell[j->key];
	int status = 0;

	if (row->cause)
		return lep_fail(e, LEP_ERR_DATA, "%s", row->cause);
	for (size_t f = 0; f < p->nfield && !status; f++)
		if (j->place[f] >= 0)
			status = check_field(j, f, &row->cell[j->cell[f]], e);
	if (!status && key && (key->kind == LEP_CELL_ABSENT || key->kind == LEP_CELL_NULL))
		return lep_fail(e, LEP_ERR_DATA, "no '%s'", p->key);
	if (!status && key && key->len > LEP_KEY_MAX)
		return lep_fail(e, LEP_ERR_DATA, "'%s': a key of %zu bytes, at most %d", p->key, key->len, LEP_KEY_MAX);
	return status;
}

/* A row whose class or category is none of those given: 1 if it is left out. */
static int check_class(const struct lep_text_job *j, const struct lep_row *row, char cause[512])
{
	const struct lep_prepare_text *p = j->p;

	for (size_t f = 0; f < p->nfield && p->unknown != LEP_UNKNOWN_NONE; f++) {
		const struct lep_text_field *field = &p->field[f];
		const struct lep_cell *cell = &row->cell[j->cell[f]];
		const char *column = field->column;
		int at = -1, label = field->part == LEP_PART_LABEL;

		if (j->place[f] < 0)
			continue;
		if (lep_part_is_vector(field->part))
			at = lep_features_unknown(&field->features, cell);
		else if ((label || field->part == LEP_PART_CATEGORY) && field->table && lep_text_has_label(cell) &&
			lep_table_find(field->table, cell->text, cell->len) < 0)
			at = 0;
		if (at < 0)
			continue;
		cell += at;
		if (lep_part_is_vector(field->part))
			column = field->features.column[at];
		if (label)
			snprintf(cause, 512, "class '%.*s' is not among those of %.200s", cell->len < 200 ? (int)cell->len : 200,
				cell->text, p->classes_from ? p->classes_from : "the first pass");
		else
			snprintf(cause, 512, "'%.100s': category '%.*s' is not among those of %.200s", column,
				cell->len < 100 ? (int)cell->len : 100, cell->text,
				p->classes_from ? p->classes_from : "the first pass");
		return 1;
	}
	return 0;
}

int lep_text_judge(struct lep_text_job *j, struct lep_row *row, int last, int *bad, struct lep_error *e)
{
	struct lep_prepare_text *p = j->p;
	char cause[512];
	int status;

	if (p->progress && j->seen % 1024 == 0)
		p->progress(p->ctx, j->seen);
	j->seen += last != 0;
	status = check_row(j, row, e);
	*bad = status == LEP_ERR_DATA;
	if (status && !*bad)
		return status;
	if (*bad && p->bad == LEP_PREPARE_FAIL) {
		snprintf(cause, sizeof(cause), "%.500s", e->text);
		return at_row(row, cause, e);
	}
	if (*bad && p->bad == LEP_PREPARE_SKIP) {
		if (last)
			note(j, row, e->text);
		p->skipped_bad += last != 0;
		return 0;
	}
	if (*bad || !check_class(j, row, cause))
		return 1;
	if (p->unknown == LEP_UNKNOWN_FAIL)
		return at_row(row, cause, e);
	if (last)
		note(j, row, cause);
	p->skipped_unknown += last != 0;
	return 0;
}

int lep_text_next_row(struct lep_text_job *j, struct lep_row *row, int last, int *bad, struct lep_error *e)
{
	int status;

	while ((status = lep_columns_next(j->columns, row, e)) > 0) {
		status = lep_text_judge(j, row, last, bad, e);
		if (status)
			return status;
	}
	return status;
}
