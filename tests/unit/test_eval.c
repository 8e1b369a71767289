/* eval/: intervals, metrics of classes and of numbers. */
#include <math.h>
#include <string.h>

#include "eval/interval.h"
#include "eval/metrics.h"
#include "check.h"

static int near(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance;
}

/* Reference values from mpmath with 40 digits. */
static const struct {
	uint64_t k, n;
	double lo, hi;
} interval[] = {
	{9907, 10000, 0.98861881395024294, 0.99248732414418791},
	{0, 10, 0, 0.30849710781876083},
	{10, 10, 0.69150289218123917, 1},
	{5, 10, 0.18708602844739852, 0.81291397155260148},
	{1, 10, 0.00252857854446178, 0.44501611702819543},
	{0, 1, 0, 0.975},
	{1, 1, 0.025, 1},
	{3, 7, 0.09898827844250787, 0.81594843235991699},
	{123, 457, 0.22899700303457402, 0.31231349869120607},
	{100, 100000, 0.00081371168197017516, 0.00121613639564764728},
	{999999, 1000000, 0.99999442836934483, 0.99999997468219234},
	{0, 0, 0, 1},
};

static void intervals(void)
{
	for (size_t i = 0; i < sizeof(interval) / sizeof(interval[0]); i++) {
		double lo, hi;

		lep_interval_exact(interval[i].k, interval[i].n, &lo, &hi);
		CHECKF(near(lo, interval[i].lo, 1e-12) && near(hi, interval[i].hi, 1e-12),
			"%g of %g: %.17g %.17g", (double)interval[i].k, (double)interval[i].n, lo, hi);
	}
}

static void binomials(void)
{
	CHECK(near(lep_binomial(3, 10, 0.25), 0.25028228759765625, 1e-15));
	CHECK(near(lep_binomial(500, 1000, 0.5), 0.025225018178360802, 1e-15));
	CHECK(near(lep_binomial(0, 50, 0.0625), 0.039679283373247718, 1e-15));
	CHECK(near(lep_binomial(50, 50, 0.875), 0.0012600931512018426, 1e-16));
	CHECK(near(lep_binomial(9907, 10000, 0.984375), 1.0410436509587521e-8, 1e-20));
	CHECK(lep_binomial(0, 5, 0) == 1 && lep_binomial(1, 5, 0) == 0);
	CHECK(lep_binomial(5, 5, 1) == 1 && lep_binomial(4, 5, 1) == 0);
}

static void large_sample_is_quick(void)
{
	double lo, hi;

	lep_interval_exact(500000000, 1000000000, &lo, &hi);
	/* normal approximation: 0.5 +- 1.96 sqrt(0.25 / 1e9) */
	CHECK(near(lo, 0.5 - 3.0990e-5, 1e-8) && near(hi, 0.5 + 3.0990e-5, 1e-8));
}

/*
 * Five cases of three classes, as rows of targets:
 *	a: a a b     b: b none     c: (no case, but d is predicted once below)
 */
static void classes(void)
{
	struct lep_class_score s;
	double v;

	CHECK(lep_class_score_init(&s, 4, 1, NULL) == 0);
	lep_class_score_add(&s, 0, 0);
	lep_class_score_add(&s, 0, 0);
	lep_class_score_add(&s, 0, 1);
	lep_class_score_add(&s, 1, 1);
	lep_class_score_add(&s, 1, -1);
	CHECK(lep_class_score_get(&s, LEP_METRIC_ACCURACY, LEP_OF_ALL, &v) && v == 0.6);
	CHECK(lep_class_score_get(&s, LEP_METRIC_PRECISION, 0, &v) && v == 1);
	CHECK(lep_class_score_get(&s, LEP_METRIC_RECALL, 0, &v) && v == 2.0 / 3);
	CHECK(lep_class_score_get(&s, LEP_METRIC_F1, 0, &v) && near(v, 0.8, 1e-15));
	CHECK(lep_class_score_get(&s, LEP_METRIC_PRECISION, 1, &v) && v == 0.5);
	CHECK(lep_class_score_get(&s, LEP_METRIC_RECALL, 1, &v) && v == 0.5);
	CHECK(!lep_class_score_get(&s, LEP_METRIC_PRECISION, 2, &v));
	CHECK(!lep_class_score_get(&s, LEP_METRIC_RECALL, 2, &v));
	CHECK(!lep_class_score_get(&s, LEP_METRIC_F1, 2, &v));
	CHECK(!lep_class_score_get(&s, LEP_METRIC_F1, 4, &v));
	CHECK(lep_class_score_get(&s, LEP_METRIC_SUPPORT, 0, &v) && v == 3);
	CHECK(lep_class_score_get(&s, LEP_METRIC_PREDICTED, 1, &v) && v == 2);
	/* c and d do not occur: the averages run over a and b */
	CHECK(lep_class_score_get(&s, LEP_METRIC_PRECISION, LEP_OF_MACRO, &v) && v == 0.75);
	CHECK(lep_class_score_get(&s, LEP_METRIC_RECALL, LEP_OF_WEIGHTED, &v) && near(v, 0.6, 1e-15));
	CHECK(lep_class_score_get(&s, LEP_METRIC_BALANCED, LEP_OF_ALL, &v) && near(v, 3.5 / 6, 1e-15));
	CHECK(s.confusion[0] == 2 && s.confusion[1] == 1 && s.confusion[4] == 0);
	CHECK(s.confusion[5 + 1] == 1 && s.confusion[5 + 4] == 1);
	/* d predicted for a: it occurs now, with recall undefined, counted 0 */
	lep_class_score_add(&s, 0, 3);
	CHECK(lep_class_score_get(&s, LEP_METRIC_PRECISION, 3, &v) && v == 0);
	CHECK(!lep_class_score_get(&s, LEP_METRIC_RECALL, 3, &v));
	CHECK(lep_class_score_get(&s, LEP_METRIC_RECALL, LEP_OF_MACRO, &v) && near(v, (0.5 + 0.5) / 3, 1e-15));
	CHECK(lep_class_score_get(&s, LEP_METRIC_BALANCED, LEP_OF_ALL, &v) && v == 0.5);
	/* bad records are wrong */
	s.bad = 4;
	CHECK(lep_class_score_get(&s, LEP_METRIC_ACCURACY, LEP_OF_ALL, &v) && v == 0.3);
	lep_class_score_release(&s);
}

