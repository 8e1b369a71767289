/*
 * Splitting records into parts: for validation, for lep-cat --split.
 *
 * The rule. Every record has a 64-bit hash of its key and the seed; where a key
 * comes again, of the key's hash and its how-manieth appearance. Where the first
 * target is one id of a table, records fall into classes by it (no id, -1, and
 * bad records are a class of their own, the last); else there is one class.
 * Within a class records are ordered by hash. Let c be how many records the
 * classes up to one have, and T the sum of the shares up to a part: of these c
 * records round(T c) go to the parts up to that one, and each class gives the
 * first of its order. So the whole is divided exactly, each class to within one
 * record, the order of records plays no role (but among equal keys), and a
 * record more moves few others.
 *
 * With `by`, records that agree in that field's value are one group; a field
 * name of the head, else "key" (the whole key) or "folder" (the key up to its
 * last slash). Groups are ordered by the hash of the value and are not divided:
 * a group goes where the middle one of its records would. There are no classes
 * then.
 */
#ifndef LEP_DATA_SPLIT_H
#define LEP_DATA_SPLIT_H

#include "stream/reader.h"

#define LEP_PARTS_MAX 255

/* Collects what the rule needs to know, frame by frame. */
struct lep_splitter;

/* head is borrowed until finish; by may be NULL. LEP_ERR_USAGE if by is neither
 * a field nor "key" nor "folder". */
int lep_splitter_new(struct lep_splitter **out, const struct lep_head *head, const char *by,
	uint64_t seed, struct lep_error *e) LEP_MUST_USE;
void lep_splitter_free(struct lep_splitter *s);

/* Records i to i + n - 1 of a frame. */
int lep_splitter_add(struct lep_splitter *s, const struct lep_frame *fr, size_t i, size_t n,
	struct lep_error *e) LEP_MUST_USE;

/* part[k] (caller's, one for each record added, in order) becomes 0 ..
 * nshares - 1. Shares are positive and taken relative to their sum. */
int lep_splitter_finish(struct lep_splitter *s, const double *shares, int nshares, uint8_t *part,
	struct lep_error *e) LEP_MUST_USE;

/* All of this for a data set: part has lep_dataset_count(d) entries. */
int lep_split(struct lep_dataset *d, const double *shares, int nshares, const char *by, uint64_t seed,
	uint8_t *part, struct lep_error *e) LEP_MUST_USE;

/* "90/10", "20/20/20/20/20", "0.9/0.1": between 2 and LEP_PARTS_MAX positive
 * numbers into shares; their count, or LEP_ERR_USAGE. */
int lep_shares_parse(double shares[LEP_PARTS_MAX], const char *text, struct lep_error *e) LEP_MUST_USE;

#endif
