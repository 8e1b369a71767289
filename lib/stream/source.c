/* Bytes of a stream, from files, pipes and memory. */
#include "stream/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/stop.h"

#define READ_AHEAD ((size_t)256 << 10)
#define LARGE ((size_t)128 << 10)    /* of a need this large only the next header is read ahead */
#define HEADER ((size_t)64)
#define PIPE_SIZE (1 << 20)

struct lep_source {
	char *name;
	struct lep_reader_options options;
	int fd;               /* -1: none */
	int own_fd;
	uint64_t position;
	int end;              /* of input, seen */

	uint64_t size;        /* of a regular file that is read from its beginning, else 0 */
	const unsigned char *map; /* borrowed bytes or, for lep_source_whole, the file; or NULL */
	size_t map_len;

	unsigned char *buf;   /* off..len are here and not yet consumed */
	size_t cap, off, len;
	unsigned char *next;  /* bytes that lep_source_ahead has read: they follow where it was told */
	size_t next_cap, next_len;

	z_stream *z;          /* gzip is seen through */
	unsigned char *packed;
	size_t packed_off, packed_len;
	int between;          /* at the end of a gzip member */
};

static int begin_gzip(struct lep_source *s, struct lep_error *e)
{
	s->z = lep_alloc(1, sizeof(*s->z));
	s->packed = lep_alloc(READ_AHEAD, 1);
	if (!s->z || !s->packed || inflateInit2(s->z, 15 + 16) != Z_OK) {
		lep_free(s->z);
		s->z = NULL;
		return lep_fail_nomem(e, 0);
	}
	return 0;
}

static int is_gzip(const unsigned char *p, size_t n)
{
	return n >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

/* Its size, if the file is what lies here byte by byte; else 0. */
static uint64_t plain_size(const struct lep_source *s, const struct stat *st)
{
	unsigned char start[2];

	if (!S_ISREG(st->st_mode) || lseek(s->fd, 0, SEEK_CUR) != 0 || st->st_size <= 0 ||
		(uint64_t)st->st_size > SIZE_MAX / 2)
		return 0;
	if (pread(s->fd, start, sizeof(start), 0) == 2 && is_gzip(start, sizeof(start)))
		return 0;
	return (uint64_t)st->st_size;
}

static int fill(struct lep_source *s, size_t n, struct lep_error *e);

static int open_fd(struct lep_source *s, const char *path, struct lep_error *e)
{
	struct stat st;

	s->fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	s->own_fd = path != NULL;
	if (s->fd < 0 || fstat(s->fd, &st) != 0)
		return lep_fail_errno(e, "%s", s->name);
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return lep_fail_errno(e, "%s", s->name);
	}
	if (!s->options.force_terminal && isatty(s->fd))
		return lep_fail(e, LEP_ERR_USAGE, "%s: is a terminal", s->name);
	s->size = plain_size(s, &st);
	(void)fcntl(s->fd, F_SETPIPE_SZ, PIPE_SIZE); /* best effort */
	return 0;
}

/* Look at the first two bytes; gzip's go to the decompressor. */
static int detect_gzip(struct lep_source *s, struct lep_error *e)
{
	int status = 0;

	while (!status && s->len < 2 && !s->end)
		status = fill(s, 2, e);
	if (status || !is_gzip(s->buf, s->len))
		return status;
	status = begin_gzip(s, e);
	if (status)
		return status;
	memcpy(s->packed, s->buf, s->len);
	s->packed_len = s->len;
	s->len = 0;
	s->end = 0;
	return 0;
}

int lep_source_open(struct lep_source **out, const char *path,
	const struct lep_reader_options *options, struct lep_error *e)
{
	struct lep_source *s = lep_alloc(1, sizeof(*s));
	int status;

	*out = NULL;
	if (!s)
		return lep_fail_nomem(e, 0);
	s->fd = -1;
	if (path && strcmp(path, "-") == 0)
		path = NULL;
	if (options)
		s->options = *options;
	s->name = lep_strdup(path ? path : "<stdin>");
	status = s->name ? open_fd(s, path, e) : lep_fail_nomem(e, 0);
	/* A filter's head start: what it wrote before may be waited for. */
	if (!status && !s->size)
		status = detect_gzip(s, e);
	if (status) {
		lep_source_close(s);
		return status;
	}
	*out = s;
	return 0;
}

