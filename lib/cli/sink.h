/*
 * What lep-cat gives out: one sink a format behind one table. Records come one
 * by one or as whole frames; a sink that has no use for frames sees records.
 */
#ifndef LEP_CLI_SINK_H
#define LEP_CLI_SINK_H

#include "stream/writer.h"

enum lep_sink_format {
	LEP_SINK_STREAM,
	LEP_SINK_PRINT,
	LEP_SINK_JSON,   /* the head as one object */
	LEP_SINK_JSONL,  /* one object a record */
	LEP_SINK_CSV,
	LEP_SINK_TSV,
	LEP_SINK_NPY,    /* one field, stacked */
	LEP_SINK_PNG,    /* one field, a picture a record */
	LEP_SINK_NOTHING /* the input is only read */
};

struct lep_sink_options {
	enum lep_sink_format format;
	const char *field;   /* of npy and png */
	const char *folder;  /* of png: a file a record there; NULL: one picture to out */
	const char *file;    /* the input's name, for people */
	size_t pack;         /* records of a frame; 0: as they come */
	int64_t limit;       /* records printed for people; -1: all */
	int64_t count;       /* records that will come (npy wants it); -1: not known */
	int values;          /* all values, in print and JSON Lines */
	int bad_too;         /* npy, csv and png take bad records as well (as zeros or nothing) */
};

struct lep_sink;

/* All arguments are borrowed and must outlive the sink; out is NULL for a folder. */
int lep_sink_new(struct lep_sink **out, const struct lep_sink_options *o, struct lep_output *output,
	const struct lep_head *head, struct lep_error *e) LEP_MUST_USE;
void lep_sink_free(struct lep_sink *s);

/* Record i of a frame; number is its place in the input. */
int lep_sink_record(struct lep_sink *s, const struct lep_frame *fr, size_t i, uint64_t number,
	struct lep_error *e) LEP_MUST_USE;
/* All records of a frame, from the place first on. */
int lep_sink_frame(struct lep_sink *s, const struct lep_frame *fr, uint64_t first, struct lep_error *e) LEP_MUST_USE;
/* The records that came since belong in one frame, if pack does not say otherwise. */
int lep_sink_boundary(struct lep_sink *s, struct lep_error *e) LEP_MUST_USE;
/* All records that came leave, before input is waited for. */
int lep_sink_flush(struct lep_sink *s, struct lep_error *e) LEP_MUST_USE;
/* The end of all; the output is not committed. */
int lep_sink_end(struct lep_sink *s, struct lep_error *e) LEP_MUST_USE;
/* A stream is ended by ABORT with this cause; others just stop behind what they
 * have. s may be NULL. */
void lep_sink_abort(struct lep_sink *s, struct lep_output *out, const char *cause);

#endif
