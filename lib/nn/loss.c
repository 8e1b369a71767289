/* Losses: one row of the table each. */
#include "nn/loss.h"

#include <math.h>
#include <string.h>

#include "base/math.h"

struct loss_row {
	const char *name;
	const char *undoes;    /* the final layer whose input it takes, or NULL */
	/* value and derivative at one element; NULL: crossentropy, whose mean is
	 * over samples, not elements */
	double (*element)(const struct lep_loss *l, double x, double t, double *d);
};

static double binary(const struct lep_loss *l, double x, double t, double *d)
{
	const double e = lep_exp(x < 0 ? x : -x);

	(void)l;
	*d = (x < 0 ? e : 1) / (1 + e) - t;
	return (x > 0 ? x : 0) - x * t + lep_log(1 + e);
}

static double mse(const struct lep_loss *l, double x, double t, double *d)
{
	const double diff = x - t;

	(void)l;
	*d = 2 * diff;
	return diff * diff;
}

static double mae(const struct lep_loss *l, double x, double t, double *d)
{
	const double diff = x - t;

	(void)l;
	*d = diff > 0 ? 1 : diff < 0 ? -1 : diff; /* NaN stays */
	return fabs(diff);
}

static double huber(const struct lep_loss *l, double x, double t, double *d)
{
	const double diff = x - t, size = fabs(diff);

	*d = size > l->delta ? (diff > 0 ? l->delta : -l->delta) : diff;
	return size > l->delta ? l->delta * (size - l->delta / 2) : diff * diff / 2;
}

static const struct loss_row table[] = {
	[LEP_LOSS_CROSSENTROPY] = {"crossentropy", "softmax", NULL},
	[LEP_LOSS_BINARY_CROSSENTROPY] = {"binary_crossentropy", "sigmoid", binary},
	[LEP_LOSS_MSE] = {"mse", NULL, mse},
	[LEP_LOSS_MAE] = {"mae", NULL, mae},
	[LEP_LOSS_HUBER] = {"huber", NULL, huber},
};
_Static_assert(sizeof(table) / sizeof(*table) == LEP_LOSS_COUNT, "one row a loss");

const char *lep_loss_name(int kind)
{
	return kind >= 0 && kind < LEP_LOSS_COUNT ? table[kind].name : NULL;
}

int lep_loss_parse(const char *name)
{
	for (int i = 0; i < LEP_LOSS_COUNT; i++)
		if (strcmp(name, table[i].name) == 0)
			return i;
	return -1;
}

int lep_loss_undoes(enum lep_loss_kind kind, const char *final)
{
	return final && table[kind].undoes && strcmp(final, table[kind].undoes) == 0;
}

void lep_loss_init(struct lep_loss *l, enum lep_loss_kind kind)
{
	*l = (struct lep_loss){.kind = kind, .delta = 1};
}

enum lep_loss_kind lep_loss_default(size_t n, size_t classes, const char *final)
{
	if (classes)
		return n == 1 ? LEP_LOSS_BINARY_CROSSENTROPY : LEP_LOSS_CROSSENTROPY;
	return lep_loss_undoes(LEP_LOSS_BINARY_CROSSENTROPY, final) ?
		LEP_LOSS_BINARY_CROSSENTROPY : LEP_LOSS_MSE;
}

static int check_options(const struct lep_loss *l, size_t classes, struct lep_error *e)
{
	const char *name = table[l->kind].name;
	const int cross = table[l->kind].undoes != NULL;
	double sum = 0;

	if (!(l->smoothing >= 0 && l->smoothing < 1))
		return lep_fail(e, LEP_ERR_USAGE, "%s: label smoothing %g is not from 0 to below 1",
			name, l->smoothing);
	if (l->smoothing > 0 && !cross)
		return lep_fail(e, LEP_ERR_USAGE, "%s: label smoothing is for cross-entropies", name);
	if (l->kind == LEP_LOSS_HUBER && !(l->delta > 0 && l->delta <= 1e30))
		return lep_fail(e, LEP_ERR_USAGE, "%s: delta %g is not above 0", name, l->delta);
	if (!l->class_weight)
		return 0;
	if (!cross || !classes)
		return lep_fail(e, LEP_ERR_USAGE, "%s: class weights need a target of classes", name);
	if (l->classes != classes)
		return lep_fail(e, LEP_ERR_USAGE, "%s: %zu class weights for %zu classes", name,
			l->classes, classes);
	for (size_t i = 0; i < classes; i++) {
		if (!(l->class_weight[i] >= 0 && l->class_weight[i] <= 1e30))
			return lep_fail(e, LEP_ERR_USAGE, "%s: class weight %g is not at least 0", name,
				l->class_weight[i]);
		sum += l->class_weight[i];
	}
	if (!(sum > 0))
		return lep_fail(e, LEP_ERR_USAGE, "%s: all class weights are 0", name);
	return 0;
}

int lep_loss_check(const struct lep_loss *l, size_t n, size_t classes, size_t numbers,
	struct lep_error *e)
{
	const char *name = lep_loss_name((int)l->kind);

