/* Rows of columns: every format, and what any bytes whatever do to them. */
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "data/columns.h"
#include "data/json_read.h"

static char path[] = "/tmp/lep-test-columns-XXXXXX";

static int put(const void *p, size_t n)
{
	FILE *f = fopen(path, "w");
	int good = f && fwrite(p, 1, n, f) == n;

	return f && fclose(f) == 0 && good;
}

/* Rows as text: "line:cell|cell/", a missing cell as -, a bad row as !. */
static int rows(struct lep_buf *out, enum lep_columns_format format, const char *const *column, size_t n, int no_header,
	int twice, struct lep_error *e)
{
	const char *operand[] = {path, path};
	const uint8_t optional[] = {0, 1, 1, 1};
	const struct lep_columns_options o = {
		.operand = operand, .noperand = 1, .format = format, .no_header = no_header, .column = column,
		.optional = optional, .ncolumn = n, .twice = twice, .spill_fd = -1,
	};
	struct lep_columns *c;
	struct lep_row row;
	int status = lep_columns_open(&c, &o, e);

	lep_buf_clear(out);
	lep_buf_adds(out, "");
	for (int pass = 0; pass <= twice && !status; pass++) {
		lep_buf_clear(out);
		lep_buf_adds(out, "");
		while ((status = lep_columns_next(c, &row, e)) > 0) {
			lep_buf_addf(out, "%llu:", (unsigned long long)row.line);
			for (size_t i = 0; i < n && !row.cause; i++) {
				if (i)
					lep_buf_addc(out, '|');
				if (row.cell[i].kind == LEP_CELL_ABSENT)
					lep_buf_addc(out, '-');
				else
					lep_buf_add(out, row.cell[i].text, row.cell[i].len);
			}
			lep_buf_adds(out, row.cause ? "!/" : "/");
		}
		if (!status && pass < twice)
			status = lep_columns_rewind(c, e);
	}
	lep_columns_close(c);
	return status;
}

static void formats(void)
{
	static const char *const names[] = {"a", "b"}, *const numbers[] = {"2", "1"};
	static const struct {
		enum lep_columns_format format;
		int no_header;
		const char *text, *want;
	} cases[] = {
		{LEP_COLUMNS_LINES, 0, "x\n\ny z\r\nlast", "1:x/2:/3:y z/4:last/"},
		{LEP_COLUMNS_LINES, 0, "", ""},
		{LEP_COLUMNS_LINES, 0, "\n", "1:/"},
		{LEP_COLUMNS_LINES, 0, "\xef\xbb\xbf\n\xef\xbb\xbfx", "1:/2:\xef\xbb\xbfx/"},
		{LEP_COLUMNS_WHOLE, 0, "a\n\nb", "0:a\n\nb/"},
		{LEP_COLUMNS_WHOLE, 0, "", ""},
		{LEP_COLUMNS_CSV, 0, "b,a\n1,2\n", "2:2|1/"},
		{LEP_COLUMNS_CSV, 0, "a\n1\n\n2\n", "2:1|-/4:2|-/"},
		{LEP_COLUMNS_CSV, 0, "a,b,c\n1,2,3\n4,5\n\"6\n7\",,\n8,9,10\n", "2:1|2/3:!/4:6\n7|/6:8|9/"},
		{LEP_COLUMNS_CSV, 1, "a,b\nc,d\n", "1:b|a/2:d|c/"},
		{LEP_COLUMNS_CSV, 0, "", ""},
		{LEP_COLUMNS_TSV, 0, "a\tb\n\"x\t\"\"\n", "2:\"x|\"\"/"},
		{LEP_COLUMNS_JSONL, 0, "{\"a\":\"x\"}\n \n{\"b\":null,\"a\":-1.5e3}\n{\"a\":true,\"a\":1}\n[]\n{\"a\":\"\"}",
			"1:x|-/3:-1.5e3|null/4:!/5:!/6:|-/"},
	};
	struct lep_buf out = {0};
	struct lep_error e = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int named = lep_columns_named(cases[i].format);

		CHECK(put(cases[i].text, strlen(cases[i].text)));
		for (int twice = 0; twice < 2; twice++) {
			int status = rows(&out, cases[i].format, cases[i].no_header ? numbers : names, named ? 2 : 1,
				cases[i].no_header, twice, &e);

			CHECKF(!status && strcmp(out.data, cases[i].want) == 0, "%zu: %d %s %s", i, status, out.data, e.text);
		}
	}
	lep_buf_release(&out);
}

