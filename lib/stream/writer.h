/*
 * Writer of lep-tensor(5) onto an output. A frame goes out only when it is
 * whole; nothing is patched later. One of lep_writer_end or lep_writer_abort
 * closes the segment.
 */
#ifndef LEP_STREAM_WRITER_H
#define LEP_STREAM_WRITER_H

#include "base/output.h"
#include "stream/frame.h"

struct lep_writer;

/* Writes HEAD. out and head are borrowed and must outlive the writer. */
int lep_writer_new(struct lep_writer **writer, struct lep_output *out, const struct lep_head *head,
	struct lep_error *e) LEP_MUST_USE;
void lep_writer_free(struct lep_writer *w);

/* One RECORDS frame; columns in the order of the head's fields. n == 0 writes nothing. */
int lep_writer_frame(struct lep_writer *w, const struct lep_frame *fr, struct lep_error *e) LEP_MUST_USE;

int lep_writer_flush(struct lep_writer *w, struct lep_error *e) LEP_MUST_USE;

/* END; the output is flushed, not committed. */
int lep_writer_end(struct lep_writer *w, struct lep_error *e) LEP_MUST_USE;

/* ABORT with the cause, as well as it can be done; errors are ignored. w may
 * be NULL: then ABORT alone goes to out, before any HEAD. */
void lep_writer_abort(struct lep_writer *w, struct lep_output *out, const char *cause);

uint64_t lep_writer_records(const struct lep_writer *w);

#endif
