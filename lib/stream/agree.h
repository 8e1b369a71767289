/*
 * What head.c and its neighbours share: adding without looking for the name,
 * and whether two segments may follow each other.
 */
#ifndef LEP_STREAM_AGREE_H
#define LEP_STREAM_AGREE_H

#include "stream/head.h"

/* lep_head_add for a caller that knows the name to be new (the parser keeps a
 * hash of them; looking through 65,536 fields for each is not linear). */
int lep_head_add_unchecked(struct lep_head *h, int as_expect, const char *name, enum lep_role role,
	enum lep_dtype dtype, const struct lep_shape *shape, struct lep_table *table,
	const char *recipe, struct lep_error *e) LEP_MUST_USE;

/* Ids of one field of a later segment as ids of the first: to[id]. */
struct lep_id_map {
	size_t n;
	int32_t *to;   /* NULL: they are the same */
};

/*
 * Check that a segment with HEAD `next` may follow one with HEAD `first`:
 * kind, fields and recipes agree, every name of a later table is in the first.
 * *maps becomes an array of nfield maps, or NULL where no field needs one;
 * caller frees with lep_id_maps_free. Errors are LEP_ERR_DATA naming field and name.
 */
int lep_head_agree(const struct lep_head *first, const struct lep_head *next,
	struct lep_id_map **maps, struct lep_error *e) LEP_MUST_USE;
void lep_id_maps_free(struct lep_id_map *maps, size_t nfield);

/* Whether the values of a field are ids into its table. */
static inline int lep_field_has_ids(const struct lep_field *f)
{
	return f->table && f->dtype == LEP_I32;
}

#endif
