/*
 * Tensors of one record made into another, without training. A step is written
 *
 *	NAME=OPERATION:FIELD,FIELD,...
 *
 * with one of
 *
 *	concat    joined along the last axis; a single number is a row of one
 *	sum       a + b + ...
 *	mean      (a + b + ...) / n
 *	product   a b ...
 *	max       the larger of each: a > b ? a : b
 *	weighted  NAME=weighted:a=0.3,b=0.7 is 0.3 a + 0.7 b
 *	gate      NAME=gate:x,y is x softmax(y W + b), the articles' fusion(x, y)
 *
 * FIELD is one of the stream or the NAME of an earlier step. All but concat and
 * gate take tensors of one shape, or of one element, which meets all of the others.
 * Where an extent varies, the records' own must agree. The rows of a gate's x and y
 * go together one by one; a vector meets all rows of the other. A gate of one value
 * meets all of a row.
 *
 * Values are taken as a network's input would: u8 with a picture recipe is
 * scaled by it. Sums are made in double, in the order written, and rounded once; a gate
 * is computed in reals by the kernels. The result is an input, f64 where all its
 * fields are and it is no gate, else f32, and has no recipe.
 */
#ifndef LEP_NN_COMBINE_H
#define LEP_NN_COMBINE_H

#include "kernel/kernel.h"
#include "stream/frame.h"

/* W (inputs x outputs) and b of the gate. */
struct lep_gate {
	size_t inputs, outputs;
	lep_real *w, *b;       /* b is zeros where none was given */
	const char *name;      /* of the file, borrowed from the caller */
};

/*
 * From a stream whose first record has the fields LAYER.w and LAYER.b, such as a
 * model, or from a matrix in .npy, told apart by their first bytes. layer: NULL for
 * the only `gate` or `fuse gate`; bias: a vector in .npy beside a matrix, or NULL.
 * What does not fit together or is not finite is LEP_ERR_DATA. Release with _release,
 * also after a failure.
 */
int lep_gate_load(struct lep_gate *g, const char *path, const char *layer, const char *bias,
	struct lep_error *e) LEP_MUST_USE;
void lep_gate_release(struct lep_gate *g); /* legal on {0} */

struct lep_combine_options {
	const char *const *make;   /* steps, in order */
	size_t nmake;
	const struct lep_gate *gate;      /* of every gate; NULL: there may be none */
	const struct lep_kernels *k;      /* for gates */
};

struct lep_combine;

/* Whether one of the steps is a gate; a text that is no step is none. */
int lep_combine_has_gate(const char *const *make, size_t nmake);

/* All is borrowed but for the texts, and must outlive the combination. A text that
 * is no step, a field that is not there, a name that is: LEP_ERR_USAGE. Fields that
 * cannot be combined: LEP_ERR_DATA naming two of them and their shapes. */
int lep_combine_new(struct lep_combine **out, const struct lep_combine_options *o, const struct lep_head *head,
	struct lep_error *e) LEP_MUST_USE;
void lep_combine_free(struct lep_combine *c);

/* What comes out: all that went in, then the results; owned by c. Notes may be added before it is used. */
struct lep_head *lep_combine_head(struct lep_combine *c);

/* frame as it comes out, in place; its columns are borrowed from what went in and from
 * c, until the next call. Extents of a record that do not agree are LEP_ERR_DATA. */
int lep_combine_frame(struct lep_combine *c, struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

#endif
