/*
 * How every program begins, talks and ends. One program runs in a process, so
 * its name, -q and -v are kept here; call from the main thread only.
 *
 *	int main(int argc, char **argv)
 *	{
 *		struct lep_operands ops;
 *		struct lep_error e;
 *		int rc = lep_cli_start(&program, argc, argv, &ops);
 *
 *		if (rc >= 0)
 *			return rc;
 *		return lep_cli_end(run(&ops, &e), &e);
 *	}
 */
#ifndef LEP_CLI_CLI_H
#define LEP_CLI_CLI_H

#include <stdint.h>

#include "base/status.h"
#include "cli/options.h"

/*
 * Opens descriptors 0 to 2 where they are closed (reading or writing them then
 * fails, as it should), restores SIGPIPE, installs the handlers (SIGINT,
 * SIGTERM, SIGHUP: lep_stop_request; SIGBUS: one line, exit 1), parses, and
 * answers --help, --version and --completion. Returns the exit status, or -1 to
 * go on. The rows named "quiet" and "verbose" of the table steer the talk
 * below. ops lives until the process ends.
 */
int lep_cli_start(const struct lep_program *p, int argc, char *const *argv, struct lep_operands *ops)
	LEP_MUST_USE;

/*
 * The end, after everything is released: for status >= 0 standard output is
 * closed and checked; for a failure "program: text" is printed (and, for
 * LEP_ERR_USAGE, where help is found). Returns the exit status. For
 * LEP_ERR_SIGNAL it does not return where the signal is deadly: the shell is
 * to see it.
 */
int lep_cli_end(int status, struct lep_error *e) LEP_MUST_USE;

/* Flush and close standard output if it was used by stdio; a full disk, a
 * descriptor closed from the start and the like show here. */
int lep_stdout_close(struct lep_error *e) LEP_MUST_USE;

/* Standard error, each text in one write; the progress line steps aside.
 * say: a line as it is, silent with -q.
 * warn: "program: ...", silent with -q.
 * explain: "program: ...", where -v was given at least `level` times.
 * error: "program: ...", always. */
void lep_say(const char *fmt, ...) LEP_PRINTF(1, 2);
void lep_warn(const char *fmt, ...) LEP_PRINTF(1, 2);
void lep_explain(int level, const char *fmt, ...) LEP_PRINTF(2, 3);
void lep_error_print(const struct lep_error *e);

int lep_cli_quiet(void);
int lep_cli_verbose(void);

/* Threads to use: j (from -j) if > 0, else LEP_THREADS, else the processors
 * this process may use. LEP_ERR_USAGE for nonsense in LEP_THREADS. */
int lep_cli_threads(int64_t j, struct lep_error *e) LEP_MUST_USE;

/* The instruction set asked for by LEP_ISA, or NULL; the kernel table judges it. */
const char *lep_cli_isa(void);

/* Binary data and terminals: LEP_ERR_USAGE where standard output (path NULL or
 * "-"), or the file named, is a terminal and force is 0. */
int lep_cli_check_output(const char *path, int force, struct lep_error *e) LEP_MUST_USE;
int lep_cli_check_input(const char *path, int force, struct lep_error *e) LEP_MUST_USE;

/* Between cli.c and progress.c: the progress line now on the terminal is
 * wiped by calling hide before other talk; NULL when there is none. */
void lep_cli_progress_line(void (*hide)(void));

#endif
