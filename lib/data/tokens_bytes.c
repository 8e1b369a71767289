/* Every byte is its own id. */
#include "data/tokens_kind.h"

#define PART 4096

static size_t next(const char *s, size_t len, size_t *at)
{
	(void)s;
	*at = 0;
	return len < PART ? len : PART;
}

static int encode(struct lep_encoder *enc, const char *unit, size_t len, struct lep_buf *out)
{
	unsigned char *to;

	(void)enc;
	if (lep_buf_reserve(out, 4 * len))
		return LEP_ERR_NOMEM;
	to = (unsigned char *)out->data + out->len;
	for (size_t i = 0; i < len; i++)
		lep_put32(to + 4 * i, (unsigned char)unit[i]);
	out->len += 4 * len;
	return 0;
}

const struct lep_tokens_kind lep_tokens_bytes = {
	.bytes = 1,
	.between = "",
	.next = next,
	.encode = encode,
};
