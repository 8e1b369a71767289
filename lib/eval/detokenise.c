/* Text from ids. */
#include "eval/detokenise.h"

#include <string.h>

#define RECIPE "text "
#define END "<end>"

int lep_field_is_text(const struct lep_field *f)
{
	if (f->dtype == LEP_TEXT)
		return 1;
	return f->dtype == LEP_I32 && f->table && f->shape.rank == 1 && f->recipe &&
		!strncmp(f->recipe, RECIPE, strlen(RECIPE));
}

static int of_words(const struct lep_field *f)
{
	const char *tokeniser = f->recipe + strlen(RECIPE);

	return strcspn(tokeniser, " ") == 5 && !memcmp(tokeniser, "words", 5);
}

void lep_detokenise(struct lep_buf *out, const struct lep_field *f, const unsigned char *ids, size_t n)
{
	int words = of_words(f), any = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t id = (int32_t)lep_get32(ids + 4 * i);

		if (id < 0 || id >= (int64_t)f->table->n || !strcmp(f->table->entry[id], END))
			continue;
		if (words && any++)
			lep_buf_addc(out, ' ');
		lep_buf_add(out, f->table->entry[id], f->table->length[id]);
	}
}
