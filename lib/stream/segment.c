/* The order of frames in a segment. */
#include "stream/segment.h"

#include <inttypes.h>

#include "base/crc32c.h"

int lep_wire_check(const struct lep_wire *w, const unsigned char *payload, struct lep_error *e)
{
	return lep_wire_check_crc(w, lep_crc32c(0, payload, (size_t)lep_wire_padded(w->payload)), e);
}

int lep_wire_check_crc(const struct lep_wire *w, uint32_t crc, struct lep_error *e)
{
	if (crc == w->payload_crc)
		return 0;
	return lep_fail(e, LEP_ERR_DATA, "damaged frame '%s' (its checksum does not match)", w->letters);
}

int lep_segment_begin(struct lep_segment *s, struct lep_head *head, int first, const struct lep_wire *w,
	const unsigned char *bytes, struct lep_error *e)
{
	const unsigned char *text = bytes + LEP_WIRE_HEADER;
	struct lep_head next;
	int status = lep_wire_check(w, text, e);

	if (status)
		return status;
	if (w->sequence != 0 || w->first != 0 || w->head_crc != w->payload_crc)
		return lep_fail(e, LEP_ERR_DATA, "HEAD does not begin a segment");
	for (uint64_t i = w->payload; i < lep_wire_padded(w->payload); i++)
		if (text[i])
			return lep_fail(e, LEP_ERR_DATA, "padding of HEAD is not zero");
	status = lep_head_parse(first ? head : &next, (const char *)text, (size_t)w->payload, e);
	if (status)
		return status;
	s->start += s->length;
	s->length = LEP_WIRE_HEADER + lep_wire_padded(w->payload);
	s->head_crc = w->head_crc;
	s->headers_crc = lep_crc32c(0, bytes, LEP_WIRE_HEADER);
	s->sequence = 1;
	s->records = 0;
	s->last_index = 0;
	if (first)
		return 0;
	lep_segment_release(s, head->nfield);
	status = lep_head_agree(head, &next, &s->maps, e);
	lep_head_release(&next);
	return status;
}

void lep_segment_release(struct lep_segment *s, size_t nfield)
{
	lep_id_maps_free(s->maps, nfield);
	s->maps = NULL;
}

int lep_segment_frame(struct lep_segment *s, const struct lep_wire *w, const unsigned char *header,
	struct lep_error *e)
{
	if (w->type == LEP_WIRE_HEAD)
		return lep_fail(e, LEP_ERR_DATA, "a segment begins before END of the one before: truncated stream");
	if (w->head_crc != s->head_crc)
		return lep_fail(e, LEP_ERR_DATA, "a frame of another segment");
	if (w->sequence != s->sequence)
		return lep_fail(e, LEP_ERR_DATA, "frame %" PRIu64 " where %" PRIu64 " belongs", w->sequence, s->sequence);
	if (w->first != s->records)
		return lep_fail(e, LEP_ERR_DATA, "a frame behind %" PRIu64 " records where there were %" PRIu64,
			w->first, s->records);
	if (w->type == LEP_WIRE_INDX)
		s->last_index = s->length;
	if (w->type != LEP_WIRE_ENDS)
		s->headers_crc = lep_crc32c(s->headers_crc, header, LEP_WIRE_HEADER);
	s->sequence++;
	s->length += LEP_WIRE_HEADER + lep_wire_padded(w->payload);
	s->records += w->records;
	return 0;
}

int lep_segment_end(const struct lep_segment *s, const struct lep_wire_end *end, struct lep_error *e)
{
	if (end->records != s->records)
		return lep_fail(e, LEP_ERR_DATA, "END says %" PRIu64 " records, there were %" PRIu64,
			end->records, s->records);
	if (end->length != s->length)
		return lep_fail(e, LEP_ERR_DATA, "END says %" PRIu64 " bytes, there were %" PRIu64,
			end->length, s->length);
	if (end->headers_crc != s->headers_crc)
		return lep_fail(e, LEP_ERR_DATA, "END: the checksum of the frame headers does not match");
	if (end->index != s->last_index)
		return lep_fail(e, LEP_ERR_DATA, "END does not point at the last INDEX");
	return 0;
}
