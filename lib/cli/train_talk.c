#include "cli/train_talk.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "nn/ready.h"

/* 93322 as "93,322" */
static const char *grouped(char text[32], uint64_t v)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, v), at = 0;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

static void add_summary(const struct lep_net *n, struct lep_buf *out)
{
	uint64_t params = 0, operations = 0;
	char p[32], o[32], shape[LEP_SHAPE_TEXT_MAX];
	size_t wide = strlen("layer");
	struct lep_net_row row;

	for (size_t i = 0; i < lep_net_rows(n); i++) {
		lep_net_row(n, i, &row);
		wide = strlen(row.name) > wide ? strlen(row.name) : wide;
	}
	lep_buf_addf(out, "%-*s  %-14s %12s %16s\n", (int)wide, "layer", "output", "parameters", "multiply-adds");
	for (size_t i = 0; i < lep_net_rows(n); i++) {
		lep_net_row(n, i, &row);
		lep_buf_addf(out, "%-*s  %-14s %12s %16s\n", (int)wide, row.name,
			lep_shape_text(shape, &row.shape, "x"), grouped(p, row.params), grouped(o, row.operations));
		params += row.params;
		operations += row.operations;
	}
	lep_buf_addf(out, "%-*s  %-14s %12s %16s\n", (int)wide, "in all", "", grouped(p, params), grouped(o, operations));
}

/* Errors of standard output show at the end, where it is closed. */
static int put(struct lep_buf *text, int to_stdout, struct lep_error *e)
{
	int rc = text->failed ? lep_fail_nomem(e, 0) : 0;

	if (rc == 0 && to_stdout)
		fwrite(text->data, 1, text->len, stdout);
	/* Line by line: one piece of talk may be too long. */
	for (size_t at = 0, len; rc == 0 && !to_stdout && at < text->len; at += len + 1) {
		len = strcspn(text->data + at, "\n");
		lep_say("%.*s", (int)len, text->data + at);
	}
	lep_buf_release(text);
	return rc;
}

int lep_talk_summary(const struct lep_net *n, int to_stdout, struct lep_error *e)
{
	struct lep_buf text = {0};

	add_summary(n, &text);
	return put(&text, to_stdout, e);
}

int lep_talk_ready(struct lep_error *e)
{
	struct lep_buf text = {0};

	for (size_t i = 0; lep_ready[i].name; i++)
		lep_buf_addf(&text, "%-12s %s\n", lep_ready[i].name, lep_ready[i].summary);
	return put(&text, 1, e);
}

int lep_talk_text(const char *text, struct lep_error *e)
{
	struct lep_buf out = {0};
	size_t len = strlen(text);

	lep_buf_add(&out, text, len);
	if (!len || text[len - 1] != '\n')
		lep_buf_addc(&out, '\n');
	return put(&out, 1, e);
}

const char *lep_talk_running(const struct lep_metrics *m, char text[LEP_TALK_RUNNING])
{
	int n = snprintf(text, LEP_TALK_RUNNING, "loss %.4f", m->loss);

	if (!isnan(m->accuracy) && n > 0 && n < LEP_TALK_RUNNING)
		n += snprintf(text + n, (size_t)(LEP_TALK_RUNNING - n), "  accuracy %.4f", m->accuracy);
	if (!isnan(m->perplexity) && n > 0 && n < LEP_TALK_RUNNING)
		snprintf(text + n, (size_t)(LEP_TALK_RUNNING - n), "  perplexity %.2f", m->perplexity);
	return text;
}

static void add_metrics(struct lep_buf *out, const char *what, const struct lep_metrics *m)
{
	lep_buf_addf(out, "  %sloss %.4f", what, m->loss);
	if (!isnan(m->accuracy))
		lep_buf_addf(out, "  accuracy %.4f", m->accuracy);
	if (!isnan(m->perplexity))
		lep_buf_addf(out, "  perplexity %.2f", m->perplexity);
}

void lep_talk_epoch(const struct lep_epoch *ep, int64_t epochs, double seconds, struct lep_buf *out)
{
	lep_buf_addf(out, "epoch %" PRId64 "/%" PRId64, ep->epoch, epochs);
	add_metrics(out, "", &ep->train);
	if (ep->has_validation)
		add_metrics(out, "validation ", &ep->validation);
	lep_buf_addf(out, "  %.1f s", seconds);
	if (seconds > 0)
		lep_buf_addf(out, "  %.0f/s", (double)ep->train.samples / seconds);
}

static void json_metrics(struct lep_json *j, const struct lep_metrics *m)
{
	lep_json_key(j, "loss");
	lep_json_number(j, m->loss);
	if (!isnan(m->accuracy)) {
		lep_json_key(j, "accuracy");
		lep_json_number(j, m->accuracy);
	}
	if (!isnan(m->perplexity)) {
		lep_json_key(j, "perplexity");
		lep_json_number(j, m->perplexity);
	}
	lep_json_key(j, "samples");
	lep_json_uint(j, m->samples);
	if (!isnan(m->perplexity)) {
		lep_json_key(j, "ids");
		lep_json_uint(j, m->targets);
	}
}

static void add_json(const struct lep_epoch *ep, double seconds, struct lep_buf *out)
{
	struct lep_json j = {.buf = out};

	lep_json_object(&j);
	lep_json_key(&j, "epoch");
	lep_json_int(&j, ep->epoch);
	json_metrics(&j, &ep->train);
	if (ep->has_validation) {
		lep_json_key(&j, "validation");
		lep_json_object(&j);
		json_metrics(&j, &ep->validation);
		lep_json_close(&j);
		lep_json_key(&j, "best");
		lep_json_bool(&j, ep->improved);
	}
	lep_json_key(&j, "lr");
	lep_json_number(&j, ep->lr);
	lep_json_key(&j, "seconds");
	lep_json_number(&j, seconds);
	lep_json_close(&j);
	lep_buf_addc(out, '\n');
}

int lep_talk_log(FILE *log, const char *name, const struct lep_epoch *ep, double seconds, struct lep_error *e)
{
	struct lep_buf line = {0};
	int rc = 0;

	add_json(ep, seconds, &line);
	if (line.failed)
		rc = lep_fail_nomem(e, 0);
	else if (fwrite(line.data, 1, line.len, log) != line.len || fflush(log))
		rc = lep_fail_errno(e, "%s", name);
	lep_buf_release(&line);
	return rc;
}
