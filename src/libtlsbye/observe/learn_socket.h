/* SPDX-License-Identifier: MIT */
/*
 * Which socket does a BIO of the program's own speak over? SSL_get_fd does not tell; but while an SSL_* call is running
 * on a thread, the I/O of that thread is the connection's, as a rule.
 *
 * As a rule: a callback may write a log, ask a session cache. So a descriptor is believed only where it is a stream
 * socket, no other connection's, and what passes begins as a TLS record does.
 *
 * Rules: learn_socket_seen* are called by whatever does I/O, a signal handler in the middle of an SSL_* call too: async-signal-safe,
 * errno stays. Nothing of the program's memory is read before the kernel has done so.
 */
#ifndef TLSBYE_LEARN_H
#define TLSBYE_LEARN_H

#include "connection/connection.h"

#include <sys/uio.h>

/* Whose socket is sought by the SSL_* call that runs on this thread; NULL: nobody's, nearly always. */
extern _Thread_local struct connection *learn_socket_sought INTERNAL;

/* Must a call of read, write or the like be looked at? The one question of hooks_io.c: three instructions. */
static inline bool learn_socket_watches(void)
{
	return __builtin_expect(learn_socket_sought != NULL, false);
}

/* Each returns n, what the real call returned. `bytes` is NULL where the call put none there (MSG_TRUNC). */
ssize_t learn_socket_seen(int fd, const void *bytes, ssize_t n);
ssize_t learn_socket_seen_parts(int fd, const struct iovec *parts, size_t count, ssize_t n);
ssize_t learn_socket_seen_message(int fd, const struct msghdr *message, int flags, ssize_t n);

/* MSG_TRUNC: TCP throws the bytes away, and the buffer may be NULL (tcp(7)). */
static inline const void *learn_socket_filled(const void *buf, int flags)
{
	return flags & MSG_TRUNC ? NULL : buf;
}

/* Around an SSL_* call that does I/O; inside. Nothing where nothing is to be learnt. */
void learn_socket_enter(struct connection *c);

/* True where the call has shown the socket. */
bool learn_socket_leave(struct connection *c);

/* A fork in the middle of an SSL_* call: the child begins with nothing to learn. */
void learn_socket_child_after_fork(void);

#endif
