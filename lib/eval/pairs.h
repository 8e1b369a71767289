/*
 * Two files of text, line by line: what was given against what is right.
 */
#ifndef LEP_EVAL_PAIRS_H
#define LEP_EVAL_PAIRS_H

#include "data/bytes.h"
#include "eval/score.h"

/*
 * The next line of each into s (lep_score_init_text). A line ends with LF or CR LF;
 * the last one need not. 1, or 0 where both have ended. LEP_ERR_DATA: one has more
 * lines (both are read to their ends to count them), bytes that are no UTF-8, a line
 * over LEP_TEXT_SCORE_MAX, a tensor stream.
 */
struct lep_pairs {
	struct lep_bytes *file[2];  /* reference, hypothesis; borrowed */
	struct lep_buf line[2];
	uint64_t lines;             /* pairs so far */
};

int lep_pairs_next(struct lep_pairs *p, struct lep_score *s, struct lep_error *e) LEP_MUST_USE;
void lep_pairs_release(struct lep_pairs *p);

#endif
