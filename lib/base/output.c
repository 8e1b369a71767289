/*
 * Outputs: standard output, a device or pipe written directly, or a file that
 * is written beside its target and takes its place in one step.
 */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"

#define BUFFER ((size_t)128 << 10)
#define LARGE ((size_t)32 << 10) /* from here on a copy costs more than a call */
#define PIPE_SIZE (1 << 20)

struct lep_output {
	char *name;    /* for messages */
	int fd;
	int is_stdout;
	int dir;       /* the target's folder, -1 if written directly */
	char *temp;    /* name within dir, to be removed unless committed */
	char *base;    /* name within dir that it becomes */
	int takes_pages; /* a pipe */
	int (*work)(void *ctx); /* of lep_output_meanwhile */
	void *ctx;
	size_t used;
	unsigned char *buffer;
};

static void release(struct lep_output *o)
{
	if (o->temp && o->dir >= 0)
		unlinkat(o->dir, o->temp, 0);
	if (o->fd >= 0 && !o->is_stdout)
		close(o->fd);
	if (o->dir >= 0)
		close(o->dir);
	lep_free(o->temp);
	lep_free(o->base);
	lep_free(o->name);
	lep_free(o->buffer);
	lep_free(o);
}

static int open_stdout(struct lep_output *o, struct lep_error *e)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	/* Closed by the caller, or its number taken by something opened to read. */
	if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) {
		flags = -1;
		errno = EBADF;
	}
	if (flags < 0)
		return lep_fail_errno(e, "standard output");
	o->fd = STDOUT_FILENO;
	o->is_stdout = 1;
	return 0;
}

/* A name that stands for a descriptor of ours: its number, else -1. */
static int descriptor(const char *path)
{
	static const char *const prefix[] = {"/dev/fd/", "/proc/self/fd/"};
	char *end;
	long n;

	if (strcmp(path, "/dev/stdout") == 0)
		return STDOUT_FILENO;
	if (strcmp(path, "/dev/stderr") == 0)
		return STDERR_FILENO;
	for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++) {
		size_t len = strlen(prefix[i]);

		if (strncmp(path, prefix[i], len) != 0 || path[len] < '0' || path[len] > '9')
			continue;
		errno = 0;
		n = strtol(path + len, &end, 10);
		if (*end == '\0' && errno == 0 && n <= INT_MAX)
			return (int)n;
	}
	return -1;
}

/* The path of the file that will be replaced: links followed, also where the
 * last of them points to nothing yet. Caller frees (with free). */
