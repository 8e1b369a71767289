/*
 * Vectors, look-ups and optimisers: naive twins, the same bytes everywhere;
 * the optimisers also against PyTorch's recorded steps (LEP_GOLDEN).
 */
#include "kernel_test.h"

#include "base/math.h"

static struct room got, want;
static lep_real a[ROOM_MAX], b[ROOM_MAX], twin[ROOM_MAX];

static const size_t sizes[] = {0, 1, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130, 1000, 4099};
#define SIZES (sizeof(sizes) / sizeof(*sizes))
#define EACH_ISA(t) for (size_t t = 0; t < isa_count; t++)

static void elementwise(void)
{
	for (size_t s = 0; s < SIZES; s++) {
		const size_t n = sizes[s];
		const lep_real f = number();

		numbers(a, n + 1);
		numbers(b, n);
		for (size_t i = 0; i < n; i++) {
			const lep_real x = a[i + 1], y = b[i];
			const lep_real r[] = {f, f * x, REAL_FMA(f, x, y), x + y, x - y, x * y,
				REAL_FMA(x, y, f)};

			for (size_t k = 0; k < 7; k++)
				twin[k * n + i] = r[k];
		}
		EACH_ISA(t) {
			const struct lep_kernels *k = isas[t];
			lep_real *q = room_open(&got, 7 * n, t);

			k->fill(q, f, n);
			k->scale(q + n, f, a + 1, n);
			memcpy(q + 2 * n, b, n * sizeof(*b));
			k->axpy(q + 2 * n, f, a + 1, n);
			k->add(q + 3 * n, a + 1, b, n);
			memcpy(q + 4 * n, a + 1, n * sizeof(*b));
			k->sub(q + 4 * n, q + 4 * n, b, n);
			k->mul(q + 5 * n, a + 1, b, n);
			k->fill(q + 6 * n, f, n);
			k->mul_add(q + 6 * n, a + 1, b, n);
			CHECKF(same_bytes(q, twin, 7 * n) && room_intact(&got), "%s n %zu", k->name, n);
		}
	}
}

static lep_real tree(lep_real *lane)
{
	for (size_t h = 8; h > 0; h /= 2)
		for (size_t i = 0; i < h; i++)
			lane[i] += lane[i + h];
	return lane[0];
}

static void reductions(void)
{
	for (size_t s = 0; s < SIZES; s++) {
		const size_t n = sizes[s];
		lep_real dot[16] = {0}, sum[16] = {0}, max = (lep_real)-INFINITY;
		double square[16] = {0};

		numbers(a + 1, n);
		numbers(b, n);
		for (size_t i = 0; i < n; i++) {
			const lep_real x = a[i + 1];

			dot[i % 16] = REAL_FMA(x, b[i], dot[i % 16]);
			sum[i % 16] += x;
			max = x > max ? x : max;
			square[i % 16] = fma((double)x, (double)x, square[i % 16]);
		}
		for (size_t h = 8; h > 0; h /= 2)
			for (size_t i = 0; i < h; i++)
				square[i] += square[i + h];
		tree(dot);
		tree(sum);
		EACH_ISA(t) {
			const struct lep_kernels *k = isas[t];
			lep_real d = k->dot(a + 1, b, n), u = k->sum(a + 1, n);
			double q = k->sum_squares(a + 1, n);

			CHECKF(memcmp(&d, dot, sizeof(d)) == 0, "%s n %zu", k->name, n);
			CHECKF(memcmp(&u, sum, sizeof(u)) == 0, "%s n %zu", k->name, n);
			CHECKF(memcmp(&q, square, sizeof(q)) == 0, "%s n %zu", k->name, n);
			CHECK(n == 0 || k->max(a + 1, n) == max);
		}
	}
}

