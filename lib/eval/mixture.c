/* Weights of a mixture: text, and the convex fits. */
#include "eval/mixture.h"

#include <math.h>
#include <string.h>

#include "base/math.h"
#include "base/text.h"

/* ---- text ---- */

/* Digits, point, exponent; 0 where it is no such number. Products and quotients of
 * exact numbers, so correctly rounded for up to 15 digits, as people write them. */
static int parse_one(const char *s, size_t len, double *v)
{
	const char *end = s + len;
	int digits = 0, scale = 0, exponent = 0, minus = 0;

	*v = 0;
	for (; s < end && *s >= '0' && *s <= '9'; s++, digits++)
		*v = *v * 10 + (*s - '0');
	if (s < end && *s == '.')
		for (s++; s < end && *s >= '0' && *s <= '9'; s++, digits++, scale--)
			*v = *v * 10 + (*s - '0');
	if (digits == 0 || digits > 20)
		return 0;
	if (s < end && (*s == 'e' || *s == 'E')) {
		s++;
		minus = s < end && *s == '-';
		s += s < end && (*s == '-' || *s == '+');
		if (s == end)
			return 0;
		for (; s < end && *s >= '0' && *s <= '9' && exponent < 300; s++)
			exponent = exponent * 10 + (*s - '0');
	}
	scale += minus ? -exponent : exponent;
	*v = scale < 0 ? *v / lep_pow_int(10, -scale) : *v * lep_pow_int(10, scale);
	return s == end;
}

int lep_mixture_parse(double *w, size_t n, const char *text, struct lep_error *e)
{
	const char *at = text;
	double sum = 0;
	size_t found = 1;

	for (const char *p = text; *p; p++)
		found += *p == ',';
	if (found != n)
		return lep_fail(e, LEP_ERR_USAGE, "'%s' is %zu weights for %zu models", text, found, n);
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(at, ",");

		if (*at == '-')
			return lep_fail(e, LEP_ERR_USAGE, "'%.*s': a weight is not below 0", (int)len, at);
		if (!parse_one(at, len, &w[i]) || !isfinite(w[i]))
			return lep_fail(e, LEP_ERR_USAGE, "'%.*s' is not a weight", (int)len, at);
		sum += w[i];
		at += len + 1;
	}
	if (!(sum > 0) || !isfinite(sum))
		return lep_fail(e, LEP_ERR_USAGE, "'%s': no weight is above 0", text);
	for (size_t i = 0; i < n; i++)
		w[i] /= sum;
	return 0;
}

void lep_mixture_text(struct lep_buf *out, const double *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			lep_buf_addc(out, ',');
		lep_text_number(out, floor(w[i] * 1e6 + 0.5) / 1e6);
	}
}

/* ---- cases ---- */

int lep_mixture_init(struct lep_mixture *m, size_t n, int numbers, struct lep_error *e)
{
	*m = (struct lep_mixture){.n = n, .numbers = numbers};
	if (n < 1 || n > LEP_MIXTURE_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "%zu models are more than %d", n, LEP_MIXTURE_MAX);
	m->square = lep_alloc(n * n, sizeof(double));
	return m->square ? 0 : lep_fail_nomem(e, 0);
}

void lep_mixture_release(struct lep_mixture *m)
{
	lep_free(m->p);
	lep_free(m->square);
	*m = (struct lep_mixture){0};
}

int lep_mixture_add(struct lep_mixture *m, const double *p, struct lep_error *e)
{
	size_t n = m->n;

	if (m->numbers) {
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++)
				m->square[i * n + j] += p[i] * p[j];
		m->cases++;
		return 0;
	}
	if (m->cases == m->room) {
		size_t room = m->room ? 2 * m->room : 4096;
		double *more = lep_grow(m->p, m->room * n * sizeof(double), room * n, sizeof(double));

		if (!more)
			return lep_fail_nomem(e, (double)room * (double)n * sizeof(double));
		m->p = more;
		m->room = room;
	}
	for (size_t i = 0; i < n; i++)
		m->p[m->cases * n + i] = p[i] > LEP_MIXTURE_LEAST ? p[i] : LEP_MIXTURE_LEAST;
	m->cases++;
	return 0;
}

static double mix(const double *p, const double *w, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += w[i] * p[i];
	return sum;
}

