/* The compiled-in descriptions. Sizes follow from the data, so each fits more than it is named for. */
#include "nn/ready.h"

#include <string.h>

#define CNN \
	"conv 32 3x3 relu\n" \
	"maxpool 2\n" \
	"conv 64 3x3 relu\n" \
	"maxpool 2\n" \
	"conv 64 3x3 relu\n" \
	"flatten\n" \
	"dense 64 relu\n" \
	"dense classes softmax\n"

/* A picture and a question about it. Without batchnorm, a product of two branches whose
 * values are small at first takes many epochs to begin with; so do the 64th parts that
 * a gate's softmax makes. */
#define VQA_IMAGE \
	"input image {\n" \
	"    conv 16 3x3 same bias no; maxpool 2; batchnorm relu\n" \
	"    conv 32 3x3 same bias no; maxpool 2; batchnorm relu\n" \
	"    conv 64 3x3 same bias no; maxpool 2; batchnorm relu\n"
#define VQA(act, fuse, behind) \
	VQA_IMAGE \
	"    flatten; dense 64 " act "\n" \
	"}\n" \
	"input question { bag 64; batchnorm; dense 64 " act " }\n" \
	"fuse " fuse " image question" behind "\n" \
	"dense 64 relu\n" \
	"dense classes softmax\n"

const struct lep_ready lep_ready[] = {
	{"digits", "convolutions 32-64-64 and dense 64, for 28x28 digits", CNN},
	{"cifar", "the same layers, for 32x32 colour pictures", CNN},
	{"digits-same", "padded convolutions 32 and 64 (28-14-7) and dense 128",
		"conv 32 3x3 same relu\n"
		"maxpool 2\n"
		"conv 64 3x3 same relu\n"
		"maxpool 2\n"
		"flatten\n"
		"dense 128 relu\n"
		"dense classes softmax\n"},
	{"one-conv", "one convolution of 32, pooling, dense",
		"conv 32 3x3 relu\n"
		"maxpool 2\n"
		"flatten\n"
		"dense classes softmax\n"},
	{"mlp", "the multilayer perceptron, 784-128-10 for 28x28 digits",
		"flatten\n"
		"dense 128 relu\n"
		"dense classes softmax\n"},
	{"binary", "64-32-1 for two classes or a number 0/1",
		"flatten\n"
		"dense 64 relu\n"
		"dense 32 relu\n"
		"dense 1 sigmoid\n"},
	{"resnet", "a residual network with augmentation, for 32x32 colour pictures",
		"augment flip\n"
		"augment shift 2\n"
		"conv 24 2x2 whiten gelu\n"
		"conv 32 3x3 same bias no; maxpool 2; batchnorm gelu\n"
		"conv 32 3x3 same bias no; batchnorm gelu\n"
		"conv 128 3x3 same bias no; maxpool 2; batchnorm gelu\n"
		"residual { conv 128 3x3 same bias no; batchnorm gelu }\n"
		"conv 256 3x3 same bias no; maxpool 2; batchnorm gelu\n"
		"residual { conv 256 3x3 same bias no; batchnorm gelu }\n"
		"globalmaxpool\n"
		"dense classes softmax\n"},
	{"lstm", "embedding, LSTM 64 with dropout, its last state, dense, for short texts",
		"embed 64\n"
		"lstm 64 last dropout 0.2 recurrent_dropout 0.2\n"
		"dense classes softmax\n"},
	{"bag", "the mean of embeddings of words and of pairs of words, dense, for short texts",
		"bag 64 pairs 50000\n"
		"dropout 0.5\n"
		"dense classes softmax\n"},
	{"transformer", "two encoder blocks of width 64, their mean, dense, for short texts",
		"embed 64 scale\n"
		"position sinusoidal\n"
		"repeat 2 { encoder 4 128 dropout 0.1 }\n"
		"layernorm\n"
		"pool mean\n"
		"dense classes softmax\n"},
	{"gpt", "four blocks of width 128, to go on with a text (field text) in windows of 64",
		"e = embed 128; position learned 64\n"
		"repeat 4 { encoder 4 512 causal gelu }\n"
		"layernorm\n"
		"dense vocabulary tied e\n"
		"target text next\n"},
	{"translate", "three encoder and decoder blocks of width 256, fields source and reference",
		"input source { embed 256 scale; position sinusoidal; repeat 3 { encoder 4 1024 dropout 0.1 }; layernorm }\n"
		"input reference\n"
		"e = embed 256 scale; position sinusoidal\n"
		"repeat 3 { decoder 4 1024 from source dropout 0.1 }\n"
		"layernorm\n"
		"dense vocabulary tied e\n"
		"target reference\n"},
	{"vqa", "a picture times a question about it (fields image and question), to an answer", VQA("tanh", "product", "")},
	{"vqa-concat", "the same, picture and question side by side", VQA("relu", "concat", "")},
	{"vqa-gate", "the same, the picture weighed by a softmax of the question", VQA("relu", "gate", "; batchnorm")},
	{"vqa-attention", "the same, each word looks at the positions of the picture",
		VQA_IMAGE
		"}\n"
		"input question\n"
		"embed 64; layernorm\n"
		"residual { attention 4 from image }\n"
		"layernorm; dense 64 relu; pool mean\n"
		"dense 64 relu\n"
		"dense classes softmax\n"},
	{NULL, NULL, NULL},
};

const struct lep_ready *lep_ready_find(const char *name)
{
	for (size_t i = 0; lep_ready[i].name; i++)
		if (strcmp(lep_ready[i].name, name) == 0)
			return &lep_ready[i];
	return NULL;
}
