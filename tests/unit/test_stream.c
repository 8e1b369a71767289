/* Streams written and read back: as memory, file, pipe, gzip. */
#include "check.h"
#include "streams.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <zlib.h>

/* Whether record `at` of the frame is record i of small_head (first table's ids). */
static int is_small(const struct lep_head *h, const struct lep_frame *fr, size_t at, size_t i, size_t names)
{
	static const int second[] = {-1, 2, 0}; /* ids of the second table in the first */
	const struct lep_entry *entry = &fr->entry[at];
	struct lep_shape shape;
	const unsigned char *p;
	char text[32];
	size_t len;
	int id;

	snprintf(text, sizeof(text), "r%zu", i);
	if (entry->key_len != strlen(text) || memcmp(entry->key, text, entry->key_len) != 0)
		return 0;
	if (entry->bad != (i % 5 == 4))
		return 0;
	if (entry->bad) {
		lep_frame_value(h, fr, 1, at, &len, &shape);
		return entry->cause_len == 14 && memcmp(entry->cause, "broken picture", 14) == 0 && len == 0 &&
			shape.extent[0] == 0;
	}
	p = lep_frame_value(h, fr, 0, at, &len, &shape);
	for (size_t k = 0; k < 6; k++)
		if (p[k] != (unsigned char)(i * 7 + k))
			return 0;
	if (len != 6 || shape.rank != 3 || shape.extent[1] != 3)
		return 0;
	p = lep_frame_value(h, fr, 1, at, &len, &shape);
	if (shape.extent[0] != (int64_t)(i % 4) || shape.extent[1] != 2 || len != (i % 4) * 8)
		return 0;
	for (size_t k = 0; k < len / 4; k++) {
		float v;

		lep_to_f32(&v, LEP_F32, p + 4 * k, 1);
		if (v != (float)i + (float)k / 8)
			return 0;
	}
	snprintf(text, sizeof(text), "%.*s\xc3\xa9", (int)(i % 7), "abcdefg");
	p = lep_frame_value(h, fr, 2, at, &len, NULL);
	if (len != strlen(text) || memcmp(p, text, len) != 0)
		return 0;
	p = lep_frame_value(h, fr, 3, at, &len, NULL);
	if (len != 0 || !p)
		return 0;
	p = lep_frame_value(h, fr, 4, at, &len, NULL);
	id = (int)(i % (names + 1)) - 1;
	return len == 4 && (int32_t)lep_get32(p) == (names == 2 ? second[id + 1] : id);
}

/* All of a reader against the formula. */
static int reads_small(struct lep_reader *r, int segments, size_t n)
{
	size_t i = 0;
	struct lep_frame fr;
	struct lep_error e;
	int status;

	while ((status = lep_reader_next(r, &fr, &e)) > 0)
		for (size_t k = 0; k < fr.n; k++, i++)
			if (!is_small(lep_reader_head(r), &fr, k, i, i < n ? 3 : 2))
				return 0;
	if (status)
		printf("# %s\n", e.text);
	return status == 0 && i == n * (size_t)segments && lep_reader_records(r) == i &&
		lep_reader_next(r, &fr, &e) == 0;
}

/* A child that writes bytes into a pipe, `step` at a time; the read end. */
static int piped(const void *data, size_t len, size_t step)
{
	int fd[2];
	pid_t pid;

	if (pipe(fd))
		abort();
	pid = fork();
	if (pid == 0) {
		const char *p = data;

		signal(SIGPIPE, SIG_DFL);
		close(fd[0]);
		while (len) {
			ssize_t k = write(fd[1], p, len < step ? len : step);

			if (k <= 0)
				_exit(1);
			p += k;
			len -= (size_t)k;
		}
		_exit(0);
	}
	close(fd[1]);
	return fd[0];
}

static const char *fd_path(char buf[32], int fd)
{
	snprintf(buf, 32, "/dev/fd/%d", fd);
	return buf;
}

