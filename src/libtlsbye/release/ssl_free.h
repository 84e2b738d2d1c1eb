/* SPDX-License-Identifier: MIT */
/*
 * The doors of the SSL: SSL_free and its kin, which say close_notify and no more; what is left is the descriptor's
 * (letting_go.h).
 *
 * Rules: called where SSL_* may be called; not async-signal-safe.
 */
#ifndef TLSBYE_GOODBYE_H
#define TLSBYE_GOODBYE_H

#include "connection/connection.h"

/*
 * SSL_free: close_notify and no more, the program may go on in plaintext (FTPS CCC). Nothing where it was not the last
 * reference. The SSL is not known any more afterwards. Returns its library; NULL where it was not tracked.
 */
struct libssl *ssl_free_before(SSL *ssl, struct call call);

/*
 * The SSL goes, by this door (PATH_SSL_FREE and the like): says what is to be said, and forgets it. Where it was the last
 * reference, before the SSL is touched.
 */
void ssl_free_release(struct connection *c, uint32_t path, struct call call);

/*
 * SSL_clear between two connections: the same for the one that ends. True where the SSL would keep its session only
 * because of our close_notify. Bare it has none afterwards, and must not: OpenSSL 1.1.1 cannot accept TLS 1.3 with an
 * old one, and a client would offer it to the next server.
 */
bool ssl_free_before_clear(SSL *ssl, struct call call);

/* The first SSL_* call of this process on the connection that does I/O: learns the socket, starts the thread. Inside. */
void before_call_introduce(struct connection *c, SSL *ssl);

/*
 * Where no hooked SSL_* call did I/O (a BIO_f_ssl with a libssl that is linked -Bsymbolic): what the first one would have
 * learnt, learnt at the door. Nothing where there is nothing to learn.
 */
void ssl_free_learn_late(struct connection *c);

/*
 * SSL_shutdown for the second time waits for the peer's close_notify, and fails for good when it meets application
 * data that the program never read. Reads that data first. 1: now the real call can succeed, or there is nothing to
 * do here; else its result: 0 where close_notify is out by us, -1 where the call would fail as this one did (nothing
 * there yet, the peer is gone), with the same SSL_get_error. Inside.
 */
int ssl_shutdown_read_the_rest(struct connection *c, SSL *ssl);

#endif
