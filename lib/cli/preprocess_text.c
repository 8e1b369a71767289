/* lep-preprocess on text and tables: options to fields. */
#include "cli/preprocess_text.h"

#include <string.h>

#include "base/number.h"

const char *const lep_text_tokens[] = {"bytes", "chars", "words", "bpe", NULL};
const char *const lep_text_cases[] = {"lower", "keep", NULL};
const char *const lep_text_invalid[] = {"fail", "replace", NULL};

const char *const lep_text_encodings[] = {"onehot", "ids", NULL};

int lep_text_has_numbers(const struct lep_text_choices *c)
{
	return c->number.n || c->category.n || c->target_number.n;
}

int lep_text_is_meant(const struct lep_operands *ops, const struct lep_text_choices *c)
{
	const void *const mine[] = {
		&c->text, &c->target, &c->label, &c->key, &c->vocabulary_from, &c->tokens, &c->letters, &c->format,
		&c->no_header, &c->shared, &c->end, &c->invalid, &c->vocabulary, &c->min_count, &c->truncate,
		&c->number, &c->category, &c->target_number, &c->missing, &c->encode, &c->target_scale,
	};

	for (size_t i = 0; i < sizeof(mine) / sizeof(mine[0]); i++)
		if (lep_option_given(ops, mine[i]))
			return 1;
	return ops->n && lep_columns_is_text(ops->name[0]);
}

static struct lep_text_recipe recipe_of(const struct lep_operands *ops, const struct lep_text_choices *c)
{
	struct lep_text_recipe r = {
		.tokens = (enum lep_tokens)c->tokens,
		.rules = LEP_TEXT_RULES,
		.replace = c->invalid,
		.truncate = c->truncate,
	};

	r.lower = lep_option_given(ops, &c->letters) ? !c->letters : r.tokens == LEP_TOKENS_WORDS;
	return r;
}

/* Options about texts, or about columns of numbers, where there are none. */
static int check_kinds(const struct lep_operands *ops, const struct lep_text_choices *c, int like, struct lep_error *e)
{
	static const char without[] = "is about --text or --target-text, and neither is given";
	const struct {
		const void *to;
		const char *name;
	} text[] = {
		{&c->tokens, "--tokens"}, {&c->letters, "--case"}, {&c->invalid, "--invalid"}, {&c->truncate, "--truncate"},
		{&c->vocabulary, "--vocabulary"}, {&c->min_count, "--min-count"}, {&c->vocabulary_from, "--vocabulary-from"},
		{&c->end, "--end"},
	};

	if (like)
		return 0;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]) && lep_text_has_numbers(c); i++)
		if (lep_option_given(ops, text[i].to) && !c->text.n && !c->target.n)
			return lep_fail(e, LEP_ERR_USAGE, "%s %s", text[i].name, without);
	if (c->missing && !c->number.n && !c->category.n)
		return lep_fail(e, LEP_ERR_USAGE, "--missing is about --number and --category, and neither is given");
	if (lep_option_given(ops, &c->encode) && !c->category.n)
		return lep_fail(e, LEP_ERR_USAGE, "--encode is about --category, which is not given");
	if (c->target_scale && !c->target_number.n)
		return lep_fail(e, LEP_ERR_USAGE, "--target-scale is about --target-number, which is not given");
	if (c->scale && lep_text_has_numbers(c) && !c->number.n)
		return lep_fail(e, LEP_ERR_USAGE, "--scale is about --number, which is not given");
	return 0;
}

/* --scale or --target-scale: NULL: not given. */
static void take_scale(struct lep_measure_options *m, const char *text)
{
	static const char *const scales[] = {"none", "measure", "minmax"};
	size_t k = 0;

	if (!text)
		return;
	while (k < 3 && strcmp(text, scales[k]) != 0)
		k++;
	m->scale = (enum lep_measure_scale)k;
	m->given = text;
}

