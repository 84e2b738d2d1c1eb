/* SPDX-License-Identifier: MIT */
/*
 * Does this process own the connection?
 *
 * After a fork two processes hold the same keys and the same sequence number (P7). The first of them that makes an
 * SSL_* call owns the connection. One that made none stays silent, unless every other holder has let go; a word in
 * shared memory, mapped before the fork, tells.
 *
 * Rules: async-signal-safe, but for what is for the fork handlers. A child that is killed never lets go: then the others
 * stay silent, and its slot is lost.
 */
#ifndef TLSBYE_OWNERSHIP_H
#define TLSBYE_OWNERSHIP_H

#include "connection/connection.h"

/* May this process speak on the connection? (It is an original: whoever comes in from the program has asked, process.h.) */
bool ownership_owns(const struct connection *c);

/* Has another process the connection, too, by a fork? */
bool ownership_shares(const struct connection *c);

/* The first SSL_* call since the fork. */
void ownership_speaks(struct connection *c);

/* This process is done with the connection, for good. `said`: it said close_notify, so nobody may any more. */
void ownership_lets_go(struct connection *c, bool said);

/* The same for a connection on which it has not spoken since a fork. */
void ownership_lets_go_unspoken(struct connection *c);

/* Was anything shared, ever? */
bool ownership_any_shared(void);

/* For the fork handlers. Before: false where nothing can be shared; then for each connection. */
bool ownership_before_fork(void);
void ownership_share(struct connection *c);
void ownership_child_after_fork(void);

#endif
