/*
 * The exact (Clopper and Pearson 1934) interval of a share: k hits in n trials.
 * Own arithmetic throughout, so that the digits are the same on every machine.
 */
#ifndef LEP_EVAL_INTERVAL_H
#define LEP_EVAL_INTERVAL_H

#include <stdint.h>

/*
 * The two-sided 95 % interval: *lo is the p with P(X >= k) = 0.025, *hi the p
 * with P(X <= k) = 0.025, X binomial(n, p); 0 where k is 0, 1 where k is n.
 * k <= n and n > 0, else 0 and 1. Takes time as sqrt(n).
 */
void lep_interval_exact(uint64_t k, uint64_t n, double *lo, double *hi);

/* P(X = k) for X binomial(n, p), 0 <= p <= 1: Loader (2000), "Fast and accurate
 * computation of binomial probabilities", good to about 1e-13. */
double lep_binomial(uint64_t k, uint64_t n, double p);

#endif
