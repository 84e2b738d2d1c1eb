/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has of a connection at its last close: in its queues, and of TCP's state. Asked in the host, on the
 * program's own descriptor, before the socket is handed over.
 *
 * Rules: async-signal-safe; libc's getsockopt and ioctl, so errno is the caller's to keep.
 */
#ifndef TLSBYE_QUEUES_H
#define TLSBYE_QUEUES_H

#include "connection/connection.h"

/* P4: does SO_LINGER with a zero timeout ask for a reset instead of a goodbye? */
bool queues_abort_meant(int fd);

/* Fills in c->queues. */
void queues_measure(struct connection *c, int fd);

/* May the peer still send, or is there something of its that was not read? Not, where that cannot be known. */
bool queues_peer_is_open(const struct connection *c, int fd);

/* Was it reset? Nothing can be sent any more. */
bool queues_is_over(const struct connection *c, int fd);

#endif
