/*
 * conv: y[i][j][o] = b[o] + sum over kh, kw, c of x[i s + kh d - p][...][c] w[kh][kw][c][o].
 * Its line and its weights; layer_conv_run.c runs it.
 */
#include <string.h>

#include "nn/conv.h"

static void prepare(const struct lep_op *op, int backward_too)
{
	const struct lep_conv *a = op->attr;
	const struct lep_kernels *k = op->net->k;
	const lep_real *w = lep_weights(op, 0);

	for (size_t g = 0; g < a->groups && !a->depthwise; g++) {
		k->pack(a->packed + g * a->pack_size, w + g * a->fg, a->rows, a->fg, (ptrdiff_t)a->filters, 1);
		for (size_t t = 0; t < a->taps && backward_too; t++)
			k->pack(a->turned + (g * a->taps + t) * a->turned_size,
				w + t * a->cg * a->filters + g * a->fg, a->fg, a->cg, 1, (ptrdiff_t)a->filters);
	}
}

static void release(struct lep_op *op)
{
	struct lep_conv *a = op->attr;

	if (!a)
		return;
	lep_free(a->off);
	lep_free(a->tap);
	lep_free(a->packed);
	lep_free(a->turned);
}

/* ---- the line ---- */

struct words {
	int64_t filters, kh, kw, stride, dilation, groups, padding;
	int classes, same, whiten, has_padding, has_bias;
	enum lep_act act;
	lep_real act_param;
};

static int read_words(struct lep_builder_nn *b, const struct lep_stmt *s, int64_t channels, struct words *w)
{
	const struct {
		const char *word;
		int64_t low, high, *to;
	} options[] = {
		{"stride", 1, 1024, &w->stride},
		{"dilation", 1, 1024, &w->dilation},
		{"groups", 1, 1 << 20, &w->groups},
		{"padding", 0, 1024, &w->padding},
	};
	size_t i = 3, k;
	int rc = lep_build_units(b, s, 1, &w->filters, &w->classes);

	if (rc == 0)
		rc = lep_build_pair(b, s, 2, 1, 255, &w->kh, &w->kw);
	while (rc == 0 && i < s->nword) {
		for (k = 0; k < 4 && strcmp(options[k].word, s->word[i]) != 0; k++)
			;
		if (k < 4) {
			rc = lep_build_number(b, s, i + 1, options[k].low, options[k].high, options[k].to);
			w->has_padding |= options[k].to == &w->padding;
			i += 2;
		} else if (strcmp(s->word[i], "same") == 0) {
			w->same = 1;
			i++;
		} else if (strcmp(s->word[i], "whiten") == 0) {
			w->whiten = 1;
			i++;
		} else if (strcmp(s->word[i], "depthwise") == 0) {
			w->groups = channels;
			i++;
		} else if (strcmp(s->word[i], "bias") == 0 && i + 1 < s->nword && strcmp(s->word[i + 1], "no") == 0) {
			w->has_bias = 0;
			i += 2;
		} else if (strcmp(s->word[i], "bias") == 0) {
			rc = lep_build_fail(b, s, "'bias' may only be followed by 'no'");
		} else {
			rc = lep_build_act_word(b, s, &i, &w->act, &w->act_param);
			if (rc >= 0)
				rc = lep_build_no_more(b, s, i);
			break;
		}
	}
	if (rc == 0 && s->nblock)
		rc = lep_build_no_more(b, s, s->nword);
	if (rc == 0 && w->same && w->has_padding)
		rc = lep_build_fail(b, s, "'same' and 'padding' exclude each other");
	if (rc == 0 && (channels % w->groups || w->filters % w->groups))
		rc = lep_build_fail(b, s, "groups %lld does not divide %lld channels and %lld filters",
			(long long)w->groups, (long long)channels, (long long)w->filters);
	return rc;
}

