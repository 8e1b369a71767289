/*
 * Input bytes. Two levels: raw bytes (a descriptor, or the spool), and above
 * them a window of plain bytes, which is raw or inflated.
 */
#include "data/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/stop.h"

#define WINDOW ((size_t)256 << 10)
#define RAW ((size_t)64 << 10)
#define STEP ((size_t)1 << 20)

struct lep_bytes {
	char *name;
	int fd, owns_fd;
	int regular;
	int64_t base, at, size;   /* of the raw bytes: where they begin, where we are, of a regular file */
	lep_wait_fn *wait;
	void *wait_ctx;

	int spooled;
	struct lep_buf spool;
	int spill_fd;
	int64_t spill_base, spill_len;

	int begun;                /* the first bytes were looked at */
	int gzip, member, inflating, ended;
	z_stream z;
	unsigned char *raw;       /* RAW bytes, of gzip only */
	unsigned char *window;    /* WINDOW bytes, of which [pos, len) are unread */
	size_t pos, len;
};

static int is_standard(const char *path)
{
	return !path || strcmp(path, "-") == 0;
}

const char *lep_bytes_shown(const char *path)
{
	return is_standard(path) ? "<stdin>" : path;
}

int lep_bytes_open(struct lep_bytes **out, const char *path, struct lep_error *e)
{
	int is_stdin = is_standard(path);
	struct lep_bytes *b = lep_alloc(1, sizeof(*b));
	struct stat st;

	*out = NULL;
	if (!b)
		return lep_fail_nomem(e, 0);
	b->fd = b->spill_fd = -1;
	b->name = lep_strdup(lep_bytes_shown(path));
	b->window = lep_alloc(WINDOW, 1);
	if (!b->name || !b->window) {
		lep_bytes_close(b);
		return lep_fail_nomem(e, 0);
	}
	b->owns_fd = !is_stdin;
	b->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (b->fd < 0 || fstat(b->fd, &st)) {
		lep_fail_errno(e, "%s", b->name);
		goto fail;
	}
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		lep_fail_errno(e, "%s", b->name);
		goto fail;
	}
	b->regular = S_ISREG(st.st_mode);
	if (b->regular) {
		b->base = is_stdin ? lseek(b->fd, 0, SEEK_CUR) : 0;
		if (b->base < 0)
			b->base = 0;
		b->at = b->base;
		b->size = st.st_size;
	}
	*out = b;
	return 0;
fail:
	lep_bytes_close(b);
	return e ? (int)e->status : LEP_ERR_IO;
}

void lep_bytes_close(struct lep_bytes *b)
{
	if (!b)
		return;
	if (b->inflating)
		inflateEnd(&b->z);
	if (b->owns_fd && b->fd >= 0)
		close(b->fd);
	lep_buf_release(&b->spool);
	lep_free(b->raw);
	lep_free(b->window);
	lep_free(b->name);
	lep_free(b);
}

const char *lep_bytes_name(const struct lep_bytes *b)
{
	return b->name;
}

void lep_bytes_on_wait(struct lep_bytes *b, lep_wait_fn *fn, void *ctx)
{
	b->wait = fn;
	b->wait_ctx = ctx;
}

int lep_bytes_waits(const struct lep_bytes *b)
{
	return !b->regular && !b->spooled;
}

/* Returns when a read will not block, or negative; the wait callback comes first. */
static int wait_readable(struct lep_bytes *b, struct lep_error *e)
{
	struct pollfd p = {.fd = b->fd, .events = POLLIN};
	int n = poll(&p, 1, 0), status;

	if (n == 0 && b->wait && (status = b->wait(b->wait_ctx, e)) < 0)
		return status;
	while (n <= 0) {
		status = lep_stop_check(e);
		if (status)
			return status;
		if (n < 0 && errno != EINTR)
			return lep_fail_errno(e, "%s", b->name);
		/* Not for ever: a signal may come just before the call. */
		n = poll(&p, 1, 500);
	}
	return 0;
}

static int64_t read_spool(struct lep_bytes *b, unsigned char *dst, size_t n, struct lep_error *e)
{
	uint64_t at = (uint64_t)b->at;
	ssize_t got;

	if (at < b->spool.len) {
		if (n > b->spool.len - at)
			n = b->spool.len - at;
		memcpy(dst, b->spool.data + at, n);
		return (int64_t)n;
	}
	at -= b->spool.len;
	if (at >= (uint64_t)b->spill_len)
		return 0;
	if (n > (uint64_t)b->spill_len - at)
		n = (size_t)((uint64_t)b->spill_len - at);
	got = pread(b->spill_fd, dst, n, b->spill_base + (off_t)at);
	if (got < 0)
		return lep_fail_errno(e, "%s: reading its spool", b->name);
	if (got == 0)
		return lep_fail(e, LEP_ERR_IO, "%s: its spool has shrunk", b->name);
	return got;
}

