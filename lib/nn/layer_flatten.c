/* flatten: all axes become one, or with `rows` all but the last; the memory stays as
 * it is, so nothing runs. */
#include <string.h>

#include "nn/layers.h"

const struct lep_shape *lep_build_positions(const struct lep_builder_nn *b, struct lep_shape *rows)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	int64_t width = v->shape.extent[v->shape.rank - 1];

	*rows = (struct lep_shape){.rank = 2, .extent = {(int64_t)v->size / width, width}};
	return rows;
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	char text[LEP_SHAPE_TEXT_MAX];
	struct lep_shape flat = {.rank = 1, .extent = {(int64_t)v->size}};
	int rows = s->nword > 1 && strcmp(s->word[1], "rows") == 0;
	int rc = lep_build_no_more(b, s, rows ? 2 : 1);

	if (rc == 0 && v->ids)
		rc = lep_build_fail(b, s, "its input holds ids; an embed line belongs before it");
	if (rc == 0 && v->axis >= 0)
		rc = lep_build_fail(b, s, "its input is a sequence, whose length varies; a pool line makes one size of it");
	if (rc == 0 && rows && v->shape.rank < 2)
		rc = lep_build_fail(b, s, "'rows' needs two extents or more, its input is '%s'",
			lep_shape_text(text, &v->shape, "x"));
	if (rc == 0 && rows)
		lep_build_positions(b, &flat);
	return rc ? rc : lep_build_alias(b, s, &flat);
}

const struct lep_layer lep_layer_flatten = {
	.name = "flatten",
	.synopsis = "flatten [rows]",
	.build = build,
};
