/*
 * Inside of the recurrent layers rnn, lstm, gru: what their lines said
 * (layer_recurrent.c) and what a batch leaves behind (layer_recurrent_steps.c).
 */
#ifndef LEP_NN_RECURRENT_H
#define LEP_NN_RECURRENT_H

#include "nn/layer.h"

enum lep_cell {
	LEP_CELL_RNN,
	LEP_CELL_LSTM,
	LEP_CELL_GRU
};

/* One mask a sample and sequence, as in Keras. */
struct lep_recurrent_mask {
	int on;
	uint32_t below;           /* a word below it drops */
	lep_real keep;            /* the factor of what stays */
};

struct lep_recurrent {
	enum lep_cell cell;
	size_t in;                /* numbers of an input row */
	size_t units;
	size_t width;             /* units times gates */
	int directions;           /* 1, or 2: forward, then reverse, side by side in the output */
	int reverse;              /* the first direction walks from the last row to the first */
	int last;                 /* the output is the last state only */
	int params;               /* of one direction: w, u, b; gru: and bu */
	struct lep_recurrent_mask x, h;
	/* Packed weights of each direction: w and u, and turned for backward. */
	lep_real *w[2], *u[2], *wt[2], *ut[2];
};

/* What one direction keeps of a batch: arrays of rows in the input's order. */
struct lep_recurrent_rows {
	/* NULL where there is no such cell or mask. */
	lep_real *x;              /* [rows][in] the input masked */
	lep_real *gates;          /* [rows][width] x w + b; then the gates; then their gradients */
	lep_real *hidden;         /* gru: [rows][width] h u + bu; then its gradient */
	lep_real *before;         /* [rows][units] the state before the row */
	lep_real *fed;            /* the same masked: what u meets */
	lep_real *c, *tanh_c;     /* lstm: [rows][units] */
	lep_real *mask_x;         /* [samples][in] */
	lep_real *mask_h;         /* [samples][units] */
	lep_real *dh, *dc;        /* [samples][units] gradients on their way to the step before */
	lep_real *back;           /* gru with mask_h: [samples][units] what comes through the product */
	lep_real *dx;             /* with mask_x: [rows][in] gradient of x */
};

struct lep_recurrent_state {
	lep_real *zeros;          /* [units] */
	struct lep_recurrent_rows rows[2];
	lep_real *memory;         /* of all of the above */
};

/* Samples whose steps run together: four tiles of six rows in a matrix product. */
enum { LEP_RECURRENT_GROUP = 24 };

/* Whether direction d walks from the last row to the first. */
static inline int lep_recurrent_turned(const struct lep_recurrent *a, int d)
{
	return a->reverse || d == 1;
}

void lep_recurrent_forward(const struct lep_op *op, const struct lep_pass *p);
void lep_recurrent_backward(const struct lep_op *op, const struct lep_pass *p);

/* Step by step (nn/stepper.h): the state that each sequence stands at is kept. */
void lep_recurrent_step(const struct lep_op *op, const struct lep_pass *p, const struct lep_stepper *st, void *cache);
int lep_recurrent_cache_new(const struct lep_op *op, const struct lep_stepper *st, void **cache, struct lep_error *e);
void lep_recurrent_cache_copy(const struct lep_op *op, const struct lep_stepper *st, void *cache, size_t to, size_t from);
void lep_recurrent_cache_free(void *cache);

#endif
