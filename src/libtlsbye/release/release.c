/* SPDX-License-Identifier: MIT */
/* See release.h. */
#include "release/release.h"

#include "connection/descriptors.h"
#include "connection/hidden_calls.h"
#include "connection/ownership.h"
#include "connection/socket.h"
#include "connection/watchers.h"
#include "events/events.h"
#include "linger/handover.h"
#include "linger/queues.h"
#include "release/port_reuse.h"
#include "sys/blocked_signals.h"
#include "sys/in_handler.h"
#include "sys/process.h"
#include "sys/settings.h"
#include "tls/close_notify.h"

void release_note_path(struct connection *c, uint32_t path)
{
	atomic_fetch_or(&c->released.close_paths, path);
}

bool release_is_worth_it(const struct connection *c)
{
	return c->seen.spoken && !c->seen.hands_off;
}

void release_disown(struct connection *c)
{
	atomic_store(&c->released.not_ours, true);
	ownership_lets_go(c, false);
}

bool release_is_ours(const struct connection *c)
{
	return ownership_owns(c);
}

static bool calls_are_hidden(const struct connection *c)
{
	return !c->seen.born || hidden_calls_any();
}

void release_look_since_fork(struct connection *c)
{
	struct blocked_signals before;
	if (!claim_is_marked(&c->claim, CLAIM_FORKED) || !calls_are_hidden(c))
		return;
	blocked_signals_begin(&before, true);
	if (claim_take(&c->claim)) {
		ownership_look(c);
		claim_drop(&c->claim);
	}
	blocked_signals_end(&before);
}

/*
 * Is another thread in a call that uses the SSL? BIO_read and BIO_write are not counted in, nor is what the program has
 * looked up by dlsym(); so there, where the process has several threads, nobody knows.
 */
enum reason release_others_inside(const struct connection *c)
{
	enum reason entered = claim_why_entered(&c->claim);
	if (entered != MAY_SPEAK)
		return entered;
	return calls_are_hidden(c) && !process_has_one_thread() ? CALLS_UNSEEN : MAY_SPEAK;
}

bool release_ssl_is_usable(struct connection *c, void *caller)
{
	/* A libssl that is linked -Bsymbolic closes from the middle of its own SSL_free: no SSL is left to use. */
	bool usable = atomic_load(&c->ssl) && !openssl_is_libcrypto(caller);
	/* An SSL_free that passes by the hooks would not wait for it, either: OpenSSL 3.2 has freed half before we hear. */
	bool hidden = usable && (!c->seen.born || release_others_inside(c) == CALLS_UNSEEN);
	if (hidden && c->released.notify != NOTIFY_SENT && c->released.reason == MAY_SPEAK)
		c->released.reason = CALLS_UNSEEN;
	return usable && !hidden;
}

/* SSL_shutdown() allocates: a handler may have interrupted malloc, or OpenSSL itself. */
bool release_speak(struct connection *c, int fd, void *caller)
{
	if (!release_ssl_is_usable(c, caller))
		return true;
	if (!in_handler_is_outside() || !claim_take_after_close_notify(&c->claim))
		return c->released.notify == NOTIFY_SENT;
	close_notify_say(c, fd);
	claim_drop(&c->claim);
	return true;
}

/* What must not outlive the close that the program sees: its port, events of its epoll sets, signals of O_ASYNC. False: events may come. */
static bool leave_the_program(int fd)
{
	port_reuse_begins(fd);
	if (!watchers_leave(fd))
		return false;
	int flags = descriptors_any_async() ? real.fcntl(fd, F_GETFL) : 0;
	if (flags > 0 && flags & O_ASYNC)
		real.fcntl(fd, F_SETFL, flags & ~O_ASYNC);
	return true;
}

void release_hand_over(struct connection *c, int fd, bool follows, uint64_t until_us)
{
	if (!c->queues.fresh)
		queues_measure(c, fd);
	c->queues.fresh = false;
	ownership_ends(c);
	bool enough = !follows && !residue_any(&c->released.residue) && queues_close_is_enough(&c->queues);
	bool stream = !c->socket.is_unix || socket_is_stream(fd); /* else there are no ends to wait for */
	if (enough)
		queues_note_end(c, fd);
	if (enough || !stream || settings->linger == LINGER_OFF) {
		if (follows)
			handover_gives_up_speech(c);
		events_end(c);
		return;
	}
	if (settings->linger == LINGER_WAIT || !watchers_can_leave(fd) || !leave_the_program(fd)) {
		handover_in_place(c, fd, follows, until_us);
		return;
	}
	handover_give(c, fd, follows, until_us);
}
