/*
 * attention (Vaswani et al. 2017): softmax(q k' / sqrt d) v for each head, d the
 * width over the number of heads, between the projections wq wk wv and wo, which
 * are operations of dense. Of itself, or of a memory's rows (from NAME).
 *
 * Samples and heads are computed one by one on their own rows; what a row gives
 * depends on its place in the sequence and on the rows it sees, never on those of
 * others: the same bytes in any batch, and step by step behind those seen before.
 */
#include <math.h>
#include <string.h>

#include "base/math.h"
#include "nn/attention.h"
#include "nn/layers.h"

/* ---- places ---- */

lep_real *lep_attention_codes(size_t steps, size_t size)
{
	size_t half = size / 2;
	lep_real *codes = lep_alloc(steps * size, sizeof(*codes));
	const double base = lep_log(10000);

	for (size_t i = 0; codes && i < half; i++) {
		double rate = lep_exp(-base * (double)(2 * i) / (double)size);

		for (size_t t = 0; t < steps; t++) {
			codes[t * size + i] = (lep_real)lep_cos((double)t * rate);
			codes[t * size + half + i] = (lep_real)lep_sin((double)t * rate);
		}
	}
	return codes;
}

/* Elements i and i + size / 2 of each head are turned by the angle of the row's
 * place; back: by its negative. */
static void turn(const struct lep_attention *a, lep_real *row, const lep_real *code, int back)
{
	size_t half = a->size / 2;

	for (size_t h = 0; h < a->heads; h++, row += a->size)
		for (size_t i = 0; i < half; i++) {
			lep_real c = code[i], s = back ? -code[half + i] : code[half + i];
			lep_real x = row[i], y = row[half + i];

			row[i] = x * c - y * s;
			row[half + i] = y * c + x * s;
		}
}

void lep_attention_adjust(const struct lep_attention *a, const struct lep_kernels *k, struct lep_attend_rows q,
	struct lep_attend_rows keys, size_t n, const lep_real *codes, int back)
{
	for (size_t t = 0; t < n; t++) {
		if (q.p)
			k->scale(q.p + t * q.ld, a->scale, q.p + t * q.ld, lep_attention_width(a));
		if (a->rotary && q.p)
			turn(a, q.p + t * q.ld, codes + t * a->size, back);
		if (a->rotary && keys.p)
			turn(a, keys.p + t * keys.ld, codes + t * a->size, back);
	}
}

/* ---- what a batch leaves behind ---- */

struct state {
	lep_real *stats;          /* training: [queries][heads][2] */
	lep_real *codes;          /* rotary: of as many places as there are */
};

static void state_free(void *p)
{
	struct state *s = p;

	lep_free(s->stats);
	lep_free(s->codes);
	lep_free(s);
}

static int state_new(const struct lep_op *op, struct lep_exec *x, void **out)
{
	const struct lep_attention *a = op->attr;
	size_t rows = lep_room(x, op->out);
	struct state *s = lep_alloc(1, sizeof(*s));

	*out = s;
	if (!s)
		return LEP_ERR_NOMEM;
	if (op->net->value[op->out].axis < 0)
		rows *= lep_longest(x, op->out);
	if (x->training)
		s->stats = lep_alloc(rows, 2 * a->heads * sizeof(*s->stats));
	if (a->rotary)
		s->codes = lep_attention_codes(lep_longest(x, op->out), a->size);
	return (x->training && !s->stats) || (a->rotary && !s->codes) ? LEP_ERR_NOMEM : 0;
}

/* Keys as columns, and what a head needs. */
static size_t scratch_for(const struct lep_attention *a, size_t keys, int training)
{
	return a->size * lep_attend_ld(keys) + lep_attend_scratch(a->size, keys, training);
}

static size_t scratch(const struct lep_op *op, const struct lep_exec *x, size_t first, size_t count)
{
	const struct lep_attention *a = op->attr;
	size_t most = 0;

	for (size_t s = first; s < first + count; s++) {
		size_t keys = lep_steps(x, op->in[lep_attention_memory(a)], s);

		most = keys > most ? keys : most;
	}
	return scratch_for(a, most, x->training);
}

