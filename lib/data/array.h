/*
 * Arrays seen as records: the first axis counts them, each array is a field.
 */
#ifndef LEP_DATA_ARRAY_H
#define LEP_DATA_ARRAY_H

#include "data/npy.h"
#include "stream/frame.h"

struct lep_array_set;

/* An empty set; NULL: no memory. */
struct lep_array_set *lep_array_set_new(void) LEP_MUST_USE;
void lep_array_set_free(struct lep_array_set *s);

/* Add a field; the set takes what a owns, also on failure. As many records as
 * the others have, else LEP_ERR_DATA naming `file`. */
int lep_array_set_add(struct lep_array_set *s, const char *name, struct lep_npy *a, const char *file,
	struct lep_error *e) LEP_MUST_USE;

const struct lep_head *lep_array_set_head(const struct lep_array_set *s);
uint64_t lep_array_set_count(const struct lep_array_set *s);

/* A frame of records first .. first + n - 1, valid until the next call. */
int lep_array_set_frame(struct lep_array_set *s, uint64_t first, size_t n, struct lep_frame *out,
	struct lep_error *e) LEP_MUST_USE;

#endif
