/* Records of the first stream with those that belong to them, frame by frame. */
#include "data/join.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/join_side.h"
#include "stream/agree.h"

struct lep_join {
	struct lep_join_options o;
	struct lep_reader *first;
	const struct lep_head *head;      /* of the first */
	struct lep_join_side *side;
	uint8_t *found;                   /* each side has a record for the one at hand */
	size_t nside;
	struct lep_join_on on;
	struct lep_head out;
	struct lep_join_source *source;   /* of each field of out */
	struct lep_builder *builder;
	struct lep_frame frame;           /* of the first */
	size_t at;                        /* the next record of it */
	uint64_t done;                    /* records handed out */
	struct lep_buf last;              /* the value looked up before, where they are sorted */
	struct lep_buf example;           /* the first value that was not found */
	struct lep_buf none;              /* -1 as ids that are missing */
	struct lep_join_counts counts;
	int ended;
};

/* ---- beginning and end ---- */

static int check_kind(const struct lep_head *head, const char *name, struct lep_error *e)
{
	return head->kind == LEP_KIND_DATA ? 0 :
		lep_fail(e, LEP_ERR_DATA, "%s: is a %s, not data", name, lep_kind_name(head->kind));
}

static int open_all(struct lep_join *j, struct lep_error *e)
{
	int status = lep_reader_open(&j->first, j->o.path[0], &j->o.reader, e);

	if (status)
		return status;
	j->head = lep_reader_head(j->first);
	status = check_kind(j->head, lep_reader_name(j->first), e);
	if (!status)
		status = lep_join_on_init(&j->on, j->head, j->o.on, lep_reader_name(j->first), e);
	for (size_t i = 0; i < j->nside && !status; i++) {
		struct lep_join_side *s = &j->side[i];

		s->kind = j->o.paste ? &lep_join_pasted : j->o.sorted ? &lep_join_sorted : &lep_join_held;
		status = s->kind->open(s, &j->o, i + 1, e);
		if (!status)
			status = check_kind(s->head, s->name, e);
	}
	return status;
}

/* Ids of a missing record, as many as the largest field has. */
static int make_none(struct lep_join *j, struct lep_error *e)
{
	for (size_t f = 0; f < j->out.nfield; f++) {
		const struct lep_field *field = &j->out.field[f];
		int64_t bytes = 4 * lep_shape_count(&field->shape);

		if (j->source[f].side < 0 || !lep_field_has_ids(field) || bytes <= (int64_t)j->none.len)
			continue;
		lep_buf_addz(&j->none, (size_t)bytes - j->none.len);
	}
	if (j->none.failed)
		return lep_fail_nomem(e, 0);
	if (j->none.len)
		memset(j->none.data, 0xff, j->none.len);
	return 0;
}

int lep_join_open(struct lep_join **out, const struct lep_join_options *o, struct lep_error *e)
{
	struct lep_join *j = lep_alloc(1, sizeof(*j));
	int status;

	*out = NULL;
	if (!j)
		return lep_fail_nomem(e, 0);
	j->o = *o;
	j->nside = o->npath - 1;
	lep_head_init(&j->out);
	j->side = lep_alloc(j->nside, sizeof(*j->side));
	j->found = lep_alloc(j->nside, 1);
	status = j->side && j->found ? open_all(j, e) : lep_fail_nomem(e, 0);
	if (!status)
		status = lep_join_make_head(&j->out, &j->source, j->head, j->side, j->nside, o, e);
	if (!status && o->left)
		status = make_none(j, e);
	if (!status)
		status = lep_builder_new(&j->builder, &j->out, e);
	if (status) {
		lep_join_close(j);
		return status;
	}
	*out = j;
	return 0;
}

void lep_join_close(struct lep_join *j)
{
	if (!j)
		return;
	for (size_t i = 0; j->side && i < j->nside; i++)
		if (j->side[i].kind)
			j->side[i].kind->close(&j->side[i]);
	lep_reader_close(j->first);
	lep_builder_free(j->builder);
	lep_head_release(&j->out);
	lep_buf_release(&j->on.text);
	lep_buf_release(&j->last);
	lep_buf_release(&j->example);
	lep_buf_release(&j->none);
	lep_free(j->side);
	lep_free(j->found);
	lep_free(j->source);
	lep_free(j);
}

struct lep_head *lep_join_head(struct lep_join *j)
{
	return &j->out;
}

const struct lep_join_counts *lep_join_counts(const struct lep_join *j)
{
	return &j->counts;
}

const char *lep_join_name(const struct lep_join *j)
{
	return lep_reader_name(j->first);
}

struct lep_join_side_counts lep_join_side_counts(const struct lep_join *j, size_t i)
{
	const struct lep_join_side *s = &j->side[i];

