/* Activations and softmax, as lines of their own and as words behind others. */
#include <string.h>

#include "nn/layers.h"

struct act {
	enum lep_act kind;
	lep_real param;
};

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct act *a = op->attr;

	p->x->k->act_forward(a->kind, a->param, lep_out(op, p), lep_in(op, p, 0), lep_reals_out(op, p));
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct act *a = op->attr;
	lep_real *dx = lep_grad_in(op, p, 0);

	if (dx)
		p->x->k->act_backward(a->kind, a->param, dx, lep_grad_out(op, p), lep_in(op, p, 0),
			lep_out(op, p), lep_reals_out(op, p), op->accumulate[0]);
}

static void softmax_forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct lep_shape *s = &op->net->value[op->out].shape;
	size_t n = (size_t)s->extent[s->rank - 1];

	p->x->k->softmax_forward(lep_out(op, p), lep_in(op, p, 0), lep_reals_out(op, p) / n, n, n);
}

static void softmax_backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct lep_shape *s = &op->net->value[op->out].shape;
	size_t n = (size_t)s->extent[s->rank - 1];
	lep_real *dx = lep_grad_in(op, p, 0);

	if (dx)
		p->x->k->softmax_backward(dx, lep_grad_out(op, p), lep_out(op, p),
			lep_reals_out(op, p) / n, n, n, op->accumulate[0]);
}

static int build_softmax(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	int rc = lep_build_no_more(b, s, 1);

	return rc ? rc : lep_build_softmax(b, s);
}

int lep_build_softmax(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape shape = v->shape;

	if (lep_build_numbers(b, s))
		return lep_build_status(b);
	return lep_build_op(b, s, &lep_layer_softmax, &shape, NULL) ? 0 : lep_build_status(b);
}

static int build_act(struct lep_builder_nn *b, const struct lep_stmt *s);

#define ACT(word, text) \
	const struct lep_layer lep_layer_##word = { \
		.name = #word, \
		.synopsis = text, \
		.build = build_act, \
		.forward = forward, \
		.backward = backward, \
	}

ACT(relu, "relu");
ACT(leaky_relu, "leaky_relu [slope X]");
ACT(elu, "elu [alpha X]");
ACT(sigmoid, "sigmoid");
ACT(tanh, "tanh");
ACT(gelu, "gelu");
ACT(silu, "silu");
ACT(softplus, "softplus");

const struct lep_layer lep_layer_softmax = {
	.name = "softmax",
	.synopsis = "softmax",
	.build = build_softmax,
	.forward = softmax_forward,
	.backward = softmax_backward,
};

/* The words, what they mean, and the option each may have on a line of its own. */
static const struct {
	const struct lep_layer *layer;
	enum lep_act kind;
	const char *option;
	double value;
} acts[] = {
	{&lep_layer_relu, LEP_ACT_RELU, NULL, 0},
	{&lep_layer_leaky_relu, LEP_ACT_LEAKY_RELU, "slope", 0.01},
	{&lep_layer_elu, LEP_ACT_ELU, "alpha", 1},
	{&lep_layer_sigmoid, LEP_ACT_SIGMOID, NULL, 0},
	{&lep_layer_tanh, LEP_ACT_TANH, NULL, 0},
	{&lep_layer_gelu, LEP_ACT_GELU, NULL, 0},
	{&lep_layer_silu, LEP_ACT_SILU, NULL, 0},
	{&lep_layer_softplus, LEP_ACT_SOFTPLUS, NULL, 0},
	{&lep_layer_softmax, LEP_ACT_SOFTMAX, NULL, 0},
};

enum { ACTS = sizeof(acts) / sizeof(acts[0]) };

int lep_build_act_word(struct lep_builder_nn *b, const struct lep_stmt *s, size_t *i, enum lep_act *kind,
	lep_real *param)
{
	if (*i >= s->nword)
		return 0;
	for (int k = 0; k < ACTS; k++) {
		double value = acts[k].value;

		if (strcmp(acts[k].layer->name, s->word[*i]) != 0)
			continue;
		++*i;
		if (acts[k].option && *i < s->nword && strcmp(s->word[*i], acts[k].option) == 0) {
			int rc = lep_build_real(b, s, *i + 1, 0, 1e6, &value);

			if (rc)
				return rc;
			*i += 2;
		}
		*kind = acts[k].kind;
		*param = (lep_real)value;
		return 1;
	}
	return 0;
}

int lep_build_act(struct lep_builder_nn *b, const struct lep_stmt *s, enum lep_act kind, lep_real param)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape shape = v->shape;
	struct act *a;

	if (kind == LEP_ACT_NONE)
		return 0;
	if (kind == LEP_ACT_SOFTMAX)
		return lep_build_softmax(b, s);
	if (v->ids)
		return lep_build_fail(b, s, "its input holds ids; an embed line belongs before it");
	a = lep_alloc(1, sizeof(*a));
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	a->kind = kind;
	a->param = param;
	for (int k = 0; k < ACTS; k++)
		if (acts[k].kind == kind)
			return lep_build_op(b, s, acts[k].layer, &shape, a) ? 0 : lep_build_status(b);
	lep_free(a);
	return lep_build_fail(b, s, "unknown activation");
}

static int build_act(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	enum lep_act kind = LEP_ACT_NONE;
	lep_real param = 0;
	size_t i = 0;
	int rc = lep_build_act_word(b, s, &i, &kind, &param);

	if (rc >= 0)
		rc = lep_build_no_more(b, s, i);
	return rc ? rc : lep_build_act(b, s, kind, param);
}
