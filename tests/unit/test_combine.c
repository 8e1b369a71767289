/* Tensors of a record combined: operations by hand, shapes, recipes, bad records. */
#include <math.h>

#include "check.h"
#include "nn/combine.h"
#include "streams.h"

static const struct lep_kernels *kernels;

/* a, b, c of 3, one of 1, n of none, pic u8 2x1, s and t of *x2, ids and text. */
static void make_head(struct lep_head *h)
{
	static const char *const names[] = {"x", "y"};
	struct lep_table *t = table_of(names, 2);
	struct lep_shape three = shape_of(1, 3, 0, 0), one = shape_of(1, 1, 0, 0), picture = shape_of(2, 2, 1, 0),
			 rows = shape_of(2, LEP_VARIES, 2, 0), none = {0};
	struct lep_error e;

	lep_head_init(h);
	if (lep_head_add(h, 0, "a", LEP_ROLE_INPUT, LEP_F32, &three, NULL, NULL, &e) < 0 ||
		lep_head_add(h, 0, "b", LEP_ROLE_INPUT, LEP_F64, &three, NULL, NULL, &e) < 0 ||
		lep_head_add(h, 0, "c", LEP_ROLE_INPUT, LEP_F64, &three, NULL, NULL, &e) < 0 ||
		lep_head_add(h, 0, "one", LEP_ROLE_INPUT, LEP_F32, &one, NULL, NULL, &e) < 0 ||
		lep_head_add(h, 0, "n", LEP_ROLE_INPUT, LEP_I32, &none, NULL, NULL, &e) < 0 ||
		lep_head_add(h, 0, "pic", LEP_ROLE_INPUT, LEP_U8, &picture, NULL,
			"picture gray 1x2 stretch background 0,0,0 rules 1 scale unit", &e) < 0 ||
		lep_head_add(h, 0, "s", LEP_ROLE_INPUT, LEP_F32, &rows, NULL, NULL, &e) < 0 ||
		lep_head_add(h, 0, "t", LEP_ROLE_INPUT, LEP_F32, &rows, NULL, NULL, &e) < 0 ||
		lep_head_add(h, 0, "label", LEP_ROLE_TARGET, LEP_I32, &none, t, NULL, &e) < 0 ||
		lep_head_add(h, 0, "note", LEP_ROLE_OTHER, LEP_TEXT, NULL, NULL, NULL, &e) < 0)
		abort();
	lep_table_free(t);
}

static void set(struct lep_builder *b, size_t f, const struct lep_shape *shape, const void *v, size_t len)
{
	struct lep_error e;

	if (lep_builder_set(b, f, shape, v, len, &e))
		abort();
}

/* Record 0 is whole, record 1 bad. trows: rows of t, where s has two. */
static void make_records(struct lep_builder *b, int64_t trows)
{
	const float a[] = {1, 2, -3}, one[] = {10}, s[] = {1, 2, 3, 4}, t[] = {5, 6, 7, 8, 9, 10};
	const double bb[] = {0.5, -1, 4}, c[] = {1e-12, 1, 2};
	const int32_t n = 7, label = 1;
	const unsigned char pic[] = {255, 51};
	struct lep_shape two = shape_of(2, 2, 2, 0), other = shape_of(2, trows, 2, 0);
	struct lep_error e;

	if (lep_builder_record(b, "k", 1, &e))
		abort();
	set(b, 0, NULL, a, sizeof(a));
	set(b, 1, NULL, bb, sizeof(bb));
	set(b, 2, NULL, c, sizeof(c));
	set(b, 3, NULL, one, sizeof(one));
	set(b, 4, NULL, &n, sizeof(n));
	set(b, 5, NULL, pic, sizeof(pic));
	set(b, 6, &two, s, sizeof(s));
	set(b, 7, &other, t, (size_t)trows * 2 * sizeof(*t));
	set(b, 8, NULL, &label, sizeof(label));
	if (lep_builder_record(b, "bad", 3, &e) || lep_builder_bad(b, "broken", &e))
		abort();
}

/* The last field that the steps make of record 0, as numbers of text: "1 2 3"; the
 * error's text where there is one. text has room for 512. */
