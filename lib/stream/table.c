/* Tables: names of ids, found by an open-addressed hash. */
#include "stream/head.h"

#include <stdlib.h>
#include <string.h>

struct lep_table *lep_table_new(void)
{
	struct lep_table *t = lep_alloc(1, sizeof(*t));

	if (t)
		t->references = 1;
	return t;
}

struct lep_table *lep_table_share(struct lep_table *t)
{
	if (t)
		t->references++;
	return t;
}

void lep_table_free(struct lep_table *t)
{
	if (!t || --t->references > 0)
		return;
	for (size_t i = 0; i < t->n; i++)
		lep_free(t->entry[i]);
	lep_free(t->entry);
	lep_free(t->length);
	lep_free(t->hash);
	lep_free(t);
}

/* FNV-1a with a last mix, for the low bits choose the slot. */
static size_t hash_of(const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 29);
}

/* The slot where name is, or where it would go. */
static size_t slot_of(const struct lep_table *t, const char *name, size_t len)
{
	size_t mask = t->hash_size - 1, i = hash_of(name, len) & mask;

	while (t->hash[i]) {
		size_t id = t->hash[i] - 1;

		if (t->length[id] == len && memcmp(t->entry[id], name, len) == 0)
			break;
		i = (i + 1) & mask;
	}
	return i;
}

int64_t lep_table_find(const struct lep_table *t, const char *name, size_t len)
{
	if (!t->hash_size)
		return -1;
	return (int64_t)t->hash[slot_of(t, name, len)] - 1;
}

static void rehash(struct lep_table *t)
{
	memset(t->hash, 0, t->hash_size * sizeof(*t->hash));
	for (size_t i = 0; i < t->n; i++)
		t->hash[slot_of(t, t->entry[i], t->length[i])] = (uint32_t)(i + 1);
}

/* Room for one entry more, the hash at most half full. */
static int grow(struct lep_table *t)
{
	size_t cap = t->capacity ? t->capacity * 2 : 16;
	uint32_t *hash;
	size_t *length;
	char **entry;

	if (t->n < t->capacity)
		return 0;
	if (cap > INT32_MAX)
		return LEP_ERR_NOMEM;
	entry = lep_grow(t->entry, t->n * sizeof(*entry), cap, sizeof(*entry));
	if (!entry)
		return LEP_ERR_NOMEM;
	t->entry = entry;
	length = lep_grow(t->length, t->n * sizeof(*length), cap, sizeof(*length));
	if (!length)
		return LEP_ERR_NOMEM;
	t->length = length;
	hash = lep_alloc(cap * 2, sizeof(*hash));
	if (!hash)
		return LEP_ERR_NOMEM;
	lep_free(t->hash);
	t->hash = hash;
	t->hash_size = cap * 2;
	t->capacity = cap;
	rehash(t);
	return 0;
}

int64_t lep_table_add(struct lep_table *t, const char *name, size_t len)
{
	size_t slot;

	if (len && memchr(name, 0, len))
		return LEP_ERR_USAGE;
	if (grow(t))
		return LEP_ERR_NOMEM;
	slot = slot_of(t, name, len);
	if (t->hash[slot])
		return (int64_t)t->hash[slot] - 1;
	t->entry[t->n] = lep_strndup(name, len);
	if (!t->entry[t->n])
		return LEP_ERR_NOMEM;
	t->length[t->n] = len;
	t->hash[slot] = (uint32_t)++t->n;
	return (int64_t)t->n - 1;
}

/* strcmp compares unsigned bytes, whatever the locale; no entry holds a NUL. */
static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int lep_table_sort(struct lep_table *t)
{
	if (t->n < 2)
		return 0;
	qsort(t->entry, t->n, sizeof(*t->entry), by_bytes);
	for (size_t i = 0; i < t->n; i++)
		t->length[i] = strlen(t->entry[i]);
	rehash(t);
	return 0;
}

int lep_table_equal(const struct lep_table *a, const struct lep_table *b)
{
	if (a == b)
		return 1;
	if (!a || !b || a->n != b->n)
		return 0;
	for (size_t i = 0; i < a->n; i++)
		if (a->length[i] != b->length[i] || memcmp(a->entry[i], b->entry[i], a->length[i]) != 0)
			return 0;
	return 1;
}
