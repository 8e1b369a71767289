/*
 * Damage: every bit of a small stream flipped, every cut, for the reader on
 * memory, pipe and file and for the dataset. None may pass, and what is handed
 * out before must be right.
 */
#include "check.h"
#include "streams.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static struct lep_buf good;
static size_t first_segment;   /* bytes; a cut there leaves a whole stream */
static int memory_file;         /* as good as a file, without a disk */
static char path[32];

/* All frames of r; the status. r is closed. */
static int drain(struct lep_reader *r, struct lep_error *e)
{
	struct lep_frame fr;
	int status;

	while ((status = lep_reader_next(r, &fr, e)) > 0)
		;
	lep_reader_close(r);
	return status;
}

static int by_memory(const char *data, size_t len, struct lep_error *e)
{
	struct lep_reader *r;
	int status = lep_reader_open_memory(&r, data, len, "x", e);

	return status ? status : drain(r, e);
}

/* The stream is smaller than a pipe holds, so one process is enough. */
static int by_pipe(const char *data, size_t len, struct lep_error *e)
{
	struct lep_reader *r;
	int fd[2], status;
	char name[32];

	if (pipe(fd) || write(fd[1], data, len) != (ssize_t)len)
		abort();
	close(fd[1]);
	snprintf(name, sizeof(name), "/dev/fd/%d", fd[0]);
	status = lep_reader_open(&r, name, NULL, e);
	if (!status)
		status = drain(r, e);
	close(fd[0]);
	return status;
}

/* What is longer: another process writes it, in odd pieces. */
static int by_writer(const char *data, size_t len, struct lep_error *e)
{
	struct lep_reader *r;
	int fd[2], status;
	char name[32];
	pid_t child;

	if (pipe(fd) || (child = fork()) < 0)
		abort();
	if (child == 0) {
		close(fd[0]);
		for (size_t at = 0, n; at < len; at += n) {
			n = len - at < 100003 ? len - at : 100003;
			if (write(fd[1], data + at, n) != (ssize_t)n)
				break;
		}
		_exit(0);
	}
	close(fd[1]);
	snprintf(name, sizeof(name), "/dev/fd/%d", fd[0]);
	status = lep_reader_open(&r, name, NULL, e);
	close(fd[0]);
	if (!status)
		status = drain(r, e);
	if (waitpid(child, NULL, 0) != child)
		abort();
	return status;
}

static void rewrite(const char *data, size_t len)
{
	if (ftruncate(memory_file, 0) || pwrite(memory_file, data, len, 0) != (ssize_t)len)
		abort();
}

static int by_file(const char *data, size_t len, struct lep_error *e)
{
	struct lep_reader *r;
	int status;

	rewrite(data, len);
	status = lep_reader_open(&r, path, NULL, e);
	return status ? status : drain(r, e);
}

static int by_dataset(const char *data, size_t len, struct lep_error *e)
{
	struct lep_dataset *d;
	int status;

	rewrite(data, len);
	status = lep_dataset_open(&d, path, NULL, 0, e);
	if (status)
		return status;
	for (uint64_t i = 0; i < lep_dataset_count(d) && !status; i++) {
		const struct lep_frame *fr;
		size_t at;

		status = lep_dataset_record(d, i, &fr, &at, e);
	}
	lep_dataset_close(d);
	return status;
}

typedef int read_fn(const char *data, size_t len, struct lep_error *e);

static int is_failure(int status, const struct lep_error *e)
{
	return status == LEP_ERR_DATA && e->text[0];
}

static void every_bit(read_fn *read, size_t step)
{
	struct lep_error e = {0};
	char *b = lep_alloc(good.len, 1);

	memcpy(b, good.data, good.len);
	CHECKF(read(b, good.len, &e) == 0, "%s", e.text);
	for (size_t i = 0; i < good.len * 8; i += step) {
		int status;

		b[i / 8] ^= (char)(1 << i % 8);
		status = read(b, good.len, &e);
		CHECKF(is_failure(status, &e), "bit %zu of byte %zu: %d", i % 8, i / 8, status);
		b[i / 8] ^= (char)(1 << i % 8);
	}
	lep_free(b);
}

static void every_cut(read_fn *read)
{
	struct lep_error e = {0};

	for (size_t n = 0; n < good.len; n++) {
		int status = read(good.data, n, &e);

		if (n == first_segment)
			CHECK(status == 0);
		else
			CHECKF(is_failure(status, &e), "cut at %zu: %d", n, status);
	}
}

/* A frame that is checked in several pieces: a bit of each, cuts in each. */
static void long_frame(read_fn *read)
{
	struct lep_error e = {0};
	char *b = lep_alloc(good.len, 1);
	int status;

	memcpy(b, good.data, good.len);
	CHECKF(read(b, good.len, &e) == 0, "%s", e.text);
	for (size_t i = 1; i < 20; i++) {
		const size_t at = good.len / 20 * i;

		b[at] ^= 4;
		status = read(b, good.len, &e);
		CHECKF(is_failure(status, &e) && strstr(e.text, "damaged frame 'RECS"), "byte %zu: %d %s", at, status, e.text);
		b[at] ^= 4;
		status = read(b, at, &e);
		CHECKF(is_failure(status, &e) && strstr(e.text, "truncated"), "cut at %zu: %d %s", at, status, e.text);
	}
	lep_free(b);
}

int main(void)
{
	struct lep_buf one = small_stream(1, 7, 3);

	memory_file = memfd_create("damage", 0);
	if (memory_file < 0)
		return 1;
	snprintf(path, sizeof(path), "/dev/fd/%d", memory_file);
	first_segment = one.len;
	lep_buf_release(&one);
	good = small_stream(2, 7, 3);
	printf("# %zu bytes\n", good.len);
	CHECK_CASE("every bit, memory", every_bit(by_memory, 1));
	CHECK_CASE("every bit, pipe", every_bit(by_pipe, 1));
	CHECK_CASE("every bit, mapped file", every_bit(by_file, 1));
	CHECK_CASE("every bit, dataset", every_bit(by_dataset, 1));
	CHECK_CASE("every cut, memory", every_cut(by_memory));
	CHECK_CASE("every cut, pipe", every_cut(by_pipe));
	CHECK_CASE("every cut, mapped file", every_cut(by_file));
	CHECK_CASE("every cut, dataset", every_cut(by_dataset));
	lep_buf_release(&good);
	good = small_stream(1, 20000, 20000);
	printf("# %zu bytes\n", good.len);
	signal(SIGPIPE, SIG_IGN);
	CHECK_CASE("a long frame, memory", long_frame(by_memory));
	CHECK_CASE("a long frame, pipe", long_frame(by_writer));
	CHECK_CASE("a long frame, file", long_frame(by_file));
	lep_buf_release(&good);
	return CHECK_END();
}
