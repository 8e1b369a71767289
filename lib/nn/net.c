/* A network as a whole: statements that are not layers, and access to the result. */
#include "nn/net.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "nn/build.h"

/* ---- scopes ---- */

int lep_build_count_kind(struct lep_builder_nn *b, const char *kind)
{
	struct lep_kind_count *k;

	for (size_t i = 0; i < b->nkind; i++)
		if (b->kind[i].depth == b->depth && strcmp(b->kind[i].name, kind) == 0)
			return ++b->kind[i].n;
	if (b->nkind == b->kind_room) {
		size_t room = b->kind_room ? 2 * b->kind_room : 16;

		k = lep_grow(b->kind, b->nkind * sizeof(*k), room, sizeof(*k));
		if (!k)
			return 0;
		b->kind = k;
		b->kind_room = room;
	}
	k = &b->kind[b->nkind++];
	*k = (struct lep_kind_count){.n = 1, .depth = b->depth};
	snprintf(k->name, sizeof(k->name), "%s", kind);
	return 1;
}

/* Words that a NAME may not be: layers, statements, and what options use. */
static int is_reserved(const char *name)
{
	static const char *const words[] = {"classes", "vocabulary", "input", "target", "repeat", "residual",
		"augment", "fuse", "from", "same", "stride", "valid", "padding", "dilation", "groups", "next",
		"tied", "shortcut", "bias", "depthwise", "slope", "alpha", "sinusoidal", "learned",
		"reverse", "both", "last", "recurrent_dropout", "causal", "rotary", "norm", NULL};
	size_t len = strlen(name);
	char base[64];

	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], name) == 0)
			return 1;
	/* A word with a number is what lines without a name are called: conv1. */
	while (len && name[len - 1] >= '0' && name[len - 1] <= '9')
		len--;
	if (len == 0 || len >= sizeof(base))
		return 0;
	memcpy(base, name, len);
	base[len] = '\0';
	return lep_layer_find(base) || strcmp(base, "repeat") == 0;
}

/* What may be called so by a line. A field is called as the data have it: `position`,
 * or `image.dense1`, as lep-infer names what a layer gives. */
static int check_name(struct lep_builder_nn *b, const struct lep_stmt *s, const char *name, int is_field)
{
	for (const char *c = name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *c) &&
			!(is_field && *c == '.'))
			return lep_build_fail(b, s, "the name '%s' may hold letters, digits, '_'%s and '-' only", name,
				is_field ? ", '.'" : "");
	if (!is_field && is_reserved(name))
		return lep_build_fail(b, s, "'%s' is a reserved word and cannot be a name", name);
	if (strlen(name) > LEP_LAYER_NAME_MAX)
		return lep_build_fail(b, s, "the name '%s' is longer than %d bytes", name, LEP_LAYER_NAME_MAX);
	return 0;
}

int lep_build_remember(struct lep_builder_nn *b, const struct lep_stmt *s, const char *name, int value,
	int is_field)
{
	if (check_name(b, s, name, is_field))
		return lep_build_status(b);
	if (lep_build_named(b, name) >= 0)
		return lep_build_fail(b, s, "the name '%s' is taken", name);
	if (b->nname == b->name_room) {
		size_t room = b->name_room ? 2 * b->name_room : 8;
		void *p = lep_grow(b->named, b->nname * sizeof(b->named[0]), room, sizeof(b->named[0]));

		if (!p)
			return b->status = lep_fail_nomem(b->e, 0);
		b->named = p;
		b->name_room = room;
	}
	b->named[b->nname].name = name;
	b->named[b->nname++].value = value;
	return 0;
}

int lep_build_scope(struct lep_builder_nn *b, const char *part, const struct lep_block *block)
{
	struct lep_buf path = {0};
	char *outer = b->path;
	size_t names = b->nname, kinds = b->nkind;
	const struct lep_stmt *stmt = b->stmt;
	int rc;

	rc = lep_build_count_step(b);
	if (rc)
		return rc;
	lep_buf_addf(&path, "%s%s.", outer, part);
	if (path.failed) {
		lep_buf_release(&path);
		return b->status = lep_fail_nomem(b->e, 0);
	}
	b->path = path.data;
	b->depth++;
	rc = lep_build_block(b, block);
	b->depth--;
	b->stmt = stmt;
	b->path = outer;
	b->nname = names;
	b->nkind = kinds;
	lep_buf_release(&path);
	return rc;
}

int lep_build_block(struct lep_builder_nn *b, const struct lep_block *block)
{
	for (size_t i = 0; i < block->n; i++) {
		int rc = lep_build_stmt(b, &block->stmt[i]);

		if (rc)
			return rc;
	}
	return 0;
}

