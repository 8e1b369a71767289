/* Requirements: parsing, looking up, judging. */
#include "eval/require.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define OF_NAME ((int64_t)-6)

/* Longer ones before their beginnings. */
static const char *const relation[LEP_RELATION_COUNT] = {
	[LEP_AT_LEAST] = ">=",
	[LEP_AT_MOST] = "<=",
	[LEP_EQUAL] = "==",
	[LEP_NOT_EQUAL] = "!=",
	[LEP_ABOVE] = ">",
	[LEP_BELOW] = "<",
};

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* A decimal number at s, by its own grammar (no hexadecimal, no "inf"); its
 * length, or 0. */
static size_t number(const char *s, double *value)
{
	const char *p = s + (*s == '-' || *s == '+');
	size_t whole = digits(p), part = 0;

	p += whole;
	if (*p == '.') {
		part = digits(p + 1);
		p += 1 + part;
	}
	if (whole + part == 0)
		return 0;
	if (*p == 'e' || *p == 'E') {
		const char *q = p + 1 + (p[1] == '-' || p[1] == '+');

		if (!digits(q))
			return 0;
		p = q + digits(q);
	}
	*value = strtod(s, NULL);
	return isfinite(*value) ? (size_t)(p - s) : 0;
}

/* The metric of that name, but for top, or -1. */
static int find_metric(const char *s, size_t len)
{
	for (int m = 0; m < LEP_METRIC_COUNT; m++)
		if (m != LEP_METRIC_TOP && strlen(lep_metrics[m].name) == len && !memcmp(s, lep_metrics[m].name, len))
			return m;
	return -1;
}

static int parse_metric(struct lep_requirement *r, const char *s, size_t len, struct lep_error *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
	static const struct {
		const char *end;
		int64_t of;
	} part[] = {{"", LEP_OF_ALL}, {"_lower", LEP_OF_LOWER}, {"_upper", LEP_OF_UPPER}};
	size_t stem = strspn(s, letters);

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		size_t n = strlen(part[i].end);
		int m = len < n || memcmp(s + len - n, part[i].end, n) != 0 ? -1 : find_metric(s, len - n);

		if (m >= 0 && (n == 0 || (lep_metrics[m].use & LEP_USE_INTERVAL))) {
			r->metric = (enum lep_metric)m;
			r->of = part[i].of;
			return 0;
		}
	}
	if (stem == 3 && !memcmp(s, "top", 3) && len > 3 && len <= 6 && digits(s + 3) == len - 3) {
		r->metric = LEP_METRIC_TOP;
		r->of = strtol(s + 3, NULL, 10);
		if (r->of >= 1 && r->of <= LEP_TOP_MAX)
			return 0;
	}
	return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': unknown metric '%.*s'", r->text, (int)len, s);
}

int lep_requirement_parse(struct lep_requirement *r, const char *text, struct lep_error *e)
{
	const char *s = skip_blanks(text), *last;
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz_0123456789");
	int rc;

	*r = (struct lep_requirement){.text = text, .of = LEP_OF_ALL};
	if (n == 0)
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': no metric", text);
	rc = parse_metric(r, s, n, e);
	if (rc)
		return rc;
	s += n;
	last = strrchr(s, ']');
	if ((*s == '[' || *s == '.') && r->of <= LEP_OF_LOWER)
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': an interval's end takes no name and no average", text);
	if (*s == '[') {
		if (!last)
			return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': no ']'", text);
		r->name = s + 1;
		r->name_len = (size_t)(last - r->name);
		r->of = OF_NAME;
		s = last + 1;
	} else if (*s == '.') {
		n = strcspn(s, " \t<>=!");
		if (n == 6 && !memcmp(s, ".macro", n))
			r->of = LEP_OF_MACRO;
		else if (n == 9 && !memcmp(s, ".weighted", n))
			r->of = LEP_OF_WEIGHTED;
		else
			return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': '%.*s' is no average: .macro or .weighted",
				text, (int)n, s);
		s += n;
	}
	s = skip_blanks(s);
	for (rc = 0; rc < LEP_RELATION_COUNT; rc++)
		if (!strncmp(s, relation[rc], strlen(relation[rc])))
			break;
	if (rc == LEP_RELATION_COUNT)
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': expected one of >= > <= < == != behind the metric", text);
	r->relation = (enum lep_relation)rc;
	s = skip_blanks(s + strlen(relation[rc]));
	n = number(s, &r->limit);
	if (n == 0 || *skip_blanks(s + n))
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': '%s' is no number", text, s);
	return 0;
}

