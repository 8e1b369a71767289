/*
 * How a convolution runs.
 *
 * No im2col: the kernel takes the place of each output position's window and the
 * offsets of the taps. The gradient of x adds each tap's product into place;
 * that of w is one product with taps and channels as rows. With padding the
 * input is copied once between zero borders.
 *
 * A maxpool that alone reads the output, in windows apart from each other, runs as
 * a part of it: some rows of the output at a time, which stay in the first cache,
 * and no more of it than the windows see. Backward the pool hands back the gradient
 * of just that part, through the relu.
 */
#include <string.h>

#include "nn/conv.h"

/* Offsets are from the first sample of a pass on. */
struct state {
	size_t oh, ow;            /* of the output, what is wanted */
	lep_real *padded;         /* samples between borders, a block a slot; or NULL */
	ptrdiff_t *window;        /* [block_max][position]: its top left element */
	ptrdiff_t *line;          /* [block_max][oh]: that of each row's first window */
	size_t strips;            /* to pool: pieces of the output */
	size_t strip_size;
	lep_real *strip;          /* [threads] */
};

/* Reals of a strip: two thirds of a small first cache. */
enum { STRIP_REALS = 6144 };

/* ---- state ---- */

void lep_conv_state_free(void *p)
{
	struct state *s = p;

	lep_free(s->padded);
	lep_free(s->window);
	lep_free(s->line);
	lep_free(s->strip);
	lep_free(s);
}

/* Rows of pooled output that begin strip i. */
static size_t strip_begin(const struct state *s, const struct lep_pool *g, size_t i)
{
	return g->oh * i / s->strips;
}

/* Rows of output that the pooled rows from .. to - 1 see: first and, returned, how many. */
static size_t strip_rows(const struct lep_pool *g, size_t from, size_t to, size_t *first)
{
	size_t end = (to - 1) * g->sh + g->kh;

	*first = from * g->sh > g->ph ? from * g->sh - g->ph : 0;
	end = end > g->ph ? end - g->ph : 0;
	end = end < g->h ? end : g->h;
	return end > *first ? end - *first : 0;
}

static int new_strips(const struct lep_conv *a, const struct lep_op *reader, const struct lep_exec *x, struct state *s)
{
	struct lep_pool g = lep_pool_used(reader);
	size_t row = g.sh * g.w * a->filters, fit = STRIP_REALS / row ? STRIP_REALS / row : 1, first;

	s->oh = g.h;
	s->ow = g.w;
	s->strips = (g.oh + fit - 1) / fit;
	for (size_t i = 0; i < s->strips; i++) {
		size_t size = strip_rows(&g, strip_begin(s, &g, i), strip_begin(s, &g, i + 1), &first) * g.w * a->filters;

		s->strip_size = size > s->strip_size ? size : s->strip_size;
	}
	s->strip_size = lep_round_up(s->strip_size, 16);
	s->strip = lep_alloc((size_t)x->threads * s->strip_size, sizeof(*s->strip));
	return s->strip ? 0 : LEP_ERR_NOMEM;
}

int lep_conv_state_new(const struct lep_op *op, struct lep_exec *x, void **out)
{
	const struct lep_conv *a = op->attr;
	const struct lep_op *reader = x->run[op->number].reader;
	struct state *s = lep_alloc(1, sizeof(*s));
	size_t lines;

	*out = s;
	if (!s)
		return LEP_ERR_NOMEM;
	s->oh = a->oh;
	s->ow = a->ow;
	if (reader && new_strips(a, reader, x, s))
		return LEP_ERR_NOMEM;
	lines = x->block_max * s->oh;
	if (a->padded) {
		s->padded = lep_alloc(lep_places(x, op->out, 0) * lep_conv_padded(a), sizeof(lep_real));
		if (!s->padded)
			return LEP_ERR_NOMEM;
	}
	if (a->depthwise)
		return 0;
	s->window = lep_alloc(lines * s->ow, sizeof(*s->window));
	s->line = lep_alloc(lines, sizeof(*s->line));
	if (!s->window || !s->line)
		return LEP_ERR_NOMEM;
	for (size_t i = 0; i < lines; i++) {
		s->line[i] = (ptrdiff_t)(i / s->oh * lep_conv_padded(a) + i % s->oh * a->stride * a->wp * a->c);
		for (size_t k = 0; k < s->ow; k++)
			s->window[i * s->ow + k] = s->line[i] + (ptrdiff_t)(k * a->stride * a->c);
	}
	return 0;
}

/* ---- running ---- */

