#include "nn/train.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/stop.h"
#include "data/split.h"
#include "nn/trainer.h"

/* ---- making ---- */

/* The description is at fault, like where its other lines are: not the usage. */
static int at_network(const struct lep_trainer *t, struct lep_error *e)
{
	if (e && e->status == LEP_ERR_USAGE)
		e->status = LEP_ERR_DATA;
	return t->o.network ? lep_fail_at(e, "%s", t->o.network) : e ? e->status : LEP_ERR_DATA;
}

static int read_augment(struct lep_trainer *t, struct lep_error *e)
{
	struct lep_augment_input in[16];
	size_t n = lep_net_inputs(t->net);
	const char *text;
	int line, rc = 0;

	for (size_t i = 0; rc == 0 && (text = lep_net_augment(t->net, i, &line)); i++)
		rc = lep_augment_parse(&t->augment, text, line, e);
	if (rc)
		return at_network(t, e);
	if (!t->augment.n)
		return 0;
	if (n > sizeof(in) / sizeof(in[0]))
		return lep_fail(e, LEP_ERR_USAGE, "augment: too many inputs");
	for (size_t i = 0; i < n; i++)
		in[i] = (struct lep_augment_input){.shape = &lep_net_input(t->net, i)->shape,
			.ids = lep_net_input(t->net, i)->ids};
	t->mixup = lep_augment_mixup(&t->augment);
	rc = lep_augment_check(&t->augment, in, n, e);
	return rc ? at_network(t, e) : 0;
}

static int split(struct lep_trainer *t, struct lep_dataset *data, uint8_t **part, struct lep_error *e)
{
	double shares[2] = {1 - t->o.validation_share, t->o.validation_share};

	*part = NULL;
	if (t->o.validation_share <= 0)
		return 0;
	*part = lep_alloc(lep_dataset_count(data), 1);
	if (!*part)
		return lep_fail_nomem(e, 0);
	return lep_split(data, shares, 2, NULL, t->o.seed, *part, e);
}

static int choose_target(struct lep_trainer *t, struct lep_error *e)
{
	const struct lep_field *f = &lep_dataset_head(t->train.data)->field[lep_net_target(t->net)];
	int64_t numbers = lep_shape_count(&f->shape);
	size_t outputs = lep_net_output(t->net, NULL);
	int rc;

	for (size_t i = 0; i < lep_net_inputs(t->net); i++)
		if (lep_net_input(t->net, i)->varies)
			return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': its length varies, which training cannot do yet",
				lep_dataset_name(t->train.data), lep_net_input(t->net, i)->name);
	t->outputs = outputs;
	t->numbers = f->table ? 0 : (size_t)(numbers > 0 ? numbers : 0);
	if (f->table && (f->dtype != LEP_I32 || numbers != 1))
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': a target with a table is one i32 a record",
			lep_dataset_name(t->train.data), f->name);
	if (!f->table && (!t->numbers || f->dtype == LEP_TEXT))
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': cannot be learnt: its values vary in number or are text",
			lep_dataset_name(t->train.data), f->name);
	if (f->table && f->table->n == 1)
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': cannot be learnt: its only class is '%s'",
			lep_dataset_name(t->train.data), f->name, f->table->entry[0]);
	rc = lep_loss_check(&t->o.loss, outputs, f->table ? f->table->n : 0, t->numbers, e);
	if (rc)
		return rc;
	if (lep_net_final(t->net) && !lep_loss_undoes(t->o.loss.kind, lep_net_final(t->net)))
		return lep_fail(e, LEP_ERR_USAGE, "loss %s takes no final %s", lep_loss_name(t->o.loss.kind),
			lep_net_final(t->net));
	return 0;
}

