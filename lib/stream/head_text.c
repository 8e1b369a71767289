/* HEAD as `key value` lines, and back. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "stream/agree.h"
#include "stream/escape.h"
#include "stream/head.h"

#define TABLES_MAX 1024

/* Keys with a meaning of their own; no note may have one of them. */
static const char *const reserved[] = {
	"kind", "expect", "field", "role", "dtype", "extents", "recipe", "table", "names", "entry",
};

static int is_reserved(const char *key, size_t len)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strlen(reserved[i]) == len && memcmp(reserved[i], key, len) == 0)
			return 1;
	return 0;
}

/* Keys are lower-case letters, digits, `-`, `_` and `.`, a letter first. */
static int key_is_good(const char *key, size_t len)
{
	if (len == 0 || len > LEP_NAME_MAX || key[0] < 'a' || key[0] > 'z')
		return 0;
	for (size_t i = 1; i < len; i++)
		if (!((key[i] >= 'a' && key[i] <= 'z') || (key[i] >= '0' && key[i] <= '9') || key[i] == '-' ||
			    key[i] == '_' || key[i] == '.'))
			return 0;
	return 1;
}

/* `key value` LF, the value escaped. */
static void put_line(struct lep_buf *out, const char *key, const char *value, size_t len)
{
	lep_buf_adds(out, key);
	if (len)
		lep_buf_addc(out, ' ');
	lep_escape(out, value, len);
	lep_buf_addc(out, '\n');
}

struct tables {
	struct lep_table *table[TABLES_MAX];
	size_t n;
};

/* 0, or LEP_ERR_DATA where there are too many tables. */
static int put_field(struct lep_buf *out, struct tables *t, const char *key, const struct lep_field *f)
{
	char shape[LEP_SHAPE_TEXT_MAX];

	put_line(out, key, f->name, strlen(f->name));
	lep_buf_addf(out, "role %s\ndtype %s\n", lep_role_name(f->role), lep_dtype_name(f->dtype));
	if (f->shape.rank)
		lep_buf_addf(out, "extents %s\n", lep_shape_text(shape, &f->shape, " "));
	if (f->recipe)
		put_line(out, "recipe", f->recipe, strlen(f->recipe));
	if (f->table) {
		size_t i = 0;

		/* Equal tables are one, however they came to be. */
		while (i < t->n && !lep_table_equal(t->table[i], f->table))
			i++;
		if (i == TABLES_MAX)
			return LEP_ERR_DATA;
		if (i == t->n)
			t->table[t->n++] = f->table;
		lep_buf_addf(out, "table %zu\n", i + 1);
	}
	return 0;
}

static int put_all(const struct lep_head *h, struct tables *t, struct lep_buf *out, struct lep_error *e)
{
	int status = 0;

	lep_buf_addf(out, "kind %s\n", lep_kind_name(h->kind));
	for (size_t i = 0; i < h->nnote; i++) {
		const struct lep_note *note = &h->note[i];
		size_t len = strlen(note->key);

		if (!key_is_good(note->key, len) || is_reserved(note->key, len))
			return lep_fail(e, LEP_ERR_USAGE, "'%.60s' is no key for a line of the header", note->key);
		put_line(out, note->key, note->value, strlen(note->value));
	}
	for (size_t i = 0; i < h->nexpect && !status; i++)
		status = put_field(out, t, "expect", &h->expect[i]);
	for (size_t i = 0; i < h->nfield && !status; i++)
		status = put_field(out, t, "field", &h->field[i]);
	if (status)
		return lep_fail(e, status, "the header would have more than %d tables", TABLES_MAX);
	for (size_t i = 0; i < t->n; i++) {
		lep_buf_addf(out, "names %zu %zu\n", i + 1, t->table[i]->n);
		for (size_t k = 0; k < t->table[i]->n; k++)
			put_line(out, "entry", t->table[i]->entry[k], t->table[i]->length[k]);
	}
	return 0;
}

