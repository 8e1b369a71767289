/* The layers, each defined in a file of its own. */
#ifndef LEP_NN_LAYERS_H
#define LEP_NN_LAYERS_H

#include "nn/layer.h"

extern const struct lep_layer lep_layer_conv;
extern const struct lep_layer lep_layer_conv1d;
extern const struct lep_layer lep_layer_dense;
extern const struct lep_layer lep_layer_embed;
extern const struct lep_layer lep_layer_bag;
extern const struct lep_layer lep_layer_maxpool;
extern const struct lep_layer lep_layer_avgpool;
extern const struct lep_layer lep_layer_globalmaxpool;
extern const struct lep_layer lep_layer_globalavgpool;
extern const struct lep_layer lep_layer_flatten;
extern const struct lep_layer lep_layer_pool;
extern const struct lep_layer lep_layer_position;
extern const struct lep_layer lep_layer_rnn;
extern const struct lep_layer lep_layer_lstm;
extern const struct lep_layer lep_layer_gru;
extern const struct lep_layer lep_layer_batchnorm;
extern const struct lep_layer lep_layer_layernorm;
extern const struct lep_layer lep_layer_rmsnorm;
extern const struct lep_layer lep_layer_attention;
extern const struct lep_layer lep_layer_encoder;
extern const struct lep_layer lep_layer_decoder;
extern const struct lep_layer lep_layer_gate;
extern const struct lep_layer lep_layer_fuse;
extern const struct lep_layer lep_layer_dropout;
extern const struct lep_layer lep_layer_residual;
extern const struct lep_layer lep_layer_softmax;
extern const struct lep_layer lep_layer_relu;
extern const struct lep_layer lep_layer_leaky_relu;
extern const struct lep_layer lep_layer_elu;
extern const struct lep_layer lep_layer_sigmoid;
extern const struct lep_layer lep_layer_tanh;
extern const struct lep_layer lep_layer_gelu;
extern const struct lep_layer lep_layer_silu;
extern const struct lep_layer lep_layer_softplus;

/* Part of dense. */
extern const struct lep_layer lep_layer_tied;

/* What the convolution needs that runs a maxpool (layer_conv_run.c): its geometry, of
 * the part of the input that some window sees; where its maxima go, NULL in use. */
struct lep_pool lep_pool_used(const struct lep_op *op);
uint16_t *lep_pool_maxima(const struct lep_op *op, const struct lep_pass *p);

#endif
