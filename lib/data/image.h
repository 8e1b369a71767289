/*
 * Pictures: PNG and JPEG into rows of bytes, resizing, and PNG out.
 *
 * Every rule below is part of the recipe of a data set: the same file, options
 * and libjpeg-turbo version give the same bytes on every machine and for any
 * number of threads. All arithmetic is in integers.
 *
 * The type of a file is told by its first bytes, never by its name.
 *
 * Gray from colour:  (19595 R + 38470 G + 7471 B + 32768) >> 16  (ITU-R BT.601),
 *   after compositing. A JPEG in YCbCr gives its Y plane, which is that formula
 *   applied by whoever wrote the file.
 * Colour from gray:  the value three times.
 * 16 bit to 8:       (255 v + 32767) / 65535, rounded to nearest.
 * 1, 2, 4 bit to 8:  v 255 / (2^bits - 1), exact.
 * Transparency:      a sample v with alpha a (both of maximum m = 255 or 65535)
 *   on background b:  (255 (v a + b (m / 255) (m - a)) + m m / 2) / (m m), one
 *   rounding to nearest. A gray result of a gray file is composited on the gray
 *   of the background, all else on its three channels. A tRNS key is compared
 *   at the file's own depth.
 * CMYK (and YCCK):   R = ((255 - C) (255 - K) + 127) / 255; files with an Adobe
 *   marker store the complements.
 * JPEG:              islow DCT, fancy upsampling, no block smoothing. Any warning
 *   of libjpeg is an error. Arithmetic coding is refused. The EXIF orientation
 *   is applied; an EXIF block that makes no sense is taken for none.
 * Not done:          gamma, ICC profiles and eXIf of PNG are not looked at.
 *   Bytes behind the end mark of a PNG or JPEG are not looked at either.
 */
#ifndef LEP_DATA_IMAGE_H
#define LEP_DATA_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/status.h"

/* {0} is a valid empty picture. Where a function has an `out`, it must be {0} or
 * hold an earlier picture, whose memory is used again if it is large enough.
 * After an error out is empty (width 0) and may be used again or released. */
struct lep_image {
	int64_t width, height;
	int channels;    /* 1 gray, 3 RGB */
	uint8_t *pixels; /* height * width * channels, row-major */
	size_t capacity; /* bytes that pixels has room for */
};

void lep_image_release(struct lep_image *im);

/* Give im this size and room for it; the pixels are undefined. */
int lep_image_reserve(struct lep_image *im, int64_t width, int64_t height, int channels,
	struct lep_error *e);

static inline uint8_t lep_gray(unsigned r, unsigned g, unsigned b)
{
	return (uint8_t)((19595u * r + 38470u * g + 7471u * b + 32768u) >> 16);
}

#define LEP_MAX_PIXELS ((int64_t)1 << 28)

/*
 * target_width and target_height, both positive: a JPEG may come back smaller
 * than it is stored, by the largest of 1/2, 1/4, 1/8 for which both sides (as
 * seen, orientation applied; rounded up) are still at least twice the target's.
 * The target is what it is to be resized to, whatever the fit.
 */
struct lep_decode_options {
	int channels;          /* 1 or 3; 0: gray stays gray, all else RGB */
	uint8_t background[3]; /* what shows through transparent pixels */
	int64_t target_width, target_height;
	int64_t max_pixels;    /* more is an error; 0: LEP_MAX_PIXELS */
};

/* What decoding needs again and again; one for each thread. */
struct lep_decoder;
struct lep_decoder *lep_decoder_new(void);
void lep_decoder_free(struct lep_decoder *d);

/* Decode len bytes; options may be NULL. No memory is taken for a size that so
 * few bytes could not hold. LEP_ERR_DATA for anything that is no whole, sound
 * PNG or JPEG, LEP_ERR_USAGE for options that mean nothing. */
int lep_decoder_run(struct lep_decoder *d, struct lep_image *out, const void *data, size_t len,
	const struct lep_decode_options *options, struct lep_error *e);

/* The same with a decoder of its own. */
int lep_image_decode(struct lep_image *out, const void *data, size_t len,
	const struct lep_decode_options *options, struct lep_error *e);

enum lep_fit {
	LEP_FIT_STRETCH, /* to the size, whatever becomes of the proportions */
	LEP_FIT_CROP,    /* scaled to cover the size, then the middle of it */
	LEP_FIT_PAD      /* scaled to fit in, centred on the background */
};

/*
 * Resize to width x height. Separable triangle filter, across rows first and
 * rounded to 8 bit between the two; reducing, the triangle is as wide as the
 * reduction asks for, so nothing aliases. Weights are integers that sum to 2^22
 * exactly. The same size gives the same bytes. Crop and pad keep proportions,
 * the free side rounded to nearest (at least 1); what is over on both sides is
 * cut or filled half and half, an odd pixel at the right or bottom. background
 * (NULL: black) is used by LEP_FIT_PAD; a gray picture gets its gray. out must
 * not be in.
 */
int lep_image_resize(const struct lep_image *in, int64_t width, int64_t height, enum lep_fit fit,
	const uint8_t background[3], struct lep_image *out, struct lep_error *e);

enum lep_flip {
	LEP_FLIP_NONE,
	LEP_FLIP_HORIZONTAL, /* left becomes right */
	LEP_FLIP_VERTICAL    /* top becomes bottom */
};

/* Mirror a picture where it is. */
void lep_image_flip(struct lep_image *im, enum lep_flip flip);

/* Append a PNG (8 bit, gray or RGB) of height * width * channels bytes; the same
 * pixels give the same file, for one version of libpng and zlib. On failure out
 * is as it was. */
int lep_png_write(struct lep_buf *out, const uint8_t *pixels, int64_t width, int64_t height,
	int channels, struct lep_error *e);

#endif
