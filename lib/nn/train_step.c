/* The parts of a training step behind the gradient, and mixing of targets. */
#include <math.h>
#include <string.h>

#include "nn/trainer.h"

/* Weights are updated in pieces of this many by tasks. */
enum { PIECE = 16384 };

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

	u.lr = t->o.optim.lr * lep_schedule_factor(&t->o.schedule, t->step, t->o.steps, t->steps_an_epoch);
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
