/* SPDX-License-Identifier: MIT */
/* See ssl_free.h. */
#include "release/ssl_free.h"

#include "connection/descriptors.h"
#include "connection/ownership.h"
#include "connection/records.h"
#include "connection/ssl_table.h"
#include "connection/which_socket.h"
#include "events/events.h"
#include "linger/handover.h"
#include "observe/handshake.h"
#include "observe/late_call.h"
#include "observe/out_of_reach.h"
#include "release/release.h"
#include "sys/blocked_signals.h"
#include "sys/in_handler.h"
#include "sys/process.h"
#include "sys/settings.h"
#include "tls/close_notify.h"

#include <errno.h>

/* A number that is another connection's by now was closed behind our back, and is not this one's any more (P6). */
static bool is_anothers(const struct connection *c, int fd)
{
	struct connection *other = descriptors_ref_connection(fd);
	if (other)
		records_unref(other);
	return other && other != c;
}

SLOWLY static void learn_late(struct connection *c, SSL *ssl)
{
	struct blocked_signals before;
	blocked_signals_begin(&before, true);
	if (claim_take_after_close_notify(&c->claim)) {
		c->seen.spoken = c->seen.spoken || !c->lib->SSL_in_before(ssl);
		int fd = which_socket_read_fd(c, ssl);
		if (c->seen.spoken && fd >= 0 && !is_anothers(c, fd))
			which_socket_learn(c, ssl, which_socket_write_fd(c, ssl));
		events_tracked(c);
		claim_drop(&c->claim);
	}
	blocked_signals_end(&before);
}

/* Only a connection that had no socket yet: one that had, and has none, was closed. */
void ssl_free_learn_late(struct connection *c)
{
	SSL *ssl = atomic_load(&c->ssl);
	if (ssl && !c->seen.hands_off && !c->socket.cookie && settings->mode != MODE_OFF &&
	    process_is_original())
		learn_late(c, ssl);
}

/*
 * P6: on the program's own descriptor; whoever closes it through a hook waits for the claim, and its identity is asked
 * there.
 */
static void speak(struct connection *c)
{
	int fd = descriptors_any(c);
	bool follows = atomic_load(&c->released.follows);
	if (fd >= 0 || follows) {
		close_notify_say(c, follows ? -1 : fd);
	} else if (c->released.notify != NOTIFY_SENT && c->released.reason == MAY_SPEAK) {
		c->released.reason = close_notify_reason(c);
		if (c->released.reason == MAY_SPEAK)
			c->released.reason = c->released.superseded ? ANOTHER_SSL : SOCKET_CHANGED;
	}
	if (follows)
		handover_speaks(c);
}

/* Observing, or before the first word: what would be said. After BIO_free the library says close_notify itself (bio_free.c). */
static void foresee(struct connection *c, uint32_t path)
{
	if (c->released.notify == NOTIFY_SENT)
		return;
	c->released.reason = close_notify_reason(c);
	if (c->seen.spoken && path != PATH_BIO_FREE)
		events_notify(c, BY_TLSBYE, c->released.reason);
}

/* The SSL is forgotten while the claim is held: nobody may find it between here and the real SSL_free. */
static void speak_and_detach(struct connection *c, SSL *ssl, uint32_t path, bool said)
{
	release_look_since_fork(c);
	bool claimed = !said && claim_take_after_close_notify(&c->claim);
	bool owned = ownership_owns(c);
	c->released.not_ours = !owned;
	if (!claimed && c->released.notify != NOTIFY_SENT) {
		enum reason entered = claim_why_entered(&c->claim);
		c->released.reason = entered != MAY_SPEAK ? entered : SOMEBODY_INSIDE;
	}
	bool may_ask = (claimed || said) && events_end_is_heard();
	c->seen.unread_tls = may_ask ? (uint32_t)c->lib->SSL_pending(ssl) : 0;
	if (claimed) {
		handshake_look(c);
		if (release_is_curing() && c->seen.spoken)
			speak(c);
		else
			foresee(c, path);
	}
	/* A call that was left by siglongjmp() is inside for ever: the FIN does not wait for it. */
	if (!claimed && atomic_load(&c->released.follows))
		handover_speaks(c);
	c->released.shared = ownership_shares(c);
	/* What was said before the fork is no word of ours: who holds it still has to end it (P1). */
	ownership_lets_go(c, owned && c->released.notify == NOTIFY_SENT);
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
	in_handler_learn_thread();
	ssl_free_learn_late(c);
	late_call_note_free(c, ssl);
	bool said = close_notify_is_said(c);
	blocked_signals_begin(&before, !said);
	speak_and_detach(c, ssl, path, said);
	blocked_signals_end(&before);
	out_of_reach_note(c);
	if (c->released.superseded || c->released.parked) /* no close will tell of it */
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
