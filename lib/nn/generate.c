#include "nn/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/math.h"
#include "base/random.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "data/tokens.h"
#include "nn/stepper.h"

/* Ids of a prompt that go through at once. */
enum { CHUNK = 256 };

struct choice {
	int32_t id;
	lep_real logit;
	double weight;        /* before it is divided by their sum */
};

struct lep_generator {
	const struct lep_model *m;
	struct lep_generate_options o;
	const struct lep_field *field;
	struct lep_text_recipe recipe;
	int32_t end, unknown;     /* -1: none */
	size_t context;           /* the most ids the network sees; 0: any number */
	size_t steps;             /* that the stepper has room for */
	struct lep_exec *x;
	struct lep_stepper *st;
	int32_t *ids;             /* the whole text */
	size_t n, room, made;
	size_t from, fed;         /* the network has read ids[from..fed) */
	struct choice *choice;    /* by id, then sorted */
	struct lep_buf text;      /* made, and not yet given out */
};

void lep_text_of(const struct lep_field *f, struct lep_text_recipe *recipe)
{
	if (!lep_field_has_text(f, recipe))
		*recipe = (struct lep_text_recipe){.tokens = LEP_TOKENS_WORDS, .rules = LEP_TEXT_RULES};
}

int32_t lep_text_unknown(const struct lep_table *t, const struct lep_text_recipe *recipe)
{
	if (recipe->tokens != LEP_TOKENS_CHARS && recipe->tokens != LEP_TOKENS_WORDS)
		return -1;
	return (int32_t)lep_table_find(t, LEP_TOKEN_UNKNOWN, strlen(LEP_TOKEN_UNKNOWN));
}

void lep_text_mend(struct lep_buf *out, const char *text, size_t len)
{
	while (len) {
		size_t n = lep_utf8_valid(text, len);

		lep_buf_add(out, text, n);
		text += n;
		len -= n;
		if (!len)
			break;
		lep_buf_adds(out, "\xef\xbf\xbd");
		text++;
		len--;
	}
}

int lep_generator_new(struct lep_generator **out, const struct lep_model *m, const struct lep_generate_options *o,
	struct lep_error *e)
{
	const struct lep_net_input *in = lep_net_input(m->net, 0);
	struct lep_generator *g;
	int rc;

	*out = NULL;
	if (lep_net_aim(m->net) != LEP_AIM_NEXT)
		return lep_fail(e, LEP_ERR_USAGE, "%s: no language model: it did not learn a text's next ids", m->name);
	if (lep_net_inputs(m->net) != 1 || in->shift != LEP_SHIFT_NEXT)
		return lep_fail(e, LEP_ERR_USAGE, "%s: reads more than the text that it learnt", m->name);
	rc = lep_net_check_aim(m->net, e);
	if (rc)
		return lep_fail_at(e, "%s", m->name);
	g = lep_alloc(1, sizeof(*g));
	if (!g)
		return lep_fail_nomem(e, 0);
	g->m = m;
	g->o = *o;
	g->field = &m->head.expect[lep_net_target(m->net)];
	lep_text_of(g->field, &g->recipe);
	g->end = (int32_t)lep_table_find(g->field->table, LEP_TOKEN_END, strlen(LEP_TOKEN_END));
	g->unknown = lep_text_unknown(g->field->table, &g->recipe);
	g->context = in->longest;
	if (o->context && (!g->context || o->context < g->context))
		g->context = o->context;
	g->choice = lep_alloc(g->field->table->n, sizeof(*g->choice));
	rc = g->choice ? lep_exec_new(&g->x, m->net, 1, 0, 1, e) : lep_fail_nomem(e, 0);
	if (rc) {
		lep_generator_free(g);
		return rc;
	}
	*out = g;
	return 0;
}

void lep_generator_free(struct lep_generator *g)
{
	if (!g)
		return;
	lep_stepper_free(g->st);
	lep_exec_free(g->x);
	lep_free(g->ids);
	lep_free(g->choice);
	lep_buf_release(&g->text);
	lep_free(g);
}

int lep_generator_encode(const struct lep_generator *g, const char *text, size_t len, struct lep_buf *out,
	uint64_t *unknown, struct lep_error *e)
{
	struct lep_text_recipe recipe;
	struct lep_encoder *enc;
	int rc;

	if (!lep_field_has_text(g->field, &recipe))
		return lep_fail(e, LEP_ERR_DATA, "%s: field '%s' has no recipe to make ids of a text by", g->m->name,
			g->field->name);
	/* It goes on: nothing is cut off behind, and it does not end. */
	recipe.truncate = recipe.end = 0;
	rc = lep_encoder_new(&enc, &recipe, g->field->table, e);
	if (rc)
		return lep_fail_at(e, "%s: field '%s'", g->m->name, g->field->name);
	rc = lep_encoder_run(enc, text, len, out, e);
	*unknown = lep_encoder_counts(enc).unknowns;
	lep_encoder_free(enc);
	return rc;
}

