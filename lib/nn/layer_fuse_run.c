/*
 * The operation of fusion: rows of several values side by side, their sum, mean,
 * product or largest. A vector meets all rows of a sample; its gradient is summed
 * over them, in order.
 */
#include <string.h>

#include "nn/fuse.h"
#include "nn/stepper.h"

int lep_fuse_alone(const struct lep_net *n, int value)
{
	return n->value[value].axis < 0 && n->value[value].shape.rank < 2;
}

size_t lep_fuse_width(const struct lep_net *n, int value)
{
	const struct lep_shape *s = &n->value[value].shape;

	return s->rank ? (size_t)s->extent[s->rank - 1] : 1;
}

/* What one sample has of a value. */
struct side {
	lep_real *p;
	size_t width, rows;
	size_t next;              /* from what meets one row to what meets the next */
};

static struct side side(const struct lep_op *op, const struct lep_exec *x, lep_real *const *array, int value, size_t s)
{
	const struct lep_value *v = &op->net->value[value];
	size_t width = lep_fuse_width(op->net, value), at = lep_row_before(x, value, s);
	size_t rows = v->axis < 0 ? 1 : lep_row_before(x, value, s + 1) - at;

	return (struct side){array[value] + at * v->size, width, rows * (v->size / width),
		lep_fuse_alone(op->net, value) ? 0 : width};
}

/* The inputs of a sample; source: the sample of vectors, NULL: the same as of the rest. */
static void sides(struct side *in, const struct lep_op *op, const struct lep_exec *x, size_t s, const size_t *source)
{
	for (int i = 0; i < op->nin; i++)
		in[i] = side(op, x, x->value, op->in[i], source && lep_fuse_alone(op->net, op->in[i]) ? source[s] : s);
}

static void larger(lep_real *y, const lep_real *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] > y[i] ? x[i] : y[i];
}

/* y takes in x, n numbers. */
static void take(const struct lep_kernels *k, enum lep_fusion kind, lep_real *y, const lep_real *x, size_t n)
{
	if (kind == LEP_FUSE_PRODUCT)
		k->mul(y, y, x, n);
	else if (kind == LEP_FUSE_MAX)
		larger(y, x, n);
	else
		k->add(y, y, x, n);
}

static void join(const struct lep_kernels *k, enum lep_fusion kind, const struct side *y, const struct side *in, int n)
{
	size_t all = y->rows * y->width;

	for (int i = 0; i < n; i++) {
		/* What has rows of its own goes in one piece. */
		size_t rows = in[i].next ? 1 : y->rows, len = in[i].next ? all : y->width;

		for (size_t t = 0; t < rows; t++) {
			if (i)
				take(k, kind, y->p + t * len, in[i].p, len);
			else
				memcpy(y->p + t * len, in[i].p, len * sizeof(*y->p));
		}
	}
	if (kind == LEP_FUSE_MEAN)
		k->scale(y->p, (lep_real)(1.0 / n), y->p, all);
}

static void lay(const struct side *y, const struct side *in, int n)
{
	for (size_t t = 0; t < y->rows; t++) {
		lep_real *to = y->p + t * y->width;

		for (int i = 0; i < n; to += in[i++].width)
			memcpy(to, in[i].p + t * in[i].next, in[i].width * sizeof(*to));
	}
}

static void run(const struct lep_op *op, const struct lep_pass *p, const size_t *source)
{
	const struct lep_fuse *a = op->attr;
	struct side in[LEP_OP_INPUTS], y;

	for (size_t s = p->first; s < p->first + p->count; s++) {
		sides(in, op, p->x, s, source);
		y = side(op, p->x, p->x->value, op->out, s);
		if (a->kind == LEP_FUSE_CONCAT)
			lay(&y, in, op->nin);
		else
			join(p->x->k, a->kind, &y, in, op->nin);
	}
}

void lep_fuse_forward(const struct lep_op *op, const struct lep_pass *p)
{
	run(op, p, NULL);
}

void lep_fuse_step(const struct lep_op *op, const struct lep_pass *p, const struct lep_stepper *st, void *cache)
{
	(void)cache;
	run(op, p, st->source);
}

/* Input i's gradient where it is the largest, of equal ones the first. */
static void hand_max(lep_real *to, const lep_real *dy, const lep_real *y, const struct side *in, int i, size_t t)
{
	for (size_t j = 0; j < in[i].width; j++) {
		int k = 0;

		while (k < i && (in[k].p + t * in[k].next)[j] != y[j])
			k++;
		if (k == i && (in[i].p + t * in[i].next)[j] == y[j])
			to[j] += dy[j];
	}
}

/* to += dy times row t of all others. */
static void hand_product(const struct lep_kernels *k, lep_real *to, const lep_real *dy, const struct side *in, int n,
	int i, size_t t, lep_real *scratch)
{
	size_t width = in[i].width;
	int last = i == n - 1 ? n - 2 : n - 1;

	for (int j = 0; j < last; j++) {
		if (j == i)
			continue;
		k->mul(scratch, dy, in[j].p + t * in[j].next, width);
		dy = scratch;
	}
	k->mul_add(to, dy, in[last].p + t * in[last].next, width);
}

static void backward_row(const struct lep_op *op, const struct lep_pass *p, const struct side *in, const struct side *y,
	const struct side *dy, int i, lep_real *to, size_t t)
{
	const struct lep_fuse *a = op->attr;
	const lep_real *from = dy->p + t * dy->width;

	switch (a->kind) {
	case LEP_FUSE_CONCAT:
		for (int k = 0; k < i; k++)
			from += in[k].width;
		p->x->k->add(to, to, from, in[i].width);
		break;
	case LEP_FUSE_MEAN:
		p->x->k->axpy(to, (lep_real)(1.0 / op->nin), from, in[i].width);
		break;
	case LEP_FUSE_PRODUCT:
		hand_product(p->x->k, to, from, in, op->nin, i, t, lep_scratch(p));
		break;
	case LEP_FUSE_MAX:
		hand_max(to, from, y->p + t * y->width, in, i, t);
		break;
	default:
		p->x->k->add(to, to, from, in[i].width);
	}
}

void lep_fuse_backward(const struct lep_op *op, const struct lep_pass *p)
{
	struct side in[LEP_OP_INPUTS], y, dy;

	for (size_t s = p->first; s < p->first + p->count; s++) {
		sides(in, op, p->x, s, NULL);
		y = side(op, p->x, p->x->value, op->out, s);
		dy = side(op, p->x, p->x->grad, op->out, s);
		for (int i = 0; i < op->nin; i++) {
			struct side to;

			if (!op->net->value[op->in[i]].needs_grad)
				continue;
			to = side(op, p->x, p->x->grad, op->in[i], s);
			if (!op->accumulate[i])
				memset(to.p, 0, to.rows * to.width * sizeof(*to.p));
			for (size_t t = 0; t < dy.rows; t++)
				backward_row(op, p, in, &y, &dy, i, to.p + t * to.next, t);
		}
	}
}
