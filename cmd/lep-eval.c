/* lep-eval: metrics of a stream that holds outputs beside targets, or of lines of text
 * beside a reference, and a verdict. */
#include <stdio.h>
#include <string.h>

#include "base/output.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/sandbox.h"
#include "eval/pairs.h"
#include "eval/report.h"
#include "eval/require.h"
#include "stream/reader.h"

enum { BAD_WRONG, BAD_SKIP };
static const char *const bads[] = {"wrong", "skip", NULL};

static struct {
	int bad, json, confusion, per_class, force, quiet, verbose, tokenize;
	const char *target, *prediction, *output, *reference;
	struct lep_list require;
	int64_t top, resamples;
	uint64_t seed;
} o = {.resamples = 1000};

static const struct lep_option options[] = {
	LEP_LIST(0, "require", "EXPR", &o.require, 0, "exit 3 unless EXPR holds, as in 'accuracy>=0.98' or 'recall[cat]>0.9'; may be repeated"),
	LEP_OPTION_JSON(&o.json),
	LEP_INT(0, "top", "K", &o.top, 1, LEP_TOP_MAX, 0, "also how often the true class is among the K most probable"),
	LEP_FLAG(0, "confusion", &o.confusion, 0, "print the confusion matrix however many classes there are"),
	LEP_FLAG(0, "per-class", &o.per_class, 0, "print a line a class, or an output, however many there are"),
	LEP_TEXT(0, "target", "NAME", &o.target, 0, "the field of the right answers (default: the one with role target)"),
	LEP_TEXT(0, "prediction", "NAME", &o.prediction, 0, "the field of the answers given (default: class, probability or prediction)"),
	LEP_TEXT(0, "reference", "FILE", &o.reference, LEP_OPT_FILE, "score lines of text against the lines of FILE"),
	LEP_CHOICE(0, "tokenize", lep_tokenizer_names, &o.tokenize, 0, "tokens of text are what stands between blanks (none), or as sacreBLEU's 13a cuts them"),
	LEP_INT(0, "resamples", "N", &o.resamples, 0, 1000000, 0, "resample text or language models N times for the intervals (default: 1000)"),
	LEP_OPTION_SEED(&o.seed),
	LEP_CHOICE(0, "bad", bads, &o.bad, 0, "bad records count as wrong, or are left out"),
	LEP_OPTION_OUTPUT(&o.output),
	LEP_OPTION_FORCE(&o.force),
	LEP_FLAG('q', "quiet", &o.quiet, 0, "no metrics, only the verdict"),
	LEP_OPTION_VERBOSE(&o.verbose),
};

static const char *const usage[] = {"[options] [STREAM]", "[options] --reference FILE [TEXT]", NULL};

static const struct lep_program program = {
	.name = "lep-eval",
	.summary = "score the outputs of a tensor stream, or text, against what is right",
	.usage = usage,
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.example = "lep-infer -m digits.lepm test.lept | lep-eval --require 'accuracy>=0.98'",
};

/* What one run holds. */
struct work {
	struct lep_requirement *requirement;  /* one for each of o.require */
	int64_t *top;                         /* every K that is asked for, once */
	size_t ntop;
	struct lep_reader *reader;
	struct lep_pairs pairs;               /* of lines, instead of the reader */
	struct lep_output *out;
	struct lep_score score;
	struct lep_progress progress;
};

static void want_top(struct work *w, int64_t k)
{
	for (size_t i = 0; i < w->ntop; i++)
		if (w->top[i] == k)
			return;
	w->top[w->ntop++] = k;
}

