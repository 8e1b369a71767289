/* Augmentation: one row of the table for each kind of line. */
#include "nn/augment.h"

#include <math.h>
#include <string.h>

#include "base/math.h"
#include "base/mem.h"
#include "base/random.h"
#include "nn/words.h"

#define PI 3.14159265358979323846

/* The picture under way, and the turn that has been asked for but not made. */
struct canvas {
	lep_real *p, *scratch;
	size_t h, w, c;
	double degrees, factor;
};

/* ---- draws: each line has four words a record ---- */

static double uniform(uint32_t word)
{
	return (word >> 8) * 0x1p-24;
}

static double between(uint32_t word, double low, double high)
{
	return low + (high - low) * uniform(word);
}

/* 0 to n - 1 */
static size_t below(uint32_t word, size_t n)
{
	return (size_t)((uint64_t)word * n >> 32);
}

/* ---- what lines do ---- */

typedef void act_fn(const struct lep_augment_step *s, struct canvas *v, const uint32_t draw[4]);

static void swap_pixels(lep_real *a, lep_real *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		lep_real t = a[i];

		a[i] = b[i];
		b[i] = t;
	}
}

static void flip(const struct lep_augment_step *s, struct canvas *v, const uint32_t draw[4])
{
	const size_t row = v->w * v->c;

	if (draw[0] >> 31)
		return;
	if (s->vertical) {
		for (size_t i = 0; i < v->h / 2; i++)
			swap_pixels(v->p + i * row, v->p + (v->h - 1 - i) * row, row);
		return;
	}
	for (size_t i = 0; i < v->h; i++)
		for (size_t j = 0; j < v->w / 2; j++)
			swap_pixels(v->p + i * row + j * v->c, v->p + i * row + (v->w - 1 - j) * v->c,
				v->c);
}

/* The number of cells that stay in sight when n of them move by d. */
static size_t kept(size_t n, size_t d)
{
	return d < n ? n - d : 0;
}

/* One row of the picture moves by right pixels, to the left if that is negative. */
static void shift_row(lep_real *to, const lep_real *from, const struct canvas *v, ptrdiff_t right)
{
	const size_t d = (size_t)(right < 0 ? -right : right);
	const size_t stay = kept(v->w, d) * v->c, gone = v->w * v->c - stay;

	if (right < 0) {
		memmove(to, from + gone, stay * sizeof(*to));
		memset(to + stay, 0, gone * sizeof(*to));
	} else {
		memmove(to + gone, from, stay * sizeof(*to));
		memset(to, 0, gone * sizeof(*to));
	}
}

static void shift(const struct lep_augment_step *s, struct canvas *v, const uint32_t draw[4])
{
	const size_t most = (size_t)s->number[0], row = v->w * v->c;
	const ptrdiff_t down = (ptrdiff_t)below(draw[0], 2 * most + 1) - (ptrdiff_t)most;
	const ptrdiff_t right = (ptrdiff_t)below(draw[1], 2 * most + 1) - (ptrdiff_t)most;
	const size_t d = (size_t)(down < 0 ? -down : down), stay = kept(v->h, d), gone = v->h - stay;

	/* rows in the order in which none is overwritten before it has moved */
	for (size_t i = 0; i < stay; i++) {
		if (down < 0)
			shift_row(v->p + i * row, v->p + (i + gone) * row, v, right);
		else
			shift_row(v->p + (v->h - 1 - i) * row, v->p + (stay - 1 - i) * row, v, right);
	}
	memset(v->p + (down < 0 ? stay * row : 0), 0, gone * row * sizeof(*v->p));
}

static void rotate(const struct lep_augment_step *s, struct canvas *v, const uint32_t draw[4])
{
	v->degrees += between(draw[0], -s->number[0], s->number[0]);
}

static void scale(const struct lep_augment_step *s, struct canvas *v, const uint32_t draw[4])
{
	v->factor *= between(draw[0], s->number[0], s->number[1]);
}

static void brightness(const struct lep_augment_step *s, struct canvas *v, const uint32_t draw[4])
{
	const lep_real by = (lep_real)between(draw[0], -s->number[0], s->number[0]);

	for (size_t i = 0; i < v->h * v->w * v->c; i++)
		v->p[i] += by;
}

