/* SPDX-License-Identifier: MIT */
/* See fd_shutdown.h. */
#include "release/fd_shutdown.h"

#include "connection/copies.h"
#include "connection/descriptors.h"
#include "connection/ownership.h"
#include "connection/records.h"
#include "connection/socket.h"
#include "events/events.h"
#include "linger/handover.h"
#include "linger/abort.h"
#include "linger/queues.h"
#include "release/release.h"
#include "release/shutdown_both.h"
#include "sys/blocked_signals.h"
#include "sys/process.h"
#include "sys/settings.h"

#include <errno.h>

bool fd_shutdown_closes_next(int fd, int how, void *caller)
{
	if (how != SHUT_RDWR || !openssl_is_libcrypto(caller) || !process_is_original())
		return false;
	int saved = errno;
	struct connection *c = descriptors_ref_connection(fd);
	bool left_out = c && release_is_curing() && settings->linger != LINGER_OFF &&
			release_is_worth_it(c) && release_is_ours(c) &&
			atomic_load(&c->socket.descriptors) == 1 && !copies_are_away(c) &&
			socket_is_of(c, fd) && !abort_is_meant(c, fd);
	if (c)
		records_unref(c);
	errno = saved;
	return left_out;
}

/* The program ends its side, whoever says the last words. */
static void note_shutdown(struct connection *c, int fd, int how, bool first)
{
	if (c->socket.datagram)
		return;
	if (how == SHUT_RDWR)
		c->released.shut_both |= queues_peer_is_open(c, fd);
	if (first)
		events_half_close(c, BY_PROGRAM);
}

/* A FIN must not overtake what is still to be sent. True where it is ours to send. */
static bool fin_is_ours(struct connection *c, int fd, bool one_side)
{
	bool ours = one_side && !c->socket.datagram && residue_any(&c->released.residue);
	if (ours)
		handover_give_fin(c, fd);
	return ours;
}

static bool emulates(struct connection *c, int fd, int how)
{
	bool emulated = how == SHUT_RDWR && !c->released.read_shut && !c->socket.datagram &&
			shutdown_both_emulate(c, fd);
	if (how != SHUT_WR && !emulated) {
		c->released.read_shut = true;
		shutdown_both_forget(c);
	}
	return emulated;
}

static int before_shutdown(struct connection *c, int fd, int how, struct call call)
{
	call_sites_note(&c->sites, SITE_SHUTDOWN, call);
	bool ends = how != SHUT_RD && release_is_worth_it(c) && release_is_ours(c) && socket_is_of(c, fd);
	bool wanted = ends && release_is_curing();
	bool first = !(atomic_load(&c->released.close_paths) & PATH_SHUTDOWN), later = false;
	if (ends)
		release_note_path(c, PATH_SHUTDOWN);
	bool emulated = wanted ? emulates(c, fd, how) : false;
	if (!wanted && how != SHUT_WR) {
		c->released.read_shut = true;
		shutdown_both_forget(c);
	}
	if (wanted) {
		release_speak(c, fd, NULL);
		later = fin_is_ours(c, fd, how == SHUT_WR || emulated);
	}
	if (ends)
		note_shutdown(c, fd, how, first);
	return later ? NOTHING_LEFT : emulated ? SHUT_WR : how;
}

static void note_plain(struct connection *c, struct call call)
{
	bool first = !(atomic_load(&c->released.close_paths) & PATH_SHUTDOWN);
	call_sites_note(&c->sites, SITE_SHUTDOWN, call);
	release_note_path(c, PATH_SHUTDOWN);
	if (first && !c->socket.datagram)
		events_half_close(c, BY_PROGRAM);
}

/* The FIN after close_notify, by the program itself: there is nothing to do but to note it. */
static bool is_plain(const struct connection *c, int how)
{
	return how == SHUT_WR && release_is_curing() && release_is_worth_it(c) &&
	       c->released.notify == NOTIFY_SENT && c->released.notify_by_program &&
	       !residue_any(&c->released.residue) && release_is_ours(c);
}

int fd_shutdown_before(int fd, int how, struct call call)
{
	struct connection *c = process_is_original() ? descriptors_ref_connection(fd) : NULL;
	if (!c)
		return how;
	int saved = errno, left = how;
	struct blocked_signals before;
	bool plain = is_plain(c, how);
	blocked_signals_begin(&before, !plain);
	if (plain)
		note_plain(c, call);
	else
		left = before_shutdown(c, fd, how, call);
	records_unref(c);
	blocked_signals_end(&before);
	errno = saved;
	return left;
}

int fd_shutdown_failed(int fd, int saved)
{
	int error = errno;
	bool may_be_ours = error == ENOTCONN && release_is_curing() && process_is_original();
	struct connection *c = may_be_ours ? descriptors_ref_connection(fd) : NULL;
	if (!c)
		return -1;
	bool first = !(atomic_load(&c->released.close_paths) & PATH_SHUTDOWN);
	bool excused = first && ownership_was_ended(c) && socket_is_of(c, fd);
	if (excused)
		release_note_path(c, PATH_SHUTDOWN);
	records_unref(c);
	errno = excused ? saved : error;
	return excused ? 0 : -1;
}
