/* Rows of tables from memory: bytes to spans, spans to numbers and ids. */
#include "data/table_rows.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "data/csv.h"

/* The text of a wanted column in the row at hand. */
struct span {
	const char *text;
	size_t len;
	int is_number;             /* v was read while its end was looked for */
	double v;
};

/* Scratch memory of a thread; in cache lines that no other writes to. */
struct scratch {
	_Alignas(LEP_ALIGN) struct span *span;
	struct lep_buf text;       /* of quoted fields; span i holds an offset while it grows */
	struct lep_buf quoted;     /* size_t: spans whose text lies there */
	struct lep_buf *stage;     /* one a field: its part of the row */
	struct lep_table **level;  /* of cells; NULL: none are gathered */
};

struct lep_table_rows {
	const struct lep_text_job *j;
	char delimiter;
	int last, threads;
	size_t nplace, nslot, ncell;
	int32_t *slot_of_place;    /* -1: not wanted */
	uint8_t *is_number;        /* slots that are read as numbers */
	size_t *slot;              /* of each cell; SIZE_MAX: absent */
	struct scratch *scratch;
};

static int wants_levels(const struct lep_text_job *j, size_t f, size_t i)
{
	const struct lep_text_field *field = &j->p->field[f];

	if (j->place[f] < 0 || !lep_text_gathers(j->p, f))
		return 0;
	return lep_part_is_vector(field->part) ? i >= field->features.nnumber : 1;
}

static int add_scratch(const struct lep_table_rows *t, struct scratch *s, struct lep_error *e)
{
	const struct lep_text_job *j = t->j;

	s->span = lep_alloc(t->nslot, sizeof(*s->span));
	s->stage = lep_alloc(j->p->nfield, sizeof(*s->stage));
	s->level = lep_alloc(t->ncell, sizeof(*s->level));
	if (!s->span || !s->stage || !s->level)
		return lep_fail_nomem(e, 0);
	for (size_t f = 0; f < j->p->nfield && !t->last; f++)
		for (size_t i = 0; i < lep_text_cells(j->p, f); i++)
			if (wants_levels(j, f, i) && !(s->level[j->cell[f] + i] = lep_table_new()))
				return lep_fail_nomem(e, 0);
	return 0;
}

static void choose_slots(struct lep_table_rows *t, const struct lep_columns_block *b)
{
	const struct lep_text_job *j = t->j;

	for (size_t k = 0; k < t->nplace; k++)
		t->slot_of_place[k] = -1;
	for (size_t i = 0; i < t->ncell; i++) {
		t->slot[i] = SIZE_MAX;
		if (b->place[i] == SIZE_MAX)
			continue;
		if (t->slot_of_place[b->place[i]] < 0)
			t->slot_of_place[b->place[i]] = (int32_t)t->nslot++;
		t->slot[i] = (size_t)t->slot_of_place[b->place[i]];
	}
	for (size_t f = 0; f < j->p->nfield; f++)
		for (size_t i = 0; i < lep_text_cells(j->p, f); i++)
			if (lep_part_is_vector(j->p->field[f].part) && i < j->p->field[f].features.nnumber &&
				t->slot[j->cell[f] + i] != SIZE_MAX)
				t->is_number[t->slot[j->cell[f] + i]] = 1;
}

int lep_table_rows_new(struct lep_table_rows **out, const struct lep_text_job *j, const struct lep_columns_block *b,
	int last, int threads, struct lep_error *e)
{
	struct lep_table_rows *t = lep_alloc(1, sizeof(*t));
	int status = 0;

	*out = NULL;
	if (!t)
		return lep_fail_nomem(e, 0);
	t->j = j;
	t->delimiter = b->delimiter;
	t->last = last;
	t->threads = threads;
	t->nplace = b->nplace;
	t->ncell = j->source.ncolumn;
	t->slot_of_place = lep_alloc(t->nplace, sizeof(*t->slot_of_place));
	t->is_number = lep_alloc(t->ncell, 1);
	t->slot = lep_alloc(t->ncell, sizeof(*t->slot));
	t->scratch = lep_alloc((size_t)threads, sizeof(*t->scratch));
	if (!t->slot_of_place || !t->is_number || !t->slot || !t->scratch)
		status = lep_fail_nomem(e, 0);
	else
		choose_slots(t, b);
	for (int i = 0; i < threads && !status; i++)
		status = add_scratch(t, &t->scratch[i], e);
	if (status) {
		lep_table_rows_free(t);
		return status;
	}
	*out = t;
	return 0;
}

