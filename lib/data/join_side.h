/*
 * What join.c and its neighbours share: one of the other streams, behind one
 * table of what is done with it, and the value that is looked up in it.
 */
#ifndef LEP_DATA_JOIN_SIDE_H
#define LEP_DATA_JOIN_SIDE_H

#include "data/join.h"

struct lep_join_side;

struct lep_join_kind {
	/* number is its place among the paths. */
	int (*open)(struct lep_join_side *s, const struct lep_join_options *o, size_t number, struct lep_error *e);
	/* The record of that key into s->frame and s->at: 1, or 0 if there is none. */
	int (*find)(struct lep_join_side *s, const char *key, size_t len, struct lep_error *e);
	/* To the end of it, once nothing more is looked up. */
	int (*finish)(struct lep_join_side *s, struct lep_error *e);
	void (*close)(struct lep_join_side *s);
};

extern const struct lep_join_kind lep_join_held, lep_join_sorted, lep_join_pasted;

struct lep_join_side {
	const struct lep_join_kind *kind;
	const struct lep_head *head;      /* of the stream */
	const char *name;
	const struct lep_frame *frame;    /* of the record found last */
	size_t at;
	uint64_t number;                  /* that record's, in the stream */
	uint64_t records, used, missing;
	struct lep_buf example;           /* its first key */
	int present;                      /* the field that says whether there is one, or -1 */
	/* held */
	struct lep_dataset *data;
	struct lep_join_slot *slot;       /* a power of two of them, at most half in use */
	size_t slots;
	uint8_t *seen;                    /* a bit a record */
	/* sorted, pasted */
	struct lep_reader *reader;
	struct lep_frame now;
	struct lep_buf last;              /* key of the record before */
	uint64_t next;                    /* number of the record behind s->at */
	int state;                        /* of the reader: 1 a record is here, 0 all have been */
	int taken;                        /* the record that is here was found */
};

/* The value that is looked up. */
struct lep_join_on {
	int field;                        /* of the first stream; -1: the key */
	struct lep_buf text;
};

/* LEP_ERR_USAGE for a field that is not there or cannot be looked up. */
int lep_join_on_init(struct lep_join_on *on, const struct lep_head *head, const char *field, const char *name,
	struct lep_error *e) LEP_MUST_USE;
/* Of record i of a frame: its bytes, borrowed until the next call; NULL for none (no id). */
const char *lep_join_on_value(struct lep_join_on *on, const struct lep_head *head, const struct lep_frame *frame,
	size_t i, size_t *len);

/* Where a field of what comes out is from. */
struct lep_join_source {
	int side;    /* -1: the first stream */
	int field;   /* of it; -1: whether it has a record here */
};

/* The fields of all into head (empty so far) and *source, one for each; caller
 * frees. first and the sides' heads are borrowed for the call. */
int lep_join_make_head(struct lep_head *head, struct lep_join_source **source, const struct lep_head *first,
	struct lep_join_side *side, size_t nside, const struct lep_join_options *o, struct lep_error *e) LEP_MUST_USE;

#endif
