/* Scoring a stream: binding fields, then one pass over each frame. */
#include "eval/score_parts.h"

#include <math.h>

#include "base/mem.h"

int lep_score_is_text(const struct lep_field *f)
{
	struct lep_text_recipe recipe;

	return f->dtype == LEP_TEXT || lep_field_has_text(f, &recipe);
}

static int is_ids(const struct lep_field *f, enum lep_role role)
{
	return f->role == role && f->dtype == LEP_I32 && f->table && f->shape.rank == 1 &&
		lep_shape_varying(&f->shape);
}

int lep_score_fits(const struct lep_field *f, enum lep_score_want want)
{
	switch (want) {
	case LEP_WANT_TARGET:
		return f->role == LEP_ROLE_TARGET;
	case LEP_WANT_TABLE:
		return f->role == LEP_ROLE_OUTPUT && f->table;
	case LEP_WANT_FLOAT:
		return f->role == LEP_ROLE_OUTPUT && !f->table && lep_dtype_is_float(f->dtype);
	case LEP_WANT_NUMBER:
		return f->role == LEP_ROLE_OUTPUT && !f->table && f->dtype != LEP_TEXT;
	case LEP_WANT_TEXT:
		return f->role == LEP_ROLE_OUTPUT && lep_score_is_text(f);
	case LEP_WANT_IDS:
		return is_ids(f, LEP_ROLE_TARGET);
	case LEP_WANT_IDS_IN:
		return is_ids(f, LEP_ROLE_INPUT);
	}
	return 0;
}

int lep_score_pick(const struct lep_head *h, enum lep_score_want want, const char *preferred, const char *option,
	struct lep_error *e)
{
	int found = -1, count = 0;

	for (size_t i = 0; i < h->nfield; i++) {
		if (!lep_score_fits(&h->field[i], want))
			continue;
		if (preferred && !strcmp(h->field[i].name, preferred))
			return (int)i;
		found = (int)i;
		count++;
	}
	if (count > 1)
		return lep_fail(e, LEP_ERR_USAGE, "%d fields could be meant: choose one with %s", count, option);
	return found;
}

int lep_score_named(const struct lep_head *h, const char *name, struct lep_error *e)
{
	int i = lep_head_find(h, name);

	return i >= 0 ? i : lep_fail(e, LEP_ERR_USAGE, "no field '%s'", name);
}

int64_t lep_score_elements(const struct lep_field *f)
{
	return lep_shape_varying(&f->shape) ? -1 : lep_shape_count(&f->shape);
}

static int bind_numbers(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e)
{
	const struct lep_head *h = s->head;
	const struct lep_field *target = &h->field[s->target];

	if (target->dtype == LEP_TEXT)
		return lep_fail(e, LEP_ERR_DATA, "target '%s' is text, but no output is", target->name);
	s->given = o->output ? lep_score_named(h, o->output, e) :
		lep_score_pick(h, LEP_WANT_NUMBER, "prediction", "--prediction", e);
	if (s->given < -1)
		return s->given;
	if (s->given < 0)
		return lep_fail(e, LEP_ERR_DATA, "no output of numbers for target '%s': run lep-infer first",
			target->name);
	if (h->field[s->given].table || h->field[s->given].dtype == LEP_TEXT)
		return lep_fail(e, LEP_ERR_DATA, "target '%s' holds numbers, but output '%s' does not",
			target->name, h->field[s->given].name);
	if (lep_score_elements(&h->field[s->given]) != lep_score_elements(target))
		return lep_fail(e, LEP_ERR_DATA, "'%s' and target '%s' differ in shape",
			h->field[s->given].name, target->name);
	return 0;
}

int lep_score_fail(const struct lep_score *s, const struct lep_frame *fr, size_t i, int field,
	const char *cause, struct lep_error *e)
{
	return lep_fail(e, LEP_ERR_DATA, "record %llu '%.*s': field '%s': %s",
		(unsigned long long)(fr->first + i), (int)fr->entry[i].key_len, fr->entry[i].key,
		s->head->field[field].name, cause);
}

