/*
 * conv: y[i][j][o] = b[o] + sum over kh, kw, c of x[i s + kh d - p][...][c] w[kh][kw][c][o].
 *
 * No im2col: the kernel takes the place of each output position's window and the
 * offsets of the taps. The gradient of x adds each tap's product into place;
 * that of w is one product with taps and channels as rows. With padding the
 * input is copied once between zero borders.
 */
#include <string.h>

#include "nn/layers.h"

struct conv {
	size_t h, w, c;           /* input */
	size_t hp, wp;            /* with borders */
	size_t top, left;
	size_t oh, ow, filters;
	size_t kh, kw, stride, dilation, groups;
	int padded, depthwise, relu, has_bias;
	size_t cg, fg;            /* channels and filters of one group */
	size_t taps, rows;        /* kh kw; kh kw cg */
	size_t nseg, len;         /* of the forward product */
	ptrdiff_t *off;           /* [nseg]: of its segments */
	ptrdiff_t *tap;           /* [rows]: of each tap and channel of a group */
	size_t pack_size, turned_size;
	lep_real *packed;         /* [groups] */
	lep_real *turned;         /* [groups][taps], transposed */
};

/* Offsets are from the first sample of a pass on. */
struct state {
	lep_real *padded;         /* samples between borders, a block a slot; or NULL */
	ptrdiff_t *window;        /* [block_max][position]: its top left element */
	ptrdiff_t *line;          /* [block_max][oh]: that of each row's first window; training */
};

static size_t positions(const struct conv *a)
{
	return a->oh * a->ow;
}

static size_t padded_size(const struct conv *a)
{
	return a->hp * a->wp * a->c;
}

static size_t tap_offset(const struct conv *a, size_t tap)
{
	return ((tap / a->kw) * a->wp + tap % a->kw) * a->dilation * a->c;
}

/* ---- state ---- */

static void state_free(void *p)
{
	struct state *s = p;

	lep_free(s->padded);
	lep_free(s->window);
	lep_free(s->line);
	lep_free(s);
}

static int state_new(const struct lep_op *op, struct lep_exec *x, void **out)
{
	const struct conv *a = op->attr;
	struct state *s = lep_alloc(1, sizeof(*s));
	size_t lines = x->block_max * a->oh;

	*out = s;
	if (!s)
		return LEP_ERR_NOMEM;
	if (a->padded) {
		s->padded = lep_alloc(lep_places(x, op->out, 0) * padded_size(a), sizeof(lep_real));
		if (!s->padded)
			return LEP_ERR_NOMEM;
	}
	if (a->depthwise)
		return 0;
	s->window = lep_alloc(lines * a->ow, sizeof(*s->window));
	s->line = lep_alloc(lines, sizeof(*s->line));
	if (!s->window || !s->line)
		return LEP_ERR_NOMEM;
	for (size_t i = 0; i < lines; i++) {
		s->line[i] = (ptrdiff_t)(i / a->oh * padded_size(a) + i % a->oh * a->stride * a->wp * a->c);
		for (size_t k = 0; k < a->ow; k++)
			s->window[i * a->ow + k] = s->line[i] + (ptrdiff_t)(k * a->stride * a->c);
	}
	return 0;
}

/* ---- running ---- */

static struct lep_depthwise depthwise(const struct conv *a)
{
	return (struct lep_depthwise){.h = a->hp, .w = a->wp, .c = a->c, .oh = a->oh, .ow = a->ow,
		.kh = a->kh, .kw = a->kw, .sh = a->stride, .sw = a->stride, .dh = a->dilation, .dw = a->dilation};
}

/* The input's samples of the pass, with borders if it has any (which are zero
 * from the start). */
