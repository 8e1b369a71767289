/* Augmentation: what each line does to small pictures, its draws, its errors; mixup. */
#include "nn/augment.h"

#include <math.h>
#include <string.h>

#include "check.h"

#define H 6
#define W 8
#define C 2
#define SIZE (H * W * C)

static lep_real scratch[SIZE];

static void number(lep_real *p)
{
	for (int i = 0; i < SIZE; i++)
		p[i] = (lep_real)(i + 1);
}

static void apply(const struct lep_augment *a, lep_real *p, uint64_t record)
{
	lep_augment_apply(a, p, scratch, H, W, C, 1, 0, record);
}

/* The picture of one line's text on the numbered picture. */
static int draw(lep_real *p, const char *text, uint64_t record)
{
	struct lep_augment a = {0};
	int status = lep_augment_parse(&a, text, 1, NULL);

	number(p);
	apply(&a, p, record);
	return status;
}

static void identities(void)
{
	static const char *const lines[] = {"rotate 0", "scale 1 1", "brightness 0", "erase 0 3",
		"mixup 0.2", "augment rotate 0"};
	lep_real want[SIZE], p[SIZE];
	struct lep_augment none = {0};

	number(want);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		for (uint64_t r = 0; r < 20; r++) {
			CHECK(draw(p, lines[i], r) == 0);
			CHECKF(memcmp(p, want, sizeof(p)) == 0, "%s", lines[i]);
		}
	}
	apply(&none, p, 0);
	CHECK(memcmp(p, want, sizeof(p)) == 0);
	CHECK(draw(p, "contrast 0", 3) == 0);
	for (int i = 0; i < SIZE; i++)
		CHECK(fabs((double)p[i] - (double)want[i]) < 1e-4);
}

static void flips(void)
{
	lep_real want[SIZE], p[SIZE];
	int flipped[2] = {0};

	number(want);
	for (int vertical = 0; vertical < 2; vertical++) {
		const char *line = vertical ? "flip vertical" : "flip";
		struct lep_augment a = {0};

		CHECK(lep_augment_parse(&a, line, 1, NULL) == 0);
		for (uint64_t r = 0; r < 1000; r++) {
			int same;

			number(p);
			apply(&a, p, r);
			same = memcmp(p, want, sizeof(p)) == 0;
			for (int i = 0; i < H && !same; i++)
				for (int j = 0; j < W; j++)
					for (int c = 0; c < C; c++)
						CHECK(p[(i * W + j) * C + c] == want[(vertical ?
							(H - 1 - i) * W + j : i * W + W - 1 - j) * C + c]);
			flipped[vertical] += !same;
			apply(&a, p, r);
			CHECK(memcmp(p, want, sizeof(p)) == 0);
		}
	}
	CHECKF(flipped[0] > 430 && flipped[0] < 570, "%d", flipped[0]);
	CHECKF(flipped[1] > 430 && flipped[1] < 570, "%d", flipped[1]);
}

/* Which (down, right) p was shifted by, from what it holds. */
static int find_shift(const lep_real *p, int most, int *down, int *right)
{
	lep_real want[SIZE];

	number(want);
	for (*down = -most; *down <= most; ++*down) {
		for (*right = -most; *right <= most; ++*right) {
			int ok = 1;

			for (int i = 0; i < H && ok; i++) {
				for (int j = 0; j < W && ok; j++) {
					const int y = i - *down, x = j - *right;
					const int in = y >= 0 && y < H && x >= 0 && x < W;

					for (int c = 0; c < C; c++)
						ok &= p[(i * W + j) * C + c] ==
							(in ? want[(y * W + x) * C + c] : 0);
				}
			}
			if (ok)
				return 1;
		}
	}
	return 0;
}

