/* Networks from descriptions: what is refused and how, names, summary, freezing, first values. */
#include "nn/net.h"

#include <math.h>

#include "base/random.h"
#include "check.h"
#include "nets.h"

static const struct lep_kernels *kernels;

static const struct {
	const char *text, *message;
} refused[] = {
	{"cnv 3 3x3", "line 1: cnv: unknown layer"},
	{"flatten\n\ndens 3", "line 3: dens: unknown layer"},
	/* Numbers and sizes. */
	{"conv", "line 1: conv: a number is missing at the end of the line"},
	{"conv 32", "line 1: conv: a size like 3x3 is missing at the end of the line"},
	{"conv x 3x3", "line 1: conv: 'x' is not a whole number"},
	{"conv 0 3x3", "line 1: conv: '0' is not within 1 to 16777216"},
	{"conv 99999999999999999999 3x3", "line 1: conv: '99999999999999999999' is not a whole number"},
	{"conv 3 relu", "line 1: conv: 'relu' is not a size like 3x3"},
	{"conv 3 3x", "line 1: conv: '3x' is not a size like 3x3"},
	{"conv 3 x3", "line 1: conv: 'x3' is not a size like 3x3"},
	{"conv 3 3x3x3", "line 1: conv: '3x3x3' is not a size like 3x3"},
	{"conv 3 0", "line 1: conv: '0': a side is not within 1 to 255"},
	{"conv 3 3x99999999999999999999999",
		"line 1: conv: '3x99999999999999999999999': a side is not within 1 to 255"},
	{"conv 3 3x3 stride", "line 1: conv: a number is missing at the end of the line"},
	{"conv 3 3x3 stride 0", "line 1: conv: '0' is not within 1 to 1024"},
	{"conv 3 3x3 stride two", "line 1: conv: 'two' is not a whole number"},
	{"conv 3 3x3 padding -1", "line 1: conv: '-1' is not a whole number"},
	{"conv 3 3x3 rleu", "line 1: conv: unknown word 'rleu'"},
	{"conv 3 3x3 relu same", "line 1: conv: unknown word 'same'"},
	{"conv 3 3x3 same padding 1", "line 1: conv: 'same' and 'padding' exclude each other"},
	{"conv 3 3x3 bias", "line 1: conv: 'bias' may only be followed by 'no'"},
	{"conv 3 3x3 bias yes", "line 1: conv: 'bias' may only be followed by 'no'"},
	{"conv 3 3x3 groups 2", "line 1: conv: groups 2 does not divide 1 channels and 3 filters"},
	{"conv 3 3x3 { relu }", "line 1: conv: takes no block"},
	{"relu; conv 3 3x3 whiten", "line 1: conv: 'whiten' needs pictures of the data as its input, not what a layer gives"},
	{"conv 3 3x3 whiten groups 1 same relu same", "line 1: conv: unknown word 'same'"},
	{"conv classes 3x3 whiten", "line 1: conv: 'whiten' and 'classes' exclude each other"},
	{"conv 9 2x2 whiten", "line 1: conv: 9 filters are too many to be whitened: two for each of 4 numbers of a window"},
	{"conv 9 14x14 whiten", "line 1: conv: a window of 196 numbers is too large to be whitened, 192 are the most"},
	{"conv 9 1x20 dilation 2 padding 30 whiten", "line 1: conv: a window of 1x39 does not fit into 28x28"},
	{"conv 3 3x3 leaky_relu slope", "line 1: conv: a number is missing at the end of the line"},
	{"conv 3 3x3 leaky_relu slope x", "line 1: conv: 'x' is not a number"},
	{"conv 3 3x3 leaky_relu slope -1", "line 1: conv: '-1' is not within 0 to 1e+06"},
	{"leaky_relu slope 0x1p3", "line 1: leaky_relu: '0x1p3' is not a number"},
	{"leaky_relu slope nan", "line 1: leaky_relu: 'nan' is not a number"},
	{"leaky_relu alpha 1", "line 1: leaky_relu: unknown word 'alpha'"},
	{"relu 3", "line 1: relu: unknown word '3'"},
	{"relu { tanh }", "line 1: relu: takes no block"},
	{"softmax 1", "line 1: softmax: unknown word '1'"},
	{"flatten 2", "line 1: flatten: unknown word '2'"},
	{"dense", "line 1: dense: a number is missing at the end of the line"},
	{"dense -3", "line 1: dense: '-3' is not a whole number"},
	{"dense 3 relu tanh", "line 1: dense: unknown word 'tanh'"},
	{"dense 3 bias", "line 1: dense: 'bias' may only be followed by 'no'"},
	{"dropout", "line 1: dropout: a number is missing at the end of the line"},
	{"dropout 1", "line 1: dropout: '1' is not within 0 to 0.999"},
	{"dropout 50%", "line 1: dropout: '50%' is not a number"},
	{"batchnorm 3", "line 1: batchnorm: unknown word '3'"},
	{"layernorm relu", "line 1: layernorm: unknown word 'relu'"},
	{"maxpool", "line 1: maxpool: a size like 3x3 is missing at the end of the line"},
	{"maxpool 2 valid", "line 1: maxpool: unknown word 'valid'"},
	{"maxpool 3 padding 3", "line 1: maxpool: padding must be smaller than the window"},
	{"maxpool 3 same padding 1", "line 1: maxpool: 'same' and 'padding' exclude each other"},
	{"globalavgpool 3", "line 1: globalavgpool: unknown word '3'"},
	/* Shapes. */
	{"conv 3 29x3", "line 1: conv: a window of 29x3 does not fit into 28x28"},
	{"conv 3 15x15 dilation 2", "line 1: conv: a window of 29x29 does not fit into 28x28"},
	{"maxpool 2; maxpool 15", "line 1: maxpool: a window of 15x15 does not fit into 14x14"},
	{"flatten; conv 3 3x3", "line 1: conv: needs height x width x channels, its input is '784'"},
	{"dense 4; flatten; maxpool 2",
		"line 1: maxpool: needs height x width x channels, its input is '3136'"},
	{"input word; dense 3", "line 1: dense: its input holds ids; an embed line belongs before it"},
	{"input word; conv 3 3x3", "line 1: conv: its input holds ids; an embed line belongs before it"},
	{"input word; relu", "line 1: relu: its input holds ids; an embed line belongs before it"},
	{"input word; flatten", "line 1: flatten: its input holds ids; an embed line belongs before it"},
	{"input word; softmax", "line 1: softmax: its input holds ids; an embed line belongs before it"},
	{"input word; dropout 0.5", "line 1: dropout: its input holds ids; an embed line belongs before it"},
	{"input word; batchnorm", "line 1: batchnorm: its input holds ids; an embed line belongs before it"},
	{"input word; layernorm", "line 1: layernorm: its input holds ids; an embed line belongs before it"},
	{"input word; embed", "line 1: embed: a number is missing at the end of the line"},
	{"embed 5", "line 1: embed: needs ids (an i32 field with a table) as its input"},
	{"input none; embed 5", "line 1: embed: the table of 'none' is empty"},
	{"residual { conv 3 3x3 }",
		"line 1: residual: its body gives '26x26x3', its input '28x28x1': they cannot be added"},
	{"residual { conv 3 3x3 } { conv 4 3x3 }",
		"line 1: residual: its body gives '26x26x3', its shortcut '26x26x4': they cannot be added"},
	{"input word; residual { embed 3 }",
		"line 1: residual: ids cannot be added; an embed line belongs before it"},
	{"input word; residual { }; embed 3",
		"line 1: residual: ids cannot be added; an embed line belongs before it"},
	/* Blocks. */
	{"residual", "line 1: residual: is written 'residual { body }' or 'residual { body } { shortcut }'"},
	{"residual 3 { relu }", "line 1: residual: unknown word '3'"},
	{"residual { relu } { relu } { relu }",
		"line 1: residual: is written 'residual { body }' or 'residual { body } { shortcut }'"},
	{"repeat 3", "line 1: repeat: takes one block: repeat 3 { ... }"},
	{"repeat { relu }", "line 1: repeat: a number is missing at the end of the line"},
	{"repeat 0 { relu }", "line 1: repeat: '0' is not within 1 to 1000"},
	{"repeat 3 times { relu }", "line 1: repeat: unknown word 'times'"},
	{"repeat 3 { relu } { relu }", "line 1: repeat: takes one block: repeat 3 { ... }"},
	{"repeat 2 {\n\trelu\n\ttanhh\n}", "line 3: tanhh: unknown layer"},
	{"repeat 1000 { repeat 1000 { relu } }",
		"line 1: relu: more than 20000 lines, once repeat is written out"},
	{"repeat 1000 { repeat 1000 { repeat 1000 { } } }",
		"line 1: repeat: more than 20000 lines, once repeat is written out"},
	/* Names, inputs, targets. */
	{"a.b = relu", "line 1: relu: the name 'a.b' may hold letters, digits, '_' and '-' only"},
	{"conv = relu", "line 1: relu: 'conv' is a reserved word and cannot be a name"},
	{"conv1 = relu", "line 1: relu: 'conv1' is a reserved word and cannot be a name"},
	{"classes = relu", "line 1: relu: 'classes' is a reserved word and cannot be a name"},
	{"a = relu; a = tanh", "line 1: tanh: the name 'a' is taken"},
	{"input row { dense 3 }; row = dense 3", "line 1: dense: the name 'row' is taken"},
	{"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz = relu",
		"line 1: relu: the name 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz' is longer than 40 bytes"},
	{"a = repeat 2 { relu }", "line 1: repeat: cannot be given a name"},
	{"input", "line 1: input: is written 'input NAME' or 'input NAME { ... }'"},
	{"input voice; dense 3", "line 1: input: the data have no field 'voice'"},
	{"input row { dense 3 } { dense 3 }", "line 1: input: is written 'input NAME' or 'input NAME { ... }'"},
	{"repeat 2 { input row }", "line 1: input: belongs at the top, not into a block"},
	{"input square; dense 3", "line 1: input: the field 'square' differs in more than its length from record to record"},
	{"input long; flatten",
		"line 1: flatten: its input is a sequence, whose length varies; a pool line makes one size of it"},
	{"input long; conv 3 3x3", "line 1: conv: needs height x width x channels, its input is '*x1'"},
	{"input clip; conv 3 3x3", "line 1: conv: needs height x width x channels, its input is '*x4x3'"},
	{"input row; pool mean", "line 1: pool: needs a sequence of rows, its input is '12'"},
	{"input words; pool mean", "line 1: pool: its input holds ids; an embed line belongs before it"},
	{"input long; pool", "line 1: pool: is written 'pool mean', 'pool max', 'pool first' or 'pool last'"},
	{"input long; pool median", "line 1: pool: is written 'pool mean', 'pool max', 'pool first' or 'pool last'"},
	{"input long; pool mean max", "line 1: pool: unknown word 'max'"},
	{"input long; position", "line 1: position: is written 'position sinusoidal' or 'position learned N'"},
	{"input long; position learned", "line 1: position: a number is missing at the end of the line"},
	{"input words; position sinusoidal", "line 1: position: its input holds ids; an embed line belongs before it"},
	{"input image; position learned 27", "line 1: position: 27 places are too few for a sequence of 28"},
	{"input words; lstm 4", "line 1: lstm: its input holds ids; an embed line belongs before it"},
	{"input row; gru 4", "line 1: gru: needs a sequence of rows, its input is '12'"},
	{"input clip; lstm", "line 1: lstm: a number is missing at the end of the line"},
	{"input clip; rnn 4097", "line 1: rnn: '4097' is not within 1 to 4096"},
	{"input clip; lstm 4 backwards", "line 1: lstm: unknown word 'backwards'"},
	{"input clip; lstm 4 last last", "line 1: lstm: 'last' is said twice"},
	{"input clip; lstm 4 both reverse", "line 1: lstm: 'both' includes 'reverse'"},
	{"input clip; lstm 4 dropout", "line 1: lstm: a number is missing at the end of the line"},
	{"input clip; lstm 4 recurrent_dropout 1", "line 1: lstm: '1' is not within 0 to 0.999"},
	{"input clip; lstm 4 { relu }", "line 1: lstm: takes no block"},
	{"input wide; lstm 4096", "line 1: lstm: weights of shape '16781312x16384' are too many"},
	{"last = relu", "line 1: relu: 'last' is a reserved word and cannot be a name"},
	{"input words; bag 3 pairs", "line 1: bag: a number is missing at the end of the line"},
	{"input words; bag 3 pairs 0", "line 1: bag: '0' is not within 1 to 268435456"},
	{"input words; bag 3 triples 9", "line 1: bag: unknown word 'triples'"},
	{"input row; bag 3", "line 1: bag: needs ids in a row (an i32 field with a table) as its input"},
	{"input words; embed 3 scaled", "line 1: embed: unknown word 'scaled'"},
	{"input words; conv1d 3 3", "line 1: conv1d: its input holds ids; an embed line belongs before it"},
	{"input row; conv1d 3 3", "line 1: conv1d: needs a sequence of rows, its input is '12'"},
	{"conv1d 3 3", "line 1: conv1d: needs a sequence of rows of numbers, its input has more extents"},
	{"input long; conv1d 3", "line 1: conv1d: a number is missing at the end of the line"},
	{"input long; conv1d 3 256", "line 1: conv1d: '256' is not within 1 to 255"},
	{"input long; conv1d 3 3 same causal", "line 1: conv1d: unknown word 'causal'"},
	{"input long; conv1d 3 3 dilation", "line 1: conv1d: a number is missing at the end of the line"},
	{"input long; conv1d 3 3 bias", "line 1: conv1d: 'bias' may only be followed by 'no'"},
	{"input long; conv1d 3 3 relu same", "line 1: conv1d: unknown word 'same'"},
	{"input words; e = embed 4; dense 10 tied", "line 1: dense: 'tied' needs the name of an embed line"},
	{"input words; e = embed 4; f = dense 4; dense 10 tied f", "line 1: dense: tied: no embed line is called 'f' here"},
	{"input words; e = embed 4; dense 4; dense 10 tied g", "line 1: dense: tied: no embed line is called 'g' here"},
	{"input words; e = embed 4; dense 5; dense 10 tied e",
		"line 1: dense: tied: its input has 5 numbers a row, 'e' gives 4"},
	{"input words; e = embed 4; dense 9 tied e",
		"line 1: dense: tied: 'e' embeds the ids of 'words', whose table is not the target's"},
	{"target other; input words; e = embed 4; dense classes tied e",
		"line 1: dense: tied: 'e' embeds the ids of 'words', whose table is not the target's"},
	{"input words; rmsnorm", "line 1: rmsnorm: its input holds ids; an embed line belongs before it"},
	{"input said; dense 3", "line 1: input: the field 'said' is text, not numbers"},
	{"input huge; dense 3", "line 1: input: a value of shape '1048576x1048576' is too large"},
	{"input empty; dense 3", "line 1: input: a value of shape '3x0' is empty"},
	{"target", "line 1: target: is written 'target NAME' or 'target NAME next'"},
	{"target words after", "line 1: target: is written 'target NAME' or 'target NAME next'"},
	{"target label next", "line 1: target: 'next' needs a sequence of ids, i32 of extents '*' with a table, and 'label' is none"},
	{"target word next", "line 1: target: 'next' needs a sequence of ids, i32 of extents '*' with a table, and 'word' is none"},
	{"target words; input words", "line 1: input: the table of 'words' has no entry '<end>' for the network to begin with"},
	{"target price; dense vocabulary",
		"line 1: dense: 'vocabulary' needs a target with a table, and 'price' has none"},
	{"target nobody; dense classes", "line 1: target: the data have no field 'nobody'"},
	{"target label; dense 3; target price", "line 1: target: stands on line 1 already"},
	{"repeat 1 { target label }", "line 1: target: belongs at the top, not into a block"},
	{"target price; dense classes",
		"line 1: dense: 'classes' needs a target with a table, and 'price' has none"},
	{"target none; dense classes", "line 1: dense: the table of 'none' is empty"},
	{"dense 3 classes", "line 1: dense: unknown word 'classes'"},
	{"dense 3; augment flip", "line 1: augment: belongs at the top, before the first layer"},
	{"augment", "line 1: augment: is written 'augment KIND ...'"},
	{"flatten", "no layer that computes anything"},
	{"input image", "no layer that computes anything"},
	/* Too large. */
	{"dense 16777217", "line 1: dense: '16777217' is not within 1 to 16777216"},
	{"flatten; dense 16777216", "line 1: dense: weights of shape '784x16777216' are too many"},
	{"input wide; dense 16777216", "line 1: dense: weights of shape '16777216x16777216' are too many"},
	{"input wide; conv 16777216 255x255 same",
		"line 1: conv: weights of shape '255x255x16777216x16777216' are too many"},
	{"input wide; conv 1 255x255 padding 200",
		"line 1: conv: weights of shape '255x255x16777216x1' are too many"},
	{"conv 100000 1x1; conv 100000 1x1", "line 1: conv: weights of shape '1x1x100000x100000' are too many"},
	{"conv 16777216 1x1", "line 1: conv: a value of shape '28x28x16777216' is too large"},
	{"conv 1 1x1 padding 1024; conv 1000 1x1",
		"line 1: conv: a value of shape '2076x2076x1000' is too large"},
	{"conv 1 255x255 same dilation 1024",
		"line 1: conv: its input with borders, 260124x260124x1, is too large"},
	{"input wide; repeat 9 { layernorm }", "line 1: layernorm: weights of shape '16777216' are too many"},
};

