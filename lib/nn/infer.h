/*
 * A model in use: the outputs of records as fields of a stream. What a record
 * yields depends on that record and the model alone, not on those it travels
 * with, nor on threads.
 */
#ifndef LEP_NN_INFER_H
#define LEP_NN_INFER_H

#include "nn/generate.h"

/* Samples that go through the network at once: in one thread at most, and in all. */
#define LEP_INFER_GROUP 16
#define LEP_INFER_SAMPLES 64
#define LEP_INFER_TOP_MAX 100

/* Text that is made. */
struct lep_infer_make {
	struct lep_generate_options next;  /* by a model of next ids */
	/* By one that makes a sequence of what it reads (nn/beam.h): */
	size_t width;
	double penalty;
	size_t most;              /* ids of it at most; 0: nn/reach.h, unless the network's positions end before */
};

struct lep_infer_options {
	const struct lep_infer_make *make; /* text is to be made, in place of all else; NULL: it is not */
	const char *const *layer; /* layers whose values are wanted as well; borrowed */
	size_t nlayer;
	int64_t top;              /* the K most probable classes, most probable first; 0: not wanted */
	size_t window;            /* texts whose next ids are predicted are cut into so many, each
	                           * begun anew; 0: whole */
	double threshold;         /* class is -1 where no class is at least this probable; 0: never */
	int any_recipe;           /* as for lep_feed_init; and the data's classes are no matter */
};

/* What the outputs of a model are called. */
enum lep_infer_role {
	LEP_INFER_PROBABILITY,     /* f32, of each class; of one sigmoid output: of class 1 of two */
	LEP_INFER_CLASS,           /* i32 with the target's table: the most probable, the first of equals */
	LEP_INFER_TOP,             /* i32 with the target's table */
	LEP_INFER_TOP_PROBABILITY, /* f32 */
	LEP_INFER_LOGPROB,         /* f32: of a text, each id's own, given those before it; see below */
	LEP_INFER_PREDICTION,      /* f32: the output for a target of numbers */
	LEP_INFER_LAYER,           /* f32 */
	LEP_INFER_GENERATED,       /* text: how a text that was read goes on */
	LEP_INFER_TRANSLATION      /* text: the sequence made of what was read */
};

/*
 * Sequences. Where the output is one, its fields are too: class and probability
 * of each row. Of a text whose next ids the model learnt there is, for each id
 * but the first, the natural logarithm of its probability and the most probable
 * id in its place; of a sequence to be made, for each id and the <end> behind
 * them.
 *
 * One field of output; borrowed from the inferer.
 */
struct lep_infer_field {
	enum lep_infer_role role;
	const char *name;
	enum lep_dtype dtype;
	struct lep_shape shape;
	struct lep_table *table;
	size_t bytes;              /* of a record; of a row, where it is a sequence */
	unsigned char *data;       /* of the records of the last run, one behind the other */
	size_t *start;             /* a sequence: rows before each record, and behind the last; text: bytes */
	size_t room;               /* bytes of data there is memory for */
	int value;                 /* of the net */
	int axis;                  /* the net's input whose lengths it has, or -1 */
};

/* Rows of a field before record i of the last run. */
static inline size_t lep_infer_start(const struct lep_infer_field *f, size_t i)
{
	return f->start ? f->start[i] : i;
}

struct lep_inferer;

/*
 * Outputs of m (whose weights are packed here) for records with HEAD data; name
 * is the stream's, for messages. All arguments but options are borrowed. The
 * softmax or sigmoid that the model's loss undoes is applied where the
 * network's text leaves it out. Data that hold the target must have the model's
 * classes. LEP_ERR_USAGE for a layer that is not there, or
 * options that this model has no use for.
 */
int lep_inferer_new(struct lep_inferer **out, struct lep_model *m, struct lep_threads *pool,
	const struct lep_head *data, const char *name, const struct lep_infer_options *options,
	struct lep_error *e) LEP_MUST_USE;
void lep_inferer_free(struct lep_inferer *f);

size_t lep_inferer_fields(const struct lep_inferer *f, const struct lep_infer_field **fields);
/* Classes of the target's table, 0 for a target of numbers; how many cases a record has. */
size_t lep_inferer_classes(const struct lep_inferer *f);
size_t lep_inferer_cases(const struct lep_inferer *f);
/* Whether a record has an answer for each row of a sequence. */
int lep_inferer_is_sequence(const struct lep_inferer *f);
/* Bytes of the outputs of a frame's records. */
size_t lep_inferer_bytes(const struct lep_inferer *f, const struct lep_frame *frame);

/* Run all good records of a frame; bad ones have outputs of zeros, as have
 * those that failed. */
int lep_inferer_run(struct lep_inferer *f, const struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

/* Whether the sequence made of record i ends where it does for its length alone. */
int lep_inferer_is_cut(const struct lep_inferer *f, size_t i);

/* Why record i of the last run has no outputs, into e; 0 if it has, or was bad
 * already. A value that is not finite, in the data or the outputs, is why. */
int lep_inferer_failure(const struct lep_inferer *f, size_t i, struct lep_error *e);

#endif
