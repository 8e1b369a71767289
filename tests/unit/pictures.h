/*
 * Pictures for the tests: PNG and JPEG files in memory, written with libpng and
 * libjpeg, and a small random sequence.
 */
#ifndef LEP_TESTS_PICTURES_H
#define LEP_TESTS_PICTURES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>
#include <zlib.h>
#include <jpeglib.h>

#include "base/mem.h"

static uint32_t pictures_state = 1;

static inline uint32_t pictures_random(void)
{
	pictures_state = pictures_state * 1664525u + 1013904223u;
	return pictures_state >> 8;
}

/* A PNG to make; samples hold width * height * (samples a pixel) values. */
struct make_png {
	int type, depth, interlaced;
	uint32_t width, height;
	const uint16_t *samples;
	int has_key;
	png_color_16 key;
	const png_color *palette;
	int colours;
	const uint8_t *alphas;
	int alpha_count;
};

static inline int png_samples(int type)
{
	return type == PNG_COLOR_TYPE_RGB_ALPHA ? 4 : type == PNG_COLOR_TYPE_RGB ? 3 :
	       type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2 : 1;
}

static inline void png_to_buf(png_structp png, png_bytep data, size_t n)
{
	lep_buf_add(png_get_io_ptr(png), data, n);
}

static inline void make_png(struct lep_buf *out, const struct make_png *m)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	size_t n = (size_t)png_samples(m->type), line = m->width * n;
	uint8_t *row = calloc(line, 2);
	int passes;

	lep_buf_clear(out);
	png_set_write_fn(png, out, png_to_buf, NULL);
	png_set_IHDR(png, info, m->width, m->height, m->depth, m->type, m->interlaced, 0, 0);
	if (m->palette)
		png_set_PLTE(png, info, m->palette, m->colours);
	if (m->has_key || m->alphas)
		png_set_tRNS(png, info, m->alphas, m->alpha_count, m->has_key ? &m->key : NULL);
	png_write_info(png, info);
	if (m->depth < 8)
		png_set_packing(png);
	passes = png_set_interlace_handling(png);
	for (int pass = 0; pass < passes; pass++)
		for (uint32_t y = 0; y < m->height; y++) {
			for (size_t i = 0; i < line; i++) {
				uint16_t v = m->samples[y * line + i];

				if (m->depth == 16) {
					row[2 * i] = (uint8_t)(v >> 8);
					row[2 * i + 1] = (uint8_t)v;
				} else {
					row[i] = (uint8_t)v;
				}
			}
			png_write_row(png, row);
		}
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	free(row);
}

/* Big-endian 32 bits into a PNG chunk that starts at `chunk`, and its CRC. */
static inline void png_patch(uint8_t *chunk, size_t at, uint32_t v)
{
	uint32_t n = (uint32_t)chunk[2] << 8 | chunk[3], crc;

	for (int i = 0; i < 4; i++)
		chunk[8 + at + (size_t)i] = (uint8_t)(v >> (24 - 8 * i));
	crc = (uint32_t)crc32(0, chunk + 4, n + 4);
	for (int i = 0; i < 4; i++)
		chunk[8 + n + (uint32_t)i] = (uint8_t)(crc >> (24 - 8 * i));
}

/* A JPEG to make. pixels have as many channels as `in` says; `stored` is what the
 * file holds. */
struct make_jpeg {
	J_COLOR_SPACE in, stored;
	int channels, quality, progressive, subsampled, no_adobe, abbreviated, restart;
	int orientation;     /* 0: no EXIF */
	int motorola;        /* byte order of it */
	const uint8_t *exif; /* other bytes for it */
	size_t exif_len;
	const jpeg_scan_info *scans;
	int scan_count;
	uint32_t width, height;
	const uint8_t *pixels;
};

static inline void put_orientation(j_compress_ptr c, const struct make_jpeg *m)
{
	uint8_t app1[] = {'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, 2, 0,
	                  0x0f, 1, 2, 0, 1, 0, 0, 0, 'x', 0, 0, 0,
	                  0x12, 1, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t big[] = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 2,
	                              1, 0x0f, 0, 2, 0, 0, 0, 1, 'x', 0, 0, 0,
	                              1, 0x12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};

	if (m->exif) {
		jpeg_write_marker(c, JPEG_APP0 + 1, m->exif, (unsigned)m->exif_len);
		return;
	}
	if (m->motorola)
		memcpy(app1, big, sizeof big);
	app1[36 + (m->motorola != 0)] = (uint8_t)m->orientation;
	jpeg_write_marker(c, JPEG_APP0 + 1, app1, sizeof app1);
}

static inline void make_jpeg(struct lep_buf *out, const struct make_jpeg *m)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr err;
	unsigned char *mem = NULL;
	unsigned long n = 0;

	c.err = jpeg_std_error(&err);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &mem, &n);
	c.image_width = m->width;
	c.image_height = m->height;
	c.input_components = m->channels;
	c.in_color_space = m->in;
	jpeg_set_defaults(&c);
	jpeg_set_colorspace(&c, m->stored);
	jpeg_set_quality(&c, m->quality, TRUE);
	if (m->no_adobe)
		c.write_Adobe_marker = FALSE;
	if (m->subsampled && m->channels > 1) {
		c.comp_info[0].h_samp_factor = 2;
		c.comp_info[0].v_samp_factor = 2;
	} else {
		c.comp_info[0].h_samp_factor = 1;
		c.comp_info[0].v_samp_factor = 1;
	}
	if (m->stored == JCS_CMYK || m->stored == JCS_YCCK) {
		c.comp_info[3].h_samp_factor = c.comp_info[0].h_samp_factor;
		c.comp_info[3].v_samp_factor = c.comp_info[0].v_samp_factor;
	}
	if (m->progressive)
		jpeg_simple_progression(&c);
	if (m->scans) {
		c.scan_info = m->scans;
		c.num_scans = m->scan_count;
	}
	c.restart_interval = (unsigned)m->restart;
	if (m->abbreviated)
		jpeg_suppress_tables(&c, TRUE);
	jpeg_start_compress(&c, m->abbreviated ? FALSE : TRUE);
	if (m->orientation || m->exif)
		put_orientation(&c, m);
	while (c.next_scanline < c.image_height) {
		size_t line = (size_t)m->width * (size_t)m->channels;
		uint8_t *row = malloc(line);
		JSAMPROW rows[1] = {row};

		memcpy(row, m->pixels + c.next_scanline * line, line);
		jpeg_write_scanlines(&c, rows, 1);
		free(row);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	lep_buf_clear(out);
	lep_buf_add(out, mem, n);
	free(mem);
}

#endif
