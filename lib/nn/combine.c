/* Steps on the tensors of one record: their texts, the head, frames through them. */
#include "nn/combine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "data/recipe.h"
#include "nn/combine_step.h"
#include "stream/agree.h"

/* The values of a step's result. */
struct column {
	unsigned char *data;
	size_t room;
	struct lep_buf extent, offset;
};

struct lep_combine {
	struct lep_head all;            /* the fields of the input, then the results */
	size_t nin, nstep;
	struct lep_combine_step *step;
	struct column *own;             /* one a step */
	struct lep_column *column;      /* one a field of all */
	struct lep_combine_value *value;
	struct lep_shape *shape;
};

/* The operation between the first = and the : behind it, or NULL. */
static const struct lep_combine_op *find_op(const char *text)
{
	const char *name = strchr(text, '='), *end = name ? strchr(name, ':') : NULL;

	for (size_t i = 0; end && i < lep_combine_nops; i++)
		if (strlen(lep_combine_ops[i].name) == (size_t)(end - name - 1) &&
			memcmp(lep_combine_ops[i].name, name + 1, (size_t)(end - name - 1)) == 0)
			return &lep_combine_ops[i];
	return NULL;
}

static int no_step(struct lep_error *e)
{
	char names[256] = "";

	for (size_t i = 0, n = 0; i < lep_combine_nops && n < sizeof(names); i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", i ? ", " : "", lep_combine_ops[i].name);
	return lep_fail(e, LEP_ERR_USAGE, "not NAME=OPERATION:FIELD,FIELD with one of %s", names);
}

int lep_combine_has_gate(const char *const *make, size_t nmake)
{
	for (size_t i = 0; i < nmake; i++) {
		const struct lep_combine_op *op = find_op(make[i]);

		if (op && op->fill == lep_combine_gate_fill)
			return 1;
	}
	return 0;
}

/* ---- texts ---- */

/* Decimal to double, as people write weights: sign, digits, point. */
static int parse_weight(const char *s, size_t len, double *v)
{
	const char *end = s + len;
	int negative = len && *s == '-', digits = 0;
	double power = 1;

	*v = 0;
	s += negative;
	for (; s < end && *s >= '0' && *s <= '9'; s++, digits++)
		*v = *v * 10 + (*s - '0');
	if (s < end && *s == '.')
		for (s++; s < end && *s >= '0' && *s <= '9'; s++, digits++) {
			*v = *v * 10 + (*s - '0');
			power *= 10;
		}
	*v = (negative ? -*v : *v) / power;
	return s == end && digits > 0 && digits <= 15;
}

/* One word behind the colon: FIELD, or FIELD=WEIGHT. */
static int take_word(struct lep_combine *c, struct lep_combine_step *s, const char *word, size_t len,
	struct lep_error *e)
{
	const char *equals = s->op->is_weighted ? memchr(word, '=', len) : NULL;
	size_t name = equals ? (size_t)(equals - word) : len;
	const struct lep_field *f = NULL;

	if (s->op->is_weighted && !equals)
		return lep_fail(e, LEP_ERR_USAGE, "'%.*s' is not FIELD=WEIGHT", (int)len, word);
	s->weight[s->n] = 1;
	if (equals && !parse_weight(equals + 1, len - name - 1, &s->weight[s->n]))
		return lep_fail(e, LEP_ERR_USAGE, "'%.*s' is no weight", (int)(len - name - 1), equals + 1);
	for (size_t i = 0; i < c->all.nfield && !f; i++)
		if (strlen(c->all.field[i].name) == name && memcmp(c->all.field[i].name, word, name) == 0)
			f = &c->all.field[s->field[s->n] = i];
	if (!f)
		return lep_fail(e, LEP_ERR_USAGE, "no field '%.*s'", name < LEP_NAME_MAX ? (int)name : LEP_NAME_MAX, word);
	/* A table beside numbers names their elements. */
	if (f->dtype == LEP_TEXT || (f->table && f->dtype == LEP_I32))
		return lep_fail(e, LEP_ERR_DATA, "field '%s' holds %s, not numbers", f->name,
			f->dtype == LEP_TEXT ? "text" : "ids");
	s->n++;
	return 0;
}

/* u8 of a picture is scaled as its recipe says. */
static int take_recipes(struct lep_combine *c, struct lep_combine_step *s, struct lep_error *e)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct lep_field *f = &c->all.field[s->field[i]];
		struct lep_recipe recipe;
		int channels;

		s->dtype[i] = f->dtype;
		if (f->dtype != LEP_U8 || !f->recipe)
			continue;
		if (lep_recipe_parse(&recipe, f->recipe, e))
			return lep_fail_at(e, "field '%s'", f->name);
		if (recipe.kind != LEP_RECIPE_PICTURE || recipe.scale == LEP_RECIPE_SCALE_NONE)
			continue;
		channels = recipe.channels;
		if (!f->shape.rank || f->shape.extent[f->shape.rank - 1] != channels)
			return lep_fail(e, LEP_ERR_DATA, "field '%s': its recipe is of %d channels, its shape is not", f->name,
				channels);
		s->lut[i] = lep_alloc((size_t)channels * 256, sizeof(float));
		if (!s->lut[i])
			return lep_fail_nomem(e, 0);
		for (int k = 0; k < channels; k++)
			(void)lep_recipe_lut(&recipe, k, s->lut[i] + k * 256);
	}
	return 0;
}

