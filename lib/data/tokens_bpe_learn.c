/*
 * Learning pieces: the pair of neighbours that occurs most often becomes a piece,
 * until there are enough. Chunks are counted once each; a pair knows the chunks
 * it stands in, and a heap knows the most frequent pair, so that a piece costs
 * what the chunks with it cost.
 *
 * At all times a chunk's pieces are what lep_bpe_merge makes of it with the table
 * so far: that is what makes the table alone enough to encode.
 */
#include <stdlib.h>
#include <string.h>

#include "data/tokens_bpe.h"

struct pair {
	int32_t left, right;
	uint64_t count;
	uint64_t top;        /* its count in the heap that holds; 0: it is not there */
	uint32_t *chunk;     /* where it stands, or has stood; may hold one twice */
	uint32_t n, room;
	int touched;         /* in learn.touched */
};

struct top {
	uint64_t count;
	uint32_t pair;
};

struct chunk {
	const char *text;
	uint64_t count;
	size_t pieces;       /* where they begin in learn.ids and learn.begins */
	uint8_t len, n;
	uint32_t round;      /* the last piece that it was looked at for */
};

struct learn {
	struct lep_table *table;
	size_t longest;
	struct chunk *chunk;
	size_t nchunk;
	int32_t *ids;
	uint8_t *begins;
	struct pair *pair;
	size_t npair, pair_room;
	uint32_t *slot;      /* pairs by hash: number + 1 */
	size_t nslot;
	struct top *heap;
	size_t nheap, heap_room;
	uint32_t *touched;
	size_t ntouched, touched_room;
	struct lep_bpe_pieces pieces;
};

/* Room for one more of a growing array; 0, or LEP_ERR_NOMEM. */
static int room(void *array, size_t n, size_t *have, size_t size)
{
	void **p = array, *q;

	if (n < *have)
		return 0;
	q = lep_grow(*p, n * size, *have ? *have * 2 : 1024, size);
	if (!q)
		return LEP_ERR_NOMEM;
	*p = q;
	*have = *have ? *have * 2 : 1024;
	return 0;
}

/* The heap: the highest count first, ties by the bytes of both pieces. */

/* The bytes of both pieces of a pair, at most two chunks of them; how many. */
static size_t bytes_of(const struct lep_table *t, const struct pair *p, char *text)
{
	const int32_t part[2] = {p->left, p->right};
	size_t len = 0;

	for (int k = 0; k < 2; k++) {
		if (part[k] < 256) {
			text[len++] = (char)part[k];
			continue;
		}
		memcpy(text + len, t->entry[part[k]], t->length[part[k]]);
		len += t->length[part[k]];
	}
	return len;
}

static int compare_bytes(const struct lep_table *t, const struct pair *a, const struct pair *b)
{
	char x[2 * LEP_BPE_CHUNK] = {0}, y[2 * LEP_BPE_CHUNK] = {0};
	size_t n = bytes_of(t, a, x), m = bytes_of(t, b, y);
	int order = memcmp(x, y, n < m ? n : m);

	return order ? order : n < m ? -1 : n > m;
}

/* Whether a comes before b. The same bytes in other halves make the same piece. */
static int before(const struct learn *l, const struct top *a, const struct top *b)
{
	int order;

	if (a->count != b->count)
		return a->count > b->count;
	order = compare_bytes(l->table, &l->pair[a->pair], &l->pair[b->pair]);
	return order ? order < 0 : a->pair < b->pair;
}

static int push(struct learn *l, uint32_t pair)
{
	struct top t = {l->pair[pair].count, pair};
	size_t i = l->nheap;

	if (room(&l->heap, l->nheap, &l->heap_room, sizeof(*l->heap)))
		return LEP_ERR_NOMEM;
	l->nheap++;
	for (; i && before(l, &t, &l->heap[(i - 1) / 2]); i = (i - 1) / 2)
		l->heap[i] = l->heap[(i - 1) / 2];
	l->heap[i] = t;
	l->pair[pair].top = t.count;
	return 0;
}

static struct top pop(struct learn *l)
{
	struct top first = l->heap[0], last = l->heap[--l->nheap];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < l->nheap) {
		child += child + 1 < l->nheap && before(l, &l->heap[child + 1], &l->heap[child]);
		if (!before(l, &l->heap[child], &last))
			break;
		l->heap[i] = l->heap[child];
		i = child;
	}
	l->heap[i] = last;
	return first;
}

