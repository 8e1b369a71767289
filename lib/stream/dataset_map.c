/* A mapped file from its end: END, INDEX, HEAD, without touching the records. */
#include <inttypes.h>
#include <string.h>

#include "stream/dataset.h"
#include "stream/segment.h"
#include "stream/source.h"

/* The frame at `at` of the file, of that type (or any, if negative), whole
 * before `end`; its payload's checksum verified unless it is records. */
static int frame_at(const struct lep_dataset *d, uint64_t at, uint64_t end, int type, struct lep_wire *w,
	struct lep_error *e)
{
	const unsigned char *bytes = d->base + at;
	int status;

	if (at % LEP_ALIGN || at > end || end - at < LEP_WIRE_HEADER)
		return lep_fail(e, LEP_ERR_DATA, "a frame outside its segment");
	status = lep_wire_parse(w, bytes, e);
	if (status)
		return status;
	if ((type >= 0 && (int)w->type != type) ||
		lep_wire_padded(w->payload) > end - at - LEP_WIRE_HEADER)
		return lep_fail(e, LEP_ERR_DATA, "frame '%s' is not what belongs here", w->letters);
	return w->type == LEP_WIRE_RECS ? 0 : lep_wire_check(w, bytes + LEP_WIRE_HEADER, e);
}

/* The segment that ends at `end`, in front of those known. */
static int find_part(struct lep_dataset *d, uint64_t end, struct lep_part *part, struct lep_error *e)
{
	struct lep_wire_end claims;
	struct lep_wire w;
	int status;

	if (end < LEP_WIRE_END_FRAME)
		return lep_fail(e, LEP_ERR_DATA, "truncated");
	status = frame_at(d, end - LEP_WIRE_END_FRAME, end, LEP_WIRE_ENDS, &w, e);
	if (!status)
		status = lep_wire_end_parse(&claims, d->base + end - LEP_WIRE_END_FRAME + LEP_WIRE_HEADER, e);
	if (status)
		return status;
	if (claims.length > end || claims.length % LEP_ALIGN || claims.length < LEP_WIRE_END_FRAME ||
		claims.index >= claims.length || claims.records != w.first)
		return lep_fail(e, LEP_ERR_DATA, "END does not fit its segment");
	*part = (struct lep_part){.start = end - claims.length, .end = end, .records = claims.records,
		.index = claims.index, .head_crc = w.head_crc};
	return 0;
}

/* All segments, first to last. */
static int find_parts(struct lep_dataset *d, uint64_t len, struct lep_error *e)
{
	size_t cap = 0;
	int status;

	for (uint64_t end = len; end > 0;) {
		if (d->nparts == cap) {
			struct lep_part *p = lep_grow(d->part, cap * sizeof(*p), cap ? cap * 2 : 4, sizeof(*p));

			if (!p)
				return lep_fail_nomem(e, 0);
			d->part = p;
			cap = cap ? cap * 2 : 4;
		}
		status = find_part(d, end, &d->part[d->nparts], e);
		if (status)
			return status;
		end = d->part[d->nparts++].start;
	}
	for (size_t i = 0; i < d->nparts / 2; i++) {
		struct lep_part t = d->part[i];

		d->part[i] = d->part[d->nparts - 1 - i];
		d->part[d->nparts - 1 - i] = t;
	}
	return 0;
}

/* Without INDEX: from header to header. */
static int walk(struct lep_dataset *d, const struct lep_part *part, uint64_t at, struct lep_error *e)
{
	uint64_t records = 0;
	struct lep_wire w;

	for (;;) {
		int status = frame_at(d, at, part->end, -1, &w, e);

		if (status)
			return status;
		if (w.head_crc != part->head_crc || w.first != records)
			return lep_fail(e, LEP_ERR_DATA, "a frame of another place");
		if (w.type == LEP_WIRE_ENDS)
			break;
		if (w.type == LEP_WIRE_HEAD || w.type == LEP_WIRE_ABRT)
			return lep_fail(e, LEP_ERR_DATA, "frame '%s' inside a segment", w.letters);
		if (w.type == LEP_WIRE_RECS) {
			status = lep_dataset_push(d, at, w.records, e);
			if (status)
				return status;
			records += w.records;
		}
		at += LEP_WIRE_HEADER + lep_wire_padded(w.payload);
	}
	return records == part->records ? 0 : lep_fail(e, LEP_ERR_DATA, "END says another number of records");
}