static struct lep_depthwise depthwise(const struct lep_conv *a)
{
	return (struct lep_depthwise){.h = a->hp, .w = a->wp, .c = a->c, .oh = a->oh, .ow = a->ow,
		.kh = a->kh, .kw = a->kw, .sh = a->stride, .sw = a->stride, .dh = a->dilation, .dw = a->dilation};
}

/* The input's samples of the pass, with borders if it has any (which are zero
 * from the start). */
static const lep_real *input(const struct lep_op *op, const struct lep_pass *p, int copy)
{
	const struct lep_conv *a = op->attr;
	const struct state *s = p->x->state[op->number];
	const lep_real *x = lep_in(op, p, 0);
	lep_real *padded;
	size_t row = a->w * a->c;

	if (!a->padded)
		return x;
	padded = s->padded + lep_place(p, op->out, 0) * lep_conv_padded(a);
	for (size_t k = 0; k < p->count && copy; k++)
		for (size_t i = 0; i < a->h; i++)
			memcpy(padded + k * lep_conv_padded(a) + ((a->top + i) * a->wp + a->left) * a->c,
				x + (k * a->h + i) * row, row * sizeof(*x));
	return padded;
}

/* y[m][filters] from the input x at m windows. */
static void products(const struct lep_op *op, const struct lep_pass *p, const lep_real *x, const ptrdiff_t *window,
	size_t m, lep_real *y)
{
	const struct lep_conv *a = op->attr;
	const lep_real *bias = a->has_bias ? lep_weights(op, 1) : NULL;

	for (size_t g = 0; g < a->groups; g++) {
		struct lep_gemm gemm = {.m = m, .a = x + g * a->cg, .row = window, .nseg = a->nseg, .off = a->off,
			.len = a->len, .step = 1, .b = a->packed + g * a->pack_size, .packed = 1, .n = a->fg,
			.c = y + g * a->fg, .ldc = a->filters, .bias = bias ? bias + g * a->fg : NULL, .relu = a->relu};

		p->x->k->gemm(&gemm);
	}
}

/* Strip by strip, each pooled at once. */
static void forward_pooled(const struct lep_op *op, const struct lep_op *pool, const struct lep_pass *p,
	const lep_real *x)
{
	const struct lep_conv *a = op->attr;
	const struct state *s = p->x->state[op->number];
	struct lep_pool whole = lep_pool_used(pool), g = whole;
	lep_real *strip = s->strip + (size_t)p->thread * s->strip_size, *y = lep_out(pool, p);
	uint16_t *arg = lep_pool_maxima(pool, p);

	for (size_t k = 0; k < p->count * s->strips; k++) {
		size_t from = strip_begin(s, &whole, k % s->strips), to = strip_begin(s, &whole, k % s->strips + 1), first;

		g.h = strip_rows(&whole, from, to, &first);
		g.oh = to - from;
		g.ph = whole.ph > from * g.sh ? whole.ph - from * g.sh : 0;
		products(op, p, x + k / s->strips * lep_conv_padded(a), s->window + first * s->ow, g.h * s->ow, strip);
		p->x->k->maxpool_forward(&g, y, arg, strip);
		y += g.oh * g.ow * g.c;
		arg = arg ? arg + g.oh * g.ow * g.c : NULL;
	}
}

void lep_conv_forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct lep_conv *a = op->attr;
	const struct state *s = p->x->state[op->number];
	const struct lep_op *pool = p->x->run[op->number].reader;
	const lep_real *x = input(op, p, 1);

	if (pool) {
		forward_pooled(op, pool, p, x);
	} else if (a->depthwise) {
		struct lep_depthwise d = depthwise(a);

		for (size_t i = 0; i < p->count; i++)
			p->x->k->depthwise_forward(&d, lep_out(op, p) + i * lep_op_size_out(op),
				x + i * lep_conv_padded(a), lep_weights(op, 0), a->has_bias ? lep_weights(op, 1) : NULL,
				a->relu);
	} else {
		products(op, p, x, s->window, p->count * s->oh * s->ow, lep_out(op, p));
	}
}

