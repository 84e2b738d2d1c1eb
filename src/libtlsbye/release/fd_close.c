/* SPDX-License-Identifier: MIT */
/*
 * See fd_close.h. Who speaks, who drains, and in what order.
 */
#include "release/fd_close.h"

#include "connection/copies.h"
#include "connection/descriptors.h"
#include "connection/epoll_sets.h"
#include "connection/lent.h"
#include "connection/watchers.h"
#include "connection/ownership.h"
#include "connection/records.h"
#include "connection/socket.h"
#include "connection/which_socket.h"
#include "events/events.h"
#include "linger/abort.h"
#include "linger/queues.h"
#include "release/release.h"
#include "release/shutdown_both.h"
#include "sys/blocked_signals.h"
#include "sys/clock.h"
#include "sys/process.h"
#include "sys/settings.h"
#include "tls/close_notify.h"

#include <errno.h>
#include <pthread.h>

/* P2: what has to be done in place, all of it, ends after so long. */
enum { IN_PLACE_MS = 50 };

static uint64_t in_place_until(void)
{
	uint64_t patience_ms = settings->linger == LINGER_WAIT ? settings->linger_total_ms : IN_PLACE_MS;
	return clock_us() + patience_ms * 1000;
}

/* DTLS: there is nothing to half-close, and nothing to drain. */
static void end_datagram(struct connection *c, int fd, void *caller)
{
	bool spoken = release_speak(c, fd, caller);
	if (c->released.notify != NOTIFY_SENT && c->released.reason == MAY_SPEAK)
		c->released.reason = !spoken ? IN_HANDLER : SSL_GONE;
	events_end(c);
}

/* What would be said if somebody spoke here. */
static void foresee(struct connection *c, void *caller)
{
	enum reason reason = close_notify_foreseen(c);
	bool nobody = reason == MAY_SPEAK && atomic_load(&c->ssl) && !release_ssl_is_usable(c, caller);
	if (reason == ALREADY_SAID)
		return;
	c->released.reason = nobody ? CALLS_UNSEEN : reason;
	events_notify(c, BY_TLSBYE, c->released.reason);
}

/*
 * What the kernel still sends between our look at its queues and the close would be called lost: so where the caller can,
 * close() comes first, and the telling after it. `late`: whose end is told so, referenced; NULL where it must be told now.
 */
static void observe_end(struct connection *c, int fd, struct connection **late)
{
	if (!c->socket.datagram) /* FIONREAD there is the length of the next datagram */
		queues_measure(c, fd);
	if (!late || *late) {
		events_end(c);
		return;
	}
	records_ref(c);
	*late = c;
}

/* Why this end is passed through as it is; MAY_SPEAK where it is not. */
static enum reason passed_through(struct connection *c, int fd)
{
	if (!socket_is_of(c, fd))
		return SOCKET_CHANGED;
	/* First of the two: who has sent it away may go on with it, and lets nobody else speak before that (P7). */
	if (copies_are_away(c))
		return COPIED;
	if (!release_is_ours(c))
		return NOT_OWNER;
	return abort_is_meant(c, fd) ? ABORT_MEANT : MAY_SPEAK;
}

/* A close of the last descriptor. */
struct last_close {
	int fd;
	struct call call;
	struct connection **late;       /* observe_end() */
	const struct connection *asked; /* whose end is not to be passed through: that was asked already */
};

static void end_connection(struct connection *c, const struct last_close *last)
{
	int fd = last->fd;
	call_sites_note(&c->sites, SITE_CLOSE, last->call);
	release_look_since_fork(c);
	enum reason reason = c == last->asked ? MAY_SPEAK : passed_through(c, fd);
	if (reason != MAY_SPEAK)
		c->released.reason = reason;
	c->released.shared |= ownership_shares(c);
	if (reason == NOT_OWNER)
		release_disown(c);
	if (reason == COPIED && atomic_load(&c->ssl)) {
		queues_measure(c, fd);
		c->released.parked = true; /* told when the SSL goes, or the process */
		return;
	}
	if (!release_is_curing() || reason != MAY_SPEAK) {
		if (reason != SOCKET_CHANGED && events_end_may_be_told())
			which_socket_addresses(c, fd);
		foresee(c, last->call.from);
		observe_end(c, fd, last->late);
	} else if (c->socket.datagram) {
		end_datagram(c, fd, last->call.from);
	} else {
		bool spoken = release_speak(c, fd, last->call.from);
		release_hand_over(c, fd, !spoken, in_place_until());
	}
}

struct sharers {
	const struct connection *known; /* by the descriptor; it is released already */
	struct last_close last;
};

/* One datagram socket, many SSLs: each that still has something to end says close_notify to its own peer. */
static void end_sharer(struct connection *c, void *arg)
{
	const struct sharers *sharers = arg;
	if (c == sharers->known || !c->socket.datagram || !c->released.superseded || !records_ref_if_used(c))
		return;
	if (atomic_load(&c->ssl) && c->socket.cookie == sharers->known->socket.cookie &&
	    release_is_worth_it(c)) {
		release_note_path(c, PATH_CLOSE);
		end_connection(c, &sharers->last);
		atomic_store(&c->socket.fd, -1);
	}
	records_unref(c);
}

