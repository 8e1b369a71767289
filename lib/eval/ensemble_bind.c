/* An ensemble's fields: who predicts what, in which classes, and what comes out. */
#include <string.h>

#include "eval/ensemble_parts.h"
#include "stream/agree.h"

enum want { WANT_PROBABILITY, WANT_CLASS, WANT_NUMBER };

static int fits(const struct lep_field *f, enum want want)
{
	if (f->role != LEP_ROLE_OUTPUT || f->dtype == LEP_TEXT)
		return 0;
	if (want == WANT_CLASS)
		return lep_field_has_ids(f);
	return !f->table && (want == WANT_NUMBER || lep_dtype_is_float(f->dtype));
}

/* The output of that name, else (only) the only one that fits, or -1. */
static int pick(const struct lep_head *h, enum want want, const char *name, int only)
{
	int found = -1, count = 0;

	for (size_t f = 0; f < h->nfield; f++) {
		if (!fits(&h->field[f], want))
			continue;
		if (strcmp(h->field[f].name, name) == 0)
			return (int)f;
		found = (int)f;
		count++;
	}
	return only && count == 1 ? found : -1;
}

static int target_table(const struct lep_head *h)
{
	for (size_t f = 0; f < h->nfield; f++)
		if (h->field[f].role == LEP_ROLE_TARGET && lep_field_has_ids(&h->field[f]))
			return (int)f;
	return -1;
}

static int find_fields(struct lep_ensemble_model *m, struct lep_error *e)
{
	int target = target_table(m->head);

	m->number = -1;
	m->probability = pick(m->head, WANT_PROBABILITY, "probability", 0);
	m->given = pick(m->head, WANT_CLASS, "class", m->probability < 0);
	if (m->given >= 0)
		m->table = m->head->field[m->given].table;
	else if (m->probability >= 0 && target >= 0)
		m->table = m->head->field[target].table;
	if (m->table)
		return 0;
	if (m->probability >= 0)
		return lep_fail(e, LEP_ERR_DATA, "probabilities of what? neither 'class' nor a target names the classes");
	m->number = pick(m->head, WANT_NUMBER, "prediction", 1);
	if (m->number < 0)
		return lep_fail(e, LEP_ERR_DATA, "no predictions: expected 'probability', 'class' or 'prediction', as "
			"lep-infer adds them");
	return 0;
}

/* Ids of a table as those of another: map[id], -1 for a name that is not there. NULL
 * where they are the same. */
static int map_table(int64_t **map, const struct lep_table *from, const struct lep_table *to, struct lep_error *e)
{
	*map = NULL;
	if (lep_table_equal(from, to))
		return 0;
	*map = lep_alloc(from->n, sizeof(**map));
	if (!*map)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < from->n; i++)
		(*map)[i] = lep_table_find(to, from->entry[i], from->length[i]);
	return 0;
}

static int bind_classes(const struct lep_ensemble *x, struct lep_ensemble_model *m, const char *name,
	struct lep_error *e)
{
	const struct lep_table *first = x->model[0].table;
	const char *others = lep_together_name(x->t, 0);
	int rc = map_table(&m->map, m->table, first, e);

	for (size_t i = 0; i < m->table->n && !rc && m->map; i++)
		if (m->map[i] < 0)
			return lep_fail(e, LEP_ERR_DATA, "%s: class '%s' is not among those of %s", name, m->table->entry[i], others);
	for (size_t i = 0; i < first->n && !rc && m->map; i++)
		if (lep_table_find(m->table, first->entry[i], first->length[i]) < 0)
			return lep_fail(e, LEP_ERR_DATA, "%s: class '%s' of %s is not among its own", name, first->entry[i], others);
	return rc;
}

/* How many probabilities a case has. */
static int bind_probability(struct lep_ensemble_model *m, const char *name, struct lep_error *e)
{
	const struct lep_field *p = &m->head->field[m->probability];
	int64_t per = p->shape.rank ? p->shape.extent[p->shape.rank - 1] : 1, all = lep_shape_count(&p->shape), cases;

	if (m->given >= 0 && all >= 0) {
		cases = lep_shape_count(&m->head->field[m->given].shape);
		per = cases > 0 && all % cases == 0 ? all / cases : -1;
	}
	m->single = per == 1 && m->table->n == 2;
	if (!m->single && per != (int64_t)m->table->n)
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s': %lld probabilities a case, but %zu classes", name, p->name,
			(long long)per, m->table->n);
	return 0;
}

