/*
 * Every layer against the recorded references of an independent
 * implementation (golden/INDEX.tsv): forward 2e-6, gradients 1e-5, relative to
 * the array's largest value; on every instruction set, with three threads.
 */
#include <math.h>
#include <string.h>

#include "../unit/check.h"
#include "../unit/ragged.h"
#include "data/npy.h"
#include "kernel/kernel.h"
#include "nn/net.h"

static const struct layer_case {
	const char *name, *net;
	int no_gradient;          /* the case records the forward pass only */
	int sequence;             /* x is [samples][steps][...], of varying length; rows beyond a
	                           * sample's length (array lengths, else all are whole) do not count */
} cases[] = {
	{"conv_3x3_valid", "conv 5 3x3", 0, 0},
	{"conv_3x3_same", "conv 8 3x3 same", 0, 0},
	{"conv_5x5_stride2", "conv 7 5x5 padding 2 stride 2", 0, 0},
	{"conv_1x1", "conv 33 1x1", 0, 0},
	{"conv_dilated", "conv 3 3x3 same dilation 2", 0, 0},
	{"conv_depthwise", "conv 6 3x3 same groups 6", 0, 0},
	{"conv_wide", "conv 64 3x3", 0, 0},
	{"maxpool_2", "maxpool 2", 0, 0},
	{"maxpool_3_stride2", "maxpool 3 stride 2 padding 1", 0, 0},
	{"avgpool_2", "avgpool 2", 0, 0},
	{"avgpool_3_stride2", "avgpool 3 stride 2 padding 1", 0, 0},
	{"global_avgpool", "globalavgpool", 0, 0},
	{"dense", "dense 7", 0, 0},
	{"act_relu", "relu", 0, 0},
	{"act_sigmoid", "sigmoid; flatten", 0, 0},
	{"act_tanh", "tanh", 0, 0},
	{"act_gelu", "gelu", 0, 0},
	{"act_silu", "silu", 0, 0},
	{"act_leaky_relu", "leaky_relu", 0, 0},
	{"act_elu", "elu", 0, 0},
	{"act_softplus", "softplus", 0, 0},
	/* A last softmax belongs to the loss; behind it something makes it a layer. */
	{"softmax", "softmax; flatten", 0, 0},
	{"batchnorm_train", "batchnorm", 0, 0},
	{"batchnorm_eval", "batchnorm", 1, 0},
	{"layernorm", "layernorm", 0, 0},
	{"embedding", "embed 5", 0, 0},
	{"layernorm", "layernorm", 0, 1},
	{"embedding", "embed 5", 0, 1},
	{"seed_conv_example", "conv 1 3x3", 1, 0},
	{"seed_maxpool_example", "maxpool 3", 1, 0},
};

/* Parameter's suffix -> the array's name before and the gradient's. */
static const struct {
	const char *suffix, *array, *before, *gradient;
} params[] = {
	{"w", "w", NULL, "dw"},
	{"b", "b", NULL, "db"},
	{"gamma", "gamma", NULL, "dgamma"},
	{"beta", "beta", NULL, "dbeta"},
	{"mean", "running_mean", "running_mean_before", NULL},
	{"variance", "running_var", "running_var_before", NULL},
};

static const char *root;

static int load(struct lep_npy *a, const char *name, const char *array)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s/%s.npy", root, name, array);
	*a = (struct lep_npy){0};
	return lep_npy_load(a, path, NULL);
}

static int exists(const char *name, const char *array)
{
	struct lep_npy a;
	int rc = load(&a, name, array);

	lep_npy_release(&a);
	return rc == 0;
}

/* The floats of an array; of a padded one, with lengths, only the rows that are.
 * NULL if they are not n. The caller frees. */
static float *floats(const char *name, const char *array, size_t n, const int32_t *lengths)
{
	struct lep_npy a;
	float *out = lep_alloc(n, sizeof(*out));
	size_t got = 0;

	if (load(&a, name, array) == 0 && a.dtype == LEP_F32 && out) {
		size_t samples = (size_t)a.shape.extent[0], steps = (size_t)a.shape.extent[1], rows = 0;
		size_t bytes = lengths ? a.bytes / samples / steps : 0;

		for (size_t s = 0; s < samples && lengths; s++)
			rows += (size_t)lengths[s];
		got = lengths ? rows * bytes : a.bytes;
		if (got == n * sizeof(float) && lengths)
			ragged_pack(out, a.data, lengths, samples, steps, bytes);
		else if (got == n * sizeof(float))
			memcpy(out, a.data, got);
	}
	lep_npy_release(&a);
	if (got == n * sizeof(float))
		return out;
	lep_free(out);
	return NULL;
}