static void rows_and_columns(void)
{
	for (size_t s = 0; s < SIZES - 1; s++) {
		const size_t n = sizes[s], rows = 7, ld = n + 2;

		numbers(a, rows * ld);
		numbers(b, n);
		for (size_t j = 0; j < n; j++) {
			lep_real sum = 0, more = b[j];

			for (size_t r = 0; r < rows; r++) {
				sum += a[r * ld + j];
				more += a[r * ld + j];
				twin[(2 + r) * n + j] = a[r * n + j] + b[j];
			}
			twin[j] = sum;
			twin[n + j] = more;
		}
		EACH_ISA(t) {
			lep_real *q = room_open(&got, (2 + rows) * n, t);

			memcpy(q + n, b, n * sizeof(*b));
			isas[t]->col_sums(q, a, rows, n, ld, 0);
			isas[t]->col_sums(q + n, a, rows, n, ld, 1);
			isas[t]->add_row(q + 2 * n, a, b, rows, n);
			CHECKF(same_bytes(q, twin, (2 + rows) * n) && room_intact(&got), "%s n %zu",
				isas[t]->name, n);
		}
	}
}

static void bytes(void)
{
	static const size_t channels[] = {1, 3, 4};
	static uint8_t x[4 * 77];

	for (size_t i = 0; i < sizeof(x); i++)
		x[i] = (uint8_t)(i * 37);
	numbers(a, 4 * 256);
	for (size_t s = 0; s < 3; s++) {
		const size_t c = channels[s];

		for (size_t i = 0; i < 77 * c; i++)
			twin[i] = a[i % c * 256 + x[i]];
		EACH_ISA(t) {
			isas[t]->scale_u8(room_open(&got, 77 * c, 1), x, a, 77, c);
			CHECK(room_intact(&got) && same_bytes(got.p, twin, 77 * c));
		}
	}
}

static void rows_by_id(void)
{
	static const int32_t ids[] = {3, 0, -1, 3, 4, 3};
	const size_t n = 37;

	numbers(a, 5 * n);
	numbers(b, 6 * n);
	memcpy(twin + 6 * n, a, 5 * n * sizeof(*a));
	for (size_t i = 0; i < 6; i++) {
		for (size_t j = 0; j < n; j++) {
			twin[i * n + j] = ids[i] < 0 ? 0 : a[(size_t)ids[i] * n + j];
			if (ids[i] >= 0)
				twin[(6 + (size_t)ids[i]) * n + j] += b[i * n + j];
		}
	}
	EACH_ISA(t) {
		lep_real *q = room_open(&got, 11 * n, 1);

		memcpy(q + 6 * n, a, 5 * n * sizeof(*a));
		isas[t]->gather(q, a, ids, 6, n);
		isas[t]->scatter_add(q + 6 * n, b, ids, 6, n);
		CHECK(room_intact(&got) && same_bytes(q, twin, 11 * n));
	}
}

/* The values of a float32 .npy file; their number, or -1 if there is none. */
static int load(const char *name, const char *array, lep_real *out, int most)
{
	const char *dir = getenv("LEP_GOLDEN");
	unsigned char head[10];
	char path[512];
	float v;
	FILE *f;
	int n = 0;

	snprintf(path, sizeof(path), "%s/%s/%s.npy", dir ? dir : "../shared/golden", name, array);
	f = fopen(path, "rb");
	if (!f)
		return -1;
	if (fread(head, 1, 10, f) == 10 && fseek(f, 10 + head[8] + 256 * head[9], SEEK_SET) == 0)
		while (n < most && fread(&v, sizeof(v), 1, f) == 1)
			out[n++] = (lep_real)v;
	fclose(f);
	return n;
}

enum method { SGD, ADAM, RMSPROP };

