/* lep_exp and its kin against long double libm, and their special values. */
#include "check.h"

#include <math.h>

#include "base/math.h"

static double worst;

static void against(double got, long double want, double scale)
{
	double e = (double)fabsl((long double)got - want) / scale;

	if (!(e <= worst))
		worst = e;
}

static void exp_accuracy(void)
{
	worst = 0;
	for (double x = -708.3; x < 709.7; x += 0.00917)
		against(lep_exp(x), expl((long double)x), (double)expl((long double)x));
	CHECKF(worst < 2.5e-16, "%g", worst);
	worst = 0;
	for (double x = -1; x < 1; x += 1e-5)
		against(lep_exp(x), expl((long double)x), (double)expl((long double)x));
	CHECKF(worst < 2.5e-16, "%g", worst);
	CHECK(lep_exp(0) == 1);
	CHECK(lep_exp(-INFINITY) == 0 && lep_exp(INFINITY) == INFINITY && isnan(lep_exp(NAN)));
	CHECK(lep_exp(710) == INFINITY && lep_exp(-800) == 0 && lep_exp(-1e300) == 0);
	CHECK(fabs(lep_exp(-740) - exp(-740)) <= 0x1p-1074);
}

static void log_accuracy(void)
{
	worst = 0;
	for (double x = 1e-310; x < 1e308; x *= 1.0137) {
		long double want = logl((long double)x);

		against(lep_log(x), want, fabs((double)want));
	}
	CHECKF(worst < 3e-16, "%g", worst);
	worst = 0;
	for (double x = 0.5; x < 2; x += 1.37e-5) {
		long double want = logl((long double)x);

		against(lep_log(x), want, fabs((double)want) + 1e-300);
	}
	CHECKF(worst < 4e-16, "%g", worst);
	CHECK(lep_log(1) == 0);
	CHECK(lep_log(0) == -INFINITY && lep_log(-0.0) == -INFINITY && isnan(lep_log(-1)));
	CHECK(lep_log(INFINITY) == INFINITY && isnan(lep_log(NAN)));
}

static void circle_accuracy(void)
{
	worst = 0;
	for (double x = -40; x < 40; x += 0.000731) {
		against(lep_sin(x), sinl((long double)x), 1);
		against(lep_cos(x), cosl((long double)x), 1);
	}
	CHECKF(worst < 2.5e-16, "%g", worst);
	for (double x = 1; x < 1e9; x *= 1.0071) {
		against(lep_sin(x), sinl((long double)x), 1);
		against(lep_cos(-x), cosl((long double)x), 1);
	}
	CHECKF(worst < 2.5e-16, "%g", worst);
	/* relative near the zero at 0 */
	CHECK(lep_sin(1e-200) == 1e-200 && lep_sin(0) == 0 && lep_cos(0) == 1);
	CHECK(isnan(lep_sin(INFINITY)) && isnan(lep_cos(NAN)) && isnan(lep_sin(1e300)));
}

static void powers(void)
{
	worst = 0;
	for (int n = -3000; n <= 3000; n += 7) {
		static const double xs[] = {0.999, 0.9, 1.1, 3.7e-2, -1.01, 0.5};

		for (size_t i = 0; i < sizeof(xs) / sizeof(*xs); i++) {
			/* by squaring in long double: powl itself is no better */
			long double p = 1, b = (long double)xs[i];
			int k;

			for (k = abs(n); k > 0; k >>= 1, b *= b)
				if (k & 1)
					p *= b;
			if (n < 0)
				p = 1 / p;
			if (fabsl(p) < 1e300L && fabsl(p) > 1e-290L)
				against(lep_pow_int(xs[i], n), p, fabs((double)p));
		}
	}
	CHECKF(worst < 1e-15, "%g", worst);
	CHECK(lep_pow_int(2, 10) == 1024 && lep_pow_int(2, -1) == 0.5 && lep_pow_int(-3, 3) == -27);
	CHECK(lep_pow_int(0, 0) == 1 && lep_pow_int(NAN, 0) == 1);
	CHECK(lep_pow_int(10, 400) == INFINITY && lep_pow_int(10, -400) == 0);
	CHECK(lep_pow_int(0, -1) == INFINITY && lep_pow_int(0.5, 5000) == 0);
	CHECK(lep_pow_int(-10, 401) == -INFINITY && isnan(lep_pow_int(NAN, 3)));
	CHECK(lep_pow_int(0.999, 1000000) == 0 || lep_pow_int(0.999, 1000000) < 1e-300);
}

int main(void)
{
	RUN(exp_accuracy);
	RUN(log_accuracy);
	RUN(circle_accuracy);
	RUN(powers);
	return CHECK_END();
}
