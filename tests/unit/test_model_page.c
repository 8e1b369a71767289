/* lep-model(5) against the code: its synopses are those of the tables of layers
 * and augmentations, both ways, and its examples are networks. */
#include <stdio.h>

#include "check.h"
#include "nets.h"
#include "nn/augment.h"
#include "nn/layer.h"

static struct lep_buf page;

/* The text of an .It line: macros gone, optional parts in brackets. */
static void plain(char *out, size_t room, const char *line)
{
	static const char *const macros[] = {"Ic", "Cm", "Ar", "Li"};
	struct lep_buf b = {0};
	int open = 0, close = 0;

	while (*line) {
		size_t len = strcspn(line, " ");
		int macro = 0;

		for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++)
			macro |= len == 2 && strncmp(line, macros[i], 2) == 0;
		if (len == 2 && strncmp(line, "Oc", 2) == 0) {
			lep_buf_addc(&b, ']');
		} else if (len == 2 && (strncmp(line, "Oo", 2) == 0 || strncmp(line, "Op", 2) == 0)) {
			open = 1;
			close |= line[1] == 'p';
		} else if (!macro && len) {
			lep_buf_addf(&b, "%s%s%.*s", b.len ? " " : "", open ? "[" : "", (int)len, line);
			open = 0;
		}
		line += len + (line[len] == ' ');
	}
	snprintf(out, room, "%s%s", b.data, close ? "]" : "");
	lep_buf_release(&b);
}

/* The .It line number i between `.\" NAME` and `.\" end of NAME`; 0 behind the last. */
static int item(const char *name, size_t i, char *out, size_t room)
{
	char begin[64], line[512];
	const char *p;

	snprintf(begin, sizeof(begin), ".\\\" %s\n", name);
	p = strstr(page.data, begin);
	while (p && (p = strchr(p, '\n')) && *++p) {
		if (strncmp(p, ".\\\" end of ", 11) == 0)
			return 0;
		if (strncmp(p, ".It ", 4) != 0 || i-- > 0)
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p + 4, "\n"), p + 4);
		plain(out, room, line);
		return 1;
	}
	return 0;
}

/* Each item of the page is in the table, and each layer in the page. */
static void layers(void)
{
	char text[512];
	size_t n = 0, found = 0;

	for (; item("layers", n, text, sizeof(text)); n++) {
		found = 0;
		for (size_t i = 0; lep_layers[i] && !found; i++)
			found = strcmp(lep_layers[i]->synopsis, text) == 0;
		CHECKF(found, "no layer has the synopsis '%s'", text);
	}
	CHECK(n > 10);
	for (size_t i = 0; lep_layers[i]; i++) {
		found = 0;
		for (size_t k = 0; item("layers", k, text, sizeof(text)) && !found; k++)
			found = strcmp(lep_layers[i]->synopsis, text) == 0;
		CHECKF(found, "the page lacks '%s'", lep_layers[i]->synopsis);
	}
}

static void augmentations(void)
{
	char text[512], kinds[512] = "", line[64];
	struct lep_augment none = {0};
	struct lep_error e;

	for (size_t i = 0; item("augment", i, text, sizeof(text)); i++) {
		static const char *const numbers[] = {"", " 1", " 1 1"};
		struct lep_augment a = {0};
		size_t len = strcspn(text, " "), at = strlen(kinds);

		for (size_t k = 0; k < 3 && !a.n; k++) {
			snprintf(line, sizeof(line), "%.*s%s", (int)len, text, numbers[k]);
			if (lep_augment_parse(&a, line, 1, &e))
				continue;
		}
		CHECKF(a.n, "%s: %s", text, e.text);
		CHECKF(strcmp(lep_augment_synopsis(&a, 0), text) == 0, "the page has '%s'", text);
		snprintf(kinds + at, sizeof(kinds) - at, "%s%.*s", at ? ", " : "", (int)len, text);
	}
	/* Which kinds there are is said about one that is not. */
	CHECK(lep_augment_parse(&none, "nothing", 1, &e) < 0);
	CHECKF(strstr(e.text, kinds) && strcmp(strstr(e.text, kinds), kinds) == 0, "%s; the page has %s", e.text, kinds);
}

static void examples(void)
{
	struct lep_field fields[] = {nets_fields[0], nets_fields[1], nets_fields[3]};
	const char *p = page.data;
	int n = 0;

	fields[2].name = NETS_NAME("text");
	while ((p = strstr(p, "\n.\\\" example\n"))) {
		const char *from = strstr(p, "indent\n"), *to = strstr(p, "\n.Ed");
		struct lep_error e;
		struct lep_net *net = NULL;
		char *text;

		CHECK(from && to && from < to);
		from += 7;
		text = lep_strndup(from, (size_t)(to - from));
		CHECK(text);
		CHECKF(lep_net_new(&net, text, "example", fields, 3, NULL, lep_kernels_select(NULL, NULL), &e) == 0,
			"%s", e.text);
		lep_net_free(net);
		lep_free(text);
		p = to;
		n++;
	}
	CHECKF(n == 4, "%d examples", n);
}

int main(void)
{
	FILE *f = fopen("man/lep-model.5", "r");
	char chunk[4096];
	size_t len;

	while (f && (len = fread(chunk, 1, sizeof(chunk), f)) > 0)
		lep_buf_add(&page, chunk, len);
	if (!f || page.failed || !page.len || fclose(f)) {
		printf("not ok 1 - man/lep-model.5 cannot be read\n1..1\n");
		return EXIT_FAILURE;
	}
	RUN(layers);
	RUN(augmentations);
	RUN(examples);
	lep_buf_release(&page);
	return CHECK_END();
}
