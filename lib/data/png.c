/*
 * PNG through libpng, which checks and unfilters; what becomes of the samples
 * (depth, transparency, gray) is done here, by the formulas of image.h.
 */
#include "data/decoder.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

/* libpng has no object that can be used again, and most of a small picture's
 * time went into its allocations: they come from one block that is simply
 * started afresh. It holds libpng's structs, zlib's state and its window. */
#define ARENA 65536

struct extra {
	struct extra *next;
};

struct lep_png_decoder {
	png_structp png;
	png_infop info;
	const uint8_t *data;
	size_t left;
	jmp_buf out_of_libpng;
	int status;
	struct lep_error *e;

	/* of the picture */
	int type, depth;
	uint32_t max;          /* of a sample: 255 or 65535 */
	int samples, channels; /* in the file, in the picture */
	int has_alpha, has_key;
	uint32_t key[3], on[3];
	uint8_t lut[256][3];   /* gray up to 8 bit, and palette */
	int colours, highest;  /* in the palette; the largest index into it so far */

	struct extra *extra;
	size_t used;
	_Alignas(LEP_ALIGN) uint8_t arena[ARENA];
};

static void *arena_take(struct lep_png_decoder *p, size_t n)
{
	struct extra *x;
	size_t bytes;

	if (n <= ARENA - p->used) {
		void *at = p->arena + p->used;

		p->used = lep_round_up(p->used + n, LEP_ALIGN);
		return at;
	}
	if (__builtin_add_overflow(n, (size_t)LEP_ALIGN, &bytes))
		return NULL;
	x = lep_alloc(bytes, 1);
	if (!x)
		return NULL;
	x->next = p->extra;
	p->extra = x;
	return (uint8_t *)x + LEP_ALIGN;
}

static void arena_reset(struct lep_png_decoder *p)
{
	while (p->extra) {
		struct extra *next = p->extra->next;

		lep_free(p->extra);
		p->extra = next;
	}
	p->used = 0;
}

struct lep_png_decoder *lep_png_decoder_new(void)
{
	return lep_alloc(1, sizeof(struct lep_png_decoder));
}

void lep_png_decoder_free(struct lep_png_decoder *p)
{
	if (!p)
		return;
	arena_reset(p);
	lep_free(p);
}

static png_voidp on_malloc(png_structp png, png_alloc_size_t n)
{
	return arena_take(png_get_mem_ptr(png), n);
}

static void on_free(png_structp png, png_voidp at)
{
	(void)png;
	(void)at;
}

static _Noreturn void stop(struct lep_png_decoder *p, int status)
{
	p->status = status;
	longjmp(p->out_of_libpng, 1);
}

static _Noreturn void on_error(png_structp png, png_const_charp text)
{
	struct lep_png_decoder *p = png_get_error_ptr(png);
	char words[200];

	lep_decode_words(words, sizeof words, text);
	stop(p, lep_fail(p->e, LEP_ERR_DATA, "PNG: %s", words));
}

/* What is left are warnings about chunks that we do not use: every damage is an
 * error by the settings in open_picture(). */
