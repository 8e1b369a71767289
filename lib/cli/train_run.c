#include "cli/train_run.h"

#include <inttypes.h>
#include <time.h>

#include "base/stop.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/train_talk.h"

struct run {
	const struct lep_train_run *r;
	struct lep_trainer *trainer;
	double saved, epoch_began; /* seconds */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int save(struct run *w, struct lep_error *e)
{
	const struct lep_train_run *r = w->r;
	int rc = r->checkpoint ? lep_trainer_save(w->trainer, r->checkpoint, r->head, r->identity, e) : 0;

	w->saved = now();
	return rc;
}

/* 1: there are more. The log comes first: a line twice tells more than a line lost. */
static int end_epoch(struct run *w, struct lep_error *e)
{
	double seconds = now() - w->epoch_began;
	struct lep_buf line = {0};
	struct lep_epoch ep;
	int rc = lep_trainer_epoch(w->trainer, &ep, e), more = rc;

	if (rc < 0)
		return rc;
	lep_talk_epoch(&ep, w->r->epochs, seconds, &line);
	lep_say("%s", line.failed ? "" : line.data);
	lep_buf_release(&line);
	rc = w->r->log ? lep_talk_log(w->r->log, w->r->log_name, &ep, seconds, e) : 0;
	if (rc == 0)
		rc = save(w, e);
	w->epoch_began = now();
	return rc < 0 ? rc : more;
}

/* Interrupted: the batch is done, so the state is whole. */
static int stop(struct run *w, struct lep_error *e)
{
	struct lep_metrics m;
	int64_t epoch;
	int rc = save(w, e);

	if (rc)
		return rc;
	lep_trainer_progress(w->trainer, &epoch, &m);
	if (w->r->checkpoint)
		lep_say("stopped in epoch %" PRId64 " after %" PRIu64 " samples; "
			"the same command with --resume goes on from %s", epoch, m.samples, w->r->checkpoint);
	else
		lep_say("stopped in epoch %" PRId64 " after %" PRIu64 " samples; nothing is saved without --checkpoint",
			epoch, m.samples);
	return lep_stop_check(e);
}

/* The batches of an epoch, or what is left of them: 0 at the epoch's end. */
static int run_batches(struct run *w, struct lep_error *e)
{
	struct lep_progress bar;
	struct lep_metrics m;
	char what[64], figures[LEP_TALK_RUNNING];
	int64_t epoch;
	int rc;

	lep_trainer_progress(w->trainer, &epoch, &m);
	snprintf(what, sizeof(what), "epoch %" PRId64 "/%" PRId64, epoch, w->r->epochs);
	lep_progress_start(&bar, what, lep_trainer_samples(w->trainer));
	bar.base = m.samples;
	do {
		rc = lep_trainer_batch(w->trainer, e);
		if (rc > 0 && lep_stop_requested())
			rc = stop(w, e);
		else if (rc > 0 && w->r->every > 0 && now() - w->saved >= w->r->every && save(w, e))
			rc = e->status;
		if (rc > 0 && lep_progress_due(&bar)) {
			lep_trainer_progress(w->trainer, &epoch, &m);
			lep_progress_show(&bar, m.samples, "%s", lep_talk_running(&m, figures));
		}
	} while (rc > 0);
	lep_progress_end(&bar);
	return rc;
}

int lep_train_run(const struct lep_train_run *r, struct lep_error *e)
{
	struct run w = {.r = r, .trainer = r->trainer};
	int rc = !lep_trainer_done(r->trainer);

	w.saved = w.epoch_began = now();
	while (rc > 0) {
		rc = run_batches(&w, e);
		if (rc == 0)
			rc = end_epoch(&w, e);
		if (rc > 0 && lep_stop_requested())
			rc = stop(&w, e);
	}
	return rc;
}
