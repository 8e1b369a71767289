/*
 * Softmax, pooling, normalisation and depthwise convolution: naive twins in
 * double, the same bytes on every instruction set, nothing written beside.
 */
#include "kernel_test.h"

static struct room got, want;
static lep_real x[ROOM_MAX], dy[ROOM_MAX], y[ROOM_MAX], twin[ROOM_MAX];
static uint16_t arg[ROOM_MAX], arg0[ROOM_MAX];

/* t-th instruction set's room: the first one's is what others compare with */
static lep_real *room_for(size_t t, size_t n)
{
	return room_open(t ? &got : &want, n, 1 + t % 2);
}

#define AGREE(t, count, tolerance, ...) \
	do { \
		CHECKF(room_intact(t ? &got : &want), __VA_ARGS__); \
		CHECKF(same_bytes(t ? got.p : want.p, want.p, count), __VA_ARGS__); \
		CHECKF(close_to(want.p, twin, count, tolerance), __VA_ARGS__); \
	} while (0)

static const size_t sizes[] = {1, 2, 15, 16, 17, 40, 64, 77, 1000};
#define SIZES (sizeof(sizes) / sizeof(*sizes))

static void softmax(void)
{
	for (size_t s = 0; s < SIZES; s++) {
		const size_t n = sizes[s], rows = 3;

		numbers(x, rows * n);
		numbers(dy, rows * n);
		for (size_t r = 0; r < rows; r++) {
			double max = -INFINITY, sum = 0, dot = 0;

			for (size_t i = 0; i < n; i++)
				max = fmax(max, (double)(x[r * n + i] *= 9));
			for (size_t i = 0; i < n; i++)
				sum += exp((double)x[r * n + i] - max);
			for (size_t i = 0; i < n; i++) {
				double p = exp((double)x[r * n + i] - max) / sum;

				twin[r * n + i] = (lep_real)p;
				dot += p * (double)dy[r * n + i];
				twin[2 * rows * n + r * n + i] = (lep_real)((double)x[r * n + i] - max - log(sum));
			}
			for (size_t i = 0; i < n; i++)
				twin[rows * n + r * n + i] = (lep_real)((double)twin[r * n + i] *
					((double)dy[r * n + i] - dot));
		}
		for (size_t t = 0; t < isa_count; t++) {
			lep_real *p = room_for(t, 3 * rows * n);

			isas[t]->softmax_forward(p, x, rows, n, n);
			isas[t]->softmax_backward(p + rows * n, dy, p, rows, n, n, 0);
			isas[t]->log_softmax(p + 2 * rows * n, x, rows, n, n);
			AGREE(t, 2 * rows * n, 1e-6, "%s n %zu", isas[t]->name, n);
			CHECK(close_to(p + 2 * rows * n, twin + 2 * rows * n, rows * n, 1e-6));
			CHECK(same_bytes(p, want.p, 3 * rows * n));
		}
	}
}

static void softmax_extremes(void)
{
	lep_real v[40], p[40];

	for (size_t t = 0; t < isa_count; t++) {
		for (size_t i = 0; i < 40; i++)
			v[i] = (lep_real)-INFINITY;
		v[3] = 1;
		v[35] = 1;
		isas[t]->softmax_forward(p, v, 1, 40, 40);
		CHECK(p[3] == (lep_real)0.5 && p[35] == (lep_real)0.5 && p[0] == 0 && p[39] == 0);
		v[38] = (lep_real)NAN;
		isas[t]->softmax_forward(p, v, 1, 40, 40);
		CHECK(isnan(p[0]) && isnan(p[39]));
	}
}

