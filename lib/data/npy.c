/*
 * .npy: magic, version, the length of a header, the header (a Python dictionary
 * of three entries), the elements. The header is parsed strictly: these three
 * entries, each once, in any order.
 */
#include "data/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/bytes.h"

/* NumPy writes well under 1 KiB; a structured type may take more, and is
 * refused anyway. */
#define HEADER_MAX ((size_t)64 << 10)

static const struct {
	char descr[4]; /* without the byte order */
	enum lep_dtype dtype;
	unsigned char size; /* of an element in the file */
} types[] = {
	{"b1", LEP_U8, 1},
	{"u1", LEP_U8, 1},
	{"i1", LEP_I8, 1},
	{"u2", LEP_U16, 2},
	{"i2", LEP_I16, 2},
	{"u4", LEP_I64, 4},
	{"i4", LEP_I32, 4},
	{"i8", LEP_I64, 8},
	{"f2", LEP_F16, 2},
	{"f4", LEP_F32, 4},
	{"f8", LEP_F64, 8},
};

struct header {
	enum lep_dtype dtype;
	size_t size;
	int big;
	int fortran;
	struct lep_shape shape;
	unsigned seen; /* a bit an entry */
};

/* The text of the header and where the parser stands. */
struct cursor {
	const char *at, *end;
	const char *name;
	struct lep_error *e;
};

static int bad(struct cursor *c, const char *cause)
{
	return lep_fail(c->e, LEP_ERR_DATA, "%s: .npy header: %s", c->name, cause);
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

/* Take ch if it comes next. */
static int take(struct cursor *c, char ch)
{
	skip_space(c);
	if (c->at == c->end || *c->at != ch)
		return 0;
	c->at++;
	return 1;
}

static int take_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	skip_space(c);
	if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
		return 0;
	c->at += n;
	return 1;
}

/* A quoted string without escapes. */
static int take_string(struct cursor *c, const char **s, size_t *len)
{
	const char *from;
	char quote;

	skip_space(c);
	if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
		return bad(c, "a quoted string was expected");
	quote = *c->at++;
	from = c->at;
	while (c->at < c->end && *c->at != quote && *c->at != '\\')
		c->at++;
	if (c->at == c->end || *c->at != quote)
		return bad(c, "a string does not end");
	*s = from;
	*len = (size_t)(c->at++ - from);
	return 0;
}

static int parse_descr(struct cursor *c, struct header *h)
{
	const char *s;
	size_t len;
	int r;

	skip_space(c);
	if (c->at < c->end && *c->at == '[')
		return bad(c, "structured types are not supported");
	r = take_string(c, &s, &len);
	if (r)
		return r;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && len == 3; i++) {
		if (memcmp(s + 1, types[i].descr, 2) != 0)
			continue;
		if (s[0] != '<' && s[0] != '>' && !(s[0] == '|' && types[i].size == 1))
			continue;
		h->dtype = types[i].dtype;
		h->size = types[i].size;
		h->big = s[0] == '>';
		return 0;
	}
	return lep_fail(c->e, LEP_ERR_DATA, "%s: .npy header: type '%.*s' is not supported", c->name,
		len < 64 ? (int)len : 64, s);
}

static int parse_order(struct cursor *c, struct header *h)
{
	if (take_word(c, "True"))
		h->fortran = 1;
	else if (!take_word(c, "False"))
		return bad(c, "fortran_order is neither True nor False");
	return 0;
}

static int parse_extent(struct cursor *c, int64_t *extent)
{
	const char *from;
	int64_t v = 0;

	skip_space(c);
	for (from = c->at; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *c->at - '0', &v))
			return bad(c, "an extent is too large");
	if (c->at == from)
		return bad(c, "an extent is not a number");
	if (c->at < c->end && *c->at == 'L') /* as Python 2 wrote it */
		c->at++;
	*extent = v;
	return 0;
}

static int parse_shape(struct cursor *c, struct header *h)
{
	int commas = 0, r;

	if (!take(c, '('))
		return bad(c, "shape is not a tuple");
	h->shape.rank = 0;
	while (!take(c, ')')) {
		if (h->shape.rank > commas)
			return bad(c, "shape is not a tuple");
		if (h->shape.rank == LEP_RANK_MAX)
			return lep_fail(c->e, LEP_ERR_DATA, "%s: .npy header: more than %d dimensions", c->name,
				LEP_RANK_MAX);
		r = parse_extent(c, &h->shape.extent[h->shape.rank++]);
		if (r)
			return r;
		commas += take(c, ',');
	}
	if (h->shape.rank == 1 && commas == 0)
		return bad(c, "shape is not a tuple");
	if (lep_shape_count(&h->shape) < 0)
		return bad(c, "the product of the extents is too large");
	return 0;
}

static const struct {
	const char *key;
	int (*parse)(struct cursor *, struct header *);
} entries[] = {
	{"descr", parse_descr},
	{"fortran_order", parse_order},
	{"shape", parse_shape},
};

#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

