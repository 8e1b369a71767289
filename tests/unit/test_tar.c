/* Tar archives: the forms of names and sizes, and what is no whole archive. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "data/tar.h"

static char path[] = "/tmp/lep-test-tar-XXXXXX";

static void put_block(struct lep_buf *b, const char *name, char type, const char *size, const char *prefix,
	const char *magic)
{
	char block[512] = {0};
	unsigned sum = 0;

	snprintf(block, 100, "%s", name);
	memcpy(block + 100, "0000644\0000000000\0000000000", 23);
	memcpy(block + 124, size, 12);
	memcpy(block + 136, "00000000000", 12);
	memset(block + 148, ' ', 8);
	block[156] = type;
	memcpy(block + 257, magic, 8);
	snprintf(block + 345, 155, "%s", prefix);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
	lep_buf_add(b, block, 512);
}

static void put_header(struct lep_buf *b, const char *name, char type, size_t size, const char *prefix)
{
	char octal[24];

	snprintf(octal, sizeof(octal), "%011zo", size);
	put_block(b, name, type, octal, prefix, "ustar\00000");
}

static void put_data(struct lep_buf *b, const char *data, size_t len)
{
	lep_buf_add(b, data, len);
	lep_buf_addz(b, (512 - len % 512) % 512);
}

static void put_file(struct lep_buf *b, const char *name, const char *data)
{
	put_header(b, name, '0', strlen(data), "");
	put_data(b, data, strlen(data));
}

static void put_pax(struct lep_buf *b, const char *key, const char *value)
{
	char text[1024];
	size_t n = strlen(key) + strlen(value) + 3, len = n + 1;

	/* The length counts its own digits. */
	while (1) {
		int k = snprintf(text, sizeof(text), "%zu %s=%s\n", len, key, value);

		if ((size_t)k == len)
			break;
		len = (size_t)k;
	}
	put_header(b, "PaxHeader", 'x', len, "");
	put_data(b, text, len);
}

static int save(const struct lep_buf *b, size_t len)
{
	FILE *f = fopen(path, "w");

	return f && (len == 0 || fwrite(b->data, len, 1, f) == 1) && fclose(f) == 0;
}

/* All entries as "name=data;", or "!error". */
static void list(char *out, size_t size, struct lep_error *e)
{
	struct lep_buf data = {0}, all = {0};
	struct lep_tar_entry entry;
	struct lep_bytes *bytes = NULL;
	struct lep_tar *t = NULL;
	int status = lep_bytes_open(&bytes, path, e);

	if (!status)
		status = lep_tar_new(&t, bytes, e);
	while (!status && (status = lep_tar_next(t, &entry, e)) > 0) {
		lep_buf_clear(&data);
		status = 0;
		lep_buf_adds(&all, entry.name);
		if (entry.type == LEP_TAR_FILE) {
			status = lep_tar_read(t, &data, e);
			lep_buf_addf(&all, "=%.40s", data.data ? data.data : "");
		} else {
			lep_buf_addf(&all, "(%d,%s)", (int)entry.type, entry.link);
		}
		lep_buf_addc(&all, ';');
	}
	if (status < 0)
		lep_buf_addc(&all, '!');
	snprintf(out, size, "%s", all.data ? all.data : "");
	lep_buf_release(&all);
	lep_buf_release(&data);
	lep_tar_free(t);
	lep_bytes_close(bytes);
}

static void names_and_sizes(void)
{
	struct lep_buf b = {0};
	struct lep_error e = {0};
	char longname[301], out[2048], want[2048];

	memset(longname, 'n', 300);
	longname[300] = '\0';
	put_header(&b, "folder/", '5', 0, "");
	put_file(&b, "./folder/a", "A");
	put_header(&b, "b", '0', 1, "pre/fix");
	put_data(&b, "B", 1);
	put_pax(&b, "path", longname);
	put_file(&b, "short", "C");
	put_header(&b, "././@LongLink", 'L', 301, "");
	put_data(&b, longname, 301);
	put_file(&b, "short", "D");
	put_file(&b, "after", "E");
	put_header(&b, "hard", '1', 5, "");
	put_pax(&b, "size", "2");
	put_header(&b, "paxsize", '0', 0, "");
	put_data(&b, "FG", 2);
	put_block(&b, "binary", '0', "\200\0\0\0\0\0\0\0\0\0\0\3", "", "ustar  ");
	put_data(&b, "HIJ", 3);
	put_pax(&b, "GNU.sparse.major", "1");
	put_file(&b, "holes", "K");
	put_header(&b, "pax_global_header", 'g', 20, "");
	put_data(&b, "20 comment=something", 20);
	put_file(&b, "last", "");
	lep_buf_addz(&b, 1024);
	CHECK(save(&b, b.len));
	list(out, sizeof(out), &e);
	snprintf(want, sizeof(want), "folder/(1,);folder/a=A;pre/fix/b=B;%s=C;%s=D;after=E;hard(2,);paxsize=FG;"
		"binary=HIJ;holes(3,);last=;", longname, longname);
	CHECKF(strcmp(out, want) == 0, "%s (%s)", out, e.text);
	lep_buf_release(&b);
}

