/*
 * Text to a tensor stream: the first pass (vocabularies, classes), HEAD, the
 * records.
 */
#include "data/prepare_text_job.h"

#include <stdio.h>
#include <string.h>

int lep_prepare_text_twice(const struct lep_prepare_text *p)
{
	for (size_t f = 0; f < p->nfield; f++)
		if (lep_text_gathers(p, f))
			return 1;
	return 0;
}

/* The first pass. */

int lep_text_gather_row(struct lep_text_job *j, struct lep_text_gather *g, const struct lep_row *row, struct lep_error *e)
{
	int status = 0;

	for (size_t f = 0; f < j->p->nfield && !status; f++) {
		const struct lep_cell *cell = &row->cell[j->cell[f]];
		struct lep_vocabulary *v = g->vocabulary[g->owner != SIZE_MAX && g->vocabulary[f] ? g->owner : f];

		if (v && cell->kind == LEP_CELL_TEXT)
			status = lep_vocabulary_add(v, cell->text, cell->len, e);
		if (g->classes[f] && lep_text_has_label(cell) && lep_table_add(g->classes[f], cell->text, cell->len) < 0)
			status = lep_fail_nomem(e, 0);
		if (g->measure[f])
			status = lep_measure_row(g->measure[f], cell, e);
	}
	return status;
}

static int start_gather(const struct lep_text_job *j, struct lep_text_gather *g, struct lep_error *e)
{
	const struct lep_prepare_text *p = j->p;
	int status = 0;

	g->owner = SIZE_MAX;
	for (size_t f = 0; f < p->nfield && !status; f++) {
		struct lep_text_field *field = &p->field[f];

		if (!lep_text_gathers(p, f) || j->place[f] < 0)
			continue;
		if (lep_part_is_vector(field->part)) {
			status = lep_measure_new(&g->measure[f], &field->features,
				field->part == LEP_PART_NUMBERS ? &p->measure : &p->measure_target, e);
			continue;
		}
		if (field->part == LEP_PART_LABEL || field->part == LEP_PART_CATEGORY) {
			g->classes[f] = lep_table_new();
			status = g->classes[f] ? 0 : lep_fail_nomem(e, 0);
			continue;
		}
		status = lep_vocabulary_new(&g->vocabulary[f], &field->recipe, e);
		if (p->shared && g->owner == SIZE_MAX)
			g->owner = f;
	}
	return status;
}

/* The tables, from what was gathered. */
static int finish_gather(struct lep_text_job *j, struct lep_text_gather *g, struct lep_error *e)
{
	struct lep_prepare_text *p = j->p;
	struct lep_vocabulary_options options = p->vocabulary;
	int status = 0, any_end = 0;

	for (size_t f = 0; f < p->nfield; f++)
		any_end |= p->field[f].recipe.end || p->field[f].part == LEP_PART_TARGET;
	for (size_t f = 0; f < p->nfield && !status; f++) {
		struct lep_text_field *field = &p->field[f];

		if (g->classes[f] && !g->classes[f]->n && field->optional) {
			j->place[f] = -1;
			continue;
		}
		if (g->classes[f] && !g->classes[f]->n)
			return lep_fail(e, LEP_ERR_DATA, "no row has a %s in '%s'",
				field->part == LEP_PART_LABEL ? "label" : "category", field->column);
		if (g->measure[f])
			status = lep_measure_finish(g->measure[f], e);
		if (g->classes[f]) {
			field->table = lep_table_share(g->classes[f]);
			status = lep_table_sort(field->table) ? lep_fail_nomem(e, 0) : 0;
		}
		if (!g->vocabulary[f])
			continue;
		if (g->owner != SIZE_MAX && f != g->owner) {
			field->table = lep_table_share(p->field[g->owner].table);
			continue;
		}
		options.end = g->owner != SIZE_MAX ? any_end : field->recipe.end || field->part == LEP_PART_TARGET;
		status = lep_vocabulary_table(g->vocabulary[f], &options, &field->table, e);
	}
	return status;
}

