#include "base/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define FRESH_MIN ((size_t)32 << 10) /* bytes from which on pages may be worth a look, */
#define STRETCH 256                  /* and how many pages at a time */

static atomic_ullong allocations;

static void count_allocation(void)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
}

uint64_t lep_mem_allocations(void)
{
	return atomic_load(&allocations);
}

int lep_mul_overflow(size_t a, size_t b, size_t *product)
{
	return __builtin_mul_overflow(a, b, product);
}

/* As lep_alloc, without values. */
static void *take(size_t *bytes)
{
	if (*bytes > SIZE_MAX / 2)
		return NULL;
	*bytes = lep_round_up(*bytes ? *bytes : 1, LEP_ALIGN);
	count_allocation();
	return aligned_alloc(LEP_ALIGN, *bytes);
}

/* Whether pages of memory, at most STRETCH, are zero now without having been touched:
 * none is in use, and what may have been swapped out is given up. */
static int are_fresh(void *p, size_t pages, size_t page)
{
	unsigned char in_use[STRETCH];

	if (mincore(p, pages * page, in_use) != 0)
		return 0;
	for (size_t i = 0; i < pages; i++)
		if (in_use[i] & 1)
			return 0;
	return madvise(p, pages * page, MADV_DONTNEED) == 0;
}

/* Its whole pages: the first into *p, their bytes; none of a small piece. */
static size_t whole_pages(unsigned char **p, size_t bytes, size_t page)
{
	const size_t off = (size_t)((uintptr_t)*p % page), edge = off ? page - off : 0;

	if (bytes < FRESH_MIN)
		return 0;
	*p += edge;
	return (bytes - edge) / page * page;
}

/* Zeroes memory. A page that the kernel would only make now is zero when it is used,
 * if it ever is, and touching it costs more than all else here. */
static void clear(unsigned char *p, size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *from = p;
	size_t whole = whole_pages(&from, bytes, page);

	memset(p, 0, whole ? (size_t)(from - p) : bytes);
	if (whole)
		memset(from + whole, 0, (size_t)(p + bytes - (from + whole)));
	while (whole) {
		size_t n = whole < STRETCH * page ? whole : STRETCH * page;

		if (!are_fresh(from, n / page, page))
			memset(from, 0, n);
		from += n;
		whole -= n;
	}
}

void *lep_alloc(size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (lep_mul_overflow(n, size, &bytes))
		return NULL;
	p = take(&bytes);
	if (p)
		clear(p, bytes);
	return p;
}

void lep_use(void *p, size_t bytes)
{
	unsigned char *from = p;
	size_t whole = whole_pages(&from, bytes, (size_t)sysconf(_SC_PAGESIZE));

	/* An older kernel does not know it; then they come one by one. */
	if (whole)
		(void)madvise(from, whole, MADV_POPULATE_WRITE);
}

void *lep_alloc_used(size_t n, size_t size)
{
	void *p = lep_alloc(n, size);

	if (p)
		lep_use(p, n * size);
	return p;
}

int lep_mem_lacks(double bytes)
{
	struct sysinfo s;

	if (sysinfo(&s) != 0)
		return 0;
	return bytes > ((double)s.totalram + (double)s.totalswap) * (double)s.mem_unit;
}

void lep_free(void *p)
{
	free(p);
}

/* p's first bytes move to q, if there is one. */
static void *move(void *q, void *p, size_t bytes)
{
	if (!q)
		return NULL;
	if (bytes)
		memcpy(q, p, bytes);
	free(p);
	return q;
}

void *lep_grow(void *p, size_t old_bytes, size_t n, size_t size)
{
	return move(lep_alloc(n, size), p, old_bytes);
}

void *lep_grow_buffer(void *p, size_t old_bytes, size_t bytes)
{
	return move(take(&bytes), p, old_bytes);
}

char *lep_strndup(const char *s, size_t n)
{
	char *p = lep_alloc(n + 1, 1);

	if (p && n)
		memcpy(p, s, n);
	return p;
}

char *lep_strdup(const char *s)
{
	return lep_strndup(s, strlen(s));
}

void lep_buf_release(struct lep_buf *b)
{
	free(b->data);
	*b = (struct lep_buf){0};
}

void lep_buf_clear(struct lep_buf *b)
{
	b->len = 0;
	b->failed = 0;
	if (b->data)
		b->data[0] = '\0';
}

int lep_buf_reserve(struct lep_buf *b, size_t n)
{
	size_t need, cap;
	char *p;

	if (b->failed || __builtin_add_overflow(b->len, n, &need) || need >= SIZE_MAX / 4) {
		b->failed = 1;
		return LEP_ERR_NOMEM;
	}
	if (need < b->cap)
		return 0;
	cap = b->cap ? b->cap : 256;
	while (cap <= need)
		cap *= 2;
	count_allocation();
	p = realloc(b->data, cap);
	if (!p) {
		b->failed = 1;
		return LEP_ERR_NOMEM;
	}
	b->data = p;
	b->cap = cap;
	return 0;
}

void lep_buf_add(struct lep_buf *b, const void *p, size_t n)
{
	if (lep_buf_reserve(b, n))
		return;
	if (n)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void lep_buf_addc(struct lep_buf *b, char c)
{
	lep_buf_add(b, &c, 1);
}

void lep_buf_adds(struct lep_buf *b, const char *s)
{
	lep_buf_add(b, s, strlen(s));
}

void lep_buf_addz(struct lep_buf *b, size_t n)
{
	if (lep_buf_reserve(b, n))
		return;
	memset(b->data + b->len, 0, n + 1);
	b->len += n;
}

void lep_buf_addf(struct lep_buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		b->failed = 1;
	else if (!lep_buf_reserve(b, (size_t)n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	va_end(ap);
}