static void shifts(void)
{
	int seen[5][5] = {{0}}, down, right;
	lep_real p[SIZE];

	for (uint64_t r = 0; r < 2500; r++) {
		CHECK(draw(p, "shift 2", r) == 0);
		CHECK(find_shift(p, 2, &down, &right));
		seen[down + 2][right + 2]++;
	}
	for (int i = 0; i < 25; i++)
		CHECKF(seen[i / 5][i % 5] > 60 && seen[i / 5][i % 5] < 145, "%d", seen[i / 5][i % 5]);
	/* farther than the picture: nothing is left, or it is in place */
	for (uint64_t r = 0; r < 50; r++) {
		CHECK(draw(p, "shift 20", r) == 0);
		if (!find_shift(p, 20, &down, &right))
			CHECK(0);
	}
}

static void quarter_turn(void)
{
	lep_real src[5 * 5 * C], dst[5 * 5 * C];
	const double angles[4] = {90, 180, -90, 360};

	for (int i = 0; i < 5 * 5 * C; i++)
		src[i] = (lep_real)(i * 7 % 31);
	for (int k = 0; k < 4; k++) {
		lep_augment_turn(dst, src, 5, 5, C, angles[k], 1);
		for (int i = 0; i < 5; i++) {
			for (int j = 0; j < 5; j++) {
				/* counterclockwise: the bottom comes to the right */
				const int y[4] = {j, 4 - i, 4 - j, i}, x[4] = {4 - i, 4 - j, i, j};

				for (int c = 0; c < C; c++) {
					double got = (double)dst[(i * 5 + j) * C + c];
					double want = (double)src[(y[k] * 5 + x[k]) * C + c];

					CHECKF(fabs(got - want) < 1e-5, "turn %g at %d %d: %g, not %g",
						angles[k], i, j, got, want);
				}
			}
		}
	}
}

static void enlarged(void)
{
	lep_real src[25] = {[12] = 1, [13] = 3}, dst[25];

	lep_augment_turn(dst, src, 5, 5, 1, 0, 2);
	CHECK(dst[12] == 1 && dst[13] == 2 && dst[14] == 3 && dst[11] == 0.5f && dst[17] == 0.5f);
	for (int i = 0; i < 25; i++)
		src[i] = 1;
	/* half the size: what lies outside is 0 */
	lep_augment_turn(dst, src, 5, 5, 1, 0, 0.5);
	CHECK(dst[0] == 0 && dst[4] == 0 && dst[20] == 0 && dst[24] == 0 && dst[2] == 0);
	CHECK(dst[6] == 1 && dst[12] == 1 && dst[18] == 1);
}

/* rotate and scale lines together are one sampling, not two. */
static void combined(void)
{
	struct lep_augment two = {0}, apart = {0};
	lep_real p[SIZE], q[SIZE], want[SIZE];

	CHECK(lep_augment_parse(&two, "rotate 0", 1, NULL) == 0);
	CHECK(lep_augment_parse(&two, "scale 1.5 1.5", 2, NULL) == 0);
	CHECK(lep_augment_parse(&apart, "scale 2 2", 1, NULL) == 0);
	CHECK(lep_augment_parse(&apart, "scale 0.75 0.75", 2, NULL) == 0);
	number(p);
	number(q);
	apply(&two, p, 0);
	apply(&apart, q, 0);
	CHECK(memcmp(p, q, sizeof(p)) == 0);
	number(q);
	lep_augment_turn(want, q, H, W, C, 0, 1.5);
	CHECK(memcmp(p, want, sizeof(p)) == 0);
}

static void light(void)
{
	double low = 9, high = -9;
	lep_real p[SIZE];

	for (uint64_t r = 0; r < 200; r++) {
		double mean = 0, d;

		CHECK(draw(p, "brightness 0.5", r) == 0);
		d = (double)p[0] - 1;
		low = d < low ? d : low;
		high = d > high ? d : high;
		for (int i = 0; i < SIZE; i++)
			CHECK(fabs((double)p[i] - (i + 1) - d) < 1e-4);
		CHECK(draw(p, "contrast 0.5", r) == 0);
		for (int i = 1; i < SIZE; i += C)
			mean += (double)p[i];
		CHECK(fabs(mean / (H * W) - (1 + SIZE / 2)) < 1e-3);
		d = ((double)p[SIZE - 1] - (double)p[1]) / (SIZE - 2);
		CHECK(d >= 0.5 && d <= 1.5);
	}
	CHECK(low >= -0.5 && low < -0.45 && high <= 0.5 && high > 0.45);
}

