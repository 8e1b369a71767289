/*
 * gate from NAME: NAME's rows times softmax(x w + b), x the current value's rows:
 * the articles' `encoder * softmax(decoder W + b)`. Projection and softmax are
 * operations of their own, the product is that of fuse. `fuse gate A B` is the same
 * of two named values.
 */
#include <string.h>

#include "nn/build.h"
#include "nn/fuse.h"
#include "nn/layers.h"

int lep_build_gate(struct lep_builder_nn *b, const struct lep_stmt *s, const struct lep_fused *f)
{
	static const char *const suffix[] = {"w", "b"};
	struct lep_fused product = *f;
	struct lep_op *op;
	int rc = lep_build_numbers(b, s);

	if (rc == 0)
		rc = lep_fuse_check(b, s, f, LEP_FUSE_GATE, "gate");
	if (rc)
		return rc;
	op = lep_build_dense(b, s, lep_fuse_width(b->net, f->value[0]), 1, suffix);
	if (!op)
		return lep_build_status(b);
	op->kind = s->word[0];
	rc = lep_build_softmax(b, s);
	if (rc)
		return rc;
	product.value[1] = lep_build_current(b);
	return lep_build_fused(b, s, &product, LEP_FUSE_PRODUCT, "gate");
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	struct lep_fused f = {.n = 2};
	int rc;

	if (s->nword < 2 || strcmp(s->word[1], "from") != 0)
		return lep_build_fail(b, s, "is written 'gate from NAME'");
	rc = lep_build_from(b, s, 1, &f.value[0]);
	if (rc == 0)
		rc = lep_build_no_more(b, s, 3);
	if (rc)
		return rc;
	f.name[0] = s->word[2];
	f.value[1] = lep_build_current(b);
	return lep_build_gate(b, s, &f);
}

const struct lep_layer lep_layer_gate = {
	.name = "gate",
	.synopsis = "gate from NAME",
	.build = build,
};
