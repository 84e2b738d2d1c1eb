/* SPDX-License-Identifier: MIT */
/* See process_exit.h. */
#include "release/process_exit.h"

#include "connection/copies.h"
#include "connection/descriptors.h"
#include "connection/hub.h"
#include "connection/ownership.h"
#include "connection/records.h"
#include "connection/socket.h"
#include "events/events.h"
#include "linger/handover.h"
#include "linger/abort.h"
#include "linger/queues.h"
#include "observe/out_of_reach.h"
#include "release/release.h"
#include "release/ssl_free.h"
#include "sys/blocked_signals.h"
#include "sys/clock.h"
#include "sys/in_handler.h"
#include "sys/process.h"
#include "sys/settings.h"
#include "tls/close_notify.h"

#include <stdlib.h>

/* P2: what has to be done in place at an exit, all of it, ends after so long. */
enum { IN_PLACE_MS = 1000 };

/* --- one connection --- */

/* Has OpenSSL cleaned up already, by a handler that was not caught on its way (RTLD_DEEPBIND)? */
static bool openssl_lives(const struct libssl *lib)
{
	enum { INIT_BASE_ONLY = 0x00040000 }; /* OPENSSL_INIT_BASE_ONLY: then a refusal raises no error */
	return lib->OPENSSL_init_crypto(INIT_BASE_ONLY, NULL) == 1;
}

static void observe_end(struct connection *c, int fd, bool foresee)
{
	enum reason reason = foresee ? close_notify_foreseen(c) : ALREADY_SAID;
	if (reason != ALREADY_SAID) {
		c->released.reason = reason;
		events_notify(c, BY_TLSBYE, reason);
	}
	if (!c->socket.datagram)
		queues_measure(c, fd);
	events_end(c);
}

/* Of a socket that was handed over: now or never. Who cannot speak here leaves it to the end of the process. */
static void say_what_follows(struct connection *c, bool failed)
{
	c->released.failed_exit = failed;
	if (!openssl_lives(c->lib) || !in_handler_is_outside() || !claim_take(&c->claim))
		return;
	close_notify_say(c, -1);
	handover_speaks(c);
	claim_drop(&c->claim);
}

/* Nobody will come back to say it: in doubt it is not said. */
static void say_or_be_silent(struct connection *c, int fd)
{
	bool said = !openssl_lives(c->lib) || release_speak(c, fd, NULL);
	if (!said && c->released.reason == MAY_SPEAK)
		c->released.reason = IN_HANDLER;
}

/*
 * Where another thread is inside, the connection is left alone: its write would meet our FIN, and SIGPIPE would change
 * how the process ends.
 */
void process_exit_release(struct connection *c, bool failed, struct call call, uint64_t until_us)
{
	int fd = descriptors_any(c);
	release_look_since_fork(c);
	bool owned = release_is_ours(c);
	c->released.shared |= ownership_shares(c);
	if (!owned)
		release_disown(c);
	if (owned && atomic_load(&c->released.follows))
		say_what_follows(c, failed);
	if (!owned || fd < 0 || !release_is_worth_it(c) || !socket_is_of(c, fd))
		return;
	release_note_path(c, PATH_EXIT);
	call_sites_note(&c->sites, SITE_LEAVE, call);
	atomic_store(&c->socket.fd, fd);
	enum reason others = release_others_inside(c);
	bool copied = copies_are_away(c);
	bool inside = others != MAY_SPEAK, meant = !copied && abort_is_meant(c, fd);
	c->released.failed_exit = failed;
	if (c->released.notify != NOTIFY_SENT && (failed || inside || meant))
		c->released.reason = meant ? ABORT_MEANT : inside ? others : FAILED_EXIT;
	if (copied)
		c->released.reason = COPIED;
	if (!release_is_curing() || inside || meant || copied) {
		observe_end(c, fd, !inside && !meant && !copied);
		return;
	}
	say_or_be_silent(c, fd);
	if (c->socket.datagram)
		events_end(c);
	else
		release_hand_over(c, fd, false, until_us);
}

