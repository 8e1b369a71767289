/* lep-plot: pictures of what a stream holds. */
#include <stdio.h>
#include <string.h>

#include "base/output.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/sandbox.h"
#include "data/image.h"
#include "plot/gather.h"
#include "stream/reader.h"

static struct {
	int wrong, shuffle, force, quiet, verbose;
	const char *picture, *prediction, *target, *output;
	int64_t rows, columns;
	uint64_t seed;
} o = {.rows = 5, .columns = 5};

static const struct lep_option options[] = {
	LEP_INT(0, "rows", "N", &o.rows, 1, LEP_PREDICTIONS_MAX, 0, "N rows of pictures (default 5)"),
	LEP_INT(0, "columns", "N", &o.columns, 1, LEP_PREDICTIONS_MAX, 0, "N columns of pictures (default 5)"),
	LEP_FLAG(0, "wrong", &o.wrong, 0, "only pictures whose prediction is wrong"),
	LEP_FLAG(0, "shuffle", &o.shuffle, 0, "pictures from all of the stream, in random order, instead of the first"),
	LEP_OPTION_SEED(&o.seed),
	LEP_TEXT(0, "picture", "NAME", &o.picture, 0, "the field of the pictures (default: the first input that is one)"),
	LEP_TEXT(0, "prediction", "NAME", &o.prediction, 0, "the field of the classes given (default: class)"),
	LEP_TEXT(0, "target", "NAME", &o.target, 0, "the field of the right classes (default: the one with role target)"),
	LEP_OPTION_OUTPUT(&o.output),
	LEP_OPTION_FORCE(&o.force),
	LEP_OPTION_QUIET(&o.quiet),
	LEP_OPTION_VERBOSE(&o.verbose),
};

static const char *const usage[] = {"predictions [options] [STREAM]", NULL};
static const char *const words[] = {"predictions", NULL};

static const struct lep_program program = {
	.name = "lep-plot",
	.summary = "draw what a tensor stream holds, as a PNG picture",
	.usage = usage,
	.words = words,
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.example = "lep-infer -m digits.lepm test.lept | lep-plot predictions -o predictions.png",
};

/* What one run holds. */
struct work {
	const char *stream;
	struct lep_output *out;
	struct lep_reader *reader;
	struct lep_gather *gather;
	struct lep_canvas canvas;
	struct lep_buf png;
	struct lep_progress progress;
};

static int take_operands(const struct lep_operands *ops, struct work *w, struct lep_error *e)
{
	int status;

	if (!ops->n)
		return lep_fail(e, LEP_ERR_USAGE, "what is to be drawn? predictions");
	if (strcmp(ops->name[0], words[0]) != 0)
		return lep_fail(e, LEP_ERR_USAGE, "'%s' cannot be drawn, only predictions", ops->name[0]);
	if (ops->n > 2)
		return lep_fail(e, LEP_ERR_USAGE, "one stream at most, not %zu", ops->n - 1);
	if (lep_option_given(ops, &o.seed) && !o.shuffle)
		return lep_fail(e, LEP_ERR_USAGE, "--seed is about --shuffle, which is not given");
	w->stream = ops->n > 1 ? ops->name[1] : NULL;
	status = lep_cli_check_output(o.output, o.force, e);
	return status ? status : lep_cli_check_input(w->stream, o.force, e);
}

/* Foreign bytes are read from the operand or standard input only. */
static void drop_rights(const struct work *w)
{
	char *folder = o.output && strcmp(o.output, "-") != 0 ? lep_sandbox_folder(o.output) : NULL;
	const char *write[1] = {folder};
	char text[LEP_SANDBOX_NOTE];

	lep_sandbox(&w->stream, w->stream != NULL, write, folder != NULL, text);
	lep_explain(1, "%s", text);
	lep_free(folder);
}

/* The picture is made of a whole stream or not at all. */
static int gather(struct work *w, struct lep_error *e)
{
	const struct lep_gather_options how = {
		.picture = o.picture, .answer = o.prediction, .target = o.target,
		.count = (size_t)(o.rows * o.columns), .wrong = o.wrong, .shuffle = o.shuffle, .seed = o.seed,
	};
	const char *name = lep_reader_name(w->reader);
	struct lep_frame frame;
	int status = lep_gather_new(&w->gather, lep_reader_head(w->reader), &how, e);

	if (status)
		return lep_fail_at(e, "%s", name);
	lep_progress_start(&w->progress, program.name, 0);
	while ((status = lep_reader_next(w->reader, &frame, e)) > 0) {
		status = lep_gather_add(w->gather, &frame, e);
		if (status) {
			lep_fail_at(e, "%s", name);
			break;
		}
		if (lep_progress_due(&w->progress))
			lep_progress_show(&w->progress, lep_reader_records(w->reader), "%s", "");
	}
	lep_progress_end(&w->progress);
	return status;
}

static int draw(struct work *w, struct lep_error *e)
{
	const struct lep_gather_counts *n = lep_gather_counts(w->gather);
	const char *name = lep_reader_name(w->reader);
	const struct lep_prediction *cells;
	size_t count;
	int status;

	cells = lep_gather_cells(w->gather, &count);
	if (!count && o.wrong && n->records > n->bad)
		return lep_fail(e, LEP_ERR_DATA, "%s: none of %llu predictions is wrong: nothing to draw", name,
			(unsigned long long)(n->records - n->bad));
	if (!count)
		return lep_fail(e, LEP_ERR_DATA, "%s: no good record: nothing to draw", name);
	status = lep_predictions_draw(&w->canvas, cells, count, (int)o.rows, (int)o.columns, e);
	if (!status)
		status = lep_png_write(&w->png, w->canvas.pixels, w->canvas.width, w->canvas.height, 3, e);
	if (!status)
		status = lep_output_write(w->out, w->png.data, w->png.len, e);
	if (!status)
		status = lep_output_commit(w->out, e);
	if (!status)
		lep_explain(1, "%zu of %llu records drawn; %llu are wrong, %llu bad", count,
			(unsigned long long)n->records, (unsigned long long)n->wrong, (unsigned long long)n->bad);
	return status;
}

static int run(const struct lep_operands *ops, struct lep_error *e)
{
	struct lep_reader_options how = {.force_terminal = o.force};
	struct work w = {0};
	int status = take_operands(ops, &w, e);

	if (!status)
		status = lep_output_open(&w.out, o.output, e);
	if (!status) {
		drop_rights(&w);
		status = lep_reader_open(&w.reader, w.stream, &how, e);
	}
	if (!status)
		status = gather(&w, e);
	if (!status)
		status = draw(&w, e);
	lep_gather_free(w.gather);
	lep_reader_close(w.reader);
	lep_canvas_release(&w.canvas);
	lep_buf_release(&w.png);
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
