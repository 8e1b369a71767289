/* One step of each optimiser, one pass over the weights. */
#include "kernel/isa/isa.h"

/* the gradient with its scale, and with L2 decay unless that is decoupled */
SIMD vf gradient(const struct lep_step *s, const lep_real *g, vf w, size_t m)
{
	vf v = vf_mul(vf_load_upto(g, m), vf_set1(s->scale));

	return s->decoupled ? v : vf_fma(vf_set1(s->decay), w, v);
}

SIMD vf decoupled(const struct lep_step *s, vf w)
{
	return s->decoupled ? vf_fnma(vf_set1(s->lr * s->decay), w, w) : w;
}

void ISA(sgd)(const struct lep_step *s, lep_real *w, const lep_real *g, lep_real *v, size_t n)
{
	const vf lr = vf_set1(s->lr), mu = vf_set1(s->mu);
	size_t i;

	for (i = 0; i < n; i += VL) {
		size_t m = n - i;
		vf x = vf_load_upto(w + i, m), d = gradient(s, g + i, x, m);

		x = decoupled(s, x);
		if (v) {
			vf u = vf_fma(mu, vf_load_upto(v + i, m), d);

			vf_store_upto(v + i, u, m);
			d = s->nesterov ? vf_fma(mu, u, d) : u;
		}
		vf_store_upto(w + i, vf_fnma(lr, d, x), m);
	}
}

void ISA(adam)(const struct lep_step *s, lep_real *w, const lep_real *g, lep_real *m1, lep_real *v,
	size_t n)
{
	const vf b1 = vf_set1(s->mu), b2 = vf_set1(s->beta2), eps = vf_set1(s->eps);
	const vf a1 = vf_set1(R(1 - (double)s->mu)), a2 = vf_set1(R(1 - (double)s->beta2));
	const vf step = vf_set1(R((double)s->lr / s->correct1));
	const vf root = vf_set1(R(1 / sqrt(s->correct2)));
	size_t i;

	for (i = 0; i < n; i += VL) {
		size_t m = n - i;
		vf x = vf_load_upto(w + i, m), d = gradient(s, g + i, x, m);
		vf p = vf_fma(b1, vf_load_upto(m1 + i, m), vf_mul(a1, d));
		vf q = vf_fma(b2, vf_load_upto(v + i, m), vf_mul(a2, vf_mul(d, d)));

		vf_store_upto(m1 + i, p, m);
		vf_store_upto(v + i, q, m);
		x = decoupled(s, x);
		q = vf_fma(vf_sqrt(q), root, eps);
		vf_store_upto(w + i, vf_fnma(step, vf_div(p, q), x), m);
	}
}

void ISA(rmsprop)(const struct lep_step *s, lep_real *w, const lep_real *g, lep_real *v, size_t n)
{
	const vf lr = vf_set1(s->lr), a = vf_set1(s->mu), eps = vf_set1(s->eps);
	const vf b = vf_set1(R(1 - (double)s->mu));
	size_t i;

	for (i = 0; i < n; i += VL) {
		size_t m = n - i;
		vf x = vf_load_upto(w + i, m), d = gradient(s, g + i, x, m);
		vf q = vf_fma(a, vf_load_upto(v + i, m), vf_mul(b, vf_mul(d, d)));

		vf_store_upto(v + i, q, m);
		x = decoupled(s, x);
		vf_store_upto(w + i, vf_fnma(lr, vf_div(d, vf_add(vf_sqrt(q), eps)), x), m);
	}
}
