/* Decimal text to double: the same as strtod's, on chosen and on random texts. */
#include "base/number.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"
#include "check.h"

static uint64_t draw(uint64_t *draws)
{
	++*draws;
	return lep_random_hash(0, draws, sizeof(*draws));
}

/* Alone, and with more behind it, which is read another way. */
static int same(const char *text)
{
	double got = NAN, long_got = NAN, short_got = NAN, want = strtod(text, NULL);
	size_t len = strlen(text);
	char more[600];

	snprintf(more, sizeof(more), "%s,1234567890123456789", text);
	if (lep_number_short(more, &short_got) != more && (lep_number_short(more, &short_got) != more + len ||
		memcmp(&short_got, &want, sizeof(want)) != 0))
		return 0;
	return lep_number_parse(text, len, &got) && memcmp(&got, &want, sizeof(got)) == 0 &&
		lep_number_scan(more, more + strlen(more), &long_got) == more + len &&
		memcmp(&long_got, &want, sizeof(got)) == 0;
}

static void chosen(void)
{
	static const char *const texts[] = {
		"0", "-0", "+0.0", "1", "-1", "+7", "007", ".5", "5.", "-.25", "1e3", "1E3", "1e+3", "1e-3", "0e999999999",
		"0.1", "0.2", "0.3", "123456789012345678", "1234567890123456789", "12345678901234567890",
		"9007199254740992", "9007199254740993", "9007199254740994", "9007199254740995", "18446744073709551615",
		"18446744073709551616", "1.5230298564080254", "0.4967141530112327", "2.2250738585072014e-308",
		"2.2250738585072011e-308", "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400",
		"1.7976931348623157e308", "1e22", "1e23", "8.5e22", "9007199254740993e5", "9007199254740993e-5",
		"1e27", "3e27", "1e-27", "3e-27", "9999999999999999999e27", "9999999999999999999e-27", "1e28", "1e-28",
		"0.000000000000000000000000000000000000000000000000001",
		"1.00000000000000011102230246251565404236316680908203125",
		"1.00000000000000011102230246251565404236316680908203124",
		"1.00000000000000011102230246251565404236316680908203126",
		"100000000000000000000000000000000000000000000000000000000e-50", "7.2057594037927945e16",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECKF(same(texts[i]), "%s", texts[i]);
}

static void none(void)
{
	static const char *const texts[] = {
		"", "-", "+", ".", "-.", "e5", ".e5", " 1", "1 ", "1e", "1e+", "--1", "0x10", "inf", "nan", "-inf", "1,5",
		"1.2.3", "1e5.5", "1e999", "-1e999", "1.7976931348623159e308", "12a", "\xd9\xa1",
	};
	char longer[LEP_NUMBER_MAX + 2];
	double v;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECKF(!lep_number_parse(texts[i], strlen(texts[i]), &v), "%s", texts[i]);
	memset(longer, '1', sizeof(longer));
	CHECK(!lep_number_parse(longer, sizeof(longer), &v));
	longer[1] = '.';
	CHECK(lep_number_parse(longer, LEP_NUMBER_MAX, &v) && v > 1.1 && v < 1.2);
}

static void stops(void)
{
	const char text[] = "12.5,7", *cut = "1e-";
	double v = 0;

	CHECK(lep_number_scan(text, text + 6, &v) == text + 4 && v > 12.4 && v < 12.6);
	CHECK(lep_number_scan(text, text + 2, &v) == text + 2 && v > 11.9 && v < 12.1);
	CHECK(lep_number_scan(cut, cut + 3, &v) == cut + 1);
}

/* Texts as programs print doubles, and digits with any exponent. */
static void at_random(void)
{
	static const char *const formats[] = {"%.17g", "%.16g", "%.15g", "%.9g", "%g", "%.3f", "%.20g", "%.40e"};
	uint64_t draws = 0;
	char text[512];

	draws = (uint64_t)1 << 40;
	for (int i = 0; i < 400000; i++) {
		uint64_t bits = draw(&draws);
		double v;

		if (i % 4) {
			/* Of the size that tables hold. */
			v = (double)(int64_t)bits * ldexp(1, (int)(draw(&draws) % 100) - 113);
		} else {
			memcpy(&v, &bits, sizeof(v));
			if (!isfinite(v))
				continue;
		}
		snprintf(text, sizeof(text), formats[i % 8], v);
		CHECKF(same(text), "%s", text);
		snprintf(text, sizeof(text), "%llu.%llue%d", (unsigned long long)(bits >> bits % 64),
			(unsigned long long)(draw(&draws) % 100000), (int)(bits % 61) - 30);
		CHECKF(same(text), "%s", text);
	}
}

/* Halfway between two doubles, and next to it. */
static void halfway(void)
{
	uint64_t draws = 0;
	char text[64];

	draws = (uint64_t)2 << 40;
	for (int i = 0; i < 100000; i++) {
		uint64_t w = ((uint64_t)1 << 53) + (draw(&draws) >> 11);

		for (uint64_t k = 0; k < 3; k++) {
			snprintf(text, sizeof(text), "%llu", (unsigned long long)(w | 1) + k - 1);
			CHECKF(same(text), "%s", text);
			snprintf(text, sizeof(text), "%llu.%s", (unsigned long long)((w >> 1 | 1) + k - 1), k ? "5" : "25");
			CHECKF(same(text), "%s", text);
		}
	}
}

int main(void)
{
	RUN(chosen);
	RUN(none);
	RUN(stops);
	RUN(at_random);
	RUN(halfway);
	return CHECK_END();
}
