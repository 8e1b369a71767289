/* Lines, and files as a whole. */
#include <string.h>

#include "data/columns_kind.h"

/* A line longer than what is at hand, in parts. */
static int long_line(struct lep_columns *c, struct lep_bytes *b, int *too_long, struct lep_error *e)
{
	const unsigned char *p, *end = NULL;
	int64_t got;

	while (!end && (got = lep_bytes_some(b, &p, e)) != 0) {
		size_t n;

		if (got < 0)
			return (int)got;
		end = memchr(p, '\n', (size_t)got);
		n = end ? (size_t)(end - p) : (size_t)got;
		*too_long |= c->text.len + n > LEP_LINE_MAX;
		/* What is too long is not kept. */
		if (*too_long)
			lep_buf_clear(&c->text);
		else
			lep_buf_add(&c->text, p, n);
		if (c->text.failed)
			return lep_fail_nomem(e, 0);
		lep_bytes_take(b, n + (end != NULL));
	}
	return 0;
}

int lep_columns_line(struct lep_columns *c, struct lep_bytes *b, const char **line, size_t *len, int *too_long,
	struct lep_error *e)
{
	const unsigned char *p, *end;
	int64_t got;
	int status;

	*too_long = 0;
	lep_bytes_take(b, c->taken);
	c->taken = 0;
	if (c->line == 0) {
		got = lep_bytes_peek(b, &p, 3, e);
		if (got == 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
			lep_bytes_take(b, 3);
	}
	got = lep_bytes_some(b, &p, e);
	if (got <= 0)
		return (int)got;
	c->line++;
	end = memchr(p, '\n', (size_t)got);
	if (end) {
		*line = (const char *)p;
		*len = (size_t)(end - p);
		c->taken = *len + 1;
	} else {
		lep_buf_clear(&c->text);
		status = long_line(c, b, too_long, e);
		if (status)
			return status;
		*line = c->text.len ? c->text.data : "";
		*len = c->text.len;
	}
	*len -= *len && (*line)[*len - 1] == '\r';
	return 1;
}

static int next_line(struct lep_columns *c, struct lep_bytes *b, struct lep_row *row, struct lep_error *e)
{
	const char *line;
	size_t len;
	int too_long, status = lep_columns_line(c, b, &line, &len, &too_long, e);

	if (status <= 0)
		return status;
	row->line = c->line;
	if (too_long)
		return lep_columns_bad(c, row, e, "a line of more than %zu bytes", LEP_LINE_MAX);
	c->cell[0] = (struct lep_cell){LEP_CELL_TEXT, line, len};
	return 1;
}

static int next_whole(struct lep_columns *c, struct lep_bytes *b, struct lep_row *row, struct lep_error *e)
{
	int64_t got;

	if (c->done)
		return 0;
	c->done = 1;
	lep_buf_clear(&c->text);
	got = lep_bytes_read(b, &c->text, LEP_WHOLE_MAX + 1, e);
	if (got < 0)
		return (int)got;
	if (got > (int64_t)LEP_WHOLE_MAX) {
		int status = lep_bytes_finish(b, e);

		return status ? status : lep_columns_bad(c, row, e, "a text of more than %zu bytes", LEP_WHOLE_MAX);
	}
	/* Nothing at all is no text. */
	if (!got)
		return 0;
	c->cell[0] = (struct lep_cell){LEP_CELL_TEXT, c->text.data, c->text.len};
	return 1;
}

const struct lep_columns_reader lep_columns_lines = {.next = next_line};
const struct lep_columns_reader lep_columns_whole = {.next = next_whole};
