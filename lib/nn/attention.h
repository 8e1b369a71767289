/*
 * Inside of attention. One head over one sequence: softmax(q k') v, its rows
 * bounded by what each query may see, and the gradients (attention.c). What the
 * layer (layer_attention.c) shares with running it step by step (attention_step.c).
 */
#ifndef LEP_NN_ATTENTION_H
#define LEP_NN_ATTENTION_H

#include "nn/layer.h"

/* Rows of one head among those of all: row t begins at p + t * ld. */
struct lep_attend_rows {
	lep_real *p;
	size_t ld;
};

struct lep_attend {
	size_t size;              /* numbers of a query, key or value */
	size_t queries, keys;
	size_t past;              /* queries that came before these: causal query t sees past + t + 1 keys */
	int causal;               /* keys is past + queries then */
	struct lep_attend_rows q;   /* divided by sqrt(size) already */
	struct lep_attend_rows k;   /* backward only */
	struct lep_attend_rows v, y;
	struct lep_attend_rows dq, dk, dv, dy; /* dq, or dk and dv, may be NULL */
	struct lep_attend_rows turned; /* keys as columns, size rows, from lep_attend_turn */
	const lep_real *zeros;    /* size of them */
	lep_real *stats;          /* greatest score and sum of each query, ldstats apart; NULL: not kept */
	size_t ldstats;
	/* Dropout of weights; below 0: none. Weight j of query t takes word j % 4 of
	 * block from + (t << 20) + j / 4. */
	uint32_t below;
	lep_real keep;
	uint64_t seed, where, from;
	lep_real *scratch;        /* lep_attend_scratch of it */
};

/* Distance of rows of turned keys, and of scores: no power of two, whose rows
 * would share the sets of a cache. */
size_t lep_attend_ld(size_t keys);
/* Reals of scratch memory for so many keys. */
size_t lep_attend_scratch(size_t size, size_t keys, int backward);
/* Keys [from, from + n) as columns. */
void lep_attend_turn(const struct lep_kernels *k, struct lep_attend_rows turned, struct lep_attend_rows keys,
	size_t n, size_t size);

/*
 * Fills y. The order of each sum depends on the query's own place alone: a
 * score is one chain over the head's numbers, a row of weights is summed as
 * softmax does, y one chain over the keys it sees; those of its band that it
 * does not see enter with weight 0, which changes nothing unless they are
 * infinite. So queries may come all at once or one by one.
 */
void lep_attend_forward(const struct lep_kernels *k, const struct lep_attend *h);
/* From dy and the statistics that forward kept: dq, dk, dv, overwritten. past is 0. */
void lep_attend_backward(const struct lep_kernels *k, const struct lep_attend *h);

/* ---- the layer ---- */

struct lep_attention {
	size_t heads, size;       /* size: width of one head */
	int causal, rotary;
	int cross;                /* keys and values are of another value's rows */
	uint32_t below;           /* dropout: a word below it drops */
	lep_real keep, scale;
	lep_real *zeros;          /* size of them */
};

/* Queries, keys and values lie side by side in one value, q first; with a memory
 * the queries in input 0, keys and values in input 1. */
static inline size_t lep_attention_width(const struct lep_attention *a)
{
	return a->heads * a->size;
}

static inline int lep_attention_memory(const struct lep_attention *a)
{
	return a->cross ? 1 : 0;
}

static inline size_t lep_attention_key_column(const struct lep_attention *a)
{
	return a->cross ? 0 : lep_attention_width(a);
}

static inline struct lep_attend_rows lep_attend_shifted(struct lep_attend_rows r, size_t columns)
{
	return (struct lep_attend_rows){r.p ? r.p + columns : NULL, r.ld};
}

/* Rotary positions (Su et al. 2021): cosine and sine of t / 10000^(2 i / size), i
 * below size / 2, for each of `steps` places: [steps][size]. NULL: out of memory. */
lep_real *lep_attention_codes(size_t steps, size_t size);

/* Of n rows from the place of the first codes on, in place: queries divided by
 * sqrt size, and with rotary queries and keys turned (back: gradients, turned back).
 * q or keys may be NULL. */
void lep_attention_adjust(const struct lep_attention *a, const struct lep_kernels *k, struct lep_attend_rows q,
	struct lep_attend_rows keys, size_t n, const lep_real *codes, int back);

/* The rows of sample s of a pass in a value. */
struct lep_attend_rows lep_attention_rows(const struct lep_pass *p, int value, size_t s);

/* Head i of those that lie side by side in `all`; its scratch memory begins there. */
struct lep_attend lep_attention_head(const struct lep_attention *a, const struct lep_attend *all, size_t i);

/* The members of the layer for running step by step. */
int lep_attention_cache_new(const struct lep_op *op, const struct lep_stepper *st, void **cache,
	struct lep_error *e);
int lep_attention_cache_start(const struct lep_op *op, const struct lep_stepper *st, void *cache,
	struct lep_error *e);
void lep_attention_cache_copy(const struct lep_op *op, const struct lep_stepper *st, void *cache, size_t to,
	size_t from);
void lep_attention_cache_free(void *cache);
void lep_attention_step(const struct lep_op *op, const struct lep_pass *p, const struct lep_stepper *st,
	void *cache);

#endif
