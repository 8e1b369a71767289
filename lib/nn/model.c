#include "nn/model.h"

#include <string.h>

/* ---- reading ---- */

static int join_lines(struct lep_model *m, struct lep_error *e)
{
	struct lep_buf text = {0};
	size_t at = 0;
	const char *line;

	while ((line = lep_head_note_get(&m->head, "network", &at)))
		lep_buf_addf(&text, "%s\n", line);
	if (text.failed) {
		lep_buf_release(&text);
		return lep_fail_nomem(e, 0);
	}
	m->text = text.data;
	return text.data ? 0 : lep_fail(e, LEP_ERR_DATA, "%s: a model without network lines", m->name);
}

static int read_record(struct lep_model *m, struct lep_error *e)
{
	const struct lep_frame *frame;
	size_t at;
	int rc;

	if (lep_dataset_count(m->data) != 1)
		return lep_fail(e, LEP_ERR_DATA, "%s: a model has one record, this has %llu", m->name,
			(unsigned long long)lep_dataset_count(m->data));
	rc = lep_dataset_record(m->data, 0, &frame, &at, e);
	if (rc == 0)
		m->frame = *frame;
	return rc;
}

/* The f32 values of a field, where they lie in the file. */
static int find(const struct lep_model *m, const char *field, size_t count, const void **out, struct lep_error *e)
{
	int at = lep_head_find(&m->head, field);
	struct lep_shape shape;
	size_t len;

	if (at < 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s' is missing", m->name, field);
	*out = lep_frame_value(&m->head, &m->frame, (size_t)at, 0, &len, &shape);
	if (m->head.field[at].dtype != LEP_F32 || len != count * sizeof(float))
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s' is not of %zu f32 values", m->name, field, count);
	return 0;
}

int lep_model_get(const struct lep_model *m, const char *field, lep_real *to, size_t count, struct lep_error *e)
{
	const void *from;
	int rc = find(m, field, count, &from, e);

	if (rc)
		return rc;
#ifdef LEP_DOUBLE
	lep_to_f64(to, LEP_F32, from, count);
#else
	lep_to_f32(to, LEP_F32, from, count);
#endif
	return 0;
}

/* Whether reals can be read where they lie in the file. */
static int are_reals(const void *from)
{
	return sizeof(lep_real) == sizeof(float) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&
		(uintptr_t)from % sizeof(lep_real) == 0;
}

/* Most weights are only packed, which the file is good enough for; what is read
 * later must not change under our hands when somebody writes to that. */
static int take_param(const struct lep_model *m, struct lep_param *p, struct lep_error *e)
{
	const void *from;
	int rc = p->only_packed ? find(m, p->name, p->count, &from, e) : 0;

	if (rc)
		return rc;
	if (p->only_packed && are_reals(from)) {
		p->value = (lep_real *)(uintptr_t)from;
		return 0;
	}
	lep_use(p->value, p->count * sizeof(*p->value));
	return lep_model_get(m, p->name, p->value, p->count, e);
}

static int take_params(struct lep_model *m, struct lep_error *e)
{
	for (size_t i = 0; i < lep_net_params(m->net); i++) {
		struct lep_param *p = lep_net_param(m->net, i);
		int at = lep_head_find(&m->head, p->name), rc;

		if (at >= 0 && !lep_shape_equal(&m->head.field[at].shape, &p->shape))
			return lep_fail(e, LEP_ERR_DATA, "%s: weight '%s' has another shape than the network says",
				m->name, p->name);
		rc = take_param(m, p, e);
		if (rc)
			return rc;
	}
	return 0;
}

int lep_model_load(struct lep_model *m, const char *path, const struct lep_kernels *k, struct lep_error *e)
{
	const char *arithmetic;
	int rc;

	*m = (struct lep_model){0};
	lep_head_init(&m->head);
	rc = lep_dataset_open(&m->data, path, NULL, (size_t)1 << 30, e);
	if (rc)
		return rc;
	m->name = lep_dataset_name(m->data);
	rc = lep_head_copy(&m->head, lep_dataset_head(m->data), e);
	if (rc == 0 && m->head.kind == LEP_KIND_DATA)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: holds data, not a model", m->name);
	arithmetic = rc ? NULL : lep_head_note_get(&m->head, "arithmetic", NULL);
	if (rc == 0 && (!arithmetic || strcmp(arithmetic, LEP_ARITHMETIC) != 0))
		rc = lep_fail(e, LEP_ERR_DATA, "%s: made for arithmetic '%s', this is " LEP_ARITHMETIC, m->name,
			arithmetic ? arithmetic : "none");
	if (rc == 0)
		rc = join_lines(m, e);
	if (rc == 0)
		rc = read_record(m, e);
	if (rc == 0)
		rc = lep_net_new(&m->net, m->text, m->name, m->head.expect, m->head.nexpect, NULL, k, e);
	if (rc == 0)
		rc = take_params(m, e);
	return rc;
}

void lep_model_release(struct lep_model *m)
{
	lep_net_free(m->net);
	lep_head_release(&m->head);
	lep_dataset_close(m->data);
	struct lep_buf text = {.data = m->text};

	lep_buf_release(&text);
	*m = (struct lep_model){0};
}

/* ---- writing ---- */

static int add_lines(struct lep_head *h, const char *text, struct lep_error *e)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = lep_strndup(text, len);
		int rc;

		if (!line)
			return lep_fail_nomem(e, 0);
		rc = lep_head_note(h, "network", line, e);
		lep_free(line);
		if (rc)
			return rc;
		text += len + (text[len] == '\n');
	}
	return 0;
}

