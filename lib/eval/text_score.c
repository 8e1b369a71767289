/* BLEU, chrF and error rates from sums over pairs. */
#include "eval/text_score.h"

#include <string.h>

#include "base/math.h"

int lep_text_score_init(struct lep_text_score *s, enum lep_tokenizer t, struct lep_error *e)
{
	*s = (struct lep_text_score){.tokenizer = t};
	return lep_resample_init(&s->sums, LEP_TEXT_SUMS, e);
}

void lep_text_score_release(struct lep_text_score *s)
{
	lep_resample_release(&s->sums);
	lep_numbering_release(&s->numbering);
	for (int k = 0; k < 2; k++) {
		lep_symbols_release(&s->token[k]);
		lep_symbols_release(&s->character[k]);
	}
	lep_ngrams_release(&s->ngrams);
	lep_distance_release(&s->distance);
}

/* n-grams in a sequence. */
static double ngrams(size_t len, int n)
{
	return len >= (size_t)n ? (double)(len - (size_t)n + 1) : 0;
}

static int add_tokens(struct lep_text_score *s, const char *const text[2], const size_t len[2], double *share,
	struct lep_error *e)
{
	const struct lep_symbols *ref = &s->token[0], *hyp = &s->token[1];
	uint64_t match[LEP_BLEU_ORDER], edits = 0;
	int rc = lep_symbols_tokens(&s->numbering, s->tokenizer, text, len, s->token, e);

	if (!rc)
		rc = lep_ngrams_match(&s->ngrams, lep_symbols_id(ref), ref->n, lep_symbols_id(hyp), hyp->n,
			LEP_BLEU_ORDER, match, e);
	if (!rc)
		rc = lep_distance_get(&s->distance, lep_symbols_id(ref), ref->n, lep_symbols_id(hyp), hyp->n,
			&edits, e);
	if (rc)
		return rc;
	share[LEP_TEXT_TOKENS] = (double)hyp->n;
	share[LEP_TEXT_REFERENCE_TOKENS] = (double)ref->n;
	share[LEP_TEXT_TOKEN_EDITS] = (double)edits;
	for (int n = 1; n <= LEP_BLEU_ORDER; n++) {
		share[LEP_TEXT_NGRAMS + n - 1] = ngrams(hyp->n, n);
		share[LEP_TEXT_MATCHES + n - 1] = (double)match[n - 1];
	}
	return 0;
}

/* sacreBLEU counts a hypothesis' n-grams of an order only where the reference has
 * some of it. */
static int add_characters(struct lep_text_score *s, const char *const text[2], const size_t len[2], double *share,
	struct lep_error *e)
{
	const struct lep_symbols *ref = &s->character[0], *hyp = &s->character[1];
	uint64_t match[LEP_CHRF_ORDER], edits = 0;
	int rc = 0;

	for (int k = 0; k < 2 && !rc; k++)
		rc = lep_symbols_characters(&s->character[k], text[k], len[k], 1, e);
	if (!rc)
		rc = lep_distance_get(&s->distance, lep_symbols_id(ref), ref->n, lep_symbols_id(hyp), hyp->n,
			&edits, e);
	share[LEP_TEXT_CHARACTERS] = (double)ref->n;
	share[LEP_TEXT_CHARACTER_EDITS] = (double)edits;
	for (int k = 0; k < 2 && !rc; k++)
		rc = lep_symbols_characters(&s->character[k], text[k], len[k], 0, e);
	if (!rc)
		rc = lep_ngrams_match(&s->ngrams, lep_symbols_id(ref), ref->n, lep_symbols_id(hyp), hyp->n,
			LEP_CHRF_ORDER, match, e);
	if (rc)
		return rc;
	for (int n = 1; n <= LEP_CHRF_ORDER; n++) {
		double of_ref = ngrams(ref->n, n);

		share[LEP_TEXT_CHAR_NGRAMS + n - 1] = of_ref > 0 ? ngrams(hyp->n, n) : 0;
		share[LEP_TEXT_CHAR_REFERENCE + n - 1] = of_ref;
		share[LEP_TEXT_CHAR_MATCHES + n - 1] = (double)match[n - 1];
	}
	return 0;
}

int lep_text_score_add(struct lep_text_score *s, const char *reference, size_t reference_len,
	const char *hypothesis, size_t hypothesis_len, struct lep_error *e)
{
	double share[LEP_TEXT_SUMS] = {0};
	size_t len[2] = {reference_len, hypothesis_len};
	const char *text[2];
	int rc;

	if (reference_len > LEP_TEXT_SCORE_MAX || hypothesis_len > LEP_TEXT_SCORE_MAX)
		return lep_fail(e, LEP_ERR_DATA, "a text of %zu bytes: more than %zu are not compared",
			reference_len > hypothesis_len ? reference_len : hypothesis_len, LEP_TEXT_SCORE_MAX);
	text[0] = lep_text_trim(len[0] ? reference : "", &len[0]);
	text[1] = lep_text_trim(len[1] ? hypothesis : "", &len[1]);
	share[LEP_TEXT_RECORDS] = 1;
	share[LEP_TEXT_EXACT] = len[0] == len[1] && !memcmp(text[0], text[1], len[0]);
	rc = add_tokens(s, text, len, share, e);
	if (!rc)
		rc = add_characters(s, text, len, share, e);
	return rc ? rc : lep_resample_add(&s->sums, share, e);
}

