/* Cleaning, encoding and decoding of text, whatever the tokeniser. */
#include "data/tokens.h"

#include <string.h>

#include "base/utf8.h"
#include "data/tokens_kind.h"
#include "data/unicode.h"
#include "stream/agree.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

const struct lep_tokens_kind *lep_tokens_kind(enum lep_tokens t)
{
	static const struct lep_tokens_kind *const kinds[LEP_TOKENS_COUNT] = {
		[LEP_TOKENS_BYTES] = &lep_tokens_bytes,
		[LEP_TOKENS_CHARS] = &lep_tokens_chars,
		[LEP_TOKENS_WORDS] = &lep_tokens_words,
		[LEP_TOKENS_BPE] = &lep_tokens_bpe,
	};

	return kinds[t];
}

/* Cleaning. */

static int refuse(const char *s, size_t at, struct lep_error *e)
{
	if (!s[at])
		return lep_fail(e, LEP_ERR_DATA, "a NUL byte, %zu bytes in", at);
	return lep_fail(e, LEP_ERR_DATA, "invalid UTF-8: byte 0x%02x, %zu bytes in", (unsigned char)s[at], at);
}

static void replace(struct lep_buf *out, const char *s, size_t len)
{
	while (len) {
		size_t n = strnlen(s, lep_utf8_valid(s, len));

		lep_buf_add(out, s, n);
		s += n;
		len -= n;
		if (!len)
			break;
		lep_buf_adds(out, REPLACEMENT);
		s++;
		len--;
	}
}

/* A small letter may have more bytes than its capital (U+023A: 2 and 3), at most
 * half as many again. */
