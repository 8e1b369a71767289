/*
 * rnn, lstm, gru over a sequence of rows: their lines, weights, memory, and the
 * weights' gradients, each one product over all rows of the batch. A layer's
 * second direction has weights of its own, w_reverse and so on, as has the only
 * one of a layer that walks in reverse: those of the other direction would not fit.
 */
#include <string.h>

#include "nn/layers.h"
#include "nn/recurrent.h"

enum { TASK_ROWS = 32 };

static const struct cell {
	const char *name;
	const struct lep_layer *layer;
	enum lep_cell cell;
	size_t gates;
} cells[] = {
	{"rnn", &lep_layer_rnn, LEP_CELL_RNN, 1},
	{"lstm", &lep_layer_lstm, LEP_CELL_LSTM, 4},
	{"gru", &lep_layer_gru, LEP_CELL_GRU, 3},
};

/* ---- memory ---- */

/* The next array of n reals of s->memory, which is NULL while they are counted. */
static lep_real *take(const struct lep_recurrent_state *s, size_t *used, int wanted, size_t rows, size_t each)
{
	lep_real *at = s->memory ? s->memory + *used : NULL;

	if (!wanted)
		return NULL;
	*used += lep_round_up(rows * each, 16);
	return at;
}

/* Points all arrays into s->memory; how many reals they take. */
static size_t place(const struct lep_recurrent *a, struct lep_recurrent_state *s, size_t samples, size_t rows,
	int training)
{
	int lstm = a->cell == LEP_CELL_LSTM, gru = a->cell == LEP_CELL_GRU;
	int x = training && a->x.on, h = training && a->h.on;
	size_t n = 0;

	s->zeros = take(s, &n, 1, 1, a->units);
	for (int d = 0; d < a->directions; d++) {
		struct lep_recurrent_rows *r = &s->rows[d];

		r->gates = take(s, &n, 1, rows, a->width);
		r->before = take(s, &n, 1, rows, a->units);
		r->hidden = take(s, &n, gru, rows, a->width);
		r->c = take(s, &n, lstm, rows, a->units);
		r->tanh_c = take(s, &n, lstm, rows, a->units);
		r->x = take(s, &n, x, rows, a->in);
		r->dx = take(s, &n, x, rows, a->in);
		r->mask_x = take(s, &n, x, samples, a->in);
		r->fed = take(s, &n, h, rows, a->units);
		r->mask_h = take(s, &n, h, samples, a->units);
		r->back = take(s, &n, h && gru, samples, a->units);
		r->dh = take(s, &n, training, samples, a->units);
		r->dc = take(s, &n, training && lstm, samples, a->units);
	}
	return n;
}

static int state_new(const struct lep_op *op, struct lep_exec *x, void **state)
{
	const struct lep_recurrent *a = op->attr;
	const struct lep_value *in = &op->net->value[op->in[0]];
	size_t rows = lep_room(x, op->in[0]) * (in->axis < 0 ? (size_t)in->shape.extent[0] : 1);
	size_t longest = lep_longest(x, op->in[0]), reals;
	struct lep_recurrent_state *s = lep_alloc(1, sizeof(*s));

	if (!s)
		return LEP_ERR_NOMEM;
	/* In use one group at a time is kept. */
	if (!x->training && rows / LEP_RECURRENT_GROUP > longest)
		rows = longest * LEP_RECURRENT_GROUP;
	reals = place(a, s, x->capacity, rows, x->training);
	if (!lep_mem_lacks((double)reals * sizeof(*s->memory)))
		s->memory = lep_alloc(reals, sizeof(*s->memory));
	if (!s->memory) {
		lep_free(s);
		return LEP_ERR_NOMEM;
	}
	(void)place(a, s, x->capacity, rows, x->training);
	*state = s;
	return 0;
}

static void state_free(void *state)
{
	lep_free(((struct lep_recurrent_state *)state)->memory);
	lep_free(state);
}

/* ---- gradients of the weights ---- */

/* dw rows from .. of [in][width]: the sum over all rows of x^T dgates. */
static void outer(const struct lep_kernels *k, lep_real *dw, const lep_real *x, size_t in, size_t from,
	const lep_real *dgates, size_t width, size_t rows)
{
	size_t n = in - from < TASK_ROWS ? in - from : TASK_ROWS;
	struct lep_matmul m = {.m = n, .k = rows, .n = width, .a = x + from, .lda = in, .a_turned = 1, .b = dgates,
		.ldb = width, .c = dw + from * width, .ldc = width};

	lep_matmul(k, &m);
}

static size_t tasks_of(size_t n)
{
	return (n + TASK_ROWS - 1) / TASK_ROWS;
}

