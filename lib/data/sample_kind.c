/* The readers of samples: folders, archives, pictures, IDX files, lists, manifests. */
#include "data/sample_kind.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A text into the arena, with its NUL; where it begins. */
static size_t keep(struct lep_buf *arena, const char *s, size_t len)
{
	size_t at = arena->len;

	lep_buf_add(arena, s, len);
	lep_buf_addc(arena, '\0');
	return at;
}

static void set_key(struct lep_buf *arena, struct lep_sample *out, const char *key, size_t len)
{
	out->key = keep(arena, key, len);
	out->key_len = len;
}

static void set_class(struct lep_buf *arena, struct lep_sample *out, const char *name, size_t len)
{
	if (!len)
		return;
	out->class_name = keep(arena, name, len);
	out->class_len = len;
	out->has_class = 1;
}

/* A file by its name: the key is the name, the class its folder. */
static void set_file(struct lep_buf *arena, struct lep_sample *out, const char *path, const char *key)
{
	size_t at, n, len;

	while (key[0] == '.' && key[1] == '/')
		for (key += 2; *key == '/'; key++)
			;
	len = strlen(key);
	set_key(arena, out, key, len);
	n = lep_sample_class(key, len, &at);
	set_class(arena, out, key + at, n);
	out->path = keep(arena, path, strlen(path));
	out->has_path = 1;
}

static void set_bad(struct lep_buf *arena, struct lep_sample *out, const char *cause)
{
	out->cause = keep(arena, cause, strlen(cause));
	out->bad = 1;
}

/* Lives as long as the options. */
static const char *place_of(const struct lep_sample_unit *u)
{
	return strcmp(u->name, "-") == 0 ? "<stdin>" : u->name;
}

/* Folders. */

static int folder_start(struct lep_samples *s, struct lep_sample_unit *u, struct lep_error *e)
{
	return lep_walk_open(&s->walk, u->name, e);
}

static int folder_next(struct lep_samples *s, struct lep_sample_unit *u, struct lep_buf *arena, struct lep_sample *out,
	int names_only, struct lep_error *e)
{
	const char *path, *key;
	int status = lep_walk_next(s->walk, &path, &key, e);

	(void)u;
	(void)names_only;
	if (status > 0)
		set_file(arena, out, path, key);
	return status;
}

/* Archives. */

static int tar_start(struct lep_samples *s, struct lep_sample_unit *u, struct lep_error *e)
{
	return lep_tar_new(&s->tar, u->bytes, e);
}

/* A name that ls would not show: .DS_Store, ._picture.png, .git/... */
static int is_hidden(const char *name)
{
	for (const char *p = name; p; p = strchr(p, '/')) {
		while (*p == '/')
			p++;
		if (p[0] == '.' && p[1] && p[1] != '/' && !(p[1] == '.' && (p[2] == '/' || !p[2])))
			return 1;
	}
	return 0;
}

/* Why an entry has no picture in it; NULL: it may. */
static const char *entry_cause(const struct lep_tar_entry *entry, char text[256])
{
	switch (entry->type) {
	case LEP_TAR_LINK:
		snprintf(text, 256, "a link to %.100s, whose picture is elsewhere (tar --hard-dereference -h follows links)",
			entry->link);
		return text;
	case LEP_TAR_SPARSE:
		return "a sparse file, which is not read";
	case LEP_TAR_DEVICE:
		return "not a regular file";
	default:
		return NULL;
	}
}

static int tar_next(struct lep_samples *s, struct lep_sample_unit *u, struct lep_buf *arena, struct lep_sample *out,
	int names_only, struct lep_error *e)
{
	struct lep_tar_entry entry;
	char text[256];
	const char *cause;
	size_t at, n, len;
	int status;

	do {
		status = lep_tar_next(s->tar, &entry, e);
		if (status == 0)
			status = lep_bytes_finish(u->bytes, e);
		else if (status > 0)
			continue;
		return status;
	} while (entry.type == LEP_TAR_FOLDER || entry.type == LEP_TAR_LABEL || is_hidden(entry.name));

	len = strlen(entry.name);
	set_key(arena, out, entry.name, len);
	n = lep_sample_class(entry.name, len, &at);
	set_class(arena, out, entry.name + at, n);
	out->place = place_of(u);
	cause = entry_cause(&entry, text);
	if (cause) {
		set_bad(arena, out, cause);
		return 1;
	}
	if (names_only)
		return 1;
	out->data = arena->len;
	status = lep_tar_read(s->tar, arena, e);
	out->len = arena->len - out->data;
	return status ? status : 1;
}

/* A picture's own file. */

