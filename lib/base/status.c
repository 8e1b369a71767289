#include "base/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *lep_strerror(int status)
{
	static const char *const names[] = {
		[-LEP_OK] = "success",
		[-LEP_ERR_IO] = "input/output error",
		[-LEP_ERR_DATA] = "bad data",
		[-LEP_ERR_NOMEM] = "out of memory",
		[-LEP_ERR_USAGE] = "bad usage",
		[-LEP_ERR_ABORT] = "upstream failed",
		[-LEP_ERR_SIGNAL] = "interrupted",
		[-LEP_ERR_UNMET] = "requirement not met",
	};

	if (status > 0)
		status = 0;
	if (-status >= (int)(sizeof(names) / sizeof(names[0])))
		return "unknown error";
	return names[-status];
}

int lep_exit_status(int status)
{
	if (status >= 0)
		return 0;
	if (status == LEP_ERR_USAGE)
		return 2;
	return status == LEP_ERR_UNMET ? 3 : 1;
}

/* Copy src to dst with control characters written \xNN; bytes above 0x7f are
 * kept, they are UTF-8 wherever the library wrote them. */
static void sanitise(char dst[LEP_ERROR_MAX], const char *src)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *src && n + 5 < LEP_ERROR_MAX; src++) {
		unsigned char c = (unsigned char)*src;

		if (c >= 0x20 && c != 0x7f) {
			dst[n++] = (char)c;
			continue;
		}
		dst[n++] = '\\';
		dst[n++] = 'x';
		dst[n++] = hex[c >> 4];
		dst[n++] = hex[c & 15];
	}
	dst[n] = '\0';
}

static void fill(struct lep_error *e, int status, const char *text)
{
	e->status = status;
	sanitise(e->text, text);
}

int lep_fail(struct lep_error *e, int status, const char *fmt, ...)
{
	char text[LEP_ERROR_MAX];
	va_list ap;

	if (!e)
		return status;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fill(e, status, text);
	return status;
}

int lep_fail_errno(struct lep_error *e, const char *fmt, ...)
{
	int saved = errno;
	int status = saved == ENOMEM ? LEP_ERR_NOMEM : LEP_ERR_IO;
	char text[LEP_ERROR_MAX];
	size_t n;
	va_list ap;

	if (!e)
		return status;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = strlen(text);
	snprintf(text + n, sizeof(text) - n, ": %s", strerror(saved));
	fill(e, status, text);
	errno = saved;
	return status;
}

int lep_fail_nomem(struct lep_error *e, double bytes)
{
	if (bytes <= 0)
		return lep_fail(e, LEP_ERR_NOMEM, "out of memory");
	return lep_fail(e, LEP_ERR_NOMEM, "out of memory (%.0f bytes)", bytes);
}

int lep_fail_at(struct lep_error *e, const char *fmt, ...)
{
	char text[2 * LEP_ERROR_MAX];
	size_t n;
	va_list ap;

	if (!e)
		return LEP_ERR_DATA;
	va_start(ap, fmt);
	vsnprintf(text, LEP_ERROR_MAX, fmt, ap);
	va_end(ap);
	n = strlen(text);
	snprintf(text + n, sizeof(text) - n, ": %s", e->text);
	fill(e, e->status, text);
	return e->status;
}
