/*
 * JPEG: colour spaces, progressive, orientation, scaled decoding, damage.
 */
#include "check.h"

#include "data/image.h"
#include "pictures.h"

static struct lep_error err;

enum { W = 40, H = 24 };

/* A smooth picture, so that little is lost. */
static void smooth(uint8_t *p, int w, int h, int channels)
{
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
			for (int k = 0; k < channels; k++)
				*p++ = (uint8_t)(20 + 5 * (k == 1 ? w - 1 - x : x) * 40 / w +
				                 (k == 2 ? 40 - y : y) % 64);
}

static int far_off(const uint8_t *a, const uint8_t *b, size_t n)
{
	int most = 0;

	for (size_t i = 0; i < n; i++)
		if (abs(a[i] - b[i]) > most)
			most = abs(a[i] - b[i]);
	return most;
}

/* What the file should show, within what quality 97 loses. */
static void shows(const struct lep_buf *file, int channels, int expected_channels,
	const uint8_t *want, int within)
{
	struct lep_decode_options o = {.channels = channels};
	struct lep_image im = {0};
	int off;

	CHECKF(lep_image_decode(&im, file->data, file->len, &o, &err) == 0, "%s", err.text);
	CHECK(im.width == W && im.height == H && im.channels == expected_channels);
	off = far_off(im.pixels, want, (size_t)(W * H * expected_channels));
	CHECKF(off <= within, "%d", off);
	lep_image_release(&im);
}

static void gray_of(const uint8_t *rgb, uint8_t *gray)
{
	for (int i = 0; i < W * H; i++)
		gray[i] = lep_gray(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]);
}

static void gray_files(void)
{
	uint8_t gray[W * H], rgb[W * H * 3];
	struct make_jpeg m = {.in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .channels = 1,
	                      .quality = 97, .width = W, .height = H, .pixels = gray};
	struct lep_buf file = {0};

	smooth(gray, W, H, 1);
	for (int i = 0; i < W * H; i++)
		rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = gray[i];
	for (m.progressive = 0; m.progressive < 2; m.progressive++) {
		make_jpeg(&file, &m);
		shows(&file, 0, 1, gray, 6);
		shows(&file, 1, 1, gray, 6);
		shows(&file, 3, 3, rgb, 6);
	}
	lep_buf_release(&file);
}

static void colour_files(void)
{
	static const J_COLOR_SPACE stored[] = {JCS_YCbCr, JCS_RGB};
	uint8_t gray[W * H], rgb[W * H * 3];
	struct lep_buf file = {0};

	smooth(rgb, W, H, 3);
	gray_of(rgb, gray);
	for (int k = 0; k < 8; k++) {
		struct make_jpeg m = {.in = JCS_RGB, .stored = stored[k & 1], .channels = 3,
		                      .quality = 97, .progressive = k & 2, .restart = k & 4,
		                      .subsampled = k & 4 && !(k & 1), .width = W, .height = H,
		                      .pixels = rgb};
		int within = m.subsampled ? 14 : 9;

		make_jpeg(&file, &m);
		shows(&file, 0, 3, rgb, within);
		shows(&file, 3, 3, rgb, within);
		shows(&file, 1, 1, gray, within);
	}
	lep_buf_release(&file);
}

