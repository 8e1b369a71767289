/*
 * CRC-32C. The processor's instruction has a latency of three cycles and can
 * start one a cycle, so three lanes run side by side; their remainders are
 * joined by a linear map, "append so many zero bytes", given by the images of
 * the 32 single bits.
 *
 * Where there are carry-less products of whole vectors, 256 bytes are folded
 * into the next 256 at a time, several times as fast: V. Gopal et al., "Fast CRC
 * computation for generic polynomials using PCLMULQDQ instruction", Intel, 2009.
 */
#include "base/crc32c.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Remainder of each byte value, reflected, for x^32 + x^28 + ... (0x1edc6f41). */
static const uint32_t by_byte[256] = {
	0x00000000, 0xf26b8303, 0xe13b70f7, 0x1350f3f4, 0xc79a971f, 0x35f1141c, 0x26a1e7e8, 0xd4ca64eb,
	0x8ad958cf, 0x78b2dbcc, 0x6be22838, 0x9989ab3b, 0x4d43cfd0, 0xbf284cd3, 0xac78bf27, 0x5e133c24,
	0x105ec76f, 0xe235446c, 0xf165b798, 0x030e349b, 0xd7c45070, 0x25afd373, 0x36ff2087, 0xc494a384,
	0x9a879fa0, 0x68ec1ca3, 0x7bbcef57, 0x89d76c54, 0x5d1d08bf, 0xaf768bbc, 0xbc267848, 0x4e4dfb4b,
	0x20bd8ede, 0xd2d60ddd, 0xc186fe29, 0x33ed7d2a, 0xe72719c1, 0x154c9ac2, 0x061c6936, 0xf477ea35,
	0xaa64d611, 0x580f5512, 0x4b5fa6e6, 0xb93425e5, 0x6dfe410e, 0x9f95c20d, 0x8cc531f9, 0x7eaeb2fa,
	0x30e349b1, 0xc288cab2, 0xd1d83946, 0x23b3ba45, 0xf779deae, 0x05125dad, 0x1642ae59, 0xe4292d5a,
	0xba3a117e, 0x4851927d, 0x5b016189, 0xa96ae28a, 0x7da08661, 0x8fcb0562, 0x9c9bf696, 0x6ef07595,
	0x417b1dbc, 0xb3109ebf, 0xa0406d4b, 0x522bee48, 0x86e18aa3, 0x748a09a0, 0x67dafa54, 0x95b17957,
	0xcba24573, 0x39c9c670, 0x2a993584, 0xd8f2b687, 0x0c38d26c, 0xfe53516f, 0xed03a29b, 0x1f682198,
	0x5125dad3, 0xa34e59d0, 0xb01eaa24, 0x42752927, 0x96bf4dcc, 0x64d4cecf, 0x77843d3b, 0x85efbe38,
	0xdbfc821c, 0x2997011f, 0x3ac7f2eb, 0xc8ac71e8, 0x1c661503, 0xee0d9600, 0xfd5d65f4, 0x0f36e6f7,
	0x61c69362, 0x93ad1061, 0x80fde395, 0x72966096, 0xa65c047d, 0x5437877e, 0x4767748a, 0xb50cf789,
	0xeb1fcbad, 0x197448ae, 0x0a24bb5a, 0xf84f3859, 0x2c855cb2, 0xdeeedfb1, 0xcdbe2c45, 0x3fd5af46,
	0x7198540d, 0x83f3d70e, 0x90a324fa, 0x62c8a7f9, 0xb602c312, 0x44694011, 0x5739b3e5, 0xa55230e6,
	0xfb410cc2, 0x092a8fc1, 0x1a7a7c35, 0xe811ff36, 0x3cdb9bdd, 0xceb018de, 0xdde0eb2a, 0x2f8b6829,
	0x82f63b78, 0x709db87b, 0x63cd4b8f, 0x91a6c88c, 0x456cac67, 0xb7072f64, 0xa457dc90, 0x563c5f93,
	0x082f63b7, 0xfa44e0b4, 0xe9141340, 0x1b7f9043, 0xcfb5f4a8, 0x3dde77ab, 0x2e8e845f, 0xdce5075c,
	0x92a8fc17, 0x60c37f14, 0x73938ce0, 0x81f80fe3, 0x55326b08, 0xa759e80b, 0xb4091bff, 0x466298fc,
	0x1871a4d8, 0xea1a27db, 0xf94ad42f, 0x0b21572c, 0xdfeb33c7, 0x2d80b0c4, 0x3ed04330, 0xccbbc033,
	0xa24bb5a6, 0x502036a5, 0x4370c551, 0xb11b4652, 0x65d122b9, 0x97baa1ba, 0x84ea524e, 0x7681d14d,
	0x2892ed69, 0xdaf96e6a, 0xc9a99d9e, 0x3bc21e9d, 0xef087a76, 0x1d63f975, 0x0e330a81, 0xfc588982,
	0xb21572c9, 0x407ef1ca, 0x532e023e, 0xa145813d, 0x758fe5d6, 0x87e466d5, 0x94b49521, 0x66df1622,
	0x38cc2a06, 0xcaa7a905, 0xd9f75af1, 0x2b9cd9f2, 0xff56bd19, 0x0d3d3e1a, 0x1e6dcdee, 0xec064eed,
	0xc38d26c4, 0x31e6a5c7, 0x22b65633, 0xd0ddd530, 0x0417b1db, 0xf67c32d8, 0xe52cc12c, 0x1747422f,
	0x49547e0b, 0xbb3ffd08, 0xa86f0efc, 0x5a048dff, 0x8ecee914, 0x7ca56a17, 0x6ff599e3, 0x9d9e1ae0,
	0xd3d3e1ab, 0x21b862a8, 0x32e8915c, 0xc083125f, 0x144976b4, 0xe622f5b7, 0xf5720643, 0x07198540,
	0x590ab964, 0xab613a67, 0xb831c993, 0x4a5a4a90, 0x9e902e7b, 0x6cfbad78, 0x7fab5e8c, 0x8dc0dd8f,
	0xe330a81a, 0x115b2b19, 0x020bd8ed, 0xf0605bee, 0x24aa3f05, 0xd6c1bc06, 0xc5914ff2, 0x37faccf1,
	0x69e9f0d5, 0x9b8273d6, 0x88d28022, 0x7ab90321, 0xae7367ca, 0x5c18e4c9, 0x4f48173d, 0xbd23943e,
	0xf36e6f75, 0x0105ec76, 0x12551f82, 0xe03e9c81, 0x34f4f86a, 0xc69f7b69, 0xd5cf889d, 0x27a40b9e,
	0x79b737ba, 0x8bdcb4b9, 0x988c474d, 0x6ae7c44e, 0xbe2da0a5, 0x4c4623a6, 0x5f16d052, 0xad7d5351,
};

