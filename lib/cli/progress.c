/* The progress line. */
#include "cli/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"

enum { BAR = 20, EVERY_MS = 100 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void put(const char *s, size_t n)
{
	ssize_t done = write(STDERR_FILENO, s, n);

	(void)done; /* lost talk stops nothing */
}

static void wipe(void)
{
	lep_cli_progress_line(NULL);
	put("\r\033[K", 4);
}

void lep_progress_start(struct lep_progress *p, const char *what, uint64_t total)
{
	*p = (struct lep_progress){ .what = what, .total = total, .start = now() };
	/* A run of a tenth of a second shows nothing. */
	p->last = p->start;
	p->on = !lep_cli_quiet() && isatty(STDERR_FILENO);
}

int lep_progress_due(struct lep_progress *p)
{
	return p->on && now() - p->last >= EVERY_MS * 1e-3;
}

static void add_time(struct lep_buf *out, double seconds)
{
	unsigned long s = seconds < 360000 ? (unsigned long)(seconds + 0.5) : 360000;

	if (s >= 3600)
		lep_buf_addf(out, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
	else
		lep_buf_addf(out, "%lu:%02lu", s / 60, s % 60);
}

/* Cut the line after `width` characters, never inside one of UTF-8. */
static void cut(struct lep_buf *out, int width)
{
	size_t at = 0, n;

	if (!out->data)
		return;
	for (; at < out->len && width > 0; width--) {
		n = lep_text_utf8(out->data + at, out->len - at);
		at += n ? n : 1;
	}
	out->len = at;
	out->data[at] = '\0';
}

void lep_progress_line(const struct lep_progress *p, uint64_t done, double seconds, int width,
	const char *text, struct lep_buf *out)
{
	double share = p->total ? (double)done / (double)p->total : 0;
	double rate = seconds > 0 && done > p->base ? (double)(done - p->base) / seconds : 0;
	int i, full;

	lep_buf_adds(out, p->what);
	if (p->total) {
		share = share > 1 ? 1 : share;
		full = (int)(share * BAR);
		if (width >= 79) {
			lep_buf_adds(out, " [");
			for (i = 0; i < BAR; i++)
				lep_buf_addc(out, i < full ? '=' : i == full ? '>' : ' ');
			lep_buf_addc(out, ']');
		}
		lep_buf_addf(out, " %3d%%  %llu/%llu", (int)(share * 100), (unsigned long long)done,
			(unsigned long long)p->total);
	} else {
		lep_buf_addf(out, "  %llu", (unsigned long long)done);
	}
	if (rate > 0)
		lep_buf_addf(out, rate < 10 ? "  %.1f/s" : "  %.0f/s", rate);
	if (*text)
		lep_buf_addf(out, "  %s", text);
	if (rate > 0 && p->total > done) {
		lep_buf_adds(out, "  ");
		add_time(out, (double)(p->total - done) / rate);
		lep_buf_adds(out, " left");
	}
	/* The last column stays free: some terminals wrap there. */
	cut(out, width - 1);
}

void lep_progress_show(struct lep_progress *p, uint64_t done, const char *fmt, ...)
{
	struct lep_buf line = { 0 };
	struct winsize size;
	char text[512];
	double t = now();
	int width = 80;
	va_list ap;

	if (!p->on)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->last = t;
	if (!ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 0)
		width = size.ws_col;
	lep_buf_adds(&line, "\r");
	lep_progress_line(p, done, t - p->start, width + 1, text, &line);
	lep_buf_adds(&line, "\033[K");
	if (!line.failed) {
		put(line.data, line.len);
		lep_cli_progress_line(wipe);
	}
	lep_buf_release(&line);
}

void lep_progress_end(struct lep_progress *p)
{
	if (p->on)
		wipe();
	p->on = 0;
}
