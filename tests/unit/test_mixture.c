/* Weights of a mixture: texts, and fits whose minima are known. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "check.h"
#include "eval/mixture.h"

static int near(const double *w, const double *want, size_t n, double tolerance)
{
	for (size_t i = 0; i < n; i++)
		if (!(fabs(w[i] - want[i]) <= tolerance))
			return 0;
	return 1;
}

static void texts(void)
{
	static const struct {
		const char *text, *cause;
	} bad[] = {
		{"1", "is 1 weights for 2"}, {"1,2,3", "is 3 weights for 2"}, {"1,-1", "not below 0"}, {"-0.5,1", "not below 0"},
		{"0,0", "no weight is above 0"}, {"1,", "not a weight"}, {",1", "not a weight"}, {"1,x", "not a weight"},
		{"nan,1", "not a weight"}, {"inf,1", "not a weight"}, {"1e999,1", "not a weight"}, {"0x1,1", "not a weight"},
		{" 1,1", "not a weight"}, {"", "is 1 weights for 2"},
	};
	struct lep_buf text = {0};
	struct lep_error e;
	double w[2];

	CHECK(lep_mixture_parse(w, 2, "0.7,0.3", &e) == 0 && near(w, (double[]){0.7, 0.3}, 2, 1e-15));
	CHECK(lep_mixture_parse(w, 2, "3,1", &e) == 0 && near(w, (double[]){0.75, 0.25}, 2, 0));
	CHECK(lep_mixture_parse(w, 2, "0,2e-3", &e) == 0 && near(w, (double[]){0, 1}, 2, 0));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECKF(lep_mixture_parse(w, 2, bad[i].text, &e) == LEP_ERR_USAGE && strstr(e.text, bad[i].cause), "%s: %s",
			bad[i].text, e.text);
	lep_mixture_text(&text, (double[]){1 / 3.0, 2 / 3.0}, 2);
	CHECKF(strcmp(text.data, "0.333333,0.666667") == 0, "%s", text.data);
	lep_buf_clear(&text);
	lep_mixture_text(&text, (double[]){1, 0, 1e-9}, 3);
	CHECKF(strcmp(text.data, "1,0,0") == 0, "%s", text.data);
	lep_buf_release(&text);
}

/* Cases p of n models; each row `times[row]` times. */
static int fit(double *w, size_t n, int numbers, const double *p, const int *times, size_t rows)
{
	struct lep_mixture m;
	struct lep_error e;
	int rc = lep_mixture_init(&m, n, numbers, &e);

	for (size_t r = 0; r < rows && !rc; r++)
		for (int k = 0; k < times[r] && !rc; k++)
			rc = lep_mixture_add(&m, p + r * n, &e);
	if (!rc)
		rc = lep_mixture_fit(&m, w, &e);
	lep_mixture_release(&m);
	return rc;
}

/* Where each case is known to one model alone, the weights are their shares. */
static void shares(void)
{
	double w[3];

	CHECK(fit(w, 2, 0, (double[]){1, 0, 0, 1}, (int[]){3, 1}, 2) == 0);
	CHECKF(near(w, (double[]){0.75, 0.25}, 2, 1e-9), "%.17g %.17g", w[0], w[1]);
	CHECK(fit(w, 3, 0, (double[]){0.5, 0, 0, 0, 0.25, 0, 0, 0, 1}, (int[]){2, 3, 5}, 3) == 0);
	CHECKF(near(w, (double[]){0.2, 0.3, 0.5}, 3, 1e-9), "%.17g %.17g %.17g", w[0], w[1], w[2]);
}

/*
 * Two cases, (0.9, 0.5) and (0.2, 0.5): the loss's slope is zero where
 * 0.4 / (0.5 + 0.4 w) = 0.3 / (0.5 - 0.3 w), w = 5 / 24.
 */
static void inside(void)
{
	double w[2];

	CHECK(fit(w, 2, 0, (double[]){0.9, 0.5, 0.2, 0.5}, (int[]){1, 1}, 2) == 0);
	CHECKF(near(w, (double[]){5 / 24.0, 19 / 24.0}, 2, 1e-9), "%.17g", w[0]);
}

