/*
 * The metrics: their list, what is counted of classes and numbers while records
 * pass, and the values that follow from the counts; text_score.h and
 * language_score.h have the others. Memory does not grow with the records. A value may be
 * undefined (the precision of a class that was never predicted): the functions
 * that give values say so.
 */
#ifndef LEP_EVAL_METRICS_H
#define LEP_EVAL_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "eval/resample.h"

/* top K is measured for K up to this */
#define LEP_TOP_MAX 100
/* A probability below this is taken for this in the log loss. */
#define LEP_PROBABILITY_MIN 1e-15

enum lep_metric {
	LEP_METRIC_RECORDS,
	LEP_METRIC_BAD,
	LEP_METRIC_UNLABELLED,
	LEP_METRIC_CASES,
	LEP_METRIC_ACCURACY,
	LEP_METRIC_TOP,
	LEP_METRIC_BALANCED,
	LEP_METRIC_LOG_LOSS,
	LEP_METRIC_KAPPA,
	LEP_METRIC_MCC,
	LEP_METRIC_PRECISION,
	LEP_METRIC_RECALL,
	LEP_METRIC_F1,
	LEP_METRIC_SUPPORT,
	LEP_METRIC_PREDICTED,
	LEP_METRIC_MSE,
	LEP_METRIC_RMSE,
	LEP_METRIC_MAE,
	LEP_METRIC_R2,
	LEP_METRIC_BLEU,
	LEP_METRIC_BLEU_PRECISION,
	LEP_METRIC_BREVITY_PENALTY,
	LEP_METRIC_LENGTH_RATIO,
	LEP_METRIC_CHRF,
	LEP_METRIC_WER,
	LEP_METRIC_CER,
	LEP_METRIC_EXACT_MATCH,
	LEP_METRIC_REFERENCE_TOKENS,
	LEP_METRIC_REFERENCE_CHARACTERS,
	LEP_METRIC_PERPLEXITY,
	LEP_METRIC_BITS_PER_BYTE,
	LEP_METRIC_TOKEN_ACCURACY,
	LEP_METRIC_TOKENS,
	LEP_METRIC_BYTES,
	LEP_METRIC_UNKNOWN,
	LEP_METRIC_COUNT
};

/* What is scored; the bit of its metrics is 1 << kind. */
enum lep_score_kind { LEP_SCORE_CLASSES, LEP_SCORE_NUMBERS, LEP_SCORE_TEXT, LEP_SCORE_LANGUAGE };

enum lep_metric_use {
	LEP_USE_CLASSES = 1 << LEP_SCORE_CLASSES,   /* has a meaning for classes */
	LEP_USE_NUMBERS = 1 << LEP_SCORE_NUMBERS,   /* ... for numbers */
	LEP_USE_TEXT = 1 << LEP_SCORE_TEXT,         /* ... for text against text */
	LEP_USE_LANGUAGE = 1 << LEP_SCORE_LANGUAGE, /* ... for a language model */
	LEP_USE_WHOLE = 16,       /* has one value for all */
	LEP_USE_EACH = 32,        /* ... one a class, an output, an order of n-grams */
	LEP_USE_AVERAGES = 64,    /* ... a macro and a weighted average */
	LEP_USE_INTERVAL = 128,   /* ... a 95 % interval */
	LEP_USE_PROBABILITY = 256, /* needs probabilities of classes */
	LEP_USE_COUNT = 512,      /* is a whole number */
	LEP_USE_PERCENT = 1024    /* is of 100 */
};

struct lep_metric_info {
	const char *name;
	unsigned use;
};

extern const struct lep_metric_info lep_metrics[LEP_METRIC_COUNT];

/* What of a metric: a class or output (>= 0), the K of top K, the length of an
 * n-gram, or: */
#define LEP_OF_ALL ((int64_t)-1)
#define LEP_OF_MACRO ((int64_t)-2)
#define LEP_OF_WEIGHTED ((int64_t)-3)
#define LEP_OF_LOWER ((int64_t)-4)  /* the ends of the interval */
#define LEP_OF_UPPER ((int64_t)-5)