static int parse_entry(struct cursor *c, struct header *h)
{
	const char *key;
	size_t len, i;
	int r;

	r = take_string(c, &key, &len);
	if (r)
		return r;
	for (i = 0; i < ENTRIES; i++)
		if (strlen(entries[i].key) == len && memcmp(entries[i].key, key, len) == 0)
			break;
	if (i == ENTRIES)
		return bad(c, "an unknown entry");
	if (h->seen & 1u << i)
		return bad(c, "an entry comes twice");
	h->seen |= 1u << i;
	if (!take(c, ':'))
		return bad(c, "a colon was expected");
	return entries[i].parse(c, h);
}

static int parse_header(struct cursor *c, struct header *h)
{
	int comma = 1, r;

	if (!take(c, '{'))
		return bad(c, "not a dictionary");
	while (!take(c, '}')) {
		if (!comma)
			return bad(c, "a comma was expected");
		r = parse_entry(c, h);
		if (r)
			return r;
		comma = take(c, ',');
	}
	skip_space(c);
	if (c->at != c->end)
		return bad(c, "text behind the dictionary");
	if (h->seen != (1u << ENTRIES) - 1)
		return bad(c, "descr, fortran_order or shape is missing");
	return 0;
}

/* One element, to little endian; uint32 is widened. */
static void convert_one(unsigned char *dst, const unsigned char *src, const struct header *h)
{
	size_t width = lep_dtype_size(h->dtype);

	for (size_t i = 0; i < width; i++)
		dst[i] = i >= h->size ? 0 : h->big ? src[h->size - 1 - i] : src[i];
}

/* All elements in row-major order: at counts through the indices, from is the
 * place of that element in the file. */
static void convert(unsigned char *dst, const unsigned char *src, const struct header *h, size_t count)
{
	int64_t at[LEP_RANK_MAX] = {0};
	size_t stride[LEP_RANK_MAX], width = lep_dtype_size(h->dtype), from = 0, step = 1;
	int rank = h->shape.rank;

	for (int i = 0; i < rank; i++) {
		int d = h->fortran ? i : rank - 1 - i;

		stride[d] = step;
		step *= (size_t)h->shape.extent[d];
	}
	for (size_t i = 0; i < count; i++) {
		convert_one(dst + i * width, src + from * h->size, h);
		for (int d = rank - 1; d >= 0; d--) {
			from += stride[d];
			if (++at[d] < h->shape.extent[d])
				break;
			from -= stride[d] * (size_t)at[d];
			at[d] = 0;
		}
	}
}

/* Extents that differ from 1: with fewer than two of them both orders are one. */
static int is_line(const struct lep_shape *s)
{
	int wide = 0;

	for (int i = 0; i < s->rank; i++)
		wide += s->extent[i] != 1;
	return wide < 2;
}

int lep_npy_is(const void *data, size_t len)
{
	return len >= LEP_NPY_MAGIC_LEN && memcmp(data, LEP_NPY_MAGIC, LEP_NPY_MAGIC_LEN) == 0;
}