/* Largest difference over the largest magnitude of the reference. */
static double distance_rows(const char *name, const char *array, const lep_real *got, size_t n,
	const int32_t *lengths)
{
	float *want = floats(name, array, n, lengths);
	double worst = 0, largest = 0;

	if (!want)
		return INFINITY;
	for (size_t i = 0; i < n; i++) {
		double d = fabs((double)got[i] - (double)want[i]);

		if (!(d <= worst))
			worst = d;
		if (fabs((double)want[i]) > largest)
			largest = fabs((double)want[i]);
	}
	lep_free(want);
	return largest > 0 ? worst / largest : worst;
}

static double distance(const char *name, const char *array, const lep_real *got, size_t n)
{
	return distance_rows(name, array, got, n, NULL);
}

struct run {
	const struct layer_case *c;
	struct lep_net *net;
	struct lep_exec *x;
	struct lep_threads *pool;
	struct lep_field field;
	struct lep_table table;
	size_t n;                 /* samples */
	int32_t lengths[16];      /* of a sequence */
};

/* Lengths for arrays that follow this value; NULL: it is no sequence. */
static const int32_t *lengths_of(const struct run *r, int value)
{
	return lep_net_value_axis(r->net, value) >= 0 ? r->lengths : NULL;
}

static size_t reals(const struct run *r, int value)
{
	return lep_exec_row(r->x, value, r->n) * lep_net_value_size(r->net, value, NULL);
}

static void give_gradient(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	const struct run *r = ctx;
	int out = lep_net_logits_value(r->net);
	size_t size = lep_net_value_size(r->net, out, NULL), from = lep_exec_row(x, out, first) * size;
	size_t to = lep_exec_row(x, out, first + count) * size;
	float *dy = floats(r->c->name, "dy", reals(r, out), lengths_of(r, out));

	(void)thread;
	if (dy)
		memcpy(lep_exec_logits_grad(x) + from, dy + from, (to - from) * sizeof(float));
	lep_free(dy);
}

/* The case's lengths; without any all samples are whole. */
static int read_lengths(struct run *r, int32_t steps)
{
	struct lep_npy a;
	int there = exists(r->c->name, "lengths");

	if (r->n > sizeof(r->lengths) / sizeof(r->lengths[0]) || (there && load(&a, r->c->name, "lengths")))
		return -1;
	for (size_t s = 0; s < r->n; s++)
		r->lengths[s] = there ? ((const int32_t *)a.data)[s] : steps;
	if (there)
		lep_npy_release(&a);
	return 0;
}

static int set_up(struct run *r, const struct lep_kernels *k)
{
	struct lep_net_options o = {.input_gradients = 1};
	struct lep_error e;
	struct lep_npy x, w;
	void *to;
	int ids;

	if (load(&x, r->c->name, "x"))
		return -1;
	ids = x.dtype == LEP_I32;
	r->field = (struct lep_field){.name = (char *)(uintptr_t)"x", .role = LEP_ROLE_INPUT, .dtype = x.dtype};
	r->field.shape = x.shape;
	r->field.shape.rank--;
	memmove(r->field.shape.extent, r->field.shape.extent + 1, (size_t)r->field.shape.rank * sizeof(int64_t));
	if (r->c->sequence)
		r->field.shape.extent[0] = LEP_VARIES;
	if (ids && load(&w, r->c->name, "w") == 0) {
		r->table.n = (size_t)w.shape.extent[0];
		r->field.table = &r->table;
		lep_npy_release(&w);
	}
	r->n = (size_t)x.shape.extent[0];
	if (lep_net_new(&r->net, r->c->net, r->c->name, &r->field, 1, &o, k, &e)) {
		printf("# %s\n", e.text);
		lep_npy_release(&x);
		return -1;
	}
	for (size_t i = 0; i < lep_net_params(r->net); i++) {
		struct lep_param *p = lep_net_param(r->net, i);

		for (size_t s = 0; s < sizeof(params) / sizeof(params[0]); s++)
			if (strcmp(strchr(p->name, '.') + 1, params[s].suffix) == 0) {
				const char *array = params[s].before && exists(r->c->name, params[s].before) ?
					params[s].before : params[s].array;

				if (load(&w, r->c->name, array) || w.bytes != p->count * sizeof(float))
					return -1;
				memcpy(p->value, w.data, w.bytes);
				lep_npy_release(&w);
			}
	}
	if (lep_threads_new(&r->pool, 3, NULL) || lep_exec_new(&r->x, r->net, r->n, !r->c->no_gradient, 3, NULL))
		return -1;
	lep_net_prepare(r->net, r->pool, 1);
	to = ids ? (void *)lep_exec_input_ids(r->x, 0) : (void *)lep_exec_input(r->x, 0);
	if (r->c->sequence) {
		if (read_lengths(r, (int32_t)x.shape.extent[1]) || ragged_lengths(r->x, r->net, r->lengths, r->n))
			return -1;
		to = ids ? (void *)lep_exec_input_ids(r->x, 0) : (void *)lep_exec_input(r->x, 0);
		ragged_pack(to, x.data, r->lengths, r->n, (size_t)x.shape.extent[1],
			x.bytes / (size_t)(x.shape.extent[0] * x.shape.extent[1]));
	} else {
		memcpy(to, x.data, x.bytes);
	}
	lep_npy_release(&x);
	return 0;
}

