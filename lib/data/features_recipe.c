/* The recipes of tables: their text, and what a field's recipe and names say. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "data/features.h"

static void add_numbers(struct lep_buf *out, const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			lep_buf_addc(out, ',');
		lep_text_number(out, v[i]);
	}
}

int lep_features_format(const struct lep_features *f, struct lep_buf *out)
{
	lep_buf_addf(out, "numbers %zu", f->nnumber);
	for (size_t c = 0; c < f->ncategory; c++)
		lep_buf_addf(out, "%s%zu", c ? "," : " onehot ", f->level[c]->n);
	lep_buf_addf(out, " rules %d missing ", LEP_FEATURES_RULES);
	if (f->missing_fails)
		lep_buf_adds(out, "fail");
	else if (!f->nnumber)
		lep_buf_adds(out, "none");
	else
		add_numbers(out, f->fill, f->nnumber);
	if (f->nnumber && !f->scaled)
		lep_buf_adds(out, " scale none");
	if (f->nnumber && f->scaled) {
		lep_buf_adds(out, " scale ");
		add_numbers(out, f->mean, f->nnumber);
		lep_buf_addc(out, ':');
		add_numbers(out, f->deviation, f->nnumber);
	}
	return out->failed ? LEP_ERR_NOMEM : 0;
}

void lep_category_format(int missing_fails, struct lep_buf *out)
{
	lep_buf_addf(out, "category rules %d missing %s", LEP_FEATURES_RULES, missing_fails ? "fail" : "none");
}

/* Words of a recipe. */

static int take(const char **s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*s, word, n) != 0)
		return 0;
	*s += n;
	return 1;
}

static int take_count(const char **s, size_t *n)
{
	const char *p = *s;

	for (*n = 0; *p >= '0' && *p <= '9' && *n <= LEP_FEATURES_MAX; p++)
		*n = *n * 10 + (size_t)(*p - '0');
	if (p == *s || *n > LEP_FEATURES_MAX)
		return 0;
	*s = p;
	return 1;
}

/* n numbers parted by commas, up to `stop`, which is taken too if it is no NUL. */
static int take_numbers(const char **s, double *v, size_t n, char stop)
{
	for (size_t i = 0; i < n; i++) {
		const char *end = lep_number_scan(*s, *s + strcspn(*s, ",: "), &v[i]);

		if (end == *s || *end != (i + 1 < n ? ',' : stop))
			return 0;
		*s = end + (*end != '\0');
	}
	return 1;
}

int lep_features_parse_scale(double *mean, double *deviation, size_t n, const char *text)
{
	const char *s = text, *colon = strchr(text, ':');
	size_t means = 1, deviations = 1;

	if (!colon || !n)
		return -1;
	for (const char *p = text; *p; p++) {
		means += *p == ',' && p < colon;
		deviations += *p == ',' && p > colon;
	}
	if ((means != 1 && means != n) || (deviations != 1 && deviations != n))
		return -1;
	if (!take_numbers(&s, mean, means, ':') || !take_numbers(&s, deviation, deviations, '\0'))
		return -1;
	for (size_t i = 0; i < n; i++) {
		mean[i] = mean[means == 1 ? 0 : i];
		deviation[i] = deviation[deviations == 1 ? 0 : i];
		if (!(deviation[i] > 0))
			return -1;
	}
	return 0;
}

/* The table of category c, from the names of elements from `at` on. */
static int take_levels(struct lep_features *f, size_t c, size_t n, const struct lep_table *names, size_t at,
	struct lep_error *e)
{
	const char *equals = n ? memchr(names->entry[at], '=', names->length[at]) : NULL;
	size_t prefix = equals ? (size_t)(equals - names->entry[at]) + 1 : 0;
	int status = equals ? lep_features_add(f, names->entry[at], prefix - 1, 1, e) : LEP_ERR_DATA;

	if (status)
		return status;
	f->level[c] = lep_table_new();
	if (!f->level[c])
		return lep_fail_nomem(e, 0);
	for (size_t i = at; i < at + n; i++) {
		if (names->length[i] < prefix || memcmp(names->entry[i], names->entry[at], prefix) != 0)
			return LEP_ERR_DATA;
		if (lep_table_add(f->level[c], names->entry[i] + prefix, names->length[i] - prefix) < 0)
			return lep_fail_nomem(e, 0);
	}
	return 0;
}