static void cross_entropy(void)
{
	for (size_t s = 0; s < SIZES; s++) {
		const size_t n = sizes[s], index = n / 2;
		static lep_real target[1000];

		numbers(x, n);
		for (int kind = 0; kind < 3; kind++) {
			const double smooth = kind == 1 ? 0.1 : 0, scale = 0.25;
			double max = -INFINITY, sum = 0, loss = 0, total = 0, first = 0;

			for (size_t i = 0; i < n; i++) {
				max = fmax(max, (double)(x[i] = number() * 7));
				target[i] = kind == 2 ? number() * number() + 1
					: (lep_real)((i == index ? 1 - smooth : 0) + smooth / (double)n);
				total += (double)target[i];
			}
			for (size_t i = 0; i < n; i++)
				sum += exp((double)x[i] - max);
			for (size_t i = 0; i < n; i++) {
				double l = (double)x[i] - max - log(sum);

				loss -= (double)target[i] * l;
				twin[i] = (lep_real)(scale * (total * exp(l) - (double)target[i]));
			}
			for (size_t t = 0; t < isa_count; t++) {
				lep_real *p = room_for(t, n);
				double l = isas[t]->cross_entropy(p, x, n, kind == 2 ? target : NULL, index,
					smooth, scale);

				first = t ? first : l;
				CHECKF(memcmp(&l, &first, sizeof(l)) == 0, "%s", isas[t]->name);
				CHECKF(fabs(l - loss) <= 1e-6 * (fabs(loss) + 1), "%g not %g", l, loss);
				CHECKF(n == 1 || close_to(p, twin, n, 2e-6), "%s n %zu kind %d",
					isas[t]->name, n, kind);
				CHECK(room_intact(t ? &got : &want) && same_bytes(p, want.p, n));
				/* in place, and loss alone */
				memcpy(y, x, n * sizeof(*x));
				isas[t]->cross_entropy(y, y, n, kind == 2 ? target : NULL, index, smooth, scale);
				CHECK(same_bytes(y, p, n));
				CHECK(isas[t]->cross_entropy(NULL, x, n, kind == 2 ? target : NULL, index,
					smooth, scale) == l);
			}
		}
	}
}

/* One pooling by its definition. */
static void pool_twin(const struct lep_pool *p, int average, lep_real *out, uint16_t *at, lep_real *dx)
{
	memset(dx, 0, p->h * p->w * p->c * sizeof(*dx));
	for (size_t o = 0; o < p->oh * p->ow * p->c; o++) {
		const size_t c = o % p->c, j = o / p->c % p->ow, i = o / p->c / p->ow;
		lep_real best = 0, sum = 0, count = 0;
		size_t where = 0;

		for (int pass = 0; pass < 2; pass++) {
			for (size_t a = 0; a < p->kh; a++) {
				for (size_t b = 0; b < p->kw; b++) {
					size_t h = i * p->sh + a - p->ph, w = j * p->sw + b - p->pw;
					size_t from = (h * p->w + w) * p->c + c;

					if (h >= p->h || w >= p->w)
						continue;
					if (pass) {
						if (average)
							dx[from] += dy[o] / count;
						else if (a * p->kw + b == where)
							dx[from] += dy[o];
						continue;
					}
					if (count == 0 || x[from] > best) {
						best = x[from];
						where = a * p->kw + b;
					}
					sum += x[from];
					count++;
				}
			}
		}
		out[o] = average ? sum / count : best;
		at[o] = (uint16_t)where;
	}
}

