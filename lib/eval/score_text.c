/* Scoring text against text, and the log probabilities of a language model. */
#include "eval/score_parts.h"

#include "base/mem.h"
#include "data/tokens.h"

/* The recipe of the text in a field of ids into place k, and of a target's <unknown>. */
static void take_recipe(struct lep_score *s, int field, int k)
{
	const struct lep_field *f = &s->head->field[field];

	if (lep_field_has_text(f, &s->recipe[k]) && k == 0) {
		s->unknown_id = lep_table_find(f->table, LEP_TOKEN_UNKNOWN, strlen(LEP_TOKEN_UNKNOWN));
		s->unknown_id = s->unknown_id < 0 ? -2 : s->unknown_id;
	}
}

int lep_score_bind_text(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e)
{
	s->given = o->output ? lep_score_named(s->head, o->output, e) :
		lep_score_pick(s->head, LEP_WANT_TEXT, "translation", "--prediction", e);
	if (s->given < 0)
		return s->given;
	take_recipe(s, s->target, 0);
	take_recipe(s, s->given, 1);
	return lep_text_score_init(&s->text, o->tokenizer, e);
}

/* The text of a field of record i: as it stands, or decoded into place k. */
static int text_of(struct lep_score *s, const struct lep_frame *fr, size_t i, int field, int k, const char **text,
	size_t *len, struct lep_error *e)
{
	const struct lep_field *f = &s->head->field[field];
	const unsigned char *p = lep_score_value(s, fr, field, i, len);
	struct lep_buf *b = &s->decoded[k];

	*text = (const char *)p;
	if (f->dtype == LEP_TEXT)
		return 0;
	for (size_t at = 0; k == 0 && at < *len; at += 4)
		s->unknown += (int32_t)lep_get32(p + at) == s->unknown_id;
	lep_buf_clear(b);
	lep_text_decode(b, &s->recipe[k], f->table, p, *len / 4, -1);
	*text = b->data;
	*len = b->len;
	return b->failed ? lep_fail_nomem(e, 0) : 0;
}

int lep_score_add_pair(struct lep_score *s, const struct lep_frame *fr, size_t i, struct lep_error *e)
{
	const char *right, *given;
	size_t right_len, given_len;
	int rc = text_of(s, fr, i, s->target, 0, &right, &right_len, e);

	if (!rc)
		rc = text_of(s, fr, i, s->given, 1, &given, &given_len, e);
	if (!rc && (rc = lep_text_score_add(&s->text, right, right_len, given, given_len, e)))
		lep_fail_at(e, "record %llu '%.*s'", (unsigned long long)(fr->first + i),
			(int)fr->entry[i].key_len, fr->entry[i].key);
	return rc;
}

/* Where each id of the output stands in the target's table. */
static int map_ids(struct lep_score *s, struct lep_error *e)
{
	const struct lep_table *target = s->head->field[s->target].table, *given = s->head->field[s->given].table;

	s->end = lep_table_find(given, LEP_TOKEN_END, strlen(LEP_TOKEN_END));
	if (s->end < 0)
		s->end = -2;
	if (lep_table_equal(target, given))
		return 0;
	s->map = lep_alloc(given->n, sizeof(*s->map));
	if (!s->map)
		return lep_fail_nomem(e, (double)given->n * sizeof(*s->map));
	for (size_t i = 0; i < given->n; i++)
		s->map[i] = lep_table_find(target, given->entry[i], given->length[i]);
	return 0;
}

/* The ids that were to be predicted: the target's, else an input's, of those with the
 * table of `class` the only one. None is no error: perplexity needs no ids. */
static int find_ids(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e)
{
	const struct lep_head *h = s->head;
	int found = -1;

	if (o->target) {
		found = lep_score_named(h, o->target, e);
		if (found >= 0 && (h->field[found].dtype != LEP_I32 || !h->field[found].table ||
			h->field[found].shape.rank != 1))
			return lep_fail(e, LEP_ERR_DATA, "target '%s' is no sequence of ids", o->target);
		return found;
	}
	found = lep_score_pick(h, LEP_WANT_IDS, NULL, "--target", e);
	for (size_t i = 0; found == -1 && s->given >= 0 && i < h->nfield; i++)
		if (lep_score_fits(&h->field[i], LEP_WANT_IDS_IN) &&
			lep_table_equal(h->field[i].table, h->field[s->given].table))
			found = (int)i;
	return found != -1 ? found : lep_score_pick(h, LEP_WANT_IDS_IN, NULL, "--target", e);
}

