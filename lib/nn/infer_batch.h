/*
 * Frames of a stream through a model: collected until they are worth a run,
 * then given out one by one as they came, with the outputs added. The frames
 * given out depend on those that came in, never on how they were collected.
 */
#ifndef LEP_NN_INFER_BATCH_H
#define LEP_NN_INFER_BATCH_H

#include "nn/infer.h"

/* A batch is run early when its records take this many bytes. */
#define LEP_INFER_BATCH_BYTES ((size_t)8 << 20)

/* What becomes of a record without outputs; one that came in bad is no failure. */
enum lep_infer_bad {
	LEP_INFER_FAIL,  /* the first failure is an error; bad records go out as they came */
	LEP_INFER_SKIP,  /* neither goes out */
	LEP_INFER_KEEP   /* goes out as a bad record with the cause */
};

struct lep_infer_batch_options {
	size_t records;       /* run when so many are here */
	int outputs_only;     /* leave the fields of the input out */
	enum lep_infer_bad bad;
	/* A frame to be given out; the head is lep_infer_batch_head's. */
	int (*emit)(void *ctx, const struct lep_frame *frame, struct lep_error *e);
	/* A record that failed and is skipped or kept as bad, or came in bad and is
	 * skipped: "NAME: record 7 (KEY): cause". May be NULL. */
	void (*note)(void *ctx, const char *text);
	void *ctx;
};

struct lep_infer_batch;

/* f, data (its HEAD) and name are borrowed. A field of the input with the name
 * of an output is replaced if its role is output, else LEP_ERR_USAGE. */
int lep_infer_batch_new(struct lep_infer_batch **out, struct lep_inferer *f, const struct lep_head *data,
	const char *name, const struct lep_infer_batch_options *options, struct lep_error *e) LEP_MUST_USE;
void lep_infer_batch_free(struct lep_infer_batch *b);

/* HEAD of what goes out: kind, notes and fields of the input, then the outputs.
 * The caller may add notes before the first frame. */
struct lep_head *lep_infer_batch_head(struct lep_infer_batch *b);

/* A frame, copied; runs the batch if it is full. */
int lep_infer_batch_add(struct lep_infer_batch *b, const struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

/* Run what is here and give it out. After an error what stood before it has
 * been given out. */
int lep_infer_batch_run(struct lep_infer_batch *b, struct lep_error *e) LEP_MUST_USE;

size_t lep_infer_batch_waiting(const struct lep_infer_batch *b);  /* records */

struct lep_infer_counts {
	uint64_t records;     /* that came */
	uint64_t bad;         /* of those: came in bad */
	uint64_t failed;      /* without outputs for another reason */
	uint64_t cut;         /* with a sequence that became too long (lep_inferer_is_cut) */
};
const struct lep_infer_counts *lep_infer_batch_counts(const struct lep_infer_batch *b);

#endif
