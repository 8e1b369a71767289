/*
 * bag: the mean of a text's embeddings, of its ids and, hashed into buckets, of
 * its neighbouring pairs (Joulin et al. 2016, "Bag of tricks for efficient text
 * classification"). An id of -1 (none) is left out, with its pairs; of nothing
 * the mean is zeros.
 */
#include <string.h>

#include "nn/build.h"
#include "nn/layers.h"

enum { WORDS, PAIRS, TASKS = 8 };

struct bag {
	size_t width, entries, buckets;   /* buckets 0: no pairs */
};

/* A sample's ids, as pairs of neighbours too. */
struct text {
	const int32_t *id;
	size_t n;
	size_t parts;             /* of the mean */
};

static size_t bucket_of(const struct bag *a, int32_t first, int32_t second)
{
	/* Both ids in 64 bits, mixed by the finaliser of MurmurHash3. */
	uint64_t h = (uint64_t)(uint32_t)first << 32 | (uint32_t)second;

	h = (h ^ h >> 33) * 0xff51afd7ed558ccdull;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ull;
	return (h ^ h >> 33) % a->buckets;
}

static int is_pair(const struct bag *a, const struct text *t, size_t i)
{
	return a->buckets && i + 1 < t->n && t->id[i] >= 0 && t->id[i + 1] >= 0;
}

static struct text text_of(const struct lep_op *op, const struct lep_exec *x, size_t s)
{
	const struct bag *a = op->attr;
	struct text t = {.n = lep_steps(x, op->in[0], s)};

	t.id = (const int32_t *)(const void *)x->value[op->in[0]] + lep_step_before(x, op->in[0], s);
	for (size_t i = 0; i < t.n; i++)
		t.parts += (size_t)(t.id[i] >= 0) + (size_t)is_pair(a, &t, i);
	return t;
}

static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct bag *a = op->attr;
	const struct lep_kernels *k = p->x->k;
	lep_real *y = lep_out(op, p);

	for (size_t s = p->first; s < p->first + p->count; s++, y += a->width) {
		struct text t = text_of(op, p->x, s);

		memset(y, 0, a->width * sizeof(*y));
		for (size_t i = 0; i < t.n; i++)
			if (t.id[i] >= 0)
				k->add(y, y, lep_weights(op, WORDS) + (size_t)t.id[i] * a->width, a->width);
		for (size_t i = 0; i < t.n; i++)
			if (is_pair(a, &t, i))
				k->add(y, y, lep_weights(op, PAIRS) + bucket_of(a, t.id[i], t.id[i + 1]) * a->width, a->width);
		if (t.parts)
			k->scale(y, 1 / (lep_real)t.parts, y, a->width);
	}
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	(void)op;
	(void)p;   /* ids have no gradient; those of the tables are made of the whole batch */
}

/* Task t has the t-th part of the rows of each table, and goes through all texts
 * for them, in order. */
static void gradient(const struct lep_op *op, struct lep_exec *x, size_t count, int task)
{
	const struct bag *a = op->attr;
	const size_t rows[] = {a->entries, a->buckets};

	for (int w = 0; w < op->nparam; w++) {
		size_t from = rows[w] * (size_t)task / TASKS, to = rows[w] * ((size_t)task + 1) / TASKS;
		lep_real *g = lep_op_param(op, w)->pub.grad;

		if (!lep_learns(op, w))
			continue;
		memset(g + from * a->width, 0, (to - from) * a->width * sizeof(*g));
		for (size_t s = 0; s < count; s++) {
			struct text t = text_of(op, x, s);
			const lep_real *dy = x->grad[op->out] + s * a->width;

			for (size_t i = 0; i < t.n; i++) {
				int there = w == WORDS ? t.id[i] >= 0 : is_pair(a, &t, i);
				size_t row = !there ? 0 : w == WORDS ? (size_t)t.id[i] : bucket_of(a, t.id[i], t.id[i + 1]);

				if (there && row >= from && row < to)
					x->k->axpy(g + row * a->width, 1 / (lep_real)t.parts, dy, a->width);
			}
		}
	}
}

static int add_table(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_op *op, const char *suffix,
	size_t rows, size_t width)
{
	struct lep_shape shape = {.rank = 2, .extent = {(int64_t)rows, (int64_t)width}};
	struct lep_param_in *p = lep_build_param(b, s, op, suffix, &shape, LEP_INIT_NORMAL_002, 0, 0);

	if (!p)
		return lep_build_status(b);
	p->whole = 1;
	/* Pairs are of ids too: in another table they would be other ones. */
	p->pub.wide_as = op->net->value[op->in[0]].input;
	return 0;
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape out = {.rank = 1};
	const struct lep_table *table;
	struct bag *a;
	struct lep_op *op;
	int64_t width, buckets = 0;
	int rc = lep_build_number(b, s, 1, 1, 1 << 20, &width);
	int pairs = s->nword > 2 && strcmp(s->word[2], "pairs") == 0;

	if (rc == 0 && pairs)
		rc = lep_build_number(b, s, 3, 1, 1 << 28, &buckets);
	if (rc == 0)
		rc = lep_build_no_more(b, s, pairs ? 4 : 2);
	if (rc == 0 && (!v->ids || v->shape.rank != 1))
		rc = lep_build_fail(b, s, "needs ids in a row (an i32 field with a table) as its input");
	if (rc)
		return rc;
	table = lep_build_input_table(b, v->input - 1);
	if (table->n < 1)
		return lep_build_fail(b, s, "the table of '%s' is empty", b->net->input[v->input - 1].name);
	a = lep_alloc(1, sizeof(*a));
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	*a = (struct bag){.width = (size_t)width, .entries = table->n, .buckets = (size_t)buckets};
	out.extent[0] = width;
	op = lep_build_op(b, s, &lep_layer_bag, &out, a);
	if (!op)
		return lep_build_status(b);
	op->gradient_tasks = TASKS;
	rc = add_table(b, s, op, "w", a->entries, a->width);
	return rc || !buckets ? rc : add_table(b, s, op, "pairs", a->buckets, a->width);
}

const struct lep_layer lep_layer_bag = {
	.name = "bag",
	.synopsis = "bag WIDTH [pairs BUCKETS]",
	.build = build,
	.forward = forward,
	.backward = backward,
	.gradient = gradient,
	.along = 1,
};
