/* Pooling of one picture. */
#include "kernel/isa/isa.h"

/* The part of a window that lies inside: rows [y0, y1), columns [x0, x1) of
 * the picture; top and left are where the window itself begins. */
struct window {
	ptrdiff_t top, left;
	size_t y0, y1, x0, x1;
};

static void side(size_t i, size_t stride, size_t pad, size_t k, size_t size, ptrdiff_t *start,
	size_t *from, size_t *to)
{
	ptrdiff_t a = (ptrdiff_t)(i * stride) - (ptrdiff_t)pad, b = a + (ptrdiff_t)k;

	*start = a;
	*from = a < 0 ? 0 : (size_t)a;
	*to = b < 0 ? 0 : (size_t)b < size ? (size_t)b : size;
	if (*from > *to)
		*from = *to;
}

static struct window window(const struct lep_pool *p, size_t i, size_t j)
{
	struct window w;

	side(i, p->sh, p->ph, p->kh, p->h, &w.top, &w.y0, &w.y1);
	side(j, p->sw, p->pw, p->kw, p->w, &w.left, &w.x0, &w.x1);
	return w;
}

static uint32_t tap(const struct lep_pool *p, const struct window *w, size_t a, size_t b)
{
	return (uint32_t)((a - (size_t)w->top) * p->kw + (b - (size_t)w->left));
}

SIMD void max_window(const struct lep_pool *p, const struct window *w, lep_real *y, uint16_t *arg,
	const lep_real *x)
{
	size_t a, b, c;

	for (c = 0; c < p->c; c += VL) {
		size_t m = p->c - c < VL ? p->c - c : VL;
		vf best = vf_zero();
		vt at = vt_set1(0);
		int first = 1;

		for (a = w->y0; a < w->y1; a++) {
			for (b = w->x0; b < w->x1; b++) {
				vf v = vf_load_upto(x + (a * p->w + b) * p->c + c, m);
				vt t = vt_set1(tap(p, w, a, b));
				vm more = vf_gt(v, best);

				best = first ? v : vf_sel(more, v, best);
				at = first ? t : vt_sel(more, t, at);
				first = 0;
			}
		}
		vf_store_upto(y + c, best, m);
		if (arg)
			vt_store_n(arg + c, at, m);
	}
}

/* A whole window of 2 x 2 from x on: the common case, without the counting. */
#define TAP_2X2(i, p) \
	do { \
		vf v = vf_load_upto(p, m); \
		at = vt_sel(vf_gt(v, best), vt_set1(i), at); \
		best = vf_max(v, best); \
	} while (0)

SIMD void max_2x2(lep_real *y, uint16_t *arg, const lep_real *x, size_t row, size_t channels)
{
	size_t c;

	for (c = 0; c < channels; c += VL) {
		size_t m = channels - c < VL ? channels - c : VL;
		vf best = vf_load_upto(x + c, m);
		vt at = vt_set1(0);

		TAP_2X2(1, x + c + channels);
		TAP_2X2(2, x + c + row);
		TAP_2X2(3, x + c + row + channels);
		vf_store_upto(y + c, best, m);
		if (arg)
			vt_store_n(arg + c, at, m);
	}
}

/* Whether the windows are 2 x 2, apart, and all inside. */
static int is_2x2(const struct lep_pool *p)
{
	return p->kh == 2 && p->kw == 2 && p->sh == 2 && p->sw == 2 && p->ph == 0 && p->pw == 0 &&
	       p->oh * 2 <= p->h && p->ow * 2 <= p->w;
}

void ISA(maxpool_forward)(const struct lep_pool *p, lep_real *y, uint16_t *arg, const lep_real *x)
{
	const int small = is_2x2(p);
	size_t i, j;

	for (i = 0; i < p->oh; i++) {
		for (j = 0; j < p->ow; j++) {
			if (small) {
				max_2x2(y, arg, x + 2 * (i * p->w + j) * p->c, p->w * p->c, p->c);
			} else {
				struct window w = window(p, i, j);

				max_window(p, &w, y, arg, x);
			}
			y += p->c;
			if (arg)
				arg += p->c;
		}
	}
}

/* dy where the pooled value is above 0, if there are such. */
SIMD vf pooled_slope(const lep_real *dy, const lep_real *y, size_t m)
{
	vf d = vf_load_upto(dy, m);

	return y ? vf_sel(vf_gt(vf_load_upto(y, m), vf_zero()), d, vf_zero()) : d;
}

/* Written at once, for no other window comes here. Adding 0 makes -0 into 0,
 * as adding into a cleared dx does. */
#define BACK_2X2(i, p) \
	vf_store_upto(p, vf_add(vf_zero(), vf_sel(vt_eq(at, vt_set1(i)), d, vf_zero())), m)

SIMD void back_2x2(lep_real *dx, const lep_real *dy, const uint16_t *arg, const lep_real *y,
	size_t row, size_t channels)
{
	size_t c;

	for (c = 0; c < channels; c += VL) {
		size_t m = channels - c < VL ? channels - c : VL;
		vf d = pooled_slope(dy + c, y ? y + c : NULL, m);
		vt at = vt_load_n(arg + c, m);

		BACK_2X2(0, dx + c);
		BACK_2X2(1, dx + c + channels);
		BACK_2X2(2, dx + c + row);
		BACK_2X2(3, dx + c + row + channels);
	}
}

