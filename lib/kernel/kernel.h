/*
 * The arithmetic, behind one table of functions per instruction set.
 *
 * How it is organised. Every file of lib/kernel/isa is compiled once for each
 * instruction set (portable, avx2 with FMA, avx512) from the same source,
 * written on sixteen logical lanes (isa/simd.h). Each compilation fills one
 * struct lep_kernels; lep_kernels_select picks one at start. Kernels work on
 * memory the caller owns: they allocate nothing, start no thread, fail never.
 * Whoever has threads cuts the work into pieces and calls kernels on them.
 *
 * What every kernel promises: the same bytes on every instruction set.
 * - Sums over a reduction index k (matrix products, convolutions, column
 *   sums): each element of the result is one chain of fused multiply-adds
 *   over ascending k, acc = fma(a, b, acc), from 0 or from what the result
 *   holds already when accumulating. A bias is added after the chain.
 *   Blocks of k go through the result, which keeps the chain.
 * - Sums along contiguous elements (dot, softmax, layer norm): sixteen lanes,
 *   lane l takes elements l, l+16, ...; then l is added to by l+8, l+4, l+2,
 *   l+1. Elements that are missing at the end contribute nothing.
 * - max is a > b ? a : b; division and square root are exact; exp, log, tanh,
 *   erf are ours (isa/vmath.h). Denormals are kept. NaN goes through (which
 *   NaN is not promised).
 * So vector width and threads may cut rows and columns, never a chain.
 *
 * How to add a kernel: give it a member here, with its shapes and formula;
 * add its name to KERNEL_LIST in isa/isa.h; write it on vf in a file of isa/;
 * write its naive twin in tests/unit/test_kernel_*.c, which also compares
 * the bytes of all instruction sets. Intrinsics belong in isa/simd.h.
 *
 * All arrays are row-major; pictures are height x width x channel. Unless said
 * otherwise a result may not overlap an operand; "in place" says where it may
 * be the very same array. Nothing needs alignment; 64 bytes is fastest.
 */
#ifndef LEP_KERNEL_KERNEL_H
#define LEP_KERNEL_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/thread.h"
#include "kernel/real.h"

/*
 * The one matrix product, each row where it lies, so that convolutions copy nothing:
 *
 *   c[C(r) + j] (+)= sum over s < nseg, t < len of
 *                    a[A(r) + off[s] + t * step] * B[s * len + t][j]     j < n, r < m
 *
 * A(r) is row[r], or r * lda where row is NULL; C(r) is crow[r], or r * ldc.
 * The reduction index k = s * len + t runs upwards; K = nseg * len.
 * dense:               one segment, len = inputs, step 1.
 * conv forward:        rows = top left input element of each output position,
 *                      segments = taps (kh, kw), len = channels, step 1.
 * conv data gradient:  the same on the padded gradient, weights turned.
 * conv weight gradient: rows = (tap, channel) in x, segments = rows of the
 *                      output, len = its width, step = stride * channels,
 *                      B = the output's gradient, plain.
 * B plain: rows of ldb elements, n of them read. B packed: from pack(), the
 * whole K x n, or rows [from, from + K) of a packed B that has `of`; ldb is
 * ignored, and b is that of the whole. Within a packed B the columns from j on (j
 * a multiple of panel) begin at b + j times its rows. Nothing is read or written
 * outside the n columns. c rows must be distinct.
 */
struct lep_gemm {
	size_t m;
	const lep_real *a;
	const ptrdiff_t *row; /* m, in elements as all offsets, or NULL: */
	size_t lda;
	size_t nseg;
	const ptrdiff_t *off; /* nseg */
	size_t len;
	ptrdiff_t step;
	const lep_real *b;
	size_t ldb;
	int packed;
	size_t from, of; /* of a packed B; of 0: the whole */
	size_t n;
	lep_real *c;
	const ptrdiff_t *crow; /* m, or NULL: */
	size_t ldc;
	int accumulate;       /* start from what c holds */
	const lep_real *bias; /* n, added after the sum, or NULL */
	int relu;             /* then negative values become 0 */
};

/* Rows of the highest register tile on the widest panel. */
#define LEP_TILE_ROWS 6

