/*
 * A pool of threads that share out numbered tasks, neighbours to the same one, and
 * each what it had the last time there were as many; then they help each other. So
 * which thread takes which task is left open; results may not depend on it. Idle
 * threads sleep.
 */
#ifndef LEP_BASE_THREAD_H
#define LEP_BASE_THREAD_H

#include <stdatomic.h>

#include "base/status.h"

struct lep_threads;

/* task in 0..tasks-1; thread in 0..threads-1, for scratch memory of one's own. */
typedef void lep_task_fn(void *ctx, int task, int thread);

/* threads <= 0: the processors this process may use. The caller is one of them. */
int lep_threads_new(struct lep_threads **out, int threads, struct lep_error *e) LEP_MUST_USE;
void lep_threads_free(struct lep_threads *p);
int lep_threads_count(const struct lep_threads *p);

/* Run all tasks and return when all are done. One caller at a time. */
void lep_threads_run(struct lep_threads *p, int tasks, lep_task_fn *fn, void *ctx);

/* For a task that goes on where one of a lower number has come to, of not more tasks
 * than threads: until *n is at least `least`. */
void lep_threads_await(const atomic_int *n, int least);

#endif
