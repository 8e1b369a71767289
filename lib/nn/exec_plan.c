/*
 * Which values must hold the whole batch. Most do not: what a block has made,
 * itself consumes, so one place for each block under way is enough, and stays
 * in the processor's cache while a large batch goes through it.
 *
 * Training runs in stretches between meetings (exec.c). A value that is written
 * and read within one stretch only, backward included, needs the places; one that
 * crosses a meeting, or is read by an operation that works on the whole batch
 * (gradient, whole), or by those who ask from outside, is whole. In use there is one
 * stretch, and the batch goes through it in slices; there all sequences are whole, for
 * slices are made for samples of one size.
 *
 * Some need not lie anywhere: where an operation can run the one that reads its
 * output as a part of itself (struct lep_layer's joins), a piece of the output at
 * a time is enough.
 */
#include "nn/exec.h"

/* Stretches in which something is touched. */
struct span {
	int from, to;
};

struct spans {
	const struct lep_exec *x;
	struct span *value, *grad;
};

static void touch(struct spans *s, struct span *of, int value, int stretch)
{
	struct span *at = &of[s->x->net->value[value].root];

	at->from = stretch < at->from ? stretch : at->from;
	at->to = stretch > at->to ? stretch : at->to;
}

/* Everything that op looks at when it runs forward or backward. */
static void touch_values(struct spans *s, const struct lep_op *op, int stretch)
{
	touch(s, s->value, op->out, stretch);
	for (int k = 0; k < op->nin; k++)
		touch(s, s->value, op->in[k], stretch);
}

static void touch_backward(struct spans *s, const struct lep_op *op, int stretch)
{
	touch_values(s, op, stretch);
	touch(s, s->grad, op->out, stretch);
	for (int k = 0; k < op->nin; k++)
		touch(s, s->grad, op->in[k], stretch);
}

/* The one operation that reads value v and that alone; NULL if there is none, if
 * there are more, or if somebody else wants the value. */
static const struct lep_op *only_reader(const struct lep_net *n, int v)
{
	const struct lep_op *reader = NULL;

	if (v == n->logits || v == n->output || n->value[v].kept)
		return NULL;
	for (size_t i = 0; i < n->nvalue; i++)
		if ((int)i != v && n->value[i].root == n->value[v].root)
			return NULL;
	for (size_t i = 0; i < n->nop; i++)
		for (int k = 0; k < n->op[i].nin; k++) {
			if (n->op[i].in[k] != v)
				continue;
			if (reader || n->op[i].nin > 1 || n->op[i].final)
				return NULL;
			reader = &n->op[i];
		}
	return reader;
}

static void join(struct lep_exec *x)
{
	const struct lep_net *n = x->net;

	for (size_t i = 0; i < n->nop; i++) {
		const struct lep_op *op = &n->op[i], *reader = op->layer->joins ? only_reader(n, op->out) : NULL;
		enum lep_join how = reader ? (enum lep_join)op->layer->joins(op, reader) : LEP_JOIN_NOT;

		if (how == LEP_JOIN_NOT)
			continue;
		x->run[op->number].reader = reader;
		x->run[reader->number].joiner = op;
		x->run[op->number].join = x->run[reader->number].join = how;
		x->gone[op->out] = 1;
	}
}

/* Feeding is in stretch 0; what reduces does so at the end of the stretch before its own. */
static int number_stretches(struct lep_exec *x)
{
	const struct lep_net *n = x->net;
	int at = 0;

	for (size_t i = 0; i < n->nop; i++) {
		const struct lep_op *joiner = x->run[i].joiner;

		at += x->training && lep_op_reduces_forward(&n->op[i]);
		x->run[i].forward = joiner ? x->run[joiner->number].forward : at;
	}
	for (size_t i = n->nop; i-- > 0;) {
		at += x->training && lep_op_reduces_backward(&n->op[i]);
		x->run[i].backward = at;
	}
	return at + 1;
}