static void cmyk_files(void)
{
	uint8_t gray[W * H], rgb[W * H * 3], cmyk[W * H * 4];
	struct lep_buf file = {0};

	for (int k = 0; k < 16; k++) {
		int adobe = !(k & 1) || k & 2; /* YCCK is only known by its marker */
		struct make_jpeg m = {.in = JCS_CMYK, .stored = k & 2 ? JCS_YCCK : JCS_CMYK,
		                      .channels = 4, .quality = 98, .progressive = k & 4,
		                      .subsampled = k & 8, .no_adobe = !adobe, .width = W,
		                      .height = H, .pixels = cmyk};
		int black = k & 4 ? 128 : 255; /* the complement of K */

		smooth(rgb, W, H, 3);
		for (int i = 0; i < W * H; i++) {
			for (int c = 0; c < 3; c++) {
				cmyk[4 * i + c] = rgb[3 * i + c];
				rgb[3 * i + c] = (uint8_t)((rgb[3 * i + c] * black + 127) / 255);
			}
			cmyk[4 * i + 3] = (uint8_t)black;
		}
		for (int i = 0; !adobe && i < W * H * 4; i++)
			cmyk[i] = (uint8_t)(255 - cmyk[i]);
		gray_of(rgb, gray);
		make_jpeg(&file, &m);
		shows(&file, 0, 3, rgb, 14);
		shows(&file, 3, 3, rgb, 14);
		shows(&file, 1, 1, gray, 14);
	}
	lep_buf_release(&file);
}

/* Where row 0 and column 0 of the stored picture are seen (EXIF 2.32, 4.6.4):
 * t top, b bottom, l left, r right. */
static const char seen[9][2] = {
	[1] = {'t', 'l'}, [2] = {'t', 'r'}, [3] = {'b', 'r'}, [4] = {'b', 'l'},
	[5] = {'l', 't'}, [6] = {'r', 't'}, [7] = {'r', 'b'}, [8] = {'l', 'b'},
};

static void place(char side, int i, int *x, int *y)
{
	if (side == 't')
		*y = i;
	else if (side == 'b')
		*y = H - 1 - i;
	else if (side == 'l')
		*x = i;
	else
		*x = W - 1 - i;
}

static void orientations(void)
{
	uint8_t upright[W * H * 3], stored[W * H * 3];
	struct lep_buf file = {0};

	smooth(upright, W, H, 3);
	for (int k = 0; k < 32; k++) {
		int o = 1 + k % 8, swap = o >= 5, c = k & 8 ? 3 : 1, at = 0;
		int w = swap ? H : W, h = swap ? W : H;
		struct make_jpeg m = {.in = c == 3 ? JCS_RGB : JCS_GRAYSCALE,
		                      .stored = c == 3 ? JCS_YCbCr : JCS_GRAYSCALE, .channels = c,
		                      .quality = 97, .orientation = o, .motorola = k & 16,
		                      .width = (uint32_t)w, .height = (uint32_t)h,
		                      .pixels = stored};

		smooth(upright, W, H, c);
		for (int row = 0; row < h; row++)
			for (int col = 0; col < w; col++) {
				int x = 0, y = 0;

				place(seen[o][0], row, &x, &y);
				place(seen[o][1], col, &x, &y);
				for (int i = 0; i < c; i++)
					stored[at++] = upright[(y * W + x) * c + i];
			}
		make_jpeg(&file, &m);
		shows(&file, 0, c, upright, 9);
		if (check_failed_here)
			printf("# orientation %d channels %d\n", o, c);
	}
	lep_buf_release(&file);
}

/* EXIF blocks without sense are as none. */
static void odd_exif(void)
{
	static const struct {
		const char *bytes;
		size_t n;
	} t[] = {
		{"Exif\0\0", 6}, {"Exif\0\0II*\0", 10}, {"Exif\0\0II*\0\xff\xff\xff\xff", 14},
		{"Exif\0\0II*\0\x08\0\0\0\xff\xff", 16}, {"Exif\0\0II*\0\0\0\0\0", 14},
		{"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x09\0\0\0", 28},
		{"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x06", 25},
		{"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\4\0\1\0\0\0\x06\0\0\0", 28},
		{"Exif\0\0IM*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x06\0\0\0", 28},
		{"http://ns.adobe.com/xap/1.0/", 28},
	};
	uint8_t gray[W * H];
	struct lep_buf file = {0};

	smooth(gray, W, H, 1);
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct make_jpeg m = {.in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .channels = 1,
		                      .quality = 97, .exif = (const uint8_t *)t[i].bytes,
		                      .exif_len = t[i].n, .width = W, .height = H, .pixels = gray};

		make_jpeg(&file, &m);
		shows(&file, 0, 1, gray, 6);
		if (check_failed_here)
			printf("# case %zu\n", i);
	}
	lep_buf_release(&file);
}

