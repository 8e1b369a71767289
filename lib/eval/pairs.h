/*
 * Two files of text, line by line: what was given against what is right.
 */
#ifndef LEP_EVAL_PAIRS_H
#define LEP_EVAL_PAIRS_H

#include "data/columns.h"
#include "eval/score.h"

struct lep_pairs {
	const char *name[2];                  /* of reference and hypothesis, for messages */
	uint64_t lines;                       /* pairs so far */
	/* private */
	const char *path[2];
	struct lep_columns_options options[2];
	struct lep_columns *file[2];
};

/* NULL or "-" is standard input. Paths are borrowed until close, and p stays where it is. */
int lep_pairs_open(struct lep_pairs *p, const char *reference, const char *hypothesis,
	struct lep_error *e) LEP_MUST_USE;
void lep_pairs_close(struct lep_pairs *p); /* of zeros is legal */

/*
 * The next line of each into s (lep_score_init_text): 1, or 0 where both have ended.
 * LEP_ERR_DATA: one has more lines (both are read to their ends to count them), bytes
 * that are no UTF-8, a line over LEP_TEXT_SCORE_MAX, a tensor stream.
 */
int lep_pairs_next(struct lep_pairs *p, struct lep_score *s, struct lep_error *e) LEP_MUST_USE;

#endif
