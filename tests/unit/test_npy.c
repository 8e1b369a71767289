/* .npy: what NumPy writes comes in, what we write is what it would write, and
 * broken headers are refused. */
#include "check.h"

#include <string.h>

#include "data/npy.h"

/* A file of version 1 or 2 from a header text and elements. */
static struct lep_buf file(int version, const char *header, const void *body, size_t len)
{
	struct lep_buf b = {0};
	size_t n = strlen(header);

	lep_buf_add(&b, LEP_NPY_MAGIC, LEP_NPY_MAGIC_LEN);
	lep_buf_addc(&b, (char)version);
	lep_buf_addc(&b, 0);
	lep_buf_addc(&b, (char)(n & 255));
	lep_buf_addc(&b, (char)(n >> 8));
	if (version > 1)
		lep_buf_addz(&b, 2);
	lep_buf_adds(&b, header);
	lep_buf_add(&b, body, len);
	return b;
}

static void test_round_trip(void)
{
	static const enum lep_dtype types[] = {LEP_U8, LEP_I8, LEP_U16, LEP_I16, LEP_I32, LEP_I64,
		LEP_F16, LEP_F32, LEP_F64};
	static const struct lep_shape shapes[] = {
		{.rank = 0}, {1, {5}}, {2, {2, 3}}, {3, {2, 0, 4}}, {8, {1, 2, 1, 2, 1, 2, 1, 2}}};
	unsigned char data[128];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
			struct lep_buf b = {0};
			struct lep_error e;
			struct lep_npy n;

			CHECK(lep_npy_write(&b, types[t], &shapes[s], data, &e) == 0);
			CHECK(lep_npy_parse(&n, b.data, b.len, "x", &e) == 0);
			CHECK(n.dtype == types[t] && lep_shape_equal(&n.shape, &shapes[s]));
			CHECK((b.len - n.bytes) % 64 == 0);
			CHECK((uintptr_t)n.data % 64 == 0);
			CHECK(memcmp(n.data, data, n.bytes) == 0);
			lep_npy_release(&n);
			lep_buf_release(&b);
		}
}

static void test_bytes_as_numpy_writes(void)
{
	static const char want[] = "\x93NUMPY\x01\x00\x76\x00"
				   "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
	static const float x[3] = {1, 2, 3};
	struct lep_buf b = {0};
	struct lep_error e;

	CHECK(lep_npy_write(&b, LEP_F32, &(struct lep_shape){1, {3}}, x, &e) == 0);
	CHECK(b.len == 128 + 12 && b.data[127] == '\n' && b.data[126] == ' ');
	CHECK(memcmp(b.data, want, sizeof(want) - 1) == 0);
	lep_buf_release(&b);
}

static void test_orders(void)
{
	static const unsigned char big[] = {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6};
	static const unsigned char want[] = {1, 0, 3, 0, 5, 0, 2, 0, 4, 0, 6, 0};
	struct lep_buf b = file(1, "{'shape': (2, 3), 'fortran_order': True, \"descr\": '>u2'}\n", big, 12);
	struct lep_error e;
	struct lep_npy n;

	CHECK(lep_npy_parse(&n, b.data, b.len, "x", &e) == 0);
	CHECK(n.dtype == LEP_U16 && n.shape.rank == 2 && n.bytes == 12);
	CHECK(memcmp(n.data, want, 12) == 0);
	lep_npy_release(&n);
	lep_buf_release(&b);
}

static void test_widening(void)
{
	static const unsigned char u4[] = {255, 255, 255, 255};
	static const unsigned char want[] = {255, 255, 255, 255, 0, 0, 0, 0};
	struct lep_buf b = file(2, "{'descr': '<u4', 'fortran_order': False, 'shape': (1L,), }", u4, 4);
	struct lep_error e;
	struct lep_npy n;

	CHECK(lep_npy_parse(&n, b.data, b.len, "x", &e) == 0);
	CHECK(n.dtype == LEP_I64 && n.bytes == 8 && memcmp(n.data, want, 8) == 0);
	lep_npy_release(&n);
	lep_buf_release(&b);
	b = file(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (), }", "\1", 1);
	CHECK(lep_npy_parse(&n, b.data, b.len, "x", &e) == 0);
	CHECK(n.dtype == LEP_U8 && n.shape.rank == 0 && n.bytes == 1);
	lep_npy_release(&n);
	lep_buf_release(&b);
}

