/* The JSON object: one line. */
#include "eval/report.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* ", " unless first, and the key. */
static void key(struct lep_buf *out, const char *name, size_t len)
{
	if (out->len && out->data[out->len - 1] != '{')
		lep_buf_adds(out, ", ");
	lep_text_json(out, name, len);
	lep_buf_adds(out, ": ");
}

static void keys(struct lep_buf *out, const char *name)
{
	key(out, name, strlen(name));
}

static void value(struct lep_buf *out, const struct lep_score *s, enum lep_metric m, int64_t of)
{
	double v;

	if (lep_score_get(s, m, of, &v))
		lep_text_number(out, v);
	else
		lep_buf_adds(out, "null");
}

static void metric(struct lep_buf *out, const struct lep_score *s, enum lep_metric m)
{
	keys(out, lep_metrics[m].name);
	value(out, s, m, LEP_OF_ALL);
}

/* The value, and [lower, upper] under NAME_interval. */
static void metric_interval(struct lep_buf *out, const struct lep_score *s, enum lep_metric m)
{
	char name[64];

	metric(out, s, m);
	snprintf(name, sizeof(name), "%s_interval", lep_metrics[m].name);
	keys(out, name);
	lep_buf_addc(out, '[');
	value(out, s, m, LEP_OF_LOWER);
	lep_buf_adds(out, ", ");
	value(out, s, m, LEP_OF_UPPER);
	lep_buf_addc(out, ']');
}

static void averages(struct lep_buf *out, const struct lep_score *s, enum lep_metric m)
{
	keys(out, lep_metrics[m].name);
	lep_buf_adds(out, "{\"macro\": ");
	value(out, s, m, LEP_OF_MACRO);
	lep_buf_adds(out, ", \"weighted\": ");
	value(out, s, m, LEP_OF_WEIGHTED);
	lep_buf_addc(out, '}');
}

static void per_class(struct lep_buf *out, const struct lep_score *s)
{
	static const enum lep_metric m[] = {LEP_METRIC_PRECISION, LEP_METRIC_RECALL, LEP_METRIC_F1,
		LEP_METRIC_SUPPORT, LEP_METRIC_PREDICTED};

	keys(out, "per_class");
	lep_buf_addc(out, '{');
	for (size_t c = 0; c < s->table->n; c++) {
		key(out, s->table->entry[c], s->table->length[c]);
		lep_buf_addc(out, '{');
		for (size_t i = 0; i < sizeof(m) / sizeof(m[0]); i++) {
			keys(out, lep_metrics[m[i]].name);
			value(out, s, m[i], (int64_t)c);
		}
		lep_buf_addc(out, '}');
	}
	lep_buf_addc(out, '}');
}

static void names(struct lep_buf *out, const struct lep_table *t)
{
	keys(out, "classes");
	lep_buf_addc(out, '[');
	for (size_t c = 0; c < t->n; c++) {
		lep_buf_adds(out, c ? ", " : "");
		lep_text_json(out, t->entry[c], t->length[c]);
	}
	lep_buf_addc(out, ']');
}

static void confusion(struct lep_buf *out, const struct lep_class_score *c)
{
	keys(out, "confusion");
	for (size_t i = 0; i < c->classes; i++) {
		lep_buf_adds(out, i ? ", [" : "[[");
		for (size_t k = 0; k < c->classes; k++)
			lep_buf_addf(out, "%s%llu", k ? ", " : "",
				(unsigned long long)c->confusion[i * (c->classes + 1) + k]);
		lep_buf_addc(out, ']');
	}
	lep_buf_adds(out, c->classes ? "]" : "[]");
	keys(out, "none");
	lep_buf_addf(out, "%llu", (unsigned long long)c->none);
}

static void classes_json(struct lep_buf *out, const struct lep_score *s, const struct lep_report_options *o)
{
	char name[16] = "top";

	metric_interval(out, s, LEP_METRIC_ACCURACY);
	for (size_t i = 0; i < o->ntop; i++) {
		snprintf(name, sizeof(name), "top%d", (int)o->top[i]);
		keys(out, name);
		value(out, s, LEP_METRIC_TOP, o->top[i]);
	}
	metric(out, s, LEP_METRIC_BALANCED);
	metric(out, s, LEP_METRIC_LOG_LOSS);
	metric(out, s, LEP_METRIC_KAPPA);
	metric(out, s, LEP_METRIC_MCC);
	averages(out, s, LEP_METRIC_PRECISION);
	averages(out, s, LEP_METRIC_RECALL);
	averages(out, s, LEP_METRIC_F1);
	names(out, s->table);
	per_class(out, s);
	if (s->classes.confusion)
		confusion(out, &s->classes);
}

static void numbers_json(struct lep_buf *out, const struct lep_score *s, const struct lep_report_options *o)
{
	static const enum lep_metric m[] = {LEP_METRIC_MSE, LEP_METRIC_RMSE, LEP_METRIC_MAE, LEP_METRIC_R2};
	size_t n = lep_score_outputs(s);

	for (size_t i = 0; i < 4; i++)
		metric_interval(out, s, m[i]);
	if (n > LEP_REPORT_CLASSES_MAX && !o->per_class)
		return;
	keys(out, "outputs");
	lep_buf_addc(out, '[');
	for (size_t k = 0; k < n; k++) {
		lep_buf_adds(out, k ? ", {" : "{");
		for (size_t i = 0; i < 4; i++) {
			keys(out, lep_metrics[m[i]].name);
			value(out, s, m[i], (int64_t)k);
		}
		lep_buf_addc(out, '}');
	}
	lep_buf_addc(out, ']');
}

/* Every metric of the kind, in the order of their list. */
static void all_json(struct lep_buf *out, const struct lep_score *s)
{
	for (int m = LEP_METRIC_CASES + 1; m < LEP_METRIC_COUNT; m++) {
		unsigned use = lep_metrics[m].use;

		if (!(use >> s->kind & 1))
			continue;
		if (use & LEP_USE_INTERVAL)
			metric_interval(out, s, (enum lep_metric)m);
		else if (use & LEP_USE_WHOLE)
			metric(out, s, (enum lep_metric)m);
		else if (m == LEP_METRIC_BLEU_PRECISION) {
			keys(out, lep_metrics[m].name);
			for (int n = 1; n <= LEP_BLEU_ORDER; n++) {
				lep_buf_adds(out, n > 1 ? ", " : "[");
				value(out, s, LEP_METRIC_BLEU_PRECISION, n);
			}
			lep_buf_addc(out, ']');
		}
	}
	if (s->kind == LEP_SCORE_TEXT) {
		keys(out, "tokenizer");
		lep_buf_addf(out, "\"%s\"", lep_tokenizer_names[s->text.tokenizer]);
	}
}

void lep_report_json(struct lep_buf *out, const struct lep_score *s, const struct lep_report_options *o)
{
	lep_buf_addc(out, '{');
	metric(out, s, LEP_METRIC_RECORDS);
	metric(out, s, LEP_METRIC_BAD);
	metric(out, s, LEP_METRIC_UNLABELLED);
	metric(out, s, LEP_METRIC_CASES);
	if (s->kind == LEP_SCORE_CLASSES)
		classes_json(out, s, o);
	else if (s->kind == LEP_SCORE_NUMBERS)
		numbers_json(out, s, o);
	else
		all_json(out, s);
	lep_buf_adds(out, "}\n");
}
