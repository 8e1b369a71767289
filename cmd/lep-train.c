/* lep-train: a network description and a tensor stream to a model. */
#include <math.h>
#include <signal.h>
#include <stdio.h>

#include "base/output.h"
#include "cli/cli.h"
#include "cli/train_run.h"
#include "cli/train_setup.h"
#include "cli/train_talk.h"
#include "nn/class_weight.h"
#include "nn/reach.h"
#include "nn/train.h"

static const char *const losses[] = {"auto", "crossentropy", "binary_crossentropy", "mse", "mae", "huber", NULL};
static const char *const keeps[] = {"last", "best", NULL};

static struct {
	const char *network, *layers, *output, *target, *optimizer, *schedule, *warmup, *validation, *class_weight;
	const char *checkpoint, *log;
	struct lep_list from, freeze;
	int64_t epochs, steps, batch, window, threads, patience;
	uint64_t seed, limit;
	double lr, decay, clip, average, smoothing, delta, every;
	int loss, keep, bad, resume, summary, list, print, provenance, force, quiet, verbose;
} o = {.epochs = 10, .batch = 32, .seed = 0, .limit = (uint64_t)1 << 30, .optimizer = "adam", .delta = 1,
	.bad = LEP_BAD_SKIP};

static const struct lep_option options[] = {
	LEP_OPTION_NETWORK(&o.network),
	LEP_TEXT(0, "layers", "TEXT", &o.layers, 0, "the network description itself, ';' for line ends"),
	LEP_FLAG(0, "list", &o.list, 0, "list the ready descriptions"),
	LEP_FLAG(0, "print", &o.print, 0, "print the network description and do nothing else"),
	LEP_FLAG(0, "summary", &o.summary, 0, "print layers, shapes, parameters and operations and do nothing else"),
	LEP_OPTION_EPOCHS(&o.epochs),
	LEP_INT(0, "steps", "N", &o.steps, 1, 1e15, LEP_OPT_RESULT, "stop after N batches, whatever part of an epoch that is"),
	LEP_OPTION_BATCH(&o.batch, LEP_OPT_RESULT),
	LEP_INT(0, "window", "N", &o.window, 1, 1 << 20, LEP_OPT_RESULT, "cut texts whose next ids are learnt into N at a time"),
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

static const char *const usage[] = {"-n FILE|NAME [options] [STREAM]", "--print FILE|NAME", "--list", NULL};

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
	struct lep_train_files files;
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
};

/* ---- what the options say ---- */

static int read_rates(struct work *w, struct lep_error *e)
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
	return rc ? rc : lep_schedule_check(&t->schedule, e);
}

static int read_training(struct work *w, struct lep_error *e)
{
	struct lep_train_options *t = &w->t;
	int rc = read_rates(w, e);

	if (rc == 0 && o.resume && !o.checkpoint)
		rc = lep_fail(e, LEP_ERR_USAGE, "--resume needs --checkpoint FILE");
	if (rc == 0 && o.every > 0 && !o.checkpoint)
		rc = lep_fail(e, LEP_ERR_USAGE, "--every needs --checkpoint FILE");
	if (rc == 0 && w->ops->n > 1)
		rc = lep_fail(e, LEP_ERR_USAGE, "one stream at most, not %zu", w->ops->n);
	if (rc == 0)
		rc = lep_setup_share(&t->validation_share, o.validation, e);
	if (rc == 0 && o.steps && lep_option_given(w->ops, &o.epochs))
		rc = lep_fail(e, LEP_ERR_USAGE, "--epochs and --steps: one of them");
	t->epochs = o.epochs;
	t->steps = o.steps;
	t->batch = (size_t)o.batch;
	t->window = (size_t)o.window;
	t->seed = o.seed;
	t->clip = o.clip;
	t->average = o.average;
	t->patience = o.patience;
	t->keep = o.keep || (o.patience && !lep_option_given(w->ops, &o.keep)) ? LEP_KEEP_BEST : LEP_KEEP_LAST;
	t->skip_bad = o.bad != LEP_BAD_FAIL;
	t->network = w->text_name;
	return rc;
}

