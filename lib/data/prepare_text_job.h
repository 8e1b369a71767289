/*
 * Between prepare_text.c, which makes the stream, and prepare_text_rows.c, which
 * decides what a row is good for.
 */
#ifndef LEP_DATA_PREPARE_TEXT_JOB_H
#define LEP_DATA_PREPARE_TEXT_JOB_H

#include "data/prepare_text.h"
#include "stream/writer.h"

/* What the first pass gathers, one a field; NULL: nothing. */
struct lep_text_gather {
	struct lep_vocabulary **vocabulary;
	struct lep_table **classes;
	struct lep_measure **measure;
	size_t owner;              /* the field whose vocabulary all share; SIZE_MAX */
};

/* One run of lep_prepare_text_run. */
struct lep_text_job {
	struct lep_prepare_text *p;
	struct lep_columns_options source;
	const char **column;
	uint8_t *optional;
	size_t *cell;              /* of each field, the first of its cells in a row */
	size_t key;                /* the cell of the key; SIZE_MAX: none */
	struct lep_columns *columns;
	struct lep_encoder **encoder; /* of texts; NULL elsewhere */
	int *place;                /* of each field in HEAD; -1: it is left out */
	float *vector;             /* room for the widest */
	struct lep_head head;
	struct lep_builder *builder;
	struct lep_writer *writer;
	struct lep_buf ids;
	uint64_t seen;
};

/*
 * The next row that counts: 1, 0 at the end. With --bad keep that may be a bad
 * one, whose cause e then holds and *bad tells. What is left out is counted and
 * named in the last pass only.
 */
int lep_text_next_row(struct lep_text_job *j, struct lep_row *row, int last, int *bad, struct lep_error *e);

/* The same for a row that was taken from the input: 1, 0 if it is left out. */
int lep_text_judge(struct lep_text_job *j, struct lep_row *row, int last, int *bad, struct lep_error *e);

/* A good row of the first pass. */
int lep_text_gather_row(struct lep_text_job *j, struct lep_text_gather *g, const struct lep_row *row,
	struct lep_error *e);
/* A row of the last pass as a record; the frame goes out where it is full. */
int lep_text_add_record(struct lep_text_job *j, const struct lep_row *row, int bad, const char *cause,
	struct lep_error *e);
int lep_text_write_frame(struct lep_text_job *j, struct lep_error *e);

/* All columns that nothing is made of into the vector that wants them. */
int lep_text_add_rest(struct lep_text_job *j, struct lep_features *v, struct lep_error *e);

/* Tables without texts, read by blocks and many threads (prepare_table.c): whether this
 * is one, and its two passes. */
int lep_table_is_one(const struct lep_text_job *j);
int lep_table_gather(struct lep_text_job *j, struct lep_text_gather *g, struct lep_error *e);
int lep_table_write(struct lep_text_job *j, struct lep_error *e);

/* Cells of field f in a row. */
static inline size_t lep_text_cells(const struct lep_prepare_text *p, size_t f)
{
	return lep_part_is_vector(p->field[f].part) ? lep_features_columns(&p->field[f].features) : 1;
}

/* Whether field f must be known from a first pass. */
static inline int lep_text_gathers(const struct lep_prepare_text *p, size_t f)
{
	return lep_part_is_vector(p->field[f].part) ? !p->field[f].features.settled : !p->field[f].table;
}

/* Whether a cell of a label or category holds one. */
static inline int lep_text_has_label(const struct lep_cell *cell)
{
	return cell->kind != LEP_CELL_ABSENT && cell->kind != LEP_CELL_NULL && cell->len;
}

#endif
