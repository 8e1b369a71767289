/* Heads and records as JSON. */
#include "cli/show.h"

#include <math.h>
#include <string.h>

#include "data/tokens.h"
#include "data/values.h"
#include "stream/agree.h"

static void extents(struct lep_json *j, const struct lep_shape *s)
{
	lep_json_key(j, "extents");
	lep_json_array(j);
	for (int i = 0; i < s->rank; i++) {
		if (s->extent[i] == LEP_VARIES)
			lep_json_null(j);
		else
			lep_json_int(j, s->extent[i]);
	}
	lep_json_close(j);
}

static void fields(struct lep_json *j, const char *key, const struct lep_field *field, size_t n)
{
	lep_json_key(j, key);
	lep_json_array(j);
	for (size_t i = 0; i < n; i++) {
		const struct lep_field *f = &field[i];

		lep_json_object(j);
		lep_json_key(j, "name");
		lep_json_text(j, f->name);
		lep_json_key(j, "role");
		lep_json_text(j, lep_role_name(f->role));
		lep_json_key(j, "dtype");
		lep_json_text(j, lep_dtype_name(f->dtype));
		extents(j, &f->shape);
		if (f->table) {
			lep_json_key(j, "table");
			lep_json_array(j);
			for (size_t k = 0; k < f->table->n; k++)
				lep_json_textn(j, f->table->entry[k], f->table->length[k]);
			lep_json_close(j);
		}
		if (f->recipe) {
			lep_json_key(j, "recipe");
			lep_json_text(j, f->recipe);
		}
		lep_json_close(j);
	}
	lep_json_close(j);
}

/* The values of all notes with this key. */
static void note_values(struct lep_json *j, const struct lep_head *h, const char *key)
{
	const char *value;
	size_t at = 0;

	lep_json_key(j, key);
	lep_json_array(j);
	while ((value = lep_head_note_get(h, key, &at)))
		lep_json_text(j, value);
	lep_json_close(j);
}

static void notes(struct lep_json *j, const struct lep_head *h)
{
	size_t k;

	note_values(j, h, "provenance");
	lep_json_key(j, "notes");
	lep_json_object(j);
	for (size_t i = 0; i < h->nnote; i++) {
		for (k = 0; k < i && strcmp(h->note[k].key, h->note[i].key) != 0; k++)
			;
		if (k == i && strcmp(h->note[i].key, "provenance") != 0)
			note_values(j, h, h->note[i].key);
	}
	lep_json_close(j);
}

void lep_show_head_json(struct lep_buf *out, const struct lep_head *h, const char *file, int64_t records)
{
	struct lep_json j = {.buf = out};
	int64_t parameters = 0;

	lep_json_object(&j);
	lep_json_key(&j, "file");
	lep_json_text(&j, file);
	lep_json_key(&j, "kind");
	lep_json_text(&j, lep_kind_name(h->kind));
	if (records >= 0) {
		lep_json_key(&j, "records");
		lep_json_int(&j, records);
	}
	notes(&j, h);
	if (h->kind != LEP_KIND_DATA) {
		for (size_t f = 0; f < h->nfield; f++) {
			int64_t n = lep_shape_count(&h->field[f].shape);

			parameters += n > 0 ? n : 0;
		}
		lep_json_key(&j, "parameters");
		lep_json_int(&j, parameters);
		fields(&j, "expects", h->expect, h->nexpect);
	}
	fields(&j, "fields", h->field, h->nfield);
	lep_json_close(&j);
	lep_buf_addc(out, '\n');
}

static void element(struct lep_json *j, enum lep_dtype t, const unsigned char *p)
{
	double v;

	if (t == LEP_I64) {
		lep_json_int(j, (int64_t)lep_get64(p));
		return;
	}
	lep_to_f64(&v, t, p, 1);
	if (t == LEP_F32 || t == LEP_F16 || t == LEP_BF16)
		lep_json_float(j, (float)v);
	else
		lep_json_number(j, v);
}

