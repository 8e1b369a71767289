/* A model in use: which fields it gives. */
#include "nn/infer.h"

#include <string.h>

#include "data/features.h"
#include "nn/infer_inside.h"
#include "nn/loss.h"

/* ---- which fields there are ---- */

/* A field that has as many rows as `value` of the net, or one. */
static int add_field(struct lep_inferer *f, enum lep_infer_role role, const char *name, enum lep_dtype dtype,
	const struct lep_shape *shape, int value, struct lep_error *e)
{
	struct lep_infer_field *to = &f->field[f->nfield++];
	struct lep_shape row = *shape;

	*to = (struct lep_infer_field){.role = role, .name = name, .dtype = dtype, .shape = *shape, .value = value};
	to->axis = lep_net_value_axis(f->net, value);
	if (to->axis >= 0)
		row.extent[0] = 1;
	to->table = dtype == LEP_I32 ? f->table : NULL;
	if (lep_mul_overflow((size_t)lep_shape_count(&row), lep_dtype_size(dtype), &to->bytes))
		return lep_fail_nomem(e, 0);
	return 0;
}

/* The shape of one case a record (a row of a sequence), or of cases, with K values behind (0: without). */
static int case_shape(const struct lep_inferer *f, const struct lep_shape *output, size_t k,
	struct lep_shape *shape)
{
	*shape = *output;
	if (f->is_sequence)
		shape->rank = 1;
	else if (f->cases == 1)
		shape->rank = 0;
	else if (f->classes && f->outputs == f->cases * f->classes && shape->rank)
		shape->rank--;
	if (!k)
		return 0;
	if (shape->rank == LEP_RANK_MAX)
		return -1;
	shape->extent[shape->rank++] = (int64_t)k;
	return 0;
}

static int add_classes(struct lep_inferer *f, const struct lep_shape *output, struct lep_error *e)
{
	int value = lep_net_output_value(f->net), rc;
	struct lep_shape shape;

	/* Of a text, whose table may be large, only what it had: its own ids' probabilities. */
	(void)case_shape(f, output, 0, &shape);
	if (f->is_text)
		rc = add_field(f, LEP_INFER_LOGPROB, "logprob", LEP_F32, &shape, value, e);
	else
		rc = add_field(f, LEP_INFER_PROBABILITY, "probability", LEP_F32, output, value, e);
	if (rc == 0)
		rc = add_field(f, LEP_INFER_CLASS, "class", LEP_I32, &shape, value, e);
	if (rc || !f->top)
		return rc;
	if (f->top > f->classes)
		return lep_fail(e, LEP_ERR_USAGE, "--top %zu: the model knows %zu classes", f->top, f->classes);
	if (case_shape(f, output, f->top, &shape))
		return lep_fail(e, LEP_ERR_USAGE, "--top: the output has too many axes");
	rc = add_field(f, LEP_INFER_TOP, "top", LEP_I32, &shape, value, e);
	return rc ? rc : add_field(f, LEP_INFER_TOP_PROBABILITY, "top_probability", LEP_F32, &shape, value, e);
}

/* Every layer's name, for somebody who asked for another. */
static int no_layer(const struct lep_net *n, const char *layer, struct lep_error *e)
{
	struct lep_buf names = {0};
	struct lep_net_row row;
	int rc;

	for (size_t i = 0; i < lep_net_rows(n); i++) {
		lep_net_row(n, i, &row);
		if (row.name && lep_net_find_value(n, row.name) >= 0)
			lep_buf_addf(&names, "%s%s", names.len ? ", " : "", row.name);
	}
	rc = lep_fail(e, LEP_ERR_USAGE, "--layer: no layer '%s'; there are: %s", layer,
		names.data && !names.failed ? names.data : "none");
	lep_buf_release(&names);
	return rc;
}