static void backward_2x2(const struct lep_pool *p, lep_real *dx, const lep_real *dy,
	const uint16_t *arg, const lep_real *y)
{
	const size_t c = p->c, row = p->w * c, used = 2 * p->ow * c;
	size_t i, j;

	for (i = 0; i < p->oh; i++, dx += 2 * row) {
		for (j = 0; j < p->ow; j++, dy += c, arg += c, y = y ? y + c : NULL)
			back_2x2(dx + 2 * j * c, dy, arg, y, row, c);
		if (used < row) {
			memset(dx + used, 0, (row - used) * sizeof(*dx));
			memset(dx + row + used, 0, (row - used) * sizeof(*dx));
		}
	}
	memset(dx, 0, (p->h - 2 * p->oh) * row * sizeof(*dx));
}

void ISA(maxpool_backward)(const struct lep_pool *p, lep_real *dx, const lep_real *dy,
	const uint16_t *arg, const lep_real *y)
{
	size_t i, j, a, b, c;

	if (is_2x2(p)) {
		backward_2x2(p, dx, dy, arg, y);
		return;
	}
	memset(dx, 0, p->h * p->w * p->c * sizeof(*dx));
	for (i = 0; i < p->oh; i++) {
		for (j = 0; j < p->ow; j++) {
			struct window w = window(p, i, j);

			for (c = 0; c < p->c; c += VL) {
				size_t m = p->c - c < VL ? p->c - c : VL;
				vf d = pooled_slope(dy + c, y ? y + c : NULL, m);
				vt at = vt_load_n(arg + c, m);

				for (a = w.y0; a < w.y1; a++) {
					for (b = w.x0; b < w.x1; b++) {
						lep_real *q = dx + (a * p->w + b) * p->c + c;
						vm here = vt_eq(at, vt_set1(tap(p, &w, a, b)));

						vf_store_upto(q, vf_add(vf_load_upto(q, m),
							vf_sel(here, d, vf_zero())), m);
					}
				}
			}
			dy += p->c;
			arg += p->c;
			if (y)
				y += p->c;
		}
	}
}

/* The mean of a window of `count` places, of m channels from where x and y begin. */
SIMD void mean_window(const size_t m, const struct lep_pool *p, const struct window *w, lep_real *y, const lep_real *x,
	vf count)
{
	vf s = vf_zero();

	for (size_t a = w->y0; a < w->y1; a++)
		for (size_t b = w->x0; b < w->x1; b++)
			s = vf_add(s, vf_load_upto(x + (a * p->w + b) * p->c, m));
	vf_store_upto(y, vf_div(s, count), m);
}

SIMD void spread_window(const size_t m, const struct lep_pool *p, const struct window *w, lep_real *dx,
	const lep_real *dy, vf count)
{
	vf d = vf_div(vf_load_upto(dy, m), count);

	for (size_t a = w->y0; a < w->y1; a++) {
		for (size_t b = w->x0; b < w->x1; b++) {
			lep_real *q = dx + (a * p->w + b) * p->c;

			vf_store_upto(q, vf_add(vf_load_upto(q, m), d), m);
		}
	}
}

SIMD vf places(const struct window *w)
{
	size_t count = (w->y1 - w->y0) * (w->x1 - w->x0);

	return vf_set1(R(count ? count : 1));
}

void ISA(avgpool_forward)(const struct lep_pool *p, lep_real *y, const lep_real *x)
{
	for (size_t i = 0; i < p->oh; i++) {
		for (size_t j = 0; j < p->ow; j++, y += p->c) {
			const struct window w = window(p, i, j);
			const vf n = places(&w);
			size_t c = 0;

			for (; c + VL <= p->c; c += VL)
				mean_window(VL, p, &w, y + c, x + c, n);
			if (c < p->c)
				mean_window(p->c - c, p, &w, y + c, x + c, n);
		}
	}
}

void ISA(avgpool_backward)(const struct lep_pool *p, lep_real *dx, const lep_real *dy)
{
	memset(dx, 0, p->h * p->w * p->c * sizeof(*dx));
	for (size_t i = 0; i < p->oh; i++) {
		for (size_t j = 0; j < p->ow; j++, dy += p->c) {
			const struct window w = window(p, i, j);
			const vf n = places(&w);
			size_t c = 0;

			for (; c + VL <= p->c; c += VL)
				spread_window(VL, p, &w, dx + c, dy + c, n);
			if (c < p->c)
				spread_window(p->c - c, p, &w, dx + c, dy + c, n);
		}
	}
}

void ISA(global_avg_forward)(lep_real *y, const lep_real *x, size_t n, size_t c)
{
	const struct lep_pool p = {n, 1, c, 1, 1, n, 1, 1, 1, 0, 0};

	ISA(avgpool_forward)(&p, y, x);
}

void ISA(global_avg_backward)(lep_real *dx, const lep_real *dy, size_t n, size_t c)
{
	const struct lep_pool p = {n, 1, c, 1, 1, n, 1, 1, 1, 0, 0};

	ISA(avgpool_backward)(&p, dx, dy);
}
