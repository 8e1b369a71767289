/*
 * dense: y = x w + b over the last axis. The weights' gradient is one product
 * over all rows of the batch, cut into tasks by input and output, so that no
 * thread holds a copy of a large matrix. Several matrices that read the same
 * rows, as those of attention, are parts of one product, side by side.
 */
#include <string.h>

#include "nn/layers.h"

/* A task of the gradient: large enough that copying its operands together pays. */
enum { TASK_ROWS = 128, TASK_COLUMNS = 256 };

struct dense {
	size_t in, out;
	size_t rows;              /* of one sample (a row of a sequence): all axes but the last */
	int parts;                /* matrices of out / parts columns each */
	int relu, has_bias;
	lep_real *packed, *turned;
	lep_real *joined, *bias;  /* of several parts: them side by side */
};

/* Parameters: weights and, if there is one, bias of each part. */
static int weights_of(const struct dense *a, int part)
{
	return a->has_bias ? 2 * part : part;
}

/* Into how many pieces the weights' gradient is cut: an even number of rows' pieces,
 * for most machines have an even number of cores. */
static size_t row_tasks(size_t in)
{
	return in <= TASK_ROWS ? 1 : (in + 2 * TASK_ROWS - 1) / (2 * TASK_ROWS) * 2;
}

static size_t column_tasks(size_t units)
{
	return (units + TASK_COLUMNS - 1) / TASK_COLUMNS;
}

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct dense *a = op->attr;
	ptrdiff_t off = 0;
	struct lep_gemm m = {.m = lep_rows(p, op->out) * a->rows, .a = lep_in(op, p, 0), .lda = a->in, .nseg = 1,
		.off = &off, .len = a->in, .step = 1, .b = a->packed, .packed = 1, .n = a->out, .c = lep_out(op, p),
		.ldc = a->out, .bias = a->bias ? a->bias : a->has_bias ? lep_weights(op, 1) : NULL, .relu = a->relu};

	p->x->k->gemm(&m);
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct dense *a = op->attr;
	size_t rows = lep_rows(p, op->out) * a->rows;
	lep_real *dy = lep_grad_out(op, p), *dx = lep_grad_in(op, p, 0);
	ptrdiff_t off = 0;

	if (a->relu)
		p->x->k->act_backward(LEP_ACT_RELU, 0, dy, dy, NULL, lep_out(op, p), rows * a->out, 0);
	if (dx) {
		struct lep_gemm m = {.m = rows, .a = dy, .lda = a->out, .nseg = 1, .off = &off, .len = a->out,
			.step = 1, .b = a->turned, .packed = 1, .n = a->in, .c = dx, .ldc = a->in,
			.accumulate = op->accumulate[0]};

		p->x->k->gemm(&m);
	}
}

/* Task t of n has the elements [t * total / n, (t + 1) * total / n), at multiples of 16. */
static size_t cut(size_t total, size_t t, size_t n)
{
	return t == n ? total : total / 16 * t / n * 16;
}

static void gradient(const struct lep_op *op, struct lep_exec *x, size_t count, int task)
{
	const struct dense *a = op->attr;
	const size_t units = a->out / (size_t)a->parts, tall = row_tasks(a->in), wide = column_tasks(units);
	const size_t t = (size_t)task, part = t / wide / tall;
	const size_t r = cut(a->in, t % tall, tall), rows = cut(a->in, t % tall + 1, tall) - r;
	const size_t c = cut(units, t / tall % wide, wide), columns = cut(units, t / tall % wide + 1, wide) - c;
	const lep_real *dy = x->grad[op->out] + part * units + c;
	const size_t len = lep_row_before(x, op->out, count) * a->rows;
	const int w = weights_of(a, (int)part);
	struct lep_matmul m = {.m = rows, .k = len, .n = columns, .a = x->value[op->in[0]] + r, .lda = a->in,
		.a_turned = 1, .b = dy, .ldb = a->out, .ldc = units};

	if (lep_learns(op, w)) {
		m.c = lep_op_param(op, w)->pub.grad + r * units + c;
		lep_matmul(x->k, &m);
	}
	if (r == 0 && a->has_bias && lep_learns(op, w + 1))
		x->k->col_sums(lep_op_param(op, w + 1)->pub.grad + c, dy, len, columns, a->out, 0);
}

