/*
 * A made-up table for tests and measurements: `mktable ROWS [SEED]` writes CSV with the
 * columns id, x1 to x12 (independent normal numbers of different mean and size), city
 * (one of eight, as likely), y and class. With z the standardised x and u the city's
 * effect, s = w.z + u; y = 50 + 10 (s + noise), the noise a ninth of the variance of s, so
 * that the best R2 is 0.9; class is yes with probability 1 / (1 + exp(-2 s)). What the
 * rows drawn allow, R2 and accuracy, goes to standard error. Same arguments, same bytes.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/math.h"
#include "base/random.h"

enum { NUMBERS = 12, CITIES = 8 };

static const double weight[NUMBERS] = {0.9, -0.8, 0.7, -0.6, 0.5, -0.4, 0.3, -0.2, 0.1, 0, 0, 0};
static const double effect[CITIES] = {-0.7, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5, 0.7};
static const char *const city[CITIES] = {"Athens", "Bergen", "Cork", "Dijon", "Essen", "Faro", "Ghent", "Hull"};

int main(int argc, char **argv)
{
	uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 0, seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	double variance = 0, sigma, sum = 0, squares = 0, residual = 0, right = 0;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: mktable ROWS [SEED]\n");
		return 2;
	}
	for (int k = 0; k < NUMBERS; k++)
		variance += weight[k] * weight[k];
	for (int c = 0; c < CITIES; c++)
		variance += effect[c] * effect[c] / CITIES;
	sigma = sqrt(variance / 9);
	printf("id");
	for (int k = 0; k < NUMBERS; k++)
		printf(",x%d", k + 1);
	printf(",city,y,class\n");
	for (uint64_t r = 0; r < rows; r++) {
		int c = (int)(lep_random_uniform(seed, LEP_RANDOM_SAMPLE, r, 0) * CITIES);
		double s = effect[c], noise = sigma * lep_random_normal(seed, LEP_RANDOM_SAMPLE, r, 1), y, p;

		printf("r%07llu", (unsigned long long)r);
		for (int k = 0; k < NUMBERS; k++) {
			static const double size[] = {0.1, 1, 10, 100};
			double z = lep_random_normal(seed, LEP_RANDOM_SAMPLE, r, (uint64_t)k + 2);

			s += weight[k] * z;
			printf(",%.7g", 20 * (k - 6) + size[k % 4] * z);
		}
		y = 50 + 10 * (s + noise);
		p = 1 / (1 + lep_exp(-2 * s));
		printf(",%s,%.6g,%s\n", city[c], y,
			(double)lep_random_uniform(seed, LEP_RANDOM_SAMPLE, r, 14) < p ? "yes" : "no");
		sum += y - 50;
		squares += (y - 50) * (y - 50);
		residual += 100 * noise * noise;
		right += p > 0.5 ? p : 1 - p;
	}
	if (rows)
		fprintf(stderr, "r2 %.4f accuracy %.4f\n", 1 - residual / (squares - sum * sum / (double)rows),
			right / (double)rows);
	return fflush(stdout) ? 1 : 0;
}
