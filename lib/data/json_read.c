/* One JSON object. */
#include "data/json_read.h"

#include <string.h>

#include "data/unicode.h"

struct parser {
	const char *s, *p, *end;
	struct lep_buf *room;
	struct lep_error *e;
};

static int broken(struct parser *j, const char *what)
{
	return lep_fail(j->e, LEP_ERR_DATA, "broken JSON, %zu bytes in: %s", (size_t)(j->p - j->s), what);
}

static void blanks(struct parser *j)
{
	while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\r' || *j->p == '\n'))
		j->p++;
}

static int take(struct parser *j, char c)
{
	if (j->p == j->end || *j->p != c)
		return 0;
	j->p++;
	return 1;
}

/* Four hexadecimal digits behind "\u", or -1. */
static int32_t four(struct parser *j)
{
	int32_t v = 0;

	for (int i = 0; i < 4; i++, j->p++) {
		char c = j->p < j->end ? *j->p : 0, small = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if (small >= 'a' && small <= 'f')
			v = v * 16 + (small - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* What stands behind "\u", surrogates put together, as UTF-8. */
static int unicode(struct parser *j)
{
	int32_t c = four(j), low;
	char utf8[4];

	if (c < 0)
		return broken(j, "\\u wants four hexadecimal digits");
	if (c >= 0xdc00 && c <= 0xdfff)
		return broken(j, "a lone surrogate");
	if (c >= 0xd800 && c <= 0xdbff) {
		low = take(j, '\\') && take(j, 'u') ? four(j) : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return broken(j, "a lone surrogate");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	lep_buf_add(j->room, utf8, lep_unicode_put(utf8, (uint32_t)c));
	return 0;
}

/* A string behind its first quote, appended to room. */
static int string(struct parser *j)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

	for (;;) {
		const char *begin = j->p, *at;
		int status;

		while (j->p < j->end && *j->p != '"' && *j->p != '\\' && (unsigned char)*j->p >= 0x20)
			j->p++;
		lep_buf_add(j->room, begin, (size_t)(j->p - begin));
		if (j->p == j->end)
			return broken(j, "a string that is not closed");
		if (take(j, '"'))
			return 0;
		if (!take(j, '\\'))
			return broken(j, "a control character in a string");
		if (take(j, 'u')) {
			status = unicode(j);
			if (status)
				return status;
			continue;
		}
		at = j->p < j->end && *j->p ? strchr(from, *j->p) : NULL;
		if (!at)
			return broken(j, "an unknown escape");
		lep_buf_addc(j->room, to[at - from]);
		j->p++;
	}
}

static int digits(struct parser *j)
{
	const char *begin = j->p;

	while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
		j->p++;
	return j->p > begin;
}

static int number(struct parser *j)
{
	take(j, '-');
	if (!take(j, '0') && !digits(j))
		return broken(j, "a value is missing");
	if (take(j, '.') && !digits(j))
		return broken(j, "a digit is missing");
	if (take(j, 'e') || take(j, 'E')) {
		if (!take(j, '+'))
			take(j, '-');
		if (!digits(j))
			return broken(j, "a digit is missing");
	}
	return 0;
}

/* true, false, null: whether the word stands here. */
static int word(struct parser *j, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(j->end - j->p) < n || memcmp(j->p, text, n) != 0)
		return 0;
	j->p += n;
	return 1;
}

/* A value that is neither array nor object. */
static int scalar(struct parser *j, struct lep_cell *cell)
{
	const char *begin = j->p;
	int status = 0;

	if (take(j, '"')) {
		begin = j->room->data + j->room->len;
		status = string(j);
		*cell = (struct lep_cell){LEP_CELL_TEXT, begin, (size_t)(j->room->data + j->room->len - begin)};
		return status;
	}
	if (word(j, "null"))
		cell->kind = LEP_CELL_NULL;
	else if (word(j, "true") || word(j, "false"))
		cell->kind = LEP_CELL_WORD;
	else {
		cell->kind = LEP_CELL_NUMBER;
		status = number(j);
	}
	cell->text = begin;
	cell->len = (size_t)(j->p - begin);
	return status;
}

/* The key of a member and its colon; *key lies in room. */
static int take_key(struct parser *j, struct lep_cell *key)
{
	int status;

	blanks(j);
	if (j->p == j->end || *j->p != '"')
		return broken(j, "a key is missing");
	status = scalar(j, key);
	blanks(j);
	if (!status && !take(j, ':'))
		status = broken(j, "a colon is missing");
	blanks(j);
	return status;
}

/* Behind a member or element: 1 if another follows, 0 at the bracket. */
static int more(struct parser *j, char bracket)
{
	blanks(j);
	if (take(j, ','))
		return 1;
	return take(j, bracket) ? 0 : broken(j, bracket == '}' ? "a comma or } is missing" : "a comma or ] is missing");
}

static int skip_value(struct parser *j, int depth);

/* Past an array or object, behind its first bracket. */
static int skip_nested(struct parser *j, char bracket, int depth)
{
	struct lep_cell key;
	int status;

	if (depth == LEP_JSON_DEPTH)
		return broken(j, "nested too deeply");
	blanks(j);
	if (take(j, bracket))
		return 0;
	do {
		status = bracket == '}' ? take_key(j, &key) : 0;
		if (!status)
			status = skip_value(j, depth);
		if (!status)
			status = more(j, bracket);
	} while (status > 0);
	return status;
}

static int skip_value(struct parser *j, int depth)
{
	struct lep_cell ignored;
	size_t keep = j->room->len;
	int status;

	blanks(j);
	if (take(j, '['))
		status = skip_nested(j, ']', depth + 1);
	else if (take(j, '{'))
		status = skip_nested(j, '}', depth + 1);
	else
		status = scalar(j, &ignored);
	j->room->len = keep;
	return status;
}

static int is_name(const struct lep_cell *key, const char *name)
{
	return strlen(name) == key->len && memcmp(key->text, name, key->len) == 0;
}

/* One key and its value. */
static int member(struct parser *j, const char *const *name, size_t n, struct lep_cell *cell)
{
	struct lep_cell key, value;
	size_t keep = j->room->len, i = 0;
	int status = take_key(j, &key);

	if (status)
		return status;
	while (i < n && !is_name(&key, name[i]))
		i++;
	if (i == n) {
		j->room->len = keep;
		return skip_value(j, 1);
	}
	if (cell[i].kind != LEP_CELL_ABSENT)
		return lep_fail(j->e, LEP_ERR_DATA, "'%s' comes twice", name[i]);
	if (j->p < j->end && (*j->p == '{' || *j->p == '['))
		return lep_fail(j->e, LEP_ERR_DATA, "'%s' is an %s", name[i], *j->p == '{' ? "object" : "array");
	status = scalar(j, &value);
	/* One column may be wanted for several things. */
	for (; !status && i < n; i++)
		if (is_name(&key, name[i]))
			cell[i] = value;
	return status;
}

int lep_json_object_read(const char *s, size_t len, const char *const *name, size_t n, struct lep_cell *cell,
	struct lep_buf *room, struct lep_error *e)
{
	struct parser j = {.s = s, .p = s, .end = s + len, .room = room, .e = e};
	int status = 0;

	for (size_t i = 0; i < n; i++)
		cell[i] = (struct lep_cell){0};
	lep_buf_clear(room);
	/* A text without its escapes is never longer: room does not move. */
	if (lep_buf_reserve(room, len + 1))
		return lep_fail_nomem(e, 0);
	blanks(&j);
	if (!take(&j, '{'))
		return broken(&j, "no object");
	blanks(&j);
	if (!take(&j, '}'))
		do {
			status = member(&j, name, n, cell);
			if (!status)
				status = more(&j, '}');
		} while (status > 0);
	blanks(&j);
	if (!status && j.p < j.end)
		status = broken(&j, "something behind the object");
	return status;
}