/* The elementwise functions. param: the slope of leaky, the alpha of elu. */
enum lep_act {
	LEP_ACT_NONE,
	LEP_ACT_RELU,
	LEP_ACT_LEAKY_RELU,
	LEP_ACT_ELU,
	LEP_ACT_SIGMOID,
	LEP_ACT_TANH,
	LEP_ACT_GELU, /* x (1 + erf(x / sqrt 2)) / 2 */
	LEP_ACT_SILU,
	LEP_ACT_SOFTPLUS,
	LEP_ACT_EXP,
	LEP_ACT_LOG /* forward only */
};

/* Pooling of one h x w x c picture to oh x ow x c: the window of output (i, j)
 * starts at input (i * sh - ph, j * sw - pw); what lies outside does not count. */
struct lep_pool {
	size_t h, w, c;
	size_t oh, ow;
	size_t kh, kw; /* kh * kw <= 65536 */
	size_t sh, sw;
	size_t ph, pw;
};

/* Depthwise convolution of one picture, already padded: x[h][w][c],
 * weights[kh][kw][c], y[oh][ow][c]; tap (a, b) of output (i, j) reads
 * x[i * sh + a * dh][j * sw + b * dw]. */
struct lep_depthwise {
	size_t h, w, c;
	size_t oh, ow;
	size_t kh, kw;
	size_t sh, sw;
	size_t dh, dw;
};

/* One step of an optimiser, on n weights w with gradients g. First the
 * gradient is g * scale, and, unless decoupled, + decay * w. */
struct lep_step {
	lep_real lr;
	lep_real scale;   /* of the gradient: 1, or what clipping or averaging asks */
	lep_real decay;   /* of weights; 0 for none */
	lep_real mu;      /* sgd: momentum; adam: beta1; rmsprop: alpha */
	lep_real beta2;   /* adam */
	lep_real eps;     /* added outside the root */
	double correct1;  /* adam: 1 - beta1^t */
	double correct2;  /* adam: 1 - beta2^t */
	int nesterov;     /* sgd */
	int decoupled;    /* adam: w -= lr * decay * w instead of L2 */
};

struct lep_kernels {
	const char *name;  /* "avx512", "avx2", "portable" */
	size_t width;      /* reals in one register of the processor */
	size_t panel;      /* columns of one panel of a packed B; work on a matrix
	                    * product is best cut at multiples of it */

	/* ---- matrix products (gemm.c) ---- */

	/* Reals needed for a packed k x n matrix, and the packing: element (i, j)
	 * is src[i * row_stride + j * col_stride]. Columns are padded with zeros to
	 * a multiple of 16. row_stride n, col_stride 1 packs src as it is; 1 and k
	 * packs the transpose of an n x k matrix. A matrix whose rows come from
	 * several places is packed in parts: rows [i, i + r) of the panel of w columns
	 * at j go to dst + j * k + i * (w rounded up to 16), by pack(.., r, w, ..). */
	size_t (*pack_size)(size_t k, size_t n);
	void (*pack)(lep_real *dst, const lep_real *src, size_t k, size_t n, ptrdiff_t row_stride,
		ptrdiff_t col_stride);
	void (*gemm)(const struct lep_gemm *g);

	/* ---- elementwise (act.c), n values; forward: y may be x ---- */

	void (*act_forward)(enum lep_act kind, lep_real param, lep_real *y, const lep_real *x,
		size_t n);
	/* dx (+)= dy * f'(x), dx may be dy. relu, leaky, elu, sigmoid, tanh, exp
	 * look only at y (x may be NULL), softplus only at x, gelu and silu at both. */
	void (*act_backward)(enum lep_act kind, lep_real param, lep_real *dx, const lep_real *dy,
		const lep_real *x, const lep_real *y, size_t n, int accumulate);

	/* ---- softmax over each of rows rows of n (softmax.c); ld is the distance
	 * from one row to the next, the same for all arrays ---- */

