/*
 * HEAD of a segment: what the records hold, in memory and as text
 * (lep-tensor(5)). Everything reachable from a struct lep_head is owned by it,
 * but for tables, which are shared and counted.
 */
#ifndef LEP_STREAM_HEAD_H
#define LEP_STREAM_HEAD_H

#include "base/mem.h"
#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

#define LEP_HEAD_MAX ((size_t)16 << 20)
#define LEP_NAME_MAX 255
#define LEP_KEY_MAX 4096
#define LEP_FIELDS_MAX 65536

enum lep_kind { LEP_KIND_DATA, LEP_KIND_MODEL, LEP_KIND_CHECKPOINT };
enum lep_role { LEP_ROLE_INPUT, LEP_ROLE_TARGET, LEP_ROLE_OUTPUT, LEP_ROLE_OTHER };

/* Names of ids: entry i is the name of id i. Unique, in a stated order. */
struct lep_table {
	size_t n;
	char **entry;     /* n NUL-terminated strings */
	size_t *length;   /* their lengths (an entry holds no NUL) */
	/* private */
	int references;
	uint32_t *hash;   /* open addressing, id + 1, 0 empty */
	size_t hash_size;
	size_t capacity;
};

struct lep_table *lep_table_new(void) LEP_MUST_USE; /* empty, one reference; NULL: no memory */
struct lep_table *lep_table_share(struct lep_table *t);  /* one reference more; NULL stays NULL */
void lep_table_free(struct lep_table *t);                /* one less */
/* The id of a name, or -1. */
int64_t lep_table_find(const struct lep_table *t, const char *name, size_t len);
/* The id of name, added behind the others if new; negative status on failure. */
int64_t lep_table_add(struct lep_table *t, const char *name, size_t len);
/* Sort by bytes; ids change. */
int lep_table_sort(struct lep_table *t) LEP_MUST_USE;
int lep_table_equal(const struct lep_table *a, const struct lep_table *b);

struct lep_field {
	char *name;
	enum lep_role role;
	enum lep_dtype dtype;
	struct lep_shape shape;   /* extents, LEP_VARIES where they vary */
	struct lep_table *table;  /* NULL: the values are no ids */
	char *recipe;             /* one line, NULL: none */
};

/* Any other `key value` line, in order; keys may repeat ("network"). */
struct lep_note {
	char *key;
	char *value;
};

struct lep_head {
	enum lep_kind kind;
	size_t nnote;
	struct lep_note *note;    /* "provenance" and all others */
	size_t nexpect;
	struct lep_field *expect; /* of a model: the data fields it was trained on */
	size_t nfield;
	struct lep_field *field;
};

void lep_head_init(struct lep_head *h);      /* empty, kind data */
void lep_head_release(struct lep_head *h);
int lep_head_copy(struct lep_head *dst, const struct lep_head *src, struct lep_error *e) LEP_MUST_USE;

/* Index of the field of that name, or -1; the first of a role, or -1. */
int lep_head_find(const struct lep_head *h, const char *name);
int lep_head_find_role(const struct lep_head *h, enum lep_role role);
/* The same among expect. */
int lep_head_find_expect(const struct lep_head *h, const char *name);
int lep_head_find_expect_role(const struct lep_head *h, enum lep_role role);

/*
 * Append a field (to expect if as_expect) and return its index, or a negative
 * status: a name that is there already, empty or too long is LEP_ERR_USAGE.
 * shape is copied, the table shared (the head takes a reference of its own),
 * recipe copied (NULL: none).
 */
int lep_head_add(struct lep_head *h, int as_expect, const char *name, enum lep_role role,
	enum lep_dtype dtype, const struct lep_shape *shape, struct lep_table *table,
	const char *recipe, struct lep_error *e) LEP_MUST_USE;
int lep_head_add_copy(struct lep_head *h, int as_expect, const struct lep_field *f, struct lep_error *e) LEP_MUST_USE;
/* Drop field i. */
void lep_head_drop(struct lep_head *h, size_t i);

int lep_head_note(struct lep_head *h, const char *key, const char *value, struct lep_error *e) LEP_MUST_USE;
/* Value of the first note of that key behind position *at (start with 0), or
 * NULL; *at moves past it. at may be NULL for "the first". */
const char *lep_head_note_get(const struct lep_head *h, const char *key, size_t *at);

/* Text <-> struct. parse checks everything the page states and names the line;
 * the head is left empty on failure. */
int lep_head_format(const struct lep_head *h, struct lep_buf *out, struct lep_error *e) LEP_MUST_USE;
int lep_head_parse(struct lep_head *h, const char *text, size_t len, struct lep_error *e) LEP_MUST_USE;

/* "data", "input", ... and back (-1 unknown). */
const char *lep_kind_name(enum lep_kind k);
const char *lep_role_name(enum lep_role r);
int lep_role_parse(const char *name, size_t len);

#endif
