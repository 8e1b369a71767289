/* Heads and records for people. */
#include "cli/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "data/tokens.h"
#include "data/values.h"
#include "stream/agree.h"

#define INDENT "    "
#define FIRST_VALUES 8
#define FIRST_NAMES 10
#define FIRST_BYTES 72
#define WIDTH_MAX 24

/* A name, then spaces up to the column behind it. */
static void label(struct lep_buf *out, const char *name, size_t width)
{
	size_t from = out->len;

	lep_buf_adds(out, INDENT);
	lep_value_show(out, name, strlen(name));
	do
		lep_buf_addc(out, ' ');
	while (out->len - from < width + strlen(INDENT) + 2 && !out->failed);
}

static size_t widest(size_t w, const char *name)
{
	size_t n = strlen(name);

	return n <= w ? w : n < WIDTH_MAX ? n : WIDTH_MAX;
}

static size_t column_width(const struct lep_head *h)
{
	size_t w = 0;

	for (size_t i = 0; i < h->nnote; i++)
		w = widest(w, h->note[i].key);
	for (size_t i = 0; i < h->nexpect; i++)
		w = widest(w, h->expect[i].name);
	for (size_t i = 0; i < h->nfield; i++)
		w = widest(w, h->field[i].name);
	return w;
}

/* "u8 28x28x1" */
static void type(struct lep_buf *out, const struct lep_field *f)
{
	char text[LEP_SHAPE_TEXT_MAX];

	lep_buf_adds(out, lep_dtype_name(f->dtype));
	if (f->shape.rank)
		lep_buf_addf(out, " %s", lep_shape_text(text, &f->shape, "x"));
}

static void table(struct lep_buf *out, const struct lep_table *t)
{
	lep_buf_addf(out, ", %zu %s:", t->n, t->n == 1 ? "name" : "names");
	for (size_t i = 0; i < t->n && i < FIRST_NAMES; i++) {
		lep_buf_addc(out, ' ');
		lep_value_show(out, t->entry[i], t->length[i]);
	}
	if (t->n > FIRST_NAMES)
		lep_buf_adds(out, " ...");
	lep_buf_addc(out, '\n');
}

static void field(struct lep_buf *out, const struct lep_field *f, size_t width)
{
	label(out, f->name, width);
	lep_buf_addf(out, "%-6s  ", lep_role_name(f->role));
	type(out, f);
	if (f->table)
		table(out, f->table);
	else
		lep_buf_addc(out, '\n');
	if (f->recipe) {
		label(out, "", width);
		lep_buf_adds(out, "recipe  ");
		lep_value_show(out, f->recipe, strlen(f->recipe));
		lep_buf_addc(out, '\n');
	}
}

static int64_t parameters(const struct lep_head *h)
{
	int64_t sum = 0;

	for (size_t f = 0; f < h->nfield; f++) {
		int64_t n = lep_shape_count(&h->field[f].shape);

		sum += n > 0 ? n : 0;
	}
	return sum;
}

void lep_show_head(struct lep_buf *out, const struct lep_head *h, const char *file)
{
	size_t width = column_width(h);
	const char *before = "";

	lep_value_show(out, file, strlen(file));
	lep_buf_addf(out, ": %s, %zu %s", lep_kind_name(h->kind), h->nfield, h->nfield == 1 ? "field" : "fields");
	if (h->kind != LEP_KIND_DATA)
		lep_buf_addf(out, ", %" PRId64 " values", parameters(h));
	lep_buf_addc(out, '\n');
	for (size_t i = 0; i < h->nnote; i++) {
		label(out, strcmp(h->note[i].key, before) == 0 ? "" : h->note[i].key, width);
		lep_value_show(out, h->note[i].value, strlen(h->note[i].value));
		lep_buf_addc(out, '\n');
		before = h->note[i].key;
	}
	for (size_t i = 0; i < h->nexpect; i++)
		field(out, &h->expect[i], width);
	/* The weights of a model come with their ranges, as its record. */
	for (size_t i = 0; i < h->nfield && h->kind == LEP_KIND_DATA; i++)
		field(out, &h->field[i], width);
}

/* Text within FIRST_BYTES, cut between characters. */
static void show_text(struct lep_buf *out, const char *s, size_t len, int all)
{
	size_t n = len;

	if (!all && n > FIRST_BYTES) {
		n = FIRST_BYTES;
		while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	}
	lep_value_show(out, s, n);
	if (n < len)
		lep_buf_addf(out, " ... (%zu bytes)", len);
}

