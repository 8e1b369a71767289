/* The fields of text and tables: as options say, or as a model has them. */
#include <string.h>

#include "data/prepare_text.h"

static const struct {
	const char *name;   /* of a field whose column has a number */
	const char *option;
} parts[LEP_PART_COUNT] = {
	[LEP_PART_TEXT] = {"text", "--text"},
	[LEP_PART_TARGET] = {"target", "--target-text"},
	[LEP_PART_LABEL] = {"label", "--label"},
	[LEP_PART_NUMBERS] = {"features", "--number"},
	[LEP_PART_CATEGORY] = {"category", "--category"},
	[LEP_PART_TARGET_NUMBERS] = {"target", "--target-number"},
};

static struct lep_text_field *grow(struct lep_prepare_text *p)
{
	struct lep_text_field *f = lep_grow(p->field, p->nfield * sizeof(*f), p->nfield + 1, sizeof(*f));

	if (!f)
		return NULL;
	p->field = f;
	return &f[p->nfield++];
}

static struct lep_text_field *named(struct lep_prepare_text *p, const char *name, size_t len)
{
	for (size_t f = 0; f < p->nfield; f++)
		if (strlen(p->field[f].name) == len && memcmp(p->field[f].name, name, len) == 0)
			return &p->field[f];
	return NULL;
}

/* Under --like: the field that a column is for. */
static int assign(struct lep_prepare_text *p, enum lep_text_part part, const char *name, size_t len, char *column,
	struct lep_error *e)
{
	struct lep_text_field *field = name ? named(p, name, len) : NULL;

	for (size_t f = 0; f < p->nfield && !name && !field; f++)
		if (p->field[f].part == part && p->field[f].optional)
			field = &p->field[f];
	if (!field || field->part != part) {
		lep_free(column);
		if (name)
			return lep_fail(e, LEP_ERR_USAGE, "%s: %s has no such field '%.*s'", parts[part].option, p->classes_from,
				(int)len, name);
		return lep_fail(e, LEP_ERR_USAGE, "%s: %s has no field for it", parts[part].option, p->classes_from);
	}
	lep_free(field->column);
	field->column = column;
	field->optional = 0;
	return 0;
}

int lep_prepare_text_add(struct lep_prepare_text *p, enum lep_text_part part, const char *text,
	const struct lep_text_recipe *recipe, struct lep_error *e)
{
	int table = lep_columns_named(p->source.format);
	const char *equals = text ? strchr(text, '=') : NULL, *name = table ? NULL : text;
	size_t len = name ? strlen(name) : 0;
	struct lep_text_field *f;
	char *column = NULL;

	if (!table && (equals || part != LEP_PART_TEXT))
		return lep_fail(e, LEP_ERR_USAGE, "%s %s: %s have no columns", parts[part].option, text,
			lep_columns_names[p->source.format]);
	if (table && equals) {
		name = text;
		len = (size_t)(equals - text);
	}
	if (text && name && !len)
		return lep_fail(e, LEP_ERR_USAGE, "%s %s: a field without a name", parts[part].option, text);
	if (table) {
		if (p->source.no_header && lep_columns_number(equals ? equals + 1 : text) == SIZE_MAX)
			return lep_fail(e, LEP_ERR_USAGE, "%s %s: no column's number, from 1", parts[part].option, text);
		column = lep_strdup(equals ? equals + 1 : text);
		if (!column)
			return lep_fail_nomem(e, 0);
	}
	if (p->like)
		return assign(p, part, name, len, column, e);
	if (!name) {
		name = column && !p->source.no_header ? column : parts[part].name;
		len = strlen(name);
	}
	if (named(p, name, len)) {
		int status = lep_fail(e, LEP_ERR_USAGE, "%s: there is a field '%.*s' already: %s NAME=COLUMN",
			parts[part].option, (int)len, name, parts[part].option);

		lep_free(column);
		return status;
	}
	f = grow(p);
	if (!f || !(f->name = lep_strndup(name, len))) {
		lep_free(column);
		return lep_fail_nomem(e, 0);
	}
	f->part = part;
	f->column = column;
	f->recipe = *recipe;
	return 0;
}

static void release(struct lep_text_field *f)
{
	lep_free(f->name);
	lep_free(f->column);
	lep_table_free(f->table);
	lep_features_release(&f->features);
}

static void drop(struct lep_prepare_text *p, size_t f)
{
	release(&p->field[f]);
	p->nfield--;
	memmove(&p->field[f], &p->field[f + 1], (p->nfield - f) * sizeof(*p->field));
}

/* Of lines under --like: the text that was named, or the first. */
static int keep_one(struct lep_prepare_text *p, struct lep_error *e)
{
	size_t keep = SIZE_MAX;

	for (size_t f = 0; f < p->nfield; f++)
		if (p->field[f].part == LEP_PART_TEXT && (keep == SIZE_MAX || !p->field[f].optional))
			keep = f;
	if (keep == SIZE_MAX)
		return lep_fail(e, LEP_ERR_DATA, "%s: no input in it is prepared from text", p->classes_from);
	for (size_t f = p->nfield; f-- > 0;)
		if (f != keep)
			drop(p, f);
	lep_free(p->field[0].column);
	p->field[0].column = NULL;
	p->field[0].optional = 0;
	return 0;
}

