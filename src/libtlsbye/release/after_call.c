/* SPDX-License-Identifier: MIT */
/*
 * See after_call.h: what the SSL_* calls tell that did not simply succeed.
 */
#include "release/after_call.h"

#include "connection/ownership.h"
#include "connection/ssl_table.h"
#include "connection/which_socket.h"
#include "events/events.h"
#include "observe/end_of_stream.h"
#include "observe/failure.h"
#include "observe/late_call.h"
#include "observe/stale_error.h"
#include "release/before_call.h"
#include "release/first_connection.h"
#include "sys/in_handler.h"
#include "sys/settings.h"

#include <errno.h>

/*
 * What SSL_get_error says of the call; notes what ends a connection. What it says of an error that another call has left is
 * told, and the answer is what it would have said without that.
 */
static int look_closer(struct connection *c, int result, struct call call, bool of_write)
{
	int saved = errno;
	SSL *ssl = atomic_load(&c->ssl);
	int error = ssl ? c->lib->SSL_get_error(ssl, result) : SSL_ERROR_NONE;
	if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) {
		int own = stale_error_without(c, ssl, error, of_write);
		if (own != error && own != SSL_ERROR_SYSCALL)
			failure_is_not_its_own(c, error, call, of_write);
		else
			c->seen.fatal_error = true;
		error = own;
	}
	if (error == SSL_ERROR_ZERO_RETURN)
		end_of_stream_seen(c, ssl);
	errno = saved;
	return error;
}

SLOWLY static void look_at_progress(struct connection *c)
{
	handshake_look(c);
	if (claim_is_marked(&c->claim, CLAIM_FORKED))
		ownership_look(c);
}

/* Of a call that came the slow way: did it end the handshake, is it the first word since a fork? */
static inline void look(struct connection *c)
{
	if (__builtin_expect(claim_is_marked(&c->claim, CLAIM_SHAKING | CLAIM_FORKED), false))
		look_at_progress(c);
}

int after_call_failed(struct connection *c, int result, struct call call)
{
	failure_of_read(c, look_closer(c, result, call, false), call);
	claim_leave(&c->claim);
	return result;
}

static void note_read(struct connection *c, size_t got)
{
	c->bytes_read += got;
	if (got && claim_is_marked(&c->claim, CLAIM_FORKED))
		ownership_reads(c);
}

int after_call_read_ex(struct connection *c, int result, const size_t *got, struct call call)
{
	if (learn_socket_watches())
		learn_socket_leave(c);
	look(c);
	/* Not a handshake: what BIO_f_ssl makes of one is the program's, and no other hook is around it. */
	bool within = got && openssl_calls_itself(call.from);
	if (result <= 0 && !within)
		return after_call_failed(c, result, call);
	if (result > 0 && got && !within)
		note_read(c, *got);
	claim_leave(&c->claim);
	return result;
}

/* What fails here is met again by the handshake that follows. */
int after_call_early_read(struct connection *c, int result, const size_t *got)
{
	if (learn_socket_watches())
		learn_socket_leave(c);
	if (claim_is_marked(&c->claim, CLAIM_FORKED))
		ownership_look(c);
	if (result == SSL_READ_EARLY_DATA_SUCCESS)
		c->bytes_read += *got;
	claim_leave(&c->claim);
	return result;
}

int after_call_handshake(struct connection *c, SSL *ssl, int result)
{
	struct call call = c->seen.handshake;
	if (call.from)
		c->seen.handshake = (struct call){0};
	int saved = errno;
	bool unknown = atomic_load(&c->ssl) && (atomic_load(&c->socket.fd) < 0 || c->socket.own_bio);
	if (unknown && which_socket_read_fd(c, ssl) >= 0)
		before_call_introduce(c, ssl);
	errno = saved;
	return after_call_slowly(c, result, call);
}

void after_call_new(SSL *ssl, struct libssl *lib)
{
	int saved = errno;
	first_connection_begins(); /* whoever forks from here on is noticed */
	in_handler_learn_thread();
	if (ssl) {
		struct connection *c = ssl_table_enter_new(ssl, lib);
		if (settings->mode == MODE_CURE)
			end_of_stream_ignore(c, ssl);
		claim_leave(&c->claim);
	}
	errno = saved;
}

/* While a write is pending each call looks here, so that the good case need not. */
static void note_unfinished(struct connection *c, uint64_t missing, uint64_t pending)
{
	if (missing && !c->seen.unfinished)
		claim_mark(&c->claim, CLAIM_PENDING);
	if (!missing && c->seen.unfinished)
		claim_unmark(&c->claim, CLAIM_PENDING);
	c->seen.unfinished = missing;
	c->seen.pending_length = pending;
}

