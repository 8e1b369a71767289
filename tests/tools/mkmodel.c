/*
 * Writes a model that nobody trained, for tests of what uses one:
 *
 *	mkmodel LOSS TEXT STREAM [KEY:NOTE]... [WEIGHT=V,V,...]... >MODEL
 *
 * A network of this description for the fields of STREAM, with drawn weights
 * (seed 1) but for those named, whose values are filled up with the last one, and
 * with these notes in its head.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/model.h"

static struct lep_error e;

static void check(int status)
{
	if (status < 0) {
		fprintf(stderr, "mkmodel: %s\n", e.text);
		exit(1);
	}
}

static void set(struct lep_net *n, char *arg)
{
	char *values = strchr(arg, '=');
	struct lep_param *p;
	int at;

	if (values)
		*values++ = '\0';
	at = values ? lep_net_find_param(n, arg) : -1;
	if (at < 0) {
		fprintf(stderr, "mkmodel: no weight '%s'; there are", arg);
		for (size_t i = 0; i < lep_net_params(n); i++)
			fprintf(stderr, " %s", lep_net_param(n, i)->name);
		fprintf(stderr, "\n");
		exit(1);
	}
	p = lep_net_param(n, (size_t)at);
	for (size_t i = 0; i < p->count; i++) {
		if (*values == ',' && i)
			values++;
		if (*values)
			p->value[i] = (lep_real)strtod(values, &values);
		else if (i)
			p->value[i] = p->value[i - 1];
	}
}

int main(int argc, char **argv)
{
	struct lep_reader *r;
	struct lep_net *n;
	struct lep_head head;
	struct lep_output *out;
	const struct lep_head *data;

	if (argc < 4) {
		fprintf(stderr, "usage: mkmodel LOSS TEXT STREAM [KEY:NOTE]... [WEIGHT=V,...]... >MODEL\n");
		return 2;
	}
	check(lep_reader_open(&r, argv[3], NULL, &e));
	data = lep_reader_head(r);
	check(lep_net_new(&n, argv[2], "text", data->field, data->nfield, NULL, lep_kernels_select(NULL, &e), &e));
	lep_net_init(n, 1);
	check(lep_model_head(&head, n, data->field, argv[1], data, NULL, &e));
	for (int i = 4; i < argc; i++) {
		char *colon = strchr(argv[i], ':');

		if (colon)
			*colon = '\0';
		if (colon)
			check(lep_head_note(&head, argv[i], colon + 1, &e));
		else
			set(n, argv[i]);
	}
	check(lep_output_open(&out, NULL, &e));
	check(lep_model_write(out, &head, n, &e));
	check(lep_output_commit(out, &e));
	lep_output_free(out);
	lep_head_release(&head);
	lep_net_free(n);
	lep_reader_close(r);
	return 0;
}
