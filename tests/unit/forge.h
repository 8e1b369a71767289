/* Streams forged frame by frame, with sound checksums and whatever else is asked. */
#ifndef LEP_TESTS_FORGE_H
#define LEP_TESTS_FORGE_H

#include <sys/mman.h>

#include "streams.h"

#include "base/crc32c.h"
#include "stream/wire.h"

/* A stream being forged: what a writer would keep count of. */
struct forge {
	struct lep_buf b;
	size_t start;
	uint32_t head_crc, headers_crc;
	uint64_t sequence, records;
	unsigned char major, minor;
};

/* A frame of any letters; the payload is padded here. */
static inline void forge_frame(struct forge *f, const char *letters, const void *payload, size_t len, uint64_t records)
{
	unsigned char h[64] = {0};
	struct lep_buf p = {0};

	lep_buf_add(&p, payload, len);
	lep_buf_addz(&p, (size_t)(lep_wire_padded(len) - len));
	if (memcmp(letters, "HEAD", 4) == 0) {
		f->start = f->b.len;
		f->sequence = f->records = f->headers_crc = 0;
		f->head_crc = lep_crc32c(0, p.data, p.len);
	}
	memcpy(h, lep_wire_magic, 8);
	h[8] = f->major ? f->major : 1;
	h[9] = f->minor;
	if (f->minor)
		h[57] = 1; /* bytes that a later version has a use for */
	memcpy(h + 12, letters, 4);
	lep_put64(h + 16, len);
	lep_put64(h + 24, f->sequence++);
	lep_put32(h + 32, f->head_crc);
	lep_put32(h + 36, lep_crc32c(0, p.data, p.len));
	lep_put64(h + 40, records);
	lep_put64(h + 48, f->records);
	lep_put32(h + 60, lep_crc32c(0, h, 60));
	if (memcmp(letters, "END ", 4) != 0)
		f->headers_crc = lep_crc32c(f->headers_crc, h, 64);
	lep_buf_add(&f->b, h, 64);
	lep_buf_add(&f->b, p.data, p.len);
	f->records += records;
	lep_buf_release(&p);
}

static inline void forge_head(struct forge *f, const char *text)
{
	forge_frame(f, "HEAD", text, strlen(text), 0);
}

static inline void forge_end(struct forge *f)
{
	unsigned char p[64];
	struct lep_wire_end end = {f->records, f->b.len - f->start + 128, 0, f->headers_crc};

	lep_wire_end_format(p, &end);
	forge_frame(f, "END ", p, LEP_WIRE_END, 0);
}

/* One record of key "k" and a u8 value, for HEAD "one". */
static const char one[] __attribute__((unused)) = "kind data\nfield x\nrole input\ndtype u8\n";

static inline void forge_record(struct forge *f)
{
	unsigned char p[129] = {0};

	p[4] = 1;
	p[64] = 'k';
	p[128] = 7;
	forge_frame(f, "RECS", p, sizeof(p), 1);
}

/* What reading f to its end says: "" if nothing; f is released. */
static inline const char *verdict_with(struct forge *f, const struct lep_reader_options *o)
{
	static struct lep_error e;
	struct lep_reader *r;
	struct lep_frame fr;
	int fd = memfd_create("forged", 0), status;
	char path[32];

	if (fd < 0 || write(fd, f->b.data, f->b.len) != (ssize_t)f->b.len)
		abort();
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	status = lep_reader_open(&r, path, o, &e);
	if (!status) {
		while ((status = lep_reader_next(r, &fr, &e)) > 0)
			;
		lep_reader_close(r);
	}
	close(fd);
	lep_buf_release(&f->b);
	*f = (struct forge){.major = 1};
	if (!status)
		return "";
	return strncmp(e.text, path, strlen(path)) == 0 ? e.text + strlen(path) : e.text;
}

static inline const char *verdict(struct forge *f)
{
	return verdict_with(f, NULL);
}

#define SAYS(text) \
	do { \
		const char *heard = verdict(&f); \
		CHECKF(strcmp(heard, text) == 0, "%s", heard); \
	} while (0)

#endif
