/* lep-train: a network description and a tensor stream to a model. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/output.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/sandbox.h"
#include "cli/train_talk.h"
#include "data/bytes.h"
#include "nn/class_weight.h"
#include "nn/ready.h"
#include "nn/syntax.h"
#include "nn/train.h"
#include "nn/transfer.h"

static const char *const losses[] = {"auto", "crossentropy", "binary_crossentropy", "mse", "mae", "huber", NULL};
static const char *const keeps[] = {"last", "best", NULL};

static struct {
	const char *network, *layers, *output, *target, *optimizer, *schedule, *warmup, *validation, *class_weight;
	const char *checkpoint, *log;
	struct lep_list from, freeze;
	int64_t epochs, batch, threads, patience;
	uint64_t seed, limit;
	double lr, decay, clip, average, smoothing, delta, every;
	int loss, keep, bad, resume, summary, list, print, provenance, force, quiet, verbose;
} o = {.epochs = 10, .batch = 32, .seed = 0, .limit = (uint64_t)1 << 30, .optimizer = "adam", .delta = 1};

static const struct lep_option options[] = {
	LEP_OPTION_NETWORK(&o.network),
	LEP_TEXT(0, "layers", "TEXT", &o.layers, 0, "the network description itself, ';' for line ends"),
	LEP_FLAG(0, "list", &o.list, 0, "list the ready descriptions"),
	LEP_FLAG(0, "print", &o.print, 0, "print the network description and do nothing else"),
	LEP_FLAG(0, "summary", &o.summary, 0, "print layers, shapes, parameters and operations and do nothing else"),
	LEP_OPTION_EPOCHS(&o.epochs),
	LEP_OPTION_BATCH(&o.batch, LEP_OPT_RESULT),
	LEP_OPTION_SEED(&o.seed),
	LEP_TEXT(0, "target", "FIELD", &o.target, LEP_OPT_RESULT, "the field to learn (default: the one with role target)"),
	LEP_CHOICE(0, "loss", losses, &o.loss, LEP_OPT_RESULT, "the loss (auto: what follows from the target)"),
	LEP_NUMBER(0, "smoothing", "S", &o.smoothing, 0, 1, LEP_OPT_RESULT | LEP_OPT_BELOW, "smooth the targets of a cross-entropy by S"),
	LEP_NUMBER(0, "delta", "D", &o.delta, 0, HUGE_VAL, LEP_OPT_RESULT | LEP_OPT_ABOVE, "where the Huber loss becomes linear"),
	LEP_TEXT(0, "class-weight", "LIST", &o.class_weight, LEP_OPT_RESULT, "weights of the classes: CLASS=W,... or balanced"),
	LEP_TEXT(0, "optimizer", "NAME", &o.optimizer, LEP_OPT_RESULT, "sgd, momentum, nesterov, adam, adamw or rmsprop; options as in adam:beta2=0.99"),
	LEP_NUMBER(0, "lr", "RATE", &o.lr, 0, HUGE_VAL, LEP_OPT_RESULT | LEP_OPT_ABOVE, "the learning rate"),
	LEP_NUMBER(0, "weight-decay", "D", &o.decay, 0, HUGE_VAL, LEP_OPT_RESULT, "decay of weights (not of biases and norms)"),
	LEP_TEXT(0, "schedule", "NAME", &o.schedule, LEP_OPT_RESULT, "constant, step[:N[:F]], linear, cosine or onecycle"),
	LEP_TEXT(0, "warmup", "N", &o.warmup, LEP_OPT_RESULT, "raise the rate from 0 over N steps, or Nepochs"),
	LEP_NUMBER(0, "clip", "NORM", &o.clip, 0, HUGE_VAL, LEP_OPT_RESULT, "limit the norm of the gradient"),
	LEP_NUMBER(0, "average", "D", &o.average, 0, 1, LEP_OPT_RESULT | LEP_OPT_BELOW, "judge and keep an average of the weights with decay D"),
	LEP_TEXT(0, "validation", "FILE", &o.validation, LEP_OPT_FILE, "a stream to validate with, or a share of the data such as 0.1"),
	LEP_INT(0, "patience", "N", &o.patience, 1, 1000000, LEP_OPT_RESULT, "stop after N epochs that were no better than the best"),
	LEP_CHOICE(0, "keep", keeps, &o.keep, LEP_OPT_RESULT, "the weights of the last or of the best epoch (best with --patience)"),
	LEP_LIST(0, "from", "MODEL", &o.from, LEP_OPT_FILE, "begin with this model's weights; BRANCH=MODEL for one branch"),
	LEP_LIST(0, "freeze", "PATTERN", &o.freeze, LEP_OPT_RESULT, "do not train weights whose name matches, as 'conv*'"),
	LEP_OPTION_BAD(&o.bad),
	LEP_TEXT(0, "checkpoint", "FILE", &o.checkpoint, LEP_OPT_FILE, "save the state of training after each epoch"),
	LEP_NUMBER(0, "every", "SECONDS", &o.every, 0, HUGE_VAL, LEP_OPT_ABOVE, "save the checkpoint also every so many seconds"),
	LEP_FLAG(0, "resume", &o.resume, 0, "go on from the checkpoint"),
	LEP_TEXT(0, "log", "FILE", &o.log, LEP_OPT_FILE, "append a JSON line an epoch to FILE"),
	LEP_SIZE(0, "spool-limit", &o.limit, 0, "keep data from a pipe in memory up to SIZE, beyond it in a temporary file"),
	LEP_OPTION_OUTPUT(&o.output),
	LEP_OPTION_THREADS(&o.threads),
	LEP_OPTION_PROVENANCE(&o.provenance),
	LEP_OPTION_FORCE(&o.force),
	LEP_OPTION_QUIET(&o.quiet),
	LEP_OPTION_VERBOSE(&o.verbose),
};

static const char *const usage[] = {"-n FILE|NAME [options] [STREAM]", "--list", NULL};

static const struct lep_program program = {
	.name = "lep-train",
	.summary = "train a network on a tensor stream",
	.usage = usage,
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.example = "lep-train -n digits -e 5 -o digits.lepm train.lept",
};

struct work {
	const struct lep_operands *ops;
	char *text;                   /* of the network */
	const char *text_name;
	struct lep_dataset *data, *check;
	struct lep_net *net;
	struct lep_threads *pool;
	struct lep_trainer *trainer;
	struct lep_train_options t;
	double *class_weight;
	struct lep_output *out;
	FILE *log;
	struct lep_head head;
	struct lep_buf identity;      /* options that a resumption must share */
	double saved, epoch_began;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- what the options say ---- */

