/*
 * Pictures to a tensor stream: the first passes (classes, measured scale), HEAD,
 * the records.
 */
#include "data/prepare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/stop.h"
#include "data/pictures.h"
#include "stream/writer.h"

/* One run of lep_prepare_run. */
struct job {
	struct lep_prepare *p;
	struct lep_pictures pictures;
	struct lep_table *classes;    /* NULL: no label field */
	struct lep_head head;
	struct lep_writer *writer;
	struct lep_builder *builder;
	int image, label;             /* fields; label -1: none */
	uint64_t seen;
	/* Of a measuring pass: */
	uint64_t sum[3], squares[3], count;
};

int lep_prepare_twice(const struct lep_prepare *p)
{
	return p->measure || (!p->no_labels && !p->classes);
}

/* "mnist.tar: train/3/17.png", as errors begin. */
static void place(char text[LEP_ERROR_MAX], const struct lep_buf *arena, const struct lep_sample *s)
{
	if (s->place)
		snprintf(text, LEP_ERROR_MAX, "%s: %s", s->place, arena->data + s->key);
	else
		snprintf(text, LEP_ERROR_MAX, "%s", arena->data + (s->has_path ? s->path : s->key));
}

static void note(const struct lep_prepare *p, const struct lep_buf *arena, const struct lep_sample *s,
	const char *cause)
{
	char at[LEP_ERROR_MAX];
	struct lep_error text;

	if (!p->note)
		return;
	place(at, arena, s);
	lep_fail(&text, LEP_ERR_DATA, "%s: %s", at, cause);
	p->note(p->ctx, text.text);
}

static int fail_at(const struct lep_buf *arena, const struct lep_sample *s, const char *cause, struct lep_error *e)
{
	char at[LEP_ERROR_MAX];

	place(at, arena, s);
	return lep_fail(e, LEP_ERR_DATA, "%s: %s", at, cause);
}

static int gather_classes(struct job *j, struct lep_error *e)
{
	struct lep_table *t = lep_table_new();
	struct lep_buf arena = {0};
	struct lep_sample s;
	int status = t ? 0 : lep_fail_nomem(e, 0);

	while (!status) {
		lep_buf_clear(&arena);
		status = lep_stop_check(e);
		if (status)
			break;
		status = lep_samples_next(j->p->samples, &arena, &s, 1, e);
		if (status <= 0)
			break;
		status = 0;
		if (s.has_class && lep_table_add(t, arena.data + s.class_name, s.class_len) < 0)
			status = lep_fail_nomem(e, 0);
	}
	lep_buf_release(&arena);
	if (!status && lep_table_sort(t))
		status = lep_fail_nomem(e, 0);
	if (!status)
		status = lep_samples_rewind(j->p->samples, e);
	if (status || !t->n) {
		lep_table_free(t);
		return status;
	}
	j->classes = t;
	return 0;
}

/* Measuring: exact integer sums. */

static int measure_sink(void *ctx, const struct lep_buf *arena, const struct lep_sample *s, const void *pixels,
	const char *cause, struct lep_error *e)
{
	struct job *j = ctx;
	const unsigned char *v = pixels;
	size_t channels = (size_t)j->pictures.recipe.channels;
	size_t n = (size_t)j->pictures.recipe.width * (size_t)j->pictures.recipe.height;

	if (cause)
		return j->p->bad == LEP_PREPARE_FAIL ? fail_at(arena, s, cause, e) : 0;
	for (size_t c = 0; c < channels; c++) {
		uint64_t sum = 0, squares = 0;

		for (size_t i = 0; i < n; i++) {
			unsigned x = v[i * channels + c];

			sum += x;
			squares += x * x;
		}
		j->sum[c] += sum;
		j->squares[c] += squares;
	}
	/* Up to 2^64 / 255^2 values: 280 terapixels. */
	j->count += n;
	return 0;
}

