/* x softmax(y W + b) with given weights: reading them, shapes, the product. */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "data/npy.h"
#include "nn/combine_step.h"
#include "stream/reader.h"

/* ---- weights ---- */

static int is_npy(const char *path)
{
	unsigned char first[LEP_NPY_MAGIC_LEN];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), is = 0;

	if (fd < 0)
		return 0;
	if (lseek(fd, 0, SEEK_CUR) == 0)
		is = read(fd, first, sizeof(first)) == (ssize_t)sizeof(first) && lep_npy_is(first, sizeof(first));
	close(fd);
	return is;
}

static int all_finite(const lep_real *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return 0;
	return 1;
}

/* n numbers of any type as reals; the caller frees. */
static lep_real *reals(enum lep_dtype t, const void *data, size_t n)
{
	lep_real *v = lep_alloc(n, sizeof(*v));

	for (size_t i = 0; v && i < n; i++) {
		double one;

		lep_to_f64(&one, t, (const unsigned char *)data + i * lep_dtype_size(t), 1);
		v[i] = (lep_real)one;
	}
	return v;
}

/* W, where it has two axes. */
static int set_w(struct lep_gate *g, enum lep_dtype t, const struct lep_shape *shape, const void *data,
	struct lep_error *e)
{
	if (shape->rank != 2 || shape->extent[0] < 1 || shape->extent[1] < 1 || t == LEP_TEXT)
		return lep_fail(e, LEP_ERR_DATA, "the weights are no matrix of inputs x outputs");
	g->inputs = (size_t)shape->extent[0];
	g->outputs = (size_t)shape->extent[1];
	g->w = reals(t, data, g->inputs * g->outputs);
	return g->w ? 0 : lep_fail_nomem(e, 0);
}

static int set_b(struct lep_gate *g, enum lep_dtype t, const struct lep_shape *shape, const void *data,
	struct lep_error *e)
{
	if (shape->rank != 1 || shape->extent[0] != (int64_t)g->outputs || t == LEP_TEXT)
		return lep_fail(e, LEP_ERR_DATA, "the bias is no vector of %zu, as wide as the weights", g->outputs);
	g->b = reals(t, data, g->outputs);
	return g->b ? 0 : lep_fail_nomem(e, 0);
}

static int load_npy(struct lep_gate *g, const char *path, struct lep_error *e)
{
	struct lep_npy npy;
	int rc = lep_npy_load(&npy, path, e);

	if (rc)
		return rc;
	rc = set_w(g, npy.dtype, &npy.shape, npy.data, e);
	lep_npy_release(&npy);
	return rc ? lep_fail_at(e, "%s", path) : 0;
}

static int load_bias(struct lep_gate *g, const char *path, struct lep_error *e)
{
	struct lep_npy npy;
	int rc = lep_npy_load(&npy, path, e);

	if (rc)
		return rc;
	rc = set_b(g, npy.dtype, &npy.shape, npy.data, e);
	lep_npy_release(&npy);
	return rc ? lep_fail_at(e, "%s", path) : 0;
}

/* The layer that is meant where none is named: the only one of the layers `gate` and
 * `fuse gate` (of the other kinds of fuse none has a `w`). */
static int find_gate(const struct lep_head *h, struct lep_error *e)
{
	int found = -1;

	for (size_t f = 0; f < h->nfield; f++) {
		const char *name = h->field[f].name, *dot = strrchr(name, '.');
		const char *kind = dot;

		/* "repeat1.gate1.w": the part before the last is the layer's. */
		while (kind && kind > name && kind[-1] != '.')
			kind--;
		if (!dot || strcmp(dot, ".w") != 0 || (strncmp(kind, "gate", 4) != 0 && strncmp(kind, "fuse", 4) != 0))
			continue;
		if (found >= 0)
			return lep_fail(e, LEP_ERR_USAGE, "'%s' and '%s' could be meant: choose one with --layer",
				h->field[found].name, name);
		found = (int)f;
	}
	return found >= 0 ? found : lep_fail(e, LEP_ERR_USAGE, "no layer gate: name the one to take with --layer");
}

