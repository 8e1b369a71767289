/* Landlock by its system calls; the constants are Linux's, stated here because
 * the headers of a system may be older than its kernel. */
#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

enum { /* the numbers are the same on every architecture */
	CREATE_RULESET = 444,
	ADD_RULE = 445,
	RESTRICT_SELF = 446,
	ASK_VERSION = 1,
	RULE_PATH_BENEATH = 1
};

enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	CHANGES = 0x1ff << 4, /* remove and make entries of every kind */
	REFER = 1 << 13,      /* version 2: rename and link between folders */
	TRUNCATE = 1 << 14,   /* version 3 */
	TCP = 3,              /* version 4: bind, connect */
	SCOPES = 3            /* version 6: abstract sockets, signals */
};

struct ruleset {
	uint64_t files, network, scopes;
};

struct path_rule {
	uint64_t access;
	int32_t parent;
} __attribute__((packed));

static const uint64_t for_file = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE;

static int allow(int ruleset, const char *path, uint64_t access)
{
	struct path_rule rule = { .access = access };
	struct stat st;
	int rc = -1;

	rule.parent = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent < 0)
		return 0; /* opening it later will say why */
	if (!fstat(rule.parent, &st)) {
		if (!S_ISDIR(st.st_mode))
			rule.access &= for_file;
		/* A right that is not withheld cannot be granted. */
		rc = rule.access ? (int)syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) : 0;
	}
	close(rule.parent);
	return rc;
}

static int restrict_to(const struct ruleset *set, size_t size, const char *const *read, size_t nread,
	const char *const *write, size_t nwrite)
{
	int fd = (int)syscall(CREATE_RULESET, set, size, 0);
	uint64_t reads = set->files & (READ_FILE | READ_DIR);
	uint64_t writes = set->files & (WRITE_FILE | CHANGES | REFER | TRUNCATE);
	int bad = fd < 0;
	size_t i;

	for (i = 0; read && i < nread && !bad; i++)
		bad = allow(fd, read[i], reads);
	for (i = 0; i < nwrite && !bad; i++)
		bad = allow(fd, write[i], writes | reads);
#ifdef __SANITIZE_ADDRESS__
	/* The leak check at the end walks the threads' list. */
	bad = bad || allow(fd, "/proc", reads);
#endif
	/* Where talk and data may go although they were not opened by us. */
	bad = bad || allow(fd, "/dev/null", (reads | writes) & for_file);
	bad = bad || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	bad = bad || syscall(RESTRICT_SELF, fd, 0);
	if (fd >= 0)
		close(fd);
	return bad ? -1 : 0;
}

int lep_sandbox(const char *const *read, size_t nread, const char *const *write, size_t nwrite,
	char note[LEP_SANDBOX_NOTE])
{
	long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
	struct ruleset set = { .files = EXECUTE | WRITE_FILE | CHANGES };
	size_t size = sizeof(set.files);

	if (version < 1) {
		snprintf(note, LEP_SANDBOX_NOTE, "rights not dropped: this kernel has no Landlock (%s)",
			strerror(errno));
		return 0;
	}
	if (read)
		set.files |= READ_FILE | READ_DIR;
	if (version >= 2)
		set.files |= REFER;
	if (version >= 3)
		set.files |= TRUNCATE;
	if (version >= 4) {
		set.network = TCP;
		size = 2 * sizeof(uint64_t);
	}
	if (version >= 6) {
		set.scopes = SCOPES;
		size = sizeof(set);
	}
	if (restrict_to(&set, size, read, nread, write, nwrite)) {
		snprintf(note, LEP_SANDBOX_NOTE, "rights not dropped: Landlock: %s", strerror(errno));
		return 0;
	}
	snprintf(note, LEP_SANDBOX_NOTE, "rights dropped by Landlock %ld: reads %s, writes in %zu folder%s",
		version, read ? "only what was named" : "anything", nwrite, nwrite == 1 ? "" : "s");
	return 1;
}

char *lep_sandbox_folder(const char *file)
{
	char *real = realpath(file, NULL);
	char *copy = lep_strdup(real ? real : file);
	char *slash;

	free(real);
	slash = copy ? strrchr(copy, '/') : NULL;
	if (slash) {
		slash[slash == copy] = '\0';
		return copy;
	}
	lep_free(copy);
	return copy ? lep_strdup(".") : NULL;
}
