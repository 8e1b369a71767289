/*
 * gate from NAME: NAME's rows times softmax(x w + b), x the current value's rows:
 * the articles' `encoder * softmax(decoder W + b)`. Projection and softmax are
 * operations of their own; here is the product. Rows of both go together one by
 * one; a value that has one row a sample meets all of the other's.
 */
#include <string.h>

#include "nn/layers.h"
#include "nn/stepper.h"

/* One side of the product: rows of a sample. */
struct side {
	lep_real *p;
	size_t rows;              /* 1 where it has no sequence */
	int alone;                /* that one row for all of the other's */
};

static int is_alone(const struct lep_net *n, int value)
{
	return n->value[value].axis < 0 && n->value[value].shape.rank == 1;
}

static struct side side(const struct lep_op *op, const struct lep_exec *x, lep_real *const *array, int value, size_t s,
	size_t width)
{
	if (is_alone(op->net, value))
		return (struct side){array[value] + s * width, 1, 1};
	return (struct side){array[value] + lep_step_before(x, value, s) * width, lep_steps(x, value, s), 0};
}

static const lep_real *row(const struct side *s, size_t t, size_t width)
{
	return s->p + (s->alone ? 0 : t * width);
}

/* source: the sample of values without rows, NULL: the same as of those with. */
static void run(const struct lep_op *op, const struct lep_pass *p, const size_t *source)
{
	const struct lep_exec *x = p->x;
	const struct lep_shape *shape = &op->net->value[op->out].shape;
	size_t width = (size_t)shape->extent[shape->rank - 1];

	for (size_t s = p->first; s < p->first + p->count; s++) {
		struct side y = side(op, x, x->value, op->out, s, width), in[2];

		for (int i = 0; i < 2; i++)
			in[i] = side(op, x, x->value, op->in[i],
				source && is_alone(op->net, op->in[i]) ? source[s] : s, width);
		for (size_t t = 0; t < y.rows; t++)
			x->k->mul(y.p + t * width, row(&in[0], t, width), row(&in[1], t, width), width);
	}
}

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	run(op, p, NULL);
}

static void step(const struct lep_op *op, const struct lep_pass *p, const struct lep_stepper *st, void *cache)
{
	(void)cache;
	run(op, p, st->source);
}

/* The gradient of one side is dy times the other; of a single row it is summed over
 * all that it met, in order. */
static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct lep_exec *x = p->x;
	const struct lep_shape *shape = &op->net->value[op->out].shape;
	size_t width = (size_t)shape->extent[shape->rank - 1];

	for (size_t s = p->first; s < p->first + p->count; s++) {
		struct side dy = side(op, x, x->grad, op->out, s, width);

		for (int i = 0; i < 2; i++) {
			struct side to, other = side(op, x, x->value, op->in[1 - i], s, width);

			if (!op->net->value[op->in[i]].needs_grad)
				continue;
			to = side(op, x, x->grad, op->in[i], s, width);
			if (!op->accumulate[i])
				memset(to.p, 0, to.rows * width * sizeof(*to.p));
			for (size_t t = 0; t < dy.rows; t++)
				x->k->mul_add(to.p + (to.alone ? 0 : t * width), dy.p + t * width, row(&other, t, width),
					width);
		}
	}
}

/* Whether the rows of both go together, or one has none. */
static int check(struct lep_builder_nn *b, const struct lep_stmt *s, int gated)
{
	const struct lep_value *x = lep_build_value(b, lep_build_current(b)), *y = lep_build_value(b, gated);
	char mine[LEP_SHAPE_TEXT_MAX], other[LEP_SHAPE_TEXT_MAX];

	if (x->shape.rank > 2 || y->shape.rank > 2)
		return lep_build_fail(b, s, "takes vectors and sequences of rows, not '%s' and '%s'",
			lep_shape_text(mine, &x->shape, "x"), lep_shape_text(other, &y->shape, "x"));
	if (x->shape.rank < 2 || y->shape.rank < 2)
		return 0;
	if (x->axis != y->axis || (x->axis < 0 && x->shape.extent[0] != y->shape.extent[0]))
		return lep_build_fail(b, s, "'%s' and its input are sequences of different lengths; a pool line belongs "
			"behind one of them", s->word[2]);
	return 0;
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	static const char *const suffix[] = {"w", "b"};
	struct lep_shape shape;
	struct lep_op *op;
	int gated, gate, rc;

	if (s->nword < 2 || strcmp(s->word[1], "from") != 0)
		return lep_build_fail(b, s, "is written 'gate from NAME'");
	rc = lep_build_from(b, s, 1, &gated);
	if (rc == 0)
		rc = lep_build_no_more(b, s, 3);
	if (rc == 0)
		rc = lep_build_numbers(b, s);
	if (rc == 0)
		rc = check(b, s, gated);
	if (rc)
		return rc;
	shape = lep_build_value(b, gated)->shape;
	op = lep_build_dense(b, s, (size_t)shape.extent[shape.rank - 1], 1, suffix);
	if (!op)
		return lep_build_status(b);
	op->kind = "gate";
	rc = lep_build_softmax(b, s);
	if (rc)
		return rc;
	gate = lep_build_current(b);
	/* The output has the rows of the one that has rows: what the operation starts from. */
	if (lep_build_value(b, gate)->shape.rank == 2) {
		shape = lep_build_value(b, gate)->shape;
	} else {
		lep_build_set_current(b, gated);
		gated = gate;
	}
	op = lep_build_op(b, s, &lep_layer_gate, &shape, NULL);
	if (!op)
		return lep_build_status(b);
	op->operations = lep_op_size_out(op);
	return lep_build_op_input(b, op, gated);
}

const struct lep_layer lep_layer_gate = {
	.name = "gate",
	.synopsis = "gate from NAME",
	.build = build,
	.forward = forward,
	.backward = backward,
	.whole = 1,
	.along = 1,
	.step = step,
};
