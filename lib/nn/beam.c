#include "nn/beam.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/math.h"
#include "base/stop.h"
#include "nn/stepper.h"

/* An id and what stands before it. */
struct node {
	size_t before;        /* 0: nothing */
	int32_t id;
};

/* A sequence under way. */
struct path {
	size_t sample, slot, node;
	double sum;
};

/* A path and an id. */
struct step {
	size_t path;          /* number in the list; those of a sample with the best first */
	int32_t id;
	double sum;
};

struct best {
	size_t node;
	double score;
	int found, done, failed;  /* done: it ended in <end> */
};

struct lep_beam {
	struct lep_net *net;
	struct lep_beam_options o;
	size_t made, samples, classes;
	struct lep_exec *x;
	struct lep_stepper *st;
	size_t steps;             /* that the stepper has room for */
	struct node *node;
	size_t nnode, node_room;
	struct path *path, *next; /* under way, by sample; the continued ones */
	size_t npath, nnext;
	struct step *step;        /* of one sample */
	lep_real *row;            /* logarithms of one path's ids */
	struct best *best;        /* by sample */
	size_t *left;             /* by sample: paths that may be under way */
	size_t *source, *from;    /* by slot */
	unsigned char *taken;     /* by slot */
	int32_t *ids;             /* of lep_beam_ids */
	size_t ids_room;
};

int lep_beam_new(struct lep_beam **out, struct lep_net *n, size_t made, size_t samples,
	const struct lep_beam_options *o, struct lep_error *e)
{
	struct lep_beam *b = lep_alloc(1, sizeof(*b));
	size_t slots = samples * o->width;
	int rc = 0;

	*out = NULL;
	if (!b)
		return lep_fail_nomem(e, 0);
	b->net = n;
	b->o = *o;
	b->made = made;
	b->samples = samples;
	b->classes = lep_net_output(n, NULL);
	b->path = lep_alloc(slots, sizeof(*b->path));
	b->next = lep_alloc(slots, sizeof(*b->next));
	b->step = lep_alloc(o->width * o->width, sizeof(*b->step));
	b->row = lep_alloc(b->classes, sizeof(*b->row));
	b->best = lep_alloc(samples, sizeof(*b->best));
	b->left = lep_alloc(samples, sizeof(*b->left));
	b->source = lep_alloc(slots, sizeof(*b->source));
	b->from = lep_alloc(slots, sizeof(*b->from));
	b->taken = lep_alloc(slots, 1);
	if (!b->path || !b->next || !b->step || !b->row || !b->best || !b->left || !b->source || !b->from || !b->taken)
		rc = lep_fail_nomem(e, 0);
	if (rc == 0)
		rc = lep_exec_new(&b->x, n, slots, 0, 1, e);
	if (rc) {
		lep_beam_free(b);
		return rc;
	}
	*out = b;
	return 0;
}

void lep_beam_free(struct lep_beam *b)
{
	if (!b)
		return;
	lep_stepper_free(b->st);
	lep_exec_free(b->x);
	lep_free(b->node);
	lep_free(b->path);
	lep_free(b->next);
	lep_free(b->step);
	lep_free(b->row);
	lep_free(b->best);
	lep_free(b->left);
	lep_free(b->source);
	lep_free(b->from);
	lep_free(b->taken);
	lep_free(b->ids);
	lep_free(b);
}

struct lep_exec *lep_beam_exec(struct lep_beam *b)
{
	return b->x;
}

/* The number of a new node, 0 if there is no memory. */
static size_t add_node(struct lep_beam *b, size_t before, int32_t id)
{
	if (b->nnode == b->node_room) {
		size_t room = b->node_room ? 2 * b->node_room : 1024;
		struct node *node = lep_grow(b->node, b->nnode * sizeof(*node), room, sizeof(*node));

		if (!node)
			return 0;
		b->node = node;
		b->node_room = room;
	}
	b->node[b->nnode] = (struct node){.before = before, .id = id};
	return b->nnode++;
}

