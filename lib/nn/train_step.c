/* The parts of a training step behind the gradient, mixing of targets, validation. */
#include <math.h>
#include <string.h>

#include "nn/trainer.h"

/* Weights are updated in pieces of this many by tasks. */
enum { PIECE = 16384, JUDGED = 64 };

struct update {
	struct lep_trainer *t;
	double lr, scale, average;
};

/* The piece of a task: parameter and range; 0 if there are no more. */
static int find_piece(const struct lep_trainer *t, int task, const struct lep_param **param, size_t *from, size_t *len)
{
	for (size_t i = 0; i < lep_net_params(t->net); i++) {
		const struct lep_param *p = lep_net_param(t->net, i);
		int pieces = (int)((p->count + PIECE - 1) / PIECE);

		if (task < pieces) {
			*param = p;
			*from = (size_t)task * PIECE;
			*len = p->count - *from < PIECE ? p->count - *from : PIECE;
			return 1;
		}
		task -= pieces;
	}
	return 0;
}

int lep_trainer_pieces(const struct lep_trainer *t)
{
	int n = 0;

	for (size_t i = 0; i < lep_net_params(t->net); i++)
		n += (int)((lep_net_param(t->net, i)->count + PIECE - 1) / PIECE);
	return n;
}

static void square_task(void *ctx, int task, int thread)
{
	const struct update *u = ctx;
	const struct lep_param *p;
	size_t from, len;

	(void)thread;
	if (find_piece(u->t, task, &p, &from, &len) && p->trained && !p->frozen)
		u->t->squares[task] = u->t->k->sum_squares(p->grad + from, len);
	else
		u->t->squares[task] = 0;
}

static void update_task(void *ctx, int task, int thread)
{
	const struct update *u = ctx;
	struct lep_trainer *t = u->t;
	const struct lep_param *p;
	size_t from, len, all, at;
	lep_real *values = lep_net_values(t->net, &all);

	(void)thread;
	if (!find_piece(t, task, &p, &from, &len))
		return;
	at = (size_t)(p->value - values) + from;
	if (p->trained && !p->frozen) {
		struct lep_optim_range r = {.w = p->value + from, .g = p->grad + from, .n = len, .decays = p->decays};

		for (int i = 0; i < LEP_OPTIM_STATES; i++)
			r.state[i] = t->state[i] ? t->state[i] + at : NULL;
		lep_optim_step(t->k, &t->o.optim, t->step + 1, u->lr, u->scale, &r);
	}
	/* What never changes has itself as its average, without rounding. */
	if (t->average && p->frozen)
		memcpy(t->average + at, p->value + from, len * sizeof(*p->value));
	else if (t->average)
		lep_average_update(t->k, t->average + at, p->value + from, len, u->average);
}

/* The norm of all gradients: pieces in order, so that threads do not matter. */
static int clip(struct lep_trainer *t, struct update *u, int pieces, struct lep_error *e)
{
	double sum = 0;

	lep_threads_run(t->pool, pieces, square_task, u);
	for (int i = 0; i < pieces; i++)
		sum += t->squares[i];
	u->scale = lep_clip_scale(sqrt(sum), t->o.clip);
	if (isnan(u->scale))
		return lep_fail(e, LEP_ERR_DATA, "epoch %lld, step %lld: the gradient is not finite",
			(long long)t->epoch + 1, (long long)t->step + 1);
	return 0;
}

int lep_trainer_step(struct lep_trainer *t, struct lep_error *e)
{
	struct update u = {.t = t, .scale = 1};
	int pieces = lep_trainer_pieces(t), rc = 0;

	u.lr = t->o.optim.lr * lep_schedule_factor(&t->o.schedule, t->step, t->o.epochs * t->steps_an_epoch,
		t->steps_an_epoch);
	t->lr = u.lr;
	u.average = lep_average_decay(t->o.average, t->step + 1);
	if (t->o.clip > 0)
		rc = clip(t, &u, pieces, e);
	if (rc)
		return rc;
	lep_threads_run(t->pool, pieces, update_task, &u);
	lep_net_prepare(t->net, t->pool, 1);
	return 0;
}

