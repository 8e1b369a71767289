/* The counts of metrics.h and their values. */
#include "eval/metrics.h"

#include <math.h>

#include "base/math.h"
#include "base/mem.h"
#include "eval/interval.h"

#define CLASSES LEP_USE_CLASSES
#define NUMBERS LEP_USE_NUMBERS
#define TEXT LEP_USE_TEXT
#define LANGUAGE LEP_USE_LANGUAGE
#define ANY (CLASSES | NUMBERS | TEXT | LANGUAGE)
#define WHOLE LEP_USE_WHOLE
#define EACH LEP_USE_EACH
#define AVERAGES LEP_USE_AVERAGES
#define INTERVAL (LEP_USE_INTERVAL | LEP_USE_WHOLE)
#define PROBABILITY LEP_USE_PROBABILITY
#define COUNT LEP_USE_COUNT
#define PERCENT LEP_USE_PERCENT

const struct lep_metric_info lep_metrics[LEP_METRIC_COUNT] = {
	[LEP_METRIC_RECORDS] = {"records", ANY | WHOLE | COUNT},
	[LEP_METRIC_BAD] = {"bad", ANY | WHOLE | COUNT},
	[LEP_METRIC_UNLABELLED] = {"unlabelled", ANY | WHOLE | COUNT},
	[LEP_METRIC_CASES] = {"cases", ANY | WHOLE | COUNT},
	[LEP_METRIC_ACCURACY] = {"accuracy", CLASSES | INTERVAL},
	[LEP_METRIC_TOP] = {"top", CLASSES | WHOLE | PROBABILITY},
	[LEP_METRIC_BALANCED] = {"balanced_accuracy", CLASSES | WHOLE},
	[LEP_METRIC_LOG_LOSS] = {"log_loss", CLASSES | LANGUAGE | WHOLE | PROBABILITY},
	[LEP_METRIC_KAPPA] = {"kappa", CLASSES | WHOLE},
	[LEP_METRIC_MCC] = {"mcc", CLASSES | WHOLE},
	[LEP_METRIC_PRECISION] = {"precision", CLASSES | EACH | AVERAGES},
	[LEP_METRIC_RECALL] = {"recall", CLASSES | EACH | AVERAGES},
	[LEP_METRIC_F1] = {"f1", CLASSES | EACH | AVERAGES},
	[LEP_METRIC_SUPPORT] = {"support", CLASSES | EACH | COUNT},
	[LEP_METRIC_PREDICTED] = {"predicted", CLASSES | EACH | COUNT},
	[LEP_METRIC_MSE] = {"mse", NUMBERS | INTERVAL | EACH},
	[LEP_METRIC_RMSE] = {"rmse", NUMBERS | INTERVAL | EACH},
	[LEP_METRIC_MAE] = {"mae", NUMBERS | INTERVAL | EACH},
	[LEP_METRIC_R2] = {"r2", NUMBERS | INTERVAL | EACH},
	[LEP_METRIC_BLEU] = {"bleu", TEXT | INTERVAL | PERCENT},
	[LEP_METRIC_BLEU_PRECISION] = {"bleu_precision", TEXT | EACH | PERCENT},
	[LEP_METRIC_BREVITY_PENALTY] = {"brevity_penalty", TEXT | WHOLE},
	[LEP_METRIC_LENGTH_RATIO] = {"length_ratio", TEXT | WHOLE},
	[LEP_METRIC_CHRF] = {"chrf", TEXT | INTERVAL | PERCENT},
	[LEP_METRIC_WER] = {"wer", TEXT | INTERVAL},
	[LEP_METRIC_CER] = {"cer", TEXT | INTERVAL},
	[LEP_METRIC_EXACT_MATCH] = {"exact_match", TEXT | INTERVAL},
	[LEP_METRIC_REFERENCE_TOKENS] = {"reference_tokens", TEXT | WHOLE | COUNT},
	[LEP_METRIC_REFERENCE_CHARACTERS] = {"reference_characters", TEXT | WHOLE | COUNT},
	[LEP_METRIC_PERPLEXITY] = {"perplexity", LANGUAGE | INTERVAL},
	[LEP_METRIC_BITS_PER_BYTE] = {"bits_per_byte", LANGUAGE | INTERVAL},
	[LEP_METRIC_TOKEN_ACCURACY] = {"token_accuracy", LANGUAGE | INTERVAL},
	[LEP_METRIC_TOKENS] = {"tokens", TEXT | LANGUAGE | WHOLE | COUNT},
	[LEP_METRIC_BYTES] = {"bytes", LANGUAGE | WHOLE | COUNT},
	[LEP_METRIC_UNKNOWN] = {"unknown", TEXT | LANGUAGE | WHOLE | COUNT},
};

