/* A model in use: groups of records through it, and what becomes of their outputs. */
#include <math.h>
#include <string.h>

#include "nn/infer_inside.h"

/* Records of a group go through together until they have so many rows. */
enum { ROWS = 4096 };

/* ---- outputs ---- */

static int all_finite(const lep_real *v, size_t n)
{
	int good = 1;

	/* No way out in the middle, so that this is done by vectors. */
	for (size_t i = 0; i < n; i++)
		good &= v[i] - v[i] == 0;
	return good;
}

static void put_reals(unsigned char *to, const lep_real *from, size_t n)
{
#ifdef LEP_DOUBLE
	for (size_t i = 0; i < n; i++) {
		float v = (float)from[i];

		lep_from_f32(to + 4 * i, LEP_F32, &v, 1);
	}
#else
	lep_from_f32(to, LEP_F32, from, n);
#endif
}

/* The probability of class c of one case, in the type it is given out in. */
static float probability(const struct lep_inferer *f, const lep_real *p, size_t c)
{
	if (f->outputs != f->cases)
		return (float)p[c];
	return c ? (float)p[0] : 1 - (float)p[0];
}

/*
 * The class that comes behind `before` (-1: none does) when they are sorted by
 * probability, the largest first, the first of equals first.
 */
static int32_t next_class(const struct lep_inferer *f, const lep_real *p, int32_t before)
{
	float limit = before < 0 ? INFINITY : probability(f, p, (size_t)before), most = 0;
	int32_t best = -1;

	for (int32_t c = 0; c < (int32_t)f->classes; c++) {
		float v = probability(f, p, (size_t)c);

		if ((v < limit || (v == limit && c > before)) && (best < 0 || v > most)) {
			best = c;
			most = v;
		}
	}
	return best;
}

static void put_classes(const struct lep_inferer *f, const lep_real *p, unsigned char *to)
{
	size_t per = f->outputs / f->cases;

	for (size_t i = 0; i < f->cases; i++) {
		int32_t c = next_class(f, p + i * per, -1);

		if (f->threshold > 0 && (double)probability(f, p + i * per, (size_t)c) < f->threshold)
			c = -1;
		lep_put32(to + 4 * i, (uint32_t)c);
	}
}

static void put_top(const struct lep_inferer *f, const lep_real *p, unsigned char *to, int as_probability)
{
	size_t per = f->outputs / f->cases;

	for (size_t i = 0; i < f->cases; i++) {
		int32_t c = -1;

		for (size_t k = 0; k < f->top; k++, to += 4) {
			float v;

			c = next_class(f, p + i * per, c);
			v = probability(f, p + i * per, (size_t)c);
			if (as_probability)
				lep_from_f32(to, LEP_F32, &v, 1);
			else
				lep_put32(to, (uint32_t)c);
		}
	}
}

/* The natural logarithm of the probability of the id that row r of the text of record
 * `at` is about; 0 where it is none. */
static float log_probability(const struct lep_inferer *f, const lep_real *logits, size_t at, size_t r, size_t rows)
{
	const unsigned char *ids = lep_frame_value(f->data, f->frame, (size_t)f->target, at, NULL, NULL);
	const struct lep_table *t = f->table;
	int64_t id;

	if (f->is_single_text)
		id = (int32_t)lep_get32(ids + 4 * (r + 1));
	else
		id = r + 1 < rows ? (int32_t)lep_get32(ids + 4 * r) : lep_table_find(t, "<end>", 5);
	if (id < 0)
		return 0;
	return (float)-f->k->cross_entropy(NULL, logits, f->outputs, NULL, (size_t)id, 0, 1);
}

/* The probabilities (or numbers) of one row of the network's output. */
static const lep_real *finish(const struct lep_inferer *f, const struct lep_infer_own *own, const lep_real *raw)
{
	size_t per = f->classes && f->outputs != f->cases ? f->classes : f->outputs;

	if (!f->apply && !f->mean)
		return raw;
	if (!f->apply)
		memcpy(own->output, raw, f->outputs * sizeof(*raw));
	else if (strcmp(f->apply, "softmax") == 0)
		f->k->softmax_forward(own->output, raw, f->outputs / per, per, per);
	else
		f->k->act_forward(LEP_ACT_SIGMOID, 0, own->output, raw, f->outputs);
	for (size_t i = 0; i < f->outputs && f->mean; i++)
		own->output[i] = (lep_real)((double)own->output[i] * f->deviation[i] + f->mean[i]);
	return own->output;
}

