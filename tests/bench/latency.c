/* One record at a time through a model, in this process and one thread: from
 * its bytes in the stream to its outputs. */
#include "bench.h"

#include <stdio.h>

#include "nn/infer.h"
#include "stream/reader.h"

enum { RUNS = 2000, WARM = 100 };

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A frame of record i alone, from those of a stream. */
static void one_record(struct lep_builder *b, struct lep_dataset *d, uint64_t i, struct lep_frame *out)
{
	const struct lep_head *h = lep_dataset_head(d);
	static int map[LEP_FIELDS_MAX];
	const struct lep_frame *frame;
	struct lep_error e = {0};
	size_t at;

	for (size_t f = 0; f < h->nfield; f++)
		map[f] = (int)f;
	lep_builder_clear(b);
	if (lep_dataset_record(d, i, &frame, &at, &e) || lep_builder_copy(b, h, frame, at, map, &e) ||
		lep_builder_frame(b, out, &e))
		bench_die("%s", e.text);
}

int bench_latency(int argc, char **argv)
{
	static double took[RUNS];
	const struct lep_infer_options how = {0};
	struct lep_error e = {0};
	const struct lep_kernels *k = lep_kernels_select(getenv("LEP_ISA"), &e);
	struct lep_model model = {0};
	struct lep_inferer *f = NULL;
	struct lep_threads *alone = NULL;
	struct lep_dataset *data = NULL;
	struct lep_builder *b = NULL;

	if (argc != 3)
		bench_die("latency: a model and a stream, please");
	if (!k || lep_model_load(&model, argv[1], k, &e) || lep_threads_new(&alone, 1, &e) ||
		lep_dataset_open(&data, argv[2], NULL, 0, &e) ||
		lep_inferer_new(&f, &model, alone, lep_dataset_head(data), argv[2], &how, &e) ||
		lep_builder_new(&b, lep_dataset_head(data), &e))
		bench_die("%s", e.text);
	if (lep_dataset_count(data) == 0)
		bench_die("latency: %s: no records", argv[2]);
	for (int i = -WARM; i < RUNS; i++) {
		struct lep_frame frame;
		double start;

		one_record(b, data, (uint64_t)(i + WARM) % lep_dataset_count(data), &frame);
		start = bench_now();
		if (lep_inferer_run(f, &frame, &e))
			bench_die("%s", e.text);
		if (i >= 0)
			took[i] = bench_now() - start;
	}
	qsort(took, RUNS, sizeof(*took), by_value);
	printf("%.5g\n", took[RUNS / 2] * 1e6);
	lep_builder_free(b);
	lep_inferer_free(f);
	lep_dataset_close(data);
	lep_model_release(&model);
	lep_threads_free(alone);
	return 0;
}