/* Put a continuation among those of a sample, the best first; at most `most` of them. */
static void offer(struct step *list, size_t *n, size_t most, const struct step *one)
{
	size_t i = *n;

	if (i == most && !(one->sum > list[i - 1].sum))
		return;
	i = i < most ? (*n)++ : i - 1;
	/* Those that came before stay before their equals. */
	for (; i > 0 && one->sum > list[i - 1].sum; i--)
		list[i] = list[i - 1];
	list[i] = *one;
}

/* The best continuations of the paths first..end - 1, those of one sample; each has a
 * row, that of its slot. 0: the output is not finite. */
static size_t continue_sample(struct lep_beam *b, size_t first, size_t end)
{
	size_t n = 0, most = b->left[b->path[first].sample];

	for (size_t p = first; p < end; p++) {
		const lep_real *logits = lep_exec_logits(b->x) + b->path[p].slot * b->classes;

		b->x->k->log_softmax(b->row, logits, 1, b->classes, b->classes);
		if (!isfinite(b->row[0]))
			return 0;
		for (size_t i = 0; i < b->classes; i++) {
			struct step one = {.path = p, .id = (int32_t)i, .sum = b->path[p].sum + (double)b->row[i]};

			if ((n < most || one.sum > b->step[n - 1].sum) && one.id != b->o.unknown)
				offer(b->step, &n, most, &one);
		}
	}
	return n;
}

/* n^penalty */
static double norm(const struct lep_beam *b, size_t n)
{
	return lep_exp(b->o.penalty * lep_log((double)n));
}

/* What the continuations of a sample, whose paths now have `length` ids, become. */
static int sort_out(struct lep_beam *b, size_t sample, size_t nstep, size_t length, size_t most, struct lep_error *e)
{
	struct best *best = &b->best[sample];

	for (size_t i = 0; i < nstep; i++) {
		const struct step *s = &b->step[i];
		size_t node = b->path[s->path].node;
		int is_end = s->id == b->o.end, last = !is_end && length == most;
		double score = s->sum / norm(b, length);

		if (!is_end && !(node = add_node(b, node, s->id)))
			return lep_fail_nomem(e, 0);
		if (is_end)
			b->left[sample]--;
		if (is_end ? !best->done || score > best->score : last && !best->found)
			*best = (struct best){.node = node, .score = score, .found = 1, .done = is_end};
		if (!is_end && !last) {
			b->next[b->nnext++] = (struct path){.sample = sample, .slot = b->path[s->path].slot, .node = node,
				.sum = s->sum};
		}
	}
	/* Logarithms only fall, and the longest has the largest divisor. */
	while (best->done && b->nnext && b->next[b->nnext - 1].sample == sample &&
		b->next[b->nnext - 1].sum / norm(b, most) < best->score)
		b->nnext--;
	return 0;
}

/* Slots 0..nnext - 1 for the continued paths: one goes on where it stands, if it can. */
static void place(struct lep_beam *b)
{
	size_t count = b->nnext > b->npath ? b->nnext : b->npath, free = 0;

	memset(b->taken, 0, count);
	for (size_t s = 0; s < count; s++)
		b->from[s] = s;
	for (size_t i = 0; i < b->nnext; i++) {
		struct path *p = &b->next[i];

		if (p->slot < b->nnext && !b->taken[p->slot])
			b->taken[p->slot] = 1;
		else
			p->slot += b->x->capacity; /* its own is another's: below */
	}
	for (size_t i = 0; i < b->nnext; i++) {
		struct path *p = &b->next[i];

		if (p->slot >= b->x->capacity) {
			while (b->taken[free])
				free++;
			b->taken[free] = 1;
			b->from[free] = p->slot - b->x->capacity;
			p->slot = free;
		}
		b->source[p->slot] = p->sample;
	}
	lep_stepper_take(b->st, b->from, count);
}

