/*
 * Outputs of a model as text, one line a record: TSV, JSON Lines, or the answer
 * alone. Frames are those of lep_infer_batch.
 */
#ifndef LEP_CLI_ANSWERS_H
#define LEP_CLI_ANSWERS_H

#include "base/mem.h"
#include "nn/infer.h"

enum lep_answers_format { LEP_ANSWERS_TSV, LEP_ANSWERS_JSONL, LEP_ANSWERS_TEXT };

struct lep_answers {
	enum lep_answers_format format;
	const struct lep_head *head;  /* of the frames; borrowed */
	const struct lep_infer_field *field;
	size_t nfield;
	int *at;                      /* of each: its index in head */
	int is_single;                /* one probability, of class 1 of two */
};

/* LEP_ERR_USAGE where a record has several answers. f and head are borrowed. */
int lep_answers_init(struct lep_answers *a, enum lep_answers_format format, const struct lep_inferer *f,
	const struct lep_head *head, struct lep_error *e) LEP_MUST_USE;
void lep_answers_release(struct lep_answers *a);

/* The line of column names that TSV begins with; nothing for the others. */
void lep_answers_head(const struct lep_answers *a, struct lep_buf *out);
void lep_answers_add(const struct lep_answers *a, struct lep_buf *out, const struct lep_frame *frame);

#endif
