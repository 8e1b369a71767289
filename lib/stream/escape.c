/* Values of HEAD in one line. */
#include "stream/escape.h"

#include <string.h>

#include "base/utf8.h"

void lep_escape(struct lep_buf *out, const char *s, size_t len)
{
	while (len) {
		size_t plain = 0, n;

		while (plain < len && (unsigned char)s[plain] >= 0x20 && s[plain] != 0x7f && s[plain] != '\\' &&
			(n = lep_utf8_sequence(s + plain, len - plain)) > 0)
			plain += n;
		lep_buf_add(out, s, plain);
		s += plain;
		len -= plain;
		if (!len)
			break;
		if (*s == '\\')
			lep_buf_adds(out, "\\\\");
		else if (*s == '\n')
			lep_buf_adds(out, "\\n");
		else
			lep_buf_addf(out, "\\x%02x", (unsigned char)*s);
		s++;
		len--;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *lep_unescape(struct lep_buf *out, const char *s, size_t len)
{
	const char *end = s + len;

	lep_buf_addz(out, 0);
	while (s < end) {
		const char *back = memchr(s, '\\', (size_t)(end - s));
		size_t plain = (size_t)((back ? back : end) - s);

		if (memchr(s, 0, plain) || lep_utf8_valid(s, plain) != plain)
			return "is no UTF-8 text";
		lep_buf_add(out, s, plain);
		s += plain;
		if (s == end)
			break;
		if (end - s >= 2 && (s[1] == '\\' || s[1] == 'n')) {
			lep_buf_addc(out, s[1] == 'n' ? '\n' : '\\');
			s += 2;
		} else if (end - s >= 4 && s[1] == 'x' && hex_digit(s[2]) >= 0 && hex_digit(s[3]) >= 0 &&
			(s[2] != '0' || s[3] != '0')) {
			lep_buf_addc(out, (char)(hex_digit(s[2]) * 16 + hex_digit(s[3])));
			s += 4;
		} else {
			return "has an unknown escape behind a backslash";
		}
	}
	return NULL;
}
