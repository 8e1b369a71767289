/*
 * Walking sequences of several samples at once. The input's product x w + b is
 * one matrix product over all rows; then one step after the other, the samples
 * that still have a row, longest first, so that no step computes for one that has
 * ended. A sample's bytes are the same whoever walks beside it.
 */
#include <string.h>

#include "nn/recurrent.h"
#include "nn/stepper.h"

/* The states that sequences stand at, step by step (nn/stepper.h). */
struct cache {
	lep_real *h, *c;          /* [sequences][units]; c: lstm */
};

enum { GROUP = LEP_RECURRENT_GROUP };

/* Samples first .. of a pass that walk together in direction d. */
struct group {
	const struct lep_op *op;
	const struct lep_pass *p;
	const struct lep_recurrent *a;
	const struct lep_recurrent_state *s;
	const struct lep_recurrent_rows *r;
	int d;
	int drops_x, drops_h;     /* dropout in force: in training only */
	lep_real *fed;            /* [rows][units] what u meets */
	const struct lep_stepper *st; /* step by step; else NULL */
	const struct cache *cache;
	size_t n;
	size_t sample[GROUP];     /* in the batch; longest first, of equal ones the earlier */
	size_t length[GROUP];
	size_t at[GROUP];         /* its first row in the state's arrays */
	size_t start;             /* the group's first row in the values */
	size_t base;              /* the same row in the state's arrays */
	size_t rows;
};

/* In training the state holds the whole batch, rows as in the values; in use
 * only this group, so that it stays in the cache. */
static void gather_group(struct group *g, size_t first, size_t n)
{
	const struct lep_exec *x = g->p->x;
	int in = g->op->in[0];

	g->n = n;
	g->start = lep_step_before(x, in, first);
	g->base = g->p->training ? g->start : 0;
	g->rows = lep_step_before(x, in, first + n) - g->start;
	for (size_t k = 0; k < n; k++) {
		size_t length = lep_steps(x, in, first + k), i = k;

		for (; i > 0 && g->length[i - 1] < length; i--) {
			g->sample[i] = g->sample[i - 1];
			g->length[i] = g->length[i - 1];
			g->at[i] = g->at[i - 1];
		}
		g->sample[i] = first + k;
		g->length[i] = length;
		g->at[i] = lep_step_before(x, in, first + k) - g->start + g->base;
	}
}

/* Row in the state's arrays that the i-th sample is at in step k of its walk. */
static size_t row_of(const struct group *g, size_t i, size_t k)
{
	return g->at[i] + (lep_recurrent_turned(g->a, g->d) ? g->length[i] - 1 - k : k);
}

/* How many samples have a step k. */
static size_t walking(const struct group *g, size_t k)
{
	size_t n = g->n;

	while (n > 0 && g->length[n - 1] <= k)
		n--;
	return n;
}

/* The output, or its gradient, that step k of the i-th sample ends in; NULL: none. */
static lep_real *end_of(const struct group *g, lep_real *out, size_t i, size_t k)
{
	const struct lep_recurrent *a = g->a;
	size_t row = g->sample[i];

	if (a->last && k + 1 < g->length[i])
		return NULL;
	if (!a->last)
		row = row_of(g, i, k) - g->base + g->start;
	return out + (row * (size_t)a->directions + (size_t)g->d) * a->units;
}

/* Whether the i-th sample has rows before those at hand: its walk begins at the cache's state. */
static int goes_on(const struct group *g, size_t i)
{
	return g->st && g->st->seen[g->sample[i]] > 0;
}

/* ---- masks ---- */

/* Depends on seed, step, layer, the sample's place in the batch, direction and
 * unit: not on lengths, nor on who draws. */
static void draw_masks(const struct group *g)
{
	const struct lep_recurrent *a = g->a;
	const struct lep_step_info *info = &g->p->x->info;
	const struct lep_kernels *k = g->p->x->k;
	uint64_t where = info->step << 16 | (uint64_t)g->op->number;
	size_t words_x = (a->in + 3) / 4, words = words_x + (a->units + 3) / 4;

	for (size_t i = 0; i < g->n; i++) {
		size_t s = g->sample[i];
		uint64_t from = (s * (size_t)a->directions + (size_t)g->d) * words;

		if (g->drops_x)
			k->dropout(g->r->mask_x + s * a->in, a->in, a->x.below, a->x.keep, info->seed, where, from);
		if (g->drops_h)
			k->dropout(g->r->mask_h + s * a->units, a->units, a->h.below, a->h.keep, info->seed, where,
				from + words_x);
	}
}

