/* The arithmetic of an ensemble: one record of all streams, one answer. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/math.h"
#include "eval/ensemble_parts.h"

/* ---- values ---- */

const struct lep_entry *lep_ensemble_entry(const struct lep_ensemble *x, size_t k)
{
	size_t at;
	const struct lep_frame *frame = lep_together_record(x->t, k, &at);

	return &frame->entry[at];
}

const unsigned char *lep_ensemble_value(const struct lep_ensemble *x, size_t k, int field, size_t *len,
	struct lep_shape *shape)
{
	size_t at;
	const struct lep_frame *frame = lep_together_record(x->t, k, &at);

	return lep_frame_value(x->model[k].head, frame, (size_t)field, at, len, shape);
}

/* "NAME: record N (KEY): ..." in front of the cause. */
int lep_ensemble_at_record(const struct lep_ensemble *x, size_t k, struct lep_error *e)
{
	const struct lep_entry *entry = lep_ensemble_entry(x, k);

	return lep_fail_at(e, "%s: record %" PRIu64 " (%.*s)", lep_together_name(x->t, k),
		lep_together_records(x->t) - 1, (int)entry->key_len, entry->key_len ? entry->key : "");
}

/* How many cases the record has, the same in each stream. */
int lep_ensemble_count_cases(const struct lep_ensemble *x, size_t *cases, struct lep_error *e)
{
	for (size_t k = 0; k < x->n; k++) {
		const struct lep_ensemble_model *m = &x->model[k];
		size_t len, n, per = m->single ? 1 : x->classes;

		if (m->given >= 0) {
			(void)lep_ensemble_value(x, k, m->given, &len, NULL);
			n = len / 4;
		} else {
			(void)lep_ensemble_value(x, k, m->probability, &len, NULL);
			n = len / lep_dtype_size(m->head->field[m->probability].dtype) / per;
		}
		if (m->given >= 0 && m->probability >= 0) {
			(void)lep_ensemble_value(x, k, m->probability, &len, NULL);
			if (len != n * per * lep_dtype_size(m->head->field[m->probability].dtype)) {
				lep_fail(e, LEP_ERR_DATA, "'probability' and 'class' differ in shape");
				return lep_ensemble_at_record(x, k, e);
			}
		}
		if (k && n != *cases) {
			lep_fail(e, LEP_ERR_DATA, "predictions of %zu cases, but %s has %zu", n, lep_together_name(x->t, 0), *cases);
			return lep_ensemble_at_record(x, k, e);
		}
		*cases = n;
	}
	return 0;
}

/* Probabilities of case i of model k into x->p, in the order of the first's classes. */
int lep_ensemble_load_case(struct lep_ensemble *x, size_t k, size_t i, struct lep_error *e)
{
	const struct lep_ensemble_model *m = &x->model[k];
	enum lep_dtype t = m->head->field[m->probability].dtype;
	size_t per = m->single ? 1 : x->classes, size = lep_dtype_size(t);
	const unsigned char *from = lep_ensemble_value(x, k, m->probability, NULL, NULL) + i * per * size;
	double *p = x->p + k * x->classes;

	for (size_t c = 0; c < x->classes; c++) {
		size_t to = m->map ? (size_t)m->map[c] : c;

		if (m->single && c == 0) {
			lep_to_f64(&p[to], t, from, 1);
			p[to] = 1 - p[to];
		} else {
			lep_to_f64(&p[to], t, from + (m->single ? 0 : c) * size, 1);
		}
		if (!(p[to] >= -0.001 && p[to] <= 1.001)) {
			lep_fail(e, LEP_ERR_DATA, "field '%s': not a probability", m->head->field[m->probability].name);
			return lep_ensemble_at_record(x, k, e);
		}
		p[to] = p[to] > 0 ? p[to] : 0;
	}
	return 0;
}

/* ---- classes ---- */

static void take_mean(struct lep_ensemble *x, double *sum)
{
	for (size_t c = 0; c < x->classes; c++) {
		sum[c] = 0;
		for (size_t k = 0; k < x->n; k++)
			sum[c] += x->model[k].weight * x->p[k * x->classes + c];
	}
}

