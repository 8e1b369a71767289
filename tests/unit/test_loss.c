/* Losses: gradients against finite differences, mixing, missing targets, checks. */
#include "nn/loss.h"

#include <math.h>
#include <string.h>

#include "check.h"

#define N 7

static const struct lep_kernels *k;
static const lep_real x0[N] = {-1.5f, 0.25f, 3, -0.75f, 0.5f, 1.125f, -2};
static const lep_real t0[N] = {0, 1, 1, 0.25f, 0, 0.5f, 1};
static const double weights[N] = {0.5, 2, 1, 3, 0, 1.5, 0.25};

static const struct grad_case {
	const char *name;
	enum lep_loss_kind kind;
	size_t n;
	double smoothing, delta;
	int weighted, numbers;
	int32_t id, other;
	double share;
} cases[] = {
	{"crossentropy", LEP_LOSS_CROSSENTROPY, N, 0, 1, 0, 0, 2, -1, 1},
	{"crossentropy smoothed", LEP_LOSS_CROSSENTROPY, N, 0.2, 1, 0, 0, 0, -1, 1},
	{"crossentropy weighted", LEP_LOSS_CROSSENTROPY, N, 0, 1, 1, 0, 3, -1, 1},
	{"crossentropy weighted, smoothed", LEP_LOSS_CROSSENTROPY, N, 0.1, 1, 1, 0, 3, -1, 1},
	{"crossentropy mixed", LEP_LOSS_CROSSENTROPY, N, 0, 1, 0, 0, 6, 1, 0.3},
	{"crossentropy mixed, smoothed", LEP_LOSS_CROSSENTROPY, N, 0.1, 1, 0, 0, 6, 1, 0.3},
	{"crossentropy mixed, weighted, smoothed", LEP_LOSS_CROSSENTROPY, N, 0.1, 1, 1, 0, 6, 1, 0.3},
	{"crossentropy mixed with none", LEP_LOSS_CROSSENTROPY, N, 0, 1, 0, 0, 6, -1, 0.3},
	{"crossentropy, one class", LEP_LOSS_CROSSENTROPY, 1, 0, 1, 0, 0, 0, -1, 1},
	{"binary, a class", LEP_LOSS_BINARY_CROSSENTROPY, 1, 0, 1, 0, 0, 1, -1, 1},
	{"binary, a class, weighted", LEP_LOSS_BINARY_CROSSENTROPY, 1, 0, 1, 1, 0, 0, -1, 1},
	{"binary, mixed, weighted", LEP_LOSS_BINARY_CROSSENTROPY, 1, 0.1, 1, 1, 0, 1, 0, 0.7},
	{"binary, numbers", LEP_LOSS_BINARY_CROSSENTROPY, N, 0.1, 1, 0, 1, -1, -1, 1},
	{"mse", LEP_LOSS_MSE, N, 0, 1, 0, 1, -1, -1, 1},
	{"mae", LEP_LOSS_MAE, N, 0, 1, 0, 1, -1, -1, 1},
	{"huber", LEP_LOSS_HUBER, N, 0, 0.6, 0, 1, -1, -1, 1},
};

static void gradient(const struct grad_case *c)
{
	struct lep_target t = {c->numbers ? t0 : NULL, c->id, c->other, c->share};
	struct lep_loss l;
	lep_real x[N], grad[N];
	double loss, most = 0;

	lep_loss_init(&l, c->kind);
	l.smoothing = c->smoothing;
	l.delta = c->delta;
	if (c->weighted) {
		l.class_weight = weights;
		l.classes = c->n == 1 ? 2 : c->n;
	}
	memcpy(x, x0, sizeof(x));
	loss = lep_loss_sample(k, &l, grad, x, c->n, &t, 1);
	CHECK(loss >= 0);
	CHECK(loss == lep_loss_sample(k, &l, NULL, x, c->n, &t, 1));
	for (size_t i = 0; i < c->n; i++)
		most = fabs((double)grad[i]) > most ? fabs((double)grad[i]) : most;
	CHECK(c->n == 1 || most > 0);
	for (size_t i = 0; i < c->n; i++) {
		const lep_real h = 0x1p-8f;
		double up, down, d;

		x[i] = x0[i] + h;
		up = lep_loss_sample(k, &l, NULL, x, c->n, &t, 1);
		x[i] = x0[i] - h;
		down = lep_loss_sample(k, &l, NULL, x, c->n, &t, 1);
		x[i] = x0[i];
		d = (up - down) / (2 * (double)h);
		CHECKF(fabs(d - (double)grad[i]) <= 1e-4, "element %zu: %g, not %g", i,
			(double)grad[i], d);
	}
}

static void scaled(void)
{
	struct lep_loss l;
	struct lep_target t = lep_target_class(2);
	lep_real one[N], third[N];

	lep_loss_init(&l, LEP_LOSS_CROSSENTROPY);
	lep_loss_sample(k, &l, one, x0, N, &t, 1);
	lep_loss_sample(k, &l, third, x0, N, &t, 0.25);
	for (size_t i = 0; i < N; i++)
		CHECK(fabs((double)third[i] - (double)one[i] / 4) < 1e-7);
}

