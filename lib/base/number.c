/*
 * Decimal text to double. Up to 19 digits fit in 64 bits, and 5^27 does too: for
 * exponents from -27 to 27 the value is a product, or a quotient, of whole
 * numbers, which 128 bits hold exactly, and is rounded once. Short ones are one
 * exact operation on doubles (Clinger 1990). All others go to strtod.
 */
#include "base/number.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 19          /* of a whole number below 2^64 */
#define POWER_MAX 27           /* 5^27 < 2^64 */

static const double tens[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
	1e20, 1e21, 1e22,
};

static const uint64_t fives[POWER_MAX + 1] = {
	1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u, 1953125u, 9765625u, 48828125u, 244140625u,
	1220703125u, 6103515625u, 30517578125u, 152587890625u, 762939453125u, 3814697265625u, 19073486328125u,
	95367431640625u, 476837158203125u, 2384185791015625u, 11920928955078125u, 59604644775390625u,
	298023223876953125u, 1490116119384765625u, 7450580596923828125u,
};

/* The characters of a number, as they are in the C locale; it has been seen to be one. */
static double by_library(const char *s, size_t len)
{
	char text[LEP_NUMBER_MAX + 1];
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), before;
	double v = HUGE_VAL;

	memcpy(text, s, len);
	text[len] = '\0';
	if (c == (locale_t)0)
		return v;
	before = uselocale(c);
	v = strtod(text, NULL);
	uselocale(before);
	freelocale(c);
	return v;
}

/* m * 2^power, below which a part may lie already (sticky), rounded to 53 bits; m >= 2^54. */
static double round_to_double(unsigned __int128 m, int sticky, int power)
{
	uint64_t high = (uint64_t)(m >> 64), top, half;
	int bits = high ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)m), over = bits - 53;
	unsigned __int128 rest;

	top = (uint64_t)(m >> over);
	rest = m & (((unsigned __int128)1 << over) - 1);
	half = rest >> (over - 1) & 1;
	sticky |= (rest & (((unsigned __int128)1 << (over - 1)) - 1)) != 0;
	if (half && (sticky || (top & 1)))
		top++;
	return ldexp((double)top, power + over);
}

/* w * 10^power, exactly rounded; w > 0 and power in -POWER_MAX..POWER_MAX. */
static double by_integers(uint64_t w, int power)
{
	unsigned __int128 m, five = fives[power < 0 ? -power : power];
	int shift;

	if (power >= 0) {
		m = (unsigned __int128)w * five;
		/* Something to round: at least 54 bits. */
		shift = m >> 55 ? 0 : 56;
		return round_to_double(m << shift, 0, power - shift);
	}
	/* A quotient of at least 126 - 63 bits. */
	shift = 62 + __builtin_clzll(w);
	m = (unsigned __int128)w << shift;
	return round_to_double(m / five, m % five != 0, power - shift);
}

/* Digits from p: into *w as long as they fit, counted in *n from the first that is not 0. */
static const char *digits(const char *p, const char *end, uint64_t *w, int *n)
{
	for (; p < end && (unsigned)(*p - '0') < 10; p++) {
		*n += *n || *p != '0';
		if (*n <= DIGITS_MAX)
			*w = *w * 10 + (unsigned)(*p - '0');
	}
	return p;
}

/* What stands behind "e": the number, held within +-100000. */
static const char *exponent(const char *p, const char *end, int *value)
{
	const char *begin = p + 1;
	int negative = 0, v = 0;

	if (begin < end && (*begin == '+' || *begin == '-'))
		negative = *begin++ == '-';
	if (begin == end || (unsigned)(*begin - '0') > 9)
		return p;
	for (p = begin; p < end && (unsigned)(*p - '0') < 10; p++)
		v = v < 100000 ? v * 10 + (*p - '0') : v;
	*value += negative ? -v : v;
	return p;
}

const char *lep_number_scan(const char *s, const char *end, double *v)
{
	const char *p = s, *first, *whole;
	int negative = 0, n = 0, power = 0;
	uint64_t w = 0;
	double x;

	if (p < end && (*p == '-' || *p == '+'))
		negative = *p++ == '-';
	first = p;
	whole = p = digits(p, end, &w, &n);
	if (p < end && *p == '.') {
		p = digits(p + 1, end, &w, &n);
		if (p == first + 1)
			return s;
		power = (int)(whole + 1 - p);
	}
	if (p == first || p - s > LEP_NUMBER_MAX)
		return s;
	if (p < end && (*p | 0x20) == 'e')
		p = exponent(p, end, &power);
	if (p - s > LEP_NUMBER_MAX)
		return s;
	if (!w)
		x = 0;
	else if (n <= DIGITS_MAX && power >= -22 && power <= 22 && w <= (uint64_t)1 << 53)
		x = power < 0 ? (double)w / tens[-power] : (double)w * tens[power];
	else if (n <= DIGITS_MAX && power >= -POWER_MAX && power <= POWER_MAX)
		x = by_integers(w, power);
	else
		x = fabs(by_library(s, (size_t)(p - s)));
	if (x > 1.7976931348623157e308)
		return s;
	*v = negative ? -x : x;
	return p;
}
