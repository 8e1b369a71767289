/*
 * Every layer's gradients against central differences, in double: the sources
 * of nn/ and of the portable kernels compiled a second time with -DLEP_DOUBLE.
 * The loss is sum c_i y_i with fixed c; analytic and numeric gradient of each
 * parameter and input agree within 1e-6 of the array's largest value.
 */
#include <math.h>
#include <string.h>

#include "../unit/check.h"
#include "../unit/ragged.h"
#include "base/random.h"
#include "nn/net.h"

#define STEP 1e-6
#define TOLERANCE 1e-6
#define SEED 11

#define PICTURE {.rank = 3, .extent = {5, 6, 4}}
#define SMALL {.rank = 3, .extent = {3, 4, 2}}
#define ROWS {.rank = 3, .extent = {2, 3, 7}}
#define VECTOR {.rank = 1, .extent = {18}}
/* Sequences of rows: of these lengths, one behind the other, and two of the same length. */
#define SEQUENCE {.rank = 2, .extent = {LEP_VARIES, 7}}
#define NUMBERS {.rank = 1, .extent = {LEP_VARIES}}
#define FIXED {.rank = 2, .extent = {5, 7}}
#define LONG {.rank = 2, .extent = {110, 4}}

static const int32_t lengths[] = {3, 0, 5, 1, 2, 2, 4, 1, 1, 3, 2, 1, 0, 4, 2, 1, 3, 2};

