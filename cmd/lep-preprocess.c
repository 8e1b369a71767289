/* lep-preprocess: pictures, text and tables to a tensor stream. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "cli/cli.h"
#include "cli/preprocess_text.h"
#include "cli/progress.h"
#include "cli/sandbox.h"
#include "data/bytes.h"
#include "data/prepare.h"
#include "stream/reader.h"
#include "stream/writer.h"

static const char *const dtypes[] = {"u8", "f32", NULL};
static const char *const fits[] = {"stretch", "crop", "pad", NULL};
static const char *const flips[] = {"none", "horizontal", "vertical", NULL};
static const char *const unknowns[] = {"fail", "skip", "none", NULL};

static struct {
	int gray, rgb, fit, flip, dtype, unknown, no_labels, bad, null, provenance, force, quiet, verbose;
	const char *image, *size, *background, *scale, *classes, *classes_from, *like;
	const char *list, *manifest, *columns, *labels, *output;
	int64_t pack, threads;
	uint64_t spool_limit;
	struct lep_text_choices text;
} o = {.pack = 1, .spool_limit = (uint64_t)16 << 20, .text = {.tokens = LEP_TEXT_TOKENS_DEFAULT}};

static const struct lep_option options[] = {
	LEP_TEXT(0, "image", "NAME", &o.image, LEP_OPT_RESULT, "the field that pictures become, or that of --like which they are for (default: image)"),
	LEP_FLAG(0, "gray", &o.gray, LEP_OPT_RESULT, "one channel (default: the first picture's channels)"),
	LEP_FLAG(0, "rgb", &o.rgb, LEP_OPT_RESULT, "three channels: red, green, blue"),
	LEP_TEXT(0, "size", "WxH", &o.size, LEP_OPT_RESULT, "resize to W x H pixels (default: all have the first picture's size)"),
	LEP_CHOICE(0, "fit", fits, &o.fit, LEP_OPT_RESULT, "how a picture of other proportions is resized"),
	LEP_TEXT(0, "background", "COLOUR", &o.background, LEP_OPT_RESULT, "behind transparency and padding: R,G,B, #rrggbb, black, white, gray"),
	LEP_CHOICE(0, "flip", flips, &o.flip, LEP_OPT_RESULT, "mirror each picture"),
	LEP_TEXT(0, "scale", "SCALE", &o.scale, LEP_OPT_RESULT, "of pictures unit (value / 255), none, measure, or MEAN,...:DEVIATION,...; of numbers measure, minmax, none, or such"),
	LEP_CHOICE(0, "dtype", dtypes, &o.dtype, LEP_OPT_RESULT, "u8: the network applies the scale; f32: it is applied here"),
	LEP_LIST(0, "text", "[NAME=]COLUMN", &o.text.text, LEP_OPT_RESULT, "a text of each row, or the field that lines become; may be repeated"),
	LEP_LIST(0, "target-text", "[NAME=]COLUMN", &o.text.target, LEP_OPT_RESULT, "a text that is to be learnt; may be repeated"),
	LEP_LIST(0, "number", "[NAME=]COLUMN,...", &o.text.number, LEP_OPT_RESULT, "columns of numbers, together one vector (default NAME: features); may be repeated"),
	LEP_LIST(0, "category", "[NAME=]COLUMN,...", &o.text.category, LEP_OPT_RESULT, "columns of categories, behind the numbers in that vector; may be repeated"),
	LEP_CHOICE(0, "encode", lep_text_encodings, &o.text.encode, LEP_OPT_RESULT, "a category is a 1 among zeros in the vector, or a field of its own for embed"),
	LEP_LIST(0, "target-number", "[NAME=]COLUMN,...", &o.text.target_number, LEP_OPT_RESULT, "numbers that are to be learnt; may be repeated"),
	LEP_TEXT(0, "target-scale", "SCALE", &o.text.target_scale, LEP_OPT_RESULT, "what they are scaled by while learnt: none (the default), measure, minmax, or as --scale"),
	LEP_TEXT(0, "missing", "RULE", &o.text.missing, LEP_OPT_RESULT, "for a missing number: fail (the default), mean, median, or a number"),
	LEP_TEXT(0, "label", "[NAME=]COLUMN", &o.text.label, LEP_OPT_RESULT, "the class of each row"),
	LEP_TEXT(0, "key", "COLUMN", &o.text.key, LEP_OPT_RESULT, "the key of each row (default: its line's number)"),
	LEP_CHOICE(0, "format", lep_columns_names, &o.text.format, LEP_OPT_RESULT, "what text comes in (default: auto, by the names of the operands)"),
	LEP_FLAG(0, "no-header", &o.text.no_header, LEP_OPT_RESULT, "CSV and TSV have no row of names; columns are numbers, from 1"),
	LEP_CHOICE(0, "tokens", lep_text_tokens, &o.text.tokens, LEP_OPT_RESULT, "how text becomes ids (default: words)"),
	LEP_CHOICE(0, "case", lep_text_cases, &o.text.letters, LEP_OPT_RESULT, "whether capitals become small letters (default: lower for words, else keep)"),
	LEP_CHOICE(0, "invalid", lep_text_invalid, &o.text.invalid, LEP_OPT_RESULT, "bytes that are no UTF-8 make a sample bad, or become U+FFFD"),
	LEP_INT(0, "truncate", "N", &o.text.truncate, 1, 1e12, LEP_OPT_RESULT, "keep the first N ids of a text"),
	LEP_FLAG(0, "end", &o.text.end, LEP_OPT_RESULT, "put the id of <end> behind each --text"),
	LEP_INT(0, "vocabulary", "N", &o.text.vocabulary, 1, 1e9, LEP_OPT_RESULT, "a vocabulary of at most N entries (default: 8000 for bpe, else no limit)"),
	LEP_INT(0, "min-count", "N", &o.text.min_count, 1, 1e15, LEP_OPT_RESULT, "of entries that occur N times (default: 2 for bpe, else 1)"),
	LEP_TEXT(0, "vocabulary-from", "FILE", &o.text.vocabulary_from, LEP_OPT_FILE, "the vocabulary of a model or stream, or one entry a line"),
	LEP_FLAG(0, "shared-vocabulary", &o.text.shared, LEP_OPT_RESULT, "one vocabulary for all texts"),
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

static const char *const usage[] = {
	"[options] [FOLDER | ARCHIVE | PICTURE | IDX-FILE]...",
	"[options] --text NAME [FILE]...",
	"[options] --number COLUMN,... [FILE]...",
	NULL,
};

static const struct lep_program program = {
	.name = "lep-preprocess",
	.summary = "turn pictures, text or tables into a tensor stream",
	.usage = usage,
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.example = "lep-preprocess --gray -o train.lept train/\n"
		   "lep-preprocess --text question --label topic -o train.lept train.csv\n"
		   "lep-preprocess --number age,income --label bought -o train.lept train.csv",
};

/* What one run holds; let_go releases it. */
struct work {
	int is_text;
	struct lep_prepare_text text;
	struct lep_prepare prepare;
	struct lep_samples_options source;
	struct lep_table *classes;
	struct lep_reader *like;
	struct lep_output *out;
	struct lep_buf provenance, columns;
	struct lep_progress progress;
	int started; /* prepare_run says by itself why it failed */
};

