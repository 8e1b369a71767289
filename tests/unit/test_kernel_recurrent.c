/*
 * The cells of lstm and gru: naive twins in double, gradients of the twin's
 * formulas by hand, the same bytes on every instruction set.
 */
#include "kernel_test.h"

enum { MOST = 130 };

static struct room got, want;
static lep_real gates[4 * MOST], hidden[3 * MOST], before[MOST], dh[MOST], dc[MOST];
static lep_real twin[ROOM_MAX];

static const size_t sizes[] = {1, 7, 15, 16, 17, 64, MOST};
#define SIZES (sizeof(sizes) / sizeof(*sizes))

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

/* The t-th instruction set's room: the first one's is what others compare with. */
static lep_real *room_for(size_t t, size_t n)
{
	return room_open(t ? &got : &want, n, 1 + t % 2);
}

static void draw(size_t n)
{
	numbers(gates, 4 * n);
	numbers(hidden, 3 * n);
	numbers(before, n);
	numbers(dh, n);
	numbers(dc, n);
	for (size_t j = 0; j < 4 * n; j++)
		gates[j] *= 5;
}

#define AGREE(count, name, n) \
	do { \
		CHECKF(room_intact(t ? &got : &want), "%s n %zu", name, n); \
		CHECKF(same_bytes(t ? got.p : want.p, want.p, count), "%s n %zu", name, n); \
		CHECKF(close_to(want.p, twin, count, 1e-6), "%s n %zu", name, n); \
	} while (0)

/* Results lie in twin as in the room: gates, c, tanh c, h. */
static void lstm_twin_forward(size_t n)
{
	for (size_t j = 0; j < n; j++) {
		double i = sigmoid((double)gates[j]), f = sigmoid((double)gates[n + j]);
		double g = tanh((double)gates[2 * n + j]), o = sigmoid((double)gates[3 * n + j]);
		double c = f * (double)before[j] + i * g;

		twin[j] = (lep_real)i;
		twin[n + j] = (lep_real)f;
		twin[2 * n + j] = (lep_real)g;
		twin[3 * n + j] = (lep_real)o;
		twin[4 * n + j] = (lep_real)c;
		twin[5 * n + j] = (lep_real)tanh(c);
		twin[6 * n + j] = (lep_real)(o * tanh(c));
	}
}

static void lstm_forward(void)
{
	for (size_t s = 0; s < SIZES; s++) {
		const size_t n = sizes[s];

		draw(n);
		lstm_twin_forward(n);
		for (size_t t = 0; t < isa_count; t++) {
			lep_real *p = room_for(t, 7 * n);

			memcpy(p, gates, 4 * n * sizeof(*p));
			isas[t]->lstm_forward(p, p + 4 * n, p + 5 * n, p + 6 * n, before, n);
			AGREE(7 * n, isas[t]->name, n);
			/* c in the place of before */
			memcpy(p, gates, 4 * n * sizeof(*p));
			memcpy(p + 4 * n, before, n * sizeof(*p));
			isas[t]->lstm_forward(p, p + 4 * n, p + 5 * n, p + 6 * n, p + 4 * n, n);
			AGREE(7 * n, isas[t]->name, n);
		}
	}
}

static void lstm_backward(void)
{
	static lep_real tanh_c[MOST];

	for (size_t s = 0; s < SIZES; s++) {
		const size_t n = sizes[s];

		draw(n);
		numbers(tanh_c, n);
		for (size_t j = 0; j < 4 * n; j++)
			gates[j] /= 5;
		for (size_t j = 0; j < n; j++) {
			double i = (double)gates[j], f = (double)gates[n + j], g = (double)gates[2 * n + j];
			double o = (double)gates[3 * n + j], y = (double)tanh_c[j], d = (double)dh[j];
			double all = (double)dc[j] + d * o * (1 - y * y);

			twin[j] = (lep_real)(all * g * i * (1 - i));
			twin[n + j] = (lep_real)(all * (double)before[j] * f * (1 - f));
			twin[2 * n + j] = (lep_real)(all * i * (1 - g * g));
			twin[3 * n + j] = (lep_real)(d * y * o * (1 - o));
			twin[4 * n + j] = (lep_real)(all * f);
		}
		for (size_t t = 0; t < isa_count; t++) {
			lep_real *p = room_for(t, 5 * n);

			memcpy(p, gates, 4 * n * sizeof(*p));
			memcpy(p + 4 * n, dc, n * sizeof(*p));
			isas[t]->lstm_backward(p, p + 4 * n, dh, tanh_c, before, n);
			AGREE(5 * n, isas[t]->name, n);
		}
	}
}

