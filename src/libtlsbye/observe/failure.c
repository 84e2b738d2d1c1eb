/* SPDX-License-Identifier: MIT */
/*
 * See failure.h. What Linux does when the peer ends (tcp_reset(), tcp_fin(), tcp_recvmsg_locked()):
 *
 *   FIN                     recv gives 0; the state is CLOSE_WAIT
 *   RST without FIN before  recv and send give ECONNRESET, once; the state is CLOSE
 *   RST after a FIN         recv still gives 0; send gives EPIPE; the state is CLOSE
 *
 * The last is what a write to a closed peer makes; and nothing else does, as long as our own side is open. OpenSSL 3 makes
 * one itself: it answers a bare end with an alert, and a peer that has closed answers that with a reset. So the state tells
 * nothing after a read; but errno does: EPIPE where the alert met a reset that was there before it.
 */
#include "observe/failure.h"

#include "connection/socket.h"
#include "events/event.h"
#include "events/events.h"
#include "observe/late_call.h"
#include "observe/stale_error.h"
#include "sys/errno_names.h"
#include "sys/settings.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

/* --- what OpenSSL says --- */

/* Of an error's code, libssl's (err.h, sslerr.h). Some are younger than the oldest headers that this is built with. */
enum {
	BAD_WRITE_RETRY = 127,
	DATA_LENGTH_TOO_LONG = 146,
	DECRYPTION_FAILED = 147,
	ENCRYPTED_LENGTH_TOO_LONG = 150,
	HTTPS_PROXY_REQUEST = 155,
	HTTP_REQUEST = 156,
	LENGTH_TOO_SHORT = 160,
	PACKET_LENGTH_TOO_LONG = 198,
	PROTOCOL_IS_SHUTDOWN = 207,
	WRONG_VERSION_NUMBER = 267,
	DECRYPTION_FAILED_OR_BAD_RECORD_MAC = 281,
	BAD_LENGTH = 271,
	UNEXPECTED_EOF_WHILE_READING = 294,
	RECORD_LAYER_FAILURE = 313, /* since 3.2 the last word, whatever the record layer's own was */
	BAD_RECORD_TYPE = 443,
	FIRST_ALERT =
		1000, /* SSL_AD_REASON_OFFSET: an alert that the peer has sent, as its number and this */
	LAST_ALERT = 1255,
};

/* Of another library's error: 0. */
static unsigned reason_of(const struct libssl *lib, unsigned long code)
{
	return openssl_error_library(lib, code) == ERR_LIB_SSL ? openssl_error_reason(lib, code) : 0;
}

/* ERR_R_MALLOC_FAILURE, whichever library's: as 1.1.1 has it, and with the flags of 3.0. */
static bool is_of_memory(bool modern, unsigned long code)
{
	return code && (modern ? (code & 0x7fffff) == 0xc0100 : (code & 0xfff) == 65);
}

bool failure_is_of_memory(const struct libssl *lib)
{
	bool modern = lib->OpenSSL_version_num() >= OPENSSL_3_0;
	return is_of_memory(modern, lib->ERR_peek_error()) ||
	       is_of_memory(modern, lib->ERR_peek_last_error());
}

/* RFC 8446 section 6, RFC 5246 7.2, and the registry's others. */
static const char *name_of_alert(unsigned number)
{
	static const char names[][33] = {
		[0] = "close_notify",
		[10] = "unexpected_message",
		[20] = "bad_record_mac",
		[21] = "decryption_failed",
		[22] = "record_overflow",
		[30] = "decompression_failure",
		[40] = "handshake_failure",
		[41] = "no_certificate",
		[42] = "bad_certificate",
		[43] = "unsupported_certificate",
		[44] = "certificate_revoked",
		[45] = "certificate_expired",
		[46] = "certificate_unknown",
		[47] = "illegal_parameter",
		[48] = "unknown_ca",
		[49] = "access_denied",
		[50] = "decode_error",
		[51] = "decrypt_error",
		[60] = "export_restriction",
		[70] = "protocol_version",
		[71] = "insufficient_security",
		[80] = "internal_error",
		[86] = "inappropriate_fallback",
		[90] = "user_canceled",
		[100] = "no_renegotiation",
		[109] = "missing_extension",
		[110] = "unsupported_extension",
		[111] = "certificate_unobtainable",
		[112] = "unrecognized_name",
		[113] = "bad_certificate_status_response",
		[114] = "bad_certificate_hash_value",
		[115] = "unknown_psk_identity",
		[116] = "certificate_required",
		[120] = "no_application_protocol",
	};
	bool known = number < sizeof names / sizeof names[0] && *names[number];
	return known ? names[number] : "unknown";
}