static const struct {
	const char *name;
	enum method method;
	struct lep_step step;
} cases[] = {
	{"opt_sgd", SGD, {.lr = (lep_real)0.1, .scale = 1}},
	{"opt_sgd_momentum", SGD, {.lr = (lep_real)0.1, .scale = 1, .mu = (lep_real)0.9}},
	{"opt_sgd_nesterov", SGD, {.lr = (lep_real)0.1, .scale = 1, .mu = (lep_real)0.9,
		.nesterov = 1}},
	{"opt_adam", ADAM, {.lr = (lep_real)0.01, .scale = 1, .mu = (lep_real)0.9,
		.beta2 = (lep_real)0.999, .eps = (lep_real)1e-8}},
	{"opt_adam_decay", ADAM, {.lr = (lep_real)0.01, .scale = 1, .decay = (lep_real)0.1,
		.mu = (lep_real)0.9, .beta2 = (lep_real)0.999, .eps = (lep_real)1e-8}},
	{"opt_adamw", ADAM, {.lr = (lep_real)0.01, .scale = 1, .decay = (lep_real)0.1,
		.mu = (lep_real)0.9, .beta2 = (lep_real)0.999, .eps = (lep_real)1e-8,
		.decoupled = 1}},
	{"opt_rmsprop", RMSPROP, {.lr = (lep_real)0.01, .scale = 1, .mu = (lep_real)0.9,
		.eps = (lep_real)1e-8}},
};
#define CASES (sizeof(cases) / sizeof(*cases))

/* Step number t (from 1) of case i; state is 2 n values. */
static void step(const struct lep_kernels *k, size_t i, int64_t t, lep_real *w, const lep_real *g,
	lep_real *state, size_t n)
{
	struct lep_step s = cases[i].step;

	s.correct1 = 1 - lep_pow_int(0.9, t);
	s.correct2 = 1 - lep_pow_int(0.999, t);
	if (cases[i].method == SGD)
		k->sgd(&s, w, g, s.mu > 0 ? state : NULL, n);
	else if (cases[i].method == ADAM)
		k->adam(&s, w, g, state, state + n, n);
	else
		k->rmsprop(&s, w, g, state, n);
}

static void golden_case(size_t i)
{
	lep_real w[11], g[66], after[66], state[22];

	CHECK(load(cases[i].name, "w_before", w, 11) == 11);
	CHECK(load(cases[i].name, "gradients", g, 66) == 66);
	CHECK(load(cases[i].name, "w_after", after, 66) == 66);
	EACH_ISA(t) {
		load(cases[i].name, "w_before", w, 11);
		memset(state, 0, sizeof(state));
		for (size_t s = 0; s < 6; s++) {
			step(isas[t], i, (int64_t)s + 1, w, g + 11 * s, state, 11);
			CHECKF(close_to(w, after + 11 * s, 11, 1e-6), "%s step %zu", isas[t]->name, s);
		}
	}
}

static void golden(void)
{
	lep_real w[11];

	for (size_t i = 0; i < CASES; i++) {
		if (load(cases[i].name, "w_before", w, 11) < 0)
			CHECK_SKIP(cases[i].name, "no reference values (LEP_GOLDEN)");
		else
			CHECK_CASE(cases[i].name, golden_case(i));
	}
}

static void steps_same_everywhere(void)
{
	const size_t n = 1003;

	for (size_t i = 0; i < CASES; i++) {
		EACH_ISA(t) {
			struct room *r = t ? &got : &want;
			lep_real *q = room_open(r, 3 * n, t);

			random_state = 5;
			numbers(q, n);
			memset(q + n, 0, 2 * n * sizeof(*q));
			for (int64_t s = 1; s < 4; s++) {
				numbers(a, n);
				step(isas[t], i, s, q, a, q + n, n);
			}
			CHECKF(room_intact(r) && same_bytes(q, want.p, 3 * n), "%s %s", isas[t]->name,
				cases[i].name);
		}
	}
}

static void selection(void)
{
	struct lep_error e;

	CHECK(lep_kernels_select(NULL, &e) == isas[isa_count - 1]);
	CHECK(strcmp(lep_kernels_select("portable", &e)->name, "portable") == 0);
	CHECK(!lep_kernels_select("mmx", &e) && e.status == LEP_ERR_USAGE);
	CHECK(!lep_kernels_select("", &e) && e.status == LEP_ERR_USAGE);
}

int main(void)
{
	find_isas();
	RUN(selection);
	RUN(elementwise);
	RUN(reductions);
	RUN(rows_and_columns);
	RUN(bytes);
	RUN(rows_by_id);
	golden();
	RUN(steps_same_everywhere);
	return CHECK_END();
}
