/* lep-infer: a model's outputs, added to the records of a stream; text that it makes. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/output.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/generate_print.h"
#include "cli/progress.h"
#include "cli/sandbox.h"
#include "nn/beam.h"
#include "nn/infer_batch.h"

enum { FORMAT_LEPT, FORMAT_TSV, FORMAT_JSONL, FORMAT_TEXT };
static const char *const formats[] = {"lept", "tsv", "jsonl", "text", NULL};

static struct {
	const char *model, *output;
	struct lep_list layer;
	int format, outputs_only, any_recipe, bad, provenance, force, quiet, verbose;
	int64_t top, window, batch, latency, threads;
	double threshold;
	/* Text that is made. */
	int generate, echo;
	const char *prompt, *stop;
	int64_t length, context, top_k, beam, max_length;
	double temperature, top_p, penalty;
	uint64_t seed;
} o = {.batch = 256, .length = 256, .beam = 1, .temperature = 1, .top_p = 1, .penalty = 1};

static const struct lep_option options[] = {
	LEP_OPTION_MODEL(&o.model),
	LEP_CHOICE(0, "format", formats, &o.format, 0, "the stream with the outputs added, or a line a record"),
	LEP_INT(0, "top", "K", &o.top, 1, LEP_INFER_TOP_MAX, LEP_OPT_RESULT, "also the K most probable classes and their probabilities"),
	LEP_NUMBER(0, "threshold", "P", &o.threshold, 0, 1, LEP_OPT_RESULT, "no class where none has a probability of at least P"),
	LEP_INT(0, "window", "N", &o.window, 1, 1 << 30, LEP_OPT_RESULT, "predict a text in windows of N tokens, each begun anew"),
	LEP_LIST(0, "layer", "NAME", &o.layer, LEP_OPT_RESULT, "also the values of this layer; may be repeated"),
	LEP_FLAG(0, "generate", &o.generate, LEP_OPT_RESULT, "make text: how a text goes on, or what another becomes"),
	LEP_TEXT(0, "prompt", "TEXT", &o.prompt, LEP_OPT_RESULT, "go on from TEXT and read no stream"),
	LEP_FLAG(0, "echo", &o.echo, LEP_OPT_RESULT, "write the prompt, too"),
	LEP_INT(0, "length", "N", &o.length, 1, 1 << 30, LEP_OPT_RESULT, "make N tokens at most (default 256)"),
	LEP_INT(0, "context", "N", &o.context, 2, 1 << 30, LEP_OPT_RESULT, "look at N tokens at most (default: as many as the model can)"),
	LEP_NUMBER(0, "temperature", "T", &o.temperature, 0, 1000, LEP_OPT_RESULT, "divide logits by T (default 1); 0: always the most probable"),
	LEP_INT(0, "top-k", "K", &o.top_k, 1, 1 << 30, LEP_OPT_RESULT, "draw from the K most probable tokens"),
	LEP_NUMBER(0, "top-p", "P", &o.top_p, 0, 1, LEP_OPT_RESULT | LEP_OPT_ABOVE, "draw from the most probable tokens that come to P together"),
	LEP_OPTION_SEED(&o.seed),
	LEP_TEXT(0, "stop", "TEXT", &o.stop, LEP_OPT_RESULT, "end before TEXT"),
	LEP_INT(0, "beam", "N", &o.beam, 1, LEP_BEAM_MAX, LEP_OPT_RESULT, "search with N sequences under way (default 1)"),
	LEP_NUMBER(0, "length-penalty", "A", &o.penalty, 0, 10, LEP_OPT_RESULT, "of those found take the best log probability / length^A (default 1)"),
	LEP_INT(0, "max-length", "N", &o.max_length, 1, 1 << 30, LEP_OPT_RESULT, "make sequences of N tokens at most"),
	LEP_FLAG(0, "outputs-only", &o.outputs_only, LEP_OPT_RESULT, "leave the fields of the input out"),
	LEP_FLAG(0, "any-recipe", &o.any_recipe, LEP_OPT_RESULT, "take data prepared or labelled otherwise than the model's"),
	LEP_OPTION_BAD(&o.bad),
	LEP_OPTION_BATCH(&o.batch, 0),
	LEP_INT(0, "latency", "MS", &o.latency, 0, 60000, 0, "wait at most MS milliseconds for a batch to fill (default 0)"),
	LEP_OPTION_OUTPUT(&o.output),
	LEP_OPTION_THREADS(&o.threads),
	LEP_OPTION_PROVENANCE(&o.provenance),
	LEP_OPTION_FORCE(&o.force),
	LEP_OPTION_QUIET(&o.quiet),
	LEP_OPTION_VERBOSE(&o.verbose),
};

