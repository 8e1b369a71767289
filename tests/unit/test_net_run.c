/*
 * Running networks: the same bytes for one, two and three threads and on every
 * instruction set, in values and gradients; and a sample's result in use does
 * not depend on the batch it came in, sequences of any lengths among them.
 */
#include "nn/layer.h"

#include "base/random.h"
#include "check.h"
#include "nets.h"
#include "ragged.h"

static const char *const nets[] = {
	"conv 8 3x3 relu; maxpool 2; conv 6 3x3 same stride 2 bias no; batchnorm relu; flatten; dense 33 gelu\n"
	"dropout 0.3; dense classes softmax",
	"conv 6 3x3 stride 2 bias no; batchnorm relu\n"
	"residual { conv 6 3x3 same bias no; batchnorm relu; conv 6 3x3 same dilation 2; batchnorm } ; relu\n"
	"residual { conv 18 3x3 same stride 2 groups 3 } { avgpool 2 same; conv 18 1x1 }\n"
	"conv 18 3x3 depthwise padding 1 elu; globalavgpool; dense 10",
	"input row { dense 50 tanh; layernorm; residual { dense 50 silu }; dropout 0.5; dense 3 }; dense 1 sigmoid",
	"input word { embed 9; layernorm; dense 20 softplus }; flatten; dense 4",
	"input words { embed 9; position sinusoidal; layernorm; dense 20 softplus; dropout 0.2 }\n"
	"residual { dense 20 relu; rmsnorm }; batchnorm; residual { pool mean } { pool max }; dense 4",
	"input words; e = embed 9 scale; conv1d 17 4 causal dilation 2 relu; conv1d 9 3; dense 10 tied e; dense 4\n"
	"residual { conv1d 4 2 same bias no elu }",
	"input words { bag 20 pairs 100; dense 3 tanh }",
	"input clip { batchnorm tanh; dense 5; pool last; flatten; dense 6 }; input long { position learned 50; dense 33\n"
	"residual { dense 33 gelu }; dropout 0.3; dense 7 softmax }",
	"input words { embed 9; lstm 20 dropout 0.2 recurrent_dropout 0.3; gru 7 both recurrent_dropout 0.1\n"
	"residual { rnn 14 reverse }; lstm 33 both last dropout 0.2 }; dense 4",
	"input words { embed 12; position learned 50; encoder 3 20 causal gelu dropout 0.2; encoder 2 9 norm after rotary }\n"
	"layernorm; dense 5",
	"input long { dense 8; repeat 2 { encoder 2 9 dropout 0.1 } }; p = pool mean\n"
	"input words { embed 8; decoder 4 12 from long norm after dropout 0.1; residual { attention 1 causal rotary } }\n"
	"gate from p; decoder 2 7 from long; dense 4",
	"input words { embed 12; encoder 3 10 dropout 0.1 }; input word { embed 10; decoder 2 8 from words silu }; flatten\n"
	"dense 3",
	"layernorm; residual { globalmaxpool } { globalavgpool }; leaky_relu; dense 5; softmax; flatten",
};

enum { NETS = sizeof(nets) / sizeof(nets[0]), SAMPLES = 37 };

static const struct lep_kernels *isas[3];
static int isa_count;

static uint64_t digest(uint64_t so_far, const void *p, size_t bytes)
{
	return lep_random_hash(so_far, p, bytes);
}

/* Lengths of sequences, 0 among them, and one that is much longer. */
static size_t length(size_t input, size_t sample)
{
	return sample == 11 ? 50 : (size_t)(lep_random_uniform(8, LEP_RANDOM_SAMPLE, input, sample) * 7);
}

