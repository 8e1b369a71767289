/*
 * batchnorm (Ioffe and Szegedy 2015) per channel over batch, height and width,
 * running = 0.9 running + 0.1 batch with the unbiased variance; layernorm (Ba,
 * Kiros, Hinton 2016) over the last axis. Both with eps = 1e-5.
 */
#include <math.h>
#include <string.h>

#include "nn/layers.h"

#define EPS 1e-5
#define MOMENTUM 0.1

enum { GAMMA, BETA, MEAN, VARIANCE };

/* ---- batchnorm ---- */

struct batchnorm {
	size_t rows, c;           /* of one sample, or a row of a sequence */
	int relu;
	lep_real *scale, *shift;  /* in use: from the running statistics; one allocation */
};

struct state {
	double *sums;             /* [LEP_BLOCKS][2][c] */
	lep_real *mean, *inv, *scale, *shift, *mean_dy, *mean_dot; /* [c] each */
};

static void state_free(void *p)
{
	struct state *s = p;

	lep_free(s->sums);
	lep_free(s->mean);
	lep_free(s);
}

static int state_new(const struct lep_op *op, struct lep_exec *x, void **out)
{
	const struct batchnorm *a = op->attr;
	size_t c = lep_round_up(a->c, 16);
	struct state *s;

	if (!x->training)
		return 0;
	*out = s = lep_alloc(1, sizeof(*s));
	if (!s)
		return LEP_ERR_NOMEM;
	s->sums = lep_alloc(LEP_BLOCKS * 2 * a->c, sizeof(*s->sums));
	s->mean = lep_alloc(6 * c, sizeof(*s->mean));
	if (!s->sums || !s->mean)
		return LEP_ERR_NOMEM;
	s->inv = s->mean + c;
	s->scale = s->mean + 2 * c;
	s->shift = s->mean + 3 * c;
	s->mean_dy = s->mean + 4 * c;
	s->mean_dot = s->mean + 5 * c;
	return 0;
}

/* The blocks' sums into the first one's, in order. */
static void sum_blocks(struct state *s, size_t c, size_t count)
{
	size_t blocks = count < LEP_BLOCKS ? count : LEP_BLOCKS;

	for (size_t b = 1; b < blocks; b++)
		for (size_t i = 0; i < 2 * c; i++)
			s->sums[i] += s->sums[b * 2 * c + i];
}

static void forward_reduce(const struct lep_op *op, const struct lep_pass *p)
{
	const struct batchnorm *a = op->attr;
	struct state *s = p->x->state[op->number];
	double *sum = s->sums + (size_t)p->block * 2 * a->c;

	memset(sum, 0, 2 * a->c * sizeof(*sum));
	p->x->k->channel_sums(sum, sum + a->c, lep_in(op, p, 0), lep_rows(p, op->out) * a->rows, a->c);
}

static void forward_combine(const struct lep_op *op, struct lep_exec *x, size_t count)
{
	const struct batchnorm *a = op->attr;
	struct state *s = x->state[op->number];
	lep_real *running_mean = lep_weights(op, MEAN), *running_var = lep_weights(op, VARIANCE);
	double n = (double)(lep_row_before(x, op->out, count) * a->rows);

	/* A batch of empty sequences says nothing. */
	if (n < 1)
		return;
	sum_blocks(s, a->c, count);
	for (size_t i = 0; i < a->c; i++) {
		double mean = s->sums[i] / n, var = s->sums[a->c + i] / n - mean * mean;
		double inv;

		var = var > 0 ? var : 0;
		inv = 1 / sqrt(var + EPS);
		s->mean[i] = (lep_real)mean;
		s->inv[i] = (lep_real)inv;
		s->scale[i] = (lep_real)((double)lep_weights(op, GAMMA)[i] * inv);
		s->shift[i] = (lep_real)((double)lep_weights(op, BETA)[i] -
			mean * (double)lep_weights(op, GAMMA)[i] * inv);
		running_mean[i] = (lep_real)((1 - MOMENTUM) * (double)running_mean[i] + MOMENTUM * mean);
		running_var[i] = (lep_real)((1 - MOMENTUM) * (double)running_var[i] +
			MOMENTUM * (n > 1 ? var * n / (n - 1) : var));
	}
}

static void bn_forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct batchnorm *a = op->attr;
	const struct state *s = p->training && lep_op_batchwise(op) ? p->x->state[op->number] : NULL;

	p->x->k->channel_affine(lep_out(op, p), lep_in(op, p, 0), s ? s->scale : a->scale, s ? s->shift : a->shift,
		lep_rows(p, op->out) * a->rows, a->c, a->relu);
}