static void take_geometric(struct lep_ensemble *x)
{
	double most = -HUGE_VAL, all = 0;

	for (size_t c = 0; c < x->classes; c++) {
		x->log[c] = 0;
		for (size_t k = 0; k < x->n; k++) {
			double p = x->p[k * x->classes + c];

			x->log[c] += x->model[k].weight * lep_log(p > LEP_MIXTURE_LEAST ? p : LEP_MIXTURE_LEAST);
		}
		most = x->log[c] > most ? x->log[c] : most;
	}
	for (size_t c = 0; c < x->classes; c++) {
		x->sum[c] = lep_exp(x->log[c] - most);
		all += x->sum[c];
	}
	for (size_t c = 0; c < x->classes; c++)
		x->sum[c] /= all;
}

/* The first of the largest. */
static int64_t most_of(const float *v, size_t n)
{
	size_t best = 0;

	for (size_t c = 1; c < n; c++)
		if (v[c] > v[best])
			best = c;
	return (int64_t)best;
}

/* The class that model k votes for in case i, -1: none. */
static int vote_of(struct lep_ensemble *x, size_t k, size_t i, int64_t *vote, struct lep_error *e)
{
	const struct lep_ensemble_model *m = &x->model[k];

	if (m->given >= 0) {
		*vote = lep_ensemble_id(lep_ensemble_value(x, k, m->given, NULL, NULL), i);
		*vote = *vote >= 0 && m->map ? m->map[*vote] : *vote;
		return m->probability >= 0 ? lep_ensemble_load_case(x, k, i, e) : 0;
	}
	if (lep_ensemble_load_case(x, k, i, e))
		return e->status;
	for (size_t c = 0; c < x->classes; c++)
		x->as_float[c] = (float)x->p[k * x->classes + c];
	*vote = most_of(x->as_float, x->classes);
	return 0;
}

/* Votes into x->sum, and the class they come to. */
static int take_votes(struct lep_ensemble *x, size_t i, int64_t *class, struct lep_error *e)
{
	double all = 0, most = 0, mean;
	size_t known = 0;

	memset(x->sum, 0, x->classes * sizeof(*x->sum));
	memset(x->log, 0, x->classes * sizeof(*x->log));
	*class = -1;
	for (size_t k = 0; k < x->n; k++) {
		int64_t vote;

		if (vote_of(x, k, i, &vote, e))
			return e->status;
		for (size_t c = 0; c < x->classes && x->model[k].probability >= 0; c++)
			x->log[c] += x->model[k].weight * x->p[k * x->classes + c];
		known += x->model[k].probability >= 0;
		if (vote < 0)
			continue;
		x->sum[vote] += x->model[k].weight;
		all += x->model[k].weight;
	}
	for (size_t c = 0; c < x->classes && all > 0; c++) {
		x->sum[c] /= all;
		most = x->sum[c] > most ? x->sum[c] : most;
	}
	/* Among the largest, the one of the larger mean probability, then the earlier stream's. */
	mean = -1;
	for (size_t k = 0; k < x->n && all > 0; k++) {
		int64_t vote;

		if (vote_of(x, k, i, &vote, e))
			return e->status;
		/* Sums of the same weights in another order may differ in the last bits. */
		if (vote < 0 || x->sum[vote] < most * (1 - 1e-12))
			continue;
		if (*class < 0 || (known && x->log[vote] > mean)) {
			*class = vote;
			mean = x->log[vote];
		}
	}
	return 0;
}

static int run_case(struct lep_ensemble *x, size_t i, int single, struct lep_error *e)
{
	int64_t class = -1;
	unsigned char id[4];
	int rc = 0;

	if (x->o.kind == LEP_ENSEMBLE_VOTE)
		rc = take_votes(x, i, &class, e);
	for (size_t k = 0; k < x->n && !rc && x->o.kind != LEP_ENSEMBLE_VOTE; k++)
		rc = lep_ensemble_load_case(x, k, i, e);
	if (rc)
		return rc;
	if (x->o.kind == LEP_ENSEMBLE_MEAN)
		take_mean(x, x->sum);
	else if (x->o.kind == LEP_ENSEMBLE_GEOMETRIC)
		take_geometric(x);
	for (size_t c = 0; c < x->classes; c++)
		x->as_float[c] = (float)x->sum[c];
	if (x->o.kind != LEP_ENSEMBLE_VOTE)
		class = most_of(x->as_float, x->classes);
	for (size_t c = single ? 1 : 0; c < x->classes; c++) {
		unsigned char bytes[4];

		lep_from_f32(bytes, LEP_F32, &x->as_float[c], 1);
		lep_buf_add(&x->out[0], bytes, sizeof(bytes));
	}
	lep_put32(id, (uint32_t)(int32_t)class);
	lep_buf_add(&x->out[1], id, sizeof(id));
	return 0;
}

