/*
 * Golden cases: folders of .npy files under LEP_GOLDEN, by default beside the
 * project. Where they are absent tests skip, and say so.
 */
#ifndef LEP_TESTS_GOLDEN_LOAD_H
#define LEP_TESTS_GOLDEN_LOAD_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "data/npy.h"

static inline const char *golden_root(void)
{
	const char *root = getenv("LEP_GOLDEN");

	return root && *root ? root : "../shared/golden";
}

static inline int golden_present(void)
{
	return access(golden_root(), R_OK) == 0;
}

/* All values of CASE/ARRAY.npy as doubles, *n of them; caller frees with lep_free. A
 * file that is missing ends the program: it is part of the case. */
static inline double *golden_load(const char *name, const char *array, size_t *n)
{
	char path[1024];
	struct lep_npy npy = {0};
	struct lep_error e;
	double *out;

	snprintf(path, sizeof(path), "%s/%s/%s.npy", golden_root(), name, array);
	if (lep_npy_load(&npy, path, &e) < 0) {
		printf("Bail out! %s\n", e.text);
		exit(EXIT_FAILURE);
	}
	*n = npy.bytes / lep_dtype_size(npy.dtype);
	out = lep_alloc(*n, sizeof(*out));
	if (!out)
		abort();
	lep_to_f64(out, npy.dtype, npy.data, *n);
	lep_npy_release(&npy);
	return out;
}

/* The largest difference relative to the largest value of want; NaN is infinite. */
static inline double golden_distance(const double *got, const double *want, size_t n)
{
	double most = 0, worst = 0;

	for (size_t i = 0; i < n; i++) {
		double d = fabs(got[i] - want[i]);

		most = fabs(want[i]) > most ? fabs(want[i]) : most;
		worst = d > worst ? d : d >= 0 ? worst : (double)INFINITY;
	}
	return most > 0 ? worst / most : worst;
}

#endif