/* Mixing a class with itself is that class, and with share 1 nothing is mixed. */
static void mixed_with_itself(void)
{
	struct lep_loss l;
	struct lep_target plain = lep_target_class(4), same = {NULL, 4, 4, 0.25}, all = {NULL, 4, 1, 1};
	lep_real a[N], b[N];
	double la, lb;

	lep_loss_init(&l, LEP_LOSS_CROSSENTROPY);
	l.smoothing = 0.1;
	la = lep_loss_sample(k, &l, a, x0, N, &plain, 1);
	lb = lep_loss_sample(k, &l, b, x0, N, &same, 1);
	CHECK(fabs(la - lb) < 1e-6);
	for (size_t i = 0; i < N; i++)
		CHECK(fabs((double)a[i] - (double)b[i]) < 1e-6);
	CHECK(lep_loss_sample(k, &l, b, x0, N, &all, 1) == la);
	CHECK(memcmp(a, b, sizeof(a)) == 0);
}

static void missing(void)
{
	struct lep_target t[4] = {lep_target_class(2), lep_target_class(-1), {NULL, -1, 3, 0.25},
		lep_target_class(1)};
	lep_real grad[N];

	for (int kind = 0; kind < LEP_LOSS_COUNT; kind++) {
		struct lep_loss l;

		lep_loss_init(&l, (enum lep_loss_kind)kind);
		memset(grad, 1, sizeof(grad));
		CHECK(lep_loss_sample(k, &l, grad, x0, N, &t[1], 1) == 0);
		for (size_t i = 0; i < N; i++)
			CHECK(grad[i] == 0);
		CHECK(lep_loss_weight(&l, N, &t[1]) == 0);
	}
	struct lep_loss l;

	lep_loss_init(&l, LEP_LOSS_CROSSENTROPY);
	CHECK(lep_loss_denominator(&l, N, t, 4) == 2.75);
	CHECK(lep_loss_denominator(&l, N, t + 1, 1) == 0);
	l.class_weight = weights;
	l.classes = N;
	CHECK(lep_loss_denominator(&l, N, t, 4) == 1 + 0.75 * 3 + 2);
	lep_loss_init(&l, LEP_LOSS_MSE);
	t[0] = t[1] = lep_target_values(t0);
	CHECK(lep_loss_denominator(&l, N, t, 2) == 2 * N);
}

static void large_logits(void)
{
	const lep_real far[3] = {1e4f, -1e4f, 0}, bad[3] = {0, (lep_real)NAN, 1}, inf[3] = {0, 1, (lep_real)INFINITY};
	struct lep_target t = lep_target_class(1);
	struct lep_loss l;
	lep_real grad[3];

	lep_loss_init(&l, LEP_LOSS_CROSSENTROPY);
	CHECK(lep_loss_sample(k, &l, grad, far, 3, &t, 1) == 2e4);
	CHECK(grad[0] == 1 && grad[1] == -1 && grad[2] == 0);
	CHECK(!isfinite(lep_loss_sample(k, &l, grad, bad, 3, &t, 1)));
	CHECK(!isfinite(lep_loss_sample(k, &l, grad, inf, 3, &t, 1)));
	t.share = 0.5;
	CHECK(!isfinite(lep_loss_sample(k, &l, grad, bad, 3, &t, 1)));
	CHECK(!isfinite(lep_loss_sample(k, &l, grad, inf, 3, &t, 1)));
	t = lep_target_class(0);
	lep_loss_init(&l, LEP_LOSS_BINARY_CROSSENTROPY);
	CHECK(lep_loss_sample(k, &l, grad, far, 1, &t, 1) == 1e4);
	CHECK(lep_loss_sample(k, &l, grad, far + 1, 1, &t, 1) == 0);
	for (int kind = LEP_LOSS_BINARY_CROSSENTROPY; kind < LEP_LOSS_COUNT; kind++) {
		struct lep_target v = lep_target_values(t0);

		lep_loss_init(&l, (enum lep_loss_kind)kind);
		CHECK(!isfinite(lep_loss_sample(k, &l, grad, bad, 3, &v, 1)));
		CHECK(!isfinite(lep_loss_sample(k, &l, grad, inf, 3, &v, 1)));
	}
}

static void out_of_range(void)
{
	struct lep_target t = lep_target_class(N), mixed = {NULL, 0, N, 0.5}, two = lep_target_class(2);
	struct lep_loss l;
	lep_real grad[N];

	lep_loss_init(&l, LEP_LOSS_CROSSENTROPY);
	CHECK(isnan(lep_loss_sample(k, &l, grad, x0, N, &t, 1)));
	CHECK(isnan(lep_loss_sample(k, &l, grad, x0, N, &mixed, 1)));
	lep_loss_init(&l, LEP_LOSS_BINARY_CROSSENTROPY);
	CHECK(isnan(lep_loss_sample(k, &l, grad, x0, 1, &two, 1)));
}

