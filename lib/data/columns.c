/* Rows of columns: from operand to operand. */
#include "data/columns.h"

#include <stdio.h>
#include <string.h>

#include "base/stop.h"
#include "data/columns_kind.h"

const char *const lep_columns_names[] = {"auto", "lines", "whole", "csv", "tsv", "jsonl", NULL};

static const struct lep_columns_reader *const readers[LEP_COLUMNS_COUNT] = {
	[LEP_COLUMNS_LINES] = &lep_columns_lines,
	[LEP_COLUMNS_WHOLE] = &lep_columns_whole,
	[LEP_COLUMNS_CSV] = &lep_columns_csv,
	[LEP_COLUMNS_TSV] = &lep_columns_csv,
	[LEP_COLUMNS_JSONL] = &lep_columns_jsonl,
};

static const struct {
	const char *suffix;
	enum lep_columns_format format;
} suffixes[] = {
	{".csv", LEP_COLUMNS_CSV},
	{".tsv", LEP_COLUMNS_TSV},
	{".jsonl", LEP_COLUMNS_JSONL},
	{".ndjson", LEP_COLUMNS_JSONL},
	{".txt", LEP_COLUMNS_LINES},
};

/* The format that a name says, or auto. */
static enum lep_columns_format format_of(const char *name)
{
	size_t len = strlen(name);

	if (len > 3 && memcmp(name + len - 3, ".gz", 3) == 0)
		len -= 3;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t n = strlen(suffixes[i].suffix);

		if (len > n && memcmp(name + len - n, suffixes[i].suffix, n) == 0)
			return suffixes[i].format;
	}
	return LEP_COLUMNS_AUTO;
}

int lep_columns_is_text(const char *operand)
{
	return format_of(operand) != LEP_COLUMNS_AUTO;
}

int lep_columns_guess(enum lep_columns_format *format, const char *const *operand, size_t n, struct lep_error *e)
{
	*format = LEP_COLUMNS_LINES;
	for (size_t i = 0; i < n; i++) {
		enum lep_columns_format f = format_of(operand[i]);

		f = f == LEP_COLUMNS_AUTO ? LEP_COLUMNS_LINES : f;
		if (i && f != *format)
			return lep_fail(e, LEP_ERR_USAGE, "%s looks like %s, %s like %s: --format says what they are",
				operand[0], lep_columns_names[*format], operand[i], lep_columns_names[f]);
		*format = f;
	}
	return 0;
}

static int add(struct lep_columns *c, const char *name, struct lep_error *e)
{
	struct lep_columns_input *in = &c->input[c->ninput];
	int status;

	in->name = name;
	status = lep_bytes_open(&in->bytes, name, e);
	if (status)
		return status;
	c->ninput++;
	in->kept = strcmp(name, "-") == 0 || lep_bytes_waits(in->bytes);
	if (in->kept && c->o->twice)
		return lep_bytes_spool(in->bytes, c->o->spool_limit, c->o->spill_fd, e);
	if (!in->kept) {
		/* It is there; many files need not be open at once. */
		lep_bytes_close(in->bytes);
		in->bytes = NULL;
	}
	return 0;
}

/* For the wanted columns. */
static int make_room(struct lep_columns *c, struct lep_error *e)
{
	lep_free(c->cell);
	lep_free(c->place);
	c->cell = lep_alloc(c->o->ncolumn, sizeof(*c->cell));
	c->place = lep_alloc(c->o->ncolumn, sizeof(*c->place));
	return c->cell && c->place ? 0 : lep_fail_nomem(e, 0);
}

int lep_columns_open(struct lep_columns **out, const struct lep_columns_options *o, struct lep_error *e)
{
	struct lep_columns *c = lep_alloc(1, sizeof(*c));
	int status = 0;

	*out = NULL;
	if (!c)
		return lep_fail_nomem(e, 0);
	c->o = o;
	c->input = lep_alloc(o->noperand + 1, sizeof(*c->input));
	status = c->input ? make_room(c, e) : lep_fail_nomem(e, 0);
	for (size_t i = 0; i < o->noperand && !status; i++)
		status = add(c, o->operand[i], e);
	if (!status && !o->noperand)
		status = add(c, "-", e);
	if (status) {
		lep_columns_close(c);
		return status;
	}
	*out = c;
	return 0;
}

/* The operand at `at` is done with. */
static void stop(struct lep_columns *c)
{
	struct lep_columns_input *in = &c->input[c->at];

	lep_csv_free(c->csv);
	c->csv = NULL;
	c->open = 0;
	if (!in->kept) {
		lep_bytes_close(in->bytes);
		in->bytes = NULL;
	}
}