/* Samples first .. first + count of a made-up data set into the buffers from 0. */
static void fill(struct lep_net *n, struct lep_exec *x, size_t first, size_t count)
{
	for (size_t i = 0; i < lep_net_inputs(n); i++)
		for (size_t s = 0; s < count && lep_net_input(n, i)->varies; s++)
			lep_exec_lengths(x, i)[s] = length(i, first + s);
	if (lep_exec_reserve(x, count, NULL))
		abort();
	for (size_t i = 0; i < lep_net_inputs(n); i++) {
		const struct lep_net_input *in = lep_net_input(n, i);

		for (size_t s = 0; s < count; s++)
			for (size_t k = lep_exec_input_row(x, i, s) * in->size, j = 0;
				k < lep_exec_input_row(x, i, s + 1) * in->size; k++, j++) {
				float u = lep_random_uniform(3, LEP_RANDOM_SAMPLE, i, in->varies ?
					(first + s) * 1000 + j : (first + s) * in->size + j);

				if (in->ids)
					lep_exec_input_ids(x, i)[k] = (int32_t)(u * 11) - 1;
				else
					lep_exec_input(x, i)[k] = 2 * u - 1;
			}
	}
}

/* Reals of the output, or of the logits, before sample s. */
static size_t output_reals(const struct lep_net *n, const struct lep_exec *x, size_t s)
{
	return lep_exec_row(x, lep_net_output_value(n), s) * lep_net_output(n, NULL);
}

static void give_gradient(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	const struct lep_net *n = ctx;

	(void)thread;
	for (size_t i = output_reals(n, x, first); i < output_reals(n, x, first + count); i++)
		lep_exec_logits_grad(x)[i] = lep_random_uniform(4, LEP_RANDOM_SAMPLE, 0, i) - 0.5f;
}

/* Two steps of training, then use: the digest of logits, gradients, statistics, outputs.
 * kept: somebody asks for the values of all convolutions. */
static int trained(const char *text, int kept, const struct lep_kernels *k, int threads, uint64_t *sum)
{
	struct lep_error e;
	struct lep_net *n = nets_build(text, k, &e);
	struct lep_threads *pool = NULL;
	struct lep_exec *x = NULL;
	size_t values;
	lep_real *all;

	for (int i = 0; n && kept && i < 3; i++) {
		static const char *const names[] = {"conv1", "conv2", "residual1.conv1"};

		if (lep_net_find_value(n, names[i]) >= 0)
			lep_net_keep(n, lep_net_find_value(n, names[i]));
	}
	if (!n || lep_threads_new(&pool, threads, NULL) || lep_exec_new(&x, n, SAMPLES, 1, threads, NULL)) {
		printf("# %s\n", n ? "memory" : e.text);
		return -1;
	}
	lep_net_init(n, 7);
	all = lep_net_values(n, &values);
	*sum = 0;
	for (uint64_t step = 0; step < 2; step++) {
		struct lep_step_info info = {.seed = 5, .step = step};
		size_t count = step ? 5 : SAMPLES;

		lep_net_prepare(n, pool, 1);
		fill(n, x, 0, count);
		lep_exec_train(x, pool, count, &info, NULL, give_gradient, n);
		*sum = digest(*sum, lep_exec_logits(x), output_reals(n, x, count) * sizeof(lep_real));
		for (size_t i = 0; i < lep_net_params(n); i++) {
			struct lep_param *p = lep_net_param(n, i);

			if (p->trained)
				*sum = digest(*sum, p->grad, p->count * sizeof(lep_real));
			for (size_t j = 0; j < p->count && p->trained; j++)
				p->value[j] -= 0.01f * p->grad[j];
		}
		*sum = digest(*sum, all, values * sizeof(lep_real));
	}
	lep_exec_free(x);
	if (lep_exec_new(&x, n, SAMPLES, 0, 1, NULL))
		return -1;
	lep_net_prepare(n, pool, 0);
	fill(n, x, 0, SAMPLES);
	lep_exec_infer(x, SAMPLES);
	*sum = digest(*sum, lep_exec_output(x), output_reals(n, x, SAMPLES) * sizeof(lep_real));
	lep_exec_free(x);
	lep_threads_free(pool);
	lep_net_free(n);
	return 0;
}

static void same_bytes(void)
{
	for (int i = 0; i < NETS; i++) {
		uint64_t want, got;

		CHECK(trained(nets[i], 0, isas[0], 1, &want) == 0);
		for (int k = 0; k < isa_count; k++)
			for (int threads = 1; threads <= 3; threads++) {
				CHECK(trained(nets[i], 0, isas[k], threads, &got) == 0);
				CHECKF(got == want, "net %d on %s with %d threads", i, isas[k]->name, threads);
			}
	}
}