static void scaled(void)
{
	static const struct {
		int orientation;
		int64_t tw, th, w, h;
	} t[] = {
		{1, 0, 0, 100, 60}, {1, 50, 30, 100, 60}, {1, 25, 30, 100, 60}, {1, 25, 15, 50, 30}, {1, 26, 15, 100, 60},
		{1, 25, 16, 100, 60}, {1, 12, 7, 25, 15}, {1, 13, 7, 50, 30}, {1, 6, 4, 13, 8},
		{1, 6, 5, 25, 15}, {1, 1, 1, 13, 8}, {6, 15, 25, 30, 50}, {6, 25, 15, 60, 100},
		{3, 6, 4, 13, 8}, {1, 200, 1, 100, 60},
		{1, INT64_MAX, INT64_MAX, 100, 60},
	};
	static uint8_t rgb[100 * 60 * 3];
	struct lep_decoder *d = lep_decoder_new();
	struct lep_image im = {0};
	struct lep_buf file = {0};

	memset(rgb, 77, sizeof rgb);
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct make_jpeg m = {.in = JCS_RGB, .stored = JCS_YCbCr, .channels = 3, .quality = 97,
		                      .subsampled = (int)(i & 1), .orientation = t[i].orientation,
		                      .width = 100, .height = 60, .pixels = rgb};
		struct lep_decode_options o = {.target_width = t[i].tw, .target_height = t[i].th};

		make_jpeg(&file, &m);
		CHECKF(lep_decoder_run(d, &im, file.data, file.len, &o, &err) == 0, "%s", err.text);
		CHECKF(im.width == t[i].w && im.height == t[i].h, "case %zu: %d x %d", i,
		       (int)im.width, (int)im.height);
		CHECK(abs(im.pixels[0] - 77) <= 1);
	}
	lep_image_release(&im);
	lep_buf_release(&file);
	lep_decoder_free(d);
}

static void small(struct lep_buf *file, int kind)
{
	uint8_t p[20 * 18 * 4];
	struct make_jpeg m = {.in = JCS_RGB, .stored = JCS_YCbCr, .channels = 3, .quality = 60,
	                      .subsampled = 1, .orientation = 6, .width = 20, .height = 18,
	                      .pixels = p};

	smooth(p, 20, 18, 4);
	if (kind == 1) {
		m.progressive = 1;
	} else if (kind == 2) {
		m.in = m.stored = JCS_GRAYSCALE;
		m.channels = 1;
		m.restart = 2;
	} else if (kind == 3) {
		m.in = JCS_CMYK;
		m.stored = JCS_YCCK;
		m.channels = 4;
		m.progressive = 1;
	}
	make_jpeg(file, &m);
}

static int decode_copy(struct lep_decoder *d, const void *data, size_t len)
{
	struct lep_decode_options o = {.max_pixels = 1 << 20};
	uint8_t *copy = malloc(len ? len : 1);
	struct lep_image im = {0};
	int rc;

	memcpy(copy, data, len);
	err.text[0] = '\0';
	rc = lep_decoder_run(d, &im, copy, len, &o, &err);
	if (rc && (im.width || !err.text[0]))
		rc = 1; /* not as documented */
	lep_image_release(&im);
	free(copy);
	return rc;
}

static void cut_anywhere(void)
{
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0};

	for (int k = 0; k < 4; k++) {
		small(&file, k);
		for (size_t n = 0; n < file.len; n++) {
			CHECKF(decode_copy(d, file.data, n) == LEP_ERR_DATA, "kind %d cut at %zu", k, n);
			CHECKF(!strcmp(err.text, n ? "JPEG: premature end of file"
			                           : "not a PNG or JPEG (empty)"), "%s", err.text);
		}
		CHECK(decode_copy(d, file.data, file.len) == 0);
	}
	lep_buf_release(&file);
	lep_decoder_free(d);
}

