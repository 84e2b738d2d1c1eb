/* SPDX-License-Identifier: MIT */
/*
 * The ports of connections that were released by us.
 *
 * Bare, a close with bytes unread resets the connection, and its port is free at once; after a release it ends as TCP
 * should, and its port is taken until the drain is over and TIME_WAIT after it (RFC 9293, 3.6.1). A program that binds
 * the port again, and never needed SO_REUSEADDR for it, must not notice (P5).
 *
 * Rules: everything here is async-signal-safe. At most one bit a port is kept.
 */
#ifndef TLSBYE_PORT_REUSE_H
#define TLSBYE_PORT_REUSE_H

#include <stdbool.h>
#include <sys/socket.h>

/* bind(), or listen(), succeeded. Keeps errno. */
void port_reuse_bound(int fd);

/* Before a stream is handed over: from here on its port can be bound beside it. */
void port_reuse_begins(int fd);

/* bind(), or listen(), failed with EADDRINUSE: once more, where the port is such a one. 0, or -1. */
int port_reuse_bind_again(int fd, const struct sockaddr *address, socklen_t size);
int port_reuse_listen_again(int fd, int backlog);

#endif