static void refusal(const char *text, const char *message)
{
	struct lep_error e = {0};
	struct lep_net *n = nets_build(text, kernels, &e);
	char want[512];

	snprintf(want, sizeof(want), "digits.net: %s", message);
	lep_net_free(n);
	CHECKF(!n, "'%s' is built", text);
	CHECKF(strcmp(e.text, want) == 0, "\t{\"%s\", \"%s\"},", text, e.text);
}

static void bad_descriptions(void)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		refusal(refused[i].text, refused[i].message);
		failed |= check_failed_here;
	}
	check_failed_here = failed;
}

static void has_param(struct lep_net *n, const char *name, int rank, int64_t last)
{
	int i = lep_net_find_param(n, name);
	const struct lep_param *p;

	CHECKF(i >= 0, "no weights '%s'", name);
	p = lep_net_param(n, (size_t)i);
	CHECKF(p->shape.rank == rank && p->shape.extent[rank - 1] == last, "shape of '%s'", name);
}

/* Every weight has a name of its own, and every named layer a value. */
static void weight_names(void)
{
	struct lep_error e;
	struct lep_net *n = nets_build("a-b_1 = conv 4 3x3 same bias no\n"
		"batchnorm relu\nconv 4 1x1\n"
		"repeat 2 { conv 4 3x3 same relu; residual { conv 4 1x1; x = conv 4 1x1 } { conv 4 1x1 } }\n"
		"residual { relu }\nr = residual { dense 4 }\nresidual { residual { conv 4 1x1 } }\n"
		"f = flatten\ndense 7 tanh\ndense 3 softmax\n", kernels, &e);
	static const char *const values[] = {"a-b_1", "batchnorm1", "conv1", "repeat1.1.conv1", "repeat1.2.residual1",
		"repeat1.2.residual1.x", "repeat1.1.residual1.shortcut.conv1", "residual1", "residual1.relu1", "r",
		"r.dense1", "residual2", "f", "dense1", "dense2"};
	struct lep_shape shape;

	CHECKF(n, "%s", e.text);
	has_param(n, "a-b_1.w", 4, 4);
	has_param(n, "batchnorm1.gamma", 1, 4);
	has_param(n, "batchnorm1.beta", 1, 4);
	has_param(n, "batchnorm1.mean", 1, 4);
	has_param(n, "batchnorm1.variance", 1, 4);
	has_param(n, "conv1.b", 1, 4);
	has_param(n, "repeat1.2.conv1.w", 4, 4);
	has_param(n, "repeat1.1.residual1.conv1.w", 4, 4);
	has_param(n, "repeat1.2.residual1.x.w", 4, 4);
	has_param(n, "repeat1.2.residual1.shortcut.conv1.b", 1, 4);
	has_param(n, "r.dense1.w", 2, 4);
	has_param(n, "residual2.residual1.conv1.w", 4, 4);
	has_param(n, "dense2.w", 2, 3);
	CHECK(lep_net_find_param(n, "a-b_1.b") < 0 && lep_net_find_param(n, "x.w") < 0);
	for (size_t i = 0; i < lep_net_params(n); i++)
		CHECKF(lep_net_find_param(n, lep_net_param(n, i)->name) == (int)i, "%s twice", lep_net_param(n, i)->name);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		CHECKF(lep_net_find_value(n, values[i]) >= 0, "no value '%s'", values[i]);
	CHECK(lep_net_find_value(n, "x") < 0 && lep_net_find_value(n, "conv3") < 0);
	/* A line's value is behind its activation. */
	lep_net_value_size(n, lep_net_find_value(n, "dense1"), &shape);
	CHECK(shape.rank == 1 && shape.extent[0] == 7);
	CHECK(strcmp(lep_net_final(n), "softmax") == 0);
	lep_net_free(n);
	n = nets_build("input image { conv 3 3x3 }\ninput row { conv = dense 3 }", kernels, &e);
	CHECK(!n);
	n = nets_build("input image { conv 3 3x3 }\ninput row { dense 3; y = dense 2 }\ndense 2", kernels, &e);
	CHECKF(n, "%s", e.text);
	has_param(n, "image.conv1.w", 4, 3);
	has_param(n, "row.dense1.w", 2, 3);
	has_param(n, "row.y.w", 2, 2);
	has_param(n, "dense1.w", 2, 2);
	lep_net_free(n);
}

