/* A training from batch to batch: progress, log, checkpoints, interruption. */
#ifndef LEP_CLI_TRAIN_RUN_H
#define LEP_CLI_TRAIN_RUN_H

#include <stdio.h>

#include "nn/train.h"

/* All borrowed. */
struct lep_train_run {
	struct lep_trainer *trainer;
	int64_t epochs;
	const char *checkpoint;       /* saved after each epoch and when interrupted; or NULL */
	double every;                 /* and every so many seconds; 0: not */
	const struct lep_head *head;  /* of the model */
	const char *identity;         /* options that a resumption must share */
	FILE *log;                    /* a JSON line an epoch; or NULL */
	const char *log_name;
};

/*
 * All epochs that are left. A signal ends it after its batch, with the
 * checkpoint saved: LEP_ERR_SIGNAL, unless that batch was the last of all. A
 * checkpoint or log line that cannot be written is an error.
 */
int lep_train_run(const struct lep_train_run *r, struct lep_error *e) LEP_MUST_USE;

#endif
