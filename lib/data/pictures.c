/*
 * From samples to pictures: groups of samples are read, decoded by all threads,
 * and handed on. Of input that never has to be waited for, one group is read and
 * another handed on while a third is decoded.
 */
#include "data/pictures.h"

#include <stdio.h>
#include <string.h>

#include "base/stop.h"
#include "base/thread.h"

#define GROUP_MAX 1024                    /* samples in a group */
#define GROUP_FIRST 16                    /* while the size of a picture is not known */
#define GROUP_BYTES ((size_t)1 << 20)     /* of files in a group, and of pixels */

struct result {
	int status;
	char *cause;
};

struct group {
	struct lep_buf arena;
	struct lep_sample sample[GROUP_MAX];
	struct result result[GROUP_MAX];
	size_t n, done;                   /* [0, done) were handed on */
	unsigned char *pixels;
	size_t room;
};

struct worker {
	struct lep_decoder *decoder;
	struct lep_image decoded, resized;
	struct lep_buf file;
};

struct run {
	struct lep_pictures *p;
	struct lep_threads *threads;
	struct worker *worker;
	size_t nworker;
	struct group group[3];
	struct group *fill, *decode, *hand; /* NULL: nothing to do */
	size_t block;                     /* samples a task */
	size_t bytes;                     /* of one picture; 0 while it is not known */
	float lut[3][256];
	int ended;
	int fill_status, hand_status;
	struct lep_error fill_error, hand_error;
};

/* "mnist.tar: train/3/17.png: cause"; e holds the cause. */
static int at_sample(const struct group *g, const struct lep_sample *s, struct lep_error *e)
{
	const char *text = g->arena.data;

	if (s->place)
		return lep_fail_at(e, "%s: %s", s->place, text + s->key);
	return lep_fail_at(e, "%s", text + (s->has_path ? s->path : s->key));
}

/* The sample's own pixels, as many channels as it has or as asked for. */
static int open_picture(struct run *r, struct worker *w, const struct group *g, const struct lep_sample *s,
	struct lep_error *e)
{
	const struct lep_recipe *recipe = &r->p->recipe;
	struct lep_decode_options options = {
		.channels = r->p->same_gray ? 0 : recipe->channels,
		.background = {recipe->background[0], recipe->background[1], recipe->background[2]},
	};
	const char *data = g->arena.data + s->data;
	size_t len = s->len;
	int status;

	if (s->bad)
		return lep_fail(e, LEP_ERR_DATA, "%s", g->arena.data + s->cause);
	if (s->width) {
		int channels = options.channels ? options.channels : s->channels;
		const unsigned char *from = (const unsigned char *)data;
		size_t n = (size_t)(s->width * s->height);

		status = lep_image_reserve(&w->decoded, s->width, s->height, channels, e);
		if (status)
			return status;
		if (channels == s->channels)
			memcpy(w->decoded.pixels, from, s->len);
		else if (channels == 1)
			for (size_t i = 0; i < n; i++)
				w->decoded.pixels[i] = lep_gray(from[3 * i], from[3 * i + 1], from[3 * i + 2]);
		else
			for (size_t i = 0; i < 3 * n; i++)
				w->decoded.pixels[i] = from[i / 3];
		return 0;
	}
	if (s->has_path) {
		status = lep_sample_read(g->arena.data + s->path, &w->file, e);
		if (status)
			return status;
		data = w->file.data;
		len = w->file.len;
	}
	if (!r->p->same_size && recipe->width) {
		options.target_width = recipe->width;
		options.target_height = recipe->height;
	}
	return lep_decoder_run(w->decoder, &w->decoded, data, len, &options, e);
}

static void store(const struct run *r, unsigned char *to, const unsigned char *pixels)
{
	size_t n = (size_t)r->p->recipe.width * (size_t)r->p->recipe.height;
	size_t channels = (size_t)r->p->recipe.channels;
	float *f = (float *)(void *)to;

	if (!r->p->as_float) {
		memcpy(to, pixels, n * channels);
		return;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < channels; c++)
			f[i * channels + c] = r->lut[c][pixels[i * channels + c]];
}

static int decode_sample(struct run *r, struct worker *w, const struct group *g, const struct lep_sample *s,
	unsigned char *to, struct lep_error *e)
{
	const struct lep_recipe *recipe = &r->p->recipe;
	struct lep_image *im = &w->decoded;
	int status = open_picture(r, w, g, s, e);

	if (status)
		return status;
	if (im->channels != recipe->channels)
		return lep_fail(e, LEP_ERR_DATA, "in colour, where the first picture is gray (--gray or --rgb settles it)");
	if (im->width != recipe->width || im->height != recipe->height) {
		if (r->p->same_size)
			return lep_fail(e, LEP_ERR_DATA, "%lldx%lld pixels, where the first picture has %dx%d (--size resizes)",
				(long long)im->width, (long long)im->height, recipe->width, recipe->height);
		status = lep_image_resize(im, recipe->width, recipe->height, recipe->fit, recipe->background,
			&w->resized, e);
		if (status)
			return status;
		im = &w->resized;
	}
	lep_image_flip(im, r->p->flip);
	store(r, to, im->pixels);
	return 0;
}

