/*
 * Language models: what follows from the log probabilities that a model gave to the
 * tokens that really came.
 */
#ifndef LEP_EVAL_LANGUAGE_SCORE_H
#define LEP_EVAL_LANGUAGE_SCORE_H

#include "eval/metrics.h"
#include "eval/resample.h"

enum lep_language_sum {
	LEP_LANGUAGE_RECORDS,
	LEP_LANGUAGE_TOKENS,
	LEP_LANGUAGE_LOGPROB,  /* natural logarithms */
	LEP_LANGUAGE_CORRECT,  /* tokens that were the most probable ones */
	LEP_LANGUAGE_BYTES,    /* of the text the tokens stand for */
	LEP_LANGUAGE_SUMS
};

struct lep_language_score {
	int has_class, has_bytes;  /* whether CORRECT and BYTES are known */
	uint64_t bad;              /* records without text: with any, nothing is defined */
	struct lep_resample sums;  /* LEP_LANGUAGE_SUMS wide */
	struct lep_bounds bounds[LEP_METRIC_COUNT];
};

int lep_language_score_init(struct lep_language_score *s, struct lep_error *e) LEP_MUST_USE;
void lep_language_score_release(struct lep_language_score *s);

/* share: LEP_LANGUAGE_SUMS numbers of one record. */
int lep_language_score_add(struct lep_language_score *s, const double *share, struct lep_error *e) LEP_MUST_USE;

/* Intervals, after the last record. */
int lep_language_score_end(struct lep_language_score *s, uint64_t resamples, uint64_t seed,
	struct lep_error *e) LEP_MUST_USE;

/* 1 and the value, or 0: undefined. A log probability of -infinity makes it infinite. */
int lep_language_score_get(const struct lep_language_score *s, enum lep_metric m, int64_t of, double *value);

#endif
