#include "base/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

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

void *lep_alloc(size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (lep_mul_overflow(n, size, &bytes))
		return NULL;
	p = take(&bytes);
	if (p)
		memset(p, 0, bytes);
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
