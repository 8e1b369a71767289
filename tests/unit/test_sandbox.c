/* lib/cli/sandbox.c, each case in a child, because there is no way back. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/sandbox.h"

static char top[64] = "/tmp/lep-sandbox.XXXXXX";
static char in[96], out[96], in_file[128], out_file[128], part_file[128], aside[96];

static int can(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* In a child: 0 as expected, 77 no Landlock here, else the line that failed. */
#define EXPECT(x) \
	do { \
		if (!(x)) \
			_exit(__LINE__ % 70 + 1); \
	} while (0)

static void child_named(void)
{
	const char *reads[] = { in, "/nonexistent" }, *writes[] = { out };
	char note[LEP_SANDBOX_NOTE];
	char link_name[64];
	int fd = open(out, O_TMPFILE | O_WRONLY, 0600);

	/* As an output does: written nameless or beside, named when it is whole. */
	snprintf(link_name, sizeof(link_name), "/proc/self/fd/%d", fd);
	EXPECT(can(part_file, O_RDWR | O_CREAT));
	if (!lep_sandbox(reads, 2, writes, 1, note))
		_exit(77);
	EXPECT(can(in_file, O_RDONLY) && can(in, O_RDONLY | O_DIRECTORY));
	EXPECT(!can(in_file, O_WRONLY) && errno == EACCES);
	EXPECT(!can(aside, O_RDONLY) && errno == EACCES);
	EXPECT(!can("/nonexistent", O_RDONLY) && errno == ENOENT);
	EXPECT(can("/dev/null", O_WRONLY));
	EXPECT(unlink(in_file) && errno == EACCES);
	EXPECT(fd < 0 || write(fd, "x", 1) == 1);
	EXPECT(fd < 0 || !linkat(AT_FDCWD, link_name, AT_FDCWD, out_file, AT_SYMLINK_FOLLOW));
	EXPECT(!rename(part_file, out_file) && can(out_file, O_RDWR));
	EXPECT(can(part_file, O_RDWR | O_CREAT) && !unlink(part_file)); /* begun only now, too */
	execl("/bin/true", "true", (char *)NULL);
	EXPECT(errno == EACCES);
	_exit(0);
}

static void child_anywhere(void)
{
	char note[LEP_SANDBOX_NOTE];

	if (!lep_sandbox(NULL, 0, NULL, 0, note))
		_exit(77);
	EXPECT(can(aside, O_RDONLY) && can(in_file, O_RDONLY));
	EXPECT(!can(out_file, O_RDWR | O_CREAT));
	_exit(0);
}

static void child_nowhere(void)
{
	char note[LEP_SANDBOX_NOTE];

	if (!lep_sandbox((const char *const[]){ NULL }, 0, NULL, 0, note))
		_exit(77);
	EXPECT(!can(aside, O_RDONLY) && !can("/", O_RDONLY));
	_exit(0);
}

static void in_child(const char *name, void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		body();
		_exit(99);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		printf("# %s: no Landlock here\n", name);
	else
		CHECKF(WEXITSTATUS(status) == 0, "%s: status %d", name, WEXITSTATUS(status));
}

static void test_folder(void)
{
	static const struct {
		const char *file, *folder;
	} cases[] = { { "a", "." }, { "a/b", "a" }, { "/nonexistent", "/" }, { "x/y/z", "x/y" } };
	size_t i;
	char *f;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f = lep_sandbox_folder(cases[i].file);
		CHECKF(f && !strcmp(f, cases[i].folder), "%s", cases[i].file);
		lep_free(f);
	}
	f = lep_sandbox_folder(in_file);
	CHECK(f && strstr(in, f));
	lep_free(f);
}

static int make_file(const char *path)
{
	return !can(path, O_RDWR | O_CREAT);
}

int main(void)
{
	if (!mkdtemp(top))
		return EXIT_FAILURE;
	snprintf(in, sizeof(in), "%s/in", top);
	snprintf(out, sizeof(out), "%s/out", top);
	snprintf(in_file, sizeof(in_file), "%s/f", in);
	snprintf(out_file, sizeof(out_file), "%s/f", out);
	snprintf(part_file, sizeof(part_file), "%s/part", out);
	snprintf(aside, sizeof(aside), "%s/aside", top);
	if (mkdir(in, 0700) || mkdir(out, 0700) || make_file(in_file) || make_file(aside))
		return EXIT_FAILURE;
	CHECK_CASE("named", in_child("named", child_named));
	unlink(out_file);
	CHECK_CASE("anywhere", in_child("anywhere", child_anywhere));
	CHECK_CASE("nowhere", in_child("nowhere", child_nowhere));
	RUN(test_folder);
	unlink(in_file);
	unlink(aside);
	rmdir(in);
	rmdir(out);
	rmdir(top);
	return CHECK_END();
}
