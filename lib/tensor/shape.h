/*
 * Extents of a tensor, outermost first, at most LEP_RANK_MAX of them. An extent
 * of LEP_VARIES (written `*`) differs from record to record; 0 is legal and
 * means no elements; rank 0 is one element.
 */
#ifndef LEP_TENSOR_SHAPE_H
#define LEP_TENSOR_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#define LEP_RANK_MAX 8
#define LEP_VARIES ((int64_t)-1)
/* Elements of one tensor: more is refused as damage. */
#define LEP_ELEMENTS_MAX ((int64_t)1 << 40)

struct lep_shape {
	int rank;
	int64_t extent[LEP_RANK_MAX];
};

/* Number of elements, or -1 if an extent varies, is below 0, or the product
 * exceeds LEP_ELEMENTS_MAX. */
int64_t lep_shape_count(const struct lep_shape *s);
int lep_shape_equal(const struct lep_shape *a, const struct lep_shape *b);
/* Whether a record of shape s fits the declared shape (where `*` takes any). */
int lep_shape_fits(const struct lep_shape *declared, const struct lep_shape *s);
/* How many extents vary. */
int lep_shape_varying(const struct lep_shape *s);

#define LEP_SHAPE_TEXT_MAX 192
/* "28 28 1", "* 3", "" for rank 0; sep stands between ("x" or " "). */
const char *lep_shape_text(char buf[LEP_SHAPE_TEXT_MAX], const struct lep_shape *s, const char *sep);

#endif
