/* Several streams of the same records: in lockstep, or by key. */
#include "data/together.h"

#include <inttypes.h>
#include <string.h>

#include "data/edit.h"

/* One of the streams. */
struct side {
	struct lep_reader *reader;
	struct lep_edit *edit;         /* leaves out what is not wanted */
	struct lep_frame frame;        /* read last, or all that is held */
	size_t at;                     /* the record at hand */
	size_t next;                   /* in lockstep: the one behind it */
	int ended;
	/* held */
	struct lep_builder *builder;
	struct lep_table *keys;        /* id: record of frame */
	uint8_t *used;                 /* one a record */
};

struct lep_together {
	size_t n;
	struct side *side;
	uint64_t records;
};

/* ---- opening ---- */

/* Of the others only outputs and targets. */
static int choose_fields(struct side *s, int all, struct lep_error *e)
{
	const struct lep_head *h = lep_reader_head(s->reader);
	const char **drop = lep_alloc(h->nfield, sizeof(*drop));
	struct lep_edit_options o = {.drop = drop};
	int rc = drop ? 0 : lep_fail_nomem(e, 0);

	for (size_t f = 0; f < h->nfield && !rc && !all; f++)
		if (h->field[f].role != LEP_ROLE_OUTPUT && h->field[f].role != LEP_ROLE_TARGET)
			drop[o.ndrop++] = h->field[f].name;
	if (!rc)
		rc = lep_edit_new(&s->edit, &o, h, e);
	lep_free(drop);
	return rc;
}

int lep_together_open(struct lep_together **out, const char *const *path, size_t n,
	const struct lep_reader_options *reader, struct lep_error *e)
{
	struct lep_together *t = lep_alloc(1, sizeof(*t));
	struct lep_reader_options how = *reader;
	int rc;

	*out = NULL;
	if (!t)
		return lep_fail_nomem(e, 0);
	t->n = n;
	t->side = lep_alloc(n, sizeof(*t->side));
	rc = t->side ? 0 : lep_fail_nomem(e, 0);
	for (size_t k = 0; k < n && !rc; k++) {
		rc = lep_reader_open(&t->side[k].reader, path[k], &how, e);
		if (!rc && lep_reader_head(t->side[k].reader)->kind != LEP_KIND_DATA)
			rc = lep_fail(e, LEP_ERR_DATA, "%s: holds a %s, not records", lep_together_name(t, k),
				lep_kind_name(lep_reader_head(t->side[k].reader)->kind));
		if (!rc)
			rc = choose_fields(&t->side[k], k == 0, e);
		how.have_records = 0;
	}
	if (rc) {
		lep_together_close(t);
		return rc;
	}
	*out = t;
	return 0;
}

void lep_together_close(struct lep_together *t)
{
	if (!t)
		return;
	for (size_t k = 0; t->side && k < t->n; k++) {
		struct side *s = &t->side[k];

		lep_builder_free(s->builder);
		lep_table_free(s->keys);
		lep_free(s->used);
		lep_edit_free(s->edit);
		lep_reader_close(s->reader);
	}
	lep_free(t->side);
	lep_free(t);
}

const struct lep_head *lep_together_head(const struct lep_together *t, size_t k)
{
	return lep_edit_head(t->side[k].edit);
}

const char *lep_together_name(const struct lep_together *t, size_t k)
{
	return lep_reader_name(t->side[k].reader);
}

int lep_together_is_held(const struct lep_together *t, size_t k)
{
	return t->side[k].builder != NULL;
}

const struct lep_frame *lep_together_record(const struct lep_together *t, size_t k, size_t *at)
{
	*at = t->side[k].at;
	return &t->side[k].frame;
}

int lep_together_ends_frame(const struct lep_together *t)
{
	return t->side[0].at + 1 == t->side[0].frame.n;
}

uint64_t lep_together_records(const struct lep_together *t)
{
	return t->records;
}

/* ---- reading ---- */

