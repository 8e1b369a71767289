/* Recipes: canonical text both ways, scales, and what is refused. */
#include <string.h>

#include "check.h"
#include "data/recipe.h"

static const char *const canonical[] = {
	"picture gray 28x28 stretch background 0,0,0 rules 1 scale unit",
	"picture rgb 32x16 crop background 255,0,7 rules 1 scale none",
	"picture rgb 224x224 pad background 0,0,0 rules 1 scale 0.485,0.456,0.406:0.229,0.224,0.225",
	"picture gray 1x65535 stretch background 0,0,0 rules 2 scale 0.130660477:0.308107817",
	"picture gray 8x8 stretch background 0,0,0 rules 1 scale -1e-09:1e+20",
};

static const char *const refused[] = {
	"picture",
	"picture ",
	"picture gray",
	"picture gray 28 stretch background 0,0,0 rules 1 scale unit",
	"picture gray 28x28 stretch background 0,0,0 rules 1 scale 0:1",
	"picture gray 28x28 stretch background black rules 1 scale unit",
	"picture gray 28x28 stretch background 0,0,0 rules 0 scale unit",
	"picture gray 28x28 stretch background 0,0,0 rules 01 scale unit",
	"picture gray 28x28 stretch background 0,0,0 rules 1 scale unit ",
	"picture gray 28x28 stretch background 0,0,0 rules 1 scale unit more",
	"picture gray  28x28 stretch background 0,0,0 rules 1 scale unit",
	"picture gray 0x28 stretch background 0,0,0 rules 1 scale unit",
	"picture gray 65536x28 stretch background 0,0,0 rules 1 scale unit",
	"picture gray 28x28 squeeze background 0,0,0 rules 1 scale unit",
	"picture gray 28x28 stretch background 0,0,256 rules 1 scale unit",
	"picture gray 28x28 stretch background 0,0,0 rules 1 scale 0.1:0",
	"picture gray 28x28 stretch background 0,0,0 rules 1 scale 0.1,0.2:0.3",
	"picture gray 28x28 stretch background 0,0,0 rules 1 scale nan:1",
	"picture gray 28x28 stretch background 0,0,0 rules 1 scale 0x1p3:1",
	"text",
	"text words",
	"text letters rules 1 invalid fail",
	"text words upper rules 1 invalid fail",
	"text words rules 1",
	"text words rules 1 invalid keep",
	"text words rules 0 invalid fail",
	"text words rules 1 invalid fail ",
	"text words rules 1 invalid fail truncate 0",
	"text words rules 1 invalid fail truncate 1099511627777",
	"text words rules 1 invalid fail truncate 040",
	"text words rules 1 invalid fail truncate 40 ",
	"text words rules 1 invalid fail end truncate 40",
	"text words rules 1 invalid fail more",
};

static void canonical_text(void)
{
	for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
		struct lep_error e = {0};
		struct lep_recipe r;
		struct lep_buf b = {0};

		CHECKF(lep_recipe_parse(&r, canonical[i], &e) == 0, "%s", e.text);
		CHECK(r.kind == LEP_RECIPE_PICTURE);
		CHECK(lep_recipe_format(&r, &b) == 0);
		CHECK(strcmp(b.data, canonical[i]) == 0);
		lep_buf_release(&b);
	}
}

static void canonical_of_text(void)
{
	static const char *const good[] = {
		"text words lower rules 1 invalid fail",
		"text bytes rules 1 invalid replace",
		"text chars rules 1 invalid fail truncate 40",
		"text bpe lower rules 2 invalid fail truncate 1099511627776 end",
		"text bpe rules 1 invalid fail end",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct lep_error e = {0};
		struct lep_recipe r;
		struct lep_buf b = {0};

		CHECKF(lep_recipe_parse(&r, good[i], &e) == 0, "%s", e.text);
		CHECK(r.kind == LEP_RECIPE_TEXT);
		CHECK(lep_recipe_format(&r, &b) == 0);
		CHECK(strcmp(b.data, good[i]) == 0);
		lep_buf_release(&b);
	}
}

static void refused_text(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct lep_error e = {0};
		struct lep_recipe r;

		CHECKF(lep_recipe_parse(&r, refused[i], &e) == LEP_ERR_DATA, "%s", refused[i]);
		CHECK(strstr(e.text, "bad recipe"));
	}
}

