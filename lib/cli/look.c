/* Headers, checks and recoveries. */
#include "cli/look.h"

#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/show.h"
#include "data/vocabulary.h"
#include "stream/reader.h"
#include "stream/recover.h"

static int add_table(struct lep_buf *b, const struct lep_head *h, const char *file, const char *name,
	struct lep_error *e)
{
	int f = lep_head_find(h, name);
	const struct lep_field *field = f >= 0 ? &h->field[f] : NULL;
	struct lep_text_recipe ignored;

	/* Of a model the fields it was trained on. */
	if (f < 0 && (f = lep_head_find_expect(h, name)) >= 0)
		field = &h->expect[f];
	if (!field)
		return lep_fail(e, LEP_ERR_USAGE, "%s: no field '%s'", file, name);
	if (!field->table)
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s' has no table", file, name);
	if (lep_field_has_text(field, &ignored)) {
		lep_vocabulary_format(b, field->table);
		return 0;
	}
	for (size_t i = 0; i < field->table->n; i++) {
		lep_buf_add(b, field->table->entry[i], field->table->length[i]);
		lep_buf_addc(b, '\n');
	}
	return 0;
}

static int add_notes(struct lep_buf *b, const struct lep_head *h, const char *file, const char *key,
	struct lep_error *e)
{
	const char *value;
	size_t at = 0, n = 0;

	for (; (value = lep_head_note_get(h, key, &at)); n++) {
		lep_buf_adds(b, value);
		lep_buf_addc(b, '\n');
	}
	return n ? 0 : lep_fail(e, LEP_ERR_DATA, "%s: the header has no line '%s'", file, key);
}

int lep_look(struct lep_output *out, const struct lep_head *h, const char *file, const char *table,
	const char *note, struct lep_error *e)
{
	struct lep_buf b = {0};
	int r = 0;

	if (table)
		r = add_table(&b, h, file, table, e);
	else if (note)
		r = add_notes(&b, h, file, note, e);
	else if (lep_show_network(&b, h) == 0)
		r = lep_fail(e, LEP_ERR_DATA, "%s: not a model: it has no network description", file);
	if (!r && b.failed)
		r = lep_fail_nomem(e, 0);
	if (!r && b.len)
		r = lep_output_write(out, b.data, b.len, e);
	lep_buf_release(&b);
	return r;
}

static int check_one(const char *path, int force, struct lep_error *e)
{
	const struct lep_reader_options o = {.force_terminal = force};
	struct lep_reader *reader;
	struct lep_frame fr;
	uint64_t frames = 0;
	int r = lep_reader_open(&reader, path, &o, e);

	if (r)
		return r;
	while ((r = lep_reader_next(reader, &fr, e)) > 0)
		frames++;
	if (!r)
		lep_explain(1, "%s: %" PRIu64 " records, %" PRIu64 " frames, %" PRIu64 " bytes",
			lep_reader_name(reader), lep_reader_records(reader), frames, lep_reader_bytes(reader));
	lep_reader_close(reader);
	return r;
}

int lep_look_check(const char *const *path, size_t n, int force, struct lep_error *e)
{
	struct lep_error one;
	int failed = 0;

	for (size_t i = 0; i < (n ? n : 1); i++) {
		int r = check_one(n ? path[i] : NULL, force, &one);

		if (!r)
			continue;
		if (failed)
			lep_error_print(e);
		*e = one;
		failed = r;
		if (r == LEP_ERR_SIGNAL)
			break;
	}
	return failed;
}

/* What a recovery found, where it found damage. 1 if records were lost. */
static int judge(const struct lep_recovery *f, const char *file, struct lep_error *e)
{
	int loss = f->lost || f->headless || f->endless;

	if (!loss) {
		if (f->damaged)
			lep_warn("%s: damaged in %" PRIu64 " places, no record lost", file, f->damaged);
		else
			lep_explain(1, "%s: %" PRIu64 " records, no damage", file, f->kept);
		return 0;
	}
	(void)lep_fail(e, LEP_ERR_DATA, "%s: %s%" PRIu64 " records lost, %" PRIu64 " kept, damaged in %" PRIu64
		" places%s%s", file, f->headless || f->endless ? "at least " : "", f->lost, f->kept, f->damaged,
		f->headless ? "; a header is lost" : "", f->endless ? "; the end is missing" : "");
	return 1;
}

int lep_look_recover(struct lep_output *out, const char *const *path, size_t n, struct lep_error *e)
{
	int lost = 0;

	for (size_t i = 0; i < (n ? n : 1); i++) {
		const char *file = n && strcmp(path[i], "-") != 0 ? path[i] : "<stdin>";
		struct lep_recovery found;
		struct lep_error one;
		int r = lep_recover(&found, n ? path[i] : NULL, out, &one);

		if (!r)
			r = judge(&found, file, &one);
		if (r && lost)
			lep_error_print(e);
		if (r)
			*e = one;
		if (r < 0)
			return r;
		lost |= r;
	}
	return lost;
}