/* Pairs. */

static size_t slot_of(const struct learn *l, int32_t left, int32_t right)
{
	uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15u;
	size_t i = (size_t)(h >> 20) & (l->nslot - 1);

	while (l->slot[i]) {
		const struct pair *p = &l->pair[l->slot[i] - 1];

		if (p->left == left && p->right == right)
			break;
		i = (i + 1) & (l->nslot - 1);
	}
	return i;
}

static int grow_slots(struct learn *l)
{
	lep_free(l->slot);
	l->nslot = l->nslot ? 2 * l->nslot : 1 << 16;
	l->slot = lep_alloc(l->nslot, sizeof(*l->slot));
	if (!l->slot)
		return LEP_ERR_NOMEM;
	for (size_t i = 0; i < l->npair; i++)
		l->slot[slot_of(l, l->pair[i].left, l->pair[i].right)] = (uint32_t)i + 1;
	return 0;
}

/* The pair of that number, or UINT32_MAX. */
static uint32_t find_pair(const struct learn *l, int32_t left, int32_t right)
{
	return l->slot[slot_of(l, left, right)] - 1;
}

static int add_pair(struct learn *l, int32_t left, int32_t right, uint32_t *number)
{
	*number = find_pair(l, left, right);
	if (*number != UINT32_MAX)
		return 0;
	if (room(&l->pair, l->npair, &l->pair_room, sizeof(*l->pair)))
		return LEP_ERR_NOMEM;
	if (l->npair >= UINT32_MAX - 1)
		return LEP_ERR_NOMEM;
	l->pair[l->npair] = (struct pair){.left = left, .right = right};
	*number = (uint32_t)l->npair++;
	l->slot[slot_of(l, left, right)] = *number + 1;
	return l->npair * 2 > l->nslot ? grow_slots(l) : 0;
}

/* A chunk's pairs count, or no longer. */
static int count_chunk(struct learn *l, uint32_t number, int sign)
{
	const struct chunk *c = &l->chunk[number];
	const int32_t *id = l->ids + c->pieces;

	for (size_t i = 0; i + 1 < c->n; i++) {
		uint32_t k;
		struct pair *p;

		if (add_pair(l, id[i], id[i + 1], &k))
			return LEP_ERR_NOMEM;
		p = &l->pair[k];
		p->count += sign > 0 ? c->count : 0 - c->count;
		if (sign < 0)
			continue;
		if (!p->touched) {
			if (room(&l->touched, l->ntouched, &l->touched_room, sizeof(*l->touched)))
				return LEP_ERR_NOMEM;
			l->touched[l->ntouched++] = k;
			p->touched = 1;
		}
		if (p->n && p->chunk[p->n - 1] == number)
			continue;
		if (p->n == p->room) {
			uint32_t want = p->room ? p->room * 2 : 4;
			uint32_t *grown = realloc(p->chunk, want * sizeof(*grown));

			if (!grown)
				return LEP_ERR_NOMEM;
			p->chunk = grown;
			p->room = want;
		}
		p->chunk[p->n++] = number;
	}
	return 0;
}

/* Pairs whose count rose go to the heap. */
static int raise_touched(struct learn *l, uint64_t least)
{
	for (size_t i = 0; i < l->ntouched; i++) {
		struct pair *p = &l->pair[l->touched[i]];

		p->touched = 0;
		if (p->count > p->top && p->count >= least && push(l, l->touched[i]))
			return LEP_ERR_NOMEM;
	}
	l->ntouched = 0;
	return 0;
}

/* Pieces. */

/* A chunk again, now that the table has one entry more. */
static int again(struct learn *l, uint32_t number)
{
	struct chunk *c = &l->chunk[number];
	struct lep_bpe_pieces *p = &l->pieces;

	if (count_chunk(l, number, -1))
		return LEP_ERR_NOMEM;
	p->n = c->n;
	memcpy(p->begin, l->begins + c->pieces, c->n);
	p->begin[c->n] = c->len;
	memcpy(p->id, l->ids + c->pieces, c->n * sizeof(p->id[0]));
	lep_bpe_merge(p, c->text, l->table, l->longest);
	c->n = (uint8_t)p->n;
	memcpy(l->begins + c->pieces, p->begin, p->n);
	memcpy(l->ids + c->pieces, p->id, p->n * sizeof(p->id[0]));
	return count_chunk(l, number, 1);
}

