/*
 * Byte-pair encoding within chunks: what its encoder and its learning share. A
 * chunk is at most LEP_BPE_CHUNK bytes, so nothing here is worse than linear in
 * the text.
 */
#ifndef LEP_DATA_TOKENS_BPE_H
#define LEP_DATA_TOKENS_BPE_H

#include "data/tokens_kind.h"

#define LEP_BPE_CHUNK 128

/* A chunk as pieces that lie one behind the other: begin[i] to begin[i + 1]. */
struct lep_bpe_pieces {
	size_t n;
	uint8_t begin[LEP_BPE_CHUNK + 1];
	int32_t id[LEP_BPE_CHUNK];
};

/* The bytes of a chunk. */
void lep_bpe_bytes(struct lep_bpe_pieces *p, const char *chunk, size_t len);

/* Puts neighbours together as long as two are an entry of the table, the lowest
 * id first, then the leftmost. longest: bytes of the longest entry. */
void lep_bpe_merge(struct lep_bpe_pieces *p, const char *chunk, const struct lep_table *t, size_t longest);

int lep_bpe_learn(struct lep_table *t, struct lep_counts *c, size_t most, uint64_t least);

#endif
