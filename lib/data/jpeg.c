/*
 * JPEG through libjpeg-turbo: one decompress object for many pictures, errors
 * and warnings as texts, EXIF orientation, CMYK, and scaled decoding.
 */
#include "data/decoder.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

/* A scan of a progressive file costs a pass over the whole picture, and a few
 * bytes suffice for one. Real files have about ten. */
#define MAX_SCANS 500

struct lep_jpeg_decoder {
	struct jpeg_decompress_struct c;
	struct jpeg_error_mgr err;
	struct jpeg_source_mgr src;
	struct jpeg_progress_mgr progress;
	void *(*alloc_small)(j_common_ptr c, int pool, size_t n);
	jmp_buf out_of_libjpeg;
	int status;
	struct lep_error *e;
	struct lep_image stored; /* before it is turned */
};

/* One row of the file's own colours and the way into the picture's. */
typedef void convert_row(const uint8_t *from, uint8_t *to, int64_t n, int inverted);

static _Noreturn void stop(struct lep_jpeg_decoder *j, int status)
{
	j->status = status;
	longjmp(j->out_of_libjpeg, 1);
}

static void on_error(j_common_ptr c)
{
	struct lep_jpeg_decoder *j = c->client_data;
	char text[JMSG_LENGTH_MAX], words[JMSG_LENGTH_MAX];

	if (c->err->msg_code == JERR_OUT_OF_MEMORY)
		stop(j, lep_fail_nomem(j->e, 0));
	c->err->format_message(c, text);
	lep_decode_words(words, sizeof words, text);
	stop(j, lep_fail(j->e, LEP_ERR_DATA, "JPEG: %s", words));
}

static void on_message(j_common_ptr c, int level)
{
	if (level < 0)
		on_error(c);
}

static void on_output(j_common_ptr c)
{
	(void)c;
}

static void on_progress(j_common_ptr c)
{
	struct lep_jpeg_decoder *j = c->client_data;

	if (j->c.input_scan_number > MAX_SCANS)
		stop(j, lep_fail(j->e, LEP_ERR_DATA, "JPEG: more than %d scans", MAX_SCANS));
}

static void source_nothing(j_decompress_ptr c)
{
	(void)c;
}

static boolean source_fill(j_decompress_ptr c)
{
	struct lep_jpeg_decoder *j = c->client_data;

	stop(j, lep_fail(j->e, LEP_ERR_DATA, "JPEG: premature end of file"));
}

static void source_skip(j_decompress_ptr c, long n)
{
	if (n <= 0)
		return;
	if ((unsigned long)n > c->src->bytes_in_buffer)
		source_fill(c);
	c->src->next_input_byte += n;
	c->src->bytes_in_buffer -= (size_t)n;
}

/*
 * libjpeg keeps Huffman and quantisation tables from one picture to the next,
 * for files that leave them out. What a picture yields must not depend on the
 * one before, so they live in the pool of the picture, and forget() drops them.
 */
static void *alloc_for_picture(j_common_ptr c, int pool, size_t n)
{
	struct lep_jpeg_decoder *j = c->client_data;

	(void)pool;
	return j->alloc_small(c, JPOOL_IMAGE, n);
}

static void forget(struct lep_jpeg_decoder *j)
{
	jpeg_abort_decompress(&j->c);
	for (int i = 0; i < NUM_QUANT_TBLS; i++)
		j->c.quant_tbl_ptrs[i] = NULL;
	for (int i = 0; i < NUM_HUFF_TBLS; i++) {
		j->c.dc_huff_tbl_ptrs[i] = NULL;
		j->c.ac_huff_tbl_ptrs[i] = NULL;
	}
}

struct lep_jpeg_decoder *lep_jpeg_decoder_new(void)
{
	struct lep_jpeg_decoder *j = lep_alloc(1, sizeof *j);

	if (!j)
		return NULL;
	j->c.err = jpeg_std_error(&j->err);
	j->err.error_exit = on_error;
	j->err.emit_message = on_message;
	j->err.output_message = on_output;
	j->c.client_data = j;
	if (setjmp(j->out_of_libjpeg)) {
		jpeg_destroy_decompress(&j->c);
		lep_free(j);
		return NULL;
	}
	jpeg_create_decompress(&j->c);
	j->src.init_source = source_nothing;
	j->src.fill_input_buffer = source_fill;
	j->src.skip_input_data = source_skip;
	j->src.resync_to_restart = jpeg_resync_to_restart;
	j->src.term_source = source_nothing;
	j->c.src = &j->src;
	j->progress.progress_monitor = on_progress;
	j->c.progress = &j->progress;
	j->c.mem->max_memory_to_use = 0; /* not what $JPEGMEM says */
	j->alloc_small = j->c.mem->alloc_small;
	j->c.mem->alloc_small = alloc_for_picture;
	return j;
}

void lep_jpeg_decoder_free(struct lep_jpeg_decoder *j)
{
	if (!j)
		return;
	jpeg_destroy_decompress(&j->c);
	lep_image_release(&j->stored);
	lep_free(j);
}

static void rgb_to_gray(const uint8_t *from, uint8_t *to, int64_t n, int inverted)
{
	(void)inverted;
	for (int64_t i = 0; i < n; i++, from += 3)
		to[i] = lep_gray(from[0], from[1], from[2]);
}

static void cmyk_to_rgb(const uint8_t *from, uint8_t *to, int64_t n, int inverted)
{
	unsigned flip = inverted ? 0 : 255; /* x ^ 255 is 255 - x */

	for (int64_t i = 0; i < n; i++, from += 4, to += 3)
		for (int k = 0; k < 3; k++)
			to[k] = (uint8_t)(((from[k] ^ flip) * (from[3] ^ flip) + 127) / 255);
}

