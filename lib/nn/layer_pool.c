/* maxpool, avgpool, globalmaxpool, globalavgpool over height x width x channels. */
#include <string.h>

#include "nn/layers.h"

struct pool {
	struct lep_pool p;
	size_t in, out;           /* reals of one sample */
};

uint16_t *lep_pool_maxima(const struct lep_op *op, const struct lep_pass *p)
{
	uint16_t *arg = p->x->state[op->number];

	return arg ? arg + lep_place(p, op->out, lep_op_crosses(op, p->x)) * lep_op_size_out(op) : NULL;
}

struct lep_pool lep_pool_used(const struct lep_op *op)
{
	struct lep_pool p = ((const struct pool *)op->attr)->p;
	size_t h = (p.oh - 1) * p.sh + p.kh, w = (p.ow - 1) * p.sw + p.kw;

	p.h = h < p.h + p.ph ? h - p.ph : p.h;
	p.w = w < p.w + p.pw ? w - p.pw : p.w;
	return p;
}

static int max_state(const struct lep_op *op, struct lep_exec *x, void **state)
{
	if (!x->training)
		return 0;
	*state = lep_alloc(lep_places(x, op->out, lep_op_crosses(op, x)) * lep_op_size_out(op), sizeof(uint16_t));
	return *state ? 0 : LEP_ERR_NOMEM;
}

static void max_forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct pool *a = op->attr;
	uint16_t *arg = lep_pool_maxima(op, p);

	for (size_t i = 0; i < p->count; i++)
		p->x->k->maxpool_forward(&a->p, lep_out(op, p) + i * a->out, arg ? arg + i * a->out : NULL,
			lep_in(op, p, 0) + i * a->in);
}

/* The kernels overwrite; where the gradient holds something already, they
 * write aside and it is added. */
static lep_real *target(const struct lep_op *op, const struct lep_pass *p, lep_real *dx)
{
	return op->accumulate[0] ? lep_scratch(p) : dx;
}

static void settle(const struct lep_op *op, const struct lep_pass *p, lep_real *dx)
{
	if (op->accumulate[0])
		p->x->k->add(dx, dx, lep_scratch(p), p->count * lep_op_size_in(op, 0));
}

static void max_backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct pool *a = op->attr;
	lep_real *dx = lep_grad_in(op, p, 0), *to = target(op, p, dx);
	const uint16_t *arg = lep_pool_maxima(op, p);
	const struct lep_run *run = &p->x->run[op->number];
	struct lep_pool g = run->joiner ? lep_pool_used(op) : a->p;

	if (!dx)
		return;
	for (size_t i = 0; i < p->count; i++)
		p->x->k->maxpool_backward(&g, to + i * g.h * g.w * g.c, lep_grad_out(op, p) + i * a->out,
			arg + i * a->out, run->join == LEP_JOIN_RELU ? lep_out(op, p) + i * a->out : NULL);
	settle(op, p, dx);
}

static void average_forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct pool *a = op->attr;

	for (size_t i = 0; i < p->count; i++)
		p->x->k->avgpool_forward(&a->p, lep_out(op, p) + i * a->out, lep_in(op, p, 0) + i * a->in);
}

static void average_backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct pool *a = op->attr;
	lep_real *dx = lep_grad_in(op, p, 0), *to = target(op, p, dx);

	if (!dx)
		return;
	for (size_t i = 0; i < p->count; i++)
		p->x->k->avgpool_backward(&a->p, to + i * a->in, lep_grad_out(op, p) + i * a->out);
	settle(op, p, dx);
}

static void global_forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct pool *a = op->attr;

	for (size_t i = 0; i < p->count; i++)
		p->x->k->global_avg_forward(lep_out(op, p) + i * a->out, lep_in(op, p, 0) + i * a->in,
			a->p.h * a->p.w, a->p.c);
}

static void global_backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct pool *a = op->attr;
	lep_real *dx = lep_grad_in(op, p, 0), *to = target(op, p, dx);

	if (!dx)
		return;
	for (size_t i = 0; i < p->count; i++)
		p->x->k->global_avg_backward(to + i * a->in, lep_grad_out(op, p) + i * a->out, a->p.h * a->p.w,
			a->p.c);
	settle(op, p, dx);
}

/* ---- the lines ---- */