/* 20 5 / 10 15: po 0.7, pe 0.5, kappa 0.4 (the example of Cohen's page in
 * textbooks); MCC (20*15-5*10)/sqrt(25*25*30*20). */
static void agreement(void)
{
	struct lep_class_score s;
	double v;

	CHECK(lep_class_score_init(&s, 2, 0, NULL) == 0);
	CHECK(!lep_class_score_get(&s, LEP_METRIC_ACCURACY, LEP_OF_ALL, &v));
	CHECK(!lep_class_score_get(&s, LEP_METRIC_KAPPA, LEP_OF_ALL, &v));
	CHECK(!lep_class_score_get(&s, LEP_METRIC_F1, LEP_OF_MACRO, &v));
	for (int i = 0; i < 50; i++)
		lep_class_score_add(&s, i >= 25, i < 20 || (i >= 25 && i < 35) ? 0 : 1);
	CHECK(lep_class_score_get(&s, LEP_METRIC_KAPPA, LEP_OF_ALL, &v) && near(v, 0.4, 1e-15));
	CHECK(lep_class_score_get(&s, LEP_METRIC_MCC, LEP_OF_ALL, &v) && near(v, 250 / sqrt(375000), 1e-15));
	lep_class_score_release(&s);
	/* one class only, always right: chance agrees as well */
	CHECK(lep_class_score_init(&s, 2, 0, NULL) == 0);
	lep_class_score_add(&s, 1, 1);
	CHECK(!lep_class_score_get(&s, LEP_METRIC_KAPPA, LEP_OF_ALL, &v));
	CHECK(!lep_class_score_get(&s, LEP_METRIC_MCC, LEP_OF_ALL, &v));
	lep_class_score_release(&s);
}

static void probabilities(void)
{
	struct lep_class_score s;
	double v;

	CHECK(lep_class_score_init(&s, 3, 0, NULL) == 0);
	for (int i = 0; i < 3; i++)
		lep_class_score_add(&s, 0, 0);
	lep_class_score_probability(&s, 0.5, 0);
	lep_class_score_probability(&s, 1, 1);
	lep_class_score_probability(&s, 0, 2);
	CHECK(lep_class_score_get(&s, LEP_METRIC_TOP, 1, &v) && v == 1.0 / 3);
	CHECK(lep_class_score_get(&s, LEP_METRIC_TOP, 2, &v) && v == 2.0 / 3);
	CHECK(lep_class_score_get(&s, LEP_METRIC_TOP, 3, &v) && v == 1);
	CHECK(lep_class_score_get(&s, LEP_METRIC_LOG_LOSS, LEP_OF_ALL, &v));
	CHECK(near(v, (0.69314718055994531 + 34.538776394910684) / 3, 1e-12));
	lep_class_score_release(&s);
}