static void memory(void)
{
	struct lep_buf b = small_stream(1, 11, 3);
	struct lep_reader *r;
	struct lep_error e;

	CHECK(lep_reader_open_memory(&r, b.data, b.len, "mem", &e) == 0);
	CHECK(reads_small(r, 1, 11));
	CHECK(lep_reader_bytes(r) == b.len);
	lep_reader_close(r);
	lep_buf_release(&b);
}

static void file_of_segments(void)
{
	struct lep_buf b = small_stream(3, 9, 4);
	struct lep_reader *r;
	struct lep_error e;
	char path[128];

	temp_path(path);
	spit(path, b.data, b.len);
	CHECKF(lep_reader_open(&r, path, NULL, &e) == 0, "%s", e.text);
	CHECK(reads_small(r, 3, 9));
	lep_reader_close(r);
	unlink(path);
	lep_buf_release(&b);
}

static int waits;

static int count_waits(void *ctx, struct lep_error *e)
{
	(void)ctx;
	(void)e;
	waits++;
	return 0;
}

static void pipe_in_steps(void)
{
	static const size_t steps[] = {1, 63, 64, 1000, 1 << 20};
	struct lep_reader_options o = {.before_wait = count_waits};
	struct lep_buf b = small_stream(2, 40, 7);
	struct lep_reader *r;
	struct lep_error e;
	char path[32];

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int fd = piped(b.data, b.len, steps[i]);

		CHECKF(lep_reader_open(&r, fd_path(path, fd), &o, &e) == 0, "%s", e.text);
		CHECK(reads_small(r, 2, 40));
		lep_reader_close(r);
		close(fd);
		wait(NULL);
	}
	CHECK(waits > 0);
	lep_buf_release(&b);
}

static void dataset_any_order(void)
{
	struct lep_buf b = small_stream(2, 40, 3);
	struct lep_reader_options none = {0};
	uint64_t digest[3];
	char path[128], fdpath[32];

	temp_path(path);
	spit(path, b.data, b.len);
	for (int way = 0; way < 3; way++) {
		/* Mapped, kept in memory, spilled. */
		int fd = way ? piped(b.data, b.len, 777) : -1;
		struct lep_dataset *d;
		struct lep_error e;

		CHECKF(lep_dataset_open(&d, way ? fd_path(fdpath, fd) : path, &none, way == 1 ? 1 << 20 : 2000, &e) == 0,
			"%s", e.text);
		CHECK(lep_dataset_count(d) == 80);
		for (size_t k = 0; k < 80; k++) {
			size_t i = k * 37 % 80, at;
			const struct lep_frame *fr;

			CHECKF(lep_dataset_record(d, i, &fr, &at, &e) == 0, "%s", e.text);
			CHECKF(is_small(lep_dataset_head(d), fr, at, i, i < 40 ? 3 : 2), "%zu way %d", i, way);
		}
		CHECK(lep_dataset_digest(d, &digest[way], &e) == 0);
		lep_dataset_close(d);
		if (way) {
			close(fd);
			wait(NULL);
		}
	}
	CHECK(digest[0] == digest[1] && digest[1] == digest[2]);
	unlink(path);
	lep_buf_release(&b);
}

/* More frames than one INDEX holds, and a spill file opened beforehand. */
static void many_frames(void)
{
	struct lep_buf b = small_stream(2, 4500, 1);
	struct lep_reader_options o = {.have_spill = 1};
	char path[128];

	temp_path(path);
	spit(path, b.data, b.len);
	for (int way = 0; way < 2; way++) {
		struct lep_dataset *d;
		struct lep_error e;
		char fdpath[32];
		int fd = way ? piped(b.data, b.len, 65536) : -1;

		o.spill = lep_spill_open(&e);
		CHECKF(o.spill >= 0, "%s", e.text);
		CHECKF(lep_dataset_open(&d, way ? fd_path(fdpath, fd) : path, &o, 100000, &e) == 0, "%s", e.text);
		CHECK(lep_dataset_count(d) == 9000);
		for (size_t k = 0; k < 9000; k += 7) {
			const struct lep_frame *fr;
			size_t at;

			CHECKF(lep_dataset_record(d, k, &fr, &at, &e) == 0, "%s", e.text);
			CHECK(fr->n == 1 && at == 0 && is_small(lep_dataset_head(d), fr, at, k, k < 4500 ? 3 : 2));
		}
		lep_dataset_close(d);
		if (way) {
			close(fd);
			wait(NULL);
		}
	}
	unlink(path);
	lep_buf_release(&b);
}

