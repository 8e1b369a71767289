/* eval/: text against text, and what it is counted with. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/language_score.h"
#include "eval/text_score.h"
#include "check.h"

static int near(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance;
}

/* A small generator of symbols, so that repeats and matches are frequent. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static size_t sequence(uint32_t *state, uint32_t *out, size_t most, uint32_t symbols)
{
	size_t n = next_random(state) % (most + 1);

	for (size_t i = 0; i < n; i++)
		out[i] = next_random(state) % symbols;
	return n;
}

static uint64_t naive_matches(const uint32_t *a, size_t na, const uint32_t *b, size_t nb, size_t n)
{
	char used[128] = {0};
	uint64_t match = 0;

	for (size_t i = 0; i + n <= na; i++)
		for (size_t j = 0; j + n <= nb; j++)
			if (!used[j] && !memcmp(a + i, b + j, n * sizeof(*a))) {
				used[j] = 1;
				match++;
				break;
			}
	return match;
}

static void ngrams(void)
{
	struct lep_ngrams g = {0};
	uint32_t a[100], b[100], state = 1;

	for (int round = 0; round < 300; round++) {
		size_t na = sequence(&state, a, 100, 1 + (uint32_t)round % 7), nb = sequence(&state, b, 100, 4);
		uint64_t match[6];

		CHECK(lep_ngrams_match(&g, a, na, b, nb, 6, match, NULL) == 0);
		for (size_t n = 1; n <= 6; n++)
			CHECKF(match[n - 1] == naive_matches(a, na, b, nb, n), "round %d, %zu-grams", round, n);
	}
	lep_ngrams_release(&g);
}

static uint64_t naive_distance(const uint32_t *a, size_t na, const uint32_t *b, size_t nb)
{
	static uint64_t row[2][1001];

	for (size_t j = 0; j <= nb; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		uint64_t *now = row[i % 2], *before = row[(i - 1) % 2];

		now[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			uint64_t best = before[j - 1] + (a[i - 1] != b[j - 1]);

			best = before[j] + 1 < best ? before[j] + 1 : best;
			now[j] = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
		}
	}
	return row[na % 2][nb];
}

/* Lengths around one, four and many blocks of 64 rows. */
static void distances(void)
{
	static uint32_t a[1000], b[1000];
	static const size_t most[] = {1, 3, 63, 64, 65, 130, 255, 256, 257, 300, 600, 1000};
	struct lep_distance d = {0};
	uint32_t state = 7;
	uint64_t got;

	for (int round = 0; round < 240; round++) {
		size_t limit = most[round % 12], na = sequence(&state, a, limit, 2 + (uint32_t)round % 9), nb;

		if (round % 3) {
			nb = sequence(&state, b, limit, 5);
		} else {
			/* the same, with a few symbols changed */
			nb = na;
			memcpy(b, a, na * sizeof(*a));
			for (size_t k = 0; na && k < 5; k++)
				b[next_random(&state) % na] = next_random(&state) % 0x110100;
		}
		CHECK(lep_distance_get(&d, a, na, b, nb, &got, NULL) == 0);
		CHECKF(got == naive_distance(a, na, b, nb), "round %d: %zu and %zu symbols: %d", round, na, nb, (int)got);
	}
	/* exactly as long as blocks are, and nothing in common */
	for (size_t n = 60; n <= 520; n += 4) {
		for (size_t i = 0; i < n; i++) {
			a[i] = 1;
			b[i] = 2;
		}
		CHECK(lep_distance_get(&d, a, n, b, n, &got, NULL) == 0 && got == n);
		CHECK(lep_distance_get(&d, a, n, b, 0, &got, NULL) == 0 && got == n);
	}
	lep_distance_release(&d);
}

static void tokenised(const char *text, const char *want)
{
	struct lep_buf out = {0};
	char *at, *word, joined[256] = "";

	lep_text_13a(&out, text, strlen(text));
	lep_buf_addc(&out, '\0');
	for (at = out.data; (word = strtok_r(at, " ", &at));)
		snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s", *joined ? " " : "", word);
	CHECKF(!strcmp(joined, want), "'%s': '%s'", text, joined);
	lep_buf_release(&out);
}

