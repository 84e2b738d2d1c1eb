/* SPDX-License-Identifier: MIT */
/*
 * The doors of the descriptor (letting_go.h), and of the process, one connection at a time: who speaks, who drains, and
 * in what order.
 */
#include "release/fd_close.h"

#include "connection/descriptors.h"
#include "linger/drain.h"
#include "events/events.h"
#include "tls/close_notify.h"
#include "linger/linger.h"
#include "release/release.h"
#include "connection/process.h"
#include "release/shutdown_both.h"
#include "sys/settings.h"

#include <errno.h>
#include <pthread.h>

/* How long a drain in place waits for a peer where it should have been in the background. */
enum { IMPATIENT_MS = 50 };

/* How long close() of a datagram socket waits until the linger thread has let go of it. */
enum { DATAGRAM_WITHIN_MS = 100 };

/* --- close --- */

/* TLSBYE_LINGER=wait: the thread speaks, because close() must not call OpenSSL; the drain is in close() itself. */
static void say_and_wait(struct connection *c, int fd, unsigned asked)
{
	if (asked & ASK_SPEAK && release_give(c, fd, asked))
		linger_await_answer(c, ANSWER_WITHIN_MS);
}

/* Where the thread cannot have it: a short drain where that is for the moment only, the whole where it is for good. */
static void drain_here(struct connection *c, int fd, bool patient)
{
	if (settings->linger != LINGER_WAIT && c->released.reason == MAY_SPEAK && c->released.notify != NOTIFY_SENT)
		c->released.reason = NO_THREAD;
	if (settings->linger == LINGER_OFF)
		drain_measure(c, fd);
	else
		linger_in_place(c, fd, patient ? (unsigned)settings->linger_idle_ms : IMPATIENT_MS);
	events_end(c);
}

/* DTLS: there is nothing to half-close, and nothing to drain. When close() returns, the port is free. */
static void end_datagram(struct connection *c, int fd, unsigned asked)
{
	if (asked && release_hand_over(c, fd, asked)) {
		if (!atomic_load(&c->speaks_later))
			linger_await_answer(c, DATAGRAM_WITHIN_MS);
		return;
	}
	if (c->released.notify != NOTIFY_SENT && c->released.reason == MAY_SPEAK)
		c->released.reason = atomic_load(&c->ssl) ? NO_THREAD : SSL_GONE;
	events_end(c);
}

/* What would be said if somebody spoke here; where the SSL cannot be used by us, nothing. */
static void foresee(struct connection *c, unsigned asked)
{
	enum reason reason = close_notify_foreseen(c);
	bool nobody = reason == MAY_SPEAK && atomic_load(&c->ssl) && !(asked & ASK_SPEAK);
	if (reason != ALREADY_SAID)
		c->released.reason = nobody ? NO_THREAD : reason;
	if (reason != ALREADY_SAID)
		events_notify(c, BY_TLSBYE, c->released.reason);
}

/*
 * What the kernel still sends between our look at its queues and the close would be called lost: so where the caller can,
 * close() comes first, and the telling behind it. `late`: whose end is told so, staked; NULL where it must be told now.
 */
static void observe_end(struct connection *c, int fd, struct connection **late)
{
	if (!c->socket.datagram) /* FIONREAD there is the length of the next datagram */
		drain_measure(c, fd);
	if (!late || *late) {
		events_end(c);
		return;
	}
	records_ref(c);
	*late = c;
}

/* Why this end is passed through as it is; MAY_SPEAK where it is not. */
static enum reason passed_through(const struct connection *c, int fd)
{
	if (!socket_is_of(c, fd))
		return SOCKET_CHANGED;
	if (!release_is_ours(c))
		return NOT_OWNER;
	return drain_abort_meant(fd) ? ABORT_MEANT : MAY_SPEAK;
}

