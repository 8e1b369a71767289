/*
 * Inside of nn/: what a layer is, the graph that layers build, and the buffers
 * they run on. A layer is one file: it parses its line, infers its shape, runs
 * forward and backward, and stands in the table of layers.c.
 */
#ifndef LEP_NN_LAYER_H
#define LEP_NN_LAYER_H

#include "nn/net.h"
#include "nn/syntax.h"

#define LEP_OP_INPUTS 8
#define LEP_OP_PARAMS 8

struct lep_op;
struct lep_builder_nn;
struct lep_stepper;

/* A value: the result of an operation, or an input. */
struct lep_value {
	struct lep_shape shape;   /* of one sample; of a sequence the first extent is LEP_VARIES */
	size_t size;              /* reals of a sample; of a sequence: of one row */
	int axis;                 /* a sequence: the net's input whose lengths it has; else -1 */
	int root;                 /* the value whose memory it shares, itself mostly */
	int ids;                  /* int32 ids, an input that embed reads */
	int kept;                 /* somebody will ask for it (lep_net_keep) */
	int needs_grad;
	int written;              /* while planning: an operation behind writes its gradient */
	int input;                /* number of the input + 1, or 0 */
	const char *name;         /* of the layer that made it; NULL: none of its own */
	char *label;              /* owner of name */
};

/* What an operation is told when it runs on one block of a batch. */
struct lep_pass {
	struct lep_exec *x;
	size_t first, count;      /* samples */
	int block, thread;
	int slot;                 /* which place of a value that is not whole */
	int training;
};

struct lep_layer {
	const char *name;         /* the first word of the line */
	const char *synopsis;     /* the line, for people: "dense N [activation]" */

	/* Read the statement's words, add operations, set b's current value. */
	int (*build)(struct lep_builder_nn *b, const struct lep_stmt *s);

	/* Samples pass.first .. of one block. forward fills the output; backward is
	 * given the output's gradient and hands on those of the inputs
	 * (lep_grad_in) and, for parameters that are summed by block, overwrites
	 * the block's own gradient (lep_block_grad). */
	void (*forward)(const struct lep_op *op, const struct lep_pass *p);
	void (*backward)(const struct lep_op *op, const struct lep_pass *p);

	/* Optional. What must be known of the whole batch in training: reduce runs
	 * by block before forward (backward), combine once after it. */
	void (*forward_reduce)(const struct lep_op *op, const struct lep_pass *p);
	void (*forward_combine)(const struct lep_op *op, struct lep_exec *x, size_t count);
	void (*backward_reduce)(const struct lep_op *op, const struct lep_pass *p);
	void (*backward_combine)(const struct lep_op *op, struct lep_exec *x, size_t count);

	/* Optional. Gradients of parameters with `whole` set, from the whole batch
	 * at once, cut into op->gradient_tasks tasks. */
	void (*gradient)(const struct lep_op *op, struct lep_exec *x, size_t count, int task);

	/* Optional. Whether the operation can run `reader`, the only one that reads its
	 * output, as a part of its own forward, so that its output never lies in
	 * memory as a whole: an enum lep_join. Backward they stay two; reader's, where
	 * lep_joiner says so, leaves the gradient as the joining operation wants it. */
	int (*joins)(const struct lep_op *op, const struct lep_op *reader);

	/* Whether its samples in x->value and x->grad are found by their place in the
	 * batch, instead of with lep_in and its like. */
	enum lep_whole {
		LEP_WHOLE_NOT,
		LEP_WHOLE_STEPS,     /* by step, below, alone: in use */
		LEP_WHOLE_ALWAYS     /* by forward or backward */
	} whole;

	/* Optional. Weights changed: pack them, with what backward needs as well. */
	void (*prepare)(const struct lep_op *op, int backward);
	/* Optional. Memory of the operation's own in an exec, freed by state_free. An
	 * operation with a sequence is given a new state, and the old one is freed,
	 * whenever the room for rows grows: lep_room and lep_longest say how much. */
	int (*state_new)(const struct lep_op *op, struct lep_exec *x, void **state);
	void (*state_free)(void *state);
	/* Optional. Reals of scratch memory for a pass over these samples, where
	 * op->scratch cannot say it; only asked of operations with a sequence. */
	size_t (*scratch)(const struct lep_op *op, const struct lep_exec *x, size_t first, size_t count);
	/* Optional. Frees what attr holds besides itself. */
	void (*release)(struct lep_op *op);

