/* SPDX-License-Identifier: MIT */
/*
 * The exported SSL_* functions. Each enters the connection, calls the real one, notes what is to be noted, leaves.
 *
 * Rules: result, errno and error queue are the real function's. Nothing is decided here.
 */
#include "connection/ssl_table.h"
#include "release/after_call.h"
#include "release/before_call.h"
#include "release/ssl_free.h"
#include "release/ssl_shutdown.h"
#include "sys/export.h"
#include "sys/openssl.h"

/* --- birth --- */

EXPORT SSL *SSL_new(SSL_CTX *ctx)
{
	struct libssl *lib = openssl_libssl(CALLER);
	SSL *ssl = lib->SSL_new(ctx);
	after_call_new(ssl, lib);
	return ssl;
}

/* --- the socket --- */

EXPORT int SSL_set_fd(SSL *ssl, int fd)
{
	struct connection *c = before_call(ssl, CALLER);
	int result = c->lib->SSL_set_fd(ssl, fd);
	after_call_new_socket(c, ssl);
	return result;
}

EXPORT int SSL_set_rfd(SSL *ssl, int fd)
{
	struct connection *c = before_call(ssl, CALLER);
	int result = c->lib->SSL_set_rfd(ssl, fd);
	after_call_new_socket(c, ssl);
	return result;
}

EXPORT int SSL_set_wfd(SSL *ssl, int fd)
{
	struct connection *c = before_call(ssl, CALLER);
	int result = c->lib->SSL_set_wfd(ssl, fd);
	after_call_new_socket(c, ssl);
	return result;
}

EXPORT void SSL_set_bio(SSL *ssl, BIO *rbio, BIO *wbio)
{
	struct libssl *inner = ssl_table_inner_call(ssl, CALLER);
	if (inner) {
		inner->SSL_set_bio(ssl, rbio, wbio);
		return;
	}
	struct connection *c = before_call(ssl, CALLER);
	c->lib->SSL_set_bio(ssl, rbio, wbio);
	after_call_new_socket(c, ssl);
}

EXPORT void SSL_set0_rbio(SSL *ssl, BIO *rbio)
{
	struct libssl *inner = ssl_table_inner_call(ssl, CALLER);
	if (inner) {
		inner->SSL_set0_rbio(ssl, rbio);
		return;
	}
	struct connection *c = before_call(ssl, CALLER);
	c->lib->SSL_set0_rbio(ssl, rbio);
	after_call_new_socket(c, ssl);
}

EXPORT void SSL_set0_wbio(SSL *ssl, BIO *wbio)
{
	struct libssl *inner = ssl_table_inner_call(ssl, CALLER);
	if (inner) {
		inner->SSL_set0_wbio(ssl, wbio);
		return;
	}
	struct connection *c = before_call(ssl, CALLER);
	c->lib->SSL_set0_wbio(ssl, wbio);
	after_call_new_socket(c, ssl);
}

/* --- life --- */

EXPORT int SSL_up_ref(SSL *ssl)
{
	struct connection *c = before_call(ssl, CALLER);
	int result = c->lib->SSL_up_ref(ssl);
	after_call_reference(c, result == 1);
	return result;
}

/* Where the SSL is in use already, the "copy" is the same SSL with one more reference. */
EXPORT SSL *SSL_dup(SSL *ssl)
{
	struct connection *c = before_call(ssl, CALLER);
	SSL *copy = c->lib->SSL_dup(ssl);
	after_call_reference(c, copy == ssl);
	if (copy != ssl)
		after_call_new(copy, c->lib);
	return copy;
}

/* libssl calls it within SSL_new, where the SSL is not known yet, and within a handshake. */
SLOWLY static int clear_for_program(SSL *ssl, struct call call)
{
	bool forget = ssl_free_before_clear(ssl, call);
	struct connection *c = before_call(ssl, call.from);
	int result = c->lib->SSL_clear(ssl);
	if (forget && result == 1)
		c->lib->SSL_set_session(ssl, NULL); /* after the clearing: it stays in the SSL_CTX's cache */
	claim_leave(&c->claim);
	return result;
}

EXPORT int SSL_clear(SSL *ssl)
{
	struct libssl *lib = openssl_inner_libssl(CALLER);
	struct connection *c = lib ? ssl_table_find(ssl) : NULL;
	if (lib && (!c || claim_is_entered(&c->claim))) {
		openssl_note_inner_call(lib);
		return lib->SSL_clear(ssl);
	}
	return clear_for_program(ssl, THIS_CALL);
}

EXPORT void SSL_free(SSL *ssl)
{
	struct libssl *lib = ssl_free_before(ssl, THIS_CALL);
	(lib ? lib : openssl_libssl(CALLER))->SSL_free(ssl);
}

EXPORT int SSL_shutdown(SSL *ssl)
{
	struct connection *c = before_call(ssl, CALLER);
	int result = ssl_shutdown_read_the_rest(c, ssl);
	if (result > 0)
		result = c->lib->SSL_shutdown(ssl);
	return after_call_shutdown(c, ssl, result, THIS_CALL);
}

EXPORT void SSL_set_shutdown(SSL *ssl, int mode)
{
	struct connection *c = before_call(ssl, CALLER);
	c->lib->SSL_set_shutdown(ssl, mode);
	after_call_set_shutdown(c, mode);
}

