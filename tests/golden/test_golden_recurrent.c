/*
 * rnn, lstm and gru against the recorded references (golden/INDEX.tsv): forward
 * 2e-6, gradients 1e-5, relative to the array's largest value; on every
 * instruction set, with three threads. The references are padded, and a state
 * stays as it was beyond a sample's length: what the gradient of those rows says
 * is meant for the last state.
 */
#include <string.h>

#include "../unit/check.h"
#include "../unit/ragged.h"
#include "golden_load.h"
#include "kernel/kernel.h"
#include "nn/net.h"

enum { SAMPLES = 4, ROOM = 1024 };

static const struct recurrent_case {
	const char *name, *net;
	int reverse;
} cases[] = {
	{"rnn", "rnn 6", 0},
	{"lstm", "lstm 8", 0},
	{"lstm_lengths", "lstm 8", 0},
	{"lstm_reverse", "lstm 8 reverse", 1},
	{"gru", "gru 8", 0},
	{"gru_lengths", "gru 8", 0},
};

struct run {
	const struct recurrent_case *c;
	struct lep_field field;
	struct lep_net *net;
	struct lep_exec *x;
	struct lep_threads *pool;
	size_t n, steps, in, units, rows;
	int32_t lengths[SAMPLES];
	double dy[ROOM];          /* [rows][units] */
};

/* The array's rows within the lengths, one sample behind the other. */
static double *load_rows(const struct run *r, const char *array)
{
	size_t n;
	double *a = golden_load(r->c->name, array, &n);

	ragged_pack(a, a, r->lengths, r->n, r->steps, n / r->n / r->steps * sizeof(*a));
	return a;
}

static double distance(const char *name, const char *array, const lep_real *got, const double *want, size_t n)
{
	double d[ROOM], worst;

	if (n > ROOM)
		abort();
	for (size_t i = 0; i < n; i++)
		d[i] = (double)got[i];
	worst = golden_distance(d, want, n);
	printf("# %s: %s is off by %.2g\n", name, array, worst);
	return worst;
}

/* The row, among those of all samples, that sample s ends in. */
static size_t last_row(const struct run *r, size_t s)
{
	size_t at = 0;

	for (size_t k = 0; k < s; k++)
		at += (size_t)r->lengths[k];
	return r->c->reverse ? at : at + (size_t)r->lengths[s] - 1;
}

static void gather_dy(struct run *r)
{
	size_t n;
	double *rows = load_rows(r, "dy_sequence"), *padded = golden_load(r->c->name, "dy_sequence", &n);
	double *last = golden_load(r->c->name, "dy_last", &n);

	memcpy(r->dy, rows, r->rows * r->units * sizeof(*rows));
	for (size_t s = 0; s < r->n; s++)
		for (size_t j = 0; j < r->units; j++) {
			double *to = r->dy + last_row(r, s) * r->units + j;

			*to += last[s * r->units + j];
			/* In reverse they come before the first state. */
			for (size_t t = (size_t)r->lengths[s]; t < r->steps && !r->c->reverse; t++)
				*to += padded[(s * r->steps + t) * r->units + j];
		}
	lep_free(rows);
	lep_free(padded);
	lep_free(last);
}

static void read_case(struct run *r)
{
	size_t n, nx;
	double *lengths = golden_load(r->c->name, "lengths", &r->n), *b = golden_load(r->c->name, "y_last", &n);
	double *x = golden_load(r->c->name, "x", &nx);
	double *y = golden_load(r->c->name, "y_sequence", &r->steps);

	r->units = n / r->n;
	r->steps /= n;
	r->in = nx / r->n / r->steps;
	for (size_t s = 0; s < r->n && r->n <= SAMPLES; s++) {
		r->lengths[s] = (int32_t)lengths[s];
		r->rows += (size_t)r->lengths[s];
	}
	if (r->n > SAMPLES || nx > ROOM || n * r->steps > ROOM)
		abort();
	lep_free(lengths);
	lep_free(b);
	lep_free(x);
	lep_free(y);
}

static const char *array_of(const struct lep_param *p)
{
	static char name[8];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(strchr(p->name, '.') + 1, "_"), strchr(p->name, '.') + 1);
	return name;
}

