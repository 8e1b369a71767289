/*
 * Writes a small stream from lines of text, for tests of what reads outputs:
 *
 *	field NAME ROLE DTYPE EXTENTS [CLASS|CLASS|...]   EXTENTS as 3x2, *, or - for rank 0
 *	recipe TEXT                                       of the field before
 *	record KEY VALUE,VALUE,... VALUE,...              a group for each field, - for none; of text
 *	                                                  one word, in which _ stands for a blank
 *	bad KEY
 *	repeat N                                          the last record N times more
 *	abort CAUSE
 *
 * mkoutputs [PACK] <LINES >STREAM: PACK records a frame, 1 by default.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream/writer.h"

static struct lep_head head;
static struct lep_error e;
static struct lep_output *out;
static struct lep_writer *writer;
static struct lep_builder *builder;
static size_t pack = 1;

static void check(int status)
{
	if (status < 0) {
		fprintf(stderr, "mkoutputs: %s\n", e.text);
		exit(1);
	}
}

static void add_field(char *rest)
{
	char *name = strtok_r(rest, " ", &rest), *role = strtok_r(rest, " ", &rest);
	char *dtype = strtok_r(rest, " ", &rest), *extents = strtok_r(rest, " ", &rest), *one;
	struct lep_table *table = rest && *rest ? lep_table_new() : NULL;
	struct lep_shape shape = {0};

	while (table && (one = strtok_r(rest, "|", &rest)))
		check((int)lep_table_add(table, one, strlen(one)));
	while (strcmp(extents, "-") != 0 && (one = strtok_r(extents, "x", &extents)))
		shape.extent[shape.rank++] = *one == '*' ? LEP_VARIES : strtol(one, NULL, 10);
	check(lep_head_add(&head, 0, name, (enum lep_role)lep_role_parse(role, strlen(role)),
		(enum lep_dtype)lep_dtype_parse(dtype, strlen(dtype)), &shape, table, NULL, &e));
	lep_table_free(table);
}

static void frame(size_t least)
{
	struct lep_frame f;

	if (!builder || lep_builder_count(builder) < least)
		return;
	check(lep_builder_frame(builder, &f, &e));
	check(lep_writer_frame(writer, &f, &e));
	lep_builder_clear(builder);
}

static void start(void)
{
	if (writer)
		return;
	check(lep_writer_new(&writer, out, &head, &e));
	check(lep_builder_new(&builder, &head, &e));
}

static void set_field(size_t i, char *values)
{
	const struct lep_field *f = &head.field[i];
	struct lep_shape shape = f->shape;
	size_t n = 0, size = lep_dtype_size(f->dtype), room = strlen(values);
	unsigned char *data = lep_alloc(room + 1, 8);
	char *one;

	if (!data)
		abort();
	if (!strcmp(values, "-"))
		values++;
	if (f->dtype == LEP_TEXT) {
		for (char *blank; (blank = strchr(values, '_'));)
			*blank = ' ';
		check(lep_builder_set(builder, i, NULL, values, strlen(values), &e));
		lep_free(data);
		return;
	}
	while ((one = strtok_r(values, ",", &values))) {
		double v = strtod(one, NULL);
		float single = (float)v;

		if (f->dtype == LEP_F64)
			memcpy(data + n * size, &v, 8);
		else if (f->dtype == LEP_I32)
			lep_put32(data + n * size, (uint32_t)(int32_t)v);
		else
			lep_from_f32(data + n * size, f->dtype, &single, 1);
		n++;
	}
	for (int d = 0, per = 1; d < shape.rank; d++) {
		for (int k = d + 1; k < shape.rank; k++)
			per *= (int)shape.extent[k];
		if (shape.extent[d] == LEP_VARIES)
			shape.extent[d] = (int64_t)n / per;
	}
	check(lep_builder_set(builder, i, &shape, data, n * size, &e));
	lep_free(data);
}

static void add_record(char *rest, int bad)
{
	char *key = strtok_r(rest, " ", &rest), *values;

	start();
	check(lep_builder_record(builder, key, strlen(key), &e));
	if (bad)
		check(lep_builder_bad(builder, "broken", &e));
	for (size_t i = 0; i < head.nfield && !bad && (values = strtok_r(rest, " ", &rest)); i++)
		set_field(i, values);
	frame(pack);
}

int main(int argc, char **argv)
{
	char *line = NULL, *last = NULL;
	size_t line_room = 0;

	if (argc > 1)
		pack = strtoul(argv[1], NULL, 10);
	lep_head_init(&head);
	check(lep_output_open(&out, NULL, &e));
	while (getline(&line, &line_room, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "field ", 6)) {
			add_field(line + 6);
		} else if (!strncmp(line, "recipe ", 7)) {
			head.field[head.nfield - 1].recipe = lep_strdup(line + 7);
		} else if (!strncmp(line, "record ", 7)) {
			lep_free(last);
			last = lep_strdup(line + 7);
			add_record(line + 7, 0);
		} else if (!strncmp(line, "bad ", 4)) {
			add_record(line + 4, 1);
		} else if (!strncmp(line, "repeat ", 7)) {
			for (unsigned long n = strtoul(line + 7, NULL, 10); n; n--) {
				char *copy = lep_strdup(last);

				add_record(copy, 0);
				lep_free(copy);
			}
		} else if (!strncmp(line, "abort ", 6)) {
			start();
			frame(1);
			lep_writer_abort(writer, out, line + 6);
			check(lep_output_commit(out, &e));
			return 0;
		}
	}
	start();
	frame(1);
	check(lep_writer_end(writer, &e));
	check(lep_output_commit(out, &e));
	lep_builder_free(builder);
	lep_writer_free(writer);
	lep_output_free(out);
	lep_head_release(&head);
	lep_free(last);
	free(line);
	return 0;
}
