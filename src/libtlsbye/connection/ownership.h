/* SPDX-License-Identifier: MIT */
/*
 * Does this process own the connection?
 *
 * After a fork two processes hold the same keys and the same sequence number (P7). The first of them that puts a byte on the
 * wire owns the connection: its number is the right one from there on, the others' is used up. A call alone says nothing: a
 * child may tidy up by a quiet SSL_shutdown, an SSL_read that finds nothing, SSL_pending. Nor does reading make an owner: it
 * moves the number of what is read alone, and the parent may write the next record. But it tells the owner that a half-close
 * and a drain would rob somebody. One that has put nothing on the wire stays silent, unless every other holder has let go.
 *
 * A connection whose SSL was freed before the fork may go on in plaintext, in either process, which nobody can see: it is for
 * the last holder to end.
 *
 * Rules: async-signal-safe, but for what is for the fork handlers. A child that is killed never lets go: then the others
 * stay silent, and its slot is lost.
 */
#ifndef TLSBYE_OWNERSHIP_H
#define TLSBYE_OWNERSHIP_H

#include "connection/connection.h"

/* Where a fork has shared it. */
bool ownership_owns_shared(const struct connection *c);

/* May this process speak on the connection? (It is an original: whoever comes in from the program has asked, process.h.) */
static inline bool ownership_owns(const struct connection *c)
{
	return !atomic_load(&c->released.not_ours) && (!atomic_load(&c->slot) || ownership_owns_shared(c));
}

/* The owner half-closes. */
void ownership_ends(struct connection *c);

/* Has a relative ended it, while this process has it still? */
bool ownership_was_ended(const struct connection *c);

/* Has another process the connection, too, by a fork? */
bool ownership_shares(const struct connection *c);

/* While CLAIM_FORKED stands, inside, before and after each call: has it read, or put anything on the wire? */
void ownership_look(struct connection *c);

/* What OpenSSL had read before the fork, and this process has taken now: it goes on reading, though no BIO has counted it. */
void ownership_reads(struct connection *c);

/* Nothing is known of what its BIOs have counted so far. */
void ownership_look_anew(struct connection *c);

/* What was seen otherwise: it has. */
void ownership_speaks(struct connection *c);

/* This process is done with the connection, for good. `said`: it said close_notify, so nobody may any more. */
void ownership_lets_go(struct connection *c, bool said);

/* The same for a connection on which it has not spoken since a fork, and which others hold. */
void ownership_lets_go_unspoken(struct connection *c);

/* Was anything shared, ever? */
bool ownership_any_shared(void);

/* Has this process a child by fork()? Then what it sends to itself may be taken by another. */
void ownership_note_child(void);
bool ownership_has_children(void);

/* For the fork handlers. Can anything be shared? Then for each connection. */
void ownership_before_fork(void);
bool ownership_fork_shares(void);
void ownership_share(struct connection *c);
void ownership_after_fork(void);       /* in the parent */
void ownership_begin_anew(void);       /* in the child */
void ownership_child_after_fork(void); /* likewise, where there are connections */

/*
 * A fork that may fail, from its beginning to its end: what ..._begins gives is for ..._ends. If it has failed: may it be taken
 * back, for each connection? Not where another thread, or a handler, has forked in the middle of it: then nobody can tell by which
 * of the two a connection was shared, and it stays so (P7).
 */
struct ownership_attempt {
	uint32_t fork;  /* its number */
	uint32_t forks; /* that began in it */
	bool alone;
};
struct ownership_attempt *ownership_attempt_begins(struct ownership_attempt *attempt);
void ownership_attempt_ends(struct ownership_attempt *outer);
bool ownership_may_unshare(const struct ownership_attempt *attempt);
void ownership_unshare(struct connection *c, const struct ownership_attempt *attempt);

#endif
