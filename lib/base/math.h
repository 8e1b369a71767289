/*
 * exp, log, sine, cosine and powers in double, the same bits on every machine
 * (libm's are not): only + - * / and fma. Relative error about 1e-16, for
 * lep_sin and lep_cos relative to the larger of the two.
 */
#ifndef LEP_BASE_MATH_H
#define LEP_BASE_MATH_H

#include <stdint.h>

/* Overflow gives infinity; denormal results are kept. */
double lep_exp(double x);
/* Natural logarithm; -infinity at 0, NaN below. */
double lep_log(double x);
/* x in radians, |x| <= 2^30; NaN beyond. */
double lep_sin(double x);
double lep_cos(double x);
/* x to the n-th power, n of either sign; x^0 is 1. */
double lep_pow_int(double x, int64_t n);

#endif