/* Offsets of the segment's INDEX frames, last to first, into *chain. */
static int index_chain(struct lep_dataset *d, const struct lep_part *part, struct lep_buf *chain,
	struct lep_error *e)
{
	uint64_t at = part->index;
	struct lep_wire w;

	while (at) {
		uint64_t before;
		int status = frame_at(d, part->start + at, part->end, LEP_WIRE_INDX, &w, e);

		if (status)
			return status;
		if (w.head_crc != part->head_crc || w.payload < LEP_WIRE_INDEX_HEADER ||
			(w.payload - LEP_WIRE_INDEX_HEADER) % LEP_WIRE_INDEX_ENTRY)
			return lep_fail(e, LEP_ERR_DATA, "INDEX of another segment");
		lep_buf_add(chain, &at, sizeof(at));
		before = lep_get64(d->base + part->start + at + LEP_WIRE_HEADER);
		if (before >= at)
			return lep_fail(e, LEP_ERR_DATA, "INDEX points forward");
		at = before;
	}
	return chain->failed ? lep_fail_nomem(e, 0) : 0;
}

/* Frames of a segment by its INDEX. A frame's records are known only from where
 * the next begins, so each is pushed one behind. */
static int read_index(struct lep_dataset *d, const struct lep_part *part, struct lep_error *e)
{
	struct lep_buf chain = {0};
	uint64_t offset = 0, first = 0;
	int pending = 0, status = index_chain(d, part, &chain, e);

	for (size_t i = chain.len / 8; i > 0 && !status; i--) {
		const unsigned char *p;
		struct lep_wire w;
		uint64_t at;
		size_t n;

		memcpy(&at, chain.data + (i - 1) * 8, sizeof(at));
		status = lep_wire_parse(&w, d->base + part->start + at, e);
		n = (size_t)(w.payload - LEP_WIRE_INDEX_HEADER) / LEP_WIRE_INDEX_ENTRY;
		p = d->base + part->start + at + LEP_WIRE_HEADER + LEP_WIRE_INDEX_HEADER;
		for (size_t k = 0; k < n && !status; k++, p += LEP_WIRE_INDEX_ENTRY) {
			uint64_t next = lep_get64(p), next_first = lep_get64(p + 8);

			if (next % LEP_ALIGN || next <= offset || next >= at ||
				(pending ? next_first <= first : next_first != 0) || next_first >= part->records)
				status = lep_fail(e, LEP_ERR_DATA, "INDEX is out of order");
			else if (pending)
				status = lep_dataset_push(d, part->start + offset, next_first - first, e);
			pending = 1;
			offset = next;
			first = next_first;
		}
	}
	if (!status && !pending)
		status = lep_fail(e, LEP_ERR_DATA, "INDEX is empty");
	if (!status)
		status = lep_dataset_push(d, part->start + offset, part->records - first, e);
	lep_buf_release(&chain);
	return status;
}

static int open_part(struct lep_dataset *d, size_t i, struct lep_error *e)
{
	struct lep_part *part = &d->part[i];
	struct lep_segment segment = {0};
	struct lep_wire w;
	int status = frame_at(d, part->start, part->end, LEP_WIRE_HEAD, &w, e);

	if (!status)
		status = lep_segment_begin(&segment, &d->head, i == 0, &w, d->base + part->start, e);
	if (status)
		return status;
	part->maps = segment.maps;
	part->first_frame = d->frames;
	part->first_record = d->count;
	if (segment.head_crc != part->head_crc)
		return lep_fail(e, LEP_ERR_DATA, "END of another segment");
	if (part->index)
		return read_index(d, part, e);
	return walk(d, part, part->start + segment.length, e);
}

int lep_dataset_map(struct lep_dataset *d, struct lep_error *e)
{
	size_t len;
	int status;

	d->base = lep_source_whole(d->source, &len);
	status = find_parts(d, len, e);
	for (size_t i = 0; i < d->nparts && !status; i++)
		status = open_part(d, i, e);
	return status ? lep_fail_at(e, "%s", d->name) : 0;
}
