/* Frames collected, run and given out again, each as it came. */
#include "nn/infer_batch.h"

#include <inttypes.h>
#include <string.h>

struct lep_infer_batch {
	struct lep_inferer *f;
	const struct lep_head *data;
	const char *name;
	struct lep_infer_batch_options o;
	const struct lep_infer_field *field;
	size_t nfield;
	struct lep_head head;      /* of what goes out */
	int *from;                 /* each of its fields: that of the input, or -1 */
	int *same;                 /* each field of the input: itself */
	size_t kept;               /* fields before the outputs */
	struct lep_builder *in;    /* records that wait, with the fields of the input */
	struct lep_builder *out;   /* a frame on its way out */
	size_t *size;              /* records of each frame that waits */
	size_t frames, room;
	size_t bytes;
	struct lep_infer_counts counts;
};

static const struct lep_infer_field *output_named(const struct lep_infer_batch *b, const char *name)
{
	for (size_t k = 0; k < b->nfield; k++)
		if (strcmp(b->field[k].name, name) == 0)
			return &b->field[k];
	return NULL;
}

static int make_head(struct lep_infer_batch *b, struct lep_error *e)
{
	int rc = 0;

	b->head.kind = LEP_KIND_DATA;
	for (size_t i = 0; i < b->data->nnote && rc == 0; i++)
		rc = lep_head_note(&b->head, b->data->note[i].key, b->data->note[i].value, e);
	for (size_t i = 0; i < b->data->nfield && rc >= 0; i++) {
		const struct lep_field *field = &b->data->field[i];
		int replaced = output_named(b, field->name) != NULL;

		if (replaced && field->role != LEP_ROLE_OUTPUT)
			return lep_fail(e, LEP_ERR_USAGE, "%s: field '%s' is there already, and is no output: rename it",
				b->name, field->name);
		if (replaced || b->o.outputs_only)
			continue;
		b->from[b->head.nfield] = (int)i;
		rc = lep_head_add_copy(&b->head, 0, field, e);
	}
	b->kept = b->head.nfield;
	for (size_t k = 0; k < b->nfield && rc >= 0; k++) {
		b->from[b->head.nfield] = -1;
		rc = lep_head_add(&b->head, 0, b->field[k].name, LEP_ROLE_OUTPUT, b->field[k].dtype, &b->field[k].shape,
			b->field[k].table, NULL, e);
	}
	return rc < 0 ? rc : 0;
}

int lep_infer_batch_new(struct lep_infer_batch **out, struct lep_inferer *f, const struct lep_head *data,
	const char *name, const struct lep_infer_batch_options *o, struct lep_error *e)
{
	struct lep_infer_batch *b = lep_alloc(1, sizeof(*b));
	int rc;

	*out = NULL;
	if (!b)
		return lep_fail_nomem(e, 0);
	b->f = f;
	b->data = data;
	b->name = name;
	b->o = *o;
	b->nfield = lep_inferer_fields(f, &b->field);
	lep_head_init(&b->head);
	b->from = lep_alloc(data->nfield + b->nfield, sizeof(*b->from));
	b->same = lep_alloc(data->nfield, sizeof(*b->same));
	rc = b->from && b->same ? make_head(b, e) : lep_fail_nomem(e, 0);
	for (size_t i = 0; i < data->nfield && rc == 0; i++)
		b->same[i] = (int)i;
	if (rc == 0)
		rc = lep_builder_new(&b->in, data, e);
	if (rc == 0)
		rc = lep_builder_new(&b->out, &b->head, e);
	if (rc) {
		lep_infer_batch_free(b);
		return rc;
	}
	*out = b;
	return 0;
}

void lep_infer_batch_free(struct lep_infer_batch *b)
{
	if (!b)
		return;
	lep_builder_free(b->in);
	lep_builder_free(b->out);
	lep_head_release(&b->head);
	lep_free(b->from);
	lep_free(b->same);
	lep_free(b->size);
	lep_free(b);
}

struct lep_head *lep_infer_batch_head(struct lep_infer_batch *b)
{
	return &b->head;
}

size_t lep_infer_batch_waiting(const struct lep_infer_batch *b)
{
	return lep_builder_count(b->in);
}

const struct lep_infer_counts *lep_infer_batch_counts(const struct lep_infer_batch *b)
{
	return &b->counts;
}

/* ---- giving out ---- */

/* Text of the cause becomes "NAME: record N (KEY): cause". */
static int name_record(const struct lep_infer_batch *b, const struct lep_entry *entry, uint64_t number,
	struct lep_error *e)
{
	return lep_fail_at(e, "%s: record %" PRIu64 " (%.*s)", b->name, number, (int)entry->key_len, entry->key);
}

