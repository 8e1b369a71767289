/*
 * Depthwise convolution of one padded picture: channels are the lanes. A tile is
 * some neighbouring sums of one vector of channels, which wait for none of each
 * other and share what they load; the order of each sum is that of the plain loops.
 */
#include "kernel/isa/isa.h"

/* Positions of a tile; taps of a tile of the weights' gradient. */
#define POSITIONS 4
#define TAPS 3

/* Calls a tile with its number of channels as a constant wherever it can be one. */
#define TILE(f, m, ...) ((m) >= VL ? f(VL, __VA_ARGS__) : f(m, __VA_ARGS__))

/* where tap (a, b) of output (i, j) reads, in elements */
SIMD size_t source(const struct lep_depthwise *d, size_t i, size_t j, size_t a, size_t b)
{
	return ((i * d->sh + a * d->dh) * d->w + j * d->sw + b * d->dw) * d->c;
}

/* `count` outputs side by side, x where the first one's window begins. */
SIMD void forward(const size_t m, const int count, const struct lep_depthwise *d, lep_real *y, const lep_real *x,
	const lep_real *w, const lep_real *bias, int relu)
{
	const size_t step = d->sw * d->c;
	vf s[POSITIONS];
	int p;

	UNROLL for (p = 0; p < count; p++)
		s[p] = vf_zero();
	for (size_t a = 0; a < d->kh; a++) {
		for (size_t b = 0; b < d->kw; b++, w += d->c) {
			const lep_real *q = x + source(d, 0, 0, a, b);
			vf k = vf_load_upto(w, m);

			UNROLL for (p = 0; p < count; p++)
				s[p] = vf_fma(vf_load_upto(q + (size_t)p * step, m), k, s[p]);
		}
	}
	UNROLL for (p = 0; p < count; p++) {
		if (bias)
			s[p] = vf_add(s[p], vf_load_upto(bias, m));
		if (relu)
			s[p] = vf_max(vf_zero(), s[p]);
		vf_store_upto(y + (size_t)p * d->c, s[p], m);
	}
}

void ISA(depthwise_forward)(const struct lep_depthwise *d, lep_real *y, const lep_real *x,
	const lep_real *w, const lep_real *bias, int relu)
{
	for (size_t i = 0; i < d->oh; i++, y += d->ow * d->c) {
		for (size_t c = 0; c < d->c; c += VL) {
			const lep_real *at = bias ? bias + c : NULL;
			size_t j = 0, m = d->c - c;

			for (; j + POSITIONS <= d->ow; j += POSITIONS)
				TILE(forward, m, POSITIONS, d, y + j * d->c + c, x + source(d, i, j, 0, 0) + c, w + c, at, relu);
			for (; j < d->ow; j++)
				TILE(forward, m, 1, d, y + j * d->c + c, x + source(d, i, j, 0, 0) + c, w + c, at, relu);
		}
	}
}

/* Whether a distance is a whole number of strides, and how many; no division for most. */
SIMD int strides(size_t from, size_t to, size_t stride, size_t *n)
{
	if (to < from)
		return 0;
	*n = to - from;
	if (stride > 1) {
		if (*n % stride)
			return 0;
		*n /= stride;
	}
	return 1;
}

/*
 * `count` places of a row of dx, a stride apart from column px on: what all outputs
 * that read them give, in these outputs' order. Either all are read by a tap or none.
 */
SIMD void data(const size_t m, const int count, const struct lep_depthwise *d, lep_real *dx, const lep_real *dy,
	const lep_real *w, size_t py, size_t px)
{
	vf s[POSITIONS];
	size_t i, j;
	int p;

	UNROLL for (p = 0; p < count; p++)
		s[p] = vf_zero();
	for (size_t a = d->kh; a-- > 0;) {
		if (!strides(a * d->dh, py, d->sh, &i) || i >= d->oh)
			continue;
		for (size_t b = d->kw; b-- > 0;) {
			const lep_real *g;
			vf k;

			if (!strides(b * d->dw, px, d->sw, &j) || j >= d->ow)
				continue;
			g = dy + (i * d->ow + j) * d->c;
			k = vf_load_upto(w + (a * d->kw + b) * d->c, m);
			UNROLL for (p = 0; p < count; p++)
				s[p] = vf_fma(vf_load_upto(g + (size_t)p * d->c, m), k, s[p]);
		}
	}
	UNROLL for (p = 0; p < count; p++)
		vf_store_upto(dx + (size_t)p * d->sw * d->c, s[p], m);
}

void ISA(depthwise_data)(const struct lep_depthwise *d, lep_real *dx, const lep_real *dy,
	const lep_real *w)
{
	/* Columns where the window's last tap reads the first output, and on the right
	 * its first tap still an output. */
	const size_t inside = (d->kw - 1) * d->dw, end = d->ow * d->sw;

	for (size_t py = 0; py < d->h; py++, dx += d->w * d->c) {
		for (size_t c = 0; c < d->c; c += VL) {
			const size_t m = d->c - c, tile = POSITIONS * d->sw;

			for (size_t phase = 0; phase < d->sw; phase++) {
				size_t px = phase;

				while (px < d->w) {
					if (px >= inside && px + tile <= end) {
						TILE(data, m, POSITIONS, d, dx + px * d->c + c, dy + c, w + c, py, px);
						px += tile;
					} else {
						TILE(data, m, 1, d, dx + px * d->c + c, dy + c, w + c, py, px);
						px += d->sw;
					}
				}
			}
		}
	}
}

/* `count` taps side by side, x where the first one reads for output (0, 0). */
SIMD void weights(const size_t m, const int count, const struct lep_depthwise *d, lep_real *dw, const lep_real *dy,
	const lep_real *x)
{
	const size_t step = d->dw * d->c;
	vf s[TAPS];
	int t;

	UNROLL for (t = 0; t < count; t++)
		s[t] = vf_load_upto(dw + (size_t)t * d->c, m);
	for (size_t i = 0; i < d->oh; i++) {
		for (size_t j = 0; j < d->ow; j++, dy += d->c) {
			const lep_real *q = x + source(d, i, j, 0, 0);
			vf g = vf_load_upto(dy, m);

			UNROLL for (t = 0; t < count; t++)
				s[t] = vf_fma(vf_load_upto(q + (size_t)t * step, m), g, s[t]);
		}
	}
	UNROLL for (t = 0; t < count; t++)
		vf_store_upto(dw + (size_t)t * d->c, s[t], m);
}

void ISA(depthwise_weights)(const struct lep_depthwise *d, lep_real *dw, const lep_real *dy,
	const lep_real *x)
{
	for (size_t c = 0; c < d->c; c += VL) {
		const size_t m = d->c - c;

		for (size_t a = 0; a < d->kh; a++) {
			lep_real *to = dw + a * d->kw * d->c + c;
			size_t b = 0;

			for (; b + TAPS <= d->kw; b += TAPS)
				TILE(weights, m, TAPS, d, to + b * d->c, dy + c, x + source(d, 0, 0, a, b) + c);
			for (; b < d->kw; b++)
				TILE(weights, m, 1, d, to + b * d->c, dy + c, x + source(d, 0, 0, a, b) + c);
		}
	}
}