static const lep_real *input(const struct lep_op *op, const struct lep_pass *p, int copy)
{
	const struct conv *a = op->attr;
	const struct state *s = p->x->state[op->number];
	const lep_real *x = lep_in(op, p, 0);
	lep_real *padded;
	size_t row = a->w * a->c;

	if (!a->padded)
		return x;
	padded = s->padded + lep_place(p, op->out, 0) * padded_size(a);
	for (size_t k = 0; k < p->count && copy; k++)
		for (size_t i = 0; i < a->h; i++)
			memcpy(padded + k * padded_size(a) + ((a->top + i) * a->wp + a->left) * a->c,
				x + (k * a->h + i) * row, row * sizeof(*x));
	return padded;
}

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct conv *a = op->attr;
	const struct state *s = p->x->state[op->number];
	const lep_real *bias = a->has_bias ? lep_weights(op, 1) : NULL, *x = input(op, p, 1);

	if (a->depthwise) {
		struct lep_depthwise d = depthwise(a);

		for (size_t i = 0; i < p->count; i++)
			p->x->k->depthwise_forward(&d, lep_out(op, p) + i * lep_op_size_out(op),
				x + i * padded_size(a), lep_weights(op, 0), bias, a->relu);
		return;
	}
	for (size_t g = 0; g < a->groups; g++) {
		struct lep_gemm m = {.m = p->count * positions(a), .a = x + g * a->cg, .row = s->window,
			.nseg = a->nseg, .off = a->off, .len = a->len, .step = 1, .b = a->packed + g * a->pack_size,
			.packed = 1, .n = a->fg, .c = lep_out(op, p) + g * a->fg, .ldc = a->filters,
			.bias = bias ? bias + g * a->fg : NULL, .relu = a->relu};

		p->x->k->gemm(&m);
	}
}

static void weight_gradient(const struct lep_op *op, const struct lep_pass *p)
{
	const struct conv *a = op->attr;
	const struct state *s = p->x->state[op->number];
	/* The borders' place belongs to the block that was last in this slot. */
	const lep_real *x = input(op, p, lep_op_crosses(op, p->x)), *dy = lep_grad_out(op, p);
	lep_real *dw = lep_block_grad(op, p, 0);

	if (a->depthwise) {
		struct lep_depthwise d = depthwise(a);

		memset(dw, 0, a->taps * a->c * sizeof(*dw));
		for (size_t i = 0; i < p->count; i++)
			p->x->k->depthwise_weights(&d, dw, dy + i * lep_op_size_out(op), x + i * padded_size(a));
		return;
	}
	for (size_t g = 0; g < a->groups; g++) {
		struct lep_gemm m = {.m = a->rows, .a = x + g * a->cg, .row = a->tap, .nseg = p->count * a->oh,
			.off = s->line, .len = a->ow, .step = (ptrdiff_t)(a->stride * a->c), .b = dy + g * a->fg,
			.ldb = a->filters, .n = a->fg, .c = dw + g * a->fg, .ldc = a->filters};

		p->x->k->gemm(&m);
	}
}

/* dx, laid out with borders, of the samples of the pass; it holds zeros, or
 * what others have added already. */
static void add_input_gradient(const struct lep_op *op, const struct lep_pass *p, lep_real *dx)
{
	const struct conv *a = op->attr;
	const struct state *s = p->x->state[op->number];
	static const ptrdiff_t zero = 0;

	for (size_t g = 0; g < a->groups; g++)
		for (size_t t = 0; t < a->taps; t++) {
			struct lep_gemm m = {.m = p->count * positions(a), .a = lep_grad_out(op, p) + g * a->fg,
				.lda = a->filters, .nseg = 1, .off = &zero, .len = a->fg, .step = 1,
				.b = a->turned + (g * a->taps + t) * a->turned_size, .packed = 1, .n = a->cg,
				.c = dx + tap_offset(a, t) + g * a->cg, .crow = s->window, .accumulate = 1};

			p->x->k->gemm(&m);
		}
}

