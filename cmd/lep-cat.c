/*
 * lep-cat: tensor streams and models put one behind the other, selected,
 * rearranged, looked at, checked, and written in other formats.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/look.h"
#include "cli/options.h"
#include "cli/sandbox.h"
#include "cli/sink.h"
#include "data/edit.h"
#include "data/input.h"
#include "data/select.h"
#include "stream/reader.h"

static struct {
	const char *output, *npy, *png, *table, *note, *range, *shard, *keys, *name;
	struct lep_list key, match, where, drop, keep, rename, role, classes;
	int print, json, jsonl, csv, tsv, network, check, recover;
	int values, bad, from, join, force, provenance, quiet, verbose;
	int64_t pack;
	uint64_t records, spool;
	struct lep_select_options select;
} o = {.spool = (uint64_t)256 << 20, .select = {.head = -1, .tail = -1, .sample = -1}};

static const char *const bad_names[] = {"keep", "skip", "only", NULL};
static const char *const from_names[] = {"auto", "stream", "npy", "idx", NULL};

static const struct lep_option options[] = {
	LEP_OPTION_OUTPUT(&o.output),
	LEP_FLAG('p', "print", &o.print, 0, "print header and records for people (the default on a terminal)"),
	LEP_OPTION_JSON(&o.json),
	LEP_FLAG(0, "jsonl", &o.jsonl, 0, "write the records as JSON Lines"),
	LEP_FLAG(0, "values", &o.values, 0, "print all values, not the first few; put values into JSON Lines"),
	LEP_FLAG(0, "csv", &o.csv, 0, "write the records as CSV"),
	LEP_FLAG(0, "tsv", &o.tsv, 0, "write the records as tab-separated values"),
	LEP_TEXT(0, "npy", "FIELD", &o.npy, 0, "write FIELD of all records as one .npy array"),
	LEP_TEXT(0, "png", "FIELD", &o.png, 0, "write FIELD as a PNG, or as one a record into the folder named by -o"),
	LEP_TEXT(0, "table", "FIELD", &o.table, 0, "print the names that FIELD's ids stand for, one a line"),
	LEP_FLAG(0, "network", &o.network, 0, "print the network description of a model"),
	LEP_TEXT(0, "note", "KEY", &o.note, 0, "print the header's lines KEY, such as provenance"),
	LEP_FLAG(0, "check", &o.check, 0, "verify each stream completely and print nothing"),
	LEP_FLAG(0, "recover", &o.recover, 0, "save the sound records of a damaged stream and count the others"),
	LEP_TEXT(0, "split", "SHARES", &o.select.shares, LEP_OPT_RESULT, "divide the records, say 90/10, for --part"),
	LEP_INT(0, "part", "N", &o.select.part, -255, 255, LEP_OPT_RESULT, "take part N of the split, from 1; all but part N where N is negative"),
	LEP_TEXT(0, "by", "FIELD", &o.select.by, LEP_OPT_RESULT, "keep records together in a split that agree in FIELD, or in their key or folder"),
	LEP_LIST(0, "key", "KEY", &o.key, LEP_OPT_RESULT, "take records of this key; may be repeated"),
	LEP_TEXT(0, "keys", "FILE", &o.keys, LEP_OPT_FILE, "take records whose keys are in FILE, one a line"),
	LEP_LIST(0, "match", "GLOB", &o.match, LEP_OPT_RESULT, "take records whose key matches; may be repeated"),
	LEP_LIST(0, "where", "TEST", &o.where, LEP_OPT_RESULT, "take records for which FIELD=VALUE is true, also with != < <= > >=; may be repeated"),
	LEP_CHOICE(0, "bad", bad_names, &o.bad, LEP_OPT_RESULT, "what to do with bad records (default: keep)"),
	LEP_TEXT(0, "shard", "I/N", &o.shard, LEP_OPT_RESULT, "take every N-th record, beginning with the I-th"),
	LEP_TEXT(0, "range", "FROM:TO", &o.range, LEP_OPT_RESULT, "take records FROM to TO-1, counted from 0, from the end where negative"),
	LEP_INT(0, "sample", "N", &o.select.sample, 0, 1e15, LEP_OPT_RESULT, "take N records at random, in their order"),
	LEP_FLAG(0, "shuffle", &o.select.shuffle, LEP_OPT_RESULT, "give the records out in random order"),
	LEP_OPTION_SEED(&o.select.seed),
	LEP_INT(0, "head", "N", &o.select.head, 0, 1e15, LEP_OPT_RESULT, "take the first N records"),
	LEP_INT(0, "tail", "N", &o.select.tail, 0, 1e15, LEP_OPT_RESULT, "take the last N records"),
	LEP_LIST(0, "drop", "FIELD", &o.drop, LEP_OPT_RESULT, "leave FIELD out; may be repeated"),
	LEP_LIST(0, "keep", "FIELD", &o.keep, LEP_OPT_RESULT, "leave out all fields but these, in this order; may be repeated"),
	LEP_LIST(0, "rename", "OLD=NEW", &o.rename, LEP_OPT_RESULT, "rename a field; may be repeated"),
	LEP_LIST(0, "role", "FIELD=ROLE", &o.role, LEP_OPT_RESULT, "make FIELD an input, target, output or other; may be repeated"),
	LEP_LIST(0, "classes", "FIELD=FILE", &o.classes, 0, "FIELD holds ids of the names in FILE, one a line; may be repeated"),
	LEP_INT(0, "pack", "N", &o.pack, 1, 1 << 24, LEP_OPT_RESULT, "put N records into a frame"),
	LEP_CHOICE(0, "from", from_names, &o.from, 0, "what the operands are (default: auto, by their first bytes)"),
	LEP_TEXT(0, "name", "NAME", &o.name, LEP_OPT_RESULT, "the field that an array becomes (default: data)"),
	LEP_FLAG(0, "join", &o.join, 0, "operands are NAME=FILE, arrays that become the fields of one stream"),
	LEP_UINT(0, "records", "N", &o.records, 0, "fail unless the operands hold N records"),
	LEP_SIZE(0, "spool-limit", &o.spool, 0, "memory for a pipe that is needed in any order; the rest goes to a file in TMPDIR (default 256M)"),
	LEP_OPTION_PROVENANCE(&o.provenance),
	LEP_OPTION_FORCE(&o.force),
	LEP_OPTION_QUIET(&o.quiet),
	LEP_OPTION_VERBOSE(&o.verbose),
};

static const char *const usage[] = {
	"[options] [stream ...]",
	"--join [options] NAME=array ...",
	"--check [-v] [stream ...]",
	"--recover [-o FILE] [stream ...]",
	NULL,
};

static const struct lep_program program = {
	.name = "lep-cat",
	.summary = "show, select, convert and check tensor streams",
	.usage = usage,
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.example = "lep-cat --split 90/10 --part 1 all.lept >train.lept\n"
		   "lep-cat --where label=7 --png image -o sevens/ train.lept",
};

#define PRINTED 10 /* records shown for people who did not say how many */