static void guesses(void)
{
	static const char *const names[] = {"x.csv", "y.csv.gz", "z.tsv", "u.ndjson", "v.jsonl.gz", "w", ".csv", "t.txt"};
	enum lep_columns_format f;
	struct lep_error e;

	CHECK(lep_columns_guess(&f, names, 2, &e) == 0 && f == LEP_COLUMNS_CSV);
	CHECK(lep_columns_guess(&f, names + 2, 1, &e) == 0 && f == LEP_COLUMNS_TSV);
	CHECK(lep_columns_guess(&f, names + 3, 2, &e) == 0 && f == LEP_COLUMNS_JSONL);
	CHECK(lep_columns_guess(&f, names + 5, 3, &e) == 0 && f == LEP_COLUMNS_LINES);
	CHECK(lep_columns_guess(&f, NULL, 0, &e) == 0 && f == LEP_COLUMNS_LINES);
	CHECK(lep_columns_guess(&f, names + 4, 2, &e) == LEP_ERR_USAGE);
	CHECK(lep_columns_is_text("a.txt") && lep_columns_is_text("a.csv.gz") && !lep_columns_is_text("a.png"));
	CHECK(lep_columns_number("1") == 0 && lep_columns_number("65536") == 65535);
	CHECK(lep_columns_number("0") == SIZE_MAX && lep_columns_number("") == SIZE_MAX);
	CHECK(lep_columns_number("-1") == SIZE_MAX && lep_columns_number("99999999999999999999") == SIZE_MAX);
}

static void json_values(void)
{
	static const char *const names[] = {"a", "b", "a"};
	static const char text[] = "{\"a\":\"\\u0041\\n\\u20ac\\ud834\\udd1e\\u0000\",\"x\":{\"a\":[{}]},\"b\":0.5E-1}";
	struct lep_cell cell[3];
	struct lep_buf room = {0};
	struct lep_error e = {0};

	CHECKF(lep_json_object_read(text, strlen(text), names, 3, cell, &room, &e) == 0, "%s", e.text);
	CHECK(cell[0].kind == LEP_CELL_TEXT && cell[0].len == 10 &&
		memcmp(cell[0].text, "A\n\xe2\x82\xac\xf0\x9d\x84\x9e\0", 10) == 0);
	CHECK(cell[1].kind == LEP_CELL_NUMBER && cell[1].len == 6 && memcmp(cell[1].text, "0.5E-1", 6) == 0);
	CHECK(cell[2].text == cell[0].text);
	lep_buf_release(&room);
}

/* Whatever the bytes, a reader ends, with rows or an error. */
static void any_bytes(void)
{
	static const char *const seeds[] = {
		"{\"a\":\"x\\u00e4\\ud834\\udd1e\",\"b\":[1,{\"c\":-0.5e+3}],\"d\":null}\n{\"b\":true}\n",
		"a,b\n\"x \"\"y\"\"\n\",2\r\n3,\n",
		"\x1f\x8b\x08",
	};
	static const char *const names[] = {"a", "b"};
	unsigned state = 7;
	struct lep_buf out = {0};
	struct lep_error e;

	for (size_t i = 0; i < 3000; i++) {
		const char *seed = seeds[i % 3];
		char text[128];
		size_t n = strlen(seed);
		int status;

		memcpy(text, seed, n);
		for (unsigned k = 0; k < 1 + i % 4; k++) {
			state = state * 1103515245u + 12345u;
			text[state / 65536 % n] = i % 2 ? (char)(state >> 8) : "\"\\,{}[]\n\r\0:u1"[state / 256 % 13];
		}
		CHECK(put(text, n));
		for (int f = LEP_COLUMNS_LINES; f < LEP_COLUMNS_COUNT; f++) {
			int named = lep_columns_named((enum lep_columns_format)f);

			status = rows(&out, (enum lep_columns_format)f, names, named ? 2 : 1, 0, 0, &e);
			CHECKF(status == 0 || status == LEP_ERR_DATA, "%d", status);
		}
	}
	lep_buf_release(&out);
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 2;
	close(fd);
	RUN(formats);
	RUN(guesses);
	RUN(json_values);
	RUN(any_bytes);
	unlink(path);
	return CHECK_END();
}
