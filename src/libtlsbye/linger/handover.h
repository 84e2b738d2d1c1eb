/* SPDX-License-Identifier: MIT */
/*
 * The way of a socket from the program's descriptor table into the linger thread's.
 *
 * A message with SCM_RIGHTS is a hold of the open file from the moment that sendmsg returns, before any thread has
 * looked at it; so the sender may close its descriptor at once, and whoever gets its number is not touched (P6).
 */
#ifndef TLSBYE_HANDOVER_H
#define TLSBYE_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

struct request {
	uint32_t index; /* of the connection's record */
	uint32_t asked; /* ASK_ bits (linger.h) */
};

enum { INBOX_EMPTY = -1, HOLD_LOST = -2 };

/* Makes the inbox in the calling thread's descriptor table; -1 if it cannot be had. */
int handover_open_inbox(void);

/*
 * The second way, for a program that has no descriptor free for the message's socket, may not make one (seccomp), or is
 * in another network namespace by now: the thread is rung up by a signal that it never takes, only hears by signalfd, and
 * fetches the hold itself (pidfd_getfd). The sender waits for it, a tenth of a second at the most.
 *
 * Makes the bell in the calling thread's descriptor table; -1 if it cannot be had.
 */
int handover_open_bell(void);

/* Only wakes the thread. */
void handover_ring(void);

/* Answers the bell: the hold, or INBOX_EMPTY. */
int handover_fetch(int bell, struct request *request);

/*
 * Sends a hold of fd. Async-signal-safe. The sending socket lives for the length of the call. False where neither way
 * leads to the thread.
 */
bool handover_send(int fd, const struct request *request);

/*
 * The next hold. INBOX_EMPTY where there is none; HOLD_LOST where the message came, but its descriptor did not fit into
 * the thread's table (RLIMIT_NOFILE): the request is there, and has to be answered.
 */
int handover_receive(int inbox, struct request *request);

#endif
