/*
 * fuse KIND A B ...: named values to one, as branches of a network meet. What goes
 * together, and the lines of the kinds; layer_fuse_run.c computes.
 */
#include "nn/fuse.h"

#include <stdio.h>
#include <string.h>

#include "nn/build.h"
#include "nn/layers.h"

/* ---- what goes together ---- */

/* "'image'", or "its input". */
static const char *call(char text[LEP_LAYER_NAME_MAX + 3], const struct lep_fused *f, int i)
{
	if (f->name[i])
		snprintf(text, LEP_LAYER_NAME_MAX + 3, "'%.*s'", LEP_LAYER_NAME_MAX, f->name[i]);
	else
		snprintf(text, LEP_LAYER_NAME_MAX + 3, "its input");
	return text;
}

/* The first that is no vector; the first, where all are. */
static int leader(const struct lep_builder_nn *b, const struct lep_fused *f)
{
	for (int i = 0; i < f->n; i++)
		if (!lep_fuse_alone(b->net, f->value[i]))
			return i;
	return 0;
}

/* The first with the most numbers a row. */
static int find_widest(const struct lep_builder_nn *b, const struct lep_fused *f)
{
	int at = 0;

	for (int i = 1; i < f->n; i++)
		if (lep_fuse_width(b->net, f->value[i]) > lep_fuse_width(b->net, f->value[at]))
			at = i;
	return at;
}

/* Rows of two values that both have several. */
static int check_rows(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_fused *f, int i, int k)
{
	const struct lep_value *v = lep_build_value(b, f->value[i]), *w = lep_build_value(b, f->value[k]);
	char mine[LEP_LAYER_NAME_MAX + 3], other[LEP_LAYER_NAME_MAX + 3];
	char shape[LEP_SHAPE_TEXT_MAX], shape2[LEP_SHAPE_TEXT_MAX];
	int same = v->shape.rank == w->shape.rank;

	call(mine, f, i);
	call(other, f, k);
	if (v->axis >= 0 && w->axis >= 0 && v->axis != w->axis)
		return lep_build_fail(b, s, "%s and %s are sequences of different lengths; a pool line belongs behind one of "
			"them", mine, other);
	for (int r = 0; r + 1 < v->shape.rank && same; r++)
		same = v->shape.extent[r] == w->shape.extent[r];
	if (same)
		return 0;
	return lep_build_fail(b, s, "%s is '%s' and %s '%s': their rows do not go together; a pool line belongs behind one "
		"of them", mine, lep_shape_text(shape, &v->shape, "x"), other, lep_shape_text(shape2, &w->shape, "x"));
}

int lep_fuse_check(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_fused *f, enum lep_fusion kind,
	const char *word)
{
	char mine[LEP_LAYER_NAME_MAX + 3], other[LEP_LAYER_NAME_MAX + 3];
	int first = leader(b, f), widest = find_widest(b, f);
	size_t most = lep_fuse_width(b->net, f->value[widest]);

	for (int i = 0; i < f->n; i++)
		if (lep_build_value(b, f->value[i])->ids)
			return lep_build_fail(b, s, "%s holds ids; an embed line belongs before it", call(mine, f, i));
	for (int i = 0; i < f->n; i++)
		if (!lep_fuse_alone(b->net, f->value[i]) && check_rows(b, s, f, first, i))
			return lep_build_status(b);
	for (int i = 0; i < f->n && kind != LEP_FUSE_CONCAT && kind != LEP_FUSE_GATE; i++) {
		size_t width = lep_fuse_width(b->net, f->value[i]);

		if (width != 1 && width != most)
			return lep_build_fail(b, s, "%s has %zu numbers a row and %s %zu; '%s' needs as many of each, which a "
				"dense line makes", call(mine, f, i), width, call(other, f, widest), most, word);
	}
	return 0;
}

/* ---- the operation ---- */

int lep_build_fused(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_fused *f, enum lep_fusion kind,
	const char *word)
{
	size_t width = kind == LEP_FUSE_CONCAT ? 0 : lep_fuse_width(b->net, f->value[find_widest(b, f)]);
	struct lep_shape shape;
	struct lep_fuse *a;
	struct lep_op *op;

	if (lep_fuse_check(b, s, f, kind, word))
		return lep_build_status(b);
	for (int i = 0; i < f->n && kind == LEP_FUSE_CONCAT; i++)
		width += lep_fuse_width(b->net, f->value[i]);
	/* The result has the rows, and their lengths, of those that have any. */
	lep_build_set_current(b, f->value[leader(b, f)]);
	shape = lep_build_value(b, lep_build_current(b))->shape;
	shape.rank = shape.rank ? shape.rank : 1;
	shape.extent[shape.rank - 1] = (int64_t)width;
	a = lep_alloc(1, sizeof(*a));
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	a->kind = kind;
	op = lep_build_op(b, s, &lep_layer_fuse, &shape, a);
	if (!op)
		return lep_build_status(b);
	op->in[0] = f->value[0];
	for (int i = 1; i < f->n; i++)
		if (lep_build_op_input(b, op, f->value[i]))
			return lep_build_status(b);
	op->operations = kind == LEP_FUSE_CONCAT ? 0 : lep_op_size_out(op) * (size_t)(f->n - 1);
	op->scratch = kind == LEP_FUSE_CONCAT ? 0 : 3 * width;
	return 0;
}