/* --missing. */
static int take_measure(struct lep_measure_options *m, const struct lep_text_choices *c, struct lep_error *e)
{
	static const char *const rules[] = {"fail", "mean", "median"};
	size_t i = 0;

	while (c->missing && i < 3 && strcmp(c->missing, rules[i]) != 0)
		i++;
	m->missing = (enum lep_missing)i;
	if (i == 3) {
		const struct lep_cell cell = {LEP_CELL_NUMBER, c->missing, strlen(c->missing)};

		if (lep_cell_number(&cell, &m->constant) != LEP_NUMBER_VALUE)
			return lep_fail(e, LEP_ERR_USAGE, "--missing %s: neither fail, mean, median, nor a number", c->missing);
		m->missing = LEP_MISSING_CONSTANT;
	}
	return 0;
}

/* Options that need others. */
static int check(const struct lep_prepare_text *p, const struct lep_operands *ops, const struct lep_text_choices *c,
	const struct lep_table *classes, int no_labels, struct lep_error *e)
{
	int is_csv = p->source.format == LEP_COLUMNS_CSV || p->source.format == LEP_COLUMNS_TSV;
	int counted = lep_option_given(ops, &c->vocabulary) || lep_option_given(ops, &c->min_count) || c->shared;

	if (c->no_header && !is_csv)
		return lep_fail(e, LEP_ERR_USAGE, "--no-header is about CSV and TSV, not %s",
			lep_columns_names[p->source.format]);
	if (c->key && !lep_columns_named(p->source.format))
		return lep_fail(e, LEP_ERR_USAGE, "--key: %s have no columns", lep_columns_names[p->source.format]);
	if (c->key && c->no_header && lep_columns_number(c->key) == SIZE_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "--key %s: no column's number, from 1", c->key);
	if (c->label && no_labels)
		return lep_fail(e, LEP_ERR_USAGE, "--label and --no-labels exclude each other");
	if (classes && !c->label)
		return lep_fail(e, LEP_ERR_USAGE, "--classes is about --label, which is not given");
	if (c->vocabulary_from && counted)
		return lep_fail(e, LEP_ERR_USAGE, "--vocabulary-from and --vocabulary, --min-count or --shared-vocabulary "
			"exclude each other");
	if (c->tokens == LEP_TOKENS_BYTES && (counted || c->vocabulary_from))
		return lep_fail(e, LEP_ERR_USAGE, "--tokens bytes has a vocabulary of its own: the 256 bytes");
	if (c->shared && c->text.n + c->target.n < 2)
		return lep_fail(e, LEP_ERR_USAGE, "--shared-vocabulary: there is one text only");
	if (c->end && !c->text.n && c->target.n)
		return lep_fail(e, LEP_ERR_USAGE, "--end is about --text, which is not given");
	return 0;
}

static int add_fields(struct lep_prepare_text *p, const struct lep_operands *ops, const struct lep_text_choices *c,
	struct lep_error *e)
{
	struct lep_text_recipe target = recipe_of(ops, c), text = target;
	int status = 0;

	text.end = c->end;
	for (size_t i = 0; i < c->text.n && !status; i++)
		status = lep_prepare_text_add(p, LEP_PART_TEXT, c->text.item[i], &text, e);
	for (size_t i = 0; i < c->target.n && !status; i++)
		status = lep_prepare_text_add(p, LEP_PART_TARGET, c->target.item[i], &target, e);
	for (size_t i = 0; i < c->number.n && !status; i++)
		status = lep_prepare_text_add_columns(p, LEP_PART_NUMBERS, 0, c->number.item[i], e);
	for (size_t i = 0; i < c->category.n && !status; i++)
		status = lep_prepare_text_add_columns(p, c->encode ? LEP_PART_CATEGORY : LEP_PART_NUMBERS, 1,
			c->category.item[i], e);
	for (size_t i = 0; i < c->target_number.n && !status; i++)
		status = lep_prepare_text_add_columns(p, LEP_PART_TARGET_NUMBERS, 0, c->target_number.item[i], e);
	if (!status && c->label)
		status = lep_prepare_text_add(p, LEP_PART_LABEL, c->label, &target, e);
	return status;
}