static void weight_gradient(const struct lep_op *op, const struct lep_pass *p)
{
	const struct lep_conv *a = op->attr;
	const struct state *s = p->x->state[op->number];
	/* The borders' place belongs to the block that was last in this slot. */
	const lep_real *x = input(op, p, lep_op_crosses(op, p->x)), *dy = lep_grad_out(op, p);
	lep_real *dw = lep_block_grad(op, p, 0);

	if (a->depthwise) {
		struct lep_depthwise d = depthwise(a);

		memset(dw, 0, a->taps * a->c * sizeof(*dw));
		for (size_t i = 0; i < p->count; i++)
			p->x->k->depthwise_weights(&d, dw, dy + i * lep_op_size_out(op), x + i * lep_conv_padded(a));
		return;
	}
	for (size_t g = 0; g < a->groups; g++) {
		struct lep_gemm m = {.m = a->rows, .a = x + g * a->cg, .row = a->tap, .nseg = p->count * s->oh,
			.off = s->line, .len = s->ow, .step = (ptrdiff_t)(a->stride * a->c), .b = dy + g * a->fg,
			.ldb = a->filters, .n = a->fg, .c = dw + g * a->fg, .ldc = a->filters};

		p->x->k->gemm(&m);
	}
}

/* dx, laid out with borders, of the samples of the pass; it holds zeros, or
 * what others have added already. */
static void add_input_gradient(const struct lep_op *op, const struct lep_pass *p, lep_real *dx)
{
	const struct lep_conv *a = op->attr;
	const struct state *s = p->x->state[op->number];
	static const ptrdiff_t zero = 0;

	for (size_t g = 0; g < a->groups; g++)
		for (size_t t = 0; t < a->taps; t++) {
			struct lep_gemm m = {.m = p->count * s->oh * s->ow, .a = lep_grad_out(op, p) + g * a->fg,
				.lda = a->filters, .nseg = 1, .off = &zero, .len = a->fg, .step = 1,
				.b = a->turned + (g * a->taps + t) * a->turned_size, .packed = 1, .n = a->cg,
				.c = dx + lep_conv_tap(a, t) + g * a->cg, .crow = s->window, .accumulate = 1};

			p->x->k->gemm(&m);
		}
}

/* The inside of the bordered gradient into dx. */
static void copy_out(const struct lep_op *op, const struct lep_pass *p, const lep_real *padded, lep_real *dx)
{
	const struct lep_conv *a = op->attr;
	size_t row = a->w * a->c;

	for (size_t s = 0; s < p->count; s++)
		for (size_t i = 0; i < a->h; i++) {
			const lep_real *from = padded + s * lep_conv_padded(a) + ((a->top + i) * a->wp + a->left) * a->c;
			lep_real *to = dx + (s * a->h + i) * row;

			if (op->accumulate[0])
				p->x->k->add(to, to, from, row);
			else
				memcpy(to, from, row * sizeof(*to));
		}
}

static void input_gradient(const struct lep_op *op, const struct lep_pass *p, lep_real *dx)
{
	const struct lep_conv *a = op->attr;
	size_t size = p->count * lep_conv_padded(a);
	int aside = a->padded || (a->depthwise && op->accumulate[0]);
	lep_real *to = aside ? lep_scratch(p) : dx;

	if (a->depthwise) {
		struct lep_depthwise d = depthwise(a);

		for (size_t i = 0; i < p->count; i++)
			p->x->k->depthwise_data(&d, to + i * lep_conv_padded(a),
				lep_grad_out(op, p) + i * lep_op_size_out(op), lep_weights(op, 0));
	} else {
		if (aside || !op->accumulate[0])
			memset(to, 0, size * sizeof(*to));
		add_input_gradient(op, p, to);
	}
	if (aside)
		copy_out(op, p, to, dx);
}

void lep_conv_backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct lep_conv *a = op->attr;
	const struct state *s = p->x->state[op->number];
	lep_real *dy = lep_grad_out(op, p), *dx = lep_grad_in(op, p, 0);
	size_t positions = p->count * s->oh * s->ow;

	if (a->relu && !p->x->run[op->number].reader)
		p->x->k->act_backward(LEP_ACT_RELU, 0, dy, dy, NULL, lep_out(op, p), positions * a->filters, 0);
	if (lep_learns(op, 0))
		weight_gradient(op, p);
	if (a->has_bias && lep_learns(op, 1))
		p->x->k->col_sums(lep_block_grad(op, p, 1), dy, positions, a->filters, a->filters, 0);
	if (dx)
		input_gradient(op, p, dx);
}

/* Windows that overlap would have rows computed twice. */
int lep_conv_joins(const struct lep_op *op, const struct lep_op *reader)
{
	const struct lep_conv *a = op->attr;
	struct lep_pool g;

	if (reader->layer != &lep_layer_maxpool || a->depthwise)
		return LEP_JOIN_NOT;
	g = lep_pool_used(reader);
	return g.sh < g.kh ? LEP_JOIN_NOT : a->relu ? LEP_JOIN_RELU : LEP_JOIN_PLAIN;
}
