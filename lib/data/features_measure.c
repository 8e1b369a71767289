/*
 * The first pass over a table: mean and deviation, range, median, categories.
 * Sums are of differences from the column's first number, in the order of the
 * rows, so that nothing depends on threads and little is lost where a mean is far
 * from 0.
 */
#include <math.h>
#include <string.h>

#include "data/features.h"

struct column {
	uint64_t n;
	double first, sum, squares, low, high;
};

struct lep_measure {
	struct lep_features *f;
	struct lep_measure_options o;
	struct column *column;     /* of each number */
	struct lep_buf *kept;      /* the numbers, for a median */
};

static int needs_numbers(const struct lep_measure_options *o)
{
	return o->missing == LEP_MISSING_MEAN || o->missing == LEP_MISSING_MEDIAN ||
		o->scale == LEP_MEASURE_DEVIATION || o->scale == LEP_MEASURE_RANGE;
}

/* What is given by options alone. */
static int take_given(struct lep_features *f, const struct lep_measure_options *o, struct lep_error *e)
{
	int status = lep_features_room(f, e);

	if (status)
		return status;
	f->missing_fails = o->missing == LEP_MISSING_FAIL;
	for (size_t i = 0; i < f->nnumber; i++)
		f->fill[i] = o->constant;
	f->scaled = f->nnumber && o->scale != LEP_MEASURE_NONE;
	if (f->scaled && o->scale == LEP_MEASURE_GIVEN &&
		lep_features_parse_scale(f->mean, f->deviation, f->nnumber, o->given))
		return lep_fail(e, LEP_ERR_USAGE, "neither none, measure, minmax, nor MEAN,...:DEVIATION,... "
			"with one number or %zu of each, deviations above 0", f->nnumber);
	return 0;
}

int lep_features_settle(struct lep_features *f, const struct lep_measure_options *o, struct lep_error *e)
{
	int status = f->settled || f->rest ? 0 : take_given(f, o, e);

	/* The same, whatever the columns will be. */
	if (f->rest) {
		f->settled = !f->ncategory && !needs_numbers(o);
		return 0;
	}
	if (!status && !f->ncategory && !(f->nnumber && needs_numbers(o)))
		f->settled = 1;
	return status;
}

int lep_measure_new(struct lep_measure **out, struct lep_features *f, const struct lep_measure_options *o,
	struct lep_error *e)
{
	struct lep_measure *m = lep_alloc(1, sizeof(*m));
	int status = 0;

	*out = NULL;
	if (!m)
		return lep_fail_nomem(e, 0);
	m->f = f;
	m->o = *o;
	m->column = lep_alloc(f->nnumber, sizeof(*m->column));
	m->kept = lep_alloc(f->nnumber, sizeof(*m->kept));
	if (!m->column || !m->kept)
		status = lep_fail_nomem(e, 0);
	for (size_t c = 0; c < f->ncategory && !status; c++) {
		f->level[c] = lep_table_new();
		status = f->level[c] ? 0 : lep_fail_nomem(e, 0);
	}
	if (status) {
		lep_measure_free(m);
		return status;
	}
	*out = m;
	return 0;
}

void lep_measure_free(struct lep_measure *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->kept && i < m->f->nnumber; i++)
		lep_buf_release(&m->kept[i]);
	lep_free(m->kept);
	lep_free(m->column);
	lep_free(m);
}

static void add(struct column *c, double v)
{
	double d;

	if (!c->n)
		c->first = c->low = c->high = v;
	d = v - c->first;
	c->sum += d;
	c->squares += d * d;
	c->low = v < c->low ? v : c->low;
	c->high = v > c->high ? v : c->high;
	c->n++;
}

int lep_measure_numbers(struct lep_measure *m, const double *v, size_t rows, struct lep_error *e)
{
	size_t n = m->f->nnumber;
	int keep = m->o.missing == LEP_MISSING_MEDIAN, failed = 0;

	for (size_t r = 0; r < rows; r++, v += n) {
		for (size_t i = 0; i < n; i++) {
			if (isnan(v[i]))
				continue;
			add(&m->column[i], v[i]);
			if (keep) {
				lep_buf_add(&m->kept[i], &v[i], sizeof(*v));
				failed |= m->kept[i].failed;
			}
		}
	}
	return failed ? lep_fail_nomem(e, 0) : 0;
}

