/* Between combine.c and the operations: one step, and what an operation is. */
#ifndef LEP_NN_COMBINE_STEP_H
#define LEP_NN_COMBINE_STEP_H

#include "nn/combine.h"

enum { LEP_COMBINE_PART = 256 };  /* elements at a time */

struct lep_combine_step;

/* One field's value of one record. */
struct lep_combine_value {
	const unsigned char *data;
	struct lep_shape shape;
	int64_t count;
};

/* Where values go, one behind the other. */
struct lep_combine_sink {
	unsigned char *to;
	int is_double;
};

struct lep_combine_op {
	const char *name;
	int is_weighted;      /* fields are written FIELD=WEIGHT */
	int most;             /* fields; 0: any number */
	const char *verb;     /* "fields ... cannot be VERB" */
	/* The shape of the result: 0, or the number (above 0) of the field that does not
	 * fit to those before it. Declared shapes, which may vary, and a record's own. */
	int (*shape)(const struct lep_combine_step *s, const struct lep_shape *in, struct lep_shape *out);
	void (*fill)(struct lep_combine_step *s, const struct lep_combine_value *in, struct lep_combine_sink *sink);
	/* Of an elementwise operation: acc of n elements takes v. */
	void (*take)(double *acc, const double *v, size_t n, double weight);
	int divides;          /* ... and is divided by the number of fields at the end */
};

struct lep_combine_step {
	const struct lep_combine_op *op;
	size_t n;
	size_t *field;                    /* in the head of all */
	double *weight;                   /* 1 where the operation has none */
	enum lep_dtype *dtype;
	uint8_t *single;                  /* whether each field has one element, whatever the record */
	float **lut;                      /* of each field: 256 a channel, or NULL */
	const struct lep_gate *gate;
	const struct lep_kernels *k;
	lep_real *scratch;                /* of a gate */
	size_t scratch_room;
};

extern const struct lep_combine_op lep_combine_ops[];
extern const size_t lep_combine_nops;

/* n elements of field f from number `from` on. */
void lep_combine_load(const struct lep_combine_step *s, size_t f, const struct lep_combine_value *v, size_t from,
	double *to, size_t n);
void lep_combine_store(struct lep_combine_sink *sink, const double *v, size_t n);

/* The gate (combine_gate.c). */
int lep_combine_gate_shape(const struct lep_combine_step *s, const struct lep_shape *in, struct lep_shape *out);
void lep_combine_gate_fill(struct lep_combine_step *s, const struct lep_combine_value *in,
	struct lep_combine_sink *sink);
/* Room for a gate of this many rows in x and y, before fill. */
int lep_combine_gate_room(struct lep_combine_step *s, const struct lep_combine_value *in, struct lep_error *e)
	LEP_MUST_USE;
/* Whether the declared shapes fit the weights; LEP_ERR_DATA names what does not. */
int lep_combine_gate_fits(const struct lep_combine_step *s, const struct lep_head *head, struct lep_error *e)
	LEP_MUST_USE;

#endif
