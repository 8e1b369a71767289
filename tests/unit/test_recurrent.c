/*
 * What the words of recurrent lines mean: a last state is that row of the
 * sequence, reverse is forward on the turned sequence, both is the two side by
 * side, all to the byte; and what dropout draws.
 */
#include "nn/net.h"

#include <math.h>

#include "base/random.h"
#include "check.h"
#include "ragged.h"

enum { IN = 5, SAMPLES = 27, ROOM = 8192 };

static const char *const cells[] = {"rnn", "lstm", "gru"};

/* More samples than walk together, lengths from 0. */
static int32_t length_of(size_t s)
{
	return (int32_t)(s * 7 % 6);
}

struct run {
	struct lep_net *net;
	struct lep_exec *x;
	struct lep_threads *pool;
	struct lep_field field;
	const lep_real *dy;
};

static size_t outputs(const struct run *r, size_t s)
{
	return lep_exec_row(r->x, lep_net_output_value(r->net), s) * lep_net_output(r->net, NULL);
}

static void give_gradient(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	const struct run *r = ctx;

	(void)thread;
	memcpy(lep_exec_logits_grad(x) + outputs(r, first), r->dy + outputs(r, first),
		(outputs(r, first + count) - outputs(r, first)) * sizeof(lep_real));
}

/* Bails out rather than fails: the descriptions are ours. */
static void start(struct run *r, const char *text, int training)
{
	struct lep_net_options o = {.input_gradients = 1};
	struct lep_error e;
	int32_t lengths[SAMPLES];

	*r = (struct run){.field = {.name = (char *)(uintptr_t)"x", .role = LEP_ROLE_INPUT, .dtype = LEP_F32,
		.shape = {.rank = 2, .extent = {LEP_VARIES, IN}}}};
	for (size_t s = 0; s < SAMPLES; s++)
		lengths[s] = length_of(s);
	if (lep_net_new(&r->net, text, "t", &r->field, 1, &o, lep_kernels_select(NULL, NULL), &e) ||
		lep_threads_new(&r->pool, 2, NULL) || lep_exec_new(&r->x, r->net, SAMPLES, training, 2, NULL) ||
		ragged_lengths(r->x, r->net, lengths, SAMPLES)) {
		printf("Bail out! %s: %s\n", text, e.text);
		exit(EXIT_FAILURE);
	}
	lep_net_init(r->net, 3);
	for (size_t i = 0; i < lep_exec_input_row(r->x, 0, SAMPLES) * IN; i++)
		lep_exec_input(r->x, 0)[i] = 2 * lep_random_uniform(5, LEP_RANDOM_SAMPLE, 0, i) - 1;
}

static void stop(struct run *r)
{
	lep_exec_free(r->x);
	lep_net_free(r->net);
	lep_threads_free(r->pool);
}

static void train(struct run *r, const lep_real *dy, uint64_t step)
{
	struct lep_step_info info = {.seed = 9, .step = step};

	r->dy = dy;
	lep_net_prepare(r->net, r->pool, 1);
	lep_exec_train(r->x, r->pool, SAMPLES, &info, NULL, give_gradient, r);
}

static void use(struct run *r)
{
	lep_net_prepare(r->net, r->pool, 0);
	lep_exec_infer(r->x, SAMPLES);
}

/* All rows of the input of each sample in the other order. */
static void turn(struct run *r)
{
	for (size_t s = 0; s < SAMPLES; s++) {
		size_t a = lep_exec_input_row(r->x, 0, s), b = lep_exec_input_row(r->x, 0, s + 1);

		for (; a + 1 < b; a++, b--)
			for (size_t j = 0; j < IN; j++) {
				lep_real *x = lep_exec_input(r->x, 0), v = x[a * IN + j];

				x[a * IN + j] = x[(b - 1) * IN + j];
				x[(b - 1) * IN + j] = v;
			}
	}
}

static int same(const lep_real *a, const lep_real *b, size_t n)
{
	return memcmp(a, b, n * sizeof(*a)) == 0;
}

