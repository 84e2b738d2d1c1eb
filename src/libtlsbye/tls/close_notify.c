/* SPDX-License-Identifier: MIT */
/*
 * How close_notify gets out without a signal, without blocking and without the program's half-freed state: OpenSSL
 * writes it to a BIO of ours, which sends with MSG_DONTWAIT | MSG_NOSIGNAL on the program's descriptor; the program's BIO
 * is put back afterwards. Only the write side is swapped: nothing is read here.
 *
 * Rules: SSL_shutdown is called at most once, never with a write pending, never after a fatal error, never in a
 * handshake (SSL_shutdown(3)). The program's info and msg callbacks do not run: its state is half gone in SSL_free, and
 * in a close it does not expect them.
 */
#include "tls/close_notify.h"

#include "tls/dtls.h"
#include "linger/abort.h"
#include "events/events.h"
#include "observe/failure.h"
#include "observe/filters.h"
#include "observe/handshake.h"
#include "observe/stale_error.h"
#include "linger/ktls.h"
#include "connection/copies.h"
#include "connection/ownership.h"
#include "connection/socket.h"
#include "sys/settings.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* The close_notify that is said on this thread: the BIO's callbacks have no other way to know. */
struct speech {
	struct connection *c;
	int fd;          /* -1: the socket is handed over already, and the bytes follow */
	bool completing; /* a record: take it, and say that it was not taken */
	bool taken;
	bool clean;            /* SSL_shutdown has succeeded: nothing was queued as an error */
	enum reason unheard;   /* why the socket took nothing; MAY_SPEAK: it did */
	struct destination to; /* DTLS */
};
static _Thread_local struct speech *speech;

/* --- the BIO --- */

/* Everything is taken: what does not fit into the socket now is sent later, in order. */
static bool take(struct connection *c, int fd, const unsigned char *bytes, size_t length)
{
	size_t sent = 0;
	if (fd >= 0 && residue_send(&c->released.residue, fd, &kernel_libc)) {
		ssize_t n = real.send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
			speech->unheard = UNHEARD; /* reset, or our side is shut already */
			if (errno == ECONNRESET ||
			    (errno == EPIPE && !(atomic_load(&c->released.close_paths) & PATH_SHUTDOWN)))
				c->released.peer_end = PEER_RESET; /* the socket tells it only once */
			return true;
		}
		sent = n > 0 ? (size_t)n : 0;
		c->released.said_bytes += (uint32_t)sent;
	}
	return sent == length || residue_keep(&c->released.residue, bytes + sent, length - sent);
}

static int close_notify_bio_write(BIO *bio, const char *bytes, int length)
{
	struct libssl *lib = speech->c->lib;
	lib->BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
	bool enough = speech->completing && speech->taken;
	if (speech->c->socket.datagram) {
		speech->unheard = dtls_send(speech->fd, &speech->to, bytes, (size_t)length);
		speech->taken = true;
		return length;
	}
	if (!enough)
		speech->taken = take(speech->c, speech->fd, (const unsigned char *)bytes, (size_t)length);
	if (speech->taken && !speech->completing)
		return length;
	lib->BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY);
	return -1;
}

static long close_notify_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio, (void)number, (void)pointer;
	return command == BIO_CTRL_FLUSH; /* nothing is buffered here */
}

