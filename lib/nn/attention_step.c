/*
 * Attention step by step. Of itself: the keys, as columns, and the values of all
 * rows so far are kept by sequence. Of a memory: its keys are made columns at the
 * start, by source, and the values stay where its projection left them.
 */
#include <string.h>

#include "nn/attention.h"
#include "nn/stepper.h"

struct cache {
	size_t ld;                /* of columns */
	lep_real *keys;           /* [sequences][width][ld] */
	lep_real *values;         /* [sequences][steps][width] */
	lep_real *codes;          /* rotary */
	size_t *at;               /* memory: where the columns of each source begin */
	lep_real *scratch;
};

void lep_attention_cache_free(void *p)
{
	struct cache *c = p;

	lep_free(c->keys);
	lep_free(c->values);
	lep_free(c->codes);
	lep_free(c->at);
	lep_free(c->scratch);
	lep_free(c);
}

int lep_attention_cache_new(const struct lep_op *op, const struct lep_stepper *st, void **out, struct lep_error *e)
{
	const struct lep_attention *a = op->attr;
	size_t width = lep_attention_width(a), keys, values;
	struct cache *c;

	if (!a->cross && !a->causal)
		return lep_fail(e, LEP_ERR_DATA, "attention without 'causal' looks at rows still to come");
	*out = c = lep_alloc(1, sizeof(*c));
	if (!c)
		return lep_fail_nomem(e, 0);
	if (a->cross)
		return (c->at = lep_alloc(st->x->capacity + 1, sizeof(*c->at))) ? 0 : lep_fail_nomem(e, 0);
	c->ld = lep_attend_ld(st->steps);
	if (lep_mul_overflow(st->places * width, c->ld, &keys) || lep_mul_overflow(st->places * st->steps, width, &values))
		return lep_fail_nomem(e, 0);
	if (lep_mem_lacks(((double)keys + (double)values) * sizeof(lep_real)))
		return lep_fail_nomem(e, ((double)keys + (double)values) * sizeof(lep_real));
	c->keys = lep_alloc(keys, sizeof(*c->keys));
	c->values = lep_alloc(values, sizeof(*c->values));
	c->codes = a->rotary ? lep_attention_codes(st->steps, a->size) : NULL;
	c->scratch = lep_alloc(lep_attend_scratch(a->size, st->steps, 0), sizeof(*c->scratch));
	return c->keys && c->values && c->scratch && (c->codes || !a->rotary) ? 0 : lep_fail_nomem(e, 0);
}

int lep_attention_cache_start(const struct lep_op *op, const struct lep_stepper *st, void *cache,
	struct lep_error *e)
{
	const struct lep_attention *a = op->attr;
	size_t width = lep_attention_width(a), longest = 0, n;
	const struct lep_exec *x = st->x;
	const struct lep_pass all = {.x = st->x};
	struct cache *c = cache;

	if (!a->cross)
		return 0;
	for (size_t s = 0; s < st->sources; s++) {
		n = lep_steps(x, op->in[1], s);
		longest = n > longest ? n : longest;
		c->at[s + 1] = c->at[s] + width * lep_attend_ld(n);
	}
	lep_free(c->keys);
	lep_free(c->scratch);
	c->keys = lep_alloc(c->at[st->sources], sizeof(*c->keys));
	c->scratch = lep_alloc(lep_attend_scratch(a->size, longest, 0), sizeof(*c->scratch));
	if (!c->keys || !c->scratch)
		return lep_fail_nomem(e, (double)c->at[st->sources] * sizeof(*c->keys));
	for (size_t s = 0; s < st->sources; s++) {
		n = lep_steps(x, op->in[1], s);
		lep_attend_turn(x->k, (struct lep_attend_rows){c->keys + c->at[s], lep_attend_ld(n)},
			lep_attention_rows(&all, op->in[1], s), n, width);
	}
	return 0;
}

void lep_attention_cache_copy(const struct lep_op *op, const struct lep_stepper *st, void *cache, size_t to,
	size_t from)
{
	const struct lep_attention *a = op->attr;
	size_t width = lep_attention_width(a), seen = st->seen[from];
	struct cache *c = cache;

	if (a->cross)
		return;
	for (size_t i = 0; i < width; i++)
		memcpy(c->keys + (to * width + i) * c->ld, c->keys + (from * width + i) * c->ld,
			seen * sizeof(*c->keys));
	memcpy(c->values + to * st->steps * width, c->values + from * st->steps * width,
		seen * width * sizeof(*c->values));
}

/* The new rows' keys and values to those of the sequence. */
static void remember(const struct lep_attention *a, const struct cache *c, const struct lep_stepper *st, size_t s,
	const struct lep_attend *h)
{
	size_t width = lep_attention_width(a);
	lep_real *keys = c->keys + s * width * c->ld + h->past;
	lep_real *values = c->values + (s * st->steps + h->past) * width;

	for (size_t t = 0; t < h->queries; t++) {
		const lep_real *row = h->k.p + t * h->k.ld;

		for (size_t i = 0; i < width; i++)
			keys[i * c->ld + t] = row[i];
		memcpy(values + t * width, row + width, width * sizeof(*values));
	}
}

/* Sequence s as the head computes it, heads side by side. */
static struct lep_attend sequence(const struct lep_op *op, const struct lep_pass *p, const struct lep_stepper *st,
	const struct cache *c, size_t s)
{
	const struct lep_attention *a = op->attr;
	const struct lep_exec *x = p->x;
	size_t width = lep_attention_width(a), source = a->cross && st->source ? st->source[s] : s;
	struct lep_attend h = {.size = a->size, .queries = lep_steps(x, op->out, s), .past = st->seen[s],
		.causal = a->causal, .zeros = a->zeros, .q = lep_attention_rows(p, op->in[0], s),
		.y = lep_attention_rows(p, op->out, s), .scratch = c->scratch};

	if (a->cross) {
		h.keys = lep_steps(x, op->in[1], source);
		h.v = lep_attend_shifted(lep_attention_rows(p, op->in[1], source), width);
		h.turned = (struct lep_attend_rows){c->keys + c->at[source], lep_attend_ld(h.keys)};
		lep_attention_adjust(a, x->k, h.q, h.k, h.queries, NULL, 0);
		return h;
	}
	h.keys = h.past + h.queries;
	h.k = lep_attend_shifted(h.q, width);
	h.v = (struct lep_attend_rows){c->values + s * st->steps * width, width};
	h.turned = (struct lep_attend_rows){c->keys + s * width * c->ld, c->ld};
	lep_attention_adjust(a, x->k, h.q, h.k, h.queries, a->rotary ? c->codes + h.past * a->size : NULL, 0);
	remember(a, c, st, s, &h);
	return h;
}

void lep_attention_step(const struct lep_op *op, const struct lep_pass *p, const struct lep_stepper *st, void *cache)
{
	const struct lep_attention *a = op->attr;

	for (size_t s = p->first; s < p->first + p->count; s++) {
		struct lep_attend all = sequence(op, p, st, cache, s), h;

		for (size_t i = 0; i < a->heads && all.queries; i++) {
			h = lep_attention_head(a, &all, i);
			lep_attend_forward(p->x->k, &h);
		}
	}
}