double lep_mixture_loss(const struct lep_mixture *m, const double *w)
{
	size_t n = m->n;
	double sum = 0;

	if (m->numbers) {
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++)
				sum += w[i] * w[j] * m->square[i * n + j];
	} else {
		for (uint64_t c = 0; c < m->cases; c++)
			sum -= lep_log(mix(m->p + c * n, w, n));
	}
	return m->cases ? sum / (double)m->cases : 0;
}

/* ---- the quadratic over the simplex ---- */

/*
 * Minimises w'Qw / 2 + c'w over w >= 0 that keep their sum, from w on: the pair of the
 * least slope and the greatest that can give, exactly along their line, again and again.
 */
static void minimise(const double *q, const double *c, double *w, size_t n)
{
	double slope[LEP_MIXTURE_MAX] = {0};

	for (int round = 0; round < 100000; round++) {
		size_t to = 0, from = n;
		double scale = 0, step, curve;

		/* Anew each time: n is small, and nothing adds up. */
		for (size_t i = 0; i < n; i++) {
			slope[i] = (c ? c[i] : 0) + mix(q + i * n, w, n);
			scale = fabs(slope[i]) > scale ? fabs(slope[i]) : scale;
			if (slope[i] < slope[to])
				to = i;
		}
		for (size_t i = 0; i < n; i++)
			if (w[i] > 0 && (from == n || slope[i] > slope[from]))
				from = i;
		if (from == n || !(slope[from] - slope[to] > 1e-12 * scale))
			return;
		curve = q[from * n + from] + q[to * n + to] - 2 * q[from * n + to];
		step = curve > 0 ? (slope[from] - slope[to]) / curve : w[from];
		step = step < w[from] ? step : w[from];
		w[to] += step;
		w[from] -= step;
	}
}

/* Slopes and curvatures of the log loss; the gap that is left. */
static double quadratic(const struct lep_mixture *m, const double *w, double *q, double *slope)
{
	size_t n = m->n;
	double most = 0;

	memset(q, 0, n * n * sizeof(*q));
	memset(slope, 0, n * sizeof(*slope));
	for (uint64_t k = 0; k < m->cases; k++) {
		const double *p = m->p + k * n;
		double by = mix(p, w, n);

		for (size_t i = 0; i < n; i++) {
			double r = p[i] / by;

			slope[i] -= r;
			for (size_t j = 0; j <= i; j++)
				q[i * n + j] += r * (p[j] / by);
		}
	}
	for (size_t i = 0; i < n; i++) {
		slope[i] /= (double)m->cases;
		most = -slope[i] > most ? -slope[i] : most;
		for (size_t j = 0; j <= i; j++)
			q[i * n + j] = q[j * n + i] = q[i * n + j] / (double)m->cases;
	}
	return most - 1;
}

/* Newton's steps; room: q, slope, c, next of n x n, n, n, n. */
static void fit_classes(const struct lep_mixture *m, double *w, double *room)
{
	size_t n = m->n;
	double *q = room, *slope = q + n * n, *c = slope + n, *next = c + n, *there = next + n;
	double loss = lep_mixture_loss(m, w);

	for (int step = 0; step < 100; step++) {
		double part = 1, now = loss;

		if (!(quadratic(m, w, q, slope) > 1e-10))
			return;
		for (size_t i = 0; i < n; i++)
			c[i] = slope[i] - mix(q + i * n, w, n);
		memcpy(there, w, n * sizeof(*w));
		minimise(q, c, there, n);
		for (int halving = 0; halving < 50; halving++, part /= 2) {
			for (size_t i = 0; i < n; i++)
				next[i] = w[i] + part * (there[i] - w[i]);
			now = lep_mixture_loss(m, next);
			if (now < loss)
				break;
		}
		if (!(now < loss))
			return;
		memcpy(w, next, n * sizeof(*w));
		loss = now;
	}
}

int lep_mixture_fit(const struct lep_mixture *m, double *w, struct lep_error *e)
{
	size_t n = m->n;
	double *room, sum = 0;

	if (!m->cases)
		return lep_fail(e, LEP_ERR_DATA, "no case to fit weights to");
	room = lep_alloc(n * n + 4 * n, sizeof(*room));
	if (!room)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < n; i++)
		w[i] = 1 / (double)n;
	if (m->numbers)
		minimise(m->square, NULL, w, n);
	else
		fit_classes(m, w, room);
	for (size_t i = 0; i < n; i++)
		sum += w[i];
	for (size_t i = 0; i < n; i++)
		w[i] /= sum;
	lep_free(room);
	return 0;
}
