/* What the files of running share. */
#ifndef LEP_NN_EXEC_H
#define LEP_NN_EXEC_H

#include "nn/layer.h"

/* Reals that a slice may have in flight in any case: half a mebibyte. */
#define LEP_SLICE_REALS ((size_t)1 << 17)

/* Fill in x->run, what is whole or gone, block_max and slots; capacity, training and
 * threads are set. */
int lep_exec_plan(struct lep_exec *x, struct lep_error *e) LEP_MUST_USE;

/* The buffers, after the plan (exec_room.c). */
int lep_exec_buffers(struct lep_exec *x, struct lep_error *e) LEP_MUST_USE;
void lep_exec_buffers_free(struct lep_exec *x);

/* lep_exec_reserve for the lengths of input i alone; what the others have stays. */
int lep_exec_reserve_input(struct lep_exec *x, size_t i, size_t count, struct lep_error *e) LEP_MUST_USE;

/* Whether the operation needs a meeting before it runs. */
static inline int lep_op_reduces_forward(const struct lep_op *op)
{
	return op->layer->forward_reduce && lep_op_batchwise(op);
}

static inline int lep_op_reduces_backward(const struct lep_op *op)
{
	return op->needs_backward && op->layer->backward_reduce && lep_op_batchwise(op);
}

#endif
