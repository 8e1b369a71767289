/*
 * Recipes: their canonical text, the scale of u8 values, and the spellings
 * that options share with them.
 */
#include "data/recipe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const fits[] = {
	[LEP_FIT_STRETCH] = "stretch",
	[LEP_FIT_CROP] = "crop",
	[LEP_FIT_PAD] = "pad",
};

static const struct {
	const char *name;
	unsigned char rgb[3];
} colours[] = {
	{"black", {0, 0, 0}},
	{"white", {255, 255, 255}},
	{"gray", {128, 128, 128}},
};

const char *lep_recipe_fit_name(enum lep_fit fit)
{
	return fits[fit];
}

int lep_recipe_parse_fit(const char *text, size_t len)
{
	for (int i = 0; i < (int)(sizeof(fits) / sizeof(fits[0])); i++)
		if (strlen(fits[i]) == len && memcmp(fits[i], text, len) == 0)
			return i;
	return -1;
}

/* A decimal number from 0 to max at *s, which moves behind it; -1 if there is none. */
static int take_int(const char **s, int max)
{
	const char *p = *s;
	int v = 0;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (*p - '0');
		if (v > max)
			return -1;
	}
	*s = p;
	return v;
}

static int take_char(const char **s, char c)
{
	if (**s != c)
		return 0;
	++*s;
	return 1;
}

int lep_recipe_parse_size(int *width, int *height, const char *text, struct lep_error *e)
{
	const char *s = text;
	int w = take_int(&s, LEP_PICTURE_SIDE_MAX), h = w;

	if (*s && (!take_char(&s, 'x') || (h = take_int(&s, LEP_PICTURE_SIDE_MAX)) < 1 || *s))
		w = 0;
	if (w < 1)
		return lep_fail(e, LEP_ERR_USAGE, "'%s' is no size: WIDTHxHEIGHT, each from 1 to %d", text,
			LEP_PICTURE_SIDE_MAX);
	*width = w;
	*height = h;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int lep_recipe_parse_colour(unsigned char rgb[3], const char *text, struct lep_error *e)
{
	const char *s = text;
	int v;

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++) {
		if (strcmp(colours[i].name, text) == 0) {
			memcpy(rgb, colours[i].rgb, 3);
			return 0;
		}
	}
	if (*s == '#' && strlen(s) == 7) {
		for (int i = 0; i < 3; i++) {
			int high = hex_digit(s[1 + 2 * i]), low = hex_digit(s[2 + 2 * i]);

			if (high < 0 || low < 0)
				goto bad;
			rgb[i] = (unsigned char)(high << 4 | low);
		}
		return 0;
	}
	for (int i = 0; i < 3; i++) {
		if ((i && !take_char(&s, ',')) || (v = take_int(&s, 255)) < 0)
			goto bad;
		rgb[i] = (unsigned char)v;
	}
	if (!*s)
		return 0;
bad:
	return lep_fail(e, LEP_ERR_USAGE, "'%s' is no colour: R,G,B from 0 to 255, #rrggbb, black, white or gray",
		text);
}

/* One to three numbers, separated by commas, up to `stop`; how many, or -1. */
static int take_numbers(const char **s, char stop, double v[3])
{
	int n = 0;

	do {
		char *end;

		/* strtod takes more than a number: blanks, hexadecimal, "inf". */
		if (n == 3 || !strchr("+-.0123456789", **s) || !**s)
			return -1;
		v[n] = strtod(*s, &end);
		if (end == *s || !isfinite(v[n]) || memchr(*s, 'x', (size_t)(end - *s)) ||
				memchr(*s, 'X', (size_t)(end - *s)))
			return -1;
		*s = end;
		n++;
	} while (take_char(s, ','));
	return **s == stop ? n : -1;
}

/* What a reader of the text will see. */
static double nine_digits(double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.9g", v);
	return strtod(text, NULL);
}

void lep_recipe_set_scale(struct lep_recipe *r, const double *mean, const double *deviation)
{
	r->scale = LEP_RECIPE_SCALE_MEAN;
	for (int c = 0; c < r->channels; c++) {
		r->mean[c] = nine_digits(mean[c]);
		r->deviation[c] = nine_digits(deviation[c]);
	}
}

