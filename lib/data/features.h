/*
 * Columns of a table as one vector of f32 a record: numbers first, then
 * categories, each as one 1 among zeros (one-hot). The field's table names its
 * elements: a number's column, a category's "COLUMN=CATEGORY"; its recipe says the
 * rest,
 *
 *	numbers 3 onehot 5,4 rules 1 missing 0.5,1,7 scale 0.5,1,7:2,1,3
 *
 * how many numbers, how many categories each of the others has (absent where there
 * are none); the number of the rules by which cells are read (lep-preprocess(1));
 * what stands for a missing number, one value each (`missing fail`: a row with one
 * is bad; `missing none`: there are no numbers, and a missing category is all
 * zeros); and, of each number, MEAN,...:DEVIATION,... for (value - mean) /
 * deviation (`scale none`: the value; absent where there are no numbers). Numbers
 * are the shortest that read back as the same double.
 *
 * Of a target the values are kept as they are: lep-train applies the scale before it
 * compares, lep-infer takes it off what it predicts, so that both are in the same units.
 *
 * A category as an id is an i32 field with its own table and the recipe
 *
 *	category rules 1 missing fail          (or: missing none, the id is -1)
 */
#ifndef LEP_DATA_FEATURES_H
#define LEP_DATA_FEATURES_H

#include "data/columns.h"
#include "stream/head.h"

#define LEP_FEATURES_RULES 1
#define LEP_FEATURES_MAX 65536       /* elements of a vector */

struct lep_features {
	char **column;             /* names: numbers first, then categories */
	char **from;               /* columns of a table that stand for them; NULL, or NULL there: of that name */
	size_t nnumber, ncategory;
	size_t rest;               /* before number rest - 1 come all columns that nothing else is made of;
	                            * 0: no such wish */
	int settled;               /* what follows is known: given, of a model, or measured */
	int missing_fails;
	int scaled;
	int keeps;                 /* a target's: the scale is for others to apply */
	double *fill, *mean, *deviation; /* of each number; fill only where missing does not fail */
	struct lep_table **level;  /* of each category, sorted by bytes */
};

static inline size_t lep_features_columns(const struct lep_features *f)
{
	return f->nnumber + f->ncategory;
}

/* The column of a table that i's cells come from. */
static inline const char *lep_features_from(const struct lep_features *f, size_t i)
{
	return f->from && f->from[i] ? f->from[i] : f->column[i];
}

/* Empty ones are zero. A column that is there already is LEP_ERR_USAGE with the cause alone. */
int lep_features_add(struct lep_features *f, const char *column, size_t len, int category,
	struct lep_error *e) LEP_MUST_USE;
/* The same before number `at`. */
int lep_features_insert(struct lep_features *f, const char *column, size_t len, size_t at, struct lep_error *e) LEP_MUST_USE;
void lep_features_release(struct lep_features *f);

/* Arrays for fill, mean and deviation (1), and levels. */
int lep_features_room(struct lep_features *f, struct lep_error *e) LEP_MUST_USE;

/* Elements of the vector, of settled ones. */
size_t lep_features_width(const struct lep_features *f);

/* The names of the elements; caller frees. LEP_ERR_DATA where two would be the
 * same, or there are more than LEP_FEATURES_MAX. */
int lep_features_names(const struct lep_features *f, struct lep_table **out, struct lep_error *e) LEP_MUST_USE;

/* Appends the recipe. */
int lep_features_format(const struct lep_features *f, struct lep_buf *out) LEP_MUST_USE;

/* Whether a field is such a vector: f32, its recipe one of numbers. */
int lep_field_has_features(const struct lep_field *field);
/* Columns and all else of such a field into f, which is empty. A vector without a
 * table has columns without names (""), but for one number, named as the field. */
int lep_features_of_field(struct lep_features *f, const struct lep_field *field, struct lep_error *e) LEP_MUST_USE;