void lep_table_rows_free(struct lep_table_rows *t)
{
	if (!t)
		return;
	for (int k = 0; t->scratch && k < t->threads; k++) {
		struct scratch *s = &t->scratch[k];

		for (size_t i = 0; s->level && i < t->ncell; i++)
			lep_table_free(s->level[i]);
		for (size_t f = 0; s->stage && f < t->j->p->nfield; f++)
			lep_buf_release(&s->stage[f]);
		lep_buf_release(&s->text);
		lep_buf_release(&s->quoted);
		lep_free(s->span);
		lep_free(s->stage);
		lep_free(s->level);
	}
	lep_free(t->scratch);
	lep_free(t->slot_of_place);
	lep_free(t->is_number);
	lep_free(t->slot);
	lep_free(t);
}

int lep_table_rows_levels(struct lep_table_rows *t,
	int (*add)(void *ctx, size_t cell, const char *text, size_t len, struct lep_error *e), void *ctx,
	struct lep_error *e)
{
	int status = 0;

	for (int k = 0; k < t->threads; k++) {
		for (size_t i = 0; i < t->ncell; i++) {
			const struct lep_table *level = t->scratch[k].level[i];

			for (size_t n = 0; level && n < level->n && !status; n++)
				status = add(ctx, i, level->entry[n], level->length[n], e);
		}
	}
	return status;
}

/* Bytes to spans. */

/*
 * The quoted field at p: where its delimiter or line end is; end where that is not
 * there yet; NULL where something else follows it (what that means lep_csv says). Its text is appended to out, which may be
 * NULL; lines inside are counted. As csv.c has it, a CR behind the closing quote is
 * nothing.
 */
static const unsigned char *quoted(const unsigned char *p, const unsigned char *end, unsigned char delimiter,
	struct lep_buf *out, uint64_t *lines)
{
	for (p++;;) {
		const unsigned char *close = memchr(p, '"', (size_t)(end - p));

		if (!close)
			return end;
		if (out) {
			lep_buf_add(out, p, (size_t)(close - p));
			for (const unsigned char *q = p; (q = memchr(q, '\n', (size_t)(close - q))); q++)
				++*lines;
		}
		for (p = close + 1; p < end && *p == '\r'; p++)
			;
		if (p == end)
			return end;
		if (*p == delimiter || *p == '\n')
			return p;
		if (*p != '"')
			return NULL;
		if (out)
			lep_buf_addc(out, '"');
		p++;
	}
}

const unsigned char *lep_table_row_end(const unsigned char *p, const unsigned char *end, char delimiter)
{
	const unsigned char *line = memchr(p, '\n', (size_t)(end - p));
	unsigned char d = (unsigned char)delimiter;

	if (!line || !memchr(p, '"', (size_t)(line - p)))
		return line ? line + 1 : NULL;
	for (;;) {
		if (*p == '"') {
			const unsigned char *behind = quoted(p, end, d, NULL, NULL);

			/* Nothing can be read behind that: the next line end is as good as any. */
			p = behind ? behind : line;
			if (p == end)
				return NULL;
		} else {
			while (p < end && *p != d && *p != '\n')
				p++;
			if (p == end)
				return NULL;
		}
		if (*p++ == '\n')
			return p;
		if (p == end)
			return NULL;
	}
}

/* A top bit for each byte of word that is c (and perhaps for bytes behind the first). */
static uint64_t bytes_that_are(uint64_t word, unsigned char c)
{
	word ^= c * (uint64_t)0x0101010101010101;
	return (word - 0x0101010101010101) & ~word & 0x8080808080808080;
}

/* A plain field at p, which a line end ends at the latest. */
static const unsigned char *plain(const unsigned char *p, const unsigned char *end, unsigned char delimiter)
{
	for (; end - p >= 8; p += 8) {
		uint64_t word = lep_number_word((const char *)p);
		uint64_t ends = bytes_that_are(word, delimiter) | bytes_that_are(word, '\n');

		if (ends)
			return p + __builtin_ctzll(ends) / 8;
	}
	while (*p != delimiter && *p != '\n')
		p++;
	return p;
}

/* The same where a number is wanted, which is read on the way. */
static const unsigned char *plain_number(const unsigned char *p, const unsigned char *end, unsigned char delimiter,
	struct span *s)
{
	const unsigned char *q = p;

	if (end - p >= LEP_NUMBER_SHORT)
		q = (const unsigned char *)lep_number_short((const char *)p, &s->v);
	if (q == p)
		q = (const unsigned char *)lep_number_scan((const char *)p, (const char *)end, &s->v);
	if (q == p || !(*q == delimiter || *q == '\n' || (*q == '\r' && q[1] == '\n')))
		return plain(p, end, delimiter);
	s->is_number = 1;
	return *q == '\r' ? q + 1 : q;
}