static void erased(void)
{
	int count = 0, at[H][W] = {{0}};
	lep_real p[SIZE];

	for (uint64_t r = 0; r < 1000; r++) {
		int zeros = 0, y = H, x = W;

		CHECK(draw(p, "erase 0.25 3", r) == 0);
		for (int i = 0; i < SIZE; i++) {
			if (p[i] != 0)
				continue;
			zeros++;
			y = i / (W * C) < y ? i / (W * C) : y;
			x = i / C % W < x ? i / C % W : x;
		}
		CHECK(zeros == 0 || zeros == 3 * 3 * C);
		if (!zeros)
			continue;
		count++;
		at[y][x]++;
		for (int i = 0; i < 3; i++)
			for (int j = 0; j < 3 * C; j++)
				CHECK(p[((y + i) * W + x) * C + j] == 0);
	}
	CHECKF(count > 200 && count < 300, "%d", count);
	for (int y = 0; y < H - 2; y++)
		for (int x = 0; x < W - 2; x++)
			CHECK(at[y][x] > 0);
	/* larger than the picture */
	CHECK(draw(p, "erase 1 100", 0) == 0);
	for (int i = 0; i < SIZE; i++)
		CHECK(p[i] == 0);
}

static void keyed(void)
{
	struct lep_augment a = {0};
	lep_real p[SIZE], q[SIZE];
	int different[3] = {0};

	CHECK(lep_augment_parse(&a, "shift 2", 1, NULL) == 0);
	CHECK(lep_augment_parse(&a, "rotate 20", 2, NULL) == 0);
	CHECK(lep_augment_parse(&a, "brightness 0.1", 3, NULL) == 0);
	for (uint64_t r = 0; r < 20; r++) {
		for (int k = 0; k < 4; k++) {
			number(p);
			number(q);
			lep_augment_apply(&a, p, scratch, H, W, C, 1, 2, r);
			lep_augment_apply(&a, q, scratch, H, W, C, k == 1 ? 9 : 1, k == 2 ? 9 : 2,
				k == 3 ? r + 100 : r);
			if (k == 0)
				CHECK(memcmp(p, q, sizeof(p)) == 0);
			else
				different[k - 1] += memcmp(p, q, sizeof(p)) != 0;
		}
	}
	CHECK(different[0] == 20 && different[1] == 20 && different[2] == 20);
}

/* The values are promised from version to version: change them knowingly. */
static void known(void)
{
	uint64_t partner[4];
	double share[4];
	lep_real p[SIZE];

	CHECK(draw(p, "brightness 1", 7) == 0);
	CHECKF(fabs((double)p[0] - 0.624778509) < 1e-6, "%.9g", (double)p[0]);
	lep_mixup_plan(0.5, 1, 2, 3, 4, partner, share);
	CHECKF(fabs(share[0] - 0.81125593664297257) < 1e-12, "%.17g", share[0]);
	CHECKF(partner[0] == 3, "%d", (int)partner[0]);
}

