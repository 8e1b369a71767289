/* UTF-8: validation, and the escape for bytes that are none. */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

size_t lep_utf8_sequence(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n > len)
		return 0;
	/* The second byte excludes longer forms, surrogates, beyond U+10FFFF. */
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}

size_t lep_utf8_valid(const char *s, size_t len)
{
	size_t at = 0, n;
	uint64_t eight;

	while (at < len) {
		/* ASCII, eight bytes at a time. */
		if (len - at >= 8) {
			memcpy(&eight, s + at, 8);
			if (!(eight & 0x8080808080808080u)) {
				at += 8;
				continue;
			}
		}
		n = lep_utf8_sequence(s + at, len - at);
		if (!n)
			break;
		at += n;
	}
	return at;
}

size_t lep_utf8_cut(const char *s, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}

void lep_utf8_escape(struct lep_buf *out, const char *s, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	while (len) {
		size_t n = lep_utf8_valid(s, len);
		char x[4] = {'\\', 'x'};

		lep_buf_add(out, s, n);
		s += n;
		len -= n;
		if (!len)
			break;
		x[2] = hex[(unsigned char)*s >> 4];
		x[3] = hex[(unsigned char)*s & 15];
		lep_buf_add(out, x, 4);
		s++;
		len--;
	}
}