static uint32_t crc_table(uint32_t c, const unsigned char *p, size_t len)
{
	while (len--)
		c = c >> 8 ^ by_byte[(c ^ *p++) & 0xff];
	return c;
}

#if defined(__x86_64__)

#define LONG_LANE 16384
#define SHORT_LANE 1024

/* What bit i becomes when LONG_LANE or SHORT_LANE zero bytes follow. */
static const uint32_t after_long[32] = {
	0xc7cacead, 0x8a79ebab, 0x111fa1a7, 0x223f434e, 0x447e869c, 0x88fd0d38, 0x14166c81, 0x282cd902,
	0x5059b204, 0xa0b36408, 0x448abee1, 0x89157dc2, 0x17c68d75, 0x2f8d1aea, 0x5f1a35d4, 0xbe346ba8,
	0x7984a1a1, 0xf3094342, 0xe3fef075, 0xc211961b, 0x81cf5ac7, 0x0672c37f, 0x0ce586fe, 0x19cb0dfc,
	0x33961bf8, 0x672c37f0, 0xce586fe0, 0x995ca931, 0x37552493, 0x6eaa4926, 0xdd54924c, 0xbf455269,
};

static const uint32_t after_short[32] = {
	0xfe314258, 0xf98ef241, 0xf6f19273, 0xe80f5217, 0xd5f2d2df, 0xae09d34f, 0x59ffd06f, 0xb3ffa0de,
	0x6213374d, 0xc4266e9a, 0x8da0abc5, 0x1ead217b, 0x3d5a42f6, 0x7ab485ec, 0xf5690bd8, 0xef3e6141,
	0xdb90b473, 0xb2cd1e17, 0x60764adf, 0xc0ec95be, 0x84355d8d, 0x0d86cdeb, 0x1b0d9bd6, 0x361b37ac,
	0x6c366f58, 0xd86cdeb0, 0xb535cb91, 0x6f87e1d3, 0xdf0fc3a6, 0xbbf3f1bd, 0x720b958b, 0xe4172b16,
};

