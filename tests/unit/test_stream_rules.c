/*
 * The rules of lep-tensor(5) one by one, on streams forged with sound checksums
 * so that only the rule in question is broken.
 */
#include "check.h"
#include "forge.h"

static void whole_streams(void)
{
	struct forge f = {.major = 1};

	forge_head(&f, one);
	forge_end(&f);
	SAYS("");
	forge_head(&f, one);
	forge_record(&f);
	forge_record(&f);
	forge_end(&f);
	forge_head(&f, one);
	forge_end(&f);
	SAYS("");
	forge_head(&f, "kind model\nnetwork dense 10\nnetwork\n");
	forge_end(&f);
	SAYS("");
}

static void no_stream(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *says;
	} cases[] = {
		{"", 0, ": empty input, not a tensor stream"},
		{"hello, world\n", 13, ": not a tensor stream, it looks like text"},
		{"\x89PNG\r\n\x1a\n", 8, ": not a tensor stream, it looks like a PNG image"},
		{"\x93NUMPY\1\0", 8, ": not a tensor stream, it looks like a NumPy array"},
		{"\x89LEP\n\x1a\n....", 11, ": not a tensor stream, it looks like a tensor stream damaged by a transfer as text"},
		{"\1\2\3", 3, ": not a tensor stream"},
		{"\x89LEP\r\n\x1a\n", 8, ": truncated in its first 64 bytes"},
		{"\x89LE", 3, ": truncated in its first 64 bytes"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct forge f = {.major = 1};

		lep_buf_add(&f.b, cases[i].bytes, cases[i].len);
		SAYS(cases[i].says);
	}
}

static void aborts(void)
{
	struct forge f = {.major = 1};
	const char *said;

	forge_frame(&f, "ABRT", "\0\0\0\0lep-preprocess: x.png: truncated PNG", 41, 0);
	SAYS(": upstream failed: lep-preprocess: x.png: truncated PNG");
	forge_head(&f, one);
	forge_record(&f);
	forge_frame(&f, "ABRT", "\0\0\0\0a: b", 8, 0);
	SAYS(": upstream failed: a: b");
	forge_frame(&f, "ABRT", "\0\0\0", 3, 0);
	SAYS(": an ABORT without meaning");
	forge_frame(&f, "ABRT", "\0\0\0\0\xff", 5, 0);
	SAYS(": an ABORT without meaning");
	/* Whole before, aborted behind. */
	forge_head(&f, one);
	forge_end(&f);
	f.head_crc = 0;
	f.sequence = 0;
	forge_frame(&f, "ABRT", "\0\0\0\0a: b", 8, 0);
	SAYS(": upstream failed: a: b");
	/* Control characters of a cause cannot steer a terminal. */
	forge_frame(&f, "ABRT", "\0\0\0\0\x1b[2J", 8, 0);
	said = verdict(&f);
	CHECKF(strcmp(said, ": upstream failed: \\x1b[2J") == 0, "%s", said);
}

static void versions_and_unknown_frames(void)
{
	struct forge f = {.major = 2};

	forge_head(&f, one);
	SAYS(": byte 0: stream version 2.0 is newer than this program (1.0)");
	f.minor = 3;
	forge_head(&f, one);
	forge_record(&f);
	forge_end(&f);
	SAYS("");
	forge_head(&f, one);
	forge_frame(&f, "note", "hello", 5, 0);
	forge_record(&f);
	forge_frame(&f, "note", NULL, 0, 0);
	forge_end(&f);
	SAYS("");
	forge_head(&f, one);
	forge_frame(&f, "NOTE", "hello", 5, 0);
	forge_end(&f);
	SAYS(": byte 128: unknown frame 'NOTE', which may not be skipped");
	forge_frame(&f, "note", "hello", 5, 0);
	SAYS(": byte 0: frame 'note' where HEAD belongs");
}

