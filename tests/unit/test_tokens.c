/* Tokenisers: the stated rules, vocabularies, and ids back to text. */
#include <string.h>

#include "base/utf8.h"
#include "check.h"
#include "data/tokens_bpe.h"
#include "data/unicode.h"
#include "data/vocabulary.h"

static struct lep_text_recipe recipe(enum lep_tokens t)
{
	return (struct lep_text_recipe){.tokens = t, .rules = 1, .lower = t == LEP_TOKENS_WORDS};
}

/* Units of a text, parted by '|'. */
static void cut(struct lep_buf *out, enum lep_tokens t, const char *s)
{
	size_t len = strlen(s), at, n;

	lep_buf_clear(out);
	lep_buf_adds(out, "");
	while ((n = lep_tokens_kind(t)->next(s, len, &at)) > 0) {
		lep_buf_add(out, s + at, n);
		lep_buf_addc(out, '|');
		s += at + n;
		len -= at + n;
	}
}

static void words(void)
{
	static const char *const cases[][2] = {
		{"", ""},
		{" \t\r\n\v\f\x01\x7f", ""},
		{"Why, today?", "Why|,|today|?|"},
		{"i'm dogs' 'quoted' rock'n'roll '", "i'm|dogs|'|'|quoted|'|rock'n'roll|'|"},
		{"i\xe2\x80\x99m \xe2\x80\x99x", "i\xe2\x80\x99m|\xe2\x80\x99|x|"},
		{"don''t", "don|'|'|t|"},
		{"a_b 3.5e-7", "a_b|3|.|5e|-|7|"},
		{"...!", ".|.|.|!|"},
		{"m\xc3\xa4nner\xc2\xa0stra\xc3\x9f" "e", "m\xc3\xa4nner|stra\xc3\x9f" "e|"},
		{"\xc2\xab" "a\xc2\xbb \xe2\x82\xac" "5", "\xc2\xab|a|\xc2\xbb|\xe2\x82\xac|5|"},
		{"e\xcc\x81t", "e\xcc\x81t|"},                                  /* a mark that combines */
		{"\xe6\x97\xa5\xe6\x9c\xac" "a\xe3\x81\x82", "\xe6\x97\xa5|\xe6\x9c\xac|a|\xe3\x81\x82|"},
		{"\xf0\x9f\x98\x80x", "\xf0\x9f\x98\x80|x|"},
		{"\xd0\x9f\xd1\x80\xd0\xb8, \xd0\xbc!", "\xd0\x9f\xd1\x80\xd0\xb8|,|\xd0\xbc|!|"},
		{"a\xe3\x80\x80" "b\xc2\x85" "c", "a|b|c|"},
	};
	struct lep_buf out = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cut(&out, LEP_TOKENS_WORDS, cases[i][0]);
		CHECKF(strcmp(out.data, cases[i][1]) == 0, "%zu: %s", i, out.data);
	}
	lep_buf_release(&out);
}

static void chunks(void)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"a b  c", "a| b| | c|"},
		{"  a", " | a|"},
		{"a ", "a| |"},
		{"a\n b\t\tc", "a|\n| b|\t\t|c|"},
		{"x = '...';", "x| =| '...';|"},
		{"don't 'x' a'", "don't| '|x|'| a|'|"},
		{"\xe6\x97\xa5\xe6\x9c\xac" "a", "\xe6\x97\xa5\xe6\x9c\xac" "a|"},
		{" \n ", " \n |"},
	};
	struct lep_buf out = {0};
	char text[401];
	size_t at, n;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cut(&out, LEP_TOKENS_BPE, cases[i][0]);
		CHECKF(strcmp(out.data, cases[i][1]) == 0, "%zu: %s", i, out.data);
	}
	/* Long ones are cut between characters. */
	memset(text, 'x', 400);
	CHECK(lep_tokens_bpe.next(text, 400, &at) == 128 && at == 0);
	for (size_t i = 0; i < 400; i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[0] = 'x';
	memmove(text + 1, text + 2, 398);
	n = lep_tokens_bpe.next(text, 399, &at);
	CHECKF(n == 127, "%zu", n);
	lep_buf_release(&out);
}