static const struct gradient_case {
	const char *net;
	struct lep_shape shape;
	const char *freeze;
	int samples;
} cases[] = {
	{"conv 5 3x3", PICTURE, NULL, 3},
	{"conv 5 3x3 same", PICTURE, NULL, 3},
	{"conv 5 2x4 same", PICTURE, NULL, 3},
	{"conv 5 3x2 relu", PICTURE, NULL, 3},
	{"conv 5 3x3 same relu", PICTURE, NULL, 3},
	{"conv 5 3x3 stride 2", PICTURE, NULL, 3},
	{"conv 5 3x3 same stride 2 relu", PICTURE, NULL, 3},
	{"conv 5 3x3 padding 2 stride 3", PICTURE, NULL, 3},
	{"conv 3 2x3 dilation 2", PICTURE, NULL, 3},
	{"conv 3 3x3 same dilation 2 relu", PICTURE, NULL, 3},
	{"conv 6 3x3 groups 2", PICTURE, NULL, 3},
	{"conv 6 3x3 same groups 2 stride 2 dilation 2 relu", PICTURE, NULL, 3},
	{"conv 8 3x3 groups 4", PICTURE, NULL, 3},
	{"conv 4 3x3 depthwise", PICTURE, NULL, 3},
	{"conv 4 3x3 same depthwise relu", PICTURE, NULL, 3},
	{"conv 4 3x2 depthwise stride 2 dilation 2 bias no", PICTURE, NULL, 3},
	{"conv 17 1x1", PICTURE, NULL, 3},
	{"conv 3 1x1 stride 2 bias no", PICTURE, NULL, 3},
	{"conv 5 3x3 bias no relu", PICTURE, NULL, 3},
	{"conv 5 5x6", PICTURE, NULL, 3},
	{"conv 3 3x3 sigmoid", PICTURE, NULL, 3},
	{"conv 3 3x3 leaky_relu slope 0.2", PICTURE, NULL, 3},
	{"conv 3 3x3 softmax; flatten", PICTURE, NULL, 3},
	/* Run together with the pool, or not, where its windows overlap or others read too. */
	{"conv 5 3x3 relu; maxpool 2", PICTURE, NULL, 3},
	{"conv 5 3x3 same relu; maxpool 2; conv 3 1x2", SMALL, NULL, 17},
	{"conv 5 3x3 same; maxpool 2x3 stride 3 padding 1", PICTURE, NULL, 3},
	{"conv 6 3x3 same groups 2 relu; maxpool 2 same", PICTURE, NULL, 3},
	{"conv 5 3x3 same stride 2 relu; maxpool 2 padding 1; flatten; dense 3", PICTURE, NULL, 3},
	{"conv 5 3x3 same relu; maxpool 3 stride 2 same", PICTURE, NULL, 3},
	{"conv 4 3x3 same relu; residual { maxpool 1; conv 4 1x1 }", PICTURE, NULL, 3},
	{"residual { conv 4 3x3 same relu; maxpool 1 }", PICTURE, NULL, 3},
	{"conv 4 3x3 same bias no; batchnorm; conv 5 3x3 same relu; maxpool 2; batchnorm", SMALL, NULL, 17},
	{"conv 5 3x3 relu; maxpool 2; conv 2 1x1", PICTURE, "conv1.w", 3},
	{"conv 3 3x3 same relu; conv 3 2x2 tanh; maxpool 2; flatten; dense 3", SMALL, NULL, 17},
	{"dense 7", VECTOR, NULL, 3},
	{"dense 7 relu", VECTOR, NULL, 3},
	{"dense 7 bias no", VECTOR, NULL, 3},
	{"dense 7 bias no relu", VECTOR, NULL, 3},
	{"dense 4", ROWS, NULL, 3},
	{"dense 4 relu", ROWS, NULL, 3},
	{"dense 4 gelu", ROWS, NULL, 3},
	{"dense 50 tanh; dense 3", VECTOR, NULL, 20},
	{"maxpool 2", PICTURE, NULL, 3},
	{"maxpool 3 stride 1", PICTURE, NULL, 3},
	{"maxpool 3x2 stride 2 padding 1", PICTURE, NULL, 3},
	{"maxpool 3 stride 2 same", PICTURE, NULL, 3},
	{"avgpool 2", PICTURE, NULL, 3},
	{"avgpool 3 stride 1", PICTURE, NULL, 3},
	{"avgpool 3x2 stride 2 padding 1", PICTURE, NULL, 3},
	{"avgpool 4 stride 2 same", PICTURE, NULL, 3},
	{"globalmaxpool", PICTURE, NULL, 3},
	{"globalavgpool", PICTURE, NULL, 3},
	{"flatten; dense 3", PICTURE, NULL, 3},
	{"batchnorm", PICTURE, NULL, 3},
	{"batchnorm", VECTOR, NULL, 5},
	{"batchnorm relu", PICTURE, NULL, 3},
	{"batchnorm tanh", ROWS, NULL, 3},
	{"batchnorm; conv 3 3x3 bias no; batchnorm relu; conv 2 3x3", PICTURE, NULL, 4},
	{"batchnorm relu; dense 3", SMALL, NULL, 19},
	{"conv 3 3x3; batchnorm", PICTURE, NULL, 3},
	{"layernorm", VECTOR, NULL, 3},
	{"layernorm", ROWS, NULL, 3},
	{"layernorm; dense 5 silu; layernorm", ROWS, NULL, 3},
	{"dropout 0.4", ROWS, NULL, 3},
	{"dropout 0; dense 3", VECTOR, NULL, 3},
	{"dense 20; dropout 0.5; dense 3", VECTOR, NULL, 18},
	{"relu", ROWS, NULL, 3},
	{"leaky_relu", ROWS, NULL, 3},
	{"leaky_relu slope 0.3", ROWS, NULL, 3},
	{"elu", ROWS, NULL, 3},
	{"elu alpha 0.4", ROWS, NULL, 3},
	{"sigmoid; flatten", ROWS, NULL, 3},
	{"tanh", ROWS, NULL, 3},
	{"gelu", ROWS, NULL, 3},
	{"silu", ROWS, NULL, 3},
	{"softplus", ROWS, NULL, 3},
	{"softmax; flatten", ROWS, NULL, 3},
	{"softmax; flatten", VECTOR, NULL, 3},
	{"dense 4 softmax", VECTOR, NULL, 3},
	{"dense 1 sigmoid", VECTOR, NULL, 3},
	/* Sequences. */
	{"dense 4", SEQUENCE, NULL, 4},
	{"dense 4 relu; dense 3 tanh", SEQUENCE, NULL, 18},
	{"dense 4 gelu; layernorm", NUMBERS, NULL, 4},
	{"layernorm", SEQUENCE, NULL, 4},
	{"rmsnorm", SEQUENCE, NULL, 4},
	{"rmsnorm", ROWS, NULL, 3},
	{"rmsnorm; dense 3; rmsnorm", VECTOR, NULL, 3},
	{"batchnorm; dense 3", SEQUENCE, NULL, 4},
	{"batchnorm relu; dense 3", SEQUENCE, NULL, 18},
	{"dropout 0.4", SEQUENCE, NULL, 4},
	{"dense 20; dropout 0.5; dense 3", SEQUENCE, NULL, 18},
	{"softmax; dense 2", SEQUENCE, NULL, 4},
	{"silu", SEQUENCE, NULL, 4},
	{"residual { layernorm; dense 7 gelu; dropout 0.2 }; dense 2", SEQUENCE, NULL, 4},
	{"residual { rmsnorm }", SEQUENCE, NULL, 4},
	{"residual { rmsnorm }", ROWS, NULL, 3},
	{"residual { position learned 9 }", SEQUENCE, NULL, 4},
	{"residual { position sinusoidal } { dense 7 }", SEQUENCE, NULL, 4},
	{"position learned 5; dense 3 tanh", SEQUENCE, NULL, 18},
	{"position learned 40; dense 3 tanh", SEQUENCE, "*.b", 4},
	{"position learned 5; dense 3 tanh", FIXED, NULL, 3},
	{"position sinusoidal; dense 3 tanh", SEQUENCE, NULL, 4},
	{"position sinusoidal; dense 3 tanh", FIXED, NULL, 3},
	{"conv1d 5 3", SEQUENCE, NULL, 4},
	{"conv1d 5 1", SEQUENCE, NULL, 4},
	{"conv1d 5 4 relu", SEQUENCE, NULL, 18},
	{"conv1d 3 7 causal tanh", SEQUENCE, NULL, 4},
	{"conv1d 3 3 dilation 2", SEQUENCE, NULL, 18},
	{"conv1d 3 2 causal dilation 3 bias no tanh", NUMBERS, NULL, 4},
	{"conv1d 3 2 causal dilation 3 bias no relu", SEQUENCE, NULL, 4},
	{"conv1d 5 3 relu", FIXED, NULL, 3},
	{"conv1d 5 4 causal dilation 2; conv1d 2 3", FIXED, NULL, 17},
	{"conv1d 5 3; conv1d 2 3", SEQUENCE, "conv1d2.w", 4},
	{"residual { conv1d 7 3 same gelu }", SEQUENCE, NULL, 4},
	{"residual { conv1d 7 3 causal relu }", SEQUENCE, NULL, 18},
	{"pool mean", SEQUENCE, NULL, 4},
	{"pool max", SEQUENCE, NULL, 4},
	{"pool first", SEQUENCE, NULL, 4},
	{"pool last", SEQUENCE, NULL, 4},
	{"dense 5 tanh; pool mean; dense 3", SEQUENCE, NULL, 18},
	{"dense 5 tanh; pool max; dense 3", SEQUENCE, NULL, 18},
	{"pool mean", FIXED, NULL, 3},
	{"pool max", FIXED, NULL, 3},
	{"pool last; dense 2", FIXED, NULL, 3},
	{"residual { pool mean } { pool max }", SEQUENCE, NULL, 4},
	{"residual { pool max } { pool last }", SEQUENCE, NULL, 4},
	{"residual { pool last } { pool first }", SEQUENCE, NULL, 4},
	{"residual { pool first } { pool mean }", SEQUENCE, NULL, 4},
	/* Recurrent. */
	{"rnn 5", SEQUENCE, NULL, 4},
	{"rnn 5 reverse last", SEQUENCE, NULL, 4},
	{"rnn 3 both dropout 0.3 recurrent_dropout 0.4", SEQUENCE, NULL, 18},
	{"lstm 5", SEQUENCE, NULL, 4},
	{"lstm 5 reverse", SEQUENCE, NULL, 4},
	{"lstm 3 both", SEQUENCE, NULL, 4},
	{"lstm 5 last", SEQUENCE, NULL, 4},
	{"lstm 5 reverse last", SEQUENCE, NULL, 4},
	{"lstm 3 both last; dense 2", SEQUENCE, NULL, 18},
	{"lstm 5 dropout 0.4", SEQUENCE, NULL, 4},
	{"lstm 5 recurrent_dropout 0.4", SEQUENCE, NULL, 4},
	{"lstm 3 both last dropout 0.2 recurrent_dropout 0.2", SEQUENCE, NULL, 18},
	{"lstm 17 last", NUMBERS, NULL, 4},
	{"lstm 5", FIXED, NULL, 3},
	{"lstm 3 both last dropout 0.5", FIXED, NULL, 3},
	{"lstm 4; lstm 3 both; lstm 2 last", SEQUENCE, NULL, 4},
	{"lstm 4 last; dense 2", SEQUENCE, "lstm1.u", 4},
	{"lstm 4 last; dense 2", SEQUENCE, "lstm1.*", 4},
	{"gru 5", SEQUENCE, NULL, 4},
	{"gru 5 reverse last", SEQUENCE, NULL, 4},
	{"gru 3 both", SEQUENCE, NULL, 18},
	{"gru 5 recurrent_dropout 0.4", SEQUENCE, NULL, 4},
	{"gru 3 both last dropout 0.2 recurrent_dropout 0.2", SEQUENCE, NULL, 4},
	{"gru 5 last", FIXED, NULL, 3},
	{"residual { lstm 7 }", SEQUENCE, NULL, 4},
	{"residual { lstm 7 dropout 0.3 } { gru 7 dropout 0.3 recurrent_dropout 0.2 }", SEQUENCE, NULL, 4},
	{"residual { rnn 4 both } { lstm 4 both }; gru 2 both last", SEQUENCE, NULL, 18},
	{"attention 7", SEQUENCE, NULL, 4},
	{"attention 1", SEQUENCE, NULL, 18},
	{"dense 6; attention 3 causal", SEQUENCE, NULL, 18},
	{"dense 8; attention 2 causal rotary", SEQUENCE, NULL, 4},
	{"dense 6; attention 2 dropout 0.4", SEQUENCE, NULL, 4},
	{"dense 6; attention 2 causal dropout 0.3", SEQUENCE, NULL, 18},
	{"attention 7 causal", FIXED, NULL, 3},
	{"attention 1; dense 3", FIXED, NULL, 18},
	{"m = dense 5 tanh; dense 6; attention 2 from m", SEQUENCE, NULL, 4},
	{"m = dense 5 tanh; dense 6; attention 2 from m dropout 0.2; residual { attention 3 from m }", FIXED, NULL, 3},
	/* Longer than the bands and chunks that queries are cut into. */
	{"attention 2 causal", LONG, NULL, 1},
	{"attention 1 rotary dropout 0.3", LONG, NULL, 1},
	{"attention 4 causal dropout 0.3", LONG, NULL, 1},
	{"dense 6; attention 2; dense 3", SEQUENCE, "attention1.w[kv]", 4},
	{"dense 6; encoder 2 9", SEQUENCE, NULL, 4},
	{"dense 6; encoder 2 9 norm after dropout 0.2 gelu", SEQUENCE, NULL, 4},
	{"dense 4; encoder 2 5 causal rotary leaky_relu slope 0.2; decoder 2 3 norm before", SEQUENCE, NULL, 4},
	{"m = dense 5 tanh; dense 6; decoder 3 7 from m dropout 0.1", SEQUENCE, NULL, 4},
	{"m = dense 5 tanh; dense 6; repeat 2 { decoder 3 4 from m norm after silu }", FIXED, NULL, 2},
	{"m = dense 5 tanh; dense 3; gate from m", SEQUENCE, NULL, 4},
	{"m = dense 5 tanh; dense 3; gate from m", FIXED, NULL, 3},
	{"m = dense 5 tanh; pool mean; gate from m", SEQUENCE, NULL, 4},
	{"m = dense 5 tanh; pool mean; gate from m", FIXED, NULL, 18},
	{"m = dense 5; dense 3 tanh; gate from m", VECTOR, NULL, 3},
	{"m = pool mean; gate from m; gate from m", SEQUENCE, NULL, 4},
	{"m = flatten rows; dense 6; attention 2 from m; dense 2", SMALL, NULL, 3},
	{"m = conv 3 2x2 relu; flatten rows; dense 6; attention 2 from m; dense 2", SMALL, NULL, 3},
	/* Vectors, sequences, fixed rows, and one vector for all rows of the others. */
	{"a = dense 5 tanh; dense 4; c = dense 3 tanh; fuse concat a c; dense 2", VECTOR, NULL, 18},
	{"a = dense 5; b = dense 3 tanh; fuse concat a b a", SEQUENCE, NULL, 4},
	{"a = dense 5; b = dense 3 tanh; v = pool max; fuse concat b v a", SEQUENCE, NULL, 4},
	{"a = dense 5; b = dense 3; v = pool max; fuse concat v b v; dense 2", FIXED, NULL, 3},
	{"a = dense 5; b = dense 5 tanh; c = dense 5; v = pool mean; fuse sum a b c v a", SEQUENCE, NULL, 18},
	{"a = dense 5; b = dense 5 tanh; c = dense 5; v = pool mean; fuse mean v a b; dense 2", SEQUENCE, NULL, 4},
	{"a = conv 3 2x2; b = conv 3 2x2 same tanh; v = globalavgpool; fuse product a b v", SMALL, NULL, 3},
	{"a = dense 5; b = dense 5 tanh; v = pool mean; fuse product v a b v; dense 2", SEQUENCE, NULL, 4},
	{"a = dense 5; b = dense 5 tanh; fuse product a b; dense 2", VECTOR, NULL, 3},
	{"a = dense 5; fuse product a a", VECTOR, NULL, 3},
	{"a = dense 5; b = dense 5 tanh; c = dense 5; v = pool mean; fuse max v a b c; dense 2", SEQUENCE, NULL, 4},
	{"a = dense 5; b = dense 5 tanh; fuse max a b", FIXED, NULL, 3},
	{"a = dense 5; b = dense 1 tanh; v = pool mean; fuse product a b v", SEQUENCE, NULL, 4},
	{"a = dense 5; b = dense 5; c = pool mean; c1 = dense 1 tanh; fuse product c1 a b; dense 2", SEQUENCE, NULL, 4},
	{"a = dense 5; b = dense 1 tanh; c = dense 5; fuse max a b c; dense 2", VECTOR, NULL, 3},
	{"a = dense 1; b = dense 5 tanh; fuse mean a b; fuse1b = dense 5; fuse sum fuse1b a a", VECTOR, NULL, 3},
	{"a = dense 5 tanh; b = dense 3 tanh; fuse gate a b", VECTOR, NULL, 3},
	{"a = conv 3 2x2 tanh; b = globalavgpool; fuse gate a b", SMALL, NULL, 3},
	{"a = dense 5 tanh; b = pool mean; fuse gate b a; fuse gate a b", SEQUENCE, NULL, 4},
	{"a = dense 5 tanh; b = dense 3 tanh; fuse bilinear 4 a b; dense 2", VECTOR, NULL, 3},
	{"a = dense 5 tanh; b = pool mean; fuse bilinear 4 a b; dense 2", SEQUENCE, NULL, 4},
	{"a = dense 5 tanh; b = pool mean; fuse bilinear 4 a b; dense 2", SEQUENCE, "fuse1.[ub]*", 4},
	/* Values that more than one operation reads: their gradients add up. */
	{"residual {}", ROWS, NULL, 3},
	{"residual { relu }", ROWS, NULL, 3},
	{"residual { leaky_relu slope 0.2 }", ROWS, NULL, 3},
	{"residual { elu }", ROWS, NULL, 3},
	{"residual { sigmoid }", ROWS, NULL, 3},
	{"residual { tanh }", ROWS, NULL, 3},
	{"residual { gelu }", ROWS, NULL, 3},
	{"residual { silu }", ROWS, NULL, 3},
	{"residual { softplus }", ROWS, NULL, 3},
	{"residual { softmax }", ROWS, NULL, 3},
	{"residual { dropout 0.3 }", ROWS, NULL, 3},
	{"residual { layernorm }", ROWS, NULL, 3},
	{"residual { batchnorm }", PICTURE, NULL, 3},
	{"residual { batchnorm relu }", PICTURE, NULL, 3},
	{"residual { dense 7 }", ROWS, NULL, 3},
	{"residual { dense 18 relu }", VECTOR, NULL, 3},
	{"residual { conv 4 3x3 same }", PICTURE, NULL, 3},
	{"residual { conv 4 1x1 relu }", PICTURE, NULL, 3},
	{"residual { conv 4 3x3 same depthwise }", PICTURE, NULL, 3},
	{"residual { conv 4 3x3 depthwise relu } { conv 4 3x3 depthwise }", PICTURE, NULL, 3},
	{"residual { conv 3 3x3 stride 2 } { conv 3 3x3 stride 2 relu }", PICTURE, NULL, 3},
	{"residual { conv 6 3x3 groups 2 stride 2 } { avgpool 3 stride 2; conv 6 1x1 }", PICTURE, NULL, 3},
	{"residual { maxpool 3 stride 1 same }", PICTURE, NULL, 3},
	{"residual { avgpool 3 stride 1 same }", PICTURE, NULL, 3},
	{"residual { globalavgpool } { globalmaxpool }", PICTURE, NULL, 3},
	{"residual { globalmaxpool } { globalavgpool }", PICTURE, NULL, 3},
	{"residual { flatten; dense 3 } { flatten; dense 3 tanh }", PICTURE, NULL, 3},
	{"residual { residual { dense 18 tanh } } { residual { sigmoid } { dense 18 relu } }", VECTOR, NULL, 3},
	{"conv 3 3x3 same bias no; batchnorm relu\n"
		"residual { conv 3 3x3 same bias no; batchnorm relu; conv 3 3x3 same bias no; batchnorm }; relu\n"
		"residual { conv 4 3x3 same stride 2 bias no; batchnorm } { conv 4 1x1 stride 2 bias no; batchnorm }\n"
		"relu; globalavgpool; dense 3", PICTURE, NULL, 4},
	{"repeat 3 { residual { layernorm; dense 7 gelu } }; flatten; dense 2", ROWS, NULL, 3},
	{"repeat 2 { repeat 2 { dense 18 elu } }", VECTOR, NULL, 3},
	/* What is frozen passes its gradient on all the same. */
	{"conv 3 3x3; batchnorm relu; conv 2 2x2", PICTURE, "batchnorm1.*", 3},
	{"residual { batchnorm }; conv 3 3x3", PICTURE, "*.mean", 3},
	{"conv 3 3x3 relu; conv 4 3x3 groups 1 relu; flatten; dense 2", PICTURE, "conv2.*", 3},
	{"dense 5 relu; dense 4; dense 3", VECTOR, "dense[12].w", 3},
};

