/*
 * Batches of sequences for tests. References and readable tests have them
 * padded, [samples][steps][...]; an exec has the rows of all samples one behind
 * the other.
 */
#ifndef LEP_TESTS_RAGGED_H
#define LEP_TESTS_RAGGED_H

#include <string.h>

#include "nn/net.h"

/* The lengths of n samples as those of all inputs that vary; 0 if there is room. */
static inline int ragged_lengths(struct lep_exec *x, const struct lep_net *net, const int32_t *lengths, size_t n)
{
	for (size_t i = 0; i < lep_net_inputs(net); i++)
		for (size_t s = 0; s < n && lep_net_input(net, i)->varies; s++)
			lep_exec_lengths(x, i)[s] = (size_t)lengths[s];
	return lep_exec_reserve(x, n, NULL);
}

/* Padded to rows; bytes are those of one step. Returns how many rows there are. */
static inline size_t ragged_pack(void *rows, const void *padded, const int32_t *lengths, size_t n, size_t steps,
	size_t bytes)
{
	size_t at = 0;

	for (size_t s = 0; s < n; s++) {
		memcpy((char *)rows + at * bytes, (const char *)padded + s * steps * bytes,
			(size_t)lengths[s] * bytes);
		at += (size_t)lengths[s];
	}
	return at;
}

#endif
