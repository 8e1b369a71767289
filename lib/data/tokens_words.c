/*
 * Words, rules 1: white space parts and is dropped; a run of word characters is a
 * word, an apostrophe between two of them belongs to it; a mark is a unit of its
 * own, and so is an ideograph or kana.
 */
#include "data/tokens_kind.h"
#include "data/unicode.h"

static size_t next(const char *s, size_t len, size_t *at)
{
	enum lep_char class = LEP_CHAR_SPACE;
	size_t i = 0, begin, n = 0, m;

	while (i < len && (class = lep_unicode_at(s + i, &n)) == LEP_CHAR_SPACE)
		i += n;
	*at = begin = i;
	if (i == len)
		return 0;
	i += n;
	if (class != LEP_CHAR_WORD)
		return n;
	while (i < len) {
		if (lep_unicode_at(s + i, &n) == LEP_CHAR_WORD)
			i += n;
		else if ((n = lep_apostrophe(s + i, len - i)) > 0 && i + n < len &&
			lep_unicode_at(s + i + n, &m) == LEP_CHAR_WORD)
			i += n + m;
		else
			break;
	}
	return i - begin;
}

static int learn(struct lep_table *t, struct lep_counts *c, size_t most, uint64_t least)
{
	size_t n;
	uint32_t *order = lep_counts_order(c, least, &n);
	int status = order ? 0 : LEP_ERR_NOMEM;

	for (size_t i = 0; !status && i < n && t->n < most; i++)
		if (lep_table_add(t, c->unit->entry[order[i]], c->unit->length[order[i]]) < 0)
			status = LEP_ERR_NOMEM;
	lep_free(order);
	return status;
}

const struct lep_tokens_kind lep_tokens_words = {
	.unknown = 1,
	.between = " ",
	.next = next,
	.encode = lep_tokens_find,
	.learn = learn,
};
