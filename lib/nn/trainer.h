/* Inside of training: what the files train_*.c share. */
#ifndef LEP_NN_TRAINER_H
#define LEP_NN_TRAINER_H

#include <stdatomic.h>

#include "nn/augment.h"
#include "nn/reach.h"
#include "nn/train.h"

/* A data set as a network sees it. A sample is a record, or a window of one. */
struct lep_samples {
	struct lep_dataset *data;
	struct lep_feed feed;
	int target;               /* field of its head */
	double *mean, *deviation; /* numbers are learnt as (value - mean) / deviation; NULL: as they are */
	int32_t *id_map;          /* its target table's ids -> the net's; NULL: the same */
	size_t n;
	size_t records;
	uint64_t *record;         /* the records that are used, ascending */
	uint64_t *first;          /* with windows: the first sample of each of them, and n */
	size_t window;            /* ids of one; 0: samples are whole records */
	int moves;                /* windows begin elsewhere in each epoch */
	uint64_t begin, end;      /* with windows: the ids of the only record that count; end 0: all of all */
	uint64_t bad, targetless;
	int32_t class;            /* of the first sample; numbers and sequences have none */
	int classes;              /* 0, 1, or 2 for several of them */
	uint32_t reach[LEP_REACH_MOST + 1]; /* of sequences: how many took how much */
};

/* Where a sample lies. */
struct lep_place {
	uint64_t record;
	const struct lep_frame *frame;
	size_t at;
	int is_cut;               /* it is the window, not the whole record */
	struct lep_window window;
};

struct lep_trainer {
	struct lep_net *net;
	struct lep_threads *pool;
	struct lep_train_options o;
	const struct lep_kernels *k;
	struct lep_samples train, check;
	struct lep_exec *x;
	struct lep_exec **judges; /* by thread, for validation */
	enum lep_aim aim;
	int varies;               /* an input is a sequence */
	int is_sequence;          /* the target has a row for each of the output's */
	int32_t end;              /* id of <end>, where it is learnt */
	size_t outputs;           /* values of a sample (of a row) that the loss sees */
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
	int32_t *ids;             /* targets of sequences, by row */
	size_t ids_room;
	uint64_t rows;            /* targets in the batch */
	double *losses;           /* by sample */
	uint32_t *hits;
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
	uint64_t hit_sum, row_sum; /* row_sum: how many targets there were */
	double lr;
	int done;

	/* what is kept */
	lep_real *state[LEP_OPTIM_STATES]; /* laid out like the net's values */
	lep_real *average, *best;
	double best_score;
	int64_t best_epoch, since_best;
	char digest[64];          /* of the data, once it was needed */
};

/* part and want: the records to use are those with part[r] == want; or NULL. A
 * data set with begin and end set keeps them. */
int lep_samples_init(struct lep_samples *s, struct lep_trainer *t, struct lep_dataset *data,
	const uint8_t *part, int want, struct lep_error *e) LEP_MUST_USE;
void lep_samples_release(struct lep_samples *s);
/* Sample i of s, in the current epoch. */
int lep_samples_place(const struct lep_samples *s, const struct lep_trainer *t, uint64_t i, struct lep_place *out,
	struct lep_error *e) LEP_MUST_USE;
static inline const struct lep_window *lep_place_window(const struct lep_place *p)
{
	return p->is_cut ? &p->window : NULL;
}
/* Its target into *out; numbers go to values. */
int lep_samples_target(const struct lep_samples *s, const struct lep_trainer *t, const struct lep_place *p,
	struct lep_target *out, lep_real *values, struct lep_error *e) LEP_MUST_USE;
/* Its targets, for as many rows of the output. */
int lep_samples_targets(const struct lep_samples *s, const struct lep_trainer *t, const struct lep_place *p,
	int32_t *ids, size_t rows, struct lep_error *e) LEP_MUST_USE;

/* Whether the largest output (or the sign of a single one) is the target's class. */
int lep_trainer_hit(const struct lep_trainer *t, const lep_real *x, const struct lep_target *target);

/* Figures from their sums. */
void lep_trainer_metrics(const struct lep_trainer *t, double loss, double weight, uint64_t hits, uint64_t targets,
	uint64_t samples, struct lep_metrics *out);

/* Loss and accuracy on t->check with the weights as they are. */
int lep_trainer_validate(struct lep_trainer *t, struct lep_metrics *out, struct lep_error *e) LEP_MUST_USE;

/* Pieces of the weights that tasks work on. */
int lep_trainer_pieces(const struct lep_trainer *t);

/* The optimiser's step from the net's gradients, then packing. */
int lep_trainer_step(struct lep_trainer *t, struct lep_error *e) LEP_MUST_USE;

/* Each target becomes a share of itself and of its partner's. */
void lep_trainer_mix_targets(struct lep_trainer *t);

/* Samples of a run beyond the first come together until they have so many rows. */
#define LEP_JUDGED_ROWS 8192

/* Filters that follow from the data: those of `conv ... whiten` that are 0 yet. */
int lep_trainer_whiten(struct lep_trainer *t, struct lep_error *e) LEP_MUST_USE;

/* The epoch's order into t->order. */
void lep_trainer_shuffle(struct lep_trainer *t);

#endif
