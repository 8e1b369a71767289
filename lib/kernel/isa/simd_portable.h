/*
 * simd.h on arrays of sixteen: what any compiler turns into whatever vector
 * registers the processor has. Also the double build (LEP_DOUBLE).
 */
#if defined(__SSE2__) && !defined(__FMA__)
#include <emmintrin.h>
#endif

#define SIMD_WIDTH 4
#define SIMD_PANEL 16

typedef struct {
	lep_real v[VL];
} vf;
typedef struct {
	int32_t v[VL];
} vm;
typedef struct {
	int32_t v[VL];
} vi;
typedef struct {
	uint16_t v[VL];
} vt;
typedef struct {
	double v[VL];
} vd;

#define LANES(i) for (size_t i = 0; i < VL; i++)
#define LANEWISE(type, expression) \
	do { \
		type r_; \
		LANES(i) r_.v[i] = expression; \
		return r_; \
	} while (0)

#ifdef LEP_DOUBLE
#define R_FMA(a, b, c) fma(a, b, c)
#define R_ABS(a) fabs(a)
#else
#define R_FMA(a, b, c) fmaf(a, b, c)
#define R_ABS(a) fabsf(a)
#endif

SIMD vm vm_first(size_t n)
{
	LANEWISE(vm, i < n);
}

SIMD vf vf_load(const lep_real *p)
{
	vf r;

	memcpy(&r, p, sizeof(r));
	return r;
}

SIMD void vf_store(lep_real *p, vf v)
{
	memcpy(p, &v, sizeof(v));
}

SIMD vf vf_load_n(const lep_real *p, size_t n)
{
	vf r = {{0}};

	memcpy(&r, p, n * sizeof(*p));
	return r;
}

SIMD void vf_store_n(lep_real *p, vf v, size_t n)
{
	memcpy(p, &v, n * sizeof(*p));
}

SIMD vf vf_set1(lep_real a)
{
	LANEWISE(vf, a);
}

SIMD vf vf_zero(void)
{
	return vf_set1(0);
}

SIMD vf vf_add(vf a, vf b)
{
	LANEWISE(vf, a.v[i] + b.v[i]);
}

SIMD vf vf_sub(vf a, vf b)
{
	LANEWISE(vf, a.v[i] - b.v[i]);
}

SIMD vf vf_mul(vf a, vf b)
{
	LANEWISE(vf, a.v[i] * b.v[i]);
}

SIMD vf vf_div(vf a, vf b)
{
	LANEWISE(vf, a.v[i] / b.v[i]);
}

SIMD vf vf_sqrt(vf a)
{
	LANEWISE(vf, R_SQRT(a.v[i]));
}

#if defined(__SSE2__) && !defined(__FMA__) && !defined(LEP_DOUBLE)
/*
 * A processor, or a build, without fused multiply-add: in double the product
 * is exact, and the sum, rounded to double and then to float, is right unless
 * the double lies halfway between two floats (its low 29 bits are 100...0), or
 * the result is denormal. Only then fmaf itself is asked.
 */
SIMD int fma_quarter(float *r, const float *a, const float *b, const float *c)
{
	const __m128 fa = _mm_loadu_ps(a), fb = _mm_loadu_ps(b), fc = _mm_loadu_ps(c);
	const __m128d s0 = _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(fa), _mm_cvtps_pd(fb)),
		_mm_cvtps_pd(fc));
	const __m128d s1 = _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(_mm_movehl_ps(fa, fa)),
		_mm_cvtps_pd(_mm_movehl_ps(fb, fb))), _mm_cvtps_pd(_mm_movehl_ps(fc, fc)));
	const __m128i low = _mm_castps_si128(_mm_shuffle_ps(_mm_castpd_ps(s0), _mm_castpd_ps(s1),
		0x88));
	const __m128i high = _mm_and_si128(_mm_castps_si128(_mm_shuffle_ps(_mm_castpd_ps(s0),
		_mm_castpd_ps(s1), 0xdd)), _mm_set1_epi32(0x7fffffff));
	const __m128i half = _mm_cmpeq_epi32(_mm_and_si128(low, _mm_set1_epi32(0x1fffffff)),
		_mm_set1_epi32(0x10000000));
	const __m128i tiny = _mm_cmplt_epi32(high, _mm_set1_epi32(0x38100000)); /* 2^-126 */
	const __m128i zero = _mm_cmpeq_epi32(_mm_or_si128(low, high), _mm_setzero_si128());

	_mm_storeu_ps(r, _mm_movelh_ps(_mm_cvtpd_ps(s0), _mm_cvtpd_ps(s1)));
	return _mm_movemask_epi8(_mm_or_si128(half, _mm_andnot_si128(zero, tiny)));
}

SIMD vf vf_fma(vf a, vf b, vf c)
{
	vf r;

	if (fma_quarter(r.v, a.v, b.v, c.v) | fma_quarter(r.v + 4, a.v + 4, b.v + 4, c.v + 4) |
	    fma_quarter(r.v + 8, a.v + 8, b.v + 8, c.v + 8) |
	    fma_quarter(r.v + 12, a.v + 12, b.v + 12, c.v + 12))
		LANES(i) r.v[i] = fmaf(a.v[i], b.v[i], c.v[i]);
	return r;
}
#else
SIMD vf vf_fma(vf a, vf b, vf c)
{
	LANEWISE(vf, R_FMA(a.v[i], b.v[i], c.v[i]));
}
#endif