static int read_text(char **out, const char *path, struct lep_error *e)
{
	struct lep_bytes *b;
	struct lep_buf text = {0};
	int rc = lep_bytes_open(&b, path, e);

	if (rc)
		return rc;
	rc = lep_bytes_read(b, &text, LEP_TEXT_MAX + 1, e) < 0 ? e->status : 0;
	if (rc == 0 && (!text.data || memchr(text.data, '\0', text.len)))
		rc = lep_fail(e, LEP_ERR_DATA, "%s: %s", path, text.data ? "not a text" : "is empty");
	*out = rc ? NULL : lep_strdup(text.data);
	lep_buf_release(&text);
	lep_bytes_close(b);
	return rc || *out ? rc : lep_fail_nomem(e, 0);
}

static int read_network(struct work *w, struct lep_error *e)
{
	const struct lep_ready *ready = o.network ? lep_ready_find(o.network) : NULL;

	if (!o.network == !o.layers)
		return lep_fail(e, LEP_ERR_USAGE, o.network ? "-n and --layers exclude each other" :
			"a network is missing: -n FILE, -n NAME (see --list) or --layers TEXT");
	w->text_name = o.network ? o.network : "--layers";
	if (o.layers || ready) {
		w->text = lep_strdup(o.layers ? o.layers : ready->text);
		return w->text ? 0 : lep_fail_nomem(e, 0);
	}
	return read_text(&w->text, o.network, e);
}

