/* SPDX-License-Identifier: MIT */
/*
 * What the doors have in common (goodbye.c: the SSL's; letting_go.c: the descriptor's): is there anything to say, is it
 * ours to say, may the linger thread say it; and the hand-over itself.
 *
 * Rules: everything here is async-signal-safe.
 */
#ifndef TLSBYE_PARTING_H
#define TLSBYE_PARTING_H

#include "connection/connection.h"

#include <signal.h>

/* How long shutdown() and a waiting close() wait for the linger thread to speak: it does so within microseconds. */
enum { ANSWER_WITHIN_MS = 1000 };

/*
 * While the goodbye is inside on the program's own thread, no handler and no cancellation of that thread may come:
 * the handler could enter the same connection and wait for itself.
 */
struct blocked_signals {
	sigset_t mask;
	int cancel_state;
};
void release_block_signals(struct blocked_signals *before);
void release_restore_signals(const struct blocked_signals *before);

/* TLSBYE_MODE=cure. */
bool release_is_curing(void);

void release_note_path(struct connection *c, uint32_t path);

/* A connection on which nothing was ever said has nothing to end. */
bool release_is_worth_it(const struct connection *c);

/* P7: SHUT_WR and a drain act for every holder of the socket, so they too are for the owner only. */
bool release_is_ours(const struct connection *c);
void release_disown(struct connection *c);

/* Why nobody but the threads inside may use the SSL now; MAY_SPEAK. */
enum reason release_others_inside(const struct connection *c);

/* ASK_SPEAK where the linger thread may use the SSL, else 0. `caller`: of the close. */
unsigned release_speech(struct connection *c, void *caller);

/*
 * Gives the linger thread a hold of the socket, and the claim if it is to speak (linger.h: ASK_). False where it could not
 * be given.
 */
bool release_give(struct connection *c, int fd, unsigned asked);

/* The same for the whole goodbye: `asked`, half-close, drain, event. */
bool release_hand_over(struct connection *c, int fd, unsigned asked);

#endif
