/* Choosing records to be shown: fields first, then the first ones or a sample. */
#include "plot/gather.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "data/recipe.h"
#include "data/values.h"

/* One record kept. */
struct kept {
	uint64_t rank;     /* drawn, for a sample; else its place */
	uint64_t place;
	uint8_t *pixels;
	int64_t width, height;
	int channels;
	int32_t given, truth;
	double probability;
};

struct lep_gather {
	const struct lep_head *head;
	struct lep_gather_options o;
	int picture, answer, target, probability; /* fields, -1: none */
	struct lep_recipe recipe;
	size_t n;
	struct kept *kept;     /* a heap, the largest rank on top, until the end */
	struct lep_prediction *cells;
	struct lep_gather_counts counts;
};

/* ---- fields ---- */

static int is_picture(const struct lep_field *f)
{
	int rank = f->shape.rank;

	return f->dtype != LEP_TEXT && !f->table && (rank == 2 || (rank == 3 &&
		(f->shape.extent[2] == 1 || f->shape.extent[2] == 3)));
}

static int is_answer(const struct lep_field *f)
{
	return f->role == LEP_ROLE_OUTPUT && f->table && f->dtype == LEP_I32 && lep_shape_count(&f->shape) == 1;
}

static int is_target(const struct lep_field *f)
{
	return f->role == LEP_ROLE_TARGET && f->table && f->dtype == LEP_I32 && lep_shape_count(&f->shape) == 1;
}

static int is_input(const struct lep_field *f)
{
	return f->role == LEP_ROLE_INPUT && is_picture(f);
}

/* The field asked for, else the usual one, else the first that fits; -1 if there is none. */
static int pick(const struct lep_head *h, const char *name, const char *usual, const char *option,
	int (*fits)(const struct lep_field *), int (*may)(const struct lep_field *), struct lep_error *e)
{
	int at = name ? lep_head_find(h, name) : -1;

	if (name && at < 0)
		return lep_fail(e, LEP_ERR_USAGE, "%s: no field '%s'", option, name);
	if (name && !may(&h->field[at]))
		return lep_fail(e, LEP_ERR_USAGE, "%s: field '%s' is not of that kind", option, name);
	if (name)
		return at;
	at = usual ? lep_head_find(h, usual) : -1;
	if (at >= 0 && fits(&h->field[at]))
		return at;
	for (size_t i = 0; i < h->nfield; i++)
		if (fits(&h->field[i]))
			return (int)i;
	return -1;
}

static int bind(struct lep_gather *g, struct lep_error *e)
{
	const struct lep_head *h = g->head;
	int rc;

	if (h->kind != LEP_KIND_DATA)
		return lep_fail(e, LEP_ERR_DATA, "holds a %s, not data", lep_kind_name(h->kind));
	g->picture = pick(h, g->o.picture, NULL, "--picture", is_input, is_picture, e);
	if (g->picture < -1)
		return g->picture;
	if (g->picture < 0)
		return lep_fail(e, LEP_ERR_DATA, "no field of role input is a picture: height x width [x 1 or 3]");
	g->answer = pick(h, g->o.answer, "class", "--prediction", is_answer, is_answer, e);
	if (g->answer < -1)
		return g->answer;
	if (g->answer < 0)
		return lep_fail(e, LEP_ERR_DATA, "no output 'class', as lep-infer adds it");
	g->target = pick(h, g->o.target, NULL, "--target", is_target, is_target, e);
	if (g->target < -1)
		return g->target;
	if (g->target < 0 && g->o.wrong)
		return lep_fail(e, LEP_ERR_DATA, "no target field: nothing tells which are wrong");
	g->probability = lep_head_find(h, "probability");
	if (g->probability >= 0) {
		const struct lep_field *p = &h->field[g->probability];
		int64_t n = lep_shape_count(&p->shape);
		size_t classes = h->field[g->answer].table->n;

		if (!lep_dtype_is_float(p->dtype) || n < 1 || !((size_t)n == classes || (n == 1 && classes == 2)))
			g->probability = -1;
	}
	rc = lep_recipe_parse(&g->recipe, h->field[g->picture].recipe, e);
	return rc ? lep_fail_at(e, "field '%s'", h->field[g->picture].name) : 0;
}

