/*
 * Decimal text to double: the nearest one (ties to even), whatever the locale.
 *
 *	[+-] digits [. digits] [e [+-] digits]     at least one digit before e
 *
 * Neither hexadecimal, nor "inf" and "nan", nor blanks. What lies beyond the
 * largest double is no number here; what lies below the smallest is 0.
 */
#ifndef LEP_BASE_NUMBER_H
#define LEP_BASE_NUMBER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LEP_NUMBER_MAX 1024 /* characters; more are no number */

/*
 * The number at the start of [s, end): *v, and the first character behind it; s
 * itself where there is none.
 */
const char *lep_number_scan(const char *s, const char *end, double *v);

/* Whether all of the text is one number. */
static inline int lep_number_parse(const char *s, size_t len, double *v)
{
	return len && lep_number_scan(s, s + len, v) == s + len;
}

/*
 * Numbers as they mostly are in tables, fast: less than eight digits, perhaps a point and
 * less than eight more, then neither e nor a digit. The same as lep_number_scan, or s for
 * any other text. At s are LEP_NUMBER_SHORT bytes that may be read.
 *
 * Eight characters are a word, the first in its lowest byte; no jump depends on how many
 * of them are digits.
 */
#define LEP_NUMBER_SHORT 18

static inline uint64_t lep_number_word(const char *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* Digits that a word begins with: of a byte that is none, either half of the test leaves a
 * bit (a carry out of one goes into those behind it, which do not count). */
static inline int lep_number_digits(uint64_t word)
{
	const uint64_t high = 0xf0f0f0f0f0f0f0f0, zeros = 0x3030303030303030, six = 0x0606060606060606;
	uint64_t other = ((word & high) ^ zeros) | (((word + six) & high) ^ zeros);

	return other ? __builtin_ctzll(other) / 8 : 8;
}

/* The number that the first n < 8 digits of a word are: they move to the top, zeros come
 * below; then neighbours are put together, to pairs, fours, eight. */
static inline uint64_t lep_number_join(uint64_t word, int n)
{
	word = word << 8 * (7 - n) << 8;
	word = (word & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
	word = (word & 0x00ff00ff00ff00ff) * 6553601 >> 16;
	return (word & 0x0000ffff0000ffff) * 42949672960001 >> 32;
}

static inline const char *lep_number_short(const char *s, double *v)
{
	static const uint32_t scale[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
	const char *p = s + (*s == '-');
	uint64_t word = lep_number_word(p);
	int whole = lep_number_digits(word), part = 0;
	int64_t w;

	if (whole == 8)
		return s;
	w = (int64_t)lep_number_join(word, whole);
	p += whole;
	if (*p == '.') {
		word = lep_number_word(++p);
		part = lep_number_digits(word);
		if (part == 8)
			return s;
		w = w * scale[part] + (int64_t)lep_number_join(word, part);
		p += part;
	}
	if (whole + part == 0 || (*p | 0x20) == 'e')
		return s;
	/* Below 10^14 over at most 10^7: one exact operation. */
	*v = (double)w / (double)scale[part];
	*v = *s == '-' ? -*v : *v;
	return p;
}

#endif