/* Options that mean something for some kinds of score only. */
static const struct {
	const char *name;
	const void *to;
	unsigned kinds;  /* of enum lep_metric_use */
	int stream;      /* ... and of streams, not of lines */
} special[] = {
	{"top", &o.top, LEP_USE_CLASSES, 1},
	{"confusion", &o.confusion, LEP_USE_CLASSES, 1},
	{"per-class", &o.per_class, LEP_USE_CLASSES | LEP_USE_NUMBERS, 1},
	{"target", &o.target, ~0u, 1},
	{"prediction", &o.prediction, ~0u, 1},
	{"bad", &o.bad, ~0u, 1},
	{"force", &o.force, ~0u, 1},
	{"tokenize", &o.tokenize, LEP_USE_TEXT, 0},
	{"resamples", &o.resamples, LEP_USE_TEXT | LEP_USE_LANGUAGE, 0},
	{"seed", &o.seed, LEP_USE_TEXT | LEP_USE_LANGUAGE, 0},
};
#define NSPECIAL (sizeof(special) / sizeof(special[0]))

static int take_options(const struct lep_operands *ops, struct work *w, struct lep_error *e)
{
	const char *file = ops->n ? ops->name[0] : "-";

	if (ops->n > 1)
		return lep_fail(e, LEP_ERR_USAGE, "one %s at most, not %zu", o.reference ? "text" : "stream", ops->n);
	if (o.reference && !strcmp(o.reference, "-") && !strcmp(file, "-"))
		return lep_fail(e, LEP_ERR_USAGE, "standard input is reference and text at once");
	for (size_t i = 0; o.reference && i < NSPECIAL; i++)
		if (special[i].stream && lep_option_given(ops, special[i].to))
			return lep_fail(e, LEP_ERR_USAGE, "--%s has no meaning beside --reference", special[i].name);
	w->requirement = lep_alloc(o.require.n, sizeof(*w->requirement));
	w->top = lep_alloc(o.require.n + 1, sizeof(*w->top));
	if (!w->requirement || !w->top)
		return lep_fail_nomem(e, 0);
	if (o.top)
		want_top(w, o.top);
	for (size_t i = 0; i < o.require.n; i++) {
		int status = lep_requirement_parse(&w->requirement[i], o.require.item[i], e);

		if (status)
			return status;
		if (w->requirement[i].metric == LEP_METRIC_TOP)
			want_top(w, w->requirement[i].of);
	}
	return o.reference ? 0 : lep_cli_check_input(file, o.force, e);
}

/* Foreign bytes are read from the operand, the reference or standard input only. */
static void drop_rights(const struct lep_operands *ops)
{
	char *folder = o.output && strcmp(o.output, "-") != 0 ? lep_sandbox_folder(o.output) : NULL;
	const char *write[1] = {folder}, *read[2] = {NULL, NULL};
	size_t n = 0;
	char text[LEP_SANDBOX_NOTE];

	if (ops->n)
		read[n++] = ops->name[0];
	if (o.reference)
		read[n++] = o.reference;
	lep_sandbox(read, n, write, folder != NULL, text);
	lep_explain(1, "%s", text);
	lep_free(folder);
}

/* Everything that can be judged by HEAD alone; of lines there is none. */
static int bind(const struct lep_operands *ops, struct work *w, struct lep_error *e)
{
	struct lep_score_options how = {
		.target = o.target,
		.output = o.prediction,
		.skip_bad = o.bad == BAD_SKIP,
		.confusion = o.confusion,
		.rank = w->ntop > 0,
		.tokenizer = (enum lep_tokenizer)o.tokenize,
		.resamples = (uint64_t)o.resamples,
		.seed = o.seed,
	};
	int status = o.reference ? lep_score_init_text(&w->score, &how, e) :
		lep_score_init(&w->score, lep_reader_head(w->reader), &how, e);

	if (status)
		return o.reference ? status : lep_fail_at(e, "%s", lep_reader_name(w->reader));
	for (size_t i = 0; !status && i < o.require.n; i++)
		status = lep_requirement_bind(&w->requirement[i], &w->score, e);
	for (size_t i = 0; !status && i < NSPECIAL; i++)
		if (lep_option_given(ops, special[i].to) && !(special[i].kinds >> w->score.kind & 1))
			status = lep_fail(e, LEP_ERR_USAGE, "--%s has no meaning for %s", special[i].name,
				lep_score_kind_name(w->score.kind));
	if (!status && o.top && !w->score.has_probability)
		status = lep_fail(e, LEP_ERR_USAGE, "--top: the stream has no probabilities");
	return status;
}

