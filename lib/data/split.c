/* The rule of split.h: hash, sort, cut. */
#include "data/split.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum by { BY_NOTHING, BY_FIELD, BY_KEY, BY_FOLDER };

struct unit {
	uint64_t hash;
	uint64_t record;
	uint32_t class; /* 0 with `by` */
};

struct lep_splitter {
	const struct lep_head *head;
	enum by by;
	int field;  /* of by, or the target that stratifies; -1: none */
	uint64_t seed;
	struct unit *unit;
	size_t n, capacity;
};

/* The field whose ids are the classes, or -1. */
static int find_classes(const struct lep_head *h)
{
	int f = lep_head_find_role(h, LEP_ROLE_TARGET);

	if (f < 0 || !h->field[f].table || h->field[f].dtype != LEP_I32 ||
		lep_shape_count(&h->field[f].shape) != 1)
		return -1;
	return f;
}

int lep_splitter_new(struct lep_splitter **out, const struct lep_head *head, const char *by,
	uint64_t seed, struct lep_error *e)
{
	struct lep_splitter *s = lep_alloc(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return lep_fail_nomem(e, sizeof(*s));
	s->head = head;
	s->seed = seed;
	s->field = by ? lep_head_find(head, by) : find_classes(head);
	if (by && s->field >= 0)
		s->by = BY_FIELD;
	else if (by && strcmp(by, "key") == 0)
		s->by = BY_KEY;
	else if (by && strcmp(by, "folder") == 0)
		s->by = BY_FOLDER;
	else if (by) {
		lep_splitter_free(s);
		return lep_fail(e, LEP_ERR_USAGE, "no field '%s' to split by", by);
	}
	*out = s;
	return 0;
}

void lep_splitter_free(struct lep_splitter *s)
{
	if (!s)
		return;
	lep_free(s->unit);
	lep_free(s);
}

static uint64_t hash_record(const struct lep_splitter *s, const struct lep_frame *fr, size_t i)
{
	const char *key = fr->entry[i].key;
	size_t len = fr->entry[i].key_len;
	const void *value;

	if (s->by == BY_FIELD) {
		value = lep_frame_value(s->head, fr, (size_t)s->field, i, &len, NULL);
		return lep_random_hash(s->seed, value, len);
	}
	if (s->by == BY_FOLDER) {
		while (len && key[len - 1] != '/')
			len--;
	}
	return lep_random_hash(s->seed, key, len);
}

static uint32_t class_of(const struct lep_splitter *s, const struct lep_frame *fr, size_t i)
{
	const struct lep_table *t;
	int32_t id;

	if (s->by != BY_NOTHING || s->field < 0)
		return 0;
	t = s->head->field[s->field].table;
	id = fr->entry[i].bad ? -1 :
		(int32_t)lep_get32(lep_frame_value(s->head, fr, (size_t)s->field, i, NULL, NULL));
	return id < 0 || (size_t)id >= t->n ? (uint32_t)t->n : (uint32_t)id;
}

int lep_splitter_add(struct lep_splitter *s, const struct lep_frame *fr, size_t i, size_t n,
	struct lep_error *e)
{
	if (n > s->capacity - s->n) {
		size_t want = s->n + n > 2 * s->capacity ? s->n + n : 2 * s->capacity;
		struct unit *u = lep_grow(s->unit, s->n * sizeof(*u), want, sizeof(*u));

		if (!u)
			return lep_fail_nomem(e, (double)want * sizeof(*u));
		s->unit = u;
		s->capacity = want;
	}
	for (size_t end = i + n; i < end; i++) {
		s->unit[s->n].hash = hash_record(s, fr, i);
		s->unit[s->n].class = class_of(s, fr, i);
		s->unit[s->n].record = s->n;
		s->n++;
	}
	return 0;
}

static int compare(const struct unit *a, const struct unit *b, int classes)
{
	if (classes && a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->record < b->record ? -1 : a->record > b->record;
}

static int by_hash(const void *a, const void *b)
{
	return compare(a, b, 0);
}

static int by_class(const void *a, const void *b)
{
	return compare(a, b, 1);
}

/* The later ones of equal keys get hashes of their own, so that records without
 * keys are divided as others are. Wants the order of by_hash. */
static void tell_apart(struct lep_splitter *s)
{
	uint64_t again = 0, first = 0;

	for (size_t i = 0; i < s->n; i++) {
		unsigned char text[16];

		again = i && s->unit[i].hash == first ? again + 1 : 0;
		first = s->unit[i].hash;
		if (!again)
			continue;
		lep_put64(text, first);
		lep_put64(text + 8, again);
		s->unit[i].hash = lep_random_hash(s->seed, text, sizeof(text));
	}
}

/* upto[p]: the sum of the shares up to part p, of 1. */
static int cumulate(double upto[LEP_PARTS_MAX], const double *shares, int n, struct lep_error *e)
{
	double total = 0, sum = 0;

	if (n < 1 || n > LEP_PARTS_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "a split has 1 to %d parts", LEP_PARTS_MAX);
	for (int p = 0; p < n; p++) {
		if (!(shares[p] > 0 && shares[p] <= 1e9))
			return lep_fail(e, LEP_ERR_USAGE, "a share is a number above 0");
		total += shares[p];
	}
	for (int p = 0; p < n; p++) {
		sum += shares[p];
		upto[p] = sum / total;
	}
	upto[n - 1] = 1;
	return 0;
}

static uint64_t nearest(double x)
{
	return (uint64_t)(x + 0.5);
}

/* One class: units from to end - 1 in order of their hash; before and after are
 * the numbers of records in the classes before it and up to it. */
static void cut_class(const struct unit *u, uint64_t from, uint64_t end, const double *upto, int n,
	uint8_t *part)
{
	uint64_t at = from;

	for (int p = 0; p < n && at < end; p++) {
		uint64_t stop = from + nearest(upto[p] * (double)end) - nearest(upto[p] * (double)from);

		/* roundings may overtake each other by one */
		stop = p == n - 1 || stop > end ? end : stop;
		for (; at < stop; at++)
			part[u[at].record] = (uint8_t)p;
	}
}

/* Groups of equal hash: each goes where its middle falls. */
static void cut_groups(const struct unit *u, size_t n, const double *upto, int parts, uint8_t *part)
{
	size_t from = 0, end;

	for (; from < n; from = end) {
		double middle;
		int p = 0;

		for (end = from + 1; end < n && u[end].hash == u[from].hash; end++)
			;
		middle = (double)from + (double)(end - from) / 2;
		while (p < parts - 1 && middle >= upto[p] * (double)n)
			p++;
		for (size_t i = from; i < end; i++)
			part[u[i].record] = (uint8_t)p;
	}
}

int lep_splitter_finish(struct lep_splitter *s, const double *shares, int nshares, uint8_t *part,
	struct lep_error *e)
{
	double upto[LEP_PARTS_MAX];
	size_t from, end;
	int r;

	r = cumulate(upto, shares, nshares, e);
	if (r || s->n == 0)
		return r;
	qsort(s->unit, s->n, sizeof(*s->unit), by_hash);
	if (s->by != BY_NOTHING) {
		cut_groups(s->unit, s->n, upto, nshares, part);
		return 0;
	}
	tell_apart(s);
	qsort(s->unit, s->n, sizeof(*s->unit), by_class);
	for (from = 0; from < s->n; from = end) {
		for (end = from + 1; end < s->n && s->unit[end].class == s->unit[from].class; end++)
			;
		cut_class(s->unit, from, end, upto, nshares, part);
	}
	return 0;
}

int lep_split(struct lep_dataset *d, const double *shares, int nshares, const char *by, uint64_t seed,
	uint8_t *part, struct lep_error *e)
{
	uint64_t n = lep_dataset_count(d);
	struct lep_splitter *s;
	int r;

	r = lep_splitter_new(&s, lep_dataset_head(d), by, seed, e);
	if (r)
		return r;
	for (uint64_t i = 0; i < n && !r;) {
		const struct lep_frame *fr;
		size_t at, k;

		r = lep_dataset_record(d, i, &fr, &at, e);
		if (r)
			break;
		k = n - i < fr->n - at ? (size_t)(n - i) : fr->n - at;
		r = lep_splitter_add(s, fr, at, k, e);
		i += k;
	}
	if (!r)
		r = lep_splitter_finish(s, shares, nshares, part, e);
	lep_splitter_free(s);
	return r;
}

/* A plain decimal number, "90" or "0.1". */
static const char *parse_share(const char *s, double *v)
{
	double scale = 1;
	int digits = 0;

	*v = 0;
	for (; *s >= '0' && *s <= '9' && digits < 15; s++, digits++)
		*v = *v * 10 + (*s - '0');
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9' && digits < 15; s++, digits++) {
			*v = *v * 10 + (*s - '0');
			scale *= 10;
		}
	*v /= scale;
	return digits ? s : NULL;
}

int lep_shares_parse(double shares[LEP_PARTS_MAX], const char *text, struct lep_error *e)
{
	const char *s = text;
	int n = 0;

	for (;; s++) {
		if (n == LEP_PARTS_MAX)
			return lep_fail(e, LEP_ERR_USAGE, "'%s': more than %d parts", text, LEP_PARTS_MAX);
		s = parse_share(s, &shares[n]);
		if (!s || (*s && *s != '/') || !(shares[n] > 0))
			return lep_fail(e, LEP_ERR_USAGE, "'%s' is no split such as 90/10", text);
		n++;
		if (!*s)
			break;
	}
	if (n < 2)
		return lep_fail(e, LEP_ERR_USAGE, "'%s' is no split such as 90/10", text);
	return n;
}
