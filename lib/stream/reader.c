/* The forward reader: frame by frame, every one checked before it is believed. */
#include "stream/reader.h"

#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "stream/dataset.h"
#include "stream/payload.h"
#include "stream/segment.h"
#include "stream/sniff.h"
#include "stream/source.h"

#define SKIP_STEP ((size_t)64 << 10)
#define CHECK_STEP ((size_t)256 << 10)

struct lep_reader {
	struct lep_source *source;
	struct lep_reader_options options;
	struct lep_head head;
	int have_head;        /* of the first segment */
	int inside;           /* between HEAD and END */
	int over;             /* the proper end, or a failure: its status */
	struct lep_error failed;
	struct lep_segment segment;
	uint64_t records;     /* handed out */
	struct lep_wire wire; /* of the frame in use, and its bytes */
	const unsigned char *raw;
	size_t pending;       /* bytes of the frame in use, consumed at the next call */
	uint64_t checked;     /* where the frame begins whose payload is being checked, */
	size_t checked_bytes; /* how far, */
	uint32_t checked_crc; /* and the checksum up to there */
	void *room;           /* entries, columns and offsets of the frame in use */
	size_t room_size;
	void *ids;            /* its mapped ids */
	size_t ids_size;
};

/* Put name and place in front of the cause in e. */
static int at_byte(const struct lep_reader *r, struct lep_error *e)
{
	return lep_fail_at(e, "%s: byte %" PRIu64, lep_source_name(r->source), lep_source_position(r->source));
}

static int truncated(const struct lep_reader *r, struct lep_error *e)
{
	return lep_fail(e, LEP_ERR_DATA, "%s: record %" PRIu64 ": truncated: the stream ends without END",
		lep_source_name(r->source), r->records);
}

