/* SPDX-License-Identifier: MIT */
/*
 * What the doors have in common (goodbye.c: the SSL's; letting_go.c: the descriptor's): is there anything to say, is it
 * ours to say, may the linger thread say it; and the hand-over itself.
 *
 * Rules: everything here is async-signal-safe.
 */
#ifndef TLSBYE_PARTING_H
#define TLSBYE_PARTING_H

#include "connection.h"

#include <signal.h>

/* How long shutdown() and a waiting close() wait for the linger thread to speak: it does so within microseconds. */
enum { ANSWER_WITHIN_MS = 1000 };

/*
 * While the goodbye is inside on the program's own thread, no handler and no cancellation of that thread may come:
 * the handler could enter the same connection and wait for itself.
 */
struct quiet_thread {
	sigset_t mask;
	int cancel_state;
};
void parting_quieten(struct quiet_thread *before);
void parting_resume(const struct quiet_thread *before);

/* TLSBYE_MODE=cure. */
bool parting_is_curing(void);

void parting_note_door(struct connection *c, uint32_t door);

/* A connection on which nothing was ever said has nothing to end. */
bool parting_is_worth_it(const struct connection *c);

/* P7: SHUT_WR and a drain act for every holder of the socket, so they too are for the owner only. */
bool parting_is_ours(const struct connection *c);
void parting_disown(struct connection *c);

/* Why nobody but the threads inside may use the SSL now; MAY_SPEAK. */
enum silence parting_others_inside(const struct connection *c);

/* ASK_SPEAK where the linger thread may use the SSL, else 0. `caller`: of the close. */
unsigned parting_speech(struct connection *c, void *caller);

/*
 * Gives the linger thread a hold of the socket, and the claim if it is to speak (linger.h: ASK_). False where it could not
 * be given.
 */
bool parting_give(struct connection *c, int fd, unsigned asked);

/* The same for the whole goodbye: `asked`, half-close, drain, event. */
bool parting_hand_over(struct connection *c, int fd, unsigned asked);

#endif
