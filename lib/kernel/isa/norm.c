/* Layer norm, RMS norm, and the passes that batch norm is made of. */
#include "kernel/isa/isa.h"

void ISA(layernorm_forward)(lep_real *y, lep_real *mean, lep_real *inv, const lep_real *x,
	const lep_real *gamma, const lep_real *beta, size_t rows, size_t n, lep_real eps)
{
	size_t r, i, m;

	for (r = 0; r < rows; r++, x += n, y += n) {
		lep_real mu = ISA(sum)(x, n) / R(n), iv;
		vf centre = vf_set1(mu), s = vf_zero(), width, d;

		for (i = 0; i < n; i += VL) {
			m = n - i < VL ? n - i : VL;
			d = vf_sub(vf_load_upto(x + i, m), centre);
			d = vf_sel(vm_first(m), d, vf_zero());
			s = vf_fma(d, d, s);
		}
		iv = R(1) / R_SQRT(vf_hsum(s) / R(n) + eps);
		if (mean)
			mean[r] = mu;
		if (inv)
			inv[r] = iv;
		width = vf_set1(iv);
		for (i = 0; i < n; i += VL) {
			m = n - i;
			d = vf_mul(vf_sub(vf_load_upto(x + i, m), centre), width);
			if (gamma)
				d = vf_mul(d, vf_load_upto(gamma + i, m));
			if (beta)
				d = vf_add(d, vf_load_upto(beta + i, m));
			vf_store_upto(y + i, d, m);
		}
	}
}

void ISA(layernorm_backward)(lep_real *dx, lep_real *dgamma, lep_real *dbeta, const lep_real *dy,
	const lep_real *x, const lep_real *mean, const lep_real *inv, const lep_real *gamma,
	size_t rows, size_t n)
{
	const vf one = vf_set1(R(1));
	size_t r, i, m;

	for (r = 0; r < rows; r++, x += n, dx += n, dy += n) {
		const vf mu = vf_set1(mean[r]), iv = vf_set1(inv[r]);
		vf sg = vf_zero(), sgx = vf_zero(), mg, mgx;

		/* g = dy gamma; dx = inv (g - mean(g) - xhat mean(g xhat)) */
		for (i = 0; i < n; i += VL) {
			m = n - i < VL ? n - i : VL;
			vf xh = vf_mul(vf_sub(vf_load_upto(x + i, m), mu), iv);
			vf d = vf_load_upto(dy + i, m);
			vf g = vf_mul(d, gamma ? vf_load_upto(gamma + i, m) : one);

			/* a missing lane has g = 0 */
			sg = vf_add(sg, g);
			sgx = vf_fma(g, vf_sel(vm_first(m), xh, vf_zero()), sgx);
			if (dgamma)
				vf_store_upto(dgamma + i, vf_fma(d, xh, vf_load_upto(dgamma + i, m)), m);
			if (dbeta)
				vf_store_upto(dbeta + i, vf_add(vf_load_upto(dbeta + i, m), d), m);
		}
		mg = vf_set1(vf_hsum(sg) / R(n));
		mgx = vf_set1(vf_hsum(sgx) / R(n));
		for (i = 0; i < n; i += VL) {
			m = n - i;
			vf xh = vf_mul(vf_sub(vf_load_upto(x + i, m), mu), iv);
			vf g = vf_mul(vf_load_upto(dy + i, m),
				gamma ? vf_load_upto(gamma + i, m) : one);

			vf_store_upto(dx + i, vf_mul(iv, vf_fnma(xh, mgx, vf_sub(g, mg))), m);
		}
	}
}

void ISA(rmsnorm_forward)(lep_real *y, lep_real *inv, const lep_real *x, const lep_real *gamma,
	size_t rows, size_t n, lep_real eps)
{
	for (size_t r = 0; r < rows; r++, x += n, y += n) {
		lep_real iv = R(1) / R_SQRT(ISA(dot)(x, x, n) / R(n) + eps);
		vf width = vf_set1(iv);

		if (inv)
			inv[r] = iv;
		for (size_t i = 0; i < n; i += VL)
			vf_store_upto(y + i, vf_mul(vf_mul(vf_load_upto(x + i, n - i), width),
				vf_load_upto(gamma + i, n - i)), n - i);
	}
}

void ISA(rmsnorm_backward)(lep_real *dx, lep_real *dgamma, const lep_real *dy, const lep_real *x,
	const lep_real *inv, const lep_real *gamma, size_t rows, size_t n)
{
	size_t r, i, m;

	for (r = 0; r < rows; r++, x += n, dx += n, dy += n) {
		const vf iv = vf_set1(inv[r]);
		vf sgx = vf_zero(), mgx;

		/* g = dy gamma; dx = inv (g - xhat mean(g xhat)); a missing lane has g = 0 */
		for (i = 0; i < n; i += VL) {
			m = n - i;
			vf xh = vf_mul(vf_load_upto(x + i, m), iv), d = vf_load_upto(dy + i, m);

			sgx = vf_fma(vf_mul(d, vf_load_upto(gamma + i, m)), xh, sgx);
			if (dgamma)
				vf_store_upto(dgamma + i, vf_fma(d, xh, vf_load_upto(dgamma + i, m)), m);
		}
		mgx = vf_set1(vf_hsum(sgx) / R(n));
		for (i = 0; i < n; i += VL) {
			m = n - i;
			vf xh = vf_mul(vf_load_upto(x + i, m), iv);
			vf g = vf_mul(vf_load_upto(dy + i, m), vf_load_upto(gamma + i, m));

			vf_store_upto(dx + i, vf_mul(iv, vf_fnma(xh, mgx, g)), m);
		}
	}
}

