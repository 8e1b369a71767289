/*
 * Status codes and the one error record of the library.
 *
 * Every function that can fail returns an int: 0 is success (or a count >= 0),
 * a negative value is one of enum lep_status. Where a function takes a
 * struct lep_error it fills in a text "place: cause" (file first where one is
 * known), lower case, one line, no full stop; the caller prints it after its
 * own name. The library itself never prints and never exits.
 */
#ifndef LEP_BASE_STATUS_H
#define LEP_BASE_STATUS_H

#include <stdarg.h>

enum lep_status {
	LEP_OK = 0,
	LEP_ERR_IO = -1,      /* the operating system refused: errno text last */
	LEP_ERR_DATA = -2,    /* bytes that are not what they should be */
	LEP_ERR_NOMEM = -3,
	LEP_ERR_USAGE = -4,   /* the caller asked for something that has no meaning */
	LEP_ERR_ABORT = -5,   /* the stream was ended by ABORT upstream */
	LEP_ERR_SIGNAL = -6,  /* SIGINT or SIGTERM arrived; see base/stop.h */
	LEP_ERR_UNMET = -7    /* a stated requirement is not met */
};

#define LEP_ERROR_MAX 2048

struct lep_error {
	enum lep_status status;
	char text[LEP_ERROR_MAX];
};

#if defined(__GNUC__)
#define LEP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define LEP_MUST_USE __attribute__((warn_unused_result))
#else
#define LEP_PRINTF(f, a)
#define LEP_MUST_USE
#endif

/* A short name of a status for people ("bad data"); never NULL. */
const char *lep_strerror(int status);

/* The exit status that a program ends with for this status: 0, 1, 2 or 3. */
int lep_exit_status(int status);

/*
 * Fill in e (which may be NULL) and return status, so that callers write
 * `return lep_fail(e, LEP_ERR_DATA, "%s: ...", name)`. Control characters in
 * the result are replaced by `\xNN`, so that a hostile file name cannot steer
 * a terminal. A text that is already in e may be an argument.
 */
int lep_fail(struct lep_error *e, int status, const char *fmt, ...) LEP_PRINTF(3, 4);

/* The same with ": " and strerror(errno) behind it; the status is LEP_ERR_IO,
 * or LEP_ERR_NOMEM where errno is ENOMEM. */
int lep_fail_errno(struct lep_error *e, const char *fmt, ...) LEP_PRINTF(2, 3);

/* "out of memory"; bytes is what was asked for, 0 if unknown. */
int lep_fail_nomem(struct lep_error *e, double bytes);

/* Put "prefix: " in front of the text of e; returns e->status. */
int lep_fail_at(struct lep_error *e, const char *fmt, ...) LEP_PRINTF(2, 3);

#endif
