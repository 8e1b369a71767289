/* Sound frames out of damage. */
#include "stream/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/mem.h"
#include "stream/segment.h"
#include "stream/wire.h"

/* The segment that the frames at hand belong to. */
struct piece {
	int begun;              /* a frame of it was seen */
	uint32_t head_crc;
	int written;            /* its HEAD is out: its records can be used */
	uint64_t sequence;      /* of the last frame seen */
	uint64_t next;          /* records accounted for */
	uint64_t known;         /* records that there are at least */
	/* as written */
	uint64_t out_sequence, out_records, out_length;
	uint32_t out_headers_crc;
};

struct recovery {
	const unsigned char *data;
	size_t len;
	struct lep_output *out;
	struct lep_recovery *found;
	const unsigned char *head; /* frame of the last sound HEAD */
	struct lep_wire head_wire;
	struct piece piece;
};

static int put(struct recovery *rc, struct lep_wire w, const unsigned char *payload, struct lep_error *e)
{
	unsigned char header[LEP_WIRE_HEADER];
	struct piece *p = &rc->piece;
	size_t padded = (size_t)lep_wire_padded(w.payload);
	int r;

	w.sequence = p->out_sequence++;
	w.first = p->out_records;
	w.head_crc = p->head_crc;
	lep_wire_format(header, &w);
	if (w.type != LEP_WIRE_ENDS)
		p->out_headers_crc = lep_crc32c(p->out_headers_crc, header, sizeof(header));
	p->out_records += w.records;
	p->out_length += sizeof(header) + padded;
	r = lep_output_write(rc->out, header, sizeof(header), e);
	return r ? r : lep_output_write(rc->out, payload, padded, e);
}

static int finish_piece(struct recovery *rc, const struct lep_wire_end *end, struct lep_error *e)
{
	struct piece *p = &rc->piece;
	struct lep_wire w = {.type = LEP_WIRE_ENDS, .payload = LEP_WIRE_END};
	unsigned char payload[64];
	uint64_t there = end && end->records > p->next ? end->records : p->known > p->next ? p->known : p->next;
	struct lep_wire_end ours;
	int r = 0;

	if (!p->begun)
		return 0;
	rc->found->lost += there - p->next;
	rc->found->kept += p->out_records;
	rc->found->headless += !p->written;
	rc->found->endless += !end;
	if (p->written) {
		ours = (struct lep_wire_end){.records = p->out_records,
			.length = p->out_length + LEP_WIRE_HEADER + 64, .headers_crc = p->out_headers_crc};
		lep_wire_end_format(payload, &ours);
		w.payload_crc = lep_crc32c(0, payload, sizeof(payload));
		r = put(rc, w, payload, e);
	}
	*p = (struct piece){0};
	return r;
}

/* A segment begins, with its HEAD or, where that is lost, with another frame. */
static int begin_piece(struct recovery *rc, uint32_t head_crc, struct lep_error *e)
{
	rc->piece = (struct piece){.begun = 1, .head_crc = head_crc};
	if (!rc->head || rc->head_wire.head_crc != head_crc)
		return 0;
	rc->piece.written = 1;
	return put(rc, rc->head_wire, rc->head + LEP_WIRE_HEADER, e);
}

/* A frame that belongs to no segment so far, or goes back in it, begins one. */
static int enter(struct recovery *rc, const struct lep_wire *w, struct lep_error *e)
{
	struct piece *p = &rc->piece;
	int r;

	if (p->begun && p->head_crc == w->head_crc && w->sequence > p->sequence) {
		p->sequence = w->sequence;
		return 0;
	}
	r = finish_piece(rc, NULL, e);
	if (!r)
		r = begin_piece(rc, w->head_crc, e);
	p->sequence = w->sequence;
	return r;
}

static int take_records(struct recovery *rc, const struct lep_wire *w, const unsigned char *payload,
	struct lep_error *e)
{
	struct piece *p = &rc->piece;

	if (!p->written || w->first < p->next)
		return 0;
	rc->found->lost += w->first - p->next;
	p->next = w->first + w->records;
	return put(rc, *w, payload, e);
}

/* A whole, sound frame. */
static int take(struct recovery *rc, const struct lep_wire *w, const unsigned char *frame, struct lep_error *e)
{
	const unsigned char *payload = frame + LEP_WIRE_HEADER;
	struct lep_wire_end end;
	int r;

	if (w->type == LEP_WIRE_HEAD) {
		r = finish_piece(rc, NULL, e);
		rc->head = frame;
		rc->head_wire = *w;
		return r ? r : begin_piece(rc, w->head_crc, e);
	}
	if (w->type == LEP_WIRE_ABRT)
		return finish_piece(rc, NULL, e);
	r = enter(rc, w, e);
	if (r)
		return r;
	if (w->type == LEP_WIRE_RECS)
		return take_records(rc, w, payload, e);
	if (w->type == LEP_WIRE_ENDS && !lep_wire_end_parse(&end, payload, NULL))
		return finish_piece(rc, &end, e);
	return 0;
}

