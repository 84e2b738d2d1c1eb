/* SPDX-License-Identifier: MIT */
/*
 * What the SSL_* hooks note of a call that has just returned; each of these leaves the connection and returns the
 * call's result.
 *
 * The good case of a read and of a write is inline, and costs a few instructions. Everything else looks closer, with
 * SSL_get_error, which reads the error queue and changes nothing.
 *
 * Rules: errno and the error queue stay as the call left them. Inside on entry, outside on return.
 */
#ifndef TLSBYE_SEEN_H
#define TLSBYE_SEEN_H

#include "connection.h"
#include "handshake.h"
#include "learn.h"

/* Enters a connection (connection.h) for a call that does I/O; the first one introduces the two to each other. */
struct connection *enter_io(SSL *ssl, void *caller);

/* Enters it for any other call. */
struct connection *enter(SSL *ssl, void *caller);

/* Handshakes and reads that failed; writes that failed, or took less than they were given. */
int seen_failure(struct connection *c, int result);
int seen_odd_write(struct connection *c, uint64_t length, int result);

int seen_write_ex(struct connection *c, size_t length, int result, const size_t *written);
ssize_t seen_sendfile(struct connection *c, size_t size, ssize_t sent);

/* A handshake: a BIO_s_connect has opened its socket only by then. */
int seen_handshake(struct connection *c, SSL *ssl, int result);

/* SSL_new: tracked from birth, because a program that talks through BIO_f_ssl need not call any other SSL_* function. */
void seen_born(SSL *ssl, void *caller);

int seen_shutdown(struct connection *c, SSL *ssl, int result);
void seen_set_shutdown(struct connection *c, int mode);
void seen_new_socket(struct connection *c, SSL *ssl);
void seen_reference(struct connection *c, bool one_more);

/* Behind a call that was entered slowly: it looks at no more I/O. */
void seen_no_more(struct connection *c);

static inline int seen(struct connection *c, int result)
{
	if (__builtin_expect(result <= 0, false))
		return seen_failure(c, result);
	claim_leave(&c->claim);
	return result;
}

/* The same for calls that have no fast way in. */
static inline int seen_slowly(struct connection *c, int result)
{
	if (io_watched())
		seen_no_more(c);
	handshake_look(c);
	return seen(c, result);
}

static inline int seen_write(struct connection *c, int length, int result)
{
	if (__builtin_expect(result != length, false))
		return seen_odd_write(c, length > 0 ? (uint64_t)length : 0, result);
	claim_leave(&c->claim);
	return result;
}

#endif
