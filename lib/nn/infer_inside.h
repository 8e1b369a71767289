/* Inside of a model in use: what the files infer*.c share. */
#ifndef LEP_NN_INFER_INSIDE_H
#define LEP_NN_INFER_INSIDE_H

#include <stdatomic.h>

#include "nn/beam.h"
#include "nn/feed.h"
#include "nn/infer.h"

/* How a record went. */
enum lep_infer_fate {
	LEP_FATE_FINE,
	LEP_FATE_INPUT,           /* a value of it is not finite, or an id outside its table */
	LEP_FATE_LONG,            /* it has more rows than the network has positions */
	LEP_FATE_MEMORY,          /* its rows are more than the machine can hold */
	LEP_FATE_TEXT,            /* no text can be made; why is in its place */
	LEP_FATE_OUTPUT           /* a value of it is not finite */
};

/* What each thread has to itself. */
struct lep_infer_own {
	struct lep_exec *exec;
	lep_real *output;     /* of one sample */
	struct lep_generator *generator; /* where text is made: one of these */
	struct lep_beam *beam;
	struct lep_buf text;
	struct lep_error error;          /* why the run came to nothing; status 0: it did not */
};

struct lep_inferer {
	struct lep_net *net;
	const struct lep_kernels *k;
	struct lep_threads *pool;
	const struct lep_head *data;
	struct lep_feed feed;
	struct lep_infer_own *own;
	int threads;
	size_t group;             /* samples of a thread at once */
	const char *apply;        /* "softmax", "sigmoid" or NULL */
	double *mean, *deviation; /* numbers were learnt as (value - mean) / deviation; or NULL */
	struct lep_table *table;  /* of the target, or NULL */
	size_t classes, cases;    /* classes 0: numbers */
	size_t outputs;           /* values of the network's output; of a row of it */
	int is_sequence;          /* the output is one */
	int is_text;              /* what is learnt is a text, each id from those before it, */
	int is_single_text;       /* and there is no other: nothing stands before its first id */
	int target;               /* field of that text in the data, or -1 */
	size_t top;
	size_t window;            /* ids of a text that go through at once; 0: all */
	double threshold;
	const struct lep_infer_make *make; /* text is made */
	size_t made;              /* the net's input that it is, where a sequence is made */
	const struct lep_field *text_field; /* what it is like */
	struct lep_text_recipe recipe;
	struct lep_buf *text;     /* by record */
	size_t text_room;
	size_t reach;             /* of sequences (nn/reach.h) */
	size_t nfield;
	struct lep_infer_field *field;
	/* the run */
	const struct lep_frame *frame;
	size_t room;              /* records that fates have room for */
	size_t *before;           /* with windows: those before each record, and of all */
	struct {
		atomic_uchar fate;    /* enum lep_infer_fate; threads may share a record */
		uint16_t input;       /* which one it is about */
		unsigned char is_cut; /* of a sequence that was made: it has no <end> */
	} *fate;
};

/* Where text is made (infer_text.c): the one field, and what each thread needs. */
int lep_infer_make_init(struct lep_inferer *f, const struct lep_model *m, struct lep_error *e);
/* A task of the run: f->group records. */
void lep_infer_make_task(void *ctx, int task, int thread);
/* Before the run: room; after it: the texts of all records as the field's data. */
int lep_infer_make_room(struct lep_inferer *f, struct lep_error *e);
int lep_infer_make_gather(struct lep_inferer *f, struct lep_error *e);

/* Record `at`, or a window of it, as sample s of x, whose rows are reserved; what is not fit
 * is noted as its fate. */
void lep_infer_take(struct lep_inferer *f, struct lep_exec *x, size_t at, const struct lep_window *w, size_t s);

#endif