static double uniform(uint64_t what, uint64_t i)
{
	return (double)lep_random_uniform(SEED, LEP_RANDOM_SAMPLE, what, i);
}

/* Evenly spaced values in random order, none near 0 and no two alike: away
 * from the kinks of relu and of the maximum. */
static void spread(lep_real *x, size_t n)
{
	uint64_t order[1024];

	for (size_t i = 0; i < n; i++)
		order[i] = i;
	lep_random_shuffle(order, n, SEED, LEP_RANDOM_SHUFFLE, 0);
	for (size_t i = 0; i < n; i++)
		x[i] = 3 * (((double)order[i] + 0.5) / (double)n - 0.5);
}

struct run {
	struct lep_net *net;
	struct lep_exec *x;
	struct lep_threads *pool;
	size_t samples;
	double largest;           /* of all gradients */
};

static double weight(size_t i)
{
	return 2 * uniform(1000, i) - 1;
}

/* Reals of a value before sample s. */
static size_t reals(const struct run *r, int value, size_t s)
{
	return lep_exec_row(r->x, value, s) * lep_net_value_size(r->net, value, NULL);
}

static void give_gradient(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	const struct run *r = ctx;
	int out = lep_net_logits_value(r->net);

	(void)thread;
	for (size_t i = reals(r, out, first); i < reals(r, out, first + count); i++)
		lep_exec_logits_grad(x)[i] = weight(i);
}

