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

#include "connection/connection.h"
#include "observe/handshake.h"
#include "observe/learn_socket.h"

/* Handshakes and reads that failed; writes that failed, or took less than they were given. */
int after_call_failed(struct connection *c, int result, struct call call);
int after_call_odd_write(struct connection *c, int length, int result, struct call call);

/*
 * SSL_write_ex is SSL_write_ex2 in OpenSSL 3.3, the calls of early data end in those of the other: what libssl calls itself is
 * left to the hook of what the program called, which is around it. (BIO_f_ssl calls none of these.)
 */
int after_call_read_ex(struct connection *c, int result, const size_t *got, struct call call);
int after_call_early_read(struct connection *c, int result, const size_t *got);
int after_call_write_ex(struct connection *c, size_t length, int result, const size_t *written,
			struct call call);
ssize_t after_call_sendfile(struct connection *c, size_t size, ssize_t sent, struct call call);

/* A BIO_s_connect has opened its socket only by then. */
int after_call_handshake(struct connection *c, SSL *ssl, int result);

/* SSL_new: tracked from birth, because a program that talks through BIO_f_ssl need not call any other SSL_* function. */
void after_call_new(SSL *ssl, struct libssl *lib);

int after_call_shutdown(struct connection *c, SSL *ssl, int result, struct call call);
void after_call_set_shutdown(struct connection *c, int mode);
void after_call_new_socket(struct connection *c, SSL *ssl);
void after_call_reference(struct connection *c, bool one_more);

/*
 * The good case of a read. Of the bytes nobody else counts: SSL_read is for one thread at a time. (That it is the good case
 * is asked in the hook: the compiler would have the caller's address ready before it knows.)
 */
static inline int after_call_read(struct connection *c, int result)
{
	c->bytes_read += (uint64_t)result;
	claim_leave(&c->claim);
	return result;
}

/* The good case of a write: all of it was taken. (A length below zero is refused by a result that equals it.) */
static inline int after_call_write(struct connection *c, int64_t length, int result)
{
	c->bytes_written += (uint64_t)length;
	claim_leave(&c->claim);
	return result;
}

/* What has no fast way in: reads; handshakes, and what reads without taking anything. */
static inline int after_call_read_slowly(struct connection *c, int result, struct call call)
{
	size_t got = result > 0 ? (size_t)result : 0;
	return after_call_read_ex(c, result, &got, call);
}

static inline int after_call_slowly(struct connection *c, int result, struct call call)
{
	return after_call_read_ex(c, result, NULL, call);
}

#endif
