#include "nn/feed.h"

#include <math.h>
#include <string.h>

#include "data/recipe.h"

static int match_recipe(const struct lep_field *want, const struct lep_field *got, const char *name,
	struct lep_error *e)
{
	if (!want->recipe && !got->recipe)
		return 0;
	if (want->recipe && got->recipe && strcmp(want->recipe, got->recipe) == 0)
		return 0;
	return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': prepared otherwise than for the model: '%s', not '%s'",
		name, want->name, got->recipe ? got->recipe : "no recipe", want->recipe ? want->recipe : "no recipe");
}

static int match(const struct lep_field *want, const struct lep_field *got, const char *name, int any_recipe,
	struct lep_error *e)
{
	char a[LEP_SHAPE_TEXT_MAX], b[LEP_SHAPE_TEXT_MAX];

	if (!lep_shape_equal(&want->shape, &got->shape))
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': its extents are '%s', the model wants '%s'", name,
			want->name, lep_shape_text(a, &got->shape, " "), lep_shape_text(b, &want->shape, " "));
	if (got->dtype == LEP_TEXT)
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': is text, not numbers", name, want->name);
	if (!want->table != !got->table || (want->table && !lep_table_equal(want->table, got->table)))
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': its table is not the model's", name, want->name);
	return any_recipe ? 0 : match_recipe(want, got, name, e);
}

/* The scale of u8 values, one table a channel (the last extent). */
static int make_table(struct lep_feed_input *in, const struct lep_field *want, const struct lep_field *got,
	const char *name, struct lep_error *e)
{
	struct lep_recipe r;
	float lut[256];
	int rc;

	if (in->dtype != LEP_U8 || in->ids)
		return 0;
	/* With --any-recipe the model's own says what its values were scaled by. */
	rc = lep_recipe_parse(&r, want->recipe, e);
	if (rc)
		return lep_fail_at(e, "%s: field '%s'", name, got->name);
	in->channels = got->shape.rank > in->varies ? (size_t)got->shape.extent[got->shape.rank - 1] : 1;
	if (r.kind != LEP_RECIPE_PICTURE || in->channels != (size_t)r.channels)
		in->channels = 1;
	in->table = lep_alloc(in->channels * 256, sizeof(*in->table));
	if (!in->table)
		return lep_fail_nomem(e, 0);
	for (size_t c = 0; c < in->channels; c++) {
		if (r.kind == LEP_RECIPE_PICTURE)
			lep_recipe_lut(&r, (int)c, lut);
		for (int v = 0; v < 256; v++)
			in->table[c * 256 + (size_t)v] = r.kind == LEP_RECIPE_PICTURE ? (lep_real)lut[v] : (lep_real)v;
	}
	return 0;
}

int lep_feed_init(struct lep_feed *f, const struct lep_net *n, const struct lep_field *expect,
	const struct lep_head *data, const char *name, int any_recipe, int learning, struct lep_error *e)
{
	int rc = 0;

	*f = (struct lep_feed){.n = lep_net_inputs(n)};
	f->input = lep_alloc(f->n, sizeof(*f->input));
	if (!f->input)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < f->n && rc == 0; i++) {
		const struct lep_net_input *in = lep_net_input(n, i);
		const struct lep_field *want = &expect[in->field], *got;
		int at = lep_head_find(data, in->name);

		if (in->shift == LEP_SHIFT_END && !learning) {
			f->input[i] = (struct lep_feed_input){.field = -1, .varies = in->varies, .ids = in->ids};
			continue;
		}
		if (at < 0) {
			rc = lep_fail(e, LEP_ERR_DATA, "%s: field '%s': is not there, and the model reads it", name,
				in->name);
			break;
		}
		got = &data->field[at];
		rc = match(want, got, name, any_recipe, e);
		f->input[i] = (struct lep_feed_input){.field = at, .dtype = got->dtype, .size = in->size,
			.varies = in->varies, .shift = in->shift, .end = in->end, .longest = in->longest, .ids = in->ids,
			.table_n = got->table ? (int64_t)got->table->n : 0};
		if (in->shift == LEP_SHIFT_NEXT && !learning) {
			f->input[i].shift = LEP_SHIFT_NONE;
			f->input[i].longest = 0;
		}
		if (rc == 0)
			rc = make_table(&f->input[i], want, got, name, e);
	}
	if (rc)
		lep_feed_release(f);
	return rc;
}

void lep_feed_release(struct lep_feed *f)
{
	for (size_t i = 0; f->input && i < f->n; i++)
		lep_free(f->input[i].table);
	lep_free(f->input);
	*f = (struct lep_feed){0};
}

/* Rows that are in the record itself. */
static size_t record_rows(const struct lep_feed_input *in, const struct lep_head *data,
	const struct lep_frame *frame, size_t at)
{
	struct lep_shape shape;

	if (!in->varies)
		return 1;
	(void)lep_frame_value(data, frame, (size_t)in->field, at, NULL, &shape);
	return (size_t)shape.extent[0];
}

