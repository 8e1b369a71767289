/*
 * A text that a model of next ids makes, written as it is made.
 */
#ifndef LEP_CLI_GENERATE_PRINT_H
#define LEP_CLI_GENERATE_PRINT_H

#include "base/output.h"
#include "nn/generate.h"

/* How the prompt goes on (with `echo`, the prompt before it), and a line feed: each
 * id's characters are handed over before the next id is made. What the model does
 * not know of the prompt is warned of. m's weights are packed. */
int lep_generate_print(struct lep_output *out, const struct lep_model *m, const struct lep_generate_options *o,
	const char *prompt, int echo, struct lep_error *e) LEP_MUST_USE;

#endif
