/*
 * All files beneath a folder, in the order of their paths' bytes (as
 * `find | LC_ALL=C sort` has them), whatever the order on the disk. Names that
 * begin with a dot are passed over, as ls does. Links are followed, but never
 * into a folder that the walk is in already.
 *
 * Errors name the path. Memory: the names of the folders it is in.
 */
#ifndef LEP_DATA_WALK_H
#define LEP_DATA_WALK_H

#include "base/mem.h"
#include "base/status.h"

struct lep_walk;

int lep_walk_open(struct lep_walk **out, const char *folder, struct lep_error *e) LEP_MUST_USE;
void lep_walk_close(struct lep_walk *w);

/* The next file: 1, 0 at the end, negative. *path begins with the folder's
 * name; from *key on it is the path beneath it. Both are valid until the next call. */
int lep_walk_next(struct lep_walk *w, const char **path, const char **key, struct lep_error *e) LEP_MUST_USE;

#endif
