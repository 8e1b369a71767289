/* conv ... whiten: the results of its filters are as uncorrelated as they should be. */
#include <math.h>

#include "check.h"
#include "nn/train.h"
#include "stream/dataset.h"
#include "streams.h"

/* RECORDS: more than are looked at. */
enum { RECORDS = 6000, SIDE = 5, CHANNELS = 2, REALS = SIDE * SIDE * CHANNELS };

/* Smooth pictures: every number is a good part of the one before. amount: 0 makes them empty. */
static void picture(float *p, uint32_t *seed, float amount)
{
	float last = 0;

	for (size_t k = 0; k < REALS; k++) {
		*seed = *seed * 1664525 + 1013904223;
		p[k] = last = amount * (0.7f * last + (float)(*seed >> 8) / 16777216.0f - 0.4f);
	}
}

static void write_data(const char *path, float amount)
{
	static const char *const names[] = {"a", "b"};
	struct lep_shape shape = shape_of(3, SIDE, SIDE, CHANNELS);
	struct lep_table *t = table_of(names, 2);
	unsigned char label[4], image[4 * REALS];
	uint32_t seed = 1;
	struct stream_file s;
	struct lep_error e;

	stream_begin(&s);
	if (lep_head_add(&s.head, 0, "image", LEP_ROLE_INPUT, LEP_F32, &shape, NULL, NULL, &e) < 0 ||
		lep_head_add(&s.head, 0, "label", LEP_ROLE_TARGET, LEP_I32, NULL, t, NULL, &e) < 0)
		abort();
	stream_open(&s, path);
	for (size_t i = 0; i < RECORDS; i++) {
		float p[REALS];

		picture(p, &seed, amount);
		lep_from_f32(image, LEP_F32, p, REALS);
		lep_put32(label, (uint32_t)(i % 2));
		if (lep_builder_record(s.builder, "r", 1, &e) ||
			lep_builder_set(s.builder, 0, NULL, image, sizeof(image), &e) ||
			lep_builder_set(s.builder, 1, NULL, label, 4, &e))
			abort();
		stream_add(&s);
	}
	stream_close(&s);
	lep_table_free(t);
}

/* Trains the text for so many batches; before: what conv1.w is set to first. Its values into w, of `count`. */
static void train(const char *text, float amount, int batches, lep_real before, lep_real *w, size_t count)
{
	struct lep_train_options o = {.epochs = 1, .batch = 50, .seed = 1, .network = "test.net"};
	struct lep_net_options no = {.need_target = 1};
	struct lep_threads *pool;
	struct lep_dataset *data;
	struct lep_trainer *t;
	struct lep_param *p;
	struct lep_error e;
	struct lep_net *n;
	char path[128];

	write_data(temp_path(path), amount);
	if (lep_dataset_open(&data, path, NULL, 0, &e) || lep_threads_new(&pool, 2, &e) ||
		lep_net_new(&n, text, "test.net", lep_dataset_head(data)->field, lep_dataset_head(data)->nfield, &no,
			lep_kernels_select(NULL, &e), &e) || lep_optim_parse(&o.optim, "adam", &e))
		abort();
	lep_loss_init(&o.loss, LEP_LOSS_CROSSENTROPY);
	lep_net_init(n, 1);
	p = lep_net_param(n, (size_t)lep_net_find_param(n, "conv1.w"));
	for (size_t i = 0; i < p->count; i++)
		p->value[i] = before;
	if (p->count != count || lep_trainer_new(&t, n, data, NULL, &o, pool, &e))
		abort();
	for (int i = 0; i < batches; i++)
		if (lep_trainer_batch(t, &e) != 1)
			abort();
	memcpy(w, p->value, count * sizeof(*w));
	lep_trainer_free(t);
	lep_net_free(n);
	lep_threads_free(pool);
	lep_dataset_close(data);
	unlink(path);
}

enum { WINDOW = 2 * 2 * CHANNELS, FILTERS = 2 * WINDOW };