/* ---- forward ---- */

/* c[i][width] = x[i][in] B (+ bias), or added to; rows of both lie one behind the other. */
static void product(const struct group *g, const lep_real *x, size_t in, const lep_real *packed, lep_real *c,
	size_t width, const lep_real *bias, int accumulate)
{
	ptrdiff_t off = 0;
	struct lep_gemm m = {.m = g->rows, .a = x, .lda = in, .nseg = 1, .off = &off, .len = in, .step = 1,
		.b = packed, .packed = 1, .n = width, .c = c, .ldc = width, .accumulate = accumulate, .bias = bias};

	g->p->x->k->gemm(&m);
}

static void mask_inputs(const struct group *g, const lep_real *x)
{
	const size_t in = g->a->in;

	for (size_t i = 0; i < g->n; i++)
		for (size_t t = 0; t < g->length[i]; t++)
			g->p->x->k->mul(g->r->x + (g->at[i] + t) * in, x + (g->at[i] - g->base + t) * in,
				g->r->mask_x + g->sample[i] * in, in);
}

/* What the steps of n samples give to their gates: h u, onto x w + b or, for gru, beside it. */
static void hidden_product(const struct group *g, size_t k, size_t n)
{
	const struct lep_recurrent *a = g->a;
	ptrdiff_t from[GROUP], to[GROUP];
	int gru = a->cell == LEP_CELL_GRU;
	lep_real *gates = gru ? g->r->hidden : g->r->gates;
	const lep_real *bias = gru ? lep_weights(g->op, g->d * a->params + 3) : NULL;
	ptrdiff_t off = 0;
	size_t count = 0;
	struct lep_gemm m = {.a = g->fed, .row = from, .nseg = 1, .off = &off, .len = a->units, .step = 1,
		.b = a->u[g->d], .packed = 1, .n = a->width, .c = gates, .crow = to, .accumulate = !gru, .bias = bias};

	for (size_t i = 0; i < n; i++) {
		size_t row = row_of(g, i, k);

		/* The first state is zero. */
		if (k == 0 && !goes_on(g, i)) {
			if (gru)
				memcpy(gates + row * a->width, bias, a->width * sizeof(*bias));
			continue;
		}
		from[count] = (ptrdiff_t)(row * a->units);
		to[count++] = (ptrdiff_t)(row * a->width);
	}
	m.m = count;
	if (count)
		g->p->x->k->gemm(&m);
}

static void cell_forward(const struct group *g, size_t row, lep_real *h, const lep_real *c_before)
{
	const struct lep_recurrent_rows *r = g->r;
	const struct lep_kernels *k = g->p->x->k;
	const size_t units = g->a->units;
	lep_real *gates = r->gates + row * g->a->width;

	switch (g->a->cell) {
	case LEP_CELL_RNN:
		k->act_forward(LEP_ACT_TANH, 0, gates, gates, units);
		memcpy(h, gates, units * sizeof(*h));
		return;
	case LEP_CELL_LSTM:
		k->lstm_forward(gates, r->c + row * units, r->tanh_c + row * units, h, c_before, units);
		return;
	case LEP_CELL_GRU:
		k->gru_forward(gates, r->hidden + row * g->a->width, h, r->before + row * units, units);
		return;
	}
}

static void step_forward(const struct group *g, lep_real *out, size_t i, size_t k)
{
	const struct lep_recurrent_rows *r = g->r;
	const size_t units = g->a->units, row = row_of(g, i, k);
	int more = k + 1 < g->length[i];
	size_t next = more ? row_of(g, i, k + 1) * units : 0;
	lep_real *h = end_of(g, out, i, k);
	const lep_real *c_before = g->s->zeros;

	if (!h)
		h = r->before + next;
	if (k && r->c)
		c_before = r->c + row_of(g, i, k - 1) * units;
	if (k == 0 && goes_on(g, i)) {
		c_before = g->cache->c ? g->cache->c + g->sample[i] * units : g->s->zeros;
	} else if (k == 0) {
		memset(r->before + row * units, 0, units * sizeof(*h));
		memset(g->fed + row * units, 0, units * sizeof(*h));
	}
	cell_forward(g, row, h, c_before);
	if (more && h != r->before + next)
		memcpy(r->before + next, h, units * sizeof(*h));
	if (more && g->drops_h)
		g->p->x->k->mul(g->fed + next, h, r->mask_h + g->sample[i] * units, units);
	if (more || !g->st)
		return;
	memcpy(g->cache->h + g->sample[i] * units, h, units * sizeof(*h));
	if (g->cache->c)
		memcpy(g->cache->c + g->sample[i] * units, r->c + row * units, units * sizeof(*h));
}