int lep_head_format(const struct lep_head *h, struct lep_buf *out, struct lep_error *e)
{
	struct tables *t = lep_alloc(1, sizeof(*t));
	size_t start = out->len;
	int status = t ? put_all(h, t, out, e) : lep_fail_nomem(e, 0);

	lep_free(t);
	if (!status && out->failed)
		return lep_fail_nomem(e, 0);
	if (!status && out->len - start > LEP_HEAD_MAX)
		return lep_fail(e, LEP_ERR_DATA, "the header would have %zu bytes, more than %zu",
			out->len - start, LEP_HEAD_MAX);
	return status;
}

/* What is being read of a field; it is added when its block is over. */
struct block {
	int open, as_expect;
	unsigned seen;        /* bits of the keys that came */
	char *name, *recipe;
	int role, dtype;
	struct lep_shape shape;
	size_t table;         /* number, 0: none */
};

struct parser {
	const char *at, *end;
	size_t line;
	const char *key, *value; /* of this line, value still escaped */
	size_t key_len, value_len;
	struct lep_buf text;     /* value without escapes */
	struct block block;
	struct lep_table *names[2]; /* of fields and of expects, to find a second one */
	struct tables tables;    /* made at first mention, filled at the end */
	size_t filled;
	struct lep_head *head;
	struct lep_error *e;
};

static int bad_line(struct parser *p, const char *cause)
{
	return lep_fail(p->e, LEP_ERR_DATA, "header line %zu: %s", p->line, cause);
}

/* Split the next line; 1, or 0 at the end. */
static int next_line(struct parser *p)
{
	const char *lf, *space;

	if (p->at == p->end)
		return 0;
	p->line++;
	lf = memchr(p->at, '\n', (size_t)(p->end - p->at));
	if (!lf)
		return bad_line(p, "has no end");
	space = memchr(p->at, ' ', (size_t)(lf - p->at));
	p->key = p->at;
	p->key_len = (size_t)((space ? space : lf) - p->at);
	p->value = space ? space + 1 : lf;
	p->value_len = (size_t)(lf - p->value);
	p->at = lf + 1;
	if (!key_is_good(p->key, p->key_len))
		return bad_line(p, "does not begin with a key");
	return 1;
}

static int key_is(const struct parser *p, const char *key)
{
	return strlen(key) == p->key_len && memcmp(key, p->key, p->key_len) == 0;
}

/* The value without escapes into p->text. */
static int unescape(struct parser *p)
{
	const char *wrong;

	lep_buf_clear(&p->text);
	wrong = lep_unescape(&p->text, p->value, p->value_len);
	if (wrong)
		return bad_line(p, wrong);
	return p->text.failed ? lep_fail_nomem(p->e, 0) : 0;
}

/* A decimal number without sign or leading zeros at *s; moves *s. */
static int number(const char **s, const char *end, int64_t most, int64_t *out)
{
	const char *p = *s;
	int64_t v = 0;

	if (p == end || *p < '0' || *p > '9' || (*p == '0' && end - p > 1 && p[1] >= '0' && p[1] <= '9'))
		return -1;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (*p - '0');
		if (v > most)
			return -1;
	}
	*out = v;
	*s = p;
	return 0;
}

/* The table of that number, made if it is new. */
static struct lep_table *table_of(struct parser *p, size_t number)
{
	if (number == p->tables.n + 1) {
		p->tables.table[p->tables.n] = lep_table_new();
		if (!p->tables.table[p->tables.n])
			return NULL;
		p->tables.n++;
	}
	return p->tables.table[number - 1];
}

