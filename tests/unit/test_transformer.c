/*
 * Attention and the blocks made of it: what their lines refuse, what their
 * weights are called, that a block is what it stands for; and that a net gives
 * the same bytes step by step as all at once, on every instruction set.
 */
#include "nn/stepper.h"

#include <string.h>

#include "base/random.h"
#include "check.h"
#include "nn/exec.h"

#define NAME(s) ((char *)(uintptr_t)(s))
enum { ENTRIES = 11, SEQUENCES = 6, STEPS = 70 };

static char *entries[ENTRIES];
static size_t lengths_of_entries[ENTRIES];
static struct lep_table table = {.n = ENTRIES, .entry = entries, .length = lengths_of_entries};

static const struct lep_field fields[] = {
	{.name = NAME("text"), .role = LEP_ROLE_INPUT, .dtype = LEP_I32, .shape = {.rank = 1, .extent = {LEP_VARIES}},
		.table = &table},
	{.name = NAME("source"), .role = LEP_ROLE_INPUT, .dtype = LEP_I32, .shape = {.rank = 1, .extent = {LEP_VARIES}},
		.table = &table},
	{.name = NAME("rows"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = {.rank = 2, .extent = {LEP_VARIES, 9}}},
	{.name = NAME("frames"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32,
		.shape = {.rank = 3, .extent = {LEP_VARIES, 4, 6}}},
	{.name = NAME("vector"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = {.rank = 1, .extent = {6}}},
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static const struct lep_kernels *isas[3];
static size_t isa_count;

static struct lep_net *build(const char *text, const struct lep_kernels *k, struct lep_error *e)
{
	struct lep_net *n;

	return lep_net_new(&n, text, "t", fields, FIELDS, NULL, k, e) ? NULL : n;
}

static const struct {
	const char *text, *message;
} refused[] = {
	{"embed 6; attention", "line 1: attention: a number is missing at the end of the line"},
	{"embed 6; attention 0", "line 1: attention: '0' is not within 1 to 65536"},
	{"embed 6; attention 4", "line 1: attention: rows of 6 cannot be shared out among 4 heads"},
	{"embed 6; attention 2 rotary", "line 1: attention: 'rotary' needs heads of an even width, these have 3"},
	{"embed 6; attention 2 causal causal", "line 1: attention: unknown word 'causal'"},
	{"embed 6; attention 2 masked", "line 1: attention: unknown word 'masked'"},
	{"embed 6; attention 2 dropout", "line 1: attention: a number is missing at the end of the line"},
	{"embed 6; attention 2 dropout 1", "line 1: attention: '1' is not within 0 to 0.999"},
	{"embed 6; attention 2 from", "line 1: attention: a name is missing behind 'from'"},
	{"embed 6; attention 2 from nobody", "line 1: attention: nothing above is called 'nobody'"},
	{"e = embed 6; attention 2 from e causal",
		"line 1: attention: 'causal' and 'from' exclude each other: the rows of two sequences have no common order"},
	{"e = embed 6; attention 2 rotary from e",
		"line 1: attention: 'rotary' and 'from' exclude each other: places in two sequences are not alike"},
	{"input source; input text; embed 6; attention 2 from source",
		"line 1: attention: 'source' holds ids; an embed line belongs before it"},
	{"input source { embed 4; pool mean }; input text; embed 6; attention 2 from source",
		"line 1: attention: needs a sequence of rows, its input is '4'"},
	{"attention 2", "line 1: attention: its input holds ids; an embed line belongs before it"},
	{"input vector; attention 2", "line 1: attention: needs a sequence of rows, its input is '6'"},
	{"input frames; attention 2", "line 1: attention: needs a sequence of rows, its input is '*x4x6'"},
	{"embed 6; attention 2 { relu }", "line 1: attention: takes no block"},
	{"embed 6; encoder 2", "line 1: encoder: a number is missing at the end of the line"},
	{"embed 6\nencoder 4 8", "line 2: attention: rows of 6 cannot be shared out among 4 heads"},
	{"embed 6; encoder 2 8 from e", "line 1: encoder: unknown word 'from'"},
	{"embed 6; encoder 2 8 norm", "line 1: encoder: unknown word 'norm'"},
	{"embed 6; encoder 2 8 relu gelu", "line 1: encoder: unknown word 'gelu'"},
	{"embed 6; encoder 2 8 softmax", "line 1: encoder: unknown word 'softmax'"},
	{"embed 6; encoder 2 8 dropout 2", "line 1: encoder: '2' is not within 0 to 0.999"},
	{"embed 6; encoder 2 8 leaky_relu slope", "line 1: encoder: a number is missing at the end of the line"},
	{"embed 6; decoder 2 8 causal", "line 1: decoder: unknown word 'causal'"},
	{"embed 6; decoder 2 8 from source", "line 1: decoder: nothing above is called 'source'"},
	{"encoder 2 8", "line 1: encoder: its input holds ids; an embed line belongs before it"},
	{"input vector; decoder 2 8", "line 1: decoder: needs a sequence of rows, its input is '6'"},
	{"embed 6; gate", "line 1: gate: is written 'gate from NAME'"},
	{"embed 6; gate source", "line 1: gate: is written 'gate from NAME'"},
	{"e = embed 6; gate from e 3", "line 1: gate: unknown word '3'"},
	{"input source { embed 6 }; input text; embed 6; gate from source",
		"line 1: gate: 'source' and its input are sequences of different lengths; a pool line belongs behind one of them"},
	{"input frames { dense 3 }; input text; embed 6; gate from frames",
		"line 1: gate: 'frames' and its input are sequences of different lengths; a pool line belongs behind one of them"},
	{"causal = embed 6", "line 1: embed: 'causal' is a reserved word and cannot be a name"},
	{"encoder1 = embed 6", "line 1: embed: 'encoder1' is a reserved word and cannot be a name"},
};

static void refusals(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct lep_error e = {0};
		char want[256];
		struct lep_net *n = build(refused[i].text, isas[0], &e);

		snprintf(want, sizeof(want), "t: %s", refused[i].message);
		CHECKF(!n && strcmp(e.text, want) == 0, "'%s': %s", refused[i].text, n ? "built" : e.text);
	}
}

static void names(void)
{
	static const char *const weights[] = {"encoder1.layernorm1.gamma", "encoder1.attention1.wq",
		"encoder1.attention1.bo", "encoder1.layernorm2.beta", "encoder1.dense1.w", "encoder1.dense2.b",
		"deep.attention2.wk", "deep.dense2.w", "repeat1.2.decoder1.attention1.wv", "gate1.w", "gate1.b"};
	static const char *const values[] = {"encoder1", "encoder1.attention1", "encoder1.residual2", "deep",
		"repeat1.1.decoder1", "gate1"};
	struct lep_error e;
	struct lep_net *n = build("e = embed 8; encoder 2 16; deep = decoder 2 5 from e norm after dropout 0.1\n"
		"repeat 2 { decoder 4 3 }; gate from deep; attention 2 from encoder1", isas[0], &e);

	CHECK(!n); /* a line that was given no name has none that another line could say */
	n = build("e = embed 8; encoder 2 16; deep = decoder 2 5 from e norm after dropout 0.1\n"
		"repeat 2 { decoder 4 3 }; gate from deep", isas[0], &e);
	CHECKF(n, "%s", e.text);
	for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
		CHECKF(lep_net_find_param(n, weights[i]) >= 0, "no weights '%s'", weights[i]);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		CHECKF(lep_net_find_value(n, values[i]) >= 0, "no value '%s'", values[i]);
	lep_net_free(n);
}

static int32_t id(size_t what, size_t i)
{
	return (int32_t)(lep_random_uniform(17, LEP_RANDOM_SAMPLE, what, i) * ENTRIES);
}

/* Weights of which no two matrices are alike; those of a block and of its lines agree. */
static void draw_weights(struct lep_net *n, struct lep_threads *pool)
{
	for (size_t i = 0; i < lep_net_params(n); i++) {
		struct lep_param *p = lep_net_param(n, i);

		for (size_t k = 0; k < p->count; k++)
			p->value[k] = lep_random_uniform(5, LEP_RANDOM_SAMPLE, i, k) - 0.4f;
	}
	lep_net_prepare(n, pool, 0);
}

/* The whole of a net over sequences of ids; the output's reals, to be freed. */
static lep_real *infer(struct lep_net *n, const int32_t *const *ids, const size_t *lengths, size_t count, size_t *reals)
{
	struct lep_exec *x;
	lep_real *y;

	if (lep_exec_new(&x, n, count, 0, 1, NULL))
		return NULL;
	for (size_t i = 0; i < lep_net_inputs(n); i++)
		memcpy(lep_exec_lengths(x, i), lengths, count * sizeof(*lengths));
	if (lep_exec_reserve(x, count, NULL))
		return NULL;
	for (size_t i = 0; i < lep_net_inputs(n); i++)
		for (size_t s = 0; s < count; s++)
			for (size_t t = 0; t < lengths[s]; t++)
				lep_exec_input_ids(x, i)[lep_exec_input_row(x, i, s) + t] = ids[s][t];
	lep_exec_infer(x, count);
	*reals = lep_exec_row(x, lep_net_output_value(n), count) * lep_net_output(n, NULL);
	y = lep_alloc(*reals, sizeof(*y));
	if (y)
		memcpy(y, lep_exec_output(x), *reals * sizeof(*y));
	lep_exec_free(x);
	return y;
}

/* A block's line, and the lines it stands for. */
static void blocks_as_lines(void)
{
	static const char *const pairs[][2] = {
		{"embed 8; encoder 2 5",
			"embed 8; residual { layernorm; attention 2 }; residual { layernorm; dense 5 relu; dense 8 }"},
		{"embed 8; encoder 4 5 norm after causal rotary gelu dropout 0.5",
			"embed 8; residual { attention 4 causal rotary }; layernorm; residual { dense 5 gelu; dense 8 }; layernorm"},
		{"embed 8; decoder 1 7 norm before silu",
			"embed 8; residual { layernorm; attention 1 causal }; residual { layernorm; dense 7 silu; dense 8 }"},
		{"e = embed 8; decoder 2 7 from e",
			"e = embed 8; residual { layernorm; attention 2 causal }; residual { layernorm; attention 2 from e }\n"
			"residual { layernorm; dense 7 relu; dense 8 }"},
	};
	static const int32_t ids[] = {3, 1, 4, 1, 5, 9, 2, 6, 5};
	const int32_t *const all[] = {ids, ids + 1, ids + 4};
	const size_t lengths[] = {9, 0, 5};
	struct lep_threads *pool;

	CHECK(lep_threads_new(&pool, 1, NULL) == 0);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		lep_real *y[2];
		size_t reals[2];

		for (int k = 0; k < 2; k++) {
			struct lep_error e;
			struct lep_net *n = build(pairs[i][k], isas[0], &e);

			CHECKF(n, "%s", e.text);
			draw_weights(n, pool);
			y[k] = infer(n, all, lengths, 3, &reals[k]);
			CHECK(y[k]);
			lep_net_free(n);
		}
		CHECKF(reals[0] == reals[1] && memcmp(y[0], y[1], reals[0] * sizeof(*y[0])) == 0, "%s", pairs[i][0]);
		lep_free(y[0]);
		lep_free(y[1]);
	}
	lep_threads_free(pool);
}

/* ---- step by step ---- */

static const char *const nets[] = {
	"embed 16; position learned 70; repeat 2 { encoder 2 24 causal gelu }; layernorm; dense 11",
	"embed 16; repeat 2 { encoder 4 24 causal rotary norm after }; dense 11 softmax",
	"embed 12; position sinusoidal; attention 3 causal; rmsnorm; dense 5",
	"embed 9; lstm 7 dropout 0.3; gru 11 recurrent_dropout 0.2; rnn 5; dense 6",
	"embed 20; residual { attention 1 causal rotary }; decoder 10 7; dense 3 sigmoid",
};

/* What each sequence has been given so far. */
struct history {
	int32_t ids[SEQUENCES][STEPS];
	size_t length[SEQUENCES];
};

static lep_real *whole(struct lep_net *n, const struct history *h, size_t s, size_t *reals)
{
	const int32_t *const ids[] = {h->ids[s]};

	return infer(n, ids, &h->length[s], 1, reals);
}

/* One run: further[s] more ids for each sequence. */
static void feed(struct lep_stepper *st, struct history *h, size_t input, const size_t *further, size_t round)
{
	struct lep_error e;
	int rc;

	memcpy(lep_exec_lengths(st->x, input), further, SEQUENCES * sizeof(*further));
	rc = lep_stepper_reserve(st, SEQUENCES, &e);
	CHECKF(rc == 0, "%s", e.text);
	for (size_t s = 0; s < SEQUENCES; s++)
		for (size_t t = 0; t < further[s]; t++) {
			int32_t v = id(s, round * STEPS + t);

			lep_exec_input_ids(st->x, input)[lep_exec_input_row(st->x, input, s) + t] = v;
			h->ids[s][h->length[s]++] = v;
		}
}

/* The last rows of what the whole sequence gives are those of this run. */
static void compare(struct lep_stepper *st, struct lep_net *n, const lep_real *want, size_t reals, size_t s,
	const char *what, size_t round)
{
	int out = lep_net_output_value(n);
	size_t size = lep_net_output(n, NULL), from = lep_exec_row(st->x, out, s) * size;
	size_t count = lep_exec_row(st->x, out, s + 1) * size - from;

	CHECKF(count <= reals && memcmp(want + reals - count, lep_exec_output(st->x) + from, count * sizeof(*want)) == 0,
		"'%.40s' on %s: round %zu, sequence %zu", what, lep_net_kernels(n)->name, round, s);
}

/* A prompt each, then a few at a time, none now and then; and what moves. */
static void steps_of(const char *text, const struct lep_kernels *k)
{
	struct history h = {0}, moved;
	struct lep_threads *pool;
	struct lep_stepper *st;
	struct lep_exec *x;
	struct lep_error e;
	struct lep_net *n = build(text, k, &e);

	CHECKF(n, "%s", e.text);
	CHECK(lep_threads_new(&pool, 1, NULL) == 0);
	draw_weights(n, pool);
	CHECK(lep_exec_new(&x, n, SEQUENCES, 0, 1, NULL) == 0);
	CHECKF(lep_stepper_new(&st, x, 0, STEPS, &e) == 0, "%s", e.text);
	for (int again = 0; again < 2; again++) {
		memset(&h, 0, sizeof(h));
		CHECK(lep_stepper_start(st, SEQUENCES, &e) == 0);
		for (size_t round = 0; round < 12; round++) {
			size_t further[SEQUENCES], from[SEQUENCES], reals;

			for (size_t s = 0; s < SEQUENCES; s++)
				further[s] = round == 0 ? s * 7 : (size_t)id(100 + s, round) % 4;
			feed(st, &h, 0, further, round);
			lep_stepper_run(st, SEQUENCES, NULL);
			for (size_t s = 0; s < SEQUENCES; s++) {
				lep_real *y = whole(n, &h, s, &reals);

				CHECK(y);
				compare(st, n, y, reals, s, text, round);
				lep_free(y);
			}
			/* Rings, forks and both; none in the first rounds. */
			for (size_t s = 0; s < SEQUENCES; s++)
				from[s] = round < 3 ? s : round % 3 ? (size_t)id(200 + s, round) % SEQUENCES :
					(s + round) % SEQUENCES;
			lep_stepper_take(st, from, SEQUENCES);
			moved = h;
			for (size_t s = 0; s < SEQUENCES; s++) {
				memcpy(h.ids[s], moved.ids[from[s]], sizeof(h.ids[s]));
				h.length[s] = moved.length[from[s]];
				CHECK(st->seen[s] == h.length[s]);
			}
		}
	}
	lep_stepper_free(st);
	lep_exec_free(x);
	lep_net_free(n);
	lep_threads_free(pool);
}

static void step_by_step(void)
{
	for (size_t t = 0; t < isa_count; t++)
		for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
			steps_of(nets[i], isas[t]);
}

/* Several sequences read one source; sources of different lengths, one empty. */
static const char *const translators[] = {
	"input source { embed 12; position sinusoidal; repeat 2 { encoder 2 20 } }\n"
	"input text; embed 12; position sinusoidal; repeat 2 { decoder 3 16 from source }; layernorm; dense 11",
	"input source { embed 10; pool mean }; input text; embed 8; attention 2 causal; gate from source; dense 4",
	"input source { embed 8; pool max }; input text { embed 8 }; a = attention 2 causal; fuse product text source a\n"
	"b = dense 3; fuse concat source b text; dense 4",
};

enum { SOURCES = 3 };

static const size_t source_lengths[SOURCES] = {5, 0, 37};

/* Of one sequence the whole, with the source it reads. */
static lep_real *translate(struct lep_net *n, const struct history *h, size_t s, size_t source, size_t *reals)
{
	struct lep_exec *x;
	lep_real *y;

	if (lep_exec_new(&x, n, 1, 0, 1, NULL))
		return NULL;
	for (size_t i = 0; i < 2; i++)
		lep_exec_lengths(x, i)[0] = lep_net_input(n, i)->field ? source_lengths[source] : h->length[s];
	if (lep_exec_reserve(x, 1, NULL))
		return NULL;
	for (size_t i = 0; i < 2; i++)
		for (size_t t = 0; t < lep_exec_input_row(x, i, 1); t++)
			lep_exec_input_ids(x, i)[t] = lep_net_input(n, i)->field ? id(50 + source, t) : h->ids[s][t];
	lep_exec_infer(x, 1);
	*reals = lep_exec_row(x, lep_net_output_value(n), 1) * lep_net_output(n, NULL);
	y = lep_alloc(*reals, sizeof(*y));
	if (y)
		memcpy(y, lep_exec_output(x), *reals * sizeof(*y));
	lep_exec_free(x);
	return y;
}

static void sources_of(const char *text, const struct lep_kernels *k)
{
	static const size_t source[SEQUENCES] = {2, 0, 1, 2, 0, 0};
	struct history h = {0};
	struct lep_threads *pool;
	struct lep_stepper *st;
	struct lep_exec *x;
	struct lep_error e;
	struct lep_net *n = build(text, k, &e);

	CHECKF(n, "%s", e.text);
	CHECK(lep_threads_new(&pool, 1, NULL) == 0);
	draw_weights(n, pool);
	CHECK(lep_exec_new(&x, n, SEQUENCES, 0, 1, NULL) == 0);
	CHECKF(lep_stepper_new(&st, x, 1, STEPS, &e) == 0, "%s", e.text);
	memcpy(lep_exec_lengths(x, 0), source_lengths, sizeof(source_lengths));
	CHECK(lep_exec_reserve_input(x, 0, SOURCES, NULL) == 0);
	for (size_t s = 0; s < SOURCES; s++)
		for (size_t t = 0; t < source_lengths[s]; t++)
			lep_exec_input_ids(x, 0)[lep_exec_input_row(x, 0, s) + t] = id(50 + s, t);
	CHECK(lep_stepper_start(st, SOURCES, &e) == 0);
	for (size_t round = 0; round < 5; round++) {
		size_t further[SEQUENCES], reals;

		for (size_t s = 0; s < SEQUENCES; s++)
			further[s] = (size_t)id(300 + s, round) % 3;
		feed(st, &h, 1, further, round);
		lep_stepper_run(st, SEQUENCES, source);
		for (size_t s = 0; s < SEQUENCES; s++) {
			lep_real *y = translate(n, &h, s, source[s], &reals);

			CHECK(y);
			compare(st, n, y, reals, s, text, round);
			lep_free(y);
		}
	}
	lep_stepper_free(st);
	lep_exec_free(x);
	lep_net_free(n);
	lep_threads_free(pool);
}

static void from_sources(void)
{
	for (size_t t = 0; t < isa_count; t++)
		for (size_t i = 0; i < sizeof(translators) / sizeof(translators[0]); i++)
			sources_of(translators[i], isas[t]);
}

static void cannot_step(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"embed 4; attention 2; dense 3", "attention without 'causal' looks at rows still to come"},
		{"embed 4; encoder 2 5; dense 3", "attention without 'causal' looks at rows still to come"},
		{"embed 4; pool mean; dense 3", "the layer pool cannot run step by step"},
		{"embed 4; position learned 69; dense 3", "69 places are too few for a sequence of 70"},
	};
	struct lep_stepper *st;
	struct lep_exec *x;
	struct lep_error e;
	struct lep_net *n;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = build(cases[i].text, isas[0], &e);
		CHECKF(n, "%s", e.text);
		CHECK(lep_exec_new(&x, n, 2, 0, 1, NULL) == 0);
		CHECK(lep_stepper_new(&st, x, 0, STEPS, &e) == LEP_ERR_DATA && !st);
		CHECKF(strcmp(e.text, cases[i].message) == 0, "%s", e.text);
		lep_exec_free(x);
		lep_net_free(n);
	}
	n = build("embed 4; attention 2 causal", isas[0], &e);
	CHECK(n && lep_exec_new(&x, n, 2, 0, 1, NULL) == 0 && lep_stepper_new(&st, x, 0, 3, &e) == 0);
	CHECK(lep_stepper_start(st, 2, &e) == 0);
	lep_exec_lengths(x, 0)[0] = 1;
	lep_exec_lengths(x, 0)[1] = 4;
	CHECK(lep_stepper_reserve(st, 2, &e) == LEP_ERR_DATA);
	CHECKF(strcmp(e.text, "a sequence becomes longer than 3") == 0, "%s", e.text);
	lep_stepper_free(st);
	lep_exec_free(x);
	lep_net_free(n);
}