static int read_share(double *share)
{
	char *end;

	if (!o.validation)
		return 0;
	*share = strtod(o.validation, &end);
	return end != o.validation && !*end && *share > 0 && *share < 1;
}

static int read_training(struct work *w, struct lep_error *e)
{
	struct lep_train_options *t = &w->t;
	int rc = lep_optim_parse(&t->optim, o.optimizer, e);

	if (rc)
		return lep_fail_at(e, "--optimizer");
	if (lep_option_given(w->ops, &o.lr))
		t->optim.lr = o.lr;
	if (lep_option_given(w->ops, &o.decay))
		t->optim.decay = o.decay;
	rc = lep_optim_check(&t->optim, e);
	if (rc == 0 && o.schedule && (rc = lep_schedule_parse(&t->schedule, o.schedule, e)))
		return lep_fail_at(e, "--schedule");
	if (rc == 0 && o.warmup && (rc = lep_schedule_parse_warmup(&t->schedule, o.warmup, e)))
		return lep_fail_at(e, "--warmup");
	if (rc == 0)
		rc = lep_schedule_check(&t->schedule, e);
	if (rc == 0 && o.resume && !o.checkpoint)
		rc = lep_fail(e, LEP_ERR_USAGE, "--resume needs --checkpoint FILE");
	if (rc == 0 && w->ops->n > 1)
		rc = lep_fail(e, LEP_ERR_USAGE, "one stream at most, not %zu", w->ops->n);
	t->epochs = o.epochs;
	t->batch = (size_t)o.batch;
	t->seed = o.seed;
	t->clip = o.clip;
	t->average = o.average;
	t->patience = o.patience;
	t->keep = o.keep || (o.patience && !lep_option_given(w->ops, &o.keep)) ? LEP_KEEP_BEST : LEP_KEEP_LAST;
	t->skip_bad = o.bad != LEP_BAD_FAIL;
	read_share(&t->validation_share);
	if (!read_share(&t->validation_share))
		t->validation_share = 0;
	return rc;
}

/* ---- opening things ---- */

static int drop_rights(struct work *w, int share, struct lep_error *e)
{
	const char *read[3], *write[3];
	char *folder[3] = {o.output ? lep_sandbox_folder(o.output) : NULL,
		o.checkpoint ? lep_sandbox_folder(o.checkpoint) : NULL, o.log ? lep_sandbox_folder(o.log) : NULL};
	size_t nread = 0, nwrite = 0;
	char note[LEP_SANDBOX_NOTE];

	(void)e;
	if (w->ops->n)
		read[nread++] = w->ops->name[0];
	if (o.validation && !share)
		read[nread++] = o.validation;
	if (o.checkpoint)
		read[nread++] = o.checkpoint;
	for (int i = 0; i < 3; i++)
		if (folder[i])
			write[nwrite++] = folder[i];
	lep_sandbox(read, nread, write, nwrite, note);
	lep_explain(1, "%s", note);
	for (int i = 0; i < 3; i++)
		lep_free(folder[i]);
	return 0;
}

static int open_output(struct work *w, struct lep_error *e)
{
	int rc = lep_cli_check_output(o.output, o.force, e);

	if (rc == 0)
		rc = lep_output_open(&w->out, o.output, e);
	if (rc == 0 && o.log) {
		w->log = fopen(o.log, o.resume ? "a" : "w");
		if (!w->log)
			rc = lep_fail_errno(e, "%s", o.log);
	}
	return rc;
}