size_t lep_feed_rows(const struct lep_feed *f, size_t i, const struct lep_head *data,
	const struct lep_frame *frame, size_t at, const struct lep_window *w)
{
	const struct lep_feed_input *in = &f->input[i];
	size_t rows;

	if (in->field < 0)
		return 0;
	rows = record_rows(in, data, frame, at);
	if (in->shift == LEP_SHIFT_END)
		return rows + 1;
	if (in->shift != LEP_SHIFT_NEXT)
		return rows;
	return w ? w->rows : rows ? rows - 1 : 0;
}

int lep_feed_fits(const struct lep_feed *f, size_t i, const struct lep_head *data, size_t rows, struct lep_error *e)
{
	const struct lep_feed_input *in = &f->input[i];

	if (!in->longest || rows <= in->longest)
		return 0;
	return lep_fail(e, LEP_ERR_DATA, "field '%s': a sequence of %zu, the network's positions end at %zu",
		data->field[in->field].name, rows, in->longest);
}

void lep_feed_lengths(const struct lep_feed *f, const struct lep_head *data, const struct lep_frame *frame,
	size_t at, const struct lep_window *w, struct lep_exec *x, size_t s)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->input[i].varies)
			lep_exec_lengths(x, i)[s] = lep_feed_rows(f, i, data, frame, at, w);
}

static int take_ids(const struct lep_feed_input *in, const uint8_t *bytes, size_t n, int32_t *ids)
{
	int rc = 0;

	if (in->shift == LEP_SHIFT_END && n) {
		*ids++ = in->end;
		n--;
	}
	for (size_t k = 0; k < n; k++) {
		ids[k] = (int32_t)lep_get32(bytes + 4 * k);
		if (ids[k] < -1 || ids[k] >= in->table_n) {
			ids[k] = -1;
			rc = LEP_ERR_DATA;
		}
	}
	return rc;
}

int lep_feed_value(const struct lep_feed *f, size_t i, const struct lep_head *data, const struct lep_frame *frame,
	size_t at, const struct lep_window *w, size_t rows, lep_real *to, int32_t *ids)
{
	const struct lep_feed_input *in = &f->input[i];
	const size_t size = rows * in->size;
	const uint8_t *bytes;

	if (in->field < 0)
		return 0;
	bytes = lep_frame_value(data, frame, (size_t)in->field, at, NULL, NULL);
	if (in->ids)
		return take_ids(in, bytes + (w && in->shift == LEP_SHIFT_NEXT ? 4 * w->from : 0), size, ids);
	if (in->table) {
		/* One table is the common case, and the compiler's loop is good. */
		if (in->channels == 1)
			for (size_t k = 0; k < size; k++)
				to[k] = in->table[bytes[k]];
		else
			for (size_t k = 0; k < size; k += in->channels)
				for (size_t c = 0; c < in->channels; c++)
					to[k + c] = in->table[c * 256 + bytes[k + c]];
		return 0;
	}
#ifdef LEP_DOUBLE
	lep_to_f64(to, in->dtype, bytes, size);
#else
	lep_to_f32(to, in->dtype, bytes, size);
#endif
	return 0;
}

int lep_feed_record(const struct lep_feed *f, const struct lep_head *data, const struct lep_frame *frame,
	size_t at, const struct lep_window *w, struct lep_exec *x, size_t s, struct lep_error *e)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct lep_feed_input *in = &f->input[i];
		size_t start = lep_exec_input_row(x, i, s), rows = lep_exec_input_row(x, i, s + 1) - start;
		lep_real *to = in->ids ? NULL : lep_exec_input(x, i) + start * in->size;
		int32_t *ids = in->ids ? lep_exec_input_ids(x, i) + start * in->size : NULL;

		if (lep_feed_value(f, i, data, frame, at, w, rows, to, ids))
			return lep_fail(e, LEP_ERR_DATA, "record %llu (%.*s): field '%s': an id outside its table",
				(unsigned long long)(frame->first + at), (int)frame->entry[at].key_len,
				frame->entry[at].key, data->field[in->field].name);
	}
	return 0;
}

int lep_feed_is_finite(const struct lep_feed *f, size_t i, const struct lep_head *data,
	const struct lep_frame *frame, size_t at)
{
	const struct lep_feed_input *in = &f->input[i];
	const unsigned char *from = lep_frame_value(data, frame, (size_t)in->field, at, NULL, NULL);
	size_t each = lep_dtype_size(in->dtype), size = in->size * record_rows(in, data, frame, at);
	double v;

	for (size_t k = 0; k < size && lep_dtype_is_float(in->dtype); k++) {
		lep_to_f64(&v, in->dtype, from + k * each, 1);
		if (!isfinite(v))
			return 0;
	}
	return 1;
}
