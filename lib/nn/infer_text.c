/* A model in use that makes text: threads take whole records. */
#include <string.h>

#include "base/number.h"
#include "data/tokens.h"
#include "nn/infer_inside.h"
#include "nn/reach.h"

/* Sequences that a thread makes at a time. */
enum { PATHS = 256 };

static int init_next(struct lep_inferer *f, const struct lep_model *m, struct lep_error *e)
{
	int rc = 0;

	f->group = 1;
	for (int t = 0; t < f->threads && rc == 0; t++)
		rc = lep_generator_new(&f->own[t].generator, m, &f->make->next, e);
	return rc;
}

static int find_reach(struct lep_inferer *f, const struct lep_model *m, struct lep_error *e)
{
	const char *text = lep_head_note_get(&m->head, LEP_REACH_NOTE, NULL);
	double reach = LEP_REACH_LEAST;

	if (text && (!lep_number_parse(text, strlen(text), &reach) || !(reach >= LEP_REACH_LEAST && reach <= LEP_REACH_MOST)))
		return lep_fail(e, LEP_ERR_DATA, "its reach is '%s', not from %d to %d", text, LEP_REACH_LEAST, LEP_REACH_MOST);
	f->reach = (size_t)reach;
	return 0;
}

static int init_sequence(struct lep_inferer *f, const struct lep_model *m, struct lep_error *e)
{
	struct lep_beam_options o = {.width = f->make->width, .penalty = f->make->penalty};
	int rc;

	while (lep_net_input(m->net, f->made)->shift != LEP_SHIFT_END)
		f->made++;
	o.end = lep_net_input(m->net, f->made)->end;
	o.unknown = lep_text_unknown(f->text_field->table, &f->recipe);
	if (f->group > PATHS / o.width)
		f->group = PATHS / o.width;
	rc = lep_net_check_aim(m->net, e);
	if (rc == 0)
		rc = find_reach(f, m, e);
	for (int t = 0; t < f->threads && rc == 0; t++)
		rc = lep_beam_new(&f->own[t].beam, m->net, f->made, f->group, &o, e);
	return rc ? lep_fail_at(e, "%s", m->name) : 0;
}

int lep_infer_make_init(struct lep_inferer *f, const struct lep_model *m, struct lep_error *e)
{
	int is_next = lep_net_aim(m->net) == LEP_AIM_NEXT;

	if (!is_next && lep_net_aim(m->net) != LEP_AIM_SEQUENCE)
		return lep_fail(e, LEP_ERR_USAGE, "--generate: %s makes no text", m->name);
	f->text_field = &m->head.expect[lep_net_target(m->net)];
	lep_text_of(f->text_field, &f->recipe);
	f->field[f->nfield++] = (struct lep_infer_field){
		.role = is_next ? LEP_INFER_GENERATED : LEP_INFER_TRANSLATION,
		.name = is_next ? "generated" : "translation", .dtype = LEP_TEXT, .bytes = 1, .axis = -1,
		.value = lep_net_output_value(m->net)};
	return is_next ? init_next(f, m, e) : init_sequence(f, m, e);
}

int lep_infer_make_room(struct lep_inferer *f, struct lep_error *e)
{
	size_t n = f->frame->n;

	if (n > f->text_room) {
		struct lep_buf *text = lep_grow(f->text, f->text_room * sizeof(*text), n, sizeof(*text));

		if (!text)
			return lep_fail_nomem(e, (double)n * sizeof(*text));
		f->text = text;
		f->text_room = n;
	}
	for (size_t i = 0; i < n; i++)
		lep_buf_clear(&f->text[i]);
	for (int t = 0; t < f->threads; t++)
		f->own[t].error.status = LEP_OK;
	return 0;
}

int lep_infer_make_gather(struct lep_inferer *f, struct lep_error *e)
{
	struct lep_infer_field *to = &f->field[0];
	size_t n = f->frame->n, bytes = 0;

	for (int t = 0; t < f->threads; t++)
		if (f->own[t].error.status) {
			if (e)
				*e = f->own[t].error;
			return f->own[t].error.status;
		}
	lep_free(to->start);
	to->start = lep_alloc(n + 1, sizeof(*to->start));
	if (!to->start)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < n; i++) {
		if (f->text[i].failed)
			return lep_fail_nomem(e, 0);
		bytes += f->fate[i].fate == LEP_FATE_FINE ? f->text[i].len : 0;
		to->start[i + 1] = bytes;
	}
	if (bytes > to->room || !to->data) {
		lep_free(to->data);
		to->room = 0;
		to->data = lep_alloc(bytes + 1, 1);
		if (!to->data)
			return lep_fail_nomem(e, (double)bytes);
		to->room = bytes;
	}
	for (size_t i = 0; i < n; i++)
		if (to->start[i + 1] > to->start[i])
			memcpy(to->data + to->start[i], f->text[i].data, f->text[i].len);
	return 0;
}

