/* The frame header: to bytes and back, with every check it allows by itself. */
#include "stream/wire.h"

#include <string.h>

#include "base/crc32c.h"
#include "stream/head.h"

const unsigned char lep_wire_magic[8] = {0x89, 'L', 'E', 'P', '\r', '\n', 0x1a, '\n'};

/* Offsets in the header. */
enum {
	AT_MAGIC = 0,
	AT_VERSION = 8,
	AT_ZERO16 = 10,
	AT_TYPE = 12,
	AT_PAYLOAD = 16,
	AT_SEQUENCE = 24,
	AT_HEAD_CRC = 32,
	AT_PAYLOAD_CRC = 36,
	AT_RECORDS = 40,
	AT_FIRST = 48,
	AT_ZERO32 = 56,
	AT_CRC = 60
};

static const struct {
	char letters[5];
	uint64_t most; /* bytes of payload, 0: no bound by type */
} types[] = {
	[LEP_WIRE_HEAD] = {"HEAD", LEP_HEAD_MAX},
	[LEP_WIRE_RECS] = {"RECS", 0},
	[LEP_WIRE_ENDS] = {"END ", LEP_WIRE_END},
	[LEP_WIRE_ABRT] = {"ABRT", 4 + LEP_CAUSE_MAX},
	[LEP_WIRE_INDX] = {"indx", LEP_WIRE_INDEX_HEADER + LEP_WIRE_INDEX_MAX * LEP_WIRE_INDEX_ENTRY},
};

#define TYPES (sizeof(types) / sizeof(types[0]))

void lep_wire_format(unsigned char out[LEP_WIRE_HEADER], const struct lep_wire *w)
{
	memset(out, 0, LEP_WIRE_HEADER);
	memcpy(out + AT_MAGIC, lep_wire_magic, sizeof(lep_wire_magic));
	out[AT_VERSION] = LEP_WIRE_MAJOR;
	out[AT_VERSION + 1] = LEP_WIRE_MINOR;
	memcpy(out + AT_TYPE, types[w->type].letters, 4);
	lep_put64(out + AT_PAYLOAD, w->payload);
	lep_put64(out + AT_SEQUENCE, w->sequence);
	lep_put32(out + AT_HEAD_CRC, w->head_crc);
	lep_put32(out + AT_PAYLOAD_CRC, w->payload_crc);
	lep_put64(out + AT_RECORDS, w->records);
	lep_put64(out + AT_FIRST, w->first);
	lep_put32(out + AT_CRC, lep_crc32c(0, out, AT_CRC));
}

static int parse_type(struct lep_wire *w, const unsigned char *p, struct lep_error *e)
{
	for (int i = 0; i < 4; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			return lep_fail(e, LEP_ERR_DATA, "a frame type that is no letters");
	memcpy(w->letters, p, 4);
	w->letters[4] = '\0';
	w->type = w->letters[0] >= 'a' && w->letters[0] <= 'z' ? LEP_WIRE_ANCILLARY : LEP_WIRE_UNKNOWN;
	for (size_t i = 0; i < TYPES; i++)
		if (memcmp(types[i].letters, p, 4) == 0)
			w->type = (enum lep_wire_type)i;
	return 0;
}

int lep_wire_parse(struct lep_wire *w, const unsigned char in[LEP_WIRE_HEADER], struct lep_error *e)
{
	int sound = lep_crc32c(0, in, AT_CRC) == lep_get32(in + AT_CRC);

	*w = (struct lep_wire){0};
	if (memcmp(in, lep_wire_magic, sizeof(lep_wire_magic)) != 0)
		return lep_fail(e, LEP_ERR_DATA, "no frame starts here: damaged or not a tensor stream");
	if (sound && in[AT_VERSION] > LEP_WIRE_MAJOR)
		return lep_fail(e, LEP_ERR_DATA, "stream version %d.%d is newer than this program (%d.%d)",
			in[AT_VERSION], in[AT_VERSION + 1], LEP_WIRE_MAJOR, LEP_WIRE_MINOR);
	if (!sound || in[AT_VERSION] == 0)
		return lep_fail(e, LEP_ERR_DATA, "damaged frame header (its checksum does not match)");
	w->minor = in[AT_VERSION + 1];
	if (w->minor == 0 && (in[AT_ZERO16] || in[AT_ZERO16 + 1] || lep_get32(in + AT_ZERO32)))
		return lep_fail(e, LEP_ERR_DATA, "reserved bytes of the frame header are not zero");
	if (parse_type(w, in + AT_TYPE, e))
		return LEP_ERR_DATA;
	if (w->type == LEP_WIRE_UNKNOWN)
		return lep_fail(e, LEP_ERR_DATA, "unknown frame '%s', which may not be skipped", w->letters);
	w->payload = lep_get64(in + AT_PAYLOAD);
	w->sequence = lep_get64(in + AT_SEQUENCE);
	w->head_crc = lep_get32(in + AT_HEAD_CRC);
	w->payload_crc = lep_get32(in + AT_PAYLOAD_CRC);
	w->records = lep_get64(in + AT_RECORDS);
	w->first = lep_get64(in + AT_FIRST);
	if (w->payload >> 62 ||
		(w->type < TYPES && types[w->type].most && w->payload > types[w->type].most))
		return lep_fail(e, LEP_ERR_DATA, "frame '%s' claims %llu bytes, more than it may have",
			w->letters, (unsigned long long)w->payload);
	if (w->type == LEP_WIRE_ENDS && w->payload != LEP_WIRE_END)
		return lep_fail(e, LEP_ERR_DATA, "END of %llu bytes, not %d",
			(unsigned long long)w->payload, LEP_WIRE_END);
	if (w->type == LEP_WIRE_RECS ? w->records == 0 || w->records > w->payload / LEP_WIRE_ENTRY
				     : w->records != 0)
		return lep_fail(e, LEP_ERR_DATA, "frame '%s' of %llu bytes cannot hold %llu records",
			w->letters, (unsigned long long)w->payload, (unsigned long long)w->records);
	return 0;
}

void lep_wire_end_format(unsigned char out[64], const struct lep_wire_end *end)
{
	memset(out, 0, 64);
	lep_put64(out, end->records);
	lep_put64(out + 8, end->length);
	lep_put64(out + 16, end->index);
	lep_put32(out + 24, end->headers_crc);
}

int lep_wire_end_parse(struct lep_wire_end *end, const unsigned char in[64], struct lep_error *e)
{
	end->records = lep_get64(in);
	end->length = lep_get64(in + 8);
	end->index = lep_get64(in + 16);
	end->headers_crc = lep_get32(in + 24);
	for (int i = 28; i < 64; i++)
		if (in[i])
			return lep_fail(e, LEP_ERR_DATA, "reserved bytes of END are not zero");
	return 0;
}
