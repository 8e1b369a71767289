/* simd.h for AVX-512 (F, BW, DQ, VL): a vf is one zmm. */
#include <immintrin.h>

#define SIMD_WIDTH 16
#define SIMD_PANEL 64

typedef __m512 vf;
typedef __mmask16 vm;
typedef __m512i vi;
typedef struct {
	__m512d lo, hi;
} vd;

SIMD vm vm_first(size_t n)
{
	return (vm)((1u << n) - 1);
}

SIMD vf vf_load(const float *p)
{
	return _mm512_loadu_ps(p);
}

SIMD void vf_store(float *p, vf v)
{
	_mm512_storeu_ps(p, v);
}

SIMD vf vf_load_n(const float *p, size_t n)
{
	return _mm512_maskz_loadu_ps(vm_first(n), p);
}

SIMD void vf_store_n(float *p, vf v, size_t n)
{
	_mm512_mask_storeu_ps(p, vm_first(n), v);
}

SIMD vf vf_set1(float a)
{
	return _mm512_set1_ps(a);
}

SIMD vf vf_zero(void)
{
	return _mm512_setzero_ps();
}

SIMD vf vf_add(vf a, vf b)
{
	return _mm512_add_ps(a, b);
}

SIMD vf vf_sub(vf a, vf b)
{
	return _mm512_sub_ps(a, b);
}

SIMD vf vf_mul(vf a, vf b)
{
	return _mm512_mul_ps(a, b);
}

SIMD vf vf_div(vf a, vf b)
{
	return _mm512_div_ps(a, b);
}

SIMD vf vf_sqrt(vf a)
{
	return _mm512_sqrt_ps(a);
}

SIMD vf vf_fma(vf a, vf b, vf c)
{
	return _mm512_fmadd_ps(a, b, c);
}

SIMD vf vf_fnma(vf a, vf b, vf c)
{
	return _mm512_fnmadd_ps(a, b, c);
}

/* maxps is a > b ? a : b to the letter: b where a NaN or two zeros meet. */
SIMD vf vf_max(vf a, vf b)
{
	return _mm512_max_ps(a, b);
}

SIMD vf vf_min(vf a, vf b)
{
	return _mm512_min_ps(a, b);
}

SIMD vf vf_fms(vf a, vf b, vf c)
{
	return _mm512_fmsub_ps(a, b, c);
}

SIMD vf vf_neg(vf a)
{
	return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f));
}

SIMD vf vf_abs(vf a)
{
	return _mm512_abs_ps(a);
}

SIMD vm vf_gt(vf a, vf b)
{
	return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}

SIMD vm vf_lt(vf a, vf b)
{
	return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

SIMD vm vf_unordered(vf a, vf b)
{
	return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q);
}

SIMD vf vf_sel(vm m, vf a, vf b)
{
	return _mm512_mask_blend_ps(m, b, a);
}

SIMD float vf_hsum(vf a)
{
	__m256 s8 = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
	__m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
	__m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));

	return _mm_cvtss_f32(_mm_add_ss(s2, _mm_shuffle_ps(s2, s2, 1)));
}

SIMD float vf_hmax(vf a)
{
	__m256 s8 = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
	__m128 s4 = _mm_max_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
	__m128 s2 = _mm_max_ps(s4, _mm_movehl_ps(s4, s4));

	return _mm_cvtss_f32(_mm_max_ss(s2, _mm_shuffle_ps(s2, s2, 1)));
}

SIMD vi vi_bits(vf a)
{
	return _mm512_castps_si512(a);
}

SIMD vf vf_bits(vi a)
{
	return _mm512_castsi512_ps(a);
}

SIMD vf vf_int(vi a)
{
	return _mm512_cvtepi32_ps(a);
}

SIMD vi vi_set1(int32_t a)
{
	return _mm512_set1_epi32(a);
}

SIMD vi vi_add(vi a, vi b)
{
	return _mm512_add_epi32(a, b);
}

SIMD vi vi_sub(vi a, vi b)
{
	return _mm512_sub_epi32(a, b);
}

SIMD vi vi_and(vi a, vi b)
{
	return _mm512_and_si512(a, b);
}

SIMD vi vi_or(vi a, vi b)
{
	return _mm512_or_si512(a, b);
}

SIMD vi vi_xor(vi a, vi b)
{
	return _mm512_xor_si512(a, b);
}

SIMD vf vf_ldexp(vf a, vf n)
{
	return _mm512_scalef_ps(a, n);
}

