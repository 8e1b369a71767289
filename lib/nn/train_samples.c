/* Which records a training learns from, where its samples lie, and what each should have been. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/stop.h"
#include "data/features.h"
#include "nn/trainer.h"

static int at_record(const struct lep_samples *s, const struct lep_place *p, struct lep_error *e, int rc)
{
	if (rc == 0)
		return 0;
	return lep_fail_at(e, "%s: record %llu (%.*s)", lep_dataset_name(s->data), (unsigned long long)p->record,
		(int)p->frame->entry[p->at].key_len, p->frame->entry[p->at].key);
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

/* ---- where samples lie ---- */

static size_t target_ids(const struct lep_samples *s, const struct lep_place *p)
{
	struct lep_shape shape;

	(void)lep_frame_value(lep_dataset_head(s->data), p->frame, (size_t)s->target, p->at, NULL, &shape);
	return (size_t)shape.extent[0];
}

/* The ids of a record that windows are cut from. */
static void range(const struct lep_samples *s, const struct lep_place *p, uint64_t *begin, uint64_t *end)
{
	*begin = s->begin;
	*end = s->end ? s->end : target_ids(s, p);
}

/*
 * Each id but the first is learnt once an epoch. Windows that move end at a
 * place o of 1 to `window` ids and a whole number of windows behind it, the last
 * where the ids do; o is drawn for each epoch and record. There is one more
 * than it takes for some o: empty then. Windows that stand have o = window.
 */
static uint64_t count_windows(const struct lep_samples *s, uint64_t rows)
{
	uint64_t n = (rows + s->window - 1) / s->window;

	return s->moves && n > 1 ? 1 + (rows - 1 + s->window - 1) / s->window : n;
}

static void cut(const struct lep_samples *s, const struct lep_trainer *t, struct lep_place *p, uint64_t k)
{
	uint64_t begin, end, rows, o = s->window, from, to;
	uint32_t draw[4];

	range(s, p, &begin, &end);
	rows = end - begin - 1;
	if (s->moves && rows > s->window) {
		lep_random_block(draw, t->o.seed, LEP_RANDOM_WINDOW, (uint64_t)t->epoch, p->record);
		o = 1 + ((uint64_t)draw[0] << 32 | draw[1]) % s->window;
	}
	from = k ? o + (k - 1) * s->window : 0;
	to = o + k * s->window;
	from = from < rows ? from : rows;
	to = to < rows ? to : rows;
	p->is_cut = 1;
	p->window = (struct lep_window){.from = begin + from, .rows = (size_t)(to - from)};
}

int lep_samples_place(const struct lep_samples *s, const struct lep_trainer *t, uint64_t i, struct lep_place *out,
	struct lep_error *e)
{
	size_t low = 0, high = s->records;
	int rc;

	if (!s->window) {
		*out = (struct lep_place){.record = s->record[i]};
		return lep_dataset_record(s->data, out->record, &out->frame, &out->at, e);
	}
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		*(s->first[middle] <= i ? &low : &high) = middle;
	}
	*out = (struct lep_place){.record = s->record[low]};
	rc = lep_dataset_record(s->data, out->record, &out->frame, &out->at, e);
	if (rc == 0)
		cut(s, t, out, i - s->first[low]);
	return rc;
}

/* ---- targets ---- */

int lep_samples_target(const struct lep_samples *s, const struct lep_trainer *t, const struct lep_place *p,
	struct lep_target *out, lep_real *values, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(s->data);
	const struct lep_field *f = &h->field[s->target];
	const void *from = lep_frame_value(h, p->frame, (size_t)s->target, p->at, NULL, NULL);
	int32_t id;

	if (t->numbers) {
#ifdef LEP_DOUBLE
		lep_to_f64(values, f->dtype, from, t->numbers);
#else
		lep_to_f32(values, f->dtype, from, t->numbers);
#endif
		for (size_t i = 0; i < t->numbers && s->mean; i++)
			values[i] = (lep_real)(((double)values[i] - s->mean[i]) / s->deviation[i]);
		*out = lep_target_values(values);
		return 0;
	}
	id = (int32_t)lep_get32(from);
	if (id < -1 || id >= (int64_t)f->table->n)
		return at_record(s, p, e, lep_fail(e, LEP_ERR_DATA, "field '%s': id %d is outside its table", f->name, id));
	*out = lep_target_class(id >= 0 && s->id_map ? s->id_map[id] : id);
	return 0;
}

int lep_samples_targets(const struct lep_samples *s, const struct lep_trainer *t, const struct lep_place *p,
	int32_t *ids, size_t rows, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(s->data);
	const struct lep_field *f = &h->field[s->target];
	const unsigned char *from = lep_frame_value(h, p->frame, (size_t)s->target, p->at, NULL, NULL);
	size_t n = target_ids(s, p);

	if (t->aim == LEP_AIM_SEQUENCE)
		ids[--rows] = t->end;
	if (t->aim == LEP_AIM_NEXT)
		from += 4 * (p->is_cut ? p->window.from + 1 : 1);
	else if (n != rows)
		return at_record(s, p, e, lep_fail(e, LEP_ERR_DATA, "field '%s': %zu ids for %zu outputs", f->name, n, rows));
	for (size_t i = 0; i < rows; i++) {
		ids[i] = (int32_t)lep_get32(from + 4 * i);
		if (ids[i] < -1 || ids[i] >= (int64_t)f->table->n)
			return at_record(s, p, e, lep_fail(e, LEP_ERR_DATA, "field '%s': id %d is outside its table", f->name,
				ids[i]));
		if (ids[i] >= 0 && s->id_map)
			ids[i] = s->id_map[ids[i]];
	}
	return 0;
}