static void end_connection(struct connection *c, int fd, struct call call, struct connection **late)
{
	call_sites_note(&c->sites, SITE_CLOSE, call);
	unsigned asked = release_speech(c, call.from);
	enum reason reason = passed_through(c, fd);
	if (reason != MAY_SPEAK)
		c->released.reason = reason;
	c->released.shared |= ownership_shares(c);
	if (reason == NOT_OWNER)
		release_disown(c);

	if (!release_is_curing() || reason != MAY_SPEAK) {
		foresee(c, asked);
		observe_end(c, fd, late);
	} else if (c->socket.datagram) {
		end_datagram(c, fd, asked);
	} else if (settings->linger == LINGER_WAIT) {
		say_and_wait(c, fd, asked);
		drain_here(c, fd, true);
	} else if (!epoll_sets_all_known() || !release_hand_over(c, fd, asked)) {
		drain_here(c, fd, linger_refused());
	}
}

struct last_close {
	const struct connection *known; /* by the descriptor; its own goodbye is said */
	int fd;
	struct call call;
};

/* One datagram socket, many SSLs: each that still has something to end says goodbye to its own peer. */
static void end_sharer(struct connection *c, void *arg)
{
	const struct last_close *last = arg;
	if (c == last->known || !c->socket.datagram || !c->released.superseded || !records_ref_if_used(c))
		return;
	if (atomic_load(&c->ssl) && c->socket.cookie == last->known->socket.cookie && release_is_worth_it(c)) {
		release_note_path(c, PATH_CLOSE);
		end_connection(c, last->fd, last->call, NULL);
		atomic_store(&c->socket.fd, -1);
	}
	records_unref(c);
}

static void last_descriptor_closes(struct connection *c, int fd, struct call call, struct connection **late)
{
	if (release_is_worth_it(c)) {
		release_note_path(c, PATH_CLOSE);
		end_connection(c, fd, call, late);
	}
	shutdown_both_forget(c);
	struct last_close last = {.known = c, .fd = fd, .call = call};
	if (c->socket.datagram)
		records_each(end_sharer, &last);
	atomic_store(&c->socket.fd, -1);
}

static bool before_close(int fd, struct call call, struct connection **late)
{
	if (!process_is_original())
		return true;
	int saved = errno, cancel_state;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE,
			       &cancel_state); /* our calls are no cancellation points of close() */
	bool alone;
	struct connection *c = descriptors_take(fd, &alone);
	if (c) {
		if (!atomic_load(&c->socket.descriptors))
			last_descriptor_closes(c, fd, call, late);
		descriptors_taken(fd);
		records_unref(c);
	}
	pthread_setcancelstate(cancel_state, NULL);
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

/* A thread that is cancelled in close() tells as well; who is inside when the process ends, by leaving.c. */
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

void fd_close_after_dup(int from, int to)
{
	if (!process_is_original())
		return;
	struct connection *c = descriptors_ref_connection(from);
	if (c) {
		descriptors_add(c, to);
		records_unref(c);
	} else if (epoll_sets_knows(from)) {
		epoll_sets_seen(to);
	} else {
		descriptors_duplicated(from, to);
	}
}

/* --- shutdown --- */

/* With `fin`, ASK_FIN_BEHIND: true where the FIN is ours to send, later. */
static bool speak_before_shutdown(struct connection *c, int fd, unsigned fin)
{
	c->fin_later = false;
	unsigned asked = release_speech(c, NULL) | (residue_any(c) ? fin : 0);
	if (asked && release_give(c, fd, asked | fin))
		linger_await_answer(c, ANSWER_WITHIN_MS);
	return c->fin_later;
}

bool fd_shutdown_closes_next(int fd, int how, void *caller)
{
	if (how != SHUT_RDWR || !real_is_libcrypto(caller) || !process_is_original())
		return false;
	int saved = errno;
	struct connection *c = descriptors_ref_connection(fd);
	bool left_out = c && release_is_curing() && settings->linger != LINGER_OFF &&
			release_is_worth_it(c) && release_is_ours(c) && atomic_load(&c->socket.descriptors) == 1 &&
			socket_is_of(c, fd) && !drain_abort_meant(fd);
	if (c)
		records_unref(c);
	errno = saved;
	return left_out;
}

