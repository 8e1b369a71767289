/*
 * The reader on bytes of any kind, as they are and with all checksums made to
 * fit, which leads past the first gate. For libFuzzer:
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Ilib \
 *		tests/fuzz/stream.c lib/base/?*.c lib/tensor/?*.c lib/stream/?*.c -lz -lm -lpthread
 *
 * tests/unit/test_stream_fuzz.c drives it with mutations of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/utf8.h"
#include "stream/reader.h"
#include "stream/wire.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void must(int good)
{
	if (!good)
		abort();
}

/* Everything a frame promises to its user. */
static uint32_t use_frame(const struct lep_head *h, const struct lep_frame *fr)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < fr->n; i++) {
		must(fr->entry[i].key_len <= LEP_KEY_MAX);
		must(lep_utf8_valid(fr->entry[i].key, fr->entry[i].key_len) == fr->entry[i].key_len);
		sum = lep_crc32c(sum, fr->entry[i].cause, fr->entry[i].cause_len);
		for (size_t f = 0; f < h->nfield; f++) {
			const struct lep_field *field = &h->field[f];
			struct lep_shape shape;
			size_t len;
			const unsigned char *value = lep_frame_value(h, fr, f, i, &len, &shape);

			must(value >= fr->column[f].data && value + len <= fr->column[f].data + fr->column[f].bytes);
			if (field->dtype == LEP_TEXT)
				must(lep_utf8_valid((const char *)value, len) == len);
			else if (!fr->entry[i].bad)
				must((size_t)lep_shape_count(&shape) * lep_dtype_size(field->dtype) == len);
			for (size_t k = 0; field->table && field->dtype == LEP_I32 && !fr->entry[i].bad && k < len; k += 4) {
				int32_t id = (int32_t)lep_get32(value + k);

				must(id >= -1 && (id < 0 || (size_t)id < field->table->n));
			}
			sum = lep_crc32c(sum, value, len);
		}
	}
	return sum;
}

/* A head that was accepted comes back from its own text. */
static void use_head(const struct lep_head *h)
{
	struct lep_buf a = {0}, b = {0};
	struct lep_head again;
	struct lep_error e;

	/* What is longer in our escapes may exceed the limit. */
	if (lep_head_format(h, &a, &e) == 0) {
		must(lep_head_parse(&again, a.data, a.len, &e) == 0);
		must(lep_head_format(&again, &b, &e) == 0);
		must(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
		lep_head_release(&again);
	}
	lep_buf_release(&a);
	lep_buf_release(&b);
}

static void read_all(const unsigned char *data, size_t size)
{
	struct lep_reader *r;
	struct lep_frame fr;
	struct lep_error e = {0};
	int status = lep_reader_open_memory(&r, data, size, "fuzz", &e);

	if (status) {
		must(status < 0 && e.text[0]);
		return;
	}
	use_head(lep_reader_head(r));
	while ((status = lep_reader_next(r, &fr, &e)) > 0)
		use_frame(lep_reader_head(r), &fr);
	must(status == 0 || e.text[0]);
	lep_reader_close(r);
}

/* Walk as a reader would, and make every checksum fit what is there. */
static void repair(unsigned char *data, size_t size)
{
	uint32_t head = 0, headers = 0;

	for (size_t at = 0; size - at >= LEP_WIRE_HEADER;) {
		unsigned char *h = data + at;
		uint64_t len = lep_get64(h + 16);
		size_t left = size - at - LEP_WIRE_HEADER, payload = len < left ? (size_t)lep_wire_padded(len) : left;

		if (payload > left)
			payload = left;
		if (memcmp(h + 12, "END ", 4) == 0 && payload >= LEP_WIRE_END)
			lep_put32(h + LEP_WIRE_HEADER + 24, headers);
		lep_put32(h + 36, lep_crc32c(0, h + LEP_WIRE_HEADER, payload));
		if (memcmp(h + 12, "HEAD", 4) == 0) {
			head = lep_get32(h + 36);
			headers = 0;
		}
		lep_put32(h + 32, head);
		lep_put32(h + 60, lep_crc32c(0, h, 60));
		headers = lep_crc32c(headers, h, LEP_WIRE_HEADER);
		at += LEP_WIRE_HEADER + payload;
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	/* Aligned, as a mapping or a buffer is. */
	unsigned char *copy = lep_alloc(size, 1);

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	read_all(copy, size);
	repair(copy, size);
	read_all(copy, size);
	lep_free(copy);
	return 0;
}