static void backward_reduce(const struct lep_op *op, const struct lep_pass *p)
{
	const struct batchnorm *a = op->attr;
	const struct state *s = p->x->state[op->number];
	double *sum = s->sums + (size_t)p->block * 2 * a->c;
	lep_real *dy = lep_grad_out(op, p);

	if (a->relu)
		p->x->k->act_backward(LEP_ACT_RELU, 0, dy, dy, NULL, lep_out(op, p), lep_reals_out(op, p), 0);
	memset(sum, 0, 2 * a->c * sizeof(*sum));
	p->x->k->batchnorm_sums(sum, sum + a->c, dy, lep_in(op, p, 0), s->mean, s->inv, lep_rows(p, op->out) * a->rows, a->c);
}

static void backward_combine(const struct lep_op *op, struct lep_exec *x, size_t count)
{
	const struct batchnorm *a = op->attr;
	struct state *s = x->state[op->number];
	double n = (double)(lep_row_before(x, op->out, count) * a->rows);

	sum_blocks(s, a->c, count);
	for (size_t i = 0; i < a->c; i++) {
		lep_op_param(op, BETA)->pub.grad[i] = (lep_real)s->sums[i];
		lep_op_param(op, GAMMA)->pub.grad[i] = (lep_real)s->sums[a->c + i];
		s->mean_dy[i] = n > 0 ? (lep_real)(s->sums[i] / n) : 0;
		s->mean_dot[i] = n > 0 ? (lep_real)(s->sums[a->c + i] / n) : 0;
	}
}

/* With frozen statistics the layer is a fixed scale. */
static void frozen_backward(const struct lep_op *op, const struct lep_pass *p, lep_real *dy)
{
	const struct batchnorm *a = op->attr;
	size_t rows = lep_rows(p, op->out) * a->rows;

	if (a->relu)
		p->x->k->act_backward(LEP_ACT_RELU, 0, dy, dy, NULL, lep_out(op, p), rows * a->c, 0);
	for (size_t r = 0; r < rows; r++)
		p->x->k->mul(dy + r * a->c, dy + r * a->c, a->scale, a->c);
}

static void bn_backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct batchnorm *a = op->attr;
	const struct state *s = p->x->state[op->number];
	lep_real *dx = lep_grad_in(op, p, 0), *dy = lep_grad_out(op, p);
	size_t n = lep_reals_out(op, p);

	if (!dx)
		return;
	if (!lep_op_batchwise(op))
		frozen_backward(op, p, dy);
	else
		p->x->k->batchnorm_backward(op->accumulate[0] ? dy : dx, dy, lep_in(op, p, 0), s->mean, s->inv,
			s->scale, s->mean_dy, s->mean_dot, lep_rows(p, op->out) * a->rows, a->c);
	if (op->accumulate[0])
		p->x->k->add(dx, dx, dy, n);
	else if (!lep_op_batchwise(op))
		memcpy(dx, dy, n * sizeof(*dx));
}

static void prepare(const struct lep_op *op, int backward_too)
{
	const struct batchnorm *a = op->attr;

	(void)backward_too;
	for (size_t i = 0; i < a->c; i++) {
		double inv = 1 / sqrt((double)lep_weights(op, VARIANCE)[i] + EPS);
		double gamma = (double)lep_weights(op, GAMMA)[i];

		a->scale[i] = (lep_real)(gamma * inv);
		a->shift[i] = (lep_real)((double)lep_weights(op, BETA)[i] -
			(double)lep_weights(op, MEAN)[i] * gamma * inv);
	}
}

static void release(struct lep_op *op)
{
	struct batchnorm *a = op->attr;

	if (a)
		lep_free(a->scale);
}

static int add_batchnorm(struct lep_builder_nn *b, const struct lep_stmt *s, struct batchnorm *a)
{
	static const struct {
		const char *suffix;
		enum lep_init init;
		int trained;
	} params[] = {
		[GAMMA] = {"gamma", LEP_INIT_ONE, 1},
		[BETA] = {"beta", LEP_INIT_ZERO, 1},
		[MEAN] = {"mean", LEP_INIT_ZERO, 0},
		[VARIANCE] = {"variance", LEP_INIT_ONE, 0},
	};
	struct lep_shape out = lep_build_value(b, lep_build_current(b))->shape;
	struct lep_shape each = {.rank = 1, .extent = {(int64_t)a->c}};
	struct lep_op *op = lep_build_op(b, s, &lep_layer_batchnorm, &out, a);

	if (!op)
		return lep_build_status(b);
	op->operations = (uint64_t)a->rows * a->c;
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		struct lep_param_in *p = lep_build_param(b, s, op, params[i].suffix, &each, params[i].init, 0, 0);

		if (!p)
			return lep_build_status(b);
		p->whole = 1;
		p->pub.trained = params[i].trained;
	}
	return 0;
}

