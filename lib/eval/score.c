/* Scoring a stream: binding fields, then one pass over each frame. */
#include "eval/score.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum want { WANT_TARGET, WANT_TABLE, WANT_FLOAT, WANT_NUMBER };

static int fits(const struct lep_field *f, enum want want)
{
	switch (want) {
	case WANT_TARGET:
		return f->role == LEP_ROLE_TARGET;
	case WANT_TABLE:
		return f->role == LEP_ROLE_OUTPUT && f->table;
	case WANT_FLOAT:
		return f->role == LEP_ROLE_OUTPUT && !f->table && lep_dtype_is_float(f->dtype);
	case WANT_NUMBER:
		return f->role == LEP_ROLE_OUTPUT && !f->table && f->dtype != LEP_TEXT;
	}
	return 0;
}

/* The field called preferred among those that fit, else the only one: its
 * index, -1 if there is none, or LEP_ERR_USAGE. */
static int pick(const struct lep_head *h, enum want want, const char *preferred, const char *option,
	struct lep_error *e)
{
	int found = -1, count = 0;

	for (size_t i = 0; i < h->nfield; i++) {
		if (!fits(&h->field[i], want))
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

static int named(const struct lep_head *h, const char *name, struct lep_error *e)
{
	int i = lep_head_find(h, name);

	return i >= 0 ? i : lep_fail(e, LEP_ERR_USAGE, "no field '%s'", name);
}

/* Elements a record, or -1 where extents vary. */
static int64_t count_of(const struct lep_field *f)
{
	return lep_shape_varying(&f->shape) ? -1 : lep_shape_count(&f->shape);
}

/* The table of all classes, and where the output's ids and probabilities stand in it. */
static int join_tables(struct lep_score *s, struct lep_error *e)
{
	const struct lep_table *target = s->head->field[s->target].table;
	const struct lep_table *given = s->given >= 0 ? s->head->field[s->given].table : target;

	s->order = given->n;
	if (lep_table_equal(target, given)) {
		s->table = lep_table_share(s->head->field[s->target].table);
		return 0;
	}
	s->table = lep_table_new();
	s->map = lep_alloc(given->n, sizeof(*s->map));
	s->unmap = lep_alloc(target->n + given->n, sizeof(*s->unmap));
	if (!s->table || !s->map || !s->unmap)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < target->n; i++)
		if (lep_table_add(s->table, target->entry[i], target->length[i]) < 0)
			return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < target->n + given->n; i++)
		s->unmap[i] = -1;
	for (size_t i = 0; i < given->n; i++) {
		s->map[i] = lep_table_add(s->table, given->entry[i], given->length[i]);
		if (s->map[i] < 0)
			return lep_fail_nomem(e, 0);
		s->unmap[s->map[i]] = (int64_t)i;
	}
	return 0;
}

static int bind_probability(struct lep_score *s, struct lep_error *e)
{
	const struct lep_field *f = &s->head->field[s->probability];
	int64_t count = count_of(f), per = -1;

	if (s->varies && f->shape.rank > 0)
		per = f->shape.extent[f->shape.rank - 1];
	else if (!s->varies && count >= 0 && s->elements)
		per = count % (int64_t)s->elements ? -1 : count / (int64_t)s->elements;
	s->single = per == 1 && s->order == 2;
	if (!s->single && per != (int64_t)s->order)
		return lep_fail(e, LEP_ERR_DATA, "field '%s': %lld probabilities a case, but %zu classes",
			f->name, (long long)per, s->order);
	s->has_probability = 1;
	return 0;
}