/* The fields of the weights and (or -1) the bias. */
static int find_layer(const struct lep_head *h, const char *layer, int *w, int *b, struct lep_error *e)
{
	struct lep_buf name = {0};

	if (layer) {
		lep_buf_addf(&name, "%s.w", layer);
		*w = name.failed ? -1 : lep_head_find(h, name.data);
		if (*w < 0)
			lep_fail(e, LEP_ERR_USAGE, "no field '%.*s.w'", LEP_NAME_MAX, layer);
	} else {
		*w = find_gate(h, e);
		lep_buf_adds(&name, *w < 0 ? "" : h->field[*w].name);
	}
	*b = -1;
	if (*w >= 0 && !name.failed) {
		name.data[name.len - 1] = 'b';
		*b = lep_head_find(h, name.data);
	}
	lep_buf_release(&name);
	return *w < 0 ? e->status : 0;
}

static int load_stream(struct lep_gate *g, const char *path, const char *layer, struct lep_error *e)
{
	struct lep_reader *reader;
	struct lep_frame frame;
	int rc = lep_reader_open(&reader, path, NULL, e), w, b;
	const struct lep_head *h;
	struct lep_shape shape;
	const void *data;

	if (rc)
		return rc;
	h = lep_reader_head(reader);
	rc = find_layer(h, layer, &w, &b, e);
	if (rc)
		lep_fail_at(e, "%s", lep_reader_name(reader));
	if (!rc)
		rc = lep_reader_next(reader, &frame, e);
	else
		rc = e->status;
	if (rc == 0)
		rc = lep_fail(e, LEP_ERR_DATA, "%s: no record to take weights from", lep_reader_name(reader));
	if (rc > 0) {
		data = lep_frame_value(h, &frame, (size_t)w, 0, NULL, &shape);
		rc = set_w(g, h->field[w].dtype, &shape, data, e);
		if (!rc && b >= 0) {
			data = lep_frame_value(h, &frame, (size_t)b, 0, NULL, &shape);
			rc = set_b(g, h->field[b].dtype, &shape, data, e);
		}
		if (rc)
			lep_fail_at(e, "%s: '%s'", lep_reader_name(reader), h->field[w].name);
	}
	/* A model is whole or nothing: the end is looked at. */
	while (!rc && (rc = lep_reader_next(reader, &frame, e)) > 0)
		rc = 0;
	lep_reader_close(reader);
	return rc;
}

int lep_gate_load(struct lep_gate *g, const char *path, const char *layer, const char *bias, struct lep_error *e)
{
	int npy = is_npy(path), rc;

	*g = (struct lep_gate){.name = path};
	if (npy && layer)
		return lep_fail(e, LEP_ERR_USAGE, "%s: an array has no layers: no --layer", path);
	if (!npy && bias)
		return lep_fail(e, LEP_ERR_USAGE, "%s: is no array, and holds its own bias: no --bias", path);
	rc = npy ? load_npy(g, path, e) : load_stream(g, path, layer, e);
	if (!rc && bias)
		rc = load_bias(g, bias, e);
	if (!rc && !g->b) {
		g->b = lep_alloc(g->outputs, sizeof(*g->b));
		rc = g->b ? 0 : lep_fail_nomem(e, 0);
	}
	if (!rc && !all_finite(g->w, g->inputs * g->outputs))
		rc = lep_fail(e, LEP_ERR_DATA, "%s: a weight is not a finite number", path);
	if (!rc && !all_finite(g->b, g->outputs))
		rc = lep_fail(e, LEP_ERR_DATA, "%s: a bias is not a finite number", bias ? bias : path);
	if (rc)
		lep_gate_release(g);
	return rc;
}

void lep_gate_release(struct lep_gate *g)
{
	lep_free(g->w);
	lep_free(g->b);
	*g = (struct lep_gate){0};
}

/* ---- shapes ---- */

int lep_combine_gate_fits(const struct lep_combine_step *s, const struct lep_head *head, struct lep_error *e)
{
	size_t want[2];

	if (!s->gate)
		return lep_fail(e, LEP_ERR_USAGE, "no weights for a gate");
	want[0] = s->gate->outputs;
	want[1] = s->gate->inputs;
	for (int i = 0; i < 2; i++) {
		const struct lep_field *f = &head->field[s->field[i]];
		char text[LEP_SHAPE_TEXT_MAX];

		if (f->shape.rank == 0)
			return lep_fail(e, LEP_ERR_DATA, "field '%s' is one number, not a vector or rows", f->name);
		if (i == 0 && want[0] == 1)
			continue;
		if (f->shape.extent[f->shape.rank - 1] != (int64_t)want[i])
			return lep_fail(e, LEP_ERR_DATA, "field '%s' (%s): rows of %zu are needed, for the weights of '%s' are %zu x %zu",
				f->name, lep_shape_text(text, &f->shape, "x"), want[i], s->gate->name, s->gate->inputs,
				s->gate->outputs);
	}
	return 0;
}