/* Where the network begins to read for id n of a text. */
static size_t window_start(const struct lep_generator *g, size_t n)
{
	size_t half = g->context - g->context / 2;

	return g->context && n > g->context ? (n - g->context + half - 1) / half * half : 0;
}

/* A stepper with room for a text of so many ids. */
static int make_stepper(struct lep_generator *g, size_t ids, struct lep_error *e)
{
	size_t steps = g->context && g->context < ids ? g->context : ids;

	if (steps <= g->steps)
		return 0;
	lep_stepper_free(g->st);
	g->steps = 0;
	if (lep_stepper_new(&g->st, g->x, 0, steps, e))
		return lep_fail_at(e, "%s", g->m->name);
	g->steps = steps;
	return 0;
}

int lep_generator_start(struct lep_generator *g, const void *ids, size_t n, struct lep_error *e)
{
	const unsigned char *p = ids;

	if (n && g->end >= 0 && (int32_t)lep_get32(p + 4 * (n - 1)) == g->end)
		n--;
	if (!n)
		return lep_fail(e, LEP_ERR_DATA, "an empty text: the model needs something to go on from");
	if (g->o.length > SIZE_MAX / 8 - n)
		return lep_fail_nomem(e, 0);
	if (g->room < n + 1) {
		lep_free(g->ids);
		g->room = 0;
		g->ids = lep_alloc(n + 256, sizeof(*g->ids));
		if (!g->ids)
			return lep_fail_nomem(e, (double)n * sizeof(*g->ids));
		g->room = n + 256;
	}
	for (size_t i = 0; i < n; i++) {
		g->ids[i] = (int32_t)lep_get32(p + 4 * i);
		if (g->ids[i] < 0 || (size_t)g->ids[i] >= g->field->table->n)
			return lep_fail(e, LEP_ERR_DATA, "an id outside its table");
	}
	g->n = n;
	g->made = 0;
	lep_buf_clear(&g->text);
	g->from = g->fed = SIZE_MAX; /* nothing is read so far */
	/* The last id that is made is never read. */
	return make_stepper(g, n + (g->o.length ? g->o.length - 1 : 0), e);
}

/* What is not yet read goes through; the logits of the last row. */
static int read_on(struct lep_generator *g, const lep_real **logits, struct lep_error *e)
{
	size_t from = window_start(g, g->n), rows = 0;
	int rc = 0;

	if (from != g->from) {
		g->from = g->fed = from;
		rc = lep_stepper_start(g->st, 1, e);
	}
	while (rc == 0 && g->fed < g->n) {
		rows = g->n - g->fed < CHUNK ? g->n - g->fed : CHUNK;
		lep_exec_lengths(g->x, 0)[0] = rows;
		rc = lep_stepper_reserve(g->st, 1, e);
		if (rc)
			break;
		memcpy(lep_exec_input_ids(g->x, 0), g->ids + g->fed, rows * sizeof(*g->ids));
		lep_stepper_run(g->st, 1, NULL);
		g->fed += rows;
	}
	if (rc)
		g->from = SIZE_MAX;
	else
		*logits = lep_exec_logits(g->x) + (rows - 1) * g->field->table->n;
	return rc;
}

static int by_logit(const void *a, const void *b)
{
	const struct choice *p = a, *q = b;

	if (p->logit != q->logit)
		return p->logit > q->logit ? -1 : 1;
	return p->id < q->id ? -1 : p->id > q->id;
}

/* All ids but <unknown>, with the most probable first; how many, 0 where a logit is not finite. */
static size_t list_choices(struct lep_generator *g, const lep_real *logits)
{
	size_t n = 0, best = 0;

	for (size_t i = 0; i < g->field->table->n; i++) {
		if (!isfinite(logits[i]))
			return 0;
		if ((int32_t)i == g->unknown)
			continue;
		g->choice[n] = (struct choice){.id = (int32_t)i, .logit = logits[i]};
		if (logits[i] > g->choice[best].logit)
			best = n;
		n++;
	}
	if (n && g->o.temperature > 0)
		qsort(g->choice, n, sizeof(*g->choice), by_logit);
	else if (n)
		g->choice[0] = g->choice[best];
	return n;
}

