/*
 * Text that is made: the same ids as when the whole context runs at once, on every
 * instruction set; goes on as if it had never ended; beam search against all
 * sequences there are, and alone as in a batch.
 */
#include "nn/generate.h"

#include <string.h>

#include "base/math.h"
#include "base/random.h"
#include "check.h"
#include "nn/beam.h"

#define NAME(s) ((char *)(uintptr_t)(s))
enum { ENTRIES = 8, END = 7, LENGTH = 60, CONTEXT = 12, SAMPLES = 7, ROWS = 8 };

static struct lep_field fields[] = {
	{.name = NAME("text"), .role = LEP_ROLE_INPUT, .dtype = LEP_I32, .shape = {.rank = 1, .extent = {LEP_VARIES}}},
	{.name = NAME("to"), .role = LEP_ROLE_TARGET, .dtype = LEP_I32, .shape = {.rank = 1, .extent = {LEP_VARIES}}},
};

static const struct lep_kernels *isas[3];
static size_t isa_count;
static struct lep_threads *pool;

/* Weights so large that the ids differ. */
static struct lep_net *build(const char *text, const struct lep_kernels *k)
{
	struct lep_error e = {0};
	struct lep_net *n;

	if (lep_net_new(&n, text, "t", fields, 2, NULL, k, &e)) {
		printf("# %s\n", e.text);
		return NULL;
	}
	for (size_t i = 0; i < lep_net_params(n); i++) {
		struct lep_param *p = lep_net_param(n, i);

		for (size_t j = 0; j < p->count; j++)
			p->value[j] = 2 * lep_random_uniform(8, LEP_RANDOM_SAMPLE, i, j) - 1;
	}
	lep_net_prepare(n, pool, 0);
	return n;
}

/* ---- next ids ---- */

static const char *const nexts[] = {
	"target text next; embed 16; position learned 12; repeat 2 { encoder 2 32 causal }; dense vocabulary",
	"target text next; embed 16; position sinusoidal; attention 2 causal; rmsnorm; dense 24 gelu; dense vocabulary",
	"target text next; embed 16; lstm 20; gru 16; rnn 12; dense vocabulary",
	"target text next; embed 8; encoder 2 16 causal rotary; dense vocabulary softmax",
};
enum { NEXTS = sizeof(nexts) / sizeof(nexts[0]) };

/* The logits behind ids[from..end), all at once. */
static int whole_context(struct lep_net *n, const int32_t *ids, size_t from, size_t end, lep_real *logits)
{
	struct lep_exec *x;

	if (lep_exec_new(&x, n, 1, 0, 1, NULL))
		return -1;
	lep_exec_lengths(x, 0)[0] = end - from;
	if (lep_exec_reserve(x, 1, NULL))
		return -1;
	memcpy(lep_exec_input_ids(x, 0), ids + from, (end - from) * sizeof(*ids));
	lep_exec_infer(x, 1);
	memcpy(logits, lep_exec_logits(x) + (end - from - 1) * END, END * sizeof(*logits));
	lep_exec_free(x);
	return 0;
}

/* All ids behind n given ones; NULL on failure. */
static const int32_t *generate(struct lep_net *net, const struct lep_generate_options *o, const int32_t *prompt,
	size_t n, struct lep_generator **g)
{
	const struct lep_model m = {.net = net, .name = "m", .head = {.expect = fields, .nexpect = 2}};
	struct lep_error e = {0};
	struct lep_buf text = {0};
	int rc = lep_generator_new(g, &m, o, &e);

	rc = rc ? rc : lep_generator_start(*g, prompt, n, &e);
	while (rc == 0 && (rc = lep_generator_next(*g, &text, &e)) > 0)
		rc = 0;
	lep_buf_release(&text);
	if (rc)
		printf("# %s\n", e.text);
	return rc ? NULL : lep_generator_ids(*g, &n);
}

/* Each id is the most probable after the context that the rule says, run as a whole. */
static void as_the_whole(const char *text, const struct lep_kernels *k)
{
	const struct lep_generate_options o = {.length = LENGTH, .context = CONTEXT, .top_p = 1};
	const int32_t prompt[3] = {1, 4, 2}, *ids;
	struct lep_net *n = build(text, k);
	struct lep_generator *g = NULL;
	int differs = 0;

	CHECK(n);
	ids = generate(n, &o, prompt, 3, &g);
	CHECK(ids);
	for (size_t p = 3; p < 3 + LENGTH; p++) {
		size_t from = p <= CONTEXT ? 0 : (p - CONTEXT + 5) / 6 * 6, best = 0;
		lep_real logits[END];

		CHECK(whole_context(n, ids, from, p, logits) == 0);
		for (size_t i = 1; i < END; i++)
			if (logits[i] > logits[best])
				best = i;
		CHECKF((int32_t)best == ids[p], "id %zu is %d, not %zu", p, ids[p], best);
		differs |= ids[p] != ids[3];
	}
	CHECKF(differs, "%s", text);
	lep_generator_free(g);
	lep_net_free(n);
}

