/*
 * Samples of pictures, one behind another, wherever they are: folders, tar
 * archives, picture files, IDX files, lists of names, manifests. What an
 * operand is, its content says. Nothing is decoded here.
 *
 * Keys are paths in the folder or archive, names as given (both without a
 * leading "./"), or the number in an IDX file. The class of a sample is the
 * last folder of its key, the label of its row in a manifest, or its number in
 * an IDX file of labels; it may have none.
 */
#ifndef LEP_DATA_SAMPLE_H
#define LEP_DATA_SAMPLE_H

#include "data/bytes.h"

/* Texts and bytes are offsets into the buffer given to lep_samples_next, each
 * text NUL-terminated. */
struct lep_sample {
	size_t key, key_len;
	size_t class_name, class_len;
	int has_class;
	size_t data, len;         /* the file's bytes, or pixels, where path is not set */
	size_t path;              /* the file to read, if has_path */
	int has_path;
	int64_t width, height;    /* of pixels; 0: data are a file */
	int channels;
	size_t cause;             /* why there are no data, if bad */
	int bad;
	const char *place;        /* the archive, for messages; NULL: the path says it */
};

struct lep_samples_options {
	const char *const *operand; /* "-" is standard input */
	size_t noperand;            /* none, and nothing below either: standard input */
	const char *list;           /* a file of names, one a line; NULL: none */
	int nul;                    /* names in it end in NUL instead */
	const char *manifest;       /* CSV or TSV of file and label, its first row their names */
	const char *file_column, *label_column; /* NULL: "file" and "label" if the
	                             * first row has them, else the first two columns */
	const char *labels;         /* the IDX file of labels; NULL: the operand behind the pictures */
	int twice;                  /* lep_samples_rewind will be called: spool what waits */
	size_t spool_limit;
	int spill_fd;               /* as for lep_bytes_spool */
};

struct lep_samples;

/* The options are borrowed until close. A file that is not there is an error
 * here; what waits is read here to its end, if it is needed twice. */
int lep_samples_open(struct lep_samples **out, const struct lep_samples_options *o, struct lep_error *e) LEP_MUST_USE;
void lep_samples_close(struct lep_samples *s);

/* Whether the input may have to be waited for. */
int lep_samples_wait(const struct lep_samples *s);
void lep_samples_on_wait(struct lep_samples *s, lep_wait_fn *fn, void *ctx);

/* The next sample, its texts and bytes appended to arena: 1, 0 at the end,
 * negative. With `names_only` neither data nor path are set. */
int lep_samples_next(struct lep_samples *s, struct lep_buf *arena, struct lep_sample *out, int names_only,
	struct lep_error *e) LEP_MUST_USE;
int lep_samples_rewind(struct lep_samples *s, struct lep_error *e) LEP_MUST_USE;

/* All bytes of a picture's file, into out (cleared first). A FIFO or device is
 * not waited for but refused. The error is the cause alone. */
int lep_sample_read(const char *path, struct lep_buf *out, struct lep_error *e) LEP_MUST_USE;

/* The last folder of a path: its length, and where it begins into *at; 0: none. */
size_t lep_sample_class(const char *key, size_t len, size_t *at);

#endif
