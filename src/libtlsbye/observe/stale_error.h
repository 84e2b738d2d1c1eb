/* SPDX-License-Identifier: MIT */
/*
 * SSL_get_error() looks into the thread's error queue before it looks at the connection: an error that an earlier call left
 * there, of any connection or of none, makes every call that only wants more look like a failure (SSL_get_error(3)). The
 * program is told so, and gives up a connection that is healthy. Here the two are told apart: a call that has failed
 * for good leaves its SSL in the error state, and one that wants more leaves its BIO asking for it.
 *
 * Rules: inside, like the SSL_* call that has just returned, and only where that failed. errno is the caller's to keep; the
 * error queue is read, and stays as it is (P5).
 */
#ifndef TLSBYE_STALE_ERROR_H
#define TLSBYE_STALE_ERROR_H

#include "connection/connection.h"

/*
 * What SSL_get_error() would have said of the call if the queue had been empty before it: `error` itself, where that is the
 * call's own as far as can be told.
 */
int stale_error_without(const struct connection *c, SSL *ssl, int error, bool of_write);

/* It was such an error, and the program has read and written nothing since: it has given the connection up. */
void stale_error_note(struct connection *c);
bool stale_error_stands(const struct connection *c);

#endif