/* The inside of the bordered gradient into dx. */
static void copy_out(const struct lep_op *op, const struct lep_pass *p, const lep_real *padded, lep_real *dx)
{
	const struct conv *a = op->attr;
	size_t row = a->w * a->c;

	for (size_t s = 0; s < p->count; s++)
		for (size_t i = 0; i < a->h; i++) {
			const lep_real *from = padded + s * padded_size(a) + ((a->top + i) * a->wp + a->left) * a->c;
			lep_real *to = dx + (s * a->h + i) * row;

			if (op->accumulate[0])
				p->x->k->add(to, to, from, row);
			else
				memcpy(to, from, row * sizeof(*to));
		}
}

static void input_gradient(const struct lep_op *op, const struct lep_pass *p, lep_real *dx)
{
	const struct conv *a = op->attr;
	size_t size = p->count * padded_size(a);
	int aside = a->padded || (a->depthwise && op->accumulate[0]);
	lep_real *to = aside ? lep_scratch(p) : dx;

	if (a->depthwise) {
		struct lep_depthwise d = depthwise(a);

		for (size_t i = 0; i < p->count; i++)
			p->x->k->depthwise_data(&d, to + i * padded_size(a),
				lep_grad_out(op, p) + i * lep_op_size_out(op), lep_weights(op, 0));
	} else {
		if (aside || !op->accumulate[0])
			memset(to, 0, size * sizeof(*to));
		add_input_gradient(op, p, to);
	}
	if (aside)
		copy_out(op, p, to, dx);
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct conv *a = op->attr;
	lep_real *dy = lep_grad_out(op, p), *dx = lep_grad_in(op, p, 0);
	size_t n = p->count * lep_op_size_out(op);

	if (a->relu)
		p->x->k->act_backward(LEP_ACT_RELU, 0, dy, dy, NULL, lep_out(op, p), n, 0);
	if (lep_learns(op, 0))
		weight_gradient(op, p);
	if (a->has_bias && lep_learns(op, 1))
		p->x->k->col_sums(lep_block_grad(op, p, 1), dy, p->count * positions(a), a->filters, a->filters, 0);
	if (dx)
		input_gradient(op, p, dx);
}

static void prepare(const struct lep_op *op, int backward_too)
{
	const struct conv *a = op->attr;
	const struct lep_kernels *k = op->net->k;
	const lep_real *w = lep_weights(op, 0);

	for (size_t g = 0; g < a->groups && !a->depthwise; g++) {
		k->pack(a->packed + g * a->pack_size, w + g * a->fg, a->rows, a->fg, (ptrdiff_t)a->filters, 1);
		for (size_t t = 0; t < a->taps && backward_too; t++)
			k->pack(a->turned + (g * a->taps + t) * a->turned_size,
				w + t * a->cg * a->filters + g * a->fg, a->fg, a->cg, 1, (ptrdiff_t)a->filters);
	}
}

static void release(struct lep_op *op)
{
	struct conv *a = op->attr;

	if (!a)
		return;
	lep_free(a->off);
	lep_free(a->tap);
	lep_free(a->packed);
	lep_free(a->turned);
}

/* ---- the line ---- */

struct words {
	int64_t filters, kh, kw, stride, dilation, groups, padding;
	int classes, same, has_padding, has_bias;
	enum lep_act act;
	lep_real act_param;
};