/* ---- the line ---- */

/* (A u + bu) * (B v + bv) (Kim et al. 2017). */
static int build_bilinear(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_fused *f)
{
	static const char *const suffix[] = {"u", "bu", "v", "bv"};
	int64_t rank;
	int rc = lep_build_number(b, s, 2, 1, 1 << 24, &rank);

	if (rc == 0)
		rc = lep_fuse_check(b, s, f, LEP_FUSE_GATE, s->word[1]);
	for (int i = 0; i < 2 && rc == 0; i++) {
		struct lep_op *op;

		lep_build_set_current(b, f->value[i]);
		rc = lep_build_numbers(b, s);
		op = rc ? NULL : lep_build_dense(b, s, (size_t)rank, 1, suffix + 2 * i);
		if (!op)
			return lep_build_status(b);
		op->kind = "fuse";
		f->value[i] = lep_build_current(b);
	}
	return rc ? rc : lep_build_fused(b, s, f, LEP_FUSE_PRODUCT, s->word[1]);
}

static int build_gate(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_fused *f)
{
	lep_build_set_current(b, f->value[1]);
	return lep_build_gate(b, s, f);
}

static const struct {
	const char *word;
	enum lep_fusion kind;
	int most;                 /* values */
	size_t first;             /* word that is a name */
	int (*build)(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_fused *f);
} kinds[] = {
	{"gate", LEP_FUSE_GATE, 2, 2, build_gate},
	{"concat", LEP_FUSE_CONCAT, LEP_OP_INPUTS, 2, NULL},
	{"sum", LEP_FUSE_SUM, LEP_OP_INPUTS, 2, NULL},
	{"mean", LEP_FUSE_MEAN, LEP_OP_INPUTS, 2, NULL},
	{"product", LEP_FUSE_PRODUCT, LEP_OP_INPUTS, 2, NULL},
	{"max", LEP_FUSE_MAX, LEP_OP_INPUTS, 2, NULL},
	{"bilinear", LEP_FUSE_PRODUCT, 2, 3, build_bilinear},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int find_kind(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	char all[128] = "";

	for (int i = 0; i < KINDS && s->nword > 1; i++)
		if (strcmp(kinds[i].word, s->word[1]) == 0)
			return i;
	for (int i = 0; i < KINDS; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "", kinds[i].word);
	if (s->nword < 2)
		return lep_build_fail(b, s, "is written 'fuse KIND NAME NAME ...'; the kinds are %s", all);
	return lep_build_fail(b, s, "there is no kind '%s'; there are %s", s->word[1], all);
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	struct lep_fused f = {0};
	int kind = find_kind(b, s);

	if (kind < 0)
		return kind;
	if (s->nblock)
		return lep_build_fail(b, s, "takes no block");
	for (size_t i = kinds[kind].first; i < s->nword; i++) {
		int value = lep_build_named(b, s->word[i]);

		if (value < 0)
			return lep_build_fail(b, s, "nothing above is called '%s'", s->word[i]);
		if (f.n == kinds[kind].most)
			return lep_build_fail(b, s, "'%s' takes %d values%s", s->word[1], f.n, f.n == 2 ? "" : " at most");
		f.name[f.n] = s->word[i];
		f.value[f.n++] = value;
	}
	if (f.n < 2)
		return lep_build_fail(b, s, "'%s' takes two values%s, and here %s", s->word[1],
			kinds[kind].most > 2 ? " or more" : "", f.n ? "is one" : "are none");
	return kinds[kind].build ? kinds[kind].build(b, s, &f) : lep_build_fused(b, s, &f, kinds[kind].kind, s->word[1]);
}

const struct lep_layer lep_layer_fuse = {
	.name = "fuse",
	.synopsis = "fuse concat | sum | mean | product | max | gate | bilinear RANK NAME NAME ...",
	.build = build,
	.forward = lep_fuse_forward,
	.backward = lep_fuse_backward,
	.whole = LEP_WHOLE_ALWAYS,
	.along = 1,
	.step = lep_fuse_step,
};
