/*
 * What the files of the dataset share. Two ways lead to one: a mapped file is
 * found out about from its end (dataset_map.c), anything else is read and kept
 * (dataset_store.c); from there on a frame is bytes at an offset (dataset.c).
 */
#ifndef LEP_STREAM_DATASET_H
#define LEP_STREAM_DATASET_H

#include <pthread.h>
#include <stdatomic.h>

#include "stream/agree.h"
#include "stream/reader.h"
#include "stream/wire.h"

struct lep_source;
struct lep_store;

/* A run of frames under one HEAD of a mapped file. */
struct lep_part {
	uint64_t start, end;     /* bytes in the file */
	size_t first_frame;
	uint64_t first_record;
	uint64_t records;
	uint64_t index;          /* offset of its last INDEX in the segment, 0: none */
	uint32_t head_crc;
	struct lep_id_map *maps;
};

struct lep_parsed;               /* a frame laid out, made at first use */
struct lep_parsed_room;          /* where they lie, many together */

struct lep_dataset {
	char *name;
	struct lep_head head;
	const unsigned char *base;
	uint64_t count;          /* records */
	size_t frames;
	uint64_t *first;         /* frames + 1: number of each one's first record */
	uint64_t *offset;        /* of each in base */
	size_t capacity;         /* of both, less one */
	_Atomic(struct lep_parsed *) *parsed;
	pthread_mutex_t lock;    /* of: */
	struct lep_parsed_room *room;
	atomic_size_t looked_at; /* which stretch of the mapped file was found whole, + 1 */
	struct lep_source *source; /* of a mapped file, else NULL */
	size_t nparts;
	struct lep_part *part;
	struct lep_store *store; /* of anything else, else NULL */
};

/* One frame more, of n records. */
int lep_dataset_push(struct lep_dataset *d, uint64_t offset, uint64_t n, struct lep_error *e) LEP_MUST_USE;

/* Find the segments and frames of d->source, all of it mapped. */
int lep_dataset_map(struct lep_dataset *d, struct lep_error *e) LEP_MUST_USE;

/* Read all of r into a store of d. spill: a file for what is over the limit
 * (taken), -1: one is made when it is needed. */
int lep_dataset_keep(struct lep_dataset *d, struct lep_reader *r, size_t limit, int spill,
	struct lep_error *e) LEP_MUST_USE;
void lep_store_free(struct lep_store *s);

/* A reader of a source, which it takes, also when it fails. */
int lep_reader_open_source(struct lep_reader **out, struct lep_source *source,
	const struct lep_reader_options *options, struct lep_error *e) LEP_MUST_USE;

/* The frame lep_reader_next gave, as it came: header and payload, whose ids are
 * not mapped yet. */
const unsigned char *lep_reader_raw(const struct lep_reader *r, struct lep_wire *w,
	const struct lep_id_map **maps);

#endif
