/* Characters, blanks, tokens. */
#include "eval/tokens.h"

#include <string.h>

#include "base/utf8.h"

#define STRAY 0x110000u

const char *const lep_tokenizer_names[] = {
	[LEP_TOKENIZE_NONE] = "none",
	[LEP_TOKENIZE_13A] = "13a",
	NULL
};

static const struct {
	uint32_t first, last;
} blank[] = {
	{0x09, 0x0d}, {0x1c, 0x20}, {0x85, 0x85}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a},
	{0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

static int is_blank(uint32_t c)
{
	if (c > 0x20 && c < 0x85)
		return 0;
	for (size_t i = 0; i < sizeof(blank) / sizeof(blank[0]); i++)
		if (c >= blank[i].first && c <= blank[i].last)
			return 1;
	return 0;
}

/* The character at s, len > 0, and its bytes. */
static uint32_t character(const char *s, size_t len, size_t *bytes)
{
	static const unsigned char lead[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t n = lep_utf8_sequence(s, len);
	uint32_t c;

	*bytes = n ? n : 1;
	if (n == 0)
		return STRAY + (unsigned char)*s;
	c = (unsigned char)s[0] & lead[n];
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

void lep_symbols_release(struct lep_symbols *s)
{
	lep_buf_release(&s->id);
	s->n = 0;
}

static int room(struct lep_buf *b, size_t bytes, struct lep_error *e)
{
	lep_buf_clear(b);
	return lep_buf_reserve(b, bytes + 1) ? lep_fail_nomem(e, (double)bytes) : 0;
}

int lep_symbols_characters(struct lep_symbols *out, const char *s, size_t len, int blanks, struct lep_error *e)
{
	uint32_t *id;
	int rc = room(&out->id, len * sizeof(*id), e);

	out->n = 0;
	if (rc)
		return rc;
	id = (uint32_t *)(void *)out->id.data;
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t c = character(s + at, len - at, &n);

		if (blanks || !is_blank(c))
			id[out->n++] = c;
	}
	return 0;
}

/* Bytes of the blanks at the beginning of s. */
static size_t leading(const char *s, size_t len)
{
	size_t at = 0, n;

	while (at < len && is_blank(character(s + at, len - at, &n)))
		at += n;
	return at;
}

/* Bytes up to the first blank. */
static size_t until_blank(const char *s, size_t len)
{
	size_t at = 0, n;

	while (at < len && !is_blank(character(s + at, len - at, &n)))
		at += n;
	return at;
}

const char *lep_text_trim(const char *s, size_t *len)
{
	size_t begin = leading(s, *len), end = begin;

	while (begin < *len) {
		size_t word = until_blank(s + begin, *len - begin);

		end = begin + word;
		begin = end + leading(s + end, *len - end);
	}
	begin = leading(s, *len);
	*len = end - begin;
	return s + begin;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int is_point(char c)
{
	return c == '.' || c == ',';
}

/* ASCII punctuation but for apostrophe, comma, hyphen and full stop. */
static int stands_alone(char c)
{
	return c > ' ' && c < 0x7f && !is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		c != '\'' && c != ',' && c != '-' && c != '.';
}

/* All of from in b become to, which is not longer. */
static void replace(struct lep_buf *b, const char *from, const char *to)
{
	size_t n = strlen(from), m = strlen(to), out = 0, at = 0;

	while (at < b->len) {
		if (b->data[at] == *from && b->len - at >= n && !memcmp(b->data + at, from, n)) {
			memcpy(b->data + out, to, m);
			out += m;
			at += n;
		} else {
			b->data[out++] = b->data[at++];
		}
	}
	b->len = out;
}

/*
 * A pair of neighbours that a rule parts: both are written, the second with a blank
 * before or behind it, and neither is looked at by the same rule again.
 */
enum part { PART_NONE, PART_POINT_BEHIND, PART_POINT_BEFORE, PART_HYPHEN };

static int parts(enum part rule, char first, char second)
{
	switch (rule) {
	case PART_POINT_BEHIND:
		return !is_digit(first) && is_point(second);
	case PART_POINT_BEFORE:
		return is_point(first) && !is_digit(second);
	case PART_HYPHEN:
		return is_digit(first) && second == '-';
	case PART_NONE:
		break;
	}
	return 0;
}

static void part(struct lep_buf *out, enum part rule, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i + 1 == len || !parts(rule, s[i], s[i + 1])) {
			lep_buf_addc(out, s[i]);
			continue;
		}
		if (rule == PART_POINT_BEFORE) {
			lep_buf_addc(out, ' ');
			lep_buf_addc(out, s[i]);
			lep_buf_addc(out, ' ');
			lep_buf_addc(out, s[++i]);
		} else {
			lep_buf_addc(out, s[i]);
			lep_buf_addc(out, ' ');
			lep_buf_addc(out, s[++i]);
			lep_buf_addc(out, ' ');
		}
	}
}

void lep_text_13a(struct lep_buf *out, const char *s, size_t len)
{
	static const char *const entity[][2] = {
		{"<skipped>", ""}, {"-\n", ""}, {"\n", " "},
		{"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"},
	};
	struct lep_buf text = {0}, other = {0};

	s = lep_text_trim(s, &len);
	lep_buf_add(&text, s, len);
	for (size_t i = 0; i < sizeof(entity) / sizeof(entity[0]); i++)
		replace(&text, entity[i][0], entity[i][1]);
	lep_buf_addc(&other, ' ');
	for (size_t i = 0; i < text.len; i++) {
		int alone = stands_alone(text.data[i]);

		lep_buf_add(&other, " ", (size_t)alone);
		lep_buf_addc(&other, text.data[i]);
		lep_buf_add(&other, " ", (size_t)alone);
	}
	lep_buf_addc(&other, ' ');
	lep_buf_clear(&text);
	part(&text, PART_POINT_BEHIND, other.data, other.len);
	lep_buf_clear(&other);
	part(&other, PART_POINT_BEFORE, text.data, text.len);
	part(out, PART_HYPHEN, other.data, other.len);
	out->failed |= text.failed | other.failed;
	lep_buf_release(&text);
	lep_buf_release(&other);
}

struct token {
	const char *s;
	size_t len;
	uint64_t hash;
};

void lep_numbering_release(struct lep_numbering *v)
{
	lep_buf_release(&v->slot);
	lep_buf_release(&v->token);
	lep_buf_release(&v->text[0]);
	lep_buf_release(&v->text[1]);
	v->n = v->mask = 0;
}

static uint64_t hash(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

/* The number of a token; slots hold it plus one. There is room for all. */
static uint32_t number(struct lep_numbering *v, const char *s, size_t len)
{
	uint32_t *slot = (uint32_t *)(void *)v->slot.data;
	struct token *token = (struct token *)(void *)v->token.data;
	uint64_t h = hash(s, len);
	size_t at;

	for (at = (size_t)h & v->mask; slot[at]; at = (at + 1) & v->mask) {
		const struct token *t = &token[slot[at] - 1];

		if (t->hash == h && t->len == len && !memcmp(t->s, s, len))
			return slot[at] - 1;
	}
	token[v->n] = (struct token){s, len, h};
	slot[at] = (uint32_t)++v->n;
	return slot[at] - 1;
}

int lep_symbols_tokens(struct lep_numbering *v, enum lep_tokenizer t, const char *const text[2],
	const size_t len[2], struct lep_symbols out[2], struct lep_error *e)
{
	const char *s[2] = {text[0], text[1]};
	size_t n[2] = {len[0], len[1]}, most, size = 16;
	int rc = 0;

	for (int k = 0; k < 2 && t == LEP_TOKENIZE_13A; k++) {
		lep_buf_clear(&v->text[k]);
		lep_text_13a(&v->text[k], s[k], n[k]);
		if (v->text[k].failed)
			return lep_fail_nomem(e, (double)n[k]);
		s[k] = v->text[k].data;
		n[k] = v->text[k].len;
	}
	/* Tokens are parted by a byte at least. */
	most = n[0] / 2 + n[1] / 2 + 2;
	while (size < 2 * most)
		size *= 2;
	rc = room(&v->slot, size * sizeof(uint32_t), e);
	if (!rc)
		rc = room(&v->token, most * sizeof(struct token), e);
	for (int k = 0; k < 2 && !rc; k++)
		rc = room(&out[k].id, (n[k] / 2 + 1) * sizeof(uint32_t), e);
	if (rc)
		return rc;
	memset(v->slot.data, 0, size * sizeof(uint32_t));
	v->mask = size - 1;
	v->n = 0;
	for (int k = 0; k < 2; k++) {
		uint32_t *id = (uint32_t *)(void *)out[k].id.data;
		size_t at = leading(s[k], n[k]);

		out[k].n = 0;
		while (at < n[k]) {
			size_t word = until_blank(s[k] + at, n[k] - at);

			id[out[k].n++] = number(v, s[k] + at, word);
			at += word;
			at += leading(s[k] + at, n[k] - at);
		}
	}
	return 0;
}
