#include "nn/syntax.h"

#include <stdio.h>
#include <string.h>

/* Blanks: in a model's HEAD a tab would be escaped. */
#define INDENT "    "

struct scanner {
	const char *p, *end;
	const char *name;
	int line;
	struct lep_error *e;
};

static int parse_block(struct scanner *s, struct lep_block *out, int depth);

static int bad(struct scanner *s, const char *what)
{
	return lep_fail(s->e, LEP_ERR_DATA, "%s: line %d: %s", s->name, s->line, what);
}

/* Skip blanks and comments within a line. */
static void skip_blanks(struct scanner *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r'))
		s->p++;
	if (s->p < s->end && *s->p == '#')
		while (s->p < s->end && *s->p != '\n')
			s->p++;
}

/* Skip line ends, `;` and blanks: to where a statement may begin. */
static void skip_ends(struct scanner *s)
{
	for (;;) {
		skip_blanks(s);
		if (s->p >= s->end || (*s->p != '\n' && *s->p != ';'))
			return;
		s->line += *s->p++ == '\n';
	}
}

static int is_word_end(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' || c == '{' || c == '}' ||
		c == '#' || c == '=';
}

static int add_word(struct scanner *s, struct lep_stmt *st)
{
	const char *from = s->p;
	char **w;

	while (s->p < s->end && !is_word_end(*s->p)) {
		if ((unsigned char)*s->p < 0x20 || *s->p == 0x7f)
			return bad(s, "control character");
		s->p++;
	}
	w = lep_grow(st->word, st->nword * sizeof(*w), st->nword + 1, sizeof(*w));
	if (!w)
		return lep_fail_nomem(s->e, 0);
	st->word = w;
	w[st->nword] = lep_strndup(from, (size_t)(s->p - from));
	if (!w[st->nword])
		return lep_fail_nomem(s->e, 0);
	st->nword++;
	return 0;
}

/* `NAME =`: the one word so far becomes the name. */
static int take_name(struct scanner *s, struct lep_stmt *st)
{
	if (st->name || st->nword != 1)
		return bad(s, "'=' belongs behind one name at the start of a line");
	st->name = st->word[0];
	st->nword = 0;
	s->p++;
	return 0;
}

static int add_block(struct scanner *s, struct lep_stmt *st, int depth)
{
	struct lep_block *b = lep_grow(st->block, st->nblock * sizeof(*b), st->nblock + 1, sizeof(*b));
	int opened = s->line, rc;

	if (!b)
		return lep_fail_nomem(s->e, 0);
	st->block = b;
	st->nblock++;
	s->p++;
	rc = parse_block(s, &b[st->nblock - 1], depth + 1);
	if (rc)
		return rc;
	if (s->p >= s->end)
		return lep_fail(s->e, LEP_ERR_DATA, "%s: line %d: '{' without its '}'", s->name, opened);
	s->p++;
	return 0;
}

/* After a `}` a `{` may follow, on the next line too: the shortcut of a residual. */
static int block_follows(struct scanner *s)
{
	struct scanner look = *s;

	for (;;) {
		skip_blanks(&look);
		if (look.p >= look.end || *look.p != '\n')
			break;
		look.line++;
		look.p++;
	}
	if (look.p >= look.end || *look.p != '{')
		return 0;
	*s = look;
	return 1;
}

static int parse_stmt(struct scanner *s, struct lep_stmt *st, int depth)
{
	int rc = 0;

	st->line = s->line;
	while (rc == 0) {
		skip_blanks(s);
		if (s->p >= s->end || *s->p == '\n' || *s->p == ';' || *s->p == '}')
			break;
		if (*s->p == '=') {
			rc = take_name(s, st);
		} else if (*s->p == '{') {
			if (!st->nword)
				return bad(s, "'{' without a word before it");
			do
				rc = add_block(s, st, depth);
			while (rc == 0 && block_follows(s));
		} else if (st->nblock) {
			return bad(s, "words behind '}': a ';' or a new line is missing");
		} else {
			rc = add_word(s, st);
		}
	}
	if (rc == 0 && !st->nword)
		return bad(s, "a name and '=' without a layer");
	return rc;
}

static int parse_block(struct scanner *s, struct lep_block *out, int depth)
{
	size_t room = 0;

	if (depth > LEP_NESTING_MAX)
		return bad(s, "blocks are nested too deeply");
	for (;;) {
		int rc;

		skip_ends(s);
		if (s->p >= s->end || *s->p == '}')
			return 0;
		if (out->n == room) {
			struct lep_stmt *st = lep_grow(out->stmt, out->n * sizeof(*st), room ? room * 2 : 8, sizeof(*st));

			if (!st)
				return lep_fail_nomem(s->e, 0);
			out->stmt = st;
			room = room ? room * 2 : 8;
		}
		rc = parse_stmt(s, &out->stmt[out->n++], depth);
		if (rc)
			return rc;
	}
}

int lep_syntax_parse(struct lep_block *out, const char *text, const char *name, struct lep_error *e)
{
	size_t len = strlen(text);
	struct scanner s = {.p = text, .end = text + len, .name = name, .line = 1, .e = e};
	int rc;

	*out = (struct lep_block){0};
	if (len > LEP_TEXT_MAX)
		return lep_fail(e, LEP_ERR_DATA, "%s: longer than %zu bytes: not a network description",
			name, LEP_TEXT_MAX);
	rc = parse_block(&s, out, 0);
	if (rc == 0 && s.p < s.end)
		rc = bad(&s, "'}' without its '{'");
	if (rc == 0 && !out->n)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: the description is empty", name);
	if (rc)
		lep_syntax_release(out);
	return rc;
}

void lep_syntax_release(struct lep_block *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct lep_stmt *st = &b->stmt[i];

		for (size_t k = 0; k < st->nword; k++)
			lep_free(st->word[k]);
		for (size_t k = 0; k < st->nblock; k++)
			lep_syntax_release(&st->block[k]);
		lep_free(st->name);
		lep_free(st->word);
		lep_free(st->block);
	}
	lep_free(b->stmt);
	*b = (struct lep_block){0};
}

static void format(const struct lep_block *b, struct lep_buf *out, int depth)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct lep_stmt *st = &b->stmt[i];

		for (int k = 0; k < depth; k++)
			lep_buf_adds(out, INDENT);
		if (st->name)
			lep_buf_addf(out, "%s = ", st->name);
		for (size_t k = 0; k < st->nword; k++)
			lep_buf_addf(out, "%s%s", k ? " " : "", st->word[k]);
		for (size_t k = 0; k < st->nblock; k++) {
			lep_buf_adds(out, " {\n");
			format(&st->block[k], out, depth + 1);
			for (int t = 0; t < depth; t++)
				lep_buf_adds(out, INDENT);
			lep_buf_addc(out, '}');
		}
		lep_buf_addc(out, '\n');
	}
}

void lep_syntax_format(const struct lep_block *b, struct lep_buf *out)
{
	format(b, out, 0);
}
