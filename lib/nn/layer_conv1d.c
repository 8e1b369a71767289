/*
 * conv1d: each row of a sequence from a window of them, as cross-correlation:
 * y[t][o] = b[o] + sum x[t + j d - p][c] w[j][c][o], x zero outside the sequence.
 * The result is as long as the input.
 *
 * The samples of a pass are copied one behind the other with the zeros of the
 * longest reach between them, so that one product serves them all, and none sees
 * another. Rows of such a copy stand where they are needed:
 *
 *	x:  [sample 0][reach zeros][sample 1][reach zeros] ...     p zeros before
 *	dy: reach zeros before, then the same places
 */
#include <string.h>

#include "nn/layers.h"

enum { TAPS_MAX = 255 };

/* An offset takes the room of this many reals in scratch memory. */
#define OFFSET_REALS (sizeof(ptrdiff_t) / sizeof(lep_real))

struct conv {
	size_t in, out;           /* numbers of a row */
	size_t taps, dilation;
	size_t reach;             /* (taps - 1) dilation: zeros that part the samples */
	size_t before;            /* p: of these, how many come before a sample */
	int relu, has_bias;
	lep_real *packed, *turned, *plain;
};

/* Rows of a padded copy of the samples of a pass, with those at its two ends. */
static size_t padded_rows(const struct lep_op *op, const struct lep_exec *x, size_t first, size_t count)
{
	const struct conv *a = op->attr;

	return lep_step_before(x, op->out, first + count) - lep_step_before(x, op->out, first) +
		(count + 1) * a->reach;
}

static size_t scratch(const struct lep_op *op, const struct lep_exec *x, size_t first, size_t count)
{
	const struct conv *a = op->attr;
	size_t rows = padded_rows(op, x, first, count);

	return rows * (a->in + a->out + OFFSET_REALS);
}

/* The samples with zeros between them, `lead` rows of them before the first. */
static void pad(const struct lep_op *op, const struct lep_pass *p, lep_real *to, const lep_real *from, size_t width,
	size_t lead)
{
	const struct conv *a = op->attr;

	memset(to, 0, padded_rows(op, p->x, p->first, p->count) * width * sizeof(*to));
	to += lead * width;
	for (size_t s = p->first; s < p->first + p->count; s++) {
		size_t n = lep_steps(p->x, op->out, s) * width;

		memcpy(to, from, n * sizeof(*to));
		to += n + a->reach * width;
		from += n;
	}
}

/* Where the window of each row begins in a padded copy; how many. */
static size_t find_windows(const struct lep_op *op, const struct lep_pass *p, ptrdiff_t *row, size_t width)
{
	const struct conv *a = op->attr;
	size_t rows = 0, place = 0;

	for (size_t s = p->first; s < p->first + p->count; s++, place += a->reach)
		for (size_t n = lep_steps(p->x, op->out, s); n; n--)
			row[rows++] = (ptrdiff_t)(place++ * width);
	return rows;
}

/* Scratch memory: offsets, the padded input, the padded gradient. */
struct room {
	ptrdiff_t *row;
	lep_real *x, *dy;
};

static struct room room_of(const struct lep_op *op, const struct lep_pass *p)
{
	const struct conv *a = op->attr;
	size_t rows = padded_rows(op, p->x, p->first, p->count);
	struct room r;

	/* Offsets first, which have to be aligned. */
	r.row = (ptrdiff_t *)(void *)lep_scratch(p);
	r.x = lep_scratch(p) + rows * OFFSET_REALS;
	r.dy = r.x + rows * a->in;
	return r;
}

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct conv *a = op->attr;
	struct room r = room_of(op, p);
	ptrdiff_t off[TAPS_MAX];
	struct lep_gemm m = {.a = r.x, .row = r.row, .nseg = a->taps, .off = off, .len = a->in, .step = 1,
		.b = a->packed, .packed = 1, .n = a->out, .c = lep_out(op, p), .ldc = a->out,
		.bias = a->has_bias ? lep_weights(op, 1) : NULL, .relu = a->relu};

	for (size_t j = 0; j < a->taps; j++)
		off[j] = (ptrdiff_t)(j * a->dilation * a->in);
	pad(op, p, r.x, lep_in(op, p, 0), a->in, a->before);
	m.m = find_windows(op, p, r.row, a->in);
	p->x->k->gemm(&m);
}

