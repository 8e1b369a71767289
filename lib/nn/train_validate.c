/* Loss and accuracy on the samples of validation, in groups that do not depend on threads. */
#include "nn/trainer.h"

enum { JUDGED = 64 };

struct judging {
	struct lep_trainer *t;
	double *loss, *weight;    /* by group of JUDGED samples */
	uint64_t *hits, *targets;
	atomic_int failed;
	struct lep_error error;
};

/* What a thread has in hand: some samples of a group. */
struct judged {
	struct lep_exec *x;
	size_t group, count;
	struct lep_place place[JUDGED];
	lep_real *values;         /* of a target that is numbers */
	int32_t *ids;             /* of a sequence, grown */
	size_t room;
};

static void judge_row(struct judging *j, size_t group, const lep_real *out, const struct lep_target *target)
{
	const struct lep_trainer *t = j->t;

	j->loss[group] += lep_loss_sample(t->k, &t->o.loss, NULL, out, t->outputs, target, 1);
	j->weight[group] += lep_loss_weight(&t->o.loss, t->outputs, target);
	j->hits[group] += (uint64_t)lep_trainer_hit(t, out, target);
	j->targets[group] += target->values || target->id >= 0;
}

static int judge_sequence(struct judging *j, struct judged *h, size_t s, struct lep_error *e)
{
	const struct lep_trainer *t = j->t;
	size_t from = lep_exec_row(h->x, lep_net_logits_value(t->net), s);
	size_t rows = lep_exec_row(h->x, lep_net_logits_value(t->net), s + 1) - from;
	int rc;

	if (rows > h->room) {
		lep_free(h->ids);
		h->room = 2 * rows;
		h->ids = lep_alloc(h->room, sizeof(*h->ids));
		if (!h->ids)
			return lep_fail_nomem(e, (double)h->room * sizeof(*h->ids));
	}
	rc = lep_samples_targets(&t->check, t, &h->place[s], h->ids, rows, e);
	for (size_t i = 0; i < rows && rc == 0; i++) {
		struct lep_target target = lep_target_class(h->ids[i]);

		judge_row(j, h->group, lep_exec_logits(h->x) + (from + i) * t->outputs, &target);
	}
	return rc;
}

/* The samples in hand. */
static int judge_samples(struct judging *j, struct judged *h, struct lep_error *e)
{
	const struct lep_trainer *t = j->t;
	const struct lep_samples *d = &t->check;
	int rc = lep_exec_reserve(h->x, h->count, e);

	for (size_t s = 0; s < h->count && rc == 0; s++)
		rc = lep_feed_record(&d->feed, lep_dataset_head(d->data), h->place[s].frame, h->place[s].at,
			lep_place_window(&h->place[s]), h->x, s, e);
	if (rc)
		return rc;
	lep_exec_infer(h->x, h->count);
	for (size_t s = 0; s < h->count && rc == 0; s++) {
		struct lep_target target;

		if (t->is_sequence) {
			rc = judge_sequence(j, h, s, e);
			continue;
		}
		rc = lep_samples_target(d, t, &h->place[s], &target, h->values, e);
		if (rc == 0)
			judge_row(j, h->group, lep_exec_logits(h->x) + s * t->outputs, &target);
	}
	return rc;
}

/* A group, in as many runs as its rows ask for. */
static int judge_group(struct judging *j, size_t from, size_t end, struct judged *h, struct lep_error *e)
{
	const struct lep_samples *d = &j->t->check;
	size_t rows = 0;
	int rc = 0;

	for (; from < end && rc == 0; from++) {
		struct lep_place *p = &h->place[h->count];
		size_t more = 0;

		rc = lep_samples_place(d, j->t, from, p, e);
		for (size_t i = 0; i < d->feed.n && rc == 0; i++)
			more += lep_feed_rows(&d->feed, i, lep_dataset_head(d->data), p->frame, p->at, lep_place_window(p));
		if (rc == 0 && h->count && rows + more > LEP_JUDGED_ROWS) {
			struct lep_place next = *p;

			rc = judge_samples(j, h, e);
			h->place[0] = next;
			h->count = rows = 0;
			p = &h->place[0];
		}
		if (rc)
			break;
		lep_feed_lengths(&d->feed, lep_dataset_head(d->data), p->frame, p->at, lep_place_window(p), h->x,
			h->count++);
		rows += more;
	}
	return rc ? rc : judge_samples(j, h, e);
}

static void judge_task(void *ctx, int task, int thread)
{
	struct judging *j = ctx;
	size_t from = (size_t)task * JUDGED, left = j->t->check.n - from;
	struct judged h = {.x = j->t->judges[thread], .group = (size_t)task};
	struct lep_error e;
	int rc;

	h.values = lep_alloc(j->t->numbers ? j->t->numbers : 1, sizeof(*h.values));
	rc = h.values ? judge_group(j, from, from + (left < JUDGED ? left : JUDGED), &h, &e) : lep_fail_nomem(&e, 0);
	if (rc && !atomic_exchange(&j->failed, 1))
		j->error = e;
	lep_free(h.values);
	lep_free(h.ids);
}

static int judge_all(struct judging *j, size_t groups, struct lep_metrics *out, struct lep_error *e)
{
	struct lep_trainer *t = j->t;
	double loss = 0, weight = 0;
	uint64_t hits = 0, targets = 0;

	j->loss = lep_alloc(groups, sizeof(*j->loss));
	j->weight = lep_alloc(groups, sizeof(*j->weight));
	j->hits = lep_alloc(groups, sizeof(*j->hits));
	j->targets = lep_alloc(groups, sizeof(*j->targets));
	if (!j->loss || !j->weight || !j->hits || !j->targets)
		return lep_fail_nomem(e, 0);
	lep_threads_run(t->pool, (int)groups, judge_task, j);
	if (j->failed) {
		if (e)
			*e = j->error;
		return j->error.status;
	}
	for (size_t g = 0; g < groups; g++) {
		loss += j->loss[g];
		weight += j->weight[g];
		hits += j->hits[g];
		targets += j->targets[g];
	}
	lep_trainer_metrics(t, loss, weight, hits, targets, t->check.n, out);
	return 0;
}

int lep_trainer_validate(struct lep_trainer *t, struct lep_metrics *out, struct lep_error *e)
{
	struct judging j = {.t = t};
	int rc = 0;

	*out = (struct lep_metrics){0};
	for (int i = 0; i < lep_threads_count(t->pool) && rc == 0; i++)
		if (!t->judges[i])
			rc = lep_exec_new(&t->judges[i], t->net, JUDGED, 0, 1, e);
	if (rc == 0)
		rc = judge_all(&j, (t->check.n + JUDGED - 1) / JUDGED, out, e);
	lep_free(j.loss);
	lep_free(j.weight);
	lep_free(j.hits);
	lep_free(j.targets);
	return rc;
}
