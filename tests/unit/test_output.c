/* Outputs: whole files or none, modes, links, devices, failures. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/output.h"

static char dir[256];

static const char *in_dir(const char *name)
{
	static char path[4][512];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

/* Entries of the folder, without . and .. */
static int entries(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

static int holds(const char *path, const char *text)
{
	char buf[64] = "";
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(buf, 1, sizeof(buf) - 1, f) : 0;

	if (f)
		fclose(f);
	return f && n == strlen(text) && memcmp(buf, text, n) == 0;
}

static void appears_at_commit(void)
{
	struct lep_output *o;
	struct lep_error e;
	struct stat st;

	umask(027);
	CHECKF(lep_output_open(&o, in_dir("new"), &e) == 0, "%s", e.text);
	CHECK(lep_output_write(o, "hello", 5, &e) == 0 && lep_output_flush(o, &e) == 0);
	CHECK(access(in_dir("new"), F_OK) != 0);
	CHECK(entries() == 1);
	CHECK(lep_output_commit(o, &e) == 0);
	lep_output_free(o);
	CHECK(holds(in_dir("new"), "hello"));
	CHECK(stat(in_dir("new"), &st) == 0 && (st.st_mode & 0777) == 0640);
	CHECK(entries() == 1);
	unlink(in_dir("new"));
}

static void vanishes_without_commit(void)
{
	struct lep_output *o;
	struct lep_error e;

	CHECK(lep_output_save(in_dir("old"), "old", 3, &e) == 0);
	CHECK(lep_output_open(&o, in_dir("old"), &e) == 0);
	CHECK(lep_output_write(o, "hello", 5, &e) == 0 && lep_output_flush(o, &e) == 0);
	lep_output_free(o);
	CHECK(entries() == 1);
	CHECK(holds(in_dir("old"), "old"));
	unlink(in_dir("old"));
}

static void keeps_mode_and_link(void)
{
	struct lep_error e;
	struct stat st;

	CHECK(lep_output_save(in_dir("target"), "old", 3, &e) == 0);
	CHECK(chmod(in_dir("target"), 0604) == 0);
	CHECK(symlink("target", in_dir("link")) == 0);
	CHECK(lep_output_save(in_dir("link"), "new", 3, &e) == 0);
	CHECK(lstat(in_dir("link"), &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(holds(in_dir("target"), "new"));
	CHECK(stat(in_dir("target"), &st) == 0 && (st.st_mode & 0777) == 0604);
	unlink(in_dir("target"));
	/* A link to nothing yet makes its target. */
	CHECK(lep_output_save(in_dir("link"), "again", 5, &e) == 0);
	CHECK(holds(in_dir("target"), "again"));
	CHECK(lstat(in_dir("link"), &st) == 0 && S_ISLNK(st.st_mode));
	unlink(in_dir("link"));
	unlink(in_dir("target"));
}

static void fifo_is_written_directly(void)
{
	struct lep_output *o;
	struct lep_error e;
	char buf[8] = "";
	int fd;

	CHECK(mkfifo(in_dir("fifo"), 0600) == 0);
	fd = open(in_dir("fifo"), O_RDONLY | O_NONBLOCK);
	CHECK(fd >= 0);
	CHECK(lep_output_open(&o, in_dir("fifo"), &e) == 0);
	CHECK(lep_output_write(o, "abc", 3, &e) == 0 && lep_output_commit(o, &e) == 0);
	lep_output_free(o);
	CHECK(read(fd, buf, 8) == 3 && memcmp(buf, "abc", 3) == 0);
	close(fd);
	unlink(in_dir("fifo"));
}

static int fails_with(const char *path, const char *cause)
{
	struct lep_output *o;
	struct lep_error e;
	int ok;

	if (lep_output_open(&o, path, &e) == 0) {
		lep_output_free(o);
		return 0;
	}
	ok = e.status == LEP_ERR_IO && strstr(e.text, cause) && strncmp(e.text, path, strlen(path)) == 0;
	if (!ok)
		printf("# %s\n", e.text);
	return ok;
}

static void refuses_at_once(void)
{
	CHECK(fails_with(dir, "Is a directory"));
	CHECK(fails_with(in_dir("none/x"), "No such file"));
	CHECK(fails_with(in_dir("x/"), "Is a directory"));
	CHECK(fails_with("/dev/fd/999", "Bad file descriptor"));
}

static void full_disk(void)
{
	static char big[1 << 20];
	struct lep_output *o;
	struct lep_error e;

	if (access("/dev/full", W_OK) != 0)
		return;
	CHECK(lep_output_open(&o, "/dev/full", &e) == 0);
	CHECK(lep_output_write(o, "abc", 3, &e) == 0);
	CHECK(lep_output_commit(o, &e) == LEP_ERR_IO);
	CHECKF(strcmp(e.text, "/dev/full: No space left on device") == 0, "%s", e.text);
	lep_output_free(o);
	CHECK(lep_output_open(&o, "/dev/full", &e) == 0);
	CHECK(lep_output_write(o, big, sizeof(big), &e) == LEP_ERR_IO);
	lep_output_free(o);
}

/* Parts of all sizes arrive in order, buffered or not. */
static void mixed_sizes(void)
{
	static unsigned char data[1 << 20];
	static const size_t sizes[] = {1, 100, 40000, 3, 32767, 32768, 131072, 5, 200000};
	struct lep_output *o;
	struct lep_error e;
	size_t at = 0;
	FILE *f;
	int same = 1;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 31 + i / 251);
	CHECK(lep_output_open(&o, in_dir("mixed"), &e) == 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++, at += sizes[i - 1])
		CHECK(lep_output_write(o, data + at, sizes[i], &e) == 0);
	CHECK(lep_output_commit(o, &e) == 0);
	lep_output_free(o);
	f = fopen(in_dir("mixed"), "rb");
	CHECK(f);
	for (size_t i = 0; i < at; i++)
		same &= getc(f) == data[i];
	CHECK(same && getc(f) == EOF);
	fclose(f);
	unlink(in_dir("mixed"));
}

#define LENT ((size_t)5000000)

/* LENT bytes, here and in a file, whose descriptor this is; byte i is lent_byte(i). */
static unsigned char lent_byte(size_t i)
{
	return (unsigned char)(i * 7 + i / 4096);
}

static unsigned char lent[LENT];

static int lent_file(void)
{
	struct lep_error e;
	int fd;

	for (size_t i = 0; i < LENT; i++)
		lent[i] = lent_byte(i);
	if (lep_output_save(in_dir("lent"), lent, LENT, &e))
		abort();
	fd = open(in_dir("lent"), O_RDONLY);
	if (fd < 0)
		abort();
	return fd;
}

static int pauses;

/* Ten times there is something else to do. */
static int count_pause(void *ctx)
{
	(void)ctx;
	return ++pauses < 10;
}

/* What a child writes into the pipe: text, a part beginning and ending anywhere, text. */
static void lend_to(const char *path, int file)
{
	struct lep_output *o;
	struct lep_error e;

	if (lep_output_open(&o, path, &e))
		_exit(1);
	if (lep_output_write(o, "begin", 5, &e) || lep_output_lend(o, lent + 100, LENT - 300, file, 100, &e) ||
		lep_output_write(o, "end", 3, &e) || lep_output_lend(o, lent, 10, file, 0, &e) || lep_output_commit(o, &e))
		_exit(2);
	lep_output_free(o);
	_exit(0);
}

static int is_lent(FILE *f)
{
	int same = getc(f) == 'b' && getc(f) == 'e' && getc(f) == 'g' && getc(f) == 'i' && getc(f) == 'n';

	for (size_t i = 100; i < LENT - 200; i++)
		same &= getc(f) == lent_byte(i);
	same &= getc(f) == 'e' && getc(f) == 'n' && getc(f) == 'd';
	for (size_t i = 0; i < 10; i++)
		same &= getc(f) == lent_byte(i);
	return same && getc(f) == EOF;
}

static void lends_to_pipe(int file)
{
	char path[32];
	int fd[2], status;
	pid_t pid;
	FILE *f;

	CHECK(pipe(fd) == 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd[1]);
	pid = fork();
	if (pid == 0)
		lend_to(path, file);
	close(fd[1]);
	usleep(100000); /* the pipe is full by then */
	f = fdopen(fd[0], "rb");
	CHECK(is_lent(f));
	fclose(f);
	CHECKF(waitpid(pid, &status, 0) == pid && status == 0, "%x", status);
}

/* Pages of a file go into a pipe, and into a file, like all else; the bytes
 * themselves where the file has become shorter. */
static void lends(void)
{
	int file = lent_file();
	int status;
	pid_t pid;
	FILE *f;

	lends_to_pipe(file);
	pid = fork();
	if (pid == 0)
		lend_to(in_dir("copy"), file);
	CHECKF(waitpid(pid, &status, 0) == pid && status == 0, "%x", status);
	f = fopen(in_dir("copy"), "rb");
	CHECK(f && is_lent(f));
	fclose(f);
	unlink(in_dir("copy"));
	CHECK(truncate(in_dir("lent"), 600 * 4096) == 0);
	lends_to_pipe(file);
	CHECK(truncate(in_dir("lent"), 0) == 0);
	lends_to_pipe(file);
	close(file);
	unlink(in_dir("lent"));
}

/* While the pipe is full there is something else to do, until there is not. */
static void lends_and_works(void)
{
	int file = lent_file();
	struct lep_output *o;
	struct lep_error e;
	char path[32];
	int fd[2], status;
	pid_t pid;

	CHECK(pipe(fd) == 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd[1]);
	pid = fork();
	if (pid == 0) {
		if (lep_output_open(&o, path, &e))
			_exit(1);
		lep_output_meanwhile(o, count_pause, NULL);
		if (lep_output_lend(o, lent, LENT, file, 0, &e) || lep_output_commit(o, &e))
			_exit(2);
		lep_output_free(o);
		_exit(pauses >= 10 ? 0 : 3);
	}
	close(fd[1]);
	usleep(100000);
	while (read(fd[0], path, sizeof(path)) > 0)
		;
	close(fd[0]);
	CHECKF(waitpid(pid, &status, 0) == pid && status == 0, "%x", status);
	close(file);
	unlink(in_dir("lent"));
}

/* The reader has gone, or the file: one error, and nothing hangs. */
static void lends_in_vain(void)
{
	int file = lent_file();
	void *map = mmap(NULL, LENT, PROT_READ, MAP_PRIVATE, file, 0);
	struct lep_output *o;
	struct lep_error e;
	char path[32];
	int fd[2];

	CHECK(map != MAP_FAILED);
	signal(SIGPIPE, SIG_IGN);
	CHECK(pipe(fd) == 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd[1]);
	CHECK(lep_output_open(&o, path, &e) == 0);
	/* what lies in a mapped file alone is gone with it */
	CHECK(truncate(in_dir("lent"), 0) == 0);
	CHECK(lep_output_write(o, map, LENT, &e) == LEP_ERR_IO && strstr(e.text, "became shorter"));
	munmap(map, LENT);
	close(fd[0]);
	CHECK(lep_output_lend(o, lent, LENT, file, 0, &e) == LEP_ERR_IO && strstr(e.text, "Broken pipe"));
	lep_output_free(o);
	close(fd[1]);
	signal(SIGPIPE, SIG_DFL);
	close(file);
	unlink(in_dir("lent"));
}

static void closed_stdout(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct lep_output *o;
		struct lep_error e;

		close(1);
		if (lep_output_open(&o, NULL, &e) == 0)
			_exit(1);
		_exit(strcmp(e.text, "standard output: Bad file descriptor") == 0 ? 0 : 2);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%.200s/lep-output-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return 1;
	RUN(appears_at_commit);
	RUN(vanishes_without_commit);
	RUN(keeps_mode_and_link);
	RUN(fifo_is_written_directly);
	RUN(refuses_at_once);
	RUN(full_disk);
	RUN(mixed_sizes);
	RUN(lends);
	RUN(lends_and_works);
	RUN(lends_in_vain);
	RUN(closed_stdout);
	rmdir(dir);
	return CHECK_END();
}