static void mixup_plan(void)
{
	enum { COUNT = 4000 };
	static uint64_t partner[COUNT], again[COUNT];
	static double share[COUNT], same[COUNT];
	const double alphas[] = {0.001, 0.2, 1, 5, 1000};

	for (size_t k = 0; k < sizeof(alphas) / sizeof(*alphas); k++) {
		double sum = 0, square = 0, var;
		static int seen[COUNT];

		memset(seen, 0, sizeof(seen));
		lep_mixup_plan(alphas[k], 5, k, 3, COUNT, partner, share);
		lep_mixup_plan(alphas[k], 5, k, 3, COUNT, again, same);
		CHECK(memcmp(partner, again, sizeof(partner)) == 0 && memcmp(share, same, sizeof(share)) == 0);
		for (int i = 0; i < COUNT; i++) {
			CHECK(partner[i] < COUNT && !seen[partner[i]]++);
			CHECK(share[i] >= 0 && share[i] <= 1);
			sum += share[i];
			square += (share[i] - 0.5) * (share[i] - 0.5);
		}
		/* mean 1/2, variance 1 / (4 (2 alpha + 1)) */
		var = 1 / (4 * (2 * alphas[k] + 1));
		CHECKF(fabs(sum / COUNT - 0.5) < 4 * sqrt(var / COUNT), "alpha %g: mean %g", alphas[k],
			sum / COUNT);
		CHECKF(fabs(square / COUNT / var - 1) < 0.1, "alpha %g: variance %g, not %g", alphas[k],
			square / COUNT, var);
	}
	lep_mixup_plan(0.2, 5, 0, 4, COUNT, again, same);
	CHECK(memcmp(share, same, sizeof(share)) != 0 && memcmp(partner, again, sizeof(partner)) != 0);
	lep_mixup_plan(0.2, 5, 0, 4, 0, again, same);
}

/* Beta(1, 1) is uniform: a tenth of the draws in each tenth. */
static void mixup_uniform(void)
{
	enum { COUNT = 5000 };
	static uint64_t partner[COUNT];
	static double share[COUNT];
	int bin[10] = {0};

	lep_mixup_plan(1, 1, 0, 0, COUNT, partner, share);
	for (int i = 0; i < COUNT; i++)
		bin[share[i] < 1 ? (int)(share[i] * 10) : 9]++;
	for (int i = 0; i < 10; i++)
		CHECKF(bin[i] > 410 && bin[i] < 590, "%d", bin[i]);
}

static void mixup_blend(void)
{
	lep_real x[3] = {1, 2, 3}, y[3] = {5, -2, 3};

	lep_mixup_blend(x, y, 3, 1);
	CHECK(x[0] == 1 && x[1] == 2 && x[2] == 3);
	lep_mixup_blend(x, y, 3, 0.25);
	CHECK(x[0] == 4 && x[1] == -1 && x[2] == 3);
	lep_mixup_blend(x, y, 3, 0);
	CHECK(memcmp(x, y, sizeof(x)) == 0);
}

static void lines(void)
{
	struct lep_augment a = {0};

	CHECK(lep_augment_mixup(&a) == 0 && !lep_augment_acts(&a));
	CHECK(lep_augment_parse(&a, " augment  mixup\t0.2 ", 4, NULL) == 0);
	CHECK(a.n == 1 && lep_augment_mixup(&a) == 0.2 && !lep_augment_acts(&a));
	CHECK(lep_augment_parse(&a, "flip horizontal", 5, NULL) == 0);
	CHECK(a.n == 2 && lep_augment_acts(&a) && a.step[1].line == 5);
	CHECK(strcmp(lep_augment_name(&a, 1), "flip") == 0);
	CHECK(strcmp(lep_augment_synopsis(&a, 1), "flip [horizontal | vertical]") == 0);
}