/* All rows are at fault: where they are of one file, it is that. */
static int at_operand(const struct lep_text_job *j, struct lep_error *e)
{
	const struct lep_columns_options *o = &j->source;

	return o->noperand > 1 ? e->status : lep_fail_at(e, "%s", lep_bytes_shown(o->noperand ? o->operand[0] : NULL));
}

static int gather(struct lep_text_job *j, struct lep_error *e)
{
	size_t n = j->p->nfield;
	struct lep_text_gather g = {lep_alloc(n, sizeof(*g.vocabulary)), lep_alloc(n, sizeof(*g.classes)),
		lep_alloc(n, sizeof(*g.measure)), SIZE_MAX};
	int have = g.vocabulary && g.classes && g.measure, status = have ? start_gather(j, &g, e) : lep_fail_nomem(e, 0), bad;
	struct lep_row row;

	if (!status && lep_table_is_one(j))
		status = lep_table_gather(j, &g, e);
	else while (!status) {
		status = lep_text_next_row(j, &row, 0, &bad, e);
		if (status <= 0)
			break;
		status = bad ? 0 : lep_text_gather_row(j, &g, &row, e);
	}
	if (!status && (status = finish_gather(j, &g, e)) == LEP_ERR_DATA)
		status = at_operand(j, e);
	if (!status)
		status = lep_columns_rewind(j->columns, e);
	for (size_t f = 0; f < n && have; f++) {
		lep_vocabulary_free(g.vocabulary[f]);
		lep_table_free(g.classes[f]);
		lep_measure_free(g.measure[f]);
	}
	lep_free(g.measure);
	lep_free(g.vocabulary);
	lep_free(g.classes);
	return status;
}

/* Writing. */

/* What a field is in HEAD: its recipe, appended to text; its shape and table. */
static int describe(const struct lep_text_field *field, struct lep_shape *shape, struct lep_table **table,
	struct lep_buf *text, struct lep_error *e)
{
	struct lep_recipe recipe = {.kind = LEP_RECIPE_TEXT, .text = field->recipe};
	const struct lep_features *v = &field->features;
	int status = 0, failed = 0;

	*table = lep_table_share(field->table);
	*shape = (struct lep_shape){0, {0}};
	switch (field->part) {
	case LEP_PART_LABEL:
		return 0;
	case LEP_PART_CATEGORY:
		lep_category_format(field->missing_fails, text);
		break;
	case LEP_PART_NUMBERS:
		*shape = (struct lep_shape){1, {(int64_t)lep_features_width(v)}};
		failed = lep_features_format(v, text);
		status = lep_features_names(v, table, e);
		break;
	case LEP_PART_TARGET_NUMBERS:
		if (v->nnumber > 1)
			*shape = (struct lep_shape){1, {(int64_t)v->nnumber}};
		failed = lep_features_format(v, text);
		break;
	default:
		*shape = (struct lep_shape){1, {LEP_VARIES}};
		failed = lep_recipe_format(&recipe, text);
	}
	if (status)
		return lep_fail_at(e, "field '%s'", field->name);
	return failed || text->failed ? lep_fail_nomem(e, 0) : 0;
}

static int add_field(struct lep_text_job *j, size_t f, struct lep_error *e)
{
	const struct lep_text_field *field = &j->p->field[f];
	int target = field->part == LEP_PART_TARGET || field->part == LEP_PART_LABEL ||
		field->part == LEP_PART_TARGET_NUMBERS;
	int is_text = field->part == LEP_PART_TEXT || field->part == LEP_PART_TARGET;
	struct lep_table *table = NULL;
	struct lep_shape shape;
	struct lep_buf text = {0};
	int status = describe(field, &shape, &table, &text, e);

	if (!status) {
		j->place[f] = lep_head_add(&j->head, 0, field->name, target ? LEP_ROLE_TARGET : LEP_ROLE_INPUT,
			lep_part_is_vector(field->part) ? LEP_F32 : LEP_I32, &shape, table, text.data, e);
		status = j->place[f] < 0 ? j->place[f] : 0;
	}
	lep_table_free(table);
	lep_buf_release(&text);
	if (!status && is_text && (status = lep_encoder_new(&j->encoder[f], &field->recipe, field->table, e)) < 0)
		lep_fail_at(e, "field '%s'", field->name);
	return status;
}

