/* The trainer: nothing is allocated behind an epoch's first batch. */
#include "check.h"
#include "nn/train.h"
#include "stream/dataset.h"
#include "streams.h"

enum { RECORDS = 90, SIDE = 8 };

/* Pictures whose label says which half is bright; number: the same as 0 or 1; words:
 * the same often enough, of one length, so that no batch has more rows than the first. */
static void write_data(const char *path)
{
	static const char *const names[] = {"left", "right"};
	struct lep_shape picture = shape_of(3, SIDE, SIDE, 1);
	struct lep_shape any = shape_of(1, LEP_VARIES, 0, 0), five = shape_of(1, 5, 0, 0);
	unsigned char image[SIDE * SIDE], label[4], number[4], words[5 * 4];
	struct lep_table *t = table_of(names, 2);
	struct stream_file s;
	struct lep_error e;

	stream_begin(&s);
	if (lep_head_add(&s.head, 0, "image", LEP_ROLE_INPUT, LEP_U8, &picture, NULL, NULL, &e) < 0 ||
		lep_head_add(&s.head, 0, "label", LEP_ROLE_TARGET, LEP_I32, NULL, t, NULL, &e) < 0 ||
		lep_head_add(&s.head, 0, "number", LEP_ROLE_OTHER, LEP_F32, NULL, NULL, NULL, &e) < 0 ||
		lep_head_add(&s.head, 0, "words", LEP_ROLE_OTHER, LEP_I32, &any, t, NULL, &e) < 0)
		abort();
	stream_open(&s, path);
	for (size_t i = 0; i < RECORDS; i++) {
		float v = (float)(i % 2);

		for (size_t k = 0; k < sizeof(image); k++)
			image[k] = (unsigned char)((k % SIDE >= SIDE / 2) == (i % 2) ? 1 + k % 3 : 0);
		for (size_t k = 0; k < 5; k++)
			lep_put32(words + 4 * k, (uint32_t)((i + (k == i % 5)) % 2));
		lep_put32(label, (uint32_t)(i % 2));
		lep_from_f32(number, LEP_F32, &v, 1);
		if (lep_builder_record(s.builder, "r", 1, &e) ||
			lep_builder_set(s.builder, 0, NULL, image, sizeof(image), &e) ||
			lep_builder_set(s.builder, 1, NULL, label, 4, &e) ||
			lep_builder_set(s.builder, 2, NULL, number, 4, &e) ||
			lep_builder_set(s.builder, 3, &five, words, sizeof(words), &e))
			abort();
		stream_add(&s);
	}
	stream_close(&s);
	lep_table_free(t);
}

/* Trains for three epochs; what the batches behind the first one allocated, and the last loss. */
static int64_t train(const char *text, const char *target, const char *optimizer, double *loss)
{
	struct lep_train_options o = {.epochs = 3, .batch = 16, .seed = 1, .clip = 1, .average = 0.9,
		.network = "test.net"};
	struct lep_net_options no = {.target = target, .need_target = 1};
	struct lep_threads *pool;
	struct lep_dataset *data;
	struct lep_trainer *t;
	struct lep_epoch epoch;
	struct lep_error e;
	struct lep_net *n;
	uint64_t before = 0, more = 0;
	char path[128];
	int rc, batches = 0;

	write_data(temp_path(path));
	if (lep_dataset_open(&data, path, NULL, 0, &e) || lep_threads_new(&pool, 2, &e) ||
		lep_net_new(&n, text, "test.net", lep_dataset_head(data)->field, lep_dataset_head(data)->nfield, &no,
			lep_kernels_select(NULL, &e), &e) || lep_optim_parse(&o.optim, optimizer, &e))
		abort();
	lep_loss_init(&o.loss, target[0] == 'n' ? LEP_LOSS_MSE : LEP_LOSS_CROSSENTROPY);
	lep_net_init(n, 1);
	if (lep_trainer_new(&t, n, data, NULL, &o, pool, &e)) {
		printf("# %s\n", e.text);
		abort();
	}
	do {
		do {
			before = lep_mem_allocations();
			rc = lep_trainer_batch(t, &e);
			more += batches++ ? lep_mem_allocations() - before : 0;
		} while (rc == 1);
		if (rc == 0)
			rc = lep_trainer_epoch(t, &epoch, &e);
	} while (rc == 1);
	*loss = epoch.train.loss;
	lep_trainer_free(t);
	lep_net_free(n);
	lep_threads_free(pool);
	lep_dataset_close(data);
	unlink(path);
	return rc < 0 || batches != 18 ? -1 : (int64_t)more;
}

static void batches_allocate_nothing(void)
{
	double loss;

	CHECK(train("augment flip vertical; augment shift 1; augment mixup 0.2\nconv 4 3x3 same; batchnorm relu; maxpool 2; "
		"residual { conv 4 3x3 same groups 2 gelu }; flatten; dropout 0.1; layernorm; dense classes", "label", "adamw",
		&loss) == 0);
	CHECKF(loss < 0.6931, "%g", loss);
	CHECK(train("augment mixup 0.2\nflatten; dense 8 tanh; dense 1", "number", "nesterov", &loss) == 0);
	CHECKF(loss < 1, "%g", loss);
	CHECK(train("input words { embed 6; position learned 5; dropout 0.1; residual { rmsnorm; dense 6 gelu } }\n"
		"pool max; dense classes", "label", "adamw", &loss) == 0);
	CHECKF(loss < 0.7, "%g", loss);
	CHECK(train("target words next; input words { embed 6; dense vocabulary }", "words", "adam", &loss) == 0);
	CHECKF(loss < 0.7, "%g", loss);
}

int main(void)
{
	RUN(batches_allocate_nothing);
	return CHECK_END();
}
