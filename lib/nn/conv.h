/*
 * Inside of the convolution: what its line said (layer_conv.c) and how it runs
 * (layer_conv_run.c).
 */
#ifndef LEP_NN_CONV_H
#define LEP_NN_CONV_H

#include "nn/layers.h"

/* Numbers of a window that can be whitened. */
enum { LEP_WHITEN_MAX = 192 };

struct lep_conv {
	size_t h, w, c;           /* input */
	size_t hp, wp;            /* with borders */
	size_t top, left;
	size_t oh, ow, filters;
	size_t kh, kw, stride, dilation, groups;
	int padded, depthwise, relu, has_bias;
	size_t cg, fg;            /* channels and filters of one group */
	size_t taps, rows;        /* kh kw; kh kw cg */
	size_t nseg, len;         /* of the forward product */
	ptrdiff_t *off;           /* [nseg]: of its segments */
	ptrdiff_t *tap;           /* [rows]: of each tap and channel of a group */
	size_t pack_size, turned_size;
	lep_real *packed;         /* [groups] */
	lep_real *turned;         /* [groups][taps], transposed */
};

/* Reals of a sample of the input with borders. */
static inline size_t lep_conv_padded(const struct lep_conv *a)
{
	return a->hp * a->wp * a->c;
}

/* The offset of a tap from its window. */
static inline size_t lep_conv_tap(const struct lep_conv *a, size_t tap)
{
	return ((tap / a->kw) * a->wp + tap % a->kw) * a->dilation * a->c;
}

int lep_conv_state_new(const struct lep_op *op, struct lep_exec *x, void **state);
void lep_conv_state_free(void *state);
void lep_conv_forward(const struct lep_op *op, const struct lep_pass *p);
void lep_conv_backward(const struct lep_op *op, const struct lep_pass *p);
/* The layer's joins. */
int lep_conv_joins(const struct lep_op *op, const struct lep_op *reader);

#endif
