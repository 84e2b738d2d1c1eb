/* SPDX-License-Identifier: MIT */
/*
 * The ways to let go of the SSL: SSL_free and its kin, which say close_notify and no more: the program may go on in
 * plaintext (FTPS CCC). What is left is the descriptor's (fd_close.h).
 *
 * Rules: called where SSL_* may be called; not async-signal-safe.
 */
#ifndef TLSBYE_SSL_FREE_H
#define TLSBYE_SSL_FREE_H

#include "connection/connection.h"

/*
 * SSL_free: nothing where it was not the last reference. The SSL is not known any more afterwards. Returns its library;
 * NULL where it was not tracked.
 */
struct libssl *ssl_free_before(SSL *ssl, struct call call);

/*
 * The SSL goes, this way (PATH_SSL_FREE and the like): says what is to be said, and forgets it. Where it was the last
 * reference, before the SSL is touched.
 */
void ssl_free_release(struct connection *c, uint32_t path, struct call call);

/*
 * SSL_clear between two connections: the same for the one that ends. True where the SSL would keep its session only
 * because of our close_notify. Bare it has none afterwards, and must not: OpenSSL 1.1.1 cannot accept TLS 1.3 with an
 * old one, and a client would offer it to the next server.
 */
bool ssl_free_before_clear(SSL *ssl, struct call call);

/*
 * Where no hooked SSL_* call did I/O (a BIO_f_ssl with a libssl that is linked -Bsymbolic): what the first one would have
 * learnt, learnt when it goes. Nothing where there is nothing to learn.
 */
void ssl_free_learn_late(struct connection *c);

#endif
