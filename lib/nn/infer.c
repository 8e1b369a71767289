/* A model in use: which fields it gives, and groups of records through it. */
#include "nn/infer.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "nn/feed.h"
#include "nn/loss.h"

/* How a record went: fine, or 1 + the input that is not finite, or: */
enum { FINE = 0, OUTPUT_NOT_FINITE = UINT16_MAX };

/* What each thread has to itself. */
struct own {
	struct lep_exec *exec;
	lep_real *output;     /* of one sample */
};

struct lep_inferer {
	struct lep_net *net;
	const struct lep_kernels *k;
	struct lep_threads *pool;
	const struct lep_head *data;
	struct lep_feed feed;
	struct own *own;
	int threads;
	size_t group;             /* samples of a thread at once */
	const char *apply;        /* "softmax", "sigmoid" or NULL */
	struct lep_table *table;  /* of the target, or NULL */
	size_t classes, cases;    /* classes 0: numbers */
	size_t outputs;           /* values of the network's output */
	size_t top;
	double threshold;
	size_t nfield;
	struct lep_infer_field *field;
	/* the run */
	const struct lep_frame *frame;
	size_t room;              /* records that data and failed have room for */
	uint16_t *failed;
};

/* ---- which fields there are ---- */

static int add_field(struct lep_inferer *f, enum lep_infer_role role, const char *name, enum lep_dtype dtype,
	const struct lep_shape *shape, struct lep_error *e)
{
	struct lep_infer_field *to = &f->field[f->nfield++];

	*to = (struct lep_infer_field){.role = role, .name = name, .dtype = dtype, .shape = *shape, .value = -1};
	to->table = dtype == LEP_I32 ? f->table : NULL;
	if (lep_mul_overflow((size_t)lep_shape_count(shape), lep_dtype_size(dtype), &to->bytes))
		return lep_fail_nomem(e, 0);
	return 0;
}

/* The shape of one case a record, or of cases, with K values behind (0: without). */
static int case_shape(const struct lep_inferer *f, const struct lep_shape *output, size_t k,
	struct lep_shape *shape)
{
	*shape = *output;
	if (f->cases == 1)
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
	struct lep_shape shape;
	int rc;

	rc = add_field(f, LEP_INFER_PROBABILITY, "probability", LEP_F32, output, e);
	(void)case_shape(f, output, 0, &shape);
	if (rc == 0)
		rc = add_field(f, LEP_INFER_CLASS, "class", LEP_I32, &shape, e);
	if (rc || !f->top)
		return rc;
	if (f->top > f->classes)
		return lep_fail(e, LEP_ERR_USAGE, "--top %zu: the model knows %zu classes", f->top, f->classes);
	if (case_shape(f, output, f->top, &shape))
		return lep_fail(e, LEP_ERR_USAGE, "--top: the output has too many axes");
	rc = add_field(f, LEP_INFER_TOP, "top", LEP_I32, &shape, e);
	return rc ? rc : add_field(f, LEP_INFER_TOP_PROBABILITY, "top_probability", LEP_F32, &shape, e);
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
		rc = add_field(f, LEP_INFER_LAYER, o->layer[i], LEP_F32, &shape, e);
		if (rc)
			return rc;
		f->field[f->nfield - 1].value = value;
	}
	return 0;
}

static int find_fields(struct lep_inferer *f, const struct lep_model *m, const struct lep_infer_options *o,
	struct lep_error *e)
{
	const char *loss = lep_head_note_get(&m->head, "loss", NULL), *final = lep_net_final(m->net);
	int target = lep_net_target(m->net), kind = loss ? lep_loss_parse(loss) : -1, rc;
	struct lep_shape shape;

