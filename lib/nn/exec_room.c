/*
 * The buffers of an exec. What has a fixed size is made once; what follows the
 * lengths of an input grows with the batches, doubling at least, so that nothing
 * is allocated once the largest one was seen.
 */
#include <string.h>

#include "nn/exec.h"

/* Reals of the operation's scratch memory for a pass over these samples. */
static size_t scratch_for(const struct lep_op *op, const struct lep_exec *x, size_t first, size_t count)
{
	const struct lep_pass p = {.x = (struct lep_exec *)(uintptr_t)x, .first = first, .count = count};
	size_t rows;

	if (op->layer->scratch)
		return op->layer->scratch(op, x, first, count);
	rows = lep_rows(&p, op->out);
	for (int i = 0; i < op->nin; i++)
		if (lep_rows(&p, op->in[i]) > rows)
			rows = lep_rows(&p, op->in[i]);
	return rows * op->scratch;
}

/* ---- what is fixed ---- */

static int is_root(const struct lep_net *n, size_t v)
{
	return n->value[v].root == (int)v;
}

static int has_grad(const struct lep_exec *x, size_t v)
{
	return x->training && (x->net->value[v].needs_grad || (int)v == x->net->value[x->net->logits].root);
}

/* Memory for the rows of value v that there must be room for: every batch of a
 * training fills it. */
static int new_value(struct lep_exec *x, size_t v, struct lep_error *e)
{
	void *(*alloc)(size_t n, size_t size) = x->training ? lep_alloc_used : lep_alloc;
	size_t size = x->net->value[v].size, reals, grads;
	size_t rows = x->gone[v] ? 0 : lep_places(x, (int)v, x->whole_value[v]);

	if (lep_mul_overflow(size, rows, &reals) ||
		lep_mul_overflow(size, lep_places(x, (int)v, x->whole_grad[v]), &grads))
		return lep_fail_nomem(e, 0);
	lep_free(x->value[v]);
	lep_free(x->grad[v]);
	x->grad[v] = NULL;
	/* An id takes no more room than a real. */
	x->value[v] = alloc(reals, sizeof(lep_real));
	if (x->value[v] && has_grad(x, v))
		x->grad[v] = alloc(grads, sizeof(lep_real));
	if (!x->value[v] || (has_grad(x, v) && !x->grad[v]))
		return lep_fail_nomem(e, (double)reals * sizeof(lep_real));
	return 0;
}

/* Values that share another one's memory. */
static void share_values(struct lep_exec *x)
{
	const struct lep_net *n = x->net;

	for (size_t v = 0; v < n->nvalue; v++) {
		x->value[v] = x->value[n->value[v].root];
		x->grad[v] = x->grad[n->value[v].root];
	}
}

/* What all buffers come to, each alone may look harmless. */
static double bytes_of(const struct lep_exec *x)
{
	const struct lep_net *n = x->net;
	double reals = (double)n->scratch * (double)x->block_max * x->threads;

	for (size_t v = 0; v < n->nvalue; v++) {
		if (!is_root(n, v))
			continue;
		if (!x->gone[v])
			reals += (double)n->value[v].size * (double)lep_places(x, (int)v, x->whole_value[v]);
		if (has_grad(x, v))
			reals += (double)n->value[v].size * (double)lep_places(x, (int)v, x->whole_grad[v]);
	}
	if (x->training)
		reals += (double)LEP_BLOCKS * (double)n->block_reals;
	return reals * sizeof(lep_real);
}

static int new_scratch(struct lep_exec *x, size_t reals, struct lep_error *e)
{
	for (int t = 0; t < x->threads; t++) {
		lep_free(x->scratch[t]);
		x->scratch[t] = lep_alloc(reals, sizeof(lep_real));
		if (!x->scratch[t])
			return lep_fail_nomem(e, (double)reals * sizeof(lep_real));
	}
	x->scratch_reals = reals;
	return 0;
}

static int new_state(struct lep_exec *x, size_t i, struct lep_error *e)
{
	const struct lep_op *op = &x->net->op[i];

	if (!op->layer->state_new)
		return 0;
	if (x->state[i])
		op->layer->state_free(x->state[i]);
	x->state[i] = NULL;
	return op->layer->state_new(op, x, &x->state[i]) ? lep_fail_nomem(e, 0) : 0;
}

