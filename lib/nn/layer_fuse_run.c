/*
 * The operation of fusion: rows of several values side by side, their sum, mean,
 * product or largest. A vector meets all rows of a sample, and what has one number
 * all of a row; its gradient is summed over them, in order.
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

/* Row t of one side, n numbers; where it has but one, that n times, in `room`. */
static const lep_real *row(const struct lep_kernels *k, const struct side *in, size_t t, size_t n, lep_real *room)
{
	const lep_real *x = in->p + t * in->next;

	if (in->width == n)
		return x;
	k->fill(room, *x, n);
	return room;
}

static void join(const struct lep_kernels *k, enum lep_fusion kind, const struct side *y, const struct side *in, int n,
	lep_real *scratch)
{
	size_t all = y->rows * y->width;

	for (int i = 0; i < n; i++) {
		/* What has all rows and all their numbers goes in one piece. */
		int whole = in[i].next == y->width;
		size_t rows = whole ? 1 : y->rows, len = whole ? all : y->width;

		for (size_t t = 0; t < rows; t++) {
			const lep_real *x = whole ? in[i].p : row(k, &in[i], t, len, scratch);

			if (i)
				take(k, kind, y->p + t * len, x, len);
			else
				memcpy(y->p + t * len, x, len * sizeof(*x));
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
			join(p->x->k, a->kind, &y, in, op->nin, lep_scratch(p));
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

/* What one input is told of a row: the fusion, all sides, whose turn it is. */
struct hand {
	const struct lep_kernels *k;
	const struct side *in, *y;
	int n, i;
	size_t t, width;
	lep_real *scratch;        /* three rows */
};

/* Where it is the largest, of equal ones the first. */
static void hand_max(const struct hand *h, lep_real *to, const lep_real *dy)
{
	const lep_real *y = h->y->p + h->t * h->width;

	for (size_t j = 0; j < h->width; j++) {
		int k = 0;

		while (k < h->n && (h->in[k].p + h->t * h->in[k].next)[h->in[k].width == 1 ? 0 : j] != y[j])
			k++;
		if (k == h->i)
			to[j] += dy[j];
	}
}

/* dy times the same row of all others. */
static void hand_product(const struct hand *h, lep_real *to, const lep_real *dy)
{
	int last = h->i == h->n - 1 ? h->n - 2 : h->n - 1;

	for (int j = 0; j < last; j++) {
		if (j == h->i)
			continue;
		h->k->mul(h->scratch, dy, row(h->k, &h->in[j], h->t, h->width, h->scratch + h->width), h->width);
		dy = h->scratch;
	}
	h->k->mul_add(to, dy, row(h->k, &h->in[last], h->t, h->width, h->scratch + h->width), h->width);
}

/* Adds to what the input has of the row. */
static void hand_on(const struct hand *h, enum lep_fusion kind, lep_real *to, const lep_real *dy)
{
	switch (kind) {
	case LEP_FUSE_CONCAT:
		for (int k = 0; k < h->i; k++)
			dy += h->in[k].width;
		h->k->add(to, to, dy, h->in[h->i].width);
		break;
	case LEP_FUSE_MEAN:
		h->k->axpy(to, (lep_real)(1.0 / h->n), dy, h->width);
		break;
	case LEP_FUSE_PRODUCT:
		hand_product(h, to, dy);
		break;
	case LEP_FUSE_MAX:
		hand_max(h, to, dy);
		break;
	default:
		h->k->add(to, to, dy, h->width);
	}
}

/* One input of one sample. */
static void give(struct hand *h, enum lep_fusion kind, const struct side *to, const struct side *dy)
{
	int narrow = kind != LEP_FUSE_CONCAT && to->width < dy->width;
	lep_real *sum = h->scratch + 2 * h->width;

	for (h->t = 0; h->t < dy->rows; h->t++) {
		const lep_real *from = dy->p + h->t * dy->width;

		if (narrow) {
			memset(sum, 0, h->width * sizeof(*sum));
			hand_on(h, kind, sum, from);
			to->p[h->t * to->next] += h->k->sum(sum, h->width);
		} else {
			hand_on(h, kind, to->p + h->t * to->next, from);
		}
	}
}

void lep_fuse_backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct lep_fuse *a = op->attr;
	struct side in[LEP_OP_INPUTS], y, dy, to;
	struct hand h = {.k = p->x->k, .in = in, .y = &y, .n = op->nin, .width = lep_fuse_width(op->net, op->out),
		.scratch = lep_scratch(p)};

	for (size_t s = p->first; s < p->first + p->count; s++) {
		sides(in, op, p->x, s, NULL);
		y = side(op, p->x, p->x->value, op->out, s);
		dy = side(op, p->x, p->x->grad, op->out, s);
		for (h.i = 0; h.i < op->nin; h.i++) {
			if (!op->net->value[op->in[h.i]].needs_grad)
				continue;
			to = side(op, p->x, p->x->grad, op->in[h.i], s);
			if (!op->accumulate[h.i])
				memset(to.p, 0, to.rows * to.width * sizeof(*to.p));
			give(&h, a->kind, &to, &dy);
		}
	}
}
