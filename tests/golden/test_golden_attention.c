/*
 * Attention, and the gate between encoder and decoder or two inputs, against the recorded
 * references (golden/INDEX.tsv), inside the lengths: forward 2e-6, gradients
 * 1e-5; on every instruction set, as sequences and as fixed values.
 */
#include <string.h>

#include "../unit/check.h"
#include "golden_load.h"
#include "kernel/kernel.h"
#include "nn/net.h"

enum { SAMPLES_MAX = 8 };

/* WHOLE: no sample is cut. FIRST: lengths are x's. SECOND: the memory's. */
enum cut { WHOLE, FIRST, SECOND };

static const struct golden_case {
	const char *name, *net;
	const char *memory;       /* array of the second input, or NULL */
	enum cut cut;
	int fixed;                /* values of fixed extents, not sequences; 2: vectors */
	int forward_only;
	int64_t samples, steps, width, memory_steps, memory_width;
} cases[] = {
	{"attention_self", "attention 3", NULL, WHOLE, 0, 0, 2, 5, 12, 0, 0},
	{"attention_self", "attention 3", NULL, WHOLE, 1, 0, 2, 5, 12, 0, 0},
	{"attention_causal", "attention 2 causal", NULL, WHOLE, 0, 0, 2, 6, 8, 0, 0},
	{"attention_causal", "attention 2 causal", NULL, WHOLE, 1, 0, 2, 6, 8, 0, 0},
	/* The reference's queries go on beyond the lengths. So do those of a second copy
	 * of x that reads the first, which is cut. */
	{"attention_lengths", "attention 2", NULL, FIRST, 0, 1, 3, 6, 8, 0, 0},
	{"attention_lengths", "input memory; input x; attention 2 from memory", "x", SECOND, 0, 0, 3, 6, 8, 6, 8},
	{"fuse_gate", "input x; input text; gate from x", "text", WHOLE, 2, 0, 4, 1, 5, 1, 6},
	{"fuse_gate", "input x; input text; fuse gate x text", "text", WHOLE, 2, 0, 4, 1, 5, 1, 6},
	/* Its gate is one number, which meets all of x. */
	{"seed_fusion_example", "input x; input text { dense 1; softmax }; fuse product x text",
		"text", WHOLE, 2, 1, 1, 1, 3, 1, 3},
	{"attention_cross", "input memory; input x; attention 2 from memory", "memory", SECOND, 0, 0, 2, 4, 8, 7, 8},
};

struct side {
	struct lep_field field;
	const char *array;
	double *value;            /* padded: [samples][steps][width] */
	size_t samples, steps, width;
	int32_t length[SAMPLES_MAX];
};

struct run {
	const struct golden_case *c;
	struct lep_net *net;
	struct lep_exec *x;
	struct lep_threads *pool;
	struct side side[2];
	int sides;
	double *dy;
};

/* Padded to rows: only those inside the lengths. Returns how many reals. */
static size_t pack(double *rows, const double *padded, const struct side *s, size_t width)
{
	size_t at = 0;

	for (size_t i = 0; i < s->samples; i++) {
		size_t n = (size_t)s->length[i] * width;

		memcpy(rows + at, padded + i * s->steps * width, n * sizeof(*rows));
		at += n;
	}
	return at;
}

static void load_side(struct side *s, const struct golden_case *c, int second)
{
	size_t n, lengths;
	double *length = NULL;

	s->array = second ? c->memory : "x";
	s->value = golden_load(c->name, s->array, &n);
	s->samples = (size_t)c->samples;
	s->steps = (size_t)(second ? c->memory_steps : c->steps);
	s->width = (size_t)(second ? c->memory_width : c->width);
	if (c->cut == (second ? SECOND : FIRST))
		length = golden_load(c->name, "lengths", &lengths);
	for (size_t i = 0; i < s->samples; i++)
		s->length[i] = length ? (int32_t)length[i] : (int32_t)s->steps;
	lep_free(length);
	s->field = (struct lep_field){.name = (char *)(uintptr_t)(!second ? "x" : c->fixed == 2 ? "text" : "memory"),
		.role = LEP_ROLE_INPUT, .dtype = LEP_F32, .shape = {.rank = 2,
		.extent = {c->fixed ? (int64_t)s->steps : LEP_VARIES, (int64_t)s->width}}};
	if (c->fixed == 2)
		s->field.shape = (struct lep_shape){.rank = 1, .extent = {(int64_t)s->width}};
}

