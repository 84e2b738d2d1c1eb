/* SPDX-License-Identifier: MIT */
/* See blocked_signals.h. */
#include "sys/blocked_signals.h"

#include <pthread.h>

static _Thread_local struct blocked_signals *innermost;

static void block(sigset_t *before)
{
	sigset_t most;
	sigfillset(&most);
	sigdelset(&most, SIGSYS);
	sigdelset(&most, SIGSEGV);
	sigdelset(&most, SIGBUS);
	sigdelset(&most, SIGFPE);
	sigdelset(&most, SIGILL);
	sigdelset(&most, SIGTRAP);
	pthread_sigmask(SIG_BLOCK, &most, before);
}

void blocked_signals_begin(struct blocked_signals *before, bool wanted)
{
	before->wanted = wanted;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before->cancel_state);
	if (!wanted)
		return;
	block(&before->mask);
	before->outer = innermost;
	innermost = before;
}

void blocked_signals_end(const struct blocked_signals *before)
{
	if (before->wanted) {
		innermost = before->outer;
		pthread_sigmask(SIG_SETMASK, &before->mask, NULL);
	}
	pthread_setcancelstate(before->cancel_state, NULL);
}

void blocked_signals_pause(void)
{
	if (innermost)
		pthread_sigmask(SIG_SETMASK, &innermost->mask, NULL);
}

void blocked_signals_go_on(void)
{
	sigset_t same;
	if (innermost)
		block(&same);
}