int lep_prepare_text_settle(struct lep_prepare_text *p, const struct lep_text_recipe *recipe, int no_labels,
	struct lep_error *e)
{
	int table = lep_columns_named(p->source.format), status = 0;

	for (size_t f = p->nfield; p->like && no_labels && f-- > 0;)
		if (p->field[f].part == LEP_PART_LABEL)
			drop(p, f);
	if (p->like)
		return table ? 0 : keep_one(p, e);
	if (!p->nfield && p->source.no_header)
		return lep_fail(e, LEP_ERR_USAGE, "--no-header: which column is the text? --text 1 is the first");
	if (!p->nfield) {
		status = lep_prepare_text_add(p, LEP_PART_TEXT, table ? parts[LEP_PART_TEXT].name : NULL, recipe, e);
		if (!status && table && !no_labels) {
			status = lep_prepare_text_add(p, LEP_PART_LABEL, parts[LEP_PART_LABEL].name, recipe, e);
			p->field[p->nfield - 1].optional = 1;
		}
	}
	if (!status && !table && p->nfield > 1)
		status = lep_fail(e, LEP_ERR_USAGE, "--text: %s hold one text each, not %zu",
			lep_columns_names[p->source.format], p->nfield);
	return status;
}

static const struct lep_field *expected(const struct lep_head *h, size_t *n)
{
	*n = h->kind == LEP_KIND_DATA ? h->nfield : h->nexpect;
	return h->kind == LEP_KIND_DATA ? h->field : h->expect;
}

int lep_prepare_text_is_like(const struct lep_head *head)
{
	struct lep_text_recipe r;
	size_t n;
	const struct lep_field *field = expected(head, &n);

	for (size_t i = 0; i < n; i++) {
		int fails;

		if (lep_field_has_text(&field[i], &r) || lep_field_has_features(&field[i]) ||
			lep_field_has_category(&field[i], &fails))
			return 1;
	}
	return 0;
}

int lep_prepare_text_has_text(const struct lep_head *head)
{
	struct lep_text_recipe r;
	size_t n;
	const struct lep_field *field = expected(head, &n);

	for (size_t i = 0; i < n; i++)
		if (lep_field_has_text(&field[i], &r))
			return 1;
	return 0;
}

/* What a model's field is here: a part, or -1. */
static int part_of(const struct lep_field *f, struct lep_text_recipe *r, int *missing_fails)
{
	if (lep_field_has_features(f))
		return f->role == LEP_ROLE_INPUT ? LEP_PART_NUMBERS : f->role == LEP_ROLE_TARGET ? LEP_PART_TARGET_NUMBERS : -1;
	if (f->role == LEP_ROLE_INPUT && lep_field_has_category(f, missing_fails))
		return LEP_PART_CATEGORY;
	if (lep_field_has_text(f, r))
		return f->role == LEP_ROLE_INPUT ? LEP_PART_TEXT : f->role == LEP_ROLE_TARGET ? LEP_PART_TARGET : -1;
	return f->role == LEP_ROLE_TARGET && f->dtype == LEP_I32 && f->table && !f->shape.rank && !f->recipe ?
		LEP_PART_LABEL : -1;
}

int lep_prepare_text_like(struct lep_prepare_text *p, const struct lep_head *head, const char *path,
	struct lep_error *e)
{
	size_t n;
	const struct lep_field *field = expected(head, &n);

	p->like = 1;
	p->classes_from = path;
	if (!lep_prepare_text_is_like(head))
		return lep_fail(e, LEP_ERR_DATA, "%s: no field in it is prepared from text or a table", path);
	for (size_t i = 0; i < n; i++) {
		struct lep_text_recipe r = {0};
		int missing_fails = 0, part = part_of(&field[i], &r, &missing_fails), status;
		struct lep_text_field *f;

		if (part < 0)
			continue;
		if (r.rules > LEP_TEXT_RULES)
			return lep_fail(e, LEP_ERR_DATA, "%s: prepared by rules %d, newer than this program's %d", path, r.rules,
				LEP_TEXT_RULES);
		f = grow(p);
		if (!f || !(f->name = lep_strdup(field[i].name)) || !(f->column = lep_strdup(field[i].name)))
			return lep_fail_nomem(e, 0);
		f->part = (enum lep_text_part)part;
		f->recipe = r;
		f->optional = 1;
		f->missing_fails = missing_fails;
		if (!lep_part_is_vector(f->part)) {
			f->table = lep_table_share(field[i].table);
			continue;
		}
		status = lep_features_of_field(&f->features, &field[i], e);
		f->features.keeps = f->part == LEP_PART_TARGET_NUMBERS;
		if (status)
			return lep_fail_at(e, "%s: field '%s'", path, field[i].name);
	}
	return 0;
}

void lep_prepare_text_release(struct lep_prepare_text *p)
{
	for (size_t f = 0; f < p->nfield; f++)
		release(&p->field[f]);
	lep_free(p->field);
	p->field = NULL;
	p->nfield = 0;
}
