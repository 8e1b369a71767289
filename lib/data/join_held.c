/*
 * One of the others, held: its records stay where they are, a hash of the keys
 * says which is which.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "data/join_side.h"

struct lep_join_slot {
	uint64_t hash;
	uint64_t record;   /* from 1; 0: free */
};

/* FNV-1a with a last mix, for the low bits choose the slot. */
static uint64_t hash_of(const char *key, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

/* The slot where that key is, or would be; its record is looked at then. */
static int slot_of(struct lep_join_side *s, const char *key, size_t len, struct lep_join_slot **out,
	struct lep_error *e)
{
	uint64_t hash = hash_of(key, len);
	size_t mask = s->slots - 1, i = (size_t)hash & mask;

	for (; s->slot[i].record; i = (i + 1) & mask) {
		const struct lep_entry *entry;
		int status;

		if (s->slot[i].hash != hash)
			continue;
		status = lep_dataset_record(s->data, s->slot[i].record - 1, &s->frame, &s->at, e);
		if (status)
			return status;
		entry = &s->frame->entry[s->at];
		if (entry->key_len == len && (!len || memcmp(entry->key, key, len) == 0))
			break;
	}
	*out = &s->slot[i];
	return 0;
}

static int enter(struct lep_join_side *s, uint64_t record, struct lep_error *e)
{
	const struct lep_frame *frame;
	struct lep_join_slot *slot;
	size_t at;
	int status = lep_dataset_record(s->data, record, &frame, &at, e);
	const struct lep_entry *entry;
	const char *key;

	if (status)
		return status;
	entry = &frame->entry[at];
	key = entry->key_len ? entry->key : "";
	status = slot_of(s, key, entry->key_len, &slot, e);
	if (status)
		return status;
	if (slot->record)
		return lep_fail(e, LEP_ERR_DATA, "%s: record %" PRIu64 ": its key '%.*s' is that of record %" PRIu64
			" already, and none may come twice here", s->name, record, (int)entry->key_len, key,
			slot->record - 1);
	if (!record)
		lep_buf_add(&s->example, key, entry->key_len);
	slot->record = record + 1;
	slot->hash = hash_of(key, entry->key_len);
	return 0;
}

static int open_held(struct lep_join_side *s, const struct lep_join_options *o, size_t number, struct lep_error *e)
{
	struct lep_reader_options how = o->reader;
	int status;

	how.have_records = 0;
	how.have_spill = o->spill && o->spill[number] >= 0;
	how.spill = how.have_spill ? o->spill[number] : -1;
	status = lep_dataset_open(&s->data, o->path[number], &how, o->limit, e);
	if (status)
		return status;
	s->head = lep_dataset_head(s->data);
	s->name = lep_dataset_name(s->data);
	s->records = lep_dataset_count(s->data);
	for (s->slots = 16; s->slots < SIZE_MAX / 4 && s->slots / 2 < s->records;)
		s->slots *= 2;
	s->slot = lep_alloc(s->slots, sizeof(*s->slot));
	s->seen = lep_alloc((size_t)(s->records / 8) + 1, 1);
	if (!s->slot || !s->seen)
		return lep_fail_nomem(e, (double)s->records);
	for (uint64_t i = 0; i < s->records && !status; i++)
		status = enter(s, i, e);
	return status;
}

static int find_held(struct lep_join_side *s, const char *key, size_t len, struct lep_error *e)
{
	struct lep_join_slot *slot;
	uint8_t bit;
	int status = slot_of(s, key, len, &slot, e);

	if (status || !slot->record)
		return status;
	s->number = slot->record - 1;
	bit = (uint8_t)(1u << s->number % 8);
	s->used += !(s->seen[s->number / 8] & bit);
	s->seen[s->number / 8] |= bit;
	return 1;
}

static int finish_held(struct lep_join_side *s, struct lep_error *e)
{
	(void)s;
	(void)e;
	return 0;
}

static void close_held(struct lep_join_side *s)
{
	lep_dataset_close(s->data);
	lep_buf_release(&s->example);
	lep_free(s->slot);
	lep_free(s->seen);
}

const struct lep_join_kind lep_join_held = {open_held, find_held, finish_held, close_held};
