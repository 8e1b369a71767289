#include "nn/stepper.h"

#include <string.h>

#include "nn/exec.h"

/* Which operations depend on the input. */
static int find_followers(struct lep_stepper *st, struct lep_error *e)
{
	const struct lep_net *n = st->x->net;
	unsigned char *follows = lep_alloc(n->nvalue, 1);

	if (!follows)
		return lep_fail_nomem(e, 0);
	follows[n->input_value[st->input]] = 1;
	for (size_t i = 0; i < n->nop; i++) {
		const struct lep_op *op = &n->op[i];

		for (int k = 0; k < op->nin; k++)
			st->follows[i] |= follows[n->value[op->in[k]].root];
		follows[n->value[op->out].root] |= st->follows[i];
	}
	lep_free(follows);
	return 0;
}

static int new_cache(struct lep_stepper *st, size_t i, struct lep_error *e)
{
	const struct lep_op *op = &st->x->net->op[i];
	struct lep_error inner;
	int rc;

	if (!st->follows[i] || !op->layer->along)
		return 0;
	if (!op->layer->step)
		return lep_fail(e, LEP_ERR_DATA, "the layer %s cannot run step by step", op->layer->name);
	rc = op->layer->cache_new ? op->layer->cache_new(op, st, &st->cache[i], &inner) : 0;
	return rc ? lep_fail(e, rc, "%s", inner.text) : 0;
}

int lep_stepper_new(struct lep_stepper **out, struct lep_exec *x, size_t input, size_t steps, struct lep_error *e)
{
	struct lep_stepper *st = lep_alloc(1, sizeof(*st));
	int rc = 0;

	*out = NULL;
	if (!st)
		return lep_fail_nomem(e, 0);
	st->x = x;
	st->input = input;
	st->places = x->capacity + 1;
	st->steps = steps;
	st->seen = lep_alloc(st->places, sizeof(*st->seen));
	st->waits = lep_alloc(st->places, sizeof(*st->waits));
	st->readers = lep_alloc(st->places, sizeof(*st->readers));
	st->free = lep_alloc(st->places, sizeof(*st->free));
	st->follows = lep_alloc(x->net->nop, 1);
	st->cache = lep_alloc(x->net->nop, sizeof(*st->cache));
	if (!st->seen || !st->waits || !st->readers || !st->free || !st->follows || !st->cache)
		rc = lep_fail_nomem(e, 0);
	if (rc == 0)
		rc = find_followers(st, e);
	for (size_t i = 0; i < x->net->nop && rc == 0; i++)
		rc = new_cache(st, i, e);
	if (rc) {
		lep_stepper_free(st);
		return rc;
	}
	*out = st;
	return 0;
}

void lep_stepper_free(struct lep_stepper *st)
{
	if (!st)
		return;
	for (size_t i = 0; st->cache && i < st->x->net->nop; i++)
		if (st->cache[i])
			st->x->net->op[i].layer->cache_free(st->cache[i]);
	lep_free(st->seen);
	lep_free(st->waits);
	lep_free(st->readers);
	lep_free(st->free);
	lep_free(st->follows);
	lep_free(st->cache);
	lep_free(st);
}

int lep_stepper_start(struct lep_stepper *st, size_t sources, struct lep_error *e)
{
	const struct lep_net *n = st->x->net;
	struct lep_pass p = {.x = st->x};
	int rc = 0;

	memset(st->seen, 0, st->places * sizeof(*st->seen));
	st->sources = st->x->count = sources;
	for (; p.first < sources; p.first += p.count) {
		p.count = sources - p.first < st->x->block_max ? sources - p.first : st->x->block_max;
		for (size_t i = 0; i < n->nop; i++)
			if (!st->follows[i])
				n->op[i].layer->forward(&n->op[i], &p);
	}
	for (size_t i = 0; i < n->nop && rc == 0; i++)
		if (st->follows[i] && n->op[i].layer->cache_start)
			rc = n->op[i].layer->cache_start(&n->op[i], st, st->cache[i], e);
	return rc;
}

int lep_stepper_reserve(struct lep_stepper *st, size_t count, struct lep_error *e)
{
	const size_t *lengths = lep_exec_lengths(st->x, st->input);

	for (size_t s = 0; s < count; s++)
		if (lengths[s] > st->steps - st->seen[s])
			return lep_fail(e, LEP_ERR_DATA, "a sequence becomes longer than %zu", st->steps);
	return lep_exec_reserve_input(st->x, st->input, count, e);
}

void lep_stepper_run(struct lep_stepper *st, size_t count, const size_t *source)
{
	const struct lep_net *n = st->x->net;
	struct lep_pass p = {.x = st->x, .count = count};
	const size_t *start = st->x->start[st->input];

	st->source = source;
	st->x->count = count;
	for (size_t i = 0; i < n->nop; i++) {
		const struct lep_op *op = &n->op[i];

		if (st->follows[i] && op->layer->along)
			op->layer->step(op, &p, st, st->cache[i]);
		else if (st->follows[i])
			op->layer->forward(op, &p);
	}
	for (size_t s = 0; s < count; s++)
		st->seen[s] += start[s + 1] - start[s];
	st->source = NULL;
}

static void copy(struct lep_stepper *st, size_t to, size_t from)
{
	const struct lep_net *n = st->x->net;

	for (size_t i = 0; i < n->nop; i++)
		if (st->cache[i] && n->op[i].layer->cache_copy)
			n->op[i].layer->cache_copy(&n->op[i], st, st->cache[i], to, from);
	st->seen[to] = st->seen[from];
}

/* Moves whose target nobody waits for any more, and what that sets free. */
static void settle(struct lep_stepper *st, size_t s)
{
	while (st->readers[s] == 0 && st->waits[s] != s) {
		size_t from = st->waits[s];

		copy(st, s, from);
		st->waits[s] = s;
		st->readers[from]--;
		s = from;
	}
}

void lep_stepper_take(struct lep_stepper *st, const size_t *from, size_t count)
{
	size_t spare = st->places - 1;

	memset(st->readers, 0, st->places * sizeof(*st->readers));
	for (size_t s = 0; s < count; s++) {
		st->waits[s] = from[s];
		st->readers[from[s]] += from[s] != s;
	}
	st->waits[spare] = spare;
	for (size_t s = 0; s < count; s++)
		settle(st, s);
	/* What is left are rings: each is opened at one place, kept aside. */
	for (size_t s = 0; s < count; s++) {
		if (st->waits[s] == s)
			continue;
		copy(st, spare, s);
		for (size_t r = 0; r < count; r++)
			if (st->waits[r] == s) {
				st->waits[r] = spare;
				st->readers[s]--;
				st->readers[spare]++;
			}
		settle(st, s);
		st->readers[spare] = 0;
	}
}