	return (struct lep_join_side_counts){s->name, s->records, s->used, s->missing};
}

/* ---- one record ---- */

/* Puts "FILE: record N (KEY): " before the text of e. */
static int at_record(const char *name, uint64_t number, const struct lep_entry *entry, struct lep_error *e)
{
	return lep_fail_at(e, "%s: record %" PRIu64 " (%.*s)", name, number, (int)entry->key_len,
		entry->key_len ? entry->key : "");
}

static const struct lep_entry *entry_here(const struct lep_join *j)
{
	return &j->frame.entry[j->at];
}

static uint64_t number_here(const struct lep_join *j)
{
	return j->counts.records - 1;
}

static void note(struct lep_join *j, enum lep_join_note kind, const struct lep_error *e)
{
	if (j->o.note)
		j->o.note(j->o.ctx, kind, e->text);
}

/* The value of a field of the sorted first stream against the one before. */
static int check_order(struct lep_join *j, const char *key, size_t len, struct lep_error *e)
{
	size_t n = len < j->last.len ? len : j->last.len;
	int c = n ? memcmp(j->last.data, key, n) : 0;

	if (c > 0 || (c == 0 && j->last.len > len)) {
		lep_fail(e, LEP_ERR_DATA, "not sorted: %s%s%s '%.*s' comes behind '%.*s'", j->o.on ? "its '" : "its key",
			j->o.on ? j->o.on : "", j->o.on ? "'" : "", (int)len, key, (int)j->last.len, j->last.data);
		return at_record(lep_join_name(j), number_here(j), entry_here(j), e);
	}
	lep_buf_clear(&j->last);
	lep_buf_add(&j->last, key, len);
	return j->last.failed ? lep_fail_nomem(e, 0) : 0;
}

/* "no 'KEY' in FILE": the record at hand has no partner there. */
static int alone(struct lep_join *j, const struct lep_join_side *s, const char *key, size_t len, struct lep_error *e)
{
	struct lep_error text;

	if (key)
		lep_fail(&text, LEP_ERR_DATA, "no '%.*s' in %s", (int)len, key, s->name);
	else
		lep_fail(&text, LEP_ERR_DATA, "no id, so nothing in %s", s->name);
	at_record(lep_join_name(j), number_here(j), entry_here(j), &text);
	if (j->o.strict) {
		if (e)
			*e = text;
		return text.status;
	}
	note(j, LEP_JOIN_NOTE_ALONE, &text);
	return 0;
}

/* Looks up the record at hand: 1 if all sides have it, 0 if one has not. */
static int look_up(struct lep_join *j, struct lep_error *e)
{
	size_t len = 0;
	const char *key = lep_join_on_value(&j->on, j->head, &j->frame, j->at, &len);
	int all = 1, status = 0;

	if (j->on.text.failed)
		return lep_fail_nomem(e, 0);
	if (key && j->o.sorted)
		status = check_order(j, key, len, e);
	for (size_t i = 0; i < j->nside && status >= 0; i++) {
		struct lep_join_side *s = &j->side[i];

		status = key ? s->kind->find(s, key, len, e) : 0;
		j->found[i] = status > 0;
		if (status)
			continue;
		all = 0;
		s->missing++;
		status = alone(j, s, key, len, e);
	}
	if (!all && !j->counts.alone++)
		lep_buf_add(&j->example, key ? key : "", len);
	return status < 0 ? status : all;
}

/* The cause if the record at hand is bad, or one that was found; NULL if all
 * are good. Its place goes into *s, -1 for the first stream. */
static const struct lep_entry *bad_part(const struct lep_join *j, int *s)
{
	*s = -1;
	if (entry_here(j)->bad)
		return entry_here(j);
	for (size_t i = 0; i < j->nside; i++) {
		const struct lep_join_side *side = &j->side[i];

		if (j->found[i] && side->frame->entry[side->at].bad) {
			*s = (int)i;
			return &side->frame->entry[side->at];
		}
	}
	return NULL;
}

/* A record that is bad, by this part of it: 1 if it goes out, 0 if not. */
static int judge(struct lep_join *j, const struct lep_entry *part, int side, struct lep_error *e)
{
	struct lep_error text;

	j->counts.bad++;
	if (j->o.bad == LEP_JOIN_KEEP)
		return 1;
	lep_fail(&text, LEP_ERR_DATA, "is bad: %.*s", (int)part->cause_len, part->cause_len ? part->cause : "");
	if (side < 0)
		at_record(lep_join_name(j), number_here(j), part, &text);
	else
		at_record(j->side[side].name, j->side[side].number, part, &text);
	if (j->o.bad == LEP_JOIN_SKIP) {
		note(j, LEP_JOIN_NOTE_BAD, &text);
		return 0;
	}
	if (e)
		*e = text;
	return text.status;
}

