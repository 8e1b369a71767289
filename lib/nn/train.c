#include "nn/train.h"

#include <math.h>
#include <string.h>

#include "base/math.h"
#include "base/random.h"
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
	if (t->o.validation_share <= 0 || (t->o.window && lep_dataset_count(data) == 1))
		return 0;
	*part = lep_alloc(lep_dataset_count(data), 1);
	if (!*part)
		return lep_fail_nomem(e, 0);
	return lep_split(data, shares, 2, NULL, t->o.seed, *part, e);
}

/* Of a single text its last part is for validation. */
static int split_text(struct lep_trainer *t, struct lep_dataset *data, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(data);
	const struct lep_frame *fr;
	struct lep_shape shape;
	size_t at;
	int rc;

	if (t->o.validation_share <= 0 || !t->o.window || lep_dataset_count(data) != 1)
		return 0;
	rc = lep_dataset_record(data, 0, &fr, &at, e);
	if (rc)
		return rc;
	(void)lep_frame_value(h, fr, (size_t)lep_net_target(t->net), at, NULL, &shape);
	t->check.end = (uint64_t)shape.extent[0];
	t->check.begin = t->train.end = (uint64_t)((double)t->check.end * (1 - t->o.validation_share));
	if (t->train.end >= 2 && t->check.end >= t->check.begin + 2)
		return 0;
	return lep_fail(e, LEP_ERR_DATA, "%s: a single text of %llu ids is too short for a share of validation",
		lep_dataset_name(data), (unsigned long long)t->check.end);
}

static int choose_target(struct lep_trainer *t, struct lep_error *e)
{
	const struct lep_field *f = &lep_dataset_head(t->train.data)->field[lep_net_target(t->net)];
	const char *data = lep_dataset_name(t->train.data);
	int64_t numbers = lep_shape_count(&f->shape);
	int rc = lep_net_check_aim(t->net, e);

	if (rc)
		return at_network(t, e);
	t->aim = lep_net_aim(t->net);
	t->is_sequence = t->aim >= LEP_AIM_NEXT;
	for (size_t i = 0; i < lep_net_inputs(t->net); i++)
		t->varies |= lep_net_input(t->net, i)->varies;
	t->outputs = lep_net_output(t->net, NULL);
	t->numbers = f->table ? 0 : (size_t)(numbers > 0 ? numbers : 0);
	t->end = t->aim == LEP_AIM_SEQUENCE ? (int32_t)lep_table_find(f->table, "<end>", 5) : -1;
	if (f->table && !t->is_sequence && (f->dtype != LEP_I32 || numbers != 1))
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': a target with a table is one i32 a record, or a sequence",
			data, f->name);
	if (!f->table && (!t->numbers || f->dtype == LEP_TEXT))
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': cannot be learnt: its values vary in number or are text",
			data, f->name);
	if (f->table && f->table->n == 1)
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': cannot be learnt: its only class is '%s'",
			data, f->name, f->table->entry[0]);
	if (t->is_sequence && t->o.loss.class_weight)
		return lep_fail(e, LEP_ERR_USAGE, "--class-weight: the target '%s' is a sequence", f->name);
	if (t->o.window && t->aim != LEP_AIM_NEXT)
		return lep_fail(e, LEP_ERR_USAGE, "--window: only texts are cut whose next ids are learnt ('target %s next')",
			f->name);
	rc = lep_loss_check(&t->o.loss, t->outputs, f->table ? f->table->n : 0, t->numbers, e);
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
	t->hits = lep_alloc(batch, sizeof(*t->hits));
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
		if (!(t->state[i] = lep_alloc_used(values, sizeof(*t->state[i]))))
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
		rc = split_text(t, data, e);
	if (rc == 0)
		rc = lep_samples_init(&t->train, t, data, part, 0, e);
	if (rc == 0 && (validation || part || t->check.end))
		rc = lep_samples_init(&t->check, t, validation ? validation : data, validation ? NULL : part, 1, e);
	lep_free(part);
	if (rc == 0 && !t->o.skip_bad && t->train.bad)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: bad records: %llu", lep_dataset_name(data),
			(unsigned long long)t->train.bad);
	if (rc == 0 && !t->train.n)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: no records to learn from%s", lep_dataset_name(data),
			t->train.targetless && t->aim == LEP_AIM_NEXT ? ": none has two ids" :
			t->train.targetless ? ": none has a target" : t->train.bad ? ": all are bad" : "");
	if (rc == 0 && t->check.data && !t->check.n)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: no records for validation", lep_dataset_name(t->check.data));
	if (rc == 0 && t->o.batch > t->train.n)
		t->o.batch = (size_t)t->train.n;
	if (rc == 0)
		rc = make_room(t, e);
	if (rc == 0)
		rc = lep_trainer_whiten(t, e);
	if (rc)
		return rc;
	t->steps_an_epoch = (int64_t)((t->train.n + t->o.batch - 1) / t->o.batch);
	if (t->o.steps > 0)
		t->o.epochs = (t->o.steps + t->steps_an_epoch - 1) / t->steps_an_epoch;
	else
		t->o.steps = t->o.epochs * t->steps_an_epoch;
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
	lep_free(t->ids);
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

