/* Parsing a command line by its table; provenance from the same table. */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char *const lep_provenance_names[] = { "short", "full", "none", NULL };
const char *const lep_bad_names[] = { "fail", "skip", "keep", NULL };

/* An option as it was written ("-j", "--threads") and the row it belongs to. */
struct use {
	const struct lep_option *row;
	char name[256];
};

static int takes_argument(const struct lep_option *o)
{
	return o->kind != LEP_OPT_FLAG && o->kind != LEP_OPT_COUNT;
}

static int outside(const struct lep_option *o, double v)
{
	if (o->low == 0 && o->high == 0)
		return 0;
	return v < o->low || v > o->high || (v <= o->low && (o->flags & LEP_OPT_ABOVE)) ||
		(v >= o->high && (o->flags & LEP_OPT_BELOW));
}

static int fail_range(const struct use *u, const char *text, struct lep_error *e)
{
	const struct lep_option *o = u->row;
	struct lep_buf range = { 0 };

	lep_buf_adds(&range, o->flags & LEP_OPT_ABOVE ? "above " : "at least ");
	lep_text_number(&range, o->low);
	if (isfinite(o->high)) {
		lep_buf_adds(&range, o->flags & LEP_OPT_BELOW ? " and below " : " and at most ");
		lep_text_number(&range, o->high);
	}
	lep_fail(e, LEP_ERR_USAGE, "option '%s': %s is not %s", u->name, text,
		range.failed ? "in range" : range.data);
	lep_buf_release(&range);
	return LEP_ERR_USAGE;
}

/* Digits alone: strtoull would take blanks and signs. */
static int parse_digits(const char *text, uint64_t *v, const char **end)
{
	char *stop;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	*v = strtoull(text, &stop, 10);
	*end = stop;
	return errno ? -1 : 0;
}

static int put_int(const struct use *u, const char *text, struct lep_error *e)
{
	const char *end;
	uint64_t v;
	int minus = *text == '-';
	int64_t value;

	if (parse_digits(text + minus, &v, &end) || *end || v > INT64_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "option '%s': '%s' is not a whole number", u->name, text);
	value = minus ? -(int64_t)v : (int64_t)v;
	if (outside(u->row, (double)value))
		return fail_range(u, text, e);
	*(int64_t *)u->row->to = value;
	return 0;
}

static int put_uint(const struct use *u, const char *text, struct lep_error *e)
{
	const char *end;
	uint64_t v;

	if (parse_digits(text, &v, &end) || *end)
		return lep_fail(e, LEP_ERR_USAGE,
			"option '%s': '%s' is not a whole number from 0 to 18446744073709551615", u->name, text);
	*(uint64_t *)u->row->to = v;
	return 0;
}

static int put_size(const struct use *u, const char *text, struct lep_error *e)
{
	static const char units[] = "KMGT";
	const char *end = text, *unit;
	uint64_t v;
	unsigned shift = 0;

	if (parse_digits(text, &v, &end))
		goto bad;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			goto bad;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	if (v > UINT64_MAX >> shift)
		goto bad;
	*(uint64_t *)u->row->to = v << shift;
	return 0;
bad:
	return lep_fail(e, LEP_ERR_USAGE, "option '%s': '%s' is not a size such as 4096, 64K, 1M or 2G",
		u->name, text);
}

static int put_number(const struct use *u, const char *text, struct lep_error *e)
{
	char *end;
	double v;

	/* Only plain decimal numbers: no blanks, hexadecimal, inf or nan. */
	errno = 0;
	v = strtod(text, &end);
	if (!*text || *end || strspn(text, "0123456789+-.eE") != strlen(text) || !isfinite(v))
		return lep_fail(e, LEP_ERR_USAGE, "option '%s': '%s' is not a number", u->name, text);
	if (outside(u->row, v))
		return fail_range(u, text, e);
	*(double *)u->row->to = v;
	return 0;
}

static int put_choice(const struct use *u, const char *text, struct lep_error *e)
{
	const char *const *c = u->row->choices;
	char list[1024] = "";
	size_t n = 0;
	int i;

	for (i = 0; c[i]; i++) {
		if (!strcmp(c[i], text)) {
			*(int *)u->row->to = i;
			return 0;
		}
		if (n + strlen(c[i]) + 3 < sizeof(list)) {
			if (n)
				list[n++] = ',', list[n++] = ' ';
			memcpy(list + n, c[i], strlen(c[i]) + 1);
			n += strlen(c[i]);
		}
	}
	return lep_fail(e, LEP_ERR_USAGE, "option '%s': '%s' is none of %s", u->name, text, list);
}

