/*
 * encoder and decoder, the blocks of a Transformer (Vaswani et al. 2017) as one
 * line each: they are written out as lines and built like those. Norms stand
 * before what they feed (Xiong et al. 2020), or with `norm after` behind the sum.
 */
#include <stdio.h>
#include <string.h>

#include "nn/build.h"
#include "nn/layers.h"

struct words {
	const char *heads;
	int64_t wide;             /* units between */
	int after, causal, rotary;
	const char *from, *dropout;
	char act[64];             /* with its own word and number */
};

static int is(const struct lep_stmt *s, size_t i, const char *word)
{
	return i < s->nword && strcmp(s->word[i], word) == 0;
}

/* An activation's words, as they stand. */
static int read_act(struct lep_builder_nn *b, const struct lep_stmt *s, size_t *i, struct words *w)
{
	enum lep_act kind;
	lep_real param;
	size_t first = *i;
	int rc = lep_build_act_word(b, s, i, &kind, &param), n = 0;

	if (rc == 1 && kind == LEP_ACT_SOFTMAX)
		return lep_build_fail(b, s, "unknown word '%s'", s->word[first]);
	for (size_t k = first; rc == 1 && k < *i; k++)
		n += snprintf(w->act + n, sizeof(w->act) - (size_t)n, "%s%.20s", k > first ? " " : "", s->word[k]);
	return rc;
}

static int read_words(struct lep_builder_nn *b, const struct lep_stmt *s, int decoder, struct words *w)
{
	double share;
	int64_t heads;
	int rc = lep_build_number(b, s, 1, 1, 1 << 16, &heads), memory;
	size_t i = 3;

	if (rc == 0)
		rc = lep_build_number(b, s, 2, 1, 1 << 24, &w->wide);
	while (rc == 0 && i < s->nword) {
		if (is(s, i, "norm") && (is(s, i + 1, "before") || is(s, i + 1, "after"))) {
			w->after = is(s, i + 1, "after");
			i += 2;
		} else if (is(s, i, "dropout") && !w->dropout) {
			rc = lep_build_real(b, s, i + 1, 0, 0.999, &share);
			w->dropout = rc ? NULL : s->word[i + 1];
			i += 2;
		} else if (is(s, i, "rotary") && !w->rotary) {
			w->rotary = 1;
			i++;
		} else if (!decoder && is(s, i, "causal") && !w->causal) {
			w->causal = 1;
			i++;
		} else if (decoder && is(s, i, "from") && !w->from) {
			rc = lep_build_from(b, s, i, &memory);
			w->from = rc ? NULL : s->word[i + 1];
			i += 2;
		} else if (w->act[0] || (rc = read_act(b, s, &i, w)) == 0) {
			break;
		} else {
			rc = rc < 0 ? rc : 0;
		}
	}
	if (rc)
		return rc;
	w->heads = s->word[1];
	w->causal |= decoder;
	return lep_build_no_more(b, s, i);
}

/* One sum: `residual { norm; lines }`, or the norm behind it. */
static void write_sum(struct lep_buf *t, const struct words *w, const char *lines)
{
	lep_buf_addf(t, w->after ? "residual { %s }\nlayernorm\n" : "residual { layernorm; %s }\n", lines);
}

static int write_out(struct lep_buf *t, const struct words *w, int64_t width)
{
	char drop[64] = "", lines[512];

	if (w->dropout)
		snprintf(drop, sizeof(drop), " dropout %.40s", w->dropout);
	snprintf(lines, sizeof(lines), "attention %.20s%s%s%s%s%s", w->heads, w->causal ? " causal" : "",
		w->rotary ? " rotary" : "", drop, drop[0] ? ";" : "", drop);
	write_sum(t, w, lines);
	if (w->from) {
		snprintf(lines, sizeof(lines), "attention %.20s from %.60s%s%s%s", w->heads, w->from, drop,
			drop[0] ? ";" : "", drop);
		write_sum(t, w, lines);
	}
	snprintf(lines, sizeof(lines), "dense %lld %s%s%s; dense %lld%s%s", (long long)w->wide,
		w->act[0] ? w->act : "relu", drop[0] ? ";" : "", drop, (long long)width, drop[0] ? ";" : "", drop);
	write_sum(t, w, lines);
	return t->failed;
}

/* Messages name the line that was written; parts of sums are named as if they
 * stood in the block itself: encoder1.attention1.wq. */
static void adopt(struct lep_block *block, int line)
{
	for (size_t i = 0; i < block->n; i++) {
		block->stmt[i].line = line;
		block->stmt[i].flat = 1;
		for (size_t k = 0; k < block->stmt[i].nblock; k++)
			adopt(&block->stmt[i].block[k], line);
	}
}

static int build_block(struct lep_builder_nn *b, const struct lep_stmt *s, int decoder)
{
	struct words w = {0};
	struct lep_buf text = {0};
	struct lep_block block = {0};
	struct lep_shape shape;
	char part[64];
	size_t width = 0;
	int rc = read_words(b, s, decoder, &w), number;

	if (rc == 0)
		rc = lep_build_sequence(b, s, &width);
	if (rc)
		return rc;
	number = s->name ? 0 : lep_build_count_kind(b, s->word[0]);
	snprintf(part, sizeof(part), s->name ? "%.60s" : "%.20s%d", s->name ? s->name : s->word[0], number);
	if (write_out(&text, &w, (int64_t)width))
		rc = lep_build_fail(b, s, "out of memory");
	else
		rc = lep_syntax_parse(&block, text.data, b->name, b->e);
	lep_buf_release(&text);
	if (rc)
		return b->status = rc;
	adopt(&block, s->line);
	rc = lep_build_scope(b, part, &block);
	lep_syntax_release(&block);
	if (rc)
		return rc;
	/* Its result goes by the line's own name too. */
	shape = lep_build_value(b, lep_build_current(b))->shape;
	b->labelled = NULL;
	b->number = number;
	return lep_build_alias(b, s, &shape);
}

static int build_encoder(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	return build_block(b, s, 0);
}

static int build_decoder(struct lep_builder_nn *b, const struct lep_stmt *s)
{
	return build_block(b, s, 1);
}

const struct lep_layer lep_layer_encoder = {
	.name = "encoder",
	.synopsis = "encoder HEADS UNITS [norm before | after] [causal] [rotary] [dropout SHARE] [activation]",
	.build = build_encoder,
};

const struct lep_layer lep_layer_decoder = {
	.name = "decoder",
	.synopsis = "decoder HEADS UNITS [from NAME] [norm before | after] [rotary] [dropout SHARE] [activation]",
	.build = build_decoder,
};
