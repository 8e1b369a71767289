/*
 * Where streams come from: gzip, terminals, folders, files that shrink, pipes
 * that make one wait, lengths that lie.
 */
#include "check.h"
#include "forge.h"

#include <zlib.h>

#include "base/stop.h"

/* Lengths that claim the world are one error, without memory for it. */
static void claims(void)
{
	static const uint64_t lengths[] = {1ull << 30, 1ull << 45, (1ull << 62) - 64, 1ull << 62, ~0ull};

	for (int kind = 0; kind < 2; kind++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			struct forge f = {.major = 1};
			struct lep_reader *r;
			struct lep_frame fr;
			struct lep_error e;
			int fd[2], status;
			unsigned char *h;
			char path[32];

			forge_head(&f, one);
			forge_frame(&f, kind ? "note" : "RECS", NULL, 0, 0);
			h = (unsigned char *)f.b.data + 128;
			lep_put64(h + 16, lengths[i]);
			lep_put64(h + 40, !kind);
			lep_put32(h + 60, lep_crc32c(0, h, 60));
			CHECK(pipe(fd) == 0 && write(fd[1], f.b.data, f.b.len) == (ssize_t)f.b.len);
			close(fd[1]);
			snprintf(path, sizeof(path), "/dev/fd/%d", fd[0]);
			CHECK(lep_reader_open(&r, path, NULL, &e) == 0);
			status = lep_reader_next(r, &fr, &e);
			CHECKF(status == LEP_ERR_DATA, "%d: %s", status, e.text);
			CHECKF(strstr(e.text, "truncated") || strstr(e.text, "more than it may have"), "%s", e.text);
			lep_reader_close(r);
			close(fd[0]);
			lep_buf_release(&f.b);
		}
}

static struct lep_buf gzip_of(const void *data, size_t len)
{
	struct lep_buf b = {0};
	z_stream z = {0};

	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
		lep_buf_reserve(&b, deflateBound(&z, len)))
		abort();
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)b.data;
	z.avail_out = (uInt)b.cap;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	b.len = b.cap - z.avail_out;
	deflateEnd(&z);
	return b;
}

static void gzip(void)
{
	struct forge f = {.major = 1};
	struct lep_buf s = small_stream(2, 30, 4), a, b, text;
	size_t half = s.len / 3;
	const char *said;

	a = gzip_of(s.data, s.len);
	lep_buf_add(&f.b, a.data, a.len);
	SAYS("");
	/* Several members are one stream, wherever they part. */
	lep_buf_release(&a);
	a = gzip_of(s.data, half);
	b = gzip_of(s.data + half, s.len - half);
	lep_buf_add(&f.b, a.data, a.len);
	lep_buf_add(&f.b, b.data, b.len);
	SAYS("");
	for (size_t cut = a.len + 1; cut < a.len + b.len; cut += 13) {
		lep_buf_add(&f.b, a.data, a.len);
		lep_buf_add(&f.b, b.data, cut - a.len);
		said = verdict(&f);
		CHECKF(strcmp(said, ": truncated gzip data") == 0, "%zu: %s", cut, said);
	}
	/* After the first member: whole gzip, truncated stream. */
	lep_buf_add(&f.b, a.data, a.len);
	CHECK(strstr(verdict(&f), "truncated: the stream ends without END"));
	lep_buf_add(&f.b, a.data, a.len);
	lep_buf_add(&f.b, b.data, b.len);
	lep_buf_adds(&f.b, "garbage");
	CHECK(strstr(verdict(&f), ": damaged gzip data"));
	text = gzip_of("hello hello\n", 12);
	lep_buf_add(&f.b, text.data, text.len);
	SAYS(": not a tensor stream, it looks like text");
	lep_buf_release(&text);
	lep_buf_release(&a);
	lep_buf_release(&b);
	lep_buf_release(&s);
}

static void odd_inputs(void)
{
	struct lep_reader *r;
	struct lep_error e;
	char path[128];
	int fd;

	CHECK(lep_reader_open(&r, "/", NULL, &e) == LEP_ERR_IO && strcmp(e.text, "/: Is a directory") == 0);
	CHECK(lep_reader_open(&r, "/nonexistent/x", NULL, &e) == LEP_ERR_IO);
	CHECK(strcmp(e.text, "/nonexistent/x: No such file or directory") == 0);
	fd = posix_openpt(O_RDWR | O_NOCTTY);
	if (fd >= 0 && !grantpt(fd) && !unlockpt(fd) && ptsname(fd)) {
		snprintf(path, sizeof(path), "%s", ptsname(fd));
		CHECKF(lep_reader_open(&r, path, NULL, &e) == LEP_ERR_USAGE && strstr(e.text, ": is a terminal"), "%s", e.text);
	}
	if (fd >= 0)
		close(fd);
}

static void shrinking_file(void)
{
	struct lep_buf b = small_stream(1, 3000, 1);
	struct lep_dataset *d;
	struct lep_reader *r;
	const struct lep_frame *p;
	struct lep_frame fr;
	struct lep_error e;
	char path[128];
	size_t at;
	int status;

	temp_path(path);
	spit(path, b.data, b.len);
	CHECK(lep_reader_open(&r, path, NULL, &e) == 0 && lep_reader_next(r, &fr, &e) == 1);
	CHECK(lep_dataset_open(&d, path, NULL, 0, &e) == 0);
	CHECK(truncate(path, 4096) == 0);
	while ((status = lep_reader_next(r, &fr, &e)) == 1)
		;
	CHECKF(status == LEP_ERR_DATA && strstr(e.text, "the file became shorter while it was read"), "%s", e.text);
	CHECK(lep_dataset_record(d, 2999, &p, &at, &e) == LEP_ERR_DATA);
	CHECKF(strstr(e.text, "the file became shorter while it was read"), "%s", e.text);
	lep_dataset_close(d);
	lep_reader_close(r);
	unlink(path);
	lep_buf_release(&b);
}