static int add_layers(struct lep_inferer *f, const struct lep_infer_options *o, struct lep_error *e)
{
	for (size_t i = 0; i < o->nlayer; i++) {
		int value = lep_net_find_value(f->net, o->layer[i]), rc;
		struct lep_shape shape;

		if (value < 0)
			return no_layer(f->net, o->layer[i], e);
		for (size_t k = 0; k < f->nfield; k++)
			if (strcmp(f->field[k].name, o->layer[i]) == 0)
				return lep_fail(e, LEP_ERR_USAGE, "--layer: field '%s' would be there twice", o->layer[i]);
		(void)lep_net_value_size(f->net, value, &shape);
		if (f->window && lep_net_value_axis(f->net, value) < 0)
			return lep_fail(e, LEP_ERR_USAGE, "--layer %s: it has one value a window, not one a token", o->layer[i]);
		rc = add_field(f, LEP_INFER_LAYER, o->layer[i], LEP_F32, &shape, value, e);
		if (rc)
			return rc;
		lep_net_keep(f->net, value);
	}
	return 0;
}

static int find_fields(struct lep_inferer *f, const struct lep_model *m, const struct lep_infer_options *o,
	struct lep_error *e)
{
	const char *loss = lep_head_note_get(&m->head, "loss", NULL), *final = lep_net_final(m->net);
	int target = lep_net_target(m->net), kind = loss ? lep_loss_parse(loss) : -1, rc;
	struct lep_shape shape;

	f->field = lep_alloc(4 + o->nlayer, sizeof(*f->field));
	if (!f->field)
		return lep_fail_nomem(e, 0);
	if (o->make)
		return lep_infer_make_init(f, m, e);
	rc = lep_net_check_aim(m->net, e);
	if (rc)
		return lep_fail_at(e, "%s", m->name);
	if (f->window && lep_net_aim(m->net) != LEP_AIM_NEXT)
		return lep_fail(e, LEP_ERR_USAGE, "--window: %s does not predict how a text goes on", m->name);
	f->outputs = lep_net_output(m->net, &shape);
	if (!final && kind == LEP_LOSS_CROSSENTROPY)
		f->apply = "softmax";
	if (!final && kind == LEP_LOSS_BINARY_CROSSENTROPY)
		f->apply = "sigmoid";
	f->is_sequence = lep_net_value_axis(m->net, lep_net_output_value(m->net)) >= 0;
	f->is_text = lep_net_aim(m->net) == LEP_AIM_NEXT || lep_net_aim(m->net) == LEP_AIM_SEQUENCE;
	f->is_single_text = lep_net_aim(m->net) == LEP_AIM_NEXT;
	f->table = target >= 0 ? m->head.expect[target].table : NULL;
	f->cases = 1;
	if (f->table) {
		int64_t cases = lep_shape_count(&m->head.expect[target].shape);

		f->cases = cases > 0 ? (size_t)cases : 1;
		f->classes = f->table->n;
		if (f->outputs != f->cases * f->classes && !(f->classes == 2 && f->outputs == f->cases))
			return lep_fail(e, LEP_ERR_DATA, "%s: %zu outputs for the %zu classes of '%s'", m->name,
				f->outputs, f->classes, m->head.expect[target].name);
	}
	if (!f->classes && f->top)
		return lep_fail(e, LEP_ERR_USAGE, "--top: the model predicts numbers, not classes");
	if (!f->classes && f->threshold > 0)
		return lep_fail(e, LEP_ERR_USAGE, "--threshold: the model predicts numbers, not classes");
	if (target >= 0) {
		rc = lep_target_scale(&m->head.expect[target], &f->mean, &f->deviation, e);
		if (rc)
			return lep_fail_at(e, "%s", m->name);
		if (f->mean && lep_shape_count(&m->head.expect[target].shape) != (int64_t)f->outputs)
			return lep_fail(e, LEP_ERR_DATA, "%s: %zu outputs for a target of %lld numbers", m->name, f->outputs,
				(long long)lep_shape_count(&m->head.expect[target].shape));
	}
	rc = f->classes ? add_classes(f, &shape, e) :
		add_field(f, LEP_INFER_PREDICTION, "prediction", LEP_F32, &shape, lep_net_output_value(m->net), e);
	return rc ? rc : add_layers(f, o, e);
}

/* Labels by other classes than the model's would be scored as nonsense. */
static int match_classes(const struct lep_model *m, const struct lep_head *data, const char *name,
	struct lep_error *e)
{
	int target = lep_net_target(m->net);
	const struct lep_field *want = target >= 0 ? &m->head.expect[target] : NULL, *got;
	int at = want ? lep_head_find(data, want->name) : -1;

