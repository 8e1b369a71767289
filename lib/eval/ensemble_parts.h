/* Between ensemble.c, which goes through the records, ensemble_bind.c (heads) and
 * ensemble_answer.c (one record). */
#ifndef LEP_EVAL_ENSEMBLE_PARTS_H
#define LEP_EVAL_ENSEMBLE_PARTS_H

#include "eval/ensemble.h"

/* A target of the first stream and the same of another. */
struct lep_ensemble_pair {
	size_t first, other;      /* fields */
	int64_t *map;             /* id there -> id of the first's table, or -1; NULL: the same */
};

struct lep_ensemble_model {
	const struct lep_head *head;
	int probability, given, number;   /* fields, or -1 */
	int single;               /* one probability of two classes */
	int64_t *map;             /* class there -> class of the first; NULL: the same */
	struct lep_table *table;  /* borrowed from head */
	struct lep_ensemble_pair *pair;
	size_t npair;
	double weight;
};

struct lep_ensemble {
	struct lep_together *t;
	size_t n;
	struct lep_ensemble_options o;
	struct lep_ensemble_model *model;
	size_t classes;           /* 0: numbers */
	int target;               /* of a fit */
	int64_t *truth;           /* id of its table -> class, or -1; NULL: the same */
	struct lep_head head;     /* of what comes out */
	int *from;                /* each of its fields: that of the first stream, or -1 */
	int probability, given, number;   /* fields of head, or -1 */
	struct lep_builder *builder;
	double *p;                /* one case: classes of each model */
	double *sum;              /* classes */
	double *log;              /* classes */
	float *as_float;          /* classes */
	struct lep_buf out[2];    /* values of a record: probabilities or numbers, and ids */
	uint64_t done, bad;
};

/* Finds the fields of all streams, and makes head and from. */
int lep_ensemble_bind(struct lep_ensemble *x, struct lep_error *e) LEP_MUST_USE;

/* Of the record at hand in stream k: its entry, a field's value. */
const struct lep_entry *lep_ensemble_entry(const struct lep_ensemble *x, size_t k);
const unsigned char *lep_ensemble_value(const struct lep_ensemble *x, size_t k, int field, size_t *len,
	struct lep_shape *shape);
/* "NAME: record N (KEY)" in front of an error. */
int lep_ensemble_at_record(const struct lep_ensemble *x, size_t k, struct lep_error *e);

/* How many cases the record has, or numbers, the same in each stream. */
int lep_ensemble_count_cases(const struct lep_ensemble *x, size_t *cases, struct lep_error *e) LEP_MUST_USE;
int lep_ensemble_count_numbers(const struct lep_ensemble *x, size_t *n, struct lep_error *e) LEP_MUST_USE;

/* Probabilities of case i of model k into x->p, in the order of the first's classes. */
int lep_ensemble_load_case(struct lep_ensemble *x, size_t k, size_t i, struct lep_error *e) LEP_MUST_USE;
double lep_ensemble_load_number(const struct lep_ensemble *x, size_t k, size_t i);

/* The answer into the builder's record. */
int lep_ensemble_run_classes(struct lep_ensemble *x, struct lep_error *e) LEP_MUST_USE;
int lep_ensemble_run_numbers(struct lep_ensemble *x, struct lep_error *e) LEP_MUST_USE;

static inline int64_t lep_ensemble_id(const unsigned char *ids, size_t i)
{
	return (int32_t)lep_get32(ids + 4 * i);
}

#endif