static const char *const usage[] = {"-m MODEL [options] [STREAM]", "-m MODEL --generate --prompt TEXT [options]", NULL};

static const struct lep_program program = {
	.name = "lep-infer",
	.summary = "add a model's outputs to the records of a tensor stream",
	.usage = usage,
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.example = "lep-preprocess --like digits.lepm test/ | lep-infer -m digits.lepm | lep-eval",
};

/* What a run is for. */
enum { SCORE = 1, PROMPT = 2, NEXT = 4, SEQUENCE = 8 };

/* The options that mean nothing in some of them. */
static const struct {
	const void *to;
	const char *name;
	unsigned where;
} uses[] = {
	{&o.top, "--top", SCORE}, {&o.threshold, "--threshold", SCORE}, {&o.layer, "--layer", SCORE},
	{&o.window, "--window", SCORE},
	{&o.prompt, "--prompt", PROMPT}, {&o.echo, "--echo", PROMPT},
	{&o.length, "--length", PROMPT | NEXT}, {&o.context, "--context", PROMPT | NEXT},
	{&o.temperature, "--temperature", PROMPT | NEXT}, {&o.top_k, "--top-k", PROMPT | NEXT},
	{&o.top_p, "--top-p", PROMPT | NEXT}, {&o.seed, "--seed", PROMPT | NEXT}, {&o.stop, "--stop", PROMPT | NEXT},
	{&o.beam, "--beam", SEQUENCE}, {&o.penalty, "--length-penalty", SEQUENCE},
	{&o.max_length, "--max-length", SEQUENCE},
	{&o.format, "--format", SCORE | NEXT | SEQUENCE}, {&o.outputs_only, "--outputs-only", SCORE | NEXT | SEQUENCE},
	{&o.any_recipe, "--any-recipe", SCORE | NEXT | SEQUENCE}, {&o.bad, "--bad", SCORE | NEXT | SEQUENCE},
	{&o.batch, "--batch", SCORE | NEXT | SEQUENCE}, {&o.latency, "--latency", SCORE | NEXT | SEQUENCE},
	{&o.provenance, "--provenance", SCORE | NEXT | SEQUENCE},
};

/* What one run holds. */
struct work {
	const struct lep_operands *ops;
	struct lep_output *out;
	struct lep_model model;
	struct lep_threads *pool;
	struct lep_reader *reader;
	struct lep_inferer *inferer;
	struct lep_infer_batch *batch;
	struct lep_writer *writer;
	struct lep_answers answers;
	struct lep_infer_make make;
	struct lep_buf text;
	int64_t since;   /* when the oldest record that waits came, in ms */
	struct lep_progress progress;
};

static int is_stdin(const char *path)
{
	return !path || strcmp(path, "-") == 0;
}

static const char *stream_of(const struct lep_operands *ops)
{
	return ops->n ? ops->name[0] : NULL;
}

static int check_uses(const struct lep_operands *ops, unsigned mode, struct lep_error *e)
{
	const char *when = mode == SCORE ? "without --generate" : mode == PROMPT ? "with --prompt" :
		mode == NEXT ? "where a text goes on" : "where a sequence is made of another";

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (!(uses[i].where & mode) && lep_option_given(ops, uses[i].to))
			return lep_fail(e, LEP_ERR_USAGE, "%s has no effect %s", uses[i].name, when);
	return 0;
}

