/* lep-preprocess: pictures from folders, archives and lists to a tensor stream. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/sandbox.h"
#include "data/bytes.h"
#include "data/prepare.h"
#include "stream/reader.h"
#include "stream/writer.h"

static const char *const dtypes[] = {"u8", "f32", NULL};
static const char *const fits[] = {"stretch", "crop", "pad", NULL};
static const char *const unknowns[] = {"fail", "skip", "none", NULL};

static struct {
	int gray, rgb, fit, dtype, unknown, no_labels, bad, null, provenance, force, quiet, verbose;
	const char *size, *background, *scale, *classes, *classes_from, *like;
	const char *list, *manifest, *columns, *labels, *output;
	int64_t pack, threads;
	uint64_t spool_limit;
} o = {.pack = 1, .spool_limit = (uint64_t)16 << 20};

static const struct lep_option options[] = {
	LEP_FLAG(0, "gray", &o.gray, LEP_OPT_RESULT, "one channel (default: the first picture's channels)"),
	LEP_FLAG(0, "rgb", &o.rgb, LEP_OPT_RESULT, "three channels: red, green, blue"),
	LEP_TEXT(0, "size", "WxH", &o.size, LEP_OPT_RESULT, "resize to W x H pixels (default: all have the first picture's size)"),
	LEP_CHOICE(0, "fit", fits, &o.fit, LEP_OPT_RESULT, "how a picture of other proportions is resized"),
	LEP_TEXT(0, "background", "COLOUR", &o.background, LEP_OPT_RESULT, "behind transparency and padding: R,G,B, #rrggbb, black, white, gray"),
	LEP_TEXT(0, "scale", "SCALE", &o.scale, LEP_OPT_RESULT, "unit (value / 255), none, measure, or MEAN,...:DEVIATION,..."),
	LEP_CHOICE(0, "dtype", dtypes, &o.dtype, LEP_OPT_RESULT, "u8: the network applies the scale; f32: it is applied here"),
	LEP_TEXT(0, "classes", "A,B,...", &o.classes, LEP_OPT_RESULT, "the classes (default: those found by a first pass)"),
	LEP_TEXT(0, "classes-from", "FILE", &o.classes_from, LEP_OPT_FILE, "the classes, one a line"),
	LEP_CHOICE(0, "unknown", unknowns, &o.unknown, LEP_OPT_RESULT, "what to do with a sample of another class; none: keep it without a label"),
	LEP_FLAG(0, "no-labels", &o.no_labels, LEP_OPT_RESULT, "leave classes out"),
	LEP_OPTION_LIKE(&o.like),
	LEP_OPTION_BAD(&o.bad),
	LEP_INT(0, "pack", "N", &o.pack, 1, 1 << 20, LEP_OPT_RESULT, "N records in a frame"),
	LEP_TEXT(0, "files-from", "FILE", &o.list, LEP_OPT_FILE, "read names of pictures from FILE, one a line; - is standard input"),
	LEP_FLAG('0', "null", &o.null, 0, "those names end in NUL"),
	LEP_TEXT(0, "manifest", "FILE", &o.manifest, LEP_OPT_FILE, "read names and labels from a CSV or TSV file"),
	LEP_TEXT(0, "columns", "FILE[,LABEL]", &o.columns, LEP_OPT_RESULT, "their columns there (default: file,label, else the first two)"),
	LEP_TEXT(0, "labels", "FILE", &o.labels, LEP_OPT_FILE, "the IDX file of labels for an IDX file of pictures"),
	LEP_SIZE(0, "spool-limit", &o.spool_limit, 0, "memory for input that is needed twice; the rest goes to a file in TMPDIR (default 16M)"),
	LEP_OPTION_OUTPUT(&o.output),
	LEP_OPTION_THREADS(&o.threads),
	LEP_OPTION_PROVENANCE(&o.provenance),
	LEP_OPTION_FORCE(&o.force),
	LEP_OPTION_QUIET(&o.quiet),
	LEP_OPTION_VERBOSE(&o.verbose),
};

static const char *const usage[] = {"[options] [FOLDER | ARCHIVE | PICTURE | IDX-FILE]...", NULL};

static const struct lep_program program = {
	.name = "lep-preprocess",
	.summary = "turn pictures into a tensor stream",
	.usage = usage,
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.example = "lep-preprocess --gray -o train.lept train/",
};

/* What one run holds; let_go releases it. */
struct work {
	struct lep_prepare prepare;
	struct lep_samples_options source;
	struct lep_table *classes;
	struct lep_reader *like;
	struct lep_output *out;
	struct lep_buf provenance, columns;
	struct lep_progress progress;
	int started; /* prepare_run says by itself why it failed */
};

