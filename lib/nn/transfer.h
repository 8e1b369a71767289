/* --from: weights of a trained model into a new network, by name and shape. */
#ifndef LEP_NN_TRANSFER_H
#define LEP_NN_TRANSFER_H

#include "nn/model.h"

/*
 * What `from` says: a model's path, or BRANCH=PATH, which loads only weights
 * below "BRANCH." (from the model's weights of the same name, or of the name
 * without the branch). A weight is taken if name and shape agree and, where it
 * is as wide as a table, the tables are equal. taken[i] (one a parameter, from
 * the caller, may hold earlier marks) becomes 1. Nothing taken is LEP_ERR_DATA.
 */
int lep_transfer(struct lep_net *n, const struct lep_field *fields, const char *from, unsigned char *taken,
	struct lep_error *e) LEP_MUST_USE;

/* The path in `from`: what stands behind BRANCH=, or all of it. Borrowed. */
const char *lep_transfer_path(const char *from);

#endif
