/* The fuzz target of the reader under a fixed run of mutations. */
#include "check.h"
#include "streams.h"

#include "../fuzz/stream.c"

#define ROUNDS 40000

static uint64_t state = 1;

static size_t below(size_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return n ? (size_t)(state >> 33) % n : 0;
}

/* One change: a bit, a byte, a number of 8 bytes, a cut, a piece moved. */
static size_t mutate(unsigned char *p, size_t n, size_t cap)
{
	static const uint64_t numbers[] = {0, 1, 63, 64, 65, 4096, 1u << 31, 1ull << 40, 1ull << 62, ~0ull};
	size_t at, len, to;

	if (n < 16)
		return n;
	/* Half of all changes in the places where lengths and counts are. */
	at = below(2) ? below(n / 64) * 64 + below(64) : 64 * below(n / 64) + 8 * below(8);
	if (at + 8 > n)
		at = n - 8;
	switch (below(6)) {
	case 0:
		p[at] ^= (unsigned char)(1u << below(8));
		break;
	case 1:
		p[at] = (unsigned char)below(256);
		break;
	case 2:
		lep_put64(p + at, numbers[below(sizeof(numbers) / sizeof(numbers[0]))]);
		break;
	case 3:
		lep_put64(p + at, lep_get64(p + at) + below(5) - 2);
		break;
	case 4:
		return below(8) ? n : below(n);
	default:
		len = 64 * (1 + below(6));
		to = 64 * below(n / 64);
		at = 64 * below(n / 64);
		if (at + len > n || to + len > n)
			break;
		if (below(2) && n + len <= cap) {
			memmove(p + to + len, p + to, n - to);
			return n + len;
		}
		memmove(p + to, p + at, len);
	}
	return n;
}

static void mutations(void)
{
	struct lep_buf good = small_stream(2, 9, 4);
	size_t cap = good.len + 1024;
	unsigned char *p = lep_alloc(cap, 1);

	CHECK(p != NULL);
	for (int i = 0; i < ROUNDS; i++) {
		size_t n = good.len, changes = 1 + below(4);

		memcpy(p, good.data, n);
		while (changes--)
			n = mutate(p, n, cap);
		LLVMFuzzerTestOneInput(p, n);
	}
	lep_free(p);
	lep_buf_release(&good);
}

/* HEAD alone, for it is a language of its own. */
static void heads(void)
{
	static const char *const words[] = {"kind data\n", "field ", "expect x\n", "role input\n", "dtype i32\n", "dtype text\n",
		"extents 2 * 3\n", "extents ", "table 1\n", "table 2\n", "names 1 1\n", "entry ", "a\n", "\\x0a\n", "note \\n\\\\\n",
		"recipe r\n", "x\n", "\xff", "1099511627776 ", "*\n", "names 2 0\n", "\n", " "};
	char text[2048];

	for (int i = 0; i < ROUNDS; i++) {
		size_t n = 0, count = 1 + below(24);
		struct lep_head h;
		struct lep_error e;

		n += (size_t)snprintf(text, sizeof(text), "kind data\n");
		while (count--)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", words[below(sizeof(words) / sizeof(words[0]))]);
		if (lep_head_parse(&h, text, n, &e) == 0) {
			use_head(&h);
			lep_head_release(&h);
		}
	}
}

int main(void)
{
	RUN(mutations);
	RUN(heads);
	return CHECK_END();
}
