/*
 * lep-fuse: two or more tensor streams joined into one, record by record, and
 * what can be made of the tensors that meet there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/output.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/sandbox.h"
#include "data/edit.h"
#include "data/join.h"
#include "stream/writer.h"

static struct {
	const char *on, *prefix, *output;
	struct lep_list drop;
	int sorted, paste, left, strict, bad, provenance, force, quiet, verbose;
	int64_t pack;
	uint64_t records, spool;
} o = {.spool = (uint64_t)256 << 20};

static const struct lep_option options[] = {
	LEP_TEXT(0, "on", "FIELD", &o.on, LEP_OPT_RESULT, "look this field of FIRST up among the keys of the others (default: its key)"),
	LEP_FLAG(0, "left", &o.left, LEP_OPT_RESULT, "keep records without partner: zeros, and a field that says so"),
	LEP_FLAG(0, "strict", &o.strict, 0, "a record without partner is an error"),
	LEP_FLAG(0, "sorted", &o.sorted, 0, "all streams are sorted by what is joined on: merge them, and hold none"),
	LEP_FLAG(0, "paste", &o.paste, LEP_OPT_RESULT, "join the records by their places, whatever their keys"),
	LEP_TEXT(0, "prefix", "NAME,...", &o.prefix, LEP_OPT_RESULT, "for each OTHER, what stands before names that clash (default: 2,3,...)"),
	LEP_LIST(0, "drop", "FIELD", &o.drop, LEP_OPT_RESULT, "leave FIELD out of what is written; may be repeated"),
	LEP_OPTION_BAD(&o.bad),
	LEP_INT(0, "pack", "N", &o.pack, 1, 1 << 24, LEP_OPT_RESULT, "put N records into a frame (default: the frames of FIRST)"),
	LEP_UINT(0, "records", "N", &o.records, 0, "fail unless FIRST holds N records"),
	LEP_SIZE(0, "spool-limit", &o.spool, 0, "memory for each OTHER that is no plain file; the rest goes to a file in TMPDIR (default 256M)"),
	LEP_OPTION_OUTPUT(&o.output),
	LEP_OPTION_PROVENANCE(&o.provenance),
	LEP_OPTION_FORCE(&o.force),
	LEP_OPTION_QUIET(&o.quiet),
	LEP_OPTION_VERBOSE(&o.verbose),
};

static const char *const usage[] = {"[options] FIRST OTHER...", NULL};

static const struct lep_program program = {
	.name = "lep-fuse",
	.summary = "join tensor streams",
	.usage = usage,
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.example = "lep-fuse --on image -o joined.lept questions.lept pictures.lept",
};

/* What one run holds. A frame goes from the join through the edit to the writer. */
struct work {
	const struct lep_operands *ops;
	struct lep_output *out;
	char *names;               /* --prefix, cut at its commas */
	const char **prefix;
	size_t nprefix;
	int *spill;
	struct lep_join *join;
	struct lep_edit *edit;
	struct lep_writer *writer;
	struct lep_progress progress;
};

static int cut_prefixes(struct work *w, struct lep_error *e)
{
	char *rest = w->names = lep_strdup(o.prefix);

	w->prefix = lep_alloc(strlen(o.prefix) + 1, sizeof(*w->prefix));
	if (!w->names || !w->prefix)
		return lep_fail_nomem(e, 0);
	while (rest) {
		char *one = strsep(&rest, ",");

		if (!*one)
			return lep_fail(e, LEP_ERR_USAGE, "--prefix %s: an empty name", o.prefix);
		w->prefix[w->nprefix++] = one;
	}
	if (w->nprefix > w->ops->n - 1)
		return lep_fail(e, LEP_ERR_USAGE, "--prefix %s: %zu names for %zu OTHERs", o.prefix, w->nprefix, w->ops->n - 1);
	return 0;
}

static int take_options(struct work *w, struct lep_error *e)
{
	const struct lep_operands *ops = w->ops;
	const char *from_stdin = NULL;
	int status = 0;

	if (ops->n < 2)
		return lep_fail(e, LEP_ERR_USAGE, "%s: FIRST and one OTHER at least", ops->n ? "one stream only" : "no streams");
	if (o.left && o.strict)
		return lep_fail(e, LEP_ERR_USAGE, "--left keeps what --strict refuses: they exclude each other");
	if (o.paste && (o.on || o.sorted || o.left || o.strict))
		return lep_fail(e, LEP_ERR_USAGE, "--paste looks nothing up: no --on, --sorted, --left, --strict");
	for (size_t i = 0; i < ops->n && !status; i++) {
		if (strcmp(ops->name[i], "-") != 0)
			continue;
		if (from_stdin)
			return lep_fail(e, LEP_ERR_USAGE, "only one stream can be standard input");
		from_stdin = ops->name[i];
		status = lep_cli_check_input(from_stdin, o.force, e);
	}
	if (!status && o.prefix)
		status = cut_prefixes(w, e);
	return status ? status : lep_cli_check_output(o.output, o.force, e);
}

/* Reading only beneath the operands, writing only where the output goes. A spill
 * file is opened before for each that may need one; a plain file will not. */
