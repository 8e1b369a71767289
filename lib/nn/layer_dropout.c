/*
 * dropout (Srivastava et al. 2014), inverted: in training a value is zero with
 * probability P and 1 / (1 - P) times itself else. The draw depends on seed,
 * step, layer, the sample's place in the batch and the element, of a sequence the
 * row and the element in it; nothing else.
 */
#include <string.h>

#include "nn/layers.h"

struct dropout {
	uint32_t below;           /* a word below it drops */
	lep_real keep;
};

/* The factors of the whole batch, kept for backward. */
static int state_new(const struct lep_op *op, struct lep_exec *x, void **state)
{
	if (!x->training)
		return 0;
	*state = lep_alloc(lep_room(x, op->out) * lep_op_size_out(op), sizeof(lep_real));
	return *state ? 0 : LEP_ERR_NOMEM;
}

/* Rows of a sample are counted from here on, samples above. */
#define SAMPLE_SHIFT 40

static void draw(const struct lep_op *op, const struct lep_pass *p, lep_real *factor)
{
	const struct dropout *a = op->attr;
	size_t n = lep_op_size_out(op), words = (n + 3) / 4;
	uint64_t where = p->x->info.step << 16 | (uint64_t)op->number;
	int varies = op->net->value[op->out].axis >= 0;

	for (size_t s = p->first; s < p->first + p->count; s++) {
		size_t rows = varies ? lep_steps(p->x, op->out, s) : 1;

		for (size_t r = 0; r < rows; r++, factor += n)
			p->x->k->dropout(factor, n, a->below, a->keep, p->x->info.seed, where,
				varies ? ((uint64_t)s << SAMPLE_SHIFT) + r * words : s * words);
	}
}

static lep_real *factors(const struct lep_op *op, const struct lep_pass *p)
{
	return (lep_real *)p->x->state[op->number] + lep_row_before(p->x, op->out, p->first) * lep_op_size_out(op);
}

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	size_t n = lep_reals_out(op, p);

	if (!p->training) {
		memcpy(lep_out(op, p), lep_in(op, p, 0), n * sizeof(lep_real));
		return;
	}
	draw(op, p, factors(op, p));
	p->x->k->mul(lep_out(op, p), lep_in(op, p, 0), factors(op, p), n);
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	size_t n = lep_reals_out(op, p);
	lep_real *dx = lep_grad_in(op, p, 0);

	if (dx && op->accumulate[0])
		p->x->k->mul_add(dx, lep_grad_out(op, p), factors(op, p), n);
	else if (dx)
		p->x->k->mul(dx, lep_grad_out(op, p), factors(op, p), n);
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape out = v->shape;
	struct dropout *a;
	double share;
	int rc = lep_build_real(b, s, 1, 0, 0.999, &share);

	if (rc == 0)
		rc = lep_build_no_more(b, s, 2);
	if (rc == 0 && v->ids)
		rc = lep_build_fail(b, s, "its input holds ids; an embed line belongs before it");
	if (rc)
		return rc;
	a = lep_alloc(1, sizeof(*a));
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	a->below = (uint32_t)(share * 4294967296.0);
	a->keep = (lep_real)(1 / (1 - share));
	return lep_build_op(b, s, &lep_layer_dropout, &out, a) ? 0 : lep_build_status(b);
}

const struct lep_layer lep_layer_dropout = {
	.name = "dropout",
	.synopsis = "dropout SHARE",
	.build = build,
	.forward = forward,
	.backward = backward,
	.state_new = state_new,
	.state_free = lep_free,
};
