/* Losses against the golden cases: values to 2e-6, gradients to 1e-5 of the largest. */
#include "nn/loss.h"

#include "../unit/check.h"
#include "golden_load.h"

static const struct golden_case {
	const char *name;
	enum lep_loss_kind kind;
	double smoothing;
	int ids;
	int weights;
} cases[] = {
	{"loss_crossentropy", LEP_LOSS_CROSSENTROPY, 0, 1, 0},
	{"loss_crossentropy_smooth", LEP_LOSS_CROSSENTROPY, 0.1, 1, 0},
	{"loss_crossentropy_weighted", LEP_LOSS_CROSSENTROPY, 0, 1, 1},
	{"loss_binary_crossentropy", LEP_LOSS_BINARY_CROSSENTROPY, 0, 0, 0},
	{"loss_mse", LEP_LOSS_MSE, 0, 0, 0},
	{"loss_mae", LEP_LOSS_MAE, 0, 0, 0},
	{"loss_huber", LEP_LOSS_HUBER, 0, 0, 0},
};

#define ROWS 6
#define COLS 9

static void run_case(const struct golden_case *c, const struct lep_kernels *k)
{
	size_t nx, nt, nw = 0, nl, nd;
	double *x = golden_load(c->name, "x", &nx), *t = golden_load(c->name, "target", &nt);
	double *w = c->weights ? golden_load(c->name, "weight", &nw) : NULL;
	double *loss = golden_load(c->name, "loss", &nl), *dx = golden_load(c->name, "dx", &nd);
	lep_real xr[ROWS * COLS], tr[ROWS * COLS], grad[ROWS * COLS];
	struct lep_target target[ROWS];
	struct lep_loss l;
	double den, sum = 0, got[ROWS * COLS], d;

	CHECK(nx == ROWS * COLS && nd == nx && nl == 1 && nt == (c->ids ? ROWS : ROWS * COLS));
	lep_loss_init(&l, c->kind);
	l.smoothing = c->smoothing;
	l.class_weight = w;
	l.classes = nw;
	CHECK(lep_loss_check(&l, COLS, c->ids ? COLS : 0, c->ids ? 0 : COLS, NULL) == 0);
	for (size_t i = 0; i < ROWS * COLS; i++) {
		xr[i] = (lep_real)x[i];
		tr[i] = c->ids ? 0 : (lep_real)t[i];
	}
	for (size_t i = 0; i < ROWS; i++)
		target[i] = c->ids ? lep_target_class((int32_t)t[i]) : lep_target_values(tr + i * COLS);
	den = lep_loss_denominator(&l, COLS, target, ROWS);
	for (size_t i = 0; i < ROWS; i++)
		sum += lep_loss_sample(k, &l, grad + i * COLS, xr + i * COLS, COLS, &target[i], 1 / den);
	sum /= den;
	for (size_t i = 0; i < ROWS * COLS; i++)
		got[i] = (double)grad[i];
	d = golden_distance(&sum, loss, 1);
	CHECKF(d <= 2e-6, "loss %.9g, not %.9g", sum, loss[0]);
	d = golden_distance(got, dx, nd);
	CHECKF(d <= 1e-5, "gradient off by %g", d);
	lep_free(x);
	lep_free(t);
	lep_free(w);
	lep_free(loss);
	lep_free(dx);
}

int main(void)
{
	const struct lep_kernels *k = lep_kernels_select(NULL, NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!golden_present()) {
			CHECK_SKIP(cases[i].name, "no golden cases");
			continue;
		}
		CHECK_CASE(cases[i].name, run_case(&cases[i], k));
	}
	return CHECK_END();
}
