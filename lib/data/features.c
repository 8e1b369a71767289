/* Columns of a table as one vector: which they are, and what a row's cells become. */
#include "data/features.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/number.h"

static int add(struct lep_features *f, const char *column, size_t len, int category, size_t at, struct lep_error *e)
{
	size_t n = lep_features_columns(f);
	char **grown, *name;

	for (size_t i = 0; i < n; i++)
		if (strlen(f->column[i]) == len && memcmp(f->column[i], column, len) == 0 && len)
			return lep_fail(e, LEP_ERR_USAGE, "column '%s' is given twice", f->column[i]);
	if (category && memchr(column, '=', len))
		return lep_fail(e, LEP_ERR_USAGE, "column '%.*s' has a '=' in its name: --encode ids", (int)len, column);
	if (n == LEP_FEATURES_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "more than %d columns", LEP_FEATURES_MAX);
	name = lep_strndup(column, len);
	grown = name ? lep_grow(f->column, n * sizeof(*grown), n + 1, sizeof(*grown)) : NULL;
	if (!grown) {
		lep_free(name);
		return lep_fail_nomem(e, 0);
	}
	f->column = grown;
	memmove(grown + at + 1, grown + at, (n - at) * sizeof(*grown));
	grown[at] = name;
	if (category)
		f->ncategory++;
	else
		f->nnumber++;
	return 0;
}

int lep_features_add(struct lep_features *f, const char *column, size_t len, int category, struct lep_error *e)
{
	return add(f, column, len, category, category ? lep_features_columns(f) : f->nnumber, e);
}

int lep_features_insert(struct lep_features *f, const char *column, size_t len, size_t at, struct lep_error *e)
{
	return add(f, column, len, 0, at, e);
}

void lep_features_release(struct lep_features *f)
{
	for (size_t i = 0; i < lep_features_columns(f); i++) {
		lep_free(f->column[i]);
		if (f->from)
			lep_free(f->from[i]);
	}
	lep_free(f->from);
	for (size_t c = 0; f->level && c < f->ncategory; c++)
		lep_table_free(f->level[c]);
	lep_free(f->column);
	lep_free(f->level);
	lep_free(f->fill);
	lep_free(f->mean);
	lep_free(f->deviation);
	*f = (struct lep_features){0};
}

int lep_features_room(struct lep_features *f, struct lep_error *e)
{
	if (f->fill)
		return 0;
	f->fill = lep_alloc(f->nnumber, sizeof(*f->fill));
	f->mean = lep_alloc(f->nnumber, sizeof(*f->mean));
	f->deviation = lep_alloc(f->nnumber, sizeof(*f->deviation));
	f->level = lep_alloc(f->ncategory, sizeof(*f->level));
	if (!f->fill || !f->mean || !f->deviation || !f->level)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < f->nnumber; i++)
		f->deviation[i] = 1;
	return 0;
}

size_t lep_features_width(const struct lep_features *f)
{
	size_t n = f->nnumber;

	for (size_t c = 0; c < f->ncategory; c++)
		n += f->level[c]->n;
	return n;
}

static int add_name(struct lep_table *t, const char *name, size_t len, struct lep_error *e)
{
	if (lep_table_find(t, name, len) >= 0)
		return lep_fail(e, LEP_ERR_DATA, "two elements are named '%.*s'", (int)(len < 200 ? len : 200), name);
	return lep_table_add(t, name, len) < 0 ? lep_fail_nomem(e, 0) : 0;
}

int lep_features_names(const struct lep_features *f, struct lep_table **out, struct lep_error *e)
{
	struct lep_table *t = lep_table_new();
	struct lep_buf name = {0};
	int status = t ? 0 : lep_fail_nomem(e, 0);

	if (!status && lep_features_width(f) > LEP_FEATURES_MAX)
		status = lep_fail(e, LEP_ERR_DATA, "%zu numbers and categories, more than the %d a vector may have "
			"(--encode ids)", lep_features_width(f), LEP_FEATURES_MAX);
	for (size_t i = 0; i < f->nnumber && !status; i++)
		status = add_name(t, f->column[i], strlen(f->column[i]), e);
	for (size_t c = 0; c < f->ncategory && !status; c++) {
		for (size_t k = 0; k < f->level[c]->n && !status; k++) {
			lep_buf_clear(&name);
			lep_buf_addf(&name, "%s=", f->column[f->nnumber + c]);
			lep_buf_add(&name, f->level[c]->entry[k], f->level[c]->length[k]);
			status = name.failed ? lep_fail_nomem(e, 0) : add_name(t, name.data, name.len, e);
		}
	}
	lep_buf_release(&name);
	if (status)
		lep_table_free(t);
	*out = status ? NULL : t;
	return status;
}

