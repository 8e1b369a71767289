/*
 * Late fusion: what several models said of the same records, made one answer. Each
 * stream is one model's, as lep-infer wrote it; data/together.h puts the records side
 * by side. Fields other than predictions come from the first stream, notes from all;
 * targets that are in others too must agree.
 *
 * Classes: each has `probability` (floats, the last axis one a class, or a single one
 * of two classes: that of the second), `class` (ids), or both; both are made. Classes
 * are the same by name; their order, which is that of the class output, or of the
 * target where there is none, may differ.
 *
 *	mean       p = sum of w_k p_k
 *	geometric  p = exp(sum of w_k log p_k), divided by their sum; a probability below
 *	           1e-15 counts as 1e-15
 *	vote       p = sum of w_k of the models whose class it is (their most probable
 *	           where they have no class output; one without class does not vote).
 *	           Among equals the class is the one of the larger mean probability,
 *	           then the one that the earlier stream voted for
 *
 * otherwise the class is the most probable, the first of equals. Numbers, of
 * `prediction` or the only output of numbers: mean, that is sum of w_k y_k.
 * In double, in the order of the streams, rounded once.
 */
#ifndef LEP_EVAL_ENSEMBLE_H
#define LEP_EVAL_ENSEMBLE_H

#include "data/together.h"
#include "eval/mixture.h"

enum lep_ensemble_kind { LEP_ENSEMBLE_MEAN, LEP_ENSEMBLE_GEOMETRIC, LEP_ENSEMBLE_VOTE, LEP_ENSEMBLE_FIT };
enum lep_ensemble_bad { LEP_ENSEMBLE_FAIL, LEP_ENSEMBLE_SKIP, LEP_ENSEMBLE_KEEP };

struct lep_ensemble_options {
	enum lep_ensemble_kind kind;
	const double *weight;        /* one a stream, borrowed for the call; NULL: equal ones */
	enum lep_ensemble_bad bad;   /* a record that is bad in any stream */
	/* One that is left out: "NAME: record N (KEY): is bad: CAUSE". May be NULL. */
	void (*note)(void *ctx, const char *text);
	void *ctx;
};

struct lep_ensemble;

/* t, of n streams, is borrowed and must outlive the ensemble. LEP_ERR_DATA where a stream
 * has no predictions, or not the classes or shapes of the first. */
int lep_ensemble_new(struct lep_ensemble **out, struct lep_together *t, size_t n,
	const struct lep_ensemble_options *o, struct lep_error *e) LEP_MUST_USE;
void lep_ensemble_free(struct lep_ensemble *x);   /* NULL is legal */

/* What comes out; owned by x. Notes may be added before it is used. */
struct lep_head *lep_ensemble_head(struct lep_ensemble *x);

/* The next frame, as the first stream has them: 1, or 0 at the end, or a negative
 * status. Borrowed until the next call. */
int lep_ensemble_next(struct lep_ensemble *x, struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

/* Reads all and collects what lep_mixture_fit needs; for LEP_ENSEMBLE_FIT instead of
 * lep_ensemble_next. m is initialised here; release it also after a failure. Bad
 * records and those without target are left out. */
int lep_ensemble_collect(struct lep_ensemble *x, struct lep_mixture *m, struct lep_error *e) LEP_MUST_USE;

uint64_t lep_ensemble_bad(const struct lep_ensemble *x);  /* records so far */

#endif
