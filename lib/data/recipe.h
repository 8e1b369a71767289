/*
 * A recipe says what happens to a value on its way into a stream's field, not
 * where it came from: one line of words in HEAD, in one canonical spelling, so
 * that equal strings are equal preparations. Of pictures:
 *
 *	picture gray 28x28 stretch background 0,0,0 rules 1 scale unit
 *
 * channels (gray, rgb), width x height, how a picture of another size is
 * brought to it (stretch, crop, pad), the colour R,G,B behind transparent
 * pixels and padding, the number of the rules by which pictures are decoded,
 * turned gray and resized (lep-preprocess(1)), and the scale:
 *
 *	scale none              value
 *	scale unit              value / 255
 *	scale 0.5,0.4,0.4:0.2,0.2,0.3    (value / 255 - mean) / deviation, per channel
 *
 * The scale is still to be applied to a field of u8 (the network's input does
 * it, with lep_recipe_lut) and has been applied to one of f32; both hold the
 * same recipe, for they end in the same numbers.
 *
 * Of text, whose vocabulary is the field's table:
 *
 *	text words lower rules 1 invalid fail truncate 40 end
 *
 * the tokeniser; `lower` where capitals become small letters; the number of the
 * rules by which text is cut (lep-preprocess(1)); what becomes of bytes that are
 * no UTF-8 (fail, replace); `truncate` N where there are at most N ids; `end`
 * where the id of <end> is put behind them.
 */
#ifndef LEP_DATA_RECIPE_H
#define LEP_DATA_RECIPE_H

#include "base/mem.h"
#include "base/status.h"
#include "data/image.h"

#define LEP_PICTURE_RULES 1      /* the rules this library decodes by */
#define LEP_PICTURE_SIDE_MAX 65535

enum lep_recipe_kind {
	LEP_RECIPE_NONE,     /* no recipe: NULL or "" */
	LEP_RECIPE_PICTURE,
	LEP_RECIPE_TEXT,
	LEP_RECIPE_OTHER     /* a kind unknown to this library: nothing to scale */
};

enum lep_recipe_scale { LEP_RECIPE_SCALE_NONE, LEP_RECIPE_SCALE_UNIT, LEP_RECIPE_SCALE_MEAN };

#define LEP_TEXT_RULES 1         /* the rules this library cuts text by */
#define LEP_TRUNCATE_MAX ((int64_t)1 << 40)

enum lep_tokens { LEP_TOKENS_BYTES, LEP_TOKENS_CHARS, LEP_TOKENS_WORDS, LEP_TOKENS_BPE };
#define LEP_TOKENS_COUNT 4

struct lep_text_recipe {
	enum lep_tokens tokens;
	int lower;                     /* capitals become small letters */
	int rules;                     /* >= 1 */
	int replace;                   /* invalid bytes become U+FFFD; else the sample is bad */
	int64_t truncate;              /* at most so many ids, that of <end> included; 0: all */
	int end;                       /* the id of <end> comes last */
};

struct lep_recipe {
	enum lep_recipe_kind kind;
	struct lep_text_recipe text;   /* of LEP_RECIPE_TEXT */
	/* The rest belongs to LEP_RECIPE_PICTURE. */
	int channels;                  /* 1 or 3 */
	int width, height;             /* 1..LEP_PICTURE_SIDE_MAX */
	enum lep_fit fit;
	unsigned char background[3];   /* R, G, B */
	int rules;                     /* >= 1 */
	enum lep_recipe_scale scale;
	double mean[3], deviation[3];  /* the first `channels`; deviation > 0 */
};

/* text may be NULL (LEP_RECIPE_NONE). A recipe of pictures or text that is not
 * spelled as above, or not canonically, is LEP_ERR_DATA. */
int lep_recipe_parse(struct lep_recipe *r, const char *text, struct lep_error *e) LEP_MUST_USE;

/* Appends the canonical text; 0, LEP_ERR_NOMEM, or LEP_ERR_USAGE for a kind
 * that has none. */
int lep_recipe_format(const struct lep_recipe *r, struct lep_buf *out) LEP_MUST_USE;

/*
 * What each u8 value of a channel (0..channels-1) becomes: computed in double,
 * rounded to float once. Returns 1, or 0 where the recipe has no scale to
 * apply (no picture, `scale none`): the table then holds the values themselves.
 */
int lep_recipe_lut(const struct lep_recipe *r, int channel, float lut[256]);

/* "MEAN[,MEAN,MEAN]:STD[,STD,STD]", "unit" or "none" into scale, mean and
 * deviation of r. One number stands for all channels, and must where r's
 * channels are not known (0). LEP_ERR_USAGE names what is wrong. */
int lep_recipe_parse_scale(struct lep_recipe *r, const char *text, struct lep_error *e) LEP_MUST_USE;

/* A measured scale, one mean and deviation (> 0) a channel. As everywhere, they
 * are rounded to the nine digits that the text has. */
void lep_recipe_set_scale(struct lep_recipe *r, const double *mean, const double *deviation);

/* "R,G,B", "#rrggbb", or black, white, gray; LEP_ERR_USAGE. */
int lep_recipe_parse_colour(unsigned char rgb[3], const char *text, struct lep_error *e) LEP_MUST_USE;
/* "WxH", or "N" for a square; LEP_ERR_USAGE. */
int lep_recipe_parse_size(int *width, int *height, const char *text, struct lep_error *e) LEP_MUST_USE;
/* "stretch", "crop", "pad" and back; -1 if it is none of them. */
int lep_recipe_parse_fit(const char *text, size_t len);
const char *lep_recipe_fit_name(enum lep_fit fit);

/* "bytes", "chars", ... and back; -1 if it is none of them. */
const char *lep_tokens_name(enum lep_tokens t);
int lep_tokens_parse(const char *text);

#endif