static double loss(struct run *r)
{
	static const struct lep_step_info info = {.seed = SEED, .step = 3};
	double sum = 0;

	lep_net_prepare(r->net, r->pool, 1);
	lep_exec_train_forward(r->x, r->pool, r->samples, &info);
	for (size_t i = 0; i < reals(r, lep_net_logits_value(r->net), r->samples); i++)
		sum += weight(i) * lep_exec_logits(r->x)[i];
	return sum;
}

/* One array: its values, which are moved and put back, and its gradient. */
static void compare(struct run *r, const char *name, lep_real *value, const lep_real *grad, size_t n)
{
	double worst = 0, largest = 0;
	size_t where = 0;

	for (size_t i = 0; i < n; i++) {
		lep_real before = value[i];
		double up, numeric, d;

		value[i] = before + STEP;
		up = loss(r);
		value[i] = before - STEP;
		numeric = (up - loss(r)) / ((before + STEP) - (before - STEP));
		value[i] = before;
		d = fabs(numeric - grad[i]);
		if (!(d <= worst)) {
			worst = d;
			where = i;
		}
		largest = fabs(grad[i]) > largest ? fabs(grad[i]) : largest;
	}
	/* A gradient that is zero by nature, as of a bias before batchnorm, has
	 * no largest value but its rounding. */
	if (largest < 1e-9 * r->largest)
		largest = r->largest;
	CHECKF(worst <= TOLERANCE * largest, "%s[%zu] is off by %g of %g", name, where, worst, largest);
}