static struct lep_dataset *shared;

static void *read_shared(void *ctx)
{
	uintptr_t wrong = 0;

	for (size_t k = 0; k < 400; k++) {
		size_t i = (k * 7 + (uintptr_t)ctx * 31) % 400, at;
		const struct lep_frame *fr;

		if (lep_dataset_record(shared, i, &fr, &at, NULL) ||
			!is_small(lep_dataset_head(shared), fr, at, i, i < 200 ? 3 : 2))
			wrong++;
	}
	return (void *)wrong;
}

static void threads(void)
{
	struct lep_buf b = small_stream(2, 200, 3);
	pthread_t t[4];
	struct lep_error e;
	char path[128];

	temp_path(path);
	spit(path, b.data, b.len);
	CHECK(lep_dataset_open(&shared, path, NULL, 0, &e) == 0);
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, read_shared, (void *)i) == 0);
	for (int i = 0; i < 4; i++) {
		void *wrong;

		CHECK(pthread_join(t[i], &wrong) == 0 && !wrong);
	}
	lep_dataset_close(shared);
	unlink(path);
	lep_buf_release(&b);
}

/* Reading a mapped file does not keep its pages. */
static long resident_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "RssFile: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static void pages_are_released(void)
{
	struct lep_shape s = shape_of(1, 1 << 20, 0, 0);
	struct lep_builder *b;
	struct lep_output *out;
	struct lep_writer *w;
	struct lep_reader *r;
	struct lep_frame fr;
	struct lep_head h;
	struct lep_error e;
	char path[128];
	long before, most = 0;
	uint32_t sum = 0;

	temp_path(path);
	lep_head_init(&h);
	CHECK(lep_head_add(&h, 0, "x", LEP_ROLE_INPUT, LEP_U8, &s, NULL, NULL, &e) == 0);
	CHECK(lep_builder_new(&b, &h, &e) == 0 && lep_output_open(&out, path, &e) == 0);
	CHECK(lep_writer_new(&w, out, &h, &e) == 0);
	CHECK(lep_builder_record(b, "x", 1, &e) == 0 && lep_builder_frame(b, &fr, &e) == 0);
	for (int i = 0; i < 48; i++)
		CHECK(lep_writer_frame(w, &fr, &e) == 0);
	CHECK(lep_writer_end(w, &e) == 0 && lep_output_commit(out, &e) == 0);
	lep_writer_free(w);
	lep_output_free(out);
	lep_builder_free(b);
	lep_head_release(&h);
	before = resident_kb();
	CHECK(lep_reader_open(&r, path, NULL, &e) == 0);
	while (lep_reader_next(r, &fr, &e) > 0) {
		sum += fr.column[0].data[0];
		if (resident_kb() > most)
			most = resident_kb();
	}
	CHECK(lep_reader_records(r) == 48 && sum == 0);
	lep_reader_close(r);
	CHECKF(most - before < 16 << 10, "%ld KiB", most - before);
	unlink(path);
}

int main(void)
{
	RUN(memory);
	RUN(file_of_segments);
	RUN(pipe_in_steps);
	RUN(dataset_any_order);
	RUN(many_frames);
	RUN(threads);
	RUN(pages_are_released);
	return CHECK_END();
}
