/* Records in any order: which frame holds one, and laying that frame out. */
#include "stream/dataset.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "stream/payload.h"
#include "stream/segment.h"
#include "stream/source.h"

#define ROOM ((size_t)256 << 10)  /* bytes for parsed frames are asked for at a time */
#define STRETCH ((size_t)1 << 20) /* bytes of a mapped file that are asked about together */

struct lep_parsed {
	struct lep_frame frame;
	unsigned char room[] __attribute__((aligned(16)));
};

struct lep_parsed_room {
	struct lep_parsed_room *before;
	size_t used, size;
	unsigned char bytes[] __attribute__((aligned(LEP_ALIGN)));
};

int lep_dataset_push(struct lep_dataset *d, uint64_t offset, uint64_t n, struct lep_error *e)
{
	if (d->frames == d->capacity) {
		size_t cap = d->capacity ? d->capacity * 2 : 256, used = d->first ? d->frames + 1 : 0;
		uint64_t *p = lep_grow(d->first, used * sizeof(*p), cap + 1, sizeof(*p));

		if (!p)
			return lep_fail_nomem(e, 0);
		d->first = p;
		p = lep_grow(d->offset, used * sizeof(*p), cap + 1, sizeof(*p));
		if (!p)
			return lep_fail_nomem(e, 0);
		d->offset = p;
		d->capacity = cap;
	}
	d->offset[d->frames] = offset;
	d->count += n;
	d->first[++d->frames] = d->count;
	return 0;
}

/* A mapped file that cannot be used: the forward reader knows best why. */
static int explain(const char *path, const struct lep_reader_options *options, struct lep_error *e)
{
	struct lep_error why;
	struct lep_reader *r;
	struct lep_frame frame;
	int status = lep_reader_open(&r, path, options, &why);

	if (!status) {
		do
			status = lep_reader_next(r, &frame, &why);
		while (status > 0);
		lep_reader_close(r);
	}
	if (status < 0 && e)
		*e = why;
	return status < 0 ? status : LEP_ERR_DATA;
}

static int open_mapped(struct lep_dataset *d, const char *path, const struct lep_reader_options *options,
	struct lep_error *e)
{
	int status = lep_dataset_map(d, e);

	if (status == LEP_ERR_DATA)
		return explain(path, options, e);
	if (!status && options && options->have_records && options->records != d->count)
		return lep_fail(e, LEP_ERR_DATA, "%s: %" PRIu64 " records, not the %" PRIu64 " there must be",
			d->name, d->count, options->records);
	return status;
}

static int open_kept(struct lep_dataset *d, struct lep_source *source,
	const struct lep_reader_options *options, size_t limit, struct lep_error *e)
{
	int spill = options && options->have_spill ? options->spill : -1;
	struct lep_reader *r;
	int status = lep_reader_open_source(&r, source, options, e);

	if (status) {
		if (spill >= 0)
			close(spill);
		return status;
	}
	status = lep_dataset_keep(d, r, limit, spill, e);
	if (!status)
		status = lep_head_copy(&d->head, lep_reader_head(r), e);
	lep_reader_close(r);
	return status;
}

int lep_dataset_open(struct lep_dataset **out, const char *path, const struct lep_reader_options *options,
	size_t limit, struct lep_error *e)
{
	struct lep_dataset *d = lep_alloc(1, sizeof(*d));
	struct lep_source *source = NULL;
	size_t len;
	int status;

	*out = NULL;
	if (!d)
		return lep_fail_nomem(e, 0);
	pthread_mutex_init(&d->lock, NULL);
	lep_head_init(&d->head);
	status = lep_source_open(&source, path, options, e);
	if (!status && !(d->name = lep_strdup(lep_source_name(source))))
		status = lep_fail_nomem(e, 0);
	if (status) {
		lep_source_close(source);
	} else if (lep_source_whole(source, &len)) {
		d->source = source;
		if (options && options->have_spill)
			close(options->spill);
		status = open_mapped(d, path, options, e);
	} else {
		status = open_kept(d, source, options, limit, e);
	}
	if (!status) {
		d->parsed = lep_alloc(d->frames, sizeof(*d->parsed));
		status = d->parsed ? 0 : lep_fail_nomem(e, 0);
	}
	if (status) {
		lep_dataset_close(d);
		return status;
	}
	*out = d;
	return 0;
}

