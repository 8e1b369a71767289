/*
 * Checkpoints: the model's fields, and beside them what training has in hand:
 *
 *	optimizer.NAME         the optimiser's state arrays, laid out like all weights
 *	training.average       averaged weights, where asked for
 *	training.best          the best weights so far
 *	training.position      i64: epoch, samples of it done, step, best epoch,
 *	                       epochs since, hits, done, targets
 *	training.sums          f64: loss and weight of the epoch, best score, rate
 *
 * and the notes `options` and `digest`, which must agree on resuming.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nn/trainer.h"

enum { POSITIONS = 8, SUMS = 4, ARRAYS = LEP_OPTIM_STATES + 2 };

struct array {
	char name[64];
	lep_real *values;         /* NULL: not in use */
};

static void list_arrays(struct lep_trainer *t, struct array a[ARRAYS])
{
	memset(a, 0, ARRAYS * sizeof(*a));
	for (int i = 0; i < LEP_OPTIM_STATES; i++)
		if (t->state[i]) {
			snprintf(a[i].name, sizeof(a[i].name), "optimizer.%s",
				lep_optim_state_name(t->o.optim.kind, i));
			a[i].values = t->state[i];
		}
	snprintf(a[ARRAYS - 2].name, sizeof(a[0].name), "training.average");
	a[ARRAYS - 2].values = t->average;
	snprintf(a[ARRAYS - 1].name, sizeof(a[0].name), "training.best");
	a[ARRAYS - 1].values = t->best;
}

static int digest(const struct lep_trainer *t, char text[64], struct lep_error *e)
{
	uint64_t train, check = 0;
	int rc = lep_dataset_digest(t->train.data, &train, e);

	if (rc == 0 && t->check.data && t->check.data != t->train.data)
		rc = lep_dataset_digest(t->check.data, &check, e);
	snprintf(text, 64, "%016" PRIx64 " %016" PRIx64, train, check);
	return rc;
}

static int make_head(struct lep_trainer *t, struct lep_head *h, const struct lep_head *model, const char *options,
	struct lep_error *e)
{
	struct lep_shape positions = {.rank = 1, .extent = {POSITIONS}}, sums = {.rank = 1, .extent = {SUMS}};
	struct lep_shape all = {.rank = 1};
	struct array a[ARRAYS];
	size_t n;
	int rc;

	lep_net_values(t->net, &n);
	all.extent[0] = (int64_t)n;
	list_arrays(t, a);
	rc = lep_head_copy(h, model, e);
	h->kind = LEP_KIND_CHECKPOINT;
	if (rc == 0)
		rc = lep_head_note(h, "options", options, e);
	if (rc == 0 && !t->digest[0])
		rc = digest(t, t->digest, e);
	if (rc == 0)
		rc = lep_head_note(h, "digest", t->digest, e);
	for (int i = 0; i < ARRAYS && rc >= 0; i++)
		if (a[i].values)
			rc = lep_head_add(h, 0, a[i].name, LEP_ROLE_OTHER, LEP_F32, &all, NULL, NULL, e);
	if (rc >= 0)
		rc = lep_head_add(h, 0, "training.position", LEP_ROLE_OTHER, LEP_I64, &positions, NULL, NULL, e);
	if (rc >= 0)
		rc = lep_head_add(h, 0, "training.sums", LEP_ROLE_OTHER, LEP_F64, &sums, NULL, NULL, e);
	return rc < 0 ? rc : 0;
}

static int set_reals(struct lep_builder *b, const struct lep_head *h, const struct array *a, size_t n,
	struct lep_error *e)
{
	float *f = lep_alloc(n, sizeof(*f));
	int rc;

	if (!f)
		return lep_fail_nomem(e, 4.0 * (double)n);
	for (size_t i = 0; i < n; i++)
		f[i] = (float)a->values[i];
	lep_from_f32(f, LEP_F32, f, n);
	rc = lep_builder_set(b, (size_t)lep_head_find(h, a->name), NULL, f, n * sizeof(*f), e);
	lep_free(f);
	return rc;
}

static int set_position(const struct lep_trainer *t, struct lep_builder *b, const struct lep_head *h,
	struct lep_error *e)
{
	const int64_t position[POSITIONS] = {t->epoch, (int64_t)t->at, t->step, t->best_epoch, t->since_best,
		(int64_t)t->hit_sum, t->done, (int64_t)t->row_sum};
	const double sums[SUMS] = {t->loss_sum, t->weight_sum, t->best_score, t->lr};
	unsigned char p[POSITIONS * 8], s[SUMS * 8];
	int rc;

	for (int i = 0; i < POSITIONS; i++)
		lep_put64(p + 8 * i, (uint64_t)position[i]);
	for (int i = 0; i < SUMS; i++) {
		uint64_t u;

		memcpy(&u, &sums[i], sizeof(u));
		lep_put64(s + 8 * i, u);
	}
	rc = lep_builder_set(b, (size_t)lep_head_find(h, "training.position"), NULL, p, sizeof(p), e);
	return rc ? rc : lep_builder_set(b, (size_t)lep_head_find(h, "training.sums"), NULL, s, sizeof(s), e);
}

