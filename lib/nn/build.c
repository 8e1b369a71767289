/* From syntax to graph: scopes and names, values, operations, parameters. */
#include "nn/build.h"

#include <stdio.h>
#include <string.h>

#include "nn/words.h"

int lep_build_fail(struct lep_builder_nn *b, const struct lep_stmt *s, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	b->status = lep_fail(b->e, LEP_ERR_DATA, "%s: line %d: %s: %s", b->name, s->line,
		s->nword ? s->word[0] : s->name, text);
	return b->status;
}

int lep_build_status(const struct lep_builder_nn *b)
{
	return b->status;
}

static int no_memory(struct lep_builder_nn *b)
{
	b->status = lep_fail_nomem(b->e, 0);
	return b->status;
}

const struct lep_kernels *lep_build_kernels(const struct lep_builder_nn *b)
{
	return b->net->k;
}

int lep_build_current(const struct lep_builder_nn *b)
{
	return b->current;
}

void lep_build_set_current(struct lep_builder_nn *b, int value)
{
	b->current = value;
}

const struct lep_value *lep_build_value(const struct lep_builder_nn *b, int value)
{
	return &b->net->value[value];
}

int lep_build_named(struct lep_builder_nn *b, const char *name)
{
	for (size_t i = b->nname; i-- > 0;)
		if (strcmp(b->named[i].name, name) == 0)
			return b->named[i].value;
	return -1;
}

/* ---- words ---- */

int lep_build_number(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, int64_t low, int64_t high,
	int64_t *out)
{
	const char *w;
	int64_t v = 0;

	if (i >= s->nword)
		return lep_build_fail(b, s, "a number is missing at the end of the line");
	w = s->word[i];
	for (const char *c = w; *c; c++)
		if (*c < '0' || *c > '9' || __builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, *c - '0', &v))
			return lep_build_fail(b, s, "'%s' is not a whole number", w);
	if (v < low || v > high)
		return lep_build_fail(b, s, "'%s' is not within %lld to %lld", w, (long long)low, (long long)high);
	*out = v;
	return 0;
}

int lep_build_real(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, double low, double high,
	double *out)
{
	double v;

	if (i >= s->nword)
		return lep_build_fail(b, s, "a number is missing at the end of the line");
	if (!lep_words_number(s->word[i], strlen(s->word[i]), &v))
		return lep_build_fail(b, s, "'%s' is not a number", s->word[i]);
	if (v < low || v > high)
		return lep_build_fail(b, s, "'%s' is not within %g to %g", s->word[i], low, high);
	*out = v;
	return 0;
}

int lep_build_pair(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, int64_t low, int64_t high,
	int64_t *height, int64_t *width)
{
	int64_t side[2] = {0, 0};
	int n = 0, digits = 0;

	if (i >= s->nword)
		return lep_build_fail(b, s, "a size like 3x3 is missing at the end of the line");
	for (const char *c = s->word[i]; *c; c++) {
		if (*c >= '0' && *c <= '9') {
			/* Beyond `high` it may not overflow: more digits make no difference. */
			side[n] = side[n] > high ? side[n] : side[n] * 10 + (*c - '0');
			digits |= 1 << n;
		} else if (*c == 'x' && n == 0) {
			n = 1;
		} else {
			digits = 0;
			break;
		}
	}
	if (digits != (n ? 3 : 1))
		return lep_build_fail(b, s, "'%s' is not a size like 3x3", s->word[i]);
	side[1] = n ? side[1] : side[0];
	for (int k = 0; k < 2; k++)
		if (side[k] < low || side[k] > high)
			return lep_build_fail(b, s, "'%s': a side is not within %lld to %lld", s->word[i],
				(long long)low, (long long)high);
	*height = side[0];
	*width = side[1];
	return 0;
}

int lep_build_units(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, int64_t *units,
	int *is_target_table)
{
	const struct lep_net *n = b->net;
	const char *word = i < s->nword ? s->word[i] : "";

	*is_target_table = 0;
	if (strcmp(word, "classes") != 0 && strcmp(word, "vocabulary") != 0)
		return lep_build_number(b, s, i, 1, 1 << 24, units);
	if (n->target < 0)
		return lep_build_fail(b, s, "'%s' needs a target, and the data have none", word);
	if (!n->fields[n->target].table)
		return lep_build_fail(b, s, "'%s' needs a target with a table, and '%s' has none", word,
			n->fields[n->target].name);
	*units = (int64_t)n->fields[n->target].table->n;
	*is_target_table = 1;
	if (*units < 1)
		return lep_build_fail(b, s, "the table of '%s' is empty", n->fields[n->target].name);
	return 0;
}

int lep_build_no_more(struct lep_builder_nn *b, const struct lep_stmt *s, size_t n)
{
	if (s->nword > n)
		return lep_build_fail(b, s, "unknown word '%s'", s->word[n]);
	if (s->nblock)
		return lep_build_fail(b, s, "takes no block");
	return 0;
}

