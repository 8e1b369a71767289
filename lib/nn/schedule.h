/*
 * Schedules: the learning rate of each step, as a factor of the rate asked for.
 *
 * s is the step from 0, T the steps of the whole training (epochs times steps an
 * epoch, whether or not it stops early), E the steps of an epoch, W those of the
 * warm-up. While s < W the factor is (s + 1) / W. From then on, with
 * p = (s - W) / (T - W), which stays below 1:
 *
 *   constant         1
 *   step[:N[:F]]     F ^ floor(s / (N E))                        N 10 epochs, F 0.1
 *   linear[:END]     1 - (1 - END) p                             END 0
 *   cosine[:END]     END + (1 - END) (1 + cos(pi p)) / 2         END 0
 *   onecycle[:UP[:START[:END]]]                                  0.3, 0.04, 1e-4
 *                    with U = UP T, q = s / U, r = (s - U) / (T - U):
 *                    s < U: START + (1 - START) (1 - cos(pi q)) / 2
 *                    else:  END + (1 - END) (1 + cos(pi r)) / 2
 *
 * step counts epochs from the very start, warm-up included. onecycle (Smith,
 * Topin: "Super-Convergence", 2017) warms up by itself, so that it takes no
 * warm-up; momentum stays as it is. Beyond T, p and r stay at 1. All in double
 * with our own cosine: the same bits everywhere.
 */
#ifndef LEP_NN_SCHEDULE_H
#define LEP_NN_SCHEDULE_H

#include <stdint.h>

#include "base/mem.h"
#include "base/status.h"

enum lep_schedule_kind {
	LEP_SCHEDULE_CONSTANT,
	LEP_SCHEDULE_STEP,
	LEP_SCHEDULE_LINEAR,
	LEP_SCHEDULE_COSINE,
	LEP_SCHEDULE_ONECYCLE,
	LEP_SCHEDULE_COUNT
};

#define LEP_SCHEDULE_NUMBERS 3

/* {0} is constant without warm-up. */
struct lep_schedule {
	enum lep_schedule_kind kind;
	double number[LEP_SCHEDULE_NUMBERS]; /* in the order of the text */
	double warmup;                       /* steps, or epochs: */
	int warmup_epochs;
};

/* "constant", ...; NULL outside the enum. */
const char *lep_schedule_name(int kind);

/* "cosine", "step:10:0.1". The warm-up of s stays. LEP_ERR_USAGE leaves s as it is. */
int lep_schedule_parse(struct lep_schedule *s, const char *text, struct lep_error *e) LEP_MUST_USE;
/* "500" steps, or "3epochs", "1epoch", "0.5epochs". LEP_ERR_USAGE leaves s as it is. */
int lep_schedule_parse_warmup(struct lep_schedule *s, const char *text, struct lep_error *e) LEP_MUST_USE;
/* Whether schedule and warm-up go together. */
int lep_schedule_check(const struct lep_schedule *s, struct lep_error *e) LEP_MUST_USE;

/* Appends what the two parsers read: "step:10:0.1", and with a warm-up
 * " warmup 500" or " warmup 3epochs" behind it. */
void lep_schedule_text(struct lep_buf *b, const struct lep_schedule *s);

/* The factor of step (from 0) among total steps, epoch of them an epoch (both at
 * least 1). Warm-up of epochs is rounded to whole steps. */
double lep_schedule_factor(const struct lep_schedule *s, int64_t step, int64_t total, int64_t epoch);

#endif