static uint32_t advance(const uint32_t after[32], uint32_t c)
{
	uint32_t sum = 0;

	for (int i = 0; i < 32; i++)
		sum ^= after[i] & (0 - (c >> i & 1));
	return sum;
}

static inline uint64_t load64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Three lanes of `lane` bytes each. */
__attribute__((target("sse4.2"))) static uint32_t crc_lanes(
	uint32_t c, const unsigned char *p, size_t lane, const uint32_t after[32])
{
	uint64_t a = c, b = 0, d = 0;

	for (size_t i = 0; i < lane; i += 8) {
		a = __builtin_ia32_crc32di(a, load64(p + i));
		b = __builtin_ia32_crc32di(b, load64(p + lane + i));
		d = __builtin_ia32_crc32di(d, load64(p + 2 * lane + i));
	}
	c = advance(after, (uint32_t)a) ^ (uint32_t)b;
	return advance(after, c) ^ (uint32_t)d;
}

__attribute__((target("sse4.2"))) static uint32_t crc_hardware(
	uint32_t c, const unsigned char *p, size_t len)
{
	uint64_t a;

	for (; len >= 3 * LONG_LANE; p += 3 * LONG_LANE, len -= 3 * LONG_LANE)
		c = crc_lanes(c, p, LONG_LANE, after_long);
	for (; len >= 3 * SHORT_LANE; p += 3 * SHORT_LANE, len -= 3 * SHORT_LANE)
		c = crc_lanes(c, p, SHORT_LANE, after_short);
	a = c;
	for (; len >= 8; p += 8, len -= 8)
		a = __builtin_ia32_crc32di(a, load64(p));
	c = (uint32_t)a;
	while (len--)
		c = __builtin_ia32_crc32qi(c, *p++);
	return c;
}

#define FOLD ((size_t)256)  /* four vectors */
#define FOLD_MIN (4 * FOLD) /* below, the start costs more than it saves */

#define VECTORS __attribute__((target("avx512f,vpclmulqdq")))

/* Each 128 bits of x, moved on by the distance that k holds, plus next. */
VECTORS static inline __m512i fold(__m512i x, __m512i k, __m512i next)
{
	__m512i first = _mm512_clmulepi64_epi128(x, k, 0x00);
	__m512i second = _mm512_clmulepi64_epi128(x, k, 0x11);

	return _mm512_ternarylogic_epi64(first, second, next, 0x96);
}

/* len is a multiple of FOLD, and not 0. */
VECTORS static uint32_t crc_vectors(uint32_t c, const unsigned char *p, size_t len)
{
	/* Reflected x^(d + 32) and x^(d - 32) for a distance of d bits: 2048 and 512. */
	const __m512i far = _mm512_set4_epi64(0xb9e02b86, 0xdcb17aa4, 0xb9e02b86, 0xdcb17aa4);
	const __m512i near = _mm512_set4_epi64(0x9e4addf8, 0x740eef02, 0x9e4addf8, 0x740eef02);
	__m512i v0 = _mm512_xor_si512(_mm512_loadu_si512(p), _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)c)));
	__m512i v1 = _mm512_loadu_si512(p + 64), v2 = _mm512_loadu_si512(p + 128);
	__m512i v3 = _mm512_loadu_si512(p + 192);
	unsigned char rest[64];

	for (p += FOLD, len -= FOLD; len; p += FOLD, len -= FOLD) {
		v0 = fold(v0, far, _mm512_loadu_si512(p));
		v1 = fold(v1, far, _mm512_loadu_si512(p + 64));
		v2 = fold(v2, far, _mm512_loadu_si512(p + 128));
		v3 = fold(v3, far, _mm512_loadu_si512(p + 192));
	}
	v3 = fold(fold(fold(v0, near, v1), near, v2), near, v3);
	_mm512_storeu_si512(rest, v3);
	return crc_hardware(0, rest, sizeof(rest));
}

#endif

uint32_t lep_crc32c_portable(uint32_t crc, const void *data, size_t len)
{
	return ~crc_table(~crc, data, len);
}

uint32_t lep_crc32c(uint32_t crc, const void *data, size_t len)
{
#if defined(__x86_64__)
	const unsigned char *p = data;

	if (len >= FOLD_MIN && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq")) {
		size_t whole = len / FOLD * FOLD;

		crc = ~crc_vectors(~crc, p, whole);
		p += whole;
		len -= whole;
	}
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc_hardware(~crc, p, len);
#endif
	return lep_crc32c_portable(crc, data, len);
}
