/* HEAD in memory: fields, notes, their lifetimes. */
#include "stream/head.h"

#include <string.h>

#include "base/utf8.h"
#include "stream/agree.h"

static const char *const kinds[] = {
	[LEP_KIND_DATA] = "data",
	[LEP_KIND_MODEL] = "model",
	[LEP_KIND_CHECKPOINT] = "checkpoint",
};

static const char *const roles[] = {
	[LEP_ROLE_INPUT] = "input",
	[LEP_ROLE_TARGET] = "target",
	[LEP_ROLE_OUTPUT] = "output",
	[LEP_ROLE_OTHER] = "other",
};

const char *lep_kind_name(enum lep_kind k)
{
	return (unsigned)k < sizeof(kinds) / sizeof(kinds[0]) ? kinds[k] : "unknown";
}

const char *lep_role_name(enum lep_role r)
{
	return (unsigned)r < sizeof(roles) / sizeof(roles[0]) ? roles[r] : "unknown";
}

int lep_role_parse(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strlen(roles[i]) == len && memcmp(roles[i], name, len) == 0)
			return (int)i;
	return -1;
}

void lep_head_init(struct lep_head *h)
{
	*h = (struct lep_head){.kind = LEP_KIND_DATA};
}

static void field_release(struct lep_field *f)
{
	lep_free(f->name);
	lep_free(f->recipe);
	lep_table_free(f->table);
}

void lep_head_release(struct lep_head *h)
{
	for (size_t i = 0; i < h->nnote; i++) {
		lep_free(h->note[i].key);
		lep_free(h->note[i].value);
	}
	for (size_t i = 0; i < h->nexpect; i++)
		field_release(&h->expect[i]);
	for (size_t i = 0; i < h->nfield; i++)
		field_release(&h->field[i]);
	lep_free(h->note);
	lep_free(h->expect);
	lep_free(h->field);
	lep_head_init(h);
}

/* Arrays double when their count is a power of two, so no capacity need be
 * stored: there is always room for the next power of two at least. */
static void *room_for_one(void *array, size_t n, size_t size)
{
	if (n && (n & (n - 1)))
		return array;
	return lep_grow(array, n * size, n ? n * 2 : 1, size);
}

int lep_head_copy(struct lep_head *dst, const struct lep_head *src, struct lep_error *e)
{
	int status = 0;

	lep_head_init(dst);
	dst->kind = src->kind;
	for (size_t i = 0; i < src->nnote && status >= 0; i++)
		status = lep_head_note(dst, src->note[i].key, src->note[i].value, e);
	for (size_t i = 0; i < src->nexpect && status >= 0; i++)
		status = lep_head_add_copy(dst, 1, &src->expect[i], e);
	for (size_t i = 0; i < src->nfield && status >= 0; i++)
		status = lep_head_add_copy(dst, 0, &src->field[i], e);
	if (status < 0)
		lep_head_release(dst);
	return status < 0 ? status : 0;
}

