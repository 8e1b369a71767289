/* flatten: all axes become one; the memory stays as it is, so nothing runs. */
#include "nn/layers.h"

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	const struct lep_value *v = lep_build_value(b, lep_build_current(b));
	struct lep_shape flat = {.rank = 1, .extent = {(int64_t)v->size}};
	int rc = lep_build_no_more(b, s, 1);

	if (rc == 0 && v->ids)
		rc = lep_build_fail(b, s, "its input holds ids; an embed line belongs before it");
	if (rc == 0 && v->axis >= 0)
		rc = lep_build_fail(b, s, "its input is a sequence, whose length varies; a pool line makes one size of it");
	return rc ? rc : lep_build_alias(b, s, &flat);
}

const struct lep_layer lep_layer_flatten = {
	.name = "flatten",
	.synopsis = "flatten",
	.build = build,
};