/* Whether the filters can be those of the data (train_whiten.c). */
static int check_whiten(struct lep_builder_nn *b, const struct lep_stmt *s, const struct words *w, const struct lep_conv *a)
{
	if (!lep_build_value(b, lep_build_current(b))->input)
		return lep_build_fail(b, s, "'whiten' needs pictures of the data as its input, not what a layer gives");
	if (a->groups > 1 || w->classes)
		return lep_build_fail(b, s, "'whiten' and '%s' exclude each other", w->classes ? s->word[1] : "groups");
	if (a->rows > LEP_WHITEN_MAX)
		return lep_build_fail(b, s, "a window of %zu numbers is too large to be whitened, %d are the most", a->rows,
			LEP_WHITEN_MAX);
	if (a->filters > 2 * a->rows)
		return lep_build_fail(b, s, "%zu filters are too many to be whitened: two for each of %zu numbers of a window",
			a->filters, a->rows);
	if ((a->kh - 1) * a->dilation >= a->h || (a->kw - 1) * a->dilation >= a->w)
		return lep_build_fail(b, s, "a window of %zux%zu does not fit into %zux%zu", (a->kh - 1) * a->dilation + 1,
			(a->kw - 1) * a->dilation + 1, a->h, a->w);
	return 0;
}

static int fill(struct lep_builder_nn *b, const struct lep_stmt *s, const int64_t hwc[3], const struct words *w,
	struct lep_conv *a)
{
	const struct lep_kernels *k = lep_build_kernels(b);
	size_t reach_h = (size_t)((w->kh - 1) * w->dilation), reach_w = (size_t)((w->kw - 1) * w->dilation);
	size_t pad_h = w->same ? reach_h : (size_t)w->padding * 2;
	size_t pad_w = w->same ? reach_w : (size_t)w->padding * 2;

	*a = (struct lep_conv){.h = (size_t)hwc[0], .w = (size_t)hwc[1], .c = (size_t)hwc[2],
		.filters = (size_t)w->filters, .kh = (size_t)w->kh, .kw = (size_t)w->kw,
		.stride = (size_t)w->stride, .dilation = (size_t)w->dilation, .groups = (size_t)w->groups,
		.top = pad_h / 2, .left = pad_w / 2, .padded = pad_h || pad_w, .has_bias = w->has_bias,
		.relu = w->act == LEP_ACT_RELU};
	a->hp = a->h + pad_h;
	a->wp = a->w + pad_w;
	if (a->hp <= reach_h || a->wp <= reach_w)
		return lep_build_fail(b, s, "a window of %zux%zu does not fit into %zux%zu", reach_h + 1, reach_w + 1,
			a->hp, a->wp);
	if (lep_shape_count(&(struct lep_shape){.rank = 3,
		.extent = {(int64_t)a->hp, (int64_t)a->wp, hwc[2]}}) > INT32_MAX)
		return lep_build_fail(b, s, "its input with borders, %zux%zux%zu, is too large", a->hp, a->wp, a->c);
	a->oh = (a->hp - reach_h - 1) / a->stride + 1;
	a->ow = (a->wp - reach_w - 1) / a->stride + 1;
	if (lep_build_value_fits(b, &(struct lep_shape){.rank = 3,
		.extent = {(int64_t)a->oh, (int64_t)a->ow, w->filters}}))
		return lep_build_status(b);
	a->cg = a->c / a->groups;
	a->fg = a->filters / a->groups;
	a->depthwise = a->groups == a->c && a->filters == a->c && a->groups > 1;
	a->taps = a->kh * a->kw;
	a->rows = a->taps * a->cg;
	/* Neighbouring taps of a row are neighbours in memory, too. */
	a->nseg = a->groups == 1 && a->dilation == 1 ? a->kh : a->taps;
	a->len = a->rows / a->nseg;
	a->off = lep_alloc(a->nseg, sizeof(*a->off));
	a->tap = lep_alloc(a->rows, sizeof(*a->tap));
	if (!a->off || !a->tap)
		return lep_build_fail(b, s, "out of memory");
	for (size_t i = 0; i < a->nseg; i++)
		a->off[i] = (ptrdiff_t)lep_conv_tap(a, i * (a->taps / a->nseg));
	for (size_t i = 0; i < a->rows; i++)
		a->tap[i] = (ptrdiff_t)(lep_conv_tap(a, i / a->cg) + i % a->cg);
	if (a->depthwise)
		return 0;
	a->pack_size = lep_round_up(k->pack_size(a->rows, a->fg), 16);
	a->turned_size = lep_round_up(k->pack_size(a->fg, a->cg), 16);
	a->packed = lep_alloc_used(a->groups * a->pack_size, sizeof(lep_real));
	a->turned = lep_alloc(a->groups * a->taps * a->turned_size, sizeof(lep_real));
	return a->packed && a->turned ? 0 : lep_build_fail(b, s, "out of memory");
}