static const char digits[] = "conv 32 3x3 relu; maxpool 2; conv 64 3x3 relu; maxpool 2; conv 64 3x3 relu\n"
	"flatten; dense 64 relu; dense classes softmax";

static void summary(void)
{
	static const struct {
		const char *name, *shape;
		uint64_t params, operations;
	} want[] = {
		{"conv1", "26x26x32", 320, 194688},
		{"maxpool1", "13x13x32", 0, 0},
		{"conv2", "11x11x64", 18496, 2230272},
		{"maxpool2", "5x5x64", 0, 0},
		{"conv3", "3x3x64", 36928, 331776},
		{"dense1", "64", 36928, 36864},
		{"dense2", "10", 650, 640},
	};
	struct lep_error e;
	struct lep_net *n = nets_build(digits, kernels, &e);
	uint64_t params = 0, operations = 0;
	char text[LEP_SHAPE_TEXT_MAX];

	CHECKF(n, "%s", e.text);
	CHECK(lep_net_rows(n) == sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < lep_net_rows(n); i++) {
		struct lep_net_row row;

		lep_net_row(n, i, &row);
		CHECKF(strcmp(row.name, want[i].name) == 0, "%s", row.name);
		CHECKF(strcmp(lep_shape_text(text, &row.shape, "x"), want[i].shape) == 0, "%s %s", row.name, text);
		CHECKF(row.params == want[i].params, "%s has %llu", row.name, (unsigned long long)row.params);
		CHECKF(row.operations == want[i].operations, "%s does %llu", row.name,
			(unsigned long long)row.operations);
		params += row.params;
		operations += row.operations;
	}
	CHECKF(params == 93322, "%llu", (unsigned long long)params);
	CHECKF(operations == 2794240, "%llu", (unsigned long long)operations);
	lep_net_free(n);
}

