/* What an option table says of itself: --help, completions, its own check. */
#include "cli/options.h"

#include <string.h>

enum { COLUMN = 26, WIDTH = 79 };

/* The rows that every program has, behind its own. */
static const struct lep_option ends[] = {
	{ .letter = 'h', .name = "help", .kind = LEP_OPT_FLAG, .help = "print this help" },
	{ .name = "version", .kind = LEP_OPT_FLAG, .help = "print the version" },
};
enum { NENDS = sizeof(ends) / sizeof(ends[0]) };

/* Row i of the table with the common end, NULL behind it. A program with a row
 * -h of its own keeps it. */
static const struct lep_option *row(const struct lep_program *p, size_t i)
{
	if (i < p->noptions)
		return &p->options[i];
	return i - p->noptions < NENDS ? &ends[i - p->noptions] : NULL;
}

static int takes_argument(const struct lep_option *o)
{
	return o->kind != LEP_OPT_FLAG && o->kind != LEP_OPT_COUNT;
}

static int repeats(const struct lep_option *o)
{
	return o->kind == LEP_OPT_COUNT || o->kind == LEP_OPT_LIST;
}

static void add_choices(struct lep_buf *out, const char *const *c, const char *between)
{
	size_t i;

	for (i = 0; c && c[i]; i++)
		lep_buf_addf(out, "%s%s", i ? between : "", c[i]);
}

/* The argument's name: FILE, or fail|skip|keep. */
static void add_argument(struct lep_buf *out, const struct lep_option *o)
{
	if (o->arg)
		lep_buf_adds(out, o->arg);
	else
		add_choices(out, o->choices, "|");
}

/* Words folded at WIDTH, further lines indented to COLUMN; at is where the
 * line stands already. */
static void add_folded(struct lep_buf *out, const char *text, size_t at)
{
	size_t len;

	for (; at < COLUMN; at++)
		lep_buf_addc(out, ' ');
	for (; *text; text += len + strspn(text + len, " ")) {
		len = strcspn(text, " ");
		if (at + len + 1 > WIDTH && at > COLUMN) {
			lep_buf_addf(out, "\n%*s", COLUMN, "");
			at = COLUMN;
		}
		if (at > COLUMN) {
			lep_buf_addc(out, ' ');
			at++;
		}
		lep_buf_add(out, text, len);
		at += len;
	}
	lep_buf_addc(out, '\n');
}

static void add_row(struct lep_buf *out, const struct lep_option *o)
{
	struct lep_buf left = { 0 };

	if (o->letter)
		lep_buf_addf(&left, "  -%c, --%s", o->letter, o->name);
	else
		lep_buf_addf(&left, "      --%s", o->name);
	if (takes_argument(o)) {
		lep_buf_addc(&left, ' ');
		add_argument(&left, o);
	}
	if (left.len + 2 > COLUMN)
		lep_buf_addf(&left, "\n");
	if (left.failed)
		out->failed = 1;
	else
		lep_buf_add(out, left.data, left.len);
	add_folded(out, o->help, left.len + 2 > COLUMN ? 0 : left.len);
	lep_buf_release(&left);
}

void lep_options_help(const struct lep_program *p, struct lep_buf *out)
{
	const struct lep_option *o;
	const char *line;
	size_t i, len;

	for (i = 0; p->usage[i]; i++)
		lep_buf_addf(out, "%s %s %s\n", i ? "      " : "Usage:", p->name, p->usage[i]);
	lep_buf_addf(out, "%s\n\nOptions:\n", p->summary);
	for (i = 0; (o = row(p, i)); i++)
		if (!(o->flags & LEP_OPT_HIDDEN))
			add_row(out, o);
	if (p->example) {
		lep_buf_adds(out, "\nExample:\n");
		for (line = p->example; *line; line += len + (line[len] == '\n')) {
			len = strcspn(line, "\n");
			lep_buf_addf(out, "  %.*s\n", (int)len, line);
		}
	}
	lep_buf_addf(out, "\nThe manual: man %s\n", p->name);
}

/* The options as one list of words: -o --output -j ... */
static void add_words(struct lep_buf *out, const struct lep_program *p)
{
	const struct lep_option *o;
	size_t i;

	for (i = 0; (o = row(p, i)); i++) {
		if (o->flags & LEP_OPT_HIDDEN)
			continue;
		if (o->letter)
			lep_buf_addf(out, "-%c ", o->letter);
		lep_buf_addf(out, "--%s%s", o->name, row(p, i + 1) ? " " : "");
	}
}

