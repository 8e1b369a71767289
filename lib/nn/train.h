/*
 * Training: batches in a seeded order, validation, early stopping, averaging,
 * checkpoints. The caller drives it batch by batch, so that it can talk,
 * stop and save between any two.
 */
#ifndef LEP_NN_TRAIN_H
#define LEP_NN_TRAIN_H

#include "nn/feed.h"
#include "nn/loss.h"
#include "nn/model.h"
#include "nn/net.h"
#include "nn/optim.h"
#include "nn/schedule.h"
#include "stream/reader.h"

enum lep_keep { LEP_KEEP_LAST, LEP_KEEP_BEST };

struct lep_train_options {
	struct lep_loss loss;       /* class_weight borrowed */
	struct lep_optim optim;
	struct lep_schedule schedule;
	int64_t epochs;
	int64_t steps;              /* batches in all; epochs follows from it; 0: no limit but epochs */
	size_t batch;
	uint64_t seed;
	double clip;                /* largest norm of the gradient; 0: no limit */
	double average;             /* decay of the average of weights; 0: none */
	int64_t patience;           /* epochs without improvement before it stops; 0: never */
	enum lep_keep keep;
	double validation_share;    /* of the data, 0: none */
	const char *network;        /* its name, for messages; borrowed */
	size_t window;              /* texts whose next ids are learnt are cut into so many; 0: whole */
	int skip_bad;               /* leave bad records out and count them (else an error) */
};

/* What an epoch came to; validation is valid where it was done. */
struct lep_metrics {
	double loss;
	double accuracy;            /* NaN where the target is numbers */
	double perplexity;          /* exp(loss) where it is a cross-entropy of a sequence, else NaN */
	uint64_t samples;
	uint64_t targets;           /* ids of sequences; else the samples */
};

struct lep_epoch {
	int64_t epoch;              /* from 1 */
	struct lep_metrics train, validation;
	int has_validation;
	int improved;               /* the best so far */
	double lr;                  /* of its last step */
};

struct lep_trainer;

/*
 * net, data, validation (may be NULL), pool and everything in o are borrowed.
 * Looks through all records once: bad ones and those without target are left
 * out and counted; NaN is found here, by record. Parameters keep their values.
 */
int lep_trainer_new(struct lep_trainer **out, struct lep_net *net, struct lep_dataset *data,
	struct lep_dataset *validation, const struct lep_train_options *o, struct lep_threads *pool,
	struct lep_error *e) LEP_MUST_USE;
void lep_trainer_free(struct lep_trainer *t);

int64_t lep_trainer_epochs(const struct lep_trainer *t);          /* the last of which a limit of steps cuts short */
uint64_t lep_trainer_samples(const struct lep_trainer *t);        /* an epoch */
uint64_t lep_trainer_bad(const struct lep_trainer *t);            /* left out: bad */
uint64_t lep_trainer_targetless(const struct lep_trainer *t);     /* left out: no target */
/* Of sequences that were learnt (nn/reach.h), LEP_REACH_LEAST at least. */
size_t lep_trainer_reach(const struct lep_trainer *t);
uint64_t lep_trainer_validated(const struct lep_trainer *t);      /* samples of validation */

/* The class of all samples learnt from, where it is one and the same; else NULL. Borrowed. */
const char *lep_trainer_only_class(const struct lep_trainer *t);

/* One batch. 1: the epoch goes on; 0: it was the epoch's last. */
int lep_trainer_batch(struct lep_trainer *t, struct lep_error *e) LEP_MUST_USE;
/* After a 0: validation, the best, the epoch's figures. 1: training goes on;
 * 0: all epochs are done, or it stopped early. */
int lep_trainer_epoch(struct lep_trainer *t, struct lep_epoch *out, struct lep_error *e) LEP_MUST_USE;
int lep_trainer_done(const struct lep_trainer *t);

/* Where it stands: epoch from 1, samples of it done, running figures. */
void lep_trainer_progress(const struct lep_trainer *t, int64_t *epoch, struct lep_metrics *running);

/* Put what is to be kept (best, average, last) into the net's parameters. */
void lep_trainer_finish(struct lep_trainer *t);
/* Epoch whose weights finish takes, 0: the last. */
int64_t lep_trainer_best(const struct lep_trainer *t);

/*
 * A checkpoint in a file, written aside and renamed; head is the model's.
 * `options` is a text that must be the same for a resumption. digest is that of
 * the data. load returns 1 where it resumed, 0 where there is no such file.
 */
int lep_trainer_save(struct lep_trainer *t, const char *path, const struct lep_head *head,
	const char *options, struct lep_error *e) LEP_MUST_USE;
int lep_trainer_load(struct lep_trainer *t, const char *path, const char *options, struct lep_error *e) LEP_MUST_USE;

#endif