/* Options that --like decides. */
static int check_like(const struct lep_operands *ops, struct lep_error *e)
{
	static const void *const decided[] = {
		&o.gray, &o.rgb, &o.size, &o.fit, &o.background, &o.scale, &o.dtype, &o.classes, &o.classes_from,
	};

	for (size_t i = 0; o.like && i < sizeof(decided) / sizeof(decided[0]); i++) {
		if (!lep_option_given(ops, decided[i]))
			continue;
		for (size_t k = 0; k < program.noptions; k++)
			if (options[k].to == decided[i])
				return lep_fail(e, LEP_ERR_USAGE, "--%s and --like exclude each other: the recipe of %s decides it",
					options[k].name, o.like);
	}
	return 0;
}

static int take_options(const struct lep_operands *ops, struct work *w, struct lep_error *e)
{
	struct lep_prepare *p = &w->prepare;
	int status = check_like(ops, e);

	if (!status && o.gray && o.rgb)
		status = lep_fail(e, LEP_ERR_USAGE, "--gray and --rgb exclude each other");
	if (!status && o.classes && o.classes_from)
		status = lep_fail(e, LEP_ERR_USAGE, "--classes and --classes-from exclude each other");
	if (!status && o.null && !o.list)
		status = lep_fail(e, LEP_ERR_USAGE, "-0 is about --files-from, which is not given");
	if (!status && o.columns && !o.manifest)
		status = lep_fail(e, LEP_ERR_USAGE, "--columns is about --manifest, which is not given");
	p->recipe = (struct lep_recipe){
		.kind = LEP_RECIPE_PICTURE,
		.channels = o.gray ? 1 : o.rgb ? 3 : 0,
		.fit = (enum lep_fit)o.fit,
		.rules = LEP_PICTURE_RULES,
		.scale = LEP_RECIPE_SCALE_UNIT,
	};
	if (!status && o.size)
		status = lep_recipe_parse_size(&p->recipe.width, &p->recipe.height, o.size, e);
	if (!status && o.background)
		status = lep_recipe_parse_colour(p->recipe.background, o.background, e);
	p->measure = o.scale && strcmp(o.scale, "measure") == 0;
	if (!status && o.scale && !p->measure)
		status = lep_recipe_parse_scale(&p->recipe, o.scale, e);
	if (!status && (p->threads = lep_cli_threads(o.threads, e)) < 0)
		status = p->threads;
	if (!status)
		status = lep_cli_check_output(o.output, o.force, e);
	if (!status && ((!ops->n && !o.list && !o.manifest) || (o.list && strcmp(o.list, "-") == 0)))
		status = lep_cli_check_input(NULL, o.force, e);
	lep_provenance(ops, (enum lep_provenance_mode)o.provenance, &w->provenance);
	p->provenance = w->provenance.len ? w->provenance.data : NULL;
	p->as_float = o.dtype;
	p->no_labels = o.no_labels;
	p->unknown = (enum lep_prepare_unknown)o.unknown;
	p->bad = (enum lep_prepare_bad)o.bad;
	p->pack = (size_t)o.pack;
	p->program = program.name;
	w->source = (struct lep_samples_options){
		.operand = ops->name, .noperand = ops->n, .list = o.list, .nul = o.null, .manifest = o.manifest,
		.labels = o.labels, .spool_limit = (size_t)o.spool_limit, .spill_fd = -1,
	};
	if (o.columns) {
		char *comma;

		lep_buf_adds(&w->columns, o.columns);
		comma = w->columns.data ? strchr(w->columns.data, ',') : NULL;
		if (comma)
			*comma = '\0';
		w->source.file_column = w->columns.data;
		w->source.label_column = comma ? comma + 1 : NULL;
	}
	return status;
}

