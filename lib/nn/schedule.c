/* Schedules: one row of the table each. */
#include "nn/schedule.h"

#include <math.h>
#include <string.h>

#include "base/math.h"
#include "base/text.h"
#include "nn/words.h"

#define PI 3.14159265358979323846

/* Where a step stands: s and T of the header, E, and p behind the warm-up. */
struct place {
	double step, total, epoch, share;
};

static double constant(const double *a, const struct place *at)
{
	(void)a;
	(void)at;
	return 1;
}

static double by_step(const double *a, const struct place *at)
{
	return lep_pow_int(a[1], (int64_t)(at->step / (a[0] * at->epoch)));
}

static double linear(const double *a, const struct place *at)
{
	return 1 - (1 - a[0]) * at->share;
}

/* From 1 down to end as share goes from 0 to 1. */
static double down(double end, double share)
{
	return end + (1 - end) * ((1 + lep_cos(PI * share)) / 2);
}

static double cosine(const double *a, const struct place *at)
{
	return down(a[0], at->share);
}

static double onecycle(const double *a, const struct place *at)
{
	const double up = a[0] * at->total;

	if (at->step < up)
		return down(a[1], 1 - at->step / up);
	return down(a[2], at->step < at->total ? (at->step - up) / (at->total - up) : 1);
}

static const struct schedule_row {
	const char *name;
	const char *synopsis;
	double (*factor)(const double *a, const struct place *at);
	int numbers;
	int own_warmup;
	struct {
		const char *what;
		double low, high, standard;
	} number[LEP_SCHEDULE_NUMBERS];
} table[] = {
	[LEP_SCHEDULE_CONSTANT] = {.name = "constant", .synopsis = "constant", .factor = constant},
	[LEP_SCHEDULE_STEP] = {.name = "step", .synopsis = "step:EPOCHS:FACTOR", .factor = by_step,
		.numbers = 2, .number = {{"EPOCHS", 1e-3, 1e9, 10}, {"FACTOR", 1e-9, 1, 0.1}}},
	[LEP_SCHEDULE_LINEAR] = {.name = "linear", .synopsis = "linear:END", .factor = linear,
		.numbers = 1, .number = {{"END", 0, 1, 0}}},
	[LEP_SCHEDULE_COSINE] = {.name = "cosine", .synopsis = "cosine:END", .factor = cosine,
		.numbers = 1, .number = {{"END", 0, 1, 0}}},
	[LEP_SCHEDULE_ONECYCLE] = {.name = "onecycle", .synopsis = "onecycle:UP:START:END",
		.factor = onecycle, .numbers = 3, .own_warmup = 1,
		.number = {{"UP", 0.001, 0.999, 0.3}, {"START", 0, 1, 0.04}, {"END", 0, 1, 1e-4}}},
};
_Static_assert(sizeof(table) / sizeof(*table) == LEP_SCHEDULE_COUNT, "one row a schedule");

const char *lep_schedule_name(int kind)
{
	return kind >= 0 && kind < LEP_SCHEDULE_COUNT ? table[kind].name : NULL;
}

static int fail_unknown(const char *s, size_t len, struct lep_error *e)
{
	struct lep_buf known = {0};
	int status;

	for (int i = 0; i < LEP_SCHEDULE_COUNT; i++)
		lep_buf_addf(&known, "%s%s", i ? ", " : "", table[i].name);
	status = lep_fail(e, LEP_ERR_USAGE, "'%.*s' is unknown; there are %s", (int)len, s,
		known.data ? known.data : "");
	lep_buf_release(&known);
	return status;
}

int lep_schedule_parse(struct lep_schedule *s, const char *text, struct lep_error *e)
{
	const struct schedule_row *row = NULL;
	double number[LEP_SCHEDULE_NUMBERS] = {0};
	const char *part, *rest;
	size_t len;
	int i;

	part = lep_words_part(text, ':', &len, &rest);
	for (i = 0; i < LEP_SCHEDULE_COUNT && !row; i++)
		if (lep_words_is(part, len, table[i].name))
			row = &table[i];
	if (!row)
		return fail_unknown(part, len, e);
	for (i = 0; i < row->numbers; i++) {
		number[i] = row->number[i].standard;
		if (!rest)
			continue;
		part = lep_words_part(rest, ':', &len, &rest);
		if (!lep_words_number(part, len, &number[i]) || !(number[i] >= row->number[i].low) ||
			!(number[i] <= row->number[i].high))
			return lep_fail(e, LEP_ERR_USAGE, "'%s': %s needs a number from %g to %g", text,
				row->number[i].what, row->number[i].low, row->number[i].high);
	}
	if (rest)
		return lep_fail(e, LEP_ERR_USAGE, "'%s': more than %s takes", text, row->synopsis);
	s->kind = (enum lep_schedule_kind)(row - table);
	for (i = 0; i < LEP_SCHEDULE_NUMBERS; i++)
		s->number[i] = number[i];
	return 0;
}

int lep_schedule_parse_warmup(struct lep_schedule *s, const char *text, struct lep_error *e)
{
	const char *unit = text + strcspn(text, "e");
	const int epochs = strcmp(unit, "epochs") == 0 || strcmp(unit, "epoch") == 0;
	double v;

	/* without a unit all of it is the number: 5e2 */
	if (!lep_words_number(text, epochs ? (size_t)(unit - text) : strlen(text), &v) || !(v >= 0) ||
		v > 1e12 || (!epochs && v != floor(v)))
		return lep_fail(e, LEP_ERR_USAGE,
			"'%s' is no warm-up: steps (500) or epochs (3epochs)", text);
	s->warmup = v;
	s->warmup_epochs = epochs;
	return 0;
}

int lep_schedule_check(const struct lep_schedule *s, struct lep_error *e)
{
	if (table[s->kind].own_warmup && s->warmup > 0)
		return lep_fail(e, LEP_ERR_USAGE, "%s warms up by itself: it takes no warm-up",
			table[s->kind].name);
	return 0;
}

void lep_schedule_text(struct lep_buf *b, const struct lep_schedule *s)
{
	lep_buf_adds(b, table[s->kind].name);
	for (int i = 0; i < table[s->kind].numbers; i++) {
		lep_buf_addc(b, ':');
		lep_text_number(b, s->number[i]);
	}
	if (!(s->warmup > 0))
		return;
	lep_buf_adds(b, " warmup ");
	lep_text_number(b, s->warmup);
	if (s->warmup_epochs)
		lep_buf_adds(b, "epochs");
}

double lep_schedule_factor(const struct lep_schedule *s, int64_t step, int64_t total, int64_t epoch)
{
	const double warmup = floor(s->warmup * (s->warmup_epochs ? (double)epoch : 1) + 0.5);
	struct place at = {.step = (double)step, .total = (double)total, .epoch = (double)epoch};

	if (at.step < warmup)
		return (at.step + 1) / warmup;
	at.share = at.step < at.total ? (at.step - warmup) / (at.total - warmup) : 1;
	return table[s->kind].factor(s->number, &at);
}