static int bind_classes(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e)
{
	const struct lep_head *h = s->head;
	const struct lep_field *target = &h->field[s->target];
	int chosen = -1, rc;

	if (o->output && (chosen = named(h, o->output, e)) < 0)
		return chosen;
	s->given = chosen >= 0 && h->field[chosen].table ? chosen : -1;
	s->probability = chosen >= 0 && !h->field[chosen].table ? chosen : -1;
	if (!o->output && (s->given = pick(h, WANT_TABLE, "class", "--prediction", e)) < -1)
		return s->given;
	if (s->probability < 0) {
		int i = lep_head_find(h, "probability");

		if (i >= 0 && fits(&h->field[i], WANT_FLOAT))
			s->probability = i;
		else if (s->given < 0 && (s->probability = pick(h, WANT_FLOAT, NULL, "--prediction", e)) < -1)
			return s->probability;
	}
	if (s->given < 0 && s->probability < 0)
		return lep_fail(e, LEP_ERR_DATA, "target '%s' holds classes, but no output does: expected "
			"'class' or 'probability', as lep-infer adds them", target->name);
	if (s->given >= 0 && count_of(&h->field[s->given]) != count_of(target))
		return lep_fail(e, LEP_ERR_DATA, "'%s' and target '%s' differ in shape",
			h->field[s->given].name, target->name);
	if (s->probability >= 0 && !lep_dtype_is_float(h->field[s->probability].dtype))
		return lep_fail(e, LEP_ERR_DATA, "field '%s': neither classes nor probabilities",
			h->field[s->probability].name);
	rc = join_tables(s, e);
	if (!rc && s->probability >= 0)
		rc = bind_probability(s, e);
	if (!rc)
		rc = lep_class_score_init(&s->classes, s->table->n,
			o->confusion || s->table->n <= LEP_SCORE_CONFUSION_MAX, e);
	return rc;
}

static int bind_numbers(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e)
{
	const struct lep_head *h = s->head;
	const struct lep_field *target = &h->field[s->target];

	if (target->dtype == LEP_TEXT)
		return lep_fail(e, LEP_ERR_DATA, "target '%s' is text: nothing to measure", target->name);
	s->given = o->output ? named(h, o->output, e) : pick(h, WANT_NUMBER, "prediction", "--prediction", e);
	if (s->given < -1)
		return s->given;
	if (s->given < 0)
		return lep_fail(e, LEP_ERR_DATA, "no output of numbers for target '%s': run lep-infer first",
			target->name);
	if (h->field[s->given].table || h->field[s->given].dtype == LEP_TEXT)
		return lep_fail(e, LEP_ERR_DATA, "target '%s' holds numbers, but output '%s' does not",
			target->name, h->field[s->given].name);
	if (count_of(&h->field[s->given]) != count_of(target))
		return lep_fail(e, LEP_ERR_DATA, "'%s' and target '%s' differ in shape",
			h->field[s->given].name, target->name);
	return 0;
}

int lep_score_init(struct lep_score *s, const struct lep_head *head, const struct lep_score_options *o,
	struct lep_error *e)
{
	const struct lep_field *target;
	int rc;

	*s = (struct lep_score){.head = head, .given = -1, .probability = -1,
		.skip_bad = o->skip_bad, .rank = o->rank};
	if (head->kind != LEP_KIND_DATA)
		return lep_fail(e, LEP_ERR_DATA, "holds a %s, not records to score", lep_kind_name(head->kind));
	s->target = o->target ? named(head, o->target, e) : pick(head, WANT_TARGET, NULL, "--target", e);
	if (s->target < -1)
		return s->target;
	if (s->target < 0)
		return lep_fail(e, LEP_ERR_DATA, "no target field: nothing to score the outputs against");
	target = &head->field[s->target];
	s->varies = lep_shape_varying(&target->shape) > 0;
	s->elements = s->varies ? 0 : (size_t)lep_shape_count(&target->shape);
	s->is_classes = target->table != NULL;
	rc = s->is_classes ? bind_classes(s, o, e) : bind_numbers(s, o, e);
	if (rc)
		lep_score_release(s);
	return rc;
}

void lep_score_release(struct lep_score *s)
{
	lep_class_score_release(&s->classes);
	lep_number_score_release(&s->numbers);
	lep_table_free(s->table);
	lep_free(s->map);
	lep_free(s->unmap);
	lep_free(s->scratch);
	*s = (struct lep_score){0};
}