/* Add the field whose block is over. */
static int close_block(struct parser *p)
{
	struct block *b = &p->block;
	struct lep_table *table = NULL;
	int i;

	if (!b->open)
		return 0;
	if (b->role < 0 || b->dtype < 0)
		return lep_fail(p->e, LEP_ERR_DATA, "header line %zu: field '%s' ends without role or dtype",
			p->line, b->name);
	if (b->table && !(table = table_of(p, b->table)))
		return lep_fail_nomem(p->e, 0);
	i = lep_head_add_unchecked(p->head, b->as_expect, b->name, (enum lep_role)b->role,
		(enum lep_dtype)b->dtype, &b->shape, table, b->recipe, p->e);
	if (i < 0) {
		if (p->e && i == LEP_ERR_USAGE) {
			p->e->status = LEP_ERR_DATA;
			lep_fail_at(p->e, "header line %zu", p->line);
		}
		return i == LEP_ERR_USAGE ? LEP_ERR_DATA : i;
	}
	lep_free(b->name);
	lep_free(b->recipe);
	*b = (struct block){0};
	return 0;
}

static int open_block(struct parser *p, int as_expect)
{
	int64_t id;
	int status;

	status = close_block(p);
	if (!status)
		status = unescape(p);
	if (status)
		return status;
	id = lep_table_add(p->names[as_expect], p->text.data, p->text.len);
	if (id == LEP_ERR_NOMEM)
		return lep_fail_nomem(p->e, 0);
	if ((size_t)(id + 1) != (as_expect ? p->head->nexpect : p->head->nfield) + 1)
		return bad_line(p, "a second field of that name");
	p->block = (struct block){.open = 1, .as_expect = as_expect, .role = -1, .dtype = -1};
	p->block.name = lep_strdup(p->text.data);
	return p->block.name ? 0 : lep_fail_nomem(p->e, 0);
}

static int parse_role(struct parser *p)
{
	p->block.role = lep_role_parse(p->value, p->value_len);
	return p->block.role < 0 ? bad_line(p, "unknown role") : 0;
}

static int parse_dtype(struct parser *p)
{
	p->block.dtype = lep_dtype_parse(p->value, p->value_len);
	return p->block.dtype < 0 ? bad_line(p, "unknown dtype") : 0;
}

static int parse_extents(struct parser *p)
{
	const char *s = p->value, *end = s + p->value_len;
	struct lep_shape *shape = &p->block.shape;

	for (;;) {
		int64_t *extent = &shape->extent[shape->rank];

		if (shape->rank == LEP_RANK_MAX)
			return bad_line(p, "more than 8 extents");
		if (s < end && *s == '*') {
			*extent = LEP_VARIES;
			s++;
		} else if (number(&s, end, LEP_ELEMENTS_MAX, extent)) {
			return bad_line(p, "an extent is a number up to 2^40 or `*`");
		}
		shape->rank++;
		if (s == end)
			return 0;
		if (*s++ != ' ')
			return bad_line(p, "extents are separated by one space");
	}
}

static int parse_recipe(struct parser *p)
{
	int status = unescape(p);

	if (status)
		return status;
	p->block.recipe = lep_strdup(p->text.data);
	return p->block.recipe ? 0 : lep_fail_nomem(p->e, 0);
}

static int parse_table(struct parser *p)
{
	const char *s = p->value, *end = s + p->value_len;
	int64_t n;

	if (number(&s, end, TABLES_MAX, &n) || s != end || n == 0 || (size_t)n > p->tables.n + 1)
		return bad_line(p, "tables are numbered from 1 in the order they are first named");
	p->block.table = (size_t)n;
	return 0;
}

static const struct {
	const char *key;
	int (*parse)(struct parser *p);
} block_keys[] = {
	{"role", parse_role},
	{"dtype", parse_dtype},
	{"extents", parse_extents},
	{"recipe", parse_recipe},
	{"table", parse_table},
};

