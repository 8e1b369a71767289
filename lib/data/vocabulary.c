/* Vocabularies: counting, choosing, reading. */
#include "data/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "data/bytes.h"
#include "data/tokens_kind.h"
#include "stream/escape.h"
#include "stream/reader.h"
#include "stream/wire.h"

/* What a table may take of HEAD, which also holds the rest. */
#define TABLE_MAX (LEP_HEAD_MAX / 4 * 3)

struct lep_vocabulary {
	struct lep_text_recipe recipe;
	const struct lep_tokens_kind *kind;
	struct lep_counts counts;
	struct lep_buf clean;
};

int lep_vocabulary_new(struct lep_vocabulary **out, const struct lep_text_recipe *recipe, struct lep_error *e)
{
	struct lep_vocabulary *v = lep_alloc(1, sizeof(*v));

	*out = NULL;
	if (!v || !(v->counts.unit = lep_table_new())) {
		lep_free(v);
		return lep_fail_nomem(e, 0);
	}
	v->recipe = *recipe;
	v->kind = lep_tokens_kind(recipe->tokens);
	*out = v;
	return 0;
}

void lep_vocabulary_free(struct lep_vocabulary *v)
{
	if (!v)
		return;
	lep_table_free(v->counts.unit);
	lep_buf_release(&v->counts.count);
	lep_buf_release(&v->clean);
	lep_free(v);
}

int lep_vocabulary_add(struct lep_vocabulary *v, const char *text, size_t len, struct lep_error *e)
{
	struct lep_counts *c = &v->counts;
	size_t at, n;
	int status = lep_tokens_clean(&v->recipe, &v->clean, &text, &len, e);

	if (status || !v->kind->learn)
		return status;
	while ((n = v->kind->next(text, len, &at)) > 0) {
		int64_t id = lep_table_add(c->unit, text + at, n);

		if (id < 0)
			return lep_fail_nomem(e, 0);
		if ((size_t)id >= c->count.len / sizeof(uint64_t))
			lep_buf_addz(&c->count, sizeof(uint64_t));
		if (c->count.failed)
			return lep_fail_nomem(e, 0);
		lep_counts_of(c)[id]++;
		text += at + n;
		len -= at + n;
	}
	return 0;
}

struct ranked {
	uint64_t count;
	const char *text;
	uint32_t unit;
};

static int by_count(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->text, y->text);
}

uint32_t *lep_counts_order(const struct lep_counts *c, uint64_t least, size_t *n)
{
	struct ranked *r = lep_alloc(c->unit->n, sizeof(*r));
	uint32_t *order = lep_alloc(c->unit->n, sizeof(*order));

	*n = 0;
	for (size_t i = 0; r && order && i < c->unit->n; i++)
		if (lep_counts_of(c)[i] >= least)
			r[(*n)++] = (struct ranked){lep_counts_of(c)[i], c->unit->entry[i], (uint32_t)i};
	if (!r || !order) {
		lep_free(order);
		order = NULL;
	} else {
		qsort(r, *n, sizeof(*r), by_count);
		for (size_t i = 0; i < *n; i++)
			order[i] = r[i].unit;
	}
	lep_free(r);
	return order;
}

/* A table must fit into HEAD. */
static int check_size(const struct lep_table *t, struct lep_error *e)
{
	size_t bytes = 0;

	for (size_t i = 0; i < t->n; i++)
		bytes += t->length[i] + strlen("entry \n");
	if (bytes > TABLE_MAX)
		return lep_fail(e, LEP_ERR_DATA, "a vocabulary of %zu entries is too large: %zu bytes, at most %zu",
			t->n, bytes, (size_t)TABLE_MAX);
	return 0;
}

static int add_name(struct lep_table *t, const char *name)
{
	return lep_table_add(t, name, strlen(name)) < 0 ? LEP_ERR_NOMEM : 0;
}

/* Entries that every table has, but <end>. */
static size_t fixed_entries(const struct lep_tokens_kind *kind)
{
	return (kind->bytes ? 256 : 0) + (kind->unknown ? 1 : 0);
}

static size_t most_entries(const struct lep_tokens_kind *kind, const struct lep_vocabulary_options *o)
{
	return o->most ? o->most : kind->bytes ? LEP_BPE_ENTRIES : SIZE_MAX;
}

int lep_vocabulary_check(const struct lep_text_recipe *recipe, const struct lep_vocabulary_options *o,
	struct lep_error *e)
{
	const struct lep_tokens_kind *kind = lep_tokens_kind(recipe->tokens);
	size_t fixed = fixed_entries(kind), most = most_entries(kind, o);

	if (!kind->learn || most > fixed + (o->end ? 1 : 0))
		return 0;
	return lep_fail(e, LEP_ERR_USAGE, "a vocabulary of %zu entries is too small: %s need %zu%s, and more", most,
		lep_tokens_name(recipe->tokens), fixed, o->end ? " and an end" : "");
}

int lep_vocabulary_table(struct lep_vocabulary *v, const struct lep_vocabulary_options *o, struct lep_table **out,
	struct lep_error *e)
{
	const struct lep_tokens_kind *kind = v->kind;
	size_t fixed = fixed_entries(kind), most = most_entries(kind, o);
	uint64_t least = o->least ? o->least : kind->bytes ? 2 : 1;
	struct lep_table *t;
	int status = lep_vocabulary_check(&v->recipe, o, e);

