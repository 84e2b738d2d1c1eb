/* SPDX-License-Identifier: MIT */
/*
 * The way of a socket out of the program: to the hub; where there is none, to a task of its own (clone.h); where that is
 * refused, too, what can be done within a deadline is done in place (in_place.h).
 *
 * Rules: async-signal-safe; the calling thread has its signals blocked. After each of these the caller closes the
 * descriptor, and the event of the connection's end has been told, or will be by who holds the socket.
 */
#ifndef TLSBYE_HANDOVER_H
#define TLSBYE_HANDOVER_H

#include "connection/connection.h"

/*
 * `follows`: close_notify is still to be said (release/follow.h), so there is no half-close yet, and where somebody is
 * inside no drain that would rob him. `until_us`: the deadline of what has to be done in place.
 */
void handover_give(struct connection *c, int fd, bool follows, uint64_t until_us);

/* The descriptor stays open: what is left to be sent is sent elsewhere, and the FIN after it. */
void handover_give_fin(struct connection *c, int fd);

/* What was to follow: c->released, the residue included. */
void handover_speaks(struct connection *c);

/* The drain here and now, until then at the most; tells the event, and that nothing `follows`. */
void handover_in_place(struct connection *c, int fd, bool follows, uint64_t until_us);

/* Why what was to follow is not said, where nothing is handed over. */
void handover_gives_up_speech(struct connection *c);

/* Where the end of this process is the end of whoever holds its sockets: waits for them, so long at the most. */
void handover_await(unsigned milliseconds);

#endif