int lep_recipe_parse_scale(struct lep_recipe *r, const char *text, struct lep_error *e)
{
	const char *s = text;
	double mean[3] = {0}, deviation[3] = {0};
	int means, deviations, channels, unit = 1;

	if (strcmp(text, "none") == 0 || strcmp(text, "unit") == 0) {
		r->scale = text[0] == 'n' ? LEP_RECIPE_SCALE_NONE : LEP_RECIPE_SCALE_UNIT;
		return 0;
	}
	means = take_numbers(&s, ':', mean);
	if (means < 0)
		goto bad;
	s++;
	deviations = take_numbers(&s, '\0', deviation);
	if (deviations < 0)
		goto bad;
	channels = r->channels ? r->channels : 3;
	if (!r->channels && (means != 1 || deviations != 1))
		return lep_fail(e, LEP_ERR_USAGE, "scale '%s' is for channels whose number is not given", text);
	if ((means != 1 && means != channels) || (deviations != 1 && deviations != channels))
		return lep_fail(e, LEP_ERR_USAGE, "scale '%s' does not give one number, or one for each of %d channel%s",
			text, channels, channels == 1 ? "" : "s");
	for (int c = 0; c < channels; c++) {
		r->mean[c] = nine_digits(mean[means == 1 ? 0 : c]);
		r->deviation[c] = nine_digits(deviation[deviations == 1 ? 0 : c]);
		if (!(r->deviation[c] > 0))
			return lep_fail(e, LEP_ERR_USAGE, "scale '%s': a deviation must be above 0", text);
		unit &= r->mean[c] >= 0 && r->mean[c] <= 0 && r->deviation[c] >= 1 && r->deviation[c] <= 1;
	}
	r->scale = unit ? LEP_RECIPE_SCALE_UNIT : LEP_RECIPE_SCALE_MEAN;
	return 0;
bad:
	return lep_fail(e, LEP_ERR_USAGE, "'%s' is no scale: unit, none, measure, or MEAN,...:DEVIATION,...", text);
}

static void add_numbers(struct lep_buf *out, const double *v, int n)
{
	for (int c = 0; c < n; c++)
		lep_buf_addf(out, "%s%.9g", c ? "," : "", v[c]);
}

static void format_picture(const struct lep_recipe *r, struct lep_buf *out)
{
	lep_buf_addf(out, "picture %s %dx%d %s background %d,%d,%d rules %d scale ", r->channels == 1 ? "gray" : "rgb",
		r->width, r->height, fits[r->fit], r->background[0], r->background[1], r->background[2], r->rules);
	switch (r->scale) {
	case LEP_RECIPE_SCALE_NONE:
		lep_buf_adds(out, "none");
		break;
	case LEP_RECIPE_SCALE_UNIT:
		lep_buf_adds(out, "unit");
		break;
	case LEP_RECIPE_SCALE_MEAN:
		add_numbers(out, r->mean, r->channels);
		lep_buf_addc(out, ':');
		add_numbers(out, r->deviation, r->channels);
		break;
	}
}

static const char *const tokens[LEP_TOKENS_COUNT] = {
	[LEP_TOKENS_BYTES] = "bytes",
	[LEP_TOKENS_CHARS] = "chars",
	[LEP_TOKENS_WORDS] = "words",
	[LEP_TOKENS_BPE] = "bpe",
};

const char *lep_tokens_name(enum lep_tokens t)
{
	return tokens[t];
}

int lep_tokens_parse(const char *text)
{
	for (int i = 0; i < LEP_TOKENS_COUNT; i++)
		if (strcmp(tokens[i], text) == 0)
			return i;
	return -1;
}

static void format_text(const struct lep_recipe *r, struct lep_buf *out)
{
	const struct lep_text_recipe *t = &r->text;

	lep_buf_addf(out, "text %s%s rules %d invalid %s", tokens[t->tokens], t->lower ? " lower" : "", t->rules,
		t->replace ? "replace" : "fail");
	if (t->truncate)
		lep_buf_addf(out, " truncate %lld", (long long)t->truncate);
	if (t->end)
		lep_buf_adds(out, " end");
}

#define WORD_MAX 128

/* The next word of *s, which moves behind it and the blank that follows. */
static int take_word(const char **s, char word[WORD_MAX])
{
	size_t n = strcspn(*s, " ");

	if (n == 0 || n >= WORD_MAX)
		return 0;
	memcpy(word, *s, n);
	word[n] = '\0';
	*s += n;
	if (**s)
		++*s;
	return 1;
}

/* The value behind the word `name`. */
static int take_value(const char **s, const char *name, char word[WORD_MAX])
{
	return take_word(s, word) && strcmp(word, name) == 0 && take_word(s, word);
}