	/* A row of the output depends on other rows than the same of its inputs, on its
	 * place, or on a value without rows. Running step by step (nn/stepper.h) such a
	 * layer needs step, forward for rows that come behind the st->seen[s] that cache
	 * knows of sequence s, and the same bytes; all others run forward. */
	int along;
	void (*step)(const struct lep_op *op, const struct lep_pass *p, const struct lep_stepper *st, void *cache);
	/* Optional. What step remembers of st->places sequences; before the first rows;
	 * sequence `to` goes on where `from` stands. */
	int (*cache_new)(const struct lep_op *op, const struct lep_stepper *st, void **cache, struct lep_error *e);
	int (*cache_start)(const struct lep_op *op, const struct lep_stepper *st, void *cache, struct lep_error *e);
	void (*cache_copy)(const struct lep_op *op, const struct lep_stepper *st, void *cache, size_t to, size_t from);
	void (*cache_free)(void *cache);
};

enum lep_join {
	LEP_JOIN_NOT,
	LEP_JOIN_PLAIN,
	LEP_JOIN_RELU             /* and reader's backward applies its relu's gradient */
};

struct lep_op {
	const struct lep_layer *layer;
	const struct lep_net *net;
	int number;
	int nin, in[LEP_OP_INPUTS];
	int accumulate[LEP_OP_INPUTS]; /* in backward: the input's gradient holds something already */
	int out;
	int nparam, param[LEP_OP_PARAMS];
	void *attr;               /* what the line said; freed with the net */
	size_t scratch;           /* reals of scratch memory a thread, per sample of a block; with
	                           * sequences: per row of the largest of its values */
	int gradient_tasks;
	int turn;                 /* of its gradient: behind those that share a parameter, from 0 */
	int needs_backward;
	uint64_t operations;      /* multiply-adds a sample; a row of a sequence */
	char *label;              /* "conv1" with its path; NULL: part of the line before */
	const char *kind;
	const char *final;        /* "softmax", "sigmoid": ends the net, runs in use only */
};

/* Parameter gradients: by block (then summed in order), or whole. */
struct lep_param_in {
	struct lep_param pub;
	int init;                 /* enum lep_init */
	size_t fan_in, fan_out;
	int owner;                /* the operation it was made for */
	int whole;
	size_t block_offset;      /* in a block's gradient array */
};

enum lep_init {
	LEP_INIT_ZERO,
	LEP_INIT_ONE,
	LEP_INIT_GLOROT,
	LEP_INIT_HE,
	LEP_INIT_NORMAL_002,
	LEP_INIT_ORTHOGONAL,      /* [n][gates n]: the square block of each gate */
	LEP_INIT_FORGET,          /* the bias of four gates: 1 for the second, else 0 */
	LEP_INIT_WHITEN           /* 0 until the data are known (train_whiten.c), and then frozen */
};

/* Rows of an orthogonal matrix that init.c draws. */
#define LEP_ORTHOGONAL_MAX 4096

struct lep_net {
	const struct lep_kernels *k;
	char *text;
	struct lep_block syntax;
	const struct lep_field *fields;
	size_t nfields;
	int target;
	enum lep_aim aim;
	size_t nvalue, value_room;
	struct lep_value *value;
	size_t nop, op_room;
	struct lep_op *op;
	size_t nparam, param_room;
	struct lep_param_in *param;
	size_t ninput, input_room;
	struct lep_net_input *input;
	int *input_value;
	int output;               /* value */
	int logits;
	const char *final;
	int input_gradients;
	size_t naugment;
	struct lep_augment_line {
		char *text;
		int line;
	} *augment;
	lep_real *values;         /* all parameters */
	size_t values_count;
	lep_real *grads;
	size_t block_reals;       /* of gradients summed by block */
	size_t scratch;           /* largest of the operations' that know no sequence */
	int varies;               /* an input is a sequence */
};

/* How an operation runs: in which stretch between meetings, and joined to whom. */
struct lep_run {
	int forward, backward;
	const struct lep_op *reader; /* runs as a part of it, or NULL */
	const struct lep_op *joiner; /* it runs as a part of that, or NULL */
	enum lep_join join;          /* with either */
};