static int new_arrays(struct lep_exec *x, struct lep_error *e)
{
	const struct lep_net *n = x->net;

	x->value = lep_alloc(n->nvalue, sizeof(*x->value));
	x->grad = lep_alloc(n->nvalue, sizeof(*x->grad));
	x->state = lep_alloc(n->nop, sizeof(*x->state));
	x->scratch = lep_alloc((size_t)x->threads, sizeof(*x->scratch));
	x->start = lep_alloc(n->ninput, sizeof(*x->start));
	x->room = lep_alloc(n->ninput, sizeof(*x->room));
	x->block_room = lep_alloc(n->ninput, sizeof(*x->block_room));
	x->longest = lep_alloc(n->ninput, sizeof(*x->longest));
	x->grown = lep_alloc(n->ninput, 1);
	if (!x->value || !x->grad || !x->state || !x->scratch || !x->start || !x->room || !x->block_room ||
		!x->longest || !x->grown)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < n->ninput; i++)
		if (n->input[i].varies && !(x->start[i] = lep_alloc(x->capacity + 1, sizeof(*x->start[i]))))
			return lep_fail_nomem(e, 0);
	return 0;
}

int lep_exec_buffers(struct lep_exec *x, struct lep_error *e)
{
	const struct lep_net *n = x->net;
	int rc = new_arrays(x, e);

	if (rc == 0 && lep_mem_lacks(bytes_of(x)))
		rc = lep_fail_nomem(e, bytes_of(x));
	for (size_t v = 0; v < n->nvalue && rc == 0; v++)
		if (is_root(n, v))
			rc = new_value(x, v, e);
	if (rc)
		return rc;
	share_values(x);
	rc = new_scratch(x, n->scratch * x->block_max, e);
	if (rc == 0 && x->training) {
		x->block_grads = lep_alloc_used(LEP_BLOCKS * n->block_reals, sizeof(lep_real));
		if (!x->block_grads)
			rc = lep_fail_nomem(e, (double)(LEP_BLOCKS * n->block_reals * sizeof(lep_real)));
	}
	for (size_t i = 0; i < n->nop && rc == 0; i++)
		rc = new_state(x, i, e);
	return rc;
}

void lep_exec_buffers_free(struct lep_exec *x)
{
	const struct lep_net *n = x->net;

	for (size_t v = 0; v < n->nvalue; v++) {
		if (!is_root(n, v))
			continue;
		lep_free(x->value ? x->value[v] : NULL);
		lep_free(x->grad ? x->grad[v] : NULL);
	}
	for (size_t i = 0; x->state && i < n->nop; i++)
		if (x->state[i])
			n->op[i].layer->state_free(x->state[i]);
	for (int t = 0; x->scratch && t < x->threads; t++)
		lep_free(x->scratch[t]);
	for (size_t i = 0; x->start && i < n->ninput; i++)
		lep_free(x->start[i]);
	lep_free(x->value);
	lep_free(x->grad);
	lep_free(x->run);
	lep_free(x->gone);
	lep_free(x->whole_value);
	lep_free(x->whole_grad);
	lep_free(x->state);
	lep_free(x->scratch);
	lep_free(x->block_grads);
	lep_free(x->start);
	lep_free(x->room);
	lep_free(x->block_room);
	lep_free(x->longest);
	lep_free(x->grown);
}

/* ---- what grows ---- */

size_t *lep_exec_lengths(struct lep_exec *x, size_t i)
{
	return x->start[i] + 1;
}

/* The lengths of input i become its prefix sums; whether there is room, and how
 * long the longest is. */
static int sum_lengths(struct lep_exec *x, size_t i, size_t count, size_t *longest, struct lep_error *e)
{
	size_t *start = x->start[i];

	*longest = 0;
	start[0] = 0;
	for (size_t s = 1; s <= count; s++) {
		*longest = start[s] > *longest ? start[s] : *longest;
		if (__builtin_add_overflow(start[s], start[s - 1], &start[s]))
			return lep_fail_nomem(e, 0);
	}
	return 0;
}

/* Blocks of a batch: in use it is one. */
static int blocks_in(const struct lep_exec *x, size_t count)
{
	return !x->training ? 1 : count < LEP_BLOCKS ? (int)count : LEP_BLOCKS;
}

/* Samples before block b of `blocks`. */
static size_t block_at(size_t count, int b, int blocks)
{
	return blocks > 1 ? lep_block_first(count, b) : b ? count : 0;
}

/* Rows of input i in the largest block. */
static size_t largest_block(const struct lep_exec *x, size_t i, size_t count)
{
	int blocks = blocks_in(x, count);
	size_t most = 0, rows;

	for (int b = 0; b < blocks; b++) {
		rows = x->start[i][block_at(count, b + 1, blocks)] - x->start[i][block_at(count, b, blocks)];
		most = rows > most ? rows : most;
	}
	return most;
}

static size_t at_least(size_t room, size_t rows)
{
	return rows > room ? rows : room;
}

/* Twice as much as before, where it is not enough. */
static size_t grown(size_t room, size_t rows)
{
	return rows > room ? at_least(2 * room, rows) : room;
}

/* Room for `rows` rows of input i, of which a block has `block`; more than that where
 * the machine has it. */