static void cut_anywhere(void)
{
	struct lep_buf b = {0};

	put_file(&b, "a", "A");
	put_pax(&b, "path", "a long name");
	put_file(&b, "b", "BB");
	lep_buf_addz(&b, 1024);
	for (size_t len = 0; len <= b.len; len++) {
		struct lep_error e = {0};
		char out[256];

		CHECK(save(&b, len));
		list(out, sizeof(out), &e);
		if (len == b.len)
			CHECKF(strcmp(out, "a=A;a long name=BB;") == 0, "%s", out);
		else
			CHECKF(out[strlen(out) - 1] == '!' && strstr(e.text, "truncated archive"), "%zu: %s: %s", len, out, e.text);
	}
	lep_buf_release(&b);
}

static void damage(void)
{
	struct lep_buf b = {0};
	struct lep_error e = {0};
	char out[256];

	put_file(&b, "a", "A");
	put_file(&b, "b", "B");
	lep_buf_addz(&b, 1024);
	for (size_t i = 0; i < 512; i++) {
		char was = b.data[1024 + i];

		/* A flipped bit in a header is noticed, but for the sum's own blanks. */
		b.data[1024 + i] ^= 1;
		CHECK(save(&b, b.len));
		list(out, sizeof(out), &e);
		CHECKF(out[strlen(out) - 1] == '!', "byte %zu: %s", i, out);
		b.data[1024 + i] = was;
	}
	b.len = 1024;
	lep_buf_addz(&b, 512);
	put_file(&b, "c", "C");
	CHECK(save(&b, b.len));
	list(out, sizeof(out), &e);
	CHECKF(strcmp(out, "a=A;!") == 0 && strstr(e.text, "a lone zero block"), "%s: %s", out, e.text);
	lep_buf_release(&b);
}

static void huge_claims(void)
{
	static const char *const sizes[] = {
		"77777777777", "\200\177\377\377\377\377\377\377\377\377\377\377", "\200\0\0\0\177\377\377\377\377\377\377\377",
	};

	for (size_t i = 0; i < 3; i++) {
		struct lep_buf b = {0};
		struct lep_error e = {0};
		char out[256];

		put_block(&b, "a", '0', sizes[i], "", "ustar\00000");
		put_data(&b, "A", 1);
		CHECK(save(&b, b.len));
		list(out, sizeof(out), &e);
		CHECKF(out[strlen(out) - 1] == '!', "%zu: %s", i, out);
		lep_buf_release(&b);
	}
}

static void bad_pax(void)
{
	static const char *const texts[] = {
		"5 a=b\n", "999 path=x\n", "path=x\n", "0 path=x\n", "9 path=x", "12 size=1x2\n", "30 size=99999999999999999999\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct lep_buf b = {0};
		struct lep_error e = {0};
		char out[256];

		put_header(&b, "PaxHeader", 'x', strlen(texts[i]), "");
		put_data(&b, texts[i], strlen(texts[i]));
		put_file(&b, "a", "A");
		lep_buf_addz(&b, 1024);
		CHECK(save(&b, b.len));
		list(out, sizeof(out), &e);
		CHECKF(strcmp(out, "!") == 0 && strstr(e.text, "pax"), "%zu: %s: %s", i, out, e.text);
		lep_buf_release(&b);
	}
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 2;
	close(fd);
	RUN(names_and_sizes);
	RUN(cut_anywhere);
	RUN(damage);
	RUN(huge_claims);
	RUN(bad_pax);
	unlink(path);
	return CHECK_END();
}