static int start(struct run *r, const char *text, const struct lep_kernels *k)
{
	struct lep_net_options o = {.input_gradients = 1};
	struct lep_error e;
	double *x = load_rows(r, "x");
	size_t n;

	r->field = (struct lep_field){.name = (char *)(uintptr_t)"x", .role = LEP_ROLE_INPUT, .dtype = LEP_F32,
		.shape = {.rank = 2, .extent = {LEP_VARIES, (int64_t)r->in}}};
	if (lep_net_new(&r->net, text, r->c->name, &r->field, 1, &o, k, &e)) {
		printf("# %s\n", e.text);
		return -1;
	}
	for (size_t i = 0; i < lep_net_params(r->net); i++) {
		struct lep_param *p = lep_net_param(r->net, i);
		double *w = golden_load(r->c->name, array_of(p), &n);

		for (size_t j = 0; j < n && n == p->count; j++)
			p->value[j] = (lep_real)w[j];
		lep_free(w);
		if (n != p->count)
			return -1;
	}
	if (lep_threads_new(&r->pool, 3, NULL) || lep_exec_new(&r->x, r->net, r->n, 1, 3, NULL) ||
		ragged_lengths(r->x, r->net, r->lengths, r->n))
		return -1;
	lep_net_prepare(r->net, r->pool, 1);
	for (size_t i = 0; i < r->rows * r->in; i++)
		lep_exec_input(r->x, 0)[i] = (lep_real)x[i];
	lep_free(x);
	return 0;
}

static void stop(struct run *r)
{
	lep_exec_free(r->x);
	lep_net_free(r->net);
	lep_threads_free(r->pool);
}

static void give_gradient(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	const struct run *r = ctx;
	int out = lep_net_logits_value(r->net);

	(void)thread;
	for (size_t i = lep_exec_row(x, out, first) * r->units; i < lep_exec_row(x, out, first + count) * r->units; i++)
		lep_exec_logits_grad(x)[i] = (lep_real)r->dy[i];
}

static void sequence(const struct recurrent_case *c, const struct lep_kernels *k)
{
	struct lep_step_info info = {.seed = 1};
	struct run r = {.c = c};
	double *want;
	size_t n;

	read_case(&r);
	CHECK(start(&r, c->net, k) == 0);
	gather_dy(&r);
	lep_exec_train(r.x, r.pool, r.n, &info, NULL, give_gradient, &r);
	want = load_rows(&r, "y_sequence");
	CHECK(distance(c->name, "y_sequence", lep_exec_output(r.x), want, r.rows * r.units) <= 2e-6);
	lep_free(want);
	want = load_rows(&r, "dx");
	CHECK(distance(c->name, "dx", lep_exec_input_grad(r.x, 0), want, r.rows * r.in) <= 1e-5);
	lep_free(want);
	for (size_t i = 0; i < lep_net_params(r.net); i++) {
		struct lep_param *p = lep_net_param(r.net, i);
		char array[16];

		snprintf(array, sizeof(array), "d%s", array_of(p));
		want = golden_load(c->name, array, &n);
		CHECK(n == p->count && distance(c->name, array, p->grad, want, n) <= 1e-5);
		lep_free(want);
	}
	stop(&r);
}

static void last(const struct recurrent_case *c, const struct lep_kernels *k)
{
	struct run r = {.c = c};
	char text[64];
	double *want;
	size_t n;

	read_case(&r);
	snprintf(text, sizeof(text), "%s last", c->net);
	CHECK(start(&r, text, k) == 0);
	lep_exec_infer(r.x, r.n);
	want = golden_load(c->name, "y_last", &n);
	CHECK(n == r.n * lep_net_output(r.net, NULL));
	CHECK(distance(c->name, "y_last", lep_exec_output(r.x), want, n) <= 2e-6);
	lep_free(want);
	stop(&r);
}

int main(void)
{
	static const char *const isas[] = {"avx512", "avx2", "portable"};

	if (!golden_present()) {
		CHECK_SKIP("golden recurrent", "no golden cases: set LEP_GOLDEN");
		return CHECK_END();
	}
	for (size_t i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
		const struct lep_kernels *k = lep_kernels_select(isas[i], NULL);

		for (size_t c = 0; k && c < sizeof(cases) / sizeof(cases[0]); c++) {
			char name[128];

			snprintf(name, sizeof(name), "%s on %s", cases[c].name, isas[i]);
			CHECK_CASE(name, sequence(&cases[c], k));
			snprintf(name, sizeof(name), "%s, last state, on %s", cases[c].name, isas[i]);
			CHECK_CASE(name, last(&cases[c], k));
		}
	}
	return CHECK_END();
}
