/* lep-eval: metrics of a stream that holds outputs beside targets, and a verdict. */
#include <stdio.h>
#include <string.h>

#include "base/output.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/sandbox.h"
#include "eval/report.h"
#include "eval/require.h"
#include "stream/reader.h"

enum { BAD_WRONG, BAD_SKIP };
static const char *const bads[] = {"wrong", "skip", NULL};

static struct {
	int bad, json, confusion, per_class, force, quiet, verbose;
	const char *target, *prediction, *output;
	struct lep_list require;
	int64_t top;
} o;

static const struct lep_option options[] = {
	LEP_LIST(0, "require", "EXPR", &o.require, 0, "exit 3 unless EXPR holds, as in 'accuracy>=0.98' or 'recall[cat]>0.9'; may be repeated"),
	LEP_OPTION_JSON(&o.json),
	LEP_INT(0, "top", "K", &o.top, 1, LEP_TOP_MAX, 0, "also how often the true class is among the K most probable"),
	LEP_FLAG(0, "confusion", &o.confusion, 0, "print the confusion matrix however many classes there are"),
	LEP_FLAG(0, "per-class", &o.per_class, 0, "print a line a class, or an output, however many there are"),
	LEP_TEXT(0, "target", "NAME", &o.target, 0, "the field of the right answers (default: the one with role target)"),
	LEP_TEXT(0, "prediction", "NAME", &o.prediction, 0, "the field of the answers given (default: class, probability or prediction)"),
	LEP_CHOICE(0, "bad", bads, &o.bad, 0, "bad records count as wrong, or are left out"),
	LEP_OPTION_OUTPUT(&o.output),
	LEP_OPTION_FORCE(&o.force),
	LEP_FLAG('q', "quiet", &o.quiet, 0, "no metrics, only the verdict"),
	LEP_OPTION_VERBOSE(&o.verbose),
};

static const char *const usage[] = {"[options] [STREAM]", NULL};

static const struct lep_program program = {
	.name = "lep-eval",
	.summary = "score the outputs of a tensor stream against its targets",
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

static int take_options(const struct lep_operands *ops, struct work *w, struct lep_error *e)
{
	if (ops->n > 1)
		return lep_fail(e, LEP_ERR_USAGE, "one stream at most, not %zu", ops->n);
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
	return lep_cli_check_input(ops->n ? ops->name[0] : NULL, o.force, e);
}

/* Foreign bytes are read from the operand or standard input only. */
static void drop_rights(const struct lep_operands *ops)
{
	char *folder = o.output && strcmp(o.output, "-") != 0 ? lep_sandbox_folder(o.output) : NULL;
	const char *write[1] = {folder};
	char text[LEP_SANDBOX_NOTE];

	lep_sandbox(ops->n ? ops->name : write, ops->n, write, folder != NULL, text);
	lep_explain(1, "%s", text);
	lep_free(folder);
}

/* Everything that can be judged by HEAD alone. */
static int bind(struct work *w, struct lep_error *e)
{
	struct lep_score_options how = {
		.target = o.target,
		.output = o.prediction,
		.skip_bad = o.bad == BAD_SKIP,
		.confusion = o.confusion,
		.rank = w->ntop > 0,
	};
	int status = lep_score_init(&w->score, lep_reader_head(w->reader), &how, e);

	if (status)
		return lep_fail_at(e, "%s", lep_reader_name(w->reader));
	for (size_t i = 0; !status && i < o.require.n; i++)
		status = lep_requirement_bind(&w->requirement[i], &w->score, e);
	if (!status && o.top && !w->score.has_probability)
		status = lep_fail(e, LEP_ERR_USAGE, "--top: the stream has no probabilities");
	return status;
}

static int score(struct work *w, struct lep_error *e)
{
	struct lep_frame frame;
	int status;

	lep_progress_start(&w->progress, program.name, 0);
	while ((status = lep_reader_next(w->reader, &frame, e)) > 0) {
		status = lep_score_add(&w->score, &frame, e);
		if (status) {
			lep_fail_at(e, "%s", lep_reader_name(w->reader));
			break;
		}
		if (lep_progress_due(&w->progress))
			lep_progress_show(&w->progress, lep_reader_records(w->reader), "%s", "");
	}
	lep_progress_end(&w->progress);
	if (!status && (status = lep_score_end(&w->score, e)))
		lep_fail_at(e, "%s", lep_reader_name(w->reader));
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

static int run(const struct lep_operands *ops, struct lep_error *e)
{
	struct lep_reader_options how = {.force_terminal = o.force};
	struct work w = {0};
	int status = take_options(ops, &w, e);

	if (!status)
		status = lep_output_open(&w.out, o.output, e);
	if (!status) {
		drop_rights(ops);
		status = lep_reader_open(&w.reader, ops->n ? ops->name[0] : NULL, &how, e);
	}
	if (!status)
		status = bind(&w, e);
	if (!status)
		status = score(&w, e);
	if (!status)
		status = print(&w, e);
	if (!status)
		status = judge(&w, e);
	lep_score_release(&w.score);
	lep_reader_close(w.reader);
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
