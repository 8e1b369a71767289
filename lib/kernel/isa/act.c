/* The elementwise functions and their derivatives. */
#include "kernel/isa/isa.h"
#include "kernel/isa/vmath.h"

#define SQRT_HALF R(0.70710678118654752440)
#define INV_SQRT_2PI R(0.39894228040143267794)

/* One value each way; kind is a constant where these are expanded. */
SIMD vf value(const enum lep_act kind, vf a, vf x)
{
	const vf zero = vf_zero(), one = vf_set1(R(1));

	switch (kind) {
	case LEP_ACT_NONE:
		return x;
	case LEP_ACT_RELU:
		return vf_max(zero, x);
	case LEP_ACT_LEAKY_RELU:
		return vf_sel(vf_lt(x, zero), vf_mul(a, x), x);
	case LEP_ACT_ELU:
		/* e^x - 1 = tanh(x/2) (e^x + 1), which does not cancel */
		return vf_sel(vf_lt(x, zero), vf_mul(a, vf_mul(vf_tanh(vf_mul(vf_set1(R(0.5)), x)),
			vf_add(vf_exp(x), one))), x);
	case LEP_ACT_SIGMOID:
		return vf_sigmoid(x);
	case LEP_ACT_TANH:
		return vf_tanh(x);
	case LEP_ACT_GELU:
		return vf_mul(vf_mul(vf_set1(R(0.5)), x),
			vf_add(one, vf_erf(vf_mul(x, vf_set1(SQRT_HALF)))));
	case LEP_ACT_SILU:
		return vf_mul(x, vf_sigmoid(x));
	case LEP_ACT_SOFTPLUS:
		return vf_softplus(x);
	case LEP_ACT_EXP:
		return vf_exp(x);
	case LEP_ACT_LOG:
		return vf_log(x);
	}
	return x;
}

/* y / x of a function x g(x) with g(0) = 1/2: g again, for the price of a division. */
SIMD vf factor(vf y, vf x)
{
	return vf_sel(vf_lt(vf_abs(x), vf_set1(R(1e-30))), vf_set1(R(0.5)), vf_div(y, x));
}

SIMD vf slope(const enum lep_act kind, vf a, vf dy, vf x, vf y)
{
	const vf zero = vf_zero(), one = vf_set1(R(1));
	vf s;

	switch (kind) {
	case LEP_ACT_NONE:
		return dy;
	case LEP_ACT_RELU:
		return vf_sel(vf_gt(y, zero), dy, zero);
	case LEP_ACT_LEAKY_RELU:
		return vf_sel(vf_lt(y, zero), vf_mul(a, dy), dy);
	case LEP_ACT_ELU: /* a e^x = y + a */
		return vf_sel(vf_lt(y, zero), vf_mul(dy, vf_add(y, a)), dy);
	case LEP_ACT_SIGMOID:
		return vf_mul(dy, vf_mul(y, vf_sub(one, y)));
	case LEP_ACT_TANH:
		return vf_mul(dy, vf_fnma(y, y, one));
	case LEP_ACT_GELU: /* Phi(x) + x phi(x) */
		s = factor(y, x);
		y = vf_exp(vf_mul(vf_mul(vf_set1(R(-0.5)), x), x));
		return vf_mul(dy, vf_fma(vf_mul(x, vf_set1(INV_SQRT_2PI)), y, s));
	case LEP_ACT_SILU: /* s (1 + x (1 - s)) */
		s = factor(y, x);
		return vf_mul(dy, vf_mul(s, vf_fma(x, vf_sub(one, s), one)));
	case LEP_ACT_SOFTPLUS:
		return vf_mul(dy, vf_sigmoid(x));
	case LEP_ACT_EXP:
		return vf_mul(dy, y);
	case LEP_ACT_LOG:
		return vf_div(dy, x);
	}
	return dy;
}

#define FORWARD(kind) \
	case kind: \
		for (i = 0; i + VL <= n; i += VL) \
			vf_store(y + i, value(kind, a, vf_load(x + i))); \
		if (i < n) \
			vf_store_n(y + i, value(kind, a, vf_load_n(x + i, n - i)), n - i); \
		break;

void ISA(act_forward)(enum lep_act kind, lep_real param, lep_real *y, const lep_real *x, size_t n)
{
	const vf a = vf_set1(param);
	size_t i;

	switch (kind) {
	FORWARD(LEP_ACT_NONE)
	FORWARD(LEP_ACT_RELU)
	FORWARD(LEP_ACT_LEAKY_RELU)
	FORWARD(LEP_ACT_ELU)
	FORWARD(LEP_ACT_SIGMOID)
	FORWARD(LEP_ACT_TANH)
	FORWARD(LEP_ACT_GELU)
	FORWARD(LEP_ACT_SILU)
	FORWARD(LEP_ACT_SOFTPLUS)
	FORWARD(LEP_ACT_EXP)
	FORWARD(LEP_ACT_LOG)
	}
}

/* x or y that a kind does not look at may be NULL: dy stands in for it. */
#define BACKWARD(kind) \
	case kind: \
		for (i = 0; i < n; i += VL) { \
			size_t m = n - i; \
			vf d = slope(kind, a, vf_load_upto(dy + i, m), vf_load_upto(px + i, m), \
				vf_load_upto(py + i, m)); \
			if (accumulate) \
				d = vf_add(vf_load_upto(dx + i, m), d); \
			vf_store_upto(dx + i, d, m); \
		} \
		break;

void ISA(act_backward)(enum lep_act kind, lep_real param, lep_real *dx, const lep_real *dy,
	const lep_real *x, const lep_real *y, size_t n, int accumulate)
{
	const vf a = vf_set1(param);
	const lep_real *px = x ? x : dy, *py = y ? y : dy;
	size_t i;

	switch (kind) {
	BACKWARD(LEP_ACT_NONE)
	BACKWARD(LEP_ACT_RELU)
	BACKWARD(LEP_ACT_LEAKY_RELU)
	BACKWARD(LEP_ACT_ELU)
	BACKWARD(LEP_ACT_SIGMOID)
	BACKWARD(LEP_ACT_TANH)
	BACKWARD(LEP_ACT_GELU)
	BACKWARD(LEP_ACT_SILU)
	BACKWARD(LEP_ACT_SOFTPLUS)
	BACKWARD(LEP_ACT_EXP)
	BACKWARD(LEP_ACT_LOG)
	}
}
