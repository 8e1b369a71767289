/*
 * Tables of CSV and TSV without texts to a tensor stream: blocks of the input are cut
 * between rows, threads read the parts, and what they made is taken in order. Rows that
 * are not as usual go the way of all other rows; the bytes are the same as if all did.
 */
#include <string.h>

#include "base/stop.h"
#include "base/thread.h"
#include "data/csv.h"
#include "data/table_rows.h"

#define BLOCK ((size_t)4 << 20)
#define PART ((size_t)128 << 10)
#define PARTS (BLOCK / PART + 2)
/* No row is longer, even if all of it is quotes. */
#define CARRY_MAX (2 * LEP_CSV_ROW_MAX + 4096)

struct table {
	struct lep_text_job *j;
	struct lep_text_gather *g;   /* NULL: the last pass */
	struct lep_threads *threads;
	struct lep_columns_block at;
	struct lep_table_rows *rows;
	struct lep_table_chunk *chunk; /* PARTS */
	size_t nchunk;
	struct lep_buf block;        /* what was read and is not yet taken */
	int ended;                   /* nothing comes behind it */
};

int lep_table_is_one(const struct lep_text_job *j)
{
	if (j->source.format != LEP_COLUMNS_CSV && j->source.format != LEP_COLUMNS_TSV)
		return 0;
	for (size_t f = 0; f < j->p->nfield; f++)
		if (j->p->field[f].part == LEP_PART_TEXT || j->p->field[f].part == LEP_PART_TARGET)
			return 0;
	return lep_columns_is_there(j->columns);
}

/* A row that is read like all others; 1, or negative. */
static int take_row(struct table *t, struct lep_row *row, struct lep_error *e)
{
	struct lep_error cause;
	int bad, status = lep_text_judge(t->j, row, !t->g, &bad, e);

	if (status <= 0)
		return status < 0 ? status : 1;
	if (bad)
		cause = *e;
	if (t->g)
		status = bad ? 0 : lep_text_gather_row(t->j, t->g, row, e);
	else
		status = lep_text_add_record(t->j, row, bad, bad ? cause.text : NULL, e);
	return status ? status : 1;
}

/* Good rows from..to of a chunk. */

static int measure(struct table *t, const struct lep_table_chunk *c, size_t from, size_t to, struct lep_error *e)
{
	int status = 0;

	for (size_t f = 0; f < t->j->p->nfield && !status; f++) {
		size_t n = t->j->p->field[f].features.nnumber;

		if (t->g->measure[f] && n)
			status = lep_measure_numbers(t->g->measure[f],
				(const double *)(const void *)c->field[f].data + from * n, to - from, e);
	}
	return status;
}

/* *key is where the key of `from` begins. */
static int append(struct table *t, const struct lep_table_chunk *c, size_t from, size_t to, size_t *key,
	const void **value, struct lep_error *e)
{
	const struct lep_text_job *j = t->j;
	const uint32_t *len = (const uint32_t *)(const void *)c->key_len.data;
	size_t pack = j->p->pack ? j->p->pack : 1;
	int status = 0;

	while (from < to && !status) {
		size_t n = pack - lep_builder_count(j->builder);

		n = n < to - from ? n : to - from;
		for (size_t f = 0; f < j->p->nfield; f++) {
			const struct lep_field *field = j->place[f] < 0 ? NULL : &j->head.field[j->place[f]];

			if (field)
				value[j->place[f]] = c->field[f].data + from * (size_t)lep_shape_count(&field->shape) *
					lep_dtype_size(field->dtype);
		}
		status = lep_builder_append(j->builder, n, c->key.data + *key, len + from, value, e);
		for (size_t i = from; i < from + n; i++)
			*key += len[i];
		from += n;
		if (!status && lep_builder_count(j->builder) >= pack)
			status = lep_text_write_frame(t->j, e);
	}
	return status;
}

