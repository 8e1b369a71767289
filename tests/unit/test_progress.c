/* lib/cli/progress.c: what the line reads. */
#include "check.h"

#include <string.h>

#include "cli/progress.h"

static struct lep_buf line;

static const char *show(uint64_t done, uint64_t total, uint64_t base, double seconds, int width,
	const char *text)
{
	struct lep_progress p = { .what = "epoch 1/5", .total = total, .base = base };

	lep_buf_clear(&line);
	lep_progress_line(&p, done, seconds, width, text, &line);
	return line.data;
}

static void test_lines(void)
{
	const char *s = show(30000, 60000, 0, 10, 120, "loss 0.12");

	CHECKF(!strcmp(s, "epoch 1/5 [==========>         ]  50%  30000/60000  3000/s  loss 0.12  0:10 left"),
		"%s", s);
	s = show(60000, 60000, 0, 10, 120, "");
	CHECKF(!strcmp(s, "epoch 1/5 [====================] 100%  60000/60000  6000/s"), "%s", s);
	s = show(15, 0, 0, 10, 60, "");
	CHECKF(!strcmp(s, "epoch 1/5  15  1.5/s"), "%s", s);
	s = show(0, 100, 0, 0, 60, "");
	CHECKF(!strcmp(s, "epoch 1/5   0%  0/100"), "%s", s);
	s = show(51, 7251, 50, 1, 60, ""); /* resumed at 50 */
	CHECKF(!strcmp(s, "epoch 1/5   0%  51/7251  1.0/s  2:00:00 left"), "%s", s);
}

static void test_width(void)
{
	int width;

	for (width = 1; width < 100; width++)
		CHECK(strlen(show(30000, 60000, 0, 10, width, "loss 0.12")) < (size_t)width);
	CHECK(!strcmp(show(1, 0, 0, 0, 17, "\xc3\xa9\xc3\xa9\xc3\xa9") + 12, "  \xc3\xa9\xc3\xa9"));
}

int main(void)
{
	RUN(test_lines);
	RUN(test_width);
	lep_buf_release(&line);
	return CHECK_END();
}
