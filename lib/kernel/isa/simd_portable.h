/*
 * simd.h on the compiler's own vectors of sixteen bytes, and lane by lane where
 * those cannot say it: for any processor. Only the fused multiply-add has more
 * than one text. Also the double build (LEP_DOUBLE).
 */
#if defined(__aarch64__) && !defined(LEP_DOUBLE)
#include <arm_neon.h>
#define QUARTER_NEON
#elif defined(__SSE2__) && !defined(__FMA__) && !defined(LEP_DOUBLE)
#include <emmintrin.h>
#define QUARTER_SSE2
#endif

#define SIMD_WIDTH 4
#define SIMD_PANEL 16

/* With a sanitizer's checks in each lane, inlining all of it takes minutes. */
#ifdef SIMD_SANITIZED
#undef SIMD
#define SIMD static __attribute__((noinline, unused))
#endif

/* Sixteen bytes: what a register holds nearly everywhere. */
typedef lep_real quarter __attribute__((vector_size(16)));
#define QUARTER ((size_t)(16 / sizeof(lep_real)))
#define QUARTERS (VL / QUARTER)

typedef struct {
	quarter q[VL / (16 / sizeof(lep_real))];
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

/* The same reals one by one, for what vectors of the compiler cannot say. */
typedef struct {
	lep_real v[VL];
} lanes;

SIMD lanes vf_lanes(vf a)
{
	lanes r;

	memcpy(&r, &a, sizeof(r));
	return r;
}

SIMD vf lanes_vf(lanes a)
{
	vf r;

	memcpy(&r, &a, sizeof(r));
	return r;
}

#define EACH_QUARTER(i) UNROLL for (size_t i = 0; i < QUARTERS; i++)
#define QUARTERWISE(expression) \
	do { \
		vf r_; \
		EACH_QUARTER(i) r_.q[i] = expression; \
		return r_; \
	} while (0)
#define LANES(i) for (size_t i = 0; i < VL; i++)
#define LANEWISE(type, expression) \
	do { \
		type r_; \
		LANES(i) r_.v[i] = expression; \
		return r_; \
	} while (0)
#define REALWISE(expression) \
	do { \
		lanes r_; \
		LANES(i) r_.v[i] = expression; \
		return lanes_vf(r_); \
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

	EACH_QUARTER(i) memcpy(&r.q[i], p + i * QUARTER, sizeof(r.q[i]));
	return r;
}

SIMD void vf_store(lep_real *p, vf v)
{
	EACH_QUARTER(i) memcpy(p + i * QUARTER, &v.q[i], sizeof(v.q[i]));
}

SIMD vf vf_load_n(const lep_real *p, size_t n)
{
	lanes r = {{0}};

	memcpy(&r, p, n * sizeof(*p));
	return lanes_vf(r);
}

SIMD void vf_store_n(lep_real *p, vf v, size_t n)
{
	lanes r = vf_lanes(v);

	memcpy(p, &r, n * sizeof(*p));
}

SIMD vf vf_set1(lep_real a)
{
#ifdef LEP_DOUBLE
	QUARTERWISE(((quarter){a, a}));
#else
	QUARTERWISE(((quarter){a, a, a, a}));
#endif
}

SIMD vf vf_zero(void)
{
	return vf_set1(0);
}

SIMD vf vf_add(vf a, vf b)
{
	QUARTERWISE(a.q[i] + b.q[i]);
}

SIMD vf vf_sub(vf a, vf b)
{
	QUARTERWISE(a.q[i] - b.q[i]);
}

SIMD vf vf_mul(vf a, vf b)
{
	QUARTERWISE(a.q[i] * b.q[i]);
}

SIMD vf vf_div(vf a, vf b)
{
	QUARTERWISE(a.q[i] / b.q[i]);
}

SIMD vf vf_neg(vf a)
{
	QUARTERWISE(-a.q[i]);
}

SIMD vf vf_sqrt(vf a)
{
	const lanes x = vf_lanes(a);

	REALWISE(R_SQRT(x.v[i]));
}

#if defined(QUARTER_NEON)
SIMD vf vf_fma(vf a, vf b, vf c)
{
	QUARTERWISE((quarter)vfmaq_f32((float32x4_t)c.q[i], (float32x4_t)a.q[i], (float32x4_t)b.q[i]));
}
#elif defined(QUARTER_SSE2)
/*
 * A processor, or a build, without fused multiply-add: in double the product
 * is exact, and the sum, rounded to double and then to float, is right unless
 * the double lies halfway between two floats (its low 29 bits are 100...0), or
 * the result is denormal. Only then (a bit of *doubt) fmaf itself is asked.
 */
SIMD quarter fma_quarter(quarter a, quarter b, quarter c, __m128i *doubt)
{
	const __m128 fa = (__m128)a, fb = (__m128)b, fc = (__m128)c;
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

	*doubt = _mm_or_si128(*doubt, _mm_or_si128(half, _mm_andnot_si128(zero, tiny)));
	return (quarter)_mm_movelh_ps(_mm_cvtpd_ps(s0), _mm_cvtpd_ps(s1));
}

SIMD vf vf_fma(vf a, vf b, vf c)
{
	__m128i doubt = _mm_setzero_si128();
	vf r;

	EACH_QUARTER(i) r.q[i] = fma_quarter(a.q[i], b.q[i], c.q[i], &doubt);
	if (__builtin_expect(_mm_movemask_epi8(doubt), 0)) {
		const lanes x = vf_lanes(a), y = vf_lanes(b), z = vf_lanes(c);

		REALWISE(fmaf(x.v[i], y.v[i], z.v[i]));
	}
	return r;
}
#else
SIMD vf vf_fma(vf a, vf b, vf c)
{
	const lanes x = vf_lanes(a), y = vf_lanes(b), z = vf_lanes(c);

	REALWISE(R_FMA(x.v[i], y.v[i], z.v[i]));
}
#endif

SIMD vf vf_fnma(vf a, vf b, vf c)
{
	return vf_fma(vf_neg(a), b, c);
}

SIMD vf vf_max(vf a, vf b)
{
	const lanes x = vf_lanes(a), y = vf_lanes(b);

	REALWISE(x.v[i] > y.v[i] ? x.v[i] : y.v[i]);
}

SIMD vf vf_min(vf a, vf b)
{
	const lanes x = vf_lanes(a), y = vf_lanes(b);

	REALWISE(x.v[i] < y.v[i] ? x.v[i] : y.v[i]);
}

SIMD vf vf_fms(vf a, vf b, vf c)
{
	return vf_fma(a, b, vf_neg(c));
}

SIMD vf vf_abs(vf a)
{
	const lanes x = vf_lanes(a);

	REALWISE(R_ABS(x.v[i]));
}

SIMD vm vf_gt(vf a, vf b)
{
	const lanes x = vf_lanes(a), y = vf_lanes(b);

	LANEWISE(vm, x.v[i] > y.v[i]);
}

SIMD vm vf_lt(vf a, vf b)
{
	return vf_gt(b, a);
}

SIMD vm vf_unordered(vf a, vf b)
{
	const lanes x = vf_lanes(a), y = vf_lanes(b);

	LANEWISE(vm, x.v[i] != x.v[i] || y.v[i] != y.v[i]);
}

SIMD vf vf_sel(vm m, vf a, vf b)
{
	const lanes x = vf_lanes(a), y = vf_lanes(b);

	REALWISE(m.v[i] ? x.v[i] : y.v[i]);
}

SIMD lep_real vf_hsum(vf a)
{
	lanes x = vf_lanes(a);

	for (size_t h = VL / 2; h > 0; h /= 2)
		for (size_t i = 0; i < h; i++)
			x.v[i] += x.v[i + h];
	return x.v[0];
}

SIMD lep_real vf_hmax(vf a)
{
	lanes x = vf_lanes(a);

	for (size_t h = VL / 2; h > 0; h /= 2)
		for (size_t i = 0; i < h; i++)
			x.v[i] = x.v[i] > x.v[i + h] ? x.v[i] : x.v[i + h];
	return x.v[0];
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
	REALWISE((float)a.v[i]);
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

/* Adding 1.5 * 2^23 leaves n in the low bits; a NaN stays one whatever those of
 * its n make the factors. */
SIMD vf vf_ldexp(vf a, vf n)
{
	const vf magic = vf_set1(12582912.0f);
	vi i = vi_sub(vi_bits(vf_add(n, magic)), vi_bits(magic)), h = vi_sra(i, 1);

	a = vf_mul(a, vf_bits(vi_sll(vi_add(h, vi_set1(127)), 23)));
	return vf_mul(a, vf_bits(vi_sll(vi_add(vi_sub(i, h), vi_set1(127)), 23)));
}

SIMD vf vf_sign(vf a, vf x)
{
	return vf_bits(vi_or(vi_bits(a), vi_and(vi_bits(x), vi_set1(INT32_MIN))));
}
#endif

SIMD void vf_zip(vf r[4])
{
	lanes a[4];

	for (size_t k = 0; k < 4; k++)
		a[k] = vf_lanes(r[k]);
	for (size_t k = 0; k < 4; k++) {
		lanes z;

		LANES(i) z.v[i] = a[i % 4].v[i / 4 * 4 + k];
		r[k] = lanes_vf(z);
	}
}

SIMD void vf_zip_quarters(vf *r0, vf *r1, vf *r2, vf *r3)
{
	vf *r[4] = {r0, r1, r2, r3};
	lanes a[4];

	for (size_t k = 0; k < 4; k++)
		a[k] = vf_lanes(*r[k]);
	for (size_t k = 0; k < 4; k++) {
		lanes z;

		LANES(i) z.v[i] = a[i / 4].v[4 * k + i % 4];
		*r[k] = lanes_vf(z);
	}
}

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
	const lanes x = vf_lanes(a);

	LANEWISE(vd, (double)x.v[i]);
}

SIMD double vd_hsum(vd a)
{
	for (size_t h = VL / 2; h > 0; h /= 2)
		for (size_t i = 0; i < h; i++)
			a.v[i] += a.v[i + h];
	return a.v[0];
}