/* All chunks where the pieces left and right stand side by side. */
static int apply(struct learn *l, int32_t left, int32_t right, uint32_t round)
{
	uint32_t k = find_pair(l, left, right), n = k == UINT32_MAX ? 0 : l->pair[k].n;

	for (uint32_t i = 0; i < n; i++) {
		/* The list may move, but what it holds so far stays. */
		uint32_t number = l->pair[k].chunk[i];

		if (l->chunk[number].round == round)
			continue;
		l->chunk[number].round = round;
		if (again(l, number))
			return LEP_ERR_NOMEM;
	}
	return 0;
}

static int32_t piece(const struct lep_table *t, const char *s, size_t len)
{
	int64_t id = len == 1 ? (unsigned char)*s : lep_table_find(t, s, len);

	return len > 1 && id < 256 ? -1 : (int32_t)id;
}

/* The pair becomes a piece, and so does every other pair of the same bytes. */
static int make(struct learn *l, uint32_t number, uint32_t round)
{
	char text[2 * LEP_BPE_CHUNK] = {0};
	size_t len = bytes_of(l->table, &l->pair[number], text);
	int status = 0;

	if (lep_table_add(l->table, text, len) < 0)
		return LEP_ERR_NOMEM;
	l->longest = l->longest < len ? len : l->longest;
	for (size_t cut = 1; cut < len && !status; cut++) {
		int32_t left = piece(l->table, text, cut), right = piece(l->table, text + cut, len - cut);

		if (left >= 0 && right >= 0)
			status = apply(l, left, right, round);
	}
	return status;
}

static int run(struct learn *l, size_t most, uint64_t least)
{
	uint32_t round = 0;
	int status = raise_touched(l, least);

	while (!status && l->nheap && l->table->n < most) {
		struct top t = pop(l);
		struct pair *p = &l->pair[t.pair];

		if (t.count != p->top)
			continue; /* it is in the heap with another count */
		p->top = 0;
		if (p->count != t.count) {
			status = p->count >= least ? push(l, t.pair) : 0;
			continue;
		}
		status = make(l, t.pair, ++round);
		if (!status)
			status = raise_touched(l, least);
	}
	return status;
}

static int begin(struct learn *l, const struct lep_counts *c)
{
	size_t pieces = 0;
	int status = 0;

	l->nchunk = c->unit->n;
	for (size_t i = 0; i < l->nchunk; i++)
		pieces += c->unit->length[i];
	l->chunk = lep_alloc(l->nchunk, sizeof(*l->chunk));
	l->ids = lep_alloc(pieces, sizeof(*l->ids));
	l->begins = lep_alloc(pieces, 1);
	if (!l->chunk || !l->ids || !l->begins || grow_slots(l))
		return LEP_ERR_NOMEM;
	pieces = 0;
	for (size_t i = 0; i < l->nchunk && !status; i++) {
		struct chunk *k = &l->chunk[i];

		k->text = c->unit->entry[i];
		k->count = lep_counts_of(c)[i];
		k->len = k->n = (uint8_t)c->unit->length[i];
		k->pieces = pieces;
		pieces += k->n;
		lep_bpe_bytes(&l->pieces, k->text, k->len);
		memcpy(l->begins + k->pieces, l->pieces.begin, k->n);
		memcpy(l->ids + k->pieces, l->pieces.id, k->n * sizeof(l->ids[0]));
		status = count_chunk(l, (uint32_t)i, 1);
	}
	return status;
}

int lep_bpe_learn(struct lep_table *t, struct lep_counts *c, size_t most, uint64_t least)
{
	struct learn l = {.table = t, .longest = 1};
	int status = c->unit->n < UINT32_MAX ? begin(&l, c) : LEP_ERR_NOMEM;

	if (!status)
		status = run(&l, most, least);
	for (size_t i = 0; i < l.npair; i++)
		free(l.pair[i].chunk);
	lep_free(l.chunk);
	lep_free(l.ids);
	lep_free(l.begins);
	lep_free(l.pair);
	lep_free(l.slot);
	lep_free(l.heap);
	lep_free(l.touched);
	return status;
}
