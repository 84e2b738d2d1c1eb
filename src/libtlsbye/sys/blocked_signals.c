/* SPDX-License-Identifier: MIT */
/* See blocked_signals.h. */
#include "sys/blocked_signals.h"

#include <pthread.h>

void blocked_signals_begin(struct blocked_signals *before, bool wanted)
{
	sigset_t most;
	before->wanted = wanted;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before->cancel_state);
	if (!wanted)
		return;
	sigfillset(&most);
	sigdelset(&most, SIGSYS);
	sigdelset(&most, SIGSEGV);
	sigdelset(&most, SIGBUS);
	sigdelset(&most, SIGFPE);
	sigdelset(&most, SIGILL);
	sigdelset(&most, SIGTRAP);
	pthread_sigmask(SIG_BLOCK, &most, &before->mask);
}

void blocked_signals_end(const struct blocked_signals *before)
{
	if (before->wanted)
		pthread_sigmask(SIG_SETMASK, &before->mask, NULL);
	pthread_setcancelstate(before->cancel_state, NULL);
}
