/* IDX files, as described with the MNIST database. */
#include "data/idx.h"

static const struct {
	unsigned char code;
	enum lep_dtype dtype;
} types[] = {
	{0x08, LEP_U8}, {0x09, LEP_I8}, {0x0b, LEP_I16}, {0x0c, LEP_I32}, {0x0d, LEP_F32}, {0x0e, LEP_F64},
};

#define RANK_MAX 4

static int type_of(unsigned char code)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].code == code)
			return (int)types[i].dtype;
	return -1;
}

int lep_idx_is(const unsigned char *p, size_t len)
{
	return len >= 4 && p[0] == 0 && p[1] == 0 && type_of(p[2]) >= 0 && p[3] >= 1 && p[3] <= RANK_MAX;
}

int lep_idx_head(struct lep_idx *idx, struct lep_bytes *b, struct lep_error *e)
{
	const char *name = lep_bytes_name(b);
	const unsigned char *p;
	int64_t got = lep_bytes_peek(b, &p, 4, e);
	size_t len;

	if (got < 0)
		return (int)got;
	if (!lep_idx_is(p, (size_t)got))
		return lep_fail(e, LEP_ERR_DATA, "%s: not an IDX file", name);
	*idx = (struct lep_idx){.dtype = (enum lep_dtype)type_of(p[2]), .shape.rank = p[3]};
	len = 4 + 4 * (size_t)p[3];
	got = lep_bytes_peek(b, &p, len, e);
	if (got < 0)
		return (int)got;
	if ((size_t)got < len)
		return lep_fail(e, LEP_ERR_DATA, "%s: truncated IDX header", name);
	for (int i = 0; i < idx->shape.rank; i++) {
		const unsigned char *q = p + 4 + 4 * i;

		idx->shape.extent[i] = (int64_t)q[0] << 24 | (int64_t)q[1] << 16 | (int64_t)q[2] << 8 | q[3];
	}
	lep_bytes_take(b, len);
	if (lep_shape_count(&idx->shape) < 0) {
		char text[LEP_SHAPE_TEXT_MAX];

		return lep_fail(e, LEP_ERR_DATA, "%s: impossible extents %s", name,
			lep_shape_text(text, &idx->shape, "x"));
	}
	return 0;
}

int lep_idx_read(const struct lep_idx *idx, struct lep_bytes *b, struct lep_buf *out, uint64_t n,
	struct lep_error *e)
{
	size_t size = lep_dtype_size(idx->dtype), begin = out->len;
	uint64_t want = n * size;
	int64_t got;
	char *p;

	if (n > (uint64_t)LEP_ELEMENTS_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "%s: too many elements", lep_bytes_name(b));
	got = lep_bytes_read(b, out, want, e);
	if (got < 0)
		return (int)got;
	if ((uint64_t)got < want)
		return lep_fail(e, LEP_ERR_DATA, "%s: truncated IDX file", lep_bytes_name(b));
	if (size == 1)
		return 0;
	p = out->data + begin;
	for (; n; n--, p += size) {
		for (size_t i = 0; i < size / 2; i++) {
			char c = p[i];

			p[i] = p[size - 1 - i];
			p[size - 1 - i] = c;
		}
	}
	return 0;
}