int lep_score_bind_language(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e)
{
	const struct lep_head *h = s->head;
	int rc = lep_language_score_init(&s->language, e);

	if (rc)
		return rc;
	s->given = lep_head_find(h, "class");
	if (s->given >= 0 && (!lep_score_fits(&h->field[s->given], LEP_WANT_TABLE) ||
		h->field[s->given].dtype != LEP_I32 || h->field[s->given].shape.rank != 1))
		s->given = -1;
	s->target = find_ids(s, o, e);
	if (s->target < -1)
		return s->target;
	s->language.has_class = s->target >= 0 && s->given >= 0;
	s->language.has_bytes = s->target >= 0 && lep_field_has_text(&h->field[s->target], &s->recipe[0]);
	if (s->language.has_bytes)
		take_recipe(s, s->target, 0);
	return s->language.has_class ? map_ids(s, e) : 0;
}

/* Whether the class given for a row is the right one: ids[row], or the end. */
static int is_right(const struct lep_score *s, int64_t given, const unsigned char *ids, size_t n, size_t row)
{
	if (row >= n)
		return given == s->end;
	if (s->map)
		given = given >= 0 ? s->map[given] : -1;
	return given >= 0 && given == (int32_t)lep_get32(ids + 4 * row);
}

/* Adds the text of ids[at], with the blank that parts it from the one before, to what
 * is decoded; of the end there is none. */
static void decode(struct lep_score *s, const unsigned char *ids, size_t n, size_t at)
{
	const struct lep_table *table = s->head->field[s->target].table;
	int32_t before = at ? (int32_t)lep_get32(ids + 4 * (at - 1)) : -1;

	if (at >= n)
		return;
	s->unknown += (int32_t)lep_get32(ids + 4 * at) == s->unknown_id;
	lep_text_decode(&s->decoded[0], &s->recipe[0], table, ids + 4 * at, 1, before);
}

/* Row k of a record, whose token is number at of n ids. */
static int add_row(struct lep_score *s, const unsigned char *ids, size_t n, size_t at, double log_p, int64_t given,
	double *share)
{
	if (at < n && (int32_t)lep_get32(ids + 4 * at) < 0) {
		s->unlabelled++;
		return 0;
	}
	/* A rounding above 0 is forgiven. */
	if (!(log_p <= 1e-3))
		return -1;
	share[LEP_LANGUAGE_TOKENS]++;
	share[LEP_LANGUAGE_LOGPROB] += log_p;
	if (s->language.has_class)
		share[LEP_LANGUAGE_CORRECT] += is_right(s, given, ids, n, at);
	if (s->language.has_bytes)
		decode(s, ids, n, at);
	return 0;
}

int lep_score_add_language(struct lep_score *s, const struct lep_frame *fr, size_t i, struct lep_error *e)
{
	enum lep_dtype type = s->head->field[s->probability].dtype;
	const unsigned char *p, *given = NULL, *ids = NULL;
	double share[LEP_LANGUAGE_SUMS] = {0};
	size_t rows, n = 0, bytes, first = 0;

	p = lep_score_value(s, fr, s->probability, i, &bytes);
	rows = bytes / lep_dtype_size(type);
	if (s->target >= 0) {
		ids = lep_score_value(s, fr, s->target, i, &n);
		n /= 4;
		first = rows == n + 1 ? 0 : 1;
		if (rows != n + 1 && rows + 1 != n && (n || rows))
			return lep_score_fail(s, fr, i, s->probability, "its rows fit neither the next tokens of the "
				"target nor the target with its end", e);
	}
	if (s->language.has_class) {
		given = lep_score_value(s, fr, s->given, i, &bytes);
		if (bytes / 4 != rows)
			return lep_score_fail(s, fr, i, s->given, "differs from 'logprob' in length", e);
	}
	lep_buf_clear(&s->decoded[0]);
	share[LEP_LANGUAGE_RECORDS] = 1;
	for (size_t k = 0; k < rows; k++) {
		int64_t id = given ? (int32_t)lep_get32(given + 4 * k) : -1;

		if (given && (id < -1 || id >= (int64_t)s->head->field[s->given].table->n))
			return lep_score_fail(s, fr, i, s->given, "id outside its table", e);
		if (add_row(s, ids, n, first + k, lep_score_number(type, p, k), id, share))
			return lep_score_fail(s, fr, i, s->probability, "not a log probability", e);
	}
	share[LEP_LANGUAGE_BYTES] = (double)s->decoded[0].len;
	if (s->decoded[0].failed)
		return lep_fail_nomem(e, 0);
	return lep_language_score_add(&s->language, share, e);
}