static int build_batchnorm(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	enum lep_act act = LEP_ACT_NONE;
	lep_real act_param = 0;
	size_t i = 1;
	struct batchnorm *a;
	int rc = lep_build_act_word(b, s, &i, &act, &act_param);

	if (rc >= 0)
		rc = lep_build_no_more(b, s, i);
	if (rc == 0)
		rc = lep_build_numbers(b, s);
	if (rc)
		return rc;
	a = lep_alloc(1, sizeof(*a));
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	a->c = (size_t)v->shape.extent[v->shape.rank - 1];
	a->rows = v->size / a->c;
	a->relu = act == LEP_ACT_RELU;
	a->scale = lep_alloc(2 * a->c, sizeof(*a->scale));
	if (!a->scale) {
		lep_free(a);
		return lep_build_fail(b, s, "out of memory");
	}
	a->shift = a->scale + a->c;
	rc = add_batchnorm(b, s, a);
	return rc || a->relu ? rc : lep_build_act(b, s, act, act_param);
}

const struct lep_layer lep_layer_batchnorm = {
	.name = "batchnorm",
	.synopsis = "batchnorm [activation]",
	.build = build_batchnorm,
	.forward = bn_forward,
	.backward = bn_backward,
	.forward_reduce = forward_reduce,
	.forward_combine = forward_combine,
	.backward_reduce = backward_reduce,
	.backward_combine = backward_combine,
	.prepare = prepare,
	.state_new = state_new,
	.state_free = state_free,
	.release = release,
};

/* ---- layernorm ---- */

static size_t last_extent(const struct lep_op *op)
{
	const struct lep_shape *s = &op->net->value[op->out].shape;

	return (size_t)s->extent[s->rank - 1];
}

/* Mean and 1 / deviation of each row are kept for backward. */
static int ln_state(const struct lep_op *op, struct lep_exec *x, void **state)
{
	if (!x->training)
		return 0;
	*state = lep_alloc(2 * lep_room(x, op->out) * (lep_op_size_out(op) / last_extent(op)), sizeof(lep_real));
	return *state ? 0 : LEP_ERR_NOMEM;
}

/* Of the pass: the means of its rows, behind them as many inverse deviations. */
static lep_real *means(const struct lep_op *op, const struct lep_pass *p)
{
	lep_real *all = p->x->state[op->number];
	size_t before = lep_row_before(p->x, op->out, p->first) * lep_op_size_out(op) / last_extent(op);

	return all ? all + 2 * before : NULL;
}

static void ln_forward(const struct lep_op *op, const struct lep_pass *p)
{
	size_t n = last_extent(op), rows = lep_reals_out(op, p) / n;
	lep_real *mean = means(op, p);

	p->x->k->layernorm_forward(lep_out(op, p), mean, mean ? mean + rows : NULL, lep_in(op, p, 0),
		lep_weights(op, GAMMA), lep_weights(op, BETA), rows, n, (lep_real)EPS);
}

static void ln_backward(const struct lep_op *op, const struct lep_pass *p)
{
	size_t n = last_extent(op), rows = lep_reals_out(op, p) / n;
	const lep_real *mean = means(op, p);
	lep_real *dx = lep_grad_in(op, p, 0);
	lep_real *dgamma = lep_learns(op, GAMMA) ? lep_block_grad(op, p, GAMMA) : NULL;
	lep_real *dbeta = lep_learns(op, BETA) ? lep_block_grad(op, p, BETA) : NULL;

	if (dgamma)
		memset(dgamma, 0, n * sizeof(*dgamma));
	if (dbeta)
		memset(dbeta, 0, n * sizeof(*dbeta));
	p->x->k->layernorm_backward(dx && !op->accumulate[0] ? dx : lep_scratch(p), dgamma, dbeta,
		lep_grad_out(op, p), lep_in(op, p, 0), mean, mean + rows, lep_weights(op, GAMMA),
		rows, n);
	if (dx && op->accumulate[0])
		p->x->k->add(dx, dx, lep_scratch(p), lep_reals_out(op, p));
}

static int build_layernorm(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape out = v->shape, each = {.rank = 1};
	struct lep_op *op;
	int rc = lep_build_no_more(b, s, 1);

	if (rc == 0)
		rc = lep_build_numbers(b, s);
	if (rc)
		return rc;
	each.extent[0] = out.extent[out.rank - 1];
	op = lep_build_op(b, s, &lep_layer_layernorm, &out, NULL);
	if (!op)
		return lep_build_status(b);
	op->scratch = lep_op_size_out(op);
	op->operations = lep_op_size_out(op) * 2;
	if (!lep_build_param(b, s, op, "gamma", &each, LEP_INIT_ONE, 0, 0) ||
		!lep_build_param(b, s, op, "beta", &each, LEP_INIT_ZERO, 0, 0))
		return lep_build_status(b);
	return 0;
}

const struct lep_layer lep_layer_layernorm = {
	.name = "layernorm",
	.synopsis = "layernorm",
	.build = build_layernorm,
	.forward = ln_forward,
	.backward = ln_backward,
	.state_new = ln_state,
	.state_free = lep_free,
};