static void lower(struct lep_buf *out, const char *s, size_t len)
{
	size_t i = 0;
	char *to;

	if (lep_buf_reserve(out, len + len / 2 + 1))
		return;
	to = out->data + out->len;
	while (i < len) {
		unsigned char byte = (unsigned char)s[i];
		uint32_t c;

		if (byte < 0x80) {
			*to++ = (char)(byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
			i++;
			continue;
		}
		i += lep_unicode_take(s + i, &c);
		to += lep_unicode_put(to, lep_unicode_lower(c));
	}
	*to = '\0';
	out->len = (size_t)(to - out->data);
}

/* Where the first byte is that is to be refused or replaced; len: nowhere. */
static size_t good_bytes(const char *s, size_t len)
{
	size_t valid = lep_utf8_valid(s, len);

	return valid ? strnlen(s, valid) : 0;
}

int lep_text_check(const struct lep_text_recipe *r, const char *text, size_t len, struct lep_error *e)
{
	size_t good = r->replace ? len : good_bytes(text, len);

	return good < len ? refuse(text, good, e) : 0;
}

int lep_tokens_clean(const struct lep_text_recipe *r, struct lep_buf *room, const char **s, size_t *len,
	struct lep_error *e)
{
	size_t good = good_bytes(*s, *len), from;

	lep_buf_clear(room);
	if (good < *len && !r->replace)
		return refuse(*s, good, e);
	if (good < *len) {
		replace(room, *s, *len);
		*s = room->data;
		*len = room->len;
	}
	if (r->lower && *len) {
		from = room->len;
		/* Room first: the text may lie in it. */
		if (!lep_buf_reserve(room, *len + *len / 2 + 1))
			lower(room, from ? room->data : *s, *len);
		*s = room->data + from;
		*len = room->len - from;
	}
	return room->failed ? lep_fail_nomem(e, 0) : 0;
}

/* Tables. */

/* The entry of one byte. */
static size_t byte_entry(char text[5], unsigned b)
{
	text[0] = (char)b;
	text[1] = '\0';
	if (b)
		return 1;
	memcpy(text, "\\x00", 5);
	return 4;
}

int lep_tokens_add_bytes(struct lep_table *t)
{
	char text[5];

	for (unsigned b = 0; b < 256; b++) {
		size_t n = byte_entry(text, b);

		if (lep_table_add(t, text, n) < 0)
			return LEP_ERR_NOMEM;
	}
	return 0;
}

int lep_tokens_has_bytes(const struct lep_table *t)
{
	char text[5];

	for (unsigned b = 0; b < 256; b++) {
		size_t n = byte_entry(text, b);

		if (b >= t->n || t->length[b] != n || memcmp(t->entry[b], text, n) != 0)
			return 0;
	}
	return 1;
}

static int32_t find(const struct lep_table *t, const char *name)
{
	return (int32_t)lep_table_find(t, name, strlen(name));
}

static int check_table(const struct lep_encoder *enc, struct lep_error *e)
{
	const char *name = lep_tokens_name(enc->recipe.tokens);

	if (enc->kind->bytes && !lep_tokens_has_bytes(enc->table))
		return lep_fail(e, LEP_ERR_DATA, "a vocabulary of %s begins with the 256 bytes: this one does not", name);
	if (enc->kind->unknown && enc->unknown < 0)
		return lep_fail(e, LEP_ERR_DATA, "a vocabulary of %s has an entry %s: this one has none", name, LEP_TOKEN_UNKNOWN);
	if (!enc->kind->learn && enc->table->n != 256u + (enc->end == 256))
		return lep_fail(e, LEP_ERR_DATA, "a vocabulary of %s has 256 entries: this one has %zu", name, enc->table->n);
	if (enc->recipe.end && enc->end < 0)
		return lep_fail(e, LEP_ERR_DATA, "the vocabulary has no entry %s", LEP_TOKEN_END);
	return 0;
}

/* Encoding. */

int lep_encoder_new(struct lep_encoder **out, const struct lep_text_recipe *recipe, struct lep_table *table,
	struct lep_error *e)
{
	struct lep_encoder *enc = lep_alloc(1, sizeof(*enc));
	int status;

	*out = NULL;
	if (!enc)
		return lep_fail_nomem(e, 0);
	enc->recipe = *recipe;
	enc->kind = lep_tokens_kind(recipe->tokens);
	enc->table = lep_table_share(table);
	enc->end = find(table, LEP_TOKEN_END);
	enc->unknown = enc->kind->unknown ? find(table, LEP_TOKEN_UNKNOWN) : -1;
	status = check_table(enc, e);
	if (!status && enc->kind->start)
		status = enc->kind->start(enc, e);
	if (status) {
		lep_encoder_free(enc);
		return status;
	}
	*out = enc;
	return 0;
}

void lep_encoder_free(struct lep_encoder *enc)
{
	if (!enc)
		return;
	lep_table_free(enc->table);
	lep_buf_release(&enc->clean);
	lep_bpe_free(enc->bpe);
	lep_free(enc);
}

int lep_tokens_find(struct lep_encoder *enc, const char *unit, size_t len, struct lep_buf *out)
{
	int32_t id = (int32_t)lep_table_find(enc->table, unit, len);
	unsigned char bytes[4];

	if (id < 0) {
		id = enc->unknown;
		enc->counts.unknowns++;
	}
	lep_put32(bytes, (uint32_t)id);
	lep_buf_add(out, bytes, 4);
	return 0;
}

int lep_encoder_run(struct lep_encoder *enc, const char *text, size_t len, struct lep_buf *out, struct lep_error *e)
{
	const struct lep_text_recipe *r = &enc->recipe;
	size_t first = out->len, at, n, most = SIZE_MAX;
	uint64_t unknowns = enc->counts.unknowns;
	unsigned char end[4];
	int status = lep_tokens_clean(r, &enc->clean, &text, &len, e);

	if (r->truncate)
		most = (size_t)(r->truncate - r->end) * 4;
	while (!status && out->len - first < most && (n = enc->kind->next(text, len, &at)) > 0) {
		status = enc->kind->encode(enc, text + at, n, out);
		text += at + n;
		len -= at + n;
	}
	if (status == LEP_ERR_NOMEM || out->failed)
		return lep_fail_nomem(e, 0);
	if (status)
		return status;
	if (out->len - first > most)
		out->len = first + most;
	n = (out->len - first) / 4;
	enc->counts.strange += n && enc->counts.unknowns - unknowns == n;
	if (r->end) {
		lep_put32(end, (uint32_t)enc->end);
		lep_buf_add(out, end, 4);
	}
	enc->counts.ids += (out->len - first) / 4;
	return out->failed ? lep_fail_nomem(e, 0) : 0;
}

struct lep_token_counts lep_encoder_counts(const struct lep_encoder *enc)
{
	return enc->counts;
}

/* Decoding. */

void lep_text_decode(struct lep_buf *out, const struct lep_text_recipe *recipe, const struct lep_table *table,
	const void *ids, size_t n, int32_t before)
{
	const struct lep_tokens_kind *kind = lep_tokens_kind(recipe->tokens);
	int32_t end = find(table, LEP_TOKEN_END), unknown = kind->unknown ? find(table, LEP_TOKEN_UNKNOWN) : -1;
	const unsigned char *p = ids;
	int any = before >= 0 && before != end;

	for (size_t i = 0; i < n; i++) {
		int32_t id = (int32_t)lep_get32(p + 4 * i);

		if (id == end && end >= 0)
			continue;
		if (any)
			lep_buf_adds(out, kind->between);
		any = 1;
		if (id < 0 || (size_t)id >= table->n || id == unknown)
			lep_buf_adds(out, kind->between[0] ? LEP_TOKEN_UNKNOWN : REPLACEMENT);
		else if (kind->bytes && id < 256)
			lep_buf_addc(out, (char)id);
		else
			lep_buf_add(out, table->entry[id], table->length[id]);
	}
}

int lep_field_has_text(const struct lep_field *f, struct lep_text_recipe *recipe)
{
	struct lep_recipe r;

	if (!lep_field_has_ids(f) || f->shape.rank != 1 || f->shape.extent[0] != LEP_VARIES)
		return 0;
	if (lep_recipe_parse(&r, f->recipe, NULL) || r.kind != LEP_RECIPE_TEXT)
		return 0;
	*recipe = r.text;
	return 1;
}