static int fill(struct run *r)
{
	double *rows;

	for (size_t i = 0; i < lep_net_inputs(r->net); i++)
		for (size_t s = 0; s < r->side[0].samples && lep_net_input(r->net, i)->varies; s++)
			lep_exec_lengths(r->x, i)[s] = (size_t)r->side[lep_net_input(r->net, i)->field].length[s];
	if (lep_exec_reserve(r->x, r->side[0].samples, NULL))
		return -1;
	for (size_t i = 0; i < lep_net_inputs(r->net); i++) {
		const struct side *s = &r->side[lep_net_input(r->net, i)->field];
		size_t n;

		rows = lep_alloc(s->samples * s->steps * s->width, sizeof(*rows));
		if (!rows)
			return -1;
		n = pack(rows, s->value, s, s->width);
		for (size_t k = 0; k < n; k++)
			lep_exec_input(r->x, i)[k] = (lep_real)rows[k];
		lep_free(rows);
	}
	for (size_t i = 0; i < lep_net_params(r->net); i++) {
		struct lep_param *p = lep_net_param(r->net, i);
		double *w = golden_load(r->c->name, strrchr(p->name, '.') + 1, &(size_t){0});

		for (size_t k = 0; k < p->count; k++)
			p->value[k] = (lep_real)w[k];
		lep_free(w);
	}
	lep_net_prepare(r->net, r->pool, 1);
	return 0;
}

static void give_gradient(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	const struct run *r = ctx;
	int out = lep_net_logits_value(r->net);
	size_t size = lep_net_value_size(r->net, out, NULL);

	(void)thread;
	for (size_t i = lep_exec_row(x, out, first) * size; i < lep_exec_row(x, out, first + count) * size; i++)
		lep_exec_logits_grad(x)[i] = (lep_real)r->dy[i];
}

static double distance(const lep_real *got, const double *want, size_t n)
{
	double *g = lep_alloc(n, sizeof(*g)), d;

	for (size_t i = 0; i < n; i++)
		g[i] = (double)got[i];
	d = golden_distance(g, want, n);
	lep_free(g);
	return d;
}

/* An array of the output's or an input's rows, only those inside the lengths. */
static double *rows_of(const char *name, const char *array, const struct side *s, size_t width, size_t *n)
{
	double *padded = golden_load(name, array, n), *rows = lep_alloc(*n, sizeof(*rows));

	*n = pack(rows, padded, s, width);
	lep_free(padded);
	return rows;
}

static void check_inputs(struct run *r)
{
	/* One array read twice: its gradient is the sum of both. */
	int twice = r->sides == 2 && strcmp(r->side[0].array, r->side[1].array) == 0;

	for (size_t i = 0; i < lep_net_inputs(r->net); i++) {
		const struct side *s = &r->side[lep_net_input(r->net, i)->field];
		char array[32];
		double *want, d;
		size_t n;

		if (twice && s == &r->side[1])
			continue;
		snprintf(array, sizeof(array), "d%s", s->array);
		want = rows_of(r->c->name, array, s, s->width, &n);
		for (size_t k = 0, at = 0; k < s->samples && twice; k++)
			for (size_t j = 0; j < (size_t)r->side[1].length[k] * s->width; j++)
				want[k * s->steps * s->width + j] -= (double)lep_exec_input_grad(r->x, 1 - i)[at++];
		d = distance(lep_exec_input_grad(r->x, i), want, n);
		CHECKF(d <= 1e-5, "%s: %s is off by %g", r->c->name, array, d);
		lep_free(want);
	}
}

/* A bias of keys moves all scores of a query alike: its gradient is zero, but for
 * rounding, which is measured by the weights'. */
