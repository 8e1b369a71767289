/*
 * embed: rows of a table by id. An id of -1 (none) gives zeros and learns nothing.
 * scale multiplies them by sqrt(width) (Vaswani et al. 2017).
 */
#include <math.h>
#include <string.h>

#include "nn/build.h"
#include "nn/layers.h"

struct embed {
	lep_real factor;          /* 0: none */
};

static const int32_t *ids(const struct lep_op *op, const struct lep_exec *x, size_t first)
{
	return (const int32_t *)(const void *)x->value[op->in[0]] +
		lep_row_before(x, op->in[0], first) * lep_op_size_in(op, 0);
}

static size_t width(const struct lep_op *op)
{
	return lep_op_size_out(op) / lep_op_size_in(op, 0);
}

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct embed *a = op->attr;

	p->x->k->gather(lep_out(op, p), lep_weights(op, 0), ids(op, p->x, p->first),
		lep_reals_in(op, p, 0), width(op));
	if (a->factor > 0)
		p->x->k->scale(lep_out(op, p), a->factor, lep_out(op, p), lep_reals_out(op, p));
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct embed *a = op->attr;
	lep_real *dy = lep_grad_out(op, p);

	/* Ids have no gradient; that of the table is made of the whole batch. */
	if (a->factor > 0)
		p->x->k->scale(dy, a->factor, dy, lep_reals_out(op, p));
}

static void gradient(const struct lep_op *op, struct lep_exec *x, size_t count, int task)
{
	const struct lep_param *w = &lep_op_param(op, 0)->pub;

	(void)task;
	if (!lep_learns(op, 0))
		return;
	memset(w->grad, 0, w->count * sizeof(*w->grad));
	x->k->scatter_add(w->grad, x->grad[op->out], ids(op, x, 0),
		lep_row_before(x, op->in[0], count) * lep_op_size_in(op, 0), width(op));
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape out = v->shape, weights = {.rank = 2};
	const struct lep_table *table;
	struct lep_param_in *p;
	struct embed *a;
	struct lep_op *op;
	int64_t n;
	int rc = lep_build_number(b, s, 1, 1, 1 << 20, &n);
	int scaled = s->nword > 2 && strcmp(s->word[2], "scale") == 0;

	if (rc == 0)
		rc = lep_build_no_more(b, s, scaled ? 3 : 2);
	if (rc == 0 && !v->ids)
		rc = lep_build_fail(b, s, "needs ids (an i32 field with a table) as its input");
	if (rc == 0 && out.rank == LEP_RANK_MAX)
		rc = lep_build_fail(b, s, "its input has too many extents");
	if (rc)
		return rc;
	table = lep_build_input_table(b, v->input - 1);
	if (table->n < 1)
		return lep_build_fail(b, s, "the table of '%s' is empty", b->net->input[v->input - 1].name);
	out.extent[out.rank++] = n;
	weights.extent[0] = (int64_t)table->n;
	weights.extent[1] = n;
	a = lep_alloc(1, sizeof(*a));
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	a->factor = scaled ? (lep_real)sqrt((double)n) : 0;
	op = lep_build_op(b, s, &lep_layer_embed, &out, a);
	if (!op)
		return lep_build_status(b);
	op->gradient_tasks = 1;
	p = lep_build_param(b, s, op, "w", &weights, LEP_INIT_NORMAL_002, 0, 0);
	if (!p)
		return lep_build_status(b);
	p->whole = 1;
	p->pub.wide_as = op->net->value[op->in[0]].input;
	return 0;
}

const struct lep_layer lep_layer_embed = {
	.name = "embed",
	.synopsis = "embed WIDTH [scale]",
	.build = build,
	.forward = forward,
	.backward = backward,
	.gradient = gradient,
};