/* --- what the kernel says --- */

enum { STATE_UNKNOWN = 0 };

static uint8_t tcp_state(const struct connection *c)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof info;
	int fd = atomic_load(&c->socket.fd);
	bool may_be_tcp = fd >= 0 && !c->socket.datagram && socket_is_of(c, fd);
	return may_be_tcp && getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_state
										      : STATE_UNKNOWN;
}

static bool own_side_is_shut(const struct connection *c)
{
	return atomic_load(&c->released.close_paths) & (PATH_SHUTDOWN | PATH_CLOSE);
}

/* Where our own side is shut as well, CLOSE is what is left when both have ended in good order. */
static enum peer_state peer_state(const struct connection *c)
{
	switch (tcp_state(c)) {
	case STATE_UNKNOWN:
		return PEER_STATE_UNKNOWN;
	case TCP_CLOSE:
		return own_side_is_shut(c) ? PEER_STATE_FIN : PEER_STATE_RESET;
	case TCP_CLOSE_WAIT:
	case TCP_LAST_ACK:
	case TCP_CLOSING:
	case TCP_TIME_WAIT:
		return PEER_STATE_FIN;
	default:
		return PEER_STATE_OPEN;
	}
}

/* --- what follows from both --- */

static enum cause cause_of_errno(const struct connection *c, int error_number)
{
	switch (error_number) {
	case ECONNRESET:
		return CAUSE_PEER_RESET;
	case EPIPE: /* of a reset, too, for who has been told of it already */
		return own_side_is_shut(c) ? CAUSE_OWN_END
		       : c->seen.reset     ? CAUSE_PEER_RESET
					   : CAUSE_WROTE_TO_CLOSED_PEER;
	case ETIMEDOUT:
		return CAUSE_TIMEOUT;
	case EBADF:
	case ENOTSOCK:
	case ENOTCONN:
		return CAUSE_OWN_END;
	default:
		return CAUSE_OTHER;
	}
}

/*
 * The stream has ended, and OpenSSL has seen no close_notify. `reset`: that of a write of ours was there before. Who has been
 * told of a reset reads an end after it.
 */
static void diagnose_eof(const struct connection *c, struct event_failure *failure, bool reset)
{
	bool own = c->released.read_shut || atomic_load(&c->released.read_emulated) ||
		   atomic_load(&c->released.close_paths) & PATH_CLOSE;
	reset = (reset && !own_side_is_shut(c)) || c->seen.reset;
	failure->peer = reset ? PEER_STATE_RESET : c->socket.cookie && !own ? PEER_STATE_FIN : failure->peer;
	failure->cause = own             ? CAUSE_OWN_END
			 : !reset        ? CAUSE_PEER_CLOSED
			 : c->seen.reset ? CAUSE_PEER_RESET
					 : CAUSE_WROTE_TO_CLOSED_PEER;
}

static enum cause cause_of_reason(unsigned reason)
{
	if (reason >= FIRST_ALERT && reason <= LAST_ALERT)
		return CAUSE_PEER_ALERT;
	switch (reason) {
	case HTTP_REQUEST:
	case HTTPS_PROXY_REQUEST:
	case WRONG_VERSION_NUMBER:
	case BAD_RECORD_TYPE:
		return CAUSE_NOT_TLS;
	case DECRYPTION_FAILED:
	case DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
	case DATA_LENGTH_TOO_LONG:
	case ENCRYPTED_LENGTH_TOO_LONG:
	case PACKET_LENGTH_TOO_LONG:
	case LENGTH_TOO_SHORT:
	case RECORD_LAYER_FAILURE:
		return CAUSE_BAD_RECORD;
	case PROTOCOL_IS_SHUTDOWN:
		return CAUSE_OWN_END;
	default:
		return CAUSE_OTHER;
	}
}