/* ---- batches one after the other ---- */

enum { BATCH = 20 };

static void any_gradient(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	const struct lep_net *n = ctx;
	size_t reals = lep_net_output(n, NULL);

	(void)thread;
	for (size_t i = lep_exec_row(x, lep_net_output_value(n), first) * reals;
		i < lep_exec_row(x, lep_net_output_value(n), first + count) * reals; i++)
		lep_exec_logits_grad(x)[i] = lep_exec_logits(x)[i] * 0.5f + (float)(i % 7) * 0.1f;
}

static void train_batch(struct lep_exec *x, struct lep_net *n, struct lep_threads *pool, const size_t *lengths, size_t count)
{
	const struct lep_step_info info = {.seed = 3, .step = 5};

	memcpy(lep_exec_lengths(x, 0), lengths, count * sizeof(*lengths));
	if (lep_exec_reserve(x, count, NULL))
		abort();
	for (size_t i = 0; i < lep_exec_input_row(x, 0, count); i++)
		lep_exec_input_ids(x, 0)[i] = id(2, i);
	lep_exec_train(x, pool, count, &info, NULL, any_gradient, n);
}

/* Room is made for the largest block so far, be it of a small batch or of a large one:
 * gradients are those of an exec that has seen no other batch, and of one thread. */
