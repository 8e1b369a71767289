/* How every program begins, talks and ends. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stop.h"

/* This process's program; the operands are also held here so that what they
 * own stays reachable to the end. */
static struct {
	const char *name;
	const int *quiet, *verbose;
	struct lep_operands ops;
	void (*hide)(void);
	char bus[128]; /* the SIGBUS handler's line, made beforehand */
	size_t nbus;
} self = { .name = "lep" };

/* One write, so that lines of several programs in a pipe do not mix. Nothing
 * can be done about a standard error that fails. */
static void talk(const char *text, size_t len)
{
	if (self.hide)
		self.hide();
	while (len) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* "name: text\n", or "text\n" without a name; control characters in text were
 * replaced where it was made, except by say, whose text is the program's own. */
static void talkf(const char *name, const char *fmt, va_list ap)
{
	char line[LEP_ERROR_MAX + 128];
	int start = 0, n;

	if (name)
		start = snprintf(line, 100, "%s: ", name);
	n = vsnprintf(line + start, sizeof(line) - (size_t)start - 1, fmt, ap);
	if (n < 0)
		return;
	n = (int)strlen(line);
	line[n] = '\n';
	talk(line, (size_t)n + 1);
}

int lep_cli_quiet(void)
{
	return self.quiet && *self.quiet;
}

int lep_cli_verbose(void)
{
	return self.verbose ? *self.verbose : 0;
}

void lep_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!lep_cli_quiet())
		talkf(NULL, fmt, ap);
	va_end(ap);
}

/* Through lep_fail, which replaces control characters. */
#define TALK_SAFELY(fmt) \
	do { \
		char text[LEP_ERROR_MAX]; \
		struct lep_error safe; \
		va_list ap; \
\
		va_start(ap, fmt); \
		vsnprintf(text, sizeof(text), fmt, ap); \
		va_end(ap); \
		lep_fail(&safe, LEP_OK, "%s", text); \
		lep_error_print(&safe); \
	} while (0)

void lep_warn(const char *fmt, ...)
{
	if (!lep_cli_quiet())
		TALK_SAFELY(fmt);
}

void lep_explain(int level, const char *fmt, ...)
{
	if (!lep_cli_quiet() && lep_cli_verbose() >= level)
		TALK_SAFELY(fmt);
}

static void talk_named(const char *fmt, ...) LEP_PRINTF(1, 2);

static void talk_named(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	talkf(self.name, fmt, ap);
	va_end(ap);
}

void lep_error_print(const struct lep_error *e)
{
	talk_named("%s", e->text);
}

void lep_cli_progress_line(void (*hide)(void))
{
	self.hide = hide;
}

/*
 * Descriptors 0 to 2 must be something, or the next file opened would take the
 * place of standard output. What stands in for a closed one is opened the wrong
 * way round: reading such an input, writing such an output fails with EBADF
 * instead of quietly losing data.
 */
static int open_standard(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY) != fd)
			return -1;
	}
	return 0;
}

/*
 * The first signal asks for an orderly end. `timeout` sends its signal twice in
 * a row (to the program and to its group), so only a third SIGINT, from a
 * person who has had enough, kills at once.
 */
static void on_stop(int sig)
{
	static volatile sig_atomic_t interrupts;
	int saved = errno;

	lep_stop_request(sig);
	if (sig == SIGINT && ++interrupts > 2) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	errno = saved;
}

static void on_bus(int sig)
{
	ssize_t n = write(STDERR_FILENO, self.bus, self.nbus);

	(void)n;
	(void)sig;
	_exit(1);
}

