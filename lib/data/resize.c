/*
 * Resizing by a separable triangle filter in integers; the rules stand in
 * image.h. The triangle of output pixel i of n, over m input pixels, is centred
 * on (i + 1/2) m / n and reaches max(m / n, 1) to both sides; times 2 n all of
 * that is whole numbers, so the weights are exact up to one rounding.
 */
#include "data/image.h"

#include <inttypes.h>
#include <string.h>

#define BITS 22
#define HALF (1u << (BITS - 1))

/* Longer sides, and more memory between the two passes, are refused. */
#define MAX_SIDE ((int64_t)1 << 28)
#define MAX_FULL ((int64_t)1 << 31)
#define MAX_RING ((size_t)1 << 30)

/* What one axis needs: output i is the sum over w[i * taps + k] * in[from[i] + k],
 * k < count[i]. */
struct axis {
	int64_t taps; /* at most */
	int64_t *from, *count;
	uint32_t *w;
};

static void axis_release(struct axis *a)
{
	lep_free(a->from);
	lep_free(a->count);
	lep_free(a->w);
}

static uint32_t share(uint64_t part, uint64_t total)
{
	if (total < (uint64_t)1 << (63 - BITS))
		return (uint32_t)(((part << BITS) + total / 2) / total);
	return (uint32_t)((((unsigned __int128)part << BITS) + total / 2) / total);
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Outputs at..at + n of `full` over m inputs. */
static int axis_init(struct axis *a, int64_t m, int64_t full, int64_t at, int64_t n,
	struct lep_error *e)
{
	int64_t reach = 2 * max64(m, full); /* of the triangle, times 2 * full */
	size_t weights;

	a->taps = reach / full + 2;
	a->from = lep_alloc((size_t)n, sizeof *a->from);
	a->count = lep_alloc((size_t)n, sizeof *a->count);
	if (lep_mul_overflow((size_t)n, (size_t)a->taps, &weights) || weights > MAX_RING)
		return lep_fail(e, LEP_ERR_USAGE, "resizing %" PRId64 " to %" PRId64 " pixels takes "
		                "too much memory", m, full);
	a->w = lep_alloc(weights, sizeof *a->w);
	if (!a->from || !a->count || !a->w)
		return lep_fail_nomem(e, (double)weights * sizeof *a->w);
	for (int64_t i = 0; i < n; i++) {
		int64_t centre = (2 * (at + i) + 1) * m, lo, hi;
		uint32_t *w = a->w + i * a->taps, last = 0;
		uint64_t total = 0, sum = 0;

		/* j with |(2 j + 1) full - centre| < reach */
		lo = centre - reach - full < 0 ? 0 : (centre - reach - full) / (2 * full) + 1;
		hi = (centre + reach - full + 2 * full - 1) / (2 * full);
		if (hi > m)
			hi = m;
		for (int64_t j = lo; j < hi; j++) {
			int64_t d = (2 * j + 1) * full - centre;

			total += (uint64_t)(reach - (d < 0 ? -d : d));
		}
		/* Shares of the running sum: whatever is rounded, they add up. */
		for (int64_t j = lo; j < hi; j++) {
			int64_t d = (2 * j + 1) * full - centre;
			uint32_t next;

			sum += (uint64_t)(reach - (d < 0 ? -d : d));
			next = share(sum, total);
			w[j - lo] = next - last;
			last = next;
		}
		a->from[i] = lo;
		a->count[i] = hi - lo;
	}
	return 0;
}

static void row_across(const struct axis *a, const uint8_t *in, int c, int64_t n, uint8_t *out)
{
	for (int64_t i = 0; i < n; i++, out += c) {
		const uint32_t *w = a->w + i * a->taps;
		const uint8_t *p = in + a->from[i] * c;
		uint32_t s0 = HALF, s1 = HALF, s2 = HALF;

		if (c == 1) {
			for (int64_t k = 0; k < a->count[i]; k++)
				s0 += w[k] * p[k];
			out[0] = (uint8_t)(s0 >> BITS);
			continue;
		}
		for (int64_t k = 0; k < a->count[i]; k++, p += 3) {
			s0 += w[k] * p[0];
			s1 += w[k] * p[1];
			s2 += w[k] * p[2];
		}
		out[0] = (uint8_t)(s0 >> BITS);
		out[1] = (uint8_t)(s1 >> BITS);
		out[2] = (uint8_t)(s2 >> BITS);
	}
}

/* sum[x] += w * row[x]; in blocks that the compiler makes vectors of at -O2 */
static void add_row(uint32_t *restrict sum, const uint8_t *restrict row, uint32_t w, size_t n)
{
	size_t x = 0;

	for (; x + 16 <= n; x += 16)
		for (size_t i = 0; i < 16; i++)
			sum[x + i] += w * row[x + i];
	for (; x < n; x++)
		sum[x] += w * row[x];
}

/* The part of a picture that is wanted: columns x.. and rows y.. of it at full
 * size fw x fh, put at `to`, whose rows are `pitch` bytes apart. */
struct window {
	int64_t fw, fh, x, y, w, h;
	uint8_t *to;
	size_t pitch;
};

/* Rows are resized across as the filter down comes to them, and kept in a ring
 * as long as it needs them. */
static int scale_with(const struct lep_image *in, const struct window *win, const struct axis *h,
	const struct axis *v, uint8_t *ring, uint32_t *sum)
{
	int c = in->channels;
	size_t line = (size_t)win->w * (size_t)c, inline_bytes = (size_t)in->width * (size_t)c;
	int same = win->fw == in->width && win->w == win->fw;
	int64_t ready = v->from[0];

	for (int64_t y = 0; y < win->h; y++) {
		const uint32_t *w = v->w + y * v->taps;
		uint8_t *to = win->to + (size_t)y * win->pitch;

		for (size_t x = 0; x < line; x++)
			sum[x] = HALF;
		for (int64_t k = 0; k < v->count[y]; k++) {
			int64_t r = v->from[y] + k;
			uint8_t *kept = ring + (size_t)(r % v->taps) * line;
			const uint8_t *row = in->pixels + (size_t)r * inline_bytes;

			if (!same && r >= ready) {
				row_across(h, row, c, win->w, kept);
				ready = r + 1;
			}
			if (!same)
				row = kept;
			add_row(sum, row, w[k], line);
		}
		for (size_t x = 0; x < line; x++)
			to[x] = (uint8_t)(sum[x] >> BITS);
	}
	return 0;
}

static int scale(const struct lep_image *in, const struct window *win, struct lep_error *e)
{
	size_t line = (size_t)win->w * (size_t)in->channels, bytes = 0;
	struct axis h = {0}, v = {0};
	uint8_t *ring = NULL;
	uint32_t *sum = NULL;
	int rc = axis_init(&h, in->width, win->fw, win->x, win->w, e);

	if (!rc)
		rc = axis_init(&v, in->height, win->fh, win->y, win->h, e);
	if (!rc && (lep_mul_overflow(line, (size_t)v.taps, &bytes) || bytes > MAX_RING))
		rc = lep_fail(e, LEP_ERR_USAGE, "resizing %" PRId64 " x %" PRId64 " to %" PRId64
		              " x %" PRId64 " takes too much memory", in->width, in->height,
		              win->fw, win->fh);
	if (!rc) {
		ring = lep_alloc(bytes, 1);
		sum = lep_alloc(line, sizeof *sum);
		rc = ring && sum ? scale_with(in, win, &h, &v, ring, sum)
		                 : lep_fail_nomem(e, (double)bytes);
	}
	lep_free(ring);
	lep_free(sum);
	axis_release(&h);
	axis_release(&v);
	return rc;
}

/* a * b / c, rounded to nearest, at least 1 */
static int64_t proportion(int64_t a, int64_t b, int64_t c)
{
	return max64(1, (2 * a * b + c) / (2 * c));
}

static void fill(struct lep_image *im, const uint8_t background[3])
{
	static const uint8_t black[3];
	const uint8_t *b = background ? background : black;
	size_t n = (size_t)im->width * (size_t)im->height;

	if (im->channels == 1) {
		memset(im->pixels, lep_gray(b[0], b[1], b[2]), n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		memcpy(im->pixels + 3 * i, b, 3);
}

int lep_image_resize(const struct lep_image *in, int64_t width, int64_t height, enum lep_fit fit,
	const uint8_t background[3], struct lep_image *out, struct lep_error *e)
{
	struct window win = {width, height, 0, 0, width, height, NULL, 0};
	int64_t wide = in->width, high = in->height;
	int c = in->channels, rc;

	if (wide <= 0 || high <= 0 || (c != 1 && c != 3) || width <= 0 || height <= 0 ||
	    wide > MAX_SIDE || high > MAX_SIDE || width > MAX_SIDE || height > MAX_SIDE)
		return lep_fail(e, LEP_ERR_USAGE, "cannot resize %" PRId64 " x %" PRId64 " to %" PRId64
		                " x %" PRId64, wide, high, width, height);
	rc = lep_image_reserve(out, width, height, c, e);
	if (rc)
		return rc;
	win.pitch = (size_t)width * (size_t)c;
	win.to = out->pixels;
	if (wide == width && high == height) {
		memcpy(out->pixels, in->pixels, win.pitch * (size_t)height);
		return 0;
	}
	if (fit != LEP_FIT_STRETCH) {
		/* in is wider than the size asked for, and what is to be cut or
		 * filled therefore lies left and right (crop), above and below (pad) */
		int wider = wide * height >= high * width;

		if (wider == (fit == LEP_FIT_CROP))
			win.fw = proportion(wide, height, high);
		else
			win.fh = proportion(high, width, wide);
	}
	if (win.fw > MAX_FULL || win.fh > MAX_FULL) {
		out->width = 0;
		return lep_fail(e, LEP_ERR_USAGE, "%" PRId64 " x %" PRId64 " cannot be cropped to %"
		                PRId64 " x %" PRId64, wide, high, width, height);
	}
	if (fit == LEP_FIT_CROP) {
		win.x = (win.fw - width) / 2;
		win.y = (win.fh - height) / 2;
	} else if (fit == LEP_FIT_PAD) {
		fill(out, background);
		win.w = win.fw;
		win.h = win.fh;
		win.to += ((height - win.fh) / 2 * width + (width - win.fw) / 2) * c;
	}
	rc = scale(in, &win, e);
	if (rc)
		out->width = 0;
	return rc;
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t v = a[i];

		a[i] = b[i];
		b[i] = v;
	}
}

void lep_image_flip(struct lep_image *im, enum lep_flip flip)
{
	const size_t c = (size_t)im->channels, height = (size_t)im->height, row = (size_t)im->width * c;

	for (size_t y = 0; y < height / 2 && flip == LEP_FLIP_VERTICAL; y++)
		swap(im->pixels + y * row, im->pixels + (height - 1 - y) * row, row);
	for (size_t y = 0; y < height && flip == LEP_FLIP_HORIZONTAL; y++)
		for (size_t x = 0; x + c < row - x; x += c)
			swap(im->pixels + y * row + x, im->pixels + (y + 1) * row - c - x, c);
}