/* Everything of one run that has to be released. */
struct run {
	const struct lep_operands *ops;
	struct lep_output *out;
	struct lep_input *input;
	struct lep_select *select;
	struct lep_edit *edit;
	struct lep_sink *sink;
	struct lep_table *keys;
	uint64_t *order;
	uint8_t *keep;
	size_t norder, nkeep;
	struct lep_input_options from;
	struct lep_sink_options to;
};

static int before_wait(void *ctx, struct lep_error *e)
{
	struct run *r = ctx;

	if (r->sink)
		return lep_sink_flush(r->sink, e);
	return r->out ? lep_output_flush(r->out, e) : 0;
}

/* The output is waited for: the next frame is checked meanwhile. */
static int while_waiting(void *ctx)
{
	struct run *r = ctx;

	return lep_input_ahead(r->input);
}

/* Which format; at most one may be asked for. */
static int choose_format(struct run *r, struct lep_error *e)
{
	const int asked[] = {
		[LEP_SINK_PRINT] = o.print,
		[LEP_SINK_JSON] = o.json,
		[LEP_SINK_JSONL] = o.jsonl,
		[LEP_SINK_CSV] = o.csv,
		[LEP_SINK_TSV] = o.tsv,
		[LEP_SINK_NPY] = o.npy != NULL,
		[LEP_SINK_PNG] = o.png != NULL,
		[LEP_SINK_NOTHING] = o.check + o.recover + o.network + (o.table != NULL) + (o.note != NULL),
	};
	struct stat st;
	int n = 0;

	r->to.format = !o.output && !o.force && isatty(STDOUT_FILENO) ? LEP_SINK_PRINT : LEP_SINK_STREAM;
	for (size_t f = 0; f < sizeof(asked) / sizeof(asked[0]); f++) {
		n += asked[f];
		r->to.format = asked[f] ? (enum lep_sink_format)f : r->to.format;
	}
	if (n > 1)
		return lep_fail(e, LEP_ERR_USAGE, "more than one kind of output is asked for");
	if (o.png && o.output && (o.output[strlen(o.output) - 1] == '/' ||
		(stat(o.output, &st) == 0 && S_ISDIR(st.st_mode))))
		r->to.folder = o.output;
	r->to.field = o.npy ? o.npy : o.png;
	r->to.pack = (size_t)o.pack;
	r->to.values = o.values;
	r->to.bad_too = lep_option_given(r->ops, &o.bad) > 0;
	r->to.count = -1;
	r->to.limit = o.select.head < 0 && o.select.tail < 0 && o.select.sample < 0 && !o.range && !r->keys ?
		PRINTED : -1;
	if (r->to.format == LEP_SINK_STREAM || o.npy || (o.png && !r->to.folder))
		return lep_cli_check_output(o.output, o.force, e);
	return 0;
}

