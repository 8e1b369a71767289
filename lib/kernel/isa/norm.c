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

void ISA(channel_sums)(double *sum, double *square, const lep_real *x, size_t rows, size_t c)
{
	size_t j, r;

	for (j = 0; j < c; j += VL) {
		size_t m = c - j < VL ? c - j : VL;
		vd s = vd_load_n(sum + j, m), q = vd_load_n(square + j, m);

		for (r = 0; r < rows; r++) {
			vd v = vd_from(vf_load_upto(x + r * c + j, m));

			s = vd_add(s, v);
			q = vd_fma(v, v, q);
		}
		vd_store_n(sum + j, s, m);
		vd_store_n(square + j, q, m);
	}
}

void ISA(channel_affine)(lep_real *y, const lep_real *x, const lep_real *scale,
	const lep_real *shift, size_t rows, size_t c, int relu)
{
	const vf one = vf_set1(R(1));
	size_t j, r;

	for (j = 0; j < c; j += VL) {
		size_t m = c - j;
		vf a = scale ? vf_load_upto(scale + j, m) : one, b = vf_load_upto(shift + j, m);

		for (r = 0; r < rows; r++) {
			vf v = vf_fma(vf_load_upto(x + r * c + j, m), a, b);

			if (relu)
				v = vf_max(vf_zero(), v);
			vf_store_upto(y + r * c + j, v, m);
		}
	}
}

void ISA(batchnorm_sums)(double *sum, double *dot, const lep_real *dy, const lep_real *x,
	const lep_real *mean, const lep_real *inv, size_t rows, size_t c)
{
	size_t j, r;

	for (j = 0; j < c; j += VL) {
		size_t m = c - j < VL ? c - j : VL;
		vf mu = vf_load_upto(mean + j, m), iv = vf_load_upto(inv + j, m);
		vd s = vd_load_n(sum + j, m), q = vd_load_n(dot + j, m);

		for (r = 0; r < rows; r++) {
			vf xh = vf_mul(vf_sub(vf_load_upto(x + r * c + j, m), mu), iv);
			vd d = vd_from(vf_load_upto(dy + r * c + j, m));

			s = vd_add(s, d);
			q = vd_fma(d, vd_from(xh), q);
		}
		vd_store_n(sum + j, s, m);
		vd_store_n(dot + j, q, m);
	}
}

void ISA(batchnorm_backward)(lep_real *dx, const lep_real *dy, const lep_real *x,
	const lep_real *mean, const lep_real *inv, const lep_real *scale, const lep_real *mean_dy,
	const lep_real *mean_dot, size_t rows, size_t c)
{
	size_t j, r;

	for (j = 0; j < c; j += VL) {
		size_t m = c - j;
		vf mu = vf_load_upto(mean + j, m), iv = vf_load_upto(inv + j, m);
		vf a = vf_load_upto(scale + j, m), md = vf_load_upto(mean_dy + j, m);
		vf mx = vf_load_upto(mean_dot + j, m);

		for (r = 0; r < rows; r++) {
			vf xh = vf_mul(vf_sub(vf_load_upto(x + r * c + j, m), mu), iv);
			vf d = vf_sub(vf_load_upto(dy + r * c + j, m), md);

			vf_store_upto(dx + r * c + j, vf_mul(a, vf_fnma(xh, mx, d)), m);
		}
	}
}