/* Row by row, the columns of all parts. */
static void join(const struct dense *a, const struct lep_op *op)
{
	size_t units = a->out / (size_t)a->parts;

	for (int i = 0; i < a->parts; i++) {
		const lep_real *w = lep_weights(op, weights_of(a, i));

		for (size_t r = 0; r < a->in; r++)
			memcpy(a->joined + r * a->out + (size_t)i * units, w + r * units, units * sizeof(*w));
	}
}

static void prepare(const struct lep_op *op, int backward_too)
{
	const struct dense *a = op->attr;
	const struct lep_kernels *k = op->net->k;
	const size_t units = a->out / (size_t)a->parts;
	/* parts of whole panels lie one behind the other when they are packed */
	const int joined = a->parts > 1 && (backward_too || units % k->panel);

	for (int i = 0; i < a->parts && a->bias; i++)
		memcpy(a->bias + (size_t)i * units, lep_weights(op, weights_of(a, i) + 1), units * sizeof(*a->bias));
	if (joined) {
		join(a, op);
		k->pack(a->packed, a->joined, a->in, a->out, (ptrdiff_t)a->out, 1);
	} else {
		for (int i = 0; i < a->parts; i++)
			k->pack(a->packed + a->in * units * (size_t)i, lep_weights(op, weights_of(a, i)), a->in, units,
				(ptrdiff_t)units, 1);
	}
	if (backward_too)
		k->pack(a->turned, joined ? a->joined : lep_weights(op, 0), a->out, a->in, 1, (ptrdiff_t)a->out);
}

static void release(struct lep_op *op)
{
	struct dense *a = op->attr;

	if (!a)
		return;
	lep_free(a->packed);
	lep_free(a->turned);
	lep_free(a->joined);
	lep_free(a->bias);
}

/* Its attributes with the memory they need; NULL: none is left. */
static struct dense *new_dense(const struct lep_kernels *k, struct dense from)
{
	struct dense *a = lep_alloc(1, sizeof(*a));

	if (!a)
		return NULL;
	*a = from;
	a->packed = lep_alloc_used(k->pack_size(a->in, a->out), sizeof(lep_real));
	a->turned = lep_alloc(k->pack_size(a->out, a->in), sizeof(lep_real));
	if (a->parts > 1) {
		a->joined = lep_alloc(a->in * a->out, sizeof(lep_real));
		a->bias = a->has_bias ? lep_alloc(a->out, sizeof(lep_real)) : NULL;
	}
	if (a->packed && a->turned && (a->parts == 1 || (a->joined && (a->bias || !a->has_bias))))
		return a;
	release(&(struct lep_op){.attr = a});
	lep_free(a);
	return NULL;
}

/* The operation with its parameters, two suffixes a part. */
static struct lep_op *add_op(struct lep_builder_nn *b, const struct lep_stmt *s, struct dense *a, int classes,
	const char *const *suffix)
{
	struct lep_shape out = lep_build_value(b, lep_build_current(b))->shape;
	size_t units = a->out / (size_t)a->parts;
	struct lep_shape weights = {.rank = 2, .extent = {(int64_t)a->in, (int64_t)units}};
	struct lep_shape bias = {.rank = 1, .extent = {(int64_t)units}};
	struct lep_op *op;

	out.extent[out.rank - 1] = (int64_t)a->out;
	op = lep_build_op(b, s, &lep_layer_dense, &out, a);
	if (!op)
		return NULL;
	op->operations = (uint64_t)a->rows * a->in * a->out;
	op->gradient_tasks = (int)(row_tasks(a->in) * column_tasks(units)) * a->parts;
	for (int i = 0; i < 2 * a->parts; i++) {
		struct lep_param_in *p;

		if (i % 2 && !a->has_bias)
			continue;
		if (i % 2)
			p = lep_build_param(b, s, op, suffix[i], &bias, LEP_INIT_ZERO, 0, 0);
		else
			p = lep_build_param(b, s, op, suffix[i], &weights,
				a->relu ? LEP_INIT_HE : LEP_INIT_GLOROT, a->in, units);
		if (!p)
			return NULL;
		p->whole = 1;
		p->pub.only_packed = i % 2 == 0;
		p->pub.wide_as_target = classes;
	}
	return op;
}

