/* The arithmetic of one head of attention. Scores and weights live in bands of
 * queries, so that nothing of queries x keys is stored; backward makes the
 * weights again out of each query's greatest score and sum. */
#include "nn/attention.h"

#include <string.h>

#include "base/mem.h"

/* Queries of a band: the width of a causal band grows by as many. CHUNK: queries
 * whose weights backward holds at a time. KEYS: rows of dk and dv at a time. */
enum { BAND = 16, WIDE_BAND = 48, CHUNK = 96, KEYS = 48 };
/* Queries that are worth packing the values for. */
enum { PACK_MIN = 12 };

size_t lep_attend_ld(size_t keys)
{
	return (lep_round_up(keys, 16) / 16 | 1) * 16;
}

/* Packed rows of a head. */
static size_t packed_size(size_t rows, size_t size)
{
	return rows * lep_round_up(size, 16);
}

size_t lep_attend_scratch(size_t size, size_t keys, int backward)
{
	size_t ld = lep_attend_ld(keys), packed = packed_size(keys, size);

	/* Forward: a band of weights, one of factors, the values packed. Backward: weights
	 * and their gradients of a chunk, a band of factors, the values turned; packed
	 * the keys and a chunk's queries and their gradients. */
	if (backward)
		return (2 * CHUNK + WIDE_BAND + size) * ld + packed + 2 * packed_size(CHUNK, size);
	return 2 * WIDE_BAND * ld + packed;
}

void lep_attend_turn(const struct lep_kernels *k, struct lep_attend_rows turned, struct lep_attend_rows keys,
	size_t n, size_t size)
{
	k->transpose(turned.p, turned.ld, keys.p, keys.ld, n, size);
}

static lep_real *row(struct lep_attend_rows r, size_t t)
{
	return r.p + t * r.ld;
}

/* Rows of the right hand of products: of a head among others they are far apart, and
 * drive one another out of the first cache, so they are packed where many read them. */
struct right {
	const lep_real *p;
	size_t ld;       /* 0: packed, */
	size_t from, of; /* rows from there on of so many */
};

static struct right plain(struct lep_attend_rows r)
{
	return (struct right){.p = r.p, .ld = r.ld};
}

static struct right pack(const struct lep_kernels *k, lep_real *to, struct lep_attend_rows r, size_t n, size_t size)
{
	k->pack(to, r.p, n, size, (ptrdiff_t)r.ld, 1);
	return (struct right){.p = to, .of = n};
}

/* c[m][n] (+)= a b, a[m][len] with its elements `step` apart. */
struct product {
	size_t m, len, n;
	const lep_real *a;
	size_t lda, step;
	struct right b;
	struct lep_attend_rows c;
	const lep_real *bias;
	int accumulate;
};

static void multiply(const struct lep_kernels *k, const struct product *p)
{
	static const ptrdiff_t off = 0;
	struct lep_gemm g = {.m = p->m, .a = p->a, .lda = p->lda, .nseg = 1, .off = &off, .len = p->len,
		.step = (ptrdiff_t)p->step, .b = p->b.p, .ldb = p->b.ld, .packed = p->b.ld == 0,
		.from = p->b.from, .of = p->b.of, .n = p->n, .c = p->c.p, .ldc = p->c.ld,
		.bias = p->bias, .accumulate = p->accumulate};

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
	struct product p = {.m = b->n, .len = h->size, .n = b->width, .a = row(h->q, b->first), .lda = h->q.ld,
		.step = 1, .b = plain(h->turned), .c = {w, ld}};

	multiply(k, &p);
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
	struct product p = {.n = h->size, .a = w, .lda = ld, .step = 1, .b = plain(h->v), .bias = h->zeros};
	struct band b;

	if (h->queries >= PACK_MIN)
		p.b = pack(k, factor + WIDE_BAND * ld, h->v, h->keys, h->size);
	if (h->keys == 0)
		zero(h->y, h->queries, h->size);
	for (size_t first = 0; first < h->queries && h->keys; first += b.n) {
		b = band_at(h, first, h->queries);
		weights(k, h, &b, w, ld, 0);
		if (h->below) {
			draw(k, h, &b, factor, ld);
			drop(k, &b, w, factor, ld);
		}
		/* The zeros make +0 of a sum that went down to -0, whatever follows it. */
		p.m = b.n;
		p.len = b.keys;
		p.c = (struct lep_attend_rows){row(h->y, first), h->y.ld};
		multiply(k, &p);
	}
}