/* Nothing was a stream so far. */
static int not_a_stream(const struct lep_reader *r, const unsigned char *p, size_t n, struct lep_error *e)
{
	const char *name = lep_source_name(r->source), *looks;

	if (n == 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: empty input, not a tensor stream", name);
	if (memcmp(p, lep_wire_magic, n < sizeof(lep_wire_magic) ? n : sizeof(lep_wire_magic)) == 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: truncated in its first %d bytes", name, LEP_WIRE_HEADER);
	looks = lep_sniff(p, n);
	return lep_fail(e, LEP_ERR_DATA, "%s: not a tensor stream%s%s", name,
		looks ? ", it looks like " : "", looks ? looks : "");
}

/* The payload of the frame that begins `at` is checked as far as it is here. */
static void check_some(struct lep_reader *r, uint64_t at, const unsigned char *frame, size_t have)
{
	if (r->checked != at) {
		r->checked = at;
		r->checked_bytes = r->checked_crc = 0;
	}
	if (have > LEP_WIRE_HEADER + r->checked_bytes) {
		r->checked_crc = lep_crc32c(r->checked_crc, frame + LEP_WIRE_HEADER + r->checked_bytes,
			have - LEP_WIRE_HEADER - r->checked_bytes);
		r->checked_bytes = have - LEP_WIRE_HEADER;
	}
}

/* A frame that the source may still be about to give; what is long is checked piece
 * by piece as it comes, out of the second cache. */
static int whole_frame(struct lep_reader *r, const struct lep_wire *w, const unsigned char **bytes,
	struct lep_error *e)
{
	const size_t total = LEP_WIRE_HEADER + (size_t)lep_wire_padded(w->payload);
	const uint64_t at = lep_source_position(r->source);
	size_t have = LEP_WIRE_HEADER, least;
	int status;

	do {
		least = total - have < CHECK_STEP ? total : have + CHECK_STEP;
		status = lep_source_some(r->source, total, least, bytes, &have, e);
		if (status)
			return status;
		if (have < least)
			return truncated(r, e);
		check_some(r, at, *bytes, have);
	} while (have < total);
	return lep_wire_check_crc(w, r->checked_crc, e) ? at_byte(r, e) : 0;
}

/*
 * The next frame, whole and with its checksum verified, at *bytes; *w its
 * header. 1, or 0 at the end of input. Unknown ancillary frames are skipped.
 */
static int next_frame(struct lep_reader *r, struct lep_wire *w, const unsigned char **bytes, struct lep_error *e)
{
	size_t have;
	int status = lep_source_need(r->source, LEP_WIRE_HEADER, bytes, &have, e);

	if (status)
		return status;
	if (have == 0 && r->have_head && !r->inside)
		return 0;
	if (!r->have_head && (have < LEP_WIRE_HEADER || memcmp(*bytes, lep_wire_magic, sizeof(lep_wire_magic)) != 0)) {
		/* More of it, to say what it looks like. */
		status = have < LEP_WIRE_HEADER ? 0 : lep_source_need(r->source, 512, bytes, &have, e);
		if (status)
			return status;
		return not_a_stream(r, *bytes, have, e);
	}
	if (have < LEP_WIRE_HEADER && r->inside)
		return truncated(r, e);
	if (have < LEP_WIRE_HEADER)
		return lep_fail(e, LEP_ERR_DATA, "%s: byte %" PRIu64 ": %zu bytes behind END that are no segment",
			lep_source_name(r->source), lep_source_position(r->source), have);
	if (lep_wire_parse(w, *bytes, e))
		return at_byte(r, e);
	if (w->type == LEP_WIRE_ANCILLARY)
		return 1;
	if (w->payload > SIZE_MAX / 2)
		return lep_fail(e, LEP_ERR_NOMEM, "%s: a frame of %" PRIu64 " bytes", lep_source_name(r->source), w->payload);
	status = whole_frame(r, w, bytes, e);
	return status ? status : 1;
}

/* An unknown ancillary frame: its checksum holds all the same, its length may
 * be anything. */
static int skip_ancillary(struct lep_reader *r, const struct lep_wire *w, const unsigned char *header,
	struct lep_error *e)
{
	uint64_t left = lep_wire_padded(w->payload);
	uint32_t crc = 0;

	if (!r->inside)
		return lep_fail(e, LEP_ERR_DATA, "%s: byte %" PRIu64 ": frame '%s' where HEAD belongs",
			lep_source_name(r->source), lep_source_position(r->source), w->letters);
	if (lep_segment_frame(&r->segment, w, header, e))
		return at_byte(r, e);
	lep_source_skip(r->source, LEP_WIRE_HEADER);
	while (left) {
		size_t step = left < SKIP_STEP ? (size_t)left : SKIP_STEP, have;
		const unsigned char *p;
		int status = lep_source_need(r->source, step, &p, &have, e);

		if (status)
			return status;
		if (have < step)
			return truncated(r, e);
		crc = lep_crc32c(crc, p, step);
		lep_source_skip(r->source, step);
		left -= step;
	}
	if (crc != w->payload_crc)
		return lep_fail(e, LEP_ERR_DATA, "%s: damaged frame '%s' before byte %" PRIu64,
			lep_source_name(r->source), w->letters, lep_source_position(r->source));
	return 0;
}

/* ABORT: the cause is what the reader fails with. */
static int aborted(const struct lep_reader *r, const struct lep_wire *w, const unsigned char *payload,
	struct lep_error *e)
{
	const char *text = (const char *)payload + 4;
	size_t len = w->payload < 4 ? 0 : (size_t)w->payload - 4;

	if (w->payload < 4 || lep_get32(payload) != 0 || lep_utf8_valid(text, len) != len)
		return lep_fail(e, LEP_ERR_DATA, "%s: an ABORT without meaning", lep_source_name(r->source));
	return lep_fail(e, LEP_ERR_ABORT, "%s" LEP_ABORT_MARK "%.*s", lep_source_name(r->source), (int)len, text);
}

static int begin_segment(struct lep_reader *r, const struct lep_wire *w, const unsigned char *bytes,
	struct lep_error *e)
{
	int status;

	if (w->type == LEP_WIRE_ABRT && w->head_crc == 0 && w->sequence == 0 && w->first == 0)
		return aborted(r, w, bytes + LEP_WIRE_HEADER, e);
	if (w->type != LEP_WIRE_HEAD)
		return lep_fail(e, LEP_ERR_DATA, "%s: byte %" PRIu64 ": frame '%s' where HEAD belongs",
			lep_source_name(r->source), lep_source_position(r->source), w->letters);
	status = lep_segment_begin(&r->segment, &r->head, !r->have_head, w, bytes, e);
	if (status)
		return lep_fail_at(e, "%s", lep_source_name(r->source));
	r->have_head = 1;
	r->inside = 1;
	lep_source_skip(r->source, LEP_WIRE_HEADER + (size_t)lep_wire_padded(w->payload));
	return 0;
}

static int more_room(void **p, size_t *size, size_t need, struct lep_error *e)
{
	if (need <= *size)
		return 0;
	lep_free(*p);
	*size = 0;
	*p = lep_alloc(need, 1);
	if (!*p)
		return lep_fail_nomem(e, (double)need);
	*size = need;
	return 0;
}

static int take_records(struct lep_reader *r, const struct lep_wire *w, const unsigned char *payload,
	struct lep_frame *frame, struct lep_error *e)
{
	size_t need = lep_payload_room(&r->head, (size_t)w->records);
	struct lep_column *columns;
	int status = more_room(&r->room, &r->room_size, need, e);

	if (!status)
		status = lep_payload_parse(frame, &columns, r->room, &r->head, r->segment.maps, w, payload, e);
	if (!status && r->segment.maps) {
		need = lep_payload_ids_room(&r->head, frame, r->segment.maps);
		status = more_room(&r->ids, &r->ids_size, need, e);
		if (!status)
			lep_payload_map_ids(&r->head, frame, columns, r->segment.maps, r->ids);
	}
	if (status)
		return lep_fail_at(e, "%s", lep_source_name(r->source));
	frame->payload = payload;
	frame->payload_bytes = w->payload;
	frame->payload_crc = w->payload_crc;
	frame->file = lep_source_file(r->source);
	frame->file_at = lep_source_position(r->source) + LEP_WIRE_HEADER;
	r->records += w->records;
	return 1;
}

static int end_segment(struct lep_reader *r, const unsigned char *payload, struct lep_error *e)
{
	struct lep_wire_end end;

	if (lep_wire_end_parse(&end, payload, e) || lep_segment_end(&r->segment, &end, e))
		return at_byte(r, e);
	r->inside = 0;
	return 0;
}

/* All input was read properly. */
static int finish(struct lep_reader *r, struct lep_error *e)
{
	if (r->options.have_records && r->options.records != r->records)
		return lep_fail(e, LEP_ERR_DATA, "%s: %" PRIu64 " records, not the %" PRIu64 " there must be",
			lep_source_name(r->source), r->records, r->options.records);
	return 0;
}

/* Up to the next frame of records (1), the end (0) or, to open, the first HEAD (1). */
static int advance(struct lep_reader *r, struct lep_frame *frame, struct lep_error *e)
{
	for (;;) {
		const unsigned char *bytes;
		struct lep_wire w;
		int status = next_frame(r, &w, &bytes, e);

		if (status <= 0)
			return status ? status : finish(r, e);
		if (w.type == LEP_WIRE_ANCILLARY) {
			status = skip_ancillary(r, &w, bytes, e);
			if (status)
				return status;
			continue;
		}
		if (!r->inside) {
			status = begin_segment(r, &w, bytes, e);
			if (status || !frame)
				return status ? status : 1;
			continue;
		}
		if (lep_segment_frame(&r->segment, &w, bytes, e))
			return at_byte(r, e);
		if (w.type == LEP_WIRE_RECS) {
			r->wire = w;
			r->raw = bytes;
			r->pending = LEP_WIRE_HEADER + (size_t)lep_wire_padded(w.payload);
			return take_records(r, &w, bytes + LEP_WIRE_HEADER, frame, e);
		}
		if (w.type == LEP_WIRE_ABRT)
			return aborted(r, &w, bytes + LEP_WIRE_HEADER, e);
		status = w.type == LEP_WIRE_ENDS ? end_segment(r, bytes + LEP_WIRE_HEADER, e) : 0;
		if (status)
			return status;
		lep_source_skip(r->source, LEP_WIRE_HEADER + (size_t)lep_wire_padded(w.payload));
	}
}

int lep_reader_open_source(struct lep_reader **out, struct lep_source *source,
	const struct lep_reader_options *options, struct lep_error *e)
{
	struct lep_reader *r = lep_alloc(1, sizeof(*r));
	int status;

	*out = NULL;
	if (!r) {
		lep_source_close(source);
		return lep_fail_nomem(e, 0);
	}
	r->source = source;
	if (options)
		r->options = *options;
	status = advance(r, NULL, e);
	if (status < 0) {
		lep_reader_close(r);
		return status;
	}
	*out = r;
	return 0;
}

int lep_reader_open(struct lep_reader **out, const char *path, const struct lep_reader_options *options,
	struct lep_error *e)
{
	struct lep_source *source;
	int status;

	*out = NULL;
	status = lep_source_open(&source, path, options, e);
	return status ? status : lep_reader_open_source(out, source, options, e);
}

int lep_reader_open_memory(struct lep_reader **out, const void *data, size_t len, const char *name,
	struct lep_error *e)
{
	struct lep_source *source;
	int status;

	*out = NULL;
	status = lep_source_open_memory(&source, data, len, name, e);
	return status ? status : lep_reader_open_source(out, source, NULL, e);
}

void lep_reader_close(struct lep_reader *r)
{
	if (!r)
		return;
	lep_segment_release(&r->segment, r->head.nfield);
	lep_head_release(&r->head);
	lep_source_close(r->source);
	lep_free(r->room);
	lep_free(r->ids);
	lep_free(r);
}

const struct lep_head *lep_reader_head(const struct lep_reader *r)
{
	return &r->head;
}

const char *lep_reader_name(const struct lep_reader *r)
{
	return lep_source_name(r->source);
}

int lep_reader_next(struct lep_reader *r, struct lep_frame *frame, struct lep_error *e)
{
	struct lep_error own;
	int status;

	if (r->over) {
		if (e)
			*e = r->failed;
		return r->over < 0 ? r->over : 0;
	}
	lep_source_skip(r->source, r->pending);
	r->pending = 0;
	if (!e)
		e = &own;
	status = lep_stop_check(e);
	if (!status)
		status = advance(r, frame, e);
	if (status <= 0)
		r->over = status < 0 ? status : 1;
	if (status < 0)
		r->failed = *e;
	return status;
}

const unsigned char *lep_reader_raw(const struct lep_reader *r, struct lep_wire *w,
	const struct lep_id_map **maps)
{
	*w = r->wire;
	*maps = r->segment.maps;
	return r->raw;
}

int lep_reader_ready(struct lep_reader *r)
{
	size_t at = r->pending, have;
	const unsigned char *p;
	struct lep_wire w;
	int end;

	/* Over frames that are no records, for they are not what is waited for. */
	while (!r->over && lep_source_file(r->source) < 0) {
		lep_source_peek(r->source, at + LEP_WIRE_HEADER, &p, &have, &end);
		if (have < at + LEP_WIRE_HEADER)
			return end;
		if (lep_wire_parse(&w, p + at, NULL) || w.payload > SIZE_MAX / 4)
			return 1;
		at += LEP_WIRE_HEADER + (size_t)lep_wire_padded(w.payload);
		lep_source_peek(r->source, at, &p, &have, &end);
		if (have < at)
			return end;
		if (w.type == LEP_WIRE_RECS || w.type == LEP_WIRE_ABRT)
			return 1;
	}
	return 1;
}

int lep_reader_ahead(struct lep_reader *r)
{
	size_t have, total;
	const unsigned char *p;
	struct lep_wire w;

	/* Whatever is wrong is found again, and told, by lep_reader_next. */
	if (r->over)
		return 0;
	lep_source_ahead(r->source, r->pending, LEP_WIRE_HEADER, &p, &have);
	if (have < LEP_WIRE_HEADER || lep_wire_parse(&w, p, NULL))
		return 0;
	if (w.type == LEP_WIRE_ANCILLARY || w.payload > SIZE_MAX / 4)
		return 0;
	total = LEP_WIRE_HEADER + (size_t)lep_wire_padded(w.payload);
	lep_source_ahead(r->source, r->pending, total, &p, &have);
	check_some(r, lep_reader_bytes(r), p, have);
	return have < total;
}

uint64_t lep_reader_records(const struct lep_reader *r)
{
	return r->records;
}

uint64_t lep_reader_bytes(const struct lep_reader *r)
{
	return lep_source_position(r->source) + r->pending;
}

const char *lep_abort_cause(const struct lep_error *e)
{
	const char *mark = e->status == LEP_ERR_ABORT ? strstr(e->text, LEP_ABORT_MARK) : NULL;

	return mark ? mark + strlen(LEP_ABORT_MARK) : NULL;
}
