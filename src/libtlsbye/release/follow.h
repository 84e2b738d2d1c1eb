/* SPDX-License-Identifier: MIT */
/*
 * close_notify after the socket is gone: a close() that may have come in a signal handler, or beside a thread that is
 * inside, has handed the socket over and said nothing. The next call on the SSL, or SSL_free, says it into memory, and it
 * is sent after the socket.
 *
 * Rules: for ordinary code.
 */
#ifndef TLSBYE_FOLLOW_H
#define TLSBYE_FOLLOW_H

#include "connection/connection.h"

/* Nearly always nothing. The caller is not inside. */
void follow_speak(struct connection *c);

#endif
