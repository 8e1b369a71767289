/* Elementary functions in double out of exact steps; see math.h. */
#include "base/math.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "lep promises the same bytes everywhere: build it without -ffast-math"
#endif

#define LN2_HI 0x1.62e42fefa0000p-1 /* 37 bits: times an exponent, exact */
#define LN2_LO 0x1.cf79abc9e3b3ap-40

static uint64_t bits(double x)
{
	uint64_t u;

	memcpy(&u, &x, sizeof(u));
	return u;
}

static double from_bits(uint64_t u)
{
	double x;

	memcpy(&x, &u, sizeof(x));
	return x;
}

/* 2^n, -1022 <= n <= 1023 */
static double pow2(int n)
{
	return from_bits((uint64_t)(n + 1023) << 52);
}

/* x to the nearest whole number, |x| < 2^51 */
static double nearest(double x)
{
	const double magic = 0x1.8p52;

	return (x + magic) - magic;
}

static double horner(double x, const double *c, size_t n)
{
	double p = c[0];

	for (size_t i = 1; i < n; i++)
		p = fma(p, x, c[i]);
	return p;
}

/* e^x = 2^n e^r, |r| <= ln 2 / 2, e^r by its Taylor series. */
double lep_exp(double x)
{
	static const double c[] = {1 / 6227020800.0, 1 / 479001600.0, 1 / 39916800.0, 1 / 3628800.0,
		1 / 362880.0, 1 / 40320.0, 1 / 5040.0, 1 / 720.0, 1 / 120.0, 1 / 24.0, 1 / 6.0, 0.5};
	double n, r, p;
	int i, h;

	if (!(x >= -746.0))
		return x < 0 ? 0.0 : x;
	if (x > 710.0)
		return INFINITY;
	n = nearest(x * 0x1.71547652b82fep0);
	r = fma(-n, LN2_LO, fma(-n, LN2_HI, x));
	p = 1 + fma(horner(r, c, 12), r * r, r);
	/* in two factors, so that overflow and denormals are rounded once */
	i = (int)n;
	h = i / 2;
	return p * pow2(h) * pow2(i - h);
}

/* x = 2^e m; log m = f - s (f - R), f = m - 1, s = f / (2 + f), R the series
 * 2/3 s^2 + 2/5 s^4 + ... */
double lep_log(double x)
{
	static const double c[] = {2 / 21.0, 2 / 19.0, 2 / 17.0, 2 / 15.0, 2 / 13.0, 2 / 11.0,
		2 / 9.0, 2 / 7.0, 2 / 5.0, 2 / 3.0};
	int e = 0;
	uint64_t u;
	double f, s, z;

	if (!(x > 0))
		return x < 0 ? NAN : x == 0 ? -INFINITY : x;
	if (x == INFINITY)
		return x;
	if (x < 0x1p-1022) {
		x *= 0x1p54;
		e = -54;
	}
	u = bits(x) - 0x3fe6a09e667f3bcdu; /* the bits of sqrt(1/2) */
	e += (int)((int64_t)u >> 52);
	f = from_bits((u & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1;
	s = f / (2 + f);
	z = s * s;
	return fma(e, LN2_HI, f + fma(e, LN2_LO, s * (z * horner(z, c, 10) - f)));
}

/* Sine (quarter 0) or cosine (quarter 1): x minus the nearest multiple of
 * pi/2, which is taken in three parts. */
static double circle(double x, int quarter)
{
	static const double cs[] = {-1 / 121645100408832000.0, 1 / 355687428096000.0,
		-1 / 1307674368000.0, 1 / 6227020800.0, -1 / 39916800.0, 1 / 362880.0, -1 / 5040.0,
		1 / 120.0, -1 / 6.0};
	static const double cc[] = {1 / 2432902008176640000.0, -1 / 6402373705728000.0,
		1 / 20922789888000.0, -1 / 87178291200.0, 1 / 479001600.0, -1 / 3628800.0,
		1 / 40320.0, -1 / 720.0, 1 / 24.0};
	double n, r, z, y;

	if (!(x >= -0x1p30 && x <= 0x1p30))
		return NAN;
	n = nearest(x * 0x1.45f306dc9c883p-1);
	r = fma(-n, 0x1.921fb54442d18p0, x);
	r = fma(-n, 0x1.1a62633145c07p-54, r);
	z = r * r;
	quarter += (int)((int64_t)n & 3);
	if (quarter & 1)
		y = 1 + fma(horner(z, cc, 9), z * z, -0.5 * z);
	else
		y = fma(horner(z, cs, 9) * z, r, r);
	return quarter & 2 ? -y : y;
}

double lep_sin(double x)
{
	return circle(x, 0);
}

double lep_cos(double x)
{
	return circle(x, 1);
}

/* Squaring, with the rounding errors carried along, so that large n keeps its
 * digits: high + low is the value. Where that overflows (infinity - infinity
 * in the low part), the plain product says what becomes of it. */
double lep_pow_int(double x, int64_t n)
{
	uint64_t k = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	double rh = 1, rl = 0, bh = x, bl = 0, h, l, plain = 1, base = x;

	for (; k > 0; k >>= 1) {
		if (k & 1) {
			h = rh * bh;
			l = fma(rh, bh, -h) + (rh * bl + rl * bh);
			rh = h + l;
			rl = h - rh + l;
			plain *= base;
		}
		h = bh * bh;
		l = fma(bh, bh, -h) + 2 * bh * bl;
		bh = h + l;
		bl = h - bh + l;
		base *= base;
	}
	h = rh - rh == 0 ? rh : plain;
	return n < 0 ? 1 / h : h;
}