int lep_gather_new(struct lep_gather **out, const struct lep_head *head, const struct lep_gather_options *o,
	struct lep_error *e)
{
	struct lep_gather *g = lep_alloc(1, sizeof(*g));
	int rc;

	*out = NULL;
	if (!g)
		return lep_fail_nomem(e, 0);
	g->head = head;
	g->o = *o;
	g->kept = lep_alloc(o->count, sizeof(*g->kept));
	g->cells = lep_alloc(o->count, sizeof(*g->cells));
	rc = g->kept && g->cells ? bind(g, e) : lep_fail_nomem(e, 0);
	if (rc) {
		lep_gather_free(g);
		return rc;
	}
	*out = g;
	return 0;
}

void lep_gather_free(struct lep_gather *g)
{
	if (!g)
		return;
	for (size_t i = 0; g->kept && i < g->n; i++)
		lep_free(g->kept[i].pixels);
	lep_free(g->kept);
	lep_free(g->cells);
	lep_free(g);
}

const struct lep_gather_counts *lep_gather_counts(const struct lep_gather *g)
{
	return &g->counts;
}

/* ---- one record ---- */

static const char *name_of(const struct lep_field *f, int32_t id)
{
	return id >= 0 && (size_t)id < f->table->n ? f->table->entry[id] : NULL;
}

static int32_t id_at(const struct lep_gather *g, const struct lep_frame *fr, int field, size_t i)
{
	return (int32_t)lep_get32(lep_frame_value(g->head, fr, (size_t)field, i, NULL, NULL));
}

/* That of the class given; NAN where none was. */
static double probability_at(const struct lep_gather *g, const struct lep_frame *fr, size_t i, int32_t given)
{
	const struct lep_field *f;
	const unsigned char *p;
	double v;

	if (g->probability < 0 || given < 0)
		return NAN;
	f = &g->head->field[g->probability];
	p = lep_frame_value(g->head, fr, (size_t)g->probability, i, NULL, NULL);
	if (lep_shape_count(&f->shape) > 1) {
		lep_to_f64(&v, f->dtype, p + (size_t)given * lep_dtype_size(f->dtype), 1);
		return v;
	}
	lep_to_f64(&v, f->dtype, p, 1);
	return g->head->field[g->answer].table->n == 2 && given == 0 ? 1 - v : v;
}

static uint8_t byte_of(double v)
{
	return v >= 0 ? (uint8_t)(v < 255 ? v + 0.5 : 255) : 0;
}

/* The pixels of a picture, whatever it is kept as. */
static void put_pixels(const struct lep_gather *g, uint8_t *to, const unsigned char *from, enum lep_dtype t,
	size_t n, int channels)
{
	const struct lep_recipe *r = &g->recipe;
	int scaled = r->kind == LEP_RECIPE_PICTURE && r->channels == channels;
	struct lep_stats s = {0};

	if (t == LEP_U8) {
		memcpy(to, from, n);
		return;
	}
	if (!scaled)
		lep_stats_of(&s, t, from, n);
	for (size_t i = 0; i < n; i++) {
		double v;

		lep_to_f64(&v, t, from + i * lep_dtype_size(t), 1);
		if (!scaled)
			v = s.max > s.min ? 255 * ((v - s.min) / (s.max - s.min)) : 0;
		else if (r->scale == LEP_RECIPE_SCALE_MEAN)
			v = 255 * (v * r->deviation[i % (size_t)channels] + r->mean[i % (size_t)channels]);
		else if (r->scale == LEP_RECIPE_SCALE_UNIT)
			v = 255 * v;
		to[i] = byte_of(v);
	}
}

