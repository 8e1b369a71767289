/*
 * A network: description text (lep-model(5)) to a graph of operations, its
 * parameters, and running it forward and backward.
 *
 * A batch of samples is cut into at most LEP_BLOCKS fixed blocks; everything
 * that is summed over samples is summed within blocks and then over blocks in
 * order, so that no result depends on threads. Values of all samples of a
 * batch lie one behind the other: sample s of value v at v + s * size.
 *
 * Sequences, values whose first extent differs from sample to sample, follow
 * the lengths of one input. The rows of all samples of a batch lie one behind
 * the other, without padding: nothing is computed for it, and nothing of it can
 * get into a result. Their size is that of one row, and sample s begins at
 * v + lep_exec_row(x, v, s) * size.
 */
#ifndef LEP_NN_NET_H
#define LEP_NN_NET_H

#include "base/mem.h"
#include "base/status.h"
#include "base/thread.h"
#include "kernel/kernel.h"
#include "stream/head.h"
#include "tensor/shape.h"

#define LEP_BLOCKS 16

struct lep_net;

/* A parameter: weights, or running statistics (trained == 0). */
struct lep_param {
	char *name;               /* "repeat1.2.conv1.w" */
	struct lep_shape shape;
	size_t count;             /* elements */
	lep_real *value;          /* within one array of the net */
	lep_real *grad;           /* NULL until lep_net_gradients; unused if frozen */
	int trained;              /* 0: a statistic, the optimiser leaves it alone */
	int frozen;
	int only_packed;          /* nothing but lep_net_prepare reads its value */
	int decays;               /* weight decay acts on it (not on biases and norms) */
	int wide_as;              /* index + 1 of the input whose table is as wide as its rows; */
	int wide_as_target;       /* or 1: as wide as the target's table */
};

/* What there is to learn of a record. */
enum lep_aim {
	LEP_AIM_NONE,         /* there is no target */
	LEP_AIM_CLASS,        /* an entry of a table */
	LEP_AIM_NUMBERS,
	LEP_AIM_NEXT,         /* of a text: each id from those before it */
	LEP_AIM_SEQUENCE,     /* the ids of a sequence and behind them <end>, each from those before it */
	LEP_AIM_ROWS          /* an id for each row of an input */
};

/* What the network reads of a sequence that it also learns. */
enum lep_shift {
	LEP_SHIFT_NONE,       /* all of it */
	LEP_SHIFT_NEXT,       /* in training all but the last id, which nothing follows */
	LEP_SHIFT_END         /* <end> and behind it all ids: what there was before each */
};

/* What the network reads. */
struct lep_net_input {
	const char *name;         /* of the data's field */
	int field;                /* its index among the fields given to lep_net_new */
	struct lep_shape shape;   /* of one sample, as the data have it */
	size_t size;              /* values of a sample; of a row, where it varies */
	int varies;               /* a sequence: its first extent is LEP_VARIES */
	size_t longest;           /* rows of a sample that the network can take; 0: any */
	int ids;                  /* values are ids into a table (embed), not numbers */
	enum lep_shift shift;
	int32_t end;              /* LEP_SHIFT_END: the id of <end> in its table */
};

struct lep_net_options {
	const char *target;       /* field learnt; NULL: as the text says, else the one with that role */
	int need_target;          /* 1: no target is an error (training) */
	int input_gradients;      /* 1: training computes those of the inputs too (tests) */
};

/*
 * Build the network that text describes for data with these fields (a data
 * HEAD's field, or a model's expect). name stands in messages ("digits.net").
 * fields are borrowed and must outlive the net. Parameters are allocated and
 * zero; lep_net_init draws them.
 */
int lep_net_new(struct lep_net **out, const char *text, const char *name,
	const struct lep_field *fields, size_t nfields, const struct lep_net_options *options,
	const struct lep_kernels *kernels, struct lep_error *e) LEP_MUST_USE;
void lep_net_free(struct lep_net *n);

/* Initial values: Glorot uniform, He uniform before relu, N(0, 0.02) for
 * embeddings, orthogonal for recurrent weights, biases 0 (forget gates 1); each
 * parameter from its own stream of (seed, its number). */
void lep_net_init(struct lep_net *n, uint64_t seed);

size_t lep_net_params(const struct lep_net *n);
struct lep_param *lep_net_param(struct lep_net *n, size_t i);
int lep_net_find_param(const struct lep_net *n, const char *name); /* or -1 */
/* All parameters' values as one array (trained ones and statistics). */
lep_real *lep_net_values(struct lep_net *n, size_t *count);
/* Freeze parameters whose name matches the glob pattern, and of a batchnorm all
 * with any; how many matched. Before lep_exec_new. */
size_t lep_net_freeze(struct lep_net *n, const char *pattern);

size_t lep_net_inputs(const struct lep_net *n);
const struct lep_net_input *lep_net_input(const struct lep_net *n, size_t i);
/* The target field's index among fields, or -1. */
int lep_net_target(const struct lep_net *n);
/* What is learnt of it. */
enum lep_aim lep_net_aim(const struct lep_net *n);
/* Whether the output is one for each thing to be learnt: LEP_ERR_DATA, "the output
 * is a sequence, ...", where it is not. */