static int read_words(struct lep_builder_nn *b, const struct lep_stmt *s, int64_t channels, struct words *w)
{
	const struct {
		const char *word;
		int64_t low, high, *to;
	} options[] = {
		{"stride", 1, 1024, &w->stride},
		{"dilation", 1, 1024, &w->dilation},
		{"groups", 1, 1 << 20, &w->groups},
		{"padding", 0, 1024, &w->padding},
	};
	size_t i = 3, k;
	int rc = lep_build_units(b, s, 1, &w->filters, &w->classes);

	if (rc == 0)
		rc = lep_build_pair(b, s, 2, 1, 255, &w->kh, &w->kw);
	while (rc == 0 && i < s->nword) {
		for (k = 0; k < 4 && strcmp(options[k].word, s->word[i]) != 0; k++)
			;
		if (k < 4) {
			rc = lep_build_number(b, s, i + 1, options[k].low, options[k].high, options[k].to);
			w->has_padding |= options[k].to == &w->padding;
			i += 2;
		} else if (strcmp(s->word[i], "same") == 0) {
			w->same = 1;
			i++;
		} else if (strcmp(s->word[i], "depthwise") == 0) {
			w->groups = channels;
			i++;
		} else if (strcmp(s->word[i], "bias") == 0 && i + 1 < s->nword && strcmp(s->word[i + 1], "no") == 0) {
			w->has_bias = 0;
			i += 2;
		} else if (strcmp(s->word[i], "bias") == 0) {
			rc = lep_build_fail(b, s, "'bias' may only be followed by 'no'");
		} else {
			rc = lep_build_act_word(b, s, &i, &w->act, &w->act_param);
			if (rc >= 0)
				rc = lep_build_no_more(b, s, i);
			break;
		}
	}
	if (rc == 0 && s->nblock)
		rc = lep_build_no_more(b, s, s->nword);
	if (rc == 0 && w->same && w->has_padding)
		rc = lep_build_fail(b, s, "'same' and 'padding' exclude each other");
	if (rc == 0 && (channels % w->groups || w->filters % w->groups))
		rc = lep_build_fail(b, s, "groups %lld does not divide %lld channels and %lld filters",
			(long long)w->groups, (long long)channels, (long long)w->filters);
	return rc;
}

static int fill(struct lep_builder_nn *b, const struct lep_stmt *s, const int64_t hwc[3], const struct words *w,
	struct conv *a)
{
	const struct lep_kernels *k = lep_build_kernels(b);
	size_t reach_h = (size_t)((w->kh - 1) * w->dilation), reach_w = (size_t)((w->kw - 1) * w->dilation);
	size_t pad_h = w->same ? reach_h : (size_t)w->padding * 2;
	size_t pad_w = w->same ? reach_w : (size_t)w->padding * 2;

	*a = (struct conv){.h = (size_t)hwc[0], .w = (size_t)hwc[1], .c = (size_t)hwc[2],
		.filters = (size_t)w->filters, .kh = (size_t)w->kh, .kw = (size_t)w->kw,
		.stride = (size_t)w->stride, .dilation = (size_t)w->dilation, .groups = (size_t)w->groups,
		.top = pad_h / 2, .left = pad_w / 2, .padded = pad_h || pad_w, .has_bias = w->has_bias,
		.relu = w->act == LEP_ACT_RELU};
	a->hp = a->h + pad_h;
	a->wp = a->w + pad_w;
	if (a->hp <= reach_h || a->wp <= reach_w)
		return lep_build_fail(b, s, "a window of %zux%zu does not fit into %zux%zu", reach_h + 1, reach_w + 1,
			a->hp, a->wp);
	if (lep_shape_count(&(struct lep_shape){.rank = 3,
		.extent = {(int64_t)a->hp, (int64_t)a->wp, hwc[2]}}) > INT32_MAX)
		return lep_build_fail(b, s, "its input with borders, %zux%zux%zu, is too large", a->hp, a->wp, a->c);
	a->oh = (a->hp - reach_h - 1) / a->stride + 1;
	a->ow = (a->wp - reach_w - 1) / a->stride + 1;
	if (lep_build_value_fits(b, &(struct lep_shape){.rank = 3,
		.extent = {(int64_t)a->oh, (int64_t)a->ow, w->filters}}))
		return lep_build_status(b);
	a->cg = a->c / a->groups;
	a->fg = a->filters / a->groups;
	a->depthwise = a->groups == a->c && a->filters == a->c && a->groups > 1;
	a->taps = a->kh * a->kw;
	a->rows = a->taps * a->cg;
	/* Neighbouring taps of a row are neighbours in memory, too. */
	a->nseg = a->groups == 1 && a->dilation == 1 ? a->kh : a->taps;
	a->len = a->rows / a->nseg;
	a->off = lep_alloc(a->nseg, sizeof(*a->off));
	a->tap = lep_alloc(a->rows, sizeof(*a->tap));
	if (!a->off || !a->tap)
		return lep_build_fail(b, s, "out of memory");
	for (size_t i = 0; i < a->nseg; i++)
		a->off[i] = (ptrdiff_t)tap_offset(a, i * (a->taps / a->nseg));
	for (size_t i = 0; i < a->rows; i++)
		a->tap[i] = (ptrdiff_t)(tap_offset(a, i / a->cg) + i % a->cg);
	if (a->depthwise)
		return 0;
	a->pack_size = lep_round_up(k->pack_size(a->rows, a->fg), 16);
	a->turned_size = lep_round_up(k->pack_size(a->fg, a->cg), 16);
	a->packed = lep_alloc(a->groups * a->pack_size, sizeof(lep_real));
	a->turned = lep_alloc(a->groups * a->taps * a->turned_size, sizeof(lep_real));
	return a->packed && a->turned ? 0 : lep_build_fail(b, s, "out of memory");
}

