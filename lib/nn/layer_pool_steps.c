/*
 * pool mean|max|first|last: one row of a sequence's rows. Over none, an empty
 * text, it is zeros.
 */
#include <string.h>

#include "nn/layers.h"

enum kind { MEAN, MAX, FIRST, LAST };
static const char *const kinds[] = {[MEAN] = "mean", [MAX] = "max", [FIRST] = "first", [LAST] = "last"};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct pool {
	enum kind kind;
	size_t width;             /* reals of a row */
};

/* Of max: the step each number came from, for backward. */
static int state_new(const struct lep_op *op, struct lep_exec *x, void **state)
{
	const struct pool *a = op->attr;

	if (!x->training || a->kind != MAX)
		return 0;
	*state = lep_alloc(x->capacity * a->width, sizeof(uint32_t));
	return *state ? 0 : LEP_ERR_NOMEM;
}

static uint32_t *maxima(const struct lep_op *op, const struct lep_pass *p)
{
	uint32_t *all = p->x->state[op->number];

	return all ? all + p->first * lep_op_size_out(op) : NULL;
}

/* The first of several that are equal. */
static void max_forward(lep_real *y, uint32_t *arg, const lep_real *x, size_t steps, size_t width)
{
	memcpy(y, x, width * sizeof(*y));
	for (size_t t = 1; t < steps; t++)
		for (size_t j = 0; j < width; j++) {
			lep_real v = x[t * width + j];
			int above = v > y[j];

			y[j] = above ? v : y[j];
			if (arg)
				arg[j] = above ? (uint32_t)t : arg[j];
		}
}

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct pool *a = op->attr;
	const lep_real *x = lep_in(op, p, 0);
	lep_real *y = lep_out(op, p);
	uint32_t *arg = maxima(op, p);

	for (size_t s = p->first; s < p->first + p->count; s++, y += a->width) {
		size_t steps = lep_steps(p->x, op->in[0], s);

		if (arg)
			memset(arg, 0, a->width * sizeof(*arg));
		if (!steps)
			memset(y, 0, a->width * sizeof(*y));
		else if (a->kind == MEAN)
			p->x->k->global_avg_forward(y, x, steps, a->width);
		else if (a->kind == MAX)
			max_forward(y, arg, x, steps, a->width);
		else
			memcpy(y, x + (a->kind == LAST ? (steps - 1) * a->width : 0), a->width * sizeof(*y));
		x += steps * a->width;
		arg = arg ? arg + a->width : NULL;
	}
}

static void mean_backward(const struct lep_kernels *k, lep_real *dx, const lep_real *dy, size_t steps,
	size_t width)
{
	lep_real share = 1 / (lep_real)steps;

	for (size_t t = 0; t < steps; t++)
		k->axpy(dx + t * width, share, dy, width);
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct pool *a = op->attr;
	const lep_real *dy = lep_grad_out(op, p);
	lep_real *dx = lep_grad_in(op, p, 0);
	const uint32_t *arg = maxima(op, p);

	if (!dx)
		return;
	if (!op->accumulate[0])
		memset(dx, 0, lep_reals_in(op, p, 0) * sizeof(*dx));
	for (size_t s = p->first; s < p->first + p->count; s++, dy += a->width) {
		size_t steps = lep_steps(p->x, op->in[0], s);

		if (steps && a->kind == MEAN)
			mean_backward(p->x->k, dx, dy, steps, a->width);
		else if (steps && a->kind == MAX)
			for (size_t j = 0; j < a->width; j++)
				dx[arg[j] * a->width + j] += dy[j];
		else if (steps)
			p->x->k->axpy(dx + (a->kind == LAST ? (steps - 1) * a->width : 0), 1, dy, a->width);
		dx += steps * a->width;
		arg = arg ? arg + a->width : NULL;
	}
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape out = v->shape;
	struct pool *a;
	size_t width = 0;
	int kind = 0, rc = 0;

	while (s->nword > 1 && kind < KINDS && strcmp(kinds[kind], s->word[1]) != 0)
		kind++;
	if (s->nword < 2 || kind == KINDS)
		rc = lep_build_fail(b, s, "is written 'pool mean', 'pool max', 'pool first' or 'pool last'");
	if (rc == 0)
		rc = lep_build_no_more(b, s, 2);
	if (rc == 0)
		rc = lep_build_sequence(b, s, &width);
	if (rc)
		return rc;
	memmove(out.extent, out.extent + 1, (size_t)--out.rank * sizeof(out.extent[0]));
	a = lep_alloc(1, sizeof(*a));
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	*a = (struct pool){.kind = (enum kind)kind, .width = width};
	return lep_build_op(b, s, &lep_layer_pool, &out, a) ? 0 : lep_build_status(b);
}

const struct lep_layer lep_layer_pool = {
	.name = "pool",
	.synopsis = "pool mean | max | first | last",
	.build = build,
	.forward = forward,
	.backward = backward,
	.state_new = state_new,
	.state_free = lep_free,
	.along = 1,
};