/* The program ends its side, whoever says the last words. */
static void note_shutdown(struct connection *c, int fd, int how, bool first)
{
	if (how == SHUT_RDWR && !c->socket.datagram)
		c->released.shut_both |= drain_peer_is_open(c, fd);
	if (first && !c->socket.datagram)
		events_half_close(c, BY_PROGRAM);
}

static int before_shutdown(struct connection *c, int fd, int how, struct call call)
{
	call_sites_note(&c->sites, SITE_SHUTDOWN, call);
	bool ends = how != SHUT_RD && release_is_worth_it(c) && release_is_ours(c) && socket_is_of(c, fd);
	bool wanted = ends && release_is_curing(), first = !(atomic_load(&c->released.close_paths) & PATH_SHUTDOWN);
	if (ends)
		release_note_path(c, PATH_SHUTDOWN);
	bool play =
		wanted && how == SHUT_RDWR && !c->released.read_shut && !c->socket.datagram && shutdown_both_emulate(c, fd);
	if (how != SHUT_WR && !play) {
		c->released.read_shut = true;
		shutdown_both_forget(c);
	}
	/* Behind a real SHUT_RDWR nobody may have to wait for what is still to be sent. */
	bool one_side = how == SHUT_WR || play;
	bool later = wanted && speak_before_shutdown(c, fd, one_side && !c->socket.datagram ? ASK_FIN_BEHIND : 0);
	if (ends)
		note_shutdown(c, fd, how, first);
	return later ? NOTHING_LEFT : play ? SHUT_WR : how;
}

int fd_shutdown_before(int fd, int how, struct call call)
{
	struct connection *c = process_is_original() ? descriptors_ref_connection(fd) : NULL;
	if (!c)
		return how;
	int saved = errno, cancel_state;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	int left = before_shutdown(c, fd, how, call);
	records_unref(c);
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved;
	return left;
}

/* --- the process leaves (leaving.c) --- */

/* Has OpenSSL cleaned up already, by a handler that was not caught on its way (RTLD_DEEPBIND)? */
static bool openssl_lives(const struct libssl *lib)
{
	enum { INIT_BASE_ONLY = 0x00040000 }; /* OPENSSL_INIT_BASE_ONLY: then a refusal raises no error */
	return lib->OPENSSL_init_crypto(INIT_BASE_ONLY, NULL) == 1;
}

/*
 * Where another thread is inside, the connection is left alone: its write would meet our FIN, and SIGPIPE would change
 * how the process ends.
 */
void process_exit_release(struct connection *c, bool failed, struct call call)
{
	int fd = descriptors_any(c);
	bool owned = release_is_ours(c);
	c->released.shared |= ownership_shares(c);
	if (!owned)
		release_disown(c);
	if (!owned || fd < 0 || !release_is_worth_it(c) || !socket_is_of(c, fd))
		return;
	release_note_path(c, PATH_EXIT);
	call_sites_note(&c->sites, SITE_LEAVE, call);
	enum reason others = release_others_inside(c);
	bool inside = others != MAY_SPEAK, meant = drain_abort_meant(fd);
	c->released.failed_exit = failed;
	if (c->released.notify != NOTIFY_SENT && (failed || inside || meant))
		c->released.reason = meant ? ABORT_MEANT : inside ? others : FAILED_EXIT;
	if (!release_is_curing() && !inside && !meant)
		foresee(c, release_speech(c, NULL));
	if (!release_is_curing() || inside || meant ||
	    !release_hand_over(c, fd, openssl_lives(c->lib) ? release_speech(c, NULL) : 0))
		observe_end(c, fd, NULL);
}