/* Options of text to be made that contradict each other. */
static int take_make_options(const struct lep_operands *ops, struct lep_error *e)
{
	if (o.stop && !*o.stop)
		return lep_fail(e, LEP_ERR_USAGE, "--stop: an empty text");
	if (o.prompt && !*o.prompt)
		return lep_fail(e, LEP_ERR_USAGE, "--prompt: an empty text: the model needs something to go on from");
	if (o.prompt && ops->n)
		return lep_fail(e, LEP_ERR_USAGE, "a prompt and a stream: one of them is enough");
	if (o.temperature <= 0 && (o.top_k || o.top_p < 1 || lep_option_given(ops, &o.seed)))
		return lep_fail(e, LEP_ERR_USAGE, "--temperature 0 draws nothing: no --top-k, --top-p, --seed");
	if (o.beam == 1 && lep_option_given(ops, &o.penalty))
		return lep_fail(e, LEP_ERR_USAGE, "--length-penalty is about --beam of more than 1");
	return o.prompt ? check_uses(ops, PROMPT, e) : 0;
}

static int take_options(const struct lep_operands *ops, struct lep_error *e)
{
	int status;

	if (!o.model)
		return lep_fail(e, LEP_ERR_USAGE, "no model: -m names it");
	if (ops->n > 1)
		return lep_fail(e, LEP_ERR_USAGE, "one stream at most, not %zu", ops->n);
	status = o.generate ? take_make_options(ops, e) : check_uses(ops, SCORE, e);
	if (status || o.prompt)
		return status;
	if (is_stdin(o.model) && is_stdin(stream_of(ops)))
		return lep_fail(e, LEP_ERR_USAGE, "model and stream cannot both be standard input");
	if (o.format != FORMAT_LEPT && o.outputs_only)
		return lep_fail(e, LEP_ERR_USAGE, "--outputs-only is about --format lept; text has nothing else");
	status = o.format == FORMAT_LEPT ? lep_cli_check_output(o.output, o.force, e) : 0;
	return status ? status : lep_cli_check_input(stream_of(ops), o.force, e);
}

