/*
 * From records to a network's inputs: which field feeds which input, whether
 * it was prepared as the network expects, and the values as reals (u8 with a
 * recipe through its scale).
 */
#ifndef LEP_NN_FEED_H
#define LEP_NN_FEED_H

#include "nn/net.h"
#include "stream/frame.h"

struct lep_feed {
	size_t n;                 /* inputs of the net */
	struct lep_feed_input {
		int field;            /* in the data's head */
		enum lep_dtype dtype;
		size_t size;          /* values of a sample; of a row, where it varies */
		int varies;
		size_t longest;       /* rows of a sample that the net takes; 0: any */
		int ids;
		size_t channels;      /* of the table below; 0: none */
		lep_real *table;      /* [channels][256], for u8 */
		int64_t table_n;      /* ids must be below it */
	} *input;
};

/*
 * Match the net's inputs, described by expect (the fields the net was built
 * with), with a data head. Errors (LEP_ERR_DATA, "NAME: field 'image': ...")
 * name what differs: a field that is missing, its extents, its kind, its
 * recipe (unless any_recipe), its table. name is the stream's.
 */
int lep_feed_init(struct lep_feed *f, const struct lep_net *n, const struct lep_field *expect,
	const struct lep_head *data, const char *name, int any_recipe, struct lep_error *e) LEP_MUST_USE;
void lep_feed_release(struct lep_feed *f);

/* Rows of input i in record at of a frame: those of the sequence, or 1. */
size_t lep_feed_rows(const struct lep_feed *f, size_t i, const struct lep_head *data,
	const struct lep_frame *frame, size_t at);

/* The record's lengths as those of sample s of x (lep_exec_lengths): LEP_ERR_DATA,
 * "field 'text': 70 rows, the network takes 64 at most", for one that is too long. */
int lep_feed_lengths(const struct lep_feed *f, const struct lep_head *data, const struct lep_frame *frame,
	size_t at, struct lep_exec *x, size_t s, struct lep_error *e) LEP_MUST_USE;

/* `rows` rows of input i, from their bytes in a frame. 0, or LEP_ERR_DATA for an id
 * outside the table. ids go to `ids`, all else to `to`. */
int lep_feed_value(const struct lep_feed *f, size_t i, const void *from, size_t rows, lep_real *to, int32_t *ids);

/* Record at of a frame into sample s of x, whose rows are reserved; error text
 * "record K (KEY): field ...". */
int lep_feed_record(const struct lep_feed *f, const struct lep_head *data, const struct lep_frame *frame,
	size_t at, struct lep_exec *x, size_t s, struct lep_error *e) LEP_MUST_USE;

/* Whether a value of input i in record at is NaN or infinite. */
int lep_feed_is_finite(const struct lep_feed *f, size_t i, const struct lep_head *data,
	const struct lep_frame *frame, size_t at);

#endif