static void small_letters(void)
{
	static const char *const cases[][2] = {
		{"ABCxyz[@`{", "abcxyz[@`{"},
		{"\xc3\x84\xc3\x96\xc3\x9c\xc3\x9f\xc3\x97", "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\x97"},
		{"\xd0\x9f\xce\xa9", "\xd0\xbf\xcf\x89"},
		{"\xc4\xb0\xe2\x84\xaa", "ik"},                                 /* U+0130, the Kelvin sign */
		{"\xc8\xba", "\xe2\xb1\xa5"},                                   /* grows by a byte */
		{"\xf0\x90\x90\x80", "\xf0\x90\x90\xa8"},
	};
	struct lep_text_recipe r = recipe(LEP_TOKENS_WORDS);
	struct lep_buf room = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *s = cases[i][0];
		size_t len = strlen(s);

		CHECK(lep_tokens_clean(&r, &room, &s, &len, NULL) == 0);
		CHECKF(len == strlen(cases[i][1]) && memcmp(s, cases[i][1], len) == 0, "%zu: %.*s", i, (int)len, s);
	}
	lep_buf_release(&room);
}

/* Small letters stay as they are, and are not capitals of others. */
static void case_tables(void)
{
	size_t changed = 0;
	char s[4];
	uint32_t back;

	for (uint32_t c = 0; c < 0x110000; c++) {
		uint32_t small = lep_unicode_lower(c);

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		CHECKF(lep_unicode_lower(small) == small, "U+%04X", (unsigned)c);
		changed += small != c;
		CHECK(lep_unicode_put(s, c) == lep_utf8_sequence(s, 4));
		CHECK(lep_unicode_take(s, &back) > 0 && back == c);
	}
	/* UnicodeData.txt 14.0.0 has so many simple lowercase mappings. */
	CHECKF(changed == 1433, "%zu", changed);
}

static void bytes_that_are_none(void)
{
	struct lep_text_recipe r = recipe(LEP_TOKENS_CHARS);
	struct lep_buf room = {0};
	struct lep_error e;
	const char *s = "ok \xe9t\xe9";
	size_t len = strlen(s);

	CHECK(lep_tokens_clean(&r, &room, &s, &len, &e) == LEP_ERR_DATA);
	CHECKF(strcmp(e.text, "invalid UTF-8: byte 0xe9, 3 bytes in") == 0, "%s", e.text);
	CHECK(lep_text_check(&r, "a\0b", 3, &e) == LEP_ERR_DATA);
	CHECKF(strcmp(e.text, "a NUL byte, 1 bytes in") == 0, "%s", e.text);
	r.replace = 1;
	CHECK(lep_text_check(&r, "a\0b", 3, &e) == 0);
	CHECK(lep_tokens_clean(&r, &room, &s, &len, &e) == 0);
	CHECK(len == 10 && memcmp(s, "ok \xef\xbf\xbdt\xef\xbf\xbd", len) == 0);
	/* Cleaned and lowered in one go. */
	r.lower = 1;
	s = "A\0\xc3\x84\xff";
	len = 5;
	CHECK(lep_tokens_clean(&r, &room, &s, &len, &e) == 0);
	CHECK(len == 9 && memcmp(s, "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd", len) == 0);
	lep_buf_release(&room);
}

static struct lep_table *learn(const struct lep_text_recipe *r, const char *const *text,
	const struct lep_vocabulary_options *o, struct lep_error *e)
{
	struct lep_vocabulary *v;
	struct lep_table *t = NULL;

	if (lep_vocabulary_new(&v, r, e))
		return NULL;
	for (; *text; text++)
		if (lep_vocabulary_add(v, *text, strlen(*text), e))
			return NULL;
	if (lep_vocabulary_table(v, o, &t, e))
		t = NULL;
	lep_vocabulary_free(v);
	return t;
}

static int same(const struct lep_table *t, const char *const *want, size_t n)
{
	if (t->n != n)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(t->entry[i], want[i]) != 0)
			return 0;
	return 1;
}

