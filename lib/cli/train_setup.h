/* What lep-train settles before its first batch: the files it touches, the
 * network's text, the weights to begin with, how the run is described. */
#ifndef LEP_CLI_TRAIN_SETUP_H
#define LEP_CLI_TRAIN_SETUP_H

#include "cli/options.h"
#include "nn/net.h"

/* As given on the command line, borrowed; NULL: not given. */
struct lep_train_files {
	const char *data;        /* NULL and "-": standard input */
	const char *validation;  /* a file, not a share */
	const char *network;     /* a file, not a ready description */
	const char *output, *checkpoint, *log;
	const struct lep_list *from;
};

/*
 * The description's text into *text (caller frees) and its name for messages
 * into *name (borrowed): `layers` itself, a ready one, or what the file holds.
 * *is_file: whether `network` names a file.
 */
int lep_setup_network(char **text, const char **name, int *is_file, const char *network, const char *layers,
	struct lep_error *e) LEP_MUST_USE;

/* --validation: a number is a share (0 to 1, both excluded) unless a file has
 * that name; *share stays 0 for a file. */
int lep_setup_share(double *share, const char *validation, struct lep_error *e) LEP_MUST_USE;

/* LEP_ERR_USAGE where two of them read standard input, or an output would
 * overwrite an input or another output. A model may take the place of the one
 * it continues. */
int lep_setup_check_files(const struct lep_train_files *f, struct lep_error *e) LEP_MUST_USE;

/* Rights dropped to these files (sandbox.h); says so with -v. */
void lep_setup_sandbox(const struct lep_train_files *f);

/* Weights of the models in `from`, each weight named as taken or new; then
 * what matches `freeze` is frozen. fields are the data's. */
int lep_setup_weights(struct lep_net *n, const struct lep_field *fields, const struct lep_list *from,
	const struct lep_list *freeze, struct lep_error *e) LEP_MUST_USE;

/* The provenance line: options that count, and of those that name files that
 * they were given. A failure to find memory is remembered in line. */
void lep_setup_describe(const struct lep_operands *ops, enum lep_provenance_mode mode, const char *validation,
	double share, size_t nfrom, struct lep_buf *line);

#endif
