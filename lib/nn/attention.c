/* The arithmetic of one head of attention. Scores and weights live in bands of
 * queries, so that nothing of queries x keys is stored; backward makes the
 * weights again out of each query's greatest score and sum. */
#include "nn/attention.h"

#include <string.h>

#include "base/mem.h"

/* Queries of a band: the width of a causal band grows by as many. CHUNK: queries
 * whose weights backward holds at a time. KEYS: rows of dk and dv at a time. */
enum { BAND = 16, WIDE_BAND = 48, CHUNK = 96, KEYS = 48 };

size_t lep_attend_ld(size_t keys)
{
	return (lep_round_up(keys, 16) / 16 | 1) * 16;
}

size_t lep_attend_scratch(size_t size, size_t keys, int backward)
{
	size_t ld = lep_attend_ld(keys);

	/* Forward: a band of weights, one of factors. Backward: weights and their
	 * gradients of a chunk, a band of factors, the values turned. */
	return (backward ? 2 * CHUNK + WIDE_BAND + size : 2 * WIDE_BAND) * ld;
}

void lep_attend_turn(const struct lep_kernels *k, lep_real *turned, size_t ldturned, struct lep_attend_rows keys,
	size_t n, size_t size)
{
	k->transpose(turned, ldturned, keys.p, keys.ld, n, size);
}

static lep_real *row(struct lep_attend_rows r, size_t t)
{
	return r.p + t * r.ld;
}

/* n rows of a and of c by pointer. */
struct pointers {
	const lep_real *a[CHUNK];
	lep_real *c[CHUNK];
};

static void point(struct pointers *to, size_t n, const lep_real *a, size_t lda, lep_real *c, size_t ldc)
{
	for (size_t i = 0; i < n; i++) {
		to->a[i] = a + i * lda;
		to->c[i] = c + i * ldc;
	}
}

/* c[m][n] (+)= a[m][len] b[len][n], elements of a row of a `step` apart. */
static void product(const struct lep_kernels *k, const struct pointers *p, size_t m, size_t len, size_t step,
	const lep_real *b, size_t ldb, size_t n, const lep_real *bias, int accumulate)
{
	static const ptrdiff_t off = 0;
	struct lep_gemm g = {.m = m, .rows = p->a, .nseg = 1, .off = &off, .len = len, .step = (ptrdiff_t)step,
		.b = b, .ldb = ldb, .n = n, .c = p->c, .bias = bias, .accumulate = accumulate};

	k->gemm(&g);
}

/* A band of queries [first, first + n), the keys its last one sees, and these
 * rounded up to whole vectors. */
struct band {
	size_t first, n, keys, width;
};

static struct band band_at(const struct lep_attend *h, size_t first, size_t end)
{
	size_t most = h->causal ? BAND : WIDE_BAND;
	struct band b = {.first = first, .n = end - first < most ? end - first : most};

	b.keys = h->causal ? h->past + first + b.n : h->keys;
	b.width = lep_round_up(b.keys, 16);
	return b;
}

/* Weights of the band's queries into w, rows ld apart. */
static void weights(const struct lep_kernels *k, const struct lep_attend *h, const struct band *b, lep_real *w,
	size_t ld, int given)
{
	struct pointers p;

	point(&p, b->n, row(h->q, b->first), h->q.ld, w, ld);
	product(k, &p, b->n, h->size, 1, h->turned, h->ldturned, b->width, NULL, 0);
	k->softmax_prefix(w, h->stats ? h->stats + b->first * h->ldstats : NULL, h->ldstats, w, b->n,
		h->causal ? h->past + b->first + 1 : h->keys, (size_t)h->causal, b->width, ld, given);
}

static void draw(const struct lep_kernels *k, const struct lep_attend *h, const struct band *b, lep_real *factor,
	size_t ld)
{
	for (size_t i = 0; i < b->n; i++)
		k->dropout(factor + i * ld, b->keys, h->below, h->keep, h->seed, h->where,
			h->from + ((uint64_t)(b->first + i) << 20));
}

static void drop(const struct lep_kernels *k, const struct band *b, lep_real *w, const lep_real *factor, size_t ld)
{
	for (size_t i = 0; i < b->n; i++)
		k->mul(w + i * ld, w + i * ld, factor + i * ld, b->keys);
}

static void zero(struct lep_attend_rows r, size_t n, size_t size)
{
	for (size_t i = 0; i < n && r.p; i++)
		memset(row(r, i), 0, size * sizeof(lep_real));
}