static void forward_group(struct group *g)
{
	const struct lep_recurrent *a = g->a;
	const lep_real *x = g->p->x->value[g->op->in[0]] + g->start * a->in;
	lep_real *out = g->p->x->value[g->op->out];

	draw_masks(g);
	if (g->drops_x) {
		mask_inputs(g, x);
		x = g->r->x + g->base * a->in;
	}
	product(g, x, a->in, a->w[g->d], g->r->gates + g->base * a->width, a->width,
		lep_weights(g->op, g->d * a->params + 2), 0);
	for (size_t i = 0; i < walking(g, 0); i++)
		if (goes_on(g, i))
			memcpy(g->r->before + row_of(g, i, 0) * a->units, g->cache->h + g->sample[i] * a->units,
				a->units * sizeof(*out));
	for (size_t k = 0, n; (n = walking(g, k)) > 0; k++) {
		hidden_product(g, k, n);
		for (size_t i = 0; i < n; i++)
			step_forward(g, out, i, k);
	}
	/* The last state of no rows. */
	for (size_t i = walking(g, 0); i < g->n && a->last; i++)
		memset(end_of(g, out, i, 0), 0, a->units * sizeof(*out));
}

/* ---- backward ---- */

/* dh of step k from the output's gradient and what step k + 1 handed down. */
static lep_real *gather_dh(const struct group *g, lep_real *dy, size_t i, size_t k)
{
	const struct lep_recurrent_rows *r = g->r;
	const struct lep_kernels *kernels = g->p->x->k;
	const size_t units = g->a->units, at = g->sample[i] * units;
	lep_real *dh = r->dh + at;

	dy = end_of(g, dy, i, k);
	if (k + 1 == g->length[i]) {
		memcpy(dh, dy, units * sizeof(*dh));
		return dh;
	}
	if (g->drops_h && r->back)
		kernels->mul_add(dh, r->back + at, r->mask_h + at, units);
	else if (g->drops_h)
		kernels->mul(dh, dh, r->mask_h + at, units);
	if (dy)
		kernels->add(dh, dh, dy, units);
	return dh;
}

static void step_backward(const struct group *g, lep_real *dy, size_t i, size_t k)
{
	const struct lep_recurrent_rows *r = g->r;
	const struct lep_kernels *kernels = g->p->x->k;
	const size_t units = g->a->units, row = row_of(g, i, k), at = g->sample[i] * units;
	lep_real *dh = gather_dh(g, dy, i, k), *gates = r->gates + row * g->a->width;

	switch (g->a->cell) {
	case LEP_CELL_RNN:
		kernels->act_backward(LEP_ACT_TANH, 0, dh, dh, NULL, gates, units, 0);
		memcpy(gates, dh, units * sizeof(*dh));
		return;
	case LEP_CELL_LSTM:
		if (k + 1 == g->length[i])
			memset(r->dc + at, 0, units * sizeof(*r->dc));
		kernels->lstm_backward(gates, r->dc + at, dh, r->tanh_c + row * units,
			k ? r->c + row_of(g, i, k - 1) * units : g->s->zeros, units);
		return;
	case LEP_CELL_GRU:
		kernels->gru_backward(gates, r->hidden + row * g->a->width, dh, dh, r->before + row * units, units);
		return;
	}
}

/* dgates u^T: what step k hands down to step k - 1, before the mask. In gru it
 * joins what is in dh already. */
static void hidden_product_back(const struct group *g, size_t k, size_t n)
{
	const struct lep_recurrent *a = g->a;
	ptrdiff_t from[GROUP], to[GROUP];
	int gru = a->cell == LEP_CELL_GRU;
	ptrdiff_t off = 0;
	struct lep_gemm m = {.m = n, .a = gru ? g->r->hidden : g->r->gates, .row = from, .nseg = 1, .off = &off,
		.len = a->width, .step = 1, .b = a->ut[g->d], .packed = 1, .n = a->units,
		.c = g->r->back ? g->r->back : g->r->dh, .crow = to, .accumulate = gru && !g->r->back};

	for (size_t i = 0; i < n; i++) {
		from[i] = (ptrdiff_t)(row_of(g, i, k) * a->width);
		to[i] = (ptrdiff_t)(g->sample[i] * a->units);
	}
	g->p->x->k->gemm(&m);
}

