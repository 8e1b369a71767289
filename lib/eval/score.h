/*
 * Scoring a stream, or two files of lines: finds what is compared with what in its HEAD, takes its
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
 *
 * A target of text, UTF-8 or ids with a recipe of text, beside an output of text is
 * scored as text. Where a float output [*] is called `logprob` (or asked for),
 * its stream is scored as that of a language model: `logprob` has a row for each token
 * that was predicted, `class` the most probable one. Of n ids these are the last n - 1
 * (the next token) or all n and <end> behind them (a sequence of its own). The ids are
 * the target field's, else those of the input with the table of `class`.
 */
#ifndef LEP_EVAL_SCORE_H
#define LEP_EVAL_SCORE_H

#include "data/tokens.h"
#include "eval/language_score.h"
#include "eval/text_score.h"
#include "stream/frame.h"

struct lep_score_options {
	const char *target;  /* field names; NULL: the only ones that fit */
	const char *output;
	int skip_bad;        /* bad records are counted, not scored */
	int confusion;       /* keep the matrix whatever its size */
	int rank;            /* measure top K */
	enum lep_tokenizer tokenizer; /* of text */
	uint64_t resamples, seed;     /* of intervals of text and language models */
};

/* Without being asked the matrix is kept for at most this many classes. */
#define LEP_SCORE_CONFUSION_MAX 100

struct lep_score {
	enum lep_score_kind kind;
	int has_probability;
	int skip_bad, rank;
	uint64_t records, bad, unlabelled;
	uint64_t unknown;         /* <unknown> in targets of ids that are text */
	struct lep_table *table;  /* of classes: the target's, then those only the output knows */
	struct lep_class_score classes;
	struct lep_number_score numbers; /* its memory comes with the first record */
	struct lep_text_score text;
	struct lep_language_score language;
	uint64_t resamples, seed;
	/* private */
	const struct lep_head *head;     /* NULL: lines */
	int target, given, probability;  /* fields, -1: none; probability or logprob */
	int64_t *map;             /* id of the output -> id of table; NULL: the same */
	int64_t end;              /* id of <end> among the output's, or -2 */
	int64_t *unmap;           /* id of table -> place among the probabilities, or -1 */
	size_t order;             /* classes in the order of the probabilities */
	int single;               /* one probability: of class 1 */
	int varies;               /* elements a record: 0 if fixed */
	size_t elements;
	double *scratch;          /* numbers of one record: target, output */
	size_t scratch_room;
	struct lep_text_recipe recipe[2]; /* of target and output, where they are ids of text */
	struct lep_buf decoded[2]; /* their text */
	int64_t unknown_id;       /* of <unknown> in the target, or -2 */
};

/* head is borrowed and must outlive the score. LEP_ERR_DATA where the stream has
 * nothing to score, LEP_ERR_USAGE for a field that is not there, or where it is
 * not clear which is meant. */
int lep_score_init(struct lep_score *s, const struct lep_head *head, const struct lep_score_options *o,
	struct lep_error *e) LEP_MUST_USE;
/* Text that comes in pairs, not in a stream. */
int lep_score_init_text(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e) LEP_MUST_USE;
void lep_score_release(struct lep_score *s);

int lep_score_add(struct lep_score *s, const struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

/* One pair where lep_score_init_text was called. The error is the cause alone. */
int lep_score_add_text(struct lep_score *s, const char *reference, size_t reference_len,
	const char *hypothesis, size_t hypothesis_len, struct lep_error *e) LEP_MUST_USE;

/* After the last record: intervals. LEP_ERR_DATA where there is no case to score. */
int lep_score_end(struct lep_score *s, struct lep_error *e) LEP_MUST_USE;

/* Outputs of numbers, 1 before the first record where extents vary. */
size_t lep_score_outputs(const struct lep_score *s);

/* "classes", "numbers", "text", "language models" */
const char *lep_score_kind_name(enum lep_score_kind k);

/* 1 and the value, or 0: undefined. Knows the counts of records too. */
int lep_score_get(const struct lep_score *s, enum lep_metric m, int64_t of, double *value);

#endif
