/*
 * exp, log, tanh, erf, sigmoid, softplus on sixteen lanes, within 2 ulp; NaN
 * stays NaN, infinities and overflow as in C, denormal results rounded once.
 * The double build asks libm.
 *
 * Polynomials: exp and log are series in a reduced argument; those of tanh and
 * erf were fitted by the Remez exchange, their errors stand beside them.
 */
#ifndef LEP_KERNEL_ISA_VMATH_H
#define LEP_KERNEL_ISA_VMATH_H

#include "kernel/isa/simd.h"

#ifdef LEP_DOUBLE

SIMD_LARGE vf vf_exp(vf x)
{
	const lanes a = vf_lanes(x);

	REALWISE(exp(a.v[i]));
}

SIMD_LARGE vf vf_log(vf x)
{
	const lanes a = vf_lanes(x);

	REALWISE(log(a.v[i]));
}

SIMD_LARGE vf vf_tanh(vf x)
{
	const lanes a = vf_lanes(x);

	REALWISE(tanh(a.v[i]));
}

SIMD_LARGE vf vf_erf(vf x)
{
	const lanes a = vf_lanes(x);

	REALWISE(erf(a.v[i]));
}

/* log(1 + u), 0 <= u <= 1 */
SIMD_LARGE vf vf_log1p(vf u)
{
	const lanes a = vf_lanes(u);

	REALWISE(log1p(a.v[i]));
}

#else

/* p(x) by Horner, highest coefficient first */
SIMD vf vf_horner(vf x, const float *c, int n)
{
	vf p = vf_set1(c[0]);

	UNROLL for (int i = 1; i < n; i++)
		p = vf_fma(p, x, vf_set1(c[i]));
	return p;
}

/*
 * e^x = 2^n e^r, n = round(x / ln 2), |r| <= 0.347. Adding and taking away
 * 1.5 * 2^23 rounds. The bounds are written so that NaN passes them.
 */
SIMD_LARGE vf vf_exp(vf x)
{
	static const float c[] = {1 / 5040.0f, 1 / 720.0f, 1 / 120.0f, 1 / 24.0f, 1 / 6.0f, 0.5f,
		1.0f, 1.0f};
	const vf magic = vf_set1(12582912.0f);
	/* Beyond these the result is infinity or 0 all the same. */
	vf z = vf_min(vf_set1(90.0f), vf_max(vf_set1(-105.0f), x));
	vf n = vf_sub(vf_fma(z, vf_set1(1.44269504f), magic), magic);
	vf r = vf_fnma(n, vf_set1(0.693145752f), z); /* ln 2, 15 bits: the product is exact */

	r = vf_fnma(n, vf_set1(1.42860677e-06f), r);
	return vf_ldexp(vf_horner(r, c, 8), n);
}

/*
 * x = 2^e m, m in [sqrt 1/2, sqrt 2): log x = e ln 2 + log(1 + f), f = m - 1,
 * log(1 + f) = f - s (f - R), s = f / (2 + f), R = s^2 (2/3 + 2/5 s^2 + ...).
 */