static void vocabularies(void)
{
	static const char *const text[] = {"b a c", "c b d C!", NULL};
	static const char *const all[] = {"<unknown>", "c", "b", "!", "a", "d"};
	static const char *const few[] = {"<unknown>", "c", "b", "<end>"};
	static const char *const chars[] = {"<unknown>", " ", "b", "c"};
	struct lep_text_recipe r = recipe(LEP_TOKENS_WORDS);
	struct lep_vocabulary_options o = {0};
	struct lep_error e;
	struct lep_table *t = learn(&r, text, &o, &e);

	CHECK(t && same(t, all, 6));
	lep_table_free(t);
	o = (struct lep_vocabulary_options){.most = 4, .end = 1};
	t = learn(&r, text, &o, &e);
	CHECK(t && same(t, few, 4));
	lep_table_free(t);
	o = (struct lep_vocabulary_options){.least = 2, .end = 1};
	t = learn(&r, text, &o, &e);
	CHECK(t && same(t, few, 4));
	lep_table_free(t);
	o = (struct lep_vocabulary_options){.most = 2, .end = 1};
	CHECK(!learn(&r, text, &o, &e) && e.status == LEP_ERR_USAGE);
	CHECKF(strstr(e.text, "a vocabulary of 2 entries is too small"), "%s", e.text);
	o = (struct lep_vocabulary_options){.least = 9};
	CHECK(!learn(&r, text, &o, &e) && strstr(e.text, "nothing in the text occurs 9 times"));
	o = (struct lep_vocabulary_options){0};
	CHECK(!learn(&r, text + 2, &o, &e) && strstr(e.text, "no text"));
	/* The most frequent characters, sorted. */
	r = recipe(LEP_TOKENS_CHARS);
	o.most = 4;
	t = learn(&r, text, &o, &e);
	CHECK(t && same(t, chars, 4));
	lep_table_free(t);
	r = recipe(LEP_TOKENS_BPE);
	o.most = 256;
	CHECK(!learn(&r, text, &o, &e) && e.status == LEP_ERR_USAGE);
}

/* Encodes, checks the number of ids, decodes at once and one by one. */
static void both_ways(const struct lep_text_recipe *r, struct lep_table *t, const char *s, size_t len, const char *want,
	size_t want_len)
{
	struct lep_encoder *enc;
	struct lep_buf ids = {0}, all = {0}, one = {0};
	int32_t before = -1;
	struct lep_error e;

	CHECK(lep_encoder_new(&enc, r, t, &e) == 0);
	CHECK(lep_encoder_run(enc, s, len, &ids, &e) == 0);
	lep_text_decode(&all, r, t, ids.data, ids.len / 4, -1);
	CHECKF(all.len == want_len && (!want_len || memcmp(all.data, want, want_len) == 0), "%.*s", (int)all.len,
		all.data);
	for (size_t i = 0; i < ids.len / 4; i++) {
		lep_text_decode(&one, r, t, ids.data + 4 * i, 1, before);
		before = (int32_t)lep_get32(ids.data + 4 * i);
	}
	CHECK(one.len == all.len && (!one.len || memcmp(one.data, all.data, all.len) == 0));
	lep_buf_release(&ids);
	lep_buf_release(&all);
	lep_buf_release(&one);
	lep_encoder_free(enc);
}

static void ids_to_text(void)
{
	static const char *const text[] = {"Zwei junge M\xc3\xa4nner,\n \\x00 <end> zwei  <unknown> Frauen!\xf0\x9f\x98\x80", NULL};
	static const char other[] = "zz z\xc3\xbcrich";
	const enum lep_tokens exact[] = {LEP_TOKENS_BYTES, LEP_TOKENS_CHARS, LEP_TOKENS_BPE};
	struct lep_vocabulary_options o = {.end = 1, .most = 300};
	struct lep_error e;

	for (size_t i = 0; i < 3; i++) {
		struct lep_text_recipe r = recipe(exact[i]);
		struct lep_table *t = learn(&r, text, &o, &e);

		CHECKF(t, "%s", e.text);
		both_ways(&r, t, text[0], strlen(text[0]), text[0], strlen(text[0]));
		both_ways(&r, t, "", 0, "", 0);
		r.end = 1;
		both_ways(&r, t, text[0], strlen(text[0]), text[0], strlen(text[0]));
		both_ways(&r, t, "", 0, "", 0);
		r.truncate = 5;
		if (exact[i] != LEP_TOKENS_BPE)
			both_ways(&r, t, text[0], strlen(text[0]), text[0], 4);
		r.truncate = 0;
		if (exact[i] != LEP_TOKENS_CHARS)
			both_ways(&r, t, other, strlen(other), other, strlen(other));
		else
			both_ways(&r, t, other, strlen(other), "zz z\xef\xbf\xbdri\xef\xbf\xbd\xef\xbf\xbd", 15);
		lep_table_free(t);
	}
}