/* A row of what the network gave as row r, of so many, of record `at`; whether it is finite. */
static int put_row(struct lep_inferer *f, const struct lep_infer_own *own, size_t row, size_t at, size_t r, size_t rows)
{
	const lep_real *p = finish(f, own, lep_exec_output(own->exec) + row * f->outputs);
	float log;

	if (!all_finite(p, f->outputs))
		return 0;
	for (size_t k = 0; k < f->nfield; k++) {
		const struct lep_infer_field *to = &f->field[k];
		unsigned char *data = to->data + (lep_infer_start(to, at) + r) * to->bytes;

		switch (to->role) {
		case LEP_INFER_PROBABILITY:
		case LEP_INFER_PREDICTION:
			put_reals(data, p, to->bytes / sizeof(float));
			break;
		case LEP_INFER_LOGPROB:
			log = log_probability(f, lep_exec_logits(own->exec) + row * f->outputs, at, r, rows);
			lep_from_f32(data, LEP_F32, &log, 1);
			break;
		case LEP_INFER_CLASS:
			put_classes(f, p, data);
			break;
		case LEP_INFER_TOP:
		case LEP_INFER_TOP_PROBABILITY:
			put_top(f, p, data, to->role == LEP_INFER_TOP_PROBABILITY);
			break;
		case LEP_INFER_LAYER:       /* has rows of its own */
		case LEP_INFER_GENERATED:   /* infer_text.c */
		case LEP_INFER_TRANSLATION:
			break;
		}
	}
	return 1;
}

/* Sample s of what the network gave, as the outputs of record `at`, from a row of it on. */
static void put_outputs(struct lep_inferer *f, const struct lep_infer_own *own, size_t s, size_t at, size_t first)
{
	int value = lep_net_output_value(f->net);
	size_t row = lep_exec_row(own->exec, value, s), rows = lep_exec_row(own->exec, value, s + 1) - row;

	for (size_t r = 0; r < rows; r++)
		if (!put_row(f, own, row + r, at, first + r, rows)) {
			f->fate[at].fate = LEP_FATE_OUTPUT;
			return;
		}
	for (size_t k = 0; k < f->nfield; k++) {
		const struct lep_infer_field *to = &f->field[k];
		size_t n = to->bytes / sizeof(float), from, end;

		if (to->role != LEP_INFER_LAYER)
			continue;
		from = lep_exec_row(own->exec, to->value, s);
		end = lep_exec_row(own->exec, to->value, s + 1);
		put_reals(to->data + (lep_infer_start(to, at) + first) * to->bytes, lep_exec_value(own->exec, to->value) + from * n,
			(end - from) * n);
	}
}

/* ---- inputs ---- */

void lep_infer_take(struct lep_inferer *f, struct lep_exec *x, size_t at, const struct lep_window *w, size_t s)
{
	for (size_t i = 0; i < f->feed.n; i++) {
		const struct lep_feed_input *in = &f->feed.input[i];
		size_t start = lep_exec_input_row(x, i, s), rows = lep_exec_input_row(x, i, s + 1) - start;
		lep_real *to = in->ids ? NULL : lep_exec_input(x, i) + start * in->size;
		int32_t *ids = in->ids ? lep_exec_input_ids(x, i) + start * in->size : NULL;

		/* Ids were checked against their table by the reader. */
		if (lep_feed_value(&f->feed, i, f->data, f->frame, at, w, rows, to, ids) ||
			(lep_dtype_is_float(in->dtype) && !all_finite(to, rows * in->size))) {
			f->fate[at].fate = LEP_FATE_INPUT;
			f->fate[at].input = (uint16_t)i;
		}
	}
}

/* ---- windows ---- */

/* Rows of the text that windows are cut from, in record i. */
static size_t text_rows(const struct lep_inferer *f, size_t i)
{
	size_t most = 0, rows;

	for (size_t k = 0; k < f->feed.n; k++)
		if (f->feed.input[k].shift == LEP_SHIFT_NEXT &&
			(rows = lep_feed_rows(&f->feed, k, f->data, f->frame, i, NULL)) > most)
			most = rows;
	return most;
}

/* Window w of record i, all of it where there are none; a text of nothing has one of no rows. */
static struct lep_window window(const struct lep_inferer *f, size_t i, size_t w)
{
	size_t rows = text_rows(f, i), from = w * f->window, left = rows - from;

	return (struct lep_window){.from = from, .rows = f->window && left > f->window ? f->window : left};
}

