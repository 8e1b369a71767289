/* Optimisers: options, ranges, decay, clipping, averaging. The arithmetic has golden cases. */
#include "nn/optim.h"

#include <math.h>
#include <string.h>

#include "check.h"

#define N 53

static const struct lep_kernels *k;

static void names(void)
{
	static const int states[] = {0, 1, 1, 2, 2, 1};

	for (int i = 0; i < LEP_OPTIM_COUNT; i++) {
		struct lep_optim o;

		CHECK(lep_optim_parse(&o, lep_optim_name(i), NULL) == 0);
		CHECK((int)o.kind == i && o.lr > 0);
		CHECK(lep_optim_check(&o, NULL) == 0);
		CHECK(lep_optim_state_count(o.kind) == states[i]);
		for (int s = 0; s < states[i]; s++)
			CHECK(lep_optim_state_name(o.kind, s));
	}
	CHECK(!lep_optim_name(-1) && !lep_optim_name(LEP_OPTIM_COUNT));
}

static void options(void)
{
	struct lep_optim o, again;
	struct lep_buf b = {0};

	CHECK(lep_optim_parse(&o, "adamw:beta2=0.98,eps=1e-7", NULL) == 0);
	CHECK(o.kind == LEP_OPTIM_ADAMW && o.beta1 == 0.9 && o.beta2 == 0.98 && o.eps == 1e-7);
	CHECK(o.decay == 0.01 && o.lr == 0.001);
	lep_optim_text(&b, &o);
	CHECKF(!strcmp(b.data, "adamw:lr=0.001,decay=0.01,beta1=0.9,beta2=0.98,eps=1e-07"), "%s", b.data);
	CHECK(lep_optim_parse(&again, b.data, NULL) == 0);
	CHECK(memcmp(&o, &again, sizeof(o)) == 0);
	lep_buf_release(&b);
	o.lr = -1;
	struct lep_error e;
	CHECK(lep_optim_check(&o, &e) == LEP_ERR_USAGE);
	CHECKF(!strcmp(e.text, "adamw: lr is -1, not from 0 to 1e6"), "%s", e.text);
}

static const struct bad_case {
	const char *text, *error;
} bad[] = {
	{"", "'' is unknown; there are sgd, momentum, nesterov, adam, adamw, rmsprop"},
	{"Adam", "'Adam' is unknown; there are sgd, momentum, nesterov, adam, adamw, rmsprop"},
	{"sgd:momentum=0.9", "sgd: 'momentum' is unknown; there are lr, decay"},
	{"adam:", "adam: '' is unknown; there are lr, decay, beta1, beta2, eps"},
	{"adam:beta1", "adam: 'beta1': beta1 needs a number from 0 to below 1"},
	{"adam:beta1=1", "adam: 'beta1=1': beta1 needs a number from 0 to below 1"},
	{"adam:beta1=nan", "adam: 'beta1=nan': beta1 needs a number from 0 to below 1"},
	{"adam:lr=0x1", "adam: 'lr=0x1': lr needs a number from 0 to 1e6"},
	{"adam:lr= 1", "adam: 'lr= 1': lr needs a number from 0 to 1e6"},
	{"rmsprop:eps=0", "rmsprop: 'eps=0': eps needs a number from 1e-30 to 1"},
};

static void bad_text(const struct bad_case *c)
{
	struct lep_optim o = {.lr = 42};
	struct lep_error e;

	CHECK(lep_optim_parse(&o, c->text, &e) == LEP_ERR_USAGE);
	CHECKF(strcmp(e.text, c->error) == 0, "%s", e.text);
	CHECK(o.lr == 42);
}

static void fill(lep_real *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (lep_real)(int)(seed >> 16) / 32768 - 1;
	}
}

/* Three steps on ranges cut anywhere are the same bytes as on the whole. */
static void ranges(void)
{
	for (int kind = 0; kind < LEP_OPTIM_COUNT; kind++) {
		lep_real w[2][N], g[N], m[2][N] = {{0}}, v[2][N] = {{0}};
		struct lep_optim o;

		lep_optim_init(&o, (enum lep_optim_kind)kind);
		fill(w[0], N, 1);
		fill(w[1], N, 1);
		for (int t = 1; t <= 3; t++) {
			const size_t cut[] = {0, 5, 21, N};
			struct lep_optim_range r = {w[0], g, {m[0], v[0]}, N, 1};

			fill(g, N, (unsigned)t + 7);
			lep_optim_step(k, &o, t, o.lr, 0.5, &r);
			for (int i = 0; i < 3; i++) {
				const size_t at = cut[i];
				struct lep_optim_range part = {w[1] + at, g + at, {m[1] + at, v[1] + at},
					cut[i + 1] - at, 1};

				lep_optim_step(k, &o, t, o.lr, 0.5, &part);
			}
		}
		CHECK(memcmp(w[0], w[1], sizeof(w[0])) == 0);
		CHECK(memcmp(m[0], m[1], sizeof(m[0])) == 0 && memcmp(v[0], v[1], sizeof(v[0])) == 0);
	}
}

