/*
 * How long a sequence may become that nobody gave a length: twice as many ids, <end>
 * included, as the longest that is read has rows, and its model's reach: what all but
 * one in a thousand of those that were learnt took beyond that. The least needs no
 * saying; a model with more has it as a note.
 */
#ifndef LEP_NN_REACH_H
#define LEP_NN_REACH_H

#include <stddef.h>

#define LEP_REACH_NOTE "reach"
#define LEP_REACH_LEAST 16
#define LEP_REACH_MOST 1023
/* Rows where the network reads none. */
#define LEP_REACH_NO_ROWS 56

static inline size_t lep_reach_ids(size_t rows, size_t reach)
{
	return 2 * rows + reach;
}

#endif
