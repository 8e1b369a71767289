/* Optimisers: a table of what they are called and take; the arithmetic is the kernels'. */
#include "nn/optim.h"

#include <math.h>
#include <string.h>

#include "base/math.h"
#include "base/text.h"
#include "nn/words.h"

/* One step: the kernel and the members of struct lep_step that it looks at. */
typedef void step_fn(const struct lep_kernels *k, const struct lep_optim *o, struct lep_step *s,
	int64_t t, const struct lep_optim_range *r);

static void sgd(const struct lep_kernels *k, const struct lep_optim *o, struct lep_step *s,
	int64_t t, const struct lep_optim_range *r)
{
	(void)t;
	s->mu = (lep_real)o->momentum;
	s->nesterov = o->kind == LEP_OPTIM_NESTEROV;
	k->sgd(s, r->w, r->g, o->kind == LEP_OPTIM_SGD ? NULL : r->state[0], r->n);
}

static void adam(const struct lep_kernels *k, const struct lep_optim *o, struct lep_step *s,
	int64_t t, const struct lep_optim_range *r)
{
	s->mu = (lep_real)o->beta1;
	s->beta2 = (lep_real)o->beta2;
	s->eps = (lep_real)o->eps;
	/* of the rounded betas, which are those that m and v are made with */
	s->correct1 = 1 - lep_pow_int((double)s->mu, t);
	s->correct2 = 1 - lep_pow_int((double)s->beta2, t);
	s->decoupled = o->kind == LEP_OPTIM_ADAMW;
	k->adam(s, r->w, r->g, r->state[0], r->state[1], r->n);
}

static void rmsprop(const struct lep_kernels *k, const struct lep_optim *o, struct lep_step *s,
	int64_t t, const struct lep_optim_range *r)
{
	(void)t;
	s->mu = (lep_real)o->alpha;
	s->eps = (lep_real)o->eps;
	k->rmsprop(s, r->w, r->g, r->state[0], r->n);
}

static const struct optim_row {
	const char *name;
	step_fn *step;
	int states;
	const char *state[LEP_OPTIM_STATES];
	struct lep_optim defaults;
} table[] = {
	[LEP_OPTIM_SGD] = {"sgd", sgd, 0, {NULL}, {.lr = 0.01}},
	[LEP_OPTIM_MOMENTUM] = {"momentum", sgd, 1, {"v"}, {.lr = 0.01, .momentum = 0.9}},
	[LEP_OPTIM_NESTEROV] = {"nesterov", sgd, 1, {"v"}, {.lr = 0.01, .momentum = 0.9}},
	[LEP_OPTIM_ADAM] = {"adam", adam, 2, {"m", "v"},
		{.lr = 0.001, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}},
	[LEP_OPTIM_ADAMW] = {"adamw", adam, 2, {"m", "v"},
		{.lr = 0.001, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 0.01}},
	[LEP_OPTIM_RMSPROP] = {"rmsprop", rmsprop, 1, {"v"},
		{.lr = 0.001, .alpha = 0.9, .eps = 1e-8}},
};
_Static_assert(sizeof(table) / sizeof(*table) == LEP_OPTIM_COUNT, "one row an optimiser");

/* The numbers of an optimiser. A kind has those whose default is not 0, and
 * every kind lr and decay. */
static const struct number_row {
	const char *name;
	size_t offset;
	int common;
	double low, high;
	int below;             /* high itself is too much */
	const char *range;
} numbers[] = {
	{"lr", offsetof(struct lep_optim, lr), 1, 0, 1e6, 0, "0 to 1e6"},
	{"decay", offsetof(struct lep_optim, decay), 1, 0, 1e6, 0, "0 to 1e6"},
	{"momentum", offsetof(struct lep_optim, momentum), 0, 0, 1, 1, "0 to below 1"},
	{"beta1", offsetof(struct lep_optim, beta1), 0, 0, 1, 1, "0 to below 1"},
	{"beta2", offsetof(struct lep_optim, beta2), 0, 0, 1, 1, "0 to below 1"},
	{"alpha", offsetof(struct lep_optim, alpha), 0, 0, 1, 1, "0 to below 1"},
	{"eps", offsetof(struct lep_optim, eps), 0, 1e-30, 1, 0, "1e-30 to 1"},
};
#define NUMBERS (sizeof(numbers) / sizeof(*numbers))

static double value_of(const struct lep_optim *o, const struct number_row *r)
{
	return *(const double *)(const void *)((const char *)o + r->offset);
}

static int kind_has(enum lep_optim_kind kind, const struct number_row *r)
{
	return r->common || value_of(&table[kind].defaults, r) > 0;
}

static int in_range(const struct number_row *r, double v)
{
	return v >= r->low && (r->below ? v < r->high : v <= r->high);
}

const char *lep_optim_name(int kind)
{
	return kind >= 0 && kind < LEP_OPTIM_COUNT ? table[kind].name : NULL;
}

int lep_optim_state_count(enum lep_optim_kind kind)
{
	return table[kind].states;
}

const char *lep_optim_state_name(enum lep_optim_kind kind, int i)
{
	return table[kind].state[i];
}

void lep_optim_init(struct lep_optim *o, enum lep_optim_kind kind)
{
	*o = table[kind].defaults;
	o->kind = kind;
}

static int find_kind(const char *s, size_t len)
{
	for (int i = 0; i < LEP_OPTIM_COUNT; i++)
		if (lep_words_is(s, len, table[i].name))
			return i;
	return -1;
}

