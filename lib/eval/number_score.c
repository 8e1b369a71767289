/* Errors of numbers: each output on its own, means, and their intervals. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "eval/metrics.h"

/* Sums an output: squared and absolute error, target and its square. */
#define SUMS 4

static const enum lep_metric measured[4] = {LEP_METRIC_MSE, LEP_METRIC_RMSE, LEP_METRIC_MAE, LEP_METRIC_R2};

static int share(double part, double whole, double *value)
{
	*value = whole > 0 ? part / whole : 0;
	return whole > 0;
}

int lep_number_score_init(struct lep_number_score *s, size_t outputs, struct lep_error *e)
{
	*s = (struct lep_number_score){.outputs = outputs};
	s->square = lep_alloc(outputs, sizeof(*s->square));
	s->absolute = lep_alloc(outputs, sizeof(*s->absolute));
	s->mean = lep_alloc(outputs, sizeof(*s->mean));
	s->spread = lep_alloc(outputs, sizeof(*s->spread));
	if (outputs <= LEP_NUMBER_INTERVALS) {
		s->share = lep_alloc(1 + SUMS * outputs, sizeof(*s->share));
		s->first = lep_alloc(outputs, sizeof(*s->first));
		if (!s->share || !s->first || lep_resample_init(&s->sums, 1 + SUMS * outputs, e)) {
			lep_number_score_release(s);
			return lep_fail_nomem(e, 0);
		}
	}
	if (!s->square || !s->absolute || !s->mean || !s->spread) {
		lep_number_score_release(s);
		return lep_fail_nomem(e, 4.0 * sizeof(double) * (double)outputs);
	}
	return 0;
}

void lep_number_score_release(struct lep_number_score *s)
{
	lep_free(s->square);
	lep_free(s->absolute);
	lep_free(s->mean);
	lep_free(s->spread);
	lep_free(s->share);
	lep_free(s->first);
	lep_resample_release(&s->sums);
	*s = (struct lep_number_score){0};
}

void lep_number_score_add(struct lep_number_score *s, const double *pair)
{
	double n = (double)++s->cases;

	for (size_t i = 0; i < s->outputs; i++) {
		double truth = pair[2 * i], error = pair[2 * i + 1] - truth, before = truth - s->mean[i];

		s->square[i] += error * error;
		s->absolute[i] += fabs(error);
		s->mean[i] += before / n;
		s->spread[i] += before * (truth - s->mean[i]);
	}
}

/* A value of all outputs from sums; which is the metric's place among measured[] and, times
 * four, the outputs. */
static int value_of(const double *sum, int which, double *value)
{
	int outputs = which / 4;
	enum lep_metric m = measured[which % 4];
	double total = 0, known = 0, n = sum[0];

	for (int i = 0; i < outputs && n > 0; i++) {
		const double *s = sum + 1 + SUMS * i;
		double spread = s[3] - s[2] * s[2] / n;

		if (m == LEP_METRIC_R2 && !(spread > 0))
			continue;
		total += m == LEP_METRIC_MAE ? s[1] / n : m == LEP_METRIC_R2 ? 1 - s[0] / spread : s[0] / n;
		known++;
	}
	if (!share(total, known, value))
		return 0;
	if (m == LEP_METRIC_RMSE)
		*value = sqrt(*value);
	return 1;
}

int lep_number_score_record(struct lep_number_score *s, const double *pair, size_t n, struct lep_error *e)
{
	if (!s->share)
		return 0;
	for (size_t i = 0; i < s->outputs && s->cases == n; i++)
		s->first[i] = n ? pair[2 * i] : 0;
	memset(s->share, 0, (1 + SUMS * s->outputs) * sizeof(*s->share));
	s->share[0] = (double)n;
	for (size_t c = 0; c < n; c++) {
		for (size_t i = 0; i < s->outputs; i++, pair += 2) {
			double error = pair[1] - pair[0], truth = pair[0] - s->first[i], *sum = s->share + 1 + SUMS * i;

			sum[0] += error * error;
			sum[1] += fabs(error);
			sum[2] += truth;
			sum[3] += truth * truth;
		}
	}
	return lep_resample_add(&s->sums, s->share, e);
}

int lep_number_score_end(struct lep_number_score *s, uint64_t resamples, uint64_t seed, struct lep_error *e)
{
	int which[4];

	if (!s->share)
		return 0;
	for (int i = 0; i < 4; i++)
		which[i] = i + 4 * (int)s->outputs;
	return lep_resample_bounds(&s->sums, resamples, seed, value_of, which, 4, s->bounds, e);
}

static int of_output(const struct lep_number_score *s, enum lep_metric m, size_t i, double *value)
{
	double n = (double)s->cases;

	switch ((int)m) {
	case LEP_METRIC_MSE:
		return share(s->square[i], n, value);
	case LEP_METRIC_RMSE:
		*value = n > 0 ? sqrt(s->square[i] / n) : 0;
		return n > 0;
	case LEP_METRIC_MAE:
		return share(s->absolute[i], n, value);
	case LEP_METRIC_R2:
		*value = s->spread[i] > 0 ? 1 - s->square[i] / s->spread[i] : 0;
		return s->spread[i] > 0;
	}
	*value = 0;
	return 0;
}

int lep_number_score_get(const struct lep_number_score *s, enum lep_metric m, int64_t of, double *value)
{
	enum lep_metric each = m == LEP_METRIC_RMSE ? LEP_METRIC_MSE : m;
	double sum = 0, n = 0, v;

	*value = 0;
	if (m == LEP_METRIC_CASES) {
		*value = (double)(s->cases + s->bad);
		return 1;
	}
	if (s->bad)
		return 0;
	for (int i = 0; i < 4 && (of == LEP_OF_LOWER || of == LEP_OF_UPPER); i++) {
		if (measured[i] != m)
			continue;
		*value = of == LEP_OF_LOWER ? s->bounds[i].lower : s->bounds[i].upper;
		return s->bounds[i].known;
	}
	if (of >= 0)
		return (uint64_t)of < s->outputs ? of_output(s, m, (size_t)of, value) : 0;
	for (size_t i = 0; i < s->outputs; i++)
		if (of_output(s, each, i, &v)) {
			sum += v;
			n++;
		}
	if (!share(sum, n, value))
		return 0;
	if (m == LEP_METRIC_RMSE)
		*value = sqrt(*value);
	return 1;
}
