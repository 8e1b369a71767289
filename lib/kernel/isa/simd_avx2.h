/* simd.h for AVX2 with FMA: a vf is two ymm, a vm two ymm of all-ones lanes. */
#include <immintrin.h>

#define SIMD_WIDTH 8
#define SIMD_PANEL 16
#define SIMD_FOURS 1

typedef struct {
	__m256 lo, hi;
} vf;
typedef struct {
	__m256 lo, hi;
} vm;
typedef struct {
	__m256i lo, hi;
} vi;
typedef struct {
	__m256d q[4];
} vd;

/* All ones in lanes below n: a window into this row of ones and zeros. */
SIMD vi vi_first(size_t n)
{
	static const int32_t ones[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
		-1, -1};
	const int32_t *p = ones + 16 - n;

	return (vi){_mm256_loadu_si256((const __m256i *)(const void *)p),
		_mm256_loadu_si256((const __m256i *)(const void *)(p + 8))};
}

SIMD vm vm_first(size_t n)
{
	vi m = vi_first(n);

	return (vm){_mm256_castsi256_ps(m.lo), _mm256_castsi256_ps(m.hi)};
}

SIMD vf vf_load(const float *p)
{
	return (vf){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

SIMD void vf_store(float *p, vf v)
{
	_mm256_storeu_ps(p, v.lo);
	_mm256_storeu_ps(p + 8, v.hi);
}

SIMD vf vf_load_n(const float *p, size_t n)
{
	vi m = vi_first(n);

	return (vf){_mm256_maskload_ps(p, m.lo), _mm256_maskload_ps(p + 8, m.hi)};
}

SIMD void vf_store_n(float *p, vf v, size_t n)
{
	vi m = vi_first(n);

	_mm256_maskstore_ps(p, m.lo, v.lo);
	_mm256_maskstore_ps(p + 8, m.hi, v.hi);
}

SIMD vf vf_set1(float a)
{
	return (vf){_mm256_set1_ps(a), _mm256_set1_ps(a)};
}

SIMD vf vf_zero(void)
{
	return (vf){_mm256_setzero_ps(), _mm256_setzero_ps()};
}

SIMD vf vf_add(vf a, vf b)
{
	return (vf){_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}

SIMD vf vf_sub(vf a, vf b)
{
	return (vf){_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}

SIMD vf vf_mul(vf a, vf b)
{
	return (vf){_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}

SIMD vf vf_div(vf a, vf b)
{
	return (vf){_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}

SIMD vf vf_sqrt(vf a)
{
	return (vf){_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)};
}

SIMD vf vf_fma(vf a, vf b, vf c)
{
	return (vf){_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}

/* Compilers left to choose among the forms of the instruction let sums wander
 * through registers, and run out of them. */
SIMD void vf_fma_onto(vf *c, vf a, vf b)
{
	__asm__("vfmadd231ps %1, %2, %0" : "+x"(c->lo) : "x"(b.lo), "x"(a.lo));
	__asm__("vfmadd231ps %1, %2, %0" : "+x"(c->hi) : "x"(b.hi), "x"(a.hi));
}

SIMD vf vf_fnma(vf a, vf b, vf c)
{
	return (vf){_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}

/* maxps is a > b ? a : b to the letter: b where a NaN or two zeros meet. */
SIMD vf vf_max(vf a, vf b)
{
	return (vf){_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}

SIMD vf vf_min(vf a, vf b)
{
	return (vf){_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}

SIMD vf vf_fms(vf a, vf b, vf c)
{
	return (vf){_mm256_fmsub_ps(a.lo, b.lo, c.lo), _mm256_fmsub_ps(a.hi, b.hi, c.hi)};
}

SIMD vf vf_neg(vf a)
{
	__m256 s = _mm256_set1_ps(-0.0f);

	return (vf){_mm256_xor_ps(a.lo, s), _mm256_xor_ps(a.hi, s)};
}

SIMD vf vf_abs(vf a)
{
	__m256 s = _mm256_set1_ps(-0.0f);

	return (vf){_mm256_andnot_ps(s, a.lo), _mm256_andnot_ps(s, a.hi)};
}

SIMD vm vf_gt(vf a, vf b)
{
	return (vm){_mm256_cmp_ps(a.lo, b.lo, _CMP_GT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_GT_OQ)};
}

SIMD vm vf_lt(vf a, vf b)
{
	return (vm){_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
}

SIMD vm vf_unordered(vf a, vf b)
{
	return (vm){_mm256_cmp_ps(a.lo, b.lo, _CMP_UNORD_Q),
		_mm256_cmp_ps(a.hi, b.hi, _CMP_UNORD_Q)};
}

SIMD vf vf_sel(vm m, vf a, vf b)
{
	return (vf){_mm256_blendv_ps(b.lo, a.lo, m.lo), _mm256_blendv_ps(b.hi, a.hi, m.hi)};
}

SIMD float vf_hsum(vf a)
{
	__m256 s8 = _mm256_add_ps(a.lo, a.hi);
	__m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
	__m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));

	return _mm_cvtss_f32(_mm_add_ss(s2, _mm_shuffle_ps(s2, s2, 1)));
}

SIMD float vf_hmax(vf a)
{
	__m256 s8 = _mm256_max_ps(a.lo, a.hi);
	__m128 s4 = _mm_max_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
	__m128 s2 = _mm_max_ps(s4, _mm_movehl_ps(s4, s4));

	return _mm_cvtss_f32(_mm_max_ss(s2, _mm_shuffle_ps(s2, s2, 1)));
}

SIMD vi vi_bits(vf a)
{
	return (vi){_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)};
}

SIMD vf vf_bits(vi a)
{
	return (vf){_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi)};
}

SIMD vf vf_int(vi a)
{
	return (vf){_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)};
}

SIMD vi vi_set1(int32_t a)
{
	return (vi){_mm256_set1_epi32(a), _mm256_set1_epi32(a)};
}

#define VI_BOTH(name, op) \
	SIMD vi name(vi a, vi b) \
	{ \
		return (vi){op(a.lo, b.lo), op(a.hi, b.hi)}; \
	}
VI_BOTH(vi_add, _mm256_add_epi32)
VI_BOTH(vi_sub, _mm256_sub_epi32)
VI_BOTH(vi_and, _mm256_and_si256)
VI_BOTH(vi_or, _mm256_or_si256)
VI_BOTH(vi_xor, _mm256_xor_si256)

#define vi_sll(a, n) ((vi){_mm256_slli_epi32((a).lo, n), _mm256_slli_epi32((a).hi, n)})
#define vi_sra(a, n) ((vi){_mm256_srai_epi32((a).lo, n), _mm256_srai_epi32((a).hi, n)})

SIMD void zip(__m256 *r0, __m256 *r1, __m256 *r2, __m256 *r3)
{
	__m256d a = _mm256_castps_pd(_mm256_unpacklo_ps(*r0, *r1)), b = _mm256_castps_pd(_mm256_unpackhi_ps(*r0, *r1));
	__m256d c = _mm256_castps_pd(_mm256_unpacklo_ps(*r2, *r3)), d = _mm256_castps_pd(_mm256_unpackhi_ps(*r2, *r3));

	*r0 = _mm256_castpd_ps(_mm256_unpacklo_pd(a, c));
	*r1 = _mm256_castpd_ps(_mm256_unpackhi_pd(a, c));
	*r2 = _mm256_castpd_ps(_mm256_unpacklo_pd(b, d));
	*r3 = _mm256_castpd_ps(_mm256_unpackhi_pd(b, d));
}

SIMD void vf_zip(vf r[4])
{
	zip(&r[0].lo, &r[1].lo, &r[2].lo, &r[3].lo);
	zip(&r[0].hi, &r[1].hi, &r[2].hi, &r[3].hi);
}

SIMD void vf_zip_quarters(vf *r0, vf *r1, vf *r2, vf *r3)
{
	vf a = {_mm256_permute2f128_ps(r0->lo, r1->lo, 0x20), _mm256_permute2f128_ps(r2->lo, r3->lo, 0x20)};
	vf b = {_mm256_permute2f128_ps(r0->lo, r1->lo, 0x31), _mm256_permute2f128_ps(r2->lo, r3->lo, 0x31)};
	vf c = {_mm256_permute2f128_ps(r0->hi, r1->hi, 0x20), _mm256_permute2f128_ps(r2->hi, r3->hi, 0x20)};
	vf d = {_mm256_permute2f128_ps(r0->hi, r1->hi, 0x31), _mm256_permute2f128_ps(r2->hi, r3->hi, 0x31)};

	*r0 = a;
	*r1 = b;
	*r2 = c;
	*r3 = d;
}

SIMD vm vi_below(vi a, uint32_t b)
{
	const __m256i top = _mm256_set1_epi32(INT32_MIN), m = _mm256_set1_epi32((int32_t)(b ^ 0x80000000));

	return (vm){_mm256_castsi256_ps(_mm256_cmpgt_epi32(m, _mm256_xor_si256(a.lo, top))),
		_mm256_castsi256_ps(_mm256_cmpgt_epi32(m, _mm256_xor_si256(a.hi, top)))};
}

SIMD void mul_wide(__m256i a, __m256i m, __m256i *high, __m256i *low)
{
	__m256i even = _mm256_mul_epu32(a, m), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), m);

	*high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
	*low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}

SIMD void vi_mul_wide(vi a, uint32_t b, vi *high, vi *low)
{
	const __m256i m = _mm256_set1_epi64x(b);

	mul_wide(a.lo, m, &high->lo, &low->lo);
	mul_wide(a.hi, m, &high->hi, &low->hi);
}

/* The first of two factors goes into the exponent of a, which has the room; a
 * NaN's n becomes INT32_MIN, which leaves it alone. */
SIMD vf vf_ldexp(vf a, vf n)
{
	vi i = {_mm256_cvtps_epi32(n.lo), _mm256_cvtps_epi32(n.hi)};
	vi h = vi_sra(i, 1), one = vi_set1(127 << 23);
	vf p = vf_bits(vi_add(vi_bits(a), vi_sll(h, 23)));

	return vf_mul(p, vf_bits(vi_add(one, vi_sll(vi_sub(i, h), 23))));
}

SIMD vf vf_sign(vf a, vf x)
{
	__m256 s = _mm256_set1_ps(-0.0f);

	return (vf){_mm256_or_ps(a.lo, _mm256_and_ps(x.lo, s)), _mm256_or_ps(a.hi, _mm256_and_ps(x.hi, s))};
}

typedef vi vt;

SIMD vt vt_set1(uint32_t a)
{
	return vi_set1((int32_t)a);
}

SIMD vt vt_sel(vm m, vt a, vt b)
{
	return vi_bits(vf_sel(m, vf_bits(a), vf_bits(b)));
}

SIMD vm vt_eq(vt a, vt b)
{
	return (vm){_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.lo, b.lo)),
		_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.hi, b.hi))};
}

