/* Memory: zeros whatever it held before, and not touched before it is used. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "check.h"

static const size_t sizes[] = {1, 64, 4095, 32 << 10, (32 << 10) + 64, 100000, 200 << 10, 1 << 20, 3000000, 9 << 20};
#define SIZES (sizeof(sizes) / sizeof(*sizes))

static int all_are(const unsigned char *p, size_t n, unsigned char value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			return 0;
	return 1;
}

/* Blocks are filled and freed, so that later ones are made of what they left. */
static void zeroed(void)
{
	for (int round = 0; round < 4; round++) {
		unsigned char *p[SIZES];

		for (size_t i = 0; i < SIZES; i++) {
			const size_t n = sizes[(i * 3 + (size_t)round) % SIZES];

			p[i] = round % 2 ? lep_alloc(n, 1) : lep_alloc_used(n, 1);
			CHECK(p[i] && (uintptr_t)p[i] % LEP_ALIGN == 0);
			CHECKF(all_are(p[i], n, 0), "%zu bytes, round %d", n, round);
			memset(p[i], 0xff, n);
		}
		for (size_t i = 0; i < SIZES; i += 2)
			lep_free(p[i]);
		for (size_t i = 0; i < SIZES; i += 2) {
			/* some of it used, some not */
			p[i] = lep_alloc(sizes[i] + 5000, 1);
			CHECKF(p[i] && all_are(p[i], sizes[i] + 5000, 0), "%zu", sizes[i]);
		}
		for (size_t i = 0; i < SIZES; i++)
			lep_free(p[i]);
	}
}

static size_t pages_in_use(const void *p, size_t bytes)
{
	static unsigned char in_use[65536];
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	union { uintptr_t number; void *p; } from = {((uintptr_t)p + page - 1) / page * page};
	size_t n = 0, pages = bytes / page - 1;

	if (mincore(from.p, pages * page, in_use) != 0)
		return 0;
	for (size_t i = 0; i < pages; i++)
		n += in_use[i] & 1;
	return n;
}

static void untouched(void)
{
	const size_t bytes = (size_t)64 << 20; /* more than an allocator keeps */
	unsigned char *p = lep_alloc(bytes, 1);

	CHECK(p);
	/* A sanitizer marks the beginning. */
	CHECKF(pages_in_use(p, bytes) < 1024, "%zu pages", pages_in_use(p, bytes));
	p[bytes / 2] = 1;
	CHECK(pages_in_use(p, bytes) < 2048); /* one more, or a large one */
	lep_free(p);
}

static void grows(void)
{
	unsigned char *p = NULL;

	for (size_t have = 0, n = 1; n < (size_t)4 << 20; have = n, n = n * 3 + 1) {
		p = n % 2 ? lep_grow(p, have, n, 1) : lep_grow_buffer(p, have, n);
		CHECK(p && (uintptr_t)p % LEP_ALIGN == 0 && all_are(p, have, 7));
		memset(p, 7, n);
	}
	lep_free(p);
	CHECK(!lep_alloc(SIZE_MAX / 2, 3) && !lep_alloc_used(SIZE_MAX / 2, 3) && !lep_grow_buffer(NULL, 0, SIZE_MAX));
	p = lep_alloc(0, 8);
	CHECK(p);
	lep_free(p);
}

int main(void)
{
	RUN(zeroed);
	RUN(untouched);
	RUN(grows);
	return CHECK_END();
}