static void contrast(const struct lep_augment_step *s, struct canvas *v, const uint32_t draw[4])
{
	const lep_real by = (lep_real)between(draw[0], 1 - s->number[0], 1 + s->number[0]);
	const size_t pixels = v->h * v->w;

	for (size_t ch = 0; ch < v->c; ch++) {
		double sum = 0;
		lep_real mean;

		for (size_t i = 0; i < pixels; i++)
			sum += (double)v->p[i * v->c + ch];
		mean = (lep_real)(sum / (double)pixels);
		for (size_t i = 0; i < pixels; i++)
			v->p[i * v->c + ch] = mean + by * (v->p[i * v->c + ch] - mean);
	}
}

static void erase(const struct lep_augment_step *s, struct canvas *v, const uint32_t draw[4])
{
	const size_t side = (size_t)s->number[1];
	const size_t h = side < v->h ? side : v->h, w = side < v->w ? side : v->w;
	const size_t y = below(draw[1], v->h - h + 1), x = below(draw[2], v->w - w + 1);

	if (uniform(draw[0]) >= s->number[0])
		return;
	for (size_t i = y; i < y + h; i++)
		memset(v->p + (i * v->w + x) * v->c, 0, w * v->c * sizeof(*v->p));
}

/* ---- the lines ---- */

static const struct augment_row {
	const char *name;
	const char *synopsis;
	act_fn *act;           /* NULL: mixup, which acts on batches */
	int flips;             /* takes a direction */
	int turns;             /* only adds to the turn that is to be made */
	int numbers;
	struct {
		const char *what;
		int whole;
		double low, high;
	} number[LEP_AUGMENT_NUMBERS];
} table[] = {
	{"flip", "flip [horizontal | vertical]", flip, .flips = 1},
	{"shift", "shift N", shift, .numbers = 1, .number = {{"N", 1, 1, 4096}}},
	{"rotate", "rotate DEGREES", rotate, .turns = 1, .numbers = 1,
		.number = {{"DEGREES", 0, 0, 180}}},
	{"scale", "scale LOW HIGH", scale, .turns = 1, .numbers = 2,
		.number = {{"LOW", 0, 0.1, 10}, {"HIGH", 0, 0.1, 10}}},
	{"brightness", "brightness S", brightness, .numbers = 1, .number = {{"S", 0, 0, 1000}}},
	{"contrast", "contrast S", contrast, .numbers = 1, .number = {{"S", 0, 0, 1}}},
	{"erase", "erase P SIZE", erase, .numbers = 2,
		.number = {{"P", 0, 0, 1}, {"SIZE", 1, 1, 4096}}},
	{"mixup", "mixup ALPHA", NULL, .numbers = 1, .number = {{"ALPHA", 0, 0.001, 1000}}},
};
#define ROWS (sizeof(table) / sizeof(*table))

/* ---- reading lines ---- */

struct word {
	const char *s;
	size_t len;
};

/* The words of a line, at most max; how many there are. */
static size_t split(const char *text, struct word *word, size_t max)
{
	size_t n = 0;

	for (;;) {
		size_t len;

		text += strspn(text, " \t\r\n");
		len = strcspn(text, " \t\r\n");
		if (len == 0)
			return n;
		if (n < max)
			word[n] = (struct word){text, len};
		n++;
		text += len;
	}
}

static int fail_unknown(const struct word *w, int line, struct lep_error *e)
{
	struct lep_buf known = {0};
	int status;

	for (size_t i = 0; i < ROWS; i++)
		lep_buf_addf(&known, "%s%s", i ? ", " : "", table[i].name);
	status = lep_fail(e, LEP_ERR_USAGE, "line %d: augment: '%.*s' is unknown; there are %s", line,
		(int)w->len, w->s, known.data ? known.data : "");
	lep_buf_release(&known);
	return status;
}

static int parse_numbers(struct lep_augment_step *s, const struct augment_row *row,
	const struct word *word, struct lep_error *e)
{
	for (int i = 0; i < row->numbers; i++) {
		double v;

		if (!lep_words_number(word[i].s, word[i].len, &v) || !(v >= row->number[i].low) ||
			!(v <= row->number[i].high) || (row->number[i].whole && v != floor(v)))
			return lep_fail(e, LEP_ERR_USAGE,
				"line %d: augment: %s: '%.*s': %s is a%s number from %g to %g", s->line,
				row->name, (int)word[i].len, word[i].s, row->number[i].what,
				row->number[i].whole ? " whole" : "", row->number[i].low,
				row->number[i].high);
		s->number[i] = v;
	}
	if (row->act == scale && s->number[0] > s->number[1])
		return lep_fail(e, LEP_ERR_USAGE, "line %d: augment: scale: LOW %g is above HIGH %g",
			s->line, s->number[0], s->number[1]);
	return 0;
}

