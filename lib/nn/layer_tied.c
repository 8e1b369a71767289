/*
 * dense ... tied NAME: y = x e' + b, e the weights of the embed line called NAME
 * (Press and Wolf 2017). Both lines learn them: embed's part of the gradient comes
 * first, that of this line is added to it.
 */
#include <string.h>

#include "nn/build.h"
#include "nn/layers.h"

enum { TASK_ROWS = 96 };

struct tied {
	size_t in, out;           /* e is out x in */
	size_t rows;              /* of one sample (a row of a sequence) */
	lep_real *packed, *turned;
};

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct tied *a = op->attr;
	ptrdiff_t off = 0;
	struct lep_gemm m = {.m = lep_rows(p, op->out) * a->rows, .a = lep_in(op, p, 0), .lda = a->in, .nseg = 1,
		.off = &off, .len = a->in, .step = 1, .b = a->packed, .packed = 1, .n = a->out, .c = lep_out(op, p),
		.ldc = a->out, .bias = op->nparam > 1 ? lep_weights(op, 1) : NULL};

	p->x->k->gemm(&m);
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct tied *a = op->attr;
	ptrdiff_t off = 0;
	struct lep_gemm m = {.m = lep_rows(p, op->out) * a->rows, .a = lep_grad_out(op, p), .lda = a->out, .nseg = 1,
		.off = &off, .len = a->out, .step = 1, .b = a->turned, .packed = 1, .n = a->in,
		.c = lep_grad_in(op, p, 0), .ldc = a->in, .accumulate = op->accumulate[0]};

	if (m.c)
		p->x->k->gemm(&m);
}

static void gradient(const struct lep_op *op, struct lep_exec *x, size_t count, int task)
{
	const struct tied *a = op->attr;
	size_t from = (size_t)task * TASK_ROWS, rows = a->out - from < TASK_ROWS ? a->out - from : TASK_ROWS;
	size_t len = lep_row_before(x, op->out, count) * a->rows;
	const lep_real *dy = x->grad[op->out];
	struct lep_matmul m = {.m = rows, .k = len, .n = a->in, .a = dy + from, .lda = a->out, .a_turned = 1,
		.b = x->value[op->in[0]], .ldb = a->in, .c = lep_op_param(op, 0)->pub.grad + from * a->in, .ldc = a->in,
		.accumulate = 1};

	if (lep_learns(op, 0))
		lep_matmul(x->k, &m);
	if (task == 0 && op->nparam > 1 && lep_learns(op, 1))
		x->k->col_sums(lep_op_param(op, 1)->pub.grad, dy, len, a->out, a->out, 0);
}

static void prepare(const struct lep_op *op, int backward_too)
{
	const struct tied *a = op->attr;
	const lep_real *e = lep_weights(op, 0);

	op->net->k->pack(a->packed, e, a->in, a->out, 1, (ptrdiff_t)a->in);
	if (backward_too)
		op->net->k->pack(a->turned, e, a->out, a->in, (ptrdiff_t)a->in, 1);
}

static void release(struct lep_op *op)
{
	struct tied *a = op->attr;

	if (!a)
		return;
	lep_free(a->packed);
	lep_free(a->turned);
}

/* The embed line of that name; NULL: none. */
static const struct lep_op *find_embed(struct lep_builder_nn *b, const char *name)
{
	const struct lep_net *n = b->net;
	int value = lep_build_named(b, name);

	for (size_t i = 0; i < n->nop; i++)
		if (n->op[i].out == value && n->op[i].layer == &lep_layer_embed)
			return &n->op[i];
	return NULL;
}

static int check(struct lep_builder_nn *b, const struct lep_stmt *s, const char *name, const struct lep_op *embed,
	size_t in, size_t units, int is_target_table)
{
	const struct lep_net *n = b->net;
	const struct lep_shape *shape;
	int64_t input;

	if (!embed)
		return lep_build_fail(b, s, "tied: no embed line is called '%s' here", name);
	shape = &n->param[embed->param[0]].pub.shape;
	input = n->param[embed->param[0]].pub.wide_as - 1;
	if ((size_t)shape->extent[1] != in)
		return lep_build_fail(b, s, "tied: its input has %zu numbers a row, '%s' gives %lld", in, name,
			(long long)shape->extent[1]);
	if ((size_t)shape->extent[0] != units || (is_target_table &&
			!lep_table_equal(n->fields[n->target].table, n->fields[n->input[input].field].table)))
		return lep_build_fail(b, s, "tied: '%s' embeds the ids of '%s', whose table is not the target's", name,
			n->input[input].name);
	return 0;
}

static struct tied *new_tied(const struct lep_kernels *k, size_t in, size_t out, size_t rows)
{
	struct tied *a = lep_alloc(1, sizeof(*a));

	if (!a)
		return NULL;
	*a = (struct tied){.in = in, .out = out, .rows = rows};
	a->packed = lep_alloc_used(k->pack_size(in, out), sizeof(lep_real));
	a->turned = lep_alloc(k->pack_size(out, in), sizeof(lep_real));
	if (a->packed && a->turned)
		return a;
	release(&(struct lep_op){.attr = a});
	lep_free(a);
	return NULL;
}

int lep_build_tied(struct lep_builder_nn *b, const struct lep_stmt *s, const char *name, size_t units,
	int is_target_table, int has_bias)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape out = v->shape, bias = {.rank = 1, .extent = {(int64_t)units}};
	size_t in = (size_t)out.extent[out.rank - 1];
	const struct lep_op *embed = find_embed(b, name);
	struct lep_param_in *p;
	struct lep_op *op;
	struct tied *a;
	int param;

	if (check(b, s, name, embed, in, units, is_target_table))
		return lep_build_status(b);
	param = embed->param[0];
	a = new_tied(lep_build_kernels(b), in, units, v->size / in);
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	out.extent[out.rank - 1] = (int64_t)units;
	op = lep_build_op(b, s, &lep_layer_tied, &out, a);
	if (!op)
		return lep_build_status(b);
	op->operations = (uint64_t)a->rows * a->in * a->out;
	op->gradient_tasks = (int)((a->out + TASK_ROWS - 1) / TASK_ROWS);
	lep_build_share(b, op, param);
	if (!has_bias)
		return 0;
	p = lep_build_param(b, s, op, "b", &bias, LEP_INIT_ZERO, 0, 0);
	if (!p)
		return lep_build_status(b);
	p->whole = 1;
	p->pub.wide_as_target = is_target_table;
	return 0;
}

const struct lep_layer lep_layer_tied = {
	.name = "dense",
	.forward = forward,
	.backward = backward,
	.gradient = gradient,
	.prepare = prepare,
	.release = release,
};
