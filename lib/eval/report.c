/* The table for people. */
#include "eval/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define NAME_WIDTH 32   /* longer class names are cut */
#define HEAD_WIDTH 8    /* class names above the columns of the matrix, all or none */

/* One printable name: control characters and stray bytes as \xNN, cut to
 * NAME_WIDTH characters. Returns how many columns it takes. */
static size_t add_name(struct lep_buf *out, const char *name, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)name[i];
		size_t n = lep_text_utf8(name + i, len - i);
		int plain = n > 1 ? !(n == 2 && c == 0xc2 && (unsigned char)name[i + 1] < 0xa0)
				  : n == 1 && c >= 0x20 && c != 0x7f;

		if (columns + (plain ? 1 : 4) > NAME_WIDTH - 3 && i + n < len) {
			lep_buf_adds(out, "...");
			return columns + 3;
		}
		if (plain)
			lep_buf_add(out, name + i, n);
		else
			lep_buf_addf(out, "\\x%02x", c);
		columns += plain ? 1 : 4;
		i += plain ? n : 1;
	}
	return columns;
}

static size_t name_width(const char *name, size_t len)
{
	struct lep_buf scratch = {0};
	size_t n = add_name(&scratch, name, len);

	lep_buf_release(&scratch);
	return n;
}

static void pad(struct lep_buf *out, size_t from, size_t to)
{
	while (from++ < to)
		lep_buf_addc(out, ' ');
}

static void add_left(struct lep_buf *out, const char *name, size_t len, size_t width)
{
	pad(out, add_name(out, name, len), width);
}

static void add_right(struct lep_buf *out, const char *text, size_t width)
{
	pad(out, strlen(text), width);
	lep_buf_adds(out, text);
}

/* Shares with four decimals, percents with two, counts whole, other numbers with six
 * digits. */
static void value_text(char text[48], const struct lep_score *s, enum lep_metric m, int64_t of)
{
	unsigned use = lep_metrics[m].use;
	double v;

	if (!lep_score_get(s, m, of, &v))
		snprintf(text, 48, "-");
	else if (use & LEP_USE_COUNT)
		snprintf(text, 48, "%.0f", v);
	else if (use & LEP_USE_PERCENT)
		snprintf(text, 48, "%.2f", v);
	else
		snprintf(text, 48, use & LEP_USE_NUMBERS && m != LEP_METRIC_R2 ? "%.6g" : "%.4f", v);
}

static void line(struct lep_buf *out, const char *label, const struct lep_score *s, enum lep_metric m, int64_t of)
{
	char text[48];

	value_text(text, s, m, of);
	lep_buf_addf(out, "%-18s %10s\n", label, text);
}

/* The same with its interval, where there is one. */
static void line_interval(struct lep_buf *out, const char *label, const struct lep_score *s, enum lep_metric m)
{
	char text[48], lower[48], upper[48];

	value_text(text, s, m, LEP_OF_ALL);
	value_text(lower, s, m, LEP_OF_LOWER);
	value_text(upper, s, m, LEP_OF_UPPER);
	lep_buf_addf(out, "%-18s %10s", label, text);
	if (strcmp(lower, "-") != 0)
		lep_buf_addf(out, "  (95 %% interval %s to %s)", lower, upper);
	lep_buf_addc(out, '\n');
}

/* Name, then one column a metric. */
static void row(struct lep_buf *out, const struct lep_score *s, const char *name, size_t len, size_t width,
	const enum lep_metric *m, size_t n, int64_t of)
{
	char text[48];

	add_left(out, name, len, width);
	for (size_t i = 0; i < n; i++) {
		value_text(text, s, m[i], of);
		lep_buf_addc(out, ' ');
		add_right(out, text, 10);
	}
	lep_buf_addc(out, '\n');
}

static void heading(struct lep_buf *out, const char *name, size_t width, const enum lep_metric *m, size_t n)
{
	lep_buf_addc(out, '\n');
	add_left(out, name, strlen(name), width);
	for (size_t i = 0; i < n; i++) {
		lep_buf_addc(out, ' ');
		add_right(out, lep_metrics[m[i]].name, 10);
	}
	lep_buf_addc(out, '\n');
}