static int run(char *text, const char *const *make, size_t n, const struct lep_gate *gate, int64_t trows)
{
	struct lep_combine_options o = {.make = make, .nmake = n, .gate = gate, .k = kernels};
	struct lep_combine *c = NULL;
	struct lep_builder *b = NULL;
	struct lep_head h;
	struct lep_frame fr;
	struct lep_error e = {0};
	size_t at = 0;
	int rc;

	make_head(&h);
	*text = '\0';
	rc = lep_combine_new(&c, &o, &h, &e);
	if (!rc) {
		rc = lep_builder_new(&b, &h, &e);
		make_records(b, trows);
	}
	if (!rc)
		rc = lep_builder_frame(b, &fr, &e);
	if (!rc)
		rc = lep_combine_frame(c, &fr, &e);
	if (!rc) {
		const struct lep_head *out = lep_combine_head(c);
		const struct lep_field *f = &out->field[out->nfield - 1];
		struct lep_shape shape;
		size_t len;
		const unsigned char *p = lep_frame_value(out, &fr, out->nfield - 1, 0, &len, &shape);
		char extents[LEP_SHAPE_TEXT_MAX];

		at += (size_t)snprintf(text, 512, "%s %s:", lep_dtype_name(f->dtype), lep_shape_text(extents, &shape, "x"));
		for (size_t i = 0; i < len / lep_dtype_size(f->dtype); i++) {
			double v;

			lep_to_f64(&v, f->dtype, p + i * lep_dtype_size(f->dtype), 1);
			at += (size_t)snprintf(text + at, 512 - at, " %.9g", v);
		}
		/* A bad record is zeros, or nothing. */
		p = lep_frame_value(out, &fr, out->nfield - 1, 1, &len, &shape);
		for (size_t i = 0; i < len; i++)
			if (p[i])
				snprintf(text, 512, "the bad record has values");
	} else {
		snprintf(text, 512, "%.511s", e.text);
	}
	lep_combine_free(c);
	lep_builder_free(b);
	lep_head_release(&h);
	return rc;
}

static void test_operations(void)
{
	static const struct {
		const char *make, *want;
	} cases[] = {
		{"z=sum:a,b", "f32 3: 1.5 1 1"},
		{"z=sum:a,b,c", "f32 3: 1.5 2 3"},
		{"z=mean:b,c", "f64 3: 0.25 0 3"},
		{"z=product:a,b", "f32 3: 0.5 -2 -12"},
		{"z=max:a,b", "f32 3: 1 2 4"},
		{"z=weighted:a=0.5,b=-2", "f32 3: -0.5 3 -9.5"},
		{"z=weighted:b=1,b=.25,c=0", "f64 3: 0.625 -1.25 5"},
		{"z=concat:a,b", "f32 6: 1 2 -3 0.5 -1 4"},
		{"z=concat:a,n,one", "f32 5: 1 2 -3 7 10"},
		{"z=concat:n,n", "f32 2: 7 7"},
		/* What has one element meets all. */
		{"z=product:a,n", "f32 3: 7 14 -21"},
		{"z=sum:one,n,a", "f32 3: 18 19 14"},
		{"z=sum:one,n", "f32 1: 17"},
		{"z=sum:n,one", "f32 : 17"},
		/* u8 of a picture is scaled: 255 is 1, 51 is 0.2. */
		{"z=sum:pic,pic", "f32 2x1: 2 0.400000006"},
		{"z=concat:pic,pic", "f32 2x2: 1 1 0.200000003 0.200000003"},
		/* Sequences of equal lengths, and rows side by side. */
		{"z=sum:s,t", "f32 2x2: 6 8 10 12"},
		{"z=concat:s,t", "f32 2x4: 1 2 5 6 3 4 7 8"},
		{"z=product:s,n", "f32 2x2: 7 14 21 28"},
	};
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECKF(run(text, &cases[i].make, 1, NULL, 2) == 0 && strcmp(text, cases[i].want) == 0, "%s: %s",
			cases[i].make, text);
}

/* In double and rounded once: in floats 1e8 would eat the 1. */
static void test_sum_is_double(void)
{
	static const char *const make[] = {"big=weighted:one=10000000,n=0", "z=sum:big,one,a", "y=weighted:z=1,big=-1"};
	char text[512];

	/* big = 1e8, z = 100000011, 100000012, 100000007 rounded to floats of 8 */
	CHECKF(run(text, make, 3, NULL, 2) == 0 && strcmp(text, "f32 3: 8 16 8") == 0, "%s", text);
}