/* Appends the names that a person may have meant. */
static void list_kinds(struct lep_buf *b)
{
	for (int i = 0; i < LEP_OPTIM_COUNT; i++)
		lep_buf_addf(b, "%s%s", i ? ", " : "", table[i].name);
}

static void list_numbers(struct lep_buf *b, enum lep_optim_kind kind)
{
	const char *sep = "";

	for (size_t i = 0; i < NUMBERS; i++) {
		if (!kind_has(kind, &numbers[i]))
			continue;
		lep_buf_addf(b, "%s%s", sep, numbers[i].name);
		sep = ", ";
	}
}

static int fail_unknown(struct lep_error *e, const char *s, size_t len, struct lep_buf *known)
{
	int status = lep_fail(e, LEP_ERR_USAGE, "'%.*s' is unknown; there are %s", (int)len, s,
		known->data ? known->data : "");

	lep_buf_release(known);
	return status;
}

static int parse_number(struct lep_optim *o, const char *s, size_t len, struct lep_error *e)
{
	const char *equals = memchr(s, '=', len);
	const size_t name = equals ? (size_t)(equals - s) : len;
	struct lep_buf known = {0};

	for (size_t i = 0; i < NUMBERS; i++) {
		const struct number_row *r = &numbers[i];
		double v;

		if (!kind_has(o->kind, r) || !lep_words_is(s, name, r->name))
			continue;
		if (!equals || !lep_words_number(equals + 1, len - name - 1, &v) || !in_range(r, v))
			return lep_fail(e, LEP_ERR_USAGE, "'%.*s': %s needs a number from %s",
				(int)len, s, r->name, r->range);
		*(double *)(void *)((char *)o + r->offset) = v;
		return 0;
	}
	list_numbers(&known, o->kind);
	return fail_unknown(e, s, name, &known);
}

int lep_optim_parse(struct lep_optim *o, const char *text, struct lep_error *e)
{
	struct lep_optim made;
	struct lep_buf known = {0};
	const char *rest;
	size_t len;
	int kind, status;

	text = lep_words_part(text, ':', &len, &rest);
	kind = find_kind(text, len);
	if (kind < 0) {
		list_kinds(&known);
		return fail_unknown(e, text, len, &known);
	}
	lep_optim_init(&made, (enum lep_optim_kind)kind);
	while (rest) {
		const char *s = lep_words_part(rest, ',', &len, &rest);

		status = parse_number(&made, s, len, e);
		if (status < 0)
			return lep_fail_at(e, "%s", table[kind].name);
	}
	*o = made;
	return 0;
}

int lep_optim_check(const struct lep_optim *o, struct lep_error *e)
{
	for (size_t i = 0; i < NUMBERS; i++) {
		const struct number_row *r = &numbers[i];

		if (kind_has(o->kind, r) && !in_range(r, value_of(o, r)))
			return lep_fail(e, LEP_ERR_USAGE, "%s: %s is %g, not from %s",
				table[o->kind].name, r->name, value_of(o, r), r->range);
	}
	return 0;
}

void lep_optim_text(struct lep_buf *b, const struct lep_optim *o)
{
	char sep = ':';

	lep_buf_adds(b, table[o->kind].name);
	for (size_t i = 0; i < NUMBERS; i++) {
		if (!kind_has(o->kind, &numbers[i]))
			continue;
		lep_buf_addc(b, sep);
		lep_buf_addf(b, "%s=", numbers[i].name);
		lep_text_number(b, value_of(o, &numbers[i]));
		sep = ',';
	}
}

void lep_optim_step(const struct lep_kernels *k, const struct lep_optim *o, int64_t t, double lr,
	double scale, const struct lep_optim_range *r)
{
	struct lep_step s = {
		.lr = (lep_real)lr,
		.scale = (lep_real)scale,
		.decay = r->decays ? (lep_real)o->decay : 0,
	};

	table[o->kind].step(k, o, &s, t, r);
}

double lep_clip_norm(const struct lep_kernels *k, const lep_real *const *g, const size_t *n,
	size_t arrays)
{
	double sum = 0;

	for (size_t i = 0; i < arrays; i++)
		sum += g[i] ? k->sum_squares(g[i], n[i]) : 0;
	return sqrt(sum);
}

double lep_clip_scale(double norm, double limit)
{
	if (!isfinite(norm))
		return (double)NAN;
	return limit > 0 && norm > limit ? limit / norm : 1;
}

void lep_clip_values(lep_real *g, size_t n, double limit)
{
	const lep_real high = (lep_real)limit, low = -high;

	for (size_t i = 0; i < n; i++) {
		lep_real v = g[i];

		v = v > high ? high : v;
		g[i] = v < low ? low : v;
	}
}

double lep_average_decay(double decay, int64_t t)
{
	const double mean = t > 1 ? (double)(t - 1) / (double)t : 0;

	return mean < decay ? mean : decay;
}

void lep_average_update(const struct lep_kernels *k, lep_real *avg, const lep_real *w, size_t n,
	double d)
{
	/* not scale by 0: what avg held may be NaN */
	if (d <= 0)
		memcpy(avg, w, n * sizeof(*avg));
	else
		k->scale(avg, (lep_real)d, avg, n);
	if (d > 0)
		k->axpy(avg, (lep_real)(1 - d), w, n);
}
