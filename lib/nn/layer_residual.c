/* residual { body } [{ shortcut }]: the sum of body and shortcut (or the input itself). */
#include <stdio.h>
#include <string.h>

#include "nn/build.h"
#include "nn/layers.h"

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	p->x->k->add(lep_out(op, p), lep_in(op, p, 0), lep_in(op, p, 1), lep_reals_out(op, p));
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	size_t n = lep_reals_out(op, p);
	const lep_real *dy = lep_grad_out(op, p);

	for (int i = 0; i < 2; i++) {
		lep_real *dx = lep_grad_in(op, p, i);

		if (dx && op->accumulate[i])
			p->x->k->add(dx, dx, dy, n);
		else if (dx)
			memcpy(dx, dy, n * sizeof(*dx));
	}
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	int from = lep_build_current(b), body, rc = 0;
	char part[64], sum[LEP_SHAPE_TEXT_MAX], shortcut[LEP_SHAPE_TEXT_MAX];
	const struct lep_value *v, *w;
	struct lep_shape shape;
	struct lep_op *op;
	int number;

	if (s->nword > 1)
		return lep_build_fail(b, s, "unknown word '%s'", s->word[1]);
	if (s->nblock < 1 || s->nblock > 2)
		return lep_build_fail(b, s, "is written 'residual { body }' or 'residual { body } { shortcut }'");
	number = s->name ? 0 : lep_build_count_kind(b, "residual");
	if (s->name)
		snprintf(part, sizeof(part), "%.60s", s->name);
	else
		snprintf(part, sizeof(part), "residual%d", number);
	rc = s->flat ? lep_build_block(b, &s->block[0]) : lep_build_scope(b, part, &s->block[0]);
	if (rc)
		return rc;
	body = lep_build_current(b);
	lep_build_set_current(b, from);
	if (s->nblock == 2) {
		char inner[96];

		snprintf(inner, sizeof(inner), "%s.shortcut", part);
		rc = lep_build_scope(b, inner, &s->block[1]);
		if (rc)
			return rc;
	}
	v = lep_build_value(b, body);
	w = lep_build_value(b, lep_build_current(b));
	if (v->ids || w->ids)
		return lep_build_fail(b, s, "ids cannot be added; an embed line belongs before it");
	if (!lep_shape_equal(&v->shape, &w->shape))
		return lep_build_fail(b, s, "its body gives '%s', its %s '%s': they cannot be added",
			lep_shape_text(sum, &v->shape, "x"), s->nblock == 2 ? "shortcut" : "input",
			lep_shape_text(shortcut, &w->shape, "x"));
	if (v->axis != w->axis)
		return lep_build_fail(b, s, "its body and its shortcut have the lengths of different inputs");
	shape = v->shape;
	from = lep_build_current(b);
	lep_build_set_current(b, body);
	/* Its label has the number that its blocks have. */
	b->number = number;
	op = lep_build_op(b, s, &lep_layer_residual, &shape, NULL);
	if (!op)
		return lep_build_status(b);
	op->operations = lep_op_size_out(op);
	return lep_build_op_input(b, op, from);
}

const struct lep_layer lep_layer_residual = {
	.name = "residual",
	.synopsis = "residual { body } [{ shortcut }]",
	.build = build,
	.forward = forward,
	.backward = backward,
};
