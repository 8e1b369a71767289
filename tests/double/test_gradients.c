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
#include "gradient_cases.h"
#include "nn/net.h"

#define STEP 1e-6
#define TOLERANCE 1e-6
#define SEED 11

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