/* What a checkpoint has beside the weights. */
static int set_training(void *ctx, struct lep_builder *b, const struct lep_head *h, struct lep_error *e)
{
	struct lep_trainer *t = ctx;
	struct array a[ARRAYS];
	size_t n;
	int rc = 0;

	lep_net_values(t->net, &n);
	list_arrays(t, a);
	for (int i = 0; i < ARRAYS && rc == 0; i++)
		if (a[i].values)
			rc = set_reals(b, h, &a[i], n, e);
	return rc ? rc : set_position(t, b, h, e);
}

int lep_trainer_save(struct lep_trainer *t, const char *path, const struct lep_head *head,
	const char *options, struct lep_error *e)
{
	struct lep_output *out = NULL;
	struct lep_head h;
	int rc;

	lep_head_init(&h);
	rc = make_head(t, &h, head, options, e);
	if (rc == 0)
		rc = lep_output_open(&out, path, e);
	if (rc == 0)
		rc = lep_model_write_more(out, &h, t->net, "checkpoint", set_training, t, e);
	if (rc == 0)
		rc = lep_output_commit(out, e);
	lep_output_free(out);
	lep_head_release(&h);
	return rc;
}

/* ---- resuming ---- */

static int same_note(const struct lep_model *m, const char *key, const char *want, const char *what, struct lep_error *e)
{
	const char *got = lep_head_note_get(&m->head, key, NULL);

	if (got && strcmp(got, want) == 0)
		return 0;
	return lep_fail(e, LEP_ERR_DATA, "%s: %s: '%s' there, '%s' here", m->name, what, got ? got : "none", want);
}

static int get_position(struct lep_trainer *t, const struct lep_model *m, struct lep_error *e)
{
	int p = lep_head_find(&m->head, "training.position"), s = lep_head_find(&m->head, "training.sums");
	const unsigned char *position, *sums;
	size_t plen = 0, slen = 0;
	double d[SUMS];
	int64_t v[POSITIONS];

	if (p < 0 || s < 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: is not a checkpoint", m->name);
	position = lep_frame_value(&m->head, &m->frame, (size_t)p, 0, &plen, NULL);
	sums = lep_frame_value(&m->head, &m->frame, (size_t)s, 0, &slen, NULL);
	if (plen != sizeof(v) || slen != sizeof(d) || m->head.field[p].dtype != LEP_I64 || m->head.field[s].dtype != LEP_F64)
		return lep_fail(e, LEP_ERR_DATA, "%s: its position is damaged", m->name);
	for (int i = 0; i < POSITIONS; i++)
		v[i] = (int64_t)lep_get64(position + 8 * i);
	lep_to_f64(d, LEP_F64, sums, SUMS);
	if (v[0] < 0 || v[0] > t->o.epochs || (v[0] == t->o.epochs && !v[6]) || v[1] < 0 ||
		(uint64_t)v[1] >= t->train.n || v[1] % (int64_t)t->o.batch != 0 || v[2] < 0 || v[3] < 0 ||
		v[3] > v[0] || v[4] < 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: its position is not one of this training", m->name);
	t->epoch = v[0];
	t->at = (uint64_t)v[1];
	t->step = v[2];
	t->best_epoch = v[3];
	t->since_best = v[4];
	t->hit_sum = (uint64_t)v[5];
	t->done = v[6] != 0;
	t->row_sum = (uint64_t)v[7];
	t->loss_sum = d[0];
	t->weight_sum = d[1];
	t->best_score = d[2];
	t->lr = d[3];
	return 0;
}

static int take(struct lep_trainer *t, const struct lep_model *m, struct lep_error *e)
{
	struct array a[ARRAYS];
	size_t n;
	int rc = 0;

	lep_net_values(t->net, &n);
	list_arrays(t, a);
	for (size_t i = 0; i < lep_net_params(t->net) && rc == 0; i++) {
		struct lep_param *p = lep_net_param(t->net, i);

		rc = lep_model_get(m, p->name, p->value, p->count, e);
	}
	for (int i = 0; i < ARRAYS && rc == 0; i++)
		if (a[i].values)
			rc = lep_model_get(m, a[i].name, a[i].values, n, e);
	return rc ? rc : get_position(t, m, e);
}

int lep_trainer_load(struct lep_trainer *t, const char *path, const char *options, struct lep_error *e)
{
	struct lep_model m;
	int rc;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	rc = lep_model_load(&m, path, t->k, e);
	if (rc == 0 && m.head.kind != LEP_KIND_CHECKPOINT)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: is a model, not a checkpoint", path);
	if (rc == 0 && strcmp(lep_net_text(m.net), lep_net_text(t->net)) != 0)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: belongs to another network", path);
	if (rc == 0)
		rc = same_note(&m, "options", options, "other options", e);
	if (rc == 0)
		rc = digest(t, t->digest, e);
	if (rc == 0)
		rc = same_note(&m, "digest", t->digest, "other data (digest)", e);
	if (rc == 0)
		rc = take(t, &m, e);
	lep_model_release(&m);
	if (rc)
		return rc;
	if (!t->done)
		lep_trainer_shuffle(t);
	lep_net_prepare(t->net, t->pool, 1);
	return 1;
}
