/* SPDX-License-Identifier: MIT */
/*
 * The doors of the SSL (goodbye.h): what is learnt when it begins, and what is said when it goes.
 */
#include "release/ssl_free.h"

#include "connection/descriptors.h"
#include "linger/drain.h"
#include "observe/end_of_stream.h"
#include "events/events.h"
#include "tls/close_notify.h"
#include "observe/handshake.h"
#include "linger/linger.h"
#include "release/release.h"
#include "connection/process.h"
#include "sys/settings.h"

#include <errno.h>

/* --- the first words --- */

/* The SSL before this one on the same socket: it was freed, and what it still had to say comes first. */
static void end_predecessor(struct connection *before, int fd)
{
	if (!before->released.superseded || atomic_load(&before->ssl))
		return;
	if (release_is_curing() && !before->socket.datagram)
		residue_send(before, fd);
	events_end(before);
}

void before_call_introduce(struct connection *c, SSL *ssl)
{
	c->seen.spoken = true;
	process_init();
	if (settings->mode == MODE_OFF)
		return;
	call_sites_refresh();
	if (release_is_curing())
		end_of_stream_ignore(c, ssl);
	struct connection *before = descriptors_ref_connection(which_socket_write_fd(c, ssl));
	which_socket_learn(c, ssl);
	events_tracked(c);
	if (before) {
		end_predecessor(before, atomic_load(&c->socket.fd));
		records_unref(before);
	}
	if (release_is_curing() && atomic_load(&c->socket.fd) >= 0)
		linger_start();
}

/* A number that is another connection's by now was closed behind our back, and is not this one's any more (P6). */
static bool is_anothers(const struct connection *c, int fd)
{
	struct connection *other = descriptors_ref_connection(fd);
	if (other)
		records_unref(other);
	return other && other != c;
}

/* Only a connection that had no socket yet: one that had, and has none, was closed. */
void ssl_free_learn_late(struct connection *c)
{
	SSL *ssl = atomic_load(&c->ssl);
	struct blocked_signals before;
	if (!ssl || c->seen.hands_off || c->socket.cookie || settings->mode == MODE_OFF || !process_is_original())
		return;
	release_block_signals(&before);
	if (claim_take_after_goodbye(&c->claim)) {
		c->seen.spoken = c->seen.spoken || !c->lib->SSL_in_before(ssl);
		int fd = which_socket_read_fd(c, ssl);
		if (c->seen.spoken && fd >= 0 && !is_anothers(c, fd))
			which_socket_learn(c, ssl);
		events_tracked(c);
		claim_drop(&c->claim);
	}
	release_restore_signals(&before);
	if (release_is_curing() && atomic_load(&c->socket.fd) >= 0)
		linger_start();
}

/* --- SSL_shutdown --- */

