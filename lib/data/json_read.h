/*
 * Named values of one JSON object (RFC 8259), read strictly: no comments, no
 * trailing commas, no control characters in strings, no lone surrogates, nothing
 * behind the object. Bytes of strings are not checked to be UTF-8.
 */
#ifndef LEP_DATA_JSON_READ_H
#define LEP_DATA_JSON_READ_H

#include "data/columns.h"

#define LEP_JSON_DEPTH 64   /* arrays and objects within each other */

/*
 * cell[i] becomes the value of the key name[i]: strings without their escapes,
 * numbers as they are spelled, true, false, null, or absent. Texts lie in room,
 * which is cleared first, or in s. LEP_ERR_DATA with the cause alone for what is
 * no such object, and for a wanted key that comes twice or holds an array or
 * object.
 */
int lep_json_object_read(const char *s, size_t len, const char *const *name, size_t n, struct lep_cell *cell,
	struct lep_buf *room, struct lep_error *e) LEP_MUST_USE;

#endif
