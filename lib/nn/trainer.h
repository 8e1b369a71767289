/* Inside of training: what the files train_*.c share. */
#ifndef LEP_NN_TRAINER_H
#define LEP_NN_TRAINER_H

#include <stdatomic.h>

#include "nn/augment.h"
#include "nn/train.h"

/* A data set as a network sees it. */
struct lep_samples {
	struct lep_dataset *data;
	struct lep_feed feed;
	int target;               /* field of its head */
	int32_t *id_map;          /* its target table's ids -> the net's; NULL: the same */
	size_t n;
	uint64_t *record;         /* the records that are used, ascending */
	uint64_t bad, targetless;
	int32_t class;            /* of the first sample; numbers have none */
	int classes;              /* 0, 1, or 2 for several of them */
};

struct lep_trainer {
	struct lep_net *net;
	struct lep_threads *pool;
	struct lep_train_options o;
	const struct lep_kernels *k;
	struct lep_samples train, check;
	struct lep_exec *x;
	struct lep_exec **judges; /* by thread, for validation */
	size_t outputs;           /* values of a sample that the loss sees */
	size_t numbers;           /* of a target that is numbers; 0: ids */

	/* augmentation */
	struct lep_augment augment;
	double mixup;             /* alpha, 0: none */
	size_t largest;           /* values of the largest input */
	lep_real **scratch;       /* by thread: two of these */

	/* the current batch */
	uint64_t *order;          /* the epoch's, of train.record */
	size_t count;
	const uint64_t *batch;    /* into order */
	struct lep_target *targets;
	lep_real *values;         /* targets that are numbers: [batch][numbers] */
	lep_real *unmixed;        /* the same before mixup, or NULL */
	double *losses;           /* by sample */
	unsigned char *hits;
	uint64_t *partner;
	double *share;
	double *squares;          /* of the gradient, by piece, for --clip; or NULL */
	double scale;             /* 1 / the loss's denominator */
	atomic_int failed;
	struct lep_error failure;

	/* position */
	int64_t epoch;            /* from 0 */
	uint64_t at;              /* samples of the epoch done */
	int64_t step;             /* steps done */
	int64_t steps_an_epoch;
	double loss_sum, weight_sum;
	uint64_t hit_sum;
	double lr;
	int done;

	/* what is kept */
	lep_real *state[LEP_OPTIM_STATES]; /* laid out like the net's values */
	lep_real *average, *best;
	double best_score;
	int64_t best_epoch, since_best;
	char digest[64];          /* of the data, once it was needed */
};

int lep_samples_init(struct lep_samples *s, struct lep_trainer *t, struct lep_dataset *data,
	const uint8_t *part, int want, struct lep_error *e) LEP_MUST_USE;
void lep_samples_release(struct lep_samples *s);
/* The target of record r (place in s->record) into *out; numbers go to values. */
int lep_samples_target(const struct lep_samples *s, const struct lep_trainer *t, uint64_t r,
	struct lep_target *out, lep_real *values, struct lep_error *e) LEP_MUST_USE;

/* Whether the largest output (or the sign of a single one) is the target's class. */
int lep_trainer_hit(const struct lep_trainer *t, const lep_real *x, const struct lep_target *target);

/* Loss and accuracy on t->check with the weights as they are. */
int lep_trainer_validate(struct lep_trainer *t, struct lep_metrics *out, struct lep_error *e) LEP_MUST_USE;

/* Pieces of the weights that tasks work on. */
int lep_trainer_pieces(const struct lep_trainer *t);

/* The optimiser's step from the net's gradients, then packing. */
int lep_trainer_step(struct lep_trainer *t, struct lep_error *e) LEP_MUST_USE;

/* Each target becomes a share of itself and of its partner's. */
void lep_trainer_mix_targets(struct lep_trainer *t);

/* The epoch's order into t->order. */
void lep_trainer_shuffle(struct lep_trainer *t);

#endif