/* LEP_ERR_USAGE where one of these options was given: "--NAME and --like ...". */
static int refuse(const struct lep_operands *ops, const void *const *to, size_t n, const char *why,
	struct lep_error *e)
{
	for (size_t i = 0; i < n; i++) {
		if (!lep_option_given(ops, to[i]))
			continue;
		for (size_t k = 0; k < program.noptions; k++)
			if (options[k].to == to[i])
				return lep_fail(e, LEP_ERR_USAGE, "--%s %s", options[k].name, why);
	}
	return 0;
}

/* Options that --like decides. */
static int check_like(const struct lep_operands *ops, struct lep_error *e)
{
	static const void *const decided[] = {
		&o.gray, &o.rgb, &o.size, &o.fit, &o.background, &o.scale, &o.dtype, &o.classes, &o.classes_from,
		&o.text.tokens, &o.text.letters, &o.text.invalid, &o.text.truncate, &o.text.end, &o.text.vocabulary,
		&o.text.min_count, &o.text.vocabulary_from, &o.text.shared, &o.text.missing, &o.text.encode,
		&o.text.target_scale,
	};
	char why[512];

	snprintf(why, sizeof(why), "and --like exclude each other: the recipe of %.400s decides it", o.like ? o.like : "");
	return o.like ? refuse(ops, decided, sizeof(decided) / sizeof(decided[0]), why, e) : 0;
}

