/* Rows of CSV and TSV. */
#include "data/csv.h"

#include <string.h>

struct lep_csv {
	struct lep_bytes *bytes;
	char delimiter;
	int nul;                 /* is allowed */
	uint64_t line;
	struct lep_buf text;     /* the row's fields, each with its NUL */
	struct lep_buf start;    /* size_t: where each field begins */
	struct lep_buf field;    /* const char * */
	struct lep_buf length;   /* size_t */
};

int lep_csv_new(struct lep_csv **out, struct lep_bytes *b, char delimiter, struct lep_error *e)
{
	const unsigned char *p;
	struct lep_csv *c;
	int64_t got = lep_bytes_peek(b, &p, 3, e);

	*out = NULL;
	if (got < 0)
		return (int)got;
	if (got == 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		lep_bytes_take(b, 3);
	c = lep_alloc(1, sizeof(*c));
	if (!c)
		return lep_fail_nomem(e, 0);
	c->bytes = b;
	c->delimiter = delimiter;
	c->line = 1;
	*out = c;
	return 0;
}

void lep_csv_free(struct lep_csv *c)
{
	if (!c)
		return;
	lep_buf_release(&c->text);
	lep_buf_release(&c->start);
	lep_buf_release(&c->field);
	lep_buf_release(&c->length);
	lep_free(c);
}

void lep_csv_allow_nul(struct lep_csv *c)
{
	c->nul = 1;
}

/* The delimiter by the first line, which no more than a window is looked at for. */
static int choose(struct lep_csv *c, struct lep_error *e)
{
	size_t want = 1024, from = 0;
	int quoted = 0;

	for (;;) {
		const unsigned char *p;
		int64_t got = lep_bytes_peek(c->bytes, &p, want, e);

		if (got < 0)
			return (int)got;
		for (; from < (size_t)got; from++) {
			if (p[from] == '"')
				quoted = !quoted;
			else if (!quoted && (p[from] == '\t' || p[from] == '\n'))
				break;
		}
		if (from < (size_t)got || (size_t)got < want || want == LEP_PEEK_MAX) {
			c->delimiter = from < (size_t)got && p[from] == '\t' ? '\t' : ',';
			return 0;
		}
		want = want * 2 < LEP_PEEK_MAX ? want * 2 : LEP_PEEK_MAX;
	}
}

enum where { BEGIN, PLAIN, QUOTED, CLOSED, DONE };

/* One byte of a row; the next state, or negative. */
static int take(struct lep_csv *c, enum where where, char ch, struct lep_error *e)
{
	const char *name = lep_bytes_name(c->bytes);

	if (ch == '\0' && !c->nul)
		return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: a NUL byte", name, (unsigned long long)c->line);
	if (where == QUOTED && ch != '"') {
		lep_buf_addc(&c->text, ch);
		c->line += ch == '\n';
		return QUOTED;
	}
	if (ch == '"' && c->delimiter != '\t' && where != PLAIN) {
		if (where == CLOSED)
			lep_buf_addc(&c->text, '"');
		return where == QUOTED ? CLOSED : QUOTED;
	}
	if (ch == c->delimiter || ch == '\n') {
		size_t start;

		if (ch == '\n' && where != CLOSED && c->text.len && c->text.data[c->text.len - 1] == '\r')
			c->text.data[--c->text.len] = '\0';
		lep_buf_addc(&c->text, '\0');
		start = c->text.len;
		if (ch == '\n')
			return DONE;
		lep_buf_add(&c->start, &start, sizeof(start));
		return BEGIN;
	}
	if (where == CLOSED && ch == '\r')
		return CLOSED;
	if (where == CLOSED)
		return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: text behind a closing quote", name,
			(unsigned long long)c->line);
	lep_buf_addc(&c->text, ch);
	return PLAIN;
}

/* Bytes from p that mean nothing: they are text wherever they stand. */
static size_t plain(const unsigned char *p, size_t n, unsigned char delimiter)
{
	size_t i = 0;

	while (i < n && p[i] != '"' && p[i] != delimiter && p[i] != '\n' && p[i])
		i++;
	return i;
}

static void begin_row(struct lep_csv *c)
{
	size_t zero = 0;

	lep_buf_clear(&c->text);
	lep_buf_clear(&c->start);
	lep_buf_add(&c->start, &zero, sizeof(zero));
}