static int find(const struct lep_field *f, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(f[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int find_role(const struct lep_field *f, size_t n, enum lep_role role)
{
	for (size_t i = 0; i < n; i++)
		if (f[i].role == role)
			return (int)i;
	return -1;
}

int lep_head_find(const struct lep_head *h, const char *name)
{
	return find(h->field, h->nfield, name);
}

int lep_head_find_role(const struct lep_head *h, enum lep_role role)
{
	return find_role(h->field, h->nfield, role);
}

int lep_head_find_expect(const struct lep_head *h, const char *name)
{
	return find(h->expect, h->nexpect, name);
}

int lep_head_find_expect_role(const struct lep_head *h, enum lep_role role)
{
	return find_role(h->expect, h->nexpect, role);
}

/* A name of 1 to 255 bytes of UTF-8 without control characters, no space at
 * either end. */
static int name_is_good(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > LEP_NAME_MAX || name[0] == ' ' || name[len - 1] == ' ')
		return 0;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return 0;
	return lep_utf8_valid(name, len) == len;
}

static int shape_is_good(const struct lep_shape *s)
{
	struct lep_shape fixed = {0};

	if (s->rank < 0 || s->rank > LEP_RANK_MAX)
		return 0;
	for (int i = 0; i < s->rank; i++)
		if (s->extent[i] != LEP_VARIES)
			fixed.extent[fixed.rank++] = s->extent[i];
	return lep_shape_count(&fixed) >= 0;
}

int lep_head_add_unchecked(struct lep_head *h, int as_expect, const char *name, enum lep_role role,
	enum lep_dtype dtype, const struct lep_shape *shape, struct lep_table *table,
	const char *recipe, struct lep_error *e)
{
	struct lep_field **array = as_expect ? &h->expect : &h->field, *grown;
	size_t *n = as_expect ? &h->nexpect : &h->nfield;
	struct lep_field f = {.role = role, .dtype = dtype};

	if (!name_is_good(name))
		return lep_fail(e, LEP_ERR_USAGE, "field '%.60s': names have 1 to %d bytes of UTF-8, "
			"no control character, no space at either end", name, LEP_NAME_MAX);
	if (!lep_dtype_name(dtype) || (unsigned)role >= sizeof(roles) / sizeof(roles[0]))
		return lep_fail(e, LEP_ERR_USAGE, "field '%s': no such dtype or role", name);
	if (shape && !shape_is_good(shape))
		return lep_fail(e, LEP_ERR_USAGE, "field '%s': too many elements", name);
	if (dtype == LEP_TEXT && shape && shape->rank != 0)
		return lep_fail(e, LEP_ERR_USAGE, "field '%s': text has no extents", name);
	if (*n >= LEP_FIELDS_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "more than %d fields", LEP_FIELDS_MAX);
	grown = room_for_one(*array, *n, sizeof(f));
	f.name = lep_strdup(name);
	f.recipe = recipe ? lep_strdup(recipe) : NULL;
	if (grown)
		*array = grown;
	if (!grown || !f.name || (recipe && !f.recipe)) {
		field_release(&f);
		return lep_fail_nomem(e, 0);
	}
	if (shape) {
		f.shape.rank = shape->rank;
		memcpy(f.shape.extent, shape->extent, (size_t)shape->rank * sizeof(shape->extent[0]));
	}
	f.table = lep_table_share(table);
	grown[(*n)++] = f;
	return (int)(*n - 1);
}

int lep_head_add(struct lep_head *h, int as_expect, const char *name, enum lep_role role,
	enum lep_dtype dtype, const struct lep_shape *shape, struct lep_table *table,
	const char *recipe, struct lep_error *e)
{
	if ((as_expect ? lep_head_find_expect(h, name) : lep_head_find(h, name)) >= 0)
		return lep_fail(e, LEP_ERR_USAGE, "field '%s': there is one of that name already", name);
	return lep_head_add_unchecked(h, as_expect, name, role, dtype, shape, table, recipe, e);
}

int lep_head_add_copy(struct lep_head *h, int as_expect, const struct lep_field *f, struct lep_error *e)
{
	return lep_head_add(h, as_expect, f->name, f->role, f->dtype, &f->shape, f->table, f->recipe, e);
}

void lep_head_drop(struct lep_head *h, size_t i)
{
	field_release(&h->field[i]);
	h->nfield--;
	memmove(&h->field[i], &h->field[i + 1], (h->nfield - i) * sizeof(h->field[0]));
}

int lep_head_note(struct lep_head *h, const char *key, const char *value, struct lep_error *e)
{
	struct lep_note *grown = room_for_one(h->note, h->nnote, sizeof(*grown));
	struct lep_note note = {lep_strdup(key), lep_strdup(value)};

	if (grown)
		h->note = grown;
	if (!grown || !note.key || !note.value) {
		lep_free(note.key);
		lep_free(note.value);
		return lep_fail_nomem(e, 0);
	}
	grown[h->nnote++] = note;
	return 0;
}

const char *lep_head_note_get(const struct lep_head *h, const char *key, size_t *at)
{
	for (size_t i = at ? *at : 0; i < h->nnote; i++) {
		if (strcmp(h->note[i].key, key) != 0)
			continue;
		if (at)
			*at = i + 1;
		return h->note[i].value;
	}
	if (at)
		*at = h->nnote;
	return NULL;
}
