/* Values of records in frames. */
#include "stream/frame.h"

const void *lep_frame_value(const struct lep_head *h, const struct lep_frame *fr, size_t f, size_t i,
	size_t *len, struct lep_shape *shape)
{
	const struct lep_column *col = &fr->column[f];
	const struct lep_field *field = &h->field[f];
	size_t size;

	if (shape) {
		const int64_t *extent = col->extent;

		*shape = field->shape;
		if (extent && field->dtype != LEP_TEXT) {
			extent += i * (size_t)lep_shape_varying(&field->shape);
			for (int d = 0; d < shape->rank; d++)
				if (shape->extent[d] == LEP_VARIES)
					shape->extent[d] = *extent++;
		}
	}
	if (col->offset) {
		if (len)
			*len = col->offset[i + 1] - col->offset[i];
		return col->data + col->offset[i];
	}
	size = col->bytes / fr->n;
	if (len)
		*len = size;
	return col->data + i * size;
}
