/* The header of a join: whose fields, under which names. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/join_side.h"

/* How many of the streams have a field of that name. */
static size_t having(const char *name, const struct lep_head *first, const struct lep_join_side *side, size_t nside)
{
	size_t n = lep_head_find(first, name) >= 0;

	for (size_t i = 0; i < nside; i++)
		n += lep_head_find(side[i].head, name) >= 0;
	return n;
}

/* The prefix of a side: the one given, or its place among the streams. */
static void add_prefix(struct lep_buf *name, const struct lep_join_options *o, size_t i)
{
	if (i < o->nprefix)
		lep_buf_adds(name, o->prefix[i]);
	else
		lep_buf_addf(name, "%zu", i + 2);
	lep_buf_addc(name, '_');
}

static int add(struct lep_head *head, const struct lep_field *like, const char *name, const char *stream,
	struct lep_error *e)
{
	if (lep_head_find(head, name) >= 0)
		return lep_fail(e, LEP_ERR_USAGE, "%s: a second field '%s': give it another prefix, or rename it", stream, name);
	return lep_head_add(head, 0, name, like->role, like->dtype, &like->shape, like->table, like->recipe, e);
}

/* The field that says whether there is a record, named after the first input. */
static int add_present(struct lep_head *head, struct lep_join_side *s, struct lep_buf *first, struct lep_error *e)
{
	const struct lep_field present = {.role = LEP_ROLE_INPUT, .dtype = LEP_F32,
		.shape = {.rank = 1, .extent = {1}}};

	lep_buf_adds(first, "present");
	s->present = first->failed ? lep_fail_nomem(e, 0) : add(head, &present, first->data, s->name, e);
	return s->present;
}

static int add_side(struct lep_head *head, struct lep_join_source *source, const struct lep_head *first,
	struct lep_join_side *side, size_t nside, size_t i, const struct lep_join_options *o, struct lep_error *e)
{
	const struct lep_head *own = side[i].head;
	int input = lep_head_find_role(own, LEP_ROLE_INPUT), at = 0;
	struct lep_buf name = {0}, present = {0};

	for (size_t f = 0; f < own->nfield && at >= 0; f++) {
		lep_buf_clear(&name);
		if (having(own->field[f].name, first, side, nside) > 1)
			add_prefix(&name, o, i);
		lep_buf_adds(&name, own->field[f].name);
		if (f == (size_t)(input > 0 ? input : 0))
			lep_buf_addf(&present, "%s_", name.data ? name.data : "");
		at = name.failed ? lep_fail_nomem(e, 0) : add(head, &own->field[f], name.data, side[i].name, e);
		if (at >= 0)
			source[at] = (struct lep_join_source){(int)i, (int)f};
	}
	side[i].present = -1;
	if (!own->nfield)
		add_prefix(&present, o, i);
	if (o->left && at >= 0 && (at = add_present(head, &side[i], &present, e)) >= 0)
		source[at] = (struct lep_join_source){(int)i, -1};
	lep_buf_release(&name);
	lep_buf_release(&present);
	return at < 0 ? at : 0;
}

static int add_notes(struct lep_head *head, const struct lep_head *from, struct lep_error *e)
{
	int status = 0;

	for (size_t i = 0; i < from->nnote && !status; i++)
		status = lep_head_note(head, from->note[i].key, from->note[i].value, e);
	return status;
}

int lep_join_make_head(struct lep_head *head, struct lep_join_source **source, const struct lep_head *first,
	struct lep_join_side *side, size_t nside, const struct lep_join_options *o, struct lep_error *e)
{
	size_t most = first->nfield;
	int status = add_notes(head, first, e);

	for (size_t i = 0; i < nside; i++)
		most += side[i].head->nfield + 1;
	*source = lep_alloc(most, sizeof(**source));
	if (!*source)
		return lep_fail_nomem(e, 0);
	for (size_t f = 0; f < first->nfield && status >= 0; f++) {
		status = lep_head_add_copy(head, 0, &first->field[f], e);
		(*source)[f] = (struct lep_join_source){-1, (int)f};
	}
	for (size_t i = 0; i < nside && status >= 0; i++) {
		status = add_notes(head, side[i].head, e);
		if (!status)
			status = add_side(head, *source, first, side, nside, i, o, e);
	}
	return status < 0 ? status : 0;
}