static int parse_flip(struct lep_augment_step *s, const struct word *w, struct lep_error *e)
{
	s->vertical = lep_words_is(w->s, w->len, "vertical");
	if (!s->vertical && !lep_words_is(w->s, w->len, "horizontal"))
		return lep_fail(e, LEP_ERR_USAGE,
			"line %d: augment: flip: '%.*s' is neither horizontal nor vertical", s->line,
			(int)w->len, w->s);
	return 0;
}

int lep_augment_parse(struct lep_augment *a, const char *text, int line, struct lep_error *e)
{
	struct lep_augment_step s = {.line = line};
	const struct augment_row *row = NULL;
	struct word all[8], *word = all;
	size_t n = split(text, all, sizeof(all) / sizeof(*all)), most, least;
	int status;

	if (n && lep_words_is(word->s, word->len, "augment")) {
		word++;
		n--;
	}
	if (n == 0)
		return lep_fail(e, LEP_ERR_USAGE, "line %d: augment: how is missing", line);
	for (size_t i = 0; i < ROWS && !row; i++)
		if (lep_words_is(word->s, word->len, table[i].name))
			row = &table[i];
	if (!row)
		return fail_unknown(word, line, e);
	most = (size_t)row->numbers + (row->flips ? 1 : 0);
	least = (size_t)row->numbers;
	if (n - 1 < least || n - 1 > most)
		return lep_fail(e, LEP_ERR_USAGE, "line %d: augment: %s: too %s words; it is '%s'",
			line, row->name, n - 1 < least ? "few" : "many", row->synopsis);
	s.kind = (int)(row - table);
	status = row->flips && n > 1 ? parse_flip(&s, word + 1, e) :
		parse_numbers(&s, row, word + 1, e);
	if (status < 0)
		return status;
	if (a->n == LEP_AUGMENT_MAX)
		return lep_fail(e, LEP_ERR_USAGE, "line %d: augment: more than %d lines", line,
			LEP_AUGMENT_MAX);
	if (!row->act && lep_augment_mixup(a) > 0)
		return lep_fail(e, LEP_ERR_USAGE, "line %d: augment: a second %s", line, row->name);
	a->step[a->n++] = s;
	return 0;
}

const char *lep_augment_name(const struct lep_augment *a, size_t i)
{
	return table[a->step[i].kind].name;
}

const char *lep_augment_synopsis(const struct lep_augment *a, size_t i)
{
	return table[a->step[i].kind].synopsis;
}

/* ---- against the network ---- */

static int check_picture(const struct lep_augment_step *s, const struct lep_shape *shape,
	struct lep_error *e)
{
	const struct augment_row *row = &table[s->kind];
	const int64_t h = shape->extent[0], w = shape->extent[1];

	for (int i = 0; i < row->numbers; i++) {
		const double limit = (double)(h < w ? h : w);

		if (row->number[i].whole && limit >= 0 && s->number[i] > limit)
			return lep_fail(e, LEP_ERR_USAGE,
				"line %d: augment: %s: %g pixels, and the picture has %lld x %lld",
				s->line, row->name, s->number[i], (long long)h, (long long)w);
	}
	return 0;
}

static int is_sequence(const struct lep_shape *s)
{
	return s->rank > 0 && s->extent[0] == LEP_VARIES;
}

int lep_augment_check(const struct lep_augment *a, const struct lep_augment_input *input, size_t n,
	struct lep_error *e)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct lep_augment_step *s = &a->step[i];
		size_t pictures = 0;

		for (size_t k = 0; k < n; k++) {
			if (!table[s->kind].act && input[k].ids)
				return lep_fail(e, LEP_ERR_USAGE,
					"line %d: augment: mixup: ids cannot be mixed", s->line);
			if (!table[s->kind].act && is_sequence(input[k].shape))
				return lep_fail(e, LEP_ERR_USAGE,
					"line %d: augment: mixup: sequences cannot be mixed", s->line);
			if (input[k].ids || input[k].shape->rank != 3 || is_sequence(input[k].shape))
				continue;
			if (check_picture(s, input[k].shape, e) < 0)
				return LEP_ERR_USAGE;
			pictures++;
		}
		if (!pictures && table[s->kind].act)
			return lep_fail(e, LEP_ERR_USAGE,
				"line %d: augment: %s: the input is no picture (height x width x channel)",
				s->line, table[s->kind].name);
	}
	return 0;
}

