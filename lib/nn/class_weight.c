#include "nn/class_weight.h"

#include <stdlib.h>
#include <string.h>

static int balance(double *weight, struct lep_dataset *d, int field, size_t classes, struct lep_error *e)
{
	const struct lep_head *h = lep_dataset_head(d);
	uint64_t counted = 0;

	for (size_t c = 0; c < classes; c++)
		weight[c] = 0;
	for (uint64_t r = 0; r < lep_dataset_count(d); r++) {
		const struct lep_frame *fr;
		size_t at;
		int32_t id;
		int rc = lep_dataset_record(d, r, &fr, &at, e);

		if (rc)
			return rc;
		id = (int32_t)lep_get32(lep_frame_value(h, fr, (size_t)field, at, NULL, NULL));
		if (fr->entry[at].bad || id < 0 || id >= (int64_t)classes)
			continue;
		weight[id]++;
		counted++;
	}
	/* A class without records has no say, whatever it weighs. */
	for (size_t c = 0; c < classes; c++)
		weight[c] = weight[c] > 0 ? (double)counted / ((double)classes * weight[c]) : 1;
	return 0;
}

/* One "CLASS=W" up to a comma that no backslash guards; *text moves behind it. */
static int take_one(double *weight, const char **text, const struct lep_table *table, struct lep_error *e)
{
	struct lep_buf item = {0};
	const char *p = *text;
	char *equals, *end;
	int64_t id;
	double w = 0;
	int rc = 0;

	for (; *p && *p != ','; p++) {
		if (*p == '\\' && (p[1] == ',' || p[1] == '\\'))
			p++;
		lep_buf_addc(&item, *p);
	}
	*text = *p ? p + 1 : p;
	equals = item.data ? strrchr(item.data, '=') : NULL;
	if (item.failed)
		rc = lep_fail_nomem(e, 0);
	else if (!equals)
		rc = lep_fail(e, LEP_ERR_USAGE, "--class-weight: '%s' is not CLASS=WEIGHT", item.data ? item.data : "");
	if (rc == 0) {
		w = strtod(equals + 1, &end);
		id = lep_table_find(table, item.data, (size_t)(equals - item.data));
		if (end == equals + 1 || *end || !(w >= 0) || w > 1e12)
			rc = lep_fail(e, LEP_ERR_USAGE, "--class-weight: '%s' is not a weight", equals + 1);
		else if (id < 0)
			rc = lep_fail(e, LEP_ERR_USAGE, "--class-weight: no class '%.*s'", (int)(equals - item.data), item.data);
		else
			weight[id] = w;
	}
	lep_buf_release(&item);
	return rc;
}

int lep_class_weight(double **out, const char *text, struct lep_dataset *d, int field, struct lep_error *e)
{
	const struct lep_table *table = lep_dataset_head(d)->field[field].table;
	double *weight;
	int rc = 0;

	*out = NULL;
	if (!table)
		return lep_fail(e, LEP_ERR_USAGE, "--class-weight: the target has no classes");
	weight = lep_alloc(table->n, sizeof(*weight));
	if (!weight)
		return lep_fail_nomem(e, 0);
	for (size_t c = 0; c < table->n; c++)
		weight[c] = 1;
	if (strcmp(text, "balanced") == 0)
		rc = balance(weight, d, field, table->n, e);
	else
		while (rc == 0 && *text)
			rc = take_one(weight, &text, table, e);
	if (rc) {
		lep_free(weight);
		return rc;
	}
	*out = weight;
	return 0;
}