int lep_build_numbers(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = &b->net->value[b->current];

	if (v->ids)
		return lep_build_fail(b, s, "its input holds ids; an embed line belongs before it");
	if (v->shape.rank < 1)
		return lep_build_fail(b, s, "needs numbers along an axis, its input is a single one");
	return 0;
}

int lep_build_picture(struct lep_builder_nn *b, const struct lep_stmt *s, int64_t hwc[3])
{
	const struct lep_value *v = &b->net->value[b->current];
	char text[LEP_SHAPE_TEXT_MAX];

	if (v->ids)
		return lep_build_fail(b, s, "its input holds ids; an embed line belongs before it");
	if (v->shape.rank != 3 || v->axis >= 0)
		return lep_build_fail(b, s, "needs height x width x channels, its input is '%s'",
			lep_shape_text(text, &v->shape, "x"));
	for (int i = 0; i < 3; i++)
		hwc[i] = v->shape.extent[i];
	return 0;
}

int lep_build_sequence(struct lep_builder_nn *b, const struct lep_stmt *s, size_t *width)
{
	const struct lep_value *v = &b->net->value[b->current];
	char text[LEP_SHAPE_TEXT_MAX];

	if (v->ids)
		return lep_build_fail(b, s, "its input holds ids; an embed line belongs before it");
	if (v->shape.rank < 2)
		return lep_build_fail(b, s, "needs a sequence of rows, its input is '%s'",
			lep_shape_text(text, &v->shape, "x"));
	*width = v->axis < 0 ? v->size / (size_t)v->shape.extent[0] : v->size;
	return 0;
}

int lep_build_from(struct lep_builder_nn *b, const struct lep_stmt *s, size_t i, int *value)
{
	if (i + 1 >= s->nword)
		return lep_build_fail(b, s, "a name is missing behind 'from'");
	*value = lep_build_named(b, s->word[i + 1]);
	if (*value < 0)
		return lep_build_fail(b, s, "nothing above is called '%s'", s->word[i + 1]);
	if (b->net->value[*value].ids)
		return lep_build_fail(b, s, "'%s' holds ids; an embed line belongs before it", s->word[i + 1]);
	return 0;
}

/* ---- values, operations, parameters ---- */

/* Elements of a sample, or of a row of a sequence. */
static int64_t count_row(const struct lep_shape *shape)
{
	struct lep_shape row = *shape;

	if (row.rank && row.extent[0] == LEP_VARIES)
		row.extent[0] = 1;
	return lep_shape_count(&row);
}

int lep_build_value_fits(struct lep_builder_nn *b, const struct lep_shape *shape)
{
	int64_t count = count_row(shape);
	char text[LEP_SHAPE_TEXT_MAX];

	if (count >= 1 && count <= INT32_MAX)
		return 0;
	return lep_build_fail(b, b->stmt, "a value of shape '%s' is %s", lep_shape_text(text, shape, "x"),
		count == 0 ? "empty" : "too large");
}

int lep_build_new_value(struct lep_builder_nn *b, const struct lep_shape *shape, int axis)
{
	struct lep_net *n = b->net;
	struct lep_value *v;

	if (lep_build_value_fits(b, shape))
		return b->status;
	if (n->nvalue == n->value_room) {
		size_t room = n->value_room ? 2 * n->value_room : 16;

		v = lep_grow(n->value, n->nvalue * sizeof(*v), room, sizeof(*v));
		if (!v)
			return no_memory(b);
		n->value = v;
		n->value_room = room;
	}
	v = &n->value[n->nvalue];
	v->shape = *shape;
	v->size = (size_t)count_row(shape);
	v->axis = axis;
	v->root = (int)n->nvalue;
	return (int)n->nvalue++;
}

/* "conv1" with the path before it, or the statement's own name. */
static char *make_label(struct lep_builder_nn *b, const struct lep_stmt *s, const char *kind)
{
	struct lep_buf text = {0};
	char *label;

	lep_buf_adds(&text, b->path);
	if (s->name)
		lep_buf_adds(&text, s->name);
	else
		lep_buf_addf(&text, "%s%d", kind, b->number ? b->number : lep_build_count_kind(b, kind));
	b->number = 0;
	label = text.failed ? NULL : lep_strdup(text.data);
	lep_buf_release(&text);
	return label;
}

/* Whose lengths a result of that shape has: those of the current value. */
static int axis_of(const struct lep_builder_nn *b, const struct lep_shape *shape)
{
	return shape->rank && shape->extent[0] == LEP_VARIES ? b->net->value[b->current].axis : -1;
}

