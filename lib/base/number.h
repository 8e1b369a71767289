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

#endif