static int keep(struct lep_gather *g, struct kept *k, const struct lep_frame *fr, size_t i, struct lep_error *e)
{
	enum lep_dtype t = g->head->field[g->picture].dtype;
	struct lep_shape shape;
	const unsigned char *from = lep_frame_value(g->head, fr, (size_t)g->picture, i, NULL, &shape);
	size_t n = (size_t)lep_shape_count(&shape);

	k->height = shape.extent[0];
	k->width = shape.extent[1];
	k->channels = shape.rank == 3 ? (int)shape.extent[2] : 1;
	k->probability = probability_at(g, fr, i, k->given);
	k->pixels = lep_alloc(n, 1);
	if (!k->pixels)
		return lep_fail_nomem(e, (double)n);
	put_pixels(g, k->pixels, from, t, n, k->channels);
	return 0;
}

/* ---- which are kept ---- */

static int before(const struct kept *a, const struct kept *b)
{
	return a->rank != b->rank ? a->rank < b->rank : a->place < b->place;
}

static void swap(struct kept *a, struct kept *b)
{
	struct kept t = *a;

	*a = *b;
	*b = t;
}

/* Restore the heap of n downwards from i. */
static void sink(struct kept *h, size_t n, size_t i)
{
	for (;;) {
		size_t c = 2 * i + 1;

		if (c + 1 < n && before(&h[c], &h[c + 1]))
			c++;
		if (c >= n || !before(&h[i], &h[c]))
			return;
		swap(&h[i], &h[c]);
		i = c;
	}
}

static int add(struct lep_gather *g, const struct lep_frame *fr, size_t i, struct lep_error *e)
{
	const struct lep_field *field = g->head->field;
	struct kept k = {.place = g->counts.records++, .truth = -1};
	const char *given, *truth = NULL;
	int wrong, rc;

	if (fr->entry[i].bad) {
		g->counts.bad++;
		return 0;
	}
	k.given = id_at(g, fr, g->answer, i);
	given = name_of(&field[g->answer], k.given);
	if (g->target >= 0) {
		k.truth = id_at(g, fr, g->target, i);
		truth = name_of(&field[g->target], k.truth);
	}
	wrong = truth && (!given || strcmp(given, truth) != 0);
	g->counts.wrong += (uint64_t)wrong;
	if (g->o.wrong && !wrong)
		return 0;
	k.rank = k.place;
	if (g->o.shuffle) {
		uint32_t word[4];

		lep_random_block(word, g->o.seed, LEP_RANDOM_SAMPLE, 0, k.place);
		k.rank = (uint64_t)word[0] << 32 | word[1];
	}
	if (g->n == g->o.count && !before(&k, &g->kept[0]))
		return 0;
	rc = keep(g, &k, fr, i, e);
	if (rc)
		return rc;
	if (g->n == g->o.count) {
		lep_free(g->kept[0].pixels);
		g->kept[0] = k;
		sink(g->kept, g->n, 0);
		return 0;
	}
	g->kept[g->n++] = k;
	for (size_t c = g->n - 1; c > 0 && before(&g->kept[(c - 1) / 2], &g->kept[c]); c = (c - 1) / 2)
		swap(&g->kept[(c - 1) / 2], &g->kept[c]);
	return 0;
}

int lep_gather_add(struct lep_gather *g, const struct lep_frame *frame, struct lep_error *e)
{
	int rc = 0;

	for (size_t i = 0; i < frame->n && rc == 0; i++)
		rc = add(g, frame, i, e);
	return rc;
}

const struct lep_prediction *lep_gather_cells(struct lep_gather *g, size_t *count)
{
	for (size_t n = g->n; n > 1; n--) {
		swap(&g->kept[0], &g->kept[n - 1]);
		sink(g->kept, n - 1, 0);
	}
	for (size_t i = 0; i < g->n; i++) {
		const struct kept *k = &g->kept[i];

		g->cells[i] = (struct lep_prediction){
			.picture = {k->pixels, k->width, k->height, k->channels},
			.predicted = name_of(&g->head->field[g->answer], k->given),
			.truth = g->target >= 0 ? name_of(&g->head->field[g->target], k->truth) : NULL,
			.probability = k->probability,
		};
	}
	*count = g->n;
	return g->cells;
}