static void tokenizer_13a(void)
{
	tokenised("", "");
	tokenised("Hello, world!", "Hello , world !");
	tokenised("1,000.5 costs $3.50.", "1,000.5 costs $ 3.50 .");
	tokenised("a.b 1.a a.1 .5 5.", "a . b 1 . a a . 1 . 5 5 .");
	tokenised("well-known 1990-2000 3-fold", "well-known 1990 - 2000 3 - fold");
	tokenised("don't \"quote\" (it)", "don't \" quote \" ( it )");
	tokenised("&quot;a&quot; &amp;lt; &gt;", "\" a \" < >");
	tokenised("a<skipped>b x-\ny\nz", "ab xy z");
	tokenised("d\xc3\xa9j\xc3\xa0,vu", "d\xc3\xa9j\xc3\xa0 , vu");
	tokenised("...", ". . .");
}

static void blanks(void)
{
	/* no-break space, em space, ideographic space; zero width space is none */
	static const char text[] = "\xc2\xa0\xe2\x80\x83 a\xe3\x80\x80" "b\xe2\x80\x8b" "c \t\r\n";
	struct lep_symbols s[2] = {0};
	struct lep_numbering v = {0};
	size_t len = strlen(text), two[2] = {len, 3};
	const char *t = lep_text_trim(text, &len), *pair[2] = {text, "b a"};

	CHECK(t == text + 6 && len == 1 + 3 + 1 + 3 + 1);
	CHECK(lep_symbols_tokens(&v, LEP_TOKENIZE_NONE, pair, two, s, NULL) == 0);
	CHECK(s[0].n == 2 && s[1].n == 2);
	CHECK(lep_symbols_id(&s[0])[0] == 0 && lep_symbols_id(&s[0])[1] == 1);
	CHECK(lep_symbols_id(&s[1])[0] == 2 && lep_symbols_id(&s[1])[1] == 0);
	CHECK(lep_symbols_characters(&s[0], text, strlen(text), 0, NULL) == 0);
	CHECK(s[0].n == 4 && lep_symbols_id(&s[0])[2] == 0x200b);
	/* stray bytes are characters of their own */
	CHECK(lep_symbols_characters(&s[0], "\xff\xf0\x9f\x98\x80\xe2\x82", 7, 1, NULL) == 0);
	CHECK(s[0].n == 4 && lep_symbols_id(&s[0])[0] == 0x1100ff && lep_symbols_id(&s[0])[1] == 0x1f600);
	lep_symbols_release(&s[0]);
	lep_symbols_release(&s[1]);
	lep_numbering_release(&v);
	len = 3;
	CHECK(lep_text_trim(" \t ", &len) && len == 0);
}

/* The value of a metric over pairs: reference, hypothesis, ..., NULL; -1 where it is
 * undefined, NaN where something failed. */
static double over(enum lep_metric m, const char *const *pair)
{
	struct lep_text_score s;
	double v = -1;
	int rc = lep_text_score_init(&s, LEP_TOKENIZE_NONE, NULL);

	for (; *pair && !rc; pair += 2)
		rc = lep_text_score_add(&s, pair[0], strlen(pair[0]), pair[1], strlen(pair[1]), NULL);
	if (rc)
		v = NAN;
	else if (!lep_text_score_get(&s, m, LEP_OF_ALL, &v))
		v = -1;
	lep_text_score_release(&s);
	return v;
}

#define OVER(m, ...) over(m, (const char *const[]){__VA_ARGS__, NULL})