/* Products of the components' results, the mean over the windows of all pictures. */
static void correlate(const lep_real *w, double mean[WINDOW][WINDOW], double *variance)
{
	uint32_t seed = 1;
	size_t count = 0;

	for (size_t r = 0; r < RECORDS; r++) {
		float p[REALS];

		picture(p, &seed, 1);
		for (size_t y = 0; y + 2 <= SIDE; y++)
			for (size_t x = 0; x + 2 <= SIDE; x++, count++) {
				double result[WINDOW] = {0};

				for (size_t k = 0; k < WINDOW; k++) {
					double v = (double)p[((y + k / (2 * CHANNELS)) * SIDE + x) * CHANNELS + k % (2 * CHANNELS)];

					*variance += v * v;
					for (size_t c = 0; c < WINDOW; c++)
						result[c] += v * (double)w[k * FILTERS + 2 * c];
				}
				for (size_t c = 0; c < WINDOW; c++)
					for (size_t d = 0; d < WINDOW; d++)
						mean[c][d] += result[c] * result[d];
			}
	}
	for (size_t c = 0; c < WINDOW; c++)
		for (size_t d = 0; d < WINDOW; d++)
			mean[c][d] /= (double)count;
	*variance /= (double)count * WINDOW;
}

static void uncorrelated(void)
{
	lep_real w[WINDOW * FILTERS];
	double mean[WINDOW][WINDOW] = {{0}}, variance = 0, before = 1e300;

	train("conv 16 2x2 whiten relu; flatten; dense classes", 1, 0, 0, w, WINDOW * FILTERS);
	correlate(w, mean, &variance);
	for (size_t c = 0; c < WINDOW; c++) {
		double length = 0, eigen;

		for (size_t k = 0; k < WINDOW; k++) {
			CHECK(w[k * FILTERS + 2 * c + 1] == -w[k * FILTERS + 2 * c]);
			length += (double)w[k * FILTERS + 2 * c] * (double)w[k * FILTERS + 2 * c];
		}
		/* length is 1 / (eigenvalue + what is added), and they descend */
		eigen = 1 / length - 0.0005 * variance;
		CHECKF(eigen > 0 && eigen <= before, "component %zu: %g", c, eigen);
		before = eigen;
		for (size_t d = 0; d < WINDOW; d++)
			CHECKF(fabs(mean[c][d] - (c == d)) < 0.04, "%zu %zu: %g", c, d, mean[c][d]);
	}
	CHECKF(before < 0.25 * variance, "the pictures are not correlated: %g", before);
}

static void kept(void)
{
	static const char text[] = "augment flip; augment shift 2\nconv 3 2x2 dilation 2 same stride 2 whiten bias no gelu\n"
		"flatten; dense classes";
	lep_real before[3 * WINDOW], after[3 * WINDOW];

	/* by training and by augmentation; of an odd number of filters the last stands alone */
	train(text, 1, 0, 0, before, 3 * WINDOW);
	train(text, 1, 20, 0, after, 3 * WINDOW);
	CHECK(memcmp(before, after, sizeof(before)) == 0);
	CHECK(before[0] == -before[1] && before[2] != 0 && before[2] != before[0]);
	/* as a model of --from gave them */
	train(text, 1, 3, (lep_real)0.25, after, 3 * WINDOW);
	for (size_t i = 0; i < 3 * WINDOW; i++)
		CHECK(after[i] == (lep_real)0.25);
}

static void empty_pictures(void)
{
	lep_real w[WINDOW * FILTERS];

	train("conv 16 2x2 whiten relu; flatten; dense classes", 0, 3, 0, w, WINDOW * FILTERS);
	for (size_t i = 0; i < WINDOW * FILTERS; i++)
		CHECK(w[i] == 0);
}

int main(void)
{
	RUN(uncorrelated);
	RUN(kept);
	RUN(empty_pictures);
	return CHECK_END();
}
