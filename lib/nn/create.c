/* Making a network: the target, the inputs, the graph, the memory of its parameters. */
#include <stdio.h>
#include <string.h>

#include "nn/build.h"

/* A statement `target`, or NULL. */
static const struct lep_stmt *find_statement(const struct lep_net *n)
{
	for (size_t i = 0; i < n->syntax.n; i++)
		if (strcmp(n->syntax.stmt[i].word[0], "target") == 0 && n->syntax.stmt[i].nword > 1)
			return &n->syntax.stmt[i];
	return NULL;
}

static int is_sequence_of_ids(const struct lep_field *f)
{
	return f->dtype == LEP_I32 && f->table && f->shape.rank == 1 && f->shape.extent[0] == LEP_VARIES;
}

/* What its line and its shape say; settle_aim, at the end, finds out the rest. */
static int choose_aim(struct lep_builder_nn *b, const struct lep_stmt *said)
{
	struct lep_net *n = b->net;
	const struct lep_field *f = &n->fields[n->target];

	n->aim = is_sequence_of_ids(f) ? LEP_AIM_SEQUENCE : f->table ? LEP_AIM_CLASS : LEP_AIM_NUMBERS;
	if (!said || said->nword < 3 || strcmp(said->word[1], f->name) != 0)
		return 0;
	n->aim = LEP_AIM_NEXT;
	return is_sequence_of_ids(f) ? 0 :
		lep_build_fail(b, said, "'next' needs a sequence of ids, i32 of extents '*' with a table, and '%s' is none",
			f->name);
}

/* The target: what the caller says, what the text says, the field with that role. */
static int find_target(struct lep_builder_nn *b, const struct lep_net_options *o)
{
	struct lep_net *n = b->net;
	const struct lep_stmt *said = find_statement(n);
	const char *want = o->target ? o->target : said ? said->word[1] : NULL;

	n->target = -1;
	for (size_t i = 0; i < n->nfields && n->target < 0; i++)
		if (want ? strcmp(n->fields[i].name, want) == 0 : n->fields[i].role == LEP_ROLE_TARGET)
			n->target = (int)i;
	if (n->target >= 0)
		return choose_aim(b, said);
	if (said && !o->target)
		return lep_build_fail(b, said, "the data have no field '%s'", want);
	if (want)
		return b->status = lep_fail(b->e, LEP_ERR_DATA, "%s: the data have no field '%s' to learn",
			b->name, want);
	if (o->need_target)
		return b->status = lep_fail(b->e, LEP_ERR_DATA, "%s: the data have no field with role target",
			b->name);
	return 0;
}

/* What of a field that is learnt as well the network may see. */
static int choose_shift(struct lep_builder_nn *b, const struct lep_stmt *s, struct lep_net_input *in,
	const struct lep_field *f)
{
	const struct lep_net *n = b->net;
	int64_t end;

	if (in->field != n->target || (n->aim != LEP_AIM_NEXT && n->aim != LEP_AIM_SEQUENCE))
		return 0;
	in->shift = n->aim == LEP_AIM_NEXT ? LEP_SHIFT_NEXT : LEP_SHIFT_END;
	if (in->shift == LEP_SHIFT_NEXT)
		return 0;
	end = lep_table_find(f->table, "<end>", 5);
	in->end = (int32_t)end;
	return end >= 0 ? 0 : lep_build_fail(b, s, "the table of '%s' has no entry '<end>' for the network to begin with",
		f->name);
}

int lep_build_input(struct lep_builder_nn *b, const struct lep_stmt *s, const char *name)
{
	struct lep_net *n = b->net;
	const struct lep_field *f = NULL;
	struct lep_net_input *in;
	struct lep_shape shape;
	size_t index = 0;
	int value, varies;

	for (size_t i = 0; i < n->nfields && !f; i++)
		if (name ? strcmp(n->fields[i].name, name) == 0 :
			n->fields[i].role == LEP_ROLE_INPUT && ((int)i != n->target || n->aim == LEP_AIM_NEXT)) {
			f = &n->fields[i];
			index = i;
		}
	if (!f)
		return name ? lep_build_fail(b, s, "the data have no field '%s'", name) :
			lep_build_fail(b, s, "the data have no field with role input");
	for (size_t i = 0; i < n->ninput; i++)
		if (n->input[i].field == (int)index)
			return n->input_value[i];
	if (f->dtype == LEP_TEXT)
		return lep_build_fail(b, s, "the field '%s' is text, not numbers", f->name);
	shape = f->shape;
	varies = lep_shape_varying(&shape) != 0;
	if (varies && (shape.extent[0] != LEP_VARIES || lep_shape_varying(&shape) > 1))
		return lep_build_fail(b, s, "the field '%s' differs in more than its length from record to record",
			f->name);
	/* A sequence of numbers is one of rows, each of one number. */
	if (varies && shape.rank == 1 && !(f->dtype == LEP_I32 && f->table))
		shape.extent[shape.rank++] = 1;
	value = lep_build_new_value(b, &shape, varies ? (int)n->ninput : -1);
	if (value < 0)
		return value;
	in = lep_grow(n->input, n->ninput * sizeof(*in), n->ninput + 1, sizeof(*in));
	if (in)
		n->input = in;
	else
		return b->status = lep_fail_nomem(b->e, 0);
	{
		int *values = lep_grow(n->input_value, n->ninput * sizeof(int), n->ninput + 1, sizeof(int));

		if (!values)
			return b->status = lep_fail_nomem(b->e, 0);
		n->input_value = values;
	}
	n->input[n->ninput] = (struct lep_net_input){.name = f->name, .field = (int)index, .shape = f->shape,
		.size = n->value[value].size, .varies = varies, .ids = f->dtype == LEP_I32 && f->table != NULL};
	n->value[value].ids = n->input[n->ninput].ids;
	n->varies |= varies;
	n->input_value[n->ninput++] = value;
	n->value[value].input = (int)n->ninput;
	return choose_shift(b, s, &n->input[n->ninput - 1], f) ? b->status : value;
}