static void bleu(void)
{
	/* 3/4, 2/3, 1/2, and the first order without a match: 1/2 of 1; fourth root of 1/8 */
	CHECK(near(OVER(LEP_METRIC_BLEU, "this is a test", "this is a fest"), 59.46035575013605, 1e-12));
	/* 2/4, 1/3, 1/2 of 2, 1/4 of 1: fourth root of 1/96 */
	CHECK(near(OVER(LEP_METRIC_BLEU, "a b c d", "a b x y"), 31.947155212313625, 1e-12));
	/* all match, too short: exp(1 - 5/4) */
	CHECK(near(OVER(LEP_METRIC_BLEU, "a b c d e", "a b c d"), 77.8800783071405, 1e-12));
	CHECK(near(OVER(LEP_METRIC_BREVITY_PENALTY, "a b c d e", "a b c d"), 0.778800783071405, 1e-14));
	/* too long: no penalty; 4/5, 3/4, 2/3, 1/2: fourth root of 1/5 */
	CHECK(near(OVER(LEP_METRIC_BLEU, "a b c d", "a b c d e"), 66.87403049764220, 1e-12));
	CHECK(OVER(LEP_METRIC_LENGTH_RATIO, "a b c d", "a b c d e") == 1.25);
	CHECK(near(OVER(LEP_METRIC_BLEU, "a b c d", "a b c d"), 100, 1e-12));
	/* over the corpus, not the mean: 5/8, 3/6, 2/4, 1/2 with lengths 8 and 8 */
	CHECK(near(OVER(LEP_METRIC_BLEU, "a b c d", "a b c d", "e f g h", "e x y z"),
		100 * sqrt(sqrt(5.0 / 8 * 3 / 6 * 2 / 4 * 1 / 2)), 1e-12));
	/* nothing matches; no hypothesis has four tokens; nothing at all */
	CHECK(OVER(LEP_METRIC_BLEU, "a b c d", "e f g h") == 0);
	CHECK(OVER(LEP_METRIC_BLEU, "a b c", "a b c") == 0);
	CHECK(OVER(LEP_METRIC_BLEU, "a b c d", "") == 0 && OVER(LEP_METRIC_BLEU, "", "a b c d") == 0);
	CHECK(OVER(LEP_METRIC_BLEU, "", "") == 0);
	/* case counts */
	CHECK(OVER(LEP_METRIC_BLEU, "A B C D", "a b c d") == 0);
}

/* Papineni's example: the clipped precision is 2/7. */
static void clipping(void)
{
	static const char ref[] = "the cat is on the mat", hyp[] = "the the the the the the the";
	struct lep_text_score s;
	double v;

	CHECK(lep_text_score_init(&s, LEP_TOKENIZE_NONE, NULL) == 0);
	CHECK(lep_text_score_add(&s, ref, strlen(ref), hyp, strlen(hyp), NULL) == 0);
	CHECK(lep_text_score_get(&s, LEP_METRIC_BLEU_PRECISION, 1, &v) && near(v, 200.0 / 7, 1e-12));
	CHECK(lep_text_score_get(&s, LEP_METRIC_BLEU_PRECISION, 2, &v) && near(v, 50.0 / 6, 1e-12));
	CHECK(lep_text_score_get(&s, LEP_METRIC_BLEU_PRECISION, 3, &v) && near(v, 25.0 / 5, 1e-12));
	CHECK(!lep_text_score_get(&s, LEP_METRIC_BLEU_PRECISION, 5, &v));
	CHECK(!lep_text_score_get(&s, LEP_METRIC_BLEU_PRECISION, 0, &v));
	s.bad = 1;
	CHECK(!lep_text_score_get(&s, LEP_METRIC_BLEU, LEP_OF_ALL, &v));
	lep_text_score_release(&s);
}

static void chrf(void)
{
	/* orders 1 and 2: 1/2 and 0 both ways, 1/4 */
	CHECK(near(OVER(LEP_METRIC_CHRF, "ab", "aa"), 25, 1e-12));
	/* precision 1, recall (2/3 + 1/2) / 2 = 7/12; 5 * 7/12 / (4 + 7/12) = 35/55 */
	CHECK(near(OVER(LEP_METRIC_CHRF, "abc", "ab"), 3500.0 / 55, 1e-12));
	/* blanks do not count, nor do orders that one of them lacks */
	CHECK(near(OVER(LEP_METRIC_CHRF, "a b c", " abc"), 100, 1e-12));
	/* Of the first pair only single characters count, as its reference has no more:
	 * precision (4/6 + 2/2 + 1/1) / 3 = 8/9, recall 1; 5 * 8/9 / (4 * 8/9 + 1) = 40/41 */
	CHECK(near(OVER(LEP_METRIC_CHRF, "a", "abc", "abc", "abc"), 4000.0 / 41, 1e-12));
	/* characters, not bytes: 1/2 and 0 again */
	CHECK(near(OVER(LEP_METRIC_CHRF, "\xc3\xa9\xc3\xa8", "\xc3\xa9\xc3\xa9"), 25, 1e-12));
	CHECK(OVER(LEP_METRIC_CHRF, "", "a") == 0 && OVER(LEP_METRIC_CHRF, "a", "") == 0);
	CHECK(OVER(LEP_METRIC_CHRF, "", "") == 0);
}

