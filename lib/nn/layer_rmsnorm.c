/* rmsnorm (Zhang and Sennrich 2019) over the last axis: x / sqrt(mean of x^2 + 1e-5) gamma. */
#include <string.h>

#include "nn/layers.h"

#define EPS 1e-5

static size_t last_extent(const struct lep_op *op)
{
	const struct lep_shape *s = &op->net->value[op->out].shape;

	return (size_t)s->extent[s->rank - 1];
}

/* What each row was multiplied by is kept for backward. */
static int state_new(const struct lep_op *op, struct lep_exec *x, void **state)
{
	if (!x->training)
		return 0;
	*state = lep_alloc(lep_room(x, op->out) * (lep_op_size_out(op) / last_extent(op)), sizeof(lep_real));
	return *state ? 0 : LEP_ERR_NOMEM;
}

static lep_real *inverses(const struct lep_op *op, const struct lep_pass *p)
{
	lep_real *all = p->x->state[op->number];

	return all ? all + lep_row_before(p->x, op->out, p->first) * lep_op_size_out(op) / last_extent(op) : NULL;
}

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	size_t n = last_extent(op);

	p->x->k->rmsnorm_forward(lep_out(op, p), inverses(op, p), lep_in(op, p, 0), lep_weights(op, 0),
		lep_reals_out(op, p) / n, n, (lep_real)EPS);
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	size_t n = last_extent(op);
	lep_real *dx = lep_grad_in(op, p, 0);
	lep_real *dgamma = lep_learns(op, 0) ? lep_block_grad(op, p, 0) : NULL;

	if (dgamma)
		memset(dgamma, 0, n * sizeof(*dgamma));
	p->x->k->rmsnorm_backward(dx && !op->accumulate[0] ? dx : lep_scratch(p), dgamma, lep_grad_out(op, p),
		lep_in(op, p, 0), inverses(op, p), lep_weights(op, 0), lep_reals_out(op, p) / n, n);
	if (dx && op->accumulate[0])
		p->x->k->add(dx, dx, lep_scratch(p), lep_reals_out(op, p));
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
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
	op = lep_build_op(b, s, &lep_layer_rmsnorm, &out, NULL);
	if (!op)
		return lep_build_status(b);
	op->scratch = lep_op_size_out(op);
	op->operations = lep_op_size_out(op) * 2;
	return lep_build_param(b, s, op, "gamma", &each, LEP_INIT_ONE, 0, 0) ? 0 : lep_build_status(b);
}

const struct lep_layer lep_layer_rmsnorm = {
	.name = "rmsnorm",
	.synopsis = "rmsnorm",
	.build = build,
	.forward = forward,
	.backward = backward,
	.state_new = state_new,
	.state_free = lep_free,
};