static int bind_numbers(const struct lep_ensemble *x, const struct lep_ensemble_model *m, const char *name,
	struct lep_error *e)
{
	const struct lep_field *a = &x->model[0].head->field[x->model[0].number], *b = &m->head->field[m->number];
	char here[LEP_SHAPE_TEXT_MAX], there[LEP_SHAPE_TEXT_MAX];

	if (lep_shape_equal(&a->shape, &b->shape))
		return 0;
	return lep_fail(e, LEP_ERR_DATA, "%s: '%s' is %s, but that of %s is %s", name, b->name,
		b->shape.rank ? lep_shape_text(here, &b->shape, "x") : "one number", lep_together_name(x->t, 0),
		a->shape.rank ? lep_shape_text(there, &a->shape, "x") : "one number");
}

/* The first's targets that are targets here too. */
static int pair_targets(const struct lep_ensemble *x, struct lep_ensemble_model *m, const char *name,
	struct lep_error *e)
{
	const struct lep_head *first = x->model[0].head;
	int rc = 0;

	m->pair = lep_alloc(first->nfield, sizeof(*m->pair));
	if (!m->pair)
		return lep_fail_nomem(e, 0);
	for (size_t f = 0; f < first->nfield && !rc; f++) {
		const struct lep_field *mine = &first->field[f], *there;
		int at = mine->role == LEP_ROLE_TARGET ? lep_head_find(m->head, mine->name) : -1;
		struct lep_ensemble_pair *pair = &m->pair[m->npair];

		if (at < 0 || m->head->field[at].role != LEP_ROLE_TARGET)
			continue;
		there = &m->head->field[at];
		if (mine->dtype != there->dtype || !lep_shape_equal(&mine->shape, &there->shape) || !mine->table != !there->table)
			return lep_fail(e, LEP_ERR_DATA, "%s: target '%s' is not of the kind that it is in %s", name, mine->name,
				lep_together_name(x->t, 0));
		*pair = (struct lep_ensemble_pair){.first = f, .other = (size_t)at};
		if (mine->table)
			rc = map_table(&pair->map, there->table, mine->table, e);
		m->npair++;
	}
	return rc;
}

/* What a fit is held against. */
static int bind_target(struct lep_ensemble *x, struct lep_error *e)
{
	const struct lep_ensemble_model *m = &x->model[0];
	const char *name = lep_together_name(x->t, 0);
	const struct lep_field *number;
	int count = 0;

	x->target = -1;
	if (x->o.kind != LEP_ENSEMBLE_FIT)
		return 0;
	for (size_t f = 0; f < m->head->nfield; f++) {
		const struct lep_field *one = &m->head->field[f];

		if (one->role != LEP_ROLE_TARGET || lep_field_has_ids(one) != (x->classes > 0) || one->dtype == LEP_TEXT)
			continue;
		x->target = (int)f;
		count++;
	}
	if (count != 1)
		return lep_fail(e, LEP_ERR_DATA, "%s: %s target to fit to", name, count ? "more than one" : "no");
	if (x->classes)
		return map_table(&x->truth, m->head->field[x->target].table, m->table, e);
	number = &m->head->field[m->number];
	if (lep_shape_varying(&number->shape) != lep_shape_varying(&m->head->field[x->target].shape) ||
		lep_shape_count(&number->shape) != lep_shape_count(&m->head->field[x->target].shape))
		return lep_fail(e, LEP_ERR_DATA, "%s: '%s' and target '%s' differ in shape", name, number->name,
			m->head->field[x->target].name);
	return 0;
}

/* ---- what comes out ---- */

/* Shape and type of the class field: the first's, or the probabilities' less their
 * last axis. */
static void class_shape(const struct lep_ensemble_model *m, struct lep_shape *shape)
{
	if (m->given >= 0) {
		*shape = m->head->field[m->given].shape;
		return;
	}
	*shape = m->head->field[m->probability].shape;
	if (shape->rank)
		shape->rank--;
}