	for (size_t i = 0; i < lep_net_inputs(m->net); i++)
		if (lep_net_input(m->net, i)->varies)
			return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': its length varies, which inference cannot do yet",
				m->name, lep_net_input(m->net, i)->name);
	f->outputs = lep_net_output(m->net, &shape);
	if (!final && kind == LEP_LOSS_CROSSENTROPY)
		f->apply = "softmax";
	if (!final && kind == LEP_LOSS_BINARY_CROSSENTROPY)
		f->apply = "sigmoid";
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
	f->field = lep_alloc(4 + o->nlayer, sizeof(*f->field));
	if (!f->field)
		return lep_fail_nomem(e, 0);
	rc = f->classes ? add_classes(f, &shape, e) :
		add_field(f, LEP_INFER_PREDICTION, "prediction", LEP_F32, &shape, e);
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
	f->threshold = o->threshold;
	if (data->kind != LEP_KIND_DATA)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: holds a %s, not data", name, lep_kind_name(data->kind));
	if (rc == 0)
		rc = lep_feed_init(&f->feed, m->net, m->head.expect, data, name, o->any_recipe, e);
	if (rc == 0 && !o->any_recipe)
		rc = match_classes(m, data, name, e);
	if (rc == 0)
		rc = find_fields(f, m, o, e);
	f->threads = lep_threads_count(pool);
	/* Many threads have little memory each. */
	f->group = LEP_INFER_SAMPLES / (size_t)f->threads;
	f->group = f->group < 1 ? 1 : f->group > LEP_INFER_GROUP ? LEP_INFER_GROUP : f->group;
	f->own = lep_alloc((size_t)f->threads, sizeof(*f->own));
	if (rc == 0 && !f->own)
		rc = lep_fail_nomem(e, 0);
	for (int t = 0; t < f->threads && rc == 0; t++) {
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
	}
	for (size_t k = 0; k < f->nfield; k++)
		lep_free(f->field[k].data);
	lep_feed_release(&f->feed);
	lep_free(f->own);
	lep_free(f->field);
	lep_free(f->failed);
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

size_t lep_inferer_cases(const struct lep_inferer *f)
{
	return f->cases;
}

/* ---- running ---- */

static int all_finite(const lep_real *v, size_t n)
{
	int good = 1;

	/* No way out in the middle, so that this is done by vectors. */
	for (size_t i = 0; i < n; i++)
		good &= v[i] - v[i] == 0;
	return good;
}

static void put_reals(unsigned char *to, const lep_real *from, size_t n)
{
#ifdef LEP_DOUBLE
	for (size_t i = 0; i < n; i++) {
		float v = (float)from[i];

		lep_from_f32(to + 4 * i, LEP_F32, &v, 1);
	}
#else
	lep_from_f32(to, LEP_F32, from, n);
#endif
}

/* The probability of class c of one case, in the type it is given out in. */
static float probability(const struct lep_inferer *f, const lep_real *p, size_t c)
{
	if (f->outputs != f->cases)
		return (float)p[c];
	return c ? (float)p[0] : 1 - (float)p[0];
}

/*
 * The class that comes behind `before` (-1: none does) when they are sorted by
 * probability, the largest first, the first of equals first.
 */
static int32_t next_class(const struct lep_inferer *f, const lep_real *p, int32_t before)
{
	float limit = before < 0 ? INFINITY : probability(f, p, (size_t)before), most = 0;
	int32_t best = -1;

	for (int32_t c = 0; c < (int32_t)f->classes; c++) {
		float v = probability(f, p, (size_t)c);

		if ((v < limit || (v == limit && c > before)) && (best < 0 || v > most)) {
			best = c;
			most = v;
		}
	}
	return best;
}

static void put_classes(const struct lep_inferer *f, const lep_real *p, unsigned char *to)
{
	size_t per = f->outputs / f->cases;

	for (size_t i = 0; i < f->cases; i++) {
		int32_t c = next_class(f, p + i * per, -1);

		if (f->threshold > 0 && (double)probability(f, p + i * per, (size_t)c) < f->threshold)
			c = -1;
		lep_put32(to + 4 * i, (uint32_t)c);
	}
}

static void put_top(const struct lep_inferer *f, const lep_real *p, unsigned char *to, int as_probability)
{
	size_t per = f->outputs / f->cases;

	for (size_t i = 0; i < f->cases; i++) {
		int32_t c = -1;

		for (size_t k = 0; k < f->top; k++, to += 4) {
			float v;

			c = next_class(f, p + i * per, c);
			v = probability(f, p + i * per, (size_t)c);
			if (as_probability)
				lep_from_f32(to, LEP_F32, &v, 1);
			else
				lep_put32(to, (uint32_t)c);
		}
	}
}

