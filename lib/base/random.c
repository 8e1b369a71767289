#include "base/random.h"

#include <math.h>

#include "base/math.h"

/* Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011; multipliers and Weyl constants from table 2 there. */
static void philox(uint32_t c[4], uint32_t k0, uint32_t k1)
{
	for (int round = 0; round < 10; round++) {
		uint64_t p0 = (uint64_t)0xd2511f53 * c[0];
		uint64_t p1 = (uint64_t)0xcd9e8d57 * c[2];
		uint32_t c1 = c[1], c3 = c[3];

		c[0] = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
		c[1] = (uint32_t)p1;
		c[2] = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c[3] = (uint32_t)p0;
		k0 += 0x9e3779b9;
		k1 += 0xbb67ae85;
	}
}

/* The purpose is folded into the seed's high word: 64 bits of counter remain
 * for each of a and b. */
void lep_random_block(uint32_t out[4], uint64_t seed, enum lep_purpose purpose, uint64_t a, uint64_t b)
{
	out[0] = (uint32_t)b;
	out[1] = (uint32_t)(b >> 32);
	out[2] = (uint32_t)a;
	out[3] = (uint32_t)(a >> 32);
	philox(out, (uint32_t)seed, (uint32_t)(seed >> 32) ^ (uint32_t)purpose * 0x85ebca6b);
}

float lep_random_uniform(uint64_t seed, enum lep_purpose purpose, uint64_t a, uint64_t b)
{
	uint32_t w[4];

	lep_random_block(w, seed, purpose, a, b);
	return (float)(w[0] >> 8) * 0x1p-24f;
}

/* A number below n without bias worth measuring: the high half of 64 x 64. */
static uint64_t below(uint64_t n, uint64_t seed, enum lep_purpose purpose, uint64_t a, uint64_t b)
{
	uint32_t w[4];
	uint64_t r;

	lep_random_block(w, seed, purpose, a, b);
	r = (uint64_t)w[1] << 32 | w[0];
	return (uint64_t)((unsigned __int128)r * n >> 64);
}

void lep_random_shuffle(uint64_t *index, size_t n, uint64_t seed, enum lep_purpose purpose, uint64_t a)
{
	for (size_t i = 0; i < n; i++)
		index[i] = i;
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)below(i, seed, purpose, a, i);
		uint64_t t = index[i - 1];

		index[i - 1] = index[j];
		index[j] = t;
	}
}

/* Philox as a mixing function over 8 bytes at a time; the length comes last,
 * so that "a" and "a\0" differ. */
uint64_t lep_random_hash(uint64_t seed, const void *key, size_t len)
{
	const unsigned char *p = key;
	uint64_t h = seed;
	uint32_t w[4];

	for (size_t i = 0; i <= len; i += 8) {
		uint64_t chunk = 0;

		for (size_t k = 0; k < 8 && i + k < len; k++)
			chunk |= (uint64_t)p[i + k] << 8 * k;
		lep_random_block(w, h, LEP_RANDOM_SPLIT, chunk, len - i);
		h = (uint64_t)w[1] << 32 | w[0];
	}
	return h;
}
/* Box and Muller, Ann. Math. Stat. 29 (1958); u1 in (0, 1]. */
double lep_random_normal(uint64_t seed, enum lep_purpose purpose, uint64_t a, uint64_t b)
{
	uint32_t w[4];
	double u1, u2;

	lep_random_block(w, seed, purpose, a, b);
	u1 = ((double)(((uint64_t)w[0] << 21) | (w[1] >> 11)) + 1) * 0x1p-53;
	u2 = (double)(((uint64_t)w[2] << 21) | (w[3] >> 11)) * 0x1p-53;
	return sqrt(-2 * lep_log(u1)) * lep_cos(6.283185307179586 * u2);
}