SIMD void vt_store_n(uint16_t *p, vt v, size_t n)
{
	/* packus works within 128-bit halves; the permutation undoes that */
	__m256i s = _mm256_permute4x64_epi64(_mm256_packus_epi32(v.lo, v.hi), 0xd8);
	uint16_t t[VL];

	if (n >= VL) {
		_mm256_storeu_si256((__m256i *)(void *)p, s);
		return;
	}
	_mm256_storeu_si256((__m256i *)(void *)t, s);
	memcpy(p, t, n * sizeof(*p));
}

SIMD vt vt_load_n(const uint16_t *p, size_t n)
{
	uint16_t t[VL] = {0};

	if (n < VL) {
		memcpy(t, p, n * sizeof(*p));
		p = t;
	}
	return (vt){_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)),
		_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p + 8)))};
}

SIMD vd vd_zero(void)
{
	__m256d z = _mm256_setzero_pd();

	return (vd){{z, z, z, z}};
}

SIMD vd vd_load_n(const double *p, size_t n)
{
	double t[VL] = {0};

	if (n < VL) {
		memcpy(t, p, n * sizeof(*p));
		p = t;
	}
	return (vd){{_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4), _mm256_loadu_pd(p + 8),
		_mm256_loadu_pd(p + 12)}};
}