/* Sample s of what the network gave, as the outputs of record `at`. */
static void put_outputs(struct lep_inferer *f, const struct own *own, size_t s, size_t at)
{
	const lep_real *raw = lep_exec_output(own->exec) + s * f->outputs;
	const lep_real *p = f->apply ? own->output : raw;
	size_t per = f->classes && f->outputs != f->cases ? f->classes : f->outputs;

	if (f->apply && strcmp(f->apply, "softmax") == 0)
		f->k->softmax_forward(own->output, raw, f->outputs / per, per, per);
	else if (f->apply)
		f->k->act_forward(LEP_ACT_SIGMOID, 0, own->output, raw, f->outputs);
	if (!all_finite(p, f->outputs)) {
		f->failed[at] = OUTPUT_NOT_FINITE;
		return;
	}
	for (size_t k = 0; k < f->nfield; k++) {
		const struct lep_infer_field *to = &f->field[k];
		unsigned char *data = to->data + at * to->bytes;
		size_t n = to->bytes / sizeof(float);

		switch (to->role) {
		case LEP_INFER_PROBABILITY:
		case LEP_INFER_PREDICTION:
			put_reals(data, p, n);
			break;
		case LEP_INFER_CLASS:
			put_classes(f, p, data);
			break;
		case LEP_INFER_TOP:
		case LEP_INFER_TOP_PROBABILITY:
			put_top(f, p, data, to->role == LEP_INFER_TOP_PROBABILITY);
			break;
		case LEP_INFER_LAYER:
			put_reals(data, lep_exec_value(own->exec, to->value) + s * n, n);
			break;
		}
	}
}

/* Record `at` as sample s of x; whether it is fit to be run. */
static int take(struct lep_inferer *f, struct lep_exec *x, size_t at, size_t s)
{
	for (size_t i = 0; i < f->feed.n; i++) {
		const struct lep_feed_input *in = &f->feed.input[i];
		const void *from = lep_frame_value(f->data, f->frame, (size_t)in->field, at, NULL, NULL);
		lep_real *to = in->ids ? NULL : lep_exec_input(x, i) + s * in->size;
		int32_t *ids = in->ids ? lep_exec_input_ids(x, i) + s * in->size : NULL;

		/* Ids were checked against their table by the reader. */
		if (lep_feed_value(&f->feed, i, from, 1, to, ids) ||
			(lep_dtype_is_float(in->dtype) && !all_finite(to, in->size))) {
			f->failed[at] = (uint16_t)(1 + i);
			return 0;
		}
	}
	return 1;
}

static void run_group(void *ctx, int task, int thread)
{
	struct lep_inferer *f = ctx;
	const struct own *own = &f->own[thread];
	size_t first = (size_t)task * f->group, at[LEP_INFER_GROUP], count = 0;

	for (size_t i = first; i < f->frame->n && i < first + f->group; i++)
		if (!f->frame->entry[i].bad && take(f, own->exec, i, count))
			at[count++] = i;
	if (count)
		lep_exec_infer(own->exec, count);
	for (size_t s = 0; s < count; s++)
		put_outputs(f, own, s, at[s]);
}

static int make_room(struct lep_inferer *f, size_t n, struct lep_error *e)
{
	if (n > f->room) {
		f->room = 0;
		lep_free(f->failed);
		f->failed = lep_alloc(n, sizeof(*f->failed));
		if (!f->failed)
			return lep_fail_nomem(e, (double)n);
		for (size_t k = 0; k < f->nfield; k++) {
			lep_free(f->field[k].data);
			f->field[k].data = lep_alloc(n, f->field[k].bytes);
			if (!f->field[k].data)
				return lep_fail_nomem(e, (double)n * (double)f->field[k].bytes);
		}
		f->room = n;
	}
	memset(f->failed, 0, n * sizeof(*f->failed));
	for (size_t k = 0; k < f->nfield; k++)
		memset(f->field[k].data, 0, n * f->field[k].bytes);
	return 0;
}

int lep_inferer_run(struct lep_inferer *f, const struct lep_frame *frame, struct lep_error *e)
{
	int rc = frame->n > INT32_MAX ? lep_fail_nomem(e, (double)frame->n) : make_room(f, frame->n, e);

	if (rc)
		return rc;
	f->frame = frame;
	lep_threads_run(f->pool, (int)((frame->n + f->group - 1) / f->group), run_group, f);
	return 0;
}

int lep_inferer_failure(const struct lep_inferer *f, size_t i, struct lep_error *e)
{
	if (f->failed[i] == FINE)
		return 0;
	if (f->failed[i] == OUTPUT_NOT_FINITE)
		return lep_fail(e, LEP_ERR_DATA, "the network's output is not finite");
	return lep_fail(e, LEP_ERR_DATA, "field '%s': a value is not finite",
		f->data->field[f->feed.input[f->failed[i] - 1].field].name);
}
