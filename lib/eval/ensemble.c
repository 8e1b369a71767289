/* One answer of several: records as they come, and what a fit needs of them. */
#include "eval/ensemble.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "eval/ensemble_parts.h"

int lep_ensemble_new(struct lep_ensemble **out, struct lep_together *t, size_t n,
	const struct lep_ensemble_options *o, struct lep_error *e)
{
	struct lep_ensemble *x = lep_alloc(1, sizeof(*x));
	int rc;

	*out = NULL;
	if (!x)
		return lep_fail_nomem(e, sizeof(*x));
	x->t = t;
	x->n = n;
	x->o = *o;
	lep_head_init(&x->head);
	x->model = lep_alloc(n, sizeof(*x->model));
	rc = x->model ? 0 : lep_fail_nomem(e, 0);
	for (size_t k = 0; k < n && !rc; k++)
		x->model[k].weight = o->weight ? o->weight[k] : 1 / (double)n;
	if (!rc)
		rc = lep_ensemble_bind(x, e);
	if (!rc)
		rc = lep_builder_new(&x->builder, &x->head, e);
	if (!rc) {
		x->p = lep_alloc(n, (x->classes + 1) * sizeof(*x->p));
		x->sum = lep_alloc(x->classes + 1, sizeof(*x->sum));
		x->log = lep_alloc(x->classes + 1, sizeof(*x->log));
		x->as_float = lep_alloc(x->classes + 1, sizeof(*x->as_float));
		rc = x->p && x->sum && x->log && x->as_float ? 0 : lep_fail_nomem(e, 0);
	}
	if (rc) {
		lep_ensemble_free(x);
		return rc;
	}
	*out = x;
	return 0;
}

void lep_ensemble_free(struct lep_ensemble *x)
{
	if (!x)
		return;
	for (size_t k = 0; x->model && k < x->n; k++) {
		for (size_t i = 0; i < x->model[k].npair; i++)
			lep_free(x->model[k].pair[i].map);
		lep_free(x->model[k].pair);
		lep_free(x->model[k].map);
	}
	lep_free(x->model);
	lep_free(x->truth);
	lep_builder_free(x->builder);
	lep_head_release(&x->head);
	lep_free(x->from);
	lep_free(x->p);
	lep_free(x->sum);
	lep_free(x->log);
	lep_free(x->as_float);
	lep_buf_release(&x->out[0]);
	lep_buf_release(&x->out[1]);
	lep_free(x);
}

struct lep_head *lep_ensemble_head(struct lep_ensemble *x)
{
	return &x->head;
}

uint64_t lep_ensemble_bad(const struct lep_ensemble *x)
{
	return x->bad;
}

/* ---- records ---- */

/* Targets that are in the first stream and in another. */
static int check_targets(const struct lep_ensemble *x, struct lep_error *e)
{
	for (size_t k = 1; k < x->n; k++)
		for (size_t i = 0; i < x->model[k].npair; i++) {
			const struct lep_ensemble_pair *pair = &x->model[k].pair[i];
			size_t na, nb;
			const unsigned char *a = lep_ensemble_value(x, 0, (int)pair->first, &na, NULL);
			const unsigned char *b = lep_ensemble_value(x, k, (int)pair->other, &nb, NULL);
			int same = na == nb;

			if (same && !pair->map)
				same = !na || memcmp(a, b, na) == 0;
			for (size_t c = 0; c < na / 4 && same && pair->map; c++) {
				int64_t there = lep_ensemble_id(b, c);

				same = lep_ensemble_id(a, c) == (there < 0 ? there : pair->map[there]);
			}
			if (same)
				continue;
			lep_fail(e, LEP_ERR_DATA, "target '%s' is not that of %s", x->model[0].head->field[pair->first].name,
				lep_together_name(x->t, 0));
			return lep_ensemble_at_record(x, k, e);
		}
	return 0;
}

/* A record that is bad in one of the streams: 1 if it goes out, 0 if not. */
static int judge(struct lep_ensemble *x, size_t k, struct lep_error *e)
{
	const struct lep_entry *entry = lep_ensemble_entry(x, k);
	struct lep_error text;

	x->bad++;
	if (x->o.bad == LEP_ENSEMBLE_KEEP)
		return 1;
	lep_fail(&text, LEP_ERR_DATA, "is bad: %.*s", (int)entry->cause_len, entry->cause_len ? entry->cause : "");
	lep_ensemble_at_record(x, k, &text);
	if (x->o.bad == LEP_ENSEMBLE_SKIP) {
		if (x->o.note)
			x->o.note(x->o.ctx, text.text);
		return 0;
	}
	if (e)
		*e = text;
	return text.status;
}

/* The first stream in which the record is bad, or n. */
static size_t bad_in(const struct lep_ensemble *x)
{
	size_t k = 0;

	while (k < x->n && !lep_ensemble_entry(x, k)->bad)
		k++;
	return k;
}

