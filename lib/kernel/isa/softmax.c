/* Softmax and what follows from it, row by row. */
#include "kernel/isa/isa.h"
#include "kernel/isa/vmath.h"

#include "base/math.h"

static lep_real row_max(const lep_real *x, size_t n)
{
	const vf lowest = vf_set1(-INFINITY);
	vf m = lowest;
	size_t i;

	for (i = 0; i + VL <= n; i += VL)
		m = vf_max(m, vf_load(x + i));
	if (i < n)
		m = vf_max(m, vf_sel(vm_first(n - i), vf_load_n(x + i, n - i), lowest));
	return vf_hmax(m);
}

/* y = exp(x - max); returns the sum. y may be NULL. */
static lep_real row_exp(lep_real *y, const lep_real *x, size_t n, lep_real max)
{
	const vf m = vf_set1(max);
	vf s = vf_zero(), e;
	size_t i;

	for (i = 0; i + VL <= n; i += VL) {
		e = vf_exp(vf_sub(vf_load(x + i), m));
		s = vf_add(s, e);
		if (y)
			vf_store(y + i, e);
	}
	if (i < n) {
		e = vf_exp(vf_sub(vf_load_n(x + i, n - i), m));
		s = vf_add(s, vf_sel(vm_first(n - i), e, vf_zero()));
		if (y)
			vf_store_n(y + i, e, n - i);
	}
	return vf_hsum(s);
}

void ISA(softmax_forward)(lep_real *y, const lep_real *x, size_t rows, size_t n, size_t ld)
{
	size_t i;

	for (; rows > 0; rows--, x += ld, y += ld) {
		vf s = vf_set1(row_exp(y, x, n, row_max(x, n)));

		for (i = 0; i < n; i += VL)
			vf_store_upto(y + i, vf_div(vf_load_upto(y + i, n - i), s), n - i);
	}
}

void ISA(softmax_prefix)(lep_real *y, lep_real *stats, size_t ldstats, const lep_real *x, size_t rows,
	size_t n, size_t grow, size_t width, size_t ld, int given)
{
	size_t i, len;

	for (; rows > 0; rows--, x += ld, y += ld, n += grow) {
		lep_real here[2], *kept = stats ? stats : here;
		vf s;

		len = n < width ? n : width;
		if (!given)
			kept[0] = row_max(x, len);
		here[1] = row_exp(y, x, len, kept[0]);
		if (!given)
			kept[1] = here[1];
		stats = stats ? stats + ldstats : NULL;
		s = vf_set1(kept[1]);
		for (i = 0; i < len; i += VL)
			vf_store_upto(y + i, vf_div(vf_load_upto(y + i, len - i), s), len - i);
		for (i = len; i < width; i += VL)
			vf_store_upto(y + i, vf_zero(), width - i);
	}
}

void ISA(softmax_backward)(lep_real *dx, const lep_real *dy, const lep_real *y, size_t rows,
	size_t n, size_t ld, int accumulate)
{
	size_t i;

	for (; rows > 0; rows--, dx += ld, dy += ld, y += ld) {
		vf s = vf_set1(ISA(dot)(dy, y, n));

		for (i = 0; i < n; i += VL) {
			size_t m = n - i;
			vf d = vf_mul(vf_load_upto(y + i, m), vf_sub(vf_load_upto(dy + i, m), s));

			if (accumulate)
				d = vf_add(vf_load_upto(dx + i, m), d);
			vf_store_upto(dx + i, d, m);
		}
	}
}

void ISA(log_softmax)(lep_real *y, const lep_real *x, size_t rows, size_t n, size_t ld)
{
	size_t i;

	for (; rows > 0; rows--, x += ld, y += ld) {
		lep_real max = row_max(x, n);
		double sum = (double)row_exp(NULL, x, n, max);
		vf m = vf_set1(max), l = vf_set1(R(lep_log(sum)));

		for (i = 0; i < n; i += VL)
			vf_store_upto(y + i, vf_sub(vf_sub(vf_load_upto(x + i, n - i), m), l), n - i);
	}
}

double ISA(cross_entropy)(lep_real *dx, const lep_real *x, size_t n, const lep_real *target,
	size_t index, double smooth, double scale)
{
	const lep_real max = row_max(x, n), at = target ? 0 : x[index];
	const vf mx = vf_set1(max);
	const double each = target || n == 0 ? 0 : smooth / (double)n;
	vd tx = vd_zero(), tt = vd_zero();
	vf s = vf_zero();
	double dot, total, here, sum;
	size_t i;

	/* tt = sum of t, tx = sum of t (x - max); dx keeps exp(x - max) */
	for (i = 0; i < n; i += VL) {
		size_t m = n - i < VL ? n - i : VL;
		vf z = vf_sub(vf_load_upto(x + i, m), mx), e = vf_exp(z);

		s = vf_add(s, m < VL ? vf_sel(vm_first(m), e, vf_zero()) : e);
		if (dx)
			vf_store_upto(dx + i, e, m);
		z = vf_sel(vm_first(m), z, vf_zero());
		if (target) {
			vf t = vf_load_n(target + i, m);

			tt = vd_add(tt, vd_from(t));
			tx = vd_fma(vd_from(t), vd_from(z), tx);
		} else if (smooth > 0) {
			tx = vd_add(tx, vd_from(z));
		}
	}
	sum = (double)vf_hsum(s);
	if (target) {
		total = vd_hsum(tt);
		dot = vd_hsum(tx);
		here = 0;
	} else {
		total = 1;
		here = 1 - smooth;
		dot = here * ((double)at - (double)max) + each * vd_hsum(tx);
	}
	if (dx) {
		const vf a = vf_set1(R(scale * total / sum));
		const vf b = vf_set1(R(target ? scale : scale * each));

		for (i = 0; i < n; i += VL) {
			size_t m = n - i;
			vf e = vf_mul(vf_load_upto(dx + i, m), a);
			vf t = target ? vf_mul(vf_load_upto(target + i, m), b) : b;

			vf_store_upto(dx + i, vf_sub(e, t), m);
		}
		if (!target) {
			/* one value anew: its target is not the others' */
			vf e = vf_mul(vf_exp(vf_sub(vf_set1(at), mx)), a);

			vf_store_n(dx + index, vf_sub(e, vf_set1(R(scale * (here + each)))), 1);
		}
	}
	return total * lep_log(sum) - dot;
}