static void per_class(struct lep_buf *out, const struct lep_score *s, const struct lep_report_options *o, size_t width)
{
	static const enum lep_metric m[] = {LEP_METRIC_PRECISION, LEP_METRIC_RECALL, LEP_METRIC_F1,
		LEP_METRIC_SUPPORT, LEP_METRIC_PREDICTED};
	const struct lep_table *t = s->table;

	heading(out, "class", width, m, 5);
	if (o->per_class || t->n <= LEP_REPORT_CLASSES_MAX)
		for (size_t c = 0; c < t->n; c++)
			row(out, s, t->entry[c], t->length[c], width, m, 5, (int64_t)c);
	row(out, s, "(macro)", 7, width, m, 3, LEP_OF_MACRO);
	row(out, s, "(weighted)", 10, width, m, 3, LEP_OF_WEIGHTED);
}

/* Columns are headed by names where all are short, else by numbers that stand
 * behind the names of the rows. */
static void confusion(struct lep_buf *out, const struct lep_score *s, size_t width)
{
	const struct lep_class_score *c = &s->classes;
	size_t columns = c->classes + (c->none > 0), cell = 4;
	int numbers = 0;
	char text[48];

	for (size_t i = 0; i < c->classes; i++) {
		size_t n = name_width(s->table->entry[i], s->table->length[i]);

		numbers |= n > HEAD_WIDTH;
		if (n <= HEAD_WIDTH && n + 1 > cell)
			cell = n + 1;
		snprintf(text, sizeof(text), " %llu", (unsigned long long)c->support[i]);
		if (strlen(text) > cell)
			cell = strlen(text);
	}
	snprintf(text, sizeof(text), " %zu", c->classes);
	if (numbers && strlen(text) > cell)
		cell = strlen(text);
	if (c->none && cell < 7)
		cell = 7;
	lep_buf_adds(out, "\nconfusion (a row is a target, a column what was given out)\n");
	pad(out, 0, width + (numbers ? 7 : 0));
	for (size_t i = 0; i < columns; i++) {
		if (i < c->classes && !numbers) {
			pad(out, name_width(s->table->entry[i], s->table->length[i]), cell);
			add_name(out, s->table->entry[i], s->table->length[i]);
			continue;
		}
		snprintf(text, sizeof(text), "%zu", i);
		add_right(out, i < c->classes ? text : "(none)", cell);
	}
	lep_buf_addc(out, '\n');
	for (size_t i = 0; i < c->classes; i++) {
		add_left(out, s->table->entry[i], s->table->length[i], width);
		if (numbers)
			lep_buf_addf(out, " %6zu", i);
		for (size_t k = 0; k < columns; k++) {
			snprintf(text, sizeof(text), "%llu", (unsigned long long)c->confusion[i * (c->classes + 1) + k]);
			add_right(out, text, cell);
		}
		lep_buf_addc(out, '\n');
	}
}

static void classes_table(struct lep_buf *out, const struct lep_score *s, const struct lep_report_options *o)
{
	size_t width = 10;
	char label[32];

	line_interval(out, "accuracy", s, LEP_METRIC_ACCURACY);
	for (size_t i = 0; i < o->ntop; i++) {
		snprintf(label, sizeof(label), "top %d", (int)o->top[i]);
		line(out, label, s, LEP_METRIC_TOP, o->top[i]);
	}
	line(out, "balanced accuracy", s, LEP_METRIC_BALANCED, LEP_OF_ALL);
	if (s->has_probability)
		line(out, "log loss", s, LEP_METRIC_LOG_LOSS, LEP_OF_ALL);
	line(out, "kappa", s, LEP_METRIC_KAPPA, LEP_OF_ALL);
	line(out, "mcc", s, LEP_METRIC_MCC, LEP_OF_ALL);
	if (o->per_class || s->table->n <= LEP_REPORT_CLASSES_MAX)
		for (size_t c = 0; c < s->table->n; c++) {
			size_t n = name_width(s->table->entry[c], s->table->length[c]);

			width = n > width ? n : width;
		}
	per_class(out, s, o, width);
	if (s->classes.confusion && (o->confusion || s->table->n <= LEP_REPORT_CONFUSION_MAX))
		confusion(out, s, width);
}

