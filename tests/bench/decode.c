/*
 * The bare libraries at lep-preprocess's work: all pictures of a tar archive
 * that lies in memory, through libpng or
 * libjpeg-turbo, as few calls as they allow, on all processors; nothing is made
 * of the pixels.
 */
#include "bench.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jpeglib.h> /* wants stdio.h first */
#include <png.h>

#include "base/thread.h"

enum { SIDE_MAX = 256, ROW_MAX = SIDE_MAX * 8 };

struct picture {
	const unsigned char *data;
	size_t len;
};

/* ---- libpng ---- */

struct png_bytes {
	const unsigned char *p, *end;
};

static void png_read(png_structp png, png_bytep to, png_size_t n)
{
	struct png_bytes *b = png_get_io_ptr(png);

	if ((size_t)(b->end - b->p) < n)
		png_error(png, "short");
	memcpy(to, b->p, n);
	b->p += n;
}

static int decode_png(const struct picture *in)
{
	unsigned char row[ROW_MAX];
	struct png_bytes b = {in->data, in->data + in->len};
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png ? png_create_info_struct(png) : NULL;

	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_read_struct(&png, &info, NULL);
		return -1;
	}
	png_set_read_fn(png, &b, png_read);
	png_read_info(png, info);
	if (png_get_rowbytes(png, info) > ROW_MAX)
		png_error(png, "wide");
	for (unsigned y = 0; y < png_get_image_height(png, info); y++)
		png_read_row(png, row, NULL);
	png_destroy_read_struct(&png, &info, NULL);
	return 0;
}

/* ---- libjpeg ---- */

struct jpeg_fail {
	struct jpeg_error_mgr mgr;
	jmp_buf out;
};

static void jpeg_fail(j_common_ptr c)
{
	longjmp(((struct jpeg_fail *)(void *)c->err)->out, 1);
}

/* One decoder a thread, as the library wants it for many pictures. */
static int decode_jpeg(struct jpeg_decompress_struct *c, const struct picture *in)
{
	unsigned char row[ROW_MAX];
	JSAMPROW rows[1] = {row};
	struct jpeg_fail fail;

	c->err = jpeg_std_error(&fail.mgr);
	fail.mgr.error_exit = jpeg_fail;
	if (setjmp(fail.out)) {
		jpeg_abort_decompress(c);
		return -1;
	}
	jpeg_mem_src(c, in->data, in->len);
	jpeg_read_header(c, TRUE);
	if (c->image_width > SIDE_MAX)
		return -1;
	jpeg_start_decompress(c);
	while (c->output_scanline < c->output_height)
		jpeg_read_scanlines(c, rows, 1);
	jpeg_finish_decompress(c);
	return 0;
}

/* ---- the archive ---- */

static uint64_t octal(const unsigned char *p, size_t n)
{
	uint64_t x = 0;

	for (; n > 0 && *p >= '0' && *p <= '7'; n--, p++)
		x = x * 8 + (uint64_t)(*p - '0');
	return x;
}

/* Pictures of a plain ustar archive, for whose soundness the caller stands. */
static size_t list(const unsigned char *tar, size_t len, struct picture *to)
{
	size_t n = 0, at = 0;

	while (at + 512 <= len && tar[at]) {
		const size_t size = octal(tar + at + 124, 12);

		if (size > len - at - 512)
			bench_die("decode: the archive is cut short");
		if ((tar[at + 156] == '0' || tar[at + 156] == 0) && size > 8) {
			if (to)
				to[n] = (struct picture){tar + at + 512, size};
			n++;
		}
		at += 512 + (size + 511) / 512 * 512;
	}
	return n;
}

struct work {
	const struct picture *picture;
	size_t n, threads;
	size_t failed[64];
};

static void decode_part(void *ctx, int task, int thread)
{
	struct work *w = ctx;
	struct jpeg_decompress_struct c;
	struct jpeg_error_mgr err;
	size_t failed = 0;

	(void)thread;
	c.err = jpeg_std_error(&err);
	jpeg_create_decompress(&c);
	for (size_t i = w->n * (size_t)task / w->threads; i < w->n * ((size_t)task + 1) / w->threads; i++) {
		const struct picture *p = w->picture + i;

		failed += (p->data[0] == 0xff ? decode_jpeg(&c, p) : decode_png(p)) != 0;
	}
	c.err = jpeg_std_error(&err);
	jpeg_destroy_decompress(&c);
	w->failed[task] = failed;
}

static const unsigned char *load(const char *path, size_t *len)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
		bench_die("decode: %s: cannot be read", path);
	*len = (size_t)st.st_size;
	p = mmap(NULL, *len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		bench_die("decode: %s: cannot be mapped", path);
	return p;
}

int bench_decode(int argc, char **argv)
{
	struct work w = {0};
	struct lep_threads *pool = NULL;
	struct picture *pictures;
	const unsigned char *tar;
	double start;
	size_t len;

	if (argc != 2)
		bench_die("decode: an archive, please");
	tar = load(argv[1], &len);
	w.n = list(tar, len, NULL);
	w.picture = pictures = bench_alloc(w.n + 1, sizeof(*pictures));
	list(tar, len, pictures);
	if (lep_threads_new(&pool, 0, NULL))
		bench_die("cannot start threads");
	w.threads = (size_t)lep_threads_count(pool) < 64 ? (size_t)lep_threads_count(pool) : 64;
	start = bench_now();
	lep_threads_run(pool, (int)w.threads, decode_part, &w);
	printf("%.5g\n", (double)w.n / (bench_now() - start));
	for (size_t i = 0; i < w.threads; i++)
		if (w.failed[i])
			bench_die("decode: %s: pictures that cannot be read", argv[1]);
	lep_threads_free(pool);
	return 0;
}