/*
 * Sums over rows go down some vectors of channels at once, which wait for none of
 * each other; what is done to each value goes along the rows.
 */
#define STRIP 4

/* Calls a strip of so many vectors, or of one with m channels, as constants where they can be. */
#define EACH_STRIP(f, c, ...) \
	do { \
		size_t j = 0; \
\
		for (; j + STRIP * VL <= (c); j += STRIP * VL) \
			f(STRIP, VL, j, __VA_ARGS__); \
		for (; j + VL <= (c); j += VL) \
			f(1, VL, j, __VA_ARGS__); \
		if (j < (c)) \
			f(1, (c) - j, j, __VA_ARGS__); \
	} while (0)

SIMD void sums_strip(const int count, const size_t m, size_t j, double *sum, double *square, const lep_real *x,
	size_t rows, size_t c)
{
	vd s[STRIP], q[STRIP];
	int k;

	UNROLL for (k = 0; k < count; k++) {
		s[k] = vd_load_n(sum + j + (size_t)k * VL, m);
		q[k] = vd_load_n(square + j + (size_t)k * VL, m);
	}
	for (size_t r = 0; r < rows; r++) {
		UNROLL for (k = 0; k < count; k++) {
			vd v = vd_from(vf_load_upto(x + r * c + j + (size_t)k * VL, m));

			s[k] = vd_add(s[k], v);
			q[k] = vd_fma(v, v, q[k]);
		}
	}
	UNROLL for (k = 0; k < count; k++) {
		vd_store_n(sum + j + (size_t)k * VL, s[k], m);
		vd_store_n(square + j + (size_t)k * VL, q[k], m);
	}
}

void ISA(channel_sums)(double *sum, double *square, const lep_real *x, size_t rows, size_t c)
{
	EACH_STRIP(sums_strip, c, sum, square, x, rows, c);
}

SIMD void affine_strip(const int count, const size_t m, size_t j, lep_real *y, const lep_real *x,
	const lep_real *scale, const lep_real *shift, int relu)
{
	UNROLL for (int k = 0; k < count; k++, j += VL) {
		vf a = scale ? vf_load_upto(scale + j, m) : vf_set1(R(1));
		vf v = vf_fma(vf_load_upto(x + j, m), a, vf_load_upto(shift + j, m));

		vf_store_upto(y + j, relu ? vf_max(vf_zero(), v) : v, m);
	}
}

void ISA(channel_affine)(lep_real *y, const lep_real *x, const lep_real *scale,
	const lep_real *shift, size_t rows, size_t c, int relu)
{
	for (size_t r = 0; r < rows; r++, x += c, y += c)
		EACH_STRIP(affine_strip, c, y, x, scale, shift, relu);
}

SIMD void dots_strip(const int count, const size_t m, size_t j, double *sum, double *dot, const lep_real *dy,
	const lep_real *x, const lep_real *mean, const lep_real *inv, size_t rows, size_t c)
{
	vd s[STRIP], q[STRIP];
	int k;

	UNROLL for (k = 0; k < count; k++) {
		s[k] = vd_load_n(sum + j + (size_t)k * VL, m);
		q[k] = vd_load_n(dot + j + (size_t)k * VL, m);
	}
	for (size_t r = 0; r < rows; r++) {
		UNROLL for (k = 0; k < count; k++) {
			const size_t at = j + (size_t)k * VL;
			vf xh = vf_mul(vf_sub(vf_load_upto(x + r * c + at, m), vf_load_upto(mean + at, m)),
				vf_load_upto(inv + at, m));
			vd d = vd_from(vf_load_upto(dy + r * c + at, m));

			s[k] = vd_add(s[k], d);
			q[k] = vd_fma(d, vd_from(xh), q[k]);
		}
	}
	UNROLL for (k = 0; k < count; k++) {
		vd_store_n(sum + j + (size_t)k * VL, s[k], m);
		vd_store_n(dot + j + (size_t)k * VL, q[k], m);
	}
}

void ISA(batchnorm_sums)(double *sum, double *dot, const lep_real *dy, const lep_real *x,
	const lep_real *mean, const lep_real *inv, size_t rows, size_t c)
{
	EACH_STRIP(dots_strip, c, sum, dot, dy, x, mean, inv, rows, c);
}

SIMD void back_strip(const int count, const size_t m, size_t j, lep_real *dx, const lep_real *dy, const lep_real *x,
	const lep_real *mean, const lep_real *inv, const lep_real *scale, const lep_real *mean_dy,
	const lep_real *mean_dot)
{
	UNROLL for (int k = 0; k < count; k++, j += VL) {
		vf xh = vf_mul(vf_sub(vf_load_upto(x + j, m), vf_load_upto(mean + j, m)), vf_load_upto(inv + j, m));
		vf d = vf_sub(vf_load_upto(dy + j, m), vf_load_upto(mean_dy + j, m));

		d = vf_fnma(xh, vf_load_upto(mean_dot + j, m), d);
		vf_store_upto(dx + j, vf_mul(vf_load_upto(scale + j, m), d), m);
	}
}

void ISA(batchnorm_backward)(lep_real *dx, const lep_real *dy, const lep_real *x,
	const lep_real *mean, const lep_real *inv, const lep_real *scale, const lep_real *mean_dy,
	const lep_real *mean_dot, size_t rows, size_t c)
{
	for (size_t r = 0; r < rows; r++, dx += c, dy += c, x += c)
		EACH_STRIP(back_strip, c, dx, dy, x, mean, inv, scale, mean_dy, mean_dot);
}