/* Options about pictures, where the input is text. */
static int check_text(const struct lep_operands *ops, struct lep_error *e)
{
	static const void *const pictures[] = {
		&o.image, &o.gray, &o.rgb, &o.size, &o.fit, &o.background, &o.flip, &o.dtype, &o.list, &o.null, &o.manifest, &o.columns,
		&o.labels, &o.scale,
	};
	size_t n = sizeof(pictures) / sizeof(pictures[0]) - (lep_text_has_numbers(&o.text) != 0);

	return refuse(ops, pictures, n, "is about pictures, and the input is text", e);
}

static int take_options(const struct lep_operands *ops, struct work *w, struct lep_error *e)
{
	struct lep_prepare *p = &w->prepare;
	int status = check_like(ops, e);

	if (!status && o.gray && o.rgb)
		status = lep_fail(e, LEP_ERR_USAGE, "--gray and --rgb exclude each other");
	if (!status && o.classes && o.classes_from)
		status = lep_fail(e, LEP_ERR_USAGE, "--classes and --classes-from exclude each other");
	if (!status && o.image && !*o.image)
		status = lep_fail(e, LEP_ERR_USAGE, "--image: an empty name");
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
	o.text.scale = o.scale;
	p->measure = o.scale && strcmp(o.scale, "measure") == 0;
	if (!status && o.scale && !p->measure && !lep_text_has_numbers(&o.text))
		status = lep_recipe_parse_scale(&p->recipe, o.scale, e);
	if (!status && (p->threads = lep_cli_threads(o.threads, e)) < 0)
		status = p->threads;
	if (!status)
		status = lep_cli_check_output(o.output, o.force, e);
	lep_provenance(ops, (enum lep_provenance_mode)o.provenance, &w->provenance);
	p->provenance = w->provenance.len ? w->provenance.data : NULL;
	p->image_name = o.image;
	p->flip = (enum lep_flip)o.flip;
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

/* The model, the classes, and what kind of input this is. */
static int settle(const struct lep_operands *ops, struct work *w, struct lep_error *e)
{
	const struct lep_head *like = NULL;
	int status = 0;

	if (o.like && (status = lep_reader_open(&w->like, o.like, NULL, e)) == 0)
		like = lep_reader_head(w->like);
	else if (!status && (o.classes || o.classes_from))
		status = lep_prepare_classes(&w->classes, o.classes, o.classes_from, e);
	if (status)
		return status;
	w->is_text = lep_text_is_meant(ops, &o.text) ||
		(like && lep_prepare_text_is_like(like) && !lep_prepare_is_like(like));
	if (w->is_text) {
		w->text.classes_from = o.classes ? "--classes" : o.classes_from;
		status = check_text(ops, e);
		return status ? status : lep_text_setup(&w->text, ops, &o.text, like, o.like, w->classes, o.no_labels, e);
	}
	/* What people type is text; pictures are not typed. */
	if ((!ops->n && !o.list && !o.manifest) || (o.list && strcmp(o.list, "-") == 0))
		status = lep_cli_check_input(NULL, o.force, e);
	if (!status && like)
		status = lep_prepare_like(&w->prepare, like, o.like, e);
	if (like) {
		w->classes = w->prepare.classes;
		w->prepare.no_labels |= o.no_labels;
	} else {
		w->prepare.classes_from = o.classes ? "--classes" : o.classes_from;
		w->prepare.classes = w->classes;
	}
	return status;
}

/* The stream, from the first byte to END or ABORT. */
static int run_pictures(struct work *w, int spill, struct lep_error *e)
{
	struct lep_prepare *p = &w->prepare;
	int status;

	w->source.spill_fd = spill;
	status = lep_samples_open(&p->samples, &w->source, e);
	if (status)
		return status;
	p->out = w->out;
	p->note = note;
	p->progress = progress;
	p->ctx = w;
	w->started = 1;
	status = lep_prepare_run(p, e);
	lep_samples_close(p->samples);
	return status;
}

static int run_text(struct work *w, int spill, struct lep_error *e)
{
	struct lep_prepare_text *p = &w->text;

	p->source.spool_limit = (size_t)o.spool_limit;
	p->source.spill_fd = spill;
	p->unknown = w->prepare.unknown;
	p->bad = w->prepare.bad;
	p->pack = w->prepare.pack;
	p->threads = w->prepare.threads;
	p->provenance = w->prepare.provenance;
	p->program = program.name;
	p->out = w->out;
	p->note = note;
	p->progress = progress;
	p->ctx = w;
	w->started = 1;
	return lep_prepare_text_run(p, e);
}

static int prepare(const struct lep_operands *ops, struct work *w, struct lep_error *e)
{
	int status, spill = -1;

	w->source.twice = w->is_text ? lep_prepare_text_twice(&w->text) : lep_prepare_twice(&w->prepare);
	/* Opened now: afterwards nothing may be made in TMPDIR. */
	if (w->source.twice && (spill = lep_spill_open(e)) < 0)
		lep_explain(1, "no temporary file: %s", e->text);
	drop_rights(ops);
	lep_progress_start(&w->progress, program.name, 0);
	status = w->is_text ? run_text(w, spill, e) : run_pictures(w, spill, e);
	lep_progress_end(&w->progress);
	if (spill >= 0)
		close(spill);
	return status;
}

/* "3 bad samples left out"; many stands behind it where there are several. */
static void warn_count(uint64_t n, const char *kind, const char *rest, const char *many)
{
	if (n)
		lep_warn("%llu %s%s %s%s", (unsigned long long)n, kind, n == 1 ? "" : "s", rest, n == 1 ? "" : many);
}

static void report(const struct work *w)
{
	const struct lep_prepare *p = &w->prepare;
	const struct lep_prepare_text *t = &w->text;

	warn_count(p->skipped_bad + t->skipped_bad, "bad sample", "left out", "");
	warn_count(p->skipped_unknown + t->skipped_unknown, "sample", "of unknown classes left out", "");
	warn_count(p->bad_records + t->bad_records, "bad sample", "kept as bad record", "s");
	/* Of a vocabulary that was given: perhaps it is that of another language. */
	if (t->counts.strange && (t->like || o.text.vocabulary_from))
		lep_warn("texts of unknown tokens only: %llu", (unsigned long long)t->counts.strange);
	if (!w->is_text) {
		lep_explain(1, "%llu records, %zu classes, %d x %d pixels, %s", (unsigned long long)p->records, p->nclass,
			p->recipe.width, p->recipe.height, p->recipe.channels == 1 ? "gray" : "rgb");
		return;
	}
	if (lep_text_has_numbers(&o.text) && !t->counts.ids)
		lep_explain(1, "%llu records", (unsigned long long)t->records);
	else
		lep_explain(1, "%llu records, %llu ids, %llu of them %s", (unsigned long long)t->records,
			(unsigned long long)t->counts.ids, (unsigned long long)t->counts.unknowns, LEP_TOKEN_UNKNOWN);
	for (size_t f = 0; f < t->nfield; f++) {
		if (lep_part_is_vector(t->field[f].part))
			lep_explain(1, "%s: %zu elements", t->field[f].name, lep_features_width(&t->field[f].features));
		if (t->field[f].table)
			lep_explain(1, "%s: %zu %s", t->field[f].name, t->field[f].table->n,
				t->field[f].part == LEP_PART_LABEL ? "classes" :
				t->field[f].part == LEP_PART_CATEGORY ? "categories" : "entries");
	}
}

static int run(const struct lep_operands *ops, struct lep_error *e)
{
	struct work w = {0};
	char cause[LEP_ERROR_MAX + 64];
	struct lep_error ignored;
	int status = take_options(ops, &w, e);

	if (!status) {
		status = settle(ops, &w, e);
		/* Where it is not known how the call is meant, nothing goes out. */
		if (!status)
			status = lep_output_open(&w.out, o.output, e);
		else if (status != LEP_ERR_USAGE && lep_output_open(&w.out, o.output, &ignored))
			w.out = NULL;
	}
	if (!status)
		status = prepare(ops, &w, e);
	if (!status)
		status = lep_output_commit(w.out, e);
	else if (w.out && !w.started) {
		snprintf(cause, sizeof(cause), "%s: %s", program.name, e->text);
		lep_writer_abort(NULL, w.out, cause);
	}
	if (!status)
		report(&w);
	lep_output_free(w.out);
	lep_reader_close(w.like);
	lep_table_free(w.classes);
	lep_prepare_text_release(&w.text);
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