	/* y = exp(x - max) / sum; y may be x. */
	void (*softmax_forward)(lep_real *y, const lep_real *x, size_t rows, size_t n, size_t ld);
	/* The same over the first n + r * grow elements of row r, at most width of them;
	 * those behind, up to width, become 0, and so do all of an empty row. max and sum
	 * of row r are left at stats[r * ldstats] and behind it; with `given` they are
	 * taken from there, which gives the same y. stats may be NULL otherwise. */
	void (*softmax_prefix)(lep_real *y, lep_real *stats, size_t ldstats, const lep_real *x, size_t rows,
		size_t n, size_t grow, size_t width, size_t ld, int given);
	/* dx (+)= y * (dy - dot(dy, y)); dx may be dy. */
	void (*softmax_backward)(lep_real *dx, const lep_real *dy, const lep_real *y, size_t rows,
		size_t n, size_t ld, int accumulate);
	/* y = x - max - log(sum); y may be x. */
	void (*log_softmax)(lep_real *y, const lep_real *x, size_t rows, size_t n, size_t ld);
	/* Cross-entropy of one row of logits against a distribution t, which is
	 * target[0..n), or, where target is NULL, (1 - smooth) at element `index`
	 * plus smooth / n everywhere. Returns -sum t log softmax(x); writes
	 * dx = scale * (sum(t) softmax(x) - t) unless dx is NULL; dx may be x. */
	double (*cross_entropy)(lep_real *dx, const lep_real *x, size_t n, const lep_real *target,
		size_t index, double smooth, double scale);

	/* ---- pooling of one picture (pool.c) ---- */

	/* arg (may be NULL) gets the tap (a * kw + b) of each maximum, the first in
	 * row-major order where several are equal. A window wholly outside gives 0. */
	void (*maxpool_forward)(const struct lep_pool *p, lep_real *y, uint16_t *arg,
		const lep_real *x);
	/* dx (overwritten) gets dy at the maxima. With y, the pooled values, the
	 * gradient of a relu before the pooling is applied at once: dy counts only
	 * where y > 0. */
	void (*maxpool_backward)(const struct lep_pool *p, lep_real *dx, const lep_real *dy,
		const uint16_t *arg, const lep_real *y);
	void (*avgpool_forward)(const struct lep_pool *p, lep_real *y, const lep_real *x);
	void (*avgpool_backward)(const struct lep_pool *p, lep_real *dx, const lep_real *dy);
	/* y[c] = mean over n positions of x[n][c], summed in ascending order */
	void (*global_avg_forward)(lep_real *y, const lep_real *x, size_t n, size_t c);
	void (*global_avg_backward)(lep_real *dx, const lep_real *dy, size_t n, size_t c);

	/* ---- vectors (vec.c) ---- */

	void (*fill)(lep_real *y, lep_real a, size_t n);
	void (*scale)(lep_real *y, lep_real a, const lep_real *x, size_t n); /* y = a x; in place */
	void (*axpy)(lep_real *y, lep_real a, const lep_real *x, size_t n);  /* y = fma(a, x, y) */
	void (*add)(lep_real *y, const lep_real *a, const lep_real *b, size_t n); /* in place */
	void (*sub)(lep_real *y, const lep_real *a, const lep_real *b, size_t n); /* in place */
	void (*mul)(lep_real *y, const lep_real *a, const lep_real *b, size_t n); /* in place */
	/* y = fma(a, b, y) */
	void (*mul_add)(lep_real *y, const lep_real *a, const lep_real *b, size_t n);
	/* y[i][j] = x[i][j] + b[j]; in place */
	void (*add_row)(lep_real *y, const lep_real *x, const lep_real *b, size_t rows, size_t n);
	lep_real (*dot)(const lep_real *a, const lep_real *b, size_t n);
	lep_real (*sum)(const lep_real *x, size_t n);
	lep_real (*max)(const lep_real *x, size_t n); /* n >= 1 */
	double (*sum_squares)(const lep_real *x, size_t n);
	/* y[j] (+)= sum over rows, ascending, of x[i * ld + j], j < n */
	void (*col_sums)(lep_real *y, const lep_real *x, size_t rows, size_t n, size_t ld,
		int accumulate);
	/* y[p][c] = table[c][x[p][c]]: bytes to reals by a table of 256 a channel */
	void (*scale_u8)(lep_real *y, const uint8_t *x, const lep_real *table, size_t pixels,
		size_t channels);
	/* y[i] = w[ids[i]], rows of n; an id < 0 gives zeros */
	void (*gather)(lep_real *y, const lep_real *w, const int32_t *ids, size_t rows, size_t n);
	/* dw[ids[i]] += dy[i], i ascending; an id < 0 adds nothing */
	void (*scatter_add)(lep_real *dw, const lep_real *dy, const int32_t *ids, size_t rows,
		size_t n);
	/* dst[j * lddst + i] = src[i * ldsrc + j], i < rows, j < columns; rows of dst are
	 * filled with zeros up to a multiple of 16, which lddst must have room for */
	void (*transpose)(lep_real *dst, size_t lddst, const lep_real *src, size_t ldsrc, size_t rows,
		size_t columns);
	/* The n factors of a dropout: keep, or 0 where a random word is below the bound.
	 * Element i takes word i % 4 of lep_random_block(seed, LEP_RANDOM_DROPOUT, where,
	 * from + i / 4). */
	void (*dropout)(lep_real *y, size_t n, uint32_t below, lep_real keep, uint64_t seed,
		uint64_t where, uint64_t from);