/* ---- epochs ---- */

void lep_trainer_shuffle(struct lep_trainer *t)
{
	lep_random_shuffle(t->order, t->train.n, t->o.seed, LEP_RANDOM_SHUFFLE, (uint64_t)t->epoch);
}

static double accuracy(const struct lep_trainer *t, uint64_t hits, uint64_t n)
{
	return t->numbers || !n ? (double)NAN : (double)hits / (double)n;
}

void lep_trainer_metrics(const struct lep_trainer *t, double loss, double weight, uint64_t hits, uint64_t targets,
	uint64_t samples, struct lep_metrics *out)
{
	*out = (struct lep_metrics){.loss = weight > 0 ? loss / weight : 0, .accuracy = accuracy(t, hits, targets),
		.perplexity = (double)NAN, .samples = samples, .targets = targets};
	if (t->is_sequence && t->o.loss.kind == LEP_LOSS_CROSSENTROPY)
		out->perplexity = lep_exp(out->loss);
}

void lep_trainer_progress(const struct lep_trainer *t, int64_t *epoch, struct lep_metrics *running)
{
	*epoch = t->epoch + 1;
	lep_trainer_metrics(t, t->loss_sum, t->weight_sum, t->hit_sum, t->row_sum, t->at, running);
}

/* Higher is better: accuracy, but of numbers and texts the loss; of equals the
 * first stays the best. */
static void note_best(struct lep_trainer *t, struct lep_epoch *out)
{
	const struct lep_metrics *m = out->has_validation ? &out->validation : &out->train;
	int is_text = t->aim == LEP_AIM_NEXT || t->aim == LEP_AIM_SEQUENCE;
	double score = isnan(m->accuracy) || is_text ? -m->loss : m->accuracy;
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
	t->hit_sum = t->row_sum = 0;
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

int64_t lep_trainer_epochs(const struct lep_trainer *t)
{
	return t->o.epochs;
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

size_t lep_trainer_reach(const struct lep_trainer *t)
{
	uint64_t longer = 0, few = t->train.n / 1000;
	size_t reach = LEP_REACH_MOST;

	while (reach > LEP_REACH_LEAST && (longer += t->train.reach[reach]) <= few)
		reach--;
	return reach;
}

const char *lep_trainer_only_class(const struct lep_trainer *t)
{
	const struct lep_table *table = lep_dataset_head(t->train.data)->field[t->train.target].table;

	return table && !t->is_sequence && t->train.classes == 1 ? table->entry[t->train.class] : NULL;
}

uint64_t lep_trainer_validated(const struct lep_trainer *t)
{
	return t->check.n;
}
