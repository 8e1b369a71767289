/* The thread pool runs every task exactly once, at any number of threads. */
#include "base/thread.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

enum { TASKS = 1000 };

struct count {
	atomic_int runs[TASKS];
	atomic_int bad_thread;
	int threads;
};

static void task(void *ctx, int i, int thread)
{
	struct count *c = ctx;

	atomic_fetch_add(&c->runs[i], 1);
	if (thread < 0 || thread >= c->threads)
		atomic_store(&c->bad_thread, 1);
}

static void every_task_once(void)
{
	for (int threads = 1; threads <= 5; threads++) {
		struct lep_threads *p;
		static struct count c;

		CHECK(lep_threads_new(&p, threads, NULL) == 0);
		CHECK(lep_threads_count(p) == threads);
		for (int round = 0; round < 200; round++) {
			int tasks = round % 7 == 0 ? TASKS : round % 13;

			memset(&c, 0, sizeof(c));
			c.threads = threads;
			lep_threads_run(p, tasks, task, &c);
			CHECK(!c.bad_thread);
			for (int i = 0; i < TASKS; i++)
				CHECKF(c.runs[i] == (i < tasks), "task %d of %d ran %d times", i, tasks, c.runs[i]);
		}
		lep_threads_free(p);
	}
	lep_threads_free(NULL);
}

struct relay {
	atomic_int come[8];
	int pieces;
	atomic_int early; /* a piece that was added before the one in front of it was */
	int order[64];    /* who was last at each piece */
};

/* Each task goes over the pieces behind the one in front of it. */
static void pass_on(void *ctx, int i, int thread)
{
	struct relay *r = ctx;

	(void)thread;
	for (int k = 0; k < r->pieces; k++) {
		if (i > 0)
			lep_threads_await(&r->come[i - 1], k + 1);
		if (r->order[k] != i)
			atomic_store(&r->early, 1);
		r->order[k] = i + 1;
		atomic_store(&r->come[i], k + 1);
	}
}

/* Tasks that wait for lower ones get on, whoever is late. */
static void relays(void)
{
	for (int threads = 1; threads <= 8; threads++) {
		struct lep_threads *p;

		CHECK(lep_threads_new(&p, threads, NULL) == 0);
		for (int round = 0; round < 300; round++) {
			struct relay r = {.pieces = round % 64 + 1};
			int links = round % threads + 1;

			if (round % 50 == 0)
				usleep(2000); /* they sleep by then */
			lep_threads_run(p, links, pass_on, &r);
			CHECK(!r.early);
			for (int k = 0; k < r.pieces; k++)
				CHECKF(r.order[k] == links, "%d threads: piece %d ends with %d", threads, k, r.order[k]);
		}
		lep_threads_free(p);
	}
}

/* The first task ends behind all others, those of its own thread's share, too. */
static void first_is_last(void *ctx, int i, int thread)
{
	atomic_int *done = ctx;

	(void)thread;
	if (i == 0)
		lep_threads_await(done, 9);
	atomic_fetch_add(done, 1);
}

/* What a slow thread does not come to, another one does. */
static void helps(void)
{
	struct lep_threads *p;

	CHECK(lep_threads_new(&p, 2, NULL) == 0);
	for (int round = 0; round < 100; round++) {
		atomic_int done = 0;

		lep_threads_run(p, 10, first_is_last, &done);
		CHECK(done == 10);
	}
	lep_threads_free(p);
}

int main(void)
{
	RUN(every_task_once);
	RUN(relays);
	RUN(helps);
	return CHECK_END();
}
