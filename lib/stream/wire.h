/*
 * The frame header of lep-tensor(5): 64 bytes, checked before anything behind
 * them is believed.
 */
#ifndef LEP_STREAM_WIRE_H
#define LEP_STREAM_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define LEP_WIRE_HEADER 64
#define LEP_WIRE_END 32      /* payload of END */
#define LEP_WIRE_END_FRAME 128
#define LEP_WIRE_ENTRY 16    /* of RECS, one a record */
#define LEP_WIRE_INDEX_HEADER 8
#define LEP_WIRE_INDEX_ENTRY 16
#define LEP_WIRE_INDEX_MAX 4096 /* entries of one INDEX frame */
#define LEP_CAUSE_MAX 4096

#define LEP_WIRE_MAJOR 1
#define LEP_WIRE_MINOR 0

extern const unsigned char lep_wire_magic[8];

enum lep_wire_type {
	LEP_WIRE_HEAD,
	LEP_WIRE_RECS,
	LEP_WIRE_ENDS,
	LEP_WIRE_ABRT,
	LEP_WIRE_INDX,
	LEP_WIRE_ANCILLARY, /* unknown, to be skipped */
	LEP_WIRE_UNKNOWN    /* unknown, to be refused */
};

struct lep_wire {
	enum lep_wire_type type;
	char letters[5];      /* the type as written, NUL-terminated */
	unsigned minor;
	uint64_t payload;     /* bytes without padding */
	uint64_t sequence;    /* from 0 in each segment */
	uint32_t head_crc;    /* CRC-32C of the payload of HEAD */
	uint32_t payload_crc; /* of this payload and its padding */
	uint64_t records;
	uint64_t first;       /* records of the segment before this frame */
};

/* Bytes of a payload with its padding. */
static inline uint64_t lep_wire_padded(uint64_t payload)
{
	return (payload + 63) & ~(uint64_t)63;
}

/* letters and minor are not looked at: type and our own version are written. */
void lep_wire_format(unsigned char out[LEP_WIRE_HEADER], const struct lep_wire *w);

/* LEP_ERR_DATA with the cause alone: the caller knows the place. Payload
 * lengths are below 2^62 and, where the type bounds them, within that. */
int lep_wire_parse(struct lep_wire *w, const unsigned char in[LEP_WIRE_HEADER], struct lep_error *e)
	LEP_MUST_USE;

struct lep_wire_end {
	uint64_t records;
	uint64_t length;      /* bytes of the segment, this frame included */
	uint64_t index;       /* offset of the last INDEX frame, 0: none */
	uint32_t headers_crc; /* over all frame headers before this one */
};

void lep_wire_end_format(unsigned char out[64], const struct lep_wire_end *end);
int lep_wire_end_parse(struct lep_wire_end *end, const unsigned char in[64], struct lep_error *e)
	LEP_MUST_USE;

#endif