static int add_predictions(struct lep_ensemble *x, struct lep_error *e)
{
	const struct lep_ensemble_model *m = &x->model[0];
	struct lep_shape shape;

	if (!x->classes) {
		const struct lep_field *f = &m->head->field[m->number];

		x->number = lep_head_add(&x->head, 0, f->name, LEP_ROLE_OUTPUT, f->dtype == LEP_F64 ? LEP_F64 : LEP_F32,
			&f->shape, NULL, NULL, e);
		return x->number < 0 ? x->number : 0;
	}
	class_shape(m, &shape);
	if (m->probability >= 0) {
		x->probability = lep_head_add(&x->head, 0, "probability", LEP_ROLE_OUTPUT, LEP_F32,
			&m->head->field[m->probability].shape, NULL, NULL, e);
	} else {
		struct lep_shape wide = shape;

		if (wide.rank == LEP_RANK_MAX)
			return lep_fail(e, LEP_ERR_DATA, "'%s' has too many axes", m->head->field[m->given].name);
		wide.extent[wide.rank++] = (int64_t)x->classes;
		x->probability = lep_head_add(&x->head, 0, "probability", LEP_ROLE_OUTPUT, LEP_F32, &wide, NULL, NULL, e);
	}
	if (x->probability < 0)
		return x->probability;
	x->given = lep_head_add(&x->head, 0, "class", LEP_ROLE_OUTPUT, LEP_I32, &shape, m->table, NULL, e);
	return x->given < 0 ? x->given : 0;
}

/* What is no longer true of the answer that is made. */
static int is_prediction(const struct lep_ensemble_model *m, size_t f)
{
	const struct lep_field *field = &m->head->field[f];

	if ((int)f == m->probability || (int)f == m->given || (int)f == m->number)
		return 1;
	return field->role == LEP_ROLE_OUTPUT &&
		(strcmp(field->name, "top") == 0 || strcmp(field->name, "top_probability") == 0);
}

static int make_head(struct lep_ensemble *x, struct lep_error *e)
{
	const struct lep_ensemble_model *m = &x->model[0];
	int rc = 0;

	x->from = lep_alloc(m->head->nfield + 2, sizeof(*x->from));
	if (!x->from)
		return lep_fail_nomem(e, 0);
	x->probability = x->given = x->number = -1;
	for (size_t k = 0; k < x->n && rc == 0; k++) {
		const struct lep_head *from = x->model[k].head;

		for (size_t i = 0; i < from->nnote && rc == 0; i++)
			rc = lep_head_note(&x->head, from->note[i].key, from->note[i].value, e);
	}
	for (size_t f = 0; f < m->head->nfield && rc >= 0; f++) {
		if (is_prediction(m, f))
			continue;
		x->from[x->head.nfield] = (int)f;
		rc = lep_head_add_copy(&x->head, 0, &m->head->field[f], e);
	}
	for (size_t f = x->head.nfield; f < m->head->nfield + 2; f++)
		x->from[f] = -1;
	return rc < 0 ? rc : add_predictions(x, e);
}

int lep_ensemble_bind(struct lep_ensemble *x, struct lep_error *e)
{
	int rc = 0;

	for (size_t k = 0; k < x->n && !rc; k++) {
		struct lep_ensemble_model *m = &x->model[k];
		const char *name = lep_together_name(x->t, k);

		m->head = lep_together_head(x->t, k);
		rc = find_fields(m, e);
		if (rc)
			return lep_fail_at(e, "%s", name);
		if (!m->table != !x->model[0].table)
			return lep_fail(e, LEP_ERR_DATA, "%s: predicts %s, but %s %s", name, m->table ? "classes" : "numbers",
				lep_together_name(x->t, 0), m->table ? "numbers" : "classes");
		if (!m->table && x->o.kind != LEP_ENSEMBLE_MEAN && x->o.kind != LEP_ENSEMBLE_FIT)
			return lep_fail(e, LEP_ERR_USAGE, "%s: predicts numbers, of which only a mean can be taken", name);
		if (m->table && m->probability < 0 && x->o.kind != LEP_ENSEMBLE_VOTE)
			return lep_fail(e, LEP_ERR_DATA, "%s: no field 'probability': its classes can only vote", name);
		if (m->table)
			rc = bind_classes(x, m, name, e);
		else
			rc = bind_numbers(x, m, name, e);
		if (!rc && m->probability >= 0)
			rc = bind_probability(m, name, e);
		if (!rc && k)
			rc = pair_targets(x, m, name, e);
	}
	x->classes = x->model[0].table ? x->model[0].table->n : 0;
	if (!rc)
		rc = bind_target(x, e);
	return rc ? rc : make_head(x, e);
}
