/*
 * conv ... whiten: filters out of the data. Neighbouring pixels are much alike, so
 * a window's numbers are, and a filter that is learnt must first undo that. The
 * principal components of the windows, each divided by its deviation, are filters
 * whose results are not (Coates and Ng 2012; frozen, and with their negatives: Jordan 2024).
 */
#include <math.h>
#include <string.h>

#include "nn/conv.h"
#include "nn/trainer.h"

enum {
	SAMPLES = 5000,           /* at most, from all over the data: records often come by class */
	WINDOWS = 256,            /* at most, of each, */
	NUMBERS = 4096            /* with so many numbers: the work grows with their square */
};

/* Components that hardly vary are noise: the mean variance times this is added to each. */
#define EPS 0.0005

struct whiten {
	const struct lep_conv *a;
	size_t n;                 /* numbers of a window */
	double *products;         /* n x n: the mean of window times window; then, on its diagonal, variances */
	double *vectors;          /* n x n, a component a column */
	lep_real *picture;
};

/* ---- the windows ---- */

/* Adds those of the picture; how many there were. */
static size_t add_picture(struct whiten *h)
{
	const struct lep_conv *a = h->a;
	const size_t rows = a->h - (a->kh - 1) * a->dilation, columns = a->w - (a->kw - 1) * a->dilation;
	double window[LEP_WHITEN_MAX];
	const size_t most = NUMBERS / h->n < WINDOWS ? NUMBERS / h->n : WINDOWS;
	size_t step = 1, count = 0;

	while (((rows + step - 1) / step) * ((columns + step - 1) / step) > most)
		step++;
	for (size_t y = 0; y < rows; y += step)
		for (size_t x = 0; x < columns; x += step, count++) {
			for (size_t k = 0; k < h->n; k++) {
				size_t tap = k / a->c, i = y + tap / a->kw * a->dilation, j = x + tap % a->kw * a->dilation;

				window[k] = (double)h->picture[(i * a->w + j) * a->c + k % a->c];
			}
			for (size_t k = 0; k < h->n; k++)
				for (size_t l = 0; l <= k; l++)
					h->products[k * h->n + l] += window[k] * window[l];
		}
	return count;
}

static int add_pictures(struct lep_trainer *t, size_t input, struct whiten *h, struct lep_error *e)
{
	const struct lep_samples *d = &t->train;
	const struct lep_head *head = lep_dataset_head(d->data);
	const size_t samples = d->n < SAMPLES ? d->n : SAMPLES;
	struct lep_place p;
	size_t count = 0;

	for (size_t i = 0; i < samples; i++) {
		int rc = lep_samples_place(d, t, d->n * i / samples, &p, e);

		if (rc)
			return rc;
		rc = lep_feed_value(&d->feed, input, head, p.frame, p.at, NULL, 1, h->picture, NULL);
		if (rc)
			return rc;
		count += add_picture(h);
	}
	for (size_t k = 0; k < h->n; k++)
		for (size_t l = 0; l <= k; l++)
			h->products[l * h->n + k] = h->products[k * h->n + l] /= (double)count;
	return 0;
}

/* ---- the components ---- */

/* x and y become c x - s y and s x + c y, n numbers `step` apart. */
static void turn(double *x, double *y, size_t n, size_t step, double c, double s)
{
	for (size_t i = 0; i < n * step; i += step) {
		double was = x[i];

		x[i] = c * was - s * y[i];
		y[i] = s * was + c * y[i];
	}
}

/* Eigenvectors of the symmetric products into the columns of vectors, eigenvalues
 * onto its diagonal: Jacobi's method, which turns away one product at a time
 * (Golub and Van Loan, Matrix Computations, 8.5). */
