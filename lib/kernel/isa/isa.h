/*
 * What the files of lib/kernel/isa share: the name of each kernel with the
 * instruction set behind it, and its prototype, taken from the table.
 */
#ifndef LEP_KERNEL_ISA_ISA_H
#define LEP_KERNEL_ISA_ISA_H

#include "kernel/kernel.h"
#include "kernel/isa/simd.h"

#define ISA_PASTE2(name, isa) lep_##name##_##isa
#define ISA_PASTE(name, isa) ISA_PASTE2(name, isa)
#define ISA(name) ISA_PASTE(name, LEP_ISA)

#define KERNEL_LIST(X) \
	X(pack_size) X(pack) X(gemm) \
	X(act_forward) X(act_backward) \
	X(softmax_prefix) X(softmax_forward) X(softmax_backward) X(log_softmax) X(cross_entropy) \
	X(maxpool_forward) X(maxpool_backward) X(avgpool_forward) X(avgpool_backward) \
	X(global_avg_forward) X(global_avg_backward) \
	X(fill) X(scale) X(axpy) X(add) X(sub) X(mul) X(mul_add) X(add_row) X(dot) X(sum) X(max) \
	X(sum_squares) X(col_sums) X(scale_u8) X(gather) X(scatter_add) \
	X(transpose) X(dropout) \
	X(layernorm_forward) X(layernorm_backward) X(rmsnorm_forward) X(rmsnorm_backward) \
	X(channel_sums) X(channel_affine) \
	X(batchnorm_sums) X(batchnorm_backward) \
	X(depthwise_forward) X(depthwise_data) X(depthwise_weights) \
	X(lstm_forward) X(lstm_backward) X(gru_forward) X(gru_backward) \
	X(sgd) X(adam) X(rmsprop)

#define KERNEL_DECLARE(name) __typeof__(*((struct lep_kernels *)0)->name) ISA(name);
KERNEL_LIST(KERNEL_DECLARE)

extern const struct lep_kernels ISA(kernels);

#endif
