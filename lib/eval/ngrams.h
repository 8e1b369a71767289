/*
 * Matching n-grams of two sequences of symbols (words or characters as numbers),
 * exactly: an n-gram is the number of its first n-1 symbols and one symbol more,
 * looked up in a table, so that no hash stands for a text.
 */
#ifndef LEP_EVAL_NGRAMS_H
#define LEP_EVAL_NGRAMS_H

#include "base/mem.h"

/* Memory kept from call to call; {0} is a valid one. */
struct lep_ngrams {
	struct lep_buf slot, a, b;
};

void lep_ngrams_release(struct lep_ngrams *g);

/*
 * match[n - 1], n = 1..orders: the sum over the different n-grams of how often they
 * stand in a or in b, whichever is less (the clipped count of BLEU). There are
 * max(0, na - n + 1) n-grams in a. na and nb are below 2^31. 0 or LEP_ERR_NOMEM.
 */
int lep_ngrams_match(struct lep_ngrams *g, const uint32_t *a, size_t na, const uint32_t *b, size_t nb,
	int orders, uint64_t *match, struct lep_error *e) LEP_MUST_USE;

#endif