static int score_stream(struct work *w, struct lep_error *e)
{
	struct lep_frame frame;
	int status;

	while ((status = lep_reader_next(w->reader, &frame, e)) > 0) {
		status = lep_score_add(&w->score, &frame, e);
		if (status)
			return lep_fail_at(e, "%s", lep_reader_name(w->reader));
		if (lep_progress_due(&w->progress))
			lep_progress_show(&w->progress, lep_reader_records(w->reader), "%s", "");
	}
	return status;
}

static int score_lines(struct work *w, struct lep_error *e)
{
	int status;

	while ((status = lep_pairs_next(&w->pairs, &w->score, e)) > 0)
		if (lep_progress_due(&w->progress))
			lep_progress_show(&w->progress, w->pairs.lines, "%s", "");
	return status;
}

static int score(struct work *w, struct lep_error *e)
{
	int status;

	lep_progress_start(&w->progress, program.name, 0);
	status = o.reference ? score_lines(w, e) : score_stream(w, e);
	lep_progress_end(&w->progress);
	if (!status && (status = lep_score_end(&w->score, e)))
		lep_fail_at(e, "%s", o.reference ? w->pairs.name[1] : lep_reader_name(w->reader));
	return status;
}

static int print(struct work *w, struct lep_error *e)
{
	struct lep_report_options how = {
		.top = w->top, .ntop = w->ntop, .confusion = o.confusion, .per_class = o.per_class,
	};
	struct lep_buf text = {0};
	int status = 0;

	if (!o.quiet) {
		(o.json ? lep_report_json : lep_report_table)(&text, &w->score, &how);
		status = text.failed ? lep_fail_nomem(e, 0) : lep_output_write(w->out, text.data, text.len, e);
	}
	lep_buf_release(&text);
	return status ? status : lep_output_commit(w->out, e);
}

/* LEP_ERR_UNMET with all that fell short in one line. */
static int judge(struct work *w, struct lep_error *e)
{
	struct lep_buf why = {0};
	int status = 0;

	for (size_t i = 0; i < o.require.n; i++) {
		const struct lep_requirement *r = &w->requirement[i];

		if (lep_requirement_met(r, &w->score, NULL))
			continue;
		lep_buf_adds(&why, status ? "; " : "");
		lep_requirement_met(r, &w->score, &why);
		status = LEP_ERR_UNMET;
	}
	if (status)
		lep_fail(e, status, "requirement not met: %s", why.failed ? "out of memory" : why.data);
	lep_buf_release(&why);
	return status;
}

static int open_input(const struct lep_operands *ops, struct work *w, struct lep_error *e)
{
	struct lep_reader_options how = {.force_terminal = o.force};
	const char *file = ops->n ? ops->name[0] : NULL;

	return o.reference ? lep_pairs_open(&w->pairs, o.reference, file, e) :
		lep_reader_open(&w->reader, file, &how, e);
}

static int run(const struct lep_operands *ops, struct lep_error *e)
{
	struct work w = {0};
	int status = take_options(ops, &w, e);

	if (!status)
		status = lep_output_open(&w.out, o.output, e);
	if (!status) {
		drop_rights(ops);
		status = open_input(ops, &w, e);
	}
	if (!status)
		status = bind(ops, &w, e);
	if (!status)
		status = score(&w, e);
	if (!status)
		status = print(&w, e);
	if (!status)
		status = judge(&w, e);
	lep_score_release(&w.score);
	lep_reader_close(w.reader);
	lep_pairs_close(&w.pairs);
	lep_output_free(w.out);
	lep_free(w.requirement);
	lep_free(w.top);
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