static void touch_training(struct spans *s, int last)
{
	const struct lep_exec *x = s->x;

	for (size_t i = 0; i < x->net->nop; i++) {
		const struct lep_op *op = &x->net->op[i];

		if (op->final)
			continue;
		touch_values(s, op, x->run[i].forward);
		if (lep_op_reduces_forward(op))
			touch_values(s, op, x->run[i].forward - 1);
		if (!op->needs_backward)
			continue;
		touch_backward(s, op, x->run[i].backward);
		if (lep_op_reduces_backward(op))
			touch_backward(s, op, x->run[i].backward - 1);
		for (int k = 0; k < op->nin && op->layer->gradient; k++)
			touch(s, s->value, op->in[k], last);
		if (op->layer->gradient)
			touch(s, s->grad, op->out, last);
	}
}

/* Of those that see the batch in every pass. */
static void touch_seen(struct spans *s)
{
	const struct lep_net *n = s->x->net;

	for (size_t i = 0; i < n->nop; i++)
		if (n->op[i].layer->whole >= (s->x->training ? LEP_WHOLE_ALWAYS : LEP_WHOLE_STEPS))
			touch_backward(s, &n->op[i], -1);
}

/* What callers may look at afterwards, or fill before. Nobody is in stretch -1. */
static void touch_asked(struct spans *s)
{
	const struct lep_net *n = s->x->net;

	for (size_t i = 0; i < n->ninput; i++) {
		touch(s, s->value, n->input_value[i], -1);
		touch(s, s->grad, n->input_value[i], -1);
	}
	touch(s, s->value, n->logits, -1);
	touch(s, s->grad, n->logits, -1);
	touch(s, s->value, n->output, -1);
	for (size_t i = 0; i < n->nvalue; i++)
		if (n->value[i].kept)
			touch(s, s->value, (int)i, -1);
}

static void mark_whole(struct lep_exec *x, const struct spans *s)
{
	const struct lep_net *n = x->net;

	for (size_t v = 0; v < n->nvalue; v++) {
		const struct span *value = &s->value[n->value[v].root], *grad = &s->grad[n->value[v].root];
		int grows = n->value[v].axis >= 0 && !x->training;

		x->whole_value[v] = grows || value->from < 0 || value->from < value->to;
		x->whole_grad[v] = grows || grad->from < 0 || grad->from < grad->to;
	}
}

/*
 * Samples of a slice in use: so many that what passes through weighs as much as
 * the weights that are read for it, and no less than a good part of a cache.
 */
static size_t slice(const struct lep_exec *x)
{
	const struct lep_net *n = x->net;
	size_t a_sample = 0, budget = n->values_count > LEP_SLICE_REALS ? n->values_count : LEP_SLICE_REALS, samples;

	for (size_t v = 0; v < n->nvalue; v++)
		if (n->value[v].root == (int)v && !x->whole_value[v] && !x->gone[v])
			a_sample += n->value[v].size;
	samples = a_sample ? budget / a_sample : x->capacity;
	return samples < 1 ? 1 : samples < x->capacity ? samples : x->capacity;
}

int lep_exec_plan(struct lep_exec *x, struct lep_error *e)
{
	const struct lep_net *n = x->net;
	struct spans s = {.x = x};
	int stretches;

	x->run = lep_alloc(n->nop, sizeof(*x->run));
	x->whole_value = lep_alloc(n->nvalue, 1);
	x->whole_grad = lep_alloc(n->nvalue, 1);
	x->gone = lep_alloc(n->nvalue, 1);
	s.value = lep_alloc(2 * n->nvalue, sizeof(*s.value));
	if (!x->run || !x->whole_value || !x->whole_grad || !x->gone || !s.value) {
		lep_free(s.value);
		return lep_fail_nomem(e, 0);
	}
	s.grad = s.value + n->nvalue;
	join(x);
	stretches = number_stretches(x);
	for (size_t v = 0; v < n->nvalue; v++)
		s.value[v] = s.grad[v] = (struct span){.from = stretches, .to = -1};
	if (x->training)
		touch_training(&s, stretches);
	touch_seen(&s);
	touch_asked(&s);
	mark_whole(x, &s);
	lep_free(s.value);
	if (x->training) {
		x->block_max = (x->capacity + LEP_BLOCKS - 1) / LEP_BLOCKS;
		x->slots = x->threads < LEP_BLOCKS ? x->threads : LEP_BLOCKS;
	} else {
		x->block_max = slice(x);
		x->slots = 1;
	}
	return 0;
}