/* ---- statements that are not layers ---- */

static int build_repeat(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	int64_t rounds;
	char part[64];
	int rc = lep_build_number(b, s, 1, 1, 1000, &rounds), number;

	if (rc)
		return rc;
	if (s->nword > 2)
		return lep_build_fail(b, s, "unknown word '%s'", s->word[2]);
	if (s->nblock != 1)
		return lep_build_fail(b, s, "takes one block: repeat %s { ... }", s->word[1]);
	number = lep_build_count_kind(b, "repeat");
	for (int64_t i = 1; i <= rounds; i++) {
		snprintf(part, sizeof(part), "repeat%d.%lld", number, (long long)i);
		rc = lep_build_scope(b, part, &s->block[0]);
		if (rc)
			return rc;
	}
	return 0;
}

static int build_input(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	int rc, value;

	if (s->nword != 2 || s->nblock > 1)
		return lep_build_fail(b, s, "is written 'input NAME' or 'input NAME { ... }'");
	if (b->depth)
		return lep_build_fail(b, s, "belongs at the top, not into a block");
	value = lep_build_input(b, s, s->word[1]);
	if (value < 0)
		return value;
	b->used_inputs = 1;
	b->current = value;
	if (s->nblock) {
		b->field_paths |= strchr(s->word[1], '.') || is_reserved(s->word[1]);
		rc = lep_build_scope(b, s->word[1], &s->block[0]);
		if (rc)
			return rc;
	}
	return lep_build_remember(b, s, s->word[1], b->current, 1);
}

static int add_augment(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	struct lep_net *n = b->net;
	struct lep_buf text = {0};
	void *p;

	if (b->depth || n->nop)
		return lep_build_fail(b, s, "belongs at the top, before the first layer");
	if (s->nword < 2 || s->nblock)
		return lep_build_fail(b, s, "is written 'augment KIND ...'");
	for (size_t i = 1; i < s->nword; i++)
		lep_buf_addf(&text, "%s%s", i > 1 ? " " : "", s->word[i]);
	p = lep_grow(n->augment, n->naugment * sizeof(*n->augment), n->naugment + 1, sizeof(*n->augment));
	if (!p || text.failed) {
		lep_buf_release(&text);
		return b->status = lep_fail_nomem(b->e, 0);
	}
	n->augment = p;
	n->augment[n->naugment].text = lep_strdup(text.data);
	n->augment[n->naugment].line = s->line;
	lep_buf_release(&text);
	return n->augment[n->naugment++].text ? 0 : (b->status = lep_fail_nomem(b->e, 0));
}

/* The target was chosen before building (find_target); here the line is only checked. */
static int check_target(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	if (s->nword < 2 || s->nword > 3 || (s->nword == 3 && strcmp(s->word[2], "next") != 0) || s->nblock)
		return lep_build_fail(b, s, "is written 'target NAME' or 'target NAME next'");
	if (b->depth)
		return lep_build_fail(b, s, "belongs at the top, not into a block");
	for (const struct lep_stmt *first = b->net->syntax.stmt; first != s; first++)
		if (strcmp(first->word[0], "target") == 0)
			return lep_build_fail(b, s, "stands on line %d already", first->line);
	return 0;
}

static const struct {
	const char *word;
	int (*build)(struct lep_builder_nn *b, const struct lep_stmt *s);
} statements[] = {
	{"repeat", build_repeat},
	{"input", build_input},
	{"augment", add_augment},
	{"target", check_target},
};

int lep_build_count_step(struct lep_builder_nn *b)
{
	if (++b->steps <= LEP_STEPS_MAX)
		return 0;
	return lep_build_fail(b, b->stmt, "more than %d lines, once repeat is written out", LEP_STEPS_MAX);
}

/* A line that reads something before any input was named reads the first input field. */
static int ensure_current(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	if (b->current >= 0)
		return 0;
	b->current = lep_build_input(b, s, NULL);
	return b->current < 0 ? b->current : 0;
}

int lep_build_stmt(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_layer *layer;
	int rc;

	b->stmt = s;
	/* In a repeat the same statement comes again, and is labelled again. */
	b->labelled = NULL;
	rc = lep_build_count_step(b);
	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (strcmp(statements[i].word, s->word[0]) == 0) {
			if (s->name)
				return lep_build_fail(b, s, "cannot be given a name");
			return statements[i].build(b, s);
		}
	layer = lep_layer_find(s->word[0]);
	if (!layer)
		return lep_build_fail(b, s, "unknown layer");
	rc = ensure_current(b, s);
	if (rc == 0)
		rc = layer->build(b, s);
	if (rc == 0 && s->name)
		rc = lep_build_remember(b, s, s->name, b->current, 0);
	return rc;
}

