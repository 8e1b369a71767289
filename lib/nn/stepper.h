/*
 * A net step by step: the rows of one input arrive a few at a time, as in
 * generation, and what came before is remembered (keys and values of attention,
 * states of recurrent layers, places). What a row gives is the same, byte for
 * byte, as when the whole sequence runs at once.
 *
 *	lep_stepper_new(&st, x, input, steps, e);   x: for inference
 *	write the lengths of other inputs of `sources` samples, lep_exec_reserve_input
 *	for each that varies; fill them
 *	lep_stepper_start(st, sources, e);          what does not follow `input` is computed
 *	again and again:
 *	  lep_exec_lengths(x, input)[s] = further rows of sequence s (0 is legal)
 *	  lep_stepper_reserve(st, count, e);
 *	  fill the input's rows
 *	  lep_stepper_run(st, count, source);       the output's rows are those of the new ones
 *	  lep_stepper_take(st, from, count);        beam search: s goes on where from[s] stands
 */
#ifndef LEP_NN_STEPPER_H
#define LEP_NN_STEPPER_H

#include "nn/layer.h"

struct lep_stepper {
	struct lep_exec *x;
	size_t input;
	size_t places;            /* sequences there is room for, and one to move them about */
	size_t steps;             /* the longest they may become */
	size_t *seen;             /* by sequence: its rows so far */
	size_t sources;           /* samples of the other inputs */
	const size_t *source;     /* during a run, by sequence: the sample it reads of them */
	/* By operation: */
	unsigned char *follows;   /* it depends on the input */
	void **cache;
	/* For lep_stepper_take: */
	size_t *waits, *readers, *free;
};

/* x has room for as many sequences as its capacity; steps: the most rows of each.
 * LEP_ERR_DATA if a layer cannot run step by step, with its name. x must outlive it. */
int lep_stepper_new(struct lep_stepper **out, struct lep_exec *x, size_t input, size_t steps,
	struct lep_error *e) LEP_MUST_USE;
void lep_stepper_free(struct lep_stepper *st);

/* Sequences begin anew, all empty; operations that do not follow the input run over
 * `sources` samples. */
int lep_stepper_start(struct lep_stepper *st, size_t sources, struct lep_error *e) LEP_MUST_USE;

/* Room for the lengths written for the input; no sequence may become longer than
 * steps (LEP_ERR_DATA). */
int lep_stepper_reserve(struct lep_stepper *st, size_t count, struct lep_error *e) LEP_MUST_USE;

/* source[s]: the sample that sequence s reads where the net reads other inputs; NULL: s. */
void lep_stepper_run(struct lep_stepper *st, size_t count, const size_t *source);

/* Sequence s < count goes on from what from[s] < count has seen. */
void lep_stepper_take(struct lep_stepper *st, const size_t *from, size_t count);

/* The sample of value v that sequence s has: its own, or its source's. */
static inline size_t lep_stepper_sample(const struct lep_stepper *st, int follows, size_t s)
{
	return !follows && st->source ? st->source[s] : s;
}

#endif