static void ids_to_words(void)
{
	static const char *const text[] = {"How much? Why, today?", NULL};
	static const char want[] = "why <unknown> ? how";
	struct lep_text_recipe r = recipe(LEP_TOKENS_WORDS);
	struct lep_vocabulary_options o = {.end = 1};
	struct lep_error e;
	struct lep_table *t = learn(&r, text, &o, &e);

	CHECK(t);
	both_ways(&r, t, "WHY   whence?How", 16, want, strlen(want));
	r.end = 1;
	r.truncate = 3;
	both_ways(&r, t, "WHY   whence?How", 16, "why <unknown>", 13);
	lep_table_free(t);
}

static void tables_that_do_not_fit(void)
{
	struct lep_table *t = lep_table_new();
	struct lep_text_recipe r = recipe(LEP_TOKENS_WORDS);
	struct lep_encoder *enc;
	struct lep_error e;

	CHECK(t && lep_table_add(t, "word", 4) == 0);
	CHECK(lep_encoder_new(&enc, &r, t, &e) == LEP_ERR_DATA && strstr(e.text, "has an entry <unknown>"));
	r.tokens = LEP_TOKENS_BPE;
	CHECK(lep_encoder_new(&enc, &r, t, &e) == LEP_ERR_DATA && strstr(e.text, "begins with the 256 bytes"));
	lep_table_free(t);
	t = lep_table_new();
	CHECK(t && lep_tokens_add_bytes(t) == 0);
	CHECK(lep_encoder_new(&enc, &r, t, &e) == 0);
	lep_encoder_free(enc);
	r.end = 1;
	CHECK(lep_encoder_new(&enc, &r, t, &e) == LEP_ERR_DATA && strstr(e.text, "no entry <end>"));
	r = recipe(LEP_TOKENS_BYTES);
	CHECK(lep_table_add(t, "more", 4) == 256);
	CHECK(lep_encoder_new(&enc, &r, t, &e) == LEP_ERR_DATA && strstr(e.text, "has 256 entries"));
	lep_table_free(t);
}

/* bpe against the rules, followed to the letter and slowly. */

#define NAIVE 60

struct naive {
	char piece[400][LEP_BPE_CHUNK + 1]; /* beyond the bytes, from 256 on */
	size_t n;
	char chunk[NAIVE][LEP_BPE_CHUNK + 1];
	size_t count[NAIVE], nchunk;
};

static int naive_id(const struct naive *v, const char *s, size_t len)
{
	for (size_t i = 256; i < v->n; i++)
		if (strlen(v->piece[i]) == len && memcmp(v->piece[i], s, len) == 0)
			return (int)i;
	return -1;
}

/* The pieces of a chunk: where they begin; how many. */
static size_t naive_encode(const struct naive *v, const char *chunk, size_t *begin)
{
	size_t n = strlen(chunk);

	for (size_t i = 0; i <= n; i++)
		begin[i] = i;
	for (;;) {
		int best = -1;
		size_t at = 0;

		for (size_t i = 0; i + 2 <= n; i++) {
			int id = naive_id(v, chunk + begin[i], begin[i + 2] - begin[i]);

			if (id >= 0 && (best < 0 || id < best)) {
				best = id;
				at = i;
			}
		}
		if (best < 0)
			return n;
		memmove(&begin[at + 1], &begin[at + 2], (n - at - 1) * sizeof(*begin));
		n--;
	}
}

