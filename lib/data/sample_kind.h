/*
 * Private to the readers of samples: one input being read, and the table of the
 * readers, one for each kind of input.
 */
#ifndef LEP_DATA_SAMPLE_KIND_H
#define LEP_DATA_SAMPLE_KIND_H

#include "data/csv.h"
#include "data/idx.h"
#include "data/sample.h"
#include "data/tar.h"
#include "data/walk.h"

enum lep_sample_kind { LEP_SAMPLE_FILE, LEP_SAMPLE_FOLDER, LEP_SAMPLE_LIST, LEP_SAMPLE_MANIFEST, LEP_SAMPLE_TAR,
	LEP_SAMPLE_PICTURE, LEP_SAMPLE_PIXELS, LEP_SAMPLE_KINDS };

/* One operand, list or manifest. */
struct lep_sample_unit {
	const char *name;
	enum lep_sample_kind declared;       /* LEP_SAMPLE_FILE: content tells */
	struct lep_bytes *bytes;
	int kept;                 /* no regular file: bytes stay open, and over a rewind */
};

struct lep_samples {
	const struct lep_samples_options *o;
	struct lep_sample_unit *unit;
	size_t nunit, at;
	lep_wait_fn *wait;
	void *wait_ctx;

	/* Of the unit being read: */
	int open;
	enum lep_sample_kind kind;
	struct lep_walk *walk;
	struct lep_tar *tar;
	struct lep_csv *csv;
	size_t file_column, label_column;
	size_t folder_len;        /* of the manifest's own path, with its slash */
	struct lep_buf text;
	int done;
	struct lep_idx idx, label_idx;
	struct lep_bytes *labels;
	size_t taken;             /* operands read along with this one */
	uint64_t number;
};

struct lep_sample_reader {
	/* May be NULL. bytes are open, but for a folder. */
	int (*start)(struct lep_samples *s, struct lep_sample_unit *u, struct lep_error *e);
	/* out is {0}: 1, 0 at the end, negative. */
	int (*next)(struct lep_samples *s, struct lep_sample_unit *u, struct lep_buf *arena, struct lep_sample *out,
		int names_only, struct lep_error *e);
};

extern const struct lep_sample_reader lep_sample_readers[LEP_SAMPLE_KINDS];

#endif
