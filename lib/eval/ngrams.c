/* Clipped matches of n-grams, order by order. */
#include "eval/ngrams.h"

#include <string.h>

#define NONE UINT32_MAX

/* An n-gram of a: taken where number is not 0, which is one more than its number. */
struct slot {
	uint64_t key;     /* number of the n-gram before, symbol */
	uint32_t number;
	uint32_t count;   /* how often it stands in a and is not matched yet */
};

void lep_ngrams_release(struct lep_ngrams *g)
{
	lep_buf_release(&g->slot);
	lep_buf_release(&g->a);
	lep_buf_release(&g->b);
}

/* Where key stands, or would. Two odd multipliers spread it over the table. */
static struct slot *find(struct slot *slot, size_t mask, uint64_t key)
{
	uint64_t h = key * 0x9e3779b97f4a7c15u;
	size_t at;

	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	for (at = (size_t)(h >> 32) & mask; slot[at].number && slot[at].key != key; at = (at + 1) & mask)
		;
	return &slot[at];
}

static uint64_t key_of(const uint32_t *before, const uint32_t *symbol, size_t i, int n)
{
	return n == 1 ? symbol[i] : (uint64_t)before[i] << 32 | symbol[i + (size_t)n - 1];
}

/* One order: the numbers of the n-grams replace those of the order before. One of
 * b that does not stand in a has none, and nor has what begins with it. */
static uint64_t match_order(struct slot *slot, size_t mask, const uint32_t *a, size_t na, uint32_t *before_a,
	const uint32_t *b, size_t nb, uint32_t *before_b, int n)
{
	uint32_t numbers = 0;
	uint64_t match = 0;

	for (size_t i = 0; i + (size_t)n <= na; i++) {
		uint64_t key = key_of(before_a, a, i, n);
		struct slot *s = find(slot, mask, key);

		if (!s->number) {
			s->key = key;
			s->number = ++numbers;
		}
		s->count++;
		before_a[i] = s->number - 1;
	}
	for (size_t i = 0; i + (size_t)n <= nb; i++) {
		struct slot *s;

		if (n > 1 && before_b[i] == NONE)
			continue;
		s = find(slot, mask, key_of(before_b, b, i, n));
		before_b[i] = s->number ? s->number - 1 : NONE;
		if (s->number && s->count) {
			s->count--;
			match++;
		}
	}
	return match;
}

int lep_ngrams_match(struct lep_ngrams *g, const uint32_t *a, size_t na, const uint32_t *b, size_t nb,
	int orders, uint64_t *match, struct lep_error *e)
{
	size_t size = 16;

	while (size < 2 * na)
		size *= 2;
	lep_buf_clear(&g->slot);
	lep_buf_clear(&g->a);
	lep_buf_clear(&g->b);
	if (lep_buf_reserve(&g->slot, size * sizeof(struct slot)) ||
		lep_buf_reserve(&g->a, (na + 1) * sizeof(*a)) || lep_buf_reserve(&g->b, (nb + 1) * sizeof(*b)))
		return lep_fail_nomem(e, (double)size * sizeof(struct slot));
	for (int n = 1; n <= orders; n++) {
		match[n - 1] = 0;
		if ((size_t)n > na || (size_t)n > nb)
			continue;
		memset(g->slot.data, 0, size * sizeof(struct slot));
		match[n - 1] = match_order((struct slot *)(void *)g->slot.data, size - 1, a, na,
			(uint32_t *)(void *)g->a.data, b, nb, (uint32_t *)(void *)g->b.data, n);
	}
	return 0;
}