static size_t frozen(struct lep_net *n)
{
	size_t count = 0;

	for (size_t i = 0; i < lep_net_params(n); i++)
		count += lep_net_param(n, i)->frozen != 0;
	return count;
}

static void freezing(void)
{
	static const struct {
		const char *pattern;
		size_t hit, frozen;
	} cases[] = {
		{"nothing", 0, 0},
		{"conv1.*", 2, 2},
		{"*.w", 3, 3},
		{"conv[12].b", 2, 2},
		/* Of a batchnorm all or nothing. */
		{"batchnorm1.gamma", 1, 4},
		{"batchnorm*.mean", 2, 8},
		{"*", 14, 14},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lep_error e;
		struct lep_net *n = nets_build("conv 4 3x3; batchnorm; conv 4 3x3; batchnorm; dense 3", kernels, &e);

		CHECK(n);
		CHECKF(lep_net_freeze(n, cases[i].pattern) == cases[i].hit, "%s", cases[i].pattern);
		CHECKF(frozen(n) == cases[i].frozen, "%s freezes %zu", cases[i].pattern, frozen(n));
		lep_net_free(n);
	}
}

/* All values within limit of 0, and some of them near it. */
static void uniform_within(struct lep_net *n, const char *name, double limit)
{
	const struct lep_param *p = lep_net_param(n, (size_t)lep_net_find_param(n, name));
	double largest = 0, sum = 0;

	for (size_t i = 0; i < p->count; i++) {
		largest = fmax(largest, fabs((double)p->value[i]));
		sum += (double)p->value[i];
	}
	CHECKF(largest <= limit * 1.000001 && largest > 0.95 * limit, "%s: %g of %g", name, largest, limit);
	CHECKF(fabs(sum / (double)p->count) < 0.2 * limit, "%s: mean %g", name, sum / (double)p->count);
}

