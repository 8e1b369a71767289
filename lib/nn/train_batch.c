/* One batch of training: where its samples lie, their rows, feeding and loss by block. */
#include <math.h>
#include <string.h>

#include "nn/trainer.h"

/* Tasks cannot return a status: the first failure by sample wins, whoever saw it. */
static void note_failure(struct lep_trainer *t, const struct lep_error *e)
{
	if (!atomic_exchange(&t->failed, 1))
		t->failure = *e;
}

/* Input i of a sample, augmented. */
static int feed_one(struct lep_trainer *t, const struct lep_place *p, size_t i, size_t rows, lep_real *to,
	int32_t *ids, lep_real *scratch, struct lep_error *e)
{
	const struct lep_samples *d = &t->train;
	const struct lep_head *h = lep_dataset_head(d->data);
	const struct lep_shape *shape = &lep_net_input(t->net, i)->shape;

	if (lep_feed_value(&d->feed, i, h, p->frame, p->at, lep_place_window(p), rows, to, ids))
		return lep_fail(e, LEP_ERR_DATA, "%s: record %llu: field '%s': an id outside its table",
			lep_dataset_name(d->data), (unsigned long long)p->record, h->field[d->feed.input[i].field].name);
	if (!ids && shape->rank == 3 && !d->feed.input[i].varies && lep_augment_acts(&t->augment))
		lep_augment_apply(&t->augment, to, scratch, (size_t)shape->extent[0], (size_t)shape->extent[1],
			(size_t)shape->extent[2], t->o.seed, (uint64_t)t->epoch, p->record);
	return 0;
}

/* Sample s of the batch, mixed with its partner where mixup asks for it. */
static int feed_sample(struct lep_trainer *t, struct lep_exec *x, size_t s, lep_real *scratch, struct lep_error *e)
{
	struct lep_place p, other;
	int rc = lep_samples_place(&t->train, t, t->batch[s], &p, e);
	int mixes = t->mixup > 0 && t->partner[s] != s;

	if (rc == 0 && mixes)
		rc = lep_samples_place(&t->train, t, t->batch[t->partner[s]], &other, e);
	for (size_t i = 0; i < t->train.feed.n && rc == 0; i++) {
		const struct lep_feed_input *in = &t->train.feed.input[i];
		size_t start = lep_exec_input_row(x, i, s), rows = lep_exec_input_row(x, i, s + 1) - start;
		lep_real *to = in->ids ? NULL : lep_exec_input(x, i) + start * in->size;
		int32_t *ids = in->ids ? lep_exec_input_ids(x, i) + start * in->size : NULL;

		rc = feed_one(t, &p, i, rows, to, ids, scratch, e);
		if (rc || !mixes || ids)
			continue;
		rc = feed_one(t, &other, i, rows, scratch + t->largest, NULL, scratch, e);
		if (rc == 0)
			lep_mixup_blend(to, scratch + t->largest, in->size, t->share[s]);
	}
	return rc;
}

static void feed(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	struct lep_trainer *t = ctx;
	struct lep_error e;
	int rc = 0;

	for (size_t s = first; s < first + count && rc == 0; s++)
		rc = feed_sample(t, x, s, t->scratch[thread], &e);
	if (rc)
		note_failure(t, &e);
}

int lep_trainer_hit(const struct lep_trainer *t, const lep_real *x, const struct lep_target *target)
{
	lep_real most;

	if (target->values || target->id < 0)
		return 0;
	if (t->outputs == 1)
		return (x[0] > 0) == (target->id == 1);
	/* The first of several that are equal. */
	most = t->k->max(x, t->outputs);
	if (!(x[target->id] == most))
		return 0;
	for (int32_t i = 0; i < target->id; i++)
		if (x[i] == most)
			return 0;
	return 1;
}

static void loss(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	struct lep_trainer *t = ctx;
	int logits = lep_net_logits_value(t->net);

	(void)thread;
	for (size_t s = first; s < first + count; s++) {
		size_t row = lep_exec_row(x, logits, s), end = lep_exec_row(x, logits, s + 1);

		t->losses[s] = 0;
		t->hits[s] = 0;
		for (; row < end; row++) {
			const lep_real *out = lep_exec_logits(x) + row * t->outputs;
			struct lep_target target = t->is_sequence ? lep_target_class(t->ids[row]) : t->targets[s];

			t->losses[s] += lep_loss_sample(t->k, &t->o.loss, lep_exec_logits_grad(x) + row * t->outputs, out,
				t->outputs, &target, t->scale);
			t->hits[s] += (uint32_t)lep_trainer_hit(t, out, &target);
		}
	}
}