static int measure(struct job *j, struct lep_error *e)
{
	struct lep_recipe *r = &j->pictures.recipe;
	int as_float = j->pictures.as_float, status;
	double mean[3], deviation[3];

	j->pictures.sink = measure_sink;
	j->pictures.as_float = 0;
	status = lep_pictures_run(&j->pictures, e);
	if (!status)
		status = lep_samples_rewind(j->p->samples, e);
	if (status)
		return status;
	if (!j->count)
		return lep_fail(e, LEP_ERR_DATA, "no pictures to measure");
	for (int c = 0; c < r->channels; c++) {
		double m = (double)j->sum[c] / (double)j->count;
		double variance = (double)j->squares[c] / (double)j->count - m * m;

		mean[c] = m / 255;
		deviation[c] = variance > 0 ? sqrt(variance) / 255 : 0;
		if (!(deviation[c] > 1e-6))
			return lep_fail(e, LEP_ERR_DATA, "all pictures are of one value in channel %d: no deviation to scale by", c);
	}
	lep_recipe_set_scale(r, mean, deviation);
	j->pictures.as_float = as_float;
	return 0;
}

/* Writing. */

/* HEAD, now that the recipe is settled. */
static int begin(struct job *j, struct lep_error *e)
{
	struct lep_prepare *p = j->p;
	struct lep_recipe *r = &j->pictures.recipe;
	const struct lep_shape shape = {3, {r->height, r->width, r->channels}}, scalar = {0, {0}};
	const char *image = p->image_name ? p->image_name : "image", *label = p->label_name ? p->label_name : "label";
	struct lep_buf text = {0};
	int status = lep_recipe_format(r, &text) ? lep_fail_nomem(e, 0) : 0;

	if (!status && p->provenance)
		status = lep_head_note(&j->head, "provenance", p->provenance, e);
	if (!status) {
		j->image = lep_head_add(&j->head, 0, image, LEP_ROLE_INPUT, p->as_float ? LEP_F32 : LEP_U8, &shape, NULL,
			text.data, e);
		status = j->image < 0 ? j->image : 0;
	}
	if (!status && j->classes) {
		j->label = lep_head_add(&j->head, 0, label, LEP_ROLE_TARGET, LEP_I32, &scalar, j->classes, NULL, e);
		status = j->label < 0 ? j->label : 0;
	}
	lep_buf_release(&text);
	if (!status)
		status = lep_builder_new(&j->builder, &j->head, e);
	if (!status)
		status = lep_writer_new(&j->writer, p->out, &j->head, e);
	return status;
}

static int write_frame(struct job *j, struct lep_error *e)
{
	struct lep_frame frame;
	int status = lep_builder_frame(j->builder, &frame, e);

	if (!status)
		status = lep_writer_frame(j->writer, &frame, e);
	lep_builder_clear(j->builder);
	return status;
}

/* The id of a sample's class: 0 with *id set, 1 if the sample is left out. */
static int find_class(struct job *j, const struct lep_buf *arena, const struct lep_sample *s, int32_t *id,
	struct lep_error *e)
{
	struct lep_prepare *p = j->p;
	const char *name = arena->data + s->class_name;
	char cause[512];

	*id = -1;
	if (!j->classes)
		return 0;
	if (s->has_class)
		*id = (int32_t)lep_table_find(j->classes, name, s->class_len);
	if (*id >= 0 || !s->has_class || p->unknown == LEP_UNKNOWN_NONE)
		return 0;
	snprintf(cause, sizeof(cause), "class '%.200s' is not among those of %.200s", name,
		p->classes_from ? p->classes_from : "the first pass");
	if (p->unknown == LEP_UNKNOWN_FAIL)
		return fail_at(arena, s, cause, e);
	note(p, arena, s, cause);
	p->skipped_unknown++;
	return 1;
}

static int add_record(struct job *j, const struct lep_buf *arena, const struct lep_sample *s, const void *pixels,
	const char *cause, int32_t id, struct lep_error *e)
{
	const struct lep_field *image = &j->head.field[j->image];
	size_t bytes = (size_t)lep_shape_count(&image->shape) * lep_dtype_size(image->dtype);
	unsigned char label[4];
	int status = lep_builder_record(j->builder, arena->data + s->key, s->key_len, e);

	if (status) {
		char at[LEP_ERROR_MAX];

		place(at, arena, s);
		return lep_fail_at(e, "%.200s", at);
	}
	if (cause) {
		j->p->bad_records++;
		return lep_builder_bad(j->builder, cause, e);
	}
	status = lep_builder_set(j->builder, (size_t)j->image, NULL, pixels, bytes, e);
	if (!status && j->label >= 0) {
		lep_put32(label, (uint32_t)id);
		status = lep_builder_set(j->builder, (size_t)j->label, NULL, label, sizeof(label), e);
		j->p->unlabelled += id < 0;
	}
	return status;
}

