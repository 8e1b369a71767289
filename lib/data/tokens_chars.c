/* Every character (Unicode scalar value) is a unit; the table is sorted. */
#include "data/tokens_kind.h"
#include "data/unicode.h"

static size_t next(const char *s, size_t len, size_t *at)
{
	uint32_t c;

	*at = 0;
	return len ? lep_unicode_take(s, &c) : 0;
}

/* The most frequent, then in the order of their bytes, which is that of the
 * scalar values. */
static int learn(struct lep_table *t, struct lep_counts *c, size_t most, uint64_t least)
{
	struct lep_table *chosen = lep_table_new();
	size_t n;
	uint32_t *order = lep_counts_order(c, least, &n);
	int status = chosen && order ? 0 : LEP_ERR_NOMEM;

	for (size_t i = 0; !status && i < n && t->n + chosen->n < most; i++)
		if (lep_table_add(chosen, c->unit->entry[order[i]], c->unit->length[order[i]]) < 0)
			status = LEP_ERR_NOMEM;
	if (!status)
		status = lep_table_sort(chosen);
	for (size_t i = 0; !status && i < chosen->n; i++)
		if (lep_table_add(t, chosen->entry[i], chosen->length[i]) < 0)
			status = LEP_ERR_NOMEM;
	lep_table_free(chosen);
	lep_free(order);
	return status;
}

const struct lep_tokens_kind lep_tokens_chars = {
	.unknown = 1,
	.between = "",
	.next = next,
	.encode = lep_tokens_find,
	.learn = learn,
};