static double largest_of(const lep_real *g, size_t n, double so_far)
{
	for (size_t i = 0; i < n; i++)
		so_far = fabs(g[i]) > so_far ? fabs(g[i]) : so_far;
	return so_far;
}

static void fill_params(struct lep_net *n)
{
	for (size_t i = 0; i < lep_net_params(n); i++) {
		struct lep_param *p = lep_net_param(n, i);
		const char *suffix = strrchr(p->name, '.');
		int positive = strcmp(suffix, ".gamma") == 0 || strcmp(suffix, ".variance") == 0;

		for (size_t k = 0; k < p->count; k++)
			p->value[k] = positive ? 0.5 + uniform(i, k) : 1.2 * uniform(i, k) - 0.6;
	}
}

static void check_all(struct run *r)
{
	static const struct lep_step_info info = {.seed = SEED, .step = 3};
	size_t size = 0;
	lep_real *copy;

	fill_params(r->net);
	lep_net_prepare(r->net, r->pool, 1);
	lep_exec_train(r->x, r->pool, r->samples, &info, NULL, give_gradient, r);
	for (size_t i = 0; i < lep_net_params(r->net); i++) {
		const struct lep_param *p = lep_net_param(r->net, i);

		if (p->trained && !p->frozen)
			r->largest = largest_of(p->grad, p->count, r->largest);
	}
	for (size_t i = 0; i < lep_net_inputs(r->net); i++)
		if (!lep_net_input(r->net, i)->ids) {
			size = reals(r, lep_net_input_value(r->net, i), r->samples);
			r->largest = largest_of(lep_exec_input_grad(r->x, i), size, r->largest);
		}
	CHECK(r->largest > 0);
	for (size_t i = 0; i < lep_net_params(r->net) && !check_failed_here; i++) {
		const struct lep_param *p = lep_net_param(r->net, i);

		if (p->trained && !p->frozen)
			compare(r, p->name, p->value, p->grad, p->count);
	}
	for (size_t i = 0; i < lep_net_inputs(r->net) && !check_failed_here; i++) {
		if (lep_net_input(r->net, i)->ids)
			continue;
		/* The gradient may lie where a forward pass writes nothing, but that is not promised. */
		size = reals(r, lep_net_input_value(r->net, i), r->samples);
		copy = lep_alloc(size, sizeof(*copy));
		CHECK(copy);
		memcpy(copy, lep_exec_input_grad(r->x, i), size * sizeof(*copy));
		compare(r, lep_net_input(r->net, i)->name, lep_exec_input(r->x, i), copy, size);
		lep_free(copy);
	}
}

