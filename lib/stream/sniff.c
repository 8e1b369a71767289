/* Guessing what somebody fed us. */
#include "stream/sniff.h"

#include <string.h>

#include "base/utf8.h"

static const struct {
	size_t at, len;
	const char *bytes;
	const char *name;
} signatures[] = {
	{0, 8, "\x09LEP\r\n\x1a\n", "a tensor stream whose high bits were stripped"},
	{0, 6, "\x89LEP\n\x1a", "a tensor stream damaged by a transfer as text"},
	{0, 6, "\x89LEP\r\r", "a tensor stream damaged by a transfer as text"},
	{0, 4, "\x89PNG", "a PNG image"},
	{0, 3, "\xff\xd8\xff", "a JPEG image"},
	{0, 4, "GIF8", "a GIF image"},
	{0, 2, "BM", "a BMP image"},
	{0, 6, "\x93NUMPY", "a NumPy array"},
	{0, 4, "PK\x03\x04", "a zip archive"},
	{0, 4, "\x89HDF", "an HDF5 file"},
	{0, 4, "\x28\xb5\x2f\xfd", "zstd data"},
	{0, 6, "\xfd" "7zXZ", "xz data"},
	{0, 3, "BZh", "bzip2 data"},
	{0, 4, "%PDF", "a PDF document"},
	{0, 4, "RIFF", "a RIFF file"},
	{0, 4, "\x7f" "ELF", "an executable program"},
	{0, 9, "YUV4MPEG2", "YUV4MPEG2 video"},
	{0, 3, "\0\0\x08", "an IDX file"},
	{257, 5, "ustar", "a tar archive"},
};

const char *lep_sniff(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (n >= signatures[i].at + signatures[i].len &&
			memcmp(p + signatures[i].at, signatures[i].bytes, signatures[i].len) == 0)
			return signatures[i].name;
	/* Text: all but a sequence cut at the end, and no control characters. */
	if (lep_utf8_valid((const char *)p, n) + 3 < n || n == 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if ((p[i] < 0x20 && (p[i] < '\t' || p[i] > '\r')) || p[i] == 0x7f)
			return NULL;
	return "text";
}
