/*
 * Pictures to a tensor stream: what lep-preprocess does, from samples to END.
 *
 * Fields: `image` (input; u8 or f32; height width channels; a picture's recipe)
 * and, where there are classes, `label` (target; i32; the table of classes,
 * sorted by bytes; -1 for a sample without one).
 */
#ifndef LEP_DATA_PREPARE_H
#define LEP_DATA_PREPARE_H

#include "base/output.h"
#include "data/image.h"
#include "data/recipe.h"
#include "data/sample.h"
#include "stream/head.h"

enum lep_prepare_bad { LEP_PREPARE_FAIL, LEP_PREPARE_SKIP, LEP_PREPARE_KEEP };
enum lep_prepare_unknown { LEP_UNKNOWN_FAIL, LEP_UNKNOWN_SKIP, LEP_UNKNOWN_NONE };

struct lep_prepare {
	struct lep_samples *samples;   /* opened with `twice` if lep_prepare_twice says so */
	struct lep_output *out;
	int threads;
	/* Channels and width may be 0: those of the first picture. */
	struct lep_recipe recipe;
	int measure;                   /* scale by mean and deviation of these pictures */
	enum lep_flip flip;            /* of each picture, when it is prepared */
	int as_float;
	const char *image_name, *label_name; /* NULL: "image", "label" */
	int no_labels;                 /* classes are not looked at */
	int label_elsewhere;           /* none either, where the first sample has none of classes */
	struct lep_table *classes;     /* borrowed; NULL: gathered from the samples */
	const char *classes_from;      /* where they come from, for messages */
	enum lep_prepare_unknown unknown; /* a class that is not in classes */
	enum lep_prepare_bad bad;
	size_t pack;                   /* records a frame; 0: 1 */
	const char *provenance;        /* a line for HEAD, or NULL */
	const char *program;           /* stands before the cause in ABORT */

	/* A sample that was left out, "place: cause"; NULL: nobody asks. */
	void (*note)(void *ctx, const char *text);
	/* Pictures so far; may be NULL. */
	void (*progress)(void *ctx, uint64_t done);
	void *ctx;

	/* What came of it: */
	uint64_t records, unlabelled, bad_records, skipped_bad, skipped_unknown;
	size_t nclass;
};

/* Whether the samples are read more than once. */
int lep_prepare_twice(const struct lep_prepare *p);

/* The whole stream, END included; after a failure ABORT with its cause. The
 * output is not committed. */
int lep_prepare_run(struct lep_prepare *p, struct lep_error *e) LEP_MUST_USE;

/* A sorted table of the names in list ("A,B,C"), or of the lines of a file.
 * Caller frees. LEP_ERR_USAGE for an empty name, or one that comes twice. */
int lep_prepare_classes(struct lep_table **out, const char *list, const char *path, struct lep_error *e) LEP_MUST_USE;

/*
 * Take recipe, dtype, names and classes of p from the first picture field, or
 * that of p->image_name, and
 * the target of a model or stream (--like); `path` names it in errors. Where it
 * has other inputs, too, the class may be theirs (label_elsewhere). The
 * table goes to p->classes with a reference of its own, which the caller frees; names are
 * borrowed from head.
 */
int lep_prepare_like(struct lep_prepare *p, const struct lep_head *head, const char *path, struct lep_error *e) LEP_MUST_USE;

/* Whether a model or stream has a field prepared from pictures. */
int lep_prepare_is_like(const struct lep_head *head);

#endif
