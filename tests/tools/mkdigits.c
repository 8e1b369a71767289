/*
 * Pictures of digits for `make demo` and the tests, drawn by a small stroke font
 * of our own: `mkdigits FOLDER TRAIN TEST [SEED]` makes FOLDER/train/0..9/ and
 * FOLDER/test/0..9/ of 28 x 28 gray pictures, PNG and JPEG in turn, white on
 * black. Same arguments, same bytes.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jpeglib.h> /* wants stdio.h first */
#include <png.h>

#include "base/math.h"
#include "base/random.h"

enum { SIDE = 28, SPAN_STEPS = 6, MAX_POINTS = 256, MAX_STROKES = 4 };

/* A smooth curve through its points, in a square of 100, y downwards. Corners
 * are where one stroke ends and another begins. */
struct stroke {
	unsigned char n;
	signed char at[12][2];
};

struct glyph {
	int digit;
	struct stroke stroke[MAX_STROKES];
};

static const struct glyph glyphs[] = {
	{ 0, { { 8, { { 52, 10 }, { 30, 24 }, { 24, 54 }, { 36, 84 }, { 56, 90 }, { 74, 68 }, { 72, 32 }, { 52, 10 } } } } },
	{ 0, { { 9, { { 60, 14 }, { 44, 10 }, { 28, 34 }, { 26, 66 }, { 42, 90 }, { 64, 84 }, { 76, 52 }, { 66, 20 }, { 48, 14 } } } } },
	{ 1, { { 3, { { 52, 10 }, { 51, 50 }, { 49, 90 } } } } },
	{ 1, { { 2, { { 36, 30 }, { 54, 10 } } }, { 3, { { 54, 10 }, { 53, 50 }, { 52, 90 } } } } },
	{ 1, { { 2, { { 38, 26 }, { 53, 10 } } }, { 2, { { 53, 10 }, { 52, 90 } } }, { 2, { { 34, 90 }, { 70, 89 } } } } },
	{ 2, { { 7, { { 28, 30 }, { 36, 14 }, { 56, 10 }, { 70, 26 }, { 62, 48 }, { 42, 70 }, { 26, 88 } } }, { 3, { { 26, 88 }, { 50, 86 }, { 76, 88 } } } } },
	{ 2, { { 10, { { 30, 26 }, { 44, 10 }, { 66, 18 }, { 66, 40 }, { 50, 66 }, { 34, 84 }, { 26, 78 }, { 38, 72 }, { 56, 86 }, { 78, 84 } } } } },
	{ 3, { { 5, { { 28, 20 }, { 46, 10 }, { 66, 18 }, { 64, 36 }, { 44, 47 } } }, { 5, { { 44, 47 }, { 68, 56 }, { 72, 74 }, { 54, 90 }, { 28, 82 } } } } },
	{ 3, { { 2, { { 28, 13 }, { 68, 12 } } }, { 2, { { 68, 12 }, { 46, 44 } } }, { 5, { { 46, 44 }, { 70, 56 }, { 70, 78 }, { 48, 90 }, { 26, 82 } } } } },
	{ 4, { { 3, { { 36, 12 }, { 30, 36 }, { 26, 56 } } }, { 3, { { 26, 56 }, { 50, 56 }, { 78, 53 } } }, { 3, { { 64, 22 }, { 62, 55 }, { 58, 92 } } } } },
	{ 4, { { 2, { { 60, 10 }, { 22, 62 } } }, { 2, { { 22, 62 }, { 80, 62 } } }, { 2, { { 60, 10 }, { 60, 92 } } } } },
	{ 5, { { 2, { { 70, 12 }, { 36, 13 } } }, { 2, { { 36, 13 }, { 32, 44 } } }, { 6, { { 32, 44 }, { 52, 38 }, { 70, 52 }, { 68, 76 }, { 48, 90 }, { 26, 82 } } } } },
	{ 5, { { 8, { { 74, 10 }, { 42, 16 }, { 34, 38 }, { 52, 44 }, { 66, 58 }, { 60, 80 }, { 42, 90 }, { 26, 80 } } } } },
	{ 6, { { 9, { { 64, 10 }, { 40, 30 }, { 28, 60 }, { 34, 84 }, { 54, 90 }, { 70, 74 }, { 62, 56 }, { 46, 54 }, { 31, 68 } } } } },
	{ 6, { { 8, { { 52, 8 }, { 36, 40 }, { 30, 74 }, { 44, 90 }, { 64, 82 }, { 66, 62 }, { 48, 56 }, { 34, 70 } } } } },
	{ 7, { { 3, { { 26, 14 }, { 50, 13 }, { 74, 12 } } }, { 3, { { 74, 12 }, { 58, 46 }, { 46, 90 } } } } },
	{ 7, { { 2, { { 28, 14 }, { 72, 13 } } }, { 3, { { 72, 13 }, { 56, 48 }, { 44, 90 } } }, { 2, { { 38, 52 }, { 70, 48 } } } } },
	{ 8, { { 11, { { 66, 22 }, { 50, 10 }, { 34, 22 }, { 42, 42 }, { 60, 54 }, { 70, 72 }, { 52, 90 }, { 32, 76 }, { 40, 56 }, { 60, 40 }, { 66, 22 } } } } },
	{ 8, { { 7, { { 50, 10 }, { 34, 20 }, { 38, 40 }, { 52, 46 }, { 66, 34 }, { 66, 18 }, { 50, 10 } } }, { 7, { { 52, 46 }, { 32, 58 }, { 32, 80 }, { 50, 90 }, { 70, 80 }, { 70, 60 }, { 52, 46 } } } } },
	{ 9, { { 7, { { 68, 26 }, { 54, 12 }, { 34, 20 }, { 32, 40 }, { 48, 50 }, { 66, 38 }, { 68, 26 } } }, { 3, { { 68, 26 }, { 67, 55 }, { 60, 92 } } } } },
	{ 9, { { 10, { { 68, 28 }, { 52, 11 }, { 34, 22 }, { 34, 42 }, { 50, 50 }, { 66, 38 }, { 70, 26 }, { 68, 60 }, { 54, 88 }, { 32, 84 } } } } },
};

