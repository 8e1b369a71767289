/* Optimisers against the golden cases: six steps, each to 1e-5 of the largest weight. */
#include "nn/optim.h"

#include "../unit/check.h"
#include "golden_load.h"

static const struct golden_case {
	const char *name;
	const char *optimiser;
} cases[] = {
	{"opt_sgd", "sgd:lr=0.1"},
	{"opt_sgd_momentum", "momentum:lr=0.1,momentum=0.9"},
	{"opt_sgd_nesterov", "nesterov:lr=0.1,momentum=0.9"},
	{"opt_adam", "adam:lr=0.01,beta1=0.9,beta2=0.999,eps=1e-8"},
	{"opt_adam_decay", "adam:lr=0.01,decay=0.1"},
	{"opt_adamw", "adamw:lr=0.01,decay=0.1"},
	{"opt_rmsprop", "rmsprop:lr=0.01,alpha=0.9,eps=1e-8"},
};

#define STEPS 6
#define N 11

static void run_case(const struct golden_case *c, const struct lep_kernels *k)
{
	size_t nb, ng, na;
	double *before = golden_load(c->name, "w_before", &nb);
	double *gradients = golden_load(c->name, "gradients", &ng);
	double *after = golden_load(c->name, "w_after", &na);
	lep_real w[N], g[N], m[N] = {0}, v[N] = {0};
	struct lep_optim_range r = {.w = w, .g = g, .state = {m, v}, .n = N, .decays = 1};
	struct lep_optim o;
	struct lep_error e;
	double got[N];

	CHECK(nb == N && ng == STEPS * N && na == ng);
	CHECKF(lep_optim_parse(&o, c->optimiser, &e) == 0, "%s", e.text);
	for (int i = 0; i < N; i++)
		w[i] = (lep_real)before[i];
	if (lep_optim_state_count(o.kind) == 1)
		r.state[1] = NULL;
	for (int t = 0; t < STEPS; t++) {
		double d;

		for (int i = 0; i < N; i++)
			g[i] = (lep_real)gradients[t * N + i];
		lep_optim_step(k, &o, t + 1, o.lr, 1, &r);
		for (int i = 0; i < N; i++)
			got[i] = (double)w[i];
		d = golden_distance(got, after + t * N, N);
		CHECKF(d <= 1e-5, "step %d off by %g", t + 1, d);
	}
	lep_free(before);
	lep_free(gradients);
	lep_free(after);
}

int main(void)
{
	const struct lep_kernels *k = lep_kernels_select(NULL, NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!golden_present()) {
			CHECK_SKIP(cases[i].name, "no golden cases");
			continue;
		}
		CHECK_CASE(cases[i].name, run_case(&cases[i], k));
	}
	return CHECK_END();
}
