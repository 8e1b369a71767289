/*
 * simd.h on arrays of sixteen: what any compiler turns into whatever vector
 * registers the processor has. Also the double build (LEP_DOUBLE).
 */
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

SIMD vf vf_fma(vf a, vf b, vf c)
{
	LANEWISE(vf, R_FMA(a.v[i], b.v[i], c.v[i]));
}

SIMD vf vf_fnma(vf a, vf b, vf c)
{
	LANEWISE(vf, R_FMA(-a.v[i], b.v[i], c.v[i]));
}

SIMD vf vf_max(vf a, vf b)
{
	LANEWISE(vf, a.v[i] > b.v[i] ? a.v[i] : b.v[i]);
}

SIMD vf vf_neg(vf a)
{
	LANEWISE(vf, -a.v[i]);
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
