/*
 * A stream's records as text: `showstream [FILE]` prints a line a record: key,
 * name of the label (- where there is none), sum of the input's values, and the
 * cause of a bad one; `showstream --raw [FILE]` the input's values themselves;
 * `showstream --frames [FILE]` how many records each frame has. Exit 1 with the
 * reader's words if the stream is not whole.
 */
#include <stdio.h>
#include <string.h>

#include "stream/reader.h"

static double sum_of(const struct lep_head *h, const struct lep_frame *fr, size_t f, size_t i)
{
	enum lep_dtype type = h->field[f].dtype;
	size_t len, n;
	const unsigned char *p = lep_frame_value(h, fr, f, i, &len, NULL);
	double sum = 0, v;

	n = len / lep_dtype_size(type);
	for (size_t k = 0; k < n; k++) {
		lep_to_f64(&v, type, p + k * lep_dtype_size(type), 1);
		sum += v;
	}
	return sum;
}

static void show(const struct lep_head *h, const struct lep_frame *fr, size_t i)
{
	int input = lep_head_find_role(h, LEP_ROLE_INPUT), target = lep_head_find_role(h, LEP_ROLE_TARGET);
	const struct lep_entry *entry = &fr->entry[i];
	const char *label = "-";

	if (target >= 0) {
		double id;

		lep_to_f64(&id, LEP_I32, lep_frame_value(h, fr, (size_t)target, i, NULL, NULL), 1);
		if (id >= 0)
			label = h->field[target].table->entry[(int)id];
	}
	printf("%.*s\t%s\t%.9g", (int)entry->key_len, entry->key, label, sum_of(h, fr, (size_t)input, i));
	if (entry->bad)
		printf("\tbad: %.*s", (int)entry->cause_len, entry->cause);
	putchar('\n');
}

int main(int argc, char **argv)
{
	int raw = argc > 1 && strcmp(argv[1], "--raw") == 0, frames = argc > 1 && strcmp(argv[1], "--frames") == 0;
	struct lep_reader *r;
	struct lep_frame fr;
	struct lep_error e;
	int status = lep_reader_open(&r, argc > 1 + (raw || frames) ? argv[1 + (raw || frames)] : NULL, NULL, &e);

	while (!status && (status = lep_reader_next(r, &fr, &e)) > 0) {
		const struct lep_head *h = lep_reader_head(r);

		status = 0;
		if (frames)
			printf("%zu\n", fr.n);
		for (size_t i = 0; i < fr.n && !frames; i++) {
			size_t len;
			const void *p = lep_frame_value(h, &fr, (size_t)lep_head_find_role(h, LEP_ROLE_INPUT), i, &len, NULL);

			if (raw)
				fwrite(p, 1, len, stdout);
			else
				show(h, &fr, i);
		}
		fflush(stdout);
	}
	if (status < 0)
		fprintf(stderr, "showstream: %s\n", e.text);
	else
		lep_reader_close(r);
	return status < 0;
}
