/*
 * Tar archives: POSIX.1-2001 (ustar and pax interchange format) and the
 * extensions of GNU tar that are met in practice.
 */
#include "data/tar.h"

#include <string.h>

#define BLOCK 512
#define EXTENSION_MAX ((uint64_t)1 << 20) /* of a pax header or a long name */

/* Offsets in a header block. */
enum {
	NAME = 0, NAME_LEN = 100,
	SIZE = 124, SIZE_LEN = 12,
	SUM = 148, SUM_LEN = 8,
	TYPE = 156,
	LINK = 157, LINK_LEN = 100,
	MAGIC = 257,
	PREFIX = 345, PREFIX_LEN = 155
};

struct lep_tar {
	struct lep_bytes *bytes;
	uint64_t left;            /* bytes of the entry not read yet, its padding included */
	uint64_t size;
	struct lep_buf name, link, extension;
	/* Said by headers before the entry's own: */
	int have_name, have_link, have_size, sparse;
	uint64_t pax_size;
};

static unsigned sum_of(const unsigned char *p)
{
	unsigned sum = 0;

	for (int i = 0; i < BLOCK; i++)
		sum += p[i];
	for (int i = SUM; i < SUM + SUM_LEN; i++)
		sum = sum - p[i] + ' ';
	return sum;
}

