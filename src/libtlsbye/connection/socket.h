/* SPDX-License-Identifier: MIT */
/* Which socket is a descriptor? Async-signal-safe. */
#ifndef TLSBYE_SOCKET_H
#define TLSBYE_SOCKET_H

#include "connection/connection.h"

/* SO_COOKIE, or the inode where the kernel has none; false: no socket. */
bool socket_cookie(int fd, uint64_t *cookie);

/* P6: is this descriptor the connection's socket? */
bool socket_is_of(const struct connection *c, int fd);

bool socket_is_of_type(int fd, int wanted);

static inline bool socket_is_stream(int fd)
{
	return socket_is_of_type(fd, SOCK_STREAM);
}

#endif