/* Bytes of a row that began in line `begin`, up to its end: how many, *where it is then
 * (or negative). */
static size_t take_some(struct lep_csv *c, int *where, const unsigned char *p, size_t n, unsigned long long begin,
	struct lep_error *e)
{
	const char *name = lep_bytes_name(c->bytes);
	size_t i = 0;

	while (*where != DONE && *where >= 0 && i < n) {
		size_t run = *where == PLAIN || *where == QUOTED ? plain(p + i, n - i, (unsigned char)c->delimiter) : 0;

		lep_buf_add(&c->text, p + i, run);
		i += run;
		if (i < n)
			*where = take(c, (enum where)*where, (char)p[i++], e);
	}
	if (*where < 0)
		return i;
	if (c->text.failed || c->start.failed)
		*where = lep_fail_nomem(e, 0);
	else if (c->text.len > LEP_CSV_ROW_MAX || c->start.len > LEP_CSV_FIELDS_MAX * sizeof(size_t))
		*where = lep_fail(e, LEP_ERR_DATA, "%s: line %llu: row too long%s", name, begin,
			*where == QUOTED ? ": a quote that is not closed?" : "");
	return i;
}

/* The input ends within a row. */
static int end_row(struct lep_csv *c, int where, unsigned long long begin, struct lep_error *e)
{
	if (where == QUOTED)
		return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: a quote that is not closed", lep_bytes_name(c->bytes), begin);
	return take(c, (enum where)where, '\n', e);
}

/* The bytes of one row into text and start: 1, 0 at the end. */
static int read_row(struct lep_csv *c, struct lep_error *e)
{
	unsigned long long begin = c->line;
	int where = BEGIN, any = 0;

	begin_row(c);
	while (where != DONE) {
		const unsigned char *p;
		int64_t got = lep_bytes_some(c->bytes, &p, e);

		if (got < 0)
			return (int)got;
		if (got == 0) {
			if (!any)
				return 0;
			where = end_row(c, where, begin, e);
			break;
		}
		any = 1;
		lep_bytes_take(c->bytes, take_some(c, &where, p, (size_t)got, begin, e));
		if (where < 0)
			return where;
	}
	return where < 0 ? where : 1;
}

/* The row in text and start, whose fields are n. */
static int give_row(struct lep_csv *c, size_t n, uint64_t line, struct lep_csv_row *row, struct lep_error *e)
{
	lep_buf_clear(&c->field);
	lep_buf_clear(&c->length);
	for (size_t i = 0; i < n; i++) {
		const size_t *start = (const size_t *)(const void *)c->start.data;
		const char *field = c->text.data + start[i];
		size_t end = i + 1 < n ? start[i + 1] : c->text.len, length = end - start[i] - 1;

		lep_buf_add(&c->field, &field, sizeof(field));
		lep_buf_add(&c->length, &length, sizeof(length));
	}
	if (c->field.failed || c->length.failed || c->text.failed)
		return lep_fail_nomem(e, 0);
	row->n = n;
	row->field = (const char *const *)(const void *)c->field.data;
	row->length = (const size_t *)(const void *)c->length.data;
	row->line = line;
	return 1;
}

int lep_csv_next(struct lep_csv *c, struct lep_csv_row *row, struct lep_error *e)
{
	uint64_t line;
	size_t n;
	int status;

	if (!c->delimiter && (status = choose(c, e)) < 0)
		return status;
	do {
		line = c->line;
		status = read_row(c, e);
		if (status <= 0)
			return status;
		c->line++;
		n = c->start.len / sizeof(size_t);
	} while (n == 1 && c->text.len == 1);
	return give_row(c, n, line, row, e);
}

uint64_t lep_csv_line(const struct lep_csv *c)
{
	return c->line;
}

int lep_csv_row_at(struct lep_csv *c, const unsigned char *p, size_t len, uint64_t line, struct lep_csv_row *row,
	struct lep_error *e)
{
	int where = BEGIN;
	size_t n;

	c->line = line;
	begin_row(c);
	take_some(c, &where, p, len, line, e);
	if (where >= 0 && where != DONE)
		where = end_row(c, where, line, e);
	if (where < 0)
		return where;
	n = c->start.len / sizeof(size_t);
	return n == 1 && c->text.len == 1 ? 0 : give_row(c, n, line, row, e);
}
