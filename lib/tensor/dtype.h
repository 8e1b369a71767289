/*
 * Element types: one table. Little-endian in streams, whatever the machine.
 */
#ifndef LEP_TENSOR_DTYPE_H
#define LEP_TENSOR_DTYPE_H

#include <stddef.h>
#include <stdint.h>

enum lep_dtype {
	LEP_U8,
	LEP_I8,
	LEP_U16,
	LEP_I16,
	LEP_I32,
	LEP_I64,
	LEP_F16,
	LEP_BF16,
	LEP_F32,
	LEP_F64,
	LEP_TEXT, /* UTF-8, one string a record; rank 0 */
	LEP_DTYPE_COUNT
};

/* "u8", "f32", ...; NULL for a value outside the enum. */
const char *lep_dtype_name(enum lep_dtype t);
/* The type of that name, or -1. */
int lep_dtype_parse(const char *name, size_t len);
/* Bytes of one element; 1 for text (a byte of UTF-8). */
size_t lep_dtype_size(enum lep_dtype t);
int lep_dtype_is_float(enum lep_dtype t);
int lep_dtype_is_integer(enum lep_dtype t);

/* n elements of type t at src (little-endian, any alignment) to double or
 * float; text is no number and gives zeros. */
void lep_to_f64(double *dst, enum lep_dtype t, const void *src, size_t n);
void lep_to_f32(float *dst, enum lep_dtype t, const void *src, size_t n);
/* float to n elements of type t: nearest, ties to even; integers saturate, and
 * NaN becomes 0 there. */
void lep_from_f32(void *dst, enum lep_dtype t, const float *src, size_t n);

/* Little-endian by bytes, any alignment. */
static inline uint32_t lep_get32(const void *p)
{
	const unsigned char *b = (const unsigned char *)p;
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t lep_get64(const void *p)
{
	return lep_get32(p) | (uint64_t)lep_get32((const unsigned char *)p + 4) << 32;
}

static inline void lep_put32(void *p, uint32_t v)
{
	unsigned char *b = (unsigned char *)p;
	b[0] = (unsigned char)v;
	b[1] = (unsigned char)(v >> 8);
	b[2] = (unsigned char)(v >> 16);
	b[3] = (unsigned char)(v >> 24);
}

static inline void lep_put64(void *p, uint64_t v)
{
	lep_put32(p, (uint32_t)v);
	lep_put32((unsigned char *)p + 4, (uint32_t)(v >> 32));
}

#endif
