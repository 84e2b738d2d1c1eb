/* SPDX-License-Identifier: MIT */
/*
 * What is to be done before an SSL_* call of the program's: enter its connection; at the first one that does I/O get to know
 * it.
 *
 * Rules: errno stays. Inside on return.
 */
#ifndef TLSBYE_BEFORE_CALL_H
#define TLSBYE_BEFORE_CALL_H

#include "connection/connection.h"

/* Enters a connection for a call that does I/O; the first one introduces the two to each other. */
struct connection *before_call_io(SSL *ssl, void *caller);

/* Enters it for any other call. */
struct connection *before_call(SSL *ssl, void *caller);

/*
 * A handshake: a BIO_s_connect opens its socket only within. SSL_connect and SSL_accept call SSL_do_handshake, and where
 * libssl is not linked -Bsymbolic our hook of it: it is the outer call that the program has made.
 */
struct connection *before_call_handshake(SSL *ssl, struct call call);

/* The first SSL_* call of this process on the connection that does I/O: learns the socket. Inside. */
void before_call_introduce(struct connection *c, SSL *ssl);

#endif