/* A record that gets no outputs here: 1 if it goes out as bad with the cause in
 * why, 0 if not at all, or the error. */
static int judge(struct lep_infer_batch *b, const struct lep_entry *entry, uint64_t number, struct lep_error *why,
	struct lep_error *e)
{
	struct lep_error text = *why;

	name_record(b, entry, number, &text);
	if (b->o.bad == LEP_INFER_FAIL) {
		if (e)
			*e = text;
		return text.status;
	}
	if (b->o.note)
		b->o.note(b->o.ctx, text.text);
	return b->o.bad == LEP_INFER_KEEP;
}

/* Record i of the run onto the frame on its way out. */
static int add_out(struct lep_infer_batch *b, const struct lep_frame *fr, size_t i, struct lep_error *e)
{
	const struct lep_entry *entry = &fr->entry[i];
	uint64_t number = b->counts.records++;
	struct lep_error why;
	int goes = 1, failed, rc;

	failed = entry->bad ? 0 : lep_inferer_failure(b->f, i, &why);
	b->counts.bad += entry->bad != 0;
	b->counts.failed += failed != 0;
	b->counts.cut += !entry->bad && !failed && lep_inferer_is_cut(b->f, i);
	if (entry->bad && b->o.bad == LEP_INFER_SKIP) {
		lep_fail(&why, LEP_ERR_DATA, "%.*s", (int)entry->cause_len, entry->cause_len ? entry->cause : "");
		goes = judge(b, entry, number, &why, e);
	} else if (failed) {
		goes = judge(b, entry, number, &why, e);
	}
	if (goes <= 0)
		return goes;
	rc = lep_builder_copy(b->out, b->data, fr, i, b->from, e);
	if (rc || entry->bad)
		return rc;
	if (failed)
		return lep_builder_bad(b->out, why.text, e);
	for (size_t k = 0; k < b->nfield && rc == 0; k++) {
		const struct lep_infer_field *f = &b->field[k];
		size_t start = lep_infer_start(f, i), rows = lep_infer_start(f, i + 1) - start;
		struct lep_shape shape = f->shape;

		if (f->start && f->dtype != LEP_TEXT)
			shape.extent[0] = (int64_t)rows;
		rc = lep_builder_set(b->out, b->kept + k, f->start && f->dtype != LEP_TEXT ? &shape : NULL, f->data + start * f->bytes,
			rows * f->bytes, e);
	}
	return rc;
}

static int give_out(struct lep_infer_batch *b, const struct lep_frame *fr, struct lep_error *e)
{
	struct lep_frame out;
	size_t i = 0;
	int rc = 0;

	for (size_t k = 0; k < b->frames && rc == 0; k++) {
		size_t end = i + b->size[k];

		lep_builder_clear(b->out);
		for (; i < end && rc == 0; i++)
			rc = add_out(b, fr, i, e);
		if (rc == 0)
			rc = lep_builder_frame(b->out, &out, e);
		if (rc == 0 && out.n)
			rc = b->o.emit(b->o.ctx, &out, e);
	}
	return rc;
}

/* ---- collecting ---- */

int lep_infer_batch_run(struct lep_infer_batch *b, struct lep_error *e)
{
	struct lep_frame fr;
	int rc = 0;

	if (!b->frames)
		return 0;
	rc = lep_builder_frame(b->in, &fr, e);
	if (rc == 0)
		rc = lep_inferer_run(b->f, &fr, e);
	if (rc == 0)
		rc = give_out(b, &fr, e);
	lep_builder_clear(b->in);
	b->frames = b->bytes = 0;
	return rc;
}

static int note_frame(struct lep_infer_batch *b, const struct lep_frame *frame, struct lep_error *e)
{
	if (b->frames == b->room) {
		size_t room = b->room ? 2 * b->room : 64;
		size_t *size = lep_grow(b->size, b->frames * sizeof(*size), room, sizeof(*size));

		if (!size)
			return lep_fail_nomem(e, (double)room);
		b->size = size;
		b->room = room;
	}
	b->size[b->frames++] = frame->n;
	for (size_t f = 0; f < b->data->nfield; f++)
		b->bytes += frame->column[f].bytes;
	b->bytes += lep_inferer_bytes(b->f, frame);
	return 0;
}

int lep_infer_batch_add(struct lep_infer_batch *b, const struct lep_frame *frame, struct lep_error *e)
{
	int rc = note_frame(b, frame, e);

	for (size_t i = 0; i < frame->n && rc == 0; i++)
		rc = lep_builder_copy(b->in, b->data, frame, i, b->same, e);
	if (rc || (lep_builder_count(b->in) < b->o.records && b->bytes < LEP_INFER_BATCH_BYTES))
		return rc;
	return lep_infer_batch_run(b, e);
}