static void note(void *ctx, const char *text)
{
	(void)ctx;
	lep_warn("%s: left out", text);
}

static void progress(void *ctx, uint64_t done)
{
	struct work *w = ctx;

	if (lep_progress_due(&w->progress))
		lep_progress_show(&w->progress, done, "%s", "");
}

/* Foreign bytes are read beneath the operands only; a list may name any file. */
static void drop_rights(const struct lep_operands *ops)
{
	char *folder = o.output && strcmp(o.output, "-") != 0 ? lep_sandbox_folder(o.output) : NULL;
	int anywhere = o.list || o.manifest || o.labels;
	const char *write[1] = {folder};
	char text[LEP_SANDBOX_NOTE];

	lep_sandbox(anywhere ? NULL : ops->name ? ops->name : write, anywhere ? 0 : ops->n, write, folder != NULL, text);
	lep_explain(1, "%s", text);
	lep_free(folder);
}

static int prepare(const struct lep_operands *ops, struct work *w, struct lep_error *e)
{
	struct lep_prepare *p = &w->prepare;
	int status = 0, spill = -1;

	if (o.like) {
		status = lep_reader_open(&w->like, o.like, NULL, e);
		if (!status)
			status = lep_prepare_like(p, lep_reader_head(w->like), o.like, e);
		w->classes = p->classes;
		p->no_labels |= o.no_labels;
	} else if (o.classes || o.classes_from) {
		p->classes_from = o.classes ? "--classes" : o.classes_from;
		status = lep_prepare_classes(&w->classes, o.classes, o.classes_from, e);
		p->classes = w->classes;
	}
	if (status)
		return status;
	w->source.twice = lep_prepare_twice(p);
	/* Opened now: afterwards nothing may be made in TMPDIR. */
	if (w->source.twice && (spill = lep_spill_open(e)) < 0)
		lep_explain(1, "no temporary file: %s", e->text);
	w->source.spill_fd = spill;
	drop_rights(ops);
	status = lep_samples_open(&p->samples, &w->source, e);
	if (!status) {
		p->out = w->out;
		p->note = note;
		p->progress = progress;
		p->ctx = w;
		w->started = 1;
		lep_progress_start(&w->progress, program.name, 0);
		status = lep_prepare_run(p, e);
		lep_progress_end(&w->progress);
	}
	lep_samples_close(p->samples);
	if (spill >= 0)
		close(spill);
	return status;
}

static void report(const struct lep_prepare *p)
{
	if (p->skipped_bad)
		lep_warn("%llu bad sample%s left out", (unsigned long long)p->skipped_bad, p->skipped_bad == 1 ? "" : "s");
	if (p->skipped_unknown)
		lep_warn("%llu sample%s of unknown classes left out", (unsigned long long)p->skipped_unknown,
			p->skipped_unknown == 1 ? "" : "s");
	if (p->bad_records)
		lep_warn("%llu bad sample%s kept as bad record%s", (unsigned long long)p->bad_records,
			p->bad_records == 1 ? "" : "s", p->bad_records == 1 ? "" : "s");
	lep_explain(1, "%llu records, %zu classes, %d x %d pixels, %s", (unsigned long long)p->records, p->nclass,
		p->recipe.width, p->recipe.height, p->recipe.channels == 1 ? "gray" : "rgb");
}

static int run(const struct lep_operands *ops, struct lep_error *e)
{
	struct work w = {0};
	char cause[LEP_ERROR_MAX + 64];
	int status = take_options(ops, &w, e);

	if (!status)
		status = lep_output_open(&w.out, o.output, e);
	if (!status)
		status = prepare(ops, &w, e);
	if (!status)
		status = lep_output_commit(w.out, e);
	else if (w.out && !w.started) {
		snprintf(cause, sizeof(cause), "%s: %s", program.name, e->text);
		lep_writer_abort(NULL, w.out, cause);
	}
	if (!status)
		report(&w.prepare);
	lep_output_free(w.out);
	lep_reader_close(w.like);
	lep_table_free(w.classes);
	lep_buf_release(&w.provenance);
	lep_buf_release(&w.columns);
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
