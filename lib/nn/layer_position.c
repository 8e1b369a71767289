/*
 * position: each row of a sequence plus a code of its place. sinusoidal
 * (Vaswani et al. 2017): column 2i sin(t / 10000^(2i / width)), column 2i + 1
 * the cosine of it; learned N: a row of weights for each of N places.
 */
#include <string.h>

#include "base/math.h"
#include "nn/build.h"
#include "nn/layers.h"
#include "nn/stepper.h"

enum { TASK_PLACES = 16 };

struct position {
	size_t width;             /* reals of a row */
	size_t places;            /* learned; 0: sinusoidal */
};

static lep_real *new_codes(size_t steps, size_t width)
{
	lep_real *codes = lep_alloc(steps * width, sizeof(*codes));
	const double base = lep_log(10000);

	for (size_t j = 0; codes && j < width; j++) {
		double rate = lep_exp(-base * (double)(j - j % 2) / (double)width);

		for (size_t t = 0; t < steps; t++)
			codes[t * width + j] = (lep_real)(j % 2 ? lep_cos((double)t * rate) : lep_sin((double)t * rate));
	}
	return codes;
}

/* The codes of as many places as there are. */
static int state_new(const struct lep_op *op, struct lep_exec *x, void **state)
{
	const struct position *a = op->attr;

	if (a->places)
		return 0;
	*state = new_codes(lep_longest(x, op->out), a->width);
	return *state ? 0 : LEP_ERR_NOMEM;
}

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct position *a = op->attr;
	const lep_real *x = lep_in(op, p, 0), *codes = a->places ? lep_weights(op, 0) : p->x->state[op->number];
	lep_real *y = lep_out(op, p);

	for (size_t s = p->first; s < p->first + p->count; s++) {
		size_t n = lep_steps(p->x, op->out, s) * a->width;

		p->x->k->add(y, x, codes, n);
		x += n;
		y += n;
	}
}

/* Codes of as many places as there may be, where they are not weights. */
static int cache_new(const struct lep_op *op, const struct lep_stepper *st, void **cache, struct lep_error *e)
{
	const struct position *a = op->attr;

	if (a->places && st->steps > a->places)
		return lep_fail(e, LEP_ERR_DATA, "%zu places are too few for a sequence of %zu", a->places, st->steps);
	if (a->places)
		return 0;
	*cache = new_codes(st->steps, a->width);
	return *cache ? 0 : lep_fail_nomem(e, 0);
}

static void step(const struct lep_op *op, const struct lep_pass *p, const struct lep_stepper *st, void *cache)
{
	const struct position *a = op->attr;
	const lep_real *x = lep_in(op, p, 0), *codes = a->places ? lep_weights(op, 0) : cache;
	lep_real *y = lep_out(op, p);

	for (size_t s = p->first; s < p->first + p->count; s++) {
		size_t n = lep_steps(p->x, op->out, s) * a->width;

		p->x->k->add(y, x, codes + st->seen[s] * a->width, n);
		x += n;
		y += n;
	}
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	lep_real *dx = lep_grad_in(op, p, 0);
	size_t n = lep_reals_out(op, p);

	if (dx && op->accumulate[0])
		p->x->k->add(dx, dx, lep_grad_out(op, p), n);
	else if (dx)
		memcpy(dx, lep_grad_out(op, p), n * sizeof(*dx));
}

/* Places from .. to: the sum over samples, in order, of what stood there. */
static void gradient(const struct lep_op *op, struct lep_exec *x, size_t count, int task)
{
	const struct position *a = op->attr;
	size_t from = (size_t)task * TASK_PLACES;
	size_t to = from + TASK_PLACES < a->places ? from + TASK_PLACES : a->places;
	lep_real *g;

	if (!a->places || !lep_learns(op, 0))
		return;
	g = lep_op_param(op, 0)->pub.grad;
	memset(g + from * a->width, 0, (to - from) * a->width * sizeof(*g));
	for (size_t s = 0; s < count; s++) {
		size_t steps = lep_steps(x, op->out, s), end = steps < to ? steps : to;
		const lep_real *dy = x->grad[op->out] + lep_step_before(x, op->out, s) * a->width;

		if (end > from)
			x->k->add(g + from * a->width, g + from * a->width, dy + from * a->width,
				(end - from) * a->width);
	}
}

/* A longer text than there are places is for the caller to refuse, by record. */
static int limit(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_value *v, size_t places)
{
	struct lep_net_input *in;

	if (v->axis < 0 && (size_t)v->shape.extent[0] > places)
		return lep_build_fail(b, s, "%zu places are too few for a sequence of %lld", places,
			(long long)v->shape.extent[0]);
	if (v->axis < 0)
		return 0;
	in = &b->net->input[v->axis];
	if (!in->longest || in->longest > places)
		in->longest = places;
	return 0;
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape out = v->shape, weights = {.rank = 2};
	struct position *a;
	struct lep_op *op;
	struct lep_param_in *p;
	int64_t places = 0;
	size_t width = 0;
	int rc = 0, learned = s->nword > 1 && strcmp(s->word[1], "learned") == 0;

	if (!learned && (s->nword < 2 || strcmp(s->word[1], "sinusoidal") != 0))
		rc = lep_build_fail(b, s, "is written 'position sinusoidal' or 'position learned N'");
	if (rc == 0 && learned)
		rc = lep_build_number(b, s, 2, 1, 1 << 24, &places);
	if (rc == 0)
		rc = lep_build_no_more(b, s, learned ? 3 : 2);
	if (rc == 0)
		rc = lep_build_sequence(b, s, &width);
	if (rc == 0 && learned)
		rc = limit(b, s, v, (size_t)places);
	if (rc)
		return rc;
	a = lep_alloc(1, sizeof(*a));
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	*a = (struct position){.width = width, .places = (size_t)places};
	op = lep_build_op(b, s, &lep_layer_position, &out, a);
	if (!op)
		return lep_build_status(b);
	op->operations = lep_op_size_out(op);
	if (!learned)
		return 0;
	op->gradient_tasks = (int)((a->places + TASK_PLACES - 1) / TASK_PLACES);
	weights.extent[0] = places;
	weights.extent[1] = (int64_t)width;
	p = lep_build_param(b, s, op, "w", &weights, LEP_INIT_NORMAL_002, 0, 0);
	if (!p)
		return lep_build_status(b);
	p->whole = 1;
	return 0;
}

const struct lep_layer lep_layer_position = {
	.name = "position",
	.synopsis = "position sinusoidal | learned N",
	.build = build,
	.forward = forward,
	.backward = backward,
	.gradient = gradient,
	.state_new = state_new,
	.state_free = lep_free,
	.along = 1,
	.step = step,
	.cache_new = cache_new,
	.cache_free = lep_free,
};