static void error_rates(void)
{
	/* one replaced, one put in, of three */
	CHECK(near(OVER(LEP_METRIC_WER, "the cat sat", "the bat sat down"), 2.0 / 3, 1e-15));
	/* one replaced, five put in (" down"), of eleven characters */
	CHECK(near(OVER(LEP_METRIC_CER, "the cat sat", "the bat sat down"), 6.0 / 11, 1e-15));
	/* kitten, sitting: 3 of 6; blanks at the ends do not count */
	CHECK(near(OVER(LEP_METRIC_CER, "kitten\n", "  sitting"), 0.5, 1e-15));
	CHECK(OVER(LEP_METRIC_WER, "a b", "") == 1 && OVER(LEP_METRIC_WER, "a", "b c d") == 3);
	CHECK(OVER(LEP_METRIC_WER, "", "b") == -1 && OVER(LEP_METRIC_CER, "", "b") == -1);
	CHECK(near(OVER(LEP_METRIC_WER, "", "b", "c d", "c d"), 0.5, 1e-15));
	CHECK(OVER(LEP_METRIC_EXACT_MATCH, "a", "a ", "b", "B", "", " ", "c", "cc") == 0.5);
}

static void too_long(void)
{
	struct lep_text_score s;
	struct lep_error e = {0};
	char *text = malloc(LEP_TEXT_SCORE_MAX + 1);

	CHECK(text && lep_text_score_init(&s, LEP_TOKENIZE_NONE, NULL) == 0);
	memset(text, 'a', LEP_TEXT_SCORE_MAX + 1);
	CHECK(lep_text_score_add(&s, "a", 1, text, LEP_TEXT_SCORE_MAX + 1, &e) == LEP_ERR_DATA);
	CHECKF(strstr(e.text, "1048577 bytes"), "%s", e.text);
	CHECK(lep_text_score_add(&s, text, LEP_TEXT_SCORE_MAX, text, LEP_TEXT_SCORE_MAX, &e) == 0);
	lep_text_score_release(&s);
	free(text);
}

static int mean(const double *sum, int which, double *value)
{
	*value = sum[0] > 0 ? sum[1] / sum[0] : 0;
	return sum[0] > 0 && which == 0;
}

/* A share of 0.3 of n: the interval must be about that of the normal distribution. */
static void resampling(void)
{
	static const uint64_t counts[] = {100, 1000, LEP_RESAMPLE_UNITS, LEP_RESAMPLE_UNITS + 1, 40000};
	static const int which[] = {0, 1};

	for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		uint64_t n = counts[k];
		struct lep_resample r;
		struct lep_bounds b[2], again[2], other[2];
		double half = 1.96 * sqrt(0.21 / (double)n);
		uint32_t state = 5;

		CHECK(lep_resample_init(&r, 2, NULL) == 0);
		for (uint64_t i = 0; i < n; i++) {
			double share[2] = {1, next_random(&state) % 10 < 3};

			CHECK(lep_resample_add(&r, share, NULL) == 0);
		}
		CHECK(r.total[0] == (double)n);
		CHECK(lep_resample_bounds(&r, 1000, 1, mean, which, 2, b, NULL) == 0);
		CHECK(lep_resample_bounds(&r, 1000, 1, mean, which, 2, again, NULL) == 0);
		CHECK(lep_resample_bounds(&r, 1000, 2, mean, which, 2, other, NULL) == 0);
		CHECK(b[0].known && !b[1].known);
		CHECK(b[0].lower == again[0].lower && b[0].upper == again[0].upper);
		CHECK(n < LEP_RESAMPLE_UNITS || b[0].lower != other[0].lower || b[0].upper != other[0].upper);
		CHECKF(near((b[0].upper - b[0].lower) / 2, half, 0.15 * half), "%d: %g to %g", (int)n, b[0].lower, b[0].upper);
		CHECK(b[0].lower < r.total[1] / r.total[0] && b[0].upper > r.total[1] / r.total[0]);
		lep_resample_release(&r);
	}
}