int lep_text_score_end(struct lep_text_score *s, uint64_t resamples, uint64_t seed, struct lep_error *e)
{
	static const int which[] = {LEP_METRIC_BLEU, LEP_METRIC_CHRF, LEP_METRIC_WER, LEP_METRIC_CER,
		LEP_METRIC_EXACT_MATCH};
	struct lep_bounds bounds[sizeof(which) / sizeof(which[0])];
	size_t n = sizeof(which) / sizeof(which[0]);
	int rc = lep_resample_bounds(&s->sums, resamples, seed, lep_text_value, which, n, bounds, e);

	for (size_t i = 0; !rc && i < n; i++)
		s->bounds[which[i]] = bounds[i];
	return rc;
}

/*
 * Papineni et al. (2002), smoothed as by method 3 of Chen and Cherry (2014): the k-th
 * order without a match counts as 1 / 2^k matches.
 */
double lep_bleu_precision(const double *sum, int n)
{
	double matches = 0, smooth = 1;

	for (int k = 1; k <= n; k++) {
		if (sum[LEP_TEXT_NGRAMS + k - 1] <= 0)
			return 0;
		matches = sum[LEP_TEXT_MATCHES + k - 1];
		if (matches <= 0)
			matches = smooth /= 2;
	}
	return sum[LEP_TEXT_MATCHES] > 0 ? 100 * matches / sum[LEP_TEXT_NGRAMS + n - 1] : 0;
}

static double brevity_penalty(const double *sum)
{
	double given = sum[LEP_TEXT_TOKENS], right = sum[LEP_TEXT_REFERENCE_TOKENS];

	if (given >= right)
		return 1;
	return given > 0 ? lep_exp(1 - right / given) : 0;
}

static double bleu(const double *sum)
{
	double logs = 0;

	for (int n = 1; n <= LEP_BLEU_ORDER; n++) {
		double p = lep_bleu_precision(sum, n);

		if (p <= 0)
			return 0;
		logs += lep_log(p);
	}
	return brevity_penalty(sum) * lep_exp(logs / LEP_BLEU_ORDER);
}

/* Popovic (2015): precision and recall are means over the orders that both have. */
static double chrf(const double *sum)
{
	double precision = 0, recall = 0, orders = 0, factor = LEP_CHRF_BETA * LEP_CHRF_BETA;

	for (int n = 0; n < LEP_CHRF_ORDER; n++) {
		double given = sum[LEP_TEXT_CHAR_NGRAMS + n], right = sum[LEP_TEXT_CHAR_REFERENCE + n];

		if (given <= 0 || right <= 0)
			continue;
		precision += sum[LEP_TEXT_CHAR_MATCHES + n] / given;
		recall += sum[LEP_TEXT_CHAR_MATCHES + n] / right;
		orders++;
	}
	if (precision + recall <= 0)
		return 0;
	precision /= orders;
	recall /= orders;
	return 100 * (1 + factor) * precision * recall / (factor * precision + recall);
}

static int ratio(double part, double whole, double *value)
{
	*value = whole > 0 ? part / whole : 0;
	return whole > 0;
}

int lep_text_value(const double *sum, int which, double *value)
{
	switch (which) {
	case LEP_METRIC_BLEU:
		*value = bleu(sum);
		return 1;
	case LEP_METRIC_BREVITY_PENALTY:
		*value = brevity_penalty(sum);
		return 1;
	case LEP_METRIC_LENGTH_RATIO:
		return ratio(sum[LEP_TEXT_TOKENS], sum[LEP_TEXT_REFERENCE_TOKENS], value);
	case LEP_METRIC_CHRF:
		*value = chrf(sum);
		return 1;
	case LEP_METRIC_WER:
		return ratio(sum[LEP_TEXT_TOKEN_EDITS], sum[LEP_TEXT_REFERENCE_TOKENS], value);
	case LEP_METRIC_CER:
		return ratio(sum[LEP_TEXT_CHARACTER_EDITS], sum[LEP_TEXT_CHARACTERS], value);
	case LEP_METRIC_EXACT_MATCH:
		return ratio(sum[LEP_TEXT_EXACT], sum[LEP_TEXT_RECORDS], value);
	case LEP_METRIC_TOKENS:
		*value = sum[LEP_TEXT_TOKENS];
		return 1;
	case LEP_METRIC_REFERENCE_TOKENS:
		*value = sum[LEP_TEXT_REFERENCE_TOKENS];
		return 1;
	case LEP_METRIC_REFERENCE_CHARACTERS:
		*value = sum[LEP_TEXT_CHARACTERS];
		return 1;
	}
	*value = 0;
	return 0;
}

int lep_text_score_get(const struct lep_text_score *s, enum lep_metric m, int64_t of, double *value)
{
	*value = 0;
	if (m == LEP_METRIC_CASES) {
		*value = s->sums.total[LEP_TEXT_RECORDS] + (double)s->bad;
		return 1;
	}
	if (s->bad)
		return 0;
	if (m == LEP_METRIC_BLEU_PRECISION) {
		if (of < 1 || of > LEP_BLEU_ORDER)
			return 0;
		*value = lep_bleu_precision(s->sums.total, (int)of);
		return 1;
	}
	if (of == LEP_OF_ALL)
		return lep_text_value(s->sums.total, m, value);
	*value = of == LEP_OF_LOWER ? s->bounds[m].lower : s->bounds[m].upper;
	return s->bounds[m].known;
}
