/*
 * Resizing: against the filter written down in floating point, what must stay
 * as it is, and the geometry of crop and pad.
 */
#include "check.h"

#include <math.h>
#include <string.h>

#include "data/image.h"

static struct lep_error err;
static uint32_t state = 7;

static struct lep_image make(int64_t w, int64_t h, int c)
{
	struct lep_image im = {0};

	if (lep_image_reserve(&im, w, h, c, &err))
		abort();
	for (int64_t i = 0; i < w * h * c; i++) {
		state = state * 1664525u + 1013904223u;
		im.pixels[i] = (uint8_t)(state >> 24);
	}
	return im;
}

/* Triangle filter in double, no rounding between the passes. */
static double filtered(const struct lep_image *im, int64_t fw, int64_t fh, int64_t x, int64_t y,
	int k)
{
	double sx = (double)im->width / (double)fw, sy = (double)im->height / (double)fh;
	double cx = ((double)x + 0.5) * sx, cy = ((double)y + 0.5) * sy, sum = 0, total = 0;

	for (int64_t r = 0; r < im->height; r++) {
		double wy = 1 - fabs((double)r + 0.5 - cy) / fmax(sy, 1);

		for (int64_t c = 0; wy > 0 && c < im->width; c++) {
			double wx = 1 - fabs((double)c + 0.5 - cx) / fmax(sx, 1);

			if (wx > 0) {
				sum += wx * wy * im->pixels[(r * im->width + c) * im->channels + k];
				total += wx * wy;
			}
		}
	}
	return sum / total;
}

static void one_size(int64_t w, int64_t h, int64_t to_w, int64_t to_h, int c, enum lep_fit fit)
{
	static const uint8_t bg[3] = {250, 2, 77};
	struct lep_image in = make(w, h, c), out = {0};
	int64_t fw = to_w, fh = to_h;

	if (fit != LEP_FIT_STRETCH) {
		double rx = (double)to_w / (double)w, ry = (double)to_h / (double)h;
		double r = fit == LEP_FIT_CROP ? fmax(rx, ry) : fmin(rx, ry);

		fw = (int64_t)fmax(1, floor((double)w * r + 0.5 + 1e-9));
		fh = (int64_t)fmax(1, floor((double)h * r + 0.5 + 1e-9));
	}
	CHECKF(lep_image_resize(&in, to_w, to_h, fit, bg, &out, &err) == 0, "%s", err.text);
	CHECK(out.width == to_w && out.height == to_h && out.channels == c);
	for (int64_t y = 0; y < to_h; y++)
		for (int64_t x = 0; x < to_w; x++)
			for (int k = 0; k < c; k++) {
				int64_t u = x, v = y;
				int got = out.pixels[(y * to_w + x) * c + k];
				double want;

				if (fit == LEP_FIT_CROP) {
					u += (fw - to_w) / 2;
					v += (fh - to_h) / 2;
				} else if (fit == LEP_FIT_PAD) {
					u -= (to_w - fw) / 2;
					v -= (to_h - fh) / 2;
				}
				if (u < 0 || v < 0 || u >= fw || v >= fh)
					want = c == 1 ? lep_gray(bg[0], bg[1], bg[2]) : bg[k];
				else
					want = filtered(&in, fw, fh, u, v, k);
				CHECKF(fabs(got - want) <= 1.001, "%dx%d to %dx%d fit %d at %d,%d: %d, not %g",
				       (int)w, (int)h, (int)to_w, (int)to_h, fit, (int)x, (int)y, got, want);
			}
	lep_image_release(&in);
	lep_image_release(&out);
}

static void sizes(void)
{
	static const int64_t t[][4] = {
		{10, 10, 5, 5}, {7, 11, 3, 4}, {5, 4, 13, 9}, {1, 1, 6, 3}, {9, 2, 1, 1},
		{30, 20, 7, 7}, {20, 30, 7, 7}, {3, 50, 20, 6}, {64, 48, 10, 10}, {6, 6, 6, 3},
		{6, 6, 3, 6}, {100, 1, 4, 4}, {1, 100, 4, 4}, {8, 6, 9, 7}, {17, 13, 16, 13},
	};

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		for (int k = 0; k < 6; k++)
			one_size(t[i][0], t[i][1], t[i][2], t[i][3], k & 1 ? 3 : 1,
			         (enum lep_fit)(k / 2));
}

static void same_size(void)
{
	struct lep_image in = make(13, 9, 3), out = {0};

	for (int fit = 0; fit < 3; fit++) {
		CHECK(lep_image_resize(&in, 13, 9, (enum lep_fit)fit, NULL, &out, &err) == 0);
		CHECK(memcmp(in.pixels, out.pixels, 13 * 9 * 3) == 0);
	}
	lep_image_release(&in);
	lep_image_release(&out);
}

/* What is only cut or padded is not touched. */
static void same_scale(void)
{
	struct lep_image in = make(12, 8, 3), out = {0};

	CHECK(lep_image_resize(&in, 8, 8, LEP_FIT_CROP, NULL, &out, &err) == 0);
	for (int y = 0; y < 8; y++)
		CHECK(memcmp(out.pixels + y * 24, in.pixels + y * 36 + 6, 24) == 0);
	CHECK(lep_image_resize(&in, 15, 8, LEP_FIT_PAD, NULL, &out, &err) == 0);
	for (int y = 0; y < 8; y++) {
		static const uint8_t zero[6];

		CHECK(memcmp(out.pixels + y * 45 + 3, in.pixels + y * 36, 36) == 0);
		CHECK(memcmp(out.pixels + y * 45, zero, 3) == 0);
		CHECK(memcmp(out.pixels + y * 45 + 39, zero, 6) == 0);
	}
	lep_image_release(&in);
	lep_image_release(&out);
}