static int fail_record(const struct lep_score *s, const struct lep_frame *fr, size_t i, int field,
	const char *cause, struct lep_error *e)
{
	return lep_fail(e, LEP_ERR_DATA, "record %llu '%.*s': field '%s': %s",
		(unsigned long long)(fr->first + i), (int)fr->entry[i].key_len, fr->entry[i].key,
		s->head->field[field].name, cause);
}

/* Value of a field of record i; fixed extents are found without the call. */
static inline const unsigned char *value(const struct lep_score *s, const struct lep_frame *fr, int field,
	size_t i, size_t *bytes)
{
	const struct lep_column *c = &fr->column[field];

	if (c->offset || c->extent)
		return lep_frame_value(s->head, fr, (size_t)field, i, bytes, NULL);
	*bytes = c->bytes / fr->n;
	return c->data + i * *bytes;
}

static double number_at(enum lep_dtype t, const unsigned char *p, size_t i)
{
	double d;

	if (t == LEP_F32) {
		uint32_t bits = lep_get32(p + 4 * i);
		float f;

		memcpy(&f, &bits, sizeof(f));
		return (double)f;
	}
	lep_to_f64(&d, t, p + i * lep_dtype_size(t), 1);
	return d;
}

/* The probability at place at of one case, whose first one is number first. */
static double probability_at(const struct lep_score *s, const unsigned char *p, size_t first, size_t at)
{
	enum lep_dtype t = s->head->field[s->probability].dtype;
	double one;

	if (!s->single)
		return number_at(t, p, first + at);
	one = number_at(t, p, first);
	return at ? one : 1 - one;
}

/* What a network without `class` output gives: the most probable class, the
 * first of equals. */
static int64_t most_probable(const struct lep_score *s, const unsigned char *p, size_t first)
{
	size_t best = 0;
	double most = probability_at(s, p, first, 0);

	for (size_t c = 1; c < s->order; c++) {
		double v = probability_at(s, p, first, c);

		if (v > most) {
			most = v;
			best = c;
		}
	}
	return (int64_t)best;
}

/* Adds the probability of the true class, and how many stand before it: larger
 * ones, equal ones of an earlier class, and what is no number. */
static int add_probability(struct lep_score *s, const unsigned char *p, size_t first, int64_t truth)
{
	int64_t at = s->unmap ? s->unmap[truth] : truth;
	size_t before = 0;
	double own;

	if (at < 0) {
		lep_class_score_probability(&s->classes, 0, LEP_TOP_MAX);
		return 0;
	}
	own = probability_at(s, p, first, (size_t)at);
	if (!(own >= 0 && own <= 1.001))
		return -1;
	if (s->rank)
		for (size_t c = 0; c < s->order; c++) {
			double v = probability_at(s, p, first, c);

			before += c < (size_t)at ? !(v < own) : c > (size_t)at && !(v <= own);
		}
	lep_class_score_probability(&s->classes, own, before);
	return 0;
}

static int add_classes(struct lep_score *s, const struct lep_frame *fr, size_t i, struct lep_error *e)
{
	const unsigned char *truth, *given = NULL, *p = NULL;
	size_t n, bytes = 0, per = s->single ? 1 : s->order;
	int64_t target_n = (int64_t)s->head->field[s->target].table->n;

	truth = value(s, fr, s->target, i, &n);
	if (s->given >= 0) {
		given = value(s, fr, s->given, i, &bytes);
		if (bytes != n)
			return fail_record(s, fr, i, s->given, "differs from the target in shape", e);
	}
	n /= 4;
	if (s->probability >= 0) {
		p = value(s, fr, s->probability, i, &bytes);
		if (bytes != n * per * lep_dtype_size(s->head->field[s->probability].dtype))
			return fail_record(s, fr, i, s->probability, "differs from the target in shape", e);
	}
	for (size_t k = 0; k < n; k++) {
		int64_t t = (int32_t)lep_get32(truth + 4 * k), g;

		if (t == -1) {
			s->unlabelled++;
			continue;
		}
		if (t < 0 || t >= target_n)
			return fail_record(s, fr, i, s->target, "id outside its table", e);
		g = given ? (int32_t)lep_get32(given + 4 * k) : most_probable(s, p, k * per);
		if (g < -1 || g >= (int64_t)s->order)
			return fail_record(s, fr, i, s->given, "id outside its table", e);
		if (g >= 0 && s->map)
			g = s->map[g];
		lep_class_score_add(&s->classes, (size_t)t, g);
		if (p && add_probability(s, p, k * per, t))
			return fail_record(s, fr, i, s->probability, "not a probability", e);
	}
	return 0;
}

