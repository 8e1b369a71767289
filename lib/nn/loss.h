/*
 * Losses: their value and gradient for one sample of n outputs, by one table.
 *
 * x are the outputs, for the two cross-entropies the values before the final
 * softmax or sigmoid (logits). With target t:
 *   crossentropy         -sum_c t_c log softmax(x)_c
 *   binary_crossentropy  sum_i max(x_i,0) - x_i t_i + log(1 + exp(-|x_i|))
 *   mse                  sum_i (x_i - t_i)^2
 *   mae                  sum_i |x_i - t_i|                  gradient 0 at 0
 *   huber                sum_i d^2 / 2 where |d| <= delta, else delta (|d| - delta/2)
 * Smoothing s, for cross-entropies only: t becomes (1 - s) t + s / n, for the
 * binary one (1 - s) t + s / 2. Class weights: each class's term of
 * crossentropy is multiplied by its weight, a sample of binary_crossentropy by
 * that of its class (targets of classes only).
 *
 * The loss of a batch is the sum over its samples, in their order, divided by
 * the sum of lep_loss_weight over the same samples. That is, per sample: its
 * class's weight, or 1 (crossentropy); n (all others), times its class's weight
 * if there are class weights. A sample without target has weight 0, loss 0 and
 * gradient 0.
 *
 * Sums are in double, elements ascending. NaN and infinity in x give a loss
 * that is not finite, which the caller must notice.
 */
#ifndef LEP_NN_LOSS_H
#define LEP_NN_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "kernel/kernel.h"

enum lep_loss_kind {
	LEP_LOSS_CROSSENTROPY,
	LEP_LOSS_BINARY_CROSSENTROPY,
	LEP_LOSS_MSE,
	LEP_LOSS_MAE,
	LEP_LOSS_HUBER,
	LEP_LOSS_COUNT
};

/* "crossentropy", "mse", ...; NULL outside the enum. */
const char *lep_loss_name(int kind);
/* The kind of that name, or -1. */
int lep_loss_parse(const char *name);
/* Whether it takes the values before this final layer: "softmax", "sigmoid" or NULL. */
int lep_loss_undoes(enum lep_loss_kind kind, const char *final);

struct lep_loss {
	enum lep_loss_kind kind;
	double smoothing;            /* 0 <= s < 1 */
	const double *class_weight;  /* one a class, >= 0, borrowed; or NULL */
	size_t classes;              /* how many weights */
	double delta;                /* of huber, > 0 */
};

/* Without smoothing and weights, delta 1. */
void lep_loss_init(struct lep_loss *l, enum lep_loss_kind kind);

/* The loss that follows from the target: `classes` in its table (0: numbers) and
 * n outputs. A table gives crossentropy, or with one output binary_crossentropy;
 * numbers give mse, or with a final "sigmoid", which says that they are 0/1,
 * binary_crossentropy. */
enum lep_loss_kind lep_loss_default(size_t n, size_t classes, const char *final);

/*
 * Whether l can learn this target with n outputs: `classes` in its table (0: it
 * is numbers, `numbers` of them a sample). LEP_ERR_USAGE, "mse: cause".
 *   crossentropy         a table, one output a class
 *   binary_crossentropy  a table of 2 and one output, or n numbers
 *   others               n numbers
 */
int lep_loss_check(const struct lep_loss *l, size_t n, size_t classes, size_t numbers,
	struct lep_error *e) LEP_MUST_USE;

/* What one sample should have been: numbers, or, values NULL, classes: a share of
 * it is class id, the rest is class other (mixup). -1: none; a share of none
 * counts for nothing. */
struct lep_target {
	const lep_real *values;
	int32_t id;
	int32_t other;
	double share;
};

/* Plain targets: one class, or numbers. */
static inline struct lep_target lep_target_class(int32_t id)
{
	return (struct lep_target){.id = id, .other = -1, .share = 1};
}

static inline struct lep_target lep_target_values(const lep_real *values)
{
	return (struct lep_target){.values = values, .id = -1, .other = -1, .share = 1};
}

/* What the sample adds to the batch's denominator. */
double lep_loss_weight(const struct lep_loss *l, size_t n, const struct lep_target *t);

/* The same over count targets in order; 0 if none of them has a target (then
 * there is nothing to learn: do not divide). */
double lep_loss_denominator(const struct lep_loss *l, size_t n, const struct lep_target *t,
	size_t count);

/*
 * The sample's loss. grad[n], unless NULL, gets scale times its gradient; scale
 * is 1 / denominator. grad may not overlap x. An id beyond n or beyond the class
 * weights gives NaN; lep_loss_check and the reader of the data keep them out.
 */
double lep_loss_sample(const struct lep_kernels *k, const struct lep_loss *l, lep_real *grad,
	const lep_real *x, size_t n, const struct lep_target *t, double scale);

#endif