/* Names the field that does not fit and the one it is held against. */
static int misfit(const struct lep_combine_step *s, const struct lep_head *all, const struct lep_shape *in,
	int which, struct lep_error *e)
{
	char a[LEP_SHAPE_TEXT_MAX], b[LEP_SHAPE_TEXT_MAX];
	int with = 0;

	/* A single number fits everything: the first that has extents does not. */
	while (s->op->take && with + 1 < which && s->single[with])
		with++;
	return lep_fail(e, LEP_ERR_DATA, "fields '%s' (%s) and '%s' (%s) cannot be %s", all->field[s->field[with]].name,
		in[with].rank ? lep_shape_text(a, &in[with], "x") : "one number", all->field[s->field[which]].name,
		in[which].rank ? lep_shape_text(b, &in[which], "x") : "one number", s->op->verb);
}

/* The words of a text, and the field that it makes. */
static int parse(struct lep_combine *c, struct lep_combine_step *s, const char *text,
	const struct lep_combine_options *o, struct lep_error *e)
{
	const char *at = text + strcspn(text, "=");
	size_t most = 1;
	struct lep_shape shape;
	enum lep_dtype dtype = LEP_F64;
	int rc = 0;
	char *name;

	s->op = find_op(text);
	if (!s->op)
		return no_step(e);
	at = strchr(at, ':') + 1;
	for (const char *p = at; *p; p++)
		most += *p == ',';
	s->field = lep_alloc(most, sizeof(*s->field));
	s->weight = lep_alloc(most, sizeof(*s->weight));
	s->lut = lep_alloc(most, sizeof(*s->lut));
	s->single = lep_alloc(most, 1);
	s->dtype = lep_alloc(most, sizeof(*s->dtype));
	if (!s->field || !s->weight || !s->lut || !s->single || !s->dtype)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < most && !rc; i++) {
		size_t len = strcspn(at, ",");

		rc = take_word(c, s, at, len, e);
		at += len + (at[len] == ',');
	}
	if (rc)
		return rc;
	if (s->n < 2 || (s->op->most && s->n > (size_t)s->op->most))
		return lep_fail(e, LEP_ERR_USAGE, "%s takes %s fields", s->op->name, s->op->most ? "two" : "two or more");
	s->gate = o->gate;
	s->k = o->k;
	rc = take_recipes(c, s, e);
	for (size_t i = 0; i < s->n; i++) {
		c->shape[i] = c->all.field[s->field[i]].shape;
		s->single[i] = lep_shape_count(&c->shape[i]) == 1;
		if (s->dtype[i] != LEP_F64 || s->op->fill == lep_combine_gate_fill)
			dtype = LEP_F32;
	}
	if (!rc && s->op->fill == lep_combine_gate_fill)
		rc = lep_combine_gate_fits(s, &c->all, e);
	if (rc)
		return rc;
	rc = s->op->shape(s, c->shape, &shape);
	if (rc)
		return misfit(s, &c->all, c->shape, rc, e);
	if (!lep_shape_varying(&shape) && lep_shape_count(&shape) < 0)
		return lep_fail(e, LEP_ERR_DATA, "the result would be too large");
	name = lep_strndup(text, strcspn(text, "="));
	if (!name)
		return lep_fail_nomem(e, 0);
	rc = lep_head_add(&c->all, 0, name, LEP_ROLE_INPUT, dtype, &shape, NULL, NULL, e);
	lep_free(name);
	return rc < 0 ? rc : 0;
}