static int add_numbers(struct lep_score *s, const struct lep_frame *fr, size_t i, struct lep_error *e)
{
	const struct lep_field *target = &s->head->field[s->target], *given = &s->head->field[s->given];
	const unsigned char *a, *b;
	size_t n, m;
	int rc = 0;

	a = value(s, fr, s->target, i, &n);
	b = value(s, fr, s->given, i, &m);
	n /= lep_dtype_size(target->dtype);
	if (m / lep_dtype_size(given->dtype) != n)
		return fail_record(s, fr, i, s->given, "differs from the target in shape", e);
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
		s->scratch[2 * k] = number_at(target->dtype, a, k);
		s->scratch[2 * k + 1] = number_at(given->dtype, b, k);
		if (!isfinite(s->scratch[2 * k]))
			return fail_record(s, fr, i, s->target, "not a finite number", e);
		if (!isfinite(s->scratch[2 * k + 1]))
			return fail_record(s, fr, i, s->given, "not a finite number", e);
	}
	if (s->varies)
		for (size_t k = 0; k < n; k++)
			lep_number_score_add(&s->numbers, &s->scratch[2 * k]);
	else
		lep_number_score_add(&s->numbers, s->scratch);
	return 0;
}

int lep_score_add(struct lep_score *s, const struct lep_frame *fr, struct lep_error *e)
{
	for (size_t i = 0; i < fr->n; i++) {
		int rc;

		s->records++;
		if (fr->entry[i].bad) {
			uint64_t cases = s->varies ? 1 : s->elements;

			s->bad++;
			if (!s->skip_bad) {
				s->classes.bad += s->is_classes ? cases : 0;
				s->numbers.bad += s->is_classes ? 0 : 1;
			}
			continue;
		}
		rc = s->is_classes ? add_classes(s, fr, i, e) : add_numbers(s, fr, i, e);
		if (rc)
			return rc;
	}
	return 0;
}

int lep_score_end(const struct lep_score *s, struct lep_error *e)
{
	if (s->records == 0)
		return lep_fail(e, LEP_ERR_DATA, "no records to score");
	if (s->classes.cases + s->classes.bad + s->numbers.cases + s->numbers.bad == 0)
		return lep_fail(e, LEP_ERR_DATA, "nothing to score: of %llu records %llu are bad, and no "
			"other has a target", (unsigned long long)s->records, (unsigned long long)s->bad);
	return 0;
}

size_t lep_score_outputs(const struct lep_score *s)
{
	return s->is_classes ? 0 : s->varies ? 1 : s->elements;
}

int lep_score_get(const struct lep_score *s, enum lep_metric m, int64_t of, double *value_out)
{
	uint64_t n;

	switch ((int)m) {
	case LEP_METRIC_RECORDS:
		n = s->records;
		break;
	case LEP_METRIC_BAD:
		n = s->bad;
		break;
	case LEP_METRIC_UNLABELLED:
		n = s->unlabelled;
		break;
	default:
		if (!s->is_classes)
			return lep_number_score_get(&s->numbers, m, of, value_out);
		if (m == LEP_METRIC_TOP || m == LEP_METRIC_LOG_LOSS) {
			*value_out = 0;
			if (!s->has_probability)
				return 0;
		}
		return lep_class_score_get(&s->classes, m, of, value_out);
	}
	*value_out = (double)n;
	return 1;
}