void lep_trainer_mix_targets(struct lep_trainer *t)
{
	if (!t->numbers) {
		for (size_t s = 0; s < t->count; s++) {
			t->targets[s].other = t->targets[t->partner[s]].id;
			t->targets[s].share = t->share[s];
		}
		return;
	}
	memcpy(t->unmixed, t->values, t->count * t->numbers * sizeof(*t->values));
	for (size_t s = 0; s < t->count; s++)
		lep_mixup_blend(t->values + s * t->numbers, t->unmixed + t->partner[s] * t->numbers, t->numbers,
			t->share[s]);
}

/* ---- validation ---- */

struct judging {
	struct lep_trainer *t;
	double *loss, *weight;    /* by group of JUDGED samples */
	uint64_t *hits;
	atomic_int failed;
	struct lep_error error;
};

static int judge_group(struct judging *j, size_t from, size_t n, struct lep_exec *x, size_t group, lep_real *values,
	struct lep_error *e)
{
	const struct lep_trainer *t = j->t;
	const struct lep_samples *d = &t->check;
	int rc = 0;

	for (size_t s = 0; s < n && rc == 0; s++) {
		const struct lep_frame *fr;
		size_t at;

		rc = lep_dataset_record(d->data, d->record[from + s], &fr, &at, e);
		if (rc == 0)
			rc = lep_feed_record(&d->feed, lep_dataset_head(d->data), fr, at, x, s, e);
	}
	if (rc)
		return rc;
	lep_exec_infer(x, n);
	for (size_t s = 0; s < n && rc == 0; s++) {
		const lep_real *out = lep_exec_logits(x) + s * t->outputs;
		struct lep_target target;

		rc = lep_samples_target(d, t, d->record[from + s], &target, values, e);
		if (rc)
			break;
		j->loss[group] += lep_loss_sample(t->k, &t->o.loss, NULL, out, t->outputs, &target, 1);
		j->weight[group] += lep_loss_weight(&t->o.loss, t->outputs, &target);
		j->hits[group] += (uint64_t)lep_trainer_hit(t, out, &target);
	}
	return rc;
}

static void judge_task(void *ctx, int task, int thread)
{
	struct judging *j = ctx;
	size_t from = (size_t)task * JUDGED;
	size_t n = j->t->check.n - from < JUDGED ? j->t->check.n - from : JUDGED;
	lep_real *values = lep_alloc(j->t->numbers ? j->t->numbers : 1, sizeof(*values));
	struct lep_error e;
	int rc = values ? judge_group(j, from, n, j->t->judges[thread], (size_t)task, values, &e) :
		lep_fail_nomem(&e, 0);

	if (rc && !atomic_exchange(&j->failed, 1))
		j->error = e;
	lep_free(values);
}

int lep_trainer_validate(struct lep_trainer *t, struct lep_metrics *out, struct lep_error *e)
{
	size_t groups = (t->check.n + JUDGED - 1) / JUDGED;
	struct judging j = {.t = t};
	double loss = 0, weight = 0;
	uint64_t hits = 0;
	int rc = 0;

	for (int i = 0; i < lep_threads_count(t->pool) && rc == 0; i++)
		if (!t->judges[i])
			rc = lep_exec_new(&t->judges[i], t->net, JUDGED, 0, 1, e);
	if (rc)
		return rc;
	j.loss = lep_alloc(groups, sizeof(*j.loss));
	j.weight = lep_alloc(groups, sizeof(*j.weight));
	j.hits = lep_alloc(groups, sizeof(*j.hits));
	if (!j.loss || !j.weight || !j.hits)
		rc = lep_fail_nomem(e, 0);
	if (rc == 0)
		lep_threads_run(t->pool, (int)groups, judge_task, &j);
	if (rc == 0 && j.failed) {
		if (e)
			*e = j.error;
		rc = j.error.status;
	}
	for (size_t g = 0; g < groups && rc == 0; g++) {
		loss += j.loss[g];
		weight += j.weight[g];
		hits += j.hits[g];
	}
	lep_free(j.loss);
	lep_free(j.weight);
	lep_free(j.hits);
	*out = (struct lep_metrics){.loss = weight > 0 ? loss / weight : 0, .samples = t->check.n,
		.accuracy = t->numbers ? (double)NAN : (double)hits / (double)t->check.n};
	return rc;
}
