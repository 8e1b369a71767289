#include "cli/generate_print.h"

#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

static int begin(struct lep_generator *g, const char *prompt, struct lep_error *e)
{
	struct lep_buf ids = {0};
	uint64_t unknown = 0;
	int status = lep_generator_encode(g, prompt, strlen(prompt), &ids, &unknown, e);

	if (!status && unknown)
		lep_warn("--prompt: %" PRIu64 " of %zu ids are unknown to the model", unknown, ids.len / 4);
	if (!status)
		status = lep_generator_start(g, ids.data, ids.len / 4, e);
	lep_buf_release(&ids);
	return status ? lep_fail_at(e, "--prompt") : 0;
}

int lep_generate_print(struct lep_output *out, const struct lep_model *m, const struct lep_generate_options *o,
	const char *prompt, int echo, struct lep_error *e)
{
	struct lep_generator *g;
	struct lep_buf text = {0};
	int status = lep_generator_new(&g, m, o, e), more = 1, written;

	if (!status)
		status = begin(g, prompt, e);
	if (!status && echo)
		lep_buf_adds(&text, prompt);
	while (!status && more) {
		more = lep_generator_next(g, &text, e);
		/* What was made before a failure goes out too. */
		if (!more)
			lep_buf_addc(&text, '\n');
		written = text.failed ? lep_fail_nomem(e, 0) : text.len ? lep_output_write(out, text.data, text.len, e) : 0;
		if (!written && text.len)
			written = lep_output_flush(out, e);
		status = more < 0 ? more : written;
		lep_buf_clear(&text);
	}
	lep_buf_release(&text);
	lep_generator_free(g);
	return status;
}