SIMD void vd_store_n(double *p, vd v, size_t n)
{
	double t[VL];
	double *q = n < VL ? t : p;

	_mm256_storeu_pd(q, v.q[0]);
	_mm256_storeu_pd(q + 4, v.q[1]);
	_mm256_storeu_pd(q + 8, v.q[2]);
	_mm256_storeu_pd(q + 12, v.q[3]);
	if (n < VL)
		memcpy(p, t, n * sizeof(*p));
}

SIMD vd vd_add(vd a, vd b)
{
	return (vd){{_mm256_add_pd(a.q[0], b.q[0]), _mm256_add_pd(a.q[1], b.q[1]),
		_mm256_add_pd(a.q[2], b.q[2]), _mm256_add_pd(a.q[3], b.q[3])}};
}

SIMD vd vd_fma(vd a, vd b, vd c)
{
	return (vd){{_mm256_fmadd_pd(a.q[0], b.q[0], c.q[0]),
		_mm256_fmadd_pd(a.q[1], b.q[1], c.q[1]),
		_mm256_fmadd_pd(a.q[2], b.q[2], c.q[2]),
		_mm256_fmadd_pd(a.q[3], b.q[3], c.q[3])}};
}

SIMD vd vd_from(vf a)
{
	return (vd){{_mm256_cvtps_pd(_mm256_castps256_ps128(a.lo)),
		_mm256_cvtps_pd(_mm256_extractf128_ps(a.lo, 1)),
		_mm256_cvtps_pd(_mm256_castps256_ps128(a.hi)),
		_mm256_cvtps_pd(_mm256_extractf128_ps(a.hi, 1))}};
}

SIMD double vd_hsum(vd a)
{
	__m256d s4 = _mm256_add_pd(_mm256_add_pd(a.q[0], a.q[2]), _mm256_add_pd(a.q[1], a.q[3]));
	__m128d s2 = _mm_add_pd(_mm256_castpd256_pd128(s4), _mm256_extractf128_pd(s4, 1));

	return _mm_cvtsd_f64(_mm_add_sd(s2, _mm_unpackhi_pd(s2, s2)));
}