static int begin(struct lep_text_job *j, struct lep_error *e)
{
	const struct lep_prepare_text *p = j->p;
	int status = p->provenance ? lep_head_note(&j->head, "provenance", p->provenance, e) : 0;
	int64_t widest = 0;

	for (size_t f = 0; f < p->nfield && !status; f++)
		if (j->place[f] >= 0)
			status = add_field(j, f, e);
	for (size_t f = 0; f < j->head.nfield; f++)
		if (!status && j->head.field[f].dtype == LEP_F32)
			widest = lep_shape_count(&j->head.field[f].shape) > widest ? lep_shape_count(&j->head.field[f].shape) : widest;
	if (!status && !(j->vector = lep_alloc((size_t)widest, sizeof(*j->vector))))
		status = lep_fail_nomem(e, 0);
	if (!status)
		status = lep_builder_new(&j->builder, &j->head, e);
	return status ? status : lep_writer_new(&j->writer, p->out, &j->head, e);
}

int lep_text_write_frame(struct lep_text_job *j, struct lep_error *e)
{
	struct lep_frame frame;
	int status = lep_builder_frame(j->builder, &frame, e);

	if (!status)
		status = lep_writer_frame(j->writer, &frame, e);
	lep_builder_clear(j->builder);
	return status;
}

/* The cells of field f, the first of them at cell. */
static int set_field(struct lep_text_job *j, size_t f, const struct lep_cell *cell, struct lep_error *e)
{
	const struct lep_text_field *field = &j->p->field[f];
	size_t place = (size_t)j->place[f];
	struct lep_shape shape = {1, {0}};
	unsigned char label[4];
	int64_t id = -1;
	int status = 0;

	if (lep_part_is_vector(field->part)) {
		lep_features_row(&field->features, cell, j->vector);
		return lep_builder_set(j->builder, place, NULL, j->vector,
			lep_features_width(&field->features) * sizeof(*j->vector), e);
	}
	if (field->part == LEP_PART_LABEL || field->part == LEP_PART_CATEGORY) {
		if (lep_text_has_label(cell))
			id = lep_table_find(field->table, cell->text, cell->len);
		j->p->unlabelled += id < 0 && field->part == LEP_PART_LABEL;
		lep_put32(label, (uint32_t)id);
		return lep_builder_set(j->builder, place, NULL, label, sizeof(label), e);
	}
	lep_buf_clear(&j->ids);
	if (cell->kind == LEP_CELL_TEXT)
		status = lep_encoder_run(j->encoder[f], cell->text, cell->len, &j->ids, e);
	shape.extent[0] = (int64_t)(j->ids.len / 4);
	return status ? status : lep_builder_set(j->builder, place, &shape, j->ids.data, j->ids.len, e);
}

/* The key: a column's, the name of a whole file, or the line's number. */
static int add_key(struct lep_text_job *j, const struct lep_row *row, int bad, struct lep_error *e)
{
	const char *key = row->file;
	char number[32];
	size_t len;

	if (j->key != SIZE_MAX && !bad)
		return lep_builder_record(j->builder, row->cell[j->key].text, row->cell[j->key].len, e);
	if (row->line) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)row->line);
		key = number;
	} else if (strcmp(key, "<stdin>") == 0) {
		key = "-";
	}
	while (key[0] == '.' && key[1] == '/')
		key += 2;
	len = strlen(key);
	return lep_builder_record(j->builder, key, len, e);
}