/* Was the write that failed a repetition, as OpenSSL does not take it (SSL_write(3))? */
static bool is_bad_retry(const struct connection *c)
{
	unsigned reason = reason_of(c->lib, c->lib->ERR_peek_last_error());
	return c->seen.unfinished && (reason == BAD_WRITE_RETRY || reason == BAD_LENGTH);
}

enum { REASON_MAX = 256 };

/* Of a call before: no read or write that has failed for good leaves these behind. */
static bool is_stale(int error_number)
{
	return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR ||
	       error_number == EINPROGRESS;
}

/*
 * An end that OpenSSL did not recognise as one: 1.1.1 never does, and newer ones where the BIO is the program's own and does
 * not tell. No alert was sent then, and what the kernel says is how it was.
 */
static bool is_plain_eof(const struct connection *c, unsigned long code, enum peer_state peer)
{
	bool knows = c->lib->OpenSSL_version_num() >= OPENSSL_3_0;
	return !code && (!knows || peer == PEER_STATE_FIN || peer == PEER_STATE_RESET);
}

/*
 * The queue's first error is the innermost: where a provider failed on behalf of libssl, libssl's own is the last. What stands
 * between the two cannot be seen without taking them off.
 */
static unsigned reason_in_queue(const struct libssl *lib, unsigned long first)
{
	unsigned reason = reason_of(lib, first);
	return reason ? reason : reason_of(lib, lib->ERR_peek_last_error());
}

/* What SSL_get_error() says: whatever stands first in the queue comes before the call's own error. */
static int said(const struct libssl *lib, unsigned long code, int error)
{
	return !code                                             ? error
	       : openssl_error_library(lib, code) == ERR_LIB_SYS ? SSL_ERROR_SYSCALL
								 : SSL_ERROR_SSL;
}

static void add_said(const struct libssl *lib, struct event_failure *failure, unsigned long code, int error,
		     char *text)
{
	failure->error = errno_names_of_ssl(said(lib, code, error));
	if (!code)
		return;
	lib->ERR_error_string_n(code, text, REASON_MAX);
	failure->reason = text;
}

/*
 * The peer went in the middle of the handshake: nothing had been said in TLS, so there is no end of data to be told, nothing
 * that could be lost, and no rule that was broken. (Early data is data.)
 */
static bool is_in_handshake(const struct connection *c, enum cause cause)
{
	return !c->seen.handshaken && !c->bytes_read && !c->bytes_written &&
	       (cause == CAUSE_PEER_CLOSED || cause == CAUSE_PEER_RESET ||
		cause == CAUSE_WROTE_TO_CLOSED_PEER);
}

static void note_cause(struct connection *c, struct event_failure *failure)
{
	c->seen.reset |= failure->cause == CAUSE_PEER_RESET;
	if (failure->cause == CAUSE_PEER_RESET)
		failure->peer = PEER_STATE_RESET;
	if (late_call_is_one(c))
		late_call_note(c, atomic_load(&c->ssl), failure->call, false);
	if (atomic_load(&c->seen.disturbed))
		failure->cause = CAUSE_LATE_CALL;
	else if (late_call_is_one(c) && failure->cause != CAUSE_OTHER)
		failure->cause = CAUSE_OWN_END;
	if (is_in_handshake(c, failure->cause))
		failure->cause = CAUSE_CLOSED_IN_HANDSHAKE;
	c->seen.wrote_to_closed_peer |= failure->cause == CAUSE_WROTE_TO_CLOSED_PEER;
	c->seen.bad_write_retry |= failure->cause == CAUSE_BAD_WRITE_RETRY;
	c->seen.peer_broke_it |= failure->cause != CAUSE_OWN_END && failure->cause != CAUSE_OTHER &&
				 failure->cause != CAUSE_BAD_WRITE_RETRY;
}