/* lep-train as part of a function's name: _lep_train. */
static void add_function(struct lep_buf *out, const char *name)
{
	lep_buf_addc(out, '_');
	for (; *name; name++)
		lep_buf_addc(out, *name == '-' ? '_' : *name);
}

static void bash_arm(struct lep_buf *out, const struct lep_option *o)
{
	lep_buf_adds(out, "  ");
	if (o->letter)
		lep_buf_addf(out, "-%c | ", o->letter);
	lep_buf_addf(out, "--%s)\n    ", o->name);
	if (o->kind == LEP_OPT_CHOICE) {
		lep_buf_adds(out, "mapfile -t COMPREPLY < <(compgen -W '");
		add_choices(out, o->choices, " ");
		lep_buf_adds(out, "' -- \"$cur\")\n    ");
	} else if (o->flags & (LEP_OPT_FILE | LEP_OPT_FOLDER)) {
		lep_buf_addf(out, "compopt -o filenames\n    mapfile -t COMPREPLY < <(compgen -%c -- \"$cur\")\n    ",
			o->flags & LEP_OPT_FILE ? 'f' : 'd');
	}
	lep_buf_adds(out, "return\n    ;;\n");
}

static void bash(const struct lep_program *p, struct lep_buf *out)
{
	const struct lep_option *o;
	size_t i;

	lep_buf_addf(out, "# bash completion for %s; made by `%s --completion bash`\n", p->name, p->name);
	add_function(out, p->name);
	lep_buf_adds(out, "() {\n"
		"  local cur=${COMP_WORDS[COMP_CWORD]} prev=\n"
		"  ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		"  # --name=value arrives as three words\n"
		"  if [[ $cur == = ]]; then\n"
		"    cur=\n"
		"  elif [[ $prev == = ]] && ((COMP_CWORD > 1)); then\n"
		"    prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
		"  fi\n"
		"  COMPREPLY=()\n"
		"  case $prev in\n");
	for (i = 0; (o = row(p, i)); i++)
		if (takes_argument(o) && !(o->flags & LEP_OPT_HIDDEN))
			bash_arm(out, o);
	lep_buf_adds(out, "  esac\n"
		"  if [[ $cur == -* ]]; then\n"
		"    mapfile -t COMPREPLY < <(compgen -W '");
	add_words(out, p);
	lep_buf_adds(out, "' -- \"$cur\")\n    return\n  fi\n");
	if (p->words) {
		lep_buf_adds(out, "  if ((COMP_CWORD == 1)); then\n"
			"    mapfile -t COMPREPLY < <(compgen -W '");
		add_choices(out, p->words, " ");
		lep_buf_adds(out, "' -- \"$cur\")\n    return\n  fi\n");
	}
	lep_buf_adds(out, "  compopt -o filenames\n"
		"  mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
		"}\n"
		"complete -F ");
	add_function(out, p->name);
	lep_buf_addf(out, " %s\n", p->name);
}

/* Text inside single quotes, with a backslash before the characters in `also`.
 * apostrophe is how the shell writes one there. */
static void add_escaped(struct lep_buf *out, const char *text, const char *also, const char *apostrophe)
{
	for (; *text; text++) {
		if (*text == '\'')
			lep_buf_adds(out, apostrophe);
		else
			lep_buf_addf(out, "%s%c", strchr(also, *text) ? "\\" : "", *text);
	}
}

static void zsh_value(struct lep_buf *out, const struct lep_option *o)
{
	lep_buf_addc(out, ':');
	add_escaped(out, o->arg ? o->arg : o->name, ":[]\\", "'\\''");
	lep_buf_addc(out, ':');
	if (o->kind == LEP_OPT_CHOICE) {
		lep_buf_addc(out, '(');
		add_choices(out, o->choices, " ");
		lep_buf_addc(out, ')');
	} else if (o->flags & (LEP_OPT_FILE | LEP_OPT_FOLDER)) {
		lep_buf_adds(out, o->flags & LEP_OPT_FILE ? "_files" : "_files -/");
	}
}