static int add(struct lep_builder_nn *b, const struct lep_stmt *s, const struct words *w, struct lep_conv *a)
{
	struct lep_shape out = {.rank = 3, .extent = {(int64_t)a->oh, (int64_t)a->ow, w->filters}};
	struct lep_shape weights = {.rank = 4, .extent = {w->kh, w->kw, (int64_t)a->cg, w->filters}};
	struct lep_shape bias = {.rank = 1, .extent = {w->filters}};
	struct lep_op *op = lep_build_op(b, s, &lep_layer_conv, &out, a);
	struct lep_param_in *p;

	if (!op)
		return lep_build_status(b);
	op->operations = (uint64_t)(a->oh * a->ow) * a->rows * a->filters;
	op->scratch = lep_conv_padded(a);
	p = lep_build_param(b, s, op, "w", &weights, w->whiten ? LEP_INIT_WHITEN : a->relu ? LEP_INIT_HE :
		LEP_INIT_GLOROT, a->rows, a->taps * a->fg);
	if (!p)
		return lep_build_status(b);
	p->pub.wide_as_target = w->classes;
	p->pub.frozen = w->whiten;
	if (a->has_bias) {
		p = lep_build_param(b, s, op, "b", &bias, LEP_INIT_ZERO, 0, 0);
		if (!p)
			return lep_build_status(b);
		p->pub.wide_as_target = w->classes;
	}
	return a->relu ? 0 : lep_build_act(b, s, w->act, w->act_param);
}

static int build(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	struct words w = {.stride = 1, .dilation = 1, .groups = 1, .has_bias = 1};
	struct lep_conv *a;
	int64_t hwc[3];
	int rc = lep_build_picture(b, s, hwc);

	if (rc == 0)
		rc = read_words(b, s, hwc[2], &w);
	if (rc == 0)
		rc = lep_build_weights_fit(b, s, &(struct lep_shape){.rank = 4,
			.extent = {w.kh, w.kw, hwc[2] / w.groups, w.filters}});
	if (rc)
		return rc;
	a = lep_alloc(1, sizeof(*a));
	if (!a)
		return lep_build_fail(b, s, "out of memory");
	rc = fill(b, s, hwc, &w, a);
	if (rc == 0 && w.whiten)
		rc = check_whiten(b, s, &w, a);
	if (rc) {
		lep_free(a->off);
		lep_free(a->tap);
		lep_free(a->packed);
		lep_free(a->turned);
		lep_free(a);
		return rc;
	}
	return add(b, s, &w, a);
}

const struct lep_layer lep_layer_conv = {
	.name = "conv",
	.synopsis = "conv FILTERS HxW [same | padding N] [stride N] [dilation N] [groups N | depthwise] [whiten] "
		"[bias no] [activation]",
	.build = build,
	.forward = lep_conv_forward,
	.backward = lep_conv_backward,
	.joins = lep_conv_joins,
	.prepare = prepare,
	.state_new = lep_conv_state_new,
	.state_free = lep_conv_state_free,
	.release = release,
};