enum { NGLYPHS = sizeof(glyphs) / sizeof(glyphs[0]) };

/* The draws of one picture, in order. */
struct draw {
	uint64_t seed, picture, n;
};

static double uniform(struct draw *d, double low, double high)
{
	return low + (high - low) * (double)lep_random_uniform(d->seed, LEP_RANDOM_SAMPLE, d->picture, d->n++);
}

/* Roughly normal, of deviation 1: twelve uniforms would be slow for noise. */
static double bell(struct draw *d)
{
	return uniform(d, -1, 1) + uniform(d, -1, 1) + uniform(d, -1, 1);
}

/* The hand: an affine map and a slow wave on top of it. */
struct hand {
	double a, b, c, e, dx, dy;             /* x' = ax + by + dx, y' = cx + ey + dy */
	double wave[2], phase[2], frequency[2];
};

static void draw_hand(struct draw *d, struct hand *h)
{
	double turn = 0.16 * bell(d), slant = -0.12 + 0.2 * bell(d);
	double wide = uniform(d, 0.17, 0.25), tall = uniform(d, 0.20, 0.255);
	double cosine = lep_cos(turn), sine = lep_sin(turn);
	int i;

	/* shear, scale, turn; about the middle of the square */
	h->a = cosine * wide;
	h->b = cosine * wide * slant - sine * tall;
	h->c = sine * wide;
	h->e = sine * wide * slant + cosine * tall;
	h->dx = (SIDE - 1) / 2.0 + 1.1 * bell(d);
	h->dy = (SIDE - 1) / 2.0 + 1.1 * bell(d);
	for (i = 0; i < 2; i++) {
		h->wave[i] = uniform(d, 0, 1.5);
		h->phase[i] = uniform(d, 0, 6.283);
		h->frequency[i] = uniform(d, 0.15, 0.4);
	}
}

