/* The operations on tensors of one record: one table. */
#include <string.h>

#include "nn/combine_step.h"

void lep_combine_load(const struct lep_combine_step *s, size_t f, const struct lep_combine_value *v, size_t from,
	double *to, size_t n)
{
	size_t channels = v->shape.rank ? (size_t)v->shape.extent[v->shape.rank - 1] : 1, c = from % channels;

	if (!s->lut[f]) {
		lep_to_f64(to, s->dtype[f], v->data + from * lep_dtype_size(s->dtype[f]), n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		to[i] = (double)s->lut[f][c * 256 + v->data[from + i]];
		c = c + 1 == channels ? 0 : c + 1;
	}
}

void lep_combine_store(struct lep_combine_sink *sink, const double *v, size_t n)
{
	if (sink->is_double) {
		memcpy(sink->to, v, n * sizeof(*v));
		sink->to += n * sizeof(*v);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		float one = (float)v[i];

		memcpy(sink->to, &one, sizeof(one));
		sink->to += sizeof(one);
	}
}

/* ---- elementwise ---- */

static int same_shape(const struct lep_combine_step *s, const struct lep_shape *in, struct lep_shape *out)
{
	size_t first = 0;

	/* A single number meets all there is. */
	while (first + 1 < s->n && s->single[first])
		first++;
	*out = in[s->single[first] ? 0 : first];
	for (size_t i = first + 1; i < s->n; i++) {
		if (s->single[i])
			continue;
		if (in[i].rank != out->rank)
			return (int)i;
		for (int d = 0; d < out->rank; d++) {
			if (out->extent[d] == LEP_VARIES)
				out->extent[d] = in[i].extent[d];
			else if (in[i].extent[d] != LEP_VARIES && in[i].extent[d] != out->extent[d])
				return (int)i;
		}
	}
	return 0;
}

static void fill_elements(struct lep_combine_step *s, const struct lep_combine_value *in,
	struct lep_combine_sink *sink)
{
	double acc[LEP_COMBINE_PART], v[LEP_COMBINE_PART];
	size_t count = 1;

	for (size_t i = 0; i < s->n; i++)
		if (!s->single[i])
			count = (size_t)in[i].count;
	for (size_t at = 0, n; at < count; at += n) {
		n = count - at < LEP_COMBINE_PART ? count - at : LEP_COMBINE_PART;
		for (size_t f = 0; f < s->n; f++) {
			double *to = f ? v : acc;

			if (!s->single[f]) {
				lep_combine_load(s, f, &in[f], at, to, n);
			} else {
				lep_combine_load(s, f, &in[f], 0, to, 1);
				for (size_t i = 1; i < n; i++)
					to[i] = to[0];
			}
			if (f)
				s->op->take(acc, v, n, s->weight[f]);
			else if (s->op->is_weighted)
				for (size_t i = 0; i < n; i++)
					acc[i] *= s->weight[0];
		}
		if (s->op->divides)
			for (size_t i = 0; i < n; i++)
				acc[i] /= (double)s->n;
		lep_combine_store(sink, acc, n);
	}
}

static void take_sum(double *acc, const double *v, size_t n, double weight)
{
	(void)weight;
	for (size_t i = 0; i < n; i++)
		acc[i] += v[i];
}

static void take_product(double *acc, const double *v, size_t n, double weight)
{
	(void)weight;
	for (size_t i = 0; i < n; i++)
		acc[i] *= v[i];
}

/* What is no number stays, whichever field it comes from. */
static void take_max(double *acc, const double *v, size_t n, double weight)
{
	(void)weight;
	for (size_t i = 0; i < n; i++)
		acc[i] = acc[i] > v[i] || acc[i] != acc[i] ? acc[i] : v[i];
}

static void take_weighted(double *acc, const double *v, size_t n, double weight)
{
	for (size_t i = 0; i < n; i++)
		acc[i] += weight * v[i];
}

/* ---- concat ---- */

static int concat_shape(const struct lep_combine_step *s, const struct lep_shape *in, struct lep_shape *out)
{
	for (size_t i = 0; i < s->n; i++) {
		struct lep_shape one = in[i];
		int last;

		if (one.rank == 0)
			one = (struct lep_shape){1, {1}};
		last = one.rank - 1;
		if (i == 0) {
			*out = one;
			continue;
		}
		if (one.rank != out->rank)
			return (int)i;
		for (int d = 0; d < last; d++) {
			if (out->extent[d] == LEP_VARIES)
				out->extent[d] = one.extent[d];
			else if (one.extent[d] != LEP_VARIES && one.extent[d] != out->extent[d])
				return (int)i;
		}
		if (out->extent[last] == LEP_VARIES || one.extent[last] == LEP_VARIES)
			out->extent[last] = LEP_VARIES;
		else
			out->extent[last] += one.extent[last];
	}
	return 0;
}

static void fill_concat(struct lep_combine_step *s, const struct lep_combine_value *in,
	struct lep_combine_sink *sink)
{
	enum lep_dtype type = sink->is_double ? LEP_F64 : LEP_F32;
	size_t rows = 1, size = lep_dtype_size(type);
	double v[LEP_COMBINE_PART];

	for (int d = 0; d + 1 < in[0].shape.rank; d++)
		rows *= (size_t)in[0].shape.extent[d];
	for (size_t r = 0; r < rows; r++)
		for (size_t f = 0; f < s->n; f++) {
			size_t width = (size_t)in[f].count / rows;

			/* Rows may be short and many: what needs no change is copied at once. */
			if (!s->lut[f] && s->dtype[f] == type) {
				memcpy(sink->to, in[f].data + r * width * size, width * size);
				sink->to += width * size;
				continue;
			}
			for (size_t at = 0, n; at < width; at += n) {
				n = width - at < LEP_COMBINE_PART ? width - at : LEP_COMBINE_PART;
				lep_combine_load(s, f, &in[f], r * width + at, v, n);
				lep_combine_store(sink, v, n);
			}
		}
}

#define ELEMENTS .shape = same_shape, .fill = fill_elements

const struct lep_combine_op lep_combine_ops[] = {
	{.name = "concat", .verb = "joined along the last axis", .shape = concat_shape, .fill = fill_concat},
	{.name = "sum", .verb = "added", ELEMENTS, .take = take_sum},
	{.name = "mean", .verb = "averaged", ELEMENTS, .take = take_sum, .divides = 1},
	{.name = "product", .verb = "multiplied", ELEMENTS, .take = take_product},
	{.name = "max", .verb = "compared", ELEMENTS, .take = take_max},
	{.name = "weighted", .verb = "added", .is_weighted = 1, ELEMENTS, .take = take_weighted},
	{.name = "gate", .verb = "gated", .most = 2, .shape = lep_combine_gate_shape, .fill = lep_combine_gate_fill},
};
const size_t lep_combine_nops = sizeof(lep_combine_ops) / sizeof(lep_combine_ops[0]);