static void gru_forward(void)
{
	for (size_t s = 0; s < SIZES; s++) {
		const size_t n = sizes[s];

		draw(n);
		for (size_t j = 0; j < n; j++) {
			double r = sigmoid((double)gates[j] + (double)hidden[j]);
			double z = sigmoid((double)gates[n + j] + (double)hidden[n + j]);
			double c = tanh((double)gates[2 * n + j] + r * (double)hidden[2 * n + j]);

			twin[j] = (lep_real)r;
			twin[n + j] = (lep_real)z;
			twin[2 * n + j] = (lep_real)c;
			twin[3 * n + j] = (lep_real)((1 - z) * c + z * (double)before[j]);
		}
		for (size_t t = 0; t < isa_count; t++) {
			lep_real *p = room_for(t, 4 * n);

			memcpy(p, gates, 3 * n * sizeof(*p));
			isas[t]->gru_forward(p, hidden, p + 3 * n, before, n);
			AGREE(4 * n, isas[t]->name, n);
			memcpy(p, gates, 3 * n * sizeof(*p));
			memcpy(p + 3 * n, before, n * sizeof(*p));
			isas[t]->gru_forward(p, hidden, p + 3 * n, p + 3 * n, n);
			AGREE(4 * n, isas[t]->name, n);
		}
	}
}

static void gru_backward(void)
{
	for (size_t s = 0; s < SIZES; s++) {
		const size_t n = sizes[s];

		draw(n);
		for (size_t j = 0; j < n; j++) {
			double r = (double)(gates[j] /= 5), z = (double)(gates[n + j] /= 5);
			double c = (double)(gates[2 * n + j] /= 5), d = (double)dh[j];
			double dn = d * (1 - z) * (1 - c * c);
			double dz = d * ((double)before[j] - c) * z * (1 - z);
			double dr = dn * (double)hidden[2 * n + j] * r * (1 - r);

			twin[j] = twin[3 * n + j] = (lep_real)dr;
			twin[n + j] = twin[4 * n + j] = (lep_real)dz;
			twin[2 * n + j] = (lep_real)dn;
			twin[5 * n + j] = (lep_real)(dn * r);
			twin[6 * n + j] = (lep_real)(d * z);
		}
		for (size_t t = 0; t < isa_count; t++) {
			lep_real *p = room_for(t, 7 * n);

			memcpy(p, gates, 3 * n * sizeof(*p));
			memcpy(p + 3 * n, hidden, 3 * n * sizeof(*p));
			isas[t]->gru_backward(p, p + 3 * n, p + 6 * n, dh, before, n);
			AGREE(7 * n, isas[t]->name, n);
			/* dbefore in the place of dh */
			memcpy(p, gates, 3 * n * sizeof(*p));
			memcpy(p + 3 * n, hidden, 3 * n * sizeof(*p));
			memcpy(p + 6 * n, dh, n * sizeof(*p));
			isas[t]->gru_backward(p, p + 3 * n, p + 6 * n, p + 6 * n, before, n);
			AGREE(7 * n, isas[t]->name, n);
		}
	}
}

/* Gates far out saturate and stay finite; NaN goes through. */
static void extremes(void)
{
	lep_real g[4], c, t, h, zero = 0;

	for (size_t i = 0; i < isa_count; i++) {
		g[0] = g[1] = g[2] = g[3] = 1000;
		isas[i]->lstm_forward(g, &c, &t, &h, &zero, 1);
		CHECK(c == 1 && fabs((double)h - tanh(1)) < 1e-6);
		g[0] = g[1] = g[2] = g[3] = -1000;
		isas[i]->lstm_forward(g, &c, &t, &h, &zero, 1);
		CHECK(c == 0 && h == 0);
		g[0] = (lep_real)NAN;
		isas[i]->lstm_forward(g, &c, &t, &h, &zero, 1);
		CHECK(isnan(c) && isnan(h));
	}
}

int main(void)
{
	find_isas();
	RUN(lstm_forward);
	RUN(lstm_backward);
	RUN(gru_forward);
	RUN(gru_backward);
	RUN(extremes);
	return CHECK_END();
}