static char *resolve(const char *path, int depth)
{
	char link[PATH_MAX], next[PATH_MAX], *real = realpath(path, NULL);
	const char *slash = strrchr(path, '/');
	ssize_t n;
	int len;

	if (real || errno != ENOENT || depth > 40)
		return real;
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return errno == EINVAL || errno == ENOENT ? strdup(path) : NULL;
	link[n] = '\0';
	if (link[0] == '/' || !slash)
		len = snprintf(next, sizeof(next), "%s", link);
	else
		len = snprintf(next, sizeof(next), "%.*s/%s", (int)(slash - path), path, link);
	if (len < 0 || (size_t)len >= sizeof(next)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return resolve(next, depth + 1);
}

/* Create a new file in the folder; its mode comes from the umask. */
static int create_temp(struct lep_output *o)
{
	char name[NAME_MAX + 1];

	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), ".%.200s.%ld-%d", o->base, (long)getpid(), i);
		o->fd = openat(o->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (o->fd >= 0) {
			o->temp = lep_strdup(name);
			if (o->temp)
				return 0;
			unlinkat(o->dir, name, 0);
			errno = ENOMEM;
			return -1;
		}
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

static int open_aside(struct lep_output *o, const char *target, const struct stat *old)
{
	const char *slash = strrchr(target, '/');
	char *folder = slash ? strndup(target, slash == target ? 1 : (size_t)(slash - target)) : strdup(".");

	o->base = lep_strdup(slash ? slash + 1 : target);
	if (!folder || !o->base) {
		free(folder);
		errno = ENOMEM;
		return -1;
	}
	if (o->base[0] == '\0') {
		free(folder);
		errno = EISDIR;
		return -1;
	}
	o->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (o->dir < 0 || create_temp(o))
		return -1;
	return old ? fchmod(o->fd, old->st_mode & 0777) : 0;
}

static int open_path(struct lep_output *o, const char *path, struct lep_error *e)
{
	int number = descriptor(path), status = -1, exists;
	struct stat st;
	char *target;

	if (number >= 0) {
		o->fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
		return o->fd >= 0 ? 0 : lep_fail_errno(e, "%s", path);
	}
	target = resolve(path, 0);
	if (!target)
		return lep_fail_errno(e, "%s", path);
	exists = stat(target, &st) == 0;
	if (exists && S_ISDIR(st.st_mode))
		errno = EISDIR;
	else if (exists && access(target, W_OK) != 0)
		status = -1;
	else if (exists && !S_ISREG(st.st_mode))
		status = (o->fd = open(target, O_WRONLY | O_CLOEXEC | O_NOCTTY)) < 0 ? -1 : 0;
	else if (exists || errno == ENOENT)
		status = open_aside(o, target, exists ? &st : NULL);
	if (status)
		lep_fail_errno(e, "%s", path);
	free(target);
	return status ? LEP_ERR_IO : 0;
}

/*
 * Whether a write into a pipe behind pages of a file cannot end up in that file:
 * not from Linux 5.17 on. (CVE-2022-0847; older ones may be mended, or be too old to
 * have it, but do not say so.)
 */
static int kernel_is_mended(void)
{
	struct utsname u;
	char *rest;
	long major, minor;

	if (uname(&u) != 0)
		return 0;
	major = strtol(u.release, &rest, 10);
	minor = *rest == '.' ? strtol(rest + 1, NULL, 10) : 0;
	return major > 5 || (major == 5 && minor >= 17);
}

int lep_output_open(struct lep_output **out, const char *path, struct lep_error *e)
{
	struct lep_output *o = lep_alloc(1, sizeof(*o));
	int is_stdout = !path || strcmp(path, "-") == 0, status;

	*out = NULL;
	if (!o)
		return lep_fail_nomem(e, 0);
	o->fd = o->dir = -1;
	o->name = lep_strdup(is_stdout ? "<stdout>" : path);
	o->buffer = lep_alloc(BUFFER, 1);
	if (!o->name || !o->buffer)
		status = lep_fail_nomem(e, 0);
	else
		status = is_stdout ? open_stdout(o, e) : open_path(o, path, e);
	if (status) {
		release(o);
		return status;
	}
	/* Best effort: an unprivileged user may be over the limit. */
	if (fcntl(o->fd, F_GETPIPE_SZ) > 0) {
		(void)fcntl(o->fd, F_SETPIPE_SZ, PIPE_SIZE);
		o->takes_pages = kernel_is_mended();
	}
	*out = o;
	return 0;
}

/* All of both parts, however the kernel takes them. An interrupting signal
 * does not cut a frame in two: whoever writes asks for it between frames. */
static int send_parts(struct lep_output *o, const void *a, size_t alen, const void *b, size_t blen,
	struct lep_error *e)
{
	union { const void *in; void *out; } pa = {.in = a}, pb = {.in = b};
	struct iovec v[2] = {{pa.out, alen}, {pb.out, blen}};

	while (v[0].iov_len + v[1].iov_len) {
		int first = v[0].iov_len == 0;
		ssize_t n = writev(o->fd, v + first, 2 - first);
		size_t left;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = {.fd = o->fd, .events = POLLOUT};

			(void)poll(&p, 1, -1);
			continue;
		}
		if (n < 0 && errno == EFAULT)
			return lep_fail(e, LEP_ERR_IO, "%s: what was to be written is gone: its file became shorter", o->name);
		if (n < 0)
			return lep_fail_errno(e, "%s", o->name);
		left = (size_t)n;
		for (int i = 0; i < 2; i++) {
			size_t k = left < v[i].iov_len ? left : v[i].iov_len;

			v[i].iov_base = (char *)v[i].iov_base + k;
			v[i].iov_len -= k;
			left -= k;
		}
	}
	return 0;
}

