/*
 * Vocabularies: counted over texts, or taken from a file.
 */
#ifndef LEP_DATA_VOCABULARY_H
#define LEP_DATA_VOCABULARY_H

#include "data/tokens.h"

struct lep_vocabulary_options {
	size_t most;       /* entries of the table, <unknown> and <end> included; 0: 8000 of bpe, else any number */
	uint64_t least;    /* how often an entry must occur; 0: twice for bpe, else once */
	int end;           /* with <end> */
};
#define LEP_BPE_ENTRIES 8000

/* LEP_ERR_USAGE where `most` has no room for what every table of the kind has. */
int lep_vocabulary_check(const struct lep_text_recipe *recipe, const struct lep_vocabulary_options *o,
	struct lep_error *e) LEP_MUST_USE;

struct lep_vocabulary;

int lep_vocabulary_new(struct lep_vocabulary **out, const struct lep_text_recipe *recipe, struct lep_error *e) LEP_MUST_USE;
void lep_vocabulary_free(struct lep_vocabulary *v);

/* LEP_ERR_DATA with the cause alone for bytes that the recipe refuses: nothing of
 * the text is counted then. */
int lep_vocabulary_add(struct lep_vocabulary *v, const char *text, size_t len, struct lep_error *e) LEP_MUST_USE;

/* The table; caller frees. LEP_ERR_USAGE as above, LEP_ERR_DATA where there is no
 * entry beyond what every table has. Ties
 * of frequency go by bytes, the lower first. */
int lep_vocabulary_table(struct lep_vocabulary *v, const struct lep_vocabulary_options *o, struct lep_table **out,
	struct lep_error *e) LEP_MUST_USE;

/*
 * The vocabulary of the first field of text in a model or stream, or the lines of
 * a file, one entry a line, spelled as in HEAD (lep-tensor(5)): `\\`, `\n`,
 * `\xNN`. <unknown> is put first and <end> last where they lack and are needed.
 * LEP_ERR_DATA for an empty line, or an entry that comes twice.
 */
int lep_vocabulary_load(struct lep_table **out, const char *path, const struct lep_text_recipe *recipe, int end,
	struct lep_error *e) LEP_MUST_USE;

/* Entries as HEAD spells them, a line each: what lep_vocabulary_load reads. */
void lep_vocabulary_format(struct lep_buf *out, const struct lep_table *t);

#endif
