/* The steps of select.h. */
#include "data/select.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/split.h"
#include "data/where.h"

struct lep_select {
	const struct lep_select_options *o;
	const struct lep_head *head;
	struct lep_where *where;
	uint8_t *found;           /* one a key */
	uint64_t yes;             /* records that passed step 2, frame by frame */
	uint64_t in_shard, given;
};

static const char *parse_int(const char *s, int64_t *v)
{
	const char *from;
	int negative = *s == '-';

	*v = 0;
	s += negative;
	for (from = s; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, *s - '0', v))
			return NULL;
	*v = negative ? -*v : *v;
	return s == from ? NULL : s;
}

int lep_range_parse(const char *text, int64_t *from, int64_t *to, struct lep_error *e)
{
	const char *s = text;

	*from = 0;
	*to = INT64_MAX;
	if (*s != ':')
		s = parse_int(s, from);
	if (s && !*s && *text) {
		*to = *from == -1 ? INT64_MAX : *from + 1;
		return 0;
	}
	if (s && *s == ':' && s[1])
		s = parse_int(s + 1, to);
	else if (s && *s == ':')
		s++;
	if (!s || *s || !*text)
		return lep_fail(e, LEP_ERR_USAGE, "'%s' is no range such as 100:200", text);
	return 0;
}

int lep_shard_parse(const char *text, int64_t *shard, int64_t *shards, struct lep_error *e)
{
	const char *s = parse_int(text, shard);

	if (s && *s == '/')
		s = parse_int(s + 1, shards);
	else
		s = NULL;
	if (!s || *s || *shard < 1 || *shard > *shards)
		return lep_fail(e, LEP_ERR_USAGE, "'%s' is no shard such as 2/8", text);
	return 0;
}

int lep_select_is_random(const struct lep_select_options *o)
{
	return o->shares || o->sample >= 0 || o->shuffle || o->tail >= 0 ||
		(o->have_range && (o->from < 0 || o->to < 0));
}

int lep_select_new(struct lep_select **out, const struct lep_select_options *o,
	const struct lep_head *head, struct lep_error *e)
{
	struct lep_select *s = lep_alloc(1, sizeof(*s));
	int r = 0;

	*out = NULL;
	if (!s)
		return lep_fail_nomem(e, sizeof(*s));
	s->o = o;
	s->head = head;
	s->where = lep_alloc(o->nwhere, sizeof(*s->where));
	if (!s->where)
		r = lep_fail_nomem(e, 0);
	for (size_t i = 0; i < o->nwhere && !r; i++)
		r = lep_where_parse(&s->where[i], o->where[i], head, e);
	if (!r && o->keys) {
		s->found = lep_alloc(o->keys->n, 1);
		r = s->found ? 0 : lep_fail_nomem(e, (double)o->keys->n);
	}
	if (r) {
		lep_select_free(s);
		return r;
	}
	*out = s;
	return 0;
}

void lep_select_free(struct lep_select *s)
{
	if (!s)
		return;
	lep_free(s->found);
	lep_free(s->where);
	lep_free(s);
}

/* Step 2. */
static int wants(struct lep_select *s, const struct lep_frame *fr, size_t i)
{
	const struct lep_entry *entry = &fr->entry[i];
	size_t g = 0;

	if (s->o->bad != LEP_SELECT_KEEP && entry->bad != (s->o->bad == LEP_SELECT_ONLY))
		return 0;
	if (s->o->keys) {
		int64_t k = lep_table_find(s->o->keys, entry->key, entry->key_len);

		if (k < 0)
			return 0;
		s->found[k] = 1;
	}
	while (g < s->o->nglob && !lep_glob_match(s->o->glob[g], entry->key, entry->key_len))
		g++;
	if (s->o->nglob && g == s->o->nglob)
		return 0;
	for (size_t w = 0; w < s->o->nwhere; w++)
		if (!lep_where_test(&s->where[w], s->head, fr, i))
			return 0;
	return 1;
}

/* Step 3, of the records that passed step 2. */
static int in_shard(struct lep_select *s)
{
	uint64_t k = s->yes++;

	return !s->o->shards || k % (uint64_t)s->o->shards == (uint64_t)(s->o->shard - 1);
}

int64_t lep_select_frame(struct lep_select *s, const struct lep_frame *fr, uint8_t *keep,
	struct lep_error *e)
{
	const struct lep_select_options *o = s->o;
	int64_t n = 0;

	(void)e;
	for (size_t i = 0; i < fr->n; i++) {
		keep[i] = !lep_select_done(s) && wants(s, fr, i) && in_shard(s);
		if (!keep[i])
			continue;
		if (o->have_range && (int64_t)s->in_shard < o->from)
			keep[i] = 0;
		s->in_shard++;
		s->given += keep[i];
		n += keep[i];
	}
	return n;
}

int lep_select_done(const struct lep_select *s)
{
	return (s->o->head >= 0 && s->given >= (uint64_t)s->o->head) ||
		(s->o->have_range && (int64_t)s->in_shard >= s->o->to);
}