SIMD vf vf_sign(vf a, vf x)
{
	return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(a), _mm512_castps_si512(x),
		_mm512_set1_epi32(INT32_MIN), 0xf8)); /* a | (x & the sign) */
}

SIMD void vf_zip(vf r[4])
{
	vf a = _mm512_unpacklo_ps(r[0], r[1]), b = _mm512_unpackhi_ps(r[0], r[1]);
	vf c = _mm512_unpacklo_ps(r[2], r[3]), d = _mm512_unpackhi_ps(r[2], r[3]);

	r[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(c)));
	r[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(c)));
	r[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(b), _mm512_castps_pd(d)));
	r[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(b), _mm512_castps_pd(d)));
}

SIMD void vf_zip_quarters(vf *r0, vf *r1, vf *r2, vf *r3)
{
	vf a = _mm512_shuffle_f32x4(*r0, *r1, 0x44), b = _mm512_shuffle_f32x4(*r0, *r1, 0xee);
	vf c = _mm512_shuffle_f32x4(*r2, *r3, 0x44), d = _mm512_shuffle_f32x4(*r2, *r3, 0xee);

	*r0 = _mm512_shuffle_f32x4(a, c, 0x88);
	*r1 = _mm512_shuffle_f32x4(a, c, 0xdd);
	*r2 = _mm512_shuffle_f32x4(b, d, 0x88);
	*r3 = _mm512_shuffle_f32x4(b, d, 0xdd);
}

SIMD vm vi_below(vi a, uint32_t b)
{
	return _mm512_cmplt_epu32_mask(a, _mm512_set1_epi32((int32_t)b));
}

SIMD void vi_mul_wide(vi a, uint32_t b, vi *high, vi *low)
{
	const vi m = _mm512_set1_epi64(b);
	vi even = _mm512_mul_epu32(a, m), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), m);

	*high = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
	*low = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
}

#define vi_sll(a, n) _mm512_slli_epi32(a, n)
#define vi_sra(a, n) _mm512_srai_epi32(a, n)

typedef __m512i vt;

SIMD vt vt_set1(uint32_t a)
{
	return _mm512_set1_epi32((int)a);
}

SIMD vt vt_sel(vm m, vt a, vt b)
{
	return _mm512_mask_blend_epi32(m, b, a);
}

SIMD vm vt_eq(vt a, vt b)
{
	return _mm512_cmpeq_epi32_mask(a, b);
}

SIMD void vt_store_n(uint16_t *p, vt v, size_t n)
{
	_mm256_mask_storeu_epi16(p, vm_first(n), _mm512_cvtepi32_epi16(v));
}

SIMD vt vt_load_n(const uint16_t *p, size_t n)
{
	return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(vm_first(n), p));
}

SIMD vd vd_zero(void)
{
	return (vd){_mm512_setzero_pd(), _mm512_setzero_pd()};
}

SIMD vd vd_load_n(const double *p, size_t n)
{
	vm m = vm_first(n);

	return (vd){_mm512_maskz_loadu_pd((__mmask8)m, p),
		_mm512_maskz_loadu_pd((__mmask8)(m >> 8), p + 8)};
}

SIMD void vd_store_n(double *p, vd v, size_t n)
{
	vm m = vm_first(n);

	_mm512_mask_storeu_pd(p, (__mmask8)m, v.lo);
	_mm512_mask_storeu_pd(p + 8, (__mmask8)(m >> 8), v.hi);
}

SIMD vd vd_add(vd a, vd b)
{
	return (vd){_mm512_add_pd(a.lo, b.lo), _mm512_add_pd(a.hi, b.hi)};
}

SIMD vd vd_fma(vd a, vd b, vd c)
{
	return (vd){_mm512_fmadd_pd(a.lo, b.lo, c.lo), _mm512_fmadd_pd(a.hi, b.hi, c.hi)};
}

SIMD vd vd_from(vf a)
{
	return (vd){_mm512_cvtps_pd(_mm512_castps512_ps256(a)),
		_mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1))};
}

SIMD double vd_hsum(vd a)
{
	__m512d s8 = _mm512_add_pd(a.lo, a.hi);
	__m256d s4 = _mm256_add_pd(_mm512_castpd512_pd256(s8), _mm512_extractf64x4_pd(s8, 1));
	__m128d s2 = _mm_add_pd(_mm256_castpd256_pd128(s4), _mm256_extractf128_pd(s4, 1));

	return _mm_cvtsd_f64(_mm_add_sd(s2, _mm_unpackhi_pd(s2, s2)));
}