static void cmyk_to_gray(const uint8_t *from, uint8_t *to, int64_t n, int inverted)
{
	uint8_t rgb[3];

	for (int64_t i = 0; i < n; i++, from += 4) {
		cmyk_to_rgb(from, rgb, 1, inverted);
		to[i] = lep_gray(rgb[0], rgb[1], rgb[2]);
	}
}

/* Which colours to ask libjpeg for, and what is left to do; the channels. */
static int choose_colours(struct lep_jpeg_decoder *j, int channels, convert_row **convert)
{
	*convert = NULL;
	switch (j->c.jpeg_color_space) {
	case JCS_GRAYSCALE:
		if (channels == 0)
			channels = 1;
		j->c.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
		return channels;
	case JCS_YCbCr:
		j->c.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
		break;
	case JCS_RGB:
		j->c.out_color_space = JCS_RGB;
		*convert = channels == 1 ? rgb_to_gray : NULL;
		break;
	case JCS_CMYK:
	case JCS_YCCK:
		j->c.out_color_space = JCS_CMYK;
		*convert = channels == 1 ? cmyk_to_gray : cmyk_to_rgb;
		break;
	default:
		return lep_fail(j->e, LEP_ERR_DATA, "JPEG: unknown colours (%d components)",
		                j->c.num_components);
	}
	return channels == 1 ? 1 : 3;
}

/* The header's claims against the bytes there are. Each block of 64 samples
 * costs at least one bit, for its mean. */
static int check_header(struct lep_jpeg_decoder *j, size_t len,
	const struct lep_decode_options *options)
{
	int64_t blocks = 0;
	int rc = lep_decode_check_size(j->c.image_width, j->c.image_height, options, j->e);

	if (rc)
		return rc;
	if (j->c.arith_code)
		return lep_fail(j->e, LEP_ERR_DATA, "JPEG: arithmetic coding is not supported");
	for (int i = 0; i < j->c.num_components; i++)
		blocks += (int64_t)j->c.comp_info[i].width_in_blocks *
		          j->c.comp_info[i].height_in_blocks;
	if ((uint64_t)blocks / 8 > len)
		return lep_fail(j->e, LEP_ERR_DATA, "JPEG: truncated, or no picture of %u x %u: "
		                "%zu bytes cannot hold it", j->c.image_width, j->c.image_height, len);
	return 0;
}

static unsigned choose_scale(int64_t w, int64_t h, int64_t target_w, int64_t target_h)
{
	if (target_w <= 0 || target_h <= 0 || target_w > w || target_h > h)
		return 1;
	for (unsigned n = 8; n > 1; n /= 2)
		if ((w + n - 1) / n >= 2 * target_w && (h + n - 1) / n >= 2 * target_h)
			return n;
	return 1;
}

static void read_rows(struct lep_jpeg_decoder *j, struct lep_image *to, convert_row *convert)
{
	size_t line = (size_t)to->width * (size_t)to->channels;
	JSAMPARRAY raw = NULL;
	JSAMPROW rows[16];

	if (convert)
		raw = j->c.mem->alloc_sarray((j_common_ptr)&j->c, JPOOL_IMAGE,
		                             j->c.output_width * 4, 1);
	while (j->c.output_scanline < j->c.output_height) {
		uint8_t *at = to->pixels + j->c.output_scanline * line;
		JDIMENSION n = j->c.output_height - j->c.output_scanline;

		if (convert) {
			if (jpeg_read_scanlines(&j->c, raw, 1) == 1)
				convert(raw[0], at, to->width, j->c.saw_Adobe_marker);
			continue;
		}
		if (n > 16)
			n = 16;
		for (JDIMENSION i = 0; i < n; i++)
			rows[i] = at + i * line;
		jpeg_read_scanlines(&j->c, rows, n);
	}
}

/* Runs under setjmp: nothing here owns anything. */
static int read_picture(struct lep_jpeg_decoder *j, struct lep_image *out, const uint8_t *data,
	size_t len, const struct lep_decode_options *options)
{
	int turn, swap, channels, rc;
	convert_row *convert;
	struct lep_image *to;

	j->src.next_input_byte = data;
	j->src.bytes_in_buffer = len;
	jpeg_read_header(&j->c, TRUE);
	rc = check_header(j, len, options);
	if (rc)
		return rc;
	channels = choose_colours(j, options->channels, &convert);
	if (channels < 0)
		return channels;
	turn = lep_exif_orientation(data, len);
	swap = turn >= 5;
	j->c.scale_num = 1;
	j->c.scale_denom = choose_scale(j->c.image_width, j->c.image_height,
	                                swap ? options->target_height : options->target_width,
	                                swap ? options->target_width : options->target_height);
	j->c.dct_method = JDCT_ISLOW;
	j->c.do_fancy_upsampling = TRUE;
	j->c.do_block_smoothing = FALSE;
	jpeg_start_decompress(&j->c);
	to = turn == 1 ? out : &j->stored;
	rc = lep_image_reserve(to, j->c.output_width, j->c.output_height, channels, j->e);
	if (rc)
		return rc;
	read_rows(j, to, convert);
	jpeg_finish_decompress(&j->c);
	return turn == 1 ? 0 : lep_image_turn(to, turn, out, j->e);
}

int lep_jpeg_decoder_run(struct lep_jpeg_decoder *j, struct lep_image *out, const uint8_t *data,
	size_t len, const struct lep_decode_options *options,
	struct lep_error *e)
{
	j->e = e;
	if (setjmp(j->out_of_libjpeg) == 0)
		j->status = read_picture(j, out, data, len, options);
	forget(j);
	return j->status;
}