/* Steps 1 to 3: into order (room for all); how many. */
static int collect(struct lep_select *s, struct lep_input *input, const uint8_t *part, uint64_t *order,
	size_t *n, struct lep_error *e)
{
	const struct lep_select_options *o = s->o;
	uint64_t count = lep_input_count(input), wanted = (uint64_t)(o->part < 0 ? -o->part : o->part) - 1;

	*n = 0;
	for (uint64_t i = 0; i < count;) {
		struct lep_frame fr;
		size_t at;
		int r = lep_input_record(input, i, &fr, &at, e);

		if (r)
			return r;
		for (; at < fr.n && i < count; at++, i++) {
			if (part && (part[i] == wanted) == (o->part < 0))
				continue;
			if (wants(s, &fr, at) && in_shard(s))
				order[(*n)++] = i;
		}
	}
	return 0;
}

static int split(struct lep_select *s, struct lep_input *input, uint8_t *part, struct lep_error *e)
{
	uint64_t count = lep_input_count(input);
	double shares[LEP_PARTS_MAX];
	struct lep_splitter *splitter;
	int n = lep_shares_parse(shares, s->o->shares, e), r;

	if (n < 0)
		return n;
	if (s->o->part == 0 || s->o->part > n || s->o->part < -n)
		return lep_fail(e, LEP_ERR_USAGE, "part %" PRId64 " of %d", s->o->part, n);
	r = lep_splitter_new(&splitter, s->head, s->o->by, s->o->seed, e);
	for (uint64_t i = 0; i < count && !r;) {
		struct lep_frame fr;
		size_t at, k;

		r = lep_input_record(input, i, &fr, &at, e);
		if (r)
			break;
		k = count - i < fr.n - at ? (size_t)(count - i) : fr.n - at;
		r = lep_splitter_add(splitter, &fr, at, k, e);
		i += k;
	}
	if (!r)
		r = lep_splitter_finish(splitter, shares, n, part, e);
	lep_splitter_free(splitter);
	return r;
}

/* Keep the n records from `from` on. */
static void cut(uint64_t *order, size_t *n, size_t from, size_t keep)
{
	from = from < *n ? from : *n;
	*n = keep < *n - from ? keep : *n - from;
	memmove(order, order + from, *n * sizeof(*order));
}

/* A position that may count from the end. */
static size_t position(int64_t p, size_t n)
{
	if (p < 0)
		return (uint64_t)-(p + 1) >= n ? 0 : n - (size_t)-(p + 1) - 1;
	return (uint64_t)p < n ? (size_t)p : n;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* order in the random order of the seed and `what`. */
static int permute(uint64_t *order, size_t n, uint64_t seed, uint64_t what, struct lep_error *e)
{
	uint64_t *index = lep_alloc(n, 2 * sizeof(*index));

	if (!index)
		return lep_fail_nomem(e, 2 * (double)n * sizeof(*index));
	lep_random_shuffle(index, n, seed, LEP_RANDOM_SAMPLE, what);
	for (size_t i = 0; i < n; i++)
		index[n + i] = order[index[i]];
	if (n)
		memcpy(order, index + n, n * sizeof(*order));
	lep_free(index);
	return 0;
}

/* Steps 4 to 7. */
static int arrange(const struct lep_select_options *o, uint64_t *order, size_t *n, struct lep_error *e)
{
	int r = 0;

	if (o->have_range) {
		size_t from = position(o->from, *n), to = position(o->to, *n);

		cut(order, n, from, to > from ? to - from : 0);
	}
	if (o->sample >= 0 && (uint64_t)o->sample < *n) {
		r = permute(order, *n, o->seed, 1, e);
		*n = (size_t)o->sample;
		qsort(order, *n, sizeof(*order), by_number);
	}
	if (o->shuffle && !r)
		r = permute(order, *n, o->seed, 0, e);
	if (o->head >= 0)
		cut(order, n, 0, (size_t)o->head);
	if (o->tail >= 0 && (uint64_t)o->tail < *n)
		cut(order, n, *n - (size_t)o->tail, (size_t)o->tail);
	return r;
}

int lep_select_order(struct lep_select *s, struct lep_input *input, uint64_t **order, size_t *n,
	struct lep_error *e)
{
	size_t count = (size_t)lep_input_count(input);
	uint8_t *part = s->o->shares ? lep_alloc(count, 1) : NULL;
	int r = 0;

	*n = 0;
	*order = lep_alloc(count, sizeof(**order));
	if (!*order || (s->o->shares && !part))
		r = lep_fail_nomem(e, (double)count * sizeof(**order));
	if (!r && part)
		r = split(s, input, part, e);
	if (!r)
		r = collect(s, input, part, *order, n, e);
	if (!r)
		r = arrange(s->o, *order, n, e);
	lep_free(part);
	if (r) {
		lep_free(*order);
		*order = NULL;
	}
	return r;
}

size_t lep_select_missing(const struct lep_select *s)
{
	size_t missing = 0;

	for (size_t k = 0; s->o->keys && k < s->o->keys->n; k++)
		missing += !s->found[k];
	return missing;
}