static int bind_name(struct lep_requirement *r, const struct lep_score *s, struct lep_error *e)
{
	/* Outputs count from 0, words of an n-gram from 1. */
	int64_t first = s->kind == LEP_SCORE_TEXT, n = s->kind == LEP_SCORE_TEXT ? LEP_BLEU_ORDER :
		(int64_t)lep_score_outputs(s);

	if (s->kind == LEP_SCORE_CLASSES) {
		r->of = lep_table_find(s->table, r->name, r->name_len);
		if (r->of >= 0)
			return 0;
		r->of = OF_NAME;
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': unknown class '%.*s'", r->text,
			(int)r->name_len, r->name);
	}
	if (r->name_len && r->name_len < 10 && digits(r->name) == r->name_len) {
		r->of = strtol(r->name, NULL, 10);
		if (r->of >= first && r->of < first + n)
			return 0;
	}
	r->of = OF_NAME;
	if (s->kind == LEP_SCORE_TEXT)
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': n-grams have 1 to %d words", r->text, LEP_BLEU_ORDER);
	return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': there are %zu outputs, counted from 0", r->text,
		lep_score_outputs(s));
}

static unsigned need(const struct lep_requirement *r)
{
	if (r->name)
		return LEP_USE_EACH;
	switch (r->of) {
	case LEP_OF_MACRO:
	case LEP_OF_WEIGHTED:
		return LEP_USE_AVERAGES;
	case LEP_OF_LOWER:
	case LEP_OF_UPPER:
		return LEP_USE_INTERVAL;
	}
	return LEP_USE_WHOLE;
}

/* What the stream lacks for a metric of its kind, or NULL. */
static const char *lacks(enum lep_metric m, const struct lep_score *s)
{
	if (s->kind == LEP_SCORE_CLASSES && (lep_metrics[m].use & LEP_USE_PROBABILITY) && !s->has_probability)
		return "probabilities";
	if (s->kind == LEP_SCORE_LANGUAGE && m == LEP_METRIC_TOKEN_ACCURACY && !s->language.has_class)
		return "output 'class' of ids beside ids that were to come";
	if (s->kind == LEP_SCORE_LANGUAGE && (m == LEP_METRIC_BITS_PER_BYTE || m == LEP_METRIC_BYTES) &&
		!s->language.has_bytes)
		return "ids with a recipe of text";
	return NULL;
}

int lep_requirement_bind(struct lep_requirement *r, const struct lep_score *s, struct lep_error *e)
{
	static const char *const each[] = {[LEP_SCORE_CLASSES] = "a class", [LEP_SCORE_NUMBERS] = "an output",
		[LEP_SCORE_TEXT] = "a number of words", [LEP_SCORE_LANGUAGE] = "nothing"};
	const struct lep_metric_info *m = &lep_metrics[r->metric];
	const char *missing = lacks(r->metric, s);
	unsigned use = need(r);

	if (!(m->use >> s->kind & 1))
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': not measured for %s", r->text,
			lep_score_kind_name(s->kind));
	if (missing)
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': the stream has no %s", r->text, missing);
	if (use == LEP_USE_INTERVAL && s->kind != LEP_SCORE_CLASSES && s->resamples == 0)
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': an interval needs --resamples", r->text);
	if (m->use & use)
		return r->name ? bind_name(r, s, e) : 0;
	if (m->use & LEP_USE_AVERAGES)
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': say of which class, %s[CLASS], or %s.macro or "
			"%s.weighted", r->text, m->name, m->name, m->name);
	if (m->use & LEP_USE_EACH)
		return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': %s takes %s in brackets and no average", r->text,
			m->name, each[s->kind]);
	return lep_fail(e, LEP_ERR_USAGE, "requirement '%s': %s takes no class and no average", r->text, m->name);
}

int lep_requirement_met(const struct lep_requirement *r, const struct lep_score *s, struct lep_buf *why)
{
	double v;
	int met = 0, defined = lep_score_get(s, r->metric, r->of, &v);

	if (defined)
		switch ((int)r->relation) {
		case LEP_AT_LEAST:
			met = v >= r->limit;
			break;
		case LEP_AT_MOST:
			met = v <= r->limit;
			break;
		case LEP_EQUAL:
			met = v == r->limit;
			break;
		case LEP_NOT_EQUAL:
			met = v != r->limit;
			break;
		case LEP_ABOVE:
			met = v > r->limit;
			break;
		case LEP_BELOW:
			met = v < r->limit;
			break;
		}
	if (met || !why)
		return met;
	lep_buf_adds(why, r->text);
	lep_buf_adds(why, " (is ");
	if (defined)
		lep_text_number(why, v);
	else
		lep_buf_adds(why, "undefined");
	lep_buf_addc(why, ')');
	return 0;
}
