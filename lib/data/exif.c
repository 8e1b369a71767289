/*
 * The orientation that a camera notes in a JPEG's EXIF block (a small TIFF file
 * in an APP1 segment; EXIF 2.32, tag 0x0112), and turning a picture by it.
 */
#include "data/decoder.h"

#include <string.h>

struct tiff {
	const uint8_t *p;
	size_t len;
	int big; /* byte order */
};

/* n bytes at `at` as a number; 0 where they are not there. */
static uint32_t tiff_get(const struct tiff *t, size_t at, unsigned n)
{
	uint32_t v = 0;

	if (at > t->len || t->len - at < n)
		return 0;
	for (unsigned i = 0; i < n; i++)
		v |= (uint32_t)t->p[at + i] << 8 * (t->big ? n - 1 - i : i);
	return v;
}

static int tiff_orientation(const uint8_t *p, size_t len)
{
	struct tiff t = {p, len, len > 0 && p[0] == 'M'};
	size_t at;
	uint32_t n, v;

	if (len < 8 || p[0] != p[1] || (p[0] != 'M' && p[0] != 'I') || tiff_get(&t, 2, 2) != 42)
		return 1;
	at = tiff_get(&t, 4, 4);
	n = tiff_get(&t, at, 2);
	at += 2;
	for (uint32_t i = 0; i < n && at < len; i++, at += 12) {
		if (tiff_get(&t, at, 2) != 0x0112)
			continue;
		/* type 3 is a 16 bit number, and there is one of it */
		if (tiff_get(&t, at + 2, 2) != 3 || tiff_get(&t, at + 4, 4) != 1)
			return 1;
		v = tiff_get(&t, at + 8, 2);
		return v >= 1 && v <= 8 ? (int)v : 1;
	}
	return 1;
}

int lep_exif_orientation(const uint8_t *jpeg, size_t len)
{
	size_t at = 2, n;

	/* The segments before the first scan; each but SOI has a length. */
	while (at < len && len - at >= 4 && jpeg[at] == 0xff) {
		if (jpeg[at + 1] == 0xff) { /* fill byte */
			at++;
			continue;
		}
		if (jpeg[at + 1] == 0xda)
			break;
		n = (size_t)jpeg[at + 2] << 8 | jpeg[at + 3];
		if (n < 2 || n > len - at - 2)
			break;
		if (jpeg[at + 1] == 0xe1 && n >= 8 && memcmp(jpeg + at + 4, "Exif\0", 6) == 0)
			return tiff_orientation(jpeg + at + 10, n - 8);
		at += 2 + n;
	}
	return 1;
}

int lep_image_turn(const struct lep_image *in, int orientation, struct lep_image *out,
	struct lep_error *e)
{
	/* Which end of the stored row and column the upright picture starts from. */
	static const struct {
		char swap, right, bottom;
	} turns[9] = {
		[2] = {0, 1, 0}, [3] = {0, 1, 1}, [4] = {0, 0, 1}, [5] = {1, 0, 0},
		[6] = {1, 0, 1}, [7] = {1, 1, 1}, [8] = {1, 1, 0},
	};
	int swap = turns[orientation].swap, c = in->channels;
	int64_t w = in->width, h = in->height;
	int64_t across = turns[orientation].right ? -c : c;
	int64_t down = turns[orientation].bottom ? -w * c : w * c;
	int64_t step = swap ? down : across, line = swap ? across : down;
	const uint8_t *from = in->pixels;
	uint8_t *to;
	int rc;

	rc = lep_image_reserve(out, swap ? h : w, swap ? w : h, c, e);
	if (rc)
		return rc;
	if (turns[orientation].right)
		from += (w - 1) * c;
	if (turns[orientation].bottom)
		from += (h - 1) * w * c;
	to = out->pixels;
	for (int64_t y = 0; y < out->height; y++) {
		for (int64_t x = 0; x < out->width; x++, to += c) {
			const uint8_t *p = from + y * line + x * step;

			to[0] = p[0];
			if (c == 3) {
				to[1] = p[1];
				to[2] = p[2];
			}
		}
	}
	return 0;
}