void lep_columns_close(struct lep_columns *c)
{
	if (!c)
		return;
	if (c->open)
		stop(c);
	for (size_t i = 0; c->input && i <= c->o->noperand; i++)
		lep_bytes_close(c->input[i].bytes);
	lep_buf_release(&c->text);
	lep_buf_release(&c->cells);
	lep_buf_release(&c->names);
	lep_buf_release(&c->cause);
	lep_free(c->input);
	lep_free(c->cell);
	lep_free(c->place);
	lep_free(c);
}

void lep_columns_on_wait(struct lep_columns *c, lep_wait_fn *fn, void *ctx)
{
	c->wait = fn;
	c->wait_ctx = ctx;
	for (size_t i = 0; i < c->ninput; i++)
		if (c->input[i].bytes)
			lep_bytes_on_wait(c->input[i].bytes, fn, ctx);
}

static int start(struct lep_columns *c, struct lep_columns_input *in, struct lep_error *e)
{
	const struct lep_columns_reader *reader = readers[c->o->format];
	int status = in->bytes ? 0 : lep_bytes_open(&in->bytes, in->name, e);

	if (status)
		return status;
	lep_bytes_on_wait(in->bytes, c->wait, c->wait_ctx);
	c->open = 1;
	c->line = 0;
	c->taken = 0;
	c->done = 0;
	return reader->start ? reader->start(c, in->bytes, e) : 0;
}

int lep_columns_present(struct lep_columns *c, size_t i, struct lep_error *e)
{
	int status = c->open ? 0 : start(c, &c->input[c->at], e);

	if (status)
		return status;
	if (c->o->format == LEP_COLUMNS_CSV || c->o->format == LEP_COLUMNS_TSV)
		return c->place[i] != SIZE_MAX;
	return c->o->format == LEP_COLUMNS_JSONL || i == 0;
}

int lep_columns_begins(struct lep_columns *c, size_t i, struct lep_error *e)
{
	int status = c->is_ahead ? 1 : lep_columns_next(c, &c->ahead, e);

	if (status < 0)
		return status;
	c->is_ahead = status > 0;
	return !status || c->ahead.cause || c->cell[i].kind != LEP_CELL_ABSENT;
}

int lep_columns_next(struct lep_columns *c, struct lep_row *row, struct lep_error *e)
{
	if (c->is_ahead) {
		*row = c->ahead;
		c->is_ahead = 0;
		return 1;
	}
	while (c->at < c->ninput) {
		struct lep_columns_input *in = &c->input[c->at];
		int status = lep_stop_check(e);

		if (!status && !c->open)
			status = start(c, in, e);
		if (status)
			return status;
		*row = (struct lep_row){.cell = c->cell, .file = lep_bytes_name(in->bytes)};
		status = readers[c->o->format]->next(c, in->bytes, row, e);
		if (status)
			return status;
		stop(c);
		c->at++;
	}
	return 0;
}

int lep_columns_names_of(struct lep_columns *c, const char **names, size_t *n, struct lep_error *e)
{
	int status = c->open ? 0 : start(c, &c->input[c->at], e);

	*names = c->names.data;
	*n = c->nplace;
	return status;
}

int lep_columns_choose(struct lep_columns *c, struct lep_error *e)
{
	int status = make_room(c, e);

	return status || !c->nplace ? status : lep_columns_find(c, lep_bytes_name(c->input[c->at].bytes), e);
}

int lep_columns_begin(struct lep_columns *c, struct lep_columns_block *b, struct lep_error *e)
{
	int status;

	if (c->at == c->ninput)
		return 0;
	status = c->open ? 0 : start(c, &c->input[c->at], e);
	if (status)
		return status;
	*b = (struct lep_columns_block){c->input[c->at].bytes, lep_csv_line(c->csv), c->place, c->nplace,
		c->o->format == LEP_COLUMNS_TSV ? '\t' : ','};
	return 1;
}

void lep_columns_end(struct lep_columns *c)
{
	stop(c);
	c->at++;
}

int lep_columns_is_there(const struct lep_columns *c)
{
	for (size_t i = 0; i < c->ninput; i++)
		if (c->input[i].bytes && lep_bytes_waits(c->input[i].bytes))
			return 0;
	return 1;
}

int lep_columns_rewind(struct lep_columns *c, struct lep_error *e)
{
	if (c->open)
		stop(c);
	for (size_t i = 0; i < c->ninput; i++) {
		int status = c->input[i].bytes ? lep_bytes_rewind(c->input[i].bytes, e) : 0;

		if (status)
			return status;
	}
	c->at = 0;
	c->is_ahead = 0;
	return 0;
}

int lep_columns_bad(struct lep_columns *c, struct lep_row *row, struct lep_error *e, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	lep_buf_clear(&c->cause);
	lep_buf_adds(&c->cause, text);
	if (c->cause.failed)
		return lep_fail_nomem(e, 0);
	row->cause = c->cause.data;
	return 1;
}