/* How many windows each record has; one that is not run has none. */
static int count_windows(struct lep_inferer *f, struct lep_error *e)
{
	const struct lep_frame *fr = f->frame;

	lep_free(f->before);
	f->before = lep_alloc(fr->n + 1, sizeof(*f->before));
	if (!f->before)
		return lep_fail_nomem(e, (double)fr->n * sizeof(*f->before));
	for (size_t i = 0; i < fr->n; i++) {
		size_t n = fr->entry[i].bad || f->fate[i].fate != LEP_FATE_FINE ? 0 :
			(text_rows(f, i) + f->window - 1) / f->window;

		f->before[i + 1] = f->before[i] + (n ? n : 1);
	}
	return 0;
}

/* What goes through at once: records, or windows of them. */
static size_t pieces(const struct lep_inferer *f)
{
	return f->window ? f->before[f->frame->n] : f->frame->n;
}

/* The record of piece p. */
static size_t record_of(const struct lep_inferer *f, size_t p)
{
	size_t low = 0, high = f->frame->n;

	if (!f->window)
		return p;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		*(f->before[middle] <= p ? &low : &high) = middle;
	}
	return low;
}

/* ---- groups ---- */

/* Pieces that wait to go through together. */
struct group {
	struct lep_infer_own *own;
	size_t at[LEP_INFER_GROUP], count, rows;
	struct lep_window window[LEP_INFER_GROUP];
};

/* Pieces that are not fit are run all the same, so that the rows of the others
 * stay where they are; it was told, and nothing of them goes out. */
static void run_group(struct lep_inferer *f, struct group *g)
{
	struct lep_exec *x = g->own->exec;
	const struct lep_window *w = g->window;

	for (size_t s = 0; s < g->count; s++)
		lep_feed_lengths(&f->feed, f->data, f->frame, g->at[s], w + s, x, s);
	if (g->count && lep_exec_reserve(x, g->count, NULL)) {
		/* Alone a piece may fit. */
		for (size_t s = 0, n = g->count; s < n; s++) {
			struct group one = {.own = g->own, .at = {g->at[s]}, .count = 1, .window = {g->window[s]}};

			if (n > 1)
				run_group(f, &one);
			else
				f->fate[g->at[s]].fate = LEP_FATE_MEMORY;
		}
		g->count = 0;
	}
	for (size_t s = 0; s < g->count; s++)
		lep_infer_take(f, x, g->at[s], w + s, s);
	if (g->count)
		lep_exec_infer(x, g->count);
	for (size_t s = 0; s < g->count; s++)
		if (f->fate[g->at[s]].fate == LEP_FATE_FINE)
			put_outputs(f, g->own, s, g->at[s], (size_t)w[s].from);
	g->count = g->rows = 0;
}

static void group_task(void *ctx, int task, int thread)
{
	struct lep_inferer *f = ctx;
	struct group g = {.own = &f->own[thread]};
	size_t first = (size_t)task * f->group, all = pieces(f), i = record_of(f, first);

	for (size_t p = first; p < all && p < first + f->group; p++) {
		struct lep_window w;
		size_t rows = 0;

		while (f->window ? f->before[i + 1] <= p : i < p)
			i++;
		if (f->frame->entry[i].bad || f->fate[i].fate != LEP_FATE_FINE)
			continue;
		w = window(f, i, f->window ? p - f->before[i] : 0);
		for (size_t k = 0; k < f->feed.n; k++)
			rows += lep_feed_rows(&f->feed, k, f->data, f->frame, i, &w);
		if (g.count && g.rows + rows > ROWS)
			run_group(f, &g);
		g.window[g.count] = w;
		g.at[g.count++] = i;
		g.rows += rows;
	}
	run_group(f, &g);
}

/* ---- the run ---- */

/* Rows of a field of record i, which is good. */
static size_t field_rows(const struct lep_inferer *f, const struct lep_infer_field *to, const struct lep_frame *fr,
	size_t i)
{
	return to->axis < 0 ? 1 : lep_feed_rows(&f->feed, (size_t)to->axis, f->data, fr, i, NULL);
}

size_t lep_inferer_bytes(const struct lep_inferer *f, const struct lep_frame *frame)
{
	size_t bytes = 0;

	for (size_t k = 0; k < f->nfield; k++)
		for (size_t i = 0; i < (f->field[k].axis < 0 ? 1 : frame->n); i++)
			bytes += f->field[k].bytes * (f->field[k].axis < 0 ? frame->n : field_rows(f, &f->field[k], frame, i));
	return bytes;
}