/* ---- records ---- */

/* How the text of record `at` goes on. */
static void go_on(struct lep_inferer *f, struct lep_infer_own *own, size_t at)
{
	struct lep_buf *text = &f->text[at];
	struct lep_error why;
	const unsigned char *ids;
	size_t bytes;
	int rc;

	ids = lep_frame_value(f->data, f->frame, (size_t)f->feed.input[0].field, at, &bytes, NULL);
	rc = lep_generator_start(own->generator, ids, bytes / 4, &why);
	if (rc == LEP_ERR_DATA) {
		f->fate[at].fate = LEP_FATE_TEXT;
		lep_buf_adds(text, why.text);
		return;
	}
	while (rc == 0 && (rc = lep_generator_next(own->generator, text, &why)) > 0)
		rc = 0;
	if (rc == LEP_ERR_DATA)
		f->fate[at].fate = LEP_FATE_OUTPUT;
	else if (rc)
		own->error = why;
}

/* Ids at most of the sequence made of record `at`. */
static size_t most_ids(const struct lep_inferer *f, size_t at)
{
	size_t most = f->make->most, longest = lep_net_input(f->net, f->made)->longest;

	if (!most)
		most = lep_reach_base(&f->feed, f->data, f->frame, at) + f->reach;
	return longest && most > longest ? longest : most;
}

/* The sequences made of these records. */
static void make_sequences(struct lep_inferer *f, struct lep_infer_own *own, const size_t *at, size_t count)
{
	struct lep_exec *x = lep_beam_exec(own->beam);
	size_t most[LEP_INFER_GROUP], n;
	const int32_t *ids;
	unsigned char bytes[4];
	double score;
	int rc;

	for (size_t s = 0; s < count; s++)
		lep_feed_lengths(&f->feed, f->data, f->frame, at[s], NULL, x, s);
	rc = lep_exec_reserve(x, count, &own->error);
	for (size_t s = 0; s < count && rc == 0; s++) {
		lep_infer_take(f, x, at[s], NULL, s);
		most[s] = most_ids(f, at[s]);
	}
	if (rc == 0)
		rc = lep_beam_run(own->beam, count, most, &own->error);
	own->error.status = rc;
	for (size_t s = 0; s < count && rc == 0; s++) {
		int32_t before = -1;

		ids = lep_beam_ids(own->beam, s, &n, &score);
		if (!ids && f->fate[at[s]].fate == LEP_FATE_FINE)
			f->fate[at[s]].fate = LEP_FATE_OUTPUT;
		f->fate[at[s]].is_cut = ids && lep_beam_is_cut(own->beam, s);
		lep_buf_clear(&own->text);
		for (size_t i = 0; ids && i < n; i++, before = ids[i - 1]) {
			lep_put32(bytes, (uint32_t)ids[i]);
			lep_text_decode(&own->text, &f->recipe, f->text_field->table, bytes, 1, before);
		}
		lep_text_mend(&f->text[at[s]], own->text.len ? own->text.data : "", own->text.len);
		f->text[at[s]].failed |= own->text.failed;
	}
}

void lep_infer_make_task(void *ctx, int task, int thread)
{
	struct lep_inferer *f = ctx;
	struct lep_infer_own *own = &f->own[thread];
	size_t first = (size_t)task * f->group, at[LEP_INFER_GROUP], n = 0;

	for (size_t i = first; i < f->frame->n && i < first + f->group; i++)
		if (!f->frame->entry[i].bad && f->fate[i].fate == LEP_FATE_FINE)
			at[n++] = i;
	if (own->error.status)
		return;
	if (own->beam && n)
		make_sequences(f, own, at, n);
	for (size_t i = 0; i < n && own->generator && !own->error.status; i++)
		go_on(f, own, at[i]);
}
