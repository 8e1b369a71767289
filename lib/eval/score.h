/*
 * Scoring a stream: finds what is compared with what in its HEAD, takes its
 * frames, holds the counts. Ids are compared by name, so target and output may
 * have their classes in different orders, and either may know some the other
 * does not.
 *
 * A target with a table is scored as classes, against an output with a table
 * (`class`), probabilities (a float field named `probability`, or the one
 * asked for), or both; any other target as numbers, against an output of as many
 * numbers. Probabilities stand in the order of the classes of the `class`
 * output, of the target where there is none; a single one is that of class 1
 * of two.
 */
#ifndef LEP_EVAL_SCORE_H
#define LEP_EVAL_SCORE_H

#include "eval/metrics.h"
#include "stream/frame.h"

struct lep_score_options {
	const char *target;  /* field names; NULL: the only ones that fit */
	const char *output;
	int skip_bad;        /* bad records are counted, not scored */
	int confusion;       /* keep the matrix whatever its size */
	int rank;            /* measure top K */
};

/* Without being asked the matrix is kept for at most this many classes. */
#define LEP_SCORE_CONFUSION_MAX 100

struct lep_score {
	int is_classes;
	int has_probability;
	int skip_bad, rank;
	uint64_t records, bad, unlabelled;
	struct lep_table *table;  /* of classes: the target's, then those only the output knows */
	struct lep_class_score classes;
	struct lep_number_score numbers; /* its memory comes with the first record */
	/* private */
	const struct lep_head *head;
	int target, given, probability;  /* fields, -1: none */
	int64_t *map;             /* id of the output -> id of table; NULL: the same */
	int64_t *unmap;           /* id of table -> place among the probabilities, or -1 */
	size_t order;             /* classes in the order of the probabilities */
	int single;               /* one probability: of class 1 */
	int varies;               /* elements a record: 0 if fixed */
	size_t elements;
	double *scratch;          /* numbers of one record: target, output */
	size_t scratch_room;
};

/* head is borrowed and must outlive the score. LEP_ERR_DATA where the stream has
 * nothing to score, LEP_ERR_USAGE for a field that is not there, or where it is
 * not clear which is meant. */
int lep_score_init(struct lep_score *s, const struct lep_head *head, const struct lep_score_options *o,
	struct lep_error *e) LEP_MUST_USE;
void lep_score_release(struct lep_score *s);

int lep_score_add(struct lep_score *s, const struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

/* After the last frame: LEP_ERR_DATA where there is no case to score. */
int lep_score_end(const struct lep_score *s, struct lep_error *e) LEP_MUST_USE;

/* Outputs of numbers, 1 before the first record where extents vary. */
size_t lep_score_outputs(const struct lep_score *s);

/* 1 and the value, or 0: undefined. Knows the counts of records too. */
int lep_score_get(const struct lep_score *s, enum lep_metric m, int64_t of, double *value);

#endif