struct lep_op *lep_build_dense(struct lep_builder_nn *b, const struct lep_stmt *s, size_t units, int parts,
	const char *const *suffix)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	size_t in = (size_t)v->shape.extent[v->shape.rank - 1];
	struct lep_shape weights = {.rank = 2, .extent = {(int64_t)in, (int64_t)units * parts}};
	struct dense *a;

	if (lep_build_weights_fit(b, s, &weights))
		return NULL;
	a = new_dense(lep_build_kernels(b), (struct dense){.in = in, .out = units * (size_t)parts,
		.rows = v->size / in, .parts = parts, .has_bias = 1});
	if (!a) {
		lep_build_fail(b, s, "out of memory");
		return NULL;
	}
	return add_op(b, s, a, 0, suffix);
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	static const char *const suffix[] = {"w", "b"};
	enum lep_act act = LEP_ACT_NONE;
	lep_real act_param = 0;
	int64_t units;
	int classes, has_bias = 1, rc = lep_build_units(b, s, 1, &units, &classes);
	const char *tied = NULL;
	size_t i = 2, in;
	struct dense *a;

	if (rc == 0)
		rc = lep_build_numbers(b, s);
	if (rc == 0 && i < s->nword && strcmp(s->word[i], "tied") == 0) {
		if (i + 1 == s->nword)
			return lep_build_fail(b, s, "'tied' needs the name of an embed line");
		tied = s->word[i + 1];
		i += 2;
	}
	if (rc == 0 && i + 1 < s->nword && strcmp(s->word[i], "bias") == 0 && strcmp(s->word[i + 1], "no") == 0) {
		has_bias = 0;
		i += 2;
	} else if (rc == 0 && i < s->nword && strcmp(s->word[i], "bias") == 0) {
		rc = lep_build_fail(b, s, "'bias' may only be followed by 'no'");
	}
	if (rc == 0)
		rc = lep_build_act_word(b, s, &i, &act, &act_param);
	if (rc >= 0)
		rc = lep_build_no_more(b, s, i);
	if (rc == 0 && tied) {
		rc = lep_build_tied(b, s, tied, (size_t)units, classes, has_bias);
		return rc ? rc : lep_build_act(b, s, act, act_param);
	}
	if (rc == 0)
		rc = lep_build_weights_fit(b, s, &(struct lep_shape){.rank = 2,
			.extent = {v->shape.extent[v->shape.rank - 1], units}});
	if (rc)
		return rc;
	in = (size_t)v->shape.extent[v->shape.rank - 1];
	a = new_dense(lep_build_kernels(b), (struct dense){.in = in, .out = (size_t)units, .rows = v->size / in,
		.parts = 1, .relu = act == LEP_ACT_RELU, .has_bias = has_bias});
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	if (!add_op(b, s, a, classes, suffix))
		return lep_build_status(b);
	return a->relu ? 0 : lep_build_act(b, s, act, act_param);
}

const struct lep_layer lep_layer_dense = {
	.name = "dense",
	.synopsis = "dense UNITS [tied NAME] [bias no] [activation]",
	.build = build,
	.forward = forward,
	.backward = backward,
	.gradient = gradient,
	.prepare = prepare,
	.release = release,
};