static void numbers(void)
{
	static const double pair[4][4] = {{3, 2.5, 7, 7}, {-0.5, 0, 7, 8}, {2, 2, 7, 7}, {7, 8, 7, 7}};
	struct lep_number_score s;
	double v;

	CHECK(lep_number_score_init(&s, 2, NULL) == 0);
	CHECK(!lep_number_score_get(&s, LEP_METRIC_MSE, LEP_OF_ALL, &v));
	for (int i = 0; i < 4; i++)
		lep_number_score_add(&s, pair[i]);
	CHECK(lep_number_score_get(&s, LEP_METRIC_MSE, 0, &v) && near(v, 0.375, 1e-15));
	CHECK(lep_number_score_get(&s, LEP_METRIC_MAE, 0, &v) && near(v, 0.5, 1e-15));
	CHECK(lep_number_score_get(&s, LEP_METRIC_R2, 0, &v) && near(v, 1 - 1.5 / 29.1875, 1e-14));
	CHECK(lep_number_score_get(&s, LEP_METRIC_MSE, 1, &v) && v == 0.25);
	CHECK(!lep_number_score_get(&s, LEP_METRIC_R2, 1, &v));
	CHECK(!lep_number_score_get(&s, LEP_METRIC_MSE, 2, &v));
	CHECK(lep_number_score_get(&s, LEP_METRIC_MSE, LEP_OF_ALL, &v) && near(v, 0.3125, 1e-15));
	CHECK(lep_number_score_get(&s, LEP_METRIC_RMSE, LEP_OF_ALL, &v) && near(v, sqrt(0.3125), 1e-15));
	/* the constant second output has no R2 and is left out of the mean */
	CHECK(lep_number_score_get(&s, LEP_METRIC_R2, LEP_OF_ALL, &v) && near(v, 1 - 1.5 / 29.1875, 1e-14));
	CHECK(!lep_number_score_get(&s, LEP_METRIC_ACCURACY, LEP_OF_ALL, &v));
	s.bad = 1;
	CHECK(!lep_number_score_get(&s, LEP_METRIC_MSE, LEP_OF_ALL, &v));
	lep_number_score_release(&s);
}

/* Large offset: a naive sum of squares would lose all digits. */
static void numbers_far_from_zero(void)
{
	struct lep_number_score s;
	double v;

	CHECK(lep_number_score_init(&s, 1, NULL) == 0);
	for (int i = 0; i < 1000; i++) {
		double pair[2] = {1e9 + i % 2, 1e9 + 0.5};

		lep_number_score_add(&s, pair);
	}
	CHECK(lep_number_score_get(&s, LEP_METRIC_R2, LEP_OF_ALL, &v) && near(v, 0, 1e-6));
	lep_number_score_release(&s);
}

/* n cases far from zero, of squared error 4 and 0 by turns; each output the same. */
static int score_turns(struct lep_number_score *s, size_t outputs, int n, double error)
{
	double pair[40];
	int rc = lep_number_score_init(s, outputs, NULL);

	for (int i = 0; i < n && !rc; i++) {
		for (size_t k = 0; k < outputs; k++) {
			pair[2 * k] = 1e6 + i % 5;
			pair[2 * k + 1] = pair[2 * k] + (i % 2 ? 2 : error);
		}
		lep_number_score_add(s, pair);
		rc = lep_number_score_record(s, pair, 1, NULL);
	}
	return rc ? rc : lep_number_score_end(s, 1000, 0, NULL);
}

static void numbers_intervals(void)
{
	struct lep_number_score s;
	double lower, upper;

	/* The mean of 400 values of mean 2 and deviation 2: 1.96 * 2 / 20 to either side. */
	CHECK(score_turns(&s, 2, 400, 0) == 0);
	CHECK(lep_number_score_get(&s, LEP_METRIC_MSE, LEP_OF_LOWER, &lower) && near(lower, 2 - 0.196, 0.03));
	CHECK(lep_number_score_get(&s, LEP_METRIC_MSE, LEP_OF_UPPER, &upper) && near(upper, 2 + 0.196, 0.03));
	CHECK(lep_number_score_get(&s, LEP_METRIC_RMSE, LEP_OF_UPPER, &lower) && near(lower, sqrt(upper), 1e-12));
	CHECK(lep_number_score_get(&s, LEP_METRIC_MAE, LEP_OF_LOWER, &lower) && near(lower, 1 - 0.098, 0.02));
	/* The target's variance is 2. */
	CHECK(lep_number_score_get(&s, LEP_METRIC_R2, LEP_OF_LOWER, &lower) && lower < -0.05 && lower > -0.25);
	CHECK(lep_number_score_get(&s, LEP_METRIC_R2, LEP_OF_UPPER, &upper) && upper > 0.05 && upper < 0.25);
	lep_number_score_release(&s);
	/* All errors alike: nothing to doubt. */
	CHECK(score_turns(&s, 1, 100, 2) == 0);
	CHECK(lep_number_score_get(&s, LEP_METRIC_MSE, LEP_OF_LOWER, &lower) && near(lower, 4, 1e-12));
	CHECK(lep_number_score_get(&s, LEP_METRIC_MSE, LEP_OF_UPPER, &upper) && near(upper, 4, 1e-12));
	lep_number_score_release(&s);
	CHECK(score_turns(&s, LEP_NUMBER_INTERVALS + 1, 10, 0) == 0);
	CHECK(!lep_number_score_get(&s, LEP_METRIC_MSE, LEP_OF_LOWER, &lower));
	lep_number_score_release(&s);
}

int main(void)
{
	RUN(intervals);
	RUN(binomials);
	RUN(large_sample_is_quick);
	RUN(classes);
	RUN(agreement);
	RUN(probabilities);
	RUN(numbers);
	RUN(numbers_far_from_zero);
	RUN(numbers_intervals);
	return CHECK_END();
}
