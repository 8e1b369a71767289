/* dtypes and shapes: names, conversions to the last bit, products. */
#include "check.h"

#include <math.h>
#include <string.h>

#include "tensor/dtype.h"
#include "tensor/shape.h"

static void names(void)
{
	for (int t = 0; t < LEP_DTYPE_COUNT; t++) {
		const char *name = lep_dtype_name((enum lep_dtype)t);

		CHECK(name && lep_dtype_parse(name, strlen(name)) == t);
	}
	CHECK(lep_dtype_parse("f3", 2) == -1 && lep_dtype_parse("f322", 4) == -1 && lep_dtype_parse("", 0) == -1);
	CHECK(!lep_dtype_name(LEP_DTYPE_COUNT));
	CHECK(lep_dtype_size(LEP_BF16) == 2 && lep_dtype_size(LEP_F64) == 8 && lep_dtype_size(LEP_TEXT) == 1);
	CHECK(lep_dtype_is_float(LEP_F16) && !lep_dtype_is_float(LEP_I8) && !lep_dtype_is_float(LEP_TEXT));
	CHECK(lep_dtype_is_integer(LEP_I64) && !lep_dtype_is_integer(LEP_TEXT));
}

/* Every 16-bit pattern survives the way to float and back; NaNs stay NaNs. */
static void sixteen_bits(enum lep_dtype t)
{
	for (unsigned u = 0; u < 65536; u++) {
		unsigned char in[2] = {(unsigned char)u, (unsigned char)(u >> 8)}, out[2];
		float f;

		lep_to_f32(&f, t, in, 1);
		lep_from_f32(out, t, &f, 1);
		if (isnan(f)) {
			lep_to_f32(&f, t, out, 1);
			CHECKF(isnan(f), "%04x", u);
		} else {
			CHECKF(memcmp(in, out, 2) == 0, "%04x", u);
		}
	}
}

static unsigned stored(enum lep_dtype t, float f)
{
	unsigned char b[8] = {0};

	lep_from_f32(b, t, &f, 1);
	return lep_get32(b);
}

static void half_rounds(void)
{
	CHECK(stored(LEP_F16, 1.0f) == 0x3c00);
	CHECK(stored(LEP_F16, 1.0f + 0x1p-11f) == 0x3c00);             /* tie to even, down */
	CHECK(stored(LEP_F16, 1.0f + 0x3p-11f) == 0x3c02);             /* tie to even, up */
	CHECK(stored(LEP_F16, 1.0f + 0x1p-11f + 0x1p-20f) == 0x3c01);
	CHECK(stored(LEP_F16, 65504.0f) == 0x7bff);
	CHECK(stored(LEP_F16, 65519.9f) == 0x7bff);
	CHECK(stored(LEP_F16, 65520.0f) == 0x7c00);                    /* infinity */
	CHECK(stored(LEP_F16, -INFINITY) == 0xfc00);
	CHECK(stored(LEP_F16, 0x1p-24f) == 0x0001);
	CHECK(stored(LEP_F16, 0x1p-25f) == 0x0000);                    /* tie to even */
	CHECK(stored(LEP_F16, 0x1.8p-24f) == 0x0002);
	CHECK(stored(LEP_F16, 0x1p-14f) == 0x0400);
	CHECK(stored(LEP_F16, -0.0f) == 0x8000);
}

static void bfloat_rounds(void)
{
	CHECK(stored(LEP_BF16, 1.0f) == 0x3f80);
	CHECK(stored(LEP_BF16, 1.0f + 0x1p-8f) == 0x3f80);
	CHECK(stored(LEP_BF16, 1.0f + 0x3p-8f) == 0x3f82);
	CHECK(stored(LEP_BF16, 3.4028235e38f) == 0x7f80);              /* up to infinity */
	CHECK(stored(LEP_BF16, -INFINITY) == 0xff80);
}