int lep_measure_level(struct lep_measure *m, size_t category, const char *text, size_t len, struct lep_error *e)
{
	return lep_table_add(m->f->level[category], text, len) < 0 ? lep_fail_nomem(e, 0) : 0;
}

int lep_measure_row(struct lep_measure *m, const struct lep_cell *cell, struct lep_error *e)
{
	struct lep_features *f = m->f;
	int keep = m->o.missing == LEP_MISSING_MEDIAN, status = 0;

	for (size_t i = 0; i < f->nnumber; i++) {
		double v;

		if (lep_cell_number(&cell[i], &v) != LEP_NUMBER_VALUE)
			continue;
		add(&m->column[i], v);
		if (keep)
			lep_buf_add(&m->kept[i], &v, sizeof(v));
		if (m->kept[i].failed)
			return lep_fail_nomem(e, 0);
	}
	for (size_t c = 0; c < f->ncategory && !status; c++) {
		const struct lep_cell *at = &cell[f->nnumber + c];

		if (lep_cell_has_category(at))
			status = lep_measure_level(m, c, at->text, at->len, e);
	}
	return status;
}

/* The k-th smallest of n, by parting what it is among (Hoare 1961); what stands before
 * it then is no larger. */
static double select_k(double *v, int64_t n, int64_t k)
{
	int64_t low = 0, high = n - 1;

	while (low < high) {
		double a = v[low], b = v[low + (high - low) / 2], c = v[high];
		double pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
		int64_t i = low, j = high;

		while (i <= j) {
			double swap;

			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i > j)
				break;
			swap = v[i];
			v[i++] = v[j];
			v[j--] = swap;
		}
		if (k > j && k < i)
			break;
		if (k <= j)
			high = j;
		else
			low = i;
	}
	return v[k];
}

static double median(struct lep_buf *kept)
{
	double *v = (double *)(void *)kept->data;
	size_t n = kept->len / sizeof(*v);
	double upper = select_k(v, (int64_t)n, (int64_t)(n / 2)), lower;

	if (n % 2)
		return upper;
	lower = v[0];
	for (size_t i = 1; i < n / 2; i++)
		lower = v[i] > lower ? v[i] : lower;
	return lower + (upper - lower) / 2;
}

static int finish_number(struct lep_measure *m, size_t i, struct lep_error *e)
{
	struct lep_features *f = m->f;
	const struct column *c = &m->column[i];
	double n = (double)c->n, mean, variance;

	if (!c->n)
		return lep_fail(e, LEP_ERR_DATA, "column '%s': no row has a number in it", f->column[i]);
	mean = c->first + c->sum / n;
	variance = c->squares / n - (c->sum / n) * (c->sum / n);
	if (m->o.missing == LEP_MISSING_MEAN)
		f->fill[i] = mean;
	if (m->o.missing == LEP_MISSING_MEDIAN)
		f->fill[i] = median(&m->kept[i]);
	/* What never changes becomes 0. */
	if (m->o.scale == LEP_MEASURE_DEVIATION) {
		f->mean[i] = mean;
		f->deviation[i] = c->high > c->low && variance > 0 ? sqrt(variance) : 1;
	}
	if (m->o.scale == LEP_MEASURE_RANGE) {
		f->mean[i] = c->low;
		f->deviation[i] = c->high > c->low ? c->high - c->low : 1;
	}
	return 0;
}

int lep_measure_finish(struct lep_measure *m, struct lep_error *e)
{
	struct lep_features *f = m->f;
	int status = 0;

	for (size_t i = 0; i < f->nnumber && needs_numbers(&m->o) && !status; i++)
		status = finish_number(m, i, e);
	for (size_t c = 0; c < f->ncategory && !status; c++) {
		if (!f->level[c]->n)
			return lep_fail(e, LEP_ERR_DATA, "column '%s': no row has a category in it",
				f->column[f->nnumber + c]);
		status = lep_table_sort(f->level[c]) ? lep_fail_nomem(e, 0) : 0;
	}
	f->settled = !status;
	return status;
}