/* w[j][c] gets the products of the rows j d on with the gradient: what stands
 * between the samples is zero in one of them. */
static void weights_gradient(const struct lep_op *op, const struct lep_pass *p, const struct room *r)
{
	const struct conv *a = op->attr;
	/* The last reach rows of x have no gradient beside them. */
	size_t rows = padded_rows(op, p->x, p->first, p->count) - a->reach;
	lep_real *g = lep_block_grad(op, p, 0);
	ptrdiff_t off = 0;

	for (size_t j = 0; j < a->taps; j++) {
		struct lep_gemm m = {.m = a->in, .a = r->x + j * a->dilation * a->in, .lda = 1, .nseg = 1, .off = &off,
			.len = rows, .step = (ptrdiff_t)a->in, .b = r->dy + a->reach * a->out, .ldb = a->out, .n = a->out,
			.c = g + j * a->in * a->out, .ldc = a->out};

		p->x->k->gemm(&m);
	}
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct conv *a = op->attr;
	lep_real *dy = lep_grad_out(op, p), *dx = lep_grad_in(op, p, 0);
	struct room r = room_of(op, p);
	ptrdiff_t off[TAPS_MAX];
	struct lep_gemm m = {.a = r.dy + a->before * a->out, .row = r.row, .nseg = a->taps, .off = off, .len = a->out,
		.step = 1, .b = a->turned, .packed = 1, .n = a->in, .c = dx, .ldc = a->in,
		.accumulate = op->accumulate[0]};

	if (a->relu)
		p->x->k->act_backward(LEP_ACT_RELU, 0, dy, dy, NULL, lep_out(op, p), lep_reals_out(op, p), 0);
	if (a->has_bias && lep_learns(op, 1))
		p->x->k->col_sums(lep_block_grad(op, p, 1), dy, lep_reals_out(op, p) / a->out, a->out, a->out, 0);
	pad(op, p, r.dy, dy, a->out, a->reach);
	if (lep_learns(op, 0)) {
		pad(op, p, r.x, lep_in(op, p, 0), a->in, a->before);
		weights_gradient(op, p, &r);
	}
	if (!dx)
		return;
	/* x[i] was tap j of row i + p - j d: from the last tap, which is the first row, on. */
	for (size_t j = 0; j < a->taps; j++)
		off[j] = (ptrdiff_t)(j * a->dilation * a->out);
	m.m = find_windows(op, p, r.row, a->out);
	p->x->k->gemm(&m);
}

static void prepare(const struct lep_op *op, int backward_too)
{
	const struct conv *a = op->attr;
	const lep_real *w = lep_weights(op, 0);

	op->net->k->pack(a->packed, w, a->taps * a->in, a->out, (ptrdiff_t)a->out, 1);
	if (!backward_too)
		return;
	for (size_t j = 0; j < a->taps; j++)
		for (size_t c = 0; c < a->in; c++)
			for (size_t o = 0; o < a->out; o++)
				a->plain[((a->taps - 1 - j) * a->out + o) * a->in + c] = w[(j * a->in + c) * a->out + o];
	op->net->k->pack(a->turned, a->plain, a->taps * a->out, a->in, (ptrdiff_t)a->in, 1);
}

static void release(struct lep_op *op)
{
	struct conv *a = op->attr;

	if (!a)
		return;
	lep_free(a->packed);
	lep_free(a->turned);
	lep_free(a->plain);
}

/* ---- the line ---- */

struct words {
	int64_t filters, taps, dilation;
	int causal, has_bias;
	enum lep_act act;
	lep_real act_param;
};

static int read_no_bias(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, struct words *w)
{
	if (i >= s->nword || strcmp(s->word[i], "no") != 0)
		return lep_build_fail(b, s, "'bias' may only be followed by 'no'");
	w->has_bias = 0;
	return 0;
}