	/* ---- normalisation (norm.c) ---- */

	/* For each row of n: mean and inv = 1 / sqrt(variance + eps) (stored per row,
	 * both may be NULL), y = (x - mean) inv gamma + beta; gamma, beta may be
	 * NULL; y may be x. */
	void (*layernorm_forward)(lep_real *y, lep_real *mean, lep_real *inv, const lep_real *x,
		const lep_real *gamma, const lep_real *beta, size_t rows, size_t n, lep_real eps);
	/* dx (overwritten; may be dy); dgamma, dbeta (n each, may be NULL) += over
	 * rows ascending. */
	void (*layernorm_backward)(lep_real *dx, lep_real *dgamma, lep_real *dbeta,
		const lep_real *dy, const lep_real *x, const lep_real *mean, const lep_real *inv,
		const lep_real *gamma, size_t rows, size_t n);
	/* For each row of n: inv = 1 / sqrt(mean of x^2 + eps) (stored per row, may be
	 * NULL), y = x inv gamma; y may be x. */
	void (*rmsnorm_forward)(lep_real *y, lep_real *inv, const lep_real *x, const lep_real *gamma,
		size_t rows, size_t n, lep_real eps);
	/* dx (overwritten; may be dy); dgamma (n, may be NULL) += over rows ascending. */
	void (*rmsnorm_backward)(lep_real *dx, lep_real *dgamma, const lep_real *dy, const lep_real *x,
		const lep_real *inv, const lep_real *gamma, size_t rows, size_t n);
	/* Per channel over rows ascending, in double: sum[c] += x, square[c] += x^2. */
	void (*channel_sums)(double *sum, double *square, const lep_real *x, size_t rows, size_t c);
	/* y = fma(x, scale[c], shift[c]), then relu if asked; y may be x; scale may
	 * be NULL (1). Batch norm is scale = gamma inv, shift = beta - mean scale. */
	void (*channel_affine)(lep_real *y, const lep_real *x, const lep_real *scale,
		const lep_real *shift, size_t rows, size_t c, int relu);
	/* Per channel over rows ascending, in double: sum[c] += dy, dot[c] += dy xhat,
	 * xhat = (x - mean[c]) inv[c] in reals. They are dbeta and dgamma. */
	void (*batchnorm_sums)(double *sum, double *dot, const lep_real *dy, const lep_real *x,
		const lep_real *mean, const lep_real *inv, size_t rows, size_t c);
	/* dx = scale[c] (dy - mean_dy[c] - xhat mean_dot[c]); dx may be dy */
	void (*batchnorm_backward)(lep_real *dx, const lep_real *dy, const lep_real *x,
		const lep_real *mean, const lep_real *inv, const lep_real *scale,
		const lep_real *mean_dy, const lep_real *mean_dot, size_t rows, size_t c);

	/* ---- depthwise convolution of one padded picture (depthwise.c) ---- */