/* Whether a sound frame header stands here. */
static int sound_header(const struct recovery *rc, size_t at, struct lep_wire *w)
{
	return rc->len - at >= LEP_WIRE_HEADER && !lep_wire_parse(w, rc->data + at, NULL);
}

/* Behind damage at `at`: where the next sound header stands. */
static size_t resume(const struct recovery *rc, size_t at, size_t guess)
{
	struct lep_wire w;

	if (guess > at && guess < rc->len && sound_header(rc, guess, &w))
		return guess;
	for (at++; at < rc->len; at++) {
		const unsigned char *p = memmem(rc->data + at, rc->len - at, lep_wire_magic, sizeof(lep_wire_magic));

		if (!p)
			return rc->len;
		at = (size_t)(p - rc->data);
		if (sound_header(rc, at, &w))
			return at;
	}
	return rc->len;
}

static int scan(struct recovery *rc, struct lep_error *e)
{
	size_t at = 0;
	int r = 0;

	while (at < rc->len && !r) {
		struct lep_wire w;
		size_t guess = 0;

		if (sound_header(rc, at, &w)) {
			uint64_t padded = lep_wire_padded(w.payload);

			guess = padded < rc->len - at - LEP_WIRE_HEADER ? at + LEP_WIRE_HEADER + (size_t)padded : 0;
			if (padded <= rc->len - at - LEP_WIRE_HEADER &&
				!lep_wire_check(&w, rc->data + at + LEP_WIRE_HEADER, NULL)) {
				r = take(rc, &w, rc->data + at, e);
				at += LEP_WIRE_HEADER + (size_t)padded;
				continue;
			}
			/* Its header still says how many records there were. */
			if (w.type == LEP_WIRE_RECS) {
				r = enter(rc, &w, e);
				if (rc->piece.known < w.first + w.records)
					rc->piece.known = w.first + w.records;
			}
		}
		rc->found->damaged++;
		at = resume(rc, at, guess);
	}
	return r ? r : finish_piece(rc, NULL, e);
}

/* A first look: is there any sound HEAD? */
static int has_head(const struct recovery *rc)
{
	struct lep_wire w;

	for (size_t at = 0; at < rc->len; at = resume(rc, at, 0))
		if (sound_header(rc, at, &w) && w.type == LEP_WIRE_HEAD &&
			lep_wire_padded(w.payload) <= rc->len - at - LEP_WIRE_HEADER &&
			!lep_wire_check(&w, rc->data + at + LEP_WIRE_HEADER, NULL))
			return 1;
	return 0;
}

static int read_all(struct lep_buf *b, int fd, const char *name, struct lep_error *e)
{
	for (;;) {
		ssize_t n;

		if (lep_buf_reserve(b, (size_t)1 << 16))
			return lep_fail_nomem(e, (double)b->len);
		n = read(fd, b->data + b->len, (size_t)1 << 16);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lep_fail_errno(e, "%s", name);
		if (n == 0)
			return 0;
		b->len += (size_t)n;
	}
}

static int recover_fd(struct recovery *rc, int fd, const char *name, struct lep_error *e)
{
	struct lep_buf b = {0};
	void *map = MAP_FAILED;
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		rc->len = (size_t)st.st_size;
	}
	if (map == MAP_FAILED) {
		r = read_all(&b, fd, name, e);
		rc->len = b.len;
	}
	rc->data = map == MAP_FAILED ? (const unsigned char *)b.data : map;
	if (!r && !has_head(rc))
		r = lep_fail(e, LEP_ERR_DATA, "%s: no sound header: nothing can be recovered", name);
	if (!r)
		r = scan(rc, e);
	if (map != MAP_FAILED)
		munmap(map, rc->len);
	lep_buf_release(&b);
	return r;
}

int lep_recover(struct lep_recovery *found, const char *path, struct lep_output *out, struct lep_error *e)
{
	int std = !path || strcmp(path, "-") == 0, fd, r;
	const char *name = std ? "<stdin>" : path;
	struct recovery rc = {.out = out, .found = found};

	*found = (struct lep_recovery){0};
	fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return lep_fail_errno(e, "%s", name);
	r = recover_fd(&rc, fd, name, e);
	if (!std)
		close(fd);
	return r;
}
