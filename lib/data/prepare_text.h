/*
 * Text and tables to a tensor stream: what lep-preprocess does with lines, tables
 * and JSON Lines, from rows to END.
 *
 * Fields: text as ids (i32 [*]; input or target; a text recipe; the vocabulary),
 * classes (i32; target; the table of classes, sorted by bytes; -1 for a row
 * without one), numbers and categories as one vector (f32; data/features.h),
 * numbers as target (f32; one, or several as a vector), a category as an id (i32;
 * input). Keys are line numbers, a column's values, or names of files.
 */
#ifndef LEP_DATA_PREPARE_TEXT_H
#define LEP_DATA_PREPARE_TEXT_H

#include "data/columns.h"
#include "data/features.h"
#include "data/prepare.h"
#include "data/vocabulary.h"

enum lep_text_part {
	LEP_PART_TEXT,
	LEP_PART_TARGET,
	LEP_PART_LABEL,
	LEP_PART_NUMBERS,          /* --number, and --category that is one-hot: one vector */
	LEP_PART_CATEGORY,         /* --category as an id */
	LEP_PART_TARGET_NUMBERS,
	LEP_PART_COUNT
};

struct lep_text_field {
	enum lep_text_part part;
	char *name, *column;       /* column NULL: the line or file; of vectors NULL too */
	int optional;              /* the columns may be absent: so is the field then */
	struct lep_text_recipe recipe;
	struct lep_table *table;   /* vocabulary, classes or categories; NULL: gathered in a first pass */
	struct lep_features features; /* of a vector */
	int missing_fails;         /* of LEP_PART_CATEGORY */
};

static inline int lep_part_is_vector(enum lep_text_part part)
{
	return part == LEP_PART_NUMBERS || part == LEP_PART_TARGET_NUMBERS;
}

struct lep_prepare_text {
	/* Made by the functions below; released by lep_prepare_text_release. */
	struct lep_text_field *field;
	size_t nfield;
	int like;                  /* the fields are those of a model or stream */

	struct lep_columns_options source; /* columns are filled in from the fields */
	const char *key;           /* the column of keys; NULL: line numbers */
	struct lep_vocabulary_options vocabulary;
	int shared;                /* one vocabulary for all fields */
	struct lep_measure_options measure, measure_target; /* of LEP_PART_NUMBERS, of targets */
	const char *classes_from;  /* where given classes come from, for messages */
	enum lep_prepare_unknown unknown;
	enum lep_prepare_bad bad;
	size_t pack;               /* records a frame; 0: 1 */
	int threads;               /* for tables; 0: 1 */
	const char *provenance, *program;
	struct lep_output *out;

	/* As in struct lep_prepare. */
	void (*note)(void *ctx, const char *text);
	void (*progress)(void *ctx, uint64_t done);
	void *ctx;

	/* What came of it: */
	uint64_t records, bad_records, skipped_bad, skipped_unknown, unlabelled;
	struct lep_token_counts counts;
};

/*
 * A field "NAME=COLUMN" or "COLUMN": the name is the column's then, or, where
 * columns have numbers, text, target or label. Of lines and whole files text is
 * the NAME alone, or NULL. recipe is that of text. After lep_prepare_text_like
 * the field must be one of those there, by NAME or the next of its part.
 */
int lep_prepare_text_add(struct lep_prepare_text *p, enum lep_text_part part, const char *text,
	const struct lep_text_recipe *recipe, struct lep_error *e) LEP_MUST_USE;

/*
 * Columns "[NAME=]COLUMN[,COLUMN...]" behind those of the field NAME; a comma in a
 * column's name stands behind a backslash. Without a NAME the field is `features`,
 * that of one target its column's, of several `target`. Of LEP_PART_NUMBERS category
 * says which kind they are; of LEP_PART_CATEGORY each is a field of its own. After
 * lep_prepare_text_like they stand for the columns of a field there, one by one.
 */
int lep_prepare_text_add_columns(struct lep_prepare_text *p, enum lep_text_part part, int category,
	const char *text, struct lep_error *e) LEP_MUST_USE;

/* The fields of text and tables and the class of a model or stream; path names it in errors. */
int lep_prepare_text_like(struct lep_prepare_text *p, const struct lep_head *head, const char *path,
	struct lep_error *e) LEP_MUST_USE;

/* When all are added: of lines and whole files one text is left; where no field
 * was asked for it is `text`, of tables with `label` if that column is there. */
int lep_prepare_text_settle(struct lep_prepare_text *p, const struct lep_text_recipe *recipe, int no_labels,
	struct lep_error *e) LEP_MUST_USE;

/* Whether a model or stream has a field prepared from text or a table's columns. */
int lep_prepare_text_is_like(const struct lep_head *head);

/* The same for text alone. */
int lep_prepare_text_has_text(const struct lep_head *head);

/* Whether the rows are read more than once. */
int lep_prepare_text_twice(const struct lep_prepare_text *p);

/* The whole stream, END included; after a failure ABORT with its cause. The
 * output is not committed. */
int lep_prepare_text_run(struct lep_prepare_text *p, struct lep_error *e) LEP_MUST_USE;

void lep_prepare_text_release(struct lep_prepare_text *p);

#endif
