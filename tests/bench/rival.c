/* OpenBLAS and oneDNN on the same products, where they are installed; neither
 * is needed to build. */
#include "bench.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef void cblas_sgemm_fn(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
	const float *b, int ldb, float beta, float *c, int ldc);
typedef int dnnl_sgemm_fn(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
	int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
typedef void threads_fn(int threads);
typedef char *name_fn(void);

static cblas_sgemm_fn *cblas_sgemm;
static dnnl_sgemm_fn *dnnl_sgemm;
static threads_fn *blas_threads, *omp_threads;
static char blas_name[64];
static struct bench_rival rivals[BENCH_RIVALS + 1];

static void by_blas(const float *a, const float *b, float *c, int n, int threads)
{
	blas_threads(threads);
	cblas_sgemm(101, 111, 111, n, n, n, 1, a, n, b, n, 0, c, n); /* row-major, as they are */
}

static void by_dnnl(const float *a, const float *b, float *c, int n, int threads)
{
	omp_threads(threads);
	dnnl_sgemm('N', 'N', n, n, n, 1, a, n, b, n, 0, c, n);
}

static void *open_first(const char *const *names)
{
	void *lib = NULL;

	for (; *names && !lib; names++)
		lib = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
	return lib;
}

/* Their threads would spin for milliseconds, OpenBLAS's for a tenth of a second, after
 * the last product, on the processors of whoever is measured next. */
static void spin_shortly(void)
{
	setenv("OPENBLAS_THREAD_TIMEOUT", "20", 1); /* 2^20 ticks */
	setenv("GOMP_SPINCOUNT", "20000", 1);
}

/* OpenBLAS does not know every processor with AVX-512 as one: it is told, whatever
 * the environment says, so that its strongest kernels are the rival. */
static int find_blas(const struct lep_kernels *k)
{
	static const char *const names[] = {"libopenblas.so.0", "libopenblas.so", NULL};
	name_fn *core = NULL;
	void *lib;

	if (strcmp(k->name, "avx512") == 0)
		setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
	else if (strcmp(k->name, "avx2") == 0)
		setenv("OPENBLAS_CORETYPE", "Haswell", 1);
	unsetenv("OPENBLAS_L2_SIZE");
	lib = open_first(names);
	if (!lib)
		return 0;
	/* POSIX promises that the cast works */
	*(void **)&cblas_sgemm = dlsym(lib, "cblas_sgemm");
	*(void **)&blas_threads = dlsym(lib, "openblas_set_num_threads");
	*(void **)&core = dlsym(lib, "openblas_get_corename");
	snprintf(blas_name, sizeof(blas_name), "OpenBLAS %s", core ? core() : "");
	return cblas_sgemm && blas_threads;
}

static int find_dnnl(const struct lep_kernels *k)
{
	static const char *const names[] = {"libdnnl.so.3", "libdnnl.so.2", "libdnnl.so", NULL};
	static const char *const omp[] = {"libgomp.so.1", "libomp.so.5", NULL};
	void *lib, *omp_lib;

	setenv("ONEDNN_MAX_CPU_ISA", strcmp(k->name, "avx512") == 0 ? "AVX512_CORE" : "AVX2", 0);
	lib = open_first(names);
	omp_lib = lib ? open_first(omp) : NULL;
	if (!omp_lib)
		return 0;
	*(void **)&dnnl_sgemm = dlsym(lib, "dnnl_sgemm");
	*(void **)&omp_threads = dlsym(omp_lib, "omp_set_num_threads");
	return dnnl_sgemm && omp_threads;
}

const struct bench_rival *bench_rivals(const struct lep_kernels *k)
{
	size_t n = 0;

	spin_shortly();
	if (find_blas(k))
		rivals[n++] = (struct bench_rival){blas_name, by_blas};
	if (find_dnnl(k))
		rivals[n++] = (struct bench_rival){"oneDNN", by_dnnl};
	rivals[n] = (struct bench_rival){0};
	return rivals;
}
