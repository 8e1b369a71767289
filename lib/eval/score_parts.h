/*
 * Between score.c and the parts of it that know one kind of score each; nobody
 * else includes this.
 */
#ifndef LEP_EVAL_SCORE_PARTS_H
#define LEP_EVAL_SCORE_PARTS_H

#include <string.h>

#include "eval/score.h"

enum lep_score_want {
	LEP_WANT_TARGET,
	LEP_WANT_TABLE,   /* outputs: with a table */
	LEP_WANT_FLOAT,   /* floats without one */
	LEP_WANT_NUMBER,
	LEP_WANT_TEXT,
	LEP_WANT_IDS,     /* a target of ids whose number varies */
	LEP_WANT_IDS_IN   /* the same as input */
};

/* Whether a field holds text: UTF-8, or ids of a vocabulary with a recipe of text. */
int lep_score_is_text(const struct lep_field *f);

int lep_score_fits(const struct lep_field *f, enum lep_score_want want);

/* The field called preferred among those that fit, else the only one: its
 * index, -1 if there is none, or LEP_ERR_USAGE naming the option to choose with. */
int lep_score_pick(const struct lep_head *h, enum lep_score_want want, const char *preferred, const char *option,
	struct lep_error *e) LEP_MUST_USE;

/* The field of that name, or LEP_ERR_USAGE. */
int lep_score_named(const struct lep_head *h, const char *name, struct lep_error *e) LEP_MUST_USE;

/* Elements a record, or -1 where extents vary. */
int64_t lep_score_elements(const struct lep_field *f);

/* LEP_ERR_DATA with record, key and field before the cause. */
int lep_score_fail(const struct lep_score *s, const struct lep_frame *fr, size_t i, int field,
	const char *cause, struct lep_error *e);

/* Value of a field of record i; fixed extents are found without the call. */
static inline const unsigned char *lep_score_value(const struct lep_score *s, const struct lep_frame *fr,
	int field, size_t i, size_t *bytes)
{
	const struct lep_column *c = &fr->column[field];

	if (c->offset || c->extent)
		return lep_frame_value(s->head, fr, (size_t)field, i, bytes, NULL);
	*bytes = c->bytes / fr->n;
	return c->data + i * *bytes;
}

static inline double lep_score_number(enum lep_dtype t, const unsigned char *p, size_t i)
{
	double d;

	if (t == LEP_F32) {
		uint32_t bits = lep_get32(p + 4 * i);
		float f;

		memcpy(&f, &bits, sizeof(f));
		return (double)f;
	}
	lep_to_f64(&d, t, p + i * lep_dtype_size(t), 1);
	return d;
}

/* Of each kind: what HEAD must have, and one good record. */
int lep_score_bind_classes(struct lep_score *s, const struct lep_score_options *o,
	struct lep_error *e) LEP_MUST_USE;
int lep_score_bind_text(struct lep_score *s, const struct lep_score_options *o,
	struct lep_error *e) LEP_MUST_USE;
int lep_score_bind_language(struct lep_score *s, const struct lep_score_options *o,
	struct lep_error *e) LEP_MUST_USE;
int lep_score_add_classes(struct lep_score *s, const struct lep_frame *fr, size_t i,
	struct lep_error *e) LEP_MUST_USE;
int lep_score_add_pair(struct lep_score *s, const struct lep_frame *fr, size_t i,
	struct lep_error *e) LEP_MUST_USE;
int lep_score_add_language(struct lep_score *s, const struct lep_frame *fr, size_t i,
	struct lep_error *e) LEP_MUST_USE;

#endif