struct lep_exec {
	struct lep_net *net;
	const struct lep_kernels *k;
	size_t capacity;
	size_t block_max;         /* samples in the largest block, or slice in use */
	int training;
	int threads;
	int slots;                /* blocks that are under way at one time */
	struct lep_run *run;      /* by operation */
	unsigned char *whole_value, *whole_grad; /* by value: it holds the batch, not a block a slot */
	unsigned char *gone;      /* by value: it lies nowhere, for its reader is joined */
	size_t count;             /* samples in the current batch */
	struct lep_step_info info;
	lep_real **value;         /* by value number; roots own */
	lep_real **grad;
	void **state;             /* by operation */
	lep_real **scratch;       /* by thread */
	size_t scratch_reals;     /* of each */
	lep_real *block_grads;    /* LEP_BLOCKS x net->block_reals */
	/* by input; of those that vary: */
	size_t **start;           /* rows before each sample of the batch, and behind the last */
	size_t *room;             /* rows that the buffers hold */
	size_t *block_room;       /* the same of a block, in training: of what is not whole */
	size_t *longest;          /* rows of a sample that states are made for */
	unsigned char *grown;     /* whether the batch at hand asked for more */
};

/* ---- building (build.c) ---- */

/* Errors name file, line and word. */
int lep_build_fail(struct lep_builder_nn *b, const struct lep_stmt *s, const char *fmt, ...) LEP_PRINTF(3, 4);
const struct lep_kernels *lep_build_kernels(const struct lep_builder_nn *b);
int lep_build_current(const struct lep_builder_nn *b);            /* value number */
void lep_build_set_current(struct lep_builder_nn *b, int value);
const struct lep_value *lep_build_value(const struct lep_builder_nn *b, int value);
/* Value that a NAME = or an input block named; -1: none such. */
int lep_build_named(struct lep_builder_nn *b, const char *name);
int lep_build_block(struct lep_builder_nn *b, const struct lep_block *block);
/* A number in low..high from word i of s; *out untouched on failure. */
int lep_build_number(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, int64_t low, int64_t high,
	int64_t *out);
int lep_build_real(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, double low, double high,
	double *out);
/* "3x3" or "3" (both sides). */
int lep_build_pair(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, int64_t low, int64_t high,
	int64_t *height, int64_t *width);
/* A count of units: a number, or one of the words `classes` and `vocabulary`, which
 * mean the size of the target's table. */
int lep_build_units(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, int64_t *units,
	int *is_target_table);
/* The table of input i. */
const struct lep_table *lep_build_input_table(const struct lep_builder_nn *b, int i);
/* No words (no blocks) may stand behind the first n. */
int lep_build_no_more(struct lep_builder_nn *b, const struct lep_stmt *s, size_t n);
/* The extents height, width, channels of the current value; an error else. */
int lep_build_picture(struct lep_builder_nn *b, const struct lep_stmt *s, int64_t hwc[3]);
/* Word i of s is `from`: the value of the NAME behind it, which must be numbers. */
int lep_build_from(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, int *value);
/* The current value must be a sequence of rows of numbers, whose length varies or
 * is its first extent; *width: numbers of a row. */
int lep_build_sequence(struct lep_builder_nn *b, const struct lep_stmt *s, size_t *width);

/* The current value's shape as rows of its last extent, of which it has one or more
 * before: [h][w][c] is [h w][c]. Returns rows. */
const struct lep_shape *lep_build_positions(const struct lep_builder_nn *b, struct lep_shape *rows);

/* Adds an operation on the current value; shape is its output's, which, where it
 * begins with LEP_VARIES, has the lengths of the current value. NULL: out of
 * memory or too large (b remembers the error). attr is taken. The first
 * operation of a statement carries its label. */
struct lep_op *lep_build_op(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_layer *layer,
	const struct lep_shape *shape, void *attr);
int lep_build_op_input(struct lep_builder_nn *b, struct lep_op *op, int value);
/* A value that shares the memory of the current one in another shape. */
int lep_build_alias(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_shape *shape);
/* The current value must be numbers (not ids) along at least one axis. */
int lep_build_numbers(struct lep_builder_nn *b, const struct lep_stmt *s);
/* Errors where a value (weights) of that shape would be too large: before memory
 * is asked for. LEP_WEIGHTS_MAX is for all weights of a network together. */
#define LEP_WEIGHTS_MAX ((size_t)1 << 28)
int lep_build_value_fits(struct lep_builder_nn *b, const struct lep_shape *shape);
int lep_build_weights_fit(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_shape *shape);
/* A parameter of op named `label.suffix`. */
struct lep_param_in *lep_build_param(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_op *op,
	const char *suffix, const struct lep_shape *shape, enum lep_init init, size_t fan_in, size_t fan_out);