const struct lep_table *lep_build_input_table(const struct lep_builder_nn *b, int i)
{
	return b->net->fields[b->net->input[i].field].table;
}

/* The output is the last line's value; a final softmax or sigmoid is left to use. */
static int find_output(struct lep_builder_nn *b)
{
	struct lep_net *n = b->net;
	struct lep_op *last = n->nop ? &n->op[n->nop - 1] : NULL;

	if (!last)
		return b->status = lep_fail(b->e, LEP_ERR_DATA, "%s: no layer that computes anything", b->name);
	n->output = b->current;
	n->logits = n->output;
	if (last->out == n->output && (last->final = lep_layer_final(last)) != NULL) {
		n->final = last->final;
		n->logits = last->in[0];
	}
	return 0;
}

/* A sequence that another one's rows are about. */
static void settle_aim(struct lep_net *n)
{
	int axis = n->value[n->output].axis;

	if (n->aim == LEP_AIM_SEQUENCE && axis >= 0 && n->input[axis].field != n->target)
		n->aim = LEP_AIM_ROWS;
}

int lep_net_check_aim(const struct lep_net *n, struct lep_error *e)
{
	int axis = n->value[n->output].axis;
	const char *name = n->target < 0 ? NULL : n->fields[n->target].name;

	if (!name || (n->aim < LEP_AIM_NEXT) == (axis < 0))
		return 0;
	if (axis >= 0)
		return lep_fail(e, LEP_ERR_DATA, "the output is a sequence, and the target '%s' is one for the whole record; "
			"a pool line is missing", name);
	return lep_fail(e, LEP_ERR_DATA, "the target '%s' is a sequence, and the output is none", name);
}

/* Weights below an input's block may be called as others: `input residual1 { dense 3 }`
 * beside a first residual with a dense line. */
static int check_weight_names(struct lep_builder_nn *b)
{
	const struct lep_net *n = b->net;

	for (size_t i = 0; i < n->nparam && b->field_paths; i++)
		for (size_t k = i + 1; k < n->nparam; k++)
			if (strcmp(n->param[i].pub.name, n->param[k].pub.name) == 0)
				return b->status = lep_fail(b->e, LEP_ERR_DATA, "%s: two weights would be called '%s': put the lines of "
					"that input behind it instead of in a block, or give the other layer a name", b->name,
					n->param[i].pub.name);
	return 0;
}

static int place_params(struct lep_builder_nn *b)
{
	struct lep_net *n = b->net;
	size_t at = 0;

	n->block_reals = 0;
	n->values_count = 0;
	for (size_t i = 0; i < n->nparam; i++) {
		n->values_count += lep_round_up(n->param[i].pub.count, 16);
		if (!n->param[i].whole) {
			n->param[i].block_offset = n->block_reals;
			n->block_reals += lep_round_up(n->param[i].pub.count, 16);
		}
	}
	if (lep_mem_lacks(2.0 * sizeof(lep_real) * (double)n->values_count))
		return b->status = lep_fail(b->e, LEP_ERR_NOMEM, "%s: out of memory: %zu weights are more than this "
			"machine can hold", b->name, n->values_count);
	n->values = lep_alloc(n->values_count, sizeof(lep_real));
	n->grads = lep_alloc(n->values_count, sizeof(lep_real));
	if (!n->values || !n->grads)
		return b->status = lep_fail_nomem(b->e, 2.0 * sizeof(lep_real) * (double)n->values_count);
	for (size_t i = 0, whole = n->block_reals; i < n->nparam; i++) {
		struct lep_param_in *p = &n->param[i];

		p->pub.value = n->values + at;
		at += lep_round_up(p->pub.count, 16);
		/* Gradients summed by block lie as in a block's array. */
		p->pub.grad = n->grads + (p->whole ? whole : p->block_offset);
		whole += p->whole ? lep_round_up(p->pub.count, 16) : 0;
	}
	return 0;
}