int lep_net_check_aim(const struct lep_net *n, struct lep_error *e);
/* Values of one sample of the output (of one row, where it is a sequence), and its shape. */
size_t lep_net_output(const struct lep_net *n, struct lep_shape *shape);
/* How the output ends: "softmax", "sigmoid" or NULL; the loss is given the values before it. */
const char *lep_net_final(const struct lep_net *n);
/* For losses that do not undo it: the final softmax or sigmoid becomes a layer
 * as any other, the loss is given the output itself. Before an exec is made. */
void lep_net_keep_final(struct lep_net *n);
const struct lep_kernels *lep_net_kernels(const struct lep_net *n);
/* augment lines of the text, in order; NULL behind the last. */
const char *lep_net_augment(const struct lep_net *n, size_t i, int *line);
/* The description in canonical form (one statement a line, comments gone). Borrowed. */
const char *lep_net_text(const struct lep_net *n);
/* Output value of the layer of that name ("conv2", "repeat1.2.dense1", a NAME =), or -1. */
int lep_net_find_value(const struct lep_net *n, const char *layer);
/* Somebody will ask for that value (lep_exec_value): before an exec is made. */
void lep_net_keep(struct lep_net *n, int value);
/* Values of one sample of it, or of one row. */
size_t lep_net_value_size(const struct lep_net *n, int value, struct lep_shape *shape);
/* The input whose lengths the value's rows follow, or -1: it is no sequence. */
int lep_net_value_axis(const struct lep_net *n, int value);
/* The number of the output's value, of the logits', and of input i's. */
int lep_net_output_value(const struct lep_net *n);
int lep_net_logits_value(const struct lep_net *n);
int lep_net_input_value(const struct lep_net *n, size_t i);

/* A row of the summary: layer, output shape, parameters, multiply-adds a sample
 * (a row, where it makes a sequence). */
struct lep_net_row {
	const char *name;
	const char *kind;
	struct lep_shape shape;
	uint64_t params;
	uint64_t operations;
};
size_t lep_net_rows(const struct lep_net *n);
void lep_net_row(const struct lep_net *n, size_t i, struct lep_net_row *row);

/* Must be called after parameter values changed and before a forward pass:
 * packs weights as the kernels like them. Runs on the pool. */
void lep_net_prepare(struct lep_net *n, struct lep_threads *pool, int backward);

/*
 * Buffers to run up to `capacity` samples through a net. An exec for training
 * runs on all threads of the pool and keeps what backward needs; one for
 * inference is used by one thread at a time.
 */
struct lep_exec;

int lep_exec_new(struct lep_exec **out, struct lep_net *n, size_t capacity, int training, int threads,
	struct lep_error *e) LEP_MUST_USE;
void lep_exec_free(struct lep_exec *x);

/*
 * Nets with inputs that vary: before a batch's inputs are filled, its lengths.
 * Write those of input i into lep_exec_lengths (capacity of them, anew for each
 * batch), for all inputs that vary, then call lep_exec_reserve, which makes
 * room. Once a batch as large was here it allocates nothing; values are lost
 * where it does. LEP_ERR_NOMEM if the rows are more than the machine can hold.
 */
size_t *lep_exec_lengths(struct lep_exec *x, size_t i);
int lep_exec_reserve(struct lep_exec *x, size_t count, struct lep_error *e) LEP_MUST_USE;
/* Rows before sample s (up to and with the batch's count) in a value: s itself
 * where it is no sequence. */
size_t lep_exec_row(const struct lep_exec *x, int value, size_t s);
size_t lep_exec_input_row(const struct lep_exec *x, size_t i, size_t s);

/* Where the values of input i go: capacity x size reals, or int32 ids (or all
 * rows of the batch, where it varies). */
lep_real *lep_exec_input(struct lep_exec *x, size_t i);
int32_t *lep_exec_input_ids(struct lep_exec *x, size_t i);
const lep_real *lep_exec_output(const struct lep_exec *x);
const lep_real *lep_exec_logits(const struct lep_exec *x);   /* before a final softmax or sigmoid */
lep_real *lep_exec_logits_grad(struct lep_exec *x);
/* Of a value that is kept. */
const lep_real *lep_exec_value(const struct lep_exec *x, int value);
/* Gradient of input i (tests); training only. */
const lep_real *lep_exec_input_grad(const struct lep_exec *x, size_t i);

/* Forward over `count` samples in the calling thread, as in use. */
void lep_exec_infer(struct lep_exec *x, size_t count);

struct lep_step_info {
	uint64_t seed;
	uint64_t step;       /* counts batches from the start: dropout draws from it */
};

/* Called for each block, inside the tasks: fill the inputs of samples first.. */
typedef void lep_feed_fn(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread);
/* Writes the logits' gradient of these samples. */
typedef void lep_loss_fn(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread);

/* One forward and backward pass in training over count samples: afterwards
 * every trained, unfrozen parameter's grad holds the batch's gradient. feed
 * may be NULL (inputs are there). */
void lep_exec_train(struct lep_exec *x, struct lep_threads *pool, size_t count,
	const struct lep_step_info *info, lep_feed_fn *feed, lep_loss_fn *loss, void *ctx);
/* Only the forward part, with what training does (dropout, batch statistics): tests. */
void lep_exec_train_forward(struct lep_exec *x, struct lep_threads *pool, size_t count,
	const struct lep_step_info *info);

#endif