static void decompose(struct whiten *h)
{
	const size_t n = h->n;
	double *m = h->products, *v = h->vectors, off = 1, all = 0;

	for (size_t i = 0; i < n * n; i++) {
		v[i] = i % (n + 1) == 0;
		all += m[i] * m[i];
	}
	/* it doubles the digits with each round; ten would do */
	for (int round = 0; round < 50 && off > 1e-28 * all; round++) {
		off = 0;
		for (size_t p = 0; p < n; p++)
			for (size_t q = p + 1; q < n; q++) {
				double between = m[p * n + q], theta, t, c, s;

				off += between * between;
				if (between == 0)
					continue;
				theta = (m[q * n + q] - m[p * n + p]) / (2 * between);
				t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
				c = 1 / sqrt(t * t + 1);
				s = t * c;
				turn(m + p, m + q, n, n, c, s);
				turn(m + p * n, m + q * n, n, 1, c, s);
				turn(v + p, v + q, n, n, c, s);
			}
	}
}

/* The column of the largest variance that is not used yet. */
static size_t next_component(const struct whiten *h, const unsigned char *used)
{
	size_t best = h->n;

	for (size_t i = 0; i < h->n; i++)
		if (!used[i] && (best == h->n || h->products[i * h->n + i] > h->products[best * h->n + best]))
			best = i;
	return best;
}

/* The sign of a column: that of its largest number, so that it is always the same. */
static double sign_of(const struct whiten *h, size_t column)
{
	double largest = 0;

	for (size_t k = 0; k < h->n; k++)
		if (fabs(h->vectors[k * h->n + column]) > fabs(largest))
			largest = h->vectors[k * h->n + column];
	return largest < 0 ? -1 : 1;
}

/* Filter 2 i is component i, the largest first, and filter 2 i + 1 its negative. */
static void write_filters(const struct whiten *h, lep_real *w)
{
	unsigned char used[LEP_WHITEN_MAX] = {0};
	double mean = 0;

	for (size_t i = 0; i < h->n; i++)
		mean += h->products[i * h->n + i] / (double)h->n;
	for (size_t o = 0; o < h->a->filters; o += 2) {
		size_t column = next_component(h, used);
		double variance = h->products[column * h->n + column];
		double factor = mean > 0 ? sign_of(h, column) / sqrt((variance > 0 ? variance : 0) + EPS * mean) : 0;

		used[column] = 1;
		for (size_t k = 0; k < h->n; k++) {
			lep_real v = (lep_real)(factor * h->vectors[k * h->n + column]);

			w[k * h->a->filters + o] = v;
			if (o + 1 < h->a->filters)
				w[k * h->a->filters + o + 1] = -v;
		}
	}
}

/* ---- the layers ---- */

static int whiten(struct lep_trainer *t, const struct lep_op *op, lep_real *w, struct lep_error *e)
{
	const struct lep_conv *a = op->attr;
	struct whiten h = {.a = a, .n = a->rows};
	int rc;

	h.products = lep_alloc(h.n * h.n, sizeof(*h.products));
	h.vectors = lep_alloc(h.n * h.n, sizeof(*h.vectors));
	h.picture = lep_alloc(a->h * a->w * a->c, sizeof(*h.picture));
	rc = h.products && h.vectors && h.picture ? 0 : lep_fail_nomem(e, 0);
	if (rc == 0)
		rc = add_pictures(t, (size_t)op->net->value[op->in[0]].input - 1, &h, e);
	if (rc == 0) {
		decompose(&h);
		write_filters(&h, w);
	}
	lep_free(h.products);
	lep_free(h.vectors);
	lep_free(h.picture);
	return rc;
}

int lep_trainer_whiten(struct lep_trainer *t, struct lep_error *e)
{
	const struct lep_net *n = t->net;
	int rc = 0;

	for (size_t i = 0; i < n->nparam && rc == 0; i++) {
		const struct lep_param_in *p = &n->param[i];
		size_t k = 0;

		if (p->init != LEP_INIT_WHITEN)
			continue;
		/* What a model gave (--from) is left as it is. */
		while (k < p->pub.count && p->pub.value[k] == 0)
			k++;
		if (k == p->pub.count)
			rc = whiten(t, &n->op[p->owner], p->pub.value, e);
	}
	return rc;
}
