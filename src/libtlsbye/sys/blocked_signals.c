/* SPDX-License-Identifier: MIT */
/* See blocked_signals.h. */
#include "sys/blocked_signals.h"

#include <pthread.h>

static _Thread_local struct blocked_signals *innermost;

/* All but the synchronous ones, which have numbers below 32. */
#define BIT(signal) (1ul << ((signal)-1))
static const sigset_t most = {{
	~(BIT(SIGSYS) | BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP)),
	[1 ... sizeof(sigset_t) / sizeof(unsigned long) - 1] = ~0ul,
}};
#undef BIT

static bool block(sigset_t *before)
{
	return pthread_sigmask(SIG_BLOCK, &most, before) == 0;
}

/*
 * The mask is the outer of the two: a handler that comes where it is taken away, or before it is there, may leave by siglongjmp(), and
 * must not leave cancellation off, nor `innermost` on a frame that is gone.
 */
void blocked_signals_begin(struct blocked_signals *before, bool wanted)
{
	before->wanted = wanted;
	if (!wanted)
		return;
	before->masked = block(&before->mask);
	before->outer = innermost;
	innermost = before;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before->cancel_state);
}

void blocked_signals_end(const struct blocked_signals *before)
{
	if (!before->wanted)
		return;
	pthread_setcancelstate(before->cancel_state, NULL);
	innermost = before->outer;
	if (before->masked)
		pthread_sigmask(SIG_SETMASK, &before->mask, NULL);
}

void blocked_signals_pause(void)
{
	if (innermost && innermost->masked)
		pthread_sigmask(SIG_SETMASK, &innermost->mask, NULL);
}

void blocked_signals_go_on(void)
{
	sigset_t same;
	if (innermost && innermost->masked)
		block(&same);
}
