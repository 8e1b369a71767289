/*
 * Giving up rights before foreign bytes are read: Landlock, where the kernel
 * has it. Descriptors that are open stay as they are.
 */
#ifndef LEP_CLI_SANDBOX_H
#define LEP_CLI_SANDBOX_H

#include <stddef.h>

enum { LEP_SANDBOX_NOTE = 256 };

/*
 * From here on this process reads only beneath the paths in read (anywhere if
 * read is NULL; nowhere if nread is 0 and read is not), makes and writes files
 * only in the folders in write, runs no programs and opens no TCP connections.
 * A file's own name may stand in read; names that do not exist are passed over.
 * An output already open in a folder must have that folder in write, because
 * its final name is given later.
 *
 * Before the first thread: only the calling thread and its children are bound.
 * Best effort, never an error: 1 if the kernel enforces all of it, 0 if not;
 * note says what was done, for -v.
 */
int lep_sandbox(const char *const *read, size_t nread, const char *const *write, size_t nwrite,
	char note[LEP_SANDBOX_NOTE]);

/* The folder that a file name stands in, for `write`; caller frees, NULL if
 * out of memory. Links are followed, as lep_output does: the folder is the
 * final file's. */
char *lep_sandbox_folder(const char *file);

#endif
