/*
 * NumPy's .npy files (format 1.0 to 3.0), read and written.
 *
 * Read: little and big endian, C and Fortran order, of bool, the integers up to
 * i64 (uint32 becomes i64; uint64 is refused), and float16 to float64. What
 * comes out is always little-endian and row-major. No objects, no structures,
 * no strings: nothing is ever unpickled.
 * Format: numpy/lib/format.py's module text.
 */
#ifndef LEP_DATA_NPY_H
#define LEP_DATA_NPY_H

#include "base/mem.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

#define LEP_NPY_MAGIC "\x93NUMPY"
#define LEP_NPY_MAGIC_LEN 6

struct lep_npy {
	enum lep_dtype dtype;
	struct lep_shape shape;
	const void *data;   /* aligned to 64 */
	size_t bytes;       /* lep_shape_count(&shape) * lep_dtype_size(dtype) */
	void *owned;        /* private: what release frees */
};

/* Whether a file that begins with these bytes is one. */
int lep_npy_is(const void *data, size_t len);

/* The whole file in memory. n->data points into data where that is aligned and
 * needs no conversion, so data must outlive n. name is for messages. n is empty
 * after a failure. */
int lep_npy_parse(struct lep_npy *n, const void *data, size_t len, const char *name,
	struct lep_error *e) LEP_MUST_USE;

/* The same from a file; NULL or "-" is standard input. */
int lep_npy_load(struct lep_npy *n, const char *path, struct lep_error *e) LEP_MUST_USE;

/* Legal on {0} and twice. */
void lep_npy_release(struct lep_npy *n);

/* Format 1.0, the data at a multiple of 64. bf16, which NumPy lacks, is written
 * as float32 (exact); text is LEP_ERR_USAGE. data holds lep_shape_count(shape)
 * elements, little-endian. */
int lep_npy_write(struct lep_buf *out, enum lep_dtype dtype, const struct lep_shape *shape,
	const void *data, struct lep_error *e) LEP_MUST_USE;

/* Only the header of that, for data that follow piece by piece (bf16: as f32). */
int lep_npy_write_head(struct lep_buf *out, enum lep_dtype dtype, const struct lep_shape *shape,
	struct lep_error *e) LEP_MUST_USE;

#endif