static void last_is_a_row(const char *cell, int reverse)
{
	static lep_real dy[ROOM], dlast[ROOM];
	struct run sequence, last;
	char text[64];

	snprintf(text, sizeof(text), "%s 6 dropout 0.3 recurrent_dropout 0.2%s", cell, reverse ? " reverse" : "");
	start(&sequence, text, 1);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), " last");
	start(&last, text, 1);
	memset(dy, 0, sizeof(dy));
	for (size_t s = 0; s < SAMPLES; s++)
		for (size_t j = 0; j < 6; j++) {
			size_t row = reverse ? outputs(&sequence, s) : outputs(&sequence, s + 1) - 6;

			dlast[s * 6 + j] = lep_random_uniform(6, LEP_RANDOM_SAMPLE, s, j);
			if (length_of(s))
				dy[row + j] = dlast[s * 6 + j];
		}
	train(&sequence, dy, 1);
	train(&last, dlast, 1);
	for (size_t s = 0; s < SAMPLES; s++) {
		static const lep_real zeros[6];
		size_t row = reverse ? outputs(&sequence, s) : outputs(&sequence, s + 1) - 6;

		CHECKF(same(lep_exec_output(last.x) + s * 6, length_of(s) ? lep_exec_output(sequence.x) + row : zeros, 6),
			"sample %zu", s);
	}
	CHECK(same(lep_exec_input_grad(last.x, 0), lep_exec_input_grad(sequence.x, 0),
		lep_exec_input_row(last.x, 0, SAMPLES) * IN));
	for (size_t i = 0; i < lep_net_params(last.net); i++)
		CHECK(same(lep_net_param(last.net, i)->grad, lep_net_param(sequence.net, i)->grad,
			lep_net_param(last.net, i)->count));
	stop(&sequence);
	stop(&last);
}

static void reverse_is_turned(const char *cell)
{
	struct run forward, reverse;
	char text[64];

	snprintf(text, sizeof(text), "%s 19", cell);
	start(&forward, text, 0);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), " reverse");
	start(&reverse, text, 0);
	CHECK(strcmp(strchr(lep_net_param(reverse.net, 1)->name, '.'), ".u_reverse") == 0);
	turn(&forward);
	use(&forward);
	use(&reverse);
	for (size_t s = 0; s < SAMPLES; s++)
		for (size_t t = 0, n = (size_t)length_of(s); t < n; t++)
			CHECK(same(lep_exec_output(forward.x) + outputs(&forward, s) + t * 19,
				lep_exec_output(reverse.x) + outputs(&reverse, s) + (n - 1 - t) * 19, 19));
	stop(&forward);
	stop(&reverse);
}

static void copy_params(struct lep_net *to, const char *mark, struct lep_net *from)
{
	for (size_t i = 0; i < lep_net_params(from); i++) {
		const struct lep_param *p = lep_net_param(from, i);
		char name[64];
		int at;

		snprintf(name, sizeof(name), "%s%s", p->name, strstr(p->name, mark) ? "" : mark);
		at = lep_net_find_param(to, name);
		if (at >= 0)
			memcpy(lep_net_param(to, (size_t)at)->value, p->value, p->count * sizeof(*p->value));
	}
}

static void both_is_two(const char *cell, const char *last)
{
	struct run two[2], both;
	char text[64];

	for (int d = 0; d < 2; d++) {
		snprintf(text, sizeof(text), "%s 4%s%s", cell, d ? " reverse" : "", last);
		start(&two[d], text, 0);
	}
	snprintf(text, sizeof(text), "%s 4 both%s", cell, last);
	start(&both, text, 0);
	copy_params(both.net, "", two[0].net);
	copy_params(both.net, "_reverse", two[1].net);
	for (int d = 0; d < 2; d++)
		use(&two[d]);
	use(&both);
	CHECK(lep_net_output(both.net, NULL) == 8 && outputs(&both, SAMPLES) == 2 * outputs(&two[0], SAMPLES));
	for (size_t row = 0; row < outputs(&both, SAMPLES) / 8; row++)
		for (size_t d = 0; d < 2; d++)
			CHECK(same(lep_exec_output(both.x) + row * 8 + d * 4, lep_exec_output(two[d].x) + row * 4, 4));
	for (int d = 0; d < 2; d++)
		stop(&two[d]);
	stop(&both);
}

/* The weights of an rnn of as many units as inputs: w and u the identity. */
static void make_plain(struct run *r)
{
	for (size_t i = 0; i < lep_net_params(r->net); i++) {
		struct lep_param *p = lep_net_param(r->net, i);

		for (size_t k = 0; k < p->count; k++)
			p->value[k] = p->shape.rank == 2 && k / IN == k % IN;
	}
	for (size_t i = 0; i < lep_exec_input_row(r->x, 0, SAMPLES) * IN; i++)
		lep_exec_input(r->x, 0)[i] = 1;
}

