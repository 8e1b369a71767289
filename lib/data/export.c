/* Pictures out of records, and files in a folder. */
#include "data/export.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "data/image.h"
#include "data/values.h"

#define PART_MAX 200

/* Any numbers to 0..255. */
static int scale(uint8_t *out, enum lep_dtype t, const unsigned char *p, size_t n)
{
	size_t size = lep_dtype_size(t);
	struct lep_stats s;

	lep_stats_of(&s, t, p, n);
	for (size_t i = 0; i < n; i++) {
		double v;

		lep_to_f64(&v, t, p + i * size, 1);
		v = s.max > s.min && v >= s.min ? (v - s.min) / (s.max - s.min) : 0;
		out[i] = (uint8_t)(255 * v + 0.5);
	}
	return isfinite(s.min) && isfinite(s.max);
}

int lep_export_png(struct lep_buf *out, const struct lep_head *h, const struct lep_frame *fr, size_t i,
	size_t f, struct lep_error *e)
{
	const struct lep_field *field = &h->field[f];
	struct lep_shape s;
	size_t len;
	const unsigned char *p = lep_frame_value(h, fr, f, i, &len, &s);
	uint8_t *bytes = NULL;
	int r;

	if (field->dtype == LEP_TEXT || s.rank < 2 || s.rank > 3 ||
		(s.rank == 3 && s.extent[2] != 1 && s.extent[2] != 3))
		return lep_fail(e, LEP_ERR_DATA, "field '%s' is no picture: height x width [x 1 or 3]", field->name);
	if (field->dtype != LEP_U8) {
		size_t n = len / lep_dtype_size(field->dtype);

		bytes = lep_alloc(n, 1);
		if (!bytes)
			return lep_fail_nomem(e, (double)n);
		if (!scale(bytes, field->dtype, p, n)) {
			lep_free(bytes);
			return lep_fail(e, LEP_ERR_DATA, "field '%s' holds infinite values", field->name);
		}
		p = bytes;
	}
	r = lep_png_write(out, p, s.extent[1], s.extent[0], s.rank == 3 ? (int)s.extent[2] : 1, e);
	lep_free(bytes);
	return r;
}

int lep_folder_open(const char *path, struct lep_error *e)
{
	int fd;

	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return lep_fail_errno(e, "%s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? lep_fail_errno(e, "%s", path) : fd;
}

/* One part of a path. */
static void add_part(struct lep_buf *out, const char *s, size_t len)
{
	len = lep_utf8_cut(s, len, PART_MAX);
	if (len == 0 || (len == 1 && s[0] == '.'))
		return;
	if (out->len)
		lep_buf_addc(out, '/');
	if (len == 2 && s[0] == '.' && s[1] == '.') {
		lep_buf_adds(out, "__");
		return;
	}
	for (size_t i = 0; i < len; i++)
		lep_buf_addc(out, (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '_' : s[i]);
}

void lep_folder_name(struct lep_buf *out, const char *key, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	lep_buf_clear(out);
	while (len) {
		const char *slash = memchr(key, '/', len);
		size_t part = slash ? (size_t)(slash - key) : len;

		add_part(out, key, part);
		key += part;
		len -= part;
		if (slash) {
			key++;
			len--;
		}
	}
	if (out->len == 0)
		lep_buf_adds(out, "record");
	if (!out->failed && (out->len < n || memcmp(out->data + out->len - n, suffix, n) != 0))
		lep_buf_adds(out, suffix);
}

/* The folder that name's last part goes in, made where it is missing; *last is
 * that part. A descriptor of the caller's. */
static int open_parent(int folder, char *name, char **last, struct lep_error *e)
{
	int fd = dup(folder), next;

	*last = name;
	for (char *slash = strchr(name, '/'); slash && fd >= 0; slash = strchr(*last, '/')) {
		*slash = '\0';
		if (mkdirat(fd, *last, 0777) != 0 && errno != EEXIST)
			next = -1;
		else
			next = openat(fd, *last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			(void)lep_fail_errno(e, "%s", *last);
		close(fd);
		fd = next;
		*last = slash + 1;
	}
	return fd;
}

int lep_folder_save(int folder, const char *name, const void *data, size_t len, struct lep_error *e)
{
	char *path = lep_strdup(name), *last;
	const char *p = data;
	int dir, fd = -1, r = 0;

	if (!path)
		return lep_fail_nomem(e, 0);
	dir = open_parent(folder, path, &last, e);
	if (dir < 0) {
		lep_free(path);
		return LEP_ERR_IO;
	}
	fd = openat(dir, last, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		r = lep_fail_errno(e, "%s", name);
	while (!r && len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = lep_fail_errno(e, "%s", name);
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0 && close(fd) != 0 && !r)
		r = lep_fail_errno(e, "%s", name);
	close(dir);
	lep_free(path);
	return r;
}