/* --- all of them --- */

/* The parent sees eight bits of the status: 256 is success. */
static bool is_failure(int status)
{
	return (status & 0xff) != 0;
}

struct leaving {
	bool failed;
	struct call call;
	uint64_t until_us;
};

static void leave(struct connection *c, void *arg)
{
	const struct leaving *leaving = arg;
	if (!(atomic_load(&c->released.close_paths) &
	      PATH_EXIT)) /* exit, and then _exit in one of its handlers */
		process_exit_release(c, leaving->failed, leaving->call, leaving->until_us);
}

/* A close() that a handler or another thread leaves unfinished. */
static void tell_unfinished(struct connection *c, void *arg)
{
	(void)arg;
	if (!(atomic_load(&c->released.close_paths) & (PATH_CLOSE | PATH_EXIT)) || !ownership_owns(c))
		return;
	if (c->released.peer_end == PEER_UNKNOWN && release_is_curing())
		c->released.peer_end = PEER_OUTLIVES_US;
	events_end(c);
}

/* Of those whose SSL goes with the process. */
static void tell_out_of_reach(struct connection *c, void *arg)
{
	(void)arg;
	if (atomic_load(&c->ssl) && ownership_owns(c))
		out_of_reach_note(c);
}

static void leave_all(int status, struct call call)
{
	struct blocked_signals before;
	struct leaving leaving = {
		.failed = is_failure(status), .call = call, .until_us = clock_us() + IN_PLACE_MS * 1000};
	if (settings->mode == MODE_OFF || !records_any())
		return;
	blocked_signals_begin(&before, true);
	records_each(leave, &leaving);
	records_each(tell_unfinished, NULL);
	records_each(tell_out_of_reach, NULL);
	out_of_reach_sum();
	if (release_is_curing())
		handover_await((unsigned)settings->at_exit_ms);
	hub_say(MESSAGE_BYE, NULL, 0, NULL, 0);
	blocked_signals_end(&before);
}

static void let_go(struct connection *c, void *arg)
{
	(void)arg;
	ownership_lets_go(c, false);
}

void process_exit_at_once(int status, struct call call)
{
	if (!process_is_original())
		return;
	leave_all(status, call);
	if (ownership_any_shared())
		records_each(let_go, NULL);
}

/* --- exit --- */

/* By what: nothing, for a return from main. */
static struct call exit_call;

void process_exit_is_called(struct call call)
{
	if (process_is_original())
		exit_call = call;
}

enum { CLEANUPS = 4 };
static void (*_Atomic cleanups[CLEANUPS])(void *);

bool process_exit_cleans_up_later(void (*cleanup)(void *))
{
	process_exit_watch();
	for (int i = 0; i < CLEANUPS; i++) {
		void (*nothing)(void *) = NULL;
		if (atomic_compare_exchange_strong(&cleanups[i], &nothing, cleanup))
			return true;
	}
	return false;
}

static void learn_late(struct connection *c, void *nothing)
{
	(void)nothing;
	ssl_free_learn_late(c);
}

static void at_exit(int status, void *arg)
{
	(void)arg;
	if (process_is_original()) {
		records_each(learn_late, NULL);
		leave_all(status, exit_call);
	}
	for (int i = 0; i < CLEANUPS; i++)
		if (atomic_load(&cleanups[i]))
			cleanups[i](NULL);
}

void process_exit_watch(void)
{
	static _Atomic bool watching;
	if (!atomic_exchange(&watching, true))
		on_exit(at_exit, NULL);
}

/* --- quick_exit --- */

static _Atomic int quick_status;
static struct call quick_call;

void process_exit_quickly(int status, struct call call)
{
	if (!process_is_original())
		return;
	quick_call = call;
	atomic_store(&quick_status, status);
}

static void at_quick_exit_of_ours(void)
{
	process_exit_at_once(atomic_load(&quick_status), quick_call);
}

void process_exit_watch_quick(void)
{
	static _Atomic bool watching;
	if (!atomic_exchange(&watching, true))
		at_quick_exit(at_quick_exit_of_ours);
}
