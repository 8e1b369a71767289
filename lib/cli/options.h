/*
 * One table of options per program, from which parsing, --help, completions
 * and the manual's check come. A row says where its value goes; the macros
 * below make rows and refuse a pointer of the wrong type, so `to` must point to
 * static storage. Nothing here prints.
 *
 *	static struct { const char *output; int64_t threads; int quiet; } o;
 *	static const struct lep_option options[] = {
 *		LEP_OPTION_OUTPUT(&o.output),
 *		LEP_OPTION_THREADS(&o.threads),
 *		LEP_OPTION_QUIET(&o.quiet),
 *		LEP_NUMBER(0, "lr", "RATE", &o.lr, 0, 10, LEP_OPT_RESULT, "the learning rate"),
 *	};
 *
 * -h, --help, --version and the hidden --completion SHELL are added to every
 * table. Long options must be written in full (an abbreviation that works
 * today would break a script tomorrow); operands may stand before options; `-`
 * is an operand; `--` ends the options. A later option overrides an earlier one.
 */
#ifndef LEP_CLI_OPTIONS_H
#define LEP_CLI_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/status.h"

enum lep_option_kind {
	LEP_OPT_FLAG,   /* int, set to 1 */
	LEP_OPT_COUNT,  /* int, one more each time: -v -v, -vv */
	LEP_OPT_INT,    /* int64_t in low..high */
	LEP_OPT_UINT,   /* uint64_t */
	LEP_OPT_NUMBER, /* double in low..high, finite */
	LEP_OPT_TEXT,   /* const char *, borrowed from argv */
	LEP_OPT_LIST,   /* struct lep_list, one more text each time */
	LEP_OPT_CHOICE, /* int, index into choices */
	LEP_OPT_SIZE    /* uint64_t bytes: 4096, 64K, 1M, 2G, 1T */
};

enum {
	LEP_OPT_RESULT = 1, /* can change the output's bytes: goes into provenance */
	LEP_OPT_FILE = 2,   /* the argument is a file name */
	LEP_OPT_FOLDER = 4, /* the argument is a folder's name */
	LEP_OPT_HIDDEN = 8, /* not in --help, completions and manual */
	LEP_OPT_ABOVE = 16, /* the value must be above low, not low itself */
	LEP_OPT_BELOW = 32  /* the value must be below high, not high itself */
};

/* Texts in the order given; item belongs to the list, the texts to argv. */
struct lep_list {
	const char **item;
	size_t n;
};

struct lep_option {
	char letter;      /* 0: none */
	const char *name; /* without "--" */
	const char *arg;  /* the argument's name in --help; NULL: none, or the choices */
	enum lep_option_kind kind;
	void *to;
	double low, high;           /* both 0: no bounds; high may be HUGE_VAL */
	const char *const *choices; /* ends with NULL */
	const char *help;           /* lower case, no full stop */
	unsigned flags;
};

struct lep_program {
	const char *name, *summary;
	const char *const *usage; /* synopsis lines behind the name; ends with NULL */
	const char *const *words; /* what the first operand may be, where it is a word, or NULL */
	const struct lep_option *options;
	size_t noptions;
	const char *example; /* one line, or several with \n between, or NULL */
};

/* What the command line held; release with lep_operands_release. */
struct lep_operands {
	const struct lep_program *program; /* borrowed */
	int argc;                          /* the command line, borrowed */
	char *const *argv;
	const char **name; /* the operands, in order; texts borrowed from argv */
	size_t n;
	unsigned *given;        /* how often each row of the table was given */
	const char *completion; /* the shell named by --completion, or NULL */
};

enum lep_options_request {
	LEP_OPTIONS_RUN,
	LEP_OPTIONS_HELP,
	LEP_OPTIONS_VERSION,
	LEP_OPTIONS_COMPLETION
};

/* One of enum lep_options_request, or LEP_ERR_USAGE or LEP_ERR_NOMEM with e
 * filled in ("unknown option '--foo'"). */
int lep_options_parse(const struct lep_program *p, int argc, char *const *argv,
	struct lep_operands *out, struct lep_error *e) LEP_MUST_USE;

/* Also empties the lists of the table. */
void lep_operands_release(struct lep_operands *ops);

/* How often the option that stores to `to` was given. */
unsigned lep_option_given(const struct lep_operands *ops, const void *to);

/* Our own check of a table: two rows with one name, a row without help. */
int lep_options_check(const struct lep_program *p, struct lep_error *e) LEP_MUST_USE;

/* The text of --help; the completion script for "bash", "zsh" or "fish"
 * (LEP_ERR_USAGE for another shell). */
void lep_options_help(const struct lep_program *p, struct lep_buf *out);
int lep_options_completion(const struct lep_program *p, const char *shell, struct lep_buf *out,
	struct lep_error *e) LEP_MUST_USE;

/* The choices of --provenance and --bad, in the order of these names. */
enum lep_provenance_mode { LEP_PROVENANCE_SHORT, LEP_PROVENANCE_FULL, LEP_PROVENANCE_NONE };
enum lep_bad_mode { LEP_BAD_FAIL, LEP_BAD_SKIP, LEP_BAD_KEEP };
extern const char *const lep_provenance_names[];
extern const char *const lep_bad_names[];