/* Its fields, or why it has none. */
static int add_values(struct lep_text_job *j, const struct lep_row *row, int bad, const char *cause, struct lep_error *e)
{
	int status = 0;

	if (bad) {
		j->p->bad_records++;
		return lep_builder_bad(j->builder, cause, e);
	}
	for (size_t f = 0; f < j->p->nfield && !status; f++)
		if (j->place[f] >= 0)
			status = set_field(j, f, &row->cell[j->cell[f]], e);
	return status;
}

int lep_text_add_record(struct lep_text_job *j, const struct lep_row *row, int bad, const char *cause, struct lep_error *e)
{
	int status = add_key(j, row, bad, e);

	if (!status)
		status = add_values(j, row, bad, cause, e);
	if (!status && lep_builder_count(j->builder) >= (j->p->pack ? j->p->pack : 1))
		status = lep_text_write_frame(j, e);
	return status;
}

static int flush(void *ctx, struct lep_error *e)
{
	struct lep_text_job *j = ctx;

	return j->writer ? lep_writer_flush(j->writer, e) : 0;
}

static int write_all(struct lep_text_job *j, struct lep_error *e)
{
	struct lep_error ignored, cause = {0};
	struct lep_row row;
	int status = begin(j, e), bad;

	lep_columns_on_wait(j->columns, flush, j);
	if (!status && lep_table_is_one(j))
		status = lep_table_write(j, e);
	else while (!status) {
		status = lep_text_next_row(j, &row, 1, &bad, e);
		if (status <= 0)
			break;
		cause = *e;
		status = lep_text_add_record(j, &row, bad, cause.text, e);
	}
	/* What was good before an error is handed out; the error stays the first. */
	if (j->writer && j->builder && lep_builder_count(j->builder))
		status = status ? (lep_text_write_frame(j, &ignored), status) : lep_text_write_frame(j, e);
	if (status)
		return status;
	j->p->records = lep_writer_records(j->writer);
	return lep_writer_end(j->writer, e);
}

/* Columns. */

/* The vector that wants all other columns, or NULL. */
static struct lep_features *greedy(const struct lep_prepare_text *p)
{
	for (size_t f = 0; f < p->nfield; f++)
		if (p->field[f].features.rest)
			return &p->field[f].features;
	return NULL;
}

/* What rows are wanted for; which columns there are is known by then. */
static int choose_columns(struct lep_text_job *j, struct lep_error *e)
{
	struct lep_prepare_text *p = j->p;
	size_t n = 0;

	for (size_t f = 0; f < p->nfield; f++)
		n += lep_text_cells(p, f);
	j->column = lep_alloc(n + 1, sizeof(*j->column));
	j->optional = lep_alloc(n + 1, 1);
	j->cell = lep_alloc(p->nfield, sizeof(*j->cell));
	j->place = lep_alloc(p->nfield, sizeof(*j->place));
	j->encoder = lep_alloc(p->nfield, sizeof(*j->encoder));
	if (!j->column || !j->optional || !j->cell || !j->place || !j->encoder)
		return lep_fail_nomem(e, 0);
	n = 0;
	for (size_t f = 0; f < p->nfield; f++) {
		const struct lep_text_field *field = &p->field[f];

		j->cell[f] = n;
		for (size_t i = 0; i < lep_text_cells(p, f); i++, n++) {
			j->column[n] = lep_part_is_vector(field->part) ? lep_features_from(&field->features, i) : field->column;
			j->optional[n] = (uint8_t)field->optional;
		}
	}
	j->key = SIZE_MAX;
	if (p->key) {
		j->key = n;
		j->column[n++] = p->key;
	}
	j->source.column = j->column;
	j->source.optional = j->optional;
	j->source.ncolumn = n;
	return 0;
}

static int open_columns(struct lep_text_job *j, struct lep_error *e)
{
	struct lep_prepare_text *p = j->p;
	struct lep_features *all = greedy(p);
	int status = 0;

	j->source = p->source;
	j->source.twice = lep_prepare_text_twice(p);
	if (!all) {
		status = choose_columns(j, e);
		return status ? status : lep_columns_open(&j->columns, &j->source, e);
	}
	status = lep_columns_open(&j->columns, &j->source, e);
	if (!status)
		status = lep_text_add_rest(j, all, e);
	if (!status)
		status = choose_columns(j, e);
	return status ? status : lep_columns_choose(j->columns, e);
}