/* ---- opening things ---- */

static int open_outputs(struct work *w, struct lep_error *e)
{
	struct lep_output *probe = NULL;
	int rc = lep_cli_check_output(o.output, o.force, e);

	if (rc == 0)
		rc = lep_output_open(&w->out, o.output, e);
	/* A checkpoint that cannot be made is to fail now, not after an epoch. */
	if (rc == 0 && o.checkpoint)
		rc = lep_output_open(&probe, o.checkpoint, e);
	lep_output_free(probe);
	if (rc == 0 && o.log) {
		w->log = fopen(o.log, o.resume ? "ae" : "we");
		if (!w->log)
			rc = lep_fail_errno(e, "%s", o.log);
	}
	return rc;
}

/* A spill file cannot be opened once rights are dropped; without one, data that
 * need it fail when they do. */
static void prepare_spill(struct lep_reader_options *how)
{
	struct lep_error ignored;

	how->spill = lep_spill_open(&ignored);
	how->have_spill = how->spill >= 0;
}

static int open_data(struct work *w, struct lep_error *e)
{
	struct lep_reader_options how = {.force_terminal = o.force}, check = how;
	int rc;

	prepare_spill(&how);
	if (w->files.validation)
		prepare_spill(&check);
	lep_setup_sandbox(&w->files);
	rc = lep_dataset_open(&w->data, w->files.data, &how, (size_t)o.limit, e);
	if (rc == 0 && w->files.validation)
		rc = lep_dataset_open(&w->check, w->files.validation, &check, (size_t)o.limit, e);
	if (rc == 0 && lep_dataset_head(w->data)->kind != LEP_KIND_DATA)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: holds a model, not data", lep_dataset_name(w->data));
	if (rc == 0 && w->check && lep_dataset_head(w->check)->kind != LEP_KIND_DATA)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: holds a model, not data", lep_dataset_name(w->check));
	return rc;
}

static int open_files(struct work *w, struct lep_error *e)
{
	int rc;

	w->files.data = w->ops->n ? w->ops->name[0] : NULL;
	w->files.validation = w->t.validation_share > 0 ? NULL : o.validation;
	w->files.output = o.summary ? NULL : o.output;
	w->files.checkpoint = o.summary ? NULL : o.checkpoint;
	w->files.log = o.summary ? NULL : o.log;
	w->files.from = &o.from;
	rc = lep_setup_check_files(&w->files, e);
	if (rc == 0 && !o.summary)
		rc = open_outputs(w, e);
	return rc ? rc : open_data(w, e);
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
	if (lep_net_final(w->net) && !lep_loss_undoes(kind, lep_net_final(w->net)))
		lep_net_keep_final(w->net);
	lep_loss_init(&w->t.loss, kind);
	w->t.loss.smoothing = o.smoothing;
	w->t.loss.delta = o.delta;
	if (o.class_weight) {
		rc = lep_class_weight(&w->class_weight, o.class_weight, w->data, lep_net_target(w->net), e);
		w->t.loss.class_weight = w->class_weight;
		w->t.loss.classes = target->table ? target->table->n : 0;
	}
	return rc;
}

/* The model's head, and what a resumed run must have in common with this one. */
static int make_head(struct work *w, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(w->data);
	struct lep_buf line = {0};
	int rc;

	lep_setup_describe(w->ops, LEP_PROVENANCE_SHORT, o.validation, w->t.validation_share, o.from.n, &w->identity);
	lep_setup_describe(w->ops, o.provenance, o.validation, w->t.validation_share, o.from.n, &line);
	rc = line.failed || w->identity.failed ? lep_fail_nomem(e, 0) :
		lep_model_head(&w->head, w->net, h->field, lep_loss_name(w->t.loss.kind),
			o.provenance == LEP_PROVENANCE_NONE ? NULL : h, line.data, e);
	lep_buf_release(&line);
	return rc;
}

