/*
 * Entries of a tar archive, read forward: ustar, pax (path, linkpath, size),
 * GNU long names, and the form before ustar. Two zero blocks end the archive;
 * an archive that stops before them is truncated.
 */
#ifndef LEP_DATA_TAR_H
#define LEP_DATA_TAR_H

#include "data/bytes.h"

enum lep_tar_type {
	LEP_TAR_FILE,
	LEP_TAR_FOLDER,
	LEP_TAR_LINK,    /* hard or symbolic: its bytes are elsewhere */
	LEP_TAR_SPARSE,  /* a file with holes: not read */
	LEP_TAR_DEVICE,  /* device, FIFO, and what else is no file */
	LEP_TAR_LABEL    /* a volume's label and other talk between tar programs */
};

struct lep_tar_entry {
	const char *name;   /* NUL-terminated, without a leading "./"; valid until the next entry */
	const char *link;   /* of a link: what it points to; else "" */
	enum lep_tar_type type;
	uint64_t size;
};

struct lep_tar;

/* Whether the first bytes of a file (512, or all) are those of an archive. */
int lep_tar_is(const unsigned char *p, size_t len);

/* b is borrowed. */
int lep_tar_new(struct lep_tar **out, struct lep_bytes *b, struct lep_error *e) LEP_MUST_USE;
void lep_tar_free(struct lep_tar *t);

/* The next entry: 1, or 0 at the end of the archive, or negative. What was not
 * read of the entry before is skipped. */
int lep_tar_next(struct lep_tar *t, struct lep_tar_entry *entry, struct lep_error *e) LEP_MUST_USE;
/* The entry's bytes, appended to out. Once an entry. */
int lep_tar_read(struct lep_tar *t, struct lep_buf *out, struct lep_error *e) LEP_MUST_USE;

#endif
