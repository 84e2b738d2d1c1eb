/* SPDX-License-Identifier: MIT */
/* See stale_error.h. */
#include "observe/stale_error.h"

#include <string.h>

enum {
	UNEXPECTED_EOF_WHILE_READING = 294,
	FIRST_ALERT = 1000, /* SSL_AD_REASON_OFFSET */
};

/* What the call wants, where its BIO asks to be tried again. */
static int wanted(const struct libssl *lib, SSL *ssl)
{
	int wants = lib->SSL_want(ssl);
	BIO *bio = wants == SSL_READING   ? lib->SSL_get_rbio(ssl)
		   : wants == SSL_WRITING ? lib->SSL_get_wbio(ssl)
					  : NULL;
	if (!bio || !lib->BIO_test_flags(bio, BIO_FLAGS_SHOULD_RETRY))
		return SSL_ERROR_NONE;
	return wants == SSL_READING ? SSL_ERROR_WANT_READ : SSL_ERROR_WANT_WRITE;
}

/* It says so itself: after a fatal error that the peer was to be told of, the BIO may ask to be tried again as well, for the alert. */
static bool is_in_error(const struct libssl *lib, SSL *ssl)
{
	return strcmp(lib->SSL_state_string(ssl), "SSLERR") == 0;
}

/* Every fatal error sets the state machine back to "in init": afterwards no call succeeds. Before the handshake it is so anyway. */
static bool has_failed(const struct connection *c, SSL *ssl)
{
	return !c->seen.handshaken || c->lib->SSL_in_init(ssl);
}

/*
 * Errors that a call may leave without being fatal: those of the kernel, of a BIO (the program's may have any), and of a write
 * some of libssl's own ("bad write retry"); but never an alert, nor an end of the stream.
 */
static bool may_be_its_own(const struct libssl *lib, unsigned long code, bool of_write)
{
	unsigned library = openssl_error_library(lib, code), reason = openssl_error_reason(lib, code);
	if (library == ERR_LIB_SSL)
		return of_write && reason < FIRST_ALERT && reason != UNEXPECTED_EOF_WHILE_READING;
	return library == ERR_LIB_SYS || library == ERR_LIB_BIO || library >= ERR_LIB_USER;
}

int stale_error_without(const struct connection *c, SSL *ssl, int error, bool of_write)
{
	struct libssl *lib = c->lib;
	unsigned long code = lib->ERR_peek_error();
	if (!code || !lib->SSL_get_rbio(ssl)) /* an SSL without a BIO wants nothing */
		return error;
	if (is_in_error(lib, ssl))
		return error;
	int want = wanted(lib, ssl);
	if (want != SSL_ERROR_NONE)
		return want;
	if (has_failed(c, ssl))
		return error;
	if (!of_write && lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		return SSL_ERROR_ZERO_RETURN;
	return may_be_its_own(lib, code, of_write) ? error : SSL_ERROR_SYSCALL;
}

static uint64_t progress(const struct connection *c)
{
	return 1 + c->bytes_read + connection_bytes_written(c);
}

void stale_error_note(struct connection *c)
{
	c->seen.stale_error_at = progress(c);
}

bool stale_error_stands(const struct connection *c)
{
	return c->seen.stale_error_at == progress(c);
}