/* Whether what is asked of a vocabulary can be. */
static int check_vocabulary(const struct lep_prepare_text *p, struct lep_error *e)
{
	struct lep_vocabulary_options o = p->vocabulary;
	int status = 0;

	for (size_t f = 0; f < p->nfield && !status; f++) {
		if (p->field[f].part != LEP_PART_TEXT && p->field[f].part != LEP_PART_TARGET)
			continue;
		o.end = p->field[f].recipe.end || p->field[f].part == LEP_PART_TARGET;
		status = lep_vocabulary_check(&p->field[f].recipe, &o, e);
	}
	return status;
}

/* Tables that need no first pass. */
static int add_tables(struct lep_prepare_text *p, const struct lep_text_choices *c, struct lep_table *classes,
	struct lep_error *e)
{
	struct lep_vocabulary *none = NULL;
	struct lep_table *loaded = NULL;
	int status = 0, end = c->end || c->target.n;

	if (c->vocabulary_from)
		status = lep_vocabulary_load(&loaded, c->vocabulary_from, &p->field[0].recipe, end, e);
	for (size_t f = 0; f < p->nfield && !status; f++) {
		struct lep_text_field *field = &p->field[f];
		const struct lep_vocabulary_options own = {.end = field->recipe.end || field->part == LEP_PART_TARGET};

		if (field->part == LEP_PART_LABEL) {
			field->table = lep_table_share(classes);
			continue;
		}
		if (lep_part_is_vector(field->part)) {
			const struct lep_measure_options *m = field->part == LEP_PART_NUMBERS ? &p->measure : &p->measure_target;

			status = lep_features_settle(&field->features, m, e);
			if (status == LEP_ERR_USAGE)
				lep_fail_at(e, "--%s %s", m == &p->measure ? "scale" : "target-scale", m->given);
			continue;
		}
		if (field->part == LEP_PART_CATEGORY)
			continue;
		field->table = lep_table_share(loaded);
		if (loaded || field->recipe.tokens != LEP_TOKENS_BYTES)
			continue;
		status = lep_vocabulary_new(&none, &field->recipe, e);
		if (!status)
			status = lep_vocabulary_table(none, &own, &field->table, e);
		lep_vocabulary_free(none);
	}
	lep_table_free(loaded);
	return status;
}

int lep_text_setup(struct lep_prepare_text *p, const struct lep_operands *ops, const struct lep_text_choices *c,
	const struct lep_head *like, const char *path, struct lep_table *classes, int no_labels, struct lep_error *e)
{
	struct lep_text_recipe recipe = recipe_of(ops, c);
	int status = 0;

	recipe.end = c->end;
	p->source.operand = ops->name;
	p->source.noperand = ops->n;
	p->source.format = (enum lep_columns_format)c->format;
	p->source.no_header = c->no_header;
	p->key = c->key;
	p->vocabulary = (struct lep_vocabulary_options){.most = (size_t)c->vocabulary, .least = (uint64_t)c->min_count};
	p->shared = c->shared;
	if (p->source.format == LEP_COLUMNS_AUTO) {
		status = lep_columns_guess(&p->source.format, ops->name, ops->n, e);
		/* Numbers come in columns. */
		if (p->source.format == LEP_COLUMNS_LINES &&
			(lep_text_has_numbers(c) || (like && !lep_prepare_text_has_text(like))))
			p->source.format = LEP_COLUMNS_CSV;
	}
	if (!status)
		status = take_measure(&p->measure, c, e);
	p->measure.scale = LEP_MEASURE_DEVIATION;
	take_scale(&p->measure, lep_text_has_numbers(c) ? c->scale : NULL);
	take_scale(&p->measure_target, c->target_scale);
	if (!status)
		status = check_kinds(ops, c, like != NULL, e);
	if (!status)
		status = check(p, ops, c, classes, no_labels, e);
	if (!status && like)
		status = lep_prepare_text_like(p, like, path, e);
	if (!status)
		status = add_fields(p, ops, c, e);
	if (!status)
		status = lep_prepare_text_settle(p, &recipe, no_labels, e);
	if (!status && !like)
		status = check_vocabulary(p, e);
	return status || like ? status : add_tables(p, c, classes, e);
}