static void pooling(void)
{
	static const struct lep_pool ps[] = {
		{7, 6, 3, 3, 3, 2, 2, 2, 2, 0, 0}, {9, 9, 37, 5, 5, 3, 3, 2, 2, 1, 1},
		{9, 8, 16, 5, 4, 3, 3, 2, 2, 1, 1}, {4, 5, 1, 1, 1, 4, 5, 1, 1, 0, 0},
		{26, 26, 32, 13, 13, 2, 2, 2, 2, 0, 0}, {5, 7, 50, 5, 7, 3, 3, 1, 1, 1, 1}, {9, 11, 33, 4, 5, 2, 2, 2, 2, 0, 0}};

	for (size_t s = 0; s < sizeof(ps) / sizeof(*ps); s++) {
		const struct lep_pool *p = ps + s;
		const size_t in = p->h * p->w * p->c, out = p->oh * p->ow * p->c;

		numbers(x, in);
		numbers(dy, out);
		for (size_t i = 0; i < in; i += 3)
			x[i] = (lep_real)((int)(x[i] * 3)); /* ties */
		for (size_t i = 0; i < out; i += 5)
			dy[i] = (lep_real)-0.0;
		for (int average = 0; average < 2; average++) {
			pool_twin(p, average, twin, arg0, twin + out);
			for (size_t t = 0; t < isa_count; t++) {
				lep_real *q = room_for(t, out + in);

				if (average) {
					isas[t]->avgpool_forward(p, q, x);
					isas[t]->avgpool_backward(p, q + out, dy);
				} else {
					isas[t]->maxpool_forward(p, q, arg, x);
					isas[t]->maxpool_backward(p, q + out, dy, arg, NULL);
					CHECK(memcmp(arg, arg0, out * sizeof(*arg)) == 0);
				}
				AGREE(t, out + in, average ? 1e-6 : 0.0, "%s pool %zu average %d",
					isas[t]->name, s, average);
			}
		}
		/* the gradient of a relu before the pooling */
		pool_twin(p, 0, twin, arg0, twin + out);
		for (size_t i = 0; i < out; i++)
			y[i] = dy[i] = twin[i] > 0 ? dy[i] : 0;
		pool_twin(p, 0, twin, arg0, twin + out);
		numbers(dy, out);
		for (size_t i = 0; i < out; i++)
			dy[i] = twin[i] > 0 ? y[i] : dy[i];
		for (size_t t = 0; t < isa_count; t++) {
			lep_real *q = room_for(t, out + in);

			isas[t]->maxpool_forward(p, q, NULL, x);
			isas[t]->maxpool_backward(p, q + out, dy, arg0, q);
			AGREE(t, out + in, 0.0, "%s pool %zu relu", isas[t]->name, s);
		}
	}
}

static void global_average(void)
{
	const size_t n = 20, c = 37;

	numbers(x, n * c);
	for (size_t j = 0; j < c; j++) {
		double s = 0;

		for (size_t i = 0; i < n; i++)
			s += (double)x[i * c + j];
		twin[j] = (lep_real)(s / (double)n);
		for (size_t i = 0; i < n; i++)
			twin[c + i * c + j] = x[j] / (lep_real)n;
	}
	for (size_t t = 0; t < isa_count; t++) {
		lep_real *q = room_for(t, c + n * c);

		isas[t]->global_avg_forward(q, x, n, c);
		isas[t]->global_avg_backward(q + c, x, n, c);
		AGREE(t, c + n * c, 1e-6, "%s", isas[t]->name);
	}
}

static void layernorm(void)
{
	for (size_t s = 0; s < SIZES; s++) {
		const size_t n = sizes[s], rows = 4, all = rows * n;
		static lep_real gamma[1000], beta[1000];
		lep_real *tdx = twin + all, *tdg = twin + 2 * all, *tdb = tdg + n;

		if (n < 2)
			continue;
		numbers(x, all);
		numbers(dy, all);
		numbers(gamma, n);
		numbers(beta, n);
		memset(tdg, 0, 2 * n * sizeof(*tdg));
		for (size_t r = 0; r < rows; r++) {
			double mean = 0, var = 0, inv, mg = 0, mgx = 0;
			const lep_real *xr = x + r * n, *dr = dy + r * n;

			for (size_t i = 0; i < n; i++)
				mean += (double)xr[i] / (double)n;
			for (size_t i = 0; i < n; i++)
				var += ((double)xr[i] - mean) * ((double)xr[i] - mean) / (double)n;
			inv = 1 / sqrt(var + 1e-5);
			for (size_t i = 0; i < n; i++) {
				double xh = ((double)xr[i] - mean) * inv, g = (double)dr[i] * (double)gamma[i];

				twin[r * n + i] = (lep_real)(xh * (double)gamma[i] + (double)beta[i]);
				mg += g / (double)n;
				mgx += g * xh / (double)n;
				tdg[i] += (lep_real)((double)dr[i] * xh);
				tdb[i] += dr[i];
			}
			for (size_t i = 0; i < n; i++) {
				double xh = ((double)xr[i] - mean) * inv, g = (double)dr[i] * (double)gamma[i];

				tdx[r * n + i] = (lep_real)(inv * (g - mg - xh * mgx));
			}
		}
		for (size_t t = 0; t < isa_count; t++) {
			lep_real mean[4], inv[4], *q = room_for(t, 2 * all + 2 * n);

			memset(q + 2 * all, 0, 2 * n * sizeof(*q));
			isas[t]->layernorm_forward(q, mean, inv, x, gamma, beta, rows, n, (lep_real)1e-5);
			isas[t]->layernorm_backward(q + all, q + 2 * all, q + 2 * all + n, dy, x, mean, inv,
				gamma, rows, n);
			CHECK(close_to(q, twin, all, 2e-6));
			CHECKF(n == 2 || close_to(q + all, tdx, all, 5e-6), "n %zu", n);
			CHECK(close_to(q + 2 * all, tdg, 2 * n, 5e-6));
			CHECKF(room_intact(t ? &got : &want) && same_bytes(q, want.p, 2 * all + 2 * n),
				"%s n %zu", isas[t]->name, n);
		}
	}
}