	if (at < 0 || !want->table)
		return 0;
	got = &data->field[at];
	if (got->role != LEP_ROLE_TARGET || !got->table || lep_table_equal(want->table, got->table))
		return 0;
	for (size_t i = 0; i < got->table->n; i++)
		if (lep_table_find(want->table, got->table->entry[i], got->table->length[i]) < 0)
			return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': the model knows no class '%s'", name, got->name,
				got->table->entry[i]);
	for (size_t i = 0; i < want->table->n; i++)
		if (lep_table_find(got->table, want->table->entry[i], want->table->length[i]) < 0)
			return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': the model's class '%s' is not in its table", name,
				got->name, want->table->entry[i]);
	return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': its classes are in another order than the model's", name,
		got->name);
}

int lep_inferer_new(struct lep_inferer **out, struct lep_model *m, struct lep_threads *pool,
	const struct lep_head *data, const char *name, const struct lep_infer_options *o, struct lep_error *e)
{
	struct lep_inferer *f = lep_alloc(1, sizeof(*f));
	int rc = 0;

	*out = NULL;
	if (!f)
		return lep_fail_nomem(e, 0);
	f->net = m->net;
	f->k = lep_net_kernels(m->net);
	f->pool = pool;
	f->data = data;
	f->top = (size_t)o->top;
	f->window = o->window;
	f->make = o->make;
	f->threshold = o->threshold;
	if (data->kind != LEP_KIND_DATA)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: holds a %s, not data", name, lep_kind_name(data->kind));
	if (rc == 0)
		rc = lep_feed_init(&f->feed, m->net, m->head.expect, data, name, o->any_recipe, !o->make, e);
	if (rc == 0 && !o->any_recipe)
		rc = match_classes(m, data, name, e);
	f->threads = lep_threads_count(pool);
	/* Many threads have little memory each. */
	f->group = LEP_INFER_SAMPLES / (size_t)f->threads;
	f->group = f->group < 1 ? 1 : f->group > LEP_INFER_GROUP ? LEP_INFER_GROUP : f->group;
	f->own = lep_alloc((size_t)f->threads, sizeof(*f->own));
	if (rc == 0 && !f->own)
		rc = lep_fail_nomem(e, 0);
	if (rc == 0)
		rc = find_fields(f, m, o, e);
	f->target = rc == 0 && f->is_text ?
		lep_head_find(data, m->head.expect[lep_net_target(m->net)].name) : -1;
	for (int t = 0; t < f->threads && rc == 0 && !f->make; t++) {
		rc = lep_exec_new(&f->own[t].exec, f->net, f->group, 0, 1, e);
		f->own[t].output = lep_alloc(f->outputs, sizeof(lep_real));
		if (rc == 0 && !f->own[t].output)
			rc = lep_fail_nomem(e, 0);
	}
	if (rc) {
		lep_inferer_free(f);
		return rc;
	}
	lep_net_prepare(f->net, pool, 0);
	*out = f;
	return 0;
}

void lep_inferer_free(struct lep_inferer *f)
{
	if (!f)
		return;
	for (int t = 0; f->own && t < f->threads; t++) {
		lep_exec_free(f->own[t].exec);
		lep_free(f->own[t].output);
		lep_generator_free(f->own[t].generator);
		lep_beam_free(f->own[t].beam);
		lep_buf_release(&f->own[t].text);
	}
	for (size_t i = 0; f->text && i < f->text_room; i++)
		lep_buf_release(&f->text[i]);
	for (size_t k = 0; k < f->nfield; k++) {
		lep_free(f->field[k].data);
		lep_free(f->field[k].start);
	}
	lep_feed_release(&f->feed);
	lep_free(f->mean);
	lep_free(f->deviation);
	lep_free(f->own);
	lep_free(f->field);
	lep_free(f->fate);
	lep_free(f->before);
	lep_free(f->text);
	lep_free(f);
}

size_t lep_inferer_fields(const struct lep_inferer *f, const struct lep_infer_field **fields)
{
	*fields = f->field;
	return f->nfield;
}

size_t lep_inferer_classes(const struct lep_inferer *f)
{
	return f->classes;
}

int lep_inferer_is_sequence(const struct lep_inferer *f)
{
	return f->is_sequence;
}

size_t lep_inferer_cases(const struct lep_inferer *f)
{
	return f->cases;
}