/* The next id, or -1. */
static int32_t draw(struct lep_generator *g, const lep_real *logits)
{
	size_t n = list_choices(g, logits), kept = 0;
	double sum = 0, part = 0, u;
	uint32_t word[4];

	if (!n)
		return -1;
	if (!(g->o.temperature > 0))
		return g->choice[0].id;
	if (g->o.top_k && n > g->o.top_k)
		n = g->o.top_k;
	for (size_t i = 0; i < n; i++) {
		struct choice *c = &g->choice[i];

		c->weight = lep_exp(((double)c->logit - (double)g->choice[0].logit) / g->o.temperature);
		sum += c->weight;
	}
	if (g->o.top_p < 1) {
		while (kept < n && part < g->o.top_p * sum)
			part += g->choice[kept++].weight;
		n = kept;
		sum = part;
	}
	lep_random_block(word, g->o.seed, LEP_RANDOM_GENERATE, 0, g->n);
	u = ((double)word[0] * 2097152 + (double)(word[1] >> 11)) / 9007199254740992.0;
	part = 0;
	for (size_t i = 0; i + 1 < n; i++) {
		part += g->choice[i].weight;
		if (part > u * sum)
			return g->choice[i].id;
	}
	return g->choice[n - 1].id;
}

/* How much of the text at its end may be the beginning of the stop text. */
static size_t held_back(const struct lep_buf *text, const char *stop)
{
	size_t n = stop ? strlen(stop) : 0;

	n = n > text->len ? text->len : n;
	while (n && memcmp(text->data + text->len - n, stop, n) != 0)
		n--;
	return n;
}

/* Bytes at the start of text that no byte behind can change: a character that is
 * not there as a whole waits. */
static size_t whole_characters(const char *text, size_t n)
{
	size_t i = 0, bytes;

	while (i < n) {
		bytes = lep_utf8_sequence(text + i, n - i);
		if (!bytes && n - i < 4)
			break;
		i += bytes ? bytes : 1;
	}
	return i;
}

/* Give out what is sure of the text that waits; all of it where this is the end. */
static int give(struct lep_generator *g, struct lep_buf *out, int last)
{
	const char *stop = g->o.stop;
	const char *at = stop && g->text.len ? memmem(g->text.data, g->text.len, stop, strlen(stop)) : NULL;
	size_t n = g->text.len, whole;

	if (at) {
		n = (size_t)(at - g->text.data);
		last = 1;
	} else if (!last) {
		n -= held_back(&g->text, stop);
	}
	if (last) {
		lep_text_mend(out, n ? g->text.data : "", n);
		lep_buf_clear(&g->text);
		return 0;
	}
	whole = whole_characters(g->text.data, n);
	if (whole) {
		lep_text_mend(out, g->text.data, whole);
		memmove(g->text.data, g->text.data + whole, g->text.len - whole);
		g->text.len -= whole;
	}
	return 1;
}

static int append(struct lep_generator *g, int32_t id, struct lep_error *e)
{
	unsigned char bytes[4];
	int32_t *more;

	if (g->n == g->room) {
		more = lep_grow(g->ids, g->n * sizeof(*g->ids), 2 * g->room, sizeof(*g->ids));
		if (!more)
			return lep_fail_nomem(e, (double)g->room * 2 * sizeof(*g->ids));
		g->ids = more;
		g->room *= 2;
	}
	lep_put32(bytes, (uint32_t)id);
	lep_text_decode(&g->text, &g->recipe, g->field->table, bytes, 1, g->ids[g->n - 1]);
	g->ids[g->n++] = id;
	g->made++;
	return g->text.failed ? lep_fail_nomem(e, 0) : 0;
}

int lep_generator_next(struct lep_generator *g, struct lep_buf *out, struct lep_error *e)
{
	const lep_real *logits = NULL;
	int32_t id = -1;
	int rc;

	rc = lep_stop_check(e);
	if (rc == 0 && g->made < g->o.length)
		rc = read_on(g, &logits, e);
	if (rc)
		return rc;
	if (logits) {
		id = draw(g, logits);
		if (id < 0)
			return lep_fail(e, LEP_ERR_DATA, "%s: the network's output is not finite", g->m->name);
	}
	if (id < 0 || id == g->end)
		rc = give(g, out, 1);
	else if (!(rc = append(g, id, e)))
		rc = give(g, out, g->made == g->o.length);
	return out->failed ? lep_fail_nomem(e, 0) : rc;
}

const int32_t *lep_generator_ids(const struct lep_generator *g, size_t *n)
{
	*n = g->n;
	return g->ids;
}