/* An octal number, blanks and NUL around it, or GNU's base 256; 0 if it is none. */
static int parse_number(const unsigned char *p, size_t len, uint64_t *v)
{
	size_t i = 0;

	*v = 0;
	if (p[0] == 0x80) {
		for (i = 1; i < len; i++) {
			if (*v >> 55)
				return 0;
			*v = *v << 8 | p[i];
		}
		return 1;
	}
	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		*v = *v << 3 | (uint64_t)(p[i] - '0');
	for (; i < len; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return 0;
	return 1;
}

static int is_zero(const unsigned char *p)
{
	for (int i = 0; i < BLOCK; i++)
		if (p[i])
			return 0;
	return 1;
}

static int sum_is_right(const unsigned char *p)
{
	uint64_t stated;

	return parse_number(p + SUM, SUM_LEN, &stated) && stated == sum_of(p);
}

int lep_tar_is(const unsigned char *p, size_t len)
{
	/* An archive cut inside its first header is one, a truncated one. */
	if (len >= MAGIC + 5 && memcmp(p + MAGIC, "ustar", 5) == 0)
		return 1;
	return len >= BLOCK && (is_zero(p) || sum_is_right(p));
}

int lep_tar_new(struct lep_tar **out, struct lep_bytes *b, struct lep_error *e)
{
	*out = lep_alloc(1, sizeof(**out));
	if (!*out)
		return lep_fail_nomem(e, 0);
	(*out)->bytes = b;
	return 0;
}

void lep_tar_free(struct lep_tar *t)
{
	if (!t)
		return;
	lep_buf_release(&t->name);
	lep_buf_release(&t->link);
	lep_buf_release(&t->extension);
	lep_free(t);
}

static int truncated(struct lep_tar *t, struct lep_error *e)
{
	const char *name = lep_bytes_name(t->bytes);

	if (t->name.len)
		return lep_fail(e, LEP_ERR_DATA, "%s: truncated archive: it ends in or behind %s", name, t->name.data);
	return lep_fail(e, LEP_ERR_DATA, "%s: truncated archive", name);
}

static int damaged(struct lep_tar *t, const char *what, struct lep_error *e)
{
	const char *name = lep_bytes_name(t->bytes);

	if (t->name.len)
		return lep_fail(e, LEP_ERR_DATA, "%s: damaged archive: %s behind %s", name, what, t->name.data);
	return lep_fail(e, LEP_ERR_DATA, "%s: damaged archive: %s", name, what);
}

static void set(struct lep_buf *b, const void *p, size_t max)
{
	lep_buf_clear(b);
	lep_buf_add(b, p, strnlen(p, max));
}

/* The bytes of an extension header (pax, long name) into t->extension. */
static int read_extension(struct lep_tar *t, uint64_t size, struct lep_error *e)
{
	int64_t got;
	int ok;

	if (size > EXTENSION_MAX)
		return damaged(t, "a name of more than a megabyte", e);
	lep_buf_clear(&t->extension);
	got = lep_bytes_read(t->bytes, &t->extension, size, e);
	if (got < 0)
		return (int)got;
	if ((uint64_t)got < size)
		return truncated(t, e);
	ok = lep_bytes_skip(t->bytes, lep_round_up((size_t)size, BLOCK) - size, e);
	return ok < 0 ? ok : ok ? 0 : truncated(t, e);
}

static int key_is(const char *p, size_t len, const char *key)
{
	return strlen(key) == len && memcmp(p, key, len) == 0;
}

static int take_pax(struct lep_tar *t, const char *key, size_t key_len, const char *value, size_t len,
	struct lep_error *e)
{
	if (memchr(value, '\0', len))
		return damaged(t, "a pax header with a NUL in it", e);
	if (key_is(key, key_len, "path") && len) {
		lep_buf_clear(&t->name);
		lep_buf_add(&t->name, value, len);
		t->have_name = 1;
	} else if (key_is(key, key_len, "linkpath") && len) {
		lep_buf_clear(&t->link);
		lep_buf_add(&t->link, value, len);
		t->have_link = 1;
	} else if (key_is(key, key_len, "size") && len) {
		t->pax_size = 0;
		for (size_t i = 0; i < len; i++) {
			if (value[i] < '0' || value[i] > '9' || t->pax_size >> 58)
				return damaged(t, "a pax size that is no number", e);
			t->pax_size = t->pax_size * 10 + (uint64_t)(value[i] - '0');
		}
		t->have_size = 1;
	} else if (key_len > 11 && memcmp(key, "GNU.sparse.", 11) == 0) {
		t->sparse = 1;
	}
	return 0;
}

/* "LENGTH KEY=VALUE\n", again and again; LENGTH counts itself. */
static int parse_pax(struct lep_tar *t, struct lep_error *e)
{
	const char *p = t->extension.data, *end = p + t->extension.len;

	while (p < end) {
		const char *s = p, *equals;
		size_t n = 0;
		int status;

		for (; s < end && *s >= '0' && *s <= '9' && n <= EXTENSION_MAX; s++)
			n = n * 10 + (size_t)(*s - '0');
		if (s == p && *s == '\0')
			return 0;
		if (s == p || s == end || *s != ' ' || n > (size_t)(end - p) || n < (size_t)(s - p) + 2 ||
				p[n - 1] != '\n')
			return damaged(t, "a pax header that makes no sense", e);
		s++;
		equals = memchr(s, '=', (size_t)(p + n - 1 - s));
		if (!equals)
			return damaged(t, "a pax header that makes no sense", e);
		status = take_pax(t, s, (size_t)(equals - s), equals + 1, (size_t)(p + n - 1 - equals - 1), e);
		if (status)
			return status;
		p += n;
	}
	return 0;
}

/* A header block that comes before an entry's own: 1 if it was one. */
static int take_extension(struct lep_tar *t, char type, uint64_t size, struct lep_error *e)
{
	struct lep_buf *to;
	int status;

	switch (type) {
	case 'x':
	case 'X':
		status = read_extension(t, size, e);
		if (!status)
			status = parse_pax(t, e);
		return status ? status : 1;
	case 'g':
		/* Values for all entries: no tar puts names or sizes there. */
		status = read_extension(t, size, e);
		return status ? status : 1;
	case 'L':
	case 'K':
		status = read_extension(t, size, e);
		if (status)
			return status;
		to = type == 'L' ? &t->name : &t->link;
		set(to, t->extension.data ? t->extension.data : "", t->extension.len);
		*(type == 'L' ? &t->have_name : &t->have_link) = 1;
		return 1;
	default:
		return 0;
	}
}

static enum lep_tar_type type_of(char type, const struct lep_buf *name, int sparse)
{
	switch (type) {
	case '\0':
	case '0':
	case '7':
		/* Before ustar a folder was a file whose name ends in a slash. */
		if (name->len && name->data[name->len - 1] == '/')
			return LEP_TAR_FOLDER;
		return sparse ? LEP_TAR_SPARSE : LEP_TAR_FILE;
	case '5':
	case 'D':
		return LEP_TAR_FOLDER;
	case '1':
	case '2':
		return LEP_TAR_LINK;
	case 'S':
		return LEP_TAR_SPARSE;
	case 'V':
	case 'M':
	case 'N':
		return LEP_TAR_LABEL;
	default:
		return LEP_TAR_DEVICE;
	}
}

static void take_names(struct lep_tar *t, const unsigned char *p)
{
	if (!t->have_name) {
		lep_buf_clear(&t->name);
		/* In GNU's own format other things stand where ustar has the prefix. */
		if (memcmp(p + MAGIC, "ustar\0", 6) == 0 && p[PREFIX]) {
			set(&t->name, p + PREFIX, PREFIX_LEN);
			lep_buf_addc(&t->name, '/');
		}
		lep_buf_add(&t->name, p + NAME, strnlen((const char *)p + NAME, NAME_LEN));
	}
	if (!t->have_link)
		set(&t->link, p + LINK, LINK_LEN);
}

/* A header block: 1, 0 for a zero block, negative. */
static int read_block(struct lep_tar *t, unsigned char block[BLOCK], struct lep_error *e)
{
	const unsigned char *p;
	int64_t got = lep_bytes_peek(t->bytes, &p, BLOCK, e);

	if (got < 0)
		return (int)got;
	if (got < BLOCK)
		return truncated(t, e);
	memcpy(block, p, BLOCK);
	lep_bytes_take(t->bytes, BLOCK);
	return !is_zero(block);
}

int lep_tar_next(struct lep_tar *t, struct lep_tar_entry *entry, struct lep_error *e)
{
	unsigned char block[BLOCK];
	const char *name;
	uint64_t size;
	int status;

	if (t->left) {
		status = lep_bytes_skip(t->bytes, t->left, e);
		if (status <= 0)
			return status ? status : truncated(t, e);
		t->left = 0;
	}
	t->have_name = t->have_link = t->have_size = t->sparse = 0;
	do {
		status = read_block(t, block, e);
		if (status == 0) {
			status = read_block(t, block, e);
			return status <= 0 ? status : damaged(t, "a lone zero block", e);
		}
		if (status < 0)
			return status;
		if (!sum_is_right(block))
			return damaged(t, "a header with a wrong checksum", e);
		if (!parse_number(block + SIZE, SIZE_LEN, &size))
			return damaged(t, "a header whose size is no number", e);
		status = take_extension(t, (char)block[TYPE], size, e);
		if (status < 0)
			return status;
	} while (status);

	take_names(t, block);
	if (t->name.failed || t->link.failed)
		return lep_fail_nomem(e, 0);
	if (t->have_size)
		size = t->pax_size;
	if (size > INT64_MAX - BLOCK)
		return damaged(t, "an impossible size", e);
	entry->type = type_of((char)block[TYPE], &t->name, t->sparse);
	/* A link's size is that of its target in some archives; no bytes follow. */
	if (entry->type == LEP_TAR_LINK || entry->type == LEP_TAR_FOLDER || entry->type == LEP_TAR_DEVICE)
		size = 0;
	t->size = size;
	t->left = (size + BLOCK - 1) / BLOCK * BLOCK;
	name = t->name.data;
	while (name[0] == '.' && name[1] == '/')
		for (name += 2; *name == '/'; name++)
			;
	entry->name = name;
	entry->link = t->link.data;
	entry->size = size;
	return 1;
}

int lep_tar_read(struct lep_tar *t, struct lep_buf *out, struct lep_error *e)
{
	int64_t got = lep_bytes_read(t->bytes, out, t->size, e);

	if (got < 0)
		return (int)got;
	if ((uint64_t)got < t->size)
		return truncated(t, e);
	t->left -= t->size;
	return 0;
}