static void integers_saturate(void)
{
	CHECK(stored(LEP_U8, -3.0f) == 0 && stored(LEP_U8, 255.4f) == 255 && stored(LEP_U8, 1e9f) == 255);
	CHECK(stored(LEP_U8, 0.5f) == 0 && stored(LEP_U8, 1.5f) == 2 && stored(LEP_U8, 2.5f) == 2);
	CHECK(stored(LEP_I8, -1e9f) == 0x80 && stored(LEP_I16, 1e9f) == 0x7fff);
	CHECK(stored(LEP_I32, 3e9f) == 0x7fffffff && stored(LEP_I32, -3e9f) == 0x80000000u);
	CHECK(stored(LEP_U16, NAN) == 0 && stored(LEP_I32, NAN) == 0);
}

/* Each type to double and float, little-endian, at an odd address. */
static void reads_back(void)
{
	static const float v[] = {0, 1, -1, 100, -128, 127, 0.5f, -0.25f};
	unsigned char b[1 + 8 * 8] = {0};

	for (int t = 0; t < LEP_TEXT; t++) {
		for (int i = 0; i < 6 + 2 * lep_dtype_is_float((enum lep_dtype)t); i++) {
			double d;
			float f;

			if (v[i] < 0 && (t == LEP_U8 || t == LEP_U16))
				continue;
			lep_from_f32(b + 1, (enum lep_dtype)t, &v[i], 1);
			lep_to_f32(&f, (enum lep_dtype)t, b + 1, 1);
			lep_to_f64(&d, (enum lep_dtype)t, b + 1, 1);
			CHECKF(f == v[i] && d == (double)v[i], "%s %g", lep_dtype_name((enum lep_dtype)t), (double)v[i]);
		}
	}
	CHECK(b[1] == 0 && lep_get64(b + 1) == 0xbfd0000000000000u);
}

static struct lep_shape shape(int rank, int64_t a, int64_t b, int64_t c)
{
	return (struct lep_shape){.rank = rank, .extent = {a, b, c}};
}

static void shapes(void)
{
	struct lep_shape s = shape(3, 28, 28, 1), v = shape(3, LEP_VARIES, 28, 1), z = shape(0, 0, 0, 0);
	char text[LEP_SHAPE_TEXT_MAX];

	CHECK(lep_shape_count(&s) == 784 && lep_shape_count(&v) == -1 && lep_shape_count(&z) == 1);
	CHECK(lep_shape_varying(&v) == 1 && lep_shape_fits(&v, &s) && !lep_shape_fits(&s, &z));
	CHECK(lep_shape_equal(&s, &s) && !lep_shape_equal(&s, &v));
	CHECK(strcmp(lep_shape_text(text, &v, " "), "* 28 1") == 0);
	CHECK(strcmp(lep_shape_text(text, &s, "x"), "28x28x1") == 0);
	CHECK(strcmp(lep_shape_text(text, &z, "x"), "") == 0);
	s = shape(2, LEP_ELEMENTS_MAX, 1, 0);
	CHECK(lep_shape_count(&s) == LEP_ELEMENTS_MAX);
	s = shape(2, LEP_ELEMENTS_MAX, 2, 0);
	CHECK(lep_shape_count(&s) == -1);
	s = shape(3, INT64_MAX, INT64_MAX, INT64_MAX);
	CHECK(lep_shape_count(&s) == -1);
	s = shape(3, LEP_ELEMENTS_MAX, LEP_ELEMENTS_MAX, 0);
	CHECK(lep_shape_count(&s) == -1);
	s = shape(2, 0, 5, 0);
	CHECK(lep_shape_count(&s) == 0);
	s = shape(2, 0, -2, 0);
	CHECK(lep_shape_count(&s) == -1);
}

int main(void)
{
	RUN(names);
	CHECK_CASE("every f16", sixteen_bits(LEP_F16));
	CHECK_CASE("every bf16", sixteen_bits(LEP_BF16));
	RUN(half_rounds);
	RUN(bfloat_rounds);
	RUN(integers_saturate);
	RUN(reads_back);
	RUN(shapes);
	return CHECK_END();
}