static int is_missing(const char *s, size_t len)
{
	static const char *const words[] = {"NA", "N/A", "NaN", "nan", "NULL", "null", "None"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && memcmp(words[i], s, len) == 0)
			return 1;
	return len == 0;
}

enum lep_number_kind lep_cell_parse(const char *s, size_t len, double *v)
{
	while (len && (*s == ' ' || *s == '\t')) {
		s++;
		len--;
	}
	while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	if (lep_number_parse(s, len, v))
		return fabs(*v) <= (double)FLT_MAX ? LEP_NUMBER_VALUE : LEP_NUMBER_WRONG;
	return is_missing(s, len) ? LEP_NUMBER_MISSING : LEP_NUMBER_WRONG;
}

enum lep_number_kind lep_cell_number(const struct lep_cell *cell, double *v)
{
	if (cell->kind == LEP_CELL_ABSENT || cell->kind == LEP_CELL_NULL)
		return LEP_NUMBER_MISSING;
	return cell->kind == LEP_CELL_WORD ? LEP_NUMBER_WRONG : lep_cell_parse(cell->text, cell->len, v);
}

/* What a number that is wrong reads like. */
static int wrong_number(const char *column, const struct lep_cell *cell, struct lep_error *e)
{
	double v;

	if (cell->kind != LEP_CELL_WORD && lep_number_parse(cell->text, cell->len, &v))
		return lep_fail(e, LEP_ERR_DATA, "'%s': %.*s is beyond the numbers of f32", column,
			(int)(cell->len < 60 ? cell->len : 60), cell->text);
	return lep_fail(e, LEP_ERR_DATA, "'%s': '%.*s%s' is no number", column,
		(int)(cell->len < 60 ? cell->len : 60), cell->text, cell->len > 60 ? "..." : "");
}

int lep_category_check(const char *column, int missing_fails, const struct lep_cell *cell, struct lep_error *e)
{
	if (!lep_cell_has_category(cell))
		return missing_fails ? lep_fail(e, LEP_ERR_DATA, "'%s' is missing", column) : 0;
	if (memchr(cell->text, 0, cell->len))
		return lep_fail(e, LEP_ERR_DATA, "'%s': a NUL byte", column);
	return 0;
}

int lep_features_check(const struct lep_features *f, const struct lep_cell *cell, struct lep_error *e)
{
	int status = 0;

	for (size_t i = 0; i < f->nnumber; i++) {
		double v;
		enum lep_number_kind kind = lep_cell_number(&cell[i], &v);

		if (kind == LEP_NUMBER_WRONG)
			return wrong_number(f->column[i], &cell[i], e);
		if (kind == LEP_NUMBER_MISSING && f->missing_fails)
			return lep_fail(e, LEP_ERR_DATA, "'%s' is missing", f->column[i]);
		/* A vector that is still to be measured cannot get too large by it. */
		if (f->settled && kind == LEP_NUMBER_VALUE && !isfinite(lep_features_number(f, i, v)))
			return wrong_number(f->column[i], &cell[i], e);
	}
	for (size_t i = f->nnumber; i < lep_features_columns(f) && !status; i++)
		status = lep_category_check(f->column[i], f->missing_fails, &cell[i], e);
	return status;
}

int lep_features_unknown(const struct lep_features *f, const struct lep_cell *cell)
{
	for (size_t c = 0; f->settled && c < f->ncategory; c++) {
		const struct lep_cell *at = &cell[f->nnumber + c];

		if (lep_cell_has_category(at) && lep_table_find(f->level[c], at->text, at->len) < 0)
			return (int)(f->nnumber + c);
	}
	return -1;
}

float lep_features_number(const struct lep_features *f, size_t i, double v)
{
	if (isnan(v))
		v = f->fill[i];
	return (float)(f->scaled && !f->keeps ? (v - f->mean[i]) / f->deviation[i] : v);
}

void lep_features_row(const struct lep_features *f, const struct lep_cell *cell, float *out)
{
	for (size_t i = 0; i < f->nnumber; i++) {
		double v = NAN;

		if (lep_cell_number(&cell[i], &v) != LEP_NUMBER_VALUE)
			v = NAN;
		*out++ = lep_features_number(f, i, v);
	}
	for (size_t c = 0; c < f->ncategory; c++) {
		const struct lep_cell *at = &cell[f->nnumber + c];
		int64_t id = lep_cell_has_category(at) ? lep_table_find(f->level[c], at->text, at->len) : -1;

		memset(out, 0, f->level[c]->n * sizeof(*out));
		if (id >= 0)
			out[id] = 1;
		out += f->level[c]->n;
	}
}
