/* Fields dropped, kept, renamed, given another role or a table. */
#include "data/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct lep_edit {
	struct lep_head head;
	size_t *from;             /* field of the input, one a field */
	enum lep_dtype *dtype;    /* there */
	uint8_t *to_ids;          /* whether its values become ids of the table */
	struct lep_column *column;
	struct lep_buf *ids;
};

static int find(const struct lep_head *h, const char *name, size_t len)
{
	for (size_t f = 0; f < h->nfield; f++)
		if (strlen(h->field[f].name) == len && memcmp(h->field[f].name, name, len) == 0)
			return (int)f;
	return -1;
}

/* The field that text ("NAME", or "NAME=value" with *value behind the `=`) is
 * about, or LEP_ERR_USAGE. */
static int find_text(const struct lep_head *h, const char *text, const char **value, struct lep_error *e)
{
	size_t len = value ? strcspn(text, "=") : strlen(text);
	int f = find(h, text, len);

	if (value && !text[len])
		return lep_fail(e, LEP_ERR_USAGE, "'%s' is not NAME=...", text);
	if (f < 0)
		return lep_fail(e, LEP_ERR_USAGE, "no field '%.*s'", len < LEP_NAME_MAX ? (int)len : LEP_NAME_MAX,
			text);
	if (value)
		*value = text + len + 1;
	return f;
}

/* edit->from: which fields come out. */
static int choose(struct lep_edit *edit, const struct lep_edit_options *o, const struct lep_head *in,
	size_t *n, struct lep_error *e)
{
	uint8_t *out = lep_alloc(in->nfield, 1);
	int r = 0;

	*n = 0;
	if (!out)
		return lep_fail_nomem(e, 0);
	for (size_t i = 0; i < o->ndrop && r >= 0; i++) {
		r = find_text(in, o->drop[i], NULL, e);
		if (r >= 0)
			out[r] = 1;
	}
	for (size_t i = 0; i < o->nkeep && r >= 0; i++) {
		r = find_text(in, o->keep[i], NULL, e);
		if (r >= 0 && !out[r]) {
			edit->from[(*n)++] = (size_t)r;
			out[r] = 1;
		}
	}
	for (size_t f = 0; f < in->nfield && !o->nkeep; f++)
		if (!out[f])
			edit->from[(*n)++] = f;
	lep_free(out);
	return r < 0 ? r : 0;
}

static const char *value_for(const char *const *list, size_t n, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(list[i], "=");

		if (strlen(name) == len && memcmp(list[i], name, len) == 0)
			value = list[i] + len + 1;
	}
	return value;
}

/* The table's ids are the values of this field. */
static int set_table(struct lep_edit *edit, size_t i, struct lep_field *f, const char *path, struct lep_error *e)
{
	int r;

	f->table = NULL;
	if (!lep_dtype_is_integer(f->dtype) || lep_shape_varying(&f->shape))
		return lep_fail(e, LEP_ERR_USAGE, "field '%s' does not hold whole numbers", f->name);
	f->table = lep_table_new();
	r = f->table ? lep_table_load(f->table, path, 0, e) : lep_fail_nomem(e, 0);
	f->dtype = LEP_I32;
	f->recipe = NULL;
	edit->to_ids[i] = 1;
	return r;
}

static int add_field(struct lep_edit *edit, size_t i, const struct lep_edit_options *o,
	const struct lep_head *in, struct lep_error *e)
{
	struct lep_field f = in->field[edit->from[i]];
	const char *role = value_for(o->role, o->nrole, f.name);
	const char *classes = value_for(o->classes, o->nclasses, f.name);
	const char *name = value_for(o->rename, o->nrename, f.name);
	int r = 0;

	edit->dtype[i] = f.dtype;
	if (role) {
		r = lep_role_parse(role, strlen(role));
		if (r < 0)
			return lep_fail(e, LEP_ERR_USAGE, "'%s' is no role: input, target, output or other", role);
		f.role = (enum lep_role)r;
	}
	if (classes)
		r = set_table(edit, i, &f, classes, e);
	if (r >= 0)
		r = lep_head_add(&edit->head, 0, name ? name : f.name, f.role, f.dtype, &f.shape, f.table,
			f.recipe, e);
	if (classes)
		lep_table_free(f.table);
	return r < 0 ? r : 0;
}

/* NAME=... options must name fields. */
static int check_names(const struct lep_edit_options *o, const struct lep_head *in, struct lep_error *e)
{
	const struct {
		const char *const *text;
		size_t n;
	} lists[] = {{o->rename, o->nrename}, {o->role, o->nrole}, {o->classes, o->nclasses}};

	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
		for (size_t i = 0; i < lists[l].n; i++) {
			const char *value;
			int f = find_text(in, lists[l].text[i], &value, e);

			if (f < 0)
				return f;
		}
	return 0;
}

static int build(struct lep_edit *edit, const struct lep_edit_options *o, const struct lep_head *in,
	struct lep_error *e)
{
	size_t n = 0;
	int r;

