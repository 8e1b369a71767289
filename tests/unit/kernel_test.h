/*
 * What the kernel tests share: numbers to feed, room with guards around it,
 * and the list of instruction sets this machine has. Every check runs for each
 * of them, against a naive twin, and against the bytes of the first one.
 */
#ifndef LEP_TESTS_KERNEL_TEST_H
#define LEP_TESTS_KERNEL_TEST_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

#include "kernel/kernel.h"

#ifdef LEP_DOUBLE
#define REAL_FMA fma
#else
#define REAL_FMA fmaf
#endif

static const struct lep_kernels *isas[3];
static size_t isa_count;

__attribute__((unused)) static void find_isas(void)
{
	static const char *const names[] = {"portable", "avx2", "avx512"};

	for (size_t i = 0; i < 3; i++) {
		const struct lep_kernels *k = lep_kernels_select(names[i], NULL);

		if (k)
			isas[isa_count++] = k;
		else
			CHECK_SKIP(names[i], "not on this processor");
	}
}

static uint64_t random_state = 1;

/* uniform in [-1, 1), repeatable */
__attribute__((unused)) static lep_real number(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (lep_real)((int32_t)(random_state >> 32)) / (lep_real)2147483648.0;
}

__attribute__((unused)) static void numbers(lep_real *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = number();
}

/* Room for results: n reals at an unaligned place, a guard on both sides. */
#define ROOM_MAX (1 << 17)
#define GUARD 64
#define GUARD_VALUE ((lep_real)-12345.0)
struct room {
	lep_real all[ROOM_MAX + 2 * GUARD + 8];
	lep_real *p;
	size_t n;
};

__attribute__((unused)) static lep_real *room_open(struct room *r, size_t n, size_t shift)
{
	if (n > ROOM_MAX)
		abort();
	for (size_t i = 0; i < n + 2 * GUARD + 8; i++)
		r->all[i] = GUARD_VALUE;
	r->p = r->all + GUARD + shift;
	r->n = n;
	return r->p;
}

__attribute__((unused)) static int room_intact(const struct room *r)
{
	for (const lep_real *q = r->all; q < r->p; q++)
		if (*q != GUARD_VALUE)
			return 0;
	for (size_t i = 0; i < GUARD; i++)
		if (r->p[r->n + i] != GUARD_VALUE)
			return 0;
	return 1;
}

/* The same bytes; which NaN it is may differ. */
__attribute__((unused)) static int same_bytes(const lep_real *a, const lep_real *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(a + i, b + i, sizeof(*a)) != 0 && (a[i] == a[i] || b[i] == b[i]))
			return 0;
	return 1;
}

/* |a - b| <= tolerance * the largest |b| (at least 1e-30) */
__attribute__((unused)) static int close_to(const lep_real *a, const lep_real *b, size_t n,
	double tolerance)
{
	double most = 1e-30;

	for (size_t i = 0; i < n; i++)
		if (fabs((double)b[i]) > most)
			most = fabs((double)b[i]);
	for (size_t i = 0; i < n; i++)
		if (!(fabs((double)a[i] - (double)b[i]) <= tolerance * most))
			return 0;
	return 1;
}

#endif
