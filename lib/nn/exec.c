/* Running a network: blocks, the order of meetings in training. */
#include <string.h>

#include "nn/exec.h"

/* Gradients of blocks are summed in pieces of this many reals. */
enum { SUM_PIECE = 2048 };

static size_t blocks_of(size_t count)
{
	return count < LEP_BLOCKS ? count : LEP_BLOCKS;
}

int lep_exec_new(struct lep_exec **out, struct lep_net *n, size_t capacity, int training, int threads,
	struct lep_error *e)
{
	struct lep_exec *x = lep_alloc(1, sizeof(*x));
	int rc;

	*out = NULL;
	if (!x)
		return lep_fail_nomem(e, 0);
	x->net = n;
	x->k = n->k;
	x->capacity = capacity;
	x->training = training;
	x->threads = threads < 1 ? 1 : threads;
	rc = lep_exec_plan(x, e);
	if (rc == 0)
		rc = lep_exec_buffers(x, e);
	if (rc) {
		lep_exec_free(x);
		return rc;
	}
	*out = x;
	return 0;
}

void lep_exec_free(struct lep_exec *x)
{
	if (!x)
		return;
	lep_exec_buffers_free(x);
	lep_free(x);
}

/* ---- access ---- */

lep_real *lep_exec_input(struct lep_exec *x, size_t i)
{
	return x->value[x->net->input_value[i]];
}

int32_t *lep_exec_input_ids(struct lep_exec *x, size_t i)
{
	return (int32_t *)(void *)x->value[x->net->input_value[i]];
}

const lep_real *lep_exec_output(const struct lep_exec *x)
{
	return x->value[x->net->output];
}

const lep_real *lep_exec_logits(const struct lep_exec *x)
{
	return x->value[x->net->logits];
}

lep_real *lep_exec_logits_grad(struct lep_exec *x)
{
	return x->grad[x->net->logits];
}

const lep_real *lep_exec_value(const struct lep_exec *x, int value)
{
	return x->value[value];
}

size_t lep_exec_row(const struct lep_exec *x, int value, size_t s)
{
	return lep_row_before(x, value, s);
}

size_t lep_exec_input_row(const struct lep_exec *x, size_t i, size_t s)
{
	return lep_row_before(x, x->net->input_value[i], s);
}

const lep_real *lep_exec_input_grad(const struct lep_exec *x, size_t i)
{
	return x->grad[x->net->input_value[i]];
}

/* ---- running ---- */

void lep_exec_infer(struct lep_exec *x, size_t count)
{
	const struct lep_net *n = x->net;
	struct lep_pass p = {.x = x};

	x->count = count;
	for (; p.first < count; p.first += p.count) {
		p.count = count - p.first < x->block_max ? count - p.first : x->block_max;
		for (size_t i = 0; i < n->nop; i++)
			if (!x->run[i].joiner)
				n->op[i].layer->forward(&n->op[i], &p);
	}
}

/*
 * Training goes in stretches between meetings. A stretch, run by each block on
 * its own: feed the inputs; forward operations f_from .. f_to - 1 and the
 * reduction of f_to; the loss; backward operations b_from down to b_to and the
 * reduction of b_to - 1. Most networks have one stretch and two meetings a step.
 */
struct stretch {
	struct lep_exec *x;
	size_t f_from, f_to;
	int feed, loss;
	size_t b_from, b_to;   /* operations b_from - 1 down to b_to */
	lep_feed_fn *feed_fn;
	lep_loss_fn *loss_fn;
	void *ctx;
};

static int in_training(const struct lep_op *op)
{
	return !op->final;
}

static void run_stretch(void *ctx, int block, int thread)
{
	const struct stretch *s = ctx;
	struct lep_exec *x = s->x;
	const struct lep_net *n = x->net;
	size_t first = lep_block_first(x->count, block);
	struct lep_pass p = {.x = x, .first = first, .count = lep_block_first(x->count, block + 1) - first,
		.block = block, .thread = thread, .slot = x->threads < LEP_BLOCKS ? thread : block, .training = 1};

	if (s->feed && s->feed_fn)
		s->feed_fn(s->ctx, x, p.first, p.count, thread);
	for (size_t i = s->f_from; i < s->f_to; i++)
		if (in_training(&n->op[i]) && !x->run[i].joiner)
			n->op[i].layer->forward(&n->op[i], &p);
	if (s->f_to < n->nop)
		n->op[s->f_to].layer->forward_reduce(&n->op[s->f_to], &p);
	if (!s->loss)
		return;
	if (s->loss_fn)
		s->loss_fn(s->ctx, x, p.first, p.count, thread);
	for (size_t i = s->b_from; i-- > s->b_to;)
		if (in_training(&n->op[i]) && n->op[i].needs_backward)
			n->op[i].layer->backward(&n->op[i], &p);
	if (s->b_to > 0)
		n->op[s->b_to - 1].layer->backward_reduce(&n->op[s->b_to - 1], &p);
}

int lep_op_varies(const struct lep_op *op)
{
	const struct lep_value *v = op->net->value;
	int varies = v[op->out].axis >= 0;

	for (int i = 0; i < op->nin; i++)
		varies |= v[op->in[i]].axis >= 0;
	return varies;
}

int lep_op_batchwise(const struct lep_op *op)
{
	for (int i = 0; i < op->nparam; i++)
		if (!lep_op_param(op, i)->pub.trained)
			return !lep_op_param(op, i)->pub.frozen;
	return 1;
}