static void last_descriptor_closes(struct connection *c, const struct last_close *last)
{
	atomic_store(&c->socket.fd,
		     last->fd); /* the number by which OpenSSL knew it may be another's by now */
	if (release_is_worth_it(c)) {
		release_note_path(c, PATH_CLOSE);
		end_connection(c, last);
	}
	shutdown_both_forget(c);
	struct sharers sharers = {.known = c, .last = {.fd = last->fd, .call = last->call}};
	if (c->socket.datagram)
		records_each(end_sharer, &sharers);
	atomic_store(&c->socket.fd, -1);
}

/* Where the program has not read to its end: what is known is as much as the event has to tell. */
static bool peer_has_ended(struct connection *c, int fd)
{
	queues_measure(c, fd);
	if (!queues_close_is_enough(&c->queues))
		return false;
	queues_note_end(c, fd);
	return true;
}

/*
 * Said, and read to the peer's end: nothing is left to do but to tell. So no signal need be blocked, and where a handler
 * jumps out of here nothing is marked.
 */
static bool is_done(struct connection *c, int fd, const struct connection **asked)
{
	bool may_be = release_is_curing() && settings->linger == LINGER_BACKGROUND && !c->socket.datagram &&
		      release_is_worth_it(c) && c->released.notify == NOTIFY_SENT &&
		      !residue_any(&c->released.residue) && !atomic_load(&c->released.read_emulated) &&
		      atomic_load(&c->socket.descriptors) == 1 && !claim_is_entered(&c->claim) &&
		      passed_through(c, fd) == MAY_SPEAK;
	c->queues.fresh = false;
	*asked = may_be ? c : NULL;
	return may_be && (c->released.notify_by_program ? queues_is_at_end(c, fd) : peer_has_ended(c, fd));
}

static bool close_when_done(int fd, struct call call, const struct connection **asked)
{
	struct connection *c = descriptors_ref_connection(fd);
	bool done = c && is_done(c, fd, asked) && descriptors_drop(c, fd);
	if (done) {
		watchers_forget(fd);
		atomic_store(&c->socket.fd, fd);
		release_note_path(c, PATH_CLOSE);
		call_sites_note(&c->sites, SITE_CLOSE, call);
		if (c->released.notify_by_program && events_steps_may_be_told())
			queues_measure(c, fd); /* its event has the figures */
		c->queues.fresh = false;
		events_end(c);
		atomic_store(&c->socket.fd, -1);
		records_unref(c); /* the descriptor's */
	}
	if (c)
		records_unref(c);
	return done;
}

static bool before_close(int fd, struct call call, struct connection **late)
{
	if (!process_is_original())
		return true;
	int saved = errno;
	struct blocked_signals before;
	bool alone;
	struct last_close last = {.fd = fd, .call = call, .late = late};
	lent_await(fd);
	if (close_when_done(fd, call, &last.asked)) {
		errno = saved;
		return true;
	}
	blocked_signals_begin(&before, true); /* nor are our calls cancellation points of close() */
	struct connection *c = descriptors_take(fd, &alone);
	if (c) {
		claim_await(&c->claim);
		if (!atomic_load(&c->socket.descriptors))
			last_descriptor_closes(c, &last);
		watchers_forget(fd);
		descriptors_taken(fd);
		records_unref(c);
	}
	blocked_signals_end(&before);
	errno = saved;
	return alone;
}

bool fd_close_before(int fd, struct call call)
{
	return before_close(fd, call, NULL);
}

static void tell(void *c)
{
	int saved = errno;
	events_end(c);
	records_unref(c);
	errno = saved;
}

/* A thread that is cancelled in close() tells as well; who is inside when the process ends, by process_exit.c. */
static int close_and_tell(int fd, struct connection *c)
{
	int result;
	pthread_cleanup_push(tell, c);
	result = real.close(fd);
	pthread_cleanup_pop(1);
	return result;
}

int fd_close(int fd, struct call call)
{
	struct connection *late = NULL;
	bool alone = before_close(fd, call, &late);
	if (late)
		return close_and_tell(fd, late);
	if (alone)
		return real.close(fd);
	errno = EBADF; /* what the slower of two closers gets */
	return -1;
}

void fd_close_before_range(unsigned first, unsigned last, struct call call)
{
	if (!process_is_original())
		return;
	for (int fd; first <= last && (fd = descriptors_next_known(first, last)) >= 0;
	     first = (unsigned)fd + 1)
		fd_close_before(fd, call);
}

void fd_close_before_dup_over(int from, int to, struct call call)
{
	if (real.fcntl(from, F_GETFD) >= 0)
		fd_close_before(to, call);
}

/* A close that no hook saw may have left the number to another socket, whose first copy this is. */
static bool is_copy_of(const struct connection *c, int from)
{
	int saved = errno;
	bool is = socket_is_of(c, from);
	errno = saved;
	return is;
}

static void note_duplicate(int from, int to)
{
	struct connection *c = descriptors_ref_connection(from);
	if (c && is_copy_of(c, from))
		descriptors_add(c, to);
	else if (epoll_sets_knows(from))
		epoll_sets_seen(to);
	else
		descriptors_duplicated(from, to);
	if (c)
		records_unref(c);
}

int fd_close_duplicated(int from, int to)
{
	if (to >= 0 && to != from && process_is_original())
		note_duplicate(from, to);
	return to;
}

int fd_close_after_fcntl(int fd, int command, const void *argument, int result)
{
	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
		return fd_close_duplicated(fd, result);
	if (command == F_SETFL && (uintptr_t)argument & O_ASYNC)
		descriptors_note_async();
	return result;
}
