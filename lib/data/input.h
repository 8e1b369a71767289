/*
 * Several operands read as one stream of records: tensor streams, one behind the
 * other as `cat` would put them, and arrays (.npy, IDX), whose first axis counts
 * the records. Operands must agree as segments of one stream must; ids are
 * mapped by name onto the tables of the first.
 *
 * Records of an array have their number as key, from 0, and one field.
 */
#ifndef LEP_DATA_INPUT_H
#define LEP_DATA_INPUT_H

#include "stream/reader.h"

struct lep_input;

enum lep_input_format { LEP_INPUT_AUTO, LEP_INPUT_STREAM, LEP_INPUT_NPY, LEP_INPUT_IDX };

struct lep_input_options {
	/* Operands; none, "-": standard input. Without a stated format the first
	 * bytes tell it where they can be looked at; what comes through a pipe is
	 * taken for a stream. */
	const char *const *path;
	size_t npath;
	enum lep_input_format format;
	/* Operands are NAME=FILE, all arrays, of as many records each: they become
	 * the fields of one stream. A field "label" or "target" is a target, others
	 * are inputs. */
	int join;
	const char *name;       /* of the field of an array; NULL: "data" */
	size_t pack;            /* records in a frame of arrays; 0: 1 */
	/* Records are wanted in any order: see lep_input_record. Then standard
	 * input and pipes are kept, up to limit bytes in memory. */
	int random;
	size_t limit;
	struct lep_reader_options reader; /* for every stream; `records` of it counts over all */
};

/* Reads the first HEAD. o must outlive the input. */
int lep_input_open(struct lep_input **out, const struct lep_input_options *o,
	struct lep_error *e) LEP_MUST_USE;
void lep_input_close(struct lep_input *s);

/* Of the first operand; borrowed until close. */
const struct lep_head *lep_input_head(const struct lep_input *s);
/* Of the operand that is being read. */
const char *lep_input_name(const struct lep_input *s);

/* As lep_reader_next, over all operands; not where random was asked for. */
int lep_input_next(struct lep_input *s, struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

/* As lep_reader_ahead. */
int lep_input_ahead(struct lep_input *s);

/* Whether the first operand is an array. */
int lep_input_is_array(const struct lep_input *s);

/* Where random was asked for: how many there are, and record i, valid until the
 * next call. */
uint64_t lep_input_count(const struct lep_input *s);
int lep_input_record(struct lep_input *s, uint64_t i, struct lep_frame *frame, size_t *at,
	struct lep_error *e) LEP_MUST_USE;

#endif