/* ---- which records ---- */

static int check_inputs(const struct lep_samples *s, const struct lep_place *p, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(s->data);
	int rc;

	for (size_t i = 0; i < s->feed.n; i++) {
		size_t rows = lep_feed_rows(&s->feed, i, h, p->frame, p->at, NULL);

		if (s->window && s->feed.input[i].shift == LEP_SHIFT_NEXT && rows > s->window)
			rows = s->window;
		rc = lep_feed_fits(&s->feed, i, h, rows, e);
		if (rc)
			return rc;
		if (!lep_feed_is_finite(&s->feed, i, h, p->frame, p->at))
			return lep_fail(e, LEP_ERR_DATA, "field '%s' holds a value that is not finite",
				h->field[s->feed.input[i].field].name);
	}
	return 0;
}

/* A record's target as it is: 1: there is one; 0: none, or too little of it. */
static int judge_target(struct lep_samples *s, const struct lep_trainer *t, const struct lep_place *p,
	lep_real *values, struct lep_error *e)
{
	struct lep_target target;
	int rc;

	if (t->aim == LEP_AIM_NEXT)
		return target_ids(s, p) >= 2;
	if (t->is_sequence)
		return 1;
	rc = lep_samples_target(s, t, p, &target, values, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < t->numbers; i++)
		if (!isfinite((double)values[i]))
			return at_record(s, p, e, lep_fail(e, LEP_ERR_DATA, "field '%s' holds a value that is not finite",
				lep_dataset_head(s->data)->field[s->target].name));
	if (!target.values && target.id < 0)
		return 0;
	if (!s->classes)
		s->class = target.id;
	if (s->classes < 2)
		s->classes = s->classes && target.id != s->class ? 2 : 1;
	return 1;
}

/* 1: usable; 0: counted as bad or without target. */
static int judge(struct lep_samples *s, const struct lep_trainer *t, struct lep_place *p, lep_real *values,
	struct lep_error *e)
{
	int rc = lep_dataset_record(s->data, p->record, &p->frame, &p->at, e);

	if (rc)
		return rc;
	if (p->frame->entry[p->at].bad) {
		s->bad++;
		return 0;
	}
	rc = at_record(s, p, e, check_inputs(s, p, e));
	if (rc == 0)
		rc = judge_target(s, t, p, values, e);
	if (rc == 0)
		s->targetless++;
	return rc;
}

static int match(struct lep_samples *s, const struct lep_trainer *t, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(s->data), *mine = lep_dataset_head(t->train.data);
	const struct lep_field *target = &mine->field[lep_net_target(t->net)];
	int rc = lep_feed_init(&s->feed, t->net, mine->field, h, lep_dataset_name(s->data), 0, 1, e);

	s->target = lep_head_find(h, target->name);
	if (rc == 0 && (s->target < 0 || h->field[s->target].dtype != target->dtype ||
			!lep_shape_equal(&h->field[s->target].shape, &target->shape)))
		rc = lep_fail(e, LEP_ERR_DATA, "%s: field '%s': is not the target as it was learnt",
			lep_dataset_name(s->data), target->name);
	/* By the scale of what is learnt from, whatever the others say of theirs. */
	if (rc == 0)
		rc = lep_target_scale(target, &s->mean, &s->deviation, e);
	return rc ? rc : map_ids(s, t, h, e);
}

/* What its sequence takes beyond what it is made of (nn/reach.h). */
static void count_reach(struct lep_samples *s, const struct lep_place *p)
{
	size_t made = target_ids(s, p) + 1, base = lep_reach_base(&s->feed, lep_dataset_head(s->data), p->frame, p->at);
	size_t over = made > base ? made - base : 0;

	s->reach[over < LEP_REACH_MOST ? over : LEP_REACH_MOST]++;
}

/* A usable record, and how many samples it makes. */
static void add(struct lep_samples *s, const struct lep_place *p)
{
	uint64_t begin, end;

	s->record[s->records] = p->record;
	if (s->window) {
		range(s, p, &begin, &end);
		s->first[s->records] = s->n;
		s->n += end - begin < 2 ? 0 : (size_t)count_windows(s, end - begin - 1);
		s->first[s->records + 1] = s->n;
	} else {
		s->n++;
	}
	s->records++;
}

int lep_samples_init(struct lep_samples *s, struct lep_trainer *t, struct lep_dataset *data,
	const uint8_t *part, int want, struct lep_error *e)
{
	uint64_t count = lep_dataset_count(data);
	lep_real *values = lep_alloc(t->numbers ? t->numbers : 1, sizeof(*values));
	int rc;

	s->data = data;
	s->window = t->o.window;
	s->moves = s == &t->train;
	s->record = lep_alloc(count, sizeof(*s->record));
	s->first = lep_alloc(s->window ? count + 1 : 1, sizeof(*s->first));
	rc = s->record && s->first && values ? match(s, t, e) : lep_fail_nomem(e, 8.0 * (double)count);
	for (uint64_t r = 0; r < count && rc >= 0; r++) {
		struct lep_place p = {.record = r};

		if (part && part[r] != want)
			continue;
		rc = judge(s, t, &p, values, e);
		if (rc > 0)
			add(s, &p);
		if (rc > 0 && t->aim == LEP_AIM_SEQUENCE)
			count_reach(s, &p);
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
	lep_free(s->mean);
	lep_free(s->deviation);
	lep_free(s->record);
	lep_free(s->first);
	*s = (struct lep_samples){0};
}
