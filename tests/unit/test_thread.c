/* The thread pool runs every task exactly once, at any number of threads. */
#include "base/thread.h"

#include <stdatomic.h>
#include <string.h>

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

int main(void)
{
	RUN(every_task_once);
	return CHECK_END();
}
