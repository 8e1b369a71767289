/* Columns as one vector: what is measured, against plain sums; recipes there and back. */
#include "data/features.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "check.h"

#define ROWS 10001

static double v[ROWS];

static double draw(uint64_t i)
{
	return lep_random_normal(1, LEP_RANDOM_SAMPLE, i, 0) * 3 + 1000;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int near(double a, double b)
{
	return fabs(a - b) <= 1e-10 * (fabs(b) + 1);
}

/* One column of n numbers, measured; 0 or a status. */
static int measure(struct lep_features *f, const double *x, size_t n, enum lep_missing missing,
	enum lep_measure_scale scale)
{
	const struct lep_measure_options o = {.missing = missing, .scale = scale};
	struct lep_measure *m = NULL;
	int status = lep_features_add(f, "x", 1, 0, NULL);

	if (!status)
		status = lep_features_settle(f, &o, NULL);
	if (status || f->settled)
		return status;
	status = lep_measure_new(&m, f, &o, NULL);
	if (!status)
		status = lep_measure_numbers(m, x, n, NULL);
	if (!status)
		status = lep_measure_finish(m, NULL);
	lep_measure_free(m);
	return status;
}

static void mean_and_deviation(void)
{
	struct lep_features f = {0};
	double sum = 0, squares = 0;

	for (size_t i = 0; i < ROWS; i++) {
		v[i] = draw(i);
		sum += v[i];
	}
	for (size_t i = 0; i < ROWS; i++)
		squares += (v[i] - sum / ROWS) * (v[i] - sum / ROWS);
	CHECK(measure(&f, v, ROWS, LEP_MISSING_MEAN, LEP_MEASURE_DEVIATION) == 0 && f.settled && f.scaled);
	CHECK(near(f.mean[0], sum / ROWS) && near(f.deviation[0], sqrt(squares / ROWS)));
	CHECK(f.fill[0] >= f.mean[0] && f.fill[0] <= f.mean[0]);
	CHECK(fabsf(lep_features_number(&f, 0, NAN)) <= 0);
	lep_features_release(&f);
}

/* Of every small number of values, with ties and in every order of size. */
static void medians(void)
{
	for (size_t n = 1; n < 200; n++) {
		for (int kind = 0; kind < 5; kind++) {
			struct lep_features f = {0};
			double sorted[200], want;

			for (size_t i = 0; i < n; i++)
				v[i] = kind == 0 ? (double)i : kind == 1 ? -(double)i : kind == 2 ? (double)(i % 3) : kind == 3 ?
					draw(i + n) : 7;
			memcpy(sorted, v, n * sizeof(*v));
			qsort(sorted, n, sizeof(*sorted), compare);
			want = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
			CHECK(measure(&f, v, n, LEP_MISSING_MEDIAN, LEP_MEASURE_NONE) == 0);
			CHECKF(near(f.fill[0], want), "n %zu kind %d: %g, not %g", n, kind, f.fill[0], want);
			lep_features_release(&f);
		}
	}
}

static void edges(void)
{
	const double one[] = {NAN, 0.1, 0.1, 0.1}, none[] = {NAN, NAN}, far[] = {-5, 5, NAN, 1};
	struct lep_features f = {0};

	CHECK(measure(&f, one, 4, LEP_MISSING_CONSTANT, LEP_MEASURE_DEVIATION) == 0);
	CHECK(f.deviation[0] >= 1 && f.deviation[0] <= 1 && fabsf(lep_features_number(&f, 0, 0.1)) <= 0);
	lep_features_release(&f);
	CHECK(measure(&f, none, 2, LEP_MISSING_MEAN, LEP_MEASURE_NONE) == LEP_ERR_DATA);
	lep_features_release(&f);
	CHECK(measure(&f, far, 4, LEP_MISSING_FAIL, LEP_MEASURE_RANGE) == 0);
	CHECK(near(f.mean[0], -5) && near(f.deviation[0], 10));
	lep_features_release(&f);
	/* Nothing to measure. */
	CHECK(measure(&f, NULL, 0, LEP_MISSING_FAIL, LEP_MEASURE_NONE) == 0 && f.settled);
	lep_features_release(&f);
}

static int read_back(const char *recipe, const char *const *names, size_t n, struct lep_features *f)
{
	struct lep_table *t = lep_table_new();
	struct lep_field field = {.name = (char[]){"x"}, .dtype = LEP_F32, .shape = {1, {(int64_t)n}}, .table = t};
	char text[256];
	int status = 0;

	snprintf(text, sizeof(text), "%s", recipe);
	field.recipe = text;
	for (size_t i = 0; i < n; i++)
		status |= lep_table_add(t, names[i], strlen(names[i])) < 0;
	if (!status)
		status = lep_field_has_features(&field) ? lep_features_of_field(f, &field, NULL) : -99;
	lep_table_free(t);
	return status;
}

static void recipes(void)
{
	static const char *const names[] = {"a", "b=c", "city=x", "city=y=z", "kind=k"};
	static const char *const good[] = {
		"numbers 2 onehot 2,1 rules 1 missing fail scale none",
		"numbers 2 onehot 2,1 rules 1 missing 0.1,-3 scale none",
		"numbers 2 onehot 2,1 rules 1 missing fail scale 1e-30,2.2250738585072014e-308:1,1e+300",
		"numbers 5 rules 1 missing fail scale none",
	};
	static const char *const bad[] = {
		"numbers 2 rules 1 missing fail scale none", "numbers 3 onehot 1,1 rules 1 missing fail",
		"numbers 2 onehot 1,1 rules 1 missing fail scale none", "numbers 2 onehot 3 rules 1 missing fail scale none",
		"numbers 2 onehot 2,1 rules 0 missing fail scale none", "numbers 2 onehot 2,1 rules 2 missing fail scale none",
		"numbers 2 onehot 2,1 rules 1 missing none scale none", "numbers 2 onehot 2,1 rules 1 missing 1 scale none",
		"numbers 2 onehot 2,1 rules 1 missing 1,2,3 scale none", "numbers 2 onehot 2,1 rules 1 missing fail scale 1,2:0,1",
		"numbers 2 onehot 2,1 rules 1 missing fail scale 1,2:1", "numbers 2 onehot 2,1 rules 1 missing fail scale none ",
		"numbers 2 onehot 2,1 rules 1 missing fail scale 1.0,2:1,1", "numbers ", "numbers 99999999999999999999 rules 1",
		"numbers 0 onehot 2,1 rules 1 missing none", "numbers 2 onehot 2,0,1 rules 1 missing fail scale none",
	};
	struct lep_features f = {0};
	struct lep_buf text = {0};
	struct lep_table *t;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECKF(read_back(good[i], names, 5, &f) == 0, "%s", good[i]);
		lep_buf_clear(&text);
		CHECK(lep_features_format(&f, &text) == 0 && strcmp(text.data, good[i]) == 0);
		CHECK(lep_features_names(&f, &t, NULL) == 0 && t->n == 5);
		for (size_t k = 0; k < 5; k++)
			CHECK(strcmp(t->entry[k], names[k]) == 0);
		lep_table_free(t);
		if (i < 3)
			CHECK(f.ncategory == 2 && strcmp(f.column[2], "city") == 0 && lep_table_find(f.level[0], "y=z", 3) == 1);
		lep_features_release(&f);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECKF(read_back(bad[i], names, 5, &f) == LEP_ERR_DATA, "%s", bad[i]);
		lep_features_release(&f);
	}
	lep_buf_release(&text);
}

int main(void)
{
	RUN(mean_and_deviation);
	RUN(medians);
	RUN(edges);
	RUN(recipes);
	return CHECK_END();
}
