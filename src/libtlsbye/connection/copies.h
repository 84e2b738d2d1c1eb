/* SPDX-License-Identifier: MIT */
/*
 * Copies of a socket that come by no number: a message takes a descriptor along (SCM_RIGHTS, unix(7)), to another process, to
 * another thread, to the sender itself; pidfd_getfd(2) fetches one.
 *
 * The kernel tells nobody before a close whether it is the last one: what could be asked (an epoll entry outlives the close where
 * there is another reference) is known only after it, when close_notify and FIN are out. So they are counted. A socket that was
 * sent away is in doubt until as many copies have come back; meanwhile this process is not its only holder, and neither says
 * close_notify nor half-closes. What came back is a descriptor like any other. Parked: where the last number is closed meanwhile
 * and the SSL lives, the connection has not ended; its event is told when it has.
 *
 * Rules: async-signal-safe. What the program hands to the kernel is looked at only after the kernel took it.
 */
#ifndef TLSBYE_COPIES_H
#define TLSBYE_COPIES_H

#include "connection/connection.h"

/* After a successful sendmsg(). */
void copies_sent(const struct msghdr *message);

/* After a successful recvmsg() on `fd`. */
void copies_received(int fd, const struct msghdr *message, int flags);

/* A number that the kernel has given out, of a socket that may be a connection's. */
void copies_fetched(int fd);

/* May a copy be where this process does not see it? */
static inline bool copies_are_away(const struct connection *c)
{
	return atomic_load(&c->socket.away) > 0;
}

#endif