static void unmask_inputs(const struct group *g, lep_real *dx, int accumulate)
{
	const struct lep_kernels *k = g->p->x->k;
	const size_t in = g->a->in;

	for (size_t i = 0; i < g->n; i++)
		for (size_t t = 0; t < g->length[i]; t++)
			(accumulate ? k->mul_add : k->mul)(dx + (g->at[i] - g->base + t) * in,
				g->r->dx + (g->at[i] + t) * in, g->r->mask_x + g->sample[i] * in, in);
}

static void backward_group(struct group *g)
{
	const struct lep_recurrent *a = g->a;
	int accumulate = g->op->accumulate[0] || g->d > 0;
	lep_real *dx = lep_grad_in(g->op, g->p, 0), *dy = g->p->x->grad[g->op->out];
	const lep_real *gates = g->r->gates + g->base * a->width;

	for (size_t k = g->n ? g->length[0] : 0; k-- > 0;) {
		size_t n = walking(g, k);

		for (size_t i = 0; i < n; i++)
			step_backward(g, dy, i, k);
		if (k > 0)
			hidden_product_back(g, k, n);
	}
	if (!dx)
		return;
	dx = g->p->x->grad[g->op->in[0]] + g->start * a->in;
	if (!g->drops_x) {
		product(g, gates, a->width, a->wt[g->d], dx, a->in, NULL, accumulate);
		return;
	}
	product(g, gates, a->width, a->wt[g->d], g->r->dx + g->base * a->in, a->in, NULL, 0);
	unmask_inputs(g, dx, accumulate);
}

/* ---- passes ---- */

static void run(const struct lep_op *op, const struct lep_pass *p, void (*each)(struct group *g),
	const struct lep_stepper *st, const struct cache *cache)
{
	const struct lep_recurrent *a = op->attr;
	struct group g = {.op = op, .p = p, .a = a, .s = p->x->state[op->number], .st = st, .cache = cache,
		.drops_x = p->training && a->x.on, .drops_h = p->training && a->h.on};

	for (size_t done = 0; done < p->count; done += g.n) {
		gather_group(&g, p->first + done, p->count - done < GROUP ? p->count - done : GROUP);
		for (g.d = 0; g.d < a->directions; g.d++) {
			g.r = &g.s->rows[g.d];
			g.fed = g.drops_h ? g.r->fed : g.r->before;
			each(&g);
		}
	}
}

void lep_recurrent_forward(const struct lep_op *op, const struct lep_pass *p)
{
	run(op, p, forward_group, NULL, NULL);
}

void lep_recurrent_backward(const struct lep_op *op, const struct lep_pass *p)
{
	run(op, p, backward_group, NULL, NULL);
}

/* ---- step by step ---- */

void lep_recurrent_step(const struct lep_op *op, const struct lep_pass *p, const struct lep_stepper *st, void *cache)
{
	run(op, p, forward_group, st, cache);
}

void lep_recurrent_cache_free(void *p)
{
	struct cache *c = p;

	lep_free(c->h);
	lep_free(c->c);
	lep_free(c);
}

int lep_recurrent_cache_new(const struct lep_op *op, const struct lep_stepper *st, void **out, struct lep_error *e)
{
	const struct lep_recurrent *a = op->attr;
	struct cache *c;

	if (a->directions > 1 || a->reverse)
		return lep_fail(e, LEP_ERR_DATA, "%s with '%s' walks from rows still to come", op->layer->name,
			a->directions > 1 ? "both" : "reverse");
	if (a->last)
		return lep_fail(e, LEP_ERR_DATA, "%s with 'last' waits for rows still to come", op->layer->name);
	*out = c = lep_alloc(1, sizeof(*c));
	if (!c)
		return lep_fail_nomem(e, 0);
	c->h = lep_alloc(st->places * a->units, sizeof(*c->h));
	c->c = a->cell == LEP_CELL_LSTM ? lep_alloc(st->places * a->units, sizeof(*c->c)) : NULL;
	return c->h && (c->c || a->cell != LEP_CELL_LSTM) ? 0 : lep_fail_nomem(e, 0);
}

void lep_recurrent_cache_copy(const struct lep_op *op, const struct lep_stepper *st, void *cache, size_t to, size_t from)
{
	const struct lep_recurrent *a = op->attr;
	struct cache *c = cache;

	(void)st;
	memcpy(c->h + to * a->units, c->h + from * a->units, a->units * sizeof(*c->h));
	if (c->c)
		memcpy(c->c + to * a->units, c->c + from * a->units, a->units * sizeof(*c->c));
}