static int prepare_selection(struct run *r, struct lep_error *e)
{
	int s = 0;

	if (!o.select.shares != !o.select.part || (o.select.by && !o.select.shares))
		return lep_fail(e, LEP_ERR_USAGE, "--split, --part and --by belong together");
	if (o.key.n || o.keys)
		r->keys = lep_table_new();
	for (size_t i = 0; i < o.key.n && r->keys && s >= 0; i++)
		s = (int)lep_table_add(r->keys, o.key.item[i], strlen(o.key.item[i])) < 0 ? LEP_ERR_NOMEM : 0;
	if ((o.key.n && !r->keys) || s)
		return lep_fail_nomem(e, 0);
	if (o.keys)
		s = lep_table_load(r->keys, o.keys, 1, e);
	if (!s && o.range) {
		o.select.have_range = 1;
		s = lep_range_parse(o.range, &o.select.from, &o.select.to, e);
	}
	if (!s && o.shard)
		s = lep_shard_parse(o.shard, &o.select.shard, &o.select.shards, e);
	o.select.keys = r->keys;
	o.select.glob = o.match.item;
	o.select.nglob = o.match.n;
	o.select.where = o.where.item;
	o.select.nwhere = o.where.n;
	o.select.bad = (enum lep_select_bad)o.bad;
	return s;
}

/* The folder that is written in; of a folder still to be made, the one above. */
static char *output_folder(const struct run *r)
{
	size_t len = strlen(o.output);
	char *path, *above;

	if (!r->to.folder)
		return lep_sandbox_folder(o.output);
	if (access(o.output, F_OK) == 0)
		return lep_strdup(o.output);
	while (len > 1 && o.output[len - 1] == '/')
		len--;
	path = lep_strndup(o.output, len);
	above = path ? lep_sandbox_folder(path) : NULL;
	lep_free(path);
	return above;
}

/* Reading only beneath the operands, writing only where the output goes. A spill
 * file is opened before; several spooled inputs need one each, made as they come. */
