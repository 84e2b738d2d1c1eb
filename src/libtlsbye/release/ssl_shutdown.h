/* SPDX-License-Identifier: MIT */
/* SSL_shutdown for the second time. */
#ifndef TLSBYE_SSL_SHUTDOWN_H
#define TLSBYE_SSL_SHUTDOWN_H

#include "connection/connection.h"

/*
 * SSL_shutdown for the second time waits for the peer's close_notify, and fails for good when it meets application
 * data that the program never read. Reads that data first. 1: now the real call can succeed, or there is nothing to
 * do here; else its result: 0 where close_notify is out by us, -1 where the call would fail as this one did (nothing
 * there yet, the peer is gone), with the same SSL_get_error. Inside.
 */
int ssl_shutdown_read_the_rest(struct connection *c, SSL *ssl);

#endif