int lep_source_open_memory(struct lep_source **out, const void *data, size_t len, const char *name,
	struct lep_error *e)
{
	struct lep_source *s = lep_alloc(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return lep_fail_nomem(e, 0);
	s->fd = -1;
	s->name = lep_strdup(name);
	s->map = data;
	s->map_len = len;
	if (!s->name) {
		lep_source_close(s);
		return lep_fail_nomem(e, 0);
	}
	*out = s;
	return 0;
}

void lep_source_close(struct lep_source *s)
{
	if (!s)
		return;
	if (s->size && s->map) {
		union { const void *in; void *out; } map = {.in = s->map};

		munmap(map.out, s->map_len);
	}
	if (s->fd >= 0 && s->own_fd)
		close(s->fd);
	if (s->z)
		inflateEnd(s->z);
	lep_free(s->z);
	lep_free(s->packed);
	lep_free(s->buf);
	lep_free(s->next);
	lep_free(s->name);
	lep_free(s);
}

const char *lep_source_name(const struct lep_source *s)
{
	return s->name;
}

uint64_t lep_source_position(const struct lep_source *s)
{
	return s->position;
}

static int readable(const struct lep_source *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	return poll(&p, 1, 0) != 0;
}

/* One read into p: *got bytes, 0 at the end of input. */
static int read_some(struct lep_source *s, void *p, size_t n, size_t *got, struct lep_error *e)
{
	int status;

	*got = 0;
	while (s->options.before_wait && !readable(s)) {
		struct pollfd w = {.fd = s->fd, .events = POLLIN};

		status = lep_stop_check(e);
		if (!status)
			status = s->options.before_wait(s->options.ctx, e);
		if (status < 0)
			return status;
		if (status == 0)
			break;
		(void)poll(&w, 1, status);
	}
	for (;;) {
		ssize_t k;

		status = lep_stop_check(e);
		if (status)
			return status;
		k = read(s->fd, p, n);
		if (k >= 0) {
			*got = (size_t)k;
			return 0;
		}
		if (errno == EAGAIN) {
			struct pollfd w = {.fd = s->fd, .events = POLLIN};

			(void)poll(&w, 1, -1);
		} else if (errno != EINTR) {
			return lep_fail_errno(e, "%s", s->name);
		}
	}
}

/* One step of decompression into the room behind len: some bytes, or more
 * packed input, or the end. */
static int inflate_some(struct lep_source *s, size_t room, struct lep_error *e)
{
	z_stream *z = s->z;
	int ret, status;

	if (s->packed_off == s->packed_len) {
		s->packed_off = 0;
		status = read_some(s, s->packed, READ_AHEAD, &s->packed_len, e);
		if (status)
			return status;
		if (s->packed_len == 0) {
			s->end = 1;
			return s->between ? 0 : lep_fail(e, LEP_ERR_DATA, "%s: truncated gzip data", s->name);
		}
	}
	if (s->between && inflateReset(z) != Z_OK)
		return lep_fail_nomem(e, 0);
	s->between = 0;
	room = room < (1u << 30) ? room : 1u << 30;
	z->next_in = s->packed + s->packed_off;
	z->avail_in = (uInt)(s->packed_len - s->packed_off);
	z->next_out = s->buf + s->len;
	z->avail_out = (uInt)room;
	ret = inflate(z, Z_NO_FLUSH);
	s->packed_off = s->packed_len - z->avail_in;
	s->len += room - z->avail_out;
	s->between = ret == Z_STREAM_END;
	if (ret == Z_MEM_ERROR)
		return lep_fail_nomem(e, 0);
	if (ret != Z_OK && ret != Z_STREAM_END && ret != Z_BUF_ERROR)
		return lep_fail(e, LEP_ERR_DATA, "%s: damaged gzip data: %s", s->name, z->msg ? z->msg : "inflate");
	return 0;
}

/* How large a buffer that holds `here` bytes becomes on the way to n. Memory follows
 * the bytes that there are, whatever n says: at most twice those that came from a
 * pipe, and of a file what is left of it. */
static size_t larger(const struct lep_source *s, size_t here, size_t n)
{
	uint64_t left = s->position < s->size ? s->size - s->position : 0;
	size_t most = n <= left ? n + HEADER : 2 * here;

	if (most > n + HEADER)
		most = n + HEADER;
	return most < READ_AHEAD ? READ_AHEAD : most;
}

/* Room behind len for a need of n in all. */
static int make_room(struct lep_source *s, size_t n, size_t *room, struct lep_error *e)
{
	size_t here = s->len - s->off, want = larger(s, here, n);
	unsigned char *p;

	if (s->off) {
		if (here == 0) {
			s->off = s->len = 0;
		} else if (s->cap - s->off < n + HEADER) {
			memmove(s->buf, s->buf + s->off, here);
			s->len = here;
			s->off = 0;
		}
	}
	if (s->len == s->cap || s->cap < READ_AHEAD) {
		p = lep_grow_buffer(s->buf, s->len, want);
		if (!p)
			return lep_fail(e, LEP_ERR_NOMEM, "%s: out of memory (%zu bytes)", s->name, want);
		s->buf = p;
		s->cap = want;
	}
	*room = s->cap - s->len;
	/* Nobody writes into a pipe while it is read: in pieces, both sides work. */
	if (*room > READ_AHEAD)
		*room = READ_AHEAD;
	if (n >= LARGE && n + HEADER - here < *room)
		*room = n + HEADER - here;
	return 0;
}

/* Some bytes more on the way to a need of n. */
static int fill(struct lep_source *s, size_t n, struct lep_error *e)
{
	size_t room = 0, got = 0;
	int status = make_room(s, n, &room, e);

	if (status)
		return status;
	if (s->z)
		return inflate_some(s, room, e);
	status = read_some(s, s->buf + s->len, room, &got, e);
	s->len += got;
	s->end = !status && got == 0;
	return status;
}

static int became_shorter(const struct lep_source *s, struct lep_error *e)
{
	return lep_fail(e, LEP_ERR_DATA, "%s: the file became shorter while it was read", s->name);
}

int lep_source_check(struct lep_source *s, struct lep_error *e)
{
	struct stat st;

	if (!s->size || !s->map)
		return 0;
	if (fstat(s->fd, &st) != 0)
		return lep_fail_errno(e, "%s", s->name);
	return (uint64_t)st.st_size < s->map_len ? became_shorter(s, e) : 0;
}

/* Bytes that were borrowed: they are all there, in one place. */
static int in_memory(const struct lep_source *s)
{
	return s->map && !s->size;
}

static void give_memory(const struct lep_source *s, size_t n, const unsigned char **data, size_t *have)
{
	size_t left = s->map_len - (size_t)s->position;

	*data = s->map + s->position;
	*have = n < left ? n : left;
}

/* What was read ahead begins at the position, and has all that lay here behind it. */
static void take_next(struct lep_source *s)
{
	unsigned char *p = s->buf;
	size_t cap = s->cap;

	s->buf = s->next;
	s->cap = s->next_cap;
	s->off = 0;
	s->len = s->next_len;
	s->next = p;
	s->next_cap = cap;
	s->next_len = 0;
}

int lep_source_need(struct lep_source *s, size_t n, const unsigned char **data, size_t *have,
	struct lep_error *e)
{
	return lep_source_some(s, n, n, data, have, e);
}

int lep_source_some(struct lep_source *s, size_t n, size_t least, const unsigned char **data, size_t *have,
	struct lep_error *e)
{
	int status = 0;