static void other_kinds(void)
{
	struct lep_recipe r;
	struct lep_buf b = {0};
	float lut[256];

	CHECK(lep_recipe_parse(&r, NULL, NULL) == 0 && r.kind == LEP_RECIPE_NONE);
	CHECK(lep_recipe_parse(&r, "", NULL) == 0 && r.kind == LEP_RECIPE_NONE);
	CHECK(lep_recipe_parse(&r, "texture of 3", NULL) == 0 && r.kind == LEP_RECIPE_OTHER);
	CHECK(lep_recipe_lut(&r, 0, lut) == 0);
	CHECK(lut[7] >= 7 && lut[7] <= 7);
	CHECK(lep_recipe_format(&r, &b) == LEP_ERR_USAGE);
}

static void scales(void)
{
	struct lep_recipe r;
	float lut[256];

	CHECK(lep_recipe_parse(&r, canonical[0], NULL) == 0);
	CHECK(lep_recipe_lut(&r, 0, lut) == 1);
	for (int v = 0; v < 256; v++) {
		float want = (float)(v / 255.0);

		CHECK(memcmp(&lut[v], &want, sizeof(want)) == 0);
	}
	CHECK(lep_recipe_parse(&r, canonical[2], NULL) == 0);
	CHECK(lep_recipe_lut(&r, 2, lut) == 1);
	for (int v = 0; v < 256; v++) {
		float want = (float)((v / 255.0 - 0.406) / 0.225);

		CHECK(memcmp(&lut[v], &want, sizeof(want)) == 0);
	}
	CHECK(lep_recipe_parse(&r, canonical[1], NULL) == 0);
	CHECK(lep_recipe_lut(&r, 1, lut) == 0);
	CHECK(lut[255] >= 255 && lut[255] <= 255);
}

static void option_words(void)
{
	struct lep_recipe r = {.kind = LEP_RECIPE_PICTURE, .channels = 3};
	struct lep_error e = {0};
	unsigned char c[3];
	int w, h;

	CHECK(lep_recipe_parse_scale(&r, "0:1", &e) == 0 && r.scale == LEP_RECIPE_SCALE_UNIT);
	CHECK(lep_recipe_parse_scale(&r, "0.5:0.25", &e) == 0 && r.scale == LEP_RECIPE_SCALE_MEAN);
	CHECK(r.mean[2] >= 0.5 && r.mean[2] <= 0.5 && r.deviation[1] >= 0.25 && r.deviation[1] <= 0.25);
	CHECK(lep_recipe_parse_scale(&r, "0.5,0.5:1", &e) == LEP_ERR_USAGE && strstr(e.text, "3 channels"));
	CHECK(lep_recipe_parse_scale(&r, "inf:1", &e) == LEP_ERR_USAGE);
	CHECK(lep_recipe_parse_scale(&r, "0.5", &e) == LEP_ERR_USAGE);
	CHECK(lep_recipe_parse_scale(&r, "0:-1", &e) == LEP_ERR_USAGE);
	CHECK(lep_recipe_parse_colour(c, "white", &e) == 0 && c[2] == 255);
	CHECK(lep_recipe_parse_colour(c, "#01aBfF", &e) == 0 && c[0] == 1 && c[1] == 0xab && c[2] == 255);
	CHECK(lep_recipe_parse_colour(c, "1,2,3", &e) == 0 && c[0] == 1 && c[1] == 2 && c[2] == 3);
	CHECK(lep_recipe_parse_colour(c, "1,2", &e) == LEP_ERR_USAGE);
	CHECK(lep_recipe_parse_colour(c, "1,2,3,4", &e) == LEP_ERR_USAGE);
	CHECK(lep_recipe_parse_colour(c, "#12345g", &e) == LEP_ERR_USAGE);
	CHECK(lep_recipe_parse_size(&w, &h, "28", &e) == 0 && w == 28 && h == 28);
	CHECK(lep_recipe_parse_size(&w, &h, "3x5", &e) == 0 && w == 3 && h == 5);
	CHECK(lep_recipe_parse_size(&w, &h, "3x", &e) == LEP_ERR_USAGE);
	CHECK(lep_recipe_parse_size(&w, &h, "0", &e) == LEP_ERR_USAGE);
	CHECK(lep_recipe_parse_size(&w, &h, "99999999999x1", &e) == LEP_ERR_USAGE);
}

int main(void)
{
	RUN(canonical_text);
	RUN(canonical_of_text);
	RUN(refused_text);
	RUN(other_kinds);
	RUN(scales);
	RUN(option_words);
	return CHECK_END();
}
