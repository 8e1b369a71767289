/*
 * Ten steps of training a small CNN against the recorded run of an independent
 * implementation: losses and all weights after it, 1e-4 of the largest value.
 */
#include <math.h>
#include <string.h>

#include "../unit/check.h"
#include "data/npy.h"
#include "nn/loss.h"
#include "nn/net.h"
#include "nn/optim.h"

enum { STEPS = 10, BATCH = 8, CLASSES = 4 };

static const char *root;

static int load(struct lep_npy *a, const char *array)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/train_small_cnn/%s.npy", root, array);
	*a = (struct lep_npy){0};
	return lep_npy_load(a, path, NULL);
}

/* Weights in the order of the network, and what the case calls them. */
static const char *const names[] = {"c1w", "c1b", "c2w", "c2b", "d1w", "d1b", "d2w", "d2b"};

struct batch {
	const struct lep_kernels *k;
	const float *x;
	const int32_t *target;
	double losses[BATCH];
};

static void give(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	const struct batch *b = ctx;
	size_t size = 10 * 10 * 2;

	(void)thread;
	memcpy(lep_exec_input(x, 0) + first * size, b->x + first * size, count * size * sizeof(float));
}

static void loss(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	struct batch *b = ctx;
	struct lep_loss l;

	(void)thread;
	lep_loss_init(&l, LEP_LOSS_CROSSENTROPY);
	for (size_t s = first; s < first + count; s++) {
		struct lep_target t = lep_target_class(b->target[s]);

		b->losses[s] = lep_loss_sample(b->k, &l, lep_exec_logits_grad(x) + s * CLASSES,
			lep_exec_logits(x) + s * CLASSES, CLASSES, &t, 1.0 / BATCH);
	}
}

static void step(struct lep_net *net, const struct lep_kernels *k, const struct lep_optim *o, lep_real *state, int64_t t)
{
	size_t n;
	lep_real *values = lep_net_values(net, &n);

	for (size_t i = 0; i < lep_net_params(net); i++) {
		struct lep_param *p = lep_net_param(net, i);
		struct lep_optim_range r = {.w = p->value, .g = p->grad, .n = p->count};

		r.state[0] = state + (p->value - values);
		r.state[1] = r.state[0] + n;
		lep_optim_step(k, o, t, o->lr, 1, &r);
	}
}

static void ten_steps(const struct lep_kernels *k)
{
	struct lep_field field = {.name = (char *)(uintptr_t)"x", .role = LEP_ROLE_INPUT, .dtype = LEP_F32,
		.shape = {.rank = 3, .extent = {10, 10, 2}}};
	struct lep_npy x, target, losses, w;
	struct batch b = {.k = k};
	struct lep_threads *pool;
	struct lep_optim o;
	struct lep_error e;
	struct lep_net *net;
	struct lep_exec *exec;
	lep_real *state;
	size_t n;

	CHECKF(lep_net_new(&net, "conv 6 3x3 relu; maxpool 2; conv 8 3x3 relu; flatten; dense 16 relu; dense 4", "net",
		&field, 1, NULL, k, &e) == 0, "%s", e.text);
	CHECK(lep_net_params(net) == 8);
	for (size_t i = 0; i < 8; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s_before", names[i]);
		CHECK(load(&w, name) == 0 && w.bytes == lep_net_param(net, i)->count * sizeof(float));
		memcpy(lep_net_param(net, i)->value, w.data, w.bytes);
		lep_npy_release(&w);
	}
	CHECK(load(&x, "x") == 0 && load(&target, "target") == 0 && load(&losses, "losses") == 0);
	CHECK(target.dtype == LEP_I32 && x.bytes == STEPS * BATCH * 200 * sizeof(float));
	lep_net_values(net, &n);
	state = lep_alloc(2 * n, sizeof(*state));
	CHECK(state && lep_threads_new(&pool, 2, NULL) == 0);
	CHECK(lep_exec_new(&exec, net, BATCH, 1, 2, NULL) == 0);
	lep_optim_init(&o, LEP_OPTIM_ADAM);
	o.lr = 1e-3;
	for (int t = 0; t < STEPS; t++) {
		struct lep_step_info info = {.seed = 1, .step = (uint64_t)t};
		double sum = 0, want = (double)((const float *)losses.data)[t];

		b.x = (const float *)x.data + (size_t)t * BATCH * 200;
		b.target = (const int32_t *)target.data + (size_t)t * BATCH;
		lep_net_prepare(net, pool, 1);
		lep_exec_train(exec, pool, BATCH, &info, give, loss, &b);
		for (int s = 0; s < BATCH; s++)
			sum += b.losses[s];
		CHECKF(fabs(sum / BATCH - want) <= 1e-4 * want, "step %d: loss %g, not %g", t, sum / BATCH, want);
		step(net, k, &o, state, t + 1);
	}
	for (size_t i = 0; i < 8; i++) {
		double worst = 0, largest = 0;
		char name[32];

		snprintf(name, sizeof(name), "%s_after", names[i]);
		CHECK(load(&w, name) == 0);
		for (size_t j = 0; j < lep_net_param(net, i)->count; j++) {
			double want = (double)((const float *)w.data)[j];
			double d = fabs((double)lep_net_param(net, i)->value[j] - want);

			worst = d <= worst ? worst : d;
			largest = fabs(want) > largest ? fabs(want) : largest;
		}
		CHECKF(worst <= 1e-4 * largest, "%s is off by %g of %g", names[i], worst, largest);
		lep_npy_release(&w);
	}
	lep_npy_release(&x);
	lep_npy_release(&target);
	lep_npy_release(&losses);
	lep_free(state);
	lep_exec_free(exec);
	lep_net_free(net);
	lep_threads_free(pool);
}

int main(void)
{
	static const char *const isas[] = {"avx512", "avx2", "portable"};
	struct lep_npy a;

	root = getenv("LEP_GOLDEN") ? getenv("LEP_GOLDEN") : "../shared/golden";
	if (load(&a, "losses")) {
		CHECK_SKIP("golden training run", "no golden cases: set LEP_GOLDEN");
		return CHECK_END();
	}
	lep_npy_release(&a);
	for (size_t i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
		const struct lep_kernels *k = lep_kernels_select(isas[i], NULL);
		char name[64];

		snprintf(name, sizeof(name), "ten steps on %s", isas[i]);
		if (k)
			CHECK_CASE(name, ten_steps(k));
	}
	return CHECK_END();
}