	edit->from = lep_alloc(in->nfield, sizeof(*edit->from));
	edit->dtype = lep_alloc(in->nfield, sizeof(*edit->dtype));
	edit->to_ids = lep_alloc(in->nfield, 1);
	edit->column = lep_alloc(in->nfield, sizeof(*edit->column));
	edit->ids = lep_alloc(in->nfield, sizeof(*edit->ids));
	if (!edit->from || !edit->dtype || !edit->to_ids || !edit->column || !edit->ids)
		return lep_fail_nomem(e, 0);
	r = check_names(o, in, e);
	if (!r)
		r = choose(edit, o, in, &n, e);
	edit->head.kind = in->kind;
	for (size_t i = 0; i < in->nnote && !r; i++)
		r = lep_head_note(&edit->head, in->note[i].key, in->note[i].value, e);
	for (size_t i = 0; i < in->nexpect && !r; i++) {
		r = lep_head_add_copy(&edit->head, 1, &in->expect[i], e);
		r = r < 0 ? r : 0;
	}
	for (size_t i = 0; i < n && !r; i++)
		r = add_field(edit, i, o, in, e);
	return r;
}

int lep_edit_new(struct lep_edit **out, const struct lep_edit_options *o, const struct lep_head *head,
	struct lep_error *e)
{
	struct lep_edit *edit = lep_alloc(1, sizeof(*edit));
	int r;

	*out = NULL;
	if (!edit)
		return lep_fail_nomem(e, sizeof(*edit));
	lep_head_init(&edit->head);
	r = build(edit, o, head, e);
	if (r) {
		lep_edit_free(edit);
		return r;
	}
	*out = edit;
	return 0;
}

void lep_edit_free(struct lep_edit *edit)
{
	if (!edit)
		return;
	for (size_t f = 0; edit->ids && f < edit->head.nfield; f++)
		lep_buf_release(&edit->ids[f]);
	lep_free(edit->ids);
	lep_free(edit->column);
	lep_free(edit->to_ids);
	lep_free(edit->dtype);
	lep_free(edit->from);
	lep_head_release(&edit->head);
	lep_free(edit);
}

struct lep_head *lep_edit_head(struct lep_edit *edit)
{
	return &edit->head;
}

/* Values of column i as ids of its table. */
static int to_ids(struct lep_edit *edit, size_t i, struct lep_column *c, struct lep_error *e)
{
	const struct lep_field *f = &edit->head.field[i];
	size_t size = lep_dtype_size(edit->dtype[i]);
	struct lep_buf *b = &edit->ids[i];

	lep_buf_clear(b);
	for (size_t at = 0; at < c->bytes; at += size) {
		unsigned char id[4];
		double v;

		lep_to_f64(&v, edit->dtype[i], c->data + at, 1);
		if (v < -1 || v >= (double)f->table->n)
			return lep_fail(e, LEP_ERR_DATA, "field '%s': %.0f is no id of %zu classes", f->name, v,
				f->table->n);
		lep_put32(id, (uint32_t)(int32_t)v);
		lep_buf_add(b, id, sizeof(id));
	}
	if (b->failed)
		return lep_fail_nomem(e, (double)c->bytes);
	c->data = (const unsigned char *)b->data;
	c->bytes = b->len;
	return 0;
}

int lep_edit_frame(struct lep_edit *edit, struct lep_frame *frame, struct lep_error *e)
{
	for (size_t i = 0; i < edit->head.nfield; i++) {
		edit->column[i] = frame->column[edit->from[i]];
		if (edit->to_ids[i]) {
			int r = to_ids(edit, i, &edit->column[i], e);

			if (r)
				return r;
		}
	}
	frame->column = edit->column;
	return 0;
}

static int add_lines(struct lep_table *t, const struct lep_buf *text, const char *path, int again,
	struct lep_error *e)
{
	size_t from = 0, line = 1;

	for (; from < text->len; line++) {
		const char *s = text->data + from, *nl = memchr(s, '\n', text->len - from);
		size_t len = nl ? (size_t)(nl - s) : text->len - from;

		from += len + 1;
		len -= len && s[len - 1] == '\r';
		if (len == 0 || memchr(s, '\0', len))
			return lep_fail(e, LEP_ERR_DATA, "%s:%zu: not a name", path, line);
		if (!again && lep_table_find(t, s, len) >= 0)
			return lep_fail(e, LEP_ERR_DATA, "%s:%zu: the name comes twice", path, line);
		if (lep_table_add(t, s, len) < 0)
			return lep_fail_nomem(e, 0);
	}
	return 0;
}

/* All of a file, at most what HEAD may hold. */
static int read_text(struct lep_buf *b, const char *path, struct lep_error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;
	char part[16384];

	if (fd < 0)
		return lep_fail_errno(e, "%s", path);
	while (b->len <= LEP_HEAD_MAX) {
		ssize_t n = read(fd, part, sizeof(part));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = lep_fail_errno(e, "%s", path);
		if (n <= 0)
			break;
		lep_buf_add(b, part, (size_t)n);
	}
	close(fd);
	if (!r && b->len > LEP_HEAD_MAX)
		r = lep_fail(e, LEP_ERR_DATA, "%s: too large for a list of names", path);
	return r ? r : b->failed ? lep_fail_nomem(e, 0) : 0;
}

int lep_table_load(struct lep_table *t, const char *path, int again, struct lep_error *e)
{
	struct lep_buf text = {0};
	int r = read_text(&text, path, e);

	if (!r)
		r = add_lines(t, &text, path, again, e);
	lep_buf_release(&text);
	return r;
}
