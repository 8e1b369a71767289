/*
 * One step of a recurrent cell for one sample, after its matrix products:
 * Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000;
 * Cho et al. 2014 with the reset gate behind the product, as cuDNN has it.
 */
#include "kernel/isa/isa.h"
#include "kernel/isa/vmath.h"

/* y (1 - y) and 1 - y^2: slopes of sigmoid and tanh where they are y. */
SIMD vf sigmoid_slope(vf y)
{
	return vf_fnma(y, y, y);
}

SIMD vf tanh_slope(vf y)
{
	return vf_fnma(y, y, vf_set1(R(1)));
}

void ISA(lstm_forward)(lep_real *gates, lep_real *c, lep_real *tanh_c, lep_real *h, const lep_real *before,
	size_t n)
{
	for (size_t j = 0; j < n; j += VL) {
		const size_t m = n - j;
		vf i = vf_sigmoid(vf_load_upto(gates + j, m));
		vf f = vf_sigmoid(vf_load_upto(gates + n + j, m));
		vf g = vf_tanh(vf_load_upto(gates + 2 * n + j, m));
		vf o = vf_sigmoid(vf_load_upto(gates + 3 * n + j, m));
		vf s = vf_fma(f, vf_load_upto(before + j, m), vf_mul(i, g));
		vf t = vf_tanh(s);

		vf_store_upto(gates + j, i, m);
		vf_store_upto(gates + n + j, f, m);
		vf_store_upto(gates + 2 * n + j, g, m);
		vf_store_upto(gates + 3 * n + j, o, m);
		vf_store_upto(c + j, s, m);
		vf_store_upto(tanh_c + j, t, m);
		vf_store_upto(h + j, vf_mul(o, t), m);
	}
}

void ISA(lstm_backward)(lep_real *gates, lep_real *dc, const lep_real *dh, const lep_real *tanh_c,
	const lep_real *before, size_t n)
{
	for (size_t j = 0; j < n; j += VL) {
		const size_t m = n - j;
		vf i = vf_load_upto(gates + j, m), f = vf_load_upto(gates + n + j, m);
		vf g = vf_load_upto(gates + 2 * n + j, m), o = vf_load_upto(gates + 3 * n + j, m);
		vf t = vf_load_upto(tanh_c + j, m), d = vf_load_upto(dh + j, m);
		vf s = vf_fma(vf_mul(d, o), tanh_slope(t), vf_load_upto(dc + j, m));

		vf_store_upto(gates + j, vf_mul(vf_mul(s, g), sigmoid_slope(i)), m);
		vf_store_upto(gates + n + j, vf_mul(vf_mul(s, vf_load_upto(before + j, m)), sigmoid_slope(f)), m);
		vf_store_upto(gates + 2 * n + j, vf_mul(vf_mul(s, i), tanh_slope(g)), m);
		vf_store_upto(gates + 3 * n + j, vf_mul(vf_mul(d, t), sigmoid_slope(o)), m);
		vf_store_upto(dc + j, vf_mul(s, f), m);
	}
}

void ISA(gru_forward)(lep_real *gates, const lep_real *hidden, lep_real *h, const lep_real *before, size_t n)
{
	const vf one = vf_set1(R(1));

	for (size_t j = 0; j < n; j += VL) {
		const size_t m = n - j;
		vf r = vf_sigmoid(vf_add(vf_load_upto(gates + j, m), vf_load_upto(hidden + j, m)));
		vf z = vf_sigmoid(vf_add(vf_load_upto(gates + n + j, m), vf_load_upto(hidden + n + j, m)));
		vf c = vf_tanh(vf_fma(r, vf_load_upto(hidden + 2 * n + j, m),
			vf_load_upto(gates + 2 * n + j, m)));

		vf_store_upto(gates + j, r, m);
		vf_store_upto(gates + n + j, z, m);
		vf_store_upto(gates + 2 * n + j, c, m);
		vf_store_upto(h + j, vf_fma(z, vf_load_upto(before + j, m), vf_mul(vf_sub(one, z), c)), m);
	}
}

void ISA(gru_backward)(lep_real *gates, lep_real *hidden, lep_real *dbefore, const lep_real *dh,
	const lep_real *before, size_t n)
{
	const vf one = vf_set1(R(1));

	for (size_t j = 0; j < n; j += VL) {
		const size_t m = n - j;
		vf r = vf_load_upto(gates + j, m), z = vf_load_upto(gates + n + j, m);
		vf c = vf_load_upto(gates + 2 * n + j, m), d = vf_load_upto(dh + j, m);
		vf dn = vf_mul(vf_mul(d, vf_sub(one, z)), tanh_slope(c));
		vf dz = vf_mul(vf_mul(d, vf_sub(vf_load_upto(before + j, m), c)), sigmoid_slope(z));
		vf dr = vf_mul(vf_mul(dn, vf_load_upto(hidden + 2 * n + j, m)), sigmoid_slope(r));

		vf_store_upto(gates + j, dr, m);
		vf_store_upto(gates + n + j, dz, m);
		vf_store_upto(gates + 2 * n + j, dn, m);
		vf_store_upto(hidden + j, dr, m);
		vf_store_upto(hidden + n + j, dz, m);
		vf_store_upto(hidden + 2 * n + j, vf_mul(dn, r), m);
		vf_store_upto(dbefore + j, vf_mul(d, z), m);
	}
}