struct lep_op *lep_build_op(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_layer *layer,
	const struct lep_shape *shape, void *attr)
{
	struct lep_net *n = b->net;
	struct lep_op *op;
	int out = lep_build_new_value(b, shape, axis_of(b, shape));

	if (out >= 0 && n->nop == n->op_room) {
		size_t room = n->op_room ? 2 * n->op_room : 16;

		op = lep_grow(n->op, n->nop * sizeof(*op), room, sizeof(*op));
		if (!op) {
			out = no_memory(b);
		} else {
			n->op = op;
			n->op_room = room;
		}
	}
	if (out < 0) {
		if (layer->release)
			layer->release(&(struct lep_op){.attr = attr});
		lep_free(attr);
		return NULL;
	}
	op = &n->op[n->nop];
	*op = (struct lep_op){.layer = layer, .net = n, .number = (int)n->nop, .nin = 1, .attr = attr,
		.kind = layer->name, .out = out};
	op->in[0] = b->current;
	n->nop++;
	if (b->labelled != s) {
		op->label = make_label(b, s, s->word[0]);
		if (!op->label) {
			no_memory(b);
			return NULL;
		}
		b->labelled = s;
		b->label = op->label;
	}
	/* A line's last operation is what its label's value means. */
	lep_build_name_value(b, out);
	b->current = out;
	return op;
}

/* Value `out` is what the current label stands for, and no earlier one. */
void lep_build_name_value(struct lep_builder_nn *b, int out)
{
	struct lep_net *n = b->net;

	/* The values of one line lie together. */
	for (size_t i = (size_t)out; i-- > 0 && n->value[i].name == b->label;)
		n->value[i].name = NULL;
	n->value[out].name = b->label;
}

int lep_build_op_input(struct lep_builder_nn *b, struct lep_op *op, int value)
{
	if (op->nin == LEP_OP_INPUTS) {
		b->status = lep_fail(b->e, LEP_ERR_DATA, "%s: an operation with too many inputs", b->name);
		return b->status;
	}
	op->in[op->nin++] = value;
	return 0;
}

int lep_build_alias(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_shape *shape)
{
	int from = b->current, v = lep_build_new_value(b, shape, axis_of(b, shape));

	if (v < 0)
		return v;
	b->net->value[v].root = b->net->value[from].root;
	b->net->value[v].needs_grad = b->net->value[from].needs_grad;
	if (b->labelled != s) {
		char *label = make_label(b, s, s->word[0]);

		if (!label)
			return no_memory(b);
		b->net->value[v].label = label;
		b->net->value[v].name = label;
	}
	b->current = v;
	return 0;
}

int lep_build_weights_fit(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_shape *shape)
{
	int64_t count = lep_shape_count(shape);
	char text[LEP_SHAPE_TEXT_MAX];

	if (count >= 1 && (size_t)count <= LEP_WEIGHTS_MAX - b->net->values_count)
		return 0;
	return lep_build_fail(b, s, "weights of shape '%s' are %s", lep_shape_text(text, shape, "x"),
		count == 0 ? "none" : "too many");
}

struct lep_param_in *lep_build_param(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_op *op,
	const char *suffix, const struct lep_shape *shape, enum lep_init init, size_t fan_in, size_t fan_out)
{
	struct lep_net *n = b->net;
	struct lep_param_in *p;
	struct lep_buf name = {0};

	if (lep_build_weights_fit(b, s, shape))
		return NULL;
	if (n->nparam == n->param_room) {
		size_t room = n->param_room ? 2 * n->param_room : 16;

		p = lep_grow(n->param, n->nparam * sizeof(*p), room, sizeof(*p));
		if (!p) {
			no_memory(b);
			return NULL;
		}
		n->param = p;
		n->param_room = room;
	}
	lep_buf_addf(&name, "%s.%s", b->label, suffix);
	if (!name.failed && name.len > LEP_NAME_MAX) {
		lep_buf_release(&name);
		lep_build_fail(b, s, "the name of its weights would be longer than %d bytes", LEP_NAME_MAX);
		return NULL;
	}
	p = &n->param[n->nparam];
	*p = (struct lep_param_in){.init = init, .fan_in = fan_in, .fan_out = fan_out, .owner = op->number};
	p->pub.name = name.failed ? NULL : lep_strdup(name.data);
	lep_buf_release(&name);
	if (!p->pub.name) {
		no_memory(b);
		return NULL;
	}
	p->pub.shape = *shape;
	p->pub.count = (size_t)lep_shape_count(shape);
	p->pub.trained = 1;
	p->pub.decays = shape->rank > 1;
	n->values_count += p->pub.count;
	op->param[op->nparam++] = (int)n->nparam++;
	return p;
}

void lep_build_share(struct lep_builder_nn *b, struct lep_op *op, int param)
{
	const struct lep_net *n = b->net;

	for (size_t i = 0; i < n->nop; i++)
		for (int k = 0; k < n->op[i].nparam; k++)
			if (n->op[i].param[k] == param && n->op[i].turn >= op->turn)
				op->turn = n->op[i].turn + 1;
	op->param[op->nparam++] = param;
}