struct row {
	const unsigned char *end;  /* behind its line end; NULL: where that is only lep_csv knows */
	size_t fields;
	uint64_t lines;
	int empty;
};

/* The row at p; spans of quoted texts are set when all are known, for their room moves. */
static void split(const struct lep_table_rows *t, struct scratch *s, const unsigned char *p, const unsigned char *end,
	struct row *row)
{
	unsigned char d = (unsigned char)t->delimiter;
	const size_t *at;

	*row = (struct row){.lines = 1, .empty = 1};
	lep_buf_clear(&s->text);
	lep_buf_clear(&s->quoted);
	for (;; p++) {
		int32_t slot = row->fields < t->nplace ? t->slot_of_place[row->fields] : -1;
		struct span none = {0}, *to = slot < 0 ? &none : &s->span[slot];
		const unsigned char *begin = p;

		to->is_number = 0;
		if (*p == '"' && d != '\t') {
			size_t from[2] = {(size_t)slot, s->text.len};

			p = quoted(p, end, d, &s->text, &row->lines);
			if (!p || p == end)
				return;
			to->len = s->text.len - from[1];
			if (slot >= 0)
				lep_buf_add(&s->quoted, from, sizeof(from));
		} else {
			p = slot >= 0 && t->is_number[slot] ? plain_number(p, end, d, to) : plain(p, end, d);
			to->text = (const char *)begin;
			to->len = (size_t)(p - begin);
			to->len -= *p == '\n' && to->len && p[-1] == '\r';
		}
		row->fields++;
		row->empty &= !to->len;
		if (*p == '\n')
			break;
	}
	row->empty &= row->fields == 1;
	row->end = p + 1;
	at = (const size_t *)(const void *)s->quoted.data;
	for (size_t i = 0; i < s->quoted.len / (2 * sizeof(*at)); i++)
		s->span[at[2 * i]].text = s->text.data + at[2 * i + 1];
}

/* Spans to values. Each returns 0 where the row is odd. */

static int number(const struct lep_text_field *f, size_t i, const struct span *s, int last, double *v)
{
	if (s->is_number && fabs(s->v) <= (double)FLT_MAX)
		*v = s->v;
	else {
		enum lep_number_kind kind = lep_cell_parse(s->text, s->len, v);

		if (kind == LEP_NUMBER_WRONG || (kind == LEP_NUMBER_MISSING && f->features.missing_fails))
			return 0;
		if (kind == LEP_NUMBER_MISSING)
			*v = NAN;
	}
	if (!f->features.settled || isnan(*v))
		return 1;
	return last ? 1 : isfinite(lep_features_number(&f->features, i, *v));
}

/* The id of a class or category, -1 for none; what is missing may be. */
static int id_of(const struct lep_table_rows *t, const struct lep_table *table, const struct span *s, int missing_fails,
	int64_t *id)
{
	*id = -1;
	if (!s->len)
		return !missing_fails;
	if (memchr(s->text, 0, s->len))
		return 0;
	if (!table)
		return 1;
	*id = lep_table_find(table, s->text, s->len);
	return *id >= 0 || t->j->p->unknown == LEP_UNKNOWN_NONE;
}

static int stage_vector(const struct lep_table_rows *t, struct scratch *s, size_t f)
{
	const struct lep_text_field *field = &t->j->p->field[f];
	const struct lep_features *v = &field->features;
	const size_t *slot = t->slot + t->j->cell[f];
	float *out = (float *)(void *)s->stage[f].data;
	double *raw = (double *)(void *)s->stage[f].data;

	for (size_t i = 0; i < v->nnumber; i++) {
		double x;

		if (!number(field, i, &s->span[slot[i]], t->last, &x))
			return 0;
		if (!t->last) {
			raw[i] = x;
			continue;
		}
		out[i] = lep_features_number(v, i, x);
		if (!isfinite(out[i]))
			return 0;
	}
	out += v->nnumber;
	for (size_t c = 0; c < v->ncategory; c++) {
		const struct lep_table *table = v->settled ? v->level[c] : NULL;
		int64_t id;

		if (!id_of(t, table, &s->span[slot[v->nnumber + c]], v->missing_fails, &id))
			return 0;
		if (!t->last)
			continue;
		memset(out, 0, table->n * sizeof(*out));
		if (id >= 0)
			out[id] = 1;
		out += table->n;
	}
	return 1;
}