static void show_element(struct lep_buf *out, const struct lep_field *f, const unsigned char *p)
{
	size_t len = 0;
	const char *name = lep_field_has_ids(f) ? lep_value_id(f, p, &len) : NULL;

	if (name)
		lep_value_show(out, name, len);
	else if (lep_field_has_ids(f))
		lep_buf_adds(out, "-");
	else
		lep_value_text(out, f->dtype, p);
}

/* Ids of text, as that text; of a long one the beginning. */
static void show_ids(struct lep_buf *out, const struct lep_text_recipe *r, const struct lep_table *t,
	const unsigned char *ids, size_t n, int all)
{
	struct lep_buf text = {0};
	size_t most = all || n < FIRST_BYTES ? n : FIRST_BYTES, cut;

	lep_text_decode(&text, r, t, ids, most, -1);
	cut = all ? text.len : lep_utf8_cut(text.data ? text.data : "", text.len, FIRST_BYTES);
	if (text.len)
		lep_value_show(out, text.data, cut);
	if (cut < text.len || most < n)
		lep_buf_adds(out, " ...");
	out->failed |= text.failed;
	lep_buf_release(&text);
}

static void show_range(struct lep_buf *out, enum lep_dtype t, const unsigned char *p, size_t n)
{
	struct lep_stats s;

	lep_stats_of(&s, t, p, n);
	if (s.n)
		lep_buf_addf(out, "%.6g..%.6g, mean %.6g", s.min, s.max, s.mean);
	if (s.nan)
		lep_buf_addf(out, "%s%" PRIu64 " not a number", s.n ? ", " : "", s.nan);
	lep_buf_addc(out, ':');
}

static void show_value(struct lep_buf *out, const struct lep_head *h, size_t f,
	const struct lep_frame *fr, size_t i, int all)
{
	const struct lep_field *field = &h->field[f];
	size_t size = lep_dtype_size(field->dtype), len, n;
	char text[LEP_SHAPE_TEXT_MAX];
	struct lep_shape shape;
	const unsigned char *p = lep_frame_value(h, fr, f, i, &len, &shape);
	struct lep_text_recipe r;

	if (field->dtype == LEP_TEXT) {
		show_text(out, (const char *)p, len, all);
		return;
	}
	n = len / size;
	if (lep_field_has_text(field, &r)) {
		lep_buf_addf(out, "%zu %s  ", n, n == 1 ? "id" : "ids");
		show_ids(out, &r, field->table, p, n, all);
		return;
	}
	if (h->kind != LEP_KIND_DATA) {
		type(out, field);
		lep_buf_adds(out, "  ");
	} else if (lep_shape_varying(&field->shape)) {
		lep_buf_addf(out, "%s  ", lep_shape_text(text, &shape, "x"));
	}
	if (shape.rank == 0 && n == 1) {
		show_element(out, field, p);
		if (lep_field_has_ids(field))
			lep_buf_addf(out, " (id %d)", (int32_t)lep_get32(p));
		return;
	}
	if (n == 0)
		lep_buf_adds(out, "no elements");
	else if (!lep_field_has_ids(field))
		show_range(out, field->dtype, p, n);
	for (size_t k = 0; k < n && (all || k < FIRST_VALUES); k++) {
		lep_buf_addc(out, ' ');
		show_element(out, field, p + k * size);
	}
	if (!all && n > FIRST_VALUES)
		lep_buf_adds(out, " ...");
}

void lep_show_record(struct lep_buf *out, const struct lep_head *h, const struct lep_frame *fr, size_t i,
	uint64_t number, int all)
{
	const struct lep_entry *entry = &fr->entry[i];
	size_t width = 0;

	lep_buf_addf(out, "%" PRIu64 "  ", number);
	lep_value_show(out, entry->key, entry->key_len);
	if (entry->bad) {
		lep_buf_adds(out, "  bad: ");
		lep_value_show(out, entry->cause, entry->cause_len);
	}
	lep_buf_addc(out, '\n');
	for (size_t f = 0; f < h->nfield; f++)
		width = widest(width, h->field[f].name);
	for (size_t f = 0; f < h->nfield && !entry->bad; f++) {
		label(out, h->field[f].name, width);
		show_value(out, h, f, fr, i, all);
		lep_buf_addc(out, '\n');
	}
}

size_t lep_show_network(struct lep_buf *out, const struct lep_head *h)
{
	size_t lines = 0;

	for (size_t i = 0; i < h->nnote; i++) {
		if (strcmp(h->note[i].key, "network") != 0)
			continue;
		lep_buf_adds(out, h->note[i].value);
		lep_buf_addc(out, '\n');
		lines++;
	}
	return lines;
}