static int picture_next(struct lep_samples *s, struct lep_sample_unit *u, struct lep_buf *arena, struct lep_sample *out,
	int names_only, struct lep_error *e)
{
	int64_t got;

	if (s->done++)
		return 0;
	set_file(arena, out, u->name, u->name);
	out->has_path = 0;
	if (names_only)
		return 1;
	out->data = arena->len;
	got = lep_bytes_read(u->bytes, arena, UINT64_MAX, e);
	out->len = arena->len - out->data;
	out->place = NULL;
	return got < 0 ? (int)got : 1;
}

/* IDX files. */

static int idx_labels(struct lep_samples *s, const char *path, int must, struct lep_error *e)
{
	const unsigned char *p;
	int64_t got;
	int status = lep_bytes_open(&s->labels, path, e);

	if (status)
		return status;
	got = lep_bytes_peek(s->labels, &p, 4, e);
	if (got < 0)
		return (int)got;
	if (!must && !(lep_idx_is(p, (size_t)got) && p[3] == 1)) {
		lep_bytes_close(s->labels);
		s->labels = NULL;
		return 0;
	}
	status = lep_idx_head(&s->label_idx, s->labels, e);
	if (status)
		return status;
	if (s->label_idx.shape.rank != 1 || !lep_dtype_is_integer(s->label_idx.dtype))
		return lep_fail(e, LEP_ERR_DATA, "%s: not a row of whole numbers, as labels are", path);
	if (s->label_idx.shape.extent[0] != s->idx.shape.extent[0])
		return lep_fail(e, LEP_ERR_DATA, "%s: %" PRId64 " labels for %" PRId64 " pictures", path,
			s->label_idx.shape.extent[0], s->idx.shape.extent[0]);
	return 0;
}

static int idx_start(struct lep_samples *s, struct lep_sample_unit *u, struct lep_error *e)
{
	const struct lep_sample_unit *next = s->at + 1 < s->nunit ? u + 1 : NULL;
	const int64_t *extent = s->idx.shape.extent;
	char text[LEP_SHAPE_TEXT_MAX];
	int status = lep_idx_head(&s->idx, u->bytes, e), rank;

	if (status)
		return status;
	rank = s->idx.shape.rank;
	if (rank == 1)
		return lep_fail(e, LEP_ERR_DATA, "%s: labels, but no IDX file of pictures stands before them", u->name);
	if (s->idx.dtype != LEP_U8 || rank < 3 || (rank == 4 && extent[3] != 1 && extent[3] != 3) ||
			(extent[0] && (!extent[1] || !extent[2])))
		return lep_fail(e, LEP_ERR_DATA, "%s: %s of %s is no row of pictures", u->name,
			lep_dtype_name(s->idx.dtype), lep_shape_text(text, &s->idx.shape, "x"));
	if (s->o->labels)
		return idx_labels(s, s->o->labels, 1, e);
	if (next && next->declared == LEP_SAMPLE_FILE && !next->kept) {
		status = idx_labels(s, next->name, 0, e);
		s->taken = s->labels != NULL;
	}
	return status;
}

static int idx_class(struct lep_samples *s, struct lep_buf *arena, struct lep_sample *out, struct lep_error *e)
{
	char text[32];
	double v;
	int status;

	lep_buf_clear(&s->text);
	status = lep_idx_read(&s->label_idx, s->labels, &s->text, 1, e);
	if (status)
		return status;
	lep_to_f64(&v, s->label_idx.dtype, s->text.data, 1);
	snprintf(text, sizeof(text), "%.0f", v);
	set_class(arena, out, text, strlen(text));
	return 0;
}

static int idx_next(struct lep_samples *s, struct lep_sample_unit *u, struct lep_buf *arena, struct lep_sample *out,
	int names_only, struct lep_error *e)
{
	const struct lep_shape *shape = &s->idx.shape;
	size_t bytes;
	char text[32];
	int status;

	if (s->number == (uint64_t)shape->extent[0])
		return lep_bytes_finish(u->bytes, e);
	snprintf(text, sizeof(text), "%" PRIu64, s->number++);
	set_key(arena, out, text, strlen(text));
	if (s->labels) {
		status = idx_class(s, arena, out, e);
		if (status)
			return status;
	}
	out->place = place_of(u);
	out->height = shape->extent[1];
	out->width = shape->extent[2];
	out->channels = shape->rank == 4 ? (int)shape->extent[3] : 1;
	bytes = (size_t)(out->width * out->height) * (size_t)out->channels;
	if (names_only) {
		status = lep_bytes_skip(u->bytes, bytes, e);
		if (status <= 0)
			return status ? status : lep_fail(e, LEP_ERR_DATA, "%s: truncated IDX file", u->name);
		return 1;
	}
	out->data = arena->len;
	out->len = bytes;
	status = lep_idx_read(&s->idx, u->bytes, arena, bytes, e);
	return status ? status : 1;
}

/* Lists of names. */