int lep_ensemble_run_classes(struct lep_ensemble *x, struct lep_error *e)
{
	const struct lep_ensemble_model *m = &x->model[0];
	const struct lep_field *field = &x->head.field[x->probability];
	struct lep_shape wide = field->shape, shape = x->head.field[x->given].shape;
	size_t cases = 0;
	int rc = lep_ensemble_count_cases(x, &cases, e);

	for (size_t i = 0; i < cases && !rc; i++)
		rc = run_case(x, i, m->single, e);
	if (!rc && (x->out[0].failed || x->out[1].failed))
		rc = lep_fail_nomem(e, 0);
	if (rc)
		return rc;
	if (m->probability >= 0)
		(void)lep_ensemble_value(x, 0, m->probability, NULL, &wide);
	if (m->given >= 0)
		(void)lep_ensemble_value(x, 0, m->given, NULL, &shape);
	else
		shape = (struct lep_shape){.rank = wide.rank ? wide.rank - 1 : 0,
			.extent = {wide.extent[0], wide.extent[1], wide.extent[2], wide.extent[3], wide.extent[4],
				wide.extent[5], wide.extent[6]}};
	if (m->probability < 0) {
		wide = shape;
		wide.extent[wide.rank++] = (int64_t)x->classes;
	}
	rc = lep_builder_set(x->builder, (size_t)x->probability, &wide, x->out[0].data, x->out[0].len, e);
	return rc ? rc : lep_builder_set(x->builder, (size_t)x->given, &shape, x->out[1].data, x->out[1].len, e);
}

/* ---- numbers ---- */

double lep_ensemble_load_number(const struct lep_ensemble *x, size_t k, size_t i)
{
	double v;
	enum lep_dtype t = x->model[k].head->field[x->model[k].number].dtype;

	lep_to_f64(&v, t, lep_ensemble_value(x, k, x->model[k].number, NULL, NULL) + i * lep_dtype_size(t), 1);
	return v;
}

int lep_ensemble_count_numbers(const struct lep_ensemble *x, size_t *n, struct lep_error *e)
{
	for (size_t k = 0; k < x->n; k++) {
		size_t len, size = lep_dtype_size(x->model[k].head->field[x->model[k].number].dtype);

		(void)lep_ensemble_value(x, k, x->model[k].number, &len, NULL);
		if (k && len / size != *n) {
			lep_fail(e, LEP_ERR_DATA, "%zu numbers, but %s has %zu", len / size, lep_together_name(x->t, 0), *n);
			return lep_ensemble_at_record(x, k, e);
		}
		*n = len / size;
	}
	return 0;
}

int lep_ensemble_run_numbers(struct lep_ensemble *x, struct lep_error *e)
{
	const struct lep_field *field = &x->head.field[x->number];
	struct lep_shape shape;
	size_t n = 0;
	int rc = lep_ensemble_count_numbers(x, &n, e);

	for (size_t i = 0; i < n && !rc; i++) {
		unsigned char bytes[8];
		double sum = 0;
		float rounded;

		for (size_t k = 0; k < x->n; k++)
			sum += x->model[k].weight * lep_ensemble_load_number(x, k, i);
		rounded = (float)sum;
		if (field->dtype == LEP_F64)
			memcpy(bytes, &sum, sizeof(sum));
		else
			lep_from_f32(bytes, LEP_F32, &rounded, 1);
		lep_buf_add(&x->out[0], bytes, lep_dtype_size(field->dtype));
	}
	if (!rc && x->out[0].failed)
		rc = lep_fail_nomem(e, 0);
	if (rc)
		return rc;
	(void)lep_ensemble_value(x, 0, x->model[0].number, NULL, &shape);
	return lep_builder_set(x->builder, (size_t)x->number, &shape, x->out[0].data, x->out[0].len, e);
}
