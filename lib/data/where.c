/* Tests of one record. */
#include "data/where.h"

#include <string.h>

#include "base/text.h"
#include "stream/agree.h"

enum { OP_EQ, OP_NE, OP_LE, OP_GE, OP_LT, OP_GT };

static const struct {
	char text[3];
	unsigned char op;
} ops[] = {
	{"!=", OP_NE},
	{"<=", OP_LE},
	{">=", OP_GE},
	{"=", OP_EQ},
	{"<", OP_LT},
	{">", OP_GT},
};

/* Decimal to double: digits, point, exponent; correctly rounded for up to 15
 * digits and small exponents, which is what people write. */
static int parse_number(const char *s, double *v)
{
	int negative = *s == '-', digits = 0, exponent = 0, scale = 0;
	double power = 1;

	*v = 0;
	s += *s == '-' || *s == '+';
	for (; *s >= '0' && *s <= '9'; s++, digits++)
		*v = *v * 10 + (*s - '0');
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, digits++, scale--)
			*v = *v * 10 + (*s - '0');
	if (digits == 0 || digits > 18)
		return 0;
	if (*s == 'e' || *s == 'E') {
		int minus = *++s == '-';

		s += *s == '-' || *s == '+';
		if (!*s)
			return 0;
		for (; *s >= '0' && *s <= '9' && exponent < 400; s++)
			exponent = exponent * 10 + (*s - '0');
		scale += minus ? -exponent : exponent;
	}
	if (*s)
		return 0;
	for (int left = scale < 0 ? -scale : scale; left; left--)
		power *= 10;
	if (*v != 0)
		*v = scale < 0 ? *v / power : *v * power;
	if (negative)
		*v = -*v;
	return 1;
}

static int parse_value(struct lep_where *w, const char *text, const struct lep_field *f,
	struct lep_error *e)
{
	int ordered = w->op != OP_EQ && w->op != OP_NE;

	w->text = text;
	if (f->dtype != LEP_TEXT && lep_shape_count(&f->shape) != 1)
		return lep_fail(e, LEP_ERR_USAGE, "field '%s' is not one number a record", f->name);
	if (lep_field_has_ids(f) && !ordered) {
		w->id = lep_table_find(f->table, text, strlen(text));
		if (w->id < 0 && strcmp(text, "none") != 0)
			return lep_fail(e, LEP_ERR_USAGE, "field '%s' has no class '%s'", f->name, text);
		return 0;
	}
	if (f->dtype == LEP_TEXT && !ordered)
		return 0;
	if (f->dtype == LEP_TEXT || lep_field_has_ids(f))
		return lep_fail(e, LEP_ERR_USAGE, "field '%s' knows only = and !=", f->name);
	if (!parse_number(text, &w->number))
		return lep_fail(e, LEP_ERR_USAGE, "field '%s': '%s' is no number", f->name, text);
	return 0;
}

int lep_where_parse(struct lep_where *w, const char *text, const struct lep_head *head,
	struct lep_error *e)
{
	size_t len = strcspn(text, "=!<>");

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		size_t n = strlen(ops[i].text);

		if (strncmp(text + len, ops[i].text, n) != 0)
			continue;
		for (size_t f = 0; f < head->nfield; f++) {
			if (strlen(head->field[f].name) != len || memcmp(head->field[f].name, text, len) != 0)
				continue;
			*w = (struct lep_where){.field = f, .op = ops[i].op};
			return parse_value(w, text + len + n, &head->field[f], e);
		}
		return lep_fail(e, LEP_ERR_USAGE, "no field '%.*s'", len < 255 ? (int)len : 255, text);
	}
	return lep_fail(e, LEP_ERR_USAGE, "'%s' is not FIELD=VALUE", text);
}

static int compare_numbers(int op, double a, double b)
{
	switch (op) {
	case OP_EQ:
		return a == b;
	case OP_NE:
		return a != b;
	case OP_LT:
		return a < b;
	case OP_LE:
		return a <= b;
	case OP_GT:
		return a > b;
	default:
		return a >= b;
	}
}

int lep_where_test(const struct lep_where *w, const struct lep_head *head, const struct lep_frame *fr,
	size_t i)
{
	const struct lep_field *f = &head->field[w->field];
	const void *p;
	double v;
	size_t len;
	int same;

	if (fr->entry[i].bad)
		return 0;
	p = lep_frame_value(head, fr, w->field, i, &len, NULL);
	if (lep_field_has_ids(f)) {
		same = (int32_t)lep_get32(p) == w->id;
		return w->op == OP_EQ ? same : !same;
	}
	if (f->dtype == LEP_TEXT) {
		same = len == strlen(w->text) && (len == 0 || memcmp(p, w->text, len) == 0);
		return w->op == OP_EQ ? same : !same;
	}
	lep_to_f64(&v, f->dtype, p, 1);
	return compare_numbers(w->op, v, w->number);
}

/* One bracket expression at *p (behind its `[`), moved behind its `]`; an
 * expression that does not end matches nothing. */
static int match_bracket(const char **p, unsigned char c)
{
	const char *q = *p;
	int negate = *q == '!' || *q == '^', hit = 0;

	q += negate;
	for (int first = 1; *q && (first || *q != ']'); first = 0, q++) {
		unsigned char low = (unsigned char)*q, high = low;

		if (q[1] == '-' && q[2] && q[2] != ']') {
			high = (unsigned char)q[2];
			q += 2;
		}
		hit |= c >= low && c <= high;
	}
	if (!*q)
		return 0;
	*p = q + 1;
	return hit != negate;
}

/* One step of the pattern other than `*`: bytes of s it takes, 0 if none. */
static size_t match_one(const char **p, const char *s, size_t len)
{
	const char *q = *p;
	size_t n;

	if (len == 0)
		return 0;
	if (*q == '?') {
		n = lep_text_utf8(s, len);
		*p = q + 1;
		return n ? n : 1;
	}
	if (*q == '[') {
		*p = q + 1;
		return match_bracket(p, (unsigned char)*s) ? 1 : 0;
	}
	if (*q == '\\' && q[1])
		q++;
	*p = q + 1;
	return *q == *s;
}

int lep_glob_match(const char *pattern, const char *s, size_t len)
{
	const char *star = NULL, *back = NULL, *end = s + len;

	/* On a mismatch the last `*` takes one byte more: no recursion, no blow-up. */
	while (s < end || *pattern) {
		size_t n = 0;

		if (*pattern == '*') {
			star = ++pattern;
			back = s;
			continue;
		}
		if (*pattern)
			n = match_one(&pattern, s, (size_t)(end - s));
		if (n) {
			s += n;
			continue;
		}
		if (!star || back == end)
			return 0;
		s = ++back;
		pattern = star;
	}
	return 1;
}