SIMD_LARGE vf vf_log(vf x)
{
	static const float c[] = {2 / 9.0f, 2 / 7.0f, 2 / 5.0f, 2 / 3.0f};
	const vf one = vf_set1(1.0f);
	vm tiny = vf_lt(x, vf_set1(1.17549435e-38f));
	vf y = vf_sel(tiny, vf_mul(x, vf_set1(8388608.0f)), x);
	vi b = vi_sub(vi_bits(y), vi_set1(0x3f3504f3));
	vf e = vf_int(vi_sra(b, 23));
	vf m = vf_bits(vi_add(vi_and(b, vi_set1(0x007fffff)), vi_set1(0x3f3504f3)));
	vf f, s, z, r, y0;

	e = vf_sub(e, vf_sel(tiny, vf_set1(23.0f), vf_zero()));
	f = vf_sub(m, one);
	s = vf_div(f, vf_add(f, vf_set1(2.0f)));
	z = vf_mul(s, s);
	r = vf_mul(z, vf_horner(z, c, 4));
	/* small terms first: f stands for itself, exactly */
	y0 = vf_fma(e, vf_set1(1.42860677e-06f), vf_mul(s, vf_sub(r, f)));
	y0 = vf_add(y0, f);
	y = vf_fma(e, vf_set1(0.693145752f), y0);
	y = vf_sel(vf_lt(x, vf_set1(INFINITY)), y, x); /* infinity, NaN */
	y = vf_sel(vf_gt(x, vf_zero()), y, vf_sel(vf_lt(x, vf_zero()), vf_set1(NAN),
		vf_sel(vf_unordered(x, x), x, vf_set1(-INFINITY))));
	return y;
}

SIMD_LARGE vf vf_log1p(vf u)
{
	vf one = vf_set1(1.0f);
	vf s = vf_add(one, u);
	vf lost = vf_sub(u, vf_sub(s, one)); /* what the addition rounded away */

	return vf_add(vf_log(s), vf_div(lost, s));
}

/* |x| < 0.625: odd polynomial, relative error 1.8e-10; else 1 - 2 / (e^2x + 1) */
SIMD_LARGE vf vf_tanh(vf x)
{
	static const float c[] = {2.122745841e-03f, -8.156280534e-03f, 2.169260712e-02f,
		-5.394537842e-02f, 1.333319591e-01f, -3.333333057e-01f};
	const vf one = vf_set1(1.0f);
	vf a = vf_abs(x);
	vf z = vf_mul(x, x);
	vf small = vf_fma(vf_mul(vf_horner(z, c, 6), z), x, x);
	vf e = vf_exp(vf_add(a, a));
	vf big = vf_sub(one, vf_div(vf_set1(2.0f), vf_add(e, one)));

	/* NaN is not below 0.625 and goes through exp */
	return vf_sel(vf_lt(a, vf_set1(0.625f)), small, vf_sign(big, x));
}

/* |x| < 0.93: odd polynomial, relative error 4.7e-10; else 1 - exp(log erfc),
 * log erfc(t) / t + 1 fitted to 6.8e-10 / (t erfc t); 1 from 4 on */
SIMD_LARGE vf vf_erf(vf x)
{
	static const float cs[] = {8.327489399e-05f, -8.133216001e-04f, 5.200260763e-03f,
		-2.685912005e-02f, 1.128369123e-01f, -3.761263352e-01f, 1.283791666e-01f};
	static const float cb[] = {-1.152230736e-05f, 3.256528808e-04f, -3.653764821e-03f,
		2.378534872e-02f, -1.062631479e-01f, -6.351359110e-01f, -1.286521628e-01f};
	vf a = vf_abs(x);
	vf z = vf_mul(x, x);
	vf small = vf_fma(vf_horner(z, cs, 7), x, x);
	vf t = vf_min(vf_set1(4.0f), a); /* NaN passes */
	vf big = vf_sub(vf_set1(1.0f), vf_exp(vf_fms(vf_horner(t, cb, 7), t, t)));

	return vf_sel(vf_lt(a, vf_set1(0.93f)), small, vf_sign(big, x));
}

#endif

/* 1 / (1 + e^-x), by e^-|x| so that nothing overflows */
SIMD_LARGE vf vf_sigmoid(vf x)
{
	vf one = vf_set1(R(1));
	vf e = vf_exp(vf_neg(vf_abs(x)));
	vf s = vf_div(vf_sel(vf_lt(x, vf_zero()), e, one), vf_add(one, e));

	return s;
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|) */
SIMD_LARGE vf vf_softplus(vf x)
{
	vf l = vf_log1p(vf_exp(vf_neg(vf_abs(x))));

	return vf_add(vf_max(vf_zero(), x), l);
}

#endif
