/*
 * Memory: overflow-checked allocation, 64-byte alignment, growable bytes.
 * All of it is released with lep_free (or the _release of the buffer).
 */
#ifndef LEP_BASE_MEM_H
#define LEP_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define LEP_ALIGN 64

/* n * size bytes, zeroed, aligned to 64; NULL if the product overflows or
 * there is no memory. n * size == 0 gives a valid pointer. Caller frees. Pages
 * that are never touched cost nothing. */
void *lep_alloc(size_t n, size_t size) LEP_MUST_USE;
/* The same for what is filled at once: all its pages come together, for half the price. */
void *lep_alloc_used(size_t n, size_t size) LEP_MUST_USE;
/* The pages of a part of it, before it is filled. */
void lep_use(void *p, size_t bytes);
void lep_free(void *p);

/* Whether bytes are more than the machine has, swap included: asked before sums of
 * allocations that would each be granted and end in the system's killer. */
int lep_mem_lacks(double bytes);

/* How often memory was asked for so far, in all threads: what must not allocate
 * is held to it by comparing. */
uint64_t lep_mem_allocations(void);

/* Grow p (from lep_alloc, or NULL) to n * size bytes, keeping the first
 * old_bytes; NULL on failure, and p is still valid then. */
void *lep_grow(void *p, size_t old_bytes, size_t n, size_t size) LEP_MUST_USE;
/* The same for a buffer of bytes that is filled as it is used: what is new has no
 * value, and costs no page before. */
void *lep_grow_buffer(void *p, size_t old_bytes, size_t bytes) LEP_MUST_USE;

/* Copies; caller frees; NULL if out of memory. */
char *lep_strdup(const char *s) LEP_MUST_USE;
char *lep_strndup(const char *s, size_t n) LEP_MUST_USE;

/* a * b into *product; nonzero if it overflows. */
int lep_mul_overflow(size_t a, size_t b, size_t *product);

static inline size_t lep_round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/*
 * Growable bytes. {0} is a valid empty buffer; data is NUL-terminated behind
 * len whenever it is not NULL. Out of memory is remembered in failed, so that
 * a run of appends is checked once at its end.
 */
struct lep_buf {
	char *data;
	size_t len;
	size_t cap;
	int failed;
};

void lep_buf_release(struct lep_buf *b);
void lep_buf_clear(struct lep_buf *b);
/* Room for n more bytes; 0, or LEP_ERR_NOMEM. */
int lep_buf_reserve(struct lep_buf *b, size_t n);
void lep_buf_add(struct lep_buf *b, const void *p, size_t n);
void lep_buf_addc(struct lep_buf *b, char c);
void lep_buf_adds(struct lep_buf *b, const char *s);
void lep_buf_addf(struct lep_buf *b, const char *fmt, ...) LEP_PRINTF(2, 3);
/* n zero bytes */
void lep_buf_addz(struct lep_buf *b, size_t n);

#endif