static void zsh_spec(struct lep_buf *out, const struct lep_option *o)
{
	lep_buf_adds(out, "  ");
	if (repeats(o))
		lep_buf_adds(out, "'*'");
	else if (o->letter)
		lep_buf_addf(out, "'(-%c --%s)'", o->letter, o->name);
	if (o->letter)
		lep_buf_addf(out, "{-%c%s,--%s%s}", o->letter, takes_argument(o) ? "+" : "", o->name,
			takes_argument(o) ? "=" : "");
	else
		lep_buf_addf(out, "--%s%s", o->name, takes_argument(o) ? "=" : "");
	lep_buf_adds(out, "'[");
	add_escaped(out, o->help, ":[]\\", "'\\''");
	lep_buf_addc(out, ']');
	if (takes_argument(o))
		zsh_value(out, o);
	lep_buf_adds(out, "' \\\n");
}

static void zsh(const struct lep_program *p, struct lep_buf *out)
{
	const struct lep_option *o;
	size_t i;

	lep_buf_addf(out, "#compdef %s\n# zsh completion; made by `%s --completion zsh`\n_arguments -s -S \\\n",
		p->name, p->name);
	for (i = 0; (o = row(p, i)); i++)
		if (!(o->flags & LEP_OPT_HIDDEN))
			zsh_spec(out, o);
	if (p->words) {
		lep_buf_adds(out, "  '1:what:(");
		add_choices(out, p->words, " ");
		lep_buf_adds(out, ")' \\\n");
	}
	lep_buf_adds(out, "  '*:file:_files'\n");
}

static void fish(const struct lep_program *p, struct lep_buf *out)
{
	const struct lep_option *o;
	size_t i;

	lep_buf_addf(out, "# fish completion for %s; made by `%s --completion fish`\n", p->name, p->name);
	if (p->words) {
		lep_buf_addf(out, "complete -c %s -n __fish_use_subcommand -f -a '", p->name);
		add_choices(out, p->words, " ");
		lep_buf_adds(out, "'\n");
	}
	for (i = 0; (o = row(p, i)); i++) {
		if (o->flags & LEP_OPT_HIDDEN)
			continue;
		lep_buf_addf(out, "complete -c %s", p->name);
		if (o->letter)
			lep_buf_addf(out, " -s %c", o->letter);
		lep_buf_addf(out, " -l %s", o->name);
		if (o->kind == LEP_OPT_CHOICE) {
			lep_buf_adds(out, " -x -a '");
			add_choices(out, o->choices, " ");
			lep_buf_addc(out, '\'');
		} else if (takes_argument(o)) {
			lep_buf_adds(out, o->flags & LEP_OPT_FILE ? " -r -F" :
				o->flags & LEP_OPT_FOLDER ? " -x -a '(__fish_complete_directories)'" : " -x");
		}
		lep_buf_adds(out, " -d '");
		add_escaped(out, o->help, "\\", "\\'");
		lep_buf_adds(out, "'\n");
	}
}

int lep_options_completion(const struct lep_program *p, const char *shell, struct lep_buf *out,
	struct lep_error *e)
{
	static const struct {
		const char *name;
		void (*write)(const struct lep_program *p, struct lep_buf *out);
	} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
	size_t i;

	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, shell))
			continue;
		shells[i].write(p, out);
		return out->failed ? lep_fail_nomem(e, 0) : 0;
	}
	return lep_fail(e, LEP_ERR_USAGE, "option '--completion': '%s' is none of bash, zsh, fish", shell);
}

int lep_options_check(const struct lep_program *p, struct lep_error *e)
{
	const struct lep_option *a, *b;
	size_t i, k;

	for (i = 0; i < p->noptions; i++) {
		a = &p->options[i];
		if (!a->name || !*a->name || strlen(a->name) > 64 || strpbrk(a->name, "= ") || !a->help || !*a->help)
			return lep_fail(e, LEP_ERR_USAGE, "option %zu: no name or no help", i);
		if (!a->to)
			return lep_fail(e, LEP_ERR_USAGE, "option '--%s': leads nowhere", a->name);
		if (takes_argument(a) ? !a->arg && !a->choices : a->arg != NULL)
			return lep_fail(e, LEP_ERR_USAGE, "option '--%s': argument and kind disagree", a->name);
		if ((a->kind == LEP_OPT_CHOICE) != (a->choices != NULL))
			return lep_fail(e, LEP_ERR_USAGE, "option '--%s': choices and kind disagree", a->name);
		for (k = i + 1; (b = row(p, k)); k++)
			if (!strcmp(a->name, b->name) || (a->letter && a->letter == b->letter && k < p->noptions))
				return lep_fail(e, LEP_ERR_USAGE, "option '--%s': there are two of this name", a->name);
	}
	return 0;
}
