/*
 * A PNG of noise on standard output: `mkpicture WIDTH HEIGHT gray|rgb SEED`, or
 * of one value: `mkpicture WIDTH HEIGHT gray|rgb =VALUE`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/image.h"

int main(int argc, char **argv)
{
	struct lep_buf png = {0};
	struct lep_error e;
	long w, h, value;
	unsigned char *p;
	size_t n;
	int channels;

	if (argc != 5)
		return 2;
	w = strtol(argv[1], NULL, 10);
	h = strtol(argv[2], NULL, 10);
	channels = strcmp(argv[3], "rgb") == 0 ? 3 : 1;
	value = strtol(argv[4] + (argv[4][0] == '='), NULL, 10);
	if (w < 1 || h < 1 || w > 10000 || h > 10000)
		return 2;
	n = (size_t)w * (size_t)h * (size_t)channels;
	p = lep_alloc(n, 1);
	if (!p)
		return 1;
	for (size_t i = 0; i < n; i++) {
		uint32_t block[4];

		lep_random_block(block, (uint64_t)value, LEP_RANDOM_SAMPLE, 0, i);
		p[i] = (unsigned char)(argv[4][0] == '=' ? (unsigned long)value : block[0]);
	}
	if (lep_png_write(&png, p, w, h, channels, &e)) {
		fprintf(stderr, "mkpicture: %s\n", e.text);
		return 1;
	}
	lep_free(p);
	n = fwrite(png.data, png.len, 1, stdout);
	lep_buf_release(&png);
	return n == 1 && fflush(stdout) == 0 ? 0 : 1;
}