/* The forward stretches up to the last meeting; the rest is left in s. */
static void run_forward_meetings(struct stretch *s, struct lep_threads *pool)
{
	struct lep_exec *x = s->x;
	const struct lep_net *n = x->net;

	s->feed = 1;
	for (size_t i = 0; i < n->nop; i++) {
		if (!lep_op_reduces_forward(&n->op[i]))
			continue;
		s->f_to = i;
		lep_threads_run(pool, (int)blocks_of(x->count), run_stretch, s);
		n->op[i].layer->forward_combine(&n->op[i], x, x->count);
		s->feed = 0;
		s->f_from = i;
	}
	s->f_to = n->nop;
}

/*
 * ---- the batch's gradient from the blocks' ----
 *
 * The sum goes from block to block. Each thread adds those it has run, which its own
 * cache still holds, to what the thread before it hands on, piece by piece: between
 * distant cores a line on its way costs more than all of the arithmetic.
 */
struct chain {
	struct lep_exec *x;
	int blocks, links;
	struct {
		_Alignas(64) atomic_int done; /* pieces */
	} link[LEP_BLOCKS];
};

static void chain_task(void *ctx, int task, int thread)
{
	struct chain *c = ctx;
	const size_t reals = c->x->net->block_reals;
	/* as lep_threads_run shares out blocks */
	const int from = c->blocks * task / c->links, to = c->blocks * (task + 1) / c->links;
	int piece = 0;

	(void)thread;
	for (size_t at = 0; at < reals; at += SUM_PIECE, piece++) {
		size_t len = reals - at < SUM_PIECE ? reals - at : SUM_PIECE;
		lep_real *g = c->x->net->grads + at;
		const lep_real *b = c->x->block_grads + at;
		int first = from;

		if (task == 0)
			memcpy(g, b + (size_t)first++ * reals, len * sizeof(*g));
		else
			lep_threads_await(&c->link[task - 1].done, piece + 1);
		c->x->k->col_sums(g, b + (size_t)first * reals, (size_t)(to - first), len, reals, 1);
		atomic_store(&c->link[task].done, piece + 1);
	}
}

static void sum_blocks(struct lep_exec *x, struct lep_threads *pool)
{
	struct chain c = {.x = x, .blocks = (int)blocks_of(x->count), .links = lep_threads_count(pool)};

	if (c.links > c.blocks)
		c.links = c.blocks;
	if (x->net->block_reals)
		lep_threads_run(pool, c.links, chain_task, &c);
}

/* ---- and of `whole` parameters ---- */

struct collect {
	struct lep_exec *x;
	int turn;
};

static int has_turn(const struct lep_op *op, int turn)
{
	return op->needs_backward && op->layer->gradient && op->turn == turn;
}

static void collect_task(void *ctx, int task, int thread)
{
	const struct collect *c = ctx;
	struct lep_exec *x = c->x;
	const struct lep_net *n = x->net;

	(void)thread;
	for (size_t i = 0; i < n->nop; i++) {
		const struct lep_op *op = &n->op[i];

		if (!has_turn(op, c->turn))
			continue;
		if (task < op->gradient_tasks) {
			op->layer->gradient(op, x, x->count, task);
			return;
		}
		task -= op->gradient_tasks;
	}
}

static void collect_gradients(struct lep_exec *x, struct lep_threads *pool)
{
	const struct lep_net *n = x->net;
	struct collect c = {.x = x};
	int turns = 1;

	sum_blocks(x, pool);
	for (; c.turn < turns; c.turn++) {
		int tasks = 0;

		for (size_t i = 0; i < n->nop; i++) {
			tasks += has_turn(&n->op[i], c.turn) ? n->op[i].gradient_tasks : 0;
			turns = n->op[i].turn >= turns ? n->op[i].turn + 1 : turns;
		}
		lep_threads_run(pool, tasks, collect_task, &c);
	}
}

void lep_exec_train(struct lep_exec *x, struct lep_threads *pool, size_t count,
	const struct lep_step_info *info, lep_feed_fn *feed, lep_loss_fn *loss, void *ctx)
{
	const struct lep_net *n = x->net;
	struct stretch s = {.x = x, .feed_fn = feed, .loss_fn = loss, .ctx = ctx};

	x->count = count;
	x->info = *info;
	run_forward_meetings(&s, pool);
	s.loss = 1;
	s.b_from = s.b_to = n->nop;
	for (;;) {
		while (s.b_to > 0 && !lep_op_reduces_backward(&n->op[s.b_to - 1]))
			s.b_to--;
		lep_threads_run(pool, (int)blocks_of(count), run_stretch, &s);
		if (s.b_to == 0)
			break;
		n->op[s.b_to - 1].layer->backward_combine(&n->op[s.b_to - 1], x, count);
		/* The next stretch begins with the backward of the one that met. */
		s.b_from = s.b_to--;
		s.f_from = s.f_to;
		s.feed = 0;
		s.loss_fn = NULL;
	}
	collect_gradients(x, pool);
}

void lep_exec_train_forward(struct lep_exec *x, struct lep_threads *pool, size_t count,
	const struct lep_step_info *info)
{
	struct stretch s = {.x = x};

	x->count = count;
	x->info = *info;
	run_forward_meetings(&s, pool);
	lep_threads_run(pool, (int)blocks_of(count), run_stretch, &s);
}

/* ---- weights changed ---- */

struct prepare {
	struct lep_net *n;
	int backward;
};

static void prepare_task(void *ctx, int task, int thread)
{
	const struct prepare *c = ctx;
	const struct lep_op *op = &c->n->op[task];

	(void)thread;
	if (op->layer->prepare)
		op->layer->prepare(op, c->backward && op->needs_backward);
}

void lep_net_prepare(struct lep_net *n, struct lep_threads *pool, int backward)
{
	struct prepare c = {.n = n, .backward = backward};

	lep_threads_run(pool, (int)n->nop, prepare_task, &c);
}