static int is_in_file(const struct lep_frame *fr)
{
	static unsigned char room[1 << 20];

	return fr->payload_bytes <= sizeof(room) && fr->file >= 0 &&
		pread(fr->file, room, fr->payload_bytes, (off_t)fr->file_at) == (ssize_t)fr->payload_bytes &&
		memcmp(room, fr->payload, fr->payload_bytes) == 0;
}

/* Reads a file's frames, `work` steps of the next one ahead of each; counts those
 * that are like the ones in memory, and lie in the file where they say. */
static int frames_ahead(const char *path, const struct lep_buf *b, int work, int *status, struct lep_error *e)
{
	struct lep_reader *file, *memory;
	struct lep_frame fr, same;
	int n = 0;

	if (lep_reader_open(&file, path, NULL, e) || lep_reader_open_memory(&memory, b->data, b->len, "x", e))
		abort();
	while ((*status = lep_reader_next(file, &fr, e)) == 1 && lep_reader_next(memory, &same, NULL) == 1) {
		int left = work;

		while (lep_reader_ready(file) && left-- > 0 && lep_reader_ahead(file))
			;
		n += fr.payload_bytes == same.payload_bytes && memcmp(fr.payload, same.payload, fr.payload_bytes) == 0 &&
			is_in_file(&fr) && same.file < 0;
	}
	lep_reader_close(file);
	lep_reader_close(memory);
	return n;
}

/* What is read ahead is what is read: frames below and above what is read at once. */
static void read_ahead(void)
{
	static const size_t packs[] = {1, 700, 3500};

	for (size_t p = 0; p < 3; p++) {
		struct lep_buf b = small_stream(2, 7000, packs[p]);
		const int frames = 2 * (int)(7000 / packs[p]);
		char path[128];

		temp_path(path);
		spit(path, b.data, b.len);
		for (int work = 0; work < 5; work++) {
			struct lep_error e;
			int status, n = frames_ahead(path, &b, work == 4 ? 1000 : work, &status, &e);

			CHECKF(status == 0 && n == frames, "%zu %d: %d", packs[p], work, n);
		}
		b.data[b.len / 2 + 20000] ^= 1;
		spit(path, b.data, b.len);
		for (int work = 0; work < 5; work++) {
			struct lep_error e;
			int status, n = frames_ahead(path, &b, work == 4 ? 1000 : work, &status, &e);

			CHECKF(status == LEP_ERR_DATA && n < frames && strstr(e.text, "byte "), "%zu %d: %d", packs[p], work, n);
		}
		unlink(path);
		lep_buf_release(&b);
	}
}

static int stop_now(void *ctx, struct lep_error *e)
{
	(void)ctx;
	return lep_fail(e, LEP_ERR_SIGNAL, "asked to");
}

/* ready tells whether next would wait; a callback ends the wait. */
static void ready_or_waiting(void)
{
	struct lep_reader_options o = {.before_wait = stop_now};
	struct forge f = {.major = 1};
	struct lep_reader *r;
	struct lep_frame fr;
	struct lep_error e;
	size_t records, end;
	char path[32];
	int fd[2];

	forge_head(&f, one);
	forge_record(&f);
	records = f.b.len;
	forge_frame(&f, "note", "x", 1, 0);
	forge_record(&f);
	end = f.b.len;
	forge_end(&f);
	CHECK(pipe(fd) == 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd[0]);
	CHECK(lep_reader_open(&r, path, &o, &e) == LEP_ERR_SIGNAL && strcmp(e.text, "asked to") == 0);
	CHECK(write(fd[1], f.b.data, records - 1) > 0);
	CHECK(lep_reader_open(&r, path, NULL, &e) == 0);
	CHECK(!lep_reader_ready(r));
	CHECK(write(fd[1], f.b.data + records - 1, 1) == 1);
	CHECK(lep_reader_ready(r) && lep_reader_next(r, &fr, &e) == 1);
	CHECK(!lep_reader_ready(r));
	CHECK(write(fd[1], f.b.data + records, 128) == 128);
	CHECK(!lep_reader_ready(r)); /* a note is no record */
	CHECK(write(fd[1], f.b.data + records + 128, end - records - 128) > 0);
	CHECK(lep_reader_ready(r) && lep_reader_next(r, &fr, &e) == 1);
	CHECK(write(fd[1], f.b.data + end, f.b.len - end) > 0);
	CHECK(!lep_reader_ready(r)); /* another segment may follow */
	close(fd[1]);
	CHECK(lep_reader_ready(r) && lep_reader_next(r, &fr, &e) == 0);
	lep_reader_close(r);
	close(fd[0]);
	lep_buf_release(&f.b);
}

static void interrupted(void)
{
	struct lep_buf b = small_stream(1, 3, 1);
	struct lep_reader *r;
	struct lep_frame fr;
	struct lep_error e;

	CHECK(lep_reader_open_memory(&r, b.data, b.len, "x", &e) == 0);
	lep_stop_request(15);
	CHECK(lep_reader_next(r, &fr, &e) == LEP_ERR_SIGNAL && strcmp(e.text, "terminated") == 0);
	lep_stop_clear();
	lep_reader_close(r);
	lep_buf_release(&b);
}

int main(void)
{
	RUN(claims);
	RUN(gzip);
	RUN(odd_inputs);
	RUN(shrinking_file);
	RUN(read_ahead);
	RUN(ready_or_waiting);
	RUN(interrupted);
	return CHECK_END();
}
