/*
 * Optimisers, gradient clipping, averaging of weights.
 *
 * One step on weights w with gradients g, t counting steps from 1; all
 * elementwise, so that ranges of weights may be spread over threads:
 *   d = scale g (+ decay w, unless the decay is decoupled)
 *   sgd       w -= lr d
 *   momentum  v = momentum v + d;  w -= lr v
 *   nesterov  v = momentum v + d;  w -= lr (d + momentum v)
 *   adam      m = beta1 m + (1 - beta1) d;  v = beta2 v + (1 - beta2) d^2
 *             w -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
 *   adamw     the same, and before it w -= lr decay w (decoupled)
 *   rmsprop   v = alpha v + (1 - alpha) d^2;  w -= lr d / (sqrt(v) + eps)
 * State arrays start as zeros. Defaults:
 *   sgd       lr 0.01
 *   momentum  lr 0.01  momentum 0.9
 *   nesterov  lr 0.01  momentum 0.9
 *   adam      lr 0.001 beta1 0.9  beta2 0.999  eps 1e-8
 *   adamw     the same, decay 0.01
 *   rmsprop   lr 0.001 alpha 0.9  eps 1e-8
 * decay is 0 unless said otherwise.
 */
#ifndef LEP_NN_OPTIM_H
#define LEP_NN_OPTIM_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/status.h"
#include "kernel/kernel.h"

enum lep_optim_kind {
	LEP_OPTIM_SGD,
	LEP_OPTIM_MOMENTUM,
	LEP_OPTIM_NESTEROV,
	LEP_OPTIM_ADAM,
	LEP_OPTIM_ADAMW,
	LEP_OPTIM_RMSPROP,
	LEP_OPTIM_COUNT
};

#define LEP_OPTIM_STATES 2 /* the most state arrays a kind needs */

struct lep_optim {
	enum lep_optim_kind kind;
	double lr;       /* the rate that a schedule starts from */
	double decay;    /* of weights */
	double momentum; /* what the kind does not use is 0 */
	double beta1;
	double beta2;
	double alpha;
	double eps;
};

/* "sgd", "adam", ...; NULL outside the enum. */
const char *lep_optim_name(int kind);
/* Arrays as long as the weights that a step keeps: 0, 1 or 2. */
int lep_optim_state_count(enum lep_optim_kind kind);
/* What state array i (below the count) is called in a checkpoint: "m", "v". */
const char *lep_optim_state_name(enum lep_optim_kind kind, int i);

/* The defaults of the table above. */
void lep_optim_init(struct lep_optim *o, enum lep_optim_kind kind);

/* "adam", or with options "adam:beta2=0.98,eps=1e-7": o gets the defaults, then
 * these. lr and decay may be among them, and options of their own may change
 * them afterwards. LEP_ERR_USAGE "'x' is unknown ..." leaves o unset. */
int lep_optim_parse(struct lep_optim *o, const char *text, struct lep_error *e) LEP_MUST_USE;

/* Whether lr and decay, set by other options, are in range. */
int lep_optim_check(const struct lep_optim *o, struct lep_error *e) LEP_MUST_USE;

/* Appends "adam:lr=0.001,decay=0,beta1=0.9,...": every number that counts, for
 * checkpoints and provenance; lep_optim_parse reads it. */
void lep_optim_text(struct lep_buf *b, const struct lep_optim *o);

/* The weights of one step. lr is this step's rate, instead of o->lr; scale
 * multiplies the gradient (clipping); decays: whether o->decay acts on these.
 * state: lep_optim_state_count arrays of n. */
struct lep_optim_range {
	lep_real *w;
	const lep_real *g;
	lep_real *state[LEP_OPTIM_STATES];
	size_t n;
	int decays;
};

void lep_optim_step(const struct lep_kernels *k, const struct lep_optim *o, int64_t t, double lr,
	double scale, const struct lep_optim_range *r);

/* ---- clipping ---- */

/* The Euclidean norm of all gradients: per array sum_squares of the kernels (in
 * double), the arrays added in order. A NULL array (frozen) adds nothing. */
double lep_clip_norm(const struct lep_kernels *k, const lep_real *const *g, const size_t *n,
	size_t arrays);
/* The factor for gradients of this norm: limit / norm where norm > limit > 0, else
 * 1. A norm that is not finite gives NaN: the caller stops there. */
double lep_clip_scale(double norm, double limit);
/* Each gradient to -limit..limit; NaN stays. */
void lep_clip_values(lep_real *g, size_t n, double limit);

/* ---- averaging of weights ---- */

/*
 * avg = d avg + (1 - d) w with d = min(decay, (t - 1) / t), t counting updates
 * from 1: the first update copies w, then it is the plain mean until 1 / t falls
 * below 1 - decay, then an exponential average. The weights of the sum are 1 at
 * every t, so there is no bias to correct, and no trace of what avg held before.
 */
double lep_average_decay(double decay, int64_t t);
/* One update of n values with d from lep_average_decay. */
void lep_average_update(const struct lep_kernels *k, lep_real *avg, const lep_real *w, size_t n,
	double d);

#endif
