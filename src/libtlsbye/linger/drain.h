/* SPDX-License-Identifier: MIT */
/*
 * One socket's drain: half-close it, discard what comes, see how the peer ends.
 *
 * Rules: everything here is async-signal-safe and works on the descriptor that is given: a hold of the linger thread,
 * or, in place, the program's own.
 */
#ifndef TLSBYE_DRAIN_H
#define TLSBYE_DRAIN_H

#include "connection/connection.h"

/* Microseconds of the monotonic clock. */
uint64_t clock_us(void);

/* P4: does SO_LINGER with a zero timeout ask for a reset instead of a goodbye? */
bool drain_abort_meant(int fd);

/* What lies in the kernel's queues at the last close. */
void drain_measure(struct connection *c, int fd);

/* May the peer still send, or is there something of its that was not read? Not, where that cannot be known. */
bool drain_peer_is_open(const struct connection *c, int fd);

/* Was it reset? Nothing can be sent any more. */
bool drain_is_over(const struct connection *c, int fd);

/* Bytes in the send queue that the peer's kernel has not acknowledged; 0 if unknown. */
uint32_t drain_unsent(int fd);

/* SO_LINGER with a time makes the last close of the socket wait for the peer: the thread's, with all its other drains. */
void drain_forget_linger_time(int fd);

/* FIN behind all that was written, and no SO_LINGER time any more. False: there is no connection. */
bool drain_half_close(struct connection *c, int fd);

/* Discards what is there, within a bounded number of calls. True when the peer's end was seen (c->peer_end). */
bool drain_some(struct connection *c, int fd);

#endif