static void next_ids(void)
{
	for (size_t i = 0; i < NEXTS; i++)
		for (size_t k = 0; k < isa_count && !check_failed_here; k++)
			as_the_whole(nexts[i], isas[k]);
}

/* What was made, given as a prompt, goes on the same; with another seed it does not. */
static void goes_on(void)
{
	for (size_t i = 0; i < NEXTS; i++) {
		struct lep_generate_options o = {.length = LENGTH, .context = CONTEXT, .top_p = 0.95, .top_k = 5,
			.temperature = 5, .seed = 3};
		const int32_t prompt[3] = {1, 4, 2}, *ids, *more;
		struct lep_generator *g = NULL, *h = NULL, *other = NULL;
		struct lep_net *n = build(nexts[i], isas[0]);

		CHECK(n);
		ids = generate(n, &o, prompt, 3, &g);
		o.length -= 20;
		more = generate(n, &o, ids, 23, &h);
		CHECK(ids && more);
		CHECKF(memcmp(ids, more, (3 + LENGTH) * sizeof(*ids)) == 0, "%s", nexts[i]);
		o.seed = 4;
		more = generate(n, &o, ids, 23, &other);
		CHECK(more && memcmp(ids, more, (3 + LENGTH) * sizeof(*ids)) != 0);
		lep_generator_free(g);
		lep_generator_free(h);
		lep_generator_free(other);
		lep_net_free(n);
	}
}

/* ---- sequences ---- */

static const char *const sequences[] = {
	"input text { embed 10; pool mean }\ninput to; embed 10; lstm 12; gru 10; gate from text; dense vocabulary",
	"input text { embed 16; encoder 2 32 }\n"
	"input to; embed 16; position learned 9; decoder 2 32 from text; dense vocabulary",
};
enum { SEQUENCES = sizeof(sequences) / sizeof(sequences[0]) };

static size_t input_of(const struct lep_net *n, const char *name)
{
	return strcmp(lep_net_input(n, 0)->name, name) != 0;
}

/* What sample s reads. */
static int32_t read_id(size_t s, size_t t)
{
	return (int32_t)(lep_random_uniform(9, LEP_RANDOM_SAMPLE, s, t) * END);
}

/* The natural logarithms of the next id behind <end> and these ids, all at once. */
static int logarithms(struct lep_net *n, size_t s, const int32_t *ids, size_t count, lep_real *row)
{
	size_t made = input_of(n, "to");
	struct lep_exec *x;

	if (lep_exec_new(&x, n, 1, 0, 1, NULL))
		return -1;
	lep_exec_lengths(x, made)[0] = count + 1;
	lep_exec_lengths(x, !made)[0] = s % ROWS;
	if (lep_exec_reserve(x, 1, NULL))
		return -1;
	for (size_t t = 0; t < s % ROWS; t++)
		lep_exec_input_ids(x, !made)[t] = read_id(s, t);
	lep_exec_input_ids(x, made)[0] = END;
	for (size_t t = 0; t < count; t++)
		lep_exec_input_ids(x, made)[t + 1] = ids[t];
	lep_exec_infer(x, 1);
	lep_net_kernels(n)->log_softmax(row, lep_exec_logits(x) + count * ENTRIES, 1, ENTRIES, ENTRIES);
	lep_exec_free(x);
	return 0;
}

struct found {
	int32_t ids[SAMPLES][16];
	size_t n[SAMPLES];
	double score[SAMPLES];
};

/* Samples first.., together. */
static int search(struct lep_net *n, size_t width, double penalty, size_t first, size_t count, size_t most,
	struct found *f)
{
	const struct lep_beam_options o = {.width = width, .penalty = penalty, .end = END, .unknown = -1};
	size_t made = input_of(n, "to"), all[SAMPLES];
	struct lep_error e = {0};
	struct lep_beam *b;
	struct lep_exec *x;
	int rc = lep_beam_new(&b, n, made, count, &o, &e);