static int drop_rights(struct work *w, struct lep_error *e)
{
	size_t n = w->ops->n;
	char *folder = o.output && strcmp(o.output, "-") != 0 ? lep_sandbox_folder(o.output) : NULL;
	const char *write[1] = {folder};
	char note[LEP_SANDBOX_NOTE];
	struct lep_error why;

	w->spill = lep_alloc(n, sizeof(*w->spill));
	if (!w->spill) {
		lep_free(folder);
		return lep_fail_nomem(e, 0);
	}
	w->spill[0] = -1;
	for (size_t i = 1; i < n; i++) {
		w->spill[i] = o.sorted || o.paste ? -1 : lep_spill_open(&why);
		if (!o.sorted && !o.paste && w->spill[i] < 0)
			lep_explain(1, "no temporary file: %s", why.text);
	}
	lep_sandbox(w->ops->name, n, write, folder != NULL, note);
	lep_explain(1, "%s", note);
	lep_free(folder);
	return 0;
}

static int before_wait(void *ctx, struct lep_error *e)
{
	struct work *w = ctx;

	return lep_output_flush(w->out, e);
}

static void note(void *ctx, enum lep_join_note kind, const char *text)
{
	(void)ctx;
	if (kind == LEP_JOIN_NOTE_BAD)
		lep_warn("%s: left out", text);
	else
		lep_explain(1, "%s", text);
}

static int open_join(struct work *w, struct lep_error *e)
{
	static const enum lep_join_bad bad[] = {
		[LEP_BAD_FAIL] = LEP_JOIN_FAIL, [LEP_BAD_SKIP] = LEP_JOIN_SKIP, [LEP_BAD_KEEP] = LEP_JOIN_KEEP,
	};
	const struct lep_join_options how = {
		.path = w->ops->name, .npath = w->ops->n, .on = o.on, .sorted = o.sorted, .paste = o.paste, .left = o.left,
		.strict = o.strict, .bad = bad[o.bad], .prefix = w->prefix, .nprefix = w->nprefix,
		.pack = (size_t)o.pack, .limit = (size_t)o.spool, .spill = w->spill,
		.reader = {.before_wait = before_wait, .ctx = w, .force_terminal = o.force,
			.records = o.records, .have_records = lep_option_given(w->ops, &o.records) > 0},
		.note = note, .ctx = w,
	};

	return lep_join_open(&w->join, &how, e);
}

/* What goes out, as far as the headers decide it. */
static int prepare(struct work *w, struct lep_error *e)
{
	const struct lep_edit_options leave = {.drop = o.drop.item, .ndrop = o.drop.n};
	struct lep_buf line = {0};
	int status = open_join(w, e);

	if (!status)
		status = lep_edit_new(&w->edit, &leave, lep_join_head(w->join), e);
	if (status)
		return status;
	lep_provenance(w->ops, (enum lep_provenance_mode)o.provenance, &line);
	if (line.failed)
		status = lep_fail_nomem(e, 0);
	else if (line.len)
		status = lep_head_note(lep_edit_head(w->edit), "provenance", line.data, e);
	lep_buf_release(&line);
	return status ? status : lep_writer_new(&w->writer, w->out, lep_edit_head(w->edit), e);
}

static int pump(struct work *w, struct lep_error *e)
{
	struct lep_frame frame;
	int status;

	lep_progress_start(&w->progress, program.name, 0);
	while ((status = lep_join_next(w->join, &frame, e)) > 0) {
		status = lep_edit_frame(w->edit, &frame, e);
		if (!status)
			status = lep_writer_frame(w->writer, &frame, e);
		if (status)
			break;
		if (lep_progress_due(&w->progress))
			lep_progress_show(&w->progress, lep_join_counts(w->join)->records, "%s", "");
	}
	lep_progress_end(&w->progress);
	return status ? status : lep_writer_end(w->writer, e);
}

static void report(const struct work *w)
{
	const struct lep_join_counts *n = lep_join_counts(w->join);
	unsigned long long all = n->records;

	for (size_t i = 0; i + 1 < w->ops->n; i++) {
		struct lep_join_side_counts s = lep_join_side_counts(w->join, i);

		if (s.missing)
			lep_warn("%llu of %llu records of %s have no partner in %s%s", (unsigned long long)s.missing, all,
				lep_join_name(w->join), s.name, o.left ? "" : " and are left out");
		if (s.used < s.records)
			lep_explain(1, "%llu of %llu records of %s are not used", (unsigned long long)(s.records - s.used),
				(unsigned long long)s.records, s.name);
	}
	if (n->bad)
		lep_warn("%llu of %llu records %s", (unsigned long long)n->bad, all,
			o.bad == LEP_BAD_SKIP ? "are bad and left out" : "are kept as bad");
	lep_explain(1, "%llu records, %llu joined", all, (unsigned long long)n->out);
}

static int run(const struct lep_operands *ops, struct lep_error *e)
{
	struct work w = {.ops = ops};
	char text[LEP_ERROR_MAX + 64];
	const char *cause;
	int status = take_options(&w, e);

	if (!status)
		status = lep_output_open(&w.out, o.output, e);
	if (!status)
		status = drop_rights(&w, e);
	if (!status)
		status = prepare(&w, e);
	if (!status)
		status = pump(&w, e);
	if (!status)
		status = lep_output_commit(w.out, e);
	else if (w.out) {
		cause = lep_abort_cause(e);
		snprintf(text, sizeof(text), "%s: %s", program.name, e->text);
		lep_writer_abort(w.writer, w.out, cause ? cause : text);
	}
	if (!status)
		report(&w);
	lep_writer_free(w.writer);
	lep_edit_free(w.edit);
	lep_join_close(w.join);
	lep_output_free(w.out);
	lep_free(w.spill);
	lep_free(w.prefix);
	lep_free(w.names);
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