static int add_provenance(struct lep_head *h, const struct lep_head *from, const char *own, struct lep_error *e)
{
	const char *line;
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && from && (line = lep_head_note_get(from, "provenance", &at)))
		rc = lep_head_note(h, "provenance", line, e);
	if (rc == 0 && own && *own)
		rc = lep_head_note(h, "provenance", own, e);
	return rc;
}

static int add_expect(struct lep_head *h, const struct lep_net *n, const struct lep_field *fields,
	struct lep_error *e)
{
	int rc = 0, target = lep_net_target(n), is_read = 0;

	for (size_t i = 0; i < lep_net_inputs(n) && rc >= 0; i++) {
		struct lep_field field = fields[lep_net_input(n, i)->field];

		/* What is learnt from what stands before it is needed in use; a sequence to be made is not. */
		is_read |= lep_net_input(n, i)->field == target;
		if (lep_net_input(n, i)->shift != LEP_SHIFT_NONE)
			field.role = lep_net_input(n, i)->shift == LEP_SHIFT_NEXT ? LEP_ROLE_INPUT : LEP_ROLE_TARGET;
		rc = lep_head_add_copy(h, 1, &field, e);
	}
	if (rc >= 0 && target >= 0 && !is_read) {
		/* The target by --target too, whatever the data say it is. */
		struct lep_field field = fields[target];

		field.role = LEP_ROLE_TARGET;
		rc = lep_head_add_copy(h, 1, &field, e);
	}
	return rc < 0 ? rc : 0;
}

int lep_model_head(struct lep_head *out, struct lep_net *n, const struct lep_field *fields,
	const char *loss, const struct lep_head *from, const char *provenance, struct lep_error *e)
{
	int rc;

	lep_head_init(out);
	out->kind = LEP_KIND_MODEL;
	rc = lep_head_note(out, "arithmetic", LEP_ARITHMETIC, e);
	if (rc == 0)
		rc = lep_head_note(out, "loss", loss, e);
	if (rc == 0)
		rc = add_lines(out, lep_net_text(n), e);
	if (rc == 0)
		rc = add_provenance(out, from, provenance, e);
	if (rc == 0)
		rc = add_expect(out, n, fields, e);
	for (size_t i = 0; i < lep_net_params(n) && rc >= 0; i++) {
		const struct lep_param *p = lep_net_param(n, i);

		rc = lep_head_add(out, 0, p->name, LEP_ROLE_OTHER, LEP_F32, &p->shape, NULL, NULL, e);
	}
	if (rc < 0)
		lep_head_release(out);
	return rc < 0 ? rc : 0;
}

/* Each parameter's field of the builder's current record. */
static int fill(struct lep_builder *b, const struct lep_head *head, struct lep_net *n, struct lep_error *e)
{
	struct lep_buf bytes = {0};
	int rc = 0;

	for (size_t i = 0; i < lep_net_params(n) && rc == 0; i++) {
		const struct lep_param *p = lep_net_param(n, i);

		lep_buf_clear(&bytes);
		for (size_t k = 0; k < p->count; k++) {
			float v = (float)p->value[k];
			unsigned char raw[4];

			lep_from_f32(raw, LEP_F32, &v, 1);
			lep_buf_add(&bytes, raw, sizeof(raw));
		}
		if (bytes.failed)
			rc = lep_fail_nomem(e, 4.0 * (double)p->count);
		else
			rc = lep_builder_set(b, (size_t)lep_head_find(head, p->name), NULL, bytes.data, bytes.len, e);
	}
	lep_buf_release(&bytes);
	return rc;
}

int lep_model_write_more(struct lep_output *out, const struct lep_head *head, struct lep_net *n, const char *key,
	lep_model_more_fn *more, void *ctx, struct lep_error *e)
{
	struct lep_builder *b = NULL;
	struct lep_writer *w = NULL;
	struct lep_frame frame;
	int rc = lep_builder_new(&b, head, e);

	if (rc == 0)
		rc = lep_builder_record(b, key, strlen(key), e);
	if (rc == 0)
		rc = fill(b, head, n, e);
	if (rc == 0 && more)
		rc = more(ctx, b, head, e);
	if (rc == 0)
		rc = lep_builder_frame(b, &frame, e);
	if (rc == 0)
		rc = lep_writer_new(&w, out, head, e);
	if (rc == 0)
		rc = lep_writer_frame(w, &frame, e);
	if (rc == 0)
		rc = lep_writer_end(w, e);
	lep_writer_free(w);
	lep_builder_free(b);
	return rc;
}

int lep_model_write(struct lep_output *out, const struct lep_head *head, struct lep_net *n, struct lep_error *e)
{
	return lep_model_write_more(out, head, n, "model", NULL, NULL, e);
}
