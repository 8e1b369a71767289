/* Numbers in the text of options and description lines, checked. */
#include "nn/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int lep_words_number(const char *s, size_t len, double *out)
{
	char text[64], *end;
	double v;

	if (len == 0 || len >= sizeof(text))
		return 0;
	memcpy(text, s, len);
	text[len] = '\0';
	/* strtod takes more than a number: blanks, hexadecimal, "inf" */
	if (strspn(text, "0123456789.+-eE") != len)
		return 0;
	v = strtod(text, &end);
	if (end != text + len || !isfinite(v))
		return 0;
	*out = v;
	return 1;
}

const char *lep_words_part(const char *s, char sep, size_t *len, const char **rest)
{
	const char *end = strchr(s, sep);

	*len = end ? (size_t)(end - s) : strlen(s);
	*rest = end ? end + 1 : NULL;
	return s;
}

int lep_words_is(const char *s, size_t len, const char *w)
{
	return strlen(w) == len && memcmp(s, w, len) == 0;
}
