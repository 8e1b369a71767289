/*
 * IDX files (the form MNIST came in): two zero bytes, a type, a rank, one
 * big-endian 32-bit extent a dimension, then the elements, big-endian.
 */
#ifndef LEP_DATA_IDX_H
#define LEP_DATA_IDX_H

#include "data/bytes.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

struct lep_idx {
	enum lep_dtype dtype;    /* u8 i8 i16 i32 f32 f64 */
	struct lep_shape shape;  /* rank 1 to 4 here, as the file says */
};

/* Whether a file that begins so (4 bytes will do) is one. */
int lep_idx_is(const unsigned char *p, size_t len);

/* The header; b stands at the first element then. A type or rank that does not
 * exist, a product beyond LEP_ELEMENTS_MAX, an end of the file are LEP_ERR_DATA. */
int lep_idx_head(struct lep_idx *idx, struct lep_bytes *b, struct lep_error *e) LEP_MUST_USE;

/* n elements appended to out, little-endian; fewer are LEP_ERR_DATA. */
int lep_idx_read(const struct lep_idx *idx, struct lep_bytes *b, struct lep_buf *out, uint64_t n,
	struct lep_error *e) LEP_MUST_USE;

#endif