static void test_bf16_as_f32(void)
{
	static const unsigned char x[] = {0x80, 0x3f, 0x00, 0xc0};
	static const unsigned char want[] = {0, 0, 0x80, 0x3f, 0, 0, 0x00, 0xc0};
	struct lep_buf b = {0};
	struct lep_error e;

	CHECK(lep_npy_write(&b, LEP_BF16, &(struct lep_shape){1, {2}}, x, &e) == 0);
	CHECK(memcmp(b.data + b.len - 8, want, 8) == 0);
	lep_buf_release(&b);
	CHECK(lep_npy_write(&b, LEP_TEXT, &(struct lep_shape){1, {2}}, x, &e) == LEP_ERR_USAGE);
	lep_buf_release(&b);
}

static void test_refused(void)
{
	static const struct {
		const char *header, *says;
	} bad[] = {
		{"", "not a dictionary"},
		{"{descr: '<f4'}", "a quoted string"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", "a comma"},
		{"{'descr': '<f4', 'fortran_order': False}", "missing"},
		{"{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", "twice"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "unknown entry"},
		{"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "'|O' is not supported"},
		{"{'descr': '<U4', 'fortran_order': False, 'shape': (1,)}", "'<U4' is not supported"},
		{"{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "not supported"},
		{"{'descr': '<u8', 'fortran_order': False, 'shape': (1,)}", "not supported"},
		{"{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}", "not supported"},
		{"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "structured"},
		{"{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "neither"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': 1}", "tuple"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", "tuple"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "not a number"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "not a number"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}", "tuple"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", "dimensions"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "too large"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 2)}", "too large"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,)}", "header says"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "header says 8"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "behind"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", "header says 0"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lep_buf b = file(1, bad[i].header, "\0\0\0\0", 4);
		struct lep_error e = {0};
		struct lep_npy n;

		CHECKF(lep_npy_parse(&n, b.data, b.len, "x.npy", &e) == LEP_ERR_DATA, "%s", bad[i].header);
		CHECKF(strncmp(e.text, "x.npy: .npy", 11) == 0 && strstr(e.text, bad[i].says), "%s", e.text);
		CHECK(!n.data && !n.owned);
		lep_buf_release(&b);
	}
}

static void test_cut_anywhere(void)
{
	struct lep_buf b = file(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "abcd", 4);
	struct lep_error e;
	struct lep_npy n;

	for (size_t i = 0; i < b.len; i++)
		CHECK(lep_npy_parse(&n, b.data, i, "x", &e) == LEP_ERR_DATA);
	CHECK(lep_npy_parse(&n, b.data, b.len, "x", &e) == 0);
	lep_npy_release(&n);
	b.data[6] = 4;
	CHECK(lep_npy_parse(&n, b.data, b.len, "x", &e) == LEP_ERR_DATA);
	b.data[6] = 2;
	b.data[11] = 127;
	CHECK(lep_npy_parse(&n, b.data, b.len, "x", &e) == LEP_ERR_DATA);
	lep_buf_release(&b);
}

static void test_load(void)
{
	struct lep_error e;
	struct lep_npy n;

	CHECK(lep_npy_load(&n, "/nonexistent/x.npy", &e) == LEP_ERR_IO);
	CHECK(lep_npy_load(&n, "/", &e) == LEP_ERR_IO);
	CHECK(lep_npy_load(&n, "/dev/null", &e) == LEP_ERR_DATA);
	CHECK(strcmp(e.text, "/dev/null: not a .npy file") == 0);
}

int main(void)
{
	RUN(test_round_trip);
	RUN(test_bytes_as_numpy_writes);
	RUN(test_orders);
	RUN(test_widening);
	RUN(test_bf16_as_f32);
	RUN(test_refused);
	RUN(test_cut_anywhere);
	RUN(test_load);
	return CHECK_END();
}
