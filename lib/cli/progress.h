/*
 * One line of progress on standard error, rewritten at most ten times a second,
 * where that is a terminal and -q was not given; elsewhere nothing at all. Other
 * talk (lep_say, ...) wipes the line first and the next update brings it back.
 *
 *	lep_progress_start(&p, "epoch 1/5", 60000);
 *	while (...)
 *		if (lep_progress_due(&p))
 *			lep_progress_show(&p, done, "loss %.4f", loss);
 *	lep_progress_end(&p);
 */
#ifndef LEP_CLI_PROGRESS_H
#define LEP_CLI_PROGRESS_H

#include <stdint.h>

#include "base/mem.h"

struct lep_progress {
	const char *what; /* borrowed */
	uint64_t total;   /* samples there will be; 0: unknown */
	uint64_t base;    /* samples done before the start, by a run resumed here */
	double start, last; /* seconds */
	int on;
};

/* base is 0 afterwards; set it where the count does not begin at 0. */
void lep_progress_start(struct lep_progress *p, const char *what, uint64_t total);

/* Whether it is time to show something; cheap enough for every batch. */
int lep_progress_due(struct lep_progress *p);

/* done samples in all; the text (may be "") follows the rate. */
void lep_progress_show(struct lep_progress *p, uint64_t done, const char *fmt, ...) LEP_PRINTF(3, 4);

/* Wipe the line. */
void lep_progress_end(struct lep_progress *p);

/* The line itself, for a terminal of `width` columns, after `seconds`:
 * "epoch 1/5 [=====>    ]  52%  31200/60000  9120/s  loss 0.12  0:03 left" */
void lep_progress_line(const struct lep_progress *p, uint64_t done, double seconds, int width,
	const char *text, struct lep_buf *out);

#endif
