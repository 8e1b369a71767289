/* The compiled-in descriptions: each builds for its data and is as large as it should be. */
#include "nn/ready.h"

#include "check.h"
#include "nets.h"
#include "nn/augment.h"

#define GRAY {.rank = 3, .extent = {28, 28, 1}}
#define COLOUR {.rank = 3, .extent = {32, 32, 3}}
/* Ids of a table of ten. */
#define TEXT {.rank = 1, .extent = {LEP_VARIES}}

static const struct {
	const char *name;
	struct lep_shape shape;
	uint64_t params, operations;   /* operations: 0 is not looked at */
	const char *final;
} cases[] = {
	{"digits", GRAY, 93322, 2794240, "softmax"},
	{"digits-same", GRAY, 421642, 0, "softmax"},
	{"one-conv", GRAY, 54410, 0, "softmax"},
	{"mlp", GRAY, 101770, 101632, "softmax"},
	{"cifar", COLOUR, 122570, 0, "softmax"},
	{"resnet", COLOUR, 1089730, 44314336, "softmax"},
	{"binary", {.rank = 1, .extent = {30}}, 30 * 64 + 64 + 64 * 32 + 32 + 33, 30 * 64 + 64 * 32 + 32, "sigmoid"},
	{"bag", TEXT, 10 * 64 + 50000 * 64 + 650, 640, "softmax"},
	{"transformer", TEXT, 10 * 64 + 2 * (4 * 65 * 64 + 256 + 65 * 128 + 129 * 64) + 128 + 650, 0, "softmax"},
	{"lstm", TEXT, 10 * 64 + 128 * 256 + 256 + 650, 128 * 256 + 640, "softmax"},
};

static void builds(void)
{
	const struct lep_kernels *k = lep_kernels_select(NULL, NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lep_field fields[] = {nets_fields[0], nets_fields[1]};
		const struct lep_ready *r = lep_ready_find(cases[i].name);
		struct lep_net_options o = {.need_target = 1};
		struct lep_augment augment = {0};
		uint64_t params = 0, operations = 0;
		struct lep_net *n;
		struct lep_error e;
		const char *line;
		int number;

		CHECKF(r, "%s", cases[i].name);
		if (cases[i].shape.extent[0] == LEP_VARIES) {
			fields[0].dtype = LEP_I32;
			fields[0].table = &nets_table;
		}
		fields[0].shape = cases[i].shape;
		CHECKF(lep_net_new(&n, r->text, r->name, fields, 2, &o, k, &e) == 0, "%s", e.text);
		for (size_t row = 0; row < lep_net_rows(n); row++) {
			struct lep_net_row s;

			lep_net_row(n, row, &s);
			params += s.params;
			operations += s.operations;
		}
		CHECKF(params == cases[i].params, "%s has %llu", r->name, (unsigned long long)params);
		if (cases[i].operations)
			CHECKF(operations == cases[i].operations, "%s does %llu", r->name, (unsigned long long)operations);
		else
			CHECKF(operations < 41000000, "%s does %llu", r->name, (unsigned long long)operations);
		CHECK(strcmp(lep_net_final(n), cases[i].final) == 0);
		for (size_t a = 0; (line = lep_net_augment(n, a, &number)); a++)
			CHECKF(lep_augment_parse(&augment, line, number, &e) == 0, "%s", e.text);
		CHECK((augment.n > 0) == (strcmp(r->name, "resnet") == 0));
		lep_net_free(n);
	}
}

static void listed(void)
{
	size_t n = 0;

	while (lep_ready[n].name) {
		const struct lep_ready *r = &lep_ready[n++];

		CHECK(lep_ready_find(r->name) == r && *r->summary && strlen(r->summary) < 80);
	}
	/* and those that sequences() has */
	CHECK(n == sizeof(cases) / sizeof(cases[0]) + 6);
	CHECK(!lep_ready_find("digit") && !lep_ready_find(""));
}

/* Those that name their fields. */
static void sequences(void)
{
	struct lep_table *table = lep_table_new();
#define CONVS (27 * 16 + 4 * 16 + 144 * 32 + 4 * 32 + 288 * 64 + 4 * 64)
#define VQA {{.name = NETS_NAME("question"), .role = LEP_ROLE_INPUT, .dtype = LEP_I32, .shape = TEXT, .table = table}, \
	{.name = NETS_NAME("answer"), .role = LEP_ROLE_TARGET, .dtype = LEP_I32, .table = table}, \
	{.name = NETS_NAME("image"), .role = LEP_ROLE_INPUT, .dtype = LEP_U8, .shape = COLOUR}}
	const struct {
		const char *name;
		struct lep_field fields[3];
		size_t nfields;
		uint64_t params;
	} each[] = {
		/* Convolutions with their batchnorms, 4 numbers a channel; dense from 4 x 4 x 64; three words and answers. */
		{"vqa", VQA, 3, CONVS + 1025 * 64 + 3 * 64 + 256 + 65 * 64 + 65 * 64 + 65 * 3},
		{"vqa-concat", VQA, 3, CONVS + 1025 * 64 + 3 * 64 + 256 + 65 * 64 + 129 * 64 + 65 * 3},
		{"vqa-gate", VQA, 3, CONVS + 1025 * 64 + 3 * 64 + 256 + 65 * 64 + 65 * 64 + 256 + 65 * 64 + 65 * 3},
		{"vqa-attention", VQA, 3, CONVS + 3 * 64 + 128 + 4 * 65 * 64 + 128 + 65 * 64 + 65 * 64 + 65 * 3},
		{"gpt", {{.name = NETS_NAME("text"), .role = LEP_ROLE_INPUT, .dtype = LEP_I32, .shape = TEXT,
			.table = table}}, 1,
			67 * 128 + 3 + 4 * (4 * 129 * 128 + 512 + 129 * 512 + 513 * 128) + 256},
		{"translate", {{.name = NETS_NAME("source"), .role = LEP_ROLE_INPUT, .dtype = LEP_I32, .shape = TEXT,
			.table = table}, {.name = NETS_NAME("reference"), .role = LEP_ROLE_TARGET, .dtype = LEP_I32,
			.shape = TEXT, .table = table}}, 2,
			6 * 256 + 3 + 6 * (257 * 1024 + 1025 * 256) + 9 * 4 * 257 * 256 + 15 * 512 + 1024},
	};

	CHECK(table && lep_table_add(table, "a", 1) == 0 && lep_table_add(table, "b", 1) == 1 &&
		lep_table_add(table, "<end>", 5) == 2);
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		const struct lep_ready *r = lep_ready_find(each[i].name);
		struct lep_net_options o = {.need_target = 1};
		uint64_t params = 0;
		struct lep_net *n;
		struct lep_error e;

		CHECKF(r, "%s", each[i].name);
		CHECKF(lep_net_new(&n, r->text, r->name, each[i].fields, each[i].nfields, &o,
			lep_kernels_select(NULL, NULL), &e) == 0, "%s", e.text);
		for (size_t k = 0; k < lep_net_params(n); k++)
			params += lep_net_param(n, k)->count;
		CHECKF(params == each[i].params, "%s has %llu", r->name, (unsigned long long)params);
		lep_net_free(n);
	}
	lep_table_free(table);
}

int main(void)
{
	RUN(builds);
	RUN(sequences);
	RUN(listed);
	return CHECK_END();
}