/* ---- setting up ---- */

/* Fields that any step may name at most: commas, counted once. */
static size_t most_words(const struct lep_combine_options *o)
{
	size_t most = 1;

	for (size_t i = 0; i < o->nmake; i++) {
		size_t n = 1;

		for (const char *p = o->make[i]; *p; p++)
			n += *p == ',';
		most = n > most ? n : most;
	}
	return most;
}

static int build(struct lep_combine *c, const struct lep_combine_options *o, const struct lep_head *head,
	struct lep_error *e)
{
	size_t words = most_words(o);
	int rc = lep_head_copy(&c->all, head, e);

	if (rc)
		return rc;
	c->nin = head->nfield;
	c->step = lep_alloc(o->nmake, sizeof(*c->step));
	c->own = lep_alloc(o->nmake, sizeof(*c->own));
	c->column = lep_alloc(head->nfield + o->nmake, sizeof(*c->column));
	c->value = lep_alloc(words, sizeof(*c->value));
	c->shape = lep_alloc(words, sizeof(*c->shape));
	if (!c->step || !c->own || !c->column || !c->value || !c->shape)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < o->nmake && !rc; i++) {
		c->nstep = i + 1;
		rc = parse(c, &c->step[i], o->make[i], o, e);
		if (rc)
			lep_fail_at(e, "%s", o->make[i]);
	}
	return rc;
}

int lep_combine_new(struct lep_combine **out, const struct lep_combine_options *o, const struct lep_head *head,
	struct lep_error *e)
{
	struct lep_combine *c = lep_alloc(1, sizeof(*c));
	int rc;

	*out = NULL;
	if (!c)
		return lep_fail_nomem(e, sizeof(*c));
	lep_head_init(&c->all);
	rc = build(c, o, head, e);
	if (rc) {
		lep_combine_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void lep_combine_free(struct lep_combine *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nstep; i++) {
		struct lep_combine_step *s = &c->step[i];

		for (size_t k = 0; s->lut && k < s->n; k++)
			lep_free(s->lut[k]);
		lep_free(s->lut);
		lep_free(s->single);
		lep_free(s->field);
		lep_free(s->weight);
		lep_free(s->dtype);
		lep_free(s->scratch);
		lep_free(c->own[i].data);
		lep_buf_release(&c->own[i].extent);
		lep_buf_release(&c->own[i].offset);
	}
	lep_free(c->step);
	lep_free(c->own);
	lep_free(c->column);
	lep_free(c->value);
	lep_free(c->shape);
	lep_head_release(&c->all);
	lep_free(c);
}

struct lep_head *lep_combine_head(struct lep_combine *c)
{
	return &c->all;
}

/* ---- frames ---- */

/* Room for `more` bytes behind the first len. */
static int reserve(struct column *own, size_t len, size_t more, struct lep_error *e)
{
	size_t need, room = own->room ? own->room : 4096;
	void *p;

	if (__builtin_add_overflow(len, more, &need) || need > SIZE_MAX / 4)
		return lep_fail_nomem(e, (double)more);
	if (own->data && need <= own->room)
		return 0;
	while (room < need)
		room *= 2;
	p = lep_grow(own->data, len, room, 1);
	if (!p)
		return lep_fail_nomem(e, (double)room);
	own->data = p;
	own->room = room;
	return 0;
}

/* The result of one good record behind the first *len bytes, and its shape. */
static int run_record(struct lep_combine *c, size_t at, const struct lep_frame *all, size_t i, size_t *len,
	struct lep_shape *shape, struct lep_error *e)
{
	struct lep_combine_step *s = &c->step[at];
	const struct lep_field *field = &c->all.field[c->nin + at];
	size_t size = lep_dtype_size(field->dtype);
	struct lep_combine_sink sink = {.is_double = field->dtype == LEP_F64};
	int64_t count;
	int rc;