static int put_list(const struct use *u, const char *text, struct lep_error *e)
{
	struct lep_list *l = u->row->to;
	const char **item = l->item;

	/* Room for a power of two; full where n is one. */
	if (!(l->n & (l->n - 1))) {
		item = lep_grow(l->item, l->n * sizeof(*item), l->n ? 2 * l->n : 1, sizeof(*item));
		if (!item)
			return lep_fail_nomem(e, 0);
		l->item = item;
	}
	item[l->n++] = text;
	return 0;
}

static int put(const struct use *u, const char *text, struct lep_error *e)
{
	switch (u->row->kind) {
	case LEP_OPT_FLAG:
		*(int *)u->row->to = 1;
		return 0;
	case LEP_OPT_COUNT:
		++*(int *)u->row->to;
		return 0;
	case LEP_OPT_INT:
		return put_int(u, text, e);
	case LEP_OPT_UINT:
		return put_uint(u, text, e);
	case LEP_OPT_NUMBER:
		return put_number(u, text, e);
	case LEP_OPT_TEXT:
		*(const char **)u->row->to = text;
		return 0;
	case LEP_OPT_LIST:
		return put_list(u, text, e);
	case LEP_OPT_CHOICE:
		return put_choice(u, text, e);
	case LEP_OPT_SIZE:
		return put_size(u, text, e);
	}
	return lep_fail(e, LEP_ERR_USAGE, "option '%s': unknown kind", u->name);
}

/* The state of one walk over argv. */
struct walk {
	const struct lep_program *p;
	struct lep_operands *ops;
	int next; /* the word after the one at hand */
};

static int use_option(struct walk *w, const struct use *u, const char *value, struct lep_error *e)
{
	if (takes_argument(u->row)) {
		if (!value && w->next < w->ops->argc)
			value = w->ops->argv[w->next++];
		if (!value)
			return lep_fail(e, LEP_ERR_USAGE, "option '%s' needs an argument", u->name);
	} else if (value) {
		return lep_fail(e, LEP_ERR_USAGE, "option '%s' takes no argument", u->name);
	}
	w->ops->given[u->row - w->p->options]++;
	return put(u, value, e);
}

static const struct lep_option *find_name(const struct lep_program *p, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < p->noptions; i++)
		if (!strncmp(p->options[i].name, name, len) && !p->options[i].name[len])
			return &p->options[i];
	return NULL;
}

static int long_option(struct walk *w, const char *word, struct lep_error *e)
{
	const char *name = word + 2, *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	struct use u = { .row = find_name(w->p, name, len) };

	if (value)
		value++;
	if (!u.row) {
		if (!value && !strcmp(name, "help"))
			return LEP_OPTIONS_HELP;
		if (!value && !strcmp(name, "version"))
			return LEP_OPTIONS_VERSION;
		if (len == 10 && !strncmp(name, "completion", len)) {
			w->ops->completion = value ? value : w->ops->argv[w->next];
			if (!w->ops->completion)
				return lep_fail(e, LEP_ERR_USAGE, "option '--completion' needs an argument");
			return LEP_OPTIONS_COMPLETION;
		}
		return lep_fail(e, LEP_ERR_USAGE, "unknown option '--%.*s'", (int)(len < 200 ? len : 200),
			name);
	}
	memcpy(u.name, "--", 2);
	memcpy(u.name + 2, u.row->name, strlen(u.row->name) + 1);
	return use_option(w, &u, value, e);
}

/* -qv, -n5, -n 5 */
static int letters(struct walk *w, const char *word, struct lep_error *e)
{
	int status = 0;

	for (word++; *word && !status; word++) {
		struct use u = { .name = { '-', *word } };
		size_t i;

		for (i = 0; i < w->p->noptions && !u.row; i++)
			if (w->p->options[i].letter == *word)
				u.row = &w->p->options[i];
		if (!u.row && *word == 'h')
			return LEP_OPTIONS_HELP;
		if (!u.row)
			return lep_fail(e, LEP_ERR_USAGE, "unknown option '%s'", u.name);
		if (takes_argument(u.row))
			return use_option(w, &u, word[1] ? word + 1 : NULL, e);
		status = use_option(w, &u, NULL, e);
	}
	return status;
}

int lep_options_parse(const struct lep_program *p, int argc, char *const *argv,
	struct lep_operands *out, struct lep_error *e)
{
	struct walk w = { p, out, 1 };
	int plain = 0, status = 0;