static int parse_picture(struct lep_recipe *r, const char *s)
{
	char word[WORD_MAX];
	const char *p = word;
	int fit;

	if (!take_word(&s, word))
		return 0;
	if (strcmp(word, "gray") != 0 && strcmp(word, "rgb") != 0)
		return 0;
	r->channels = word[0] == 'g' ? 1 : 3;
	if (!take_word(&s, word) || lep_recipe_parse_size(&r->width, &r->height, word, NULL))
		return 0;
	if (!take_word(&s, word) || (fit = lep_recipe_parse_fit(word, strlen(word))) < 0)
		return 0;
	r->fit = (enum lep_fit)fit;
	if (!take_value(&s, "background", word) || lep_recipe_parse_colour(r->background, word, NULL))
		return 0;
	if (!take_value(&s, "rules", word) || (r->rules = take_int(&p, 1000000)) < 1 || *p)
		return 0;
	return take_value(&s, "scale", word) && !lep_recipe_parse_scale(r, word, NULL) && !*s;
}

/* What was not said is seen when the recipe is formatted again. */
static int parse_text(struct lep_recipe *r, const char *s)
{
	struct lep_text_recipe *t = &r->text;
	char word[WORD_MAX];
	const char *p = word;
	int kind;

	if (!take_word(&s, word) || (kind = lep_tokens_parse(word)) < 0)
		return 0;
	t->tokens = (enum lep_tokens)kind;
	t->lower = strncmp(s, "lower ", 6) == 0;
	s += t->lower ? 6 : 0;
	if (!take_value(&s, "rules", word) || (t->rules = take_int(&p, 1000000)) < 1 || *p)
		return 0;
	if (!take_value(&s, "invalid", word))
		return 0;
	t->replace = strcmp(word, "replace") == 0;
	if (strncmp(s, "truncate ", 9) == 0) {
		for (s += 9; *s >= '0' && *s <= '9' && t->truncate < LEP_TRUNCATE_MAX; s++)
			t->truncate = t->truncate * 10 + (*s - '0');
		if (t->truncate < 1 || t->truncate > LEP_TRUNCATE_MAX)
			return 0;
		s += *s == ' ';
	}
	t->end = strcmp(s, "end") == 0;
	return t->end || !*s;
}

static const struct {
	enum lep_recipe_kind kind;
	const char *word;
	int (*parse)(struct lep_recipe *r, const char *s); /* what stands behind the word */
	void (*format)(const struct lep_recipe *r, struct lep_buf *out);
} kinds[] = {
	{LEP_RECIPE_PICTURE, "picture", parse_picture, format_picture},
	{LEP_RECIPE_TEXT, "text", parse_text, format_text},
};
#define NKIND (sizeof(kinds) / sizeof(kinds[0]))

int lep_recipe_format(const struct lep_recipe *r, struct lep_buf *out)
{
	for (size_t k = 0; k < NKIND; k++) {
		if (kinds[k].kind != r->kind)
			continue;
		kinds[k].format(r, out);
		return out->failed ? LEP_ERR_NOMEM : 0;
	}
	return LEP_ERR_USAGE;
}

int lep_recipe_parse(struct lep_recipe *r, const char *text, struct lep_error *e)
{
	struct lep_buf again = {0};
	size_t k, len;
	int status;

	*r = (struct lep_recipe){0};
	if (!text || !*text)
		return 0;
	len = strcspn(text, " ");
	for (k = 0; k < NKIND; k++)
		if (strlen(kinds[k].word) == len && memcmp(kinds[k].word, text, len) == 0)
			break;
	if (k == NKIND) {
		r->kind = LEP_RECIPE_OTHER;
		return 0;
	}
	r->kind = kinds[k].kind;
	if (!text[len] || !kinds[k].parse(r, text + len + 1))
		goto bad;
	/* Equality of recipes is equality of strings: there is one spelling. */
	status = lep_recipe_format(r, &again);
	if (!status && strcmp(again.data, text) != 0)
		status = LEP_ERR_DATA;
	lep_buf_release(&again);
	if (status == LEP_ERR_DATA)
		goto bad;
	return status ? lep_fail_nomem(e, 0) : 0;
bad:
	*r = (struct lep_recipe){0};
	return lep_fail(e, LEP_ERR_DATA, "bad recipe '%s'", text);
}

int lep_recipe_lut(const struct lep_recipe *r, int channel, float lut[256])
{
	int scaled = r->kind == LEP_RECIPE_PICTURE && r->scale != LEP_RECIPE_SCALE_NONE;
	double mean = 0, deviation = 1;

	if (scaled && r->scale == LEP_RECIPE_SCALE_MEAN) {
		mean = r->mean[channel];
		deviation = r->deviation[channel];
	}
	for (int v = 0; v < 256; v++)
		lut[v] = (float)(scaled ? (v / 255.0 - mean) / deviation : v);
	return scaled;
}
