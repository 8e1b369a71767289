#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t lep_text_utf8(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n;
	uint32_t c;

	if (!len)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] <= 0xdf)
		n = 2;
	else if (u[0] >= 0xe0 && u[0] <= 0xef)
		n = 3;
	else if (u[0] >= 0xf0 && u[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	c = u[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) ||
		(n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return n;
}

void lep_text_json(struct lep_buf *b, const char *s, size_t len)
{
	size_t i = 0;

	lep_buf_addc(b, '"');
	while (i < len) {
		unsigned char c = (unsigned char)s[i];
		size_t n = lep_text_utf8(s + i, len - i);

		if (n == 0) {
			lep_buf_addf(b, "\\\\x%02x", c);
			n = 1;
		} else if (c == '"' || c == '\\') {
			lep_buf_addc(b, '\\');
			lep_buf_addc(b, (char)c);
		} else if (c == '\n') {
			lep_buf_adds(b, "\\n");
		} else if (c == '\t') {
			lep_buf_adds(b, "\\t");
		} else if (c < 0x20 || c == 0x7f) {
			lep_buf_addf(b, "\\u%04x", c);
		} else {
			lep_buf_add(b, s + i, n);
		}
		i += n;
	}
	lep_buf_addc(b, '"');
}

/* A caller of the library may have set a locale with another decimal point. */
static void add_text(struct lep_buf *b, char *text)
{
	char *comma = strchr(text, ',');

	if (comma)
		*comma = '.';
	lep_buf_adds(b, text);
}

/* %.15g gives back any decimal of at most 15 digits, so that only 16 and 17
 * remain to be tried; likewise 6 to 9 for float. */
void lep_text_number(struct lep_buf *b, double v)
{
	char text[40];

	if (!isfinite(v)) {
		lep_buf_adds(b, "null");
		return;
	}
	if (fabs(v) < 1e15 && v == floor(v)) {
		snprintf(text, sizeof text, "%.0f", v);
	} else {
		for (int digits = 15; digits <= 17; digits++) {
			snprintf(text, sizeof text, "%.*g", digits, v);
			if (strtod(text, NULL) == v)
				break;
		}
	}
	add_text(b, text);
}

void lep_text_float(struct lep_buf *b, float v)
{
	char text[40];

	if (!isfinite(v) || (fabsf(v) < 1e9f && v == floorf(v))) {
		lep_text_number(b, (double)v);
		return;
	}
	for (int digits = 6; digits <= 9; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, (double)v);
		if (strtof(text, NULL) == v)
			break;
	}
	add_text(b, text);
}