static int learns(const struct lep_net *n, const struct lep_op *op)
{
	for (int i = 0; i < op->nparam; i++)
		if (n->param[op->param[i]].pub.trained && !n->param[op->param[i]].pub.frozen)
			return 1;
	return 0;
}

void lep_net_plan(struct lep_net *n)
{
	for (size_t i = 0; i < n->nvalue; i++)
		n->value[i].needs_grad = n->input_gradients && n->value[i].input && !n->value[i].ids;
	for (size_t i = 0; i < n->nvalue; i++)
		n->value[i].written = 0;
	n->scratch = 0;
	for (size_t i = 0; i < n->nop; i++) {
		struct lep_op *op = &n->op[i];

		op->needs_backward = learns(n, op);
		for (int k = 0; k < op->nin; k++)
			op->needs_backward |= n->value[n->value[op->in[k]].root].needs_grad;
		n->value[op->out].needs_grad = op->needs_backward;
		if (!lep_op_varies(op) && op->scratch > n->scratch)
			n->scratch = op->scratch;
	}
	for (size_t i = 0; i < n->nvalue; i++)
		n->value[i].needs_grad = n->value[n->value[i].root].needs_grad;
	for (size_t i = n->nop; i-- > 0;) {
		struct lep_op *op = &n->op[i];

		for (int k = 0; k < op->nin && op->needs_backward && !op->final; k++) {
			struct lep_value *root = &n->value[n->value[op->in[k]].root];

			op->accumulate[k] = root->written;
			root->written = 1;
		}
	}
}

void lep_net_keep_final(struct lep_net *n)
{
	n->op[n->nop - 1].final = NULL;
	n->final = NULL;
	n->logits = n->output;
	lep_net_plan(n);
}

static int make_text(struct lep_builder_nn *b)
{
	struct lep_buf text = {0};

	lep_syntax_format(&b->net->syntax, &text);
	b->net->text = text.failed ? NULL : lep_strdup(text.data);
	lep_buf_release(&text);
	return b->net->text ? 0 : (b->status = lep_fail_nomem(b->e, 0));
}

int lep_net_new(struct lep_net **out, const char *text, const char *name,
	const struct lep_field *fields, size_t nfields, const struct lep_net_options *options,
	const struct lep_kernels *kernels, struct lep_error *e)
{
	static const struct lep_net_options none;
	struct lep_net *n = lep_alloc(1, sizeof(*n));
	struct lep_builder_nn b = {.net = n, .name = name, .e = e, .current = -1};
	char top[1] = "";
	int rc;

	*out = NULL;
	if (!n)
		return lep_fail_nomem(e, 0);
	if (!options)
		options = &none;
	n->k = kernels;
	n->fields = fields;
	n->nfields = nfields;
	n->input_gradients = options->input_gradients;
	b.path = top;
	rc = lep_syntax_parse(&n->syntax, text, name, e);
	if (rc == 0)
		rc = make_text(&b);
	if (rc == 0)
		rc = find_target(&b, options);
	if (rc == 0)
		rc = lep_build_block(&b, &n->syntax);
	if (rc == 0)
		rc = check_weight_names(&b);
	if (rc == 0)
		rc = find_output(&b);
	if (rc == 0)
		settle_aim(n);
	if (rc == 0)
		rc = place_params(&b);
	lep_free(b.kind);
	lep_free(b.named);
	if (rc) {
		lep_net_free(n);
		return rc;
	}
	lep_net_plan(n);
	*out = n;
	return 0;
}

void lep_net_free(struct lep_net *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->nop; i++) {
		if (n->op[i].layer->release)
			n->op[i].layer->release(&n->op[i]);
		lep_free(n->op[i].attr);
		lep_free(n->op[i].label);
	}
	for (size_t i = 0; i < n->nvalue; i++)
		lep_free(n->value[i].label);
	for (size_t i = 0; i < n->nparam; i++)
		lep_free(n->param[i].pub.name);
	for (size_t i = 0; i < n->naugment; i++)
		lep_free(n->augment[i].text);
	lep_syntax_release(&n->syntax);
	lep_free(n->augment);
	lep_free(n->op);
	lep_free(n->value);
	lep_free(n->param);
	lep_free(n->input);
	lep_free(n->input_value);
	lep_free(n->values);
	lep_free(n->grads);
	lep_free(n->text);
	lep_free(n);
}