/* ---- one sample ---- */

static struct lep_attend_rows rows_in(const struct lep_pass *p, lep_real *at, int value, int whole, size_t s)
{
	const struct lep_exec *x = p->x;
	size_t ld = lep_step_size(x->net, value), before = lep_step_before(x, value, s) - lep_step_before(x, value, p->first);

	return (struct lep_attend_rows){at + lep_place(p, value, whole) * x->net->value[value].size + before * ld, ld};
}

struct lep_attend_rows lep_attention_rows(const struct lep_pass *p, int value, size_t s)
{
	return rows_in(p, p->x->value[value], value, p->x->whole_value[value], s);
}

static struct lep_attend_rows gradient_rows(const struct lep_pass *p, int value, size_t s)
{
	return rows_in(p, p->x->grad[value], value, p->x->whole_grad[value], s);
}

/* All heads side by side. */
static struct lep_attend sample(const struct lep_op *op, const struct lep_pass *p, size_t s)
{
	const struct lep_attention *a = op->attr;
	const struct state *state = p->x->state[op->number];
	int memory = op->in[lep_attention_memory(a)];
	struct lep_attend h = {.size = a->size, .queries = lep_steps(p->x, op->out, s),
		.keys = lep_steps(p->x, memory, s), .causal = a->causal, .zeros = a->zeros,
		.q = lep_attention_rows(p, op->in[0], s),
		.y = lep_attention_rows(p, op->out, s), .scratch = lep_scratch(p)};

	h.k = lep_attend_shifted(lep_attention_rows(p, memory, s), lep_attention_key_column(a));
	h.v = lep_attend_shifted(h.k, lep_attention_width(a));
	if (!p->training)
		return h;
	h.stats = state->stats + lep_step_before(p->x, op->out, s) * 2 * a->heads;
	h.ldstats = 2 * a->heads;
	h.below = a->below;
	h.keep = a->keep;
	h.seed = p->x->info.seed;
	h.where = p->x->info.step << 16 | (uint64_t)op->number;
	h.from = (uint64_t)(s * a->heads) << 40;
	return h;
}

struct lep_attend lep_attention_head(const struct lep_attention *a, const struct lep_attend *all, size_t i)
{
	struct lep_attend h = *all;
	struct lep_attend_rows *rows[] = {&h.q, &h.k, &h.v, &h.y, &h.dq, &h.dk, &h.dv, &h.dy};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		*rows[r] = lep_attend_shifted(*rows[r], i * a->size);
	h.stats = h.stats ? h.stats + 2 * i : NULL;
	h.turned.p = h.turned.p ? h.turned.p + i * a->size * h.turned.ld : NULL;
	h.from += (uint64_t)i << 40;
	return h;
}

/* The same with its keys as columns, at the start of scratch memory. */
static struct lep_attend turned_head(const struct lep_attention *a, const struct lep_kernels *k,
	const struct lep_attend *all, size_t i)
{
	struct lep_attend h = lep_attention_head(a, all, i);

	h.turned = (struct lep_attend_rows){h.scratch, lep_attend_ld(h.keys)};
	h.scratch += h.size * h.turned.ld;
	lep_attend_turn(k, h.turned, h.k, h.keys, h.size);
	return h;
}

/* The projections' results are changed in place: nobody else reads them. */
static void forward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct lep_attention *a = op->attr;
	const struct state *state = p->x->state[op->number];

	for (size_t s = p->first; s < p->first + p->count; s++) {
		struct lep_attend all = sample(op, p, s), h;

		lep_attention_adjust(a, p->x->k, all.q, all.k, all.queries, state->codes, 0);
		for (size_t i = 0; i < a->heads; i++) {
			h = turned_head(a, p->x->k, &all, i);
			lep_attend_forward(p->x->k, &h);
		}
	}
}

