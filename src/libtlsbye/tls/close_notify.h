/* SPDX-License-Identifier: MIT */
/*
 * The TLS side of the goodbye: may we speak? Then close_notify, through a BIO of our own on a hold of the socket.
 */
#ifndef TLSBYE_FAREWELL_H
#define TLSBYE_FAREWELL_H

#include "connection/connection.h"

/*
 * May close_notify be said? It tells the peer "this is all" (RFC 8446, 6.1): each "no" is a case where that would be
 * a lie, or where we are not the ones to speak. Claim held, or inside.
 */
enum reason close_notify_reason(const struct connection *c);

/*
 * The same for who only observes, and may not touch the SSL because a call may be inside: what was seen of it must do.
 * Async-signal-safe.
 */
enum reason close_notify_foreseen(const struct connection *c);

/*
 * Says close_notify if it may be said; completes a record that is half on the wire in any case. The reason stands in
 * c->silence afterwards, what the socket did not take in c->released.residue. Never blocks, raises no signal, leaves errno and
 * the thread's error queue as they were. May allocate: never inside close(). Claim held; `hold` is the socket (P6).
 */
void close_notify_say(struct connection *c, int hold);

/* Is there anything that the socket did not take? */
bool residue_any(const struct connection *c);

/* Sends what the socket did not take, as far as it goes. True when nothing is left. Async-signal-safe. */
bool residue_send(struct connection *c, int hold);

#endif