/* A convolution and the pool that alone reads it are run together, or one after the
 * other where somebody wants to see what is between them: the same bytes. */
static void joined_or_not(void)
{
	static const struct {
		const char *text;
		int joined;
	} cases[] = {
		{"conv 40 3x3 relu; maxpool 2; conv 33 3x3 relu; maxpool 2; flatten; dense 10", 1},
		{"conv 70 3x3 same; maxpool 3; conv 5 3x3 same relu; maxpool 2 padding 1; flatten; dense 10", 1},
		{"conv 5 3x3 stride 2 relu; maxpool 2x3 stride 4; flatten; dense 10", 1},
		{"conv 6 5x5 padding 4 relu; conv 6 3x3 groups 2 relu; maxpool 3 stride 4 same; flatten; dense 10", 1},
		{"conv 4 3x3 same relu; maxpool 28; flatten; dense 10", 1},
		{"conv 8 3x3 same; batchnorm relu; conv 9 3x3 same relu; maxpool 2; batchnorm; flatten; dense 10", 1},
		{"residual { conv 8 3x3 same relu; maxpool 1; conv 1 1x1 relu }; flatten; dense 10", 1},
		{"conv 8 3x3 relu; maxpool 3 stride 2; flatten; dense 10", 0},
		{"conv 8 3x3 relu; residual { maxpool 1; conv 8 1x1 relu }; flatten; dense 10", 0},
		{"conv 8 3x3 gelu; maxpool 2; flatten; dense 10", 0},
		{"conv 1 3x3 depthwise relu; maxpool 2; flatten; dense 10", 1},
		{"conv 8 3x3; conv 8 3x3 depthwise relu; maxpool 2; flatten; dense 10", 0},
		{"conv 8 3x3 relu; maxpool 2", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lep_error e;
		struct lep_net *n = nets_build(cases[i].text, isas[0], &e);
		struct lep_exec *x;
		uint64_t want, got;
		int gone = 0;

		CHECKF(n, "%s", e.text);
		CHECK(lep_exec_new(&x, n, SAMPLES, 1, 2, NULL) == 0);
		for (size_t v = 0; v < n->nvalue; v++)
			gone |= x->gone[v];
		CHECKF(gone == cases[i].joined, "case %zu", i);
		lep_exec_free(x);
		lep_net_free(n);
		for (int k = 0; k < isa_count; k++) {
			CHECK(trained(cases[i].text, 1, isas[k], 2, &want) == 0);
			CHECK(trained(cases[i].text, 0, isas[k], 2, &got) == 0);
			CHECKF(got == want, "case %zu on %s", i, isas[k]->name);
		}
	}
}

/* Another seed or step changes what dropout drops, and nothing else does. */
static void dropout_draws(void)
{
	struct lep_error e;
	struct lep_net *n = nets_build("input row; dropout 0.5", isas[0], &e);
	struct lep_threads *pool;
	struct lep_exec *x;
	lep_real first[12 * SAMPLES];
	size_t zeros = 0;

	CHECKF(n, "%s", e.text);
	CHECK(lep_threads_new(&pool, 2, NULL) == 0 && lep_exec_new(&x, n, SAMPLES, 1, 2, NULL) == 0);
	for (uint64_t round = 0; round < 4; round++) {
		struct lep_step_info info = {.seed = round == 2, .step = round == 3};

		fill(n, x, 0, SAMPLES);
		lep_exec_train_forward(x, pool, SAMPLES, &info);
		if (round == 0)
			memcpy(first, lep_exec_logits(x), sizeof(first));
		else
			CHECK((memcmp(first, lep_exec_logits(x), sizeof(first)) == 0) == (round == 1));
	}
	for (size_t i = 0; i < 12 * SAMPLES; i++) {
		zeros += first[i] == 0;
		CHECK(first[i] == 0 || first[i] == 2 * lep_exec_input(x, 0)[i]);
	}
	CHECKF(zeros > 180 && zeros < 260, "%zu of %d", zeros, 12 * SAMPLES);
	lep_exec_free(x);
	/* In use nothing is dropped. */
	CHECK(lep_exec_new(&x, n, SAMPLES, 0, 1, NULL) == 0);
	fill(n, x, 0, SAMPLES);
	lep_exec_infer(x, SAMPLES);
	CHECK(memcmp(lep_exec_output(x), lep_exec_input(x, 0), sizeof(first)) == 0);
	lep_exec_free(x);
	lep_threads_free(pool);
	lep_net_free(n);
}

/* One alone, in sevens, and all together. */
static void alone_and_in_a_batch(void)
{
	static const size_t batches[] = {SAMPLES, 7, 1};

	for (int i = 0; i < NETS * isa_count; i++) {
		const struct lep_kernels *k = isas[i / NETS];
		struct lep_error e;
		struct lep_net *n = nets_build(nets[i % NETS], k, &e);
		struct lep_threads *pool;
		lep_real *want = NULL;

		CHECKF(n, "%s", e.text);
		CHECK(lep_threads_new(&pool, 1, NULL) == 0);
		lep_net_init(n, 7);
		lep_net_prepare(n, pool, 0);
		for (size_t b = 0; b < 3; b++) {
			struct lep_exec *x;
			size_t at = 0, reals;

			CHECK(lep_exec_new(&x, n, batches[b], 0, 1, NULL) == 0);
			for (size_t first = 0; first < SAMPLES; first += batches[b], at += reals) {
				size_t count = SAMPLES - first < batches[b] ? SAMPLES - first : batches[b];

				fill(n, x, first, count);
				lep_exec_infer(x, count);
				reals = output_reals(n, x, count);
				if (!want) {
					want = lep_alloc(reals, sizeof(*want));
					CHECK(want);
					memcpy(want, lep_exec_output(x), reals * sizeof(*want));
				}
				CHECKF(memcmp(want + at, lep_exec_output(x), reals * sizeof(*want)) == 0,
					"net %d on %s in batches of %zu", i % NETS, k->name, batches[b]);
			}
			lep_exec_free(x);
		}
		lep_free(want);
		lep_threads_free(pool);
		lep_net_free(n);
	}
}

/* Buffers that grew in between, and batches of nothing but empty sequences. */
static void lengths_that_grow(void)
{
	static const size_t rows[] = {3, 0, 1, 400, 0, 7, 3};
	struct lep_error e;
	struct lep_net *n = nets_build("input words { embed 5; position sinusoidal; dense 8 gelu }; dropout 0.2\n"
		"layernorm; dense 3", isas[0], &e);
	struct lep_threads *pool;
	struct lep_exec *x;
	lep_real first[2 * 3 * 3];

	CHECKF(n, "%s", e.text);
	CHECK(lep_threads_new(&pool, 2, NULL) == 0 && lep_exec_new(&x, n, 2, 1, 2, NULL) == 0);
	lep_net_init(n, 7);
	lep_net_prepare(n, pool, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lep_step_info info = {.seed = 1};

		lep_exec_lengths(x, 0)[0] = lep_exec_lengths(x, 0)[1] = rows[i];
		CHECK(lep_exec_reserve(x, 2, &e) == 0);
		CHECK(lep_exec_input_row(x, 0, 2) == 2 * rows[i]);
		for (size_t k = 0; k < 2 * rows[i]; k++)
			lep_exec_input_ids(x, 0)[k] = (int32_t)(k % 3) - 1;
		lep_exec_train(x, pool, 2, &info, NULL, give_gradient, n);
		for (size_t k = 0; k < lep_net_param(n, 0)->count && !rows[i]; k++)
			CHECK(lep_net_param(n, 0)->grad[k] == 0);
		if (i == 0)
			memcpy(first, lep_exec_logits(x), sizeof(first));
	}
	CHECK(memcmp(first, lep_exec_logits(x), sizeof(first)) == 0);
	/* More than there is memory for is refused, and less goes on. */
	lep_exec_lengths(x, 0)[0] = (size_t)1 << 45;
	CHECK(lep_exec_reserve(x, 1, &e) == LEP_ERR_NOMEM);
	lep_exec_lengths(x, 0)[0] = SIZE_MAX;
	lep_exec_lengths(x, 0)[1] = 1;
	CHECK(lep_exec_reserve(x, 2, &e) == LEP_ERR_NOMEM);
	lep_exec_lengths(x, 0)[0] = 5;
	CHECK(lep_exec_reserve(x, 1, &e) == 0);
	memset(lep_exec_input_ids(x, 0), 0, 5 * sizeof(int32_t));
	lep_exec_train(x, pool, 1, &(struct lep_step_info){.seed = 1}, NULL, give_gradient, n);
	lep_exec_free(x);
	lep_threads_free(pool);
	lep_net_free(n);
}

/* A network whose values are large, so that a batch goes through in slices: what
 * is asked for by name is there for the whole batch, the same as for one sample
 * alone, and asking changes nothing else. */
static void asked_for(void)
{
	static const char *const layers[] = {"conv1", "maxpool1", "conv2", "flatten1", NULL};
	static const char text[] = "conv 80 3x3 same relu; maxpool 2; conv 20 3x3; flatten; dense 10 softmax";
	lep_real want[SAMPLES * 10];

	for (int i = 0; i < 5 * isa_count; i++) {
		struct lep_error e;
		struct lep_net *n = nets_build(text, isas[i / 5], &e);
		int value = n && layers[i % 5] ? lep_net_find_value(n, layers[i % 5]) : -1;
		struct lep_threads *pool;
		struct lep_exec *x, *one;
		size_t size;

		CHECKF(n, "%s", e.text);
		CHECK(lep_threads_new(&pool, 1, NULL) == 0);
		lep_net_init(n, 7);
		lep_net_prepare(n, pool, 0);
		if (value >= 0)
			lep_net_keep(n, value);
		CHECK(lep_exec_new(&x, n, SAMPLES, 0, 1, NULL) == 0 && lep_exec_new(&one, n, 1, 0, 1, NULL) == 0);
		fill(n, x, 0, SAMPLES);
		lep_exec_infer(x, SAMPLES);
		if (i == 0)
			memcpy(want, lep_exec_output(x), sizeof(want));
		CHECKF(memcmp(want, lep_exec_output(x), sizeof(want)) == 0, "case %d", i);
		size = value < 0 ? 0 : lep_net_value_size(n, value, NULL);
		for (size_t s = 0; s < SAMPLES; s++) {
			fill(n, one, s, 1);
			lep_exec_infer(one, 1);
			CHECK(memcmp(want + s * 10, lep_exec_output(one), 10 * sizeof(*want)) == 0);
			CHECKF(!size || memcmp(lep_exec_value(x, value) + s * size, lep_exec_value(one, value),
				size * sizeof(*want)) == 0, "case %d, sample %zu", i, s);
		}
		lep_exec_free(x);
		lep_exec_free(one);
		lep_threads_free(pool);
		lep_net_free(n);
	}
}

/* Without weights, or with all of them frozen, there is still a logit and its gradient. */
static void nothing_to_learn(void)
{
	static const char *const texts[] = {"flatten; softmax", "softmax", "input row; dense 3; dense 2 sigmoid",
		"input row { dense 3 softmax }; input word { embed 2 }; flatten; relu"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct lep_step_info info = {.seed = 1};
		struct lep_error e;
		struct lep_net *n = nets_build(texts[i], isas[0], &e);
		struct lep_threads *pool;
		struct lep_exec *x;

		CHECKF(n, "%s", e.text);
		lep_net_freeze(n, "*");
		CHECK(lep_threads_new(&pool, 2, NULL) == 0 && lep_exec_new(&x, n, SAMPLES, 1, 2, NULL) == 0);
		lep_net_prepare(n, pool, 1);
		fill(n, x, 0, SAMPLES);
		lep_exec_train(x, pool, SAMPLES, &info, NULL, give_gradient, n);
		lep_exec_free(x);
		lep_threads_free(pool);
		lep_net_free(n);
	}
}

int main(void)
{
	static const char *const names[] = {"portable", "avx2", "avx512"};

	for (int i = 0; i < 3; i++)
		if (lep_kernels_select(names[i], NULL))
			isas[isa_count++] = lep_kernels_select(names[i], NULL);
	RUN(same_bytes);
	RUN(joined_or_not);
	RUN(alone_and_in_a_batch);
	RUN(lengths_that_grow);
	RUN(asked_for);
	RUN(dropout_draws);
	RUN(nothing_to_learn);
	return CHECK_END();
}
