/* SPDX-License-Identifier: MIT */
/*
 * While a close_notify or a hand-over is under way on the program's own thread, no handler and no cancellation of that
 * thread may come: the handler could enter the same connection and wait for itself, or jump out and leave it claimed.
 *
 * The synchronous signals are never blocked: a sandbox (SECCOMP_RET_TRAP) answers our system calls by SIGSYS, and a
 * blocked one kills.
 *
 * Rules: async-signal-safe. The mask comes first and goes last: a handler that jumps out of the program's call
 * (siglongjmp) finds the cancellation state either as the program had it, or not at all.
 */
#ifndef TLSBYE_BLOCKED_SIGNALS_H
#define TLSBYE_BLOCKED_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct blocked_signals {
	struct blocked_signals *outer; /* further out on this thread */
	bool wanted;
	bool masked; /* else a filter refused it, and `mask` is none */
	sigset_t mask;
	int cancel_state;
};

/* Not `wanted`: nothing at all, for who marks nothing and calls no cancellation point. */
void blocked_signals_begin(struct blocked_signals *before, bool wanted);
void blocked_signals_end(const struct blocked_signals *before);

/* In between, where a long wait is wished (LINGER=wait): the program's mask, and then again none but the synchronous ones. */
void blocked_signals_pause(void);
void blocked_signals_go_on(void);

#endif
