/* What training says: the summary of a network, epochs, the log of JSON Lines. */
#ifndef LEP_CLI_TRAIN_TALK_H
#define LEP_CLI_TRAIN_TALK_H

#include "base/mem.h"
#include "nn/train.h"

/* A table: layer, output shape, parameters, operations, and the totals. */
void lep_talk_summary(const struct lep_net *n, struct lep_buf *out);

/* "epoch 3/10  loss 0.0412  accuracy 0.9871  validation loss 0.0390 accuracy 0.9880  41230/s" */
void lep_talk_epoch(const struct lep_epoch *ep, int64_t epochs, double seconds, struct lep_buf *out);

/* The same as one JSON object and a newline. */
void lep_talk_json(const struct lep_epoch *ep, double seconds, struct lep_buf *out);

#endif