/* All rows of a chunk, the odd ones between the others. */
static int take_chunk(struct table *t, const struct lep_table_chunk *c, const void **value, struct lep_error *e)
{
	const struct lep_table_odd *odd = (const struct lep_table_odd *)(const void *)c->odd.data;
	size_t nodd = c->odd.len / sizeof(*odd), from = 0, key = 0;
	struct lep_row row;
	int status = 0;

	for (size_t i = 0; i <= nodd && !status; i++) {
		size_t to = i < nodd ? odd[i].good : c->rows;

		if (to > from)
			status = t->g ? measure(t, c, from, to, e) : append(t, c, from, to, &key, value, e);
		if (!t->g)
			t->j->seen += to - from;
		from = to;
		if (status || i == nodd)
			break;
		status = lep_columns_row_at(t->j->columns, c->p + odd[i].at, odd[i].len, odd[i].line, &row, e);
		if (status > 0)
			status = take_row(t, &row, e);
		status = status < 0 ? status : 0;
	}
	t->j->p->unlabelled += t->g ? 0 : c->unlabelled;
	return status;
}

static void run_chunk(void *ctx, int task, int thread)
{
	struct table *t = ctx;

	lep_table_rows_run(t->rows, &t->chunk[task], thread);
}

/* Line ends, eight bytes at a time: the top bit of each byte of x that is 0. */
static uint64_t count_lines(const unsigned char *p, size_t n)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7f, line = 0x0a0a0a0a0a0a0a0a;
	uint64_t lines = 0, x;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&x, p + i, 8);
		x ^= line;
		x = ~(((x & low) + low) | x | low);
		lines += (x >> 7) * 0x0101010101010101 >> 56;
	}
	for (; i < n; i++)
		lines += p[i] == '\n';
	return lines;
}

/* Where a part of at least PART bytes ends that begins at p, between rows; NULL: no row
 * ends. */
static const unsigned char *part_end(const struct table *t, const unsigned char *p, const unsigned char *end, int quotes)
{
	const unsigned char *at = NULL, *next = p;

	if (!quotes) {
		if ((size_t)(end - p) <= PART)
			return memrchr(p, '\n', (size_t)(end - p)) ? (const unsigned char *)memrchr(p, '\n', (size_t)(end - p)) + 1 : NULL;
		at = memchr(p + PART - 1, '\n', (size_t)(end - p) - PART + 1);
		if (!at)
			at = memrchr(p, '\n', (size_t)(end - p));
		return at ? at + 1 : NULL;
	}
	while (next < end && (!at || (size_t)(at - p) < PART) && (next = lep_table_row_end(next, end, t->at.delimiter)))
		at = next;
	return at;
}

/* The block cut into chunks: how much of it. */
static size_t cut(struct table *t)
{
	const unsigned char *begin = (const unsigned char *)t->block.data, *p = begin, *end = p + t->block.len, *next;
	int quotes = t->at.delimiter != '\t' && memchr(p, '"', t->block.len) != NULL;

	for (t->nchunk = 0; t->nchunk < PARTS && p < end && (next = part_end(t, p, end, quotes)); p = next) {
		struct lep_table_chunk *c = &t->chunk[t->nchunk++];

		c->p = p;
		c->n = (size_t)(next - p);
		c->line = t->at.line;
		t->at.line += count_lines(p, c->n);
	}
	return (size_t)(p - begin);
}

/* What no row end was found in: the last row, or one that is too long. */
static int take_rest(struct table *t, struct lep_error *e)
{
	struct lep_row row;
	int status;

	if (!t->ended && t->block.len <= CARRY_MAX)
		return 0;
	status = lep_columns_row_at(t->j->columns, (const unsigned char *)t->block.data, t->block.len, t->at.line, &row, e);
	if (status >= 0 && !t->ended)
		return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: row too long", lep_bytes_name(t->at.bytes),
			(unsigned long long)t->at.line);
	if (status > 0)
		status = take_row(t, &row, e);
	lep_buf_clear(&t->block);
	return status < 0 ? status : 0;
}

/* The rows of what is in the block. */
static int take_block(struct table *t, const void **value, struct lep_error *e)
{
	size_t used;
	int status = 0;

	do {
		used = cut(t);
		lep_threads_run(t->threads, (int)t->nchunk, run_chunk, t);
		for (size_t i = 0; i < t->nchunk && !status; i++)
			status = t->chunk[i].failed ? lep_fail_nomem(e, 0) : take_chunk(t, &t->chunk[i], value, e);
		if (used)
			memmove(t->block.data, t->block.data + used, t->block.len - used);
		t->block.len -= used;
	} while (!status && t->nchunk == PARTS);
	return status || !t->block.len ? status : take_rest(t, e);
}

