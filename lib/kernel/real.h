/*
 * The number type of all arithmetic: float. The tests build the same sources
 * a second time with -DLEP_DOUBLE (and ISAS=portable), to hold analytic
 * gradients against finite differences closer than float could tell.
 */
#ifndef LEP_KERNEL_REAL_H
#define LEP_KERNEL_REAL_H

#ifdef __FAST_MATH__
#error "lep promises the same bytes everywhere: build it without -ffast-math"
#endif

#ifdef LEP_DOUBLE
typedef double lep_real;
#else
typedef float lep_real;
#endif

#endif
