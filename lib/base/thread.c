#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "base/mem.h"

/* How often a waiting thread looks before it sleeps: a few tens of
 * microseconds, shorter than a wake-up, so that the many short meetings of a
 * training step stay cheap and a real pause burns nothing. */
#define SPINS 4000

struct worker {
	struct lep_threads *pool;
	pthread_t thread;
	int number;
};

/* The tasks that belong to a thread, on a line of the cache of their own. */
struct share {
	_Alignas(64) atomic_int next; /* the task to be taken */
	int end;
};

struct lep_threads {
	int threads;      /* the caller included */
	int started;
	struct worker *worker; /* threads - 1 */
	pthread_mutex_t lock;
	pthread_cond_t begin, done;
	atomic_uint round;     /* counts the calls of run */
	struct share *share;   /* threads */
	atomic_int busy;       /* workers that have not finished this round */
	int quit;
	lep_task_fn *fn;
	void *ctx;
};

/* Its own share first, so that a thread finds in its cache what it left there in the
 * round before; then what others have not come to. */
static void work(struct lep_threads *p, int number)
{
	for (int k = 0; k < p->threads; k++) {
		struct share *s = &p->share[(number + k) % p->threads];

		while (atomic_load(&s->next) < s->end) {
			int task = atomic_fetch_add(&s->next, 1);

			if (task < s->end)
				p->fn(p->ctx, task, number);
		}
	}
}

static void share_out(struct lep_threads *p, int tasks)
{
	for (int64_t i = 0; i < p->threads; i++) {
		atomic_store(&p->share[i].next, (int)(tasks * i / p->threads));
		p->share[i].end = (int)(tasks * (i + 1) / p->threads);
	}
}

static inline void breathe(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static void *loop(void *arg)
{
	struct worker *w = arg;
	struct lep_threads *p = w->pool;
	unsigned seen = 0;

	for (;;) {
		for (int i = 0; i < SPINS && atomic_load(&p->round) == seen; i++)
			breathe();
		if (atomic_load(&p->round) == seen) {
			pthread_mutex_lock(&p->lock);
			while (atomic_load(&p->round) == seen)
				pthread_cond_wait(&p->begin, &p->lock);
			pthread_mutex_unlock(&p->lock);
		}
		seen++;
		if (p->quit)
			return NULL;
		work(p, w->number);
		if (atomic_fetch_sub(&p->busy, 1) == 1) {
			pthread_mutex_lock(&p->lock);
			pthread_cond_signal(&p->done);
			pthread_mutex_unlock(&p->lock);
		}
	}
}

static void start_round(struct lep_threads *p)
{
	atomic_store(&p->busy, p->started);
	pthread_mutex_lock(&p->lock);
	atomic_fetch_add(&p->round, 1);
	pthread_cond_broadcast(&p->begin);
	pthread_mutex_unlock(&p->lock);
}

static int usable_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return CPU_COUNT(&set);
	return 1;
}

/* Signals belong to the main thread, which may be waiting for input. */
static int spawn(struct lep_threads *p, int i)
{
	sigset_t all, old;
	int rc;

	p->worker[i] = (struct worker){.pool = p, .number = i + 1};
	sigfillset(&all);
	/* But what a thread does itself it hears of itself: a write to a reader that
	 * has gone, a mapped file that has shrunk. */
	sigdelset(&all, SIGPIPE);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&p->worker[i].thread, NULL, loop, &p->worker[i]);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

int lep_threads_new(struct lep_threads **out, int threads, struct lep_error *e)
{
	struct lep_threads *p = lep_alloc(1, sizeof(*p));

	*out = NULL;
	if (!p)
		return lep_fail_nomem(e, 0);
	p->threads = threads > 0 ? threads : usable_processors();
	p->worker = lep_alloc((size_t)p->threads, sizeof(*p->worker));
	p->share = lep_alloc((size_t)p->threads, sizeof(*p->share));
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->begin, NULL);
	pthread_cond_init(&p->done, NULL);
	if (!p->worker || !p->share) {
		lep_threads_free(p);
		return lep_fail_nomem(e, 0);
	}
	for (int i = 0; i + 1 < p->threads; i++) {
		int rc = spawn(p, i);

		if (rc) {
			errno = rc;
			lep_fail_errno(e, "cannot start thread %d", i + 2);
			lep_threads_free(p);
			return LEP_ERR_IO;
		}
		p->started++;
	}
	*out = p;
	return 0;
}

void lep_threads_free(struct lep_threads *p)
{
	if (!p)
		return;
	if (p->started) {
		p->quit = 1;
		start_round(p);
		for (int i = 0; i < p->started; i++)
			pthread_join(p->worker[i].thread, NULL);
	}
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->begin);
	pthread_cond_destroy(&p->done);
	lep_free(p->worker);
	lep_free(p->share);
	lep_free(p);
}

int lep_threads_count(const struct lep_threads *p)
{
	return p->threads;
}

void lep_threads_await(const atomic_int *n, int least)
{
	for (int i = 0; atomic_load(n) < least; i++) {
		if (i < SPINS)
			breathe();
		else
			sched_yield();
	}
}

void lep_threads_run(struct lep_threads *p, int tasks, lep_task_fn *fn, void *ctx)
{
	if (tasks <= 0)
		return;
	p->fn = fn;
	p->ctx = ctx;
	share_out(p, tasks);
	if (!p->started || tasks == 1) {
		work(p, 0);
		return;
	}
	start_round(p);
	work(p, 0);
	for (int i = 0; i < SPINS && atomic_load(&p->busy); i++)
		breathe();
	if (atomic_load(&p->busy)) {
		pthread_mutex_lock(&p->lock);
		while (atomic_load(&p->busy))
			pthread_cond_wait(&p->done, &p->lock);
		pthread_mutex_unlock(&p->lock);
	}
}
