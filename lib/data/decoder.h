/*
 * Between image.c, png.c, jpeg.c and exif.c; not for others. Here options are
 * checked and complete.
 */
#ifndef LEP_DATA_DECODER_H
#define LEP_DATA_DECODER_H

#include "data/image.h"

struct lep_png_decoder;
struct lep_png_decoder *lep_png_decoder_new(void);
void lep_png_decoder_free(struct lep_png_decoder *p);
int lep_png_decoder_run(struct lep_png_decoder *p, struct lep_image *out, const uint8_t *data,
	size_t len, const struct lep_decode_options *options,
	struct lep_error *e);

struct lep_jpeg_decoder;
struct lep_jpeg_decoder *lep_jpeg_decoder_new(void);
void lep_jpeg_decoder_free(struct lep_jpeg_decoder *j);
int lep_jpeg_decoder_run(struct lep_jpeg_decoder *j, struct lep_image *out, const uint8_t *data,
	size_t len, const struct lep_decode_options *options,
	struct lep_error *e);

/* Refuse more than options->max_pixels. */
int lep_decode_check_size(int64_t width, int64_t height, const struct lep_decode_options *options,
	struct lep_error *e);

/* The text of a foreign library, its first letter made small unless an
 * abbreviation begins there: "Not enough data" is "not enough data". */
void lep_decode_words(char *to, size_t size, const char *from);

/* The EXIF orientation of a JPEG, 1 to 8; 1 where there is none. */
int lep_exif_orientation(const uint8_t *jpeg, size_t len);

/* Turn a picture stored with this orientation (2 to 8) upright. Orientations
 * from 5 on exchange width and height. */
int lep_image_turn(const struct lep_image *in, int orientation, struct lep_image *out,
	struct lep_error *e);

#endif
