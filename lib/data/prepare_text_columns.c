/* The columns of a vector or of categories: "[NAME=]COLUMN[,COLUMN...]" to fields. */
#include <string.h>

#include "data/prepare_text_job.h"

static const char *option_of(enum lep_text_part part, int category)
{
	return part == LEP_PART_TARGET_NUMBERS ? "--target-number" : category ? "--category" : "--number";
}

/* The next name of a list, without its backslashes, into name; *s moves behind it. */
static int take_name(const char **s, struct lep_buf *name, struct lep_error *e)
{
	lep_buf_clear(name);
	for (; **s && **s != ','; ++*s) {
		if (**s == '\\' && ((*s)[1] == ',' || (*s)[1] == '\\'))
			++*s;
		lep_buf_addc(name, **s);
	}
	if (name->failed)
		return lep_fail_nomem(e, 0);
	return name->len ? 0 : lep_fail(e, LEP_ERR_USAGE, "a column without a name");
}

static struct lep_text_field *find(struct lep_prepare_text *p, const char *name)
{
	for (size_t f = 0; f < p->nfield; f++)
		if (strcmp(p->field[f].name, name) == 0)
			return &p->field[f];
	return NULL;
}

/* Under --like. */

/* The field that columns are for: by name, or the first of that kind none were given for. */
static struct lep_text_field *meant(struct lep_prepare_text *p, enum lep_text_part part, int category, const char *name)
{
	for (size_t f = 0; f < p->nfield; f++) {
		struct lep_text_field *field = &p->field[f];
		const struct lep_features *v = &field->features;
		int fits = category ? field->part == LEP_PART_CATEGORY || v->ncategory : field->part == part && v->nnumber;

		if (!fits || (name && strcmp(field->name, name) != 0))
			continue;
		if (name || field->optional || (v->from && !v->from[category ? v->nnumber : 0]))
			return field;
	}
	return NULL;
}

static int assign(struct lep_prepare_text *p, enum lep_text_part part, int category, const char *name, const char *list,
	struct lep_error *e)
{
	struct lep_text_field *field = meant(p, part, category, name);
	struct lep_features *v = field ? &field->features : NULL;
	size_t n = 0, at, end;
	struct lep_buf column = {0};
	int status = 0;

	if (!field)
		return lep_fail(e, LEP_ERR_USAGE, "%s has no field%s%s for it", p->classes_from, name ? " " : "",
			name ? name : "");
	field->optional = 0;
	if (field->part != LEP_PART_CATEGORY && !v->from && !(v->from = lep_alloc(lep_features_columns(v), sizeof(*v->from))))
		return lep_fail_nomem(e, 0);
	at = category ? v->nnumber : 0;
	end = field->part == LEP_PART_CATEGORY ? at + 1 : category ? lep_features_columns(v) : v->nnumber;
	for (const char *s = list; !status && (s == list || *s); n++) {
		char **to = field->part == LEP_PART_CATEGORY ? &field->column : at + n < end ? &v->from[at + n] : NULL;

		s += s != list;
		status = take_name(&s, &column, e);
		if (status || !to)
			continue;
		lep_free(*to);
		*to = lep_strdup(column.data);
		status = *to ? 0 : lep_fail_nomem(e, 0);
	}
	lep_buf_release(&column);
	if (!status && n != end - at)
		status = lep_fail(e, LEP_ERR_USAGE, "%zu column%s, and field '%s' of %s wants %zu", n, n == 1 ? "" : "s",
			field->name, p->classes_from, end - at);
	return status;
}

/* Without it. */

static int add_field(struct lep_prepare_text *p, enum lep_text_part part, const char *name, struct lep_text_field **out,
	struct lep_error *e)
{
	struct lep_text_field *f = lep_grow(p->field, p->nfield * sizeof(*f), p->nfield + 1, sizeof(*f));

	if (!f)
		return lep_fail_nomem(e, 0);
	p->field = f;
	f += p->nfield;
	*f = (struct lep_text_field){.part = part, .name = lep_strdup(name)};
	if (!f->name)
		return lep_fail_nomem(e, 0);
	p->nfield++;
	*out = f;
	return 0;
}