/* The field's part of the row into its stage. */
static int stage(const struct lep_table_rows *t, struct scratch *s, size_t f, size_t *unlabelled)
{
	const struct lep_text_field *field = &t->j->p->field[f];
	const struct span *at;
	int64_t id;

	if (lep_part_is_vector(field->part))
		return stage_vector(t, s, f);
	at = &s->span[t->slot[t->j->cell[f]]];
	if (!id_of(t, field->table, at, field->part == LEP_PART_CATEGORY && field->missing_fails, &id))
		return 0;
	*unlabelled += id < 0 && field->part == LEP_PART_LABEL;
	if (t->last)
		lep_put32((unsigned char *)s->stage[f].data, (uint32_t)id);
	return 1;
}

/* Bytes of a field's part of a row. */
static size_t stage_bytes(const struct lep_table_rows *t, size_t f)
{
	const struct lep_text_field *field = &t->j->p->field[f];

	if (!lep_part_is_vector(field->part))
		return t->last ? 4 : 0;
	if (t->last)
		return lep_features_width(&field->features) * sizeof(float);
	return field->features.settled ? 0 : field->features.nnumber * sizeof(double);
}

static void add_key(struct lep_table_chunk *chunk, const struct span *s, uint64_t line)
{
	char digits[24], *p = digits + sizeof(digits);
	uint32_t len;

	if (!s) {
		do {
			*--p = (char)('0' + line % 10);
			line /= 10;
		} while (line);
		len = (uint32_t)(digits + sizeof(digits) - p);
		lep_buf_add(&chunk->key, p, len);
	} else {
		len = (uint32_t)s->len;
		lep_buf_add(&chunk->key, s->text, len);
	}
	lep_buf_add(&chunk->key_len, &len, sizeof(len));
}

/* A row's spans into the chunk; 0: it is odd. */
static int take(const struct lep_table_rows *t, struct scratch *s, struct lep_table_chunk *chunk, uint64_t line)
{
	const struct lep_text_job *j = t->j;
	const struct span *key = j->key == SIZE_MAX ? NULL : &s->span[t->slot[j->key]];
	size_t unlabelled = 0;

	if (key && (key->len > LEP_KEY_MAX || lep_utf8_valid(key->text, key->len) != key->len))
		return 0;
	for (size_t f = 0; f < j->p->nfield; f++)
		if (j->place[f] >= 0 && !stage(t, s, f, &unlabelled))
			return 0;
	for (size_t f = 0; f < j->p->nfield; f++) {
		if (j->place[f] < 0)
			continue;
		lep_buf_add(&chunk->field[f], s->stage[f].data, stage_bytes(t, f));
		chunk->failed |= chunk->field[f].failed;
	}
	for (size_t i = 0; i < t->ncell && !t->last; i++) {
		const struct span *at = t->slot[i] == SIZE_MAX ? NULL : &s->span[t->slot[i]];

		if (s->level[i] && at && at->len && lep_table_add(s->level[i], at->text, at->len) < 0)
			chunk->failed = 1;
	}
	if (t->last)
		add_key(chunk, key, line);
	chunk->unlabelled += unlabelled;
	chunk->rows++;
	return 1;
}

void lep_table_rows_run(struct lep_table_rows *t, struct lep_table_chunk *chunk, int thread)
{
	struct scratch *s = &t->scratch[thread];
	const unsigned char *p = chunk->p, *end = chunk->p + chunk->n;
	uint64_t line = chunk->line;
	struct row row;

	chunk->rows = chunk->unlabelled = 0;
	for (size_t f = 0; f < t->j->p->nfield; f++) {
		size_t want = stage_bytes(t, f) + sizeof(double);

		/* Numbers of settled vectors have a place in the first pass too. */
		if (!t->last && lep_part_is_vector(t->j->p->field[f].part))
			want = (t->j->p->field[f].features.nnumber + 1) * sizeof(double);
		lep_buf_clear(&chunk->field[f]);
		chunk->failed |= lep_buf_reserve(&s->stage[f], want) != 0;
	}
	lep_buf_clear(&chunk->key);
	lep_buf_clear(&chunk->key_len);
	lep_buf_clear(&chunk->odd);
	while (p < end && !chunk->failed) {
		split(t, s, p, end, &row);
		chunk->failed |= s->text.failed | s->quoted.failed;
		if (!row.end || (!row.empty && (row.fields != t->nplace || (size_t)(row.end - p) > LEP_CSV_ROW_MAX ||
			!take(t, s, chunk, line)))) {
			struct lep_table_odd odd = {chunk->rows, (size_t)(p - chunk->p),
				row.end ? (size_t)(row.end - p) : (size_t)(end - p), line};

			lep_buf_add(&chunk->odd, &odd, sizeof(odd));
		}
		p = row.end ? row.end : end;
		line += row.lines;
	}
	chunk->failed |= chunk->key.failed | chunk->key_len.failed | chunk->odd.failed;
}
