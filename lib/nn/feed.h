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
		int field;            /* in the data's head; -1: nothing is read, it is to be made */
		enum lep_dtype dtype;
		size_t size;          /* values of a sample; of a row, where it varies */
		int varies;
		enum lep_shift shift;
		int32_t end;
		size_t longest;       /* rows of a sample that the net takes; 0: any */
		int ids;
		size_t channels;      /* of the table below; 0: none */
		lep_real *table;      /* [channels][256], for u8 */
		int64_t table_n;      /* ids must be below it */
	} *input;
};

/* The ids of a text that a sample is about: rows of them from `from` on, and the
 * one that follows the last. */
struct lep_window {
	uint64_t from;
	size_t rows;
};

/*
 * Match the net's inputs, described by expect (the fields the net was built
 * with), with a data head. Errors (LEP_ERR_DATA, "NAME: field 'image': ...")
 * name what differs: a field that is missing, its extents, its kind, its
 * recipe (unless any_recipe), its table. name is the stream's. learning: the net
 * is given what it is to learn from, or to be judged by. Otherwise it is to go on: it
 * reads a text, of any length, to its last id, and the sequence that it is to make
 * need not be there.
 */
int lep_feed_init(struct lep_feed *f, const struct lep_net *n, const struct lep_field *expect,
	const struct lep_head *data, const char *name, int any_recipe, int learning, struct lep_error *e) LEP_MUST_USE;
void lep_feed_release(struct lep_feed *f);

/* Rows of input i in record at of a frame, as the net reads it: those of a
 * sequence (of a window, unless NULL, where it is the text that windows are cut
 * from), or 1. */
size_t lep_feed_rows(const struct lep_feed *f, size_t i, const struct lep_head *data,
	const struct lep_frame *frame, size_t at, const struct lep_window *w);

/* Whether the net takes as many rows of input i: LEP_ERR_DATA, "field 'text': a
 * sequence of 70, the network's positions end at 64". */
int lep_feed_fits(const struct lep_feed *f, size_t i, const struct lep_head *data, size_t rows, struct lep_error *e);

/* The lengths of a record that fits as those of sample s of x (lep_exec_lengths). */
void lep_feed_lengths(const struct lep_feed *f, const struct lep_head *data, const struct lep_frame *frame,
	size_t at, const struct lep_window *w, struct lep_exec *x, size_t s);

/* `rows` rows (lep_feed_rows) of input i of record at. 0, or LEP_ERR_DATA for an
 * id outside the table. ids go to `ids`, all else to `to`. */
int lep_feed_value(const struct lep_feed *f, size_t i, const struct lep_head *data, const struct lep_frame *frame,
	size_t at, const struct lep_window *w, size_t rows, lep_real *to, int32_t *ids);

/* Record at of a frame into sample s of x, whose rows are reserved; error text
 * "record K (KEY): field ...". */
int lep_feed_record(const struct lep_feed *f, const struct lep_head *data, const struct lep_frame *frame,
	size_t at, const struct lep_window *w, struct lep_exec *x, size_t s, struct lep_error *e) LEP_MUST_USE;

/* Whether a value of input i in record at is NaN or infinite. */
int lep_feed_is_finite(const struct lep_feed *f, size_t i, const struct lep_head *data,
	const struct lep_frame *frame, size_t at);

#endif
