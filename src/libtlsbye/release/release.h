/* SPDX-License-Identifier: MIT */
/*
 * What the ways to let go have in common (ssl_free.c, fd_close.c, fd_shutdown.c, process_exit.c): is there anything to say,
 * is it ours to say, may the SSL be used here and now; and the way of the socket out of the program.
 *
 * Rules: everything here is async-signal-safe: the SSL is only used where no signal handler can be running.
 */
#ifndef TLSBYE_RELEASE_H
#define TLSBYE_RELEASE_H

#include "connection/connection.h"
#include "sys/settings.h"

/* TLSBYE_MODE=cure. */
static inline bool release_is_curing(void)
{
	return settings->mode == MODE_CURE;
}

void release_note_path(struct connection *c, uint32_t path);

/* A connection on which nothing was ever said has nothing to end. */
bool release_is_worth_it(const struct connection *c);

/* P7: SHUT_WR and a drain act for every holder of the socket, so they too are for the owner only. */
bool release_is_ours(const struct connection *c);
void release_disown(struct connection *c);

/*
 * Where calls of the program pass by the hooks, as BIO_write() does through a BIO_f_ssl: has it spoken since a fork? To be asked
 * at the fork itself, and before this process lets go.
 */
void release_look_since_fork(struct connection *c);

/* Why nobody but the threads inside may use the SSL now; MAY_SPEAK. */
enum reason release_others_inside(const struct connection *c);

/* What the program would have been told of, had it been us: for who observes. `caller`: of the close. */
bool release_ssl_is_usable(struct connection *c, void *caller);

/*
 * Says close_notify on the descriptor, with the thread's signals blocked. False: the SSL cannot be used now (a handler may
 * be running, a thread is inside), and what is to be said may follow (follow.h).
 */
bool release_speak(struct connection *c, int fd, void *caller);

/*
 * Half-close and drain, elsewhere, then the event: the whole release, after what was said. `follows`: release_speak has
 * said so. Whatever could not be handed over was done within `until_us` in place.
 */
void release_hand_over(struct connection *c, int fd, bool follows, uint64_t until_us);

#endif
