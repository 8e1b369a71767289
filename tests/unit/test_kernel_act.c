/*
 * The elementwise functions: error in units of the last place against long
 * double libm, special values, derivatives, the same bytes everywhere.
 */
#include "kernel_test.h"

static struct room got, want;
static lep_real x_store[ROOM_MAX], y_store[ROOM_MAX];

static long double wanted(enum lep_act kind, long double a, long double x)
{
	switch (kind) {
	case LEP_ACT_NONE:
		return x;
	case LEP_ACT_RELU:
		return x > 0 ? x : 0;
	case LEP_ACT_LEAKY_RELU:
		return x < 0 ? a * x : x;
	case LEP_ACT_ELU:
		return x < 0 ? a * expm1l(x) : x;
	case LEP_ACT_SIGMOID:
		return 1 / (1 + expl(-x));
	case LEP_ACT_TANH:
		return tanhl(x);
	case LEP_ACT_GELU:
		return x * 0.5L * erfcl(-x * sqrtl(0.5L));
	case LEP_ACT_SILU:
		return x / (1 + expl(-x));
	case LEP_ACT_SOFTPLUS:
		return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
	case LEP_ACT_EXP:
		return expl(x);
	case LEP_ACT_LOG:
		return logl(x);
	}
	return 0;
}

static long double slope(enum lep_act kind, long double a, long double x)
{
	long double s = 1 / (1 + expl(-x)), t = tanhl(x);

	switch (kind) {
	case LEP_ACT_NONE:
		return 1;
	case LEP_ACT_RELU:
		return x > 0;
	case LEP_ACT_LEAKY_RELU:
		return x < 0 ? a : 1;
	case LEP_ACT_ELU:
		return x < 0 ? a * expl(x) : 1;
	case LEP_ACT_SIGMOID:
		return s * (1 - s);
	case LEP_ACT_TANH:
		return 1 - t * t;
	case LEP_ACT_GELU:
		return 0.5L * erfcl(-x * sqrtl(0.5L)) + x * expl(-x * x / 2) * 0.398942280401432677939946L;
	case LEP_ACT_SILU:
		return s * (1 + x * (1 - s));
	case LEP_ACT_SOFTPLUS:
		return s;
	case LEP_ACT_EXP:
		return expl(x);
	case LEP_ACT_LOG:
		return 1 / x;
	}
	return 0;
}