static void first_values(void)
{
	struct lep_error e;
	struct lep_net *n = nets_build("conv 16 3x3; conv 16 3x3 relu; flatten; dense 20 tanh; dense 20 relu; layernorm\n"
		"input word { embed 30 }", kernels, &e);
	double sum = 0, squares = 0;
	const struct lep_param *p;
	lep_real first;

	CHECKF(n, "%s", e.text);
	lep_net_init(n, 1);
	/* Glorot: 6 / (in + out); He before relu: 6 / in. */
	uniform_within(n, "conv1.w", sqrt(6.0 / (9 * 1 + 9 * 16)));
	uniform_within(n, "conv2.w", sqrt(6.0 / (9 * 16)));
	uniform_within(n, "dense1.w", sqrt(6.0 / (24 * 24 * 16 + 20)));
	uniform_within(n, "dense2.w", sqrt(6.0 / 20));
	CHECK(lep_net_param(n, (size_t)lep_net_find_param(n, "conv2.b"))->value[3] == 0);
	CHECK(lep_net_param(n, (size_t)lep_net_find_param(n, "layernorm1.gamma"))->value[3] == 1);
	CHECK(lep_net_param(n, (size_t)lep_net_find_param(n, "layernorm1.beta"))->value[3] == 0);
	p = lep_net_param(n, (size_t)lep_net_find_param(n, "word.embed1.w"));
	for (size_t i = 0; i < p->count; i++) {
		sum += (double)p->value[i];
		squares += (double)p->value[i] * (double)p->value[i];
	}
	CHECK(fabs(sum / 300) < 0.004 && fabs(sqrt(squares / 300) - 0.02) < 0.003);
	/* The same seed draws the same, another does not. */
	first = p->value[0];
	lep_net_init(n, 1);
	CHECK(p->value[0] == first);
	lep_net_init(n, 2);
	CHECK(p->value[0] != first);
	lep_net_free(n);
}

