/* Which records a training learns from, and what each should have been. */
#include <math.h>
#include <string.h>

#include "base/stop.h"
#include "nn/trainer.h"

static int at_record(const struct lep_samples *s, uint64_t r, const struct lep_frame *fr, size_t at,
	struct lep_error *e, int rc)
{
	if (rc == 0)
		return 0;
	return lep_fail_at(e, "%s: record %llu (%.*s)", lep_dataset_name(s->data), (unsigned long long)r,
		(int)fr->entry[at].key_len, fr->entry[at].key);
}

/* A target's table in another order than the net's: ids by name. */
static int map_ids(struct lep_samples *s, const struct lep_trainer *t, const struct lep_head *h, struct lep_error *e)
{
	const struct lep_table *mine = t->train.data ? lep_dataset_head(t->train.data)->field[t->train.target].table : NULL;
	const struct lep_table *theirs = h->field[s->target].table;

	if (!theirs || s == &t->train || lep_table_equal(mine, theirs))
		return 0;
	s->id_map = lep_alloc(theirs->n, sizeof(*s->id_map));
	if (!s->id_map)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < theirs->n; i++) {
		s->id_map[i] = (int32_t)lep_table_find(mine, theirs->entry[i], theirs->length[i]);
		if (s->id_map[i] < 0)
			return lep_fail(e, LEP_ERR_DATA, "%s: class '%s' is not among those learnt",
				lep_dataset_name(s->data), theirs->entry[i]);
	}
	return 0;
}

int lep_samples_target(const struct lep_samples *s, const struct lep_trainer *t, uint64_t r,
	struct lep_target *out, lep_real *values, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(s->data);
	const struct lep_field *f = &h->field[s->target];
	const struct lep_frame *fr;
	const void *from;
	size_t at;
	int32_t id;
	int rc = lep_dataset_record(s->data, r, &fr, &at, e);

	if (rc)
		return rc;
	from = lep_frame_value(h, fr, (size_t)s->target, at, NULL, NULL);
	if (t->numbers) {
#ifdef LEP_DOUBLE
		lep_to_f64(values, f->dtype, from, t->numbers);
#else
		lep_to_f32(values, f->dtype, from, t->numbers);
#endif
		*out = lep_target_values(values);
		return 0;
	}
	id = (int32_t)lep_get32(from);
	if (id < -1 || id >= (int64_t)f->table->n)
		return at_record(s, r, fr, at, e, lep_fail(e, LEP_ERR_DATA, "field '%s': id %d is outside its table",
			f->name, id));
	*out = lep_target_class(id >= 0 && s->id_map ? s->id_map[id] : id);
	return 0;
}

/* 1: usable; 0: counted as bad or without target. */
static int judge(struct lep_samples *s, const struct lep_trainer *t, uint64_t r, lep_real *values, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(s->data);
	const struct lep_frame *fr;
	struct lep_target target;
	size_t at;
	int rc = lep_dataset_record(s->data, r, &fr, &at, e);

	if (rc)
		return rc;
	if (fr->entry[at].bad) {
		s->bad++;
		return 0;
	}
	for (size_t i = 0; i < s->feed.n; i++)
		if (!lep_feed_is_finite(&s->feed, i, h, fr, at))
			return at_record(s, r, fr, at, e, lep_fail(e, LEP_ERR_DATA,
				"field '%s' holds a value that is not finite", h->field[s->feed.input[i].field].name));
	rc = lep_samples_target(s, t, r, &target, values, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < t->numbers; i++)
		if (!isfinite((double)values[i]))
			return at_record(s, r, fr, at, e, lep_fail(e, LEP_ERR_DATA,
				"field '%s' holds a value that is not finite", h->field[s->target].name));
	if (!target.values && target.id < 0) {
		s->targetless++;
		return 0;
	}
	if (!s->classes)
		s->class = target.id;
	if (s->classes < 2)
		s->classes = s->classes && target.id != s->class ? 2 : 1;
	return 1;
}

int lep_samples_init(struct lep_samples *s, struct lep_trainer *t, struct lep_dataset *data,
	const uint8_t *part, int want, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(data), *mine;
	uint64_t count = lep_dataset_count(data);
	lep_real *values = lep_alloc(t->numbers ? t->numbers : 1, sizeof(*values));
	const struct lep_field *target;
	int rc;

	s->data = data;
	mine = lep_dataset_head(t->train.data);
	target = &mine->field[lep_net_target(t->net)];
	rc = lep_feed_init(&s->feed, t->net, mine->field, h, lep_dataset_name(data), 0, e);
	s->target = lep_head_find(h, target->name);
	if (rc == 0 && (s->target < 0 || h->field[s->target].dtype != target->dtype ||
			!lep_shape_equal(&h->field[s->target].shape, &target->shape)))
		rc = lep_fail(e, LEP_ERR_DATA, "%s: field '%s': is not the target as it was learnt",
			lep_dataset_name(data), target->name);
	if (rc == 0)
		rc = map_ids(s, t, h, e);
	s->record = lep_alloc(count, sizeof(*s->record));
	if (rc == 0 && (!s->record || !values))
		rc = lep_fail_nomem(e, 8.0 * (double)count);
	for (uint64_t r = 0; r < count && rc >= 0; r++) {
		if (part && part[r] != want)
			continue;
		rc = judge(s, t, r, values, e);
		if (rc > 0)
			s->record[s->n++] = r;
		if (rc >= 0 && r % 4096 == 0)
			rc = lep_stop_check(e);
	}
	lep_free(values);
	return rc < 0 ? rc : 0;
}

void lep_samples_release(struct lep_samples *s)
{
	lep_feed_release(&s->feed);
	lep_free(s->id_map);
	lep_free(s->record);
	*s = (struct lep_samples){0};
}
