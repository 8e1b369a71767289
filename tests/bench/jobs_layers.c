/* Rows of the kernels behind layers: softmax, pooling, norms, depthwise
 * convolutions, recurrent cells. */
#include "bench.h"

#define A (bench_buf[0])
#define B (bench_buf[1])
#define Y (bench_buf[2])
#define ROWS 96
#define WIDE 256 /* ROWS * WIDE is BENCH_SMALL */

static double doubles[2][WIDE];
static float means[ROWS];

#define ROW(name, call) \
	static void name(const struct bench_job *j) \
	{ \
		(void)j; \
		bench_k->call; \
	}

ROW(softmax, softmax_forward(Y, A, ROWS, WIDE, WIDE))
ROW(softmax_back, softmax_backward(Y, A, B, ROWS, WIDE, WIDE, 0))
ROW(log_softmax, log_softmax(Y, A, ROWS, WIDE, WIDE))

static void cross_entropy(const struct bench_job *j)
{
	(void)j;
	for (size_t r = 0; r < ROWS; r++)
		doubles[0][0] += bench_k->cross_entropy(Y + r * WIDE, A + r * WIDE, WIDE, NULL, r % WIDE, 0, 1);
}

ROW(layernorm, layernorm_forward(Y, means, means, A, B, B, ROWS, WIDE, 1e-5f))
ROW(layernorm_back, layernorm_backward(Y, bench_buf[4], bench_buf[5], A, B, means, means, B, ROWS, WIDE))
ROW(rmsnorm, rmsnorm_forward(Y, means, A, B, ROWS, WIDE, 1e-5f))
ROW(rmsnorm_back, rmsnorm_backward(Y, bench_buf[4], A, B, means, B, ROWS, WIDE))
ROW(channel_sums, channel_sums(doubles[0], doubles[1], A, ROWS, WIDE))
ROW(channel_affine, channel_affine(Y, A, B, B, ROWS, WIDE, 1))
ROW(batchnorm_sums, batchnorm_sums(doubles[0], doubles[1], A, B, B, B, ROWS, WIDE))
ROW(batchnorm_back, batchnorm_backward(Y, A, B, B, B, B, B, B, ROWS, WIDE))

/* Pooling as in the digits network, 26x26x32 to 13x13x32. */
static const struct lep_pool pool = {26, 26, 32, 13, 13, 2, 2, 2, 2, 0, 0};
#define TAPS ((uint16_t *)(void *)bench_buf[3])
#define PICTURE (26.0 * 26 * 32)

ROW(maxpool, maxpool_forward(&pool, Y, TAPS, A))
ROW(maxpool_back, maxpool_backward(&pool, Y, A, TAPS, B))
ROW(avgpool, avgpool_forward(&pool, Y, A))
ROW(avgpool_back, avgpool_backward(&pool, Y, A))
ROW(global_avg, global_avg_forward(Y, A, 384, 64))
ROW(global_avg_back, global_avg_backward(Y, A, 384, 64))

static double set_pool(const struct bench_job *j)
{
	bench_k->maxpool_forward(&pool, Y, TAPS, A);
	return j->slots;
}

/* 3x3 over a padded 18x18x64 picture */
static const struct lep_depthwise depthwise = {18, 18, 64, 16, 16, 3, 3, 1, 1, 1, 1};
#define DEPTHWISE (16.0 * 16 * 64 * 9)

ROW(depthwise_fwd, depthwise_forward(&depthwise, Y, A, B, B, 1))
ROW(depthwise_dx, depthwise_data(&depthwise, Y, A, B))
ROW(depthwise_dw, depthwise_weights(&depthwise, bench_buf[4], A, B))

/* One step of 256 units for 16 samples. The first buffer after `gates` is what
 * the cell may only read. */
#define UNITS 256
#define CELLS 16
static float gates[CELLS][4 * UNITS], hidden[CELLS][4 * UNITS], state[CELLS][UNITS];

static void lstm(const struct bench_job *j)
{
	(void)j;
	for (size_t i = 0; i < CELLS; i++)
		bench_k->lstm_forward(gates[i], Y + i * UNITS, bench_buf[4] + i * UNITS, bench_buf[5] + i * UNITS,
			A + i * UNITS, UNITS);
}

static void lstm_back(const struct bench_job *j)
{
	(void)j;
	for (size_t i = 0; i < CELLS; i++)
		bench_k->lstm_backward(gates[i], state[i], A + i * UNITS, B + i * UNITS, A + i * UNITS, UNITS);
}

static void gru(const struct bench_job *j)
{
	(void)j;
	for (size_t i = 0; i < CELLS; i++)
		bench_k->gru_forward(gates[i], hidden[i], Y + i * UNITS, A + i * UNITS, UNITS);
}

static void gru_back(const struct bench_job *j)
{
	(void)j;
	for (size_t i = 0; i < CELLS; i++)
		bench_k->gru_backward(gates[i], hidden[i], state[i], A + i * UNITS, B + i * UNITS, UNITS);
}

#define EACH(n, text, s, b) {.name = text, .run = n, .slots = (s) * (double)BENCH_SMALL, \
	.bytes = (b) * (double)BENCH_SMALL}
#define POOL(n, text, s, b) {.name = text ", 26x26x32", .run = n, .setup = set_pool, .slots = (s) * PICTURE, \
	.bytes = (b) * PICTURE}
#define DEPTH(n, text) {.name = "depthwise 16x16x64, " text, .run = n, .slots = DEPTHWISE}
#define CELL(n, text, s, b) {.name = text ", 256 units", .run = n, .slots = (s) * CELLS * (double)UNITS, \
	.bytes = (b) * CELLS * (double)UNITS}

struct bench_job bench_jobs_layers[] = {
	EACH(softmax, "softmax, rows of 256", 19, 8),
	EACH(softmax_back, "softmax, rows of 256, backward", 3, 12),
	EACH(log_softmax, "log_softmax, rows of 256", 19, 8),
	EACH(cross_entropy, "cross-entropy, rows of 256", 19, 8),
	EACH(layernorm, "layernorm, rows of 256", 6, 8),
	EACH(layernorm_back, "layernorm, rows of 256, backward", 11, 12),
	EACH(rmsnorm, "rmsnorm, rows of 256", 3, 8),
	EACH(rmsnorm_back, "rmsnorm, rows of 256, backward", 7, 12),
	EACH(channel_sums, "channel sums, rows of 256", 6, 4),
	EACH(channel_affine, "channel affine, rows of 256", 2, 8),
	EACH(batchnorm_sums, "batchnorm sums, rows of 256", 8, 8),
	EACH(batchnorm_back, "batchnorm, rows of 256, backward", 5, 12),
	POOL(maxpool, "maxpool", 1, 4 + 1 + 0.5),
	POOL(maxpool_back, "maxpool backward", 1, 4 + 2 + 0.5),
	POOL(avgpool, "avgpool", 1, 5),
	POOL(avgpool_back, "avgpool backward", 0.25, 5),
	EACH(global_avg, "global_avg 384x64", 1, 4),
	EACH(global_avg_back, "global_avg 384x64, backward", 0, 4),
	DEPTH(depthwise_fwd, "forward"),
	DEPTH(depthwise_dx, "data"),
	DEPTH(depthwise_dw, "weights"),
	CELL(lstm, "lstm step", 3 * 22 + 2 * 31 + 3, 12 * 4),
	CELL(lstm_back, "lstm step backward", 18, 14 * 4),
	CELL(gru, "gru step", 2 * 24 + 32 + 3, 11 * 4),
	CELL(gru_back, "gru step backward", 16, 15 * 4),
	{0},
};