	*out = (struct lep_operands){ .program = p, .argc = argc, .argv = argv };
	out->name = lep_alloc((size_t)argc + 1, sizeof(*out->name));
	out->given = lep_alloc(p->noptions + 1, sizeof(*out->given));
	if (!out->name || !out->given)
		return lep_fail_nomem(e, 0);
	while (w.next < argc && !status) {
		const char *word = argv[w.next++];

		if (plain || word[0] != '-' || !word[1])
			out->name[out->n++] = word;
		else if (!strcmp(word, "--"))
			plain = 1;
		else if (word[1] == '-')
			status = long_option(&w, word, e);
		else
			status = letters(&w, word, e);
	}
	return status;
}

void lep_operands_release(struct lep_operands *ops)
{
	size_t i;

	for (i = 0; ops->program && i < ops->program->noptions; i++) {
		const struct lep_option *o = &ops->program->options[i];

		if (o->kind == LEP_OPT_LIST) {
			struct lep_list *l = o->to;

			lep_free(l->item);
			*l = (struct lep_list){ 0 };
		}
	}
	lep_free(ops->name);
	lep_free(ops->given);
	*ops = (struct lep_operands){ 0 };
}

unsigned lep_option_given(const struct lep_operands *ops, const void *to)
{
	size_t i;

	for (i = 0; i < ops->program->noptions; i++)
		if (ops->program->options[i].to == to)
			return ops->given[i];
	return 0;
}

void lep_quote(struct lep_buf *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	int odd = !*s, control = 0;
	size_t i;

	for (i = 0; s[i]; i++) {
		odd |= !(isalnum(s[i]) || s[i] >= 0x80 || strchr("_@%+=:,./-", s[i]));
		control |= s[i] < 0x20 || s[i] == 0x7f;
	}
	if (!odd) {
		lep_buf_adds(out, text);
		return;
	}
	lep_buf_adds(out, control ? "$'" : "'");
	for (i = 0; s[i]; i++) {
		if (control && (s[i] < 0x20 || s[i] == 0x7f))
			lep_buf_addf(out, "\\x%02x", s[i]);
		else if (control && (s[i] == '\'' || s[i] == '\\'))
			lep_buf_addf(out, "\\%c", s[i]);
		else if (s[i] == '\'')
			lep_buf_adds(out, "'\\''");
		else
			lep_buf_addc(out, (char)s[i]);
	}
	lep_buf_addc(out, '\'');
}

static void add_value(struct lep_buf *out, const struct lep_option *o)
{
	switch (o->kind) {
	case LEP_OPT_INT:
		lep_buf_addf(out, " %lld", (long long)*(const int64_t *)o->to);
		break;
	case LEP_OPT_UINT:
	case LEP_OPT_SIZE:
		lep_buf_addf(out, " %llu", (unsigned long long)*(const uint64_t *)o->to);
		break;
	case LEP_OPT_NUMBER:
		lep_buf_addc(out, ' ');
		lep_text_number(out, *(const double *)o->to);
		break;
	case LEP_OPT_TEXT:
		lep_buf_addc(out, ' ');
		lep_quote(out, *(const char *const *)o->to);
		break;
	case LEP_OPT_CHOICE:
		lep_buf_addf(out, " %s", o->choices[*(const int *)o->to]);
		break;
	case LEP_OPT_FLAG:
	case LEP_OPT_COUNT:
	case LEP_OPT_LIST:
		break;
	}
}

static void add_option(struct lep_buf *out, const struct lep_option *o)
{
	const struct lep_list *l = o->to;
	int times = o->kind == LEP_OPT_COUNT ? *(const int *)o->to : 1;
	size_t i;

	for (i = 0; o->kind == LEP_OPT_LIST && i < l->n; i++) {
		lep_buf_addf(out, " --%s ", o->name);
		lep_quote(out, l->item[i]);
	}
	for (; o->kind != LEP_OPT_LIST && times > 0; times--) {
		lep_buf_addf(out, " --%s", o->name);
		add_value(out, o);
	}
}

void lep_provenance(const struct lep_operands *ops, enum lep_provenance_mode mode, struct lep_buf *out)
{
	const struct lep_program *p = ops->program;
	size_t i;
	int a;

	if (mode == LEP_PROVENANCE_NONE)
		return;
	lep_buf_addf(out, "%s %s", p->name, LEP_VERSION);
	for (i = 0; i < p->noptions; i++)
		if (ops->given[i] && (p->options[i].flags & LEP_OPT_RESULT))
			add_option(out, &p->options[i]);
	if (mode != LEP_PROVENANCE_FULL)
		return;
	lep_buf_addf(out, " # %s", p->name);
	for (a = 1; a < ops->argc; a++) {
		lep_buf_addc(out, ' ');
		lep_quote(out, ops->argv[a]);
	}
}