static int build(struct lep_ensemble *x, struct lep_error *e)
{
	size_t at, k = bad_in(x);
	const struct lep_frame *frame = lep_together_record(x->t, 0, &at);
	const struct lep_entry *entry;
	char *cause;
	int rc = k < x->n ? judge(x, k, e) : 1;

	if (rc <= 0)
		return rc;
	rc = k < x->n ? 0 : check_targets(x, e);
	if (!rc)
		rc = lep_builder_copy(x->builder, x->model[0].head, frame, at, x->from, e);
	if (rc || lep_ensemble_entry(x, 0)->bad)
		return rc;
	if (k == x->n) {
		lep_buf_clear(&x->out[0]);
		lep_buf_clear(&x->out[1]);
		return x->classes ? lep_ensemble_run_classes(x, e) : lep_ensemble_run_numbers(x, e);
	}
	entry = lep_ensemble_entry(x, k);
	cause = lep_strndup(entry->cause_len ? entry->cause : "", entry->cause_len);
	rc = cause ? lep_builder_bad(x->builder, cause, e) : lep_fail_nomem(e, entry->cause_len);
	lep_free(cause);
	return rc;
}

int lep_ensemble_next(struct lep_ensemble *x, struct lep_frame *frame, struct lep_error *e)
{
	int rc = 0, here;

	lep_builder_clear(x->builder);
	while (!rc && (here = lep_together_next(x->t, e)) != 0) {
		rc = here < 0 ? here : build(x, e);
		if (!rc && lep_together_ends_frame(x->t) && lep_builder_count(x->builder)) {
			rc = lep_builder_frame(x->builder, frame, e);
			frame->first = x->done;
			x->done += frame->n;
			return rc ? rc : 1;
		}
	}
	return rc;
}

/* ---- fitting ---- */

static int collect_classes(struct lep_ensemble *x, struct lep_mixture *m, double *row, struct lep_error *e)
{
	size_t cases = 0, len;
	const unsigned char *ids = lep_ensemble_value(x, 0, x->target, &len, NULL);
	int rc = lep_ensemble_count_cases(x, &cases, e);

	if (!rc && len / 4 != cases) {
		lep_fail(e, LEP_ERR_DATA, "target '%s' of %zu cases, but predictions of %zu",
			x->model[0].head->field[x->target].name, len / 4, cases);
		rc = lep_ensemble_at_record(x, 0, e);
	}
	for (size_t i = 0; i < cases && !rc; i++) {
		int64_t truth = lep_ensemble_id(ids, i);

		truth = truth >= 0 && x->truth ? x->truth[truth] : truth;
		if (truth < 0)
			continue;
		for (size_t k = 0; k < x->n && !rc; k++) {
			rc = lep_ensemble_load_case(x, k, i, e);
			row[k] = x->p[k * x->classes + (size_t)truth];
		}
		rc = rc ? rc : lep_mixture_add(m, row, e);
	}
	return rc;
}

static int collect_numbers(struct lep_ensemble *x, struct lep_mixture *m, double *row, struct lep_error *e)
{
	enum lep_dtype t = x->model[0].head->field[x->target].dtype;
	size_t n = 0, len;
	const unsigned char *truth = lep_ensemble_value(x, 0, x->target, &len, NULL);
	int rc = lep_ensemble_count_numbers(x, &n, e);

	if (!rc && len / lep_dtype_size(t) != n) {
		lep_fail(e, LEP_ERR_DATA, "target '%s' differs from the predictions in shape",
			x->model[0].head->field[x->target].name);
		rc = lep_ensemble_at_record(x, 0, e);
	}
	for (size_t i = 0; i < n && !rc; i++) {
		double right;

		lep_to_f64(&right, t, truth + i * lep_dtype_size(t), 1);
		for (size_t k = 0; k < x->n && !rc; k++) {
			row[k] = lep_ensemble_load_number(x, k, i) - right;
			if (!isfinite(row[k])) {
				lep_fail(e, LEP_ERR_DATA, "not a finite number");
				rc = lep_ensemble_at_record(x, k, e);
			}
		}
		rc = rc ? rc : lep_mixture_add(m, row, e);
	}
	return rc;
}

int lep_ensemble_collect(struct lep_ensemble *x, struct lep_mixture *m, struct lep_error *e)
{
	double *row = lep_alloc(x->n, sizeof(*row));
	int rc = lep_mixture_init(m, x->n, x->classes == 0, e);

	if (!rc && !row)
		rc = lep_fail_nomem(e, 0);
	while (!rc && (rc = lep_together_next(x->t, e)) > 0) {
		size_t k = bad_in(x);

		if (k < x->n) {
			rc = judge(x, k, e);
			rc = rc > 0 ? 0 : rc;
			continue;
		}
		rc = check_targets(x, e);
		if (!rc)
			rc = x->classes ? collect_classes(x, m, row, e) : collect_numbers(x, m, row, e);
	}
	lep_free(row);
	return rc;
}