static void decode_task(struct run *r, size_t task, struct worker *w)
{
	struct group *g = r->decode;
	size_t from = g->done + task * r->block, end = from + r->block;

	for (size_t i = from; i < end && i < g->n; i++) {
		struct lep_error e;

		g->result[i].status = decode_sample(r, w, g, &g->sample[i], g->pixels + i * r->bytes, &e);
		if (g->result[i].status)
			g->result[i].cause = lep_strdup(e.text);
	}
}

/* What the first good picture settles; before any other is decoded. */
static int settle(struct run *r, struct group *g, struct lep_error *e)
{
	struct lep_recipe *recipe = &r->p->recipe;
	struct worker *w = &r->worker[0];

	for (size_t i = g->done; i < g->n && (!recipe->width || !recipe->channels); i++) {
		struct lep_error cause;
		int status = open_picture(r, w, g, &g->sample[i], &cause);

		if (status && r->p->first_must_be_good) {
			*e = cause;
			lep_fail_at(e, "no size or colour is given, and the first picture cannot tell them");
			return at_sample(g, &g->sample[i], e);
		}
		if (status)
			continue;
		if (!recipe->width) {
			if (w->decoded.width > LEP_PICTURE_SIDE_MAX || w->decoded.height > LEP_PICTURE_SIDE_MAX) {
				lep_fail(e, LEP_ERR_DATA, "larger than %d pixels a side: give a --size", LEP_PICTURE_SIDE_MAX);
				return at_sample(g, &g->sample[i], e);
			}
			recipe->width = (int)w->decoded.width;
			recipe->height = (int)w->decoded.height;
			r->p->same_size = 1;
		}
		if (!recipe->channels) {
			recipe->channels = w->decoded.channels;
			r->p->same_gray = recipe->channels == 1;
		}
	}
	return 0;
}

/* Room for the group's pixels. Where nothing is settled there is no good
 * picture in it; each of them is decoded for its cause. */
static int make_room(struct run *r, struct group *g, struct lep_error *e)
{
	const struct lep_recipe *recipe = &r->p->recipe;
	size_t bytes, need;

	if (recipe->width && recipe->channels && !r->bytes) {
		r->bytes = (size_t)recipe->width * (size_t)recipe->height * (size_t)recipe->channels *
			(r->p->as_float ? sizeof(float) : 1);
		for (int c = 0; c < recipe->channels; c++)
			lep_recipe_lut(recipe, c, r->lut[c]);
	}
	bytes = r->bytes;
	if (lep_mul_overflow(bytes, g->n, &need))
		return lep_fail_nomem(e, 0);
	if (need <= g->room)
		return 0;
	lep_free(g->pixels);
	g->room = 0;
	g->pixels = lep_alloc(need, 1);
	if (!g->pixels)
		return lep_fail_nomem(e, (double)need);
	g->room = need;
	return 0;
}

static void clear(struct group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		lep_free(g->result[i].cause);
		g->result[i] = (struct result){0};
	}
	lep_buf_clear(&g->arena);
	g->n = g->done = 0;
}

/* Read samples until the group is full or the input ends. */
static void fill(struct run *r, struct group *g)
{
	size_t most = GROUP_FIRST;

	if (r->bytes) {
		most = GROUP_BYTES / r->bytes;
		most = most < r->nworker ? r->nworker : most;
		most = most < GROUP_MAX ? most : GROUP_MAX;
	}
	while (g->n < most && (g->arena.len < GROUP_BYTES || g->n < r->nworker)) {
		int status = lep_samples_next(r->p->samples, &g->arena, &g->sample[g->n], 0, &r->fill_error);

		if (status <= 0) {
			r->fill_status = status;
			r->ended = 1;
			return;
		}
		g->n++;
	}
	r->fill_status = lep_stop_check(&r->fill_error);
	r->ended = r->fill_status < 0;
}

static void hand(struct run *r, struct group *g)
{
	struct lep_error *e = &r->hand_error;

	for (; g->done < g->n; g->done++) {
		const struct lep_sample *s = &g->sample[g->done];
		const struct result *result = &g->result[g->done];
		const char *cause = NULL;

		if (result->status) {
			cause = result->cause ? result->cause : "out of memory";
			/* What is no fault of the sample is no bad sample. */
			if (result->status == LEP_ERR_NOMEM || result->status == LEP_ERR_USAGE) {
				lep_fail(e, result->status, "%s", cause);
				r->hand_status = at_sample(g, s, e);
				return;
			}
		}
		r->hand_status = r->p->sink(r->p->ctx, &g->arena, s, cause ? NULL : g->pixels + g->done * r->bytes, cause, e);
		if (r->hand_status < 0)
			return;
	}
}