/* Targets of the batch, mixed where mixup asks for it. */
static int take_targets(struct lep_trainer *t, double *weight, struct lep_error *e)
{
	struct lep_place p;
	int rc = 0;

	for (size_t s = 0; s < t->count && rc == 0; s++) {
		rc = lep_samples_place(&t->train, t, t->batch[s], &p, e);
		if (rc == 0)
			rc = lep_samples_target(&t->train, t, &p, &t->targets[s], t->values + s * t->numbers, e);
	}
	if (rc)
		return rc;
	if (t->mixup > 0) {
		lep_mixup_plan(t->mixup, t->o.seed, (uint64_t)t->epoch, t->at / t->o.batch, t->count, t->partner,
			t->share);
		lep_trainer_mix_targets(t);
	}
	*weight = lep_loss_denominator(&t->o.loss, t->outputs, t->targets, t->count);
	t->rows = t->count;
	return 0;
}

/* Room for the batch's rows. */
static int reserve(struct lep_trainer *t, struct lep_error *e)
{
	const struct lep_samples *d = &t->train;
	size_t ids;
	int rc = 0;

	for (size_t s = 0; s < t->count && rc == 0 && t->varies; s++) {
		struct lep_place p;

		rc = lep_samples_place(d, t, t->batch[s], &p, e);
		if (rc == 0)
			lep_feed_lengths(&d->feed, lep_dataset_head(d->data), p.frame, p.at, lep_place_window(&p), t->x, s);
	}
	if (rc)
		return rc;
	if (lep_exec_reserve(t->x, t->count, e)) {
		size_t rows = 0;

		for (size_t i = 0; i < d->feed.n; i++)
			rows += d->feed.input[i].varies ? lep_exec_input_row(t->x, i, t->count) : 0;
		return lep_fail_at(e, "epoch %lld, step %lld: a batch of %zu rows", (long long)t->epoch + 1,
			(long long)t->step + 1, rows);
	}
	ids = lep_exec_row(t->x, lep_net_logits_value(t->net), t->count);
	if (!t->is_sequence || ids <= t->ids_room)
		return 0;
	lep_free(t->ids);
	t->ids_room = ids > 2 * t->ids_room ? ids : 2 * t->ids_room;
	t->ids = lep_alloc(t->ids_room, sizeof(*t->ids));
	return t->ids ? 0 : lep_fail_nomem(e, (double)t->ids_room * sizeof(*t->ids));
}

/* The targets of sequences, for which there is room: an id -1 counts for nothing. */
static int take_rows(struct lep_trainer *t, double *weight, struct lep_error *e)
{
	int logits = lep_net_logits_value(t->net), rc = 0;
	size_t rows = lep_exec_row(t->x, logits, t->count);

	for (size_t s = 0; s < t->count && rc == 0; s++) {
		size_t from = lep_exec_row(t->x, logits, s);
		struct lep_place p;

		rc = lep_samples_place(&t->train, t, t->batch[s], &p, e);
		if (rc == 0)
			rc = lep_samples_targets(&t->train, t, &p, t->ids + from,
				lep_exec_row(t->x, logits, s + 1) - from, e);
	}
	*weight = 0;
	t->rows = 0;
	for (size_t i = 0; i < rows && rc == 0; i++) {
		struct lep_target target = lep_target_class(t->ids[i]);

		*weight += lep_loss_weight(&t->o.loss, t->outputs, &target);
		t->rows += target.id >= 0;
	}
	return rc;
}

static int check_loss(const struct lep_trainer *t, double sum, struct lep_error *e)
{
	if (isfinite(sum))
		return 0;
	return lep_fail(e, LEP_ERR_DATA, "epoch %lld, step %lld: the loss is %s; a smaller learning rate (--lr) or "
		"--clip may help", (long long)t->epoch + 1, (long long)t->step + 1, isnan(sum) ? "not a number" : "infinite");
}

int lep_trainer_batch(struct lep_trainer *t, struct lep_error *e)
{
	struct lep_step_info info = {.seed = t->o.seed, .step = (uint64_t)t->step};
	double sum = 0, weight = 0;
	int rc;

	t->batch = t->order + t->at;
	t->count = t->train.n - t->at < t->o.batch ? t->train.n - t->at : t->o.batch;
	rc = reserve(t, e);
	if (rc == 0)
		rc = t->is_sequence ? take_rows(t, &weight, e) : take_targets(t, &weight, e);
	if (rc)
		return rc;
	t->scale = weight > 0 ? 1 / weight : 0;
	atomic_store(&t->failed, 0);
	lep_exec_train(t->x, t->pool, t->count, &info, feed, loss, t);
	if (t->failed) {
		if (e)
			*e = t->failure;
		return t->failure.status;
	}
	for (size_t s = 0; s < t->count; s++) {
		sum += t->losses[s];
		t->hit_sum += t->hits[s];
	}
	rc = check_loss(t, sum, e);
	if (rc == 0)
		rc = lep_trainer_step(t, e);
	if (rc)
		return rc;
	t->loss_sum += sum;
	t->weight_sum += weight;
	t->row_sum += t->rows;
	t->at += t->count;
	t->step++;
	return t->at < t->train.n && t->step < t->o.steps;
}