/* Mean and deviation of each number of such a target field, one an element; caller frees;
 * NULL where it is none, or is not scaled. */
int lep_target_scale(const struct lep_field *field, double **mean, double **deviation, struct lep_error *e) LEP_MUST_USE;

/* Whether a field is a category as an id, and whether a missing one is an error. */
int lep_field_has_category(const struct lep_field *field, int *missing_fails);
void lep_category_format(int missing_fails, struct lep_buf *out);

/* "M,...:D,..." into mean and deviation, n each; one number stands for all. 0, or -1. */
int lep_features_parse_scale(double *mean, double *deviation, size_t n, const char *text);

/* Cells. */

enum lep_number_kind { LEP_NUMBER_VALUE, LEP_NUMBER_MISSING, LEP_NUMBER_WRONG };

/* A number may have blanks and tabs around it, and must be one of f32. Missing: no
 * such key, null, nothing but blanks, NA, N/A, NaN, nan, NULL, null, None. */
enum lep_number_kind lep_cell_number(const struct lep_cell *cell, double *v);
enum lep_number_kind lep_cell_parse(const char *text, size_t len, double *v);

/* Whether a cell holds a category: any text but the empty one. */
static inline int lep_cell_has_category(const struct lep_cell *cell)
{
	return cell->kind != LEP_CELL_ABSENT && cell->kind != LEP_CELL_NULL && cell->len;
}

/* What is wrong with a row's cells, one a column: 0, or LEP_ERR_DATA with the cause alone. */
int lep_features_check(const struct lep_features *f, const struct lep_cell *cell, struct lep_error *e) LEP_MUST_USE;
/* The same of one category. */
int lep_category_check(const char *column, int missing_fails, const struct lep_cell *cell, struct lep_error *e) LEP_MUST_USE;

/* The first category that is none of those known: its place among the columns, or -1. */
int lep_features_unknown(const struct lep_features *f, const struct lep_cell *cell);

/* The vector of a row that passed the check. A missing or unknown category is zeros. */
void lep_features_row(const struct lep_features *f, const struct lep_cell *cell, float *out);
/* One number, NaN standing for a missing one. */
float lep_features_number(const struct lep_features *f, size_t i, double v);

/* The first pass. */

enum lep_missing { LEP_MISSING_FAIL, LEP_MISSING_MEAN, LEP_MISSING_MEDIAN, LEP_MISSING_CONSTANT };
enum lep_measure_scale { LEP_MEASURE_NONE, LEP_MEASURE_DEVIATION, LEP_MEASURE_RANGE, LEP_MEASURE_GIVEN };

struct lep_measure_options {
	enum lep_missing missing;
	double constant;
	enum lep_measure_scale scale;
	const char *given;         /* "M,...:D,..." */
};

/* Settles a vector that need not be measured. Where other columns are still to come, only
 * what is said of that. */
int lep_features_settle(struct lep_features *f, const struct lep_measure_options *o, struct lep_error *e) LEP_MUST_USE;

struct lep_measure;

/* f is borrowed. With a median all numbers are kept: 8 bytes each. */
int lep_measure_new(struct lep_measure **out, struct lep_features *f, const struct lep_measure_options *o,
	struct lep_error *e) LEP_MUST_USE;
void lep_measure_free(struct lep_measure *m);
/* Rows that passed the check, in order: n numbers each, NaN for a missing one. */
int lep_measure_numbers(struct lep_measure *m, const double *v, size_t rows, struct lep_error *e) LEP_MUST_USE;
int lep_measure_level(struct lep_measure *m, size_t category, const char *text, size_t len, struct lep_error *e) LEP_MUST_USE;
int lep_measure_row(struct lep_measure *m, const struct lep_cell *cell, struct lep_error *e) LEP_MUST_USE;
/* Settles f. A column without any number, or without a category, is LEP_ERR_DATA. */
int lep_measure_finish(struct lep_measure *m, struct lep_error *e) LEP_MUST_USE;

#endif