/* Of a picture that is a part of what a model reads, beside a question say, the
 * class may come with the other part: the first one tells. */
static void decide_label(struct job *j, const struct lep_buf *arena, const struct lep_sample *s)
{
	if (!j->p->label_elsewhere || !j->classes || j->seen)
		return;
	if (s->has_class && lep_table_find(j->classes, arena->data + s->class_name, s->class_len) >= 0)
		return;
	lep_table_free(j->classes);
	j->classes = NULL;
}

static int write_sink(void *ctx, const struct lep_buf *arena, const struct lep_sample *s, const void *pixels,
	const char *cause, struct lep_error *e)
{
	struct job *j = ctx;
	struct lep_prepare *p = j->p;
	int32_t id;
	int status;

	if (p->progress && j->seen % 256 == 0)
		p->progress(p->ctx, j->seen);
	decide_label(j, arena, s);
	j->seen++;
	status = find_class(j, arena, s, &id, e);
	if (status)
		return status < 0 ? status : 0;
	if (cause && p->bad == LEP_PREPARE_FAIL)
		return fail_at(arena, s, cause, e);
	if (cause && p->bad == LEP_PREPARE_SKIP) {
		note(p, arena, s, cause);
		p->skipped_bad++;
		return 0;
	}
	if (!j->writer && (status = begin(j, e)) < 0)
		return status;
	status = add_record(j, arena, s, pixels, cause, id, e);
	if (!status && lep_builder_count(j->builder) >= (p->pack ? p->pack : 1))
		status = write_frame(j, e);
	return status;
}

static int flush(void *ctx, struct lep_error *e)
{
	struct job *j = ctx;

	return j->writer ? lep_writer_flush(j->writer, e) : 0;
}

static int write_all(struct job *j, struct lep_error *e)
{
	const struct lep_recipe *r = &j->pictures.recipe;
	int known = r->width && r->channels, wait = j->p->label_elsewhere && j->classes, status;

	j->pictures.sink = write_sink;
	j->pictures.flush = flush;
	/* Nothing waits for the first picture: a reader may look at HEAD at once. */
	if (known && !wait && (status = begin(j, e)) < 0)
		return status;
	status = lep_pictures_run(&j->pictures, e);
	if (status) {
		struct lep_error ignored;

		/* What was good before the error is handed out; the error stays the first. */
		if (j->writer && lep_builder_count(j->builder))
			write_frame(j, &ignored);
		return status;
	}
	if (!j->writer && known && !j->seen && (status = begin(j, e)) < 0)
		return status;
	if (!j->writer)
		return lep_fail(e, LEP_ERR_DATA, j->seen ? "no picture among %llu samples could be read" :
			"no pictures in the input", (unsigned long long)j->seen);
	if (lep_builder_count(j->builder))
		status = write_frame(j, e);
	j->p->records = lep_writer_records(j->writer);
	if (!status)
		status = lep_writer_end(j->writer, e);
	return status;
}

static void send_abort(struct job *j, const struct lep_error *e)
{
	char cause[LEP_ERROR_MAX + 64];

	snprintf(cause, sizeof(cause), "%s%s%s", j->p->program ? j->p->program : "", j->p->program ? ": " : "", e->text);
	lep_writer_abort(j->writer, j->p->out, cause);
}

int lep_prepare_run(struct lep_prepare *p, struct lep_error *e)
{
	struct job j = {.p = p, .image = -1, .label = -1};
	struct lep_error own;
	int status = 0;

	if (!e)
		e = &own;
	lep_head_init(&j.head);
	j.pictures = (struct lep_pictures){
		.samples = p->samples,
		.threads = p->threads,
		.recipe = p->recipe,
		.flip = p->flip,
		.as_float = p->as_float,
		.first_must_be_good = p->bad == LEP_PREPARE_KEEP,
		.ctx = &j,
	};
	j.pictures.recipe.kind = LEP_RECIPE_PICTURE;
	if (!p->no_labels && p->classes)
		j.classes = lep_table_share(p->classes);
	else if (!p->no_labels)
		status = gather_classes(&j, e);
	if (!status && p->measure)
		status = measure(&j, e);
	if (!status)
		status = write_all(&j, e);
	if (status)
		send_abort(&j, e);
	p->nclass = j.classes ? j.classes->n : 0;
	p->recipe = j.pictures.recipe;
	lep_writer_free(j.writer);
	lep_builder_free(j.builder);
	lep_head_release(&j.head);
	lep_table_free(j.classes);
	return status;
}