/* What the description says besides layers. */
static void said(void)
{
	struct lep_error e;
	struct lep_net *n = nets_build("augment flip\naugment shift 4\ntarget price\nconv 3 3x3\nflatten\ndense 1",
		kernels, &e);
	int line = 0;

	CHECKF(n, "%s", e.text);
	CHECK(lep_net_target(n) == 4 && lep_net_inputs(n) == 1 && lep_net_input(n, 0)->field == 0);
	CHECK(strcmp(lep_net_augment(n, 1, &line), "shift 4") == 0 && line == 2);
	CHECK(!lep_net_augment(n, 2, &line) && !lep_net_final(n));
	CHECK(strcmp(lep_net_text(n), "augment flip\naugment shift 4\ntarget price\nconv 3 3x3\nflatten\ndense 1\n") == 0);
	lep_net_free(n);
}

/* Long, deep and wide ones are no problem. */
static void many_layers(void)
{
	struct lep_buf text = {0};
	struct lep_error e;
	struct lep_net *n;

	for (int i = 0; i < 700; i++)
		lep_buf_adds(&text, "dense 4 tanh\n");
	n = nets_build(text.data, kernels, &e);
	CHECKF(n, "%s", e.text);
	CHECK(lep_net_rows(n) == 700 && lep_net_find_param(n, "dense700.w") >= 0);
	lep_net_free(n);
	lep_buf_release(&text);
	n = nets_build("repeat 100 { repeat 50 { relu } }", kernels, &e);
	CHECKF(n, "%s", e.text);
	CHECK(lep_net_rows(n) == 5000 && lep_net_find_value(n, "repeat1.100.repeat1.50.relu1") >= 0);
	lep_net_free(n);
}