/* One method a library. Two threads may make one each; the loser's is a few bytes that stay. */
static BIO_METHOD *close_notify_method(struct libssl *lib)
{
	BIO_METHOD *method = __atomic_load_n(&lib->close_notify_method, __ATOMIC_ACQUIRE);
	if (method)
		return method;
	method = lib->BIO_meth_new(lib->BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tlsbye");
	if (!method)
		return NULL;
	lib->BIO_meth_set_write(method, close_notify_bio_write);
	lib->BIO_meth_set_ctrl(method, close_notify_bio_ctrl);
	__atomic_store_n(&lib->close_notify_method, method, __ATOMIC_RELEASE);
	return method;
}

static BIO *new_bio(struct libssl *lib)
{
	BIO_METHOD *method = close_notify_method(lib);
	BIO *ours = method ? lib->BIO_new(method) : NULL;
	if (ours)
		lib->BIO_set_init(ours, 1);
	return ours;
}

/* One is kept, where it is the library's allocator that has it: to make one costs as much as all the rest. */
static BIO *take_bio(struct libssl *lib)
{
	BIO *spare = __atomic_exchange_n(&lib->close_notify_spare, NULL, __ATOMIC_ACQ_REL);
	return spare ? spare : new_bio(lib);
}

static void give_bio_back(struct libssl *lib, BIO *ours)
{
	BIO *left = lib->own_allocator
			    ? ours
			    : __atomic_exchange_n(&lib->close_notify_spare, ours, __ATOMIC_ACQ_REL);
	if (left)
		lib->BIO_free(left);
}

/*
 * Puts our BIO in the place of the program's, which is returned with a reference of ours, as ours has one more; NULL if it
 * cannot be.
 */
static BIO *swap_in(struct libssl *lib, SSL *ssl, BIO **ours)
{
	*ours = take_bio(lib);
	if (!*ours)
		return NULL;
	BIO *theirs = lib->SSL_get_wbio(ssl);
	lib->BIO_up_ref(theirs);
	lib->BIO_up_ref(*ours);
	lib->SSL_set0_wbio(ssl, *ours);
	return theirs;
}

/* --- what is said --- */

/*
 * A record stands in OpenSSL's buffer, part of it on the wire: the peer must not be left with a torn one. SSL_write,
 * repeated with the length that it failed with, hands the rest of that record to our BIO, which sends it and answers all
 * the same that it could not: otherwise OpenSSL would go on to build the next record, out of memory that may be gone. So
 * the pointer is never read (SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER lets it be any).
 */
static void complete_record(struct connection *c, SSL *ssl, uint64_t length)
{
	struct libssl *lib = c->lib;
	size_t written;
	long mode = lib->SSL_ctrl(ssl, SSL_CTRL_MODE, 0, NULL);
	lib->SSL_ctrl(ssl, SSL_CTRL_MODE, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, NULL);
	speech->completing = true;
	speech->taken = false;
	lib->SSL_write_ex(ssl, "", length, &written);
	c->released.completed_record = speech->taken;
	if (!(mode & SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
		lib->SSL_ctrl(ssl, SSL_CTRL_CLEAR_MODE, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, NULL);
}

/*
 * A program may have set SENT_SHUTDOWN without sending (a common way to keep the session), or asked for quiet
 * shutdown, which a setting overrides: both would make SSL_shutdown silent. The flag is set again by SSL_shutdown
 * itself, which is what keeps the session in the cache.
 *
 * False where nothing came out: a write is pending of which no hook knows, because BIO_write made it. SSL_shutdown has done
 * nothing then but set the flag, and says -1; where it failed for another reason, an error tells. Nothing less will do:
 * where no write is pending, whoever goes on to complete it sends the peer 16 KiB of the program's memory.
 */
static bool say_close_notify(struct connection *c, SSL *ssl)
{
	struct libssl *lib = c->lib;
	int quiet = lib->SSL_get_quiet_shutdown(ssl);
	bool first =
		c->released.notify == NOTIFY_NONE; /* else it is not the sending alone that may have failed */
	lib->SSL_set_quiet_shutdown(ssl, 0);
	if (first)
		lib->SSL_set_shutdown(ssl, lib->SSL_get_shutdown(ssl) & ~SSL_SENT_SHUTDOWN);
	speech->taken = false;
	int result = lib->SSL_shutdown(ssl);
	speech->clean = result >= 0;
	bool failed = result < 0 && lib->SSL_get_error(ssl, result) == SSL_ERROR_SSL;
	lib->SSL_set_quiet_shutdown(ssl, quiet);
	c->released.notify = NOTIFY_SENT;
	if (speech->unheard) {
		c->released.notify = NOTIFY_NONE;
		c->released.reason = speech->unheard;
	} else if (!speech->taken) {
		c->released.notify = NOTIFY_NONE;
		c->released.reason = !failed                     ? UNFINISHED_WRITE
				     : failure_is_of_memory(lib) ? NO_MEMORY
								 : FATAL_ERROR;
	}
	return speech->taken || failed || result >= 0 || !first;
}

/* Any length will do that is not less than the one it failed with; but SSL_write wants no close_notify before it. */
static void complete_unknown_record(struct connection *c, SSL *ssl)
{
	struct libssl *lib = c->lib;
	int flags = lib->SSL_get_shutdown(ssl);
	lib->SSL_set_shutdown(ssl, flags & ~SSL_SENT_SHUTDOWN);
	complete_record(c, ssl, INT_MAX / 2);
	lib->SSL_set_shutdown(ssl, flags);
}

/* OpenSSL is only told that it is said: that keeps the session in the cache. */
static void say_by_kernel(struct connection *c, SSL *ssl, int fd)
{
	int saved = errno;
	enum ktls_sent sent = ktls_close_notify(fd, &kernel_libc);
	c->released.residue.kernels = sent == KTLS_NOT_NOW;
	if (sent == KTLS_REFUSED) {
		c->released.reason = UNHEARD;
	} else {
		c->released.notify = NOTIFY_SENT;
		c->lib->SSL_set_shutdown(ssl, c->lib->SSL_get_shutdown(ssl) | SSL_SENT_SHUTDOWN);
	}
	errno = saved;
}

static void no_info(const SSL *ssl, int type, int value)
{
	(void)ssl, (void)type, (void)value;
}

/* Alike for what is said and for what would be: seen of the connection by then, and wished by the user. */
static enum reason silence_by_what_was_seen(const struct connection *c)
{
	if (c->socket
		    .own_bio) /* it may hold records that ours would overtake, and must not be called from here */
		return OWN_BIO;
	if (c->released.failed_exit)
		return FAILED_EXIT;
	if (c->seen.unfinished || c->seen.unflushed)
		return UNFINISHED_WRITE;
	if (stale_error_stands(c)) /* it takes the connection for broken, and may have had more to say */
		return STALE_ERROR;
	return settings->notify == OFF ? NOTIFY_IS_OFF : MAY_SPEAK;
}

enum reason close_notify_reason(const struct connection *c)
{
	SSL *ssl = atomic_load(&c->ssl);
	if (!ssl)
		return c->released.notify == NOTIFY_SENT ? ALREADY_SAID
		       : c->released.reason              ? c->released.reason
							 : SSL_GONE;
	if (c->released.notify == NOTIFY_SENT)
		return ALREADY_SAID;
	if (!ownership_owns(c)) /* two records under one number break the peer (P7) */
		return NOT_OWNER;
	if (copies_are_away(c))
		return COPIED;
	if (c->seen.fatal_error)
		return FATAL_ERROR;
	/* Between early data and the end of the handshake SSL_in_init says no. */
	if (!c->seen.spoken || c->lib->SSL_in_init(ssl) || !c->lib->SSL_is_init_finished(ssl))
		return NO_HANDSHAKE;
	if (c->lib->SSL_waiting_for_async(ssl)) /* whatever is called next goes on with that call instead */
		return CALL_UNRETURNED;
	enum reason seen = silence_by_what_was_seen(c);
	if (seen != MAY_SPEAK)
		return seen;
	if (settings->quiet_shutdown == QUIET_RESPECT && c->lib->SSL_get_quiet_shutdown(ssl))
		return QUIET_SHUTDOWN;
	if (!c->lib->SSL_get_wbio(ssl))
		return SSL_GONE;
	if (c->socket.datagram)
		return dtls_flight_under_way(c, ssl) ? NO_HANDSHAKE : MAY_SPEAK;
	if (filters_in_the_way(c->lib, c->lib->SSL_get_wbio(ssl)))
		return FILTER_BIO;
	return MAY_SPEAK;
}

enum reason close_notify_foreseen(const struct connection *c)
{
	if (c->released.notify == NOTIFY_SENT)
		return ALREADY_SAID;
	if (c->released.reason != MAY_SPEAK)
		return c->released.reason;
	if (!atomic_load(&c->ssl)) /* as it was found when the SSL went, where we saw it */
		return atomic_load(&c->released.close_paths) &
				       (PATH_SSL_FREE | PATH_SSL_CLEAR | PATH_BIO_FREE)
			       ? MAY_SPEAK
			       : SSL_GONE;
	if (!ownership_owns(c))
		return NOT_OWNER;
	if (copies_are_away(c))
		return COPIED;
	if (c->seen.fatal_error)
		return FATAL_ERROR;
	if (!c->seen.handshaken)
		return NO_HANDSHAKE;
	enum reason seen = silence_by_what_was_seen(c);
	if (seen != MAY_SPEAK)
		return seen;
	if (settings->quiet_shutdown == QUIET_RESPECT && c->seen.quiet)
		return QUIET_SHUTDOWN;
	return c->seen.filtered ? FILTER_BIO : MAY_SPEAK;
}

/*
 * Records that stand in a BIO_f_buffer were written, as far as the program knows: they go first, whatever is said after
 * them. Not those of a connection that may be another process's: it has a copy of them. False where they are in the way.
 */
static bool flush_filters(struct connection *c, SSL *ssl)
{
	struct libssl *lib = c->lib;
	BIO *top = lib->SSL_get_wbio(ssl);
	uint64_t held = top && ownership_owns(c) ? filters_hold(lib, top) : 0;
	if (!held)
		return true;
	if (held > RESIDUE_MAX || !residue_has_room(&c->released.residue, held))
		return false;
	BIO *sink = take_bio(lib);
	if (!sink)
		return false;
	filters_flush(lib, top, sink);
	give_bio_back(lib, sink);
	return filters_hold(lib, top) == 0;
}

/* To say it; or to complete a record, of which a part is on the wire. Datagrams and the kernel's records have no parts. */
static bool may_use_our_bio(struct connection *c, SSL *ssl, enum reason reason)
{
	bool unfinished = reason == UNFINISHED_WRITE || (reason == FAILED_EXIT && c->seen.unfinished);
	return reason == MAY_SPEAK ||
	       (unfinished && c->seen.pending_length && !c->released.completed_record &&
		!c->socket.datagram && c->lib->SSL_get_wbio(ssl) &&
		!filters_in_the_way(c->lib, c->lib->SSL_get_wbio(ssl)));
}

static void say_through_our_bio(struct connection *c, SSL *ssl, enum reason reason)
{
	struct libssl *lib = c->lib;
	BIO *ours, *theirs = swap_in(lib, ssl, &ours);
	if (!theirs) {
		c->released.reason = reason == MAY_SPEAK ? NO_MEMORY : reason;
		return;
	}
	void (*info)(const SSL *, int, int) = lib->SSL_get_info_callback(ssl);
	long mode = lib->SSL_ctrl(ssl, SSL_CTRL_MODE, 0, NULL);
	if (mode & SSL_MODE_ASYNC) /* nobody would come back for the answer */
		lib->SSL_ctrl(ssl, SSL_CTRL_CLEAR_MODE, SSL_MODE_ASYNC, NULL);
	lib->SSL_set_info_callback(ssl, no_info); /* NULL would fall back to the SSL_CTX's */
	lib->SSL_set_msg_callback(ssl, NULL);
	if (reason != MAY_SPEAK)
		complete_record(c, ssl, c->seen.pending_length);
	else if (!say_close_notify(c, ssl))
		complete_unknown_record(c, ssl);
	if (mode & SSL_MODE_ASYNC)
		lib->SSL_ctrl(ssl, SSL_CTRL_MODE, SSL_MODE_ASYNC, NULL);
	lib->SSL_set_info_callback(ssl, info);
	lib->SSL_set0_wbio(ssl, theirs);
	give_bio_back(lib, ours);
}

static enum reason reason_on_socket(struct connection *c, SSL *ssl, int fd, bool by_kernel)
{
	if (fd >= 0 && !socket_is_of(c, fd))
		return SOCKET_CHANGED;
	if (fd >= 0 && abort_is_meant(c, fd))
		return ABORT_MEANT;
	if (fd < 0 && (by_kernel || c->socket.datagram)) /* neither can follow */
		return IN_HANDLER;
	if (ssl && !by_kernel && !copies_are_away(c) && !flush_filters(c, ssl))
		return FILTER_BIO;
	enum reason reason = close_notify_reason(c);
	if (reason == MAY_SPEAK && c->socket.datagram && !dtls_find_peer(c, ssl, fd, &speech->to))
		return NO_PEER;
	return reason;
}

bool close_notify_is_said(const struct connection *c)
{
	if (c->released.notify != NOTIFY_SENT)
		return false;
	SSL *ssl = atomic_load(&c->ssl);
	BIO *top = ssl ? c->lib->SSL_get_wbio(ssl) : NULL;
	return !top || !filters_hold(c->lib, top);
}

void close_notify_say(struct connection *c, int fd)
{
	SSL *ssl = atomic_load(&c->ssl);
	struct libssl *lib = c->lib;
	struct speech now = {.c = c, .fd = fd};
	int saved = errno;
	if (close_notify_is_said(c))
		return;
	bool marked = lib->ERR_set_mark(); /* not where the queue is empty, as it nearly always is */
	handshake_look(c);
	bool by_kernel = ssl && handshake_kernel_sends(c, ssl);
	speech = &now;
	enum reason reason = reason_on_socket(c, ssl, fd, by_kernel);
	if (reason != ALREADY_SAID || !c->released.reason)
		c->released.reason = reason;
	bool was_said = c->released.notify == NOTIFY_SENT;
	if (reason == MAY_SPEAK && by_kernel)
		say_by_kernel(c, ssl, fd);
	if (may_use_our_bio(c, ssl, reason) && !by_kernel)
		say_through_our_bio(c, ssl, reason);
	speech = NULL;
	if (ssl && c->released.notify != NOTIFY_SENT)
		handshake_note_manners(c, ssl); /* for whoever is asked when the SSL is gone */
	if (marked || !now.clean)
		lib->ERR_pop_to_mark();
	if (!was_said)
		events_notify(c, BY_TLSBYE, c->released.reason);
	errno = saved;
}