static int grow_values(struct lep_exec *x, size_t i, size_t rows, size_t block, struct lep_error *e)
{
	const struct lep_net *n = x->net;
	const size_t room = x->room[i], block_room = x->block_room[i];
	int rc = 0;

	x->room[i] = grown(room, rows);
	x->block_room[i] = grown(block_room, block);
	if (lep_mem_lacks(bytes_of(x))) {
		x->room[i] = at_least(room, rows);
		x->block_room[i] = at_least(block_room, block);
	}
	if (lep_mem_lacks(bytes_of(x)))
		rc = lep_fail_nomem(e, bytes_of(x));
	for (size_t v = 0; v < n->nvalue && rc == 0; v++)
		if (is_root(n, v) && n->value[v].axis == (int)i)
			rc = new_value(x, v, e);
	/* After a failure the next batch begins anew. */
	if (rc)
		x->room[i] = x->block_room[i] = 0;
	return rc;
}

static int op_follows(const struct lep_net *n, const struct lep_op *op, const unsigned char *grown)
{
	int axis = n->value[op->out].axis, follows = axis >= 0 && grown[axis];

	for (int k = 0; k < op->nin; k++) {
		axis = n->value[op->in[k]].axis;
		follows |= axis >= 0 && grown[axis];
	}
	return follows;
}

/* Whether the operation's scratch memory is that of a pass over input `only` (any:
 * -1); the others' lengths may be of fewer samples. */
static int counts(const struct lep_op *op, int only)
{
	int axis = op->net->value[op->out].axis, yes = axis < 0 || axis == only;

	for (int i = 0; i < op->nin; i++) {
		axis = op->net->value[op->in[i]].axis;
		yes &= axis < 0 || axis == only;
	}
	return only < 0 || yes;
}

static size_t largest_scratch(const struct lep_exec *x, size_t count, int only)
{
	const struct lep_net *n = x->net;
	int blocks = blocks_in(x, count);
	size_t most = 0, reals;

	for (size_t i = 0; i < n->nop; i++) {
		const struct lep_op *op = &n->op[i];

		if (!lep_op_varies(op) || !counts(op, only) || (!op->scratch && !op->layer->scratch))
			continue;
		for (int b = 0; b < blocks; b++) {
			size_t first = block_at(count, b, blocks), end = block_at(count, b + 1, blocks);

			reals = scratch_for(op, x, first, end - first);
			most = reals > most ? reals : most;
		}
	}
	return most;
}

static int grow(struct lep_exec *x, size_t count, int only, struct lep_error *e)
{
	const struct lep_net *n = x->net;
	size_t scratch, longest, block;
	int rc = 0, any = 0;

	for (size_t i = 0; i < n->ninput && rc == 0; i++) {
		if (!n->input[i].varies || (only >= 0 && (int)i != only))
			continue;
		rc = sum_lengths(x, i, count, &longest, e);
		if (rc == 0 && longest > x->longest[i]) {
			x->longest[i] = longest > 2 * x->longest[i] ? longest : 2 * x->longest[i];
			x->grown[i] = 1;
		}
		block = rc == 0 ? largest_block(x, i, count) : 0;
		if (rc == 0 && (x->start[i][count] > x->room[i] || block > x->block_room[i])) {
			rc = grow_values(x, i, x->start[i][count], block, e);
			x->grown[i] = 1;
		}
		any |= x->grown[i];
	}
	if (rc == 0 && any)
		share_values(x);
	for (size_t i = 0; i < n->nop && rc == 0 && any; i++)
		if (op_follows(n, &n->op[i], x->grown))
			rc = new_state(x, i, e);
	if (rc)
		return rc;
	scratch = largest_scratch(x, count, only);
	if (scratch <= x->scratch_reals)
		return 0;
	if (lep_mem_lacks((double)scratch * sizeof(lep_real) * x->threads))
		return lep_fail_nomem(e, (double)scratch * sizeof(lep_real) * x->threads);
	return new_scratch(x, scratch > 2 * x->scratch_reals ? scratch : 2 * x->scratch_reals, e);
}

static int reserve(struct lep_exec *x, size_t count, int only, struct lep_error *e)
{
	int rc;

	memset(x->grown, 0, x->net->ninput);
	rc = grow(x, count, only, e);
	/* States of the rows that were to come may be missing. */
	for (size_t i = 0; rc && i < x->net->ninput; i++)
		x->room[i] = x->block_room[i] = x->longest[i] = 0;
	return rc;
}

int lep_exec_reserve(struct lep_exec *x, size_t count, struct lep_error *e)
{
	return x->net->varies ? reserve(x, count, -1, e) : 0;
}

int lep_exec_reserve_input(struct lep_exec *x, size_t i, size_t count, struct lep_error *e)
{
	return reserve(x, count, (int)i, e);
}
