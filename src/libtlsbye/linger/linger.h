/* SPDX-License-Identifier: MIT */
/*
 * The TCP side of the goodbye: half-close, drain, limits; and the one background thread that does it.
 *
 * The thread has a descriptor table of its own (unshare(CLONE_FILES)): the program and its children see nothing of it,
 * and no close-everything loop can hurt it. A socket comes to it as a message: its descriptor by SCM_RIGHTS through a
 * socket that lives for the length of the call, to an address in the abstract namespace. So nothing of ours stands in
 * the program's table between two calls, and close() waits for no thread.
 *
 * Rules: linger_hand_over and linger_in_place are async-signal-safe. The thread blocks all signals. Around OpenSSL it
 * holds a lock that the fork handler takes, too: a child must not inherit OpenSSL's locks in the middle of a word.
 */
#ifndef TLSBYE_LINGER_H
#define TLSBYE_LINGER_H

#include "connection/connection.h"

/* What the thread is asked to do with a hold. Bits. */
enum {
	ASK_SPEAK = 1,       /* the claim is taken: say goodbye, give it back */
	ASK_SPEAK_HELD = 64, /* the caller has the claim, keeps it, and waits for the answer */
	ASK_SPEAK_LATER = 2, /* somebody is inside: say goodbye when the last one is out */
	ASK_HALF_CLOSE = 4,  /* behind whatever is still to be sent */
	ASK_DRAIN = 8,       /* and discard until the peer's end */
	ASK_FIN_BEHIND =
		32,     /* if anything is still to be sent: half-close behind it (connection.h: fin_later) */
	ASK_EVENT = 16, /* this is the end: say the event */
};

/* Ordinary code, at the first socket of the process: starts the thread and waits until it is ready. False if refused. */
bool linger_start(void);

/* Was the thread refused to us (no threads, no unshare)? Then every drain is done in place. */
bool linger_refused(void);

/*
 * Gives the thread a hold of the open file behind fd; fd itself stays the caller's. True: the connection's stake and,
 * with ASK_SPEAK, its claim are the thread's now. False: nothing happened.
 */
bool linger_hand_over(struct connection *c, int fd, unsigned asked);

/* Waits until the thread has spoken. False when it took longer than the given time. */
bool linger_await_answer(struct connection *c, unsigned milliseconds);

/* Half-close and drain here and now, on the program's thread and descriptor; `idle_ms` bounds each wait. */
void linger_in_place(struct connection *c, int fd, unsigned idle_ms);

/* How many holds the thread has or is about to get. */
uint32_t linger_count(void);

/* Waits for them to end, so long at the most. Async-signal-safe. */
void linger_wait(unsigned milliseconds);

/* The same; and OpenSSL is not used by the thread any more afterwards. */
void linger_finish(unsigned milliseconds);

/*
 * The program's last thread is about to end, and the process with it: not, where ours were left. Waits for the holds, so
 * long at the most, then for the end of the thread. It can be started again.
 */
void linger_end(unsigned milliseconds);

/* The main thread has left: from now on ours looks whether anybody is left but itself. */
void linger_look_around(void);

void linger_before_fork(void);
void linger_after_fork(void);
void linger_child_after_fork(void);

#endif
