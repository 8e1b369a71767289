#include "tensor/dtype.h"

#include <math.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned char size, is_float;
	double low, high; /* where an integer saturates */
} types[] = {
	[LEP_U8] = {"u8", 1, 0, 0, 255},
	[LEP_I8] = {"i8", 1, 0, -128, 127},
	[LEP_U16] = {"u16", 2, 0, 0, 65535},
	[LEP_I16] = {"i16", 2, 0, -32768, 32767},
	[LEP_I32] = {"i32", 4, 0, -2147483648.0, 2147483647.0},
	[LEP_I64] = {"i64", 8, 0, -9223372036854775808.0, 9223372036854774784.0},
	[LEP_F16] = {"f16", 2, 1, 0, 0},
	[LEP_BF16] = {"bf16", 2, 1, 0, 0},
	[LEP_F32] = {"f32", 4, 1, 0, 0},
	[LEP_F64] = {"f64", 8, 1, 0, 0},
	[LEP_TEXT] = {"text", 1, 0, 0, 0},
};

_Static_assert(sizeof(types) / sizeof(types[0]) == LEP_DTYPE_COUNT, "a row for every type");

static int known(enum lep_dtype t)
{
	return (unsigned)t < LEP_DTYPE_COUNT;
}

const char *lep_dtype_name(enum lep_dtype t)
{
	return known(t) ? types[t].name : NULL;
}

int lep_dtype_parse(const char *name, size_t len)
{
	for (int i = 0; i < LEP_DTYPE_COUNT; i++)
		if (strlen(types[i].name) == len && memcmp(types[i].name, name, len) == 0)
			return i;
	return -1;
}

size_t lep_dtype_size(enum lep_dtype t)
{
	return known(t) ? types[t].size : 0;
}

int lep_dtype_is_float(enum lep_dtype t)
{
	return known(t) && types[t].is_float;
}

int lep_dtype_is_integer(enum lep_dtype t)
{
	return known(t) && !types[t].is_float && t != LEP_TEXT;
}

static float bits_to_f32(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

static uint32_t f32_to_bits(float f)
{
	uint32_t u;

	memcpy(&u, &f, sizeof(u));
	return u;
}

static float half_to_f32(uint32_t h)
{
	uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;
	float f;

	if (exponent == 31)
		return bits_to_f32(sign | 0x7f800000 | fraction << 13);
	if (exponent)
		return bits_to_f32(sign | (exponent + 112) << 23 | fraction << 13);
	f = (float)fraction * 0x1p-24f;
	return sign ? -f : f;
}

/* Nearest, ties to even; the rounding of a subnormal half is left to one
 * float addition, which rounds just there. */
static uint32_t f32_to_half(float f)
{
	uint32_t u = f32_to_bits(f), sign = u >> 16 & 0x8000, mag = u & 0x7fffffff;

	if (mag > 0x7f800000)
		return sign | 0x7e00;
	if (mag >= 0x477ff000)
		return sign | 0x7c00;
	if (mag < 0x38800000)
		return sign | (f32_to_bits(bits_to_f32(mag) + 0.5f) - 0x3f000000);
	mag += 0xfff + (mag >> 13 & 1);
	return sign | ((mag >> 13) - (112 << 10));
}

static uint32_t f32_to_bf16(float f)
{
	uint32_t u = f32_to_bits(f);

	if ((u & 0x7fffffff) > 0x7f800000)
		return u >> 16 | 0x40;
	return (u + 0x7fff + (u >> 16 & 1)) >> 16;
}

static uint32_t get16(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static void put16(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
}

static double element(enum lep_dtype t, const unsigned char *p)
{
	uint64_t u;
	double d;

	switch (t) {
	case LEP_U8:
		return *p;
	case LEP_I8:
		return (int8_t)*p;
	case LEP_U16:
		return get16(p);
	case LEP_I16:
		return (int16_t)get16(p);
	case LEP_I32:
		return (int32_t)lep_get32(p);
	case LEP_I64:
		return (double)(int64_t)lep_get64(p);
	case LEP_F16:
		return (double)half_to_f32(get16(p));
	case LEP_BF16:
		return (double)bits_to_f32(get16(p) << 16);
	case LEP_F32:
		return (double)bits_to_f32(lep_get32(p));
	case LEP_F64:
		u = lep_get64(p);
		memcpy(&d, &u, sizeof(d));
		return d;
	default:
		return 0;
	}
}

void lep_to_f64(double *dst, enum lep_dtype t, const void *src, size_t n)
{
	const unsigned char *p = src;
	size_t size = lep_dtype_size(t);

	for (size_t i = 0; i < n; i++)
		dst[i] = element(t, p + i * size);
}

void lep_to_f32(float *dst, enum lep_dtype t, const void *src, size_t n)
{
	const unsigned char *p = src;
	size_t size = lep_dtype_size(t);

	if (t == LEP_F32) {
		for (size_t i = 0; i < n; i++)
			dst[i] = bits_to_f32(lep_get32(p + 4 * i));
		return;
	}
	for (size_t i = 0; i < n; i++)
		dst[i] = (float)element(t, p + i * size);
}

static void store(unsigned char *p, enum lep_dtype t, float f)
{
	double d = (double)f;
	uint64_t u;

	switch (t) {
	case LEP_F16:
		put16(p, f32_to_half(f));
		return;
	case LEP_BF16:
		put16(p, f32_to_bf16(f));
		return;
	case LEP_F32:
		lep_put32(p, f32_to_bits(f));
		return;
	case LEP_F64:
		memcpy(&u, &d, sizeof(u));
		lep_put64(p, u);
		return;
	case LEP_TEXT:
	case LEP_DTYPE_COUNT:
		return;
	default:
		break;
	}
	d = d != d ? 0 : nearbyint(d);
	d = d < types[t].low ? types[t].low : d > types[t].high ? types[t].high : d;
	u = (uint64_t)(int64_t)d;
	for (size_t i = 0; i < types[t].size; i++)
		p[i] = (unsigned char)(u >> 8 * i);
}

void lep_from_f32(void *dst, enum lep_dtype t, const float *src, size_t n)
{
	unsigned char *p = dst;
	size_t size = lep_dtype_size(t);

	for (size_t i = 0; i < n; i++)
		store(p + i * size, t, src[i]);
}