static void rmsnorm(void)
{
	for (size_t s = 0; s < SIZES; s++) {
		const size_t n = sizes[s], rows = 4, all = rows * n;
		static lep_real gamma[1000];
		lep_real *tdx = twin + all, *tdg = twin + 2 * all;

		numbers(x, all);
		numbers(dy, all);
		numbers(gamma, n);
		memset(tdg, 0, n * sizeof(*tdg));
		for (size_t r = 0; r < rows; r++) {
			double square = 0, inv, mgx = 0;
			const lep_real *xr = x + r * n, *dr = dy + r * n;

			for (size_t i = 0; i < n; i++)
				square += (double)xr[i] * (double)xr[i] / (double)n;
			inv = 1 / sqrt(square + 1e-5);
			for (size_t i = 0; i < n; i++) {
				double xh = (double)xr[i] * inv;

				twin[r * n + i] = (lep_real)(xh * (double)gamma[i]);
				mgx += (double)dr[i] * (double)gamma[i] * xh / (double)n;
				tdg[i] += (lep_real)((double)dr[i] * xh);
			}
			for (size_t i = 0; i < n; i++)
				tdx[r * n + i] = (lep_real)(inv *
					((double)dr[i] * (double)gamma[i] - (double)xr[i] * inv * mgx));
		}
		for (size_t t = 0; t < isa_count; t++) {
			lep_real inv[4], *q = room_for(t, 2 * all + n);

			memset(q + 2 * all, 0, n * sizeof(*q));
			isas[t]->rmsnorm_forward(q, inv, x, gamma, rows, n, (lep_real)1e-5);
			isas[t]->rmsnorm_backward(q + all, q + 2 * all, dy, x, inv, gamma, rows, n);
			CHECK(close_to(q, twin, all, 2e-6));
			CHECKF(n == 1 || close_to(q + all, tdx, all, 5e-6), "n %zu", n);
			CHECK(close_to(q + 2 * all, tdg, n, 5e-6));
			CHECKF(room_intact(t ? &got : &want) && same_bytes(q, want.p, 2 * all + n),
				"%s n %zu", isas[t]->name, n);
		}
	}
}