/* The draws are part of what is promised: the same on every machine. */
static void resampling_is_fixed(void)
{
	static const int which[] = {0};
	struct lep_resample r;
	struct lep_bounds b;

	CHECK(lep_resample_init(&r, 2, NULL) == 0);
	CHECK(lep_resample_bounds(&r, 100, 0, mean, which, 1, &b, NULL) == 0 && !b.known);
	for (int i = 0; i < 20; i++) {
		double share[2] = {1, i * i};

		CHECK(lep_resample_add(&r, share, NULL) == 0);
		if (i == 0)
			CHECK(lep_resample_bounds(&r, 100, 0, mean, which, 1, &b, NULL) == 0 && !b.known);
	}
	CHECK(lep_resample_bounds(&r, 0, 0, mean, which, 1, &b, NULL) == 0 && !b.known);
	CHECK(lep_resample_bounds(&r, 200, 0, mean, which, 1, &b, NULL) == 0 && b.known);
	CHECKF(b.lower == 82.25 && b.upper == 169.2, "%.17g %.17g", b.lower, b.upper);
	lep_resample_release(&r);
}

/* Probabilities 1/2, 1/4 of one text, 1/16 of another: 7 bits over 3 tokens and 7
 * bytes. */
static void language(void)
{
	static const double ln2 = 0.69314718055994530942;
	struct lep_language_score s;
	double first[LEP_LANGUAGE_SUMS] = {1, 2, -3 * ln2, 1, 5}, second[LEP_LANGUAGE_SUMS] = {1, 1, -4 * ln2, 0, 2}, v;

	CHECK(lep_language_score_init(&s, NULL) == 0);
	CHECK(!lep_language_score_get(&s, LEP_METRIC_PERPLEXITY, LEP_OF_ALL, &v));
	CHECK(lep_language_score_add(&s, first, NULL) == 0 && lep_language_score_add(&s, second, NULL) == 0);
	CHECK(lep_language_score_get(&s, LEP_METRIC_PERPLEXITY, LEP_OF_ALL, &v) && near(v, pow(2, 7.0 / 3), 1e-13));
	CHECK(!lep_language_score_get(&s, LEP_METRIC_BITS_PER_BYTE, LEP_OF_ALL, &v));
	CHECK(!lep_language_score_get(&s, LEP_METRIC_TOKEN_ACCURACY, LEP_OF_ALL, &v));
	s.has_bytes = s.has_class = 1;
	CHECK(lep_language_score_get(&s, LEP_METRIC_BITS_PER_BYTE, LEP_OF_ALL, &v) && near(v, 1, 1e-15));
	CHECK(lep_language_score_get(&s, LEP_METRIC_TOKEN_ACCURACY, LEP_OF_ALL, &v) && v == 1.0 / 3);
	CHECK(lep_language_score_get(&s, LEP_METRIC_LOG_LOSS, LEP_OF_ALL, &v) && near(v, 7 * ln2 / 3, 1e-15));
	/* of the four resamples of two records the least and the most: 2^1.5 and 2^4 */
	CHECK(lep_language_score_end(&s, 1000, 0, NULL) == 0);
	CHECK(lep_language_score_get(&s, LEP_METRIC_PERPLEXITY, LEP_OF_LOWER, &v) && near(v, pow(2, 1.5), 1e-13));
	CHECK(lep_language_score_get(&s, LEP_METRIC_PERPLEXITY, LEP_OF_UPPER, &v) && near(v, 16, 1e-13));
	lep_language_score_release(&s);
}

int main(void)
{
	RUN(ngrams);
	RUN(distances);
	RUN(tokenizer_13a);
	RUN(blanks);
	RUN(bleu);
	RUN(clipping);
	RUN(chrf);
	RUN(error_rates);
	RUN(too_long);
	RUN(resampling);
	RUN(resampling_is_fixed);
	RUN(language);
	return CHECK_END();
}
