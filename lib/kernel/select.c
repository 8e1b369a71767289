/* Which table of kernels this processor gets. */
#include "kernel/kernel.h"

#include <string.h>

/* The tables that lib/kernel/isa defines. The double build has only one. */
extern const struct lep_kernels lep_kernels_portable;
#if defined(__x86_64__) && !defined(LEP_DOUBLE)
extern const struct lep_kernels lep_kernels_avx2;
extern const struct lep_kernels lep_kernels_avx512;
#endif

static int has_portable(void)
{
	return 1;
}

#if defined(__x86_64__) && !defined(LEP_DOUBLE)
/* __builtin_cpu_supports asks the operating system's part (XCR0) too. */
static int has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512vl");
}
#endif

/* Best first. */
static const struct {
	const struct lep_kernels *table;
	int (*has)(void);
} isas[] = {
#if defined(__x86_64__) && !defined(LEP_DOUBLE)
	{&lep_kernels_avx512, has_avx512},
	{&lep_kernels_avx2, has_avx2},
#endif
	{&lep_kernels_portable, has_portable},
};

const struct lep_kernels *lep_kernels_select(const char *isa, struct lep_error *e)
{
	size_t i;

	for (i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
		if (isa && strcmp(isa, isas[i].table->name) != 0)
			continue;
		if (isas[i].has())
			return isas[i].table;
		if (isa) {
			lep_fail(e, LEP_ERR_USAGE, "instruction set %s: not on this processor", isa);
			return NULL;
		}
	}
	lep_fail(e, LEP_ERR_USAGE, "instruction set %s: not one of avx512, avx2, portable",
		isa ? isa : "");
	return NULL;
}