/* `error` is the call's own (after_call.c): where that is none of what the queue has, it is the kernel that knows. */
static void diagnose(struct connection *c, struct event_failure *failure, int error, int error_number,
		     char *text)
{
	struct libssl *lib = c->lib;
	unsigned long code = lib->ERR_peek_error();
	add_said(lib, failure, code, error, text);
	if (said(lib, code, error) != error)
		code = 0;
	/* SSL_get_error() says SYSCALL where the first in the queue is the system's: from 3.2 on that of a write before. */
	bool queued = error == SSL_ERROR_SSL || (error == SSL_ERROR_SYSCALL && code);
	unsigned reason = queued ? reason_in_queue(lib, code) : 0;
	bool by_kernel = error == SSL_ERROR_SYSCALL && error_number && !is_stale(error_number);
	failure->errno_value = by_kernel ? error_number : 0;
	failure->peer = peer_state(c);
	if (by_kernel)
		failure->cause = cause_of_errno(c, error_number);
	else if (reason == UNEXPECTED_EOF_WHILE_READING)
		diagnose_eof(c, failure, error_number == EPIPE);
	else if (error == SSL_ERROR_SYSCALL && is_plain_eof(c, code, failure->peer))
		diagnose_eof(c, failure, failure->peer == PEER_STATE_RESET);
	else
		failure->cause = cause_of_reason(reason);
	if (failure->cause == CAUSE_PEER_ALERT)
		failure->alert = name_of_alert(reason - FIRST_ALERT);
	if (failure->requested && is_bad_retry(c))
		failure->cause = CAUSE_BAD_WRITE_RETRY;
	note_cause(c, failure);
}

/*
 * An SSL without a BIO has no peer that could have done anything, nor has one that was given the descriptor -1, as Net::SSLeay's
 * tests do, and not a socket before.
 */
static bool may_have_peer(const struct connection *c, SSL *ssl)
{
	BIO *bio = c->lib->SSL_get_rbio(ssl);
	int type = bio ? c->lib->BIO_method_type(bio) : 0;
	bool on_descriptor = type == BIO_TYPE_SOCKET || type == BIO_TYPE_FD || type == BIO_TYPE_DGRAM;
	return bio && (!on_descriptor || c->socket.cookie || c->lib->SSL_get_rfd(ssl) >= 0);
}

static bool is_final(const struct connection *c, SSL *ssl, int error)
{
	return (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) && settings->mode != MODE_OFF && ssl &&
	       !c->seen.hands_off && may_have_peer(c, ssl);
}

void failure_of_read(struct connection *c, int error, struct call call)
{
	int saved = errno;
	char text[REASON_MAX];
	struct event_failure failure = {.call = call.name};
	if (!c->seen.read_failure_told && is_final(c, atomic_load(&c->ssl), error)) {
		c->seen.read_failure_told = true;
		call_sites_note(&c->sites, SITE_READ, call);
		diagnose(c, &failure, error, saved, text);
		events_read_failed(c, &failure);
	}
	errno = saved;
}

void failure_of_write(struct connection *c, int error, struct call call, uint64_t requested)
{
	int saved = errno;
	char text[REASON_MAX];
	struct event_failure failure = {.call = call.name, .requested = requested};
	if (!c->seen.write_failure_told && is_final(c, atomic_load(&c->ssl), error)) {
		c->seen.write_failure_told = true;
		call_sites_note_anew(&c->sites, SITE_WRITE, call);
		diagnose(c, &failure, error, saved, text);
		events_write_incomplete(c, &failure);
	}
	errno = saved;
}

void failure_may_follow(struct connection *c, int error, struct call call, uint64_t requested)
{
	if (settings->mode == MODE_OFF || c->seen.write_failure_told)
		return;
	c->seen.write_requested = requested;
	c->seen.write_error = error;
	call_sites_note_anew(&c->sites, SITE_WRITE, call);
}

void failure_is_not_its_own(struct connection *c, int error, struct call call, bool of_write)
{
	int saved = errno;
	char text[REASON_MAX];
	struct event_failure failure = {
		.call = call.name, .cause = CAUSE_STALE_ERROR, .requested = c->seen.write_requested};
	if (settings->mode == MODE_OFF || c->seen.hands_off || !call.name ||
	    !may_have_peer(c, atomic_load(&c->ssl)))
		return;
	stale_error_note(c);
	if (c->seen.stale_error_told)
		return;
	c->seen.stale_error_told = true;
	add_said(c->lib, &failure, c->lib->ERR_peek_error(), error, text);
	failure.peer = peer_state(c);
	if (of_write) {
		call_sites_note_anew(&c->sites, SITE_WRITE, call);
		events_write_incomplete(c, &failure);
	} else {
		call_sites_note(&c->sites, SITE_READ, call);
		events_read_failed(c, &failure);
	}
	errno = saved;
}