/* op has that parameter of the net, which another one has already: it adds its
 * part of the gradient, of which it computes the whole, behind the others. */
void lep_build_share(struct lep_builder_nn *b, struct lep_op *op, int param);
/* dense on the weights of the embed line called name (layer_tied.c). */
int lep_build_tied(struct lep_builder_nn *b, const struct lep_stmt *s, const char *name, size_t units,
	int is_target_table, int has_bias);
/* The status after a NULL from the two above. */
int lep_build_status(const struct lep_builder_nn *b);
/* If word i of s is an activation: its kind and parameter, and *i moves past;
 * 0 if not an activation, 1 if it is, negative on a bad parameter. */
int lep_build_act_word(struct lep_builder_nn *b, const struct lep_stmt *s, size_t *i, enum lep_act *kind,
	lep_real *param);
/* Append that activation as an operation (LEP_ACT_NONE: nothing; softmax is one too). */
int lep_build_act(struct lep_builder_nn *b, const struct lep_stmt *s, enum lep_act kind, lep_real param);
/* softmax over the last axis as an operation. */
int lep_build_softmax(struct lep_builder_nn *b, const struct lep_stmt *s);

#define LEP_ACT_SOFTMAX ((enum lep_act)100)

/* y = x w + b as an operation on the current value, as the line dense makes it;
 * with several parts x [w1 w2 ..] + [b1 b2 ..], units columns each, their results
 * side by side. suffix: the names of weights and bias of each part. At most
 * LEP_OP_PARAMS / 2 parts. NULL: b remembers the error. */
struct lep_op *lep_build_dense(struct lep_builder_nn *b, const struct lep_stmt *s, size_t units, int parts,
	const char *const *suffix);

/* ---- running ---- */

static inline const struct lep_kernels *lep_pass_kernels(const struct lep_pass *p)
{
	return p->x->k;
}

static inline size_t lep_op_size_in(const struct lep_op *op, int i)
{
	return op->net->value[op->in[i]].size;
}

static inline size_t lep_op_size_out(const struct lep_op *op)
{
	return op->net->value[op->out].size;
}

/*
 * Rows, the units that a value's size is of: a row of a sequence, or a whole
 * sample of a fixed value. What works element by element, or along the last
 * extent, runs over lep_rows(p, v) x size and need not know which it is.
 */

/* Rows of the value before sample s of the batch, s up to and with its count. */
static inline size_t lep_row_before(const struct lep_exec *x, int value, size_t s)
{
	int axis = x->net->value[value].axis;

	return axis < 0 ? s : x->start[axis][s];
}

/* Rows of the value that a pass has. */
static inline size_t lep_rows(const struct lep_pass *p, int value)
{
	int axis = p->x->net->value[value].axis;

	return axis < 0 ? p->count : p->x->start[axis][p->first + p->count] - p->x->start[axis][p->first];
}

/* Rows of the value that an exec has room for: what states are sized by. */
static inline size_t lep_room(const struct lep_exec *x, int value)
{
	int axis = x->net->value[value].axis;

	return axis < 0 ? x->capacity : x->room[axis];
}

/* The same for the steps of a value as a sequence, be it fixed: [T][...]. */

/* Steps of the value before sample s of the batch. */
static inline size_t lep_step_before(const struct lep_exec *x, int value, size_t s)
{
	const struct lep_value *v = &x->net->value[value];

	return v->axis < 0 ? s * (size_t)v->shape.extent[0] : x->start[v->axis][s];
}

/* Steps of sample s. */
static inline size_t lep_steps(const struct lep_exec *x, int value, size_t s)
{
	return lep_step_before(x, value, s + 1) - lep_step_before(x, value, s);
}

/* Reals of one step. */
static inline size_t lep_step_size(const struct lep_net *n, int value)
{
	const struct lep_value *v = &n->value[value];

	return v->axis < 0 ? v->size / (size_t)v->shape.extent[0] : v->size;
}

/* Steps of the longest sample that states have to be made for. */
static inline size_t lep_longest(const struct lep_exec *x, int value)
{
	const struct lep_value *v = &x->net->value[value];

	return v->axis < 0 ? (size_t)v->shape.extent[0] : x->longest[v->axis];
}