/* Foreign bytes are read from the model and the stream only. */
static void drop_rights(const struct lep_operands *ops)
{
	char *folder = is_stdin(o.output) ? NULL : lep_sandbox_folder(o.output);
	const char *write[1] = {folder}, *read[2] = {o.model, stream_of(ops)};
	char text[LEP_SANDBOX_NOTE];

	lep_sandbox(read, ops->n ? 2 : 1, write, folder != NULL, text);
	lep_explain(1, "%s", text);
	lep_free(folder);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The reader is about to wait: so that no record is held up, what is here is
 * run and handed over, or, for --latency, a while from now. */
static int before_wait(void *ctx, struct lep_error *e)
{
	struct work *w = ctx;
	int64_t left;
	int status;

	if (!w->batch)
		return 0;
	left = w->since + o.latency - now();
	if (lep_infer_batch_waiting(w->batch) && left > 0 && left <= o.latency)
		return (int)left;
	status = lep_infer_batch_run(w->batch, e);
	return status ? status : lep_output_flush(w->out, e);
}

static int emit(void *ctx, const struct lep_frame *frame, struct lep_error *e)
{
	struct work *w = ctx;

	if (w->writer)
		return lep_writer_frame(w->writer, frame, e);
	lep_buf_clear(&w->text);
	lep_answers_add(&w->answers, &w->text, frame);
	return w->text.failed ? lep_fail_nomem(e, 0) : lep_output_write(w->out, w->text.data, w->text.len, e);
}

static void note(void *ctx, const char *text)
{
	(void)ctx;
	lep_warn("%s: %s", text, o.bad == LEP_BAD_SKIP ? "left out" : "kept as bad");
}

static int load(struct work *w, struct lep_error *e)
{
	const struct lep_kernels *k = lep_kernels_select(lep_cli_isa(), e);
	struct lep_reader_options how = {.before_wait = before_wait, .ctx = w, .force_terminal = o.force};
	int threads = lep_cli_threads(o.threads, e), most = o.generate ? (int)o.batch : (int)((o.batch + 3) / 4);
	int status = k ? 0 : e->status;

	if (!status && threads < 0)
		status = threads;
	if (!status)
		status = lep_model_load(&w->model, o.model, k, e);
	/* A thread for less than four records of a batch is not worth it. */
	if (!status)
		status = lep_threads_new(&w->pool, threads < most ? threads : most, e);
	return status || o.prompt ? status : lep_reader_open(&w->reader, stream_of(w->ops), &how, e);
}

/* How text is made; of what, the model decides. */
static int prepare_make(struct work *w, struct lep_error *e)
{
	int is_next = lep_net_aim(w->model.net) == LEP_AIM_NEXT;

	w->make = (struct lep_infer_make){
		.next = {.length = (size_t)o.length, .context = (size_t)o.context, .temperature = o.temperature,
			.top_k = (size_t)o.top_k, .top_p = o.top_p, .seed = o.seed, .stop = o.stop},
		.width = (size_t)o.beam, .penalty = o.penalty, .most = (size_t)o.max_length,
	};
	if (!is_next && (o.prompt || lep_net_aim(w->model.net) != LEP_AIM_SEQUENCE))
		return lep_fail(e, LEP_ERR_USAGE, "--generate: '%s' learnt to make no text%s", o.model,
			o.prompt ? " that goes on" : "");
	/* A text takes long: each goes out when it is done. */
	if (is_next && !lep_option_given(w->ops, &o.batch))
		o.batch = lep_threads_count(w->pool);
	return o.prompt ? 0 : check_uses(w->ops, is_next ? NEXT : SEQUENCE, e);
}

/* What goes out, as far as HEAD and the options decide it. */
static int prepare(struct work *w, struct lep_error *e)
{
	static const enum lep_infer_bad bad[] = {
		[LEP_BAD_FAIL] = LEP_INFER_FAIL, [LEP_BAD_SKIP] = LEP_INFER_SKIP, [LEP_BAD_KEEP] = LEP_INFER_KEEP,
	};
	const struct lep_infer_options how = {
		.layer = o.layer.item, .nlayer = o.layer.n, .top = o.top, .threshold = o.threshold,
		.window = (size_t)o.window,
		.any_recipe = o.any_recipe, .make = o.generate ? &w->make : NULL,
	};
	const struct lep_infer_batch_options collect = {
		.records = (size_t)o.batch, .outputs_only = o.outputs_only || o.format != FORMAT_LEPT,
		.bad = bad[o.bad], .emit = emit, .note = note, .ctx = w,
	};
	const struct lep_head *data = lep_reader_head(w->reader);
	const char *name = lep_reader_name(w->reader);
	struct lep_buf line = {0};
	struct lep_head *head;
	int status = lep_inferer_new(&w->inferer, &w->model, w->pool, data, name, &how, e);

	if (!status)
		status = lep_infer_batch_new(&w->batch, w->inferer, data, name, &collect, e);
	if (status)
		return status;
	head = lep_infer_batch_head(w->batch);
	if (o.format != FORMAT_LEPT) {
		status = lep_answers_init(&w->answers, (enum lep_answers_format)(o.format - FORMAT_TSV), w->inferer, head, e);
		if (!status)
			lep_answers_head(&w->answers, &w->text);
		return status || !w->text.len ? status : lep_output_write(w->out, w->text.data, w->text.len, e);
	}
	lep_provenance(w->ops, (enum lep_provenance_mode)o.provenance, &line);
	if (line.failed)
		status = lep_fail_nomem(e, 0);
	else if (line.len)
		status = lep_head_note(head, "provenance", line.data, e);
	lep_buf_release(&line);
	return status ? status : lep_writer_new(&w->writer, w->out, head, e);
}

static int pump(struct work *w, struct lep_error *e)
{
	struct lep_frame frame;
	int status, last;

	lep_progress_start(&w->progress, program.name, 0);
	while ((status = lep_reader_next(w->reader, &frame, e)) > 0) {
		if (!lep_infer_batch_waiting(w->batch) && o.latency)
			w->since = now();
		status = lep_infer_batch_add(w->batch, &frame, e);
		if (status)
			break;
		if (lep_progress_due(&w->progress))
			lep_progress_show(&w->progress, lep_infer_batch_counts(w->batch)->records, "%s", "");
	}
	lep_progress_end(&w->progress);
	/* What arrived before a damaged place goes out; the first cause stays. */
	if (status != LEP_ERR_SIGNAL && lep_infer_batch_waiting(w->batch)) {
		last = lep_infer_batch_run(w->batch, status ? NULL : e);
		status = status ? status : last;
	}
	if (!status && w->writer)
		status = lep_writer_end(w->writer, e);
	return status;
}

/* A prompt's text, as it is made. */
static int go_on(struct work *w, struct lep_error *e)
{
	lep_net_prepare(w->model.net, w->pool, 0);
	return lep_generate_print(w->out, &w->model, &w->make.next, o.prompt, o.echo, e);
}

static void report(const struct work *w)
{
	const struct lep_infer_counts *n = lep_infer_batch_counts(w->batch);
	unsigned long long lost = n->failed + (o.bad == LEP_BAD_SKIP ? n->bad : 0);

	if (lost)
		lep_warn("%llu of %llu records %s", lost, (unsigned long long)n->records,
			o.bad == LEP_BAD_SKIP ? "left out" : "kept as bad");
	if (n->cut && !o.max_length)
		lep_warn("%llu of %llu sequences end for their length, see --max-length", (unsigned long long)n->cut,
			(unsigned long long)n->records);
	lep_explain(1, "%llu records, %llu of them came as bad ones", (unsigned long long)n->records,
		(unsigned long long)n->bad);
}

/* The output of a failed run: a stream says why it ends. */
static void let_down(struct work *w, struct lep_error *e)
{
	const char *cause = lep_abort_cause(e);
	char text[LEP_ERROR_MAX + 64];

	snprintf(text, sizeof(text), "%s: %s", program.name, e->text);
	if (o.format == FORMAT_LEPT && !o.prompt)
		lep_writer_abort(w->writer, w->out, cause ? cause : text);
	else
		(void)!lep_output_flush(w->out, NULL);
}

static int run(const struct lep_operands *ops, struct lep_error *e)
{
	struct work w = {.ops = ops};
	int status = take_options(ops, e);

	if (!status)
		status = lep_output_open(&w.out, o.output, e);
	if (!status) {
		drop_rights(ops);
		status = load(&w, e);
	}
	if (!status && o.generate)
		status = prepare_make(&w, e);
	if (!status && o.prompt)
		status = go_on(&w, e);
	else if (!status && !(status = prepare(&w, e)))
		status = pump(&w, e);
	if (!status)
		status = lep_output_commit(w.out, e);
	else if (w.out)
		let_down(&w, e);
	if (!status && !o.prompt)
		report(&w);
	lep_writer_free(w.writer);
	lep_answers_release(&w.answers);
	lep_buf_release(&w.text);
	lep_infer_batch_free(w.batch);
	lep_inferer_free(w.inferer);
	lep_reader_close(w.reader);
	lep_threads_free(w.pool);
	lep_model_release(&w.model);
	lep_output_free(w.out);
	return status;
}

int main(int argc, char **argv)
{
	struct lep_operands ops;
	struct lep_error e = {0};
	int status = lep_cli_start(&program, argc, argv, &ops);

	if (status >= 0)
		return status;
	status = run(&ops, &e);
	lep_operands_release(&ops);
	return lep_cli_end(status, &e);
}
