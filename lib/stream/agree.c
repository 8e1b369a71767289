/* Whether segments may follow each other, and how ids of the later one read in
 * the first. */
#include "stream/agree.h"

#include <string.h>

void lep_id_maps_free(struct lep_id_map *maps, size_t nfield)
{
	for (size_t f = 0; maps && f < nfield; f++)
		lep_free(maps[f].to);
	lep_free(maps);
}

static int differ(struct lep_error *e, const struct lep_field *f, const char *what)
{
	return lep_fail(e, LEP_ERR_DATA, "field '%s': another %s than in the segment before", f->name, what);
}

static int same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int fields_agree(const struct lep_field *a, const struct lep_field *b, struct lep_error *e)
{
	if (strcmp(a->name, b->name) != 0)
		return lep_fail(e, LEP_ERR_DATA, "field '%s' where the segment before has '%s'", b->name, a->name);
	if (a->role != b->role)
		return differ(e, b, "role");
	if (a->dtype != b->dtype)
		return differ(e, b, "dtype");
	if (!lep_shape_equal(&a->shape, &b->shape))
		return differ(e, b, "shape");
	if (!same_text(a->recipe, b->recipe))
		return differ(e, b, "recipe");
	/* Tables that name no ids cannot be mapped. */
	if (!a->table != !b->table || (!lep_field_has_ids(a) && !lep_table_equal(a->table, b->table)))
		return differ(e, b, "table");
	return 0;
}

static int map_ids(struct lep_id_map *m, const struct lep_field *first, const struct lep_field *next,
	struct lep_error *e)
{
	m->n = next->table->n;
	m->to = lep_alloc(m->n, sizeof(*m->to));
	if (!m->to)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < m->n; i++) {
		m->to[i] = (int32_t)lep_table_find(first->table, next->table->entry[i], next->table->length[i]);
		if (m->to[i] < 0)
			return lep_fail(e, LEP_ERR_DATA, "field '%s': '%s' is not in the table of the first segment",
				next->name, next->table->entry[i]);
	}
	return 0;
}

int lep_head_agree(const struct lep_head *first, const struct lep_head *next,
	struct lep_id_map **maps, struct lep_error *e)
{
	int status = 0;

	*maps = NULL;
	if (first->kind != next->kind)
		return lep_fail(e, LEP_ERR_DATA, "a segment of kind %s behind one of kind %s",
			lep_kind_name(next->kind), lep_kind_name(first->kind));
	if (first->nfield != next->nfield || first->nexpect != next->nexpect)
		return lep_fail(e, LEP_ERR_DATA, "%zu fields where the segment before has %zu",
			next->nfield + next->nexpect, first->nfield + first->nexpect);
	for (size_t f = 0; f < next->nexpect; f++) {
		status = fields_agree(&first->expect[f], &next->expect[f], e);
		if (status)
			return status;
		if (!lep_table_equal(first->expect[f].table, next->expect[f].table))
			return differ(e, &next->expect[f], "table");
	}
	for (size_t f = 0; f < next->nfield && !status; f++) {
		status = fields_agree(&first->field[f], &next->field[f], e);
		if (status || !lep_field_has_ids(&next->field[f]) ||
			lep_table_equal(first->field[f].table, next->field[f].table))
			continue;
		if (!*maps)
			*maps = lep_alloc(next->nfield, sizeof(**maps));
		status = *maps ? map_ids(&(*maps)[f], &first->field[f], &next->field[f], e) : lep_fail_nomem(e, 0);
	}
	if (status) {
		lep_id_maps_free(*maps, next->nfield);
		*maps = NULL;
	}
	return status;
}
