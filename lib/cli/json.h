/*
 * A small JSON writer into a growable buffer. Commas and quotes are put by
 * position; texts and numbers are those of base/text.h (stray bytes as \xNN, what
 * is not finite as null). Out of memory shows in the buffer's `failed`.
 */
#ifndef LEP_CLI_JSON_H
#define LEP_CLI_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

#define LEP_JSON_DEPTH 32

/* Initialise as { .buf = &b }. */
struct lep_json {
	struct lep_buf *buf;
	int depth;
	char close[LEP_JSON_DEPTH];          /* '}' or ']' of what is open */
	unsigned char some[LEP_JSON_DEPTH];  /* whether it holds anything yet */
	int after_key;
};

void lep_json_object(struct lep_json *j); /* { */
void lep_json_array(struct lep_json *j);  /* [ */
void lep_json_close(struct lep_json *j);  /* the } or ] of the innermost */
void lep_json_key(struct lep_json *j, const char *key);
void lep_json_text(struct lep_json *j, const char *s);
void lep_json_textn(struct lep_json *j, const char *s, size_t len);
void lep_json_int(struct lep_json *j, int64_t v);
void lep_json_uint(struct lep_json *j, uint64_t v);
void lep_json_number(struct lep_json *j, double v);
void lep_json_float(struct lep_json *j, float v);
void lep_json_bool(struct lep_json *j, int v);
void lep_json_null(struct lep_json *j);

#endif
