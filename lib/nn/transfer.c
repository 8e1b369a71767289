#include "nn/transfer.h"

#include <string.h>

#include "nn/layer.h"

static const struct lep_table *table_of(const struct lep_net *n, const struct lep_field *fields, const struct lep_param *p)
{
	if (p->wide_as_target)
		return lep_net_target(n) >= 0 ? fields[lep_net_target(n)].table : NULL;
	return p->wide_as ? fields[lep_net_input(n, (size_t)p->wide_as - 1)->field].table : NULL;
}

static int same_width(const struct lep_net *n, const struct lep_field *fields, const struct lep_param *mine,
	const struct lep_model *m, const struct lep_param *theirs)
{
	const struct lep_table *a = table_of(n, fields, mine), *b = table_of(m->net, m->head.expect, theirs);

	if (!a && !b)
		return 1;
	return a && b && lep_table_equal(a, b);
}

/* The model's parameter for mine, or NULL. branch has its dot: "image.". */
static const struct lep_param *counterpart(struct lep_model *m, const struct lep_param *mine, const char *branch)
{
	size_t len = branch ? strlen(branch) : 0;
	int at;

	if (branch && strncmp(mine->name, branch, len) != 0)
		return NULL;
	at = lep_net_find_param(m->net, mine->name);
	if (at < 0 && branch)
		at = lep_net_find_param(m->net, mine->name + len);
	return at < 0 ? NULL : lep_net_param(m->net, (size_t)at);
}

static int take(struct lep_net *n, const struct lep_field *fields, struct lep_model *m, const char *branch,
	unsigned char *taken, struct lep_error *e)
{
	size_t count = 0;

	for (size_t i = 0; i < lep_net_params(n); i++) {
		struct lep_param *mine = lep_net_param(n, i);
		const struct lep_param *theirs = counterpart(m, mine, branch);

		if (!theirs || !lep_shape_equal(&mine->shape, &theirs->shape) || !same_width(n, fields, mine, m, theirs))
			continue;
		memcpy(mine->value, theirs->value, mine->count * sizeof(*mine->value));
		taken[i] = 1;
		count++;
	}
	if (count)
		return 0;
	return lep_fail(e, LEP_ERR_DATA, "%s: no weight has the name and shape of one of the network's", m->name);
}

/* A '=' behind a slash belongs to the file's name, as does one at its begin. */
const char *lep_transfer_path(const char *from)
{
	const char *equals = strchr(from, '='), *slash = strchr(from, '/');

	return equals && equals > from && (!slash || slash > equals) ? equals + 1 : from;
}

int lep_transfer(struct lep_net *n, const struct lep_field *fields, const char *from, unsigned char *taken,
	struct lep_error *e)
{
	const char *path = lep_transfer_path(from);
	struct lep_buf branch = {0};
	struct lep_model m;
	int rc;

	if (path > from)
		lep_buf_addf(&branch, "%.*s.", (int)(path - from - 1), from);
	if (branch.failed)
		return lep_fail_nomem(e, 0);
	rc = lep_model_load(&m, path, lep_net_kernels(n), e);
	if (rc == 0)
		rc = take(n, fields, &m, branch.data, taken, e);
	lep_model_release(&m);
	lep_buf_release(&branch);
	return rc;
}
