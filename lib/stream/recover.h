/*
 * What can be saved of a damaged stream: frames are found by their sync words,
 * those that are sound are written again, as a sound stream, with new frame
 * headers and END. Frame headers tell how many records lie before them and in
 * them, END how many there were, so the loss is counted, not guessed.
 */
#ifndef LEP_STREAM_RECOVER_H
#define LEP_STREAM_RECOVER_H

#include "base/output.h"

struct lep_recovery {
	uint64_t kept, lost;   /* records */
	uint64_t damaged;      /* places */
	uint64_t headless;     /* segments whose HEAD is lost; so are their records */
	uint64_t endless;      /* segments without END: more records may be lost */
};

/*
 * path (NULL or "-": standard input) onto out; *found is filled in also where 0
 * records are kept. A stream that was ended by ABORT counts as one without END.
 * LEP_ERR_DATA if there is no sound HEAD: then nothing has been written.
 */
int lep_recover(struct lep_recovery *found, const char *path, struct lep_output *out,
	struct lep_error *e) LEP_MUST_USE;

#endif
