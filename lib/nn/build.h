/* Inside of building a network; layers use lep_build_* of nn/layer.h. */
#ifndef LEP_NN_BUILD_H
#define LEP_NN_BUILD_H

#include "nn/layer.h"

struct lep_builder_nn {
	struct lep_net *net;
	const char *name;          /* of the description, for messages */
	struct lep_error *e;
	int status;
	int current;               /* value that the next line reads; -1: none yet */
	char *path;                /* "repeat1.2." */
	const struct lep_stmt *labelled; /* the statement that has its label */
	const char *label;
	int number;                /* of the next label's kind, where it was counted before; or 0 */
	const struct lep_stmt *stmt; /* the statement being built */
	size_t steps;              /* statements and rounds so far */
	int field_paths;           /* an input's block has a name that lines without one might have */
	int used_inputs;           /* an input block has been seen */
	size_t nname, name_room;
	struct {
		const char *name;
		int value;
	} *named;
	size_t nkind, kind_room;   /* counters of kinds in this scope */
	struct lep_kind_count {
		char name[32];
		int n;
		int depth;
	} *kind;
	int depth;
};

/* Bytes of a NAME =. */
#define LEP_LAYER_NAME_MAX 40

/* Statements and rounds that repeat may write out in all. */
#define LEP_STEPS_MAX 20000

/* Whether one more statement or round may be built. */
int lep_build_count_step(struct lep_builder_nn *b);
/* axis: as in struct lep_value; shape begins with LEP_VARIES where it is not -1. */
int lep_build_new_value(struct lep_builder_nn *b, const struct lep_shape *shape, int axis);
void lep_build_name_value(struct lep_builder_nn *b, int out);
/* The next number of that kind in the current scope, from 1. */
int lep_build_count_kind(struct lep_builder_nn *b, const char *kind);
/* Remember `NAME =`, or the name of a field, until the end of the block. */
int lep_build_remember(struct lep_builder_nn *b, const struct lep_stmt *s, const char *name, int value, int is_field);
/* Run fn inside a scope whose path grows by "part.". */
int lep_build_scope(struct lep_builder_nn *b, const char *part, const struct lep_block *block);
/* The value of the input of that name (NULL: the first field with role input);
 * made at first use. */
int lep_build_input(struct lep_builder_nn *b, const struct lep_stmt *s, const char *name);
/* Who needs gradients, which of them accumulate, where they lie: after building
 * and after each freezing. */
void lep_net_plan(struct lep_net *n);
/* One statement, whatever it is. */
int lep_build_stmt(struct lep_builder_nn *b, const struct lep_stmt *s);

#endif
