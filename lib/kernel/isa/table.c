/* The table of one instruction set. */
#include "kernel/isa/isa.h"

#define STRING2(x) #x
#define STRING(x) STRING2(x)
#define MEMBER(kernel) .kernel = ISA(kernel),

const struct lep_kernels ISA(kernels) = {
	.name = STRING(LEP_ISA),
	.width = SIMD_WIDTH,
	.panel = SIMD_PANEL,
	KERNEL_LIST(MEMBER)
};