static const struct bad_case {
	const char *text, *error;
} bad[] = {
	{"augment", "line 7: augment: how is missing"},
	{"", "line 7: augment: how is missing"},
	{"foo 1", "line 7: augment: 'foo' is unknown; there are flip, shift, rotate, scale, brightness, "
		"contrast, erase, mixup"},
	{"flip sideways", "line 7: augment: flip: 'sideways' is neither horizontal nor vertical"},
	{"flip vertical 2", "line 7: augment: flip: too many words; it is 'flip [horizontal | vertical]'"},
	{"shift", "line 7: augment: shift: too few words; it is 'shift N'"},
	{"shift 2.5", "line 7: augment: shift: '2.5': N is a whole number from 1 to 4096"},
	{"shift -1", "line 7: augment: shift: '-1': N is a whole number from 1 to 4096"},
	{"rotate x", "line 7: augment: rotate: 'x': DEGREES is a number from 0 to 180"},
	{"rotate nan", "line 7: augment: rotate: 'nan': DEGREES is a number from 0 to 180"},
	{"scale 0.9", "line 7: augment: scale: too few words; it is 'scale LOW HIGH'"},
	{"scale 1.1 0.9", "line 7: augment: scale: LOW 1.1 is above HIGH 0.9"},
	{"erase 2 3", "line 7: augment: erase: '2': P is a number from 0 to 1"},
	{"erase 0.5 1 2 3 4 5 6 7 8 9", "line 7: augment: erase: too many words; it is 'erase P SIZE'"},
	{"mixup 0", "line 7: augment: mixup: '0': ALPHA is a number from 0.001 to 1000"},
	{"mixup 0.3", "line 7: augment: a second mixup"},
};

static void bad_line(const struct bad_case *c)
{
	struct lep_augment a = {0};
	struct lep_error e;

	CHECK(lep_augment_parse(&a, "mixup 0.2", 1, NULL) == 0);
	CHECK(lep_augment_parse(&a, c->text, 7, &e) == LEP_ERR_USAGE);
	CHECKF(strcmp(e.text, c->error) == 0, "%s", e.text);
	CHECK(a.n == 1);
}

static void too_many(void)
{
	struct lep_augment a = {0};
	struct lep_error e;

	for (int i = 0; i < LEP_AUGMENT_MAX; i++)
		CHECK(lep_augment_parse(&a, "flip", i, NULL) == 0);
	CHECK(lep_augment_parse(&a, "flip", 99, &e) == LEP_ERR_USAGE);
	CHECKF(strcmp(e.text, "line 99: augment: more than 16 lines") == 0, "%s", e.text);
}

static const struct check_case {
	const char *text;
	struct lep_shape shape;
	int ids;
	const char *error;
} checks[] = {
	{"shift 4", {3, {28, 28, 1}}, 0, NULL},
	{"erase 1 28", {3, {28, 28, 1}}, 0, NULL},
	{"erase 1 29", {3, {28, 28, 1}}, 0, "line 3: augment: erase: 29 pixels, and the picture has 28 x 28"},
	{"shift 9", {3, {28, 8, 1}}, 0, "line 3: augment: shift: 9 pixels, and the picture has 28 x 8"},
	{"shift 9", {3, {28, LEP_VARIES, 1}}, 0, NULL},
	{"flip", {1, {784}}, 0, "line 3: augment: flip: the input is no picture (height x width x channel)"},
	{"flip", {3, {4, 4, 4}}, 1, "line 3: augment: flip: the input is no picture (height x width x channel)"},
	{"mixup 1", {1, {784}}, 0, NULL},
	{"mixup 1", {1, {20}}, 1, "line 3: augment: mixup: ids cannot be mixed"},
};

static void check(const struct check_case *c)
{
	const struct lep_augment_input in = {&c->shape, c->ids};
	struct lep_augment a = {0};
	struct lep_error e = {0};
	int status;

	CHECK(lep_augment_parse(&a, c->text, 3, NULL) == 0);
	status = lep_augment_check(&a, &in, 1, &e);
	CHECKF(status == (c->error ? LEP_ERR_USAGE : 0) && strcmp(e.text, c->error ? c->error : "") == 0,
		"%s", e.text);
}

int main(void)
{
	RUN(identities);
	RUN(flips);
	RUN(shifts);
	RUN(quarter_turn);
	RUN(enlarged);
	RUN(combined);
	RUN(light);
	RUN(erased);
	RUN(keyed);
	RUN(known);
	RUN(mixup_plan);
	RUN(mixup_uniform);
	RUN(mixup_blend);
	RUN(lines);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_CASE(bad[i].error, bad_line(&bad[i]));
	RUN(too_many);
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		CHECK_CASE(checks[i].text, check(&checks[i]));
	return CHECK_END();
}