	if (rc)
		return rc;
	x = lep_beam_exec(b);
	for (size_t s = 0; s < count; s++) {
		lep_exec_lengths(x, made)[s] = 0;
		lep_exec_lengths(x, !made)[s] = (first + s) % ROWS;
		all[s] = most;
	}
	rc = lep_exec_reserve(x, count, &e);
	for (size_t s = 0; s < count && !rc; s++)
		for (size_t t = 0; t < (first + s) % ROWS; t++)
			lep_exec_input_ids(x, !made)[lep_exec_input_row(x, !made, s) + t] = read_id(first + s, t);
	/* Twice: a search leaves nothing behind. */
	for (int again = 0; again < 2 && !rc; again++)
		rc = lep_beam_run(b, count, all, &e);
	for (size_t s = 0; s < count && !rc; s++) {
		const int32_t *ids = lep_beam_ids(b, s, &f->n[first + s], &f->score[first + s]);

		if (ids && f->n[first + s] <= 16)
			memcpy(f->ids[first + s], ids, f->n[first + s] * sizeof(*ids));
		else
			rc = -1;
	}
	if (rc)
		printf("# %s\n", e.text);
	lep_beam_free(b);
	return rc;
}

/* With room for all, the best of all there are: <end>, or one id and <end>. */
static void best_of_all(struct lep_net *n, double penalty)
{
	static struct found f;

	CHECK(search(n, LEP_BEAM_MAX, penalty, 0, SAMPLES, 2, &f) == 0);
	for (size_t s = 0; s < SAMPLES; s++) {
		lep_real row[ENTRIES], next[ENTRIES];
		int32_t best = -1;
		double score;

		CHECK(logarithms(n, s, NULL, 0, row) == 0);
		score = (double)row[END];
		for (int32_t i = 0; i < END; i++) {
			double sum;

			CHECK(logarithms(n, s, &i, 1, next) == 0);
			sum = ((double)row[i] + (double)next[END]) / lep_exp(penalty * lep_log(2));
			if (sum > score) {
				score = sum;
				best = i;
			}
		}
		CHECKF(f.n[s] == (best >= 0) && (best < 0 || f.ids[s][0] == best), "sample %zu: %zu ids, not %d", s, f.n[s], best);
		CHECK(f.score[s] == score);
	}
}

/* Width 1: the most probable id each time. */
static void greedy(struct lep_net *n)
{
	static struct found f;

	CHECK(search(n, 1, 1, 0, SAMPLES, 9, &f) == 0);
	for (size_t s = 0; s < SAMPLES; s++) {
		lep_real row[ENTRIES];

		for (size_t t = 0; t < 9; t++) {
			int32_t best = 0;

			CHECK(logarithms(n, s, f.ids[s], t, row) == 0);
			for (int32_t i = 1; i < ENTRIES; i++)
				if (row[i] > row[best])
					best = i;
			CHECKF(best == END ? t == f.n[s] : t < f.n[s] && best == f.ids[s][t], "sample %zu, id %zu", s, t);
			if (best == END)
				break;
		}
	}
}

/* Alone and together, on every instruction set. */
static void alone(struct lep_net *n, struct found *first)
{
	static struct found all, one;

	CHECK(search(n, 3, 0.7, 0, SAMPLES, 9, &all) == 0);
	for (size_t s = 0; s < SAMPLES; s++) {
		CHECK(search(n, 3, 0.7, s, 1, 9, &one) == 0);
		CHECKF(one.n[s] == all.n[s] && one.score[s] == all.score[s] &&
			memcmp(one.ids[s], all.ids[s], one.n[s] * sizeof(one.ids[s][0])) == 0, "sample %zu", s);
		CHECK(!first->n[0] || (first->score[s] == all.score[s] && first->n[s] == all.n[s]));
	}
	*first = all;
}

static void made_sequences(void)
{
	for (size_t i = 0; i < SEQUENCES; i++) {
		struct found first = {0};

		for (size_t k = 0; k < isa_count && !check_failed_here; k++) {
			struct lep_net *n = build(sequences[i], isas[k]);

			CHECK(n);
			best_of_all(n, 0);
			best_of_all(n, 1);
			greedy(n);
			alone(n, &first);
			lep_net_free(n);
		}
	}
}

int main(void)
{
	static const char *const names[] = {"portable", "avx2", "avx512"};

	for (int f = 0; f < 2; f++) {
		fields[f].table = lep_table_new();
		for (int i = 0; fields[f].table && i < END; i++)
			if (lep_table_add(fields[f].table, &"abcdefg"[i], 1) < 0)
				return EXIT_FAILURE;
		if (!fields[f].table || (f && lep_table_add(fields[f].table, "<end>", 5) < 0))
			return EXIT_FAILURE;
	}
	for (size_t i = 0; i < 3; i++)
		if ((isas[isa_count] = lep_kernels_select(names[i], NULL)))
			isa_count++;
	if (lep_threads_new(&pool, 1, NULL))
		return EXIT_FAILURE;
	RUN(next_ids);
	RUN(goes_on);
	RUN(made_sequences);
	lep_threads_free(pool);
	lep_table_free(fields[0].table);
	lep_table_free(fields[1].table);
	return CHECK_END();
}