static int drop_rights(struct run *r, struct lep_error *e)
{
	size_t n = r->ops->n, nread = n, nwrite = 0;
	const char **read = lep_alloc(n + o.classes.n + 1, sizeof(*read)), *write[2], *tmp = getenv("TMPDIR");
	char *folder = o.output && strcmp(o.output, "-") != 0 ? output_folder(r) : NULL;
	char note[LEP_SANDBOX_NOTE];
	int s = read ? 0 : lep_fail_nomem(e, 0);

	for (size_t i = 0; i < n && !s; i++) {
		const char *equals = o.join ? strchr(r->ops->name[i], '=') : NULL;

		read[i] = equals ? equals + 1 : r->ops->name[i];
	}
	for (size_t i = 0; i < o.classes.n && !s; i++) { /* FIELD=FILE */
		const char *equals = strchr(o.classes.item[i], '=');

		if (equals)
			read[nread++] = equals + 1;
	}
	if (folder)
		write[nwrite++] = folder;
	if (!s && r->from.random && n <= 1) {
		r->from.reader.spill = lep_spill_open(e);
		s = r->from.reader.spill < 0 ? r->from.reader.spill : 0;
		r->from.reader.have_spill = !s;
	} else if (r->from.random) {
		write[nwrite++] = tmp && *tmp ? tmp : "/tmp";
	}
	if (!s) {
		lep_sandbox(read, nread, write, nwrite, note);
		lep_explain(1, "%s", note);
	}
	lep_free(read);
	lep_free(folder);
	return s;
}

static int open_input(struct run *r, struct lep_error *e)
{
	int s;

	r->from = (struct lep_input_options){
		.path = r->ops->name,
		.npath = r->ops->n,
		.format = (enum lep_input_format)o.from,
		.join = o.join,
		.name = o.name,
		.pack = (size_t)o.pack,
		.random = lep_select_is_random(&o.select) || o.npy,
		.limit = (size_t)o.spool,
		.reader = {.before_wait = before_wait, .ctx = r, .force_terminal = o.force,
			.records = o.records, .have_records = lep_option_given(r->ops, &o.records) > 0},
	};
	s = drop_rights(r, e);
	return s ? s : lep_input_open(&r->input, &r->from, e);
}

/* The header as it goes out: fields, and a line on what was done. A stream that
 * is only passed on stays as it is. */
static int make_head(struct run *r, struct lep_error *e)
{
	const struct lep_edit_options edit = {
		.drop = o.drop.item, .ndrop = o.drop.n, .keep = o.keep.item, .nkeep = o.keep.n,
		.rename = o.rename.item, .nrename = o.rename.n, .role = o.role.item, .nrole = o.role.n,
		.classes = o.classes.item, .nclasses = o.classes.n,
	};
	struct lep_buf line = {0};
	int s = lep_edit_new(&r->edit, &edit, lep_input_head(r->input), e);

	if (s || r->to.format != LEP_SINK_STREAM)
		return s;
	lep_provenance(r->ops, (enum lep_provenance_mode)o.provenance, &line);
	if (line.len && (strstr(line.data, " --") || o.classes.n || lep_input_is_array(r->input)))
		s = lep_head_note(lep_edit_head(r->edit), "provenance", line.data, e);
	lep_buf_release(&line);
	return s;
}

/* Records as they come. */
static int pump(struct run *r, struct lep_error *e)
{
	struct lep_frame fr;
	int s = 0;

	while (!lep_select_done(r->select) && (s = lep_input_next(r->input, &fr, e)) > 0) {
		uint64_t first = fr.first;
		int64_t n;

		if (fr.n > r->nkeep) {
			lep_free(r->keep);
			r->nkeep = fr.n;
			r->keep = lep_alloc(fr.n, 1);
			if (!r->keep)
				return lep_fail_nomem(e, (double)fr.n);
		}
		n = lep_select_frame(r->select, &fr, r->keep, e);
		if (n == 0)
			continue;
		s = n < 0 ? (int)n : lep_edit_frame(r->edit, &fr, e);
		if (!s && (size_t)n == fr.n)
			s = lep_sink_frame(r->sink, &fr, first, e);
		else
			for (size_t i = 0; i < fr.n && !s; i++)
				s = r->keep[i] ? lep_sink_record(r->sink, &fr, i, first + i, e) : 0;
		if (!s)
			s = lep_sink_boundary(r->sink, e);
		if (s)
			return s;
	}
	return s;
}