/* Raw bytes: at least one, at most n; 0 at the end. */
static int64_t raw_read(struct lep_bytes *b, unsigned char *dst, size_t n, struct lep_error *e)
{
	int64_t got;

	if (b->spooled) {
		got = read_spool(b, dst, n, e);
	} else {
		do {
			int status = b->regular ? lep_stop_check(e) : wait_readable(b, e);

			if (status)
				return status;
			got = b->regular ? pread(b->fd, dst, n, b->at) : read(b->fd, dst, n);
		} while (got < 0 && (errno == EINTR || errno == EAGAIN));
		if (got < 0)
			return lep_fail_errno(e, "%s", b->name);
	}
	if (got > 0)
		b->at += got;
	return got;
}

static int spill(struct lep_bytes *b, const unsigned char *p, size_t n, struct lep_error *e)
{
	while (n) {
		ssize_t put = pwrite(b->spill_fd, p, n, b->spill_base + b->spill_len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return lep_fail_errno(e, "%s: spooling to a temporary file", b->name);
		p += put;
		n -= (size_t)put;
		b->spill_len += put;
	}
	return 0;
}

int lep_bytes_spool(struct lep_bytes *b, size_t limit, int spill_fd, struct lep_error *e)
{
	int64_t got;

	if (!lep_bytes_waits(b))
		return 0;
	b->spill_fd = spill_fd;
	b->spill_base = spill_fd >= 0 ? lseek(spill_fd, 0, SEEK_END) : 0;
	if (b->spill_base < 0)
		return lep_fail_errno(e, "%s: spooling to a temporary file", b->name);
	while ((got = raw_read(b, b->window, WINDOW, e)) > 0) {
		size_t n = (size_t)got, room = limit - b->spool.len, here = n < room ? n : room;

		lep_buf_add(&b->spool, b->window, here);
		if (b->spool.failed)
			return lep_fail_nomem(e, 0);
		if (here < n && spill_fd < 0)
			return lep_fail(e, LEP_ERR_IO, "%s: more than the %zu bytes that may be spooled", b->name, limit);
		if (here < n && spill(b, b->window + here, n - here, e))
			return e ? (int)e->status : LEP_ERR_IO;
	}
	if (got < 0)
		return (int)got;
	b->spooled = 1;
	b->base = b->at = 0;
	return 0;
}

int lep_bytes_rewind(struct lep_bytes *b, struct lep_error *e)
{
	if (lep_bytes_waits(b))
		return lep_fail(e, LEP_ERR_USAGE, "%s: cannot be read twice", b->name);
	b->at = b->base;
	b->pos = b->len = 0;
	b->begun = b->gzip = b->member = b->ended = 0;
	b->z.avail_in = 0;
	return 0;
}

/* Whether the raw bytes are gzip, by their first two; what was read stays. */
static int begin(struct lep_bytes *b, struct lep_error *e)
{
	size_t n = 0;
	int64_t got;

	while (n < 2) {
		got = raw_read(b, b->window + n, WINDOW - n, e);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	b->begun = 1;
	b->pos = 0;
	b->len = n;
	if (n < 2 || b->window[0] != 0x1f || b->window[1] != 0x8b)
		return 0;
	b->gzip = 1;
	if (!b->raw && !(b->raw = lep_alloc(WINDOW, 1)))
		return lep_fail_nomem(e, 0);
	if (!b->inflating && inflateInit2(&b->z, 15 + 16) != Z_OK)
		return lep_fail_nomem(e, 0);
	b->inflating = 1;
	inflateReset(&b->z);
	memcpy(b->raw, b->window, n);
	b->z.next_in = b->raw;
	b->z.avail_in = (uInt)n;
	b->member = 1;
	b->len = 0;
	return 0;
}

/* Behind the end of a member: another one, the end, or (as tapes have) zeros. */
static int next_member(struct lep_bytes *b, struct lep_error *e)
{
	for (;;) {
		int64_t got;

		while (b->z.avail_in && !*b->z.next_in) {
			b->z.next_in++;
			b->z.avail_in--;
		}
		if (b->z.avail_in)
			break;
		got = raw_read(b, b->raw, RAW, e);
		if (got < 0)
			return (int)got;
		if (got == 0) {
			b->ended = 1;
			return 0;
		}
		b->z.next_in = b->raw;
		b->z.avail_in = (uInt)got;
	}
	if (*b->z.next_in != 0x1f)
		return lep_fail(e, LEP_ERR_DATA, "%s: bytes behind the end of the gzip data", b->name);
	inflateReset(&b->z);
	b->member = 1;
	return 0;
}

/* Plain bytes of gzip: at least one, 0 at the end. */
static int64_t inflate_some(struct lep_bytes *b, unsigned char *dst, size_t n, struct lep_error *e)
{
	b->z.next_out = dst;
	b->z.avail_out = (uInt)n;
	while (b->z.avail_out == n && !b->ended) {
		int rc, status;
		int64_t got;

		if (!b->member) {
			status = next_member(b, e);
			if (status)
				return status;
			continue;
		}
		if (!b->z.avail_in) {
			got = raw_read(b, b->raw, RAW, e);
			if (got < 0)
				return got;
			if (got == 0)
				return lep_fail(e, LEP_ERR_DATA, "%s: truncated gzip data", b->name);
			b->z.next_in = b->raw;
			b->z.avail_in = (uInt)got;
		}
		rc = inflate(&b->z, Z_NO_FLUSH);
		if (rc == Z_STREAM_END)
			b->member = 0;
		else if (rc == Z_MEM_ERROR)
			return lep_fail_nomem(e, 0);
		else if (rc != Z_OK && rc != Z_BUF_ERROR)
			return lep_fail(e, LEP_ERR_DATA, "%s: damaged gzip data", b->name);
	}
	return (int64_t)(n - b->z.avail_out);
}

static int64_t plain_read(struct lep_bytes *b, unsigned char *dst, size_t n, struct lep_error *e)
{
	return b->gzip ? inflate_some(b, dst, n, e) : raw_read(b, dst, n, e);
}

int64_t lep_bytes_peek(struct lep_bytes *b, const unsigned char **p, size_t want, struct lep_error *e)
{
	int64_t got = 1;
	int status;

	if (!b->begun && (status = begin(b, e)) < 0)
		return status;
	if (b->len - b->pos < want && b->pos) {
		memmove(b->window, b->window + b->pos, b->len - b->pos);
		b->len -= b->pos;
		b->pos = 0;
	}
	while (b->len - b->pos < want && got) {
		got = plain_read(b, b->window + b->len, WINDOW - b->len, e);
		if (got < 0)
			return got;
		b->len += (size_t)got;
	}
	*p = b->window + b->pos;
	return (int64_t)(b->len - b->pos < want ? b->len - b->pos : want);
}

int64_t lep_bytes_some(struct lep_bytes *b, const unsigned char **p, struct lep_error *e)
{
	int64_t n = lep_bytes_peek(b, p, 1, e);

	return n > 0 ? (int64_t)(b->len - b->pos) : n;
}

void lep_bytes_take(struct lep_bytes *b, size_t n)
{
	b->pos += n;
}

int64_t lep_bytes_read(struct lep_bytes *b, struct lep_buf *out, uint64_t n, struct lep_error *e)
{
	uint64_t left = n;
	int status;

	if (!b->begun && (status = begin(b, e)) < 0)
		return status;
	while (left) {
		size_t step = left < STEP ? (size_t)left : STEP, have = b->len - b->pos;
		int64_t got;

		if (lep_buf_reserve(out, step))
			return lep_fail(e, LEP_ERR_NOMEM, "%s: out of memory", b->name);
		if (have) {
			step = step < have ? step : have;
			lep_buf_add(out, b->window + b->pos, step);
			b->pos += step;
			left -= step;
			continue;
		}
		if (step < WINDOW / 2) {
			/* Small parts come out of the window, many to a read. */
			const unsigned char *p;

			got = lep_bytes_some(b, &p, e);
			if (got <= 0)
				return got < 0 ? got : (int64_t)(n - left);
			continue;
		}
		got = plain_read(b, (unsigned char *)out->data + out->len, step, e);
		if (got < 0)
			return got;
		if (got == 0)
			break;
		out->len += (size_t)got;
		out->data[out->len] = '\0';
		left -= (uint64_t)got;
	}
	return (int64_t)(n - left);
}

int lep_bytes_skip(struct lep_bytes *b, uint64_t n, struct lep_error *e)
{
	int status;

	if (!b->begun && (status = begin(b, e)) < 0)
		return status;
	while (n) {
		size_t have = b->len - b->pos;
		const unsigned char *p;
		int64_t got;

		if (have) {
			have = have < n ? have : (size_t)n;
			b->pos += have;
			n -= have;
			continue;
		}
		if (b->regular && !b->gzip) {
			/* Nobody looks at these bytes: no need to read them. */
			if (b->at > b->size || n > (uint64_t)(b->size - b->at))
				return 0;
			b->at += (int64_t)n;
			return 1;
		}
		got = lep_bytes_some(b, &p, e);
		if (got <= 0)
			return (int)got;
	}
	return 1;
}

int lep_bytes_finish(struct lep_bytes *b, struct lep_error *e)
{
	const unsigned char *p;
	int64_t n;

	while ((b->gzip || lep_bytes_waits(b)) && (n = lep_bytes_some(b, &p, e)) != 0) {
		if (n < 0)
			return (int)n;
		lep_bytes_take(b, (size_t)n);
	}
	return 0;
}