static int add_numbers(struct lep_score *s, const struct lep_frame *fr, size_t i, struct lep_error *e)
{
	const struct lep_field *target = &s->head->field[s->target], *given = &s->head->field[s->given];
	const unsigned char *a, *b;
	size_t n, m;
	int rc = 0;

	a = lep_score_value(s, fr, s->target, i, &n);
	b = lep_score_value(s, fr, s->given, i, &m);
	n /= lep_dtype_size(target->dtype);
	if (m / lep_dtype_size(given->dtype) != n)
		return lep_score_fail(s, fr, i, s->given, "differs from the target in shape", e);
	if (n > s->scratch_room) {
		lep_free(s->scratch);
		s->scratch_room = 0;
		s->scratch = lep_alloc(n, 2 * sizeof(double));
		if (!s->scratch)
			return lep_fail_nomem(e, 2.0 * sizeof(double) * (double)n);
		s->scratch_room = n;
	}
	if (!s->numbers.square) {
		uint64_t bad = s->numbers.bad;

		rc = lep_number_score_init(&s->numbers, s->varies ? 1 : n, e);
		s->numbers.bad = bad;
	}
	if (rc)
		return rc;
	for (size_t k = 0; k < n; k++) {
		s->scratch[2 * k] = lep_score_number(target->dtype, a, k);
		s->scratch[2 * k + 1] = lep_score_number(given->dtype, b, k);
		if (!isfinite(s->scratch[2 * k]))
			return lep_score_fail(s, fr, i, s->target, "not a finite number", e);
		if (!isfinite(s->scratch[2 * k + 1]))
			return lep_score_fail(s, fr, i, s->given, "not a finite number", e);
	}
	if (s->varies)
		for (size_t k = 0; k < n; k++)
			lep_number_score_add(&s->numbers, &s->scratch[2 * k]);
	else
		lep_number_score_add(&s->numbers, s->scratch);
	return lep_number_score_record(&s->numbers, s->scratch, s->varies ? n : 1, e);
}

/* What each kind does with HEAD, and with a good record. */
static const struct {
	const char *name;
	int (*bind)(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e);
	int (*add)(struct lep_score *s, const struct lep_frame *fr, size_t i, struct lep_error *e);
} kinds[] = {
	[LEP_SCORE_CLASSES] = {"classes", lep_score_bind_classes, lep_score_add_classes},
	[LEP_SCORE_NUMBERS] = {"numbers", bind_numbers, add_numbers},
	[LEP_SCORE_TEXT] = {"text", lep_score_bind_text, lep_score_add_pair},
	[LEP_SCORE_LANGUAGE] = {"language models", lep_score_bind_language, lep_score_add_language},
};

const char *lep_score_kind_name(enum lep_score_kind k)
{
	return kinds[k].name;
}

/* The field of log probabilities, or -1. */
static int find_logprob(const struct lep_head *h, const struct lep_score_options *o)
{
	int i = o->output && strcmp(o->output, "logprob") != 0 ? -1 : lep_head_find(h, "logprob");

	if (i < 0 || !lep_score_fits(&h->field[i], LEP_WANT_FLOAT))
		return -1;
	return h->field[i].shape.rank == 1 && lep_shape_varying(&h->field[i].shape) ? i : -1;
}

/* Text against text: the target is text, and an output, or the one asked for (one that
 * is not there is left to binding). */
static int is_text(const struct lep_score *s, const struct lep_score_options *o)
{
	const struct lep_head *h = s->head;
	int i = o->output ? lep_head_find(h, o->output) : -1;

	if (!lep_score_is_text(&h->field[s->target]))
		return 0;
	if (o->output)
		return i < 0 || lep_score_is_text(&h->field[i]);
	for (size_t k = 0; k < h->nfield; k++)
		if (lep_score_fits(&h->field[k], LEP_WANT_TEXT))
			return 1;
	return 0;
}

/* Finds the target and decides what is scored. */
static int bind_target(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e)
{
	const struct lep_head *h = s->head;
	const struct lep_field *target;

	s->probability = find_logprob(h, o);
	if (s->probability >= 0) {
		s->kind = LEP_SCORE_LANGUAGE;
		return 0;
	}
	s->target = o->target ? lep_score_named(h, o->target, e) :
		lep_score_pick(h, LEP_WANT_TARGET, NULL, "--target", e);
	if (s->target < -1)
		return s->target;
	if (s->target < 0)
		return lep_fail(e, LEP_ERR_DATA, "no target field: nothing to score the outputs against");
	target = &h->field[s->target];
	s->varies = lep_shape_varying(&target->shape) > 0;
	s->elements = s->varies ? 0 : (size_t)lep_shape_count(&target->shape);
	if (is_text(s, o))
		s->kind = LEP_SCORE_TEXT;
	else
		s->kind = target->table ? LEP_SCORE_CLASSES : LEP_SCORE_NUMBERS;
	return 0;
}

int lep_score_init(struct lep_score *s, const struct lep_head *head, const struct lep_score_options *o,
	struct lep_error *e)
{
	int rc;

	*s = (struct lep_score){.head = head, .target = -1, .given = -1, .probability = -1, .end = -2, .unknown_id = -2,
		.skip_bad = o->skip_bad, .rank = o->rank, .resamples = o->resamples, .seed = o->seed};
	if (head->kind != LEP_KIND_DATA)
		return lep_fail(e, LEP_ERR_DATA, "holds a %s, not records to score", lep_kind_name(head->kind));
	rc = bind_target(s, o, e);
	if (!rc)
		rc = kinds[s->kind].bind(s, o, e);
	if (rc)
		lep_score_release(s);
	return rc;
}