/* An operand, behind its names. */
static int take_operand(struct table *t, const void **value, struct lep_error *e)
{
	struct lep_text_job *j = t->j;
	int status = lep_table_rows_new(&t->rows, j, &t->at, !t->g, lep_threads_count(t->threads), e);

	lep_buf_clear(&t->block);
	t->ended = 0;
	while (!status && !t->ended) {
		int64_t got = lep_bytes_read(t->at.bytes, &t->block, BLOCK, e);

		status = got < 0 ? (int)got : lep_stop_check(e);
		if (status)
			break;
		t->ended = (uint64_t)got < BLOCK;
		/* The last row need not have a line end. */
		if (j->p->progress)
			j->p->progress(j->p->ctx, j->seen);
		status = t->block.len ? take_block(t, value, e) : 0;
	}
	return status;
}

/* What a thread saw in a cell, to where it is gathered. */
static int add_level(void *ctx, size_t cell, const char *text, size_t len, struct lep_error *e)
{
	const struct table *t = ctx;
	size_t f = t->j->p->nfield - 1;

	while (t->j->cell[f] > cell)
		f--;
	if (t->g->measure[f])
		return lep_measure_level(t->g->measure[f], cell - t->j->cell[f] - t->j->p->field[f].features.nnumber, text, len,
			e);
	return lep_table_add(t->g->classes[f], text, len) < 0 ? lep_fail_nomem(e, 0) : 0;
}

static int take_all(struct table *t, const void **value, struct lep_error *e)
{
	struct lep_columns *columns = t->j->columns;
	struct lep_row row;
	int status;

	while ((status = lep_columns_begin(columns, &t->at, e)) > 0) {
		/* How many columns there are the first row says. */
		if (!t->at.nplace) {
			status = lep_columns_next(columns, &row, e);
			if (status > 0)
				status = take_row(t, &row, e);
			if (status <= 0)
				return status;
			continue;
		}
		status = take_operand(t, value, e);
		if (!status && t->g)
			status = lep_table_rows_levels(t->rows, add_level, t, e);
		lep_table_rows_free(t->rows);
		t->rows = NULL;
		if (status)
			return status;
		lep_columns_end(columns);
	}
	return status;
}

static int run(struct lep_text_job *j, struct lep_text_gather *g, struct lep_error *e)
{
	struct table t = {.j = j, .g = g};
	const void **value = lep_alloc(j->head.nfield, sizeof(*value));
	int status = lep_threads_new(&t.threads, j->p->threads ? j->p->threads : 1, e);

	t.chunk = lep_alloc(PARTS, sizeof(*t.chunk));
	if (!status && (!t.chunk || !value))
		status = lep_fail_nomem(e, 0);
	for (size_t i = 0; i < PARTS && !status; i++) {
		t.chunk[i].field = lep_alloc(j->p->nfield, sizeof(*t.chunk[i].field));
		status = t.chunk[i].field ? 0 : lep_fail_nomem(e, 0);
	}
	if (!status)
		status = take_all(&t, value, e);
	for (size_t i = 0; i < PARTS && t.chunk; i++) {
		for (size_t f = 0; t.chunk[i].field && f < j->p->nfield; f++)
			lep_buf_release(&t.chunk[i].field[f]);
		lep_free(t.chunk[i].field);
		lep_buf_release(&t.chunk[i].key);
		lep_buf_release(&t.chunk[i].key_len);
		lep_buf_release(&t.chunk[i].odd);
	}
	lep_free(t.chunk);
	lep_free(value);
	lep_buf_release(&t.block);
	lep_threads_free(t.threads);
	return status;
}

int lep_table_gather(struct lep_text_job *j, struct lep_text_gather *g, struct lep_error *e)
{
	return run(j, g, e);
}

int lep_table_write(struct lep_text_job *j, struct lep_error *e)
{
	return run(j, NULL, e);
}