int lep_augment_acts(const struct lep_augment *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (table[a->step[i].kind].act)
			return 1;
	return 0;
}

/* ---- turning ---- */

void lep_augment_turn(lep_real *dst, const lep_real *src, size_t h, size_t w, size_t c,
	double degrees, double factor)
{
	const double angle = degrees * (PI / 180);
	const double sine = lep_sin(angle) / factor, cosine = lep_cos(angle) / factor;
	const double cy = ((double)h - 1) / 2, cx = ((double)w - 1) / 2;

	for (size_t i = 0; i < h; i++) {
		for (size_t j = 0; j < w; j++, dst += c) {
			/* where this pixel comes from; rows run downwards */
			const double dy = (double)i - cy, dx = (double)j - cx;
			const double y = cy + (dx * sine + dy * cosine);
			const double x = cx + (dx * cosine - dy * sine);
			const double y0 = floor(y), x0 = floor(x);
			const lep_real fy = (lep_real)(y - y0), fx = (lep_real)(x - x0);
			const lep_real part[4] = {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx};

			memset(dst, 0, c * sizeof(*dst));
			for (int k = 0; k < 4; k++) {
				const double sy = y0 + k / 2, sx = x0 + k % 2;
				const lep_real *from;

				if (!(sy >= 0 && sy < (double)h && sx >= 0 && sx < (double)w))
					continue;
				from = src + ((size_t)sy * w + (size_t)sx) * c;
				for (size_t ch = 0; ch < c; ch++)
					dst[ch] += part[k] * from[ch];
			}
		}
	}
}

static void make_turn(struct canvas *v)
{
	const size_t bytes = v->h * v->w * v->c * sizeof(*v->p);
	const int turned = v->degrees != 0 || v->factor != 1;

	if (turned) {
		memcpy(v->scratch, v->p, bytes);
		lep_augment_turn(v->p, v->scratch, v->h, v->w, v->c, v->degrees, v->factor);
	}
	v->degrees = 0;
	v->factor = 1;
}

void lep_augment_apply(const struct lep_augment *a, lep_real *picture, lep_real *scratch, size_t h,
	size_t w, size_t c, uint64_t seed, uint64_t epoch, uint64_t record)
{
	struct canvas v = {picture, scratch, h, w, c, 0, 1};

	if (h == 0 || w == 0 || c == 0)
		return;
	for (size_t i = 0; i < a->n; i++) {
		const struct augment_row *row = &table[a->step[i].kind];
		uint32_t draw[4];

		if (!row->act)
			continue;
		if (!row->turns)
			make_turn(&v);
		lep_random_block(draw, seed, LEP_RANDOM_AUGMENT, epoch * LEP_AUGMENT_MAX + i, record);
		row->act(&a->step[i], &v, draw);
	}
	make_turn(&v);
}

/* ---- mixup ---- */

double lep_augment_mixup(const struct lep_augment *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (!table[a->step[i].kind].act)
			return a->step[i].number[0];
	return 0;
}

/* Beta(alpha, alpha), see the header. r may underflow to 0: the root is 1 then. */
static double beta(double alpha, const uint32_t draw[4])
{
	const double u = ((double)draw[0] + 1) * 0x1p-32, v = (double)draw[1] * 0x1p-32;
	const double r = lep_exp(lep_log(u) / alpha), c = lep_cos(2 * PI * v);
	const double top = c * c * (1 - r), root = top > 0 ? sqrt(top / (r + top)) : 0;

	return (1 + (c < 0 ? -root : root)) / 2;
}

void lep_mixup_plan(double alpha, uint64_t seed, uint64_t epoch, uint64_t batch, size_t count,
	uint64_t *partner, double *share)
{
	const uint64_t a = epoch << 32 | (batch & 0xffffffff);

	lep_random_shuffle(partner, count, seed, LEP_RANDOM_MIXUP, a);
	for (size_t i = 0; i < count; i++) {
		uint32_t draw[4];

		/* the shuffle draws at 2 to count */
		lep_random_block(draw, seed, LEP_RANDOM_MIXUP, a, ((uint64_t)1 << 32) + i);
		share[i] = beta(alpha, draw);
	}
}

void lep_mixup_blend(lep_real *x, const lep_real *other, size_t n, double share)
{
	const lep_real a = (lep_real)share, b = (lep_real)(1 - share);

	for (size_t i = 0; i < n; i++)
		x[i] = a * x[i] + b * other[i];
}
