/* Values as text. */
#include "data/values.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "data/tokens.h"
#include "stream/agree.h"

void lep_value_text(struct lep_buf *out, enum lep_dtype t, const void *element)
{
	double v;

	if (t == LEP_I64) {
		lep_buf_addf(out, "%" PRId64, (int64_t)lep_get64(element));
		return;
	}
	lep_to_f64(&v, t, element, 1);
	if (isnan(v))
		lep_buf_adds(out, "nan");
	else if (isinf(v))
		lep_buf_adds(out, v < 0 ? "-inf" : "inf");
	else if (t == LEP_F32 || t == LEP_F16 || t == LEP_BF16)
		lep_text_float(out, (float)v);
	else
		lep_text_number(out, v);
}

void lep_value_show(struct lep_buf *out, const void *s, size_t len)
{
	const char *p = s;

	while (len) {
		size_t n = lep_text_utf8(p, len);
		unsigned char c = (unsigned char)*p;

		if (c == '\n' || c == '\t' || c == '\r' || c == '\\')
			lep_buf_addf(out, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : '\\');
		else if (n == 0 || c < 0x20 || c == 0x7f)
			lep_buf_addf(out, "\\x%02x", c);
		else if (n == 2 && c == 0xc2 && (unsigned char)p[1] < 0xa0) /* C1 */
			lep_buf_addf(out, "\\xc2\\x%02x", (unsigned char)p[1]);
		else
			lep_buf_add(out, p, n);
		n = n ? n : 1;
		p += n;
		len -= n;
	}
}

const char *lep_value_id(const struct lep_field *f, const void *p, size_t *len)
{
	int32_t id = (int32_t)lep_get32(p);

	if (id < 0 || (size_t)id >= f->table->n)
		return NULL;
	*len = f->table->length[id];
	return f->table->entry[id];
}

void lep_stats_of(struct lep_stats *s, enum lep_dtype t, const void *values, size_t count)
{
	const unsigned char *p = values;
	size_t size = lep_dtype_size(t);
	double v[256], sum = 0;

	*s = (struct lep_stats){0};
	while (count) {
		size_t k = count < 256 ? count : 256;

		lep_to_f64(v, t, p, k);
		for (size_t i = 0; i < k; i++) {
			if (isnan(v[i])) {
				s->nan++;
				continue;
			}
			s->min = s->n == 0 || v[i] < s->min ? v[i] : s->min;
			s->max = s->n == 0 || v[i] > s->max ? v[i] : s->max;
			sum += v[i];
			s->n++;
		}
		p += k * size;
		count -= k;
	}
	s->mean = s->n ? sum / (double)s->n : 0;
}

/* One cell of text. */
static void cell(struct lep_buf *out, const char *s, size_t len, char separator)
{
	if (separator == '\t') {
		for (size_t i = 0; i < len; i++) {
			const char *at = memchr("\t\n\r\\", s[i], 4);

			if (at)
				lep_buf_addf(out, "\\%c", "tnr\\"[at - "\t\n\r\\"]);
			else
				lep_buf_addc(out, s[i]);
		}
		return;
	}
	if (!memchr(s, '"', len) && !memchr(s, ',', len) && !memchr(s, '\n', len) && !memchr(s, '\r', len)) {
		lep_buf_add(out, s, len);
		return;
	}
	lep_buf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"')
			lep_buf_addc(out, '"');
		lep_buf_addc(out, s[i]);
	}
	lep_buf_addc(out, '"');
}

/* Behind a field's name, which element: its name in brackets, or its number. */
static void add_element(struct lep_buf *name, const struct lep_field *f, int64_t i)
{
	const struct lep_table *t = f->shape.rank == 1 && f->dtype != LEP_I32 ? f->table : NULL;

	if (!t || (int64_t)t->n != f->shape.extent[0]) {
		lep_buf_addf(name, "[%" PRId64 "]", i);
		return;
	}
	lep_buf_addc(name, '[');
	lep_buf_add(name, t->entry[i], t->length[i]);
	lep_buf_addc(name, ']');
}

int lep_rows_head(struct lep_buf *out, const struct lep_head *h, char separator, struct lep_error *e)
{
	struct lep_buf name = {0};

	lep_buf_adds(out, "key");
	for (size_t f = 0; f < h->nfield; f++) {
		const struct lep_field *field = &h->field[f];
		struct lep_text_recipe ignored;
		int text = lep_field_has_text(field, &ignored);
		int64_t n = text ? 1 : lep_shape_count(&field->shape);

		if (n < 0)
			return lep_fail(e, LEP_ERR_USAGE, "field '%s': extents that vary are no columns", field->name);
		if (n > LEP_COLUMNS_MAX)
			return lep_fail(e, LEP_ERR_USAGE, "field '%s': %" PRId64 " columns are too many", field->name, n);
		for (int64_t i = 0; i < n; i++) {
			lep_buf_clear(&name);
			lep_buf_adds(&name, field->name);
			if (field->shape.rank && !text)
				add_element(&name, field, i);
			lep_buf_addc(out, separator);
			cell(out, name.data ? name.data : "", name.len, separator);
		}
	}
	lep_buf_addc(out, '\n');
	lep_buf_release(&name);
	return out->failed ? lep_fail_nomem(e, 0) : 0;
}

static void element(struct lep_buf *out, const struct lep_field *f, const unsigned char *p, char separator)
{
	const char *name;
	size_t len;

	if (!lep_field_has_ids(f)) {
		lep_value_text(out, f->dtype, p);
		return;
	}
	name = lep_value_id(f, p, &len);
	if (name)
		cell(out, name, len, separator);
}

/* Ids of text, as that text. */
static void text_cell(struct lep_buf *out, const struct lep_text_recipe *r, const struct lep_table *t,
	const unsigned char *ids, size_t n, char separator)
{
	struct lep_buf text = {0};

	lep_text_decode(&text, r, t, ids, n, -1);
	if (text.failed)
		out->failed = 1;
	else if (text.len)
		cell(out, text.data, text.len, separator);
	lep_buf_release(&text);
}

void lep_rows_add(struct lep_buf *out, const struct lep_head *h, const struct lep_frame *fr, size_t i,
	char separator)
{
	const struct lep_entry *entry = &fr->entry[i];

	cell(out, entry->key_len ? entry->key : "", entry->key_len, separator);
	for (size_t f = 0; f < h->nfield; f++) {
		const struct lep_field *field = &h->field[f];
		size_t len, size = lep_dtype_size(field->dtype), n;
		const unsigned char *p = lep_frame_value(h, fr, f, i, &len, NULL);
		struct lep_text_recipe text;

		if (lep_field_has_text(field, &text)) {
			lep_buf_addc(out, separator);
			text_cell(out, &text, field->table, p, len / 4, separator);
			continue;
		}
		if (field->dtype == LEP_TEXT) {
			lep_buf_addc(out, separator);
			cell(out, len ? (const char *)p : "", len, separator);
			continue;
		}
		n = len / size;
		for (size_t k = 0; k < n; k++) {
			lep_buf_addc(out, separator);
			if (!entry->bad)
				element(out, field, p + k * size, separator);
		}
	}
	lep_buf_addc(out, '\n');
}
