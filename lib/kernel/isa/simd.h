/*
 * Sixteen logical lanes, on whatever the instruction set has: one zmm, two
 * ymm, or an array. Kernels are written once on these types; only this file
 * holds intrinsics. Each operation is one exactly rounded IEEE operation per
 * lane, the same everywhere, so equal source means equal bytes.
 *
 *   vf  16 reals        vf_load vf_store (no alignment needed), vf_load_n
 *                       vf_store_n (the first n lanes, n <= 16; the rest is
 *                       zero, resp. untouched), vf_set1 vf_zero, vf_add vf_sub
 *                       vf_mul vf_div vf_sqrt vf_neg vf_abs,
 *                       vf_fma(a, b, c) = a b + c, vf_fma_onto(&c, a, b) the same
 *                       in c's place, vf_fnma = c - a b, vf_fms = a b - c,
 *                       vf_max(a, b) = a > b ? a : b, vf_min the same,
 *                       vf_hsum (lanes l and l + 8, + 4, + 2, + 1), vf_hmax;
 *                       vf_zip(r): in each quarter the four lanes of r[0..3] as
 *                       a 4 x 4 matrix are transposed, vf_zip_quarters: the same
 *                       with quarters; both together vf_transpose(r[16])
 *   vm  16 conditions   vf_gt vf_lt vf_unordered(a, b), vm_first(n <= 16),
 *                       vf_sel(m, a, b) = m ? a : b
 *   vi  16 int32        (float build only) vi_bits and vf_bits move bits, vf_int
 *                       converts; vi_set1 vi_add vi_sub vi_and vi_or vi_xor,
 *                       vi_sll vi_sra by a constant; vf_ldexp(a, n) = a 2^n, a
 *                       from 1/2 to 2 or NaN, n whole from -152 to 130, rounded
 *                       once; vf_sign(a, x) = a, not negative, with x's sign;
 *                       not portable: vi_below(a, b) a < b without sign,
 *                       vi_mul_wide(a, b, &high, &low) all 64 bits of a b
 *   vt  16 uint16 held  as vi's kin for the taps of max pooling: vt_set1,
 *                       vt_sel(m, a, b), vt_store_n, vt_load_n, vt_eq
 *   vd  16 doubles      vd_zero vd_load_n vd_store_n vd_add vd_fma, vd_from(vf),
 *                       vd_hsum
 */
#ifndef LEP_KERNEL_ISA_SIMD_H
#define LEP_KERNEL_ISA_SIMD_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernel/real.h"

#define VL 16
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIMD_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SIMD_SANITIZED
#endif

#ifdef LEP_SANITIZE /* set by the Makefile; inlining all of this takes the compiler minutes */
#define SIMD static __attribute__((noinline, unused))
#else
#define SIMD static inline __attribute__((always_inline))
#endif
/* Larger functions: inlined where a lane is a register's lane, called where
 * sixteen of them are many instructions, for the compiler's sake. */
#if (defined(LEP_ISA_avx512) || defined(LEP_ISA_avx2)) && !defined(LEP_DOUBLE)
#define SIMD_LARGE SIMD
#else
#define SIMD_LARGE static __attribute__((noinline, unused))
#endif
/* gcc unrolls so short a loop only when told to; clang does by itself. */
#ifdef __clang__
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define R(x) ((lep_real)(x))
#ifdef LEP_DOUBLE
#define R_SQRT(a) sqrt(a)
#else
#define R_SQRT(a) sqrtf(a)
#endif

#if defined(LEP_ISA_avx512) && !defined(LEP_DOUBLE)
#include "kernel/isa/simd_avx512.h"
#elif defined(LEP_ISA_avx2) && !defined(LEP_DOUBLE)
#include "kernel/isa/simd_avx2.h"
#else
#include "kernel/isa/simd_portable.h"
#endif

#ifndef SIMD_FOURS
#define SIMD_FOURS 0
SIMD void vf_fma_onto(vf *c, vf a, vf b)
{
	*c = vf_fma(a, b, *c);
}
#endif

SIMD void vf_transpose(vf r[16])
{
	UNROLL for (int g = 0; g < 16; g += 4)
		vf_zip(r + g);
	UNROLL for (int j = 0; j < 4; j++)
		vf_zip_quarters(r + j, r + 4 + j, r + 8 + j, r + 12 + j);
}

/* The first n lanes; n of 16 or more means all. */
SIMD vf vf_load_upto(const lep_real *p, size_t n)
{
	return n >= VL ? vf_load(p) : vf_load_n(p, n);
}

SIMD void vf_store_upto(lep_real *p, vf v, size_t n)
{
	if (n >= VL)
		vf_store(p, v);
	else
		vf_store_n(p, v, n);
}

#endif
