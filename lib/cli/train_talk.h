/* What training says: the summary of a network, epochs, the log of JSON Lines. */
#ifndef LEP_CLI_TRAIN_TALK_H
#define LEP_CLI_TRAIN_TALK_H

#include <stdio.h>

#include "base/mem.h"
#include "nn/train.h"

/* A table: layer, output shape, parameters, operations, and the totals; to
 * standard output, or as talk. */
int lep_talk_summary(const struct lep_net *n, int to_stdout, struct lep_error *e) LEP_MUST_USE;

/* The ready descriptions, a line each; a description's text: to standard output. */
int lep_talk_ready(struct lep_error *e) LEP_MUST_USE;
int lep_talk_text(const char *text, struct lep_error *e) LEP_MUST_USE;

/* "loss 0.0412  accuracy 0.9871", for the progress line; returns text. */
enum { LEP_TALK_RUNNING = 80 };
const char *lep_talk_running(const struct lep_metrics *m, char text[LEP_TALK_RUNNING]);

/* "epoch 3/10  loss 0.0412  accuracy 0.9871  validation loss 0.0390 accuracy 0.9880  41230/s" */
void lep_talk_epoch(const struct lep_epoch *ep, int64_t epochs, double seconds, struct lep_buf *out);

/* The same as one JSON object and a newline, written to the log of that name. */
int lep_talk_log(FILE *log, const char *name, const struct lep_epoch *ep, double seconds, struct lep_error *e)
	LEP_MUST_USE;

#endif
