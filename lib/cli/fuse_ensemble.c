/* lep-fuse --ensemble: the loop over records, the line of fitted weights. */
#include "cli/fuse_ensemble.h"

#include "cli/cli.h"
#include "cli/progress.h"
#include "data/edit.h"

const char *const lep_fuse_ensemble_names[] = {"mean", "geometric", "vote", "fit", NULL};

static void note(void *ctx, const char *text)
{
	(void)ctx;
	lep_warn("%s: left out", text);
}

static int pump(const struct lep_fuse_ensemble *f, struct lep_together *t, struct lep_ensemble *x, struct lep_edit *edit,
	struct lep_error *e)
{
	struct lep_progress progress;
	struct lep_frame frame;
	int status;

	lep_progress_start(&progress, "lep-fuse", 0);
	while ((status = lep_ensemble_next(x, &frame, e)) > 0) {
		status = lep_edit_frame(edit, &frame, e);
		if (!status)
			status = lep_writer_frame(*f->writer, &frame, e);
		if (status)
			break;
		if (lep_progress_due(&progress))
			lep_progress_show(&progress, lep_together_records(t), "%s", "");
	}
	lep_progress_end(&progress);
	return status ? status : lep_writer_end(*f->writer, e);
}

static int fuse(const struct lep_fuse_ensemble *f, struct lep_together *t, struct lep_ensemble *x, struct lep_error *e)
{
	const struct lep_edit_options leave = {.drop = f->drop, .ndrop = f->ndrop};
	struct lep_edit *edit;
	int status = lep_edit_new(&edit, &leave, lep_ensemble_head(x), e);

	if (!status && f->provenance)
		status = lep_head_note(lep_edit_head(edit), "provenance", f->provenance, e);
	/* The writer outlives the edit. */
	if (!status)
		status = lep_head_copy(f->head, lep_edit_head(edit), e);
	if (!status)
		status = lep_writer_new(f->writer, f->out, f->head, e);
	if (!status)
		status = pump(f, t, x, edit, e);
	lep_edit_free(edit);
	return status;
}

/* For -v: what each model is worth, equal weights, and those that were found. */
static void tell(const struct lep_mixture *m, const struct lep_together *t, const double *w)
{
	const char *what = m->numbers ? "mean squared error" : "log loss";
	double one[LEP_MIXTURE_MAX] = {0};

	for (size_t k = 0; k < m->n; k++) {
		one[k] = 1;
		lep_explain(1, "%s: %s %.6f alone", lep_together_name(t, k), what, lep_mixture_loss(m, one));
		one[k] = 0;
	}
	for (size_t k = 0; k < m->n; k++)
		one[k] = 1 / (double)m->n;
	lep_explain(1, "%llu cases: %s %.6f with equal weights, %.6f with these", (unsigned long long)m->cases, what,
		lep_mixture_loss(m, one), lep_mixture_loss(m, w));
}

static int fit(const struct lep_fuse_ensemble *f, struct lep_together *t, struct lep_ensemble *x, struct lep_error *e)
{
	struct lep_mixture m = {0};
	double w[LEP_MIXTURE_MAX];
	struct lep_buf line = {0};
	int status = lep_ensemble_collect(x, &m, e);

	if (!status && (status = lep_mixture_fit(&m, w, e)))
		lep_fail_at(e, "%s", lep_together_name(t, 0));
	if (!status) {
		tell(&m, t, w);
		lep_mixture_text(&line, w, m.n);
		lep_buf_addc(&line, '\n');
		status = line.failed ? lep_fail_nomem(e, 0) : lep_output_write(f->out, line.data, line.len, e);
	}
	lep_buf_release(&line);
	lep_mixture_release(&m);
	return status;
}

int lep_fuse_ensemble(const struct lep_fuse_ensemble *f, struct lep_error *e)
{
	static const enum lep_ensemble_bad bad[] = {
		[LEP_BAD_FAIL] = LEP_ENSEMBLE_FAIL, [LEP_BAD_SKIP] = LEP_ENSEMBLE_SKIP, [LEP_BAD_KEEP] = LEP_ENSEMBLE_KEEP,
	};
	double w[LEP_MIXTURE_MAX];
	const struct lep_ensemble_options how = {.kind = f->kind, .weight = f->weights ? w : NULL, .bad = bad[f->bad],
		.note = note};
	struct lep_together *t = NULL;
	struct lep_ensemble *x = NULL;
	int status = 0;

	if (f->npath > LEP_MIXTURE_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "%zu models are more than %d", f->npath, LEP_MIXTURE_MAX);
	if (f->weights && (status = lep_mixture_parse(w, f->npath, f->weights, e)))
		return lep_fail_at(e, "--weights");
	status = lep_together_open(&t, f->path, f->npath, f->reader, e);
	if (!status)
		status = lep_ensemble_new(&x, t, f->npath, &how, e);
	if (!status)
		status = f->kind == LEP_ENSEMBLE_FIT ? fit(f, t, x, e) : fuse(f, t, x, e);
	if (!status && lep_ensemble_bad(x))
		lep_warn("%llu of %llu records %s", (unsigned long long)lep_ensemble_bad(x),
			(unsigned long long)lep_together_records(t),
			f->bad == LEP_BAD_KEEP && f->kind != LEP_ENSEMBLE_FIT ? "are kept as bad" : "are bad and left out");
	for (size_t k = 1; k < f->npath && !status; k++)
		if (lep_together_is_held(t, k))
			lep_explain(1, "%s: in another order than %s: held", lep_together_name(t, k), lep_together_name(t, 0));
	lep_ensemble_free(x);
	lep_together_close(t);
	return status;
}
