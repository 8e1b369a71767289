/*
 * Text against text: BLEU, chrF, word and character error rates, over a corpus of
 * pairs, by the definitions of sacreBLEU where it has one (its version 2: no lower
 * case, one reference).
 */
#ifndef LEP_EVAL_TEXT_SCORE_H
#define LEP_EVAL_TEXT_SCORE_H

#include "eval/distance.h"
#include "eval/metrics.h"
#include "eval/ngrams.h"
#include "eval/resample.h"
#include "eval/tokens.h"

#define LEP_BLEU_ORDER 4
#define LEP_CHRF_ORDER 6
#define LEP_CHRF_BETA 2
/* A text has at most so many bytes: the error rates take time as its square. */
#define LEP_TEXT_SCORE_MAX ((size_t)1 << 20)

/* What is summed up, of the text given (hypothesis) and the right one (reference). */
enum lep_text_sum {
	LEP_TEXT_RECORDS,
	LEP_TEXT_EXACT,                                             /* equal, blanks at the ends aside */
	LEP_TEXT_TOKENS,
	LEP_TEXT_REFERENCE_TOKENS,
	LEP_TEXT_CHARACTERS,                                        /* of the reference */
	LEP_TEXT_TOKEN_EDITS,
	LEP_TEXT_CHARACTER_EDITS,
	LEP_TEXT_NGRAMS,                                            /* of tokens, by order, of the hypothesis */
	LEP_TEXT_MATCHES = LEP_TEXT_NGRAMS + LEP_BLEU_ORDER,        /* those that match */
	LEP_TEXT_CHAR_NGRAMS = LEP_TEXT_MATCHES + LEP_BLEU_ORDER,   /* of characters, of the hypothesis */
	LEP_TEXT_CHAR_REFERENCE = LEP_TEXT_CHAR_NGRAMS + LEP_CHRF_ORDER,
	LEP_TEXT_CHAR_MATCHES = LEP_TEXT_CHAR_REFERENCE + LEP_CHRF_ORDER,
	LEP_TEXT_SUMS = LEP_TEXT_CHAR_MATCHES + LEP_CHRF_ORDER
};

struct lep_text_score {
	enum lep_tokenizer tokenizer;
	uint64_t bad;             /* records without text: with any, nothing is defined */
	struct lep_resample sums; /* LEP_TEXT_SUMS wide */
	struct lep_bounds bounds[LEP_METRIC_COUNT];
	/* scratch */
	struct lep_numbering numbering;
	struct lep_symbols token[2], character[2];
	struct lep_ngrams ngrams;
	struct lep_distance distance;
};

int lep_text_score_init(struct lep_text_score *s, enum lep_tokenizer t, struct lep_error *e) LEP_MUST_USE;
void lep_text_score_release(struct lep_text_score *s);

/* One pair; LEP_ERR_DATA for a text over LEP_TEXT_SCORE_MAX. */
int lep_text_score_add(struct lep_text_score *s, const char *reference, size_t reference_len,
	const char *hypothesis, size_t hypothesis_len, struct lep_error *e) LEP_MUST_USE;

/* Intervals, after the last pair. */
int lep_text_score_end(struct lep_text_score *s, uint64_t resamples, uint64_t seed,
	struct lep_error *e) LEP_MUST_USE;

/* 1 and the value, or 0: undefined. */
int lep_text_score_get(const struct lep_text_score *s, enum lep_metric m, int64_t of, double *value);

/* Values that follow from sums; which is an enum lep_metric. */
lep_value_fn lep_text_value;
/* The precision of n-grams, n = 1..LEP_BLEU_ORDER, in percent, smoothed; 0 where there are none. */
double lep_bleu_precision(const double *sum, int n);

#endif