/* One mask for all rows of a sample, another for the next sample and step; none in use. */
static void masks(const char *text, int recurrent)
{
	static const lep_real zero_gradient[ROOM];
	const double once = tanh(1), dropped = recurrent ? once : 0;
	const double kept = tanh(recurrent ? 1 + 2 * once : 2), untouched = recurrent ? tanh(1 + once) : once;
	int pattern[2][SAMPLES], differ[2] = {0}, drops = 0, places = 0;
	struct run r;

	start(&r, text, 1);
	make_plain(&r);
	for (uint64_t step = 0; step < 2; step++) {
		train(&r, zero_gradient, step);
		for (size_t s = 0; s < SAMPLES; s++) {
			pattern[step][s] = 0;
			for (size_t t = (size_t)recurrent; t < (size_t)length_of(s); t++)
				for (size_t j = 0; j < IN; j++) {
					double y = (double)lep_exec_output(r.x)[outputs(&r, s) + t * IN + j];
					int drop = fabs(y - dropped) < 1e-5;

					/* Later rows add to the first kept one. */
					CHECKF(drop || y > kept - 1e-5, "%g", y);
					if (t > (size_t)recurrent)
						CHECK(drop == ((pattern[step][s] >> j & 1) != 0));
					pattern[step][s] |= drop << j;
					drops += t == (size_t)recurrent && drop;
					places += t == (size_t)recurrent;
				}
			differ[0] |= s > 0 && pattern[step][s] != pattern[step][s - 1];
			differ[1] |= step == 1 && pattern[1][s] != pattern[0][s];
		}
	}
	CHECK(differ[0] && differ[1]);
	CHECKF(drops > places * 3 / 10 && drops < places * 7 / 10, "%d of %d", drops, places);
	use(&r);
	for (size_t s = 0; s < SAMPLES; s++)
		if (length_of(s) > 1)
			CHECK(fabs((double)lep_exec_output(r.x)[outputs(&r, s) + IN * (size_t)recurrent] - untouched) < 1e-5);
	stop(&r);
}

static const struct lep_param *param(const struct run *r, const char *name)
{
	return lep_net_param(r->net, (size_t)lep_net_find_param(r->net, name));
}

/* u: each gate's block orthogonal; b: 1 for the forget gate. */
static void first_values(void)
{
	enum { UNITS = 37 };
	struct run r;
	const lep_real *u, *b;

	start(&r, "lstm 37; gru 37 both", 1);
	u = param(&r, "lstm1.u")->value;
	for (size_t gate = 0; gate < 4; gate++)
		for (size_t i = 0; i < UNITS; i++)
			for (size_t j = 0; j <= i; j++) {
				double dot = 0;

				for (size_t k = 0; k < UNITS; k++)
					dot += (double)u[i * 4 * UNITS + gate * UNITS + k] *
						(double)u[j * 4 * UNITS + gate * UNITS + k];
				CHECKF(fabs(dot - (i == j)) < 1e-6, "gate %zu rows %zu, %zu: %g", gate, i, j, dot);
			}
	CHECK(u[0] != u[UNITS]);
	b = param(&r, "lstm1.b")->value;
	for (size_t k = 0; k < 4 * UNITS; k++)
		CHECK(b[k] == (k >= UNITS && k < 2 * UNITS));
	b = param(&r, "gru1.bu_reverse")->value;
	for (size_t k = 0; k < 3 * UNITS; k++)
		CHECK(b[k] == 0);
	CHECK(!same(param(&r, "gru1.u")->value, param(&r, "gru1.u_reverse")->value, UNITS));
	stop(&r);
}

int main(void)
{
	for (size_t c = 0; c < sizeof(cells) / sizeof(cells[0]); c++) {
		char name[64];

		snprintf(name, sizeof(name), "%s: last", cells[c]);
		CHECK_CASE(name, last_is_a_row(cells[c], 0));
		snprintf(name, sizeof(name), "%s: reverse last", cells[c]);
		CHECK_CASE(name, last_is_a_row(cells[c], 1));
		snprintf(name, sizeof(name), "%s: reverse", cells[c]);
		CHECK_CASE(name, reverse_is_turned(cells[c]));
		snprintf(name, sizeof(name), "%s: both", cells[c]);
		CHECK_CASE(name, both_is_two(cells[c], ""));
		snprintf(name, sizeof(name), "%s: both last", cells[c]);
		CHECK_CASE(name, both_is_two(cells[c], " last"));
	}
	CHECK_CASE("dropout of the input", masks("rnn 5 dropout 0.5", 0));
	CHECK_CASE("dropout of the state", masks("rnn 5 recurrent_dropout 0.5", 1));
	RUN(first_values);
	return CHECK_END();
}
