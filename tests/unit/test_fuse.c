/*
 * fuse: what its lines refuse, what its weights are called, each kind by hand, with
 * vectors and single numbers that meet whole rows; a picture's positions as rows.
 */
#include <string.h>

#include "check.h"
#include "kernel/kernel.h"
#include "nn/net.h"

#define NAME(s) ((char *)(uintptr_t)(s))
enum { SAMPLES = 2 };

static char entry[2][2] = {"a", "b"};
static char *entries[] = {entry[0], entry[1]};
static size_t ones[] = {1, 1};
static struct lep_table table = {.n = 2, .entry = entries, .length = ones};

static const struct lep_field fields[] = {
	{.name = NAME("image"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = {.rank = 3, .extent = {2, 2, 3}}},
	{.name = NAME("words"), .role = LEP_ROLE_INPUT, .dtype = LEP_I32, .shape = {.rank = 1, .extent = {LEP_VARIES}},
		.table = &table},
	{.name = NAME("more"), .role = LEP_ROLE_INPUT, .dtype = LEP_I32, .shape = {.rank = 1, .extent = {LEP_VARIES}},
		.table = &table},
	{.name = NAME("vector"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = {.rank = 1, .extent = {3}}},
	{.name = NAME("present"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = {.rank = 1, .extent = {1}}},
	{.name = NAME("number"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32},
	{.name = NAME("rows"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = {.rank = 2, .extent = {4, 3}}},
	{.name = NAME("image.dense1"), .role = LEP_ROLE_OUTPUT, .dtype = LEP_F32, .shape = {.rank = 1, .extent = {5}}},
	{.name = NAME("residual1"), .role = LEP_ROLE_OUTPUT, .dtype = LEP_F32, .shape = {.rank = 1, .extent = {5}}},
	{.name = NAME("position"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = {.rank = 1, .extent = {5}}},
	{.name = NAME("a+b"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = {.rank = 1, .extent = {5}}},
	{.name = NAME("kinds"), .role = LEP_ROLE_INPUT, .dtype = LEP_I32, .shape = {.rank = 1, .extent = {2}},
		.table = &table},
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static struct lep_net *build(const char *text, const struct lep_kernels *k, struct lep_error *e)
{
	struct lep_net *n;

	return lep_net_new(&n, text, "t", fields, FIELDS, NULL, k, e) ? NULL : n;
}

#define KINDS "gate, concat, sum, mean, product, max, bilinear"

static const struct {
	const char *text, *message;
} refused[] = {
	{"input image; fuse", "line 1: fuse: is written 'fuse KIND NAME NAME ...'; the kinds are " KINDS},
	{"input image; fuse image", "line 1: fuse: there is no kind 'image'; there are " KINDS},
	{"input vector; fuse sum", "line 1: fuse: 'sum' takes two values or more, and here are none"},
	{"input vector\nfuse sum vector", "line 2: fuse: 'sum' takes two values or more, and here is one"},
	{"input vector\nfuse gate vector", "line 2: fuse: 'gate' takes two values, and here is one"},
	{"input vector; fuse gate vector vector vector", "line 1: fuse: 'gate' takes 2 values"},
	{"input vector; fuse bilinear 3 vector vector vector", "line 1: fuse: 'bilinear' takes 2 values"},
	{"v = input vector", "line 1: input: cannot be given a name"},
	{"input vector; fuse max vector vector vector vector vector vector vector vector vector",
		"line 1: fuse: 'max' takes 8 values at most"},
	{"input vector; fuse sum vector image", "line 1: fuse: nothing above is called 'image'"},
	{"input image { v = flatten }; fuse sum image v", "line 1: fuse: nothing above is called 'v'"},
	{"input vector; fuse sum vector vector { relu }", "line 1: fuse: takes no block"},
	{"input vector; fuse bilinear vector vector", "line 1: fuse: 'bilinear' takes two values, and here is one"},
	{"input vector; fuse bilinear x vector vector", "line 1: fuse: 'x' is not a whole number"},
	{"input vector; fuse bilinear 0 vector vector", "line 1: fuse: '0' is not within 1 to 16777216"},
	{"input vector; input words; fuse concat words vector",
		"line 1: fuse: 'words' holds ids; an embed line belongs before it"},
	{"input vector; input image { flatten }; fuse product vector image", "line 1: fuse: 'vector' has 3 numbers a row and "
		"'image' 12; 'product' needs as many of each, which a dense line makes"},
	{"input words { embed 3 }; input more { embed 3 }; fuse sum words more",
		"line 1: fuse: 'words' and 'more' are sequences of different lengths; a pool line belongs behind one of them"},
	{"input words { embed 3 }; input more { embed 3 }; input vector; fuse gate vector more; fuse gate words more",
		"line 1: fuse: 'words' and 'more' are sequences of different lengths; a pool line belongs behind one of them"},
	{"input words { embed 3 }; input rows; fuse concat words rows", "line 1: fuse: 'words' is '*x3' and 'rows' '4x3': "
		"their rows do not go together; a pool line belongs behind one of them"},
	{"input image; input rows; fuse max image rows", "line 1: fuse: 'image' is '2x2x3' and 'rows' '4x3': "
		"their rows do not go together; a pool line belongs behind one of them"},
	{"input rows; input words { embed 3 }; fuse bilinear 2 rows words", "line 1: fuse: 'rows' is '4x3' and 'words' "
		"'*x3': their rows do not go together; a pool line belongs behind one of them"},
	{"input vector; input number; fuse gate vector number",
		"line 1: fuse: needs numbers along an axis, its input is a single one"},
	{"input residual1 { dense 5 }; residual { dense 5 }", "two weights would be called 'residual1.dense1.w': put the "
		"lines of that input behind it instead of in a block, or give the other layer a name"},
	{"input a+b; dense 3", "line 1: input: the name 'a+b' may hold letters, digits, '_', '.' and '-' only"},
	{"a.b = dense 3", "line 1: dense: the name 'a.b' may hold letters, digits, '_' and '-' only"},
	{"fuse = input vector", "line 1: input: cannot be given a name"},
	{"fuse1 = dense 3", "line 1: dense: 'fuse1' is a reserved word and cannot be a name"},
	{"input vector; flatten rows", "line 1: flatten: 'rows' needs two extents or more, its input is '3'"},
	{"input image; flatten columns", "line 1: flatten: unknown word 'columns'"},
	{"input words; embed 3; flatten rows",
		"line 1: flatten: its input is a sequence, whose length varies; a pool line makes one size of it"},
	{"input image; input words; embed 4; attention 3 from image",
		"line 1: attention: rows of 4 cannot be shared out among 3 heads"},
};

static void refusals(void)
{
	const struct lep_kernels *k = lep_kernels_select(NULL, NULL);

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct lep_error e = {0};
		char want[256];
		struct lep_net *n = build(refused[i].text, k, &e);

		snprintf(want, sizeof(want), "t: %s", refused[i].message);
		CHECKF(!n && strcmp(e.text, want) == 0, "'%s': %s", refused[i].text, n ? "built" : e.text);
	}
}

static void names(void)
{
	static const char *const weights[] = {"fuse1.w", "fuse1.b", "two.u", "two.bu", "two.v", "two.bv",
		"image.conv1.w", "repeat1.2.fuse1.w"};
	static const char *const values[] = {"image.conv1", "fuse1", "two", "fuse2", "repeat1.2.fuse1", "kinds.embed1"};
	struct lep_error e;
	struct lep_net *n = build("input image { conv 4 2x2; flatten }; input vector\n"
		"fuse gate image vector; two = fuse bilinear 5 image vector; fuse concat image two vector\n"
		"repeat 2 { fuse gate two vector }; input kinds { embed 2; flatten }; fuse concat two kinds",
		lep_kernels_select(NULL, NULL), &e);

	CHECKF(n, "%s", e.text);
	for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
		CHECKF(lep_net_find_param(n, weights[i]) >= 0, "no weights '%s'", weights[i]);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		CHECKF(lep_net_find_value(n, values[i]) >= 0, "no value '%s'", values[i]);
	CHECK(lep_net_output(n, NULL) == 9);
	lep_net_free(n);
	/* Fields may be called as layers are. */
	n = build("input image { flatten; dense 5 }; input image.dense1 { dense 5 }; input residual1; input position\n"
		"fuse sum image image.dense1 residual1 position; residual { dense 5 }; dense 3",
		lep_kernels_select(NULL, NULL), &e);
	CHECKF(n, "%s", e.text);
	CHECK(lep_net_find_param(n, "image.dense1.w") >= 0 && lep_net_find_param(n, "image.dense1.dense1.w") >= 0);
	lep_net_free(n);
}

/* Two samples: image 1 .. 24, vector 1 -2 3 and 0 2 -1, present 1 and 0, rows 0.5 each. */
static void fill(struct lep_exec *x, const struct lep_net *n)
{
	static const lep_real vector[] = {1, -2, 3, 0, 2, -1}, present[] = {1, 0};

	for (size_t i = 0; i < lep_net_inputs(n); i++) {
		const struct lep_net_input *in = lep_net_input(n, i);
		lep_real *to = in->ids ? NULL : lep_exec_input(x, i);

		for (size_t k = 0; k < SAMPLES * in->size; k++) {
			if (in->ids)
				lep_exec_input_ids(x, i)[k] = (int32_t)(k % 2);
			else
				to[k] = in->size == 12 ? (in->shape.rank == 3 ? (lep_real)(k + 1) : 0.5f) :
					in->size == 3 ? vector[k] : present[k];
		}
	}
}

static const struct {
	const char *net;
	size_t n;
	lep_real want[48];
} by_hand[] = {
	{"input vector; input present; fuse concat vector present vector", 14,
		{1, -2, 3, 1, 1, -2, 3, 0, 2, -1, 0, 0, 2, -1}},
	{"input vector; input present; fuse sum vector present", 6, {2, -1, 4, 0, 2, -1}},
	{"input vector; input present; fuse mean present vector", 6, {1, -0.5f, 2, 0, 1, -0.5f}},
	{"input vector; input present; fuse product vector present", 6, {1, -2, 3, 0, 0, 0}},
	{"input vector; input present; fuse max vector present", 6, {1, 1, 3, 0, 2, 0}},
	{"input vector; input number; fuse concat number vector", 8, {1, 1, -2, 3, 0, 0, 2, -1}},
	{"input image; input vector; fuse product image vector", 24, {1, -4, 9, 4, -10, 18, 7, -16, 27, 10, -22, 36,
		0, 28, -15, 0, 34, -18, 0, 40, -21, 0, 46, -24}},
	{"input rows; input vector; fuse concat vector rows", 48, {1, -2, 3, 0.5f, 0.5f, 0.5f, 1, -2, 3, 0.5f, 0.5f, 0.5f,
		1, -2, 3, 0.5f, 0.5f, 0.5f, 1, -2, 3, 0.5f, 0.5f, 0.5f, 0, 2, -1, 0.5f, 0.5f, 0.5f, 0, 2, -1, 0.5f, 0.5f, 0.5f,
		0, 2, -1, 0.5f, 0.5f, 0.5f, 0, 2, -1, 0.5f, 0.5f, 0.5f}},
	{"input image { flatten rows }; input rows; fuse max rows image", 24, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
		15, 16, 17, 18, 19, 20, 21, 22, 23, 24}},
	{"input vector; fuse sum vector vector vector vector vector vector vector vector", 6, {8, -16, 24, 0, 16, -8}},
};

static void hand(void)
{
	static const char *const isas[] = {"avx512", "avx2", "portable"};

	for (size_t t = 0; t < 3; t++) {
		const struct lep_kernels *k = lep_kernels_select(isas[t], NULL);

		for (size_t i = 0; k && i < sizeof(by_hand) / sizeof(by_hand[0]); i++) {
			struct lep_error e;
			struct lep_net *n = build(by_hand[i].net, k, &e);
			struct lep_threads *pool;
			struct lep_exec *x;

			CHECKF(n, "%s", e.text);
			CHECK(lep_threads_new(&pool, 1, NULL) == 0 && lep_exec_new(&x, n, SAMPLES, 0, 1, NULL) == 0);
			lep_net_prepare(n, pool, 0);
			fill(x, n);
			lep_exec_infer(x, SAMPLES);
			CHECK(lep_net_output(n, NULL) * SAMPLES == by_hand[i].n);
			for (size_t j = 0; j < by_hand[i].n; j++)
				CHECKF(lep_exec_output(x)[j] == by_hand[i].want[j], "'%s' on %s: [%zu] is %g", by_hand[i].net, k->name, j,
					(double)lep_exec_output(x)[j]);
			lep_exec_free(x);
			lep_net_free(n);
			lep_threads_free(pool);
		}
	}
}

/* Attention of words to a picture is that to its positions as a sequence. */
static void positions(void)
{
	static const char *const nets[] = {"input image { conv 5 1x1 }; input kinds; embed 4; attention 2 from image",
		"input image { conv 5 1x1; flatten rows }; input kinds; embed 4; attention 2 from image"};
	lep_real y[2][SAMPLES * 8];
	struct lep_threads *pool;

	CHECK(lep_threads_new(&pool, 1, NULL) == 0);
	for (int i = 0; i < 2; i++) {
		struct lep_error e;
		struct lep_net *n = build(nets[i], lep_kernels_select(NULL, NULL), &e);
		struct lep_exec *x;

		CHECKF(n, "%s", e.text);
		CHECK(lep_net_find_param(n, "attention1.wk") >= 0 && lep_net_find_value(n, "attention1") >= 0);
		lep_net_init(n, 7);
		CHECK(lep_exec_new(&x, n, SAMPLES, 0, 1, NULL) == 0);
		lep_net_prepare(n, pool, 0);
		fill(x, n);
		lep_exec_infer(x, SAMPLES);
		CHECK(lep_net_output(n, NULL) == 8);
		memcpy(y[i], lep_exec_output(x), sizeof(y[i]));
		lep_exec_free(x);
		lep_net_free(n);
	}
	CHECK(memcmp(y[0], y[1], sizeof(y[0])) == 0 && y[0][0] != 0);
	lep_threads_free(pool);
}

int main(void)
{
	RUN(refusals);
	RUN(names);
	RUN(hand);
	RUN(positions);
	return CHECK_END();
}