/* Row-major values as arrays within arrays; returns what lies behind them. */
static const unsigned char *nested(struct lep_json *j, enum lep_dtype t, const struct lep_shape *s,
	int dim, const unsigned char *p)
{
	if (dim == s->rank) {
		element(j, t, p);
		return p + lep_dtype_size(t);
	}
	lep_json_array(j);
	for (int64_t i = 0; i < s->extent[dim]; i++)
		p = nested(j, t, s, dim + 1, p);
	lep_json_close(j);
	return p;
}

static void id(struct lep_json *j, const struct lep_field *f, const unsigned char *p)
{
	const char *name;
	size_t len;

	lep_json_object(j);
	lep_json_key(j, "id");
	lep_json_int(j, (int32_t)lep_get32(p));
	lep_json_key(j, "name");
	name = lep_value_id(f, p, &len);
	if (name)
		lep_json_textn(j, name, len);
	else
		lep_json_null(j);
	lep_json_close(j);
}

static void statistics(struct lep_json *j, enum lep_dtype t, const unsigned char *p, size_t n)
{
	struct lep_stats s;

	lep_stats_of(&s, t, p, n);
	if (s.n) {
		lep_json_key(j, "min");
		lep_json_number(j, s.min);
		lep_json_key(j, "max");
		lep_json_number(j, s.max);
		lep_json_key(j, "mean");
		lep_json_number(j, s.mean);
	}
	if (s.nan) {
		lep_json_key(j, "nan");
		lep_json_uint(j, s.nan);
	}
}

static void decoded(struct lep_json *j, const struct lep_text_recipe *r, const struct lep_table *t,
	const unsigned char *ids, size_t n)
{
	struct lep_buf text = {0};

	lep_text_decode(&text, r, t, ids, n, -1);
	lep_json_key(j, "text");
	lep_json_textn(j, text.len ? text.data : "", text.len);
	j->buf->failed |= text.failed;
	lep_buf_release(&text);
}

static void value(struct lep_json *j, const struct lep_head *h, size_t f, const struct lep_frame *fr,
	size_t i, int values)
{
	const struct lep_field *field = &h->field[f];
	struct lep_shape shape;
	size_t len;
	const unsigned char *p = lep_frame_value(h, fr, f, i, &len, &shape);
	struct lep_text_recipe text;

	if (field->dtype == LEP_TEXT) {
		lep_json_textn(j, (const char *)p, len);
		return;
	}
	if (shape.rank == 0) {
		if (lep_field_has_ids(field))
			id(j, field, p);
		else
			element(j, field->dtype, p);
		return;
	}
	lep_json_object(j);
	extents(j, &shape);
	if (lep_field_has_text(field, &text))
		decoded(j, &text, field->table, p, len / 4);
	else
		statistics(j, field->dtype, p, len / lep_dtype_size(field->dtype));
	if (values) {
		lep_json_key(j, "values");
		if (len)
			nested(j, field->dtype, &shape, 0, p);
		else {
			lep_json_array(j);
			lep_json_close(j);
		}
	}
	lep_json_close(j);
}

void lep_show_record_json(struct lep_buf *out, const struct lep_head *h, const struct lep_frame *fr,
	size_t i, uint64_t number, int values)
{
	const struct lep_entry *entry = &fr->entry[i];
	struct lep_json j = {.buf = out};

	lep_json_object(&j);
	lep_json_key(&j, "record");
	lep_json_uint(&j, number);
	lep_json_key(&j, "key");
	lep_json_textn(&j, entry->key, entry->key_len);
	lep_json_key(&j, "status");
	lep_json_text(&j, entry->bad ? "bad" : "good");
	if (entry->bad) {
		lep_json_key(&j, "cause");
		lep_json_textn(&j, entry->cause, entry->cause_len);
	} else {
		lep_json_key(&j, "fields");
		lep_json_object(&j);
		for (size_t f = 0; f < h->nfield; f++) {
			lep_json_key(&j, h->field[f].name);
			value(&j, h, f, fr, i, values);
		}
		lep_json_close(&j);
	}
	lep_json_close(&j);
	lep_buf_addc(out, '\n');
}
