/* SPDX-License-Identifier: MIT */
/*
 * From a descriptor's number to its connection; and what else is known of the program's numbers.
 *
 * Rules: everything here is async-signal-safe: atomics only, no lock, no allocation (P8).
 */
#ifndef TLSBYE_DESCRIPTORS_H
#define TLSBYE_DESCRIPTORS_H

#include "connection/connection.h"

/* One array look-up: is the descriptor a tracked socket, or one of the program's epoll sets? */
enum { DESCRIPTOR_LIMIT = 1 << 20 }; /* fs.nr_open's default; a higher number is passed through */
extern _Atomic uint32_t descriptors_slots[DESCRIPTOR_LIMIT] INTERNAL;

static inline bool descriptors_known(int fd)
{
	return (unsigned)fd < DESCRIPTOR_LIMIT &&
	       atomic_load_explicit(&descriptors_slots[fd], memory_order_relaxed) != 0;
}

/* Is the descriptor one of this connection's? */
bool descriptors_belong(const struct connection *c, int fd);

/* One of them, preferably the one that OpenSSL uses; -1 where none is open. */
int descriptors_any(const struct connection *c);

/* The lowest known descriptor from `first` to `last`; -1. */
int descriptors_next_known(unsigned first, unsigned last);

/* The connection behind a descriptor, with a stake that the caller gives back; NULL. */
struct connection *descriptors_ref_connection(int fd);

/*
 * The descriptor is about to be closed. Only one of two racing closers gets the connection, and with it the descriptor's
 * stake; NULL for what is no connection. Until the winner says that its goodbye has a hold of the socket, the number is
 * marked, and the other one is told that it is not *alone: it must not close the number before.
 */
struct connection *descriptors_take(int fd, bool *alone);
void descriptors_taken(int fd);

/* The program has one more descriptor of the same socket. */
void descriptors_add(struct connection *c, int fd);

/* A connection begins on fd: the copies of it that were made before are its descriptors, too. */
void descriptors_adopt_duplicates(struct connection *c, int fd);

/*
 * dup() of a descriptor that is not tracked (yet): both numbers are remembered, so that a connection that begins on one
 * of them later knows of the other.
 */
void descriptors_duplicated(int from, int to);

/* The program's epoll sets: a socket that lives on in our hands must leave them (DESIGN: stale events). */
void epoll_sets_seen(int epfd);
bool epoll_sets_knows(int epfd);
bool epoll_sets_all_known(void);
void epoll_sets_forget_socket(int fd);

/*
 * Was the number put into an epoll set, or a stream opened on it, since a connection last left it? Both read it, or wait
 * for it, where no hook looks. In doubt yes: a set that it left, or a number that was closed where no hook looked, counts
 * as well.
 */
void descriptors_watched_elsewhere(int fd);
bool descriptors_is_watched_elsewhere(int fd);
void descriptors_forget_watchers(int fd); /* it is being closed */

/* In a fresh child nobody is closing anything. */
void descriptors_child_after_fork(void);

#endif