	*out = NULL;
	if (status)
		return status;
	t = lep_table_new();
	status = t ? 0 : LEP_ERR_NOMEM;
	if (!status && kind->unknown)
		status = add_name(t, LEP_TOKEN_UNKNOWN);
	if (!status && kind->bytes)
		status = lep_tokens_add_bytes(t);
	if (!status && kind->learn)
		status = kind->learn(t, &v->counts, most - (o->end ? 1 : 0), least);
	if (status)
		status = lep_fail_nomem(e, 0);
	else if (kind->learn && !v->counts.unit->n)
		status = lep_fail(e, LEP_ERR_DATA, "no text to take a vocabulary from");
	else if (kind->unknown && t->n == fixed)
		status = lep_fail(e, LEP_ERR_DATA, "nothing in the text occurs %llu times", (unsigned long long)least);
	if (!status && o->end && add_name(t, LEP_TOKEN_END))
		status = lep_fail_nomem(e, 0);
	if (!status)
		status = check_size(t, e);
	if (status) {
		lep_table_free(t);
		return status;
	}
	*out = t;
	return 0;
}

/* Reading. */

static int load_lines(struct lep_table *t, struct lep_bytes *b, struct lep_error *e)
{
	struct lep_buf text = {0}, name = {0};
	const char *file = lep_bytes_name(b), *wrong = NULL;
	size_t line = 1;
	int64_t got = lep_bytes_read(b, &text, LEP_HEAD_MAX + 1, e);
	int status = got < 0 ? (int)got : 0;

	if (!status && got > (int64_t)LEP_HEAD_MAX)
		status = lep_fail(e, LEP_ERR_DATA, "%s: too large for a vocabulary", file);
	for (size_t from = 0; !status && from < text.len; line++) {
		const char *s = text.data + from, *nl = memchr(s, '\n', text.len - from);
		size_t len = nl ? (size_t)(nl - s) : text.len - from;

		from += len + 1;
		len -= len && s[len - 1] == '\r';
		lep_buf_clear(&name);
		wrong = len ? lep_unescape(&name, s, len) : "is empty";
		if (!wrong && !name.failed && lep_table_find(t, name.data, name.len) >= 0)
			wrong = "has an entry that came before";
		if (wrong)
			status = lep_fail(e, LEP_ERR_DATA, "%s: line %zu %s", file, line, wrong);
		else if (name.failed || lep_table_add(t, name.data, name.len) < 0)
			status = lep_fail_nomem(e, 0);
	}
	lep_buf_release(&text);
	lep_buf_release(&name);
	return status;
}

static int load_stream(struct lep_table **out, const char *path, struct lep_error *e)
{
	struct lep_reader *reader;
	int status = lep_reader_open(&reader, path, NULL, e);
	const struct lep_head *h = status ? NULL : lep_reader_head(reader);
	size_t n = !h ? 0 : h->kind == LEP_KIND_DATA ? h->nfield : h->nexpect;

	if (status)
		return status;
	for (size_t i = 0; i < n && !*out; i++) {
		const struct lep_field *f = h->kind == LEP_KIND_DATA ? &h->field[i] : &h->expect[i];
		struct lep_text_recipe ignored;

		if (lep_field_has_text(f, &ignored))
			*out = lep_table_share(f->table);
	}
	lep_reader_close(reader);
	return *out ? 0 : lep_fail(e, LEP_ERR_DATA, "%s: no field in it is prepared from text", path);
}

/* A copy with <unknown> first and <end> last, where they are needed. */
static int complete(struct lep_table **t, const struct lep_tokens_kind *kind, int end)
{
	struct lep_table *out;
	int status;

	if ((!kind->unknown || lep_table_find(*t, LEP_TOKEN_UNKNOWN, strlen(LEP_TOKEN_UNKNOWN)) >= 0) &&
		(!end || lep_table_find(*t, LEP_TOKEN_END, strlen(LEP_TOKEN_END)) >= 0))
		return 0;
	out = lep_table_new();
	status = out ? 0 : LEP_ERR_NOMEM;
	if (!status && kind->unknown && lep_table_find(*t, LEP_TOKEN_UNKNOWN, strlen(LEP_TOKEN_UNKNOWN)) < 0)
		status = add_name(out, LEP_TOKEN_UNKNOWN);
	for (size_t i = 0; !status && i < (*t)->n; i++)
		if (lep_table_add(out, (*t)->entry[i], (*t)->length[i]) < 0)
			status = LEP_ERR_NOMEM;
	if (!status && end)
		status = add_name(out, LEP_TOKEN_END);
	if (status) {
		lep_table_free(out);
		return status;
	}
	lep_table_free(*t);
	*t = out;
	return 0;
}

int lep_vocabulary_load(struct lep_table **out, const char *path, const struct lep_text_recipe *recipe, int end,
	struct lep_error *e)
{
	struct lep_bytes *b;
	struct lep_table *t = NULL;
	const unsigned char *p;
	int64_t got;
	int status = lep_bytes_open(&b, path, e), stream = 0;

	*out = NULL;
	if (status)
		return status;
	got = lep_bytes_peek(b, &p, 8, e);
	status = got < 0 ? (int)got : 0;
	stream = got == 8 && memcmp(p, lep_wire_magic, 8) == 0;
	if (!status && !stream) {
		t = lep_table_new();
		status = t ? load_lines(t, b, e) : lep_fail_nomem(e, 0);
	}
	lep_bytes_close(b);
	if (!status && stream)
		status = load_stream(&t, path, e);
	if (!status && complete(&t, lep_tokens_kind(recipe->tokens), end))
		status = lep_fail_nomem(e, 0);
	if (!status && (status = check_size(t, e)) < 0)
		lep_fail_at(e, "%s", path);
	if (status) {
		lep_table_free(t);
		return status;
	}
	*out = t;
	return 0;
}

void lep_vocabulary_format(struct lep_buf *out, const struct lep_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		lep_escape(out, t->entry[i], t->length[i]);
		lep_buf_addc(out, '\n');
	}
}
