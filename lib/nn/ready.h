/* Ready network descriptions, compiled in. */
#ifndef LEP_NN_READY_H
#define LEP_NN_READY_H

#include <stddef.h>

struct lep_ready {
	const char *name;
	const char *summary;   /* one line for people */
	const char *text;      /* the description (lep-model(5)) */
};

/* All of them; name NULL at the end. */
extern const struct lep_ready lep_ready[];

/* NULL: none of that name. */
const struct lep_ready *lep_ready_find(const char *name);

#endif