/* The next record of a stream in its own order: 1, or 0 at its end. */
static int advance(struct side *s, struct lep_error *e)
{
	while (!s->ended && s->next >= s->frame.n) {
		int rc = lep_reader_next(s->reader, &s->frame, e);

		if (rc < 0)
			return rc;
		s->next = 0;
		s->ended = rc == 0;
		rc = s->ended ? 0 : lep_edit_frame(s->edit, &s->frame, e);
		if (rc)
			return rc;
	}
	if (s->ended)
		return 0;
	s->at = s->next++;
	return 1;
}

static const struct lep_entry *entry_of(const struct side *s)
{
	return &s->frame.entry[s->at];
}

/* From the record at hand on (here: there is one) all is held. */
static int hold(struct lep_together *t, size_t k, int here, struct lep_error *e)
{
	struct side *s = &t->side[k];
	const struct lep_head *head = lep_edit_head(s->edit);
	int *same = lep_alloc(head->nfield, sizeof(*same)), rc;

	s->keys = lep_table_new();
	rc = same && s->keys ? lep_builder_new(&s->builder, head, e) : lep_fail_nomem(e, 0);
	for (size_t f = 0; f < head->nfield && !rc; f++)
		same[f] = (int)f;
	while (here > 0 && !rc) {
		const struct lep_entry *entry = entry_of(s);
		size_t before = s->keys->n;
		int64_t id = lep_table_add(s->keys, entry->key_len ? entry->key : "", entry->key_len);

		if (id < 0)
			rc = lep_fail_nomem(e, 0);
		else if ((size_t)id < before)
			rc = lep_fail(e, LEP_ERR_DATA, "%s: its order is not that of %s, and '%.*s' comes twice",
				lep_together_name(t, k), lep_together_name(t, 0), (int)entry->key_len, entry->key);
		else
			rc = lep_builder_copy(s->builder, head, &s->frame, s->at, same, e);
		if (!rc && (here = advance(s, e)) < 0)
			rc = here;
	}
	lep_free(same);
	if (!rc)
		rc = lep_builder_frame(s->builder, &s->frame, e);
	if (!rc) {
		s->used = lep_alloc(s->keys->n, 1);
		rc = s->used ? 0 : lep_fail_nomem(e, 0);
	}
	return rc;
}

static int alone(const struct lep_together *t, size_t with, size_t without, const char *key, size_t len,
	struct lep_error *e)
{
	return lep_fail(e, LEP_ERR_DATA, "%s: no record '%.*s', which %s has", lep_together_name(t, without),
		(int)len, len ? key : "", lep_together_name(t, with));
}

/* The record of stream k that has this key. */
static int find(struct lep_together *t, size_t k, const struct lep_entry *key, struct lep_error *e)
{
	struct side *s = &t->side[k];
	int64_t id;

	if (!s->builder) {
		int here = advance(s, e), rc;

		if (here < 0)
			return here;
		if (here && entry_of(s)->key_len == key->key_len &&
			(!key->key_len || memcmp(entry_of(s)->key, key->key, key->key_len) == 0))
			return 0;
		rc = hold(t, k, here, e);
		if (rc)
			return rc;
	}
	id = lep_table_find(s->keys, key->key_len ? key->key : "", key->key_len);
	if (id < 0 || s->used[id])
		return alone(t, 0, k, key->key, key->key_len, e);
	s->used[id] = 1;
	s->at = (size_t)id;
	return 0;
}

/* Behind the last record of the first stream nobody may have more. */
static int finish(struct lep_together *t, struct lep_error *e)
{
	for (size_t k = 1; k < t->n; k++) {
		struct side *s = &t->side[k];
		int here = s->builder ? 0 : advance(s, e);

		for (size_t i = 0; s->builder && i < s->frame.n && !here; i++)
			if (!s->used[i]) {
				s->at = i;
				here = 1;
			}
		if (here)
			return here < 0 ? here : alone(t, k, 0, entry_of(s)->key, entry_of(s)->key_len, e);
	}
	return 0;
}

int lep_together_next(struct lep_together *t, struct lep_error *e)
{
	int here = advance(&t->side[0], e);

	if (here < 0)
		return here;
	if (!here)
		return finish(t, e);
	for (size_t k = 1; k < t->n; k++) {
		int rc = find(t, k, entry_of(&t->side[0]), e);

		if (rc)
			return rc;
	}
	t->records++;
	return 1;
}
