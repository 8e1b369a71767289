/*
 * Weights of a mixture of models: as text, and fitted to what the models gave where
 * the truth is known (stacking). They are none below 0 and come to 1.
 *
 * Both fits minimise a convex function over such weights, so that the minimum is the
 * same wherever one starts; among equals the one nearest to the way from equal
 * weights is taken, always the same. Doubles, sums in the order of the cases.
 */
#ifndef LEP_EVAL_MIXTURE_H
#define LEP_EVAL_MIXTURE_H

#include "base/mem.h"
#include "base/status.h"

#define LEP_MIXTURE_MAX 256     /* models */
/* What a probability counts that is less: as in lep-eval's log loss. */
#define LEP_MIXTURE_LEAST 1e-15

/* "0.7,0.3": n plain decimal numbers, none below 0 and one above, divided by their sum;
 * LEP_ERR_USAGE. */
int lep_mixture_parse(double *w, size_t n, const char *text, struct lep_error *e) LEP_MUST_USE;

/* Weights rounded to six places, so that the text says all of them: "0.7,0.3". */
void lep_mixture_text(struct lep_buf *out, const double *w, size_t n);

/*
 * Collects the cases of a fit: n models, of classes (p: the probability that each
 * model gave to the true class) or of numbers (p: what each gave, less the truth).
 * Classes need n doubles of memory a case; numbers only n x n in all.
 */
struct lep_mixture {
	size_t n;
	int numbers;
	uint64_t cases;
	/* private */
	double *p;         /* of classes: n a case */
	size_t room;
	double *square;    /* of numbers: sums of products, n x n */
};

int lep_mixture_init(struct lep_mixture *m, size_t n, int numbers, struct lep_error *e) LEP_MUST_USE;
void lep_mixture_release(struct lep_mixture *m);
int lep_mixture_add(struct lep_mixture *m, const double *p, struct lep_error *e) LEP_MUST_USE;

/*
 * The weights that minimise the log loss of the weighted mean of probabilities, or the
 * mean squared error of that of numbers. Log loss: Newton steps, each the minimum of
 * the quadratic model over the weights, halved while the loss does not fall, until it
 * can fall by no more than 1e-10 (the gap of Frank and Wolfe, which is max_k mean(p_k /
 * mix) - 1), or 100 steps. Squared error: pairs of weights, the most unequal slopes
 * first (Platt's SMO), until slopes differ by less than 1e-12 of the largest.
 * LEP_ERR_DATA without cases.
 */
int lep_mixture_fit(const struct lep_mixture *m, double *w, struct lep_error *e) LEP_MUST_USE;

/* Log loss (natural logarithm) or mean squared error of the cases with these weights. */
double lep_mixture_loss(const struct lep_mixture *m, const double *w);

#endif
