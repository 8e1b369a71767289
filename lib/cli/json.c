/* The JSON writer. */
#include "cli/json.h"

#include <string.h>

#include "base/text.h"

/* What must stand before a value or key. */
static void separate(struct lep_json *j)
{
	if (!j->after_key && j->depth) {
		if (j->some[j->depth - 1])
			lep_buf_adds(j->buf, ", ");
		j->some[j->depth - 1] = 1;
	}
	j->after_key = 0;
}

static void open(struct lep_json *j, char first, char last)
{
	separate(j);
	lep_buf_addc(j->buf, first);
	if (j->depth == LEP_JSON_DEPTH) {
		j->buf->failed = 1;
		return;
	}
	j->close[j->depth] = last;
	j->some[j->depth++] = 0;
}

void lep_json_object(struct lep_json *j)
{
	open(j, '{', '}');
}

void lep_json_array(struct lep_json *j)
{
	open(j, '[', ']');
}

void lep_json_close(struct lep_json *j)
{
	if (j->depth)
		lep_buf_addc(j->buf, j->close[--j->depth]);
}

void lep_json_key(struct lep_json *j, const char *key)
{
	separate(j);
	lep_text_json(j->buf, key, strlen(key));
	lep_buf_adds(j->buf, ": ");
	j->after_key = 1;
}

void lep_json_textn(struct lep_json *j, const char *s, size_t len)
{
	separate(j);
	lep_text_json(j->buf, s, len);
}

void lep_json_text(struct lep_json *j, const char *s)
{
	lep_json_textn(j, s, strlen(s));
}

void lep_json_int(struct lep_json *j, int64_t v)
{
	separate(j);
	lep_buf_addf(j->buf, "%lld", (long long)v);
}

void lep_json_uint(struct lep_json *j, uint64_t v)
{
	separate(j);
	lep_buf_addf(j->buf, "%llu", (unsigned long long)v);
}

void lep_json_number(struct lep_json *j, double v)
{
	separate(j);
	lep_text_number(j->buf, v);
}

void lep_json_float(struct lep_json *j, float v)
{
	separate(j);
	lep_text_float(j->buf, v);
}

void lep_json_bool(struct lep_json *j, int v)
{
	separate(j);
	lep_buf_adds(j->buf, v ? "true" : "false");
}

void lep_json_null(struct lep_json *j)
{
	separate(j);
	lep_buf_adds(j->buf, "null");
}