static int add(struct lep_builder_nn *b, const struct lep_stmt *s, const struct words *w, struct conv *a)
{
	struct lep_shape out = {.rank = 3, .extent = {(int64_t)a->oh, (int64_t)a->ow, w->filters}};
	struct lep_shape weights = {.rank = 4, .extent = {w->kh, w->kw, (int64_t)a->cg, w->filters}};
	struct lep_shape bias = {.rank = 1, .extent = {w->filters}};
	struct lep_op *op = lep_build_op(b, s, &lep_layer_conv, &out, a);
	struct lep_param_in *p;

	if (!op)
		return lep_build_status(b);
	op->operations = (uint64_t)positions(a) * a->rows * a->filters;
	op->scratch = padded_size(a);
	p = lep_build_param(b, s, op, "w", &weights, a->relu ? LEP_INIT_HE : LEP_INIT_GLOROT, a->rows,
		a->taps * a->fg);
	if (!p)
		return lep_build_status(b);
	p->pub.wide_as_target = w->classes;
	if (a->has_bias) {
		p = lep_build_param(b, s, op, "b", &bias, LEP_INIT_ZERO, 0, 0);
		if (!p)
			return lep_build_status(b);
		p->pub.wide_as_target = w->classes;
	}
	return a->relu ? 0 : lep_build_act(b, s, w->act, w->act_param);
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	struct words w = {.stride = 1, .dilation = 1, .groups = 1, .has_bias = 1};
	struct conv *a;
	int64_t hwc[3];
	int rc = lep_build_picture(b, s, hwc);

	if (rc == 0)
		rc = read_words(b, s, hwc[2], &w);
	if (rc == 0)
		rc = lep_build_weights_fit(b, s, &(struct lep_shape){.rank = 4,
			.extent = {w.kh, w.kw, hwc[2] / w.groups, w.filters}});
	if (rc)
		return rc;
	a = lep_alloc(1, sizeof(*a));
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	rc = fill(b, s, hwc, &w, a);
	if (rc) {
		lep_free(a->off);
		lep_free(a->tap);
		lep_free(a->packed);
		lep_free(a->turned);
		lep_free(a);
		return rc;
	}
	return add(b, s, &w, a);
}

const struct lep_layer lep_layer_conv = {
	.name = "conv",
	.synopsis = "conv FILTERS HxW [same | padding N] [stride N] [dilation N] [groups N | depthwise] [bias no] "
		"[activation]",
	.build = build,
	.forward = forward,
	.backward = backward,
	.prepare = prepare,
	.state_new = state_new,
	.state_free = state_free,
	.release = release,
};