	/* bias (c) may be NULL */
	void (*depthwise_forward)(const struct lep_depthwise *d, lep_real *y, const lep_real *x,
		const lep_real *w, const lep_real *bias, int relu);
	/* dx[h][w][c] is overwritten */
	void (*depthwise_data)(const struct lep_depthwise *d, lep_real *dx, const lep_real *dy,
		const lep_real *w);
	/* dw[kh][kw][c] += over output positions ascending */
	void (*depthwise_weights)(const struct lep_depthwise *d, lep_real *dw, const lep_real *dy,
		const lep_real *x);

	/* ---- cells of n units, one step of one sample (recurrent.c) ---- */

	/* gates[4 n] holds x w + h u + b of the gates i, f, g, o; they become sigmoid
	 * (g: tanh) of that. c = f before + i g, tanh_c = tanh(c), h = o tanh_c;
	 * before is the last step's c, and c may be the same array. */
	void (*lstm_forward)(lep_real *gates, lep_real *c, lep_real *tanh_c, lep_real *h,
		const lep_real *before, size_t n);
	/* gates as forward left them become the gradients before their functions;
	 * dc holds the gradient of c from the later step, then that of before. */
	void (*lstm_backward)(lep_real *gates, lep_real *dc, const lep_real *dh,
		const lep_real *tanh_c, const lep_real *before, size_t n);
	/* gates[3 n] holds x w + b, hidden[3 n] h u + bu, of the gates r, z, n; gates
	 * become r, z = sigmoid of the sums, n = tanh(x part + r hidden part);
	 * h = (1 - z) n + z before. h may be before. */
	void (*gru_forward)(lep_real *gates, const lep_real *hidden, lep_real *h,
		const lep_real *before, size_t n);
	/* gates and hidden become the gradients of what they held before; dbefore
	 * (overwritten, may be dh) is what reaches before past the products. */
	void (*gru_backward)(lep_real *gates, lep_real *hidden, lep_real *dbefore, const lep_real *dh,
		const lep_real *before, size_t n);

	/* ---- optimisers (opt.c), one pass over n weights ---- */

	/* v = mu v + g; w -= lr v, nesterov w -= lr (g + mu v); v may be NULL if mu is 0 */
	void (*sgd)(const struct lep_step *s, lep_real *w, const lep_real *g, lep_real *v, size_t n);
	/* m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
	 * w -= lr (m / correct1) / (sqrt(v / correct2) + eps) */
	void (*adam)(const struct lep_step *s, lep_real *w, const lep_real *g, lep_real *m,
		lep_real *v, size_t n);
	/* v = a v + (1 - a) g^2; w -= lr g / (sqrt(v) + eps) */
	void (*rmsprop)(const struct lep_step *s, lep_real *w, const lep_real *g, lep_real *v,
		size_t n);
};

/*
 * The table to use: isa "avx512", "avx2" or "portable" forces one, NULL is the
 * best this processor has. NULL and e filled in (LEP_ERR_USAGE) if the name is
 * unknown or the processor lacks it. The tables are constants.
 */
const struct lep_kernels *lep_kernels_select(const char *isa, struct lep_error *e);

/*
 * C[m][n] (+)= A[m][k] B[k][n], blocked for the caches; B packed by k->pack, or
 * plain with ldb; a plain one is packed on the way where that pays. bias, relu as
 * in struct lep_gemm. Threads split it by calling it on ranges of rows (of A and
 * C), or of columns (of B, C and bias; of a packed B at multiples of k->panel: its
 * columns from j on begin at b + j * K). It needs 600 KiB of stack.
 */
struct lep_matmul {
	size_t m, n, k;
	const lep_real *a;
	size_t lda;
	int a_turned;         /* A is stored k x m: element (i, t) is a[t * lda + i] */
	const lep_real *b;
	size_t ldb;
	int packed;
	lep_real *c;
	size_t ldc;
	int accumulate;
	const lep_real *bias;
	int relu;
};
void lep_matmul(const struct lep_kernels *k, const struct lep_matmul *p);

/* The same on all threads of a pool: they share the columns, each packing its own,
 * or, of a C that is not wide enough, the rows, of a B that they pack together.
 * scratch: k->pack_size(K, n) reals; not used with a packed B. */
void lep_matmul_pool(const struct lep_kernels *k, const struct lep_matmul *p, struct lep_threads *pool,
	lep_real *scratch);

#endif