int ssl_shutdown_read_the_rest(struct connection *c, SSL *ssl)
{
	char junk[4096];
	uint64_t until = clock_us() + settings->linger_total_ms * 1000;
	int n = 1;
	if (!release_is_curing() || c->seen.hands_off || c->released.notify != NOTIFY_SENT ||
	    c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		return 1;
	if (!c->seen.called_shutdown) /* we said it at an earlier door; the real call would wait for the peer */
		return 0;
	if (c->socket.datagram ||
	    atomic_load(&c->socket.fd) < 0) /* memory BIOs, or closed: no goodbye of ours can come of it (P5) */
		return 1;
	while (n > 0 && c->seen.never_read < settings->linger_bytes && clock_us() < until) {
		n = c->lib->SSL_read(ssl, junk, sizeof junk);
		if (n > 0)
			c->seen.never_read += (uint64_t)n;
	}
	end_of_stream_seen_after_notify(c, ssl);
	return n > 0 || c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN ? 1 : -1;
}

/* --- SSL_free, SSL_clear --- */

/*
 * P6: the goodbye acts on a hold of its own, whose identity is checked there. The copy is in the program's table for
 * the length of one send; it is not inherited by exec.
 */
static void speak_on_hold(struct connection *c)
{
	int fd = descriptors_any(c);
	bool open = fd >= 0;
	int hold = open ? process_lends_copy(fd) : -1;
	if (hold >= 0) {
		close_notify_say(c, hold);
		process_takes_back(hold);
	} else if (open && linger_hand_over(c, fd, ASK_SPEAK_HELD)) {
		linger_await_answer(c, ANSWER_WITHIN_MS); /* no number was free; the claim stays ours */
	} else if (c->released.notify != NOTIFY_SENT && c->released.reason == MAY_SPEAK) {
		c->released.reason = close_notify_reason(c);
		if (c->released.reason == MAY_SPEAK)
			c->released.reason = open ? NO_DESCRIPTOR : c->released.superseded ? ANOTHER_SSL : SOCKET_CHANGED;
	}
}

/* A close that found somebody inside has left the hold to the linger thread, which looks every few milliseconds. */
static void let_the_linger_thread_speak(struct connection *c)
{
	if (atomic_load(&c->speaks_later))
		linger_await_answer(c, 50);
}

/* Observing, or before the first word: what would be said. Behind BIO_free the library says goodbye itself (bios.c). */
static void foresee(struct connection *c, uint32_t path)
{
	if (c->released.notify == NOTIFY_SENT)
		return;
	c->released.reason = close_notify_reason(c);
	if (c->seen.spoken && path != PATH_BIO_FREE)
		events_notify(c, BY_TLSBYE, c->released.reason);
}

/* The SSL is forgotten while the claim is held: no goodbye may find it between here and the real SSL_free. */
static void speak_and_detach(struct connection *c, SSL *ssl, uint32_t path)
{
	bool claimed = claim_take_after_goodbye(&c->claim);
	c->released.not_ours = !ownership_owns(c);
	if (!claimed && c->released.notify != NOTIFY_SENT)
		c->released.reason = SOMEBODY_INSIDE;
	if (claimed) {
		handshake_look(c);
		c->seen.unread_tls = (uint32_t)c->lib->SSL_pending(ssl);
		if (release_is_curing() && c->seen.spoken)
			speak_on_hold(c);
		else
			foresee(c, path);
	}
	c->released.shared = ownership_shares(c);
	ownership_lets_go(c, c->released.notify == NOTIFY_SENT);
	ssl_table_detach(c);
	if (claimed)
		claim_drop(&c->claim);
}

void ssl_free_release(struct connection *c, uint32_t path, struct call call)
{
	int saved = errno;
	struct blocked_signals before;
	SSL *ssl = atomic_load(&c->ssl);
	records_ref(c);
	release_note_path(c, path);
	call_sites_refresh();
	call_sites_note(&c->sites, SITE_SSL_FREE, call);
	ssl_free_learn_late(c);
	if (release_is_curing() && c->seen.spoken)
		linger_start(); /* a fork child that made no SSL_* call yet has no thread */
	let_the_linger_thread_speak(c);
	release_block_signals(&before);
	speak_and_detach(c, ssl, path);
	release_restore_signals(&before);
	if (c->released.superseded) /* no close will tell of it */
		events_end(c);
	records_unref(c);
	errno = saved;
}

struct libssl *ssl_free_before(SSL *ssl, struct call call)
{
	struct connection *c = ssl ? ssl_table_find(ssl) : NULL;
	if (!c)
		return NULL;
	struct libssl *lib = c->lib; /* the record may be another connection's soon */
	if (process_is_original() && __atomic_fetch_sub(&c->seen.references, 1, __ATOMIC_ACQ_REL) == 1)
		ssl_free_release(c, PATH_SSL_FREE, call);
	return lib;
}

bool ssl_free_before_clear(SSL *ssl, struct call call)
{
	/* OpenSSL calls SSL_clear itself when a handshake begins: then somebody is inside. */
	struct connection *c = ssl_table_find(ssl);
	bool between = c && c->seen.spoken && process_is_original() && !claim_is_entered(&c->claim) &&
		       !c->lib->SSL_in_init(ssl);
	if (!between)
		return false;
	uint32_t references = c->seen.references;
	struct libssl *lib = c->lib;
	bool born_seen = c->seen.born;
	/* Observing, whatever flag is set is the program's. The record may be another connection's soon. */
	bool by_program = c->released.notify_by_program || c->seen.faked || !release_is_curing();
	ssl_free_release(c, PATH_SSL_CLEAR, call);
	ssl_table_track_again(ssl, lib, references, born_seen);
	return !by_program && lib->SSL_get_shutdown(ssl) == SSL_SENT_SHUTDOWN;
}
