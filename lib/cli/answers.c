/* Outputs of a model as lines of text: one function a format. */
#include "cli/answers.h"

#include "base/text.h"
#include "cli/json.h"
#include "data/values.h"

int lep_answers_init(struct lep_answers *a, enum lep_answers_format format, const struct lep_inferer *f,
	const struct lep_head *head, struct lep_error *e)
{
	*a = (struct lep_answers){.format = format, .head = head};
	if (lep_inferer_is_sequence(f))
		return lep_fail(e, LEP_ERR_USAGE, "--format: the model gives an answer for each row of a sequence, text has "
			"one a record");
	if (lep_inferer_cases(f) > 1)
		return lep_fail(e, LEP_ERR_USAGE, "--format: the model gives %zu answers a record, text has one",
			lep_inferer_cases(f));
	a->nfield = lep_inferer_fields(f, &a->field);
	a->at = lep_alloc(a->nfield, sizeof(*a->at));
	if (!a->at)
		return lep_fail_nomem(e, 0);
	for (size_t k = 0; k < a->nfield; k++) {
		a->at[k] = lep_head_find(head, a->field[k].name);
		if (a->field[k].axis >= 0 && format == LEP_ANSWERS_TSV)
			return lep_fail(e, LEP_ERR_USAGE, "--layer: '%s' is a sequence, which TSV has no columns for",
				a->field[k].name);
		if (a->field[k].role == LEP_INFER_PROBABILITY)
			a->is_single = a->field[k].bytes == sizeof(float) && lep_inferer_classes(f) == 2;
	}
	return 0;
}

void lep_answers_release(struct lep_answers *a)
{
	lep_free(a->at);
	*a = (struct lep_answers){0};
}

static const struct lep_infer_field *find(const struct lep_answers *a, enum lep_infer_role role, size_t *k)
{
	for (*k = 0; *k < a->nfield; ++*k)
		if (a->field[*k].role == role)
			return &a->field[*k];
	return NULL;
}

static const unsigned char *value(const struct lep_answers *a, const struct lep_frame *fr, size_t k, size_t i)
{
	return lep_frame_value(a->head, fr, (size_t)a->at[k], i, NULL, NULL);
}

static float float_at(const unsigned char *p, size_t i)
{
	float v;

	lep_to_f32(&v, LEP_F32, p + 4 * i, 1);
	return v;
}

/* The largest probability: that of the class, unless a threshold took it away. */
static float largest(const struct lep_answers *a, const unsigned char *p, size_t n)
{
	float most = float_at(p, 0);

	if (a->is_single)
		return most > 1 - most ? most : 1 - most;
	for (size_t i = 1; i < n; i++)
		if (float_at(p, i) > most)
			most = float_at(p, i);
	return most;
}

/* A text that was made: 0 if there is none. */
static const struct lep_infer_field *find_text(const struct lep_answers *a, size_t *k)
{
	const struct lep_infer_field *f = find(a, LEP_INFER_TRANSLATION, k);

	return f ? f : find(a, LEP_INFER_GENERATED, k);
}

static const char *text_value(const struct lep_answers *a, const struct lep_frame *fr, size_t k, size_t i, size_t *len)
{
	const char *text = lep_frame_value(a->head, fr, (size_t)a->at[k], i, len, NULL);

	return *len ? text : "";
}

static void put_name(struct lep_buf *out, const struct lep_table *t, const unsigned char *id)
{
	int32_t c = (int32_t)lep_get32(id);

	if (c >= 0 && (size_t)c < t->n)
		lep_value_show(out, t->entry[c], t->length[c]);
}

/* ---- the answer alone ---- */

static void text_line(const struct lep_answers *a, struct lep_buf *out, const struct lep_frame *fr, size_t i)
{
	size_t k, len;
	const struct lep_infer_field *f = find(a, LEP_INFER_CLASS, &k);

	if (fr->entry[i].bad) {
		lep_buf_adds(out, "bad");
	} else if (!f && (f = find_text(a, &k))) {
		const char *text = text_value(a, fr, k, i, &len);

		/* One line in, one line out. */
		for (size_t n = 0; n < len; n++)
			lep_buf_addc(out, text[n] == '\n' && f->role == LEP_INFER_TRANSLATION ? ' ' : text[n]);
	} else if (f) {
		put_name(out, f->table, value(a, fr, k, i));
	} else if ((f = find(a, LEP_INFER_PREDICTION, &k))) {
		for (size_t n = 0; n < f->bytes / 4; n++) {
			lep_buf_adds(out, n ? " " : "");
			lep_text_float(out, float_at(value(a, fr, k, i), n));
		}
	}
	lep_buf_addc(out, '\n');
}

