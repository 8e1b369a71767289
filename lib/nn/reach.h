/*
 * How long a sequence may become that nobody gave a length: twice as many ids, <end>
 * included, as the longest that is read has rows, and its model's reach: what all but
 * one in a thousand of those that were learnt took beyond that. The least needs no
 * saying; a model with more has it as a note.
 */
#ifndef LEP_NN_REACH_H
#define LEP_NN_REACH_H

#include "nn/feed.h"

#define LEP_REACH_NOTE "reach"
#define LEP_REACH_LEAST 16
#define LEP_REACH_MOST 1023

/* Ids that the sequence of record `at` may have before its reach counts: for it is
 * made of what the network reads besides, or as of 56 rows where that has none. */
size_t lep_reach_base(const struct lep_feed *f, const struct lep_head *data, const struct lep_frame *frame, size_t at);

#endif
