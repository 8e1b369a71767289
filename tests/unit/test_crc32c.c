/* CRC-32C: published values, both ways of computing it, cuts at every place. */
#include "check.h"

#include <string.h>

#include "base/crc32c.h"

/* RFC 3720, B.4, and the usual check value. */
static void published(void)
{
	unsigned char b[32];

	memset(b, 0, 32);
	CHECK(lep_crc32c(0, b, 32) == 0x8a9136aa);
	memset(b, 0xff, 32);
	CHECK(lep_crc32c(0, b, 32) == 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		b[i] = (unsigned char)i;
	CHECK(lep_crc32c(0, b, 32) == 0x46dd794e);
	for (int i = 0; i < 32; i++)
		b[i] = (unsigned char)(31 - i);
	CHECK(lep_crc32c(0, b, 32) == 0x113fdb5c);
	CHECK(lep_crc32c(0, "123456789", 9) == 0xe3069283);
	CHECK(lep_crc32c(0, "", 0) == 0);
	CHECK(lep_crc32c_portable(0, "123456789", 9) == 0xe3069283);
}

static unsigned char big[3 * 16384 * 2 + 3 * 1024 + 777];

static void fill(void)
{
	unsigned x = 1;

	for (size_t i = 0; i < sizeof(big); i++) {
		x = x * 1103515245 + 12345;
		big[i] = (unsigned char)(x >> 16);
	}
}

static void fast_equals_table(void)
{
	static const size_t lengths[] = {1, 7, 8, 63, 255, 256, 257, 1023, 1024, 1025, 1279, 1280, 2047, 3071, 3072, 3073, 6200, 49151, 49152, 49153, sizeof(big) - 9};

	fill();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t off = 0; off < 9; off++)
			CHECKF(lep_crc32c(77, big + off, lengths[i]) == lep_crc32c_portable(77, big + off, lengths[i]),
				"%zu bytes at %zu", lengths[i], off);
}

static void in_pieces(void)
{
	uint32_t all;

	fill();
	all = lep_crc32c(0, big, 4000);
	for (size_t cut = 0; cut <= 4000; cut++)
		CHECK(lep_crc32c(lep_crc32c(0, big, cut), big + cut, 4000 - cut) == all);
}

int main(void)
{
	RUN(published);
	RUN(fast_equals_table);
	RUN(in_pieces);
	return CHECK_END();
}