/* ---- TSV ---- */

/* Columns that a field takes. */
static size_t columns(const struct lep_infer_field *f)
{
	switch (f->role) {
	case LEP_INFER_GENERATED:
	case LEP_INFER_TRANSLATION:
		return 1;
	case LEP_INFER_CLASS:
		return 2;
	case LEP_INFER_TOP:
		return 2 * (f->bytes / 4);
	case LEP_INFER_PREDICTION:
	case LEP_INFER_LAYER:
		return f->bytes / 4;
	case LEP_INFER_PROBABILITY:
	case LEP_INFER_LOGPROB:
	case LEP_INFER_TOP_PROBABILITY:
		break; /* they stand beside their classes */
	}
	return 0;
}

/* The columns of a field of numbers: its name, or NAME[0], NAME[1], ... */
static void tsv_names(struct lep_buf *out, const struct lep_infer_field *f)
{
	for (size_t n = 0; n < f->bytes / 4; n++) {
		lep_buf_addc(out, '\t');
		lep_buf_adds(out, f->name);
		if (f->shape.rank)
			lep_buf_addf(out, "[%zu]", n);
	}
}

void lep_answers_head(const struct lep_answers *a, struct lep_buf *out)
{
	if (a->format != LEP_ANSWERS_TSV)
		return;
	lep_buf_adds(out, "key");
	for (size_t k = 0; k < a->nfield; k++) {
		const struct lep_infer_field *f = &a->field[k];

		if (f->role == LEP_INFER_CLASS)
			lep_buf_adds(out, "\tclass\tprobability");
		else if (f->role == LEP_INFER_PREDICTION || f->role == LEP_INFER_LAYER)
			tsv_names(out, f);
		else if (f->role == LEP_INFER_GENERATED || f->role == LEP_INFER_TRANSLATION)
			lep_buf_addf(out, "\t%s", f->name);
		else if (f->role == LEP_INFER_TOP)
			for (size_t n = 0; n < f->bytes / 4; n++)
				lep_buf_addf(out, "\ttop%zu\tprobability%zu", n + 1, n + 1);
	}
	lep_buf_addc(out, '\n');
}

static void tsv_line(const struct lep_answers *a, struct lep_buf *out, const struct lep_frame *fr, size_t i)
{
	size_t p = 0, tp = 0, text, len;
	const struct lep_infer_field *probability = find(a, LEP_INFER_PROBABILITY, &p);
	const int is_text = find_text(a, &text) != NULL;

	(void)find(a, LEP_INFER_TOP_PROBABILITY, &tp);
	lep_value_show(out, fr->entry[i].key, fr->entry[i].key_len);
	if (fr->entry[i].bad) {
		/* "bad" in the first column, nothing in the others. */
		for (size_t k = 0, first = 1; k < a->nfield; k++)
			for (size_t n = 0; n < columns(&a->field[k]); n++, first = 0)
				lep_buf_adds(out, first ? "\tbad" : "\t");
		lep_buf_addc(out, '\n');
		return;
	}
	if (is_text) {
		const char *made = text_value(a, fr, text, i, &len);

		lep_buf_addc(out, '\t');
		lep_value_show(out, made, len);
	}
	for (size_t k = 0; k < a->nfield && !is_text; k++) {
		const struct lep_infer_field *f = &a->field[k];
		const unsigned char *v = value(a, fr, k, i);

		if (f->role == LEP_INFER_CLASS) {
			lep_buf_addc(out, '\t');
			put_name(out, f->table, v);
			lep_buf_addc(out, '\t');
			lep_text_float(out, largest(a, value(a, fr, p, i), probability->bytes / 4));
		}
		for (size_t n = 0; n < f->bytes / 4; n++) {
			if (f->role == LEP_INFER_PREDICTION || f->role == LEP_INFER_LAYER) {
				lep_buf_addc(out, '\t');
				lep_text_float(out, float_at(v, n));
			} else if (f->role == LEP_INFER_TOP) {
				lep_buf_addc(out, '\t');
				put_name(out, f->table, v + 4 * n);
				lep_buf_addc(out, '\t');
				lep_text_float(out, float_at(value(a, fr, tp, i), n));
			}
		}
	}
	lep_buf_addc(out, '\n');
}

