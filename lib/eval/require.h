/*
 * Requirements: METRIC[.AVERAGE|'[' NAME ']'] RELATION NUMBER, blanks around
 * RELATION allowed.
 *
 *	accuracy>=0.985   top3 > 0.99   recall[7]>=0.95   f1.macro >= 0.9   bad==0
 *	bleu >= 30   bleu_lower>=29   bleu_precision[4]>10   perplexity<=8
 *
 * METRIC is a name of lep_metrics (top with its K behind it; _lower or _upper behind
 * one that has an interval), AVERAGE macro or weighted, NAME a class (up to the last
 * bracket of the text, so that it may hold anything), the number of an output, or of
 * words in an n-gram, RELATION >= > <= < == or !=.
 */
#ifndef LEP_EVAL_REQUIRE_H
#define LEP_EVAL_REQUIRE_H

#include "eval/score.h"

enum lep_relation {
	LEP_AT_LEAST,
	LEP_AT_MOST,
	LEP_EQUAL,
	LEP_NOT_EQUAL,
	LEP_ABOVE,
	LEP_BELOW,
	LEP_RELATION_COUNT
};

struct lep_requirement {
	const char *text;     /* borrowed, as all pointers here */
	enum lep_metric metric;
	int64_t of;           /* see eval/metrics.h; -6 until a name is looked up */
	const char *name;     /* what stood in brackets, or NULL */
	size_t name_len;
	enum lep_relation relation;
	double limit;
};

/* Syntax and metric; LEP_ERR_USAGE. text must outlive r. */
int lep_requirement_parse(struct lep_requirement *r, const char *text, struct lep_error *e) LEP_MUST_USE;

/* Against what the stream has: LEP_ERR_USAGE for a class it does not know, a
 * metric that is not measured there, an average or name too many or too few. */
int lep_requirement_bind(struct lep_requirement *r, const struct lep_score *s, struct lep_error *e) LEP_MUST_USE;

/* 1 met, 0 not; an undefined value is not. why, if not NULL, gets
 * "accuracy>=0.985 (is 0.9812)" of what is not met. */
int lep_requirement_met(const struct lep_requirement *r, const struct lep_score *s, struct lep_buf *why);

#endif