/* --- handshake --- */

EXPORT int SSL_do_handshake(SSL *ssl)
{
	struct libssl *inner = ssl_table_inner_call(ssl, CALLER);
	if (inner)
		return inner->SSL_do_handshake(ssl);
	struct connection *c = before_call_handshake(ssl, THIS_CALL);
	return after_call_handshake(c, ssl, c->lib->SSL_do_handshake(ssl));
}

EXPORT int SSL_connect(SSL *ssl)
{
	struct connection *c = before_call_handshake(ssl, THIS_CALL);
	return after_call_handshake(c, ssl, c->lib->SSL_connect(ssl));
}

EXPORT int SSL_accept(SSL *ssl)
{
	struct connection *c = before_call_handshake(ssl, THIS_CALL);
	return after_call_handshake(c, ssl, c->lib->SSL_accept(ssl));
}

/* --- reading: SSL_read is called often enough to have a fast way --- */

SLOWLY static int read_slowly(SSL *ssl, void *buf, int num, struct call call)
{
	struct connection *c = before_call_io(ssl, call.from);
	return after_call_read_slowly(c, c->lib->SSL_read(ssl, buf, num), call);
}

EXPORT int SSL_read(SSL *ssl, void *buf, int num)
{
	struct connection *c = ssl_table_enter_fast(ssl);
	if (!c)
		return read_slowly(ssl, buf, num, THIS_CALL);
	int result = c->lib->SSL_read(ssl, buf, num);
	if (__builtin_expect(result <= 0, false))
		return after_call_failed(c, result, THIS_CALL);
	return after_call_read(c, result);
}

EXPORT int SSL_read_ex(SSL *ssl, void *buf, size_t num, size_t *readbytes)
{
	struct connection *c = before_call_io(ssl, CALLER);
	int result = c->lib->SSL_read_ex(ssl, buf, num, readbytes);
	return after_call_read_ex(c, result, readbytes, THIS_CALL);
}

EXPORT int SSL_read_early_data(SSL *ssl, void *buf, size_t num, size_t *readbytes)
{
	struct connection *c = before_call_io(ssl, CALLER);
	int result = c->lib->SSL_read_early_data(ssl, buf, num, readbytes);
	return after_call_early_read(c, result, readbytes);
}

EXPORT int SSL_peek(SSL *ssl, void *buf, int num)
{
	struct connection *c = before_call_io(ssl, CALLER);
	return after_call_slowly(c, c->lib->SSL_peek(ssl, buf, num), THIS_CALL);
}

EXPORT int SSL_peek_ex(SSL *ssl, void *buf, size_t num, size_t *readbytes)
{
	struct connection *c = before_call_io(ssl, CALLER);
	return after_call_slowly(c, c->lib->SSL_peek_ex(ssl, buf, num, readbytes), THIS_CALL);
}

/* --- writing: SSL_write likewise --- */

/* Also where the last write is pending still: a whole one makes it good, which after_call_write() would not notice. */
SLOWLY static int write_slowly(SSL *ssl, const void *buf, int num, struct call call)
{
	struct connection *c = before_call_io(ssl, call.from);
	return after_call_odd_write(c, num, c->lib->SSL_write(ssl, buf, num), call);
}

/* The length is made long at once: else the compiler does it after the call, in the register of the result. */
EXPORT int SSL_write(SSL *ssl, const void *buf, int num)
{
	int64_t length = num;
	__asm__("" : "+r"(length));
	struct connection *c = ssl_table_enter_fast(ssl);
	if (!c)
		return write_slowly(ssl, buf, (int)length, THIS_CALL);
	int result = c->lib->SSL_write(ssl, buf, (int)length);
	if (__builtin_expect(result != length, false))
		return after_call_odd_write(c, (int)length, result, THIS_CALL);
	return after_call_write(c, length, result);
}

EXPORT int SSL_write_ex(SSL *ssl, const void *buf, size_t num, size_t *written)
{
	struct connection *c = before_call_io(ssl, CALLER);
	int result = c->lib->SSL_write_ex(ssl, buf, num, written);
	return after_call_write_ex(c, num, result, written, THIS_CALL);
}

EXPORT int SSL_write_ex2(SSL *ssl, const void *buf, size_t num, uint64_t flags, size_t *written)
{
	struct connection *c = before_call_io(ssl, CALLER);
	int result = c->lib->SSL_write_ex2(ssl, buf, num, flags, written);
	return after_call_write_ex(c, num, result, written, THIS_CALL);
}

EXPORT int SSL_write_early_data(SSL *ssl, const void *buf, size_t num, size_t *written)
{
	struct connection *c = before_call_io(ssl, CALLER);
	int result = c->lib->SSL_write_early_data(ssl, buf, num, written);
	return after_call_write_ex(c, num, result, written, THIS_CALL);
}

EXPORT ssize_t SSL_sendfile(SSL *ssl, int fd, off_t offset, size_t size, int flags)
{
	struct connection *c = before_call_io(ssl, CALLER);
	ssize_t sent = c->lib->SSL_sendfile(ssl, fd, offset, size, flags);
	return after_call_sendfile(c, size, sent, THIS_CALL);
}
