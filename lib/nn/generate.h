/*
 * Text that a model of next ids makes: from a text, id after id, each drawn from
 * what the model gives for the ids before it, which are read once (nn/stepper.h).
 *
 * Context. The network sees at most N ids: as many as it has positions, or fewer
 * where the options say so. Where id p of a text (from 0) is made and p > N, it
 * reads the text from id h * ceil((p - N) / h) on, h = N - N / 2: at a full context
 * it begins anew with the last N / 2 ids. That depends on p alone, so that
 * a text which is made and then given as a prompt goes on as if it had never ended.
 *
 * Draws. Of the logits, divided by the temperature, the top_k largest stay; of
 * those the most probable whose probabilities come to top_p; of these one is drawn with
 * u from (seed, p): the first, from the most probable on, at which the sum passes
 * u. Of equals the lower id is first. Temperature 0 takes the first. <unknown> is
 * never made.
 */
#ifndef LEP_NN_GENERATE_H
#define LEP_NN_GENERATE_H

#include "data/recipe.h"
#include "nn/model.h"

struct lep_generate_options {
	size_t length;        /* ids to be made at most */
	size_t context;       /* ids the network sees at most; 0: as many as it can */
	double temperature;
	size_t top_k;         /* 0: all */
	double top_p;         /* above 0, at most 1: all */
	uint64_t seed;
	const char *stop;     /* a text ends before this one; NULL: nowhere; borrowed */
};

/* How the ids of a field are text: its recipe; where it has none they are words. */
void lep_text_of(const struct lep_field *f, struct lep_text_recipe *recipe);
/* The id of <unknown> where ids of that recipe have one, or -1. */
int32_t lep_text_unknown(const struct lep_table *t, const struct lep_text_recipe *recipe);

struct lep_generator;

/* m's weights must be packed (lep_net_prepare); m and options' texts are borrowed.
 * LEP_ERR_USAGE for a model that is none of next ids alone. */
int lep_generator_new(struct lep_generator **out, const struct lep_model *m, const struct lep_generate_options *o,
	struct lep_error *e) LEP_MUST_USE;
void lep_generator_free(struct lep_generator *g);

/* A text as the model wants it, as ids (i32, little-endian) appended to out.
 * LEP_ERR_DATA for bytes that its recipe refuses or a model that was not
 * trained on text. *unknown: how many of them it does not know. */
int lep_generator_encode(const struct lep_generator *g, const char *text, size_t len, struct lep_buf *out,
	uint64_t *unknown, struct lep_error *e) LEP_MUST_USE;

/* Begin behind these n ids (i32, little-endian); an <end> at their end is left
 * off. LEP_ERR_DATA, the cause alone, if there are none then. */
int lep_generator_start(struct lep_generator *g, const void *ids, size_t n, struct lep_error *e) LEP_MUST_USE;

/*
 * Make one id. Text that can follow is appended to out: whole characters, and
 * nothing that may yet turn out to be the stop text. 1, or 0 where the text is
 * at its end (length, <end>, the stop text) and all of it is in out, bytes that are
 * no UTF-8 as U+FFFD.
 */
int lep_generator_next(struct lep_generator *g, struct lep_buf *out, struct lep_error *e) LEP_MUST_USE;

/* All ids so far, those it began with included (tests). */
const int32_t *lep_generator_ids(const struct lep_generator *g, size_t *n);

/* Append text with bytes that are no UTF-8 as U+FFFD. */
void lep_text_mend(struct lep_buf *out, const char *text, size_t len);

#endif