/* The next piece: most frequent pair of neighbours, ties by bytes. */
static int naive_learn(struct naive *v)
{
	static struct { const char *s; size_t left, len, count; } pair[20000];
	size_t npair = 0, best = 0;

	for (size_t c = 0; c < v->nchunk; c++) {
		size_t begin[LEP_BPE_CHUNK + 1], n = naive_encode(v, v->chunk[c], begin);

		for (size_t i = 0; i + 2 <= n; i++) {
			const char *s = v->chunk[c] + begin[i];
			size_t left = begin[i + 1] - begin[i], len = begin[i + 2] - begin[i], k;

			for (k = 0; k < npair; k++)
				if (pair[k].left == left && pair[k].len == len && memcmp(pair[k].s, s, len) == 0)
					break;
			if (k == npair) {
				pair[npair].s = s;
				pair[npair].left = left;
				pair[npair].len = len;
				pair[npair++].count = 0;
			}
			pair[k].count += v->count[c];
		}
	}
	for (size_t k = 1; k < npair; k++) {
		size_t n = pair[k].len < pair[best].len ? pair[k].len : pair[best].len;
		int order = memcmp(pair[k].s, pair[best].s, n);

		order = order ? order : pair[k].len < pair[best].len ? -1 : pair[k].len > pair[best].len;
		if (pair[k].count > pair[best].count || (pair[k].count == pair[best].count && order < 0))
			best = k;
	}
	if (!npair || pair[best].count < 2)
		return 0;
	memcpy(v->piece[v->n], pair[best].s, pair[best].len);
	v->piece[v->n++][pair[best].len] = '\0';
	return 1;
}

static void one_bpe(unsigned seed)
{
	static struct naive v;
	struct lep_text_recipe r = recipe(LEP_TOKENS_BPE);
	struct lep_vocabulary_options o = {.most = 320};
	struct lep_vocabulary *voc;
	struct lep_encoder *enc;
	struct lep_table *t;
	struct lep_error e;

	memset(&v, 0, sizeof(v));
	v.n = 256;
	v.nchunk = NAIVE;
	CHECK(lep_vocabulary_new(&voc, &r, &e) == 0);
	for (size_t c = 0; c < NAIVE; c++) {
		size_t len = 1 + (seed = seed * 1103515245u + 12345u) / 65536 % (c % 7 ? 9 : 90), k;

		for (size_t i = 0; i < len; i++)
			v.chunk[c][i] = "abac"[(seed = seed * 1103515245u + 12345u) / 65536 % 4];
		v.chunk[c][len] = '\0';
		for (k = 0; strcmp(v.chunk[k], v.chunk[c]) != 0; k++)
			;
		v.count[k]++;
		CHECK(lep_vocabulary_add(voc, v.chunk[c], len, &e) == 0);
	}
	CHECK(lep_vocabulary_table(voc, &o, &t, &e) == 0);
	while (v.n < 320 && naive_learn(&v))
		;
	CHECKF(t->n == v.n, "%zu, not %zu", t->n, v.n);
	for (size_t i = 256; i < v.n; i++)
		CHECKF(strcmp(t->entry[i], v.piece[i]) == 0, "%zu: %s, not %s", i, t->entry[i], v.piece[i]);
	CHECK(lep_encoder_new(&enc, &r, t, &e) == 0);
	for (size_t c = 0; c < NAIVE; c++) {
		size_t begin[LEP_BPE_CHUNK + 1], n = naive_encode(&v, v.chunk[c], begin);
		struct lep_buf ids = {0};

		CHECK(lep_encoder_run(enc, v.chunk[c], strlen(v.chunk[c]), &ids, &e) == 0);
		CHECKF(ids.len == 4 * n, "%s: %zu, not %zu", v.chunk[c], ids.len / 4, n);
		for (size_t i = 0; i < n; i++) {
			int id = begin[i + 1] - begin[i] == 1 ? (unsigned char)v.chunk[c][begin[i]] :
				naive_id(&v, v.chunk[c] + begin[i], begin[i + 1] - begin[i]);

			CHECK((int)lep_get32(ids.data + 4 * i) == id);
		}
		lep_buf_release(&ids);
	}
	lep_encoder_free(enc);
	lep_table_free(t);
	lep_vocabulary_free(voc);
}

static void bpe_by_the_rules(void)
{
	for (unsigned seed = 1; seed <= 20 && !check_failed_here; seed++)
		one_bpe(seed);
}

int main(void)
{
	RUN(words);
	RUN(chunks);
	RUN(small_letters);
	RUN(case_tables);
	RUN(bytes_that_are_none);
	RUN(vocabularies);
	RUN(ids_to_text);
	RUN(ids_to_words);
	RUN(tables_that_do_not_fit);
	RUN(bpe_by_the_rules);
	return CHECK_END();
}