static void note_failed_write(struct connection *c, uint64_t length, int result, struct call call)
{
	c->seen.write_requested = length;
	int error = look_closer(c, result, call, true);
	/* It is not the program that gave up, nor could it do so: FATAL_ERROR is what stands. */
	bool given_up = error != SSL_ERROR_SSL || !failure_is_of_memory(c->lib);
	note_unfinished(c, given_up ? length : 0, error == SSL_ERROR_WANT_WRITE ? length : 0);
	failure_may_follow(c, error, call, length);
	failure_of_write(c, error, call, length);
}

static void note_write(struct connection *c, uint64_t length, uint64_t written, int result, struct call call)
{
	if (!atomic_load(&c->ssl))
		return; /* the record of those that are not tracked */
	if (result <= 0) {
		if (length)
			note_failed_write(c, length, result, call);
		return;
	}
	note_unfinished(c, length - written, 0);
	c->bytes_written += written;
	if (length != written)
		failure_may_follow(c, SSL_ERROR_NONE, call, length);
}

int after_call_odd_write(struct connection *c, int length, int result, struct call call)
{
	size_t written = result > 0 ? (size_t)result : 0;
	return after_call_write_ex(c, length > 0 ? (size_t)length : 0, result, &written, call);
}

int after_call_write_ex(struct connection *c, size_t length, int result, const size_t *written,
			struct call call)
{
	if (learn_socket_watches())
		learn_socket_leave(c);
	look(c);
	if (!openssl_calls_itself(call.from))
		note_write(c, length, result > 0 ? *written : 0, result, call);
	claim_leave(&c->claim);
	return result;
}

/* Less than asked for may be the file's end: only a refusal counts as unfinished. */
ssize_t after_call_sendfile(struct connection *c, size_t size, ssize_t sent, struct call call)
{
	if (learn_socket_watches())
		learn_socket_leave(c);
	if (sent > 0 && claim_is_marked(&c->claim, CLAIM_FORKED)) /* no BIO has counted it */
		ownership_speaks(c);
	uint64_t taken = sent > 0 ? (uint64_t)sent : size;
	note_write(c, taken, taken, sent > 0 ? 1 : -1, call);
	claim_leave(&c->claim);
	return sent;
}

/*
 * 0 and 1 mean that close_notify is out, unless quiet shutdown or SSL_set_shutdown made it a pretence, or a write was
 * pending: then SSL_shutdown marks it as sent without sending (1.1.1 to 3.6). -1 with WANT_WRITE leaves the alert in
 * OpenSSL's buffer.
 */
int after_call_shutdown(struct connection *c, SSL *ssl, int result, struct call call)
{
	int saved = errno;
	if (!atomic_load(&c->ssl)) {
		claim_leave(&c->claim);
		return result;
	}
	if (claim_is_marked(&c->claim, CLAIM_FORKED))
		ownership_look(c);
	handshake_note_manners(c, ssl);
	bool pretence = c->seen.faked || c->seen.unfinished || c->seen.quiet;
	c->seen.called_shutdown = true;
	call_sites_note(&c->sites, SITE_SSL_SHUTDOWN, call);
	if (late_call_is_one(c))
		late_call_note(c, ssl, call.name, settings->mode == MODE_CURE);
	if (result < 0 && look_closer(c, result, (struct call){0}, false) == SSL_ERROR_WANT_WRITE &&
	    c->released.notify == NOTIFY_NONE && !pretence)
		c->released.notify = NOTIFY_PENDING;
	if (result >= 0 && c->released.notify != NOTIFY_SENT && !pretence) {
		c->released.notify = NOTIFY_SENT;
		c->released.notify_by_program = true;
	}
	events_notify(c, BY_PROGRAM,
		      c->seen.unfinished ? UNFINISHED_WRITE
		      : c->seen.quiet    ? QUIET_SHUTDOWN
					 : MAY_SPEAK);
	if (!pretence && c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		end_of_stream_seen(c, ssl);
	claim_leave(&c->claim);
	errno = saved;
	return result;
}

void after_call_set_shutdown(struct connection *c, int mode)
{
	c->seen.faked = atomic_load(&c->ssl) && mode & SSL_SENT_SHUTDOWN && c->released.notify != NOTIFY_SENT;
	claim_leave(&c->claim);
}

void after_call_new_socket(struct connection *c, SSL *ssl)
{
	if (c->seen.spoken && settings->mode != MODE_OFF) {
		ownership_look_anew(c); /* another BIO may stand at the same address */
		which_socket_learn(c, ssl, which_socket_write_fd(c, ssl));
		events_tracked(c);
	}
	claim_leave(&c->claim);
}

void after_call_reference(struct connection *c, bool one_more)
{
	if (one_more)
		__atomic_fetch_add(&c->seen.references, 1, __ATOMIC_RELAXED);
	claim_leave(&c->claim);
}