static int open_data(struct work *w, struct lep_error *e)
{
	struct lep_reader_options how = {.force_terminal = o.force};
	int share = w->t.validation_share > 0, rc;

	if (!w->ops->n || strcmp(w->ops->name[0], "-") == 0) {
		how.spill = lep_spill_open(e);
		how.have_spill = how.spill >= 0;
		if (how.spill < 0)
			return how.spill;
	}
	drop_rights(w, share, e);
	rc = lep_dataset_open(&w->data, w->ops->n ? w->ops->name[0] : NULL, &how, (size_t)o.limit, e);
	if (rc == 0 && o.validation && !share)
		rc = lep_dataset_open(&w->check, o.validation, NULL, (size_t)o.limit, e);
	if (rc == 0 && lep_dataset_head(w->data)->kind != LEP_KIND_DATA)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: holds a model, not data", lep_dataset_name(w->data));
	return rc;
}

static int build_network(struct work *w, const struct lep_kernels *k, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(w->data);
	struct lep_net_options how = {.target = o.target, .need_target = 1};
	int rc = lep_net_new(&w->net, w->text, w->text_name, h->field, h->nfield, &how, k, e);
	const struct lep_field *target;
	enum lep_loss_kind kind;

	if (rc)
		return rc;
	target = &h->field[lep_net_target(w->net)];
	kind = o.loss ? (enum lep_loss_kind)(o.loss - 1) :
		lep_loss_default(lep_net_output(w->net, NULL), target->table ? target->table->n : 0, lep_net_final(w->net));
	lep_loss_init(&w->t.loss, kind);
	w->t.loss.smoothing = o.smoothing;
	w->t.loss.delta = o.delta;
	if (o.class_weight) {
		rc = lep_class_weight(&w->class_weight, o.class_weight, w->data, lep_net_target(w->net), e);
		w->t.loss.class_weight = w->class_weight;
		w->t.loss.classes = target->table ? target->table->n : 0;
	}
	lep_net_init(w->net, o.seed);
	return rc;
}

/* Weights of earlier models, and what is to stay as it is. */
static int start_from(struct work *w, struct lep_error *e)
{
	size_t n = lep_net_params(w->net);
	unsigned char *taken = lep_alloc(n, 1);
	int rc = taken ? 0 : lep_fail_nomem(e, 0);

	for (size_t i = 0; i < o.from.n && rc == 0; i++)
		rc = lep_transfer(w->net, lep_dataset_head(w->data)->field, o.from.item[i], taken, e);
	for (size_t i = 0; i < n && rc == 0 && o.from.n; i++)
		lep_say("%s %s", taken[i] ? "taken" : "new  ", lep_net_param(w->net, i)->name);
	for (size_t i = 0; i < o.freeze.n && rc == 0; i++)
		if (!lep_net_freeze(w->net, o.freeze.item[i]))
			rc = lep_fail(e, LEP_ERR_USAGE, "--freeze: no weight's name matches '%s'", o.freeze.item[i]);
	lep_free(taken);
	return rc;
}

/* The options that count, and what counts of those that name files: that they were given. */
static void describe(const struct work *w, enum lep_provenance_mode mode, struct lep_buf *line)
{
	struct lep_buf number = {0};

	lep_provenance(w->ops, mode, line);
	if (mode == LEP_PROVENANCE_NONE)
		return;
	if (w->t.validation_share > 0)
		lep_text_number(&number, w->t.validation_share);
	if (o.validation)
		lep_buf_addf(line, " --validation%s%s", number.len ? " " : "", number.len ? number.data : "");
	for (size_t i = 0; i < o.from.n; i++)
		lep_buf_adds(line, " --from");
	line->failed |= number.failed;
	lep_buf_release(&number);
}

/* The model's head, and what a resumed run must have in common with this one. */
static int make_head(struct work *w, struct lep_error *e)
{
	struct lep_buf line = {0};
	int rc;

	describe(w, LEP_PROVENANCE_SHORT, &w->identity);
	describe(w, o.provenance, &line);
	rc = line.failed || w->identity.failed ? lep_fail_nomem(e, 0) :
		lep_model_head(&w->head, w->net, lep_dataset_head(w->data)->field, lep_loss_name(w->t.loss.kind),
			o.provenance == LEP_PROVENANCE_NONE ? NULL : lep_dataset_head(w->data), line.data, e);
	lep_buf_release(&line);
	return rc;
}