/*
 * Classes. A case is one target and the class given out for it (one a record,
 * or one an element where the target has several). The cases of a bad record
 * count as wrong in accuracy, top K (a miss) and log loss (probability 0); as
 * their class is not known, they are in no per-class value.
 */
struct lep_class_score {
	size_t classes;
	uint64_t cases;       /* without the bad ones */
	uint64_t bad;         /* cases of bad records */
	uint64_t correct;
	uint64_t none;        /* cases for which no class (-1) was given out */
	uint64_t *support;    /* cases of each class */
	uint64_t *predicted;  /* how often each class was given out */
	uint64_t *hit;        /* how often rightly */
	uint64_t *confusion;  /* classes x (classes + 1), rows are targets, the last
	                       * column is none; NULL unless asked for */
	uint64_t rank[LEP_TOP_MAX]; /* cases in which so many classes stood before the true one */
	double loss;          /* sum of -log(probability of the true class) */
};

int lep_class_score_init(struct lep_class_score *s, size_t classes, int confusion, struct lep_error *e) LEP_MUST_USE;
void lep_class_score_release(struct lep_class_score *s);

/* truth < classes; given < classes, or -1 for none. */
static inline void lep_class_score_add(struct lep_class_score *s, size_t truth, int64_t given)
{
	s->cases++;
	s->support[truth]++;
	if (given >= 0) {
		s->predicted[given]++;
		s->hit[truth] += truth == (size_t)given;
		s->correct += truth == (size_t)given;
	} else {
		s->none++;
	}
	if (s->confusion)
		s->confusion[truth * (s->classes + 1) + (given >= 0 ? (size_t)given : s->classes)]++;
}

/* p of the true class, and how many classes stand before it. */
void lep_class_score_probability(struct lep_class_score *s, double p, size_t rank);

/* 1 and the value, or 0: undefined. A metric that is not of classes is undefined.
 * Macro averages run over the classes that occur as target or as answer, an
 * undefined value counts as 0 in them; weighted ones are by support. */
int lep_class_score_get(const struct lep_class_score *s, enum lep_metric m, int64_t of, double *value);

/*
 * Numbers: each output on its own; a value of all is the mean over the outputs
 * (RMSE: the root of the mean of MSE; R2: of those outputs that have one). R2
 * of an output whose target never changes is undefined. Bad records have no
 * error to measure: with any of them every value is undefined.
 *
 * Of up to LEP_NUMBER_INTERVALS outputs the values of all have intervals, by resampling
 * records.
 */
#define LEP_NUMBER_INTERVALS 16

struct lep_number_score {
	size_t outputs;
	uint64_t cases;
	uint64_t bad;
	double *square;   /* sum of squared errors */
	double *absolute; /* sum of absolute errors */
	double *mean;     /* of the target, Welford */
	double *spread;   /* sum of squared distances from the mean */
	double *share;    /* of one record in the sums; NULL: no intervals */
	double *first;    /* target of the first record, which sums are relative to */
	struct lep_resample sums;
	struct lep_bounds bounds[4]; /* of MSE, RMSE, MAE, R2 */
};

int lep_number_score_init(struct lep_number_score *s, size_t outputs, struct lep_error *e) LEP_MUST_USE;
void lep_number_score_release(struct lep_number_score *s);
/* One case: for each output the true number and the one given, side by side. */
void lep_number_score_add(struct lep_number_score *s, const double *pair);
/* A record of n such cases (one, unless extents vary) for the intervals, behind its cases. */
int lep_number_score_record(struct lep_number_score *s, const double *pair, size_t n, struct lep_error *e) LEP_MUST_USE;
/* The intervals, when all are there. */
int lep_number_score_end(struct lep_number_score *s, uint64_t resamples, uint64_t seed, struct lep_error *e) LEP_MUST_USE;
int lep_number_score_get(const struct lep_number_score *s, enum lep_metric m, int64_t of, double *value);

#endif