void lep_dataset_close(struct lep_dataset *d)
{
	if (!d)
		return;
	while (d->room) {
		struct lep_parsed_room *r = d->room;

		d->room = r->before;
		lep_free(r);
	}
	pthread_mutex_destroy(&d->lock);
	for (size_t i = 0; i < d->nparts; i++)
		lep_id_maps_free(d->part[i].maps, d->head.nfield);
	lep_free(d->parsed);
	lep_free(d->part);
	lep_free(d->first);
	lep_free(d->offset);
	lep_source_close(d->source);
	lep_store_free(d->store);
	lep_head_release(&d->head);
	lep_free(d->name);
	lep_free(d);
}

const struct lep_head *lep_dataset_head(const struct lep_dataset *d)
{
	return &d->head;
}

const char *lep_dataset_name(const struct lep_dataset *d)
{
	return d->name;
}

uint64_t lep_dataset_count(const struct lep_dataset *d)
{
	return d->count;
}

/* The last i of n + 1 ascending values whose value is at most x: a guess for
 * even spacing first, for frames mostly hold as many records each. */
static size_t locate(const uint64_t *first, size_t n, uint64_t x)
{
	size_t low = 0, high = n, guess = (size_t)((double)x / (double)first[n] * (double)n);

	if (guess < n && first[guess] <= x && x < first[guess + 1])
		return guess;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (first[middle] <= x)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static const struct lep_part *part_of(const struct lep_dataset *d, size_t frame)
{
	size_t i = d->nparts;

	while (i > 1 && d->part[i - 1].first_frame > frame)
		i--;
	return i ? &d->part[i - 1] : NULL;
}

/* A place for a parsed frame, until close. */
static void *parsed_room(struct lep_dataset *d, size_t bytes, struct lep_error *e)
{
	struct lep_parsed_room *r;
	void *p = NULL;

	bytes = lep_round_up(bytes, 16);
	pthread_mutex_lock(&d->lock);
	r = d->room;
	if (!r || r->size - r->used < bytes) {
		size_t size = bytes > ROOM ? bytes : ROOM;

		r = lep_alloc_used(sizeof(*r) + size, 1);
		if (r) {
			r->size = size;
			r->before = d->room;
			d->room = r;
		}
	}
	if (r) {
		p = r->bytes + r->used;
		r->used += bytes;
	}
	pthread_mutex_unlock(&d->lock);
	if (!p)
		lep_fail_nomem(e, (double)bytes);
	return p;
}

/* The file still has its bytes around this place, or had a moment ago: asking for
 * each frame costs more than reading it. */
static int still_there(struct lep_dataset *d, uint64_t offset, struct lep_error *e)
{
	const size_t stretch = (size_t)(offset / STRETCH) + 1;
	int status;

	if (!d->source || atomic_load_explicit(&d->looked_at, memory_order_relaxed) == stretch)
		return 0;
	status = lep_source_check(d->source, e);
	if (!status)
		atomic_store_explicit(&d->looked_at, stretch, memory_order_relaxed);
	return status;
}

/* The header of frame k, checked against what is known of it; a kept one was
 * checked when it came. */
static int frame_header(struct lep_dataset *d, size_t k, const struct lep_part *part, struct lep_wire *w,
	struct lep_error *e)
{
	const unsigned char *bytes = d->base + d->offset[k];
	int status = still_there(d, d->offset[k], e);

	if (status)
		return status;
	status = lep_wire_parse(w, bytes, e);
	if (!status && w->records != d->first[k + 1] - d->first[k])
		status = lep_fail(e, LEP_ERR_DATA, "not the frame that INDEX names");
	if (status || !part)
		return status;
	if (w->type != LEP_WIRE_RECS || w->head_crc != part->head_crc ||
		w->first != d->first[k] - part->first_record ||
		LEP_WIRE_HEADER + lep_wire_padded(w->payload) > part->end - d->offset[k])
		return lep_fail(e, LEP_ERR_DATA, "not the frame that INDEX names");
	return lep_wire_check(w, bytes + LEP_WIRE_HEADER, e);
}

static int load(struct lep_dataset *d, size_t k, struct lep_parsed **out, struct lep_error *e)
{
	const unsigned char *payload = d->base + d->offset[k] + LEP_WIRE_HEADER;
	const struct lep_part *part = part_of(d, k);
	const struct lep_id_map *maps = part ? part->maps : NULL;
	struct lep_column *columns;
	struct lep_parsed *p;
	struct lep_wire w;
	int status = frame_header(d, k, part, &w, e);

	if (status)
		return lep_fail_at(e, "%s: record %" PRIu64, d->name, d->first[k]);
	p = parsed_room(d, sizeof(*p) + lep_payload_room(&d->head, (size_t)w.records), e);
	if (!p)
		return LEP_ERR_NOMEM;
	status = lep_payload_parse(&p->frame, &columns, p->room, &d->head, maps, &w, payload, e);
	if (!status && maps) {
		void *ids = parsed_room(d, lep_payload_ids_room(&d->head, &p->frame, maps), e);

		if (ids)
			lep_payload_map_ids(&d->head, &p->frame, columns, maps, ids);
		else
			status = LEP_ERR_NOMEM;
	}
	if (status)
		return lep_fail_at(e, "%s", d->name);
	*out = p;
	return 0;
}

int lep_dataset_record(struct lep_dataset *d, uint64_t i, const struct lep_frame **frame, size_t *at,
	struct lep_error *e)
{
	struct lep_parsed *p, *none = NULL;
	size_t k;
	int status;

	if (i >= d->count)
		return lep_fail(e, LEP_ERR_USAGE, "%s: there is no record %" PRIu64, d->name, i);
	k = locate(d->first, d->frames, i);
	p = atomic_load_explicit(&d->parsed[k], memory_order_acquire);
	if (!p) {
		status = load(d, k, &p, e);
		if (status)
			return status;
		/* Another thread may have been faster; both have the same. */
		if (!atomic_compare_exchange_strong(&d->parsed[k], &none, p))
			p = none;
	}
	*frame = &p->frame;
	*at = (size_t)(i - d->first[k]);
	return 0;
}

/* A field as far as its values depend on it. */
static uint32_t field_crc(uint32_t crc, const struct lep_field *f)
{
	char text[LEP_SHAPE_TEXT_MAX];

	crc = lep_crc32c(crc, f->name, strlen(f->name) + 1);
	crc = lep_crc32c(crc, lep_dtype_name(f->dtype), strlen(lep_dtype_name(f->dtype)) + 1);
	lep_shape_text(text, &f->shape, " ");
	crc = lep_crc32c(crc, text, strlen(text) + 1);
	for (size_t i = 0; f->table && i < f->table->n; i++)
		crc = lep_crc32c(crc, f->table->entry[i], f->table->length[i] + 1);
	return crc;
}

static uint32_t record_crc(uint32_t crc, const struct lep_head *head, const struct lep_frame *frame, size_t at)
{
	const struct lep_entry *entry = &frame->entry[at];
	unsigned char numbers[12];

	lep_put32(numbers, entry->bad ? 1 : 0);
	lep_put32(numbers + 4, entry->key_len);
	lep_put32(numbers + 8, entry->cause_len);
	crc = lep_crc32c(crc, numbers, sizeof(numbers));
	crc = lep_crc32c(crc, entry->key, entry->key_len);
	crc = lep_crc32c(crc, entry->cause, entry->cause_len);
	for (size_t f = 0; f < head->nfield; f++) {
		struct lep_shape shape;
		unsigned char extent[8];
		size_t len;
		const void *value = lep_frame_value(head, frame, f, at, &len, &shape);

		for (int i = 0; i < shape.rank; i++) {
			lep_put64(extent, (uint64_t)shape.extent[i]);
			crc = lep_crc32c(crc, extent, sizeof(extent));
		}
		lep_put64(extent, len);
		crc = lep_crc32c(crc, extent, sizeof(extent));
		crc = lep_crc32c(crc, value, len);
	}
	return crc;
}

int lep_dataset_digest(struct lep_dataset *d, uint64_t *digest, struct lep_error *e)
{
	uint32_t fields = 0, records = 0;

	for (size_t f = 0; f < d->head.nfield; f++)
		fields = field_crc(fields, &d->head.field[f]);
	for (uint64_t i = 0; i < d->count; i++) {
		const struct lep_frame *frame;
		size_t at;
		int status = lep_dataset_record(d, i, &frame, &at, e);

		if (status)
			return status;
		records = record_crc(records, &d->head, frame, at);
	}
	*digest = (uint64_t)fields << 32 | records;
	return 0;
}
