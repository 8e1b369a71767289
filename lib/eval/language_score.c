/* Perplexity, bits per byte, token accuracy. */
#include "eval/language_score.h"

#include "base/math.h"

#define LN2 0.69314718055994530942

int lep_language_score_init(struct lep_language_score *s, struct lep_error *e)
{
	*s = (struct lep_language_score){0};
	return lep_resample_init(&s->sums, LEP_LANGUAGE_SUMS, e);
}

void lep_language_score_release(struct lep_language_score *s)
{
	lep_resample_release(&s->sums);
}

int lep_language_score_add(struct lep_language_score *s, const double *share, struct lep_error *e)
{
	return lep_resample_add(&s->sums, share, e);
}

static int ratio(double part, double whole, double *value)
{
	*value = whole > 0 ? part / whole : 0;
	return whole > 0;
}

static int value_of(const double *sum, int which, double *value)
{
	switch (which) {
	case LEP_METRIC_LOG_LOSS:
		return ratio(0 - sum[LEP_LANGUAGE_LOGPROB], sum[LEP_LANGUAGE_TOKENS], value);
	case LEP_METRIC_PERPLEXITY:
		if (!ratio(0 - sum[LEP_LANGUAGE_LOGPROB], sum[LEP_LANGUAGE_TOKENS], value))
			return 0;
		*value = lep_exp(*value);
		return 1;
	case LEP_METRIC_BITS_PER_BYTE:
		return ratio(0 - sum[LEP_LANGUAGE_LOGPROB] / LN2, sum[LEP_LANGUAGE_BYTES], value);
	case LEP_METRIC_TOKEN_ACCURACY:
		return ratio(sum[LEP_LANGUAGE_CORRECT], sum[LEP_LANGUAGE_TOKENS], value);
	case LEP_METRIC_TOKENS:
		*value = sum[LEP_LANGUAGE_TOKENS];
		return 1;
	case LEP_METRIC_BYTES:
		*value = sum[LEP_LANGUAGE_BYTES];
		return 1;
	}
	*value = 0;
	return 0;
}

int lep_language_score_end(struct lep_language_score *s, uint64_t resamples, uint64_t seed, struct lep_error *e)
{
	static const int which[] = {LEP_METRIC_PERPLEXITY, LEP_METRIC_BITS_PER_BYTE, LEP_METRIC_TOKEN_ACCURACY};
	struct lep_bounds bounds[sizeof(which) / sizeof(which[0])];
	size_t n = sizeof(which) / sizeof(which[0]);
	int rc = lep_resample_bounds(&s->sums, resamples, seed, value_of, which, n, bounds, e);

	for (size_t i = 0; !rc && i < n; i++)
		s->bounds[which[i]] = bounds[i];
	return rc;
}

int lep_language_score_get(const struct lep_language_score *s, enum lep_metric m, int64_t of, double *value)
{
	*value = 0;
	if (m == LEP_METRIC_CASES) {
		*value = s->sums.total[LEP_LANGUAGE_RECORDS] + (double)s->bad;
		return 1;
	}
	if (s->bad || (m == LEP_METRIC_TOKEN_ACCURACY && !s->has_class) ||
		((m == LEP_METRIC_BITS_PER_BYTE || m == LEP_METRIC_BYTES) && !s->has_bytes))
		return 0;
	if (of == LEP_OF_ALL)
		return value_of(s->sums.total, m, value);
	*value = of == LEP_OF_LOWER ? s->bounds[m].lower : s->bounds[m].upper;
	return s->bounds[m].known;
}
