/*
 * Records into files of other programs: PNG pictures, and the names under which
 * they are kept in a folder.
 */
#ifndef LEP_DATA_EXPORT_H
#define LEP_DATA_EXPORT_H

#include "stream/frame.h"

/*
 * Append field f of record i as a PNG. The value is h x w, h x w x 1 or
 * h x w x 3. u8 is written as it is; of other types the smallest value becomes 0
 * and the largest 255, 255 (v - min) / (max - min) rounded to nearest, NaN 0, a
 * constant 0.
 */
int lep_export_png(struct lep_buf *out, const struct lep_head *h, const struct lep_frame *fr, size_t i,
	size_t f, struct lep_error *e) LEP_MUST_USE;

/* The folder at path, made if it is not there; its descriptor, the caller's. */
int lep_folder_open(const char *path, struct lep_error *e) LEP_MUST_USE;

/*
 * key as a relative path that stays beneath its folder: slashes separate
 * folders; empty parts and "." fall away, ".." becomes "__", control characters
 * "_", parts are cut to 200 bytes; no key at all gives "record". suffix is put
 * behind unless the name ends in it.
 */
void lep_folder_name(struct lep_buf *out, const char *key, size_t len, const char *suffix);

/*
 * Write a file at that relative path beneath the folder, making folders on the
 * way; no link is followed. A file that is there is replaced.
 */
int lep_folder_save(int folder, const char *name, const void *data, size_t len, struct lep_error *e) LEP_MUST_USE;

#endif