	for (size_t f = 0; f < s->n; f++) {
		c->value[f].data = lep_frame_value(&c->all, all, s->field[f], i, NULL, &c->shape[f]);
		c->value[f].shape = c->shape[f];
		c->value[f].count = lep_shape_count(&c->shape[f]);
	}
	rc = s->op->shape(s, c->shape, shape);
	if (rc)
		return misfit(s, &c->all, c->shape, rc, e);
	count = lep_shape_count(shape);
	if (count < 0)
		return lep_fail(e, LEP_ERR_DATA, "'%s' would be too large", field->name);
	rc = reserve(&c->own[at], *len, (size_t)count * size, e);
	if (!rc && s->op->fill == lep_combine_gate_fill)
		rc = lep_combine_gate_room(s, c->value, e);
	if (rc)
		return rc;
	sink.to = c->own[at].data + *len;
	s->op->fill(s, c->value, &sink);
	*len += (size_t)count * size;
	return 0;
}

/* One step over a frame that has the columns before it. */
static int run_step(struct lep_combine *c, size_t at, const struct lep_frame *all, struct lep_error *e)
{
	const struct lep_field *field = &c->all.field[c->nin + at];
	struct column *own = &c->own[at];
	int varies = lep_shape_varying(&field->shape) > 0;
	size_t len = 0, fixed = varies ? 0 : (size_t)lep_shape_count(&field->shape) * lep_dtype_size(field->dtype);
	int rc = reserve(own, 0, fixed * all->n, e);

	lep_buf_clear(&own->extent);
	lep_buf_clear(&own->offset);
	for (size_t i = 0; i < all->n && !rc; i++) {
		struct lep_shape shape = field->shape;

		lep_buf_add(&own->offset, &len, sizeof(len));
		if (!all->entry[i].bad) {
			rc = run_record(c, at, all, i, &len, &shape, e);
			if (rc)
				return lep_fail_at(e, "record %" PRIu64 " (%.*s)", all->first + i, (int)all->entry[i].key_len,
					all->entry[i].key);
		} else {
			memset(own->data + len, 0, fixed);
			len += fixed;
		}
		for (int d = 0; d < shape.rank && varies; d++) {
			int64_t extent = all->entry[i].bad ? 0 : shape.extent[d];

			if (field->shape.extent[d] == LEP_VARIES)
				lep_buf_add(&own->extent, &extent, sizeof(extent));
		}
	}
	lep_buf_add(&own->offset, &len, sizeof(len));
	if (own->extent.failed || own->offset.failed)
		return lep_fail_nomem(e, 0);
	c->column[c->nin + at] = (struct lep_column){.data = own->data, .bytes = len};
	if (varies) {
		c->column[c->nin + at].extent = (const int64_t *)(const void *)own->extent.data;
		c->column[c->nin + at].offset = (const size_t *)(const void *)own->offset.data;
	}
	return rc;
}

int lep_combine_frame(struct lep_combine *c, struct lep_frame *frame, struct lep_error *e)
{
	struct lep_frame all = *frame;

	memcpy(c->column, frame->column, c->nin * sizeof(*c->column));
	all.column = c->column;
	for (size_t s = 0; s < c->nstep; s++) {
		int rc = run_step(c, s, &all, e);

		if (rc)
			return rc;
	}
	frame->column = c->column;
	return 0;
}
