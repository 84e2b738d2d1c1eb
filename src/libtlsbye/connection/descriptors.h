/* SPDX-License-Identifier: MIT */
/*
 * From a descriptor's number to its connection; and what else is known of the program's numbers.
 *
 * Rules: everything here is async-signal-safe: atomics only, no lock, no allocation (P8).
 */
#ifndef TLSBYE_DESCRIPTORS_H
#define TLSBYE_DESCRIPTORS_H

#include "connection/connection.h"

/* The slots of what is no connection. */
enum {
	SLOT_OURS = UINT32_MAX - 3,
	SLOT_CLOSING = UINT32_MAX - 2,
	SLOT_DUPLICATE = UINT32_MAX - 1,
	SLOT_EPOLL = UINT32_MAX
};

/* One array look-up: is the descriptor a tracked socket, or one of the program's epoll sets? */
enum { DESCRIPTOR_LIMIT = 1 << 20 }; /* fs.nr_open's default; a higher number is passed through */
extern _Atomic uint32_t descriptors_slots[DESCRIPTOR_LIMIT] INTERNAL;

static inline bool descriptors_known(int fd)
{
	return (unsigned)fd < DESCRIPTOR_LIMIT &&
	       atomic_load_explicit(&descriptors_slots[fd], memory_order_relaxed) != 0;
}

/* Was ever a connection's descriptor known? Until then there is nothing that could be copied. */
extern _Atomic bool descriptors_any_tracked INTERNAL;

/* Is the descriptor one of this connection's? */
bool descriptors_belong(const struct connection *c, int fd);

/* One of them, preferably the one that OpenSSL uses; -1 where none is open. */
int descriptors_any(const struct connection *c);

/* The lowest known descriptor from `first` to `last`; -1. */
int descriptors_next_known(unsigned first, unsigned last);

/* No number above was ever known, once this is noted: what walks them ends here. */
void descriptors_note_highest(int fd);

/* The connection in a slot; NULL. */
struct connection *descriptors_in_slot(uint32_t slot);

/* The connection of a descriptor, with a reference that the caller gives back; NULL. */
struct connection *descriptors_ref_connection(int fd);

/*
 * The descriptor is about to be closed. Only one of two racing closers gets the connection, and with it the descriptor's
 * reference; NULL for what is no connection. Until the winner says that it is done with the socket, the number is
 * marked, and the other one is told that it is not *alone: it must not close the number before.
 */
struct connection *descriptors_take(int fd, bool *alone);
void descriptors_taken(int fd);

/* The same at once, where nothing is left to be done: false where somebody else has it by now. */
bool descriptors_drop(struct connection *c, int fd);

/* The program has one more descriptor of the same socket. */
void descriptors_add(struct connection *c, int fd);

/* A connection begins on fd: the copies of it that were made before are its descriptors, too. */
void descriptors_adopt_duplicates(struct connection *c, int fd);

/*
 * dup() of a descriptor that is not tracked (yet): both numbers are remembered, so that a connection that begins on one
 * of them later knows of the other.
 */
void descriptors_duplicated(int from, int to);

/*
 * May we act on this descriptor? It must be one of the connection's; for DTLS, where many SSLs share a socket, any of that
 * socket.
 */
bool descriptors_may_use(const struct connection *c, int fd);

/*
 * Has the program ever asked for SIGIO by fcntl(O_ASYNC)? (By ioctl(FIOASYNC), nobody knows.)
 */
void descriptors_note_async(void);
bool descriptors_any_async(void);

/* In a fresh child nobody is closing anything. */
void descriptors_child_after_fork(void);

#endif
