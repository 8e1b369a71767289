/* What lep-fuse --ensemble does, once its options are taken and rights are dropped. */
#ifndef LEP_CLI_FUSE_ENSEMBLE_H
#define LEP_CLI_FUSE_ENSEMBLE_H

#include "cli/options.h"
#include "eval/ensemble.h"
#include "stream/writer.h"

struct lep_fuse_ensemble {
	const char *const *path;
	size_t npath;
	const struct lep_reader_options *reader;
	enum lep_ensemble_kind kind;
	const char *weights;          /* as given, or NULL */
	enum lep_bad_mode bad;
	const char *const *drop;      /* fields that do not go out */
	size_t ndrop;
	const char *provenance;       /* the line, or NULL */
	struct lep_output *out;
	/* The stream's writer, for an ABORT of the caller's; the caller frees. NULL stays
	 * NULL for LEP_ENSEMBLE_FIT, which writes one line of weights. */
	struct lep_writer **writer;
	struct lep_head *head;        /* empty, to be released after the writer */
};

/* Streams in, the answer out; not committed. Talks with -v. */
int lep_fuse_ensemble(const struct lep_fuse_ensemble *f, struct lep_error *e) LEP_MUST_USE;

/* The names of enum lep_ensemble_kind; ends with NULL. */
extern const char *const lep_fuse_ensemble_names[];

#endif
