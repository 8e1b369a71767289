/*
 * Two or more streams put together, record by record: the first is streamed, a
 * field of it or its key is looked up among the keys of the others, and what is
 * found stands beside it in one record.
 *
 * The others are held, so that their records may be wanted in any order: a
 * regular file is mapped and not copied, anything else is kept and, beyond
 * `limit` bytes, spilled; added to that are 32 to 64 bytes a record to find it by
 * its key. Sorted, all streams ascend by these keys (by bytes) and are merged
 * with a frame of each in memory. Either way the others' keys are unique, the
 * first's values need not be, and the same records come out. Pasted, records are
 * joined by their places instead, whatever their keys.
 *
 * Fields keep their order, the first stream's before the others', and their
 * names. Where one is in more than one stream, those of the others become
 * PREFIX_NAME; a name that is taken all the same is an error. Recipes, tables
 * and notes of all travel on.
 */
#ifndef LEP_DATA_JOIN_H
#define LEP_DATA_JOIN_H

#include "stream/reader.h"

enum lep_join_bad { LEP_JOIN_FAIL, LEP_JOIN_SKIP, LEP_JOIN_KEEP };

enum lep_join_note {
	LEP_JOIN_NOTE_ALONE,  /* a record without partner */
	LEP_JOIN_NOTE_BAD     /* a bad one that is left out */
};

/* Strings and arrays are borrowed while the join lives. */
struct lep_join_options {
	const char *const *path;    /* the first stream, then the others; "-" is standard input */
	size_t npath;               /* at least 1; one alone passes through */
	const char *on;             /* the field to look up; NULL: the key */
	int sorted;
	int paste;                  /* the n-th of all, as many of each */
	/* Records of the first without partner stay: numbers of the missing fields are
	 * zero, ids are none (-1), extents that vary and texts are empty, and for
	 * each of the others a field NAME_present (f32, one number, role input; NAME
	 * is its first input) is 1 or 0. */
	int left;
	int strict;                 /* a record without partner is an error */
	enum lep_join_bad bad;      /* a record of which a part is bad */
	const char *const *prefix;  /* one for each of the others, in order; */
	size_t nprefix;             /* those beyond have "2", "3", ... by their place */
	size_t pack;                /* records of a frame; 0: as the first's frames, less what is left out */
	size_t limit;               /* bytes in memory of each that is kept */
	const int *spill;           /* one for each path from lep_spill_open, taken; -1 or NULL: none */
	struct lep_reader_options reader; /* of all; records are those of the first */
	/* "FILE: record N (KEY): ...", or NULL. */
	void (*note)(void *ctx, enum lep_join_note kind, const char *text);
	void *ctx;
};

struct lep_join;

int lep_join_open(struct lep_join **out, const struct lep_join_options *o, struct lep_error *e) LEP_MUST_USE;
void lep_join_close(struct lep_join *j);   /* NULL is legal */

/* What comes out; owned by the join. Notes may be added before it is used. */
struct lep_head *lep_join_head(struct lep_join *j);

/*
 * The next frame: 1, or 0 where all streams have come to their proper end, or a
 * negative status. Borrowed until the next call. A join that is not left, and of
 * whose records none has a partner in one of the others, ends in LEP_ERR_DATA.
 */
int lep_join_next(struct lep_join *j, struct lep_frame *frame, struct lep_error *e) LEP_MUST_USE;

struct lep_join_counts {
	uint64_t records;  /* of the first */
	uint64_t out;
	uint64_t alone;    /* without a partner in one of the others, or more */
	uint64_t bad;      /* bad ones, in part or whole, left out or kept */
};

const struct lep_join_counts *lep_join_counts(const struct lep_join *j);
const char *lep_join_name(const struct lep_join *j); /* of the first */

/* One of the others, from 0. */
struct lep_join_side_counts {
	const char *name;
	uint64_t records;
	uint64_t used;     /* at least once */
	uint64_t missing;  /* records of the first that have no partner in it */
};

struct lep_join_side_counts lep_join_side_counts(const struct lep_join *j, size_t i);

#endif