static void batchnorm(void)
{
	static const size_t channels[] = {1, 7, 16, 33, 64};

	for (size_t s = 0; s < 5; s++) {
		const size_t c = channels[s], rows = 50, all = rows * c;
		static lep_real mean[64], inv[64], scale[64], shift[64], md[64], mx[64];
		static double sums[4][64], sums0[4][64];

		numbers(x, all);
		numbers(dy, all);
		memset(sums0, 0, sizeof(sums0));
		for (size_t j = 0; j < c; j++) {
			mean[j] = number();
			inv[j] = number() + 2;
			scale[j] = number();
			shift[j] = number();
			md[j] = number();
			mx[j] = number();
			for (size_t r = 0; r < rows; r++) {
				double v = (double)x[r * c + j], g = (double)dy[r * c + j];
				lep_real xh = (x[r * c + j] - mean[j]) * inv[j];

				sums0[0][j] += v;
				sums0[1][j] += v * v;
				sums0[2][j] += g;
				sums0[3][j] = fma(g, (double)xh, sums0[3][j]);
				twin[r * c + j] = (lep_real)fmax(0, v * (double)scale[j] + (double)shift[j]);
				twin[all + r * c + j] = (lep_real)((double)scale[j] *
					(g - (double)md[j] - (double)xh * (double)mx[j]));
			}
		}
		for (size_t t = 0; t < isa_count; t++) {
			lep_real *q = room_for(t, 2 * all);

			memset(sums, 0, sizeof(sums));
			isas[t]->channel_sums(sums[0], sums[1], x, rows, c);
			isas[t]->batchnorm_sums(sums[2], sums[3], dy, x, mean, inv, rows, c);
#ifdef LEP_DOUBLE /* there a square is rounded before it is added */
			for (size_t j = 0; j < c; j++)
				CHECK(fabs(sums[1][j] - sums0[1][j]) < 1e-12);
			memcpy(sums[1], sums0[1], sizeof(sums[1]));
#endif
			CHECK(memcmp(sums, sums0, sizeof(sums)) == 0);
			isas[t]->channel_affine(q, x, scale, shift, rows, c, 1);
			isas[t]->batchnorm_backward(q + all, dy, x, mean, inv, scale, md, mx, rows, c);
			AGREE(t, 2 * all, 1e-6, "%s c %zu", isas[t]->name, c);
		}
	}
}

static void depthwise(void)
{
	static const struct lep_depthwise ds[] = {
		{10, 9, 6, 8, 7, 3, 3, 1, 1, 1, 1}, {11, 11, 33, 5, 5, 3, 3, 2, 2, 1, 1},
		{9, 12, 16, 5, 4, 3, 2, 1, 2, 2, 3}, {9, 25, 17, 4, 12, 3, 3, 2, 2, 1, 1}, {5, 31, 16, 5, 11, 1, 4, 1, 2, 1, 3}};

	for (size_t s = 0; s < sizeof(ds) / sizeof(*ds); s++) {
		const struct lep_depthwise *d = ds + s;
		const size_t in = d->h * d->w * d->c, out = d->oh * d->ow * d->c;
		const size_t nw = d->kh * d->kw * d->c;
		static lep_real w[400], bias[40];
		lep_real *tdx = twin + out, *tdw = tdx + in;

		numbers(x, in);
		numbers(dy, out);
		numbers(w, nw);
		numbers(bias, d->c);
		memset(twin, 0, (out + in + nw) * sizeof(*twin));
		for (size_t o = 0; o < out; o++) {
			const size_t c = o % d->c, j = o / d->c % d->ow, i = o / d->c / d->ow;

			for (size_t k = 0; k < d->kh * d->kw; k++) {
				size_t from = ((i * d->sh + k / d->kw * d->dh) * d->w + j * d->sw +
					k % d->kw * d->dw) * d->c + c;

				twin[o] = REAL_FMA(x[from], w[k * d->c + c], twin[o]);
				tdx[from] = REAL_FMA(dy[o], w[k * d->c + c], tdx[from]);
				tdw[k * d->c + c] = REAL_FMA(x[from], dy[o], tdw[k * d->c + c]);
			}
			twin[o] += bias[c];
		}
		for (size_t t = 0; t < isa_count; t++) {
			lep_real *q = room_for(t, out + in + nw);

			memset(q + out + in, 0, nw * sizeof(*q));
			isas[t]->depthwise_forward(d, q, x, w, bias, 0);
			isas[t]->depthwise_data(d, q + out, dy, w);
			isas[t]->depthwise_weights(d, q + out + in, dy, x);
			AGREE(t, out + in + nw, 0.0, "%s %zu", isas[t]->name, s);
		}
	}
}

int main(void)
{
	find_isas();
	RUN(softmax);
	RUN(softmax_extremes);
	RUN(cross_entropy);
	RUN(pooling);
	RUN(global_average);
	RUN(layernorm);
	RUN(rmsnorm);
	RUN(batchnorm);
	RUN(depthwise);
	return CHECK_END();
}
