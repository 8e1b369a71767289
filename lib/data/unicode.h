/*
 * Unicode as far as tokenisers need it, the same on every machine: the version
 * of the tables (14.0.0) is part of the rules in a text recipe.
 */
#ifndef LEP_DATA_UNICODE_H
#define LEP_DATA_UNICODE_H

#include <stddef.h>
#include <stdint.h>

enum lep_char {
	LEP_CHAR_SPACE,  /* White_Space, and control characters */
	LEP_CHAR_WORD,   /* all that is none of the others; in ASCII letters, digits, `_` */
	LEP_CHAR_MARK,   /* punctuation and symbols: general categories P and S, but for `_` */
	LEP_CHAR_SINGLE  /* ideographs and kana: a word each */
};

enum lep_char lep_unicode_class(uint32_t c);
extern const unsigned char lep_ascii_class[128];

/* The small letter of c (simple mapping), or c. */
uint32_t lep_unicode_lower(uint32_t c);

/* The character that valid UTF-8 begins with; its bytes. */
size_t lep_unicode_take(const char *s, uint32_t *c);
/* c as UTF-8 into s (room for 4); its bytes. */
size_t lep_unicode_put(char *s, uint32_t c);

/* The class of the character at s, valid UTF-8; its bytes into *n. */
static inline enum lep_char lep_unicode_at(const char *s, size_t *n)
{
	uint32_t c;

	if ((unsigned char)*s < 0x80) {
		*n = 1;
		return (enum lep_char)lep_ascii_class[(unsigned char)*s];
	}
	*n = lep_unicode_take(s, &c);
	return lep_unicode_class(c);
}

#endif