static void task(void *ctx, int number, int thread)
{
	struct run *r = ctx;

	if (number == 0 && r->fill)
		fill(r, r->fill);
	else if (number == 1 && r->hand)
		hand(r, r->hand);
	else if (number > 1)
		decode_task(r, (size_t)number - 2, &r->worker[thread]);
}

/* Decode r->decode, and meanwhile what else there is. */
static int round_of(struct run *r, struct lep_error *e)
{
	size_t n = r->decode ? r->decode->n - r->decode->done : 0;
	int status = n ? settle(r, r->decode, e) : 0;

	if (!status && n)
		status = make_room(r, r->decode, e);
	if (status)
		return status;
	r->block = n / (r->nworker * 8) + 1;
	lep_threads_run(r->threads, (int)(2 + (n + r->block - 1) / r->block), task, r);
	if (r->hand_status < 0) {
		if (e)
			*e = r->hand_error;
		return r->hand_status;
	}
	return 0;
}

/* The samples that have arrived leave before the rest is waited for. */
static int before_wait(void *ctx, struct lep_error *e)
{
	struct run *r = ctx;
	struct group *g = &r->group[0];
	int status;

	if (g->done < g->n) {
		r->decode = g;
		r->fill = r->hand = NULL;
		status = round_of(r, e);
		if (status)
			return status;
		hand(r, g);
		if (r->hand_status < 0) {
			if (e)
				*e = r->hand_error;
			return r->hand_status;
		}
	}
	return r->p->flush ? r->p->flush(r->p->ctx, e) : 0;
}

/* Input that may have to be waited for: one group at a time. */
static int run_waiting(struct run *r, struct lep_error *e)
{
	struct group *g = &r->group[0];
	int status;

	lep_samples_on_wait(r->p->samples, before_wait, r);
	while (!r->ended) {
		clear(g);
		fill(r, g);
		if (g->done == g->n)
			continue;
		r->decode = g;
		r->fill = r->hand = NULL;
		status = round_of(r, e);
		if (status)
			return status;
		hand(r, g);
		if (r->hand_status < 0) {
			if (e)
				*e = r->hand_error;
			return r->hand_status;
		}
	}
	return 0;
}

static int run_ahead(struct run *r, struct lep_error *e)
{
	struct group *next = &r->group[0], *now = &r->group[1], *last = &r->group[2];

	fill(r, now);
	while (now->n || last->n) {
		struct group *g = last;
		int status;

		clear(next);
		r->fill = r->ended ? NULL : next;
		r->decode = now;
		r->hand = last->n ? last : NULL;
		status = round_of(r, e);
		if (status)
			return status;
		last = now;
		now = next;
		next = g;
	}
	return 0;
}

static void release(struct run *r)
{
	for (size_t i = 0; i < 3; i++) {
		clear(&r->group[i]);
		lep_buf_release(&r->group[i].arena);
		lep_free(r->group[i].pixels);
	}
	for (size_t i = 0; r->worker && i < r->nworker; i++) {
		lep_decoder_free(r->worker[i].decoder);
		lep_image_release(&r->worker[i].decoded);
		lep_image_release(&r->worker[i].resized);
		lep_buf_release(&r->worker[i].file);
	}
	lep_free(r->worker);
	lep_threads_free(r->threads);
	lep_free(r);
}

int lep_pictures_run(struct lep_pictures *p, struct lep_error *e)
{
	struct run *r = lep_alloc(1, sizeof(*r));
	int status;

	if (!r)
		return lep_fail_nomem(e, 0);
	r->p = p;
	status = lep_threads_new(&r->threads, p->threads, e);
	if (status) {
		release(r);
		return status;
	}
	r->nworker = (size_t)lep_threads_count(r->threads);
	r->worker = lep_alloc(r->nworker, sizeof(*r->worker));
	for (size_t i = 0; r->worker && i < r->nworker; i++) {
		r->worker[i].decoder = lep_decoder_new();
		if (!r->worker[i].decoder)
			status = LEP_ERR_NOMEM;
	}
	if (!r->worker || status)
		status = lep_fail_nomem(e, 0);
	else
		status = lep_samples_wait(p->samples) ? run_waiting(r, e) : run_ahead(r, e);
	if (!status && r->fill_status < 0) {
		status = r->fill_status;
		if (e)
			*e = r->fill_error;
	}
	lep_samples_on_wait(p->samples, NULL, NULL);
	release(r);
	return status;
}