static void place(const struct hand *h, const double in[2], double out[2])
{
	double x = in[0] - 50, y = in[1] - 50;

	out[0] = h->a * x + h->b * y + h->dx;
	out[1] = h->c * x + h->e * y + h->dy;
	out[0] += h->wave[0] * lep_sin(h->phase[0] + h->frequency[0] * out[1]);
	out[1] += h->wave[1] * lep_sin(h->phase[1] + h->frequency[1] * out[0]);
}

struct path {
	int n;
	double at[MAX_POINTS][2];
	unsigned char begins[MAX_POINTS]; /* a stroke; no line leads to this point */
};

/* Catmull-Rom through the points, which tremble a little each time. */
static void trace(struct draw *d, const struct hand *h, const struct glyph *g, struct path *p)
{
	double ends[2] = { 0, 0 };
	int s, i, k, axis;

	p->n = 0;
	for (s = 0; s < MAX_STROKES && g->stroke[s].n; s++) {
		const struct stroke *st = &g->stroke[s];
		double knot[14][2];

		for (i = 0; i < st->n; i++)
			for (axis = 0; axis < 2; axis++)
				knot[i + 1][axis] = st->at[i][axis] + 3.2 * bell(d);
		/* A stroke that begins where the last one ended stays joined to it. */
		if (s && !memcmp(st->at[0], st[-1].at[st[-1].n - 1], 2))
			memcpy(knot[1], ends, sizeof(ends));
		memcpy(knot[0], knot[1], sizeof(knot[0]));
		memcpy(knot[st->n + 1], knot[st->n], sizeof(knot[0]));
		memcpy(ends, knot[st->n], sizeof(ends));
		for (i = 1; i < st->n; i++) {
			for (k = 0; k <= SPAN_STEPS; k++) {
				double t = (double)k / SPAN_STEPS, at[2];

				for (axis = 0; axis < 2; axis++) {
					double p0 = knot[i - 1][axis], p1 = knot[i][axis];
					double p2 = knot[i + 1][axis], p3 = knot[i + 2][axis];

					at[axis] = 0.5 * (2 * p1 + (p2 - p0) * t +
						(2 * p0 - 5 * p1 + 4 * p2 - p3) * t * t +
						(3 * p1 - p0 - 3 * p2 + p3) * t * t * t);
				}
				place(h, at, p->at[p->n]);
				p->begins[p->n++] = i == 1 && k == 0;
			}
		}
	}
}

static double distance2(const double a[2], const double b[2], double x, double y)
{
	double dx = b[0] - a[0], dy = b[1] - a[1], len = dx * dx + dy * dy;
	double t = len > 0 ? ((x - a[0]) * dx + (y - a[1]) * dy) / len : 0;

	t = t < 0 ? 0 : t > 1 ? 1 : t;
	dx = a[0] + t * dx - x;
	dy = a[1] + t * dy - y;
	return dx * dx + dy * dy;
}