/* Where each record's rows of a field lie, and memory for all, zeroed. */
static int place_field(struct lep_inferer *f, struct lep_infer_field *to, struct lep_error *e)
{
	const struct lep_frame *fr = f->frame;
	size_t rows = fr->n, bytes;

	if (to->axis >= 0) {
		lep_free(to->start);
		to->start = lep_alloc(fr->n + 1, sizeof(*to->start));
		if (!to->start)
			return lep_fail_nomem(e, 0);
		for (size_t i = 0; i < fr->n; i++)
			to->start[i + 1] = to->start[i] + (fr->entry[i].bad || f->fate[i].fate != LEP_FATE_FINE ? 0 :
				field_rows(f, to, fr, i));
		rows = to->start[fr->n];
	}
	if (lep_mul_overflow(rows, to->bytes, &bytes) || lep_mem_lacks((double)bytes))
		return lep_fail_nomem(e, (double)rows * (double)to->bytes);
	if (bytes > to->room) {
		to->room = 0;
		lep_free(to->data);
		to->data = lep_alloc(bytes, 1);
		if (!to->data)
			return lep_fail_nomem(e, (double)bytes);
		to->room = bytes;
	} else if (bytes) {
		memset(to->data, 0, bytes);
	}
	return 0;
}

/* What can be told of a record before it is run. */
static void judge(struct lep_inferer *f, size_t i)
{
	struct lep_window w = window(f, i, 0);

	for (size_t k = 0; k < f->feed.n && f->fate[i].fate == LEP_FATE_FINE; k++)
		if (lep_feed_fits(&f->feed, k, f->data, lep_feed_rows(&f->feed, k, f->data, f->frame, i, &w), NULL)) {
			f->fate[i].fate = LEP_FATE_LONG;
			f->fate[i].input = (uint16_t)k;
		}
}

static int make_room(struct lep_inferer *f, struct lep_error *e)
{
	size_t n = f->frame->n;
	int rc = 0;

	if (n > f->room) {
		f->room = 0;
		lep_free(f->fate);
		f->fate = lep_alloc(n, sizeof(*f->fate));
		if (!f->fate)
			return lep_fail_nomem(e, (double)n);
		f->room = n;
	}
	if (n)
		memset(f->fate, 0, n * sizeof(*f->fate));
	for (size_t i = 0; i < n; i++)
		if (!f->frame->entry[i].bad)
			judge(f, i);
	if (f->make)
		return lep_infer_make_room(f, e);
	if (f->window)
		rc = count_windows(f, e);
	for (size_t k = 0; k < f->nfield && rc == 0; k++)
		rc = place_field(f, &f->field[k], e);
	return rc;
}

int lep_inferer_run(struct lep_inferer *f, const struct lep_frame *frame, struct lep_error *e)
{
	int rc = frame->n > INT32_MAX ? lep_fail_nomem(e, (double)frame->n) : 0;

	f->frame = frame;
	rc = rc ? rc : make_room(f, e);
	if (rc == 0 && !f->make && pieces(f) > INT32_MAX)
		rc = lep_fail_nomem(e, (double)pieces(f));
	if (rc)
		return rc;
	if (f->make) {
		lep_threads_run(f->pool, (int)((frame->n + f->group - 1) / f->group), lep_infer_make_task, f);
		return lep_infer_make_gather(f, e);
	}
	lep_threads_run(f->pool, (int)((pieces(f) + f->group - 1) / f->group), group_task, f);
	return 0;
}

int lep_inferer_is_cut(const struct lep_inferer *f, size_t i)
{
	return f->fate[i].is_cut;
}

int lep_inferer_failure(const struct lep_inferer *f, size_t i, struct lep_error *e)
{
	size_t k = f->fate[i].input, rows;
	struct lep_window w;
	int field = f->feed.input[k].field;
	const char *name = field < 0 ? "" : f->data->field[field].name;

	switch ((enum lep_infer_fate)f->fate[i].fate) {
	case LEP_FATE_FINE:
		return 0;
	case LEP_FATE_INPUT:
		return lep_fail(e, LEP_ERR_DATA, "field '%s': a value is not finite", name);
	case LEP_FATE_LONG:
		w = window(f, i, 0);
		rows = lep_feed_rows(&f->feed, k, f->data, f->frame, i, &w);
		return lep_feed_fits(&f->feed, k, f->data, rows, e);
	case LEP_FATE_MEMORY:
		return lep_fail(e, LEP_ERR_NOMEM, "field '%s': out of memory: %zu rows are more than this machine can hold",
			name, lep_feed_rows(&f->feed, k, f->data, f->frame, i, NULL));
	case LEP_FATE_TEXT:
		return lep_fail(e, LEP_ERR_DATA, "field '%s': %s", name, f->text[i].failed ? "out of memory" : f->text[i].data);
	case LEP_FATE_OUTPUT:
		break;
	}
	return lep_fail(e, LEP_ERR_DATA, "the network's output is not finite");
}