static void constant(void)
{
	static const int values[] = {0, 1, 127, 200, 254, 255};

	for (int i = 0; i < 6; i++) {
		struct lep_image in = make(301, 97, i & 1 ? 3 : 1), out = {0};
		size_t n = (size_t)(301 * 97 * in.channels);

		memset(in.pixels, values[i], n);
		for (int64_t w = 1; w < 700; w += 1 + w / 3) {
			CHECK(lep_image_resize(&in, w, 1 + w * 2 / 3, LEP_FIT_CROP, NULL, &out, &err) == 0);
			n = (size_t)(out.width * out.height * out.channels);
			for (size_t k = 0; k < n; k++)
				CHECKF(out.pixels[k] == values[i], "%d, not %d", out.pixels[k], values[i]);
		}
		lep_image_release(&in);
		lep_image_release(&out);
	}
}

/* The finest checker there is must become gray, not stripes; so must any
 * stripes finer than the reduction. */
static void no_aliasing(void)
{
	struct lep_image in = make(64, 64, 1), out = {0};

	for (int i = 0; i < 64 * 64; i++)
		in.pixels[i] = (i / 64 + i % 64) % 2 ? 255 : 0;
	CHECK(lep_image_resize(&in, 32, 32, LEP_FIT_STRETCH, NULL, &out, &err) == 0);
	for (int y = 1; y < 31; y++)
		for (int x = 1; x < 31; x++)
			CHECKF(abs(out.pixels[y * 32 + x] - 128) <= 1, "%d", out.pixels[y * 32 + x]);
	for (int i = 0; i < 64 * 64; i++)
		in.pixels[i] = i % 3 ? 90 : 0; /* mean 60 */
	CHECK(lep_image_resize(&in, 11, 11, LEP_FIT_STRETCH, NULL, &out, &err) == 0);
	for (int i = 0; i < 11 * 11; i++)
		CHECKF(abs(out.pixels[i] - 60) <= 6, "%d", out.pixels[i]);
	lep_image_release(&in);
	lep_image_release(&out);
}

static void refused(void)
{
	struct lep_image in = make(4, 4, 1), out = {0}, none = {0};
	struct lep_image line = make(1 << 20, 1, 1);

	CHECK(lep_image_resize(&in, 0, 4, LEP_FIT_CROP, NULL, &out, &err) == LEP_ERR_USAGE);
	CHECK(lep_image_resize(&in, 4, -1, LEP_FIT_CROP, NULL, &out, &err) == LEP_ERR_USAGE);
	CHECK(lep_image_resize(&none, 4, 4, LEP_FIT_CROP, NULL, &out, &err) == LEP_ERR_USAGE);
	CHECK(lep_image_resize(&in, INT64_MAX, 4, LEP_FIT_PAD, NULL, &out, &err) == LEP_ERR_USAGE);
	CHECK(lep_image_resize(&line, 2, 4000, LEP_FIT_CROP, NULL, &out, &err) == LEP_ERR_USAGE);
	CHECK(out.width == 0);
	CHECK(lep_image_resize(&line, 2, 4000, LEP_FIT_PAD, NULL, &out, &err) == 0);
	CHECK(lep_image_resize(&line, 2, 1000, LEP_FIT_CROP, NULL, &out, &err) == 0);
	lep_image_release(&in);
	lep_image_release(&line);
	lep_image_release(&out);
}

/* A change of these bytes is a change of every recipe with a resize. */
static void digest(void)
{
	struct lep_image in = {0}, out = {0};
	uint64_t h = 14695981039346656037u;

	state = 1;
	in = make(37, 23, 3);
	for (int k = 0; k < 3; k++) {
		CHECK(lep_image_resize(&in, 16 + 30 * k, 16, (enum lep_fit)k, NULL, &out, &err) == 0);
		for (int64_t i = 0; i < out.width * out.height * 3; i++)
			h = (h ^ out.pixels[i]) * 1099511628211u;
	}
	CHECKF(h == 0xe9ec4834339001a7, "%016llx", (unsigned long long)h);
	lep_image_release(&in);
	lep_image_release(&out);
}

static void flips(void)
{
	for (int64_t w = 1; w <= 5; w++)
		for (int64_t h = 1; h <= 4; h++)
			for (int c = 1; c <= 3; c += 2) {
				struct lep_image in = make(w, h, c), out = {0};

				for (int f = LEP_FLIP_NONE; f <= LEP_FLIP_VERTICAL; f++) {
					CHECK(lep_image_resize(&in, w, h, LEP_FIT_STRETCH, NULL, &out, &err) == 0);
					lep_image_flip(&out, (enum lep_flip)f);
					for (int64_t i = 0; i < w * h * c; i++) {
						int64_t x = i / c % w, y = i / c / w;

						x = f == LEP_FLIP_HORIZONTAL ? w - 1 - x : x;
						y = f == LEP_FLIP_VERTICAL ? h - 1 - y : y;
						CHECK(out.pixels[i] == in.pixels[(y * w + x) * c + i % c]);
					}
				}
				lep_image_release(&in);
				lep_image_release(&out);
			}
}

int main(void)
{
	RUN(sizes);
	RUN(same_size);
	RUN(same_scale);
	RUN(constant);
	RUN(no_aliasing);
	RUN(refused);
	RUN(flips);
	RUN(digest);
	return CHECK_END();
}
