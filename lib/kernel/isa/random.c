/*
 * Random factors, many counters of Philox4x32-10 side by side: word for word
 * what lep_random_block draws (base/random.c, which says where it comes from).
 */
#include "base/random.h"
#include "kernel/isa/isa.h"

#if (defined(LEP_ISA_avx512) || defined(LEP_ISA_avx2)) && !defined(LEP_DOUBLE)

/* The words of sixteen blocks. Lane 4 q + j has number from + 4 j + q, so that
 * vf_zip leaves the words of four blocks after another in each vector. */
SIMD void sixteen_blocks(vi c[4], const uint32_t key[2], uint64_t where, uint64_t from)
{
	static const float order[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
	const vf magic = vf_set1(12582912.0f);
	vi offset = vi_sub(vi_bits(vf_add(vf_load(order), magic)), vi_bits(magic));
	uint32_t k0 = key[0], k1 = key[1];

	c[0] = vi_add(vi_set1((int32_t)(uint32_t)from), offset);
	c[1] = vi_set1((int32_t)(uint32_t)(from >> 32));
	c[2] = vi_set1((int32_t)(uint32_t)where);
	c[3] = vi_set1((int32_t)(uint32_t)(where >> 32));
	for (int round = 0; round < 10; round++) {
		vi h0, l0, h1, l1;

		vi_mul_wide(c[0], 0xd2511f53, &h0, &l0);
		vi_mul_wide(c[2], 0xcd9e8d57, &h1, &l1);
		c[0] = vi_xor(vi_xor(h1, c[1]), vi_set1((int32_t)k0));
		c[2] = vi_xor(vi_xor(h0, c[3]), vi_set1((int32_t)k1));
		c[1] = l1;
		c[3] = l0;
		k0 += 0x9e3779b9;
		k1 += 0xbb67ae85;
	}
}

void ISA(dropout)(lep_real *y, size_t n, uint32_t below, lep_real keep, uint64_t seed, uint64_t where,
	uint64_t from)
{
	const uint32_t key[2] = {(uint32_t)seed,
		(uint32_t)(seed >> 32) ^ (uint32_t)LEP_RANDOM_DROPOUT * 0x85ebca6b};
	const vf stays = vf_set1(keep);
	uint32_t w[4];
	vi c[4];
	vf f[4];

	for (size_t i = 0; i < n; i += 4 * VL, from += VL) {
		if ((uint32_t)from > UINT32_MAX - VL) { /* the counter's low word runs over: one by one */
			for (size_t k = i; k < n && k < i + 4 * VL; k++) {
				if (k % 4 == 0)
					lep_random_block(w, seed, LEP_RANDOM_DROPOUT, where, from + (k - i) / 4);
				y[k] = w[k % 4] < below ? 0 : keep;
			}
			continue;
		}
		sixteen_blocks(c, key, where, from);
		for (int k = 0; k < 4; k++)
			f[k] = vf_sel(vi_below(c[k], below), vf_zero(), stays);
		vf_zip(f);
		for (size_t k = 0; k < 4 && i + k * VL < n; k++)
			vf_store_upto(y + i + k * VL, f[k], n - i - k * VL);
	}
}

#else

void ISA(dropout)(lep_real *y, size_t n, uint32_t below, lep_real keep, uint64_t seed, uint64_t where,
	uint64_t from)
{
	uint32_t w[4];

	for (size_t i = 0; i < n; i++) {
		if (i % 4 == 0)
			lep_random_block(w, seed, LEP_RANDOM_DROPOUT, where, from + i / 4);
		y[i] = w[i % 4] < below ? 0 : keep;
	}
}

#endif
