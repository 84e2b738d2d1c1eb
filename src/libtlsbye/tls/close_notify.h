/* SPDX-License-Identifier: MIT */
/*
 * The TLS side of a release: may we speak? Then close_notify, through a BIO of our own on the program's descriptor.
 */
#ifndef TLSBYE_CLOSE_NOTIFY_H
#define TLSBYE_CLOSE_NOTIFY_H

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

/* Said, and nothing of it stands in a buffer of the program's: then there is nothing to do here. Ordinary code, or claim held. */
bool close_notify_is_said(const struct connection *c);

/*
 * Says close_notify if it may be said; completes a record that is half on the wire in any case. The reason stands in
 * c->released.reason afterwards, what the socket did not take in its residue: all of it where fd is -1, because the socket
 * is handed over already. Never blocks, raises no signal, leaves errno and the thread's error queue as they were. May
 * allocate: never where a signal handler may be running. Claim held; `fd` is the program's own, of which the claim keeps
 * hooked closers away (P6).
 */
void close_notify_say(struct connection *c, int fd);

#endif