static void order_of_frames(void)
{
	struct forge f = {.major = 1};

	forge_record(&f);
	SAYS(": byte 0: frame 'RECS' where HEAD belongs");
	forge_head(&f, one);
	forge_record(&f);
	SAYS(": record 1: truncated: the stream ends without END");
	forge_head(&f, one);
	forge_head(&f, one);
	SAYS(": byte 128: a segment begins before END of the one before: truncated stream");
	forge_head(&f, one);
	f.sequence++;
	forge_record(&f);
	SAYS(": byte 128: frame 2 where 1 belongs");
	forge_head(&f, one);
	f.records++;
	forge_record(&f);
	SAYS(": byte 128: a frame behind 1 records where there were 0");
	forge_head(&f, one);
	f.head_crc++;
	forge_record(&f);
	SAYS(": byte 128: a frame of another segment");
	forge_head(&f, one);
	forge_end(&f);
	lep_buf_adds(&f.b, "trailing");
	SAYS(": byte 256: 8 bytes behind END that are no segment");
	forge_head(&f, one);
	forge_end(&f);
	lep_buf_addz(&f.b, 64);
	SAYS(": byte 256: no frame starts here: damaged or not a tensor stream");
	forge_head(&f, one);
	f.headers_crc++;
	forge_end(&f);
	SAYS(": byte 128: END: the checksum of the frame headers does not match");
	forge_head(&f, one);
	f.start += 64;
	forge_end(&f);
	SAYS(": byte 128: END says 192 bytes, there were 256");
}

/* A RECS frame of n records with these bytes (NULL: zeros) behind HEAD. */
static const char *payload_verdict(const char *head, const void *payload, size_t len, uint64_t n)
{
	struct forge f = {.major = 1};
	unsigned char *p = lep_alloc(len, 1);

	if (payload)
		memcpy(p, payload, len);
	forge_head(&f, head);
	forge_frame(&f, "RECS", p, len, n);
	forge_end(&f);
	lep_free(p);
	return verdict(&f);
}

#define PAYLOAD_SAYS(text, ...) \
	do { \
		const char *said = payload_verdict(__VA_ARGS__); \
		CHECKF(strcmp(said, text) == 0, "%s", said); \
	} while (0)

static void payloads(void)
{
	static const char bare[] = "kind data\n", label[] = "kind data\nfield l\nrole target\ndtype i32\ntable 1\n"
		"names 1 2\nentry a\nentry b\n", text[] = "kind data\nfield t\nrole other\ndtype text\n",
		varies[] = "kind data\nfield v\nrole other\ndtype f64\nextents * 2 *\n",
		huge[] = "kind data\nfield v\nrole other\ndtype f64\nextents 1099511627776\n";
	unsigned char p[320] = {0};

	/* No fields, no keys: entries alone. */
	PAYLOAD_SAYS("", bare, NULL, 48, 3);
	PAYLOAD_SAYS(": byte 128: frame 'RECS' of 47 bytes cannot hold 3 records", bare, NULL, 47, 3);
	PAYLOAD_SAYS(": byte 128: frame 'RECS' of 16 bytes cannot hold 0 records", bare, NULL, 16, 0);
	PAYLOAD_SAYS(": a frame of 49 bytes is too long for its records", bare, NULL, 49, 3);
	PAYLOAD_SAYS(": a frame of 64 bytes is too long for its records", bare, NULL, 64, 3);
	PAYLOAD_SAYS(": a frame of 64 bytes is too short for its records", one, NULL, 64, 1);
	PAYLOAD_SAYS("", one, NULL, 65, 1);
	PAYLOAD_SAYS(": a frame of 64 bytes is too short for its records", huge, NULL, 64, 1);
	p[0] = 2;
	PAYLOAD_SAYS(": record 0: a status that has no meaning", bare, p, 16, 1);
	p[0] = 0;
	p[8] = 1;
	PAYLOAD_SAYS(": record 0: a status that has no meaning", bare, p, 65, 1);
	p[0] = 1;
	p[64] = 'c';
	PAYLOAD_SAYS("", bare, p, 65, 1);
	p[64] = 0xff;
	PAYLOAD_SAYS(": record 0: key or cause is not UTF-8", bare, p, 65, 1);
	p[64] = p[8] = p[0] = 0;
	p[6] = 1;
	PAYLOAD_SAYS(": record 0: key or cause over 4096 bytes", bare, p, 16, 1);
	p[6] = 0;
	p[20] = 1;
	PAYLOAD_SAYS(": padding is not zero", one, p, 65, 1);
	p[20] = 0;
	/* A bad record has zeros. */
	p[0] = 1;
	p[64] = 9;
	PAYLOAD_SAYS(": record 0: field 'x': a bad record whose value is not zero", one, p, 65, 1);
	p[0] = 0;
	/* Ids. */
	lep_put32(p + 64, 1);
	PAYLOAD_SAYS("", label, p, 68, 1);
	lep_put32(p + 64, (uint32_t)-1);
	PAYLOAD_SAYS("", label, p, 68, 1);
	lep_put32(p + 64, 2);
	PAYLOAD_SAYS(": record 0: field 'l': id 2 is not in its table of 2", label, p, 68, 1);
	lep_put32(p + 64, (uint32_t)-2);
	PAYLOAD_SAYS(": record 0: field 'l': id -2 is not in its table of 2", label, p, 68, 1);
	/* Text and lengths. */
	lep_put64(p + 64, 2);
	memcpy(p + 128, "\xc3\xa9", 2);
	PAYLOAD_SAYS("", text, p, 130, 1);
	p[129] = 'x';
	PAYLOAD_SAYS(": record 0: field 't': is not UTF-8", text, p, 130, 1);
	lep_put64(p + 64, 3);
	PAYLOAD_SAYS(": a frame of 130 bytes is too short for its records", text, p, 130, 1);
	lep_put64(p + 64, 131);
	PAYLOAD_SAYS(": record 0: field 't': does not fit its frame", text, p, 130, 1);
	lep_put64(p + 64, (uint64_t)-1);
	PAYLOAD_SAYS(": record 0: field 't': an extent that cannot be", text, p, 130, 1);
	memset(p, 0, sizeof(p));
	lep_put64(p + 64, 1);
	lep_put64(p + 72, 3);
	PAYLOAD_SAYS("", varies, p, 128 + 48, 1);
	lep_put64(p + 64, 1ull << 62);
	lep_put64(p + 72, 1ull << 62);
	PAYLOAD_SAYS(": record 0: field 'v': too many elements", varies, p, 128 + 48, 1);
	lep_put64(p + 64, 0);
	PAYLOAD_SAYS(": record 0: field 'v': too many elements", varies, p, 72 + 8, 1);
	lep_put64(p + 72, 5);
	PAYLOAD_SAYS("", varies, p, 80, 1);
}