/* Of a chunk: weights as dropped, and the scores' gradients. */
struct chunk {
	size_t first, n, ld;
	lep_real *w, *dw, *factor;
	struct lep_attend_rows values; /* turned */
	struct right keys, q, dy;      /* the latter two of the chunk's queries */
};

static void chunk_band(const struct lep_kernels *k, const struct lep_attend *h, const struct chunk *c,
	const struct band *b)
{
	lep_real *w = c->w + (b->first - c->first) * c->ld, *dw = c->dw + (b->first - c->first) * c->ld;
	struct product p = {.m = b->n, .len = h->size, .n = b->width, .a = row(h->dy, b->first), .lda = h->dy.ld,
		.step = 1, .b = plain(c->values), .c = {dw, c->ld}};

	weights(k, h, b, w, c->ld, 1);
	multiply(k, &p);
	if (h->below) {
		draw(k, h, b, c->factor, c->ld);
		drop(k, b, dw, c->factor, c->ld);
	}
	k->softmax_backward(dw, dw, w, b->n, b->width, c->ld, 0);
	if (h->below)
		drop(k, b, w, c->factor, c->ld);
	if (!h->dq.p)
		return;
	p = (struct product){.m = b->n, .len = b->keys, .n = h->size, .a = dw, .lda = c->ld, .step = 1, .b = c->keys,
		.c = {row(h->dq, b->first), h->dq.ld}};
	multiply(k, &p);
}

/* What a chunk's queries add to the gradients of n keys from `key` on. */
static void chunk_keys(const struct lep_kernels *k, const struct lep_attend *h, const struct chunk *c, size_t key,
	size_t n)
{
	/* Causal bands are as wide as their last query sees, those of earlier queries narrower. */
	size_t first = h->causal && key > c->first ? key : c->first, len = c->first + c->n - first;
	struct product p = {.m = n, .len = len, .n = h->size, .a = c->w + (first - c->first) * c->ld + key, .lda = 1,
		.step = c->ld, .b = c->dy, .c = {row(h->dv, key), h->dv.ld},
		.accumulate = c->first > 0 && !(h->causal && first == key)};

	p.b.from = first - c->first;
	multiply(k, &p);
	p.a = c->dw + (first - c->first) * c->ld + key;
	p.b.p = c->q.p;
	p.c = (struct lep_attend_rows){row(h->dk, key), h->dk.ld};
	multiply(k, &p);
}

void lep_attend_backward(const struct lep_kernels *k, const struct lep_attend *h)
{
	size_t ld = lep_attend_ld(h->keys), block = h->causal ? BAND : KEYS;
	struct chunk c = {.ld = ld, .w = h->scratch, .dw = h->scratch + CHUNK * ld, .factor = h->scratch + 2 * CHUNK * ld};
	struct band b;
	lep_real *packed;

	if (h->keys == 0 || h->queries == 0) {
		zero(h->dq, h->queries, h->size);
		zero(h->dk, h->keys, h->size);
		zero(h->dv, h->keys, h->size);
		return;
	}
	c.values = (struct lep_attend_rows){c.factor + WIDE_BAND * ld, ld};
	lep_attend_turn(k, c.values, h->v, h->keys, h->size);
	packed = c.values.p + h->size * ld;
	c.keys = pack(k, packed, h->k, h->keys, h->size);
	packed += packed_size(h->keys, h->size);
	for (c.first = 0; c.first < h->queries; c.first += c.n) {
		c.n = h->queries - c.first < CHUNK ? h->queries - c.first : CHUNK;
		c.dy = pack(k, packed, (struct lep_attend_rows){row(h->dy, c.first), h->dy.ld}, c.n, h->size);
		c.q = pack(k, packed + packed_size(CHUNK, h->size), (struct lep_attend_rows){row(h->q, c.first), h->q.ld}, c.n,
			h->size);
		for (size_t t = c.first; t < c.first + c.n; t += b.n) {
			b = band_at(h, t, c.first + c.n);
			chunk_band(k, h, &c, &b);
		}
		for (size_t key = 0; key < (h->causal ? c.first + c.n : h->keys) && h->dk.p; key += block)
			chunk_keys(k, h, &c, key, h->keys - key < block ? h->keys - key : block);
	}
}