/* One id more of all paths. */
static int advance(struct lep_beam *b, size_t length, const size_t *most, struct lep_error *e)
{
	size_t *lengths = lep_exec_lengths(b->x, b->made), end, n;
	int32_t *ids;
	int rc;

	for (size_t i = 0; i < b->npath; i++)
		lengths[i] = 1;
	rc = lep_stepper_reserve(b->st, b->npath, e);
	if (rc)
		return rc;
	ids = lep_exec_input_ids(b->x, b->made);
	for (size_t i = 0; i < b->npath; i++)
		ids[b->path[i].slot] = b->path[i].node ? b->node[b->path[i].node].id : b->o.end;
	lep_stepper_run(b->st, b->npath, b->source);
	b->nnext = 0;
	for (size_t i = 0; i < b->npath && rc == 0; i = end) {
		size_t sample = b->path[i].sample;

		for (end = i; end < b->npath && b->path[end].sample == sample; end++)
			;
		n = continue_sample(b, i, end);
		if (n)
			rc = sort_out(b, sample, n, length, most[sample], e);
		else
			b->best[sample].failed = 1;
	}
	return rc;
}

static int make_stepper(struct lep_beam *b, size_t steps, struct lep_error *e)
{
	size_t longest = lep_net_input(b->net, b->made)->longest;

	if (steps <= b->steps)
		return 0;
	/* Room for longer ones, so that it is seldom made anew. */
	steps += steps / 2;
	if (longest && steps > longest)
		steps = longest;
	lep_stepper_free(b->st);
	b->steps = 0;
	if (lep_stepper_new(&b->st, b->x, b->made, steps, e))
		return e->status;
	b->steps = steps;
	return 0;
}

int lep_beam_run(struct lep_beam *b, size_t samples, const size_t *most, struct lep_error *e)
{
	struct path *path;
	size_t longest = 0;
	int rc;

	for (size_t s = 0; s < samples; s++)
		longest = most[s] > longest ? most[s] : longest;
	rc = make_stepper(b, longest, e);
	if (rc == 0)
		rc = lep_stepper_start(b->st, samples, e);
	b->nnode = b->npath = 0;
	/* Node 0 stands for nothing. */
	(void)add_node(b, 0, -1);
	if (rc == 0 && !b->nnode)
		rc = lep_fail_nomem(e, 0);
	for (size_t s = 0; s < samples && rc == 0; s++) {
		b->best[s] = (struct best){0};
		b->left[s] = b->o.width;
		if (!most[s])
			continue;
		b->source[b->npath] = s;
		b->path[b->npath] = (struct path){.sample = s, .slot = b->npath};
		b->npath++;
	}
	for (size_t length = 1; b->npath && rc == 0; length++) {
		rc = lep_stop_check(e);
		if (rc == 0)
			rc = advance(b, length, most, e);
		if (rc || !b->nnext)
			break;
		place(b);
		path = b->path;
		b->path = b->next;
		b->next = path;
		b->npath = b->nnext;
	}
	return rc;
}

int lep_beam_is_cut(const struct lep_beam *b, size_t s)
{
	return b->best[s].found && !b->best[s].done;
}

const int32_t *lep_beam_ids(struct lep_beam *b, size_t s, size_t *n, double *score)
{
	size_t node = b->best[s].node;

	*n = 0;
	*score = b->best[s].score;
	for (size_t i = node; i; i = b->node[i].before)
		++*n;
	if (b->best[s].failed)
		return NULL;
	if (*n >= b->ids_room) {
		lep_free(b->ids);
		b->ids_room = 2 * *n + 64;
		b->ids = lep_alloc(b->ids_room, sizeof(*b->ids));
		if (!b->ids) {
			b->ids_room = 0;
			return NULL;
		}
	}
	for (size_t i = *n; i > 0; i--, node = b->node[node].before)
		b->ids[i - 1] = b->node[node].id;
	return b->ids;
}