/* "numbers N [onehot A,...]": columns, their names from the field's table. */
static int take_columns(struct lep_features *f, const char **s, const struct lep_field *field, struct lep_error *e)
{
	const struct lep_table *names = field->table;
	size_t n, at = 0, groups = 0;
	struct lep_buf more = {0};
	int status = 0;

	if (!take(s, "numbers ") || !take_count(s, &n) || (names && names->n < n))
		return LEP_ERR_DATA;
	for (; at < n && !status; at++) {
		const char *name = names ? names->entry[at] : n == 1 ? field->name : "";

		status = lep_features_add(f, name, strlen(name), 0, e);
	}
	for (int first = take(s, " onehot "); !status && (first || take(s, ",")); first = 0) {
		if (!names || !take_count(s, &n) || names->n - at < n) {
			status = LEP_ERR_DATA;
			break;
		}
		lep_buf_add(&more, &n, sizeof(n));
		groups++;
		at += n;
	}
	if (!status && more.failed)
		status = lep_fail_nomem(e, 0);
	if (!status && names && at != names->n)
		status = LEP_ERR_DATA;
	/* Levels need room for all groups before the first. */
	if (!status) {
		f->fill = lep_alloc(f->nnumber, sizeof(*f->fill));
		f->mean = lep_alloc(f->nnumber, sizeof(*f->mean));
		f->deviation = lep_alloc(f->nnumber, sizeof(*f->deviation));
		f->level = lep_alloc(groups, sizeof(*f->level));
		if (!f->fill || !f->mean || !f->deviation || !f->level)
			status = lep_fail_nomem(e, 0);
	}
	at = f->nnumber;
	for (size_t c = 0; c < groups && !status; c++) {
		memcpy(&n, more.data + c * sizeof(n), sizeof(n));
		status = take_levels(f, c, n, names, at, e);
		at += n;
	}
	lep_buf_release(&more);
	return status;
}

/* What stands behind the columns. */
static int take_rules(struct lep_features *f, const char *s, int *rules)
{
	size_t n;

	if (!take(&s, " rules ") || !take_count(&s, &n) || n < 1 || !take(&s, " missing "))
		return 0;
	*rules = (int)n;
	f->missing_fails = take(&s, "fail");
	if (!f->missing_fails && f->nnumber) {
		const char *end = strchr(s, ' ');

		if (!end || !take_numbers(&s, f->fill, f->nnumber, ' '))
			return 0;
		s = end;
	} else if (!f->missing_fails && !take(&s, "none")) {
		return 0;
	}
	if (f->nnumber && !take(&s, " scale "))
		return 0;
	if (!f->nnumber || take(&s, "none"))
		return !*s;
	f->scaled = 1;
	return !lep_features_parse_scale(f->mean, f->deviation, f->nnumber, s);
}

int lep_field_has_features(const struct lep_field *field)
{
	return field->dtype == LEP_F32 && field->recipe && strncmp(field->recipe, "numbers ", 8) == 0;
}

int lep_features_of_field(struct lep_features *f, const struct lep_field *field, struct lep_error *e)
{
	const char *s = field->recipe;
	struct lep_buf again = {0};
	struct lep_error own;
	int rules = 0, status;

	own.status = LEP_OK;
	status = take_columns(f, &s, field, &own);
	if (status == LEP_ERR_NOMEM)
		return lep_fail_nomem(e, 0);
	if (!status && (!take_rules(f, s, &rules) || lep_shape_count(&field->shape) != (int64_t)lep_features_width(f)))
		status = LEP_ERR_DATA;
	if (!status && rules > LEP_FEATURES_RULES)
		return lep_fail(e, LEP_ERR_DATA, "prepared by rules %d, newer than this program's %d", rules,
			LEP_FEATURES_RULES);
	/* Equality of recipes is equality of strings: there is one spelling. */
	if (!status && lep_features_format(f, &again))
		status = LEP_ERR_NOMEM;
	if (!status && strcmp(again.data, field->recipe) != 0)
		status = LEP_ERR_DATA;
	lep_buf_release(&again);
	f->settled = 1;
	if (status == LEP_ERR_NOMEM)
		return lep_fail_nomem(e, 0);
	return status ? lep_fail(e, LEP_ERR_DATA, "bad recipe '%.200s'", field->recipe) : 0;
}

int lep_target_scale(const struct lep_field *field, double **mean, double **deviation, struct lep_error *e)
{
	struct lep_features f = {0};
	int status = 0;

	*mean = *deviation = NULL;
	if (field->role != LEP_ROLE_TARGET || !lep_field_has_features(field))
		return 0;
	status = lep_features_of_field(&f, field, e);
	if (status)
		lep_fail_at(e, "field '%s'", field->name);
	if (!status && f.scaled) {
		*mean = f.mean;
		*deviation = f.deviation;
		f.mean = f.deviation = NULL;
	}
	lep_features_release(&f);
	return status;
}

int lep_field_has_category(const struct lep_field *field, int *missing_fails)
{
	struct lep_buf text = {0};
	int found = 0;

	if (!field->recipe || field->dtype != LEP_I32 || !field->table || field->shape.rank)
		return 0;
	for (int fails = 0; fails < 2 && !found; fails++) {
		lep_buf_clear(&text);
		lep_category_format(fails, &text);
		found = !text.failed && strcmp(text.data, field->recipe) == 0;
		*missing_fails = fails;
	}
	lep_buf_release(&text);
	return found;
}
