/*
 * A model as a stream (lep-model(5)): one record, one f32 field a parameter;
 * HEAD holds the network's text, what its data looked like, and how it came to
 * be. A checkpoint is the same with more fields.
 */
#ifndef LEP_NN_MODEL_H
#define LEP_NN_MODEL_H

#include "nn/net.h"
#include "stream/reader.h"
#include "stream/writer.h"

/* What the arithmetic of this release is called in a model: another number
 * would mean that the same training gives other bytes. */
#define LEP_ARITHMETIC "1"

struct lep_model {
	struct lep_head head;     /* as read; the net's fields are head.expect */
	struct lep_net *net;      /* with its parameters */
	struct lep_frame frame;   /* of the one record; borrowed from data */
	struct lep_dataset *data;
	const char *name;         /* of the file; borrowed from data */
	char *text;
};

/* A model (or checkpoint), whole and checked, and the network rebuilt; the
 * parameters are not yet packed (lep_net_prepare). Those that are only_packed may lie
 * in the file: they are read-only, and not where lep_net_values points. Release with
 * _release, also after a failure. */
int lep_model_load(struct lep_model *m, const char *path, const struct lep_kernels *k, struct lep_error *e) LEP_MUST_USE;
void lep_model_release(struct lep_model *m);

/* The field of a parameter's (or another) name in the model's record, as reals;
 * LEP_ERR_DATA if it is not there or has another count. */
int lep_model_get(const struct lep_model *m, const char *field, lep_real *to, size_t count, struct lep_error *e) LEP_MUST_USE;

/*
 * HEAD of a model for this net and its data fields: arithmetic, loss, network
 * lines, `expect` of the fields used, a field a parameter. provenance may be
 * NULL or empty; earlier lines are those of `from` (a head, or NULL).
 */
int lep_model_head(struct lep_head *out, struct lep_net *n, const struct lep_field *fields,
	const char *loss, const struct lep_head *from, const char *provenance, struct lep_error *e) LEP_MUST_USE;

/* Sets further fields of the one record: a checkpoint's. */
typedef int lep_model_more_fn(void *ctx, struct lep_builder *b, const struct lep_head *head, struct lep_error *e);

/* The whole model, or what else has its head and `more`, as one record of that
 * key onto an output; END included, not committed. */
int lep_model_write_more(struct lep_output *out, const struct lep_head *head, struct lep_net *n, const char *key,
	lep_model_more_fn *more, void *ctx, struct lep_error *e) LEP_MUST_USE;
/* The model alone. */
int lep_model_write(struct lep_output *out, const struct lep_head *head, struct lep_net *n, struct lep_error *e) LEP_MUST_USE;

#endif