static void test_errors(void)
{
	static const struct {
		const char *make, *want;
		int status;
	} cases[] = {
		{"z=sum:a,pic", "z=sum:a,pic: fields 'a' (3) and 'pic' (2x1) cannot be added", LEP_ERR_DATA},
		{"z=sum:n,a,pic", "z=sum:n,a,pic: fields 'a' (3) and 'pic' (2x1) cannot be added", LEP_ERR_DATA},
		{"z=concat:a,s", "z=concat:a,s: fields 'a' (3) and 's' (*x2) cannot be joined along the last axis", LEP_ERR_DATA},
		{"z=sum:a,nothing", "z=sum:a,nothing: no field 'nothing'", LEP_ERR_USAGE},
		{"z=sum:a,label", "z=sum:a,label: field 'label' holds ids, not numbers", LEP_ERR_DATA},
		{"z=sum:a,note", "z=sum:a,note: field 'note' holds text, not numbers", LEP_ERR_DATA},
		{"a=sum:a,b", "a=sum:a,b: field 'a' is there twice", LEP_ERR_USAGE},
		{"z=sum:a", "z=sum:a: sum takes two or more fields", LEP_ERR_USAGE},
		{"z=sum:", "z=sum:: no field ''", LEP_ERR_USAGE},
		{"z=gate:a,b,c", "z=gate:a,b,c: gate takes two fields", LEP_ERR_USAGE},
		{"z=weighted:a,b", "z=weighted:a,b: 'a' is not FIELD=WEIGHT", LEP_ERR_USAGE},
		{"z=weighted:a=1,b=x", "z=weighted:a=1,b=x: 'x' is no weight", LEP_ERR_USAGE},
		{"z=weighted:a=nan,b=1", "z=weighted:a=nan,b=1: 'nan' is no weight", LEP_ERR_USAGE},
	};
	static const char *const not_one[] = {"z", "z=", "z=sum", "sum:a,b", "z=add:a,b", ""};
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = run(text, &cases[i].make, 1, NULL, 2);

		/* The words for a name that is there already are the head's. */
		CHECKF(rc == cases[i].status && (strcmp(text, cases[i].want) == 0 || cases[i].make[0] == 'a'), "%s: %d %s",
			cases[i].make, rc, text);
	}
	for (size_t i = 0; i < sizeof(not_one) / sizeof(not_one[0]); i++)
		CHECKF(run(text, &not_one[i], 1, NULL, 2) == LEP_ERR_USAGE &&
			strstr(text, "not NAME=OPERATION:FIELD,FIELD with one of concat, sum"), "%s: %s", not_one[i], text);
}

/* Lengths are a record's own, and so is the error. */
static void test_lengths(void)
{
	static const char *const make[] = {"z=sum:s,t"};
	char text[512];

	CHECKF(run(text, make, 1, NULL, 3) == LEP_ERR_DATA &&
		strcmp(text, "record 0 (k): fields 's' (2x2) and 't' (3x2) cannot be added") == 0, "%s", text);
}

/* a = 1 2 -3 gated by y = s's rows or one: W is 1 x 3 of logs, so that softmax is plain. */
static void test_gate(void)
{
	static const char *const make[] = {"z=gate:a,one"}, *const rows[] = {"z=gate:s,t"}, *const meets[] = {"z=gate:one,one"};
	/* one = 10: logits 10 w + b = 0, ln 2, ln 5: softmax 1/8, 2/8, 5/8 */
	lep_real w[] = {(lep_real)0.1, (lep_real)0.1, (lep_real)0.1},
		b[] = {-1, (lep_real)(-1 + 0.69314718055994531), (lep_real)(-1 + 1.6094379124341003)};
	/* Of rows: no weights, biases ln 1 and ln 3: 1/4 and 3/4. */
	lep_real w2[] = {0, 0, 0, 0}, b2[] = {0, (lep_real)1.0986122886681098};
	struct lep_gate g = {1, 3, w, b, "w"}, g2 = {2, 2, w2, b2, "w"}, alone = {1, 1, w, b, "w"};
	char text[512];
	float z[3];

	CHECKF(run(text, make, 1, &g, 2) == 0 && sscanf(text, "f32 3: %f %f %f", &z[0], &z[1], &z[2]) == 3, "%s", text);
	CHECKF(fabsf(z[0] - 0.125f) < 1e-6f && fabsf(z[1] - 0.5f) < 1e-6f && fabsf(z[2] + 1.875f) < 1e-6f, "%s", text);
	CHECKF(run(text, rows, 1, &g2, 2) == 0 && strcmp(text, "f32 2x2: 0.25 1.5 0.75 3") == 0, "%s", text);
	CHECKF(run(text, meets, 1, &alone, 2) == 0 && strcmp(text, "f32 1: 10") == 0, "%s", text);
	CHECKF(run(text, make, 1, &g2, 2) == LEP_ERR_DATA && strcmp(text, "z=gate:a,one: field 'a' (3): rows of 2 are "
		"needed, for the weights of 'w' are 2 x 2") == 0, "%s", text);
	CHECKF(run(text, rows, 1, &g2, 3) == LEP_ERR_DATA && strstr(text, "cannot be gated"), "%s", text);
}

int main(void)
{
	struct lep_error e;

	kernels = lep_kernels_select(NULL, &e);
	if (!kernels)
		abort();
	RUN(test_operations);
	RUN(test_sum_is_double);
	RUN(test_errors);
	RUN(test_lengths);
	RUN(test_gate);
	return CHECK_END();
}
