/* What attention is made of besides products: softmax over prefixes of rows, transposed keys, dropped weights. */
#include "kernel_test.h"

#include "base/random.h"

static struct room got, want;
static lep_real x[ROOM_MAX], stats[2 * 64];

/* Each row is what softmax_forward makes of it alone; from its statistics it comes out again. */
static void prefix(void)
{
	static const struct {
		size_t rows, n, grow, width;
	} cases[] = {{1, 1, 0, 16}, {5, 3, 0, 3}, {16, 1, 1, 16}, {16, 17, 1, 32}, {7, 12, 1, 19}, {20, 30, 1, 33},
		{4, 0, 1, 16}, {3, 0, 0, 5}, {17, 50, 0, 64}, {9, 60, 1, 64}};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		const size_t rows = cases[c].rows, width = cases[c].width, ld = width + 3;
		lep_real *w = room_open(&want, rows * ld, 0);

		numbers(x, rows * ld);
		for (size_t r = 0; r < rows; r++) {
			size_t n = cases[c].n + r * cases[c].grow;

			n = n < width ? n : width;
			memset(w + r * ld, 0, width * sizeof(*w));
			if (n)
				isas[0]->softmax_forward(w + r * ld, x + r * ld, 1, n, n);
		}
		for (size_t t = 0; t < isa_count; t++)
			for (int given = 0; given < 2; given++) {
				lep_real *y = room_open(&got, rows * ld, t);

				isas[t]->softmax_prefix(y, stats, 3, x, rows, cases[c].n, cases[c].grow, width, ld, given);
				CHECKF(same_bytes(y, w, rows * ld) && room_intact(&got), "%s case %zu", isas[t]->name, c);
			}
		isas[0]->softmax_prefix(x, NULL, 0, x, rows, cases[c].n, cases[c].grow, width, ld, 0);
		for (size_t r = 0; r < rows; r++)
			CHECKF(same_bytes(x + r * ld, w + r * ld, width), "in place, case %zu", c);
	}
}

static void transpose(void)
{
	static const size_t sizes[] = {0, 1, 3, 8, 15, 16, 17, 32, 37, 64};
	enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

	for (size_t a = 0; a < SIZES; a++)
		for (size_t b = 0; b < SIZES; b++) {
			const size_t rows = sizes[a], columns = sizes[b], ld = (rows + 15) / 16 * 16 + 5;
			lep_real *w = room_open(&want, columns * ld, 0);

			numbers(x, rows * (columns + 2));
			for (size_t j = 0; j < columns; j++)
				for (size_t i = 0; i < ld - 5; i++)
					w[j * ld + i] = i < rows ? x[i * (columns + 2) + j] : 0;
			for (size_t t = 0; t < isa_count; t++) {
				lep_real *y = room_open(&got, columns * ld, t);

				isas[t]->transpose(y, ld, x, columns + 2, rows, columns);
				CHECKF(same_bytes(y, w, columns * ld) && room_intact(&got), "%s %zu x %zu", isas[t]->name,
					rows, columns);
			}
		}
}

/* Word for word what lep_random_block gives, where the counter's low half runs over too. */
static void dropout(void)
{
	static const size_t sizes[] = {0, 1, 4, 15, 63, 64, 65, 200, 1000};
	static const uint64_t from[] = {0, 7, UINT32_MAX - 20, UINT32_MAX - 3, UINT64_C(0xabcdef0123)};
	const uint64_t seed = UINT64_C(0x123456789abcdef), where = UINT64_C(0xfedcba987654);

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		for (size_t f = 0; f < sizeof(from) / sizeof(from[0]); f++) {
			lep_real *w = room_open(&want, sizes[s], 0);
			uint32_t word[4];

			for (size_t i = 0; i < sizes[s]; i++) {
				lep_random_block(word, seed, LEP_RANDOM_DROPOUT, where, from[f] + i / 4);
				w[i] = word[i % 4] < 3000000000u ? 0 : (lep_real)2.5;
			}
			for (size_t t = 0; t < isa_count; t++) {
				lep_real *y = room_open(&got, sizes[s], t);

				isas[t]->dropout(y, sizes[s], 3000000000u, (lep_real)2.5, seed, where, from[f]);
				CHECKF(same_bytes(y, w, sizes[s]) && room_intact(&got), "%s n %zu from %zu", isas[t]->name,
					sizes[s], f);
			}
		}
}

int main(void)
{
	find_isas();
	RUN(prefix);
	RUN(transpose);
	RUN(dropout);
	return CHECK_END();
}