	if (!name)
		return lep_fail(e, LEP_ERR_USAGE, "loss number %d is none", (int)l->kind);
	if (l->kind == LEP_LOSS_CROSSENTROPY) {
		if (!classes)
			return lep_fail(e, LEP_ERR_USAGE,
				"%s: the target is numbers, and this loss learns classes", name);
		if (n != classes)
			return lep_fail(e, LEP_ERR_USAGE, "%s: %zu outputs for %zu classes", name, n,
				classes);
	} else if (classes) {
		if (l->kind != LEP_LOSS_BINARY_CROSSENTROPY)
			return lep_fail(e, LEP_ERR_USAGE,
				"%s: the target is classes, and this loss learns numbers", name);
		if (classes != 2 || n != 1)
			return lep_fail(e, LEP_ERR_USAGE,
				"%s: outputs: %zu, classes: %zu; it needs one output and two classes",
				name, n, classes);
	} else if (n != numbers) {
		return lep_fail(e, LEP_ERR_USAGE, "%s: %zu outputs for a target of %zu numbers", name,
			n, numbers);
	}
	return check_options(l, classes, e);
}

/* The weight of class id, 0 for none. */
static double class_weight(const struct lep_loss *l, int32_t id)
{
	if (id < 0)
		return 0;
	if (!l->class_weight)
		return 1;
	return (size_t)id < l->classes ? l->class_weight[id] : (double)NAN;
}

/* The weights of the two shares of a target of classes, 0 where there is none. */
struct shares {
	double first, second;
};

static struct shares shares(const struct lep_loss *l, const struct lep_target *t)
{
	return (struct shares){
		.first = t->share > 0 ? t->share * class_weight(l, t->id) : 0,
		.second = t->share < 1 ? (1 - t->share) * class_weight(l, t->other) : 0,
	};
}

double lep_loss_weight(const struct lep_loss *l, size_t n, const struct lep_target *t)
{
	const double each = table[l->kind].element ? (double)n : 1;
	struct shares s;

	if (t->values)
		return each;
	s = shares(l, t);
	return each * (s.first + s.second);
}

double lep_loss_denominator(const struct lep_loss *l, size_t n, const struct lep_target *t,
	size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += lep_loss_weight(l, n, &t[i]);
	return sum;
}

/* value (0 or NaN) as loss and as every element of the gradient */
static double all(lep_real *grad, size_t n, double value)
{
	for (size_t i = 0; grad && i < n; i++)
		grad[i] = (lep_real)value;
	return value;
}

/*
 * The general case, mixed, weighted and smoothed: t_c = w_c ((1 - s) q_c + s / n),
 * q the shares of the two classes. All in double: it is rare enough.
 */
static double mixed(const struct lep_kernels *k, const struct lep_loss *l, lep_real *grad,
	const lep_real *x, size_t n, const struct lep_target *t, double scale)
{
	const double max = (double)k->max(x, n);
	const double q = t->id < 0 ? 0 : t->share, r = t->other < 0 ? 0 : 1 - t->share;
	const double smooth = l->smoothing * (q + r) / (double)n;
	double sum = 0, total = 0, dot = 0;

	for (size_t i = 0; i < n; i++) {
		double share = smooth;

		sum += lep_exp((double)x[i] - max);
		if ((int32_t)i == t->id)
			share += (1 - l->smoothing) * q;
		if ((int32_t)i == t->other)
			share += (1 - l->smoothing) * r;
		share *= class_weight(l, (int32_t)i);
		total += share;
		/* 0 times an infinite distance is no NaN here */
		dot += share > 0 ? share * ((double)x[i] - max) : 0;
		if (grad)
			grad[i] = (lep_real)(scale * share);
	}
	for (size_t i = 0; grad && i < n; i++)
		grad[i] = (lep_real)(scale * total * lep_exp((double)x[i] - max) / sum -
			(double)grad[i]);
	return total * lep_log(sum) - dot;
}

static double crossentropy(const struct lep_kernels *k, const struct lep_loss *l, lep_real *grad,
	const lep_real *x, size_t n, const struct lep_target *t, double scale)
{
	double w;

	if ((t->id >= 0 && (size_t)t->id >= n) || (t->other >= 0 && (size_t)t->other >= n) ||
		(l->class_weight && l->classes < n))
		return all(grad, n, (double)NAN);
	if (t->share < 1 || (l->class_weight && l->smoothing > 0))
		return mixed(k, l, grad, x, n, t, scale);
	w = class_weight(l, t->id);
	return w * k->cross_entropy(grad, x, n, NULL, (size_t)t->id, l->smoothing, scale * w);
}

double lep_loss_sample(const struct lep_kernels *k, const struct lep_loss *l, lep_real *grad,
	const lep_real *x, size_t n, const struct lep_target *t, double scale)
{
	const struct loss_row *row = &table[l->kind];
	double sum = 0, weight = 1, one = 0;

	if (!t->values) {
		const struct shares s = shares(l, t);

		if ((t->id < 0 || t->share <= 0) && (t->other < 0 || t->share >= 1))
			return all(grad, n, 0);
		if (!row->element)
			return crossentropy(k, l, grad, x, n, t, scale);
		if (t->id > 1 || t->other > 1)
			return all(grad, n, (double)NAN);
		/* the two shares, each with its class's weight, as one number */
		weight = s.first + s.second;
		if (weight <= 0)
			return all(grad, n, 0);
		one = ((t->id == 1 ? s.first : 0) + (t->other == 1 ? s.second : 0)) / weight;
	} else if (!row->element) {
		return all(grad, n, (double)NAN);
	}
	for (size_t i = 0; i < n; i++) {
		double target = t->values ? (double)t->values[i] : one, d;

		if (row->undoes)
			target = (1 - l->smoothing) * target + l->smoothing / 2;
		sum += row->element(l, (double)x[i], target, &d);
		if (grad)
			grad[i] = (lep_real)(scale * weight * d);
	}
	return weight * sum;
}
