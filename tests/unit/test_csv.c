/* CSV and TSV rows: RFC 4180 quoting, line ends, the choice of a delimiter. */
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "data/csv.h"

static char path[] = "/tmp/lep-test-csv-XXXXXX";

static const struct {
	const char *text;
	const char *want; /* fields in brackets, rows end in / , ! for an error */
} cases[] = {
	{"a,b\nc,d\n", "[a][b]/[c][d]/"},
	{"a,b\r\nc,d", "[a][b]/[c][d]/"},
	{"a,\"b,\"\"c\"\"\"\n", "[a][b,\"c\"]/"},
	{"\"two\nlines\",x\n\"y\"\r\n", "[two\nlines][x]/[y]/"},
	{"a\t\"b\n", "[a][\"b]/"},
	{"a\tb,c\n", "[a][b,c]/"},
	{"\"a\tb\",c\n", "[a\tb][c]/"},
	{"a,b\n\n\nc,\n", "[a][b]/[c][]/"},
	{",\n", "[][]/"},
	{"\xef\xbb\xbf" "a,b\n", "[a][b]/"},
	{"a\"b,c\n", "[a\"b][c]/"},
	{"\"a\"b,c\n", "!"},
	{"x\n\"a,b\n", "[x]/!"},
	{"", ""},
	{"\n\n", ""},
	{"\"\",a\n", "[][a]/"},
};

static void rows(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FILE *f = fopen(path, "w");
		struct lep_error e = {0};
		struct lep_bytes *b;
		struct lep_csv *c;
		struct lep_csv_row row;
		struct lep_buf out = {0};
		int status;

		CHECK(f && fputs(cases[i].text, f) >= 0 && fclose(f) == 0);
		CHECK(lep_bytes_open(&b, path, &e) == 0);
		CHECK(lep_csv_new(&c, b, 0, &e) == 0);
		while ((status = lep_csv_next(c, &row, &e)) > 0) {
			for (size_t k = 0; k < row.n; k++) {
				CHECK(strlen(row.field[k]) == row.length[k]);
				lep_buf_addf(&out, "[%s]", row.field[k]);
			}
			lep_buf_addc(&out, '/');
		}
		if (status < 0)
			lep_buf_addc(&out, '!');
		CHECKF(strcmp(out.data ? out.data : "", cases[i].want) == 0, "%zu: %s (%s)", i, out.data, e.text);
		lep_buf_release(&out);
		lep_csv_free(c);
		lep_bytes_close(b);
	}
}

static void lines(void)
{
	FILE *f = fopen(path, "w");
	struct lep_error e = {0};
	struct lep_bytes *b;
	struct lep_csv *c;
	struct lep_csv_row row;

	CHECK(f && fputs("h\n\"a\nb\"\n\nc\n\"open", f) >= 0 && fclose(f) == 0);
	CHECK(lep_bytes_open(&b, path, &e) == 0);
	CHECK(lep_csv_new(&c, b, ',', &e) == 0);
	CHECK(lep_csv_next(c, &row, &e) == 1 && row.line == 1);
	CHECK(lep_csv_next(c, &row, &e) == 1 && row.line == 2);
	CHECK(lep_csv_next(c, &row, &e) == 1 && row.line == 5);
	CHECK(lep_csv_next(c, &row, &e) == LEP_ERR_DATA);
	CHECKF(strstr(e.text, "line 6: a quote that is not closed"), "%s", e.text);
	lep_csv_free(c);
	lep_bytes_close(b);
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 2;
	close(fd);
	RUN(rows);
	RUN(lines);
	unlink(path);
	return CHECK_END();
}
