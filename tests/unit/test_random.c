/* The generator: known answers, ranges, permutations. */
#include "base/random.h"

#include <string.h>

#include "check.h"

/* Random123's known answers for philox4x32-10; the purpose is undone in the seed. */
static void known_answers(void)
{
	uint32_t w[4];
	uint64_t fold = (uint64_t)(LEP_RANDOM_SHUFFLE * UINT64_C(0x85ebca6b) & 0xffffffff) << 32;

	lep_random_block(w, fold, LEP_RANDOM_SHUFFLE, 0, 0);
	CHECK(w[0] == 0x6627e8d5 && w[1] == 0xe169c58d && w[2] == 0xbc57ac4c && w[3] == 0x9b00dbd8);
	lep_random_block(w, ~UINT64_C(0) ^ fold, LEP_RANDOM_SHUFFLE, ~UINT64_C(0), ~UINT64_C(0));
	CHECK(w[0] == 0x408f276d && w[1] == 0x41c83b0e && w[2] == 0xa20bc7c6 && w[3] == 0x6d5451fd);
}

static void shuffle_is_a_permutation(void)
{
	enum { N = 1000 };
	uint64_t a[N], b[N];
	char seen[N] = {0};
	int moved = 0;

	lep_random_shuffle(a, N, 1, LEP_RANDOM_SHUFFLE, 3);
	lep_random_shuffle(b, N, 1, LEP_RANDOM_SHUFFLE, 3);
	CHECK(memcmp(a, b, sizeof(a)) == 0);
	for (int i = 0; i < N; i++) {
		CHECK(a[i] < N && !seen[a[i]]);
		seen[a[i]] = 1;
		moved += a[i] != (uint64_t)i;
	}
	CHECK(moved > 980);
	lep_random_shuffle(b, N, 1, LEP_RANDOM_SHUFFLE, 4);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	lep_random_shuffle(b, N, 2, LEP_RANDOM_SHUFFLE, 3);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
}

static void uniform_covers_the_interval(void)
{
	int bins[10] = {0};

	for (uint64_t i = 0; i < 100000; i++) {
		float u = lep_random_uniform(7, LEP_RANDOM_DROPOUT, 1, i);

		CHECK(u >= 0 && u < 1);
		bins[(int)(u * 10)]++;
	}
	for (int i = 0; i < 10; i++)
		CHECKF(bins[i] > 9500 && bins[i] < 10500, "bin %d holds %d", i, bins[i]);
}

static void hash_tells_keys_apart(void)
{
	CHECK(lep_random_hash(1, "a", 1) == lep_random_hash(1, "a", 1));
	CHECK(lep_random_hash(1, "a", 1) != lep_random_hash(2, "a", 1));
	CHECK(lep_random_hash(1, "a", 1) != lep_random_hash(1, "a\0", 2));
	CHECK(lep_random_hash(1, "12345678", 8) != lep_random_hash(1, "123456789", 9));
	CHECK(lep_random_hash(1, "", 0) != lep_random_hash(1, "\0", 1));
}

int main(void)
{
	RUN(known_answers);
	RUN(shuffle_is_a_permutation);
	RUN(uniform_covers_the_interval);
	RUN(hash_tells_keys_apart);
	return CHECK_END();
}