/*
 * One line without its end: "lep-train 0.1.0 --epochs 5 --seed 1", the options
 * flagged LEP_OPT_RESULT that were given, in the order of the table, values in
 * one fixed spelling. LEP_PROVENANCE_FULL adds " # " and the command line,
 * quoted for a shell; LEP_PROVENANCE_NONE adds nothing at all to out.
 */
void lep_provenance(const struct lep_operands *ops, enum lep_provenance_mode mode, struct lep_buf *out);

/* text as one word of a shell's command line; one line, whatever it holds. */
void lep_quote(struct lep_buf *out, const char *text);

/* Rows. */
#define LEP_TO(type, p) _Generic((p), type *: (p))

#define LEP_FLAG(c, long, p, fl, text) \
	{ .letter = (c), .name = (long), .kind = LEP_OPT_FLAG, .to = LEP_TO(int, p), .help = (text), \
	  .flags = (fl) }
#define LEP_COUNT(c, long, p, fl, text) \
	{ .letter = (c), .name = (long), .kind = LEP_OPT_COUNT, .to = LEP_TO(int, p), .help = (text), \
	  .flags = (fl) }
#define LEP_INT(c, long, a, p, lo, hi, fl, text) \
	{ .letter = (c), .name = (long), .arg = (a), .kind = LEP_OPT_INT, .to = LEP_TO(int64_t, p), \
	  .low = (lo), .high = (hi), .help = (text), .flags = (fl) }
#define LEP_UINT(c, long, a, p, fl, text) \
	{ .letter = (c), .name = (long), .arg = (a), .kind = LEP_OPT_UINT, .to = LEP_TO(uint64_t, p), \
	  .help = (text), .flags = (fl) }
#define LEP_NUMBER(c, long, a, p, lo, hi, fl, text) \
	{ .letter = (c), .name = (long), .arg = (a), .kind = LEP_OPT_NUMBER, .to = LEP_TO(double, p), \
	  .low = (lo), .high = (hi), .help = (text), .flags = (fl) }
#define LEP_TEXT(c, long, a, p, fl, text) \
	{ .letter = (c), .name = (long), .arg = (a), .kind = LEP_OPT_TEXT, .to = LEP_TO(const char *, p), \
	  .help = (text), .flags = (fl) }
#define LEP_LIST(c, long, a, p, fl, text) \
	{ .letter = (c), .name = (long), .arg = (a), .kind = LEP_OPT_LIST, \
	  .to = LEP_TO(struct lep_list, p), .help = (text), .flags = (fl) }
#define LEP_CHOICE(c, long, list, p, fl, text) \
	{ .letter = (c), .name = (long), .kind = LEP_OPT_CHOICE, .to = LEP_TO(int, p), \
	  .choices = (list), .help = (text), .flags = (fl) }
#define LEP_SIZE(c, long, p, fl, text) \
	{ .letter = (c), .name = (long), .arg = "SIZE", .kind = LEP_OPT_SIZE, \
	  .to = LEP_TO(uint64_t, p), .help = (text), .flags = (fl) }

/* Rows that read and mean the same in every program. */
#define LEP_OPTION_OUTPUT(p) \
	LEP_TEXT('o', "output", "FILE", p, LEP_OPT_FILE, "write to FILE instead of standard output; it appears whole or not at all")
#define LEP_OPTION_THREADS(p) \
	LEP_INT('j', "threads", "N", p, 1, 1024, 0, "use N threads (default: LEP_THREADS, else all processors)")
#define LEP_OPTION_QUIET(p) LEP_FLAG('q', "quiet", p, 0, "print nothing but errors")
#define LEP_OPTION_VERBOSE(p) LEP_COUNT('v', "verbose", p, 0, "say more; may be repeated")
#define LEP_OPTION_EPOCHS(p) \
	LEP_INT('e', "epochs", "N", p, 1, 1000000, LEP_OPT_RESULT, "go through the data N times")
/* The batch changes what lep-train makes, but not what lep-infer does: say which. */
#define LEP_OPTION_BATCH(p, fl) \
	LEP_INT('b', "batch", "N", p, 1, 65536, fl, "take N records at a time")
#define LEP_OPTION_MODEL(p) LEP_TEXT('m', "model", "FILE", p, LEP_OPT_FILE, "the model")
#define LEP_OPTION_NETWORK(p) \
	LEP_TEXT('n', "network", "FILE", p, LEP_OPT_FILE, "the network description: a file or the name of a ready one")
#define LEP_OPTION_SEED(p) \
	LEP_UINT(0, "seed", "N", p, LEP_OPT_RESULT, "draw all random numbers from seed N")
#define LEP_OPTION_LIKE(p) \
	LEP_TEXT(0, "like", "FILE", p, LEP_OPT_FILE, "prepare the data as those of this model or stream")
#define LEP_OPTION_JSON(p) LEP_FLAG(0, "json", p, 0, "write JSON")
#define LEP_OPTION_PROVENANCE(p) \
	LEP_CHOICE(0, "provenance", lep_provenance_names, p, 0, "what the output's header says of its making; full adds the command line")
#define LEP_OPTION_FORCE(p) LEP_FLAG(0, "force", p, 0, "read and write binary data on a terminal too")
#define LEP_OPTION_BAD(p) \
	LEP_CHOICE(0, "bad", lep_bad_names, p, LEP_OPT_RESULT, "what to do with a sample that cannot be used")

#endif