int lep_output_write(struct lep_output *o, const void *data, size_t len, struct lep_error *e)
{
	int status;

	if (len < LARGE && len <= BUFFER - o->used) {
		if (len)
			memcpy(o->buffer + o->used, data, len);
		o->used += len;
		return 0;
	}
	if (len >= LARGE) {
		status = send_parts(o, o->buffer, o->used, data, len, e);
		o->used = 0;
		return status;
	}
	status = lep_output_flush(o, e);
	if (!status) {
		memcpy(o->buffer, data, len);
		o->used = len;
	}
	return status;
}

void lep_output_meanwhile(struct lep_output *o, int (*work)(void *ctx), void *ctx)
{
	o->work = work;
	o->ctx = ctx;
}

/* Until the pipe has room, or nobody reads it any more. */
static void wait_for_room(struct lep_output *o)
{
	struct pollfd p = {.fd = o->fd, .events = POLLOUT};

	while (poll(&p, 1, 0) == 0)
		if (!o->work || !o->work(o->ctx)) {
			(void)poll(&p, 1, -1);
			return;
		}
}

/*
 * The pages in the pipe are the file's. If somebody changes the file before the
 * reader takes them, the reader gets the change, as it would have a moment
 * earlier; the checksums before and behind it tell.
 */
int lep_output_lend(struct lep_output *o, const void *data, size_t len, int fd, uint64_t at, struct lep_error *e)
{
	loff_t from = (loff_t)at;
	size_t done = 0;
	int status;

	if (!o->takes_pages || len < LARGE)
		return lep_output_write(o, data, len, e);
	wait_for_room(o);
	status = lep_output_flush(o, e);
	while (!status && done < len) {
		ssize_t n = splice(fd, &from, o->fd, NULL, len - done, SPLICE_F_NONBLOCK);

		if (n > 0) {
			done += (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			wait_for_room(o);
		} else if (n == 0 || errno != EINTR) {
			/* A file system or sandbox without it, or a file that has become
			 * shorter; other causes a write meets too. */
			o->takes_pages = 0;
			return lep_output_write(o, (const char *)data + done, len - done, e);
		}
	}
	return status;
}

int lep_output_flush(struct lep_output *o, struct lep_error *e)
{
	int status = send_parts(o, o->buffer, o->used, NULL, 0, e);

	o->used = 0;
	return status;
}

int lep_output_commit(struct lep_output *o, struct lep_error *e)
{
	int status = lep_output_flush(o, e), fd = o->fd;

	if (status)
		return status;
	if (o->temp && fsync(fd) != 0)
		return lep_fail_errno(e, "%s", o->name);
	o->fd = -1;
	if (close(fd) != 0 && errno != EINTR)
		return lep_fail_errno(e, "%s", o->name);
	if (!o->temp)
		return 0;
	if (renameat(o->dir, o->temp, o->dir, o->base) != 0)
		return lep_fail_errno(e, "%s", o->name);
	lep_free(o->temp);
	o->temp = NULL;
	/* Some file systems cannot sync a folder; the file is in place by now. */
	if (fsync(o->dir) != 0 && errno != EINVAL && errno != EROFS)
		return lep_fail_errno(e, "%s", o->name);
	return 0;
}

void lep_output_free(struct lep_output *o)
{
	if (o)
		release(o);
}

const char *lep_output_name(const struct lep_output *o)
{
	return o->name;
}

int lep_output_is_direct(const struct lep_output *o)
{
	return o->dir < 0;
}

int lep_output_is_terminal(const struct lep_output *o)
{
	return o->fd >= 0 && isatty(o->fd);
}

int lep_output_save(const char *path, const void *data, size_t len, struct lep_error *e)
{
	struct lep_output *o;
	int status = lep_output_open(&o, path, e);

	if (status)
		return status;
	status = lep_output_write(o, data, len, e);
	if (!status)
		status = lep_output_commit(o, e);
	lep_output_free(o);
	return status;
}
