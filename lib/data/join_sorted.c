/*
 * One of the others, read as the first stream is: sorted by key, it moves on to
 * where that is; pasted, by a record for each.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "data/join_side.h"

/* Bytes, as strcmp would have them, but for NUL. */
static int compare(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t n = alen < blen ? alen : blen;
	int c = n ? memcmp(a, b, n) : 0;

	return c ? c : (alen > blen) - (alen < blen);
}

static const struct lep_entry *here(const struct lep_join_side *s)
{
	return &s->now.entry[s->at];
}

/* To the next record; s->state tells whether there is one. */
static int step(struct lep_join_side *s, struct lep_error *e)
{
	s->at++;
	while (s->at >= s->now.n) {
		s->state = lep_reader_next(s->reader, &s->now, e);
		if (s->state <= 0)
			return s->state;
		s->at = 0;
	}
	s->taken = 0;
	s->number = s->next++;
	s->records = s->next;
	return 0;
}

/* The same, and its key against that of the record before. */
static int move(struct lep_join_side *s, struct lep_error *e)
{
	const struct lep_entry *entry;
	int status, c;

	if (s->next) {
		lep_buf_clear(&s->last);
		lep_buf_add(&s->last, here(s)->key, here(s)->key_len);
		if (s->last.failed)
			return lep_fail_nomem(e, 0);
	}
	status = step(s, e);
	if (status || !s->state)
		return status;
	entry = here(s);
	if (!s->number) {
		lep_buf_add(&s->example, entry->key, entry->key_len);
		return 0;
	}
	c = compare(s->last.data, s->last.len, entry->key, entry->key_len);
	if (c == 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: record %" PRIu64 ": its key '%.*s' is that of record %" PRIu64
			" already, and none may come twice here", s->name, s->number, (int)entry->key_len,
			entry->key_len ? entry->key : "", s->number - 1);
	if (c > 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: record %" PRIu64 ": not sorted: its key '%.*s' comes behind '%.*s'",
			s->name, s->number, (int)entry->key_len, entry->key_len ? entry->key : "", (int)s->last.len,
			s->last.len ? s->last.data : "");
	return 0;
}

static int open_sorted(struct lep_join_side *s, const struct lep_join_options *o, size_t number, struct lep_error *e)
{
	struct lep_reader_options how = o->reader;
	int status;

	how.have_records = 0;
	status = lep_reader_open(&s->reader, o->path[number], &how, e);
	if (status)
		return status;
	s->head = lep_reader_head(s->reader);
	s->name = lep_reader_name(s->reader);
	s->frame = &s->now;
	s->state = 1;
	return 0;
}

static int find_sorted(struct lep_join_side *s, const char *key, size_t len, struct lep_error *e)
{
	int status = s->next ? 0 : move(s, e), c = -1;

	while (!status && s->state && (c = compare(here(s)->key, here(s)->key_len, key, len)) < 0)
		status = move(s, e);
	if (status || !s->state || c > 0)
		return status;
	s->used += !s->taken;
	s->taken = 1;
	return 1;
}

static int finish_sorted(struct lep_join_side *s, struct lep_error *e)
{
	int status = 0;

	while (!status && s->state)
		status = move(s, e);
	return status;
}

static void close_sorted(struct lep_join_side *s)
{
	lep_reader_close(s->reader);
	lep_buf_release(&s->last);
	lep_buf_release(&s->example);
}

const struct lep_join_kind lep_join_sorted = {open_sorted, find_sorted, finish_sorted, close_sorted};

static int find_pasted(struct lep_join_side *s, const char *key, size_t len, struct lep_error *e)
{
	int status = step(s, e);

	(void)key;
	(void)len;
	if (!status && !s->state)
		status = lep_fail(e, LEP_ERR_DATA, "%s: only %" PRIu64 " record%s, fewer than the first stream has", s->name,
			s->records, s->records == 1 ? "" : "s");
	s->used += !status;
	return status ? status : 1;
}

static int finish_pasted(struct lep_join_side *s, struct lep_error *e)
{
	uint64_t all = s->records;
	int status = step(s, e);

	if (status || !s->state)
		return status;
	return lep_fail(e, LEP_ERR_DATA, "%s: more than the %" PRIu64 " record%s that the first stream has", s->name, all,
		all == 1 ? "" : "s");
}

const struct lep_join_kind lep_join_pasted = {open_sorted, find_pasted, finish_pasted, close_sorted};
