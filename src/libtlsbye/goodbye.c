/* SPDX-License-Identifier: MIT */
/*
 * The doors of the SSL (goodbye.h): what is learnt when it begins, and what is said when it goes.
 */
#include "goodbye.h"

#include "descriptors.h"
#include "drain.h"
#include "eof.h"
#include "events.h"
#include "farewell.h"
#include "handshake.h"
#include "linger.h"
#include "parting.h"
#include "process.h"
#include "settings.h"

#include <errno.h>

/* --- the first words --- */

/* The SSL before this one on the same socket: it was freed, and what it still had to say comes first. */
static void end_predecessor(struct connection *before, int fd)
{
	if (!before->succeeded || atomic_load(&before->ssl))
		return;
	if (parting_is_curing() && !before->datagram)
		farewell_send_residue(before, fd);
	event_end(before);
}

void goodbye_introduce(struct connection *c, SSL *ssl)
{
	c->spoken = true;
	process_init();
	if (settings->mode == MODE_OFF)
		return;
	sites_refresh();
	if (parting_is_curing())
		eof_ignore(c, ssl);
	struct connection *before = connection_hold_by_descriptor(connection_write_fd(c, ssl));
	connection_learn_socket(c, ssl);
	event_tracked(c);
	if (before) {
		end_predecessor(before, atomic_load(&c->fd));
		connection_unstake(before);
	}
	if (parting_is_curing() && atomic_load(&c->fd) >= 0)
		linger_start();
}

/* A number that is another connection's by now was closed behind our back, and is not this one's any more (P6). */
static bool is_anothers(const struct connection *c, int fd)
{
	struct connection *other = connection_hold_by_descriptor(fd);
	if (other)
		connection_unstake(other);
	return other && other != c;
}

/* Only a connection that had no socket yet: one that had, and has none, was closed. */
void goodbye_learn_late(struct connection *c)
{
	SSL *ssl = atomic_load(&c->ssl);
	struct quiet_thread before;
	if (!ssl || c->hands_off || c->cookie || settings->mode == MODE_OFF || !process_is_home())
		return;
	parting_quieten(&before);
	if (claim_take_after_goodbye(&c->claim)) {
		c->spoken = c->spoken || !c->lib->SSL_in_before(ssl);
		int fd = connection_read_fd(c, ssl);
		if (c->spoken && fd >= 0 && !is_anothers(c, fd))
			connection_learn_socket(c, ssl);
		event_tracked(c);
		claim_drop(&c->claim);
	}
	parting_resume(&before);
	if (parting_is_curing() && atomic_load(&c->fd) >= 0)
		linger_start();
}

/* --- SSL_shutdown --- */