static int make_room(struct lep_trainer *t, struct lep_error *e)
{
	size_t batch = t->o.batch, values, threads = (size_t)lep_threads_count(t->pool);

	lep_net_values(t->net, &values);
	for (size_t i = 0; i < lep_net_inputs(t->net); i++)
		if (lep_net_input(t->net, i)->size > t->largest)
			t->largest = lep_net_input(t->net, i)->size;
	t->order = lep_alloc(t->train.n, sizeof(*t->order));
	t->targets = lep_alloc(batch, sizeof(*t->targets));
	t->values = lep_alloc(batch * (t->numbers ? t->numbers : 1), sizeof(*t->values));
	t->losses = lep_alloc(batch, sizeof(*t->losses));
	t->hits = lep_alloc(batch, 1);
	t->partner = lep_alloc(batch, sizeof(*t->partner));
	t->share = lep_alloc(batch, sizeof(*t->share));
	t->scratch = lep_alloc(threads, sizeof(*t->scratch));
	t->judges = lep_alloc(threads, sizeof(*t->judges));
	if (!t->order || !t->targets || !t->values || !t->losses || !t->hits || !t->partner || !t->share ||
		!t->scratch || !t->judges)
		return lep_fail_nomem(e, 0);
	if (t->mixup > 0 && t->numbers && !(t->unmixed = lep_alloc(batch * t->numbers, sizeof(*t->unmixed))))
		return lep_fail_nomem(e, 0);
	if (t->o.clip > 0 && !(t->squares = lep_alloc((size_t)lep_trainer_pieces(t), sizeof(*t->squares))))
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < threads && t->augment.n; i++)
		if (!(t->scratch[i] = lep_alloc(2 * t->largest, sizeof(**t->scratch))))
			return lep_fail_nomem(e, 0);
	for (int i = 0; i < lep_optim_state_count(t->o.optim.kind); i++)
		if (!(t->state[i] = lep_alloc(values, sizeof(*t->state[i]))))
			return lep_fail_nomem(e, 0);
	if (t->o.average > 0 && !(t->average = lep_alloc(values, sizeof(*t->average))))
		return lep_fail_nomem(e, 0);
	if (!(t->best = lep_alloc(values, sizeof(*t->best))))
		return lep_fail_nomem(e, 0);
	return lep_exec_new(&t->x, t->net, batch, 1, (int)threads, e);
}

static int fill(struct lep_trainer *t, struct lep_dataset *data, struct lep_dataset *validation, struct lep_error *e)
{
	uint8_t *part = NULL;
	int rc;

	t->train.data = data;
	rc = choose_target(t, e);
	if (rc == 0)
		rc = read_augment(t, e);
	if (rc == 0)
		rc = split(t, data, &part, e);
	if (rc == 0)
		rc = lep_samples_init(&t->train, t, data, part, 0, e);
	if (rc == 0 && (validation || part))
		rc = lep_samples_init(&t->check, t, validation ? validation : data, validation ? NULL : part, 1, e);
	lep_free(part);
	if (rc == 0 && !t->o.skip_bad && t->train.bad)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: bad records: %llu", lep_dataset_name(data),
			(unsigned long long)t->train.bad);
	if (rc == 0 && !t->train.n)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: no records to learn from%s", lep_dataset_name(data),
			t->train.targetless ? ": none has a target" : t->train.bad ? ": all are bad" : "");
	if (rc == 0 && t->check.data && !t->check.n)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: no records for validation", lep_dataset_name(t->check.data));
	if (rc == 0 && t->o.batch > t->train.n)
		t->o.batch = (size_t)t->train.n;
	if (rc == 0)
		rc = make_room(t, e);
	if (rc)
		return rc;
	t->steps_an_epoch = (int64_t)((t->train.n + t->o.batch - 1) / t->o.batch);
	lep_trainer_shuffle(t);
	lep_net_prepare(t->net, t->pool, 1);
	return 0;
}

int lep_trainer_new(struct lep_trainer **out, struct lep_net *net, struct lep_dataset *data,
	struct lep_dataset *validation, const struct lep_train_options *o, struct lep_threads *pool,
	struct lep_error *e)
{
	struct lep_trainer *t = lep_alloc(1, sizeof(*t));
	int rc;