static int set_up(struct run *r, const char *net, const struct lep_field *fields, size_t nfields, int samples)
{
	struct lep_net_options o = {.input_gradients = 1};
	struct lep_error e;

	r->samples = (size_t)samples;
	if (lep_net_new(&r->net, net, "t", fields, nfields, &o, lep_kernels_select(NULL, NULL), &e)) {
		printf("# %s\n", e.text);
		return -1;
	}
	return 0;
}

static int start(struct run *r)
{
	/* The output is one of logits: a final softmax or sigmoid is the loss's. */
	if (lep_threads_new(&r->pool, 1, NULL) || lep_exec_new(&r->x, r->net, r->samples, 1, 1, NULL))
		return -1;
	if (ragged_lengths(r->x, r->net, lengths, r->samples))
		return -1;
	for (size_t i = 0; i < lep_net_inputs(r->net); i++)
		if (!lep_net_input(r->net, i)->ids)
			spread(lep_exec_input(r->x, i), reals(r, lep_net_input_value(r->net, i), r->samples));
	return 0;
}

static void finish(struct run *r)
{
	lep_exec_free(r->x);
	lep_net_free(r->net);
	lep_threads_free(r->pool);
}

static void one_case(const struct gradient_case *c)
{
	struct lep_field field = {.name = (char *)(uintptr_t)"x", .role = LEP_ROLE_INPUT, .dtype = LEP_F32,
		.shape = c->shape};
	struct run r = {0};

	CHECK(set_up(&r, c->net, &field, 1, c->samples) == 0);
	if (c->freeze)
		CHECK(lep_net_freeze(r.net, c->freeze) > 0);
	CHECK(start(&r) == 0);
	check_all(&r);
	finish(&r);
}

