/* The sorted walk over a folder. */
#include "data/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 64

struct level {
	struct lep_buf names;  /* NUL-terminated, one behind another; a folder's ends in a slash */
	size_t *at;            /* where each begins, sorted */
	size_t n, next;
	size_t path_len;       /* of this folder, with its slash */
	dev_t dev;
	ino_t ino;
};

struct lep_walk {
	struct lep_buf path;
	size_t root_len;
	struct level *level[DEPTH_MAX];
	int depth;
};

static void level_free(struct level *l)
{
	if (!l)
		return;
	lep_buf_release(&l->names);
	lep_free(l->at);
	lep_free(l);
}

/* 1 if the path is a folder, 0 if it is not, negative if nobody can tell. A
 * dangling link is left for whoever opens it. */
static int is_folder(const struct dirent *d, const char *path, struct lep_error *e)
{
	struct stat st;

	if (d->d_type == DT_DIR || d->d_type == DT_REG)
		return d->d_type == DT_DIR;
	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode);
	if (errno == ENOENT || errno == ELOOP)
		return 0;
	return lep_fail_errno(e, "%s", path);
}

static int compare(const void *a, const void *b, void *names)
{
	const char *base = names;

	return strcmp(base + *(const size_t *)a, base + *(const size_t *)b);
}

/* All names of the open folder whose path (with a slash) is w->path. */
static int list(struct lep_walk *w, DIR *dir, struct level *l, struct lep_error *e)
{
	struct lep_buf at = {0};
	struct dirent *d;
	int status = 0;

	while (!status && (errno = 0, d = readdir(dir))) {
		size_t start = l->names.len;

		if (d->d_name[0] == '.')
			continue;
		lep_buf_adds(&w->path, d->d_name);
		if (w->path.failed) {
			status = lep_fail_nomem(e, 0);
			break;
		}
		status = is_folder(d, w->path.data, e);
		w->path.len = l->path_len;
		w->path.data[w->path.len] = '\0';
		if (status < 0)
			break;
		lep_buf_adds(&l->names, d->d_name);
		if (status)
			lep_buf_addc(&l->names, '/');
		lep_buf_addc(&l->names, '\0');
		lep_buf_add(&at, &start, sizeof(start));
		status = l->names.failed || at.failed ? lep_fail_nomem(e, 0) : 0;
	}
	if (!status && errno)
		status = lep_fail_errno(e, "%s", w->path.data);
	l->n = at.len / sizeof(*l->at);
	if (!status && !(l->at = lep_alloc(l->n, sizeof(*l->at))))
		status = lep_fail_nomem(e, 0);
	if (!status && l->n) {
		memcpy(l->at, at.data, at.len);
		qsort_r(l->at, l->n, sizeof(*l->at), compare, l->names.data);
	}
	lep_buf_release(&at);
	return status;
}

/* Go into the folder w->path, which ends in a slash. */
static int enter(struct lep_walk *w, struct lep_error *e)
{
	struct level *l;
	struct stat st;
	DIR *dir;
	int status;

	if (w->depth == DEPTH_MAX)
		return lep_fail(e, LEP_ERR_DATA, "%s: folders more than %d deep", w->path.data, DEPTH_MAX);
	dir = opendir(w->path.data);
	if (!dir || fstat(dirfd(dir), &st)) {
		status = lep_fail_errno(e, "%s", w->path.data);
		if (dir)
			closedir(dir);
		return status;
	}
	for (int i = 0; i < w->depth; i++) {
		if (w->level[i]->dev == st.st_dev && w->level[i]->ino == st.st_ino) {
			closedir(dir);
			return lep_fail(e, LEP_ERR_DATA, "%s: a link back to a folder that holds it", w->path.data);
		}
	}
	l = lep_alloc(1, sizeof(*l));
	if (!l) {
		closedir(dir);
		return lep_fail_nomem(e, 0);
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	l->path_len = w->path.len;
	status = list(w, dir, l, e);
	closedir(dir);
	if (status) {
		level_free(l);
		return status;
	}
	w->level[w->depth++] = l;
	return 0;
}

int lep_walk_open(struct lep_walk **out, const char *folder, struct lep_error *e)
{
	struct lep_walk *w = lep_alloc(1, sizeof(*w));
	int status = 0;

	*out = NULL;
	if (!w)
		return lep_fail_nomem(e, 0);
	lep_buf_adds(&w->path, folder);
	if (!w->path.failed && w->path.len && w->path.data[w->path.len - 1] != '/')
		lep_buf_addc(&w->path, '/');
	w->root_len = w->path.len;
	status = w->path.failed ? lep_fail_nomem(e, 0) : enter(w, e);
	if (status) {
		lep_walk_close(w);
		return status;
	}
	*out = w;
	return 0;
}

void lep_walk_close(struct lep_walk *w)
{
	if (!w)
		return;
	for (int i = 0; i < w->depth; i++)
		level_free(w->level[i]);
	lep_buf_release(&w->path);
	lep_free(w);
}

int lep_walk_next(struct lep_walk *w, const char **path, const char **key, struct lep_error *e)
{
	while (w->depth) {
		struct level *l = w->level[w->depth - 1];
		const char *name;

		if (l->next == l->n) {
			level_free(l);
			w->depth--;
			continue;
		}
		name = l->names.data + l->at[l->next++];
		w->path.len = l->path_len;
		lep_buf_adds(&w->path, name);
		if (w->path.failed)
			return lep_fail_nomem(e, 0);
		if (w->path.data[w->path.len - 1] == '/') {
			int status = enter(w, e);

			if (status)
				return status;
			continue;
		}
		*path = w->path.data;
		*key = w->path.data + w->root_len;
		return 1;
	}
	return 0;
}