/* ---- the work ---- */

static int save(struct work *w, struct lep_error *e)
{
	w->saved = now();
	return o.checkpoint ? lep_trainer_save(w->trainer, o.checkpoint, &w->head, w->identity.data, e) : 0;
}

static int write_log(struct work *w, const struct lep_epoch *ep, double seconds, struct lep_error *e)
{
	struct lep_buf line = {0};
	int rc = 0;

	lep_talk_json(ep, seconds, &line);
	if (line.failed)
		rc = lep_fail_nomem(e, 0);
	else if (fwrite(line.data, 1, line.len, w->log) != line.len || fflush(w->log))
		rc = lep_fail_errno(e, "%s", o.log);
	lep_buf_release(&line);
	return rc;
}

static int end_epoch(struct work *w, struct lep_error *e)
{
	double seconds = now() - w->epoch_began;
	struct lep_buf line = {0};
	struct lep_epoch ep;
	int rc = lep_trainer_epoch(w->trainer, &ep, e), more = rc;

	if (rc < 0)
		return rc;
	lep_talk_epoch(&ep, o.epochs, seconds, &line);
	lep_say("%s", line.failed ? "" : line.data);
	lep_buf_release(&line);
	rc = w->log ? write_log(w, &ep, seconds, e) : 0;
	if (rc == 0)
		rc = save(w, e);
	w->epoch_began = now();
	return rc < 0 ? rc : more;
}

/* Interrupted: the batch is done, so the state is whole. */
static int stop(struct work *w, struct lep_error *e)
{
	struct lep_metrics m;
	int64_t epoch;
	int rc = save(w, e);

	lep_trainer_progress(w->trainer, &epoch, &m);
	if (rc == 0 && o.checkpoint)
		lep_say("stopped in epoch %lld after %llu samples; the same command with --resume goes on from %s",
			(long long)epoch, (unsigned long long)m.samples, o.checkpoint);
	else if (rc == 0)
		lep_say("stopped in epoch %lld after %llu samples; nothing is saved without --checkpoint",
			(long long)epoch, (unsigned long long)m.samples);
	return rc ? rc : lep_stop_check(e);
}

static int train(struct work *w, struct lep_error *e)
{
	struct lep_progress bar;
	struct lep_metrics m;
	int64_t epoch;
	char what[64];
	int rc = !lep_trainer_done(w->trainer);

	w->saved = w->epoch_began = now();
	while (rc > 0) {
		lep_trainer_progress(w->trainer, &epoch, &m);
		snprintf(what, sizeof(what), "epoch %lld/%lld", (long long)epoch, (long long)o.epochs);
		lep_progress_start(&bar, what, lep_trainer_samples(w->trainer));
		bar.base = m.samples;
		do {
			rc = lep_trainer_batch(w->trainer, e);
			if (rc >= 0 && lep_stop_requested())
				rc = rc ? stop(w, e) : rc;
			else if (rc > 0 && o.every > 0 && now() - w->saved >= o.every && save(w, e))
				rc = e->status;
			if (rc > 0 && lep_progress_due(&bar)) {
				lep_trainer_progress(w->trainer, &epoch, &m);
				lep_progress_show(&bar, m.samples, "loss %.4f%s", m.loss, "");
			}
		} while (rc > 0);
		lep_progress_end(&bar);
		if (rc == 0)
			rc = end_epoch(w, e);
		if (rc > 0 && lep_stop_requested())
			rc = stop(w, e);
	}
	return rc;
}

static int finish(struct work *w, struct lep_error *e)
{
	int rc;

	lep_trainer_finish(w->trainer);
	if (lep_trainer_best(w->trainer))
		lep_say("kept the weights of epoch %lld", (long long)lep_trainer_best(w->trainer));
	rc = lep_model_write(w->out, &w->head, w->net, e);
	if (rc)
		return lep_fail_at(e, "%s", lep_output_name(w->out));
	return lep_output_commit(w->out, e);
}