int lep_score_init_text(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e)
{
	*s = (struct lep_score){.kind = LEP_SCORE_TEXT, .target = -1, .given = -1, .probability = -1,
		.resamples = o->resamples, .seed = o->seed};
	return lep_text_score_init(&s->text, o->tokenizer, e);
}

void lep_score_release(struct lep_score *s)
{
	lep_class_score_release(&s->classes);
	lep_number_score_release(&s->numbers);
	lep_text_score_release(&s->text);
	lep_language_score_release(&s->language);
	lep_buf_release(&s->decoded[0]);
	lep_buf_release(&s->decoded[1]);
	lep_table_free(s->table);
	lep_free(s->map);
	lep_free(s->unmap);
	lep_free(s->scratch);
	*s = (struct lep_score){0};
}

static void count_bad(struct lep_score *s)
{
	s->bad++;
	if (s->skip_bad)
		return;
	switch (s->kind) {
	case LEP_SCORE_CLASSES:
		s->classes.bad += s->varies ? 1 : s->elements;
		break;
	case LEP_SCORE_NUMBERS:
		s->numbers.bad++;
		break;
	case LEP_SCORE_TEXT:
		s->text.bad++;
		break;
	case LEP_SCORE_LANGUAGE:
		s->language.bad++;
		break;
	}
}

int lep_score_add(struct lep_score *s, const struct lep_frame *fr, struct lep_error *e)
{
	for (size_t i = 0; i < fr->n; i++) {
		int rc = 0;

		s->records++;
		if (fr->entry[i].bad)
			count_bad(s);
		else
			rc = kinds[s->kind].add(s, fr, i, e);
		if (rc)
			return rc;
	}
	return 0;
}

int lep_score_add_text(struct lep_score *s, const char *reference, size_t reference_len, const char *hypothesis,
	size_t hypothesis_len, struct lep_error *e)
{
	s->records++;
	return lep_text_score_add(&s->text, reference, reference_len, hypothesis, hypothesis_len, e);
}

int lep_score_end(struct lep_score *s, struct lep_error *e)
{
	double cases;

	if (s->records == 0)
		return lep_fail(e, LEP_ERR_DATA, "no records to score");
	if (!lep_score_get(s, LEP_METRIC_CASES, LEP_OF_ALL, &cases) || cases <= 0)
		return lep_fail(e, LEP_ERR_DATA, "nothing to score: of %llu records %llu are bad, and no "
			"other has a target", (unsigned long long)s->records, (unsigned long long)s->bad);
	if (s->kind == LEP_SCORE_LANGUAGE &&
		s->language.sums.total[LEP_LANGUAGE_TOKENS] + (double)s->language.bad <= 0)
		return lep_fail(e, LEP_ERR_DATA, "nothing to score: no token was predicted");
	if (s->kind == LEP_SCORE_TEXT)
		return lep_text_score_end(&s->text, s->resamples, s->seed, e);
	if (s->kind == LEP_SCORE_NUMBERS)
		return lep_number_score_end(&s->numbers, s->resamples, s->seed, e);
	if (s->kind == LEP_SCORE_LANGUAGE)
		return lep_language_score_end(&s->language, s->resamples, s->seed, e);
	return 0;
}

size_t lep_score_outputs(const struct lep_score *s)
{
	return s->kind != LEP_SCORE_NUMBERS ? 0 : s->varies ? 1 : s->elements;
}

static int get_classes(const struct lep_score *s, enum lep_metric m, int64_t of, double *value)
{
	*value = 0;
	if ((lep_metrics[m].use & LEP_USE_PROBABILITY) && !s->has_probability)
		return 0;
	return lep_class_score_get(&s->classes, m, of, value);
}

int lep_score_get(const struct lep_score *s, enum lep_metric m, int64_t of, double *value)
{
	switch ((int)m) {
	case LEP_METRIC_RECORDS:
		*value = (double)s->records;
		return 1;
	case LEP_METRIC_BAD:
		*value = (double)s->bad;
		return 1;
	case LEP_METRIC_UNLABELLED:
		*value = (double)s->unlabelled;
		return 1;
	case LEP_METRIC_UNKNOWN:
		*value = (double)s->unknown;
		return 1;
	}
	switch (s->kind) {
	case LEP_SCORE_CLASSES:
		return get_classes(s, m, of, value);
	case LEP_SCORE_NUMBERS:
		return lep_number_score_get(&s->numbers, m, of, value);
	case LEP_SCORE_TEXT:
		return lep_text_score_get(&s->text, m, of, value);
	case LEP_SCORE_LANGUAGE:
		return lep_language_score_get(&s->language, m, of, value);
	}
	*value = 0;
	return 0;
}
