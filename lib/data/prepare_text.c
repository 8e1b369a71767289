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
		if (!p->field[f].table)
			return 1;
	return 0;
}

/* The first pass. */

struct gather {
	struct lep_vocabulary **vocabulary; /* one a field; NULL: none is needed */
	struct lep_table **classes;
	size_t owner;              /* the field whose vocabulary all share; SIZE_MAX */
};

static int gather_row(struct lep_text_job *j, struct gather *g, const struct lep_row *row, struct lep_error *e)
{
	int status = 0;

	for (size_t f = 0; f < j->p->nfield && !status; f++) {
		const struct lep_cell *cell = &row->cell[f];
		struct lep_vocabulary *v = g->vocabulary[g->owner != SIZE_MAX && g->vocabulary[f] ? g->owner : f];

		if (v && cell->kind == LEP_CELL_TEXT)
			status = lep_vocabulary_add(v, cell->text, cell->len, e);
		if (g->classes[f] && lep_text_has_label(cell) && lep_table_add(g->classes[f], cell->text, cell->len) < 0)
			status = lep_fail_nomem(e, 0);
	}
	return status;
}

static int start_gather(const struct lep_text_job *j, struct gather *g, struct lep_error *e)
{
	const struct lep_prepare_text *p = j->p;
	int status = 0;

	g->owner = SIZE_MAX;
	for (size_t f = 0; f < p->nfield && !status; f++) {
		const struct lep_text_field *field = &p->field[f];

		if (field->table || j->place[f] < 0)
			continue;
		if (field->part == LEP_PART_LABEL) {
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
static int finish_gather(struct lep_text_job *j, struct gather *g, struct lep_error *e)
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
			return lep_fail(e, LEP_ERR_DATA, "no row has a label in '%s'", field->column);
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

static int gather(struct lep_text_job *j, struct lep_error *e)
{
	size_t n = j->p->nfield;
	struct gather g = {lep_alloc(n, sizeof(*g.vocabulary)), lep_alloc(n, sizeof(*g.classes)), SIZE_MAX};
	int status = g.vocabulary && g.classes ? start_gather(j, &g, e) : lep_fail_nomem(e, 0), bad;
	struct lep_row row;

	while (!status) {
		status = lep_text_next_row(j, &row, 0, &bad, e);
		if (status <= 0)
			break;
		status = bad ? 0 : gather_row(j, &g, &row, e);
	}
	if (!status)
		status = finish_gather(j, &g, e);
	if (!status)
		status = lep_columns_rewind(j->columns, e);
	for (size_t f = 0; f < n && g.vocabulary && g.classes; f++) {
		lep_vocabulary_free(g.vocabulary[f]);
		lep_table_free(g.classes[f]);
	}
	lep_free(g.vocabulary);
	lep_free(g.classes);
	return status;
}

/* Writing. */

static int add_field(struct lep_text_job *j, size_t f, struct lep_error *e)
{
	const struct lep_text_field *field = &j->p->field[f];
	const struct lep_shape scalar = {0, {0}}, row = {1, {LEP_VARIES}};
	struct lep_recipe recipe = {.kind = LEP_RECIPE_TEXT, .text = field->recipe};
	int label = field->part == LEP_PART_LABEL, place, status = 0;
	struct lep_buf text = {0};

	if (!label && lep_recipe_format(&recipe, &text))
		status = lep_fail_nomem(e, 0);
	if (!status) {
		place = lep_head_add(&j->head, 0, field->name, field->part == LEP_PART_TEXT ? LEP_ROLE_INPUT : LEP_ROLE_TARGET,
			LEP_I32, label ? &scalar : &row, field->table, text.data, e);
		j->place[f] = place;
		status = place < 0 ? place : 0;
	}
	lep_buf_release(&text);
	if (!status && !label && (status = lep_encoder_new(&j->encoder[f], &field->recipe, field->table, e)) < 0)
		lep_fail_at(e, "field '%s'", field->name);
	return status;
}

static int begin(struct lep_text_job *j, struct lep_error *e)
{
	const struct lep_prepare_text *p = j->p;
	int status = p->provenance ? lep_head_note(&j->head, "provenance", p->provenance, e) : 0;

	for (size_t f = 0; f < p->nfield && !status; f++)
		if (j->place[f] >= 0)
			status = add_field(j, f, e);
	if (!status)
		status = lep_builder_new(&j->builder, &j->head, e);
	return status ? status : lep_writer_new(&j->writer, p->out, &j->head, e);
}

static int write_frame(struct lep_text_job *j, struct lep_error *e)
{
	struct lep_frame frame;
	int status = lep_builder_frame(j->builder, &frame, e);

	if (!status)
		status = lep_writer_frame(j->writer, &frame, e);
	lep_builder_clear(j->builder);
	return status;
}

static int set_field(struct lep_text_job *j, size_t f, const struct lep_cell *cell, struct lep_error *e)
{
	const struct lep_text_field *field = &j->p->field[f];
	size_t place = (size_t)j->place[f];
	struct lep_shape shape = {1, {0}};
	unsigned char label[4];
	int64_t id = -1;
	int status = 0;

	if (field->part == LEP_PART_LABEL) {
		if (lep_text_has_label(cell))
			id = lep_table_find(field->table, cell->text, cell->len);
		j->p->unlabelled += id < 0;
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

static int add_record(struct lep_text_job *j, const struct lep_row *row, int bad, const char *cause, struct lep_error *e)
{
	int status = add_key(j, row, bad, e);

	if (status)
		return status;
	if (bad) {
		j->p->bad_records++;
		return lep_builder_bad(j->builder, cause, e);
	}
	for (size_t f = 0; f < j->p->nfield && !status; f++)
		if (j->place[f] >= 0)
			status = set_field(j, f, &row->cell[f], e);
	return status;
}

static int flush(void *ctx, struct lep_error *e)
{
	struct lep_text_job *j = ctx;

	return j->writer ? lep_writer_flush(j->writer, e) : 0;
}

static int write_all(struct lep_text_job *j, struct lep_error *e)
{
	const struct lep_prepare_text *p = j->p;
	struct lep_error ignored, cause = {0};
	struct lep_row row;
	int status = begin(j, e), bad;

	lep_columns_on_wait(j->columns, flush, j);
	while (!status) {
		status = lep_text_next_row(j, &row, 1, &bad, e);
		if (status <= 0)
			break;
		cause = *e;
		status = add_record(j, &row, bad, cause.text, e);
		if (!status && lep_builder_count(j->builder) >= (p->pack ? p->pack : 1))
			status = write_frame(j, e);
	}
	/* What was good before an error is handed out; the error stays the first. */
	if (j->writer && j->builder && lep_builder_count(j->builder))
		status = status ? (write_frame(j, &ignored), status) : write_frame(j, e);
	if (status)
		return status;
	j->p->records = lep_writer_records(j->writer);
	return lep_writer_end(j->writer, e);
}

/* Columns. */

static int open_columns(struct lep_text_job *j, struct lep_error *e)
{
	struct lep_prepare_text *p = j->p;
	size_t n = p->nfield;

	j->column = lep_alloc(n + 1, sizeof(*j->column));
	j->optional = lep_alloc(n + 1, 1);
	j->place = lep_alloc(n, sizeof(*j->place));
	j->encoder = lep_alloc(n, sizeof(*j->encoder));
	if (!j->column || !j->optional || !j->place || !j->encoder)
		return lep_fail_nomem(e, 0);
	for (size_t f = 0; f < n; f++) {
		j->column[f] = p->field[f].column;
		j->optional[f] = (uint8_t)p->field[f].optional;
	}
	j->key = SIZE_MAX;
	if (p->key) {
		j->key = n;
		j->column[n++] = p->key;
	}
	j->source = p->source;
	j->source.column = j->column;
	j->source.optional = j->optional;
	j->source.ncolumn = n;
	j->source.twice = lep_prepare_text_twice(p);
	return lep_columns_open(&j->columns, &j->source, e);
}

/* Fields whose column may be absent, and is, are left out; a text remains. */
static int choose_fields(struct lep_text_job *j, struct lep_error *e)
{
	const struct lep_prepare_text *p = j->p;
	const char *text = NULL;
	int any = 0;

	for (size_t f = 0; f < p->nfield; f++) {
		int there = p->field[f].optional ? lep_columns_present(j->columns, f, e) : 1;

		if (there < 0)
			return there;
		j->place[f] = there ? 0 : -1;
		if (p->field[f].part == LEP_PART_TEXT) {
			any |= there;
			text = text ? text : p->field[f].name;
		}
	}
	if (!any && text)
		return lep_fail(e, LEP_ERR_DATA, "no column '%s' (--text %s=COLUMN names another)", text, text);
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
	lep_free(j.column);
	lep_free(j.optional);
	lep_free(j.place);
	lep_free(j.encoder);
	return status;
}