static int begin(struct work *w, struct lep_error *e)
{
	int rc = lep_trainer_new(&w->trainer, w->net, w->data, w->check, &w->t, w->pool, e);

	if (rc)
		return rc;
	if (lep_trainer_bad(w->trainer))
		lep_warn("%llu bad records left out", (unsigned long long)lep_trainer_bad(w->trainer));
	if (lep_trainer_targetless(w->trainer))
		lep_warn("%llu records without target left out", (unsigned long long)lep_trainer_targetless(w->trainer));
	if (!o.resume)
		return 0;
	rc = lep_trainer_load(w->trainer, o.checkpoint, w->identity.data, e);
	if (rc == 0)
		lep_say("%s: no checkpoint yet, starting from the beginning", o.checkpoint);
	return rc < 0 ? rc : 0;
}

static int print_summary(const struct work *w, struct lep_error *e)
{
	struct lep_buf text = {0};

	lep_talk_summary(w->net, &text);
	if (text.failed)
		return lep_fail_nomem(e, 0);
	if (o.summary)
		fwrite(text.data, 1, text.len, stdout);
	else
		lep_say("%.*s", (int)text.len - 1, text.data);
	lep_buf_release(&text);
	return 0;
}

/* --list, --print: what needs no data. */
static int print_ready(const struct work *w)
{
	for (size_t i = 0; o.list && lep_ready[i].name; i++)
		printf("%-12s %s\n", lep_ready[i].name, lep_ready[i].summary);
	if (o.print)
		printf("%s%s", w->text, w->text[strlen(w->text) - 1] == '\n' ? "" : "\n");
	return 0;
}

static int run(struct work *w, struct lep_error *e)
{
	const struct lep_kernels *k = lep_kernels_select(lep_cli_isa(), e);
	int threads = lep_cli_threads(o.threads, e), rc;

	if (o.list)
		return print_ready(w);
	rc = !k || threads < 0 ? e->status : read_network(w, e);
	if (rc || o.print)
		return rc ? rc : print_ready(w);
	rc = read_training(w, e);
	if (rc == 0 && !o.summary)
		rc = open_output(w, e);
	if (rc == 0)
		rc = open_data(w, e);
	if (rc == 0)
		rc = build_network(w, k, e);
	if (rc == 0)
		rc = print_summary(w, e);
	if (rc || o.summary)
		return rc;
	rc = start_from(w, e);
	if (rc == 0)
		rc = lep_threads_new(&w->pool, threads, e);
	if (rc == 0)
		rc = make_head(w, e);
	if (rc == 0)
		rc = begin(w, e);
	if (rc == 0)
		rc = train(w, e);
	return rc ? rc : finish(w, e);
}

static void release(struct work *w)
{
	if (w->log)
		fclose(w->log);
	lep_trainer_free(w->trainer);
	lep_net_free(w->net);
	lep_dataset_close(w->data);
	lep_dataset_close(w->check);
	lep_threads_free(w->pool);
	lep_head_release(&w->head);
	lep_buf_release(&w->identity);
	lep_free(w->class_weight);
	lep_free(w->text);
	lep_output_free(w->out);
}

int main(int argc, char **argv)
{
	struct lep_operands ops;
	struct work w = {.ops = &ops};
	struct lep_error e = {0};
	int status = lep_cli_start(&program, argc, argv, &ops);

	if (status >= 0)
		return status;
	/* Lost talk never stops a training. */
	signal(SIGPIPE, SIG_IGN);
	lep_head_init(&w.head);
	status = run(&w, &e);
	if (status < 0 && w.out && !o.output)
		lep_writer_abort(NULL, w.out, e.text);
	release(&w);
	lep_operands_release(&ops);
	return lep_cli_end(status, &e);
}