/* ---- JSON Lines ---- */

static void json_class(struct lep_json *j, const struct lep_table *t, const unsigned char *id)
{
	int32_t c = (int32_t)lep_get32(id);

	if (c >= 0 && (size_t)c < t->n)
		lep_json_textn(j, t->entry[c], t->length[c]);
	else
		lep_json_null(j);
}

static void json_numbers(struct lep_json *j, const struct lep_infer_field *f, const unsigned char *v, size_t bytes)
{
	lep_json_key(j, f->name);
	if (f->shape.rank)
		lep_json_array(j);
	for (size_t n = 0; n < bytes / 4; n++)
		lep_json_float(j, float_at(v, n));
	if (f->shape.rank)
		lep_json_close(j);
}

static void json_top(struct lep_json *j, const struct lep_infer_field *f, const unsigned char *ids,
	const unsigned char *p)
{
	lep_json_key(j, "top");
	lep_json_array(j);
	for (size_t n = 0; n < f->bytes / 4; n++) {
		lep_json_object(j);
		lep_json_key(j, "class");
		json_class(j, f->table, ids + 4 * n);
		lep_json_key(j, "probability");
		lep_json_float(j, float_at(p, n));
		lep_json_close(j);
	}
	lep_json_close(j);
}

static void json_line(const struct lep_answers *a, struct lep_buf *out, const struct lep_frame *fr, size_t i)
{
	struct lep_json j = {.buf = out};
	const struct lep_entry *entry = &fr->entry[i];
	size_t p = 0, tp = 0;
	const struct lep_infer_field *probability = find(a, LEP_INFER_PROBABILITY, &p);

	(void)find(a, LEP_INFER_TOP_PROBABILITY, &tp);
	lep_json_object(&j);
	lep_json_key(&j, "key");
	lep_json_textn(&j, entry->key, entry->key_len);
	if (entry->bad) {
		lep_json_key(&j, "bad");
		lep_json_textn(&j, entry->cause_len ? entry->cause : "", entry->cause_len);
	}
	for (size_t k = 0; k < a->nfield && !entry->bad; k++) {
		const struct lep_infer_field *f = &a->field[k];
		size_t bytes;
		const unsigned char *v = lep_frame_value(a->head, fr, (size_t)a->at[k], i, &bytes, NULL);

		if (f->role == LEP_INFER_CLASS) {
			lep_json_key(&j, "class");
			json_class(&j, f->table, v);
			lep_json_key(&j, "probability");
			lep_json_float(&j, largest(a, value(a, fr, p, i), probability->bytes / 4));
		} else if (f->role == LEP_INFER_TOP) {
			json_top(&j, f, v, value(a, fr, tp, i));
		} else if (f->dtype == LEP_TEXT) {
			lep_json_key(&j, f->name);
			lep_json_textn(&j, bytes ? (const char *)v : "", bytes);
		} else if (f->role == LEP_INFER_PREDICTION || f->role == LEP_INFER_LAYER) {
			json_numbers(&j, f, v, bytes);
		}
	}
	lep_json_close(&j);
	lep_buf_addc(out, '\n');
}

void lep_answers_add(const struct lep_answers *a, struct lep_buf *out, const struct lep_frame *fr)
{
	static void (*const lines[])(const struct lep_answers *, struct lep_buf *, const struct lep_frame *, size_t) = {
		[LEP_ANSWERS_TSV] = tsv_line,
		[LEP_ANSWERS_JSONL] = json_line,
		[LEP_ANSWERS_TEXT] = text_line,
	};

	for (size_t i = 0; i < fr->n; i++) {
		lines[a->format](a, out, fr, i);
	}
}