/* What those that make sequences with the model need. */
static int add_reach(struct work *w, struct lep_error *e)
{
	size_t reach = lep_trainer_reach(w->trainer);
	char text[32];

	if (reach == LEP_REACH_LEAST)
		return 0;
	snprintf(text, sizeof(text), "%zu", reach);
	return lep_head_note(&w->head, LEP_REACH_NOTE, text, e);
}

static int begin(struct work *w, struct lep_error *e)
{
	const char *only;
	int rc = lep_trainer_new(&w->trainer, w->net, w->data, w->check, &w->t, w->pool, e);

	if (rc == 0)
		rc = add_reach(w, e);
	if (rc)
		return rc;
	if (lep_trainer_bad(w->trainer))
		lep_warn("bad records left out: %llu", (unsigned long long)lep_trainer_bad(w->trainer));
	if (lep_trainer_targetless(w->trainer))
		lep_warn("records without target left out: %llu", (unsigned long long)lep_trainer_targetless(w->trainer));
	if ((only = lep_trainer_only_class(w->trainer)))
		lep_warn("%s: all records are of class '%s': there is nothing to tell apart",
			lep_dataset_name(w->data), only);
	if (!o.resume)
		return 0;
	rc = lep_trainer_load(w->trainer, o.checkpoint, w->identity.data, e);
	if (rc == 0)
		lep_say("%s: no checkpoint yet, starting from the beginning", o.checkpoint);
	return rc < 0 ? rc : 0;
}

/* ---- the work ---- */

static int work(struct work *w, struct lep_error *e)
{
	struct lep_train_run r = {.trainer = w->trainer, .epochs = lep_trainer_epochs(w->trainer), .checkpoint = o.checkpoint,
		.every = o.every, .head = &w->head, .identity = w->identity.data, .log = w->log, .log_name = o.log};
	int rc = lep_train_run(&r, e);

	if (rc)
		return rc;
	lep_trainer_finish(w->trainer);
	if (lep_trainer_best(w->trainer))
		lep_say("kept the weights of epoch %lld", (long long)lep_trainer_best(w->trainer));
	rc = lep_model_write(w->out, &w->head, w->net, e);
	return rc ? rc : lep_output_commit(w->out, e);
}

static int run(struct work *w, struct lep_error *e)
{
	const struct lep_kernels *k = lep_kernels_select(lep_cli_isa(), e);
	int threads = lep_cli_threads(o.threads, e), is_file, rc;

	if (o.list)
		return lep_talk_ready(e);
	if (o.print && !o.network && !o.layers && w->ops->n == 1)
		o.network = w->ops->name[0];
	rc = !k || threads < 0 ? e->status : lep_setup_network(&w->text, &w->text_name, &is_file, o.network, o.layers, e);
	if (rc || o.print)
		return rc ? rc : lep_talk_text(w->text, e);
	w->files.network = is_file ? o.network : NULL;
	rc = read_training(w, e);
	if (rc == 0)
		rc = open_files(w, e);
	if (rc == 0)
		rc = build_network(w, k, e);
	if (rc == 0)
		rc = lep_talk_summary(w->net, o.summary, e);
	if (rc || o.summary)
		return rc;
	lep_net_init(w->net, o.seed);
	rc = lep_setup_weights(w->net, lep_dataset_head(w->data)->field, &o.from, &o.freeze, e);
	if (rc == 0)
		rc = lep_threads_new(&w->pool, threads, e);
	if (rc == 0)
		rc = make_head(w, e);
	if (rc == 0)
		rc = begin(w, e);
	return rc ? rc : work(w, e);
}

/* What reads our output is to hear why nothing came. */
static void pass_on(struct work *w, const struct lep_error *e)
{
	const char *cause = lep_abort_cause(e);
	char text[LEP_ERROR_MAX + 64];

	if (!w->out || !lep_output_is_direct(w->out))
		return;
	snprintf(text, sizeof(text), "%s: %s", program.name, e->text);
	lep_writer_abort(NULL, w->out, cause ? cause : text);
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
	if (status < 0)
		pass_on(&w, &e);
	release(&w);
	lep_operands_release(&ops);
	return lep_cli_end(status, &e);
}