static int list_next(struct lep_samples *s, struct lep_sample_unit *u, struct lep_buf *arena, struct lep_sample *out,
	int names_only, struct lep_error *e)
{
	char end = s->o->nul ? '\0' : '\n';

	(void)names_only;
	lep_buf_clear(&s->text);
	for (;;) {
		const unsigned char *p, *hit;
		int64_t got = lep_bytes_some(u->bytes, &p, e);
		size_t n;

		if (got < 0)
			return (int)got;
		if (got == 0 && !s->text.len)
			return 0;
		hit = got ? memchr(p, end, (size_t)got) : NULL;
		n = hit ? (size_t)(hit - p) : (size_t)got;
		lep_buf_add(&s->text, p, n);
		lep_bytes_take(u->bytes, n + (hit != NULL));
		if (s->text.failed)
			return lep_fail_nomem(e, 0);
		if (s->text.len > 65536)
			return lep_fail(e, LEP_ERR_DATA, "%s: a name of more than 65536 bytes: not a list of names", u->name);
		if (!hit && got)
			continue;
		if (!s->text.len)
			continue; /* an empty line */
		if (memchr(s->text.data, '\0', s->text.len))
			return lep_fail(e, LEP_ERR_DATA, "%s: a NUL in a name (-0 reads lists that NUL ends)", u->name);
		set_file(arena, out, s->text.data, s->text.data);
		return 1;
	}
}

/* Manifests. */

static int find_column(const struct lep_csv_row *row, const char *name, size_t *column)
{
	for (size_t i = 0; i < row->n; i++) {
		if (strcmp(row->field[i], name) == 0) {
			*column = i;
			return 1;
		}
	}
	return 0;
}

static int manifest_start(struct lep_samples *s, struct lep_sample_unit *u, struct lep_error *e)
{
	const char *slash = strrchr(u->name, '/');
	const struct lep_samples_options *o = s->o;
	struct lep_csv_row row;
	int status = lep_csv_new(&s->csv, u->bytes, 0, e);

	if (!status)
		status = lep_csv_next(s->csv, &row, e);
	if (status < 0)
		return status;
	if (status == 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: empty: no row of column names", u->name);
	s->folder_len = slash ? (size_t)(slash - u->name) + 1 : 0;
	s->file_column = 0;
	s->label_column = row.n > 1 ? 1 : SIZE_MAX;
	if (!o->file_column && !o->label_column) {
		size_t file, label;

		if (find_column(&row, "file", &file) && find_column(&row, "label", &label)) {
			s->file_column = file;
			s->label_column = label;
		}
		return 0;
	}
	if (o->file_column && !find_column(&row, o->file_column, &s->file_column))
		return lep_fail(e, LEP_ERR_DATA, "%s: no column '%s'", u->name, o->file_column);
	s->label_column = SIZE_MAX;
	if (o->label_column && !find_column(&row, o->label_column, &s->label_column))
		return lep_fail(e, LEP_ERR_DATA, "%s: no column '%s'", u->name, o->label_column);
	return 0;
}

static int manifest_next(struct lep_samples *s, struct lep_sample_unit *u, struct lep_buf *arena, struct lep_sample *out,
	int names_only, struct lep_error *e)
{
	struct lep_csv_row row;
	const char *file, *label = "";
	int status = lep_csv_next(s->csv, &row, e);

	(void)names_only;
	if (status <= 0)
		return status;
	if (s->file_column >= row.n || (s->label_column != SIZE_MAX && s->label_column >= row.n))
		return lep_fail(e, LEP_ERR_DATA, "%s: line %" PRIu64 ": only %zu column%s", u->name, row.line, row.n,
			row.n == 1 ? "" : "s");
	file = row.field[s->file_column];
	if (!*file)
		return lep_fail(e, LEP_ERR_DATA, "%s: line %" PRIu64 ": no file name", u->name, row.line);
	if (s->label_column != SIZE_MAX)
		label = row.field[s->label_column];
	lep_buf_clear(&s->text);
	if (*file != '/')
		lep_buf_add(&s->text, u->name, s->folder_len);
	lep_buf_adds(&s->text, file);
	if (s->text.failed)
		return lep_fail_nomem(e, 0);
	set_file(arena, out, s->text.data, file);
	out->has_class = 0;
	set_class(arena, out, label, strlen(label));
	return 1;
}

const struct lep_sample_reader lep_sample_readers[LEP_SAMPLE_KINDS] = {
	[LEP_SAMPLE_FOLDER] = {folder_start, folder_next},
	[LEP_SAMPLE_TAR] = {tar_start, tar_next},
	[LEP_SAMPLE_PICTURE] = {NULL, picture_next},
	[LEP_SAMPLE_PIXELS] = {idx_start, idx_next},
	[LEP_SAMPLE_LIST] = {NULL, list_next},
	[LEP_SAMPLE_MANIFEST] = {manifest_start, manifest_next},
};