static const struct {
	const char *name;
	enum lep_act kind;
	double param, from, to, step;
	double ulp;        /* of the result */
	double absolute;   /* or this, where the formula cancels */
} kinds[] = {
	{"none", LEP_ACT_NONE, 0, -3, 3, 0.1, 0, 0},
	{"relu", LEP_ACT_RELU, 0, -3, 3, 0.1, 0, 0},
	{"leaky", LEP_ACT_LEAKY_RELU, 0.125, -3, 3, 0.1, 1, 0},
	{"elu", LEP_ACT_ELU, 1, -20, 3, 0.00037, 5, 0},
	{"sigmoid", LEP_ACT_SIGMOID, 0, -103, 90, 0.0037, 2.5, 0},
	{"tanh", LEP_ACT_TANH, 0, -11, 11, 0.00031, 2, 0},
	{"tanh near 0", LEP_ACT_TANH, 0, -0.7, 0.7, 0.000031, 2, 0},
	{"gelu", LEP_ACT_GELU, 0, -9, 9, 0.00037, 4, 3e-7},
	{"silu", LEP_ACT_SILU, 0, -100, 90, 0.0037, 3.5, 1e-36},
	{"softplus", LEP_ACT_SOFTPLUS, 0, -103, 90, 0.0037, 3, 0},
	{"softplus near 0", LEP_ACT_SOFTPLUS, 0, -4, 4, 0.00017, 3, 0},
	{"exp", LEP_ACT_EXP, 0, -103.9, 88.7, 0.0029, 1, 0},
	{"exp near 0", LEP_ACT_EXP, 0, -1, 1, 0.000029, 1, 0},
	{"log", LEP_ACT_LOG, 0, 1e-5, 40, 0.00071, 1.5, 0},
	{"log near 1", LEP_ACT_LOG, 0, 0.5, 2, 0.000027, 1.5, 0},
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* the distance of two reals in units of the last place of the right one */
static double ulps(lep_real a, long double b)
{
	long double last = nextafterl(0, 1), m = fabsl(b);
	int e;

	frexpl(m, &e);
	last = ldexpl(1, e - 24 < -149 ? -149 : e - 24);
	return (double)(fabsl((long double)a - b) / last);
}

static void accuracy(void)
{
	const struct lep_kernels *k = isas[0];

	for (size_t i = 0; i < KINDS; i++) {
		double worst = 0, at = 0;
		size_t n = 0;

		for (double v = kinds[i].from; v < kinds[i].to && n < ROOM_MAX; v += kinds[i].step)
			x_store[n++] = (lep_real)v;
		k->act_forward(kinds[i].kind, (lep_real)kinds[i].param, y_store, x_store, n);
		for (size_t j = 0; j < n; j++) {
			long double w = wanted(kinds[i].kind, (long double)kinds[i].param,
				(long double)x_store[j]);
			double e = ulps(y_store[j], w);

			if (fabsl((long double)y_store[j] - w) <= (long double)kinds[i].absolute)
				e = 0;
			if (!(e <= worst)) {
				worst = e;
				at = (double)x_store[j];
			}
		}
		printf("# %s: at most %.2f ulp, at %.9g\n", kinds[i].name, worst, at);
		CHECKF(worst <= kinds[i].ulp, "%s: %g ulp at %.9g", kinds[i].name, worst, at);
	}
}

/* erf is seen through gelu(x sqrt 2) elsewhere; here its derivative and all
 * others, against the formula. */
static void derivatives(void)
{
	static lep_real dy[5003], dx[5003], x[5003], y[5003];
	/* where a quotient of results would not do, and far out */
	static const double points[] = {0, -0.0, 1e-42, -1e-42, 1e-31, -1e-29, 40, -40};

	for (size_t i = 0; i < KINDS; i++) {
		int positive = kinds[i].kind == LEP_ACT_LOG;

		numbers(dy, 5003);
		for (size_t j = 0; j < 5003; j++) {
			x[j] = j < sizeof(points) / sizeof(*points) ? (lep_real)points[j] : number() * 6;
			x[j] = positive ? (lep_real)fabs((double)x[j]) + (lep_real)0.1 : x[j];
			dx[j] = 1;
		}
		isas[0]->act_forward(kinds[i].kind, (lep_real)kinds[i].param, y, x, 5003);
		isas[0]->act_backward(kinds[i].kind, (lep_real)kinds[i].param, dx, dy, x, y, 5003, 1);
		for (size_t j = 0; j < 5003; j++) {
			long double w = 1 + (long double)dy[j] * slope(kinds[i].kind,
				(long double)kinds[i].param, (long double)x[j]);

			CHECKF(fabsl((long double)dx[j] - w) < 1e-6L * (fabsl(w) + 1), "%s x %g: %g, not %Lg",
				kinds[i].name, (double)x[j], (double)dx[j], w);
		}
	}
}

static void special_values(void)
{
	const lep_real x[8] = {(lep_real)NAN, (lep_real)INFINITY, (lep_real)-INFINITY, 0,
		(lep_real)-0.0, (lep_real)1e-42, (lep_real)200, (lep_real)-200};
	lep_real y[8];

	for (size_t t = 0; t < isa_count; t++) {
		for (size_t i = 0; i < KINDS; i++) {
			isas[t]->act_forward(kinds[i].kind, 1, y, x, 8);
			CHECKF(isnan(y[0]), "%s %s", isas[t]->name, kinds[i].name);
		}
		isas[t]->act_forward(LEP_ACT_EXP, 0, y, x, 8);
		CHECK(isinf(y[1]) && y[2] == 0 && y[3] == 1 && y[5] == 1 && y[6] > 1e30 && y[7] < 1e-80);
		isas[t]->act_forward(LEP_ACT_TANH, 0, y, x, 8);
		CHECK(y[1] == 1 && y[2] == -1 && y[3] == 0 && y[5] == x[5] && y[6] == 1 && y[7] == -1);
		isas[t]->act_forward(LEP_ACT_SIGMOID, 0, y, x, 8);
		CHECK(y[1] == 1 && y[2] == 0 && y[3] == (lep_real)0.5 && y[6] == 1 && y[7] < 1e-80);
		isas[t]->act_forward(LEP_ACT_SOFTPLUS, 0, y, x, 8);
		CHECK(isinf(y[1]) && y[2] == 0 && y[6] == 200 && y[7] < 1e-80);
		isas[t]->act_forward(LEP_ACT_LOG, 0, y, x, 8);
		CHECK(isinf(y[1]) && isnan(y[2]) && isinf(y[3]) && y[3] < 0 && isinf(y[4]));
		CHECK(fabs((double)y[5] - log(1e-42)) < 1e-3 && isnan(y[7]));
		isas[t]->act_forward(LEP_ACT_GELU, 0, y, x, 8);
		CHECK(isinf(y[1]) && y[6] == 200 && y[7] == 0);
	}
}

static void same_everywhere(void)
{
	static const size_t sizes[] = {0, 1, 2, 7, 15, 16, 17, 31, 33, 100, 1001};

	for (size_t i = 0; i < KINDS; i++) {
		for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
			size_t n = sizes[s];

			numbers(x_store + 1, n);
			for (size_t j = 1; j <= n; j++)
				x_store[j] *= (lep_real)(j % 5 == 0 ? 120 : j % 5 == 1 ? 0.01 : 8);
			if (n > 20) {
				x_store[3] = (lep_real)NAN;
				x_store[9] = (lep_real)INFINITY;
				x_store[n] = (lep_real)-INFINITY;
			}
			for (size_t t = 0; t < isa_count; t++) {
				struct room *r = t ? &got : &want;
				lep_real *y = room_open(r, 2 * n, 1 + t);

				isas[t]->act_forward(kinds[i].kind, (lep_real)0.3, y, x_store + 1, n);
				for (size_t j = 0; j < n; j++)
					y[n + j] = x_store[n - j];
				isas[t]->act_backward(kinds[i].kind, (lep_real)0.3, y + n, x_store + 1,
					x_store + 1, y, n, s & 1);
				CHECKF(room_intact(r) && same_bytes(r->p, want.p, 2 * n), "%s %s n %zu",
					isas[t]->name, kinds[i].name, n);
				/* in place */
				memcpy(y_store, x_store + 1, n * sizeof(*y));
				isas[t]->act_forward(kinds[i].kind, (lep_real)0.3, y_store, y_store, n);
				CHECK(same_bytes(y_store, y, n));
			}
		}
	}
}

int main(void)
{
	find_isas();
	RUN(accuracy);
	RUN(derivatives);
	RUN(special_values);
	RUN(same_everywhere);
	return CHECK_END();
}