/* Valid descriptions with words, bytes and lines changed: built or refused with
 * a message, never anything else. */
static void mutations(void)
{
	static const char *const valid[] = {
		digits,
		"augment flip; conv 8 3x3 same bias no; batchnorm relu\nresidual { conv 8 3x3 same } { conv 8 1x1 }\n"
		"maxpool 3 stride 2 padding 1; globalavgpool; dense classes",
		"input word { e = embed 6; layernorm; residual { dense 6 gelu } }\nflatten; dropout 0.5; dense 1 sigmoid",
		"target price\nrepeat 3 { conv 4 3x3 depthwise stride 1 dilation 1 padding 1; elu alpha 0.5 }\nflatten; dense 1",
		"input image { conv 4 5x5; m = maxpool 4; flatten; dense 4 }; input row { dense 4 }; input words { embed 4 }\n"
		"fuse gate image row; a = fuse bilinear 3 words row; fuse concat a words row; pool max; dense classes",
	};
	static const char *const words[] = {"0", "1", "-1", "3x3", "99999999999", "relu", "same", "stride", "{", "}", ";",
		"=", "classes", "conv", "repeat 3 {", "residual {", "flatten", "input row", "target label", "dense", "a =",
		"embed 3", "\n", "#", "0.5", "16777216", "padding 200", "groups", "255", "fuse", "sum", "fuse max", "image", "row", "words", "softmax", "batchnorm", "\x01"};
	int built = 0, bad = 0;

	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		struct lep_error e;
		struct lep_net *n = nets_build(valid[i], kernels, &e);

		CHECKF(n, "%s", e.text);
		lep_net_free(n);
	}
	for (uint64_t round = 0; round < 4000; round++) {
		char text[1024];
		struct lep_error e = {0};
		struct lep_net *n;
		size_t len;

		snprintf(text, sizeof(text), "%s", valid[round % 5]);
		for (uint64_t k = 0; k < 1 + round % 3; k++) {
			uint32_t r[4];
			const char *word;
			size_t at, cut;
			char rest[1024];

			lep_random_block(r, 5, LEP_RANDOM_SAMPLE, round, k);
			len = strlen(text);
			at = r[0] % (len + 1);
			cut = r[1] % 8;
			word = words[r[2] % (sizeof(words) / sizeof(words[0]))];
			snprintf(rest, sizeof(rest), "%s", text + (at + cut < len ? at + cut : len));
			snprintf(text + at, sizeof(text) - at, r[3] % 2 ? " %s %s" : "%s%s", r[3] % 3 ? word : "", rest);
		}
		n = nets_build(text, kernels, &e);
		built += n != NULL;
		bad += !n;
		CHECKF(n || strncmp(e.text, "digits.net: ", 12) == 0, "'%s' says '%s'", text, e.text);
		lep_net_free(n);
	}
	CHECKF(built > 50 && bad > 2000, "%d built, %d refused", built, bad);
}

int main(void)
{
	kernels = lep_kernels_select(NULL, NULL);
	RUN(bad_descriptions);
	RUN(weight_names);
	RUN(summary);
	RUN(freezing);
	RUN(first_values);
	RUN(said);
	RUN(many_layers);
	RUN(mutations);
	return CHECK_END();
}