int lep_combine_gate_shape(const struct lep_combine_step *s, const struct lep_shape *in, struct lep_shape *out)
{
	const struct lep_shape *x = &in[0], *y = &in[1];

	*out = *x;
	if (y->rank < 2)
		return 0;
	if (x->rank < 2) {
		*out = *y;
		out->extent[out->rank - 1] = x->extent[0];
		return 0;
	}
	if (x->rank != y->rank)
		return 1;
	for (int d = 0; d + 1 < x->rank; d++) {
		if (out->extent[d] == LEP_VARIES)
			out->extent[d] = y->extent[d];
		else if (y->extent[d] != LEP_VARIES && y->extent[d] != x->extent[d])
			return 1;
	}
	(void)s;
	return 0;
}

/* ---- the product ---- */

static size_t rows_of(const struct lep_combine_value *v)
{
	size_t width = (size_t)v->shape.extent[v->shape.rank - 1];

	return width ? (size_t)v->count / width : 0;
}

int lep_combine_gate_room(struct lep_combine_step *s, const struct lep_combine_value *in, struct lep_error *e)
{
	size_t need, gates = rows_of(&in[1]);

	if (__builtin_mul_overflow(gates, s->gate->outputs, &need) ||
		__builtin_add_overflow(need, (size_t)in[0].count, &need) ||
		__builtin_add_overflow(need, (size_t)in[1].count, &need))
		return lep_fail_nomem(e, 0);
	if (need <= s->scratch_room && s->scratch)
		return 0;
	lep_free(s->scratch);
	s->scratch_room = 0;
	s->scratch = lep_alloc(need, sizeof(*s->scratch));
	if (!s->scratch)
		return lep_fail_nomem(e, (double)need * sizeof(*s->scratch));
	s->scratch_room = need;
	return 0;
}

static void load_reals(const struct lep_combine_step *s, size_t f, const struct lep_combine_value *v, lep_real *to)
{
	double part[LEP_COMBINE_PART];

	for (size_t at = 0, n; at < (size_t)v->count; at += n) {
		n = (size_t)v->count - at < LEP_COMBINE_PART ? (size_t)v->count - at : LEP_COMBINE_PART;
		lep_combine_load(s, f, v, at, part, n);
		for (size_t i = 0; i < n; i++)
			to[at + i] = (lep_real)part[i];
	}
}

void lep_combine_gate_fill(struct lep_combine_step *s, const struct lep_combine_value *in,
	struct lep_combine_sink *sink)
{
	const struct lep_gate *g = s->gate;
	size_t n = g->outputs, xrows = rows_of(&in[0]), yrows = rows_of(&in[1]);
	size_t width = (size_t)in[0].shape.extent[in[0].shape.rank - 1];
	size_t rows = in[0].shape.rank > 1 ? xrows : yrows;
	lep_real *x = s->scratch, *y = x + in[0].count, *gate = y + in[1].count;
	const ptrdiff_t off[1] = {0};
	const struct lep_gemm product = {
		.m = yrows, .a = y, .lda = g->inputs, .nseg = 1, .off = off, .len = g->inputs, .step = 1,
		.b = g->w, .ldb = n, .n = n, .c = gate, .ldc = n, .bias = g->b,
	};

	load_reals(s, 0, &in[0], x);
	load_reals(s, 1, &in[1], y);
	if (yrows) {
		s->k->gemm(&product);
		s->k->softmax_forward(gate, gate, yrows, n, n);
	}
	for (size_t r = 0; r < rows; r++) {
		float *to = (float *)(void *)(sink->to + r * width * sizeof(float));
		const lep_real *row = x + (in[0].shape.rank > 1 ? r : 0) * width;
		const lep_real *by = gate + (in[1].shape.rank > 1 ? r : 0) * n;

		if (n == 1)
			s->k->scale(to, by[0], row, width);
		else
			s->k->mul(to, row, by, n);
	}
}