static void compare(struct run *r)
{
	struct lep_step_info info = {.seed = 1};
	int y = lep_net_output_value(r->net), x = lep_net_input_value(r->net, 0);
	double d;

	if (r->c->no_gradient) {
		lep_exec_infer(r->x, r->n);
		d = distance_rows(r->c->name, "y", lep_exec_output(r->x), reals(r, y), lengths_of(r, y));
		CHECKF(d <= 2e-6, "%s: forward is off by %g", r->c->name, d);
		return;
	}
	lep_exec_train(r->x, r->pool, r->n, &info, NULL, give_gradient, r);
	d = distance_rows(r->c->name, "y", lep_exec_output(r->x), reals(r, y), lengths_of(r, y));
	CHECKF(d <= 2e-6, "%s: forward is off by %g", r->c->name, d);
	if (!r->field.table) {
		d = distance_rows(r->c->name, "dx", lep_exec_input_grad(r->x, 0), reals(r, x), lengths_of(r, x));
		CHECKF(d <= 1e-5, "%s: dx is off by %g", r->c->name, d);
	}
	for (size_t i = 0; i < lep_net_params(r->net); i++) {
		struct lep_param *p = lep_net_param(r->net, i);

		for (size_t s = 0; s < sizeof(params) / sizeof(params[0]); s++) {
			char after[64];

			if (strcmp(strchr(p->name, '.') + 1, params[s].suffix) != 0)
				continue;
			snprintf(after, sizeof(after), "%s_after", params[s].array);
			d = params[s].gradient ? distance(r->c->name, params[s].gradient, p->grad, p->count) :
				distance(r->c->name, after, p->value, p->count);
			CHECKF(d <= 1e-5, "%s: %s is off by %g", r->c->name, p->name, d);
		}
	}
}

static void one_case(const struct layer_case *c, const struct lep_kernels *k)
{
	struct run r = {.c = c};

	CHECK(set_up(&r, k) == 0);
	compare(&r);
	lep_exec_free(r.x);
	lep_net_free(r.net);
	lep_threads_free(r.pool);
}

/* The codes alone, of sequences of all lengths up to the reference's. */
static void sinusoidal(const struct lep_kernels *k)
{
	struct lep_field field = {.name = (char *)(uintptr_t)"x", .role = LEP_ROLE_INPUT, .dtype = LEP_F32,
		.shape = {.rank = 2, .extent = {LEP_VARIES, 12}}};
	static const int32_t lengths[] = {4, 10, 0, 1};
	static const char name[] = "position_sinusoidal";
	struct lep_net *net;
	struct lep_exec *x;
	struct lep_error e;
	lep_real want[120];
	float *codes = floats(name, "y", 120, NULL);

	CHECK(codes);
	for (size_t i = 0; i < 120; i++)
		want[i] = (lep_real)codes[i];
	lep_free(codes);
	CHECK(lep_net_new(&net, "position sinusoidal", name, &field, 1, NULL, k, &e) == 0);
	CHECK(lep_exec_new(&x, net, 4, 0, 1, NULL) == 0 && ragged_lengths(x, net, lengths, 4) == 0);
	memset(lep_exec_input(x, 0), 0, 15 * 12 * sizeof(lep_real));
	lep_exec_infer(x, 4);
	CHECKF(distance(name, "y", lep_exec_output(x) + 4 * 12, 120) <= 2e-6, "off by %g",
		distance(name, "y", lep_exec_output(x) + 4 * 12, 120));
	for (size_t i = 0; i < 4 * 12; i++)
		CHECK(fabs((double)lep_exec_output(x)[i] - (double)want[i]) <= 2e-6);
	lep_exec_free(x);
	lep_net_free(net);
}

int main(void)
{
	static const char *const isas[] = {"avx512", "avx2", "portable"};

	root = getenv("LEP_GOLDEN") ? getenv("LEP_GOLDEN") : "../shared/golden";
	if (!exists("dense", "x")) {
		CHECK_SKIP("golden layers", "no golden cases: set LEP_GOLDEN");
		return CHECK_END();
	}
	for (size_t i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
		const struct lep_kernels *k = lep_kernels_select(isas[i], NULL);

		for (size_t c = 0; k && c < sizeof(cases) / sizeof(cases[0]); c++) {
			char name[128];

			snprintf(name, sizeof(name), "%s%s on %s", cases[c].name, cases[c].sequence ? " as sequences" : "",
				isas[i]);
			CHECK_CASE(name, one_case(&cases[c], k));
		}
		if (k)
			CHECK_CASE("position_sinusoidal", sinusoidal(k));
	}
	return CHECK_END();
}