/* `names NUMBER COUNT` and its COUNT `entry` lines. */
static int parse_names(struct parser *p)
{
	const char *s = p->value, *end = s + p->value_len;
	struct lep_table *t;
	int64_t n, count, id;
	int status = close_block(p);

	if (status)
		return status;
	if (number(&s, end, TABLES_MAX, &n) || s == end || *s++ != ' ' ||
		number(&s, end, (int64_t)LEP_HEAD_MAX, &count) || s != end)
		return bad_line(p, "a table begins with its number and its count");
	if ((size_t)n != p->filled + 1 || (size_t)n > p->tables.n)
		return bad_line(p, "tables come in the order of their numbers, each named by a field");
	t = p->tables.table[p->filled++];
	for (int64_t i = 0; i < count; i++) {
		status = next_line(p);
		if (status < 0)
			return status;
		if (status == 0 || !key_is(p, "entry"))
			return bad_line(p, "a table has fewer entries than it says");
		status = unescape(p);
		if (status)
			return status;
		id = lep_table_add(t, p->text.data, p->text.len);
		if (id == LEP_ERR_NOMEM)
			return lep_fail_nomem(p->e, 0);
		if (id != i)
			return bad_line(p, "a second entry of that name");
	}
	return 0;
}

static int parse_line(struct parser *p)
{
	struct block *b = &p->block;
	char *key;
	int status;

	if (key_is(p, "field") || key_is(p, "expect"))
		return p->filled ? bad_line(p, "a field behind the tables") : open_block(p, key_is(p, "expect"));
	if (key_is(p, "names"))
		return parse_names(p);
	if (b->open) {
		for (unsigned i = 0; i < sizeof(block_keys) / sizeof(block_keys[0]); i++) {
			if (!key_is(p, block_keys[i].key))
				continue;
			if (b->seen & 1u << i)
				return bad_line(p, "a second line of that key in one field");
			b->seen |= 1u << i;
			return block_keys[i].parse(p);
		}
		/* A later minor version may say more about a field. */
		return is_reserved(p->key, p->key_len) ? bad_line(p, "out of place") : unescape(p);
	}
	if (p->filled || is_reserved(p->key, p->key_len))
		return bad_line(p, "out of place");
	key = lep_strndup(p->key, p->key_len);
	status = unescape(p);
	if (!status)
		status = key ? lep_head_note(p->head, key, p->text.data, p->e) : lep_fail_nomem(p->e, 0);
	lep_free(key);
	return status;
}

static int parse_kind(struct parser *p)
{
	int status = next_line(p);

	if (status < 0)
		return status;
	if (status == 0 || !key_is(p, "kind"))
		return lep_fail(p->e, LEP_ERR_DATA, "header line 1: is not `kind ...`");
	for (int k = LEP_KIND_DATA; k <= LEP_KIND_CHECKPOINT; k++) {
		const char *name = lep_kind_name((enum lep_kind)k);

		if (strlen(name) == p->value_len && memcmp(name, p->value, p->value_len) == 0) {
			p->head->kind = (enum lep_kind)k;
			return 0;
		}
	}
	return bad_line(p, "unknown kind");
}

int lep_head_parse(struct lep_head *h, const char *text, size_t len, struct lep_error *e)
{
	struct parser *p = lep_alloc(1, sizeof(*p));
	int status;

	lep_head_init(h);
	if (!p)
		return lep_fail_nomem(e, 0);
	p->at = text;
	p->end = text + len;
	p->head = h;
	p->e = e;
	p->names[0] = lep_table_new();
	p->names[1] = lep_table_new();
	status = p->names[0] && p->names[1] ? parse_kind(p) : lep_fail_nomem(e, 0);
	while (status == 0) {
		status = next_line(p);
		if (status <= 0)
			break;
		status = parse_line(p);
	}
	if (!status)
		status = close_block(p);
	if (!status && p->filled != p->tables.n)
		status = lep_fail(e, LEP_ERR_DATA, "header: table %zu is missing", p->filled + 1);
	for (size_t i = 0; i < p->tables.n; i++)
		lep_table_free(p->tables.table[i]);
	lep_table_free(p->names[0]);
	lep_table_free(p->names[1]);
	lep_free(p->block.name);
	lep_free(p->block.recipe);
	lep_buf_release(&p->text);
	lep_free(p);
	if (status)
		lep_head_release(h);
	return status;
}
