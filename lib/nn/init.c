/*
 * Initial values of parameters. Arithmetic in double in a fixed order, so that a
 * seed means the same bytes everywhere.
 */
#include <math.h>

#include "base/random.h"
#include "nn/layer.h"

static lep_real uniform(uint64_t seed, size_t param, size_t k, double limit)
{
	return (lep_real)(limit * (2 * (double)lep_random_uniform(seed, LEP_RANDOM_INIT, param, k) - 1));
}

/* v, without its part along q; both of n numbers. */
static void remove_part(double *v, const lep_real *q, size_t n)
{
	double part[8] = {0}, sum = 0;
	size_t k = 0;

	for (; k + 8 <= n; k += 8)
		for (size_t l = 0; l < 8; l++)
			part[l] += v[k + l] * (double)q[k + l];
	for (; k < n; k++)
		sum += v[k] * (double)q[k];
	for (size_t l = 0; l < 8; l++)
		sum += part[l];
	for (k = 0; k < n; k++)
		v[k] -= sum * (double)q[k];
}

/*
 * An orthogonal n x n matrix at q, rows ld apart: the Q of a matrix of normal
 * numbers, uniform among all of them (Mezzadri 2007), by modified Gram-Schmidt;
 * the second round takes away what rounding left in the first. Draws are numbers
 * from .. from + n^2.
 */
static void orthogonal(lep_real *q, size_t n, size_t ld, uint64_t seed, size_t param, size_t from)
{
	double v[LEP_ORTHOGONAL_MAX], square;

	for (size_t i = 0; i < n; i++) {
		square = 0;
		for (size_t k = 0; k < n; k++)
			v[k] = lep_random_normal(seed, LEP_RANDOM_INIT, param, from + i * n + k);
		for (int round = 0; round < 2; round++)
			for (size_t j = 0; j < i; j++)
				remove_part(v, q + j * ld, n);
		for (size_t k = 0; k < n; k++)
			square += v[k] * v[k];
		for (size_t k = 0; k < n; k++)
			q[i * ld + k] = (lep_real)(v[k] / sqrt(square));
	}
}

static void init_param(const struct lep_param_in *p, uint64_t seed, size_t param)
{
	lep_real *w = p->pub.value;
	const size_t count = p->pub.count;

	switch ((enum lep_init)p->init) {
	case LEP_INIT_ZERO:
	case LEP_INIT_WHITEN:
	case LEP_INIT_ONE:
		for (size_t k = 0; k < count; k++)
			w[k] = p->init == LEP_INIT_ONE;
		return;
	case LEP_INIT_GLOROT:
		for (size_t k = 0; k < count; k++)
			w[k] = uniform(seed, param, k, sqrt(6.0 / (double)(p->fan_in + p->fan_out)));
		return;
	case LEP_INIT_HE:
		for (size_t k = 0; k < count; k++)
			w[k] = uniform(seed, param, k, sqrt(6.0 / (double)p->fan_in));
		return;
	case LEP_INIT_NORMAL_002:
		for (size_t k = 0; k < count; k++)
			w[k] = (lep_real)(0.02 * lep_random_normal(seed, LEP_RANDOM_INIT, param, k));
		return;
	case LEP_INIT_ORTHOGONAL:
		for (size_t at = 0; at < p->fan_out; at += p->fan_in)
			orthogonal(w + at, p->fan_in, p->fan_out, seed, param, at * p->fan_in);
		return;
	case LEP_INIT_FORGET:
		for (size_t k = 0; k < count; k++)
			w[k] = 4 * k / count == 1;
		return;
	}
}

void lep_net_init(struct lep_net *n, uint64_t seed)
{
	lep_use(n->values, n->values_count * sizeof(*n->values));
	for (size_t i = 0; i < n->nparam; i++)
		init_param(&n->param[i], seed, i);
}
