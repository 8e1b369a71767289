/*
 * The gradient of a dense layer's weights, cut into tasks by rows and columns,
 * against a naive twin, to the byte: one chain over the samples an element.
 */
#include "base/random.h"
#include "check.h"
#include "kernel_test.h"
#include "nets.h"
#include "nn/layer.h"

enum { IN = 28 * 28, OUT_MAX = 560, SAMPLES_MAX = 150 };

static lep_real x_of(size_t i)
{
	return 2 * lep_random_uniform(3, LEP_RANDOM_SAMPLE, 0, i) - 1;
}

static lep_real dy_of(size_t i)
{
	return lep_random_uniform(4, LEP_RANDOM_SAMPLE, 0, i) - 0.5f;
}

static void give_gradient(void *ctx, struct lep_exec *x, size_t first, size_t count, int thread)
{
	const size_t out = *(const size_t *)ctx;

	(void)thread;
	for (size_t i = first * out; i < (first + count) * out; i++)
		lep_exec_logits_grad(x)[i] = dy_of(i);
}

static void one(const struct lep_kernels *k, size_t out, size_t samples, int threads)
{
	static lep_real input[SAMPLES_MAX * IN], dy[SAMPLES_MAX * OUT_MAX];
	struct lep_step_info info = {.seed = 1};
	struct lep_threads *pool;
	struct lep_exec *x;
	struct lep_error e;
	struct lep_net *n;
	const lep_real *dw, *db;
	char text[40];

	snprintf(text, sizeof(text), "flatten; dense %zu", out);
	n = nets_build(text, k, &e);
	CHECKF(n, "%s", e.text);
	CHECK(lep_threads_new(&pool, threads, NULL) == 0 && lep_exec_new(&x, n, samples, 1, threads, NULL) == 0);
	lep_net_prepare(n, pool, 1);
	for (size_t i = 0; i < samples * IN; i++)
		lep_exec_input(x, 0)[i] = input[i] = x_of(i);
	for (size_t i = 0; i < samples * out; i++)
		dy[i] = dy_of(i);
	lep_exec_train(x, pool, samples, &info, NULL, give_gradient, &out);
	dw = lep_net_param(n, 0)->grad;
	db = lep_net_param(n, 1)->grad;
	for (size_t j = 0; j < out; j++) {
		lep_real sum = 0;

		for (size_t s = 0; s < samples; s++)
			sum += dy[s * out + j];
		CHECKF(db[j] == sum, "bias %zu of %zu: %a instead of %a", j, out, (double)db[j], (double)sum);
		for (size_t i = 0; i < IN; i++) {
			lep_real w = 0;

			for (size_t s = 0; s < samples; s++)
				w = REAL_FMA(input[s * IN + i], dy[s * out + j], w);
			CHECKF(dw[i * out + j] == w, "%s, dense %zu of %zu samples, weight %zu, %zu", k->name, out,
				samples, i, j);
		}
	}
	lep_exec_free(x);
	lep_threads_free(pool);
	lep_net_free(n);
}

static void gradients(void)
{
	static const char *const names[] = {"portable", "avx2", "avx512"};

	for (int i = 0; i < 3; i++) {
		const struct lep_kernels *k = lep_kernels_select(names[i], NULL);

		if (!k)
			continue;
		one(k, 3, 70, 1);
		one(k, 16, 64, 2);
		one(k, 257, 40, 2);
		one(k, 560, 150, 3);
	}
}

int main(void)
{
	RUN(gradients);
	return CHECK_END();
}