void lep_attend_forward(const struct lep_kernels *k, const struct lep_attend *h)
{
	size_t ld = lep_attend_ld(h->keys);
	lep_real *w = h->scratch, *factor = w + WIDE_BAND * ld;
	struct pointers p;
	struct band b;

	if (h->keys == 0)
		zero(h->y, h->queries, h->size);
	for (size_t first = 0; first < h->queries && h->keys; first += b.n) {
		b = band_at(h, first, h->queries);
		weights(k, h, &b, w, ld, 0);
		if (h->below) {
			draw(k, h, &b, factor, ld);
			drop(k, &b, w, factor, ld);
		}
		point(&p, b.n, w, ld, row(h->y, first), h->y.ld);
		/* The zeros make +0 of a sum that went down to -0, whatever follows it. */
		product(k, &p, b.n, b.keys, 1, h->v.p, h->v.ld, h->size, h->zeros, 0);
	}
}

/* Of a chunk: weights as dropped, and the scores' gradients. */
struct chunk {
	size_t first, n, ld;
	lep_real *w, *dw, *factor;
	const lep_real *values;   /* turned */
};

static void chunk_band(const struct lep_kernels *k, const struct lep_attend *h, const struct chunk *c,
	const struct band *b)
{
	lep_real *w = c->w + (b->first - c->first) * c->ld, *dw = c->dw + (b->first - c->first) * c->ld;
	struct pointers p;

	weights(k, h, b, w, c->ld, 1);
	point(&p, b->n, row(h->dy, b->first), h->dy.ld, dw, c->ld);
	product(k, &p, b->n, h->size, 1, c->values, h->ldturned, b->width, NULL, 0);
	if (h->below) {
		draw(k, h, b, c->factor, c->ld);
		drop(k, b, dw, c->factor, c->ld);
	}
	k->softmax_backward(dw, dw, w, b->n, b->width, c->ld, 0);
	if (h->below)
		drop(k, b, w, c->factor, c->ld);
	if (!h->dq.p)
		return;
	point(&p, b->n, dw, c->ld, row(h->dq, b->first), h->dq.ld);
	product(k, &p, b->n, b->keys, 1, h->k.p, h->k.ld, h->size, NULL, 0);
}

/* What a chunk's queries add to the gradients of n keys from `key` on. */
static void chunk_keys(const struct lep_kernels *k, const struct lep_attend *h, const struct chunk *c, size_t key,
	size_t n)
{
	/* Causal bands are as wide as their last query sees, those of earlier queries narrower. */
	size_t first = h->causal && key > c->first ? key : c->first, len = c->first + c->n - first;
	int accumulate = c->first > 0 && !(h->causal && first == key);
	struct pointers p;

	point(&p, n, c->w + (first - c->first) * c->ld + key, 1, row(h->dv, key), h->dv.ld);
	product(k, &p, n, len, c->ld, row(h->dy, first), h->dy.ld, h->size, NULL, accumulate);
	point(&p, n, c->dw + (first - c->first) * c->ld + key, 1, row(h->dk, key), h->dk.ld);
	product(k, &p, n, len, c->ld, row(h->q, first), h->q.ld, h->size, NULL, accumulate);
}

void lep_attend_backward(const struct lep_kernels *k, const struct lep_attend *h)
{
	size_t ld = lep_attend_ld(h->keys), block = h->causal ? BAND : KEYS;
	struct chunk c = {.ld = ld, .w = h->scratch, .dw = h->scratch + CHUNK * ld, .factor = h->scratch + 2 * CHUNK * ld};
	lep_real *values = c.factor + WIDE_BAND * ld;
	struct band b;

	if (h->keys == 0 || h->queries == 0) {
		zero(h->dq, h->queries, h->size);
		zero(h->dk, h->keys, h->size);
		zero(h->dv, h->keys, h->size);
		return;
	}
	lep_attend_turn(k, values, h->ldturned, h->v, h->keys, h->size);
	c.values = values;
	for (c.first = 0; c.first < h->queries; c.first += c.n) {
		c.n = h->queries - c.first < CHUNK ? h->queries - c.first : CHUNK;
		for (size_t t = c.first; t < c.first + c.n; t += b.n) {
			b = band_at(h, t, c.first + c.n);
			chunk_band(k, h, &c, &b);
		}
		for (size_t key = 0; key < (h->causal ? c.first + c.n : h->keys) && h->dk.p; key += block)
			chunk_keys(k, h, &c, key, h->keys - key < block ? h->keys - key : block);
	}
}