SIMD vf vf_max(vf a, vf b)
{
	LANEWISE(vf, a.v[i] > b.v[i] ? a.v[i] : b.v[i]);
}

SIMD vf vf_neg(vf a)
{
	LANEWISE(vf, -a.v[i]);
}

SIMD vf vf_fnma(vf a, vf b, vf c)
{
	return vf_fma(vf_neg(a), b, c);
}

SIMD vf vf_abs(vf a)
{
	LANEWISE(vf, R_ABS(a.v[i]));
}

SIMD vm vf_gt(vf a, vf b)
{
	LANEWISE(vm, a.v[i] > b.v[i]);
}

SIMD vm vf_lt(vf a, vf b)
{
	LANEWISE(vm, a.v[i] < b.v[i]);
}

SIMD vm vf_unordered(vf a, vf b)
{
	LANEWISE(vm, a.v[i] != a.v[i] || b.v[i] != b.v[i]);
}

SIMD vf vf_sel(vm m, vf a, vf b)
{
	LANEWISE(vf, m.v[i] ? a.v[i] : b.v[i]);
}

SIMD lep_real vf_hsum(vf a)
{
	for (size_t h = VL / 2; h > 0; h /= 2)
		for (size_t i = 0; i < h; i++)
			a.v[i] += a.v[i + h];
	return a.v[0];
}

SIMD lep_real vf_hmax(vf a)
{
	for (size_t h = VL / 2; h > 0; h /= 2)
		for (size_t i = 0; i < h; i++)
			a.v[i] = a.v[i] > a.v[i + h] ? a.v[i] : a.v[i + h];
	return a.v[0];
}

#ifndef LEP_DOUBLE
SIMD vi vi_bits(vf a)
{
	vi r;

	memcpy(&r, &a, sizeof(r));
	return r;
}

SIMD vf vf_bits(vi a)
{
	vf r;

	memcpy(&r, &a, sizeof(r));
	return r;
}

SIMD vf vf_int(vi a)
{
	LANEWISE(vf, (float)a.v[i]);
}

SIMD vi vi_set1(int32_t a)
{
	LANEWISE(vi, a);
}

/* In unsigned, so that wrapping is defined. */
SIMD vi vi_add(vi a, vi b)
{
	LANEWISE(vi, (int32_t)((uint32_t)a.v[i] + (uint32_t)b.v[i]));
}

SIMD vi vi_sub(vi a, vi b)
{
	LANEWISE(vi, (int32_t)((uint32_t)a.v[i] - (uint32_t)b.v[i]));
}

SIMD vi vi_and(vi a, vi b)
{
	LANEWISE(vi, a.v[i] & b.v[i]);
}

SIMD vi vi_or(vi a, vi b)
{
	LANEWISE(vi, a.v[i] | b.v[i]);
}

SIMD vi vi_xor(vi a, vi b)
{
	LANEWISE(vi, a.v[i] ^ b.v[i]);
}

SIMD vi vi_sll(vi a, int n)
{
	LANEWISE(vi, (int32_t)((uint32_t)a.v[i] << n));
}

/* Every compiler we know shifts the sign in. */
SIMD vi vi_sra(vi a, int n)
{
	LANEWISE(vi, a.v[i] >> n);
}
#endif

SIMD vt vt_set1(uint32_t a)
{
	LANEWISE(vt, (uint16_t)a);
}

SIMD vt vt_sel(vm m, vt a, vt b)
{
	LANEWISE(vt, m.v[i] ? a.v[i] : b.v[i]);
}

SIMD vm vt_eq(vt a, vt b)
{
	LANEWISE(vm, a.v[i] == b.v[i]);
}

SIMD void vt_store_n(uint16_t *p, vt v, size_t n)
{
	memcpy(p, &v, n * sizeof(*p));
}

SIMD vt vt_load_n(const uint16_t *p, size_t n)
{
	vt r = {{0}};

	memcpy(&r, p, n * sizeof(*p));
	return r;
}

SIMD vd vd_zero(void)
{
	LANEWISE(vd, 0);
}

SIMD vd vd_load_n(const double *p, size_t n)
{
	vd r = {{0}};

	memcpy(&r, p, n * sizeof(*p));
	return r;
}

SIMD void vd_store_n(double *p, vd v, size_t n)
{
	memcpy(p, &v, n * sizeof(*p));
}

SIMD vd vd_add(vd a, vd b)
{
	LANEWISE(vd, a.v[i] + b.v[i]);
}

SIMD vd vd_fma(vd a, vd b, vd c)
{
	LANEWISE(vd, fma(a.v[i], b.v[i], c.v[i]));
}

SIMD vd vd_from(vf a)
{
	LANEWISE(vd, (double)a.v[i]);
}

SIMD double vd_hsum(vd a)
{
	for (size_t h = VL / 2; h > 0; h /= 2)
		for (size_t i = 0; i < h; i++)
			a.v[i] += a.v[i + h];
	return a.v[0];
}
