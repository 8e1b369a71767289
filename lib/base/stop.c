#include "base/stop.h"

#include <signal.h>

static volatile sig_atomic_t requested;

void lep_stop_request(int signal)
{
	requested = signal;
}

int lep_stop_requested(void)
{
	return requested;
}

void lep_stop_clear(void)
{
	requested = 0;
}

int lep_stop_check(struct lep_error *e)
{
	if (!requested)
		return 0;
	return lep_fail(e, LEP_ERR_SIGNAL, requested == SIGINT ? "interrupted" : "terminated");
}
