/* Depthwise convolution of one padded picture: channels are the lanes. */
#include "kernel/isa/isa.h"

/* where tap (a, b) of output (i, j) reads, in elements */
static size_t source(const struct lep_depthwise *d, size_t i, size_t j, size_t a, size_t b)
{
	return ((i * d->sh + a * d->dh) * d->w + j * d->sw + b * d->dw) * d->c;
}

void ISA(depthwise_forward)(const struct lep_depthwise *d, lep_real *y, const lep_real *x,
	const lep_real *w, const lep_real *bias, int relu)
{
	size_t i, j, a, b, c;

	for (i = 0; i < d->oh; i++) {
		for (j = 0; j < d->ow; j++, y += d->c) {
			for (c = 0; c < d->c; c += VL) {
				size_t m = d->c - c;
				vf s = vf_zero();

				for (a = 0; a < d->kh; a++)
					for (b = 0; b < d->kw; b++)
						s = vf_fma(vf_load_upto(x + source(d, i, j, a, b) + c, m),
							vf_load_upto(w + (a * d->kw + b) * d->c + c, m), s);
				if (bias)
					s = vf_add(s, vf_load_upto(bias + c, m));
				if (relu)
					s = vf_max(vf_zero(), s);
				vf_store_upto(y + c, s, m);
			}
		}
	}
}

void ISA(depthwise_data)(const struct lep_depthwise *d, lep_real *dx, const lep_real *dy,
	const lep_real *w)
{
	size_t i, j, a, b, c;

	memset(dx, 0, d->h * d->w * d->c * sizeof(*dx));
	for (i = 0; i < d->oh; i++) {
		for (j = 0; j < d->ow; j++, dy += d->c) {
			for (c = 0; c < d->c; c += VL) {
				size_t m = d->c - c;
				vf g = vf_load_upto(dy + c, m);

				for (a = 0; a < d->kh; a++) {
					for (b = 0; b < d->kw; b++) {
						lep_real *q = dx + source(d, i, j, a, b) + c;

						vf_store_upto(q, vf_fma(g,
							vf_load_upto(w + (a * d->kw + b) * d->c + c, m),
							vf_load_upto(q, m)), m);
					}
				}
			}
		}
	}
}

void ISA(depthwise_weights)(const struct lep_depthwise *d, lep_real *dw, const lep_real *dy,
	const lep_real *x)
{
	size_t i, j, a, b, c;

	for (a = 0; a < d->kh; a++) {
		for (b = 0; b < d->kw; b++, dw += d->c) {
			for (c = 0; c < d->c; c += VL) {
				size_t m = d->c - c;
				vf s = vf_load_upto(dw + c, m);
				const lep_real *g = dy + c;

				for (i = 0; i < d->oh; i++)
					for (j = 0; j < d->ow; j++, g += d->c)
						s = vf_fma(vf_load_upto(x + source(d, i, j, a, b) + c, m),
							vf_load_upto(g, m), s);
				vf_store_upto(dw + c, s, m);
			}
		}
	}
}
