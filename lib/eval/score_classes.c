/* Scoring classes: tables joined by name, probabilities, ranks. */
#include "eval/score_parts.h"

#include "base/mem.h"

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
	int64_t count = lep_score_elements(f), per = -1;

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

int lep_score_bind_classes(struct lep_score *s, const struct lep_score_options *o, struct lep_error *e)
{
	const struct lep_head *h = s->head;
	const struct lep_field *target = &h->field[s->target];
	int chosen = -1, rc;

	if (o->output && (chosen = lep_score_named(h, o->output, e)) < 0)
		return chosen;
	s->given = chosen >= 0 && h->field[chosen].table ? chosen : -1;
	s->probability = chosen >= 0 && !h->field[chosen].table ? chosen : -1;
	if (!o->output && (s->given = lep_score_pick(h, LEP_WANT_TABLE, "class", "--prediction", e)) < -1)
		return s->given;
	if (s->probability < 0) {
		int i = lep_head_find(h, "probability");

		if (i >= 0 && lep_score_fits(&h->field[i], LEP_WANT_FLOAT))
			s->probability = i;
		else if (s->given < 0 && (s->probability = lep_score_pick(h, LEP_WANT_FLOAT, NULL, "--prediction", e)) < -1)
			return s->probability;
	}
	if (s->given < 0 && s->probability < 0)
		return lep_fail(e, LEP_ERR_DATA, "target '%s' holds classes, but no output does: expected "
			"'class' or 'probability', as lep-infer adds them", target->name);
	if (s->given >= 0 && lep_score_elements(&h->field[s->given]) != lep_score_elements(target))
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

/* The probability at place at of one case, whose first one is number first. */
static double probability_at(const struct lep_score *s, const unsigned char *p, size_t first, size_t at)
{
	enum lep_dtype t = s->head->field[s->probability].dtype;
	double one;

	if (!s->single)
		return lep_score_number(t, p, first + at);
	one = lep_score_number(t, p, first);
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

int lep_score_add_classes(struct lep_score *s, const struct lep_frame *fr, size_t i, struct lep_error *e)
{
	const unsigned char *truth, *given = NULL, *p = NULL;
	size_t n, bytes = 0, per = s->single ? 1 : s->order;
	int64_t target_n = (int64_t)s->head->field[s->target].table->n;

	truth = lep_score_value(s, fr, s->target, i, &n);
	if (s->given >= 0) {
		given = lep_score_value(s, fr, s->given, i, &bytes);
		if (bytes != n)
			return lep_score_fail(s, fr, i, s->given, "differs from the target in shape", e);
	}
	n /= 4;
	if (s->probability >= 0) {
		p = lep_score_value(s, fr, s->probability, i, &bytes);
		if (bytes != n * per * lep_dtype_size(s->head->field[s->probability].dtype))
			return lep_score_fail(s, fr, i, s->probability, "differs from the target in shape", e);
	}
	for (size_t k = 0; k < n; k++) {
		int64_t t = (int32_t)lep_get32(truth + 4 * k), g;

		if (t == -1) {
			s->unlabelled++;
			continue;
		}
		if (t < 0 || t >= target_n)
			return lep_score_fail(s, fr, i, s->target, "id outside its table", e);
		g = given ? (int32_t)lep_get32(given + 4 * k) : most_probable(s, p, k * per);
		if (g < -1 || g >= (int64_t)s->order)
			return lep_score_fail(s, fr, i, s->given, "id outside its table", e);
		if (g >= 0 && s->map)
			g = s->map[g];
		lep_class_score_add(&s->classes, (size_t)t, g);
		if (p && add_probability(s, p, k * per, t))
			return lep_score_fail(s, fr, i, s->probability, "not a probability", e);
	}
	return 0;
}