static void mutations(void)
{
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0};

	for (int k = 0; k < 4000; k++) {
		uint8_t *p;

		small(&file, k % 4);
		p = (uint8_t *)file.data;
		for (uint32_t n = 1 + pictures_random() % 4; n > 0; n--)
			p[2 + pictures_random() % (file.len - 2)] = (uint8_t)pictures_random();
		CHECK(decode_copy(d, file.data, file.len) <= 0);
	}
	lep_buf_release(&file);
	lep_decoder_free(d);
}

/* Height and width of the frame header */
static void set_size(struct lep_buf *file, unsigned w, unsigned h)
{
	uint8_t *p = (uint8_t *)file->data;
	size_t at = 2;

	while (p[at + 1] < 0xc0 || p[at + 1] > 0xc2)
		at += 2 + ((size_t)p[at + 2] << 8) + p[at + 3];
	p[at + 5] = (uint8_t)(h >> 8);
	p[at + 6] = (uint8_t)h;
	p[at + 7] = (uint8_t)(w >> 8);
	p[at + 8] = (uint8_t)w;
}

static void false_sizes(void)
{
	struct lep_decode_options o = {.max_pixels = INT64_MAX};
	struct lep_image im = {0};
	struct lep_buf file = {0};

	for (int k = 0; k < 4; k++) {
		small(&file, k);
		set_size(&file, 65500, 65500);
		CHECK(lep_image_decode(&im, file.data, file.len, NULL, &err) == LEP_ERR_DATA);
		CHECKF(!strcmp(err.text, "picture is 65500 x 65500, limit is 268435456 pixels"), "%s",
		       err.text);
		CHECK(lep_image_decode(&im, file.data, file.len, &o, &err) == LEP_ERR_DATA);
		CHECKF(strstr(err.text, "bytes cannot hold it"), "%s", err.text);
		set_size(&file, 20, 50);
		CHECK(lep_image_decode(&im, file.data, file.len, &o, &err) == LEP_ERR_DATA);
		set_size(&file, 0, 18);
		CHECK(lep_image_decode(&im, file.data, file.len, &o, &err) == LEP_ERR_DATA);
	}
	lep_image_release(&im);
	lep_buf_release(&file);
}

/* Each coefficient bit by bit: legal, and a way to make a small file slow. */
static void many_scans(void)
{
	static jpeg_scan_info scans[1 + 63 * 9];
	uint8_t gray[W * H];
	struct make_jpeg m = {.in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .channels = 1,
	                      .quality = 97, .width = W, .height = H, .pixels = gray,
	                      .scans = scans};
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0};

	smooth(gray, W, H, 1);
	for (int bits = 7; bits <= 9; bits += 2) { /* 442 and 568 scans */
		int n = 0;

		scans[n++] = (jpeg_scan_info){.comps_in_scan = 1};
		for (int k = 1; k < 64; k++)
			for (int i = 0; i < bits; i++)
				scans[n++] = (jpeg_scan_info){.comps_in_scan = 1, .Ss = k, .Se = k,
				                              .Ah = i ? bits - i : 0, .Al = bits - 1 - i};
		m.scan_count = n;
		make_jpeg(&file, &m);
		if (bits == 7) {
			CHECKF(decode_copy(d, file.data, file.len) == 0, "%s", err.text);
			shows(&file, 0, 1, gray, 6);
		} else {
			CHECK(decode_copy(d, file.data, file.len) == LEP_ERR_DATA);
			CHECKF(!strcmp(err.text, "JPEG: more than 500 scans"), "%s", err.text);
		}
	}
	lep_buf_release(&file);
	lep_decoder_free(d);
}

