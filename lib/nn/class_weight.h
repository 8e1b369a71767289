/* Weights of classes, as lep-train's --class-weight says them. */
#ifndef LEP_NN_CLASS_WEIGHT_H
#define LEP_NN_CLASS_WEIGHT_H

#include "stream/reader.h"

/*
 * "CLASS=W,CLASS=W,..." (others weigh 1; a comma in a name is written \,) or
 * "balanced": records / (classes x records of the class), from all of d. field
 * is the target, with a table. *out is one weight a class; caller frees.
 */
int lep_class_weight(double **out, const char *text, struct lep_dataset *d, int field, struct lep_error *e) LEP_MUST_USE;

#endif