static void corners(void)
{
	double w[2];

	CHECK(fit(w, 2, 0, (double[]){0.9, 0.5}, (int[]){10}, 1) == 0 && near(w, (double[]){1, 0}, 2, 1e-12));
	CHECK(fit(w, 2, 0, (double[]){0.3, 0.5, 0.5, 0.7}, (int[]){4, 9}, 2) == 0 && near(w, (double[]){0, 1}, 2, 1e-12));
	/* Twins share, and nobody knowing anything is no trouble. */
	CHECK(fit(w, 2, 0, (double[]){0.9, 0.9, 0.1, 0.1}, (int[]){5, 1}, 2) == 0 && near(w, (double[]){0.5, 0.5}, 2, 0));
	CHECK(fit(w, 2, 0, (double[]){0, 0}, (int[]){3}, 1) == 0 && near(w, (double[]){0.5, 0.5}, 2, 0));
	CHECK(fit(w, 1, 0, (double[]){0.4}, (int[]){2}, 1) == 0 && w[0] == 1);
	CHECK(fit(w, 2, 0, (double[]){1, 1}, (int[]){0}, 1) == LEP_ERR_DATA);
}

/* Errors of numbers: without correlation weights go as 1 / variance. */
static void numbers(void)
{
	double w[2];

	CHECK(fit(w, 2, 1, (double[]){1, 0, 0, 2}, (int[]){1, 1}, 2) == 0);
	CHECKF(near(w, (double[]){0.8, 0.2}, 2, 1e-12), "%.17g", w[0]);
	/* Always wrong the same way: the less wrong one alone. */
	CHECK(fit(w, 2, 1, (double[]){1, 2}, (int[]){5}, 1) == 0 && near(w, (double[]){1, 0}, 2, 1e-12));
	/* Wrong in opposite ways: w1 = 2 w2 leaves no error at all. */
	CHECK(fit(w, 2, 1, (double[]){-1, 2, 2, -4}, (int[]){3, 4}, 2) == 0);
	CHECKF(near(w, (double[]){2 / 3.0, 1 / 3.0}, 2, 1e-9), "%.17g", w[0]);
	CHECK(fit(w, 2, 1, (double[]){0, 0}, (int[]){3}, 1) == 0 && near(w, (double[]){0.5, 0.5}, 2, 0));
}

/* Six models, some alike, on many cases: no model's weight can be raised with profit
 * (mean(p_k / mix) <= 1), and those that have weight are worth it (= 1). */
static void optimum(void)
{
	enum { N = 6, CASES = 3000 };
	static double p[CASES][N];
	struct lep_mixture m;
	struct lep_error e;
	double w[N], again[N], sum = 0;

	CHECK(lep_mixture_init(&m, N, 0, &e) == 0);
	for (int c = 0; c < CASES; c++) {
		uint32_t r[4], s[4];

		lep_random_block(r, 1, LEP_RANDOM_SHUFFLE, 0, (uint64_t)c);
		lep_random_block(s, 1, LEP_RANDOM_SHUFFLE, 1, (uint64_t)c);
		for (int k = 0; k < N; k++) {
			double u = (k < 4 ? r[k] : s[k - 4]) / 4294967296.0;

			p[c][k] = k == 5 ? p[c][0] : u < 0.1 * k ? 0.01 * u : 1 - u * u;
		}
		CHECK(lep_mixture_add(&m, p[c], &e) == 0);
	}
	CHECK(lep_mixture_fit(&m, w, &e) == 0 && lep_mixture_fit(&m, again, &e) == 0 && !memcmp(w, again, sizeof(w)));
	for (int k = 0; k < N; k++) {
		double worth = 0;

		for (int c = 0; c < CASES; c++) {
			double mix = 0;

			for (int j = 0; j < N; j++)
				mix += w[j] * p[c][j];
			worth += p[c][k] / mix / CASES;
		}
		CHECKF(w[k] >= 0 && worth <= 1 + 1e-9, "model %d: weight %g, worth %.12g", k, w[k], worth);
		CHECKF(w[k] < 1e-6 || fabs(worth - 1) < 1e-6, "model %d: weight %g, worth %.12g", k, w[k], worth);
		sum += w[k];
	}
	CHECK(fabs(sum - 1) < 1e-12);
	lep_mixture_release(&m);
}

int main(void)
{
	RUN(texts);
	RUN(shares);
	RUN(inside);
	RUN(corners);
	RUN(numbers);
	RUN(optimum);
	return CHECK_END();
}