/* Without tables of its own a file must not decode by those of the one before. */
static void no_memory_of_tables(void)
{
	uint8_t gray[W * H];
	struct make_jpeg m = {.in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .channels = 1,
	                      .quality = 97, .width = W, .height = H, .pixels = gray};
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf whole = {0}, bare = {0};

	smooth(gray, W, H, 1);
	make_jpeg(&whole, &m);
	m.abbreviated = 1;
	make_jpeg(&bare, &m);
	CHECK(bare.len < whole.len);
	CHECK(decode_copy(d, bare.data, bare.len) == LEP_ERR_DATA);
	CHECK(decode_copy(d, whole.data, whole.len) == 0);
	CHECK(decode_copy(d, bare.data, bare.len) == LEP_ERR_DATA);
	CHECKF(strstr(err.text, "JPEG: quantization table 0x00 was not defined"), "%s", err.text);
	CHECK(decode_copy(d, whole.data, whole.len) == 0);
	lep_buf_release(&whole);
	lep_buf_release(&bare);
	lep_decoder_free(d);
}

/* Anything that libjpeg only warns of is an error here. */
static void warnings(void)
{
	struct lep_decoder *d = lep_decoder_new();
	struct lep_buf file = {0}, more = {0};

	small(&file, 0);
	/* garbage between the segments */
	lep_buf_add(&more, file.data, 2);
	lep_buf_adds(&more, "garbage");
	lep_buf_add(&more, file.data + 2, file.len - 2);
	more.data[2] = (char)0xff; /* or it would not be taken for a JPEG */
	more.data[3] = (char)0x01; /* a marker without length; then garbage */
	CHECK(decode_copy(d, more.data, more.len) == LEP_ERR_DATA);
	CHECKF(strstr(err.text, "JPEG: corrupt JPEG data: 5 extraneous bytes"), "%s", err.text);
	/* the picture's data stop early */
	lep_buf_clear(&more);
	lep_buf_add(&more, file.data, file.len - 20);
	lep_buf_add(&more, "\xff\xd9", 2);
	CHECK(decode_copy(d, more.data, more.len) == LEP_ERR_DATA);
	CHECKF(strstr(err.text, "premature end of data segment"), "%s", err.text);
	/* bytes behind the end are no business of ours */
	lep_buf_clear(&more);
	lep_buf_add(&more, file.data, file.len);
	lep_buf_adds(&more, "trailer");
	CHECK(decode_copy(d, more.data, more.len) == 0);
	lep_buf_release(&file);
	lep_buf_release(&more);
	lep_decoder_free(d);
}

/* One decoder for all gives what a fresh one gives. */
static void decoder_again(void)
{
	struct lep_decoder *d = lep_decoder_new();
	struct lep_image a = {0}, b = {0};
	struct lep_buf file = {0};

	for (int k = 0; k < 12; k++) {
		small(&file, k * 7 % 4);
		if (k % 3 == 2) {
			CHECK(lep_decoder_run(d, &a, file.data, file.len / 2, NULL, &err) < 0);
			CHECK(a.width == 0);
			continue;
		}
		CHECK(lep_decoder_run(d, &a, file.data, file.len, NULL, &err) == 0);
		CHECK(lep_image_decode(&b, file.data, file.len, NULL, &err) == 0);
		CHECK(a.width == 18 && a.height == 20 && a.channels == b.channels);
		CHECK(memcmp(a.pixels, b.pixels, (size_t)(18 * 20 * a.channels)) == 0);
	}
	lep_image_release(&a);
	lep_image_release(&b);
	lep_buf_release(&file);
	lep_decoder_free(d);
}

int main(void)
{
	RUN(gray_files);
	RUN(colour_files);
	RUN(cmyk_files);
	RUN(orientations);
	RUN(odd_exif);
	RUN(scaled);
	RUN(cut_anywhere);
	RUN(mutations);
	RUN(false_sizes);
	RUN(many_scans);
	RUN(no_memory_of_tables);
	RUN(warnings);
	RUN(decoder_again);
	return CHECK_END();
}
