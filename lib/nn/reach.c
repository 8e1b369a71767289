#include "nn/reach.h"

#define NO_ROWS 56

size_t lep_reach_base(const struct lep_feed *f, const struct lep_head *data, const struct lep_frame *frame, size_t at)
{
	size_t longest = 0, rows;
	int varies = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (!f->input[i].varies || f->input[i].shift == LEP_SHIFT_END)
			continue;
		varies = 1;
		rows = lep_feed_rows(f, i, data, frame, at, NULL);
		longest = rows > longest ? rows : longest;
	}
	return 2 * (varies ? longest : NO_ROWS);
}