static void install_signals(void)
{
	static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_stop }, old; /* no SA_RESTART: waits end */
	sigset_t ours;
	size_t i;

	sigemptyset(&action.sa_mask);
	sigemptyset(&ours);
	for (i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		/* Ignored from the start (nohup, `&` in a script) stays ignored. */
		if (!sigaction(stops[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(stops[i], &action, NULL);
		sigaddset(&ours, stops[i]);
	}
	action.sa_handler = on_bus;
	sigaction(SIGBUS, &action, NULL);
	action.sa_handler = SIG_DFL;
	sigaction(SIGPIPE, &action, NULL);
	sigaddset(&ours, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

static const int *find_int(const struct lep_program *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->noptions; i++)
		if (!strcmp(p->options[i].name, name) && p->options[i].kind <= LEP_OPT_COUNT)
			return p->options[i].to;
	return NULL;
}

/* --help, --version, --completion. */
static int answer(const struct lep_program *p, int request, const char *shell, struct lep_error *e)
{
	struct lep_buf text = { 0 };
	int status = 0;

	if (request == LEP_OPTIONS_HELP)
		lep_options_help(p, &text);
	else if (request == LEP_OPTIONS_VERSION)
		lep_buf_addf(&text, "%s %s\n", p->name, LEP_VERSION);
	else if (!(status = lep_options_check(p, e)))
		status = lep_options_completion(p, shell, &text, e);
	if (!status && text.failed)
		status = lep_fail_nomem(e, 0);
	if (!status)
		fwrite(text.data, 1, text.len, stdout);
	lep_buf_release(&text);
	return status;
}

int lep_cli_start(const struct lep_program *p, int argc, char *const *argv, struct lep_operands *ops)
{
	struct lep_error e;
	int status;

	self.name = p->name;
	self.nbus = (size_t)snprintf(self.bus, sizeof(self.bus), "%.60s: a mapped file shrank while it was read\n",
		p->name);
	if (open_standard())
		return 1;
	install_signals();
	status = lep_options_parse(p, argc, argv, ops, &e);
	self.ops = *ops;
	self.quiet = find_int(p, "quiet");
	self.verbose = find_int(p, "verbose");
	if (status == LEP_OPTIONS_RUN)
		return -1;
	if (status > 0)
		status = answer(p, status, ops->completion, &e);
	status = lep_cli_end(status, &e);
	lep_operands_release(ops);
	return status;
}

int lep_stdout_close(struct lep_error *e)
{
	int used = __fpending(stdout) > 0 || ferror(stdout);

	if (fflush(stdout) || ferror(stdout))
		return lep_fail_errno(e, "<stdout>");
	/* Where an output object closed it already, that was checked there. */
	if (close(STDOUT_FILENO) && (used || errno != EBADF))
		return lep_fail_errno(e, "<stdout>");
	return 0;
}

/* Die of the signal, so that the shell, make and timeout see it. */
static int die_of(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	return 128 + sig;
}

static void say_where(void)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "Try '%.60s --help'.\n", self.name);

	talk(line, (size_t)n);
}

int lep_cli_end(int status, struct lep_error *e)
{
	int sig = lep_stop_requested();

	if (self.hide)
		self.hide();
	if (status >= 0)
		status = lep_stdout_close(e);
	if (status >= 0)
		return 0;
	if (status != LEP_ERR_SIGNAL || !lep_cli_quiet())
		lep_error_print(e);
	if (status == LEP_ERR_USAGE)
		say_where();
	if (status == LEP_ERR_SIGNAL && sig)
		return die_of(sig);
	return lep_exit_status(status);
}

int lep_cli_threads(int64_t j, struct lep_error *e)
{
	const char *text = getenv("LEP_THREADS");
	cpu_set_t set;
	char *end;
	long n;

	if (j > 0)
		return (int)j;
	if (text && *text) {
		errno = 0;
		n = strtol(text, &end, 10);
		if (errno || *end || strspn(text, "0123456789") != strlen(text) || n < 1 || n > 1024)
			return lep_fail(e, LEP_ERR_USAGE, "LEP_THREADS: '%s' is not a number from 1 to 1024", text);
		return (int)n;
	}
	if (!sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) > 0)
		return CPU_COUNT(&set);
	n = sysconf(_SC_NPROCESSORS_ONLN); /* more than 1024 processors */
	return n < 1 ? 1 : n > 1024 ? 1024 : (int)n;
}

const char *lep_cli_isa(void)
{
	const char *text = getenv("LEP_ISA");

	return text && *text ? text : NULL;
}

int lep_cli_check_output(const char *path, int force, struct lep_error *e)
{
	if (force || (path && strcmp(path, "-")) || !isatty(STDOUT_FILENO))
		return 0;
	return lep_fail(e, LEP_ERR_USAGE,
		"<stdout>: binary data does not go to a terminal (name a file with -o, use a pipe or --force)");
}

int lep_cli_check_input(const char *path, int force, struct lep_error *e)
{
	if (force || (path && strcmp(path, "-")) || !isatty(STDIN_FILENO))
		return 0;
	return lep_fail(e, LEP_ERR_USAGE,
		"<stdin>: binary data does not come from a terminal (name a file, use a pipe or --force)");
}