static int build_bad(struct lep_join *j, const struct lep_entry *part, struct lep_error *e)
{
	char *cause = lep_strndup(part->cause_len ? part->cause : "", part->cause_len);
	int status = cause ? lep_builder_bad(j->builder, cause, e) : lep_fail_nomem(e, part->cause_len);

	lep_free(cause);
	return status;
}

/* One field of the record at hand. What is not set is zeros. */
static int build_field(struct lep_join *j, size_t f, struct lep_error *e)
{
	const struct lep_join_source *from = &j->source[f];
	const struct lep_join_side *s = from->side < 0 ? NULL : &j->side[from->side];
	const struct lep_field *field = &j->out.field[f];
	struct lep_shape shape;
	const void *value;
	size_t len;

	if (from->field < 0) {
		float present = j->found[from->side];
		unsigned char bytes[4];

		lep_from_f32(bytes, LEP_F32, &present, 1);
		return lep_builder_set(j->builder, f, NULL, bytes, 4, e);
	}
	if (s && !j->found[from->side]) {
		int64_t count = lep_shape_count(&field->shape);

		if (count <= 0 || !lep_field_has_ids(field))
			return 0;
		return lep_builder_set(j->builder, f, NULL, j->none.data, 4 * (size_t)count, e);
	}
	value = lep_frame_value(s ? s->head : j->head, s ? s->frame : &j->frame, (size_t)from->field, s ? s->at : j->at,
		&len, &shape);
	return lep_builder_set(j->builder, f, &shape, value, len, e);
}

/* The record at hand, if it goes out, into the builder. */
static int take(struct lep_join *j, struct lep_error *e)
{
	const struct lep_entry *entry = entry_here(j), *bad;
	int blind = entry->bad && !j->o.paste && (j->on.field >= 0 || j->o.bad != LEP_JOIN_KEEP), side, status;

	j->counts.records++;
	memset(j->found, 0, j->nside);
	/* A bad record has no values, so nothing to look up by. */
	status = blind ? 1 : look_up(j, e);
	if (status < 0 || (!status && !j->o.left))
		return status;
	bad = bad_part(j, &side);
	status = bad ? judge(j, bad, side, e) : 1;
	if (status <= 0)
		return status;
	status = lep_builder_record(j->builder, entry->key_len ? entry->key : "", entry->key_len, e);
	if (!status && bad)
		status = build_bad(j, bad, e);
	for (size_t f = 0; f < j->out.nfield && !status && !bad; f++)
		status = build_field(j, f, e);
	j->counts.out += !status;
	return status;
}

/* ---- frames ---- */

static int nothing_in_common(const struct lep_join *j, const struct lep_join_side *s, struct lep_error *e)
{
	const char *looked = j->example.len ? j->example.data : "";

	if (!s->records)
		return lep_fail(e, LEP_ERR_DATA, "no record of %s has a partner in %s, which has no records",
			lep_join_name(j), s->name);
	return lep_fail(e, LEP_ERR_DATA, "no record of %s has a partner in %s: there is no '%.*s', say; its keys are like '%.*s'",
		lep_join_name(j), s->name, (int)j->example.len, looked, (int)s->example.len,
		s->example.len ? s->example.data : "");
}

/* All of the others to their ends, which may show damage. */
static int finish(struct lep_join *j, struct lep_error *e)
{
	int status = 0;

	for (size_t i = 0; i < j->nside && !status; i++)
		status = j->side[i].kind->finish(&j->side[i], e);
	for (size_t i = 0; i < j->nside && !status && !j->o.left; i++)
		if (j->side[i].missing && !j->side[i].used)
			status = nothing_in_common(j, &j->side[i], e);
	return status;
}

static int hand_out(struct lep_join *j, struct lep_frame *frame, struct lep_error *e)
{
	int status = lep_builder_frame(j->builder, frame, e);

	frame->first = j->done;
	j->done += frame->n;
	return status ? status : 1;
}

int lep_join_next(struct lep_join *j, struct lep_frame *frame, struct lep_error *e)
{
	int status;

	lep_builder_clear(j->builder);
	while (!j->ended) {
		size_t n = lep_builder_count(j->builder);

		if (n && (j->o.pack ? n >= j->o.pack : j->at >= j->frame.n))
			return hand_out(j, frame, e);
		if (j->at < j->frame.n) {
			status = take(j, e);
			j->at++;
		} else {
			status = lep_reader_next(j->first, &j->frame, e);
			j->ended = status == 0;
			j->at = 0;
		}
		if (status < 0)
			return status;
	}
	return lep_builder_count(j->builder) ? hand_out(j, frame, e) : finish(j, e);
}
