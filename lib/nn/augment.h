/*
 * Augmentation: the `augment` lines of a network description, which change
 * pictures in training only, after the recipe has scaled their values. They act
 * in the order written, each time anew for every record and epoch:
 *
 *   augment flip [horizontal | vertical]  mirrored, or not, one chance in two
 *   augment shift N          0 to N whole pixels up or down, and 0 to N left or right;
 *                            all 2N + 1 places alike; what comes in is 0
 *   augment rotate DEGREES   by an angle of -DEGREES to DEGREES about the centre
 *   augment scale LOW HIGH   by a factor of LOW to HIGH about the centre; above 1 enlarges
 *   augment brightness S     adds one number of -S to S to all values
 *   augment contrast S       distances from the channel's mean times 1 - S to 1 + S
 *   augment erase P SIZE     with probability P a square of SIZE pixels becomes 0
 *   augment mixup ALPHA      pictures and targets of a batch mixed by twos, see below
 *
 * Adjacent rotate and scale lines are one bilinear sampling; outside the picture
 * is 0. Values are not clamped: after recipes with mean and deviation there is no
 * range to clamp to, and S is in their unit.
 *
 * Draws are keyed by seed, epoch, number of the line and the record's number in
 * the data, so they depend on no thread, batch or order. A network with several
 * pictures a record draws alike for all of them: they stay aligned.
 */
#ifndef LEP_NN_AUGMENT_H
#define LEP_NN_AUGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "kernel/real.h"
#include "tensor/shape.h"

#define LEP_AUGMENT_MAX 16  /* lines */
#define LEP_AUGMENT_NUMBERS 2

struct lep_augment_step {
	int kind;              /* row of augment.c's table */
	int line;              /* of the description, for messages */
	int vertical;          /* flip */
	double number[LEP_AUGMENT_NUMBERS]; /* as written */
};

/* {0} has no lines. No memory of its own. */
struct lep_augment {
	size_t n;
	struct lep_augment_step step[LEP_AUGMENT_MAX];
};

/* Append one line, with or without its first word `augment`. LEP_ERR_USAGE: "line
 * N: augment: cause"; a is as before then. */
int lep_augment_parse(struct lep_augment *a, const char *text, int line, struct lep_error *e) LEP_MUST_USE;

/* The name of line i (below n): "flip"; and its words: "flip [horizontal | vertical]". */
const char *lep_augment_name(const struct lep_augment *a, size_t i);
const char *lep_augment_synopsis(const struct lep_augment *a, size_t i);

/* What a network reads, as far as augmentation must know it. */
struct lep_augment_input {
	const struct lep_shape *shape; /* of one sample; a picture is height x width x channel */
	int ids;                       /* ids into a table, not numbers */
};

/* Whether the lines make sense with these inputs: at least one picture, and for
 * mixup numbers everywhere; what moves or erases must fit into the pictures. */
int lep_augment_check(const struct lep_augment *a, const struct lep_augment_input *input, size_t n,
	struct lep_error *e) LEP_MUST_USE;

/* Whether lep_augment_apply would do anything: a line other than mixup. */
int lep_augment_acts(const struct lep_augment *a);

/*
 * All lines but mixup on one picture of h x w x c scaled values, in place.
 * scratch: h * w * c reals. record is its number in the data, not in the batch.
 */
void lep_augment_apply(const struct lep_augment *a, lep_real *picture, lep_real *scratch, size_t h,
	size_t w, size_t c, uint64_t seed, uint64_t epoch, uint64_t record);

/* dst = src turned counterclockwise by degrees and enlarged by factor (> 0) about
 * its centre, bilinear, 0 outside; dst is not src. What rotate and scale lines do. */
void lep_augment_turn(lep_real *dst, const lep_real *src, size_t h, size_t w, size_t c,
	double degrees, double factor);

/*
 * Mixup (Zhang and others, 2017). alpha of the line, 0 if there is none.
 *
 * The plan of a batch of count samples: sample i becomes share[i] of itself and
 * 1 - share[i] of sample partner[i] of the same batch; both pictures are
 * augmented before. Partners are a permutation and shares are independent draws
 * of Beta(alpha, alpha), both keyed by seed, epoch and batch (below 2^32):
 *   share = (1 + sign(c) sqrt(c^2 (1 - r) / (r + c^2 (1 - r)))) / 2,
 *   r = U^(1 / alpha), c = cos(2 pi V), U in (0, 1] and V in [0, 1) uniform
 * (Bailey's t distribution, 1994, carried to the symmetric Beta by Devroye, 1996).
 */
double lep_augment_mixup(const struct lep_augment *a);
void lep_mixup_plan(double alpha, uint64_t seed, uint64_t epoch, uint64_t batch, size_t count,
	uint64_t *partner, double *share);
/* x = share x + (1 - share) other, n values: pictures, or targets that are numbers. */
void lep_mixup_blend(lep_real *x, const lep_real *other, size_t n, double share);

#endif