/*
 * Places. A value that is whole has room for all rows of the batch; another for
 * one block a slot (exec_plan.c).
 */

/* Rows of a block of the value that there is room for. */
static inline size_t lep_block_room(const struct lep_exec *x, int value)
{
	int axis = x->net->value[value].axis;

	return axis < 0 ? x->block_max : x->block_room[axis];
}

/* Rows before the first sample of a pass in what is whole or not. */
static inline size_t lep_place(const struct lep_pass *p, int value, int whole)
{
	return whole ? lep_row_before(p->x, value, p->first) : (size_t)p->slot * lep_block_room(p->x, value);
}

/* Rows there must be room for. */
static inline size_t lep_places(const struct lep_exec *x, int value, int whole)
{
	return whole ? lep_room(x, value) : (size_t)x->slots * lep_block_room(x, value);
}

/* Whether what forward leaves to backward must be kept for the whole batch. */
static inline int lep_op_crosses(const struct lep_op *op, const struct lep_exec *x)
{
	return x->run[op->number].forward != x->run[op->number].backward;
}

/* Values and gradients of the samples of a pass, from its first row on. */
static inline lep_real *lep_in(const struct lep_op *op, const struct lep_pass *p, int i)
{
	int v = op->in[i];

	return p->x->value[v] + lep_place(p, v, p->x->whole_value[v]) * lep_op_size_in(op, i);
}

static inline lep_real *lep_out(const struct lep_op *op, const struct lep_pass *p)
{
	return p->x->value[op->out] + lep_place(p, op->out, p->x->whole_value[op->out]) * lep_op_size_out(op);
}

static inline lep_real *lep_grad_out(const struct lep_op *op, const struct lep_pass *p)
{
	return p->x->grad[op->out] + lep_place(p, op->out, p->x->whole_grad[op->out]) * lep_op_size_out(op);
}

/* NULL: nobody needs it. Otherwise add to it where op->accumulate[i]. */
static inline lep_real *lep_grad_in(const struct lep_op *op, const struct lep_pass *p, int i)
{
	int v = op->in[i];

	return op->net->value[v].needs_grad ?
		p->x->grad[v] + lep_place(p, v, p->x->whole_grad[v]) * lep_op_size_in(op, i) : NULL;
}

/* Reals of the output, of input i, that a pass has. */
static inline size_t lep_reals_out(const struct lep_op *op, const struct lep_pass *p)
{
	return lep_rows(p, op->out) * lep_op_size_out(op);
}

static inline size_t lep_reals_in(const struct lep_op *op, const struct lep_pass *p, int i)
{
	return lep_rows(p, op->in[i]) * lep_op_size_in(op, i);
}

static inline const struct lep_param_in *lep_op_param(const struct lep_op *op, int i)
{
	return &op->net->param[op->param[i]];
}

static inline lep_real *lep_weights(const struct lep_op *op, int i)
{
	return lep_op_param(op, i)->pub.value;
}

static inline int lep_learns(const struct lep_op *op, int i)
{
	const struct lep_param *p = &lep_op_param(op, i)->pub;

	return p->trained && !p->frozen;
}

/* The gradient of parameter i as this block contributes it; overwritten. */
static inline lep_real *lep_block_grad(const struct lep_op *op, const struct lep_pass *p, int i)
{
	return p->x->block_grads + (size_t)p->block * op->net->block_reals + lep_op_param(op, i)->block_offset;
}

/* Whether a value of the operation is a sequence. */
int lep_op_varies(const struct lep_op *op);

static inline lep_real *lep_scratch(const struct lep_pass *p)
{
	return p->x->scratch[p->thread];
}

/* Whether the operation looks at the whole batch in training: one whose
 * statistics are frozen does not. */
int lep_op_batchwise(const struct lep_op *op);

/* First sample of block b of count samples. */
static inline size_t lep_block_first(size_t count, int b)
{
	int blocks = count < LEP_BLOCKS ? (int)count : LEP_BLOCKS;

	return count * (size_t)b / (size_t)blocks;
}

/* ---- the table (layers.c) ---- */

const struct lep_layer *lep_layer_find(const char *name);
/* "softmax" or "sigmoid" if the operation is one that a loss undoes, else NULL. */
const char *lep_layer_final(const struct lep_op *op);
/* All of them, NULL at the end. */
extern const struct lep_layer *const lep_layers[];

#endif