static void bias_gradient(const struct lep_op *op, const struct lep_exec *x, int i, const lep_real *dgates,
	size_t rows)
{
	const struct lep_recurrent *a = op->attr;

	if (lep_learns(op, i))
		x->k->col_sums(lep_op_param(op, i)->pub.grad, dgates, rows, a->width, a->width, 0);
}

/* Tasks of a direction: those of w, then those of u; the first of each takes a bias. */
static void gradient(const struct lep_op *op, struct lep_exec *x, size_t count, int task)
{
	const struct lep_recurrent *a = op->attr;
	const struct lep_recurrent_state *s = x->state[op->number];
	size_t each = tasks_of(a->in) + tasks_of(a->units), t = (size_t)task % each;
	int d = (int)((size_t)task / each), first = d * a->params;
	const struct lep_recurrent_rows *r = &s->rows[d];
	size_t rows = lep_step_before(x, op->in[0], count);
	const lep_real *hidden = r->hidden ? r->hidden : r->gates;

	if (t == 0)
		bias_gradient(op, x, first + 2, r->gates, rows);
	if (t < tasks_of(a->in)) {
		if (lep_learns(op, first))
			outer(x->k, lep_op_param(op, first)->pub.grad, a->x.on ? r->x : x->value[op->in[0]], a->in,
				t * TASK_ROWS, r->gates, a->width, rows);
		return;
	}
	t -= tasks_of(a->in);
	if (t == 0 && r->hidden)
		bias_gradient(op, x, first + 3, r->hidden, rows);
	if (lep_learns(op, first + 1))
		outer(x->k, lep_op_param(op, first + 1)->pub.grad, a->h.on ? r->fed : r->before, a->units,
			t * TASK_ROWS, hidden, a->width, rows);
}

static void prepare(const struct lep_op *op, int backward)
{
	const struct lep_recurrent *a = op->attr;
	const struct lep_kernels *k = op->net->k;
	const ptrdiff_t width = (ptrdiff_t)a->width;

	for (int d = 0; d < a->directions; d++) {
		const lep_real *w = lep_weights(op, d * a->params), *u = lep_weights(op, d * a->params + 1);

		k->pack(a->w[d], w, a->in, a->width, width, 1);
		k->pack(a->u[d], u, a->units, a->width, width, 1);
		if (!backward)
			continue;
		k->pack(a->wt[d], w, a->width, a->in, 1, width);
		k->pack(a->ut[d], u, a->width, a->units, 1, width);
	}
}

/* ---- the line ---- */

static void release(struct lep_op *op)
{
	struct lep_recurrent *a = op->attr;

	for (int d = 0; a && d < 2; d++) {
		lep_free(a->w[d]);
		lep_free(a->u[d]);
		lep_free(a->wt[d]);
		lep_free(a->ut[d]);
	}
}

static int read_share(struct lep_builder_nn *b, const struct lep_stmt *s, size_t *i, struct lep_recurrent_mask *m)
{
	double share;
	int rc = lep_build_real(b, s, ++*i, 0, 0.999, &share);

	if (rc)
		return rc;
	m->on = share > 0;
	m->below = (uint32_t)(share * 4294967296.0);
	m->keep = (lep_real)(1 / (1 - share));
	return 0;
}

/* The words behind UNITS, in any order, each once. */
static int read_words(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_recurrent *a)
{
	int both = 0, seen = 0, rc = 0;
	const struct {
		const char *word;
		int *flag;
		struct lep_recurrent_mask *mask;
	} words[] = {
		{"reverse", &a->reverse, NULL},
		{"both", &both, NULL},
		{"last", &a->last, NULL},
		{"dropout", NULL, &a->x},
		{"recurrent_dropout", NULL, &a->h},
	};
	enum { WORDS = sizeof(words) / sizeof(words[0]) };

	for (size_t i = 2; i < s->nword && rc == 0; i++) {
		int k = 0;

		while (k < WORDS && strcmp(words[k].word, s->word[i]) != 0)
			k++;
		if (k == WORDS)
			return lep_build_no_more(b, s, i);
		if (seen & 1 << k)
			return lep_build_fail(b, s, "'%s' is said twice", s->word[i]);
		seen |= 1 << k;
		if (words[k].flag)
			*words[k].flag = 1;
		else
			rc = read_share(b, s, &i, words[k].mask);
	}
	if (rc == 0 && both && a->reverse)
		return lep_build_fail(b, s, "'both' includes 'reverse'");
	a->directions = both ? 2 : 1;
	return rc ? rc : lep_build_no_more(b, s, s->nword);
}