/* Decay acts only where it should, and with a gradient of 0 it alone acts. */
static void decay(void)
{
	struct lep_optim o;
	lep_real w = 2, g = 0, m = 0, v = 0;
	struct lep_optim_range r = {&w, &g, {&m, &v}, 1, 0};

	CHECK(lep_optim_parse(&o, "adamw:lr=0.5,decay=0.25", NULL) == 0);
	lep_optim_step(k, &o, 1, o.lr, 1, &r);
	CHECK(w == 2);
	r.decays = 1;
	lep_optim_step(k, &o, 1, o.lr, 1, &r);
	CHECK(w == 1.75f);
	CHECK(lep_optim_parse(&o, "sgd:decay=0.25", NULL) == 0);
	lep_optim_step(k, &o, 1, 0.5, 1, &r);
	CHECK(w == 1.75f - 0.5f * 0.25f * 1.75f);
}

/* The rate given, not the configured one; the gradient's scale. */
static void rate_and_scale(void)
{
	struct lep_optim o;
	lep_real w = 1, g = 8;
	struct lep_optim_range r = {.w = &w, .g = &g, .n = 1, .decays = 1};

	lep_optim_init(&o, LEP_OPTIM_SGD);
	lep_optim_step(k, &o, 1, 0.5, 0.25, &r);
	CHECK(w == 0);
}

/* The first step of Adam is lr, whatever the gradient's size. */
static void adam_first(void)
{
	lep_real w[2] = {0, 0}, m[2] = {0}, v[2] = {0}, g[2] = {1e-3f, -100};
	struct lep_optim_range r = {w, g, {m, v}, 2, 1};
	struct lep_optim o;

	lep_optim_init(&o, LEP_OPTIM_ADAM);
	lep_optim_step(k, &o, 1, 0.25, 1, &r);
	CHECK(fabs((double)w[0] + 0.25) < 1e-5 && fabs((double)w[1] - 0.25) < 1e-6);
}

static void clipping(void)
{
	lep_real a[3] = {3, 0, 0}, b[20] = {[19] = 4}, c[3] = {-5, 0.5f, (lep_real)NAN};
	const lep_real *g[3] = {a, NULL, b};
	const size_t n[3] = {3, 9, 20};

	CHECK(lep_clip_norm(k, g, n, 3) == 5);
	CHECK(lep_clip_norm(k, g, n, 0) == 0);
	CHECK(lep_clip_scale(5, 1) == 0.2 && lep_clip_scale(5, 5) == 1 && lep_clip_scale(0, 1) == 1);
	CHECK(lep_clip_scale(5, 0) == 1);
	CHECK(isnan(lep_clip_scale((double)INFINITY, 1)) && isnan(lep_clip_scale((double)NAN, 1)));
	lep_clip_values(c, 3, 0.75);
	CHECK(c[0] == -0.75f && c[1] == 0.5f && isnan(c[2]));
	lep_clip_values(a, 3, 0.75);
	CHECK(a[0] == 0.75f && a[1] == 0);
	a[0] = (lep_real)INFINITY;
	CHECK(!isfinite(lep_clip_norm(k, g, n, 3)));
}

static void averaging(void)
{
	lep_real avg[2] = {(lep_real)NAN, 100}, w[2];
	double share = 0;

	CHECK(lep_average_decay(0.9, 1) == 0 && lep_average_decay(0.9, 2) == 0.5);
	CHECK(lep_average_decay(0.9, 10) == 0.9 && lep_average_decay(0.9, 1000000) == 0.9);
	for (int t = 1; t <= 4; t++) {
		w[0] = (lep_real)t;
		w[1] = -8;
		lep_average_update(k, avg, w, 2, lep_average_decay(0.999, t));
	}
	/* the mean of 1 2 3 4; a constant stays what it is */
	CHECK(fabs((double)avg[0] - 2.5) < 1e-6 && fabs((double)avg[1] + 8) < 1e-5);
	for (int t = 1; t < 100; t++) {
		double d = lep_average_decay(0.9, t);

		share = d * share + (1 - d);
		CHECK(fabs(share - 1) < 1e-12);
	}
}

int main(void)
{
	k = lep_kernels_select(NULL, NULL);
	RUN(names);
	RUN(options);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_CASE(bad[i].error, bad_text(&bad[i]));
	RUN(ranges);
	RUN(decay);
	RUN(rate_and_scale);
	RUN(adam_first);
	RUN(clipping);
	RUN(averaging);
	return CHECK_END();
}
