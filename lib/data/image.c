/*
 * What PNG and JPEG have in common: telling them apart, limits, and the memory
 * of a picture.
 */
#include "data/image.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "data/decoder.h"

struct lep_decoder {
	struct lep_png_decoder *png; /* made when the first PNG comes by */
	struct lep_jpeg_decoder *jpeg;
};

static const uint8_t png_magic[4] = {0x89, 'P', 'N', 'G'};
static const uint8_t jpeg_magic[3] = {0xff, 0xd8, 0xff};

/* Only for a better message. */
static const struct {
	const char *start;
	unsigned len;
	const char *name;
} others[] = {
	{"GIF8", 4, "GIF"},
	{"BM", 2, "BMP"},
	{"II*\0", 4, "TIFF"},
	{"MM\0*", 4, "TIFF"},
	{"RIFF", 4, "WebP or another RIFF"},
	{"\0\0\0\x0cjP", 6, "JPEG 2000"},
	{"\xff\x4f\xff\x51", 4, "JPEG 2000"},
	{"\xff\x0a", 2, "JPEG XL"},
	{"P5", 2, "PGM"},
	{"P6", 2, "PPM"},
	{"\x1f\x8b", 2, "gzip"},
	{"PK\3\4", 4, "ZIP"},
	{"%PDF", 4, "PDF"},
	{"<svg", 4, "SVG"},
	{"<?xml", 5, "XML"},
	{"<!DOCTYPE", 9, "HTML"},
	{"<html", 5, "HTML"},
	{"version https://git-lfs", 23, "a Git LFS pointer"},
};

void lep_image_release(struct lep_image *im)
{
	lep_free(im->pixels);
	*im = (struct lep_image){0};
}

static void image_clear(struct lep_image *im)
{
	im->width = 0;
	im->height = 0;
	im->channels = 0;
}

int lep_image_reserve(struct lep_image *im, int64_t width, int64_t height, int channels,
	struct lep_error *e)
{
	size_t bytes;

	image_clear(im);
	if (width <= 0 || height <= 0 || (channels != 1 && channels != 3) ||
	    lep_mul_overflow((size_t)width, (size_t)height, &bytes) ||
	    lep_mul_overflow(bytes, (size_t)channels, &bytes))
		return lep_fail(e, LEP_ERR_USAGE, "no picture can be %" PRId64 " x %" PRId64 " x %d",
		                width, height, channels);
	if (!im->pixels || im->capacity < bytes) {
		lep_free(im->pixels);
		im->capacity = 0;
		im->pixels = lep_alloc(bytes, 1);
		if (!im->pixels)
			return lep_fail_nomem(e, (double)bytes);
		im->capacity = bytes;
	}
	im->width = width;
	im->height = height;
	im->channels = channels;
	return 0;
}

int lep_decode_check_size(int64_t width, int64_t height, const struct lep_decode_options *options,
	struct lep_error *e)
{
	/* Both formats keep each side under 2^31, so that the product holds. */
	if (width <= 0 || height <= 0)
		return lep_fail(e, LEP_ERR_DATA, "picture is %" PRId64 " x %" PRId64, width, height);
	if (width * height > options->max_pixels)
		return lep_fail(e, LEP_ERR_DATA, "picture is %" PRId64 " x %" PRId64
		                ", limit is %" PRId64 " pixels", width, height, options->max_pixels);
	return 0;
}

void lep_decode_words(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
	if (size > 1 && isupper((unsigned char)to[0]) && !isupper((unsigned char)to[1]))
		to[0] = (char)(to[0] - 'A' + 'a');
}

static int refuse_type(const uint8_t *p, size_t len, struct lep_error *e)
{
	char hex[3 * 4 + 1] = "";
	const char *name = NULL;

	if (len == 0)
		return lep_fail(e, LEP_ERR_DATA, "not a PNG or JPEG (empty)");
	for (size_t i = 0; i < sizeof others / sizeof others[0] && !name; i++)
		if (len >= others[i].len && memcmp(p, others[i].start, others[i].len) == 0)
			name = others[i].name;
	for (size_t i = 0; i < 4 && i < len; i++)
		snprintf(hex + 3 * i, 4, " %02x", p[i]);
	return lep_fail(e, LEP_ERR_DATA, "not a PNG or JPEG%s%s (starts with%s)",
	                name ? " but " : "", name ? name : "", hex);
}

struct lep_decoder *lep_decoder_new(void)
{
	return lep_alloc(1, sizeof(struct lep_decoder));
}

void lep_decoder_free(struct lep_decoder *d)
{
	if (!d)
		return;
	lep_png_decoder_free(d->png);
	lep_jpeg_decoder_free(d->jpeg);
	lep_free(d);
}

/* Does data begin with magic, as far as it goes? */
static int begins(const uint8_t *data, size_t len, const uint8_t *magic, size_t n)
{
	return len > 0 && memcmp(data, magic, len < n ? len : n) == 0;
}

static int decode(struct lep_decoder *d, struct lep_image *out, const uint8_t *data, size_t len,
	const struct lep_decode_options *options, struct lep_error *e)
{
	struct lep_decode_options o = options ? *options : (struct lep_decode_options){0};

	if (o.channels != 0 && o.channels != 1 && o.channels != 3)
		return lep_fail(e, LEP_ERR_USAGE, "%d channels: 1 or 3 are possible", o.channels);
	if (o.max_pixels <= 0)
		o.max_pixels = LEP_MAX_PIXELS;
	if (begins(data, len, png_magic, sizeof png_magic)) {
		if (!d->png && !(d->png = lep_png_decoder_new()))
			return lep_fail_nomem(e, 0);
		return lep_png_decoder_run(d->png, out, data, len, &o, e);
	}
	if (begins(data, len, jpeg_magic, sizeof jpeg_magic)) {
		if (!d->jpeg && !(d->jpeg = lep_jpeg_decoder_new()))
			return lep_fail_nomem(e, 0);
		return lep_jpeg_decoder_run(d->jpeg, out, data, len, &o, e);
	}
	return refuse_type(data, len, e);
}

int lep_decoder_run(struct lep_decoder *d, struct lep_image *out, const void *data, size_t len,
	const struct lep_decode_options *options, struct lep_error *e)
{
	int rc = decode(d, out, data, len, options, e);

	if (rc)
		image_clear(out);
	return rc;
}

int lep_image_decode(struct lep_image *out, const void *data, size_t len,
	const struct lep_decode_options *options, struct lep_error *e)
{
	struct lep_decoder d = {0};
	int rc = lep_decoder_run(&d, out, data, len, options, e);

	lep_png_decoder_free(d.png);
	lep_jpeg_decoder_free(d.jpeg);
	return rc;
}