static int new_packed(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_recurrent *a)
{
	const struct lep_kernels *k = lep_build_kernels(b);

	for (int d = 0; d < a->directions; d++) {
		a->w[d] = lep_alloc(k->pack_size(a->in, a->width), sizeof(lep_real));
		a->u[d] = lep_alloc(k->pack_size(a->units, a->width), sizeof(lep_real));
		a->wt[d] = lep_alloc(k->pack_size(a->width, a->in), sizeof(lep_real));
		a->ut[d] = lep_alloc(k->pack_size(a->width, a->units), sizeof(lep_real));
		if (!a->w[d] || !a->u[d] || !a->wt[d] || !a->ut[d])
			return lep_build_fail(b, s, "out of memory");
	}
	return 0;
}

static int add_params(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_op *op, int turned)
{
	const struct lep_recurrent *a = op->attr;
	const struct {
		const char *suffix, *turned;
		size_t rows;          /* 0: a vector */
		enum lep_init init;
	} params[] = {
		{"w", "w_reverse", a->in, LEP_INIT_GLOROT},
		{"u", "u_reverse", a->units, LEP_INIT_ORTHOGONAL},
		{"b", "b_reverse", 0, a->cell == LEP_CELL_LSTM ? LEP_INIT_FORGET : LEP_INIT_ZERO},
		{"bu", "bu_reverse", 0, LEP_INIT_ZERO},
	};

	for (int i = 0; i < a->params; i++) {
		struct lep_shape shape = {.rank = params[i].rows ? 2 : 1};
		struct lep_param_in *p;

		shape.extent[0] = (int64_t)params[i].rows;
		shape.extent[shape.rank - 1] = (int64_t)a->width;
		p = lep_build_param(b, s, op, turned ? params[i].turned : params[i].suffix, &shape, params[i].init,
			params[i].rows, a->width);
		if (!p)
			return lep_build_status(b);
		p->whole = 1;
	}
	return 0;
}

static int add(struct lep_builder_nn *b, const struct lep_stmt *s, const struct cell *c, struct lep_recurrent *a)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape out = {.rank = a->last ? 1 : 2, .extent = {v->shape.extent[0]}};
	uint64_t steps = v->axis < 0 ? (uint64_t)v->shape.extent[0] : 1;
	struct lep_op *op;
	int rc = 0;

	out.extent[out.rank - 1] = (int64_t)(a->units * (size_t)a->directions);
	op = lep_build_op(b, s, c->layer, &out, a);
	if (!op)
		return lep_build_status(b);
	op->operations = steps * (uint64_t)a->directions * (a->in + a->units) * a->width;
	op->gradient_tasks = a->directions * (int)(tasks_of(a->in) + tasks_of(a->units));
	for (int d = 0; d < a->directions && rc == 0; d++)
		rc = add_params(b, s, op, lep_recurrent_turned(a, d));
	return rc;
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct cell *c = cells;
	struct lep_recurrent read = {0}, *a;
	int64_t units;
	int rc = lep_build_number(b, s, 1, 1, LEP_ORTHOGONAL_MAX, &units);

	while (strcmp(c->name, s->word[0]) != 0)
		c++;
	if (rc == 0)
		rc = read_words(b, s, &read);
	if (rc == 0)
		rc = lep_build_sequence(b, s, &read.in);
	if (rc)
		return rc;
	read.cell = c->cell;
	read.units = (size_t)units;
	read.width = c->gates * read.units;
	read.params = c->cell == LEP_CELL_GRU ? 4 : 3;
	/* Before memory is asked for. */
	rc = lep_build_weights_fit(b, s, &(struct lep_shape){.rank = 2,
		.extent = {(int64_t)(read.in + read.units), (int64_t)read.width * read.directions}});
	a = rc ? NULL : lep_alloc(1, sizeof(*a));
	if (!a)
		return rc ? rc : lep_build_fail(b, s, "out of memory");
	*a = read;
	rc = new_packed(b, s, a);
	if (rc) {
		release(&(struct lep_op){.attr = a});
		lep_free(a);
		return rc;
	}
	return add(b, s, c, a);
}

#define RECURRENT(kind) \
	const struct lep_layer lep_layer_##kind = { \
		.name = #kind, \
		.synopsis = #kind " UNITS [reverse | both] [last] [dropout SHARE] [recurrent_dropout SHARE]", \
		.build = build, \
		.forward = lep_recurrent_forward, \
		.backward = lep_recurrent_backward, \
		.whole = LEP_WHOLE_ALWAYS, \
		.gradient = gradient, \
		.prepare = prepare, \
		.state_new = state_new, \
		.state_free = state_free, \
		.release = release, \
		.along = 1, \
		.step = lep_recurrent_step, \
		.cache_new = lep_recurrent_cache_new, \
		.cache_copy = lep_recurrent_cache_copy, \
		.cache_free = lep_recurrent_cache_free, \
	}

RECURRENT(rnn);
RECURRENT(lstm);
RECURRENT(gru);
