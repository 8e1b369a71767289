/* Clopper-Pearson by bisection on the binomial tail, whose first term comes
 * from Loader's saddle-point form: no cancellation, however large n is. */
#include "eval/interval.h"

#include <math.h>

#include "base/math.h"

#define PI 3.14159265358979323846
#define TAIL 0.025

/* log(n!) - log(sqrt(2 pi n) (n/e)^n); the factorials up to 15! are exact. */
static double stirling_error(double n)
{
	double n2 = n * n;

	if (n <= 15) {
		double factorial = 1;

		for (double i = 2; i <= n; i++)
			factorial *= i;
		return lep_log(factorial) - (n + 0.5) * lep_log(n) + n - 0.5 * lep_log(2 * PI);
	}
	return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / n2) / n2) / n2) / n2) / n;
}

/* x log(x / m) + m - x, also where x is close to m. */
static double deviance(double x, double m)
{
	if (fabs(x - m) < 0.1 * (x + m)) {
		double v = (x - m) / (x + m);
		double sum = (x - m) * v;
		double term = 2 * x * v;

		for (int j = 1; j < 1000; j++) {
			double next;

			term *= v * v;
			next = sum + term / (2 * j + 1);
			if (next == sum)
				break;
			sum = next;
		}
		return sum;
	}
	return x * lep_log(x / m) + m - x;
}

double lep_binomial(uint64_t k, uint64_t n, double p)
{
	double x = (double)k, m = (double)n, y = (double)(n - k), q = 1 - p, log_c;

	if (p <= 0)
		return k == 0;
	if (q <= 0)
		return k == n;
	if (n == 0)
		return 1;
	if (k == 0)
		return lep_exp(-deviance(m, m * q) - m * p);
	if (k == n)
		return lep_exp(-deviance(m, m * p) - m * q);
	log_c = stirling_error(m) - stirling_error(x) - stirling_error(y) - deviance(x, m * p) -
		deviance(y, m * q);
	return lep_exp(log_c) * sqrt(m / (2 * PI * x * y));
}

/* P(X >= k) for p <= k / n: from k on the terms only fall. */
static double upper_tail(uint64_t k, uint64_t n, double p)
{
	double odds = p / (1 - p), x = (double)k, m = (double)n;
	double ratio = 1, sum = 1;

	for (uint64_t i = k; i < n; i++, x++) {
		ratio *= (m - x) / (x + 1) * odds;
		if (sum + ratio == sum)
			break;
		sum += ratio;
	}
	return lep_binomial(k, n, p) * sum;
}

static double lower_bound(uint64_t k, uint64_t n)
{
	double lo = 0, hi = (double)k / (double)n;

	if (k == 0)
		return 0;
	for (;;) {
		double mid = lo + (hi - lo) / 2;

		if (mid <= lo || mid >= hi)
			return hi;
		if (upper_tail(k, n, mid) < TAIL)
			lo = mid;
		else
			hi = mid;
	}
}

void lep_interval_exact(uint64_t k, uint64_t n, double *lo, double *hi)
{
	*lo = 0;
	*hi = 1;
	if (n == 0 || k > n)
		return;
	*lo = lower_bound(k, n);
	*hi = 1 - lower_bound(n - k, n);
}
