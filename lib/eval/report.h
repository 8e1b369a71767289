/*
 * A score as text: a table for people, one JSON object for programs. What is
 * undefined is `-` in the table and null in JSON.
 */
#ifndef LEP_EVAL_REPORT_H
#define LEP_EVAL_REPORT_H

#include "eval/score.h"

struct lep_report_options {
	const int64_t *top;  /* the K's to print */
	size_t ntop;
	int confusion;       /* print the matrix whatever its size */
	int per_class;       /* print a line a class however many there are */
};

/* Without being asked the table has lines for at most this many classes, and
 * the matrix for at most so many. */
#define LEP_REPORT_CLASSES_MAX 100
#define LEP_REPORT_CONFUSION_MAX 20

void lep_report_table(struct lep_buf *out, const struct lep_score *s, const struct lep_report_options *o);
void lep_report_json(struct lep_buf *out, const struct lep_score *s, const struct lep_report_options *o);

#endif