static void backward(const struct lep_op *op, const struct lep_pass *p)
{
	const struct lep_attention *a = op->attr;
	const struct state *state = p->x->state[op->number];
	const struct lep_value *v = op->net->value;
	int memory = op->in[lep_attention_memory(a)];

	for (size_t s = p->first; s < p->first + p->count; s++) {
		struct lep_attend all = sample(op, p, s), h;

		all.dy = gradient_rows(p, op->out, s);
		if (v[op->in[0]].needs_grad)
			all.dq = gradient_rows(p, op->in[0], s);
		if (v[memory].needs_grad)
			all.dk = lep_attend_shifted(gradient_rows(p, memory, s),
				lep_attention_key_column(a));
		all.dv = lep_attend_shifted(all.dk, lep_attention_width(a));
		for (size_t i = 0; i < a->heads; i++) {
			h = turned_head(a, p->x->k, &all, i);
			lep_attend_backward(p->x->k, &h);
		}
		lep_attention_adjust(a, p->x->k, all.dq, all.dk, all.queries, state->codes, 1);
	}
}

static void release(struct lep_op *op)
{
	struct lep_attention *a = op->attr;

	if (a)
		lep_free(a->zeros);
}

/* ---- the line ---- */

/* What the line says, as far as words go; memory: the value of from NAME, or -1. */
static int read_words(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_attention *a, int *memory)
{
	int64_t heads;
	double share = 0;
	int rc = lep_build_number(b, s, 1, 1, 1 << 16, &heads);
	size_t i = 2;

	*memory = -1;
	while (rc == 0 && i < s->nword) {
		if (strcmp(s->word[i], "causal") == 0 && !a->causal) {
			a->causal = 1;
			i++;
		} else if (strcmp(s->word[i], "rotary") == 0 && !a->rotary) {
			a->rotary = 1;
			i++;
		} else if (strcmp(s->word[i], "from") == 0 && *memory < 0) {
			rc = lep_build_from(b, s, i, memory);
			i += 2;
		} else if (strcmp(s->word[i], "dropout") == 0 && !a->below) {
			rc = lep_build_real(b, s, i + 1, 0, 0.999, &share);
			a->below = (uint32_t)(share * 4294967296.0);
			i += 2;
		} else {
			break;
		}
	}
	if (rc == 0)
		rc = lep_build_no_more(b, s, i);
	if (rc)
		return rc;
	a->heads = (size_t)heads;
	a->cross = *memory >= 0;
	a->keep = (lep_real)(1 / (1 - share));
	if (a->cross && a->causal)
		return lep_build_fail(b, s, "'causal' and 'from' exclude each other: the rows of two sequences have no common order");
	if (a->cross && a->rotary)
		return lep_build_fail(b, s, "'rotary' and 'from' exclude each other: places in two sequences are not alike");
	return 0;
}

/* A picture is a sequence of its positions, row by row. */
static int is_picture(const struct lep_value *v)
{
	return v->axis < 0 && v->shape.rank == 3;
}

/* The current value as rows of `width` numbers; of a memory also positions of a picture. */
static int check_rows(struct lep_builder_nn *b, const struct lep_stmt *s, size_t *width, int memory)
{
	char text[LEP_SHAPE_TEXT_MAX];
	const struct lep_shape *shape;
	int rc = lep_build_sequence(b, s, width);

	shape = &lep_build_value(b, lep_build_current(b))->shape;
	if (rc == 0 && shape->rank != 2 && !(memory && is_picture(lep_build_value(b, lep_build_current(b)))))
		rc = lep_build_fail(b, s, "needs a sequence of rows, its input is '%s'", lep_shape_text(text, shape, "x"));
	return rc;
}