static void on_warning(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

static void on_read(png_structp png, png_bytep to, size_t n)
{
	struct lep_png_decoder *p = png_get_io_ptr(png);

	if (n > p->left)
		stop(p, lep_fail(p->e, LEP_ERR_DATA, "truncated PNG"));
	memcpy(to, p->data, n);
	p->data += n;
	p->left -= n;
}

/* Sample v on the background, see image.h. */
static uint8_t compose(const struct lep_png_decoder *p, uint32_t v, uint32_t a, uint32_t on)
{
	uint64_t m = p->max;

	return (uint8_t)((255 * ((uint64_t)v * a + (uint64_t)on * (m / 255) * (m - a)) +
	                  m * m / 2) / (m * m));
}

static uint8_t narrow(const struct lep_png_decoder *p, uint32_t v)
{
	return (uint8_t)(p->max == 255 ? v : (v * 255 + 32767) / 65535);
}

/* One pixel of any number of samples to one of p->channels. */
static void put_pixel(const struct lep_png_decoder *p, const uint32_t v[3], uint32_t a,
	uint8_t *to)
{
	int gray = !(p->type & PNG_COLOR_MASK_COLOR);
	uint8_t c[3];

	if (gray && p->channels == 1) {
		to[0] = a == p->max ? narrow(p, v[0]) : compose(p, v[0], a, p->on[0]);
		return;
	}
	for (int k = 0; k < 3; k++) {
		uint32_t s = v[gray ? 0 : k];

		c[k] = a == p->max ? narrow(p, s) : compose(p, s, a, p->on[k]);
	}
	if (p->channels == 3)
		memcpy(to, c, 3);
	else
		to[0] = lep_gray(c[0], c[1], c[2]);
}

/* A row of n pixels; step is the distance of two in `to`, in bytes. */
static void put_row(struct lep_png_decoder *p, const uint8_t *from, uint8_t *to, uint32_t n,
	size_t step)
{
	int wide = p->depth == 16, colours = p->type & PNG_COLOR_MASK_COLOR ? 3 : 1;
	int highest = p->highest;
	uint32_t v[4] = {0}, a;

	if (p->samples == 1 && !wide) {
		for (uint32_t i = 0; i < n; i++, to += step) {
			const uint8_t *c = p->lut[from[i]];

			to[0] = c[0];
			if (p->channels == 3) {
				to[1] = c[1];
				to[2] = c[2];
			}
			if (from[i] > highest)
				highest = from[i];
		}
		p->highest = highest;
		return;
	}
	for (uint32_t i = 0; i < n; i++, to += step) {
		for (int k = 0; k < p->samples; k++, from += 1 + wide)
			v[k] = wide ? (uint32_t)from[0] << 8 | from[1] : from[0];
		a = p->has_alpha ? v[colours] : p->max;
		if (p->has_key && memcmp(v, p->key, (size_t)colours * sizeof v[0]) == 0)
			a = 0;
		put_pixel(p, v, a, to);
	}
}

/* Gray up to 8 bit and palettes: every value is worked out once. */
static void fill_lut(struct lep_png_decoder *p)
{
	uint32_t v[3] = {0}, top = (1u << p->depth) - 1;
	png_colorp palette = NULL;
	png_bytep alpha = NULL;
	int n = 0, alphas = 0;

	if (p->type == PNG_COLOR_TYPE_GRAY) {
		for (uint32_t i = 0; i <= top; i++) {
			v[0] = i * (255 / top);
			put_pixel(p, v, p->has_key && i == p->key[0] ? 0 : 255, p->lut[i]);
		}
		return;
	}
	png_get_PLTE(p->png, p->info, &palette, &n);
	png_get_tRNS(p->png, p->info, &alpha, &alphas, NULL);
	memset(p->lut, 0, sizeof p->lut);
	p->colours = n;
	for (int i = 0; i < n; i++) {
		v[0] = palette[i].red;
		v[1] = palette[i].green;
		v[2] = palette[i].blue;
		put_pixel(p, v, i < alphas ? alpha[i] : 255, p->lut[i]);
	}
}

static void open_picture(struct lep_png_decoder *p)
{
	p->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, p, on_error, on_warning, p,
	                                  on_malloc, on_free);
	if (p->png)
		p->info = png_create_info_struct(p->png);
	if (!p->png || !p->info)
		stop(p, lep_fail_nomem(p->e, 0));
	png_set_read_fn(p->png, p, on_read);
	/* A wrong CRC is an error in every chunk, and so is all that libpng would
	 * otherwise put up with, such as data behind the last row. Chunks that we
	 * do not use are only checked, not unpacked. */
	png_set_crc_action(p->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
	png_set_benign_errors(p->png, 0);
	png_set_check_for_invalid_index(p->png, 0); /* see read_picture() */
	png_set_keep_unknown_chunks(p->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
	png_set_user_limits(p->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* ours come next */
	png_read_info(p->png, p->info);
}

/* deflate makes at most 1032 bytes of one, so that len bounds the picture. */
static int check_header(struct lep_png_decoder *p, size_t len,
	const struct lep_decode_options *options)
{
	int64_t w = png_get_image_width(p->png, p->info);
	int64_t h = png_get_image_height(p->png, p->info);
	int rc = lep_decode_check_size(w, h, options, p->e);
	uint64_t bits;

	if (rc)
		return rc;
	bits = (uint64_t)w * (uint64_t)h * (uint64_t)p->samples * (uint64_t)p->depth;
	if (bits / 8 / 1032 > len)
		return lep_fail(p->e, LEP_ERR_DATA, "PNG: truncated, or no picture of %" PRId64
		                " x %" PRId64 ": %zu bytes cannot hold it", w, h, len);
	return 0;
}

static void take_header(struct lep_png_decoder *p, const struct lep_decode_options *options)
{
	const uint8_t *on = options->background;
	png_color_16p key = NULL;
	int alphas, gray;

	p->type = png_get_color_type(p->png, p->info);
	p->depth = png_get_bit_depth(p->png, p->info);
	p->samples = png_get_channels(p->png, p->info);
	p->max = p->depth == 16 ? 65535 : 255;
	p->has_alpha = (p->type & PNG_COLOR_MASK_ALPHA) != 0;
	p->has_key = !p->has_alpha && p->type != PNG_COLOR_TYPE_PALETTE &&
	             png_get_tRNS(p->png, p->info, NULL, &alphas, &key) != 0 && key;
	p->highest = 0;
	gray = !(p->type & PNG_COLOR_MASK_COLOR);
	p->channels = options->channels ? options->channels : gray ? 1 : 3;
	if (p->has_key) {
		p->key[0] = gray ? key->gray : key->red;
		p->key[1] = key->green;
		p->key[2] = key->blue;
	}
	for (int k = 0; k < 3; k++)
		p->on[k] = gray && p->channels == 1 ? lep_gray(on[0], on[1], on[2]) : on[k];
}

/* The seven sub-pictures of Adam7, each read as a picture of its own. */
static void read_interlaced(struct lep_png_decoder *p, struct lep_image *out, uint8_t *row)
{
	uint32_t w = (uint32_t)out->width, h = (uint32_t)out->height;
	size_t c = (size_t)p->channels;

	for (unsigned pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++) {
		uint32_t cols = PNG_PASS_COLS(w, pass), rows = PNG_PASS_ROWS(h, pass);
		size_t x = PNG_PASS_START_COL(pass);

		for (uint32_t i = 0; cols && i < rows; i++) {
			size_t y = PNG_ROW_FROM_PASS_ROW(i, pass);

			png_read_row(p->png, row, NULL);
			put_row(p, row, out->pixels + (y * w + x) * c, cols,
			        c << PNG_PASS_COL_SHIFT(pass));
		}
	}
}

static void read_rows(struct lep_png_decoder *p, struct lep_image *out)
{
	size_t line = (size_t)out->width * (size_t)out->channels;
	int same = p->depth == 8 && !p->has_alpha && !p->has_key && p->samples == p->channels &&
	           p->type != PNG_COLOR_TYPE_PALETTE;
	int interlaced = png_get_interlace_type(p->png, p->info) != PNG_INTERLACE_NONE;
	uint8_t *row = NULL, *at = out->pixels;

	if (!same || interlaced) {
		row = arena_take(p, (size_t)out->width * 8);
		if (!row)
			stop(p, lep_fail_nomem(p->e, (double)out->width * 8));
		if (p->samples == 1 && p->depth <= 8)
			fill_lut(p);
		if (p->depth < 8)
			png_set_packing(p->png);
	}
	if (interlaced) {
		read_interlaced(p, out, row);
		return;
	}
	for (int64_t y = 0; y < out->height; y++, at += line) {
		png_read_row(p->png, row ? row : at, NULL);
		if (row)
			put_row(p, row, at, (uint32_t)out->width, (size_t)out->channels);
	}
}

/* Runs under setjmp: what it takes is the arena's. */
static int read_picture(struct lep_png_decoder *p, struct lep_image *out, size_t len,
	const struct lep_decode_options *options)
{
	int rc;

	open_picture(p);
	take_header(p, options);
	rc = check_header(p, len, options);
	if (rc)
		return rc;
	rc = lep_image_reserve(out, png_get_image_width(p->png, p->info),
	                       png_get_image_height(p->png, p->info), p->channels, p->e);
	if (rc)
		return rc;
	read_rows(p, out);
	png_read_end(p->png, NULL);
	/* libpng's own check overlooks the first index too large */
	if (p->type == PNG_COLOR_TYPE_PALETTE && p->highest >= p->colours)
		return lep_fail(p->e, LEP_ERR_DATA, "PNG: colour %d of a palette of %d",
		                p->highest, p->colours);
	return 0;
}

int lep_png_decoder_run(struct lep_png_decoder *p, struct lep_image *out, const uint8_t *data,
	size_t len, const struct lep_decode_options *options,
	struct lep_error *e)
{
	p->e = e;
	p->png = NULL;
	p->info = NULL;
	p->data = data;
	p->left = len;
	if (setjmp(p->out_of_libpng) == 0)
		p->status = read_picture(p, out, len, options);
	/* zlib's state is the arena's too: there is nothing to destroy. */
	arena_reset(p);
	return p->status;
}