static void paint(struct draw *d, int digit, unsigned char out[SIDE * SIDE])
{
	static struct path p;
	struct hand h;
	double radius, soft, ink, noise, speck;
	int which = 0, n = 0, i, x, y;

	for (i = 0; i < NGLYPHS; i++)
		n += glyphs[i].digit == digit;
	n = (int)uniform(d, 0, n);
	while (glyphs[which].digit != digit || n-- > 0)
		which++;
	draw_hand(d, &h);
	trace(d, &h, &glyphs[which], &p);
	radius = uniform(d, 0.7, 1.7);
	soft = uniform(d, 0.5, 1.0);
	ink = uniform(d, 140, 255);
	noise = uniform(d, 0, 24);
	speck = uniform(d, 0, 1) < 0.3 ? 0.004 : 0;
	for (y = 0; y < SIDE; y++) {
		for (x = 0; x < SIDE; x++) {
			double best = 1e9, v;

			for (i = 1; i < p.n; i++) {
				double d2 = p.begins[i] ? best : distance2(p.at[i - 1], p.at[i], x, y);

				best = d2 < best ? d2 : best;
			}
			v = 0.5 + (radius - sqrt(best)) / (2 * soft);
			v = ink * (v < 0 ? 0 : v > 1 ? 1 : v) + noise * bell(d);
			if (uniform(d, 0, 1) < speck)
				v = uniform(d, 0, 255);
			out[y * SIDE + x] = (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
		}
	}
}

static int write_png(FILE *f, unsigned char pixels[SIDE * SIDE])
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	int y;

	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		return -1;
	}
	png_init_io(png, f);
	png_set_IHDR(png, info, SIDE, SIDE, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
		PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (y = 0; y < SIDE; y++)
		png_write_row(png, pixels + y * SIDE);
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	return 0;
}

/* libjpeg's own handler ends the program on an error, which suits a tool. */
static int write_jpeg(FILE *f, unsigned char pixels[SIDE * SIDE], int quality)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr errors;
	int y;

	c.err = jpeg_std_error(&errors);
	jpeg_create_compress(&c);
	jpeg_stdio_dest(&c, f);
	c.image_width = c.image_height = SIDE;
	c.input_components = 1;
	c.in_color_space = JCS_GRAYSCALE;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, quality, TRUE);
	jpeg_start_compress(&c, TRUE);
	for (y = 0; y < SIDE; y++) {
		JSAMPROW row = pixels + y * SIDE;

		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	return 0;
}

static int make_folder(const char *path)
{
	if (!mkdir(path, 0777) || errno == EEXIST)
		return 0;
	fprintf(stderr, "mkdigits: %s: %s\n", path, strerror(errno));
	return -1;
}

static int make_picture(const char *folder, uint64_t number, struct draw *d)
{
	unsigned char pixels[SIDE * SIDE];
	int digit = (int)(number % 10), jpeg = (int)(number / 10 % 2), bad;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d", folder, digit);
	if (number < 10 && make_folder(path))
		return -1;
	snprintf(path, sizeof(path), "%s/%d/%04u.%s", folder, digit, (unsigned)(number / 10), jpeg ? "jpg" : "png");
	paint(d, digit, pixels);
	f = fopen(path, "wb");
	bad = !f;
	if (f)
		bad = jpeg ? write_jpeg(f, pixels, 80 + (int)(number / 20 % 4) * 5) : write_png(f, pixels);
	if (f && fclose(f))
		bad = 1;
	if (bad)
		fprintf(stderr, "mkdigits: %s: cannot be written\n", path);
	return bad ? -1 : 0;
}

static int make_part(const char *folder, const char *part, uint64_t count, uint64_t seed)
{
	char path[4000];
	uint64_t i;

	snprintf(path, sizeof(path), "%s/%s", folder, part);
	if (make_folder(path))
		return -1;
	for (i = 0; i < count; i++) {
		/* The two parts draw from different places. */
		struct draw d = { seed, i * 2 + (*part == 't' && part[1] == 'e'), 0 };

		if (make_picture(path, i, &d))
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t number[3] = { 0, 0, 1 };
	char *end;
	int i;

	for (i = 2; i < argc && i < 5; i++) {
		number[i - 2] = strtoull(argv[i], &end, 10);
		if (!*argv[i] || *end || strspn(argv[i], "0123456789") != strlen(argv[i]))
			argc = 0;
	}
	if (argc < 4 || argc > 5 || number[0] > 90000 || number[1] > 90000 || strlen(argv[1]) > 3900) {
		fputs("usage: mkdigits FOLDER TRAIN TEST [SEED]\n", stderr);
		return 2;
	}
	if (make_folder(argv[1]) || make_part(argv[1], "train", number[0], number[2]) ||
		make_part(argv[1], "test", number[1], number[2]))
		return 1;
	return 0;
}