	if (in_memory(s)) {
		give_memory(s, n, data, have);
		return 0;
	}
	if (s->next_len)
		take_next(s);
	while (s->len - s->off < least && !s->end && !status)
		status = fill(s, n, e);
	*data = s->buf + s->off;
	*have = s->len - s->off < n ? s->len - s->off : n;
	if (!status && *have < least && s->position + *have < s->size)
		status = became_shorter(s, e);
	return status;
}

void lep_source_peek(struct lep_source *s, size_t n, const unsigned char **data, size_t *have, int *end)
{
	int status = 0;

	if (in_memory(s)) {
		give_memory(s, n, data, have);
		*end = *have < n;
		return;
	}
	while (s->len - s->off < n && !s->end && !status &&
		((s->z && s->packed_off < s->packed_len) || readable(s)))
		status = fill(s, n, NULL);
	*data = s->buf + s->off;
	*have = s->len - s->off < n ? s->len - s->off : n;
	*end = status != 0 || (s->end && *have < n);
}

/* Room in `next` for some more on the way to n bytes; like make_room it follows what is here. */
static int next_room(struct lep_source *s, size_t n)
{
	size_t want = larger(s, s->next_len, n);
	unsigned char *p;

	if (s->next_len < s->next_cap && s->next_cap >= READ_AHEAD)
		return 1;
	p = lep_grow_buffer(s->next, s->next_len, want);
	if (!p)
		return 0;
	s->next = p;
	s->next_cap = want;
	return 1;
}

void lep_source_ahead(struct lep_source *s, size_t from, size_t n, const unsigned char **data, size_t *have)
{
	size_t tail, step, got = 0;

	*have = 0;
	if (!s->size || s->len - s->off < from)
		return;
	tail = s->len - s->off - from;
	if (!s->next_len) {
		if (!next_room(s, tail) || s->next_cap < tail)
			return;
		if (tail)
			memcpy(s->next, s->buf + s->off + from, tail);
		s->next_len = tail;
	}
	if (s->next_len < n && !s->end && next_room(s, n)) {
		step = s->next_cap - s->next_len < READ_AHEAD ? s->next_cap - s->next_len : READ_AHEAD;
		if (n >= LARGE && n + HEADER - s->next_len < step)
			step = n + HEADER - s->next_len;
		if (read_some(s, s->next + s->next_len, step, &got, NULL) == 0)
			s->end = got == 0;
		s->next_len += got;
	}
	*data = s->next;
	*have = s->next_len < n ? s->next_len : n;
}

void lep_source_skip(struct lep_source *s, size_t n)
{
	s->position += n;
	if (!in_memory(s))
		s->off += n;
}

const unsigned char *lep_source_whole(struct lep_source *s, size_t *len)
{
	if (s->size && !s->map) {
		void *map = mmap(NULL, (size_t)s->size, PROT_READ, MAP_PRIVATE, s->fd, 0);

		s->map = map == MAP_FAILED ? NULL : map;
		s->map_len = s->map ? (size_t)s->size : 0;
	}
	*len = s->map_len;
	return s->map;
}

int lep_source_file(const struct lep_source *s)
{
	return s->size ? s->fd : -1;
}
