/*
 * Where a program's data go: standard output, or a file that appears whole or
 * not at all. A regular or new file is written beside its final target (links
 * followed), synced and renamed by lep_output_commit; a FIFO, device or
 * /dev/stdout is written directly. Bytes are buffered (128 KiB); lep_output_flush hands
 * them over. All functions return 0 or a negative status with e filled in;
 * after a failure only lep_output_free makes sense.
 */
#ifndef LEP_BASE_OUTPUT_H
#define LEP_BASE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct lep_output;

/* path NULL or "-": standard output (name "<stdout>"); a pipe is asked for
 * 1 MiB. A folder, a missing permission fail here, not after the work. */
int lep_output_open(struct lep_output **out, const char *path, struct lep_error *e) LEP_MUST_USE;

/* Large parts go out with one writev and without a copy; data must stay put
 * until this returns. */
int lep_output_write(struct lep_output *o, const void *data, size_t len, struct lep_error *e) LEP_MUST_USE;
/* The same for bytes that are also those of the regular file fd from `at` on: a pipe
 * takes its pages as they are, and its reader's copy is the only one. */
int lep_output_lend(struct lep_output *o, const void *data, size_t len, int fd, uint64_t at,
	struct lep_error *e) LEP_MUST_USE;
/* What to do while lep_output_lend finds the pipe full: a little at a time, and 0
 * when there is nothing left to do. */
void lep_output_meanwhile(struct lep_output *o, int (*work)(void *ctx), void *ctx);
int lep_output_flush(struct lep_output *o, struct lep_error *e) LEP_MUST_USE;

/* Flush, sync, rename, sync the folder; for standard output flush and close.
 * A failing close (full disk) is reported here. The object stays until free. */
int lep_output_commit(struct lep_output *o, struct lep_error *e) LEP_MUST_USE;

/* Free; what was not committed to a file is removed. NULL is legal. */
void lep_output_free(struct lep_output *o);

/* For messages: the path, or "<stdout>". Borrowed. */
const char *lep_output_name(const struct lep_output *o);
/* Whether bytes go straight to where they belong (a pipe, a device), not aside. */
int lep_output_is_direct(const struct lep_output *o);
int lep_output_is_terminal(const struct lep_output *o);

/* A whole file at once, written aside and renamed: checkpoints, pictures. */
int lep_output_save(const char *path, const void *data, size_t len, struct lep_error *e) LEP_MUST_USE;

#endif
