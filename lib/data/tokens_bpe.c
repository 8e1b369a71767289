/*
 * Byte-pair encoding: pieces of a vocabulary that begins with the 256 bytes. The
 * id of a piece is the rank of the merge that made it, so that the table alone
 * says what is put together first.
 */
#include "data/tokens_bpe.h"

#include <string.h>

#include "data/unicode.h"

/* Chunks that were met lately, with their ids: words repeat. */
#define SLOTS 16384
#define SLOT_BYTES 24

struct slot {
	uint8_t len, n;
	char chunk[SLOT_BYTES];
	int32_t id[SLOT_BYTES];
};

struct lep_bpe {
	size_t longest;
	struct lep_bpe_pieces pieces;
	struct slot slot[SLOTS];
};

/* Chunks. */

/* As much of a text as a chunk looks at: itself, and behind it an apostrophe and a
 * character. A run without an end is not walked to its end for every chunk of it. */
#define LOOK (LEP_BPE_CHUNK + 7)

static size_t word(const char *s, size_t len)
{
	size_t i = 0, n, m;

	while (i < len) {
		enum lep_char class = lep_unicode_at(s + i, &n);

		if (class == LEP_CHAR_WORD || class == LEP_CHAR_SINGLE)
			i += n;
		else if (i && (n = lep_apostrophe(s + i, len - i)) > 0 && i + n < len &&
			(class = lep_unicode_at(s + i + n, &m), class == LEP_CHAR_WORD || class == LEP_CHAR_SINGLE))
			i += n + m;
		else
			break;
	}
	return i;
}

static size_t run(const char *s, size_t len, enum lep_char class)
{
	size_t i = 0, n;

	while (i < len && lep_unicode_at(s + i, &n) == class)
		i += n;
	return i;
}

static size_t next(const char *s, size_t len, size_t *at)
{
	size_t blank = len > 1 && s[0] == ' ', n, m;
	enum lep_char class;

	*at = 0;
	if (!len)
		return 0;
	len = len < LOOK ? len : LOOK;
	class = lep_unicode_at(s + blank, &n);
	if (class == LEP_CHAR_SPACE) {
		n = run(s, len, LEP_CHAR_SPACE);
		/* The last blank belongs to what follows. */
		n -= n < len && n > 1 && s[n - 1] == ' ';
	} else if (class == LEP_CHAR_MARK) {
		n = blank + run(s + blank, len - blank, LEP_CHAR_MARK);
	} else {
		n = blank + word(s + blank, len - blank);
	}
	if (n <= LEP_BPE_CHUNK)
		return n;
	for (m = LEP_BPE_CHUNK; ((unsigned char)s[m] & 0xc0) == 0x80;)
		m--;
	return m;
}

/* Pieces. */

void lep_bpe_bytes(struct lep_bpe_pieces *p, const char *chunk, size_t len)
{
	p->n = len;
	for (size_t i = 0; i < len; i++) {
		p->begin[i] = (uint8_t)i;
		p->id[i] = (unsigned char)chunk[i];
	}
	p->begin[len] = (uint8_t)len;
}

/* The id of pieces i and i + 1 together, or INT32_MAX. */
static int32_t rank(const struct lep_bpe_pieces *p, size_t i, const char *chunk, const struct lep_table *t,
	size_t longest)
{
	size_t len;
	int64_t id;

	if (i + 1 >= p->n)
		return INT32_MAX;
	len = (size_t)(p->begin[i + 2] - p->begin[i]);
	id = len <= longest ? lep_table_find(t, chunk + p->begin[i], len) : -1;
	return id < 256 ? INT32_MAX : (int32_t)id;
}

void lep_bpe_merge(struct lep_bpe_pieces *p, const char *chunk, const struct lep_table *t, size_t longest)
{
	int32_t ranks[LEP_BPE_CHUNK];

	for (size_t i = 0; i < p->n; i++)
		ranks[i] = rank(p, i, chunk, t, longest);
	while (p->n > 1) {
		size_t best = 0;

		for (size_t i = 1; i + 1 < p->n; i++)
			best = ranks[i] < ranks[best] ? i : best;
		if (ranks[best] == INT32_MAX)
			break;
		p->id[best] = ranks[best];
		p->n--;
		for (size_t i = best + 1; i <= p->n; i++) {
			p->begin[i] = p->begin[i + 1];
			if (i < p->n) {
				p->id[i] = p->id[i + 1];
				ranks[i] = ranks[i + 1];
			}
		}
		ranks[best] = rank(p, best, chunk, t, longest);
		if (best)
			ranks[best - 1] = rank(p, best - 1, chunk, t, longest);
	}
}

/* Encoding. */

static int start(struct lep_encoder *enc, struct lep_error *e)
{
	enc->bpe = lep_alloc(1, sizeof(*enc->bpe));
	if (!enc->bpe)
		return lep_fail_nomem(e, 0);
	for (size_t i = 256; i < enc->table->n; i++)
		if (enc->bpe->longest < enc->table->length[i])
			enc->bpe->longest = enc->table->length[i];
	return 0;
}

void lep_bpe_free(struct lep_bpe *b)
{
	lep_free(b);
}

static struct slot *slot_of(struct lep_bpe *b, const char *chunk, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)chunk[i]) * 0x100000001b3u;
	return &b->slot[(h ^ h >> 29) % SLOTS];
}

static int put(struct lep_buf *out, const int32_t *id, size_t n)
{
	unsigned char *to;

	if (lep_buf_reserve(out, 4 * n))
		return LEP_ERR_NOMEM;
	to = (unsigned char *)out->data + out->len;
	for (size_t i = 0; i < n; i++)
		lep_put32(to + 4 * i, (uint32_t)id[i]);
	out->len += 4 * n;
	return 0;
}

static int encode(struct lep_encoder *enc, const char *chunk, size_t len, struct lep_buf *out)
{
	struct lep_bpe *b = enc->bpe;
	struct slot *slot = len <= SLOT_BYTES ? slot_of(b, chunk, len) : NULL;

	if (slot && slot->len == len && memcmp(slot->chunk, chunk, len) == 0)
		return put(out, slot->id, slot->n);
	lep_bpe_bytes(&b->pieces, chunk, len);
	lep_bpe_merge(&b->pieces, chunk, enc->table, b->longest);
	if (slot) {
		slot->len = (uint8_t)len;
		slot->n = (uint8_t)b->pieces.n;
		memcpy(slot->chunk, chunk, len);
		memcpy(slot->id, b->pieces.id, b->pieces.n * sizeof(slot->id[0]));
	}
	return put(out, b->pieces.id, b->pieces.n);
}

const struct lep_tokens_kind lep_tokens_bpe = {
	.bytes = 1,
	.between = "",
	.next = next,
	.encode = encode,
	.learn = lep_bpe_learn,
	.start = start,
};
