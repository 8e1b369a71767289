/*
 * Reader of lep-tensor(5): one for files and pipes (read ahead) and gzip (seen
 * through). Checks everything: damage and truncation are errors with a
 * place ("train.lept: record 512: ...").
 */
#ifndef LEP_STREAM_READER_H
#define LEP_STREAM_READER_H

#include "stream/frame.h"

struct lep_reader;

struct lep_reader_options {
	/* Called before a read that would block, so that a filter hands over what
	 * it has; a negative status ends the reading, a positive result asks to be
	 * called again if so many milliseconds bring nothing. NULL: nothing to do. */
	int (*before_wait)(void *ctx, struct lep_error *e);
	void *ctx;
	int force_terminal;     /* read from a terminal all the same */
	uint64_t records;       /* must be this many in all, if have_records */
	int have_records;
	int spill;              /* for lep_dataset_open: from lep_spill_open, taken, if have_spill */
	int have_spill;
};

/* path NULL or "-" is standard input ("<stdin>"). Reads HEAD. options may be
 * NULL. An ABORT in place of HEAD is LEP_ERR_ABORT with its cause. */
int lep_reader_open(struct lep_reader **out, const char *path, const struct lep_reader_options *options,
	struct lep_error *e) LEP_MUST_USE;

/* A reader of bytes in memory (tests, a compiled-in model); borrowed. */
int lep_reader_open_memory(struct lep_reader **out, const void *data, size_t len, const char *name,
	struct lep_error *e) LEP_MUST_USE;

void lep_reader_close(struct lep_reader *r);   /* NULL is legal */

/* HEAD of the first segment; later ones agree with it in fields and recipes,
 * and their ids are mapped onto its tables. Borrowed until close. */
const struct lep_head *lep_reader_head(const struct lep_reader *r);
const char *lep_reader_name(const struct lep_reader *r);

/*
 * The next frame: 1, or 0 at the proper end of input, or a negative status.
 * The frame is valid until the next call. Upstream's ABORT is LEP_ERR_ABORT; the
 * records before it have been handed out.
 */
int lep_reader_next(struct lep_reader *r, struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

/* 1 if a frame can be had without waiting (bytes are here, or end of input), else 0. */
int lep_reader_ready(struct lep_reader *r);

/* A little of what the next call will have to do, for who waits for something
 * else meanwhile; 0 when there is nothing left. */
int lep_reader_ahead(struct lep_reader *r);

/* Records handed out so far; bytes of input consumed so far. */
uint64_t lep_reader_records(const struct lep_reader *r);
uint64_t lep_reader_bytes(const struct lep_reader *r);

/* An error of status LEP_ERR_ABORT reads "NAME: upstream failed: CAUSE"; this is
 * CAUSE alone, to be passed on in an ABORT of one's own, or NULL for other errors. */
#define LEP_ABORT_MARK ": upstream failed: "
const char *lep_abort_cause(const struct lep_error *e);

/*
 * A whole stream for access in any order: a regular file is mapped, anything
 * else is kept in memory up to `limit` bytes and spilled to an unlinked file
 * (in TMPDIR or /tmp) beyond it. Payload checksums are verified at first use
 * of each frame for mapped files, on arrival otherwise; END is always checked
 * in open.
 */
struct lep_dataset;

/* An unlinked file in TMPDIR or /tmp, for programs that give up the right to
 * make one before they read: its descriptor, or a negative status. */
int lep_spill_open(struct lep_error *e) LEP_MUST_USE;

int lep_dataset_open(struct lep_dataset **out, const char *path, const struct lep_reader_options *options,
	size_t limit, struct lep_error *e) LEP_MUST_USE;
void lep_dataset_close(struct lep_dataset *d);
const struct lep_head *lep_dataset_head(const struct lep_dataset *d);
const char *lep_dataset_name(const struct lep_dataset *d);
uint64_t lep_dataset_count(const struct lep_dataset *d);

/* Record i: the frame that holds it and its number in there. May be called
 * from several threads at once for fixed fields; pointers stay valid until
 * close. Ids are mapped as by the reader. */
int lep_dataset_record(struct lep_dataset *d, uint64_t i, const struct lep_frame **frame, size_t *at,
	struct lep_error *e) LEP_MUST_USE;

/* CRC-32C digest over all records (keys, statuses, values), independent of
 * framing: the same data in other frames have the same digest. */
int lep_dataset_digest(struct lep_dataset *d, uint64_t *digest, struct lep_error *e) LEP_MUST_USE;

#endif
