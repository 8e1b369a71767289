#include "tensor/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t lep_shape_count(const struct lep_shape *s)
{
	int64_t n = 1;
	int zero = 0;

	for (int i = 0; i < s->rank; i++) {
		if (s->extent[i] < 0)
			return -1;
		if (s->extent[i] == 0)
			zero = 1;
		else if (__builtin_mul_overflow(n, s->extent[i], &n) || n > LEP_ELEMENTS_MAX)
			return -1;
	}
	return zero ? 0 : n;
}

int lep_shape_equal(const struct lep_shape *a, const struct lep_shape *b)
{
	return a->rank == b->rank &&
		memcmp(a->extent, b->extent, (size_t)a->rank * sizeof(a->extent[0])) == 0;
}

int lep_shape_fits(const struct lep_shape *declared, const struct lep_shape *s)
{
	if (declared->rank != s->rank)
		return 0;
	for (int i = 0; i < s->rank; i++)
		if (declared->extent[i] != LEP_VARIES && declared->extent[i] != s->extent[i])
			return 0;
	return 1;
}

int lep_shape_varying(const struct lep_shape *s)
{
	int n = 0;

	for (int i = 0; i < s->rank; i++)
		n += s->extent[i] == LEP_VARIES;
	return n;
}

const char *lep_shape_text(char buf[LEP_SHAPE_TEXT_MAX], const struct lep_shape *s, const char *sep)
{
	size_t n = 0;

	buf[0] = '\0';
	for (int i = 0; i < s->rank && n < LEP_SHAPE_TEXT_MAX; i++) {
		const char *between = i ? sep : "";
		int k;

		if (s->extent[i] == LEP_VARIES)
			k = snprintf(buf + n, LEP_SHAPE_TEXT_MAX - n, "%s*", between);
		else
			k = snprintf(buf + n, LEP_SHAPE_TEXT_MAX - n, "%s%" PRId64, between, s->extent[i]);
		n += (size_t)(k > 0 ? k : 0);
	}
	return buf;
}
