#include "cli/train_setup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/sandbox.h"
#include "data/bytes.h"
#include "nn/ready.h"
#include "nn/syntax.h"
#include "nn/transfer.h"

/* ---- the network's text ---- */

static int read_text(char **out, const char *path, struct lep_error *e)
{
	struct lep_bytes *b;
	struct lep_buf text = {0};
	int rc = lep_bytes_open(&b, path, e);

	if (rc)
		return rc;
	rc = lep_bytes_read(b, &text, LEP_TEXT_MAX + 1, e) < 0 ? e->status : 0;
	if (rc == 0 && (!text.len || memchr(text.data, '\0', text.len)))
		rc = lep_fail(e, LEP_ERR_DATA, "%s: %s", lep_bytes_name(b),
			text.len ? "not a text, so no network description" : "is empty");
	*out = rc ? NULL : lep_strdup(text.data);
	lep_buf_release(&text);
	lep_bytes_close(b);
	return rc || *out ? rc : lep_fail_nomem(e, 0);
}

int lep_setup_network(char **text, const char **name, int *is_file, const char *network, const char *layers,
	struct lep_error *e)
{
	const struct lep_ready *ready = network ? lep_ready_find(network) : NULL;

	*is_file = 0;
	if (!network == !layers)
		return lep_fail(e, LEP_ERR_USAGE, network ? "-n and --layers exclude each other" :
			"a network is missing: -n FILE, -n NAME (see --list) or --layers TEXT");
	*name = network ? network : "--layers";
	if (layers && !*layers)
		return lep_fail(e, LEP_ERR_USAGE, "--layers: is empty");
	if (layers || ready) {
		*text = lep_strdup(layers ? layers : ready->text);
		return *text ? 0 : lep_fail_nomem(e, 0);
	}
	*is_file = 1;
	return read_text(text, network, e);
}

int lep_setup_share(double *share, const char *validation, struct lep_error *e)
{
	struct stat st;
	char *end;
	double v;

	*share = 0;
	if (!validation)
		return 0;
	v = strtod(validation, &end);
	if (end == validation || *end || stat(validation, &st) == 0)
		return 0;
	if (!(v > 0 && v < 1))
		return lep_fail(e, LEP_ERR_USAGE, "--validation: '%s' is neither a file nor a share between 0 and 1",
			validation);
	*share = v;
	return 0;
}

/* ---- files ---- */

static int is_stdin(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

/* The same regular file, or the same name for one that is still to be made. */
static int same_file(const char *a, const char *b)
{
	struct stat x, y;
	int have_x, have_y;

	if (!a || !b || is_stdin(a) || is_stdin(b))
		return 0;
	have_x = stat(a, &x) == 0;
	have_y = stat(b, &y) == 0;
	if (!have_x && !have_y)
		return strcmp(a, b) == 0;
	return have_x && have_y && S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int lep_setup_check_files(const struct lep_train_files *f, struct lep_error *e)
{
	const struct { const char *what, *path; } in[] = {
		{"the data", f->data ? f->data : "-"}, {"--validation", f->validation}, {"-n", f->network},
	}, out[] = {
		{"-o", f->output}, {"--checkpoint", f->checkpoint}, {"--log", f->log},
	};
	const char *reads = NULL;

	for (size_t i = 0; i < 3; i++) {
		if (is_stdin(in[i].path) && reads)
			return lep_fail(e, LEP_ERR_USAGE, "%s and %s cannot both be standard input", reads, in[i].what);
		reads = is_stdin(in[i].path) ? in[i].what : reads;
	}
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < 3; k++)
			if (same_file(out[i].path, in[k].path))
				return lep_fail(e, LEP_ERR_USAGE, "%s would overwrite %s: %s", out[i].what, in[k].what,
					in[k].path);
		for (size_t k = 0; k < i; k++)
			if (same_file(out[i].path, out[k].path))
				return lep_fail(e, LEP_ERR_USAGE, "%s and %s are the same file: %s", out[k].what,
					out[i].what, out[i].path);
		for (size_t k = 0; k < f->from->n && i > 0; k++)
			if (same_file(out[i].path, lep_transfer_path(f->from->item[k])))
				return lep_fail(e, LEP_ERR_USAGE, "%s would overwrite --from: %s", out[i].what,
					out[i].path);
	}
	return 0;
}

void lep_setup_sandbox(const struct lep_train_files *f)
{
	const char *const out[3] = {f->output, f->checkpoint, f->log};
	const char **read = lep_alloc(f->from->n + 3, sizeof(*read)), *write[3];
	char *folder[3] = {NULL, NULL, NULL};
	char note[LEP_SANDBOX_NOTE];
	size_t nread = 0, nwrite = 0;

	if (read) {
		if (f->data)
			read[nread++] = f->data;
		if (f->validation)
			read[nread++] = f->validation;
		if (f->checkpoint)
			read[nread++] = f->checkpoint;
		for (size_t i = 0; i < f->from->n; i++)
			read[nread++] = lep_transfer_path(f->from->item[i]);
	}
	for (int i = 0; i < 3; i++)
		if (out[i] && (folder[i] = lep_sandbox_folder(out[i])))
			write[nwrite++] = folder[i];
	lep_sandbox(read, nread, write, nwrite, note);
	lep_explain(1, "%s", note);
	for (int i = 0; i < 3; i++)
		lep_free(folder[i]);
	lep_free(read);
}

/* ---- weights ---- */

int lep_setup_weights(struct lep_net *n, const struct lep_field *fields, const struct lep_list *from,
	const struct lep_list *freeze, struct lep_error *e)
{
	unsigned char *taken = lep_alloc(lep_net_params(n), 1);
	int rc = taken ? 0 : lep_fail_nomem(e, 0);

	for (size_t i = 0; i < from->n && rc == 0; i++)
		rc = lep_transfer(n, fields, from->item[i], taken, e);
	for (size_t i = 0; i < lep_net_params(n) && rc == 0 && from->n; i++)
		lep_say("%s %s", taken[i] ? "taken" : "new  ", lep_net_param(n, i)->name);
	for (size_t i = 0; i < freeze->n && rc == 0; i++)
		if (!lep_net_freeze(n, freeze->item[i]))
			rc = lep_fail(e, LEP_ERR_USAGE, "--freeze: no weight's name matches '%s'", freeze->item[i]);
	lep_free(taken);
	return rc;
}

/* ---- provenance ---- */

void lep_setup_describe(const struct lep_operands *ops, enum lep_provenance_mode mode, const char *validation,
	double share, size_t nfrom, struct lep_buf *line)
{
	lep_provenance(ops, mode, line);
	if (mode == LEP_PROVENANCE_NONE)
		return;
	if (validation)
		lep_buf_adds(line, " --validation");
	if (share > 0) {
		lep_buf_addc(line, ' ');
		lep_text_number(line, share);
	}
	for (size_t i = 0; i < nfrom; i++)
		lep_buf_adds(line, " --from");
}
