/* Frames that point into arrays; only keys are made. */
#include "data/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_SIZE 24

struct lep_array_set {
	struct lep_head head;
	struct lep_npy *array; /* one a field */
	uint64_t n;
	/* the frame last made */
	size_t room;
	struct lep_entry *entry;
	char *key;
	struct lep_column *column;
};

struct lep_array_set *lep_array_set_new(void)
{
	struct lep_array_set *s = lep_alloc(1, sizeof(*s));

	if (s)
		lep_head_init(&s->head);
	return s;
}

void lep_array_set_free(struct lep_array_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->head.nfield; i++)
		lep_npy_release(&s->array[i]);
	lep_head_release(&s->head);
	lep_free(s->array);
	lep_free(s->entry);
	lep_free(s->key);
	lep_free(s->column);
	lep_free(s);
}

static enum lep_role usual_role(const char *name)
{
	return strcmp(name, "label") == 0 || strcmp(name, "target") == 0 ? LEP_ROLE_TARGET : LEP_ROLE_INPUT;
}

static int add(struct lep_array_set *s, const char *name, struct lep_npy *a, const char *file,
	struct lep_error *e)
{
	struct lep_shape shape = {.rank = a->shape.rank - 1};
	size_t have = s->head.nfield;
	struct lep_npy *grown;
	int f;

	if (a->shape.rank == 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: a single number has no first axis to count records", file);
	if (have && (uint64_t)a->shape.extent[0] != s->n)
		return lep_fail(e, LEP_ERR_DATA, "%s: %" PRId64 " records where '%s' has %" PRIu64, file,
			a->shape.extent[0], s->head.field[0].name, s->n);
	memcpy(shape.extent, a->shape.extent + 1, (size_t)shape.rank * sizeof(shape.extent[0]));
	grown = lep_grow(s->array, have * sizeof(*s->array), have + 1, sizeof(*s->array));
	if (!grown)
		return lep_fail_nomem(e, 0);
	s->array = grown;
	f = lep_head_add(&s->head, 0, name, usual_role(name), a->dtype, &shape, NULL, NULL, e);
	if (f < 0)
		return lep_fail_at(e, "%s", file);
	s->n = (uint64_t)a->shape.extent[0];
	s->array[f] = *a;
	*a = (struct lep_npy){0};
	return 0;
}

int lep_array_set_add(struct lep_array_set *s, const char *name, struct lep_npy *a, const char *file,
	struct lep_error *e)
{
	int r = add(s, name, a, file, e);

	lep_npy_release(a);
	return r;
}

const struct lep_head *lep_array_set_head(const struct lep_array_set *s)
{
	return &s->head;
}

uint64_t lep_array_set_count(const struct lep_array_set *s)
{
	return s->n;
}

static int make_room(struct lep_array_set *s, size_t n, struct lep_error *e)
{
	if (n <= s->room && s->column)
		return 0;
	lep_free(s->entry);
	lep_free(s->key);
	lep_free(s->column);
	s->room = 0;
	s->entry = lep_alloc(n, sizeof(*s->entry));
	s->key = lep_alloc(n, KEY_SIZE);
	s->column = lep_alloc(s->head.nfield, sizeof(*s->column));
	if (!s->entry || !s->key || !s->column)
		return lep_fail_nomem(e, 0);
	s->room = n;
	return 0;
}

int lep_array_set_frame(struct lep_array_set *s, uint64_t first, size_t n, struct lep_frame *out,
	struct lep_error *e)
{
	int r = make_room(s, n, e);

	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		char *key = s->key + i * KEY_SIZE;
		int len = snprintf(key, KEY_SIZE, "%" PRIu64, first + i);

		s->entry[i] = (struct lep_entry){.key = key, .key_len = (uint32_t)len};
	}
	for (size_t f = 0; f < s->head.nfield; f++) {
		size_t each = s->n ? s->array[f].bytes / (size_t)s->n : 0;

		s->column[f].data = (const unsigned char *)s->array[f].data + (size_t)first * each;
		s->column[f].bytes = n * each;
	}
	*out = (struct lep_frame){.n = n, .first = first, .entry = s->entry, .column = s->column};
	return 0;
}
