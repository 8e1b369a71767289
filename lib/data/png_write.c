/*
 * PNG out, with everything fixed that could change the bytes.
 */
#include "data/image.h"

#include <inttypes.h>
#include <setjmp.h>
#include <string.h>

#include <png.h>
#include <zlib.h>

struct writer {
	struct lep_buf *out;
	struct lep_error *e;
	png_structp png;
	png_infop info;
	jmp_buf out_of_libpng;
};

static _Noreturn void on_error(png_structp png, png_const_charp text)
{
	struct writer *w = png_get_error_ptr(png);

	lep_fail(w->e, LEP_ERR_DATA, "PNG: %s", text);
	longjmp(w->out_of_libpng, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

static void on_write(png_structp png, png_bytep data, size_t n)
{
	struct writer *w = png_get_io_ptr(png);

	lep_buf_add(w->out, data, n);
}

static void on_flush(png_structp png)
{
	(void)png;
}

static int write_picture(struct writer *w, const uint8_t *pixels, uint32_t width, uint32_t height,
	int channels)
{
	size_t line = (size_t)width * (size_t)channels;

	w->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, w, on_error, on_warning);
	if (w->png)
		w->info = png_create_info_struct(w->png);
	if (!w->png || !w->info)
		return lep_fail_nomem(w->e, 0);
	png_set_write_fn(w->png, w, on_write, on_flush);
	png_set_user_limits(w->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_set_compression_level(w->png, 6);
	png_set_compression_mem_level(w->png, 8);
	png_set_compression_strategy(w->png, Z_FILTERED);
	png_set_compression_window_bits(w->png, 15);
	png_set_filter(w->png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
	png_set_IHDR(w->png, w->info, width, height, 8,
	             channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
	             PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(w->png, w->info);
	for (uint32_t y = 0; y < height; y++)
		png_write_row(w->png, pixels + y * line);
	png_write_end(w->png, NULL);
	return w->out->failed ? lep_fail_nomem(w->e, 0) : 0;
}

int lep_png_write(struct lep_buf *out, const uint8_t *pixels, int64_t width, int64_t height,
	int channels, struct lep_error *e)
{
	struct writer w = {.out = out, .e = e};
	volatile int rc = LEP_ERR_DATA;
	size_t before = out->len;

	if (width <= 0 || height <= 0 || width > PNG_UINT_31_MAX || height > PNG_UINT_31_MAX ||
	    (channels != 1 && channels != 3))
		return lep_fail(e, LEP_ERR_USAGE, "no PNG can be %" PRId64 " x %" PRId64 " x %d",
		                width, height, channels);
	if (setjmp(w.out_of_libpng) == 0)
		rc = write_picture(&w, pixels, (uint32_t)width, (uint32_t)height, channels);
	png_destroy_write_struct(&w.png, &w.info);
	if (rc && out->data) {
		out->len = before;
		out->data[before] = '\0';
	}
	return rc;
}
