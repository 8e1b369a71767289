/*
 * Random numbers from a counter: Philox4x32-10 (Salmon et al., SC 2011), keyed
 * by seed and purpose, so that a draw depends on what it is for and where it
 * stands, never on who drew before it.
 *
 * Known answer of the generator: key 0, counter 0 gives 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
 */
#ifndef LEP_BASE_RANDOM_H
#define LEP_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum lep_purpose {
	LEP_RANDOM_INIT = 1,  /* weights: a = parameter, b = element */
	LEP_RANDOM_SHUFFLE,   /* a = epoch, b = position */
	LEP_RANDOM_DROPOUT,   /* a = layer and step, b = element */
	LEP_RANDOM_AUGMENT,   /* a = epoch and line, b = record */
	LEP_RANDOM_MIXUP,     /* a = epoch and batch, b = position */
	LEP_RANDOM_SPLIT,     /* hashes of keys */
	LEP_RANDOM_SAMPLE,    /* choices of programs: lep-cat --shuffle */
	LEP_RANDOM_WINDOW,    /* where windows begin: a = epoch, b = record */
	LEP_RANDOM_GENERATE   /* ids that are made: a = 0, b = place in the text */
};

/* The four words for (seed, purpose; a, b). */
void lep_random_block(uint32_t out[4], uint64_t seed, enum lep_purpose purpose, uint64_t a, uint64_t b);

/* Uniform in [0, 1) with 24 bits, exact in float; word 0 of the block. */
float lep_random_uniform(uint64_t seed, enum lep_purpose purpose, uint64_t a, uint64_t b);

/* Standard normal (Box-Muller in double on the block's words, own log and cos). */
double lep_random_normal(uint64_t seed, enum lep_purpose purpose, uint64_t a, uint64_t b);

/* Permutation of 0..n-1 by Fisher and Yates, keyed by (seed, purpose, a). */
void lep_random_shuffle(uint64_t *index, size_t n, uint64_t seed, enum lep_purpose purpose, uint64_t a);

/* 64 bits of a key for the seed: stable across versions, used for splits. */
uint64_t lep_random_hash(uint64_t seed, const void *key, size_t len);

#endif