/* Ids: those that repeat add up, -1 adds nothing. */
static void embed(void)
{
	static const int32_t ids[] = {2, 0, -1, 2, 5, 2, 3, 3, 1};
	struct lep_table table = {.n = 6};
	struct lep_field field = {.name = (char *)(uintptr_t)"x", .role = LEP_ROLE_INPUT, .dtype = LEP_I32,
		.shape = {.rank = 1, .extent = {3}}, .table = &table};
	struct run r = {0};

	CHECK(set_up(&r, "embed 4; dense 3 tanh; flatten; dense 2", &field, 1, 3) == 0 && start(&r) == 0);
	memcpy(lep_exec_input_ids(r.x, 0), ids, sizeof(ids));
	check_all(&r);
	finish(&r);
}

/* Ids of varying number, one text empty. */
static void text_case(const char *net, const char *freeze)
{
	static char names[6][2] = {"a", "b", "c", "d", "e", "f"};
	static char *entries[] = {names[0], names[1], names[2], names[3], names[4], names[5]};
	static size_t ones[] = {1, 1, 1, 1, 1, 1};
	static const int32_t ids[] = {2, 0, -1, 2, 5, 2, 3, 3, 1};
	struct lep_table table = {.n = 6, .entry = entries, .length = ones};
	struct lep_field field = {.name = (char *)(uintptr_t)"x", .role = LEP_ROLE_INPUT, .dtype = LEP_I32,
		.shape = {.rank = 1, .extent = {LEP_VARIES}}, .table = &table};
	struct run r = {0};

	CHECK(set_up(&r, net, &field, 1, 4) == 0);
	if (freeze)
		CHECK(lep_net_freeze(r.net, freeze) > 0);
	CHECK(start(&r) == 0);
	memcpy(lep_exec_input_ids(r.x, 0), ids, sizeof(ids));
	check_all(&r);
	finish(&r);
}