/* Records in the order that was made. */
static int pump_order(struct run *r, struct lep_error *e)
{
	uint64_t last = UINT64_MAX;
	int s = 0;

	for (size_t k = 0; k < r->norder && !s; k++) {
		struct lep_frame fr;
		size_t at;

		s = lep_input_record(r->input, r->order[k], &fr, &at, e);
		if (!s && fr.first != last)
			s = lep_sink_boundary(r->sink, e);
		last = fr.first;
		if (!s)
			s = lep_edit_frame(r->edit, &fr, e);
		if (!s)
			s = lep_sink_record(r->sink, &fr, at, r->order[k], e);
	}
	return s;
}

static int convert(struct run *r, struct lep_error *e)
{
	size_t missing;
	int s = open_input(r, e);

	if (!s)
		s = lep_select_new(&r->select, &o.select, lep_input_head(r->input), e);
	if (!s)
		s = make_head(r, e);
	if (s)
		return s;
	r->to.file = lep_input_name(r->input);
	if (o.table || o.network || o.note)
		return lep_look(r->out, lep_edit_head(r->edit), r->to.file, o.table, o.note, e);
	if (r->out)
		lep_output_meanwhile(r->out, while_waiting, r);
	if (r->from.random)
		s = lep_select_order(r->select, r->input, &r->order, &r->norder, e);
	r->to.count = (int64_t)r->norder;
	if (!s)
		s = lep_sink_new(&r->sink, &r->to, r->out, lep_edit_head(r->edit), e);
	if (!s)
		s = r->from.random ? pump_order(r, e) : pump(r, e);
	if (!s)
		s = lep_sink_end(r->sink, e);
	missing = s ? 0 : lep_select_missing(r->select);
	if (missing)
		lep_warn("%zu of %zu keys are not in the input", missing, r->keys->n);
	return s;
}

static int run(const struct lep_operands *ops, struct lep_error *e)
{
	struct run r = {.ops = ops};
	char text[LEP_ERROR_MAX + 64];
	const char *cause;
	int s = prepare_selection(&r, e);

	if (!s)
		s = choose_format(&r, e);
	if (!s && o.check && (s = drop_rights(&r, e)) == 0)
		s = lep_look_check(ops->name, ops->n, o.force, e);
	else if (!s) {
		if (!r.to.folder)
			s = lep_output_open(&r.out, o.output, e);
		if (!s)
			s = o.recover ? lep_look_recover(r.out, ops->name, ops->n, e) : convert(&r, e);
		if (s < 0 && r.out && (r.sink || r.to.format == LEP_SINK_STREAM || o.recover)) {
			cause = lep_abort_cause(e);
			snprintf(text, sizeof(text), "%s: %s", program.name, e->text);
			lep_sink_abort(r.sink, r.out, cause ? cause : text);
		}
		/* What could be saved is kept, and the loss is a failure. */
		if (s >= 0 && r.out && lep_output_commit(r.out, e) < 0)
			s = e->status;
		s = s > 0 ? LEP_ERR_DATA : s;
	}
	lep_sink_free(r.sink);
	lep_edit_free(r.edit);
	lep_select_free(r.select);
	lep_input_close(r.input);
	lep_output_free(r.out);
	lep_table_free(r.keys);
	lep_free(r.order);
	lep_free(r.keep);
	return s;
}

int main(int argc, char **argv)
{
	struct lep_operands ops;
	struct lep_error e;
	int rc = lep_cli_start(&program, argc, argv, &ops);

	if (rc >= 0)
		return rc;
	rc = lep_cli_end(run(&ops, &e), &e);
	lep_operands_release(&ops);
	return rc;
}