static int add_column(struct lep_prepare_text *p, enum lep_text_part part, int category, const char *name,
	const struct lep_buf *column, struct lep_error *e)
{
	struct lep_text_field *f = find(p, name);
	int status = 0;

	if (part == LEP_PART_NUMBERS && !category && strcmp(column->data, "*") == 0) {
		if (p->source.no_header || p->source.format == LEP_COLUMNS_JSONL)
			return lep_fail(e, LEP_ERR_USAGE, "'*' is all other columns, and there is no row of names");
		if (!f)
			status = add_field(p, part, name, &f, e);
		if (status || f->part != part)
			return status ? status : lep_fail(e, LEP_ERR_USAGE, "there is a field '%s' already", name);
		for (size_t k = 0; k < p->nfield; k++)
			if (p->field[k].features.rest)
				return lep_fail(e, LEP_ERR_USAGE, "'*' is given twice");
		f->features.rest = f->features.nnumber + 1;
		return 0;
	}
	if (p->source.no_header && lep_columns_number(column->data) == SIZE_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "'%s' is no column's number, from 1", column->data);
	if (f && (f->part != part || part == LEP_PART_CATEGORY))
		return lep_fail(e, LEP_ERR_USAGE, "there is a field '%s' already: %s NAME=COLUMN", name,
			option_of(part, category));
	if (!f)
		status = add_field(p, part, name, &f, e);
	if (status)
		return status;
	f->features.keeps = part == LEP_PART_TARGET_NUMBERS;
	if (lep_part_is_vector(part))
		return lep_features_add(&f->features, column->data, column->len, category, e);
	f->missing_fails = p->measure.missing == LEP_MISSING_FAIL;
	f->column = lep_strdup(column->data);
	return f->column ? 0 : lep_fail_nomem(e, 0);
}

static int add_all(struct lep_prepare_text *p, enum lep_text_part part, int category, const char *name, const char *list,
	struct lep_error *e)
{
	struct lep_buf column = {0};
	const char *s = list;
	int status = take_name(&s, &column, e), one = !status && !*s, named = one && !p->source.no_header;

	if (!status && name && part == LEP_PART_CATEGORY && !one)
		status = lep_fail(e, LEP_ERR_USAGE, "with --encode ids each column is a field of its own: --category NAME=COLUMN");
	while (!status) {
		const char *field = name ? name : part == LEP_PART_NUMBERS ? "features" : NULL;

		if (!field)
			field = part == LEP_PART_CATEGORY ? (p->source.no_header ? "category" : column.data) :
				named ? column.data : "target";
		status = add_column(p, part, category, field, &column, e);
		if (!*s)
			break;
		s++;
		if (!status)
			status = take_name(&s, &column, e);
	}
	lep_buf_release(&column);
	return status;
}

int lep_prepare_text_add_columns(struct lep_prepare_text *p, enum lep_text_part part, int category, const char *text,
	struct lep_error *e)
{
	const char *equals = strchr(text, '='), *list = equals ? equals + 1 : text;
	char *name = NULL;
	int status = 0;

	if (!lep_columns_named(p->source.format))
		status = lep_fail(e, LEP_ERR_USAGE, "%s have no columns", lep_columns_names[p->source.format]);
	else if (equals == text)
		status = lep_fail(e, LEP_ERR_USAGE, "a field without a name");
	else if (equals && !(name = lep_strndup(text, (size_t)(equals - text))))
		return lep_fail_nomem(e, 0);
	if (!status)
		status = (p->like ? assign : add_all)(p, part, category, name, list, e);
	lep_free(name);
	return status ? lep_fail_at(e, "%s %s", option_of(part, category), text) : 0;
}

/* Whether anything is made of a column already. */
static int is_used(const struct lep_prepare_text *p, const char *name)
{
	if (p->key && strcmp(p->key, name) == 0)
		return 1;
	for (size_t f = 0; f < p->nfield; f++) {
		const struct lep_features *v = &p->field[f].features;

		if (p->field[f].column && strcmp(p->field[f].column, name) == 0)
			return 1;
		for (size_t i = 0; i < lep_features_columns(v); i++)
			if (strcmp(v->column[i], name) == 0)
				return 1;
	}
	return 0;
}

int lep_text_add_rest(struct lep_text_job *j, struct lep_features *v, struct lep_error *e)
{
	const char *names;
	size_t n, at = v->rest - 1;
	int status = lep_columns_names_of(j->columns, &names, &n, e);

	for (size_t k = 0; k < n && !status; k++, names += strlen(names) + 1)
		if (!is_used(j->p, names))
			status = lep_features_insert(v, names, strlen(names), at++, e);
	v->rest = 0;
	v->settled = 0;
	if (!status && !lep_features_columns(v))
		return lep_fail(e, LEP_ERR_DATA, "no column is left for '*'");
	if (!status && (status = lep_features_settle(v, &j->p->measure, e)) == LEP_ERR_USAGE)
		lep_fail_at(e, "--scale %s", j->p->measure.given);
	return status;
}