static int add(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_layer *layer,
	const struct lep_pool *geometry, int flat)
{
	struct lep_shape shape = {.rank = 3,
		.extent = {(int64_t)geometry->oh, (int64_t)geometry->ow, (int64_t)geometry->c}};
	struct pool *a = lep_alloc(1, sizeof(*a));
	struct lep_op *op;

	if (!a)
		return lep_build_fail(b, s, "out of memory");
	a->p = *geometry;
	a->in = geometry->h * geometry->w * geometry->c;
	a->out = geometry->oh * geometry->ow * geometry->c;
	if (flat)
		shape = (struct lep_shape){.rank = 1, .extent = {(int64_t)geometry->c}};
	op = lep_build_op(b, s, layer, &shape, a);
	if (!op)
		return lep_build_status(b);
	op->scratch = a->in;
	return 0;
}

static int build_window(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	int64_t hwc[3], kh = 0, kw = 0, stride = 0, padding = 0;
	struct lep_pool g;
	int rc = lep_build_picture(b, s, hwc), same = 0;

	if (rc == 0)
		rc = lep_build_pair(b, s, 1, 1, 255, &kh, &kw);
	for (size_t i = 2; rc == 0 && i < s->nword; i++) {
		if (strcmp(s->word[i], "stride") == 0)
			rc = lep_build_number(b, s, ++i, 1, 1024, &stride);
		else if (strcmp(s->word[i], "padding") == 0)
			rc = lep_build_number(b, s, ++i, 0, 127, &padding);
		else if (strcmp(s->word[i], "same") == 0)
			same = 1;
		else
			rc = lep_build_no_more(b, s, i);
	}
	if (rc == 0 && s->nblock)
		rc = lep_build_no_more(b, s, s->nword);
	if (rc == 0 && (padding >= kh || padding >= kw))
		rc = lep_build_fail(b, s, "padding must be smaller than the window");
	if (rc == 0 && same && padding)
		rc = lep_build_fail(b, s, "'same' and 'padding' exclude each other");
	if (rc)
		return rc;
	g = (struct lep_pool){.h = (size_t)hwc[0], .w = (size_t)hwc[1], .c = (size_t)hwc[2], .kh = (size_t)kh,
		.kw = (size_t)kw, .ph = (size_t)padding, .pw = (size_t)padding};
	g.sh = stride ? (size_t)stride : g.kh;
	g.sw = stride ? (size_t)stride : g.kw;
	if (same) {
		/* k - 1 in all, the odd one after: as many outputs as strides fit. */
		g.ph = (g.kh - 1) / 2;
		g.pw = (g.kw - 1) / 2;
		g.oh = (g.h - 1) / g.sh + 1;
		g.ow = (g.w - 1) / g.sw + 1;
	} else {
		if (g.h + 2 * g.ph < g.kh || g.w + 2 * g.pw < g.kw)
			return lep_build_fail(b, s, "a window of %zux%zu does not fit into %zux%zu", g.kh, g.kw, g.h, g.w);
		g.oh = (g.h + 2 * g.ph - g.kh) / g.sh + 1;
		g.ow = (g.w + 2 * g.pw - g.kw) / g.sw + 1;
	}
	return add(b, s, lep_layer_find(s->word[0]), &g, 0);
}

static int build_global(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	int64_t hwc[3];
	struct lep_pool g;
	int rc = lep_build_picture(b, s, hwc);

	if (rc == 0)
		rc = lep_build_no_more(b, s, 1);
	if (rc == 0 && (hwc[0] > 256 || hwc[1] > 256))
		rc = lep_build_fail(b, s, "takes at most 256x256 positions, its input has %lldx%lld",
			(long long)hwc[0], (long long)hwc[1]);
	if (rc)
		return rc;
	g = (struct lep_pool){.h = (size_t)hwc[0], .w = (size_t)hwc[1], .c = (size_t)hwc[2], .oh = 1, .ow = 1};
	g.kh = g.sh = g.h;
	g.kw = g.sw = g.w;
	return add(b, s, lep_layer_find(s->word[0]), &g, 1);
}

const struct lep_layer lep_layer_maxpool = {
	.name = "maxpool",
	.synopsis = "maxpool HxW [stride N] [same | padding N]",
	.build = build_window,
	.forward = max_forward,
	.backward = max_backward,
	.state_new = max_state,
	.state_free = lep_free,
};

const struct lep_layer lep_layer_avgpool = {
	.name = "avgpool",
	.synopsis = "avgpool HxW [stride N] [same | padding N]",
	.build = build_window,
	.forward = average_forward,
	.backward = average_backward,
};

const struct lep_layer lep_layer_globalmaxpool = {
	.name = "globalmaxpool",
	.synopsis = "globalmaxpool",
	.build = build_global,
	.forward = max_forward,
	.backward = max_backward,
	.state_new = max_state,
	.state_free = lep_free,
};

const struct lep_layer lep_layer_globalavgpool = {
	.name = "globalavgpool",
	.synopsis = "globalavgpool",
	.build = build_global,
	.forward = global_forward,
	.backward = global_backward,
};
