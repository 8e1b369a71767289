/*
 * A pool of threads that share out numbered tasks. Which thread takes which
 * task is left open; results may not depend on it. Idle threads sleep.
 */
#ifndef LEP_BASE_THREAD_H
#define LEP_BASE_THREAD_H

#include "base/status.h"

struct lep_pool;

/* task in 0..tasks-1; thread in 0..threads-1, for scratch memory of one's own. */
typedef void lep_task_fn(void *ctx, int task, int thread);

/* threads <= 0: the processors this process may use. The caller is one of them. */
int lep_pool_new(struct lep_pool **out, int threads, struct lep_error *e) LEP_MUST_USE;
void lep_pool_free(struct lep_pool *p);
int lep_pool_threads(const struct lep_pool *p);

/* Run all tasks and return when all are done. One caller at a time. */
void lep_pool_run(struct lep_pool *p, int tasks, lep_task_fn *fn, void *ctx);

#endif