/* Magic, version and header text; *body is where the elements begin. */
static int read_header(struct header *h, size_t *body, const unsigned char *p, size_t len,
	const char *name, struct lep_error *e)
{
	struct cursor c = {.name = name, .e = e};
	size_t text, prefix;

	if (!lep_npy_is(p, len))
		return lep_fail(e, LEP_ERR_DATA, "%s: not a .npy file", name);
	prefix = len > 6 && p[6] == 1 ? 10 : 12;
	if (len < prefix)
		return lep_fail(e, LEP_ERR_DATA, "%s: .npy header: truncated", name);
	if (p[6] < 1 || p[6] > 3 || p[7] != 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: .npy version %d.%d is not supported", name, p[6], p[7]);
	text = prefix == 10 ? (size_t)p[8] | (size_t)p[9] << 8 : lep_get32(p + 8);
	if (text > HEADER_MAX)
		return lep_fail(e, LEP_ERR_DATA, "%s: .npy header: %zu bytes are too many", name, text);
	if (text > len - prefix)
		return lep_fail(e, LEP_ERR_DATA, "%s: .npy header: truncated", name);
	c.at = (const char *)p + prefix;
	c.end = c.at + text;
	*body = prefix + text;
	return parse_header(&c, h);
}

int lep_npy_parse(struct lep_npy *n, const void *data, size_t len, const char *name, struct lep_error *e)
{
	const unsigned char *p = data;
	struct header h = {0};
	size_t body = 0, count, need, bytes;
	int foreign, r;

	*n = (struct lep_npy){0};
	r = read_header(&h, &body, p, len, name, e);
	if (r)
		return r;
	count = (size_t)lep_shape_count(&h.shape);
	if (lep_mul_overflow(count, h.size, &need) ||
		lep_mul_overflow(count, lep_dtype_size(h.dtype), &bytes))
		return lep_fail(e, LEP_ERR_DATA, "%s: .npy header: too many bytes", name);
	if (need != len - body)
		return lep_fail(e, LEP_ERR_DATA, "%s: .npy: %zu bytes of elements, the header says %zu", name,
			len - body, need);
	p += body;
	foreign = (h.big && h.size > 1) || h.size != lep_dtype_size(h.dtype) ||
		(h.fortran && !is_line(&h.shape));
	if (foreign || (uintptr_t)p % LEP_ALIGN) {
		n->owned = lep_alloc(bytes, 1);
		if (!n->owned)
			return lep_fail_nomem(e, (double)bytes);
		if (foreign)
			convert(n->owned, p, &h, count);
		else
			memcpy(n->owned, p, bytes);
		p = n->owned;
	}
	n->dtype = h.dtype;
	n->shape = h.shape;
	n->data = p;
	n->bytes = bytes;
	return 0;
}

/* All bytes of fd into *data, of which *len are used; grows as they arrive. */
static int read_all(int fd, const char *name, unsigned char **data, size_t *len, struct lep_error *e)
{
	size_t cap = 0;
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		cap = (size_t)st.st_size + 1;
	cap = cap ? cap : (size_t)1 << 16;
	*len = 0;
	*data = lep_grow_buffer(NULL, 0, cap);
	if (!*data)
		return lep_fail_nomem(e, (double)cap);
	for (;;) {
		ssize_t got = read(fd, *data + *len, cap - *len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return lep_fail_errno(e, "%s", name);
		if (got == 0)
			return 0;
		*len += (size_t)got;
		if (*len == cap) {
			unsigned char *more = lep_grow_buffer(*data, *len, 2 * cap);

			if (!more)
				return lep_fail_nomem(e, 2 * (double)cap);
			*data = more;
			cap *= 2;
		}
	}
}

int lep_npy_load(struct lep_npy *n, const char *path, struct lep_error *e)
{
	int std = !path || strcmp(path, "-") == 0, fd, r;
	const char *name = lep_bytes_shown(path);
	unsigned char *data = NULL;
	size_t len = 0;

	*n = (struct lep_npy){0};
	fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return lep_fail_errno(e, "%s", name);
	r = read_all(fd, name, &data, &len, e);
	if (!std)
		close(fd);
	if (!r)
		r = lep_npy_parse(n, data, len, name, e);
	if (r || n->owned)
		lep_free(data);
	else
		n->owned = data;
	return r;
}

void lep_npy_release(struct lep_npy *n)
{
	lep_free(n->owned);
	*n = (struct lep_npy){0};
}

static const char *const descr[LEP_DTYPE_COUNT] = {
	[LEP_U8] = "|u1",
	[LEP_I8] = "|i1",
	[LEP_U16] = "<u2",
	[LEP_I16] = "<i2",
	[LEP_I32] = "<i4",
	[LEP_I64] = "<i8",
	[LEP_F16] = "<f2",
	[LEP_BF16] = "<f4",
	[LEP_F32] = "<f4",
	[LEP_F64] = "<f8",
};

int lep_npy_write_head(struct lep_buf *out, enum lep_dtype dtype, const struct lep_shape *shape,
	struct lep_error *e)
{
	char text[LEP_SHAPE_TEXT_MAX];
	size_t from = out->len, total, len;

	if (!lep_dtype_name(dtype) || !descr[dtype])
		return lep_fail(e, LEP_ERR_USAGE, "text cannot be written as .npy");
	if (lep_shape_count(shape) < 0)
		return lep_fail(e, LEP_ERR_USAGE, "extents that vary cannot be written as .npy");
	lep_buf_add(out, LEP_NPY_MAGIC "\x01\x00\x00\x00", 10);
	lep_buf_addf(out, "{'descr': '%s', 'fortran_order': False, 'shape': (%s%s), }", descr[dtype],
		lep_shape_text(text, shape, ", "), shape->rank == 1 ? "," : "");
	if (out->failed)
		return lep_fail_nomem(e, 0);
	total = lep_round_up(out->len - from + 1, 64);
	while (out->len - from < total - 1)
		lep_buf_addc(out, ' ');
	lep_buf_addc(out, '\n');
	if (out->failed)
		return lep_fail_nomem(e, 0);
	len = total - 10;
	out->data[from + 8] = (char)(len & 255);
	out->data[from + 9] = (char)(len >> 8);
	return 0;
}

int lep_npy_write(struct lep_buf *out, enum lep_dtype dtype, const struct lep_shape *shape,
	const void *data, struct lep_error *e)
{
	const unsigned char *p = data;
	size_t count, bytes;
	int r;

	r = lep_npy_write_head(out, dtype, shape, e);
	if (r)
		return r;
	count = (size_t)lep_shape_count(shape);
	if (lep_mul_overflow(count, lep_dtype_size(dtype), &bytes))
		return lep_fail_nomem(e, 0);
	if (dtype != LEP_BF16)
		lep_buf_add(out, data, bytes);
	else /* a bf16 is the upper half of its f32 */
		for (size_t i = 0; i < count; i++) {
			lep_buf_addz(out, 2);
			lep_buf_add(out, p + 2 * i, 2);
		}
	return out->failed ? lep_fail_nomem(e, (double)bytes) : 0;
}
