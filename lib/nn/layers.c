/* The table of layers: one line for each file layer_*.c. */
#include <string.h>

#include "nn/layer.h"
#include "nn/layers.h"

const struct lep_layer *const lep_layers[] = {
	&lep_layer_conv,
	&lep_layer_conv1d,
	&lep_layer_dense,
	&lep_layer_embed,
	&lep_layer_bag,
	&lep_layer_maxpool,
	&lep_layer_avgpool,
	&lep_layer_globalmaxpool,
	&lep_layer_globalavgpool,
	&lep_layer_flatten,
	&lep_layer_pool,
	&lep_layer_position,
	&lep_layer_rnn,
	&lep_layer_lstm,
	&lep_layer_gru,
	&lep_layer_batchnorm,
	&lep_layer_layernorm,
	&lep_layer_rmsnorm,
	&lep_layer_attention,
	&lep_layer_encoder,
	&lep_layer_decoder,
	&lep_layer_gate,
	&lep_layer_fuse,
	&lep_layer_dropout,
	&lep_layer_residual,
	&lep_layer_softmax,
	&lep_layer_relu,
	&lep_layer_leaky_relu,
	&lep_layer_elu,
	&lep_layer_sigmoid,
	&lep_layer_tanh,
	&lep_layer_gelu,
	&lep_layer_silu,
	&lep_layer_softplus,
	NULL,
};

const struct lep_layer *lep_layer_find(const char *name)
{
	for (size_t i = 0; lep_layers[i]; i++)
		if (strcmp(lep_layers[i]->name, name) == 0)
			return lep_layers[i];
	return NULL;
}

const char *lep_layer_final(const struct lep_op *op)
{
	if (op->layer == &lep_layer_softmax || op->layer == &lep_layer_sigmoid)
		return op->layer->name;
	return NULL;
}
