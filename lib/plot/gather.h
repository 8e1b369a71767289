/*
 * Which records of a stream are shown, and copies of what is shown of them: for
 * lep_predictions_draw. Memory is that of the pictures kept.
 */
#ifndef LEP_PLOT_GATHER_H
#define LEP_PLOT_GATHER_H

#include "plot/predictions.h"
#include "stream/frame.h"

struct lep_gather_options {
	const char *picture;  /* field names; NULL: the first input that is a picture, */
	const char *answer;   /* `class`, else the only output with a table, */
	const char *target;   /* the target with a table, if there is one */
	size_t count;         /* how many at most */
	int wrong;            /* only those whose class is known and another one than was given */
	int shuffle;          /* any count of all, instead of the first */
	uint64_t seed;        /* for shuffle: the order depends on it and a record's place alone */
};

struct lep_gather;

/* head is borrowed. LEP_ERR_USAGE for a field that is not there, LEP_ERR_DATA for
 * a stream without pictures or classes given out. Pictures of u8 are taken as they are,
 * of other types through the recipe's scale backwards, or where there is none
 * with the smallest value as black and the largest as white. */
int lep_gather_new(struct lep_gather **out, const struct lep_head *head, const struct lep_gather_options *o,
	struct lep_error *e) LEP_MUST_USE;
void lep_gather_free(struct lep_gather *g);

/* Bad records are passed over. */
int lep_gather_add(struct lep_gather *g, const struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

/* After the last frame: the records in the order they are shown (once only); borrowed. */
const struct lep_prediction *lep_gather_cells(struct lep_gather *g, size_t *count);

struct lep_gather_counts {
	uint64_t records, bad, wrong;
};
const struct lep_gather_counts *lep_gather_counts(const struct lep_gather *g);

#endif