/* Whether the columns of a field that may be absent are there: 1, 0, or negative.
 * Of a vector all are, or none. */
static int is_there(struct lep_text_job *j, size_t f, const char **lacks, struct lep_error *e)
{
	const struct lep_text_field *field = &j->p->field[f];
	size_t n = lep_text_cells(j->p, f), found = 0;
	int lines = j->source.format == LEP_COLUMNS_JSONL;

	for (size_t i = 0; i < n; i++) {
		int there = lep_part_is_vector(field->part) && lines ? lep_columns_begins(j->columns, j->cell[f] + i, e) :
			lep_columns_present(j->columns, j->cell[f] + i, e);

		if (there < 0)
			return there;
		found += there != 0;
		if (!there)
			*lacks = j->column[j->cell[f] + i];
	}
	if (found && found < n && !lines)
		return lep_fail(e, LEP_ERR_DATA, "no column '%s', and field '%s' needs it", *lacks, field->name);
	return found != 0;
}

/* Fields whose columns may be absent, and are, are left out; an input remains. */
static int choose_fields(struct lep_text_job *j, struct lep_error *e)
{
	const struct lep_prepare_text *p = j->p;
	const struct lep_text_field *first = NULL;
	const char *lacks = NULL, *column = NULL;
	int any = 0;

	for (size_t f = 0; f < p->nfield; f++) {
		enum lep_text_part part = p->field[f].part;
		int there = p->field[f].optional ? is_there(j, f, &lacks, e) : 1;

		if (there < 0)
			return there;
		j->place[f] = there ? 0 : -1;
		if (part != LEP_PART_TEXT && part != LEP_PART_NUMBERS && part != LEP_PART_CATEGORY)
			continue;
		any |= there;
		if (!first) {
			first = &p->field[f];
			column = lacks;
		}
	}
	if (!any && first)
		return lep_fail(e, LEP_ERR_DATA, "no column '%s' (--%s %s=COLUMN%s names another)", column,
			first->part == LEP_PART_TEXT ? "text" : first->part == LEP_PART_NUMBERS ? "number" : "category",
			first->name, first->part == LEP_PART_NUMBERS ? ",..." : "");
	return 0;
}

static void send_abort(struct lep_text_job *j, const struct lep_error *e)
{
	char cause[LEP_ERROR_MAX + 64];

	snprintf(cause, sizeof(cause), "%s%s%s", j->p->program ? j->p->program : "", j->p->program ? ": " : "", e->text);
	lep_writer_abort(j->writer, j->p->out, cause);
}

int lep_prepare_text_run(struct lep_prepare_text *p, struct lep_error *e)
{
	struct lep_text_job j = {.p = p};
	struct lep_error own = {0};
	int status;

	e = e ? e : &own;
	lep_head_init(&j.head);
	status = open_columns(&j, e);
	if (!status)
		status = choose_fields(&j, e);
	if (!status && j.source.twice)
		status = gather(&j, e);
	if (!status)
		status = write_all(&j, e);
	if (status)
		send_abort(&j, e);
	for (size_t f = 0; j.encoder && f < p->nfield; f++) {
		struct lep_token_counts c;

		if (!j.encoder[f])
			continue;
		c = lep_encoder_counts(j.encoder[f]);
		p->counts.ids += c.ids;
		p->counts.unknowns += c.unknowns;
		p->counts.strange += c.strange;
		lep_encoder_free(j.encoder[f]);
	}
	lep_writer_free(j.writer);
	lep_builder_free(j.builder);
	lep_head_release(&j.head);
	lep_columns_close(j.columns);
	lep_buf_release(&j.ids);
	lep_free(j.vector);
	lep_free(j.cell);
	lep_free(j.column);
	lep_free(j.optional);
	lep_free(j.place);
	lep_free(j.encoder);
	return status;
}