int lep_prepare_classes(struct lep_table **out, const char *list, const char *path, struct lep_error *e)
{
	const char *from = path ? path : "--classes";
	struct lep_table *t = lep_table_new();
	struct lep_bytes *bytes = NULL;
	struct lep_buf text = {0};
	char end = path ? '\n' : ',';
	int64_t got = 0;
	int status = t ? 0 : lep_fail_nomem(e, 0);

	if (!status && path)
		status = lep_bytes_open(&bytes, path, e);
	if (!status && path && (got = lep_bytes_read(bytes, &text, LEP_HEAD_MAX, e)) < 0)
		status = (int)got;
	if (!path)
		lep_buf_adds(&text, list);
	if (text.len && text.data[text.len - 1] == end)
		text.data[--text.len] = '\0';
	if (!status && text.failed)
		status = lep_fail_nomem(e, 0);
	for (size_t at = 0; !status && at <= text.len;) {
		const char *name = text.data ? text.data + at : "";
		size_t n = strcspn(name, path ? "\r\n" : ",");

		if (n == 0 || lep_table_find(t, name, n) >= 0)
			status = lep_fail(e, path ? LEP_ERR_DATA : LEP_ERR_USAGE, n ? "%s: class '%.*s' comes twice" :
				"%s: a class without a name", from, (int)n, name);
		else if (lep_table_add(t, name, n) < 0)
			status = lep_fail_nomem(e, 0);
		at += n + (name[n] == '\r' && name[n + 1] == '\n') + 1;
	}
	if (!status && lep_table_sort(t))
		status = lep_fail_nomem(e, 0);
	lep_bytes_close(bytes);
	lep_buf_release(&text);
	if (status)
		lep_table_free(t);
	*out = status ? NULL : t;
	return status;
}

int lep_prepare_like(struct lep_prepare *p, const struct lep_head *head, const char *path, struct lep_error *e)
{
	int model = head->kind != LEP_KIND_DATA;
	const struct lep_field *field = model ? head->expect : head->field, *image = NULL, *target = NULL;
	size_t n = model ? head->nexpect : head->nfield, inputs = 0;

	for (size_t i = 0; i < n; i++) {
		inputs += field[i].role == LEP_ROLE_INPUT;
		if (!image && field[i].role == LEP_ROLE_INPUT && field[i].recipe &&
			(!p->image_name || strcmp(field[i].name, p->image_name) == 0)) {
			int status = lep_recipe_parse(&p->recipe, field[i].recipe, e);

			if (status)
				return lep_fail_at(e, "%s: field %s", path, field[i].name);
			if (p->recipe.kind == LEP_RECIPE_PICTURE)
				image = &field[i];
		}
		if (!target && field[i].role == LEP_ROLE_TARGET && field[i].table)
			target = &field[i];
	}
	if (!image && p->image_name)
		return lep_fail(e, LEP_ERR_DATA, "%s: no field '%s' in it is prepared from pictures", path, p->image_name);
	if (!image)
		return lep_fail(e, LEP_ERR_DATA, "%s: no field in it is prepared from pictures", path);
	if (p->recipe.rules > LEP_PICTURE_RULES)
		return lep_fail(e, LEP_ERR_DATA, "%s: prepared by rules %d, newer than this program's %d", path,
			p->recipe.rules, LEP_PICTURE_RULES);
	p->as_float = image->dtype == LEP_F32;
	p->image_name = image->name;
	p->classes_from = path;
	if (!target) {
		p->no_labels = 1;
		return 0;
	}
	p->label_name = target->name;
	p->label_elsewhere = inputs > 1;
	p->classes = lep_table_share(target->table);
	return 0;
}

int lep_prepare_is_like(const struct lep_head *head)
{
	const struct lep_field *field = head->kind != LEP_KIND_DATA ? head->expect : head->field;
	size_t n = head->kind != LEP_KIND_DATA ? head->nexpect : head->nfield;
	struct lep_recipe r;

	for (size_t i = 0; i < n; i++)
		if (field[i].role == LEP_ROLE_INPUT && !lep_recipe_parse(&r, field[i].recipe, NULL) &&
			r.kind == LEP_RECIPE_PICTURE)
			return 1;
	return 0;
}
