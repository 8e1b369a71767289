/*
 * Heads and records as text for people and as JSON, into buffers.
 *
 * For people everything from a file is made harmless to a terminal
 * (lep_value_show); the layout may change between versions. The JSON is stable:
 *
 *   head    {"file","kind","records","provenance":[...],"notes":{key:[...]},
 *            "parameters" (of a model), "expects":[field...],"fields":[field...]}
 *   field   {"name","role","dtype","extents":[n or null],"table":[...],"recipe"}
 *   record  {"record","key","status","cause","fields":{name:value}}
 *   value   scalars: the number, the text, or {"id","name"}; else {"extents",
 *           "min","max","mean","nan","values"}, or, of ids of text, {"extents",
 *           "text","values"}
 *
 * where what does not apply is left out, and "values" (nested by extents, names
 * for ids' numbers left out) only comes where asked for.
 */
#ifndef LEP_CLI_SHOW_H
#define LEP_CLI_SHOW_H

#include "cli/json.h"
#include "stream/frame.h"

void lep_show_head(struct lep_buf *out, const struct lep_head *h, const char *file);
/* number: the record's place. all: every value, not the first few. */
void lep_show_record(struct lep_buf *out, const struct lep_head *h, const struct lep_frame *fr, size_t i,
	uint64_t number, int all);

/* One line with its end; records < 0: not known. */
void lep_show_head_json(struct lep_buf *out, const struct lep_head *h, const char *file, int64_t records);
void lep_show_record_json(struct lep_buf *out, const struct lep_head *h, const struct lep_frame *fr,
	size_t i, uint64_t number, int values);

/* The network text of a model, a line each; 0 lines if there is none. */
size_t lep_show_network(struct lep_buf *out, const struct lep_head *h);

#endif