int goodbye_read_the_rest(struct connection *c, SSL *ssl)
{
	char junk[4096];
	uint64_t until = now_us() + settings->linger_total_ms * 1000;
	int n = 1;
	if (!parting_is_curing() || c->hands_off || c->notify != NOTIFY_SENT ||
	    c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		return 1;
	if (!c->called_shutdown) /* we said it at an earlier door; the real call would wait for the peer */
		return 0;
	if (c->datagram ||
	    atomic_load(&c->fd) < 0) /* memory BIOs, or closed: no goodbye of ours can come of it (P5) */
		return 1;
	while (n > 0 && c->never_read < settings->linger_bytes && now_us() < until) {
		n = c->lib->SSL_read(ssl, junk, sizeof junk);
		if (n > 0)
			c->never_read += (uint64_t)n;
	}
	eof_seen_behind_notify(c, ssl);
	return n > 0 || c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN ? 1 : -1;
}

/* --- SSL_free, SSL_clear --- */

/*
 * P6: the goodbye acts on a hold of its own, whose identity is checked there. The copy is in the program's table for
 * the length of one send; it is not inherited by exec.
 */
static void speak_on_hold(struct connection *c)
{
	int fd = connection_any_descriptor(c);
	bool open = fd >= 0;
	int hold = open ? process_lends_copy(fd) : -1;
	if (hold >= 0) {
		farewell_say(c, hold);
		process_takes_back(hold);
	} else if (open && linger_hand_over(c, fd, ASK_SPEAK_HELD)) {
		linger_await_answer(c, ANSWER_WITHIN_MS); /* no number was free; the claim stays ours */
	} else if (c->notify != NOTIFY_SENT && c->silence == MAY_SPEAK) {
		c->silence = farewell_silence(c);
		if (c->silence == MAY_SPEAK)
			c->silence = open ? NO_DESCRIPTOR : c->succeeded ? ANOTHER_SSL : SOCKET_CHANGED;
	}
}

/* A close that found somebody inside has left the hold to the linger thread, which looks every few milliseconds. */
static void let_the_linger_thread_speak(struct connection *c)
{
	if (atomic_load(&c->speaks_later))
		linger_await_answer(c, 50);
}

/* Observing, or before the first word: what would be said. Behind BIO_free the library says goodbye itself (bios.c). */
static void foresee(struct connection *c, uint32_t door)
{
	if (c->notify == NOTIFY_SENT)
		return;
	c->silence = farewell_silence(c);
	if (c->spoken && door != DOOR_BIO)
		event_notify(c, BY_TLSBYE, c->silence);
}

/* The SSL is forgotten while the claim is held: no goodbye may find it between here and the real SSL_free. */
static void speak_and_detach(struct connection *c, SSL *ssl, uint32_t door)
{
	bool claimed = claim_take_after_goodbye(&c->claim);
	c->not_ours = !process_owns(c);
	if (!claimed && c->notify != NOTIFY_SENT)
		c->silence = SOMEBODY_INSIDE;
	if (claimed) {
		handshake_look(c);
		c->unread_tls = (uint32_t)c->lib->SSL_pending(ssl);
		if (parting_is_curing() && c->spoken)
			speak_on_hold(c);
		else
			foresee(c, door);
	}
	process_lets_go(c, c->notify == NOTIFY_SENT);
	connection_detach_ssl(c);
	if (claimed)
		claim_drop(&c->claim);
}

void goodbye_part(struct connection *c, uint32_t door, struct call call)
{
	int saved = errno;
	struct quiet_thread before;
	SSL *ssl = atomic_load(&c->ssl);
	connection_stake(c);
	parting_note_door(c, door);
	sites_refresh();
	sites_note(&c->sites, SITE_SSL_FREE, call);
	goodbye_learn_late(c);
	if (parting_is_curing() && c->spoken)
		linger_start(); /* a fork child that made no SSL_* call yet has no thread */
	let_the_linger_thread_speak(c);
	parting_quieten(&before);
	speak_and_detach(c, ssl, door);
	parting_resume(&before);
	if (c->succeeded) /* no close will tell of it */
		event_end(c);
	connection_unstake(c);
	errno = saved;
}

struct libssl *goodbye_before_free(SSL *ssl, struct call call)
{
	struct connection *c = ssl ? connection_of_ssl(ssl) : NULL;
	if (!c)
		return NULL;
	struct libssl *lib = c->lib; /* the record may be another connection's soon */
	if (process_is_home() && __atomic_fetch_sub(&c->references, 1, __ATOMIC_ACQ_REL) == 1)
		goodbye_part(c, DOOR_FREE, call);
	return lib;
}

bool goodbye_before_clear(SSL *ssl, struct call call)
{
	/* OpenSSL calls SSL_clear itself when a handshake begins: then somebody is inside. */
	struct connection *c = connection_of_ssl(ssl);
	bool between = c && c->spoken && process_is_home() && !claim_is_entered(&c->claim) &&
		       !c->lib->SSL_in_init(ssl);
	if (!between)
		return false;
	uint32_t references = c->references;
	struct libssl *lib = c->lib;
	bool born_seen = c->born_seen;
	/* Observing, whatever flag is set is the program's. The record may be another connection's soon. */
	bool by_program = c->notify_by_program || c->faked || !parting_is_curing();
	goodbye_part(c, DOOR_CLEAR, call);
	connection_track_again(ssl, lib, references, born_seen);
	return !by_program && lib->SSL_get_shutdown(ssl) == SSL_SENT_SHUTDOWN;
}
