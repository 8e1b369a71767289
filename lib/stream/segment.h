/*
 * Where in a segment a reader is, and what may come next. Shared by the reader
 * and the dataset.
 */
#ifndef LEP_STREAM_SEGMENT_H
#define LEP_STREAM_SEGMENT_H

#include "stream/agree.h"
#include "stream/wire.h"

struct lep_segment {
	uint64_t start;        /* of the segment in the stream, bytes */
	uint64_t length;       /* bytes of it so far */
	uint32_t head_crc;
	uint32_t headers_crc;
	uint64_t sequence;     /* of the next frame */
	uint64_t records;
	uint64_t last_index;   /* offset of the last INDEX frame, 0: none */
	struct lep_id_map *maps; /* ids onto the first segment's tables, or NULL */
};

/* The checksum of a payload (with its padding), as the header says. */
int lep_wire_check(const struct lep_wire *w, const unsigned char *payload, struct lep_error *e) LEP_MUST_USE;
/* The same where crc is its checksum. */
int lep_wire_check_crc(const struct lep_wire *w, uint32_t crc, struct lep_error *e) LEP_MUST_USE;

/*
 * Begin a segment with its HEAD frame at bytes (header and payload, whole). The
 * first segment's HEAD becomes *head, if it is empty yet (first is nonzero);
 * a later one must agree with it.
 */
int lep_segment_begin(struct lep_segment *s, struct lep_head *head, int first, const struct lep_wire *w,
	const unsigned char *bytes, struct lep_error *e) LEP_MUST_USE;
void lep_segment_release(struct lep_segment *s, size_t nfield);

/* A frame behind HEAD: its place in the order, its claims about the records
 * before it. */
int lep_segment_frame(struct lep_segment *s, const struct lep_wire *w, const unsigned char *header,
	struct lep_error *e) LEP_MUST_USE;

/* END against everything counted; end is of the frame that lep_segment_frame saw last. */
int lep_segment_end(const struct lep_segment *s, const struct lep_wire_end *end, struct lep_error *e)
	LEP_MUST_USE;

#endif
