/*
 * lep-preprocess on text and tables: its options, and how they become a struct
 * lep_prepare_text.
 */
#ifndef LEP_CLI_PREPROCESS_TEXT_H
#define LEP_CLI_PREPROCESS_TEXT_H

#include "cli/options.h"
#include "data/prepare_text.h"

/* Where the option table puts what is given; static storage. */
struct lep_text_choices {
	struct lep_list text, target, number, category, target_number;
	const char *label, *key, *vocabulary_from, *missing, *target_scale;
	const char *scale;         /* that of pictures, set by the caller */
	int tokens, letters, format, no_header, shared, end, invalid, encode;
	int64_t vocabulary, min_count, truncate;
};

/* The choices of --tokens, --case, --format and --invalid. */
extern const char *const lep_text_tokens[], *const lep_text_cases[], *const lep_text_invalid[];
/* Those of --encode. */
extern const char *const lep_text_encodings[];
/* --tokens where it is not given. */
#define LEP_TEXT_TOKENS_DEFAULT 2

/* Whether --scale is about these columns. */
int lep_text_has_numbers(const struct lep_text_choices *c);

/* Whether operands or options, other than --like, say that the input is text. */
int lep_text_is_meant(const struct lep_operands *ops, const struct lep_text_choices *c);

/*
 * The fields, vocabularies and format of p; like is the model's head (path in
 * messages), or NULL. classes are the label's, or NULL. Options that contradict
 * each other, or have no effect, are LEP_ERR_USAGE.
 */
int lep_text_setup(struct lep_prepare_text *p, const struct lep_operands *ops, const struct lep_text_choices *c,
	const struct lep_head *like, const char *path, struct lep_table *classes, int no_labels,
	struct lep_error *e) LEP_MUST_USE;

#endif
