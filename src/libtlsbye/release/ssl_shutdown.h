/* SPDX-License-Identifier: MIT */
/* SSL_shutdown for the second time. */
#ifndef TLSBYE_SSL_SHUTDOWN_H
#define TLSBYE_SSL_SHUTDOWN_H

#include "connection/connection.h"

/*
 * SSL_shutdown for the second time waits for the peer's close_notify, and fails for good when it meets application
 * data that the program never read. Reads first what has arrived of that data, and never waits for more (P2): that is
 * the drain's. 1: now the real call can succeed, or there is nothing to do here; else its result: 0 where close_notify is
 * out by us, -1 where the peer's has not come with all that had arrived: SSL_get_error says that it is to be repeated, or,
 * where the socket is one that blocks, what it says bare. Likewise after a close of the socket, where the call must touch no
 * number. Inside.
 */
int ssl_shutdown_read_the_rest(struct connection *c, SSL *ssl);

#endif