static int read_words(struct lep_builder_nn *b, const struct lep_stmt *s, struct words *w)
{
	int is_table, rc = lep_build_units(b, s, 1, &w->filters, &is_table), placed = 0;
	size_t i = 3;

	*w = (struct words){.filters = w->filters, .dilation = 1, .has_bias = 1, .act = LEP_ACT_NONE};
	if (rc == 0)
		rc = lep_build_number(b, s, 2, 1, TAPS_MAX, &w->taps);
	for (; rc == 0 && i < s->nword; i++) {
		if ((strcmp(s->word[i], "same") == 0 || strcmp(s->word[i], "causal") == 0) && !placed++)
			w->causal = *s->word[i] == 'c';
		else if (strcmp(s->word[i], "dilation") == 0)
			rc = lep_build_number(b, s, ++i, 1, 1024, &w->dilation);
		else if (strcmp(s->word[i], "bias") == 0)
			rc = read_no_bias(b, s, ++i, w);
		else
			break;
	}
	if (rc == 0)
		rc = lep_build_act_word(b, s, &i, &w->act, &w->act_param);
	return rc < 0 ? rc : lep_build_no_more(b, s, i);
}

static struct conv *new_conv(const struct lep_kernels *k, const struct words *w, size_t in)
{
	struct conv *a = lep_alloc(1, sizeof(*a));

	if (!a)
		return NULL;
	*a = (struct conv){.in = in, .out = (size_t)w->filters, .taps = (size_t)w->taps,
		.dilation = (size_t)w->dilation, .relu = w->act == LEP_ACT_RELU, .has_bias = w->has_bias};
	a->reach = (a->taps - 1) * a->dilation;
	a->before = w->causal ? a->reach : a->reach / 2;
	a->packed = lep_alloc_used(k->pack_size(a->taps * in, a->out), sizeof(lep_real));
	a->turned = lep_alloc(k->pack_size(a->taps * a->out, in), sizeof(lep_real));
	a->plain = lep_alloc(a->taps * a->out * in, sizeof(lep_real));
	if (a->packed && a->turned && a->plain)
		return a;
	release(&(struct lep_op){.attr = a});
	lep_free(a);
	return NULL;
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape out = v->shape, weights = {.rank = 3}, bias = {.rank = 1};
	struct words w = {0};
	struct conv *a;
	struct lep_op *op;
	size_t in = 0, steps;
	int rc = read_words(b, s, &w);

	if (rc == 0)
		rc = lep_build_sequence(b, s, &in);
	if (rc == 0 && out.rank != 2)
		rc = lep_build_fail(b, s, "needs a sequence of rows of numbers, its input has more extents");
	weights.extent[0] = w.taps;
	weights.extent[1] = (int64_t)in;
	weights.extent[2] = bias.extent[0] = out.extent[1] = w.filters;
	if (rc == 0)
		rc = lep_build_weights_fit(b, s, &weights);
	if (rc)
		return rc;
	steps = v->axis < 0 ? (size_t)v->shape.extent[0] : 1;
	a = new_conv(lep_build_kernels(b), &w, in);
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	op = lep_build_op(b, s, &lep_layer_conv1d, &out, a);
	if (!op)
		return lep_build_status(b);
	/* Of a fixed size: as many rows as a pass of one sample has. */
	op->scratch = (steps + 2 * a->reach) * (a->in + a->out + OFFSET_REALS);
	op->operations = (uint64_t)steps * a->taps * a->in * a->out;
	if (!lep_build_param(b, s, op, "w", &weights, a->relu ? LEP_INIT_HE : LEP_INIT_GLOROT, a->taps * a->in,
			a->taps * a->out))
		return lep_build_status(b);
	if (a->has_bias && !lep_build_param(b, s, op, "b", &bias, LEP_INIT_ZERO, 0, 0))
		return lep_build_status(b);
	return a->relu ? 0 : lep_build_act(b, s, w.act, w.act_param);
}

const struct lep_layer lep_layer_conv1d = {
	.name = "conv1d",
	.synopsis = "conv1d FILTERS WIDTH [same | causal] [dilation N] [bias no] [activation]",
	.build = build,
	.forward = forward,
	.backward = backward,
	.scratch = scratch,
	.prepare = prepare,
	.release = release,
	.along = 1,
};