int lep_class_score_init(struct lep_class_score *s, size_t classes, int confusion, struct lep_error *e)
{
	size_t cells = 0;

	*s = (struct lep_class_score){.classes = classes};
	if (confusion && lep_mul_overflow(classes, classes + 1, &cells))
		return lep_fail_nomem(e, 0);
	s->support = lep_alloc(classes, sizeof(*s->support));
	s->predicted = lep_alloc(classes, sizeof(*s->predicted));
	s->hit = lep_alloc(classes, sizeof(*s->hit));
	if (confusion)
		s->confusion = lep_alloc(cells, sizeof(*s->confusion));
	if (!s->support || !s->predicted || !s->hit || (confusion && !s->confusion)) {
		lep_class_score_release(s);
		return lep_fail_nomem(e, (double)(cells + 3 * classes) * sizeof(uint64_t));
	}
	return 0;
}

void lep_class_score_release(struct lep_class_score *s)
{
	lep_free(s->support);
	lep_free(s->predicted);
	lep_free(s->hit);
	lep_free(s->confusion);
	*s = (struct lep_class_score){0};
}

void lep_class_score_probability(struct lep_class_score *s, double p, size_t rank)
{
	if (p < 1)
		s->loss -= lep_log(p > LEP_PROBABILITY_MIN ? p : LEP_PROBABILITY_MIN);
	if (rank < LEP_TOP_MAX)
		s->rank[rank]++;
}

static int share(double part, double whole, double *value)
{
	*value = whole > 0 ? part / whole : 0;
	return whole > 0;
}

static int of_class(const struct lep_class_score *s, enum lep_metric m, size_t c, double *value)
{
	double hit = (double)s->hit[c], support = (double)s->support[c];
	double predicted = (double)s->predicted[c];

	switch ((int)m) {
	case LEP_METRIC_PRECISION:
		return share(hit, predicted, value);
	case LEP_METRIC_RECALL:
		return share(hit, support, value);
	case LEP_METRIC_F1:
		return share(2 * hit, support + predicted, value);
	case LEP_METRIC_SUPPORT:
		*value = support;
		return 1;
	case LEP_METRIC_PREDICTED:
		*value = predicted;
		return 1;
	}
	*value = 0;
	return 0;
}

static int average(const struct lep_class_score *s, enum lep_metric m, int64_t of, double *value)
{
	double sum = 0, weights = 0;

	for (size_t c = 0; c < s->classes; c++) {
		double v, weight = of == LEP_OF_WEIGHTED ? (double)s->support[c] : 1;

		if (!s->support[c] && !s->predicted[c])
			continue;
		of_class(s, m, c, &v);
		sum += weight * v;
		weights += weight;
	}
	return share(sum, weights, value);
}

/* Mean recall over the classes that occur as targets. */
static int balanced(const struct lep_class_score *s, double *value)
{
	double sum = 0, n = 0, v;

	for (size_t c = 0; c < s->classes; c++)
		if (of_class(s, LEP_METRIC_RECALL, c, &v)) {
			sum += v;
			n++;
		}
	return share(sum, n, value);
}

/* Cohen (1960), and the multi-class correlation of Gorodkin (2004), from the
 * margins; none is a column of its own. */
static int agreement(const struct lep_class_score *s, enum lep_metric m, double *value)
{
	double n = (double)s->cases, none = (double)s->none;
	double both = 0, rows = 0, columns = 0;

	if (s->cases == 0)
		return share(0, 0, value);
	columns = none / n * (none / n);
	for (size_t c = 0; c < s->classes; c++) {
		double t = (double)s->support[c] / n, p = (double)s->predicted[c] / n;

		both += t * p;
		rows += t * t;
		columns += p * p;
	}
	if (m == LEP_METRIC_KAPPA)
		return share((double)s->correct / n - both, 1 - both, value);
	return share((double)s->correct / n - both, sqrt((1 - rows) * (1 - columns)), value);
}

int lep_class_score_get(const struct lep_class_score *s, enum lep_metric m, int64_t of, double *value)
{
	double all = (double)(s->cases + s->bad), lo, hi;
	uint64_t hits = 0;

	*value = 0;
	switch ((int)m) {
	case LEP_METRIC_CASES:
		*value = all;
		return 1;
	case LEP_METRIC_ACCURACY:
		if (of == LEP_OF_ALL)
			return share((double)s->correct, all, value);
		lep_interval_exact(s->correct, s->cases + s->bad, &lo, &hi);
		*value = of == LEP_OF_LOWER ? lo : hi;
		return all > 0;
	case LEP_METRIC_TOP:
		for (int64_t k = 0; k < of && k < LEP_TOP_MAX; k++)
			hits += s->rank[k];
		return share((double)hits, all, value);
	case LEP_METRIC_LOG_LOSS:
		return share(s->loss - (double)s->bad * lep_log(LEP_PROBABILITY_MIN), all, value);
	case LEP_METRIC_BALANCED:
		return balanced(s, value);
	case LEP_METRIC_KAPPA:
	case LEP_METRIC_MCC:
		return agreement(s, m, value);
	}
	if (of == LEP_OF_MACRO || of == LEP_OF_WEIGHTED)
		return average(s, m, of, value);
	if (of >= 0 && (uint64_t)of < s->classes)
		return of_class(s, m, (size_t)of, value);
	return 0;
}

