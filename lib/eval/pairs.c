/* Lines of two files. */
#include "eval/pairs.h"

#include <string.h>

#include "base/utf8.h"
#include "stream/wire.h"

void lep_pairs_release(struct lep_pairs *p)
{
	lep_buf_release(&p->line[0]);
	lep_buf_release(&p->line[1]);
}

/* Before the first line: a byte order mark is passed over, a stream is refused. */
static int begin(struct lep_bytes *b, struct lep_error *e)
{
	const unsigned char *p;
	int64_t got = lep_bytes_peek(b, &p, sizeof(lep_wire_magic), e);

	if (got < 0)
		return (int)got;
	if (got == sizeof(lep_wire_magic) && !memcmp(p, lep_wire_magic, sizeof(lep_wire_magic)))
		return lep_fail(e, LEP_ERR_DATA, "%s: a tensor stream, where lines of text are expected "
			"beside --reference", lep_bytes_name(b));
	if (got >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		lep_bytes_take(b, 3);
	return 0;
}

/* A line without its end: 1, or 0 at the end of the file. */
static int read_line(struct lep_bytes *b, struct lep_buf *line, uint64_t number, struct lep_error *e)
{
	int any = 0, ended = 0;

	lep_buf_clear(line);
	while (!ended) {
		const unsigned char *p, *end;
		int64_t got = lep_bytes_some(b, &p, e);
		size_t n;

		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		any = 1;
		end = memchr(p, '\n', (size_t)got);
		n = end ? (size_t)(end - p) : (size_t)got;
		/* One more for the CR that may be its end. */
		if (line->len + n > LEP_TEXT_SCORE_MAX + 1)
			return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: more than %zu bytes", lep_bytes_name(b),
				(unsigned long long)number, LEP_TEXT_SCORE_MAX);
		lep_buf_add(line, p, n);
		if (line->failed)
			return lep_fail_nomem(e, (double)line->len);
		lep_bytes_take(b, n + (end != NULL));
		ended = end != NULL;
	}
	if (ended && line->len && line->data[line->len - 1] == '\r')
		line->len--;
	if (line->len > LEP_TEXT_SCORE_MAX)
		return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: more than %zu bytes", lep_bytes_name(b),
			(unsigned long long)number, LEP_TEXT_SCORE_MAX);
	if (lep_utf8_valid(line->data, line->len) < line->len)
		return lep_fail(e, LEP_ERR_DATA, "%s: line %llu: byte %zu is no UTF-8", lep_bytes_name(b),
			(unsigned long long)number, lep_utf8_valid(line->data, line->len) + 1);
	return any;
}

/* Lines that are left. */
static int64_t count_lines(struct lep_bytes *b, struct lep_error *e)
{
	const unsigned char *p;
	int64_t got, lines = 0;
	int open = 0;

	while ((got = lep_bytes_some(b, &p, e)) > 0) {
		const unsigned char *at = p, *end = p + got, *next;

		while (at < end && (next = memchr(at, '\n', (size_t)(end - at)))) {
			lines++;
			at = next + 1;
		}
		open = at < end;
		lep_bytes_take(b, (size_t)got);
	}
	return got < 0 ? got : lines + open;
}

static int fail_lengths(struct lep_pairs *p, int longer, struct lep_error *e)
{
	int64_t more = count_lines(p->file[longer], e);

	if (more < 0)
		return (int)more;
	return lep_fail(e, LEP_ERR_DATA, "%s has %llu lines, but %s has %llu", lep_bytes_name(p->file[longer]),
		(unsigned long long)p->lines + 1 + (unsigned long long)more, lep_bytes_name(p->file[!longer]),
		(unsigned long long)p->lines);
}

int lep_pairs_next(struct lep_pairs *p, struct lep_score *s, struct lep_error *e)
{
	int got[2] = {0, 0}, rc = 0;

	for (int k = 0; k < 2; k++) {
		rc = p->lines ? 0 : begin(p->file[k], e);
		if (!rc)
			rc = got[k] = read_line(p->file[k], &p->line[k], p->lines + 1, e);
		if (rc < 0)
			return rc;
	}
	if (got[0] != got[1])
		return fail_lengths(p, got[1], e);
	if (!got[0])
		return 0;
	p->lines++;
	rc = lep_score_add_text(s, p->line[0].data, p->line[0].len, p->line[1].data, p->line[1].len, e);
	return rc ? rc : 1;
}