static void texts(void)
{
	static const struct {
		const char *net, *freeze;
	} nets[] = {
		{"embed 4; dense 3 tanh; pool mean; dense 2", NULL},
		{"embed 4 scale; dense 3 tanh; pool max", NULL},
		{"bag 4; dense 3 tanh; dense 2", NULL},
		{"bag 4 pairs 5; dense 3 tanh; dense 2", NULL},
		{"bag 4 pairs 50; dense 3 tanh; dense 2", "bag1.w"},
		{"bag 4 pairs 50; dense 3 tanh; dense 2", "bag1.pairs"},
		{"e = embed 4; dense 4 tanh; dense 6 tied e", NULL},
		{"e = embed 4 scale; dense 4 tanh; dense 6 tied e bias no softmax; dense 2", NULL},
		{"e = embed 4; residual { dense 4 gelu }; pool mean; dense 6 tied e tanh; dense 3", NULL},
		{"e = embed 4; dense 6 tied e tanh; dense 4; dense 6 tied e", NULL},
		{"e = embed 4; dense 4 tanh; dense 6 tied e", "e.w"},
	};

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]) && !check_failed_here; i++) {
		printf("# %s\n", nets[i].net);
		text_case(nets[i].net, nets[i].freeze);
	}
}

/* Two inputs' branches, fused; in the first the last one is the output, the other learns nothing. */
static void two_inputs(void)
{
	struct lep_field fields[] = {
		{.name = (char *)(uintptr_t)"image", .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = PICTURE},
		{.name = (char *)(uintptr_t)"more", .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = VECTOR},
	};
	static const char *const ends[] = {"dense 3", "fuse concat image more; dense 3", "fuse gate image more",
		"fuse product more image; dense 3", "fuse bilinear 5 image more; dense 3"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) && !check_failed_here; i++) {
		struct run r = {0};
		char net[256];

		snprintf(net, sizeof(net), "input image { conv 3 3x3 relu; maxpool 2; flatten; dense 4 relu }\n"
			"input more { dense 4 tanh }\n%s", ends[i]);
		CHECK(set_up(&r, net, fields, 2, 3) == 0 && start(&r) == 0);
		check_all(&r);
		finish(&r);
	}
}

/* Two sequences of lengths of their own, either empty or one where the other is not. */
static void two_sequences(const char *net)
{
	static const size_t memory[] = {2, 4, 0, 3, 0}, text[] = {3, 0, 2, 1, 0};
	struct lep_field fields[] = {
		{.name = (char *)(uintptr_t)"memory", .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = SEQUENCE},
		{.name = (char *)(uintptr_t)"text", .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = SEQUENCE},
	};
	struct run r = {0};

	CHECK(set_up(&r, net, fields, 2, 5) == 0 && start(&r) == 0);
	for (size_t i = 0; i < lep_net_inputs(r.net); i++)
		memcpy(lep_exec_lengths(r.x, i), lep_net_input(r.net, i)->field ? text : memory, sizeof(memory));
	CHECK(lep_exec_reserve(r.x, r.samples, NULL) == 0);
	for (size_t i = 0; i < lep_net_inputs(r.net); i++)
		spread(lep_exec_input(r.x, i), reals(&r, lep_net_input_value(r.net, i), r.samples));
	check_all(&r);
	finish(&r);
}

static void encoder_and_decoder(void)
{
	two_sequences("input memory { dense 5 tanh }; input text; dense 6; attention 2 from memory");
	two_sequences("input memory { dense 6; encoder 2 5 dropout 0.1 }; input text; dense 4\n"
		"repeat 2 { decoder 2 3 from memory dropout 0.1 }; layernorm; dense 3");
	two_sequences("input memory { dense 5 tanh; pool mean }; input text; dense 3; gate from memory");
	two_sequences("input memory { dense 5 tanh }; input text; pool max; gate from memory; dense 2");
	two_sequences("input memory { dense 5 tanh }; input text { pool max; dense 5 }; fuse product memory text; pool mean");
	two_sequences("input memory { dense 4; pool mean }; input text { pool max }; fuse concat memory text; dense 2");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%.60s", cases[i].net);
		for (char *c = name; *c; c++)
			if (*c == '\n' || *c == '#')
				*c = ' ';
		CHECK_CASE(name, one_case(&cases[i]));
	}
	RUN(embed);
	RUN(texts);
	RUN(two_inputs);
	RUN(encoder_and_decoder);
	return CHECK_END();
}
