/*
 * Samples: the inputs one behind another, each opened when its turn comes, what
 * it is told by its content.
 */
#include "data/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/sample_kind.h"
#include "stream/sniff.h"

size_t lep_sample_class(const char *key, size_t len, size_t *at)
{
	size_t end = len, begin;

	while (end && key[end - 1] != '/')
		end--;
	while (end && key[end - 1] == '/')
		end--;
	for (begin = end; begin && key[begin - 1] != '/';)
		begin--;
	*at = begin;
	if ((end - begin == 1 || (end - begin == 2 && key[begin + 1] == '.')) && key[begin] == '.')
		return 0;
	return end - begin;
}

int lep_sample_read(const char *path, struct lep_buf *out, struct lep_error *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), status = 0;

	lep_buf_clear(out);
	if (fd < 0)
		return lep_fail(e, LEP_ERR_IO, "%s", strerror(errno));
	if (fstat(fd, &st))
		status = lep_fail(e, LEP_ERR_IO, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		status = lep_fail(e, LEP_ERR_DATA, "%s", S_ISDIR(st.st_mode) ? "a folder, not a picture" :
			"not a regular file");
	while (!status) {
		ssize_t got;

		if (lep_buf_reserve(out, (size_t)64 << 10)) {
			status = lep_fail_nomem(e, 0);
			break;
		}
		got = read(fd, out->data + out->len, out->cap - out->len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			status = lep_fail(e, LEP_ERR_IO, "%s", strerror(errno));
		if (got <= 0)
			break;
		out->len += (size_t)got;
	}
	close(fd);
	return status;
}

static int no_kind(const char *name, const char *looks, struct lep_error *e)
{
	const char *like = looks ? ", it looks like " : "";
	const char *hint = looks && strcmp(looks, "text") == 0 ? " (which --format reads)" : "";

	return lep_fail(e, LEP_ERR_DATA, "%s: not a tar archive, PNG, JPEG or IDX file%s%s%s", name, like,
		looks ? looks : "", hint);
}

/* What a file is, by its first bytes. */
static int kind_of(struct lep_sample_unit *u, enum lep_sample_kind *kind, struct lep_error *e)
{
	const char *name = lep_bytes_name(u->bytes);
	const unsigned char *p;
	int64_t got = lep_bytes_peek(u->bytes, &p, 512, e);
	size_t n = (size_t)got;

	if (got < 0)
		return (int)got;
	if (n == 0)
		return lep_fail(e, LEP_ERR_DATA, "%s: empty", name);
	if (n >= 4 && (memcmp(p, "\x89PNG", 4) == 0 || memcmp(p, "\xff\xd8\xff", 3) == 0))
		*kind = LEP_SAMPLE_PICTURE;
	else if (lep_tar_is(p, n))
		*kind = LEP_SAMPLE_TAR;
	else if (lep_idx_is(p, n))
		*kind = LEP_SAMPLE_PIXELS;
	else
		return no_kind(name, lep_sniff(p, n), e);
	return 0;
}

static int open_bytes(struct lep_samples *s, struct lep_sample_unit *u, struct lep_error *e)
{
	int status = u->bytes ? 0 : lep_bytes_open(&u->bytes, u->name, e);

	if (!status)
		lep_bytes_on_wait(u->bytes, s->wait, s->wait_ctx);
	return status;
}

static int start(struct lep_samples *s, struct lep_sample_unit *u, struct lep_error *e)
{
	int status = 0;

	s->kind = u->declared;
	s->number = s->taken = 0;
	s->done = 0;
	if (s->kind != LEP_SAMPLE_FOLDER)
		status = open_bytes(s, u, e);
	if (!status && s->kind == LEP_SAMPLE_FILE)
		status = kind_of(u, &s->kind, e);
	if (!status && lep_sample_readers[s->kind].start)
		status = lep_sample_readers[s->kind].start(s, u, e);
	s->open = 1;
	return status;
}

static void stop(struct lep_samples *s)
{
	struct lep_sample_unit *u = &s->unit[s->at];

	lep_walk_close(s->walk);
	lep_tar_free(s->tar);
	lep_csv_free(s->csv);
	lep_bytes_close(s->labels);
	s->walk = NULL;
	s->tar = NULL;
	s->csv = NULL;
	s->labels = NULL;
	s->open = 0;
	if (!u->kept) {
		lep_bytes_close(u->bytes);
		u->bytes = NULL;
	}
}

/* A name on the command line: is it there, and is it a folder? */
static int add(struct lep_samples *s, const char *name, enum lep_sample_kind kind, struct lep_error *e)
{
	struct lep_sample_unit *u = &s->unit[s->nunit];
	int is_stdin = strcmp(name, "-") == 0, status;
	struct stat st;

	u->name = name;
	u->declared = kind;
	if (!is_stdin && stat(name, &st))
		return lep_fail_errno(e, "%s", name);
	if (!is_stdin && S_ISDIR(st.st_mode) && kind == LEP_SAMPLE_FILE)
		u->declared = LEP_SAMPLE_FOLDER;
	s->nunit++;
	if (u->declared == LEP_SAMPLE_FOLDER || (!is_stdin && S_ISREG(st.st_mode)))
		return 0;
	status = lep_bytes_open(&u->bytes, name, e);
	u->kept = !status && lep_bytes_waits(u->bytes);
	if (u->kept && s->o->twice)
		status = lep_bytes_spool(u->bytes, s->o->spool_limit, s->o->spill_fd, e);
	return status;
}

int lep_samples_open(struct lep_samples **out, const struct lep_samples_options *o, struct lep_error *e)
{
	struct lep_samples *s = lep_alloc(1, sizeof(*s));
	int status = 0;

	*out = NULL;
	if (!s || !(s->unit = lep_alloc(o->noperand + 3, sizeof(*s->unit)))) {
		lep_free(s);
		return lep_fail_nomem(e, 0);
	}
	s->o = o;
	for (size_t i = 0; i < o->noperand && !status; i++)
		status = add(s, o->operand[i], LEP_SAMPLE_FILE, e);
	if (!status && o->list)
		status = add(s, o->list, LEP_SAMPLE_LIST, e);
	if (!status && o->manifest)
		status = add(s, o->manifest, LEP_SAMPLE_MANIFEST, e);
	if (!status && !s->nunit)
		status = add(s, "-", LEP_SAMPLE_FILE, e);
	if (status) {
		lep_samples_close(s);
		return status;
	}
	*out = s;
	return 0;
}

void lep_samples_close(struct lep_samples *s)
{
	if (!s)
		return;
	if (s->open)
		stop(s);
	for (size_t i = 0; i < s->nunit; i++)
		lep_bytes_close(s->unit[i].bytes);
	lep_buf_release(&s->text);
	lep_free(s->unit);
	lep_free(s);
}

int lep_samples_wait(const struct lep_samples *s)
{
	for (size_t i = 0; i < s->nunit; i++)
		if (s->unit[i].bytes && lep_bytes_waits(s->unit[i].bytes))
			return 1;
	return 0;
}

void lep_samples_on_wait(struct lep_samples *s, lep_wait_fn *fn, void *ctx)
{
	s->wait = fn;
	s->wait_ctx = ctx;
}

int lep_samples_next(struct lep_samples *s, struct lep_buf *arena, struct lep_sample *out, int names_only,
	struct lep_error *e)
{
	while (s->at < s->nunit) {
		struct lep_sample_unit *u = &s->unit[s->at];
		int status;

		*out = (struct lep_sample){0};
		status = s->open ? 0 : start(s, u, e);
		if (!status)
			status = lep_sample_readers[s->kind].next(s, u, arena, out, names_only, e);
		if (status > 0 && arena->failed)
			return lep_fail_nomem(e, 0);
		if (status)
			return status;
		stop(s);
		s->at += 1 + s->taken;
	}
	return 0;
}

int lep_samples_rewind(struct lep_samples *s, struct lep_error *e)
{
	if (s->open)
		stop(s);
	for (size_t i = 0; i < s->nunit; i++) {
		int status = s->unit[i].bytes ? lep_bytes_rewind(s->unit[i].bytes, e) : 0;

		if (status)
			return status;
	}
	s->at = 0;
	return 0;
}