static void numbers_table(struct lep_buf *out, const struct lep_score *s, const struct lep_report_options *o)
{
	static const enum lep_metric m[] = {LEP_METRIC_MSE, LEP_METRIC_RMSE, LEP_METRIC_MAE, LEP_METRIC_R2};
	size_t n = lep_score_outputs(s);

	for (size_t i = 0; i < 4; i++)
		line_interval(out, lep_metrics[m[i]].name, s, m[i]);
	if (n < 2 || (n > LEP_REPORT_CLASSES_MAX && !o->per_class))
		return;
	heading(out, "output", 10, m, 4);
	for (size_t i = 0; i < n; i++) {
		char name[24];

		snprintf(name, sizeof(name), "%zu", i);
		row(out, s, name, strlen(name), 10, m, 4, (int64_t)i);
	}
}

static void text_table(struct lep_buf *out, const struct lep_score *s)
{
	line_interval(out, "bleu", s, LEP_METRIC_BLEU);
	for (int n = 1; n <= LEP_BLEU_ORDER; n++) {
		char label[32];

		snprintf(label, sizeof(label), "  %d-grams", n);
		line(out, label, s, LEP_METRIC_BLEU_PRECISION, n);
	}
	line(out, "  brevity penalty", s, LEP_METRIC_BREVITY_PENALTY, LEP_OF_ALL);
	line(out, "  length ratio", s, LEP_METRIC_LENGTH_RATIO, LEP_OF_ALL);
	line_interval(out, "chrf", s, LEP_METRIC_CHRF);
	line_interval(out, "wer", s, LEP_METRIC_WER);
	line_interval(out, "cer", s, LEP_METRIC_CER);
	line_interval(out, "exact match", s, LEP_METRIC_EXACT_MATCH);
	line(out, "tokens", s, LEP_METRIC_TOKENS, LEP_OF_ALL);
	line(out, "reference tokens", s, LEP_METRIC_REFERENCE_TOKENS, LEP_OF_ALL);
	lep_buf_addf(out, "%-18s %10s\n", "tokenizer", lep_tokenizer_names[s->text.tokenizer]);
}

static void language_table(struct lep_buf *out, const struct lep_score *s)
{
	line_interval(out, "perplexity", s, LEP_METRIC_PERPLEXITY);
	if (s->language.has_bytes)
		line_interval(out, "bits per byte", s, LEP_METRIC_BITS_PER_BYTE);
	if (s->language.has_class)
		line_interval(out, "token accuracy", s, LEP_METRIC_TOKEN_ACCURACY);
	line(out, "log loss", s, LEP_METRIC_LOG_LOSS, LEP_OF_ALL);
	line(out, "tokens", s, LEP_METRIC_TOKENS, LEP_OF_ALL);
	if (s->language.has_bytes)
		line(out, "bytes", s, LEP_METRIC_BYTES, LEP_OF_ALL);
}

void lep_report_table(struct lep_buf *out, const struct lep_score *s, const struct lep_report_options *o)
{
	static const char *const bad[] = {[LEP_SCORE_CLASSES] = "counted as wrong",
		[LEP_SCORE_NUMBERS] = "no error to measure", [LEP_SCORE_TEXT] = "no text to compare",
		[LEP_SCORE_LANGUAGE] = "no tokens to measure"};

	line(out, "records", s, LEP_METRIC_RECORDS, LEP_OF_ALL);
	if (s->bad)
		lep_buf_addf(out, "%-18s %10llu  (%s)\n", "bad", (unsigned long long)s->bad,
			s->skip_bad ? "left out" : bad[s->kind]);
	if (s->unlabelled)
		lep_buf_addf(out, "%-18s %10llu  (left out)\n", "unlabelled", (unsigned long long)s->unlabelled);
	if (s->unknown)
		lep_buf_addf(out, "%-18s %10llu  (tokens whose text is not known)\n", "unknown",
			(unsigned long long)s->unknown);
	switch (s->kind) {
	case LEP_SCORE_CLASSES:
		classes_table(out, s, o);
		break;
	case LEP_SCORE_NUMBERS:
		numbers_table(out, s, o);
		break;
	case LEP_SCORE_TEXT:
		text_table(out, s);
		break;
	case LEP_SCORE_LANGUAGE:
		language_table(out, s);
		break;
	}
}
