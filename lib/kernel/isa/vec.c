/* Vectors: sums, products, rows, columns, look-ups. */
#include "kernel/isa/isa.h"

/* for each piece of at most VL of n values: i where, m how many */
#define PIECES(n) for (size_t i = 0, m; i < (n) && (m = (n) - i, 1); i += VL)

void ISA(fill)(lep_real *y, lep_real a, size_t n)
{
	const vf v = vf_set1(a);

	PIECES(n) vf_store_upto(y + i, v, m);
}

void ISA(scale)(lep_real *y, lep_real a, const lep_real *x, size_t n)
{
	const vf v = vf_set1(a);

	PIECES(n) vf_store_upto(y + i, vf_mul(v, vf_load_upto(x + i, m)), m);
}

void ISA(axpy)(lep_real *y, lep_real a, const lep_real *x, size_t n)
{
	const vf v = vf_set1(a);

	PIECES(n) vf_store_upto(y + i, vf_fma(v, vf_load_upto(x + i, m), vf_load_upto(y + i, m)), m);
}

void ISA(add)(lep_real *y, const lep_real *a, const lep_real *b, size_t n)
{
	PIECES(n) vf_store_upto(y + i, vf_add(vf_load_upto(a + i, m), vf_load_upto(b + i, m)), m);
}

void ISA(sub)(lep_real *y, const lep_real *a, const lep_real *b, size_t n)
{
	PIECES(n) vf_store_upto(y + i, vf_sub(vf_load_upto(a + i, m), vf_load_upto(b + i, m)), m);
}

void ISA(mul)(lep_real *y, const lep_real *a, const lep_real *b, size_t n)
{
	PIECES(n) vf_store_upto(y + i, vf_mul(vf_load_upto(a + i, m), vf_load_upto(b + i, m)), m);
}

void ISA(mul_add)(lep_real *y, const lep_real *a, const lep_real *b, size_t n)
{
	PIECES(n) vf_store_upto(y + i, vf_fma(vf_load_upto(a + i, m), vf_load_upto(b + i, m),
		vf_load_upto(y + i, m)), m);
}

void ISA(add_row)(lep_real *y, const lep_real *x, const lep_real *b, size_t rows, size_t n)
{
	for (; rows > 0; rows--, x += n, y += n)
		ISA(add)(y, x, b, n);
}

lep_real ISA(dot)(const lep_real *a, const lep_real *b, size_t n)
{
	vf s = vf_zero();

	/* a missing lane is fma(0, 0, s), which is s */
	PIECES(n) s = vf_fma(vf_load_upto(a + i, m), vf_load_upto(b + i, m), s);
	return vf_hsum(s);
}

lep_real ISA(sum)(const lep_real *x, size_t n)
{
	vf s = vf_zero();

	PIECES(n) s = vf_add(s, vf_load_upto(x + i, m));
	return vf_hsum(s);
}

lep_real ISA(max)(const lep_real *x, size_t n)
{
	const vf lowest = vf_set1(R(-INFINITY));
	vf s = lowest;

	PIECES(n) s = vf_max(s, m < VL ? vf_sel(vm_first(m), vf_load_n(x + i, m), lowest)
		: vf_load(x + i));
	return vf_hmax(s);
}

double ISA(sum_squares)(const lep_real *x, size_t n)
{
	vd s = vd_zero();

	PIECES(n) {
		vd v = vd_from(vf_load_upto(x + i, m));

		s = vd_fma(v, v, s);
	}
	return vd_hsum(s);
}

void ISA(col_sums)(lep_real *y, const lep_real *x, size_t rows, size_t n, size_t ld, int accumulate)
{
	size_t r, j;

	/* four vectors of columns at once: four chains, and whole cache lines */
	for (j = 0; j + 4 * VL <= n; j += 4 * VL) {
		const lep_real *p = x + j;
		vf a = accumulate ? vf_load(y + j) : vf_zero();
		vf b = accumulate ? vf_load(y + j + VL) : vf_zero();
		vf c = accumulate ? vf_load(y + j + 2 * VL) : vf_zero();
		vf d = accumulate ? vf_load(y + j + 3 * VL) : vf_zero();

		for (r = 0; r < rows; r++, p += ld) {
			a = vf_add(a, vf_load(p));
			b = vf_add(b, vf_load(p + VL));
			c = vf_add(c, vf_load(p + 2 * VL));
			d = vf_add(d, vf_load(p + 3 * VL));
		}
		vf_store(y + j, a);
		vf_store(y + j + VL, b);
		vf_store(y + j + 2 * VL, c);
		vf_store(y + j + 3 * VL, d);
	}
	for (; j < n; j += VL) {
		const lep_real *p = x + j;
		vf a = accumulate ? vf_load_upto(y + j, n - j) : vf_zero();

		for (r = 0; r < rows; r++, p += ld)
			a = vf_add(a, vf_load_upto(p, n - j));
		vf_store_upto(y + j, a, n - j);
	}
}

void ISA(scale_u8)(lep_real *y, const uint8_t *x, const lep_real *table, size_t pixels,
	size_t channels)
{
	size_t i, c;

	if (channels == 1) {
		for (i = 0; i < pixels; i++)
			y[i] = table[x[i]];
		return;
	}
	if (channels == 3) {
		for (i = 0; i < pixels; i++, x += 3, y += 3) {
			y[0] = table[x[0]];
			y[1] = table[256 + x[1]];
			y[2] = table[512 + x[2]];
		}
		return;
	}
	for (i = 0; i < pixels; i++, x += channels, y += channels)
		for (c = 0; c < channels; c++)
			y[c] = table[c * 256 + x[c]];
}

void ISA(gather)(lep_real *y, const lep_real *w, const int32_t *ids, size_t rows, size_t n)
{
	size_t i;

	for (i = 0; i < rows; i++, y += n) {
		if (ids[i] < 0)
			memset(y, 0, n * sizeof(*y));
		else
			memcpy(y, w + (size_t)ids[i] * n, n * sizeof(*y));
	}
}

void ISA(scatter_add)(lep_real *dw, const lep_real *dy, const int32_t *ids, size_t rows, size_t n)
{
	size_t i;

	for (i = 0; i < rows; i++, dy += n) {
		lep_real *p = dw + (size_t)(ids[i] < 0 ? 0 : ids[i]) * n;

		if (ids[i] >= 0)
			ISA(add)(p, p, dy, n);
	}
}

void ISA(transpose)(lep_real *dst, size_t lddst, const lep_real *src, size_t ldsrc, size_t rows,
	size_t columns)
{
	for (size_t i = 0; i < rows; i += VL)
		for (size_t j = 0; j < columns; j += VL) {
			vf r[VL];

			for (size_t k = 0; k < VL; k++)
				r[k] = i + k < rows ? vf_load_upto(src + (i + k) * ldsrc + j, columns - j) : vf_zero();
			vf_transpose(r);
			for (size_t k = 0; k < VL && j + k < columns; k++)
				vf_store(dst + (j + k) * lddst + i, r[k]);
		}
}