static void batches_of_other_shapes(void)
{
	static const char *const texts[] = {
		"embed 8; position sinusoidal; encoder 2 12 dropout 0.2 gelu; residual { rmsnorm; dense 8 tanh }; layernorm; dense 5",
		"embed 6; residual { conv1d 6 3 same relu; dropout 0.3 }; gru 7 both; attention 2 causal; pool mean; dense 3",
		"e = embed 8; decoder 2 7 from e; pool max; dense 8; dense 11 tied e",
	};
	static const struct {
		size_t count, length[BATCH];
	} batches[] = {
		{20, {5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}},
		{3, {40, 0, 1}},
		{18, {1, 2, 0, 3, 1, 1, 2, 60, 1, 9, 3, 0, 0, 2, 1, 1, 4, 1}},
		{17, {0}},
		{20, {1, 1, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 61}},
	};
	struct lep_threads *pool, *single;

	CHECK(lep_threads_new(&pool, 3, NULL) == 0 && lep_threads_new(&single, 1, NULL) == 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct lep_error e;
		struct lep_net *n = build(texts[i], isas[0], &e);
		struct lep_exec *x, *fresh;

		CHECKF(n, "%s", e.text);
		draw_weights(n, pool);
		lep_net_prepare(n, pool, 1);
		CHECK(lep_exec_new(&x, n, BATCH, 1, 3, NULL) == 0);
		for (size_t b = 0; b < sizeof(batches) / sizeof(batches[0]); b++) {
			lep_real *got[64];

			train_batch(x, n, pool, batches[b].length, batches[b].count);
			for (size_t k = 0; k < lep_net_params(n); k++) {
				const struct lep_param *p = lep_net_param(n, k);

				got[k] = lep_alloc(p->count, sizeof(*got[k]));
				memcpy(got[k], p->grad, p->count * sizeof(*got[k]));
			}
			CHECK(lep_exec_new(&fresh, n, BATCH, 1, 1, NULL) == 0);
			train_batch(fresh, n, single, batches[b].length, batches[b].count);
			for (size_t k = 0; k < lep_net_params(n); k++) {
				const struct lep_param *p = lep_net_param(n, k);

				CHECKF(memcmp(got[k], p->grad, p->count * sizeof(*got[k])) == 0, "net %zu, batch %zu: %s", i, b,
					p->name);
				lep_free(got[k]);
			}
			lep_exec_free(fresh);
		}
		lep_exec_free(x);
		lep_net_free(n);
	}
	lep_threads_free(pool);
	lep_threads_free(single);
}

int main(void)
{
	static const char *const all[] = {"avx512", "avx2", "portable"};

	for (size_t i = 0; i < 3; i++)
		if ((isas[isa_count] = lep_kernels_select(all[i], NULL)) != NULL)
			isa_count++;
	for (size_t i = 0; i < ENTRIES; i++) {
		static char letters[ENTRIES][2];

		letters[i][0] = (char)('a' + i);
		entries[i] = letters[i];
		lengths_of_entries[i] = 1;
	}
	RUN(refusals);
	RUN(names);
	RUN(blocks_as_lines);
	RUN(step_by_step);
	RUN(from_sources);
	RUN(cannot_step);
	RUN(batches_of_other_shapes);
	return CHECK_END();
}