static void segments_agree(void)
{
	static const char first[] = "kind data\nfield l\nrole target\ndtype i32\nrecipe r\ntable 1\nnames 1 2\nentry a\nentry b\n";
	static const struct {
		const char *head, *says;
	} cases[] = {
		{first, ""},
		{"kind data\nprovenance other\nfield l\nrole target\ndtype i32\nrecipe r\ntable 1\nnames 1 1\nentry b\n", ""},
		{"kind data\nfield l\nrole target\ndtype i32\nrecipe r\ntable 1\nnames 1 1\nentry c\n",
			": field 'l': 'c' is not in the table of the first segment"},
		{"kind data\nfield l\nrole target\ndtype i32\nrecipe r\n", ": field 'l': another table than in the segment before"},
		{"kind data\nfield l\nrole target\ndtype i32\ntable 1\nnames 1 0\n",
			": field 'l': another recipe than in the segment before"},
		{"kind data\nfield l\nrole target\ndtype i64\n", ": field 'l': another dtype than in the segment before"},
		{"kind data\nfield l\nrole target\ndtype i32\nextents 1\n", ": field 'l': another shape than in the segment before"},
		{"kind data\nfield l\nrole input\ndtype i32\n", ": field 'l': another role than in the segment before"},
		{"kind data\nfield m\nrole target\ndtype i32\n", ": field 'm' where the segment before has 'l'"},
		{"kind data\n", ": 0 fields where the segment before has 1"},
		{"kind model\n", ": a segment of kind model behind one of kind data"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct forge f = {.major = 1};

		forge_head(&f, first);
		forge_end(&f);
		forge_head(&f, cases[i].head);
		forge_end(&f);
		SAYS(cases[i].says);
	}
}

static void number_of_records(void)
{
	struct lep_reader_options o = {.have_records = 1, .records = 2};
	struct forge f = {.major = 1};
	const char *said;

	forge_head(&f, one);
	forge_record(&f);
	forge_end(&f);
	said = verdict_with(&f, &o);
	CHECKF(strcmp(said, ": 1 records, not the 2 there must be") == 0, "%s", said);
	forge_head(&f, one);
	forge_record(&f);
	forge_record(&f);
	forge_end(&f);
	CHECK(strcmp(verdict_with(&f, &o), "") == 0);
}

int main(void)
{
	RUN(whole_streams);
	RUN(no_stream);
	RUN(aborts);
	RUN(versions_and_unknown_frames);
	RUN(order_of_frames);
	RUN(payloads);
	RUN(segments_agree);
	RUN(number_of_records);
	return CHECK_END();
}
