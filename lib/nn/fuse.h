/*
 * Inside of fusion: several values to one, element by element or side by side.
 * The lines that do so (layer_fuse.c, layer_gate.c) share the operation
 * (layer_fuse_run.c).
 *
 * A vector, of one row a sample, meets all rows (positions) of values that have
 * several; those have the same rows. So does, but for concat, a single number all
 * numbers of a row.
 */
#ifndef LEP_NN_FUSE_H
#define LEP_NN_FUSE_H

#include "nn/layer.h"

enum lep_fusion {
	LEP_FUSE_CONCAT,          /* along the last extent */
	LEP_FUSE_SUM,             /* in the order of the line, as the others */
	LEP_FUSE_MEAN,
	LEP_FUSE_PRODUCT,
	LEP_FUSE_MAX,             /* of equal ones the first has the gradient */
	LEP_FUSE_GATE             /* for lep_fuse_check: widths need not agree */
};

/* Values and what messages call them; name NULL: "its input". */
struct lep_fused {
	int n;
	int value[LEP_OP_INPUTS];
	const char *name[LEP_OP_INPUTS];
};

/* Attribute of the operation. */
struct lep_fuse {
	enum lep_fusion kind;
};

/* Whether value is a vector. */
int lep_fuse_alone(const struct lep_net *n, int value);
/* Numbers of a row. */
size_t lep_fuse_width(const struct lep_net *n, int value);

/* Whether these go together; word: what the line calls it. 0, or the error is in b. */
int lep_fuse_check(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_fused *f,
	enum lep_fusion kind, const char *word);
/* Checks, adds the operation; its result is the current value. */
int lep_build_fused(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_fused *f,
	enum lep_fusion kind, const char *word);
/* value[0] * softmax(value[1] w + b): projection, softmax and product (layer_gate.c). */
int lep_build_gate(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_fused *f);

/* Members of the layer (layer_fuse_run.c). */
void lep_fuse_forward(const struct lep_op *op, const struct lep_pass *p);
void lep_fuse_backward(const struct lep_op *op, const struct lep_pass *p);
void lep_fuse_step(const struct lep_op *op, const struct lep_pass *p, const struct lep_stepper *st, void *cache);

#endif
