/*
 * SIGINT and SIGTERM as a flag: the handler (installed by cli/) calls
 * lep_stop_request; loops and blocking reads ask lep_stop_requested. This is
 * the one piece of process-wide state in the library, because a signal is one.
 */
#ifndef LEP_BASE_STOP_H
#define LEP_BASE_STOP_H

#include "base/status.h"

void lep_stop_request(int signal);   /* async-signal-safe */
int lep_stop_requested(void);        /* the signal, or 0 */
void lep_stop_clear(void);
/* 0, or LEP_ERR_SIGNAL with "interrupted" / "terminated". */
int lep_stop_check(struct lep_error *e);

#endif
