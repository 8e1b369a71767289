/* A stream kept: in memory up to a limit, in an unlinked file beyond it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stream/dataset.h"
#include "stream/payload.h"

struct lep_store {
	unsigned char *data;  /* anonymous memory, or at the end the mapped spill file */
	size_t len, cap, limit;
	int spill;            /* -1: not needed so far */
	int spare;            /* a file opened beforehand, -1: none */
};

#define FIRST_STEP ((size_t)1 << 20)

static const char *folder(void)
{
	const char *dir = secure_getenv("TMPDIR");

	return dir && dir[0] ? dir : "/tmp";
}

int lep_spill_open(struct lep_error *e)
{
	const char *dir = folder();
	char path[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), n;

	if (fd >= 0)
		return fd;
	/* A file system without nameless files. */
	n = snprintf(path, sizeof(path), "%s/lep-XXXXXX", dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		errno = ENAMETOOLONG;
	else
		fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return lep_fail_errno(e, "a temporary file in %s", dir);
	unlink(path);
	return fd;
}

void lep_store_free(struct lep_store *s)
{
	if (!s)
		return;
	if (s->data)
		munmap(s->data, s->cap);
	if (s->spill >= 0)
		close(s->spill);
	if (s->spare >= 0)
		close(s->spare);
	lep_free(s);
}

static int write_all(int fd, const unsigned char *p, size_t n, struct lep_error *e)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return lep_fail_errno(e, "a temporary file in %s", folder());
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* Everything so far to the file, and on from there. */
static int begin_spill(struct lep_store *s, struct lep_error *e)
{
	int status;

	s->spill = s->spare;
	s->spare = -1;
	if (s->spill < 0)
		s->spill = lep_spill_open(e);
	if (s->spill < 0)
		return s->spill;
	status = write_all(s->spill, s->data, s->len, e);
	if (s->data)
		munmap(s->data, s->cap);
	s->data = NULL;
	s->cap = 0;
	return status;
}

/* Grow without a copy: the kernel moves pages. */
static int grow(struct lep_store *s, size_t need, struct lep_error *e)
{
	size_t cap = s->cap ? s->cap : FIRST_STEP;
	void *p;

	while (cap < need)
		cap *= 2;
	if (s->data)
		p = mremap(s->data, s->cap, cap, MREMAP_MAYMOVE);
	else
		p = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return lep_fail_nomem(e, (double)cap);
	s->data = p;
	s->cap = cap;
	return 0;
}

static int append(struct lep_store *s, const unsigned char *p, size_t n, struct lep_error *e)
{
	int status = 0;

	if (s->spill < 0 && n > s->limit - s->len)
		status = begin_spill(s, e);
	if (!status && s->spill >= 0)
		status = write_all(s->spill, p, n, e);
	else if (!status && n > s->cap - s->len)
		status = grow(s, s->len + n, e);
	if (status)
		return status;
	if (s->spill < 0)
		memcpy(s->data + s->len, p, n);
	s->len += n;
	return 0;
}

static int map_spill(struct lep_store *s, struct lep_error *e)
{
	void *p;

	if (s->spill < 0 || s->len == 0)
		return 0;
	p = mmap(NULL, s->len, PROT_READ, MAP_SHARED, s->spill, 0);
	if (p == MAP_FAILED)
		return lep_fail_errno(e, "a temporary file in %s", folder());
	s->data = p;
	s->cap = s->len;
	return 0;
}

/* The frame at hand with its ids mapped, in a copy: what is kept needs no map. */
static int mapped_copy(const struct lep_reader *r, const struct lep_wire *w, const struct lep_id_map *maps,
	unsigned char *copy, struct lep_error *e)
{
	const struct lep_head *head = lep_reader_head(r);
	void *room = lep_alloc(lep_payload_room(head, (size_t)w->records), 1);
	struct lep_column *columns;
	struct lep_frame frame;
	int status;

	if (!room)
		return lep_fail_nomem(e, 0);
	status = lep_payload_parse(&frame, &columns, room, head, maps, w, copy + LEP_WIRE_HEADER, e);
	if (!status)
		lep_payload_map_ids(head, &frame, columns, maps, NULL);
	lep_free(room);
	return status;
}

static int keep_frame(struct lep_dataset *d, const struct lep_reader *r, struct lep_error *e)
{
	const struct lep_id_map *maps;
	struct lep_wire w;
	const unsigned char *raw = lep_reader_raw(r, &w, &maps);
	size_t total = LEP_WIRE_HEADER + (size_t)lep_wire_padded(w.payload);
	unsigned char *copy = NULL;
	int status = 0;

	if (maps) {
		copy = lep_alloc(total, 1);
		if (!copy)
			return lep_fail_nomem(e, (double)total);
		memcpy(copy, raw, total);
		status = mapped_copy(r, &w, maps, copy, e);
	}
	if (!status)
		status = lep_dataset_push(d, d->store->len, w.records, e);
	if (!status)
		status = append(d->store, copy ? copy : raw, total, e);
	lep_free(copy);
	return status;
}

int lep_dataset_keep(struct lep_dataset *d, struct lep_reader *r, size_t limit, int spill,
	struct lep_error *e)
{
	struct lep_frame frame;
	int status;

	d->store = lep_alloc(1, sizeof(*d->store));
	if (!d->store) {
		if (spill >= 0)
			close(spill);
		return lep_fail_nomem(e, 0);
	}
	*d->store = (struct lep_store){.limit = limit, .spill = -1, .spare = spill};
	while ((status = lep_reader_next(r, &frame, e)) > 0) {
		status = keep_frame(d, r, e);
		if (status)
			break;
	}
	if (!status)
		status = map_spill(d->store, e);
	d->base = d->store->data;
	return status;
}