/* ---- access ---- */

size_t lep_net_params(const struct lep_net *n)
{
	return n->nparam;
}

struct lep_param *lep_net_param(struct lep_net *n, size_t i)
{
	return &n->param[i].pub;
}

int lep_net_find_param(const struct lep_net *n, const char *name)
{
	for (size_t i = 0; i < n->nparam; i++)
		if (strcmp(n->param[i].pub.name, name) == 0)
			return (int)i;
	return -1;
}

lep_real *lep_net_values(struct lep_net *n, size_t *count)
{
	*count = n->values_count;
	return n->values;
}

/* An operation with statistics, batchnorm, is frozen as a whole or not at all:
 * scales learnt for the batch's own statistics mean nothing with others. */
static void freeze_together(struct lep_net *n, const struct lep_op *op)
{
	int statistics = 0, frozen = 0;

	for (int k = 0; k < op->nparam; k++) {
		statistics |= !n->param[op->param[k]].pub.trained;
		frozen |= n->param[op->param[k]].pub.frozen;
	}
	for (int k = 0; k < op->nparam && statistics && frozen; k++)
		n->param[op->param[k]].pub.frozen = 1;
}

size_t lep_net_freeze(struct lep_net *n, const char *pattern)
{
	size_t hit = 0;

	for (size_t i = 0; i < n->nparam; i++)
		if (fnmatch(pattern, n->param[i].pub.name, 0) == 0) {
			n->param[i].pub.frozen = 1;
			hit++;
		}
	for (size_t i = 0; i < n->nop && hit; i++)
		freeze_together(n, &n->op[i]);
	if (hit)
		lep_net_plan(n);
	return hit;
}

size_t lep_net_inputs(const struct lep_net *n)
{
	return n->ninput;
}

const struct lep_net_input *lep_net_input(const struct lep_net *n, size_t i)
{
	return &n->input[i];
}

int lep_net_target(const struct lep_net *n)
{
	return n->target;
}

enum lep_aim lep_net_aim(const struct lep_net *n)
{
	return n->aim;
}

size_t lep_net_output(const struct lep_net *n, struct lep_shape *shape)
{
	return lep_net_value_size(n, n->output, shape);
}

const char *lep_net_final(const struct lep_net *n)
{
	return n->final;
}

const struct lep_kernels *lep_net_kernels(const struct lep_net *n)
{
	return n->k;
}

const char *lep_net_augment(const struct lep_net *n, size_t i, int *line)
{
	if (i >= n->naugment)
		return NULL;
	if (line)
		*line = n->augment[i].line;
	return n->augment[i].text;
}

const char *lep_net_text(const struct lep_net *n)
{
	return n->text;
}

int lep_net_find_value(const struct lep_net *n, const char *layer)
{
	for (size_t i = 0; i < n->nvalue; i++)
		if (n->value[i].name && strcmp(n->value[i].name, layer) == 0)
			return (int)i;
	return -1;
}

void lep_net_keep(struct lep_net *n, int value)
{
	n->value[n->value[value].root].kept = 1;
}

size_t lep_net_value_size(const struct lep_net *n, int value, struct lep_shape *shape)
{
	if (shape)
		*shape = n->value[value].shape;
	return n->value[value].size;
}

int lep_net_value_axis(const struct lep_net *n, int value)
{
	return n->value[value].axis;
}

int lep_net_output_value(const struct lep_net *n)
{
	return n->output;
}

int lep_net_logits_value(const struct lep_net *n)
{
	return n->logits;
}

int lep_net_input_value(const struct lep_net *n, size_t i)
{
	return n->input_value[i];
}

size_t lep_net_rows(const struct lep_net *n)
{
	size_t rows = 0;

	for (size_t i = 0; i < n->nop; i++)
		rows += n->op[i].label != NULL;
	return rows;
}

/* A line's operations together: from its labelled one up to the next. */
void lep_net_row(const struct lep_net *n, size_t i, struct lep_net_row *row)
{
	size_t at = 0;

	while (!n->op[at].label || i-- > 0)
		at++;
	*row = (struct lep_net_row){.name = n->op[at].label, .kind = n->op[at].kind};
	do {
		const struct lep_op *op = &n->op[at];

		row->shape = n->value[op->out].shape;
		row->operations += op->operations;
		for (int k = 0; k < op->nparam; k++)
			if (n->param[op->param[k]].pub.trained && n->param[op->param[k]].owner == op->number)
				row->params += n->param[op->param[k]].pub.count;
		at++;
	} while (at < n->nop && !n->op[at].label);
}