	*out = NULL;
	if (!t)
		return lep_fail_nomem(e, 0);
	t->net = net;
	t->k = lep_net_kernels(net);
	t->pool = pool;
	t->o = *o;
	rc = fill(t, data, validation, e);
	if (rc) {
		lep_trainer_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

void lep_trainer_free(struct lep_trainer *t)
{
	if (!t)
		return;
	for (int i = 0; i < lep_threads_count(t->pool); i++) {
		lep_exec_free(t->judges ? t->judges[i] : NULL);
		lep_free(t->scratch ? t->scratch[i] : NULL);
	}
	lep_samples_release(&t->train);
	lep_samples_release(&t->check);
	lep_exec_free(t->x);
	for (int i = 0; i < LEP_OPTIM_STATES; i++)
		lep_free(t->state[i]);
	lep_free(t->judges);
	lep_free(t->scratch);
	lep_free(t->order);
	lep_free(t->targets);
	lep_free(t->values);
	lep_free(t->unmixed);
	lep_free(t->squares);
	lep_free(t->losses);
	lep_free(t->hits);
	lep_free(t->partner);
	lep_free(t->share);
	lep_free(t->average);
	lep_free(t->best);
	lep_free(t);
}

/* ---- one batch ---- */

void lep_trainer_shuffle(struct lep_trainer *t)
{
	lep_random_shuffle(t->order, t->train.n, t->o.seed, LEP_RANDOM_SHUFFLE, (uint64_t)t->epoch);
}

/* Tasks cannot return a status: the first failure by sample wins, whoever saw it. */
static void note_failure(struct lep_trainer *t, const struct lep_error *e)
{
	if (!atomic_exchange(&t->failed, 1))
		t->failure = *e;
}

/* The record of sample s of the batch, augmented. other: where it goes instead of the input. */
static int feed_one(struct lep_trainer *t, size_t s, size_t i, lep_real *to, int32_t *ids, lep_real *scratch,
	struct lep_error *e)
{
	const struct lep_samples *d = &t->train;
	const struct lep_head *h = lep_dataset_head(d->data);
	const struct lep_shape *shape = &lep_net_input(t->net, i)->shape;
	uint64_t record = d->record[t->batch[s]];
	const struct lep_frame *fr;
	size_t at;
	int rc = lep_dataset_record(d->data, record, &fr, &at, e);

	if (rc)
		return rc;
	if (lep_feed_value(&d->feed, i, lep_frame_value(h, fr, (size_t)d->feed.input[i].field, at, NULL, NULL), 1, to, ids))
		return lep_fail(e, LEP_ERR_DATA, "%s: record %llu: field '%s': an id outside its table",
			lep_dataset_name(d->data), (unsigned long long)record, h->field[d->feed.input[i].field].name);
	if (!ids && shape->rank == 3 && lep_augment_acts(&t->augment))
		lep_augment_apply(&t->augment, to, scratch, (size_t)shape->extent[0], (size_t)shape->extent[1],
			(size_t)shape->extent[2], t->o.seed, (uint64_t)t->epoch, record);
	return 0;
}

static void feed(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	struct lep_trainer *t = ctx;
	lep_real *scratch = t->scratch[thread];
	struct lep_error e;
	int rc = 0;

	for (size_t s = first; s < first + count && rc == 0; s++)
		for (size_t i = 0; i < t->train.feed.n && rc == 0; i++) {
			const struct lep_feed_input *in = &t->train.feed.input[i];
			lep_real *to = in->ids ? NULL : lep_exec_input(x, i) + s * in->size;
			int32_t *ids = in->ids ? lep_exec_input_ids(x, i) + s * in->size : NULL;

			rc = feed_one(t, s, i, to, ids, scratch, &e);
			if (rc || !(t->mixup > 0) || ids || t->partner[s] == s)
				continue;
			rc = feed_one(t, (size_t)t->partner[s], i, scratch + t->largest, NULL, scratch, &e);
			if (rc == 0)
				lep_mixup_blend(to, scratch + t->largest, in->size, t->share[s]);
		}
	if (rc)
		note_failure(t, &e);
}

int lep_trainer_hit(const struct lep_trainer *t, const lep_real *x, const struct lep_target *target)
{
	size_t best = 0;

	if (target->values || target->id < 0)
		return 0;
	if (t->outputs == 1)
		return (x[0] > 0) == (target->id == 1);
	for (size_t i = 1; i < t->outputs; i++)
		if (x[i] > x[best])
			best = i;
	return (int64_t)best == target->id;
}

static void loss(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	struct lep_trainer *t = ctx;

	(void)thread;
	for (size_t s = first; s < first + count; s++) {
		const lep_real *out = lep_exec_logits(x) + s * t->outputs;

		t->losses[s] = lep_loss_sample(t->k, &t->o.loss, lep_exec_logits_grad(x) + s * t->outputs, out,
			t->outputs, &t->targets[s], t->scale);
		t->hits[s] = (unsigned char)lep_trainer_hit(t, out, &t->targets[s]);
	}
}

/* Targets of the batch, mixed where mixup asks for it. */
static int take_targets(struct lep_trainer *t, double *weight, struct lep_error *e)
{
	int rc = 0;

	for (size_t s = 0; s < t->count && rc == 0; s++)
		rc = lep_samples_target(&t->train, t, t->train.record[t->batch[s]], &t->targets[s],
			t->values + s * t->numbers, e);
	if (rc)
		return rc;
	if (t->mixup > 0) {
		lep_mixup_plan(t->mixup, t->o.seed, (uint64_t)t->epoch, t->at / t->o.batch, t->count, t->partner,
			t->share);
		lep_trainer_mix_targets(t);
	}
	*weight = lep_loss_denominator(&t->o.loss, t->outputs, t->targets, t->count);
	t->scale = *weight > 0 ? 1 / *weight : 0;
	return 0;
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
	double sum = 0, weight;
	int rc;

	t->batch = t->order + t->at;
	t->count = t->train.n - t->at < t->o.batch ? t->train.n - t->at : t->o.batch;
	rc = take_targets(t, &weight, e);
	if (rc)
		return rc;
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
	t->at += t->count;
	t->step++;
	return t->at < t->train.n;
}

/* ---- epochs ---- */

static double accuracy(const struct lep_trainer *t, uint64_t hits, uint64_t n)
{
	return t->numbers || !n ? (double)NAN : (double)hits / (double)n;
}

void lep_trainer_progress(const struct lep_trainer *t, int64_t *epoch, struct lep_metrics *running)
{
	*epoch = t->epoch + 1;
	*running = (struct lep_metrics){.loss = t->weight_sum > 0 ? t->loss_sum / t->weight_sum : 0,
		.accuracy = accuracy(t, t->hit_sum, t->at), .samples = t->at};
}

/* Higher is better: accuracy where there is one; of equals the first stays the best. */
static void note_best(struct lep_trainer *t, struct lep_epoch *out)
{
	const struct lep_metrics *m = out->has_validation ? &out->validation : &out->train;
	double score = isnan(m->accuracy) ? -m->loss : m->accuracy;
	size_t n;
	const lep_real *w = lep_net_values(t->net, &n);

	out->improved = t->best_epoch == 0 || score > t->best_score;
	t->since_best = out->improved ? 0 : t->since_best + 1;
	if (!out->improved)
		return;
	t->best_score = score;
	t->best_epoch = t->epoch + 1;
	memcpy(t->best, t->average ? t->average : w, n * sizeof(*w));
}

/* The averaged weights are what is judged and kept, where there are any. */
static void swap_average(struct lep_trainer *t)
{
	size_t n;
	lep_real *w = lep_net_values(t->net, &n);

	if (!t->average)
		return;
	for (size_t i = 0; i < n; i++) {
		lep_real v = w[i];

		w[i] = t->average[i];
		t->average[i] = v;
	}
	lep_net_prepare(t->net, t->pool, 1);
}

int lep_trainer_epoch(struct lep_trainer *t, struct lep_epoch *out, struct lep_error *e)
{
	int rc = 0;

	*out = (struct lep_epoch){.lr = t->lr};
	lep_trainer_progress(t, &out->epoch, &out->train);
	if (t->check.data) {
		out->has_validation = 1;
		swap_average(t);
		rc = lep_trainer_validate(t, &out->validation, e);
		swap_average(t);
	}
	if (rc)
		return rc;
	note_best(t, out);
	t->epoch++;
	t->at = 0;
	t->loss_sum = t->weight_sum = 0;
	t->hit_sum = 0;
	t->done = t->epoch >= t->o.epochs || (t->o.patience > 0 && t->since_best >= t->o.patience);
	if (!t->done)
		lep_trainer_shuffle(t);
	return !t->done;
}

int lep_trainer_done(const struct lep_trainer *t)
{
	return t->done;
}

void lep_trainer_finish(struct lep_trainer *t)
{
	size_t n;
	lep_real *w = lep_net_values(t->net, &n);

	if (t->o.keep == LEP_KEEP_BEST && t->best_epoch)
		memcpy(w, t->best, n * sizeof(*w));
	else if (t->average)
		memcpy(w, t->average, n * sizeof(*w));
}

int64_t lep_trainer_best(const struct lep_trainer *t)
{
	return t->o.keep == LEP_KEEP_BEST ? t->best_epoch : 0;
}

uint64_t lep_trainer_samples(const struct lep_trainer *t)
{
	return t->train.n;
}

uint64_t lep_trainer_bad(const struct lep_trainer *t)
{
	return t->train.bad + t->check.bad;
}

uint64_t lep_trainer_targetless(const struct lep_trainer *t)
{
	return t->train.targetless + t->check.targetless;
}

const char *lep_trainer_only_class(const struct lep_trainer *t)
{
	const struct lep_table *table = lep_dataset_head(t->train.data)->field[t->train.target].table;

	return table && t->train.classes == 1 ? table->entry[t->train.class] : NULL;
}

uint64_t lep_trainer_validated(const struct lep_trainer *t)
{
	return t->check.n;
}
