/*
 * The payload of a RECS frame, laid out over the bytes where they are. Values
 * stay in place; only entries, columns and offsets are made.
 */
#ifndef LEP_STREAM_PAYLOAD_H
#define LEP_STREAM_PAYLOAD_H

#include "stream/agree.h"
#include "stream/frame.h"
#include "stream/wire.h"

/* Bytes of room that lep_payload_parse needs for n records. */
size_t lep_payload_room(const struct lep_head *head, size_t n);

/*
 * payload: w->payload bytes and their padding, 64-byte aligned, checksum not
 * looked at. room is 64-byte aligned, of lep_payload_room bytes; frame points
 * into both. *columns are the frame's, to be changed by lep_payload_map_ids.
 * Everything lep-tensor(5) says of a payload is checked, ids against the tables
 * of their own segment (maps, or NULL where those are the head's); errors name
 * the record (counted from 0 in the segment) and field.
 */
int lep_payload_parse(struct lep_frame *frame, struct lep_column **columns, void *room,
	const struct lep_head *head, const struct lep_id_map *maps, const struct lep_wire *w,
	const unsigned char *payload, struct lep_error *e) LEP_MUST_USE;

/* Bytes of the columns whose ids have to be mapped. */
size_t lep_payload_ids_room(const struct lep_head *head, const struct lep_frame *frame,
	const struct lep_id_map *maps);

/* Write mapped ids into room and let the columns point there; room NULL: in
 * place, for a payload that is the caller's own. */
void lep_payload_map_ids(const struct lep_head *head, const struct lep_frame *frame,
	struct lep_column *columns, const struct lep_id_map *maps, void *room);

#endif