static double key_bias(const struct run *r, const struct lep_param *p, size_t n)
{
	double *weights, most = 0, worst = 0;
	size_t count;

	weights = golden_load(r->c->name, "dwk", &count);
	for (size_t i = 0; i < count; i++)
		most = fabs(weights[i]) > most ? fabs(weights[i]) : most;
	for (size_t i = 0; i < n; i++)
		worst = fabs((double)p->grad[i]) <= worst ? worst : fabs((double)p->grad[i]);
	lep_free(weights);
	return worst / most;
}

static void compare(struct run *r)
{
	struct lep_step_info info = {.seed = 1};
	size_t width, n;
	double *want, d;

	width = lep_net_value_size(r->net, lep_net_output_value(r->net), NULL);
	width = r->c->fixed ? width / r->side[0].steps : width;
	want = rows_of(r->c->name, "y", &r->side[0], width, &n);
	if (r->c->forward_only)
		lep_exec_infer(r->x, r->side[0].samples);
	else
		lep_exec_train(r->x, r->pool, r->side[0].samples, &info, NULL, give_gradient, r);
	d = distance(lep_exec_output(r->x), want, n);
	lep_free(want);
	CHECKF(d <= 2e-6, "%s: forward is off by %g", r->c->name, d);
	if (r->c->forward_only)
		return;
	check_inputs(r);
	for (size_t i = 0; i < lep_net_params(r->net); i++) {
		const struct lep_param *p = lep_net_param(r->net, i);
		char array[32];

		snprintf(array, sizeof(array), "d%s", strrchr(p->name, '.') + 1);
		want = golden_load(r->c->name, array, &n);
		d = n != p->count ? (double)INFINITY : strcmp(array, "dbk") == 0 ? key_bias(r, p, n) :
			distance(p->grad, want, n);
		CHECKF(d <= 1e-5, "%s: %s is off by %g", r->c->name, p->name, d);
		lep_free(want);
	}
}

static void one_case(const struct golden_case *c, const struct lep_kernels *k)
{
	struct lep_net_options o = {.input_gradients = 1};
	struct run r = {.c = c, .sides = c->memory ? 2 : 1};
	struct lep_field fields[2];
	struct lep_error e;
	size_t n;

	for (int i = 0; i < r.sides; i++) {
		load_side(&r.side[i], c, i);
		fields[i] = r.side[i].field;
	}
	if (lep_net_new(&r.net, c->net, c->name, fields, (size_t)r.sides, &o, k, &e))
		printf("# %s\n", e.text);
	CHECK(r.net);
	if (!c->forward_only)
		r.dy = rows_of(c->name, "dy", &r.side[0],
			lep_net_output(r.net, NULL) / (c->fixed ? r.side[0].steps : 1), &n);
	CHECK(lep_threads_new(&r.pool, 3, NULL) == 0);
	CHECK(lep_exec_new(&r.x, r.net, r.side[0].samples, !c->forward_only, 3, NULL) == 0);
	CHECK(fill(&r) == 0);
	compare(&r);
	lep_exec_free(r.x);
	lep_net_free(r.net);
	lep_threads_free(r.pool);
	lep_free(r.dy);
	for (int i = 0; i < r.sides; i++)
		lep_free(r.side[i].value);
}

int main(void)
{
	static const char *const isas[] = {"avx512", "avx2", "portable"};

	if (!golden_present()) {
		CHECK_SKIP("golden attention", "no golden cases: set LEP_GOLDEN");
		return CHECK_END();
	}
	for (size_t i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
		const struct lep_kernels *k = lep_kernels_select(isas[i], NULL);

		for (size_t c = 0; k && c < sizeof(cases) / sizeof(cases[0]); c++) {
			char name[128];

			snprintf(name, sizeof(name), "%s%s%s on %s", cases[c].name, cases[c].fixed == 1 ? " fixed" : "",
				cases[c].cut == SECOND ? " of a memory" : "", isas[i]);
			CHECK_CASE(name, one_case(&cases[c], k));
		}
	}
	return CHECK_END();
}
