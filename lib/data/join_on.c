/* The value of a record that is looked up: its key, or a field of one value as text. */
#include <string.h>

#include "data/join_side.h"
#include "data/values.h"
#include "stream/agree.h"

/* "it has a, b", for who misspelled a name. */
static int not_there(const struct lep_head *head, const char *field, const char *name, struct lep_error *e)
{
	struct lep_buf names = {0};

	for (size_t f = 0; f < head->nfield && f < 20; f++)
		lep_buf_addf(&names, "%s%.80s", f ? ", " : "", head->field[f].name);
	lep_fail(e, LEP_ERR_USAGE, "%s: no field '%s' to join on: it has %s%s", name, field,
		names.len ? names.data : "none", head->nfield > 20 ? ", ..." : "");
	lep_buf_release(&names);
	return LEP_ERR_USAGE;
}

int lep_join_on_init(struct lep_join_on *on, const struct lep_head *head, const char *field, const char *name,
	struct lep_error *e)
{
	char text[LEP_SHAPE_TEXT_MAX];
	const struct lep_field *f;

	*on = (struct lep_join_on){.field = -1};
	if (!field)
		return 0;
	on->field = lep_head_find(head, field);
	if (on->field < 0)
		return not_there(head, field, name, e);
	f = &head->field[on->field];
	if (f->dtype == LEP_TEXT)
		return 0;
	if (lep_shape_count(&f->shape) != 1)
		return lep_fail(e, LEP_ERR_USAGE, "%s: field '%s' cannot be joined on: its extents are '%s', not a single "
			"value", name, field, lep_shape_text(text, &f->shape, " "));
	if (!lep_dtype_is_integer(f->dtype))
		return lep_fail(e, LEP_ERR_USAGE, "%s: field '%s' cannot be joined on: it is %s, neither text nor ids nor "
			"whole numbers", name, field, lep_dtype_name(f->dtype));
	return 0;
}

const char *lep_join_on_value(struct lep_join_on *on, const struct lep_head *head, const struct lep_frame *frame,
	size_t i, size_t *len)
{
	const struct lep_entry *entry = &frame->entry[i];
	const struct lep_field *f;
	const void *value;

	if (on->field < 0) {
		*len = entry->key_len;
		return *len ? entry->key : "";
	}
	f = &head->field[on->field];
	value = lep_frame_value(head, frame, (size_t)on->field, i, len, NULL);
	if (f->dtype == LEP_TEXT)
		return *len ? value : "";
	if (lep_field_has_ids(f)) {
		*len = 0;
		return lep_value_id(f, value, len);
	}
	lep_buf_clear(&on->text);
	lep_value_text(&on->text, f->dtype, value);
	*len = on->text.len;
	return on->text.data;
}