/* q k v side by side of the current value, or q of it and k v of the memory. */
static int add_projections(struct lep_builder_nn *b, const struct lep_stmt *s, size_t width, int memory, int *keys)
{
	static const char *const suffix[] = {"wq", "bq", "wk", "bk", "wv", "bv"};
	struct lep_op *op = lep_build_dense(b, s, width, memory < 0 ? 3 : 1, suffix);
	int queries = lep_build_current(b);
	struct lep_shape rows;

	if (op)
		op->kind = "attention";
	*keys = -1;
	if (op && memory >= 0) {
		lep_build_set_current(b, memory);
		/* The line has its label: the alias takes none. */
		if (is_picture(lep_build_value(b, memory)) && lep_build_alias(b, s, lep_build_positions(b, &rows)))
			return lep_build_status(b);
		op = lep_build_dense(b, s, width, 2, suffix + 2);
		*keys = lep_build_current(b);
		lep_build_set_current(b, queries);
	}
	return op ? 0 : lep_build_status(b);
}

/* Between the projections, the operation without weights. a is taken. */
static int add_heads(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_attention *a, int keys)
{
	struct lep_shape out = lep_build_value(b, lep_build_current(b))->shape;
	const struct lep_value *v = lep_build_value(b, keys < 0 ? lep_build_current(b) : keys);
	size_t fixed = v->axis < 0 ? (size_t)v->shape.extent[0] : 0;
	struct lep_op *op;

	out.extent[1] = (int64_t)lep_attention_width(a);
	op = lep_build_op(b, s, &lep_layer_attention, &out, a);
	if (!op)
		return lep_build_status(b);
	/* Asked by sample where nothing varies; then it is one sample's, for each. */
	op->scratch = fixed ? scratch_for(a, fixed, 1) : 0;
	if (fixed && out.extent[0] != LEP_VARIES)
		op->operations = (uint64_t)out.extent[0] * fixed * lep_attention_width(a) * 2;
	return keys < 0 ? 0 : lep_build_op_input(b, op, keys);
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	static const char *const suffix[] = {"wo", "bo"};
	struct lep_attention *a, line = {0};
	size_t width = 0, other;
	int memory, keys, from = lep_build_current(b), rc = read_words(b, s, &line, &memory);

	if (rc == 0)
		rc = check_rows(b, s, &width, 0);
	if (rc == 0 && memory >= 0) {
		lep_build_set_current(b, memory);
		rc = check_rows(b, s, &other, 1);
		lep_build_set_current(b, from);
	}
	if (rc)
		return rc;
	if (width % line.heads)
		return lep_build_fail(b, s, "rows of %zu cannot be shared out among %zu heads", width, line.heads);
	line.size = width / line.heads;
	if (line.rotary && line.size % 2)
		return lep_build_fail(b, s, "'rotary' needs heads of an even width, these have %zu", line.size);
	line.scale = (lep_real)(1 / sqrt((double)line.size));
	rc = add_projections(b, s, width, memory, &keys);
	if (rc)
		return rc;
	a = lep_alloc(1, sizeof(*a));
	line.zeros = lep_alloc(line.size, sizeof(*line.zeros));
	if (!a || !line.zeros) {
		lep_free(a);
		lep_free(line.zeros);
		return lep_build_fail(b, s, "out of memory");
	}
	*a = line;
	rc = add_heads(b, s, a, keys);
	if (rc)
		return rc;
	return lep_build_dense(b, s, width, 1, suffix) ? 0 : lep_build_status(b);
}

const struct lep_layer lep_layer_attention = {
	.name = "attention",
	.synopsis = "attention HEADS [causal] [rotary] [from NAME] [dropout SHARE]",
	.build = build,
	.forward = forward,
	.backward = backward,
	.state_new = state_new,
	.state_free = state_free,
	.scratch = scratch,
	.release = release,
	.whole = LEP_WHOLE_STEPS,
	.along = 1,
	.step = lep_attention_step,
	.cache_new = lep_attention_cache_new,
	.cache_start = lep_attention_cache_start,
	.cache_copy = lep_attention_cache_copy,
	.cache_free = lep_attention_cache_free,
};