static void names(void)
{
	for (int i = 0; i < LEP_LOSS_COUNT; i++)
		CHECK(lep_loss_parse(lep_loss_name(i)) == i);
	CHECK(lep_loss_parse("cross") == -1 && lep_loss_parse("") == -1);
	CHECK(!lep_loss_name(-1) && !lep_loss_name(LEP_LOSS_COUNT));
	CHECK(lep_loss_undoes(LEP_LOSS_CROSSENTROPY, "softmax"));
	CHECK(!lep_loss_undoes(LEP_LOSS_CROSSENTROPY, "sigmoid"));
	CHECK(!lep_loss_undoes(LEP_LOSS_CROSSENTROPY, NULL) && !lep_loss_undoes(LEP_LOSS_MSE, "softmax"));
	CHECK(lep_loss_default(10, 10, "softmax") == LEP_LOSS_CROSSENTROPY);
	CHECK(lep_loss_default(1, 2, NULL) == LEP_LOSS_BINARY_CROSSENTROPY);
	CHECK(lep_loss_default(3, 0, "sigmoid") == LEP_LOSS_BINARY_CROSSENTROPY);
	CHECK(lep_loss_default(1, 0, NULL) == LEP_LOSS_MSE);
}

static const struct check_case {
	const char *text;
	enum lep_loss_kind kind;
	size_t n, classes, numbers;
	double smoothing, delta;
	const double *weight;
	size_t nweight;
} checks[] = {
	{NULL, LEP_LOSS_CROSSENTROPY, 7, 7, 0, 0.1, 1, weights, 7},
	{NULL, LEP_LOSS_BINARY_CROSSENTROPY, 1, 2, 0, 0, 1, weights, 2},
	{NULL, LEP_LOSS_BINARY_CROSSENTROPY, 4, 0, 4, 0, 1, NULL, 0},
	{NULL, LEP_LOSS_HUBER, 3, 0, 3, 0, 2, NULL, 0},
	{"crossentropy: the target is numbers, and this loss learns classes",
		LEP_LOSS_CROSSENTROPY, 3, 0, 3, 0, 1, NULL, 0},
	{"crossentropy: 9 outputs for 10 classes", LEP_LOSS_CROSSENTROPY, 9, 10, 0, 0, 1, NULL, 0},
	{"mse: the target is classes, and this loss learns numbers", LEP_LOSS_MSE, 3, 3, 0, 0, 1, NULL, 0},
	{"mae: 2 outputs for a target of 3 numbers", LEP_LOSS_MAE, 2, 0, 3, 0, 1, NULL, 0},
	{"binary_crossentropy: outputs: 1, classes: 3; it needs one output and two classes",
		LEP_LOSS_BINARY_CROSSENTROPY, 1, 3, 0, 0, 1, NULL, 0},
	{"mse: label smoothing is for cross-entropies", LEP_LOSS_MSE, 2, 0, 2, 0.1, 1, NULL, 0},
	{"crossentropy: label smoothing 1 is not from 0 to below 1", LEP_LOSS_CROSSENTROPY, 2, 2, 0, 1, 1,
		NULL, 0},
	{"crossentropy: label smoothing nan is not from 0 to below 1", LEP_LOSS_CROSSENTROPY, 2, 2, 0,
		(double)NAN, 1, NULL, 0},
	{"huber: delta 0 is not above 0", LEP_LOSS_HUBER, 2, 0, 2, 0, 0, NULL, 0},
	{"crossentropy: 6 class weights for 7 classes", LEP_LOSS_CROSSENTROPY, 7, 7, 0, 0, 1, weights, 6},
	{"mse: class weights need a target of classes", LEP_LOSS_MSE, 2, 0, 2, 0, 1, weights, 2},
	{"crossentropy: all class weights are 0", LEP_LOSS_CROSSENTROPY, 1, 1, 0, 0, 1, weights + 4, 1},
};

static void check(const struct check_case *c)
{
	struct lep_loss l = {c->kind, c->smoothing, c->weight, c->nweight, c->delta};
	struct lep_error e = {0};
	int status = lep_loss_check(&l, c->n, c->classes, c->numbers, &e);

	if (c->text)
		CHECKF(status == LEP_ERR_USAGE && strcmp(e.text, c->text) == 0, "%s", e.text);
	else
		CHECKF(status == 0, "%s", e.text);
}

int main(void)
{
	k = lep_kernels_select(NULL, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK_CASE(cases[i].name, gradient(&cases[i]));
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		CHECK_CASE(checks[i].text ? checks[i].text : "a loss that fits", check(&checks[i]));
	RUN(scaled);
	RUN(mixed_with_itself);
	RUN(missing);
	RUN(large_logits);
	RUN(out_of_range);
	RUN(names);
	return CHECK_END();
}
