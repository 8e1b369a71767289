/*
 * Beam search: the sequence of ids that a model, which learnt to make one from
 * what it reads, makes of some samples.
 *
 * Of each sample up to `width` sequences are under way. At each step all are
 * continued by every id but <unknown>, and of all continuations the most probable
 * (by the sum of natural logarithms, of equals the better sequence's, the lower
 * id) are kept. One that ends in <end> is done, and one fewer stays under way. The
 * search is over when none is, or after as many ids as the sample may have; then the
 * done one with the largest sum / n^penalty, n its ids with <end>, is what was
 * sought, or, where none is done, the one under way with the largest sum. Those
 * under way that cannot come out first any more, because their sum / most^penalty is
 * less than what is done has, are dropped. width 1 is greedy search.
 *
 * What a sample gives depends on it alone, not on those beside it.
 */
#ifndef LEP_NN_BEAM_H
#define LEP_NN_BEAM_H

#include "nn/net.h"

#define LEP_BEAM_MAX 64

struct lep_beam_options {
	size_t width;         /* 1..LEP_BEAM_MAX */
	double penalty;       /* >= 0 */
	int32_t end, unknown; /* their ids; unknown: -1 if there is none */
};

struct lep_beam;

/* For up to `samples` samples at once; made is the input that is the sequence itself. n's weights
 * must be packed. LEP_ERR_DATA if n cannot run step by step. */
int lep_beam_new(struct lep_beam **out, struct lep_net *n, size_t made, size_t samples,
	const struct lep_beam_options *o, struct lep_error *e) LEP_MUST_USE;
void lep_beam_free(struct lep_beam *b);

/* Whose inputs but `made` are to be reserved (with lengths 0 for it) and filled before a run. */
struct lep_exec *lep_beam_exec(struct lep_beam *b);

/* Samples 0..samples - 1, each with at most most[s] ids, <end> included. */
int lep_beam_run(struct lep_beam *b, size_t samples, const size_t *most, struct lep_error *e) LEP_MUST_USE;

/* The ids of sample s after a run, without <end>, until the next call, and its score;
 * NULL if the network's output was not finite. */
/* Whether it came to most[s] ids without <end>. */
int lep_beam_is_cut(const struct lep_beam *b, size_t s);
const int32_t *lep_beam_ids(struct lep_beam *b, size_t s, size_t *n, double *score);

#endif
